"""Records of ancestors: facts in columns, and the genomes of some of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.columns import BASE, names_of
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import layout
from neatgrow.kernels import lineage as kernels
from neatgrow.kernels.layout import Packed
from neatgrow.selection.population import State


class Records(NamedTuple):
    """R ancestors, parents before children; K of them with their genomes, in the same order."""

    generation: Array  # (R,) int32
    row: Array  # (R,) int32, −1 where not known
    parent: Array  # (R,) int32: number of the first parent's record, −1 for none
    mate: Array  # (R,) int32: row of the mate in its generation, −1 for none
    mate_generation: Array  # (R,) int32
    species: Array  # (R,) int32
    fitness: Array  # (R,) float64, higher is better
    kept: Array  # (R,) bool: whether its genome is there
    held: Array  # (R,) int64: structure of the nearest genome that is, at it or above it
    genomes: Packed  # K


class ToldGeneration(NamedTuple):
    """A generation as it was told."""

    generation: int
    genomes: Genomes | None  # ``None`` once they are not needed any more
    room: int  # genomes, and genes of those that are here
    fitness: Array  # (N,) float64
    species: Array  # (N,) int32, row in ``ids``
    ids: Array  # (S,) int64
    parent: Array  # (N,) int32: number of the first parent, −1 for none; see ``Lineage``
    mate: Array  # (N, 2) int32: generation and row of the mate, twice −1 for none
    champion: int  # row of a new champion, or −1
    champion_genome: Genome | None  # that champion


def told_generation(state: State, parent: Array, mate: Array, champion: int) -> ToldGeneration:
    """The generation told last."""
    room = state.fitness.size + genes_of(state.genomes.packed)
    return ToldGeneration(
        state.generation, state.genomes, room, state.fitness, *state.groups, parent,
        mate.astype(np.int32), champion, state.champion if champion >= 0 else None,
    )  # fmt: skip


def genes_of(packed: Packed) -> int:
    """How many there are."""
    return int(packed.node_id.size) + int(packed.innovation.size)


FIRST = np.zeros(1, np.int64)  # row
_NOBODY = layout.empty_packed(names_of(BASE), 0, 0, 0)
_NOBODY.node_ptr[0] = _NOBODY.connection_ptr[0] = 0


def facts_of(recent: Sequence[ToldGeneration], found: Array) -> Records:
    """Records, without genomes, of some of all genomes of a few generations.

    Args:
        recent: The generations.
        found: (R,) int64: places of these genomes in all.
    """
    sizes = [told.fitness.size for told in recent]
    start = np.concatenate([[0], np.cumsum(sizes)])
    of = np.repeat(np.arange(len(recent)), np.diff(np.searchsorted(found, start)))
    fitness, species, parent, mate = (
        np.concatenate([getattr(told, name) for told in recent])[found]
        for name in ("fitness", "species", "parent", "mate")
    )
    before = np.cumsum([0, *(told.ids.size for told in recent)])
    species = np.concatenate([told.ids for told in recent])[species + before[of]]
    generation = np.array([told.generation for told in recent], np.int32)[of]
    return Records(
        generation, (found - start[of]).astype(np.int32), parent, mate[:, 1], mate[:, 0],
        species.astype(np.int32), fitness, np.zeros(found.size, np.bool_),
        np.zeros(found.size, np.int64), _NOBODY,
    )  # fmt: skip


_NONE = np.empty(0, np.int32)
_NO_RECORDS = Records(
    _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, np.empty(0), np.empty(0, np.bool_),
    np.empty(0, np.int64), _NOBODY,
)  # fmt: skip


def joined(blocks: Iterable[Records], name: str) -> Array:
    """A column of all records."""
    return np.concatenate([getattr(block, name) for block in (_NO_RECORDS, *blocks)])


def held_at(blocks: Iterable[Records], number: Array) -> Array:
    """What is held at records of blocks, by number; anything for −1."""
    return np.append(joined(blocks, "held"), 0)[number]


def stacked(blocks: Sequence[Records]) -> Records:
    """All records without genomes."""
    columns = {name: joined(blocks, name) for name in Records._fields[:-1]}
    return Records(**columns, genomes=_NOBODY)


def pool_of(chosen: list[tuple[Packed, Array]], genes: Array, columns: tuple[str, ...]) -> Packed:
    """Some genomes of several batches as one batch, of so many node and connection genes."""
    names, count = names_of(columns), sum(rows.size for _, rows in chosen)
    pool = layout.empty_packed(names, count, *genes.tolist())
    pool.node_ptr[0] = pool.connection_ptr[0] = 0
    start = 0
    for packed, rows in chosen:
        kernels.append(packed, rows, pool, start)
        start += rows.size
    return pool


def sizes_of(packed: Packed, rows: Array) -> Array:
    """(2,) int64: node and connection genes of some genomes in all."""
    pointers = (packed.node_ptr, packed.connection_ptr)
    return np.array([(ptr[rows + 1] - ptr[rows]).sum() for ptr in pointers])


def thinned(records: Records, stride: int, champion: int, columns: tuple[str, ...]) -> Records:
    """The same with the genomes of first ones, of the champion, and where ``stride`` divides
    the generation."""
    own = np.zeros(records.row.size, np.int64)
    own[records.kept] = structures_of(records.genomes)
    wanted = np.where(records.kept & (records.generation % stride == 0), 0, -1).astype(np.int8)
    if champion >= 0:
        wanted[champion] = 1
    held, kept = np.zeros_like(own), np.empty(own.size, np.bool_)
    kernels.choose(records.parent, 0, own, wanted, held, kept)
    rows = np.flatnonzero(kept[records.kept])
    genomes = pool_of([(records.genomes, rows)], sizes_of(records.genomes, rows), columns)
    return records._replace(kept=kept, held=held, genomes=genomes)


def structures_of(packed: Packed) -> Array:
    """(N,) int64, of each genome."""
    rows = np.arange(packed.node_ptr.size - 1)
    own = np.empty(rows.size, np.int64)
    kernels.structures(packed, rows, own, np.empty((rows.size, 2), np.int64))
    return own
