"""Fitness from samples or sequences of inputs and wanted outputs."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.genomes.interface import Interface
from neatgrow.kernels.losses import LOSSES
from neatgrow.learning.data import Lessons, checked_set, losses_of, prepared
from neatgrow.learning.targets import LOGITS
from neatgrow.networks.networks import Networks


class Supervised:
    """Fit outputs to targets: fitness is minus the loss, or says how many are right.

    Accuracy is the share of samples (of ticks, by their weights) that are right. One output,
    or any number with ``"binary"``: every output lies on its target's side of 0.5, or of 0
    where outputs are logits or targets have both signs. Several outputs: the largest is the
    target's largest.

    Output nodes are of activation ``identity``, which reaches every target and every logit, unless
    settings say otherwise; where all targets are one of two truth values (0 and 1, or −1 and 1)
    and outputs are no logits, they are like the other nodes.

    Args:
        X: (B, I) inputs; with ``sequences`` (T, B, I), one tick per step from state 0.
        Y: (B, O) or (T, B, O) targets; for ``"categorical"`` also class numbers (B,) or (T, B).
        loss: By which networks learn and are judged: ``"mse"``, ``"mae"``, ``"huber"``, or
            ``"binary"`` and ``"categorical"`` cross-entropy of outputs taken as logits.
        measure: What fitness is. ``"loss"``: minus the loss. ``"accuracy"``: the share that is
            right. ``"all_right"``: minus the loss until all are right, then 1 + 1 / (1 + loss);
            so ``solved_at`` is 1 there by default.
        weights: Of each sample (B,) or each tick (T, B), 0 to leave one out; all 1 by default.
        sequences: Whether X has an axis of ticks.
        classes: O, where Y holds class numbers; by default as many as occur.
        validation: (X, Y) or (X, Y, weights) that networks are judged on, while they learn from
            the others.
        solved_at: Fitness from which it counts as solved.

    Raises:
        ValueError: Shapes do not fit, values are not finite, or labels are out of range.
        TypeError: Values are not numbers.
    """

    noisy = False

    def __init__(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        *,
        loss: str = "mse",
        measure: Literal["loss", "accuracy", "all_right"] = "loss",
        weights: ArrayLike | None = None,
        sequences: bool = False,
        classes: int | None = None,
        validation: tuple[ArrayLike, ...] | None = None,
        solved_at: float | None = None,
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
        name: str = "supervised",
    ) -> None:
        self.loss = _checks.one_of("loss", loss, LOSSES[:-1])
        self.measure = _checks.one_of("measure", measure, ("loss", "accuracy", "all_right"))
        self.sequences = _checks.flag("sequences", sequences)
        self.name = name
        axes = ("T", "B") if sequences else ("B",)
        self.X = _checks.array("X", X, (*axes, "I"), finite=True)
        sizes = self.X.shape[:-1]
        if loss == "categorical":
            Y = _one_hot(Y, sizes, classes)
        self.Y = _checks.array("Y", Y, (*sizes, "O"), finite=True)
        self.inputs, self.outputs = self.X.shape[-1], self.Y.shape[-1]
        self.weights = None if weights is None else _checks.array("weights", weights, sizes)
        face = Interface(self.inputs, self.outputs, input_names, output_names)
        self.input_names, self.output_names = face.input_names, face.output_names
        if solved_at is not None:
            solved_at = _checks.number("solved_at", solved_at)
        self.solved_at = 1.0 if solved_at is None and measure == "all_right" else solved_at
        self.sequential = bool(sequences)
        self.output_activation = self._suitable_activation()
        self.scores = loss in LOGITS
        self._middle = 0.0 if loss == "binary" or (self.Y < 0).any() else 0.5
        self._judged = self._set(self.X, self.Y, self.weights)
        if validation is not None:
            self._judged = self._set(*checked_set("validation", validation))

    def _suitable_activation(self) -> str | None:
        """Identity for logits and for numbers; as the other nodes where all that is wanted is one
        of two truth values, which squashing nodes come to by themselves."""
        wanted = self.Y if self.weights is None else self.Y[self.weights > 0.0]
        values = np.unique(wanted).tolist()
        truths = self.loss not in LOGITS and values in ([0.0, 1.0], [-1.0, 1.0])
        return None if truths else "identity"

    def _set(
        self, X: ArrayLike, Y: ArrayLike, weights: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """Inputs, targets (…, O) and weights (…) of a set like the training set, checked."""
        labels = self.loss == "categorical"
        data = prepared(
            Interface(self.inputs, self.outputs), 1, X, Y, weights, sequences=self.sequences,
            labels=labels, dtype=np.float64,
        )  # fmt: skip
        if not data.weight.any():
            raise ValueError(_checks.message("weights", "one above 0", "none"))
        if self.loss == "binary" and not 0 <= data.targets.min() <= data.targets.max() <= 1:
            outside = data.targets[(data.targets < 0) | (data.targets > 1)][0]
            raise ValueError(_checks.message("Y", "targets from 0 to 1 for binary", f"{outside}"))
        x, y = (np.ascontiguousarray(np.swapaxes(a[0], 1, 2)) for a in (data.inputs, data.targets))
        return (x, y, data.weight[0]) if self.sequences else (x[0], y[0], data.weight[0, 0])

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Fitness of each network on all samples, or on the validation set."""
        X = self._judged[0]
        networks.interface.check_graph("networks")
        outputs = networks.run(X) if self.sequences else networks.predict(X)
        return Evaluation(self._fitness(outputs), len(networks) * (X.size // self.inputs))

    def _fitness(self, outputs: Array) -> Array:
        """Outputs (N, B, O) or (N, T, B, O) → (N,)."""
        _, Y, weights = self._judged
        if self.measure == "accuracy":
            return self._share_right(outputs, Y, weights)
        losses = losses_of(outputs, Y, weights, self.loss)
        if self.measure == "all_right":
            solved = self._share_right(outputs, Y, weights) == 1.0
            return np.where(solved, 1.0 + 1.0 / (1.0 + np.maximum(losses, 0.0)), -losses)
        return -losses

    def accuracy(
        self, networks: Networks, X: ArrayLike, Y: ArrayLike, weights: ArrayLike | None = None
    ) -> Array:
        """(N,) share of samples that are right, in any set shaped like the training set."""
        networks.interface.check_graph("networks")
        x, y, w = self._set(X, Y, weights)
        return self._share_right(networks.run(x) if self.sequences else networks.predict(x), y, w)

    def losses(
        self, networks: Networks, X: ArrayLike, Y: ArrayLike, weights: ArrayLike | None = None
    ) -> Array:
        """(N,) losses in any set shaped like the training set."""
        networks.interface.check_graph("networks")
        x, y, w = self._set(X, Y, weights)
        return losses_of(
            networks.run(x) if self.sequences else networks.predict(x), y, w, self.loss
        )

    def _share_right(self, outputs: Array, Y: Array, weights: Array) -> Array:
        if self.outputs == 1 or self.loss == "binary":
            middle = 0.5 if self.loss == "binary" else self._middle
            wanted = middle < Y
            right = ((outputs > self._middle) == wanted).all(axis=-1)
        else:
            right = outputs.argmax(axis=-1) == Y.argmax(axis=-1)
        right = (right & ~np.isnan(outputs).any(axis=-1)).reshape(len(outputs), -1)
        counted = np.concatenate([right, np.ones_like(right[:1])]) * weights.ravel()
        sums = counted.sum(axis=1)  # in one order, so that all right is exactly 1
        return np.asarray(sums[:-1] / sums[-1])

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: samples enter as they are."""
        return None

    def lessons(self) -> Lessons:
        """All samples but those of the validation set."""
        return Lessons(self.X, self.Y, self.loss, self.weights, self.sequences)

    def describe(self) -> dict[str, Any]:
        """Everything but the samples, which are the caller's."""
        return {
            "problem": "supervised", "name": self.name, "loss": self.loss, "measure": self.measure
        }  # fmt: skip


def _one_hot(Y: ArrayLike, sizes: tuple[int, ...], classes: int | None) -> ArrayLike:
    """Class numbers, where that is what Y holds, as (…, O) of 0 and 1; anything else as it is."""
    if classes is not None:
        _checks.integer("classes", classes, 1)
    _checks.refuse_masked("Y", Y)
    given = np.asarray(Y)
    if given.dtype.kind not in "iu" or given.shape != sizes:
        return Y
    count = int(given.max()) + 1 if classes is None else int(classes)
    if given.min() < 0 or given.max() >= count:
        worst = int(given.min() if given.min() < 0 else given.max())
        raise ValueError(_checks.message("Y", f"class numbers from 0 to {count - 1}", worst))
    rows: Array = np.eye(count)[given]
    return rows


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
        self.paper = _checks.flag("paper", paper)

    def _fitness(self, outputs: Array) -> Array:
        error = np.abs(outputs - self.Y)[:, :, 0]
        right = (error < 0.5).all(axis=1)
        if self.paper:
            # Without the bound, outputs far off would be squared into a solution.
            return np.asarray(np.maximum(4.0 - error.sum(axis=1), 0.0) ** 2 + 16.0 * right)
        return np.asarray(4.0 - (error**2).sum(axis=1) + 4.0 * right)

    def describe(self) -> dict[str, Any]:
        """Enough to build it again."""
        return {"problem": "xor", "paper": self.paper}
