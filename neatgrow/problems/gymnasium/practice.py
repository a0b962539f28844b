"""Episodes as a policy that tries things out plays and remembers them."""

import numpy as np

from neatgrow._types import Array
from neatgrow.learning.policy.experience import Act, Experience
from neatgrow.networks.lanes import Lanes
from neatgrow.networks.networks import Networks
from neatgrow.problems.gymnasium.rollouts import FAILED, TERMINATED, Rollout


class Recorder(Lanes):
    """Lanes of one network, an episode each, whose outputs become what ``act`` makes of them.

    Args:
        networks: One.
        episodes: E.
        act: Draws actions.
    """

    def __init__(self, networks: Networks, episodes: int, act: Act) -> None:
        super().__init__(networks, np.zeros(episodes, np.int64))
        self._act = act
        self._ticks = np.zeros(episodes, np.int64)
        self._pending: tuple[Array, Array, Array] | None = None
        self._rows: list[tuple[Array, Array, Array, Array]] = []

    def activate(self, x: Array, active: Array | None = None) -> Array:
        """One tick of the active lanes: x (A, I) → actions (A, O), as outputs."""
        jobs = np.arange(len(self)) if active is None else active.copy()
        actions = self._act(super().activate(x, active), jobs, self._ticks[jobs])
        self._ticks[jobs] += 1
        self._pending = jobs, np.array(x, np.float64), actions
        return actions

    def paid(self, rewards: Array) -> None:
        """Rewards (A,) of the last actions."""
        if self._pending is not None:
            self._rows.append((*self._pending, np.array(rewards, np.float64)))
            self._pending = None

    def experience(self, rollout: "PaidRollout") -> Experience:
        """All that happened, an episode after the other."""
        failures = [rollout.failures[job] for job in sorted(rollout.failures)]
        kept = np.flatnonzero(rollout.ended != FAILED)
        if not kept.size:
            nothing = np.empty((0, 0))
            return Experience(nothing, nothing, np.empty(0), np.zeros(1, np.int64),
                              np.empty(0, np.bool_), rollout.steps, failures)  # fmt: skip
        columns = [np.concatenate(column) for column in zip(*self._rows, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        order = order[rollout.ended[columns[0][order]] != FAILED]
        jobs, x, actions, rewards = (column[order] for column in columns)
        start = np.searchsorted(jobs, [*kept, rollout.ended.size])
        return Experience(
            x, actions, rewards, start, rollout.ended[kept] == TERMINATED, rollout.steps, failures
        )


class PaidRollout(Rollout):
    """A rollout of one network that tells a recorder what was earned."""

    def __init__(self, seeds: Array, recorder: Recorder) -> None:
        super().__init__(seeds, 1)
        self._recorder = recorder

    def earn(self, jobs: Array, rewards: Array) -> None:
        """Add what the episodes ``jobs`` (A,) got, in the order in which they were acted for."""
        super().earn(jobs, rewards)
        self._recorder.paid(rewards)
