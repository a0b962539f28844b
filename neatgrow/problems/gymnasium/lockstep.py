"""All episodes side by side, an environment each."""

from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import numpy as np
from gymnasium.vector import VectorEnv

from neatgrow._types import Array
from neatgrow.evaluation.base import FAULTS
from neatgrow.problems.gymnasium.environments import Maker
from neatgrow.problems.gymnasium.rollouts import (
    TERMINATED,
    TRUNCATED,
    Controllers,
    Pace,
    Rollout,
    bad_observation,
    bad_reward,
)

_VECTOR_ENVIRONMENTS = 4  # sizes kept between calls
_ONCE = np.ones(1, np.int64)  # for each


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
        """Part with the environments at work, one of which raised and may be in any state."""
        ...

    def close(self) -> None:
        """Part with all environments; :meth:`start` makes others."""
        ...


class Lockstep:
    """All episodes side by side in an arena, an environment each.

    An environment is left alone after its first end, so it does not matter whether and when it
    resets itself (Gymnasium's next-step and same-step modes).
    """

    def __init__(self, arena: Arena, pace: Pace) -> None:
        self._arena, self._pace = arena, pace
        self._repeat = 1  # which step of the action under way

    def close(self) -> None:
        """Close the arena, which makes others when it is needed again."""
        self._arena.close()

    def run(self, policy: Controllers, rollout: Rollout) -> None:
        """Play all episodes to their end, as many at a time as the arena holds."""
        count = rollout.returns.size
        for first in range(0, count, self._arena.most):
            jobs = np.arange(first, min(first + self._arena.most, count))
            self._play(policy, rollout, jobs)

    def _play(self, policy: Controllers, rollout: Rollout, jobs: Array) -> None:
        """Play the episodes ``jobs`` (K,), rising without a gap: one arena full."""
        first, active, step = jobs[0], jobs, 0
        last = _ONCE - 1  # how many steps each has taken
        try:
            x = self._arena.start(rollout.seeds[jobs % rollout.seeds.size])
        except FAULTS as error:
            self._give_up(rollout, jobs, step, error)
            return
        while True:
            fine = np.isfinite(x)
            if not fine.all():
                bad = ~fine.all(axis=1)
                numbers = np.broadcast_to(last, active.shape)[bad].tolist()
                for job, number, seen in zip(active[bad].tolist(), numbers, x[bad], strict=True):
                    rollout.fail(job, number, bad_observation(seen))
                active, x = active[~bad], x[~bad]
            if active.size == 0:
                return
            actions = policy.actions.batch(policy.outputs(x, active))
            repeats = min(self._pace.frame_skip, self._pace.max_steps - step)
            try:
                answer, taken = self._advance(actions, active - first, repeats)
            except FAULTS as error:
                self._give_up(rollout, active, step + self._repeat, error)
                return
            last = step + taken
            step += repeats
            rollout.steps += int(taken.sum()) if repeats > 1 else active.size
            over = self._take(rollout, active, step, last, answer)
            if over is None:
                x = answer.x
            else:
                last = np.broadcast_to(last, active.shape)[~over]
                active, x = active[~over], answer.x[~over]

    def _advance(self, actions: Array, slots: Array, repeats: int) -> tuple[Answer, Array]:
        """Take an action ``repeats`` times, or until an episode ends; and how often each did."""
        self._repeat = 1
        answer = self._arena.step(actions, slots)
        if repeats == 1:
            return answer, _ONCE
        whole = Answer(*(np.array(part) for part in answer))
        taken = np.ones(slots.size, np.int64)
        for self._repeat in range(2, repeats + 1):
            rows = np.flatnonzero(
                ~(whole.terminated | whole.truncated)
                & np.isfinite(whole.reward)
                & np.isfinite(whole.x).all(axis=1)
            )
            if not rows.size:
                break
            answer = self._arena.step(actions[rows], slots[rows])
            taken[rows] += 1
            whole.reward[rows] += answer.reward
            for part, now in ((0, answer.x), (2, answer.terminated), (3, answer.truncated)):
                whole[part][rows] = now
        return whole, taken

    def _take(
        self, rollout: Rollout, active: Array, step: int, last: Array, answer: Answer
    ) -> Array | None:
        """Add up what came; which of the ``active`` episodes are over, ``None`` for none."""
        _, reward, terminated, truncated = answer
        rollout.earn(active, self._pace.clipped(reward))
        rollout.lengths[active] = last
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
            number = int(np.broadcast_to(last, active.shape)[row])
            rollout.fail(int(active[row]), number, bad_reward(reward[row]))
        return over

    def _give_up(self, rollout: Rollout, active: Array, step: int, error: BaseException) -> None:
        """All running episodes fail: whose fault it was, only the environments know."""
        for job in active.tolist():
            rollout.fail(job, step, error)
        with suppress(*FAULTS):
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
        """Close the environments of every number of slots."""
        while self._envs:
            self._envs.popitem()[1].close()

    def drop(self) -> None:
        """Part with the environment at work, which raised; those of other sizes stay."""
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
        """Step all slots, idle ones by their last action; what the active ones (A,) answer."""
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


def _state(env: VectorEnv[Any, Any, Any]) -> Array:
    """Mechanical state (K, slots), as a view: writing to it sets where the slots are."""
    state: Array = env.unwrapped.state  # type: ignore[attr-defined]
    return state
