"""What colours, widths and dashes mean, in one or two lines below a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.path import Path

from neatgrow._types import Array
from neatgrow.plotting.graph.layers import Diagram
from neatgrow.plotting.theme import Theme, blend

_THIN, _THICK = 0.8, 3.8  # points, a weight of 0 and the strongest
_FADED = 0.5  # share of background in the weakest connection's colour
_CROWD = 1000  # connections from which lines are thinnest and palest
_SPACING = 0.08  # inches between lines of the legend
DOTS = (0.0, (1.0, 2.0))  # disabled


@dataclass(frozen=True)
class Strokes:
    """How weights become lines.

    Attributes:
        strongest: Largest |w| drawn; 0 without connections.
        thickest: Width of its line in points; less in crowded pictures.
        crowd: 0, or in a crowd 0.4 to 1 with the number of connections: weak ones step back.
    """

    strongest: float
    thickest: float
    crowd: float = 0.0

    def strength(self, weight: float) -> float:
        """√(|w| / strongest): the root spreads out the many small weights.

        In a crowd it is |w| / strongest, which singles out the few large ones.
        """
        share = min(abs(weight) / self.strongest, 1.0) if self.strongest else 0.0
        return math.sqrt(share) if self.crowd == 0.0 else share ** (0.5 + 0.5 * self.crowd)

    def width(self, weight: float) -> float:
        """Points."""
        thin = _THIN - 0.45 * self.crowd
        return thin + (self.thickest - thin) * self.strength(weight)

    def paleness(self, weight: float) -> float:
        """Share of the background in the colour."""
        return (_FADED + 0.35 * self.crowd) * (1.0 - self.strength(weight))


def strokes_of(diagram: Diagram) -> Strokes:
    """Strokes for the weights of a diagram."""
    weights = np.abs(diagram.genome.weight[[wire.gene for wire in diagram.wires]])
    crowd = min(max((len(diagram.wires) - 30) / 170.0, 0.0), 1.0)
    pale = min(max(len(diagram.wires) / _CROWD, 0.4), 1.0) if diagram.crowded else 0.0
    return Strokes(float(weights.max(initial=0.0)), _THICK - 1.4 * crowd, pale)


def dashes(width: float) -> tuple[float, tuple[float, float]]:
    """Line style of delayed connections; matplotlib multiplies it by the width."""
    return 0.0, ((3.2 + 0.9 * width) / width, (2.0 + 0.5 * width) / width)


def add_legend(
    figure: Figure,
    diagram: Diagram,
    theme: Theme,
    curves: dict[str, Array],
    notes: Sequence[Line2D] = (),
    prefix: str = "",
) -> float:
    """Write the legend at the figure's bottom.

    Args:
        figure: Of its final width.
        diagram: What is drawn.
        theme: Colours.
        curves: Activations to explain.
        notes: Further entries.
        prefix: What weights are called.

    Returns:
        Height that it takes, inches.
    """
    bottom = 0.1
    groups = [_activations(theme, curves), [*_strokes(diagram, theme, prefix), *notes]]
    for handles in groups:
        if handles:
            bottom += _add_rows(figure, theme, handles, bottom) + _SPACING
    return bottom


def _add_rows(figure: Figure, theme: Theme, handles: list[Line2D], bottom: float) -> float:
    """One legend, in as many rows as the width asks for; returns its height in inches."""
    width = float(figure.get_size_inches()[0]) - 0.2
    for rows in range(1, len(handles) + 1):
        legend = Legend(
            figure, handles, [str(h.get_label()) for h in handles],
            ncols=math.ceil(len(handles) / rows), loc="lower center", frameon=False,
            bbox_to_anchor=(width / 2 + 0.1, bottom), bbox_transform=figure.dpi_scale_trans,
            fontsize=8.5, labelcolor=theme.ink, handlelength=2.0, handletextpad=0.5,
            columnspacing=1.3, borderpad=0.0, borderaxespad=0.0,
        )  # fmt: skip
        legend.set_gid("legend")
        figure.add_artist(legend)
        extent = legend.get_window_extent()
        if extent.width / figure.dpi <= width or rows == len(handles):
            return float(extent.height / figure.dpi)
        legend.remove()
    return 0.0


def _strokes(diagram: Diagram, theme: Theme, prefix: str) -> list[Line2D]:
    """Weights from the strongest negative to the strongest positive, then kinds of line."""
    weights = diagram.genome.weight[[wire.gene for wire in diagram.wires]]
    strokes = strokes_of(diagram)
    handles = []
    samples = [strokes.strongest, strokes.strongest / 5.0]
    signs = [(-1, w) for w in samples] + [(1, w) for w in samples[::-1]]
    for sign, size in signs:
        if strokes.strongest and (weights * sign > 0).any():
            color = theme.positive if sign > 0 else theme.negative
            if diagram.crowded:
                color = blend(color, theme.background, strokes.paleness(size))
            label = f"{prefix}{'+' if sign > 0 else '−'}{size:.2g}"
            handles.append(_line(color, strokes.width(size), "-", label))
    if any(wire.delayed for wire in diagram.wires):
        handles.append(_line(theme.quiet, 1.6, dashes(1.6), "delayed by one tick"))
    if not diagram.genome.enabled[[wire.gene for wire in diagram.wires]].all():
        handles.append(_line(theme.quiet, 1.2, DOTS, "disabled"))
    return handles


def _line(color: str, width: float, style: object, label: str) -> Line2D:
    return Line2D([], [], color=color, linewidth=width, linestyle=style, label=label)  # type: ignore[arg-type]


def _activations(theme: Theme, curves: dict[str, Array]) -> list[Line2D]:
    return [
        Line2D(
            [], [], linestyle="", marker=Path(points * (1.0, 0.7)), markersize=11.0,
            markerfacecolor="none", markeredgecolor=theme.ink, markeredgewidth=1.2, label=name,
        )
        for name, points in curves.items()
    ]  # fmt: skip
