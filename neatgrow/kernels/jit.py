"""The one decorator of every kernel, and the cache of compiled kernels.

Numba's own file cache keys a function by its own source file only, so an edit in a callee
of another file goes unseen, and its index file can name the wrong data after two processes
wrote it at once. Here each compiled kernel is one file whose name is a hash of everything
it depends on: all kernel sources, the signature, the processor, numba's version. Files are
written whole and renamed into place; one that does not load is compiled again.
"""

import gc
import hashlib
import os
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import config as numba_config
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.event import Event, Listener, register
from numba.core.runtime import rtsys

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
}

on_compile: list[Callable[[], None]] = []
"""Called each, from whichever thread it is, before something has to be compiled."""


def kernel(function: _F) -> _F:
    """Compile ``function`` lazily, without the interpreter lock, and cache it on disk.

    NaN stays NaN and infinities stay infinite: of the fast-math flags only ``contract``
    (fused multiply-add) is on. Division by zero follows IEEE 754 and raises nothing.
    """
    dispatcher = numba.njit(**_OPTIONS, no_cfunc_wrapper=True)(function)
    if not numba_config.DISABLE_JIT:
        dispatcher._cache = _KernelCache(function)
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


@lru_cache(maxsize=1)
def source_stamp() -> str:
    """Hash of all kernel sources, of numba's version, and of settings that change code."""
    flags = (numba_config.BOUNDSCHECK, numba_config.OPT, numba_config.DEBUGINFO_DEFAULT)
    digest = hashlib.sha256(f"{numba.__version__} {flags}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def cache_directory() -> Path | None:
    """First writable of NUMBA_CACHE_DIR, the package's own folder, and the user's cache."""
    candidates = [Path(__file__).parent / "__pycache__"]
    try:
        user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        candidates.append(Path(user) / "neatgrow")
    except RuntimeError:  # no home directory
        pass
    if numba_config.CACHE_DIR:
        candidates = [Path(numba_config.CACHE_DIR) / "neatgrow"]
    for candidate in candidates:
        if _is_writable(candidate):
            return candidate
    _warn_no_cache(candidates)
    return None


def _is_writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError:
        return False
    return True


def _warn_no_cache(candidates: Iterable[Path]) -> None:
    places = ", ".join(str(place) for place in candidates)
    warnings.warn(
        f"kernel cache: expected a writable directory, got none of {places}. Kernels are "
        "compiled anew in every process; set NUMBA_CACHE_DIR to a writable directory.",
        RuntimeWarning,
        stacklevel=2,
    )


class _OneFilePerKernel:
    """Keeps each compiled overload in a file named by a hash of its key."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _path(self, key: object) -> Path | None:
        directory = cache_directory()
        if directory is None:
            return None
        digest = hashlib.sha256(f"{source_stamp()} {key}".encode()).hexdigest()[:24]
        return directory / f"{self._name}-{digest}.kernel"

    def load(self, key: object) -> Any:
        path = self._path(key)
        if path is None:
            return None
        try:
            return pickle.loads(path.read_bytes())
        except Exception:  # absent or damaged: either way it is compiled again
            return None

    def save(self, key: object, data: object) -> None:
        path = self._path(key)
        if path is None:
            return
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            temporary.write_bytes(pickle.dumps(data, protocol=pickle.HIGHEST_PROTOCOL))
            temporary.replace(path)
        except OSError as error:  # a full or vanished disk costs the cache, not the run
            warnings.warn(f"kernel cache: {error}", RuntimeWarning, stacklevel=2)

    def flush(self) -> None:
        """Nothing to forget: stale files are never read, their names no longer occur."""


class _Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's packing of a compile result, without its search for a cache directory."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


class _KernelCache(FunctionCache):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = repr(function)
        self._py_func = function
        self._impl = _Implementation(function)
        self._cache_path = ""
        self._cache_file = _OneFilePerKernel(f"{function.__module__}.{function.__qualname__}")
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As numba's own, without the registries of all that it can compile.

        They take half a second (scipy's linear algebra is among them, where installed) and serve
        compilation, before which numba loads them anyway. A finished kernel needs the runtime's
        symbols only.
        """
        rtsys.initialize(target_context)
        try:
            return self._load_overload(sig, target_context)
        except Exception:  # unpickled but not loadable, such as from another numba
            return None

    def _save_overload(self, sig: Any, data: Any) -> None:
        if self._enabled and self._impl.check_cachable(data):
            key = self._index_key(sig, data.codegen)
            self._cache_file.save(key, self._impl.reduce(data))
