"""What a policy met while it was practised, and how much better each action was than expected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from neatgrow._types import Array
from neatgrow.learning.policy.distributions import Distribution
from neatgrow.networks.networks import Networks

Act = Callable[[Array, Array, Array], Array]
"""Outputs (A, O + K) of the episodes (A,) at their ticks (A,) → what to do (A, O), as outputs."""


@dataclass(frozen=True, eq=False)
class Experience:
    """Decisions of E episodes, one after the other; episodes that failed are left out.

    Attributes:
        x: (S, I) float64, what the network saw before each decision.
        actions: (S, O) float64, as :meth:`Distribution.sample` gives them.
        rewards: (S,) float64, what came of each.
        start: (E + 1,) int64 offsets of episodes.
        terminated: (E,) bool; episodes that did not terminate were cut off by a limit of steps.
        steps: Of the environment, failed episodes included.
        failures: Why episodes failed.
    """

    x: Array
    actions: Array
    rewards: Array
    start: Array
    terminated: Array
    steps: int
    failures: list[str] = field(default_factory=list)

    @property
    def returns(self) -> Array:
        """(E,) sums of rewards."""
        whole = np.concatenate([np.zeros(1), np.cumsum(self.rewards)])
        return np.asarray(np.diff(whole[self.start]))

    @property
    def counts(self) -> Array:
        """(S,) bool: all but the last decision of an episode that was cut off. What followed it
        was never seen."""
        counts = np.ones(self.rewards.size, np.bool_)
        counts[self.start[1:][~self.terminated] - 1] = False
        return counts


@runtime_checkable
class Practice(Protocol):
    """A problem that policies can be learned in by trying.

    Attributes:
        inputs: I.
        outputs: O.
    """

    inputs: int
    outputs: int

    def evaluate(self, networks: Networks, *, seed: int, episodes: int | None = None) -> Any:
        """As of :class:`neatgrow.Problem`."""
        ...

    def statistics(self) -> dict[str, Array] | None:
        """As of :class:`neatgrow.Problem`."""
        ...

    def distribution(self) -> Distribution:
        """How actions are drawn."""
        ...

    def practise(self, networks: Networks, act: Act, *, seed: int, episodes: int) -> Experience:
        """Play episodes, the same as :meth:`evaluate` of that seed starts, with one network of
        O + K outputs and what ``act`` makes of them."""
        ...


def advantages(
    experience: Experience, values: Array, discount: float, trace: float
) -> tuple[Array, Array]:
    """Generalised advantage estimates Â and the returns Â + V that the critic learns.

    δ_t = r_t + γ V(x_{t+1}) − V(x_t) and Â_t = δ_t + γλ Â_{t+1}. After the last decision of an
    episode that terminated V is 0. What followed the last decision of one that was cut off was
    not seen: it does not count, and the one before leads to V of the last observation seen.
    Source: Schulman et al. (2016), equation 16.

    Args:
        experience: S decisions.
        values: (S,) float64, V of what was seen before each.
        discount: γ.
        trace: λ.

    Returns:
        (S,) float64 each; 0 and V where ``experience.counts`` is False.
    """
    lengths = np.diff(experience.start)
    episode = np.repeat(np.arange(lengths.size), lengths)
    tick = np.arange(values.size) - experience.start[episode]
    following = np.append(values[1:], 0.0)
    following[experience.start[1:] - 1] = 0.0
    delta = (experience.rewards + discount * following - values) * experience.counts
    table = np.zeros((int(lengths.max(initial=0)) + 1, lengths.size))  # (T + 1, E), then 0
    table[tick, episode] = delta
    for t in range(len(table) - 2, -1, -1):
        table[t] += discount * trace * table[t + 1]
    found: Array = table[tick, episode]
    return found, found + values
