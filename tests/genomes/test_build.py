"""Genomes from edges: what is taken, what is plain, and what is refused."""

import numpy as np
import pytest
import toys
from conftest import any_genome
from hypothesis import given

import neatgrow as ng
from neatgrow.genomes.columns import BASE
from neatgrow.plotting.films.stages import as_of, stage_of, union_of
from neatgrow.plotting.pages.interactive import graph_data

Genome = ng.Genome


def test_what_is_not_said_is_plain():
    genome = Genome.from_edges([(0, "h"), ("h", 2)], inputs=2, outputs=1)
    assert genome.weight.tolist() == [1.0, 1.0] and genome.bias.tolist() == [0.0, 0.0]
    assert genome.activation_names == ["tanh", "tanh"]
    assert genome.aggregation_names == ["sum", "sum"]
    assert genome.enabled.all() and not genome.connection_birth.any()
    assert genome.columns == BASE


def test_values_are_those_given():
    genome = Genome.from_edges(
        [(0, "h", 0.5), ("h", 2, {"weight": -2, "enabled": False, "birth": 3}), (1, 2)],
        inputs=2, outputs=1,
        nodes={"h": {"activation": "relu", "bias": 0.1, "birth": 4}, 2: {"aggregation": "max"}},
    )  # fmt: skip
    names = genome.labels()
    rows = {
        (names[a], names[b]): (weight, on, birth)
        for a, b, weight, on, birth in zip(
            genome.source.tolist(), genome.target.tolist(), genome.weight.tolist(),
            genome.enabled.tolist(), genome.connection_birth.tolist(), strict=True,
        )
    }  # fmt: skip
    assert rows == {
        ("in0", "h1"): (0.5, True, 0), ("h1", "out0"): (-2.0, False, 3),
        ("in1", "out0"): (1.0, True, 0),
    }  # fmt: skip
    assert genome.bias.tolist() == [0.0, 0.1] and genome.node_birth.tolist() == [0, 4]
    assert genome.activation_names == ["tanh", "relu"]
    assert genome.aggregation_names == ["max", "sum"]


def test_inputs_and_outputs_go_by_number_or_name():
    edges = [("x", "h"), (1, "h"), ("h", "out"), ("h", 3)]
    named = Genome.from_edges(edges, inputs=["x", "y"], outputs=["out", "other"])
    assert named.interface.input_names == ("x", "y")
    assert named.interface.output_names == ("out", "other")
    counted = Genome.from_edges([(0, "h"), (1, "h"), ("h", 2), ("h", 3)], inputs=2, outputs=2)
    assert named == counted


def test_hidden_nodes_are_those_of_a_first_generation_unless_they_have_ids():
    first = ng.Population(1, 1, ng.Config().override({"start.hidden": 2})).ask()[0]
    genome = Genome.from_edges([(0, "b"), (0, "a"), ("a", 1), ("b", 1)], inputs=1, outputs=1)
    assert np.array_equal(genome.node_id, first.node_id)
    assert np.array_equal(genome.innovation, first.innovation)
    kept = Genome.from_edges([(0, 7), (7, 1)], inputs=1, outputs=1, nodes={9: {}})
    assert kept.node_id.tolist() == [1, 7, 9]


def test_loops_and_no_edges_at_all_are_genomes():
    assert Genome.from_edges([], inputs=3, outputs=2).n_connections == 0
    loop = Genome.from_edges([(0, 1), (1, 1, 0.5)], inputs=1, outputs=1)
    network = loop.compile(np.float64)
    assert network.activate([1.0])[0] != network.activate([1.0])[0]


@given(any_genome())
def test_any_genome_can_be_given_by_its_edges(genome):
    edges = [
        (a, b, {"weight": weight, "enabled": on, "birth": birth})
        for a, b, weight, on, birth in zip(
            genome.source.tolist(), genome.target.tolist(), genome.weight.tolist(),
            genome.enabled.tolist(), genome.connection_birth.tolist(), strict=True,
        )
    ]  # fmt: skip
    nodes = {
        node: {"bias": bias, "activation": f, "aggregation": g, "birth": birth}
        for node, bias, f, g, birth in zip(
            genome.node_id.tolist(), genome.bias.tolist(), genome.activation_names,
            genome.aggregation_names, genome.node_birth.tolist(), strict=True,
        )
    }  # fmt: skip
    sizes = {"inputs": genome.n_inputs, "outputs": genome.n_outputs}
    assert Genome.from_edges(edges, nodes=nodes, **sizes) == genome
    assert Genome.from_edges(edges[::-1], nodes=dict(reversed(nodes.items())), **sizes) == genome


def call(edges=((0, 2),), *, inputs=2, outputs=1, **more):
    return Genome.from_edges(edges, inputs=inputs, outputs=outputs, **more)


EDGE = "(source, target), with a weight or values by column as a third"
REFUSED = {
    "edge 'h' → 0: expected no edge into an input, got one. Remove it, or let it end in a hidden "
    "node or an output.": (ValueError, lambda: call([("h", 0)])),
    "edge 0 → 2: expected at most one edge from a node to another, got two. Remove one.": (
        ValueError, lambda: call([(0, 2), (1, 2), (0, 2, 0.5)])),
    "edge 0 → 'out': expected at most one edge from a node to another, got two. Remove one.": (
        ValueError, lambda: call([(0, "out"), (0, 2)], outputs=["out"])),
    "edge 0 → 2, weight: expected a finite number, got inf.": (
        ValueError, lambda: call([(0, 2, float("inf"))])),
    "edge 0 → 2, weight: expected a number, got 'much'.": (
        TypeError, lambda: call([(0, 2, "much")])),
    "edge 0 → 2, enabled: expected True or False, got 1.": (
        TypeError, lambda: call([(0, 2, {"enabled": 1})])),
    "edge 0 → 2, birth: expected an integer of at least 0, got -1.": (
        ValueError, lambda: call([(0, 2, {"birth": -1})])),
    f"edges[1]: expected {EDGE}, got (0,).": (
        TypeError, lambda: call([(0, 2), (0,)])),
    f"edges[0]: expected {EDGE}, got 'ab'.": (
        TypeError, lambda: call(["ab"])),
    f"edges[0]: expected {EDGE}, got ([], 2).": (TypeError, lambda: call([([], 2)])),
    "node 0: expected a hidden node or an output, got an input, without genes.": (
        ValueError, lambda: call(nodes={0: {"bias": 1.0}})),
    "node -1: expected an id of at least 3, got -1.": (ValueError, lambda: call([(-1, 2)])),
    "node 'h', bias: expected a number, got None.": (
        TypeError, lambda: call(nodes={"h": {"bias": None}})),
    "node 'h': expected values by column, got 'relu'.": (
        TypeError, lambda: call(nodes={"h": "relu"})),
    "node 'h', aggregation: expected one of sum, product, mean, max, min, got 'summ'. Did you "
    "mean 'sum'?": (ValueError, lambda: call(nodes={"h": {"aggregation": "summ"}})),
    "genome, toy_mode: expected one of one, two, three, got 'for'. Known: one, three, two.": (
        ValueError, lambda: call(genome={"toy_mode": "for"})),
    "inputs, outputs: expected names that differ, got 'x' twice.": (
        ValueError, lambda: call(inputs=["x"], outputs=["x"])),
    "inputs: expected an integer of at least 1, got 0.": (ValueError, lambda: call(inputs=0)),
    "inputs: expected an integer of at least 1, got 2.0.": (TypeError, lambda: call(inputs=2.0)),
    "outputs: expected a sequence of names, got 'out'.": (TypeError, lambda: call(outputs="out")),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_makes_no_genome_is_refused_word_for_word(text):
    kind, attempt = REFUSED[text]
    with pytest.raises(kind) as caught:
        attempt()
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("attempt", "start", "end"),
    [
        (lambda: call([(0, 2, {"wieght": 1})]), "edge 0 → 2: expected one of weight, ",
         "got 'wieght'. Did you mean 'weight'?"),
        (lambda: call([(0, 2, {"bias": 1})]), "edge 0 → 2: expected one of weight, ", ""),
        (lambda: call(nodes={2: {"biass": 1}}), "node 2: expected one of bias, ",
         "got 'biass'. Did you mean 'bias'?"),
        (lambda: call(genome={"toy_pwer": 1}), "genome: expected one of ",
         "got 'toy_pwer'. Did you mean 'toy_power'?"),
        (lambda: call(columns=["toy_gian"]), "columns: expected one of ",
         "Did you mean 'toy_gain'?"),
        (lambda: call(nodes={2: {"activation": "tahn"}}), "node 2, activation: expected one of ",
         "got 'tahn'. Did you mean 'tanh'?"),
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_the_nearest(attempt, start, end):
    with pytest.raises(ValueError) as caught:
        attempt()
    assert str(caught.value).startswith(start) and str(caught.value).endswith(end)


# ------------------------------------------------------------------------- rebuilt by pictures


@pytest.fixture(scope="module")
def ancestors():
    config = ng.Config(population_size=40).override(toys.ALL | {"mutation.add_node": 0.4})
    result = ng.evolve(ng.XOR(), config=config, generations=15, seed=4, solved_at=9,
                       progress=False)  # fmt: skip
    return result.ancestors


def test_a_film_shows_each_ancestor_with_its_own_columns(ancestors):
    stages = [stage_of(ancestor) for ancestor in ancestors]
    union = union_of(stages)
    union.check()
    for stage in stages:
        shown, genome = as_of(union, stage), stage.ancestor.genome
        assert shown.columns == genome.columns
        for name in ("toy_gain", "toy_shape", "bias", "activation"):
            theirs = dict(zip(genome.node_id.tolist(), genome.column(name), strict=True))
            mine = dict(zip(shown.node_id.tolist(), shown.column(name), strict=True))
            assert all(mine[id_] == theirs[id_] for id_ in stage.nodes)
        for name in ("toy_rate", "toy_rule", "weight"):
            theirs = dict(zip(genome.innovation.tolist(), genome.column(name), strict=True))
            mine = dict(zip(shown.innovation.tolist(), shown.column(name), strict=True))
            assert all(mine[id_] == theirs[id_] for id_ in stage.wires)


def test_a_page_lists_every_column_by_its_label(ancestors):
    data = graph_data(ancestors)
    assert data["node_genes"] == ["activation", "aggregation", "toy_shape", "bias", "γ"]
    assert data["wire_genes"] == ["weight", "η", "toy_rule"]
    genome, last = ancestors[-1].genome, data["stages"][-1]
    for row, gain, shape in zip(
        last["nodes"], genome.column("toy_gain").tolist(), genome.options("toy_shape"), strict=True
    ):
        assert row[5] == shape and row[7] == pytest.approx(gain, rel=1e-4)
    for row, rate, rule in zip(
        last["wires"], genome.column("toy_rate").tolist(), genome.options("toy_rule"), strict=True
    ):
        assert row[4] == pytest.approx(rate, rel=1e-4) and row[5] == rule
