"""The arrays that kernels work on, documented once.

Axis letters: N networks, V nodes, C connections (both over all N genomes), I inputs,
O outputs.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple, get_type_hints

import numpy as np

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
