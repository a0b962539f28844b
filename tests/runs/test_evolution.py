"""Runs from end to end: what stops them, what they believe, what they say."""

import io
import json
import os
import signal

import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.evaluation.base import Evaluation, Problem
from neatgrow.kernels import jit, parallel
from neatgrow.runs.evaluator import EvaluationError
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import COLUMNS
from neatgrow.runs.progress import Progress
from neatgrow.runs.retests import RETEST_EPISODES, SOLVED_EPISODES

CASES = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]


def xor_fitness(network):
    return 4.0 - sum((network.activate(x)[0] - y) ** 2 for x, y in CASES)


class Lucky:
    """Fitness is 100 at first sight for odd rows; retests reveal the true value."""

    name, inputs, outputs = "lucky", 1, 1
    input_names = output_names = None
    solved_at = 50.0
    noisy = True

    def __init__(self, true=10.0):
        self.true, self.asked = true, []

    def evaluate(self, networks, *, seed, episodes=None):
        self.asked.append((len(networks), seed, episodes))
        fitness = np.full(len(networks), self.true)
        if episodes is None:
            fitness[1::2] = 100.0
        scores = np.repeat(fitness[:, None], episodes or 1, axis=1)
        return Evaluation(fitness, len(networks), scores=scores)

    def statistics(self):
        return {"input_mean": np.array([3.0]), "input_scale": np.array([0.5])}

    def describe(self):
        return {"problem": "lucky"}


def small(**changes):
    return ng.Config(population_size=20).override(VARIED | changes)


def columns(history):
    return {name: history[name] for name in COLUMNS if not name.startswith("seconds")}


def test_a_fitness_function_is_solved_and_the_champion_is_what_solved_it():
    result = ng.evolve(
        xor_fitness, inputs=2, outputs=1, generations=300, seed=1, solved_at=3.9, progress=False
    )
    assert result.solved and result.stopped == "solved"
    assert result.champion_fitness >= 3.9
    again = xor_fitness(result.champion.compile())
    assert again == pytest.approx(result.champion_fitness, abs=1e-5)
    assert result.history["champion"].max() == result.champion_fitness


def test_same_seed_same_run_for_any_number_of_threads():
    runs = []
    before = parallel.thread_count()
    try:
        for count in (1, 2):
            parallel.set_threads(count)
            runs.append(ng.evolve(ng.XOR(), generations=15, seed=5, solved_at=99.0))
    finally:
        parallel.set_threads(before)
    assert runs[0].champion == runs[1].champion
    for name, values in columns(runs[0].history).items():
        assert np.array_equal(values, runs[1].history[name]), name


def test_the_run_stops_for_each_of_its_reasons():
    always = {"config": small(), "solved_at": 99.0}
    assert ng.evolve(ng.XOR(), generations=3, **always).stopped == "generations"
    assert ng.evolve(ng.XOR(), generations=99, seconds=0, **always).stopped == "seconds"
    seen = []
    result = ng.evolve(
        ng.XOR(), callbacks=[lambda run: seen.append(run) or len(run.history) == 2], **always
    )
    assert result.stopped == "callback" and len(result.history) == len(seen) == 2


def test_an_interrupt_returns_the_result_so_far():
    calls = []

    def fitness(network):
        calls.append(1)
        if len(calls) > 50:
            raise KeyboardInterrupt
        return 1.0

    result = ng.evolve(fitness, inputs=1, outputs=1, config=small())
    assert result.stopped == "interrupted" and len(result.history) == 2
    assert result.champion_fitness == 1.0

    def at_once(network):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ng.evolve(at_once, inputs=1, outputs=1, config=small())


def test_a_lucky_best_is_not_believed_before_it_is_retested():
    problem = Lucky(true=10.0)
    result = ng.evolve(problem, config=small(), generations=2)
    assert result.champion_fitness == 10.0 and not result.solved
    *first, last = [asked for asked in problem.asked if asked[0] < 20]
    assert first and all(asked[2] == RETEST_EPISODES for asked in first)
    assert last[2] == SOLVED_EPISODES and result.verified == Verified(10.0, 0.0, 100)
    told = {asked[1] for asked in problem.asked if asked[0] == 20}
    tests = {asked[1] for asked in problem.asked if asked[0] < 20}
    assert len(told) == 2 and not told & tests  # nobody is tested on what it was chosen by


def test_a_noisy_problem_is_solved_only_by_the_mean_over_a_hundred_episodes():
    problem = Lucky(true=60.0)
    result = ng.evolve(problem, config=small(), generations=5)
    assert result.solved and result.champion_fitness == 60.0 and len(result.history) == 1
    tests = [RETEST_EPISODES] * 3 + [SOLVED_EPISODES] * 2  # three candidates, and a final one
    assert [asked[2] for asked in problem.asked] == [None, *tests]


def test_the_champion_carries_the_statistics_it_was_judged_with(tmp_path):
    champion = ng.evolve(Lucky(), config=small(), generations=1).champion
    champion.save(tmp_path / "c.npz")
    loaded = ng.load_genome(tmp_path / "c.npz")
    plain = loaded.with_interface(input_mean=None, input_scale=None)
    x = np.array([7.0])
    assert np.array_equal(loaded.interface.input_mean, [3.0])
    expected = plain.compile().activate((x - 3.0) * 0.5)
    assert np.array_equal(loaded.compile().activate(x), expected)


def test_minimize_negates_once_at_the_boundary():
    def loss(network):
        return float((network.activate([0.5])[0] - 0.25) ** 2)

    result = ng.evolve(
        loss, inputs=1, outputs=1, config=small(), generations=60, minimize=True, solved_at=1e-4
    )
    assert result.solved and 0 <= result.champion_fitness <= 1e-4
    champion = result.history["champion"]
    assert (np.diff(champion) <= 0).all() and champion[-1] == result.champion_fitness
    assert (result.history["best"] <= result.history["mean"]).all()


def test_one_genome_that_raises_is_counted_and_named_and_the_run_goes_on():
    calls = []

    def fitness(network):
        calls.append(1)
        if len(calls) % 20 == 4:
            raise ZeroDivisionError("a bad day")
        return 1.0

    seen = []
    result = ng.evolve(
        fitness, inputs=1, outputs=1, config=small(), generations=3,
        callbacks=[lambda run: seen.append(dict(run.failures))],
    )  # fmt: skip
    assert seen == [{3: "ZeroDivisionError: a bad day"}] * 3
    assert result.history["failures"].tolist() == [1, 1, 1]
    calls.clear()
    with pytest.raises(EvaluationError, match=r"genome 3 of generation 1: ZeroDivisionError: a b"):
        ng.evolve(fitness, inputs=1, outputs=1, config=small(), on_error="raise")


def test_nan_is_a_failure_and_failures_alone_end_with_a_message():
    def fitness(network):
        return float("nan")

    with pytest.raises(RuntimeError) as caught:
        ng.evolve(fitness, inputs=1, outputs=1, config=small(), generations=2)
    assert str(caught.value) == (
        "evolve: expected at least one evaluation that succeeds, got none. The first failure "
        "was: genome 0 of generation 1: fitness is nan."
    )


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"problem": lambda n: None, "inputs": 1, "outputs": 1}, ValueError,
         "fitness: expected a number, got None. Return a number from the fitness "
         "function; return NaN for an evaluation that failed."),
        ({"problem": lambda n: "good", "inputs": 1, "outputs": 1}, TypeError,
         "fitness: expected one number, got 'good'. Return a float from the function."),
        ({"problem": lambda n: 1.0}, TypeError,
         "evolve: expected inputs= and outputs= with a fitness function, got inputs=None, "
         "outputs=None. Say how many values go in and out."),
        ({"problem": ng.XOR(), "inputs": 2}, TypeError,
         "inputs, outputs, noisy: expected only with a fitness function, got them with the problem "
         "'xor', which has its own. Leave them out."),
        ({"problem": 3}, TypeError,
         "problem: expected a Problem or a function of one network, got 3."),
        ({"problem": ng.XOR(), "generations": 0}, ValueError,
         "generations: expected an integer of at least 1, got 0."),
        ({"problem": ng.XOR(), "on_error": "ignore"}, ValueError,
         "on_error: expected one of record, raise, got 'ignore'. Known: raise, record."),
    ],
)  # fmt: skip
def test_misuse_is_refused_in_words(arguments, kind, message):
    with pytest.raises(kind) as caught:
        ng.evolve(**arguments)
    assert str(caught.value) == message


def test_the_population_is_exact_and_the_champion_never_falls():
    sizes = []
    result = ng.evolve(
        ng.XOR(), config=small(), generations=25, solved_at=99.0,
        callbacks=[lambda run: sizes.append(len(run.population.genomes))],
    )  # fmt: skip
    assert sizes == [20] * 25
    history = result.history
    assert np.array_equal(history["champion"], np.maximum.accumulate(history["best"]))
    assert history["evaluations"].tolist() == [20] * 25
    assert history["generation"].tolist() == list(range(1, 26))


def test_the_progress_line_says_what_it_promises():
    stream = io.StringIO()
    line = Progress(stream)
    result = ng.evolve(
        ng.XOR(), config=small(), generations=2, solved_at=99.0,
        callbacks=[lambda run: line.update(run.history, 7)],
    )  # fmt: skip
    line.close()
    text = stream.getvalue().splitlines()[-1]
    row = result.history[-1]
    for part in (
        "generation 2/7", f"best {row['best']:.4g}", f"mean {row['mean']:.4g}",
        f"species {row['species']}", "evaluations 40", "evaluation ", "reproduction ",
        "compilation ",
    ):  # fmt: skip
        assert part in text


# ------------------------------------------------------------------------- whole runs


@pytest.mark.parametrize(
    "make", [ng.XOR, lambda: ng.Gymnasium("CartPole-v1", episodes=2)], ids=["xor", "cartpole"]
)
def test_same_seed_same_run_where_work_is_really_split_over_threads(make, threads):
    def run(count, seed=5):
        threads(count)
        return ng.evolve(make(), config=small(), generations=6, seed=seed, solved_at=1e9)

    first, *others = [run(count) for count in (1, 1, 2)]
    for other in others:
        assert first.champion == other.champion
        assert first.champion_fitness == other.champion_fitness
        for name, values in columns(first.history).items():
            assert np.array_equal(values, other.history[name]), name
        assert first.history.species_sizes == other.history.species_sizes
    assert run(1, seed=6).champion != first.champion


def test_the_first_lines_of_the_design_run_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = ng.evolve(ng.Gymnasium("CartPole-v1", episodes=5), generations=50, seed=1)
    assert result.solved is True and result.stopped == "solved"
    assert isinstance(result.champion_fitness, float) and 475 <= result.champion_fitness <= 500
    assert len(result.history) == result.population.generation <= 50
    network = result.champion.compile()
    assert network.activate([0.0, 0.1, 0.0, -0.1]).shape == (2,)
    ng.draw(result.champion).savefig("champion.png")
    result.champion.save("champion.npz")
    assert ng.load_genome("champion.npz") == result.champion
    graph = result.champion.to_networkx()
    assert graph.graph["output_names"] == ("left", "right")
    assert ng.Genome.from_networkx(graph) == result.champion
    assert repr(result) == (
        f"Result(solved=True, champion_fitness={result.champion_fitness:.6g}, "
        f"verified={result.verified}, generations={len(result.history)}, stopped='solved')"
    )
    fresh = result.problem.evaluate(network.networks, seed=99, episodes=100)
    assert fresh.fitness[0] >= 450  # episodes that neither run nor retest has seen


def test_the_loop_of_the_design_keeps_the_best_ever_told():
    X = np.array(X_OF_CASES, float)
    Y = np.array(Y_OF_CASES, float)[:, None]
    population = ng.Population(inputs=2, outputs=1, config=small(), seed=1)
    best = -np.inf
    for _ in range(30):
        genomes = population.ask()
        predictions = genomes.compile().predict(X)
        assert predictions.shape == (20, 4, 1)
        fitness = -((predictions - Y) ** 2).mean(axis=(1, 2))
        population.tell(fitness)
        best = max(best, fitness.max())
    assert population.champion_fitness == pytest.approx(best, rel=1e-7)
    mse = ((population.champion.compile().predict(X) - Y) ** 2).mean()
    assert -mse == pytest.approx(best, rel=1e-5)


X_OF_CASES = [x for x, _ in CASES]
Y_OF_CASES = [y for _, y in CASES]


def test_a_champion_is_what_the_history_says_it_is():
    result = ng.evolve(ng.XOR(), config=small(), generations=20, seed=2, solved_at=99.0)
    fitness = ng.XOR().evaluate(result.champion.batch().compile()).fitness[0]
    assert fitness == result.champion_fitness == result.history[-1]["champion"]
    assert result.champion == result.population.champion
    assert result.champion.interface.output_names == ("a xor b",)


def test_every_genome_of_every_generation_is_in_one_species():
    told = []
    result = ng.evolve(
        ng.XOR(), config=small(), generations=4, solved_at=99.0,
        callbacks=[lambda run: told.append((run.population.generation, len(run.history)))],
    )  # fmt: skip
    assert told == [(1, 1), (2, 2), (3, 3), (4, 4)]
    sizes = result.history.species_sizes
    assert [sum(row.values()) for row in sizes] == [20] * 4
    assert [len(row) for row in sizes] == result.history["species"].tolist()


def test_a_deterministic_problem_is_evaluated_once_per_genome_and_its_champion_once_more():
    calls = []

    def fitness(network):
        calls.append(network)
        return float(network.activate([1.0])[0])

    result = ng.evolve(fitness, inputs=1, outputs=1, config=small(), generations=3)
    assert len(calls) == 61 and result.history.total("evaluations") == 60
    assert result.verified == Verified(result.champion_fitness, 0.0, 1)


# ------------------------------------------------------------------------- what stops a run


class Fragile:
    """Ctrl-C arrives while it is taken apart, where Python only mentions it."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_forgets_ends_the_run_too():
    def fitness(network):
        if len(seen) == 2:
            seen.append(0)
            Fragile()
        return 1.0

    seen = []
    result = ng.evolve(
        fitness, inputs=1, outputs=1, config=small(), generations=9,
        callbacks=[lambda run: seen.append(1)],
    )  # fmt: skip
    assert result.stopped == "interrupted" and len(result.history) == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_in_a_callback_returns_the_result_so_far(tmp_path):
    def interrupt(run):
        if len(run.history) == 3:
            raise KeyboardInterrupt

    result = ng.evolve(
        ng.XOR(), config=small(), solved_at=99.0, callbacks=[interrupt], directory=tmp_path / "run"
    )
    assert result.stopped == "interrupted" and len(result.history) == 3
    assert ng.load_genome(tmp_path / "run" / "champion.npz") == result.champion
    assert (tmp_path / "run" / "history.csv").read_text("utf-8") == result.history.to_csv()


def test_being_solved_goes_before_a_callback_and_before_the_time():
    result = ng.evolve(
        lambda network: 1.0, inputs=1, outputs=1, config=small(), solved_at=1.0, seconds=0,
        callbacks=[lambda run: True],
    )  # fmt: skip
    assert result.stopped == "solved" and len(result.history) == 1


@pytest.mark.parametrize(
    ("callbacks", "stopped"),
    [
        (lambda run: run.history["best"][-1] > -1e9, "callback"),  # of numpy
        ([lambda run: None, lambda run: 1], "callback"),
        (lambda run: 0, "generations"),
        ((lambda run: np.False_, lambda run: None), "generations"),
    ],
)
def test_an_answer_of_a_callback_that_is_true_stops_the_run(callbacks, stopped):
    result = ng.evolve(ng.XOR(), config=small(), generations=3, solved_at=99.0, callbacks=callbacks)
    assert result.stopped == stopped
    assert len(result.history) == (1 if stopped == "callback" else 3)


# ------------------------------------------------------------------------- noisy problems


class Noisy(Lucky):
    """The first look at a row is ``first(row)``, a longer one ``retest(row, episodes)``.

    A retest sees networks that are known by their bias: for runs of one generation.
    """

    def __init__(self, first, retest, solved_at=None):
        super().__init__()
        self.first, self.retest, self.solved_at = first, retest, solved_at
        self.tested = []

    def evaluate(self, networks, *, seed, episodes=None):
        bias = networks.plan.bias
        if episodes is None:
            self.row_of = {float(b): row for row, b in enumerate(bias)}
            fitness = [self.first(row) for row in range(len(networks))]
        else:
            rows = [self.row_of[float(b)] for b in bias]
            self.tested += [(row, episodes) for row in rows]
            fitness = [self.retest(row, episodes) for row in rows]
        fitness = np.array(fitness, np.float64)
        scores = np.repeat(fitness[:, None], episodes or 1, axis=1)
        return Evaluation(fitness, len(networks) * (episodes or 1), scores=scores)


def test_a_retested_value_counts_and_so_do_its_episodes():
    problem = Noisy(first=float, retest=lambda row, episodes: 18.5)
    result = ng.evolve(problem, config=small(), generations=1)
    assert problem.tested == [(19, RETEST_EPISODES), (19, SOLVED_EPISODES)]  # the last: verified
    assert result.champion_fitness == 18.5 and result.population.fitness[19] == 18.5
    row = result.history[0]
    assert (row["evaluations"], row["steps"]) == (20 + 1, 20 + RETEST_EPISODES)
    assert row["retest_episodes"] == RETEST_EPISODES


def test_the_next_best_challenges_a_best_that_does_not_hold_up():
    worth = {19: 5.0, 18: 9.0, 17: 7.0}
    problem = Noisy(first=float, retest=lambda row, episodes: worth[row])
    result = ng.evolve(problem, config=small(), generations=1)
    n = RETEST_EPISODES
    # All on the same episodes; the next best, which is better, also on others: by these it counts.
    compared = [(19, n), (18, n), (18, n), (17, n)]
    assert problem.tested == [*compared, (18, SOLVED_EPISODES)]
    assert result.champion == result.population.genomes[18]
    assert result.champion_fitness == 9.0 == result.history[0]["champion"]


def test_a_retest_that_fails_costs_the_candidate_its_chance_and_no_fitness():
    problem = Noisy(first=float, retest=lambda row, episodes: np.nan if row % 2 else 5.0)
    result = ng.evolve(problem, config=small(), generations=1)
    assert problem.tested[:2] == [(19, RETEST_EPISODES), (18, RETEST_EPISODES)]
    assert result.champion_fitness == 5.0 and result.retests_failed == 2
    assert result.history[0]["failures"] == 0 and result.population.fitness[19] == 19.0
    assert result.failures == [(1, row, "in the retest: fitness is nan") for row in (19, 17)]
    assert result.champion == result.population.genomes[18]


def test_where_every_retest_fails_the_best_as_told_is_champion_and_the_result_says_so():
    problem = Noisy(first=float, retest=lambda row, episodes: np.nan)
    result = ng.evolve(problem, config=small(), generations=1)
    assert result.champion == result.population.genomes[19] and result.champion_fitness == 19.0
    assert result.verified is None and result.retests_failed == 3 + 1 and not result.solved
    assert "verified=no" in repr(result) and "retests_failed=4" in repr(result)


def test_twenty_good_episodes_do_not_solve_a_problem_that_a_hundred_do_not():
    problem = Noisy(
        first=lambda row: 100.0 * (row == 0), solved_at=50.0,
        retest=lambda row, episodes: 80.0 if episodes == RETEST_EPISODES else 49.0,
    )  # fmt: skip
    result = ng.evolve(problem, config=small(), generations=1)
    assert not result.solved and result.champion_fitness == 49.0
    assert [episodes for _, episodes in problem.tested] == [20, 100, 100]
    # All episodes are evidence.
    assert result.history[0]["champion"] == pytest.approx((20 * 80 + 100 * 49) / 120)


def test_minimize_turns_the_retest_around_too():
    problem = Noisy(first=lambda row: row - 9.5, retest=lambda row, episodes: -9.0, solved_at=-8.0)
    result = ng.evolve(problem, config=small(), generations=1, minimize=True)
    assert problem.tested == [(0, RETEST_EPISODES), (0, SOLVED_EPISODES), (0, SOLVED_EPISODES)]
    assert result.solved and result.champion_fitness == -9.0


# ------------------------------------------------------------------------- failures


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400])
def test_a_fitness_that_is_not_finite_is_a_failure_and_the_mean_leaves_it_out(value):
    calls = []

    def fitness(network):
        calls.append(1)
        return value if len(calls) % 20 == 1 else len(calls) % 20 + 1.0

    seen = []
    config = small(**{"selection.elites": 0})  # each call has its own fitness, copies or not
    result = ng.evolve(
        fitness, inputs=1, outputs=1, config=config, generations=2, minimize=value == -np.inf,
        callbacks=[lambda run: seen.append(run.failures)],
    )  # fmt: skip
    reason = f"fitness is {float('inf') if value == 10**400 else value}"
    assert seen == [{0: reason}, {0: reason}]
    assert result.history["failures"].tolist() == [1, 1]
    valid = [call % 20 + 1.0 for call in range(2, 21)]
    assert result.history["mean"] == pytest.approx([np.mean(valid)] * 2)
    for name, share in (("lower_quartile", 0.25), ("median", 0.5), ("upper_quartile", 0.75)):
        assert result.history[name] == pytest.approx([np.quantile(valid, share)] * 2)
    assert result.champion_fitness == (min(valid) if value == -np.inf else max(valid))
    assert result.verified is None  # the last call failed


def test_a_run_whose_first_generations_fail_goes_on_and_finds_a_champion():
    calls = []

    def fitness(network):
        calls.append(1)
        if len(calls) <= 40:
            raise RuntimeError("not yet")
        return 1.0

    result = ng.evolve(fitness, inputs=1, outputs=1, config=small(), generations=3)
    assert result.history["failures"].tolist() == [20, 20, 0]
    assert np.isnan(result.history["champion"][:2]).all() and result.champion_fitness == 1.0
    assert np.isnan(result.history["mean"][:2]).all()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.zeros(3), "an array of shape (3,) and dtype float64"),
        ([1.0], "[1.0]"),
        ([[1], [1, 2]], "[[1], [1, 2]]"),
        (np.array(None), "an array of shape () and dtype object"),
        (np.array("x"), "an array of shape () and dtype <U1"),
        (np.complex128(1), "np.complex128(1+0j)"),
        ("3.0", "'3.0'"),
        ({}, "{}"),
    ],
)
def test_what_is_not_one_number_is_refused_and_named(value, shown):
    calls = []

    def fitness(network):
        calls.append(1)
        return value if len(calls) == 3 else 1.0

    cause = f"fitness: expected one number, got {shown}. Return a float from the function."
    result = ng.evolve(fitness, inputs=1, outputs=1, config=small(), generations=1)
    assert result.failures == [(1, 2, cause)] and result.history["failures"].tolist() == [1]
    with pytest.raises(TypeError) as caught:
        ng.evolve(lambda network: value, inputs=1, outputs=1, config=small())
    assert str(caught.value) == cause


@pytest.mark.parametrize(
    "value", [3, 3.0, np.float32(3), np.int64(3), np.uint8(3), np.array(3.0), 10**20, True]
)
def test_numbers_of_every_kind_are_taken(value):
    result = ng.evolve(
        lambda network: value, inputs=1, outputs=1, config=small(), generations=1
    )  # fmt: skip
    assert result.champion_fitness == float(value)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"problem": lambda n: 1.0, "inputs": 0, "outputs": 1}, ValueError,
         "inputs: expected an integer of at least 1, got 0."),
        ({"problem": lambda n: 1.0, "inputs": 2, "outputs": 1.5}, TypeError,
         "outputs: expected an integer of at least 1, got 1.5."),
        ({"problem": lambda n: 1.0, "inputs": 2}, TypeError,
         "evolve: expected inputs= and outputs= with a fitness function, got inputs=2, "
         "outputs=None. Say how many values go in and out."),
        ({"problem": ng.XOR(), "seed": -1}, ValueError,
         "seed: expected an integer of at least 0, got -1. Pass a non-negative number."),
        ({"problem": ng.XOR(), "generations": 2.0}, TypeError,
         "generations: expected an integer of at least 1, got 2.0."),
    ],
)  # fmt: skip
def test_more_misuse_is_refused_in_words(arguments, kind, message):
    with pytest.raises(kind) as caught:
        ng.evolve(**arguments)
    assert str(caught.value) == message


def test_a_dummy_with_the_right_members_is_a_problem():
    assert isinstance(Lucky(), Problem) and isinstance(ng.XOR(), Problem)
    assert not isinstance(xor_fitness, Problem)


# ------------------------------------------------------------------------- what is shown


def test_the_history_in_memory_is_the_history_on_disk(tmp_path):
    result = ng.evolve(
        ng.XOR(), config=small(), generations=5, solved_at=99.0, seed=np.int64(4),
        directory=tmp_path / "run",
    )  # fmt: skip
    assert result.directory == tmp_path / "run"
    header, *lines = (tmp_path / "run" / "history.csv").read_text("utf-8").splitlines()
    assert header.split(",") == list(COLUMNS)
    for k, name in enumerate(COLUMNS):
        on_disk = [float(line.split(",")[k]) for line in lines]
        assert on_disk == pytest.approx(result.history[name], rel=1e-8), name
    description = json.loads((tmp_path / "run" / "problem.json").read_text("utf-8"))
    assert description.pop("run")["solved_at"] == 99.0
    assert description == {"seed": 4, "problem": "xor", "paper": False}
    assert ng.Config.from_toml(tmp_path / "run" / "config.toml") == small()


def test_progress_is_quiet_off_a_terminal_unless_asked_for(capsys):
    ng.evolve(ng.XOR(), config=small(), generations=2, solved_at=99.0)
    assert capsys.readouterr().err == ""
    ng.evolve(ng.XOR(), config=small(), generations=20, solved_at=99.0, progress=True)
    lines = capsys.readouterr().err.splitlines()
    shown = [line.split()[1].split("/") for line in lines if line.startswith("generation")]
    assert [int(now) for now, _ in shown] == [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18]  # rarer
    assert {most for _, most in shown} == {"20"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_one_line_is_written_over_and_the_compile_notice_has_its_own():
    stream, before = Terminal(), list(jit.on_compile)
    line = Progress(stream)
    notice = jit.on_compile[-1]
    ng.evolve(
        ng.XOR(), config=small(), generations=3, solved_at=99.0,
        callbacks=[lambda run: line.update(run.history, run.generations)],
    )  # fmt: skip
    stream.seek(0)
    shown = stream.read()
    notice()
    line.close()
    jit.on_compile[:] = before
    parts = shown[shown.index("\r") :].split("\r")
    assert parts[0] == "" and [part.split()[1] for part in parts[1:]] == ["1/3", "2/3", "3/3"]
    assert stream.getvalue()[len(shown) :].split("\n")[:2] == ["", NOTICE]


NOTICE = "compiling kernels, most of them once for this machine: about 15 s in all …"


def test_the_compile_notice_is_said_at_the_first_compilation_and_not_after_the_end():
    stream, before = io.StringIO(), list(jit.on_compile)
    line = Progress(stream)
    assert len(jit.on_compile) == len(before) + 1
    jit.on_compile.pop()()  # as the first kernel that has to be compiled does
    line.close()
    assert stream.getvalue() == f"{NOTICE}\n" and jit.on_compile == before
    line = Progress(stream)
    line.close()
    assert jit.on_compile == before
