"""Whether packed arrays are genomes: all that kernels rely on and do not look at themselves."""

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.columns import (
    COLUMNS,
    CONNECTION_VALUES,
    NODE_CHOICES,
    NODE_VALUES,
    option_codes,
)
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import graphs, layout
from neatgrow.kernels.layout import Packed

_VALUES, _CHOICES, _WEIGHTS = COLUMNS
_DTYPES = [array.dtype for array in layout.empty_packed(COLUMNS, 0, 0, 0)]


def check_packed(packed: Packed, interface: Interface) -> None:
    """Raise ValueError unless every index that a kernel would follow is sound.

    Checked: rows, columns and dtypes of every array, offsets, sorted unique ids and
    innovations, outputs present, ends of connections known, innovations equal to the identity
    of their ends, opcodes known, values finite.
    """
    check_arrays(packed)
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
    for k, name in enumerate(NODE_CHOICES):
        known = list(option_codes(name).values())
        if not np.isin(packed.node_choices[:, k], known).all():
            largest = packed.node_choices[:, k].max()
            raise ValueError(f"{name}: expected known opcodes, got {largest}.")


def check_arrays(packed: Packed) -> None:
    """Raise ValueError unless rows, columns and dtypes are those of genomes, and values finite.

    A few microseconds, for all that is compiled: kernels know nothing of an array's end.
    """
    found = [getattr(array, "shape", ()) for array in packed]
    n, v, c = found[0][:1], found[2][:1], found[6][:1]
    if () in (n, v, c) or found != _shapes(n, v, c) or [array.dtype for array in packed] != _DTYPES:
        _refuse(packed)
    for name, ptr, size in (
        ("node_ptr", packed.node_ptr, packed.node_id.size),
        ("connection_ptr", packed.connection_ptr, packed.innovation.size),
    ):
        if not ptr.size or ptr[0] != 0 or ptr[-1] != size:
            raise ValueError(f"{name}: expected offsets rising from 0 to {size}.")
    for values, names in (
        (packed.node_values, NODE_VALUES), (packed.connection_values, CONNECTION_VALUES),
    ):  # fmt: skip
        finite = np.isfinite(values)
        if np.count_nonzero(finite) != finite.size:  # quicker than finite.all()
            row, column = np.argwhere(~finite)[0].tolist()
            got = f"{values[row, column]} in row {row}"
            raise ValueError(_checks.message(names[column], "finite numbers", got))


def _shapes(n: tuple[int, ...], v: tuple[int, ...], c: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes of all arrays, by their numbers of offsets, nodes and connections."""
    return [n, n, v, v, (*v, _VALUES), (*v, _CHOICES), c, c, c, c, (*c, _WEIGHTS), c]


def _refuse(packed: Packed) -> None:
    """Say which array is not laid out as it should be."""
    sizes = [(np.size(ids),) for ids in (packed.node_ptr, packed.node_id, packed.innovation)]
    for name, array, shape, dtype in zip(
        packed._fields, packed, _shapes(*sizes), _DTYPES, strict=True
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
