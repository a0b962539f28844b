"""Innovation numbers: identities of genes by what they join, without a registry."""

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels import random


def innovation_numbers(first: Array, second: Array) -> Array:
    """Innovation numbers of many (source, target) pairs, int64."""
    numbers: Array = random.identities(np.ascontiguousarray(first), np.ascontiguousarray(second))
    return numbers
