"""The harness of the tables: rows are what was run, and are run once."""

from dataclasses import replace

import numpy as np
import pytest

import neatgrow as ng
from benchmarks import environments, protocols, science
from benchmarks.tasks import SETTINGS, Setting

XOR = Setting("a task, 4.5°", "both", "xor", generations=40, learning=ng.Learning(20))
RAN = science.Ran(0, True, 2, 300, 0, 1, 5, float("nan"), float("nan"), 0.1)


def test_a_row_is_what_the_run_came_to():
    ran = science.run(XOR, 3)
    result = ng.evolve(ng.XOR(), generations=40, seed=3, learning=ng.Learning(20))
    assert (ran.seed, ran.solved) == (3, result.solved)
    assert ran.generations == len(result.history)
    assert ran.evaluations == result.history.total("evaluations")
    assert ran.samples == result.history.total("samples_learned")
    assert (ran.hidden, ran.connections) == (result.champion.n_hidden, result.champion.n_enabled)
    assert np.isnan(ran.score) and ran.seconds > 0


def test_a_row_of_the_paper_is_run_with_its_settings():
    paper = Setting("XOR", "evolve", "xor", options={"paper": True}, base="paper", generations=30)
    ran = science.run(paper, 1)
    result = ng.evolve(ng.XOR(paper=True), config=ng.Config.paper(), generations=30, seed=1)
    assert (ran.solved, ran.evaluations) == (result.solved, result.history.total("evaluations"))
    assert ran.connections == result.champion.n_enabled
    assert science.settings_text(paper) == "`Config.paper()`"
    assert paper.text() != replace(paper, base="defaults").text()


def test_the_control_draws_first_generations_until_one_has_a_solution():
    plain = Setting("pole", "random genomes", "pole", config={"population_size": 5}, generations=40)
    control = replace(plain, random=True)
    ran = science.run(control, 0)
    assert ran.solved and ran.hidden == 0 and ran.evaluations == 5 * ran.generations
    runs = science.runs(control, science.problem_of(control), control.settings(), 1)
    assert [result.solved for result in runs[:-1]] == [False] * (len(runs) - 1)
    seeds = {result.population.seed for result in runs}
    assert len(seeds) == len(runs) and min(seeds) > 1_000_000  # of no run of the table
    few = science.run(replace(control, generations=1, config={"population_size": 1}), 0)
    assert few.generations == 1 and not few.solved


@pytest.mark.parametrize(("steps", "starts", "bonus"), [(10**5, 200, 100), (10**5, 199, 0),
                                                        (99_999, 625, 0)])  # fmt: skip
def test_the_papers_try_only_a_generations_best(monkeypatch, steps, starts, bonus):
    name = "double-pole-no-velocities"
    problem = science.problem_of(Setting("poles", "evolve", name, best_tried=True))
    assert isinstance(problem, protocols.BestTried) and not problem.velocities
    networks = ng.Population(3, 1, ng.Config(population_size=20), seed=3).ask().compile()
    told = ng.PoleBalancing(velocities=False).evaluate(networks).fitness
    assert told.max() < 1  # none solves it
    tried = []

    def survived(networks, *args, **options):
        tried.append(len(networks))
        return np.full((len(networks), 1), steps)

    monkeypatch.setattr(problem, "survived", survived)
    monkeypatch.setattr(problem, "generalisation", lambda networks: np.full(1, starts))
    gained = problem.evaluate(networks).fitness - told
    assert gained[told.argmax()] == pytest.approx(bonus) and tried == [1]
    assert (np.delete(gained, told.argmax()) == 0).all()


@pytest.mark.parametrize(("episodes", "told"), [(40.0, "40"), (float("nan"), "not counted")])
def test_environments_name_the_episodes_of_retests(episodes, told):
    nan = float("nan")
    row = environments.Ran(0, "", "s", "vector", True, 500.0, 500.0, 1, 152, episodes, 9000, 0, 8,
                           0.1, nan, nan, 0, 0.0)  # fmt: skip
    case = environments.Case("CartPole-v1", 10, 60)
    cells = dict(zip(environments.HEADER, environments.table_row(case, [row]), strict=True))
    assert cells["evaluations, median (and episodes of retests)"] == f"152 ({told})"
    assert cells["generations to solve, median (1 or 2 did)"] == "1 (1) †"


def test_learning_alone_counts_samples_and_no_evaluations():
    plain = replace(XOR, generations=0, learning=None, config={"start.hidden": 3})
    ran = science.run(replace(plain, tune={"steps": 50}), 1)
    assert (ran.evaluations, ran.samples, ran.hidden, ran.connections) == (0, 200, 3, 9)
    loops = {"problem": "recall", "options": {"n": 3, "samples": 4}, "loops": 5, "score": "test"}
    ran = science.run(replace(plain, tune={"steps": 10, "batch": 2}, **loops), 1)
    assert ran.samples == 10 * 2 * 4  # ticks count
    assert ran.connections == 5 * (2 + 5 + 1) and 0.0 <= ran.score <= 1.0


def test_formulas_are_judged_on_points_that_nobody_saw():
    formula = Setting("f", "both", "nguyen-1", generations=1, score="test error")
    ran = science.run(replace(formula, config={"population_size": 20}), 0)
    config = ng.Config(population_size=20)
    problem = science.problem_of(formula)
    champion = ng.evolve(problem, config=config, generations=1, seed=0).champion
    X, Y = problem.test
    errors = champion.batch().compile().predict(X)[0] - Y
    assert ran.score == pytest.approx(np.sqrt((errors**2).mean()))


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
    assert "| a task, 4.5° | both | defaults | 2 of 2 |" in table


def test_the_table_is_written_of_the_rows_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(science, "SETTINGS", [XOR])
    monkeypatch.setattr(science, "run", None)
    path = science.file_of(tmp_path, XOR)
    path.parent.mkdir()
    science.append(path, XOR, RAN)
    monkeypatch.setattr("sys.argv", ["science", "--table", "--out", str(tmp_path)])
    science.main()
    assert "| a task, 4.5° | both | defaults | 1 of 1 | 2 (1) † |" in (
        tmp_path / "RESULTS.md"
    ).read_text("utf-8")


def test_rows_say_when_the_first_generations_did_it_and_what_was_chosen():
    rows = [RAN._replace(seed=k, generations=g) for k, g in enumerate((1, 2, 9))]
    tuned = replace(XOR, config={"start.hidden": 6}, chosen="by lot", score="test")
    cells = science.table_row(tuned, rows)
    assert cells[2:5] == ("start.hidden=6; by lot", "3 of 3 in training", "2 (2) †")
    slow = [RAN._replace(generations=g) for g in (2, 9, 10)]
    assert science.table_row(tuned, slow)[4] == "9 (1)"
    unsolved = [RAN._replace(solved=False, generations=g) for g in (1, 1)]
    assert science.table_row(tuned, unsolved)[4] == "–"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.task}, {s.way}")
def test_every_setting_names_what_there_is(setting):
    setting.settings()
    if setting.problem != "mnist1d":
        science.problem_of(setting)
    assert setting.generations or setting.tune is not None
    assert setting.text() == replace(setting, seeds=1, published="").text()
