"""Gymnasium's spaces as numbers: observations to network inputs, outputs to actions."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Space
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.learning.policy.distributions import Bernoulli, Categorical, Distribution, Gaussian

_READABLE = "Box, Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict of these"


class Observations:
    """How observations become the I inputs of a network.

    A Box enters flattened, a Discrete one-hot; MultiDiscrete, MultiBinary, Tuple and Dict as
    ``gymnasium.spaces.flatten`` lays them out. Boxes of uint8 from 0 to 255, as images are, are
    scaled to 0–1.

    Attributes:
        size: I.
        direct: Whether an observation is an (I,) array already, to be taken as it is.

    Raises:
        ValueError: The space is, or holds, one of another kind.
    """

    def __init__(self, space: Space[Any], what: str) -> None:
        if not _is_readable(space):
            raise ValueError(
                _checks.message(
                    f"observation space of {what}", _READABLE, space,
                    "Wrap the environment in gymnasium.wrappers.TransformObservation.",
                )
            )  # fmt: skip
        self._space = space
        self._plain = isinstance(space, spaces.Box)
        self.size = int(spaces.flatdim(space))
        scale = np.concatenate(list(_scales(space)))
        self._scale = None if (scale == 1.0).all() else scale
        self.direct = isinstance(space, spaces.Box) and len(space.shape) == 1
        self.direct = self.direct and self._scale is None
        self._shape = space.shape if isinstance(space, spaces.Box) else (self.size,)

    def flat(self, observation: Any) -> Array:
        """One observation as (I,).

        Raises:
            ValueError: It is not of the space's shape, or holds masked numbers.
            TypeError: It holds no numbers.
        """
        if not self._plain:
            observation = spaces.flatten(self._space, observation)
        if not is_numbers(observation) or observation.shape != self._shape:
            observation = _checks.array("observation", observation, self._shape)
        flat = np.asarray(observation.reshape(-1))
        return flat if self._scale is None else flat * self._scale

    def count(self, observation: Any) -> int | None:
        """B of a batch of observations, which has an axis more in each of its parts; ``None`` for
        one observation alone.
        """
        return _count(self._space, observation)

    def rows(self, observations: Any, count: int) -> Array:
        """A batch of B observations as (B, I)."""
        if self._plain:
            given = _checks.array("observation", observations, (count, *self._shape))
            flat = given.reshape(count, -1)
            return flat if self._scale is None else flat * self._scale
        return np.array([self.flat(_row(self._space, observations, k)) for k in range(count)])


def _scales(space: Space[Any]) -> Iterator[Array]:
    """What the numbers of an observation are multiplied with, part by part."""
    if isinstance(space, spaces.Dict):
        for part in space.spaces.values():
            yield from _scales(part)
    elif isinstance(space, spaces.Tuple):
        for part in space.spaces:
            yield from _scales(part)
    else:
        bytes_ = isinstance(space, spaces.Box) and space.dtype == np.uint8
        image = bytes_ and bool((space.low == 0).all() and (space.high == 255).all())  # type: ignore[attr-defined]
        yield np.full(int(spaces.flatdim(space)), 1.0 / 255.0 if image else 1.0)


def _first(space: Space[Any], observation: Any) -> tuple[Space[Any], Any]:
    """A part of an observation that is an array or a number, and its space."""
    while isinstance(space, (spaces.Dict, spaces.Tuple)):
        key: Any = next(iter(space.spaces)) if isinstance(space, spaces.Dict) else 0
        try:
            space, observation = space.spaces[key], observation[key]
        except (TypeError, LookupError) as error:
            rule = f"an observation with a part {key!r}"
            raise ValueError(
                _checks.message("observation", rule, _checks.shown(observation))
            ) from error
    return space, observation


def _count(space: Space[Any], observation: Any) -> int | None:
    part, values = _first(space, observation)
    shape, wanted = np.shape(values), part.shape or ()
    if shape == wanted:
        return None
    if shape[1:] == wanted and shape:
        return int(shape[0])
    rule = f"shape {wanted}, or a batch of such"
    raise ValueError(_checks.message("observation", rule, f"shape {shape}"))


def _row(space: Space[Any], observations: Any, k: int) -> Any:
    """Observation k of a batch."""
    if isinstance(space, spaces.Dict):
        return {key: _row(part, observations[key], k) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        parts = zip(space.spaces, observations, strict=True)
        return tuple(_row(part, given, k) for part, given in parts)
    return observations[k]


def is_numbers(value: Any) -> bool:
    """Whether it is an array of real numbers, so that nothing else need be looked at."""
    return type(value) is np.ndarray and value.dtype.kind in "fiub"


def _is_readable(space: Space[Any]) -> bool:
    if isinstance(space, spaces.Tuple):
        return all(_is_readable(part) for part in space.spaces)
    if isinstance(space, spaces.Dict):
        return all(_is_readable(part) for part in space.spaces.values())
    return isinstance(
        space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
    )


class Actions(ABC):
    """How the O outputs of networks become actions.

    Attributes:
        size: O.
        loss: Name of the loss by which outputs learn :meth:`targets`.
    """

    size: int
    loss: str

    def noise(self, uniform: Array) -> Array:
        """What, added to outputs (A, O), makes :meth:`batch` draw an action from them.

        Args:
            uniform: (A, O), of (0, 1).

        Raises:
            ValueError: Actions of this kind are not drawn.
        """
        rule = "a Discrete, MultiDiscrete or MultiBinary action space"
        raise ValueError(_checks.message("sample", rule, "a Box", "Leave sample out."))

    @abstractmethod
    def distribution(self, fixed: bool) -> Distribution:
        """How a policy that learns draws actions around outputs.

        Args:
            fixed: Whether outputs are logits as they are, not times a scale that is learned.
        """

    @abstractmethod
    def batch(self, outputs: Array) -> Array:
        """Outputs (A, O) → A actions, as a vector environment takes them."""

    @abstractmethod
    def targets(self, actions: ArrayLike) -> Array:
        """A actions → the outputs (A, O) that stand for them, as ``loss`` takes targets.

        Raises:
            ValueError: They are not actions of the space.
        """

    def each(self, outputs: Array) -> Any:
        """Outputs (A, O) → a sequence of A actions, as single environments take them."""
        return self.batch(outputs)


def actions_of(space: Space[Any], what: str) -> Actions:
    """The rule for an action space.

    Raises:
        ValueError: There is none for spaces of its kind.
    """
    if isinstance(space, spaces.Discrete):
        return _Discrete(space)
    if isinstance(space, spaces.MultiDiscrete):
        return _MultiDiscrete(space)
    if isinstance(space, spaces.MultiBinary):
        return _MultiBinary(space)
    if isinstance(space, spaces.Box):
        return _Box(space)
    raise ValueError(
        _checks.message(
            f"action space of {what}", "Discrete, MultiDiscrete, MultiBinary or Box", space,
            "Wrap the environment in gymnasium.wrappers.TransformAction.",
        )
    )  # fmt: skip


class _Discrete(Actions):
    """One output per action, the largest is taken; of equal ones, and of NaN, the first."""

    loss = "categorical"

    def __init__(self, space: spaces.Discrete) -> None:
        self.size = int(space.n)
        self._start = int(space.start)

    def noise(self, uniform: Array) -> Array:
        """Gumbel's, whose largest sum with logits is a draw from their softmax."""
        return np.asarray(-np.log(-np.log(uniform)))

    def distribution(self, fixed: bool) -> Distribution:
        return Categorical([self.size], fixed)

    def batch(self, outputs: Array) -> Array:
        chosen = outputs.argmax(axis=1)
        return np.asarray(chosen + self._start if self._start else chosen)

    def targets(self, actions: ArrayLike) -> Array:
        chosen = _checks.array("actions", actions, ("A",), np.int64) - self._start
        return _one_hot(chosen, self.size, self._start)

    def each(self, outputs: Array) -> Any:
        return self.batch(outputs).tolist()


class _MultiDiscrete(Actions):
    """One output per option, the largest of each block is taken."""

    loss = "binary"

    def __init__(self, space: spaces.MultiDiscrete) -> None:
        options = space.nvec.reshape(-1)
        stops = np.cumsum(options)
        self.size = int(stops[-1])
        self._blocks = list(zip((stops - options).tolist(), stops.tolist(), strict=True))
        self._start, self._dtype, self._shape = space.start, space.dtype, space.shape

    def noise(self, uniform: Array) -> Array:
        """Gumbel's, whose largest sum with logits is a draw from their softmax."""
        return np.asarray(-np.log(-np.log(uniform)))

    def distribution(self, fixed: bool) -> Distribution:
        return Categorical([stop - start for start, stop in self._blocks], fixed)

    def batch(self, outputs: Array) -> Array:
        chosen = np.empty((len(outputs), len(self._blocks)), self._dtype)
        for column, (first, last) in enumerate(self._blocks):
            chosen[:, column] = outputs[:, first:last].argmax(axis=1)
        return chosen.reshape(-1, *self._shape) + self._start

    def targets(self, actions: ArrayLike) -> Array:
        given = _checks.array("actions", actions, ("A", *self._shape), np.int64) - self._start
        columns = given.reshape(len(given), -1).T
        blocks = zip(columns, self._blocks, strict=True)
        return np.concatenate([_one_hot(c, b - a, 0) for c, (a, b) in blocks], axis=1)


class _MultiBinary(Actions):
    """One output per switch, which is on above 0."""

    loss = "binary"

    def __init__(self, space: spaces.MultiBinary) -> None:
        self.size = int(np.prod(space.shape))
        self._shape, self._dtype = space.shape, space.dtype

    def noise(self, uniform: Array) -> Array:
        """Logistic: a logit and it are above 0 with the logit's probability."""
        return np.asarray(np.log(uniform / (1.0 - uniform)))

    def distribution(self, fixed: bool) -> Distribution:
        return Bernoulli(self.size, fixed)

    def batch(self, outputs: Array) -> Array:
        return (outputs > 0.0).astype(self._dtype).reshape(-1, *self._shape)

    def targets(self, actions: ArrayLike) -> Array:
        given = _checks.array("actions", actions, ("A", *self._shape))
        return given.reshape(len(given), -1)


class _Box(Actions):
    """One output per number: [−1, 1] is stretched over [low, high], what lies beyond is cut.

    Where a bound is missing the output itself is taken, cut at the other bound. NaN gives the
    middle of the range; 0, or the bound next to it, where there is no middle.
    """

    loss = "mse"

    def __init__(self, space: spaces.Box) -> None:
        self.size = int(np.prod(space.shape))
        self._shape, self._dtype = space.shape, space.dtype
        self._low = space.low.reshape(-1).astype(np.float64)
        self._high = space.high.reshape(-1).astype(np.float64)
        self._bounded = np.isfinite(self._low) & np.isfinite(self._high)
        low = np.where(self._bounded, self._low, -1.0)
        high = np.where(self._bounded, self._high, 1.0)
        self._middle, self._half = (low + high) / 2, (high - low) / 2
        self._whole = np.issubdtype(space.dtype, np.integer)

    def distribution(self, fixed: bool) -> Distribution:
        return Gaussian(self.size)

    def batch(self, outputs: Array) -> Array:
        values = outputs.astype(np.float64)
        values = np.where(self._bounded, values.clip(-1.0, 1.0), values)
        values[np.isnan(values)] = 0.0
        values = (self._middle + self._half * values).clip(self._low, self._high)
        if self._whole:
            values = np.rint(values)
        return values.astype(self._dtype).reshape(-1, *self._shape)

    def targets(self, actions: ArrayLike) -> Array:
        given = _checks.array("actions", actions, ("A", *self._shape), finite=True)
        half = np.where(self._half > 0.0, self._half, 1.0)
        return np.asarray((given.reshape(len(given), -1) - self._middle) / half)


def _one_hot(chosen: Array, options: int, start: int) -> Array:
    """(A,) numbers of options, from 0, as (A, options)."""
    outside = chosen[(chosen < 0) | (chosen >= options)]
    if outside.size:
        rule = f"numbers from {start} to {start + options - 1}"
        raise ValueError(_checks.message("actions", rule, int(outside[0]) + start))
    rows: Array = np.eye(options)[chosen]
    return rows


_GAMMA, _MIX_1, _MIX_2 = (
    np.uint64(k) for k in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_S11, _S27, _S30, _S31 = (np.uint64(k) for k in (11, 27, 30, 31))


class Noise:
    """Draws for the actions of J episodes: the same in every network's k-th episode and step t,
    wherever and beside whichever others it is played.

    Args:
        actions: What noise their outputs need.
        seeds: (J,) of the episodes.
    """

    def __init__(self, actions: Actions, seeds: Array) -> None:
        self._actions = actions
        self._state = _mixed(seeds.astype(np.uint64) + _GAMMA)
        self._step = np.zeros(seeds.size, np.uint64)

    def draw(self, jobs: Array) -> Array:
        """(A, O) for the next step of the episodes ``jobs`` (A,)."""
        size = self._actions.size
        count = self._step[jobs, None] * np.uint64(size) + np.arange(1, size + 1, dtype=np.uint64)
        self._step[jobs] += np.uint64(1)
        bits = _mixed(self._state[jobs, None] + count * _GAMMA) >> _S11  # SplitMix64
        return self._actions.noise((bits.astype(np.float64) + 0.5) * 2.0**-53)


def _mixed(bits: Array) -> Array:
    """SplitMix64's finaliser, as ``kernels.random.mix``."""
    bits = (bits ^ (bits >> _S30)) * _MIX_1
    bits = (bits ^ (bits >> _S27)) * _MIX_2
    mixed: Array = bits ^ (bits >> _S31)
    return mixed
