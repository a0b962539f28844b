"""The one decorator of every kernel, and what there is to know while it compiles."""

import gc
import time
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import config as numba_config
from numba.core.event import Event, Listener, register

try:  # private names of numba, which may go: that costs the cache and nothing else
    from neatgrow.kernels.cache import KernelCache as KernelCache
    from neatgrow.kernels.cache import on_wait
except (ImportError, AttributeError) as error:
    warnings.warn(
        f"kernel cache: expected names of numba that it lacks, got {error!r}. Kernels are "
        "compiled anew in every process; install a version of numba that neatgrow was tested with.",
        RuntimeWarning, stacklevel=2,
    )  # fmt: skip
    KernelCache, on_wait = None, []  # type: ignore[assignment,misc]
try:
    from neatgrow.kernels.ir_only import IRCompiler
except (ImportError, AttributeError):  # then compilation takes a third longer
    IRCompiler = None  # type: ignore[assignment,misc]

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract"},
    "error_model": "numpy",
}
_HELPER_OPTIONS: dict[str, Any] = {
    **_OPTIONS,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
    **({} if IRCompiler is None else {"pipeline_class": IRCompiler}),
}

on_compile: list[Callable[[], None]] = on_wait
"""Called each, from whichever thread it is, before something has to be compiled, be it by another
process that this one then waits for."""


def kernel(function: _F) -> _F:
    """Compile ``function`` lazily, without the interpreter lock, and cache it on disk.

    NaN stays NaN and infinities stay infinite: of the fast-math flags only ``contract``
    (fused multiply-add) is on. Division by zero follows IEEE 754 and raises nothing.
    """
    dispatcher = numba.njit(**_OPTIONS, no_cfunc_wrapper=True)(function)
    if KernelCache is not None and not numba_config.DISABLE_JIT:
        dispatcher._cache = KernelCache(function)
    return dispatcher  # type: ignore[no-any-return]


def helper(function: _F) -> _F:
    """Like :func:`kernel` for functions that only kernels call.

    They get no entry from Python to compile and no cache file, since their code is part of
    their callers'. They count no references either, so they may view arrays (which would cost
    two atomic operations a view otherwise) but must not allocate: scratch comes from kernels.
    """
    return numba.njit(**_HELPER_OPTIONS)(function)  # type: ignore[no-any-return]


def merged(function: _F) -> _F:
    """A :func:`helper` that the optimiser must make part of its callers.

    For the steps of a kernel that take all arrays of genomes: a call hands over a hundred numbers,
    which costs more than what is done for a small genome.
    """
    return numba.njit(**_HELPER_OPTIONS, forceinline=True)(function)  # type: ignore[no-any-return]


def inlined(function: _F) -> _F:
    """A :func:`helper` that numba itself copies into its callers.

    For what is called once per step of an episode: handing a plan's arrays over would cost more
    than a small network does.
    """
    return numba.njit(**_HELPER_OPTIONS, inline="always")(function)  # type: ignore[no-any-return]


def summing(function: _F) -> _F:
    """A :func:`helper` whose sums may be taken in any order, so that they become vector code.

    The order is settled when it is compiled: the same on every call, for any number of threads.
    """
    options = _HELPER_OPTIONS | {"fastmath": {"contract", "reassoc"}}
    return numba.njit(**options)(function)  # type: ignore[no-any-return]


class _Compiling(Listener):  # type: ignore[misc]
    """Announces and times all that numba compiles, and lets garbage collections wait meanwhile.

    Compiling makes millions of small objects that stay for as long as it lasts; looking through
    them for garbage again and again took a fifth of the time, and spared 20 MB.
    """

    _AT_LEAST = 100_000  # new objects before a collection, instead of hundreds

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0  # numba's compiler lock is held throughout
        self._began = 0.0
        self._usual = gc.get_threshold()

    def on_start(self, event: Event) -> None:
        if self._depth == 0:
            for say in tuple(on_compile):
                say()
            self._began = time.monotonic()
            self._usual = gc.get_threshold()
            first, *others = self._usual
            if first > 0:  # else there are none at all
                gc.set_threshold(max(first, self._AT_LEAST), *others)
        self._depth += 1

    def on_end(self, event: Event) -> None:
        self._depth -= 1
        if self._depth == 0:
            gc.set_threshold(*self._usual)
            self.seconds += time.monotonic() - self._began


_compiling = _Compiling()
register("numba:compile", _compiling)


def compile_seconds() -> float:
    """Seconds that this process has spent compiling so far."""
    return _compiling.seconds


@helper
def at(i: int) -> Any:
    """``i`` as an index that is never negative.

    Numba lets a signed index count from the end, which costs a test and a select per access
    unless the compiler can see that it is not negative; offsets read from arrays it cannot.
    """
    return np.uint64(i)
