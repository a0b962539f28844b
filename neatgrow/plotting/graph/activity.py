"""A network at work: its graph with nodes coloured by value, over a strip of all values."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.network import Sketch, sketch
from neatgrow.plotting.theme import Theme, ThemeName, ink_on, theme_of, value_map
from neatgrow.plotting.values import activity, drawable

_ROW = 0.21  # inches of a row in the strip, if there is room for all
_TALLEST = 4.5  # inches of the strip
_RIGHT = 1.35  # inches right of the strip: ranges of inputs, colour bar
_BELOW, _ABOVE = 0.5, 0.3  # inches around the strip
_LONGEST_NAME = 18  # letters
_PICTURE = 4.0  # inches, most that a rendered environment is high


@dataclass(frozen=True)
class Board:
    """A figure of a network at work, in which the tick can be changed.

    Attributes:
        figure: The figure.
        graph: The drawn genome.
        values: (T, nodes) as :func:`neatgrow.plotting.values.activity` gives them.
        scale: (nodes,) value that has the full colour.
        strip: Image of all values.
        cursor: Line at the tick shown.
        labels: Names or curves in nodes, by vertex.
        picture: The rendered environment, if there is one.
    """

    figure: Figure
    graph: Sketch
    values: Array
    scale: Array
    strip: AxesImage
    cursor: Line2D
    labels: dict[int, Text | Line2D]
    picture: AxesImage | None

    def show(self, tick: int, picture: Array | None = None) -> None:
        """Colour nodes by their values at a tick, counted from 0."""
        colors = value_map(self.graph.theme)(self._share(tick))
        for vertex, circle in enumerate(self.graph.nodes):
            circle.set_facecolor(tuple(colors[vertex].tolist()))
        for vertex, label in self.labels.items():
            label.set_color(ink_on(tuple(colors[vertex].tolist())))
        self.cursor.set_xdata([tick + 1, tick + 1])
        if self.picture is not None and picture is not None:
            self.picture.set_data(picture)

    def _share(self, tick: int) -> Array:
        """Values as positions on the colour map, 0 to 1."""
        share: Array = np.clip(self.values[tick] / self.scale, -1.0, 1.0) / 2.0 + 0.5
        return share


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
    made = board(drawable(genome), values, theme_of(theme), title=title)
    made.show(tick % len(values))
    return made.figure


def board(
    genome: Genome,
    values: Array,
    theme: Theme,
    *,
    title: str | None = None,
    picture: Array | None = None,
) -> Board:
    """The figure of a network at work, before any tick is shown.

    Args:
        genome: What is at work.
        values: (T, nodes) of all nodes.
        theme: Colours.
        title: Text at the top.
        picture: (H, W, 3) uint8 of the environment, as large as those to come.
    """
    graph = sketch(genome, theme, title=title)
    figure, diagram = graph.figure, graph.diagram
    n_inputs, outputs = genome.n_inputs, diagram.outputs
    hidden = [v for v in range(n_inputs, len(diagram.genes)) if v not in set(outputs)]
    rows = [*range(n_inputs), *hidden, *outputs]
    scale = scales(values, n_inputs)
    wide, high = map(float, figure.get_size_inches())
    side = 0.0
    if picture is not None:
        side = min(_PICTURE, high - 0.4) * picture.shape[1] / picture.shape[0]
    below = _BELOW + min(max(_ROW * len(rows), 0.7), _TALLEST) + _ABOVE
    _enlarge(figure, graph.axes, (wide + side + 0.3 * (side > 0), high + below), below)
    image = None
    if picture is not None:
        for text in graph.axes.texts:
            if text.get_gid() == "title":
                text.set_x((wide + side) / 2.0)
        image = _add_picture(figure, picture, wide, below + high / 2.0, side)
    strip, cursor = _add_strip(graph, (values / scale)[:, rows].T, rows, scale, below)
    return Board(figure, graph, values, scale, strip, cursor, graph.labels, image)


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


def _enlarge(figure: Figure, axes: Axes, size: tuple[float, float], below: float) -> None:
    """More room right of a sketch and below it."""
    wide, high = map(float, figure.get_size_inches())
    figure.set_size_inches(*size)
    axes.set_position((0.0, below / size[1], wide / size[0], high / size[1]))
    inches = figure.dpi_scale_trans
    for legend in figure.findobj(Legend):
        corner = legend.get_bbox_to_anchor().transformed(inches.inverted())
        legend.set_bbox_to_anchor((corner.x0, corner.y0 + below), transform=inches)


def _add_picture(
    figure: Figure, picture: Array, left: float, middle: float, width: float
) -> AxesImage:
    """The environment, right of the graph."""
    high = width * picture.shape[0] / picture.shape[1]
    wide, tall = figure.get_size_inches()
    axes = figure.add_axes(
        (left / wide, (middle - high / 2.0) / tall, width / wide, high / tall), label="environment"
    )
    axes.set_axis_off()
    return axes.imshow(picture, aspect="auto", gid="environment")


def _add_strip(
    graph: Sketch, shown: Array, rows: list[int], scale: Array, below: float
) -> tuple[AxesImage, Line2D]:
    """The strip below the graph, its names, ranges and colour bar; and the tick's line."""
    figure, theme, diagram = graph.figure, graph.theme, graph.diagram
    wide, tall = map(float, figure.get_size_inches())
    names = [diagram.genome.labels()[diagram.node_id(v)] for v in rows]
    names = [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in names]
    left = 0.25 + 0.085 * max(map(len, names))
    high = below - _BELOW - _ABOVE
    box = (left / wide, _BELOW / tall, (wide - left - _RIGHT) / wide, high / tall)
    axes = figure.add_axes(box, label="strip")
    axes.set_facecolor(theme.background)
    count, ticks = shown.shape
    image = axes.imshow(
        shown, aspect="auto", cmap=value_map(theme), vmin=-1.0, vmax=1.0, gid="strip",
        extent=(0.5, ticks + 0.5, count - 0.5, -0.5),
        interpolation="nearest" if count <= 100 * high and ticks <= 500 else "antialiased",
    )  # fmt: skip
    n_inputs, n_outputs = diagram.genome.n_inputs, diagram.genome.n_outputs
    for edge in {n_inputs, count - n_outputs}:
        axes.axhline(edge - 0.5, color=theme.background, linewidth=2.5)
    for side in axes.spines.values():
        side.set_visible(False)
    size = min(8.5, max(0.72 * 72.0 * high / count, 5.0))
    every = max(1, int(np.ceil(size * 1.1 / 72.0 / (high / count))))
    named = range(0, count, every)
    axes.set_yticks(list(named), [names[k] for k in named], size=size, parse_math=False)
    axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, length=0)
    axes.tick_params(axis="x", length=3, labelsize=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("tick", color=theme.ink, fontsize=9.5)
    for k in range(0, n_inputs, every):
        axes.text(
            ticks + 0.5, k, f"  ±{_short(scale[rows[k]])}", size=0.9 * size, color=theme.quiet,
            va="center_baseline", clip_on=False, gid=f"range-{rows[k]}",
        )  # fmt: skip
    bar_axes = figure.add_axes(((wide - 0.72) / wide, box[1], 0.1 / wide, box[3]), label="bar")
    bar = Colorbar(bar_axes, image)
    limit = float(scale[rows[-1]])
    bar.set_ticks([-1.0, 0.0, 1.0], labels=[f"−{_short(limit)}", "0", _short(limit)])
    bar_axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, labelsize=8.5, length=2)
    bar.outline.set_visible(False)
    cursor = axes.axvline(1.0, color=theme.ink, linewidth=1.2, gid="cursor")
    cursor.set_visible(ticks > 1)
    return image, cursor


def _short(number: float) -> str:
    """Two digits, without an exponent where it can be read without."""
    return f"{float(f'{number:.2g}'):g}"
