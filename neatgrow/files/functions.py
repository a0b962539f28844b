"""What files keep of functions that users registered: what each gives at some points, so that
another one under its name is noticed."""

import ctypes
from collections.abc import Iterable
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow.files.archive import UnknownContentError, plain
from neatgrow.kernels import dynamics, functions
from neatgrow.kernels.dynamics import MOST
from neatgrow.timing import Dynamics

# Files hold values at these, so they never change.
_POINTS = (-30.0, -7.3, -3.1, -1.7, -1.0, -0.6, -0.1, 0.0, 0.1, 0.35, 1.0, 1.3, 2.2, 5.9, 30.0)
_PARAMETERS = (0.7, 1.3, 0.2, 2.1, -0.4, 3.0, 0.9, 1.9)
_CLOSE = 1e-9  # relative: last bits differ between machines


def described() -> dict[str, dict[str, dict[str, Any]]]:
    """Every registered function by column and name."""
    return {
        "activation": {
            name: {"values": [own.compiled.ctypes(z) for z in _POINTS]}
            for name, own in functions.registered().items()
        },
        "dynamics": {
            name: _of_dynamics(declared, own.compiled)
            for name, (declared, own) in dynamics.registered().items()
        },
    }


def _of_dynamics(declared: Dynamics, compiled: Any) -> dict[str, Any]:
    """What a node gives at one point after the other, from state 0, and its state at the end."""
    room = np.zeros(2 * MOST)
    room[MOST:] = _PARAMETERS
    address = room.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    values = [compiled.ctypes(z, address) for z in _POINTS]
    return {
        "states": declared.states,
        "columns": list(declared.columns),
        "activates": declared.activates,
        "values": [*values, *room[: declared.states].tolist()],
    }


def check_functions(column: str, names: Iterable[str], metadata: dict[str, Any]) -> None:
    """Refuse functions that are others than those that a file was written with.

    Args:
        column: ``"activation"``, ``"dynamics"``, or any other column, which has none.
        names: Of the functions in use.
        metadata: Of genomes; older files keep nothing, and are believed.

    Raises:
        UnknownContentError: One is another.
        DAMAGE: What the file keeps is unsound.
    """
    kept = plain({"functions": {}, **metadata}, "functions", dict).get(column, {})
    here = described().get(column, {})
    for name in names:
        if name not in kept or name not in here:
            continue
        then, now = dict(kept[name]), dict(here[name])
        old, new = (np.array(d.pop("values"), np.float64).ravel() for d in (then, now))
        if then == now and old.shape == new.shape:
            same = np.isclose(new, old, rtol=_CLOSE, atol=1e-12, equal_nan=True)
            if same.all():
                continue
            k = int(np.argmin(same))
            got = f"another of that name ({new[k]:.6g} where the file has {old[k]:.6g})"
        else:
            got = "another of that name"
        rule = f"the function {name!r} that the file was written with"
        raise UnknownContentError(
            _checks.message(column, rule, got, "Register that one before loading.")
        )
