"""Splitting work among threads: same results, every range once, errors brought back."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import evolve_at_random, grown, same_genes, wild_config

from neatgrow.genomes.variation import make_children, room_for, rules_of
from neatgrow.kernels import parallel
from neatgrow.kernels.offspring import MATE, Offspring
from neatgrow.selection.population import Population
from neatgrow.selection.species import measure_of, no_species, speciate

COUNTS = (1, 2, 4)


def with_each_count(threads, compute):
    """Results of ``compute`` under 1, 2 and 4 threads; a list of arrays each."""
    results = []
    for count in COUNTS:
        threads(count)
        results.append([np.array(array) for array in compute()])
    return results


def assert_all_equal(results):
    for other in results[1:]:
        assert len(results[0]) == len(other)
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.fixture
def spread(monkeypatch):
    """How many ranges each launch had: proves that work was split."""
    widths = []
    launch = parallel.launch

    def counted(calls):
        widths.append(len(calls))
        return launch(calls)

    monkeypatch.setattr(parallel, "launch", counted)
    return widths


# -------------------------------------------------------- results do not depend on threads


def test_children_do_not_depend_on_threads(threads, spread):
    parents, config = grown(5, generations=20), wild_config(5)
    draw = np.random.default_rng(0)
    plan = Offspring(
        draw.integers(0, 60, 333, np.int32), draw.integers(0, 60, 333, np.int32),
        draw.integers(0, MATE + 2, 333, np.uint8), draw.random(333) < 0.5,
    )  # fmt: skip
    rules = rules_of(config, parents.interface)
    room = room_for(parents, plan)
    assert_all_equal(
        with_each_count(
            threads, lambda: make_children(parents, plan, room, rules, seed=3, generation=4).packed
        )
    )
    assert max(spread) == 4


def test_species_do_not_depend_on_threads(threads, spread):
    genomes, config = grown(4, generations=20), wild_config(4)

    def grouped():
        measure, rows = measure_of(config), np.empty(0, np.int64)
        nobody = np.full(60, -1, np.int32)
        species, table = speciate(genomes, no_species(), (genomes, rows), nobody, measure, 0.8, 1)
        rows = np.array([np.argmax(species == s) for s in range(len(table))])
        again, table = speciate(genomes, table, (genomes, rows), species, measure, 0.7, 2)
        return species, again, table.id

    results = with_each_count(threads, grouped)
    assert_all_equal(results)
    assert results[0][0].max() > 1 and max(spread) == 4


def test_plans_do_not_depend_on_threads(threads, spread):
    genomes = grown(5, generations=25)

    def used_rows():
        plan = genomes.compile().plan
        yield from (plan.node_start, plan.node_stop, plan.output_slot)
        for n in range(len(genomes)):
            nodes = slice(plan.node_start[n], plan.node_stop[n])
            for name in ("incoming_start", "incoming_stop", "bias", "activation", "aggregation",
                         "node_gene"):  # fmt: skip
                yield getattr(plan, name)[nodes]
            for v in range(nodes.start, nodes.stop):
                into = slice(plan.incoming_start[v], plan.incoming_stop[v])
                yield from (plan.source_slot[into], plan.weight[into], plan.connection_gene[into])

    assert_all_equal(with_each_count(threads, used_rows))
    assert max(spread) == 4


def test_activate_predict_and_run_do_not_depend_on_threads(threads, spread):
    genomes = grown(5, generations=25, inputs=3)
    draw = np.random.default_rng(1)
    X, x = draw.normal(size=(7, 150, 3)), draw.normal(size=(5, 60, 4, 3))
    lanes_of = draw.integers(0, 60, 500)
    active = [np.flatnonzero(draw.random(500) < 0.7) for _ in range(6)]
    inputs = [draw.normal(size=(rows.size, 3)) for rows in active]

    def outputs():
        networks = genomes.compile()
        lanes = networks.lanes(lanes_of)
        yield networks.predict(X[0])
        yield networks.run(X)
        for tick in x:
            yield networks.activate(tick)
        for rows, values in zip(active, inputs, strict=True):
            yield lanes.activate(values, rows)

    assert_all_equal(with_each_count(threads, outputs))
    assert max(spread) == 4


@pytest.mark.parametrize("seed", [1, 3])
def test_a_whole_run_does_not_depend_on_threads(threads, seed):
    runs = []
    for count in COUNTS:
        threads(count)
        population = Population(3, 2, wild_config(seed, population_size=100), seed=seed)
        draw = np.random.default_rng(seed)
        X = draw.normal(size=(3, 20, 3))
        history = []
        for _ in range(30):
            genomes = population.ask()
            outputs = genomes.compile().run(X)
            fitness = -np.abs(np.nan_to_num(outputs, posinf=9, neginf=-9) - 0.5).mean((1, 2, 3))
            population.tell(fitness)
            history.append((genomes, fitness))
        runs.append((history, population.champion))
    for history, champion in runs[1:]:
        assert champion == runs[0][1]
        for (genomes, fitness), (first_genomes, first_fitness) in zip(
            history, runs[0][0], strict=True
        ):
            assert same_genes(genomes, first_genomes)
            np.testing.assert_array_equal(fitness, first_fitness)


def test_python_threads_may_compute_at_the_same_time(threads):
    threads(2)
    batches = [grown(seed, generations=10, inputs=2, outputs=1) for seed in range(4)]
    X = np.random.default_rng(0).normal(size=(200, 2))
    alone = [batch.compile().predict(X) for batch in batches]
    results = [[] for _ in batches]

    def work(k):
        for _ in range(20):
            results[k].append(batches[k].compile().predict(X))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for k in range(4):
        assert len(results[k]) == 20
        for result in results[k]:
            np.testing.assert_array_equal(result, alone[k])


# ---------------------------------------------------------------------------- split, launch


@pytest.mark.parametrize("count", [1, 2, 4, 7])
@pytest.mark.parametrize("genomes", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("seed", range(5))
def test_ranges_cover_every_genome_once_and_in_order(threads, count, genomes, seed):
    threads(count)
    sizes = np.random.default_rng(seed).integers(0, 30, genomes)
    ptr = 5 + np.concatenate([[0], np.cumsum(sizes)])  # offsets need not start at 0
    ranges = parallel.split(ptr, 1000.0)
    assert 1 <= len(ranges) <= max(1, 4 * count * (count > 1))
    covered = [row for start, stop in ranges for row in range(start, stop)]
    assert covered == list(range(genomes))
    assert genomes == 0 or all(start < stop for start, stop in ranges)


def test_ranges_hold_about_equal_work_several_for_each_thread(threads):
    threads(4)
    sizes = np.random.default_rng(0).integers(1, 100, 1000)
    ptr = np.concatenate([[0], np.cumsum(sizes)])
    ranges = parallel.split(ptr, 1000.0)
    work = np.array([ptr[stop] - ptr[start] for start, stop in ranges])
    assert len(ranges) == 16 and work.max() - work.min() < 200


def test_small_work_stays_on_one_thread_and_pieces_are_worth_a_call():
    parallel.set_threads(4)
    try:
        ptr = np.arange(0, 1010, 10)
        assert len(parallel.split(ptr, 1.0)) == 1
        assert len(parallel.split(ptr, 3 * parallel.WAKE_NS / 1000)) == 3  # three wakes in all
        assert len(parallel.split(ptr, 5.5 * parallel._PIECE_NS / 1000)) == 5
        assert len(parallel.split(ptr, parallel.WAKE_NS)) == 16
    finally:
        parallel.set_threads(1)
    assert len(parallel.split(ptr, parallel.WAKE_NS)) == 1


def test_nothing_waits_for_a_thread_that_has_not_begun(threads):
    threads(2)
    free = threading.Event()
    busy = parallel._executor().submit(free.wait, 20)
    start = time.monotonic()
    assert parallel.launch([lambda k=k: k for k in range(5)]) == list(range(5))
    assert time.monotonic() - start < 10
    free.set()
    busy.result()


def test_results_come_in_order_from_several_threads(threads):
    threads(3)
    barrier = threading.Barrier(3, timeout=10)  # passed only if all three run at once

    def call(k):
        barrier.wait()
        return k, threading.get_ident()

    results = parallel.launch([lambda k=k: call(k) for k in range(3)])
    assert [k for k, _ in results] == [0, 1, 2]
    assert len({thread for _, thread in results}) == 3
    assert results[0][1] == threading.get_ident()


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_an_error_comes_back_after_all_that_had_begun_have_ended(threads, bad):
    threads(3)
    barrier, ended = threading.Barrier(3, timeout=10), []

    def call(k):
        barrier.wait()
        if k == bad:
            raise KeyError(k)
        time.sleep(0.05)
        ended.append(k)

    with pytest.raises(KeyError):
        parallel.launch([lambda k=k: call(k) for k in range(3)])
    assert sorted(ended) == sorted({0, 1, 2} - {bad})
    assert parallel.launch([lambda: 1, lambda: 2]) == [1, 2]  # the pool still works


def test_after_an_error_no_more_calls_begin(threads):
    threads(1)
    begun = []

    def call(k):
        begun.append(k)
        if k == 1:
            raise IndexError(k)

    with pytest.raises(IndexError):
        parallel.launch([lambda k=k: call(k) for k in range(4)])
    assert begun == [0, 1]


def test_more_calls_than_threads_all_run(threads):
    threads(2)
    assert parallel.launch([lambda k=k: k * k for k in range(20)]) == [k * k for k in range(20)]


# ----------------------------------------------------------------------------- how many


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.setattr(parallel, "_threads", 0)
    monkeypatch.delenv("NEATGROW_THREADS", raising=False)


def test_threads_come_from_the_environment(unset, monkeypatch):
    monkeypatch.setenv("NEATGROW_THREADS", "3")
    assert parallel.thread_count() == 3


def test_threads_are_at_least_one_by_default(unset):
    assert parallel.thread_count() >= 1


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_impossible_numbers_of_threads_in_the_environment_are_refused(unset, monkeypatch, text):
    monkeypatch.setenv("NEATGROW_THREADS", text)
    with pytest.raises(ValueError) as caught:
        parallel.thread_count()
    assert str(caught.value) == (
        f"NEATGROW_THREADS: expected an integer of at least 1, got {text!r}. "
        "Unset it to use every core."
    )


@pytest.mark.parametrize(
    ("count", "kind"), [(0, ValueError), (-2, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_impossible_numbers_of_threads_are_refused(count, kind):
    before = parallel.thread_count()
    with pytest.raises(kind) as caught:
        parallel.set_threads(count)
    assert str(caught.value) == f"threads: expected an integer of at least 1, got {count}."
    assert parallel.thread_count() == before


FORK = """
import os, sys
import numpy as np
from neatgrow.kernels import parallel
parallel.set_threads(2)
assert parallel.launch([lambda: 1, lambda: 2]) == [1, 2]
child = os.fork()
if child == 0:
    os._exit(0 if parallel.launch([lambda: 3, lambda: 4]) == [3, 4] else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
def test_a_forked_child_computes_instead_of_hanging(subprocess_environment):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], env=subprocess_environment, timeout=60
    )
    assert done.returncode == 0


def test_evolving_at_random_is_deterministic_itself():
    """What the comparisons above rest on."""
    first, again = (
        [*evolve_at_random(Population(2, 1, wild_config(1), seed=1), 5)] for _ in range(2)
    )
    assert all(same_genes(a, b) for a, b in zip(first, again, strict=True))
