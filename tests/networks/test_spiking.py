"""Nodes that store and fire: spikes against the twin, states, codings of inputs, overflow."""

import pickle
import runpy
from pathlib import Path

import numpy as np
import oracles
import pytest
from conftest import grown
from hypothesis import given
from hypothesis import strategies as st
from test_time import DELAYS, SPIKING, SYNCHRONOUS

import neatgrow as ng
from neatgrow.timing import IZHIKEVICH_TYPES, izhikevich_type

BOUNDED = {"genes.activation.options": ("tanh", "sigmoid"), "genes.aggregation.options": ("sum",)}
TIMINGS = {
    "one tick": {}, "staring": {"ticks": 5, "readout": "mean"},
    "rate": {"ticks": 6, "input_coding": "rate", "update": "synchronous"},
    "latency": {"ticks": 6, "input_coding": "latency", "readout": "mean", "substeps": 1},
    "slow": {"tick": 0.25, "ticks": 3, "substeps": 4},
}  # fmt: skip


def spiking(seed=4, timing="one tick", inputs=2, outputs=2, **changes):
    """Genomes that mix all dynamics, with every column."""
    return grown(
        seed, inputs=inputs, outputs=outputs, **(SPIKING | BOUNDED | TIMINGS[timing] | changes)
    )


def alone(dynamics, current=1.0, **values):
    """One input into one node."""
    nodes = {1: {"dynamics": dynamics, "activation": "identity", **values}}
    return ng.Genome.from_edges([(0, 1, current)], inputs=1, outputs=1, nodes=nodes)


def regular(**values):
    return alone(**izhikevich_type("regular_spiking"), **values)


# ----------------------------------------------------------------------------- against the twin


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("seed", range(3))
def test_spikes_are_the_twins_one_by_one(seed, timing):
    fired = seen = 0
    for k, genome in enumerate(spiking(seed, timing)[::4]):
        X = np.random.default_rng(k).uniform(-1.5, 1.5, (12, 2))
        network = genome.compile(np.float64)
        codes = [genome.options("dynamics")[o] for o in range(2)]
        slow = oracles.SlowNetwork(genome)
        expected, found = np.array(slow.run(X)), network.run(X[:, None])[:, 0]
        for o, name in enumerate(codes):
            if name in ("lif", "izhikevich"):
                np.testing.assert_array_equal(found[:, o], expected[:, o], err_msg=f"{genome}")
                fired += np.nansum(found[:, o] > 0)
                seen += found[:, o].size
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal([network.activate(x) for x in X], found)
    assert 0.02 < fired / seen < 0.9


@pytest.mark.parametrize("timing", TIMINGS)
def test_nearly_all_spikes_of_float32_are_those_of_float64(timing):
    genomes = spiking(timing=timing)
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (12, 70, 2))
    exact, rounded = (genomes.compile(dtype).run(X) for dtype in (np.float64, np.float32))
    assert rounded.dtype == np.float32
    assert np.isclose(rounded, exact, rtol=1e-3, atol=1e-3, equal_nan=True).mean() > 0.9


@pytest.mark.parametrize("name", IZHIKEVICH_TYPES)
def test_named_types_fire_as_the_twin_does(name):
    genome = alone(**izhikevich_type(name)).with_interface(tick=0.5)
    X = np.full((240, 1), 10.0)  # rounding grows with every spike
    found = genome.compile(np.float64).run(X[:, None]).ravel()
    assert found.tolist() == [y for (y,) in oracles.SlowNetwork(genome).run(X)]
    assert found.sum() >= 3


def test_a_current_enters_at_once_where_there_is_no_synapse():
    """After a large one a small one is what it is, to the last digit."""
    genome = alone("lif", time_constant=1e-3, threshold=100.0)  # share 1: v = z
    lanes = genome.compile(np.float64).networks.lanes(np.zeros(1, np.int64))
    for z in (1e-3, 99.0, 1e-9, 0.1):
        lanes.activate(np.array([[z]]))
        assert lanes._state.state[2] == pytest.approx(z, abs=1e-13)
        assert lanes._state.state[5] == z


# -------------------------------------------------------------------------------------- states


@pytest.mark.parametrize("timing", ["one tick", "staring", "rate"])
def test_reset_brings_back_the_start_after_every_kind_of_use(timing):
    networks = spiking(timing=timing).compile(np.float64)
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (8, 5, 2))
    together = networks.run(X)
    assert any(not np.array_equal(together[n, 1:2], networks.predict(X[1])[n][None])
               for n in range(len(networks)))  # it does matter where they start  # fmt: skip
    np.testing.assert_array_equal(networks.run(X), together)
    np.testing.assert_array_equal(networks[3:9].run(X), together[3:9])
    np.testing.assert_array_equal(networks.run(X[:, 2:4]), together[:, :, 2:4])
    for n in range(0, len(networks), 11):
        network = networks[n]
        ticks = [network.activate(x) for x in X[:, 0]]
        network.run(X), network.predict(X[0])  # leave the state of activate alone
        on = network.activate(X[0, 1])
        network.reset()
        np.testing.assert_array_equal([network.activate(x) for x in X[:, 0]], ticks)
        np.testing.assert_array_equal(network.activate(X[0, 1]), on)
    lanes = networks.lanes(np.arange(len(networks)))
    play = [lanes.activate(np.tile(x, (len(lanes), 1))) for x in X[:, 0]]
    some = np.arange(0, len(lanes), 3)
    others = np.setdiff1d(np.arange(len(lanes)), some)
    lanes.reset(some)
    first = lanes.activate(np.tile(X[0, 0], (some.size, 1)), some)
    np.testing.assert_array_equal(first, play[0][some])
    lanes.activate(np.tile(X[0, 0], (others.size, 1)), others)
    lanes.reset()
    for x, wanted in zip(X[:, 0], play, strict=True):
        np.testing.assert_array_equal(lanes.activate(np.tile(x, (len(lanes), 1))), wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("timing", ["staring", "latency"])
def test_one_thread_equals_many(threads, timing, dtype):
    genomes = spiking(timing=timing, **SYNCHRONOUS, **DELAYS) if timing == "staring" else spiking(
        timing=timing
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(5, 300, 2))
    answers = []
    for count in (1, 3):
        threads(count)
        networks = genomes.compile(dtype)
        lanes = networks.lanes(np.arange(len(networks)))
        answers.append((
            networks.run(X), networks[0].run(X), networks.predict(X[0]),
            [lanes.activate(np.tile(x[0], (len(lanes), 1))) for x in X],
        ))  # fmt: skip
    for one, many in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, many)


def test_a_simulation_plays_them_as_a_loop_would():
    def begin(state, observation, parameters, start):
        state[0] = observation[0] = start[0]

    def advance(state, observation, parameters, action):
        state[0] = 0.9 * state[0] + 0.3 * action[0]
        observation[0] = state[0]
        return state[0], False

    for timing in ("one tick", "staring", "rate"):
        genomes = spiking(5, timing, inputs=1, outputs=1)
        problem = ng.Simulation(
            begin, advance, inputs=1, outputs=1, state=1, starts=[[0.7], [-0.4]], steps=30
        )
        networks = genomes.compile(np.float64)
        played = problem.evaluate(networks).fitness
        for n in range(0, len(genomes), 7):
            network, total = networks[n], 0.0
            for state in (0.7, -0.4):
                network.reset()
                for _ in range(30):
                    state = 0.9 * state + 0.3 * float(network.activate(np.array([state]))[0])
                    total += state / 2
            assert played[n] == pytest.approx(total, rel=1e-9, nan_ok=True)


# ------------------------------------------------------------------------------------ keeping


@pytest.mark.parametrize("timing", TIMINGS)
def test_what_is_kept_computes_the_same(timing, tmp_path):
    genomes = spiking(timing=timing, surrogate="fast_sigmoid", surrogate_width=0.7)
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (6, 3, 2))
    wanted = genomes.compile(np.float64).run(X)
    genomes.save(tmp_path / "genomes.npz")
    one = genomes[7]
    one.save(tmp_path / "one.npz")
    for kept in (pickle.loads(pickle.dumps(genomes)), ng.load_genomes(tmp_path / "genomes.npz")):
        assert kept.interface.timing == genomes.interface.timing
        np.testing.assert_array_equal(kept.compile(np.float64).run(X), wanted)
    network = pickle.loads(pickle.dumps(one.compile(np.float64)))
    for kept in (pickle.loads(pickle.dumps(one)), ng.load_genome(tmp_path / "one.npz"),
                 ng.Genome.from_networkx(one.to_networkx())):  # fmt: skip
        assert kept.interface.timing == one.interface.timing and kept == one
        np.testing.assert_array_equal(kept.compile(np.float64).run(X), wanted[7])
    np.testing.assert_array_equal(network.run(X), wanted[7])


def test_a_run_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(tmp_path):
    X = np.random.default_rng(0).uniform(-1, 1, (10, 6, 2))
    Y = (X.sum(axis=2, keepdims=True) > 0).astype(float)
    problem = ng.Supervised(X, Y, sequences=True)
    config = ng.Config(population_size=20).override(
        SPIKING | BOUNDED | TIMINGS["rate"] | {"recurrent": True}
    )
    options = {"seed": 1, "progress": False}
    whole = ng.evolve(problem, config=config, generations=6, **options)
    ng.evolve(problem, config=config, generations=3, directory=tmp_path / "run", **options)
    resumed = ng.resume(tmp_path / "run", problem=problem, generations=6, progress=False)
    assert resumed.champion == whole.champion
    assert resumed.champion.interface.timing == config.timing
    assert resumed.champion_fitness == whole.champion_fitness


# ------------------------------------------------------------------------------------ overflow


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dynamics", ["leaky", "lif", "lif to rest", "izhikevich"])
def test_a_potential_that_overflows_is_nan_from_there_on(dynamics, dtype):
    values = {"leaky": {"time_constant": 2.0}, "lif": {"time_constant": 2.0, "refractory": 0.0},
              "lif to rest": {"time_constant": 2.0, "reset": "rest"},
              "izhikevich": izhikevich_type("regular_spiking")}[dynamics]  # fmt: skip
    genome = alone(**{"dynamics": dynamics.split()[0]} | values)
    network = genome.compile(dtype)
    for bad in (np.inf, -np.inf, np.nan):
        X = np.full((8, 3, 1), 5.0, dtype)
        X[2, 1] = bad
        with np.errstate(over="ignore"):
            found = network.run(X)[..., 0]
            ticks = [network.activate(x) for x in X[:, 1].astype(np.float64)]
        network.reset()
        assert np.isfinite(found[:, [0, 2]]).all() and np.isfinite(found[:2]).all()
        assert np.isnan(found[3:, 1]).all() and not np.isfinite(found[2, 1])
        np.testing.assert_array_equal(np.ravel(ticks), found[:, 1])


def test_a_genome_whose_potential_overflows_fails_and_others_do_not():
    X = np.random.default_rng(0).normal(size=(6, 4, 1))
    problem = ng.Supervised(X, np.zeros((6, 4, 1)), sequences=True)
    fitness = [
        problem.evaluate(alone("izhikevich", current=w, **CELL).batch().compile()).fitness[0]
        for w in (1.0, 1e30)
    ]
    assert np.isfinite(fitness[0]) and np.isnan(fitness[1])


CELL = {f"izhikevich_{k}": v for k, v in zip("abcd", (0.02, 0.2, -65.0, 8.0), strict=True)}


# ------------------------------------------------------------------------------------- codings


def wire(inputs, **timing):
    """Inputs that are handed on as they enter, one output for each."""
    edges = [(i, inputs + i) for i in range(inputs)]
    linear = {inputs + i: {"activation": "identity"} for i in range(inputs)}
    return ng.Genome.from_edges(
        edges, inputs=inputs, outputs=inputs, nodes=linear
    ).with_interface(**timing)  # fmt: skip


@given(st.floats(-1.5, 1.5), st.integers(2, 40))
def test_a_rate_is_a_share_of_ticks_spread_evenly(x, ticks):
    x = float(np.float32(x))
    held = wire(5, ticks=ticks, input_coding="rate", readout="mean")
    sums = held.compile(np.float64).predict(np.full((1, 5), x))[0] * ticks
    assert (np.abs(sums - ticks * np.clip(x, -1, 1)) < 1 + 1e-9).all()
    slow = [[oracles.coded("rate", x, i, t, ticks) for t in range(ticks)]
            for i in range(5)]  # fmt: skip
    np.testing.assert_allclose(sums, np.sum(slow, axis=1))
    for spikes in slow:  # gaps between spikes differ by one tick at most
        gaps = np.diff(np.flatnonzero(spikes))
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
    assert (abs(x) < 1) or (np.abs(sums) == ticks).all()


@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.integers(2, 40))
def test_of_two_values_the_larger_fires_first_and_once(x, other, ticks):
    trains = [
        [oracles.coded("latency", value, 0, t, ticks) for t in range(ticks)] for value in (x, other)
    ]
    for value, spikes in zip((x, other), trains, strict=True):
        assert np.count_nonzero(spikes) == (value != 0.0)
        assert np.sum(spikes) == np.sign(value)
        mean = wire(1, ticks=ticks, input_coding="latency", readout="mean")
        found = mean.compile(np.float64).predict(np.array([[value]]))
        assert found[0, 0] == pytest.approx(np.sign(value) / ticks)
    first = [np.flatnonzero(spikes)[:1] for spikes in trains]
    if x != 0 and other != 0 and abs(x) >= abs(other):
        assert first[0] <= first[1]


def test_what_is_no_number_stays_so_when_it_is_coded():
    for coding in ("rate", "latency"):
        held = wire(1, ticks=4, input_coding=coding)
        assert np.isnan(held.compile().predict(np.array([[np.nan]]))).all()


# ------------------------------------------------------------------------------------ patterns

# Of figure 1 of Izhikevich (2004), in ms, as its published program gives them.
FIRST = {
    "tonic spiking": 13.0, "phasic spiking": 43.75, "tonic bursting": 25.0,
    "phasic bursting": 39.0, "mixed mode": 20.0, "adaptation": 10.25, "class 2": 105.75,
    "latency": 26.6, "oscillation": 26.5, "resonator": 338.0, "rebound spike": 68.0,
    "rebound burst": 68.0, "threshold variability": 93.25, "bistability": 45.25,
    "after-potential": 11.3, "inhibition-induced spiking": 94.5,
    "inhibition-induced bursting": 86.5,
}  # fmt: skip


def test_firing_patterns_have_their_number_of_spikes_and_begin_when_they_should():
    path = Path(__file__).parents[2] / "examples" / "izhikevich_patterns.py"
    example = runpy.run_path(str(path))
    assert {pattern.name for pattern in example["PATTERNS"]} == set(FIRST)
    for pattern in example["PATTERNS"]:
        outputs = example["network_of"](pattern).run(example["currents"](pattern)[:, None])
        spikes = np.flatnonzero(outputs)
        assert spikes.size == pattern.spikes, pattern.name
        assert spikes[0] * pattern.step == pytest.approx(FIRST[pattern.name]), pattern.name
