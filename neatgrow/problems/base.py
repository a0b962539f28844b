"""What a problem is: N networks and a seed in, N fitnesses out."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from neatgrow.kernels.layout import Array
from neatgrow.networks import Networks


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a problem answers.

    Attributes:
        fitness: (N,) float64, higher is better; NaN where the evaluation failed.
        steps: Environment steps or samples spent.
        failures: Row of each failed network and why.
    """

    fitness: Array
    steps: int
    failures: dict[int, str] = field(default_factory=dict)


@runtime_checkable
class Problem(Protocol):
    """A task that evolution can be run on; anything with these members is one.

    Attributes:
        name: Short name for tables and file names.
        inputs: I.
        outputs: O.
        input_names: I names for pictures, or ``None``.
        output_names: O names, or ``None``.
        solved_at: Fitness from which the problem counts as solved, or ``None``.
        noisy: Whether fitness depends on the seed: then a new best is tested again on fresh
            seeds before it is believed.
    """

    name: str
    inputs: int
    outputs: int
    input_names: tuple[str, ...] | None
    output_names: tuple[str, ...] | None
    solved_at: float | None
    noisy: bool

    def evaluate(self, networks: Networks, *, seed: int, episodes: int | None = None) -> Evaluation:
        """Fitness of each network.

        Args:
            networks: N networks; their states are reset by whoever uses them.
            seed: Keys every random draw: the same seed gives every network the same episodes.
            episodes: Episodes per network instead of the problem's own number; problems that
                are not noisy ignore it.
        """
        ...

    def statistics(self) -> dict[str, Array] | None:
        """What a genome needs to be used outside this problem: ``input_mean`` and
        ``input_scale`` where observations are normalised, else ``None``."""
        ...

    def describe(self) -> dict[str, Any]:
        """Plain values from which :func:`neatgrow.problems.catalogue.rebuild` makes it again."""
        ...
