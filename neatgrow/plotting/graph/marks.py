"""Small signs that tell nodes apart: the curve of an activation, the sign of an aggregation, the
mark of a dynamics."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Choices, Table
from neatgrow.genomes.columns import BASE
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels.dynamics import declarations
from neatgrow.timing import BUILT_IN

AGGREGATION_MARKS = {"sum": "", "product": "×"}  # the others go by their names

_REACH = 3.0  # curves show inputs from −3 to 3
_SAMPLES = 49
_INNER = 0.8  # radius of a mark's ring, in those of the node
_ON_RIM, _BEYOND = 1.0, 1.55  # likewise, from where to where a mark's spike goes
_DIRECTION = 0.63  # of it: to the right and up, where few connections are, below any self-loop
_MOST_TOLD = 2  # columns of a dynamics that a drawing writes


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


class Mark(NamedTuple):
    """The sign of a dynamics."""

    lines: list[Array]  # (n, 2) points each, in the node's radii around its centre
    inner: bool  # whether it lies on the node's fill
    words: str  # of the legend


def dynamics_marks(names: Iterable[str]) -> dict[str, Mark]:
    """Marks of dynamics by name, in order of opcode; instant ones have none.

    A leaky node has a second ring, a lif node a spike on its rim, an izhikevich node two; those of
    the user's own have a second ring that is broken.
    """
    found, wanted = {}, set(names)
    for declared in declarations().values():
        name = declared.name
        if name not in wanted or name == BUILT_IN[0].name:
            continue
        if declared.spikes:
            turns = (0.0,) if name == "lif" else (-0.3, 0.3)
            lines = [
                np.outer((_ON_RIM, _BEYOND), (np.cos(_DIRECTION + t), np.sin(_DIRECTION + t)))
                for t in turns
            ]
            found[name] = Mark(lines, False, f"{name}, spiking")
            continue
        pieces = 1 if declared.potential else 8
        reach = 2.0 * np.pi * (1.0 if pieces == 1 else 0.6 / pieces)
        turn = np.linspace(0.0, reach, 49 if pieces == 1 else 7)
        starts = np.arange(pieces) * 2.0 * np.pi / pieces
        lines = [_INNER * np.stack([np.cos(s + turn), np.sin(s + turn)], axis=1) for s in starts]
        found[name] = Mark(lines, True, name)
    return found


def node_dynamics(genome: Genome) -> list[str]:
    """The dynamics of every node."""
    if "dynamics" in genome.columns:
        return genome.options("dynamics")
    return [BUILT_IN[0].name] * genome.node_id.size


def told_columns() -> dict[str, tuple[str, ...]]:
    """Columns that a drawing writes of nodes, by their dynamics.

    Those that it cannot do without; where these are many, such as izhikevich's four, none.
    """
    return {
        declared.name: declared.columns if len(declared.columns) <= _MOST_TOLD else ()
        for declared in declarations().values()
    }


def optional_texts(genome: Genome, table: Table) -> list[list[str]]:
    """What a drawing writes of each optional column of a table, by row.

    Of what a dynamics reads only :func:`told_columns`, and that only of its nodes; its own name
    is told by its mark.
    """
    read = {name for declared in declarations().values() for name in declared.reads}
    kinds, told = node_dynamics(genome), told_columns()
    found = [
        COLUMNS[n] for n in genome.columns
        if n not in BASE and n != "dynamics" and COLUMNS[n].table == table
    ]  # fmt: skip
    texts = []
    for column in found:
        if isinstance(column.settings, Choices):
            written = genome.options(column.name)
        else:
            label = column.label or column.name
            written = [f"{label} {value:.2g}" for value in genome.column(column.name)]
        if column.name in read:
            written = [
                text if column.name in told[kind] else ""
                for text, kind in zip(written, kinds, strict=True)
            ]
        texts.append(written)
    return texts
