"""Gymnasium problems against single-environment loops that are plain to see."""

import sys

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import WrapperSpec
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

import neatgrow as ng
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import layout, parallel, random
from neatgrow.problems.gymnasium.moments import Moments, Tally
from neatgrow.problems.gymnasium.problem import Gymnasium
from neatgrow.problems.gymnasium.spaces import Observations, actions_of
from neatgrow.selection.population import Population

NAN = float("nan")


def grow(inputs, outputs, size=12, generations=30, seed=1):
    """Genomes with hidden nodes and loops, from random fitness."""
    config = Config().override(
        {
            "population_size": size,
            "recurrent": True,
            "mutation.add_node": 0.5,
            "mutation.add_connection": 0.5,
            "mutation.add_loop": 0.3,
        }
    )
    population = Population(inputs, outputs, config, seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(generations):
        population.tell(rng.random(len(population.ask())))
    return population.ask()


def seeds_of(seed, episodes):
    out = np.empty(episodes, np.int64)
    random.derive_seeds(seed, random.EPISODES, 0, out)
    return out.tolist()


def naive(make, network, act, seeds, limit):
    """Returns, steps and observations of one network, an episode after another.

    Args:
        make: Makes an environment.
        network: The network.
        act: Action for outputs (O,).
        seeds: One per episode.
        limit: Most steps.
    """
    returns, steps, seen = [], 0, []
    for seed in seeds:
        env = make()
        network.reset()
        observation, _ = env.reset(seed=seed)
        total = 0.0
        for _ in range(limit):
            seen.append(observation)
            action = act(network.activate(observation))
            observation, reward, terminated, truncated, _ = env.step(action)
            total += float(reward)
            steps += 1
            if terminated or truncated:
                break
        returns.append(total)
        env.close()
    return returns, steps, seen


def greedy(outputs):
    return int(np.argmax(outputs))


class Counter(gymnasium.Env):
    """An episode lasts ``length`` steps; the observation is (step, start); what each option
    does beyond that is told by keyword."""

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012

    def __init__(self, length=5, render_mode=None, observation_space=None, action_space=None):
        self.length, self.render_mode = length, render_mode
        self.observation_space = observation_space or spaces.Box(-1e3, 1e3, (2,), np.float64)
        self.action_space = action_space or spaces.Discrete(2)
        self.actions = []

    def observe(self):
        return np.array([self.step_number, self.start])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.start = float(self.np_random.integers(1, 10))
        self.step_number = 0
        return self.observe(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        self.actions.append(action)
        self.step_number += 1
        ended = self.step_number >= self.length
        return self.observe(), self.reward(action), ended, False, {}

    def reward(self, action):
        return self.start

    def render(self):
        return f"step {self.step_number}"


def constant(outputs, values):
    """Networks of 2 inputs that ignore them; network n always gives ``values[n]`` (O,)."""
    config = Config().override({"population_size": 2, "start.connections": 0.0})
    genomes = Population(2, outputs, config, seed=1).ask()
    parts = []
    for value in values:
        part = genomes[[0]].packed
        biases = np.arctanh(np.clip(value, -0.999, 0.999))[:, None]
        parts.append((part._replace(node_values=biases), 1))
    return Genomes(layout.concatenate(parts), genomes.interface).compile(np.float64)


@pytest.fixture
def register():
    """Registers environments for one test."""
    ids = []

    def add(name, entry_point, **options):
        gymnasium.register(name, entry_point, **options)
        ids.append(name)
        return name

    yield add
    for name in ids:
        del gymnasium.registry[name]


# Fitness


@pytest.mark.parametrize("environment", ["Acrobot-v1", "MountainCar-v0"])
def test_batched_fitness_equals_a_loop_over_single_environments(environment):
    problem = Gymnasium(environment, episodes=3, max_steps=120, slots=5, backend="single")
    assert problem.backend == "single"
    networks = grow(problem.inputs, problem.outputs, 6).compile()
    evaluation = problem.evaluate(networks, seed=7)
    total = 0
    for row in range(len(networks)):
        returns, steps, _ = naive(
            lambda: gymnasium.make(environment), networks[row], greedy, seeds_of(7, 3), 120
        )
        assert evaluation.fitness[row] == np.mean(returns)
        total += steps
    assert evaluation.steps == total
    assert evaluation.failures == {}
    assert sum(problem.ended.values()) == 18


def test_box_actions_are_played_as_a_single_loop_plays_them():
    problem = Gymnasium("Pendulum-v1", episodes=2, max_steps=40, backend="single")
    networks = grow(3, 1, 5).compile()
    evaluation = problem.evaluate(networks, seed=2)

    def act(outputs):
        return np.clip(2.0 * outputs.astype(np.float64), -2, 2).astype(np.float32)

    for row in range(5):
        returns, _, _ = naive(
            lambda: gymnasium.make("Pendulum-v1"), networks[row], act, seeds_of(2, 2), 40
        )
        assert evaluation.fitness[row] == pytest.approx(np.mean(returns), rel=1e-12)


def test_lunar_lander_fitness_equals_fresh_environments():
    pytest.importorskip("Box2D", reason="LunarLander needs Box2D: neatgrow[box2d]")
    problem = Gymnasium("LunarLander-v3", episodes=2, slots=3, backend="single")
    networks = grow(8, 4, 4).compile()
    evaluation = problem.evaluate(networks, seed=5)
    again = problem.evaluate(networks, seed=5)
    assert np.array_equal(evaluation.fitness, again.fitness)
    total = 0
    for row in range(4):
        returns, steps, _ = naive(
            lambda: gymnasium.make("LunarLander-v3"), networks[row], greedy, seeds_of(5, 2), 1000
        )
        assert evaluation.fitness[row] == pytest.approx(np.mean(returns), rel=1e-12)
        total += steps
    assert evaluation.steps == total


def test_vector_fitness_equals_single_cart_poles_from_the_same_starts():
    problem = Gymnasium("CartPole-v1", episodes=4)
    assert problem.backend == "vector"
    networks = grow(4, 2, 20).compile()
    evaluation = problem.evaluate(networks, seed=11)
    total = 0
    for row in range(len(networks)):
        returns, steps, _ = naive(
            lambda: gymnasium.make("CartPole-v1"), networks[row], greedy, seeds_of(11, 4), 500
        )
        assert evaluation.fitness[row] == np.mean(returns)
        total += steps
    assert evaluation.steps == total == evaluation.fitness.sum() * 4
    assert len(np.unique(evaluation.fitness)) > 3


@pytest.mark.parametrize("environment", ["CartPole-v1", "Acrobot-v1"])
def test_fitness_does_not_depend_on_the_company(environment):
    problem = Gymnasium(environment, episodes=3, max_steps=100, slots=4)
    genomes = grow(problem.inputs, problem.outputs, 9)
    together = problem.evaluate(genomes.compile(), seed=3)
    for rows in ([4], [8, 0], [1, 2, 3, 4, 5]):
        some = problem.evaluate(genomes[rows].compile(), seed=3)
        assert np.array_equal(some.fitness, together.fitness[rows])


def test_fitness_does_not_depend_on_threads_or_slots():
    networks = grow(6, 3, 40).compile()
    before = parallel.thread_count()
    fitness = []
    try:
        for threads, slots in ((1, 64), (2, 64), (2, 7), (1, 1)):
            parallel.set_threads(threads)
            problem = Gymnasium("Acrobot-v1", episodes=2, max_steps=30, slots=slots)
            fitness.append(problem.evaluate(networks, seed=1).fitness)
    finally:
        parallel.set_threads(before)
    assert all(np.array_equal(fitness[0], other) for other in fitness[1:])


def test_seeds_decide_the_episodes():
    problem = Gymnasium("CartPole-v1", episodes=2)
    networks = grow(4, 2, 10).compile()
    one, two, three = (problem.evaluate(networks, seed=seed).fitness for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, three)


def test_more_episodes_begin_with_the_same_ones():
    problem = Gymnasium("CartPole-v1")
    networks = grow(4, 2, 5).compile()
    means = [problem.evaluate(networks, seed=4, episodes=e).fitness for e in (1, 2)]
    second = 2 * means[1] - means[0]
    for row in range(5):
        returns, _, _ = naive(
            lambda: gymnasium.make("CartPole-v1"), networks[row], greedy, seeds_of(4, 2), 500
        )
        assert [means[0][row], second[row]] == returns


def test_a_recurrent_networks_state_is_reset_between_episodes():
    genomes = grow(2, 2, 40)
    stateful = [
        row
        for row, network in enumerate(genomes.compile()[n] for n in range(40))
        if len({tuple(network.activate([1.0, 1.0])) for _ in range(4)}) > 1
    ]
    assert stateful
    networks = genomes[stateful].compile()
    seen = []

    class Spy(Counter):
        def step(self, action):
            seen.append(action)
            return super().step(action)

        def reset(self, *, seed=None, options=None):
            return super().reset(seed=1)[0], {}  # every episode alike

    problem = Gymnasium(lambda: Spy(length=6), episodes=3, max_steps=10, slots=1)
    for row in range(len(stateful)):
        seen.clear()
        problem.evaluate(networks[row].networks, seed=1)
        assert seen[:6] == seen[6:12] == seen[12:]
    networks.activate(np.ones((len(stateful), 2)))
    before = networks.activate(np.ones((len(stateful), 2)))
    networks.reset()
    networks.activate(np.ones((len(stateful), 2)))
    problem.evaluate(networks, seed=1)
    assert np.array_equal(before, networks.activate(np.ones((len(stateful), 2))))


# Steps and ends


def test_every_step_is_counted_and_no_reset():
    problem = Gymnasium(lambda: Counter(length=7), episodes=3, max_steps=50, slots=4)
    evaluation = problem.evaluate(grow(2, 2, 5).compile(), seed=1)
    assert evaluation.steps == 5 * 3 * 7
    assert problem.ended == {"terminated": 15, "truncated": 0, "failed": 0}


def test_max_steps_cuts_episodes_off():
    problem = Gymnasium(lambda: Counter(length=7), episodes=3, max_steps=4, slots=4)
    evaluation = problem.evaluate(grow(2, 2, 5).compile(), seed=1)
    assert evaluation.steps == 5 * 3 * 4
    assert problem.ended == {"terminated": 0, "truncated": 15, "failed": 0}


@pytest.mark.parametrize("max_steps", [9, 600])
def test_max_steps_replaces_the_environments_own_limit(register, max_steps):
    register("Still-v0", lambda: Counter(length=10_000), max_episode_steps=50)
    problem = Gymnasium("Still-v0", max_steps=max_steps)
    assert Gymnasium("Still-v0").max_steps == 50
    assert problem.max_steps == max_steps
    assert problem.evaluate(grow(2, 2, 2).compile(), seed=1).steps == 2 * max_steps


def test_max_steps_cuts_a_vector_environments_episodes_off():
    networks = grow(4, 2, 30).compile()
    problem = Gymnasium("CartPole-v1", max_steps=12)
    full = Gymnasium("CartPole-v1").evaluate(networks, seed=1).fitness
    evaluation = problem.evaluate(networks, seed=1)
    assert np.array_equal(evaluation.fitness, np.minimum(full, 12))
    assert evaluation.steps == np.minimum(full, 12).sum()
    # One that falls in its twelfth step has terminated, not been cut off.
    assert problem.ended["truncated"] == np.count_nonzero(full > 12)


def test_terminated_and_truncated_are_told_apart():
    networks = grow(4, 2, 60).compile()
    problem = Gymnasium("CartPole-v1", max_steps=35)
    problem.evaluate(networks, seed=1)
    full = Gymnasium("CartPole-v1").evaluate(networks, seed=1).fitness
    assert problem.ended["terminated"] == np.count_nonzero(full <= 35) > 0
    assert problem.ended["truncated"] == np.count_nonzero(full > 35) > 0


def test_a_function_keeps_its_own_time_limit():
    def make():
        return gymnasium.wrappers.TimeLimit(Counter(length=100), 6)

    assert Gymnasium(make).max_steps == 6
    assert Gymnasium(make, max_steps=3).max_steps == 3
    assert Gymnasium(make, max_steps=30).max_steps == 6
    assert Gymnasium(make).evaluate(grow(2, 2, 3).compile(), seed=1).steps == 18


def test_additional_wrappers_are_kept(register):
    wrapper = WrapperSpec("Double", "test_gymnasium:DoubleReward", {})
    register("Wrapped-v0", Counter, max_episode_steps=4, additional_wrappers=(wrapper,))
    problem = Gymnasium("Wrapped-v0")
    evaluation = problem.evaluate(grow(2, 2, 3).compile(), seed=1)
    plain = Gymnasium(Counter, max_steps=4).evaluate(grow(2, 2, 3).compile(), seed=1)
    assert np.array_equal(evaluation.fitness, 2 * plain.fitness)
    assert evaluation.steps == plain.steps == 12


class DoubleReward(gymnasium.Wrapper, gymnasium.utils.RecordConstructorArgs):
    def __init__(self, env):
        gymnasium.utils.RecordConstructorArgs.__init__(self)
        gymnasium.Wrapper.__init__(self, env)

    def step(self, action):
        observation, reward, *rest = self.env.step(action)
        return observation, 2 * reward, *rest


# Vector environments that reset in different ways


class Line(VectorEnv):
    """Slots move by ±1 and end beyond ±``width``; reward is the position; a slot that is
    reset moves to 100, so counting it would show."""

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012
    mode = AutoresetMode.NEXT_STEP

    def __init__(self, num_envs=1, max_episode_steps=30, fault=None):
        self.metadata = {"autoreset_mode": self.mode}
        self.num_envs, self.limit, self.fault = num_envs, max_episode_steps, fault
        self.single_observation_space = spaces.Box(-1e3, 1e3, (2,), np.float32)
        self.single_action_space = spaces.Discrete(2)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def observe(self):
        return self.state.T.astype(np.float32)

    def reset(self, *, seed=None, options=None):
        if options is not None:
            mask = options["reset_mask"]
            assert mask.any()
            self.done &= ~mask
            self.steps[mask] = 0
            self.state[:, mask] = 100.0
            return self.observe(), {}
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-1, 1, (2, self.num_envs))
        self.steps = np.zeros(self.num_envs, int)
        self.done = np.zeros(self.num_envs, bool)
        return self.observe(), {}

    def step(self, actions):
        assert self.action_space.contains(actions)
        if self.mode is AutoresetMode.DISABLED:
            assert not self.done.any()
        was_done = self.done.copy() & (self.mode is AutoresetMode.NEXT_STEP)
        self.state[0] += np.where(actions == 1, 1.0, -1.0)
        self.steps += 1
        reward = self.state[0].copy()
        terminated = np.abs(self.state[0]) > 4
        truncated = self.steps >= self.limit
        if self.fault == "raise" and (self.steps == 3).any():
            raise ValueError("slots are tired")
        if self.fault == "exit" and (self.steps == 3).any():
            raise SystemExit(3)
        if self.fault == "reward":
            reward[(self.steps == 2) & (actions == 1)] = NAN
        if self.fault == "observation":
            self.state[1, (self.steps == 2) & (actions == 1)] = NAN
        for part in (reward, terminated, truncated):
            part[was_done] = 0
        self.done = terminated | truncated
        fresh = self.done if self.mode is AutoresetMode.SAME_STEP else was_done
        self.state[:, fresh] = 100.0
        self.steps[fresh] = 0
        return self.observe(), reward, terminated, truncated, {}


class SameStepLine(Line):
    mode = AutoresetMode.SAME_STEP


class DisabledLine(Line):
    mode = AutoresetMode.DISABLED


class SingleLine(gymnasium.Env):
    """One slot of :class:`Line`."""

    def __init__(self, max_episode_steps=30, fault=None, render_mode=None):
        self.line = Line(1, max_episode_steps, fault)
        self.observation_space = self.line.single_observation_space
        self.action_space = self.line.single_action_space

    def reset(self, *, seed=None, options=None):
        return self.line.reset(seed=seed)[0][0], {}

    def step(self, action):
        observation, *parts, info = self.line.step(np.array([action]))
        return observation[0], *(part[0] for part in parts), info


@pytest.mark.parametrize("kind", [Line, SameStepLine, DisabledLine])
def test_no_reset_step_counts_whatever_the_autoreset_mode(register, kind):
    register("Line-v0", SingleLine, vector_entry_point=kind, max_episode_steps=30)
    problem = Gymnasium("Line-v0", episodes=3)
    assert problem.backend == "vector"
    networks = grow(2, 2, 30).compile()
    evaluation = problem.evaluate(networks, seed=6)
    total = 0
    for row in range(30):
        returns, steps, _ = naive(SingleLine, networks[row], greedy, seeds_of(6, 3), 30)
        assert evaluation.fitness[row] == pytest.approx(np.mean(returns), rel=1e-12)
        total += steps
    assert evaluation.steps == total
    assert problem.ended["terminated"] > 0
    assert problem.ended["truncated"] > 0


def test_missing_autoreset_metadata_raises_no_warning(register):
    class Silent(Line):
        def __init__(self, **options):
            super().__init__(**options)
            self.metadata = {}

    register("Line-v0", SingleLine, vector_entry_point=Silent, max_episode_steps=30)
    problem = Gymnasium("Line-v0")
    assert problem.backend == "vector"
    problem.evaluate(grow(2, 2, 3).compile(), seed=6)


def test_vector_environments_whose_starts_cannot_be_set_run_batched(register):
    class Hidden(Line):
        def observe(self):
            return -self.state.T.astype(np.float32)

    class Stateless(Line):
        def reset(self, *, seed=None, options=None):
            answer = super().reset(seed=seed)
            del self.state
            return answer

    class Unmade(Line):
        def __init__(self, *args, **options):
            raise NotImplementedError("not yet")

    class Unready(Line):
        def reset(self, *, seed=None, options=None):
            raise ValueError("no seed is good")

    for number, kind in enumerate((Hidden, Stateless, Unmade, Unready)):
        name = register(
            f"Line-v{number}", SingleLine, vector_entry_point=kind, max_episode_steps=30
        )
        assert Gymnasium(name).backend == "single"


def test_a_vector_environment_that_knows_no_limit_is_cut_off(register):
    class Endless(Line):
        def __init__(self, num_envs, max_episode_steps):
            super().__init__(num_envs, 10_000)

    register("Line-v0", SingleLine, vector_entry_point=Endless, max_episode_steps=3)
    problem = Gymnasium("Line-v0", episodes=2)
    evaluation = problem.evaluate(grow(2, 2, 5).compile(), seed=6)
    assert evaluation.steps == 5 * 2 * 3
    assert problem.ended == {"terminated": 0, "truncated": 10, "failed": 0}


def test_an_episode_that_ends_at_its_limit_counts_as_terminated(register):
    class Short(Line):
        def step(self, actions):
            observation, reward, terminated, *rest = super().step(actions)
            return observation, reward, terminated | (self.steps == 3), *rest

    register("Line-v0", SingleLine, vector_entry_point=Short, max_episode_steps=3)
    for problem in (Gymnasium("Line-v0"), Gymnasium(lambda: Counter(length=3), max_steps=3)):
        assert problem.evaluate(grow(2, 2, 5).compile(), seed=6).steps == 15
        assert problem.ended == {"terminated": 5, "truncated": 0, "failed": 0}


def test_vector_environments_are_kept_between_calls(register):
    made = []

    class Noted(Line):
        def __init__(self, num_envs, **options):
            made.append(num_envs)
            super().__init__(num_envs, **options)

    register("Line-v0", SingleLine, vector_entry_point=Noted, max_episode_steps=30)
    problem = Gymnasium("Line-v0")
    networks = grow(2, 2, 8).compile()
    results = [problem.evaluate(networks, seed=1, episodes=e) for e in (1, 2, 1, 2)]
    assert made == [1, 8, 16]
    assert np.array_equal(results[0].fitness, results[2].fitness)
    problem.close()
    assert np.array_equal(problem.evaluate(networks, seed=1).fitness, results[0].fitness)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("reward", "episode 0, step 2: expected a finite reward, got nan"),
        ("observation", "episode 0, step 2: expected finite observations, got nan"),
    ],
)
def test_nan_in_one_slot_fails_its_network_only(register, fault, said):
    register("Line-v0", SingleLine, vector_entry_point=Line, max_episode_steps=3)
    problem = Gymnasium("Line-v0", episodes=2, make_kwargs={"fault": fault})
    assert problem.backend == "vector"
    networks = constant(2, [[0.5, -0.5], [-0.5, 0.5], [0.5, -0.5]])
    evaluation = problem.evaluate(networks, seed=1)
    assert np.array_equal(np.isnan(evaluation.fitness), [False, True, False])
    assert evaluation.failures == {1: said}
    assert evaluation.steps == 2 * 3 + 2 * 2 + 2 * 3
    assert problem.ended == {"terminated": 0, "truncated": 4, "failed": 2}


@pytest.mark.parametrize(
    ("fault", "said"), [("raise", "ValueError: slots are tired"), ("exit", "SystemExit: 3")]
)
def test_a_vector_environment_that_raises_fails_all_that_run(register, fault, said):
    made = []

    class Noted(Line):
        def __init__(self, num_envs, **options):
            made.append(num_envs)
            super().__init__(num_envs, **options)

    register("Line-v0", SingleLine, vector_entry_point=Noted, max_episode_steps=30)
    problem = Gymnasium("Line-v0", make_kwargs={"fault": fault})
    evaluation = problem.evaluate(grow(2, 2, 3).compile(), seed=1)
    said = f"episode 0, step 3: {said}"
    assert evaluation.failures == {0: said, 1: said, 2: said}
    assert np.isnan(evaluation.fitness).all()
    assert evaluation.steps == 6
    problem.evaluate(grow(2, 2, 3).compile(), seed=1)
    assert made == [1, 3, 3]  # never used again


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_vector_environment_whose_reset_raises_fails_all_episodes(register, error):
    class Picky(Line):
        def reset(self, *, seed=None, options=None):
            if seed:
                raise error("no such start")
            return super().reset(seed=seed, options=options)

    register("Line-v0", SingleLine, vector_entry_point=Picky, max_episode_steps=30)
    problem = Gymnasium("Line-v0")
    assert problem.backend == "vector"
    evaluation = problem.evaluate(grow(2, 2, 2).compile(), seed=1)
    said = f"episode 0, step 0: {error.__name__}: no such start"
    assert evaluation.failures == {0: said, 1: said}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("reward", "step 2: expected a finite reward, got nan"),
        ("observation", "step 2: expected finite observations, got nan"),
        ("raise", "step 3: ValueError: slots are tired"),
    ],
)
def test_a_fault_in_a_skipped_frame_is_told_by_its_own_step(register, fault, said):
    register("Line-v0", SingleLine, vector_entry_point=Line, max_episode_steps=30)
    problem = Gymnasium("Line-v0", frame_skip=8, make_kwargs={"fault": fault})
    assert problem.backend == "vector"
    evaluation = problem.evaluate(constant(2, [[0.5, -0.5], [-0.5, 0.5]]), seed=1)
    assert evaluation.failures[1] == f"episode 0, {said}"


# Failures of single environments


class Faulty(Counter):
    """Fails at step 3 if the action is 1."""

    made = 0

    def __init__(self, fault):
        super().__init__(length=5)
        Faulty.made += 1
        self.fault, self.broken = fault, False

    def reset(self, *, seed=None, options=None):
        assert not self.broken, "used after it raised"
        return super().reset(seed=seed)

    def step(self, action):
        if self.fault == "raise" and action == 1 and self.step_number == 2:
            self.broken = True
            raise ValueError("the pole fell over")
        if self.fault == "exit" and action == 1 and self.step_number == 2:
            self.broken = True
            raise SystemExit(3)
        return super().step(action)

    def close(self):
        if self.broken and self.fault == "exit":
            raise SystemExit(4)

    def reward(self, action):
        if self.fault in ("nan", "inf") and action == 1 and self.step_number == 3:
            return float(self.fault)
        return 1.0

    def observe(self):
        if self.fault == "observation" and self.actions and self.step_number == 3:
            return np.array([NAN if self.actions[-1] == 1 else 0.0, 0.0])
        return super().observe()


@pytest.mark.parametrize(
    ("fault", "said", "steps"),
    [
        ("raise", "episode 0, step 3: ValueError: the pole fell over", 2),
        ("exit", "episode 0, step 3: SystemExit: 3", 2),
        ("nan", "episode 0, step 3: expected a finite reward, got nan", 3),
        ("inf", "episode 0, step 3: expected a finite reward, got inf", 3),
        ("observation", "episode 0, step 3: expected finite observations, got nan", 3),
    ],
)
@pytest.mark.parametrize("slots", [1, 3, 64])
def test_a_failing_environment_fails_its_network_only(fault, said, steps, slots):
    problem = Gymnasium(lambda: Faulty(fault), episodes=2, max_steps=10, slots=slots)
    Faulty.made = 0
    networks = constant(2, [[0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, 0.5]])
    evaluation = problem.evaluate(networks, seed=1)
    assert np.array_equal(evaluation.fitness, [5, NAN, 5, NAN], equal_nan=True)
    assert evaluation.failures == {1: said, 3: said}
    assert evaluation.steps == 2 * (5 + steps + 5 + steps)
    assert problem.ended == {"terminated": 4, "truncated": 0, "failed": 4}
    assert Faulty.made == min(slots, 8) - 1 + (4 if fault in ("raise", "exit") else 0)


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_reset_that_raises_fails_the_episode(error):
    class Picky(Counter):
        def reset(self, *, seed=None, options=None):
            if seed == seeds_of(1, 3)[1]:
                raise error("no such start")
            return super().reset(seed=seed)

    problem = Gymnasium(Picky, episodes=3, max_steps=10, slots=2)
    evaluation = problem.evaluate(grow(2, 2, 3).compile(), seed=1)
    said = f"episode 1, step 0: {error.__name__}: no such start"
    assert evaluation.failures == {0: said, 1: said, 2: said}
    assert evaluation.steps == 3 * 2 * 5


def test_an_observation_of_the_wrong_shape_is_a_failure():
    class Thin(Counter):
        def observe(self):
            return np.zeros(1)

    problem = Gymnasium(Thin, max_steps=10)
    evaluation = problem.evaluate(grow(2, 2, 2).compile(), seed=1)
    assert evaluation.failures[0] == (
        "episode 0, step 0: ValueError: observation: expected shape (2,), got (1,)."
    )


# Spaces


def spaced(**options):
    """A problem whose environment records the actions and plays them all."""
    envs = []

    def make():
        envs.append(Counter(length=1, **options))
        return envs[-1]

    return Gymnasium(make, max_steps=5, slots=1), envs


def test_discrete_actions_keep_their_start():
    problem, envs = spaced(action_space=spaces.Discrete(3, start=5))
    assert problem.outputs == 3
    problem.evaluate(constant(3, [[0.1, 0.2, 0.0], [0.3, 0.2, 0.0], [0.1, 0.2, 0.9]]), seed=1)
    assert envs[0].actions == [6, 5, 7]


def test_multi_discrete_actions_take_the_largest_of_each_block():
    space = spaces.MultiDiscrete([2, 3], start=[1, -1])
    problem, envs = spaced(action_space=space)
    assert problem.outputs == 5
    problem.evaluate(constant(5, [[0.1, 0.2, 0.3, 0.0, 0.1], [0.9, 0.2, 0.3, 0.0, 0.8]]), seed=1)
    assert np.array_equal(envs[0].actions, [[2, -1], [1, 1]])
    assert envs[0].actions[0].dtype == space.dtype


def test_multi_discrete_actions_of_two_axes_keep_their_shape():
    rule = actions_of(spaces.MultiDiscrete([[2, 3], [2, 2]]), "x")
    outputs = np.array([[0, 1, 0, 0, 1, 1, 0, 0, 1.0]])
    assert rule.size == 9
    assert rule.batch(outputs).tolist() == [[[1, 2], [0, 1]]]


def test_multi_binary_actions_are_on_above_zero():
    problem, envs = spaced(action_space=spaces.MultiBinary(3))
    assert problem.outputs == 3
    problem.evaluate(constant(3, [[0.1, -0.2, 0.0], [-0.1, 0.9, 0.5]]), seed=1)
    assert np.array_equal(envs[0].actions, [[1, 0, 0], [0, 1, 1]])


def test_box_actions_are_stretched_over_the_range_and_cut():
    low = np.array([[-2.0, 0.0], [-np.inf, -np.inf], [1.0, -3.0]], np.float32)
    high = np.array([[2.0, 10.0], [np.inf, 0.5], [np.inf, -1.0]], np.float32)
    space = spaces.Box(low, high)
    rule = actions_of(space, "x")
    assert rule.size == 6
    outputs = np.array([
        [0.5, -0.5, 7.0, 7.0, 0.2, 0.0],
        [9.0, -9.0, -7.0, -7.0, 4.0, -1.0],
        [NAN, NAN, NAN, NAN, NAN, NAN],
        [np.inf, -np.inf, 0.0, 0.0, 0.0, 0.0],
    ], np.float32)  # fmt: skip
    actions = rule.batch(outputs)
    assert actions.dtype == np.float32
    assert actions.reshape(4, 6).tolist() == [
        [1.0, 2.5, 7.0, 0.5, 1.0, -2.0],
        [2.0, 0.0, -7.0, -7.0, 4.0, -3.0],
        [0.0, 5.0, 0.0, 0.0, 1.0, -2.0],
        [2.0, 0.0, 0.0, 0.0, 1.0, -2.0],
    ]
    assert all(space.contains(action) for action in actions)


def test_box_actions_of_no_range_are_its_one_value():
    rule = actions_of(spaces.Box(np.float32([2.0]), np.float32([2.0])), "x")
    assert rule.batch(np.array([[np.inf], [NAN], [0.3]])).ravel().tolist() == [2.0] * 3


def test_box_actions_of_integers_are_rounded():
    rule = actions_of(spaces.Box(0, 255, (1,), np.uint8), "x")
    actions = rule.batch(np.array([[-1.0], [0.2], [1.0], [NAN]]))
    assert actions.dtype == np.uint8
    assert actions.ravel().tolist() == [0, 153, 255, 128]


def test_box_actions_reach_the_environment_inside_its_space():
    problem, envs = spaced(action_space=spaces.Box(-0.1, 0.3, (2,), np.float32))
    problem.evaluate(constant(2, [[0.999, -0.999], [0.0, 0.5]]), seed=1)
    assert np.allclose(envs[0].actions, [[0.2998, -0.0998], [0.1, 0.2]])


def test_one_hot_and_nested_observations_match_gymnasiums_flatten():
    nested = spaces.Dict(
        {
            "where": spaces.Box(-1, 1, (2, 2), np.float32),
            "what": spaces.Tuple((spaces.Discrete(3, start=1), spaces.MultiBinary(2))),
            "which": spaces.MultiDiscrete([2, 3]),
        }
    )
    for space in (spaces.Discrete(4, start=-1), spaces.Box(0, 9, (2, 3)), nested):
        observations = Observations(space, "x")
        space.seed(1)
        for _ in range(5):
            sample = space.sample()
            assert np.array_equal(observations.flat(sample), spaces.flatten(space, sample))
            assert observations.size == observations.flat(sample).size


def test_a_dict_observation_reaches_the_network_flat():
    space = spaces.Dict({"step": spaces.Discrete(6), "start": spaces.Box(0, 10, (1,))})

    class Nested(Counter):
        def __init__(self):
            super().__init__(observation_space=space)

        def observe(self):
            return {"step": self.step_number, "start": np.array([self.start], np.float32)}

    problem = Gymnasium(Nested, episodes=2, max_steps=9)
    assert problem.inputs == 7
    genomes = grow(7, 2, 10)
    flat = Gymnasium(
        lambda: gymnasium.wrappers.FlattenObservation(Nested()), episodes=2, max_steps=9
    )
    chosen = []
    for one in (problem, flat):
        steps = one.play(genomes[3].compile(), seed=2)
        chosen.append([(step.action, step.reward) for step in steps])
    assert chosen[0] == chosen[1]


# Normalisation


@pytest.mark.parametrize("environment", ["CartPole-v1", "Acrobot-v1"])
def test_statistics_are_those_of_all_observations_before(environment):
    problem = Gymnasium(
        environment, episodes=2, max_steps=60, normalize=True, slots=4, backend="gymnasium"
    )
    names = ("input_mean", "input_scale")
    genomes = grow(problem.inputs, problem.outputs, 6)
    everything = []
    for generation in range(3):
        evaluation = problem.evaluate(genomes.compile(), seed=generation)
        mean, scale = (problem.statistics()[name] for name in names)
        if generation == 0:
            assert not mean.any()
            assert (scale == 1).all()
        else:
            seen = np.concatenate(everything)
            assert np.allclose(mean, seen.mean(axis=0), rtol=1e-9, atol=1e-12)
            assert np.allclose(scale, 1 / seen.std(axis=0), rtol=1e-9)
        carrying = genomes.with_interface(input_mean=mean, input_scale=scale).compile()
        for row in range(6):
            returns, _, seen = naive(
                lambda: gymnasium.make(environment),
                carrying[row], greedy, seeds_of(generation, 2), 60,
            )  # fmt: skip
            assert evaluation.fitness[row] == np.mean(returns)
            everything.append(np.array(seen, np.float64))


def test_a_network_with_statistics_is_not_normalised_twice():
    problem = Gymnasium("CartPole-v1", episodes=3, normalize=True)
    genomes = grow(4, 2, 8)
    problem.evaluate(genomes.compile(), seed=1)
    fitness = problem.evaluate(genomes.compile(), seed=2, episodes=5).fitness
    assert not problem.statistics()["input_mean"].any()  # what was gathered waits
    later = problem.evaluate(genomes.compile(), seed=2).fitness
    statistics = problem.statistics()
    carrying = genomes.with_interface(**statistics).compile()
    assert np.array_equal(problem.evaluate(carrying, seed=2, episodes=3).fitness, later)
    assert np.array_equal(Gymnasium("CartPole-v1", episodes=3).evaluate(carrying, seed=2).fitness,
                          later)  # fmt: skip
    assert not np.array_equal(fitness, later)


def test_evaluations_with_episodes_given_leave_statistics_alone():
    problem = Gymnasium("CartPole-v1", normalize=True)
    networks = grow(4, 2, 8).compile()
    problem.evaluate(networks, seed=1)
    problem.evaluate(networks, seed=2)
    before = problem.statistics()
    problem.evaluate(networks, seed=3, episodes=10)
    after = problem.statistics()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_statistics_do_not_depend_on_threads():
    networks = grow(6, 3, 200).compile()
    before = parallel.thread_count()
    means = []
    try:
        for threads in (1, 2):
            parallel.set_threads(threads)
            problem = Gymnasium("Acrobot-v1", max_steps=20, normalize=True)
            for seed in range(2):
                problem.evaluate(networks, seed=seed)
            means.append(problem.statistics())
    finally:
        parallel.set_threads(before)
    assert all(np.array_equal(means[0][name], means[1][name]) for name in means[0])


def test_moments_keep_their_digits_far_from_zero_and_survive_constants():
    rng = np.random.default_rng(1)
    samples = np.column_stack([rng.normal(1e6, 1e-2, 5000), np.full(5000, 3.0)])
    moments = Moments(2)
    for part in np.array_split(samples, 7):
        tally = Tally(4, 2)  # two networks of two episodes
        for jobs in np.array_split(np.arange(len(part)) % 4, len(part) // 4 + 1):
            tally.add(part[: jobs.size], jobs)
            part = part[jobs.size :]
        assert not len(part)
        moments.gather(tally.by_network(2))
    moments.merge()
    assert moments.count == 5000
    assert moments.mean == pytest.approx(samples.mean(axis=0), rel=1e-12)
    assert moments.scale[0] == pytest.approx(1 / samples[:, 0].std(), rel=1e-6)
    assert moments.scale[1] == 1.0


def some_moments():
    """Moments of five samples, and of three more that wait."""
    moments, rng = Moments(2), np.random.default_rng(1)
    for count in (5, 3):
        tally = Tally(1, 2)
        for x in rng.normal(size=(count, 1, 2)):
            tally.add(x, np.zeros(1, np.int64))
        moments.gather(tally.by_network(1))
    return moments


def test_moments_go_on_from_their_state():
    moments, again = some_moments(), Moments(2)
    again.restore(moments.state())
    assert moments.state()["counts"].tolist() == [5, 3, 1]
    for one in (moments, again):
        one.merge()
    assert again.count == 8
    assert np.array_equal(again.mean, moments.mean) and np.array_equal(again.scale, moments.scale)


@pytest.mark.parametrize(
    "counts", [[-1, 3, 1], [2**62, 3, 1], [5, -3, 1], [5, 2**53, 1], [5, 3, -1], [5, 3, 0]]
)
def test_counts_that_moments_cannot_have_are_refused(counts):
    state = some_moments().state() | {"counts": np.array(counts)}
    with pytest.raises(ValueError, match="statistics: expected counts and squares that can be"):
        Moments(2).restore(state)


@pytest.mark.parametrize("row", [1, 4])  # of what was merged, and of what waits
def test_squares_below_zero_are_refused(row):
    state = some_moments().state()
    state["columns"][row, 1] = -1e-9
    with pytest.raises(ValueError, match="statistics: expected counts and squares that can be"):
        Moments(2).restore(state)


@pytest.mark.parametrize("row", range(5))
def test_moments_whose_squares_would_overflow_are_refused(row):
    state = some_moments().state()
    state["columns"][row, 0] = 1e290
    with pytest.raises(ValueError, match="statistics: expected counts and squares that can be"):
        Moments(2).restore(state)


@pytest.mark.parametrize("value", [NAN, np.inf])
@pytest.mark.parametrize("row", range(5))
def test_moments_that_are_not_finite_are_refused(row, value):
    state = some_moments().state()
    state["columns"][row, 0] = value
    with pytest.raises(ValueError, match="columns: expected finite numbers"):
        Moments(2).restore(state)


def test_without_normalisation_there_are_no_statistics():
    assert Gymnasium("CartPole-v1").statistics() is None


# Description


def test_it_is_a_problem_with_names_and_threshold():
    problem = Gymnasium("CartPole-v1")
    assert isinstance(problem, Problem)
    assert problem.noisy
    assert problem.name == "CartPole-v1"
    assert problem.solved_at == 475.0
    assert problem.input_names == (
        "cart position", "cart velocity", "pole angle", "pole velocity",
    )  # fmt: skip
    assert problem.output_names == ("left", "right")
    assert Gymnasium("Pendulum-v1").solved_at is None
    assert Gymnasium("Pendulum-v1", solved_at=-200).solved_at == -200.0
    assert repr(problem) == "Gymnasium('CartPole-v1', episodes=1, backend='vector')"


@pytest.mark.parametrize(
    "environment", ["Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1",
                    "LunarLander-v3", "BipedalWalker-v3"]
)  # fmt: skip
def test_known_environments_have_readable_names(environment):
    if gymnasium.spec(environment).entry_point.startswith("gymnasium.envs.box2d"):
        pytest.importorskip("Box2D", reason="needs Box2D: neatgrow[box2d]")
    problem = Gymnasium(environment)
    assert len(set(problem.input_names)) == problem.inputs
    assert len(set(problem.output_names)) == problem.outputs
    assert not any(name.startswith(("obs", "action")) for name in problem.input_names)
    assert not any(name.startswith("action") for name in problem.output_names)


def test_unknown_environments_have_numbered_names():
    problem = Gymnasium(Counter, max_steps=5)
    assert problem.name == "Counter"
    assert problem.input_names == ("obs0", "obs1")
    assert problem.output_names == ("action 0", "action 1")
    box, _ = spaced(action_space=spaces.Box(-1, 1, (2,)))
    assert box.output_names == ("action0", "action1")


def test_describe_is_enough_to_build_it_again():
    problem = Gymnasium(
        "CartPole-v1", episodes=3, max_steps=77, solved_at=70, normalize=True,
        make_kwargs={"sutton_barto_reward": True}, name="poles", slots=9,
    )  # fmt: skip
    described = problem.describe()
    assert described.pop("problem") == "gymnasium"
    again = Gymnasium(described.pop("environment"), **described)
    assert again.describe() == problem.describe()
    networks = grow(4, 2, 4).compile()
    fitness = problem.evaluate(networks, seed=1).fitness
    assert np.array_equal(again.evaluate(networks, seed=1).fitness, fitness)
    assert (fitness <= 0).all()
    assert Gymnasium(Counter, max_steps=5).describe()["environment"] is None


def test_play_shows_the_first_episode_of_an_evaluation():
    problem = Gymnasium("CartPole-v1", episodes=3, normalize=True)
    genomes = grow(4, 2, 6)
    for seed in range(2):
        problem.evaluate(genomes.compile(), seed=seed)
    fitness = problem.evaluate(genomes.compile(), seed=8, episodes=1).fitness
    for row in range(6):
        steps = list(problem.play(genomes[row].compile(), seed=8))
        assert sum(step.reward for step in steps) == fitness[row]
        assert all(np.shape(step.view) == (4,) for step in steps)


def test_play_gives_frames_where_asked_to(register):
    register("Texts-v0", Counter, max_episode_steps=9)
    problem = Gymnasium("Texts-v0")
    steps = list(problem.play(grow(2, 2, 2)[0].compile(), render_mode="ansi"))
    assert [step.view for step in steps] == [f"step {k}" for k in range(5)]


# Messages


def error_of(kind, *args, **options):
    with pytest.raises(kind) as caught:
        Gymnasium(*args, **options)
    return str(caught.value)


def test_a_misspelt_id_names_the_nearest():
    assert error_of(ValueError, "CartPol-v1") == (
        "environment 'CartPol-v1': expected a registered Gymnasium id, got an unknown one. "
        "Did you mean 'CartPole-v1'?"
    )
    assert error_of(ValueError, "zzz") == (
        "environment 'zzz': expected a registered Gymnasium id, got an unknown one. "
        "gymnasium.pprint_registry() lists them."
    )


@pytest.mark.parametrize(
    ("environment", "missing", "extra"),
    [("LunarLander-v3", "Box2D", "box2d"), ("HalfCheetah-v5", "mujoco", "mujoco")],
)
def test_a_missing_package_names_the_extra(monkeypatch, environment, missing, extra):
    for name in list(sys.modules):
        if name.startswith(f"gymnasium.envs.{extra}"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert error_of(ImportError, environment) == (
        f"environment '{environment}': expected the packages it needs, got not all of them. "
        f'Run pip install "neatgrow[{extra}]".'
    )


def test_episodes_without_end_have_a_limit_that_is_said(register):
    register("Endless-v0", Counter)
    given = Gymnasium("Endless-v0", max_steps=5)
    assert given.max_steps == 5 and not given.unlimited
    for environment in ("Endless-v0", Counter):
        problem = Gymnasium(environment)
        assert problem.max_steps == 1000 and problem.unlimited


def test_unsupported_spaces_are_refused():
    graph = spaces.Tuple((spaces.Discrete(2), spaces.Sequence(spaces.Discrete(3))))
    said = error_of(ValueError, lambda: Counter(observation_space=graph), max_steps=5)
    assert said == (
        "observation space of environment: expected Box, Discrete, MultiDiscrete, MultiBinary, "
        f"or a Tuple or Dict of these, got {graph!r}. "
        "Wrap the environment in gymnasium.wrappers.TransformObservation."
    )
    both = spaces.Tuple((spaces.Discrete(2), spaces.Discrete(3)))
    said = error_of(ValueError, lambda: Counter(action_space=both), max_steps=5)
    assert said == (
        "action space of environment: expected Discrete, MultiDiscrete, MultiBinary or Box, got "
        "Tuple(Discrete(2), Discrete(3)). "
        "Wrap the environment in gymnasium.wrappers.TransformAction."
    )


def test_wrong_arguments_are_refused():
    assert error_of(TypeError, 3) == (
        "environment: expected an id, a function that makes an environment, or an "
        "environment, got 3."
    )
    assert error_of(TypeError, lambda: 3, max_steps=5) == (
        "environment: expected a function that returns a gymnasium.Env, got one that returned 3."
    )
    assert error_of(ValueError, "CartPole-v1", make_kwargs={"max_episode_steps": 3}) == (
        "make_kwargs: expected no max_episode_steps, got {'max_episode_steps': 3}. Pass max_steps."
    )
    assert error_of(ValueError, Counter, max_steps=5, make_kwargs={"length": 3}) == (
        "make_kwargs: expected none beside a function that makes the environment, "
        "got {'length': 3}."
    )
    assert error_of(ValueError, "CartPole-v1", episodes=0).startswith("episodes: expected")
    assert error_of(ValueError, "CartPole-v1", max_steps=0).startswith("max_steps: expected")


def test_networks_of_another_shape_are_refused():
    with pytest.raises(ValueError) as caught:
        Gymnasium("CartPole-v1").evaluate(grow(3, 2, 2).compile(), seed=1)
    assert str(caught.value) == "networks: expected 4 inputs and 2 outputs, got 3 and 2."


def test_a_render_mode_that_a_function_does_not_give_is_refused():
    problem = Gymnasium(lambda: Counter(), max_steps=5)
    with pytest.raises(ValueError) as caught:
        problem.play(grow(2, 2, 2)[0].compile(), render_mode="ansi")
    assert str(caught.value) == (
        "render_mode: expected None as the environment is made, got 'ansi'. "
        "Change the function that makes it."
    )


# ------------------------------------------------------------------------------- imitation


def test_recorded_play_is_imitated():
    problem = Gymnasium("CartPole-v1", max_steps=200)

    def balance(observation):  # a controller that holds the pole up
        return int(observation[2] + 0.5 * observation[3] > 0)

    recorded = problem.record(balance, episodes=5, seed=1)
    assert [x.shape[1] for x, _ in recorded] == [4] * 5
    lessons = problem.imitation(recorded)
    assert lessons.sequences and lessons.loss == "categorical"
    assert lessons.X.shape == (max(len(x) for x, _ in recorded), 5, 4)
    assert lessons.weights.sum() == sum(len(x) for x, _ in recorded)
    logits = Config().override({"genes.activation.outputs": "identity"})
    pupil = ng.Population(4, 2, logits, seed=1).ask()[0]
    tuned, losses = ng.fine_tune(pupil, lessons, steps=500, optimizer=ng.Adam(0.1))
    assert losses[-1] < 0.6 * losses[0]
    flat = problem.imitation(recorded, sequences=False)
    assert flat.X.shape == (lessons.weights.sum(), 4)
    right = tuned.compile().predict(flat.X).argmax(1) == flat.Y.argmax(1)
    assert right.mean() > 0.9
    assert problem.evaluate(tuned.batch().compile(), seed=7, episodes=5).fitness[0] > 150


@pytest.mark.parametrize(
    ("space", "actions", "loss"),
    [
        (spaces.Discrete(3, start=-1), [-1, 1, 0], "categorical"),
        (spaces.MultiDiscrete([2, 3]), [[0, 2], [1, 0]], "binary"),
        (spaces.MultiBinary(3), [[0, 1, 1], [1, 0, 0]], "binary"),
        (spaces.Box(-2.0, 6.0, (2,)), [[-2.0, 6.0], [0.5, 1.0]], "mse"),
    ],
)
def test_targets_stand_for_the_actions_they_were_made_of(space, actions, loss):
    rule = actions_of(space, "a test")
    targets = rule.targets(np.array(actions))
    assert rule.loss == loss and targets.shape == (len(actions), rule.size)
    assert np.allclose(rule.batch(targets), actions)


@pytest.mark.parametrize(
    ("episodes", "message"),
    [
        ([], "sequences: expected at least one of one tick or more, got none."),
        ([(np.zeros((3, 4)), [0, 1])], "sequence 0: expected 3 targets, one per input, got 2."),
        ([(np.zeros((2, 3)), [0, 1])], "observations: expected shape (T, 4), got (2, 3)."),
        ([(np.zeros((2, 4)), [0, 2])], "actions: expected numbers from 0 to 1, got 2."),
    ],
)
def test_play_of_another_kind_is_refused(episodes, message):
    with pytest.raises(ValueError) as caught:
        Gymnasium("CartPole-v1").imitation(episodes)
    assert str(caught.value) == message


def test_records_hold_copies_of_arrays_that_are_used_again():
    class Reusing(gymnasium.Env):
        observation_space = spaces.Box(-9, 9, (1,))
        action_space = spaces.Box(-9, 9, (1,))

        def __init__(self):
            self.seen = np.zeros(1, np.float32)

        def reset(self, *, seed=None, options=None):
            self.seen[:] = 0
            return self.seen, {}

        def step(self, action):
            self.seen += 1
            return self.seen, 0.0, False, False, {}

    answer = np.zeros(1)

    def policy(observation):
        answer[:] = 2 * observation
        return answer

    [(views, actions)] = Gymnasium(Reusing, max_steps=3).record(policy, episodes=1)
    assert views.tolist() == [[0], [1], [2]] and actions.tolist() == [[0], [2], [4]]


def test_lessons_settle_what_else_could_be_passed():
    lessons = Gymnasium("CartPole-v1").imitation([(np.zeros((2, 4)), [0, 1])])
    pupil = ng.Population(4, 2, seed=1).ask()[0]
    with pytest.raises(ValueError, match=r"^X: expected lessons alone, got Y, loss, weights or"):
        ng.fine_tune(pupil, lessons, sequences=True)
    with pytest.raises(TypeError, match=r"^Y: expected targets, got none"):
        ng.fine_tune(pupil, lessons.X)
