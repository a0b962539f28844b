"""Compiled simulators: against a plain Python loop, and what is refused in words."""

import math
import pickle
from itertools import pairwise

import numpy as np
import oracles
import pytest
from conftest import build, grown, pack

import neatgrow as ng
from neatgrow.evaluation.base import judged
from neatgrow.kernels import parallel, simulation, simulators
from neatgrow.problems.simulation import problem as driver

STARTS = [[1.0, 0.5], [-2.0, 0.0], [0.3, -1.0]]


def reset(state, observation, parameters, start):
    state[0] = start[0]
    state[1] = start[1]
    observation[0] = state[0]
    observation[1] = state[1] * parameters[1]


def step(state, observation, parameters, action):
    """A damped mass that the first output pushes and the second turns round."""
    push = math.tanh(action[0])
    state[1] = 0.9 * state[1] + parameters[0] * push
    state[0] += 0.2 * state[1]
    if action[1] > 0.5:
        state[1] = -state[1]
    observation[0] = state[0]
    observation[1] = state[1] * parameters[1]
    return 1.0 - abs(state[0]), abs(state[0]) > 2.5


def drift(state, observation, parameters, action):
    state[0] += action[0]
    observation[0] = state[0]
    return state[0], False


def begin(state, observation, parameters, start):
    for k in range(start.size):
        state[k] = start[k]
    observation[0] = state[0]


def mass(**options):
    given = {"inputs": 2, "outputs": 2, "state": 2, "parameters": [0.5, 2.0], "steps": 25}
    return ng.Simulation(reset, step, **{**given, **options})


def one(**options):
    given = {"inputs": 1, "outputs": 1, "state": 1, "steps": 10, "starts": [[0.0]]}
    return ng.Simulation(begin, options.pop("step", drift), **{**given, **options})


def constant(*outputs):
    """A network that answers the same whatever it sees."""
    nodes = {1 + k: ("identity", "sum", value) for k, value in enumerate(outputs)}
    return build(1, len(outputs), nodes, []).batch().compile(np.float64)


def twin(network, starts, parameters, limit):
    """Returns, lengths and ends of one network: the plain loop."""
    results = []
    for start in np.asarray(starts, float):
        state, observation = np.zeros(2), np.zeros(2)
        network.reset()
        reset(state, observation, parameters, start)
        total, t, done = 0.0, 0, False
        while t < limit and not done and math.isfinite(total):
            action, t = network.activate(observation), t + 1
            if not np.isfinite(action).all():
                total = math.nan
                break
            reward, done = step(state, observation, parameters, action)
            total += reward
        results.append((total, t, done))
    return tuple(zip(*results, strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_episodes_equal_a_plain_loop_on_random_recurrent_networks(seed, dtype):
    """Rounding differs by fused operations: float32 to 1e-4; a limit may be met a step later."""
    networks = grown(seed, inputs=2, outputs=2).compile(dtype)
    assert networks.plan.has_state.any() == bool(seed % 3)
    played = mass(starts=STARTS).play(networks, STARTS)
    tolerance = 1e-4 if dtype is np.float32 else 1e-9
    same = 0
    for row in range(len(networks)):
        returns, lengths, done = twin(networks[row], STARTS, np.array([0.5, 2.0]), 25)
        if played.lengths[row].tolist() == list(lengths):
            assert played.done[row].tolist() == list(done)
            same += np.allclose(
                played.returns[row], returns, rtol=tolerance, atol=tolerance, equal_nan=True
            )
    assert same >= len(networks) - (2 if dtype is np.float32 else 0)


def test_fitness_is_the_mean_return_and_steps_are_actions():
    networks = grown(1, inputs=2, outputs=2).compile()
    problem = mass(starts=STARTS)
    evaluation, played = problem.evaluate(networks), problem.play(networks, STARTS)
    means = played.returns.mean(axis=1)
    assert np.allclose(evaluation.fitness, means, rtol=1e-15, equal_nan=True)
    assert evaluation.steps == played.lengths.sum()
    assert list(evaluation.failures) == np.flatnonzero(np.isnan(means)).tolist()
    assert isinstance(problem, ng.Problem) and problem.noisy is False
    assert problem.name == "step" and problem.episodes == 3 and problem.statistics() is None
    assert problem.describe() == {"problem": "simulation", "name": "step"}


def test_a_network_begins_each_episode_afresh():
    genome = build(1, 1, {1: ("identity", "sum", 1.0)}, [(1, 1, 1.0, True)])  # counts ticks
    problem = one(starts=[[0.0]] * 4)
    played = problem.play(genome.batch().compile(), [[0.0]] * 4)
    assert played.returns.tolist() == [[220.0] * 4]  # 1 + 3 + 6 + … + 55
    assert played.lengths.tolist() == [[10] * 4] and not played.done.any()


@pytest.mark.parametrize("count", [1, 2, 4])
def test_results_do_not_depend_on_threads_nor_on_the_size_of_calls(count, threads, monkeypatch):
    networks = grown(2, inputs=2, outputs=2).compile()
    threads(1)
    expected = mass(starts=STARTS).play(networks, STARTS)
    threads(count)
    monkeypatch.setattr(driver, "_FIRST_BUDGET", 1)
    monkeypatch.setattr(driver, "_CALL_SECONDS", 1e-5)
    for _ in range(3):
        for a, b in zip(mass(starts=STARTS).play(networks, STARTS), expected, strict=True):
            assert np.array_equal(a, b, equal_nan=True)


def test_results_do_not_depend_on_which_networks_are_evaluated_together():
    genomes = grown(3, inputs=2, outputs=2)
    problem = mass(draws=2, episodes=5)
    whole = problem.evaluate(genomes.compile(), seed=7).fitness
    cuts = [0, 1, 20, 21, len(genomes)]
    parts = [problem.evaluate(genomes[a:b].compile(), seed=7).fitness for a, b in pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole)
    rows = [5, 0, 5]
    played = mass(starts=STARTS).play(genomes.compile(), STARTS, rows=rows, steps=7)
    full = mass(starts=STARTS, steps=7).play(genomes.compile(), STARTS)
    assert np.array_equal(played.returns, full.returns[rows]) and played.lengths.max() <= 7


def test_draws_are_keyed_by_seed_and_episode():
    starts = np.empty((3, 4))
    simulation.draw_starts(11, starts)
    for episode in range(3):
        stream = oracles.Stream(11, 4, 0, episode)
        assert starts[episode].tolist() == [stream.uniform() for _ in range(4)]
    networks = grown(1, inputs=2, outputs=2).compile()
    problem = mass(draws=2, episodes=2)
    assert problem.noisy
    given = problem.play(networks, starts[:, :2] * 0 + _drawn(5, 3, 2)).returns
    fitness = [problem.evaluate(networks, seed=5, episodes=k).fitness for k in (1, 3)]
    assert np.array_equal(fitness[0], given[:, 0], equal_nan=True)
    assert np.allclose(fitness[1], given.mean(axis=1), rtol=1e-15, equal_nan=True)
    two = given[:, :2].sum(1) / 2
    assert np.array_equal(problem.evaluate(networks, seed=5).fitness, two, equal_nan=True)
    assert not np.array_equal(problem.evaluate(networks, seed=6).fitness, given[:, :2].sum(1) / 2)


def _drawn(seed, episodes, draws):
    out = np.empty((episodes, draws))
    simulation.draw_starts(seed, out)
    return out


def test_input_statistics_of_a_genome_are_heeded():
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 1.0, True)])
    changed = genome.with_interface(input_mean=np.array([1.0]), input_scale=np.array([3.0]))
    problem = one(steps=1)
    networks = changed.batch().compile(np.float64)
    for start, action in ((1.5, 1.5), (0.0, -3.0), (50.0, 10.0), (-50.0, -10.0)):
        assert problem.play(networks, [[start]]).returns[0, 0] == start + action


# ------------------------------------------------------------------------------------ failures


def faulty(state, observation, parameters, action):
    state[0] += 1.0
    if state[0] == 3.0:
        if action[0] == 1.0:
            return math.nan, False
        if action[0] == 2.0:
            return math.inf, False
        if action[0] == 3.0:
            raise ValueError("never seen")
    return 1e308 if action[0] == 4.0 else 1.0, False


def test_a_reward_that_is_not_finite_fails_the_network_alone():
    problem = one(step=faulty, starts=[[-9.0], [0.0]])
    genomes = [build(1, 1, {1: ("identity", "sum", float(k))}, []) for k in range(5)]
    evaluation = problem.evaluate(pack(genomes).compile())
    assert evaluation.fitness[0] == 10.0 and np.isnan(evaluation.fitness[1:]).all()
    assert evaluation.failures == {
        1: "episode 1, step 3: a reward or an output is nan",
        2: "episode 1, step 3: a reward or an output is inf",
        3: "episode 1, step 3: a reward or an output is nan",
        4: "episode 0, step 2: a reward or an output is inf",
    }


def past_the_end(state, observation, parameters, action):
    state[0] += 1.0
    place = 0 if state[0] < 4.0 else 10_000_000  # the trial call never gets there
    observation[place] = 1.0
    return 1.0, False


def test_an_index_outside_an_array_fails_the_network_and_writes_nothing():
    evaluation = one(step=past_the_end, starts=[[0.0]]).evaluate(constant(1.0))
    assert evaluation.failures == {0: "episode 0, step 4: a reward or an output is nan"}


def test_an_output_that_is_not_finite_fails_the_network():
    runaway = build(1, 1, {1: ("square", "sum", 3.0)}, [(1, 1, 9.0, True)])
    evaluation = one(starts=[[0.0]], steps=1000).evaluate(pack([runaway]).compile())
    assert np.isnan(evaluation.fitness[0]) and evaluation.steps < 10
    assert "a reward or an output is nan" in evaluation.failures[0]


def no_start(state, observation, parameters, start):
    if start[0] < 0:
        raise ValueError("never seen")


def test_a_reset_that_raises_fails_at_step_0():
    problem = ng.Simulation(
        no_start, drift, inputs=1, outputs=1, state=1, steps=3, starts=[[1.0], [-1.0]]
    )
    evaluation = problem.evaluate(constant(1.0))
    assert evaluation.failures == {0: "episode 1, step 0: a reward or an output is nan"}
    assert evaluation.steps == 3


def test_ctrl_c_ends_all_threads_soon(threads, monkeypatch):
    calls = []

    def play(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return args[-2] + 1, 1

    threads(1)
    problem = mass(starts=STARTS)
    networks = grown(2, inputs=2, outputs=2).compile()
    problem.evaluate(networks)
    monkeypatch.setattr(simulation, "play", play)
    with pytest.raises(KeyboardInterrupt):
        problem.evaluate(networks)
    assert len(calls) == 3 and parallel.thread_count() == 1


# ------------------------------------------------------------------------------------ compiling


def test_the_functions_are_compiled_once_whatever_the_parameters():
    networks = grown(1, inputs=2, outputs=2).compile()
    mass(starts=STARTS).evaluate(networks)
    before = simulators.compiled.cache_info().misses
    for problem in (mass(starts=STARTS, parameters=[0.1, 0.2]), mass(draws=2, steps=3)):
        problem.evaluate(networks)
        again = pickle.loads(pickle.dumps(problem))
        one, two = (p.evaluate(networks, seed=1).fitness for p in (again, problem))
        assert np.array_equal(one, two, equal_nan=True)
    assert simulators.compiled.cache_info().misses == before


def test_worker_processes_give_the_same_result():
    problem = mass(draws=2, episodes=2, steps=5)
    settings = {"config": ng.Config(population_size=8), "generations": 2, "seed": 1}
    results = [ng.evolve(problem, processes=n, **settings) for n in (0, 1)]
    assert results[0].fingerprint == results[1].fingerprint


def unknown(state, observation, parameters, action):
    return ng.Config().population_size * 1.0, False


def one_value(state, observation, parameters, action):
    return 1.0


def sometimes(state, observation, parameters, action):
    if state[0] > 3.0:
        return 1.0
    return 1.0, False


def text(state, observation, parameters, action):
    return "much" if state[0] > 3.0 else "little", False


def beyond(state, observation, parameters, action):
    return state[1], False


def leaves(state, observation, parameters, action):
    raise SystemExit(3)


def three(state, observation, action):
    return 1.0, False


def writes(state, observation, parameters, action):
    action[0] = 0.0
    return 1.0, False


@pytest.mark.parametrize(
    ("function", "kind", "told"),
    [
        (unknown, TypeError, ["step 'unknown': expected a function of state, observation, "
                              "parameters and action that numba compiles, got one that it refuses",
                              "test_simulation.py\", line", "Unknown attribute 'Config'"]),
        (one_value, TypeError, ["step 'one_value': expected two values, reward and done, to be "
                                "returned, got 1.0. End it with: return reward, done."]),
        (sometimes, TypeError, ["step 'sometimes'", "Can't unify return type"]),
        (text, TypeError, ["step 'text': expected two values, reward and done", "unicode_type"]),
        (beyond, ValueError, ["step 'beyond': expected no error when tried on state, observation, "
                              "parameters and action of lengths 1, 1, 0, 1, got IndexError:"]),
        (three, ValueError, ["step 'three'", "got TypeError: three() takes 3 positional"]),
        (writes, ValueError, ["read-only"]),
        (leaves, ValueError, ["step 'leaves'", "got SystemExit: 3."]),
    ],
)  # fmt: skip
def test_functions_that_do_not_fit_are_named_with_the_reason(function, kind, told):
    with pytest.raises(kind) as caught:
        judged(one(step=function), constant(1.0), seed=0)
    assert all(part in str(caught.value) for part in told), str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"starts": []}, "starts: expected shape (E, D), got (0,)."),
        ({"starts": np.empty((0, 1))},
         "starts: expected at least one row, an episode each, got none."),
        ({"starts": [[math.nan]]}, "starts: expected finite numbers, got nan at index (0, 0)."),
        ({"draws": 1}, "starts, draws: expected one of them, got both. Leave one out."),
        ({"episodes": 2}, "episodes: expected only with draws=, got 2. Without it there is one "
                          "episode for each row of starts."),
        ({"starts": None, "draws": 0}, "draws: expected an integer of at least 1, got 0."),
        ({"steps": 0}, "steps: expected an integer of at least 1, got 0."),
        ({"state": -1}, "state: expected an integer of at least 0, got -1."),
        ({"inputs": 1.5}, "inputs: expected an integer of at least 1, got 1.5."),
        ({"parameters": [math.inf]}, "parameters: expected finite numbers, got inf at index (0,)."),
        ({"step": 3}, "step: expected a function of four arrays, got 3."),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(options, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        one(**options)
    assert str(caught.value) == message


def test_networks_and_starts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="networks: expected 1 inputs and 1 outputs, got 2 and 2"):
        one().evaluate(grown(1, inputs=2, outputs=2).compile())
    with pytest.raises(ValueError, match=r"starts: expected shape \(E, 1\), got \(1, 2\)"):
        one().play(constant(1.0), [[1.0, 2.0]])
    with pytest.raises(ValueError, match="rows: expected indices below 1"):
        one().play(constant(1.0), [[1.0]], rows=[1])


def test_without_starts_there_is_one_episode():
    evaluation = one(starts=None, steps=2).evaluate(constant(0.5))
    assert evaluation.fitness.tolist() == [1.5] and evaluation.steps == 2
