"""Episodes of many networks at once, side by side or on a pool of single environments."""

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
from neatgrow.problems.moments import Tally
from neatgrow.problems.spaces import Actions, Noise, Observations

_VECTOR_ENVIRONMENTS = 4  # sizes kept between calls


class Pilot:
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
        """Rewards (A,) as they count."""
        return rewards if self.clip_rewards is None else np.clip(rewards, *self.clip_rewards)


RUNNING, TERMINATED, TRUNCATED, FAILED = range(4)  # how an episode stands


class Rollout:
    """N·E episodes; number n·E + k is the k-th of network n.

    Attributes:
        seeds: (E,) int64.
        returns: (N·E,) float64.
        steps: Steps taken, of all episodes.
        ended: (N·E,) uint8, ``TERMINATED`` by the environment, ``TRUNCATED`` by a limit of
            steps, ``FAILED``, or still ``RUNNING``.
        failures: Why, by number of episode.
    """

    def __init__(self, seeds: Array, n_networks: int) -> None:
        self.seeds = seeds
        self.n_networks = n_networks
        self.returns = np.zeros(seeds.size * n_networks)
        self.ended = np.full(self.returns.size, RUNNING, np.uint8)
        self.steps = 0
        self.failures: dict[int, str] = {}

    def earn(self, jobs: Array, rewards: Array) -> None:
        """Add what episodes ``jobs`` (A,) got for the actions that their networks last chose."""
        self.returns[jobs] += rewards

    def fail(self, job: int, step: int, why: str | Exception) -> None:
        """Note that episode ``job`` failed."""
        if isinstance(why, Exception):
            why = cause_of(why)
        self.failures[job] = f"episode {job % self.seeds.size}, step {step}: {why}"
        self.returns[job] = np.nan
        self.ended[job] = FAILED


class Runner(Protocol):
    """A way to play the episodes of a rollout."""

    def run(self, pilot: Pilot, rollout: Rollout) -> None:
        """Play every episode to its end and write what came of it into ``rollout``."""
        ...

    def close(self) -> None:
        """Close the environments; they are made again when needed."""
        ...


class Answer(NamedTuple):
    """What one step of A environments brought."""

    x: Array  # (A, I)
    reward: Array  # (A,)
    terminated: Array  # (A,) bool
    truncated: Array  # (A,) bool


class Arena(Protocol):
    """Environments that step side by side, one per episode.

    Attributes:
        most: Episodes at a time.
    """

    most: int

    def start(self, seeds: Array) -> Array:
        """Begin an episode from each seed (K,) int64 → first observations (K, I)."""
        ...

    def step(self, actions: Array, active: Array) -> Answer:
        """Step the environments ``active`` (A,), rising, each with its row of ``actions``."""
        ...

    def drop(self) -> None:
        """Let go of the environments at work, which raised."""
        ...

    def close(self) -> None:
        """Let go of all environments."""
        ...


class Lockstep:
    """All episodes side by side in an arena, an environment each.

    An environment is left alone after its first end, so it does not matter whether and when it
    resets itself (Gymnasium's next-step and same-step modes).
    """

    def __init__(self, arena: Arena, pace: Pace) -> None:
        self._arena, self._pace = arena, pace

    def close(self) -> None:
        """Close the environments."""
        self._arena.close()

    def run(self, pilot: Pilot, rollout: Rollout) -> None:
        """Play all episodes to their end, as many at a time as the arena holds."""
        count = rollout.returns.size
        for first in range(0, count, self._arena.most):
            jobs = np.arange(first, min(first + self._arena.most, count))
            self._play(pilot, rollout, jobs)

    def _play(self, pilot: Pilot, rollout: Rollout, jobs: Array) -> None:
        """Play the episodes ``jobs``, which follow one another."""
        first, active, step = jobs[0], jobs, 0
        try:
            x = self._arena.start(rollout.seeds[jobs % rollout.seeds.size])
        except Exception as error:
            self._give_up(rollout, jobs, step, error)
            return
        while True:
            fine = np.isfinite(x)
            if not fine.all():
                bad = ~fine.all(axis=1)
                for job, seen in zip(active[bad].tolist(), x[bad], strict=True):
                    rollout.fail(job, step, _bad_observation(seen))
                active, x = active[~bad], x[~bad]
            if active.size == 0:
                return
            actions = pilot.actions.batch(pilot.outputs(x, active))
            repeats = min(self._pace.frame_skip, self._pace.max_steps - step)
            try:
                answer, taken = self._advance(actions, active - first, repeats)
            except Exception as error:
                self._give_up(rollout, active, step + 1, error)
                return
            step += repeats
            rollout.steps += taken
            over = self._take(rollout, active, step, answer)
            if over is None:
                x = answer.x
            else:
                active, x = active[~over], answer.x[~over]

    def _advance(self, actions: Array, slots: Array, repeats: int) -> tuple[Answer, int]:
        """Take an action ``repeats`` times, or until an episode ends; and the steps taken."""
        answer = self._arena.step(actions, slots)
        taken = slots.size
        if repeats == 1:
            return answer, taken
        whole = Answer(*(np.array(part) for part in answer))
        for _ in range(repeats - 1):
            rows = np.flatnonzero(
                ~(whole.terminated | whole.truncated)
                & np.isfinite(whole.reward)
                & np.isfinite(whole.x).all(axis=1)
            )
            if not rows.size:
                break
            answer = self._arena.step(actions[rows], slots[rows])
            taken += rows.size
            whole.reward[rows] += answer.reward
            for part, now in ((0, answer.x), (2, answer.terminated), (3, answer.truncated)):
                whole[part][rows] = now
        return whole, taken

    def _take(self, rollout: Rollout, active: Array, step: int, answer: Answer) -> Array | None:
        """Add up what came; which of the ``active`` episodes are over, ``None`` for none."""
        _, reward, terminated, truncated = answer
        rollout.earn(active, self._pace.clipped(reward))
        if step >= self._pace.max_steps:
            truncated = np.ones_like(truncated)
        over = terminated | truncated
        finite = np.isfinite(reward)
        if not finite.all():
            over = over | ~finite
        elif not over.any():
            return None
        rollout.ended[active[truncated]] = TRUNCATED
        rollout.ended[active[terminated]] = TERMINATED
        for row in np.flatnonzero(~finite).tolist():
            rollout.fail(int(active[row]), step, _bad_reward(reward[row]))
        return over

    def _give_up(self, rollout: Rollout, active: Array, step: int, error: Exception) -> None:
        """All running episodes fail: whose fault it was, only the environments know."""
        for job in active.tolist():
            rollout.fail(job, step, error)
        with suppress(Exception):
            self._arena.drop()


class VectorArena:
    """A vector environment whose state can be set, which starts every slot where it must.

    Where the environment never resets ended slots (disabled), they are reset here, only to
    keep them steppable; slots that are not asked for are stepped with any action.
    """

    most = 1 << 20

    def __init__(self, maker: Maker, single: VectorEnv[Any, Any, Any]) -> None:
        self._maker = maker
        self._envs: dict[int, VectorEnv[Any, Any, Any]] = {1: single}
        self._env = single
        self._actions: Array | None = None

    def close(self) -> None:
        """Close the environments."""
        while self._envs:
            self._envs.popitem()[1].close()

    def drop(self) -> None:
        """Let go of the environment at work, which raised."""
        self._envs.pop(self._env.num_envs, None)

    def _sized(self, count: int) -> VectorEnv[Any, Any, Any]:
        """The environment of ``count`` slots, kept between calls."""
        env = self._envs.pop(count, None) or self._maker.vector(count)
        self._envs[count] = env
        if len(self._envs) > _VECTOR_ENVIRONMENTS:
            self._envs.pop(next(iter(self._envs))).close()
        return env

    def start(self, seeds: Array) -> Array:
        """First observations (K, I): those of one slot reset with each seed."""
        single = self._sized(1)
        different, place = np.unique(seeds, return_inverse=True)
        starts = []
        for seed in different.tolist():
            single.reset(seed=seed)
            starts.append(_state(single)[:, 0].copy())
        env = self._env = self._sized(seeds.size)
        observation, _ = env.reset(seed=0)
        _state(env)[:] = np.stack(starts, axis=1)[:, place]
        self._actions = None
        self._never_resets = "DISABLED" in str(env.metadata.get("autoreset_mode"))
        return np.ascontiguousarray(_state(env).T, observation.dtype)

    def step(self, actions: Array, active: Array) -> Answer:
        """Step all slots; what the active ones answer."""
        env, everyone = self._env, active.size == self._env.num_envs
        if everyone or self._actions is None:
            self._actions = np.resize(actions, (env.num_envs, *actions.shape[1:]))
        if not everyone:
            self._actions[active] = actions
        answer = Answer(*env.step(self._actions)[:4])
        ended = answer.terminated | answer.truncated
        if self._never_resets and ended.any():
            env.reset(options={"reset_mask": ended})
        return answer if everyone else Answer(*(part[active] for part in answer))


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
        self._pace, self._slots = pace, slots
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
        running = self._fill(rollout, rows, waiting, range(slots))
        while running:
            job = rows.job[:running]
            fine = np.isfinite(x[:running])
            if not fine.all():
                over = np.flatnonzero(~fine.all(axis=1)).tolist()
                for row in over:
                    rollout.fail(int(job[row]), rows.step[row], _bad_observation(x[row]))
            else:
                actions = pilot.actions.each(pilot.outputs(x[:running], job))
                over = self._step(rollout, rows, actions)
            if over:
                filled = self._fill(rollout, rows, waiting, over)
                running = self._compact(rows, running, over[filled:])

    def _step(self, rollout: Rollout, rows: _Rows, actions: Any) -> list[int]:
        """Step the running environments; which rows' episodes are over."""
        x, job, step = rows
        pool, flat = self._pool, None if self._observations.direct else self._observations.flat
        infinity, (max_steps, skip, _), shape = np.inf, self._pace, x.shape[1:]
        rewards = [0.0] * len(actions)
        over, taken = [], 0
        for row, action in enumerate(actions):
            step[row] += 1
            try:
                observation, reward, terminated, truncated, _ = pool[row].step(action)
                rewards[row] = reward = float(reward)
                for _ in range(1, skip):
                    if terminated or truncated or step[row] >= max_steps:
                        break
                    seen = observation if flat is None else flat(observation)
                    if not (-infinity < reward < infinity and np.isfinite(seen).all()):
                        break
                    step[row] += 1
                    taken += 1
                    observation, more, terminated, truncated, _ = pool[row].step(action)
                    rewards[row] = reward = reward + float(more)
                if flat is not None:
                    observation = flat(observation)
                elif observation.shape != shape:
                    observation = self._observations.flat(observation)  # which says so
                x[row] = observation
            except Exception as error:
                rollout.fail(int(job[row]), step[row], error)
                self._rebuild(row)
                over.append(row)
                continue
            taken += 1
            if not -infinity < reward < infinity:
                rollout.fail(int(job[row]), step[row], _bad_reward(reward))
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
                except Exception as error:
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
