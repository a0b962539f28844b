"""Which way the episodes of an environment are played, and why."""

from typing import Any, Literal, NamedTuple

from gymnasium import Env

from neatgrow import _checks
from neatgrow.problems.gymnasium.environments import Maker
from neatgrow.problems.gymnasium.envpools import PoolArena, unfit
from neatgrow.problems.gymnasium.lockstep import Lockstep, VectorArena
from neatgrow.problems.gymnasium.rollouts import Pace, Runner
from neatgrow.problems.gymnasium.singles import Singles
from neatgrow.problems.gymnasium.spaces import Observations

Backend = Literal["auto", "gymnasium", "vector", "envpool", "single", "processes"]
BACKENDS = ("auto", "gymnasium", "vector", "envpool", "single", "processes")


class Choice(NamedTuple):
    """A way to play episodes in this process.

    Attributes:
        name: ``"vector"``, ``"envpool"`` or ``"single"``.
        reason: Why, for people.
        runner: What plays them.
    """

    name: str
    reason: str
    runner: Runner


def choose(
    asked: str,
    maker: Maker,
    first: Env[Any, Any],
    observations: Observations,
    pace: Pace,
    slots: int,
) -> Choice:
    """The backend asked for; of ``"auto"``, the first of vector, EnvPool and single that fits;
    of ``"gymnasium"``, of vector and single.

    The choice depends on the environment and on what is installed, never on timings: where
    physics differ in their last bits, so would the run.

    Args:
        asked: One of ``BACKENDS``; worker processes play on single environments.
        maker: Makes environments.
        first: One of them; kept or closed.
        observations: Their observations.
        pace: Their steps.
        slots: Single environments that run at a time.

    Raises:
        ValueError: The environment cannot be played so; says why.
    """
    lacks = []
    if asked in ("auto", "gymnasium", "vector"):
        single = maker.single_vector() if observations.direct else None
        if single is not None:
            first.close()
            runner = Lockstep(VectorArena(maker, single), pace)
            return Choice("vector", "it has a vector entry point of its own", runner)
        lacks.append("it has no vector entry point whose state can be set")
    if asked in ("auto", "envpool"):
        why = unfit(maker, first)
        if not why:
            first.close()
            assert maker.id is not None
            runner = Lockstep(PoolArena(maker.id, pace.max_steps), pace)
            return Choice("envpool", "EnvPool is installed and has it", runner)
        lacks.append(why)
    if asked in ("vector", "envpool"):
        remedy = 'Leave backend out, or pass "single".'
        if "not installed" in lacks[0]:
            remedy = 'Run pip install "neatgrow[envpool]", or leave backend out.'
        raise ValueError(
            _checks.message(
                "backend", f"one that can play {maker.what}", f"{asked!r}: {lacks[0]}", remedy
            )
        )
    reason = "; ".join(lacks) or "as asked for"
    return Choice("single", reason, Singles(maker, first, observations, pace, slots))
