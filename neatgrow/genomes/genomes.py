"""N genomes as packed arrays, and one of them as a view."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from neatgrow import _checks
from neatgrow.config import CONNECTION_VALUES, NODE_CHOICES, NODE_VALUES
from neatgrow.kernels import functions, graphs, layout, random
from neatgrow.kernels.layout import Array, Packed

if TYPE_CHECKING:
    import networkx

    from neatgrow.networks.networks import Network, Networks

COLUMNS = (len(NODE_VALUES), len(NODE_CHOICES), len(CONNECTION_VALUES))
_VALUES, _CHOICES, _WEIGHTS = COLUMNS
_DTYPES = [array.dtype for array in layout.empty_packed(COLUMNS, 0, 0, 0)]


@dataclass(frozen=True, eq=False)
class Interface:
    """What a genome's inputs and outputs are.

    Attributes:
        inputs: I; input ids are 0…I−1.
        outputs: O; output ids are I…I+O−1.
        input_names: I names for pictures and tables, or ``None``.
        output_names: O names, or ``None``.
        input_mean: (I,) float64 subtracted from inputs before they enter, or ``None``.
        input_scale: (I,) float64 that the difference is multiplied with, or ``None``. The
            result is clipped to ±10.
    """

    inputs: int
    outputs: int
    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None
    input_mean: Array | None = None
    input_scale: Array | None = None

    def __post_init__(self) -> None:
        _checks.integer("inputs", self.inputs, 1)
        _checks.integer("outputs", self.outputs, 1)
        for what, given, count in (
            ("input_names", self.input_names, self.inputs),
            ("output_names", self.output_names, self.outputs),
        ):
            names = _checks.names(what, given)
            if names is not None and len(names) != count:
                raise ValueError(_checks.message(what, f"{count} names", f"{len(names)}"))
        for what, statistic in (("input_mean", self.input_mean), ("input_scale", self.input_scale)):
            if statistic is not None:
                _checks.array(what, statistic, (self.inputs,), finite=True)
        if (self.input_mean is None) != (self.input_scale is None):
            raise ValueError("input_mean, input_scale: expected both or neither, got one.")

    def prepared(self, x: Array) -> Array:
        """Inputs as they enter the network: standardised if the genome carries statistics."""
        if self.input_mean is None or self.input_scale is None:
            return x
        with np.errstate(over="ignore"):  # what overflows is clipped
            return np.asarray(np.clip((x - self.input_mean) * self.input_scale, -10.0, 10.0))


class _Columns:
    """Gene columns by name, for one genome or many."""

    packed: Packed
    interface: Interface

    @property
    def n_inputs(self) -> int:
        """I."""
        return self.interface.inputs

    @property
    def n_outputs(self) -> int:
        """O."""
        return self.interface.outputs

    @property
    def node_id(self) -> Array:
        """(V,) int64, sorted within a genome: outputs first."""
        return self.packed.node_id

    @property
    def node_birth(self) -> Array:
        """(V,) int32, generation in which the gene arose."""
        return self.packed.node_birth

    @property
    def bias(self) -> Array:
        """(V,) float64."""
        return self.packed.node_values[:, layout.BIAS]

    @property
    def activation(self) -> Array:
        """(V,) uint8 opcodes; :attr:`activation_names` has them as text."""
        return self.packed.node_choices[:, layout.ACTIVATION]

    @property
    def aggregation(self) -> Array:
        """(V,) uint8 opcodes; :attr:`aggregation_names` has them as text."""
        return self.packed.node_choices[:, layout.AGGREGATION]

    @property
    def activation_names(self) -> list[str]:
        """Name of each node's activation."""
        return option_names("activation", self.activation)

    @property
    def aggregation_names(self) -> list[str]:
        """Name of each node's aggregation."""
        return option_names("aggregation", self.aggregation)

    @property
    def innovation(self) -> Array:
        """(C,) int64, sorted within a genome."""
        return self.packed.innovation

    @property
    def source(self) -> Array:
        """(C,) int64 node ids."""
        return self.packed.source

    @property
    def target(self) -> Array:
        """(C,) int64 node ids."""
        return self.packed.target

    @property
    def connection_birth(self) -> Array:
        """(C,) int32, generation in which the gene arose."""
        return self.packed.connection_birth

    @property
    def weight(self) -> Array:
        """(C,) float64."""
        return self.packed.connection_values[:, layout.WEIGHT]

    @property
    def enabled(self) -> Array:
        """(C,) bool."""
        return self.packed.enabled


class Genomes(_Columns):
    """N genomes in flat columns; genome n owns rows ``ptr[n]:ptr[n + 1]`` of each.

    Attributes:
        packed: The arrays, as kernels take them.
        interface: Inputs and outputs, the same for all.
    """

    def __init__(self, packed: Packed, interface: Interface) -> None:
        self.packed = packed
        self.interface = interface

    @property
    def node_ptr(self) -> Array:
        """(N+1,) int64 offsets of node genes."""
        return self.packed.node_ptr

    @property
    def connection_ptr(self) -> Array:
        """(N+1,) int64 offsets of connection genes."""
        return self.packed.connection_ptr

    def __len__(self) -> int:
        return int(self.packed.node_ptr.size) - 1

    @overload
    def __getitem__(self, index: int) -> "Genome": ...

    @overload
    def __getitem__(self, index: "slice | Sequence[int] | Array") -> "Genomes": ...

    def __getitem__(self, index: Any) -> "Genome | Genomes":
        if isinstance(index, (int, np.integer)):
            row = int(index) + (len(self) if index < 0 else 0)
            if not 0 <= row < len(self):
                raise IndexError(f"genome {index}: expected an index below {len(self)}.")
            return Genome(_one(self.packed, row), self.interface)
        rows = np.arange(len(self))[index]
        return Genomes(layout.take(self.packed, rows), self.interface)

    def __iter__(self) -> Iterator["Genome"]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        return (
            f"Genomes({len(self)} of {self.n_inputs} inputs, {self.n_outputs} outputs; "
            f"{self.node_id.size} nodes, {self.innovation.size} connections)"
        )

    def compile(self, dtype: Any = np.float32) -> "Networks":
        """Networks that compute what these genomes describe, in float32 or float64.

        Raises:
            ValueError: Arrays have other rows, columns or dtypes than genomes have, or a value
                is not finite. Offsets, ids, ends and opcodes that were written by hand are for
                :meth:`check` to look at first.
        """
        from neatgrow.networks.networks import compile_genomes

        return compile_genomes(self.packed, self.interface, dtype)

    def with_interface(self, **changes: Any) -> "Genomes":
        """The same genes with names or input statistics changed."""
        return Genomes(self.packed, replace(self.interface, **changes))

    def check(self) -> None:
        """Raise ValueError, saying which, if any invariant of the data model is broken."""
        check_packed(self.packed, self.interface)

    def save(self, path: "str | PathLike[str]") -> None:
        """Write all genomes to an ``.npz`` file; :func:`neatgrow.load_genomes` reads it."""
        from neatgrow.files.genomes import save_genomes

        save_genomes(path, self)


class Genome(_Columns):
    """One genome: a view of its rows.

    Two genomes are equal if all their genes are.
    """

    def __init__(self, packed: Packed, interface: Interface) -> None:
        self.packed = packed
        self.interface = interface

    @property
    def n_hidden(self) -> int:
        """Node genes that are not outputs."""
        return int(self.node_id.size) - self.n_outputs

    @property
    def n_connections(self) -> int:
        """Connection genes, disabled ones included."""
        return int(self.innovation.size)

    @property
    def n_enabled(self) -> int:
        """Enabled connection genes."""
        return int(np.count_nonzero(self.enabled))

    def labels(self) -> dict[int, str]:
        """A short name for every node id: inputs and outputs by name, hidden h1, h2, … by
        birth."""
        face = self.interface
        inputs = face.input_names or tuple(f"in{i}" for i in range(face.inputs))
        outputs = face.output_names or tuple(f"out{o}" for o in range(face.outputs))
        names = dict(enumerate((*inputs, *outputs)))
        hidden = np.lexsort((self.node_id, self.node_birth))
        hidden = hidden[self.node_id[hidden] >= face.inputs + face.outputs]
        return names | {int(self.node_id[v]): f"h{k}" for k, v in enumerate(hidden, 1)}

    def compile(self, dtype: Any = np.float32) -> "Network":
        """The network that computes what this genome describes, in float32 or float64.

        Raises:
            ValueError: As :meth:`Genomes.compile`.
        """
        from neatgrow.networks.networks import Network, compile_genomes

        return Network(compile_genomes(self.packed, self.interface, dtype))

    def batch(self) -> Genomes:
        """This genome as a batch of one, sharing its arrays."""
        return Genomes(self.packed, self.interface)

    def copy(self) -> "Genome":
        """The same genes in arrays of their own."""
        return Genome(Packed(*(column.copy() for column in self.packed)), self.interface)

    def with_interface(self, **changes: Any) -> "Genome":
        """The same genes with names or input statistics changed."""
        return Genome(self.packed, replace(self.interface, **changes))

    def check(self) -> None:
        """Raise ValueError, saying which, if any invariant of the data model is broken."""
        check_packed(self.packed, self.interface)
        if len(self.packed.node_ptr) != 2:
            got = f"{len(self.packed.node_ptr) - 1}"
            raise ValueError(_checks.message("genome", "one", got, "Make Genomes of them."))

    def save(self, path: "str | PathLike[str]") -> None:
        """Write to an ``.npz`` file without pickles; :func:`neatgrow.load_genome` reads it."""
        from neatgrow.files.genomes import save_genomes

        save_genomes(path, self.batch())

    def to_networkx(self) -> "networkx.DiGraph[Any]":
        """A directed graph with one attribute per gene column; needs networkx."""
        from neatgrow.export.networkx import to_networkx

        return to_networkx(self)

    @staticmethod
    def from_networkx(graph: "networkx.DiGraph[Any]") -> "Genome":
        """A genome from a graph as :meth:`to_networkx` makes it, or a plain one: see
        :func:`neatgrow.export.networkx.from_networkx`."""
        from neatgrow.export.networkx import from_networkx

        return from_networkx(graph)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Genome):
            return NotImplemented
        return (self.n_inputs, self.n_outputs) == (other.n_inputs, other.n_outputs) and all(
            np.array_equal(a, b) for a, b in zip(self.packed, other.packed, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays may be written to

    def __repr__(self) -> str:
        return (
            f"Genome({self.n_inputs} inputs, {self.n_outputs} outputs, {self.n_hidden} hidden, "
            f"{self.n_enabled} of {self.n_connections} connections enabled)"
        )

    def _repr_svg_(self) -> str | None:
        """The drawing for notebooks; ``None`` where drawing fails, so that the text is shown."""
        try:
            from neatgrow.plotting.pages.notebook import svg

            return svg(self)
        except Exception:
            return None

    def __str__(self) -> str:
        names = self.labels()
        lines = [repr(self)]
        for v in range(self.node_id.size):
            values = [
                f"{name} {self.packed.node_values[v, k]:.4g}" for k, name in enumerate(NODE_VALUES)
            ]
            choices = [
                option_names(name, self.packed.node_choices[v : v + 1, k])[0]
                for k, name in enumerate(NODE_CHOICES)
            ]
            lines.append(f"  {names[int(self.node_id[v])]}: {', '.join([*choices, *values])}")
        for c in range(self.innovation.size):
            ends = f"{names[int(self.source[c])]} → {names[int(self.target[c])]}"
            values = [
                f"{name} {self.packed.connection_values[c, k]:.4g}"
                for k, name in enumerate(CONNECTION_VALUES)
            ]
            state = "" if self.enabled[c] else ", disabled"
            lines.append(f"  {ends}: {', '.join(values)}{state}")
        return "\n".join(lines)


def option_codes(column: str) -> dict[str, int]:
    """Opcode of every option of a choice column by name."""
    if column == "activation":
        return functions.opcodes()
    return {name: code for code, name in enumerate(functions.AGGREGATIONS)}


def option_names(column: str, codes: Array) -> list[str]:
    """Names of the options of a choice column."""
    names = {code: name for name, code in option_codes(column).items()}
    return [names[int(code)] for code in codes]


def _one(packed: Packed, row: int) -> Packed:
    n0, n1 = packed.node_ptr[row], packed.node_ptr[row + 1]
    c0, c1 = packed.connection_ptr[row], packed.connection_ptr[row + 1]
    columns = {name: getattr(packed, name)[n0:n1] for name in layout.NODE_COLUMNS}
    columns |= {name: getattr(packed, name)[c0:c1] for name in layout.CONNECTION_COLUMNS}
    columns["node_ptr"] = np.array([0, n1 - n0], np.int64)
    columns["connection_ptr"] = np.array([0, c1 - c0], np.int64)
    return Packed(**columns)


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


def innovation_numbers(first: Array, second: Array) -> Array:
    """Innovation numbers of many (source, target) pairs, int64."""
    numbers: Array = random.identities(np.ascontiguousarray(first), np.ascontiguousarray(second))
    return numbers


def _check_ptr(name: str, ptr: Array) -> None:
    # Compared side by side: differences of offsets as large as 2⁶³ would wrap around.
    if (ptr[1:] < ptr[:-1]).any():
        raise ValueError(f"{name}: expected offsets rising from 0 to {ptr[-1]}.")


def _check_sorted(name: str, values: Array, genome_of: Array) -> None:
    if ((values[1:] <= values[:-1]) & (genome_of[1:] == genome_of[:-1])).any():
        raise ValueError(f"{name}: expected sorted, unique numbers within each genome.")
