"""The arrays that kernels work on, documented once.

Axis letters: N networks, V nodes, C connections (both over all N genomes), I inputs,
O outputs.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import DTypeLike

from neatgrow._types import Array


class Stored(NamedTuple):
    """How an array of genomes is laid out."""

    table: str  # what has a row each: "node", "connection", "genome"; "offsets" rise to theirs
    dtype: type[np.generic]
    by_column: bool = False  # whether it has a second axis, one entry per gene column


class Packed(NamedTuple):
    """N genomes as flat arrays; genome n owns rows ``ptr[n]:ptr[n + 1]`` of nodes and connections.

    Node genes are sorted by id within a genome, so the O outputs come first; connection
    genes by innovation. Value and choice columns follow ``genomes.columns.names_of``; arrays of
    a kind that no column is of are (…, 0). This is the one place that lists the arrays: making,
    taking, joining, checking and saving follow from what stands here.
    """

    node_ptr: Annotated[Array, Stored("offsets", np.int64)]
    connection_ptr: Annotated[Array, Stored("offsets", np.int64)]
    node_id: Annotated[Array, Stored("node", np.int64)]
    node_birth: Annotated[Array, Stored("node", np.int32)]  # generation
    node_values: Annotated[Array, Stored("node", np.float64, True)]
    node_choices: Annotated[Array, Stored("node", np.uint8, True)]  # opcodes
    innovation: Annotated[Array, Stored("connection", np.int64)]
    source: Annotated[Array, Stored("connection", np.int64)]  # node id
    target: Annotated[Array, Stored("connection", np.int64)]  # node id
    connection_birth: Annotated[Array, Stored("connection", np.int32)]  # generation
    connection_values: Annotated[Array, Stored("connection", np.float64, True)]
    enabled: Annotated[Array, Stored("connection", np.bool_)]
    connection_choices: Annotated[Array, Stored("connection", np.uint8, True)]  # opcodes
    genome_values: Annotated[Array, Stored("genome", np.float64, True)]
    genome_choices: Annotated[Array, Stored("genome", np.uint8, True)]  # opcodes


STORED: dict[str, Stored] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Packed, include_extras=True).items()
}
"""How each array is laid out, by name."""
TABLES = {
    table: tuple(name for name, stored in STORED.items() if stored.table == table)
    for table in ("node", "connection", "genome")
}
"""Names of the arrays of every table."""
BY_COLUMN = tuple(name for name, stored in STORED.items() if stored.by_column)
"""Names of the arrays of gene columns."""
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
    columns: Sequence[Sequence[str]], genomes: int, nodes: int, connections: int
) -> Packed:
    """Uninitialised arrays for as many genes.

    Args:
        columns: Names of the columns of each array in :data:`BY_COLUMN`, in its order.
        genomes: N.
        nodes: V.
        connections: C.
    """
    rows = {"offsets": genomes + 1, "genome": genomes, "node": nodes, "connection": connections}
    widths = {name: (len(names),) for name, names in zip(BY_COLUMN, columns, strict=True)}
    return Packed(**{
        name: np.empty((rows[stored.table], *widths.get(name, ())), stored.dtype)
        for name, stored in STORED.items()
    })  # fmt: skip


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
    stops = {
        "offsets": count + 1, "genome": count,
        "node": packed.node_ptr[count], "connection": packed.connection_ptr[count],
    }  # fmt: skip
    return Packed(*(
        array[: stops[stored.table]] for array, stored in zip(packed, STORED.values(), strict=True)
    ))  # fmt: skip


def one(packed: Packed, row: int) -> Packed:
    """One genome of a batch, as views but for its offsets."""
    cuts, columns = {"genome": slice(row, row + 1)}, {}
    for table, ptr in (("node", packed.node_ptr), ("connection", packed.connection_ptr)):
        start, stop = ptr[row], ptr[row + 1]
        cuts[table] = slice(start, stop)
        columns[f"{table}_ptr"] = np.array([0, stop - start], np.int64)
    for table, names in TABLES.items():
        columns |= {name: getattr(packed, name)[cuts[table]] for name in names}
    return Packed(**columns)


def take(packed: Packed, rows: Array) -> Packed:
    """A copy of some genomes, in the order given; rows may repeat."""
    columns = {name: getattr(packed, name)[rows] for name in TABLES["genome"]}
    for table, ptr in (("node", packed.node_ptr), ("connection", packed.connection_ptr)):
        counts = ptr[rows + 1] - ptr[rows]
        new_ptr = np.zeros(rows.size + 1, np.int64)
        np.cumsum(counts, out=new_ptr[1:])
        genes = np.arange(new_ptr[-1]) + np.repeat(ptr[rows] - new_ptr[:-1], counts)
        columns[f"{table}_ptr"] = new_ptr
        columns |= {name: getattr(packed, name)[genes] for name in TABLES[table]}
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
    columns = {name: getattr(packed, name)[~lost] for name in TABLES["connection"]}
    return packed._replace(connection_ptr=kept[packed.connection_ptr], **columns)
