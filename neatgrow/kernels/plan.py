"""Compiled networks as arrays, each declared once: cutting, flattening and learning follow.

Axis letters: N networks, V nodes, C connections and L delay lines (all over N networks), O
outputs, P parameters of a node's dynamics.

Columns of ``Plan.staring``: ticks of an observation, opcodes of what they come to and of how inputs
enter, substeps of a tick, opcode of the surrogate of a spike's slope. Of ``Plan.pace``: the length
of a tick, and the width of that surrogate.
"""

from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from numba.extending import register_jitable
from numpy.typing import DTypeLike

from neatgrow._types import Array
from neatgrow.kernels.jit import inlined


class Field(NamedTuple):
    """The declaration of a field of :class:`Plan`."""

    axis: str  # what has a row of it: "network", "node", "connection" or "line"; "all" has one
    dtype: Any = None  # ``None`` for that of weights
    second: str = ""  # a second axis
    rows_of: str = ""  # axis whose rows its values are, counted anew in a part
    ticks: bool = False  # whether a tick of one network alone reads it
    learns: bool = False  # whether it is a continuous parameter, which has a gradient


TICKS, READOUT, CODING, SUBSTEPS, SURROGATE = range(5)
STEP, WIDTH = range(2)


class Plan(NamedTuple):
    """N networks in evaluation order: what a tick reads.

    Network n has ``width[n]`` slots, all 0 at the start: inputs 0…I−1, its nodes in evaluation
    order, the states of their dynamics, delay lines. Nodes are updated in place in that order, so
    that reading a slot means the previous tick where :func:`is_delayed` says so. At the end of a
    tick every delay line takes the value of its source, the last line first; its source is the
    line before it or, of the first, a node or an input. So the d-th line gives what its node was
    d ticks ago; and as lines stand behind all nodes, the one rule holds for them too.

    Rows of a network start where its genome's do; nodes and connections that do not reach an
    output, or are disabled, are left out, so rows may stay unused at a network's end.
    """

    node_start: Annotated[Array, Field("network", np.int64, rows_of="node")]  # (N,) first row
    node_stop: Annotated[Array, Field("network", np.int64, rows_of="node")]  # (N,)
    # (N, 2) first line row, and one past the last
    lines: Annotated[Array, Field("network", np.int64, "ends", rows_of="line")]
    width: Annotated[Array, Field("network", np.int64)]  # (N,) slots
    has_state: Annotated[Array, Field("network", np.bool_)]  # (N,) whether a tick reads another's
    output_slot: Annotated[Array, Field("network", np.int32, "outputs", ticks=True)]  # (N, O)
    # (V,) first connection row into each node, and one past the last
    incoming_start: Annotated[Array, Field("node", np.int64, rows_of="connection", ticks=True)]
    incoming_stop: Annotated[Array, Field("node", np.int64, rows_of="connection", ticks=True)]
    activation: Annotated[Array, Field("node", np.uint8, ticks=True)]  # (V,) or dynamics.TIMED
    aggregation: Annotated[Array, Field("node", np.uint8, ticks=True)]  # (V,)
    # (V, 4): opcode, first slot and size of the state, activation. If all are instant, (V, 0) and
    # of int8, so that kernels for those are compiled apart
    dynamics: Annotated[Array, Field("node", np.int32, "dynamics", ticks=True)]
    source_slot: Annotated[Array, Field("connection", np.int32, ticks=True)]  # (C,)
    line_source: Annotated[Array, Field("line", np.int32, ticks=True)]  # (L,) slot
    weight: Annotated[Array, Field("connection", ticks=True, learns=True)]  # (C,)
    bias: Annotated[Array, Field("node", ticks=True, learns=True)]  # (V,)
    # (V, P) what the node's dynamics reads, by its columns
    parameters: Annotated[Array, Field("node", None, "parameters", ticks=True, learns=True)]
    staring: Annotated[Array, Field("all", np.int32, "staring", ticks=True)]  # (1, 5)
    pace: Annotated[Array, Field("all", None, "pace", ticks=True)]  # (1, 2)
    node_gene: Annotated[Array, Field("node", np.int32)]  # (V,) row within its genome
    connection_gene: Annotated[Array, Field("connection", np.int32)]  # (C,) row within its genome


FIELDS: dict[str, Field] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Plan, include_extras=True).items()
}
"""The declarations by name, in order."""

LEARNED = tuple(name for name, field in FIELDS.items() if field.learns)
"""Fields that learn, in the order in which tuples of gradients hold them."""


@register_jitable
def is_delayed(source_slot, slot):
    """Whether the node in ``slot`` reads the previous tick from ``source_slot``.

    What stands behind a node, and the node itself, is updated after it has read. In kernels and
    in Python alike.
    """
    return source_slot >= slot


def empty_plan(counts: dict[str, int], dtype: DTypeLike) -> Plan:
    """Uninitialised arrays.

    Args:
        counts: Sizes of the axes by name, those of second axes included.
        dtype: Of weights, float32 or float64.
    """

    return Plan(*[
        np.empty((counts[axis], counts[second]) if second else counts[axis], kind or dtype)
        for axis, kind, second, *_ in FIELDS.values()
    ])  # fmt: skip


def part(plan: Plan, start: int, stop: int) -> Plan:
    """Networks ``start:stop`` on arrays that hold no others."""
    rows = dict.fromkeys(("network", "node", "connection", "line"), slice(0, 0))
    rows["all"] = slice(None)
    if start < stop:
        nodes = slice(int(plan.node_start[start]), int(plan.node_stop[stop - 1]))
        ends = plan.incoming_start[nodes.start], plan.incoming_stop[nodes.stop - 1]
        lines = plan.lines[start, 0], plan.lines[stop - 1, 1]
        rows |= {"network": slice(start, stop), "node": nodes,
                 "connection": slice(*map(int, ends)), "line": slice(*map(int, lines))}  # fmt: skip

    def taken(array: Array, field: Field) -> Array:
        own = array[rows[field.axis]]
        return own - rows[field.rows_of].start if field.rows_of else own.copy()

    return Plan(*(taken(array, field) for array, field in zip(plan, FIELDS.values(), strict=True)))


def one(plan: Plan, row: int) -> Plan:
    """Network ``row`` on the same arrays."""
    own = {name: getattr(plan, name)[row : row + 1] for name, f in FIELDS.items()
           if f.axis == "network"}  # fmt: skip
    return plan._replace(**own)


def flattened(plan: Plan) -> tuple[Array, Array]:
    """All that a tick reads of a plan of one network, of :func:`part`, as two arrays.

    Returns:
        int32: 0, V, 0, L, slots, C and the sizes of the second axes of dynamics and parameters,
        then all integers in order of :data:`FIELDS`; and as weights all others.
    """
    head = [0, plan.bias.size, 0, *plan.line_source.shape, plan.width[0], plan.weight.size,
            plan.dynamics.shape[1], plan.parameters.shape[1]]  # fmt: skip
    pieces = [getattr(plan, name).ravel() for name, field in FIELDS.items() if field.ticks]
    integers = [piece for piece in pieces if piece.dtype.kind != "f"]
    reals = [piece for piece in pieces if piece.dtype.kind == "f"]
    return np.concatenate([head, *integers], dtype=np.int32), np.concatenate(reals)


@inlined
def flat_instant(integers, reals):
    """Dynamics and parameters of a flattened plan of instant nodes: none."""
    return integers[:0].view(np.int8)[None, :], reals[None, :0]


@inlined
def flat_timed(integers, reals, n_outputs):
    """Dynamics and parameters of any other flattened plan."""
    v, c, n = integers[1], integers[5], integers[6]
    dynamics = integers[8 + n_outputs + 4 * v :][: n * v].reshape((v, n))
    return dynamics, reals[c + v :][: v * integers[7]].reshape((v, integers[7]))


@inlined
def unflattened(integers, reals, n_outputs, timed):
    """The plan that :func:`flattened` took apart, as views; what no tick reads is anything.

    An axis of one is put before others by indexing: reshaping is a call of 30 ns.

    Args:
        integers: As it gave them.
        reals: Likewise.
        n_outputs: O.
        timed: Of :func:`flat_instant` or :func:`flat_timed`.
    """
    v, n_lines, c = integers[1], integers[3], integers[5]
    outputs, rest = integers[8 : 8 + n_outputs], integers[8 + n_outputs :]
    nodes, rest = rest[: 4 * v], rest[(4 + integers[6]) * v :]
    return Plan(
        node_start=integers[:1], node_stop=integers[1:2], lines=integers[None, 2:4],
        width=integers[4:5], has_state=integers, output_slot=outputs[None, :],
        incoming_start=nodes[:v], incoming_stop=nodes[v : 2 * v],
        activation=nodes[2 * v : 3 * v], aggregation=nodes[3 * v : 4 * v], dynamics=timed[0],
        source_slot=rest[:c], line_source=rest[c : c + n_lines],
        weight=reals[:c], bias=reals[c : c + v], parameters=timed[1],
        staring=rest[None, c + n_lines :], pace=reals[None, c + v * (1 + integers[7]) :],
        node_gene=integers, connection_gene=integers,
    )  # fmt: skip
