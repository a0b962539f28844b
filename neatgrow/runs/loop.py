"""The loop of a run: steps until there is a reason to stop, then the final test."""

import os
import sys
import time
from collections.abc import Callable

import numpy as np

from neatgrow import _checks
from neatgrow.evaluation.base import EvaluatorError, Staffed, cause_of
from neatgrow.evaluation.tracebacks import OriginalError
from neatgrow.kernels import jit
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.options import Options
from neatgrow.runs.progress import Progress
from neatgrow.runs.results import Result
from neatgrow.runs.signals import Signals

_SHORT = 60.0  # seconds of a budget that compilation does not count against
_FAILING = 3  # generations over which the share of failures is judged


def carried_on(begin: Callable[[], Evolution], options: Options) -> Result:
    """The result of a run, from its beginning or from where it stood.

    Args:
        begin: Makes the run; kernels that it compiles are said on screen.
        options: As asked for.
    """
    clock = _Clock(options.seconds)
    show = sys.stderr.isatty() if options.progress is None else options.progress
    quiet = options.progress is None and not show
    line = Progress(waits_only=quiet) if show or quiet else None  # first: it compiles already
    run: Evolution | None = None
    owner = os.getpid()
    with Signals() as signals:
        try:
            run = begin()
            if run.directory is not None:
                signals.watch_endings()
            if line is not None:
                line.begin(run.problem, run.population, run.generations)
            stopped = _until_stopped(run, line, clock, signals)
            if stopped not in ("interrupted", "workers"):
                _verify(run, line)
            signals.hold()
        except BaseException as error:
            if run is not None and _where(run):
                error.add_note(_where(run))
            raise
        finally:
            if os.getpid() == owner:  # else it was forked by an evaluation, which exits in it
                signals.hold()
                if line is not None:
                    line.close()
                if run is not None:
                    signals.where = _where(run)
                    _put_away(run)
    return run.result(stopped)


def _where(run: Evolution) -> str:
    """Where a run is that did not end in order; empty where nothing of it is saved."""
    if run.directory is None or run.snapshot is None:
        return ""
    path = run.directory.path
    return (
        f"The run is in {path}; resume('{path}') goes on from generation "
        f"{run.snapshot.population.generation}."
    )


def _until_stopped(
    run: Evolution,
    line: Progress | None,
    clock: "_Clock",
    signals: Signals,
) -> str:
    """Step until there is a reason to stop; the reason."""
    try:
        while not run.solved and len(run.history) < run.generations:
            run.step()
            if signals.came:
                return "interrupted"
            if line is not None:
                line.update(run.history, run.generations)
            answers = [callback(run) for callback in run.options.callbacks]
            if run.solved:
                break
            if any(map(bool, answers)):
                return "callback"
            if _fails_too_much(run):
                return "failures"
            if clock.is_up():
                return "seconds"
    except KeyboardInterrupt:
        signals.hold()
        if run.snapshot is None:
            raise
        run.rewind()
        return "interrupted"
    except SystemExit:  # of users' code, which asks to leave the program
        if run.snapshot is not None:
            run.rewind()
        raise
    except EvaluatorError as error:
        if run.snapshot is None:
            raise
        run.rewind()
        text = f"\n{error.__cause__.text}" if isinstance(error.__cause__, OriginalError) else ""
        _checks.warn(f"{error}{text}")
        return "workers"
    return "solved" if run.solved else "generations"


def _fails_too_much(run: Evolution) -> bool:
    """Whether more than the share allowed of the last generations' evaluations failed."""
    history = run.history
    failed = sum(history.last("failures", _FAILING))
    if len(history) < _FAILING or not failed:
        return False
    return bool(failed > run.options.failure_limit * history.species_sizes.members(_FAILING))


def _verify(run: Evolution, line: Progress | None) -> None:
    """The final test of the champion; a run does not fail for want of it."""
    if line is not None and run.champions.noisy:
        line.note(f"final test of the champion, {run.champions.retests.many} fresh episodes …")
    try:
        run.verify()
    except KeyboardInterrupt:
        return
    except EvaluatorError as error:
        _checks.warn(f"the champion was not verified: {error}")


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


def _put_away(run: Evolution) -> None:
    """Save what there is, and let go of files and processes."""
    try:
        _save(run)
    finally:
        if isinstance(run.problem, Staffed):
            run.problem.release()
        if run.evaluator.workers is not None:
            try:
                run.evaluator.workers.close()
            except Exception as error:  # a cluster's, which must not cost the result
                _checks.warn(f"executor: expected to be shut down, got {cause_of(error)}.")


def _save(run: Evolution) -> None:
    if run.directory is not None:
        try:
            known = run.snapshot is not None and run.snapshot.population.champion is not None
            run.directory.catch_up(
                run.history,
                run.champion if known else None,
                run.champions.learned,
                run.evaluator.traceback,
            )
            run.directory.write_verified(run.champions.verified)
            if run.snapshot is not None:
                run.directory.write_checkpoint(run.snapshot)
        finally:
            run.directory.close()
