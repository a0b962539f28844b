"""Running mean and variance of what networks observe."""

import numpy as np

from neatgrow._types import Array
from neatgrow.files.archive import typed

_LARGEST = 1e140  # that counts: sums of squares of larger observations may overflow


class Tally:
    """Sums over what each of J episodes showed, I inputs each.

    Samples are summed as differences from an episode's first one, which keeps their digits.
    """

    def __init__(self, n_episodes: int, size: int) -> None:
        self._count = np.zeros(n_episodes, np.int64)
        self._first = np.zeros((n_episodes, size))
        self._sum = np.zeros((n_episodes, size))
        self._sum_of_squares = np.zeros((n_episodes, size))

    def add(self, x: Array, jobs: Array) -> None:
        """Count samples (A, I) of the episodes ``jobs`` (A,), each at most once."""
        fresh = self._count[jobs] == 0
        if fresh.any():
            self._first[jobs[fresh]] = x[fresh]
        self._count[jobs] += 1
        with np.errstate(over="ignore"):  # such an episode is left out later
            difference = x - self._first[jobs]
            self._sum[jobs] += difference
            self._sum_of_squares[jobs] += difference * difference

    def forget(self, jobs: Array) -> None:
        """Leave out the episodes ``jobs`` (J,) bool, such as those that failed."""
        for sums in (self._count, self._first, self._sum, self._sum_of_squares):
            sums[jobs] = 0

    def by_network(self, n_networks: int) -> Array:
        """(N, 1 + 2·I) float64: samples, their mean, and the sum of squared deviations.

        Episodes whose sums have overflowed are left out.
        """
        size = np.abs([self._first, self._sum]).max(axis=(0, 2))
        self.forget(~((size < _LARGEST) & np.isfinite(self._sum_of_squares).all(axis=1)))
        shape = (n_networks, -1, self._sum.shape[1])
        n = np.maximum(self._count, 1)[:, None]
        mean = (self._first + self._sum / n).reshape(shape)
        squares = np.maximum(self._sum_of_squares - self._sum**2 / n, 0.0).reshape(shape)
        counts = self._count.reshape(n_networks, -1, 1).astype(np.float64)
        return _pooled(np.concatenate([counts, mean, squares], axis=2).swapaxes(0, 1))


def _pooled(samples: Array) -> Array:
    """Samples (K, …, 1 + 2·I) of K sources as one (…, 1 + 2·I), summed in their order.

    Chan, Golub & LeVeque (1979) for K parts: M = Σ M_k + Σ n_k·(mean_k − mean)².
    """
    size = samples.shape[-1] // 2
    count, mean, squares = np.split(samples, [1, 1 + size], axis=-1)
    total = _sum(count)
    whole = _sum(count * mean) / np.maximum(total, 1.0)
    return np.concatenate([total, whole, _sum(squares + count * (mean - whole) ** 2)], axis=-1)


def _sum(parts: Array) -> Array:
    """Σ over the first axis, strictly in order: ``sum`` may pair terms up, by the other axes."""
    summed: Array = np.cumsum(parts, axis=0)[-1]
    return summed


class Moments:
    """Mean and variance of all samples so far (I inputs each).

    What a generation gathered waits, and is merged into the whole by Chan, Golub & LeVeque
    (1979): M ← M_a + M_b + δ²·n_a·n_b/(n_a + n_b), M the sum of squared deviations,
    δ = mean_b − mean_a.

    Attributes:
        count: Samples merged.
        mean: (I,) float64.
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.mean = np.zeros(size)
        self._squares = np.zeros(size)
        self._waiting: Array | None = None  # (1 + 2·I,), as of a Tally

    @property
    def scale(self) -> Array:
        """(I,) float64, 1 / standard deviation; 1 for an input that never changed."""
        deviation = np.sqrt(self._squares / max(self.count, 1))
        fixed = deviation < 1e-8 * np.maximum(1.0, np.abs(self.mean))
        return np.asarray(1.0 / np.where(fixed, 1.0, deviation))

    def gather(self, samples: Array) -> None:
        """Keep what N networks saw, (N, 1 + 2·I) of a :class:`Tally`, for :meth:`merge`."""
        self.merge()
        whole = _pooled(samples) if len(samples) else samples.reshape(-1)
        self._waiting = whole if whole[:1].any() else None

    def merge(self) -> None:
        """Let what was gathered count (Chan, Golub & LeVeque 1979, formula for two samples)."""
        if self._waiting is None:
            return
        (n,), mean, squares = np.split(self._waiting, [1, 1 + self.mean.size])
        total = self.count + int(n)
        if total:
            delta = mean - self.mean
            self._squares = self._squares + (squares + delta**2 * (self.count * n / total))
            self.mean = self.mean + delta * (n / total)
        self.count = total
        self._waiting = None

    def state(self) -> dict[str, Array]:
        """Copies of everything, what waits for :meth:`merge` included."""
        empty = np.zeros(self.mean.size)
        waiting = self._waiting is not None
        (n,), mean, squares = (
            np.split(self._waiting, [1, 1 + self.mean.size])
            if self._waiting is not None
            else (np.zeros(1), empty, empty)
        )
        counts = np.array([self.count, n, waiting], np.int64)
        columns = [self.mean, self._squares, mean, empty, squares]
        return {"counts": counts, "columns": np.stack(columns)}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError: The arrays are of other inputs, or not numbers that moments can have.
        """
        shape = (5, self.mean.size)
        columns = typed(state, "columns", np.float64, shape, finite=True)
        counts = typed(state, "counts", np.int64, (3,))
        impossible = not ((counts >= 0) & (counts < 1 << 53)).all() or (counts[1] > 0) > counts[2]
        mean, squares, shift, total, more = columns.copy()
        # Larger ones are in damaged files alone; their squares would overflow.
        impossible |= max(np.abs(mean).max(), np.abs(shift).max(), np.abs(total).max()) > _LARGEST
        impossible |= min(squares.min(), more.min()) < 0.0
        impossible |= max(squares.max(), more.max()) > _LARGEST**2
        if impossible:
            raise ValueError(f"statistics: expected counts and squares that can be, got {counts}.")
        self.mean, self._squares = mean, squares
        self.count, gathered, waiting = counts.tolist()
        self._waiting = None
        if waiting and gathered:  # older files hold sums of differences from a sample, newer ones 0
            rest = np.maximum(more - total**2 / gathered, 0.0)
            self._waiting = np.concatenate([[gathered], shift + total / gathered, rest])
