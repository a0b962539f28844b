"""Episodes on a pool of single environments."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env

from neatgrow._types import Array
from neatgrow.evaluation.base import FAULTS
from neatgrow.problems.gymnasium.environments import Maker, contract
from neatgrow.problems.gymnasium.rollouts import (
    TERMINATED,
    TRUNCATED,
    Controllers,
    Pace,
    Rollout,
    answered,
    bad_observation,
    bad_reward,
)
from neatgrow.problems.gymnasium.spaces import Observations, is_numbers


class _Rows(NamedTuple):
    """Running episodes; row r is played in the pool's environment r."""

    x: Array  # (slots, I) float64, what the network sees next
    job: Array  # (slots,) int64, number of the episode
    step: list[int]  # taken so far


class Singles:
    """A pool of single environments; one whose episode is over takes the next.

    All running episodes, in rows 0…A−1, share one call of the networks per tick.
    """

    def __init__(
        self,
        maker: Maker,
        first: Env[Any, Any],
        observations: Observations,
        pace: Pace,
        slots: int,
    ) -> None:
        self._maker, self._observations = maker, observations
        self._pace, self._slots = pace, 1 if maker.alone else slots
        self._pool = [maker.bare(first)]

    def close(self) -> None:
        """Close the environments, one for each slot that was ever in use."""
        while self._pool:
            self._maker.part_with(self._pool.pop())

    def ignores_seeds(self) -> bool:
        """Whether the same seed begins different episodes."""
        if not self._pool:
            self._pool.append(self._maker.bare(self._maker.make()))
        return self._maker.ignores_seeds(self._pool[0], self._observations.flat)

    def run(self, policy: Controllers, rollout: Rollout) -> None:
        """Play all episodes to their end; a slot whose episode is over begins the next one."""
        count = rollout.returns.size
        slots = min(self._slots, count)
        while len(self._pool) < slots:
            self._pool.append(self._maker.bare(self._maker.make()))
        x = np.empty((slots, self._observations.size))
        rows = _Rows(x, np.zeros(slots, np.int64), [0] * slots)
        waiting = iter(range(count))
        running = self._fill(rollout, rows, waiting, range(slots))
        while running:
            job = rows.job[:running]
            fine = np.isfinite(x[:running])
            if not fine.all():
                over = np.flatnonzero(~fine.all(axis=1)).tolist()
                for row in over:
                    rollout.fail(int(job[row]), rows.step[row], bad_observation(x[row]))
            else:
                actions = policy.actions.each(policy.outputs(x[:running], job))
                over = self._step(rollout, rows, actions)
            if over:
                rollout.lengths[job[over]] = [rows.step[row] for row in over]
                filled = self._fill(rollout, rows, waiting, over)
                running = self._compact(rows, running, over[filled:])

    def _step(self, rollout: Rollout, rows: _Rows, actions: Any) -> list[int]:
        """Step the running environments, each by its action; the rows whose episodes are over."""
        x, job, step = rows
        pool, flat = self._pool, None if self._observations.direct else self._observations.flat
        infinity, (max_steps, skip, _), shape = np.inf, self._pace, x.shape[1:]
        rewards = [0.0] * len(actions)
        over, taken = [], 0
        for row, action in enumerate(actions):
            step[row] += 1
            try:
                observation, reward, terminated, truncated, _ = pool[row].step(action)
                if not (type(reward) is float and type(terminated) is type(truncated) is bool):
                    reward, terminated, truncated = answered(reward, terminated, truncated)
                rewards[row] = reward
                for _ in range(1, skip):
                    if terminated or truncated or step[row] >= max_steps:
                        break
                    seen = observation if flat is None else flat(observation)
                    if not (-infinity < reward < infinity and np.isfinite(seen).all()):
                        break
                    step[row] += 1
                    taken += 1
                    observation, more, terminated, truncated, _ = pool[row].step(action)
                    more, terminated, truncated = answered(more, terminated, truncated)
                    rewards[row] = reward = reward + more
                if flat is not None:
                    observation = flat(observation)
                elif getattr(observation, "shape", None) != shape or not is_numbers(observation):
                    observation = self._observations.flat(observation)  # or says what is wrong
                x[row] = observation
            except FAULTS as error:
                rollout.fail(int(job[row]), step[row], contract(error))
                self._rebuild(row)
                over.append(row)
                continue
            taken += 1
            if not -infinity < reward < infinity:
                rollout.fail(int(job[row]), step[row], bad_reward(reward))
                over.append(row)
            elif terminated:
                rollout.ended[job[row]] = TERMINATED
                over.append(row)
            elif truncated or step[row] >= max_steps:
                rollout.ended[job[row]] = TRUNCATED
                over.append(row)
        rollout.steps += taken
        rollout.earn(job[: len(rewards)], self._pace.clipped(np.array(rewards)))
        return over

    def _fill(
        self,
        rollout: Rollout,
        rows: _Rows,
        waiting: Iterator[int],
        free: Iterable[int],
    ) -> int:
        """Start waiting episodes in free rows; how many of these got one, from the first on."""
        filled = 0
        for row in free:
            for job in waiting:
                try:
                    seed = int(rollout.seeds[job % rollout.seeds.size])
                    observation = self._maker.start(self._pool[row], seed)
                    rows.x[row] = self._observations.flat(observation)
                except FAULTS as error:
                    rollout.fail(job, 0, error)
                    self._rebuild(row)
                    continue
                rows.job[row], rows.step[row] = job, 0
                filled += 1
                break
            else:
                break
        return filled

    def _compact(self, rows: _Rows, running: int, free: list[int]) -> int:
        """Move the last rows into free ones; how many rows are left."""
        for row in reversed(free):
            running -= 1
            if row < running:
                for column in rows:
                    column[row] = column[running]
                self._pool[row], self._pool[running] = self._pool[running], self._pool[row]
        return running

    def _rebuild(self, row: int) -> None:
        """Make another environment for one that raised, which may be in any state."""
        with suppress(*FAULTS):
            self._maker.part_with(self._pool[row])
        self._pool[row] = self._maker.bare(self._maker.make())
