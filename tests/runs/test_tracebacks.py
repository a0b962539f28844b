"""Where the user's own code raised: in what is raised here, and kept with the run."""

import gc
import multiprocessing
import re
import sys
import traceback
import weakref
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import gymnasium
import numpy as np
import pytest
import workloads
from gymnasium import spaces
from test_checkpoints import DATA, parts, write
from test_faults import Batch, low
from workloads import fail_all, picky

import neatgrow as ng
from neatgrow._checks import printable
from neatgrow.cli import main
from neatgrow.evaluation.base import Evaluation, EvaluatorError, failed, judged
from neatgrow.evaluation.tracebacks import (
    OriginalError,
    let_frames_go,
    sent,
    traceback_of,
)
from neatgrow.evaluation.workers import Workers, sendable
from neatgrow.files.archive import FileError
from neatgrow.runs.checkpoints import load_snapshot

LINE = 'raise ValueError(f"below 0: {value:.3f}")'
GIVEN = workloads.GIVEN | {"generations": 2}
ONE = {"inputs": 1, "outputs": 1, "config": workloads.CONFIG, "generations": 2, "seed": 4}
POOL = ProcessPoolExecutor, 2, multiprocessing.get_context("spawn")


def all_of(error):
    """What Python prints of it."""
    return "".join(traceback.format_exception(error))


def raised_by(act, kind=Exception):
    with pytest.raises(kind) as caught:
        act()
    return caught.value


def run_here(function, **options):
    return ng.evolve(function, **options)


def run_in_processes(function, **options):
    return ng.evolve(function, processes=2, **options)


def run_one_by_one(function, **options):
    return ng.evolve(function, processes=2, time_limit=60.0, **options)


def run_on_threads(function, **options):
    with ThreadPoolExecutor(2) as executor:
        return ng.evolve(function, executor=executor, **options)


def run_on_a_pool(function, **options):
    kind, *given = POOL
    with kind(*given) as executor:
        return ng.evolve(function, executor=executor, **options)


WAYS = [run_here, run_in_processes, run_one_by_one, run_on_threads, run_on_a_pool]


# ------------------------------------------------------------------------- what is raised


@pytest.mark.parametrize("run", WAYS)
def test_the_error_of_a_function_is_raised_from_what_it_raised(run):
    values = workloads.first_generation()[1]
    row = next(row for row, value in enumerate(values) if value < 0.0)
    error = raised_by(lambda: run(picky, on_error="raise", **GIVEN), ng.EvaluationError)
    cause = f"ValueError: below 0: {values[row]:.3f}"
    assert str(error) == f"evaluation failed for genome {row} of generation 1: {cause}"
    assert type(error.__cause__) is ValueError and f"ValueError: {error.__cause__}" == cause
    assert LINE in all_of(error)


@pytest.mark.parametrize("run", WAYS)
def test_the_traceback_of_the_first_that_raised_is_kept_and_the_same_everywhere(run, tmp_path):
    here = ng.evolve(picky, **GIVEN)
    result = run(picky, directory=tmp_path, **GIVEN)
    assert result.failures == here.failures and len(result.failures) > 3
    assert result.traceback.endswith(f"\n{result.failures[0][2]}\n")
    assert LINE in result.traceback and result.traceback == here.traceback
    assert (tmp_path / "failure.txt").read_text() == result.traceback
    assert load_snapshot(tmp_path / "checkpoints" / "00000002.npz").traceback == result.traceback


def test_a_failure_is_not_raised_from_what_another_genome_raised():
    calls = []

    def fitness(network):
        calls.append(1)
        if len(calls) == 3:
            raise ValueError("the third")
        return float("nan") if len(calls) == 2 else 1.0

    error = raised_by(lambda: ng.evolve(fitness, on_error="raise", **ONE), ng.EvaluationError)
    assert "genome 1 of generation 1: fitness is nan" in str(error) and error.__cause__ is None
    calls.clear()
    result = ng.evolve(fitness, **ONE)
    assert result.failures[0][1] == 1 and "the third" in result.traceback


def no_luck(fitness):
    raise LookupError("too low for me")


def test_the_error_of_a_problem_is_raised_from_what_it_raised_for_one_network():
    def answer(self, fitness, episodes):
        return no_luck(fitness) if low(fitness).any() else Evaluation(fitness, 1)

    config = ng.Config(population_size=50)
    error = raised_by(
        lambda: ng.evolve(Batch(answer), config=config, seed=1, on_error="raise"),
        ng.EvaluationError,
    )
    assert type(error.__cause__) is LookupError
    assert all_of(error).count('raise LookupError("too low for me")') == 1  # and no context
    result = ng.evolve(Batch(answer), config=config, seed=1, generations=1)
    assert result.traceback.count('raise LookupError("too low for me")') == 1


def test_what_a_problem_raises_for_all_in_a_later_generation_is_kept():
    def answer(self, fitness, episodes):
        return no_luck(fitness) if len(self.calls) > 1 else Evaluation(fitness, 1)

    result = ng.evolve(Batch(answer), config=workloads.CONFIG, generations=3, seed=1)
    assert result.failures[0] == (2, 0, "LookupError: too low for me")
    assert 'raise LookupError("too low for me")' in result.traceback


@pytest.mark.parametrize("on_error", ["record", "raise"])
@pytest.mark.parametrize("processes", [0, 1])
def test_what_a_retest_raises_is_kept(on_error, processes):
    values = workloads.first_generation()[1]
    best = int(np.argmax(values))
    problem = workloads.Noisy({values[best]: "raise"})
    given = {"config": workloads.CONFIG, "seed": 4, "generations": 1, "processes": processes}
    if on_error == "record":
        text = ng.evolve(problem, **given).traceback
    else:
        error = raised_by(lambda: ng.evolve(problem, on_error="raise", **given), ng.EvaluationError)
        assert f"genome {best} of generation 1: in the retest: " in str(error)
        text = all_of(error)
    assert 'raise HardError("one", "two")' in text


def test_errors_that_a_problem_hands_over_itself_are_kept():
    def answer(self, fitness, episodes):
        try:
            no_luck(fitness)
        except LookupError as error:
            if fitness.size == 1:  # the final test
                return Evaluation(fitness, 1)
            fitness[3] = np.nan
            return Evaluation(fitness, 1, {3: "no luck"}, errors={np.int64(3): error})

    result = ng.evolve(Batch(answer), config=workloads.CONFIG, generations=1, seed=1)
    assert result.failures == [(1, 3, "no luck")]
    assert 'raise LookupError("too low for me")' in result.traceback


@pytest.mark.parametrize("errors", [["low"], {0: "low"}, None])
def test_errors_that_are_none_are_refused(errors):
    problem = Batch(lambda self, fitness, _: Evaluation(fitness, 1, errors=errors))
    with pytest.raises(TypeError, match="evaluate: errors: expected exceptions by row, got "):
        ng.evolve(problem, config=workloads.CONFIG)


def test_what_every_network_raises_is_what_the_whole_batch_raised():
    def answer(self, fitness, episodes):
        raise LookupError(f"{fitness.size} at once")

    genomes = ng.Population(1, 1, workloads.CONFIG, seed=1).ask()
    error = raised_by(lambda: judged(Batch(answer), genomes.compile(), seed=0), LookupError)
    assert str(error) == "12 at once" and error.__context__ is None


# ------------------------------------------------------------------------- environments


class Walk(gymnasium.Env):
    """Breaks at the third step of the other way."""

    observation_space = spaces.Box(-1.0, 1.0, (1,))
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.taken = 0
        return np.full(1, 0.5, np.float32), {}

    def step(self, action):
        self.taken += 1
        if action == 1 and self.taken == 3:
            self.burst()
        return np.full(1, 0.5, np.float32), 1.0, False, False, {}

    def burst(self):
        raise ValueError("a burst tyre")


class Start(Walk):
    def reset(self, *, seed=None, options=None):
        self.burst()


def walkers():
    return ng.Population(1, 2, workloads.CONFIG, seed=4).ask().compile()


BURST = 'raise ValueError("a burst tyre")'


@pytest.mark.parametrize(("backend", "processes"), [("single", 0), ("single", 2), ("processes", 0)])
def test_the_traceback_of_an_environment_is_kept(backend, processes):
    given = {"config": workloads.CONFIG, "generations": 1, "seed": 4, "processes": processes}

    problem = ng.Gymnasium(
        Walk, episodes=2, max_steps=5, backend=backend, solved_at=99.0, processes=2
    )
    try:
        result = ng.evolve(problem, **given)
        _, row, cause = result.failures[0]
        assert cause == "episode 0, step 3: ValueError: a burst tyre"
        assert BURST in result.traceback
        error = raised_by(lambda: ng.evolve(problem, on_error="raise", **given))
    finally:
        problem.close()
    assert str(error) == f"evaluation failed for genome {row} of generation 1: {cause}"
    assert BURST in all_of(error) and type(error.__cause__) is ValueError


def test_the_traceback_of_a_reset_is_kept():
    problem = ng.Gymnasium(Start, max_steps=5, backend="single")
    given = {"config": workloads.CONFIG, "generations": 1}
    error = raised_by(lambda: ng.evolve(problem, **given), RuntimeError)
    assert "expected at least one evaluation that succeeds" in str(error)
    assert BURST in all_of(error)


class Walks(gymnasium.vector.VectorEnv):
    """Breaks where any slot is at its third step."""

    metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(self, num_envs=1, max_episode_steps=5):
        self.num_envs = num_envs
        self.single_observation_space = spaces.Box(-10.0, 10.0, (1,))
        self.single_action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.state, self.taken = np.full((1, self.num_envs), 0.5), 0
        return self.state.T.astype(np.float32), {}

    def step(self, actions):
        self.taken += 1
        if self.taken == 3:
            raise ValueError("a burst tyre")
        no = np.zeros(self.num_envs, bool)
        return self.state.T.astype(np.float32), np.ones(self.num_envs), no, no, {}


def test_the_traceback_of_a_vector_environment_is_kept():
    gymnasium.register("Walk-v0", Walk, vector_entry_point=Walks, max_episode_steps=5)
    try:
        problem = ng.Gymnasium("Walk-v0")
        assert problem.backend == "vector"
        evaluation = problem.evaluate(walkers(), seed=1)
        assert evaluation.errors.keys() == {0} and len(evaluation.failures) == 12
        assert BURST in traceback_of(evaluation.errors[0])
        error = raised_by(
            lambda: ng.evolve(problem, config=workloads.CONFIG, on_error="raise"),
            ng.EvaluationError,
        )
        assert BURST in all_of(error) and type(error.__cause__) is ValueError
    finally:
        del gymnasium.registry["Walk-v0"]


def test_of_several_episodes_that_raise_the_first_is_kept():
    class Numbered(Walk):
        def reset(self, *, seed=None, options=None):
            self.seed = seed
            return super().reset(seed=seed)

        def step(self, action):
            raise ValueError(f"from seed {self.seed}")

    problem = ng.Gymnasium(Numbered, episodes=3, max_steps=5, slots=2, backend="single")
    evaluation = problem.evaluate(walkers(), seed=1)
    ((row, error),) = evaluation.errors.items()
    assert row == 0 and f"{error}" in evaluation.failures[0]


# ------------------------------------------------------------------------- nothing but failures


@pytest.mark.parametrize("run", [run_here, run_in_processes])
def test_a_run_of_failures_alone_ends_with_the_line_of_the_first(run, tmp_path):
    error = raised_by(lambda: run(fail_all, directory=tmp_path, **ONE), RuntimeError)
    assert str(error).endswith("was: genome 0 of generation 1: KeyError: 'missing'.")
    assert 'return {}["missing"]' in all_of(error)
    assert 'return {}["missing"]' in (tmp_path / "failure.txt").read_text()


def test_a_run_of_nan_alone_has_no_traceback(tmp_path):
    error = raised_by(lambda: ng.evolve(lambda network: float("nan"), directory=tmp_path, **ONE))
    assert error.__cause__ is None and not (tmp_path / "failure.txt").exists()
    assert ng.evolve(workloads.value_of, **ONE).traceback is None


# ------------------------------------------------------------------------- on its way


class SealedError(Exception):
    """Takes no attribute."""

    def __setattr__(self, name, value):
        raise AttributeError("sealed")


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class ChangelingError(Exception):
    """Comes out of a pickle as something else."""

    def __reduce__(self):
        return KeyboardInterrupt, ()


def holding_a_lock():
    error = ValueError("holds a lock")
    error.lock = multiprocessing.Lock()
    return error


ERRORS = {
    "plain": (lambda: ValueError("plain"), ValueError, "plain"),
    "with a lambda": (lambda: ValueError(lambda: 0), RuntimeError, "ValueError: <function"),
    "with a lock": (holding_a_lock, RuntimeError, "ValueError: holds a lock"),
    "hard": (lambda: workloads.HardError("one", "two"), RuntimeError, "HardError: one"),
    "sealed": (lambda: SealedError("sealed"), RuntimeError, "SealedError: sealed"),
    "mute": (MuteError, MuteError, None),
    "changeling": (lambda: ChangelingError("x"), RuntimeError, "ChangelingError: x"),
    "exit": (lambda: SystemExit(3), SystemExit, "3"),
    "exit with a lambda": (lambda: SystemExit(lambda: 0), SystemExit, "<function"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_whatever_is_raised_arrives_with_its_line(name):
    make, kind, said = ERRORS[name]
    try:
        raise make()
    except (Exception, SystemExit) as error:
        sent_one = sent(error)
        answers = [sendable(failed(2, error))]
        if isinstance(error, Exception):
            answers.append(sendable(error))
    whole, *alone = [multiprocessing.reduction.ForkingPickler.dumps(a) for a in answers]
    evaluation = multiprocessing.reduction.ForkingPickler.loads(whole).opened()
    arrived = [sent_one.arrived(), evaluation.errors[0]]
    arrived += [multiprocessing.reduction.ForkingPickler.loads(a).opened() for a in alone]
    kinds = {kind}
    if "tblib" in sys.modules:  # Dask's, by which more errors can be sent
        kinds.add(type(make()))
    for error in arrived:
        assert type(error) in kinds and "raise make()" in all_of(error)
        assert said is None or type(error) is not kind or str(error).startswith(said)
        assert traceback_of(error) == sent_one.traceback
    assert evaluation.failures.keys() == {0, 1} and np.isnan(evaluation.fitness).all()


def test_an_error_that_no_pickle_takes_comes_back_from_a_worker_with_its_line():
    values = workloads.first_generation()[1]
    trap = workloads.Trap({values[5]: "raise"})
    for options in ({}, {"time_limit": 60.0}):
        error = raised_by(
            lambda options=options: ng.evolve(
                trap, processes=1, on_error="raise", **options, **GIVEN
            ),
            ng.EvaluationError,
        )
        assert "genome 5 of generation 1: " in str(error)
        assert 'raise HardError("one", "two")' in all_of(error)


def test_a_problem_that_no_worker_can_rebuild_is_told_with_its_line(tmp_path):
    problem = ng.problems.function.Function(workloads.Homesick("raise"), inputs=1, outputs=1)
    workers = Workers(problem, 1)
    try:
        error = raised_by(
            lambda: workers.evaluate(workloads.first_generation()[0], 0), EvaluatorError
        )
    finally:
        workers.close()
    assert 'raise HardError("one", "two")' in all_of(error)
    pool = raised_by(lambda: run_on_a_pool(workloads.Homesick("raise"), **GIVEN), EvaluatorError)
    assert 'raise HardError("one", "two")' in all_of(pool)
    ng.evolve(workloads.value_of, directory=tmp_path, **GIVEN)
    with pytest.warns(RuntimeWarning, match=r'(?s)processes: the problem.*raise HardError\("one"'):
        ng.resume(tmp_path, problem=workloads.Homesick("raise"), generations=3, processes=1)


class Shy:
    """No pickle takes it."""

    __name__ = "shy"

    def __call__(self, network):
        return 1.0

    def __getstate__(self):
        raise OSError("not for others")


def test_a_problem_that_cannot_be_sent_is_refused_from_what_it_raised():
    error = raised_by(lambda: ng.evolve(Shy(), processes=1, **GIVEN), TypeError)
    assert type(error.__cause__) is OSError and 'raise OSError("not for others")' in all_of(error)


def test_an_executor_that_loses_everything_is_told_with_what_it_raised():
    class Broken:
        def submit(self, function, /, *args):
            future = Future()
            try:
                raise OSError("no node left")
            except OSError as error:
                future.set_exception(error)
            return future

    error = raised_by(lambda: ng.evolve(workloads.value_of, executor=Broken(), **GIVEN))
    assert isinstance(error, EvaluatorError) and 'raise OSError("no node left")' in all_of(error)


# ------------------------------------------------------------------------- kept


def fails_in(*generations):
    """A fitness function that raises once in each of these generations."""
    calls = []

    def fitness(network):
        calls.append(1)
        generation, call = divmod(len(calls) - 1, 12)
        if generation + 1 in generations and call == 3:
            raise ValueError(f"in generation {generation + 1}")
        return workloads.value_of(network)

    return fitness


def test_a_resumed_run_keeps_the_first_traceback(tmp_path):
    given = ONE | {"directory": tmp_path}
    first = ng.evolve(fails_in(1, 2), **given)
    assert first.traceback.endswith("ValueError: in generation 1\n")
    (tmp_path / "failure.txt").write_text("lost")
    again = ng.resume(tmp_path, problem=fails_in(2), generations=4)
    assert len(again.failures) == 3 and again.traceback == first.traceback
    assert (tmp_path / "failure.txt").read_text() == first.traceback


def test_a_run_that_raised_leaves_its_traceback_and_forgets_it_when_it_goes_on(tmp_path):
    given = ONE | {"directory": tmp_path, "on_error": "raise"}
    raised_by(lambda: ng.evolve(fails_in(2), **given), ng.EvaluationError)
    assert "in generation 2" in (tmp_path / "failure.txt").read_text()
    result = ng.resume(tmp_path, problem=workloads.value_of)
    assert result.traceback is None and not (tmp_path / "failure.txt").exists()


def test_a_generation_that_is_interrupted_takes_its_traceback_along():
    done = []

    def answer(self, fitness, episodes):
        if done and episodes is not None:
            raise KeyboardInterrupt  # in the retest
        if not done:
            return Evaluation(fitness, 1)
        fitness[3] = np.nan
        return Evaluation(fitness + 10.0, 1, errors={3: LookupError("the fourth")})

    given = {"config": workloads.CONFIG, "generations": 3, "seed": 1}
    result = ng.evolve(Batch(answer, noisy=True), callbacks=[done.append], **given)
    assert result.stopped == "interrupted" and len(result.history) == 1
    assert result.failures == [] and result.traceback is None


def test_runs_saved_before_there_were_tracebacks_have_none():
    assert load_snapshot(DATA / "run-1.npz").traceback is None


@pytest.mark.parametrize("value", [3, True, [], {}, ["x"]])
def test_a_traceback_that_is_no_text_is_refused(value, tmp_path):
    metadata, arrays = parts(DATA / "run-1.npz")
    path = write(tmp_path / "run.npz", {**metadata, "traceback": value}, arrays)
    with pytest.raises(FileError, match="traceback: expected a value of type str"):
        load_snapshot(path)


def test_escapes_in_a_file_are_shown_and_not_sent(tmp_path):
    metadata, arrays = parts(DATA / "run-1.npz")
    path = write(tmp_path / "run.npz", {**metadata, "traceback": "a\x1b[2J\n"}, arrays)
    assert load_snapshot(path).traceback == "a\\x1b[2J\n"


# ------------------------------------------------------------------------- the text


def test_control_characters_are_shown_as_escapes():
    text = "größe\t日本\n\x1b[31m\x07\r\x9b\u202e\udc80\x00"
    shown = "größe\t日本\n\\x1b[31m\\x07\\r\\x9b\\u202e\\udc80\\x00"
    assert printable(text) == shown and printable(shown) == shown


def test_a_traceback_keeps_both_ends_of_what_is_too_long(tmp_path):
    def fitness(network):
        raise ValueError("start" + "x" * 10**6 + "\x1b]0;end")

    error = raised_by(lambda: ng.evolve(fitness, directory=tmp_path, **ONE), RuntimeError)
    text = (tmp_path / "failure.txt").read_text()
    assert error.__cause__.text == text and 20_000 < len(text) < 20_200
    assert "raise ValueError" in text and "start" in text and text.endswith("x\\x1b]0;end\n")
    assert re.search(r"x\n… \d+ characters left out …\nx", text)


def test_what_cannot_be_printed_is_told_by_its_kind(monkeypatch):
    def broken(error):
        raise RecursionError

    monkeypatch.setattr("traceback.format_exception", broken)
    assert traceback_of(ValueError("x")) == "ValueError: x\n"


def test_an_error_around_one_from_elsewhere_shows_both():
    def outer():
        try:
            raise RuntimeError("inner") from OriginalError("far away\n")
        except RuntimeError as error:
            return error

    text = traceback_of(outer())
    assert "far away" in text and 'raise RuntimeError("inner")' in text


# ------------------------------------------------------------------------- memory


class Thing:
    """Something large."""


@pytest.fixture
def no_collection():
    """Python does not look for circles."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_what_a_failing_frame_holds_dies_with_the_generation(no_collection):
    things, alive = [], []

    def fitness(network):
        thing = Thing()
        things.append(weakref.ref(thing))
        if len(things) % 12 in (3, 5):
            try:
                raise KeyError("within")
            except KeyError as error:
                raise ValueError("too much") from error
        return 1.0

    def count(run):
        alive.append(sum(thing() is not None for thing in things))

    ng.evolve(fitness, callbacks=[count], **ONE | {"generations": 3})
    assert len(things) == 36 + 1 and alive == [0, 0, 0]  # and the final test


def test_what_a_failing_problem_holds_dies_with_the_generation(no_collection):
    things, alive = [], []

    def answer(self, fitness, episodes):
        thing = Thing()
        things.append(weakref.ref(thing))
        if (fitness < 0.0).any() or len(alive) == 1:  # some, then all
            raise ValueError("too much")
        return Evaluation(fitness, 1)

    def count(run):
        alive.append(sum(thing() is not None for thing in things))

    config = ng.Config(population_size=50)
    result = ng.evolve(Batch(answer), callbacks=[count], config=config, generations=2, seed=1)
    assert 1 < result.history["failures"][0] < 50 == result.history["failures"][1]
    assert alive == [0, 0]


def test_what_a_failing_environment_holds_dies_with_the_generation(no_collection):
    things, alive = [], []

    class Heavy(Walk):
        def burst(self):
            thing = Thing()
            things.append(weakref.ref(thing))
            super().burst()

    problem = ng.Gymnasium(Heavy, episodes=2, max_steps=5, backend="single")
    ng.evolve(
        problem, config=workloads.CONFIG, generations=2, solved_at=99.0, seed=4,
        callbacks=[lambda run: alive.append(sum(thing() is not None for thing in things))],
    )  # fmt: skip
    assert len(things) > 4 and alive == [0, 0]


def test_frames_are_let_go_of_all_that_led_to_an_error():
    def outer():
        try:
            try:
                raise KeyError("one")
            except KeyError as error:
                raise ExceptionGroup("two", [error]) from error
        except ExceptionGroup as error:
            error.__cause__.__cause__ = error  # a circle
            return error

    error = outer()
    let_frames_go(error)
    assert error.__traceback__ is None and error.exceptions[0].__traceback__ is None
    assert error.__cause__.__traceback__ is None


# ------------------------------------------------------------------------- the command line


class Rough(Walk):
    """Named by a module, as the command line needs it."""


gymnasium.register("Rough-v0", Rough, max_episode_steps=5, reward_threshold=99.0)
gymnasium.register("Dead-v0", Start, max_episode_steps=5)
RUN = "run", "Rough-v0", "--population", "12", "--generations", "1", "--out", "out"


@pytest.mark.usefixtures("unpainted")
def test_the_command_line_says_where_the_traceback_is(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = "evaluations failed, the first of genome "
    where = "the first traceback is in out/failure.txt"
    assert main(RUN) == 0
    output = capsys.readouterr().out
    assert said in output and where in output
    assert BURST in (tmp_path / "out" / "failure.txt").read_text()
    assert main(["resume", "out", "--generations", "2"]) == 0
    output = capsys.readouterr().out
    assert said in output and where in output
    assert main(["show", "out"]) == 0
    output = capsys.readouterr().out
    assert re.search(rf"\d+ evaluations failed\n{where}", output)
    assert main(["run", "xor", "--population", "12", "--generations", "1", "--out", "sound"]) == 0
    assert main(["show", "sound"]) == 0
    output = capsys.readouterr().out
    assert where not in output and "failed" not in output


def test_the_command_line_shows_the_traceback_where_all_failed(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "Dead-v0", "--population", "12", "--generations", "1"]) == 2
    complaint = capsys.readouterr().err
    assert BURST in complaint
    assert complaint.splitlines()[-1].startswith("neatgrow: evolve: expected at least one")


@pytest.mark.usefixtures("unpainted")
def test_the_command_line_shows_causes_without_sending_escapes(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Rough, "burst", lambda self: exec("raise ValueError('\x1b[2J')"))
    assert main(RUN) == 0
    output = capsys.readouterr().out
    assert "\\x1b[2J" in output and "\x1b" not in output
