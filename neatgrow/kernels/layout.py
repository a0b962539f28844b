"""The arrays that kernels work on, documented once.

Axis letters: N networks, V nodes, C connections (both over all N genomes), I inputs,
O outputs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from neatgrow._types import Array


class Packed(NamedTuple):
    """N genomes as flat columns; genome n owns rows ``ptr[n]:ptr[n + 1]``.

    Node genes are sorted by id within a genome, so the O outputs come first; connection
    genes by innovation. Value and choice columns follow the order of ``config.Genes``.
    """

    node_ptr: Array  # (N+1,) int64
    connection_ptr: Array  # (N+1,) int64
    node_id: Array  # (V,) int64
    node_birth: Array  # (V,) int32, generation
    node_values: Array  # (V, columns) float64
    node_choices: Array  # (V, columns) uint8 opcodes
    innovation: Array  # (C,) int64
    source: Array  # (C,) int64, node id
    target: Array  # (C,) int64, node id
    connection_birth: Array  # (C,) int32, generation
    connection_values: Array  # (C, columns) float64
    enabled: Array  # (C,) bool


NODE_COLUMNS = ("node_id", "node_birth", "node_values", "node_choices")
CONNECTION_COLUMNS = (
    "innovation",
    "source",
    "target",
    "connection_birth",
    "connection_values",
    "enabled",
)
BIAS, WEIGHT = 0, 0  # columns of node_values and connection_values
ACTIVATION, AGGREGATION = 0, 1  # columns of node_choices


class Plan(NamedTuple):
    """N networks in evaluation order: what a tick reads.

    Network n has slots 0…I−1 for inputs and I…I+nodes−1 for its nodes in evaluation order.
    Slots are updated in place in that order, so a connection whose source slot is not below
    its target's reads the previous tick: it is delayed (d = 1).

    Rows of a network start where its genome's do; nodes and connections that do not reach an
    output, or are disabled, are left out, so rows may stay unused at a network's end.
    """

    node_start: Array  # (N,) int64, first node row
    node_stop: Array  # (N,) int64
    has_loops: Array  # (N,) bool, whether any connection is delayed
    incoming_start: Array  # (V,) int64, first connection row into each node
    incoming_stop: Array  # (V,) int64
    source_slot: Array  # (C,) int32, within the network
    weight: Array  # (C,) float32 or float64
    bias: Array  # (V,) as weight
    activation: Array  # (V,) uint8
    aggregation: Array  # (V,) uint8
    output_slot: Array  # (N, O) int32
    node_gene: Array  # (V,) int32, row of the node gene within its genome
    connection_gene: Array  # (C,) int32, row of the connection gene within its genome


def flattened(plan: Plan) -> tuple[Array, Array]:
    """A plan of one network, whose rows start at 0, as two arrays; ``forward.step_alone`` takes
    them apart.

    Returns:
        int32: 0, V, C, then the starts, stops, activations and aggregations of V nodes, the
        source slots of C connections and O output slots; and as weights: V biases, C weights.
    """
    v = int(plan.node_stop[0])
    c = int(plan.incoming_stop[v - 1]) if v else 0
    by_node = (plan.incoming_start, plan.incoming_stop, plan.activation, plan.aggregation)
    integers = [[0, v, c], *(column[:v] for column in by_node), plan.source_slot[:c],
                plan.output_slot[0]]  # fmt: skip
    return np.concatenate(integers, dtype=np.int32), np.concatenate(
        [plan.bias[:v], plan.weight[:c]]
    )


def empty_plan(packed: Packed, n_outputs: int, dtype: DTypeLike) -> Plan:
    """Uninitialised arrays for the networks of as many genomes."""
    n, v, c = packed.node_ptr.size - 1, packed.node_id.size, packed.innovation.size
    return Plan(
        node_start=np.empty(n, np.int64),
        node_stop=np.empty(n, np.int64),
        has_loops=np.empty(n, np.bool_),
        incoming_start=np.empty(v, np.int64),
        incoming_stop=np.empty(v, np.int64),
        source_slot=np.empty(c, np.int32),
        weight=np.empty(c, dtype),
        bias=np.empty(v, dtype),
        activation=np.empty(v, np.uint8),
        aggregation=np.empty(v, np.uint8),
        output_slot=np.empty((n, n_outputs), np.int32),
        node_gene=np.empty(v, np.int32),
        connection_gene=np.empty(c, np.int32),
    )


def empty_packed(
    columns: tuple[int, int, int], genomes: int, nodes: int, connections: int
) -> Packed:
    """Uninitialised arrays for as many genes.

    Args:
        columns: How many node value, node choice and connection value columns there are.
        genomes: N.
        nodes: V.
        connections: C.
    """
    node_values, node_choices, connection_values = columns
    return Packed(
        node_ptr=np.empty(genomes + 1, np.int64),
        connection_ptr=np.empty(genomes + 1, np.int64),
        node_id=np.empty(nodes, np.int64),
        node_birth=np.empty(nodes, np.int32),
        node_values=np.empty((nodes, node_values)),
        node_choices=np.empty((nodes, node_choices), np.uint8),
        innovation=np.empty(connections, np.int64),
        source=np.empty(connections, np.int64),
        target=np.empty(connections, np.int64),
        connection_birth=np.empty(connections, np.int32),
        connection_values=np.empty((connections, connection_values)),
        enabled=np.empty(connections, np.bool_),
    )


def concatenate(parts: list[tuple[Packed, int]]) -> Packed:
    """One batch from several, each given with its number of genomes; trailing room is cut.

    A single part is returned as views of itself.
    """
    trimmed = [_trimmed(packed, count) for packed, count in parts]
    if len(trimmed) == 1:
        return trimmed[0]
    columns = {}
    for name in Packed._fields:
        pieces = [getattr(packed, name) for packed in trimmed]
        if name.endswith("_ptr"):
            ends = np.cumsum([0, *(piece[-1] for piece in pieces)])
            rises = [piece[1:] + end for piece, end in zip(pieces, ends, strict=False)]
            pieces = [np.zeros(1, np.int64), *rises]
        columns[name] = np.concatenate(pieces)
    return Packed(**columns)


def _trimmed(packed: Packed, count: int) -> Packed:
    """The first genomes of a batch, as views."""
    nodes, connections = packed.node_ptr[count], packed.connection_ptr[count]
    return Packed(
        packed.node_ptr[: count + 1],
        packed.connection_ptr[: count + 1],
        *(column[:nodes] for column in packed[2:6]),
        *(column[:connections] for column in packed[6:]),
    )


def take(packed: Packed, rows: Array) -> Packed:
    """A copy of some genomes, in the order given; rows may repeat."""
    columns = {}
    for table, ptr in (("node", packed.node_ptr), ("connection", packed.connection_ptr)):
        counts = ptr[rows + 1] - ptr[rows]
        new_ptr = np.zeros(rows.size + 1, np.int64)
        np.cumsum(counts, out=new_ptr[1:])
        genes = np.arange(new_ptr[-1]) + np.repeat(ptr[rows] - new_ptr[:-1], counts)
        columns[f"{table}_ptr"] = new_ptr
        for name in NODE_COLUMNS if table == "node" else CONNECTION_COLUMNS:
            columns[name] = getattr(packed, name)[genes]
    return Packed(**columns)


def put(packed: Packed, rows: Array, others: Packed) -> Packed:
    """A copy of a batch with the genomes in some rows replaced by others, in that order."""
    count = packed.node_ptr.size - 1
    order = np.arange(count)
    order[rows] = count + np.arange(rows.size)
    return take(concatenate([(packed, count), (others, rows.size)]), order)


def without(packed: Packed, lost: Array) -> Packed:
    """A copy of a batch without the connection genes that are marked, (C,) bool."""
    kept = np.concatenate([np.zeros(1, np.int64), np.cumsum(~lost)])
    columns = {name: getattr(packed, name)[~lost] for name in CONNECTION_COLUMNS}
    return packed._replace(connection_ptr=kept[packed.connection_ptr], **columns)
