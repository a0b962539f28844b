"""Checks of what callers pass in, with messages of one form.

Every message reads ``{what}: expected {rule}, got {value or shape}. {what to do}.``
"""

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


def shown(value: object) -> str:
    """A value as a message shows it: arrays by shape and dtype, long text cut."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def message(what: str, rule: str, got: object, remedy: str = "") -> str:
    """The one form of an error message; ``got`` is shown unless it is already text."""
    text = f"{what}: expected {rule}, got {got if isinstance(got, str) else shown(got)}."
    return f"{text} {remedy}" if remedy else text


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ``Did you mean 'add_node'?``, or the list of what is known."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(names)}." if names else ""


def array(
    what: str,
    value: ArrayLike,
    shape: tuple[int | str, ...],
    dtype: DTypeLike = np.float64,
    *,
    remedy: str = "",
    finite: bool = False,
) -> NDArray[Any]:
    """``value`` as a C-contiguous array of ``dtype``, its shape checked.

    Args:
        what: Name used in messages.
        value: Anything NumPy takes.
        shape: One entry per axis; an int must match, a str names a free axis.
        dtype: Wanted dtype.
        remedy: What the caller should do, said at the end of the message.
        finite: Whether NaN and infinities are refused.

    Raises:
        TypeError: The value is not numeric.
        ValueError: Shape differs, or values are not finite where they must be.
    """
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "biufO":
            raise TypeError(f"dtype {given.dtype} holds no real numbers")
        result = np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(
            message(what, f"numbers of shape {_shape_text(shape)}", value, remedy)
        ) from error
    if given.ndim == 0 and shape:
        result = result.reshape(())  # ascontiguousarray promotes scalars to one axis
    matches = result.shape == shape or (
        result.ndim == len(shape)
        and all(isinstance(w, str) or w == got for w, got in zip(shape, result.shape, strict=True))
    )
    if not matches:
        raise ValueError(message(what, f"shape {_shape_text(shape)}", f"{result.shape}", remedy))
    if finite and not np.isfinite(result).all():
        bad = int(np.flatnonzero(~np.isfinite(result.ravel()))[0])
        where = tuple(int(i) for i in np.unravel_index(bad, result.shape))
        raise ValueError(
            message(what, "finite numbers", f"{result.ravel()[bad]} at index {where}", remedy)
        )
    return result


def integer(what: str, value: object, at_least: int, remedy: str = "") -> int:
    """``value`` as an int from ``at_least`` to 2⁶³−1; bools and fractions are refused."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(message(what, f"an integer of at least {at_least}", value, remedy))
    if value < at_least:
        raise ValueError(message(what, f"an integer of at least {at_least}", value, remedy))
    if value >= 1 << 63:
        raise ValueError(message(what, "an integer below 2**63", value, remedy))
    return int(value)


def number(what: str, value: object) -> float:
    """``value`` as a float; NaN is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or value != value:
        raise TypeError(message(what, "a number", value))
    return float(value)


def flag(what: str, value: object) -> bool:
    """``value`` as a bool, which nothing but a bool is."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(message(what, "True or False", value))
    return bool(value)


def one_of(what: str, value: object, known: Iterable[str]) -> str:
    """``value`` if it is one of the known names."""
    names = list(known)
    if value not in names:
        raise ValueError(
            message(what, f"one of {', '.join(names)}", shown(value), nearest(str(value), names))
        )
    return str(value)


def _shape_text(shape: tuple[int | str, ...]) -> str:
    inner = ", ".join(str(axis) for axis in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
