"""One problem or one network in several threads of the caller's."""

import copy
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import gymnasium
import numpy as np
import pytest
from conftest import build, grown
from gymnasium import spaces

import neatgrow as ng
from neatgrow.evaluation.base import Evaluation

SMALL = ng.Config(population_size=12)


@pytest.fixture(autouse=True)
def _often():
    """Threads take turns often, so that what they could do to one another they do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(*calls):
    """What calls answer that begin at the same time, an error as such."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        except RuntimeError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def fingerprint(problem, seed, **options):
    run = {"generations": 4, "solved_at": 1e9, "config": SMALL, "progress": False, **options}
    return ng.evolve(problem, seed=seed, **run).fingerprint


class Walk(gymnasium.Env):
    """Goes by what it has been told so far: two that step it at once disturb one another."""

    observation_space, action_space = spaces.Box(-9.0, 9.0, (2,)), spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.left = self.np_random.uniform(-1, 1), 12
        return self._seen(), {}

    def step(self, action):
        self.place += (0.5 if action else -0.5) + self.np_random.normal() / 8
        self.left -= 1
        return self._seen(), -abs(self.place), self.left == 0, False, {}

    def _seen(self):
        return np.array([self.place, self.left / 12], np.float32)


def cart_pole(**options):
    return ng.Gymnasium("CartPole-v1", max_steps=60, **options)


def reset(state, observation, parameters, start):
    state[0] = start[0]
    observation[0] = state[0]


def step(state, observation, parameters, action):
    state[0] += 0.1 * action[0]
    observation[0] = state[0]
    return -abs(state[0]), False


def distance(network):
    return -abs(float(network.activate([1.0, 0.5])[0]) - 0.3)


RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 1))
SHARED = {
    "vector": cart_pole,
    "single": lambda: ng.Gymnasium(Walk, max_steps=20, episodes=2),
    "simulation": lambda: ng.Simulation(
        reset, step, inputs=1, outputs=1, state=1, steps=20, draws=1, episodes=3
    ),
    "poles": lambda: ng.PoleBalancing(velocities=False),
    "maze": lambda: ng.TMaze(trials=8),
    "supervised": lambda: ng.Supervised(X, Y),
    "table": ng.XOR,
}


@pytest.mark.parametrize("name", SHARED)
def test_runs_that_share_a_problem_are_what_they_are_alone(name):
    problem = SHARED[name]()
    seeds = (1, 2, 3)
    alone = [fingerprint(SHARED[name](), seed) for seed in seeds]
    assert together(*(lambda s=s: fingerprint(problem, s) for s in seeds)) == alone


def test_runs_that_share_a_function_are_what_they_are_alone():
    def run(seed):
        return fingerprint(distance, seed, inputs=2, outputs=1)

    assert together(lambda: run(1), lambda: run(2)) == [run(1), run(2)]


def test_runs_that_learn_on_one_problem_are_what_they_are_alone():
    problem = ng.Supervised(X, Y)

    def run(seed):
        return fingerprint(problem, seed, learning=ng.Learning(steps=3))

    alone = [run(1), run(2)]
    assert together(lambda: run(1), lambda: run(2)) == alone


@pytest.mark.parametrize("name", ["vector", "single"])
def test_all_that_a_problem_does_may_be_asked_for_by_threads(name):
    problem = SHARED[name]()
    genomes = grown(3, inputs=problem.inputs, outputs=problem.outputs)[:20]
    networks = genomes.compile()
    seeds = range(6)
    alone = [problem.evaluate(networks, seed=seed).fitness for seed in seeds]
    calls = [lambda seed=seed: problem.evaluate(networks, seed=seed).fitness for seed in seeds]
    played = [lambda: [s.reward for s in problem.play(networks[1], seed=4)]] * 2
    recorded = [lambda: problem.record(lambda observation: 1, episodes=2)[1][1].tolist()]
    wanted = [calls[0]() for calls in (played, recorded)]
    answers = together(*calls, *played, *recorded, problem.close)
    for fitness, answer in zip(alone, answers, strict=False):
        assert np.array_equal(fitness, answer)
    assert answers[6:9] == [wanted[0], wanted[0], wanted[1]]


# ----------------------------------------------------------------- what is kept between runs


def test_a_second_run_on_a_problem_that_normalises_is_refused_at_its_beginning():
    problem = cart_pole(normalize=True)
    alone = fingerprint(cart_pole(normalize=True), 1)
    said = []

    def another(run):
        if run.population.generation != 2:
            return
        for begin in (
            lambda: fingerprint(problem, 2),
            lambda: together(lambda: fingerprint(problem, 2))[0],
        ):
            try:
                error = begin()
            except RuntimeError as refusal:
                error = refusal
            said.append(str(error))

    assert fingerprint(problem, 1, callbacks=[another]) == alone
    text = (
        "problem: expected one run at a time on 'CartPole-v1', which keeps something between "
        "generations, got a second one. Make a problem for each run, or wait for the first to "
        "end."
    )
    assert said == [text, text]
    assert fingerprint(problem, 1) == alone  # given back


def test_of_two_that_begin_at_once_one_is_refused_and_the_other_right():
    problem = cart_pole(normalize=True)
    alone = [fingerprint(cart_pole(normalize=True), seed) for seed in (1, 2)]
    answers = together(*(lambda s=s: fingerprint(problem, s, generations=4) for s in (1, 2)))
    refused = [isinstance(answer, RuntimeError) for answer in answers]
    assert sum(refused) <= 1  # the first may be over before the second begins
    for answer, wanted, no in zip(answers, alone, refused, strict=True):
        assert no or answer == wanted


def test_a_resumed_run_holds_its_problem_too(tmp_path):
    problem = cart_pole(normalize=True)
    fingerprint(problem, 1, directory=tmp_path / "run", generations=1)
    said = []

    def another(run):
        with pytest.raises(RuntimeError, match="expected one run at a time") as caught:
            fingerprint(problem, 2)
        said.append(caught.value)

    ng.resume(tmp_path / "run", problem=problem, generations=2, callbacks=[another])
    assert said
    fingerprint(problem, 2)


def test_a_run_that_raises_gives_its_problem_back():
    problem = cart_pole(normalize=True)

    def stop(run):
        raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        fingerprint(problem, 1, callbacks=[stop])
    with pytest.raises(TypeError, match=r"^minimize: "):
        fingerprint(problem, 1, minimize="no")
    fingerprint(problem, 1)


def test_a_callback_may_evaluate_on_the_problem_of_its_run():
    problem = cart_pole(normalize=True)
    alone = fingerprint(cart_pole(normalize=True), 1)

    def look(run):
        problem.evaluate(run.champion.batch().compile(), seed=7, episodes=2)
        assert problem.statistics()["input_mean"].shape == (4,)

    assert fingerprint(problem, 1, callbacks=[look]) == alone


class Drifting:
    """A problem of the caller's that keeps something once it has been asked."""

    name, inputs, outputs, noisy, solved_at = "drifting", 1, 1, False, None
    input_names = output_names = None

    def __init__(self):
        self.asked = 0

    def evaluate(self, networks, *, seed, episodes=None):
        self.asked += 1
        return Evaluation(np.ones(len(networks)), 1)

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "other", "name": self.name}

    def state(self):
        return {"asked": np.array([self.asked])} if self.asked else {}

    def restore(self, state):
        self.asked = int(state["asked"][0]) if state else 0


def test_problems_of_the_callers_that_keep_something_are_held_as_well():
    problem = Drifting()

    def another(run):
        fingerprint(problem, 2)

    with pytest.raises(RuntimeError, match="expected one run at a time on 'drifting'"):
        fingerprint(problem, 1, callbacks=[another])
    fingerprint(problem, 1)


def test_a_problem_is_sent_elsewhere_while_a_thread_uses_it():
    problem = ng.Gymnasium(Walk, max_steps=20)
    networks = grown(3, inputs=2, outputs=2)[:5].compile()
    wanted = problem.evaluate(networks, seed=1).fitness

    def look(run):
        for other in (pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem)):
            assert np.array_equal(other.evaluate(networks, seed=1).fitness, wanted)

    fingerprint(problem, 1, generations=2, callbacks=[look])


def test_runs_with_worker_processes_share_a_problem():
    problem = cart_pole()
    alone = fingerprint(problem, 1, generations=2)
    with_workers = {"generations": 2, "processes": 1}
    assert together(
        lambda: fingerprint(problem, 1, **with_workers),
        lambda: fingerprint(problem, 1, generations=2),
    ) == [alone, alone]


# ---------------------------------------------------------------------------------- networks


@pytest.fixture
def looped():
    genome = build(1, 1, {}, [(0, 1, 0.5, True), (1, 1, 0.9, True)])
    return genome.compile(np.float64)


def ticks(network, count=300):
    return [float(network.activate(np.ones(1))[0]) for _ in range(count)]


def test_a_copy_of_a_network_has_a_state_of_its_own(looped):
    wanted = ticks(looped)
    assert wanted[0] != wanted[1]  # it has memory
    other = looped.copy()
    assert other.networks.plan is looped.networks.plan  # and shares its arrays
    assert ticks(other) == wanted  # from state 0
    looped.reset()
    assert ticks(looped, 5) == wanted[:5]
    other.reset()
    for k in range(5):  # neither sees the other
        assert looped.activate(np.ones(1)) != other.activate(np.ones(1))
        assert ticks(looped.copy(), k + 1)[-1] == wanted[k]


def test_threads_with_a_copy_each_get_what_one_gets(looped):
    wanted = ticks(looped)
    answers = together(*[lambda: ticks(looped.copy())] * 4)
    assert answers == [wanted] * 4


def test_copies_of_many_networks_have_states_of_their_own():
    networks = grown(4, generations=15, inputs=3, outputs=2).compile()
    assert networks.plan.has_state.any()
    x = np.random.default_rng(2).normal(size=(30, len(networks), 3))

    def answers(networks):
        return np.array([networks.activate(row) for row in x])

    wanted = answers(networks)
    other = networks.copy()
    assert other.plan is networks.plan
    assert np.array_equal(answers(other), wanted, equal_nan=True)
    for answer in together(*[lambda: answers(networks.copy())] * 3):
        assert np.array_equal(answer, wanted, equal_nan=True)


def test_what_keeps_no_state_may_be_called_by_threads():
    networks = grown(4, generations=15, inputs=3, outputs=2).compile()
    x = np.random.default_rng(2).normal(size=(20, 3))
    wanted = networks.predict(x)
    for answer in together(*[lambda: networks.predict(x)] * 4):
        assert np.array_equal(answer, wanted, equal_nan=True)


@pytest.mark.parametrize(
    "twin", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n)), copy.copy]
)
def test_other_copies_begin_at_state_0_as_well(looped, twin):
    wanted = ticks(looped, 5)
    for network in (looped, looped.networks[0]):
        ticks(network, 3)
        assert ticks(twin(network), 5) == wanted
    batch = looped.networks
    first = batch.activate(np.ones((1, 1)))
    assert batch.activate(np.ones((1, 1))) != first
    assert twin(batch).activate(np.ones((1, 1))) == first
