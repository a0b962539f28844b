"""Means of numbers whose sum may be beyond the floats."""

import numpy as np

from neatgrow._types import Array


def mean_of(values: Array) -> Array:
    """The mean over the last axis, NaN of nothing.

    Finite wherever all values are; otherwise as ``values.mean(axis=-1)``, to the last bit.
    """
    count = values.shape[-1]
    if not count:
        return np.full(values.shape[:-1], np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.asarray(values.mean(axis=-1))
        finite = np.isfinite(mean)
        return mean if finite.all() else np.where(finite, mean, (values / count).sum(axis=-1))
