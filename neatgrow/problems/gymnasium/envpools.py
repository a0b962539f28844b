"""EnvPool: environments in C++ that step as one batch, on threads of their own.

EnvPool: Weng et al. (2022), arXiv:2206.10558, https://envpool.readthedocs.io.
"""

import importlib.util
from typing import Any

import numpy as np
from gymnasium import Env, spaces
from gymnasium.spaces import Space

from neatgrow._types import Array
from neatgrow.kernels import parallel
from neatgrow.problems.gymnasium.environments import Maker, quiet
from neatgrow.problems.gymnasium.lockstep import Answer

_SEEDS = (1 << 31) - 1  # EnvPool's are of 32 bits


class PoolArena:
    """A pool that is made anew for each batch of episodes.

    EnvPool seeds an environment once, when it is made, so that only its first episode starts
    where a seed says. Making one and its first reset cost as much as 7 steps of LunarLander
    (0.06 ms) and 50 of HalfCheetah (1.2 ms).
    """

    most = 1024  # MuJoCo's take 0.7 MB each

    def __init__(self, task: str, max_steps: int) -> None:
        self._task, self._max_steps = task, max_steps
        self._env: Any = None

    def start(self, seeds: Array) -> Array:
        """First observations (K, I) of an environment made with each seed (K,)."""
        import envpool

        self.close()
        with quiet():
            self._env = envpool.make(
                self._task, env_type="gymnasium", num_envs=seeds.size,
                seed=(seeds & _SEEDS).tolist(), num_threads=parallel.thread_count(),
                max_episode_steps=self._max_steps,
            )  # fmt: skip
            x, _ = self._env.reset()
        return _flat(x)

    def step(self, actions: Array, active: Array) -> Answer:
        """Step the environments ``active`` (A,), each with its row of ``actions``."""
        x, reward, terminated, truncated, _ = self._env.step(actions, active)
        return Answer(_flat(x), reward.astype(np.float64), terminated, truncated)

    def drop(self) -> None:
        """As :meth:`close`: a pool cannot part with the one environment that raised."""
        self.close()

    def close(self) -> None:
        """End the pool and its threads; :meth:`start` makes another."""
        if self._env is not None:
            self._env.close()
            self._env = None


def unfit(maker: Maker, first: Env[Any, Any]) -> str:
    """Why EnvPool cannot play an environment; empty if it can."""
    if importlib.util.find_spec("envpool") is None:
        return "EnvPool is not installed"
    if maker.id is None or maker.wrappers:
        return "EnvPool plays registered environments without wrappers"
    if maker.kwargs:
        return f"EnvPool does not take make_kwargs such as {next(iter(maker.kwargs))}"
    try:
        import envpool

        if maker.id not in envpool.list_all_envs():
            return f"EnvPool {envpool.__version__} has no {maker.id}"
        with quiet():
            spec = envpool.make_spec(maker.id)
            theirs = (spec.gymnasium_observation_space, spec.gymnasium_action_space)
    except Exception as error:  # of many kinds, where a library or a data package lacks
        return f"EnvPool cannot make it: {error}"
    if not (
        isinstance(theirs[0], spaces.Box)
        and isinstance(first.observation_space, spaces.Box)
        and theirs[0].shape == first.observation_space.shape
        and _alike(first.action_space, theirs[1])
    ):
        return f"EnvPool's spaces are others, {theirs[0]} and {theirs[1]}"
    return ""


def _alike(ours: Space[Any], theirs: Space[Any]) -> bool:
    if isinstance(ours, spaces.Box) and isinstance(theirs, spaces.Box):
        return ours.shape == theirs.shape and np.allclose(
            [ours.low, ours.high], [theirs.low, theirs.high]
        )
    if isinstance(ours, spaces.Discrete) and isinstance(theirs, spaces.Discrete):
        return bool(ours.n == theirs.n and ours.start == theirs.start)
    return False


def _flat(x: Array) -> Array:
    return x.reshape(len(x), -1)
