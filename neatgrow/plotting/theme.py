"""Colours of pictures, light and dark, figures without pyplot, and what charts have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import ColorType

from neatgrow import _checks

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours by meaning."""

    background: str  # of the figure
    ink: str  # text and outlines
    quiet: str  # axes, captions, what is disabled or reaches no output
    surface: str  # fill of hidden nodes
    input: str  # fill of inputs
    output: str  # fill of outputs
    positive: str  # weights above 0; with ``negative`` a pair that colour-blind people tell apart
    negative: str  # weights below 0


THEMES = {
    "light": Theme(
        background="#ffffff", ink="#1f2933", quiet="#8a96a3", surface="#ffffff",
        input="#d5dce4", output="#1f2933", positive="#1769aa", negative="#d9580d",
    ),
    "dark": Theme(
        background="#11151a", ink="#e8edf2", quiet="#77828e", surface="#11151a",
        input="#47525e", output="#e8edf2", positive="#58b4f0", negative="#f58a3c",
    ),
}  # fmt: skip


VIOLET = "#8f6fc4"
"""For a third kind of thing, in both themes."""


def theme_of(name: str) -> Theme:
    """The theme of that name.

    Raises:
        ValueError: There is none.
    """
    return THEMES[_checks.one_of("theme", name, THEMES)]


def blend(color: str, towards: str, share: float) -> str:
    """``color`` with a share of another mixed in: opaque, so crossings do not darken."""
    r, g, b = (
        (1.0 - share) * x + share * y for x, y in zip(to_rgb(color), to_rgb(towards), strict=True)
    )
    return to_hex((r, g, b))


def ink_on(color: ColorType) -> str:
    """Dark or light, what can be read on a colour; lightness by ITU-R BT.601."""
    r, g, b = to_rgb(color)
    return THEMES["light" if 0.299 * r + 0.587 * g + 0.114 * b > 0.5 else "dark"].ink


def new_figure(theme: Theme, figsize: tuple[float, float]) -> Figure:
    """An empty figure with a canvas of its own: no window, nothing to close."""
    figure = Figure(figsize=figsize, facecolor=theme.background)
    FigureCanvasAgg(figure)
    return figure


def chart_axes(
    figure: Figure, theme: Theme, x: str, y: str, place: SubplotSpec | None = None
) -> Axes:
    """Axes for a chart: two spines, faint horizontal grid, labels of x and y."""
    axes = figure.add_subplot(*([] if place is None else [place]), facecolor=theme.background)
    axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, labelsize=9, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.quiet)
    axes.grid(axis="y", color=blend(theme.quiet, theme.background, 0.75), linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(x, color=theme.ink, fontsize=10, parse_math=False)
    axes.set_ylabel(y, color=theme.ink, fontsize=10, parse_math=False)
    return axes


def chart(
    draw: Callable[[Axes, Theme], None],
    labels: tuple[str, str],
    theme: ThemeName,
    title: str | None,
    figsize: tuple[float, float],
) -> Figure:
    """A figure of one chart: what draws it, and the labels of its axes."""
    colors = theme_of(theme)
    figure = new_figure(colors, figsize)
    draw(chart_axes(figure, colors, *labels), colors)
    finish(figure, title, colors)
    return figure


def finish(figure: Figure, title: str | None, theme: Theme) -> None:
    """Title and layout of charts."""
    if title:
        figure.suptitle(title, color=theme.ink, fontsize=13, parse_math=False)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.1)


def legend_into(axes: Axes, theme: Theme, **options: Any) -> None:
    """What the lines of a chart are; by default in one row above it."""
    if "loc" not in options:
        options = {
            "loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 4, "fontsize": 9.5,
            "borderaxespad": 0.2, "borderpad": 0.1, **options,
        }  # fmt: skip
    axes.legend(**{"frameon": False, "labelcolor": theme.ink, "fontsize": 8.5, **options})


def over_steps(axes: Axes) -> None:
    """Whole numbers from edge to edge."""
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def color_bar(axes: Axes, image: ScalarMappable, theme: Theme) -> Colorbar:
    """What the colours of an image mean, on axes of its own."""
    bar = Colorbar(axes, image)
    axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, labelsize=8.5, length=2)
    bar.outline.set_visible(False)
    return bar


def shortened(text: str, longest: int) -> str:
    """Text of at most so many letters, of which the last may be an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def spread(count: int, most: int) -> list[int]:
    """At most so many of ``count`` rows, evenly, the first and the last among them."""
    rows: list[int] = np.unique(np.linspace(0, count - 1, min(count, most)).astype(int)).tolist()
    return rows


def value_map(theme: Theme) -> Colormap:
    """Colours of values from −1 to 1: those of weights, through a neutral middle."""
    middle = "#f1f3f5" if theme.background == "#ffffff" else "#232a31"
    colors = LinearSegmentedColormap.from_list("values", [theme.negative, middle, theme.positive])
    return colors.with_extremes(bad=theme.quiet)
