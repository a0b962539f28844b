"""Growth guided by gradients, and pruning."""

import networkx
import numpy as np
import oracles
import pytest
from conftest import build, grown, same_genes

import neatgrow as ng
from neatgrow.genomes.variation import rules_of
from neatgrow.kernels import functions
from neatgrow.kernels.layout import WEIGHT
from neatgrow.kernels.structural_mutation import CONNECT, LOOP, SPLIT
from neatgrow.learning.data import Lessons
from neatgrow.learning.guided_growth import grown as grown_by_gradient
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.options import Options

MANY = 400  # candidates: of a small graph, all places


def grow(genomes, wish, lessons, candidates=MANY, config=None, seed=1):
    rules = rules_of(ng.Config() if config is None else config, genomes.interface)
    wishes = np.full(len(genomes), wish, np.uint8)
    return grown_by_gradient(genomes, wishes, lessons, candidates, rules, seed=seed, generation=5)


def loss_with(genome, source, target, weight, lessons):
    """Mean squared error in float64 with one more connection."""
    columns = (genome.source, genome.target, genome.weight, genome.enabled)
    rows = zip(*(column.tolist() for column in columns))
    nodes = {
        int(node): (functions.ACTIVATIONS[f], functions.AGGREGATIONS[g], bias)
        for node, f, g, bias in zip(
            genome.node_id, genome.activation, genome.aggregation, genome.bias
        )
    }
    more = build(3, 2, nodes, [*rows, (source, target, weight, True)])
    network = more.compile(np.float64)
    answer = network.run if lessons.sequences else network.predict
    return ((answer(lessons.X) - lessons.Y) ** 2).mean()


def new_genes(before, after):
    old = set(before.innovation.tolist())
    return [k for k, i in enumerate(after.innovation.tolist()) if i not in old]


def layered(seed):
    """Three inputs, hidden nodes 5…8 in two layers, two outputs; some connections missing."""
    rng = np.random.default_rng(seed)
    pairs = [(i, h) for i in range(3) for h in (5, 6)] + [(h, k) for h in (5, 6) for k in (7, 8)]
    pairs += [(h, o) for h in (7, 8) for o in (3, 4)]
    drawn = [(s, t, rng.normal(), True) for s, t in pairs if rng.random() < 0.8]
    nodes = {h: ("tanh", "sum", rng.normal()) for h in range(3, 9)}
    return build(3, 2, nodes, drawn)


def some_lessons(seed, ticks=0):
    rng = np.random.default_rng(seed)
    shape = (ticks, 70) if ticks else (70,)
    X, Y = rng.normal(size=(*shape, 3)), rng.normal(size=(*shape, 2))
    return Lessons(X, Y, sequences=ticks > 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_connection_of_steepest_loss_is_added_downhill(seed):
    genome, lessons = layered(seed), some_lessons(seed)
    after, samples = grow(genome.batch(), CONNECT, lessons, config=ng.Config(recurrent=False))
    assert samples == 70
    [row] = new_genes(genome, after[0])
    graph = oracles.gene_graph(genome)
    graph.add_nodes_from(range(9))
    used = {n for n in graph if n < 3 or any(networkx.has_path(graph, n, o) for o in (3, 4))}
    slopes = {}
    for target in range(3, 9):
        for source in [0, 1, 2, *range(5, 9)]:
            if graph.has_edge(source, target) or networkx.has_path(graph, target, source):
                continue
            if not {source, target} <= used:  # not evaluated: nothing is known of it
                continue
            up, down = (loss_with(genome, source, target, h, lessons) for h in (1e-5, -1e-5))
            slopes[source, target] = (up - down) / 2e-5
    best = max(slopes, key=lambda pair: abs(slopes[pair]))
    assert (after[0].source[row], after[0].target[row]) == best
    assert np.sign(after[0].weight[row]) == -np.sign(slopes[best])


@pytest.mark.parametrize("seed", range(4))
def test_loops_are_judged_through_time(seed):
    rng = np.random.default_rng(seed)
    genome = build(3, 2, {}, [(i, o, rng.normal(), True) for i in range(3) for o in (3, 4)])
    lessons = some_lessons(seed, ticks=5)
    after, samples = grow(genome.batch(), LOOP, lessons)
    assert samples == 5 * 70
    [row] = new_genes(genome, after[0])
    slopes = {}
    for node in (3, 4):  # each feeds the other without a loop, so only these close one
        up, down = (loss_with(genome, node, node, h, lessons) for h in (1e-5, -1e-5))
        slopes[node] = (up - down) / 2e-5
    best = max(slopes, key=lambda node: abs(slopes[node]))
    assert (after[0].source[row], after[0].target[row]) == (best, best)
    assert np.sign(after[0].weight[row]) == -np.sign(slopes[best])


def test_a_connection_is_split_where_samples_pull_both_ways():
    genome = build(3, 1, {3: ("identity", "sum", 0.0)}, [(i, 3, 0.0, True) for i in range(3)])
    X = np.array([[1.0, 1, 0.1], [-1, 1, 0.1], [1, 1, -0.1], [-1, 1, -0.1]])
    Y = np.abs(X[:, :1])  # even in the first input, constant in the second
    after, _ = grow(genome.batch(), SPLIT, Lessons(X, Y))
    error = 2 * (0.0 - Y) / 4
    pulls = error * X
    wanted = np.argmax(np.abs(pulls).sum(0) - np.abs(pulls.sum(0)))
    row = int(np.flatnonzero(~after[0].enabled)[0])
    assert wanted == 0 and after[0].source[row] == 0
    assert after[0].n_hidden == 1


def test_where_the_data_say_nothing_growth_is_at_random():
    genome = build(2, 1, {4: ("tanh", "sum", 0.0)}, [(0, 2, 1.0, True), (4, 2, 1.0, False)])
    silent = Lessons(np.ones((3, 2)), np.ones((3, 1)), weights=np.zeros(3))
    grown_to = set()
    for seed in range(30):
        after, _ = grow(genome.batch(), CONNECT, silent, candidates=3, seed=seed)
        [row] = new_genes(genome, after[0])
        grown_to.add((int(after[0].source[row]), int(after[0].target[row])))
    assert len(grown_to) > 1


def test_only_genomes_that_wish_grow_and_all_stay_valid(threads):
    genomes = grown(3, inputs=3, outputs=2)
    wishes = np.random.default_rng(0).integers(0, 8, len(genomes)).astype(np.uint8)
    rules = rules_of(ng.Config(), genomes.interface)
    lessons = some_lessons(0, ticks=3)
    results = []
    for count in (1, 2, 4):
        threads(count)
        after, _ = grown_by_gradient(genomes, wishes, lessons, 8, rules, seed=1, generation=40)
        results.append(after.packed)
    for column in zip(*results, strict=True):
        assert np.array_equal(column[0], column[1]) and np.array_equal(column[0], column[2])
    for before, now, wish in zip(genomes, after, wishes.tolist(), strict=True):
        assert oracles.broken_invariant(now) is None
        if wish == 0:
            assert same_genes(before, now)
        assert now.n_hidden - before.n_hidden <= (wish & SPLIT > 0)
    sizes = [now.innovation.size - old.innovation.size for old, now in zip(genomes, after)]
    assert max(sizes) == 4


def small_run(**changes):
    config = ng.Config(population_size=40).override({"mutation.add_connection": 0.4})
    learning = ng.Learning(6, ng.Adam(0.05), candidates=5, prune=0.05)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    problem = ng.Supervised(X, X[:, :2] * X[:, 1:], name="products")
    options = {"config": config, "generations": 10, "seed": 3, "learning": learning}
    return ng.evolve(problem, **options | changes), problem


def test_runs_that_grow_by_gradients_are_the_same_for_any_threads_and_after_a_break(
    threads, tmp_path
):
    whole, problem = small_run()
    threads(3)
    assert small_run()[0].fingerprint == whole.fingerprint
    small_run(generations=4, directory=tmp_path / "run")
    again = ng.resume(tmp_path / "run", problem=problem, generations=10)
    assert again.fingerprint == whole.fingerprint
    blind = ng.Learning(6, ng.Adam(0.05), prune=0.05)
    assert small_run(learning=blind)[0].fingerprint != whole.fingerprint
    per_generation = whole.history["samples_learned"]
    assert per_generation[0] == 40 * 6 * 20  # nobody grows before the first
    assert per_generation[1:].min() > 40 * 6 * 20


def test_a_run_that_was_rewound_grows_by_gradients_and_counts_their_samples(monkeypatch):
    whole, problem = small_run()
    learning = ng.Learning(6, ng.Adam(0.05), candidates=5, prune=0.05)
    run = Evolution(problem, whole.population.config, Options(learning=learning), seed=3)

    def press(*arguments, **options):
        raise KeyboardInterrupt

    for generation in range(1, 11):
        if generation in (2, 5, 6):
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(ng.Supervised, "evaluate", press)
                run.step()
            run.rewind()
        run.step()
    assert run.result("generations").fingerprint == whole.fingerprint
    assert np.array_equal(run.history["samples_learned"], whole.history["samples_learned"])


def test_small_weights_are_pruned_from_the_genes_that_inherit():
    smallest = []

    def look(run):
        genomes = run.population.genomes
        smallest.append(np.abs(genomes.weight).min())
        assert all(oracles.broken_invariant(genome) is None for genome in genomes)

    small_run(callbacks=[look])
    assert min(smallest) >= 0.05
    smallest.clear()
    kept = ng.Learning(6, ng.Adam(0.05), prune=0.05, inheritance="baldwinian")
    small_run(callbacks=[look], learning=kept)
    assert min(smallest) < 0.05


def test_what_was_pruned_may_be_missing_and_nothing_else():
    population = ng.Population(3, 2, seed=1)
    genomes = population.ask()
    from neatgrow.genomes.genomes import Genomes
    from neatgrow.kernels import layout

    lost = np.abs(genomes.packed.connection_values[:, WEIGHT]) < 0.3
    assert lost.any()
    pruned = Genomes(layout.without(genomes.packed, lost), genomes.interface)
    population.learned(pruned)
    assert population.genomes is pruned
    with pytest.raises(ValueError, match=r"^learned: expected the genomes of ask\(\)"):
        population.learned(genomes)


@pytest.mark.parametrize("values", [
    {"candidates": -1}, {"candidates": 1.5}, {"prune": -0.1}, {"prune": float("nan")},
])  # fmt: skip
def test_impossible_growth_is_refused(values):
    with pytest.raises((ValueError, TypeError), match=r"^Learning\.\w+: expected"):
        ng.Learning(5, **values)
