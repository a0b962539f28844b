"""A network at work: its graph with nodes coloured by value, over a strip of all values."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.network import Sketch, sketch
from neatgrow.plotting.theme import (
    Theme,
    ThemeName,
    color_bar,
    ink_on,
    shortened,
    theme_of,
    value_map,
)
from neatgrow.plotting.values import activity, at_work

_ROW = 0.21  # inches of a row in the strip, if there is room for all
_TALLEST = 4.5  # inches of the strip
_RIGHT = 1.35  # inches right of the strip: ranges of inputs, colour bar
_BELOW, _ABOVE = 0.5, 0.3  # inches around the strip
_LONGEST_NAME = 18  # letters
_PICTURE = 4.0  # inches, most that a rendered environment is high


def draw_activity(
    genome: Genome | Network,
    inputs: ArrayLike,
    *,
    tick: int = -1,
    theme: ThemeName = "light",
    title: str | None = None,
) -> Figure:
    """The values of all nodes over time: the graph at one tick above a strip of all ticks.

    Rows of the strip are inputs, hidden nodes in evaluation order, and outputs. Nodes share
    one scale, which the colour bar shows; each input has a scale of its own, written beside
    its row. What lies beyond a scale has its full colour. :func:`animate_activity` shows the
    same tick by tick.

    Args:
        genome: What is at work, from state 0.
        inputs: (T, I), one row per tick, such as the observations of an episode:
            ``[step.view for step in problem.play(network)]``; or one row (I,).
        tick: Which tick the graph shows; the last by default.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.

    Returns:
        A figure. The strip is an image with ``gid`` ``strip``, (rows, T) values by the scale
        of their row.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: Inputs have another shape or are not finite, or there is no such tick.
    """
    values = activity(genome, np.atleast_2d(inputs))
    if not -len(values) <= tick < len(values):
        raise ValueError(_checks.message("tick", f"a tick of the {len(values)} given", tick))
    drawn = ActivityFigure(at_work(genome), values, theme_of(theme), title)
    drawn.show(tick % len(values))
    return drawn.figure


class ActivityFigure:
    """A figure of a network at work, in which the tick can be changed.

    Args:
        genome: What is at work.
        values: (T, nodes) of all nodes, as :func:`neatgrow.plotting.values.activity` gives them.
        theme: Colours.
        title: Text at the top.
        picture: (H, W, 3) uint8 of the environment, as large as those to come.
    """

    def __init__(
        self,
        genome: Genome,
        values: Array,
        theme: Theme,
        title: str | None = None,
        picture: Array | None = None,
    ) -> None:
        graph = sketch(genome, theme, title=title)
        self.figure, self._nodes, self._labels = graph.figure, graph.nodes, graph.labels
        rows = graph.diagram.rows
        scale = scales(values, genome.n_inputs)
        self._shares = np.clip(values / scale, -1.0, 1.0) / 2.0 + 0.5  # places on the colour map
        self._colors = value_map(theme)
        wide, high = map(float, self.figure.get_size_inches())
        below = _BELOW + min(max(_ROW * len(rows), 0.7), _TALLEST) + _ABOVE
        # The environment is as high as the graph, or 4 inches, and as wide as its shape asks for.
        side = 0.0
        if picture is not None:
            side = min(_PICTURE, high - 0.4) * picture.shape[1] / picture.shape[0]
        size = wide + side + 0.3 * (side > 0), high + below
        self._enlarge(graph.axes, size, below)
        self._picture = None
        if picture is not None:  # right of the graph
            tall = side * picture.shape[0] / picture.shape[1]
            place = wide, below + (high - tall) / 2.0, side, tall
            axes = self._axes(place, "environment")
            axes.set_axis_off()
            self._picture = axes.imshow(picture, aspect="auto", gid="environment")
        self._cursor = self._add_strip(graph, (values / scale)[:, rows].T, scale[rows], below)
        self.changing: list[Artist] = [*self._nodes, *self._labels.values(), self._cursor]
        if self._picture is not None:
            self.changing.append(self._picture)

    def show(self, tick: int, picture: Array | None = None) -> None:
        """Colour nodes by their values at a tick, counted from 0."""
        colors = [tuple(color) for color in self._colors(self._shares[tick]).tolist()]
        for color, circle in zip(colors, self._nodes, strict=True):
            circle.set_facecolor(color)
        for vertex, label in self._labels.items():
            label.set_color(ink_on(colors[vertex]))
        self._cursor.set_xdata([tick + 1, tick + 1])
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

    def _add_strip(self, graph: Sketch, shown: Array, scale: Array, below: float) -> Line2D:
        """The strip (rows, T) below the graph, its names, ranges and colour bar.

        Returns:
            The line at the tick that is shown.
        """
        theme, diagram = graph.theme, graph.diagram
        count, ticks = shown.shape
        labels = diagram.genome.labels()
        names = [shortened(labels[diagram.node_id(v)], _LONGEST_NAME) for v in diagram.rows]
        wide = float(self.figure.get_size_inches()[0])
        left, high = 0.25 + 0.085 * max(map(len, names)), below - _BELOW - _ABOVE
        axes = self._axes((left, _BELOW, wide - left - _RIGHT, high), "strip")
        axes.set_facecolor(theme.background)
        image = axes.imshow(
            shown, aspect="auto", cmap=self._colors, vmin=-1.0, vmax=1.0, gid="strip",
            extent=(0.5, ticks + 0.5, count - 0.5, -0.5),
            interpolation="nearest" if count <= 100 * high and ticks <= 500 else "antialiased",
        )  # fmt: skip
        n_inputs, n_outputs = diagram.genome.n_inputs, diagram.genome.n_outputs
        for edge in {n_inputs, count - n_outputs}:
            axes.axhline(edge - 0.5, color=theme.background, linewidth=2.5)
        axes.spines[:].set_visible(False)
        size = min(8.5, max(0.72 * 72.0 * high / count, 5.0))
        every = max(1, int(np.ceil(size * 1.1 / 72.0 / (high / count))))  # so many rows, a name
        axes.set_yticks(range(0, count, every), names[::every], size=size, parse_math=False)
        axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, length=0)
        axes.tick_params(axis="x", length=3, labelsize=8.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("tick", color=theme.ink, fontsize=9.5)
        for k in range(0, n_inputs, every):
            axes.text(
                ticks + 0.5, k, f"  ±{_short(scale[k])}", size=0.9 * size, color=theme.quiet,
                va="center_baseline", clip_on=False, gid=f"range-{k}",
            )  # fmt: skip
        limit = _short(scale[-1])
        bar = color_bar(self._axes((wide - 0.72, _BELOW, 0.1, high), "bar"), image, theme)
        bar.set_ticks([-1.0, 0.0, 1.0], labels=[f"−{limit}", "0", limit])
        cursor = axes.axvline(1.0, color=theme.ink, linewidth=1.2, gid="cursor")
        cursor.set_visible(ticks > 1)
        return cursor


def scales(values: Array, n_inputs: int) -> Array:
    """Value of full colour: of each input its largest, of all nodes together likewise.

    Of a few values that stand out far the scale takes no notice.
    """
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    scale = size.max(axis=0)
    nodes = size[:, n_inputs:]
    usual = float(np.quantile(nodes, 0.98))
    scale[n_inputs:] = nodes.max() if nodes.max() <= 3.0 * usual else usual
    return np.where(scale > 0.0, scale, 1.0)


def _short(number: float) -> str:
    """Two digits, without an exponent where it can be read without."""
    return f"{float(f'{number:.2g}'):g}"
