"""The builder of genomes from edges and values, for all that variation does not make."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Choices, Table
from neatgrow.genomes.columns import in_order, names_of, option_codes, places_of, plain
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout

Values = Mapping[str, Any]
Edge = tuple[Hashable, Hashable, Values]  # source, target, values by column

_LAST_BIRTH, _LAST_ID = np.iinfo(np.int32).max, np.iinfo(np.int64).max
_MORE = {"node": ("birth",), "connection": ("enabled", "birth"), "genome": ()}


def assemble(
    interface: Interface,
    node_id: Array,
    source: Array,
    target: Array,
    genes: Mapping[str, ArrayLike],
    *,
    node_birth: ArrayLike = 0,
    connection_birth: ArrayLike = 0,
    enabled: ArrayLike = True,
) -> Genome:
    """One genome from arrays in any order.

    Args:
        interface: Inputs, outputs and columns.
        node_id: (V,) int64, outputs among them.
        source: (C,) int64 node ids.
        target: (C,) int64 node ids.
        genes: By column, values or opcodes: one for all, or (V,), (C,) or (1,) of them. Columns
            that are absent are plain.
        node_birth: Generation, for all or (V,).
        connection_birth: Generation, for all or (C,).
        enabled: For all or (C,).

    Raises:
        ValueError: They make no genome, as :meth:`neatgrow.Genome.check` says.
    """
    innovation = innovation_numbers(source, target)
    order = {"node": np.argsort(node_id), "connection": np.argsort(innovation)}
    names = names_of(interface.columns)
    packed = layout.empty_packed(names, 1, node_id.size, innovation.size)
    packed.node_ptr[:], packed.connection_ptr[:] = (0, node_id.size), (0, innovation.size)
    given = {
        "node_id": node_id, "node_birth": node_birth, "innovation": innovation, "source": source,
        "target": target, "connection_birth": connection_birth, "enabled": enabled,
    }  # fmt: skip
    columns = [(getattr(packed, name), name, values) for name, values in given.items()]
    for column, (name, k) in places_of(interface.columns).items():
        columns.append((getattr(packed, name)[:, k], name, genes.get(column, plain(column))))
    for array, name, values in columns:
        rows = order.get(layout.STORED[name].table, slice(None))
        array[:] = np.broadcast_to(values, array.shape)[rows]
    genome = Genome(packed, interface)
    genome.check()
    return genome


def composed(genomes: Sequence[Genome], like: int, nodes: Array, connections: Array) -> Genome:
    """A genome of some genes of several.

    Args:
        genomes: With the same columns.
        like: Which of them has the interface, and the genes of the genome itself.
        nodes: Rows among the node genes of all genomes, sorted by id.
        connections: Rows among their connection genes, sorted by innovation.
    """
    everything = layout.concatenate([(genome.packed, 1) for genome in genomes])
    rows = {"node": nodes, "connection": connections, "genome": np.array([like])}
    columns = {
        name: getattr(everything, name)[rows[table]]
        for table, names in layout.TABLES.items()
        for name in names
    }
    for table in ("node", "connection"):
        columns[f"{table}_ptr"] = np.array([0, rows[table].size], np.int64)
    genome = Genome(layout.Packed(**columns), genomes[like].interface)
    genome.check()
    return genome


def from_edges(
    edges: Iterable[Sequence[Any]],
    inputs: int | Sequence[str],
    outputs: int | Sequence[str],
    nodes: Mapping[Hashable, Values],
    genome: Values,
    columns: Sequence[str],
) -> Genome:
    """See :meth:`neatgrow.Genome.from_edges`."""
    names = [_names("inputs", inputs), _names("outputs", outputs)]
    n_inputs, n_outputs = (
        len(given) if isinstance(given, Sequence) else given for given in (inputs, outputs)
    )
    listed = [_edge(f"edges[{k}]", edge) for k, edge in enumerate(edges)]
    described: list[tuple[Table, str, Values]] = [("genome", "genome", genome)]
    described += [("node", f"node {label!r}", values) for label, values in nodes.items()]
    described += [("connection", _title(a, b), values) for a, b, values in listed]
    for table, what, values in described:
        known = [name for name, column in COLUMNS.items() if column.table == table]
        for name in _attributes(what, values):
            _checks.one_of(what, name, [*known, *_MORE[table]])
    for name in columns:
        _checks.one_of("columns", name, COLUMNS)
    used = {name for _, _, values in described for name in values}
    face = Interface(n_inputs, n_outputs, names[0], names[1], columns=in_order([*columns, *used]))
    ids: dict[Hashable, int] = {id_: id_ for id_ in range(face.inputs + face.outputs)}
    for first, found in zip((0, face.inputs), names, strict=True):
        for id_, name in enumerate(found or (), first):
            if ids.setdefault(name, id_) != id_:
                rule = "names that differ"
                raise ValueError(_checks.message("inputs, outputs", rule, f"{name!r} twice"))
    for label in nodes:
        if ids.get(label, face.inputs) < face.inputs:
            rule = "a hidden node or an output"
            raise ValueError(_checks.message(f"node {label!r}", rule, "an input, without genes"))
    ends = [end for source, target, _ in listed for end in (source, target)]
    hidden = [label for label in dict.fromkeys([*nodes, *ends]) if label not in ids]
    return from_values(face, ids | hidden_ids(hidden, face, True), nodes, listed, genome)


def from_values(
    interface: Interface,
    ids: Mapping[Hashable, int],
    nodes: Mapping[Hashable, Values],
    edges: Sequence[Edge],
    own: Values,
) -> Genome:
    """A genome from values by name, all of them checked.

    Args:
        interface: Inputs, outputs, and the columns that are read; others are not looked at.
        ids: Of every label.
        nodes: Values by label; what has none is plain.
        edges: …
        own: Values of the genome itself.
    """
    ends = []
    for source, target, _ in edges:
        ends.append((ids[source], ids[target]))
        if ids[target] < interface.inputs:
            raise ValueError(
                _checks.message(
                    _title(source, target), "no edge into an input", "one",
                    "Remove it, or let it end in a hidden node or an output.",
                )
            )  # fmt: skip
    if len(set(ends)) < len(ends):
        source, target, _ = next(edge for edge, end in zip(edges, ends, strict=True)
                                 if ends.count(end) > 1)  # fmt: skip
        rule = "at most one edge from a node to another"
        raise ValueError(_checks.message(_title(source, target), rule, "two", "Remove one."))
    node_id: dict[int, tuple[str, Values]] = {
        id_: (f"node {label!r}", {}) for label, id_ in ids.items() if id_ >= interface.inputs
    }
    node_id |= {ids[label]: (f"node {label!r}", values) for label, values in nodes.items()}
    rows: dict[str, list[tuple[str, Values]]] = {
        "node": list(node_id.values()),
        "connection": [(_title(source, target), values) for source, target, values in edges],
        "genome": [("genome", own)],
    }
    genes = {name: _column(name, rows[COLUMNS[name].table]) for name in interface.columns}
    joined = np.array(ends, np.int64).reshape(-1, 2)
    return assemble(
        interface, np.array(list(node_id), np.int64), joined[:, 0], joined[:, 1], genes,
        node_birth=[_birth(*row) for row in rows["node"]],
        connection_birth=[_birth(*row) for row in rows["connection"]],
        enabled=[_checks.flag(f"{what}, enabled", values.get("enabled", True))
                 for what, values in rows["connection"]],
    )  # fmt: skip


def hidden_ids(labels: Iterable[Hashable], face: Interface, keep: bool) -> dict[Hashable, int]:
    """Node ids of hidden nodes: those that a first generation with as many of them has, so that
    genes match, in the order of the sorted labels.

    Args:
        labels: Of the nodes.
        face: Inputs and outputs.
        keep: Whether labels that are integers are ids already.
    """
    hidden, ends = list(labels), face.inputs + face.outputs
    kept = [label for label in hidden if keep and isinstance(label, (int, np.integer))]
    for label in kept:
        if not ends <= label <= _LAST_ID:
            what, rule = f"node {label!r}", f"an id of at least {ends}"
            raise ValueError(_checks.message(what, rule, label))
    result: dict[Hashable, int] = {label: int(label) for label in kept}
    derived = sorted((label for label in hidden if label not in result), key=_order)
    ranks = np.arange(len(hidden))
    taken = set(result.values())
    first_ids = innovation_numbers(np.full(ranks.size, -1), ranks).tolist()
    unused = (id_ for id_ in first_ids if id_ not in taken)
    return result | dict(zip(derived, unused, strict=False))


def _order(label: Hashable) -> tuple[str, Any]:
    """Sorts labels of any mix of types, the same in every process."""
    comparable = isinstance(label, (str, int, float))
    return type(label).__name__, label if comparable else repr(label)


def _names(what: str, given: int | Sequence[str]) -> tuple[str, ...] | None:
    return _checks.names(what, given) if isinstance(given, Sequence) else None


def _edge(what: str, edge: Any) -> Edge:
    parts = tuple(edge) if isinstance(edge, Sequence) and not isinstance(edge, str) else ()
    if len(parts) not in (2, 3) or not all(isinstance(end, Hashable) for end in parts[:2]):
        rule = "(source, target), with a weight or values by column as a third"
        raise TypeError(_checks.message(what, rule, _checks.shown(edge)))
    source, target, *rest = parts
    values = rest[0] if rest else {}
    return source, target, values if isinstance(values, Mapping) else {"weight": values}


def _attributes(what: str, values: Any) -> Values:
    if not isinstance(values, Mapping):
        raise TypeError(_checks.message(what, "values by column", _checks.shown(values)))
    return values


def _title(source: Hashable, target: Hashable) -> str:
    return f"edge {source!r} → {target!r}"


def _column(name: str, rows: Sequence[tuple[str, Values]]) -> Array:
    """The values or opcodes of a column, in what is called so and has these values."""
    if not isinstance(COLUMNS[name].settings, Choices):
        return np.array([
            _checks.number(f"{what}, {name}", values.get(name, plain(name)), finite=True)
            for what, values in rows
        ])  # fmt: skip
    codes, default = option_codes(name), int(plain(name))
    return np.array([
        codes[_checks.one_of(f"{what}, {name}", values[name], codes)] if name in values else default
        for what, values in rows
    ], np.uint8)  # fmt: skip


def _birth(what: str, values: Values) -> int:
    birth = _checks.integer(f"{what}, birth", values.get("birth", 0), 0)
    if birth > _LAST_BIRTH:
        raise ValueError(_checks.message(f"{what}, birth", f"at most {_LAST_BIRTH}", birth))
    return birth
