"""Genomes to plans: what kernels are told of their columns."""

from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.columns import names_of
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import dynamics, ordering, parallel
from neatgrow.kernels.dynamics import INSTANT, Dynamics
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.ordering import PARAMETERS, Timing
from neatgrow.kernels.plan import Plan, empty_plan

_COMPILE_NS = 16.0  # estimated work per gene: decides only how many threads share it
_NO_CODES = np.zeros(0, np.uint8)


def compiled(packed: Packed, interface: Interface, dtype: Any) -> Plan:
    """The plan of all genomes, whose arrays have been checked.

    Raises:
        ValueError: A column is missing that the dynamics of a node reads.
    """
    used = used_dynamics(packed, interface)
    delay = _choices("connection", packed, interface, "delay")
    lines = _room_for_lines(packed, interface, delay)
    plan = empty_plan(
        {
            "network": packed.node_ptr.size - 1, "node": packed.node_id.size,
            "connection": packed.innovation.size, "line": int(lines[-1]),
            "outputs": interface.outputs, "dynamics": 4 if used else 0,
            "parameters": max((len(d.columns) for d in used.values()), default=0),
        },
        dtype,
    )  # fmt: skip
    plan.lines[:] = lines[:-1, None]
    codes = _choices("node", packed, interface, "dynamics") if used else _NO_CODES
    kinds = _kinds(used, plan.parameters.shape[1], names_of(interface.columns).node_values)
    timing = Timing(interface.update == "synchronous", delay, codes, kinds)
    ranges = parallel.split(work_of(packed), _COMPILE_NS)
    parallel.over_ranges(ordering.compile_genomes, ranges, packed, interface.inputs, timing, plan)
    return plan


def work_of(packed: Packed) -> Array:
    """(N+1,) int64 offsets of each genome's share of work: its genes."""
    work: Array = packed.node_ptr + packed.connection_ptr
    return work


def used_dynamics(packed: Packed, interface: Interface) -> dict[int, Dynamics]:
    """The dynamics that nodes of some genomes have, by opcode, but for instant ones."""
    codes = _choices("node", packed, interface, "dynamics")
    if not codes.any():  # they have no such column, or all are instant
        return {}
    codes, known = np.unique(codes), dynamics.declarations()
    return {code: known[code] for code in codes.tolist() if code != INSTANT}


def parameter_columns(packed: Packed, interface: Interface) -> dict[int, list[int]]:
    """Columns of node values that parameters of each used dynamics stand in, by opcode."""
    names = names_of(interface.columns).node_values
    return {
        code: [names.index(column) for column in used.columns]
        for code, used in used_dynamics(packed, interface).items()
    }


def _choices(table: str, packed: Packed, interface: Interface, column: str) -> Array:
    """(V,) or (C,) uint8 opcodes of a choice column, (0,) where genomes lack it."""
    names = getattr(names_of(interface.columns), f"{table}_choices")
    if column not in names:
        return _NO_CODES
    codes: Array = getattr(packed, f"{table}_choices")[:, names.index(column)]
    return np.ascontiguousarray(codes)


def _room_for_lines(packed: Packed, interface: Interface, delay: Array) -> Array:
    """(N+1,) int64 offsets of the most delay lines that each genome can need.

    One of each node if all connections wait a tick, and of each connection as many as its own
    delay comes to, and the tick that it may wait anyway.
    """
    most = np.zeros(packed.node_ptr.size, np.int64)
    if interface.update == "synchronous":
        most += packed.node_ptr
    if delay.size:
        added = np.cumsum(np.where(delay > 0, delay + 1, 0), dtype=np.int64)
        most += np.concatenate([[0], added])[packed.connection_ptr]
    return most


def _kinds(used: dict[int, Dynamics], parameters: int, names: tuple[str, ...]) -> Array:
    """What ``Timing.kinds`` says of the dynamics in use."""
    kinds = np.full((max(used, default=INSTANT) + 1, PARAMETERS + parameters), -1, np.int32)
    kinds[INSTANT, :PARAMETERS] = 1, 0
    for code, declared in used.items():
        kinds[code, :PARAMETERS] = declared.activates, declared.states
        for p, column in enumerate(declared.columns):
            if column not in names:
                raise ValueError(missing(declared.name, column))
            kinds[code, PARAMETERS + p] = names.index(column)
    return kinds


def missing(name: str, column: str) -> str:
    """That genomes lack a column which a dynamics reads."""
    return _checks.message(
        "genes", f"the column {column!r}, which dynamics {name!r} reads", "none",
        f'Set "genes.{column}": True.',
    )  # fmt: skip
