"""Runs over many seeds: :func:`repeat`."""

import hashlib
import json
import math
import pickle
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from neatgrow import _checks
from neatgrow._checks import printable
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, cause_of
from neatgrow.evaluation.sending import sent_functions
from neatgrow.evaluation.workers import (
    end_with_parent,
    pickled,
    rebuilt,
    without_interrupts,
    without_main,
)
from neatgrow.files.archive import DAMAGE, FileError, plain, read_json, write_text
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import parallel
from neatgrow.learning.lifetime import Learning
from neatgrow.problems.function import Fitness, as_problem
from neatgrow.runs.evolve import evolve
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.options import Options
from neatgrow.runs.overwriting import holds_run
from neatgrow.runs.reading import read_history, read_run
from neatgrow.runs.repeated import COLUMNS, Repeat, Repeats, row_of
from neatgrow.runs.results import Result
from neatgrow.runs.resume import resume
from neatgrow.runs.saving import described
from neatgrow.selection.starting import Start, batches_of

ROW, STUDY = "repeat.json", "repeats.json"
_WORTH = 8.0  # seconds of work left from which processes, which take two to begin, pay
_INTERRUPTED = "interrupted"


class _Task(NamedTuple):
    """What each seed is run with."""

    options: dict[str, Any]  # of evolve
    directory: Path | None


def repeat(
    problem: Problem | Fitness,
    *,
    seeds: int | Iterable[int] = 10,
    inputs: int | None = None,
    outputs: int | None = None,
    config: Config | None = None,
    generations: int = 100,
    start: Start | None = None,
    solved_at: float | None = None,
    minimize: bool = False,
    noisy: bool | None = None,
    learning: Learning | None = None,
    seconds: float | None = None,
    failure_limit: float = 0.9,
    processes: int | None = None,
    progress: bool | None = None,
    directory: str | PathLike[str] | None = None,
) -> Repeats:
    """Run a problem with many seeds, and say what comes of it and how certain that is.

    Each seed's run is that of :func:`neatgrow.evolve` with this seed, bit for bit, whatever else
    runs beside it. Ctrl-C ends it, and what is done so far is returned, with a warning.

    Args:
        problem: As for :func:`neatgrow.evolve`, as are all that are not named here.
        seeds: How many, from 0 on; or the seeds themselves.
        inputs, outputs, config, generations, start, solved_at, minimize, noisy, learning: …
        seconds, failure_limit: …
        processes: Runs at a time, each in a process with one thread; 0 for one after the other
            in this one, with all threads. By default one for each core, if the first seed took so
            long that it pays and the problem can be sent to other processes. The result is the
            same but for its seconds.
        progress: Say of each run that it is done; by default where standard error is a terminal.
        directory: Write each run there, in a directory of its own. The same call goes on with
            what it finds: runs that are done are kept, others are resumed. More seeds may follow.

    Raises:
        TypeError, ValueError: An argument is not what it should be; or the directory holds runs
            with other settings.
        RuntimeError: A process was lost. What was done is in the directory, if there is one.
    """
    asked = as_problem(problem, inputs, outputs, noisy)
    every = _seeds(seeds)
    batches = None if start is None else batches_of(start)
    options: dict[str, Any] = {
        "generations": generations, "solved_at": solved_at, "minimize": minimize,
        "learning": learning, "seconds": seconds, "failure_limit": failure_limit,
    }  # fmt: skip
    checked = Options(**options)
    config = Config() if config is None else config
    if not isinstance(config, Config):
        raise TypeError(_checks.message("config", "a Config", _checks.shown(config)))
    if processes is not None:
        processes = _checks.integer("processes", processes, 0)
    folder = None if directory is None else _checks.path("directory", directory).absolute()
    if folder is not None:
        _check_study(folder, _described(asked, config, checked, batches))
    task = _Task(options | {"config": config, "start": batches}, folder)
    show = sys.stderr.isatty() if progress is None else _checks.flag("progress", progress)
    runs: dict[int, Repeat] = {}

    def done(run: Repeat) -> None:
        runs[run.seed] = run
        if show:
            how = "solved" if run.solved else f"not solved, stopped by {run.stopped}"
            sys.stderr.write(
                f"{asked.name}, seed {run.seed} ({len(runs)} of {len(every)}): {how}, "
                f"{run.evaluations} evaluations, {run.seconds:.1f} s\n"
            )

    try:
        _run_all(asked, task, every, processes, done)
    except KeyboardInterrupt:
        _checks.warn(
            f"repeat: interrupted; these are {len(runs)} of {len(every)} seeds."
            + ("" if folder is None else " The same call goes on with the others.")
        )
    return Repeats(asked.name, tuple(runs[seed] for seed in every if seed in runs), folder)


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    if isinstance(seeds, Iterable):
        given = [_checks.integer("seeds", seed, 0) for seed in seeds]
        if len(set(given)) < len(given) or not given:
            got = "one twice" if given else "none"
            raise ValueError(_checks.message("seeds", "at least one, each once", got))
        return given
    return list(range(_checks.integer("seeds", seeds, 1)))


def _run_all(
    problem: Problem,
    task: _Task,
    seeds: list[int],
    processes: int | None,
    done: Callable[[Repeat], None],
) -> None:
    """Run every seed, here or in processes, and tell of each."""
    waiting = list(seeds)
    while waiting and not processes:
        begin = time.perf_counter()
        run = _ran(problem, task, waiting.pop(0))
        if run.stopped == _INTERRUPTED:
            raise KeyboardInterrupt
        done(run)
        left = (time.perf_counter() - begin) * len(waiting)
        cores = parallel.core_count()
        if processes is None and cores > 1 and len(waiting) > 1 and left > _WORTH:
            processes = cores if _can_be_sent(problem, task) else 0
    if waiting and processes:
        _run_beside(problem, task, waiting, min(processes, len(waiting)), done)


def _can_be_sent(problem: Problem, task: _Task) -> bool:
    try:
        _Sent.of(problem, task)
    except Exception:  # nobody asked for processes, so nobody is to hear of it
        return False
    return True


class _Sent(NamedTuple):
    """What a process needs to run seeds, as bytes."""

    problem: bytes
    functions: bytes
    task: bytes

    @classmethod
    def of(cls, problem: Problem, task: _Task) -> Self:
        return cls(pickled(problem, "processes"), sent_functions("processes"), pickle.dumps(task))

    @property
    def by_main(self) -> bool:
        """Whether the script that runs is needed for it."""
        return b"__main__" in self.problem or b"__main__" in self.task


def _run_beside(
    problem: Problem, task: _Task, seeds: list[int], count: int, done: Callable[[Repeat], None]
) -> None:
    """Run seeds in processes of one thread each."""
    sent, before, mine = _Sent.of(problem, task), active_children(), list[BaseProcess]()
    pool = ProcessPoolExecutor(count, get_context("spawn"))
    try:
        with nullcontext() if sent.by_main else without_main(), without_interrupts():
            pending = {pool.submit(_beside, sent, seed) for seed in seeds}  # starts them
        mine = [child for child in active_children() if child not in before]
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                pending.remove(future)
                done(future.result())
    except BaseException as error:
        # What they are at work on is saved but for the last seconds, or nobody's any more. They
        # are not asked to end: a run would, and its process would begin the next.
        for child in mine:
            child.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise RuntimeError(
                f"processes: expected processes that run seeds, got one that was lost ({error}). "
                "Pass processes=0 to run them in this one."
            ) from error
        raise
    pool.shutdown()


_known: dict[_Sent, tuple[Problem, _Task]] = {}  # of a process that runs seeds: what it was sent


def _beside(sent: _Sent, seed: int) -> Repeat:
    """What a process runs."""
    if sent not in _known:
        threading.Thread(target=end_with_parent, daemon=True).start()
        parallel.set_threads(1)  # every core has a process already
        _known[sent] = rebuilt(sent.problem, sent.functions), pickle.loads(sent.task)
    return _ran(*_known[sent], seed)


def _ran(problem: Problem, task: _Task, seed: int) -> Repeat:
    """The run of a seed: done before, gone on with, or from its beginning."""
    folder = None if task.directory is None else task.directory / f"seed-{seed}"
    if folder is not None and (folder / ROW).is_file():
        return _read(folder)
    try:
        if folder is not None and holds_run(folder):
            budget = {name: task.options[name] for name in ("seconds", "failure_limit")}
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*has reached its goal")
                result = resume(folder, problem=problem, progress=False, **budget)
        else:
            result = evolve(problem, seed=seed, progress=False, directory=folder, **task.options)
    except RuntimeError as error:  # no evaluation of the whole run succeeded
        run = _failed(seed, folder, error)
    else:
        run = _of(seed, result)
    if folder is not None and run.stopped != _INTERRUPTED:
        write_text(folder / ROW, json.dumps(row_of(run)) + "\n")
    return run


def _of(seed: int, result: Result) -> Repeat:
    history, champion = result.history, result.champion
    return Repeat(
        seed, result.solved, result.champion_fitness, len(history), history.total("evaluations"),
        history.total("steps"), _seconds(history), champion.n_hidden, champion.n_enabled,
        result.stopped, "", champion, history,
    )  # fmt: skip


def _failed(seed: int, folder: Path | None, error: Exception) -> Repeat:
    history = History() if folder is None else read_history(folder)
    return Repeat(
        seed, False, math.nan, len(history), history.total("evaluations"), history.total("steps"),
        _seconds(history), 0, 0, "error", cause_of(error), None, history,
    )  # fmt: skip


def _seconds(history: History) -> float:
    return float(sum(history.total(name) for name in TIMES))


def _read(folder: Path) -> Repeat:
    """A run that was done before.

    Raises:
        FileError: A file of it is damaged.
    """
    path = folder / ROW
    try:
        row = read_json(path)
        values: dict[str, Any] = {name: kind(row[name]) for name, kind in COLUMNS.items()}
        values |= {name: printable(plain(row, name, str)) for name in ("stopped", "error")}
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected what a run came to, got an error: {error} Remove it: the run is "
            "then read again."
        ) from error
    if values["error"]:
        return Repeat(**values, champion=None, history=read_history(folder))
    _, history, champion = read_run(folder)
    return Repeat(**values, champion=champion, history=history)


# ------------------------------------------------------------------------------ the directory


def _check_study(folder: Path, wanted: dict[str, Any]) -> None:
    """Note what runs there are with, or refuse to mix them with others.

    Raises:
        ValueError: There are runs with other settings.
        FileError: The note is damaged.
    """
    path = folder / STUDY
    wanted = json.loads(json.dumps(wanted))  # tuples become lists
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(wanted, indent=2) + "\n")
        return
    try:
        found = read_json(path)
    except DAMAGE as error:
        raise FileError(f"{path}: expected a note of settings in JSON, got: {error}") from error
    # As text, in which NaN is NaN.
    other = [k for k in wanted if json.dumps(wanted[k]) != json.dumps(found.get(k))]
    if other:
        rule, got = "runs with these settings", f"some with another {', '.join(other)}"
        remedy = "Choose another directory, or remove this one."
        raise ValueError(_checks.message(str(folder), rule, got, remedy))


def _described(
    problem: Problem, config: Config, options: Options, start: tuple[Genomes, ...] | None
) -> dict[str, Any]:
    """All that the runs follow from but their seeds, as plain values."""
    digest = hashlib.sha256()
    for batch in start or ():
        for array in batch.packed:
            digest.update(np.ascontiguousarray(array).tobytes())
    return {
        "problem": described(problem),
        "config": config.to_dict(),
        **options.to_dict(),
        "seconds": options.seconds,
        "failure_limit": options.failure_limit,
        "start": None if start is None else digest.hexdigest(),
    }
