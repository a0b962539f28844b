"""Controllers in use: policies of genomes for any problem, and what a controller comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from gymnasium.spaces import Box

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Problem, judged
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.problems.gymnasium.policy import Policy

Controller = Genome | Network | Policy | Callable[[Any], Any]


@runtime_checkable
class _Playable(Protocol):
    """A problem whose episodes policies can play, as :class:`neatgrow.Gymnasium` is."""

    def policy(self, genome: Genome) -> Policy: ...

    def returns(
        self, controller: Network | Callable[[Any], Any], *, seed: int, episodes: int
    ) -> tuple[Array, Array]: ...


def policy_of(genome: Genome, problem: Problem) -> Policy:
    """What acts in a problem as a genome does there.

    Raises:
        TypeError: It is no problem.
        ValueError: The genome has other inputs and outputs.
    """
    if isinstance(problem, _Playable):
        return problem.policy(genome)
    if not isinstance(problem, Problem):
        raise TypeError(_checks.message("problem", "a problem", _checks.shown(problem)))
    spaces = [
        Box(-np.inf, np.inf, (count,), np.float64) for count in (problem.inputs, problem.outputs)
    ]
    sequential = bool(getattr(problem, "sequential", False))
    return Policy(genome.phenotype(), *spaces, sequential=sequential)


@dataclass(frozen=True, eq=False)
class Returns:
    """What a controller came to over episodes.

    Attributes:
        mean: Of the returns.
        standard_error: Of the mean; NaN for one episode alone.
        returns: (E,) float64; of a problem without episodes, its fitness.
        lengths: (E,) int64 steps of each episode; ``None`` where the problem does not tell.
    """

    mean: float
    standard_error: float
    returns: Array
    lengths: Array | None

    def __str__(self) -> str:
        return f"{self.mean:.6g} ± {self.standard_error:.2g} over {self.returns.size} episodes"


def evaluate(
    controller: Controller, problem: Problem, *, episodes: int = 100, seed: int = 0
) -> Returns:
    """Let a controller play, and say how certain its mean return is.

    Args:
        controller: A genome (of an encoding: its graph), a network, a policy, or with Gymnasium's
            environments any function, observation in, action out.
        problem: What it is judged on. Statistics of observations are left as they are.
        episodes: How many; a problem that is not noisy has the same fitness in all, and is asked
            once.
        seed: The same seed gives the same episodes. A run's own are others.

    Raises:
        TypeError: The controller is none of these.
        ValueError: It has other inputs and outputs than the problem.
        RuntimeError: An episode failed; says why.
    """
    episodes = _checks.integer("episodes", episodes, 1)
    if isinstance(controller, Genome):
        controller = controller.phenotype().compile()
    if isinstance(problem, _Playable) and (isinstance(controller, Network) or callable(controller)):
        returns, lengths = problem.returns(controller, seed=seed, episodes=episodes)
        return _summary(returns, lengths)
    if isinstance(controller, Policy):
        controller = controller.genome.compile()
    if not isinstance(controller, Network):
        rule = "a genome, a network or a policy"
        raise TypeError(_checks.message("controller", rule, _checks.shown(controller)))
    controller.interface.check_graph("controller")
    count = episodes if problem.noisy else None
    answer = judged(problem, controller.networks, seed=seed, episodes=count)
    if answer.failures:
        raise RuntimeError(f"evaluate: {answer.failures[0]}") from answer.errors.get(0)
    returns = answer.fitness if answer.scores is None else answer.scores[0]
    return _summary(returns, None)


def _summary(returns: Array, lengths: Array | None) -> Returns:
    error = float(returns.std(ddof=1) / np.sqrt(returns.size)) if returns.size > 1 else np.nan
    return Returns(float(returns.mean()), float(error), returns, lengths)
