"""Recordings: what a network holds at every tick, against the slow twin with its states."""

import math

import numpy as np
import oracles
import pytest
from conftest import DEGENERATE, grown

import neatgrow as ng

TIMED = {
    "genes.dynamics": ng.Choices(
        start="random", options=("instant", "leaky", "lif", "izhikevich"), swap_rate=0.2
    ),
    **{f"genes.{name}": True for name in (
        "time_constant", "threshold", "refractory", "adaptation", "adaptation_time_constant",
        "synapse_time_constant", "reset", "izhikevich_a", "izhikevich_b", "izhikevich_c",
        "izhikevich_d", "start_potential",
    )},
    "genes.time_constant.mutate_rate": 0.8, "genes.weight.start_spread": 8.0,
}  # fmt: skip
LIF = {"dynamics": "lif", "time_constant": 5.0, "threshold": 1.0}


@pytest.mark.parametrize(
    "timing",
    [
        {}, {"ticks": 3, "readout": "mean"}, {"ticks": 5, "input_coding": "rate"},
        {"ticks": 4, "input_coding": "latency", "update": "synchronous"},
    ],
)  # fmt: skip
def test_a_recording_holds_what_the_slow_twin_holds_at_every_tick(timing):
    X = np.random.default_rng(1).normal(size=(12, 3))
    fired, compared, seen = 0, 0, set()
    genomes = grown(5, inputs=3, outputs=2, generations=6, **TIMED)
    for genome in (genomes[k].with_interface(**timing) for k in range(24)):
        settings, slow = genome.interface.timing, oracles.SlowNetwork(genome)
        rough = oracles.SlowNetwork(genome, 1e-11)
        recording = genome.compile(np.float64).record(X)
        nodes = genome.node_id[recording.node_gene].tolist()
        for row in range(len(recording)):
            step, t = divmod(row, settings.ticks)
            given = [
                oracles.coded(settings.input_coding, value, i, t, settings.ticks)
                for i, value in enumerate(X[step])
            ]
            np.testing.assert_array_equal(recording.inputs[row], given)
            tables = []
            for twin in (slow, rough):
                twin._tick(given)
                own = [(twin.past[-1][v], twin.states[v].get("v", math.nan)) for v in nodes]
                tables.append(np.transpose(own))
            if not np.allclose(*tables, rtol=1e-7, atol=1e-7, equal_nan=True):
                break  # rounding decides from here on, as of a potential at its threshold
            compared += 1
            here = np.stack([recording.values[row], recording.potentials[row]])
            np.testing.assert_allclose(here, tables[0], rtol=1e-6, atol=1e-6)
        kinds = [slow.nodes[v].dynamics for v in nodes]
        spiking = np.isin(kinds, ("lif", "izhikevich"))
        np.testing.assert_array_equal(recording.spikes, (recording.values == 1.0) & spiking)
        want = [{"lif": slow.nodes[v].threshold, "izhikevich": 30.0}.get(slow.nodes[v].dynamics,
                math.nan) for v in nodes]  # fmt: skip
        np.testing.assert_array_equal(recording.threshold, want)
        fired += int(recording.spikes.sum())
        seen.update(kinds)
    assert fired > 10 and compared > 100 and seen == {"instant", "leaky", "lif", "izhikevich"}


def test_a_recording_ends_every_observation_with_what_the_network_answers():
    edges = [(0, "h", {"weight": 2.0}), ("h", 1, {"weight": 0.9}), (1, "h", {"weight": -0.4})]
    genome = ng.Genome.from_edges(edges, inputs=1, outputs=1, nodes={"h": LIF})
    X = np.linspace(0.0, 2.0, 9)[:, None]
    for readout, read in (("last", lambda v: v[:, -1]), ("mean", lambda v: v.mean(axis=1))):
        network = genome.with_interface(ticks=4, readout=readout).compile(np.float64)
        recording = network.record(X)
        assert len(recording) == 36 and recording.ticks == 4
        assert recording.labels == ("in0", "h1", "out0")
        outputs = recording.values[:, 1].reshape(9, 4)
        np.testing.assert_allclose(read(outputs), network.run(X[:, None])[:, 0, 0], rtol=1e-12)


def test_recording_leaves_the_state_of_activate_alone():
    genome = ng.Genome.from_edges(
        [(0, 1, {"weight": 0.7})], inputs=1, outputs=1,
        nodes={1: {"dynamics": "leaky", "time_constant": 4.0}},
    )  # fmt: skip
    network, other = genome.compile(), genome.compile()
    one = np.ones(1)
    first = network.activate(one)
    recording = network.record(np.ones((3, 1)))
    np.testing.assert_allclose(recording.values[0], other.activate(one), rtol=1e-6)
    assert network.activate(one) == other.activate(one) > first
    assert network.record(np.ones((3, 1))).values[2] == recording.values[2]


def test_one_of_many_networks_is_recorded_as_it_is_alone():
    genomes = grown(3, inputs=2, outputs=1, generations=4, **TIMED)
    X = np.random.default_rng(2).normal(size=(5, 2))
    networks = genomes.compile(np.float64)
    for k in range(8):
        alone, among = genomes[k].compile(np.float64).record(X), networks[k].record(X)
        for name in ("values", "potentials", "spikes", "rest", "threshold", "node_gene"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(among, name))


def test_statistics_of_inputs_are_applied_and_nodes_that_are_instant_have_no_potential():
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1).with_interface(
        input_mean=np.array([1.0]), input_scale=np.array([0.5])
    )
    recording = genome.compile(np.float64).record([[3.0], [1.0]])
    np.testing.assert_array_equal(recording.inputs, [[1.0], [0.0]])
    assert np.isnan(recording.potentials).all() and not recording.spikes.any()
    assert np.isnan(recording.rest).all() and np.isnan(recording.threshold).all()


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_genomes_are_recorded(name):
    genome = DEGENERATE[name]
    recording = genome.compile().record(np.zeros((2, genome.n_inputs)))
    assert recording.values.shape == (2, recording.node_gene.size)
    assert repr(recording).startswith("Recording(2 ticks")
    assert len(genome.compile().record(np.zeros((0, genome.n_inputs)))) == 0


def test_a_recording_refuses_inputs_of_another_shape():
    network = ng.Genome.from_edges([(0, 2)], inputs=2, outputs=1).compile()
    with pytest.raises(ValueError) as error:
        network.record(np.ones((3, 5)))
    wanted = "record(X): expected shape (T, 2), got (3, 5). Pass one row per observation."
    assert str(error.value) == wanted
