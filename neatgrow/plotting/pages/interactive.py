"""A genome and its ancestors as plain data, from which a page draws a graph to play with.

One layout serves all generations, so that a node keeps its place while others come and go.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from matplotlib.path import Path

from neatgrow._types import Array
from neatgrow.columns import COLUMNS
from neatgrow.genomes.build import composed
from neatgrow.genomes.columns import names_of
from neatgrow.genomes.genomes import Genome
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.graph.frame import Frame, Margins, fit, natural_pitch, natural_width
from neatgrow.plotting.graph.layers import Diagram, Wire, arrange, wired
from neatgrow.plotting.graph.legend import strokes_of
from neatgrow.plotting.graph.marks import (
    activation_curves,
    dynamics_marks,
    node_dynamics,
    told_columns,
)
from neatgrow.plotting.graph.routes import routes
from neatgrow.plotting.theme import spread

ENABLED, LIVE, DELAYED = 1, 2, 4  # flags of a connection

_DPI = 96.0  # pixels of a page per inch
_LETTER = 7.0 / _DPI  # inches of a name's letter, about
_MOST_GENES = 60_000  # over all stages that are kept: they take about 20 bytes each
_MOST_STAGES = 100
_WIDE, _NARROW = 8.2, 3.7  # inches: of a page beside the text, and of a telephone
_CLOSEST = 0.45  # inches between columns
_LONGEST_NAME, _LONGEST_NARROW = 24, 11  # letters
_MOST_MARKED = 150  # nodes; with more the curves of their activations would be specks


def graph_data(line: Sequence[Ancestor]) -> dict[str, Any]:
    """What the page's graph shows, as values that JSON can hold.

    Args:
        line: The champion last, its ancestors before it, at least one in all. Of a long line
            some are left out, evenly.

    Returns:
        ``nodes`` and ``wires`` that occur in any stage; ``layouts``, the widest first, with
        their places in pixels; ``stages`` with the genes of each, that refer to both by index.
    """
    kept = thinned(line)
    genomes = [ancestor.genome for ancestor in kept]
    union = _union(genomes)
    diagram = arrange(_with(union, _worth_drawing(union, genomes)), True)
    strokes = strokes_of(replace(wired(genomes[-1], False), dense=diagram.dense))
    ids = [*range(union.n_inputs), *union.node_id.tolist()]
    index = {id_: k for k, id_ in enumerate(ids)}
    labels = _labels(union, genomes[-1])
    return {
        "inputs": union.n_inputs,
        "outputs": union.n_outputs,
        "dense": diagram.dense,
        "strokes": asdict(strokes),
        "node_genes": [COLUMNS[name].label or name for name in _listed(union)[0]],
        "wire_genes": [COLUMNS[name].label or name for name in _listed(union)[1]],
        "nodes": [{"label": labels[id_]} for id_ in ids],
        "wires": [
            {"from": index[int(a)], "to": index[int(b)], "innovation": str(innovation)}
            for a, b, innovation in zip(union.source, union.target, union.innovation, strict=True)
        ],
        "layouts": _layouts(diagram, union, index),
        "curves": _curves(genomes[-1]),
        "dynamics": _dynamics(genomes),
        "stages": [_stage(ancestor, union, index) for ancestor in kept],
        "left_out": len(line) - len(kept),
    }  # fmt: skip


def thinned(line: Sequence[Ancestor]) -> list[Ancestor]:
    """The first, the last, and as many in between as a page can hold."""
    genes = max(a.genome.node_id.size + a.genome.n_connections for a in line)
    most = min(max(_MOST_GENES // max(genes, 1), 2), _MOST_STAGES)
    return [line[k] for k in spread(len(line), most)]


def _union(genomes: Sequence[Genome]) -> Genome:
    """All genes that occur, each as the latest genome has it; enabled if the last has it so."""
    latest = genomes[::-1]
    rows = (
        np.unique(np.concatenate([getattr(genome, key) for genome in latest]), return_index=True)[1]
        for key in ("node_id", "innovation")
    )
    union = composed(latest, 0, *rows)
    union.enabled[:] &= np.isin(union.innovation, latest[0].innovation)
    return union


def _worth_drawing(union: Genome, genomes: Sequence[Genome]) -> Array:
    """(C,) whether the layout heeds a connection: those ever in use, and all of nodes without."""
    used = [g.innovation[[wire.gene for wire in wired(g, False).wires]] for g in genomes]
    live = np.isin(union.innovation, np.concatenate(used))
    touched = np.concatenate([union.source[live], union.target[live]])
    lonely = ~np.isin(union.source, touched) | ~np.isin(union.target, touched)
    worth: Array = live | lonely
    return worth


def _with(genome: Genome, connections: Array) -> Genome:
    """A genome of some of the connections."""
    rows = np.arange(genome.n_connections)[connections]
    return composed([genome], 0, np.arange(genome.node_id.size), rows)


def _labels(union: Genome, champion: Genome) -> dict[int, str]:
    """Names of nodes: the champion's, and g1, g2, … by birth for those that are gone."""
    names = champion.labels()
    lost = [k for k in range(union.node_id.size) if int(union.node_id[k]) not in names]
    lost.sort(key=lambda k: (union.node_birth[k], union.node_id[k]))
    return names | {int(union.node_id[k]): f"g{n}" for n, k in enumerate(lost, 1)}


def _curves(genome: Genome) -> dict[str, list[list[float]]]:
    """Curves of the activations, where they tell nodes apart."""
    names = set(genome.activation_names)
    if len(names) < 2 or genome.node_id.size + genome.n_inputs > _MOST_MARKED:
        return {}
    return {name: np.round(c[::2], 2).tolist() for name, c in activation_curves(names).items()}


def _dynamics(genomes: Sequence[Genome]) -> dict[str, dict[str, Any]]:
    """Marks of the dynamics that occur, and what is written of nodes that have them."""
    if max(g.node_id.size + g.n_inputs for g in genomes) > _MOST_MARKED:
        return {}
    names, columns = {name for g in genomes for name in node_dynamics(g)}, told_columns()
    return {
        name: {
            "lines": [np.round(points, 2).tolist() for points in mark.lines],
            "inner": mark.inner,
            "words": mark.words,
            "told": [COLUMNS[column].label or column for column in columns[name]],
        }
        for name, mark in dynamics_marks(names).items()
    }


# ------------------------------------------------------------------------------------ stages


def _stage(ancestor: Ancestor, union: Genome, index: dict[int, int]) -> dict[str, Any]:
    """Genes of one genome: [node, whether live, birth, genes …], [wire, flags, birth, genes …]."""
    genome = ancestor.genome
    diagram = wired(genome, False)
    kept = set(diagram.genes)
    delayed = {wire.gene: wire.delayed for wire in diagram.wires}
    genes = [[_told(genome, name) for name in names] for names in _listed(genome)]
    places = [index[id_] for id_ in genome.node_id.tolist()]
    births = genome.node_birth.tolist()
    nodes = [
        [place, int(k in kept), births[k], *(column[k] for column in genes[0])]
        for k, place in enumerate(places)
    ]
    rows = np.searchsorted(union.innovation, genome.innovation).tolist()
    born = genome.connection_birth.tolist()
    wires = []
    for c, on in enumerate(genome.enabled.tolist()):
        flags = ENABLED * on + LIVE * (c in delayed) + DELAYED * delayed.get(c, False)
        wires.append([rows[c], flags, born[c], *(column[c] for column in genes[1])])
    return {
        "generation": int(ancestor.generation),
        "fitness": _short(float(ancestor.fitness)) if np.isfinite(ancestor.fitness) else None,
        "nodes": nodes,
        "wires": wires,
    }


def _listed(genome: Genome) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns of nodes, choices first, and of connections, the weight first."""
    names = names_of(genome.columns)
    return (
        names.node_choices + names.node_values, names.connection_values + names.connection_choices
    )  # fmt: skip


def _told(genome: Genome, name: str) -> list[Any]:
    """A column as a page writes it."""
    column = genome.column(name)
    return genome.options(name) if column.dtype == np.uint8 else [_short(x) for x in column]


def _short(value: float) -> float:
    """Five digits."""
    return float(f"{value:.5g}")


# ------------------------------------------------------------------------------------- places


def _layouts(diagram: Diagram, union: Genome, index: dict[int, int]) -> list[dict[str, Any]]:
    """One for a page, and one for a telephone where that is narrower."""
    last = len(diagram.columns) - 1
    margins = _margins(diagram, _LONGEST_NAME)
    wide = max(natural_width(diagram, margins), _WIDE)
    pitch = natural_pitch(diagram, None)
    # Room for captions under nodes: 0.12 inches.
    frame = fit(diagram, margins, wide, pitch, height=None, below=0.12)
    found = [_layout(diagram, union, index, frame, _LONGEST_NAME)]
    margins = _margins(diagram, _LONGEST_NARROW)
    narrow = max(margins.left + _CLOSEST * last + margins.right, _NARROW)
    if not diagram.dense and narrow < 0.9 * wide:
        frame = fit(diagram, margins, narrow, 0.85 * pitch, height=None, below=0.12)
        found.append(_layout(diagram, union, index, frame, _LONGEST_NARROW))
    return found


def _layout(
    diagram: Diagram, union: Genome, index: dict[int, int], frame: Frame, letters: int
) -> dict[str, Any]:
    """Places of all nodes and wires in pixels, y downwards."""
    width, height = frame.size
    places: list[list[float]] = [[0.0, 0.0]] * len(index)
    for v in range(len(diagram.genes)):
        x, y = frame.places.x[v], height - frame.places.y[v]
        places[index[diagram.node_id(v)]] = [_pixels(x), _pixels(y)]
    return {
        "width": _pixels(width),
        "height": _pixels(height),
        "radius": round(frame.places.radius * _DPI, 2),
        "letters": letters,
        "places": places,
        "routes": _routes(diagram, union, frame),
    }


def _pixels(inches: float) -> float:
    return round(float(inches) * _DPI, 1)


def _margins(diagram: Diagram, longest: int) -> Margins:
    """Room for the names beside inputs and outputs."""
    labels = diagram.genome.labels()
    left, right = (
        0.45 + _LETTER * max(min(len(labels[diagram.node_id(v)]), longest) for v in column)
        for column in (diagram.columns[0], diagram.columns[-1])
    )
    return Margins(left, right + 0.07 * min(diagram.back_from_outputs, 5), 0.25, 0.25)


def _routes(diagram: Diagram, union: Genome, frame: Frame) -> list[dict[str, Any]]:
    """Course of every wire: ``line`` of cubic Bézier points, and ``head`` of its arrow."""
    height, innovations = frame.size[1], union.innovation.tolist()
    found = {int(diagram.genome.innovation[r.wire.gene]): r for r in frame.routes}
    # Those that the layout has not heeded run as in a dense graph.
    vertex = {diagram.node_id(v): v for v in range(len(diagram.genes))}
    ends = zip(union.source.tolist(), union.target.tolist(), strict=True)
    rest = [
        Wire(c, vertex[a], vertex[b], delayed=vertex[a] >= vertex[b], live=False)
        for c, (a, b) in enumerate(ends)
        if innovations[c] not in found
    ]
    plain = routes(replace(diagram, wires=rest, dense=True), frame.places)
    found |= {innovations[route.wire.gene]: route for route in plain}
    result = []
    for innovation in innovations:
        route = found[innovation]
        course: dict[str, Any] = {"line": _cubics(route.path, height)}
        if route.tip is not None:
            x, y = route.tip
            turn = round(float(np.degrees(-route.heading)), 1)
            course["head"] = [_pixels(x), _pixels(height - y), turn]
        result.append(course)
    return result


def _cubics(path: Path, height: float) -> list[float]:
    """x, y of cubic Bézier points, pixels: the start, then three points per piece."""
    points: list[Array] = []
    for values, code in path.iter_segments(simplify=False):
        p = np.reshape(values, (-1, 2))
        if code == Path.LINETO:
            a = points[-1]
            p = np.stack([a + (p[0] - a) / 3.0, a + (p[0] - a) * 2.0 / 3.0, p[0]])
        elif code == Path.CURVE3:  # raised by one degree
            a = points[-1]
            p = np.stack([a + (p[0] - a) * 2.0 / 3.0, p[1] + (p[0] - p[1]) * 2.0 / 3.0, p[1]])
        points += list(p)
    flipped = np.array(points) * (1.0, -1.0) + (0.0, height)
    return [round(x, 1) for x in (flipped * _DPI).ravel().tolist()]
