"""Genomes to networkx and back."""

import json

import networkx
import numpy as np
import pytest
from conftest import DEGENERATE, any_genome, build, grown
from hypothesis import given

from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.selection.population import Population


def plain(*edges, inputs=("x", "y"), outputs=("out",)):
    """A graph with nothing but kinds."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(inputs, kind="input")
    graph.add_nodes_from(outputs, kind="output")
    graph.add_edges_from(edges)
    return graph


@given(any_genome())
def test_round_trip_restores_any_genome(genome):
    assert Genome.from_networkx(genome.to_networkx()) == genome


@pytest.mark.parametrize("name", DEGENERATE)
def test_round_trip_restores_degenerate_genomes(name):
    assert Genome.from_networkx(DEGENERATE[name].to_networkx()) == DEGENERATE[name]


@pytest.mark.parametrize("seed", range(4))
def test_round_trip_restores_grown_genomes(seed):
    for genome in grown(seed, generations=15):
        assert Genome.from_networkx(genome.to_networkx()) == genome


def test_round_trip_restores_names_and_input_statistics():
    genome = build(2, 1, {}, [(0, 2, 0.5, True)]).with_interface(
        input_names=("speed", "angle"), output_names=("force",),
        input_mean=np.array([0.1, -2.0]), input_scale=np.array([1.0, 3.0]),
    )  # fmt: skip
    face = Genome.from_networkx(genome.to_networkx()).interface
    assert face.input_names == ("speed", "angle")
    assert face.output_names == ("force",)
    np.testing.assert_array_equal(face.input_mean, [0.1, -2.0])
    np.testing.assert_array_equal(face.input_scale, [1.0, 3.0])


def test_unset_names_and_statistics_stay_unset():
    face = Genome.from_networkx(build(1, 1, {}, []).to_networkx()).interface
    assert (face.input_names, face.output_names) == (None, None)
    assert (face.input_mean, face.input_scale) == (None, None)


@given(any_genome())
def test_round_trip_survives_json_and_another_order_of_nodes(genome):
    data = json.loads(json.dumps(networkx.node_link_data(genome.to_networkx(), edges="edges")))
    data["nodes"].reverse()
    data["edges"].reverse()
    graph = networkx.node_link_graph(data, edges="edges")
    assert Genome.from_networkx(graph) == genome


def test_graph_carries_every_column_by_name():
    hidden = 2**62 + 7
    genome = build(
        1, 1, {1: ("sigmoid", "max", 0.5), hidden: ("relu", "sum", -1.0)},
        [(0, hidden, 2.0, True, 3), (hidden, 1, -0.5, False, 4)],
    )  # fmt: skip
    graph = genome.to_networkx()
    assert graph.graph == {"inputs": 1, "outputs": 1}
    assert graph.nodes[0] == {"kind": "input", "label": "in0"}
    assert graph.nodes[1] == {
        "kind": "output", "label": "out0", "birth": 0, "bias": 0.5,
        "activation": "sigmoid", "aggregation": "max",
    }  # fmt: skip
    assert graph.nodes[hidden]["label"] == "h1"
    assert graph.nodes[hidden]["kind"] == "hidden"
    innovation = int(innovation_numbers(np.array([hidden]), np.array([1]))[0])
    assert graph.edges[hidden, 1] == {
        "innovation": innovation, "birth": 4, "enabled": False, "weight": -0.5,
    }  # fmt: skip


def test_plain_graph_takes_defaults():
    genome = Genome.from_networkx(plain(("x", "h"), ("h", "out"), ("h", "h")))
    assert genome.interface.input_names == ("x", "y")
    assert genome.interface.output_names == ("out",)
    assert genome.n_hidden == 1
    assert genome.activation_names == ["tanh", "tanh"]
    assert genome.aggregation_names == ["sum", "sum"]
    assert genome.bias.tolist() == [0.0, 0.0]
    assert genome.weight.tolist() == [1.0, 1.0, 1.0]
    assert genome.enabled.all()
    assert not genome.connection_birth.any()


def test_plain_graph_computes_what_it_says():
    graph = plain(("x", "sum"), ("y", "sum"), ("sum", "out"))
    graph.edges["y", "sum"]["weight"] = -2
    graph.nodes["sum"].update(activation="identity", bias=0.25)
    graph.nodes["out"]["activation"] = "identity"
    network = Genome.from_networkx(graph).compile(np.float64)
    assert network.activate([3.0, 0.5])[0] == 2.25


def test_hidden_ids_follow_the_sorted_labels_whatever_the_order():
    edges = [("x", "b"), ("b", "a"), ("a", "out"), ("x", ("t", 1)), (("t", 1), 7), (7, "out")]
    forth, back = plain(*edges), plain(*edges[::-1])
    assert Genome.from_networkx(forth) == Genome.from_networkx(back)


def test_hidden_ids_match_those_of_a_first_generation():
    graph = plain(("x", "h"), ("y", "h"), ("h", "out"))
    first = Population(2, 1, Config().override({"start.hidden": 1})).ask()[0]
    genome = Genome.from_networkx(graph)
    np.testing.assert_array_equal(genome.node_id, first.node_id)
    np.testing.assert_array_equal(genome.innovation, first.innovation)


def test_a_node_added_to_a_genomes_graph_gets_an_unused_id():
    first = Population(2, 1, Config().override({"start.hidden": 1})).ask()[0]
    graph = first.to_networkx()
    graph.add_edge(0, "new")
    graph.add_edge("new", 2)
    genome = Genome.from_networkx(graph)
    assert genome.n_hidden == 2
    assert set(first.node_id.tolist()) < set(genome.node_id.tolist())
    assert genome.n_connections == first.n_connections + 2


def test_innovation_numbers_follow_from_the_ends():
    genome = build(1, 1, {}, [(0, 1, 1.0, True)])
    graph = genome.to_networkx()
    graph.edges[0, 1]["innovation"] = 5
    assert Genome.from_networkx(graph) == genome


def changed(what, **attributes):
    graph = plain(("x", "h"), ("h", "out"))
    (graph.edges if isinstance(what, tuple) else graph.nodes)[what].update(attributes)
    return graph


MESSAGES = {
    "graph: expected at least one output node, got none. Mark each with "
    "graph.nodes[label]['kind'] = 'output'.": plain(outputs=()),
    "graph: expected at least one input node, got none. Mark each with "
    "graph.nodes[label]['kind'] = 'input'.": plain(inputs=()),
    "edge 'h' → 'x': expected no edge into an input, got one. Remove it, or let it end in a "
    "hidden node or an output.": plain(("h", "x")),
    "node 'h', kind: expected one of input, hidden, output, got 'hiden'. Did you mean "
    "'hidden'?": changed("h", kind="hiden"),
    "node 'h', aggregation: expected one of sum, product, mean, max, min, got 'summ'. Did you "
    "mean 'sum'?": changed("h", aggregation="summ"),
    "node 'h', bias: expected a number, got nan.": changed("h", bias=float("nan")),
    "edge 'x' → 'h', weight: expected a finite number, got inf.": changed(
        ("x", "h"), weight=float("inf")
    ),
    "node 'h', birth: expected an integer of at least 0, got -1.": changed("h", birth=-1),
    "edge 'x' → 'h', birth: expected at most 2147483647, got 2147483648.": changed(
        ("x", "h"), birth=2**31
    ),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_bad_graphs_are_refused_word_for_word(text):
    with pytest.raises(ValueError) as error:
        Genome.from_networkx(MESSAGES[text])
    assert str(error.value) == text


def test_an_unknown_activation_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match=r"node 'h', activation: .* Did you mean 'sigmoid'\?$"):
        Genome.from_networkx(changed("h", activation="sigmoidd"))


TYPES = {
    "node 'h', bias: expected a number, got 'high'.": changed("h", bias="high"),
    "edge 'x' → 'h', weight: expected a number, got True.": changed(("x", "h"), weight=True),
    "edge 'x' → 'h', enabled: expected True or False, got 'yes'.": changed(
        ("x", "h"), enabled="yes"
    ),
    "graph: expected a networkx.DiGraph, got Graph. Convert it with networkx.DiGraph(graph).": (
        networkx.Graph()
    ),
    "graph: expected a networkx.DiGraph, got MultiDiGraph. Convert it with "
    "networkx.DiGraph(graph).": networkx.MultiDiGraph(),
}


@pytest.mark.parametrize("text", TYPES)
def test_wrong_types_are_refused_word_for_word(text):
    with pytest.raises(TypeError) as error:
        Genome.from_networkx(TYPES[text])
    assert str(error.value) == text


def test_a_genomes_graph_with_inputs_relabelled_is_refused():
    graph = networkx.relabel_nodes(build(2, 1, {}, [(0, 2, 1.0, True)]).to_networkx(), {0: "a"})
    with pytest.raises(ValueError) as error:
        Genome.from_networkx(graph)
    assert str(error.value) == (
        "graph, input nodes: expected labels 0 to 1, got ['a', 1]. Remove "
        "graph.graph['inputs'] to have nodes numbered anew."
    )


@pytest.mark.parametrize("label", [-4, 2**63])
def test_a_node_id_out_of_range_is_refused(label):
    graph = build(2, 1, {}, []).to_networkx()
    graph.add_edge(label, 2)
    with pytest.raises(ValueError, match=f"^node {label}: expected an id of at least 3"):
        Genome.from_networkx(graph)
