"""Stages of a champion's growth: what a picture of each shows, and of all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout
from neatgrow.kernels.layout import Packed
from neatgrow.lineage.lineage import Ancestor, Lineage
from neatgrow.plotting.graph.layers import wired
from neatgrow.runs.reading import read_lineage
from neatgrow.runs.results import Result

Source = Result | Lineage | Sequence[Ancestor] | str | PathLike[str]


@dataclass(frozen=True)
class Stage:
    """What a drawing of an ancestor shows, by identity."""

    ancestor: Ancestor
    wires: dict[int, tuple[int, bool]]  # innovation → row of the gene, whether it is delayed
    nodes: dict[int, int]  # id → row of the gene, of nodes that reach an output
    inputs: set[int]  # those in use


def ancestors_of(source: object, most: int) -> list[Ancestor]:
    """At most so many ancestors, evenly chosen, with the first and the last."""
    _checks.integer("stages", most, 1)
    if isinstance(source, Result):
        source = source.ancestors
    elif isinstance(source, (str, PathLike)):
        source = read_lineage(fspath(source)) or []
    if isinstance(source, Lineage):
        source = source.line()
    if not isinstance(source, Sequence):
        raise TypeError(
            _checks.message(
                "source", "a Result, its ancestors, or a run's directory", type(source).__name__,
                "Pass what evolve() returned.",
            )
        )  # fmt: skip
    found: list[Ancestor] = list(source)
    for ancestor in found:
        if not isinstance(ancestor, Ancestor):
            what = type(ancestor).__name__
            raise TypeError(_checks.message("source", "ancestors", what, "Pass result.ancestors."))
    if not found:
        raise ValueError(
            _checks.message(
                "source", "at least one ancestor", "none",
                "Of a run in progress, wait for its first checkpoint.",
            )
        )  # fmt: skip
    sizes = {(a.genome.n_inputs, a.genome.n_outputs) for a in found}
    if len(sizes) > 1:
        raise ValueError(
            _checks.message("source", "ancestors of as many inputs and outputs", f"{sorted(sizes)}")
        )
    if most == 1:
        return found[-1:]
    rows = np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int))
    return [found[row] for row in rows]


def stage_of(ancestor: Ancestor) -> Stage:
    """What a drawing of an ancestor shows."""
    genome = ancestor.genome
    diagram = wired(genome, False)
    innovation, node_id = genome.innovation.tolist(), genome.node_id.tolist()
    wires = {innovation[wire.gene]: (wire.gene, wire.delayed) for wire in diagram.wires}
    nodes = {node_id[gene]: gene for gene in diagram.genes if gene >= 0}
    used = {wire.source for wire in diagram.wires if wire.source < genome.n_inputs}
    return Stage(ancestor, wires, nodes, used)


class Named(Genome):
    """A genome whose nodes have given names.

    Attributes:
        names: By node id.
    """

    def __init__(self, packed: Packed, interface: Interface, names: dict[int, str]) -> None:
        super().__init__(packed, interface)
        self.names = names

    def labels(self) -> dict[int, str]:
        """The names given."""
        return self.names


def union_of(stages: list[Stage]) -> Named:
    """A genome of all nodes and connections that ever took part; weights are their largest."""
    nodes: dict[int, tuple[Packed, int]] = {}
    wires: dict[int, tuple[Packed, int]] = {}
    for stage in stages:
        packed = stage.ancestor.genome.packed
        nodes |= {i: (packed, row) for i, row in stage.nodes.items()}
        for i, (row, _) in stage.wires.items():
            old = wires.get(i)
            weight = packed.connection_values[row, layout.WEIGHT]
            if old is None or abs(weight) >= abs(_of(old, "connection_values")[layout.WEIGHT]):
                wires[i] = (packed, row)
    _show_both_signs(wires, stages)
    node_rows, wire_rows = ([table[i] for i in sorted(table)] for table in (nodes, wires))
    like = stages[-1].ancestor.genome
    columns = {
        name: np.array([_of(row, name) for row in rows], dtype=getattr(like.packed, name).dtype)
        for names, rows in (
            (layout.NODE_COLUMNS, node_rows), (layout.CONNECTION_COLUMNS, wire_rows)
        )
        for name in names
    }  # fmt: skip
    if not wire_rows:
        columns["connection_values"] = like.packed.connection_values[:0]
    packed = Packed(
        node_ptr=np.array([0, len(node_rows)], np.int64),
        connection_ptr=np.array([0, len(wire_rows)], np.int64), **columns,
    )  # fmt: skip
    union = Genome(packed, like.interface)
    names, more = like.labels(), like.n_hidden
    for node in union.labels():  # in the order of their births
        if node not in names:
            more += 1
            names[node] = f"h{more}"
    return Named(packed, like.interface, names)


def _show_both_signs(wires: dict[int, tuple[Packed, int]], stages: list[Stage]) -> None:
    """Let one weight of each sign be among them, for the legend to explain."""
    weights = {i: float(_of(gene, "connection_values")[layout.WEIGHT]) for i, gene in wires.items()}
    strongest = max(weights, key=lambda i: abs(weights[i]), default=-1)
    for sign in (-1.0, 1.0):
        if any(sign * weight > 0.0 for weight in weights.values()):
            continue
        for stage in stages:
            packed = stage.ancestor.genome.packed
            for i, (row, _) in stage.wires.items():
                if i != strongest and sign * packed.connection_values[row, layout.WEIGHT] > 0.0:
                    wires[i] = (packed, row)
                    return


def _of(gene: tuple[Packed, int], column: str) -> Array:
    packed, row = gene
    values: Array = getattr(packed, column)[row]
    return values


def as_of(union: Named, stage: Stage) -> Genome:
    """The union with the weights and functions that a stage has."""
    packed, theirs = union.packed, stage.ancestor.genome.packed
    values, choices = packed.connection_values.copy(), packed.node_choices.copy()
    at = {i: k for k, i in enumerate(packed.innovation.tolist())}
    for i, (row, _) in stage.wires.items():
        values[at[i]] = theirs.connection_values[row]
    place = {i: k for k, i in enumerate(packed.node_id.tolist())}
    for i, row in stage.nodes.items():
        choices[place[i]] = theirs.node_choices[row]
    packed = packed._replace(connection_values=values, node_choices=choices)
    return Named(packed, union.interface, union.names)
