"""Checks of what callers pass in, with messages of one form.

Every message reads ``{what}: expected {rule}, got {value or shape}. {what to do}.``
"""

import difflib
import math
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_PACKAGE = str(Path(__file__).parent) + os.sep
_Masked = np.ma.MaskedArray
_PLAIN = {int, float, bool, np.float32, np.float64}
_MAY_BE_MASKED = (list, tuple, _Masked)


def shown(value: object) -> str:
    """A value as a message shows it: arrays by shape and dtype, long text cut."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def printable(text: str) -> str:
    """Text whose control characters are shown as escapes, so that no terminal obeys them.

    Whatever is shown of a file or of an error goes through it, line ends and tabs untouched.
    """
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


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
        TypeError: The value is not numeric, or has fractions where ``dtype`` has none.
        ValueError: Shape differs, values are masked, or not finite where they must be.
    """
    if type(value) is not np.ndarray:
        refuse_masked(what, value, remedy)
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "biufO":
            raise TypeError(f"dtype {given.dtype} holds no real numbers")
        if given.dtype.kind == "O":
            _check_objects(given)
        elif given.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
            _check_whole(given)
        result = np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        rule = f"numbers of shape {_shape_text(shape)}"
        raise TypeError(message(what, rule, shown(value), remedy)) from error
    if given.ndim == 0:
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


def refuse_masked(what: str, value: ArrayLike, remedy: str = "") -> None:
    """Raise ValueError where an array, or one in a list, has masked values: NumPy drops masks."""
    if _is_masked(value):
        rule, got = "numbers of which none is masked", "some that are"
        raise ValueError(message(what, rule, got, remedy or "Fill them in with filled(…)."))


def _is_masked(value: object) -> bool:
    if isinstance(value, _Masked):
        return bool(np.ma.is_masked(value))
    # In one pass by type where all are plain numbers: this is run for every tick of a network.
    if isinstance(value, (list, tuple)) and not _PLAIN.issuperset(map(type, value)):
        return any(isinstance(part, _MAY_BE_MASKED) and _is_masked(part) for part in value)
    return False


def _check_objects(given: NDArray[Any]) -> None:
    """Refuse what NumPy would take for numbers: None for NaN, text for what it spells."""
    for index, entry in np.ndenumerate(given):
        if entry is None or isinstance(entry, (str, bytes, complex, np.complexfloating)):
            raise TypeError(f"{shown(entry)} at index {index} is no real number")


def _check_whole(given: NDArray[Any]) -> None:
    if not (np.isfinite(given) & (given == np.floor(given))).all():
        raise TypeError("fractions are no integers")


def indices(what: str, value: ArrayLike, below: int) -> NDArray[np.int64]:
    """``value`` as (K,) int64 from 0 to ``below`` − 1; truth values are refused."""
    result = array(what, value, ("K",), np.int64)
    if np.asarray(value).dtype.kind == "b":
        remedy = "Pass np.flatnonzero(…) of them."
        raise TypeError(message(what, f"indices below {below}", "truth values", remedy))
    if result.size and not 0 <= result.min() <= result.max() < below:
        worst = result.min() if result.min() < 0 else result.max()
        raise ValueError(message(what, f"indices below {below}", f"{worst}"))
    return result


def integer(what: str, value: object, at_least: int, remedy: str = "") -> int:
    """``value`` as an int from ``at_least`` to 2⁶³−1; bools and fractions are refused."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(message(what, f"an integer of at least {at_least}", shown(value), remedy))
    if value < at_least:
        raise ValueError(message(what, f"an integer of at least {at_least}", value, remedy))
    if value >= 1 << 63:
        raise ValueError(message(what, "an integer below 2**63", value, remedy))
    return int(value)


def number(
    what: str,
    value: object,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
    finite: bool = False,
) -> float:
    """``value`` as a float within bounds; NaN, bools and complex numbers are refused.

    Args:
        what: Name used in messages.
        value: A number of Python's or NumPy's.
        above: What it must exceed.
        least: The least that it may be.
        most: The most that it may be.
        finite: Whether infinities are refused.

    Raises:
        TypeError: It is no real number.
        ValueError: It is NaN, or outside the bounds.
    """
    rule = "a number"
    if least > -math.inf:
        rule += f" of at least {least:g}" if most == math.inf else f" from {least:g} to {most:g}"
    elif above > -math.inf:
        rule += f" above {above:g}" if most == math.inf else f" above {above:g} and up to {most:g}"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(message(what, rule, shown(value)))
    try:
        result = float(value)
    except OverflowError as error:  # an int beyond the floats
        raise ValueError(message(what, "a number that a float can hold", value)) from error
    if finite and math.isinf(result):
        raise ValueError(message(what, rule.replace("a number", "a finite number"), shown(value)))
    if not least <= result <= most or (result <= above and above > -math.inf):
        raise ValueError(message(what, rule, shown(value)))
    return result


def warn(text: str) -> None:
    """A RuntimeWarning at the line outside of this package that led here, however deep."""
    frame, level = sys._getframe(1), 2
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    warnings.warn(printable(text), RuntimeWarning, stacklevel=level)


def flag(what: str, value: object) -> bool:
    """``value`` as a bool; numbers and text that may stand for one are refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(message(what, "True or False", shown(value)))
    return bool(value)


def real(what: str, value: Any, remedy: str = "") -> float:
    """What a user's function answered as a float, NaN and infinities included.

    Taken are numbers of Python's and NumPy's, bools as 0 and 1, arrays without an axis, and
    what else says how it becomes a float.

    Raises:
        TypeError: It is no real number, such as ``None``, text, or a masked one.
    """
    fits = isinstance(value, (float, int, np.floating, np.integer, np.bool_))
    if isinstance(value, np.ndarray):
        fits = value.ndim == 0 and value.dtype.kind in "biuf" and not np.ma.is_masked(value)
    elif not isinstance(value, np.generic):
        fits = fits or hasattr(value, "__float__")
    try:
        if fits:
            return float(value)
    except OverflowError:  # an int beyond the floats
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(message(what, "one number", shown(value), remedy)) from error
    raise TypeError(message(what, "one number", shown(value), remedy))


def names(what: str, value: Sequence[str] | None) -> tuple[str, ...] | None:
    """``value`` as names; one text, whose letters would be taken for them, is refused."""
    if value is None:
        return None
    given = () if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    if not given or not all(isinstance(name, str) for name in given):
        raise TypeError(message(what, "a sequence of names", shown(value)))
    return given


def path(what: str, value: str | PathLike[str]) -> Path:
    """``value`` as a path; empty text, which would mean the current directory, is refused."""
    if not isinstance(value, (str, PathLike)) or not isinstance(fspath(value), str):
        raise TypeError(message(what, "a path", shown(value)))
    if not fspath(value):
        raise ValueError(message(what, "a path", "empty text", "Pass '.' for where you are."))
    return Path(value)


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
