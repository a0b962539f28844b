"""Genomes as files: archives of plain arrays and JSON metadata, never pickles."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._settings import UnknownKindError, made
from neatgrow._types import Array
from neatgrow.columns import COLUMNS
from neatgrow.files.archive import (
    DAMAGE,
    REGISTER,
    FileError,
    UnknownContentError,
    damaged,
    plain,
    read_archive,
    typed,
    whole,
    write_archive,
)
from neatgrow.files.functions import check_functions, described
from neatgrow.files.provenance import checked_provenance, made_with
from neatgrow.genomes.columns import in_order, names_of, option_codes
from neatgrow.genomes.columns import plain as plain_gene
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import MOST, Interface
from neatgrow.kernels.layout import STORED, Packed
from neatgrow.sections import Encoding
from neatgrow.timing import TIMING, Timing

FORMAT, VERSION = "neatgrow genomes", 2
PARTS = frozenset((*STORED, "input_mean", "input_scale"))  # arrays that genomes may have in files


def save_genomes(path: str | PathLike[str], genomes: Genomes) -> None:
    """Write genomes to ``path``, which is replaced only once the new file is whole.

    Raises:
        ValueError: The genomes are none that :func:`load_genomes` would take.
        OSError: The file cannot be written.
    """
    path = _checks.path("path", path)
    genomes.check()
    metadata, arrays = pack_genomes(genomes)
    head = {"format": FORMAT, "version": VERSION, "provenance": made_with()}
    write_archive(path, {**head, **metadata}, arrays)


def pack_genomes(genomes: Genomes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Metadata and arrays that :func:`unpack_genomes` reads."""
    face, names = genomes.interface, names_of(genomes.columns)._asdict()
    metadata = {
        "inputs": face.inputs,
        "outputs": face.outputs,
        "input_names": face.input_names,
        "output_names": face.output_names,
        **described_timing(face.timing),
        "columns": {array: list(columns) for array, columns in names.items()},
        "options": {
            name: option_codes(name)
            for array, columns in names.items()
            if array.endswith("choices")
            for name in columns
        },
        "functions": described(),
    }
    if face.phenotype is not None:
        metadata["encoding"] = described_encoding(face)
    arrays: dict[str, Array] = dict(genomes.packed._asdict())
    if face.input_mean is not None and face.input_scale is not None:
        arrays |= {"input_mean": face.input_mean, "input_scale": face.input_scale}
    return metadata, arrays


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
    metadata, arrays = read_archive(path, [FORMAT], VERSION, PARTS.__contains__)
    try:
        return unpack_genomes(metadata, arrays)
    except DAMAGE as error:
        raise damaged(path, "sound genomes", error) from error


def provenance_of(path: str | PathLike[str]) -> dict[str, str]:
    """What a file of genomes was written with: versions, processor, command line; empty in files
    of before this was kept.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another program, or of a newer format.
    """
    metadata, _ = read_archive(path, [FORMAT], VERSION)
    try:
        return checked_provenance(metadata.get("provenance", {}))
    except DAMAGE as error:
        raise damaged(path, "sound genomes", error) from error


def unpack_genomes(metadata: dict[str, Any], arrays: dict[str, Array]) -> Genomes:
    """The genomes of :func:`pack_genomes`, every invariant checked.

    Raises:
        DAMAGE: Any of these exceptions, where the metadata or the arrays are unsound.
    """
    genomes = _assemble(arrays, metadata)
    genomes.check()
    return genomes


def _assemble(arrays: dict[str, Array], metadata: dict[str, Any]) -> Genomes:
    """Columns by name, so that files outlive new columns and new options."""
    named = plain(metadata, "columns", dict)
    columns = in_order(_known(array, name) for array in named for name in plain(named, array, list))
    sizes = {
        "offsets": arrays["node_ptr"].size, "genome": max(arrays["node_ptr"].size - 1, 0),
        "node": arrays["node_id"].size, "connection": arrays["innovation"].size,
    }  # fmt: skip
    packed = {}
    for array, stored in STORED.items():
        shape = ("genomes + 1",) if stored.table == "offsets" else (sizes[stored.table],)
        if not stored.by_column:
            packed[array] = typed(arrays, array, stored.dtype, shape)
            continue
        found, order = named.get(array, []), getattr(names_of(columns), array)
        packed[array] = np.empty((sizes[stored.table], len(order)), stored.dtype)
        if array not in named and array not in arrays:  # in files of format 1
            continue
        given = typed(arrays, array, stored.dtype, (*shape, len(found)))
        for k, name in enumerate(order):
            if name not in found:
                packed[array][:, k] = plain_gene(name)
            elif array.endswith("values"):
                packed[array][:, k] = given[:, found.index(name)]
            else:
                packed[array][:, k] = _recoded(name, given[:, found.index(name)], metadata)
    inputs = whole(metadata, "inputs", 1, MOST)
    nodes = packed["node_id"].size  # each genome has all outputs
    outputs = whole(metadata, "outputs", 1, nodes if nodes else MOST)
    statistics = input_statistics(arrays, inputs)
    face = Interface(
        inputs,
        outputs,
        _names(metadata, "input_names"),
        _names(metadata, "output_names"),
        statistics.get("input_mean"),
        statistics.get("input_scale"),
        columns,
        timing_of(metadata),
    )
    if metadata.get("encoding") is not None:
        face = encoded_as(face, plain(metadata, "encoding", dict))
    return Genomes(Packed(**packed), face)


def described_timing(timing: Timing) -> dict[str, Any]:
    """The settings that are not the usual ones, by name."""
    return {name: getattr(timing, name) for name in TIMING
            if getattr(timing, name) != getattr(Timing(), name)}  # fmt: skip


def timing_of(described: Mapping[str, Any]) -> Timing:
    """What :func:`described_timing` gave, among other things; what is absent is as usual.

    Raises:
        ValueError, TypeError: A setting is unsound.
    """
    return Timing().override({name: described[name] for name in TIMING if name in described})


def described_encoding(face: Interface) -> dict[str, Any]:
    """What :func:`encoded_as` reads: an encoding's settings and its graphs' interface, as plain
    values."""
    graph = face.graph
    more = ("input_names", "output_names", "input_mean", "input_scale")
    found = {name: getattr(graph, name) for name in more}
    return {
        "settings": face.encoding.to_dict(),
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        **{name: None if a is None else np.asarray(a).tolist() for name, a in found.items()},
    }


def encoded_as(face: Interface, described: dict[str, Any]) -> Interface:
    """The interface of genomes that stand for other graphs.

    Raises:
        UnknownContentError: No class is known by the encoding's kind.
        DAMAGE: The description is unsound.
    """
    try:
        encoding = made("encoding", plain(described, "settings", dict), "encoding")
    except UnknownKindError as error:
        raise UnknownContentError(f"{error}") from error
    inputs = whole(described, "inputs", 1, MOST)
    statistics = {
        name: np.array(described[name], np.float64)
        for name in ("input_mean", "input_scale") if described[name] is not None
    }  # fmt: skip
    graph = Interface(
        inputs, whole(described, "outputs", 1, MOST), _names(described, "input_names"),
        _names(described, "output_names"),
    ).with_statistics(**input_statistics(statistics, inputs))  # fmt: skip
    assert isinstance(encoding, Encoding)
    return replace(face, encoding=encoding, phenotype=graph)


def _names(metadata: dict[str, Any], key: str) -> tuple[str, ...] | None:
    return None if metadata[key] is None else tuple(map(str, plain(metadata, key, list)))


def _known(array: str, name: object) -> str:
    """A column of a file that this program has, in the same table and of the same kind."""
    if name not in COLUMNS or name not in getattr(names_of((str(name),)), array):
        rule = "registered gene columns"
        got = f"{_checks.shown(name)} in {array}"
        raise UnknownContentError(_checks.message("columns", rule, got, REGISTER))
    return str(name)


def _recoded(name: str, given: Array, metadata: dict[str, Any]) -> Array:
    """Opcodes of a choice column as this program has them, by the names in the file."""
    codes = option_codes(name)
    names = {code: option for option, code in metadata["options"][name].items()}
    result = np.empty_like(given)
    for code in np.unique(given):
        option = names[int(code)]
        if option not in codes:
            raise UnknownContentError(
                f"{name}: expected a known option, got {option!r}. {REGISTER}"
            )
        check_functions(name, [option], metadata)
        result[given == code] = codes[option]
    return result


def input_statistics(arrays: dict[str, Array], count: int) -> dict[str, Array]:
    """``input_mean`` and ``input_scale`` of an archive, where it has them.

    Raises:
        LookupError, ValueError: There is only one of them, or one is not what it should be.
    """
    names = ("input_mean", "input_scale")
    if not any(name in arrays for name in names):
        return {}
    return {name: typed(arrays, name, np.float64, (count,), finite=True) for name in names}
