"""Evaluation on any executor: pools of processes, Dask, MPI, Ray.

Genomes travel as packed arrays, some dozens of shares a generation. Results are those of the
problem in this process, bit for bit.
"""

import hashlib
import importlib.util
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import (
    Collection,
    Evaluation,
    EvaluatorError,
    Problem,
    Stateful,
    cause_of,
    failed,
    state_of,
    take_in,
)
from neatgrow.evaluation.sending import sent_functions
from neatgrow.evaluation.tracebacks import OriginalError, traceback_of
from neatgrow.evaluation.workers import (
    SHARES,
    Reply,
    Workers,
    pickled,
    rebuilt,
    reply_of,
    warm_up,
)
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import parallel
from neatgrow.networks.networks import Networks

_SHARES_UNKNOWN = 32  # per generation, where an executor does not say how many workers it has
_TRIES = 3  # workers that a genome may lose: in a share, by itself, and with nothing beside it
_RENEWALS = 3  # executors that refuse work before no more are made
_KEPT = 2  # problems that a worker remembers


@runtime_checkable
class Executor(Protocol):
    """What ``concurrent.futures``, ``dask.distributed``, mpi4py and others offer."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Call the function in a worker; the future is that of ``concurrent.futures``."""
        ...


class RayExecutor:
    """Ray's tasks as an executor.

    Args:
        options: As for ``ray.remote``, such as ``num_cpus=1``.

    Raises:
        ImportError: Ray is not installed.
    """

    def __init__(self, **options: Any) -> None:
        if importlib.util.find_spec("ray") is None:
            rule = "the package ray to be installed"
            raise ImportError(_checks.message("RayExecutor", rule, "none", "Run pip install ray."))
        import ray

        if not ray.is_initialized():
            ray.init()
        self._ray, self._options = ray, options

    def submit(self, function: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Call the function in one of Ray's workers."""
        remote = self._ray.remote(**self._options) if self._options else self._ray.remote
        future: Future[Any] = remote(function).remote(*args).future()
        return future


class _Share(NamedTuple):
    """Genomes to evaluate, and all that a worker needs for it."""

    payload: bytes  # the problem
    functions: bytes  # that are registered
    home: tuple[str, int]  # host and process of the run
    batch: Genomes | Networks
    seed: int
    episodes: int | None
    state: dict[str, Array]


class Distributed:
    """A problem that is evaluated on an executor.

    A share whose worker is lost is done again, genome by genome; genomes that are lost again are
    tried with nothing beside them, as process pools break as a whole when a worker dies, and
    one that loses its worker then is given up and named. What broke is made anew where
    ``executor`` is a function that makes one.

    Args:
        problem: Must be one that pickle, or cloudpickle where it is installed, can send.
        executor: Anything with ``submit``, or a function without arguments that makes one.

    Raises:
        TypeError: It is neither; or the problem, or a registered function, cannot be sent to
            another process.
        ValueError: The problem keeps something and cannot take in what its copies gather.
    """

    def __init__(self, problem: Problem, executor: Any) -> None:
        self._make: Callable[[], Any] | None = None
        if hasattr(executor, "get_executor"):  # a client of Dask
            executor = executor.get_executor()
        if isinstance(executor, type) or not isinstance(executor, Executor):
            if not callable(executor):
                rule = "an object with submit(), or a function that makes one"
                raise TypeError(_checks.message("executor", rule, executor))
            self._make = executor
        self._executor: Any = None if self._make is not None else executor
        self._problem = problem
        self._payload = pickled(problem, "executor")
        self._functions = sent_functions("executor")
        self._warm = False
        self._idle = True

    def evaluate(
        self, batch: Genomes | Networks, seed: int, episodes: int | None = None
    ) -> Evaluation:
        """What ``problem.evaluate`` answers for these genomes; the problem then gathers from it.

        Args:
            batch: N genomes, or their networks.
            seed: As for the problem.
            episodes: As for the problem.

        Raises:
            Exception: What the problem raises where it does for every genome.
            EvaluatorError: The executor takes no more work, or the problem cannot be rebuilt there.
        """
        if not self._warm:  # so that workers find kernels compiled, where they share a disk
            warm_up(batch[0:1])
            self._warm = True
        share = _Share(
            self._payload, self._functions, _here(), batch, seed, episodes,
            state_of(self._problem),
        )  # fmt: skip
        return take_in(self._problem, self._collected(share).evaluation())

    def close(self) -> None:
        """Shut down an executor that was made here; what it is still at work on is not awaited."""
        if self._make is not None and self._executor is not None:
            executor, self._executor = self._executor, None
            if hasattr(executor, "shutdown"):
                executor.shutdown(wait=self._idle)

    def _collected(self, whole: _Share) -> Collection:
        """All answers.

        A share whose worker is lost is split into single genomes, and those into ``alone``: one at
        a time, for where a worker dies a process pool breaks and takes all others' work along.
        """
        count = len(whole.batch)
        size = -(-count // self._shares())
        cuts = range(0, count, size)
        parts = deque(list(range(k, min(k + size, count))) for k in cuts)
        alone: deque[list[int]] = deque()  # genomes that lost two workers already
        pending: dict[Future[Any], list[int]] = {}
        tries, collection = np.zeros(count, np.int64), Collection(count)
        self._idle = False
        try:
            while parts or alone or pending:
                while parts:
                    future = self._submitted(whole, parts[0])
                    pending[future] = parts.popleft()
                if alone and not pending:
                    future = self._submitted(whole, alone[0])
                    pending[future] = alone.popleft()
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    rows = pending.pop(future)
                    try:
                        answer = future.result()
                    except Exception as error:  # the executor's; the problem's come as answers
                        answer = _Lost(error)
                    if isinstance(answer, (_Lost, _Unbuildable)):
                        tries[rows] += 1
                        if tries[rows[0]] < _TRIES:
                            (parts if tries[rows[0]] == 1 else alone).extend([row] for row in rows)
                        elif isinstance(answer, _Unbuildable):
                            told, traceback = answer
                            raise EvaluatorError(f"executor: {told}") from OriginalError(traceback)
                        else:
                            how = f"its worker was lost each time: {cause_of(answer.error)}"
                            collection.add(rows, failed(1, answer.error, how))
                        continue
                    answer = answer.opened()
                    if isinstance(answer, Exception):
                        collection.fail(rows, answer)
                    else:
                        collection.add(rows, answer)
            if count > 1 and (tries == _TRIES).all():
                raise _gone(cause_of(answer.error)) from answer.error
        finally:
            for future in pending:
                future.cancel()
        self._idle = True
        return collection

    def _submitted(self, whole: _Share, rows: list[int]) -> "Future[Any]":
        """The answer to come for some rows, of an executor made anew where one broke."""
        share = whole._replace(batch=whole.batch[rows[0] : rows[-1] + 1])
        for attempt in range(1, _RENEWALS + 1):
            executor = self._open()
            try:
                future = executor.submit(answered, share)
            except Exception as error:
                if self._make is None or attempt == _RENEWALS:
                    raise _gone(cause_of(error)) from error
                self.close()
                continue
            if not isinstance(future, Future):
                rule = "one whose submit() gives a concurrent.futures.Future"
                raise TypeError(_checks.message("executor", rule, future))
            return future
        raise AssertionError

    def _open(self) -> Executor:
        """The executor, made if there is none."""
        if self._executor is None:
            assert self._make is not None
            made = self._make()
            if not isinstance(made, Executor):
                rule = "a function that makes an object with submit()"
                raise TypeError(_checks.message("executor", rule, made))
            self._executor = made
        executor: Executor = self._executor
        return executor

    def _shares(self) -> int:
        for name in ("_max_workers", "num_workers"):  # of concurrent.futures and of mpi4py
            workers = getattr(self._executor, name, None)
            if isinstance(workers, int) and workers > 0:
                return SHARES * workers
        return _SHARES_UNKNOWN


class _Lost(NamedTuple):
    """In place of an answer: how the worker was lost."""

    error: Exception


class _Unbuildable(NamedTuple):
    """Why a worker cannot rebuild the problem, and the traceback of it."""

    why: str
    traceback: str


_local = threading.local()  # a problem serves one thread at a time, and Dask's workers have many


def answered(share: _Share) -> Reply | _Unbuildable:
    """A worker's part: what the problem answers for a share, or what it raises."""
    if share.home != _here():
        parallel.set_threads(1)  # every core has a worker already
    kept: dict[bytes, Problem] = _local.__dict__.setdefault("problems", {})
    key = hashlib.sha256(share.payload + share.functions).digest()
    try:
        if key not in kept:
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            kept[key] = rebuilt(share.payload, share.functions)
        problem = kept[key]
        if share.state and isinstance(problem, Stateful):
            problem.restore(share.state)
    except RuntimeError as error:
        return _Unbuildable(str(error), traceback_of(error))
    return reply_of(problem, share.batch, share.seed, share.episodes)


def evaluator(
    problem: Problem, processes: int, time_limit: float | None, executor: Any
) -> Workers | Distributed | None:
    """What evaluates elsewhere, as asked for; ``None`` for evaluation in this process.

    Raises:
        TypeError, ValueError: As :class:`Workers` and :class:`Distributed`; or arguments that do
            not go together.
    """
    processes = _checks.integer("processes", processes, 0)
    if executor is not None:
        if processes or time_limit is not None:
            raise ValueError(
                "executor: expected no processes= and no time_limit= with it, got processes="
                f"{processes}, time_limit={time_limit}. It has workers and limits of its own."
            )
        return Distributed(problem, executor)
    if processes:
        return Workers(problem, processes, time_limit)
    if time_limit is not None:
        raise ValueError(
            "time_limit: expected processes= of at least 1 with it, got 0. What runs in this "
            "process cannot be stopped."
        )
    return None


def _here() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


def _gone(how: str) -> EvaluatorError:
    return EvaluatorError(
        f"executor: expected one that takes work, got {how}. Start it again and resume, or pass a "
        "function that makes one."
    )
