"""Dynamics: what a node does with its input over time, each declared once by name and opcode.

After a tick's z, a node of timed dynamics updates its state s and gives

    v = update(z, s, parameters),   a = f(v)

with its activation f. A user's own update is compiled to a C function; its address travels with
those of activations, so no kernel is compiled again for it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Values, column_names
from neatgrow.kernels import functions
from neatgrow.kernels.code_hash import code_hash
from neatgrow.kernels.functions import (
    FIRST_CUSTOM,
    Registered,
    activate,
    address_of,
    checked_name,
    like,
    reason,
    slope,
)
from neatgrow.kernels.jit import at, helper

TIMED = FIRST_CUSTOM - 1  # in a plan, in the place of the activation of nodes that are not instant
KIND, STATE, SIZE, FUNCTION = range(4)  # columns of Plan.dynamics
MOST = 8  # states of a node, and parameters of a dynamics


class Dynamics(NamedTuple):
    """The declaration of a dynamics."""

    name: str
    states: int = 0  # slots of its own that a node has
    columns: tuple[str, ...] = ()  # value columns of nodes that it reads, in order
    activates: bool = True  # whether the node's activation is applied to what update gives
    learns: bool = False  # whether it has a derivative


BUILT_IN = (
    Dynamics("instant", learns=True),
    Dynamics("leaky", 1, ("time_constant",), learns=True),  # CTRNN: Beer (1995)
)
INSTANT, LEAKY = range(2)


@helper
def update(kind, z, state, parameters, custom):
    """What the activation is applied to; ``state`` is updated.

    Args:
        kind: Opcode.
        z: Bias and aggregate of the tick.
        state: (states,) of the node, from the tick before.
        parameters: (P,) of the node.
        custom: (2, K) int64 addresses of registered functions.
    """
    if kind == LEAKY:  # s ← s + (1 − e^(−1/τ))·(z − s), exact for constant z
        state[0] -= like(z, math.expm1(-1.0 / parameters[0])) * (z - state[0])
        return state[0]
    return _call_own(custom[1, kind - FIRST_CUSTOM], z, state, parameters)


@helper
def derivative(kind, z, state, parameters, d_after, d_before, d_parameters):
    """∂L/∂z of an update, of the dynamics that have a derivative.

    Args:
        kind: Opcode.
        z: As for :func:`update`.
        state: (states,) before the update.
        parameters: (P,).
        d_after: (∂L/∂v, (states,) ∂L/∂s after the update).
        d_before: (states,) ∂L/∂s before the update, added to.
        d_parameters: (P,) ∂L/∂parameters, added to.
    """
    if kind == LEAKY:
        d_state = d_after[0] + d_after[1][0]
        kept = like(z, math.exp(-1.0 / parameters[0]))
        d_before[0] += kept * d_state
        d_parameters[0] += d_state * (state[0] - z) * kept / (parameters[0] * parameters[0])
        return (like(z, 1.0) - kept) * d_state
    return like(z, 0.0)


@helper
def advance(row, parameters, custom, z, slots):
    """The value of a node after a tick; its state in ``slots`` is updated.

    Args:
        row: (4,) of ``Plan.dynamics``.
        parameters: (P,) of ``Plan.parameters``.
        custom: (2, K) int64 addresses of registered functions.
        z: Bias and aggregate.
        slots: (slots,) of its network.
    """
    first = at(row[STATE])
    v = update(row[KIND], z, slots[first : first + at(row[SIZE])], parameters, custom)
    return activate(row[FUNCTION], v, address_of(row[FUNCTION], custom))


@helper
def retreat(row, parameters, custom, node, slots, d_parameters, room):
    """∂L/∂z of a node, through its activation and its update; slopes of its state are added.

    Args:
        row: As for :func:`advance`.
        parameters: Likewise.
        custom: Likewise.
        node: (z, a, ∂L/∂a) of the tick.
        slots: ((slots,) values before the tick, ∂L/∂ of those after it, and of those before).
        d_parameters: (P,), added to.
        room: (MOST,) scratch.
    """
    z, a, d_a = node
    before, d_now, d_before = slots
    first, size = at(row[STATE]), at(row[SIZE])
    for k in range(size):
        room[k] = before[first + k]
    v = update(row[KIND], z, room[:size], parameters, custom)
    d_v = d_a * slope(row[FUNCTION], v, a, address_of(row[FUNCTION], custom))
    last = first + size
    return derivative(
        row[KIND], z, before[first:last], parameters, (d_v, d_now[first:last]),
        d_before[first:last], d_parameters,
    )  # fmt: skip


# ------------------------------------------------------------------------------- one's own


_POINTER = types.CPointer(types.float64)


@intrinsic
def _room(typing_context):
    """Room for state and parameters on the stack, as helpers may not allocate arrays."""

    def codegen(context, builder, signature, args):
        return cgutils.alloca_once(builder, ir.DoubleType(), size=2 * MOST)

    return _POINTER(), codegen


@intrinsic
def _call(typing_context, address, z, room):
    """Call the C function ``double f(double z, double *room)`` at an integer address."""

    def codegen(context, builder, signature, args):
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double, double.as_pointer()])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return types.float64(types.int64, types.float64, _POINTER), codegen


@helper
def _call_own(address, z, state, parameters):
    """A registered update, in float64 whatever the network's precision."""
    room = _room()
    for k in range(state.shape[0]):
        room[k] = np.float64(state[k])
    for p in range(parameters.shape[0]):
        room[MOST + p] = np.float64(parameters[p])
    v = _call(address, np.float64(z), room)
    for k in range(state.shape[0]):
        state[k] = like(z, room[k])
    return like(z, v)


_registered: dict[str, tuple[Dynamics, Registered]] = {}  # by name, in order of opcode
_NONE = np.zeros((2, 0), np.int64)


def register_dynamics(
    name: str,
    function: Callable[[float, Array, Array], float],
    *,
    states: int = 1,
    columns: Sequence[str] = (),
    activates: bool = True,
    replace: bool = False,
) -> None:
    """Let nodes change over time by a function of your own under ``name``.

    ``Config(genes=Genes(dynamics=Choices(options=("instant", name), …)))`` uses it. It has no
    gradient, so genomes with such nodes do not learn. Worker processes are given it. Files keep
    what it does at some points: register it before loading them; another of that name is refused
    there. Registering the same again changes nothing.

    Args:
        name: Any name not taken yet; it is what genomes are saved with.
        function: ``function(z, state, parameters)``, called for each such node at every tick,
            with what enters it, its state (S,), which it writes to, and the values (P,) of its
            columns; it returns what the node's activation is applied to. In the part of Python
            that numba compiles; compiled here, once (about 0.2 s).
        states: S, numbers that a node keeps from tick to tick, 0 at the start; at most 8.
        columns: P value columns of nodes that it reads, at most 8: registered ones, which
            genomes must have then, or ``"bias"``.
        activates: Whether the activation is applied; if not, what is returned is the node's value.
        replace: Whether it may take the place of another of the same name, also in genomes that
            use it.

    Raises:
        ValueError: The name is taken or means something else, a column is none of nodes with
            numbers, there are too many states or columns, or the function raises when it is tried.
        TypeError: The name is no text, or the function cannot be compiled.
    """
    checked_name("dynamics", name)
    what = f"dynamics {name!r}"
    declared = Dynamics(name, states, tuple(columns), _checks.flag("activates", activates))
    code = code_hash(function)
    if code is not None and name in _registered:
        before, own = _registered[name]
        if (before, own.code) == (declared, code):
            return
    if name in opcodes() and not (replace and name in _registered):
        remedy = "Choose another, or pass replace=True for one of your own."
        raise ValueError(_checks.message(what, "a new name", "one that is taken", remedy))
    for part, count in (("states", _checks.integer(f"{what}, states", states, 0)),
                        ("columns", len(columns))):  # fmt: skip
        if count > MOST:
            raise ValueError(_checks.message(f"{what}, {part}", f"at most {MOST}", count))
    known = column_names("node", Values, tuple(COLUMNS))
    for column in columns:
        _checks.one_of(f"{what}, columns", column, known)
    compiled = compiled_update(what, function, states, len(columns))
    _registered[name] = declared, Registered(function, compiled, code)


def compiled_update(what: str, function: Callable[..., float], states: int, parameters: int) -> Any:
    """The C function of an update; it gives NaN where the user's raises.

    Raises:
        ValueError: The function raises when it is tried.
        TypeError: It cannot be compiled.
    """
    try:  # in Python first, where an index outside an array is an error and not a crash
        with np.errstate(all="ignore"):
            float(function(0.5, np.zeros(states), np.full(parameters, 0.5)))
    except Exception as error:
        rule = f"no error when tried on z, {states} states and {parameters} parameters"
        got = f"{type(error).__name__}: {error}"
        raise ValueError(_checks.message(what, rule, got)) from error
    own = numba.njit(error_model="numpy", nogil=True, boundscheck=True)(function)

    def c_update(z, room):
        try:
            values = numba.carray(room, MOST + parameters)
            return float(own(z, values[:states], values[MOST:]))
        except Exception:
            return np.nan

    try:
        return numba.cfunc(types.float64(types.float64, _POINTER), error_model="numpy")(c_update)
    except Exception as error:  # numba's own, and others from within it
        raise TypeError(
            f"{what}: expected a function of z, state and parameters that numba compiles. "
            f"{reason(error)}"
        ) from error


def declarations() -> dict[int, Dynamics]:
    """Every dynamics by opcode, registered ones included."""
    own = (declared for declared, _ in _registered.values())
    return dict(enumerate(BUILT_IN)) | dict(enumerate(own, FIRST_CUSTOM))


def opcodes() -> dict[str, int]:
    """Opcode of every dynamics by name, registered ones included."""
    return {declared.name: code for code, declared in declarations().items()}


def check_columns(declared: Dynamics, columns: Sequence[str]) -> None:
    """Raise ValueError unless what a dynamics reads is among the columns of genomes."""
    for name in declared.columns:
        if name not in columns:
            rule = f"the column {name!r}, which dynamics {declared.name!r} reads"
            raise ValueError(_checks.message("genes", rule, "none", f'Set "genes.{name}": True.'))


def registered() -> dict[str, tuple[Dynamics, Registered]]:
    """The registered dynamics by name, in order of opcode."""
    return _registered


def custom_addresses() -> Array:
    """(2, K) int64 addresses of C code: of registered activations, and of registered dynamics."""
    activations = functions.registered_addresses()
    if not (activations or _registered):
        return _NONE
    own = [update.compiled.address for _, update in _registered.values()]
    table = np.zeros((2, max(len(activations), len(own))), np.int64)
    table[0, : len(activations)], table[1, : len(own)] = activations, own
    return table
