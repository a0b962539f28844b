"""The loop around a run: until it is solved or its budget is spent, and on from where it stood."""

import json
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from os import PathLike
from types import FrameType
from typing import Any, Literal, Self

import numpy as np

from neatgrow import _checks, automatic
from neatgrow.config import Config
from neatgrow.evaluation.base import EvaluatorError, Problem, Staffed, cause_of, held
from neatgrow.evaluation.executors import evaluator
from neatgrow.evaluation.tracebacks import OriginalError
from neatgrow.kernels import jit
from neatgrow.learning.lifetime import Learning
from neatgrow.problems import catalogue
from neatgrow.problems.function import Function
from neatgrow.runs.directory import Checkpoints, RunDirectory
from neatgrow.runs.evolution import Callback, Evolution, described
from neatgrow.runs.progress import Progress
from neatgrow.runs.reading import CHAMPION, CONFIG, read_description
from neatgrow.runs.results import Result

_SHORT = 60.0  # seconds of a budget that compilation does not count against

Fitness = Callable[..., float]
"""A function of a network, or of a network and a seed, that returns its fitness."""


def evolve(
    problem: Problem | Fitness,
    *,
    inputs: int | None = None,
    outputs: int | None = None,
    config: Config | None = None,
    generations: int = 100,
    seed: int = 0,
    solved_at: float | None = None,
    minimize: bool = False,
    noisy: bool | None = None,
    learning: Learning | None = None,
    seconds: float | None = None,
    processes: int = 0,
    time_limit: float | None = None,
    executor: Any = None,
    on_error: Literal["record", "raise"] = "record",
    failure_limit: float = 0.9,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    directory: str | PathLike[str] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Evolve networks until the problem is solved or the budget is spent.

    Ctrl-C ends the run and returns the result so far.

    Args:
        problem: A problem, or a function of one network that returns its fitness; or of a network
            and a seed, if it draws random numbers.
        inputs: I, for a function.
        outputs: O, for a function.
        config: Settings; defaults to ``Config()``.
        generations: Most generations.
        seed: The same seed gives the same run.
        solved_at: Fitness to stop at, instead of the problem's own.
        minimize: Whether lower fitness is better.
        noisy: Whether a function gives the same network another fitness when it is called again;
            by default if it takes a seed. Champions are then settled by retests, as on noisy
            problems (:mod:`neatgrow.runs.retests`). One that turns out to do so is treated as noisy
            from then on, with a warning.
        learning: Let genomes learn by gradient descent before they are judged, on problems that
            offer lessons, as supervised ones do.
        seconds: Most wall time; the generation under way is finished. The final test of the
            champion is not counted, nor is the first compilation of kernels where the budget is
            less than a minute.
        processes: Worker processes that evaluate; 0 for this process, which is faster unless
            one evaluation takes milliseconds. The result is the same.
        time_limit: Seconds that one genome's evaluation may take before its worker is ended
            and it counts as failed; needs ``processes``.
        executor: Evaluate on this instead: anything with ``submit`` as ``concurrent.futures``
            have it, so a process pool, ``dask.distributed.Client(…).get_executor()``, an MPI
            pool or ``ng.RayExecutor()``; or a function without arguments that makes one, which
            is called again if it breaks. The result is the same. It is shut down only if it was
            made so.
        on_error: What a genome's failed evaluation does: count as a failure, or raise.
        failure_limit: Share of failed evaluations over three generations beyond which the run
            stops, its results intact.
        callbacks: Called after each generation with the :class:`Evolution`; one that returns
            ``True`` ends the run.
        progress: Show a progress line; by default where standard error is a terminal, and
            elsewhere only what a wait for compilation is for.
        directory: Write configuration, history, champion and checkpoints there as the run
            goes; :func:`resume` goes on from it.
        checkpoints: How often to save a checkpoint, and how many to keep.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
        FileExistsError: The directory holds a run already.
        BlockingIOError: Another process is using the directory.
        EvaluationError: With ``on_error="raise"``, at the first failure.
        RuntimeError: Every evaluation of the whole run failed; says how the first one did.
    """
    asked = _as_problem(problem, inputs, outputs, noisy)
    generations = _checks.integer("generations", generations, 1)
    solved_at = None if solved_at is None else _checks.number("solved_at", solved_at)
    if directory is not None:
        directory = _checks.path("directory", directory)
    elif checkpoints is not None:
        rule = "them with directory= only"
        raise ValueError(_checks.message("checkpoints", rule, "no directory", "Pass one."))
    _check_checkpoints(checkpoints)

    def begin() -> Evolution:
        run = Evolution(
            asked, config, seed=seed, generations=generations, solved_at=solved_at,
            minimize=minimize, learning=learning, on_error=on_error,
        )  # fmt: skip
        run.workers = evaluator(asked, processes, time_limit, executor)
        if directory is not None:
            about = {
                "generations": generations,
                "solved_at": solved_at,
                "minimize": bool(minimize),
                "learning": None if learning is None else learning.to_dict(),
                "inputs": asked.inputs,
                "outputs": asked.outputs,
                "noisy": noisy,
                "chosen": run.population.chosen,
            }
            own = {"seed": int(seed)}  # at the head, and not the problem's to say
            description = {**own, **described(asked), **own, "run": about}
            run.directory = RunDirectory.create(
                directory, _asked_for(run), description, checkpoints
            )
        return run

    with held(asked):
        return _carry_on(begin, seconds, failure_limit, callbacks, progress)


def resume(
    directory: str | PathLike[str],
    *,
    problem: Problem | Fitness | None = None,
    changes: dict[str, Any] | None = None,
    generations: int | None = None,
    seconds: float | None = None,
    processes: int = 0,
    time_limit: float | None = None,
    executor: Any = None,
    on_error: Literal["record", "raise"] = "record",
    failure_limit: float = 0.9,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Go on with a run from its last checkpoint, as if it had not been interrupted.

    Without ``changes`` the history (times aside) and the champion are those of a run that was
    never interrupted, bit for bit. A run that was killed before its first checkpoint begins
    again.

    Args:
        directory: Of the run.
        problem: Needed where the run was on a Python function or on data of the caller's.
        changes: Settings that differ from now on, by dotted path, such as
            ``{"population_size": 300, "mutation.add_node": 0.1}``; written to the run's files.
        generations: Most generations in all, those before included; as before by default.
        seconds: Most wall time from now on.
        processes: As for :func:`evolve`, like all arguments below.
        time_limit: …
        executor: …
        on_error: …
        failure_limit: …
        callbacks: …
        progress: …
        checkpoints: …

    Raises:
        FileNotFoundError: It is no run directory.
        BlockingIOError: Another process is at work on it.
        FileError: A file in it is damaged, and no checkpoint can be read; or the newest is of a
            newer format, or holds a function that is not registered: it is not passed over.
        ValueError: The problem is needed and was not given, or does not fit the genomes; or a
            change is impossible.
        TypeError: A change names no setting.
    """
    directory = _checks.path("directory", directory)
    if generations is not None:
        generations = _checks.integer("generations", generations, 1)
    _check_checkpoints(checkpoints)

    def begin() -> Evolution:
        files = RunDirectory.open(directory, checkpoints)
        try:
            run = _resumed(files, problem, changes, generations, on_error)
            run.workers = evaluator(run.problem, processes, time_limit, executor)
        except BaseException:
            files.close()
            raise
        return run

    with held(problem):
        return _carry_on(begin, seconds, failure_limit, callbacks, progress)


def _resumed(
    files: RunDirectory,
    problem: Problem | Fitness | None,
    changes: dict[str, Any] | None,
    generations: int | None,
    on_error: Literal["record", "raise"],
) -> Evolution:
    """The run as its last checkpoint has it, or from its beginning; its files to match."""
    description = read_description(files.path, to_rebuild=problem is None)
    about = description.get("run") or {}
    learning = about.get("learning")
    if problem is None:
        asked: Problem = catalogue.rebuild(description)
    elif isinstance(problem, Problem):
        asked = problem
    else:
        asked = _as_problem(problem, about.get("inputs"), about.get("outputs"), about.get("noisy"))
    snapshot = files.latest()
    if snapshot is not None:
        if snapshot.lineage is None:
            warnings.warn(
                f"{files.path}: generation {snapshot.population.generation} was saved without its "
                "ancestors; the line of descent begins there.",
                RuntimeWarning, stacklevel=5,
            )  # fmt: skip
        run = Evolution.from_snapshot(
            snapshot, asked, changes=changes, generations=generations, on_error=on_error
        )
    else:
        config = Config.from_toml(files.path / CONFIG).override(changes or {})
        run = Evolution(
            asked, config, seed=description.get("seed", 0),
            generations=generations or about.get("generations", 100),
            solved_at=about.get("solved_at"), minimize=about.get("minimize", False),
            learning=None if learning is None else Learning.from_dict(learning),
            on_error=on_error,
        )  # fmt: skip
    own = description
    if problem is not None:
        own = described(asked)
        if _warn_of_another(files, description, own) and snapshot is not None:
            run.go_on_with_another_problem()
        about = {**about, "inputs": asked.inputs, "outputs": asked.outputs}
    seed = {"seed": run.population.seed}
    about = {**about, "generations": run.generations, "chosen": run.population.chosen}
    now = {**seed, **own, **seed, "run": about}
    if now != description:
        files.write_description(now)
    files.write_verified(None)  # that of the champion so far
    files.write_settings(_asked_for(run))
    named = files.failures_until(snapshot) if snapshot is not None else []
    files.write_tables(run.history, named, run.traceback)
    if run.snapshot is not None and (changes or generations is not None):
        files.write_checkpoint(run.snapshot, again=True)  # so that they outlast a kill
    if snapshot is not None and snapshot.population.champion is not None:
        files.write_champion(run.champion, run.champions.learned)
    else:
        (files.path / CHAMPION).unlink(missing_ok=True)
    run.directory = files
    return run


def _asked_for(run: Evolution) -> Config:
    """Settings as they were asked for, ``"auto"`` where they were that."""
    return automatic.asked(run.population.config, run.population.chosen)


def _warn_of_another(files: RunDirectory, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Say where the problem that is passed is not the one that the run began with; if it is so."""
    # A description of an older release may lack some; a function may be mended and renamed.
    known = before.keys() - {"seed", "run", "name"}
    differences = [
        f"{name} {after.get(name)!r} instead of {before[name]!r}"
        for name in sorted(known)
        if json.dumps(after.get(name)) != json.dumps(before[name])  # NaN is NaN, tuples are lists
    ]
    if differences:
        warnings.warn(
            f"{files.path}: the run goes on with another problem than it began with: "
            f"{', '.join(differences)}. Its history holds fitnesses of both.",
            RuntimeWarning, stacklevel=6,
        )  # fmt: skip
    return bool(differences)


def _carry_on(
    begin: Callable[[], Evolution],
    seconds: float | None,
    failure_limit: float,
    callbacks: Iterable[Callback],
    progress: bool | None,
) -> Result:
    failure_limit = _checks.number("failure_limit", failure_limit, least=0.0, most=1.0)
    if seconds is not None:
        seconds = _checks.number("seconds", seconds, least=0.0)
    clock = _Clock(seconds)
    calls = tuple(callbacks) if isinstance(callbacks, Iterable) else (None,)
    if not all(callable(call) for call in calls):
        rule = "a list of functions of the run"
        raise TypeError(_checks.message("callbacks", rule, _checks.shown(callbacks)))
    show = sys.stderr.isatty() if progress is None else _checks.flag("progress", progress)
    quiet = progress is None and not show
    line = Progress(waits_only=quiet) if show or quiet else None  # first: it compiles already
    run: Evolution | None = None
    try:
        run = begin()
        if line is not None:
            line.begin(run.problem, run.population, run.generations)
        with _Interrupts() as interrupts:
            stopped = _until_stopped(run, calls, line, clock, failure_limit, interrupts)
            if stopped not in ("interrupted", "workers"):
                _verify(run, line)
    except BaseException as error:
        if run is not None and run.directory is not None and run.snapshot is not None:
            error.add_note(
                f"The run is in {run.directory.path}; resume('{run.directory.path}') goes on "
                f"from generation {run.snapshot.population.generation}."
            )
        raise
    finally:
        if line is not None:
            line.close()
        if run is not None:
            _put_away(run)
    return run.result(stopped)


def _until_stopped(
    run: Evolution,
    callbacks: tuple[Callback, ...],
    line: Progress | None,
    clock: "_Clock",
    failure_limit: float,
    interrupts: "_Interrupts",
) -> str:
    """Step until there is a reason to stop; the reason."""
    try:
        while not run.solved and len(run.history) < run.generations:
            run.step()
            if interrupts.came:
                return "interrupted"
            if line is not None:
                line.update(run.history, run.generations)
            answers = [callback(run) for callback in callbacks]
            if run.solved:
                break
            if any(answer is True for answer in answers):
                return "callback"
            if run.fails_too_much(failure_limit):
                return "failures"
            if clock.is_up():
                return "seconds"
    except KeyboardInterrupt:
        if run.snapshot is None:
            raise
        run.rewind()
        return "interrupted"
    except EvaluatorError as error:
        if run.snapshot is None:
            raise
        run.rewind()
        text = f"\n{error.__cause__.text}" if isinstance(error.__cause__, OriginalError) else ""
        warnings.warn(f"{error}{text}", RuntimeWarning, stacklevel=4)
        return "workers"
    return "solved" if run.solved else "generations"


def _verify(run: Evolution, line: Progress | None) -> None:
    """The final test of the champion; a run does not fail for want of it."""
    if line is not None and run.champions.noisy:
        line.note(f"final test of the champion, {run.champions.retests.many} fresh episodes …")
    try:
        run.verify()
    except KeyboardInterrupt:
        return
    except EvaluatorError as error:
        warnings.warn(f"the champion was not verified: {error}", RuntimeWarning, stacklevel=4)


class _Clock:
    """The time that a run may take; compilation is left out of less than a minute."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = np.inf if seconds is None else seconds
        self._start = self._now()

    def is_up(self) -> bool:
        return self._now() - self._start >= self._seconds

    def _now(self) -> float:
        spared = jit.compile_seconds() if self._seconds < _SHORT else 0.0
        return time.monotonic() - spared


def _check_checkpoints(checkpoints: Checkpoints | None) -> None:
    if checkpoints is not None and not isinstance(checkpoints, Checkpoints):
        raise TypeError(
            _checks.message("checkpoints", "Checkpoints(…)", _checks.shown(checkpoints))
        )


class _Interrupts:
    """Remembers Ctrl-C, which Python forgets where it arrives while an object is taken apart."""

    def __init__(self) -> None:
        self.came = False
        self._ours = False

    def __enter__(self) -> Self:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._note)
            self._ours = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.default_int_handler(number, frame)


def _put_away(run: Evolution) -> None:
    """Save what there is, and let go of files and processes."""
    try:
        _save(run)
    finally:
        if isinstance(run.problem, Staffed):
            run.problem.release()
        if run.workers is not None:
            try:
                run.workers.close()
            except Exception as error:  # a cluster's, which must not cost the result
                told = f"executor: expected to be shut down, got {cause_of(error)}."
                warnings.warn(told, RuntimeWarning, stacklevel=4)


def _save(run: Evolution) -> None:
    if run.directory is not None:
        try:
            known = run.snapshot is not None and run.snapshot.population.champion is not None
            run.directory.catch_up(
                run.history, run.champion if known else None, run.champions.learned, run.traceback
            )
            run.directory.write_verified(run.champions.verified)
            if run.snapshot is not None:
                run.directory.write_checkpoint(run.snapshot)
        finally:
            run.directory.close()


def _as_problem(
    problem: Problem | Fitness,
    inputs: int | None,
    outputs: int | None,
    noisy: bool | None = None,
) -> Problem:
    if isinstance(problem, Problem):
        if inputs is not None or outputs is not None or noisy is not None:
            raise TypeError(
                "inputs, outputs, noisy: expected only with a fitness function, got them with the "
                f"problem {problem.name!r}, which has its own. Leave them out."
            )
        _checks.flag("problem.noisy", problem.noisy)
        if problem.solved_at is not None:
            _checks.number("problem.solved_at", problem.solved_at)
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
    return Function(problem, inputs=inputs, outputs=outputs, noisy=noisy)
