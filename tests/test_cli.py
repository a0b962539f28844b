import subprocess
import sys

import pytest

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.history import COLUMNS
from neatgrow.runs import read_run

FILES = {
    "champion.npz", "config.toml", "fitness.png", "history.csv", "network.png", "problem.json",
    "species.csv", "species.png",
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def fails(capsys, *arguments):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("neatgrow: ") and error.count("\n") == 1
    return error[len("neatgrow: ") : -1]


def test_a_run_leaves_everything_that_it_names(capsys, tmp_path):
    assert main(["run", "xor", "--seed", "3", "--population", "40", "--profile"]) == 0
    output = capsys.readouterr().out
    directory = tmp_path / "runs" / "xor-seed3"
    assert {path.name for path in directory.iterdir()} == FILES
    assert all(name in output for name in FILES)
    assert "| reproduction |" in output
    description, history, champion = read_run(directory)
    assert description == {"seed": 3, "problem": "xor", "paper": False}
    assert champion == ng.load_genome(directory / "champion.npz")
    assert history[-1]["evaluations"] == 40
    header = (directory / "history.csv").read_text().splitlines()[0]
    assert header.split(",") == list(COLUMNS)
    assert ng.Config.from_toml(directory / "config.toml") == ng.Config(population_size=40)
    main(["run", "xor", "--seed", "3", "--population", "40"])
    assert (tmp_path / "runs" / "xor-seed3-2").is_dir()


def test_settings_come_from_a_file_and_from_the_line(tmp_path):
    (tmp_path / "mine.toml").write_text("population_size = 30\n[mutation]\nadd_node = 0.5\n")
    main([
        "run", "xor", "--config", "mine.toml", "--set", "mutation.add_node=0.25", "--set",
        "selection.sharing=fitness", "--generations", "2", "--out", "out",
    ])  # fmt: skip
    config = ng.Config.from_toml(tmp_path / "out" / "config.toml")
    assert config == ng.Config(population_size=30).override(
        {"mutation.add_node": 0.25, "selection.sharing": "fitness"}
    )


def test_show_prints_and_draws_again(capsys, tmp_path):
    main(["run", "xor", "--out", "out"])
    (tmp_path / "out" / "network.png").unlink()
    capsys.readouterr()
    assert main(["show", "out"]) == 0
    assert "a xor b: tanh" in capsys.readouterr().out
    assert (tmp_path / "out" / "network.png").stat().st_size > 1000


def test_problems_are_listed(capsys):
    assert main(["problems"]) == 0
    output = capsys.readouterr().out
    assert "CartPole-v1" in output and "neatgrow[box2d]" in output


def test_bad_input_is_one_line_that_says_what_to_do(capsys, tmp_path):
    assert fails(capsys, "run", "CartPol-v1").endswith("Did you mean 'CartPole-v1'?")
    assert fails(capsys, "run", "xor", "--set", "mutation.ad_node=1") == (
        "Mutation: unknown setting 'ad_node'. Did you mean 'add_node'?"
    )
    assert fails(capsys, "run", "xor", "--set", "foo") == (
        "--set: expected KEY=VALUE, got 'foo'. Write mutation.add_node=0.05."
    )
    assert fails(capsys, "run", "xor", "--population", "0") == (
        "Config.population_size: expected at least 1, got 0."
    )
    assert fails(capsys, "show", "nowhere") == (
        "nowhere: expected a run directory, got one without problem.json. Pass a directory that "
        "'neatgrow run' or evolve(directory=…) wrote."
    )
    main(["run", "xor", "--out", "out"])
    capsys.readouterr()
    assert fails(capsys, "watch", "out") == (
        "watch: expected a run on a Gymnasium environment, got xor."
    )
    capsys.readouterr()
    assert main(["run", "xor", "--out", "out"]) == 2
    assert "out: expected an empty directory, got one that holds a run" in capsys.readouterr().err
    (tmp_path / "out" / "champion.npz").write_text("no archive")
    assert "champion.npz: expected a file written by neatgrow" in fails(capsys, "show", "out")


def test_a_picture_that_fails_costs_nothing_else(capsys, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise MemoryError("no canvas")

    monkeypatch.setattr("neatgrow.plotting.network.draw", broken)
    assert main(["run", "xor", "--out", "out"]) == 0
    assert "network.png was not drawn: MemoryError: no canvas" in capsys.readouterr().err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == FILES - {"network.png"}


def test_the_module_is_the_command(subprocess_environment):
    answer = subprocess.run(
        [sys.executable, "-m", "neatgrow", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=subprocess_environment,
    )
    assert answer.stdout.strip() == ng.__version__
