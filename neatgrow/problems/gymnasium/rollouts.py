"""Episodes of many networks at once: who plays, how steps count, and what came of it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import cause_of
from neatgrow.networks.lanes import Lanes
from neatgrow.problems.gymnasium.moments import Tally
from neatgrow.problems.gymnasium.spaces import Actions, Noise


class Controllers:
    """The networks of a rollout, a lane per episode.

    Attributes:
        actions: How outputs become actions.
        tally: What gathers the observations of each episode, or ``None``.
        noise: What makes actions a sample, added to outputs, or ``None``.
        interface: Inputs and outputs of the networks.
    """

    tally: Tally | None = None
    noise: Noise | None = None

    def __init__(
        self, lanes: Lanes, prepare: Callable[[Array], Array] | None, actions: Actions
    ) -> None:
        self._lanes, self._prepare, self.actions = lanes, prepare, actions
        self.interface = lanes.interface

    def outputs(self, x: Array, jobs: Array) -> Array:
        """Observations (A, I) of the episodes ``jobs`` (A,) → (A, O)."""
        if self.tally is not None:
            self.tally.add(x, jobs)
        if self._prepare is not None:
            x = self._prepare(x)
        y = self._lanes.activate(x, jobs)
        return y if self.noise is None else y + self.noise.draw(jobs)


class Pace(NamedTuple):
    """How steps of environments are counted and paid.

    Attributes:
        max_steps: Steps after which an episode is cut off.
        frame_skip: Steps that each action is taken for, its rewards summed.
        clip_rewards: Least and most that such a sum counts for, or ``None``.
    """

    max_steps: int
    frame_skip: int = 1
    clip_rewards: tuple[float, float] | None = None

    def clipped(self, rewards: Array) -> Array:
        """Rewards (A,) cut to the bounds of ``clip_rewards``, where there are any."""
        return rewards if self.clip_rewards is None else np.clip(rewards, *self.clip_rewards)


RUNNING, TERMINATED, TRUNCATED, FAILED = range(4)  # how an episode stands


class Rollout:
    """N·E episodes; number n·E + k is the k-th of network n.

    Attributes:
        seeds: (E,) int64.
        returns: (N·E,) float64.
        lengths: (N·E,) int64, steps taken in each.
        steps: Steps taken, of all episodes.
        ended: (N·E,) uint8, ``TERMINATED`` by the environment, ``TRUNCATED`` by a limit of
            steps, ``FAILED``, or still ``RUNNING``.
        failures: Why, by number of episode.
        errors: What was raised in the first episode that failed so, by its number.
    """

    def __init__(self, seeds: Array, n_networks: int) -> None:
        self.seeds = seeds
        self.returns = np.zeros(seeds.size * n_networks)
        self.lengths = np.zeros(self.returns.size, np.int64)
        self.ended = np.full(self.returns.size, RUNNING, np.uint8)
        self.steps = 0
        self.failures: dict[int, str] = {}
        self.errors: dict[int, BaseException] = {}

    def earn(self, jobs: Array, rewards: Array) -> None:
        """Add what episodes ``jobs`` (A,) got for the actions that their networks last chose."""
        self.returns[jobs] += rewards

    def fail(self, job: int, step: int, why: str | BaseException) -> None:
        """End episode ``job`` in failure: its return is NaN, and so its network's fitness."""
        if isinstance(why, BaseException):
            if job < min(self.errors, default=job + 1):
                self.errors = {job: why}
            why = cause_of(why)
        self.failures[job] = f"episode {job % self.seeds.size}, step {step}: {why}"
        self.returns[job] = np.nan
        self.ended[job] = FAILED


class Runner(Protocol):
    """A way to play the episodes of a rollout: side by side, in slots, or in other processes."""

    def run(self, policy: Controllers, rollout: Rollout) -> None:
        """Play every episode to its end and write what came of it into ``rollout``."""
        ...

    def close(self) -> None:
        """Close the environments; they are made again when needed."""
        ...


def bad_observation(x: Array) -> str:
    """What is wrong with an observation (I,) that is not all finite."""
    return f"expected finite observations, got {float(x[~np.isfinite(x)][0])}"


def answered(reward: Any, terminated: Any, truncated: Any) -> tuple[float, bool, bool]:
    """What a step of a single environment answered, beside the observation.

    Raises:
        TypeError: A reward is no number; or an end is neither a truth value nor a number, as
            text is, which would count as true.
    """
    if not isinstance(reward, float):  # as most are
        reward = _checks.real("reward", reward)
    if not isinstance(terminated, (bool, np.bool_)):
        terminated = _checks.real("terminated", terminated)
    if not isinstance(truncated, (bool, np.bool_)):
        truncated = _checks.real("truncated", truncated)
    return float(reward), bool(terminated), bool(truncated)


def bad_reward(reward: float) -> str:
    """What is wrong with a reward that is not finite."""
    return f"expected a finite reward, got {float(reward)}"
