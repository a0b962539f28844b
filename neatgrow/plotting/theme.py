"""Colours of pictures, light and dark, and figures without pyplot."""

from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.typing import ColorType

from neatgrow import _checks

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours by meaning.

    Attributes:
        background: Of the figure.
        ink: Text and outlines.
        quiet: Axes, captions, what is disabled or reaches no output.
        surface: Fill of hidden nodes.
        input: Fill of inputs.
        output: Fill of outputs.
        positive: Weights above 0. With ``negative`` a pair that colour-blind people tell apart.
        negative: Weights below 0.
    """

    background: str
    ink: str
    quiet: str
    surface: str
    input: str
    output: str
    positive: str
    negative: str


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
    figure: Figure, theme: Theme, place: SubplotSpec | None = None, **labels: str
) -> Axes:
    """Axes for a chart: two spines, faint horizontal grid, labels of x and y."""
    axes = figure.add_subplot(*([] if place is None else [place]), facecolor=theme.background)
    style: dict[str, Any] = {"colors": theme.quiet, "labelcolor": theme.ink, "labelsize": 9}
    axes.tick_params(**style, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(theme.quiet)
    axes.grid(axis="y", color=blend(theme.quiet, theme.background, 0.75), linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(labels["x"], color=theme.ink, fontsize=10)
    axes.set_ylabel(labels["y"], color=theme.ink, fontsize=10)
    return axes


def value_map(theme: Theme) -> Colormap:
    """Colours of values from −1 to 1: those of weights, through a neutral middle."""
    middle = "#f1f3f5" if theme.background == "#ffffff" else "#232a31"
    colors = LinearSegmentedColormap.from_list("values", [theme.negative, middle, theme.positive])
    return colors.with_extremes(bad=theme.quiet)
