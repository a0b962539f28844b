"""The cache of compiled kernels: one file each, which no other user can have written.

Numba's own file cache keys a function by its own source file only, so an edit in a callee
of another file goes unseen, and its index file can name the wrong data after two processes
wrote it at once. Here each compiled kernel is one file whose name is a hash of everything
it depends on: all kernel sources, the signature, the processor, numba's version. Files are
written whole and renamed into place; one that does not load is compiled again. Of processes that
need the same kernel at once one compiles it, and the others wait.

A kernel's file is a pickle, so whoever can write it can run code. Folder and files are made for
their user alone, and what anyone else owns or may write to is neither read nor mended: what is in
a folder that was open may be anybody's.
"""

import hashlib
import os
import pickle
import stat
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba.core import config as numba_config
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.runtime import rtsys

try:
    import fcntl
except ImportError:  # Windows: there each process compiles for itself
    fcntl = None  # type: ignore[assignment]

_PATIENCE = 120.0  # seconds to wait for another process that compiles the same
_UNUSED = 30 * 86400.0  # seconds after which a file is removed: of an older version, most likely
_DAY = 86400.0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Nor pipes, which would be waited for.
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_ENDINGS = (".kernel", ".lock", ".tmp")  # of all that is written here

on_wait: list[Callable[[], None]] = []
"""Called each before this process waits for another that compiles."""


@lru_cache(maxsize=1)
def source_stamp() -> str:
    """Hash of all kernel sources, of numba's version, and of settings that change code."""
    names = ("BOUNDSCHECK", "OPT", "DEBUGINFO_DEFAULT")
    flags = tuple(getattr(numba_config, name, None) for name in names)
    digest = hashlib.sha256(f"{numba.__version__} {flags}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def cache_directory() -> Path | None:
    """First of NUMBA_CACHE_DIR, the package's own folder, and the user's cache that is writable
    and, on systems with owners, for this user alone; a folder ``neatgrow`` in it."""
    candidates = [Path(__file__).parent / "__pycache__"]
    with suppress(RuntimeError):  # there is no home directory
        candidates.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    if numba_config.CACHE_DIR:
        candidates = [Path(numba_config.CACHE_DIR)]
    folders = [candidate / "neatgrow" for candidate in candidates]
    for folder in folders:
        if _is_ours(folder):
            return folder
    _warn_no_cache(folders)
    return None


def _is_ours(folder: Path) -> bool:
    """Whether a folder, made if absent, is writable for this user and for nobody else."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if hasattr(os, "geteuid"):
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or not _is_private(found):
                return False
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _is_private(found: os.stat_result) -> bool:
    """Whether a file or folder is this user's, and nobody else may write to it."""
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE


def _warn_no_cache(folders: Iterable[Path]) -> None:
    places = ", ".join(str(folder) for folder in folders)
    warnings.warn(
        "kernel cache: expected a folder that this user owns and nobody else can write to, got "
        f"none of {places}. Kernels are compiled anew in every process; set NUMBA_CACHE_DIR to a "
        "folder of your own, or remove one that others may have written to.",
        RuntimeWarning,
        stacklevel=2,
    )


class _OneFilePerKernel:
    """Keeps each compiled overload in a file named by a hash of its key."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._claims: dict[Path, int] = {}  # locks of what this process compiles

    def _path(self, key: object) -> Path | None:
        directory = cache_directory()
        if directory is None:
            return None
        digest = hashlib.sha256(f"{source_stamp()} {key}".encode()).hexdigest()[:24]
        return directory / f"{self._name}-{digest}.kernel"

    def load(self, key: object) -> Any:
        """What was saved, by this process or another; ``None`` if this one is to compile it."""
        path = self._path(key)
        if path is None:
            return None
        found = _read(path)
        if found is None and path not in self._claims:
            self._claim(path)
            found = _read(path)
            if found is not None:
                self._release(path)
        return found

    def save(self, key: object, data: object) -> None:
        """Write it, for this user alone."""
        path = self._path(key)
        if path is None:
            return
        try:
            handle, name = tempfile.mkstemp(".tmp", f"{self._name}-", path.parent)  # new, mode 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    pickle.dump(data, file, protocol=pickle.HIGHEST_PROTOCOL)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            _remove_unused(path.parent)
        except OSError as error:  # a full or vanished disk costs the cache, not the run
            warnings.warn(f"kernel cache: {error}", RuntimeWarning, stacklevel=2)
        finally:
            self._release(path)

    def _claim(self, path: Path) -> None:
        """Hold what all processes that compile a kernel want, once no other does."""
        if fcntl is None:
            return
        lock = path.with_suffix(".lock")
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | _NO_LINKS | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        until, waits = time.monotonic() + _PATIENCE, False
        while time.monotonic() < until:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not waits:
                    waits = True
                    for say in tuple(on_wait):
                        say()
                time.sleep(0.02)
            except OSError:  # a file system without locks
                break
            else:
                self._claims[path] = handle
                return
        os.close(handle)

    def _release(self, path: Path) -> None:
        handle = self._claims.pop(path, None)
        if handle is not None:
            path.with_suffix(".lock").unlink(missing_ok=True)
            os.close(handle)

    def flush(self) -> None:
        """Nothing to forget: stale files are never read, their names no longer occur."""


def _read(path: Path) -> Any:
    """What is in a kernel's file; ``None`` if it is absent, damaged, or could be another's."""
    try:
        handle = os.open(path, os.O_RDONLY | _NO_LINKS)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or (
                hasattr(os, "geteuid") and not _is_private(found)
            ):
                return None
            data = pickle.load(file)
        if time.time() - found.st_mtime > _DAY:
            os.utime(path)  # still in use
        return data
    except Exception:  # either way it is compiled again
        return None


@lru_cache(maxsize=1)
def _remove_unused(folder: Path) -> None:
    """Remove, once in a process, files that no program has used for a month."""
    for path in folder.iterdir():
        with suppress(OSError):
            if path.suffix in _ENDINGS and time.time() - path.lstat().st_mtime > _UNUSED:
                path.unlink()


# What the classes below take over or call: an error here costs the cache and not a call later on.
_NEEDED = (
    FunctionCache.enable, FunctionCache._load_overload, FunctionCache.save_overload,
    FunctionCache._index_key, CompileResultCacheImpl.reduce, CompileResultCacheImpl.rebuild,
    CompileResultCacheImpl.check_cachable, rtsys.initialize,
)  # fmt: skip


class _Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's packing of a compile result, without its search for a cache directory."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


class KernelCache(FunctionCache):  # type: ignore[misc]
    """What a kernel's dispatcher asks before it compiles, and tells afterwards.

    Args:
        function: The kernel; or another function, that no file of the kernels defines.
        code: A hash of all that such a function's code depends on.
    """

    def __init__(self, function: Callable[..., Any], code: str | None = None) -> None:
        self._code = code
        self._name = repr(function)
        self._py_func = function
        self._impl = _Implementation(function)
        self._cache_path = ""
        self._cache_file = _OneFilePerKernel(f"{function.__module__}.{function.__name__}")
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As numba's own, without the registries of all that it can compile.

        They take half a second (scipy's linear algebra is among them, where installed) and serve
        compilation, before which numba loads them anyway. A finished kernel needs the runtime's
        symbols only.
        """
        try:
            rtsys.initialize(target_context)
            return self._load_overload(sig, target_context)
        except Exception:  # unpickled but not loadable, such as from another numba
            return None

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        if self._code is None:
            return super()._index_key(sig, codegen)
        return sig, codegen.magic_tuple(), self._code

    def _save_overload(self, sig: Any, data: Any) -> None:
        if self._enabled and self._impl.check_cachable(data):
            key = self._index_key(sig, data.codegen)
            self._cache_file.save(key, self._impl.reduce(data))
