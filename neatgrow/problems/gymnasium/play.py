"""One episode of one environment, step by step."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from gymnasium import Env

from neatgrow._types import Array
from neatgrow.problems.gymnasium.environments import contract, quiet
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


def episode(
    env: Env[Any, Any],
    start: Callable[[], Any],
    act: Callable[[Any, Array], Any],
    observations: Observations,
    pace: Pace,
    frames: bool,
) -> Iterator[Step]:
    """An episode of one environment, its observations not clipped.

    Args:
        env: The environment.
        start: Resets it; gives the first observation.
        act: The observation, as it is and (I,), in; what to do out.
        observations: What they are.
        pace: How steps are counted.
        frames: Whether what is seen are frames, not observations.
    """
    with quiet():
        observation = start()
    for step in range(pace.max_steps):
        # Copies: environments and policies may use their arrays again.
        with quiet():
            view = copy.copy(env.render() if frames else observation)
        decides = step % pace.frame_skip == 0
        if decides:
            x = np.array(observations.flat(observation))
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
