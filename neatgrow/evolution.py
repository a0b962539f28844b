"""The loop around a population: evaluate, tell, record, until solved or out of budget."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.genomes import Genome, Genomes
from neatgrow.history import History
from neatgrow.kernels import random
from neatgrow.kernels.layout import Array
from neatgrow.networks import Network
from neatgrow.population import Population
from neatgrow.problems.base import Evaluation, Problem
from neatgrow.problems.function import Function
from neatgrow.progress import Progress
from neatgrow.runs import RunDirectory

Callback = Callable[["Evolution"], object]

RETEST_EPISODES = 20  # of a new best on a noisy problem, before it is believed
SOLVED_EPISODES = 100  # of one that seems to solve it
_RETESTS = 3  # candidates per generation


class EvaluationError(RuntimeError):
    """An evaluation failed and ``on_error="raise"`` was asked for."""


@dataclass(frozen=True, eq=False)
class Result:
    """What a run came to.

    Attributes:
        solved: Whether the champion reached the problem's threshold; on a noisy problem, in
            the mean over 100 fresh episodes.
        champion: Best genome ever, carrying input statistics where the problem keeps any.
        champion_fitness: Its fitness; on a noisy problem the mean of its retest.
        history: Table by generation.
        population: As it stands after the last generation.
        problem: What was evolved on.
        stopped: ``"solved"``, ``"generations"``, ``"seconds"``, ``"interrupted"`` or
            ``"callback"``.
        directory: Where files were written, or ``None``.
    """

    solved: bool
    champion: Genome
    champion_fitness: float
    history: History
    population: Population
    problem: Problem
    stopped: str
    directory: Path | None

    def __repr__(self) -> str:
        return (
            f"Result(solved={self.solved}, champion_fitness={self.champion_fitness:.6g}, "
            f"generations={len(self.history)}, stopped={self.stopped!r})"
        )


def evolve(
    problem: Problem | Callable[[Network], float],
    *,
    inputs: int | None = None,
    outputs: int | None = None,
    config: Config | None = None,
    generations: int = 100,
    seed: int = 0,
    solved_at: float | None = None,
    minimize: bool = False,
    seconds: float | None = None,
    on_error: Literal["record", "raise"] = "record",
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    directory: str | PathLike[str] | None = None,
) -> Result:
    """Evolve networks until the problem is solved or the budget is spent.

    Ctrl-C ends the run and returns the result so far.

    Args:
        problem: A problem, or a function of one network that returns its fitness.
        inputs: I, for a function.
        outputs: O, for a function.
        config: Settings; defaults to ``Config()``.
        generations: Most generations.
        seed: The same seed gives the same run.
        solved_at: Fitness to stop at, instead of the problem's own.
        minimize: Whether lower fitness is better.
        seconds: Most wall time; the generation under way is finished.
        on_error: What a genome's failed evaluation does: count as a failure, or raise.
        callbacks: Called after each generation with the :class:`Evolution`; one that returns
            ``True`` ends the run.
        progress: Show a progress line; by default where standard error is a terminal.
        directory: Write configuration, history and champion there as the run goes.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
        EvaluationError: With ``on_error="raise"``, at the first failure.
        RuntimeError: Every evaluation of the whole run failed; says how the first one did.
    """
    _checks.integer("generations", generations, 1)
    asked = _as_problem(problem, inputs, outputs)
    calls = tuple(callbacks)
    show = sys.stderr.isatty() if progress is None else progress
    line = Progress(generations) if show else None  # first: the population compiles already
    try:
        run = Evolution(
            asked, config, seed=seed, solved_at=solved_at, minimize=minimize, on_error=on_error
        )
        if directory is not None:
            run.directory = RunDirectory(directory, run.population.config, asked, seed)
    except BaseException:
        if line is not None:
            line.close()
        raise
    deadline = time.monotonic() + seconds if seconds is not None else np.inf
    stopped = "generations"
    try:
        while len(run.history) < generations:
            run.step()
            if line is not None:
                line.update(run.history)
            answers = [callback(run) for callback in calls]
            if run.solved:
                stopped = "solved"
            elif any(answer is True for answer in answers):
                stopped = "callback"
            elif time.monotonic() >= deadline:
                stopped = "seconds"
            else:
                continue
            break
    except KeyboardInterrupt:
        if not len(run.history):
            raise
        stopped = "interrupted"
    finally:
        if line is not None:
            line.close()
    return run.result(stopped)


class Evolution:
    """A run in progress, one generation per :meth:`step`.

    Attributes:
        problem: What is evolved on.
        population: The population.
        history: Table by generation.
        failures: Of the last generation: row of each failed genome and why.
        solved: Whether the champion solves the problem.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config | None = None,
        *,
        seed: int = 0,
        solved_at: float | None = None,
        minimize: bool = False,
        on_error: Literal["record", "raise"] = "record",
    ) -> None:
        self.problem = problem
        self.population = Population(
            problem.inputs, problem.outputs, config, seed=seed, minimize=minimize,
            input_names=problem.input_names, output_names=problem.output_names,
        )  # fmt: skip
        self.history = History()
        self.failures: dict[int, str] = {}
        self.solved = False
        self.directory: RunDirectory | None = None
        self._sign = -1.0 if minimize else 1.0
        self._raise = _checks.one_of("on_error", on_error, ("record", "raise")) == "raise"
        threshold = solved_at if solved_at is not None else problem.solved_at
        self._threshold = np.inf if threshold is None else self._sign * threshold
        self._champion: Genome | None = None
        self._first_failure = ""

    @property
    def champion(self) -> Genome:
        """Best genome ever, carrying the input statistics that it was judged with."""
        if self._champion is None:
            raise RuntimeError(
                "evolve: expected at least one evaluation that succeeds, got none. The first "
                f"failure was: {self._first_failure or 'a fitness that is not finite'}."
            )
        return self._champion

    def step(self) -> None:
        """Evaluate one generation, tell its fitness, and record what happened."""
        population = self.population
        marks = [time.perf_counter()]
        genomes = population.ask()
        marks.append(time.perf_counter())
        networks = genomes.compile()
        marks.append(time.perf_counter())
        seed = self._seed(random.EPISODES, 0)
        evaluation = self.problem.evaluate(networks, seed=seed)
        self._take_failures(evaluation)
        fitness = np.array(evaluation.fitness, np.float64)
        tests, tested = self._retest(genomes, fitness) if self.problem.noisy else ([], None)
        marks.append(time.perf_counter())
        before = population.champion_fitness
        population.tell(fitness, trusted=tested)
        if population.champion_fitness != before and self._knows_champion():
            statistics = self.problem.statistics() or {}
            self._champion = population.champion.with_interface(**statistics)
            if not self.problem.noisy:
                reached = self._sign * population.champion_fitness >= self._threshold
                self.solved = bool(reached)
        self._record(genomes, [evaluation, *tests], np.diff(marks))

    def result(self, stopped: str) -> Result:
        """What the run has come to."""
        return Result(
            solved=self.solved,
            champion=self.champion,
            champion_fitness=self.population.champion_fitness,
            history=self.history,
            population=self.population,
            problem=self.problem,
            stopped=stopped,
            directory=self.directory.path if self.directory is not None else None,
        )

    def _knows_champion(self) -> bool:
        return bool(np.isfinite(self.population.champion_fitness))

    def _seed(self, purpose: int, index: int) -> int:
        """A problem seed that depends on (run seed, purpose, generation, index) alone."""
        out = np.empty(index + 1, np.int64)
        random.derive_seeds(self.population.seed, purpose, self.population.generation, out)
        return int(out[index])

    def _retest(self, genomes: Genomes, fitness: Array) -> tuple[list[Evaluation], list[int]]:
        """Judge would-be champions on fresh episodes and put the mean in ``fitness``.

        One lucky set of episodes must not make a champion: the best of the generation is
        retested if it beats the champion, then the next best if that one did not hold.

        Returns:
            The evaluations, and the rows that were retested: only they may become champion.
        """
        champion = self.population.champion_fitness
        bar = self._sign * champion if np.isfinite(champion) else -np.inf
        tests: list[Evaluation] = []
        tested: list[int] = []
        for _ in range(_RETESTS):
            ranked = np.nan_to_num(self._sign * fitness, nan=-np.inf)
            row = int(np.argmax(ranked))
            if not ranked[row] > bar:
                break
            network = genomes[[row]].compile()
            tested.append(row)
            for episodes in (RETEST_EPISODES, SOLVED_EPISODES):
                seed = self._seed(random.RETEST, len(tests))
                test = self.problem.evaluate(network, seed=seed, episodes=episodes)
                tests.append(test)
                fitness[row] = test.fitness[0]
                held = self._sign * fitness[row]
                if not held >= self._threshold:
                    break
            else:
                self.solved = True
            if held > bar:
                break
        return tests, tested

    def _take_failures(self, evaluation: Evaluation) -> None:
        self.failures = evaluation.failures
        for row, reason in self.failures.items():
            text = f"genome {row} of generation {self.population.generation + 1}: {reason}"
            self._first_failure = self._first_failure or text
            if self._raise:
                raise EvaluationError(f"evaluation failed for {text}")

    def _record(self, genomes: Genomes, evaluations: list[Evaluation], seconds: Array) -> None:
        population = self.population
        assert population.fitness is not None
        valid = population.fitness[~np.isnan(population.fitness)] * self._sign
        sizes = np.bincount(population.species, minlength=len(population.table))
        row: dict[str, Any] = {
            "generation": population.generation,
            "best": population.best_fitness,
            "mean": valid.mean() if valid.size else np.nan,
            "champion": population.champion_fitness,
            "species": len(population.table),
            "nodes": genomes.node_id.size / len(genomes),
            "connections": np.count_nonzero(genomes.enabled) / len(genomes),
            "evaluations": sum(e.fitness.size for e in evaluations),
            "steps": sum(e.steps for e in evaluations),
            "failures": len(genomes) - valid.size,
            "seconds_reproduction": seconds[0],
            "seconds_compilation": seconds[1],
            "seconds_evaluation": seconds[2],
        }
        ids = population.table.id.tolist()
        self.history.append(row, dict(zip(ids, sizes.tolist(), strict=True)))
        if self.directory is not None:
            self.directory.write_generation(self.history, self._champion)


def _as_problem(
    problem: Problem | Callable[[Network], float], inputs: int | None, outputs: int | None
) -> Problem:
    if isinstance(problem, Problem):
        if inputs is not None or outputs is not None:
            raise TypeError(
                "inputs, outputs: expected only with a fitness function, got them with the "
                f"problem {problem.name!r}, which has its own. Leave them out."
            )
        return problem
    if not callable(problem):
        raise TypeError(
            _checks.message("problem", "a Problem or a function of one network", problem)
        )
    if inputs is None or outputs is None:
        raise TypeError(
            "evolve: expected inputs= and outputs= with a fitness function, got "
            f"inputs={inputs}, outputs={outputs}. Say how many values go in and out."
        )
    return Function(problem, inputs=inputs, outputs=outputs)
