import networkx
import numpy as np
import pytest

import neatgrow as ng
from neatgrow.problems import catalogue
from neatgrow.problems.function import Function

X = [[0, 0], [0, 1], [1, 0], [1, 1]]


def linear(weights, bias=0.0, activation="identity"):
    graph = networkx.DiGraph()
    for i in range(len(weights)):
        graph.add_node(i, kind="input")
    graph.add_node("y", kind="output", bias=bias, activation=activation)
    for i, weight in enumerate(weights):
        graph.add_edge(i, "y", weight=weight)
    return ng.Genome.from_networkx(graph)


def solver():
    """y = step(a + b − 0.5 − 2 and(a, b))."""
    graph = networkx.DiGraph()
    for i in range(2):
        graph.add_node(i, kind="input")
    graph.add_node("y", kind="output", bias=-0.5, activation="step")
    graph.add_node("and", bias=-1.5, activation="step")
    graph.add_weighted_edges_from([(0, "y", 1), (1, "y", 1), (0, "and", 1), (1, "and", 1)])
    graph.add_edge("and", "y", weight=-2.0)
    return ng.Genome.from_networkx(graph)


def test_xor_fitness_by_hand():
    half = linear([0.0, 0.0], bias=0.5)
    assert ng.XOR().evaluate(half.batch().compile(), seed=0).fitness == pytest.approx([3.0])
    evaluation = ng.XOR().evaluate(solver().batch().compile(), seed=0)
    assert evaluation.fitness == pytest.approx([8.0]) and evaluation.steps == 4
    paper = ng.XOR(paper=True)
    flat = linear([0.0, 0.0, 0.5]).batch().compile()  # 0.5 from the bias input
    assert paper.evaluate(flat, seed=0).fitness == pytest.approx([4.0])


def test_no_network_without_hidden_nodes_solves_xor_or_passes_three():
    draw = np.random.default_rng(0)
    for _ in range(300):
        genome = linear(draw.normal(0, 4, 2), draw.normal(0, 4), "sigmoid")
        assert ng.XOR().evaluate(genome.batch().compile(), seed=0).fitness[0] <= 3.0 + 1e-6


def test_supervised_measures_equal_numpy():
    population = ng.Population(3, 2, seed=3)
    networks = population.ask().compile(np.float64)
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(17, 3)), draw.normal(size=(17, 2))
    p = networks.predict(x)
    mse = ng.Supervised(x, y).evaluate(networks).fitness
    assert mse == pytest.approx(-((p - y) ** 2).mean(axis=(1, 2)), rel=1e-12)
    accuracy = ng.Supervised(x, y, measure="accuracy").evaluate(networks).fitness
    assert np.array_equal(accuracy, (p.argmax(2) == y.argmax(1)).mean(1))
    one = ng.Supervised(x, y[:, :1] > 0, measure="accuracy")
    single = ng.Population(3, 1, seed=3).ask().compile()
    wanted = (single.predict(x)[:, :, 0] > 0.5) == (y[:, 0] > 0)
    assert np.array_equal(one.evaluate(single).fitness, wanted.mean(1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ng.Supervised(X, [[1]] * 3), "Y: expected shape (4, O), got (3, 1)."),
        (lambda: ng.Supervised([1, 2], [[1]]), "X: expected shape (B, I), got (2,)."),
        (lambda: ng.Supervised([[1.0], [np.nan]], [[1], [0]]),
         "X: expected finite numbers, got nan at index (1, 0)."),
        (lambda: ng.Supervised(X, X, measure="rmse"),
         "measure: expected one of mse, accuracy, got 'rmse'. Did you mean 'mse'?"),
        (lambda: Function(1, inputs=1, outputs=1),
         "fitness: expected a function of one network, got 1."),
    ],
)  # fmt: skip
def test_bad_problems_are_refused_in_words(make, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert str(caught.value) == message


def test_problems_are_built_by_name_and_rebuilt_from_their_description():
    for problem in (ng.XOR(), ng.XOR(paper=True), ng.Gymnasium("CartPole-v1", episodes=3)):
        again = catalogue.rebuild({"seed": 4, **problem.describe()})
        assert type(again) is type(problem) and again.describe() == problem.describe()
    assert catalogue.build("xor").name == "xor"
    assert catalogue.build("CartPole-v1", episodes=2).episodes == 2
    with pytest.raises(ValueError, match=r"Did you mean 'CartPole-v1'\?"):
        catalogue.build("CartPol-v1")
    described = Function(len, inputs=1, outputs=1).describe()
    with pytest.raises(ValueError, match="expected one that can be built from its description"):
        catalogue.rebuild(described)
