"""Walking on one leg, with and without a sense of where the leg is."""

from typing import Any

from neatgrow import _checks
from neatgrow.problems.simulation import walker_physics as physics
from neatgrow.problems.simulation.problem import Simulation

_MOST_STEPS = 1_000_000


class Walker(Simulation):
    """Walk as far as possible on one leg; the classic task of continuous-time networks.

    Three outputs from 0 to 1 lift the leg (``foot``, down above 0.5) and swing it ``backward`` and
    ``forward``. With the foot down, swinging backward moves the body; with the foot up the body
    stands still and the leg swings freely. The equations are those of
    ``simulation/walker_physics.py``. With ``sensor`` the input is the leg's angle, within ±π/6 but
    for some overshoot. Without it the input is always 1 and a network has to keep the rhythm by
    itself, so that no network without memory can walk: a single step and no more is worth 27.6
    at most, 0.126 at a time of 220.

    Fitness is the mean speed, distance / time. In the published runs of networks of three neurons
    with a time of 2,200 it is 0.6275 ± 0.0004 with the sensor, and 0.582 ± 0.023 without it, where
    21 of 100 reach 0.60. Neurons there are ``leaky`` ones with a time constant of 0.5 to 10 and
    weights and biases within ±16; a network is advanced by one tick per time step of 0.1, so a
    time constant of 5 to 100 ticks is the same.

    Args:
        sensor: Whether the leg's angle is seen.
        time: How long it walks.
        time_step: Between two ticks of the network, over which the motion is integrated as well.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
    """

    def __init__(self, *, sensor: bool = True, time: float = 220.0, time_step: float = 0.1) -> None:
        _checks.flag("sensor", sensor)
        time_step = _checks.number("time_step", time_step, above=0.0, finite=True)
        time = _checks.number("time", time, least=time_step, finite=True)
        if time > _MOST_STEPS * time_step:
            rule = f"at most {_MOST_STEPS:,} time steps"
            raise ValueError(_checks.message("time", rule, f"{time / time_step:,.0f}"))
        self.sensor, self.time, self.time_step = bool(sensor), time, time_step
        super().__init__(
            physics.reset,
            physics.step,
            inputs=1,
            outputs=3,
            state=physics.HEIGHT + 1,
            parameters=[time_step, time, float(sensor)],
            steps=round(time / time_step),
            name="walker" if sensor else "walker-no-sensor",
            input_names=("angle" if sensor else "one",),
            output_names=("foot", "backward", "forward"),
        )
        self.output_activation: str | None = "sigmoid"  # of 0 to 1

    def __repr__(self) -> str:
        return f"Walker(sensor={self.sensor}, time={self.time:g}, time_step={self.time_step:g})"

    def describe(self) -> dict[str, Any]:
        """Every argument."""
        return {
            "problem": self.name, "sensor": self.sensor, "time": self.time,
            "time_step": self.time_step,
        }  # fmt: skip
