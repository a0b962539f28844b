"""What a way of selection is: what counts (:class:`Score`), and who has children
(:class:`Reproduction`)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels.offspring import Offspring


class Pool(NamedTuple):
    """P genomes that may have children, of any generation so far.

    Attributes:
        genomes: P.
        origin: (P, 2) int64: the generation that each was told in, and its row in it.
    """

    genomes: Genomes
    origin: Array


@dataclass(frozen=True, eq=False)
class Standing:
    """How a generation of N genomes did.

    Attributes:
        generation: Generations told, this one included.
        genomes: N.
        fitness: (N,) float64, higher is better, NaN for failures.
        behaviour: (N, K) float64, NaN rows for failures; ``None`` where the problem gives none.
        objectives: (N, M) float64, higher is better; ``None`` where the problem gives none.
        pool: What the last reproduction chose from; ``None`` in the first generation.
    """

    generation: int
    genomes: Genomes
    fitness: Array
    behaviour: Array | None
    objectives: Array | None
    pool: Pool | None


class Children(NamedTuple):
    """Who has children: a pool, and who in it makes each child by rows of it."""

    pool: Pool
    offspring: Offspring


class _Kept:
    """What keeps something from generation to generation."""

    def state(self) -> dict[str, Array]:
        """Arrays of all that later generations follow from; nothing by default."""
        return {}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError, LookupError: The arrays are not such.
        """
        return None


class Score(_Kept, ABC):
    """What counts: a number for each genome, higher is better."""

    @abstractmethod
    def score(self, standing: Standing) -> Array:
        """(N,) float64, NaN for failures."""


class Reproduction(_Kept, ABC):
    """Who has children, judged by their score."""

    @abstractmethod
    def reproduce(self, standing: Standing, score: Array) -> Children:
        """The parents of the next generation, ``config.population_size`` children in all."""
