"""Species: genomes grouped by distance, their records, and their shares of offspring."""

from dataclasses import dataclass

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.files.archive import typed
from neatgrow.genomes.columns import names_of
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import parallel, random, selection, speciation
from neatgrow.kernels.offspring import COPY, MUTATE, Offspring
from neatgrow.kernels.selection import Generation, Policy
from neatgrow.kernels.speciation import Columns, Measure, Tables
from neatgrow.sections import SpeciesSelection
from neatgrow.selection.base import (
    FROM_CHAMPION,
    FROM_NOBODY,
    FitnessScore,
    Groups,
    Pool,
    Reproduction,
    Score,
    Standing,
)

_DISTANCE_NS = 25.0  # estimated work per gene
_SMALLEST_THRESHOLD, _LARGEST_STEP = 1e-3, 1.1
_MOST = 1 << 30  # species

_FATES = {
    selection.STAGNANT: "no better fitness for too long",
    selection.TOO_FEW: "too low a share of the fitness for one child",
}
_TABLE = {"id": np.int64, "born": np.int64, "best": np.float64, "improved": np.int64}


def start(config: Config, seed: int) -> tuple[Score, Reproduction]:
    """NEAT's: fitness counts, and species have children."""
    return FitnessScore(), SpeciesReproduction(config, seed)


@dataclass(eq=False)
class SpeciesTable:
    """S species, oldest first; arrays are (S,).

    Attributes:
        id: int64, from 1, never used twice in a run.
        born: int64, generation of the founder.
        best: float64, highest score of any member so far, −inf before the first.
        improved: int64, generation in which ``best`` last rose.
        founded: How many species the run has had.
    """

    id: Array
    born: Array
    best: Array
    improved: Array
    founded: int

    def __len__(self) -> int:
        return int(self.id.size)

    def take(self, rows: Array) -> "SpeciesTable":
        """Some of the species."""
        return SpeciesTable(
            self.id[rows], self.born[rows], self.best[rows], self.improved[rows], self.founded
        )


def no_species() -> SpeciesTable:
    """The table before any species was founded."""
    none = np.empty(0, np.int64)
    return SpeciesTable(none, none, np.empty(0), none, 0)


def measure_of(config: Config) -> Measure:
    """The distance's coefficients as kernels read them."""
    genes = config.genes
    columns = {
        array: np.array([getattr(genes, name).difference for name in names], np.float64)
        for array, names in names_of(genes.columns)._asdict().items()
    }
    d = config.distance
    compare = d.nodes > 0 or columns["node_values"].any() or columns["node_choices"].any()
    return Measure(
        excess=d.excess, disjoint=d.disjoint, nodes=d.nodes, small=d.small,
        compare_nodes=bool(compare), **columns,
    )  # fmt: skip


def distance(a: Genome, b: Genome, config: Config) -> float:
    """Compatibility distance δ between two genomes; see ``kernels.speciation.distance``.

    Returns:
        Dimensionless, ≥ 0, symmetric, 0 for identical genomes.

    Raises:
        ValueError: Genomes or settings have other gene columns.
    """
    for what, columns in (("a", a.columns), ("b", b.columns)):
        if columns != config.genes.columns:
            rule = f"the columns of config.genes, {', '.join(config.genes.columns)}"
            raise ValueError(_checks.message(what, rule, ", ".join(columns)))
    measure = measure_of(config)
    return float(speciation.one_distance(a.packed, b.packed, measure))


def speciate(
    genomes: Genomes,
    table: SpeciesTable,
    representatives: tuple[Genomes, Array],
    guess: Array,
    measure: Measure,
    threshold: float,
    generation: int,
    *,
    twins_first: bool = True,
) -> tuple[Array, SpeciesTable]:
    """Put every genome into a species, founding new ones where none is near enough.

    Args:
        genomes: N genomes.
        table: S species to compare with.
        representatives: A batch, and (S,) int64 rows of it: a genome for each species.
        guess: (N,) int32 row of the species to try first, −1 for none.
        measure: Distance coefficients.
        threshold: Distance below which a genome belongs to a representative.
        generation: Birth of new species.
        twins_first: Whether a genome near no representative tries the new species of the last
            genome with the same connection genes first, instead of all in order.

    Returns:
        (N,) int32 row of each genome's species, and the table of species that have members.
    """
    packed, count = genomes.packed, len(genomes)
    species = np.full(count, speciation.UNSEEN, np.int32)
    others = (representatives[0].packed, representatives[1])
    ranges = parallel.split(packed.connection_ptr, _DISTANCE_NS)
    if len(ranges) > 1:
        parallel.over_ranges(
            speciation.assign, ranges, packed, others, guess, measure, threshold, species
        )
    most = len(table) + count
    new = Columns(
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most),
        np.empty(most, np.int64),
    )
    old = Columns(table.id, table.born, table.best, table.improved)
    tables = Tables(old, new, table.founded, generation, twins_first)
    left, founded = speciation.settle(packed, others, guess, measure, threshold, species, tables)
    rows = Columns(*(column[:left].copy() for column in new))
    return species, SpeciesTable(*rows, founded=table.founded + founded)


def steered(threshold: float, count: int, config: Config) -> float:
    """Next generation's threshold: towards the target number of species, the faster the
    further away: threshold · (count / target)^gain, by at most a tenth at once, because the
    count answers to small steps with jumps.
    """
    target = config.species.target
    if target is None:
        return threshold
    wanted = float((count / target) ** config.species.gain)
    factor = min(max(wanted, 1 / _LARGEST_STEP), _LARGEST_STEP)
    return max(threshold * factor, _SMALLEST_THRESHOLD)


class SpeciesReproduction(Reproduction):
    """Species share the offspring, and in each the best members are parents.

    Follows ``config.species``, ``config.distance`` and ``config.crossover``, and
    ``config.selection`` where that is a :class:`SpeciesSelection`, whose defaults it has elsewhere.

    Attributes:
        species: (N,) int32, row of each genome's species in ``table``.
        table: The species.
        threshold: Distance threshold in force.
        deaths: Why species ended at the last reproduction, by species id.
    """

    _sound = True

    def __init__(self, config: Config, seed: int) -> None:
        self.species = np.empty(0, np.int32)
        self.table = no_species()
        self.threshold = config.species.threshold
        self.deaths: dict[int, str] = {}
        self._config = config
        self._policy = _policy_of(config)
        self._measure = measure_of(config)
        self._seeds = np.array([seed, random.SELECTION])
        self._refocused = 0  # generation in which species were last narrowed to two
        self._ahead: _Ahead | None = None

    def select(self, standing: Standing, score: Array) -> Pool:
        """The generation; each species notes what it has achieved."""
        table, unused = self.table, np.empty_like(score)
        selection.credit(
            score, 1.0, unused, self.species, table.best, table.improved, standing.generation
        )
        return standing.as_pool()

    def reproduce(self, standing: Standing, score: Array) -> Offspring:
        """Children by species; where all have ended, mutants of the champion beside fresh
        genomes."""
        size, before = self._policy.size, self.table
        new = _empty_generation(size, len(before))
        order = np.argsort(-score, kind="stable")
        known = selection.Standing(
            score, order, self.species, before.improved, standing.generation
        )  # fmt: skip
        parents = standing.pool.genomes
        kept = selection.share_offspring(
            parents.packed, known, self._policy_now(standing), self._measure, self.threshold,
            self._seeds, new,
        )  # fmt: skip
        fates = zip(before.id.tolist(), new.quota[selection.FATE].tolist(), strict=True)
        self.deaths = {id_: _FATES[fate] for id_, fate in fates if fate != selection.ALIVE}
        if kept == 0:
            self.table, self._ahead = before.take(np.empty(0, np.int64)), None
            return _anew(size, 0 if standing.champion is None else size // 2)
        if kept < len(before):
            self.table = before.take(new.kept[:kept])
        self._ahead = _Ahead((parents, new.representatives[:kept]), new.guess, before.id)
        return new.offspring

    def settle(self, genomes: Genomes, generation: int) -> None:
        """Put every genome into a species."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:  # of nobody's species
            nobody = (genomes, np.empty(0, np.int64))
            ahead = _Ahead(nobody, np.full(len(genomes), -1, np.int32), np.empty(0, np.int64))
        self.species, self.table = speciate(
            genomes, self.table, ahead.representatives, ahead.guess, self._measure, self.threshold,
            generation, twins_first=self._config.species.parent_first,
        )  # fmt: skip
        self.threshold = steered(self.threshold, len(self.table), self._config)
        gone = set(ahead.before.tolist()).difference(self.table.id.tolist())
        self.deaths = dict.fromkeys(gone, "its kind has joined another species") | self.deaths

    def groups(self, count: int) -> Groups:
        """The species."""
        return Groups(self.species, self.table.id)

    def _policy_now(self, standing: Standing) -> Policy:
        """Settings, and whether the run has been idle long enough to narrow it."""
        refocus = self._config.species.refocus
        last = max(standing.champion_since, self._refocused)
        if refocus is None or standing.generation - last < refocus:
            return self._policy
        self._refocused = standing.generation
        return self._policy._replace(narrow=True)

    def state(self) -> dict[str, Array]:
        """All that later generations follow from."""
        return {
            "species": self.species,
            **{name: getattr(self.table, name) for name in _TABLE},
            "founded": np.array(self.table.founded),
            "threshold": np.array(self.threshold),
            "refocused": np.array(self._refocused),
        }

    def restore(self, state: dict[str, Array], standing: Standing) -> None:
        """Go on from :meth:`state`, all of it checked."""
        generation = standing.generation
        founded = _between(state, "founded", 1, _MOST)
        size = state["id"].size
        columns = {name: typed(state, name, kind, (size,)) for name, kind in _TABLE.items()}
        table = SpeciesTable(**columns, founded=founded)
        if (np.diff(table.id) <= 0).any() or not ((table.id > 0) & (table.id <= founded)).all():
            raise ValueError(f"id: expected rising numbers from 1 to {founded}.")
        if not (table.best < np.inf).all():
            raise ValueError("best: expected numbers or -inf, got NaN or infinity.")
        times = np.stack([np.zeros(size, np.int64), table.born, table.improved])
        if (times[1:] < times[:-1]).any() or (table.improved > generation).any():
            raise ValueError(f"born, improved: expected generations up to {generation}.")
        species = typed(state, "species", np.int32, (len(standing.genomes),))
        if ((species < 0) | (species >= size)).any() or np.unique(species).size != size:
            raise ValueError(f"species: expected rows of the table, each of {size} in use.")
        threshold = float(typed(state, "threshold", np.float64, ()))
        if not 0.0 <= threshold < np.inf:
            raise ValueError(_checks.message("threshold", "a number from 0", threshold))
        self._refocused = _between(state, "refocused", 0, generation)
        self.species, self.table, self.threshold = species, table, threshold


@dataclass(frozen=True, eq=False)
class _Ahead:
    """What is known of children who have no species yet.

    Attributes:
        representatives: As for :func:`speciate`, like ``guess``.
        before: (S,) ids of their parents' species.
    """

    representatives: tuple[Genomes, Array]
    guess: Array
    before: Array


def _between(state: dict[str, Array], name: str, low: int, high: int) -> int:
    value = int(typed(state, name, np.int64, ()))
    if not low <= value <= high:
        raise ValueError(_checks.message(name, f"a whole number from {low} to {high}", value))
    return value


def _anew(size: int, mutants: int) -> Offspring:
    """The champion, mutants of it, and fresh genomes."""
    first = np.full(size, FROM_NOBODY, np.int32)
    first[:mutants] = FROM_CHAMPION
    kind = np.full(size, MUTATE, np.uint8)
    kind[:1] = COPY
    return Offspring(first, first, kind, np.zeros(size, np.bool_))


def _policy_of(config: Config) -> Policy:
    select, species, crossover = config.selection, config.species, config.crossover
    if not isinstance(select, SpeciesSelection):
        select = SpeciesSelection()
    return Policy(
        size=config.population_size,
        stagnation=species.stagnation,
        protected=species.protected,
        narrow=False,
        survival=select.survival,
        elites=select.elites,
        elite_species_size=select.elite_species_size,
        by_rank=select.sharing == "rank",
        floor=select.floor,
        mutation_only=crossover.mutation_only,
        average=crossover.average,
        interspecies=crossover.interspecies,
        parent_first=species.parent_first,
    )


def _empty_generation(size: int, n_species: int) -> Generation:
    return Generation(
        offspring=Offspring(
            np.empty(size, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.bool_),
        ),
        room=np.empty((2, size + 1), np.int64),
        guess=np.empty(size, np.int32),
        quota=np.empty((3, n_species), np.int64),
        kept=np.empty(n_species, np.int64),
        representatives=np.empty(n_species, np.int64),
    )
