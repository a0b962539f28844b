"""Who descends from whom: the ancestors of the living genomes and of the champion.

Every genome has a first parent, the fitter one, whose structure it has inherited; the other,
its mate, is noted as a fact. Both may be of any earlier generation. The ancestry by first parents
is a forest that soon has few branches: who has no living descendant, and is not among those who
may have children, is dropped; and an ancestor's genome is kept only where its structure is not
that of the ancestor before.

What a generation's genomes left behind is known only generations later, so the last few
generations are held as they are, and looked through once together.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import lineage as kernels
from neatgrow.kernels.layout import Packed
from neatgrow.lineage.records import (
    FIRST,
    Records,
    ToldGeneration,
    facts_of,
    genes_of,
    held_at,
    joined,
    pool_of,
    sizes_of,
    stacked,
    structures_of,
    thinned,
    told_generation,
)
from neatgrow.selection.base import FROM_CHAMPION
from neatgrow.selection.population import Parents, State

if TYPE_CHECKING:
    import networkx

_DENSE = 64  # generations in all of which genomes are kept; then in 32 until twice as many, …
_WINDOW = 128  # generations that are looked through together, …
_WINDOW_ROOM = 200_000  # … if their genomes and genes are no more than this in all
REVIEW = 4_000_000  # genomes and genes of the generations between two reviews of what is kept
_ROOM = 1 << 16  # genes that are kept, or a quarter of the population's
MOST = 1 << 30  # generations, rows and species


@dataclass(frozen=True, eq=False)
class Ancestor:
    """A genome of the past.

    Attributes:
        generation: In which it lived, from 1.
        genome: Its genes as they were judged, without statistics of inputs.
        fitness: As told.
        species: Id of its species; −1 where that is not known any more.
    """

    generation: int
    genome: Genome
    fitness: float
    species: int


@dataclass(frozen=True, eq=False)
class Lineage:
    """The line of descent of a run, up to one generation.

    Nothing in it is written to again. Who descends from whom is known of every generation.
    Genomes are kept of generations 1 to 63, of every second one to 127, every fourth to 255
    and so on, and of champions; and where those kept have more than 65,536 genes in all, and
    more than a quarter of what the population has, only of every second generation, every
    fourth and so on. All that depends on the run alone, not on when it was saved.

    Where a mated child would have had a forbidden loop, the first parent alone made it, and the
    mate is one that was chosen in vain.

    Attributes:
        blocks: Records of earlier generations; numbers go on from block to block.
        recent: The last generations, not looked through yet. Their genomes have the numbers that
            follow, all of them.
        room: Their genomes and genes.
        pool: (P, 2) int64: generation and row of each that may have children.
        champion: Number of the champion's record; −1 where ``recent_champion`` has it, or nothing.
        recent_champion: Generation and row of a champion that is among the last generations.
        stride: Genomes are kept in generations that this divides.
        work: Genomes and genes of the generations since the last review.
        minimize: Whether lower fitness is better.
        face: Inputs and outputs.
    """

    blocks: tuple[Records, ...]
    recent: tuple[ToldGeneration, ...]
    room: int
    pool: Array
    champion: int
    recent_champion: tuple[int, int] | None
    stride: int
    work: int
    minimize: bool
    face: Interface

    @classmethod
    def begin(cls, state: State, champion_row: int, born: int) -> "Lineage":
        """A lineage of nothing but one generation and the champion.

        Args:
            state: After the generation was told.
            champion_row: Row of the champion; −1 where it is older.
            born: Generation of a champion that is older.
        """
        size = len(state.genomes)
        nobody = np.full(size, -1, np.int32)
        told = told_generation(state, nobody, np.stack([nobody, nobody], axis=1), champion_row)
        recent_champion = (state.generation, champion_row) if champion_row >= 0 else None
        blocks: tuple[Records, ...] = ()
        if champion_row < 0 and state.champion is not None:
            packed = state.champion.packed
            one, since = np.full(1, -1, np.int32), np.full(1, born, np.int32)
            fitness, held = np.array([state.champion_fitness]), structures_of(packed)
            kept = np.ones(1, np.bool_)
            blocks = (Records(since, one, one, one, one, one, fitness, kept, held, packed),)
        return cls(
            blocks, (told,), told.room, state.pool.origin, 0 if blocks else -1, recent_champion,
            1, 0, state.minimize, state.genomes.interface,
        )  # fmt: skip

    def after(self, state: State, parents: Parents, champion_row: int) -> "Lineage":
        """The lineage one generation on.

        Args:
            state: After that generation was told.
            parents: Who made each of its genomes; see :attr:`Population.parents`.
            champion_row: Row of a new champion, or −1.
        """
        told = told_generation(state, self._numbers(parents.first), parents.second, champion_row)
        recent, room, last = self.recent, self.room, self.recent[-1]
        unborn = last.parent.min() < 0  # of whom some have no parents: their genomes are kept
        if not (unborn or self._keeps(last.generation)):
            size = last.fitness.size
            room -= last.room - size
            recent = (*recent[:-1], ToldGeneration(last.generation, None, size, *last[3:]))
        recent_champion, champion = self.recent_champion, self.champion
        if champion_row >= 0:
            recent_champion, champion = (state.generation, champion_row), -1
        work = self.work + told.room
        recent, room = (*recent, told), room + told.room
        lineage = Lineage(
            self.blocks, recent, room, state.pool.origin, champion, recent_champion, self.stride,
            work, self.minimize, self.face,
        )  # fmt: skip
        if work >= REVIEW:
            return lineage._reviewed()
        if len(recent) > _WINDOW or room > _WINDOW_ROOM:
            return lineage._looked_through(len(recent) // 2)
        return lineage

    def line(self) -> list[Ancestor]:
        """The champion and its first parent's line, from first to last.

        Only those whose structure differs from that of the one before, and the champion; empty
        where no evaluation has succeeded yet.
        """
        lineage = self.settled()
        (records,), (told,) = lineage.blocks, lineage.recent
        found: list[Ancestor] = []
        number = lineage.champion
        if lineage.recent_champion is not None:
            row = told.champion
            assert told.champion_genome is not None
            last = facts_of(lineage.recent, np.array([row]))
            found.append(self._ancestor(last, 0, told.champion_genome))
            number = int(told.parent[row])
        genomes = Genomes(records.genomes, self.face)
        place = np.cumsum(records.kept) - 1
        while number >= 0:
            parent = int(records.parent[number])
            changed = parent < 0 or records.held[number] != records.held[parent]
            if records.kept[number] and (changed or not found):
                genome = genomes[int(place[number])]
                found.append(self._ancestor(records, number, genome))
            number = parent
        return found[::-1]

    def to_networkx(self) -> "networkx.DiGraph[Any]":
        """Everybody that is known as a directed graph, from parents to children.

        Nodes are pairs of generation and row, with attributes ``generation`` and ``row``; all
        but mates who left no first-parent line also have ``fitness``, as told, ``species`` and
        ``champion``, whether it is the champion. The champion of before a lineage began has the
        row −1. Edges have the attribute ``kind``, ``"parent"`` or ``"mate"``. Needs networkx.
        """
        import networkx

        lineage = self.settled()
        (records,), (told,) = lineage.blocks, lineage.recent
        everybody = stacked([records, facts_of(lineage.recent, np.arange(told.fitness.size))])
        champion = lineage.champion
        if lineage.recent_champion is not None:
            champion = records.row.size + lineage.recent_champion[1]
        names = list(zip(everybody.generation.tolist(), everybody.row.tolist(), strict=True))
        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        for number, (name, fitness, species, parent, *mate) in enumerate(
            zip(
                names, (self._sign * everybody.fitness).tolist(), everybody.species.tolist(),
                everybody.parent.tolist(), everybody.mate_generation.tolist(),
                everybody.mate.tolist(), strict=True,
            )
        ):  # fmt: skip
            generation, row = name
            graph.add_node(
                name, generation=generation, row=row, fitness=fitness, species=species,
                champion=number == champion,
            )  # fmt: skip
            if parent >= 0:
                graph.add_edge(names[parent], name, kind="parent")
            other = (mate[0], mate[1])
            if other[1] >= 0:
                graph.add_node(other, generation=other[0], row=other[1])
                graph.add_edge(other, name, kind="mate")
        return graph

    def __repr__(self) -> str:
        known = sum(block.row.size for block in self.blocks)
        return f"Lineage({known} ancestors, generation {self.recent[-1].generation})"

    # --------------------------------------------------------------- what is kept and what not

    def _keeps(self, generation: int) -> bool:
        """Whether genomes of a generation are kept, other than champions and first ones."""
        sparse = max(generation // (_DENSE // 2), 1).bit_length() - 1
        return generation % max(1 << sparse, self.stride) == 0

    @property
    def _sign(self) -> float:
        return -1.0 if self.minimize else 1.0

    def _ancestor(self, records: Records, number: int, genome: Genome) -> Ancestor:
        fitness = self._sign * float(records.fitness[number])
        generation, species = int(records.generation[number]), int(records.species[number])
        return Ancestor(generation, genome.copy(), fitness, species)

    def settled(self) -> "Lineage":
        """The same with one block and the last generation alone, nobody in it without need."""
        return self._looked_through(len(self.recent) - 1)._pruned()

    def _reviewed(self) -> "Lineage":
        """The same, pruned, and with fewer genomes where there are too many."""
        lineage = replace(self.settled(), work=0)
        (records,), (told,) = lineage.blocks, lineage.recent
        assert told.genomes is not None
        room = max(_ROOM, genes_of(told.genomes.packed) // 4)
        stride = lineage.stride
        while genes_of(records.genomes) > room and stride < MOST:
            stride *= 2
            records = thinned(records, stride, lineage.champion, self.face.columns)
        return replace(lineage, blocks=(records,), stride=stride)

    def _starts(self) -> Array:
        """(G+1,) number of the first genome of each of the last generations, and how many
        numbers there are in all."""
        records = sum(block.row.size for block in self.blocks)
        return np.cumsum([records, *(told.fitness.size for told in self.recent)])

    def _numbers(self, origin: Array) -> Array:
        """(K,) int32 numbers of genomes, given by (K, 2) generation and row; −1 where not known."""
        when, row = origin.T
        start, age = self._starts(), when - self.recent[0].generation
        number = np.full(when.size, -1, np.int32)
        near = age >= 0
        number[near] = start[age[near]] + row[near]
        number[near] = np.where(number[near] < start[age[near] + 1], number[near], -1)
        number[when == FROM_CHAMPION] = self._champion_number()
        far = np.flatnonzero(~near & (when > 0))
        if far.size:
            blocks = [joined(self.blocks, name) for name in ("generation", "row")]
            known, wanted = (
                (a.astype(np.int64) << 32) + b for a, b in (blocks, (when[far], row[far]))
            )
            place = np.searchsorted(known, wanted)
            place[place == known.size] = 0
            number[far] = np.where(known[place] == wanted, place, -1) if known.size else -1
        return number

    def _champion_number(self) -> int:
        if self.recent_champion is None:
            return self.champion
        generation, row = self.recent_champion
        return int(self._starts()[generation - self.recent[0].generation]) + row

    def _looked_through(self, count: int) -> "Lineage":
        """The same with records of the first ``count`` of the last generations."""
        if not count:
            return self
        start = self._starts()
        base, stop = int(start[0]), int(start[count])
        parent = np.concatenate([told.parent for told in self.recent])
        roots = np.append(self._numbers(self.pool), self._champion_number())
        alive = np.zeros(start[-1] - base, np.bool_)
        alive[start[-2] - base :] = True
        alive[roots[roots >= base] - base] = True
        kernels.trace(parent, base, alive)
        found = np.flatnonzero(alive[: stop - base])
        number = np.full(start[-1] + 1, -1, np.int32)  # by the number of before; of −1, −1
        number[:base] = np.arange(base)
        number[base + found] = base + np.arange(found.size)
        number[stop:-1] = base + found.size + np.arange(start[-1] - stop)
        records = self._recorded(found, start[: count + 1] - base, number[parent[found]], base)
        rest = tuple(told._replace(parent=number[told.parent]) for told in self.recent[count:])
        recent_champion, champion = self.recent_champion, self.champion
        if recent_champion is not None and recent_champion[0] < rest[0].generation:
            recent_champion, champion = None, int(number[self._champion_number()])
        return replace(
            self, blocks=(*self.blocks, records), recent=rest, champion=champion,
            room=sum(told.room for told in rest), recent_champion=recent_champion,
        )  # fmt: skip

    def _recorded(self, found: Array, start: Array, parent: Array, base: int) -> Records:
        """Records of some of the last generations' genomes, given by their places in all."""
        cuts = np.searchsorted(found, start).tolist()
        records = facts_of(self.recent[: start.size - 1], found)._replace(parent=parent)
        row = records.row.astype(np.int64)
        own = np.zeros(row.size, np.int64)
        held = held_at(self.blocks, np.where(parent < base, parent, -1))
        sizes, wanted = np.zeros((row.size, 2), np.int64), np.full(row.size, -1, np.int8)
        parts: list[tuple[int, int, Packed, bool]] = []
        for told, a, b in zip(self.recent, cuts[:-1], cuts[1:], strict=False):
            if told.genomes is not None:
                packed = told.genomes.packed
                kernels.structures(packed, row[a:b], own[a:b], sizes[a:b])
                if self._keeps(told.generation):
                    wanted[a:b] = 0
                parts.append((a, b, packed, True))
            if told.champion >= 0:
                at = a + int(np.searchsorted(row[a:b], told.champion))
                if at < b and row[at] == told.champion:
                    wanted[at] = 1
                    if told.genomes is None:
                        assert told.champion_genome is not None
                        packed = told.champion_genome.packed
                        kernels.structures(packed, FIRST, own[at : at + 1], sizes[at : at + 1])
                        parts.append((at, at + 1, packed, False))
        kept = np.empty(row.size, np.bool_)
        kernels.choose(parent, base, own, wanted, held, kept)
        chosen = []
        for a, b, packed, many in parts:
            some = row[a:b][kept[a:b]]
            if some.size:
                chosen.append((packed, some if many else FIRST))
        genomes = pool_of(chosen, sizes[kept].sum(axis=0), self.face.columns)
        return records._replace(kept=kept, held=held, genomes=genomes)

    def _pruned(self) -> "Lineage":
        """The same with one block, and without those who have nobody alive."""
        records = stacked(self.blocks)
        count, total = records.row.size, int(self._starts()[-1])
        parents = [told.parent for told in self.recent]
        roots = np.concatenate([*parents, self._numbers(self.pool), [self.champion]])
        alive = np.zeros(count, np.bool_)
        alive[roots[(roots >= 0) & (roots < count)]] = True
        kernels.trace(records.parent, 0, alive)
        number = np.full(total + 1, -1, np.int32)  # as above
        number[:-1] = np.cumsum(np.append(alive, np.ones(total - count, np.bool_))) - 1
        chosen, genes, at = [], np.zeros(2, np.int64), 0
        for block in self.blocks:
            rows = np.flatnonzero(alive[at : at + block.row.size][block.kept])
            chosen.append((block.genomes, rows))
            genes += sizes_of(*chosen[-1])
            at += block.row.size
        columns = {name: getattr(records, name)[alive] for name in Records._fields[:-1]}
        columns["parent"] = number[columns["parent"]]
        pruned = Records(**columns, genomes=pool_of(chosen, genes, self.face.columns))
        recent = tuple(told._replace(parent=number[told.parent]) for told in self.recent)
        champion = int(number[self.champion])
        return replace(self, blocks=(pruned,), recent=recent, champion=champion)
