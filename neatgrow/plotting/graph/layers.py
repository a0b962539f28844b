"""Where nodes stand in a picture: columns by longest path, few crossings, straight lines.

The method is that of Sugiyama, Tagawa & Toda (1981): layers, bends where a connection passes
a layer, barycentre sweeps against crossings, then heights.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels.plan import is_delayed
from neatgrow.plotting.graph import crowds

_SWEEPS = 24
_HALF_NODE, _HALF_BEND = 0.5, 0.16  # half the room in a column, in node pitches
_MOST_FOR_BENDS = 12.0  # node pitches that all bends of a column may take; then they draw closer


@dataclass(frozen=True)
class Wire:
    """A connection as drawn.

    Attributes:
        gene: Row of the connection gene.
        source: Vertex it leaves.
        target: Vertex it enters.
        delayed: Whether it carries the previous tick's value, as it goes against the order.
        live: Whether it is enabled and its target reaches an output.
        bends: Vertices it passes on its way, one per column in between.
    """

    gene: int
    source: int
    target: int
    delayed: bool
    live: bool
    bends: tuple[int, ...] = ()

    @property
    def path(self) -> tuple[int, ...]:
        """All vertices from source to target."""
        return (self.source, *self.bends, self.target)


@dataclass(frozen=True)
class Diagram:
    """A genome as drawn: vertices are inputs, nodes in evaluation order, then bends.

    Attributes:
        genome: What is drawn.
        genes: Row of the node gene of each vertex that is a node, −1 for inputs.
        live: Whether a node vertex takes part in the network's answer.
        wires: Connections.
        layer: Column of every vertex, bends included.
        columns: Vertices of each column, from the bottom up.
        height: Height of every vertex in node pitches, 0 at the middle.
        crowded: Whether there are so many connections that they run straight, without bends.
    """

    genome: Genome
    genes: list[int]
    live: list[bool]
    wires: list[Wire]
    layer: list[int] = field(default_factory=list)
    columns: list[list[int]] = field(default_factory=list)
    height: Array = field(default_factory=lambda: np.empty(0))
    crowded: bool = False

    @cached_property
    def outputs(self) -> list[int]:
        """Vertices of outputs, in order."""
        vertex = {gene: v for v, gene in enumerate(self.genes)}
        return [vertex[o] for o in range(self.genome.n_outputs)]

    @cached_property
    def self_loops(self) -> set[int]:
        """Vertices with a connection to themselves."""
        return {w.source for w in self.wires if w.source == w.target}

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
    if _is_crowd(bare.wires, layer):
        return _crowd(bare, layer)
    wires, layer = _bent(bare.wires, layer)
    columns = _columns(bare, layer)
    segments = [pair for wire in wires for pair in pairwise(wire.path) if _goes_on(layer, *pair)]
    columns = _uncrossed(columns, segments)
    height = _heights(bare, columns, segments)
    return Diagram(genome, bare.genes, bare.live, wires, layer, columns, height)


def _columns(diagram: Diagram, layer: list[int]) -> list[list[int]]:
    """Vertices of each column; inputs and outputs in their order, the first on top."""
    columns: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for v in range(len(layer)):
        columns[layer[v]].append(v)
    columns[0] = list(range(diagram.genome.n_inputs))[::-1]
    columns[-1] = diagram.outputs[::-1]
    return columns


def _is_crowd(wires: list[Wire], layer: list[int]) -> bool:
    bends = sum(max(layer[wire.target] - layer[wire.source] - 1, 0) for wire in wires)
    return len(wires) > crowds.MOST_WIRES or bends > crowds.MOST_BENDS


def _crowd(bare: Diagram, layer: list[int]) -> Diagram:
    """The picture of a genome of hundreds of connections."""
    joined = [w for w in bare.wires if layer[w.source] != layer[w.target]]
    ends = np.array([(w.source, w.target) for w in joined], np.int64).reshape(-1, 2)
    weight = np.abs(bare.genome.weight[[w.gene for w in joined]])
    pull = 0.05 + weight / max(float(weight.max(initial=0.0)), 1e-9)
    columns, height = crowds.settled(_columns(bare, layer), ends, pull)
    return Diagram(bare.genome, bare.genes, bare.live, bare.wires, layer, columns, height, True)


def _goes_on(layer: list[int], source: int, target: int) -> bool:
    return layer[target] == layer[source] + 1


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
    before: list[list[int]] = [[] for _ in range(n)]
    after: list[list[int]] = [[] for _ in range(n)]
    back_to: list[list[int]] = [[] for _ in range(n)]
    back_from: list[list[int]] = [[] for _ in range(n)]
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
        bent.append(Wire(wire.gene, wire.source, wire.target, wire.delayed, wire.live, bends))
    return bent, layer


def _uncrossed(columns: list[list[int]], segments: list[tuple[int, int]]) -> list[list[int]]:
    """Columns reordered by barycentre sweeps; of all orders seen the one with least crossings.

    The first and the last column, inputs and outputs, stay as they are.
    """
    left, right = _neighbours(segments)
    where = {v: k for column in columns for k, v in enumerate(column)}
    best, least = [list(column) for column in columns], np.inf
    for sweep in range(_SWEEPS):
        rightwards = sweep % 2 == 0
        inner = range(1, len(columns) - 1)
        for k in inner if rightwards else reversed(inner):
            _sort_column(columns[k], left if rightwards else right, where)
        crossings = _crossings(columns, segments, where)
        if crossings < least:
            best, least = [list(column) for column in columns], crossings
    return best


def _neighbours(
    segments: list[tuple[int, int]],
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    left: dict[int, list[int]] = {}
    right: dict[int, list[int]] = {}
    for a, b in segments:
        right.setdefault(a, []).append(b)
        left.setdefault(b, []).append(a)
    return left, right


def _sort_column(column: list[int], beside: dict[int, list[int]], where: dict[int, int]) -> None:
    """Sort by the mean place of neighbours; those without any keep their own place."""
    places = [
        float(np.mean([where[u] for u in beside[v]])) if v in beside else float(where[v])
        for v in column
    ]
    order = np.argsort(places, kind="stable")
    column[:] = [column[k] for k in order]
    where.update({v: k for k, v in enumerate(column)})


def _crossings(
    columns: list[list[int]], segments: list[tuple[int, int]], where: dict[int, int]
) -> int:
    layer = {v: k for k, column in enumerate(columns) for v in column}
    total = 0
    for gap in range(len(columns) - 1):
        ends = np.array([(where[a], where[b]) for a, b in segments if layer[a] == gap])
        if len(ends):
            a, b = (np.sign(np.subtract.outer(x, x)) for x in ends.T)
            total += int(np.count_nonzero(a * b < 0))
    return total // 2


def _heights(diagram: Diagram, columns: list[list[int]], segments: list[tuple[int, int]]) -> Array:
    """Heights that keep the order and the room of every vertex and make wires straight.

    Sweeps: each column takes the least-squares fit to its neighbours' heights under the order,
    wires between bends pulling hardest.
    """
    n, n_nodes = sum(map(len, columns)), len(diagram.genes)
    most_bends = max(sum(v >= n_nodes for v in column) for column in columns)
    half = np.full(n, min(_HALF_BEND, _MOST_FOR_BENDS / 2.0 / max(most_bends, 1)))
    half[:n_nodes] = _HALF_NODE
    half[list(diagram.self_loops)] += 0.2
    room = [np.concatenate([[0.0], np.cumsum(half[c][:-1] + half[c][1:])]) for c in columns]
    tallest = max(float(r[-1]) for r in room)
    height = np.zeros(n)
    for column, offsets in zip(columns, room, strict=True):
        height[column] = offsets - offsets[-1] / 2.0
    for column in (columns[0], columns[-1]):
        share = tallest / len(column)
        pitch = min(max(1.0, share), max(2.0, share / 2.0))
        height[column] = pitch * (np.arange(len(column)) - (len(column) - 1) / 2.0)
    left, right = _neighbours(segments)
    inner = range(1, len(columns) - 1)
    for sweep in range(_SWEEPS):
        both = sweep >= _SWEEPS // 2
        for k in inner if sweep % 2 == 0 else reversed(inner):
            column = columns[k]
            wish, pull = np.empty(len(column)), np.empty(len(column))
            for j, v in enumerate(column):
                near = left.get(v, []) if sweep % 2 == 0 or both else []
                near = near + (right.get(v, []) if sweep % 2 == 1 or both else [])
                weight = np.array([_pull(u, v, n_nodes) for u in near])
                pull[j] = weight.sum() or 0.1
                wish[j] = height[near] @ weight / pull[j] if near else height[v]
            height[column] = _isotonic(wish - room[k], pull) + room[k]
    return height


def _pull(u: int, v: int, n_nodes: int) -> float:
    """How strongly a wire between two vertices wants to be level."""
    bends = (u >= n_nodes) + (v >= n_nodes)
    return (1.0, 1.5, 3.0)[bends]


def _isotonic(wish: Array, weight: Array) -> Array:
    """The non-decreasing sequence nearest to ``wish``: pool adjacent violators."""
    blocks: list[list[float]] = []  # mean, weight, count
    for value, pull in zip(wish.tolist(), weight.tolist(), strict=True):
        blocks.append([value, pull, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, total, count = blocks.pop()
            below = blocks[-1]
            below[0] = (below[0] * below[1] + mean * total) / (below[1] + total)
            below[1] += total
            below[2] += count
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
