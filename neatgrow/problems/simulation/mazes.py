"""The T-maze whose reward changes sides: what was learned within a lifetime must be unlearned."""

from typing import Any

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.simulation.problem import Simulation

# Places in state; flips follow. Places in parameters. Places in the observation.
_PLACE, _TRIAL, _SIDE, _FLIPS = range(4)
_HALL, _TRIALS, _LARGE, _SMALL, _CRASH = range(5)
_CORRIDOR, _JUNCTION, _END, _HOME, _REWARD = range(5)

_TURN = 1.0 / 3.0  # outputs beyond ± this turn
_PHASES = (0.35, 0.5, 0.65, 0.8)  # of a flip within its part of the episode


def _reset(state: Array, observation: Array, parameters: Array, start: Array) -> None:
    state[_SIDE] = start[0]
    for k in range(1, start.size):
        state[_FLIPS + k - 1] = start[k]
    observation[_HOME] = 1.0


def _step(state: Array, observation: Array, parameters: Array, action: Array) -> tuple[float, bool]:
    place, junction = state[_PLACE], parameters[_HALL] + 1.0
    turn = 1.0 if action[0] > _TURN else (-1.0 if action[0] < -_TURN else 0.0)
    observation[:] = 0.0
    reward = 0.0
    if place < junction and turn == 0.0:
        state[_PLACE] = place + 1.0
        observation[_JUNCTION if place + 1.0 == junction else _CORRIDOR] = 1.0
        return 0.0, False
    if place == junction and turn != 0.0:
        state[_PLACE] = place + 1.0
        reward = parameters[_LARGE] if turn == state[_SIDE] else parameters[_SMALL]
        observation[_END], observation[_REWARD] = 1.0, reward
        return reward / parameters[_TRIALS], False
    if place <= junction:  # into a wall
        reward = parameters[_CRASH]
        observation[_REWARD] = reward
    state[_PLACE] = 0.0
    state[_TRIAL] += 1.0
    for k in range(_FLIPS, state.size):
        if state[k] == state[_TRIAL]:
            state[_SIDE] = -state[_SIDE]
    observation[_HOME] = 1.0
    return reward / parameters[_TRIALS], state[_TRIAL] == parameters[_TRIALS]


class TMaze(Simulation):
    """Walk to the junction of a T, turn, find out what is there, and begin again at home.

    A large reward lies at the end of one arm and a small one at the other; at certain trials
    they change sides. The network's state lasts for the whole episode, so one that remembers
    which side was good, and that it no longer is, loses one trial per flip. Introduced for
    plastic networks (Soltoggio et al. 2008; Risi & Stanley 2010); recurrent ones can do it too.

    The network sees whether it is in the corridor, at the junction, at an arm's end, at home,
    and the reward received on the way there. Its output turns left below −1/3 and right above
    1/3. To turn anywhere but at the junction, or not to turn there, is a crash, which ends the
    trial. A trial is ``hall + 3`` actions: home, corridor, junction, end, where any action leads
    home.

    Fitness is the mean reward per trial over eight fixed episodes: both sides first, flips at
    four different times. No network can know which side is good at first nor when they change,
    so the best possible, ``best``, loses the first trial of every other episode and one trial per
    flip: large − (flips + ½) (large − small) / trials. ``solved_at`` is ``best``, less rounding.
    Always the same side gives the mean of large and small, a peak that is hard to leave: large
    populations of many species do, with ``product`` among the aggregations (as a gate).

    Args:
        hall: Steps of the corridor, from 0.
        trials: Per episode.
        flips: How often the rewards change sides in an episode; it takes four trials for each.
        large: Reward on the good side.
        small: Reward on the other.
        crash: Reward for running into a wall.

    Attributes:
        best: Largest fitness that any network can have.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
    """

    def __init__(
        self,
        *,
        hall: int = 1,
        trials: int = 20,
        flips: int = 1,
        large: float = 1.0,
        small: float = 0.2,
        crash: float = -0.4,
    ) -> None:
        _checks.integer("hall", hall, 0)
        _checks.integer("flips", flips, 0)
        _checks.integer("trials", trials, max(1, 4 * flips), "Each flip takes four trials.")
        for name, reward in (("large", large), ("small", small), ("crash", crash)):
            _checks.number(name, reward, finite=True)
        if not large > small > crash:
            raise ValueError(
                _checks.message(
                    "large, small, crash", "rewards that fall", f"{large}, {small}, {crash}"
                )
            )
        starts = [
            [side, *(int((k + phase) * trials / flips) for k in range(flips))]
            for side in (-1, 1)
            for phase in _PHASES
        ]
        self.best = large - (flips + 0.5) * (large - small) / trials
        super().__init__(
            _reset,
            _step,
            inputs=5,
            outputs=1,
            state=_FLIPS + flips,
            parameters=[hall, trials, large, small, crash],
            starts=starts,
            steps=trials * (hall + 3),
            solved_at=self.best - 1e-9,
            name="t-maze",
            input_names=("corridor", "junction", "end", "home", "reward"),
            output_names=("turn",),
        )
        self._given = {
            "hall": int(hall), "trials": int(trials), "flips": int(flips),
            "large": float(large), "small": float(small), "crash": float(crash),
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"TMaze({', '.join(f'{name}={value}' for name, value in self._given.items())})"

    def describe(self) -> dict[str, Any]:
        """Every argument."""
        return {"problem": "t-maze", **self._given}
