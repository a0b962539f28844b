"""A run's directory: written whole, read back, refused in words where it is damaged."""

import re

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.files import FileError
from neatgrow.runs import read_history, read_run


def run_in(directory, **changes):
    config = ng.Config(population_size=12)
    given = {"config": config, "generations": 4, "solved_at": 99.0, "seed": 3} | changes
    return ng.evolve(ng.XOR(), directory=directory, **given)


def test_what_was_written_is_what_is_read(tmp_path):
    result = run_in(tmp_path / "deep" / "run")
    description, history, champion = read_run(tmp_path / "deep" / "run")
    about = {
        "generations": 4, "solved_at": 99.0, "minimize": False, "learning": None, "inputs": 2,
        "outputs": 1,
    }  # fmt: skip
    assert description == {"seed": 3, "problem": "xor", "paper": False, "run": about}
    assert history.to_csv() == result.history.to_csv()
    assert history.species_sizes == result.history.species_sizes
    assert champion == result.champion
    assert champion.interface.input_names == ("a", "b")
    names = {path.name for path in (tmp_path / "deep" / "run").iterdir()}
    files = {
        "config.toml", "problem.json", "history.csv", "species.csv", "failures.csv",
        "champion.npz", "run.lock", "checkpoints",
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
        f"directory, remove this one, or go on with 'neatgrow resume {tmp_path}'."
    )
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


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


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("problem.json", lambda b: b[:10], "expected a problem's description in JSON, got an err"),
        ("problem.json", lambda b: b"[1, 2]", "expected a problem's description in JSON"),
        ("problem.json", lambda b: b"3", "expected a problem's description in JSON"),
        ("problem.json", lambda b: b"\xff", "expected a problem's description in JSON"),
        ("history.csv", lambda b: b.replace(b"\n2,", b"\n2\n2,"),
         "expected a line of a run's table, got b'2' in line 3. 'neatgrow resume' writes"),
        ("history.csv", lambda b: b.replace(b"\n3,", b"\nthree,"), "in line 4"),
        ("history.csv", lambda b: b.replace(b"\n4,", b"\n\xff,"), "in line 5"),
        ("history.csv", lambda b: b.splitlines()[0], "expected at least one generation, got none"),
        ("species.csv", lambda b: b + b"5,1\n", "expected a line of a run's table"),
        ("species.csv", lambda b: b + b"a,b,c\n", "expected a line of a run's table"),
        ("champion.npz", lambda b: b[:-9], "expected a file written by neatgrow"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, name, damage, message):
    run_in(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=f"{re.escape(str(path))}: .*{message}"):
        read_run(tmp_path)


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
