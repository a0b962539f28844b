"""What there is to learn, and samples and sequences as kernels take them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow.genomes import Interface
from neatgrow.kernels.backward import Data
from neatgrow.kernels.layout import Array


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
    inputs, targets = (np.ascontiguousarray(np.swapaxes(a, 2, 3), dtype) for a in wide[:2])
    return Data(inputs, targets, np.ascontiguousarray(wide[2], dtype))


def _targets(Y: ArrayLike, count: int, sizes: tuple[int, ...], outputs: int, labels: bool) -> Array:
    """(1 or N, …, O) float64."""
    given = np.asarray(Y)
    if labels and given.dtype.kind in "iu" and given.shape in (sizes, (count, *sizes)):
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
    """(1 or N, …) float64."""
    own = np.ndim(weights) == len(sizes) + 1
    w = _checks.array("weights", weights, (*((count,) if own else ()), *sizes), finite=True)
    if (w < 0).any():
        raise ValueError(_checks.message("weights", "numbers of at least 0", f"{w.min():g}"))
    return w if own else w[None]
