"""How certain figures of many seeds are, and whether those of two settings differ."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neatgrow._types import Array

_Z = 1.959964  # of 95% of a normal distribution
_RESAMPLES = 10_000
_AT_ONCE = 1 << 20  # numbers that are drawn together


class Interval(NamedTuple):
    """A figure with its interval of 95%."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{shown(self.value)} [{shown(self.low)}–{shown(self.high)}]"


def shown(value: float) -> str:
    """Four digits; large numbers whole."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def share_of(successes: int, count: int) -> Interval:
    """A share with the interval of Wilson (1927), which holds for few seeds and near 0 and 1."""
    if not count:
        return Interval(math.nan, 0.0, 1.0)
    share, z2 = successes / count, _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    low = 0.0 if successes == 0 else middle - half
    return Interval(share, low, 1.0 if successes == count else middle + half)


def share_difference(first: tuple[int, int], second: tuple[int, int]) -> Interval:
    """Difference of two shares, (successes, count) each, by Newcombe (1998), method 10."""
    a, b = share_of(*first), share_of(*second)
    gap = a.value - b.value
    low = gap - math.hypot(a.value - a.low, b.high - b.value)
    return Interval(gap, low, gap + math.hypot(a.high - a.value, b.value - b.low))


def bootstrapped(
    samples: list[Array], figure: Callable[[list[Array]], Array]
) -> tuple[float, float]:
    """The interval of 95% of a figure of some samples, each drawn again with repetition.

    Percentiles of 10,000 resamples (Efron 1979), the same at every call; NaN where there are less
    than two values in a sample.

    Args:
        samples: (K,) each.
        figure: Of resamples (R, K) each, R numbers.
    """
    if min(sample.size for sample in samples) < 2:
        return math.nan, math.nan
    draw, found = np.random.default_rng(0), []
    rows = max(_AT_ONCE // sum(sample.size for sample in samples), 1)
    for start in range(0, _RESAMPLES, rows):
        count = min(rows, _RESAMPLES - start)
        found.append(figure([
            sample[draw.integers(sample.size, size=(count, sample.size))] for sample in samples
        ]))  # fmt: skip
    low, high = np.quantile(np.concatenate(found), (0.025, 0.975)).tolist()
    return low, high


def median_of(values: Array) -> Interval:
    """The median, with an interval by the bootstrap."""
    return _of_one(values, lambda rows: np.median(rows, axis=-1))


def mean_of(values: Array) -> Interval:
    """The mean, with an interval by the bootstrap."""
    return _of_one(values, lambda rows: rows.mean(axis=-1))


def _of_one(values: Array, figure: Callable[[Array], Array]) -> Interval:
    if not values.size:
        return Interval(math.nan, math.nan, math.nan)
    return Interval(float(figure(values)), *bootstrapped([values], lambda s: figure(s[0])))


def mann_whitney(first: Array, second: Array) -> tuple[float, float]:
    """Whether values of one sample tend to be larger than those of the other.

    Mann & Whitney (1947), two-sided, by the normal approximation with corrections for ties and
    continuity; infinite values rank like others.

    Returns:
        The chance that one of the first is larger than one of the second, ties counted half
        (Vargha & Delaney 2000), and the p value.
    """
    n, m = first.size, second.size
    if not n or not m:
        return math.nan, math.nan
    _, place, times = np.unique(
        np.concatenate([first, second]), return_inverse=True, return_counts=True
    )
    rank = np.cumsum(times) - (times - 1) / 2  # of each value, ties at their middle
    u = float(rank[place[:n]].sum()) - n * (n + 1) / 2
    total = n + m
    ties = float((times.astype(np.float64) ** 3 - times).sum())
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0.0:  # all values are the same
        return 0.5, 1.0
    z = (abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return u / (n * m), min(math.erfc(z / math.sqrt(2)), 1.0)


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The p value of two shares, (successes, count) each, being the same (Fisher 1922), two-sided:
    the chance of all tables with these sums that are no likelier than the one found."""
    (a, n), (b, m) = first, second
    successes = a + b
    low, high = max(0, successes - m), min(n, successes)
    logs = [
        _log_choose(n, k) + _log_choose(m, successes - k) - _log_choose(n + m, successes)
        for k in range(low, high + 1)
    ]
    bar = logs[a - low] + 1e-7  # rounding
    return min(sum(math.exp(log) for log in logs if log <= bar), 1.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
