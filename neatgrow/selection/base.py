"""What a way of selection is: what counts (:class:`Score`), and who has children
(:class:`Reproduction`)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.files.archive import typed
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import layout
from neatgrow.kernels.offspring import COPY, MATE, MUTATE, Offspring

FROM_NOBODY, FROM_CHAMPION = -1, -2  # instead of a row: a fresh genome, a child of the champion


class Pool(NamedTuple):
    """P genomes that may have children, of any generation so far.

    Attributes:
        genomes: P.
        origin: (P, 2) int64: the generation that each was told in, and its row in it.
    """

    genomes: Genomes
    origin: Array

    def join(self, others: "Pool") -> "Pool":
        """These, and others behind them."""
        if not len(self.genomes):
            return others
        parts = [(pool.genomes.packed, len(pool.genomes)) for pool in (self, others)]
        genomes = Genomes(layout.concatenate(parts), others.genomes.interface)
        return Pool(genomes, np.concatenate([self.origin, others.origin]))

    def take(self, rows: ArrayLike) -> "Pool":
        """Some of them, in the order given: rows, or a truth value for each."""
        chosen = np.asarray(rows)
        return Pool(self.genomes[chosen], self.origin[chosen])


class Groups(NamedTuple):
    """What N genomes are grouped by, such as species.

    Attributes:
        row: (N,) int32, row of each genome's group in ``id``.
        id: (S,) int64, from 1; of each group.
    """

    row: Array
    id: Array


@dataclass(frozen=True, eq=False)
class Standing:
    """How a generation of N genomes did.

    Attributes:
        generation: Generations told, this one included.
        genomes: N.
        fitness: (N,) float64, higher is better, NaN for failures.
        behaviour: (N, K) float64, NaN rows where there is none; ``None`` where nobody has one.
        objectives: (N, M) float64, higher is better, as ``behaviour``.
        pool: Who may have children, as :meth:`Reproduction.select` left it last; at first nobody.
        champion: Best genome ever told, or ``None``.
        champion_since: Generation in which it became that; 0 for none.
    """

    generation: int
    genomes: Genomes
    fitness: Array
    behaviour: Array | None
    objectives: Array | None
    pool: Pool
    champion: Genome | None
    champion_since: int

    def as_pool(self) -> Pool:
        """The generation, as those who may have children."""
        rows = np.arange(self.fitness.size)
        return Pool(self.genomes, np.stack([np.full_like(rows, self.generation), rows], axis=1))


class _Kept:
    """What keeps something from generation to generation.

    Attributes:
        kept: Names of the attributes, arrays, that later generations follow from. They are in
            checkpoints; nothing may write into such an array, but a new one may replace it.
        needs: What it needs of an evaluation: ``"behaviour"``, ``"objectives"``, or both.
    """

    kept: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()

    def state(self) -> dict[str, Array]:
        """All that later generations follow from; those of ``kept`` by default."""
        return {name: getattr(self, name) for name in self.kept}

    def restore(self, state: dict[str, Array], standing: Standing) -> None:
        """Go on from :meth:`state`.

        Args:
            state: Arrays, which may come from a damaged file.
            standing: Of the generation after which they were kept.

        Raises:
            ValueError, LookupError: They are not such. By default, where an array is missing, or
                has another type or number of axes than that of a new object.
        """
        for name in self.kept:
            new = getattr(self, name)
            axes = tuple(f"{name} {axis}" for axis in range(new.ndim))
            setattr(self, name, typed(state, name, new.dtype, axes))


class Score(_Kept, ABC):
    """What counts: a number for each genome, higher is better."""

    @abstractmethod
    def score(self, standing: Standing) -> Array:
        """(N,) float64, NaN for failures; called once in each generation."""


class FitnessScore(Score):
    """Fitness counts."""

    def score(self, standing: Standing) -> Array:
        """The fitness."""
        return standing.fitness


class Reproduction(_Kept, ABC):
    """Who has children, judged by their score.

    In each generation :meth:`select` is called when its fitness is told; then, for the next one,
    :meth:`reproduce` and, once the children are made, :meth:`settle`.
    """

    def select(self, standing: Standing, score: Array) -> Pool:
        """Who may have children from now on; by default the generation, whatever came before.

        Args:
            standing: How the generation did.
            score: (N,) float64, NaN for failures.
        """
        return standing.as_pool()

    @abstractmethod
    def reproduce(self, standing: Standing, score: Array) -> Offspring:
        """Who makes each of the next ``config.population_size`` genomes.

        Args:
            standing: As for :meth:`select`; its pool is what that left.
            score: As for :meth:`select`.

        Returns:
            Parents by rows of ``standing.pool``; :func:`offspring_of` makes it of rows alone. A
            first parent of −1 is nobody, for a fresh genome as in the first generation; −2 is the
            champion, in the pool or not.
        """

    def settle(self, genomes: Genomes, generation: int) -> None:
        """Take note of a new generation: the first, or what :meth:`reproduce` led to.

        Args:
            genomes: N, in the order of the offspring.
            generation: Generations told so far.
        """
        return None

    def groups(self, count: int) -> Groups:
        """What the present generation of ``count`` genomes is grouped by, for history and
        lineage; all are one group by default."""
        return Groups(np.zeros(count, np.int32), np.ones(1, np.int64))


def offspring_of(
    first: ArrayLike, second: ArrayLike | None = None, *, copies: int = 0
) -> Offspring:
    """Children of genomes in a pool.

    Args:
        first: (N,) row of each child's parent.
        second: (N,) row of another that it is mated with, and which is no better: genes that
            only one of them has come from the first. The same row, or none at all: it is a
            mutant of the first.
        copies: How many, from the first on, are their first parent unchanged.
    """
    rows = np.ascontiguousarray(first, np.int32)
    mates = rows if second is None else np.ascontiguousarray(second, np.int32)
    kind = np.where(mates != rows, MATE, MUTATE).astype(np.uint8)
    kind[:copies] = COPY
    return Offspring(rows, mates, kind, np.zeros(rows.size, np.bool_))


def checked_offspring(found: Any, size: int, pool: int) -> Offspring:
    """What :meth:`Reproduction.reproduce` answered, if it can be followed.

    Args:
        found: That.
        size: Children wanted.
        pool: Genomes in the pool.

    Raises:
        TypeError, ValueError: Says what is wrong.
    """
    if not isinstance(found, Offspring):
        remedy = "Make one with neatgrow.offspring_of(rows)."
        raise TypeError(_checks.message("reproduce", "an Offspring", _checks.shown(found), remedy))
    types = zip(found._fields, (np.int32, np.int32, np.uint8, np.bool_), strict=True)
    first, second, kind, equal = (
        _checks.array(f"reproduce: {name}", getattr(found, name), (size,), dtype)
        for name, dtype in types
    )
    mated = (kind >= MATE) & (first >= 0)
    for name, rows, least in (("first", first, FROM_CHAMPION), ("second", second[mated], 0)):
        if rows.size and not least <= rows.min() <= rows.max() < pool:
            rule = f"rows of the pool's {pool} genomes"
            got = f"{rows.min()} to {rows.max()}"
            raise ValueError(_checks.message(f"reproduce: {name}", rule, got))
    kind[(kind >= MATE) & ~mated] = MUTATE
    return Offspring(first, np.where(mated, second, first), kind, equal)


def checked_pool(found: Any, generation: int) -> Pool:
    """What :meth:`Reproduction.select` answered, if there are genomes in it.

    Raises:
        TypeError, ValueError: Says what is wrong.
    """
    if not isinstance(found, Pool) or not isinstance(found.genomes, Genomes):
        rule = "a Pool, such as standing.as_pool()"
        raise TypeError(_checks.message("select", rule, _checks.shown(found)))
    origin = _checks.array("select: origin", found.origin, (len(found.genomes), 2), np.int64)
    when, row = origin.T
    if ((when < 1) | (when > generation) | (row < 0)).any():
        rule = f"generations from 1 to {generation}, and rows"
        raise ValueError(_checks.message("select: origin", rule, "others"))
    return Pool(found.genomes, origin)
