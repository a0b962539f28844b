"""Worker processes: the same run as without them, whatever becomes of one."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import workloads
from workloads import CONFIG, GIVEN

import neatgrow as ng
from neatgrow.evaluation.workers import Workers
from neatgrow.problems.function import Function


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.fixture(scope="module")
def genomes():
    return workloads.first_generation()[0]


@pytest.fixture(scope="module")
def values():
    return workloads.first_generation()[1]


@pytest.fixture
def evaluated(genomes):
    """Evaluate a function on them in two processes."""

    def evaluate(function, time_limit=None):
        workers = Workers(Function(function, inputs=1, outputs=1), 2, time_limit)
        try:
            return workers.evaluate(genomes, 0)
        finally:
            workers.close()

    return evaluate


# ------------------------------------------------------------------------- the same run


@pytest.mark.parametrize("options", [{"processes": 1}, {"processes": 2},
                                     {"processes": 2, "time_limit": 20.0}])  # fmt: skip
def test_the_run_is_the_same_in_any_number_of_processes(options, tmp_path):
    given = GIVEN | {"generations": 6, "config": CONFIG.override({"population_size": 30})}
    expected = ng.evolve(workloads.partly, **given)
    assert {cause.split(":")[0] for _, _, cause in expected.failures} == {
        "ValueError", "fitness", "fitness is nan",
    }  # fmt: skip
    result = ng.evolve(workloads.partly, directory=tmp_path, **options, **given)
    assert result.fingerprint == expected.fingerprint
    assert [failure[:2] for failure in result.failures] == [f[:2] for f in expected.failures]


def test_a_noisy_problem_is_retested_to_the_same_end():
    def run(**options):
        problem = ng.Gymnasium("CartPole-v1", episodes=2, max_steps=100)
        return ng.evolve(problem, config=CONFIG, generations=5, solved_at=99.0, **options)

    result = run(processes=2)
    assert result.fingerprint == run().fingerprint
    assert result.solved and result.history.total("evaluations") > 12 * len(result.history)


def test_workers_serve_many_generations_and_start_again_after_a_close(genomes, values):
    workers = Workers(Function(workloads.value_of, inputs=1, outputs=1), 2)
    try:
        assert workers.evaluate(genomes, 0).fitness.tolist() == values
        first = {process.pid for process in multiprocessing.active_children()}
        assert workers.evaluate(genomes[[5, 3]], 1).fitness.tolist() == [values[5], values[3]]
        assert {process.pid for process in multiprocessing.active_children()} == first
        assert len(first) == 2
        workers.close()
        assert multiprocessing.active_children() == []
        assert workers.evaluate(genomes, 0).fitness.tolist() == values
    finally:
        workers.close()


# ------------------------------------------------------------------------- faults


def test_genomes_that_fail_in_their_worker_cost_themselves_alone(evaluated, values):
    faults = {values[2]: "raise", values[4]: "kill", values[5]: "exit"}
    answer = evaluated(workloads.Trap(faults))
    assert answer.failures == {
        2: "HardError: one",
        4: "its worker process was killed by SIGKILL, twice",
        5: "its worker process ended with exit code 3, twice",
    }
    assert np.flatnonzero(np.isnan(answer.fitness)).tolist() == [2, 4, 5]
    assert np.delete(answer.fitness, [2, 4, 5]).tolist() == np.delete(values, [2, 4, 5]).tolist()


def test_genomes_that_hang_are_ended_when_their_time_is_up(evaluated, values):
    faults = {values[0]: "hang", values[3]: "kill", values[7]: "stop", values[8]: "raise"}
    answer = evaluated(workloads.Trap(faults), time_limit=0.5)
    late = "no answer within 0.5 s"
    killed = "its worker process was killed by SIGKILL, twice"
    assert {0: late, 3: killed, 7: late}.items() <= answer.failures.items()
    assert answer.failures.keys() == {0, 3, 7, 8} and "HardError: one" in answer.failures[8]
    rest = [row for row in range(12) if row not in answer.failures]
    assert answer.fitness[rest].tolist() == [values[row] for row in rest]


def test_a_time_limit_is_for_a_genome_and_not_for_the_generation(evaluated, values):
    answer = evaluated(workloads.slow, time_limit=0.5)
    assert answer.fitness.tolist() == values and not answer.failures


@pytest.mark.parametrize("options", [{}, {"time_limit": 20.0}])  # shares of several, and of one
def test_a_worker_that_is_killed_once_costs_nothing(options, values, tmp_path):
    given = GIVEN | {"generations": 3}
    trap = workloads.Trap({values[6]: "kill"}, once=str(tmp_path / "been"))
    result = ng.evolve(trap, processes=2, **options, **given)
    assert (tmp_path / "been").exists() and not result.failures
    assert result.fingerprint == ng.evolve(workloads.value_of, **given).fingerprint


def test_a_worker_that_is_killed_between_two_generations_costs_nothing():
    def kill(run):
        process = multiprocessing.active_children()[0]
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    given = GIVEN | {"generations": 3}
    result = ng.evolve(workloads.value_of, processes=1, callbacks=[kill], **given)
    assert not result.failures
    assert result.fingerprint == ng.evolve(workloads.value_of, **given).fingerprint


def test_a_killed_workers_children_are_not_waited_for(values, tmp_path, monkeypatch):
    join = multiprocessing.Process.join
    monkeypatch.setattr(  # the same with less patience
        multiprocessing.process.BaseProcess, "join",
        lambda process, timeout=None: join(process, timeout and timeout / 10.0),
    )  # fmt: skip
    trap = workloads.Trap({values[6]: "die with a child"}, once=str(tmp_path / "been"))
    start = time.monotonic()
    result = ng.evolve(trap, processes=1, **GIVEN | {"generations": 1})
    assert time.monotonic() - start < 60 and not result.failures


def test_a_run_names_the_genomes_that_killed_their_workers(values, tmp_path):
    trap = workloads.Trap({values[5]: "kill", values[8]: "raise"})
    result = ng.evolve(trap, processes=2, directory=tmp_path, **GIVEN | {"generations": 1})
    assert result.failures == [
        (1, 5, "its worker process was killed by SIGKILL, twice"),
        (1, 8, "HardError: one"),
    ]
    assert result.history["failures"].tolist() == [2]
    named = (tmp_path / "failures.csv").read_text().splitlines()
    assert named[1] == '1,5,"its worker process was killed by SIGKILL, twice"'
    with pytest.raises(ng.EvaluationError, match="genome 8 of generation 1: HardError: one"):
        ng.evolve(workloads.Trap({values[8]: "raise"}), processes=1, on_error="raise", **GIVEN)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("raise", "RuntimeError: HardError: one"),  # itself it does not survive the journey
        ("kill", "its worker process was killed by SIGKILL, twice"),
        ("hang", "no answer within 1 s"),  # two episodes
    ],
)
def test_a_retest_that_kills_its_worker_costs_that_genome_alone(fault, cause, values, monkeypatch):
    monkeypatch.setattr("neatgrow.runs.champions.RETEST_EPISODES", 2)
    best = int(np.argmax(values))
    result = ng.evolve(
        workloads.Noisy({values[best]: fault}), config=CONFIG, seed=4, generations=1,
        processes=1, time_limit=0.5,
    )  # fmt: skip
    assert result.failures == [(1, best, f"in the retest: {cause}")]
    assert result.champion_fitness == sorted(values)[-2]


def test_what_every_genome_raises_is_raised_at_once():
    with pytest.raises(TypeError, match="fitness: expected one number, got 'low'"):
        ng.evolve(workloads.nonsense, processes=2, **GIVEN)


# ------------------------------------------------------------------------- refused


def test_a_function_that_no_process_can_import_is_refused_before_one_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("neatgrow.evaluation.workers._Worker", None)
    with pytest.raises(TypeError) as caught:
        ng.evolve(lambda network: 1.0, processes=2, directory=tmp_path / "run", **GIVEN)
    said = str(caught.value)
    assert said.startswith(
        "processes: expected a problem that another process can import, got '<lambda>': "
    )
    assert said.endswith(
        "Define the function at the top level of a module, or leave processes out."
    )
    assert not (tmp_path / "run").exists()


def test_statistics_over_a_generation_are_the_same_with_processes():
    results = [
        ng.evolve(
            ng.Gymnasium("CartPole-v1", episodes=2, normalize=True),
            processes=processes, config=CONFIG, generations=4, seed=1, solved_at=1e9,
        )
        for processes in (0, 2)
    ]  # fmt: skip
    assert results[0].fingerprint == results[1].fingerprint
    assert results[0].problem.statistics()["input_mean"].any()
    states = [result.problem.state() for result in results]
    for name, array in states[0].items():
        assert np.array_equal(array, states[1][name]), name


class Keeping(Function):
    """Keeps something, and has no way to take in what copies gather."""

    def state(self):
        return {"x": np.zeros(1)}

    def restore(self, state):
        """Nothing."""


def test_a_problem_whose_copies_gather_for_themselves_is_refused(tmp_path):
    problem = Keeping(workloads.value_of, inputs=1, outputs=1)
    with pytest.raises(ValueError, match="processes: expected a problem with a method gather"):
        ng.evolve(problem, processes=2, config=CONFIG, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"time_limit": 1.0}, ValueError,
         "time_limit: expected processes= of at least 1 with it, got 0. What runs in this process "
         "cannot be stopped."),
        ({"time_limit": 0, "processes": 1}, ValueError,
         "time_limit: expected a number above 0, got 0."),
        ({"time_limit": float("nan"), "processes": 1}, ValueError,
         "time_limit: expected a number above 0, got nan."),
        ({"processes": -1}, ValueError, "processes: expected an integer of at least 0, got -1."),
        ({"processes": 1.5}, TypeError, "processes: expected an integer of at least 0, got 1.5."),
    ],
)  # fmt: skip
def test_misuse_is_refused_in_words(options, kind, message, tmp_path):
    for act in (
        lambda: ng.evolve(workloads.value_of, **options, **GIVEN),
        lambda: ng.resume(tmp_path, problem=workloads.value_of, **options),
    ):
        if not (tmp_path / "problem.json").exists():
            ng.evolve(workloads.value_of, directory=tmp_path, **GIVEN | {"generations": 1})
        with pytest.raises(kind) as caught:
            act()
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise", "could not be rebuilt in a worker process: HardError: one"),
        ("sys.exit", "could not be rebuilt in a worker process: SystemExit: 4"),
        ("exit", "expected worker processes that start, got one that ended with exit code 3. A "
                 "script that uses processes must guard"),
    ],
)  # fmt: skip
def test_a_worker_that_cannot_start_is_not_waited_for(fault, message):
    with pytest.raises(RuntimeError, match=message):
        ng.evolve(workloads.Homesick(fault), processes=1, **GIVEN)


# ------------------------------------------------------------------------- scripts

SCRIPT = """
import multiprocessing, sys
import neatgrow as ng

def fitness(network):
    return float(network.activate([0.5])[0])

def say(run):
    print(*(p.pid for p in multiprocessing.active_children()), flush=True)
"""
RUN = """
result = ng.evolve(
    fitness, inputs=1, outputs=1, config=ng.Config(population_size=12), seed=4, processes=2,
    generations=int(sys.argv[1]), directory=sys.argv[2], callbacks=[say],
)
print(result.stopped, multiprocessing.active_children())
"""
GUARDED = SCRIPT + "\nif __name__ == '__main__':" + RUN.replace("\n", "\n    ")


@pytest.fixture
def script(tmp_path, subprocess_environment):
    """Start a script of its own session, the directory of its run beside it."""
    started = []

    def start(text, generations):
        path = tmp_path / "script.py"
        path.write_text(text)
        process = subprocess.Popen(
            [sys.executable, str(path), str(generations), str(tmp_path / "run")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env=subprocess_environment,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until_gone(pids):
    """Fail where a process is still there after a while."""
    end = time.monotonic() + 20
    for pid in pids:
        while Path(f"/proc/{pid}/stat").exists() and time.monotonic() < end:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                break
            time.sleep(0.02)
        else:
            assert not Path(f"/proc/{pid}/stat").exists(), f"process {pid} is still there"


def test_a_guarded_script_may_define_the_function_itself(script):
    process = script(GUARDED, 2)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0 and said.splitlines()[-1] == "generations []"
    assert complaint == ""


def test_a_script_without_a_guard_ends_with_what_to_do(script):
    process = script(SCRIPT + RUN, 2)
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 1 and said == ""
    assert complaint.splitlines()[-1] == (
        "neatgrow.evaluation.base.EvaluatorError: processes: expected worker processes that start, "
        "got one that ended with exit code 1. A script that uses processes must guard its main "
        "part with if __name__ == '__main__':."
    )


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_ctrl_c_ends_the_run_and_its_workers(script, tmp_path):
    process = script(GUARDED, 10**6)
    workers = [int(pid) for pid in process.stdout.readline().split()]
    assert len(workers) == 2
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0 and said.splitlines()[-1] == "interrupted []"
    assert "KeyboardInterrupt" not in complaint
    wait_until_gone(workers)
    assert ng.resume(tmp_path / "run", problem=workloads.value_of, seconds=0).stopped == "seconds"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_of_them_ends_the_run_saved_and_its_workers(number, script, tmp_path):
    process = script(GUARDED, 10**6)
    workers = [int(pid) for pid in process.stdout.readline().split()]
    os.killpg(process.pid, number)  # as schedulers and closed terminals do
    said, complaint = process.communicate(timeout=60)
    assert (process.returncode, said, complaint) == (128 + number, "", "")
    wait_until_gone(workers)
    assert ng.resume(tmp_path / "run", problem=workloads.value_of, seconds=0).stopped == "seconds"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_workers_of_a_killed_process_end_and_hold_nothing(script, tmp_path):
    process = script(GUARDED, 10**6)
    workers = [int(pid) for pid in process.stdout.readline().split()]
    process.kill()
    process.communicate()
    assert ng.resume(tmp_path / "run", problem=workloads.value_of, seconds=0).stopped == "seconds"
    wait_until_gone(workers)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_workers_of_a_killed_process_end_in_the_midst_of_an_evaluation(script):
    # One write each: the numbers of two processes must not mix.
    endless = "os.write(1, b'%d\\n' % os.getpid())\n    while True: pass"
    text = "import os" + GUARDED.replace("return float(network.activate([0.5])[0])", endless)
    process = script(text, 1)
    workers = [int(process.stdout.readline()) for _ in range(2)]
    process.kill()
    process.wait()
    wait_until_gone(workers)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_no_worker_is_left_where_a_callback_raises(error):
    def callback(run):
        assert multiprocessing.active_children()
        raise error

    if error is KeyboardInterrupt:
        result = ng.evolve(workloads.value_of, processes=1, callbacks=[callback], **GIVEN)
        assert result.stopped == "interrupted"
        return
    with pytest.raises(error):
        ng.evolve(workloads.value_of, processes=1, callbacks=[callback], **GIVEN)
