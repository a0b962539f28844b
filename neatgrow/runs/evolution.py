"""A run in progress: one generation per step, what came of it, and what it can be resumed from."""

import json
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any, Literal, Self

import numpy as np

from neatgrow import _checks, automatic
from neatgrow._settings import Settings
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.evaluation.base import (
    Evaluation,
    EvaluatorError,
    Problem,
    Stateful,
    Teaching,
    cause_of,
    failed,
    judged,
)
from neatgrow.evaluation.executors import Distributed
from neatgrow.evaluation.tracebacks import OriginalError, let_frames_go, traceback_of
from neatgrow.evaluation.workers import Workers
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import random
from neatgrow.kernels.genes import Rules
from neatgrow.learning.guided_growth import grown
from neatgrow.learning.lifetime import Learning, taught
from neatgrow.lineage.lineage import Lineage
from neatgrow.networks.networks import Networks
from neatgrow.runs.champions import Champions
from neatgrow.runs.checkpoints import Snapshot
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.history import History
from neatgrow.runs.results import Result
from neatgrow.runs.retests import CHAMPION
from neatgrow.runs.settings import warn_of_settings
from neatgrow.selection.population import Population, State

Callback = Callable[["Evolution"], object]

_NAMED_FAILURES = 100  # that a run remembers by genome and cause
_CAUSE_LENGTH = 1000  # characters of a cause that are kept
_FAILING = 3  # generations over which the share of failures is judged


class EvaluationError(RuntimeError):
    """An evaluation failed and ``on_error="raise"`` was asked for."""


class Evolution:
    """A run in progress, one generation per :meth:`step`.

    Attributes:
        problem: What is evolved on.
        population: The population.
        history: Table by generation.
        generations: Most generations, as asked for; :meth:`step` does not heed it.
        solved_at: Fitness to stop at, instead of the problem's own; or ``None``.
        failures: Of the last generation: row of each failed genome and why.
        traceback: Of the first evaluation that raised, as text; or ``None``.
        champions: Who is champion, whether it solves the problem, and how that is known.
        learning: How genomes learn before they are judged, or ``None``.
        directory: Where files are written, or ``None``.
        workers: Processes or an executor that evaluate, or ``None``.
        snapshot: The run after its last whole generation; ``None`` before the first.
    """

    def __init__(
        self,
        problem: Problem,
        config: Config | None = None,
        *,
        seed: int = 0,
        generations: int = 100,
        solved_at: float | None = None,
        minimize: bool = False,
        learning: Learning | None = None,
        on_error: Literal["record", "raise"] = "record",
    ) -> None:
        config, chosen = automatic.resolved(Config() if config is None else config, problem=problem)
        self.population = Population(
            problem.inputs, problem.outputs, config, seed=seed, minimize=minimize,
            input_names=problem.input_names, output_names=problem.output_names,
        )  # fmt: skip
        self.population.chosen = chosen
        warn_of_settings(problem, config)
        self.history = History()
        self._settle(problem, generations, solved_at, minimize, learning, on_error)
        if hasattr(problem, "clear"):
            problem.clear()

    def _settle(
        self,
        problem: Problem,
        generations: int,
        solved_at: float | None,
        minimize: bool,
        learning: Learning | None,
        on_error: Literal["record", "raise"],
    ) -> None:
        if learning is not None and not isinstance(learning, Learning):
            raise TypeError(_checks.message("learning", "Learning(steps, …)", learning))
        if learning is not None and not isinstance(problem, Teaching):
            raise ValueError(
                f"learning: expected a problem that offers lessons, such as Supervised, got "
                f"{problem.name}. Give it a method lessons(), or leave learning out."
            )
        self.problem = problem
        self.learning = learning
        self.generations = generations
        self.solved_at = solved_at
        self.failures: dict[int, str] = {}
        self.traceback: str | None = None
        self.directory: RunDirectory | None = None
        self.workers: Workers | Distributed | None = None
        self.snapshot: Snapshot | None = None
        self._sign = -1.0 if minimize else 1.0
        self._raise = _checks.one_of("on_error", on_error, ("record", "raise")) == "raise"
        threshold = solved_at if solved_at is not None else problem.solved_at
        self.champions = Champions(
            problem, self._tested, self._seed, learning, self._sign,
            np.inf if threshold is None else self._sign * threshold,
        )  # fmt: skip
        self._named: list[tuple[int, int, str]] = []
        self._samples_grown = 0
        self._guide_growth()
        self._changes: list[tuple[int, dict[str, Any]]] = []

    @classmethod
    def from_snapshot(
        cls,
        snapshot: Snapshot,
        problem: Problem,
        *,
        changes: dict[str, Any] | None = None,
        generations: int | None = None,
        on_error: Literal["record", "raise"] = "record",
    ) -> Self:
        """A run that goes on from a checkpoint.

        Args:
            snapshot: What was saved.
            problem: The problem that the run was on.
            changes: Settings that differ from now on, by dotted path.
            generations: Most generations in all, instead of as many as before.
            on_error: As for :func:`neatgrow.evolve`.

        Raises:
            ValueError: The problem has other inputs or outputs than the genomes.
        """
        state = snapshot.population
        face = state.genomes.interface
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
        run = cls.__new__(cls)
        run.population = Population.from_state(state, config)
        run.history = snapshot.history
        run._settle(
            problem, generations or snapshot.generations, snapshot.solved_at, state.minimize,
            snapshot.learning, on_error,
        )  # fmt: skip
        if isinstance(problem, Stateful):
            problem.restore(snapshot.problem_state)
        run.champions.restore(snapshot)
        run._named = list(snapshot.failures)
        run.traceback = snapshot.traceback
        run._changes = list(snapshot.changes)
        if changes:
            run._changes.append((state.generation, _settled(config, changes)))
        run.snapshot = replace(
            snapshot,
            population=replace(state, config=config),
            generations=run.generations,
            changes=run._changes,
            lineage=snapshot.lineage or run._begun(state),
        )
        return run

    @property
    def champion(self) -> Genome:
        """Best genome ever, carrying the input statistics that it was judged with."""
        if self.champions.genome is None:
            raise RuntimeError(
                "evolve: expected at least one evaluation that succeeds, got none. The first "
                f"failure was: {_failure_text(self._named[0]) if self._named else 'none'}."
            ) from (None if self.traceback is None else OriginalError(self.traceback))
        return self.champions.genome

    @property
    def solved(self) -> bool:
        """Whether the champion solves the problem."""
        return self.champions.solved

    def step(self) -> None:
        """Evaluate one generation, tell its fitness, and record what happened."""
        population = self.population
        marks = [time.perf_counter()]
        genomes = population.ask()
        marks.append(time.perf_counter())
        genomes, samples = self._taught(genomes)
        marks.append(time.perf_counter())
        networks = genomes.compile()
        marks.append(time.perf_counter())
        seed = self._seed(random.EPISODES, 0)
        evaluation = self._evaluated(genomes, networks, seed)
        self._take_failures(evaluation)
        finite = np.isfinite(evaluation.fitness)
        fitness = np.where(finite, evaluation.fitness, np.nan)  # what failed is not retested
        tests = self.champions.tell(population, genomes, evaluation, fitness)
        self._name_failed_tests()
        marks.append(time.perf_counter())
        self._record(genomes, [evaluation, *tests], samples, np.diff(marks))
        self.snapshot = self._snapshot()
        if self.directory is not None:
            self.directory.write_generation(
                self.history,
                self.champions.genome,
                self.champions.learned,
                self.failures,
                self.traceback,
            )
            if self.directory.is_due(population.generation):
                self.directory.write_checkpoint(self.snapshot)

    def verify(self) -> None:
        """Test the champion once more (:meth:`Champions.verify`); no failure of it raises."""
        champions = self.champions
        before = (champions.noisy, self.population.champion_fitness)
        self._raise = False  # the run is over: its result is not to be lost
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
        """Name genomes with an episode that failed in a test; −1 is the champion."""
        tests, self.champions.failed = self.champions.failed, []
        named = set(self.failures)  # once each
        for row, cause, error in tests:
            if row not in named:
                named.add(row)
                self._fail(row, cause, error, self.population.generation)

    def _guide_growth(self) -> None:
        """Let children grow where gradients say, if that was asked for."""
        learning = self.learning
        if learning is not None and learning.candidates and learning.inheritance != "none":
            self.population.guided_growth = self._grown

    def _grown(self, genomes: Genomes, wishes: Array, rules: Rules, generation: int) -> Genomes:
        assert self.learning is not None and isinstance(self.problem, Teaching)
        genomes, self._samples_grown = grown(
            genomes, wishes, self.problem.lessons(), self.learning.candidates, rules,
            seed=self.population.seed, generation=generation,
        )  # fmt: skip
        return genomes

    def _taught(self, genomes: Genomes) -> tuple[Genomes, int]:
        """The genomes as they are judged, and how many samples they learned from."""
        grown, self._samples_grown = self._samples_grown, 0
        if self.learning is None or not isinstance(self.problem, Teaching):
            return genomes, 0
        population = self.population
        key = (population.seed, population.generation)
        tuned, samples = taught(
            genomes, self.problem.lessons(), self.learning, population.config, key
        )
        if self.learning.inheritance == "lamarckian":
            population.learned(tuned)
        return tuned, grown + samples

    def rewind(self) -> None:
        """Forget a generation that was interrupted half-way.

        Raises:
            RuntimeError: No generation has been finished.
        """
        if self.snapshot is None:
            raise RuntimeError("rewind: expected a whole generation first, got none.")
        arrays = self.history.to_arrays(self.snapshot.population.generation)
        again = Evolution.from_snapshot(
            replace(self.snapshot, history=History.from_arrays(arrays)), self.problem
        )
        self.population, self.history = again.population, again.history
        self._guide_growth()
        self.champions.restore(self.snapshot)
        self._named, self.traceback = again._named, again.traceback

    def fails_too_much(self, limit: float) -> bool:
        """Whether more than this share of the last three generations' evaluations failed."""
        if len(self.history) < _FAILING:
            return False
        recent = range(-_FAILING, 0)
        failed = sum(self.history[k]["failures"] for k in recent)
        genomes = sum(sum(self.history.species_sizes[k].values()) for k in recent)
        return bool(failed > limit * genomes)

    def result(self, stopped: str) -> Result:
        """What the run has come to."""
        known = self.snapshot.lineage if self.snapshot is not None else None
        return Result(
            solved=self.champions.solved,
            champion=self.champion,
            champion_fitness=self.champions.fitness(self.population),
            learned=self.champions.learned or self.champion,
            verified=self.champions.verified,
            retests_failed=self.champions.retests.failed,
            history=self.history,
            population=self.population,
            problem=self.problem,
            stopped=stopped,
            directory=self.directory.path if self.directory is not None else None,
            failures=list(self._named),
            traceback=self.traceback,
            descent=known or self._begun(self.population.state()),
            marks=self.population.state().marks(),
        )

    def _descent(self, state: State) -> Lineage:
        """The lineage up to the generation told last; begun anew should that fail."""
        before = self.snapshot.lineage if self.snapshot is not None else None
        if before is not None:
            try:
                population = self.population
                assert population.parents is not None
                return before.after(state, population.parents, population.champion_row)
            except Exception as error:
                warnings.warn(
                    f"lineage: expected the ancestors of generation {state.generation}, got "
                    f"{cause_of(error)}. The run goes on, and its lineage begins here.",
                    RuntimeWarning,
                    stacklevel=3,
                )
        return self._begun(state)

    def _begun(self, state: State) -> Lineage:
        """A lineage that begins with the generation told last."""
        best = self.history["champion"][: state.generation]
        born = int(np.argmax(best == best[-1])) + 1 if best.size else state.generation
        row = self.population.champion_row
        if state.champion is not None and row < 0:  # it may live on
            twins = np.flatnonzero(state.fitness == state.champion_fitness)
            row = next((n for n in twins.tolist() if state.genomes[n] == state.champion), -1)
        return Lineage.begin(state, row, born)

    def _snapshot(self) -> Snapshot:
        statistics = {}
        if self.champions.genome is not None:
            face = self.champions.genome.interface
            pair = {"input_mean": face.input_mean, "input_scale": face.input_scale}
            statistics = {name: values for name, values in pair.items() if values is not None}
        problem, state = self.problem, self.population.state()
        return Snapshot(
            population=state,
            history=self.history,
            statistics=statistics,
            solved=self.champions.solved,
            failures=list(self._named),
            traceback=self.traceback,
            problem=described(problem),
            problem_state=problem.state() if isinstance(problem, Stateful) else {},
            generations=self.generations,
            solved_at=self.solved_at,
            learning=self.learning,
            changes=self._changes,
            lineage=self._descent(state),
            noisy=self.champions.noisy,
            retests=self.champions.retests.state(),
            learned=self.champions.learned,
        )

    def _evaluated(self, genomes: Genomes, networks: Networks, seed: int) -> Evaluation:
        """The problem's answer; where it raises, each genome by itself, so that one is named."""
        try:
            if self.workers is not None:
                return self.workers.evaluate(genomes, seed)
            return judged(self.problem, networks, seed=seed)
        except EvaluatorError:
            raise
        except Exception as error:
            if self._raise or not len(self.history):  # nothing is lost yet, and all of it fails
                raise
            return failed(len(genomes), error)

    def _seed(self, purpose: int, index: int) -> int:
        """A problem seed that depends on (run seed, purpose, generation, index) alone."""
        out = np.empty(index + 1, np.int64)
        random.derive_seeds(self.population.seed, purpose, self.population.generation, out)
        return int(out[index])

    def _tested(self, genomes: Genomes, seed: int, episodes: int | None) -> Evaluation:
        """A retest, which genomes whose evaluation raises have failed."""
        try:
            if self.workers is not None:
                return self.workers.evaluate(genomes, seed, episodes)
            return judged(self.problem, genomes.compile(), seed=seed, episodes=episodes)
        except EvaluatorError:
            raise
        except Exception as error:
            return failed(len(genomes), error)

    def _take_failures(self, evaluation: Evaluation) -> None:
        fitness, causes = evaluation.fitness, evaluation.failures
        rows = np.flatnonzero(~np.isfinite(fitness)).tolist()
        self.failures = {}
        for row in rows:
            cause = causes.get(row, f"fitness is {fitness[row]}")
            self._fail(row, cause, evaluation.errors.get(row))

    def _fail(
        self, row: int, cause: str, error: BaseException | None, generation: int | None = None
    ) -> None:
        """Name a genome of this generation, why its evaluation failed, and what it raised."""
        # Half a surrogate pair, as in names of files, can be written to no file.
        cause = cause[:_CAUSE_LENGTH].encode("utf-8", "backslashreplace").decode()
        if row != CHAMPION:
            self.failures[row] = cause
        named = (self.population.generation + 1 if generation is None else generation, row, cause)
        if len(self._named) < _NAMED_FAILURES:
            self._named.append(named)
        if error is not None and self.traceback is None:
            self.traceback = traceback_of(error)
        if self._raise:
            raise EvaluationError(f"evaluation failed for {_failure_text(named)}") from error
        if error is not None:
            let_frames_go(error)

    def _record(
        self, genomes: Genomes, evaluations: list[Evaluation], samples: int, seconds: Array
    ) -> None:
        population = self.population
        assert population.fitness is not None
        valid = population.fitness[~np.isnan(population.fitness)] * self._sign
        quartiles = _quartiles(valid)
        row_of, ids = population.reproduction.groups(len(genomes))
        sizes = np.bincount(row_of, minlength=ids.size)
        row: dict[str, Any] = {
            "generation": population.generation,
            "best": population.best_fitness,
            "mean": valid.mean() if valid.size else np.nan,
            "lower_quartile": quartiles[0],
            "median": quartiles[1],
            "upper_quartile": quartiles[2],
            "champion": population.champion_fitness,
            "species": np.count_nonzero(sizes),
            "nodes": genomes.node_id.size / len(genomes),
            "connections": np.count_nonzero(genomes.enabled) / len(genomes),
            "evaluations": sum(e.fitness.size for e in evaluations),
            "retest_episodes": self.champions.retests.played if self.champions.noisy else 0,
            "steps": sum(e.steps for e in evaluations),
            "failures": len(genomes) - valid.size,
            "samples_learned": samples,
            "seconds_reproduction": seconds[0],
            "seconds_learning": seconds[1],
            "seconds_compilation": seconds[2],
            "seconds_evaluation": seconds[3],
        }
        groups = zip(ids.tolist(), sizes.tolist(), strict=True)
        self.history.append(row, {id_: size for id_, size in groups if size})


def _quartiles(values: Array) -> list[float]:
    """Quartiles and median, interpolated linearly; NaN of nothing. As ``np.quantile``, faster."""
    if not values.size:
        return [np.nan] * 3
    ordered, found = np.sort(values), []
    for share in (0.25, 0.5, 0.75):
        place = share * (values.size - 1)
        low = int(place)
        high = min(low + 1, values.size - 1)
        a, b = ordered[low].item(), ordered[high].item()
        found.append(a + (place - low) * (b - a))
    return found


def described(problem: Problem) -> dict[str, Any]:
    """The problem's description, or its name alone where JSON cannot hold it."""
    description = problem.describe()
    try:
        json.dumps(description)
    except (TypeError, ValueError):
        return {"problem": "other", "name": problem.name}
    return description


def _settled(config: Config, changes: dict[str, Any]) -> dict[str, Any]:
    """The changed settings as plain values, however they were passed."""
    values = {path: reduce(getattr, path.split("."), config) for path in changes}
    return {k: v.to_dict() if isinstance(v, Settings) else v for k, v in values.items()}


def _failure_text(failure: tuple[int, int, str]) -> str:
    generation, row, cause = failure
    return f"genome {row} of generation {generation}: {cause}"
