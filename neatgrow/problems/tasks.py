"""Tasks of samples that the field is judged by: spirals, parity, retina, MNIST-1D.

Sequences are in :mod:`neatgrow.problems.sequences`, formulas in
:mod:`neatgrow.problems.regression`. All are :class:`Task`, all are in the catalogue by name.

Two classes are learned by binary cross-entropy of outputs taken as logits, several by categorical
cross-entropy; outputs are of identity unless settings say otherwise, while outputs of tanh are
right as soon as their sign is, and cannot become more certain.
"""

import random
import warnings
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.supervised import Supervised

Measure = Literal["loss", "accuracy", "all_right"]
Coding = Literal["signs", "bits"]

_MOST_BITS = 16  # 65,536 patterns


class Task(Supervised):
    """A supervised problem that is known by name and can be made again from its description.

    Attributes:
        test: Held-out (X, Y), of sequences (X, Y, weights), as :meth:`Supervised.accuracy` takes
            them; ``None`` where the training set is all there is.
        validation: What fitness is judged on, likewise; ``None`` where that is the training set.
        options: What it was made with.

    Args:
        name: In the catalogue.
        options: Plain values from which the catalogue's entry makes it again.
        X: Inputs.
        Y: Targets.
        test: See the attribute.
        validation: See the attribute.
        settings: Of :class:`Supervised`.
    """

    def __init__(
        self,
        name: str,
        options: dict[str, Any],
        X: ArrayLike,
        Y: ArrayLike,
        *,
        test: tuple[Array, ...] | None = None,
        validation: tuple[Array, ...] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(X, Y, name=name, validation=validation, **settings)
        self.test = test
        self.validation = validation
        self.options = options

    def describe(self) -> dict[str, Any]:
        """Enough to build it again."""
        return {"problem": self.name, **self.options}


# ------------------------------------------------------------------------------- spirals


def two_spirals(
    *,
    n: int = 100,
    noise: float = 0.5,
    data_seed: int = 0,
    scale: float = 1.0,
    measure: Measure = "all_right",
) -> Task:
    """Two spirals with noise, half of them to test.

    Point i = 0 … n − 1 of an arm has radius r = 6 i / n and angle φ = 1.75 · 2π i / n, plus π
    in the other arm, and lies at (r sin φ, r cos φ) + U(−noise, noise)². The arms overlap near
    the centre: with noise 0.5 the best possible answer is right for 97.5 % of fresh points in
    the mean. The first n points are class 1.

    Source: the training set of the Backprop-NEAT demo by David Ha (2016).

    Args:
        n: Points per arm, and as many again to test.
        noise: Half-width of the noise.
        data_seed: Of the noise.
        scale: What all coordinates are multiplied by.
        measure: What fitness is; see :class:`Supervised`.
    """
    _checks.integer("n", n, 1)
    noise = _checks.number("noise", noise, least=0.0, finite=True)
    scale = _checks.number("scale", scale, least=0.0, finite=True)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
    step = np.arange(n) / n
    arm = _polar(6.0 * step, 1.75 * 2.0 * np.pi * step)
    Y = np.repeat([[1.0], [0.0]], n, axis=0)
    X, other = (
        scale * (np.concatenate([arm, -arm]) + draw.uniform(-noise, noise, (2 * n, 2)))
        for _ in range(2)
    )
    options = {
        "n": int(n), "noise": noise, "data_seed": int(data_seed), "scale": scale, "measure": measure
    }  # fmt: skip
    return Task(
        "two-spirals", options, X, Y, test=(other, Y), loss="binary", measure=measure,
        input_names=("x", "y"), output_names=("first arm",),
    )  # fmt: skip


def classic_spirals(*, scale: float = 1.0, measure: Measure = "all_right") -> Task:
    """Two spirals without noise: 97 points per arm, three turns, 194 points in all.

    Point i = 0 … 96 of the first arm, class 1, lies at radius 6.5 (104 − i) / 104 and angle
    i π / 16, at (r sin, r cos); the other arm is its negative. So coordinates span ±6.5.

    Source: Lang & Witbrock (1988), “Learning to tell two spirals apart”; the points are those
    of Wieland's generator in the CMU benchmark collection.

    Args:
        scale: What all coordinates are multiplied by; 2 / 13 makes them span ±1.
        measure: What fitness is; see :class:`Supervised`.
    """
    scale = _checks.number("scale", scale, least=0.0, finite=True)
    i = np.arange(97)
    arm = scale * _polar(6.5 * (104 - i) / 104, i * np.pi / 16)
    return Task(
        "two-spirals-classic", {"scale": scale, "measure": measure},
        np.concatenate([arm, -arm]), np.repeat([[1.0], [0.0]], 97, axis=0),
        loss="binary", measure=measure, input_names=("x", "y"), output_names=("first arm",),
    )  # fmt: skip


def _polar(radius: Array, angle: Array) -> Array:
    """(B, 2) points at angles counted from the second axis."""
    points: Array = radius[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return points


# ------------------------------------------------------------------------------- patterns


def parity(n: int = 5, *, inputs: Coding = "signs", measure: Measure = "all_right") -> Task:
    """Whether an odd number of n bits is set; all 2ⁿ patterns, none left to test.

    Args:
        n: Bits, from 1 to 16.
        inputs: Bits as ``"signs"``, −1 and 1, or as ``"bits"``, 0 and 1.
        measure: What fitness is; see :class:`Supervised`.
    """
    if _checks.integer("n", n, 1) > _MOST_BITS:
        raise ValueError(_checks.message("n", f"at most {_MOST_BITS} bits", n))
    bits = _patterns(n)
    options = {"n": int(n), "inputs": inputs, "measure": measure}
    return Task(
        "parity", options, coded(bits, inputs), bits.sum(axis=1, keepdims=True) % 2, loss="binary",
        measure=measure, input_names=tuple(f"bit {k}" for k in range(n)), output_names=("odd",),
    )  # fmt: skip


def retina(
    goal: Literal["and", "or"] = "and", *, inputs: Coding = "bits", measure: Measure = "all_right"
) -> Task:
    """Whether a left and (or) a right object is seen by a retina of 4 × 2 pixels; all 256.

    A left object is in the left 2 × 2 block if three or more of its pixels are set, or one or
    two in its left column only; a right object likewise with the right column of the right
    block. That makes 8 of the 16 patterns of each side objects, so 64 of 256 patterns are
    right for “and”, 192 for “or”.

    Source: Kashtan & Alon (2005), figure 5a and text, who give this rule; it also yields the
    eight left objects drawn by Clune, Mouret & Lipson (2013), figure 2a. Clune et al. (2010)
    used other patterns and two outputs.

    Args:
        goal: ``"and"`` or ``"or"`` of the two sides.
        inputs: Pixels as ``"bits"``, 0 and 1, or as ``"signs"``, −1 and 1; those of a block in
            the order upper left, upper right, lower left, lower right.
        measure: What fitness is; see :class:`Supervised`.
    """
    _checks.one_of("goal", goal, ("and", "or"))
    bits = _patterns(8)
    left = _object_in(bits[:, :4], outer=0)
    right = _object_in(bits[:, 4:], outer=1)
    seen = left & right if goal == "and" else left | right
    corners = ("upper left", "upper right", "lower left", "lower right")
    return Task(
        "retina", {"goal": goal, "inputs": inputs, "measure": measure}, coded(bits, inputs),
        seen[:, None], loss="binary", measure=measure,
        input_names=tuple(f"{side}: {corner}" for side in ("L", "R") for corner in corners),
        output_names=(f"L {goal} R",),
    )  # fmt: skip


def _object_in(block: Array, outer: int) -> Array:
    """(B,) bool, whether there is one in each block (B, 4); ``outer`` is its outer column."""
    columns = block.reshape(-1, 2, 2).sum(axis=1)  # (B, 2)
    only_outer = (columns[:, outer] > 0) & (columns[:, 1 - outer] == 0)
    found: Array = (columns.sum(axis=1) >= 3) | only_outer
    return found


def _patterns(n: int) -> Array:
    """(2ⁿ, n) float64, every pattern of n bits; the first bit is the highest."""
    return ((np.arange(1 << n)[:, None] >> np.arange(n)[::-1]) & 1).astype(np.float64)


def coded(bits: Array, inputs: str) -> Array:
    """Bits as numbers: −1 and 1 for ``"signs"``, else 0 and 1."""
    _checks.one_of("inputs", inputs, ("signs", "bits"))
    return 2.0 * bits - 1.0 if inputs == "signs" else bits


# ------------------------------------------------------------------------------- MNIST-1D


def mnist1d(
    *,
    window: int | None = None,
    stride: int = 2,
    validation: float = 0.0,
    fresh: int | None = None,
    data_seed: int = 0,
    measure: Measure = "all_right",
) -> Task:
    """MNIST-1D: ten shapes of 40 values, each shifted, scaled, sheared and noisy; 4,000 samples.

    The frozen set, made offline and bit for bit by the package ``mnist1d``; its 1,000 held-out
    samples are the test set. A linear classifier reaches 32 % of them, an MLP 68 %, people
    96 %.

    Source: Greydanus & Kobak (2020), “Scaling down deep learning with MNIST-1D”.

    Args:
        window: Values seen at a time: a sample is then a sequence, one window per tick, and the
            answer at the last tick counts. That lets a network with loops look for the same
            feature everywhere. ``None`` shows all 40 values at once.
        stride: Values from one window to the next; those past the last whole window are not
            shown.
        validation: Share of the 4,000 training samples that fitness is judged on and that
            nobody learns from; 0 for none, and then it is judged on all 4,000.
        fresh: Seed of a freshly drawn test set, the last 1,000 samples of a set of that seed;
            ``None`` for the frozen one, whose seed is 42.
        data_seed: Of the choice of validation samples.
        measure: What fitness is; see :class:`Supervised`.

    Raises:
        ValueError: The package is missing, or an argument is not what it should be.
    """
    if _checks.number("validation", validation, least=0.0, finite=True) > 0.9:
        raise ValueError(_checks.message("validation", "a share from 0 to 0.9", validation))
    if window is not None and _checks.integer("window", window, 1) > 40:
        raise ValueError(_checks.message("window", "at most 40 values", window))
    _checks.integer("stride", stride, 1)
    x, y, *test = _mnist1d(42)
    if fresh is not None:
        test = list(_mnist1d(_checks.integer("fresh", fresh, 0))[2:])
    order = np.random.default_rng(_checks.integer("data_seed", data_seed, 0)).permutation(len(x))
    held = np.sort(order[: round(validation * len(x))])
    kept = np.sort(order[held.size :])
    options = {
        "window": None if window is None else int(window), "stride": int(stride),
        "validation": float(validation), "fresh": None if fresh is None else int(fresh),
        "data_seed": int(data_seed), "measure": measure,
    }  # fmt: skip
    X, Y, *weights = _windows(x[kept], y[kept], window, stride)
    judged = _windows(x[held], y[held], window, stride) if held.size else None
    return Task(
        "mnist1d", options, X, Y, test=_windows(test[0], test[1], window, stride),
        validation=judged, weights=weights[0] if weights else None, sequences=window is not None,
        loss="categorical", classes=10, measure=measure,
        input_names=tuple(f"x{k}" for k in range(X.shape[-1])),
        output_names=tuple(f"digit {k}" for k in range(10)),
    )  # fmt: skip


def _windows(x: Array, y: Array, window: int | None, stride: int) -> tuple[Array, ...]:
    """Samples (B, 40) as they are, or as sequences (T, B, window) answered at the last tick."""
    if window is None:
        return x, y
    starts = np.arange(0, x.shape[1] - window + 1, stride)
    X = x.T[starts[:, None] + np.arange(window)].swapaxes(1, 2)
    return X, *marked(np.eye(10)[y], starts.size - 1)


def marked(targets: Array, tick: int) -> tuple[Array, Array]:
    """Targets (B, O) at the last tick, which alone counts: Y (T, B, O) and weights (T, B)."""
    Y = np.zeros((tick + 1, *targets.shape))
    Y[tick] = targets
    weights = np.zeros(Y.shape[:2])
    weights[tick] = 1.0
    return Y, weights


@lru_cache(maxsize=4)
def _mnist1d(seed: int) -> tuple[Array, Array, Array, Array]:
    """Inputs (4000, 40) and classes (4000,), then those of the test set, of one seed."""
    # Importing it draws a picture library in, and it seeds both global generators.
    states = random.getstate(), np.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                from mnist1d.data import get_dataset_args, make_dataset
            except ImportError as error:
                raise ValueError(
                    _checks.message(
                        "mnist1d", "the package mnist1d", "none",
                        'Install it with pip install "neatgrow[mnist1d]".',
                    )
                ) from error  # fmt: skip
            settings = get_dataset_args()
            settings.seed = seed
            made = make_dataset(settings)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    x, y, x_test, y_test = (np.asarray(made[key]) for key in ("x", "y", "x_test", "y_test"))
    for part in (x, y, x_test, y_test):
        part.flags.writeable = False  # one copy serves every task
    return x, y, x_test, y_test
