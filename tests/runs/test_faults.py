"""Evaluations that fail: the run goes on, and says of which genome, when and why."""

import csv
import subprocess
import sys
import warnings

import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.evaluation.base import Evaluation, judged
from neatgrow.runs.checkpoints import load_snapshot

GIVEN = {"config": ng.Config(population_size=20).override(VARIED), "generations": 4, "seed": 1}
ONE = {"inputs": 1, "outputs": 1, **GIVEN}


def value_of(network):
    return float(network.activate([0.5])[0])


def failing(fault, row=3, size=20):
    """A fitness function that fails at one row of every generation."""
    calls = []

    def fitness(network):
        calls.append(1)
        return fault() if len(calls) % size == (row + 1) % size else value_of(network)

    return fitness


def raising(error):
    def fault():
        raise error

    return fault


def named_in(directory):
    """The lines of ``failures.csv``."""
    with (directory / "failures.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["generation", "genome", "cause"]
    return [(int(generation), int(row), cause) for generation, row, cause in rows]


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


FAULTS = {
    "raises": (raising(ZeroDivisionError("a bad day")), "ZeroDivisionError: a bad day"),
    "raises nothing": (raising(KeyError()), "KeyError: "),
    "runs out of memory": (raising(MemoryError()), "MemoryError: "),
    "raises several lines": (raising(ValueError('a,\n"b"')), 'ValueError: a,\n"b"'),
    "raises what has no message": (raising(MuteError()), "MuteError, whose message cannot be read"),
    "raises what is no text": (raising(OSError("name \udc80")), "OSError: name \\udc80"),
    "raises at length": (raising(ValueError("x" * 10**6)), "ValueError: " + "x" * 988),
    "nan": (lambda: float("nan"), "fitness is nan"),
    "inf": (lambda: float("inf"), "fitness is inf"),
    "-inf": (lambda: np.float32("-inf"), "fitness is -inf"),
    "an int beyond the floats": (lambda: 10**400, "fitness is inf"),
    "an int below the floats": (lambda: -(10**400), "fitness is -inf"),
    "text": (
        lambda: "good",
        "fitness: expected one number, got 'good'. Return a float from the function.",
    ),
    "nothing": (
        lambda: None,
        "fitness: expected a number, got None. Return a number from the fitness function; return "
        "NaN for an evaluation that failed.",
    ),
    "array": (
        lambda: np.zeros(2),
        "fitness: expected one number, got an array of shape (2,) and dtype float64. Return a "
        "float from the function.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_genome_that_fails_costs_itself_alone(fault, tmp_path):
    make, cause = FAULTS[fault]
    seen = []
    result = ng.evolve(
        failing(make), directory=tmp_path, callbacks=[lambda run: seen.append(run.failures)], **ONE
    )
    assert result.stopped == "generations" and np.isfinite(result.champion_fitness)
    expected = [(generation, 3, cause) for generation in range(1, 5)]
    assert result.failures == expected == named_in(tmp_path)
    assert seen == [{3: cause}] * 4
    assert result.history["failures"].tolist() == [1] * 4
    assert load_snapshot(tmp_path / "checkpoints" / "00000004.npz").failures == expected
    with pytest.raises(ng.EvaluationError) as caught:
        ng.evolve(failing(make), on_error="raise", **ONE)
    assert str(caught.value) == f"evaluation failed for genome 3 of generation 1: {cause}"


def test_a_failed_genome_ranks_below_every_other_and_leaves_the_rest_as_it_was():
    """Fitnesses are the same whatever the fault, so the run is."""
    prints = {ng.evolve(failing(make), **ONE).fingerprint for make, _ in FAULTS.values()
              if make is not FAULTS["text"][0]}  # fmt: skip
    assert len({*prints}) == 2  # refused values take no step of evaluation; all others do
    first = ng.evolve(failing(FAULTS["nan"][0]), **ONE)
    other = ng.evolve(failing(FAULTS["text"][0]), **ONE)
    assert first.champion == other.champion
    assert np.array_equal(first.history["best"], other.history["best"])


# ------------------------------------------------------------------------- batch problems


class Batch:
    """A problem of one's own; ``answer`` says what comes of networks whose fitness is known."""

    name, inputs, outputs = "batch", 1, 1
    input_names = output_names = solved_at = None
    noisy = False

    def __init__(self, answer, noisy=False):
        self.answer, self.noisy, self.calls = answer, noisy, []

    def evaluate(self, networks, *, seed, episodes=None):
        self.calls.append((len(networks), episodes))
        fitness = networks.predict(np.array([[0.5]]))[:, 0, 0].astype(float)
        return self.answer(self, fitness, episodes)

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "batch"}


def low(fitness):
    return fitness < -0.7


def raises_for_low(self, fitness, episodes):
    if low(fitness).any():
        raise ValueError("too low")
    return Evaluation(fitness, fitness.size)


def wrong_shape_for_low(self, fitness, episodes):
    return Evaluation(np.zeros(7) if low(fitness).any() else fitness, fitness.size)


def no_numbers_for_low(self, fitness, episodes):
    return Evaluation(np.array(["?"] * fitness.size) if low(fitness).any() else fitness, 1)


def nothing_for_low(self, fitness, episodes):
    return None if low(fitness).any() else Evaluation(fitness, 1)


def no_steps_for_low(self, fitness, episodes):
    return Evaluation(fitness, None if low(fitness).any() else 1)


def no_causes_for_low(self, fitness, episodes):
    return Evaluation(fitness, 1, ["low"] if low(fitness).any() else {})


def too_much_gathered_for_low(self, fitness, episodes):
    rows = fitness.size + low(fitness).any()
    return Evaluation(fitness, 1, gathered={"seen": np.zeros((rows, 2))})


BATCH_FAULTS = {
    raises_for_low: "ValueError: too low",
    wrong_shape_for_low: "ValueError: evaluate: fitness: expected shape (1,), got (7,).",
    no_numbers_for_low: "TypeError: evaluate: fitness: expected numbers of shape (1,), got",
    nothing_for_low: "TypeError: evaluate: expected an Evaluation, got None.",
    no_steps_for_low: "TypeError: evaluate: steps: expected an integer of at least 0, got None.",
    too_much_gathered_for_low: "ValueError: evaluate: gathered seen: expected shape (1, K), got",
    no_causes_for_low: "TypeError: evaluate: failures: expected causes by row, got ['low'].",
}


@pytest.mark.parametrize("answer", BATCH_FAULTS, ids=lambda answer: answer.__name__)
def test_of_a_batch_that_fails_only_the_genomes_that_it_is_about_do(answer, tmp_path):
    told = []
    result = ng.evolve(
        Batch(answer), directory=tmp_path,
        callbacks=[lambda run: told.append(run.population.fitness)], **GIVEN,
    )  # fmt: skip
    reference = []
    ng.evolve(
        Batch(lambda self, fitness, _: Evaluation(np.where(low(fitness), np.nan, fitness), 1)),
        callbacks=[lambda run: reference.append(run.population.fitness)], **GIVEN,
    )  # fmt: skip
    failed = [np.flatnonzero(np.isnan(fitness)).tolist() for fitness in reference]
    assert 0 < sum(map(len, failed)) < 40
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(told, reference, strict=True))
    assert [(g, row) for g, row, _ in result.failures] == [
        (g, row) for g, rows in enumerate(failed, 1) for row in rows
    ]
    assert all(cause.startswith(BATCH_FAULTS[answer]) for _, _, cause in result.failures)
    assert named_in(tmp_path) == result.failures
    assert result.history["failures"].tolist() == [len(rows) for rows in failed]


def test_causes_that_a_problem_gives_are_told_as_text(tmp_path):
    def answer(self, fitness, episodes):
        if fitness.size == 1:  # the final test
            return Evaluation(fitness, 1)
        causes = {np.int64(2): ValueError("deep"), 5: "why"}
        fitness[[2, 5, 6]] = np.nan
        return Evaluation(fitness, np.int64(3), causes)

    result = ng.evolve(Batch(answer), directory=tmp_path, **GIVEN | {"generations": 1})
    assert result.failures == [(1, 2, "deep"), (1, 5, "why"), (1, 6, "fitness is nan")]
    assert named_in(tmp_path) == result.failures


def test_a_problem_that_raises_for_every_genome_is_raised_at_once(tmp_path):
    def answer(self, fitness, episodes):
        raise LookupError("no data here")

    problem = Batch(answer)
    with pytest.raises(LookupError, match="no data here"):
        ng.evolve(problem, directory=tmp_path, **GIVEN)
    assert problem.calls == [(20, None)] + [(1, None)] * 20
    repaired = Batch(lambda self, fitness, _: Evaluation(fitness, 20))
    assert len(ng.resume(tmp_path, problem=repaired).history) == 4


def test_judged_raises_what_every_network_meets_and_of_one_what_it_meets():
    problem = Batch(raises_for_low)
    genomes = ng.Population(1, 1, ng.Config(population_size=50), seed=1).ask()
    good = judged(problem, genomes.compile(), seed=0)
    rows = sorted(good.failures)
    assert rows and rows == np.flatnonzero(np.isnan(good.fitness)).tolist()
    with pytest.raises(ValueError, match="too low"):
        judged(problem, genomes[[rows[0]]].compile(), seed=0)
    with pytest.raises(ValueError, match="too low"):
        judged(problem, genomes[rows].compile(), seed=0)


# ------------------------------------------------------------------------- retests


def noisy(found):
    """A problem whose retests answer ``found(fitness)``."""

    def answer(self, fitness, episodes):
        return Evaluation(fitness if episodes is None else found(fitness), 1)

    return Batch(answer, noisy=True)


def _raise(fitness):
    raise OSError("gone")


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (_raise, "in the retest: OSError: gone"),
        (lambda fitness: fitness * np.nan, "in the retest: fitness is nan"),
        (lambda fitness: fitness * np.inf, "in the retest: fitness is inf"),
        (lambda fitness: None, "in the retest: TypeError: evaluate: fitness: expected numbers"),
    ],
)
def test_a_retest_that_fails_is_named_and_the_next_best_is_retested(found, cause, tmp_path):
    first = []

    def once(fitness):
        first.append(1)
        return found(fitness) if len(first) == 1 else fitness

    result = ng.evolve(noisy(once), directory=tmp_path, **GIVEN)
    ((generation, _, said),) = result.failures
    assert generation == 1 and said.startswith(cause)
    assert named_in(tmp_path) == result.failures
    assert result.history["failures"].tolist() == [0, 0, 0, 0]  # as told it is fit to be a parent
    assert np.isfinite(result.champion_fitness) and result.retests_failed == 1
    first.clear()
    with pytest.raises((ng.EvaluationError, OSError, TypeError)):
        ng.evolve(noisy(once), on_error="raise", **GIVEN)


@pytest.mark.parametrize("solved_at", [None, 0.5])
def test_a_retest_that_is_infinite_neither_solves_nor_becomes_champion(solved_at):
    problem = noisy(lambda fitness: fitness + np.inf)
    problem.solved_at = solved_at
    result = ng.evolve(problem, **GIVEN)
    assert not result.solved and result.verified is None
    assert result.champion_fitness == result.history["best"].max() < np.inf  # as told
    assert result.retests_failed == 3 * 4 + 1  # the final test
    assert {episodes for _, episodes in problem.calls} == {None, 2, 10}


@pytest.mark.parametrize("minimize", [False, True])
def test_an_infinite_fitness_is_not_worth_a_retest(minimize):
    def answer(self, fitness, episodes):
        if episodes is None:
            fitness[4] = -np.inf if minimize else np.inf
        return Evaluation(fitness, 1)

    result = ng.evolve(Batch(answer, noisy=True), minimize=minimize, **GIVEN)
    assert result.history["failures"].tolist() == [1] * 4
    assert [(g, row) for g, row, _ in result.failures] == [(g, 4) for g in range(1, 5)]


# ------------------------------------------------------------------------- too many


def failing_from(generation, share, fault=float("nan")):
    """Fails for a share of the genomes from a generation on."""
    calls = []

    def fitness(network):
        calls.append(1)
        bad = len(calls) > 20 * (generation - 1) and len(calls) % 20 < 20 * share
        return fault if bad else value_of(network)

    return fitness


def test_a_forked_child_that_exits_does_not_go_on_with_the_run(tmp_path, subprocess_environment):
    program = """
import os, sys
import neatgrow as ng

def forks(network):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    return 1.0

given = {"config": ng.Config(population_size=3), "generations": 2, "solved_at": 9.0}
result = ng.evolve(forks, inputs=1, outputs=1, directory="run", **given)
print("the end", len(result.history), result.history.total("failures"), flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=subprocess_environment, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the end 2 0\n"


@pytest.mark.parametrize(
    ("share", "limit", "stops"),
    [
        (1.0, 0.9, True),
        (0.9, 0.9, False),
        (0.5, 0.45, True),
        (0.5, 0.5, False),
        (1.0, 1.0, False),
        (0.05, 0.0, True),
    ],
)
def test_too_many_failures_over_three_generations_stop_the_run(share, limit, stops, tmp_path):
    given = ONE | {"generations": 8}
    result = ng.evolve(failing_from(3, share), failure_limit=limit, directory=tmp_path, **given)
    assert (result.stopped == "failures") == stops
    if limit == 0.0:
        assert len(result.history) == 3  # any failure at all
    elif stops:
        assert len(result.history) == 5  # two good generations and three bad ones
    assert result.champion_fitness == np.nanmax(result.history["best"])
    assert value_of(result.champion.compile()) == pytest.approx(result.champion_fitness)
    assert ng.load_genome(tmp_path / "champion.npz") == result.champion
    failed = result.history["failures"]
    assert failed.tolist() == [0, 0] + [round(20 * share)] * (len(failed) - 2)
    again = ng.resume(tmp_path, problem=value_of, generations=len(failed) + 3)
    assert again.history["failures"][len(failed) :].tolist() == [0] * (
        len(again.history) - len(failed)
    )


def test_the_share_is_of_the_genomes_that_there_were(tmp_path):
    """A population made smaller is not charged with the failures of the larger one."""
    config = ng.Config(population_size=60)
    calls = []

    def fitness(network):
        calls.append(1)
        return float("nan") if len(calls) % 2 else 1.0

    given = {"inputs": 1, "outputs": 1, "config": config, "generations": 3}
    assert ng.evolve(fitness, directory=tmp_path, **given).stopped == "generations"
    result = ng.resume(tmp_path, problem=fitness, changes={"population_size": 10}, generations=6)
    assert result.stopped == "generations" and len(result.history) == 6


def test_a_problem_that_breaks_on_the_way_stops_after_three_generations(tmp_path):
    def answer(self, fitness, episodes):
        if len(self.calls) > 2:
            raise ConnectionError("the simulator is gone")
        return Evaluation(fitness, 20)

    result = ng.evolve(Batch(answer), directory=tmp_path, **GIVEN | {"generations": 30})
    assert result.stopped == "failures"
    assert result.history["failures"].tolist() == [0, 0, 20, 20, 20]
    assert result.champion_fitness == result.history["best"][:2].max()
    assert ng.load_genome(tmp_path / "champion.npz") == result.champion
    cause = "ConnectionError: the simulator is gone"
    *named, last = result.failures
    assert named == [(g, row, cause) for g in (3, 4, 5) for row in range(20)]
    assert last == (5, -1, f"in the final test: {cause}") and result.verified is None
    assert named_in(tmp_path) == named
    with pytest.raises(ConnectionError):
        ng.evolve(Batch(answer), on_error="raise", **GIVEN | {"generations": 30})


def test_only_the_first_failures_are_named_and_all_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("neatgrow.runs.directory._MOST_FAILURES", 130)
    result = ng.evolve(failing_from(1, 0.5), directory=tmp_path, **ONE | {"generations": 15})
    assert result.history.total("failures") == 150 > len(named_in(tmp_path)) == 130
    assert len(result.failures) == 100 and named_in(tmp_path)[:100] == result.failures


def test_the_limit_of_named_failures_is_of_the_whole_run_though_it_was_resumed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("neatgrow.runs.directory._MOST_FAILURES", 130)
    given = ONE | {"generations": 8}
    ng.evolve(failing_from(1, 0.5), directory=tmp_path, **given)
    assert len(named_in(tmp_path)) == 80
    for generations in (11, 15):
        ng.resume(tmp_path, problem=failing_from(1, 0.5), generations=generations)
        assert len(named_in(tmp_path)) == min(10 * generations, 130)


@pytest.mark.parametrize("limit", [-0.1, 1.1, float("nan")])
def test_a_limit_that_is_no_share_is_refused(limit):
    with pytest.raises(ValueError, match="failure_limit: expected a number from 0 to 1, got"):
        ng.evolve(value_of, failure_limit=limit, **ONE)


# ------------------------------------------------------------------------- other code


@pytest.mark.parametrize("error", [RuntimeError("my mistake"), SystemExit(3)])
def test_an_error_in_a_callback_says_where_the_run_is_and_leaves_a_checkpoint(error, tmp_path):
    def callback(run):
        if len(run.history) == 3:
            raise error

    with pytest.raises(type(error)) as caught:
        ng.evolve(value_of, callbacks=[callback], directory=tmp_path / "run", **ONE)
    assert caught.value is error
    directory = tmp_path / "run"
    assert error.__notes__ == [
        f"The run is in {directory}; resume('{directory}') goes on from generation 3."
    ]
    result = ng.resume(directory, problem=value_of)
    assert result.fingerprint == ng.evolve(value_of, **ONE).fingerprint


def test_an_error_without_a_directory_or_before_a_generation_has_no_note(tmp_path):
    def callback(run):
        raise ValueError("at once")

    with pytest.raises(ValueError, match="at once") as caught:
        ng.evolve(value_of, callbacks=[callback], **ONE)
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(ng.EvaluationError) as caught:
        ng.evolve(failing(FAULTS["nan"][0]), on_error="raise", directory=tmp_path, **ONE)
    assert not hasattr(caught.value, "__notes__")


def test_an_evaluation_error_on_the_way_leaves_the_generation_before(tmp_path):
    with pytest.raises(
        ng.EvaluationError, match="genome 19 of generation 3: fitness is nan"
    ) as caught:
        ng.evolve(failing_from(3, 0.05), on_error="raise", directory=tmp_path, **ONE)
    assert "goes on from generation 2" in caught.value.__notes__[0]
    result = ng.resume(tmp_path, problem=value_of)
    assert result.fingerprint == ng.evolve(value_of, **ONE).fingerprint


def test_a_run_without_a_single_good_evaluation_says_how_the_first_one_failed(tmp_path):
    def fitness(network):
        raise ValueError("never")

    with pytest.raises(RuntimeError) as caught:
        ng.evolve(fitness, directory=tmp_path, **ONE | {"generations": 9})
    assert str(caught.value) == (
        "evolve: expected at least one evaluation that succeeds, got none. The first failure "
        "was: genome 0 of generation 1: ValueError: never."
    )
    assert len(named_in(tmp_path)) == 60  # three generations
    assert not (tmp_path / "champion.npz").exists()


def test_a_function_that_never_returns_a_number_is_refused():
    with pytest.raises(TypeError, match="fitness: expected one number, got 'good'"):
        ng.evolve(lambda network: "good", **ONE)


def test_faults_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ng.evolve(failing_from(1, 0.3, float("inf")), minimize=True, **ONE)
