"""Settings of proximal policy optimisation."""

from dataclasses import dataclass, fields
from typing import Any

from neatgrow import _checks
from neatgrow.learning.optimizers import Adam, Optimizer

_COUNTS = ("episodes", "n_epochs", "batch_size", "window", "validation_episodes",
           "validation_every")  # fmt: skip
_ABOVE_0, _SHARE = {"above": 0.0}, {"least": 0.0, "most": 1.0}
_NUMBERS: dict[str, dict[str, float]] = {
    "clip_range": _ABOVE_0, "gamma": _SHARE, "gae_lambda": _SHARE, "ent_coef": {"least": 0.0},
    "exploration": _ABOVE_0, "divergence": _ABOVE_0,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PPO:
    """How a policy learns in :func:`neatgrow.fine_tune_policy`.

    What Stable-Baselines3 has as well bears its name.

    Attributes:
        episodes: To practise in each iteration.
        n_epochs: Over what each iteration brought.
        batch_size: Decisions per step; with loops, as many whole episodes as have about so many.
        optimizer: Its schedule counts iterations.
        clip_range: ε, relative change of an action's probability beyond which nothing is gained.
        gamma: γ, discount of rewards per decision.
        gae_lambda: λ of generalised advantage estimation.
        ent_coef: Weight of the policy's entropy in the objective.
        exploration: At the start. Of a Box, the standard deviation around each output, of which
            the range is [−1, 1], 0.3 by default; else the share of the greatest entropy that
            there can be, 0.5 by default.
        divergence: From the policy that played, in nats, beyond which an iteration's epochs
            end; ``None`` for no limit. Stable-Baselines3's ``target_kl`` is two thirds of it.
        window: Observations over which gradients reach back; all by default.
        critic: Nodes of its hidden layers.
        critic_optimizer: Its schedule counts iterations too.
        validation_episodes: On which the policy is looked at while it learns.
        validation_every: Iterations between two looks.

    Raises:
        ValueError, TypeError: A setting is not what it should be.
    """

    episodes: int = 16
    n_epochs: int = 10
    batch_size: int = 256
    optimizer: Optimizer = Adam(0.002)
    clip_range: float = 0.2
    gamma: float = 0.99
    gae_lambda: float = 0.95
    ent_coef: float = 0.003
    exploration: float | None = None
    divergence: float | None = 0.03
    window: int | None = None
    critic: tuple[int, ...] = (64, 64)
    critic_optimizer: Optimizer = Adam(0.001)
    validation_episodes: int = 20
    validation_every: int = 5

    def __post_init__(self) -> None:
        given: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        optional = {name for name in ("window", "exploration", "divergence") if given[name] is None}
        for name in _COUNTS:
            if name not in optional:
                given[name] = _checks.integer(f"PPO.{name}", given[name], 1)
        for name, bounds in _NUMBERS.items():
            if name not in optional:
                given[name] = _checks.number(f"PPO.{name}", given[name], **bounds, finite=True)
        if not isinstance(self.critic, (tuple, list)):
            rule = "nodes of each layer such as (64, 64)"
            raise TypeError(_checks.message("PPO.critic", rule, _checks.shown(self.critic)))
        given["critic"] = tuple(_checks.integer("PPO.critic", size, 1) for size in self.critic)
        for name in ("optimizer", "critic_optimizer"):
            if not isinstance(given[name], Optimizer):
                rule = "one such as Adam(0.002)"
                raise TypeError(_checks.message(f"PPO.{name}", rule, _checks.shown(given[name])))
        vars(self).update(given)
