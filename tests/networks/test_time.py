"""Delays, synchronous updates and dynamics: every way to run against the twin with explicit t."""

import numpy as np
import oracles
import pytest
from conftest import grown
from hypothesis import given, settings
from hypothesis import strategies as st
from test_networks import Expected

import neatgrow as ng
from neatgrow.kernels import dynamics
from neatgrow.kernels.plan import FIELDS, LEARNED, is_delayed
from neatgrow.timing import BUILT_IN

OPTIONS = ("instant", "echo", "drift", "leaky")
NAMES = tuple(declared.name for declared in BUILT_IN)
SYNCHRONOUS, DELAYS = {"update": "synchronous"}, {"genes.delay.swap_rate": 0.4}
TIMED = {
    "genes.dynamics": ng.Choices(start="random", options=OPTIONS, swap_rate=0.2),
    "genes.time_constant.mutate_rate": 0.8,
}
# Mixed with instant and leaky nodes, and with all columns that they read, which differ widely.
SPIKING = {
    "genes.dynamics": ng.Choices(start="random", options=NAMES, swap_rate=0.2),
    "genes.weight.maximum": 20.0,
    "genes.weight.minimum": -10.0,
    "genes.weight.start_spread": 8.0,
    "genes.bias.maximum": 12.0,
    "genes.bias.start_mean": 2.0,
    "genes.time_constant.start_spread": 2.0,
    "genes.threshold.start_spread": 0.5,
    "genes.refractory.start_spread": 1.5,
    "genes.adaptation.start_spread": 1.0,
    "genes.reset.start": "random",
    "genes.adaptation_time_constant.start_mean": 5.0,
    "genes.synapse_time_constant.start_mean": 0.0,
    "genes.izhikevich_a.start_spread": 0.05,
    "genes.synapse_time_constant.start_spread": 1.0,
    "genes.izhikevich_b.start_spread": 0.05,
    "genes.izhikevich_c.start_spread": 5.0,
    "genes.izhikevich_d.start_spread": 4.0,
    "genes.start_potential.start_spread": 5.0,
    "tick": 0.8,
}
STARING = {"ticks": 4, "readout": "mean", "tick": 0.7, "substeps": 3}
KINDS = {
    "spiking": SPIKING, "spiking and staring": SPIKING | STARING, "staring": STARING | TIMED,
    "rates": STARING | TIMED | {"input_coding": "rate"},
    "latencies": STARING | DELAYS | {"input_coding": "latency", "readout": "last"},
    "synchronous": SYNCHRONOUS, "delays": DELAYS, "both": SYNCHRONOUS | DELAYS, "dynamics": TIMED,
    "everything": SYNCHRONOUS | DELAYS | TIMED,
}  # fmt: skip


def echo(z, state, parameters):
    """The mean of the last three z."""
    mean = (z + state[0] + state[1]) / 3.0
    state[1] = state[0]
    state[0] = z
    return mean


def slow_echo(z, state, node):
    past = state.setdefault("past", [0.0, 0.0])
    past.append(z)
    return (past[-1] + past[-2] + past[-3]) / 3.0


def drift(z, state, parameters):
    """A sum that forgets, faster the larger the bias; no activation is applied."""
    state[0] = state[0] * (0.5 + 0.1 * parameters[0]) + z
    return state[0]


def slow_drift(z, state, node):
    state["v"] = state.get("v", 0.0) * (0.5 + 0.1 * node.bias) + z
    node.activation = "identity"
    return state["v"]


@pytest.fixture(autouse=True, scope="module")
def toys():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamics, "_registered", {})
        slow = {"echo": slow_echo, "drift": slow_drift}
        patch.setattr(oracles, "DYNAMICS", oracles.DYNAMICS | slow)
        ng.register_dynamics("echo", echo, states=2)
        ng.register_dynamics("drift", drift, columns=("bias",), activates=False)
        yield


def genomes_of(kind, seed=4, **shape):
    return grown(seed, **shape, **KINDS[kind])


def chain(columns=(), update="ordered", **edge):
    """Input → h1 → h2 → output, all linear."""
    edges = [(0, "h1", edge), ("h1", "h2", edge), ("h2", 1, edge)]
    linear = {label: {"activation": "identity"} for label in ("h1", "h2", 1)}
    genome = ng.Genome.from_edges(edges, inputs=1, outputs=1, nodes=linear, columns=columns)
    return genome.with_interface(update=update)


def impulse(genome, ticks=9):
    return genome.compile(np.float64).run(np.eye(ticks)[:, :1, None])[:, 0, 0].tolist()


# -------------------------------------------------------------------------- by hand, by twin


def test_an_impulse_passes_a_chain_at_once_or_a_node_a_tick():
    assert impulse(chain()) == [1.0] + [0.0] * 8
    assert impulse(chain(update="synchronous")) == [0.0, 0.0, 1.0] + [0.0] * 6


@pytest.mark.parametrize("ticks", range(3))
def test_delays_add_whole_ticks_to_what_the_rule_says(ticks):
    found = impulse(chain(delay=f"{ticks}"))
    assert found.index(1.0) == 3 * ticks and sum(found) == 1.0
    found = impulse(chain(update="synchronous", delay=f"{ticks}"))
    assert found.index(1.0) == 3 * ticks + 2 and sum(found) == 1.0


def test_a_self_loop_with_a_delay_comes_back_that_much_later():
    edges = [(0, 1), (1, 1, {"weight": 0.5, "delay": "2"})]
    genome = ng.Genome.from_edges(edges, inputs=1, outputs=1, nodes={1: {"activation": "identity"}})
    assert impulse(genome) == [1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.25, 0.0, 0.0]


def test_a_source_has_as_many_lines_as_its_oldest_reader_needs():
    edges = [(0, 2, {"delay": "1"}), (0, 3, {"delay": "3"}), (1, 2), (1, 3, {"delay": "7"})]
    plan = ng.Genome.from_edges(edges, inputs=2, outputs=2).compile().networks.plan
    assert plan.line_source[: plan.lines[0, 1]].tolist() == [0, 4, 5, 1, 7, 8, 9, 10, 11, 12]
    assert plan.width[0] == 4 + 10 and plan.has_state[0]
    assert (
        not ng.Genome.from_edges(edges[2:3], inputs=2, outputs=2)
        .compile()
        .networks.plan.has_state[0]
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_networks_compute_what_the_design_says(kind, seed):
    decided, timed = [], 0
    for k, genome in enumerate(genomes_of(kind, seed)[::3]):
        sequence = np.random.default_rng(k).uniform(-2, 2, (9, genome.n_inputs))
        network, expected = genome.compile(np.float64), Expected(genome, sequence)
        ticks = np.array([network.activate(x) for x in sequence])
        for actual in (ticks, network.run(sequence[:, None])[:, 0]):
            assert not expected.differences(actual).size, f"{genome}\n{actual}\n{expected.values}"
        np.testing.assert_array_equal(
            network.predict(sequence[:1]), network.run(sequence[:1, None])[0]
        )
        decided.append(expected.decided.mean())
        timed += bool(network.networks.plan.has_state[0])
    assert np.mean(decided) > 0.8 and timed >= 5


def test_spiking_networks_fire_in_many_ways():
    """Else what is compared above would be silence."""
    genomes = genomes_of("spiking", 1)
    x = np.random.default_rng(0).normal(size=(60, 4, genomes.n_inputs))
    outputs = genomes.compile(np.float64).run(x)
    spiking = [k for k, o in enumerate(outputs) if set(np.unique(o)) == {0.0, 1.0}]
    rates = {round(float(outputs[k].mean()), 2) for k in spiking}
    assert len(spiking) > 5 and len(rates) >= 3


@pytest.mark.parametrize("dynamics", ["lif", "izhikevich"])
def test_a_potential_that_overflows_is_nan_from_then_on(dynamics):
    values = {"time_constant": 2.0} if dynamics == "lif" else ng.izhikevich_type("chattering")
    genome = ng.Genome.from_edges(
        [(0, 1, 1e30)], inputs=1, outputs=1, nodes={1: {"dynamics": dynamics} | values}
    )
    outputs = genome.compile().run(np.array([0.0, 1e30, 0.0, 0.0])[:, None, None]).ravel()
    assert np.isnan(outputs).tolist() == [False, True, True, True]
    problem = ng.Supervised(np.full((1, 1), 1e30), [[0.0]])
    assert not np.isfinite(problem.evaluate(genome.batch().compile()).fitness[0])


# ------------------------------------------------------------------------ all ways, the same


SMOOTH = {"genes.activation.options": ("tanh", "sin", "sigmoid", "identity"),
          "genes.aggregation.options": ("sum", "mean"), "genes.weight.maximum": 1.0,
          "genes.weight.minimum": -1.0}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_ways_to_run_agree(kind, dtype):
    networks = grown(4, inputs=3, outputs=2, **(SMOOTH | KINDS[kind])).compile(dtype)
    x = np.random.default_rng(0).normal(size=(6, 130, 3)).astype(dtype)  # more than a tile
    together = networks.run(x)
    near = {"rtol": 1e-3, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-12}
    lanes = networks.lanes(np.repeat(np.arange(len(networks)), 2))
    each = np.array([
        lanes.activate(np.tile(tick[:2], (len(networks), 1))).reshape(-1, 2, 2) for tick in x
    ])  # fmt: skip
    differ = ~np.isclose(each.swapaxes(0, 1), together[:, :, :2], **near, equal_nan=True)
    # One spike more or less, where rounding decides, changes all that follows in a network.
    most = 0.05 if "spiking" in kind else 0.0
    assert differ.mean() <= most, np.argwhere(differ)
    np.testing.assert_array_equal(networks[10:20].run(x), together[10:20])
    np.testing.assert_array_equal(networks.run(x[:, 129:]), together[:, :, 129:])
    np.testing.assert_array_equal(networks.predict(x[0]), together[:, 0])
    for n in range(0, len(networks), 9):
        network = networks[n]
        for _ in range(2):  # reset clears states and lines
            ticks = [network.activate(tick[0]) for tick in x]
            np.testing.assert_array_equal(ticks, each[:, n, 0])
            network.reset()
    lanes.reset(np.array([3]))
    again = lanes.activate(np.tile(x[0, :2], (len(networks), 1)))
    np.testing.assert_array_equal(again[3], each[0, 1, 1])


def test_threads_change_nothing(threads):
    genomes = genomes_of("everything", inputs=3, outputs=2)
    x = np.random.default_rng(0).normal(size=(5, 40, 3))
    threads(1)
    alone = genomes.compile().run(x)
    threads(4)
    np.testing.assert_array_equal(genomes.compile().run(x), alone)


def test_a_simulation_plays_them_as_a_loop_would():
    def begin(state, observation, parameters, start):
        state[0] = observation[0] = start[0]

    def advance(state, observation, parameters, action):
        state[0] = 0.9 * state[0] + 0.1 * action[0]
        observation[0] = state[0]
        return state[0], False

    genomes = genomes_of("everything", inputs=1, outputs=1)
    problem = ng.Simulation(begin, advance, inputs=1, outputs=1, state=1, starts=[[0.7]], steps=12)
    networks = genomes.compile(np.float64)
    played = problem.evaluate(networks).fitness
    for n in range(0, len(genomes), 7):
        network, state, total = networks[n], 0.7, 0.0
        for _ in range(12):
            state = 0.9 * state + 0.1 * float(network.activate(np.array([state]))[0])
            total += state
        assert played[n] == pytest.approx(total, rel=1e-9, nan_ok=True)


# ------------------------------------------------------------------------------ declarations


def test_every_field_is_declared_with_its_axis_and_dtype():
    plan = genomes_of("everything").compile(np.float32).plan
    sizes = {"network": len(plan.width), "node": len(plan.bias), "connection": len(plan.weight),
             "line": len(plan.line_source), "all": 1}  # fmt: skip
    assert LEARNED == ("weight", "bias", "parameters")
    for name, field in FIELDS.items():
        array = getattr(plan, name)
        assert array.shape[0] == sizes[field.axis] and array.ndim == 1 + bool(field.second), name
        assert array.dtype == np.dtype(field.dtype or np.float32), name
    assert is_delayed(3, 3) and is_delayed(4, 3) and not is_delayed(2, 3)


def test_instant_networks_have_no_room_for_what_they_lack():
    plan = grown(1).compile().plan
    assert plan.dynamics.size == plan.parameters.size == plan.line_source.size == 0
    unused = grown(1, **{"genes.dynamics.options": ("instant",), "genes.delay.swap_rate": 0.0})
    plan = unused.compile().plan
    assert plan.dynamics.size == plan.parameters.size == plan.line_source.size == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_a_network_is_of_one_that_computes_the_same(kind):
    from neatgrow.plotting.values import genome_of

    x = np.random.default_rng(0).normal(size=(7, 5, 2))
    for genome in genomes_of(kind, inputs=2, outputs=2)[::10]:
        network = genome.compile(np.float64)
        np.testing.assert_allclose(
            genome_of(network).compile(np.float64).run(x), network.run(x), rtol=1e-9, atol=1e-12
        )


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(KINDS)))
def test_files_keep_what_is_computed(tmp_path_factory, seed, kind):
    genomes = genomes_of(kind, seed % 5, inputs=2, outputs=1)[seed % 50 :][:3]
    path = tmp_path_factory.mktemp("time") / "genomes.npz"
    genomes.save(path)
    x = np.random.default_rng(seed).normal(size=(6, 2, 2))
    loaded = ng.load_genomes(path)
    assert loaded.interface.update == genomes.interface.update
    np.testing.assert_array_equal(loaded.compile().run(x), genomes.compile().run(x))
