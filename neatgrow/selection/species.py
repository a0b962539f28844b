"""Species: genomes grouped by distance, their records, and their shares of offspring."""

from dataclasses import dataclass

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.columns import names_of
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import parallel, speciation
from neatgrow.kernels.speciation import Columns, Measure, Tables

_DISTANCE_NS = 25.0  # estimated work per gene
_SMALLEST_THRESHOLD, _LARGEST_STEP = 1e-3, 1.1


@dataclass(eq=False)
class SpeciesTable:
    """S species, oldest first; arrays are (S,).

    Attributes:
        id: int64, from 1, never used twice in a run.
        born: int64, generation of the founder.
        best: float64, highest fitness of any member so far, −inf before the first.
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
