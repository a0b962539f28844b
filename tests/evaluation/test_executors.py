"""Executors of others: the same run as in this process, whatever becomes of a worker."""

import multiprocessing
import os
import signal
import threading
import time
import warnings
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

import numpy as np
import pytest
import workloads
from workloads import CONFIG, GIVEN

import neatgrow as ng
from neatgrow.evaluation.base import EvaluatorError
from neatgrow.evaluation.executors import Distributed
from neatgrow.problems.function import Function

POOL = partial(ProcessPoolExecutor, 2, multiprocessing.get_context("spawn"))


def cart_pole(**options):
    problem = ng.Gymnasium("CartPole-v1", episodes=2, normalize=True)
    return ng.evolve(problem, config=CONFIG, generations=4, seed=1, solved_at=1e9, **options)


@pytest.fixture(scope="module")
def genomes():
    return workloads.first_generation()[0]


@pytest.fixture(scope="module")
def values():
    return workloads.first_generation()[1]


def evaluated(function, executor, genomes):
    distributed = Distributed(Function(function, inputs=1, outputs=1), executor)
    try:
        return distributed.evaluate(genomes, 0)
    finally:
        distributed.close()


# -------------------------------------------------------------------------- the same run


def test_processes_give_the_same_run():
    here = cart_pole()
    with POOL() as executor:
        there = cart_pole(executor=executor)
    assert there.fingerprint == here.fingerprint
    for name, array in here.problem.state().items():
        assert np.array_equal(array, there.problem.state()[name]), name


def test_threads_give_the_same_run():
    here = cart_pole()
    with ThreadPoolExecutor(3) as executor:
        assert cart_pole(executor=executor).fingerprint == here.fingerprint


def test_an_executor_made_here_is_shut_down():
    made = []

    def make():
        made.append(ThreadPoolExecutor(2))
        return made[-1]

    assert cart_pole(executor=make).fingerprint == cart_pole().fingerprint
    assert len(made) == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        made[0].submit(print)


def test_an_executor_of_the_callers_is_left_open():
    with ThreadPoolExecutor(2) as executor:
        cart_pole(executor=executor)
        assert executor.submit(int, "3").result() == 3


def test_a_run_is_resumed_on_an_executor(tmp_path):
    whole = cart_pole()
    problem = ng.Gymnasium("CartPole-v1", episodes=2, normalize=True)
    options = {"config": CONFIG, "seed": 1, "solved_at": 1e9, "directory": tmp_path / "run"}
    ng.evolve(problem, generations=2, **options)
    with ThreadPoolExecutor(2) as executor:
        again = ng.resume(tmp_path / "run", generations=4, executor=executor)
    assert again.fingerprint == whole.fingerprint


class Counted:
    """An executor that knows how much it was asked."""

    def __init__(self):
        self.calls = 0

    def submit(self, function, /, *args):
        self.calls += 1
        future = Future()
        future.set_result(function(*args))
        return future


def test_genomes_travel_many_at_a_time():
    executor = Counted()
    population = ng.Population(1, 1, CONFIG.override({"population_size": 1000}), seed=4)
    problem = ng.Gymnasium("CartPole-v1")
    batch = ng.Population(problem.inputs, problem.outputs, seed=1).ask()
    Distributed(problem, executor).evaluate(batch, 1)
    assert executor.calls == 30  # 150 genomes by 5, of at most 32 shares
    Distributed(Function(workloads.value_of, inputs=1, outputs=1), executor).evaluate(
        population.ask(), 1
    )
    assert executor.calls <= 62


# ------------------------------------------------------------------------ what goes wrong


def test_what_a_genome_raises_costs_it_alone(genomes, values):
    trap = workloads.Trap({values[3]: "raise"})
    with POOL() as executor:
        evaluation = evaluated(trap, executor, genomes)
    assert np.isnan(evaluation.fitness).tolist() == [row == 3 for row in range(12)]
    assert "HardError" in evaluation.failures[3]


def test_what_every_genome_raises_is_raised(genomes):
    with ThreadPoolExecutor(1) as executor, pytest.raises(TypeError, match="fitness"):
        evaluated(workloads.nonsense, executor, genomes)


def test_a_pool_that_a_worker_broke_is_made_again(genomes, values, tmp_path):
    trap = workloads.Trap({values[5]: "kill"}, once=tmp_path / "killed")
    evaluation = evaluated(trap, POOL, genomes)
    assert (tmp_path / "killed").exists()
    assert evaluation.fitness.tolist() == values
    assert evaluation.failures == {}


def test_a_genome_that_always_breaks_a_pool_costs_itself_alone(genomes, values):
    trap = workloads.Trap({values[5]: "kill", values[6]: "exit"})
    evaluation = evaluated(trap, POOL, genomes)
    assert sorted(evaluation.failures) == [5, 6]
    expected = [np.nan if row in (5, 6) else value for row, value in enumerate(values)]
    assert np.array_equal(evaluation.fitness, expected, equal_nan=True)


class Mortal:
    """An executor in which each call on a genome of some kind loses its worker."""

    def __init__(self, deadly):
        self.deadly = deadly

    def submit(self, function, /, share):
        future = Future()
        networks = share.batch.compile()
        found = {workloads.value_of(networks[row]) for row in range(len(networks))}
        if found & self.deadly:
            future.set_exception(BrokenProcessPool("a worker died"))
        else:
            future.set_result(function(share))
        return future


def test_a_genome_that_always_loses_its_worker_is_named(genomes, values):
    evaluation = evaluated(workloads.value_of, Mortal({values[7]}), genomes)
    expected = [np.nan if row == 7 else value for row, value in enumerate(values)]
    assert np.array_equal(evaluation.fitness, expected, equal_nan=True)
    assert evaluation.failures == {
        7: "its worker was lost each time: BrokenProcessPool: a worker died"
    }


def test_an_executor_that_loses_everything_is_lost(genomes, values):
    with pytest.raises(EvaluatorError, match="BrokenProcessPool: a worker died"):
        evaluated(workloads.value_of, Mortal(set(values)), genomes)


def test_a_retest_that_loses_its_worker_is_a_failure_and_no_end(genomes, values):
    evaluation = evaluated(workloads.value_of, Mortal({values[7]}), genomes[[7]])
    assert "lost each time" in evaluation.failures[0]


class OneBad:
    """An executor of which one call lands where the problem cannot be rebuilt."""

    def __init__(self, bad):
        self.calls, self.bad = 0, bad

    def submit(self, function, /, share):
        self.calls += 1
        future = Future()
        if self.calls in self.bad:
            share = share._replace(payload=b"nonsense")
        future.set_result(function(share))
        return future


def test_a_worker_that_cannot_rebuild_the_problem_is_passed_by():
    options = {"generations": 6, **GIVEN}
    result = ng.evolve(workloads.value_of, executor=OneBad({40}), **options)
    assert result.fingerprint == ng.evolve(workloads.value_of, **options).fingerprint


def test_no_worker_that_can_rebuild_the_problem_ends_the_run_with_its_result():
    with pytest.warns(RuntimeWarning, match="executor: the problem could not be rebuilt"):
        result = ng.evolve(
            workloads.value_of, executor=OneBad(range(40, 999)), generations=9, **GIVEN
        )
    assert result.stopped == "workers"
    assert 0 < len(result.history) < 9
    assert result.failures == []


def test_a_shutdown_that_fails_costs_nothing(tmp_path):
    class Stuck(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait)
            raise OSError("scheduler is gone")

    options = {"generations": 3, "directory": tmp_path / "run", **GIVEN}
    with pytest.warns(RuntimeWarning, match="OSError: scheduler is gone"):
        result = ng.evolve(workloads.value_of, executor=lambda: Stuck(2), **options)
    assert len(result.history) == 3
    assert (tmp_path / "run" / "champion.npz").exists()


def test_a_class_makes_an_executor(genomes, values):
    evaluation = evaluated(workloads.value_of, ThreadPoolExecutor, genomes)
    assert evaluation.fitness.tolist() == values


class Leaving:
    """An executor that is gone after some calls."""

    _max_workers = 1

    def __init__(self, calls):
        self.calls = calls

    def submit(self, function, /, *args):
        if not self.calls:
            raise RuntimeError("the cluster went away")
        self.calls -= 1
        future = Future()
        future.set_result(function(*args))
        return future


def test_a_run_whose_executor_goes_away_is_saved(tmp_path):
    # Three generations of four shares and retests, then nothing more.
    options = {"directory": tmp_path / "run", "generations": 9, **GIVEN}
    with pytest.warns(RuntimeWarning, match="RuntimeError: the cluster went away"):
        result = ng.evolve(workloads.value_of, executor=Leaving(14), **options)
    assert result.stopped == "workers"
    assert len(result.history) == 3
    again = ng.resume(tmp_path / "run", problem=workloads.value_of)
    del options["directory"]
    assert again.fingerprint == ng.evolve(workloads.value_of, **options).fingerprint


def test_an_executor_that_never_works_is_an_error():
    with pytest.raises(EvaluatorError, match="expected one that takes work, got RuntimeError"):
        ng.evolve(workloads.value_of, executor=Leaving(0), **GIVEN)


class Mute:
    """Answers with nothing."""

    def submit(self, function, /, *args):
        return None


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"executor": 3}, TypeError, "executor: expected an object with submit"),
        ({"executor": lambda: 3}, TypeError, "a function that makes an object with submit"),
        ({"executor": Mute()}, TypeError, "gives a concurrent.futures.Future, got None"),
        ({"executor": Counted(), "processes": 2}, ValueError, "expected no processes="),
        ({"executor": Counted(), "time_limit": 2.0}, ValueError, "time_limit=2.0"),
    ],
)
def test_bad_arguments_are_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        ng.evolve(workloads.value_of, **options, **GIVEN)


def test_a_problem_that_cannot_be_rebuilt_is_an_error():
    with POOL() as executor, pytest.raises(RuntimeError, match="executor: the problem could not"):
        ng.evolve(workloads.Homesick("raise"), executor=executor, **GIVEN)


def test_an_environment_that_only_this_process_knows_is_an_error():
    import gymnasium

    gymnasium.register(
        "Local-v0", "gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=50
    )
    try:
        problem = ng.Gymnasium("Local-v0", backend="single")
        with POOL() as executor, pytest.raises(RuntimeError, match='"module:Name-v0"'):
            ng.evolve(problem, executor=executor, config=CONFIG)
    finally:
        del gymnasium.registry["Local-v0"]


# ----------------------------------------------------------------------------- clusters


@pytest.fixture(scope="module")
def cluster():
    """Of two workers; the last test lets go of it."""
    distributed = pytest.importorskip("distributed", reason="needs neatgrow[dask]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Dask itself does
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as local,
            distributed.Client(local) as client,
        ):
            yield client


def test_dask_takes_functions_of_the_script_that_runs(cluster):
    def local(network):
        return workloads.value_of(network)

    result = ng.evolve(local, executor=cluster.get_executor(), generations=2, **GIVEN)
    again = ng.evolve(local, generations=2, **GIVEN)
    assert result.fingerprint == again.fingerprint


def test_dask_with_a_worker_killed_gives_the_same_run(cluster):
    here = cart_pole()
    lives = []

    def kill_one(run):
        """During the next generation."""
        if len(run.history) == 1:
            pid = next(iter(cluster.run(os.getpid).values()))
            lives.append(pid)
            threading.Timer(0.01, os.kill, (pid, signal.SIGKILL)).start()

    there = cart_pole(executor=cluster, callbacks=[kill_one])
    (victim,) = lives
    time.sleep(0.1)
    assert victim not in cluster.run(os.getpid).values()
    assert there.fingerprint == here.fingerprint
    assert there.failures == []


def test_dask_that_goes_away_stops_the_run_with_its_result(cluster):
    def leave(run):
        if len(run.history) == 2:
            cluster.close()

    with pytest.warns(RuntimeWarning, match="executor: expected one that takes work"):
        result = ng.evolve(
            workloads.value_of, executor=cluster.get_executor(), callbacks=[leave],
            generations=5, **GIVEN,
        )  # fmt: skip
    assert result.stopped == "workers"
    assert len(result.history) == 2


@pytest.mark.slow
def test_ray_gives_the_same_run():
    ray = pytest.importorskip("ray", reason="needs ray")
    here = cart_pole()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Ray itself does
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            assert cart_pole(executor=ng.RayExecutor()).fingerprint == here.fingerprint
        finally:
            ray.shutdown()
