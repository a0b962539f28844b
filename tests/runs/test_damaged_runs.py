"""Run directories that are damaged, or meant to do damage: read, or refused in words."""

import os
import shutil

import pytest

import neatgrow as ng
from benchmarks.fuzz_runs import KINDS, Fuzzer
from neatgrow import cli
from neatgrow.files.archive import FileError
from neatgrow.runs.reading import read_settings


@pytest.mark.parametrize("count", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_damaged_directories_are_read_as_runs_or_refused(count, tmp_path):
    """See ``benchmarks/fuzz_runs.py``, which goes on for as long as one likes."""
    fuzzer = Fuzzer(tmp_path, seed=0)
    findings = [found for number in range(count) if (found := fuzzer.try_one(number))]
    assert not findings, "\n".join(findings[:5])
    for kind in KINDS:  # enough of each is damaged, and not all beyond reading
        tally = fuzzer.tallies[kind]
        assert tally.loaded + tally.refused == count / len(KINDS)
        assert tally.refused or kind == "zeros"
        assert tally.loaded > count / len(KINDS) / 100


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "run"
    ng.evolve(ng.XOR(), generations=3, seed=1, solved_at=9, directory=path)
    return path


@pytest.fixture
def run(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "run")


@pytest.mark.parametrize("command", ["show", "report"])
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("history.csv", b"\n2,", b"\n99999999999999999999,"),
        ("history.csv", b"\n2,", b"\n-2,"),
        ("history.csv", b"\n3,", b"\n3,,"),
        ("species.csv", b"\n1,", b"\n99999999999999999999,"),
        ("species.csv", b"\n1,1,", b"\n1,99999999999999999999,"),
        ("species.csv", b"\n1,1,", b"\n1,1,9999999999999999999999"),
        ("problem.json", b'"seed": 1', b'"seed": 99999999999999999999'),
        ("problem.json", b'"generations": 3', b'"generations": -1'),
        ("champion.npz", b"PK\x03\x04", b"PK\x03\x05"),
    ],
)
def test_a_damaged_file_is_one_line_on_the_command_line(command, name, old, new, run, capsys):
    data = (run / name).read_bytes()
    assert old in data
    (run / name).write_bytes(data.replace(old, new, 1))
    assert cli.main([command, str(run)]) == cli.EXIT_BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith(f"neatgrow: {run / name}: expected ") and said.count("\n") == 1


@pytest.mark.parametrize("text", [b"\xff", b"a = ", b"nothing = 1\n", b"a = " + b"[" * 9999])
def test_damaged_settings_are_refused_where_a_run_begins_again(text, run):
    shutil.rmtree(run / "checkpoints")
    (run / "config.toml").write_bytes(text)
    with pytest.raises(FileError, match=r"config\.toml: expected a run's settings in TOML, got"):
        ng.resume(run)
    (run / "config.toml").write_bytes(b"#" * (5 << 20))
    with pytest.raises(FileError, match="5242880 bytes of settings"):
        read_settings(run)
    (run / "config.toml").write_bytes(b'[selection]\nkind = "planted:Thing"\n')
    with pytest.raises(FileError, match="selection"):
        read_settings(run)


def test_json_of_too_many_values_is_refused(run):
    (run / "problem.json").write_bytes(b'{"more": [' + b"[]," * 200_000 + b"0]}")
    with pytest.raises(FileError, match="600013 bytes of too many values"):
        ng.resume(run)


def test_a_lock_that_is_no_file_is_refused(run):
    (run / "run.lock").unlink(missing_ok=True)
    (run / "run.lock").mkdir()
    with pytest.raises(FileExistsError, match=r"run\.lock: expected a file of its own, got"):
        ng.resume(run)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize(
    "name", ["verified.json", "champion.npz", "failures.csv", "history.csv", "run.lock"]
)
def test_pipes_in_a_directory_are_not_waited_for(name, run, tmp_path):
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    for use in (ng.resume, ng.report):
        try:
            use(run)
        except (FileError, OSError) as error:
            assert str(run) in str(error)
