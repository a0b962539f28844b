"""Stages of a champion's growth: what a picture of each shows, and of all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath

import numpy as np

from neatgrow import _checks
from neatgrow.genomes.build import composed
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout
from neatgrow.kernels.layout import Packed
from neatgrow.lineage.lineage import Ancestor, Lineage
from neatgrow.plotting.graph.layers import wired
from neatgrow.runs.reading import read_lineage
from neatgrow.runs.results import Result
from neatgrow.selection.population import Population

Source = Result | Population | Lineage | Sequence[Ancestor] | str | PathLike[str]


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
    if isinstance(source, (Result, Population)):
        source = source.ancestors
    elif isinstance(source, (str, PathLike)):
        source = read_lineage(fspath(source)) or []
    if isinstance(source, Lineage):
        source = source.line()
    if not isinstance(source, Sequence):
        raise TypeError(
            _checks.message(
                "source", "a Result, a Population, ancestors, or a run's directory",
                type(source).__name__,
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
    genomes = [stage.ancestor.genome for stage in stages]
    weight = np.concatenate([genome.weight for genome in genomes]).tolist()
    nodes: dict[int, int] = {}  # row in all genomes together, by identity
    wires: dict[int, int] = {}
    everywhere = []
    v = c = 0
    for stage, genome in zip(stages, genomes, strict=True):
        nodes |= {i: v + row for i, row in stage.nodes.items()}
        everywhere += [(i, c + row) for i, (row, _) in stage.wires.items()]
        v, c = v + genome.node_id.size, c + genome.n_connections
    for i, row in everywhere:
        if i not in wires or abs(weight[row]) >= abs(weight[wires[i]]):
            wires[i] = row
    _show_both_signs(wires, everywhere, weight)
    rows = (np.array([table[i] for i in sorted(table)], np.int64) for table in (nodes, wires))
    like = genomes[-1]
    union = composed(genomes, len(genomes) - 1, *rows)
    names, more = like.labels(), like.n_hidden
    for node in union.labels():  # in the order of their births
        if node not in names:
            more += 1
            names[node] = f"h{more}"
    return Named(union.packed, like.interface, names)


def _show_both_signs(
    wires: dict[int, int], everywhere: list[tuple[int, int]], weight: list[float]
) -> None:
    """Let one weight of each sign be among them, for the legend to explain."""
    strongest = max(wires, key=lambda i: abs(weight[wires[i]]), default=-1)
    for sign in (-1.0, 1.0):
        if not any(sign * weight[row] > 0.0 for row in wires.values()):
            others = [w for w in everywhere if w[0] != strongest and sign * weight[w[1]] > 0.0]
            wires.update(others[:1])


def as_of(union: Named, stage: Stage) -> Genome:
    """The union with the values and options that a stage has."""
    packed, theirs = union.copy().packed, stage.ancestor.genome.packed
    wires = {i: row for i, (row, _) in stage.wires.items()}
    for table, ids, rows in (
        ("node", packed.node_id, stage.nodes), ("connection", packed.innovation, wires),
    ):  # fmt: skip
        places = np.searchsorted(ids, np.array(list(rows), np.int64))
        for name in layout.TABLES[table]:
            if name in layout.BY_COLUMN:
                getattr(packed, name)[places] = getattr(theirs, name)[list(rows.values())]
    return Named(packed, union.interface, union.names)
