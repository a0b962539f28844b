"""Gymnasium's spaces in files: plain values, and the bounds of their Boxes as numbers."""

from collections import OrderedDict
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Space

from neatgrow import _checks
from neatgrow._types import Array

_MOST = 1 << 24  # numbers of a space
_MOST_LEVELS = 8


def described_space(space: Space[Any], boxes: list[Array]) -> dict[str, Any]:
    """A space as plain values; the bounds (2, K) of each Box are appended to ``boxes``."""
    if isinstance(space, spaces.Dict):
        return {"Dict": [[key, described_space(s, boxes)] for key, s in space.spaces.items()]}
    if isinstance(space, spaces.Tuple):
        return {"Tuple": [described_space(part, boxes) for part in space.spaces]}
    if isinstance(space, spaces.Discrete):
        return {"Discrete": [int(space.n), int(space.start)]}
    if isinstance(space, spaces.MultiDiscrete):
        return {"MultiDiscrete": [space.nvec.tolist(), space.start.tolist(), space.dtype.str]}
    if isinstance(space, spaces.MultiBinary):
        return {"MultiBinary": [int(length) for length in space.shape]}
    assert isinstance(space, spaces.Box)
    boxes.append(np.array([space.low.reshape(-1), space.high.reshape(-1)], np.float64))
    return {"Box": [[int(length) for length in space.shape], np.dtype(space.dtype).str]}


def space_of(described: dict[str, Any], bounds: Array) -> Space[Any]:
    """The space of :func:`described_space`, whose Boxes have ``bounds`` (2, K) one after another.

    Raises:
        LookupError, TypeError, ValueError: The description is unsound.
    """
    made, rest = _made(described, bounds, 0)
    if rest.shape[1]:
        raise ValueError(_checks.message("bounds", "as many as the Boxes have", "more"))
    return made


def _made(described: dict[str, Any], bounds: Array, level: int) -> tuple[Space[Any], Array]:
    if level > _MOST_LEVELS or not isinstance(described, dict) or len(described) != 1:
        raise ValueError(_checks.message("space", "a description of one", "something else"))
    ((kind, given),) = described.items()
    if kind in ("Dict", "Tuple"):
        parts = []
        for part in given:
            inner, bounds = _made(part[1] if kind == "Dict" else part, bounds, level + 1)
            parts.append(inner)
        if kind == "Tuple":
            return spaces.Tuple(parts), bounds
        named = zip((str(key) for key, _ in given), parts, strict=True)
        return spaces.Dict(OrderedDict(named)), bounds  # which it does not sort
    if kind == "Discrete":
        n, start = given
        return spaces.Discrete(_checks.integer("n", n, 1), start=int(start)), bounds
    if kind == "MultiDiscrete":
        nvec, start, dtype = given
        options = _checks.array("nvec", nvec, np.shape(nvec), np.int64)
        if options.size > _MOST or not (options > 0).all():
            raise ValueError(_checks.message("nvec", "numbers of options", "something else"))
        return spaces.MultiDiscrete(options, dtype=_integer(dtype), start=start), bounds
    shape = tuple(_checks.integer("shape", n, 1) for n in (given[0] if kind == "Box" else given))
    count = int(np.prod(shape, dtype=np.float64))
    if count > _MOST:
        raise ValueError(_checks.message("shape", f"{_MOST} numbers at most", shape))
    if kind == "MultiBinary":
        return spaces.MultiBinary(shape), bounds
    if kind != "Box" or bounds.shape[1] < count:
        raise ValueError(_checks.message("space", "a known kind with its bounds", kind))
    dtype = np.dtype(str(given[1]))
    if dtype.kind not in "fiu":
        raise ValueError(_checks.message("dtype", "one of numbers", dtype))
    with np.errstate(all="ignore"):
        low, high = (row[:count].reshape(shape).astype(dtype) for row in bounds)
    return spaces.Box(low, high, shape, dtype.type), bounds[:, count:]


def _integer(text: Any) -> Any:
    dtype = np.dtype(str(text))
    if dtype.kind not in "iu":
        raise ValueError(_checks.message("dtype", "one of whole numbers", dtype))
    return dtype.type
