"""Runs that say what they were made with, segment by segment."""

import json
import re
import shutil
import warnings

import pytest

import neatgrow as ng
from neatgrow.files.archive import FileError
from neatgrow.files.genomes import provenance_of
from neatgrow.files.provenance import made_with
from neatgrow.runs.reading import read_provenance

GIVEN = {"config": ng.Config(population_size=12), "seed": 3, "solved_at": 99.0}


def quiet(run):
    """A callback."""


def made_elsewhere(directory, **versions):
    """As if the run had been made with other versions up to here."""
    path = directory / "provenance.json"
    segments = json.loads(path.read_text("utf-8"))
    segments[-1] |= versions
    path.write_text(json.dumps(segments), "utf-8")


def test_a_run_says_what_made_each_of_its_segments(tmp_path):
    run = tmp_path / "run"
    ng.evolve(ng.XOR(), directory=run, generations=3, failure_limit=0.5, callbacks=quiet, **GIVEN)
    assert read_provenance(run) == [
        {"after": "0", **made_with(),
         "call": "evolve(xor, seed=3, generations=3, solved_at=99.0, failure_limit=0.5)"},
    ]  # fmt: skip
    assert provenance_of(run / "champion.npz") == made_with()
    changes = {"mutation.add_node": 0.1}
    ng.resume(run, generations=5, changes=changes, processes=1)
    first, second = read_provenance(run)
    assert first["after"] == "0" and second == {
        "after": "3", **made_with(),
        "call": "resume(xor, changes={'mutation.add_node': 0.1}, generations=5, processes=1)",
    }  # fmt: skip


def test_a_segment_of_which_nothing_is_left_is_forgotten(tmp_path):
    run = tmp_path / "run"
    ng.evolve(ng.XOR(), directory=run, generations=3, **GIVEN)
    shutil.copytree(run, tmp_path / "before")
    for generations in (4, 6):
        ng.resume(run, generations=generations)
    assert [one["after"] for one in read_provenance(run)] == ["0", "3", "4"]
    for path in (run / "checkpoints").iterdir():
        if path.name > "00000003.npz":
            path.unlink()
    ng.resume(run, generations=5)
    assert [one["after"] for one in read_provenance(run)] == ["0", "3"]
    shutil.rmtree(run / "checkpoints")
    ng.resume(run, generations=2)
    assert [one["after"] for one in read_provenance(run)] == ["0"]


def test_going_on_with_other_versions_is_said_once(tmp_path):
    ng.evolve(ng.XOR(), directory=tmp_path, generations=2, **GIVEN)
    made_elsewhere(tmp_path, numpy="0.9", processor="abacus", command="by hand")
    said = re.escape(f"goes on with numpy {made_with()['numpy']} instead of 0.9, processor ")
    with pytest.warns(RuntimeWarning, match=said) as caught:
        ng.resume(tmp_path, generations=3)
    assert len(caught) == 1 and "instead of abacus. Its last bits" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ng.resume(tmp_path, generations=4)
    assert [one["numpy"] for one in read_provenance(tmp_path)][:2] == ["0.9", made_with()["numpy"]]


def test_a_run_of_before_provenance_was_kept_goes_on(tmp_path):
    ng.evolve(ng.XOR(), directory=tmp_path, generations=2, **GIVEN)
    (tmp_path / "provenance.json").unlink()
    assert read_provenance(tmp_path) == []
    ng.resume(tmp_path, generations=3)
    assert [one["after"] for one in read_provenance(tmp_path)] == ["2"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "3", "[3]", '[{"after": 1}]', "[{}]", '[{"after": "x"}]', '[{"after": "-1"}]',
     '[{"after": "0", "numpy": 3}]', "[" * 5000, '[{"after": "99999999999999999999"}]'],
)  # fmt: skip
def test_a_damaged_one_is_refused_by_readers_and_keeps_no_run_from_going_on(text, tmp_path):
    ng.evolve(ng.XOR(), directory=tmp_path, generations=2, **GIVEN)
    (tmp_path / "provenance.json").write_text(text, "utf-8")
    with pytest.raises(FileError, match=r"provenance\.json: expected what .* Remove the file"):
        read_provenance(tmp_path)
    with pytest.warns(RuntimeWarning, match="It is begun anew"):
        ng.resume(tmp_path, generations=3)
    assert [one["after"] for one in read_provenance(tmp_path)] == ["2"]
