"""A network at work: its graph with nodes coloured by what they hold, over all ticks of all nodes.

A strip shows values or membrane potentials; where nodes fire, a raster below it shows when.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.networks.recording import Recording
from neatgrow.plotting.graph.network import sketch
from neatgrow.plotting.graph.strips import Panel, raster_into, strip_into
from neatgrow.plotting.theme import (
    VIOLET,
    Theme,
    ThemeName,
    blend,
    color_bar,
    ink_on,
    theme_of,
    value_map,
)
from neatgrow.plotting.values import at_work, levels, recorded

_ROW = 0.21  # inches of a row in the strip, if there is room for all
_TALLEST = 4.5  # inches of the strip
_RIGHT = 1.35  # inches right of the strip: ranges of inputs, colour bar; and of long ranges
_LETTER, _SHORT_RANGE = 0.07, 6  # per letter that is more than so many
_BELOW, _ABOVE = 0.5, 0.3  # inches around the strip
_PICTURE = 4.0  # inches, most that a rendered environment is high
_TITLE = 0.25  # inches that a title takes of it
_FLASH = 1.1  # radius of the ring around a node that fires, in those of the node


def draw_activity(
    genome: Genome | Network,
    inputs: ArrayLike,
    *,
    tick: int = -1,
    theme: ThemeName = "light",
    title: str | None = None,
) -> Figure:
    """What all nodes hold over time: the graph at one tick above a strip of all ticks.

    Rows of the strip are inputs, hidden nodes in evaluation order, and outputs. Nodes share
    one scale, which the colour bar shows; each input has a scale of its own, written beside
    its row. What lies beyond a scale has its full colour. :func:`animate_activity` shows the
    same tick by tick.

    Nodes with a membrane potential show that instead of their value; those that fire have a
    scale each, from rest to threshold. When they do is in a raster below the strip, with inputs
    at its bottom; the graph rings those that fire at its tick. Every tick that an observation is
    held for is shown, with lines between observations.

    Args:
        genome: What is at work, from state 0.
        inputs: (T, I), one row per observation, such as those of an episode:
            ``[step.view for step in problem.play(network)]``; or one row (I,).
        tick: Which tick the graph shows; the last by default.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.

    Returns:
        A figure. The strip is an image with ``gid`` ``strip``, (rows, ticks) by the scale of
        their row; spikes are lines with ``gid`` ``spikes``.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: Inputs have another shape or are not finite, or there is no such tick.
    """
    recording = recorded(genome, np.atleast_2d(inputs))
    if not -len(recording) <= tick < len(recording):
        raise ValueError(_checks.message("tick", f"a tick of the {len(recording)} given", tick))
    drawn = ActivityFigure(at_work(genome), recording, theme_of(theme), title)
    drawn.show(tick % len(recording))
    return drawn.figure


class ActivityFigure:
    """A figure of a network at work, in which the tick can be changed.

    Args:
        genome: What is at work.
        recording: What it held.
        theme: Colours.
        title: Text at the top.
        picture: (H, W, 3) uint8 of the environment, as large as those to come.
    """

    def __init__(
        self,
        genome: Genome,
        recording: Recording,
        theme: Theme,
        title: str | None = None,
        picture: Array | None = None,
    ) -> None:
        self._levels, self._spikes = levels(recording), recording.spikes
        fires = bool(self._levels.fires.any())
        graph = sketch(genome, theme, title=title, notes=[_flash_entry(theme)] * fires)
        self.figure, self._graph = graph.figure, graph
        # Places on the colour map.
        self._shares = np.clip(self._levels.shares, -1.0, 1.0) / 2.0 + 0.5
        self._colors = value_map(theme)
        rows, n_inputs = graph.diagram.rows, genome.n_inputs
        fired = [row for row in rows if self._levels.fires[row]]
        heights = [_height(len(rows) - n_inputs * fires)]
        if fires:
            heights.append(_height(len(fired) + n_inputs))
        below = _BELOW + sum(heights) + _ABOVE * len(heights)
        wide, high = map(float, self.figure.get_size_inches())
        # The environment is as high as the graph, or 4 inches, and as wide as its shape asks for.
        side, top = 0.0, _TITLE if title else 0.0
        if picture is not None:
            side = min(_PICTURE, high - top - 0.4) * picture.shape[1] / picture.shape[0]
        size = wide + side + 0.3 * (side > 0), high + below
        self._enlarge(graph.axes, size, below)
        self._picture = None
        if picture is not None:  # right of the graph
            tall = side * picture.shape[0] / picture.shape[1]
            place = wide, below + (high - top - tall) / 2.0, side, tall
            axes = self._axes(place, "environment")
            axes.set_axis_off()
            self._picture = axes.imshow(picture, aspect="auto", gid="environment")
        self._cursors = self._add_panels(recording, rows[n_inputs * fires :], fired, heights)
        self.flash_color = _flash_color(theme)
        self._flashes = {vertex: self._add_flash(vertex) for vertex in fired}
        self.changing: list[Artist] = [
            *graph.nodes, *graph.rings.values(), *graph.labels.values(), *self._flashes.values(),
            *graph.captions.values(), *self._cursors,
        ]  # fmt: skip
        if self._picture is not None:
            self.changing.append(self._picture)

    def show(self, tick: int, picture: Array | None = None, since: int = 1) -> None:
        """Colour nodes by what they hold at a tick, counted from 0.

        Args:
            tick: Which.
            picture: Of the environment.
            since: Ticks up to this one of which spikes are shown.
        """
        graph = self._graph
        colors = [tuple(color) for color in self._colors(self._shares[tick]).tolist()]
        for color, circle in zip(colors, graph.nodes, strict=True):
            circle.set_facecolor(color)
        for vertex, label in graph.labels.items():
            label.set_color(ink_on(colors[vertex]))
        for vertex, ring in graph.rings.items():
            ring.set_edgecolor(ink_on(colors[vertex]))
        n_inputs = graph.diagram.genome.n_inputs
        recent = self._spikes[max(tick + 1 - since, 0) : tick + 1]
        fired = set(np.flatnonzero(recent.any(axis=0)).tolist())
        for vertex, flash in self._flashes.items():
            flash.set_visible(vertex - n_inputs in fired)
        for cursor in self._cursors:
            cursor.set_xdata([tick + 1, tick + 1])
        if self._picture is not None and picture is not None:
            self._picture.set_data(picture)

    def _axes(self, place: tuple[float, float, float, float], label: str) -> Axes:
        """Axes at a place in inches: left, bottom, width and height."""
        wide, high = self.figure.get_size_inches()
        left, bottom, width, height = place
        box = left / wide, bottom / high, width / wide, height / high
        return self.figure.add_axes(box, label=label)

    def _enlarge(self, graph: Axes, size: tuple[float, float], below: float) -> None:
        """More room right of the graph and below it."""
        wide, high = map(float, self.figure.get_size_inches())
        self.figure.set_size_inches(*size)
        graph.set_position((0.0, below / size[1], wide / size[0], high / size[1]))
        inches = self.figure.dpi_scale_trans
        for legend in self.figure.findobj(Legend):
            corner = legend.get_bbox_to_anchor().transformed(inches.inverted())
            legend.set_bbox_to_anchor((corner.x0, corner.y0 + below), transform=inches)

    def _add_panels(
        self, recording: Recording, rows: list[int], fired: list[int], heights: list[float]
    ) -> list[Line2D]:
        """Strip, raster if any node fires, and colour bar below the graph.

        Args:
            recording: What the network held.
            rows: Vertices of the strip.
            fired: Vertices of nodes that may fire.
            heights: Inches of strip and raster.

        Returns:
            Lines at the tick that is shown.
        """
        diagram, wide = self._graph.diagram, float(self.figure.get_size_inches()[0])
        labels = diagram.genome.labels()
        names = {v: labels[diagram.node_id(v)] for v in range(len(diagram.genes))}
        panel = Panel(
            self._graph.theme, recording, self._levels, names, diagram.genome.n_inputs,
            diagram.genome.interface.timing.input_coding != "current",
        )  # fmt: skip
        longest = max(len(panel.range_of(row)) for row in names)
        right = _RIGHT + _LETTER * max(longest - _SHORT_RANGE, 0)
        left = 0.25 + 0.085 * max(len(name) for name in panel.names(range(len(names))))
        raster = heights[1] if fired else 0.0
        low = _BELOW + (raster + _ABOVE) * bool(fired)
        axes = self._axes((left, low, wide - left - right, heights[0]), "strip")
        image = strip_into(axes, panel, rows, diagram.genome.n_outputs, last=not fired)
        bar = color_bar(self._axes((wide - 0.72, low, 0.1, heights[0]), "bar"), image, panel.theme)
        bar.set_ticks([-1.0, 0.0, 1.0], labels=panel.scale_words())
        shown = [axes]
        if fired:
            shown.append(self._axes((left, _BELOW, wide - left - right, raster), "raster"))
            raster_into(shown[-1], panel, fired)
        cursors = [a.axvline(1.0, color=panel.theme.ink, linewidth=1.2) for a in shown]
        for cursor, gid in zip(cursors, ("cursor", "raster-cursor")):
            cursor.set(gid=gid, visible=len(recording) > 1)
        return cursors

    def _add_flash(self, vertex: int) -> Circle:
        """The ring of a node that fires."""
        graph, places = self._graph, self._graph.frame.places
        color = self.flash_color
        glow = withStroke(linewidth=4.6, foreground=blend(color, graph.theme.background, 0.65))
        ring = Circle(
            (places.x[vertex], places.y[vertex]), _FLASH * places.radius, fill=False,
            edgecolor=color, linewidth=2.8, zorder=4.8, path_effects=[glow],
            gid=f"spike-{graph.diagram.node_id(vertex)}", visible=False,
        )  # fmt: skip
        graph.axes.add_artist(ring)
        return ring


def _height(rows: int) -> float:
    """Inches of a strip of so many rows."""
    return min(max(_ROW * rows, 0.7), _TALLEST)


def _flash_color(theme: Theme) -> str:
    return VIOLET if theme.background == "#ffffff" else blend(VIOLET, theme.ink, 0.35)


def _flash_entry(theme: Theme) -> Line2D:
    """The legend's word for a flash."""
    return Line2D(
        [], [], linestyle="", marker="o", markersize=9.5, markerfacecolor="none",
        markeredgecolor=_flash_color(theme), markeredgewidth=2.0, label="fires",
    )  # fmt: skip
