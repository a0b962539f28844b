"""Run directories with links in them, moved, copied, removed, or mixed up."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.files.archive import FileError

FILES = [
    "config.toml", "problem.json", "history.csv", "species.csv", "failures.csv", "champion.npz",
    "provenance.json", "verified.json", "failure.txt", "run.lock", "network.png", "fitness.png",
    "species.png", "history.png", "report.html",
]  # fmt: skip


def evolved(directory, **changes):
    given = {
        "config": ng.Config(population_size=20).override(VARIED), "generations": 4, "seed": 5,
        "solved_at": 99.0, "checkpoints": ng.Checkpoints(generations=1, seconds=None),
    } | changes  # fmt: skip
    return ng.evolve(ng.XOR(), directory=directory, **given)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    return evolved(path), path


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run[1], tmp_path / "copy")


def linked(path, victim, hard):
    path.unlink(missing_ok=True)
    if hard:
        os.link(victim, path)
    else:
        path.symlink_to(victim)


# --------------------------------------------------------------------------- links


@pytest.mark.parametrize("hard", [False, True])
def test_what_links_lead_to_is_left_alone(hard, copy, tmp_path, capsys):
    """Each file of a run is a link to something precious that could pass for it."""
    victims = {}
    for name in FILES:
        victim = tmp_path / f"precious-{name}"
        content = (copy / name).read_bytes() if (copy / name).exists() else b"precious"
        victim.write_bytes(content)
        victims[victim] = content
        if name != "run.lock":
            linked(copy / name, victim, hard)
    result = ng.resume(copy, generations=6)
    assert len(result.history) == 6
    assert main(["show", str(copy)]) == 0 and main(["report", str(copy)]) == 0
    linked(copy / "run.lock", tmp_path / "precious-run.lock", hard)
    with pytest.raises(FileExistsError, match=r"run\.lock: expected a file of its own"):
        ng.resume(copy, generations=7)
    assert {path: path.read_bytes() for path in victims} == victims


def test_a_lock_that_leads_nowhere_or_is_a_pipe_is_refused(copy, tmp_path):
    lock = copy / "run.lock"
    linked(lock, tmp_path / "nowhere", hard=False)
    with pytest.raises(FileExistsError, match="expected a file of its own"):
        ng.resume(copy)
    assert not (tmp_path / "nowhere").exists()
    lock.unlink()
    os.mkfifo(lock)
    with pytest.raises(FileExistsError, match="expected a file of its own"):
        ng.resume(copy)


def test_checkpoints_elsewhere_are_neither_written_nor_removed(copy, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (copy / "checkpoints").rename(elsewhere)
    (elsewhere / ".00000001.npz.1.tmp").touch()
    (copy / "checkpoints").symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir())
    with pytest.raises(FileExistsError, match="checkpoints: expected a directory, got a symbolic"):
        ng.resume(copy, generations=6)
    assert sorted(elsewhere.iterdir()) == before


def test_links_that_come_during_a_run_are_not_followed_either(tmp_path):
    elsewhere, victim = tmp_path / "elsewhere", tmp_path / "precious"
    elsewhere.mkdir()
    victim.write_text("precious")

    def plant(run):
        if len(run.history) == 2:
            shutil.rmtree(tmp_path / "run" / "checkpoints")
            (tmp_path / "run" / "checkpoints").symlink_to(elsewhere)
            for name in ("history.csv", "species.csv", "failures.csv", "champion.npz"):
                linked(tmp_path / "run" / name, victim, hard=False)

    with pytest.warns(RuntimeWarning, match="could not be written"):
        result = evolved(tmp_path / "run", callbacks=plant)
    assert len(result.history) == 4
    assert victim.read_text() == "precious" and not any(elsewhere.iterdir())


def test_a_link_that_waits_for_a_temporary_file_is_not_followed(copy, tmp_path):
    victim = tmp_path / "precious"
    victim.write_text("precious")
    for name in ("config.toml", "champion.npz", "network.png", "report.html"):
        (copy / f".{name}.{os.getpid()}.tmp").symlink_to(victim)
    ng.resume(copy, generations=5)
    assert main(["show", str(copy)]) == 0 and main(["report", str(copy)]) == 0
    assert victim.read_text() == "precious"


def test_files_have_the_mode_that_the_user_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        evolved(tmp_path / "run", generations=1)
    finally:
        os.umask(before)
    for path in (tmp_path / "run").rglob("*.*"):
        assert path.stat().st_mode & 0o777 == 0o640, path.name


# ------------------------------------------------------------------------ overwritten


def test_a_run_that_is_overwritten_leaves_nothing_but_what_was_not_its_own(copy, tmp_path):
    for name in ("network.png", "learned.npz", "judged.npz", "notes.txt"):
        (copy / name).write_text("of before")
    (copy / "checkpoints" / "notes.txt").write_text("of before")
    (copy / "checkpoints" / "00000099.npz.damaged").write_text("of before")
    result = evolved(copy, seed=6, generations=2, overwrite=True)
    expected = evolved(tmp_path / "new", seed=6, generations=2, overwrite=True)
    assert result.fingerprint == expected.fingerprint

    def names(path):
        return {str(file.relative_to(path)) for file in path.rglob("*")}

    mine = {"notes.txt", str(Path("checkpoints") / "notes.txt")}
    assert names(copy) == names(tmp_path / "new") | mine
    assert ng.resume(copy, generations=3).history["best"].size == 3


def test_overwriting_follows_no_link(copy, tmp_path):
    victim, elsewhere = tmp_path / "precious", tmp_path / "elsewhere"
    victim.write_text("precious")
    elsewhere.mkdir()
    (elsewhere / "00000001.npz").write_text("precious")
    linked(copy / "champion.npz", victim, hard=False)
    linked(copy / "history.csv", victim, hard=True)
    evolved(copy, overwrite=True)
    assert victim.read_text() == "precious"
    shutil.rmtree(copy / "checkpoints")
    (copy / "checkpoints").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        evolved(copy, overwrite=True)
    assert (copy / "champion.npz").exists() and any(elsewhere.iterdir())


@pytest.mark.parametrize("damage", ["no settings", "linked settings", "another problem.json"])
def test_what_is_no_run_is_not_overwritten(damage, copy, tmp_path):
    if damage == "another problem.json":
        (copy / "problem.json").write_text("[1, 2]")
    else:
        (copy / "config.toml").rename(tmp_path / "config.toml")
    if damage == "linked settings":
        (copy / "config.toml").symlink_to(tmp_path / "config.toml")
    before = sorted(copy.rglob("*"))
    with pytest.raises(FileExistsError, match="expected a run to overwrite, or an empty directory"):
        evolved(copy, overwrite=True)
    assert sorted(copy.rglob("*")) == before


def test_a_run_in_progress_and_one_that_cannot_begin_cost_the_old_run_nothing(copy):
    def second(run):
        with pytest.raises(BlockingIOError, match="got one in use by"):
            evolved(copy, overwrite=True)

    ng.resume(copy, generations=5, callbacks=[second])
    assert ng.resume(copy, generations=6).history["best"].size == 6
    with pytest.raises(ValueError, match="population_size"):
        evolved(copy, overwrite=True, config=ng.Config(population_size=-1))
    assert ng.resume(copy, generations=7).history["best"].size == 7
    with pytest.raises(ValueError, match="overwrite: expected it with directory= only"):
        ng.evolve(ng.XOR(), overwrite=True)


# ------------------------------------------------------------------ moved and copied


def test_a_run_that_was_moved_goes_on(run, tmp_path):
    expected = evolved(tmp_path / "whole", generations=7)
    moved = shutil.copytree(run[1], tmp_path / "elsewhere" / "under another name")
    result = ng.resume(moved, generations=7)
    assert result.fingerprint == expected.fingerprint
    text = "".join(path.read_text() for path in moved.glob("*.*") if path.suffix in (".json",))
    assert str(run[1]) not in text


@pytest.mark.parametrize("keep", [1, 3])
def test_a_copy_taken_after_any_generation_goes_on(keep, tmp_path):
    def copied(run):
        shutil.copytree(tmp_path / "run", tmp_path / f"copy{len(run.history)}")

    rule = ng.Checkpoints(generations=2, seconds=None, keep=keep)
    expected = evolved(tmp_path / "run", generations=5, callbacks=copied, checkpoints=rule)
    for generation in range(1, 6):
        again = ng.resume(tmp_path / f"copy{generation}", generations=5)
        assert again.fingerprint == expected.fingerprint


def test_a_copy_taken_between_any_two_writes_goes_on(tmp_path, monkeypatch):
    """Whatever has been replaced last: every rename is a moment at which somebody may copy."""
    from pathlib import Path

    count, replace = iter(range(1000)), Path.replace

    def copying(self, target):
        answer = replace(self, target)
        if (tmp_path / "run" / "problem.json").exists():
            shutil.copytree(tmp_path / "run", tmp_path / "copies" / str(next(count)))
        return answer

    monkeypatch.setattr(Path, "replace", copying)
    expected = evolved(tmp_path / "run", generations=3)
    monkeypatch.undo()
    copies = sorted((tmp_path / "copies").iterdir())
    assert len(copies) > 5
    for path in copies:
        assert ng.resume(path, generations=3).fingerprint == expected.fingerprint


def test_a_fitness_function_that_changes_the_folder_scatters_nothing(tmp_path):
    code = """
import os, pathlib
import neatgrow as ng
pathlib.Path("elsewhere").mkdir()
def fitness(network):
    if pathlib.Path("elsewhere").exists():
        os.chdir("elsewhere")
    return float(network.predict([[1.0, 0.0]])[0, 0])
config = ng.Config(population_size=10)
result = ng.evolve(fitness, inputs=2, outputs=1, config=config, generations=3, directory="run")
ng.report(result)
assert result.directory.is_absolute()
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "run"]
    assert not any((tmp_path / "elsewhere").iterdir())
    assert (tmp_path / "run" / "report.html").exists()


# ------------------------------------------------------------- removed and mixed up


def test_a_directory_that_was_removed_is_made_again_with_all_that_resume_needs(tmp_path):
    def remove(run):
        if len(run.history) == 2:
            shutil.rmtree(tmp_path / "run")

    expected = evolved(tmp_path / "whole", generations=6)
    with pytest.warns(RuntimeWarning, match="removed during the run, and has been made again"):
        evolved(tmp_path / "run", callbacks=remove)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"config.toml", "problem.json", "history.csv", "provenance.json"} <= names
    assert ng.resume(tmp_path / "run", generations=6).fingerprint == expected.fingerprint


def test_a_run_that_lost_its_directory_leaves_another_that_began_there_alone(tmp_path):
    other = {}

    def replace(run):
        if len(run.history) == 2:
            shutil.rmtree(tmp_path / "run")
            evolved(tmp_path / "run", seed=6)
            other.update({p: p.read_bytes() for p in (tmp_path / "run").rglob("*.*")})

    with pytest.warns(RuntimeWarning, match="another run has begun there"):
        assert len(evolved(tmp_path / "run", callbacks=replace).history) == 4
    assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("*.*")} == other


def test_a_lock_that_somebody_removed_is_taken_again(tmp_path):
    def remove(run):
        (tmp_path / "run" / "run.lock").unlink(missing_ok=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evolved(tmp_path / "run", callbacks=remove)
    assert len(ng.resume(tmp_path / "run", generations=5).history) == 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 6}, "checkpoint of the run with seed 5, got one with seed 6"),
        ({"config": ng.Config(population_size=30)}, "one whose first generation was another"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(changes, said, copy, tmp_path):
    evolved(tmp_path / "other", generations=5, **changes)
    shutil.copy(tmp_path / "other" / "checkpoints" / "00000005.npz", copy / "checkpoints")
    before = {p: p.read_bytes() for p in copy.rglob("*.*") if p.name != "run.lock"}
    with pytest.raises(FileError, match=said):
        ng.resume(copy, generations=7)
    assert {p: p.read_bytes() for p in copy.rglob("*.*") if p.name != "run.lock"} == before
    (copy / "checkpoints" / "00000005.npz").unlink()
    assert len(ng.resume(copy, generations=7).history) == 7
    assert np.isfinite(ng.resume(copy).champion_fitness)
