"""Where nodes stand in a picture of hundreds of connections: order and heights in one.

Bends for every connection in every column it passes would take more room than the nodes, so
here connections run straight, and columns are filled evenly by sweeps that pull each node
towards what it is connected to, strong connections harder.
"""

import numpy as np

from neatgrow._types import Array

_SWEEPS = 20
_LOOSE = 3.0  # node pitches that nodes of a short column stand apart at most


def dense_places(
    columns: list[list[int]], ends: Array, pull: Array
) -> tuple[list[list[int]], Array]:
    """Columns in order and a height for every vertex, 0 at the middle, in node pitches.

    Args:
        columns: Vertices of each column; the first and the last keep their order, from the
            bottom up.
        ends: (W, 2) vertices that connections join, in different columns.
        pull: (W,) how strongly each wants to be level, above 0.

    Returns:
        The columns from the bottom up and (V,) heights: of all that were seen, those with the
        least Σ pull·|rise|.
    """
    n = sum(map(len, columns))
    tallest = max(map(len, columns))
    place = np.empty(n, np.int64)
    for k, column in enumerate(columns):
        place[column] = k
    step = [min(_LOOSE, max(1.0, 0.9 * tallest / len(column))) for column in columns]
    columns = [list(column) for column in columns]
    # Shifts that differ from column to column, so that level connections miss the nodes between.
    last = len(columns) - 1
    shift = [step[k] * ((0.618 * k) % 1.0 - 0.5) * (0 < k < last) for k in range(last + 1)]
    height = np.zeros(n)
    for k, column in enumerate(columns):
        height[column] = shift[k] + _evenly(len(column), step[k])
    a, b = np.concatenate([ends, ends[:, ::-1]]).T  # each connection from both of its ends
    weight = np.concatenate([pull, pull])
    best, least = (columns, height), np.inf
    for sweep in range(_SWEEPS):
        rightwards, both = sweep % 2 == 0, sweep >= _SWEEPS // 2
        seen = (place[b] < place[a]) == rightwards
        seen |= both
        inner = range(1, len(columns) - 1)
        for k in inner if rightwards else reversed(inner):
            of_column = seen & (place[a] == k)
            u, v, w = a[of_column], b[of_column], weight[of_column]
            total = np.bincount(u, w, n)
            wish = np.bincount(u, w * height[v], n) / np.where(total > 0, total, 1.0)
            wish = np.where(total > 0, wish, height)[columns[k]]
            columns[k] = [columns[k][j] for j in np.argsort(wish, kind="stable")]
            height[columns[k]] = shift[k] + _evenly(len(columns[k]), step[k])
        rise = float(pull @ np.abs(np.diff(height[ends], axis=1)[:, 0]))
        if rise < least:
            best, least = ([list(column) for column in columns], height.copy()), rise
    return best


def _evenly(count: int, apart: float) -> Array:
    return apart * (np.arange(count) - (count - 1) / 2.0)
