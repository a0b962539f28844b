"""Episodes of one environment at a time, step by step, acted in by anything."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env

from neatgrow._types import Array
from neatgrow.problems.gymnasium.environments import Maker, contract, named_packages, quiet
from neatgrow.problems.gymnasium.rollouts import Pace, answered
from neatgrow.problems.gymnasium.spaces import Observations


class Step(NamedTuple):
    """One step of :meth:`neatgrow.Gymnasium.play`.

    Attributes:
        view: What was seen before it: a frame where the render mode gives frames, else the
            observation.
        action: What was done.
        reward: What it earned, not clipped.
        observation: (I,) What was seen before it, or before the action that still lasts, clipped
            as the problem says, not standardised.
        decided: Whether the action is new, as it is every ``frame_skip`` steps.
    """

    view: Any
    action: Any
    reward: float
    observation: Array
    decided: bool


class SingleEpisodes:
    """Plays episodes on an environment that is made for it and then closed.

    Args:
        maker: Makes it.
        observations: What its observations are.
        pace: How steps are counted and paid.
    """

    def __init__(self, maker: Maker, observations: Observations, pace: Pace) -> None:
        self._maker, self._observations, self._pace = maker, observations, pace

    def steps(
        self,
        env: Env[Any, Any],
        seed: int,
        act: Callable[[Any, Array], Any],
        seen: Callable[[Array], Array],
        frames: bool,
    ) -> Iterator[Step]:
        """The episode of a seed, after which the environment is closed.

        Args:
            env: The environment.
            seed: Of its reset.
            act: The observation, as it is and (I,), in; what to do out.
            seen: What :attr:`Step.observation` is of the observation (I,).
            frames: Whether what is seen are frames, not observations.
        """
        try:
            with named_packages(self._maker.what):
                for step in self._episode(env, seed, act, self._pace, frames):
                    yield step._replace(observation=seen(step.observation))
        finally:
            self._maker.part_with(env)

    def returns(self, policy: Callable[[Any], Any], seeds: Array) -> tuple[Array, Array]:
        """Return (E,) float64 and length (E,) int64 of the episodes of ``seeds`` (E,).

        The policy is asked in every step, since one that holds its actions does so itself; its
        ``reset()``, if it has one, is called before each episode.
        """
        returns, lengths = np.zeros(seeds.size), np.zeros(seeds.size, np.int64)
        every, pace = self._pace.frame_skip, self._pace._replace(frame_skip=1)
        env = self._maker.make()
        try:
            for k, seed in enumerate(seeds.tolist()):
                getattr(policy, "reset", tuple)()
                steps = self._episode(env, seed, lambda seen, _: policy(seen), pace, False)
                rewards = np.array([step.reward for step in steps])
                paid = np.add.reduceat(rewards, np.arange(0, rewards.size, every))
                returns[k], lengths[k] = self._pace.clipped(paid).sum(), rewards.size
        finally:
            self._maker.part_with(env)
        return returns, lengths

    def recorded(self, policy: Callable[[Any], Any], seeds: Array) -> list[tuple[Array, Array]]:
        """Observations (T, I), not clipped, and actions (T, …) of each episode of ``seeds``."""
        views: list[Array] = []
        actions: list[Array] = []

        def act(observation: Any, x: Array) -> Any:
            action = policy(observation)
            views.append(x)
            actions.append(np.array(action))  # a copy: policies may use their arrays again
            return action

        recorded = []
        env = self._maker.make()
        try:
            for seed in seeds.tolist():
                getattr(policy, "reset", tuple)()
                for _ in self._episode(env, seed, act, self._pace, False):
                    pass
                recorded.append((np.array(views, np.float64), np.array(actions)))
                views.clear()
                actions.clear()
        finally:
            self._maker.part_with(env)
        return recorded

    def _episode(
        self,
        env: Env[Any, Any],
        seed: int,
        act: Callable[[Any, Array], Any],
        pace: Pace,
        frames: bool,
    ) -> Iterator[Step]:
        with quiet():
            observation = self._maker.start(env, seed)
        for step in range(pace.max_steps):
            # Copies: environments and policies may use their arrays again.
            with quiet():
                view = copy.copy(env.render() if frames else observation)
            decides = step % pace.frame_skip == 0
            if decides:
                x = np.array(self._observations.flat(observation))
                action = act(observation, x)
            try:
                observation, reward, terminated, truncated, _ = env.step(action)
            except ValueError as error:
                told = contract(error)
                if told is error:
                    raise
                raise told from error
            reward, terminated, truncated = answered(reward, terminated, truncated)
            yield Step(view, action, reward, x, decides)
            if terminated or truncated:
                return
