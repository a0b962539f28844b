"""Worker processes that evaluate genomes, and outlive neither a hang nor a crash of one.

Each worker has the problem and answers for a share of the genomes at a time, which travels
as packed arrays. A worker that dies is replaced and its share done again genome by genome, so
that a genome that kills its worker is named and costs itself alone. Results are those of the
problem in this process, bit for bit: a network's fitness does not depend on which others are
evaluated with it.
"""

import importlib.util
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import (
    FAULTS,
    Collection,
    Evaluation,
    EvaluatorError,
    Gathering,
    Problem,
    Stateful,
    cause_of,
    compiled,
    judged,
    state_of,
    take_in,
)
from neatgrow.evaluation.sending import sent_functions, take_over
from neatgrow.evaluation.tracebacks import OriginalError, Sent, sent, traceback_of
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import parallel
from neatgrow.networks.networks import Networks

SHARES = 4  # per worker and generation where there is no time limit
_START_SECONDS = 120.0  # that a worker may take to import its modules


@dataclass
class _Task:
    """Some genomes to evaluate.

    Attributes:
        rows: (K,) rows of the generation.
        again: Whether a worker has died over them.
    """

    rows: list[int]
    again: bool = False


class _Asked(NamedTuple):
    """What is to be evaluated, by a problem in which state."""

    batch: Genomes | Networks
    seed: int
    episodes: int | None
    state: dict[str, Array]


class _Worker:
    """One process: its pipe, its task, and until when it may take."""

    def __init__(
        self, context: Any, payload: bytes, functions: bytes, example: Genomes | Networks
    ) -> None:
        self.pipe, theirs = context.Pipe()
        given = (theirs, payload, functions, example)
        self.process = context.Process(
            target=_serve, args=given, name="neatgrow worker", daemon=True
        )
        encoding = pickle.dumps(example.interface)  # which may be of a class of the user's
        by_main = b"__main__" in payload or b"__main__" in encoding
        with nullcontext() if by_main else without_main(), without_interrupts():
            self.process.start()
        theirs.close()
        self.ready = False
        self.task: _Task | None = None
        self.allowed = _START_SECONDS  # until the deadline, when it was set
        self.deadline = time.monotonic() + self.allowed

    def stop(self) -> None:
        """End the process at once, also in the midst of an evaluation."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


@contextmanager
def without_main() -> Iterator[None]:
    """Start a process that does not import the caller's script, which it has no need of.

    So scripts need no ``if __name__ == "__main__":`` for problems that live in modules.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach, also before it can say so itself."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which it inherits
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Workers:
    """Processes that evaluate a problem.

    Args:
        problem: Must be one that pickle can send to another process.
        count: Processes.
        time_limit: Seconds that the evaluation of one genome may take, the start of a worker
            left out; with it genomes travel one by one, which costs about 0.2 ms each. ``None``
            for no limit.

    Raises:
        ValueError: The problem keeps something between generations and cannot take in what its
            copies gather.
        TypeError: The problem, or a registered function, cannot be sent to another process; says
            what to do.
    """

    def __init__(self, problem: Problem, count: int, time_limit: float | None = None) -> None:
        self.count = _checks.integer("processes", count, 1)
        self.time_limit = time_limit
        if time_limit is not None:
            self.time_limit = _checks.number("time_limit", time_limit, above=0.0)
        self._problem = problem
        self._payload = pickled(problem, "processes")
        self._functions = sent_functions("processes")
        # Started afresh, not forked: a fork copies locks that other threads hold.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def evaluate(
        self, batch: Genomes | Networks, seed: int, episodes: int | None = None
    ) -> Evaluation:
        """What ``problem.evaluate`` answers for these genomes; the problem then gathers from it.

        Args:
            batch: N genomes, or their networks.
            seed: As for the problem.
            episodes: As for the problem; the time limit is then meant per episode.

        Raises:
            Exception: What the problem raises where it does for every genome.
            EvaluatorError: No worker can be started, or rebuild the problem.
        """
        count = len(batch)
        share = 1 if self.time_limit is not None else -(-count // (SHARES * self.count))
        rows = list(range(count))
        tasks = deque(_Task(rows[k : k + share]) for k in range(0, count, share))
        try:
            asked = _Asked(batch, seed, episodes, state_of(self._problem))
            collection = self._collected(tasks, asked)
        except BaseException:  # what workers are still at work on must not answer a later call
            self.close()
            raise
        return take_in(self._problem, collection.evaluation())

    def _collected(self, tasks: deque[_Task], asked: _Asked) -> Collection:
        """All answers; ``left`` counts genomes without one, given up or not."""
        left = len(asked.batch)
        collection = Collection(left)
        while left:
            self._hand_out(tasks, asked)
            for worker in self._answering():
                task = worker.task
                try:
                    answer = worker.pipe.recv()
                except (EOFError, OSError):
                    left -= self._put_back(worker, tasks, collection)
                    continue
                worker.task = None
                worker.deadline = np.inf
                if task is None:  # it has started
                    worker.ready = True
                    if answer is not None:
                        told, traceback = answer
                        raise EvaluatorError(f"processes: {told}") from OriginalError(traceback)
                    continue
                left -= len(task.rows)
                answer = answer.opened()
                if isinstance(answer, Exception):
                    collection.fail(task.rows, answer)
                else:
                    collection.add(task.rows, answer)
            left -= self._end_late(tasks, collection)
        return collection

    def close(self) -> None:
        """End all processes; they are started again when needed."""
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def _hand_out(self, tasks: deque[_Task], asked: _Asked) -> None:
        """Start workers that lack, and give every idle one something to do."""
        while len(self._workers) < self.count:
            example = asked.batch[0:1]
            self._workers.append(_Worker(self._context, self._payload, self._functions, example))
        for worker in self._workers:
            if not (worker.ready and worker.task is None and tasks):
                continue
            task = tasks.popleft()
            part = asked._replace(batch=asked.batch[task.rows[0] : task.rows[-1] + 1])
            worker.task = task
            if self.time_limit is not None:
                worker.allowed = self.time_limit * (asked.episodes or 1)
                worker.deadline = time.monotonic() + worker.allowed
            try:
                worker.pipe.send(part)
            except OSError:  # it died while idle: found when its answer is read
                continue

    def _answering(self) -> list[_Worker]:
        """Workers that have something to say, or have died; none where a deadline passed."""
        first = min(worker.deadline for worker in self._workers)
        patience = None if first == np.inf else max(0.0, first - time.monotonic())
        ready = wait([worker.pipe for worker in self._workers], patience)
        return [worker for worker in self._workers if worker.pipe in ready]

    def _put_back(self, worker: _Worker, tasks: deque[_Task], collection: Collection) -> int:
        """Put a dead worker's genomes back, one by one; how many are given up."""
        self._workers.remove(worker)
        worker.process.join(5.0)  # its pipe closes before it is dead, on a busy machine long before
        late = worker.process.is_alive()
        worker.stop()
        how = "does not answer" if late else _ending(worker.process.exitcode)
        if not worker.ready:
            raise EvaluatorError(
                f"processes: expected worker processes that start, got one that {how}. A script "
                "that uses processes must guard its main part with if __name__ == '__main__':."
            )
        task = worker.task
        if task is None:
            return 0
        if task.again and len(task.rows) == 1:
            collection.fail(task.rows, f"its worker process {how}, twice")
            return 1
        tasks.extend(_Task([row], again=True) for row in task.rows)
        return 0

    def _end_late(self, tasks: deque[_Task], collection: Collection) -> int:
        """End workers whose time is up; how many genomes are given up."""
        now, given_up = time.monotonic(), 0
        for worker in [w for w in self._workers if w.deadline <= now]:
            task, worker.task = worker.task, None
            if task is not None:
                collection.fail(task.rows, f"no answer within {worker.allowed:g} s")
                given_up += len(task.rows)
                self._workers.remove(worker)
                worker.stop()
            else:
                self._put_back(worker, tasks, collection)
        return given_up


def pickled(problem: Problem, argument: str) -> bytes:
    """The problem as bytes for another process.

    Args:
        problem: What is to be sent.
        argument: What asked for other processes, as messages name it.

    Raises:
        ValueError: It keeps something, and cannot take in what its copies gather.
        TypeError: Pickle cannot send it.
    """
    if isinstance(problem, Stateful) and not isinstance(problem, Gathering):
        raise ValueError(
            f"{argument}: expected a problem with a method gather(), as {problem.name} keeps "
            f"something between generations, got {type(problem).__name__} without. Leave "
            f"{argument} out."
        )
    main = sys.modules.get("__main__")
    function = getattr(problem, "function", problem)
    interactive = main is not None and not hasattr(main, "__file__")
    by_value = argument == "executor" and importlib.util.find_spec("cloudpickle") is not None
    why: str | Exception = "it is defined in an interactive session"
    if by_value or not (interactive and getattr(function, "__module__", "") == "__main__"):
        try:
            payload = pickle.dumps(problem)
            if not (by_value and b"__main__" in payload):
                return payload
            why = "it is defined in the script that runs"
        except Exception as error:  # pickle raises many kinds
            why = error
        if by_value:
            import cloudpickle

            try:
                return bytes(cloudpickle.dumps(problem))
            except Exception as error:
                why = error
    raise TypeError(
        f"{argument}: expected a problem that another process can import, got {problem.name!r}: "
        f"{why}. Define the function at the top level of a module, or leave {argument} out."
    ) from (why if isinstance(why, Exception) else None)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"ended with exit code {code}"


def _serve(pipe: Connection, payload: bytes, functions: bytes, example: Genomes | Networks) -> None:
    """What a worker runs: say that it has started, then answer until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=end_with_parent, daemon=True).start()
    if hasattr(os, "register_at_fork"):  # what a fitness function forks must not hold the pipe open
        os.register_at_fork(after_in_child=pipe.close)
    parallel.set_threads(1)  # every core has a worker already
    try:
        problem = rebuilt(payload, functions)
    except RuntimeError as error:
        pipe.send((str(error), traceback_of(error)))
        return
    warm_up(example)
    pipe.send(None)
    while True:
        try:
            asked = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if asked.state and isinstance(problem, Stateful):
                problem.restore(asked.state)
        except Exception as error:
            pipe.send(sendable(error))
            continue
        pipe.send(reply_of(problem, asked.batch, asked.seed, asked.episodes))


def end_with_parent() -> None:
    """End this process once its parent is dead, also in the midst of an evaluation."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    time.sleep(1.0)  # for one that waits for work, whose pipe has closed, to end in order
    os._exit(1)


def rebuilt(payload: bytes, functions: bytes) -> Problem:
    """The problem, in another process than the run's, which takes over registered functions.

    Raises:
        RuntimeError: It cannot be, or a function cannot.
    """
    try:
        problem: Problem = pickle.loads(payload)
    except FAULTS as error:
        raise RuntimeError(
            f"the problem could not be rebuilt in a worker process: {cause_of(error)}. What it is "
            "made of must be importable there; an environment of your own must be registered by "
            'a module, and named as "module:Name-v0".'
        ) from error
    take_over(functions)  # now, as the problem's module may register them for itself
    return problem


def warm_up(example: Genomes | Networks) -> None:
    """Load all that a network runs on, which a genome's time limit is not for."""
    try:
        networks = compiled(example)
    except FAULTS:  # of an encoding, which is told where genomes are judged
        return
    x = np.zeros((1, networks.interface.inputs))
    networks.predict(x)
    networks.run(x[None])
    networks[0].activate(x[0])
    networks.lanes([0]).activate(x)


def reply_of(
    problem: Problem, batch: Genomes | Networks, seed: int, episodes: int | None
) -> "Reply":
    """What a problem answers in a worker, or what it raises, SystemExit included."""
    owner = os.getpid()
    try:
        return sendable(judged(problem, batch, seed=seed, episodes=episodes))
    except SystemExit as error:
        if os.getpid() != owner:  # a process that the evaluation forked leaves for itself
            raise
        return sendable(error)
    except Exception as error:
        return sendable(error)


class Reply(NamedTuple):
    """What comes of a share, as another process sends it.

    Attributes:
        evaluation: Without what was raised; ``None`` where the problem raised.
        errors: What was raised, by row.
    """

    evaluation: Evaluation | None
    errors: dict[int, Sent]

    def opened(self) -> Evaluation | Exception:
        """The evaluation, or what the problem raised.

        Raises:
            SystemExit: The problem asked to leave the program.
        """
        if self.evaluation is None:
            error = self.errors[0].arrived()
            if isinstance(error, SystemExit):
                raise error
            return error
        errors: dict[int, BaseException] = {row: e.arrived() for row, e in self.errors.items()}
        return replace(self.evaluation, errors=errors)


def sendable(answer: Evaluation | Exception | SystemExit) -> Reply:
    """An evaluation, or what the problem raised, as it survives the journey whatever it is."""
    if isinstance(answer, (Exception, SystemExit)):
        return Reply(None, {0: sent(answer)})
    errors = {row: sent(answer.errors[row]) for row in sorted(answer.errors)[:1]}
    return Reply(replace(answer, errors={}), errors)
