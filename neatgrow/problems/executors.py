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

from neatgrow import _checks
from neatgrow.genomes import Genomes
from neatgrow.kernels import functions, parallel
from neatgrow.kernels.layout import Array
from neatgrow.networks import Networks
from neatgrow.problems.base import (
    Collection,
    Evaluation,
    Gathering,
    Problem,
    Stateful,
    cause_of,
    judged,
)
from neatgrow.problems.workers import Workers, compiled, pickled, rebuilt, sendable, warm_up

_SHARES = 4  # per worker and generation, where the executor says how many it has
_SHARES_UNKNOWN = 32  # per generation, where it does not
_RENEWALS = 3  # executors that one evaluation may break
_KEPT = 2  # problems that a worker remembers


@runtime_checkable
class Executor(Protocol):
    """What ``concurrent.futures``, ``dask.distributed``, mpi4py and others offer."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Call the function somewhere."""
        ...


class ExecutorError(RuntimeError):
    """The executor takes no more work."""


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
    activations: list[str]
    home: tuple[str, int]  # host and process of the run
    batch: Genomes | Networks
    seed: int
    episodes: int | None
    state: dict[str, Array]


class Distributed:
    """A problem that is evaluated on an executor.

    A share whose worker is lost is done again, genome by genome; a genome that loses two
    workers is given up and named. Executors that break as a whole, as process pools do when a
    worker dies, are made anew where ``executor`` is a function that makes one.

    Args:
        problem: Must be one that pickle, or cloudpickle where it is installed, can send.
        executor: Anything with ``submit``, or a function without arguments that makes one.

    Raises:
        TypeError: It is neither; or the problem cannot be sent to another process.
        ValueError: The problem keeps something and cannot take in what its copies gather.
    """

    def __init__(self, problem: Problem, executor: Any) -> None:
        self._make: Callable[[], Any] | None = None
        if not isinstance(executor, Executor):
            if not callable(executor):
                rule = "an object with submit(), or a function that makes one"
                raise TypeError(_checks.message("executor", rule, executor))
            self._make = executor
        self._executor: Any = None if self._make is not None else executor
        self._problem = problem
        self._payload = pickled(problem, "executor")
        self._warm = False

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
            ExecutorError: The executor takes no more work.
            RuntimeError: The problem cannot be rebuilt where it should be evaluated.
        """
        if not self._warm:  # so that workers find kernels compiled, where they share a disk
            warm_up(batch[0:1])
            self._warm = True
        state = self._problem.state() if isinstance(self._problem, Stateful) else {}
        share = _Share(
            self._payload, list(functions.opcodes()), _here(), batch, seed, episodes, state
        )
        evaluation = self._collected(share)
        if isinstance(self._problem, Gathering) and evaluation.gathered:
            self._problem.gather(evaluation.gathered)
        return evaluation

    def close(self) -> None:
        """Shut down an executor that was made here."""
        if self._make is not None and self._executor is not None:
            executor, self._executor = self._executor, None
            if hasattr(executor, "shutdown"):
                executor.shutdown(wait=True)

    def _collected(self, whole: _Share) -> Evaluation:
        count, rows = len(whole.batch), list(range(len(whole.batch)))
        size = -(-count // self._shares())
        tasks = deque((rows[k : k + size], False) for k in range(0, count, size))
        pending: dict[Future[Any], tuple[list[int], bool]] = {}
        collection, errors, failed, renewals = Collection(count), [], 0, 0
        try:
            while tasks or pending:
                while tasks:
                    part = tasks[0][0]
                    share = whole._replace(batch=whole.batch[part[0] : part[-1] + 1])
                    executor = self._open()
                    try:
                        future = executor.submit(answered, share)
                    except Exception as error:
                        renewals += 1
                        self._renew(error, renewals)
                        continue
                    pending[future] = tasks.popleft()
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    part, again = pending.pop(future)
                    try:
                        answer = future.result()
                    except Exception as error:  # the executor's; the problem's come as answers
                        if again:
                            failed += 1
                            collection.fail(part, f"its worker was lost, twice: {cause_of(error)}")
                            if failed == count:
                                raise _lost(error) from error
                        else:
                            tasks.extend(([row], True) for row in part)
                        continue
                    if isinstance(answer, _Unbuildable):
                        raise RuntimeError(f"executor: {answer}")
                    if isinstance(answer, Exception):
                        errors.append(answer)
                        collection.fail(part, cause_of(answer))
                        failed += len(part)
                    else:
                        collection.add(part, answer)
        finally:
            for future in pending:
                future.cancel()
        if errors and failed == count:
            raise errors[0]
        return collection.evaluation()

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

    def _renew(self, error: Exception, times: int) -> None:
        """Let the next share find a new executor, if one can be made."""
        if self._make is None or times > _RENEWALS:
            raise _lost(error) from error
        self.close()

    def _shares(self) -> int:
        for name in ("_max_workers", "num_workers"):  # of concurrent.futures and of mpi4py
            workers = getattr(self._executor, name, None)
            if isinstance(workers, int) and workers > 0:
                return _SHARES * workers
        return _SHARES_UNKNOWN


class _Unbuildable(str):
    """Why a worker cannot rebuild the problem."""


_local = threading.local()  # a problem serves one thread at a time, and Dask's workers have many


def answered(share: _Share) -> Evaluation | Exception | _Unbuildable:
    """A worker's part: what the problem answers for a share, or what it raises."""
    if share.home != _here():
        parallel.set_threads(1)  # every core has a worker already
    kept: dict[bytes, Problem] = _local.__dict__.setdefault("problems", {})
    key = hashlib.sha256(share.payload).digest()
    try:
        if key not in kept:
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            kept[key] = rebuilt(share.payload, share.activations)
        problem = kept[key]
        if share.state and isinstance(problem, Stateful):
            problem.restore(share.state)
    except RuntimeError as error:
        return _Unbuildable(error)
    try:
        return judged(problem, compiled(share.batch), seed=share.seed, episodes=share.episodes)
    except Exception as error:
        return sendable(error)


def evaluator(
    problem: Problem, processes: int, time_limit: float | None, executor: Any
) -> Workers | Distributed | None:
    """What evaluates elsewhere, as asked for; ``None`` for evaluation in this process.

    Raises:
        TypeError, ValueError: As :class:`Workers` and :class:`Distributed`; or arguments that do
            not go together.
    """
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


def _lost(error: Exception) -> ExecutorError:
    return ExecutorError(
        f"executor: expected one that takes work, got {cause_of(error)}. Start it again and "
        "resume, or pass a function that makes one."
    )
