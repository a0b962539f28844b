"""A genome as a picture."""

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.frame import Frame, Margins, fit, natural_pitch, natural_width
from neatgrow.plotting.graph.layers import Diagram, arrange
from neatgrow.plotting.graph.legend import DOTS, Strokes, add_legend, dashes, strokes_of
from neatgrow.plotting.graph.marks import (
    AGGREGATION_MARKS,
    Mark,
    activation_curves,
    dynamics_marks,
    node_dynamics,
    optional_texts,
)
from neatgrow.plotting.graph.routes import Route
from neatgrow.plotting.theme import Theme, ThemeName, blend, new_figure, shortened, theme_of
from neatgrow.plotting.values import drawable

_MARGIN = 0.16  # inches around everything
_LONGEST_NAME = 28  # letters
_CAPTION = 0.12  # inches, under a node
_MOST_NAMED = 40  # hidden nodes; with more their names would be specks
_MOST_MARKED = 150  # nodes; with more their activations and aggregations would be
_HALO = 0.8  # points of background beside a line of a dense graph, where it crosses others
_HALOED = 0.25  # strength from which such a line has them


@dataclass(frozen=True)
class Sketch:
    """A drawn genome and where everything in it stands; axes count inches."""

    figure: Figure
    axes: Axes
    diagram: Diagram
    frame: Frame
    theme: Theme
    curves: dict[str, Array]  # of activations, by name, where they differ
    marks: dict[str, Mark]  # of dynamics, by name
    name_size: float  # of inputs and outputs, points
    nodes: list[Circle] = field(default_factory=list)  # by vertex, if all are shown
    labels: dict[int, Text | Line2D] = field(default_factory=dict)  # what stands in nodes
    rings: dict[int, PathPatch] = field(default_factory=dict)  # marks of dynamics on their fill
    captions: dict[int, Text] = field(default_factory=dict)  # what stands below nodes


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
    shows the curve of its own. Nodes that are not instant have the mark of their dynamics and,
    below, their time constant τ. Above 360 connections all run straight, weak ones pale and
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
    theme: Theme,
    show_disabled: bool = False,
    *,
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
    change: bool = False,
    notes: Sequence[Line2D] = (),
    above: float = 0.0,
    activations: Iterable[str] = (),
    dynamics: Iterable[str] = (),
    legend: bool = True,
) -> Sketch:
    """Draw a genome as :func:`draw` does, for pictures that add to it.

    Args:
        genome: What to draw.
        theme: Colours.
        show_disabled: As for :func:`draw`, like ``title`` and ``figsize``.
        title: Text at the top.
        figsize: Inches.
        change: Whether weights are differences: those of 0 are then grey and thin.
        notes: Further entries of the legend.
        above: Further room at the top, inches.
        activations: Further ones that nodes may have.
        dynamics: Likewise.
        legend: Whether to have one.
    """
    diagram = arrange(genome, show_disabled)
    figure = new_figure(theme, figsize or (6.0, 4.0))
    marked = len(diagram.genes) <= _MOST_MARKED
    names = {genome.activation_names[gene] for gene in diagram.genes if gene >= 0}
    names.update(activations)
    curves = activation_curves(names) if marked and len(names) > 1 else {}
    kinds = node_dynamics(genome)
    used = {kinds[gene] for gene in diagram.genes if gene >= 0}.union(dynamics)
    marks = dynamics_marks(used) if marked else {}
    pitch = natural_pitch(diagram, figsize)
    size = _name_size(diagram, pitch)
    left, right = _name_widths(figure, diagram, size)
    around = _MARGIN + 0.25
    top = _MARGIN + above + (0.34 if title else 0.0)
    margins = Margins(left + around, right + around + _return_room(diagram), top, 0.0)
    width = figsize[0] if figsize else natural_width(diagram, margins)
    figure.set_size_inches(width, figsize[1] if figsize else 4.0)
    bottom = _MARGIN
    if legend:
        prefix = "Δ weight " if change else ""
        bottom += add_legend(figure, diagram, theme, curves, marks, notes, prefix)
    more = marked and set(genome.aggregation_names) != {"sum"}
    below = _CAPTION if curves or more or marks else 0.0
    margins = replace(margins, bottom=bottom)
    frame = fit(diagram, margins, width, pitch, height=figsize and figsize[1], below=below)
    figure.set_size_inches(*frame.size)
    if title:
        title_into(figure, title, theme)
    axes = axes_in_inches(figure, frame.size)
    drawn = Sketch(figure, axes, diagram, frame, theme, curves, marks, size)
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
    shown = range(len(drawn.diagram.genes)) if shown is None else shown
    _connections_into(drawn, change, strokes or strokes_of(drawn.diagram))
    _nodes_into(drawn, shown)
    _marks_into(drawn, shown)
    _names_into(drawn, around or drawn.frame)


def title_into(figure: Figure, title: str, theme: Theme) -> None:
    """Write a title at the figure's top, where it stays when the figure's size changes."""
    below = ScaledTranslation(0.0, -_MARGIN, figure.dpi_scale_trans)
    figure.text(
        0.5, 1.0, title, size=13, color=theme.ink, ha="center", va="top", parse_math=False,
        transform=figure.transFigure + below, gid="title",
    )  # fmt: skip


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


# ------------------------------------------------------------------------------------- names


def _name_size(diagram: Diagram, pitch: float) -> float:
    """Points: as large as the closer of the two end columns allows, 5 to 10."""
    ends = [diagram.columns[0], diagram.columns[-1]]
    apart = [float(np.diff(diagram.height[column]).min()) for column in ends if len(column) > 1]
    return min(max(0.72 * min(apart, default=1.0) * pitch * 72.0, 5.0), 10.0)


def _name(diagram: Diagram, vertex: int, labels: dict[int, str]) -> str:
    return shortened(labels[diagram.node_id(vertex)], _LONGEST_NAME)


def _name_widths(figure: Figure, diagram: Diagram, size: float) -> list[float]:
    """Widest name of an input and of an output, inches."""
    labels, text = diagram.genome.labels(), figure.text(0, 0, "", size=size, parse_math=False)

    def width(vertex: int) -> float:
        text.set_text(_name(diagram, vertex, labels))
        return float(text.get_window_extent().width) / figure.dpi

    widest = [max(map(width, diagram.columns[end]), default=0.0) for end in (0, -1)]
    text.remove()
    return widest


def _return_room(diagram: Diagram) -> float:
    """Room right of the outputs for connections that lead back, inches."""
    back = diagram.back_from_outputs
    return 0.15 + 0.07 * min(back, 5) if back else 0.0


def _names_into(drawn: Sketch, around: Frame) -> None:
    """Names of inputs to their left, of outputs to their right; every n-th where too close."""
    diagram, places, size = drawn.diagram, drawn.frame.places, drawn.name_size
    labels = diagram.genome.labels()
    for column, side in ((diagram.columns[0], -1), (diagram.columns[-1], 1)):
        offset = 0.09 + places.radius
        if side > 0:  # past what leads back from outputs
            rightmost = max([r.path.get_extents().x1 for r in around.routes], default=0.0)
            offset = max(offset, float(rightmost - places.x[column[0]]) + 0.07)
        close = float(np.abs(np.diff(places.y[column])).min()) if len(column) > 1 else np.inf
        every = max(1, math.ceil(size * 1.05 / 72.0 / close))
        for vertex in column[::-1][::every]:
            drawn.axes.text(
                places.x[vertex] + side * offset, places.y[vertex], _name(diagram, vertex, labels),
                color=drawn.theme.ink if diagram.live[vertex] else drawn.theme.quiet,
                ha="left" if side > 0 else "right", va="center_baseline", size=size,
                parse_math=False, gid=f"name-{diagram.node_id(vertex)}", zorder=6,
            )  # fmt: skip


# ------------------------------------------------------------------------- nodes and connections


def _connections_into(drawn: Sketch, change: bool, strokes: Strokes) -> None:
    """Weak connections first, each edged in the background's colour where it crosses others.

    In a dense graph all are one artist, and what shows the direction of the delayed ones is not
    an arrow head but that they bow to the left of their course.
    """
    diagram, theme, frame = drawn.diagram, drawn.theme, drawn.frame
    genome, dense = diagram.genome, diagram.dense
    lines: list[tuple[Path, str, float, Any]] = []

    def rank(route: Route) -> tuple[bool, float]:
        return route.wire.live, abs(float(genome.weight[route.wire.gene]))

    for order, route in enumerate(sorted(frame.routes, key=rank)):
        wire, weight = route.wire, float(genome.weight[route.wire.gene])
        width = strokes.width(weight)
        if wire.source == wire.target and not dense:
            width = min(width, 2.2)  # a thick line would fill the loop
        color = theme.positive if weight >= 0 else theme.negative
        color = blend(color, theme.background, strokes.paleness(weight))
        faded = not wire.live or (change and weight == 0.0)
        if faded:
            share, width = (0.6, 0.5) if dense else (0.35, 0.9)
            color = blend(theme.quiet, theme.background, share)
        style = dashes(width) if wire.delayed else "-"
        style = style if genome.enabled[wire.gene] else DOTS
        if dense:
            if strokes.strength(weight) > _HALOED and not faded:
                lines.append((route.path, theme.background, width + 2.0 * _HALO, "-"))
            lines.append((route.path, color, width, style))
            continue
        zorder = 2.0 + order / (len(frame.routes) + 1)
        halo = withStroke(linewidth=width + 1.4, foreground=theme.background)
        gid = f"connection-{genome.innovation[wire.gene]}"
        line_into(drawn, route, color, width, gid, zorder, linestyle=style, path_effects=[halo])
        if route.tip is not None:
            half = min(0.036 + 0.008 * width, 0.45 * frame.places.radius)
            head = _arrow_head(route.tip, route.heading, half)
            drawn.axes.add_artist(Polygon(head, color=color, linewidth=0, zorder=zorder + 1.0))
    if dense:
        paths, colors, widths, styles = zip(*lines) if lines else [()] * 4
        drawn.axes.add_collection(
            PathCollection(
                paths, facecolors="none", edgecolors=colors, linewidths=widths, linestyles=styles,
                capstyle="butt", zorder=2.0, gid="connections",
            ),
            autolim=False,
        )  # fmt: skip


def line_into(
    drawn: Sketch, route: Route, color: str, width: float, gid: str, zorder: float, **options: Any
) -> None:
    """A line along a connection, its width in points."""
    line = PathPatch(route.path, fill=False, edgecolor=color, linewidth=width, **options)
    line.set(capstyle="butt", joinstyle="round", gid=gid, zorder=zorder)
    drawn.axes.add_artist(line)


def circle_into(
    drawn: Sketch, vertex: int, size: float, fill: str, edge: str, gid: str, zorder: float
) -> Circle:
    """A circle where a node stands, its size in the node's radii."""
    places, width = drawn.frame.places, 0.9 if drawn.diagram.dense else 1.2
    centre = places.x[vertex], places.y[vertex]
    circle = Circle(centre, size * places.radius, facecolor=fill, edgecolor=edge, linewidth=width)
    circle.set(gid=gid, zorder=zorder)
    drawn.axes.add_artist(circle)
    return circle


def _arrow_head(tip: tuple[float, float], heading: float, half: float) -> Array:
    """A triangle with its point at ``tip``, (3, 2)."""
    along = np.array([math.cos(heading), math.sin(heading)])
    across = half * np.array([along[1], -along[0]])
    back = tip - 2.1 * half * along
    return np.stack([np.array(tip), back - across, back + across])


def _nodes_into(drawn: Sketch, shown: Container[int]) -> None:
    diagram, theme = drawn.diagram, drawn.theme
    for vertex, gene in enumerate(diagram.genes):
        if vertex not in shown:
            continue
        output = vertex in diagram.outputs
        fill = theme.input if gene < 0 else theme.output if output else theme.surface
        edge = theme.quiet if gene < 0 else theme.ink
        if not diagram.live[vertex]:
            fill, edge = theme.background, blend(theme.quiet, theme.background, 0.35)
        gid = f"node-{diagram.node_id(vertex)}"
        drawn.nodes.append(circle_into(drawn, vertex, 1.0, fill, edge, gid, 4.0))


def _marks_into(drawn: Sketch, shown: Container[int]) -> None:
    """In a node its activation's curve or its name, on its rim the mark of its dynamics; below
    it what else sets it apart."""
    axes, diagram, theme, places = drawn.axes, drawn.diagram, drawn.theme, drawn.frame.places
    if len(diagram.genes) > _MOST_MARKED:
        return
    genome, radius, labels = diagram.genome, places.radius, diagram.genome.labels()
    activations, aggregations = genome.activation_names, genome.aggregation_names
    named = genome.n_hidden <= _MOST_NAMED and radius * 72 > 6.5
    more = optional_texts(genome, "node") if named else []
    kinds = node_dynamics(genome)
    for vertex, gene in enumerate(diagram.genes):
        if gene < 0 or vertex not in shown:
            continue
        output, live = vertex in diagram.outputs, diagram.live[vertex]
        x, y = float(places.x[vertex]), float(places.y[vertex])
        ink = (theme.surface if output else theme.ink) if live else theme.quiet
        below = AGGREGATION_MARKS.get(aggregations[gene], aggregations[gene])
        if named:
            below = " ".join(filter(None, (below, *(column[gene] for column in more))))
        name = labels[diagram.node_id(vertex)] if named and not output else ""
        if kinds[gene] in drawn.marks:
            _mark_into(drawn, vertex, drawn.marks[kinds[gene]], live)
        gid = f"label-{diagram.node_id(vertex)}"
        if drawn.curves:
            points = drawn.curves[activations[gene]] * radius * (0.6, 0.45) + (x, y)
            (drawn.labels[vertex],) = axes.plot(
                *points.T, color=ink, linewidth=1.2, zorder=5, solid_capstyle="round", gid=gid
            )
            below = " ".join(filter(None, (name, below)))
        elif name:
            drawn.labels[vertex] = axes.text(
                x, y, name, size=radius * 72 * (0.74 if len(name) < 3 else 0.62), color=ink,
                ha="center", va="center_baseline", zorder=5, gid=gid,
            )  # fmt: skip
        if below:
            drawn.captions[vertex] = axes.text(
                x, y - radius - 0.03, below, size=6.5, color=theme.ink, ha="center", va="top",
                zorder=5, path_effects=[withStroke(linewidth=2.0, foreground=theme.background)],
            )  # fmt: skip


def _mark_into(drawn: Sketch, vertex: int, mark: Mark, live: bool) -> None:
    """The mark of a node's dynamics."""
    theme, places = drawn.theme, drawn.frame.places
    centre = places.x[vertex], places.y[vertex]
    on_fill = mark.inner and vertex in drawn.diagram.outputs
    ink = (theme.surface if on_fill else theme.ink) if live else theme.quiet
    path = Path.make_compound_path(*(Path(p * places.radius + centre) for p in mark.lines))
    halo = [] if mark.inner else [withStroke(linewidth=3.2, foreground=theme.background)]
    patch = PathPatch(
        path, fill=False, edgecolor=ink, linewidth=0.9 if mark.inner else 1.6, path_effects=halo,
        capstyle="butt", zorder=4.5, gid=f"dynamics-{drawn.diagram.node_id(vertex)}",
    )  # fmt: skip
    drawn.axes.add_artist(patch)
    if mark.inner:
        drawn.rings[vertex] = patch
