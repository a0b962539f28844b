"""A run's directory: written whole, read back, refused in words where it is damaged."""

import gc
import json
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
import warnings

import numpy as np
import pytest

import neatgrow as ng
from benchmarks.bench_runs import FIXED
from neatgrow.evaluation.base import Evaluation
from neatgrow.files.archive import FileError
from neatgrow.runs.checkpoints import load_snapshot
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.reading import read_history, read_run


def run_in(directory, **changes):
    config = ng.Config(population_size=12)
    given = {"config": config, "generations": 4, "solved_at": 99.0, "seed": 3} | changes
    return ng.evolve(ng.XOR(), directory=directory, **given)


def test_what_was_written_is_what_is_read(tmp_path):
    result = run_in(tmp_path / "deep" / "run")
    description, history, champion = read_run(tmp_path / "deep" / "run")
    about = {
        "generations": 4, "solved_at": 99.0, "minimize": False, "learning": None, "inputs": 2,
        "outputs": 1, "noisy": None,
        "chosen": {"recurrent": False, "genes.activation.outputs": None},
    }  # fmt: skip
    assert description == {"seed": 3, "problem": "xor", "paper": False, "run": about}
    assert history.to_csv() == result.history.to_csv()
    assert history.species_sizes == result.history.species_sizes
    assert champion == result.champion
    assert champion.interface.input_names == ("a", "b")
    names = {path.name for path in (tmp_path / "deep" / "run").iterdir()}
    files = {
        "config.toml", "problem.json", "history.csv", "species.csv", "failures.csv",
        "champion.npz", "verified.json", "provenance.json", "run.lock", "checkpoints",
    }  # fmt: skip
    assert names == files  # nothing temporary is left


def test_the_files_grow_as_the_run_goes(tmp_path):
    seen = []

    def look(run):
        history = read_history(tmp_path / "run")
        seen.append(len(history))
        assert history.to_csv() == run.history.to_csv()
        assert ng.load_genome(tmp_path / "run" / "champion.npz") == run.champion

    run_in(tmp_path / "run", callbacks=[look])
    assert seen == [1, 2, 3, 4]


def test_the_champion_is_written_only_when_it_is_a_new_one(tmp_path, monkeypatch):
    saves, save = [], ng.Genome.save
    monkeypatch.setattr(
        ng.Genome, "save", lambda genome, path: saves.append(path) or save(genome, path)
    )
    result = run_in(tmp_path / "run", generations=15)
    assert len(saves) == np.unique(result.history["champion"]).size < 15


def test_a_directory_that_holds_a_run_is_refused_and_left_alone(tmp_path):
    run_in(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(FileExistsError) as caught:
        run_in(tmp_path, seed=4)
    assert str(caught.value) == (
        f"{tmp_path}: expected an empty directory, got one that holds a run. Choose another "
        f"directory, go on with 'neatgrow resume {tmp_path}', or begin anew there with "
        "overwrite=True, or --overwrite."
    )
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_of_two_runs_that_begin_at_once_the_later_one_is_refused(tmp_path, monkeypatch):
    """Even where the directory was free when it looked first."""
    begin, earlier = RunDirectory.__init__, []

    def overtaken(*arguments):
        monkeypatch.undo()
        earlier.append(run_in(tmp_path, seed=4))
        begin(*arguments)

    monkeypatch.setattr(RunDirectory, "__init__", overtaken)
    with pytest.raises(FileExistsError, match="expected an empty directory, got one that holds"):
        run_in(tmp_path)
    description, history, champion = read_run(tmp_path)
    assert description["seed"] == 4 and champion == earlier[0].champion
    assert history.to_csv() == earlier[0].history.to_csv()
    assert len(ng.resume(tmp_path, generations=5).history) == 5  # nor is it held


def test_the_time_to_the_next_checkpoint_counts_from_the_last(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    run_in(
        tmp_path, generations=12, checkpoints=ng.Checkpoints(seconds=25.0, keep=99),
        callbacks=[lambda run: clock.__setitem__(0, clock[0] + 10.0)],
    )  # fmt: skip
    saved = [int(path.stem) for path in sorted((tmp_path / "checkpoints").iterdir())]
    assert saved == [1, 4, 7, 10, 12]  # the last because the run ends


@pytest.mark.parametrize("name", ["problem.json", "history.csv", "species.csv", "champion.npz"])
def test_a_missing_file_is_named(tmp_path, name):
    run_in(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        read_run(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: expected a run directory, got one without {name}. Pass a directory that "
        "'neatgrow run' or evolve(directory=…) wrote."
    )


def cell(table, line, column, value):
    """The bytes of a history in which one value is another."""
    lines = [row.split(b",") for row in table.split(b"\n")]
    lines[line][lines[0].index(column.encode())] = value
    return b"\n".join(b",".join(row) for row in lines)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("problem.json", lambda b: b[:10], "expected a problem's description in JSON, got an err"),
        ("problem.json", lambda b: b"[1, 2]", "expected a problem's description in JSON"),
        ("problem.json", lambda b: b"3", "expected a problem's description in JSON"),
        ("problem.json", lambda b: b"\xff", "expected a problem's description in JSON"),
        ("history.csv", lambda b: b.replace(b"\n2,", b"\n2\n2,"),
         r"expected a line of a run's table, got b'2' in line 3 \(.*\)\. 'neatgrow resume' writes"),
        ("history.csv", lambda b: b.replace(b"\n3,", b"\nthree,"), "in line 4"),
        ("history.csv", lambda b: b.replace(b"\n4,", b"\n\xff,"), "in line 5"),
        ("history.csv", lambda b: b.splitlines()[0], "expected at least one generation, got none"),
        ("species.csv", lambda b: b + b"5,1\n", "expected a line of a run's table"),
        ("species.csv", lambda b: b + b"a,b,c\n", "expected a line of a run's table"),
        ("species.csv", lambda b: b + b"4,-1,3\n", "species: expected a whole number from 1 to"),
        ("species.csv", lambda b: b + b"4,1,0\n", "size: expected a whole number from 1 to"),
        ("species.csv", lambda b: b + b"-4,1,3\n", "generation: expected a whole number from 1"),
        ("species.csv", lambda b: b + b"4,3000000000,3\n", "species: expected a whole number"),
        ("species.csv", lambda b: b + b"4,1," + b"9" * 5000 + b"\n", "expected a line of a run's"),
        ("history.csv", lambda b: cell(b, 3, "generation", b"-3"), "generation: .* from 3 to 3"),
        ("history.csv", lambda b: cell(b, 3, "generation", b"4"), "generation: .* from 3 to 3"),
        ("history.csv", lambda b: cell(b, 3, "evaluations", b"-1"), "evaluations: .* from 0 to"),
        ("history.csv", lambda b: cell(b, 3, "steps", b"9" * 19), "steps: .* got 9999999999"),
        ("history.csv", lambda b: cell(b, 3, "steps", b"9" * 5000), "in line 4"),
        ("history.csv", lambda b: cell(b, 3, "species", b"nan"), "in line 4"),
        ("history.csv", lambda b: cell(b, 3, "best", b"much"), "in line 4"),
        ("history.csv", lambda b: cell(b, 3, "best", b"1,1"), "in line 4"),
        ("history.csv", lambda b: b.replace(b"generation,", b"", 1), "in line 2"),
        ("history.csv", lambda b: b.replace(b"best,", b"worst,", 1), "in line 2"),
        ("history.csv", lambda b: b.replace(b"best,", b"mean,", 1), "in line 1"),
        ("history.csv", lambda b: b"\n" + b, "in line 2"),
        ("champion.npz", lambda b: b[:-9], "expected a file written by neatgrow"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, name, damage, message):
    run_in(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=f"{re.escape(str(path))}: .*{message}"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("generations", "x", "generations: expected an integer of at least 1, got 'x'"),
        ("generations", -1, "generations: expected an integer of at least 1, got -1"),
        ("minimize", "no", "minimize: expected True or False, got 'no'"),
        ("solved_at", "x", "solved_at: expected a number, got 'x'"),
        ("learning", {"steps": 1}, "Learning: expected a value of 'optimizer'"),
        ("inputs", 0, "inputs: expected a whole number from 1 to"),
    ],
)
def test_a_budget_that_makes_no_sense_is_named(tmp_path, name, value, message):
    run_in(tmp_path)
    path = tmp_path / "problem.json"
    description = json.loads(path.read_text())
    description["run"][name] = value
    path.write_text(json.dumps(description))
    for read in (read_run, ng.resume):
        with pytest.raises(FileError, match=f"{re.escape(str(path))}: expected .*{message}"):
            read(tmp_path)


def test_options_that_the_problem_does_not_have_are_named(tmp_path):
    run_in(tmp_path)
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "wheels": 4}))
    with pytest.raises(ValueError, match=r"expected a description of 'xor', got .*'wheels'"):
        ng.resume(tmp_path)


def test_settings_that_are_no_text_are_named(tmp_path):
    (tmp_path / "c.toml").write_bytes(b"population_size = 5 # \xff")
    with pytest.raises(ValueError, match=r"c\.toml: expected TOML, got an error: 'utf-8'"):
        ng.Config.from_toml(tmp_path / "c.toml")


def test_a_run_does_not_bring_the_code_along_that_it_is_read_with(tmp_path, subprocess_environment):
    run_in(tmp_path / "run")
    for place in ("run", "."):
        (tmp_path / place / "stranger.py").write_text("print('the stranger speaks')\n")
    path = tmp_path / "run" / "problem.json"
    description = json.loads(path.read_text()) | {
        "problem": "gymnasium", "environment": "stranger:CartPole-v1",
    }  # fmt: skip
    del description["paper"]
    path.write_text(json.dumps(description))
    for command in ("resume", "watch", "report"):
        done = subprocess.run(
            [sys.executable, "-m", "neatgrow", command, "."], cwd=tmp_path / "run", text=True,
            env=subprocess_environment, capture_output=True,
        )  # fmt: skip
        assert "stranger speaks" not in done.stdout + done.stderr
        said = done.stderr if command != "report" else (path.parent / "report.html").read_text()
        assert "expected an id that needs no import" in said
    done = subprocess.run(
        [sys.executable, "-m", "neatgrow", "resume", "run", "--import", "stranger"], cwd=tmp_path,
        text=True, env=subprocess_environment, capture_output=True,
    )  # fmt: skip
    assert "stranger speaks" in done.stdout  # one's own module, by one's wish


def test_no_run_begins_among_the_checkpoints_of_another(tmp_path):
    run_in(tmp_path)
    (tmp_path / "problem.json").unlink()
    with pytest.raises(FileExistsError, match="expected an empty directory, got one that holds a"):
        run_in(tmp_path)


@pytest.mark.parametrize("name", ["history.csv", "species.csv", "failures.csv"])
def test_a_table_that_is_removed_while_the_run_goes_is_written_anew(tmp_path, name):
    def meddle(run):
        if len(run.history) == 2:
            (tmp_path / name).unlink()

    def falters(network):
        return 1.0 / (network.activate([0.3])[0] > 0.1)

    ng.evolve(
        falters, inputs=1, outputs=1, config=ng.Config(population_size=20), generations=4, seed=1,
        solved_at=9.0, directory=tmp_path, callbacks=[meddle],
    )  # fmt: skip
    assert len(read_history(tmp_path)) == 4
    header, *lines = (tmp_path / "failures.csv").read_text().splitlines()
    assert header == "generation,genome,cause" and lines[-1].startswith("4,")


def test_a_directory_that_is_removed_while_the_run_goes_costs_no_result(tmp_path):
    def meddle(run):
        if len(run.history) == 2:
            shutil.rmtree(tmp_path / "run")

    with pytest.warns(RuntimeWarning, match="removed during the run, and has been made again"):
        result = ng.evolve(
            ng.XOR(), config=ng.Config(population_size=10), generations=4, seed=3, solved_at=9.0,
            directory=tmp_path / "run", callbacks=[meddle],
        )  # fmt: skip
    assert len(result.history) == 4
    assert (
        load_snapshot(tmp_path / "run" / "checkpoints" / "00000004.npz").population.generation == 4
    )


def test_an_optimiser_of_ones_own_is_needed_to_go_on_and_not_to_look(
    tmp_path, subprocess_environment
):
    mine = "class Mine(ng.Adam): pass\n"
    code = (
        f"import neatgrow as ng\n{mine}ng.evolve(ng.XOR(), config=ng.Config(population_size=5), "
        "generations=2, solved_at=9, learning=ng.Learning(2, Mine(0.05)), directory='run')"
    )
    resume = "print(len(ng.resume('run', generations=3).history))"
    for program in (code, f"import neatgrow as ng\n{mine}{resume}"):
        subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=subprocess_environment, check=True
        )
    description, history, _ = read_run(tmp_path / "run")
    assert description["run"]["learning"]["optimizer"]["name"] == "Mine" and len(history) == 3
    with pytest.raises(FileError, match=r"npz: Learning: expected one of .*Adam.*, got Mine"):
        ng.resume(tmp_path / "run", generations=4)
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 3


class Own:
    """A problem with options of every kind."""

    name, inputs, outputs, noisy = "own", 1, 1, False
    input_names = output_names = solved_at = None

    def evaluate(self, networks, *, seed, episodes=None):
        return Evaluation(np.ones(len(networks)), len(networks))

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "own", "seed": "abc", "gap": np.nan, "sizes": (1, 2)}


def test_what_a_problem_says_of_itself_is_no_matter_of_the_runs(tmp_path):
    ng.evolve(Own(), config=ng.Config(population_size=5), generations=2, seed=7, directory=tmp_path)
    assert read_run(tmp_path)[0]["seed"] == 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ng.resume(tmp_path, problem=Own(), generations=3).history) == 3
    assert read_run(tmp_path)[0]["seed"] == 7


def test_a_function_is_described_by_its_name_alone(tmp_path):
    def my_fitness(network):
        return 1.0

    ng.evolve(
        my_fitness, inputs=1, outputs=1, generations=1, directory=tmp_path,
        config=ng.Config(population_size=5),
    )  # fmt: skip
    description = read_run(tmp_path)[0]
    assert description.pop("run")["inputs"] == 1
    assert description == {"seed": 0, "problem": "function", "name": "my_fitness"}


def test_the_champions_input_statistics_are_in_the_directory(tmp_path):
    problem = ng.Gymnasium("CartPole-v1", normalize=True, max_steps=20)
    result = ng.evolve(
        problem, config=ng.Config(population_size=10), generations=3, directory=tmp_path
    )
    description, _, champion = read_run(tmp_path)
    assert description["normalize"] is True and description["max_steps"] == 20
    for name in ("input_mean", "input_scale"):
        kept = getattr(champion.interface, name)
        assert np.array_equal(kept, getattr(result.champion.interface, name))
    x = np.array([0.1, -0.2, 0.03, 0.4])
    assert np.array_equal(champion.compile().activate(x), result.champion.compile().activate(x))


def test_a_generation_leaves_nothing_in_memory_but_its_line_in_the_history(tmp_path):
    """One genome for each that were not let go of would be 1.8 kB a generation."""
    first, last = 300, 556  # four times 64, of which the lineage lets go at once
    seen, lines = {}, {}

    def look(run):
        if (count := len(run.history)) in (first, last):
            gc.collect()
            seen[count] = tracemalloc.get_traced_memory()[0]
            lines[count] = sum(column.nbytes for column in run.history.to_arrays().values())

    given = {"config": ng.Config(population_size=20).override(FIXED)}
    run_in(tmp_path / "before", **given)  # what is loaded and made at first use
    tracemalloc.start()
    try:
        run_in(tmp_path / "run", generations=last, callbacks=[look], **given)
    finally:
        tracemalloc.stop()
    assert seen[last] - seen[first] < lines[last] - lines[first] + 200 * (last - first)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    whole = run_in(tmp_path).history
    for name in ("history.csv", "species.csv"):
        path = tmp_path / name
        text = path.read_bytes()
        path.write_bytes(text[: text.index(b"\n4,") + 4])
    assert read_history(tmp_path).to_csv() == "".join(whole.to_csv().splitlines(True)[:-1])


def test_a_table_of_before_a_column_was_added_is_read_without_it(tmp_path):
    result = run_in(tmp_path)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    gone = {lines[0].split(",").index(name) for name in ("median", "samples_learned")}
    kept = [",".join(v for k, v in enumerate(line.split(",")) if k not in gone) for line in lines]
    (tmp_path / "history.csv").write_text("\n".join(kept) + "\n")
    history = read_history(tmp_path)
    assert np.isnan(history["median"]).all() and not history["samples_learned"].any()
    assert history["best"] == pytest.approx(result.history["best"], rel=1e-8)
