"""Gymnasium's spaces as numbers: observations to network inputs, outputs to actions."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Space

from neatgrow import _checks
from neatgrow.kernels.layout import Array

_READABLE = "Box, Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict of these"


class Observations:
    """How observations become the I inputs of a network.

    A Box enters flattened, a Discrete one-hot; MultiDiscrete, MultiBinary, Tuple and Dict as
    ``gymnasium.spaces.flatten`` lays them out.

    Attributes:
        size: I.
        direct: Whether an observation is an (I,) array already.

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
        self.direct = isinstance(space, spaces.Box) and len(space.shape) == 1

    def flat(self, observation: Any) -> Array:
        """One observation as (I,).

        Raises:
            ValueError: It is not of the space's shape.
        """
        if not self._plain:
            return np.asarray(spaces.flatten(self._space, observation))
        if np.shape(observation) != self._space.shape:
            shape = f"{np.shape(observation)}"
            raise ValueError(_checks.message("observation", f"shape {self._space.shape}", shape))
        return np.asarray(observation).reshape(-1)


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

    @abstractmethod
    def batch(self, outputs: Array) -> Array:
        """Outputs (A, O) → A actions, as a vector environment takes them."""

    @abstractmethod
    def targets(self, actions: Array) -> Array:
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

    def batch(self, outputs: Array) -> Array:
        chosen = outputs.argmax(axis=1)
        return np.asarray(chosen + self._start if self._start else chosen)

    def targets(self, actions: Array) -> Array:
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

    def batch(self, outputs: Array) -> Array:
        chosen = np.empty((len(outputs), len(self._blocks)), self._dtype)
        for column, (first, last) in enumerate(self._blocks):
            chosen[:, column] = outputs[:, first:last].argmax(axis=1)
        return chosen.reshape(-1, *self._shape) + self._start

    def targets(self, actions: Array) -> Array:
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

    def batch(self, outputs: Array) -> Array:
        return (outputs > 0.0).astype(self._dtype).reshape(-1, *self._shape)

    def targets(self, actions: Array) -> Array:
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

    def batch(self, outputs: Array) -> Array:
        values = outputs.astype(np.float64)
        values = np.where(self._bounded, values.clip(-1.0, 1.0), values)
        values[np.isnan(values)] = 0.0
        values = (self._middle + self._half * values).clip(self._low, self._high)
        if self._whole:
            values = np.rint(values)
        return values.astype(self._dtype).reshape(-1, *self._shape)

    def targets(self, actions: Array) -> Array:
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


class Tally:
    """Sums over what each of J episodes showed, I inputs each.

    Samples are summed as differences from an episode's first one, which keeps their digits.
    """

    def __init__(self, n_episodes: int, size: int) -> None:
        self._count = np.zeros(n_episodes, np.int64)
        self._first = np.zeros((n_episodes, size))
        self._sum = np.zeros((n_episodes, size))
        self._sum_of_squares = np.zeros((n_episodes, size))

    def add(self, x: Array, jobs: Array) -> None:
        """Count samples (A, I) of the episodes ``jobs`` (A,), each at most once."""
        fresh = self._count[jobs] == 0
        if fresh.any():
            self._first[jobs[fresh]] = x[fresh]
        difference = x - self._first[jobs]
        self._count[jobs] += 1
        self._sum[jobs] += difference
        self._sum_of_squares[jobs] += difference * difference

    def by_network(self, n_networks: int) -> Array:
        """(N, 1 + 2·I) float64: samples, their mean, and the sum of squared deviations."""
        shape = (n_networks, -1, self._sum.shape[1])
        n = np.maximum(self._count, 1)[:, None]
        mean = (self._first + self._sum / n).reshape(shape)
        squares = np.maximum(self._sum_of_squares - self._sum**2 / n, 0.0).reshape(shape)
        counts = self._count.reshape(n_networks, -1, 1).astype(np.float64)
        return _pooled(np.concatenate([counts, mean, squares], axis=2).swapaxes(0, 1))


def _pooled(samples: Array) -> Array:
    """Samples (K, …, 1 + 2·I) of K sources as one (…, 1 + 2·I), summed in their order.

    Chan, Golub & LeVeque (1979) for K parts: M = Σ M_k + Σ n_k·(mean_k − mean)².
    """
    size = samples.shape[-1] // 2
    count, mean, squares = np.split(samples, [1, 1 + size], axis=-1)
    total = _sum(count)
    whole = _sum(count * mean) / np.maximum(total, 1.0)
    return np.concatenate([total, whole, _sum(squares + count * (mean - whole) ** 2)], axis=-1)


def _sum(parts: Array) -> Array:
    """Σ over the first axis, strictly in order: ``sum`` may pair terms up, by the other axes."""
    summed: Array = np.cumsum(parts, axis=0)[-1]
    return summed


class Moments:
    """Mean and variance of all samples so far (I inputs each).

    What a generation gathered waits, and is merged into the whole by Chan, Golub & LeVeque
    (1979): M ← M_a + M_b + δ²·n_a·n_b/(n_a + n_b), M the sum of squared deviations,
    δ = mean_b − mean_a.

    Attributes:
        count: Samples merged.
        mean: (I,) float64.
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.mean = np.zeros(size)
        self._squares = np.zeros(size)
        self._waiting: Array | None = None  # (1 + 2·I,), as of a Tally

    @property
    def scale(self) -> Array:
        """(I,) float64, 1 / standard deviation; 1 for an input that never changed."""
        deviation = np.sqrt(self._squares / max(self.count, 1))
        fixed = deviation < 1e-8 * np.maximum(1.0, np.abs(self.mean))
        return np.asarray(1.0 / np.where(fixed, 1.0, deviation))

    def gather(self, samples: Array) -> None:
        """Keep what N networks saw, (N, 1 + 2·I) of a :class:`Tally`, for :meth:`merge`."""
        self.merge()
        if len(samples):
            self._waiting = _pooled(samples)

    def merge(self) -> None:
        """Let what was gathered count."""
        if self._waiting is None:
            return
        (n,), mean, squares = np.split(self._waiting, [1, 1 + self.mean.size])
        total = self.count + int(n)
        if total:
            delta = mean - self.mean
            self._squares = self._squares + (squares + delta**2 * (self.count * n / total))
            self.mean = self.mean + delta * (n / total)
        self.count = total
        self._waiting = None

    def state(self) -> dict[str, Array]:
        """Copies of everything, what waits for :meth:`merge` included."""
        empty = np.zeros(self.mean.size)
        waiting = self._waiting is not None
        (n,), mean, squares = (
            np.split(self._waiting, [1, 1 + self.mean.size])
            if self._waiting is not None
            else (np.zeros(1), empty, empty)
        )
        counts = np.array([self.count, n, waiting], np.int64)
        columns = [self.mean, self._squares, mean, empty, squares]
        return {"counts": counts, "columns": np.stack(columns)}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError: The arrays are of other inputs, or not numbers that moments can have.
        """
        shape = (5, self.mean.size)
        columns = _checks.array("statistics", state.get("columns", ()), shape, finite=True)
        counts = _checks.array("statistics", state.get("counts", ()), (3,), np.int64)
        impossible = not ((counts >= 0) & (counts < 1 << 53)).all() or (counts[1] > 0) != counts[2]
        if impossible or (columns[[1, 4]] < 0.0).any():
            raise ValueError(f"statistics: expected counts and squares that can be, got {counts}.")
        self.mean, self._squares, shift, total, squares = columns.copy()
        self.count, gathered, waiting = counts.tolist()
        self._waiting = None
        if waiting:  # older files hold sums of differences from a sample, newer ones 0
            mean, squares = shift + total / gathered, squares - total**2 / gathered
            self._waiting = np.concatenate([[gathered], mean, np.maximum(squares, 0.0)])


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


def input_names(environment: str, size: int) -> tuple[str, ...]:
    """What the inputs of a well-known environment mean; ``obs0``, ``obs1``, … of another."""
    known = _NAMES.get(environment, ((),))[0]
    return known if len(known) == size else tuple(f"obs{i}" for i in range(size))


def output_names(environment: str, space: Space[Any], size: int) -> tuple[str, ...]:
    """What the outputs mean; ``action 0``, … of an unknown Discrete, ``action0``, … of others."""
    for known in _NAMES.get(environment, ())[1:]:
        if len(known) == size:
            return known
    form = "action {}" if isinstance(space, spaces.Discrete) else "action{}"
    return tuple(form.format(i) for i in range(size))
