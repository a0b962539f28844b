"""A run in progress: one generation per step, what came of it, and what it can be resumed from."""

import time
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np

from neatgrow import _checks, automatic
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, Stateful
from neatgrow.evaluation.tracebacks import OriginalError
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.loops import looped
from neatgrow.kernels import random
from neatgrow.runs.champions import Champions
from neatgrow.runs.checkpoints import Snapshot
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.evaluator import Evaluator, failure_text
from neatgrow.runs.history import History
from neatgrow.runs.learner import Learner
from neatgrow.runs.options import Options
from neatgrow.runs.recording import recorded
from neatgrow.runs.results import Result
from neatgrow.runs.saving import described, lineage_after, lineage_from, settled, statistics_of
from neatgrow.runs.settings import check_settings
from neatgrow.selection.population import Population
from neatgrow.selection.starting import Start, batches_of


class Evolution:
    """A run in progress, one generation per :meth:`step`; what callbacks are called with.

    A callback is called after each generation, in the order given, and ends the run by an answer
    that is true. What it may read is below; an exception in it ends the run and is raised, after
    the run's files have been saved.

    Example:
        def say(run):
            row = run.history[-1]  # the generation told last, by column
            print(row["generation"], row["best"], run.champion)
            return row["evaluations"] > 100_000

        ng.evolve(ng.XOR(), callbacks=say)

    Args:
        problem: What is evolved on.
        config: Settings; ``Config()`` by default.
        options: What is asked of the run; those that end it are heeded by its loop, not here.
        seed: The same seed gives the same run.
        start: As for :class:`Population`.

    Attributes:
        problem: As above.
        options: As above.
        population: The population.
        history: Table by generation.
        learner: Lets genomes learn before they are judged.
        evaluator: Evaluates them, and keeps what failed and why.
        champions: Who is champion, whether it solves the problem, and how that is known.
        directory: Where files are written, or ``None``.
        snapshot: The run after its last whole generation; ``None`` before the first.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config | None = None,
        options: Options | None = None,
        *,
        seed: int = 0,
        start: Start | None = None,
    ) -> None:
        options = Options() if options is None else options
        batches = () if start is None else batches_of(start)
        config, chosen = automatic.resolved(
            Config() if config is None else config, problem=problem, loops=looped(batches)
        )
        population = Population(
            problem.inputs, problem.outputs, config, seed=seed, minimize=options.minimize,
            input_names=problem.input_names, output_names=problem.output_names,
            start=batches or None,
        )  # fmt: skip
        population.chosen = chosen
        check_settings(problem, config)
        self._begin(problem, options, population, History())
        if hasattr(problem, "clear"):
            problem.clear()

    def _begin(
        self, problem: Problem, options: Options, population: Population, history: History
    ) -> None:
        self.problem, self.options = problem, options
        self.population, self.history = population, history
        population.recording = False  # since the run does
        self.learner = Learner(problem, options.learning, population.config.encoding)
        self.learner.guide_growth(population)
        self.evaluator = Evaluator(problem, raises=options.on_error == "raise")
        self._sign = -1.0 if options.minimize else 1.0
        threshold = options.goal(problem)
        self.champions = Champions(
            problem, self.evaluator.test, partial(_seed, population), options.learning, self._sign,
            np.inf if threshold is None else self._sign * threshold,
        )  # fmt: skip
        self.directory: RunDirectory | None = None
        self.snapshot: Snapshot | None = None
        self._changes: list[tuple[int, dict[str, Any]]] = []

    @classmethod
    def from_snapshot(
        cls,
        snapshot: Snapshot,
        problem: Problem,
        *,
        changes: dict[str, Any] | None = None,
        options: Options | None = None,
    ) -> Self:
        """A run that goes on from a checkpoint.

        Args:
            snapshot: What was saved.
            problem: The problem that the run was on.
            changes: Settings that differ from now on, by dotted path.
            options: With which it goes on; those that were saved by default.

        Raises:
            ValueError: The problem has other inputs or outputs than the genomes.
        """
        state = snapshot.population
        face = state.genomes.interface.graph
        if (problem.inputs, problem.outputs) != (face.inputs, face.outputs):
            raise ValueError(
                _checks.message(
                    "problem", f"{face.inputs} inputs and {face.outputs} outputs as the genomes",
                    f"{problem.inputs} and {problem.outputs}", "Pass the problem of the run.",
                )
            )  # fmt: skip
        config = state.config.override(changes) if changes else state.config
        config, chosen = automatic.resolved(config, state.chosen, problem=problem)
        state = replace(state, chosen=chosen)
        options = snapshot.options if options is None else options
        run = cls.__new__(cls)
        run._begin(problem, options, Population.from_state(state, config), snapshot.history)
        if isinstance(problem, Stateful):
            problem.restore(snapshot.problem_state)
        run.champions.restore(snapshot)
        run.evaluator.named = list(snapshot.failures)
        run.evaluator.traceback = snapshot.traceback
        if options.solved_at != snapshot.options.solved_at:
            run.champions.aim_anew(run.population)
            run._name_failed_tests()
        run._changes = list(snapshot.changes)
        if changes:
            run._changes.append((state.generation, settled(config, changes)))
        run.snapshot = replace(
            snapshot,
            population=replace(state, config=config),
            solved=run.champions.solved,
            options=options,
            changes=run._changes,
            retests=run.champions.retests.state(),
            lineage=snapshot.lineage or lineage_from(state, -1, snapshot.history),
        )
        return run

    @property
    def generations(self) -> int:
        """Most generations, as asked for."""
        return self.options.generations

    @property
    def failures(self) -> dict[int, str]:
        """Of the last generation: row of each failed genome and why."""
        return self.evaluator.failures

    @property
    def champion(self) -> Genome:
        """Best genome ever, carrying the input statistics that it was judged with."""
        if self.champions.genome is None:
            named, traceback = self.evaluator.named, self.evaluator.traceback
            raise RuntimeError(
                "evolve: expected at least one evaluation that succeeds, got none. The first "
                f"failure was: {failure_text(named[0]) if named else 'none'}."
            ) from (None if traceback is None else OriginalError(traceback))
        return self.champions.genome

    @property
    def solved(self) -> bool:
        """Whether the champion solves the problem."""
        return self.champions.solved

    def step(self) -> None:
        """One generation: ask, learn, evaluate, tell, record, save."""
        population, marks = self.population, [time.perf_counter()]
        genomes = population.ask()
        marks.append(time.perf_counter())
        genomes, samples = self.learner.learn(population, genomes)
        marks.append(time.perf_counter())
        batch = self.evaluator.compiled(genomes)
        marks.append(time.perf_counter())
        evaluation = self.evaluator.evaluate_generation(
            batch, _seed(population, random.EPISODES, 0), population.generation + 1
        )
        finite = np.isfinite(evaluation.fitness)
        fitness = np.where(finite, evaluation.fitness, np.nan)  # what failed is not retested
        tests = self.champions.tell(population, genomes, evaluation, fitness)
        self._name_failed_tests()
        marks.append(time.perf_counter())
        row, species = recorded(population, genomes, [evaluation, *tests], self._sign)
        parts = ("reproduction", "learning", "compilation", "evaluation")
        seconds = {f"seconds_{part}": t for part, t in zip(parts, np.diff(marks), strict=True)}
        played = self.champions.retests.played if self.champions.noisy else 0
        row |= {"retest_episodes": played, "samples_learned": samples, **seconds}
        self.history.append(row, species)
        self.snapshot = self._snapshot()
        self._write(self.snapshot)

    def _snapshot(self) -> Snapshot:
        problem, state = self.problem, self.population.state()
        before = None if self.snapshot is None else self.snapshot.lineage
        return Snapshot(
            population=state,
            history=self.history,
            statistics=statistics_of(self.champions.genome),
            solved=self.champions.solved,
            failures=list(self.evaluator.named),
            traceback=self.evaluator.traceback,
            problem=described(problem),
            problem_state=problem.state() if isinstance(problem, Stateful) else {},
            options=self.options,
            changes=self._changes,
            lineage=lineage_after(before, self.population, state, self.history),
            noisy=self.champions.noisy,
            retests=self.champions.retests.state(),
            learned=self.champions.learned,
        )

    def _write(self, snapshot: Snapshot) -> None:
        """Bring the files up to date with the last generation, if there are any."""
        if self.directory is None:
            return
        champions, evaluator = self.champions, self.evaluator
        self.directory.write_generation(
            self.history, champions.genome, champions.learned, evaluator.failures,
            evaluator.traceback,
        )  # fmt: skip
        if self.directory.is_due(self.population.generation):
            self.directory.write_checkpoint(snapshot)

    def verify(self) -> None:
        """Test the champion once more (:meth:`Champions.verify`); no failure of it raises."""
        champions = self.champions
        before = (champions.noisy, self.population.champion_fitness)
        self.evaluator.raises = False  # the run is over: its result is not to be lost
        champions.verify(self.population)
        self._name_failed_tests()
        found = (champions.noisy, self.population.champion_fitness)
        if self.snapshot is not None and found != before:  # which NaN is, too
            state = self.population.state()
            self.snapshot = replace(self.snapshot, population=state, noisy=champions.noisy)
            if self.directory is not None:
                self.directory.write_checkpoint(self.snapshot, again=True)

    def go_on_with_another_problem(self) -> None:
        """Judge the champion anew: what was known of it is of the problem of before."""
        self.champions.go_on_with_another_problem(self.population)
        self._name_failed_tests()

    def _name_failed_tests(self) -> None:
        tests, self.champions.failed = self.champions.failed, []
        self.evaluator.name_tests(tests, self.population.generation)

    def rewind(self) -> None:
        """Forget a generation that was interrupted half-way.

        Raises:
            RuntimeError: No generation has been finished.
        """
        if self.snapshot is None:
            raise RuntimeError("rewind: expected a whole generation first, got none.")
        arrays = self.history.to_arrays(self.snapshot.population.generation)
        whole = replace(self.snapshot, history=History.from_arrays(arrays))
        again = Evolution.from_snapshot(whole, self.problem, options=self.options)
        again.directory, again.evaluator.workers = self.directory, self.evaluator.workers
        vars(self).update(vars(again))

    def result(self, stopped: str) -> Result:
        """What the run has come to."""
        champions, population = self.champions, self.population
        lineage = None if self.snapshot is None else self.snapshot.lineage
        if lineage is None:
            lineage = lineage_from(population.state(), population.champion_row, self.history)
        return Result(
            solved=champions.solved,
            champion=self.champion,
            champion_fitness=champions.fitness(population),
            learned=champions.learned or self.champion,
            verified=champions.verified,
            retests_failed=champions.retests.failed,
            history=self.history,
            population=population,
            problem=self.problem,
            stopped=stopped,
            directory=self.directory.path if self.directory is not None else None,
            failures=list(self.evaluator.named),
            traceback=self.evaluator.traceback,
            descent=lineage,
            marks=population.state().marks(),
        )


def _seed(population: Population, purpose: int, index: int) -> int:
    """A problem seed that depends on (run seed, purpose, generation, index) alone."""
    out = np.empty(index + 1, np.int64)
    random.derive_seeds(population.seed, purpose, population.generation, out)
    return int(out[index])
