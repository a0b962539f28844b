"""Runs over many seeds: tables, comparisons, processes, and directories that are gone on with."""

import json
import math
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.files.archive import FileError
from neatgrow.runs import repeats as module
from neatgrow.runs.history import History
from neatgrow.runs.repeated import COLUMNS

FEW = ng.Config(population_size=20).override(VARIED)
GIVEN = {"config": FEW, "generations": 6, "solved_at": 3.2}


def values_of(repeats):
    return {name: repeats[name].tolist() for name in COLUMNS if name != "seconds"}


def test_each_seed_is_the_run_that_evolve_does():
    found = ng.repeat(ng.XOR(), seeds=[4, 2], **GIVEN)
    assert [run.seed for run in found] == [4, 2] and len(found) == 2
    for run in found:
        result = ng.evolve(ng.XOR(), seed=run.seed, **GIVEN)
        assert run.champion == result.champion and run.stopped == result.stopped
        assert (run.solved, run.fitness) == (result.solved, result.champion_fitness)
        assert run.generations == len(result.history) == len(run.history)
        assert run.evaluations == result.history.total("evaluations")
        assert run.hidden == result.champion.n_hidden and run.error == ""
    assert found["seed"].tolist() == [4, 2] and found["solved"].dtype == bool


def answered(network):
    """A fitness function that processes can import."""
    return float(network.predict([[0.3, -0.7]])[0, 0])


def test_processes_come_to_the_same(tmp_path):
    given = {"inputs": 2, "outputs": 1, "config": FEW, "generations": 4, "seeds": 3}
    here = ng.repeat(answered, processes=0, **given)
    beside = ng.repeat(answered, processes=2, directory=tmp_path, **given)
    assert values_of(here) == values_of(beside)
    assert [r.champion for r in here] == [r.champion for r in beside]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    again = ng.repeat(answered, processes=2, directory=tmp_path, **given)
    assert values_of(again) == values_of(here) and again["seconds"].all()
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}


def test_processes_are_used_by_themselves_where_that_pays(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "_run_beside", lambda p, task, seeds, count, done: asked.append(
        (seeds, count)))  # fmt: skip
    monkeypatch.setattr(module.parallel, "core_count", lambda: 4)
    ng.repeat(ng.XOR(), seeds=4, **GIVEN)
    assert not asked  # as they are short
    monkeypatch.setattr(module, "_WORTH", 0.0)
    ng.repeat(ng.XOR(), seeds=4, **GIVEN)
    assert asked == [([1, 2, 3], 3)]
    ng.repeat(lambda network: 0.0, inputs=2, outputs=1, seeds=3, config=FEW, generations=1)
    ng.repeat(ng.XOR(), seeds=4, processes=0, **GIVEN)
    assert len(asked) == 1  # what cannot be sent, and what was not wanted there
    monkeypatch.undo()
    with pytest.raises(TypeError, match="processes: expected a problem that another process can"):
        ng.repeat(lambda network: 0.0, inputs=2, outputs=1, seeds=3, processes=2)


def test_a_directory_goes_on_with_what_it_finds(tmp_path):
    expected = ng.repeat(ng.XOR(), seeds=3, **GIVEN | {"solved_at": 99.0})
    given = {**GIVEN, "solved_at": 99.0, "directory": tmp_path}
    ng.repeat(ng.XOR(), seeds=1, **given)
    # As if seed 1 was killed in its third generation, and seed 2 right after its last.
    options = {"config": FEW, "solved_at": 99.0, "generations": 6}
    ng.evolve(ng.XOR(), seed=1, directory=tmp_path / "seed-1",
              callbacks=lambda run: len(run.history) == 3, **options)  # fmt: skip
    ng.evolve(ng.XOR(), seed=2, directory=tmp_path / "seed-2", **options)
    found = ng.repeat(ng.XOR(), seeds=3, **given)
    assert values_of(found) == values_of(expected) and found.directory == tmp_path
    assert ng.resume(tmp_path / "seed-1", generations=7).history["best"].size == 7


def test_a_run_that_was_solved_and_not_noted_is_read_without_a_word(tmp_path):
    given = {**GIVEN, "solved_at": 1.0, "directory": tmp_path, "seeds": 1}
    expected = ng.repeat(ng.XOR(), **given)
    (tmp_path / "seed-0" / "repeat.json").unlink()
    assert values_of(ng.repeat(ng.XOR(), **given)) == values_of(expected)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"generations": 7}, "generations"),
        ({"config": ng.Config(population_size=21)}, "config"),
        ({"solved_at": 3.0, "minimize": True}, "solved_at, minimize"),
        ({"start": ng.Genome.from_edges([(0, 2)], inputs=2, outputs=1)}, "start"),
    ],
)
def test_runs_of_other_settings_are_not_mixed(change, names, tmp_path):
    ng.repeat(ng.XOR(), seeds=1, directory=tmp_path, **GIVEN)
    with pytest.raises(ValueError) as caught:
        ng.repeat(ng.XOR(), seeds=1, directory=tmp_path, **GIVEN | change)
    assert str(caught.value) == (
        f"{tmp_path}: expected runs with these settings, got some with another {names}. Choose "
        "another directory, or remove this one."
    )
    with pytest.raises(ValueError, match="some with another problem"):
        ng.repeat(ng.XOR(paper=True), seeds=1, directory=tmp_path, **GIVEN)


def test_damaged_notes_are_refused(tmp_path):
    ng.repeat(ng.XOR(), seeds=1, directory=tmp_path, **GIVEN)
    path = tmp_path / "seed-0" / "repeat.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"evaluations": "many"}))
    with pytest.raises(FileError, match=r"repeat\.json: expected what a run came to, got an error"):
        ng.repeat(ng.XOR(), seeds=1, directory=tmp_path, **GIVEN)
    (tmp_path / "repeats.json").write_text("[")
    with pytest.raises(FileError, match=r"repeats\.json: expected a note of settings in JSON"):
        ng.repeat(ng.XOR(), seeds=1, directory=tmp_path, **GIVEN)


def failing(network):
    raise OSError("no such data")


@pytest.mark.parametrize("where", [None, "out"])
def test_a_seed_that_fails_stays_in(where, tmp_path):
    given = {"inputs": 2, "outputs": 1, "seeds": 2, "config": FEW, "generations": 5}
    given |= {"directory": where and tmp_path / where}
    for _ in range(2):
        found = ng.repeat(failing, **given)
        assert not found["solved"].any() and np.isnan(found["fitness"]).all()
        assert all("no such data" in run.error and run.stopped == "error" for run in found)
        assert "solved, 0 of 2" in found.table() and "fitness | – [–––]" in found.table()


def test_an_interrupt_gives_what_is_done(tmp_path, monkeypatch):
    real, calls = module.evolve, []

    def evolve(*arguments, **options):
        calls.append(options["seed"])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(module, "evolve", evolve)
    with pytest.warns(RuntimeWarning, match="repeat: interrupted; these are 2 of 5 seeds"):
        found = ng.repeat(ng.XOR(), seeds=5, directory=tmp_path, **GIVEN)
    assert len(found) == 2
    assert len(ng.repeat(ng.XOR(), seeds=5, directory=tmp_path, **GIVEN)) == 5
    assert calls == [0, 1, 2, 2, 3, 4]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_an_interrupt_leaves_no_process(monkeypatch):
    found = []

    def interrupted(*arguments, **options):
        found.extend(module.active_children())
        raise KeyboardInterrupt

    before = module.active_children()
    monkeypatch.setattr(module, "wait", interrupted)
    given = {"inputs": 2, "outputs": 1, "config": FEW, "generations": 4, "processes": 2}
    with pytest.warns(RuntimeWarning, match="these are 0 of 4 seeds"):
        ng.repeat(answered, seeds=4, **given)
    mine = [child for child in found if child not in before]
    assert len(mine) == 2
    patience = time.monotonic() + 20.0
    for child in mine:  # the pool's own thread may be the one that sees it end
        while Path(f"/proc/{child.pid}").exists() and time.monotonic() < patience:
            time.sleep(0.01)
        assert not Path(f"/proc/{child.pid}").exists()


def test_what_is_printed_and_written(capsys):
    found = ng.repeat(ng.XOR(), seeds=3, progress=True, **GIVEN)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"xor, seed {seed} ({seed + 1} of 3)" for seed in range(3)
    ]
    table = str(found).splitlines()
    assert table[0] == "| xor, 3 seeds | median [95%] | mean [95%] |"
    assert table[2].startswith("| solved, ") and len(table) == 10
    low, high = found.median("evaluations")[1:]
    assert low <= np.median(found["evaluations"]) <= high
    rows = found.to_csv().splitlines()
    assert rows[0] == "seed,solved,fitness,generations,evaluations,steps,seconds,hidden," \
                      "connections,stopped,error" and len(rows) == 4  # fmt: skip
    assert repr(found).startswith("Repeats(xor, solved ")


def made(evaluations, solved):
    runs = [
        ng.Repeat(k, s, float(s), 1, e, 0, 0.0, 0, 0, "", "", None, History())
        for k, (e, s) in enumerate(zip(evaluations, solved, strict=True))
    ]
    return ng.Repeats("made", tuple(runs))


def test_settings_are_compared():
    fast = made([100, 110, 120, 130, 140, 150], [True] * 6)
    slow = made([300, 310, 320, 330, 90, 90], [True] * 4 + [False] * 2)
    found = ng.compare(fast, slow)
    assert (found.first.value, found.second.value) == (125.0, 305.0)
    assert found.difference.value == -180.0 and found.difference.low < -180.0
    assert found.larger == 0.0 and found.p_value < 0.01  # the unsolved rank behind all
    assert "difference -180 [" in str(found)
    both = ng.compare(fast, slow, "solved")
    assert both.first.value == 1.0 and both.second.value == pytest.approx(2 / 3)
    assert both.p_value > 0.3 and str(both).startswith("solved: 100% [61%–100%] and 67% [")
    same = ng.compare(fast, fast)
    assert same.larger == 0.5 and same.p_value == 1.0
    assert math.isnan(ng.compare(made([5], [True]), fast).difference.low)


def test_what_cannot_be_compared_is_refused():
    one = made([1], [True])
    with pytest.raises(TypeError, match=r"second: expected what repeat\(\) returned, got 3"):
        ng.compare(one, 3)
    with pytest.raises(ValueError, match="first: expected at least one seed, got none"):
        ng.compare(ng.Repeats("none", ()), one)
    with pytest.raises(ValueError, match="column: expected one of"):
        ng.compare(one, one, "speed")
    with pytest.raises(ValueError, match="column: expected one of"):
        _ = one["speed"]


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        (0, "seeds: expected an integer of at least 1, got 0."),
        ([], "seeds: expected at least one, each once, got none."),
        ([1, 1], "seeds: expected at least one, each once, got one twice."),
        ([-1], "seeds: expected an integer of at least 0, got -1."),
        ("3", "seeds: expected an integer"),
    ],
)
def test_seeds_that_cannot_be_are_refused(seeds, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        ng.repeat(ng.XOR(), seeds=seeds)
    assert str(caught.value).startswith(message)


def test_settings_that_cannot_be_are_refused_before_anything_is_written(tmp_path):
    for wrong in ({"config": 3}, {"generations": 0}, {"processes": -1}):
        with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
            ng.repeat(ng.XOR(), directory=tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("several", [False, True])
def test_the_picture_shows_every_seed(several):
    found = ng.repeat(ng.XOR(), seeds=4, **GIVEN)
    other = ng.repeat(ng.XOR(), seeds=3, **GIVEN | {"generations": 3})
    figure = ng.draw_repeats({"a": found, "b": other} if several else found, title="XOR")
    left, right = figure.axes
    assert (left.get_label(), right.get_label()) == ("fitness", "evaluations")
    lines = [line for line in left.lines if line.get_gid().startswith("median")]
    assert len(lines) == 1 + several and len(lines[0].get_xdata()) == max(found["generations"])
    dots = [dot for dot in right.collections if (dot.get_gid() or "").startswith("seeds")]
    assert [len(dot.get_offsets()) for dot in dots] == [4, 3][: 1 + several]
    for wrong, error in ((3, TypeError), ({}, ValueError), ({"a": 3}, TypeError),
                         (ng.Repeats("none", ()), ValueError)):  # fmt: skip
        with pytest.raises(error, match="repeats: expected"):
            ng.draw_repeats(wrong)


def test_a_lost_process_is_said(monkeypatch):
    class Broken:
        def __init__(self, *arguments):
            pass

        def submit(self, *arguments):
            raise module.BrokenProcessPool("it died")

        def shutdown(self, **options):
            pass

    monkeypatch.setattr(module, "ProcessPoolExecutor", Broken)
    with pytest.raises(RuntimeError, match=r"got one that was lost \(it died\)"):
        ng.repeat(ng.XOR(), seeds=2, processes=2, **GIVEN)


def test_directories_of_runs_are_runs_like_others(tmp_path):
    ng.repeat(ng.XOR(), seeds=2, directory=tmp_path, **GIVEN)
    shutil.rmtree(tmp_path / "seed-0")
    assert ng.repeat(ng.XOR(), seeds=2, directory=tmp_path, **GIVEN)["seed"].tolist() == [0, 1]
    assert (tmp_path / "seed-1" / "champion.npz").is_file()
