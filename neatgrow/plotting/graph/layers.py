"""Where nodes stand in a picture: columns by longest path, few crossings, straight lines.

The method is that of Sugiyama, Tagawa & Toda (1981): layers, bends where a connection passes
a layer, barycentre sweeps against crossings, then heights.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels.plan import is_delayed
from neatgrow.plotting.graph.sweeps import dense_places, heights, uncrossed

_MOST_WIRES, _MOST_BENDS = 360, 4000  # with more, a graph is dense


@dataclass(frozen=True)
class Wire:
    """A connection as drawn."""

    gene: int  # row of the connection gene
    source: int  # vertex it leaves
    target: int  # vertex it enters
    delayed: bool  # carries the previous tick's value
    live: bool  # is enabled, and its target reaches an output
    bends: tuple[int, ...] = ()  # vertices it passes on its way, one per column in between

    @property
    def path(self) -> tuple[int, ...]:
        """All vertices from source to target."""
        return (self.source, *self.bends, self.target)


@dataclass(frozen=True)
class Diagram:
    """A genome as drawn: vertices are inputs, nodes in evaluation order, then bends."""

    genome: Genome
    genes: list[int]  # row of the node gene of each vertex that is a node, −1 for inputs
    live: list[bool]  # whether a node vertex takes part in the network's answer
    wires: list[Wire]
    layer: list[int] = field(default_factory=list)  # column of every vertex
    columns: list[list[int]] = field(default_factory=list)  # vertices from the bottom up
    height: Array = field(default_factory=lambda: np.empty(0))  # in node pitches, 0 in the middle
    dense: bool = False  # has so many connections that they run straight, without bends

    @cached_property
    def outputs(self) -> list[int]:
        """Vertices of outputs, in order."""
        vertex = {gene: v for v, gene in enumerate(self.genes)}
        return [vertex[o] for o in range(self.genome.n_outputs)]

    @cached_property
    def self_loops(self) -> set[int]:
        """Vertices with a connection to themselves."""
        return {w.source for w in self.wires if w.source == w.target}

    @property
    def back_from_outputs(self) -> int:
        """How many connections lead from outputs to other nodes."""
        last = len(self.columns) - 1
        return sum(self.layer[w.source] == last and w.source != w.target for w in self.wires)

    @property
    def rows(self) -> list[int]:
        """Vertices in the order of tables: inputs, hidden nodes in evaluation order, outputs."""
        n_inputs = self.genome.n_inputs
        hidden = [v for v in range(n_inputs, len(self.genes)) if v not in set(self.outputs)]
        return [*range(n_inputs), *hidden, *self.outputs]

    def node_id(self, vertex: int) -> int:
        """Node id of a vertex that is a node."""
        gene = self.genes[vertex]
        return vertex if gene < 0 else int(self.genome.node_id[gene])


def arrange(genome: Genome, show_disabled: bool) -> Diagram:
    """The picture of a genome, up to scale.

    Args:
        genome: Any genome.
        show_disabled: Whether disabled connections and nodes that reach no output are in it.
    """
    bare = wired(genome, show_disabled)
    layer = _layers(bare)
    bends = sum(max(layer[wire.target] - layer[wire.source] - 1, 0) for wire in bare.wires)
    if len(bare.wires) > _MOST_WIRES or bends > _MOST_BENDS:
        return _dense(bare, layer)
    wires, layer = _bent(bare.wires, layer)
    steps = [pair for wire in wires for pair in pairwise(wire.path)]
    ends = np.array([(a, b) for a, b in steps if layer[b] == layer[a] + 1], np.int64)
    columns = uncrossed(_columns(bare, layer), ends.reshape(-1, 2))
    height = heights(columns, ends.reshape(-1, 2), len(bare.genes), bare.self_loops)
    return replace(bare, wires=wires, layer=layer, columns=columns, height=height)


def _dense(bare: Diagram, layer: list[int]) -> Diagram:
    """The picture of a genome of hundreds of connections.

    Bends in every column that is passed would take more room than the nodes, so here connections
    run straight, and strong ones pull their ends together harder.
    """
    joined = [w for w in bare.wires if layer[w.source] != layer[w.target]]
    ends = np.array([(w.source, w.target) for w in joined], np.int64).reshape(-1, 2)
    weight = np.abs(bare.genome.weight[[w.gene for w in joined]])
    pull = 0.05 + weight / max(float(weight.max(initial=0.0)), 1e-9)
    columns, height = dense_places(_columns(bare, layer), ends, pull)
    return replace(bare, layer=layer, columns=columns, height=height, dense=True)


def _columns(diagram: Diagram, layer: list[int]) -> list[list[int]]:
    """Vertices of each column; inputs and outputs in their order, the first on top."""
    columns: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for v, column in enumerate(layer):
        columns[column].append(v)
    columns[0] = list(range(diagram.genome.n_inputs))[::-1]
    columns[-1] = diagram.outputs[::-1]
    return columns


def wired(genome: Genome, show_disabled: bool) -> Diagram:
    """Vertices and wires, not placed yet: the compiled network's, and the other genes if wanted."""
    plan = genome.compile().networks.plan
    n_inputs = genome.n_inputs
    rows = range(plan.node_start[0], plan.node_stop[0])
    genes = [-1] * n_inputs + [int(plan.node_gene[v]) for v in rows]
    kept = len(genes)
    reached = {
        int(plan.connection_gene[c])
        for v in rows
        for c in range(plan.incoming_start[v], plan.incoming_stop[v])
    }
    if show_disabled:
        rest = set(range(genome.node_id.size)) - set(genes)
        genes += sorted(rest, key=lambda k: (genome.node_birth[k], genome.node_id[k]))
    vertex = {int(genome.node_id[gene]): v for v, gene in enumerate(genes) if gene >= 0}
    vertex |= {i: i for i in range(n_inputs)}
    wires = []
    for c, (source, target) in enumerate(
        zip(genome.source.tolist(), genome.target.tolist(), strict=True)
    ):
        if c in reached or show_disabled:
            a, b = vertex[source], vertex[target]
            wires.append(Wire(c, a, b, delayed=is_delayed(a, b), live=c in reached))
    used = {wire.source for wire in wires if wire.live}
    live = [v in used if v < n_inputs else v < kept for v in range(len(genes))]
    return Diagram(genome, genes, live, wires)


def _layers(diagram: Diagram) -> list[int]:
    """Column of every node: longest path from the inputs, then slack spent to the right.

    Vertices are in evaluation order, so one pass each way settles everything. Delayed
    connections never point right but into outputs, which all stand in the last column.
    """
    n, n_inputs, outputs = len(diagram.genes), diagram.genome.n_inputs, set(diagram.outputs)
    before, after, back_to, back_from = (defaultdict[int, list[int]](list) for _ in range(4))
    for wire in diagram.wires:
        a, b = wire.source, wire.target
        if a in outputs or (not wire.live and diagram.live[a] and diagram.live[b]):
            continue
        if not wire.delayed:
            before[b].append(a)
            after[a].append(b)
        elif b not in outputs:
            back_to[a].append(b)
            back_from[b].append(a)
    layer = [0] * n
    hidden = [v for v in range(n_inputs, n) if v not in outputs]
    for v in hidden:
        layer[v] = max([1, *(layer[u] + 1 for u in before[v]), *(layer[u] for u in back_to[v])])
    last = 1 + max(layer)
    for v in outputs:
        layer[v] = last
    count = np.bincount(layer, minlength=last + 1)
    for v in reversed(hidden):
        low = layer[v]
        high = min([last - 1, *(layer[u] - 1 for u in after[v]), *(layer[u] for u in back_from[v])])
        if high > low and len(after[v]) >= len(before[v]):
            even = len(after[v]) == len(before[v])
            layer[v] = low + int(np.argmin(count[low : high + 1])) if even else high
            count[low] -= 1
            count[layer[v]] += 1
    return layer


def _bent(wires: list[Wire], layer: list[int]) -> tuple[list[Wire], list[int]]:
    """Wires with a bend in every column they pass, and the layers with those of the bends."""
    layer = list(layer)
    bent = []
    for wire in wires:
        passed = range(layer[wire.source] + 1, layer[wire.target])
        bends = tuple(range(len(layer), len(layer) + len(passed)))
        layer += passed
        bent.append(replace(wire, bends=bends))
    return bent, layer
