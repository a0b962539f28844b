"""Backends of Gymnasium problems, and what they do to actions, rewards and observations."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers import ClipReward, TimeAwareObservation
from test_gymnasium import Counter, constant, greedy, grow, naive, seeds_of

import neatgrow as ng
from neatgrow.kernels import parallel
from neatgrow.problems import catalogue
from neatgrow.problems.gymnasium import environments
from neatgrow.problems.gymnasium.problem import Gymnasium

BACKENDS = ["single", "processes"]


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.fixture
def envpool():
    return pytest.importorskip("envpool", reason="needs neatgrow[envpool]")


@pytest.fixture
def problem():
    """Makes problems and closes them."""
    made = []

    def make(*args, **options):
        made.append(Gymnasium(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


# ------------------------------------------------------------------------- which, and why


def test_a_vector_entry_point_comes_first(problem):
    assert problem("CartPole-v1").backend == "vector"
    assert "vector entry point" in problem("CartPole-v1").reason


def test_envpool_comes_second(problem, envpool):
    found = problem("Acrobot-v1")
    assert found.backend == "envpool"
    assert found.reason == "EnvPool is installed and has it"
    assert problem("Acrobot-v1", backend="gymnasium").backend == "single"


@pytest.mark.parametrize(
    ("given", "options", "why"),
    [
        ("Acrobot-v1", {"wrappers": [TimeAwareObservation]}, "without wrappers"),
        (lambda: gymnasium.make("Acrobot-v1"), {}, "plays registered environments"),
        ("Pendulum-v1", {"make_kwargs": {"g": 9.81}}, "does not take make_kwargs such as g"),
        ("Counter-v0", {"max_steps": 5}, "has no Counter-v0"),
    ],
)
def test_what_envpool_cannot_play_is_played_here(problem, envpool, given, options, why):
    gymnasium.register("Counter-v0", Counter)
    try:
        found = problem(given, **options)
        assert found.backend == "single"
        assert why in found.reason
        with pytest.raises(ValueError, match=f"'envpool': .*{why}"):
            problem(given, backend="envpool", **options)
    finally:
        del gymnasium.registry["Counter-v0"]


def test_envpool_that_is_not_installed_is_said(problem, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert problem("Acrobot-v1").backend == "single"
    with pytest.raises(ValueError) as caught:
        problem("Acrobot-v1", backend="envpool")
    assert str(caught.value) == (
        "backend: expected one that can play environment 'Acrobot-v1', got 'envpool': EnvPool is "
        'not installed. Run pip install "neatgrow[envpool]", or leave backend out.'
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "vector"}, "no vector entry point whose state can be set"),
        ({"backend": "gpu"}, "backend: expected one of auto, gymnasium, vector, envpool"),
        ({"processes": 0}, "processes: expected an integer of at least 1"),
        ({"frame_skip": 0}, "frame_skip: expected an integer of at least 1"),
        ({"clip_rewards": -1}, "clip_rewards: expected a number above 0"),
        ({"clip_rewards": (1, 0)}, "least below most"),
        ({"clip_observations": 0.0}, "clip_observations: expected a number above 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Gymnasium("Acrobot-v1", **options)


def test_actions_of_a_box_are_not_drawn():
    with pytest.raises(ValueError, match="sample: expected a Discrete, MultiDiscrete or Multi"):
        Gymnasium("Pendulum-v1", sample=True)


def test_a_wrapper_that_returns_no_environment_is_refused():
    with pytest.raises(TypeError, match="wrappers: expected functions that take an environment"):
        Gymnasium("Acrobot-v1", wrappers=[lambda env: None])
    for wrappers in (3, [TimeAwareObservation, 3], TimeAwareObservation):
        with pytest.raises(TypeError, match="wrappers: expected a sequence of functions"):
            Gymnasium("Acrobot-v1", wrappers=wrappers)


@pytest.mark.parametrize("backend", ["vector", "single", "processes"])
def test_a_description_rebuilds_the_problem(problem, backend):
    name = "CartPole-v1" if backend == "vector" else "Acrobot-v1"
    first = problem(
        name, backend=backend, episodes=2, max_steps=70, frame_skip=3, normalize=True,
        clip_observations=2.0, clip_rewards=0.5, sample=True,
    )  # fmt: skip
    again = catalogue.rebuild(first.describe(), trust=True)  # also to start processes
    networks = grow(first.inputs, first.outputs, 4).compile()
    assert again.describe() == first.describe()
    for seed in (1, 2):
        one, two = first.evaluate(networks, seed=seed), again.evaluate(networks, seed=seed)
        assert np.array_equal(one.fitness, two.fitness)
        assert one.steps == two.steps
    again.close()


def test_what_auto_chose_is_described_so_that_later_installs_change_nothing(problem, envpool):
    assert problem("Acrobot-v1").describe()["backend"] == "envpool"
    assert problem("CartPole-v1").describe()["backend"] == "gymnasium"
    plain = problem("Acrobot-v1", backend="gymnasium")
    again = catalogue.rebuild(plain.describe())
    assert again._may_spread and plain._may_spread


def test_a_run_from_before_there_was_a_choice_goes_on_as_it_began():
    description = {"problem": "gymnasium", "environment": "Acrobot-v1", "episodes": 1}
    assert catalogue.rebuild(description).backend == "single"
    description["environment"] = "CartPole-v1"
    assert catalogue.rebuild(description).backend == "vector"


# ------------------------------------------------------------------------------- EnvPool


def lonely(task, network, act, seed, limit, skip=1):
    """Return and steps of one EnvPool environment by itself."""
    import envpool

    with environments.quiet():
        env = envpool.make(task, env_type="gymnasium", num_envs=1, seed=[seed & 0x7FFFFFFF])
        x, _ = env.reset()
    network.reset()
    total, steps = 0.0, 0
    while True:
        action = np.array([act(network.activate(x[0]))])
        for _ in range(skip):
            x, reward, terminated, truncated, _ = env.step(action)
            total += float(reward[0])
            steps += 1
            if terminated[0] or truncated[0] or steps >= limit:
                return total, steps


@pytest.mark.parametrize("skip", [1, 4])
@pytest.mark.parametrize("task", ["Acrobot-v1", "LunarLander-v3"])
def test_envpool_plays_as_one_environment_by_itself(problem, envpool, task, skip):
    if task == "LunarLander-v3":
        pytest.importorskip("Box2D", reason="LunarLander needs Box2D: neatgrow[box2d]")
    found = problem(task, backend="envpool", episodes=3, max_steps=150, frame_skip=skip)
    networks = grow(found.inputs, found.outputs, 5).compile()
    evaluation = found.evaluate(networks, seed=7)
    steps = 0
    for row in range(5):
        played = [lonely(task, networks[row], greedy, s, 150, skip) for s in seeds_of(7, 3)]
        steps += sum(taken for _, taken in played)
        assert evaluation.fitness[row] == pytest.approx(np.mean([r for r, _ in played]), rel=1e-12)
    assert evaluation.steps == steps


def test_fitness_on_envpool_does_not_depend_on_company_or_threads(problem, envpool, monkeypatch):
    found = problem("Acrobot-v1", backend="envpool", episodes=2, max_steps=100)
    genomes = grow(found.inputs, found.outputs, 9)
    whole = found.evaluate(genomes.compile(), seed=3).fitness
    assert np.array_equal(found.evaluate(genomes[4:6].compile(), seed=3).fitness, whole[4:6])
    before = parallel.thread_count()
    try:
        parallel.set_threads(1)
        assert np.array_equal(found.evaluate(genomes.compile(), seed=3).fitness, whole)
    finally:
        parallel.set_threads(before)
    monkeypatch.setattr("neatgrow.problems.gymnasium.envpools.PoolArena.most", 4)
    assert np.array_equal(found.evaluate(genomes.compile(), seed=3).fitness, whole)
    assert not np.array_equal(found.evaluate(genomes.compile(), seed=4).fitness, whole)


def test_envpool_tells_truncated_from_terminated(problem, envpool):
    found = problem("CartPole-v1", backend="envpool", episodes=1, max_steps=30)
    networks = grow(found.inputs, found.outputs, 30).compile()
    fitness = found.evaluate(networks, seed=1).fitness
    assert found.ended["truncated"] == np.count_nonzero(fitness == 30) > 0
    assert found.ended["terminated"] == np.count_nonzero(fitness < 30) > 0


def test_a_run_on_envpool_repeats_itself_and_is_resumed(tmp_path, envpool):
    def run(generations, **options):
        found = Gymnasium("Acrobot-v1", backend="envpool", episodes=1, max_steps=60, normalize=True)
        config = ng.Config(population_size=10)
        return ng.evolve(
            found, config=config, generations=generations, seed=2, solved_at=0.0, **options
        )

    whole = run(4)
    run(2, directory=tmp_path / "run")
    assert ng.resume(tmp_path / "run", generations=4).fingerprint == whole.fingerprint
    assert run(4, processes=2).fingerprint == whole.fingerprint


# ----------------------------------------------------------------------- worker processes


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalize": True},
        {"frame_skip": 3, "sample": True, "clip_rewards": 0.5, "clip_observations": 1.0},
        {"wrappers": [TimeAwareObservation, partial(ClipReward, min_reward=-0.5)]},
    ],
)
def test_processes_answer_as_this_process_does(problem, options):
    here = problem("Acrobot-v1", episodes=2, max_steps=80, backend="single", **options)
    there = problem("Acrobot-v1", episodes=2, max_steps=80, backend="processes", **options)
    assert there.backend == "processes"
    genomes = grow(here.inputs, here.outputs, 13)
    for seed in (1, 2):
        one, two = (p.evaluate(genomes.compile(), seed=seed) for p in (here, there))
        assert np.array_equal(one.fitness, two.fitness)
        assert one.steps == two.steps
        assert here.ended == there.ended
    for name, array in here.state().items():
        assert np.array_equal(array, there.state()[name])


@pytest.mark.parametrize(
    "name", [name for name, entry in catalogue.ENTRIES.items() if entry.build is None]
)
def test_an_environment_used_before_plays_as_a_fresh_one(problem, name):
    extra = catalogue.ENTRIES[name].extra
    if extra:
        module = {"box2d": "Box2D", "mujoco": "mujoco"}[extra]
        pytest.importorskip(module, reason=f"{name} needs neatgrow[{extra}]")
    found = problem(name, episodes=3, max_steps=120, backend="single", slots=2)
    networks = grow(found.inputs, found.outputs, 4).compile()
    first = found.evaluate(networks, seed=3).fitness
    assert np.array_equal(found.evaluate(networks, seed=3).fitness, first)
    other = problem(name, episodes=3, max_steps=120, backend="single", slots=12)
    assert np.array_equal(other.evaluate(networks, seed=3).fitness, first)


def test_processes_are_taken_once_they_would_have_paid(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    found = problem("Acrobot-v1", episodes=2, max_steps=80, backend="gymnasium", processes=2)
    networks = grow(6, 3, 8).compile()
    first = found.evaluate(networks, seed=1)
    assert found.backend == "processes"
    assert found.reason.startswith("single environments took ")
    assert np.array_equal(found.evaluate(networks, seed=1).fitness, first.fitness)


def test_processes_do_not_outlive_a_run(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    found = problem("Acrobot-v1", max_steps=20, backend="gymnasium", processes=2)
    seen = []
    ng.evolve(
        found, config=ng.Config(population_size=4), generations=3, seed=1,
        callbacks=[lambda run: seen.append(len(multiprocessing.active_children()))],
    )  # fmt: skip
    assert seen[-1] == 2 and found.backend == "processes"
    assert multiprocessing.active_children() == []


def test_there_are_no_more_processes_than_threads_when_they_start(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    found = problem("Acrobot-v1", max_steps=20, backend="gymnasium")
    before = parallel.thread_count()
    ng.set_threads(1)
    try:
        found.evaluate(grow(6, 3, 3).compile(), seed=1)
        assert found.backend == "single"
    finally:
        ng.set_threads(before)


def test_what_cannot_be_sent_stays_here_and_says_why(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    found = problem(lambda: gymnasium.make("Acrobot-v1", max_episode_steps=20), processes=2)
    networks = grow(6, 3, 4).compile()
    first = found.evaluate(networks, seed=1)
    assert found.backend == "single"
    assert found.reason.startswith("it cannot be sent to another process: ")
    assert np.array_equal(found.evaluate(networks, seed=1).fitness, first.fitness)
    with pytest.raises(TypeError, match="another process can import"):
        problem(lambda: gymnasium.make("Acrobot-v1"), backend="processes")


def test_what_workers_do_not_know_stays_here_and_says_why(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    gymnasium.register("Local-v0", Counter)
    try:
        found = problem("Local-v0", max_steps=4, processes=2)
        networks = constant(2, [[0.0, 1.0]] * 3)
        first = found.evaluate(networks, seed=1)
        assert found.backend == "processes"
        assert np.array_equal(found.evaluate(networks, seed=1).fitness, first.fitness)
        assert found.backend == "single"
        assert "could not be rebuilt in a worker process" in found.reason
    finally:
        del gymnasium.registry["Local-v0"]


def test_what_a_script_defines_stays_here(problem, monkeypatch):
    monkeypatch.setattr("neatgrow.problems.gymnasium.problem._START_SECONDS", -1.0)
    monkeypatch.setattr(Counter, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Counter", Counter, raising=False)
    found = problem(Counter, max_steps=4, processes=2)
    found.evaluate(constant(2, [[0.0, 1.0]] * 3), seed=1)
    assert found.backend == "single"
    assert found.reason == 'part of it is defined in the script; pass backend="processes"'


def test_a_script_needs_no_guard_for_an_environment_by_name(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import neatgrow as ng
            print("begin")
            problem = ng.Gymnasium("Acrobot-v1", max_steps=20, backend="processes", processes=2)
            networks = ng.Population(6, 3, seed=1).ask().compile()
            print(problem.evaluate(networks, seed=1).steps)
            problem.close()
            """
        )
    )
    ran = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["begin", "3000"]


def test_a_copy_for_another_process_knows_what_was_gathered():
    found = Gymnasium("CartPole-v1", normalize=True)
    networks = grow(4, 2, 4).compile()
    found.evaluate(networks, seed=1)
    copy = pickle.loads(pickle.dumps(found))
    one, two = (p.evaluate(networks, seed=2) for p in (found, copy))
    assert np.array_equal(one.fitness, two.fitness)
    assert np.array_equal(found.statistics()["input_mean"], copy.statistics()["input_mean"])


def test_parts_of_networks_answer_as_the_whole():
    genomes = grow(3, 2, 9)
    networks = genomes.compile()
    X = np.random.default_rng(1).normal(size=(4, 5, 3))
    whole = networks.run(X)
    for start, stop in ((0, 9), (2, 5), (8, 9), (4, 4)):
        part = pickle.loads(pickle.dumps(networks[start:stop]))
        assert len(part) == stop - start
        assert np.array_equal(part.run(X), whole[start:stop])
    with pytest.raises(ValueError, match="a slice of step 1"):
        networks[::2]


# ------------------------------------------------------------- actions, rewards, observations


def skipping(skip, limit):
    """An environment in which every step is ``skip`` steps of Acrobot, of at most ``limit``."""

    class Skip(gymnasium.Wrapper):
        def reset(self, **options):
            self.taken = 0
            return self.env.reset(**options)

        def step(self, action):
            total = 0.0
            for _ in range(skip):
                x, reward, terminated, truncated, info = self.env.step(action)
                self.taken += 1
                total += float(reward)
                truncated = truncated or self.taken >= limit
                if terminated or truncated:
                    break
            return x, total, terminated, truncated, info

    return Skip(gymnasium.make("Acrobot-v1"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_are_skipped_as_by_a_wrapper(problem, backend):
    found = problem("Acrobot-v1", episodes=2, max_steps=82, frame_skip=5, backend=backend)
    networks = grow(6, 3, 5).compile()
    evaluation = found.evaluate(networks, seed=3)
    for row in range(5):
        returns, _, _ = naive(lambda: skipping(5, 82), networks[row], greedy, seeds_of(3, 2), 1000)
        assert evaluation.fitness[row] == np.mean(returns)
    assert evaluation.steps == 5 * 2 * 82


def test_frames_are_skipped_in_a_vector_environment(problem):
    vector, single = (
        problem("CartPole-v1", episodes=3, frame_skip=4, backend=b) for b in ("vector", "single")
    )
    networks = grow(4, 2, 20).compile()
    one, two = (p.evaluate(networks, seed=3) for p in (vector, single))
    assert np.array_equal(one.fitness, two.fitness)
    assert one.steps == two.steps == one.fitness.sum() * 3  # a point per step
    assert vector.ended == single.ended


@pytest.mark.parametrize("backend", BACKENDS)
def test_rewards_are_clipped(problem, backend):
    found, plain = (
        problem("Pendulum-v1", max_steps=50, backend=backend, clip_rewards=clip)
        for clip in (2.0, None)
    )
    networks = grow(3, 1, 4).compile()
    fitness = found.evaluate(networks, seed=1).fitness
    assert (fitness >= -100.0).all()
    assert (plain.evaluate(networks, seed=1).fitness < fitness).all()
    high = problem("Pendulum-v1", max_steps=50, backend=backend, clip_rewards=(0.5, 1.0))
    assert (high.evaluate(networks, seed=1).fitness == 25.0).all()


def test_clipped_rewards_still_fail_where_they_are_not_finite(problem):
    class Bad(Counter):
        def reward(self, action):
            return float("nan") if self.step_number == 2 else 1.0

    found = problem(Bad, max_steps=5, clip_rewards=1.0)
    evaluation = found.evaluate(constant(2, [[0.0, 1.0]] * 2), seed=1)
    assert np.isnan(evaluation.fitness).all()
    assert evaluation.failures[0] == "episode 0, step 2: expected a finite reward, got nan"


class Wild(Counter):
    """Observations of great magnitude; the reward is the action."""

    def observe(self):
        return np.array([1e3 * (-1) ** self.step_number, 5.0])

    def reward(self, action):
        return float(action[0])


def through():
    """A network whose output is its first input."""
    import networkx as nx

    graph = ng.Population(2, 1, ng.Config(population_size=1), seed=1).ask()[0].to_networkx()
    assert isinstance(graph, nx.DiGraph)
    for node in graph:
        if "activation" in graph.nodes[node]:
            graph.nodes[node].update(activation="identity", bias=0.0)
    for source, target in graph.edges:
        graph.edges[source, target]["weight"] = 1.0 if source == 0 else 0.0
    return ng.Genome.from_networkx(graph)


def test_observations_are_clipped(problem):
    network = through().compile().networks
    found = problem(
        lambda: Wild(4, action_space=spaces.Box(-np.inf, np.inf, (1,), np.float64)),
        max_steps=4, clip_observations=7.0,
    )  # fmt: skip
    assert found.evaluate(network, seed=1).fitness[0] == 0.0  # +7 −7 +7 −7
    found = problem(
        lambda: Wild(3, action_space=spaces.Box(-np.inf, np.inf, (1,), np.float64)),
        max_steps=3, clip_observations=7.0,
    )  # fmt: skip
    assert found.evaluate(network, seed=1).fitness[0] == 7.0


def test_observations_are_clipped_in_standard_deviations(problem):
    found = problem(
        lambda: Wild(3, action_space=spaces.Box(-np.inf, np.inf, (1,), np.float64)),
        max_steps=3, clip_observations=0.25, normalize=True,
    )  # fmt: skip
    genome = through()
    first = found.evaluate(genome.compile().networks, seed=1).fitness[0]
    assert first == 0.25  # mean 0 and scale 1 at first
    second = found.evaluate(genome.compile().networks, seed=1).fitness[0]
    assert second == pytest.approx(0.25, rel=1e-6)  # +c −c +c around the mean
    own = genome.with_interface(**found.statistics())
    assert found.evaluate(own.compile().networks, seed=1).fitness[0] == pytest.approx(
        0.25, rel=1e-6
    )


def test_actions_are_drawn_by_the_softmax_of_outputs(problem):
    class Chosen(Counter):
        def reward(self, action):
            return float(action == 1)

    found = problem(lambda: Chosen(1000), max_steps=1000, episodes=4, sample=True)
    networks = constant(2, [[0.0, 0.9], [0.0, -0.5], [0.3, 0.3]])
    share = found.evaluate(networks, seed=1).fitness / 1000
    expected = 1.0 / (1.0 + np.exp(-np.array([0.9, -0.5, 0.0])))
    assert share == pytest.approx(expected, abs=0.03)
    again = found.evaluate(networks, seed=1).fitness / 1000
    assert np.array_equal(again, share)
    assert not np.array_equal(found.evaluate(networks, seed=2).fitness / 1000, share)
    alone = found.evaluate(networks[1:2], seed=1).fitness / 1000
    assert alone[0] == share[1]


def test_switches_are_drawn_by_the_sigmoid_of_outputs(problem):
    class Switched(Counter):
        def reward(self, action):
            return float(action[0])

    found = problem(
        lambda: Switched(2000, action_space=spaces.MultiBinary(2)), max_steps=2000, sample=True
    )
    share = found.evaluate(constant(2, [[0.8, 0.0], [-0.8, 0.0]]), seed=1).fitness / 2000
    assert share == pytest.approx(1.0 / (1.0 + np.exp([-0.8, 0.8])), abs=0.04)


def test_play_shows_the_episode_that_was_judged(problem):
    found = problem(
        "Acrobot-v1", max_steps=90, frame_skip=4, sample=True, clip_observations=1.0,
        backend="gymnasium",
    )  # fmt: skip
    networks = grow(6, 3, 3).compile()
    fitness = found.evaluate(networks, seed=5).fitness
    for row in range(3):
        steps = list(found.play(networks[row], seed=5))
        assert len(steps) == 90
        assert [step.decided for step in steps] == [k % 4 == 0 for k in range(90)]
        assert np.abs([step.observation for step in steps]).max() == 1.0
        assert sum(step.reward for step in steps) == fitness[row]


class Reusing(Counter):
    """Gives the same array again and again."""

    def reset(self, **options):
        self.array = np.zeros(2)
        return super().reset(**options)

    def observe(self):
        self.array[:] = self.step_number, self.start
        return self.array


def test_what_is_played_and_recorded_is_copied(problem):
    found = problem(lambda: Reusing(4), max_steps=4)
    steps = list(found.play(constant(2, [[0.0, 1.0]])[0]))
    assert [step.view[0] for step in steps] == [0, 1, 2, 3]
    assert [step.observation[0] for step in steps] == [0, 1, 2, 3]


def test_what_is_recorded_is_what_a_network_would_decide_on(problem):
    found = problem(lambda: Counter(9), max_steps=9, frame_skip=4, clip_observations=2.0)
    asked = []
    recorded = found.record(lambda x: asked.append(x[0]) or 1, episodes=1)
    assert asked == [0, 4, 8]
    assert recorded[0][0][:, 0].tolist() == [0, 4, 8]
    lessons = found.imitation(recorded)
    assert np.abs(lessons.X).max() == 2.0


def test_a_bad_observation_in_a_skipped_frame_fails_the_episode(problem):
    class Blink(Counter):
        def observe(self):
            seen = super().observe()
            return seen * np.nan if self.step_number == 2 else seen

    found = problem(lambda: Blink(9), max_steps=9, frame_skip=4)
    evaluation = found.evaluate(constant(2, [[0.0, 1.0]]), seed=1)
    assert evaluation.failures == {0: "episode 0, step 2: expected finite observations, got nan"}


def test_observations_may_be_lists(problem):
    class Listing(Counter):
        def observe(self):
            return super().observe().tolist()

    networks = constant(2, [[0.0, 1.0]])
    listing, plain = (
        problem(lambda kind=kind: kind(9), max_steps=9).evaluate(networks, seed=1)
        for kind in (Listing, Counter)
    )
    assert listing.fitness == plain.fitness and not listing.failures


def test_what_is_recorded_is_not_rendered(problem):
    class Drawn(Counter):
        def render(self):
            raise AssertionError("drawn for nobody")

    found = problem(lambda: Drawn(4, render_mode="ansi"), max_steps=4)
    assert len(found.record(lambda x: 1, episodes=2)) == 2


def test_numpy_numbers_are_described_as_plain_ones(problem, tmp_path):
    found = problem(
        "Acrobot-v1", episodes=np.int64(2), max_steps=np.int64(20), frame_skip=np.int32(2),
        clip_rewards=np.array([-1, 1]), clip_observations=np.float32(2), slots=np.int8(3),
        solved_at=np.float32(-5),
    )  # fmt: skip
    again = catalogue.rebuild(json.loads(json.dumps(found.describe())))
    assert again.describe() == found.describe()
    result = ng.evolve(
        found, config=ng.Config(population_size=3), generations=np.int64(2), seed=np.int64(1),
        solved_at=np.float32(99), directory=tmp_path / "run",
    )  # fmt: skip
    assert len(result.history) == 2
    assert len(ng.resume(tmp_path / "run", generations=np.int64(3)).history) == 3


def test_episodes_that_run_away_leave_statistics_sound(problem):
    class Diverging(Counter):
        """Grows beyond all bounds if the action is 1, and ends by itself or by infinity."""

        def observe(self):
            far = 10.0 ** min(60.0 * self.step_number, 308.0) if 1 in self.actions else 1.0
            return np.array([far * (np.inf if far > 1e300 and self.length > 9 else 1.0), 2.0])

        def reset(self, **options):
            self.actions.clear()
            return super().reset(**options)

    for length in (5, 20):  # it ends before the infinity, or by it
        found = problem(lambda length=length: Diverging(length), max_steps=20, normalize=True)
        networks = constant(2, [[1.0, 0.0], [0.0, 1.0]])
        found.evaluate(networks, seed=1)
        assert bool(np.isnan(found.evaluate(networks, seed=2).fitness[1])) == (length == 20)
        for name, values in found.statistics().items():
            assert np.array_equal(values, [1.0, 2.0] if name == "input_mean" else [1.0, 1.0])
        found.restore(found.state())


def test_an_observation_of_another_shape_is_a_failure(problem):
    class Thin(Counter):
        def step(self, action):
            x, *answer = super().step(action)
            return x[:1], *answer

    evaluation = problem(lambda: Thin(9), max_steps=9).evaluate(constant(2, [[0.0, 1.0]]), seed=1)
    assert "observation: expected shape (2,), got (1,)" in evaluation.failures[0]


def test_a_generation_that_shows_nothing_leaves_statistics_as_they_were(problem):
    class Down(Counter):
        up = True

        def reset(self, **options):
            if not self.up:
                raise OSError("down")
            return super().reset(**options)

    found = problem(Down, max_steps=4, normalize=True)
    networks = constant(2, [[0.0, 1.0]] * 3)
    found.evaluate(networks, seed=1)
    Down.up = False
    found.evaluate(networks, seed=2)
    state = found.state()
    found.restore(state)
    for name, array in found.state().items():
        assert np.array_equal(array, state[name])
    found.restore({**state, "counts": np.array([30, 0, 1])})  # as older files may have it


def test_a_run_that_begins_forgets_what_another_gathered():
    found = Gymnasium("CartPole-v1", normalize=True)
    config = ng.Config(population_size=8)
    first, second = (
        ng.evolve(found, config=config, generations=3, seed=1, solved_at=1e9) for _ in range(2)
    )
    assert first.fingerprint == second.fingerprint


def test_wrappers_are_applied_in_order(problem):
    found = problem("Acrobot-v1", wrappers=[TimeAwareObservation], backend="gymnasium")
    assert found.inputs == 7
    assert found.describe()["environment"] is None


def test_a_module_that_is_not_there_is_said():
    with pytest.raises(ImportError, match="expected a module 'nowhere' that registers it"):
        Gymnasium("nowhere:Foo-v0")
