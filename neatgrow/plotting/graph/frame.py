"""From diagram to inches: how large a picture is and where in it everything lands."""

from dataclasses import dataclass

import numpy as np

from neatgrow.plotting.graph.layers import Diagram
from neatgrow.plotting.graph.routes import Places, Route, routes

_WIDEST, _TALLEST = 15.0, 9.5  # inches that a picture takes of its own accord
_NARROWEST = 5.0


@dataclass(frozen=True)
class Margins:
    """Room for names, title and legend, inches."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Frame:
    """A laid out picture."""

    size: tuple[float, float]  # width and height, inches
    places: Places
    routes: list[Route]


def natural_pitch(diagram: Diagram, figsize: tuple[float, float] | None) -> float:
    """Height of a node's place in a column, inches: smaller in tall diagrams."""
    span = max(float(np.ptp(diagram.height)), 1.0)
    if figsize is not None:
        return min(max(figsize[1] - 1.0, 0.5) / span, 0.8)
    usual = 7.0 if diagram.dense else 4.2
    return min(max(usual / span, 0.36), 0.72, (_TALLEST - 1.0) / span)


def natural_width(diagram: Diagram, margins: Margins) -> float:
    """Width that gives columns room, inches."""
    last = len(diagram.columns) - 1
    gap = min(max(9.0 / last, 0.62), 1.5)
    return min(max(margins.left + last * gap + margins.right, _NARROWEST), _WIDEST)


def fit(
    diagram: Diagram,
    margins: Margins,
    width: float,
    pitch: float,
    *,
    height: float | None,
    below: float,
) -> Frame:
    """Places and routes in a picture of a width; its height follows unless it is given.

    Tracks above and below the nodes need room that is known only once they are routed, so a
    given height is met by routing again with less room for nodes.

    Args:
        diagram: What to lay out.
        margins: Room around it, inches, like all lengths here.
        width: Of the picture.
        pitch: Height of a node's place.
        height: Of the picture, or ``None`` for what it needs.
        below: Room for captions under nodes.
    """
    gap = max(width - margins.left - margins.right, 0.5) / (len(diagram.columns) - 1)
    x = margins.left + gap * np.array(diagram.layer)
    for _ in range(4):
        radius = min(0.15, 0.31 * pitch, 0.17 * gap)
        places = Places(x, diagram.height * pitch, radius, gap, below)
        found = routes(diagram, places)
        nodes, ways = places.y[: len(diagram.genes)], [r.path.get_extents() for r in found]
        low = min([nodes.min() - radius - below, *(way.y0 for way in ways)]) - 0.03
        high = max([nodes.max() + radius, *(way.y1 for way in ways)]) + 0.03
        needed = high - low + margins.top + margins.bottom
        if height is None or needed <= height + 1e-6:
            break
        span = float(np.ptp(diagram.height)) * pitch
        pitch *= max(1.0 - (needed - height) / max(span, 1e-9), 0.25)
    size = width, height if height is not None else max(needed, 2.0)
    free = size[1] - margins.top - margins.bottom - (high - low)
    shift = margins.bottom + free / 2.0 - low
    places = Places(x, places.y + shift, radius, gap, below)
    return Frame(size, places, routes(diagram, places))
