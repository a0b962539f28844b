"""Pole balancing: one or two poles on a cart, with and without velocities."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.networks.networks import Networks
from neatgrow.problems.simulation import pole_physics as physics
from neatgrow.problems.simulation.problem import Simulation, evaluation_of

SOLVED_STEPS = 100_000  # actions
SOLVED_STARTS = 200  # of 625
SOLVED_BONUS = 100.0
_DAMPED_STEPS = _GENERAL_STEPS = 1000  # actions


class PoleBalancing:
    """Keep poles on a cart upright by pushing it; the classic benchmark of neuroevolution.

    With velocities a network sees x, ẋ and each pole's θ, θ̇, and its fitness is how many
    actions it survives, up to 100,000, which solves it. Without it sees x and each θ and must
    remember; its fitness is Gruau's damped one over 1,000 actions,

        0.1 t / 1000 + 0.9 f,  f = 0 if t < 100, else 0.75 / Σ (|x| + |ẋ| + |θ₁| + |θ̇₁|)

    with t the actions survived and the sum over the states after the last 100 of them. A network
    that survives all 1,000 is tried for 100,000, and if it survives these, from 625 other starts
    for 1,000 each; with 200 of them it solves the problem and gets 100 on top. (The damped part
    is cut at 99, far beyond what occurs.) In the literature only a generation's best is tried;
    here every network's fitness depends on itself alone.

    Physics of Wieland (1991) as used by Gomez & Miikkulainen (1999) and Stanley & Miikkulainen
    (2002): fourth-order Runge-Kutta steps of 0.01 s, two per action. The first pole starts at
    ``start_angle``, everything else at 0. The output's range becomes −10…10 N, never less than
    10/256 N in magnitude. Inputs are x / 4.8 m, ẋ / 2 m/s, θ / 0.52 rad, θ̇ / 2 rad/s.

    Args:
        poles: 1 or 2.
        velocities: Whether they are seen.
        start_angle: Of the first pole, degrees. Tables use 4 (Gomez), 1 (Stanley) or 4.5 (Igel,
            without velocities).
        failure_angle: Degrees; 12 for one pole, 36 for two.
        track: The cart fails beyond ± this, m.
        masses: Of each pole, kg.
        half_lengths: Of each pole, m.
        cart_mass: kg.
        cart_friction: Coefficient μ_c, N.
        pole_friction: Coefficient μ_p, kg m²/s.
        gravity: m/s².
        force: Largest, N.
        least_force: Least magnitude, N.
        time_step: s.
        substeps: Time steps per action.
        scales: What x, ẋ, θ and θ̇ are divided by.
        output_range: Outputs that mean the largest force to the left and to the right;
            (0, 1) for logistic outputs.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
    """

    noisy = False
    sequential = True

    def __init__(
        self,
        *,
        poles: int = 2,
        velocities: bool = True,
        start_angle: float = 4.0,
        failure_angle: float | None = None,
        track: float = 2.4,
        masses: Sequence[float] = (0.1, 0.01),
        half_lengths: Sequence[float] = (0.5, 0.05),
        cart_mass: float = 1.0,
        cart_friction: float = 5e-4,
        pole_friction: float = 2e-6,
        gravity: float = 9.8,
        force: float = 10.0,
        least_force: float = 10.0 / 256.0,
        time_step: float = 0.01,
        substeps: int = 2,
        scales: Sequence[float] = (4.8, 2.0, 0.52, 2.0),
        output_range: Sequence[float] = (-1.0, 1.0),
    ) -> None:
        given = {name: value for name, value in locals().items() if name != "self"}
        self.poles = _checks.integer("poles", poles, 1)
        if poles > 2:
            raise ValueError(_checks.message("poles", "1 or 2", poles))
        if failure_angle is None:
            failure_angle = 12.0 if poles == 1 else 36.0
        _positive(
            failure_angle=failure_angle, track=track, cart_mass=cart_mass, force=force,
            time_step=time_step,
        )  # fmt: skip
        m = _numbers("masses", masses, poles)
        length = _numbers("half_lengths", half_lengths, poles)
        _positive(masses=float(m.min()), half_lengths=float(length.min()))
        low, high = _numbers("output_range", output_range, 2)
        if low == high:
            raise ValueError(_checks.message("output_range", "two different numbers", output_range))
        _finite(
            start_angle=start_angle, cart_friction=cart_friction, pole_friction=pole_friction,
            gravity=gravity, least_force=least_force,
        )  # fmt: skip
        self.velocities = _checks.flag("velocities", velocities)
        self.start = np.zeros(2 + 2 * poles)
        self.start[2] = math.radians(start_angle)
        self.name = ("pole", "double-pole")[poles - 1] + ("" if velocities else "-no-velocities")
        names = ["x", "dx", "θ", "dθ", "φ", "dφ"][: 2 + 2 * poles][:: 1 if velocities else 2]
        self.inputs, self.outputs = len(names), 1
        self.input_names: tuple[str, ...] | None = tuple(names)
        self.output_names: tuple[str, ...] | None = ("force",)
        self.solved_at: float | None = float(SOLVED_STEPS) if velocities else SOLVED_BONUS
        own = np.column_stack([m, length, pole_friction / (m * length), 0.75 / length])
        parameters = [
            cart_mass, cart_friction, gravity, track, math.radians(failure_angle), force,
            least_force, low, high, time_step, _checks.integer("substeps", substeps, 1),
            self.velocities, *_numbers("scales", scales, 4), _DAMPED_STEPS, *own.ravel(),
        ]  # fmt: skip
        memory = 0 if velocities else 1 + physics.WINDOW
        self._simulation = Simulation(
            physics.reset,
            physics.balance if velocities else physics.balance_calmly,
            inputs=self.inputs,
            outputs=1,
            state=self.start.size + memory,
            parameters=parameters,
            starts=[self.start],
            steps=SOLVED_STEPS if velocities else _DAMPED_STEPS,
        )
        self._given = {name: _plain(value) for name, value in given.items()}

    @property
    def parameters(self) -> Array:
        """What the simulator reads, laid out as in ``pole_physics``."""
        return self._simulation.parameters

    def __repr__(self) -> str:
        return f"PoleBalancing(poles={self.poles}, velocities={self.velocities})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(PoleBalancing, **self._given), ()

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Fitness of each network; the same whatever the seed."""
        played = self._simulation.play(networks, [self.start])
        evaluation = evaluation_of(played)
        if self.velocities:
            return evaluation
        steady = np.flatnonzero(~played.done[:, 0])
        long = self._simulation.play(networks, [self.start], rows=steady, steps=SOLVED_STEPS)
        lasting = steady[~long.done[:, 0]]
        wide = self._simulation.play(
            networks, generalisation_starts(self.poles), rows=lasting, steps=_GENERAL_STEPS
        )
        general = lasting[(~wide.done).sum(axis=1) >= SOLVED_STARTS]
        fitness = evaluation.fitness.copy()
        fitness[general] += SOLVED_BONUS
        steps = evaluation.steps + int(long.lengths.sum()) + int(wide.lengths.sum())
        return Evaluation(fitness, steps, evaluation.failures)

    def survived(self, networks: Networks, starts: ArrayLike, *, steps: int = 1000) -> Array:
        """How many actions each network survives from each start: (N, E) int64.

        Args:
            networks: N networks.
            starts: (E, 2 + 2 poles): x (m), ẋ (m/s), then θ (rad), θ̇ (rad/s) of each pole.
            steps: Most actions.
        """
        played = self._simulation.play(networks, starts, steps=steps)
        return np.asarray(played.lengths - played.done)

    def generalisation(self, networks: Networks) -> Array:
        """Of 625 starts, those from which each network survives 1,000 actions: (N,) int64."""
        lengths = self.survived(networks, generalisation_starts(self.poles), steps=_GENERAL_STEPS)
        return np.asarray((lengths == _GENERAL_STEPS).sum(axis=1))

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: inputs are scaled by fixed numbers."""
        return None

    def describe(self) -> dict[str, Any]:
        """Every argument."""
        return {"problem": self.name, **self._given}


def generalisation_starts(poles: int) -> Array:
    """(625, 2 + 2 poles): {.05, .25, .5, .75, .95}⁴ of ±2.16 m, ±1.35 m/s, ±3.6°, ±8.6°/s.

    For the cart and the first pole; a second stands still and upright. Source: Gruau, Whitley &
    Pyeatt (1996).
    """
    shares = np.array(list(product((0.05, 0.25, 0.5, 0.75, 0.95), repeat=4)))
    most = np.array([2.16, 1.35, math.radians(3.6), math.radians(8.6)])
    starts = np.zeros((625, 2 + 2 * poles))
    starts[:, :4] = (2.0 * shares - 1.0) * most
    return starts


def _finite(**values: float) -> None:
    for what, value in values.items():
        _checks.number(what, value, finite=True)


def _positive(**values: float) -> None:
    for what, value in values.items():
        _checks.number(what, value, above=0.0, finite=True)


def _numbers(what: str, values: Sequence[float], count: int) -> Array:
    """The first of a few numbers, at least as many as needed."""
    array = _checks.array(what, values, ("K",), finite=True)
    if array.size < count:
        raise ValueError(_checks.message(what, f"at least {count} numbers", f"{array.size}"))
    return array[:count]


def _plain(value: Any) -> Any:
    """As JSON holds it."""
    if isinstance(value, np.generic):
        return value.item()
    return [float(x) for x in value] if isinstance(value, (Sequence, np.ndarray)) else value
