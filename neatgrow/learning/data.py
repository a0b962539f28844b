"""What there is to learn, and samples and sequences as kernels take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import losses, parallel
from neatgrow.kernels.backward import Data

_LOSS_NS = 1.0  # estimated work per output


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a problem offers to learners; see :func:`neatgrow.fine_tune` for the shapes.

    Attributes:
        X: Inputs.
        Y: Targets.
        loss: Name of the loss that they are learned by.
        weights: Of each sample, or ``None``.
        sequences: Whether X has an axis of ticks.
    """

    X: Array
    Y: Array
    loss: str = "mse"
    weights: Array | None = None
    sequences: bool = False


def padded(pairs: list[tuple[Array, Array]], loss: str, *, sequences: bool = True) -> Lessons:
    """Lessons of sequences of different lengths, the shorter ones filled up with weight 0.

    Args:
        pairs: Inputs (T, I) and targets (T, O) of each sequence.
        loss: Name of the loss.
        sequences: Whether to keep them as such, or as single samples.

    Raises:
        ValueError: There are none, or inputs and targets differ in length.
    """
    lengths = [len(x) for x, _ in pairs]
    if not sum(lengths):
        raise ValueError("sequences: expected at least one of one tick or more, got none.")
    for k, (x, y) in enumerate(pairs):
        if len(x) != len(y):
            raise ValueError(
                _checks.message(f"sequence {k}", f"{len(x)} targets, one per input", len(y))
            )
    X, Y = (np.concatenate([pair[side] for pair in pairs]) for side in range(2))
    if not sequences:
        return Lessons(X, Y, loss)
    ticks = np.concatenate([np.arange(length) for length in lengths])
    row = np.repeat(np.arange(len(pairs)), lengths)
    weights = np.zeros((max(lengths), len(pairs)))
    weights[ticks, row] = 1.0
    wide = []
    for values in (X, Y):
        wide.append(np.zeros((*weights.shape, values.shape[1])))
        wide[-1][ticks, row] = values
    return Lessons(wide[0], wide[1], loss, weights, True)


def checked_set(what: str, given: tuple[ArrayLike, ...]) -> tuple[ArrayLike, ...]:
    """Inputs, targets and, where there are any, weights of a set of samples.

    Raises:
        TypeError: There are fewer or more parts.
    """
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        rule = "(X, Y) or (X, Y, weights)"
        raise TypeError(_checks.message(what, rule, _checks.shown(given)))
    return tuple(given)


def prepared(
    interface: Interface,
    count: int,
    X: ArrayLike,
    Y: ArrayLike,
    weights: ArrayLike | None,
    *,
    sequences: bool,
    labels: bool,
    dtype: Any,
) -> Data:
    """Data of a call, checked, with samples innermost.

    Args:
        interface: Inputs and outputs.
        count: N networks.
        X: (B, I) or (N, B, I); of sequences (T, B, I) or (N, T, B, I).
        Y: Likewise with O in the place of I; where ``labels`` also integers without the last
            axis, the number of each sample's class.
        weights: Like ``Y`` without the last axis: of each sample, 0 to leave one out; or ``None``.
        sequences: Whether X has an axis of ticks.
        labels: Whether targets may be class numbers.
        dtype: Of the networks.

    Raises:
        ValueError: Shapes do not fit, values are not finite, or labels are out of range.
        TypeError: Values are not numbers.
    """
    axes: tuple[int | str, ...] = ("T", "B") if sequences else ("B",)
    own = np.ndim(X) == len(axes) + 2
    shape = ((count,) if own else ()) + axes
    x = _checks.array("X", X, (*shape, interface.inputs), finite=True)
    sizes = x.shape[own:-1]
    if 0 in sizes:
        raise ValueError(_checks.message("X", "at least one sample", f"shape {x.shape}"))
    y = _targets(Y, count, sizes, interface.outputs, labels)
    w = np.ones((1, *sizes)) if weights is None else _weights(weights, count, sizes)
    x = interface.prepared(x if own else x[None])
    most = max(x.shape[0], y.shape[0], w.shape[0])
    if not sequences:
        x, y, w = x[:, None], y[:, None], w[:, None]
    wide = [np.broadcast_to(a, (most, *a.shape[1:])) for a in (x, y, w)]
    # Copies, for a broadcast array is read-only and would have kernels compiled once more.
    inputs, targets = (np.array(np.swapaxes(a, 2, 3), dtype, order="C") for a in wide[:2])
    return Data(inputs, targets, np.array(wide[2], dtype, order="C"))


def _targets(Y: ArrayLike, count: int, sizes: tuple[int, ...], outputs: int, labels: bool) -> Array:
    """Targets (1 or N, …, O) float64; class numbers become one-hot rows."""
    _checks.refuse_masked("Y", Y)
    given = np.asarray(Y)
    numbers = given.shape in (sizes, (count, *sizes)) and given.shape != (*sizes, outputs)
    if labels and given.dtype.kind in "iu" and numbers:
        if given.min() < 0 or given.max() >= outputs:
            worst = given.min() if given.min() < 0 else given.max()
            raise ValueError(
                _checks.message("Y", f"class numbers from 0 to {outputs - 1}", f"{worst}")
            )
        one_hot: Array = np.eye(outputs)[given]
        return one_hot if given.ndim > len(sizes) else one_hot[None]
    own = given.ndim == len(sizes) + 2
    y = _checks.array("Y", Y, (*((count,) if own else ()), *sizes, outputs), finite=True)
    return y if own else y[None]


def _weights(weights: ArrayLike, count: int, sizes: tuple[int, ...]) -> Array:
    """Weights (1 or N, …) float64, none below 0."""
    own = np.ndim(weights) == len(sizes) + 1
    w = _checks.array("weights", weights, (*((count,) if own else ()), *sizes), finite=True)
    if (w < 0).any():
        raise ValueError(_checks.message("weights", "numbers of at least 0", f"{w.min():g}"))
    return w if own else w[None]


def losses_of(outputs: Array, Y: Array, weights: Array, loss: str) -> Array:
    """(N,) float64 losses of what networks answered.

    Args:
        outputs: (N, B, O) of ``Networks.predict``, or (N, T, B, O) of ``run``.
        Y: (B, O) or (T, B, O) targets.
        weights: (B,) or (T, B).
        loss: Name.
    """
    if outputs.ndim == 3:
        outputs, Y, weights = outputs[:, None], Y[None], weights[None]
    rows = np.ascontiguousarray(np.swapaxes(outputs, 2, 3))
    targets = np.ascontiguousarray(np.swapaxes(Y, 1, 2))[None]
    nothing = np.empty((1, targets.shape[1], 0, targets.shape[3]))
    data = Data(nothing, targets, np.ascontiguousarray(weights)[None])
    found = np.empty(rows.shape[0])
    ranges = parallel.split(np.arange(rows.shape[0] + 1), rows[0].size * _LOSS_NS)
    parallel.over_ranges(losses.judge, ranges, rows, losses.LOSSES.index(loss), data, found)
    return found
