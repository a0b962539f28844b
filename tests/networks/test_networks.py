"""Compiled networks against a slow twin that keeps two dictionaries of activations."""

import itertools
import math
import pickle

import networkx as nx
import numpy as np
import oracles
import pytest
from conftest import DEGENERATE, any_genome, build, grown, pack
from hypothesis import given, settings
from hypothesis import strategies as st

from neatgrow.config import Config
from neatgrow.kernels import forward
from neatgrow.selection.population import Population

TILE = forward.TILE
FIRST, SECOND = 2**62, 2**62 + 1  # two hidden ids


class Expected:
    """Outputs (T, O) of the twin for a sequence, and which of them rounding cannot decide.

    The twin runs again with relative errors put on every term and activation. Where that
    changes an output far more than the errors are large, any answer is as good.
    """

    def __init__(self, genome, sequence, noise=1e-13):
        self.values = np.array(oracles.SlowNetwork(genome).run(sequence))
        rough = [oracles.SlowNetwork(genome, noise, seed).run(sequence) for seed in (1, 2)]
        with np.errstate(invalid="ignore", over="ignore"):
            spread = np.abs(np.array(rough) - self.values).max(axis=0)
            size = np.maximum(np.abs(self.values), 1e-3)
            kinds = np.isfinite(np.array(rough)) == np.isfinite(self.values)
            steady = spread <= 1e4 * noise * size
        self.decided = np.where(np.isfinite(self.values), steady, True) & kinds.all(axis=0)

    def differences(self, actual, tolerance=1e-9):
        """Decided outputs that are not within a relative tolerance, NaN and inf of a kind."""
        close = np.isclose(actual, self.values, rtol=tolerance, atol=1e-3 * tolerance,
                           equal_nan=True)  # fmt: skip
        return np.argwhere(self.decided & ~close)


def assert_computes(genome, sequence, tolerance=1e-9):
    """Activate, run and predict agree with the twin; returns the share of decided outputs."""
    sequence = np.asarray(sequence, float)
    network = genome.compile(np.float64)
    expected = Expected(genome, sequence)
    ticks = np.array([network.activate(x) for x in sequence])
    runs = network.run(sequence[:, None])[:, 0]
    for actual in (ticks, runs):
        assert not expected.differences(actual, tolerance).size, (
            f"{genome}\n{sequence}\n{actual}\n{expected.values}"
        )
    first = Expected(genome, sequence[:1])
    assert not first.differences(network.predict(sequence[:1]), tolerance).size
    return expected.decided.mean()


def samples(shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


# -------------------------------------------------------------------------- against the twin


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_genome_computes_what_the_design_says(name):
    genome = DEGENERATE[name]
    assert assert_computes(genome, samples((5, genome.n_inputs))) == 1.0


@settings(max_examples=3 * settings().max_examples)
@given(any_genome(), st.integers(0, 2**32 - 1))
def test_any_legal_genome_computes_what_the_design_says(genome, seed):
    assert_computes(genome, samples((4, genome.n_inputs), seed))


def sampled_batches(batches, every):
    """Every ``every``-th genome of all batches."""
    return [genome for batch in batches for genome in batch[::every]]


def test_thousands_of_mutated_genomes_compute_what_the_design_says(wild_batches):
    genomes = sampled_batches(wild_batches, 1)
    decided = [
        assert_computes(genome, samples((4, genome.n_inputs), k))
        for k, genome in enumerate(genomes)
    ]
    assert len(decided) == 36 * 60
    assert np.mean(decided) > 0.9


@pytest.mark.slow
def test_large_mutated_genomes_compute_what_the_design_says():
    genomes = sampled_batches((grown(seed, generations=100) for seed in range(100, 220)), 1)
    decided = [
        assert_computes(genome, samples((8, genome.n_inputs), k))
        for k, genome in enumerate(genomes)
    ]
    assert len(decided) == 120 * 60
    assert np.mean(decided) > 0.85


def ordinary_batch(generations=40, inputs=4, outputs=2):
    """Genomes of the default settings, evolved to no purpose."""
    population = Population(inputs, outputs, Config(population_size=100), seed=3)
    draw = np.random.default_rng(3)
    for _ in range(generations):
        population.ask()
        population.tell(draw.normal(size=100))
    return population.ask()


def test_float32_is_within_the_stated_distance_of_float64():
    genomes = ordinary_batch()
    X = samples((20, 30, 4))  # 20 ticks
    exact, rounded = (genomes.compile(dtype).run(X) for dtype in (np.float64, np.float32))
    assert rounded.dtype == np.float32 and exact.dtype == np.float64
    errors = np.abs(rounded - exact)[:, 0]
    assert np.median(errors) < 1e-6
    assert np.quantile(errors, 0.999) < 1e-5 and errors.max() < 1e-4
    assert errors.max() > 0  # float32 was computed in float32


def test_float32_agrees_with_the_twin_on_mutated_genomes(wild_batches):
    decided = []
    for k, genome in enumerate(sampled_batches(wild_batches, 12)):
        x = samples((1, genome.n_inputs), k).astype(np.float32)
        expected = Expected(genome, x, noise=1e-7)
        with np.errstate(over="ignore"):
            actual = genome.compile(np.float32).predict(x)
        huge = np.abs(expected.values) > 1e37  # beyond float32
        expected.decided &= ~huge
        assert not expected.differences(actual, 5e-3).size, f"{genome}\n{x}"
        decided.append(expected.decided.mean())
    assert np.mean(decided) > 0.85


# ------------------------------------------------------------------------- order and delays


def test_plan_holds_what_reaches_an_output_in_an_order_that_delays_what_the_rule_says(
    wild_batches,
):
    for genome in sampled_batches(wild_batches, 6):
        slow = oracles.SlowNetwork(genome)
        plan = genome.compile().networks.plan
        start, stop = plan.node_start[0], plan.node_stop[0]
        order = [int(genome.node_id[gene]) for gene in plan.node_gene[start:stop]]
        assert sorted(order) == sorted(slow.order)
        place = {node: genome.n_inputs + k for k, node in enumerate(order)}
        place |= {i: i for i in range(genome.n_inputs)}
        delayed, seen = set(), set()
        for v, node in enumerate(order, start):
            for c in range(plan.incoming_start[v], plan.incoming_stop[v]):
                gene = plan.connection_gene[c]
                source, target = int(genome.source[gene]), int(genome.target[gene])
                assert target == node and genome.enabled[gene]
                assert plan.source_slot[c] == place[source]
                assert plan.weight[c] == np.float32(genome.weight[gene])
                seen.add((source, target))
                if plan.source_slot[c] >= genome.n_inputs + v - start:
                    delayed.add((source, target))
        assert delayed == slow.delayed
        assert seen == {(s, t) for s, t, _ in slow.edges if t in slow.order}
        outputs = [place[o] for o in slow.outputs]
        assert plan.output_slot[0].tolist() == outputs


def test_only_connections_inside_a_loop_are_delayed(wild_batches):
    late = 0
    for genome in sampled_batches(wild_batches, 6):
        slow = oracles.SlowNetwork(genome)
        components = {
            node: frozenset(part)
            for part in nx.strongly_connected_components(slow._graph())
            for node in part
        }
        for source, target in slow.delayed:
            assert target in components[source]
        late += len(slow.delayed)
    assert late > 100


def test_network_without_loops_has_no_memory():
    genomes = grown(3, generations=20)  # wild_config(3) is not recurrent
    assert not any(oracles.has_loop(genome) for genome in genomes)
    networks = genomes.compile(np.float64)
    x = samples((len(genomes), genomes.n_inputs))
    first = networks.activate(x)
    networks.activate(10 * x)
    np.testing.assert_array_equal(networks.activate(x), first)


def test_a_chain_of_many_nodes_answers_within_one_tick():
    chain = {2**62 + k: ("identity", "sum", 1.0) for k in range(50)}
    ids = [0, *reversed(chain), 1]  # against the order of ids
    genome = build(1, 1, chain | {1: ("identity", "sum", 0.0)},
                   [(a, b, 1.0, True) for a, b in itertools.pairwise(ids)])  # fmt: skip
    assert genome.compile().activate([5.0]) == [55.0]


def test_self_loop_reads_the_tick_before():
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 1.0, True), (1, 1, 1.0, True)])
    network = genome.compile()
    assert [network.activate([x])[0] for x in (1.0, 10.0, 100.0)] == [1.0, 11.0, 111.0]


def test_inside_a_loop_the_node_nearer_to_an_input_comes_first():
    near_is_later_id = build(
        1, 1, {1: ("identity", "sum", 0.0), FIRST: ("identity", "sum", 0.0),
               SECOND: ("identity", "sum", 0.0)},
        [(0, SECOND, 1.0, True), (SECOND, FIRST, 1.0, True), (FIRST, SECOND, 1.0, True),
         (FIRST, 1, 1.0, True)],
    )  # fmt: skip
    network = near_is_later_id.compile()
    # SECOND(t) = x + FIRST(t-1); FIRST(t) = SECOND(t)
    assert [network.activate([1.0])[0] for _ in range(4)] == [1.0, 2.0, 3.0, 4.0]


def test_at_equal_distance_the_lower_id_comes_first():
    connections = [(0, FIRST, 1.0, True), (0, SECOND, 1.0, True), (FIRST, SECOND, 1.0, True),
                   (SECOND, FIRST, 10.0, True), (SECOND, 1, 1.0, True)]  # fmt: skip
    nodes = dict.fromkeys((1, FIRST, SECOND), ("identity", "sum", 0.0))
    network = build(1, 1, nodes, connections).compile()
    # FIRST(t) = x + 10 SECOND(t-1); SECOND(t) = x + FIRST(t)
    assert [network.activate([1.0])[0] for _ in range(2)] == [2.0, 22.0]


@given(any_genome(), st.data())
def test_only_enabled_genes_matter(genome, data):
    nodes = {
        int(node): (f, g, float(bias))
        for node, f, g, bias in zip(
            genome.node_id, genome.activation_names, genome.aggregation_names, genome.bias,
            strict=True,
        )
    }  # fmt: skip
    connections = [
        (int(s), int(t), float(w), True)
        for s, t, w, e in zip(
            genome.source, genome.target, genome.weight, genome.enabled, strict=True
        )
        if e
    ]
    stripped = build(genome.n_inputs, genome.n_outputs, nodes, connections)
    X = samples((3, 5, genome.n_inputs))
    np.testing.assert_array_equal(genome.compile().run(X), stripped.compile().run(X))


def test_nan_from_one_input_reaches_only_what_depends_on_it():
    genome = build(2, 2, {}, [(0, 2, 1.0, True), (1, 3, 1.0, True)])
    for result in (
        genome.compile().activate([math.nan, 0.5]),
        genome.compile().predict([[math.nan, 0.5]])[0],
    ):
        assert math.isnan(result[0]) and result[1] == pytest.approx(math.tanh(0.5), abs=1e-6)


# -------------------------------------------------------------- one, many, shared, in pieces


@pytest.fixture(scope="module", params=[np.float32, np.float64], ids=["float32", "float64"])
def networks(request):
    """Ordinary and wild networks of the same interface."""
    wild = [grown(seed, generations=15, inputs=3, outputs=2) for seed in (1, 2, 3)]
    genomes = pack([genome for batch in wild for genome in batch[:25]])
    with np.errstate(over="ignore"):
        return genomes.compile(request.param)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 15, TILE - 1, TILE, TILE + 1, 2 * TILE, 300])
def test_predict_of_many_samples_equals_one_by_one_bit_for_bit(networks, count):
    X = samples((count, 3), count)
    together = networks.predict(X)
    assert together.shape == (len(networks), count, 2) and together.dtype == networks.dtype
    for b in {0, 1, count // 2, TILE - 1, TILE, count - 1} & set(range(count)):
        np.testing.assert_array_equal(together[:, b], networks.predict(X[b : b + 1])[:, 0])


def test_predict_of_all_networks_equals_one_by_one_bit_for_bit(networks):
    X = samples((33, 3))
    together = networks.predict(X)
    for n in range(len(networks)):
        np.testing.assert_array_equal(together[n], networks[n].predict(X))
    np.testing.assert_array_equal(together[-1], networks[-1].predict(X))


def test_compiling_together_equals_compiling_alone(wild_batches):
    for batch in wild_batches[::6]:
        X = samples((9, batch.n_inputs))
        together = batch.compile().predict(X)
        for n in range(0, len(batch), 7):
            np.testing.assert_array_equal(together[n], batch[n].compile().predict(X))


@pytest.mark.parametrize("count", [1, 5, TILE + 1])
def test_shared_samples_equal_the_same_samples_given_to_each(networks, count):
    X = samples((count, 3))
    each = np.broadcast_to(X, (len(networks), count, 3))
    np.testing.assert_array_equal(networks.predict(X), networks.predict(each))
    sequence = samples((4, count, 3))
    each = np.broadcast_to(sequence, (len(networks), 4, count, 3))
    np.testing.assert_array_equal(networks.run(sequence), networks.run(each))


def test_each_network_sees_its_own_samples(networks):
    X = samples((len(networks), 6, 3))
    together = networks.predict(X)
    for n in range(0, len(networks), 10):
        np.testing.assert_array_equal(together[n], networks[n].predict(X[n]))


@pytest.mark.parametrize("count", [1, TILE - 1, TILE, TILE + 1, 300])
def test_run_of_many_sequences_equals_one_by_one_bit_for_bit(networks, count):
    X = samples((5, count, 3), count)
    together = networks.run(X)
    assert together.shape == (len(networks), 5, count, 2)
    for b in {0, TILE - 1, TILE, count - 1} & set(range(count)):
        np.testing.assert_array_equal(together[:, :, b], networks.run(X[:, b : b + 1])[:, :, 0])


def test_predict_is_one_tick_of_run(networks):
    X = samples((20, 3))
    np.testing.assert_array_equal(networks.predict(X), networks.run(X[None])[:, 0])


def test_predict_and_run_leave_no_state(networks):
    X = samples((6, 4, 3))
    x = samples((len(networks), 3))
    networks.reset()
    before = networks.activate(x)
    networks.reset()
    first = networks.run(X)
    networks.predict(X[0])
    np.testing.assert_array_equal(networks.run(X), first)
    np.testing.assert_array_equal(networks.activate(x), before)


def close_where_finite(actual, expected, dtype):
    tolerance = 1e-3 if dtype == np.float32 else 1e-9
    close = np.isclose(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    return close.mean() > 0.98  # rounding decides the rest: step, inverse, chaos


def test_run_equals_activate_tick_by_tick(networks):
    X = samples((6, 1, 3))
    networks.reset()
    ticks = [networks.activate(np.broadcast_to(X[t], (len(networks), 3))).copy() for t in range(6)]
    assert close_where_finite(np.stack(ticks, axis=1), networks.run(X)[:, :, 0], networks.dtype)


@pytest.mark.parametrize("call", ["predict", "run no samples", "run no ticks", "each"])
def test_no_samples_and_no_ticks_give_empty_results(networks, call):
    n = len(networks)
    result, shape = {
        "predict": lambda: (networks.predict(np.empty((0, 3))), (n, 0, 2)),
        "run no samples": lambda: (networks.run(np.empty((4, 0, 3))), (n, 4, 0, 2)),
        "run no ticks": lambda: (networks.run(np.empty((0, 4, 3))), (n, 0, 4, 2)),
        "each": lambda: (networks.predict(np.empty((n, 0, 3))), (n, 0, 2)),
    }[call]()
    assert result.shape == shape


# ------------------------------------------------------------------------- state and lanes


def test_state_is_kept_between_calls_and_reset_forgets_it():
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 1.0, True), (1, 1, 0.5, True)])
    network = genome.compile()
    assert [network.activate([1.0])[0] for _ in range(3)] == [1.0, 1.5, 1.75]
    network.reset()
    assert network.activate([1.0])[0] == 1.0


def test_compiled_networks_do_not_share_state(networks):
    one, other = networks[1], networks[1]
    x = samples(3)
    first = one.activate(x)
    one.activate(x)
    np.testing.assert_array_equal(other.activate(x), first)


def test_results_are_not_overwritten_by_later_calls(networks):
    networks.reset()
    x = samples((len(networks), 3))
    first = networks.activate(x)
    kept = first.copy()
    networks.activate(x + 1)
    np.testing.assert_array_equal(first, kept)


def test_arguments_are_left_as_they_were(networks):
    X, x = samples((5, 3)), samples((len(networks), 3))
    copies = X.copy(), x.copy()
    networks.predict(X)
    networks.activate(x)
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(x, copies[1])


@pytest.mark.parametrize("episodes", [1, 3])
def test_episodes_of_one_network_are_independent(networks, episodes):
    x = samples((4, len(networks), episodes, 3))
    networks.reset()
    together = [networks.activate(x[t]) for t in range(4)]
    assert together[0].shape == (len(networks), episodes, 2)
    networks.activate(x[0][:, :1])  # another number of episodes: fresh states
    for n in range(0, len(networks), 9):
        for e in range(episodes):
            alone = networks[n]
            for t in range(4):
                np.testing.assert_array_equal(together[t][n, e], alone.activate(x[t, n, e]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_by_itself_computes_what_it_does_among_others(dtype):
    genomes = grown(8, generations=15, inputs=3, outputs=2).with_interface(
        input_mean=np.array([0.5, -1.0, 0.0]), input_scale=np.array([2.0, 1e9, 0.3])
    )
    networks = genomes.compile(dtype)
    x = samples((5, len(networks), 3))
    together = [networks.activate(x[t]).copy() for t in range(5)]
    for n in range(len(networks)):
        for alone in (networks[n], genomes[n].compile(dtype)):
            for t, one in enumerate([*x[:4, n], x[4, n].tolist()]):
                y = alone.activate(one)
                assert y.dtype == dtype
                np.testing.assert_array_equal(y, together[t][n])


def test_any_array_of_numbers_can_be_asked():
    genome = build(2, 1, {2: ("identity", "sum", 0.0)}, [(0, 2, 1.0, True), (1, 2, 0.5, True)])
    network = genome.compile()
    strided = np.array([[1.0, 9.0], [2.0, 9.0]])[:, 0]
    for x in (strided, np.array([1, 2]), np.array([1, 2], np.float32), (1, 2), [True, 2.0],
              np.array([1.0, 2.0], ">f8"), np.array([1, 2], object)):  # fmt: skip
        assert network.activate(x) == [2.0]


def test_arrays_that_may_not_be_written_to_compile_nothing_anew():
    network = build(2, 1, {2: ("identity", "sum", 0.0)}, [(0, 2, 1.0, True)]).compile()
    network.activate(np.ones(2))
    before = len(forward.step_alone.signatures)
    assert network.activate(np.broadcast_to(3.0, 2)) == [3.0]
    assert network.activate(np.frombuffer(np.full(2, 4.0).tobytes())) == [4.0]
    assert len(forward.step_alone.signatures) == before


def test_a_network_travels_without_its_state():
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 1.0, True), (1, 1, 0.5, True)])
    network = genome.compile()
    network.activate([1.0])
    other = pickle.loads(pickle.dumps(network))
    assert other.activate([1.0]) == [1.0] and network.activate([1.0]) == [1.5]


def test_lanes_may_repeat_networks_and_keep_their_own_states(networks):
    draw = np.random.default_rng(5)
    chosen = draw.integers(0, len(networks), 90)
    chosen[:6] = 4
    lanes = networks.lanes(chosen)
    assert len(lanes) == 90
    alone = [networks[int(n)] for n in chosen]
    for t in range(6):
        active = np.flatnonzero(draw.random(90) < 0.6) if t else np.arange(90)
        draw.shuffle(active)
        x = samples((active.size, 3), t)
        y = lanes.activate(x, active)
        for k, lane in enumerate(active):
            np.testing.assert_array_equal(y[k], alone[lane].activate(x[k]))


@pytest.mark.parametrize(
    ("lanes", "message"),
    [
        (np.array([0, 4]), "expected indices below 4, got 4"),
        (np.array([-1]), "expected indices below 4, got -1"),
        (np.ones(4, bool), "expected indices below 4, got truth values. Pass np.flatnonzero"),
        ([0.5], "expected"),
    ],
)
def test_lanes_that_there_are_not_are_refused(lanes, message, networks):
    four = networks.lanes([0, 1, 1, 2])
    x = np.zeros((len(lanes), networks.interface.inputs))
    for what, act in (("activate(active)", lambda: four.activate(x, lanes)),
                      ("reset(lanes)", lambda: four.reset(lanes))):  # fmt: skip
        with pytest.raises((ValueError, TypeError)) as caught:
            act()
        assert str(caught.value).startswith(f"{what}: {message}")
    assert len(four.activate(x[:0], np.empty(0, np.int64))) == 0


def test_resetting_some_lanes_leaves_the_others(networks):
    lanes = networks.lanes([0, 1, 1, 2])
    x = samples((4, 3))
    first = lanes.activate(x)
    second = lanes.activate(x)
    lanes.reset()
    np.testing.assert_array_equal(lanes.activate(x), first)
    lanes.reset(np.array([1]))
    third = lanes.activate(x)
    np.testing.assert_array_equal(third[1], first[1])
    np.testing.assert_array_equal(third[[0, 2, 3]], second[[0, 2, 3]])


def test_no_active_lanes_do_nothing(networks):
    lanes = networks.lanes([3, 3])
    x = samples((2, 3))
    first = lanes.activate(x)
    lanes.reset()
    assert lanes.activate(np.empty((0, 3)), np.empty(0, np.int64)).shape == (0, 2)
    np.testing.assert_array_equal(lanes.activate(x), first)


def test_inputs_are_standardised_and_clipped_when_the_genome_carries_statistics():
    plain = build(2, 1, {2: ("identity", "sum", 0.0)}, [(0, 2, 1.0, True), (1, 2, 1.0, True)])
    genome = plain.with_interface(input_mean=np.array([1.0, 2.0]), input_scale=np.array([0.5, 2.0]))
    x = [3.0, 2.5]
    for result in (genome.compile().activate(x), genome.compile().predict([x])[0]):
        assert result.tolist() == [0.5 * 2.0 + 2.0 * 0.5]
    assert genome.compile().activate([1e6, 2.0]).tolist() == [10.0]
    assert plain.compile().activate(x).tolist() == [5.5]


# -------------------------------------------------------------------------------- refusals

REFUSALS = {
    "activate a wrong length": (
        lambda n: n[0].activate([1.0]), "activate(x): expected shape (3,), got (1,)."),
    "activate a number": (
        lambda n: n[0].activate(1.0), "activate(x): expected shape (3,), got ()."),
    "activate all with one sample": (
        lambda n: n.activate([1.0, 2.0, 3.0]), "activate(x): expected shape (75, 3), got (3,)."),
    "activate episodes": (
        lambda n: n.activate(np.zeros((2, 5, 3))),
        "activate(x): expected shape (75, E, 3), got (2, 5, 3)."),
    "predict a sample": (
        lambda n: n.predict([1.0, 2.0, 3.0]), "predict(X): expected shape (B, 3), got (3,)."),
    "predict wrong inputs": (
        lambda n: n.predict(np.zeros((5, 4))), "predict(X): expected shape (B, 3), got (5, 4)."),
    "predict other networks' samples": (
        lambda n: n.predict(np.zeros((2, 5, 3))),
        "predict(X): expected shape (75, B, 3), got (2, 5, 3)."),
    "run without samples axis": (
        lambda n: n.run(np.zeros((5, 3))), "run(X): expected shape (T, B, 3), got (5, 3)."),
    "run of one network per network": (
        lambda n: n[0].run(np.zeros((1, 5, 2, 3))),
        "run(X): expected shape (T, B, 3), got (1, 5, 2, 3)."),
    "lanes of too high a network": (
        lambda n: n.lanes([0, 75]),
        "lanes(network): expected indices below 75, got 75."),
    "lanes of a negative network": (
        lambda n: n.lanes([-1]),
        "lanes(network): expected indices below 75, got -1."),
    "lanes with a row missing": (
        lambda n: n.lanes([0, 1]).activate(np.zeros((1, 3))),
        "activate(x): expected shape (2, 3), got an array of shape (1, 3) and dtype"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_wrong_shapes_are_refused_by_name(networks, name):
    call, text = REFUSALS[name]
    with pytest.raises(ValueError) as caught:
        call(networks)
    assert str(caught.value).startswith(text)


def test_text_is_refused(networks):
    with pytest.raises(TypeError) as caught:
        networks[0].activate(["a", "b", "c"])
    assert str(caught.value) == "activate(x): expected numbers of shape (3,), got ['a', 'b', 'c']."


def test_a_network_that_is_not_there_is_refused(networks):
    for index in (75, -76):
        with pytest.raises(IndexError, match=f"network {index}: expected an index below 75"):
            networks[index]


@pytest.mark.parametrize("dtype", ["float16", "int64", np.complex128])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(ValueError) as caught:
        DEGENERATE["input and output alone"].compile(dtype)
    name = np.dtype(dtype).name
    assert str(caught.value) == f"dtype: expected float32 or float64, got {name}."


def test_genomes_whose_ends_were_written_by_hand_compile_to_something(threads):
    """They are for check() to refuse; until then they must neither hang nor crash."""
    genomes = grown(2, generations=10)
    genomes.packed.source[::3] = 2**62 + np.arange(genomes.packed.source[::3].size)
    genomes.packed.target[1::7] = 10**15
    threads(1)
    assert len(genomes.compile().predict(np.zeros((1, genomes.n_inputs)))) == len(genomes)
    with pytest.raises(ValueError, match="expected a node of genome"):
        genomes.check()
