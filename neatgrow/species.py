"""Species: genomes grouped by distance, their records, and their shares of offspring."""

from dataclasses import dataclass

import numpy as np

from neatgrow.config import CONNECTION_VALUES, NODE_CHOICES, NODE_VALUES, Config
from neatgrow.genomes import Genome, Genomes
from neatgrow.kernels import layout, parallel, speciation
from neatgrow.kernels.layout import Array
from neatgrow.kernels.speciation import Measure

_DISTANCE_NS = 30.0  # estimated work per gene
_SMALLEST_THRESHOLD = 1e-3


@dataclass(frozen=True, eq=False)
class SpeciesTable:
    """S species, oldest first; arrays are (S,).

    Attributes:
        id: int64, never used twice in a run.
        born: int64, generation of the founder.
        best: float64, highest fitness of any member so far.
        improved: int64, generation in which ``best`` last rose.
        representatives: S genomes that new ones are compared with.
        founded: How many species the run has had.
    """

    id: Array
    born: Array
    best: Array
    improved: Array
    representatives: Genomes
    founded: int

    def __len__(self) -> int:
        return int(self.id.size)

    def take(self, rows: Array, representatives: Genomes) -> "SpeciesTable":
        """Some species, with their representatives exchanged."""
        return SpeciesTable(
            self.id[rows], self.born[rows], self.best[rows], self.improved[rows],
            representatives, self.founded,
        )  # fmt: skip


def measure_of(config: Config) -> Measure:
    """The distance's coefficients as kernels read them."""
    genes = config.genes
    columns = {
        table: np.array([getattr(genes, name).difference for name in names])
        for table, names in (
            ("connection_values", CONNECTION_VALUES),
            ("node_values", NODE_VALUES),
            ("node_choices", NODE_CHOICES),
        )
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
    """
    measure = measure_of(config)
    return float(speciation.one_distance(a.packed, b.packed, measure))


def no_species(genomes: Genomes) -> SpeciesTable:
    """The table before any species was founded."""
    none = np.empty(0, np.int64)
    return SpeciesTable(none, none, np.empty(0), none, genomes[:0], 0)


def speciate(
    genomes: Genomes,
    table: SpeciesTable,
    guess: Array,
    measure: Measure,
    threshold: float,
    generation: int,
) -> tuple[Array, SpeciesTable]:
    """Put every genome into a species, founding new ones where none is near enough.

    Args:
        genomes: N genomes.
        table: Species to compare with.
        guess: (N,) int32 row of the species to try first, −1 for none.
        measure: Distance coefficients.
        threshold: Distance below which a genome belongs to a representative.
        generation: Birth of new species.

    Returns:
        (N,) int32 row of each genome's species, and the table of species that have members.
    """
    count = len(genomes)
    species = np.empty(count, np.int32)
    packed = genomes.packed
    ranges = parallel.split(packed.connection_ptr + np.arange(count + 1), _DISTANCE_NS)
    parallel.over_ranges(
        speciation.assign, ranges, packed, table.representatives.packed, guess, measure,
        threshold, species,
    )  # fmt: skip
    founders = np.empty(count, np.int32)
    new = speciation.found(packed, measure, threshold, species, founders, len(table))
    if new:
        table = SpeciesTable(
            np.append(table.id, table.founded + 1 + np.arange(new)),
            np.append(table.born, np.full(new, generation)),
            np.append(table.best, np.full(new, -np.inf)),
            np.append(table.improved, np.full(new, generation)),
            Genomes(
                layout.concatenate(
                    [
                        (table.representatives.packed, len(table)),
                        (layout.take(packed, founders[:new]), int(new)),
                    ]
                ),
                genomes.interface,
            ),
            table.founded + int(new),
        )
    sizes = np.bincount(species, minlength=len(table))
    if sizes.all():
        return species, table
    alive = np.flatnonzero(sizes)
    renumbered = np.cumsum(sizes > 0, dtype=np.int32) - np.int32(1)
    return renumbered[species], table.take(alive, table.representatives[alive])


def steered(threshold: float, count: int, config: Config) -> float:
    """Next generation's threshold: towards the target number of species, the faster the
    further away: threshold · (count / target)^gain.
    """
    target = config.species.target
    if target is None:
        return threshold
    factor = float((count / target) ** config.species.gain)
    return max(threshold * factor, _SMALLEST_THRESHOLD)


def scores(fitness: Array, sharing: str) -> Array:
    """Each genome's score in [0, 1], unchanged by shift and scale of fitness.

    Args:
        fitness: (N,) finite, or −inf for a failed evaluation (score 0).
        sharing: ``"fitness"`` for the height above the worst, ``"rank"`` for the share of
            others that are worse (ties count half).

    Returns:
        (N,) float64; all 1 when all are equal.
    """
    finite = np.isfinite(fitness)
    if not finite.any():
        return np.ones(fitness.size)
    worst, best = fitness[finite].min(), fitness[finite].max()
    if worst == best and finite.all():
        return np.ones(fitness.size)
    if sharing == "rank":
        ordered = np.sort(fitness)
        below = np.searchsorted(ordered, fitness, "left")
        not_above = np.searchsorted(ordered, fitness, "right")
        return np.asarray((below + not_above - 1) / (2 * max(fitness.size - 1, 1)))
    # Halved, so that the range of two huge numbers does not overflow.
    reach = best / 2 - worst / 2
    height = (fitness / 2 - worst / 2) / reach if reach > 0 else np.ones(fitness.size)
    return np.where(finite, height, 0.0)


def allot(shares: Array, total: int) -> Array:
    """Split ``total`` children in proportion to non-negative shares, by largest remainder.

    Returns:
        (S,) int64 that sum to ``total`` exactly; equal remainders go to the older species.
    """
    if not shares.any():
        shares = np.ones(shares.size)
    exact = shares / shares.sum() * total
    quota = np.floor(exact).astype(np.int64)
    missing = total - int(quota.sum())
    quota[np.argsort(quota - exact, kind="stable")[:missing]] += 1
    return np.asarray(quota)
