"""Evaluation within a run: in this process or by workers, every failure named."""

import numpy as np

from neatgrow.evaluation.base import Evaluation, EvaluatorError, Problem, failed, judged
from neatgrow.evaluation.executors import Distributed
from neatgrow.evaluation.tracebacks import let_frames_go, traceback_of
from neatgrow.evaluation.workers import Workers, compiled
from neatgrow.genomes.genomes import Genomes
from neatgrow.networks.networks import Networks
from neatgrow.runs.retests import CHAMPION, Failure

_NAMED = 100  # failures that a run remembers by genome and cause
_CAUSE_LENGTH = 1000  # characters of a cause that are kept


class EvaluationError(RuntimeError):
    """An evaluation failed and ``on_error="raise"`` was asked for."""


class Evaluator:
    """Evaluates the genomes of a run, and keeps what failed and why.

    Args:
        problem: What is evolved on.
        raises: Whether a failure raises :class:`EvaluationError`.

    Attributes:
        raises: As above.
        workers: Processes or an executor that evaluate; ``None`` for this process.
        failures: Of the last generation: row of each failed genome and why.
        named: First failures of the run: generation, row (−1 for the champion), cause.
        traceback: Of the first evaluation that raised, as text; or ``None``.
    """

    def __init__(self, problem: Problem, *, raises: bool) -> None:
        self._problem, self.raises = problem, raises
        self.workers: Workers | Distributed | None = None
        self.failures: dict[int, str] = {}
        self.named: list[tuple[int, int, str]] = []
        self.traceback: str | None = None

    def compiled(self, genomes: Genomes) -> Networks | None:
        """What evaluates in this process; ``None`` where workers compile for themselves."""
        return compiled(genomes) if self.workers is None else None

    def evaluate_generation(
        self, genomes: Genomes, networks: Networks | None, seed: int, generation: int
    ) -> Evaluation:
        """The problem's answer for a generation, its failures named.

        Args:
            genomes: N genomes as they are judged.
            networks: Of :meth:`compiled`.
            seed: Of the episodes, the same for every genome.
            generation: Its number, from 1.

        Raises:
            EvaluationError: A genome failed, and failures raise.
            EvaluatorError: The workers cannot go on.
            Exception: What the problem raised for every genome, in the first generation.
        """
        fatal = self.raises or generation == 1  # then nothing is lost by it
        evaluation = self._answer(genomes, networks, seed, None, fatal=fatal)
        self.failures = {}
        for row in np.flatnonzero(~np.isfinite(evaluation.fitness)).tolist():
            cause = evaluation.failures.get(row, f"fitness is {evaluation.fitness[row]}")
            self._name(generation, (row, cause, evaluation.errors.get(row)))
        return evaluation

    def test(self, genomes: Genomes, seed: int, episodes: int | None) -> Evaluation:
        """A test beside the generation, which genomes whose evaluation raises have failed."""
        return self._answer(genomes, None, seed, episodes)

    def _answer(
        self, genomes: Genomes, networks: Networks | None, seed: int, episodes: int | None,
        *, fatal: bool = False,
    ) -> Evaluation:  # fmt: skip
        """The problem's answer; what it raises for every genome costs them all, or is raised."""
        try:
            if self.workers is not None:
                return self.workers.evaluate(genomes, seed, episodes)
            networks = compiled(genomes) if networks is None else networks
            return judged(self._problem, networks, seed=seed, episodes=episodes)
        except EvaluatorError:
            raise
        except Exception as error:
            if fatal:
                raise
            return failed(len(genomes), error)

    def name_tests(self, tests: list[Failure], generation: int) -> None:
        """Name genomes with an episode that failed in a test, each once.

        Raises:
            EvaluationError: There is one, and failures raise.
        """
        named = set(self.failures)
        for test in tests:
            if test[0] not in named:
                named.add(test[0])
                self._name(generation, test)

    def _name(self, generation: int, failure: Failure) -> None:
        row, cause, error = failure
        # Half a surrogate pair, as in names of files, can be written to no file.
        cause = cause[:_CAUSE_LENGTH].encode("utf-8", "backslashreplace").decode()
        if row != CHAMPION:
            self.failures[row] = cause
        named = (generation, row, cause)
        if len(self.named) < _NAMED:
            self.named.append(named)
        if error is not None and self.traceback is None:
            self.traceback = traceback_of(error)
        if self.raises:
            raise EvaluationError(f"evaluation failed for {failure_text(named)}") from error
        if error is not None:
            let_frames_go(error)


def failure_text(named: tuple[int, int, str]) -> str:
    """A named failure for people."""
    generation, row, cause = named
    return f"genome {row} of generation {generation}: {cause}"
