"""A user's function of one network as a problem."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow.kernels.layout import Array
from neatgrow.networks import Network, Networks
from neatgrow.problems.base import FAULTS, Evaluation, cause_of, let_children_go


class Function:
    """Fitness by a function that is called once per network.

    Args:
        function: Network → number, higher is better. What it raises, SystemExit included,
            counts as a failure of that genome, as does what is no number; if it never returns
            one, that is raised.
        inputs: I.
        outputs: O.
        solved_at: Fitness from which it counts as solved.
    """

    noisy = False
    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None

    def __init__(
        self,
        function: Callable[[Network], float],
        *,
        inputs: int,
        outputs: int,
        solved_at: float | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(_checks.message("fitness", "a function of one network", function))
        self.function = function
        self.inputs = _checks.integer("inputs", inputs, 1)
        self.outputs = _checks.integer("outputs", outputs, 1)
        self.solved_at = None if solved_at is None else _checks.number("solved_at", solved_at)
        self.name = getattr(function, "__name__", type(function).__name__)

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Call the function on every network."""
        fitness = np.full(len(networks), np.nan)
        failures: dict[int, str] = {}
        refused: list[Exception] = []
        owner = os.getpid()
        for row in range(len(networks)):
            try:
                value = self.function(networks[row])
            except FAULTS as error:
                let_children_go(error, owner)
                failures[row] = cause_of(error)
                continue
            try:
                fitness[row] = _number(value)
            except (TypeError, ValueError) as error:
                failures[row] = str(error)
                refused.append(error)
                continue
            if not np.isfinite(fitness[row]):
                failures[row] = f"fitness is {fitness[row]}"
        if refused and len(refused) == len(networks):
            raise refused[0]
        # Refused ones do not count: where all are, there is no answer that could count them.
        return Evaluation(fitness, len(networks) - len(refused), failures)

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: the function sees networks as they are."""
        return None

    def describe(self) -> dict[str, Any]:
        """The function's name; the function itself is the caller's."""
        return {"problem": "function", "name": self.name}


def _number(value: Any) -> float:
    if value is None:
        raise ValueError(
            "fitness: expected a number, got None. Return a number from the fitness function; "
            "return NaN for an evaluation that failed."
        )
    return _checks.real("fitness", value, "Return a float from the function.")
