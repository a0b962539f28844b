"""Arguments that mean nothing: each is refused with what was expected, what came, what to do."""

import fractions
import math
from pathlib import Path

import gymnasium
import networkx as nx
import numpy as np
import pytest
import torch
from conftest import build, grown
from gymnasium import spaces

import neatgrow as ng
from neatgrow import _checks
from neatgrow.columns import Choices, Genes, Values
from neatgrow.evaluation.base import Evaluation
from neatgrow.problems.function import Function

FEW = {"generations": 1, "config": ng.Config(population_size=5), "seed": 1}
X, Y = np.zeros((4, 2)), np.zeros((4, 1))
MASKED = np.ma.masked_array(np.ones(4), [False, False, True, False])


def message_of(kind, call, *arguments, **options):
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    return str(caught.value)


# ----------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"genes.weight.power": -1},
         "genes.weight.power: expected at least 0, got -1.0."),
        ({"genes": {"weight": {"power": "1"}}},
         "genes.weight.power: expected a value of type float, got '1'."),
        ({"genes": {"weight": 3}}, "genes.weight: expected a value of type Values, got 3."),
        ({"genes.weight.minimum": 40.0},
         "genes.weight.minimum: expected less than maximum 30.0, got 40.0."),
        ({"genes.bias.start_mean": 31},
         "genes.bias.start_mean: expected a number from minimum -30.0 to maximum 30.0, got 31.0."),
        ({"genes.activation.options": []},
         "genes.activation.options: expected at least one name, got none."),
        ({"genes.activation.start": "tan"},
         "genes.activation.start: expected one of random, tanh, got 'tan'. Did you mean 'tanh'?"),
        ({"genes.weight.powr": 1},
         "genes.weight.powr: expected the name of a setting, got 'powr'. Did you mean 'power'?"),
        ({"genes.weight.power.x": 1},
         "genes.weight.power: expected the name of a section, got 'power'."),
        ({"population_size": 0}, "population_size: expected at least 1, got 0."),
        ([1], "changes: expected values by dotted path such as {'mutation.add_node': 0.1}, "
         "got [1]."),
        ({1: 2}, "changes: expected values by dotted path such as {'mutation.add_node': 0.1}, "
         "got {1: 2}."),
        ({"genes.weight": {1: 2}}, "genes.weight: expected values by dotted path such as "
         "{'mutation.add_node': 0.1}, got {1: 2}."),
    ],
)  # fmt: skip
def test_a_setting_is_named_by_the_path_that_was_typed(changes, text):
    assert message_of((TypeError, ValueError), ng.Config().override, changes) == text


def test_a_section_given_whole_and_in_part_takes_both():
    whole = {"species": ng.Config().species.override({"stagnation": 9}), "species.target": 3}
    changed = ng.Config().override(whole)
    assert (changed.species.stagnation, changed.species.target) == (9, 3)


def test_columns_that_a_subclass_of_the_genes_adds_are_not_passed_over():
    class More(Genes):
        tau: Values = Values()

    text = message_of(TypeError, ng.Config, genes=More())
    assert text.startswith("Config.genes: expected a value of type Genes, got ")


@pytest.mark.parametrize("options", [{"outputs": "tanhh"}, {"options": ("tanhh",)}])
def test_options_that_no_function_has_are_refused_before_anything_runs(options):
    column = Choices(**{"start": "random", "options": ("tanh",), **options})
    text = message_of(ValueError, ng.Population, 2, 1, ng.Config(genes=Genes(activation=column)))
    assert text.startswith(f"genes.activation.{next(iter(options))}: expected one of identity, ")


# ---------------------------------------------------------------------------------- arguments

RUNS = [
    ({"minimize": "no"}, TypeError, "minimize: expected True or False, got 'no'."),
    ({"minimize": 1}, TypeError, "minimize: expected True or False, got 1."),
    ({"progress": "no"}, TypeError, "progress: expected True or False, got 'no'."),
    ({"seconds": math.nan}, ValueError, "seconds: expected a number of at least 0, got nan."),
    ({"seconds": -1}, ValueError, "seconds: expected a number of at least 0, got -1."),
    ({"seconds": "3"}, TypeError, "seconds: expected a number of at least 0, got '3'."),
    ({"seconds": True}, TypeError, "seconds: expected a number of at least 0, got True."),
    ({"directory": ""}, ValueError,
     "directory: expected a path, got empty text. Pass '.' for where you are."),
    ({"directory": 3}, TypeError, "directory: expected a path, got 3."),
    ({"directory": b"run"}, TypeError, "directory: expected a path, got b'run'."),
    ({"failure_limit": "a"}, TypeError, "failure_limit: expected a number from 0 to 1, got 'a'."),
    ({"failure_limit": True}, TypeError, "failure_limit: expected a number from 0 to 1, got True."),
    ({"callbacks": "x"}, TypeError, "callbacks: expected functions of the run, got 'x'."),
    ({"callbacks": 3}, TypeError, "callbacks: expected functions of the run, got 3."),
    ({"callbacks": [3]}, TypeError, "callbacks: expected functions of the run, got [3]."),
    ({"processes": False}, TypeError, "processes: expected an integer of at least 0, got False."),
    ({"processes": 0.0}, TypeError, "processes: expected an integer of at least 0, got 0.0."),
    ({"time_limit": "2", "processes": 1}, TypeError,
     "time_limit: expected a number above 0, got '2'."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "text"), RUNS)
def test_a_run_that_means_nothing_does_not_begin(options, kind, text):
    assert message_of(kind, ng.evolve, ng.XOR(), **{**FEW, **options}) == text


@pytest.mark.parametrize(
    ("options", "kind", "text"), [row for row in RUNS if {"minimize"}.isdisjoint(row[0])]
)
def test_nor_does_it_go_on(options, kind, text, tmp_path):
    ng.evolve(ng.XOR(), directory=tmp_path / "run", **FEW)
    given = {"directory": tmp_path / "run", "generations": 2, **options}
    assert message_of(kind, ng.resume, **given) == text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"config": {"population_size": 5}}, "config: expected a Config, got {'population_size"),
        ({"config": ng.Config}, "config: expected a Config, got <class"),
        ({"checkpoints": ng.Checkpoints()}, "checkpoints: expected it with directory= only, "),
    ],
)
def test_what_begins_a_run_is_looked_at(options, text):
    told = message_of((TypeError, ValueError), ng.evolve, ng.XOR(), **{**FEW, **options})
    assert told.startswith(text)


def test_checkpoints_of_another_kind_are_refused_and_no_directory_is_made(tmp_path):
    text = "checkpoints: expected Checkpoints(…), got 3."
    run = {"directory": tmp_path / "run", **FEW}
    assert message_of(TypeError, ng.evolve, ng.XOR(), checkpoints=3, **run) == text
    assert not (tmp_path / "run").exists()
    ng.evolve(ng.XOR(), **run)
    assert message_of(TypeError, ng.resume, tmp_path / "run", checkpoints=3) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("noisy", "no", "problem.noisy: expected True or False, got 'no'."),
        ("solved_at", math.nan, "problem.solved_at: expected a number, got nan."),
        ("solved_at", "3", "problem.solved_at: expected a number, got '3'."),
    ],
)
def test_a_problem_of_the_callers_says_what_it_means(name, value, text):
    problem = ng.XOR()
    setattr(problem, name, value)
    assert message_of((TypeError, ValueError), ng.evolve, problem, **FEW) == text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ng.Population(2, 1, minimize="no"), "minimize: expected True or False, got 'no'."),
        (lambda: ng.Population(2, 1, input_names="ab"),
         "input_names: expected a sequence of names, got 'ab'."),
        (lambda: ng.Population(2, 1, input_names=("a", None)),
         "input_names: expected a sequence of names, got ('a', None)."),
        (lambda: ng.Supervised(X, Y, input_names=("a",)), "input_names: expected 2 names, got 1."),
        (lambda: ng.Supervised(X, Y, output_names=3),
         "output_names: expected a sequence of names, got 3."),
        (lambda: ng.Supervised(X, Y, sequences="no"),
         "sequences: expected True or False, got 'no'."),
        (lambda: ng.Supervised(X, Y, solved_at=math.nan), "solved_at: expected a number, got nan."),
        (lambda: ng.Supervised(X, Y, validation=(X,)),
         f"validation: expected (X, Y) or (X, Y, weights), got {_checks.shown((X,))}."),
        (lambda: ng.Supervised(X, [0, 1, 1, 0], loss="categorical", classes="2"),
         "classes: expected an integer of at least 1, got '2'."),
        (lambda: ng.XOR(paper="no"), "paper: expected True or False, got 'no'."),
        (lambda: Function(len, inputs=1, outputs=1, solved_at="3"),
         "solved_at: expected a number, got '3'."),
        (lambda: ng.Simulation(len, len, inputs=1, outputs=1, state=1, steps=1, solved_at=True),
         "solved_at: expected a number, got True."),
        (lambda: ng.PoleBalancing(velocities="no"),
         "velocities: expected True or False, got 'no'."),
        (lambda: ng.PoleBalancing(track="3"), "track: expected a number above 0, got '3'."),
        (lambda: ng.TMaze(large="1"), "large: expected a number, got '1'."),
        (lambda: ng.Gymnasium("CartPole-v1", normalize="no"),
         "normalize: expected True or False, got 'no'."),
        (lambda: ng.Gymnasium("CartPole-v1", sample="no"),
         "sample: expected True or False, got 'no'."),
        (lambda: ng.Gymnasium("CartPole-v1", clip_rewards=True),
         "clip_rewards: expected a number above 0, got True."),
        (lambda: ng.Gymnasium("CartPole-v1", make_kwargs="ab"),
         "make_kwargs: expected arguments of gymnasium.make by name, got 'ab'."),
        (lambda: ng.Learning(steps=None), "Learning.steps: expected an integer of at least 1, "),
        (lambda: ng.Learning(2, share="a"),
         "Learning.share: expected a number above 0 and up to 1, got 'a'."),
        (lambda: ng.Learning(2, clip=True), "Learning.clip: expected a number above 0, got True."),
        (lambda: ng.Learning(2, prune="0.1"),
         "Learning.prune: expected a number of at least 0, got '0.1'."),
        (lambda: ng.Adam(momentum="a"), "Adam.momentum: expected a number, got 'a'."),
    ],
)  # fmt: skip
def test_settings_of_problems_and_learning_are_what_they_say(make, text):
    assert message_of((TypeError, ValueError), make).startswith(text)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"patience": 0}, "patience: expected an integer of at least 1, got 0."),
        ({"sequences": "no"}, "sequences: expected True or False, got 'no'."),
        ({"progress": "no"}, "progress: expected True or False, got 'no'."),
        ({"clip": "a"}, "clip: expected a number above 0, got 'a'."),
        ({"l1": True}, "l1: expected a number of at least 0, got True."),
        ({"validation": 3}, "validation: expected (X, Y) or (X, Y, weights), got 3."),
        ({"weights": MASKED}, "weights: expected numbers of which none is masked, got some that "),
        ({"weights": [1, None, 1, 1]}, "weights: expected numbers of shape (4,), got [1, None, "),
    ],
)  # fmt: skip
def test_learning_that_means_nothing_does_not_begin(options, text):
    genome = build(2, 1, {}, [(0, 2, 1.0, True)])
    call = {"steps": 1, **options}
    assert message_of((TypeError, ValueError), ng.fine_tune, genome, X, Y, **call).startswith(text)


@pytest.mark.parametrize("path", ["", Path])
def test_files_without_a_name_are_refused(path):
    genome = build(2, 1, {}, [(0, 2, 1.0, True)])
    assert message_of((TypeError, ValueError), genome.save, path).startswith(
        "path: expected a path"
    )


# ------------------------------------------------------------------------------------- arrays


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([None, 1], TypeError), (np.array([None, 1.0]), TypeError),
        (np.array(["1", 2.0], object), TypeError), (np.array([b"1", 2.0], object), TypeError),
        (np.array([1j, None], object), TypeError), ([np.complex128(1), fractions.Fraction(1)],
                                                    TypeError),
        ([10**400, 1], TypeError),
        (np.ma.masked_array([1.0, 2.0], [True, False]), ValueError),
    ],
    ids=repr,
)  # fmt: skip
def test_networks_take_numbers_alone(value, kind):
    genome = build(2, 1, {}, [(0, 2, 1.0, True)])
    network, batch = genome.compile(), genome.batch().compile()
    for call, given in (
        (network.activate, value), (network.predict, [value]), (network.run, [[value]]),
        (batch.activate, [value]), (batch.predict, [value]),
    ):  # fmt: skip
        assert message_of(kind, call, given).split(": expected numbers")[0] in (
            "activate(x)", "predict(X)", "run(X)",
        )  # fmt: skip


def test_arrays_of_objects_that_are_numbers_are_taken():
    given = np.array([1, np.float32(2.5), fractions.Fraction(1, 2), True], object)
    assert _checks.array("x", given, (4,)).tolist() == [1.0, 2.5, 0.5, 1.0]
    assert _checks.array("x", np.ma.masked_array([1.0], [False]), (1,)).tolist() == [1.0]
    assert _checks.array("x", [1.0, 2.0], (2,), np.int64).tolist() == [1, 2]


@pytest.mark.parametrize("value", [[0.5], [math.nan], [math.inf], [np.float32(1.5)]])
def test_fractions_are_not_cut_down_to_integers(value):
    assert message_of(TypeError, _checks.array, "x", value, (1,), np.int64).startswith(
        "x: expected numbers of shape (1,), got "
    )


@pytest.mark.parametrize(
    ("trusted", "kind", "text"),
    [
        ([True, False, False], TypeError, "trusted: expected indices below 3, got truth values. "),
        ([0.5], TypeError, "trusted: expected numbers of shape (K,), got [0.5]."),
        (["0"], TypeError, "trusted: expected numbers of shape (K,), got ['0']."),
        ([7], ValueError, "trusted: expected indices below 3, got 7."),
        ([0, -1], ValueError, "trusted: expected indices below 3, got -1."),
    ],
)
def test_rows_are_rows_of_the_population(trusted, kind, text):
    population = ng.Population(2, 1, ng.Config(population_size=3))
    population.ask()
    assert message_of(kind, population.tell, [1, 2, 3], trusted=trusted).startswith(text)
    assert population.generation == 0  # nothing was told


@pytest.mark.parametrize(
    "told",
    [
        np.ma.masked_array([1.0, 2.0, 3.0], [False, False, True]),
        [1.0, 2.0, np.ma.masked],
        np.array([1, 2, "3"], object),
    ],
)
def test_a_fitness_that_is_no_number_is_not_told(told):
    population = ng.Population(2, 1, ng.Config(population_size=3))
    population.ask()
    text = message_of((TypeError, ValueError), population.tell, told)
    assert text.startswith("fitness: expected numbers ") and text.endswith(
        "Pass one value per genome from ask(), NaN for an evaluation that failed."
    )
    assert population.generation == 0


def test_masked_samples_and_classes_are_refused():
    rows = np.ma.masked_array(X, np.arange(8).reshape(4, 2) == 3)
    classes = np.ma.masked_array([0, 1, 1, 0], [False, True, False, False])
    genome = build(2, 2, {}, [(0, 2, 1.0, True)])
    for what, call in (
        ("X", lambda: ng.Supervised(rows, Y)),
        ("Y", lambda: ng.Supervised(X, classes, loss="categorical")),
        ("Y", lambda: ng.fine_tune(genome, X, classes, loss="categorical", steps=1)),
    ):
        assert message_of(ValueError, call) == (
            f"{what}: expected numbers of which none is masked, got some that are. "
            "Fill them in with filled(…)."
        )


def test_statistics_that_are_not_finite_are_refused():
    genome = build(2, 1, {}, [(0, 2, 1.0, True)])
    statistics = {"input_mean": np.array([0.0, np.nan]), "input_scale": np.ones(2)}
    assert message_of(ValueError, genome.with_interface, **statistics) == (
        "input_mean: expected finite numbers, got nan at index (1,)."
    )


# ------------------------------------------------------------------------------- what is real


@pytest.mark.parametrize(
    "value",
    [None, "1.5", b"1", 1j, np.complex64(1), np.str_("1"), np.array("1"), np.array([1.0]),
     np.array(None), np.ma.masked, np.ma.masked_array(1.0, True), [1.0], float,
     torch.zeros(2)],
    ids=repr,
)  # fmt: skip
def test_what_is_no_number_is_not_read_as_one(value):
    assert message_of(TypeError, _checks.real, "reward", value).startswith(
        "reward: expected one number, got "
    )


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, 1.0), (True, 1.0), (np.True_, 1.0), (np.float32(1.5), 1.5), (np.int8(3), 3.0),
        (np.array(2.0), 2.0), (fractions.Fraction(1, 2), 0.5), (torch.tensor(2.5), 2.5),
        (10**400, math.inf), (-(10**400), -math.inf), (math.inf, math.inf),
    ],
)  # fmt: skip
def test_what_is_a_number_is_read(value, wanted):
    assert _checks.real("reward", value) == wanted


@pytest.mark.parametrize("value", [1j, np.complex128(1 + 2j), np.complex64(1), np.ma.masked])
def test_weights_of_a_graph_are_real(value):
    graph = nx.DiGraph()
    graph.add_node("x", kind="input")
    graph.add_node("y", kind="output")
    graph.add_edge("x", "y", weight=value)
    assert message_of(TypeError, ng.Genome.from_networkx, graph) == (
        f"edge 'x' → 'y', weight: expected a number, got {_checks.shown(value)}."
    )


def test_weights_that_no_float_holds_are_refused():
    graph = nx.DiGraph()
    graph.add_node("x", kind="input")
    graph.add_node("y", kind="output")
    graph.add_edge("x", "y", weight=10**400)
    text = message_of(ValueError, ng.Genome.from_networkx, graph)
    assert text.startswith("edge 'x' → 'y', weight: expected a number that a float can hold, got ")


@pytest.mark.parametrize("fitness", [[1.0, None], ["1", "2"], np.ma.masked_array([1, 2], [1, 0])])
def test_an_evaluation_answers_in_numbers(fitness):
    class Odd(ng.XOR):
        def evaluate(self, networks, *, seed=0, episodes=None):
            return Evaluation(fitness, 1)

    options = {**FEW, "config": ng.Config(population_size=2)}
    text = message_of((TypeError, ValueError), ng.evolve, Odd(), **options)
    assert text.startswith("evaluate: fitness: expected numbers ")


# ------------------------------------------------------------------------------- environments


def answers(observation=None, reward=1.0, terminated=False, truncated=False):
    """A problem whose environment answers each step so."""

    class Odd(gymnasium.Env):
        observation_space, action_space = spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            return np.zeros(2, np.float32), {}

        def step(self, action):
            seen = np.zeros(2, np.float32) if observation is None else observation
            return seen, reward, terminated, truncated, {}

    return ng.Gymnasium(Odd, max_steps=3)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"reward": "1.5"}, "TypeError: reward: expected one number, got '1.5'."),
        ({"reward": b"1"}, "TypeError: reward: expected one number, got b'1'."),
        ({"reward": None}, "TypeError: reward: expected one number, got None."),
        ({"reward": 1j}, "TypeError: reward: expected one number, got 1j."),
        ({"reward": np.complex64(1)}, "TypeError: reward: expected one number, got np.complex64"),
        ({"reward": np.array("1")}, "TypeError: reward: expected one number, got an array of "),
        ({"reward": np.array([1.0])}, "TypeError: reward: expected one number, got an array of "),
        ({"reward": np.ma.masked}, "TypeError: reward: expected one number, got an array of "),
        ({"terminated": "no"}, "TypeError: terminated: expected one number, got 'no'."),
        ({"truncated": None}, "TypeError: truncated: expected one number, got None."),
        ({"terminated": np.array([True, False])}, "TypeError: terminated: expected one number, "),
        ({"observation": ["1", "2"]}, "TypeError: observation: expected numbers of shape (2,), "),
        ({"observation": np.array(["1", "2"])}, "TypeError: observation: expected numbers of "),
        ({"observation": [None, 1]}, "TypeError: observation: expected numbers of shape (2,), "),
        ({"observation": np.array([1j, 2])}, "TypeError: observation: expected numbers of shape "),
        ({"observation": np.ma.masked_array([1.0, 2.0], [False, True])},
         "ValueError: observation: expected numbers of which none is masked, got some that are. "),
        ({"observation": np.zeros(3)}, "ValueError: observation: expected shape (2,), got (3,)."),
    ],
    ids=repr,
)  # fmt: skip
def test_what_an_environment_answers_is_read_as_it_is(answer, text):
    problem = answers(**answer)
    networks = grown(1, generations=2, inputs=2, outputs=2)[:2].compile()
    evaluation = problem.evaluate(networks, seed=1)
    assert np.isnan(evaluation.fitness).all()
    told = [why.split(": ", 1) for why in evaluation.failures.values()]
    assert [where for where, _ in told] == ["episode 0, step 1"] * 2
    assert all(why.startswith(text) for _, why in told)
    if "observation" not in answer:
        with pytest.raises((TypeError, ValueError), match="expected one number"):
            list(problem.play(networks[0]))


@pytest.mark.parametrize("reward", [1, True, np.float32(1), np.int64(1), np.array(1.0)])
@pytest.mark.parametrize("over", [True, np.True_, 1, np.array(True)])
def test_numbers_of_any_kind_are_rewards_and_ends(reward, over):
    networks = grown(1, generations=2, inputs=2, outputs=2)[:2].compile()
    for end in ("terminated", "truncated"):
        problem = answers(reward=reward, **{end: over})
        evaluation = problem.evaluate(networks, seed=1)
        assert evaluation.fitness.tolist() == [1.0, 1.0] and problem.ended[end] == 2
        assert [step.reward for step in problem.play(networks[0])] == [1.0]
