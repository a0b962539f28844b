"""A genome as a picture."""

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch, Polygon
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.bundles import draw_bundle
from neatgrow.plotting.graph.frame import Frame, Margins, fit, natural_pitch, natural_width
from neatgrow.plotting.graph.layers import Diagram, arrange
from neatgrow.plotting.graph.legend import DOTS, Strokes, add_legend, dashes, strokes_of
from neatgrow.plotting.graph.marks import AGGREGATION_MARKS, activation_curves, optional_texts
from neatgrow.plotting.graph.routes import Route
from neatgrow.plotting.theme import Theme, ThemeName, blend, new_figure, theme_of
from neatgrow.plotting.values import drawable

_MARGIN = 0.16  # inches around everything
_LONGEST_NAME = 28  # letters
_CAPTION = 0.12  # inches, under a node
_MOST_NAMED = 40  # hidden nodes; with more their names would be specks
_MOST_MARKED = 150  # nodes; with more their activations and aggregations would be


@dataclass(frozen=True)
class Sketch:
    """A drawn genome and where everything in it stands.

    Attributes:
        figure: The figure.
        axes: Axes that cover it and count inches.
        diagram: What is drawn.
        frame: Where.
        theme: Colours.
        curves: Shapes of the activations, where they differ.
        size: Of inputs' and outputs' names, points.
    """

    figure: Figure
    axes: Axes
    diagram: Diagram
    frame: Frame
    theme: Theme
    curves: dict[str, Array]
    size: float

    @property
    def nodes(self) -> list[Circle]:
        """Circles of inputs, then of nodes in evaluation order."""
        found = [a for a in self.axes.patches if str(a.get_gid()).startswith("node-")]
        return cast(list[Circle], found)

    @property
    def labels(self) -> dict[int, Text | Line2D]:
        """Names or curves that stand in nodes, by vertex."""
        diagram = self.diagram
        vertex = {f"label-{diagram.node_id(v)}": v for v in range(len(diagram.genes))}
        artists: list[Text | Line2D] = [*self.axes.texts, *self.axes.lines]
        return {vertex[str(a.get_gid())]: a for a in artists if a.get_gid() in vertex}


def draw(
    genome: Genome | Network,
    *,
    theme: ThemeName = "light",
    show_disabled: bool = False,
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """A picture of the network that a genome describes.

    Signals run from inputs at the left to outputs at the right within one tick. Delayed
    connections, which carry the last tick's values, are dashed and lead back to an arrow
    head. Colour is a weight's sign, width its strength. Where activations differ, each node
    shows the curve of its own. Above 360 connections all run straight, weak ones pale and
    below strong ones, and what leads back in a bow: such a picture shows the whole's shape.

    Args:
        genome: What to draw. Of a network, hidden nodes are numbered in evaluation order.
        theme: ``"light"`` or ``"dark"``.
        show_disabled: Also draw disabled connections and nodes that reach no output, faded.
        title: Text at the top.
        figsize: Width and height in inches; by default what the picture needs. In much less
            than that connections touch nodes.

    Returns:
        A figure; ``savefig("champion.png")`` writes it. Artists carry the gene they stand
        for as their ``gid``: ``node-ID``, ``connection-INNOVATION``; above 360 connections
        they are one artist, ``connections``.

    Raises:
        TypeError: ``genome`` is neither a :class:`Genome` nor a :class:`Network`.
        ValueError: The theme is unknown.
    """
    colors = theme_of(theme)
    return sketch(drawable(genome), colors, show_disabled, title=title, figsize=figsize).figure


def sketch(
    genome: Genome,
    colors: Theme,
    show_disabled: bool = False,
    *,
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    change: bool = False,
    notes: Sequence[Line2D] = (),
    above: float = 0.0,
    activations: Iterable[str] = (),
    legend: bool = True,
) -> Sketch:
    """Draw a genome as :func:`draw` does, for pictures that add to it.

    Args:
        genome: What to draw.
        colors: Theme.
        show_disabled: As for :func:`draw`.
        title: As for :func:`draw`.
        figsize: As for :func:`draw`.
        change: Whether weights are differences: those of 0 are then grey and thin.
        notes: Further entries of the legend.
        above: Further room at the top, inches.
        activations: Further ones that nodes may have.
        legend: Whether to have one.
    """
    diagram = arrange(genome, show_disabled)
    figure = new_figure(colors, figsize or (6.0, 4.0))
    curves = _curves(diagram, activations)
    pitch = natural_pitch(diagram, figsize)
    size = _name_size(diagram, pitch)
    left, right = _name_widths(figure, diagram, size)
    top = _MARGIN + above + (0.34 if title else 0.0)
    margins = Margins(left + _MARGIN + 0.25, right + _MARGIN + 0.25 + _return_room(diagram), top, 0)
    width = figsize[0] if figsize else natural_width(diagram, margins)
    figure.set_size_inches(width, figsize[1] if figsize else 4.0)
    bottom = 0.0
    if legend:
        bottom = add_legend(figure, diagram, colors, curves, notes, "Δ weight " if change else "")
    margins = Margins(margins.left, margins.right, top, bottom + _MARGIN)
    captions = bool(curves) or (
        set(genome.aggregation_names) != {"sum"} and len(diagram.genes) <= _MOST_MARKED
    )
    frame = fit(
        diagram, margins, width, pitch,
        height=figsize[1] if figsize else None, below=_CAPTION if captions else 0.0,
    )  # fmt: skip
    figure.set_size_inches(*frame.size)
    axes = axes_in_inches(figure, frame.size)
    if title:
        axes.text(
            width / 2, frame.size[1] - _MARGIN, title, size=13, color=colors.ink,
            ha="center", va="top", parse_math=False, gid="title",
        )  # fmt: skip
    drawn = Sketch(figure, axes, diagram, frame, colors, curves, size)
    paint(drawn, change=change)
    return drawn


def paint(
    drawn: Sketch,
    *,
    change: bool = False,
    strokes: Strokes | None = None,
    shown: Container[int] | None = None,
    around: Frame | None = None,
) -> None:
    """Draw a diagram into axes.

    Args:
        drawn: What, where and how.
        change: As for :func:`sketch`.
        strokes: How weights become lines; by default for those of this diagram.
        shown: Vertices that are there; by default all.
        around: Whose connections names stand clear of; by default those that are drawn.
    """
    axes, diagram, frame, colors = drawn.axes, drawn.diagram, drawn.frame, drawn.theme
    strokes = strokes_of(diagram) if strokes is None else strokes
    shown = range(len(diagram.genes)) if shown is None else shown
    if diagram.crowded:
        draw_bundle(axes, diagram, frame, colors, change, strokes)
    else:
        _draw_wires(axes, diagram, frame, colors, change, strokes)
    _draw_nodes(axes, diagram, frame, colors, shown)
    _draw_marks(axes, diagram, frame, colors, drawn.curves, shown)
    _draw_names(axes, diagram, frame if around is None else around, colors, drawn.size)


def axes_in_inches(
    figure: Figure,
    size: tuple[float, float],
    place: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
) -> Axes:
    """Axes that cover the figure, or a place in it, and count inches."""
    axes = figure.add_axes(place)
    axes.set_axis_off()  # limits stay: patches go in by add_artist, which does not look at them
    axes.set_xlim(0.0, size[0])
    axes.set_ylim(0.0, size[1])
    return axes


def _curves(diagram: Diagram, others: Iterable[str]) -> dict[str, Array]:
    """Curves of the activations, if there is more than one."""
    names = diagram.genome.activation_names
    shown = {names[gene] for gene in diagram.genes if gene >= 0}.union(others)
    if len(diagram.genes) > _MOST_MARKED:
        return {}
    return activation_curves(shown) if len(shown) > 1 else {}


# ------------------------------------------------------------------------------------- names


def _name_size(diagram: Diagram, pitch: float) -> float:
    """Points: as large as the closer of the two end columns allows, 5 to 10."""
    apart = [
        float(np.diff(diagram.height[column]).min())
        for column in (diagram.columns[0], diagram.columns[-1])
        if len(column) > 1
    ]
    return min(max(0.72 * min(apart, default=1.0) * pitch * 72.0, 5.0), 10.0)


def _shown_name(diagram: Diagram, vertex: int, labels: dict[int, str]) -> str:
    name = labels[diagram.node_id(vertex)]
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _name_widths(figure: Figure, diagram: Diagram, size: float) -> tuple[float, float]:
    """Widest name of an input and of an output, inches."""
    labels, widths = diagram.genome.labels(), []
    for column in (diagram.columns[0], diagram.columns[-1]):
        text = figure.text(0, 0, "", size=size, parse_math=False)
        widest = 0.0
        for vertex in column:
            text.set_text(_shown_name(diagram, vertex, labels))
            widest = max(widest, text.get_window_extent().width / figure.dpi)
        text.remove()
        widths.append(widest)
    return widths[0], widths[1]


def _return_room(diagram: Diagram) -> float:
    """Room right of the outputs for connections that lead back, inches."""
    last = len(diagram.columns) - 1
    back = sum(diagram.layer[w.source] == last and w.source != w.target for w in diagram.wires)
    return 0.15 + 0.07 * min(back, 5) if back else 0.0


def _draw_names(axes: Axes, diagram: Diagram, frame: Frame, theme: Theme, size: float) -> None:
    """Names of inputs to their left, of outputs to their right; every n-th where too close."""
    labels, places = diagram.genome.labels(), frame.places
    room = 0.09 + places.radius
    for column, side in ((diagram.columns[0], -1), (diagram.columns[-1], 1)):
        offset = room
        if side > 0:  # past what leads back from outputs
            rightmost = max([r.path.get_extents().x1 for r in frame.routes], default=0.0)
            offset = max(room, float(rightmost - places.x[column[0]]) + 0.07)
        close = float(np.abs(np.diff(places.y[column])).min()) if len(column) > 1 else np.inf
        every = max(1, math.ceil(size * 1.05 / 72.0 / close))
        for vertex in column[::-1][::every]:
            axes.text(
                places.x[vertex] + side * offset, places.y[vertex],
                _shown_name(diagram, vertex, labels), size=size, parse_math=False,
                color=theme.ink if diagram.live[vertex] else theme.quiet,
                ha="left" if side > 0 else "right", va="center_baseline",
                gid=f"name-{diagram.node_id(vertex)}", zorder=6,
            )  # fmt: skip


# ------------------------------------------------------------------------- nodes and connections


def _draw_wires(
    axes: Axes, diagram: Diagram, frame: Frame, theme: Theme, change: bool, strokes: Strokes
) -> None:
    """Weak connections first, each edged in the background's colour where it crosses others."""
    genome = diagram.genome

    def rank(route: Route) -> tuple[bool, float]:
        return route.wire.live, abs(float(genome.weight[route.wire.gene]))

    for order, route in enumerate(sorted(frame.routes, key=rank)):
        wire = route.wire
        weight = float(genome.weight[wire.gene])
        width = strokes.width(weight)
        if wire.source == wire.target:
            width = min(width, 2.2)  # a thick line would fill the loop
        color = theme.positive if weight >= 0 else theme.negative
        color = blend(color, theme.background, strokes.paleness(weight))
        if not wire.live or (change and weight == 0.0):
            color, width = blend(theme.quiet, theme.background, 0.35), 0.9
        style = dashes(width) if wire.delayed else "-"
        style = style if genome.enabled[wire.gene] else DOTS
        zorder = 2.0 + order / (len(frame.routes) + 1)
        axes.add_artist(
            PathPatch(
                route.path, fill=False, edgecolor=color, linewidth=width, linestyle=style,
                capstyle="butt", joinstyle="round", zorder=zorder,
                path_effects=[withStroke(linewidth=width + 1.4, foreground=theme.background)],
                gid=f"connection-{genome.innovation[wire.gene]}",
            )
        )  # fmt: skip
        if route.tip is not None:
            half = min(0.036 + 0.008 * width, 0.45 * frame.places.radius)
            head = _arrow_head(route.tip, route.heading, half)
            axes.add_artist(Polygon(head, color=color, linewidth=0, zorder=zorder + 1.0))


def _arrow_head(tip: tuple[float, float], heading: float, half: float) -> list[tuple[float, float]]:
    """A triangle with its point at ``tip``."""
    dx, dy = math.cos(heading), math.sin(heading)
    back = tip[0] - 2.1 * half * dx, tip[1] - 2.1 * half * dy
    across = half * dy, -half * dx
    return [
        tip, (back[0] - across[0], back[1] - across[1]), (back[0] + across[0], back[1] + across[1])
    ]  # fmt: skip


def _draw_nodes(
    axes: Axes, diagram: Diagram, frame: Frame, theme: Theme, shown: Container[int]
) -> None:
    outputs = set(diagram.outputs)
    for vertex, gene in enumerate(diagram.genes):
        if vertex not in shown:
            continue
        fill = theme.input if gene < 0 else theme.output if vertex in outputs else theme.surface
        edge = theme.quiet if gene < 0 else theme.ink
        if not diagram.live[vertex]:
            fill, edge = theme.background, blend(theme.quiet, theme.background, 0.35)
        axes.add_artist(
            Circle(
                (frame.places.x[vertex], frame.places.y[vertex]), frame.places.radius,
                facecolor=fill, edgecolor=edge, zorder=4,
                linewidth=0.9 if diagram.crowded else 1.2,
                gid=f"node-{diagram.node_id(vertex)}",
            )
        )  # fmt: skip


def _draw_marks(
    axes: Axes,
    diagram: Diagram,
    frame: Frame,
    theme: Theme,
    curves: dict[str, Array],
    shown: Container[int],
) -> None:
    """In a node its activation's curve or its name; below it what else sets it apart."""
    genome, radius = diagram.genome, frame.places.radius
    labels, outputs = genome.labels(), set(diagram.outputs)
    activations, aggregations = genome.activation_names, genome.aggregation_names
    halo = [withStroke(linewidth=2.0, foreground=theme.background)]
    named = genome.n_hidden <= _MOST_NAMED and radius * 72 > 6.5
    more = optional_texts(genome, "node") if named else []
    if len(diagram.genes) > _MOST_MARKED:
        return
    for vertex, gene in enumerate(diagram.genes):
        if gene < 0 or vertex not in shown:
            continue
        x, y = float(frame.places.x[vertex]), float(frame.places.y[vertex])
        ink = theme.surface if vertex in outputs and diagram.live[vertex] else theme.ink
        ink = ink if diagram.live[vertex] else theme.quiet
        below = AGGREGATION_MARKS.get(aggregations[gene], aggregations[gene])
        if named:
            below = " ".join(filter(None, (below, *(column[gene] for column in more))))
        name = labels[diagram.node_id(vertex)] if named and vertex not in outputs else ""
        if curves:
            points = curves[activations[gene]] * radius * (0.6, 0.45) + (x, y)
            axes.plot(
                *points.T, color=ink, linewidth=1.2, zorder=5, solid_capstyle="round",
                gid=f"label-{diagram.node_id(vertex)}",
            )  # fmt: skip
            below = " ".join(filter(None, (name, below)))
        elif name:
            axes.text(
                x, y, name, size=radius * 72 * (0.74 if len(name) < 3 else 0.62), color=ink,
                ha="center", va="center_baseline", zorder=5,
                gid=f"label-{diagram.node_id(vertex)}",
            )  # fmt: skip
        if below:
            axes.text(
                x, y - radius - 0.03, below, size=6.5, color=theme.ink, ha="center", va="top",
                zorder=5, path_effects=halo,
            )  # fmt: skip
