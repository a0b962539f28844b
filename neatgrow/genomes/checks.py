"""Whether packed arrays are genomes: all that kernels rely on and do not look at themselves."""

from functools import cache

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS
from neatgrow.genomes.columns import names_of, option_codes
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import graphs
from neatgrow.kernels.layout import STORED, Packed

_ROWS = {"offsets": "node_ptr", "node": "node_id", "connection": "innovation"}


def check_packed(packed: Packed, interface: Interface) -> None:
    """Raise ValueError unless every index that a kernel would follow is sound.

    Checked: rows, columns and dtypes of every array, offsets, sorted unique ids and
    innovations, outputs present, ends of connections known, innovations equal to the identity
    of their ends, opcodes known, values finite and above what their columns say.
    """
    check_arrays(packed, interface.columns)
    for name, array in packed._asdict().items():
        if type(array) is not np.ndarray or not array.flags.c_contiguous:
            remedy = "Pass np.ascontiguousarray(…) of it."
            raise ValueError(_checks.message(name, "a plain, contiguous array", "another", remedy))
    _check_ptr("node_ptr", packed.node_ptr)
    _check_ptr("connection_ptr", packed.connection_ptr)
    n_nodes = packed.node_ptr.size - 1
    n_in, n_out = interface.inputs, interface.outputs
    node_of = np.repeat(np.arange(n_nodes), np.diff(packed.node_ptr))
    connection_of = np.repeat(np.arange(n_nodes), np.diff(packed.connection_ptr))
    _check_sorted("node_id", packed.node_id, node_of)
    _check_sorted("innovation", packed.innovation, connection_of)
    # Sizes first: no array of N × O numbers is made for genomes that cannot have O outputs.
    if (np.diff(packed.node_ptr) < n_out).any() or (
        packed.node_id[packed.node_ptr[:-1, None] + np.arange(n_out if n_nodes else 0)]
        != np.arange(n_in, n_in + n_out if n_nodes else n_in)
    ).any():
        raise ValueError(
            f"node_id: expected each genome to start with outputs {n_in} to {n_in + n_out - 1}."
        )
    row = int(graphs.stray_end(packed, n_in))
    if row >= 0:
        genome, ends = int(connection_of[row]), (int(packed.source[row]), int(packed.target[row]))
        members = {*packed.node_id[packed.node_ptr[genome] : packed.node_ptr[genome + 1]].tolist()}
        name, node = ("target", ends[1])
        if ends[0] < 0 or (ends[0] >= n_in and ends[0] not in members):
            name, node = ("source", ends[0])
        raise ValueError(f"{name}: expected a node of genome {genome}, got id {node}.")
    if (packed.target < n_in).any():
        raise ValueError("target: expected no connection into an input.")
    if (innovation_numbers(packed.source, packed.target) != packed.innovation).any():
        raise ValueError("innovation: expected the identity of (source, target).")
    for array, names in names_of(interface.columns)._asdict().items():
        codes = getattr(packed, array)
        for k, name in enumerate(names if codes.dtype == np.float64 else ()):
            above = COLUMNS[name].above
            if above is not None and not (codes[:, k] > above).all():
                rule, got = f"numbers above {above:g}", float(codes[:, k].min())
                raise ValueError(_checks.message(name, rule, got))
        for k, name in enumerate(names if codes.dtype == np.uint8 else ()):
            if not np.isin(codes[:, k], list(option_codes(name).values())).all():
                raise ValueError(f"{name}: expected known opcodes, got {codes[:, k].max()}.")


def check_arrays(packed: Packed, columns: tuple[str, ...]) -> None:
    """Raise ValueError unless rows, columns and dtypes are those of genomes, and values finite.

    A few microseconds, for all that is compiled: kernels know nothing of an array's end.

    Args:
        packed: Genomes.
        columns: Names of their columns.
    """
    found = [getattr(array, "shape", None) for array in packed]
    if found != _shapes(packed, columns) or [array.dtype for array in packed] != _DTYPES:
        _refuse(packed, columns)
    for name, ptr, size in (
        ("node_ptr", packed.node_ptr, packed.node_id.size),
        ("connection_ptr", packed.connection_ptr, packed.innovation.size),
    ):
        if not ptr.size or ptr[0] != 0 or ptr[-1] != size:
            raise ValueError(f"{name}: expected offsets rising from 0 to {size}.")
    for array in _VALUES:
        values = getattr(packed, array)
        finite = np.isfinite(values)
        if np.count_nonzero(finite) != finite.size:  # quicker than finite.all()
            row, column = np.argwhere(~finite)[0].tolist()
            got = f"{values[row, column]} in row {row}"
            name = getattr(names_of(columns), array)[column]
            raise ValueError(_checks.message(name, "finite numbers", got))


_DTYPES = [np.dtype(stored.dtype) for stored in STORED.values()]
_VALUES = [name for name, stored in STORED.items() if stored.dtype is np.float64]


@cache
def _widths(columns: tuple[str, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Of every array the table that it has a row each of, and how many columns."""
    names = names_of(columns)._asdict()
    return [
        (stored.table, (len(names[name]),) if stored.by_column else ())
        for name, stored in STORED.items()
    ]


def _shapes(packed: Packed, columns: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Shapes that all arrays should have, by their numbers of offsets, nodes and connections."""
    rows = {table: np.size(getattr(packed, name)) for table, name in _ROWS.items()}
    rows["genome"] = max(rows["offsets"] - 1, 0)
    return [(rows[table], *width) for table, width in _widths(columns)]


def _refuse(packed: Packed, columns: tuple[str, ...]) -> None:
    """Say which array is not laid out as it should be."""
    for name, array, shape, dtype in zip(
        packed._fields, packed, _shapes(packed, columns), _DTYPES, strict=True
    ):
        if np.shape(array) != shape or getattr(array, "dtype", None) != dtype:
            rule = f"an array of shape {shape} and dtype {dtype}"
            raise ValueError(_checks.message(name, rule, _checks.shown(array)))


def _check_ptr(name: str, ptr: Array) -> None:
    # Compared side by side: differences of offsets as large as 2⁶³ would wrap around.
    if (ptr[1:] < ptr[:-1]).any():
        raise ValueError(f"{name}: expected offsets rising from 0 to {ptr[-1]}.")


def _check_sorted(name: str, values: Array, genome_of: Array) -> None:
    if ((values[1:] <= values[:-1]) & (genome_of[1:] == genome_of[:-1])).any():
        raise ValueError(f"{name}: expected sorted, unique numbers within each genome.")
