"""Genomes as networkx graphs, and graphs as genomes."""

from collections.abc import Hashable, Iterable
from typing import Any

import networkx
import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import Choices, Genes
from neatgrow.files.genomes import encoding_of, with_encoding
from neatgrow.genomes.columns import (
    CONNECTION_VALUES,
    NODE_CHOICES,
    NODE_VALUES,
    option_codes,
    option_names,
)
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels.layout import Packed

_KINDS = ("input", "hidden", "output")
_LAST_BIRTH, _LAST_ID = np.iinfo(np.int32).max, np.iinfo(np.int64).max


def to_networkx(genome: Genome) -> "networkx.DiGraph[Any]":
    """A directed graph with every gene of a genome; :func:`from_networkx` is its inverse.

    Nodes are node ids with attributes ``kind`` (``"input"``, ``"output"``, ``"hidden"``) and
    ``label``; those with genes have ``birth`` and one attribute per gene column (``bias``,
    ``activation``, ``aggregation``), options by name. Edges have ``innovation``, ``birth``,
    ``enabled`` and one attribute per gene column (``weight``). The graph has ``inputs``,
    ``outputs`` and, where set, ``input_names``, ``output_names``, ``input_mean`` and
    ``input_scale``, all plain Python values that JSON can hold; of a genome that stands for
    another graph also ``encoding`` and ``phenotype``, which say which.
    """
    face, packed, labels = genome.interface, genome.packed, genome.labels()
    graph: networkx.DiGraph[Any] = networkx.DiGraph(inputs=face.inputs, outputs=face.outputs)
    for name in ("input_names", "output_names"):
        if getattr(face, name) is not None:
            graph.graph[name] = getattr(face, name)
    for name in ("input_mean", "input_scale"):
        if getattr(face, name) is not None:
            graph.graph[name] = tuple(np.asarray(getattr(face, name)).tolist())
    graph.graph |= encoding_of(face)
    for node in range(face.inputs):
        graph.add_node(node, kind="input", label=labels[node])
    values = [dict(zip(NODE_VALUES, row, strict=True)) for row in packed.node_values.tolist()]
    choices = {
        name: option_names(name, packed.node_choices[:, k]) for k, name in enumerate(NODE_CHOICES)
    }
    for v, node in enumerate(genome.node_id.tolist()):
        kind = "output" if node < face.inputs + face.outputs else "hidden"
        options = {name: column[v] for name, column in choices.items()}
        birth = int(genome.node_birth[v])
        graph.add_node(node, kind=kind, label=labels[node], birth=birth, **values[v], **options)
    ends = zip(genome.source.tolist(), genome.target.tolist(), strict=True)
    for c, (source, target) in enumerate(ends):
        weights = dict(zip(CONNECTION_VALUES, packed.connection_values[c].tolist(), strict=True))
        graph.add_edge(
            source, target, innovation=int(genome.innovation[c]),
            birth=int(genome.connection_birth[c]), enabled=bool(genome.enabled[c]), **weights,
        )  # fmt: skip
    return graph


def from_networkx(graph: "networkx.DiGraph[Any]") -> Genome:
    """A genome from a graph of :func:`to_networkx`, or from any plain directed graph.

    In a plain graph nodes marked ``kind="input"`` and ``kind="output"`` are the inputs and
    outputs, in the graph's order and named by their labels; all others are hidden, their ids
    derived from the order of their sorted labels. Missing attributes stand for weight 1,
    bias 0, activation tanh, aggregation sum, enabled, and birth 0. Innovation numbers follow
    from the ends of an edge whatever its attribute says.

    Args:
        graph: Directed, at most one edge from a node to another, self-loops allowed. With
            graph attributes ``inputs`` and ``outputs`` integer labels are taken for node ids.

    Raises:
        TypeError: ``graph`` is not a ``DiGraph``, or an attribute has a wrong type.
        ValueError: The graph has no inputs or outputs, an edge into an input, or an attribute
            that no gene can hold.
    """
    if not isinstance(graph, networkx.DiGraph) or graph.is_multigraph():
        raise TypeError(
            _checks.message(
                "graph", "a networkx.DiGraph", type(graph).__name__,
                "Convert it with networkx.DiGraph(graph).",
            )
        )  # fmt: skip
    groups = _by_kind(graph)
    face = _interface(graph, groups["input"], groups["output"])
    ids = _node_ids(graph, groups, face)
    nodes = [(ids[label], label) for label in (*groups["output"], *groups["hidden"])]
    nodes.sort(key=lambda node: node[0])
    edges = []
    for source, target, data in graph.edges(data=True):
        if ids[target] < face.inputs:
            raise ValueError(
                _checks.message(
                    f"edge {source!r} → {target!r}", "no edge into an input", "one",
                    "Remove it, or let it end in a hidden node or an output.",
                )
            )  # fmt: skip
        edges.append((ids[source], ids[target], f"edge {source!r} → {target!r}", data))
    genome = Genome(_packed(graph, nodes, edges), face)
    genome.check()
    return Genome(genome.packed, with_encoding(face, graph.graph))


def _by_kind(graph: "networkx.DiGraph[Any]") -> dict[str, list[Hashable]]:
    """Labels of each kind, in the graph's order."""
    groups: dict[str, list[Hashable]] = {kind: [] for kind in _KINDS}
    for label, data in graph.nodes(data=True):
        kind = data.get("kind", "hidden")
        groups[_checks.one_of(f"node {label!r}, kind", kind, _KINDS)].append(label)
    for kind in ("input", "output"):
        if not groups[kind]:
            raise ValueError(
                _checks.message(
                    "graph", f"at least one {kind} node", "none",
                    f"Mark each with graph.nodes[label]['kind'] = '{kind}'.",
                )
            )  # fmt: skip
    return groups


def _holds_ids(graph: "networkx.DiGraph[Any]") -> bool:
    return "inputs" in graph.graph and "outputs" in graph.graph


def _interface(
    graph: "networkx.DiGraph[Any]", inputs: list[Hashable], outputs: list[Hashable]
) -> Interface:
    names: dict[str, tuple[str, ...] | None] = {}
    for name, labels in (("input_names", inputs), ("output_names", outputs)):
        given = graph.graph.get(name)
        if given is None and not _holds_ids(graph):
            given = [graph.nodes[label].get("label", label) for label in labels]
        names[name] = None if given is None else tuple(str(n) for n in given)
    statistics = {
        name: _checks.array(name, graph.graph[name], (len(inputs),), finite=True)
        if graph.graph.get(name) is not None
        else None
        for name in ("input_mean", "input_scale")
    }
    return Interface(
        len(inputs), len(outputs), names["input_names"], names["output_names"],
        statistics["input_mean"], statistics["input_scale"],
    )  # fmt: skip


def _node_ids(
    graph: "networkx.DiGraph[Any]", groups: dict[str, list[Hashable]], face: Interface
) -> dict[Hashable, int]:
    """Node id of every label."""
    ends = [*groups["input"], *groups["output"]]
    hidden = groups["hidden"]
    kept: list[Any] = []
    if _holds_ids(graph):
        ends = list(range(len(ends)))
        for kind, ids in (("input", ends[: face.inputs]), ("output", ends[face.inputs :])):
            if set(groups[kind]) != set(ids):
                raise ValueError(
                    _checks.message(
                        f"graph, {kind} nodes", f"labels {ids[0]} to {ids[-1]}", groups[kind],
                        "Remove graph.graph['inputs'] to have nodes numbered anew.",
                    )
                )  # fmt: skip
        kept = [label for label in hidden if isinstance(label, (int, np.integer))]
        for label in kept:
            if not len(ends) <= label <= _LAST_ID:
                raise ValueError(
                    _checks.message(f"node {label!r}", f"an id of at least {len(ends)}", label)
                )
    result: dict[Hashable, int] = {label: id_ for id_, label in enumerate(ends)}
    result |= {label: int(label) for label in kept}
    derived = sorted((label for label in hidden if label not in result), key=_order)
    # The ids that a first generation with as many hidden nodes has, so that genes match.
    ranks = np.arange(len(hidden))
    taken = set(result.values())
    first_ids = innovation_numbers(np.full(ranks.size, -1), ranks).tolist()
    unused = (id_ for id_ in first_ids if id_ not in taken)
    return result | dict(zip(derived, unused, strict=False))


def _order(label: Hashable) -> tuple[str, Any]:
    """Sorts labels of any mix of types, the same in every process."""
    comparable = isinstance(label, (str, int, float))
    return type(label).__name__, label if comparable else repr(label)


def _packed(
    graph: "networkx.DiGraph[Any]",
    nodes: list[tuple[int, Hashable]],
    edges: list[tuple[int, int, str, dict[str, Any]]],
) -> Packed:
    """The genes of nodes (id, label) and edges (source, target, what it is, attributes)."""
    rows = [(f"node {label!r}", graph.nodes[label]) for _, label in nodes]
    source = np.array([edge[0] for edge in edges], np.int64)
    target = np.array([edge[1] for edge in edges], np.int64)
    innovation = innovation_numbers(source, target)
    order = np.argsort(innovation)
    genes = [(edges[c][2], edges[c][3]) for c in order]
    return Packed(
        node_ptr=np.array([0, len(nodes)], np.int64),
        connection_ptr=np.array([0, len(edges)], np.int64),
        node_id=np.array([id_ for id_, _ in nodes], np.int64),
        node_birth=np.array([_birth(what, data) for what, data in rows], np.int32),
        node_values=_values(NODE_VALUES, rows),
        node_choices=_choices(rows),
        innovation=innovation[order],
        source=source[order],
        target=target[order],
        connection_birth=np.array([_birth(what, data) for what, data in genes], np.int32),
        connection_values=_values(CONNECTION_VALUES, genes),
        enabled=np.array([_enabled(what, data) for what, data in genes], np.bool_),
    )


def _birth(what: str, data: dict[str, Any]) -> int:
    birth = _checks.integer(f"{what}, birth", data.get("birth", 0), 0)
    if birth > _LAST_BIRTH:
        raise ValueError(_checks.message(f"{what}, birth", f"at most {_LAST_BIRTH}", birth))
    return birth


def _enabled(what: str, data: dict[str, Any]) -> bool:
    return _checks.flag(f"{what}, enabled", data.get("enabled", True))


def _values(columns: Iterable[str], rows: list[tuple[str, dict[str, Any]]]) -> Array:
    names = list(columns)
    values = np.empty((len(rows), len(names)))
    for k, name in enumerate(names):
        # A plain edge passes its signal on unchanged; other columns start where evolution does.
        default = 1.0 if name == "weight" else getattr(Genes(), name).start_mean
        for row, (what, data) in enumerate(rows):
            value = data.get(name, default)
            values[row, k] = _checks.number(f"{what}, {name}", value, finite=True)
    return values


def _choices(rows: list[tuple[str, dict[str, Any]]]) -> Array:
    choices = np.empty((len(rows), len(NODE_CHOICES)), np.uint8)
    for k, name in enumerate(NODE_CHOICES):
        codes, column = option_codes(name), getattr(Genes(), name)
        default = _default_option(column)
        for row, (what, data) in enumerate(rows):
            option = _checks.one_of(f"{what}, {name}", data.get(name, default), codes)
            choices[row, k] = codes[option]
    return choices


def _default_option(column: Choices) -> str:
    return column.options[0] if column.start == "random" else column.start
