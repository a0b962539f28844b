"""Runs that are interrupted in every way go on as if they had not been."""

import errno
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import warnings

import kills
import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.automatic import asked
from neatgrow.files.archive import FileError, read_archive, write_archive
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.checkpoints import VERSION, load_snapshot
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.history import COLUMNS, TIMES
from neatgrow.runs.reading import read_description, read_history

EVERY_THIRD = ng.Checkpoints(generations=3, seconds=None)


def small(**changes):
    return ng.Config(population_size=20).override(VARIED | changes)


def xor_run(directory, **changes):
    """Ten generations of XOR, never solved."""
    given = {"config": small(), "generations": 10, "solved_at": 99.0, "seed": 5}
    given |= {"checkpoints": EVERY_THIRD} | changes
    return ng.evolve(ng.XOR(), directory=directory, **given)


def stop_at(generation):
    return lambda run: len(run.history) == generation


def checkpoints(directory):
    return sorted(path.name for path in (directory / "checkpoints").iterdir())


def contents(directory):
    """All files of a run but its lock."""
    files = [path for path in directory.rglob("*") if path.is_file() and path.name != "run.lock"]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def timeless(directory):
    """The tables of a run, times left out."""
    table = read_history(directory)
    rows = [[row[name] for name in COLUMNS if name not in TIMES] for row in table]
    return repr(rows), *((directory / name).read_text() for name in ("species.csv", "failures.csv"))


def assert_same(result, expected):
    """Bit for bit the same run, times aside."""
    assert result.fingerprint == expected.fingerprint
    assert result.champion == expected.champion
    assert result.champion_fitness == expected.champion_fitness
    for name in COLUMNS:
        if name not in TIMES:
            assert np.array_equal(result.history[name], expected.history[name], equal_nan=True)
    assert result.history.species_sizes == expected.history.species_sizes
    assert result.failures == expected.failures and result.stopped == expected.stopped
    for name in ("input_mean", "input_scale"):
        ours, theirs = (getattr(r.champion.interface, name) for r in (result, expected))
        assert (ours is None) == (theirs is None)
        assert ours is None or np.array_equal(ours, theirs)
    if result.directory is not None and expected.directory is not None:
        assert timeless(result.directory) == timeless(expected.directory)
        saved = ng.load_genome(result.directory / "champion.npz")
        assert saved == expected.champion


# ------------------------------------------------------------------------- killed


def test_a_run_killed_at_any_moment_comes_to_the_end_it_would_have_had(
    tmp_path, subprocess_environment
):
    kills.Killer("xor", tmp_path, 8, subprocess_environment).check()


ENDINGS = [signal.SIGTERM, signal.SIGHUP]


def test_a_run_that_is_told_to_end_at_any_moment_loses_no_generation(
    tmp_path, subprocess_environment
):
    killer = kills.Killer("xor", tmp_path, 4, subprocess_environment, ENDINGS)
    assert killer.codes & {128 + number for number in ENDINGS}
    killer.check()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xor", "recurrent", "function", "minimize", "cartpole"])
def test_runs_of_every_kind_survive_fifty_kills(name, tmp_path, subprocess_environment):
    killer = kills.Killer(name, tmp_path, 50, subprocess_environment)
    assert killer.within_writes
    killer.check()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recurrent", "function", "cartpole"])
def test_runs_of_every_kind_end_thirty_times_as_they_are_told(
    name, tmp_path, subprocess_environment
):
    killer = kills.Killer(name, tmp_path, 30, subprocess_environment, ENDINGS)
    assert killer.codes >= {128 + number for number in ENDINGS}
    killer.check()


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path):
    expected = xor_run(tmp_path / "whole")
    xor_run(tmp_path / "killed", generations=4)
    shutil.rmtree(tmp_path / "killed" / "checkpoints")
    assert_same(ng.resume(tmp_path / "killed", generations=10), expected)


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    xor_run(tmp_path, generations=4)
    left = [".history.csv.17.tmp", ".champion.npz.17.tmp", "checkpoints/.00000005.npz.17.tmp"]
    for name in left:
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".mine.tmp").touch()
    ng.resume(tmp_path, generations=5)
    assert not any((tmp_path / name).exists() for name in left)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".config.toml.17.tmp").write_bytes(b"half")
    xor_run(tmp_path / "new", generations=1)
    assert not (tmp_path / "new" / ".config.toml.17.tmp").exists()
    assert (tmp_path / ".mine.tmp").exists()


# ------------------------------------------------------------------------- stopped


def wave(network):
    return -abs(network.activate([0.5, -0.5])[0] - 0.3)


KINDS = {
    "xor": (ng.XOR, {"generations": 15}),
    "function": (lambda: wave, {"inputs": 2, "outputs": 1, "generations": 15}),
    "minimize": (
        lambda: kills.bumps,
        {"inputs": 1, "outputs": 1, "generations": 15, "minimize": True, "solved_at": -1.0},
    ),
    "lamarckian": (ng.XOR, {"generations": 12, "learning": ng.Learning(3, share=0.5)}),
    "baldwinian": (
        ng.XOR,
        {"generations": 12, "learning": ng.Learning(3, batch=2, inheritance="baldwinian")},
    ),
    "cartpole": (
        lambda: ng.Gymnasium("CartPole-v1", episodes=2, normalize=True, max_steps=60),
        {"generations": 12, "solved_at": 1e9},
    ),
}


@pytest.mark.parametrize("last", [1, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_resumed_is_the_run_that_went_through(kind, last, tmp_path, threads):
    make, given = KINDS[kind]
    given = {"config": small(), "solved_at": 99.0, "seed": 3} | given
    threads(1)
    expected = ng.evolve(make(), directory=tmp_path / "whole", **given)
    threads(2)
    part = ng.evolve(
        make(), directory=tmp_path / "part", callbacks=[stop_at(last)],
        checkpoints=EVERY_THIRD, **given,
    )  # fmt: skip
    assert len(part.history) == last
    threads(1)
    rebuilt = make() not in (wave, kills.bumps)
    result = ng.resume(tmp_path / "part", problem=None if rebuilt else make())
    assert_same(result, expected)
    assert result.stopped == "generations"


@pytest.mark.parametrize(
    ("first", "options"), [(0, {}), (1, {}), (1, {"learning": ng.Learning(2)})]
)
def test_where_it_is_evaluated_does_not_matter(first, options, tmp_path):
    expected = xor_run(tmp_path / "whole", **options)
    xor_run(tmp_path / "part", callbacks=[stop_at(5)], processes=2 * first, **options)
    assert_same(ng.resume(tmp_path / "part", processes=2 * (1 - first)), expected)


def test_statistics_of_observations_are_those_of_the_checkpoint(tmp_path):
    problem = ng.Gymnasium("CartPole-v1", normalize=True, max_steps=60)
    given = {"config": small(), "solved_at": 1e9, "directory": tmp_path}
    before = ng.evolve(problem, generations=4, **given)
    mean = problem.statistics()["input_mean"]
    after = ng.resume(tmp_path, generations=4)
    assert np.array_equal(after.problem.statistics()["input_mean"], mean)
    assert len(after.history) == 4 == len(before.history)
    with pytest.raises(ValueError, match="expected normalize=True as when the run began"):
        ng.resume(tmp_path, problem=ng.Gymnasium("CartPole-v1", max_steps=60), generations=5)


# ------------------------------------------------------------------------- interrupted


class Pressed:
    """A fitness function during whose n-th call somebody presses Ctrl-C."""

    __name__ = "pressed"

    def __init__(self, call=None):
        self.left = call

    def __call__(self, network):
        if self.left is not None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
        return wave(network)


@pytest.mark.parametrize("call", [21, 70, 75, 80])
def test_an_interrupted_generation_is_forgotten_and_done_again(call, tmp_path):
    given = {"inputs": 2, "outputs": 1, "config": small(), "generations": 10, "seed": 2}
    expected = ng.evolve(Pressed(), directory=tmp_path / "whole", **given)
    result = ng.evolve(Pressed(call), directory=tmp_path / "part", **given)
    done = (call - 1) // 20
    assert result.stopped == "interrupted" and len(result.history) == done
    assert result.population.generation == done
    assert result.champion_fitness == expected.history["champion"][done - 1]
    assert read_history(tmp_path / "part").to_csv() == result.history.to_csv()
    assert_same(ng.resume(tmp_path / "part", problem=Pressed()), expected)


def test_an_interrupt_in_a_callback_costs_nothing(tmp_path):
    def press(run):
        if len(run.history) == 5:
            raise KeyboardInterrupt

    expected = xor_run(tmp_path / "whole")
    result = xor_run(tmp_path / "part", callbacks=[press])
    assert result.stopped == "interrupted" and len(result.history) == 5
    assert checkpoints(tmp_path / "part")[-1] == "00000005.npz"
    assert_same(ng.resume(tmp_path / "part"), expected)


class PressedLate(ng.Gymnasium):
    """Ctrl-C when a generation has been played, and its observations are gathered."""

    def evaluate(self, networks, *, seed, episodes=None):
        answer = super().evaluate(networks, seed=seed, episodes=episodes)
        self.calls = getattr(self, "calls", 0) + (episodes is None)
        if self.calls == 4 and episodes is None:
            raise KeyboardInterrupt
        return answer


def test_observations_of_an_interrupted_generation_are_forgotten_too(tmp_path):
    options = {"normalize": True, "max_steps": 60}
    given = {"config": small(), "generations": 8, "solved_at": 1e9}
    expected = ng.evolve(ng.Gymnasium("CartPole-v1", **options), **given)
    problem = PressedLate("CartPole-v1", **options)
    result = ng.evolve(problem, directory=tmp_path, **given)
    assert result.stopped == "interrupted" and len(result.history) == 3
    assert_same(ng.resume(tmp_path), expected)
    # In this process too: who goes on with the problem goes on from the generation before.
    snapshot = load_snapshot(tmp_path / "checkpoints" / "00000003.npz")
    assert problem.state().keys() == snapshot.problem_state.keys()
    for name, values in snapshot.problem_state.items():
        assert np.array_equal(problem.state()[name], values), name


@pytest.mark.parametrize("name", ["species.csv", "history.csv"])
def test_an_interrupt_between_two_tables_leaves_both_whole(name, tmp_path, monkeypatch):
    append, count = RunDirectory._append_text, []

    def press(directory, table, text):
        count.append(table)
        if table == name and count.count(name) == 4:
            raise KeyboardInterrupt
        return append(directory, table, text)

    monkeypatch.setattr("neatgrow.runs.directory.RunDirectory._append_text", press)
    result = xor_run(tmp_path / "part")
    assert result.stopped == "interrupted"
    assert read_history(tmp_path / "part").to_csv() == result.history.to_csv()
    lines = (tmp_path / "part" / "species.csv").read_text().splitlines()
    assert len(lines) == len({*lines}) == 1 + result.history["species"].sum()
    assert ng.load_genome(tmp_path / "part" / "champion.npz") == result.champion
    monkeypatch.undo()
    assert_same(ng.resume(tmp_path / "part"), xor_run(tmp_path / "whole"))


def test_an_interrupt_when_a_generation_is_in_the_history_and_nowhere_else(tmp_path, monkeypatch):
    expected = xor_run(tmp_path / "whole")
    after = Lineage.after

    def press(lineage, state, *rest):
        if state.generation == 6:
            raise KeyboardInterrupt
        return after(lineage, state, *rest)

    monkeypatch.setattr(Lineage, "after", press)
    result = xor_run(tmp_path / "part")
    monkeypatch.undo()
    assert result.stopped == "interrupted" and len(result.history) == 5
    assert len(load_snapshot(tmp_path / "part" / "checkpoints" / "00000005.npz").history) == 5
    assert_same(ng.resume(tmp_path / "part"), expected)


# ------------------------------------------------------------------------- overridden

CHANGES = {"population_size": 30, "mutation.add_node": 0.2}


def test_changes_take_effect_and_are_written_down(tmp_path):
    xor_run(tmp_path / "a", callbacks=[stop_at(5)])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    result = ng.resume(tmp_path / "a", changes=CHANGES, generations=12)
    assert len(result.history) == 12 and result.stopped == "generations"
    assert result.history["evaluations"].tolist() == [20] * 5 + [30] * 7
    config = ng.Config.from_toml(tmp_path / "a" / "config.toml")
    assert config == small().override(CHANGES)
    last = load_snapshot(tmp_path / "a" / "checkpoints" / "00000012.npz")
    assert last.changes == [(5, CHANGES)] and last.options.generations == 12
    assert last.population.config == result.population.config
    assert asked(last.population.config, last.population.chosen) == config
    assert_same(ng.resume(tmp_path / "b", changes=CHANGES, generations=12), result)
    assert result.fingerprint != xor_run(tmp_path / "c", generations=12).fingerprint


def test_changes_outlast_a_kill_right_after_they_were_made(tmp_path):
    def killed(run):
        shutil.copytree(tmp_path / "a", tmp_path / "b")

    xor_run(tmp_path / "a", callbacks=[stop_at(5)])
    result = ng.resume(tmp_path / "a", changes=CHANGES, generations=6, callbacks=[killed])
    assert result.history["evaluations"][-1] == 30
    assert_same(ng.resume(tmp_path / "b"), result)
    assert load_snapshot(tmp_path / "b" / "checkpoints" / "00000006.npz").changes == [(5, CHANGES)]


@pytest.mark.parametrize("generations", [7, 14])
def test_another_number_of_generations_outlasts_a_kill(generations, tmp_path):
    def killed(run):
        if len(run.history) == 6:
            shutil.copytree(tmp_path / "a", tmp_path / "b")

    xor_run(tmp_path / "a", callbacks=[stop_at(5)])
    result = ng.resume(tmp_path / "a", generations=generations, callbacks=[killed])
    assert checkpoints(tmp_path / "b")[-1] == "00000005.npz"
    assert_same(ng.resume(tmp_path / "b"), result)
    assert len(result.history) == generations


def test_changes_of_every_type_are_written_down_as_plain_values(tmp_path):
    xor_run(tmp_path, generations=2)
    changes = {
        "population_size": np.int64(30), "mutation.add_node": np.float64(0.25),
        "selection": ng.Config().selection, "genes.activation.options": ("tanh", "sin"),
    }  # fmt: skip
    ng.resume(tmp_path, changes=changes, generations=3)
    ((generation, noted),) = load_snapshot(tmp_path / "checkpoints" / "00000003.npz").changes
    assert generation == 2 and noted["population_size"] == 30
    assert noted["mutation.add_node"] == 0.25 and noted["selection"]["survival"] == 0.2
    assert noted["genes.activation.options"] == ["tanh", "sin"]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"recurrent": True}, ValueError,
         "recurrent: expected False as when the run began, got True."),
        ({"population_sise": 3}, TypeError, "Did you mean 'population_size'?"),
        ({"mutation.ad_node": 0.1}, TypeError, "Did you mean 'add_node'?"),
        ({"mutation.add_node": 1.5}, ValueError, "add_node: expected between 0 and 1, got 1.5"),
        ({"population_size": "many"}, TypeError, "expected a value of type int, got 'many'"),
    ],
)  # fmt: skip
def test_an_impossible_change_is_refused_and_leaves_everything_as_it_was(
    changes, kind, message, tmp_path
):
    xor_run(tmp_path, callbacks=[stop_at(5)])
    before = contents(tmp_path)
    with pytest.raises(kind) as caught:
        ng.resume(tmp_path, changes=changes)
    assert message in str(caught.value)
    assert contents(tmp_path) == before
    assert len(ng.resume(tmp_path).history) == 10  # nor is it held


def test_fewer_generations_than_there_are_end_the_run_at_once(tmp_path):
    expected = xor_run(tmp_path)
    result = ng.resume(tmp_path, generations=3)
    assert result.fingerprint == expected.fingerprint and result.stopped == "generations"
    with pytest.raises(ValueError, match="generations: expected an integer of at least 1, got 0"):
        ng.resume(tmp_path, generations=0)


# ------------------------------------------------------------------------- damaged


def test_a_damaged_checkpoint_costs_the_generations_since_the_one_before(tmp_path):
    expected = xor_run(tmp_path / "whole")
    xor_run(tmp_path / "part", callbacks=[stop_at(8)])
    assert checkpoints(tmp_path / "part") == ["00000004.npz", "00000007.npz", "00000008.npz"]
    for name in ("00000007.npz", "00000008.npz"):
        path = tmp_path / "part" / "checkpoints" / name
        path.write_bytes(path.read_bytes()[:-40])
    with pytest.warns(RuntimeWarning) as caught:
        result = ng.resume(tmp_path / "part")
    said = [str(warning.message) for warning in caught]
    assert "00000008.npz: expected" in said[0] and "00000007.npz: expected" in said[1]
    assert len(said) == 2 and all("Going on from 00000004.npz." in text for text in said)
    assert "It is kept as 00000008.npz.damaged." in said[0]
    aside = ["00000007.npz.damaged", "00000008.npz.damaged"]
    assert checkpoints(tmp_path / "part") == ["00000004.npz", *aside, "00000010.npz"]
    assert_same(result, expected)


def test_what_cannot_be_put_aside_costs_no_sound_checkpoint(tmp_path, monkeypatch):
    xor_run(tmp_path, generations=9)
    newest = tmp_path / "checkpoints" / "00000009.npz"
    newest.write_bytes(b"damaged")
    replace = type(tmp_path).replace

    def held(path, target):
        if path == newest:
            raise PermissionError(13, "in use")
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", held)
    with pytest.warns(RuntimeWarning, match=r"kept as 00000009\.npz\. Going on from 00000007"):
        ng.resume(
            tmp_path, callbacks=[stop_at(8)],
            checkpoints=ng.Checkpoints(generations=1, seconds=None, keep=1),
        )  # fmt: skip
    assert checkpoints(tmp_path) == ["00000008.npz", "00000009.npz"]


def rewritten(path, change):
    """The checkpoint with its metadata changed."""
    metadata, arrays = read_archive(path, ["neatgrow run"], VERSION)
    change(metadata)
    write_archive(path, metadata, arrays)


def newer_format(metadata):
    metadata["version"] = VERSION + 1


def newer_lineage(metadata):
    metadata["lineage"]["version"] = 99


def not_registered(metadata):
    metadata["config"]["genes"]["activation"]["options"] = ["tanh", "of_tomorrow"]


@pytest.mark.parametrize("change", [newer_format, newer_lineage, not_registered])
def test_a_sound_checkpoint_that_is_not_understood_is_not_passed_over(change, tmp_path):
    xor_run(tmp_path)
    rewritten(tmp_path / "checkpoints" / "00000010.npz", change)
    before = contents(tmp_path)
    with pytest.raises(FileError, match=r"00000010\.npz: .*(Update neatgrow|Register it before)"):
        ng.resume(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "Too many open files"), MemoryError()])
def test_a_checkpoint_that_cannot_be_read_now_is_left_for_later(error, tmp_path, monkeypatch):
    expected = xor_run(tmp_path, generations=9)
    before = contents(tmp_path)

    def fails(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("neatgrow.files.archive._read_members", fails)
        with pytest.raises(type(error)):
            ng.resume(tmp_path)
    assert contents(tmp_path) == before
    assert_same(ng.resume(tmp_path), expected)


def test_where_every_checkpoint_is_damaged_the_newest_is_named(tmp_path):
    xor_run(tmp_path)
    for path in (tmp_path / "checkpoints").iterdir():
        path.write_bytes(b"no archive")
    before = contents(tmp_path)
    champion = tmp_path / "champion.npz"
    with pytest.raises(
        FileError, match=r"00000010\.npz: expected a file written by neatgrow"
    ) as info:
        ng.resume(tmp_path)
    said = str(info.value)
    assert f"None of the 3 checkpoints in {tmp_path} can be read" in said
    assert "What is left: champion.npz, config.toml, history.csv, species.csv, failures.csv" in said
    assert (
        f"Begin again from the champion, in another directory: evolve(…, start='{champion}'" in said
    )
    champion.write_bytes(b"no archive either")
    with pytest.raises(FileError, match=r"What is left: config\.toml, history.*Begin a new run"):
        ng.resume(tmp_path)
    champion.write_bytes(before["champion.npz"])
    assert contents(tmp_path) == before


@pytest.mark.parametrize("damage", [b"", b"generation,genome,cause\n\xff", b"a,b,c\nx,y,z\n"])
def test_a_damaged_table_is_made_anew(damage, tmp_path):
    expected = xor_run(tmp_path / "whole")
    xor_run(tmp_path / "part", callbacks=[stop_at(5)])
    for name in ("history.csv", "species.csv", "failures.csv"):
        (tmp_path / "part" / name).write_bytes(damage)
    (tmp_path / "part" / "champion.npz").unlink()
    assert_same(ng.resume(tmp_path / "part"), expected)


def test_the_last_few_checkpoints_are_kept(tmp_path):
    seen = []
    xor_run(
        tmp_path, checkpoints=ng.Checkpoints(generations=2, seconds=None, keep=2),
        callbacks=[lambda run: seen.append([int(name[:8]) for name in checkpoints(tmp_path)])],
    )  # fmt: skip
    assert seen == [[1], [1], [1, 3], [1, 3], [3, 5], [3, 5], [5, 7], [5, 7], [7, 9], [7, 9]]
    assert checkpoints(tmp_path) == ["00000009.npz", "00000010.npz"]


def test_checkpoints_by_time_and_none_at_all(tmp_path):
    often = ng.Checkpoints(seconds=0.0, keep=99)
    assert len(xor_run(tmp_path / "often", checkpoints=often).history) == 10
    assert len(checkpoints(tmp_path / "often")) == 10
    xor_run(tmp_path / "rarely", checkpoints=ng.Checkpoints(seconds=None))
    assert checkpoints(tmp_path / "rarely") == ["00000001.npz", "00000010.npz"]


def test_the_saved_champion_goes_back_with_the_run(tmp_path):
    expected = xor_run(tmp_path / "whole", generations=30)
    better = np.flatnonzero(np.diff(expected.history["champion"])) + 2  # generations of a new one
    last = int(better[-1])
    xor_run(tmp_path / "part", generations=30, callbacks=[stop_at(last)])
    newest = sorted((tmp_path / "part" / "checkpoints").iterdir())[-1]
    newest.write_bytes(b"damaged")
    with pytest.warns(RuntimeWarning, match="Going on from"):
        before = ng.resume(tmp_path / "part", callbacks=[lambda run: True])
    assert len(before.history) < last
    assert ng.load_genome(tmp_path / "part" / "champion.npz") == before.champion
    assert_same(ng.resume(tmp_path / "part"), expected)


class Watching:
    """A fitness function that notes the champion's file, if there is one, at its first call."""

    __name__ = "watching"

    def __init__(self, directory):
        self.path, self.seen = directory / "champion.npz", []

    def __call__(self, network):
        if not self.seen:
            self.seen.append(ng.load_genome(self.path) if self.path.exists() else None)
        return wave(network)


def wave_run(directory):
    given = {"inputs": 2, "outputs": 1, "config": small(), "generations": 4, "seed": 2}
    return ng.evolve(wave, directory=directory, **given)


@pytest.mark.parametrize("later", [False, True])
def test_the_saved_champion_is_back_before_a_generation_is_evaluated(later, tmp_path):
    before, problem = wave_run(tmp_path), Watching(tmp_path)
    (tmp_path / "champion.npz").unlink()
    if later:  # than the checkpoint
        ng.Population(2, 1, seed=9).ask()[0].save(tmp_path / "champion.npz")
    ng.resume(tmp_path, problem=problem, generations=5)
    assert problem.seen == [before.champion]


def test_a_run_that_begins_again_has_no_champion_before_it_has_found_one(tmp_path):
    expected, problem = wave_run(tmp_path), Watching(tmp_path)
    shutil.rmtree(tmp_path / "checkpoints")
    assert_same(ng.resume(tmp_path, problem=problem), expected)
    assert problem.seen == [None]


# ------------------------------------------------------------------------- another problem


def other_wave(network):
    return -abs(network.activate([0.5, -0.5])[0] + 0.3)


def test_another_problem_is_said_and_written_down(tmp_path):
    target = ng.problems.catalogue.build
    ng.evolve(
        target("nguyen-9"), config=small(), generations=2, seed=1, directory=tmp_path, solved_at=9.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ng.resume(tmp_path, problem=target("nguyen-9"), generations=3)
    with pytest.warns(RuntimeWarning, match="problem 'nguyen-10' instead of 'nguyen-9'"):
        result = ng.resume(tmp_path, problem=target("nguyen-10"), generations=4)
    worth = target("nguyen-10").evaluate(result.champion.compile().networks).fitness[0]
    assert result.champion_fitness == worth
    result = ng.resume(tmp_path, generations=5)
    assert result.problem.name == "nguyen-10" and len(result.history) == 5


def test_a_mended_function_is_no_other_problem(tmp_path):
    ng.evolve(wave, inputs=2, outputs=1, config=small(), generations=2, directory=tmp_path)
    with pytest.warns(RuntimeWarning, match="champion: expected a fitness of") as caught:
        result = ng.resume(tmp_path, problem=other_wave)
    assert len(caught) == 1  # its champion is worth something else, and that is all
    assert result.champion_fitness == other_wave(result.champion.compile())
    assert result.champion_fitness != result.history["champion"][-1]
    assert read_description(tmp_path)["name"] == "other_wave"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ng.resume(tmp_path, problem=other_wave)


def test_a_budget_outlasts_a_kill_before_the_first_checkpoint(tmp_path):
    xor_run(tmp_path, generations=4)
    shutil.rmtree(tmp_path / "checkpoints")
    ng.resume(tmp_path, generations=6, callbacks=[lambda run: True])
    shutil.rmtree(tmp_path / "checkpoints")
    assert len(ng.resume(tmp_path).history) == 6


# ------------------------------------------------------------------------- two at a time


def test_a_run_in_progress_is_left_alone(tmp_path):
    refused = []

    def meddle(run):
        if len(run.history) == 4:
            for act in (xor_run, ng.resume):
                with pytest.raises(OSError) as caught:
                    act(tmp_path / "run")
                refused.append(caught.value)

    result = xor_run(tmp_path / "run", callbacks=[meddle])
    assert [type(error) for error in refused] == [FileExistsError, BlockingIOError]
    assert str(refused[1]) == (
        f"{tmp_path / 'run'}: expected a directory that no run is using, got one in use by "
        f"process {os.getpid()}. Wait for it, or choose another directory."
    )
    assert_same(result, xor_run(tmp_path / "alone"))
    ng.resume(tmp_path / "run")  # whose lock went with the run


def test_a_killed_process_holds_nothing(tmp_path, subprocess_environment):
    process = kills.start("xor", tmp_path / "run", subprocess_environment)
    try:
        while not list(tmp_path.glob("run/checkpoints/*.npz")):
            assert process.poll() is None
        with pytest.raises(BlockingIOError, match=f"in use by process {process.pid}"):
            kills.go_on("xor", tmp_path / "run")
        with pytest.raises(FileExistsError, match="got one that holds a run"):
            kills.begin("xor", tmp_path / "run")
    finally:
        process.kill()
        process.communicate()
    kills.go_on("xor", tmp_path / "run", seconds=0)


FORKING = """
import os, sys, time
import neatgrow as ng

def fitness(network):
    return float(network.activate([0.5])[0])

def fork(run):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(120)
    os._exit(0)

ng.evolve(
    fitness, inputs=1, outputs=1, config=ng.Config(population_size=12), generations=9,
    directory=sys.argv[1], callbacks=[fork],
)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_neither_holds_the_directory_nor_lets_go_of_it(
    tmp_path, subprocess_environment
):
    def value_of(network):
        return float(network.activate([0.5])[0])

    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, env=subprocess_environment, start_new_session=True,
    )  # fmt: skip
    try:
        child = int(process.stdout.readline())
        with pytest.raises(BlockingIOError, match=f"in use by process {process.pid}"):
            ng.resume(tmp_path, problem=value_of)
        process.kill()
        process.wait()
        os.kill(child, 0)  # it lives
        assert ng.resume(tmp_path, problem=value_of, seconds=0).stopped == "seconds"
        os.kill(child, 0)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_holder_on_another_host_is_named_with_it(tmp_path, monkeypatch):
    refused = []

    def meddle(run):
        monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
        with pytest.raises(BlockingIOError) as caught:
            ng.resume(tmp_path)
        refused.append(str(caught.value))
        return True

    here = socket.gethostname()
    xor_run(tmp_path, callbacks=[meddle])
    assert f"in use by process {os.getpid()} on {here}. Wait for it" in refused[0]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_disk_without_locks_is_used_without_them(code, tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.warns(RuntimeWarning) as told:
        result = xor_run(tmp_path / "run")
    assert [str(warning.message) for warning in told] == [
        f"{tmp_path / 'run'}: expected a disk with locks, got one without ([Errno {code}] "
        f"{os.strerror(code)}). The run goes on; start no other in this directory meanwhile."
    ]
    monkeypatch.undo()
    assert_same(result, xor_run(tmp_path / "alone"))


def test_a_lock_that_fails_for_another_reason_is_not_said_to_be_held(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error") as caught:
        xor_run(tmp_path)
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_refused_or_failed_beginning_lets_go_of_the_directory(fault, tmp_path, monkeypatch):
    def broken(*arguments):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr("neatgrow.runs.directory.RunDirectory.write_tables", broken)
        with pytest.raises(fault):
            xor_run(tmp_path)
    xor_run(tmp_path, generations=2)
    with monkeypatch.context() as patch:
        patch.setattr("neatgrow.runs.directory.RunDirectory.write_tables", broken)
        with pytest.raises(fault):
            ng.resume(tmp_path)
    assert len(ng.resume(tmp_path, generations=4).history) == 4


# ------------------------------------------------------------------------- the problem


def test_a_problem_that_only_the_caller_has_must_be_passed(tmp_path):
    given = {"inputs": 2, "outputs": 1, "config": small()}
    ng.evolve(wave, generations=2, directory=tmp_path, **given)
    before = contents(tmp_path)
    with pytest.raises(ValueError) as caught:
        ng.resume(tmp_path, generations=4)
    assert str(caught.value) == (
        "problem: expected one that can be built from its description, got 'function', "
        "'wave'. It was made from a Python function or from data: in Python, pass it to "
        "neatgrow.resume(directory, problem=…)."
    )
    assert contents(tmp_path) == before
    result = ng.resume(tmp_path, problem=wave, generations=4)
    assert result.fingerprint == ng.evolve(wave, generations=4, **given).fingerprint


def test_a_problem_of_other_inputs_or_outputs_is_refused(tmp_path):
    xor_run(tmp_path, generations=2)
    before = contents(tmp_path)
    with pytest.raises(ValueError) as caught:
        ng.resume(tmp_path, problem=ng.Gymnasium("CartPole-v1"), generations=3)
    assert str(caught.value) == (
        "problem: expected 2 inputs and 1 outputs as the genomes, got 4 and 2. Pass the problem "
        "of the run."
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize("found", [None, "problem.json", "config.toml"])
def test_what_is_no_run_is_refused(found, tmp_path):
    if found:
        xor_run(tmp_path, generations=1)
        (tmp_path / found).unlink()
    with pytest.raises(FileNotFoundError, match="expected a run directory, got one without"):
        ng.resume(tmp_path)


def test_a_solved_run_is_not_evaluated_again(tmp_path):
    calls = []

    def fitness(network):
        calls.append(1)
        return 1.0

    given = {"inputs": 1, "outputs": 1, "config": small(), "solved_at": 1.0}
    before = ng.evolve(fitness, directory=tmp_path, **given)
    assert before.stopped == "solved" and len(calls) == 20 + 1
    with pytest.warns(RuntimeWarning, match=r"reached its goal of 1 already.* solved_at=…"):
        after = ng.resume(tmp_path, problem=fitness, generations=50)
    assert len(calls) == 20 + 1 + 1 and after.stopped == "solved"  # its champion, once more
    assert_same(after, before)


def test_a_solved_run_goes_on_towards_another_goal_as_if_it_had_been_the_first(tmp_path):
    given = {"seed": 3, "generations": 60, "checkpoints": EVERY_THIRD}
    expected = ng.evolve(ng.XOR(), solved_at=3.9, directory=tmp_path / "b", **given)
    first = ng.evolve(ng.XOR(), solved_at=3.2, directory=tmp_path / "a", **given)
    assert first.solved and len(first.history) < len(expected.history)
    result = ng.resume(tmp_path / "a", solved_at=3.9)
    assert result.solved == expected.solved
    assert_same(result, expected)
    assert read_description(tmp_path / "a")["run"]["solved_at"] == 3.9


def test_another_goal_outlasts_an_interrupt_in_the_first_generation_and_a_kill(tmp_path):
    def interrupted(run):
        raise KeyboardInterrupt

    first = ng.evolve(ng.XOR(), solved_at=3.2, seed=3, directory=tmp_path)
    stopped = ng.resume(tmp_path, solved_at=99.0, generations=40, callbacks=[interrupted])
    assert stopped.stopped == "interrupted" and not stopped.solved
    result = ng.resume(tmp_path)
    assert len(result.history) == 40 > len(first.history) and not result.solved


def test_a_goal_that_the_champion_has_reached_ends_the_run_at_once(tmp_path):
    before = xor_run(tmp_path)
    assert not before.solved
    goal = before.champion_fitness
    with pytest.warns(RuntimeWarning, match="has reached its goal"):
        result = ng.resume(tmp_path, solved_at=goal, generations=50)
    assert result.solved and len(result.history) == 10
    with pytest.raises(TypeError, match="solved_at: expected a number, got 'high'"):
        ng.resume(tmp_path, solved_at="high")


def test_another_goal_of_a_noisy_problem_is_decided_by_fresh_episodes(tmp_path):
    problem = ng.Gymnasium("CartPole-v1", episodes=2, max_steps=60)
    given = {"config": small(), "seed": 1, "solved_at": 5.0, "generations": 9}
    assert ng.evolve(problem, directory=tmp_path, **given).solved
    result = ng.resume(tmp_path, solved_at=1000.0, generations=3)
    assert len(result.history) == 3 and not result.solved
    assert ng.resume(tmp_path, solved_at=5.0, generations=9).solved


def test_edited_settings_are_applied_and_said(tmp_path):
    xor_run(tmp_path / "a", callbacks=[stop_at(5)])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    path = tmp_path / "a" / "config.toml"
    edited = small().override(CHANGES)
    path.write_text(edited.to_toml(), "utf-8")
    with pytest.warns(RuntimeWarning, match=r"config.toml: it was edited; from now on "
                      r"population_size = 30, mutation.add_node = 0.2\."):  # fmt: skip
        result = ng.resume(tmp_path / "a")
    assert_same(ng.resume(tmp_path / "b", changes=CHANGES), result)
    assert ng.Config.from_toml(path) == edited
    last = load_snapshot(tmp_path / "a" / "checkpoints" / "00000010.npz")
    assert last.changes == [(5, CHANGES)]
    ng.resume(tmp_path / "a")  # nor is it said again


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("recurrent = \"auto\"", "recurrent = true", "it was edited. recurrent: expected False"),
        ("population_size = 20", "population_size = \"many\"", "expected a run's settings in TOML"),
        ("population_size = 20", "population_size = ", "expected a run's settings in TOML"),
    ],
)  # fmt: skip
def test_edited_settings_that_cannot_be_are_refused_and_left(old, new, said, tmp_path):
    xor_run(tmp_path, callbacks=[stop_at(5)])
    path = tmp_path / "config.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    before = contents(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(ValueError, match=r"config\.toml") as caught:
            ng.resume(tmp_path)
    assert said in str(caught.value) and contents(tmp_path) == before


def test_another_interface_is_refused_before_the_first_checkpoint_too(tmp_path):
    xor_run(tmp_path, generations=2)
    shutil.rmtree(tmp_path / "checkpoints")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="problem: expected 2 inputs and 1 outputs as the genomes"):
        ng.resume(tmp_path, problem=ng.Gymnasium("CartPole-v1"))
    assert contents(tmp_path) == before


def test_failures_are_remembered_across_a_resume(tmp_path):
    """More of them than the checkpoint names, too."""

    def fitness(network):
        answer = wave(network)
        if answer < -0.1:
            raise ValueError(f"too low:\n{answer}")
        return answer

    given = {"inputs": 2, "outputs": 1, "config": small(population_size=100), "generations": 6}
    expected = ng.evolve(fitness, directory=tmp_path / "whole", **given)
    assert len(expected.failures) == 100 < expected.history["failures"][:3].sum()
    ng.evolve(fitness, directory=tmp_path / "part", callbacks=[stop_at(3)], **given)
    result = ng.resume(tmp_path / "part", problem=fitness)
    assert_same(result, expected)


# ------------------------------------------------------------------------- a full disk


def test_a_full_disk_costs_no_result_and_no_checkpoint(tmp_path, monkeypatch):
    full, kept = [], []
    fsync = os.fsync

    def sync(number):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    def fill(run):
        generation = len(run.history)
        if generation == 3:
            full.append(True)
            kept.append(contents(tmp_path / "run" / "checkpoints"))
        if generation == 7:
            kept.append(contents(tmp_path / "run" / "checkpoints"))
            load_snapshot(tmp_path / "run" / "checkpoints" / "00000001.npz")
            full.clear()

    monkeypatch.setattr("neatgrow.files.archive.os.fsync", sync)
    with pytest.warns(RuntimeWarning) as caught:
        result = xor_run(tmp_path / "run", callbacks=[fill])
    said = {str(warning.message) for warning in caught}
    assert (
        f"{tmp_path / 'run'}: checkpoint 4 could not be written ([Errno 28] No space left on "
        "device); checkpoint 1 stays good, and the run goes on."
    ) in said
    assert kept[0] == kept[1] and kept[0].keys() == {"00000001.npz"}
    assert checkpoints(tmp_path / "run") == ["00000001.npz", "00000008.npz", "00000010.npz"]
    assert_same(result, xor_run(tmp_path / "whole"))
    assert_same(ng.resume(tmp_path / "run"), result)


@pytest.mark.parametrize("cut", ["history.csv", "species.csv", "failures.csv"])
def test_tables_that_did_not_fit_are_whole_once_there_is_room(cut, tmp_path):
    """With files that may hardly grow, so that only a part of a line can be written."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fitness(network):
        answer = wave(network)
        if answer < -0.8:
            raise ValueError("too low")
        return answer

    def fill(run):
        sizes = {
            name: (tmp_path / "run" / name).stat().st_size
            for name in ("history.csv", "species.csv", "failures.csv")
        }
        if len(run.history) == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (sizes[cut] + 7, before[1]))
        if len(run.history) == 6:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            for name in sizes:
                assert (tmp_path / "run" / name).read_bytes()[-1:] == b"\n", name

    given = {"inputs": 2, "outputs": 1, "config": small(), "generations": 10}
    expected = ng.evolve(fitness, directory=tmp_path / "whole", **given)
    try:
        with pytest.warns(RuntimeWarning) as caught:
            result = ng.evolve(fitness, directory=tmp_path / "run", callbacks=[fill], **given)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert any("the tables could not be written" in str(w.message) for w in caught)
    assert expected.history["failures"][3:6].all()
    assert_same(result, expected)
    assert (tmp_path / "run" / "history.csv").read_text() == result.history.to_csv()


def test_a_disk_that_stays_full_to_the_end_loses_files_alone(tmp_path, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill(run):
        monkeypatch.setattr("neatgrow.files.archive.os.fsync", full)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = xor_run(tmp_path / "run", callbacks=[fill])
    assert caught and result.stopped == "generations" and len(result.history) == 10
    monkeypatch.undo()
    assert_same(ng.resume(tmp_path / "run"), xor_run(tmp_path / "whole"))


# ------------------------------------------------------------------------------- another goal


def test_a_run_that_reached_its_goal_goes_on_to_another(tmp_path):
    first = ng.evolve(ng.XOR(), solved_at=3.3, generations=60, seed=1, directory=tmp_path / "run")
    assert first.solved and len(first.history) < 60
    again = ng.resume(tmp_path / "run", solved_at=3.9, generations=300)
    assert len(again.history) > len(first.history) and again.champion_fitness >= 3.9
    whole = ng.evolve(ng.XOR(), solved_at=3.9, generations=300, seed=1)
    assert again.fingerprint == whole.fingerprint
    later = ng.resume(tmp_path / "run", solved_at=math.inf, generations=len(again.history) + 2)
    assert len(later.history) == len(again.history) + 2 and not later.solved


def test_a_goal_that_is_reached_already_ends_the_run_there(tmp_path):
    first = ng.evolve(ng.XOR(), solved_at=9, generations=5, seed=1, directory=tmp_path / "run")
    with pytest.warns(RuntimeWarning, match="reached its goal"):
        again = ng.resume(tmp_path / "run", solved_at=first.champion_fitness, generations=5)
    assert again.solved and len(again.history) == 5


def test_a_run_at_its_goal_says_so_and_stays_as_it_is(tmp_path):
    first = ng.evolve(ng.XOR(), solved_at=3.3, generations=60, seed=1, directory=tmp_path / "run")
    with pytest.warns(RuntimeWarning, match=r"reached its goal .* solved_at=") as said:
        again = ng.resume(tmp_path / "run", generations=100)
    assert len(said) == 1 and again.fingerprint == first.fingerprint


def test_a_noisy_run_goes_on_to_another_goal(tmp_path):
    problem = ng.Gymnasium("CartPole-v1", episodes=2)
    first = ng.evolve(problem, solved_at=50, generations=9, seed=1, directory=tmp_path / "run")
    assert first.solved
    again = ng.resume(tmp_path / "run", solved_at=10_000, generations=len(first.history) + 1)
    assert not again.solved and len(again.history) == len(first.history) + 1
