"""The harness of the tables: rows are what was run, and are run once."""

from dataclasses import replace

import numpy as np
import pytest

import neatgrow as ng
from benchmarks import science
from benchmarks.tasks import SETTINGS, Setting

XOR = Setting("a task, 4.5°", "both", "xor", generations=40, learning=ng.Learning(20))


def test_a_row_is_what_the_run_came_to():
    ran = science.run(XOR, 3)
    result = ng.evolve(ng.XOR(), generations=40, seed=3, learning=ng.Learning(20))
    assert (ran.seed, ran.solved) == (3, result.solved)
    assert ran.evaluations == result.history.total("evaluations")
    assert ran.samples == result.history.total("samples_learned")
    assert (ran.hidden, ran.connections) == (result.champion.n_hidden, result.champion.n_enabled)
    assert np.isnan(ran.score) and ran.seconds > 0


def test_learning_alone_counts_samples_and_no_evaluations():
    plain = replace(XOR, generations=0, learning=None, config={"start.hidden": 3})
    ran = science.run(replace(plain, tune={"steps": 50}), 1)
    assert (ran.evaluations, ran.samples, ran.hidden, ran.connections) == (0, 200, 3, 9)
    loops = {"problem": "recall", "options": {"n": 3, "samples": 4}, "loops": 5, "score": "test"}
    ran = science.run(replace(plain, tune={"steps": 10, "batch": 2}, **loops), 1)
    assert ran.samples == 10 * 2 * 4  # ticks count
    assert ran.connections == 5 * (2 + 5 + 1) and 0.0 <= ran.score <= 1.0


def test_rows_survive_the_file_and_belong_to_their_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(science, "SETTINGS", [XOR])
    path = science.file_of(tmp_path, XOR)
    assert path.name == "a-task-4-5.csv"
    path.parent.mkdir()
    rows = [science.run(XOR, seed) for seed in (1, 0)]
    for row in rows:
        science.append(path, XOR, row)
    found = science.rows_of(path, XOR)
    assert sorted(found) == [0, 1]
    assert repr(found[1]) == repr(rows[0])  # NaN included
    assert science.rows_of(path, replace(XOR, generations=41)) == {}
    (tmp_path / "RESULTS.md").write_text(f"before\n{science.BEGIN}old{science.END}\nafter\n")
    table = science.write_table(tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert text == f"before\n{science.BEGIN}\n{table}\n{science.END}\nafter\n"
    assert "| a task, 4.5° | both | 2 of 2 |" in table


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.task}, {s.way}")
def test_every_setting_names_what_there_is(setting):
    ng.Config().override(setting.config)
    if setting.problem != "mnist1d":
        science.catalogue.build(setting.problem, **setting.options)
    assert setting.generations or setting.tune is not None
    assert setting.text() == replace(setting, seeds=1, published="").text()
