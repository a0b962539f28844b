"""Work over genomes, split among threads.

Kernels release the interpreter lock and take a range of genomes as their last two arguments,
so plain threads run them side by side: no second, parallel compilation, no threading layer.
Waking another thread takes about 45 µs, so small work stays on the caller's thread.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from neatgrow._checks import integer
from neatgrow._types import Array

WAKE_NS = 45_000  # from handing work to a sleeping thread until it runs, measured

_PIECES = 4  # per thread, at most
_PIECE_NS = 250_000  # of work in one from which there are several per thread

_threads = 0
_pool: ThreadPoolExecutor | None = None


def thread_count() -> int:
    """Threads in use: :func:`set_threads`, else NEATGROW_THREADS, else the cores granted."""
    global _threads
    if _threads == 0:
        text = os.environ.get("NEATGROW_THREADS", "")
        if text:
            if not text.isdigit() or int(text) < 1:
                raise ValueError(
                    f"NEATGROW_THREADS: expected an integer of at least 1, got {text!r}. "
                    "Unset it to use every core."
                )
            _threads = int(text)
        else:
            _threads = core_count()
    return _threads


def core_count() -> int:
    """Cores granted to this process, which may be fewer than the machine has."""
    granted = getattr(os, "sched_getaffinity", None)
    return len(granted(0)) if granted else os.cpu_count() or 1


def set_threads(count: int) -> None:
    """Use ``count`` threads from now on; results do not depend on it."""
    global _threads
    _threads = integer("threads", count, 1)
    _forget_pool()


def is_small(cost_ns: float) -> bool:
    """Whether work is best done by the calling thread alone."""
    return cost_ns < 3 * WAKE_NS or thread_count() == 1


def split(ptr: Array, cost_ns: float) -> list[tuple[int, int]]:
    """Cut N genomes into ranges of about equal work, some for every useful thread, so that a
    thread which the system puts aside holds up little.

    Args:
        ptr: (N+1,) offsets whose steps are each genome's share of the work.
        cost_ns: Work per unit of ``ptr``, estimated, in nanoseconds.
    """
    count, total = ptr.size - 1, int(ptr[-1] - ptr[0])
    work, threads = total * cost_ns, thread_count()
    if is_small(work):
        return [(0, count)]
    useful = min(threads, int(work / WAKE_NS))
    pieces = min(count, max(useful, min(_PIECES * threads, int(work / _PIECE_NS))))
    marks = ptr[0] + np.arange(1, pieces) * (total / pieces)
    cuts = [0, *np.searchsorted(ptr, marks).tolist(), count]
    return [(a, b) for a, b in pairwise(cuts) if a < b]


def _executor() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(max(1, thread_count() - 1), "neatgrow")
    return _pool


def launch(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all calls, each on whichever thread is free, the first on this one; results in order.

    Nothing waits for a thread that has not begun. After an error no more calls begin, and it is
    raised once those that had begun have ended.
    """
    if len(calls) == 1:
        return [calls[0]()]
    waiting = deque(enumerate(calls))  # its popleft is atomic
    results: list[Any] = [None] * len(calls)

    def work() -> None:
        while waiting:
            try:
                k, call = waiting.popleft()
            except IndexError:  # another was faster
                return
            results[k] = call()

    k, first = waiting.popleft()
    others = [_executor().submit(work) for _ in range(min(len(calls), thread_count()) - 1)]
    try:
        results[k] = first()
        work()
    finally:
        waiting.clear()
        for other in others:  # never leave while another thread still writes
            if not other.cancel():
                other.exception()
    for other in others:
        if not other.cancelled():
            other.result()
    return results


def over_ranges(function: Callable[..., Any], ranges: list[tuple[int, int]], *args: Any) -> None:
    """``function(*args, start, stop)`` for every range, on all threads.

    Args:
        function: A kernel that releases the interpreter lock and writes within its range alone.
        ranges: As from :func:`split`.
        args: What comes before the range.
    """
    if len(ranges) == 1:
        function(*args, *ranges[0])
    else:
        launch([partial(function, *args, *r) for r in ranges])


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_forget_pool)
