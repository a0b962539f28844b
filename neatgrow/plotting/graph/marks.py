"""Small signs that tell nodes apart: the curve of an activation, the sign of an aggregation."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Choices, Table
from neatgrow.genomes.columns import BASE
from neatgrow.genomes.genomes import Genome

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
    edges = [(0, k) for k in range(1, len(shown) + 1)]
    nodes: dict[Any, Any] = {k: {"activation": name} for k, name in enumerate(shown, 1)}
    genome = Genome.from_edges(edges, inputs=1, outputs=len(shown), nodes=nodes)
    z = np.linspace(-_REACH, _REACH, _SAMPLES)
    values = genome.compile(np.float64).predict(z[:, None]).T
    curves = {}
    for name, y in zip(shown, np.clip(np.nan_to_num(values), -_REACH, _REACH)):
        low, high = float(y.min()), float(y.max())
        scaled = (y - (low + high) / 2.0) / ((high - low) / 2.0 or 1.0)
        curves[name] = np.stack([z / _REACH, scaled], axis=1)
    return curves


def optional_texts(genome: Genome, table: Table) -> list[list[str]]:
    """What a drawing writes of each optional column of a table, by row."""
    found = [COLUMNS[n] for n in genome.columns if n not in BASE and COLUMNS[n].table == table]
    return [
        genome.options(column.name)
        if isinstance(column.settings, Choices)
        else [f"{column.label or column.name} {value:.2g}" for value in genome.column(column.name)]
        for column in found
    ]
