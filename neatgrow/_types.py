"""Types that every layer speaks of."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of numpy; what is in it, and its axes, say comments and docstrings."""
