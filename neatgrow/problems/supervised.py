"""Fitness from samples of inputs and wanted outputs."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow.kernels.layout import Array
from neatgrow.learning.data import Lessons
from neatgrow.networks import Networks
from neatgrow.problems.base import Evaluation


class Supervised:
    """Fit outputs to targets: fitness is −(mean squared error), or the accuracy.

    Args:
        X: (B, I) inputs.
        Y: (B, O) targets.
        measure: ``"mse"`` for minus the mean squared error; ``"accuracy"`` for the share of
            samples whose outputs all lie on the target's side of 0.5 (one output column per
            class: of samples whose largest output is the target's largest).
        solved_at: Fitness from which it counts as solved.
    """

    noisy = False

    def __init__(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        measure: Literal["mse", "accuracy"] = "mse",
        solved_at: float | None = None,
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
        name: str = "supervised",
    ) -> None:
        self.X = _checks.array("X", X, ("B", "I"), finite=True)
        self.Y = _checks.array("Y", Y, (self.X.shape[0], "O"), finite=True)
        self.measure = _checks.one_of("measure", measure, ("mse", "accuracy"))
        self.name = name
        self.inputs, self.outputs = self.X.shape[1], self.Y.shape[1]
        self.input_names, self.output_names = input_names, output_names
        self.solved_at = solved_at

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Fitness of each network on all samples."""
        predictions = networks.predict(self.X)
        return Evaluation(self._fitness(predictions), len(networks) * self.X.shape[0])

    def _fitness(self, predictions: Array) -> Array:
        """(N, B, O) → (N,)."""
        if self.measure == "accuracy":
            if self.outputs == 1:
                right = (predictions > 0.5) == (self.Y > 0.5)
                return np.asarray(right.all(axis=2).mean(axis=1))
            right = predictions.argmax(axis=2) == self.Y.argmax(axis=1)
            return np.asarray(right.mean(axis=1))
        error = predictions - self.Y
        return np.asarray(-np.einsum("nbo,nbo->n", error, error) / self.Y.size)

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: samples enter as they are."""
        return None

    def lessons(self) -> Lessons:
        """All samples, learned by the mean squared error."""
        return Lessons(self.X, self.Y)

    def describe(self) -> dict[str, Any]:
        """Everything but the samples, which are the caller's."""
        return {"problem": "supervised", "name": self.name, "measure": self.measure}


class XOR(Supervised):
    """Exclusive or of two inputs, solved when all four outputs are on the right side of 0.5.

    Fitness is 4 − Σ error², or with ``paper`` max(4 − Σ |error|, 0)²; a network that solves it gets
    4 (16) on top, so that ``solved_at`` tells it from a closer one that does not.

    Args:
        paper: Fitness and inputs of Stanley & Miikkulainen (2002), section 4.1: the third
            input is a bias that is always 1. For ``Config.paper()``.
    """

    def __init__(self, *, paper: bool = False) -> None:
        X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
        if paper:
            X = np.column_stack([X, np.ones(4)])
        super().__init__(
            X,
            [[0], [1], [1], [0]],
            solved_at=16.0 if paper else 4.0,
            input_names=("a", "b", "bias")[: X.shape[1]],
            output_names=("a xor b",),
            name="xor",
        )
        self.paper = paper

    def _fitness(self, predictions: Array) -> Array:
        error = np.abs(predictions - self.Y)[:, :, 0]
        right = (error < 0.5).all(axis=1)
        if self.paper:
            # Without the bound, outputs far off would be squared into a solution.
            return np.asarray(np.maximum(4.0 - error.sum(axis=1), 0.0) ** 2 + 16.0 * right)
        return np.asarray(4.0 - (error**2).sum(axis=1) + 4.0 * right)

    def describe(self) -> dict[str, Any]:
        """Enough to build it again."""
        return {"problem": "xor", "paper": self.paper}
