"""Runs that are told to end: by signals, and by users' code that leaves the program."""

import copyreg
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
import workloads
from conftest import VARIED

import neatgrow as ng
from neatgrow.evaluation.base import Evaluation
from neatgrow.evaluation.tracebacks import sent
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.evolution import Evolution

GIVEN = {"config": ng.Config(population_size=20).override(VARIED), "generations": 6, "seed": 1}
ONE = {"inputs": 1, "outputs": 1, **GIVEN}
ENDINGS = [signal.SIGTERM, signal.SIGHUP]
WATCHED = [signal.SIGINT, *ENDINGS]


def value_of(network):
    return float(network.activate([0.5])[0])


@pytest.fixture(scope="module")
def expected():
    """Fingerprint of the run that nobody ends."""
    return ng.evolve(value_of, **ONE).fingerprint


@pytest.fixture(autouse=True)
def handlers():
    """Those of Python, before and after each test."""
    usual = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
    before = [signal.signal(number, handler) for number, handler in zip(WATCHED, usual)]
    yield
    assert [signal.getsignal(number) for number in WATCHED] == usual
    for number, handler in zip(WATCHED, before):
        signal.signal(number, handler)


def at_call(number, act, seen=None):
    """A fitness function that does something when it is called for the ``number``-th time."""
    calls = [] if seen is None else seen

    def fitness(network):
        calls.append(1)
        if len(calls) == number:
            act()
        return value_of(network)

    return fitness


# ------------------------------------------------------------------------- signals


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_ends_a_run_saved_and_then_the_program(number, expected, tmp_path):
    calls = []
    fitness = at_call(70, lambda: signal.raise_signal(number), calls)
    with pytest.raises(SystemExit) as caught:
        ng.evolve(fitness, directory=tmp_path, **ONE)
    assert caught.value.code == 128 + number and len(calls) == 70
    assert caught.value.__notes__ == [
        f"The run is in {tmp_path}; resume('{tmp_path}') goes on from generation 3."
    ]
    assert (tmp_path / "checkpoints" / "00000003.npz").exists()
    assert ng.resume(tmp_path, problem=value_of).fingerprint == expected


def test_a_signal_before_there_is_a_generation_ends_the_program_too(expected, tmp_path):
    fitness = at_call(5, lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as caught:
        ng.evolve(fitness, directory=tmp_path, **ONE)
    assert caught.value.code == 143 and not hasattr(caught.value, "__notes__")
    assert ng.resume(tmp_path, problem=value_of).fingerprint == expected


def test_a_signal_that_the_fitness_function_swallows_ends_the_run_after_the_generation(tmp_path):
    def swallow():
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    calls = []
    with pytest.raises(SystemExit, match="143"):
        ng.evolve(at_call(25, swallow, calls), directory=tmp_path, **ONE)
    assert len(calls) == 40
    assert (tmp_path / "checkpoints" / "00000002.npz").exists()


def test_signals_are_heeded_only_while_there_is_something_to_save(tmp_path):
    seen = []
    look = at_call(1, lambda: seen.append([signal.getsignal(number) for number in ENDINGS]))
    ng.evolve(look, **ONE)
    assert seen.pop() == [signal.SIG_DFL] * 2
    look = at_call(1, lambda: seen.append([signal.getsignal(number) for number in ENDINGS]))
    ng.evolve(look, directory=tmp_path, **ONE)
    assert signal.SIG_DFL not in seen.pop()


def test_what_is_ignored_or_handled_by_others_stays_so(tmp_path):
    def mine(number, frame):
        seen.append(number)

    def both():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)

    seen = []
    signal.signal(signal.SIGTERM, mine)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        result = ng.evolve(at_call(30, both), directory=tmp_path, **ONE)
        assert result.stopped == "generations" and seen == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_DFL)


def test_a_run_in_another_thread_leaves_signals_alone(expected, tmp_path):
    results = []
    look = at_call(1, lambda: results.append(signal.getsignal(signal.SIGTERM)))
    thread = threading.Thread(
        target=lambda: results.append(ng.evolve(look, directory=tmp_path, **ONE))
    )
    thread.start()
    thread.join()
    assert results[0] == signal.SIG_DFL and results[1].fingerprint == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
def test_a_process_that_a_fitness_function_forks_ends_as_if_there_were_no_run(expected, tmp_path):
    ended = []

    def fork_and_end():
        ready, started = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(started, b"!")
            time.sleep(30.0)
            os._exit(1)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    result = ng.evolve(at_call(30, fork_and_end), directory=tmp_path, **ONE)
    assert ended == [-signal.SIGTERM] and result.fingerprint == expected


@pytest.mark.parametrize("second", WATCHED)
@pytest.mark.parametrize(
    ("owner", "name"), [(RunDirectory, "write_checkpoint"), (Evolution, "rewind")]
)
def test_a_second_signal_while_the_run_is_saved_loses_nothing(
    owner, name, second, expected, tmp_path, monkeypatch
):
    work, done = getattr(owner, name), []

    def pressed_again(self, *args, **kwargs):
        if interrupted:
            signal.raise_signal(second)
            done.append(name)
        return work(self, *args, **kwargs)

    def press():
        interrupted.append(1)
        signal.raise_signal(signal.SIGINT)

    interrupted = []
    monkeypatch.setattr(owner, name, pressed_again)
    if second == signal.SIGINT:
        result = ng.evolve(at_call(70, press), directory=tmp_path, **ONE)
        assert result.stopped == "interrupted" and len(result.history) == 3
    else:
        with pytest.raises(SystemExit, match=str(128 + second)):
            ng.evolve(at_call(70, press), directory=tmp_path, **ONE)
    assert done == [name] and (tmp_path / "checkpoints" / "00000003.npz").exists()
    monkeypatch.undo()
    assert ng.resume(tmp_path, problem=value_of).fingerprint == expected


def test_a_signal_while_a_whole_run_is_saved_costs_no_result(expected, tmp_path, monkeypatch):
    def pressed(self, verified):
        signal.raise_signal(signal.SIGINT)
        write(self, verified)

    write = RunDirectory.write_verified  # called at the end alone
    monkeypatch.setattr(RunDirectory, "write_verified", pressed)
    result = ng.evolve(value_of, directory=tmp_path, **ONE)
    assert result.stopped == "generations" and result.fingerprint == expected
    assert (tmp_path / "verified.json").exists()


# ------------------------------------------------------------------------- sys.exit


@pytest.mark.parametrize("code", [3, None, "no licence"])
def test_sys_exit_in_a_fitness_function_ends_the_run_and_leaves_the_program(
    code, expected, tmp_path
):
    calls = []
    fitness = at_call(50, lambda: sys.exit(code), calls)
    with pytest.raises(SystemExit) as caught:
        ng.evolve(fitness, directory=tmp_path, **ONE)
    assert caught.value.code == code and len(calls) == 50
    assert "goes on from generation 2." in caught.value.__notes__[0]
    assert (tmp_path / "checkpoints" / "00000002.npz").exists()
    assert ng.resume(tmp_path, problem=value_of).fingerprint == expected


class Leaving:
    """A problem that leaves when it is asked for the ``number``-th time."""

    name, inputs, outputs = "leaving", 1, 1
    input_names = output_names = solved_at = None

    def __init__(self, number, noisy=False):
        self.left, self.noisy = number, noisy

    def evaluate(self, networks, *, seed, episodes=None):
        self.left -= 1
        if not self.left:
            sys.exit(4)
        fitness = networks.predict([[0.5]])[:, 0, 0].astype(float)
        return Evaluation(fitness, fitness.size, scores=fitness[:, None].repeat(episodes or 1, 1))

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "leaving"}


@pytest.mark.parametrize("number", [3, 7])
def test_sys_exit_in_a_problem_does_too_in_its_retests_as_well(number, tmp_path):
    problem = Leaving(number, noisy=True)
    with pytest.raises(SystemExit, match="4"):
        ng.evolve(problem, directory=tmp_path, **GIVEN)
    assert problem.left == 0
    result = ng.resume(tmp_path, problem=Leaving(0, noisy=True))
    assert result.fingerprint == ng.evolve(Leaving(0, noisy=True), **GIVEN).fingerprint


def test_sys_exit_for_the_first_genome_of_all_leaves_nothing_half_done(tmp_path):
    with pytest.raises(SystemExit, match="4"):
        ng.evolve(Leaving(1), directory=tmp_path, **GIVEN)
    assert len(ng.resume(tmp_path, problem=Leaving(0)).history) == 6


@pytest.mark.parametrize("where", ["processes", "threads", "pool"])
def test_sys_exit_in_a_worker_leaves_the_program(where, tmp_path):
    value = workloads.first_generation()[1][5]
    trap = workloads.Trap({value: "sys.exit"})
    options = {
        "processes": {"processes": 2},
        "threads": {"executor": lambda: ThreadPoolExecutor(2)},
        "pool": {"executor": partial(ProcessPoolExecutor, 1, multiprocessing.get_context("spawn"))},
    }[where]
    with pytest.raises(SystemExit) as caught:
        ng.evolve(trap, directory=tmp_path, **options, **workloads.GIVEN)
    assert caught.value.code == 4
    assert "workloads.py" in str(caught.value.__cause__)  # where it was
    result = ng.resume(tmp_path, problem=workloads.value_of, generations=2)
    assert len(result.history) == 2


def _bare(args):
    return SystemExit.__new__(SystemExit, *args)


def test_the_exit_code_outlasts_packages_that_restore_errors_in_their_own_way(monkeypatch):
    """As tblib does, which Dask installs: arguments, but not what ``__init__`` makes of them."""
    monkeypatch.setitem(copyreg.dispatch_table, SystemExit, lambda e: (_bare, (e.args,)))
    assert pickle.loads(pickle.dumps(SystemExit(4))).code is None
    assert sent(SystemExit(4)).arrived().code == 4


# ------------------------------------------------------------------------- directory


def test_a_fitness_function_that_goes_elsewhere_scatters_no_files(expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    fitness = at_call(30, lambda: os.chdir("elsewhere"))
    result = ng.evolve(fitness, directory="run", **ONE | {"generations": 4})
    assert result.directory == tmp_path / "run"
    assert list((tmp_path / "elsewhere").iterdir()) == []
    monkeypatch.chdir(tmp_path)
    fitness = at_call(30, lambda: os.chdir("elsewhere"))
    assert ng.resume("run", problem=fitness, generations=6).fingerprint == expected
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"run", "elsewhere"}
