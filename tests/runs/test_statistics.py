"""Intervals and tests of many seeds, beside those of scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from neatgrow.runs.statistics import (
    Interval,
    fisher,
    mann_whitney,
    mean_of,
    median_of,
    share_difference,
    share_of,
)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 10), (97, 100), (1, 1)])
def test_the_interval_of_a_share_is_wilsons(k, n):
    found, wanted = share_of(k, n), stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert found == pytest.approx((k / n, wanted.low, wanted.high), abs=1e-6)


def test_nothing_says_nothing():
    assert math.isnan(share_of(0, 0).value) and share_of(0, 0)[1:] == (0.0, 1.0)
    assert np.isnan(median_of(np.empty(0))).all()
    assert median_of(np.array([3.0]))[0] == 3.0 and np.isnan(median_of(np.array([3.0]))[1:]).all()
    assert np.isnan(mann_whitney(np.empty(0), np.ones(3))).all()
    assert str(Interval(math.nan, 1.0, 123456.7)) == "– [1–123,457]"


def test_the_difference_of_shares_is_newcombes():
    # Newcombe (1998), table II: 56/70 and 48/80, method 10.
    assert share_difference((56, 70), (48, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    # 9/10 and 3/10; 10/10 and 0/10.
    assert share_difference((9, 10), (3, 10)) == pytest.approx((0.6, 0.1705, 0.8090), abs=5e-5)
    assert share_difference((10, 10), (0, 10))[1] == pytest.approx(0.6075, abs=5e-5)


@pytest.mark.parametrize("seed", range(8))
def test_ranks_are_compared_as_scipy_compares_them(seed):
    draw = np.random.default_rng(seed)
    first = draw.integers(0, 12, draw.integers(2, 30)).astype(float)
    second = draw.integers(2, 15, draw.integers(2, 30)).astype(float)
    second[: seed % 3] = np.inf
    larger, p_value = mann_whitney(first, second)
    wanted = stats.mannwhitneyu(first, second, method="asymptotic")
    assert larger == pytest.approx(wanted.statistic / (first.size * second.size))
    assert p_value == pytest.approx(wanted.pvalue)


def test_samples_that_are_all_the_same_do_not_differ():
    assert mann_whitney(np.ones(4), np.ones(7)) == (0.5, 1.0)


@pytest.mark.parametrize(
    "table", [((9, 10), (3, 10)), ((0, 5), (0, 5)), ((7, 7), (0, 7)), ((40, 100), (55, 90))]
)
def test_shares_are_compared_as_scipy_compares_them(table):
    (a, n), (b, m) = table
    wanted = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue
    assert fisher(*table) == pytest.approx(wanted, rel=1e-6)


def test_intervals_of_the_bootstrap_are_those_of_scipy_and_always_the_same():
    values = np.random.default_rng(3).lognormal(size=25)
    for ours, figure in ((median_of, np.median), (mean_of, np.mean)):
        found = ours(values)
        wanted = stats.bootstrap(
            (values,), figure, n_resamples=10_000, method="percentile",
            random_state=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert found.value == figure(values) and found == ours(values)
        assert found[1:] == pytest.approx((wanted.low, wanted.high), rel=0.05)
