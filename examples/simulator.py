"""Evolve on a simulator of your own: land a rocket softly, compiled, a million steps a second.

Two plain functions are the whole simulator; numba compiles them at the first evaluation.
"""

import numpy as np

import neatgrow as ng

GRAVITY, THRUST, STEP = 1.6, 3.5, 0.1  # m/s², m/s², s


def reset(state, observation, parameters, start):
    state[0] = 50.0 + 100.0 * start[0]  # height, m
    state[1] = -20.0 * start[1]  # speed, m/s, upwards
    observation[0], observation[1] = state[0] / 100.0, state[1] / 20.0


def step(state, observation, parameters, action):
    throttle = min(max(action[0], 0.0), 1.0)
    state[1] += STEP * (parameters[1] * throttle - parameters[0])
    state[0] += STEP * state[1]
    observation[0], observation[1] = state[0] / 100.0, state[1] / 20.0
    fuel = 0.002 * throttle
    if state[0] <= 0.0:  # landed: the softer the better
        return 1.0 / (1.0 + abs(state[1])) - fuel, True
    return -fuel, False


def main() -> None:
    problem = ng.Simulation(
        reset, step, inputs=2, outputs=1, state=2, parameters=[GRAVITY, THRUST], draws=2,
        episodes=20, steps=600, input_names=("height", "speed"), output_names=("throttle",),
        name="landing",
    )  # fmt: skip
    result = ng.evolve(problem, generations=60, seed=1)
    starts = np.random.default_rng(0).random((1000, 2))
    played = problem.play(result.champion.compile().networks, starts)
    print(
        f"landed {played.done.mean():.0%} of 1,000 rockets, mean return {played.returns.mean():.2f}"
    )
    seconds = result.history.total("seconds_evaluation")
    print(f"{result.history.total('steps'):,} steps, {seconds:.1f} s of evaluation")
    print(result.champion)


if __name__ == "__main__":
    main()
