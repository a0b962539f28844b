"""A user's simulator as C code that kernels call by address.

Numba keeps no code on disk for functions that take functions. So the simulator, two small
functions, is compiled once per process, and the kernel that plays episodes is not: it is handed
two addresses.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from neatgrow import _checks

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract"},
    "error_model": "numpy",
}
_C_SIGNATURE = types.float64(*[types.CPointer(types.float64)] * 5)
_ARRAYS = (types.float64[::1],) * 4
_LAST = {"reset": "start", "step": "action"}


class Sizes(NamedTuple):
    """Lengths of the arrays that a simulator sees, which C code does not tell it."""

    state: int
    inputs: int
    outputs: int
    parameters: int
    start: int


@intrinsic
def call_simulator(typing_context, address, state, observation, parameters, last, done):
    """Call ``double f(double *state, …, double *done)`` at an integer address.

    All are int64 addresses; ``last`` is the start's for reset and the action's for step.
    """
    signature = types.float64(*[types.int64] * 6)

    def codegen(context, builder, signature, args):
        double = context.get_value_type(types.float64)
        pointer = double.as_pointer()
        function = builder.inttoptr(args[0], ir.FunctionType(double, [pointer] * 5).as_pointer())
        return builder.call(function, [builder.inttoptr(arg, pointer) for arg in args[1:]])

    return signature, codegen


@lru_cache(maxsize=64)
def compiled(reset: Callable[..., Any], step: Callable[..., Any], sizes: Sizes) -> tuple[Any, Any]:
    """The C functions of a simulator, to be kept for as long as their addresses are used.

    C reset gives 0, C step the reward, both NaN where the function raised; C step writes 1 to
    ``done`` where the episode is over.

    Raises:
        TypeError: A function cannot be compiled, or does not return what it should.
        ValueError: A function raises when it is tried in Python.
    """
    _try_in_python(reset, step, sizes)
    begin, advance = _compiled("reset", reset), _compiled("step", step)
    n_state, n_inputs, n_outputs, n_parameters, n_start = sizes

    def c_reset(state, observation, parameters, start, done):
        try:
            begin(
                numba.carray(state, n_state),
                numba.carray(observation, n_inputs),
                numba.carray(parameters, n_parameters),
                numba.carray(start, n_start),
            )
        except Exception:
            return np.nan
        return 0.0

    def c_step(state, observation, parameters, action, done):
        try:
            reward, over = advance(
                numba.carray(state, n_state),
                numba.carray(observation, n_inputs),
                numba.carray(parameters, n_parameters),
                numba.carray(action, n_outputs),
            )
        except Exception:
            return np.nan
        if over:
            done[0] = 1.0
        return float(reward)

    return tuple(numba.cfunc(_C_SIGNATURE, **_OPTIONS)(f) for f in (c_reset, c_step))


def _compiled(role: str, function: Callable[..., Any]) -> Any:
    """The function compiled for four arrays; one that is compiled already as it is."""
    dispatcher: Any = function
    if not hasattr(function, "py_func"):
        dispatcher = numba.njit(**_OPTIONS, boundscheck=True)(function)
    try:
        dispatcher.compile(_ARRAYS)
    except (NumbaError, TypeError) as error:
        raise TypeError(_refusal(role, function, error)) from error
    if role == "step":
        answer = dispatcher.overloads[_ARRAYS].signature.return_type
        pair = isinstance(answer, types.BaseTuple) and len(answer) == 2
        if not (pair and all(isinstance(t, (types.Number, types.Boolean)) for t in answer)):
            raise TypeError(_wrong_answer(function, f"{answer}"))
    return dispatcher


def _try_in_python(reset: Callable[..., Any], step: Callable[..., Any], sizes: Sizes) -> None:
    """Call plain functions once, where an index outside an array is an error and not a crash."""
    state, observation = np.zeros(sizes.state), np.zeros(sizes.inputs)
    given = [np.full(n, 0.5) for n in (sizes.parameters, sizes.start, sizes.outputs)]
    for array in given:
        array.flags.writeable = False
    parameters, start, action = given
    with np.errstate(all="ignore"):
        _called("reset", reset, state, observation, parameters, start)
        answer = _called("step", step, state, observation, parameters, action)
    if not (hasattr(step, "py_func") or (isinstance(answer, tuple) and len(answer) == 2)):
        raise TypeError(_wrong_answer(step, _checks.shown(answer)))


def _called(role: str, function: Callable[..., Any], *arrays: Any) -> Any:
    if hasattr(function, "py_func"):
        return None
    try:
        return function(*arrays)
    except (Exception, SystemExit) as error:
        sizes = ", ".join(f"{a.size}" for a in arrays)
        raise ValueError(
            _checks.message(
                _name(role, function),
                f"no error when tried on state, observation, parameters and {_LAST[role]} of "
                f"lengths {sizes}",
                f"{type(error).__name__}: {error}",
                "Parameters, start and action are read-only.",
            )
        ) from error


def _wrong_answer(function: Callable[..., Any], got: str) -> str:
    return _checks.message(
        _name("step", function), "two values, reward and done, to be returned", got,
        "End it with: return reward, done.",
    )  # fmt: skip


def _refusal(role: str, function: Callable[..., Any], error: Exception) -> str:
    """Numba's reason without its preamble and its list of candidates, and where."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("Failed in nopython mode")]
    reason = " ".join(told[:2]) if told and told[0].endswith(":") else (told or ["no reason"])[0]
    place = next((line for line in told if line.startswith("File ")), "")
    where = f" ({place.rstrip(':')})" if place else ""
    return _checks.message(
        _name(role, function),
        f"a function of state, observation, parameters and {_LAST[role]} that numba compiles",
        f"one that it refuses{where}: {reason.rstrip('.')}",
        "Use numbers, these arrays, math, numpy, and functions that are compiled themselves.",
    )


def _name(role: str, function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return role if name == role else f"{role} {name!r}"
