"""Episodes of many networks at once, on a vector environment or on a pool of single ones."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import numpy as np
from gymnasium import Env
from gymnasium.vector import VectorEnv

from neatgrow.kernels.layout import Array
from neatgrow.networks import Lanes
from neatgrow.problems.base import cause_of
from neatgrow.problems.environments import Maker
from neatgrow.problems.spaces import Actions, Moments, Observations

_VECTOR_ENVIRONMENTS = 4  # sizes kept between calls


class Pilot:
    """The networks of a rollout, a lane per episode."""

    moments: Moments | None = None

    def __init__(
        self, lanes: Lanes, prepare: Callable[[Array], Array] | None, actions: Actions
    ) -> None:
        self._lanes, self._prepare, self.actions = lanes, prepare, actions

    def outputs(self, x: Array, active: Array) -> Array:
        """Observations (A, I) of the episodes ``active`` (A,) → (A, O)."""
        if self.moments is not None:
            self.moments.gather(x)
        if self._prepare is not None:
            x = self._prepare(x)
        return self._lanes.activate(x, active)


class Rollout:
    """N·E episodes; number n·E + k is the k-th of network n.

    Attributes:
        seeds: (E,) int64.
        returns: (N·E,) float64.
        steps: Steps taken, of all episodes.
        terminated: Episodes that ended in the environment.
        truncated: Episodes that were cut off.
        failures: Why, by number of episode.
    """

    def __init__(self, seeds: Array, n_networks: int) -> None:
        self.seeds = seeds
        self.n_networks = n_networks
        self.returns = np.zeros(seeds.size * n_networks)
        self.steps = self.terminated = self.truncated = 0
        self.failures: dict[int, str] = {}

    def fail(self, job: int, step: int, why: str | Exception) -> None:
        """Note that episode ``job`` failed."""
        if isinstance(why, Exception):
            why = cause_of(why)
        self.failures[job] = f"episode {job % self.seeds.size}, step {step}: {why}"
        self.returns[job] = np.nan


class Runner(Protocol):
    """A way to play the episodes of a rollout."""

    def run(self, pilot: Pilot, rollout: Rollout) -> None:
        """Play every episode to its end and write what came of it into ``rollout``."""
        ...

    def close(self) -> None:
        """Close the environments; they are made again when needed."""
        ...


class Vectorised:
    """All episodes side by side in one vector environment, a slot each.

    A slot is masked after its first end, so it does not matter whether and when the
    environment resets it (Gymnasium's next-step and same-step modes); where it never does
    (disabled), ended slots are reset here, only to keep them steppable.
    """

    def __init__(self, maker: Maker, single: VectorEnv[Any, Any, Any], max_steps: int) -> None:
        self._maker, self._max_steps = maker, max_steps
        self._envs: dict[int, VectorEnv[Any, Any, Any]] = {1: single}

    def close(self) -> None:
        """Close the environments."""
        while self._envs:
            self._envs.popitem()[1].close()

    def _env(self, count: int) -> VectorEnv[Any, Any, Any]:
        """The environment of ``count`` slots, kept between calls."""
        env = self._envs.pop(count, None) or self._maker.vector(count)
        self._envs[count] = env
        if len(self._envs) > _VECTOR_ENVIRONMENTS:
            self._envs.pop(next(iter(self._envs))).close()
        return env

    def _start(self, env: VectorEnv[Any, Any, Any], rollout: Rollout) -> Array:
        """Give every network the same E starts, those of one slot reset with each seed.

        Returns:
            (N·E, I) first observations.
        """
        single = self._env(1)
        starts = []
        for seed in rollout.seeds.tolist():
            single.reset(seed=seed)
            starts.append(_state(single)[:, 0].copy())
        observation, _ = env.reset(seed=0)
        _state(env)[:] = np.tile(np.stack(starts, axis=1), rollout.n_networks)
        return np.ascontiguousarray(_state(env).T, observation.dtype)

    def run(self, pilot: Pilot, rollout: Rollout) -> None:
        """Play all episodes to their end."""
        count = rollout.returns.size
        active = np.arange(count)
        step = 0
        try:
            env = self._env(count)
            x = self._start(env, rollout)
        except Exception as error:
            self._give_up(rollout, active, step, error)
            return
        never_resets = "DISABLED" in str(env.metadata.get("autoreset_mode"))
        actions: Any = None
        while True:
            fine = np.isfinite(x)
            if not fine.all():
                bad = ~fine.all(axis=1)
                for job, seen in zip(active[bad].tolist(), x[bad], strict=True):
                    rollout.fail(job, step, _bad_observation(seen))
                active, x = active[~bad], x[~bad]
            if active.size == 0:
                return
            chosen = pilot.actions.batch(pilot.outputs(x, active))
            if active.size == count:
                actions = chosen
            else:
                if actions is None:  # masked slots need an action too, any will do
                    actions = np.repeat(chosen[:1], count, axis=0)
                actions[active] = chosen
            step += 1
            try:
                observation, *answer, _ = env.step(actions)
                if never_resets and (answer[1] | answer[2]).any():
                    env.reset(options={"reset_mask": answer[1] | answer[2]})
            except Exception as error:
                self._give_up(rollout, active, step, error)
                return
            over = self._take(rollout, active, step, answer)
            if over is not None:
                active = active[~over]
            x = observation if active.size == count else observation.take(active, axis=0)

    def _take(self, rollout: Rollout, active: Array, step: int, answer: list[Array]) -> Any:
        """Add up one step's (reward, terminated, truncated), each (slots,).

        Returns:
            (A,) bool, which episodes of ``active`` are over, or ``None`` for none.
        """
        rollout.steps += active.size
        if active.size < answer[0].size:
            answer = [part[active] for part in answer]
            rollout.returns[active] += answer[0]
        else:
            rollout.returns += answer[0]
        reward, terminated, truncated = answer
        if step >= self._max_steps:
            truncated = np.ones_like(truncated)
        over = terminated | truncated
        finite = np.isfinite(reward)
        if finite.all():
            if not over.any():
                return None
        else:
            over = over | ~finite
            for row in np.flatnonzero(~finite).tolist():
                rollout.fail(int(active[row]), step, _bad_reward(reward[row]))
        rollout.terminated += int(np.count_nonzero(terminated & finite))
        rollout.truncated += int(np.count_nonzero(truncated & ~terminated & finite))
        return over

    def _give_up(self, rollout: Rollout, active: Array, step: int, error: Exception) -> None:
        """All running episodes fail: of which slot it was, only the environment knows."""
        for job in active.tolist():
            rollout.fail(job, step, error)
        self._envs.pop(rollout.returns.size, None)


class _Rows(NamedTuple):
    """Running episodes; row r is played in the pool's environment r."""

    x: Array  # (slots, I) float64, what the network sees next
    job: Array  # (slots,) int64, number of the episode
    started: list[int]  # tick before its first


class Batched:
    """A pool of single environments; one whose episode is over takes the next.

    All running episodes, in rows 0…A−1, share one call of the networks per tick.
    """

    def __init__(
        self,
        maker: Maker,
        first: Env[Any, Any],
        observations: Observations,
        max_steps: int,
        slots: int,
    ) -> None:
        self._maker, self._observations = maker, observations
        self._max_steps, self._slots = max_steps, slots
        self._pool = [maker.bare(first)]

    def close(self) -> None:
        """Close the environments."""
        while self._pool:
            self._pool.pop().close()

    def run(self, pilot: Pilot, rollout: Rollout) -> None:
        """Play all episodes to their end."""
        count = rollout.returns.size
        slots = min(self._slots, count)
        while len(self._pool) < slots:
            self._pool.append(self._maker.bare(self._maker.make()))
        x = np.empty((slots, self._observations.size))
        rows = _Rows(x, np.zeros(slots, np.int64), [0] * slots)
        waiting = iter(range(count))
        tick = 0
        running = self._fill(rollout, rows, waiting, range(slots), tick)
        while running:
            job = rows.job[:running]
            fine = np.isfinite(x[:running])
            if not fine.all():
                over = np.flatnonzero(~fine.all(axis=1)).tolist()
                for row in over:
                    why = _bad_observation(x[row])
                    rollout.fail(int(job[row]), tick - rows.started[row], why)
            else:
                tick += 1
                actions = pilot.actions.each(pilot.outputs(x[:running], job))
                over = self._step(rollout, rows, actions, tick)
            if over:
                filled = self._fill(rollout, rows, waiting, over, tick)
                running = self._compact(rows, running, over[filled:])

    def _step(self, rollout: Rollout, rows: _Rows, actions: Any, tick: int) -> list[int]:
        """Step the running environments; which rows' episodes are over."""
        x, job, started = rows
        pool, flat = self._pool, None if self._observations.direct else self._observations.flat
        infinity, last_start = np.inf, tick - self._max_steps
        rewards = [0.0] * len(actions)
        over, raised = [], 0
        for row, action in enumerate(actions):
            try:
                observation, reward, terminated, truncated, _ = pool[row].step(action)
                x[row] = observation if flat is None else flat(observation)
                rewards[row] = reward = float(reward)
            except Exception as error:
                rollout.fail(int(job[row]), tick - started[row], error)
                self._rebuild(row)
                over.append(row)
                raised += 1
                continue
            if not -infinity < reward < infinity:
                rollout.fail(int(job[row]), tick - started[row], _bad_reward(reward))
                over.append(row)
            elif terminated:
                rollout.terminated += 1
                over.append(row)
            elif truncated or started[row] <= last_start:
                rollout.truncated += 1
                over.append(row)
        rollout.steps += len(rewards) - raised
        rollout.returns[job[: len(rewards)]] += rewards
        return over

    def _fill(
        self,
        rollout: Rollout,
        rows: _Rows,
        waiting: Iterator[int],
        free: Iterable[int],
        tick: int,
    ) -> int:
        """Start waiting episodes in free rows; how many of these got one, from the first on."""
        filled = 0
        for row in free:
            for job in waiting:
                try:
                    seed = int(rollout.seeds[job % rollout.seeds.size])
                    observation, _ = self._pool[row].reset(seed=seed)
                    rows.x[row] = self._observations.flat(observation)
                except Exception as error:
                    rollout.fail(job, 0, error)
                    self._rebuild(row)
                    continue
                rows.job[row], rows.started[row] = job, tick
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
        """Replace an environment that raised."""
        with suppress(Exception):
            self._pool[row].close()
        self._pool[row] = self._maker.bare(self._maker.make())


def _state(env: VectorEnv[Any, Any, Any]) -> Array:
    """(k, slots)."""
    state: Array = env.unwrapped.state  # type: ignore[attr-defined]
    return state


def _bad_observation(x: Array) -> str:
    return f"expected finite observations, got {float(x[~np.isfinite(x)][0])}"


def _bad_reward(reward: float) -> str:
    return f"expected a finite reward, got {float(reward)}"
