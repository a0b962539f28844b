"""Problems that need no environment, and problems by name."""

import importlib.util
import json

import gymnasium
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


@pytest.mark.parametrize("loss", ["mae", "huber", "binary", "categorical"])
def test_every_loss_is_what_its_formula_says(loss):
    networks = ng.Population(3, 2, seed=3).ask().compile(np.float64)
    draw = np.random.default_rng(1)
    x, w = draw.normal(size=(5, 7, 3)), draw.random((5, 7))
    y = np.eye(2)[draw.integers(0, 2, (5, 7))]
    p = networks.run(x)
    gap = np.abs(p - y)
    terms = {
        "mae": gap.mean(-1),
        "huber": np.where(gap > 1, gap - 0.5, 0.5 * gap**2).mean(-1),
        "binary": (np.log1p(np.exp(p)) - y * p).mean(-1),
        "categorical": np.log(np.exp(p).sum(-1)) - (y * p).sum(-1),
    }[loss]
    problem = ng.Supervised(x, y, weights=w, loss=loss, sequences=True)
    wanted = -(terms * w).sum(axis=(1, 2)) / w.sum()
    assert problem.evaluate(networks).fitness == pytest.approx(wanted, rel=1e-12)


def test_class_numbers_are_targets_and_logits_lie_on_sides_of_zero():
    networks = ng.Population(3, 3, seed=3).ask().compile()
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(40, 3)), draw.integers(0, 3, 40)
    numbers = ng.Supervised(x, y, loss="categorical", measure="accuracy")
    right = (networks.predict(x).argmax(2) == y).mean(1)
    assert numbers.evaluate(networks).fitness == pytest.approx(right, rel=1e-12)
    several = np.eye(3)[y]
    sides = ng.Supervised(x, several, loss="binary", measure="accuracy")
    right = ((networks.predict(x) > 0) == (several > 0)).all(2).mean(1)
    assert sides.evaluate(networks).fitness == pytest.approx(right, rel=1e-12)
    signs = ng.Supervised(x, 2.0 * several[:, :1] - 1.0, measure="accuracy")
    single = ng.Population(3, 1, seed=3).ask().compile()
    right = ((single.predict(x)[:, :, 0] > 0) == (y == 0)).mean(1)
    assert signs.evaluate(single).fitness == pytest.approx(right, rel=1e-12)


def test_an_answer_of_nan_is_wrong():
    for loss in ("mse", "binary"):
        problem = ng.Supervised(X, [[0]] * 4, loss=loss, measure="accuracy")
        assert (problem._fitness(np.full((1, 4, 1), np.nan)) == 0.0).all()


def test_all_right_is_worth_more_than_any_loss():
    y = [[0], [1], [0], [1]]
    far = ng.Supervised(X, y, measure="all_right", loss="binary")
    right = linear([0.0, 20.0], -10.0)  # the second input, as a logit
    wrong = linear([0.0, 0.01], 0.005)  # close, on the wrong side for two
    assert far.solved_at == 1.0
    assert fitness_of(far, right) == pytest.approx(2.0, abs=1e-3)
    assert fitness_of(far, wrong) == pytest.approx(-np.log(2), abs=0.01)


def test_networks_are_judged_on_validation_data_and_taught_by_the_rest():
    networks = ng.Population(3, 1, seed=3).ask().compile(np.float64)
    draw = np.random.default_rng(1)
    x, y, other = draw.normal(size=(9, 3)), draw.normal(size=(9, 1)), draw.normal(size=(4, 3))
    problem = ng.Supervised(x, y, validation=(other, np.ones((4, 1))))
    evaluation = problem.evaluate(networks)
    wanted = -((networks.predict(other) - 1.0) ** 2).mean(axis=(1, 2))
    assert evaluation.fitness == pytest.approx(wanted, rel=1e-12)
    assert evaluation.steps == 150 * 4
    assert np.array_equal(problem.lessons().X, x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ng.Supervised(X, [[2]] * 4, loss="binary"),
         "Y: expected targets from 0 to 1 for binary, got 2.0."),
        (lambda: ng.Supervised(X, [0, 1, 5, 0], loss="categorical", classes=3),
         "Y: expected class numbers from 0 to 2, got 5."),
        (lambda: ng.Supervised(X, [[1]] * 4, validation=(X, [[1]] * 3)),
         "Y: expected shape (4, 1), got (3, 1)."),
        (lambda: ng.Supervised(X, [[1]] * 4, weights=[1, 1, -1, 1]),
         "weights: expected numbers of at least 0, got -1."),
        (lambda: ng.Supervised(X, [[1]] * 4, weights=[0] * 4),
         "weights: expected one above 0, got none."),
        (lambda: ng.Supervised(X, [[1]] * 3), "Y: expected shape (4, O), got (3, 1)."),
        (lambda: ng.Supervised([1, 2], [[1]]), "X: expected shape (B, I), got (2,)."),
        (lambda: ng.Supervised([[1.0], [np.nan]], [[1], [0]]),
         "X: expected finite numbers, got nan at index (1, 0)."),
        (lambda: ng.Supervised(X, X, measure="rmse"),
         "measure: expected one of loss, accuracy, all_right, got 'rmse'. "
         "Known: accuracy, all_right, loss."),
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


# --------------------------------------------------------------------------------- XOR


def fitness_of(problem, genome):
    return float(problem.evaluate(genome.batch().compile(np.float64)).fitness[0])


def test_xor_rewards_a_solution_over_any_closer_network_that_is_none():
    near = linear([0.0, 0.0], bias=0.5)  # every output on the wrong side or on the line
    assert fitness_of(ng.XOR(), near) == pytest.approx(4 - 4 * 0.25)
    one = linear([1.0, 1.0])  # 0, 1, 1, 2: the last is wrong
    assert fitness_of(ng.XOR(), one) == pytest.approx(4 - 4.0)
    assert fitness_of(ng.XOR(), solver()) == 8.0
    assert ng.XOR().solved_at == 4.0 and ng.XOR().input_names == ("a", "b")


def test_the_papers_xor_has_a_bias_input_and_a_squared_sum_of_errors():
    paper = ng.XOR(paper=True)
    assert paper.X[:, 2].tolist() == [1, 1, 1, 1] and paper.input_names == ("a", "b", "bias")
    assert paper.inputs == 3 and paper.solved_at == 16.0
    assert fitness_of(paper, linear([1.0, 1.0, 0.0])) == pytest.approx((4 - 2.0) ** 2)
    assert fitness_of(paper, linear([0.0, 0.0, 0.25])) == pytest.approx((4 - 2.0) ** 2)
    wider = networkx.DiGraph()
    for i in range(3):
        wider.add_node(f"in{i}", kind="input")
    wider.add_node("y", kind="output", bias=-0.5, activation="step")
    wider.add_node("and", bias=-1.5, activation="step")
    for i in range(2):
        wider.add_edge(f"in{i}", "y", weight=1.0)
        wider.add_edge(f"in{i}", "and", weight=1.0)
    wider.add_edge("and", "y", weight=-2.0)
    assert fitness_of(paper, ng.Genome.from_networkx(wider)) == pytest.approx(16.0 + 16.0)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity", "step", "gelu"])
def test_no_single_monotone_node_solves_xor(activation):
    draw = np.random.default_rng(1)
    genomes = [linear(draw.normal(0, 3, 2), draw.normal(0, 2), activation) for _ in range(60)]
    for paper in (False, True):
        if paper:
            weights = draw.normal(0, 3, (60, 3))
            genomes = [linear(w, 0.0, activation) for w in weights]
        problem = ng.XOR(paper=paper)
        assert max(fitness_of(problem, genome) for genome in genomes) < problem.solved_at


# --------------------------------------------------------------------------------- data


def test_accuracy_of_one_output_is_which_side_of_a_half_it_lies_on():
    genome = linear([1.0, 0.0])  # answers the first input
    targets = [[0], [0], [1], [0]]
    problem = ng.Supervised(X, targets, measure="accuracy")
    assert fitness_of(problem, genome) == 0.75
    half = ng.Supervised([[0.5, 0]], [[0.5]], measure="accuracy")
    assert fitness_of(half, genome) == 1.0  # neither lies above


def test_supervised_counts_samples_as_steps_and_carries_names():
    problem = ng.Supervised(
        X, [[0], [0], [1], [1]], input_names=("p", "q"), output_names=("r",), solved_at=-0.01
    )
    evaluation = problem.evaluate(ng.Population(2, 1, seed=1).ask().compile(), seed=3)
    assert evaluation.steps == 150 * 4 and evaluation.failures == {}
    result = ng.evolve(problem, config=ng.Config(population_size=50), generations=40, seed=1)
    assert result.solved and result.champion.labels()[0] == "p"
    assert result.champion_fitness >= -0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ng.Supervised(X, [0, 1, 1, 0]), "Y: expected shape (4, O), got (4,)."),
        (lambda: ng.Supervised(X, [[0], [np.inf], [1], [0]]),
         "Y: expected finite numbers, got inf at index (1, 0)."),
        (lambda: ng.Supervised([["a"]], [[1]]),
         "X: expected numbers of shape (B, I), got [['a']]."),
        (lambda: Function(len, inputs=0, outputs=1),
         "inputs: expected an integer of at least 1, got 0."),
        (lambda: Function(len, inputs=1, outputs=True),
         "outputs: expected an integer of at least 1, got True."),
        (lambda: catalogue.build("XOR"),
         "problem: expected a known name, got 'XOR'. Did you mean 'xor'?"),
        (lambda: catalogue.build("xorr"),
         "problem: expected a known name, got 'xorr'. Did you mean 'xor'?"),
        (lambda: catalogue.build("cartpole-v1"),
         "environment 'cartpole-v1': expected a registered Gymnasium id, got an unknown one. "
         "Did you mean 'CartPole-v1'?"),
        (lambda: catalogue.build("LunarLander"),
         "environment 'LunarLander': expected a registered Gymnasium id, got an unknown one. "
         "Did you mean 'LunarLander-v3'?"),
        (lambda: catalogue.rebuild({"problem": "supervised", "name": "mine"}),
         "problem: expected one that can be built from its description, got 'supervised', "
         "'mine'. It was made from a Python function or from data: in Python, pass it to "
         "neatgrow.resume(directory, problem=…)."),
        (lambda: catalogue.rebuild({}),
         "problem: expected one that can be built from its description, got None. It was "
         "made from a Python function or from data: in Python, pass it to "
         "neatgrow.resume(directory, problem=…)."),
    ],
)  # fmt: skip
def test_more_bad_problems_are_refused_in_words(make, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert str(caught.value) == message


# --------------------------------------------------------------------------------- functions


def test_a_function_sees_each_network_once_in_order_and_its_state_is_its_own():
    seen = []

    def fitness(network):
        seen.append(network)
        return float(network.activate([0.5, -1.0])[0])

    networks = ng.Population(2, 1, seed=4).ask()[:10].compile()
    evaluation = Function(fitness, inputs=2, outputs=1).evaluate(networks, seed=0)
    assert len(seen) == evaluation.steps == 10 and evaluation.failures == {}
    one_by_one = [networks[row].activate([0.5, -1.0])[0] for row in range(10)]
    assert np.array_equal(evaluation.fitness, one_by_one)


def test_what_a_function_raises_is_its_genomes_failure_alone():
    calls = []

    def fitness(network):
        calls.append(1)
        if len(calls) == 2:
            raise KeyError("lost")
        return [1.0, float("-inf"), 2][len(calls) % 3]

    networks = ng.Population(1, 1, seed=4).ask()[:4].compile()
    evaluation = Function(fitness, inputs=1, outputs=1).evaluate(networks)
    assert evaluation.failures == {
        0: "fitness is -inf", 1: "KeyError: 'lost'", 3: "fitness is -inf"
    }  # fmt: skip
    assert np.isnan(evaluation.fitness[1]) and evaluation.fitness[2] == 1.0


def test_a_callable_object_has_a_name_too():
    class Judge:
        def __call__(self, network):
            return 1.0

    problem = Function(Judge(), inputs=1, outputs=1, solved_at=1.0)
    assert problem.name == "Judge" and problem.describe() == {
        "problem": "function",
        "name": "Judge",
    }
    assert isinstance(problem, ng.Problem) and problem.statistics() is None


# --------------------------------------------------------------------------------- by name


def test_a_description_survives_json_with_every_option():
    given = {
        "episodes": 2, "max_steps": 30, "solved_at": 20.0, "normalize": True, "slots": 8,
        "make_kwargs": {"g": 9.0}, "name": "light pendulum",
    }  # fmt: skip
    problem = ng.Gymnasium("Pendulum-v1", **given)
    described = json.loads(json.dumps({"seed": 1, **problem.describe()}))
    again = catalogue.rebuild(described)
    assert again.describe() == problem.describe()
    for name, value in given.items():
        assert described[name] == value
        if name not in ("make_kwargs", "slots"):
            assert getattr(again, name) == value
    networks = ng.Population(3, 1, seed=1).ask()[:3].compile()
    assert np.array_equal(
        again.evaluate(networks, seed=5).fitness, problem.evaluate(networks, seed=5).fitness
    )


def test_the_catalogue_says_what_gymnasium_says():
    for name, entry in catalogue.ENTRIES.items():
        if entry.build is not None:
            if not entry.extra or importlib.util.find_spec(entry.extra) is not None:
                assert catalogue.build(name).name == name
            continue
        threshold = gymnasium.spec(name).reward_threshold
        assert entry.solved_at == ("none" if threshold is None else f"{threshold:g}"), name
