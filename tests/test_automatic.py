"""Settings that are chosen for the user: for what, where it is said, and what is warned of."""

import io
import json
import warnings

import numpy as np
import pytest
from conftest import build, pack

import neatgrow as ng
from neatgrow.automatic import asked, resolved
from neatgrow.files.archive import FileError, read_archive, write_archive
from neatgrow.kernels import functions
from neatgrow.learning.targets import RANGES
from neatgrow.problems import catalogue, sequences
from neatgrow.problems.function import Function
from neatgrow.runs.checkpoints import VERSION, load_population, load_snapshot
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.options import Options
from neatgrow.runs.progress import Progress

OUTPUTS = "genes.activation.outputs"
X = np.linspace(-1, 1, 20)[:, None]
LINE = 3.0 * X + 5.0


class Own:
    """A problem of the user's, with some attributes more."""

    name, inputs, outputs = "own", 1, 1
    input_names = output_names = solved_at = None
    noisy = False

    def __init__(self, **more):
        self.__dict__.update(more)

    def evaluate(self, networks, *, seed, episodes=None):
        return ng.Evaluation(np.zeros(len(networks)), 1)

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "own"}


def chosen_for(problem, config=None):
    return Evolution(problem, config).population.chosen


PROBLEMS = {
    "Gymnasium": (lambda: ng.Gymnasium("CartPole-v1"), True, None),
    "PoleBalancing": (ng.PoleBalancing, True, None),
    "TMaze": (ng.TMaze, True, None),
    "Walker": (ng.Walker, True, "sigmoid"),
    "sequences": (sequences.recall, True, "identity"),
    "XOR": (ng.XOR, False, None),
    "samples": (lambda: ng.Supervised(X, LINE), False, "identity"),
    "a function": (lambda: Function(len, inputs=1, outputs=1), False, None),
    "own": (Own, False, None),
    "own that says so": (lambda: Own(sequential=True, output_activation="sin"), True, "sin"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_loops_are_allowed_where_a_problem_unfolds_in_time_and_outputs_suit_it(name):
    make, loops, outputs = PROBLEMS[name]
    run = Evolution(make())
    assert run.population.chosen == {"recurrent": loops, OUTPUTS: outputs}
    assert run.population.config.recurrent is loops
    assert run.population.config.genes.activation.outputs == outputs


def test_without_a_problem_there_are_no_loops_and_outputs_are_like_the_others():
    population = ng.Population(1, 1)
    assert population.chosen == {"recurrent": False, OUTPUTS: None}
    assert population.config == ng.Config(recurrent=False).override({OUTPUTS: None})


def test_what_is_asked_for_is_not_chosen():
    config = ng.Config(recurrent=False).override({OUTPUTS: "none"})
    run = Evolution(ng.TMaze(), config)
    assert run.population.chosen == {} and run.population.config == config
    assert chosen_for(ng.TMaze(), ng.Config(recurrent=False)) == {OUTPUTS: None}
    assert Evolution(ng.XOR(), ng.Config.paper()).population.config == ng.Config.paper()


@pytest.mark.parametrize(
    ("targets", "loss", "outputs"),
    [
        (X > 0, "mse", None),
        (np.sign(X), "mae", None),
        (np.sign(X), "huber", None),
        (X > 2, "mse", "identity"),  # one value
        (2.0 * (X > 0), "mse", "identity"),
        (np.round(X), "mse", "identity"),  # −1, 0 and 1
        (LINE, "huber", "identity"),
        (X > 0, "binary", "identity"),
        (np.arange(20) % 3, "categorical", "identity"),
    ],
)
def test_outputs_are_of_identity_but_for_truth_values(targets, loss, outputs):
    problem = ng.Supervised(X, targets, loss=loss)
    assert problem.output_activation == outputs
    genomes = Evolution(problem).population.ask()
    own = "tanh" if outputs is None else outputs
    assert {genome.activation_names[0] for genome in genomes} == {own}


def test_targets_that_do_not_count_settle_nothing():
    problem = sequences.recall()  # all but the last tick are 0 and of weight 0
    signs = 2.0 * problem.Y - 1.0
    signs[:-1] = 7.0
    options = {"weights": problem.weights, "sequences": True}
    assert ng.Supervised(problem.X, signs, **options).output_activation is None


def test_a_regression_with_an_offset_is_learned_with_the_defaults():
    result = ng.evolve(ng.Supervised(X, LINE), generations=30, seed=1)
    assert result.champion_fitness > -0.1  # −17.6 by outputs of tanh


def test_table_problems_grow_no_loops_and_sequences_do():
    more = {"population_size": 30, "mutation.add_loop": 0.9}
    config = ng.Config().override(more)
    for problem, loops in ((ng.XOR(), False), (sequences.recall(samples=4), True)):
        result = ng.evolve(problem, config=config, generations=5, solved_at=99.0)
        genomes = result.population.genomes
        assert bool(genomes.compile().plan.has_state.any()) is loops


def test_champions_of_samples_answer_alike_by_predict_and_row_by_row():
    result = ng.evolve(ng.Supervised(X, np.sin(4 * X)), generations=40, seed=3)
    network = result.champion.compile()
    rows = np.array([network.activate(x) for x in X])
    np.testing.assert_allclose(rows, network.predict(X), atol=1e-5)


# ------------------------------------------------------------------------------ said and kept


def test_auto_comes_from_toml_and_from_the_line(tmp_path, monkeypatch, unpainted):
    from neatgrow.cli import main

    config = ng.Config()
    assert config.recurrent == "auto" and ng.Config.from_toml(config.to_toml()) == config
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("recurrent = false\n")
    main(["run", "t-maze", "--config", "mine.toml", "--set", "recurrent=auto", "--population", "9",
          "--generations", "1", "--out", "out"])  # fmt: skip
    assert ng.Config.from_toml(tmp_path / "out" / "config.toml") == ng.Config(population_size=9)


@pytest.mark.parametrize("value", ["atuo", "true", 1, None, "none"])
def test_another_word_for_loops_is_refused(value):
    with pytest.raises(
        TypeError, match=r"^Config\.recurrent: expected a value of type bool or 'auto'"
    ):
        ng.Config(recurrent=value)


@pytest.mark.parametrize(
    ("make", "config", "text"),
    [
        (ng.XOR, None, "xor: 2 inputs, 1 output, population 150, at most 9 generations, seed 4; "
         "no loops, since samples have no order (recurrent=True allows them)\n"),
        (ng.TMaze, None, "; loops allowed, since the problem unfolds in time (recurrent=False "
         "forbids them)\n"),
        (Own, None, "own: 1 input, 1 output, population 150, at most 9 generations, seed 4; "
         "no loops, since the problem says nothing of time (recurrent=True allows them)\n"),
        (Own, ng.Config(recurrent=True), "seed 4; loops allowed\n"),
        (lambda: ng.Supervised(X, LINE), ng.Config(recurrent=False), "seed 4; no loops; identity "
         "outputs, which suit the targets (genes.activation.outputs)\n"),
    ],
)  # fmt: skip
def test_the_first_line_says_what_was_chosen_and_how_to_change_it(make, config, text):
    stream = io.StringIO()
    line = Progress(stream)
    run = Evolution(make(), config, Options(generations=9), seed=4)
    line.begin(run.problem, run.population, run.generations)
    line.close()
    assert stream.getvalue().endswith(text) and stream.getvalue().count("\n") == 1


def test_a_run_keeps_what_was_chosen_and_what_was_asked_for(tmp_path, capsys):
    options = {"config": ng.Config(population_size=20), "solved_at": 99.0, "seed": 2}
    problem = ng.Supervised(X, LINE)
    whole = ng.evolve(problem, **options, generations=6)
    ng.evolve(problem, **options, generations=3, directory=tmp_path, progress=True)
    assert capsys.readouterr().err.startswith("supervised: 1 input, 1 output, population 20")
    kept = {"recurrent": False, OUTPUTS: "identity"}
    assert json.loads((tmp_path / "problem.json").read_text())["run"]["chosen"] == kept
    assert ng.Config.from_toml(tmp_path / "config.toml") == options["config"]
    snapshot = load_snapshot(tmp_path / "checkpoints" / "00000003.npz")
    assert snapshot.population.chosen == kept
    assert snapshot.population.config == resolved(options["config"], kept)[0]
    problem.output_activation = "sin"  # of a later release, say
    again = ng.resume(tmp_path, problem=problem, generations=6, changes={OUTPUTS: "auto"})
    assert again.fingerprint == whole.fingerprint and again.population.chosen == kept
    assert ng.Config.from_toml(tmp_path / "config.toml") == options["config"]
    with pytest.raises(ValueError, match="recurrent: expected False as when the run began, got T"):
        ng.resume(tmp_path, problem=problem, generations=7, changes={"recurrent": True})
    ng.resume(tmp_path, problem=problem, generations=7, changes={OUTPUTS: "sin"})
    config = ng.Config.from_toml(tmp_path / "config.toml")
    assert config == options["config"].override({OUTPUTS: "sin"})
    about = json.loads((tmp_path / "problem.json").read_text())["run"]
    assert about["chosen"] == {"recurrent": False}


def test_a_population_keeps_what_was_chosen(tmp_path):
    population = ng.Population(1, 1, ng.Config(population_size=5))
    population.ask()
    population.tell(np.zeros(5))
    population.save(tmp_path / "a.npz")
    again = ng.Population.load(tmp_path / "a.npz")
    assert (again.config, again.chosen) == (population.config, population.chosen)
    assert asked(again.config, again.chosen) == ng.Config(population_size=5)
    metadata, arrays = read_archive(tmp_path / "a.npz", ["neatgrow population"], VERSION)
    for damage in ({"recurrent": True}, {"seed": 3}, {"genes.activation.start": "tanh"}, [1], 3):
        write_archive(tmp_path / "b.npz", {**metadata, "chosen": damage}, arrays)
        with pytest.raises(FileError, match="expected a sound population"):
            load_population(tmp_path / "b.npz")


# ------------------------------------------------------------------------------ warnings


def begun(problem, **changes):
    return Evolution(problem, ng.Config(population_size=5).override(changes))


def test_loops_on_a_table_are_warned_of_once(tmp_path):
    config = ng.Config(population_size=10, recurrent=True)
    options = {"config": config, "generations": 2, "solved_at": 99.0, "directory": tmp_path}
    with pytest.warns(RuntimeWarning, match="^recurrent: expected False with xor, whose") as caught:
        ng.evolve(ng.XOR(), **options)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert "use predict(), or call reset() before each sample." in str(caught[0].message)
    ng.resume(tmp_path, generations=3)  # said already: warnings are errors here
    begun(sequences.recall(), recurrent=True)
    begun(Own(), recurrent=True)  # does not say that its samples have no order


SOME = {"genes.activation.options": ["tanh", "relu"], OUTPUTS: None}


@pytest.mark.parametrize(
    ("problem", "changes", "said"),
    [
        ((X, LINE), {OUTPUTS: "tanh"}, "reach targets from 2 to 8, got tanh (-1 to 1). "),
        ((X, LINE), {OUTPUTS: None}, "got tanh (-1 to 1). "),
        ((X, -LINE), {**SOME, "genes.activation.swap_rate": 0.1},
         "got tanh (-1 to 1) and relu (0 to inf). "),
        ((X, LINE), SOME, "got tanh (-1 to 1). "),  # which nothing can swap
        ((X, X > 0, "binary"), {OUTPUTS: "sigmoid"}, "the loss binary takes as logits, got sig"),
        ((X, X > 0, "binary"), {OUTPUTS: "relu"}, "got relu (0 to inf), so that no answer can "),
        ((X, np.arange(20) % 3, "categorical"), {OUTPUTS: "tanh"}, "got tanh (-1 to 1)"),
    ],
)  # fmt: skip
def test_outputs_that_cannot_reach_the_targets_are_warned_of_with_the_remedy(
    problem, changes, said
):
    X, Y, *loss = problem
    with pytest.warns(RuntimeWarning) as caught:
        begun(ng.Supervised(X, Y, loss=loss[0] if loss else "mse"), **changes)
    (text,) = (str(warning.message) for warning in caught)
    assert text.startswith("genes.activation.outputs: expected outputs ") and said in text
    assert 'Set "genes.activation.outputs" to "identity"' in text


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ((X, LINE), {}),
        ((X, LINE), {OUTPUTS: "relu"}),
        ((X, LINE), {**SOME, "genes.activation.swap_rate": 0.1}),
        ((X, LINE), {**SOME, "genes.activation.start": "random"}),
        ((X, X), {OUTPUTS: "tanh"}),
        ((X, X * (1 + 1e-9)), {OUTPUTS: "tanh"}),  # rounding
        ((X, X > 0), {OUTPUTS: "sigmoid"}),
        ((X, 0.3 + 0.4 * (X > 0), "binary"), {OUTPUTS: "tanh"}),  # logits within ±0.85
        ((X, np.arange(20) % 3, "categorical"), {OUTPUTS: "relu"}),
    ],
)
def test_outputs_that_can_reach_the_targets_are_not_warned_of(problem, changes):
    X, Y, *loss = problem
    begun(ng.Supervised(X, Y, loss=loss[0] if loss else "mse"), **changes)


def test_a_registered_activation_may_reach_anything(monkeypatch):
    monkeypatch.setattr(functions, "_registered", {})
    ng.register_activation("cube", lambda z: z * z * z)
    begun(ng.Supervised(X, LINE), **{OUTPUTS: "cube"})
    genome = build(1, 1, {1: ("cube", "sum", 0.0)}, [(0, 1, 1.0, True)])
    ng.fine_tune(genome, X, LINE, steps=1)


def test_class_numbers_of_lessons_are_certain_targets():
    lessons = ng.Lessons(X, np.arange(20) % 3, "categorical")
    problem = Own(lessons=lambda: lessons, outputs=3)
    with pytest.warns(RuntimeWarning, match="takes as logits, got tanh"):
        begun(problem)
    begun(problem, **{OUTPUTS: "identity"})


@pytest.mark.parametrize("Y", [150 + X, 60 * X * X * X * X - 80 * X])
def test_targets_far_from_0_are_warned_of_and_standardised_ones_are_not(Y):
    with pytest.warns(RuntimeWarning, match="^Y: expected targets within what one bias .* Standar"):
        begun(ng.Supervised(X, Y))
    begun(ng.Supervised(X, (Y - Y.mean(axis=0)) / Y.std(axis=0)))


def test_wide_targets_of_wide_inputs_are_within_reach():
    begun(ng.Supervised(100 * X, 60 * X))
    with pytest.warns(RuntimeWarning, match="^Y: expected targets"):
        begun(ng.Supervised(X, 60 * X))


def test_samples_without_a_class_need_no_certainty():
    Y = np.eye(3)[np.arange(20) % 3] * (np.arange(20) > 9)[:, None]
    begun(ng.Supervised(X, 0.0 * Y, loss="categorical"), **{OUTPUTS: "tanh"})
    with pytest.warns(RuntimeWarning, match="takes as logits"):
        begun(ng.Supervised(X, Y, loss="categorical"), **{OUTPUTS: "tanh"})


def test_the_targets_of_the_catalogue_need_no_warning():
    for entry in catalogue.ENTRIES.values():
        if entry.build is not None and entry.extra == "":
            begun(entry.build(**entry.options), **entry.settings)


@pytest.mark.parametrize("name", functions.ACTIVATIONS)
def test_ranges_are_those_that_activations_have(name):
    z = np.concatenate([np.linspace(-50, 50, 200_001), [-1e30, 1e30, -1e-30, 1e-30]])
    genome = build(1, 1, {1: (name, "sum", 0.0)}, [(0, 1, 1.0, True)])
    values = genome.compile(float).predict(z[:, None])
    low, high = RANGES[name]
    assert values.min() >= low and values.max() <= high
    for bound, got in ((low, values.min()), (high, values.max())):
        assert abs(got) >= 1e27 if np.isinf(bound) else got == pytest.approx(bound, abs=1e-6)


def genome_of(activation):
    return build(
        1, 2, {1: ("identity", "sum", 0.0), 2: (activation, "sum", 0.0)}, [(0, 1, 1.0, True)]
    )


def test_fine_tune_warns_of_outputs_that_cannot_reach_the_targets():
    Y = np.hstack([LINE, LINE])
    with pytest.warns(RuntimeWarning) as caught:
        ng.fine_tune(genome_of("tanh"), X, Y, steps=1)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert str(caught[0].message) == (
        "fine_tune: expected outputs that can reach targets from 2 to 8, got tanh (-1 to 1). "
        'Evolve with "genes.activation.outputs" set to "identity", or scale the targets.'
    )
    several = pack([genome_of(name) for name in ("identity", "sigmoid", "tanh")])
    with pytest.warns(RuntimeWarning, match=r"got sigmoid \(0 to 1\) in 2 of 3 genomes"):
        ng.fine_tune(several, X, Y, steps=1)
    with pytest.warns(
        RuntimeWarning, match=r"got tanh \(-1 to 1\) in 1 of 3 genomes"
    ):  # a set each
        ng.fine_tune(several, np.stack([X] * 3), np.stack([Y, Y * 0, Y]), steps=1)
    with pytest.warns(RuntimeWarning, match="the loss binary takes as logits"):
        ng.fine_tune(genome_of("tanh"), X, np.hstack([X > 0, X > 0]), loss="binary", steps=1)
    ng.fine_tune(genome_of("tanh"), X, np.hstack([LINE, X]), steps=1)
    ng.fine_tune(genome_of("identity"), X, Y, steps=1)


def test_fine_tune_says_where_no_step_was_better_by_the_validation_set():
    right = build(1, 1, {1: ("identity", "sum", 5.0)}, [(0, 1, 3.0, True)])
    wrong = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 3.0, True)])
    noisy = LINE + np.random.default_rng(0).normal(size=LINE.shape)
    with pytest.warns(RuntimeWarning) as caught:
        tuned, _ = ng.fine_tune(pack([right, wrong, right]), X, noisy, validation=(X, LINE))
    assert len(caught) == 1 and caught[0].filename == __file__
    assert str(caught[0].message) == (
        "validation: expected steps that are better than the start, got none for 2 of 3 genomes, "
        "which stay as they were. Validate on samples that evolution has not selected on, lower "
        "the rate, or leave validation out."
    )
    assert tuned[0] == right == tuned[2] and tuned[1] != wrong
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ng.fine_tune(wrong, X, noisy, validation=(X, LINE))
