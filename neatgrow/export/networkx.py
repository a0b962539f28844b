"""Genomes as networkx graphs, and graphs as genomes."""

from collections.abc import Hashable
from typing import Any

import networkx
import numpy as np

from neatgrow import _checks
from neatgrow.columns import COLUMNS
from neatgrow.files.genomes import (
    described_encoding,
    described_timing,
    encoded_as,
    timing_of,
)
from neatgrow.genomes.build import from_values, hidden_ids
from neatgrow.genomes.columns import BASE, in_order, names_of
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface

_KINDS = ("input", "hidden", "output")


def to_networkx(genome: Genome) -> "networkx.DiGraph[Any]":
    """A directed graph with every gene of a genome; :func:`from_networkx` is its inverse.

    Nodes are node ids with attributes ``kind`` (``"input"``, ``"output"``, ``"hidden"``) and
    ``label``; those with genes have ``birth`` and one attribute per gene column (``bias``,
    ``activation``, ``aggregation``), options by name. Edges have ``innovation``, ``birth``,
    ``enabled`` and one attribute per gene column (``weight``). The graph has ``inputs``,
    ``outputs``, the genome's own genes and, where they are not the usual ones, ``columns``,
    settings of its timing, ``input_names``, ``output_names``, ``input_mean``, ``input_scale`` and
    ``encoding``, all plain Python values that JSON can hold.
    """
    face, labels = genome.interface, genome.labels()
    graph: networkx.DiGraph[Any] = networkx.DiGraph(inputs=face.inputs, outputs=face.outputs)
    if face.columns != BASE:
        graph.graph["columns"] = face.columns
    graph.graph.update(described_timing(face.timing))
    for name in ("input_names", "output_names"):
        if getattr(face, name) is not None:
            graph.graph[name] = getattr(face, name)
    for name in ("input_mean", "input_scale"):
        if getattr(face, name) is not None:
            graph.graph[name] = tuple(np.asarray(getattr(face, name)).tolist())
    for values in _genes(genome, "genome", 1):
        graph.graph.update(values)
    if face.phenotype is not None:
        graph.graph["encoding"] = described_encoding(face)
    for node in range(face.inputs):
        graph.add_node(node, kind="input", label=labels[node])
    nodes, births = genome.node_id.tolist(), genome.node_birth.tolist()
    genes = _genes(genome, "node", len(nodes))
    for node, birth, values in zip(nodes, births, genes, strict=True):
        kind = "output" if node < face.inputs + face.outputs else "hidden"
        graph.add_node(node, kind=kind, label=labels[node], birth=birth, **values)
    facts = {"innovation": genome.innovation, "birth": genome.connection_birth,
             "enabled": genome.enabled}  # fmt: skip
    listed = zip(*(column.tolist() for column in facts.values()), strict=True)
    ends = zip(genome.source.tolist(), genome.target.tolist(), strict=True)
    genes = _genes(genome, "connection", genome.n_connections)
    for (source, target), row, values in zip(ends, listed, genes, strict=True):
        graph.add_edge(source, target, **dict(zip(facts, row, strict=True)), **values)
    return graph


def _genes(genome: Genome, table: str, rows: int) -> list[dict[str, Any]]:
    """Values and options by column of every row of a table."""
    names = names_of(genome.columns)._asdict()
    columns: dict[str, list[Any]] = {n: genome.column(n).tolist() for n in names[f"{table}_values"]}
    columns |= {name: genome.options(name) for name in names[f"{table}_choices"]}
    return [{name: column[row] for name, column in columns.items()} for row in range(rows)]


def from_networkx(graph: "networkx.DiGraph[Any]") -> Genome:
    """A genome from a graph of :func:`to_networkx`, or from any plain directed graph.

    In a plain graph nodes marked ``kind="input"`` and ``kind="output"`` are the inputs and
    outputs, in the graph's order and named by their labels; all others are hidden, their ids
    derived from the order of their sorted labels. Missing attributes stand for weight 1,
    bias 0, activation tanh, aggregation sum, enabled, and birth 0. Optional columns are those of
    which an attribute has the name; other attributes are not looked at. Innovation numbers follow
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
    if "encoding" in graph.graph:
        face = encoded_as(face, graph.graph["encoding"])
    ids = _node_ids(graph, groups, face)
    nodes = {label: graph.nodes[label] for label in (*groups["output"], *groups["hidden"])}
    return from_values(face, ids, nodes, list(graph.edges(data=True)), graph.graph)


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
    facts: dict[str, Any] = {"timing": timing_of(graph.graph)}
    for name, labels in (("input_names", inputs), ("output_names", outputs)):
        given = graph.graph.get(name)
        if given is None and not _holds_ids(graph):
            given = [graph.nodes[label].get("label", label) for label in labels]
        facts[name] = None if given is None else tuple(str(n) for n in given)
    for name in ("input_mean", "input_scale"):
        if graph.graph.get(name) is not None:
            facts[name] = _checks.array(name, graph.graph[name], (len(inputs),), finite=True)
    attributes = {
        "node": (data for _, data in graph.nodes(data=True)),
        "connection": (data for _, _, data in graph.edges(data=True)), "genome": [graph.graph],
    }  # fmt: skip
    used = [
        name for table, rows in attributes.items() for data in rows for name in data
        if name in COLUMNS and COLUMNS[name].table == table
    ]  # fmt: skip
    for name in graph.graph.get("columns", ()):
        used.append(_checks.one_of("graph, columns", name, COLUMNS))
    return Interface(len(inputs), len(outputs), columns=in_order(used), **facts)


def _node_ids(
    graph: "networkx.DiGraph[Any]", groups: dict[str, list[Hashable]], face: Interface
) -> dict[Hashable, int]:
    """Node id of every label."""
    ends = [*groups["input"], *groups["output"]]
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
    result: dict[Hashable, int] = {label: id_ for id_, label in enumerate(ends)}
    return result | hidden_ids(groups["hidden"], face, _holds_ids(graph))
