"""How connections run between placed nodes: curves to the right, tracks back, loops.

All lengths are inches.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from matplotlib.path import Path

from neatgrow._types import Array
from neatgrow.plotting.graph.layers import Diagram, Wire

_STEP = 0.05  # between heights tried for a track
_APART = 0.11  # between tracks side by side
_CLEAR = 0.09  # between a track and a node
_STEEPEST = 0.7  # slope at a bend, so that a wire stays clear of the nodes beside it
_LOOP_MIDDLE, _LOOP_RADIUS = 1.75, 0.95  # of a self-loop, in its node's radii
_BOW = 0.22  # of a dense graph's ways back, in lengths of the way
_SHOULDER = 0.62  # height at which tracks meet a node, in radii off its middle


@dataclass(frozen=True)
class Places:
    """Where vertices stand."""

    x: Array  # of every vertex
    y: Array
    radius: float  # of nodes
    gap: float  # between columns
    below: float = 0.0  # room for a caption under each node

    @property
    def head(self) -> float:
        """Length of arrow heads."""
        return min(0.09, 0.9 * self.radius)


@dataclass(frozen=True)
class Route:
    """The course of one connection."""

    wire: Wire
    path: Path
    tip: tuple[float, float] | None = None  # where its arrow head ends, if it has one
    heading: float = 0.0  # of the arrow head, radians


def routes(diagram: Diagram, places: Places) -> list[Route]:
    """The course of every connection, clear of nodes that it does not touch.

    Where columns or nodes stand closer than tracks need, a track may graze a node. In a dense
    graph what leads back has no track but bows, and nothing has an arrow head.
    """
    found, back = [], []
    for wire in diagram.wires:
        if wire.source == wire.target:
            route = _self_loop(wire, places)
        elif diagram.layer[wire.source] < diagram.layer[wire.target]:
            route = _forward(wire, places)
        elif diagram.dense:
            route = Route(wire, _bow(wire, places))
        else:
            back.append(wire)
            continue
        found.append(replace(route, tip=None) if diagram.dense else route)
    return found + _tracks(back, diagram, places)


def _forward(wire: Wire, places: Places) -> Route:
    """A smooth curve, level at both ends, through its bends without overshoot."""
    x, y = places.x[list(wire.path)].copy(), places.y[list(wire.path)]
    x[0] += places.radius
    tip = None
    if wire.delayed:
        tip = (float(x[-1] - places.radius), float(y[-1]))
        x[-1] -= places.head
    x[-1] -= places.radius
    steps = np.diff(y) / np.diff(x)
    slope = np.zeros(x.size)
    a, b = steps[:-1], steps[1:]  # monotone where the mean slope is limited so: van Leer (1977)
    limit = np.minimum(2.0 * np.minimum(np.abs(a), np.abs(b)), np.abs(a + b) / 2.0)
    slope[1:-1] = np.where(a * b > 0, np.sign(a) * np.minimum(limit, _STEEPEST), 0.0)
    # Cubic Hermite pieces as Bézier curves; one alone is level at both ends, so longer handles.
    points, codes = [(x[0], y[0])], [Path.MOVETO]
    for k, (a, b) in enumerate(pairwise(x)):
        reach = (b - a) * (0.5 if x.size == 2 else 0.42)
        points += [(a + reach, y[k] + reach * slope[k])]
        points += [(b - reach, y[k + 1] - reach * slope[k + 1]), (b, y[k + 1])]
        codes += [Path.CURVE4] * 3
    return Route(wire, Path(points, codes), tip)


def _bow(wire: Wire, places: Places) -> Path:
    """A quadratic curve to the right of its chord: above it on the way to the left."""
    a, b = (np.array([places.x[v], places.y[v]]) for v in (wire.source, wire.target))
    dx, dy = b - a
    middle = (a + b) / 2.0 + _BOW * np.array([dy, -dx])
    points = [a, middle, b]
    for k in (0, 2):  # from rim to rim
        towards = middle - points[k]
        points[k] = points[k] + places.radius * towards / max(math.hypot(*towards), 1e-9)
    return Path(points, [Path.MOVETO, Path.CURVE3, Path.CURVE3])


def _self_loop(wire: Wire, places: Places) -> Route:
    """A circle on top of the node, from its right shoulder round to its left."""
    x, y, r = places.x[wire.source], places.y[wire.source], places.radius
    middle, size = y + _LOOP_MIDDLE * r, _LOOP_RADIUS * r
    # Angle, from straight down, at which the two circles meet.
    cosine = (_LOOP_MIDDLE**2 + _LOOP_RADIUS**2 - 1.0) / (2.0 * _LOOP_MIDDLE * _LOOP_RADIUS)
    meets = math.degrees(math.acos(cosine))
    first, last = meets - 90.0, 270.0 - meets
    stop = last - math.degrees(min(0.5 * places.head / size, 1.2))
    arc = Path.arc(first, stop)
    path = Path(np.asarray(arc.vertices) * size + (x, middle), arc.codes)
    tip = (x + size * math.cos(math.radians(last)), middle + size * math.sin(math.radians(last)))
    heading = math.radians(last + 90.0 - math.degrees(0.5 * places.head / size))
    return Route(wire, path, tip, heading)


def _tracks(wires: list[Wire], diagram: Diagram, places: Places) -> list[Route]:
    """Ways back: out to the right, along a free height, and in again from the left.

    The height is the nearest that meets no node and no other track, inside the picture or
    above or below it; shorter ways choose first and so lie inside longer ones.
    """
    tracks: list[tuple[float, float, float]] = []  # left, right, height
    uprights: list[tuple[float, float, float]] = []  # x, bottom, top
    found = []
    span = {w: diagram.layer[w.source] - diagram.layer[w.target] for w in wires}
    rise = {w: abs(float(places.y[w.source] - places.y[w.target])) for w in wires}
    for wire in sorted(wires, key=lambda w: (span[w], rise[w], w.gene)):
        a, b, r = wire.source, wire.target, places.radius
        (xa, ya), (xb, yb) = ((float(places.x[v]), float(places.y[v])) for v in (a, b))
        height = _track_height(wire, diagram, places, tracks)
        # It leaves and enters on the side that its track is on, where no forward curve ends.
        ya += math.copysign(_SHOULDER * r, height - ya)
        yb += math.copysign(_SHOULDER * r, height - yb)
        most = max(places.gap - 2.0 * r, 0.2)
        right = _upright(xa + r, 1.0, most, (ya, height), uprights)
        left = _upright(xb - r - 0.1, -1.0, most, (yb, height), uprights)
        tracks.append((left, right, height))
        corners = [(right, ya), (right, height), (left, height), (left, yb)]
        inset = r * math.sqrt(1.0 - _SHOULDER**2)
        line = [(xa + inset, ya), *corners, (xb - inset - places.head, yb)]
        found.append(Route(wire, _rounded(line), (xb - inset, yb)))
    return found


def _track_height(
    wire: Wire, diagram: Diagram, places: Places, tracks: list[tuple[float, float, float]]
) -> float:
    """The free height with the shortest way; wires alongside cost extra."""
    first, last = diagram.layer[wire.target], diagram.layer[wire.source]
    r, margin = places.radius, places.gap / 2.0
    left = float(places.x[wire.target]) - margin
    right = float(places.x[wire.source]) + margin
    passed = [v for k in range(first, last + 1) for v in diagram.columns[k]]
    nodes = [v for v in passed if v < len(diagram.genes)]
    bends = places.y[[v for v in passed if v >= len(diagram.genes)]]
    below = places.y[nodes] - r - _CLEAR - places.below
    above = places.y[nodes] + r + _CLEAR
    looped = [k for k, v in enumerate(nodes) if v in diagram.self_loops]
    above[looped] += (_LOOP_MIDDLE + _LOOP_RADIUS - 1.0) * r
    taken = np.array([h for x0, x1, h in tracks if x0 < right and left < x1])
    reach = _APART * (len(tracks) + 2)
    levels = np.arange(below.min() - reach, above.max() + reach + _STEP, _STEP)
    free = ~((levels[:, None] > below) & (levels[:, None] < above)).any(axis=1)
    if taken.size:
        free &= (np.abs(levels[:, None] - taken) >= _APART - 1e-9).all(axis=1)
    cost = np.abs(levels - places.y[wire.source]) + np.abs(levels - places.y[wire.target])
    cost += 0.25 * (np.abs(levels[:, None] - bends) < _CLEAR).sum(axis=1)
    return float(levels[np.argmin(np.where(free, cost, np.inf))])


def _upright(
    start: float,
    direction: float,
    most: float,
    ends: tuple[float, float],
    uprights: list[tuple[float, float, float]],
) -> float:
    """x of a vertical stretch between two columns, beside those that share its heights."""
    low, high = min(ends), max(ends)
    x = start
    # First 0.1 inches from the node, then further off in steps of 0.07 until none is near.
    for k in range(max(int((most - 0.1) / 0.07), 1)):
        x = start + direction * min(0.1 + 0.07 * k, most)
        if all(abs(x - u) > 0.05 or high < lo or hi < low for u, lo, hi in uprights):
            break
    uprights.append((x, low, high))
    return x


def _rounded(line: list[tuple[float, float]]) -> Path:
    """A polygonal line of level and upright stretches with its corners rounded.

    A corner becomes a quadratic curve that begins and ends at most halfway to the next ones.
    """
    points, codes = [line[0]], [Path.MOVETO]
    for before, corner, after in zip(line, line[1:], line[2:]):
        (x0, y0), (x1, y1), (x2, y2) = before, corner, after
        lengths = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
        size = min(0.2, 0.5 * min(lengths))
        into, out = (size / length if length else 0.0 for length in lengths)
        points += [(x1 + (x0 - x1) * into, y1 + (y0 - y1) * into), corner]
        points += [(x1 + (x2 - x1) * out, y1 + (y2 - y1) * out)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*points, line[-1]], [*codes, Path.LINETO])
