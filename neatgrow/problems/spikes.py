"""Tasks whose answers are spikes."""

from itertools import permutations
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.supervised import Supervised

_PHASES = ((0, 0), (1, 0), (0, 1), (1, 1))


class SpikingXOR(Supervised):
    """Fire while one of two currents flows, and be silent while none or both do.

    Four phases follow each other: no current, A alone, B alone, both. All 24 orders of them are
    played, as a network that knew the order could answer by a clock. A phase is right if the output
    fires in a phase of one current at least once, or in one of none or both not at all.

    Fitness is the mean over phases and orders of 1 where it fires and should, and of
    1 / (1 + spikes) where it should not; 1 if all are right. The published task, neat-python's
    ``spike-timing``, has an output for A alone and one for B alone in one order of the phases;
    silence scores 6 of 8 there, and a network without hidden cells all. Time constants of that task
    are ``Config(tick=0.05, substeps=1)`` with ``"regular_spiking"`` cells.

    Args:
        phase: Ticks of a phase; 250 of 0.05 ms are the published 12.5 ms.
        current: What enters while a current flows.

    Attributes:
        wanted: (4, 24) bool, whether each phase of each order is to be answered by spikes.
    """

    def __init__(self, *, phase: int = 250, current: float = 15.0) -> None:
        self.phase = _checks.integer("phase", phase, 1)
        self.current = _checks.number("current", current, finite=True)
        flows = np.array(list(permutations(_PHASES))).swapaxes(0, 1)  # (4, 24, 2)
        self.wanted: Array = flows.sum(axis=2) == 1
        X = np.repeat(flows * self.current, self.phase, axis=0)
        Y = np.repeat(self.wanted[..., None], self.phase, axis=0).astype(np.float64)
        super().__init__(
            X, Y, sequences=True, solved_at=1.0, input_names=("a", "b"),
            output_names=("a xor b",), name="spiking-xor",
        )  # fmt: skip

    def spikes(self, outputs: Array) -> Array:
        """Spikes by phase and order, (N, 4, 24) int64, of outputs (N, T, 24, 1)."""
        fired: Array = outputs[..., 0] > 0.5
        return np.asarray(fired.reshape(len(outputs), 4, self.phase, -1).sum(axis=2))

    def _fitness(self, outputs: Array) -> Array:
        spikes = self.spikes(outputs)
        scores = np.where(self.wanted, spikes > 0, 1.0 / (1.0 + spikes))
        fitness = scores.reshape(len(outputs), -1).mean(axis=1)
        fitness[np.isnan(outputs).any(axis=(1, 2, 3))] = np.nan
        return np.asarray(fitness)

    def describe(self) -> dict[str, Any]:
        """Enough to build it again."""
        return {"problem": "spiking-xor", "phase": self.phase, "current": self.current}
