"""The one-legged walker against its equations, written out again, and against known gaits."""

import json
import math
import pickle
from math import atan2, cos, pi, sin

import numba
import numpy as np
import pytest

import neatgrow as ng
from neatgrow.problems import catalogue
from neatgrow.problems.simulation import walker_physics as physics


class Leg:
    """The walker in absolute coordinates, hip 12.5 above the ground line, one object."""

    def __init__(self):
        self.x, self.v, self.angle, self.omega, self.down = 0.0, 0.0, pi / 6, 0.0, False
        self.swing_foot()

    def swing_foot(self):
        self.foot = (self.x + 15 * sin(self.angle), -12.5 + 15 * cos(self.angle))

    def step(self, outputs, dt):
        foot, back, fore = outputs
        self.down = foot > 0.5
        f = 0.05 * (back - fore)
        if self.down:
            inside = -pi / 6 <= self.angle <= pi / 6
            inward = (self.angle < -pi / 6 and f < 0) or (self.angle > pi / 6 and f > 0)
            if inside or inward:
                self.v = float(np.clip(self.v + dt * f, -6, 6))
            self.x += dt * self.v
            self.omega = 0.0
            self.angle = atan2(self.foot[0] - self.x, self.foot[1] + 12.5)
        else:
            self.v = 0.0
            self.omega = float(np.clip(self.omega + dt * 0.5 * 0.05 * (fore - back), -1, 1))
            self.angle += dt * self.omega
            if abs(self.angle) > pi / 6:
                self.angle, self.omega = float(np.clip(self.angle, -pi / 6, pi / 6)), 0.0
            self.swing_foot()
        if self.x - self.foot[0] > 20:
            self.v = 0.0


@numba.njit
def driven(parameters, actions):
    """States (T + 1, 6), observations (T + 1,) and rewards (T,) of actions (T, 3)."""
    state, observation = np.zeros(6), np.zeros(1)
    states, seen = np.zeros((len(actions) + 1, 6)), np.zeros(len(actions) + 1)
    rewards = np.zeros(len(actions))
    physics.reset(state, observation, parameters, np.zeros(0))
    states[0], seen[0] = state, observation[0]
    for k in range(len(actions)):
        rewards[k] = physics.step(state, observation, parameters, actions[k])[0]
        states[k + 1], seen[k + 1] = state, observation[0]
    return states, seen, rewards


@numba.njit
def walked(parameters, steps):
    """Total reward and last position of a gait: push, coast until the foot is almost too far
    behind, swing the leg forward, put it down."""
    state, observation = np.zeros(6), np.zeros(1)
    physics.reset(state, observation, parameters, np.zeros(0))
    down, total = True, 0.0
    for _ in range(steps):
        if down and observation[0] < -0.985:
            down = False
        elif not down and observation[0] > 0.99 * math.pi / 6:
            down = True
        action = np.array([1.0, 1.0, 0.0]) if down else np.array([0.0, 0.0, 1.0])
        total += physics.step(state, observation, parameters, action)[0]
    return total, state[0]


@pytest.mark.parametrize("seed", range(4))
def test_physics_is_that_of_the_equations(seed):
    draw = np.random.default_rng(seed)
    problem, leg = ng.Walker(time=400.0), Leg()
    outputs = np.repeat(draw.random((160, 3)), 25, axis=0)
    outputs[-500:] = 1.0, 0.9, 0.1  # until the foot is too far behind
    states, seen, rewards = driven(problem.parameters, outputs)
    assert len(outputs) == problem.steps and seen[0] == leg.angle
    beyond = far = 0
    for k in range(problem.steps):
        leg.step(outputs[k], 0.1)
        expected = [leg.x, leg.v, leg.angle, leg.omega, leg.foot[0], leg.foot[1] + 12.5]
        assert states[k + 1] == pytest.approx(expected, abs=1e-9)
        assert seen[k + 1] == states[k + 1, physics.ANGLE]
        beyond += abs(leg.angle) > pi / 6 + 1e-9
        far += leg.x - leg.foot[0] > 20
    assert rewards.sum() == pytest.approx(leg.x / 400.0)
    assert beyond and far  # every branch was taken


def standing():
    """Pushes with the foot down for ever: outputs near 1, 1, 0."""
    nodes = {
        k: {"bias": bias, "activation": "sigmoid"} for k, bias in ((1, 40.0), (2, 40.0), (3, -40.0))
    }
    return ng.Genome.from_edges([], inputs=1, outputs=3, nodes=nodes).batch().compile()


@pytest.mark.parametrize("time", [220.0, 2200.0])
@pytest.mark.parametrize("sensor", [True, False])
def test_one_step_and_no_more_is_worth_what_is_published(time, sensor):
    evaluation = ng.Walker(sensor=sensor, time=time).evaluate(standing())
    # 0.126 and 0.0126: 7.5 to the foot, 20 past it, and what a last time step adds.
    assert 27.5 < evaluation.fitness[0] * time < 27.63
    assert evaluation.steps == round(10 * time)


def test_by_its_sensor_it_walks_about_as_fast_as_is_published():
    problem = ng.Walker(time=2200.0)
    total, position = walked(problem.parameters, problem.steps)
    assert total == pytest.approx(position / 2200.0) == pytest.approx(0.6275, abs=0.006)


def test_without_a_sensor_nothing_of_the_leg_is_seen():
    problem = ng.Walker(sensor=False)
    seen = driven(problem.parameters, np.tile([1.0, 1.0, 0.0], (200, 1)))[1]
    assert set(seen) == {1.0} and problem.input_names == ("one",)
    assert ng.Walker().input_names == ("angle",)


def test_it_is_built_by_name_and_rebuilt():
    for problem in (ng.Walker(time=100, time_step=0.05), ng.Walker(sensor=False)):
        for again in (
            catalogue.rebuild({"seed": 1, **json.loads(json.dumps(problem.describe()))}),
            pickle.loads(pickle.dumps(problem)),
        ):
            assert again.describe() == problem.describe() and again.steps == problem.steps
            assert again.evaluate(standing()).fitness[0] == problem.evaluate(standing()).fitness[0]
    assert catalogue.build("walker").name == "walker"
    assert repr(ng.Walker(sensor=False)) == "Walker(sensor=False, time=220, time_step=0.1)"


def test_outputs_of_a_run_are_of_0_to_1():
    config = ng.Config(population_size=10)
    result = ng.evolve(ng.Walker(time=20.0), config=config, generations=2, seed=1)
    genome = result.champion
    assert [genome.activation_names[k] for k in range(3)] == ["sigmoid"] * 3
    assert result.population.config.recurrent is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": 0.0}, "time: expected a number of at least 0.1, got 0.0."),
        ({"time_step": 0.0}, "time_step: expected a number above 0, got 0.0."),
        ({"time": 1e6}, "time: expected at most 1,000,000 time steps, got 10,000,000."),
    ],
)
def test_bad_walkers_are_refused_in_words(options, message):
    with pytest.raises(ValueError) as caught:
        ng.Walker(**options)
    assert str(caught.value) == message
