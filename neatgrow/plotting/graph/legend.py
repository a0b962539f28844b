"""What colours, widths and dashes mean, in one or two lines below a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.path import Path

from neatgrow._types import Array
from neatgrow.plotting.graph.layers import Diagram
from neatgrow.plotting.graph.marks import Mark
from neatgrow.plotting.theme import Theme, blend

_THIN, _THICK = 0.8, 3.8  # points, a weight of 0 and the strongest
_FADED = 0.5  # share of background in the weakest connection's colour
_DENSEST = 1000  # connections from which lines are thinnest and palest
_SPACING = 0.08  # inches between lines of the legend
DOTS = (0.0, (1.0, 2.0))  # disabled


@dataclass(frozen=True)
class Strokes:
    """How weights become lines."""

    strongest: float  # largest |w| drawn; 0 without connections
    thickest: float  # points, width of its line; less where there are many
    density: float = 0.0  # 0, or in a dense graph 0.4 to 1: weak connections step back

    def strength(self, weight: float) -> float:
        """√(|w| / strongest): the root spreads out the many small weights.

        In a dense graph it is |w| / strongest, which singles out the few large ones.
        """
        share = min(abs(weight) / self.strongest, 1.0) if self.strongest else 0.0
        return math.sqrt(share) if self.density == 0.0 else share ** (0.5 + 0.5 * self.density)

    def width(self, weight: float) -> float:
        """Points."""
        thin = _THIN - 0.45 * self.density
        return thin + (self.thickest - thin) * self.strength(weight)

    def paleness(self, weight: float) -> float:
        """Share of the background in the colour."""
        return (_FADED + 0.35 * self.density) * (1.0 - self.strength(weight))


def strokes_of(diagram: Diagram) -> Strokes:
    """Strokes for the weights of a diagram."""
    weights = np.abs(diagram.genome.weight[[wire.gene for wire in diagram.wires]])
    thinner = min(max((len(diagram.wires) - 30) / 170.0, 0.0), 1.0)
    density = min(max(len(diagram.wires) / _DENSEST, 0.4), 1.0) if diagram.dense else 0.0
    return Strokes(float(weights.max(initial=0.0)), _THICK - 1.4 * thinner, density)


def dashes(width: float) -> tuple[float, tuple[float, float]]:
    """Line style of delayed connections; matplotlib multiplies it by the width."""
    return 0.0, ((3.2 + 0.9 * width) / width, (2.0 + 0.5 * width) / width)


def add_legend(
    figure: Figure,
    diagram: Diagram,
    theme: Theme,
    curves: dict[str, Array],
    marks: dict[str, Mark],
    notes: Sequence[Line2D] = (),
    prefix: str = "",
) -> float:
    """Write the legend at the figure's bottom.

    Args:
        figure: Of its final width.
        diagram: What is drawn.
        theme: Colours.
        curves: Activations to explain.
        marks: Dynamics likewise.
        notes: Further entries.
        prefix: What weights are called.

    Returns:
        Height that it takes, inches.
    """
    activations = [
        Line2D(
            [], [], linestyle="", marker=Path(points * (1.0, 0.7)), markersize=11.0,
            markerfacecolor="none", markeredgecolor=theme.ink, markeredgewidth=1.2, label=name,
        )
        for name, points in curves.items()
    ]  # fmt: skip
    circle = Path.unit_circle()
    dynamics = [
        Line2D(
            [], [], linestyle="", marker=Path.make_compound_path(circle, *map(Path, mark.lines)),
            markersize=9.5 if mark.inner else 13.0, markerfacecolor="none",
            markeredgecolor=theme.ink, markeredgewidth=0.9, label=mark.words,
        )
        for mark in marks.values()
    ]  # fmt: skip
    bottom = 0.1
    for handles in ([*activations, *dynamics], [*_strokes(diagram, theme, prefix), *notes]):
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
        if extent.width / figure.dpi <= width:
            break
        if rows < len(handles):
            legend.remove()
    return float(extent.height) / figure.dpi


def _strokes(diagram: Diagram, theme: Theme, prefix: str) -> list[Line2D]:
    """Weights from the strongest negative to the strongest positive, then kinds of line."""
    genes = [wire.gene for wire in diagram.wires]
    weights, strokes = diagram.genome.weight[genes], strokes_of(diagram)
    handles = []
    for size in (-1.0, -0.2, 0.2, 1.0):
        weight = size * strokes.strongest
        if (weights * weight > 0).any():
            color = theme.positive if weight > 0 else theme.negative
            if diagram.dense:
                color = blend(color, theme.background, strokes.paleness(weight))
            label = f"{prefix}{'+' if weight > 0 else '−'}{abs(weight):.2g}"
            handles.append(line_entry(color, strokes.width(weight), label))
    if any(wire.delayed for wire in diagram.wires):
        handles.append(line_entry(theme.quiet, 1.6, "delayed by one tick", dashes(1.6)))
    if not diagram.genome.enabled[genes].all():
        handles.append(line_entry(theme.quiet, 1.2, "disabled", DOTS))
    return handles


def line_entry(color: str, width: float, label: str, style: Any = "-") -> Line2D:
    """A line of the legend."""
    return Line2D([], [], color=color, linewidth=width, linestyle=style, label=label)
