"""What is known of a fitness that depends on luck: scores pooled, and how certain their mean is."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np

from neatgrow._means import mean_of
from neatgrow._types import Array


@dataclass(frozen=True)
class Evidence:
    """What fresh episodes say of a genome's fitness.

    Attributes:
        count: Scores, of an episode each; of a block of them where the problem does not tell
            single ones. Those of episodes that failed are left out.
        mean: Of the scores.
        squares: Sum of their squared deviations from it; infinite where that is beyond the floats,
            and then no mean is certain.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def with_scores(self, scores: Array) -> Self:
        """With more scores (K,), NaN left out; Chan, Golub & LeVeque (1983), equation 1.5."""
        scores = scores[np.isfinite(scores)]
        if not scores.size:
            return self
        count, mean = scores.size, float(mean_of(scores))
        with np.errstate(over="ignore"):
            squares = float(((scores - mean) ** 2).sum())
        if not self.count:
            return type(self)(count, mean, squares)
        total, gap = self.count + count, mean - self.mean
        pooled = self.mean + gap * count / total
        if not math.isfinite(pooled):  # the gap is beyond the floats
            pooled = self.mean * (self.count / total) + mean * (count / total)
        return type(self)(
            total, pooled, self.squares + squares + gap * gap * self.count * count / total
        )

    @property
    def deviation(self) -> float:
        """Standard deviation of a score; infinite for less than two."""
        return float(np.sqrt(self.squares / (self.count - 1))) if self.count > 1 else float("inf")

    @property
    def standard_error(self) -> float:
        """Of the mean; infinite for less than two scores."""
        return self.deviation / float(np.sqrt(max(self.count, 1)))


@dataclass(frozen=True)
class Verified:
    """A final test of the champion, on episodes that no selection has seen.

    Attributes:
        mean: Fitness over them.
        standard_error: Of the mean; 0 where fitness does not depend on luck.
        episodes: How many; 1 evaluation where fitness does not depend on luck.
        failed: How many more failed, and say nothing of the fitness.
    """

    mean: float
    standard_error: float
    episodes: int
    failed: int = 0

    def __str__(self) -> str:
        if self.episodes == 1 and not self.failed:
            return f"{self.mean:.6g}"
        failed = f", {self.failed} more failed" if self.failed else ""
        return (
            f"{self.mean:.6g} ± {self.standard_error:.2g} over {self.episodes} fresh "
            f"episodes{failed}"
        )


def student_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's distribution, to three digits from 9 degrees of freedom on.

    Source: Abramowitz & Stegun (1964), 26.7.5.
    """
    z, n = NormalDist().inv_cdf(probability), float(max(freedom, 1))
    return (
        z
        + (z**3 + z) / (4.0 * n)
        + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * n**2)
        + (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / (384.0 * n**3)
    )
