"""Dynamics: what a node does with its input over time, each by name and opcode.

After a tick's z, a node of timed dynamics updates its states and gives a value v; its own is then
a = f(v) with its activation f, or v itself. Equations of those that are built in are in
:mod:`neatgrow.kernels.neurons`, their declarations in :mod:`neatgrow.timing`. A user's own update
is compiled to a C function; its address travels with those of activations, so no kernel is
compiled again for it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Values, column_names
from neatgrow.kernels import functions, neurons
from neatgrow.kernels.code_hash import code_hash
from neatgrow.kernels.functions import (
    FIRST_CUSTOM,
    Registered,
    activate,
    address_of,
    checked_name,
    like,
    reason,
)
from neatgrow.kernels.jit import at, helper, merged, summing
from neatgrow.kernels.plan import STEP, SUBSTEPS
from neatgrow.kernels.rows import any_row, slope_row
from neatgrow.timing import BUILT_IN, Dynamics

TIMED = FIRST_CUSTOM - 1  # in a plan, in the place of the activation of nodes that are not instant
KIND, STATE, SIZE, FUNCTION = range(4)  # columns of Plan.dynamics
MOST = 8  # states of a node, and parameters of a dynamics
INSTANT, LEAKY, LIF, IZHIKEVICH = range(4)


@helper
def _advance(plan, custom, v, z, slots):
    """The value of node v after a tick; its states in ``slots`` are updated.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        v: Node.
        z: Bias and aggregate.
        slots: (slots,) of its network.
    """
    row, p = plan.dynamics[v], plan.parameters[v]
    kind, k = row[KIND], at(row[STATE])
    if kind == LEAKY:
        slots[k] += neurons.share(plan.pace[0, STEP], p[0]) * (z - slots[k])
        value = slots[k]
    elif kind == LIF:
        value, slots[k], slots[k + at(1)], slots[k + at(2)], slots[k + at(3)] = neurons.lif_forth(
            neurons.lif_of(p, plan.pace[0]), z, slots[k], slots[k + at(1)], slots[k + at(2)],
            slots[k + at(3)],
        )  # fmt: skip
    elif kind == IZHIKEVICH:
        substeps = plan.staring[0, SUBSTEPS]
        cell = neurons.izhikevich_of(p, plan.pace[0], substeps)
        s = neurons.through_synapse(cell, z, slots[k + at(2)])
        slots[k + at(2)] = s
        for _ in range(substeps):
            slots[k] = neurons.potential(cell, slots[k], slots[k + at(1)], s)
        value, slots[k], slots[k + at(1)] = neurons.recovered(cell, slots[k], slots[k + at(1)])
    else:
        states = slots[k : k + at(row[SIZE])]
        value = _call_own(custom[1, kind - FIRST_CUSTOM], z, states, p)
    return activate(row[FUNCTION], value, address_of(row[FUNCTION], custom))


@merged
def _advance_row(plan, custom, v, z, slots, slot, size):
    """The same for a row of samples.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        v: Node.
        z: (tile,) bias and aggregate of each sample.
        slots: (slots, tile), updated: states, and the node's value.
        slot: That of the node.
        size: Samples in use.
    """
    row, p = plan.dynamics[v], plan.parameters[v]
    kind, k, own = row[KIND], at(row[STATE]), slots[slot]
    if kind == LEAKY:
        potential, share = slots[k], neurons.share(plan.pace[0, STEP], p[0])
        for i in range(size):
            potential[i] += share * (z[i] - potential[i])
        any_row(row[FUNCTION], custom, potential, own, size)
    elif kind == LIF:
        cell = neurons.lif_of(p, plan.pace[0])
        potential, b, rest, s = slots[k], slots[k + at(1)], slots[k + at(2)], slots[k + at(3)]
        for i in range(size):
            own[i], potential[i], b[i], rest[i], s[i] = neurons.lif_forth(
                cell, z[i], potential[i], b[i], rest[i], s[i]
            )
    elif kind == IZHIKEVICH:
        substeps = plan.staring[0, SUBSTEPS]
        cell = neurons.izhikevich_of(p, plan.pace[0], substeps)
        potential, u, s = slots[k], slots[k + at(1)], slots[k + at(2)]
        for i in range(size):
            s[i] = neurons.through_synapse(cell, z[i], s[i])
        for _ in range(substeps):
            for i in range(size):
                potential[i] = neurons.potential(cell, potential[i], u[i], s[i])
        for i in range(size):
            own[i], potential[i], u[i] = neurons.recovered(cell, potential[i], u[i])
    else:
        for i in range(size):
            own[i] = _advance(plan, custom, v, z[i], slots[:, i])


@helper
def _retreat_row(plan, custom, v, node, states, d_parameters, room, size):
    """From ∂L/∂a of a node to ∂L/∂z, for a row of samples; slopes of its states are added.

    Of the dynamics that have a derivative.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        v: Node.
        node: ((tile,) z, overwritten by ∂L/∂z; a; ∂L/∂a).
        states: ((slots, tile) before the tick and after it, ∂L/∂ of those after and before).
        d_parameters: (P,), added to.
        room: (tile,) scratch.
        size: Samples in use.
    """
    row, p = plan.dynamics[v], plan.parameters[v]
    kind, k, step = row[KIND], at(row[STATE]), plan.pace[0, STEP]
    z, a, d_a = node
    before, now, d_now, d_before = states
    if kind == LEAKY:
        share, d_share = neurons.share(step, p[0]), like(step, 0.0)
        for i in range(size):
            room[i] = now[k, i]
        slope_row(row[FUNCTION], custom, d_a, a, room, size)
        for i in range(size):
            d_v = room[i] + d_now[k, i]
            d_share += d_v * (z[i] - before[k, i])
            d_before[k, i] += (like(step, 1.0) - share) * d_v
            z[i] = share * d_v
        d_parameters[0] += d_share * neurons.share_slope(step, p[0])
    elif kind == LIF:
        _lif_back(plan, v, z, d_a, states, d_parameters, size)
    elif kind == IZHIKEVICH:
        _izhikevich_back(plan, v, z, d_a, states, d_parameters, size)


# Of plans of instant nodes alone the dynamics are of another type (:class:`plan.Plan`), so that
# kernels are compiled for these without all of the above: three seconds less.


def _only_timed(function):
    """A function whose first argument is a plan, which does nothing for plans of instant nodes."""

    def chosen(plan, custom, v, *rest):
        return function(plan, custom, v, *rest)

    @overload(chosen, jit_options={"forceinline": True})
    def _of(plan, custom, v, *rest):
        if plan.types[plan.fields.index("dynamics")].dtype == types.int8:
            return lambda plan, custom, v, *rest: plan.bias[v]  # never run
        return lambda plan, custom, v, *rest: function(plan, custom, v, *rest)

    return chosen


advance, advance_row, retreat_row = map(_only_timed, (_advance, _advance_row, _retreat_row))


@summing
def _lif_back(plan, v, z, d_a, states, d_parameters, size):
    p, k, step = plan.parameters[v], at(plan.dynamics[v, STATE]), plan.pace[0, STEP]
    before, _, d_now, d_before = states
    cell, how = neurons.lif_of(p, plan.pace[0]), neurons.how_of(plan)
    of_share = of_threshold = of_adaptation = of_adapting = of_synapse = like(step, 0.0)
    for i in range(size):
        d_z, d_v, d_b, d_s, d_share, d_threshold, d_adaptation, d_adapting, d_synapse = (
            neurons.lif_back(
                cell, how, z[i],
                (before[k, i], before[k + at(1), i], before[k + at(2), i], before[k + at(3), i]),
                (d_a[i], d_now[k, i], d_now[k + at(1), i], d_now[k + at(3), i]),
            )
        )  # fmt: skip
        z[i] = d_z
        d_before[k, i] += d_v
        d_before[k + at(1), i] += d_b
        d_before[k + at(3), i] += d_s
        of_share += d_share
        of_threshold += d_threshold
        of_adaptation += d_adaptation
        of_adapting += d_adapting
        of_synapse += d_synapse
    d_parameters[0] += of_share * neurons.share_slope(step, p[0])
    d_parameters[1] += of_threshold
    d_parameters[4] += of_adaptation
    d_parameters[5] += of_adapting * neurons.share_slope(step, p[5])
    d_parameters[6] += of_synapse * neurons.share_slope(step, p[6])


@helper
def _izhikevich_back(plan, v, z, d_a, states, d_parameters, size):
    # Plain form: the last line alone. Of a number that is known, loops over substeps are unrolled,
    # without which that over samples would be no vector code.
    substeps = plan.staring[0, SUBSTEPS]
    if substeps == 1:
        _substeps_back(plan, v, z, d_a, states, d_parameters, size, 1)
    elif substeps == 2:
        _substeps_back(plan, v, z, d_a, states, d_parameters, size, 2)
    else:
        _substeps_back(plan, v, z, d_a, states, d_parameters, size, substeps)


@summing
def _substeps_back(plan, v, z, d_a, states, d_parameters, size, substeps):
    p, k = plan.parameters[v], at(plan.dynamics[v, STATE])
    before, _, d_now, d_before = states
    cell, how = neurons.izhikevich_of(p, plan.pace[0], substeps), neurons.how_of(plan)
    of_a = of_b = of_c = of_d = of_start = of_synapse = like(p[0], 0.0)
    for i in range(size):
        d_z, d_v, d_u, d_s, d_own_a, d_own_b, d_own_c, d_own_d, d_start, d_synapse = (
            neurons.izhikevich_back(
                cell, how, substeps, z[i],
                (before[k, i], before[k + at(1), i], before[k + at(2), i]),
                (d_a[i], d_now[k, i], d_now[k + at(1), i], d_now[k + at(2), i]),
            )
        )  # fmt: skip
        z[i] = d_z
        d_before[k, i] += d_v
        d_before[k + at(1), i] += d_u
        d_before[k + at(2), i] += d_s
        of_a += d_own_a
        of_b += d_own_b
        of_c += d_own_c
        of_d += d_own_d
        of_start += d_start
        of_synapse += d_synapse
    d_parameters[0] += of_a
    d_parameters[1] += of_b
    d_parameters[2] += of_c
    d_parameters[3] += of_d
    d_parameters[4] += of_start
    d_parameters[5] += of_synapse * neurons.share_slope(plan.pace[0, STEP], p[5])


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
