"""Order and height of vertices in columns, found by sweeps to and fro over the columns.

Heights count node pitches. ``ends`` (W, 2) are the vertices that segments or connections join,
in different columns.
"""

from collections.abc import Collection, Iterator

import numpy as np

from neatgrow._types import Array

_SWEEPS, _DENSE_SWEEPS = 24, 20
_PULL = np.array([1.0, 1.5, 3.0])  # of a segment towards being level, by its number of bends
_HALF_NODE, _HALF_BEND = 0.5, 0.16  # half the room in a column
_MOST_FOR_BENDS = 12.0  # node pitches that all bends of a column may take; then they draw closer
_LOOSE = 3.0  # node pitches that nodes of a short column stand apart at most


def _swept(
    columns: list[list[int]], ends: Array, pull: Array, value: Array, sweep: int, both: bool
) -> Iterator[tuple[int, Array, Array]]:
    """One sweep over the inner columns, rightwards if its number is even.

    Rightwards each column looks to its left and leftwards to its right, or to both sides.

    Yields:
        The number of a column, and for its vertices the mean value of what they are joined to,
        their own where there is nothing, and the sum of the pulls.
    """
    n, rightwards = value.size, sweep % 2 == 0
    place = np.empty(n, np.int64)
    for k, column in enumerate(columns):
        place[column] = k
    a, b = np.concatenate([ends, ends[:, ::-1]]).T  # each from both of its ends
    weight = np.concatenate([pull, pull])
    seen = ((place[b] < place[a]) == rightwards) | both
    inner = range(1, len(columns) - 1)
    for k in inner if rightwards else reversed(inner):
        here = seen & (place[a] == k)
        u, v, w = a[here], b[here], weight[here]
        total = np.bincount(u, w, n)
        mean = np.bincount(u, w * value[v], n) / np.where(total > 0, total, 1.0)
        column = columns[k]
        yield k, np.where(total > 0, mean, value)[column], total[column]


def uncrossed(columns: list[list[int]], ends: Array) -> list[list[int]]:
    """Columns sorted by barycentres; of all orders seen the one with least crossings.

    The first and the last column, inputs and outputs, stay as they are.
    """
    where = np.empty(sum(map(len, columns)))
    layer = np.empty(where.size, np.int64)
    for k, column in enumerate(columns):
        where[column], layer[column] = np.arange(len(column)), k
    best, least = list(columns), np.inf
    for sweep in range(_SWEEPS):
        for k, mean, _ in _swept(columns, ends, np.ones(len(ends)), where, sweep, False):
            columns[k] = [columns[k][j] for j in np.argsort(mean, kind="stable")]
            where[columns[k]] = np.arange(len(columns[k]))
        crossings = 0
        for gap in range(len(columns) - 1):
            between = where[ends[layer[ends[:, 0]] == gap]]
            a, b = (np.sign(np.subtract.outer(x, x)) for x in between.T)
            crossings += int(np.count_nonzero(a * b < 0))
        if crossings < least:
            best, least = list(columns), crossings
    return best


def heights(
    columns: list[list[int]], ends: Array, n_nodes: int, self_loops: Collection[int]
) -> Array:
    """Heights that keep the order and the room of every vertex and make connections straight.

    Each column takes the least-squares fit to its neighbours' heights under the order, segments
    between bends, which are the vertices from ``n_nodes`` on, pulling hardest.
    """
    n = sum(map(len, columns))
    most_bends = max(sum(v >= n_nodes for v in column) for column in columns)
    half = np.full(n, min(_HALF_BEND, _MOST_FOR_BENDS / 2.0 / max(most_bends, 1)))
    half[:n_nodes] = _HALF_NODE
    half[list(self_loops)] += 0.2
    room = [np.concatenate([[0.0], np.cumsum(half[c][:-1] + half[c][1:])]) for c in columns]
    tallest = max(float(r[-1]) for r in room)
    height = np.zeros(n)
    for column, offsets in zip(columns, room, strict=True):
        height[column] = offsets - offsets[-1] / 2.0
    for column in (columns[0], columns[-1]):
        share = tallest / len(column)
        height[column] = _evenly(len(column), min(max(1.0, share), max(2.0, share / 2.0)))
    pull = _PULL[(ends >= n_nodes).sum(axis=1)]
    for sweep in range(_SWEEPS):
        both = sweep >= _SWEEPS // 2
        for k, wish, total in _swept(columns, ends, pull, height, sweep, both):
            weight = np.where(total > 0, total, 0.1)
            height[columns[k]] = _isotonic(wish - room[k], weight) + room[k]
    return height


def dense_places(
    columns: list[list[int]], ends: Array, pull: Array
) -> tuple[list[list[int]], Array]:
    """Order and heights in one, of evenly filled columns.

    Args:
        columns: Vertices of each column; the first and the last keep their order.
        ends: Of connections.
        pull: (W,) how strongly each wants to be level, above 0.

    Returns:
        The columns from the bottom up and (V,) heights, 0 in the middle: of all that were seen,
        those with the least Σ pull·|rise|.
    """
    tallest, last = max(map(len, columns)), len(columns) - 1
    step = [min(_LOOSE, max(1.0, 0.9 * tallest / len(column))) for column in columns]
    # Shifts that differ from column to column, so that level connections miss the nodes between.
    shift = [step[k] * ((0.618 * k) % 1.0 - 0.5) * (0 < k < last) for k in range(last + 1)]
    height = np.zeros(sum(map(len, columns)))
    for k, column in enumerate(columns):
        height[column] = shift[k] + _evenly(len(column), step[k])
    best, least = (list(columns), height.copy()), np.inf
    for sweep in range(_DENSE_SWEEPS):
        both = sweep >= _DENSE_SWEEPS // 2
        for k, wish, _ in _swept(columns, ends, pull, height, sweep, both):
            columns[k] = [columns[k][j] for j in np.argsort(wish, kind="stable")]
            height[columns[k]] = shift[k] + _evenly(len(columns[k]), step[k])
        rise = float(pull @ np.abs(np.diff(height[ends], axis=1)[:, 0]))
        if rise < least:
            best, least = (list(columns), height.copy()), rise
    return best


def _evenly(count: int, apart: float) -> Array:
    return apart * (np.arange(count) - (count - 1) / 2.0)


def _isotonic(wish: Array, weight: Array) -> Array:
    """The non-decreasing sequence nearest to ``wish``: pool adjacent violators."""
    blocks: list[list[float]] = []  # mean, weight, count
    for value, pull in zip(wish.tolist(), weight.tolist(), strict=True):
        blocks.append([value, pull, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, total, count = blocks.pop()
            below = blocks[-1]
            below[0] = (below[0] * below[1] + mean * total) / (below[1] + total)
            below[1] += total
            below[2] += count
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])
