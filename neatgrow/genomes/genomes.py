"""N genomes as packed arrays, and one of them as a view."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.checks import check_packed
from neatgrow.genomes.columns import BASE, names_of, option_names, places_of
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.offspring import Offspring

if TYPE_CHECKING:
    import networkx

    from neatgrow.evaluation.base import Problem
    from neatgrow.networks.networks import Network, Networks
    from neatgrow.problems.gymnasium.policy import Policy


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
    def columns(self) -> tuple[str, ...]:
        """Names of the gene columns."""
        return self.interface.columns

    def column(self, name: str) -> Array:
        """A gene column: values in float64 or opcodes in uint8, one per node, connection or genome.

        Raises:
            ValueError: There is none of this name.
        """
        _checks.one_of("column", name, self.columns)
        array, k = places_of(self.columns)[name]
        values: Array = getattr(self.packed, array)[:, k]
        return values

    def options(self, name: str) -> list[str]:
        """The option of each gene of a choice column, by name.

        Raises:
            ValueError: There is none of this name, or it is one of values.
        """
        return option_names(name, self.column(name))

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
        return self.options("activation")

    @property
    def aggregation_names(self) -> list[str]:
        """Name of each node's aggregation."""
        return self.options("aggregation")

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
            return Genome(layout.one(self.packed, row), self.interface)
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

    def phenotype(self) -> "Genomes":
        """The graphs that these genomes stand for, in order; themselves where encoded directly.

        Raises:
            TypeError, ValueError: The encoding gives something else than sound genomes, as many,
                of the inputs and outputs that the problem asks for.
        """
        face = self.interface
        if face.phenotype is None:
            return self
        what, wanted = f"encoding {face.encoding.kind!r}, decode()", face.phenotype
        graphs = face.encoding.decode(self)
        if not isinstance(graphs, Genomes):
            raise TypeError(_checks.message(what, "Genomes", _checks.shown(graphs)))
        own = graphs.interface
        for rule, asked, got in (
            ("genomes", len(self), len(graphs)),
            ("inputs", wanted.inputs, own.inputs),
            ("outputs", wanted.outputs, own.outputs),
        ):
            if asked != got:
                raise ValueError(_checks.message(what, f"{asked} {rule}", got))
        own.check_graph(what)
        graphs.check()
        return Genomes(graphs.packed, replace(wanted, columns=own.columns, timing=own.timing))

    def with_interface(self, **changes: Any) -> "Genomes":
        """The same genes with attributes of their interface changed, such as ``input_names``, or
        settings of its timing, such as ``ticks``."""
        return Genomes(self.packed, self.interface.changed(**changes))

    def check(self) -> None:
        """Raise ValueError, saying which, if any invariant of the data model is broken."""
        check_packed(self.packed, self.interface)

    def children(
        self, offspring: Offspring, config: Config | None = None, *, seed: int, generation: int = 0
    ) -> "Genomes":
        """Children of these genomes, for a selection of your own.

        Each is copied from its first parent, or mated with its second: matching genes come from
        either, others from the first, which should be the fitter. All but copies are then mutated
        once: some connection or node comes or goes, or else values and options change.

        Example:
            order = np.argsort(-fitness)
            genomes = genomes.children(ng.offspring_of(order[:10].repeat(15), copies=1), seed=g)

        Args:
            offspring: The parents of each child by row, such as of :func:`neatgrow.offspring_of`.
            config: Rates of mutation and crossover, and bounds of genes; ``Config()`` by default.
                With ``recurrent="auto"`` loops are allowed if there are some already.
            seed: With ``generation`` and a child's place it determines the child, whatever the
                number of threads.
            generation: In which new genes are born.

        Returns:
            As many genomes as ``offspring`` has, in that order.

        Raises:
            TypeError, ValueError: A row is of no genome, the settings lack a column of the
                genomes, or forbid loops that they have.
        """
        from neatgrow.genomes.children import children_of

        return children_of(self, offspring, config, seed, generation)

    def mutated(self, config: Config | None = None, *, seed: int, generation: int = 0) -> "Genomes":
        """A mutant of each of these genomes, in order; as :meth:`children` of a parent each."""
        from neatgrow.genomes.children import mutants_of

        return mutants_of(self, config, seed, generation)

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
        names = dict(enumerate(face.labels))
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

    def copies(self, count: int, **genes: ArrayLike) -> Genomes:
        """Copies of this genome, each with genes of its own.

        Args:
            count: N.
            genes: By column, or ``enabled``: (N, V), (N, C) or (N, 1) values or opcodes, in the
                order of this genome's nodes or connections.

        Raises:
            ValueError: A column is unknown, or values have another shape or are not finite.
        """
        count = _checks.integer("count", count, 0)
        packed = layout.take(self.packed, np.zeros(count, np.int64))
        places = {**places_of(self.columns), "enabled": ("enabled", 0)}
        for name, values in genes.items():
            array, k = places[_checks.one_of("copies, column", name, places)]
            own = getattr(packed, array)
            rows = int(getattr(self.packed, array).shape[0])
            given = _checks.array(name, np.asarray(values) * 1, (count, rows), finite=True)
            (own if own.ndim == 1 else own[:, k])[:] = given.reshape(-1)
        return Genomes(packed, self.interface)

    def mutated(self, config: Config | None = None, *, seed: int, generation: int = 0) -> "Genome":
        """A mutant of this genome; see :meth:`Genomes.children`."""
        return self.batch().mutated(config, seed=seed, generation=generation)[0]

    def crossed(
        self,
        other: "Genome",
        config: Config | None = None,
        *,
        seed: int,
        equal: bool = False,
        average: bool = False,
    ) -> "Genome":
        """A child of this genome and another; it is mutated, too, see :meth:`Genomes.children`.

        Args:
            other: No fitter than this one.
            config: Settings; ``Config()`` by default.
            seed: The same seed gives the same child.
            equal: Whether genes that only one of them has come from either, each with chance one
                half, instead of from this one alone.
            average: Whether values of matching genes are averaged, instead of drawn from either.

        Raises:
            TypeError, ValueError: The other is not of the same inputs, outputs and columns; or as
                :meth:`Genomes.children`.
        """
        from neatgrow.genomes.children import cross

        return cross(self, other, config, seed, equal, average)

    def phenotype(self) -> "Genome":
        """The graph that this genome stands for; itself where it is encoded directly.

        Raises:
            TypeError, ValueError: As :meth:`Genomes.phenotype`.
        """
        return self if self.interface.phenotype is None else self.batch().phenotype()[0]

    def policy(self, problem: "Problem") -> "Policy":
        """What acts in a problem as this genome does there: observations of its environment in,
        actions of its environment out (:class:`neatgrow.Policy`).

        Args:
            problem: On a Gymnasium environment; with any other the policy takes inputs (I,) and
                gives outputs (O,) as they are.

        Raises:
            ValueError: The genome has other inputs and outputs than the problem.
        """
        from neatgrow.problems.policies import policy_of

        return policy_of(self, problem)

    def batch(self) -> Genomes:
        """This genome as a batch of one, sharing its arrays."""
        return Genomes(self.packed, self.interface)

    def copy(self) -> "Genome":
        """The same genes in arrays of their own."""
        return Genome(Packed(*(column.copy() for column in self.packed)), self.interface)

    def with_interface(self, **changes: Any) -> "Genome":
        """The same genes with attributes of their interface changed, such as ``input_names``, or
        settings of its timing, such as ``ticks``."""
        return Genome(self.packed, self.interface.changed(**changes))

    def with_statistics(self, **statistics: Array) -> "Genome":
        """The same genes with input statistics of what its problem shows."""
        return Genome(self.packed, self.interface.with_statistics(**statistics))

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

    @staticmethod
    def from_edges(
        edges: Iterable[Sequence[Any]],
        *,
        inputs: int | Sequence[str],
        outputs: int | Sequence[str],
        nodes: Mapping[Hashable, Mapping[str, Any]] | None = None,
        genome: Mapping[str, Any] | None = None,
        columns: Sequence[str] = (),
    ) -> "Genome":
        """A genome from its connections; what is not said is plain: weight 1, bias 0, tanh, sum.

        Example:
            Genome.from_edges(
                [(0, "h", 0.5), (1, "h", -2), ("h", 2, {"weight": 3, "enabled": False})],
                inputs=2, outputs=1, nodes={"h": {"activation": "relu", "bias": 0.1}},
            )

        Args:
            edges: (source, target), with a weight, or values of the connection by column, as a
                third. Inputs and outputs are numbered on from 0, or named; any other label is of
                a hidden node, integers being its id. Connections may form loops.
            inputs: How many, or their names.
            outputs: How many, or their names.
            nodes: Values by label and column; options by name.
            genome: Values of columns that the genome itself has, by column.
            columns: Optional columns that the genome has, beside those with a value.

        Raises:
            TypeError: An edge, a label or a value has a wrong type.
            ValueError: A column or an option is unknown, an edge is there twice or goes into an
                input, or a value is not finite.
        """
        from neatgrow.genomes.build import from_edges

        return from_edges(edges, inputs, outputs, nodes or {}, genome or {}, columns)

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
        mine, theirs = (dict.fromkeys(g.columns) for g in (self, other))
        return (
            self.interface.matches(other.interface)
            and mine == theirs
            and all(np.array_equal(a, b) for a, b in zip(self.packed, other.packed, strict=True))
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
        ends = zip(self.source.tolist(), self.target.tolist(), strict=True)
        lines = [repr(self)]
        lines += [f"  genome: {genes}" for genes in self._described("genome") if genes]
        lines += [
            f"  {names[node]}: {genes}"
            for node, genes in zip(self.node_id.tolist(), self._described("node"), strict=True)
        ]
        lines += [
            f"  {names[a]} → {names[b]}: {genes}{'' if on else ', disabled'}"
            for (a, b), genes, on in zip(
                ends, self._described("connection"), self.enabled.tolist(), strict=True
            )
        ]
        return "\n".join(lines)

    def _described(self, table: str) -> list[str]:
        """The genes of each row of a table, choices first."""
        found = names_of(self.columns)._asdict()
        columns = [
            [option if name in BASE else f"{name} {option}" for option in self.options(name)]
            for name in found[f"{table}_choices"]
        ]
        columns += [
            [f"{name} {value:.4g}" for value in self.column(name).tolist()]
            for name in found[f"{table}_values"]
        ]
        rows = len(getattr(self.packed, f"{table}_values"))
        return [", ".join(column[row] for column in columns) for row in range(rows)]
