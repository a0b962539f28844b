"""Small signs that tell nodes apart: the curve of an activation, the sign of an aggregation."""

from collections.abc import Iterable
from typing import Any

import networkx
import numpy as np

from neatgrow._types import Array
from neatgrow.export.networkx import from_networkx

AGGREGATION_MARKS = {"sum": "", "product": "×"}  # the others go by their names

_REACH = 3.0  # curves show inputs from −3 to 3
_SAMPLES = 49


def activation_curves(names: Iterable[str]) -> dict[str, Array]:
    """The shape of activations, computed by a network with an output for each.

    Args:
        names: Activations, registered ones included.

    Returns:
        By name, points (49, 2) of the curve, x and y within ±1.
    """
    shown = sorted(set(names))
    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    graph.add_node(0, kind="input")
    for k, name in enumerate(shown, 1):
        graph.add_node(k, kind="output", activation=name)
        graph.add_edge(0, k)
    z = np.linspace(-_REACH, _REACH, _SAMPLES)
    values = from_networkx(graph).compile(np.float64).predict(z[:, None]).T
    curves = {}
    for name, y in zip(shown, np.clip(np.nan_to_num(values), -_REACH, _REACH)):
        low, high = float(y.min()), float(y.max())
        scaled = (y - (low + high) / 2.0) / ((high - low) / 2.0 or 1.0)
        curves[name] = np.stack([z / _REACH, scaled], axis=1)
    return curves
