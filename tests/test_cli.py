"""The command line: what it writes, what it says, how it fails."""

import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neatgrow as ng
from neatgrow import cli
from neatgrow.cli import main
from neatgrow.problems import catalogue
from neatgrow.runs.history import COLUMNS
from neatgrow.runs.reading import read_run

FILES = {
    "champion.npz", "checkpoints", "config.toml", "failures.csv", "fitness.png", "history.csv",
    "history.png", "network.png", "problem.json", "provenance.json", "run.lock", "species.csv",
    "species.png", "verified.json",
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    if "painted" not in request.fixturenames:
        request.getfixturevalue("unpainted")


@pytest.fixture
def painted():
    """For tests that look at the pictures."""


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
    assert description.pop("run")["generations"] == 100
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


def test_show_prints_and_draws_again(capsys, tmp_path, painted):
    main(quick())
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
        "mutation.ad_node: expected the name of a setting, got 'ad_node'. Did you mean 'add_node'?"
    )
    assert fails(capsys, "run", "xor", "--set", "foo") == (
        "--set: expected KEY=VALUE, got 'foo'. Write mutation.add_node=0.05."
    )
    assert fails(capsys, "run", "xor", "--population", "0") == (
        "population_size: expected at least 1, got 0."
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


def test_a_picture_that_fails_costs_nothing_else(capsys, tmp_path, monkeypatch, painted):
    def broken(*args, **kwargs):
        raise MemoryError("no canvas")

    monkeypatch.setattr("neatgrow.plotting.graph.network.draw", broken)
    assert main(quick()) == 0
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


# --------------------------------------------------------------------------- run


def quick(*more):
    return ["run", "xor", "--population", "12", "--generations", "3", "--out", "out", *more]


def test_a_run_says_what_it_does_and_what_came_of_it(capsys, tmp_path):
    assert main(quick("--seed", "2", "--set", "mutation.add_node=0.5")) == 0
    verdict, champion, written, more = capsys.readouterr().out.splitlines()
    assert more == "go on with: neatgrow resume out --generations 6"
    _, history, genome = read_run("out")
    stops = r"(solved|not solved, stopped by generations) in"
    evaluations = history.total("evaluations")
    assert re.fullmatch(
        rf"{stops} generation {len(history)}, {evaluations} evaluations, {evaluations * 4} "
        r"steps, \d+\.\d s", verdict,
    )  # fmt: skip
    assert champion.partition(", fingerprint ")[0] == (
        f"champion: fitness {history[-1]['champion']:.6g}, "
        f"verified: {history[-1]['champion']:.6g}, hidden nodes {genome.n_hidden}, connections "
        f"{genome.n_enabled}"
    )
    assert written == f"written to out: {', '.join(sorted(FILES))}"


def test_the_same_seed_writes_the_same_run_and_another_seed_another(tmp_path):
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        main(["run", "xor", "--population", "12", "--generations", "3", "--seed", seed,
              "--out", name])  # fmt: skip
    a, b, c = (ng.load_genome(tmp_path / name / "champion.npz") for name in "abc")
    assert a == b and a != c
    assert (tmp_path / "a" / "species.csv").read_text() == (
        tmp_path / "b" / "species.csv"
    ).read_text()


def test_the_command_line_and_evolve_run_the_same_run(tmp_path):
    main(quick("--seed", "4"))
    result = ng.evolve(ng.XOR(), config=ng.Config(population_size=12), generations=3, seed=4)
    assert read_run("out")[2] == result.champion


def test_a_run_that_is_resumed_equals_one_that_was_not(capsys, tmp_path):
    def figures(directory):
        history = read_run(directory)[1]
        return {name: history[name].tolist() for name in COLUMNS if "seconds" not in name}

    main(quick("--seed", "4"))
    capsys.readouterr()
    assert main(["resume", "out", "--generations", "9", "--threads", "2"]) == 0
    output = capsys.readouterr().out
    whole = ["run", "xor", "--population", "12", "--generations", "9", "--seed", "4"]
    assert main([*whole, "--out", "whole", "--checkpoint", "0"]) == 0
    assert figures("out") == figures("whole")
    fingerprint = re.search(r"fingerprint ([0-9a-f]{16})$", output, re.M)[1]
    assert f"fingerprint {fingerprint}" in capsys.readouterr().out
    assert "not solved, stopped by generations in generation 9" in output


def test_a_solved_run_says_how_to_go_on_and_does(capsys):
    assert main([*quick("--seed", "4"), "--solved-at", "2"]) == 0
    assert "go on with: neatgrow resume out --solved-at FITNESS" in capsys.readouterr().out
    done = len(read_run("out")[1])
    with pytest.warns(RuntimeWarning, match="reached its goal of 2 already") as caught:
        assert main(["resume", "out"]) == 0
    (warning,) = caught
    assert cli._warned(warning.message, RuntimeWarning, "cli.py", 1).startswith("neatgrow: ")
    assert warnings.formatwarning is not cli._warned
    assert main(["resume", "out", "--solved-at", "3.99", "--generations", str(done + 2)]) == 0
    assert len(read_run("out")[1]) == done + 2


def test_settings_can_change_where_a_run_is_resumed(capsys):
    main(quick("--seed", "4"))
    assert main(["resume", "out", "--generations", "5", "--population", "20",
                 "--set", "mutation.add_node=0.4"]) == 0  # fmt: skip
    assert read_run("out")[1]["evaluations"].tolist() == [12, 12, 12, 20, 20]
    config = ng.Config.from_toml("out/config.toml")
    assert config.population_size == 20 and config.mutation.add_node == 0.4
    capsys.readouterr()
    assert fails(capsys, "resume", "out", "--set", "mutation.add_nose=1").startswith(
        "mutation.add_nose: expected the name of a setting, got 'add_nose'. Did you mean "
        "'add_node'?"
    )
    assert fails(capsys, "resume", "nowhere") == (
        "nowhere: expected a run directory, got one without config.toml. Pass a directory that "
        "'neatgrow run' or evolve(directory=…) wrote."
    )


def test_a_gymnasium_run_can_be_rebuilt_from_its_directory(capsys, tmp_path):
    assert main(["run", "MountainCar-v0", "--population", "8", "--generations", "1",
                 "--episodes", "2", "--seconds", "5"]) == 0  # fmt: skip
    description, history, champion = read_run("runs/MountainCar-v0-seed0")
    assert description["environment"] == "MountainCar-v0" and description["episodes"] == 2
    assert champion.interface.input_names == ("position", "velocity")
    assert history[0]["evaluations"] == 8 + 1  # and a retest
    assert {path.name for path in (tmp_path / "runs" / "MountainCar-v0-seed0").iterdir()} == FILES


def test_the_profile_is_a_table_that_adds_up(capsys):
    assert main(quick("--profile")) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["part", "seconds", "share", "per generation"]
    parts = ["evaluation", "reproduction", "compilation", "learning", "everything else"]
    assert [row[0] for row in cells[2:]] == parts
    assert sum(int(row[2].rstrip("%")) for row in cells[2:]) == pytest.approx(100, abs=2)


def test_values_on_the_line_are_toml_and_bare_words_are_text(tmp_path):
    main(quick(
        "--set", "recurrent=false", "--set", "species.target='none'",
        "--set", 'genes.activation.options=["tanh", "relu"]', "--set", "genes.weight.noise=uniform",
        "--set", " mutation.add_node = 1 ",
    ))  # fmt: skip
    config = ng.Config.from_toml(tmp_path / "out" / "config.toml")
    assert config == ng.Config(population_size=12, recurrent=False).override({
        "species.target": None, "genes.activation.options": ["tanh", "relu"],
        "genes.weight.noise": "uniform", "mutation.add_node": 1.0,
    })  # fmt: skip


def test_the_population_on_the_line_goes_before_the_file(tmp_path):
    (tmp_path / "mine.toml").write_text("population_size = 30\nrecurrent = false\n")
    main(quick("--config", "mine.toml"))
    config = ng.Config.from_toml(tmp_path / "out" / "config.toml")
    assert config == ng.Config(population_size=12, recurrent=False)


def test_progress_goes_to_standard_error_and_results_to_standard_output(capsys):
    main(quick("--set", "start.connections=0"))
    output, error = capsys.readouterr()
    assert "generation 1/3" in error and "generation 1/3" not in output
    first, *others = [line for line in error.splitlines() if not line.startswith("compiling")]
    assert first == (
        "xor: 2 inputs, 1 output, population 12, at most 3 generations, seed 0; no loops, since "
        "samples have no order (recurrent=True allows them)"
    )
    assert all(line.startswith("generation ") for line in others)


# --------------------------------------------------------------------------- what goes wrong


ENVIRONMENT = "expected a registered Gymnasium id, got an unknown one."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "CartPol-v1"], f"environment 'CartPol-v1': {ENVIRONMENT} "
         "Did you mean 'CartPole-v1'?"),
        (["run", "CartPole-v7"], f"environment 'CartPole-v7': {ENVIRONMENT} "
         "Did you mean 'CartPole-v1'?"),
        (["run", "XOR"], "problem: expected a known name, got 'XOR'. Did you mean 'xor'?"),
        (["run", "xor", "--episodes", "3"],
         "--episodes: expected only with an environment, got it with xor."),
        (["run", "CartPole-v1", "--episodes", "0"],
         "episodes: expected an integer of at least 1, got 0."),
        (["run", "xor", "--generations", "0"],
         "generations: expected an integer of at least 1, got 0."),
        (["run", "xor", "--seed", "-1"],
         "seed: expected an integer of at least 0, got -1. Pass a non-negative number."),
        (["run", "xor", "--set", "mutaton.add_node=1"],
         "mutaton: expected the name of a section, got 'mutaton'. Did you mean 'mutation'?"),
        (["run", "xor", "--set", "mutation.add_node=much"],
         "mutation.add_node: expected a value of type float, got 'much'."),
        (["run", "xor", "--set", "mutation.add_node=1.5"],
         "mutation.add_node: expected between 0 and 1, got 1.5."),
        (["run", "xor", "--set", "selection.sharing=fitnes"],
         "selection.sharing: expected one of fitness, rank, got 'fitnes'. Did you mean 'fitness'?"),
        (["run", "xor", "--config", "no.toml"], "[Errno 2] No such file or directory: 'no.toml'"),
        (["run", "xor", "--config", "bad.toml"],
         "bad.toml: expected TOML, got an error: Invalid value (at line 1, column 8)."),
        (["run", "xor", "--config", "typo.toml"],
         "populaton_size: expected the name of a setting, got 'populaton_size'. Did you mean "
         "'population_size'?"),
        (["run", "xor", "--out", "bad.toml"],
         "bad.toml: expected a directory or nothing yet, got a file. Choose another name."),
        (["watch", "nowhere"],
         "nowhere: expected a run directory, got one without problem.json. Pass a directory that "
         "'neatgrow run' or evolve(directory=…) wrote."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_word_for_word(capsys, tmp_path, arguments, message):
    (tmp_path / "bad.toml").write_text("what = ?")
    (tmp_path / "typo.toml").write_text("populaton_size = 3")
    assert fails(capsys, *arguments) == message
    assert not list(tmp_path.glob("runs/*/history.csv"))


def test_a_directory_in_use_is_refused_and_left_as_it_is(capsys, tmp_path):
    main(quick())
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    capsys.readouterr()
    assert fails(capsys, *quick("--seed", "9")) == (
        "out: expected an empty directory, got one that holds a run. Choose another directory, "
        "go on with 'neatgrow resume out', or begin anew there with overwrite=True, or --overwrite."
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == before


def test_a_run_is_overwritten_on_demand(capsys, tmp_path):
    main(quick())
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert main(quick("--seed", "9", "--overwrite")) == 0
    assert read_run("out")[0]["seed"] == 9 and (tmp_path / "out" / "notes.txt").exists()
    for _ in range(2):
        assert main(["run", "xor", "--population", "9", "--generations", "1", "--overwrite"]) == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["xor-seed0"]


def test_a_champion_of_another_program_is_refused_by_show_and_watch(capsys, tmp_path):
    main(quick())
    capsys.readouterr()
    champion = tmp_path / "out" / "champion.npz"
    np.savez(champion, x=np.arange(3))
    text = (
        f"{Path('out') / 'champion.npz'}: expected a file written by neatgrow, got an archive of "
    )
    for command in ("show", "watch"):
        assert fails(capsys, command, "out") == f"{text}another program."
    champion.write_bytes(champion.read_bytes()[:40])
    assert "champion.npz: expected a file written by neatgrow" in fails(capsys, "show", "out")


def test_damaged_tables_of_a_run_are_named(capsys, tmp_path):
    main(quick())
    capsys.readouterr()
    history = tmp_path / "out" / "history.csv"
    whole = history.read_text()
    history.write_text(f"{whole}4,1.0\n")
    assert fails(capsys, "show", "out").startswith("out/history.csv: expected a line of a run's")
    history.write_text(whole.splitlines()[0])
    assert fails(capsys, "show", "out") == (
        "out/history.csv: expected at least one generation, got none."
    )
    (tmp_path / "out" / "problem.json").write_text("[]]")
    assert fails(capsys, "show", "out").startswith("out/problem.json: expected a problem's descr")


def test_too_large_a_population_is_one_line_too(capsys, monkeypatch):
    def full(*args, **kwargs):
        raise MemoryError("Unable to allocate 728. TiB")

    monkeypatch.setattr("neatgrow.cli.evolve", full)
    main(quick())
    assert capsys.readouterr().err == "neatgrow: Unable to allocate 728. TiB\n"


def test_ctrl_c_before_there_is_a_result_leaves_no_traceback(capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("neatgrow.cli.evolve", interrupted)
    assert main(quick()) == 130
    assert capsys.readouterr().err == "neatgrow: interrupted\n"


def test_ctrl_c_later_on_keeps_what_there_is(capsys, tmp_path, monkeypatch):
    evaluate, calls = ng.XOR.evaluate, []

    def interrupt(self, networks, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(self, networks, **options)

    monkeypatch.setattr(ng.XOR, "evaluate", interrupt)
    assert main(quick()) == 0
    assert "stopped by interrupted in generation 2" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES - {"verified.json"}


def test_sys_exit_of_a_problem_is_the_program_s_code_and_says_where_the_run_is(
    capsys, tmp_path, monkeypatch
):
    evaluate, calls = ng.XOR.evaluate, []

    def leave(self, networks, **options):
        calls.append(1)
        if len(calls) == 3:
            sys.exit(5)
        return evaluate(self, networks, **options)

    monkeypatch.setattr(ng.XOR, "evaluate", leave)
    with pytest.raises(SystemExit) as caught:
        main(quick())
    assert caught.value.code == 5
    said = capsys.readouterr().err
    assert f"neatgrow: The run is in {tmp_path / 'out'}; resume(" in said
    assert "goes on from generation 2." in said


def test_a_missing_plotting_library_does_not_lose_the_result(capsys, tmp_path, monkeypatch):
    for name in ("graph.network", "history"):
        monkeypatch.setitem(sys.modules, f"neatgrow.plotting.{name}", None)
    assert main(quick()) == 0
    output, error = capsys.readouterr()
    assert "written to out: champion.npz" in output
    assert error.count(".png was not drawn: ModuleNotFoundError") == 4


def test_a_picture_that_cannot_be_written_does_not_stop_show(capsys, tmp_path):
    main(quick())
    (tmp_path / "out" / "fitness.png").unlink()
    (tmp_path / "out" / "fitness.png").mkdir()
    capsys.readouterr()
    assert main(["show", "out"]) == 0
    assert "fitness.png was not drawn: IsADirectoryError" in capsys.readouterr().err


# --------------------------------------------------------------------------- show, watch, …


def test_show_says_what_the_run_was(capsys):
    main(quick("--seed", "8"))
    capsys.readouterr()
    assert main(["show", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    _, history, champion = read_run("out")
    assert lines[0] == "seed 8, problem xor, paper False"
    assert lines[1] == (
        f"{len(history)} generations, {history.total('evaluations')} evaluations, champion "
        f"fitness {history[-1]['champion']:.6g}, {history[-1]['species']} species"
    )
    assert lines[2] == f"verified: {history[-1]['champion']:.6g}"
    assert lines[3].startswith("generations 1 to 3 made with neatgrow ")
    assert "\n".join(lines[4:-1]) == str(champion)
    assert lines[-1] == (
        "drawn again: out/fitness.png, out/history.png, out/network.png, out/species.png"
    )  # fmt: skip


def test_show_says_what_each_segment_was_made_with_and_what_wrote_a_genome(capsys):
    main(quick())
    main(["resume", "out", "--generations", "5"])
    capsys.readouterr()
    assert main(["show", "out"]) == 0
    first, second = (s for s in capsys.readouterr().out.splitlines() if "made with" in s)
    assert first.startswith(f"generations 1 to 3 made with neatgrow {ng.__version__}, python ")
    assert second.startswith("generations 4 to 5 made with") and "resume(xor, " in second
    assert main(["show", "out/champion.npz"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(str(ng.load_genome("out/champion.npz")))
    assert said.splitlines()[-1].startswith(f"written with neatgrow {ng.__version__}, python ")


EVIL = "\x1b]0;owned\x07\x1b[2Jname\r\x9b31m"


def evil_run(tmp_path):
    """A run whose texts would do things to a terminal."""
    main(quick())
    out = tmp_path / "out"
    for name, change in (
        ("problem.json", lambda told: told | {"name": EVIL, "paper": EVIL}),
        ("provenance.json", lambda told: [told[0] | {"numpy": EVIL, "command": EVIL}]),
    ):
        told = change(json.loads((out / name).read_text("utf-8")))
        (out / name).write_text(json.dumps(told), "utf-8")
    champion = ng.load_genome(out / "champion.npz")
    face = replace(champion.interface, input_names=(EVIL, "b"))
    type(champion.batch())(champion.batch().packed, face).save(out / "champion.npz")
    return out


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("command", ["show", "report", "watch", "resume", "show champion.npz"])
def test_what_a_terminal_would_obey_is_shown_and_not_sent(command, capsys, tmp_path):
    out = evil_run(tmp_path)
    command, *name = command.split()
    capsys.readouterr()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        main([command, str(out / name[0] if name else out)])
    output = capsys.readouterr()
    said = (
        output.out + output.err + "".join(str(w.message) for w in caught if "Glyph" not in str(w))
    )
    assert said and not {"\x1b", "\x07", "\x9b", "\r"} & set(said)
    if command == "show":
        assert r"\x1b[2Jname" in said


def test_watch_plays_the_episodes_that_it_prints(capsys, monkeypatch):
    main(["run", "CartPole-v1", "--population", "8", "--generations", "1", "--out", "out"])
    capsys.readouterr()
    asked, play = [], ng.Gymnasium.play

    def without_a_window(self, network, *, seed, render_mode):
        asked.append((seed, render_mode))
        return play(self, network, seed=seed)

    monkeypatch.setattr(ng.Gymnasium, "play", without_a_window)
    assert main(["watch", "out", "--episodes", "2", "--seed", "7"]) == 0
    assert asked == [(7, "human"), (8, "human")]
    problem, champion = ng.Gymnasium("CartPole-v1"), ng.load_genome("out/champion.npz")
    returns = [
        problem.evaluate(champion.batch().compile(), seed=seed, episodes=1).fitness[0]
        for seed in (7, 8)
    ]
    assert capsys.readouterr().out.splitlines() == [
        f"episode {k}: return {total:.6g}" for k, total in enumerate(returns, 1)
    ]


def test_watch_writes_a_video_of_the_environment_beside_the_network(capsys, monkeypatch):
    pytest.importorskip("pygame", reason="rendering needs pygame: neatgrow[render]")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    main(["run", "CartPole-v1", "--population", "8", "--generations", "1", "--out", "out"])
    capsys.readouterr()
    assert main(["watch", "out", "--seed", "7", "--video", "film.gif"]) == 0
    problem, champion = ng.Gymnasium("CartPole-v1"), ng.load_genome("out/champion.npz")
    steps = list(problem.play(champion.compile(), seed=7))
    said = f"film.gif: {len(steps)} steps, return {len(steps)}\n"
    assert capsys.readouterr().out == said
    with Image.open("film.gif") as film:
        assert film.n_frames == -(-len(steps) // -(-len(steps) // 400))
        assert len({film.seek(k) or film.convert("RGB").tobytes() for k in range(5)}) == 5
    assert fails(capsys, "watch", "out", "--video", "film.avi").startswith(
        "path: expected a name that ends in .gif, .mp4, .html"
    )


def test_a_run_goes_on_learning_and_says_what_both_are_worth(capsys, monkeypatch):
    ppo = ng.PPO(validation_every=1, validation_episodes=2, episodes=2, n_epochs=1)
    entry = catalogue.Entry("", "", learning={"ppo": ppo, "evaluation_episodes": 5})
    monkeypatch.setitem(catalogue.ENTRIES, "CartPole-v1", entry)
    assert main(["run", "CartPole-v1", "--population", "8", "--generations", "1", "--out", "out",
                 "--learn", "--learn-seconds", "0.5"]) == 0  # fmt: skip
    said = capsys.readouterr().out
    found = re.search(r"mean of 5 fresh episodes: (\S+) as evolved, (\S+) as learned from", said)
    assert found, said
    learned = ng.load_genome("out/learned.npz")
    assert Path("out/learned.png").exists()
    champion = ng.load_genome("out/champion.npz")
    assert learned.n_hidden == champion.n_hidden
    assert (learned == champion) == ("what was evolved is kept" in said)
    Path("out/learned.npz").unlink()
    assert main(["resume", "out", "--generations", "2", "--learn", "--learn-seconds", "0.5"]) == 0
    assert "fresh episodes" in capsys.readouterr().out and Path("out/learned.npz").exists()
    assert fails(capsys, "run", "xor", "--learn").startswith(
        "--learn: expected only with an environment, got it with xor."
    )
    main(["run", "xor", "--population", "8", "--generations", "1", "--out", "xor"])
    capsys.readouterr()
    assert fails(capsys, "resume", "xor", "--learn").startswith("--learn: expected only with an")
    assert fails(capsys, "resume", "nowhere", "--learn").startswith("nowhere: expected a run direc")


def test_a_run_says_what_plays_the_episodes(capsys):
    main(["run", "CartPole-v1", "--population", "8", "--generations", "1", "--out", "out"])
    said = "backend vector: it has a vector entry point of its own\n"
    assert capsys.readouterr().out.startswith(said)


def test_a_problem_by_name_is_run_with_the_settings_that_suit_it(monkeypatch):
    entry = catalogue.Entry("", "", options={"episodes": 2}, settings={"population_size": 7})
    monkeypatch.setitem(catalogue.ENTRIES, "CartPole-v1", entry)
    assert main(["run", "CartPole-v1", "--generations", "1", "--out", "one"]) == 0
    assert main(["run", "CartPole-v1", "--generations", "1", "--out", "two", "--episodes", "3",
                 "--population", "6"]) == 0  # fmt: skip
    for name, episodes, size in (("one", 2, 7), ("two", 3, 6)):
        description, history, _ = read_run(name)
        assert description["episodes"] == episodes
        assert sum(history.species_sizes[0].values()) == size


def test_every_known_problem_is_listed_with_what_it_needs(capsys):
    assert main(["problems"]) == 0
    header, *rows, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["problem", "solved", "at", "needs", "what", "run", "with"]
    assert [row.split()[0] for row in rows] == list(catalogue.ENTRIES)
    for row, entry in zip(rows, catalogue.ENTRIES.values(), strict=True):
        assert entry.about in row and entry.solved_at in row
        for name, value in entry.options.items():
            said = f"--{name.replace('_', '-')}"
            assert f"{said} {value}" in row or (value is True and said in row)
            assert main_offers(said)
        for name, value in entry.settings.items():
            assert f"--set {name}={value}" in row
        assert (f"neatgrow[{entry.extra}]" in row) == bool(entry.extra)
    assert last == (
        "Any other id registered with Gymnasium works too, and file.py:name of your own."
    )


def main_offers(option):
    return any(option in action.option_strings for action in run_parser()._actions)


def run_parser():
    actions = cli._parser()._subparsers._group_actions
    return actions[0].choices["run"]


@pytest.mark.parametrize("arguments", [[], ["rnu"], ["run"], ["run", "xor", "--seed", "one"]])
def test_commands_that_do_not_exist_are_a_usage_message(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: neatgrow")


def test_the_module_runs_and_fails_without_a_traceback(tmp_path, subprocess_environment):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "neatgrow", *arguments], capture_output=True, text=True,
            cwd=tmp_path, env=subprocess_environment,
        )  # fmt: skip

    answer = run(*quick())
    assert answer.returncode == 0 and "written to out" in answer.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    answer = run("run", "CartPol-v1")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == (
        f"neatgrow: environment 'CartPol-v1': {ENVIRONMENT} Did you mean 'CartPole-v1'?\n"
    )


def test_resume_takes_another_goal(tmp_path, capsys, unpainted):
    out = str(tmp_path / "run")
    assert main(["run", "xor", "--out", out, "--seed", "1", "--solved-at", "3.3"]) == 0
    assert "solved in generation" in capsys.readouterr().out
    assert main(["resume", out, "--solved-at", "9", "--generations", "40"]) == 0
    assert "not solved, stopped by generations in generation 40" in capsys.readouterr().out
