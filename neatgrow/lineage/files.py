"""Lineages in files: packed into arrays, checked where they are read."""

from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.files.archive import UnknownContentError, plain, typed, whole
from neatgrow.files.genomes import PARTS as GENOME_PARTS
from neatgrow.files.genomes import pack_genomes, unpack_genomes
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import lineage as kernels
from neatgrow.kernels.layout import Packed
from neatgrow.lineage.lineage import MOST, REVIEW, Lineage
from neatgrow.lineage.records import Records, structures_of, told_generation
from neatgrow.selection.population import State

VERSION = 2  # 1 had mates of the generation before alone
_FACTS = ("generation", "row", "parent", "mate", "mate_generation", "species")
PARTS = frozenset(
    {*_FACTS, "fitness", "kept", "parents", "mates", "mates_generation"}
    | {f"genomes.{name}" for name in GENOME_PARTS}
)  # arrays that a lineage may have in files


def pack_lineage(lineage: Lineage) -> tuple[dict[str, Any], dict[str, Array]]:
    """Metadata and arrays that :func:`unpack_lineage` reads.

    The last generation itself is not in them; only who its parents were.
    """
    settled = lineage.settled()
    (records,), (told,) = settled.blocks, settled.recent
    genomes, columns = pack_genomes(Genomes(records.genomes, settled.face))
    metadata = {
        "version": VERSION,
        "genomes": genomes,
        "champion": settled.champion,
        "champion_row": -1 if settled.recent_champion is None else settled.recent_champion[1],
        "told_champion": told.champion,
        "stride": settled.stride,
        "work": settled.work,
    }
    arrays = {f"genomes.{name}": column for name, column in columns.items()}
    arrays |= {name: getattr(records, name) for name in (*_FACTS, "fitness", "kept")}
    mates_generation, mates = told.mate.T
    last = {"parents": told.parent, "mates": mates, "mates_generation": mates_generation}
    return metadata, arrays | last


def unpack_lineage(metadata: dict[str, Any], arrays: dict[str, Array], state: State) -> Lineage:
    """The lineage of :func:`pack_lineage`, every number in it checked.

    Args:
        metadata: …
        arrays: …
        state: Of the population after the lineage's last generation.

    Raises:
        DAMAGE: Any of these exceptions, where the metadata or the arrays are unsound.
    """
    version = whole(metadata, "version", 1, MOST)
    if version > VERSION:
        raise UnknownContentError(
            _checks.message("version", f"a lineage of format {VERSION} or older", version,
                            "Update neatgrow.")
        )  # fmt: skip
    below = {k.removeprefix("genomes."): v for k, v in arrays.items() if k.startswith("genomes.")}
    genomes = unpack_genomes(plain(metadata, "genomes", dict), below)
    own = state.genomes.interface
    if not genomes.interface.matches(own):
        raise ValueError("genomes: expected the population's inputs and outputs, and its encoding.")
    records = _checked_records(arrays, genomes.packed, state.generation)
    count, size = records.row.size, len(state.genomes)
    parents = _numbers(arrays, "parents", size, -1, count - 1)
    if (records.generation[parents[parents >= 0]] >= state.generation).any():
        raise ValueError("parents: expected records of before the last generation.")
    before = {"mates_generation": np.full(size, state.generation - 1, np.int32)}
    mates = [_numbers(before | arrays, name, size, -1, MOST)
             for name in ("mates_generation", "mates")]  # fmt: skip
    champion = whole(metadata, "champion", -1, count - 1)
    row = whole(metadata, "champion_row", -1, size - 1)
    told_row = whole(metadata, "told_champion", -1, size - 1)
    exactly = int(champion >= 0) + int(row >= 0)
    if exactly != int(state.champion is not None) or told_row != row:
        raise ValueError("champion: expected one place of it where there is one.")
    if champion >= 0 and not records.kept[champion]:
        raise ValueError("champion: expected its genome, got none.")
    told = told_generation(state, parents, np.stack(mates, axis=1), told_row)
    return Lineage(
        blocks=(records,),
        recent=(told,),
        room=told.room,
        count=count + size,
        pool=state.pool.origin,
        champion=champion,
        recent_champion=(state.generation, row) if row >= 0 else None,
        stride=whole(metadata, "stride", 1, 2 * MOST),
        work=whole(metadata, "work", 0, REVIEW),
        minimize=state.minimize,
        face=own,
    )


def _numbers(arrays: dict[str, Array], name: str, size: int, low: int, high: int) -> Array:
    values = typed(arrays, name, np.int32, (size,))
    if ((values < low) | (values > high)).any():
        raise ValueError(f"{name}: expected numbers from {low} to {high}.")
    return values


def _checked_records(arrays: dict[str, Array], genomes: Packed, generation: int) -> Records:
    """Records with sound numbers, and the structure held at each."""
    count = arrays["generation"].size
    arrays = {"mate_generation": arrays["generation"] - 1, **arrays}
    facts = {name: _numbers(arrays, name, count, int(name == "generation") or -1, MOST)
             for name in _FACTS}  # fmt: skip
    fitness = typed(arrays, "fitness", np.float64, (count,))
    kept = typed(arrays, "kept", np.bool_, (count,))
    parent, when = facts["parent"], facts["generation"]
    if (parent >= np.arange(count)).any() or np.isinf(fitness).any():
        raise ValueError("parent, fitness: expected earlier records, and no infinity.")
    if (when > generation).any() or (when[parent[parent >= 0]] >= when[parent >= 0]).any():
        raise ValueError("generation: expected parents before children, none to come.")
    if kept.sum() != genomes.node_ptr.size - 1 or not kept[parent < 0].all():
        raise ValueError("kept: expected as many genomes, and those of all first ancestors.")
    own, held = np.zeros(count, np.int64), np.zeros(count, np.int64)
    own[kept] = structures_of(genomes)
    same, wanted = np.empty(count, np.bool_), np.where(kept, 1, -1).astype(np.int8)
    kernels.choose(parent, 0, own, wanted, held, same)
    return Records(**facts, fitness=fitness, kept=kept, held=held, genomes=genomes)
