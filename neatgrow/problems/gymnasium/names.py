"""What inputs and outputs of environments mean, for pictures and tables."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Space

_LEG = ("hip {} angle", "hip {} speed", "knee {} angle", "knee {} speed", "leg {} contact")
_LANDER = ("x", "y", "x velocity", "y velocity", "angle", "angular velocity", "left leg contact",
           "right leg contact")  # fmt: skip
_WALKER = (
    (
        *("hull angle", "hull angular velocity", "x velocity", "y velocity"),
        *(name.format(leg) for leg in (1, 2) for name in _LEG),
        *(f"lidar {ray}" for ray in range(1, 11)),
    ),
    ("hip 1 torque", "knee 1 torque", "hip 2 torque", "knee 2 torque"),
)
_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {  # inputs, then possible sets of outputs
    "CartPole": (
        ("cart position", "cart velocity", "pole angle", "pole velocity"),
        ("left", "right"),
    ),
    "Acrobot": (
        ("cos angle 1", "sin angle 1", "cos angle 2", "sin angle 2", "velocity 1", "velocity 2"),
        ("torque −1", "no torque", "torque +1"),
    ),
    "MountainCar": (("position", "velocity"), ("left", "coast", "right")),
    "MountainCarContinuous": (("position", "velocity"), ("force",)),
    "Pendulum": (("cos angle", "sin angle", "angular velocity"), ("torque",)),
    "LunarLander": (
        _LANDER,
        ("no engine", "left engine", "main engine", "right engine"),
        ("main engine", "side engines"),
    ),
    "LunarLanderContinuous": (_LANDER, ("main engine", "side engines")),
    "BipedalWalker": _WALKER,
    "BipedalWalkerHardcore": _WALKER,
}


def input_names(environment: str, space: Space[Any]) -> tuple[str, ...]:
    """What the inputs of an environment mean, in the order in which observations are laid out.

    Those of a well-known environment have names. Parts of a Dict are called by their keys, those of
    a Tuple by their position, and numbers in them by their indices: ``arm.angle[2]``; options of a
    Discrete as ``gear=1``. A space of one part alone has ``obs0``, ``obs1``, …
    """
    size = int(spaces.flatdim(space))
    known = _NAMES.get(environment, ((),))[0]
    if len(known) == size:
        return known
    if isinstance(space, (spaces.Dict, spaces.Tuple)):
        return tuple(_paths("", space))
    return tuple(f"obs{i}" for i in range(size))


def _paths(path: str, space: Space[Any]) -> Iterator[str]:
    """A name for each number of an observation, as ``gymnasium.spaces.flatten`` lays them out."""
    if isinstance(space, spaces.Dict):
        for key, part in space.spaces.items():
            yield from _paths(f"{path}.{key}" if path else str(key), part)
    elif isinstance(space, spaces.Tuple):
        for index, part in enumerate(space.spaces):
            yield from _paths(f"{path or 'obs'}[{index}]", part)
    elif isinstance(space, spaces.Discrete):
        yield from (f"{path}={space.start + k}" for k in range(int(space.n)))
    else:
        shape = space.shape or ()
        alone = shape in ((), (1,))
        options = space.nvec if isinstance(space, spaces.MultiDiscrete) else None
        for at in np.ndindex(shape):
            place = path if alone else f"{path}[{','.join(map(str, at))}]"
            if options is None:
                yield place
            else:
                yield from (f"{place}={k}" for k in range(int(options[at])))


def output_names(environment: str, space: Space[Any], size: int) -> tuple[str, ...]:
    """What the outputs mean; ``action 0``, … of an unknown Discrete, ``action0``, … of others."""
    for known in _NAMES.get(environment, ())[1:]:
        if len(known) == size:
            return known
    form = "action {}" if isinstance(space, spaces.Discrete) else "action{}"
    return tuple(form.format(i) for i in range(size))
