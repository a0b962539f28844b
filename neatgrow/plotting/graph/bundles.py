"""Hundreds of connections in one picture: straight courses, drawn as one artist.

Weak connections are thin and pale and lie below strong ones. What carries the last tick's
values is dashed and bows to the left of its course, so that its direction shows without
arrow heads.
"""

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path

from neatgrow.plotting.graph.frame import Frame
from neatgrow.plotting.graph.layers import Diagram
from neatgrow.plotting.graph.legend import DOTS, Strokes, dashes
from neatgrow.plotting.theme import Theme, blend

_HALO = 0.8  # points of background beside a connection, where it crosses others
_HALOED = 0.25  # strength from which it has them


def draw_bundle(
    axes: Axes, diagram: Diagram, frame: Frame, theme: Theme, change: bool, strokes: Strokes
) -> None:
    """All connections as one collection, in the order of ``frame.routes`` by strength.

    Args:
        axes: In inches.
        diagram: What to draw.
        frame: Where.
        theme: Colours.
        change: Whether weights are differences: those of 0 are then grey and thin.
        strokes: How weights become lines.
    """
    genome = diagram.genome
    weights = [float(genome.weight[route.wire.gene]) for route in frame.routes]
    strength = [strokes.strength(weight) for weight in weights]
    live = [route.wire.live for route in frame.routes]
    order = sorted(range(len(live)), key=lambda k: (live[k], strength[k]))
    paths: list[Path] = []
    colors: list[str] = []
    widths: list[float] = []
    styles: list[object] = []

    def add(path: Path, color: str, width: float, style: object) -> None:
        paths.append(path)
        colors.append(color)
        widths.append(width)
        styles.append(style)

    for k in order:
        wire, path = frame.routes[k].wire, frame.routes[k].path
        width = strokes.width(weights[k])
        color = theme.positive if weights[k] >= 0 else theme.negative
        color = blend(color, theme.background, strokes.paleness(weights[k]))
        if not wire.live or (change and weights[k] == 0.0):
            color, width = blend(theme.quiet, theme.background, 0.6), 0.5
        elif strength[k] > _HALOED:
            add(path, theme.background, width + 2.0 * _HALO, "-")
        style = dashes(width) if wire.delayed else "-"
        add(path, color, width, style if genome.enabled[wire.gene] else DOTS)
    axes.add_collection(
        PathCollection(
            paths, facecolors="none", edgecolors=colors, linewidths=widths, linestyles=styles,
            capstyle="butt", zorder=2.0, gid="connections",
        ),
        autolim=False,
    )  # fmt: skip
