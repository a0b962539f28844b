"""Files: written whole or not at all, and read with suspicion.

An archive is an ``.npz`` file: a zip of ``.npy`` arrays, one of them JSON metadata that names
the format and its version. Reading runs no code from the file, unpacks only what is asked for,
and answers anything unsound with :class:`FileError`.

What a file may take of memory depends on its size alone, whatever it claims: 32 MB and 50 times
its size at most, objects and checks included. Arrays may unpack to ``_FREE`` bytes and ``_RATIO``
times the file's size, of which twice as much is needed while genes are checked; metadata may
cost ``_FREE_TEXT`` and ``_TEXT_RATIO`` times the file's size as objects. What we write and would
exceed that is stored as it is.
"""

import errno
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from neatgrow import _checks
from neatgrow._types import Array

T = TypeVar("T")
_FREE, _RATIO = 8 << 20, 12  # bytes, and as many times the file's size; ours stay below 8
_FREE_TEXT, _TEXT_RATIO = 8 << 20, 25  # the same for what metadata cost
# Bytes of memory for one of text (strings and numbers take up to 12) and for a list or a table.
_BYTE_COST, _NEST_COST = 12, 100
_CHUNK = 1 << 18  # bytes that are unpacked at once
_MOST_MEMBERS = 256
# Errors of the system that a file itself is to blame for: EINVAL is a seek to where it points.
_OWN_FAULT = (None, errno.EINVAL, errno.EISDIR)
_MOST_AXES = 8
_MOST_LEVELS = 20  # of metadata
_HEADER_SIZE = 128  # of an array, at least
_LARGE = 1 << 30  # bytes of an array from which on a zip file says so beforehand
_DTYPES = {
    name: np.dtype(name)
    for name in ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4",
                 "<f8", "<c8", "<c16")
}  # fmt: skip
_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z][0-9]{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9, ]{0,80})\), \} *\n"
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none
# What wrong types, sizes and numbers in a file come to when objects are made of them.
DAMAGE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class FileError(ValueError):
    """A file that cannot be read as what it should be; the message says why."""


REGISTER = "Register it before loading; on the command line, --import MODULE does."


class UnknownContentError(FileError):
    """A file that may well be sound, but not be read here: of a newer format, or with a function
    that is not registered."""


def damaged(path: str | PathLike[str], what: str, error: Exception) -> FileError:
    """What to raise where the content of a file is not ``what`` it should be."""
    if isinstance(error, UnknownContentError):
        return UnknownContentError(f"{path}: {error}")
    return FileError(f"{path}: expected {what}, got a damaged file: {error}")


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Have ``write`` fill a file that takes the place of ``path`` only once it is on disk.

    Whatever happens, a power cut included, ``path`` holds either the old content or the new. No
    symbolic link is followed: one at ``path`` is replaced, and what it leads to stays as it is.

    Raises:
        OSError: The disk is full or the directory cannot be written; the old content stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)  # of a process that was killed and had this number
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if hasattr(os, "O_DIRECTORY"):  # the new name is on disk once its directory is
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole."""
    write_whole(path, lambda file: file.write(text.encode()))


def append_to(path: Path) -> IO[bytes]:
    """A file to append to, unbuffered, made if it is not there.

    Raises:
        OSError: It cannot be opened, or is a symbolic link.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_LINK | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), "ab", buffering=0)


def check_no_link(path: Path) -> None:
    """Refuse a symbolic link where a directory of our own should be.

    Raises:
        FileExistsError: It is one.
    """
    if path.is_symlink():
        raise FileExistsError(
            f"{path}: expected a directory, got a symbolic link, which could lead anywhere. Put "
            "the directory itself there."
        )


def write_archive(
    path: str | PathLike[str], metadata: dict[str, Any], arrays: dict[str, Array]
) -> None:
    """Write arrays and metadata whole; :func:`read_archive` reads them.

    Raises:
        TypeError: An array is not of plain numbers or truth values.
        ValueError: There are too many arrays.
        OSError: The disk is full or the directory cannot be written; the old file stays.
    """
    text = json.dumps(metadata, ensure_ascii=False).encode()
    members = {"metadata": np.frombuffer(text, np.uint8)}
    for name, array in arrays.items():
        given = np.asarray(array)
        plain = np.asarray(given, given.dtype.newbyteorder("<"), order="C")
        if plain.dtype.str not in _DTYPES or plain.ndim > _MOST_AXES:
            rule = f"an array of numbers or truth values with {_MOST_AXES} axes at most"
            raise TypeError(_checks.message(name, rule, given))
        members[name] = plain
    if len(members) > _MOST_MEMBERS:
        raise ValueError(
            f"{path}: expected {_MOST_MEMBERS - 1} arrays at most, got {len(arrays)}. Put some of "
            "them together."
        )

    def write(file: IO[bytes]) -> None:
        _write_members(file, members, zipfile.ZIP_DEFLATED)
        unpacked = sum(_HEADER_SIZE + m.nbytes for m in members.values())
        most, most_text = _most(file.tell())
        if unpacked > most or _cost(text) > most_text:
            file.seek(0)  # what shrinks that much would look like a trap
            file.truncate()
            _write_members(file, members, zipfile.ZIP_STORED)

    write_whole(Path(path), write)


def _write_members(file: IO[bytes], members: dict[str, Array], compression: int) -> None:
    # Level 1 is five times as fast as the default and within a fifth of its size.
    archive = zipfile.ZipFile(file, "w", compression, compresslevel=1)
    try:
        for name, array in members.items():
            large = array.nbytes > _LARGE
            with archive.open(f"{name}.npy", "w", force_zip64=large) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.close()
    except BaseException:
        # Closing half a file, which is thrown away, may raise something that hides a Ctrl-C.
        archive.fp = None
        raise


def _most(size: int) -> tuple[int, int]:
    """Bytes that a file may claim to unpack to, and that its metadata may cost."""
    return _FREE + _RATIO * size, _FREE_TEXT + _TEXT_RATIO * size


def _cost(text: bytes) -> int:
    """About how much memory the objects take that a JSON text stands for, at most."""
    return _BYTE_COST * len(text) + _NEST_COST * (text.count(b"[") + text.count(b"{"))


def _anything(name: str) -> bool:
    return True


def read_archive(
    path: str | PathLike[str],
    kinds: Iterable[str],
    version: int,
    wanted: Callable[[str], bool] = _anything,
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Metadata and arrays of an archive.

    Args:
        path: File.
        kinds: Accepted values of the metadata's ``format``.
        version: Newest format version that is understood.
        wanted: Whether an array of a name is to be read; others are never unpacked.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It cannot be read now, which says nothing about what is in it.
        FileError: The file is damaged, of another program, of another kind, or newer.
    """
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            size = os.fstat(file.fileno()).st_size
            arrays = _read_members(path, archive, size, wanted)
        return _metadata(path, arrays, kinds, version, size), arrays
    except (FileError, MemoryError):
        raise
    except Exception as error:  # zipfile and zlib raise many kinds on damaged files
        if isinstance(error, OSError) and error.errno not in _OWN_FAULT:
            raise
        raise FileError(
            f"{path}: expected a file written by neatgrow, got one that cannot be read "
            f"({type(error).__name__}: {error})."
        ) from error


def open_file(path: str | PathLike[str]) -> IO[bytes]:
    """A file to read; pipes and devices, which may be waited for without end, are refused.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: It is something else than a file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileError(f"{path}: expected a file, got a directory, a pipe or a device.")
    return os.fdopen(handle, "rb")


def read_json(path: str | PathLike[str]) -> dict[str, Any]:
    """The table in a JSON file.

    Raises:
        FileNotFoundError: There is no such file.
        DAMAGE: Any of these exceptions, where it holds something else, or more than memory is for.
    """
    return dict(parsed_json(path))


def parsed_json(path: str | PathLike[str]) -> Any:
    """What a JSON file holds; raises as :func:`read_json` does."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        text = file.read(size)
    if _cost(text) > _most(size)[1]:
        raise ValueError(f"{size} bytes of too many values")
    return json.loads(text.decode())


def _read_members(
    path: str | PathLike[str], archive: zipfile.ZipFile, size: int, wanted: Callable[[str], bool]
) -> dict[str, Array]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in members:
            raise ValueError(f"{_checks.shown(name)}: there twice")
        members[name] = member
    read = {name: m for name, m in members.items() if name == "metadata" or wanted(name)}
    unpacked = sum(member.file_size for member in read.values())
    if unpacked > _most(size)[0] or len(members) > _MOST_MEMBERS:
        raise FileError(
            f"{path}: expected a file written by neatgrow, got one of {size} bytes that claims "
            f"to unpack to {unpacked} in {len(members)} parts."
        )
    arrays = {}
    for name, member in read.items():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{_checks.shown(member.filename)}: unknown compression")
        with archive.open(member) as data:  # which yields no more than the member claims to be
            arrays[name] = _array(data, member.file_size)
    return arrays


def _array(data: IO[bytes], size: int) -> Array:
    """The array of an ``.npy`` file of format 1.0 with a plain numeric dtype.

    Args:
        data: The file; nothing beyond the header is read before that agrees with ``size``.
        size: Its bytes in all, header included.
    """
    start = data.read(10)
    length = int.from_bytes(start[8:10], "little")
    header = _HEADER.fullmatch(data.read(length))
    if start[:8] != b"\x93NUMPY\x01\x00" or header is None:
        raise ValueError("expected an array of a plain type")
    descr, fortran, sizes = (group.decode() for group in header.groups())
    if descr not in _DTYPES:
        raise ValueError(f"expected one of {', '.join(_DTYPES)}, got {descr}")
    dtype = _DTYPES[descr]
    shape = tuple(int(text) for text in sizes.split(",") if text.strip())
    count, there = math.prod(shape), size - 10 - length
    if count * dtype.itemsize != there:
        raise ValueError(f"expected {count} values of {descr}, got {there} bytes")
    values = np.empty(count, dtype)  # pages of it are taken only as they are filled
    _fill(values, data)
    if dtype == np.bool_ and (values.view(np.uint8) > 1).any():
        raise ValueError("expected truth values of 0 and 1")
    if fortran == "True":
        return np.ascontiguousarray(values.reshape(shape[::-1]).T).reshape(shape)
    return values.reshape(shape)


def _fill(values: Array, data: IO[bytes]) -> None:
    room, filled = values.view(np.uint8), 0
    while filled < room.size:
        piece = data.read(min(_CHUNK, room.size - filled))
        if not piece:
            raise ValueError(f"expected {room.size} bytes of an array, got {filled}")
        room[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)


def _metadata(
    path: str | PathLike[str],
    arrays: dict[str, Array],
    kinds: Iterable[str],
    newest: int,
    size: int,
) -> dict[str, Any]:
    try:
        text = arrays.pop("metadata").tobytes()
        if _cost(text) > _most(size)[1]:
            raise ValueError(f"{len(text)} bytes of metadata in a file of {size}")
        metadata = dict(json.loads(text.decode()))
        if rb"\ud" in text.lower():
            json.dumps(metadata, ensure_ascii=False).encode()  # no half of a surrogate pair
        kind, version = metadata["format"], metadata["version"]
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected a file written by neatgrow, got an archive of another program."
        ) from error
    kinds = list(kinds)
    if kind not in kinds:
        raise FileError(f"{path}: expected {' or '.join(kinds)}, got {_checks.shown(kind)}.")
    if type(version) is not int or version < 1:
        raise FileError(f"{path}: expected a format from 1, got {_checks.shown(version)}.")
    if version > newest:
        raise UnknownContentError(
            f"{path}: expected format {newest} or older, got {version}. Update neatgrow."
        )
    return metadata


def typed(
    arrays: dict[str, Array],
    name: str,
    dtype: DTypeLike,
    shape: tuple[int | str, ...],
    *,
    finite: bool = False,
) -> Array:
    """An array of an archive if its type and shape are right; a text is a free axis.

    Raises:
        ValueError: It is not there, of another type or shape, or not finite where it must be.
    """
    array = arrays.get(name)
    if array is None or array.dtype != dtype:
        got = "none" if array is None else f"{array.dtype}"
        raise ValueError(_checks.message(name, f"an array of {np.dtype(dtype)}", got))
    return _checks.array(name, array, shape, dtype, finite=finite)


def whole(values: dict[str, Any], name: str, low: int, high: int) -> int:
    """A whole number of the metadata if it lies between ``low`` and ``high``, inclusive.

    Raises:
        LookupError: It is not there.
        ValueError: It is something else.
    """
    value = values[name]
    if type(value) is not int or not low <= value <= high:
        raise ValueError(_checks.message(name, f"a whole number from {low} to {high}", value))
    return value


def plain(values: dict[str, Any], name: str, kind: type[T]) -> T:
    """A value of the metadata if it is of one kind and not nested too deep.

    Raises:
        LookupError: It is not there.
        ValueError: It is something else.
    """
    value = values[name]
    if type(value) is not kind:
        raise ValueError(_checks.message(name, f"a value of type {kind.__name__}", value))
    if _deeper(value, _MOST_LEVELS):
        rule = f"values nested {_MOST_LEVELS} deep at most"
        raise ValueError(_checks.message(name, rule, "deeper ones"))
    return value


def _deeper(value: Any, most: int) -> bool:
    """Whether lists and tables are nested deeper than ``most``."""
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_deeper(v, most - 1) for v in inner)
