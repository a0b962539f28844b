"""Properties of children: what they inherit, what mutation may do, and how often."""

import math
from collections import Counter

import numpy as np
import oracles
import pytest
from conftest import (
    DEGENERATE,
    VARIED,
    any_genome,
    build,
    evolve_at_random,
    grown,
    pack,
    same_genes,
    wild_config,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from neatgrow.columns import Choices, Genes, Values
from neatgrow.config import Config, Crossover, Mutation, Start
from neatgrow.genomes.interface import Interface
from neatgrow.genomes.variation import initial_genomes, make_children, room_for, rules_of
from neatgrow.kernels.offspring import COPY, MATE, MATE_AVERAGE, MUTATE, Offspring
from neatgrow.selection.population import Population

STILL = Values(mutate_rate=0.0)
FUNCTIONS = ("tanh", "relu", "sin", "identity")


def quiet(recurrent=True, inherit_disabled=1.0, genes=None, **rates):
    """Settings under which nothing mutates but what ``rates`` says."""
    none = dict.fromkeys(
        ("add_connection", "add_loop", "add_node", "delete_connection", "delete_node", "enable",
         "disable"), 0.0,
    )  # fmt: skip
    return Config(
        recurrent=recurrent,
        genes=genes or Genes(weight=STILL, bias=STILL),
        mutation=Mutation(**(none | rates)),
        crossover=Crossover(disable=inherit_disabled),
    )


def breed(parents, config, kind, first=0, second=0, *, count=1, equal=False, seed=0, generation=7):
    """``count`` children; parents' rows and ``equal`` are scalars or one per child."""

    def each(value, dtype):
        return np.broadcast_to(np.asarray(value, dtype), (count,)).copy()

    plan = Offspring(
        each(first, np.int32), each(second, np.int32), each(kind, np.uint8), each(equal, np.bool_)
    )
    rules = rules_of(config, parents.interface)
    room = room_for(parents, plan)
    return make_children(parents, plan, room, rules, seed=seed, generation=generation)


def by_number(genome):
    """{innovation: (source, target, birth, weight, enabled)}"""
    return {
        int(i): (int(s), int(t), int(b), float(w), bool(e))
        for i, s, t, b, w, e in zip(
            genome.innovation, genome.source, genome.target, genome.connection_birth,
            genome.weight, genome.enabled, strict=True,
        )
    }  # fmt: skip


def by_id(genome):
    """{node: (birth, bias, activation, aggregation)}"""
    return {
        int(i): (int(b), float(x), int(f), int(g))
        for i, b, x, f, g in zip(
            genome.node_id, genome.node_birth, genome.bias, genome.activation,
            genome.aggregation, strict=True,
        )
    }  # fmt: skip


def assert_frequency(count, trials, chance):
    """Within five standard deviations of the binomial."""
    sigma = math.sqrt(trials * chance * (1 - chance))
    assert abs(count - trials * chance) <= 5 * sigma + 1e-9, f"{count} of {trials}, not {chance}"


@pytest.fixture(scope="module")
def families():
    """Batches in which many pairs share most genes: generations of wild populations."""
    return [grown(seed, generations=10) for seed in (1, 2, 4, 5)]


# ---------------------------------------------------------------------------------- copies


def test_a_copy_is_the_parent_whatever_the_settings(families):
    for seed, parents in enumerate(families):
        rows = np.arange(len(parents))[::-1]
        children = breed(parents, wild_config(seed), COPY, rows, rows, count=rows.size)
        assert same_genes(children, parents[rows])


def test_without_mutation_a_child_of_one_parent_is_that_parent(families):
    for parents in families:
        rows = np.arange(len(parents))
        assert same_genes(breed(parents, quiet(), MUTATE, rows, count=rows.size), parents)


@pytest.mark.parametrize("kind", [MATE, MATE_AVERAGE])
@pytest.mark.parametrize("equal", [False, True])
def test_without_mutation_a_child_of_twins_is_their_twin(families, kind, equal):
    for parents in families:
        connected = [g for g in parents if set(g.node_id[g.n_outputs :].tolist())
                     <= {*g.source.tolist(), *g.target.tolist()}]  # fmt: skip
        parents = pack(connected)
        rows = np.arange(len(parents))
        children = breed(parents, quiet(), kind, rows, rows, count=rows.size, equal=equal)
        assert same_genes(children, parents)


def test_parents_are_left_as_they_were(families):
    parents = families[0]
    before = [column.copy() for column in parents.packed]
    rows = np.arange(len(parents))
    for kind in (MUTATE, MATE, MATE_AVERAGE):
        breed(parents, wild_config(1), kind, rows, rows[::-1], count=rows.size, equal=True)
    assert all(np.array_equal(a, b) for a, b in zip(parents.packed, before, strict=True))


# ------------------------------------------------------------------------------- crossover


def pairs_of(parents, count=300, seed=0):
    draw = np.random.default_rng(seed)
    return draw.integers(0, len(parents), (2, count))


def test_of_unequal_parents_the_child_has_the_fitter_ones_genes(families):
    for parents in families:
        first, second = pairs_of(parents)
        for kind in (MATE, MATE_AVERAGE):
            children = breed(parents, quiet(), kind, first, second, count=first.size)
            for child, a in zip(children, first, strict=True):
                assert child.node_id.tolist() == parents[a].node_id.tolist()
                assert child.innovation.tolist() == parents[a].innovation.tolist()


def test_of_equal_parents_the_child_has_all_common_genes_and_half_of_the_others(families):
    single = inherited = 0
    for parents in families:
        first, second = pairs_of(parents)
        children = breed(parents, quiet(), MATE, first, second, count=first.size, equal=True)
        for child, a, b in zip(children, first, second, strict=True):
            genes = set(child.innovation.tolist())
            mine, other = (set(parents[p].innovation.tolist()) for p in (a, b))
            assert mine & other <= genes <= mine | other
            single += len(mine ^ other)
            inherited += len(genes - (mine & other))
            used = {*child.source.tolist(), *child.target.tolist()}
            assert set(child.node_id[child.n_outputs :].tolist()) <= used  # no loose ends
    assert single > 1000
    assert_frequency(inherited, single, 0.5)


def test_every_gene_of_a_child_is_one_of_its_parents(families):
    from_first = total = 0
    for parents in families:
        first, second = pairs_of(parents)
        for equal in (False, True):
            children = breed(parents, quiet(), MATE, first, second, count=first.size, equal=equal)
            for child, a, b in zip(children, first, second, strict=True):
                mine, other = by_number(parents[a]), by_number(parents[b])
                for innovation, (_, _, birth, weight, _) in by_number(child).items():
                    origins = [g[innovation] for g in (mine, other) if innovation in g]
                    assert weight in [origin[3] for origin in origins]
                    assert birth == min(origin[2] for origin in origins)
                    if len(origins) == 2 and origins[0][3] != origins[1][3]:
                        total += 1
                        from_first += weight == origins[0][3]
                mine, other = by_id(parents[a]), by_id(parents[b])
                for node, (birth, *rest) in by_id(child).items():
                    origins = [g[node] for g in (mine, other) if node in g]
                    assert rest in [list(origin[1:]) for origin in origins]
                    assert birth == min(origin[0] for origin in origins)
    assert_frequency(from_first, total, 0.5)


@pytest.mark.parametrize("equal", [False, True])
def test_averaging_takes_the_mean_of_common_genes(families, equal):
    common = 0
    for parents in families:
        first, second = pairs_of(parents, 100)
        children = breed(
            parents, quiet(), MATE_AVERAGE, first, second, count=first.size, equal=equal
        )
        for child, a, b in zip(children, first, second, strict=True):
            for read, value in ((by_number, 3), (by_id, 1)):
                mine, other = read(parents[a]), read(parents[b])
                for number, gene in read(child).items():
                    values = [g[number][value] for g in (mine, other) if number in g]
                    assert gene[value] == sum(values) / len(values)
                    common += len(values) == 2
    assert common > 1000


@pytest.mark.parametrize("chance", [0.0, 0.75, 1.0])
def test_a_gene_disabled_in_either_parent_is_disabled_at_the_stated_rate(chance):
    states = [(True, True), (True, False), (False, True), (False, False), (False, None),
              (None, False)]  # of the gene in each parent; None where it has none  # fmt: skip
    mother, father = (
        build(6, 1, {}, [(i, 6, 1.0, on) for i, on in enumerate(column) if on is not None])
        for column in zip(*states, strict=True)
    )
    for equal in (False, True):
        config = quiet(inherit_disabled=chance)
        children = breed(pack([mother, father]), config, MATE, 0, 1, count=4000, equal=equal)
        for i, state in enumerate(states):
            enabled = children.enabled[children.source == i]
            assert_frequency((~enabled).sum(), enabled.size, chance if False in state else 0.0)


@given(any_genome(2, 2), any_genome(2, 2), st.booleans(), st.integers(0, 1000))
def test_any_two_genomes_have_sound_children(a, b, equal, seed):
    config = wild_config(seed, recurrent=True)
    children = breed(pack([a, b]), config, MATE, 0, 1, count=8, equal=equal, seed=seed)
    children.check()
    assert all(oracles.broken_invariant(child) is None for child in children)


@given(any_genome(2, 2), any_genome(2, 2), st.integers(0, 1000))
def test_without_recurrence_equal_parents_never_make_a_loop(a, b, seed):
    assume(not oracles.has_loop(a) and not oracles.has_loop(b))
    config = wild_config(seed, recurrent=False)
    for kind in (MATE, MATE_AVERAGE):
        children = breed(pack([a, b]), config, kind, 0, 1, count=12, equal=True, seed=seed)
        assert not any(oracles.has_loop(child) for child in children)


def test_parents_that_clash_give_children_without_loops_instead_of_none():
    """Each parent is free of loops; together they close one."""
    nodes = {2**62 + k: ("tanh", "sum", 0.0) for k in range(2)}
    forth, back = (
        build(1, 1, nodes, [(0, s, 1.0, True), (s, t, 1.0, True), (t, 1, 1.0, True)])
        for s, t in [(2**62, 2**62 + 1), (2**62 + 1, 2**62)]
    )
    parents = pack([forth, back])
    children = breed(parents, quiet(recurrent=False), MATE, 0, 1, count=500, equal=True)
    assert not any(oracles.has_loop(child) for child in children)
    loops = breed(parents, quiet(recurrent=True), MATE, 0, 1, count=500, equal=True)
    assert any(oracles.has_loop(child) for child in loops)  # the test can fail


# ---------------------------------------------------------------------- structural mutation

PARENT = build(
    3, 2, {2**62 + k: (f, "sum", 0.5) for k, f in enumerate(FUNCTIONS)},
    [
        (0, 2**62, 0.5, True), (1, 2**62, 0.25, False), (1, 2**62 + 1, 2.0, True),
        (2**62, 2**62 + 1, -1.0, True), (2**62 + 1, 3, 1.5, True), (2**62 + 1, 4, 1.0, False),
        (2, 2**62 + 2, 1.0, True), (2**62 + 2, 2**62 + 3, 1.0, True), (2**62 + 3, 4, 1.0, True),
        (2**62 + 3, 3, 0.1, False),
    ],
)  # fmt: skip


def mutants(config, count=2000, parent=PARENT, **keywords):
    return breed(parent.batch(), config, MUTATE, count=count, **keywords)


def differences(child, parent=PARENT):
    """Added and removed nodes, added and removed connections, switched connections."""
    old, new = by_number(parent), by_number(child)
    nodes = set(parent.node_id.tolist()), set(child.node_id.tolist())
    return {
        "nodes added": nodes[1] - nodes[0],
        "nodes removed": nodes[0] - nodes[1],
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "switched on": {i for i in old.keys() & new.keys() if new[i][4] and not old[i][4]},
        "switched off": {i for i in old.keys() & new.keys() if old[i][4] and not new[i][4]},
    }


SIGNATURES = {
    "add_connection": {"added": 1},
    "add_loop": {"added": 1},
    "add_node": {"nodes added": 1, "added": 2, "switched off": 1},
    "delete_connection": {"removed": 1},
    "enable": {"switched on": 1},
    "disable": {"switched off": 1},
}


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.4, 1.0])
@pytest.mark.parametrize("mutation", SIGNATURES)
def test_each_structural_mutation_happens_at_its_rate_and_does_only_its_own(mutation, rate):
    happened = 0
    for child in mutants(quiet(**{mutation: rate})):
        change = {what: len(items) for what, items in differences(child).items() if items}
        if mutation == "delete_connection":
            change.pop("nodes removed", None)  # a node that lost its last connection
        assert change in ({}, SIGNATURES[mutation])
        happened += bool(change)
    assert_frequency(happened, 2000, rate)


@pytest.mark.parametrize("rate", [0.0, 0.05, 1.0])
def test_delete_node_removes_a_hidden_node_with_its_connections(rate):
    happened, victims = 0, Counter()
    for child in mutants(quiet(delete_node=rate)):
        change = differences(child)
        gone = change["nodes removed"]
        happened += bool(gone)
        victims.update(gone if len(gone) == 1 else ())
        assert all(node >= 2**62 for node in gone)
        at_it = {i for i, (s, t, *_) in by_number(PARENT).items() if s in gone or t in gone}
        assert change["removed"] == at_it
        assert not change["added"] and not change["nodes added"]
        assert oracles.broken_invariant(child) is None
    assert_frequency(happened, 2000, rate)
    if rate == 1.0:
        assert len(victims) == 4 and min(victims.values()) > 300


def test_every_connection_is_equally_likely_to_be_deleted_split_enabled_disabled():
    on = {i for i, gene in by_number(PARENT).items() if gene[4]}
    off = set(by_number(PARENT)) - on
    for mutation, what, choices in (
        ("delete_connection", "removed", on | off),
        ("add_node", "switched off", on),
        ("disable", "switched off", on),
        ("enable", "switched on", off),
    ):
        seen = Counter(
            number
            for child in mutants(quiet(**{mutation: 1.0}), 3000)
            for number in differences(child)[what]
        )
        assert set(seen) == choices
        for count in seen.values():
            assert_frequency(count, 3000, 1 / len(choices))


@pytest.mark.parametrize("mutation", ["delete_node", "delete_connection", "enable", "disable",
                                      "add_node", "add_connection", "add_loop"])  # fmt: skip
@pytest.mark.parametrize("name", DEGENERATE)
def test_mutations_that_find_nothing_to_do_leave_sound_genomes(mutation, name):
    children = mutants(quiet(**{mutation: 1.0}), 60, DEGENERATE[name])
    children.check()
    assert all(oracles.broken_invariant(child) is None for child in children)


def test_deletion_runs_down_to_the_bare_outputs_and_no_further():
    config = quiet(delete_connection=1.0, delete_node=1.0)
    genomes = mutants(config, 20)
    for generation in range(12):
        rows = np.arange(20)
        genomes = breed(genomes, config, MUTATE, rows, count=20, generation=generation)
        genomes.check()
    assert all(genome.node_id.tolist() == [3, 4] for genome in genomes)
    assert genomes.innovation.size == 0


# split


def test_a_split_puts_weight_1_in_and_the_old_weight_out():
    genes = Genes(weight=STILL, bias=Values(mutate_rate=0.0, start_mean=0.25))
    config = quiet(add_node=1.0, genes=genes)
    old = by_number(PARENT)
    for child in mutants(config, 200):
        change, genes = differences(child), by_number(child)
        (node,), (split,) = change["nodes added"], change["switched off"]
        assert node == oracles.identity(split, 0)
        source, target, birth, weight, _ = old[split]
        assert genes[split] == (source, target, birth, weight, False)
        assert {genes[i] for i in change["added"]} == {
            (source, node, 7, 1.0, True),
            (node, target, 7, weight, True),
        }
        assert by_id(child)[node][:2] == (7, 0.25)


def test_the_same_split_has_the_same_number_in_other_genomes_and_runs():
    simple = build(1, 1, {}, [(0, 1, 1.0, True)])
    richer = build(1, 1, {2**62 + 9: ("tanh", "sum", 0.0)},
                   [(0, 1, -2.0, True), (0, 2**62 + 9, 1.0, False)])  # fmt: skip
    nodes = {
        node
        for parent in (simple, richer)
        for seed in range(3)
        for generation in (1, 50)
        for child in mutants(quiet(add_node=1.0), 5, parent, seed=seed, generation=generation)
        for node in differences(child, parent)["nodes added"]
    }
    assert nodes == {oracles.identity(oracles.identity(0, 1), 0)}


def test_a_repeated_split_takes_the_next_free_number():
    genome, split = build(1, 1, {}, [(0, 1, 1.0, True)]), oracles.identity(0, 1)
    nodes = []
    for generation in range(1, 6):
        genome = mutants(quiet(add_node=1.0), 1, genome, generation=generation)[0]
        nodes.append(oracles.identity(split, generation - 1))
        assert set(genome.node_id.tolist()) == {1, *nodes}
        genome = genome.copy()
        genome.packed.enabled[:] = genome.innovation == split  # only it can be split again
    lost = nodes.pop(1)  # k is the smallest that is free
    kept = genome.node_id != lost
    assert kept.sum() == genome.node_id.size - 1
    hole = build(
        1, 1, {int(n): ("tanh", "sum", 0.0) for n in genome.node_id[kept]},
        [(int(s), int(t), 1.0, bool(e)) for s, t, e in
         zip(genome.source, genome.target, genome.enabled, strict=True) if lost not in (s, t)],
    )  # fmt: skip
    again = mutants(quiet(add_node=1.0), 1, hole)[0]
    assert differences(again, hole)["nodes added"] == {lost}


def test_a_split_by_an_identity_node_keeps_the_function():
    genes = Genes(
        weight=STILL, bias=Values(mutate_rate=0.0, start_mean=0.0),
        activation=Choices(start="identity", options=("identity",)),
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(20, 3))
    expected = PARENT.compile(np.float64).predict(X)
    children = mutants(quiet(add_node=1.0, genes=genes), 100)
    assert children.node_id.size == 100 * (PARENT.node_id.size + 1)
    results = children.compile(np.float64).predict(X)
    np.testing.assert_allclose(results, np.broadcast_to(expected, results.shape), rtol=1e-12)


# join


def test_added_connections_are_new_and_close_no_loop():
    for seed in (1, 2, 4, 5):
        parents = grown(seed)
        rows = np.arange(len(parents))
        children = breed(parents, quiet(add_connection=1.0), MUTATE, rows, count=rows.size)
        for child, parent in zip(children, parents, strict=True):
            for number in differences(child, parent)["added"]:
                source, target, birth, _, enabled = by_number(child)[number]
                assert birth == 7 and enabled
                graph = oracles.gene_graph(parent)
                assert not graph.has_edge(source, target)
                assert source != target
                assert source not in oracles.nx.descendants(graph, target)


def test_added_loops_close_one():
    found = self_loops = 0
    for seed in (1, 2, 4, 5):
        parents = grown(seed)
        rows = np.arange(len(parents))
        children = breed(parents, quiet(add_loop=1.0), MUTATE, rows, count=rows.size)
        for child, parent in zip(children, parents, strict=True):
            for number in differences(child, parent)["added"]:
                source, target, *_ = by_number(child)[number]
                graph = oracles.gene_graph(parent)
                assert not graph.has_edge(source, target)
                assert source == target or source in oracles.nx.descendants(graph, target)
                found += 1
                self_loops += source == target
    assert found > 150 and 0 < self_loops < found


def test_every_possible_connection_can_arise():
    graph = oracles.gene_graph(PARENT)
    hidden = [2**62 + k for k in range(4)]
    possible = {
        (s, t)
        for s in (0, 1, 2, *hidden)
        for t in (3, 4, *hidden)
        if s != t and not graph.has_edge(s, t) and s not in oracles.nx.descendants(graph, t)
    }
    seen = {
        by_number(child)[number][:2]
        for child in mutants(quiet(add_connection=1.0), 4000)
        for number in differences(child)["added"]
    }
    assert seen == possible


@pytest.mark.parametrize("loop", [False, True])
def test_four_places_are_tried_for_a_connection(loop):
    """Of four outputs only the last has one more place, so a try finds it one time in four."""
    sources = [1, 2, 3, 4] if loop else [0]
    joined = [(s, t, 1.0, True) for s in sources for t in (1, 2, 3, 4) if (s, t) != (sources[0], 4)]
    parent = build(1, 4, {}, joined)
    rate = quiet(**{"add_loop" if loop else "add_connection": 1.0})
    children = mutants(rate, parent=parent)
    found = children.innovation.size - 2000 * len(joined)
    assert_frequency(found, 2000, 1 - 0.75**4)


def test_a_full_graph_gains_no_connection():
    full = build(2, 1, {}, [(0, 2, 1.0, True), (1, 2, 1.0, False), (2, 2, 1.0, True)])
    children = mutants(quiet(add_connection=1.0, add_loop=1.0), 50, full)
    assert same_genes(children, pack([full] * 50))


def test_without_recurrence_no_loop_is_added_whatever_add_loop_says():
    config = quiet(recurrent=False, add_connection=1.0, add_loop=1.0)
    genomes = mutants(config, 50)
    for generation in range(30):
        rows = np.arange(50)
        genomes = breed(genomes, config, MUTATE, rows, count=50, generation=generation)
    assert genomes.innovation.size > 50 * 20
    assert not any(oracles.has_loop(genome) for genome in genomes)


def test_large_genomes_grow_soundly():
    config = quiet(add_connection=1.0, add_loop=0.5, add_node=1.0, enable=0.5)
    genomes = mutants(config, 4)
    for generation in range(400):
        rows = np.arange(4)
        genomes = breed(genomes, config, MUTATE, rows, count=4, generation=generation)
    genomes.check()
    assert all(genome.n_hidden > 380 and genome.n_connections > 1000 for genome in genomes)
    assert all(oracles.broken_invariant(genome) is None for genome in genomes)


# --------------------------------------------------------------------------------- values


def value_genes(**settings):
    return Genes(weight=Values(**settings), bias=Values(**settings))


def column_of(genomes, name):
    return getattr(genomes, name).reshape(len(genomes), -1)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_column_mutates_at_its_rate_and_its_genes_at_theirs(name):
    settings = {"mutate_rate": 0.6, "perturb_rate": 0.5, "replace_rate": 0.2, "power": 0.01,
                "start_mean": 20.0, "start_spread": 0.001, "maximum": 30.0}  # fmt: skip
    children = mutants(quiet(genes=value_genes(**settings)), 6000)
    old, new = getattr(PARENT, name), column_of(children, name)
    changed, replaced = new != old, new > 15
    touched = changed.any(axis=1)
    some = 1 - (1 - (0.2 + 0.8 * 0.5)) ** old.size
    assert_frequency(touched.sum(), 6000, 0.6 * some)
    assert_frequency(changed.sum(), touched.sum() * old.size / some, 0.2 + 0.8 * 0.5)
    assert_frequency(replaced.sum(), touched.sum() * old.size / some, 0.2)
    assert np.abs(new - old)[changed & ~replaced].max() <= 0.01 * 2 * math.sqrt(3) + 1e-12
    both = (column_of(children, "weight") != PARENT.weight).any(axis=1) & (
        column_of(children, "bias") != PARENT.bias
    ).any(axis=1)
    assert both.sum() > 1000  # columns mutate independently of each other


@pytest.mark.parametrize("noise", ["normal", "uniform"])
def test_perturbations_have_the_stated_spread(noise):
    settings = {"mutate_rate": 1.0, "perturb_rate": 1.0, "replace_rate": 0.0, "power": 0.5}
    children = mutants(quiet(genes=value_genes(noise=noise, **settings)), 3000)
    steps = (column_of(children, "weight") - PARENT.weight).ravel()
    spread = 0.5 if noise == "normal" else 0.5 / math.sqrt(3)
    assert abs(steps.mean()) < 5 * spread / math.sqrt(steps.size)
    assert steps.std() == pytest.approx(spread, rel=0.03)
    assert np.abs(steps).max() <= 0.5 * (2 * math.sqrt(3) if noise == "normal" else 1)


@pytest.mark.parametrize("noise", ["normal", "uniform"])
def test_replacements_are_fresh_start_values(noise):
    settings = {"mutate_rate": 1.0, "replace_rate": 1.0, "start_mean": 2.0, "start_spread": 0.5}
    children = mutants(quiet(genes=value_genes(noise=noise, **settings)), 2000)
    for name in ("weight", "bias"):
        values = column_of(children, name)
        assert values.mean() == pytest.approx(2.0, abs=0.02)
        expected = 0.5 if noise == "normal" else 0.5 / math.sqrt(3)
        assert values.std() == pytest.approx(expected, rel=0.03)


def evolved(config, generations=25, seed=0):
    population = Population(2, 2, config, seed=seed)
    return [*evolve_at_random(population, generations)]


def test_values_stay_within_their_bounds():
    bounds = {"power": 3.0, "mutate_rate": 1.0, "start_spread": 4.0}
    config = wild_config(1).override(
        {"genes.weight": {"minimum": -1.25, "maximum": 1.5} | bounds,
         "genes.bias": {"minimum": 0.5, "maximum": 0.75, "start_mean": 0.625} | bounds}
    )  # fmt: skip
    for genomes in evolved(config):
        assert genomes.weight.min() >= -1.25 and genomes.weight.max() <= 1.5
        assert genomes.bias.min() >= 0.5 and genomes.bias.max() <= 0.75
    assert genomes.weight.min() == -1.25 and genomes.weight.max() == 1.5  # clipped, not rejected


def test_values_of_new_nodes_stay_within_their_bounds_too():
    """A split's weight of 1 and a new node's bias may lie outside of what is allowed."""
    config = wild_config(1).override(
        {"genes.weight": {"minimum": -0.5, "maximum": 0.5},
         "genes.bias": {"minimum": 0.5, "maximum": 0.75, "start_mean": 0.5}}
    )  # fmt: skip
    for genomes in evolved(config):
        assert genomes.weight.min() >= -0.5 and genomes.weight.max() <= 0.5
        assert genomes.bias.min() >= 0.5 and genomes.bias.max() <= 0.75


def test_options_swap_at_their_rate_among_the_options_and_fixed_outputs_keep_theirs():
    options = ("relu", "sin", "gauss", "abs")
    for outputs in (None, "sigmoid"):
        genes = Genes(
            weight=STILL, bias=STILL,
            activation=Choices(start="relu", options=options, swap_rate=0.3, outputs=outputs),
        )  # fmt: skip
        config = quiet(genes=genes)
        parents = initial_genomes(
            config.override({"start.hidden": 3}), Interface(2, 2), seed=1, count=1
        )
        children = breed(parents, config, MUTATE, count=4000)
        names = np.array(children.activation_names).reshape(4000, 5)
        swapped = names != np.array(parents.activation_names)
        free = swapped if outputs is None else swapped[:, 2:]
        assert_frequency(free.sum(), free.size, 0.3 * 3 / 4)
        if outputs:
            assert (names[:, :2] == "sigmoid").all()
        assert set(names[:, 2:].ravel()) == set(options)


# ------------------------------------------------------------------------ the first generation


def test_first_genomes_join_all_inputs_to_all_outputs():
    genomes = initial_genomes(Config(), Interface(3, 2), seed=1)
    assert len(genomes) == 150
    genomes.check()
    for genome in genomes:
        ends = zip(genome.source.tolist(), genome.target.tolist(), strict=True)
        assert set(ends) == {(s, t) for s in range(3) for t in (3, 4)}
        assert genome.enabled.all() and genome.n_hidden == 0
        assert genome.connection_birth.max() == genome.node_birth.max() == 0
        assert set(genome.activation_names) == {"tanh"}
    assert np.unique(genomes.weight).size > 800
    assert genomes.weight.mean() == pytest.approx(0, abs=0.15)
    assert genomes.weight.std() == pytest.approx(1, abs=0.1)
    assert not genomes.bias.any()
    spread = Config().override({"genes.bias.start_spread": 0.5})
    biases = initial_genomes(spread, Interface(3, 2), seed=1).bias
    assert biases.std() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("hidden", [0, 1, 5])
def test_first_genomes_have_the_stated_share_of_connections(share, hidden):
    config = Config(start=Start(connections=share, hidden=hidden), recurrent=False)
    genomes = initial_genomes(config, Interface(3, 2), seed=1, count=400)
    genomes.check()
    possible = 3 * hidden + hidden * 2 if hidden else 3 * 2
    assert_frequency(genomes.innovation.size, 400 * possible, share)
    for genome in genomes[:20]:
        assert genome.n_hidden == hidden
        assert not oracles.has_loop(genome)
        for source, target in zip(genome.source, genome.target, strict=True):
            assert not hidden or (source >= 2**62) != (target >= 2**62)


def test_first_genomes_of_a_later_birth_say_so_and_differ():
    now, later = (
        initial_genomes(Config(), Interface(2, 1), seed=1, generation=g, count=5) for g in (0, 9)
    )
    assert set(later.node_birth.tolist()) == set(later.connection_birth.tolist()) == {9}
    assert not np.array_equal(now.weight, later.weight)


def test_random_starts_use_every_option():
    genes = Genes(activation=Choices(start="random", options=FUNCTIONS, outputs="sigmoid"))
    config = Config(genes=genes, start=Start(hidden=4))
    genomes = initial_genomes(config, Interface(2, 2), seed=3)
    names = np.array(genomes.activation_names).reshape(-1, 6)
    assert (names[:, :2] == "sigmoid").all()
    counts = Counter(names[:, 2:].ravel())
    assert set(counts) == set(FUNCTIONS)
    for count in counts.values():
        assert_frequency(count, 600, 0.25)


# ------------------------------------------------------------------- seeds, order, generations


def test_children_are_determined_by_seed_generation_and_place(families):
    parents = families[0]
    first, second = pairs_of(parents, 60)
    kind = np.arange(60) % 4
    config = wild_config(2)

    def again(count=60, **keywords):
        return breed(parents, config, kind[:count], first[:count], second[:count], count=count,
                     equal=True, **keywords)  # fmt: skip

    base = again(seed=1)
    assert same_genes(base, again(seed=1))
    assert same_genes(base[:25], again(25, seed=1))  # later children change nothing
    assert not same_genes(base, again(seed=2))
    assert not same_genes(base, again(seed=1, generation=8))


def test_no_two_mutants_of_a_parent_are_alike():
    children = mutants(Config().override(VARIED), 500)
    assert len({child.weight.tobytes() + child.bias.tobytes() for child in children}) > 400


@pytest.mark.parametrize("seed", range(9))
def test_hundreds_of_generations_of_genomes_are_sound(seed):
    population = Population(1 + seed % 3, 1 + seed % 2, wild_config(seed), seed=seed)
    for generation, genomes in enumerate(evolve_at_random(population, 40)):
        assert len(genomes) == 60
        genomes.check()
        if genomes.innovation.size:
            assert genomes.connection_birth.max() <= generation
        assert genomes.node_birth.max() <= generation
        for genome in genomes[generation % 7 :: 7]:
            assert oracles.broken_invariant(genome) is None
            assert population.config.recurrent or not oracles.has_loop(genome)


@pytest.mark.parametrize("seed", [0, 3, 6, 9, 12])  # wild_config of these is not recurrent
def test_without_recurrence_no_genome_ever_has_a_loop_among_all_its_genes(seed):
    population = Population(2, 2, wild_config(seed), seed=seed)
    assert not population.config.recurrent
    for genomes in evolve_at_random(population, 40, tied=1.0):
        assert not any(oracles.has_loop(genome) for genome in genomes)


def test_new_genes_carry_the_generation_they_arose_in():
    population = Population(2, 1, wild_config(2), seed=2)
    births = {}
    for generation, genomes in enumerate(evolve_at_random(population, 20)):
        for genome in genomes:
            for number, (_, _, birth, *_) in by_number(genome).items():
                # A gene that was lost may arise again later, never earlier.
                assert births.setdefault(number, generation) <= birth <= generation
    assert len(set(births.values())) > 10
