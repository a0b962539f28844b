"""Genomes to plans: what kernels are told of their columns."""

from typing import Any

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.columns import names_of, places_of, plain
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import dynamics, ordering, parallel
from neatgrow.kernels.dynamics import FUNCTION, INSTANT, KIND, check_columns
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.ordering import OPTIONS, PARAMETERS, NodeTiming
from neatgrow.kernels.plan import Plan, empty_plan, is_delayed
from neatgrow.timing import CODINGS, READOUTS, SURROGATES, Dynamics, Timing

_COMPILE_NS = 16.0  # estimated work per gene: decides only how many threads share it
_NO_CODES = np.zeros(0, np.uint8)
_NO_KINDS = np.zeros((1, PARAMETERS), np.int32), np.zeros((1, 0))


def compiled(packed: Packed, interface: Interface, dtype: Any) -> Plan:
    """The plan of all genomes, whose arrays have been checked.

    Raises:
        ValueError: A column is missing that the dynamics of a node reads.
    """
    used = used_dynamics(packed, interface)
    delay = _choices(packed, interface, "delay")
    synchronous = interface.update == "synchronous"
    lines = _room_for_lines(packed, synchronous, delay)
    plan = empty_plan(
        {
            "network": packed.node_ptr.size - 1, "node": packed.node_id.size,
            "connection": packed.innovation.size, "line": int(lines[-1]),
            "outputs": interface.outputs, "ends": 2, "dynamics": 4 if used else 0,
            "parameters": max((len(d.reads) for d in used.values()), default=0),
            "all": 1, "staring": 5, "pace": 2,
        },
        dtype,
    )  # fmt: skip
    plan.lines[:] = lines[:-1, None]
    plan.staring[0], plan.pace[0] = _staring(interface.timing), _pace(interface.timing)
    timing = NodeTiming(synchronous, delay, _NO_CODES, *_NO_KINDS)
    if used:
        codes = _choices(packed, interface, "dynamics")
        kinds = _kinds(used, plan.parameters.shape[1], interface.columns)
        timing = NodeTiming(synchronous, delay, codes, *kinds)
    ranges = parallel.split(work_of(packed), _COMPILE_NS)
    parallel.over_ranges(ordering.compile_genomes, ranges, packed, interface.inputs, timing, plan)
    return plan if used else plan._replace(dynamics=plan.dynamics.astype(np.int8))


def work_of(packed: Packed) -> Array:
    """(N+1,) int64 offsets of each genome's share of work: its genes."""
    work: Array = packed.node_ptr + packed.connection_ptr
    return work


def used_dynamics(packed: Packed, interface: Interface) -> dict[int, Dynamics]:
    """The dynamics that nodes of some genomes have, by opcode, but for instant ones."""
    codes = _choices(packed, interface, "dynamics")
    if not codes.any():  # they have no such column, or all are instant
        return {}
    codes, known = np.unique(codes), dynamics.declarations()
    return {code: known[code] for code in codes.tolist() if code != INSTANT}


def parameter_columns(packed: Packed, interface: Interface) -> dict[int, list[int]]:
    """Columns of node values that parameters of each used dynamics stand in, −1 for none, by
    opcode."""
    names = names_of(interface.columns).node_values
    return {
        code: [names.index(column) if column in names else -1 for column in used.reads]
        for code, used in used_dynamics(packed, interface).items()
    }


def computed_genes(plan: Plan, interface: Interface) -> tuple[Array, dict[str, Array]]:
    """What one network, of a :func:`part`, computes with of its genes.

    Returns:
        (C,) slot of the node or input that each connection comes from, and in rows of the plan
        values and opcodes by column; those of ``interface`` that no tick reads are not among them.
    """
    nodes = interface.inputs + plan.bias.size
    slot = np.repeat(np.arange(interface.inputs, nodes), plan.incoming_stop - plan.incoming_start)
    first = int(plan.width[0]) - plan.line_source.size
    source, lines = plan.source_slot.astype(np.int64), np.zeros(plan.weight.size, np.int64)
    while (source >= first).any():
        late = source >= first
        source[late] = plan.line_source[source[late] - first]
        lines += late
    wanted = is_delayed(source, slot) | (
        (interface.update == "synchronous") & (source >= interface.inputs)
    )
    genes = {
        "weight": plan.weight, "bias": plan.bias, "activation": plan.activation,
        "aggregation": plan.aggregation,
    }  # fmt: skip
    if "delay" in interface.columns:
        genes["delay"] = np.where(lines > 0, lines - wanted, 0)
    if plan.dynamics.size:
        kinds = plan.dynamics[:, KIND]
        genes |= {"dynamics": kinds, "activation": plan.dynamics[:, FUNCTION]}
        for code, declared in dynamics.declarations().items():
            for p, column in enumerate(declared.reads[: plan.parameters.shape[1]]):
                before = genes.get(column, np.full(kinds.size, plain(column)))
                values = np.where(kinds == code, plan.parameters[:, p], before)
                genes[column] = values.astype(before.dtype)
    return source, {name: column for name, column in genes.items() if name in interface.columns}


def _choices(packed: Packed, interface: Interface, column: str) -> Array:
    """(V,) or (C,) uint8 opcodes of a choice column, (0,) where genomes lack it."""
    if column not in interface.columns:
        return _NO_CODES
    array, k = places_of(interface.columns)[column]
    codes: Array = np.ascontiguousarray(getattr(packed, array)[:, k])
    return codes


def _room_for_lines(packed: Packed, synchronous: bool, delay: Array) -> Array:
    """(N+1,) int64 offsets of the most delay lines that each genome can need.

    One of each node if all connections wait a tick, and of each connection as many as its own
    delay comes to, and the tick that it may wait anyway.
    """
    most = np.zeros(packed.node_ptr.size, np.int64)
    if synchronous:
        most += packed.node_ptr
    if delay.size:
        added = np.cumsum(np.where(delay > 0, delay + 1, 0), dtype=np.int64)
        most += np.concatenate([[0], added])[packed.connection_ptr]
    return most


def _kinds(
    used: dict[int, Dynamics], parameters: int, columns: tuple[str, ...]
) -> tuple[Array, Array]:
    """``NodeTiming.kinds`` and ``.plain`` of the dynamics in use."""
    kinds = np.full((max(used) + 1, PARAMETERS + parameters), -1, np.int32)
    plain = np.zeros((len(kinds), parameters))
    kinds[INSTANT, :PARAMETERS] = 1, 0
    values, options = names_of(columns)[:2]
    places = {name: k for k, name in enumerate(values)}
    places |= {name: OPTIONS + k for k, name in enumerate(options)}
    for code, declared in used.items():
        check_columns(declared, columns)
        kinds[code, :PARAMETERS] = declared.activates, declared.states
        for p, column in enumerate(declared.reads):
            kinds[code, PARAMETERS + p] = places.get(column, -1)
            plain[code, p] = dict(declared.optional).get(column, 0.0)
    return kinds, plain


def _staring(timing: Timing) -> tuple[int, ...]:
    """What ``Plan.staring`` says."""
    return (
        timing.ticks, READOUTS.index(timing.readout), CODINGS.index(timing.input_coding),
        timing.substeps, SURROGATES.index(timing.surrogate),
    )  # fmt: skip


def _pace(timing: Timing) -> tuple[float, float]:
    """What ``Plan.pace`` says."""
    return timing.tick, timing.surrogate_width
