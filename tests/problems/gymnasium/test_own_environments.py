"""Environments of users: names, images, instances, limits, and what breaks Gymnasium's contract."""

import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import neatgrow as ng
from neatgrow.problems.gymnasium.spaces import Observations


class Plain(gymnasium.Env):
    """Three steps of observations that are drawn; parts of it are replaced by tests."""

    def __init__(self, space=None, render_mode=None):
        self.observation_space = space or spaces.Box(-1.0, 1.0, (2,))
        self.action_space = spaces.Discrete(2)
        self.render_mode, self.closed, self.count = render_mode, 0, 0

    def observed(self):
        self.observation_space.seed(int(self.np_random.integers(1 << 30)))
        return self.observation_space.sample()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self.observed(), {}

    def step(self, action):
        self.count += 1
        return self.observed(), float(action), self.count == 3, False, {}

    def close(self):
        self.closed += 1


def networks_of(problem, size=5):
    population = ng.Population(
        problem.inputs, problem.outputs, ng.Config(population_size=size), seed=1
    )
    return population.ask().compile()


def test_inputs_are_called_by_keys_and_indices():
    space = spaces.Dict(
        arm=spaces.Dict(angle=spaces.Box(-1, 1, (2,)), on=spaces.MultiBinary(1)),
        eye=spaces.Box(-1, 1, (1, 2)), gear=spaces.Discrete(2, start=1),
        keys=spaces.MultiDiscrete([1, 2]), pair=spaces.Tuple((spaces.Box(0, 1, (1,)),) * 2),
    )  # fmt: skip
    problem = ng.Gymnasium(lambda: Plain(space), max_steps=5)
    assert problem.input_names == (
        "arm.angle[0]", "arm.angle[1]", "arm.on", "eye[0,0]", "eye[0,1]", "gear=1", "gear=2",
        "keys[0]=0", "keys[1]=0", "keys[1]=1", "pair[0]", "pair[1]",
    )  # fmt: skip
    assert len(problem.input_names) == spaces.flatdim(space)
    pair = spaces.Tuple((spaces.Discrete(2), spaces.Box(0, 1, (2,))))
    names = ng.Gymnasium(lambda: Plain(pair), max_steps=5).input_names
    assert names == ("obs[0]=0", "obs[0]=1", "obs[1][0]", "obs[1][1]")


def test_names_that_are_given_are_kept_and_counted():
    problem = ng.Gymnasium(Plain, max_steps=5, input_names=["a", "b"], output_names=["no", "yes"])
    assert (problem.input_names, problem.output_names) == (("a", "b"), ("no", "yes"))
    assert problem.describe()["input_names"] == ("a", "b")
    copy = pickle.loads(pickle.dumps(problem))
    assert copy.output_names == ("no", "yes")
    with pytest.raises(ValueError, match=r"input_names: expected 2 names, got 1\. They stand for"):
        ng.Gymnasium(Plain, max_steps=5, input_names=["a"])


def test_images_are_scaled_wherever_they_are():
    image = spaces.Box(0, 255, (2, 2), np.uint8)
    white = np.full((2, 2), 255, np.uint8)
    assert Observations(image, "it").flat(white).tolist() == [1.0] * 4
    assert not Observations(spaces.Box(0, 255, (2,), np.uint8), "it").direct
    both = Observations(spaces.Dict(eye=image, place=spaces.Box(-9, 9, (1,))), "it")
    seen = both.flat({"eye": white, "place": np.array([7.0], np.float32)})
    assert seen.tolist() == [1.0] * 4 + [7.0]
    small = spaces.Box(0, 9, (2,), np.uint8)  # no image: numbers of its own
    assert Observations(small, "it").flat(np.array([9, 3], np.uint8)).tolist() == [9, 3]
    problem = ng.Gymnasium(lambda: Plain(image), max_steps=5)
    (lesson, *_) = problem.record(lambda observation: 0, episodes=1)[0]
    assert lesson.shape[1] == 4 and 0.0 <= lesson.min() < lesson.max() <= 1.0


def test_thousands_of_inputs_are_warned_about_with_the_wrappers_to_use():
    frames = spaces.Box(0, 255, (96, 96, 3), np.uint8)
    with pytest.warns(RuntimeWarning, match=r"27648 inputs.*ResizeObservation") as told:
        problem = ng.Gymnasium(lambda: Plain(frames), max_steps=5)
    assert len(told) == 1 and told[0].filename == __file__
    smaller = [
        gymnasium.wrappers.GrayscaleObservation,
        lambda env: gymnasium.wrappers.TransformObservation(
            env, lambda image: image[::6, ::6], spaces.Box(0, 255, (16, 16), np.uint8)
        ),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem = ng.Gymnasium(lambda: Plain(frames), max_steps=5, wrappers=smaller)
    assert problem.inputs == 256


def test_an_instance_is_played_alone_and_stays_open():
    env = Plain()
    problem = ng.Gymnasium(env, max_steps=5, episodes=3)
    made = ng.Gymnasium(Plain, max_steps=5, episodes=3)
    networks = networks_of(problem)
    one, many = (p.evaluate(networks, seed=4) for p in (problem, made))
    np.testing.assert_array_equal(one.scores, many.scores)
    assert problem.backend == "single" and "one environment" in problem.reason
    assert len(list(problem.play(networks[0]))) == 3
    problem.close()
    assert env.closed == 0
    np.testing.assert_array_equal(problem.evaluate(networks, seed=4).scores, one.scores)
    assert problem.describe()["environment"] is None and "factory" not in problem.describe()
    with pytest.raises(TypeError, match=r"environment: expected one that other processes can make"):
        pickle.dumps(problem)
    with pytest.raises(ValueError, match="backend: expected 'auto' for an environment that is"):
        ng.Gymnasium(env, max_steps=5, backend="processes")
    with pytest.raises(ValueError, match="make_kwargs: expected none beside an environment"):
        ng.Gymnasium(env, max_steps=5, make_kwargs={"a": 1})
    with pytest.raises(ValueError, match="Make it with that render_mode"):
        next(problem.play(networks[0], render_mode="rgb_array"))


class Unseeded(Plain):
    def reset(self, *, seed=None, options=None):
        return super().reset()


def test_a_reset_that_ignores_its_seed_is_said_once():
    problem = ng.Gymnasium(Unseeded, max_steps=5)
    networks = networks_of(problem)
    with pytest.warns(
        RuntimeWarning, match=r"same seed begin differently.*super\(\).reset"
    ) as told:
        problem.evaluate(networks, seed=1)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.evaluate(networks, seed=2)
        ng.Gymnasium(Plain, max_steps=5).evaluate(networks, seed=1)


class Bare(Plain):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class Four(Plain):
    def step(self, action):
        return super().step(action)[1:]


class Seedless(Plain):
    def reset(self):
        return super().reset()


@pytest.mark.parametrize(("kind", "said"), [
    (Bare, "reset of environment: expected an observation and a dict, as Gymnasium's reset"),
    (Four, "step of the environment: expected observation, reward, terminated, truncated, info"),
    (Seedless, "reset of environment: expected reset(self, *, seed=None, options=None)"),
    (lambda: gymnasium.wrappers.TimeLimit(Four(), 9), "step of the environment: expected"),
])  # fmt: skip
def test_what_breaks_the_contract_is_told_in_its_terms(kind, said):
    problem = ng.Gymnasium(kind, max_steps=5)
    networks = networks_of(problem)
    failures = problem.evaluate(networks, seed=1).failures
    assert len(failures) == 5 and said in failures[0]
    with pytest.raises(TypeError) as caught:
        list(problem.play(networks[0]))
    assert said in str(caught.value)


def test_a_factory_that_takes_a_render_mode_is_called_with_it():
    problem = ng.Gymnasium(Plain, max_steps=5)
    env = problem._maker.make("rgb_array")
    assert env.render_mode == "rgb_array"
