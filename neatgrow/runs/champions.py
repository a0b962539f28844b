"""Who is a run's champion, what it is worth, and how that is known."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation, Problem
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import random
from neatgrow.kernels.offspring import COPY
from neatgrow.learning.lifetime import Learning
from neatgrow.runs.checkpoints import Snapshot
from neatgrow.runs.evidence import Verified
from neatgrow.runs.retests import CHAMPION, RETEST_EPISODES, Evaluate, Failure, Retests
from neatgrow.selection.population import Population

_SAME = 1e-5  # relative difference of two fitnesses that is rounding, as of float32


class Champions:
    """The champions of a run, one after the other.

    Where fitness does not depend on luck, the best told is champion. Elsewhere, and from when luck
    is noticed, a genome is by the evidence of :class:`Retests`; while none has passed a test, the
    best told is provisionally.

    Args:
        problem: What is evolved on.
        evaluate: Evaluates genomes: of a seed, over so many episodes or the problem's own number.
        seed_of: A seed for the k-th draw of a purpose in this generation.
        learning: How genomes learn before they are judged, or ``None``.
        sign: 1 where higher fitness is better, −1 where lower is.
        threshold: ``sign`` times the fitness from which the problem counts as solved.

    Attributes:
        genome: The champion, carrying the input statistics that it was judged with; or ``None``.
        learned: As it was judged, where that is not as it was born.
        solved: Whether it solves the problem.
        noisy: Whether fitness depends on luck: as the problem says, or as was noticed.
        verified: A final test of it; ``None`` before :meth:`verify`.
        retests: The evidence for it, where fitness depends on luck.
        failed: Tests with an episode that failed, which the run is yet to name: row (−1 for the
            champion), cause, and what was raised.
    """

    def __init__(
        self,
        problem: Problem,
        evaluate: Evaluate,
        seed_of: Callable[[int, int], int],
        learning: Learning | None,
        sign: float,
        threshold: float,
    ) -> None:
        self.genome: Genome | None = None
        self.learned: Genome | None = None
        self.solved, self.noisy = False, problem.noisy
        self.verified: Verified | None = None
        self.retests = Retests(
            evaluate, lambda index: seed_of(random.RETEST, index), sign, threshold,
            max(RETEST_EPISODES, int(getattr(problem, "episodes", 1))), declared=problem.noisy,
        )  # fmt: skip
        self.failed: list[Failure] = []
        self._problem, self._evaluate, self._seed_of = problem, evaluate, seed_of
        self._learning, self._sign, self._threshold = learning, sign, threshold
        self._told_here = True  # the champion, and not before the run was resumed
        self._told: Array | None = None  # of the generation before, higher is better
        self._resumed = False  # and has not been told anything since

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a checkpoint; what it was told may be of another function than that of now."""
        state = snapshot.population
        self.solved, self.noisy = snapshot.solved, self._problem.noisy or snapshot.noisy
        self.retests.restore(snapshot.retests)
        self._told, self._resumed, self.verified = state.fitness, True, None
        self.genome, self.learned = None, snapshot.learned
        if state.champion is not None:
            self.genome = state.champion.with_statistics(**snapshot.statistics)
            self._told_here = False

    @property
    def judged(self) -> Genome | None:
        """The champion as it was judged; ``None`` before the first."""
        return self.genome if self.learned is None else self.learned

    def fitness(self, population: Population) -> float:
        """What the champion is worth by the best evidence there is."""
        if self.noisy and self.verified is not None:
            return self.verified.mean
        return population.champion_fitness

    def tell(
        self, population: Population, genomes: Genomes, evaluation: Evaluation, fitness: Array
    ) -> list[Evaluation]:
        """Tell a population what was found, and settle who is champion.

        Args:
            population: That ``genomes`` were asked of.
            genomes: As they were judged.
            evaluation: What the problem answered.
            fitness: (N,) of it, NaN for failures; what is retested becomes what retests say.

        Returns:
            The evaluations that it took.
        """
        self.verified = None
        if not self.noisy:
            self._notice_luck(population, genomes, fitness)
        if self.noisy:
            self._tell_by_evidence(population, genomes, evaluation, fitness)
            return self.retests.spent
        population.tell(fitness, **_besides(evaluation))
        if population.champion_row >= 0:
            self._take(population, genomes, population.champion_row)
        if self._sign * population.champion_fitness >= self._threshold:  # which NaN is not
            self.solved = self._holds(population)
        return []

    def _tell_by_evidence(
        self, population: Population, genomes: Genomes, evaluation: Evaluation, fitness: Array
    ) -> None:
        retests = self.retests
        told = self._sign * fitness
        row = retests.consider(genomes, evaluation, fitness, self.judged)
        population.tell(fitness, trusted=(), **_besides(evaluation))
        if retests.evidence is not None:
            if row is not None:
                population.set_champion(row, retests.evidence.mean)
                self._take(population, genomes, row)
                self.solved = False
            assert self.judged is not None
            self.solved = self.solved or retests.solves(self.judged)
            population.set_champion(None, retests.evidence.mean)
        elif not np.isnan(told).all():
            best = int(np.nanargmax(told))
            before = population.champion_fitness
            if np.isnan(before) or told[best] > self._sign * before:
                population.set_champion(best, self._sign * float(told[best]))
                self._take(population, genomes, best)
        self._note_failed("in the retest")

    def _note_failed(self, where: str) -> None:
        causes, self.retests.causes = self.retests.causes, []
        self.failed += [(row, f"{where}: {cause}", error) for row, cause, error in causes]

    def _take(self, population: Population, genomes: Genomes, row: int) -> None:
        """Keep the champion as it was born and as it was judged, with what it was judged with."""
        self._told_here = True
        statistics = self._problem.statistics() or {}
        if population.interface.graph.input_mean is not None:  # which hold for the whole run
            statistics = {}
        self.genome = population.champion.with_statistics(**statistics)
        self.learned = None
        if self._learning is not None and self._learning.inheritance == "baldwinian":
            self.learned = genomes[row].copy().with_statistics(**statistics)

    def verify(self, population: Population) -> None:
        """Test the champion once more, as whoever uses it will find it.

        Where fitness depends on luck, over at least 100 episodes that no selection has seen.
        """
        if self.judged is None or self.verified is not None:
            return
        if not self.noisy:
            self._holds(population)
        if self.noisy:
            seed = self._seed_of(random.VERIFICATION, 0)
            self.verified = self.retests.verified(self.judged, seed)
            self._note_failed("in the final test")

    def go_on_with_another_problem(self, population: Population) -> None:
        """Judge the champion anew: what was known of it is of the problem of before."""
        self.solved, self._told = False, None
        if self.judged is None:
            return
        if self.noisy:
            self.retests.begin_anew(self.judged)
            self._note_failed("in the retest")
            if self.retests.evidence is not None:
                population.set_champion(None, self.retests.evidence.mean)
        else:
            again = float(self._again(0).fitness[0])
            if np.isfinite(again):
                population.set_champion(None, again)
        self._told_here = True

    def aim_anew(self, population: Population) -> None:
        """Settle again whether the problem is solved, now that the goal is another one.

        Where fitness depends on luck the next generation does, with episodes of its own.
        """
        self.solved, self.retests.tried = False, 0
        known = self._sign * population.champion_fitness
        if not self.noisy and self.judged is not None and known >= self._threshold:
            self.solved = self._holds(population)

    def _notice_luck(self, population: Population, genomes: Genomes, fitness: Array) -> None:
        """Treat the problem as noisy once an unchanged genome gets another fitness."""
        parents, before = population.parents, self._told
        resumed, self._resumed = self._resumed, False
        self._told = self._sign * fitness
        if parents is None or before is None or self._learning is not None:
            return
        last = parents.first[:, 0] == population.generation  # whose fitness is known
        rows = np.flatnonzero((parents.kind == COPY) & last)
        first = self._sign * before[parents.first[rows, 1]]
        with np.errstate(over="ignore"):
            gap, rounding = np.abs(fitness[rows] - first), self._rounding(first, fitness)
        differ = gap > rounding  # which NaN is not
        if not differ.any():
            return
        k = int(np.nanargmax(np.where(differ, gap, np.nan)))
        row = int(rows[k])
        if resumed:  # with another function, perhaps, that is of one mind with itself
            seed = self._seed_of(random.VERIFICATION, 0)
            third = self._evaluate(genomes[[row]], seed, None).fitness[0]
            if abs(third - fitness[row]) <= np.max(rounding):
                return
        self._is_noisy(float(first[k]), float(fitness[row]))

    @staticmethod
    def _rounding(fitness: Any, generation: Array) -> Any:
        """By how much a fitness may differ that is computed again, alone or beside others."""
        known = _SAME * generation[np.isfinite(generation)]  # whose range may exceed floats
        return np.maximum(_SAME * np.abs(fitness), np.ptp(known) if known.size else 0.0)

    def _is_noisy(self, first: float, second: float) -> None:
        self.noisy, self.solved = True, False
        _checks.warn(
            f"fitness: expected the same for an unchanged genome of {self._problem.name}, got "
            f"{first:.9g} and then {second:.9g}. From now on it is treated as noisy, and a best "
            "one is tested again before it is believed. Pass noisy=True, or a function of "
            "(network, seed) that draws from the seed."
        )

    def _again(self, index: int) -> Evaluation:
        """The champion judged once more, from a fresh state."""
        assert self.judged is not None
        seed = self._seed_of(random.VERIFICATION, index)
        return self._evaluate(self.judged.batch(), seed, None)

    def _holds(self, population: Population) -> bool:
        """Whether the champion reaches its fitness again, from a fresh state, and the threshold."""
        answer, told = self._again(0), population.champion_fitness
        again = float(answer.fitness[0])
        if not np.isfinite(again):
            cause = answer.failures.get(0, f"fitness is {again}")
            self.failed.append((CHAMPION, f"in the final test: {cause}", answer.errors.get(0)))
            return False
        state = population.fitness
        rounding = self._rounding(told, np.array([told]) if state is None else state)
        if abs(again - told) > rounding:
            third = np.nan if self._told_here else float(self._again(1).fitness[0])
            if not abs(third - again) <= rounding:  # no more of one mind than with what was told
                self._is_noisy(told, again)
                return False
            self._was_told_otherwise(population, told, again)
        self.verified = Verified(again, 0.0, 1)
        return bool(self._sign * again >= self._threshold)

    def _was_told_otherwise(self, population: Population, before: float, now: float) -> None:
        """Believe what the champion is worth now: the run went on with another problem."""
        population.set_champion(None, now)
        self.solved = self.solved and bool(self._sign * now >= self._threshold)
        _checks.warn(
            f"champion: expected a fitness of {before:.9g}, as before the run was resumed, got "
            f"{now:.9g}, which counts. Its history holds the former."
        )


def _besides(evaluation: Evaluation) -> dict[str, Array | None]:
    """What a population is told besides the fitness."""
    return {"behaviour": evaluation.behaviour, "objectives": evaluation.objectives}
