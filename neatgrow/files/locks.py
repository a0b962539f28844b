"""One process at a time at work on a directory."""

import errno
import os
import socket
import stat
import warnings
from pathlib import Path
from typing import IO
from weakref import WeakSet

_LOCKLESS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}  # some network disks
_held: WeakSet[IO[str]] = WeakSet()  # lock files of this process


def locked(path: Path) -> IO[str]:
    """The lock file, held until it is closed or the process ends, however it ends.

    Raises:
        BlockingIOError: Another process holds it.
        FileExistsError: It is a link, a directory, a pipe or a device: what it leads to would be
            emptied.
        OSError: It cannot be opened.
    """
    file = _opened(path)
    _held.add(file)
    here = f" on {socket.gethostname()}"
    try:
        _lock(file)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip().removesuffix(here) or "another process"
        file.close()
        raise BlockingIOError(
            f"{path.parent}: expected a directory that no run is using, got one in use by "
            f"{holder}. Wait for it, or choose another directory."
        ) from error
    except OSError as error:
        if error.errno not in _LOCKLESS:
            file.close()
            raise
        warnings.warn(
            f"{path.parent}: expected a disk with locks, got one without ({error}). The run goes "
            "on; start no other in this directory meanwhile.",
            RuntimeWarning,
            stacklevel=2,
        )
    file.truncate(0)
    file.write(f"process {os.getpid()}{here}")
    file.flush()
    return file


def _opened(path: Path) -> IO[str]:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags, 0o666)
    except OSError:
        if not (path.is_symlink() or path.is_dir()):
            raise
        own = False
    else:
        found = os.fstat(handle)
        own = stat.S_ISREG(found.st_mode) and found.st_nlink <= 1
        if not own:
            os.close(handle)
    if not own:
        raise FileExistsError(
            f"{path}: expected a file of its own, got a link, a directory, a pipe or a device. "
            "Remove it."
        )
    return os.fdopen(handle, "a+", encoding="utf-8")


def _lock(file: IO[str]) -> None:
    """Lock a file for this process alone; the system lets go of it when the process dies.

    Raises:
        BlockingIOError: Another process has locked it.
        OSError: It cannot be locked.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except PermissionError as error:
            raise BlockingIOError(*error.args) from error
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _let_go() -> None:
    """Close the lock files, which unlocks none that another process has open."""
    for file in list(_held):
        file.close()


if hasattr(os, "register_at_fork"):  # a child that outlives a killed run must not hold its lock
    os.register_at_fork(after_in_child=_let_go)
