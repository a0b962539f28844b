"""Small signs that tell nodes apart: the curve of an activation, the sign of an aggregation."""

from collections.abc import Iterable
from typing import Any

import networkx
import numpy as np

from neatgrow._types import Array
from neatgrow.export.networkx import from_networkx
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout

AGGREGATION_MARKS = {"sum": "", "product": "×"}  # the others go by their names

_REACH = 3.0  # curves show inputs from −3 to 3
_SAMPLES = 49


def activation_curves(names: Iterable[str]) -> dict[str, Array]:
    """The shape of activations, computed by networks of one node each.

    Args:
        names: Activations, registered ones included.

    Returns:
        By name, points (49, 2) of the curve, x and y within ±1.
    """
    shown = sorted(set(names))
    parts = [(_one_node(name).packed, 1) for name in shown]
    networks = Genomes(layout.concatenate(parts), Interface(1, 1)).compile(np.float64)
    z = np.linspace(-_REACH, _REACH, _SAMPLES)
    values = np.clip(np.nan_to_num(networks.predict(z[:, None])[:, :, 0]), -_REACH, _REACH)
    curves = {}
    for name, y in zip(shown, values, strict=True):
        low, high = float(y.min()), float(y.max())
        scaled = (y - (low + high) / 2.0) / ((high - low) / 2.0 or 1.0)
        curves[name] = np.stack([z / _REACH, scaled], axis=1)
    return curves


def _one_node(activation: str) -> Genome:
    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    graph.add_node("z", kind="input")
    graph.add_node("f", kind="output", activation=activation)
    graph.add_edge("z", "f")
    return from_networkx(graph)
