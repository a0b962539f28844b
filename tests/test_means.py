"""Means of numbers whose sum is beyond the floats."""

import numpy as np
import pytest

from neatgrow._means import mean_of

MOST = np.finfo(float).max


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([MOST] * 5, MOST),
        ([-MOST] * 5, -MOST),
        ([MOST, -MOST] * 4, 0.0),
        ([1e308] * 8 + [-1e308] * 8, 0.0),
        ([1e308, 1.5e308, 1.1e308], 1.2e308),
        ([np.inf, 1.0], np.inf),
        ([np.nan, MOST], np.nan),
        ([], np.nan),
    ],
)
def test_the_mean_of_finite_numbers_is_finite(values, mean):
    np.testing.assert_allclose(mean_of(np.array(values)), mean, rtol=1e-12)


def test_other_means_are_as_numpy_has_them():
    values = np.random.default_rng(1).normal(size=(20, 100))
    assert np.array_equal(mean_of(values), values.mean(axis=1))
    values[3] = MOST
    mixed = mean_of(values)
    assert np.array_equal(np.delete(mixed, 3), np.delete(values, 3, 0).mean(axis=1))
    assert mixed[3] == pytest.approx(MOST)
