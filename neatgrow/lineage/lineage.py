"""Who descends from whom: the ancestors of the living genomes and of the champion.

Every genome has a first parent, the fitter one, whose structure it has inherited; the other,
its mate, is noted as a fact. The ancestry by first parents is a forest that soon has few
branches: what has no living descendant is dropped, and an ancestor's genome is kept only where
its structure is not that of the ancestor before.

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
from neatgrow.kernels.offspring import Offspring
from neatgrow.lineage.records import (
    FIRST,
    Records,
    ToldGeneration,
    facts_of,
    genes_of,
    held_at,
    pool_of,
    sizes_of,
    stacked,
    structures_of,
    thinned,
    told_generation,
)
from neatgrow.selection.population import FROM_CHAMPION, FROM_NOBODY, State

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
        recent: The last generations, not looked through yet; all but the last have children.
        room: Their genomes and genes.
        above: (2, N) int64 of the first of these: number of each genome's first parent, −1 for
            none, and the structure held there.
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
    above: Array
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
        nobody = np.full(size, FROM_NOBODY, np.int32)
        alone = Offspring(nobody, nobody, np.zeros(size, np.uint8), np.zeros(size, np.bool_))
        told = told_generation(state, alone, champion_row)
        recent_champion = (state.generation, champion_row) if champion_row >= 0 else None
        blocks: tuple[Records, ...] = ()
        if champion_row < 0 and state.champion is not None:
            packed = state.champion.packed
            one, since = np.full(1, -1, np.int32), np.full(1, born, np.int32)
            fitness, held = np.array([state.champion_fitness]), structures_of(packed)
            kept = np.ones(1, np.bool_)
            blocks = (Records(since, one, one, one, one, fitness, kept, held, packed),)
        return cls(
            blocks, (told,), told.room, np.full((2, size), -1, np.int64),
            0 if blocks else -1, recent_champion, 1, 0, state.minimize, state.genomes.interface,
        )  # fmt: skip

    def after(self, state: State, offspring: Offspring, champion_row: int) -> "Lineage":
        """The lineage one generation on.

        Args:
            state: After that generation was told.
            offspring: Who made each of its genomes; see :attr:`Population.parents`.
            champion_row: Row of a new champion, or −1.
        """
        told = told_generation(state, offspring, champion_row)
        recent: tuple[ToldGeneration, ...] = ()
        room = 0
        if offspring.first[-1] < 0:  # a restart: nobody of the last generation has children
            lineage = self._looked_through(len(self.recent))
            number = np.where(offspring.first == FROM_CHAMPION, lineage.champion, -1)
            above = np.stack([number, held_at(lineage.blocks, number)])
            lineage = replace(lineage, above=above)
        else:
            lineage, recent, room, last = self, self.recent, self.room, self.recent[-1]
            unborn = len(recent) == 1 and self.above[0].min() < 0  # genomes without parents
            if not (unborn or self._keeps(last.generation)):
                size = last.fitness.size
                room -= last.room - size
                recent = (*recent[:-1], ToldGeneration(last.generation, None, size, *last[3:]))
        recent_champion, champion = lineage.recent_champion, lineage.champion
        if champion_row >= 0:
            recent_champion, champion = (state.generation, champion_row), -1
        work = self.work + told.room
        recent, room = (*recent, told), room + told.room
        lineage = Lineage(
            lineage.blocks, recent, room, lineage.above, champion, recent_champion, self.stride,
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
            last = facts_of(lineage.recent, np.array([row]), lineage.above[0, row : row + 1])
            found.append(self._ancestor(last, 0, told.champion_genome))
            number = int(lineage.above[0, row])
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
        everybody = facts_of(lineage.recent, np.arange(told.fitness.size), lineage.above[0])
        everybody = stacked([records, everybody])
        champion = lineage.champion
        if lineage.recent_champion is not None:
            champion = records.row.size + lineage.recent_champion[1]
        names = list(zip(everybody.generation.tolist(), everybody.row.tolist(), strict=True))
        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        for number, (name, fitness, species, parent, mate) in enumerate(
            zip(
                names, (self._sign * everybody.fitness).tolist(), everybody.species.tolist(),
                everybody.parent.tolist(), everybody.mate.tolist(), strict=True,
            )
        ):  # fmt: skip
            generation, row = name
            graph.add_node(
                name, generation=generation, row=row, fitness=fitness, species=species,
                champion=number == champion,
            )  # fmt: skip
            if parent >= 0:
                graph.add_edge(names[parent], name, kind="parent")
            if mate >= 0:
                other = (generation - 1, mate)
                graph.add_node(other, generation=other[0], row=mate)
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
        above = np.stack([lineage.above[0], held_at([records], lineage.above[0])])
        return replace(lineage, blocks=(records,), above=above, stride=stride)

    def _looked_through(self, count: int) -> "Lineage":
        """The same with records of the first ``count`` of the last generations."""
        if not count:
            return self
        recent, base = self.recent, sum(block.row.size for block in self.blocks)
        sizes = [told.fitness.size for told in recent]
        start = np.concatenate([[0], np.cumsum(sizes)])
        parent = self._provisional(base, start)
        alive = np.zeros(start[-1], np.bool_)
        alive[start[count] if count == len(recent) else start[-2] :] = True
        recent_champion = self.recent_champion
        place = -1  # of the champion
        if recent_champion is not None:
            place = int(start[recent_champion[0] - recent[0].generation]) + recent_champion[1]
            alive[place] = True
        kernels.trace(parent, base, alive)
        stop = int(start[count])
        found = np.flatnonzero(alive[:stop])
        number = np.full(start[-1], -1, np.int64)
        number[found] = base + np.arange(found.size)
        parents = parent[found]
        within = parents >= base
        parents[within] = number[parents[within] - base]
        records = self._recorded(found, start[: count + 1], parents, base)
        champion = self.champion
        if 0 <= place < stop:
            recent_champion, champion = None, int(number[place])
        above = np.empty((2, 0), np.int64)
        if count < len(recent):
            above = number[parent[start[count] : start[count + 1]] - base]
            above = np.stack([above, held_at([records], np.maximum(above - base, -1))])
        rest = recent[count:]
        room = sum(told.room for told in rest)
        return replace(
            self, blocks=(*self.blocks, records), recent=rest, room=room, above=above,
            champion=champion, recent_champion=recent_champion,
        )  # fmt: skip

    def _provisional(self, base: int, start: Array) -> Array:
        """First parents of all of the last generations, numbered as if everybody were kept."""
        first = [told.offspring.first for told in self.recent]
        first[0] = self.above[0].astype(np.int32)
        before = np.repeat(base + start[:-2], np.diff(start)[1:])
        parent = np.concatenate(first)
        parent[start[1] :] += before.astype(np.int32)
        return parent

    def _recorded(self, found: Array, start: Array, parent: Array, base: int) -> Records:
        """Records of some of the last generations' genomes, given by their places in all."""
        cuts = np.searchsorted(found, start).tolist()
        records = facts_of(self.recent[: start.size - 1], found, parent)
        row = records.row.astype(np.int64)
        own, held = np.zeros(row.size, np.int64), np.empty(row.size, np.int64)
        sizes, wanted = np.zeros((row.size, 2), np.int64), np.full(row.size, -1, np.int8)
        held[: cuts[1]] = self.above[1, found[: cuts[1]]]
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
        alive = np.zeros(records.row.size, np.bool_)
        alive[self.above[0][self.above[0] >= 0]] = True
        if self.champion >= 0:
            alive[self.champion] = True
        kernels.trace(records.parent, 0, alive)
        number = np.append(np.cumsum(alive) - 1, -1)  # of −1, −1
        chosen, genes, at = [], np.zeros(2, np.int64), 0
        for block in self.blocks:
            rows = np.flatnonzero(alive[at : at + block.row.size][block.kept])
            chosen.append((block.genomes, rows))
            genes += sizes_of(*chosen[-1])
            at += block.row.size
        columns = {name: getattr(records, name)[alive] for name in Records._fields[:-1]}
        columns["parent"] = number[columns["parent"]].astype(np.int32)
        genomes = pool_of(chosen, genes, self.face.columns)
        pruned = Records(**columns, genomes=genomes)
        above = np.stack([number[self.above[0]], self.above[1]])
        return replace(
            self, blocks=(pruned,), above=above, champion=int(number[self.champion])
        )  # fmt: skip
