import io

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.evolution import RETEST_EPISODES, SOLVED_EPISODES, EvaluationError
from neatgrow.history import COLUMNS
from neatgrow.kernels import parallel
from neatgrow.problems.base import Evaluation
from neatgrow.progress import Progress

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
        return Evaluation(fitness, len(networks))

    def statistics(self):
        return {"input_mean": np.array([3.0]), "input_scale": np.array([0.5])}

    def describe(self):
        return {"problem": "lucky"}


def small(**changes):
    return ng.Config(population_size=20).override(changes)


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
    first = [asked for asked in problem.asked if asked[0] == 1]
    assert first and all(asked[2] == RETEST_EPISODES for asked in first)
    seeds = [asked[1] for asked in problem.asked]
    assert len(set(seeds)) == len(seeds)  # fresh episodes every time


def test_a_noisy_problem_is_solved_only_by_the_mean_over_a_hundred_episodes():
    problem = Lucky(true=60.0)
    result = ng.evolve(problem, config=small(), generations=5)
    assert result.solved and result.champion_fitness == 60.0 and len(result.history) == 1
    assert [asked[2] for asked in problem.asked] == [None, RETEST_EPISODES, SOLVED_EPISODES]


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
         "fitness: expected a number for genome 0, got None. Return a number from the fitness "
         "function; return NaN for an evaluation that failed."),
        ({"problem": lambda n: "good", "inputs": 1, "outputs": 1}, TypeError,
         "fitness of genome 0: expected one number, got 'good'. Return a float from the function."),
        ({"problem": lambda n: 1.0}, TypeError,
         "evolve: expected inputs= and outputs= with a fitness function, got inputs=None, "
         "outputs=None. Say how many values go in and out."),
        ({"problem": ng.XOR(), "inputs": 2}, TypeError,
         "inputs, outputs: expected only with a fitness function, got them with the problem "
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
    line = Progress(7, stream)
    result = ng.evolve(
        ng.XOR(), config=small(), generations=2, solved_at=99.0,
        callbacks=[lambda run: line.update(run.history)],
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
