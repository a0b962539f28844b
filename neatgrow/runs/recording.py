"""A generation as a row of the history."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neatgrow._means import mean_of
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.genomes.genomes import Genomes
from neatgrow.selection.population import Population


def recorded(
    population: Population, genomes: Genomes, evaluations: Sequence[Evaluation], sign: float
) -> tuple[dict[str, Any], dict[int, int]]:
    """What the history says of a generation but for times, learning and retests.

    Args:
        population: Right after ``tell``.
        genomes: As they were judged.
        evaluations: All that the generation took, those of retests included.
        sign: 1 where higher fitness is better, −1 where lower is.

    Returns:
        Values by column, and members by the id of each species or other group.
    """
    assert population.fitness is not None
    valid = population.fitness[~np.isnan(population.fitness)] * sign
    lower, median, upper = _quartiles(valid)
    row_of, ids = population.reproduction.groups(len(genomes))
    sizes = np.bincount(row_of, minlength=ids.size)
    row = {
        "generation": population.generation,
        "best": population.best_fitness,
        "mean": float(mean_of(valid)),
        "lower_quartile": lower,
        "median": median,
        "upper_quartile": upper,
        "champion": population.champion_fitness,
        "species": np.count_nonzero(sizes),
        "nodes": genomes.node_id.size / len(genomes),
        "connections": np.count_nonzero(genomes.enabled) / len(genomes),
        "evaluations": sum(e.fitness.size for e in evaluations),
        "steps": sum(e.steps for e in evaluations),
        "failures": len(genomes) - valid.size,
    }
    groups = zip(ids.tolist(), sizes.tolist(), strict=True)
    return row, {id_: size for id_, size in groups if size}


def _quartiles(values: Array) -> list[float]:
    """Quartiles and median, interpolated linearly; NaN of nothing. As ``np.quantile``, faster."""
    if not values.size:
        return [np.nan] * 3
    ordered, found = np.sort(values), []
    for share in (0.25, 0.5, 0.75):
        place = share * (values.size - 1)
        low = int(place)
        high = min(low + 1, values.size - 1)
        a, b = ordered[low].item(), ordered[high].item()
        between = a + (place - low) * (b - a)
        if not math.isfinite(between):  # the difference is beyond the floats
            between = a * (low + 1 - place) + b * (place - low)
        found.append(between)
    return found
