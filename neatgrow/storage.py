"""Genomes as files: ``.npz`` archives of plain arrays and JSON metadata, never pickles."""

import json
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow.config import CONNECTION_VALUES, NODE_CHOICES, NODE_VALUES, Genes
from neatgrow.genomes import Genome, Genomes, Interface, option_codes
from neatgrow.kernels.layout import (
    CONNECTION_COLUMNS,
    NODE_COLUMNS,
    Array,
    Packed,
    empty_packed,
)
from neatgrow.variation import COLUMNS

FORMAT, VERSION = "neatgrow genomes", 1
_LARGEST = 1 << 32  # bytes a file may unpack to
# What wrong types, sizes and numbers in a file come to when arrays are made of them.
_DAMAGE = (
    AttributeError, IndexError, KeyError, MemoryError, OverflowError, TypeError, ValueError,
)  # fmt: skip
_VALUE_COLUMNS = {"node_values": NODE_VALUES, "connection_values": CONNECTION_VALUES}


class FileError(ValueError):
    """A file that cannot be read as what it should be; the message says why."""


def save_genomes(path: str | PathLike[str], genomes: Genomes) -> None:
    """Write genomes to ``path``, which is replaced only once the new file is whole."""
    face = genomes.interface
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "inputs": face.inputs,
        "outputs": face.outputs,
        "input_names": face.input_names,
        "output_names": face.output_names,
        "columns": {name: list(columns) for name, columns in _VALUE_COLUMNS.items()}
        | {"node_choices": list(NODE_CHOICES)},
        "options": {name: option_codes(name) for name in NODE_CHOICES},
    }
    arrays: dict[str, Any] = dict(genomes.packed._asdict())
    if face.input_mean is not None and face.input_scale is not None:
        arrays |= {"input_mean": face.input_mean, "input_scale": face.input_scale}
    text = json.dumps(metadata, ensure_ascii=False).encode()
    arrays["metadata"] = np.frombuffer(text, np.uint8)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_genome(path: str | PathLike[str]) -> Genome:
    """The genome that ``Genome.save`` wrote.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another program, of a newer format, or holds more
            than one genome.
    """
    genomes = load_genomes(path)
    if len(genomes) != 1:
        raise FileError(f"{path}: expected one genome, got {len(genomes)}. Use load_genomes().")
    return genomes[0]


def load_genomes(path: str | PathLike[str]) -> Genomes:
    """The genomes that ``Genomes.save`` wrote; no code in the file can run.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another program, or of a newer format.
    """
    arrays = _read_arrays(path)
    metadata = _read_metadata(path, arrays)
    try:
        genomes = _assemble(arrays, metadata)
        genomes.check()
    except _DAMAGE as error:
        raise FileError(f"{path}: expected sound genomes, got a damaged file: {error}") from error
    return genomes


def _read_arrays(path: str | PathLike[str]) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if size > _LARGEST:
                raise FileError(f"{path}: expected at most 4 GiB unpacked, got {size} bytes.")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except FileError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds on damaged files
        raise FileError(
            f"{path}: expected a file written by neatgrow, got one that cannot be read "
            f"({type(error).__name__}: {error})."
        ) from error


def _read_metadata(path: str | PathLike[str], arrays: dict[str, Array]) -> dict[str, Any]:
    try:
        metadata = json.loads(arrays.pop("metadata").tobytes())
        known = metadata["format"] == FORMAT
        version = metadata["version"]
    except (*_DAMAGE, RecursionError) as error:
        raise FileError(
            f"{path}: expected genomes saved by neatgrow, got an archive of another program."
        ) from error
    if not known:
        raise FileError(f"{path}: expected genomes, got {_checks.shown(metadata['format'])}.")
    if not isinstance(version, int) or version > VERSION:
        raise FileError(
            f"{path}: expected format {VERSION} or older, got {version}. Update neatgrow."
        )
    return dict(metadata)


def _assemble(arrays: dict[str, Array], metadata: dict[str, Any]) -> Genomes:
    """Columns by name, so that files outlive new columns and new options."""
    columns = {}
    for name, wanted in empty_packed(COLUMNS, 0, 0, 0)._asdict().items():
        column = arrays[name]
        if column.dtype != wanted.dtype or column.ndim != wanted.ndim:
            raise ValueError(f"{name}: expected {wanted.dtype} with {wanted.ndim} axes.")
        columns[name] = column
    for name, order in _VALUE_COLUMNS.items():
        columns[name] = _reordered(columns[name], metadata["columns"][name], order)
    stored = columns["node_choices"]
    choices = np.empty((stored.shape[0], len(NODE_CHOICES)), np.uint8)
    for k, name in enumerate(NODE_CHOICES):
        codes = option_codes(name)
        names = {code: option for option, code in metadata["options"][name].items()}
        column = stored[:, metadata["columns"]["node_choices"].index(name)]
        for code in np.unique(column):
            option = names.get(int(code))
            if option not in codes:
                raise ValueError(
                    f"{name}: expected a known option, got {option!r}. Register it before loading."
                )
            choices[column == code, k] = codes[option]
    columns["node_choices"] = choices
    lengths = dict.fromkeys(NODE_COLUMNS, columns["node_id"].size)
    lengths |= dict.fromkeys(CONNECTION_COLUMNS, columns["innovation"].size)
    for name, length in lengths.items():
        if columns[name].shape[0] != length:
            raise ValueError(f"{name}: expected {length} rows, got {columns[name].shape[0]}.")
    for name, length in (("node_ptr", lengths["node_id"]), ("connection_ptr", lengths["source"])):
        # Differences of offsets as large as 2⁶² wrap around to harmless ones.
        if not ((columns[name] >= 0) & (columns[name] <= length)).all():
            raise ValueError(f"{name}: expected offsets between 0 and {length}.")
    names = {
        key: tuple(str(n) for n in metadata[key]) if metadata[key] is not None else None
        for key in ("input_names", "output_names")
    }
    face = Interface(
        metadata["inputs"],
        metadata["outputs"],
        **names,
        input_mean=_statistics(arrays, "input_mean", metadata["inputs"]),
        input_scale=_statistics(arrays, "input_scale", metadata["inputs"]),
    )
    return Genomes(Packed(**columns), face)


def _reordered(values: Array, names: list[str], order: tuple[str, ...]) -> Array:
    """Value columns in today's order; one that the file lacks holds its start mean."""
    result = np.empty((values.shape[0], len(order)))
    for k, name in enumerate(order):
        default = getattr(Genes(), name).start_mean
        result[:, k] = values[:, names.index(name)] if name in names else default
    return result


def _statistics(arrays: dict[str, Array], name: str, count: int) -> Array | None:
    if name not in arrays:
        return None
    return _checks.array(name, arrays[name], (count,), finite=True)
