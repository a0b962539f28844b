"""A user's function of one network as a problem."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._means import mean_of
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation, Problem, cause_of
from neatgrow.kernels import random
from neatgrow.networks.networks import Networks

Fitness = Callable[..., float]
"""A function of a network, or of a network and a seed, that returns its fitness."""


class Function:
    """Fitness by a function that is called once per network.

    Args:
        function: Network → number, higher is better; or (network, seed) → number, one that
            draws all its random numbers from the seed. It may return a tuple instead, for ways of
            selection that read more: (fitness, behaviour) or (fitness, behaviour, objectives),
            each of the others a list of as many numbers for every network, or ``None``;
            objectives are the better the higher. What it raises counts as a failure of that
            genome, as does what is no number; if it never returns one, that is raised.
            ``sys.exit()`` ends the run and leaves the program.
        inputs: I.
        outputs: O.
        solved_at: Fitness from which it counts as solved.
        noisy: Whether it gives the same network another fitness when it is called again; by
            default if it takes a seed.
    """

    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        inputs: int,
        outputs: int,
        solved_at: float | None = None,
        noisy: bool | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(_checks.message("fitness", "a function of one network", function))
        self.function = function
        self.inputs = _checks.integer("inputs", inputs, 1)
        self.outputs = _checks.integer("outputs", outputs, 1)
        self.solved_at = None if solved_at is None else _checks.number("solved_at", solved_at)
        self._by_place = _seed_of(function)
        takes_seed = self._by_place is not None
        self.noisy = takes_seed if noisy is None else _checks.flag("noisy", noisy)
        self.name = getattr(function, "__name__", type(function).__name__)

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Call the function on every network.

        Args:
            networks: N networks.
            seed: What the seeds of the calls are drawn from, the same for every network.
            episodes: Calls per network, each on a fresh state; 1 by default. Behaviour and
                objectives are means over them, like fitness.
        """
        networks.interface.check_graph("networks")
        count = 1 if episodes is None else _checks.integer("episodes", episodes, 1)
        seeds = np.empty(count, np.int64)
        random.derive_seeds(seed, random.EPISODES, 0, seeds)
        scores = np.full((len(networks), count), np.nan)
        tables: dict[str, Array] = {}
        failures: dict[int, str] = {}
        errors: dict[int, BaseException] = {}
        refused: list[Exception] = []
        for row in range(len(networks)):
            for k, own in enumerate(seeds.tolist()):
                given = (networks[row], own) if self._by_place else (networks[row],)
                named = {"seed": own} if self._by_place is False else {}
                try:
                    value = self.function(*given, **named)
                except Exception as error:
                    failures[row] = cause_of(error)
                    errors = errors or {row: error}
                    break
                try:
                    value, *more = value if isinstance(value, tuple) else (value,)
                    fitness = _number(value)
                    _add(tables, row, more, len(networks), count)
                    scores[row, k] = fitness
                except (TypeError, ValueError) as error:
                    failures[row] = str(error)
                    refused.append(error)
                    break
                if not np.isfinite(scores[row, k]):
                    failures[row] = f"fitness is {scores[row, k]}"
                    break
        if refused and len(refused) == len(networks):
            raise refused[0]
        # Refused ones do not count: where all are, there is no answer that could count them.
        steps = (len(networks) - len(refused)) * count
        mean = mean_of(scores)
        for table in tables.values():
            table[np.isnan(mean)] = np.nan
        return Evaluation(
            mean, steps, failures, errors=errors, scores=scores,
            behaviour=tables.get("behaviour"), objectives=tables.get("objectives"),
        )  # fmt: skip

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: the function sees networks as they are."""
        return None

    def describe(self) -> dict[str, Any]:
        """The function's name; the function itself is the caller's."""
        return {"problem": "function", "name": self.name}


def as_problem(
    problem: Problem | Fitness,
    inputs: int | None,
    outputs: int | None,
    noisy: bool | None = None,
) -> Problem:
    """A problem as it is, or of a fitness function and what has to be said of it.

    Raises:
        TypeError: It is neither; or values go with the wrong one of them, or are missing.
    """
    if isinstance(problem, Problem):
        if inputs is not None or outputs is not None or noisy is not None:
            raise TypeError(
                "inputs, outputs, noisy: expected only with a fitness function, got them with the "
                f"problem {problem.name!r}, which has its own. Leave them out."
            )
        _checks.flag("problem.noisy", problem.noisy)
        if problem.solved_at is not None:
            _checks.number("problem.solved_at", problem.solved_at)
        return problem
    if not callable(problem):
        raise TypeError(
            _checks.message("problem", "a Problem or a function of one network", problem)
        )
    if inputs is None or outputs is None:
        raise TypeError(
            "evolve: expected inputs= and outputs= with a fitness function, got "
            f"inputs={inputs}, outputs={outputs}. Say how many values go in and out."
        )
    return Function(problem, inputs=inputs, outputs=outputs, noisy=noisy)


def _seed_of(function: Callable[..., Any]) -> bool | None:
    """How a seed is passed: ``True`` by position, ``False`` by name, ``None`` not at all.

    Raises:
        TypeError: The function needs something else as well.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some of C have none
        return None
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in parameters if p.default is p.empty and p not in by_place[:1]
              and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]  # fmt: skip
    others = [name for name in needed if name != "seed"]
    if others:
        got = f"one that needs {', '.join(others)} as well"
        remedy = "Give the others defaults, or bind them with functools.partial."
        rule = "a function of (network) or (network, seed)"
        raise TypeError(_checks.message("fitness", rule, got, remedy))
    for place, parameter in enumerate(parameters):
        if parameter.name == "seed" and place:
            return place == 1 and parameter in by_place
    return None


def _add(tables: dict[str, Array], row: int, more: list[Any], n: int, count: int) -> None:
    """Take in what a function returned beside the fitness, in one of ``count`` calls."""
    if len(more) > 2:
        rule = "a number, (fitness, behaviour) or (fitness, behaviour, objectives)"
        raise ValueError(_checks.message("fitness", rule, f"a tuple of {1 + len(more)}"))
    for name, given in zip(("behaviour", "objectives"), more, strict=False):
        if given is not None:
            wide: int | str = tables[name].shape[1] if name in tables else "K"
            values = _checks.array(name, given, (wide,))
            tables.setdefault(name, np.zeros((n, values.size)))[row] += values / count


def _number(value: Any) -> float:
    if value is None:
        raise ValueError(
            "fitness: expected a number, got None. Return a number from the fitness function; "
            "return NaN for an evaluation that failed."
        )
    return _checks.real("fitness", value, "Return a float from the function.")
