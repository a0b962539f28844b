"""The arrays that kernels work on, documented once.

Axis letters: N networks, V nodes, C connections (both over all N genomes), I inputs,
O outputs.
"""

from typing import NamedTuple

import numpy as np

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
