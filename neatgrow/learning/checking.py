"""Gradients beside differences, for whoever wants to see that they agree."""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels.backward import Data
from neatgrow.kernels.losses import LOSSES
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, learned_of, recipe_of, rows_of

_STEP = 6e-6  # about the cube root of float64's precision: least error of a central difference
_FLOOR = 1e-3  # of the loss, below which a gradient counts as this large


def check_gradients(
    genome: Genome,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    loss: str = "mse",
    sequences: bool = True,
    seed: int = 0,
) -> float:
    """Largest relative error of the gradient against central differences, in float64.

    For every parameter p that reaches an output (weights, biases, parameters of dynamics), the
    error is |g − n| / max(|g|, |n|, 1e-3·max(1, |loss|)) with n = (L(p + h) − L(p − h)) / 2h.
    Where an activation or aggregation has its kink within h, both sides differ and the error says
    so: such graphs give up to 1.

    Args:
        genome: Any.
        X: As for :func:`neatgrow.fine_tune`; by default four ticks of five random samples.
        Y: Targets; random by default.
        loss: Name of a loss.
        sequences: Whether X has an axis of ticks.
        seed: Of the random data.

    Returns:
        About 1e-7 or less away from kinks.
    """
    _checks.one_of("loss", loss, LOSSES[:-1])
    rng = np.random.default_rng(seed)
    shape = (4, 5) if sequences else (20,)
    X = rng.standard_normal((*shape, genome.n_inputs)) if X is None else X
    if Y is None:
        leading = np.shape(X)[:-1]
        Y = rng.standard_normal((*leading, genome.n_outputs))
    data = prepared(
        genome.interface, 1, X, Y, None, sequences=sequences, labels=loss == "categorical",
        dtype=np.float64,
    )  # fmt: skip
    trainer = Trainer(genome.batch(), recipe_of(loss, None, 1, data), np.float64)
    plan = trainer.networks.plan
    losses, found = trainer.gradients(data)
    floor = _FLOOR * max(1.0, abs(float(losses[0])))
    worst = 0.0
    for values, gradient, rows in zip(
        learned_of(plan), found, rows_of(trainer.networks, np.zeros(1, np.int64)), strict=True
    ):
        for place in product(rows.tolist(), *map(range, values.shape[1:])):
            numeric = _difference(trainer, data, values, place)
            slope = float(gradient[place])
            size = max(abs(slope), abs(numeric), floor)
            worst = max(worst, abs(slope - numeric) / size)
    return float(worst)


def _difference(trainer: Trainer, data: Data, values: Array, place: tuple[int, ...]) -> float:
    """Central difference of the loss along one parameter."""
    value = values[place]
    step = _STEP * max(1.0, abs(value))
    sides = []
    for moved in (value + step, value - step):
        values[place] = moved
        sides.append(float(trainer.loss(data)[0]))
    values[place] = value
    return float((sides[0] - sides[1]) / ((value + step) - (value - step)))
