"""Files that say what they were made with."""

import platform
import sys

import numba
import numpy as np
import pytest

import neatgrow as ng
from neatgrow.files.archive import FileError, read_archive, write_archive
from neatgrow.files.genomes import FORMAT, VERSION, provenance_of
from neatgrow.files.provenance import VERSIONS, checked_provenance, differences, made_with, shown


@pytest.fixture
def anew():
    """Found out afresh, and forgotten afterwards."""
    made_with.cache_clear()
    yield
    made_with.cache_clear()


@pytest.fixture
def genome():
    return ng.Population(2, 1, ng.Config(population_size=3), seed=1).ask()[0]


def test_a_genome_s_file_says_what_wrote_it(genome, tmp_path, monkeypatch, anew):
    monkeypatch.setattr(sys, "argv", ["/home/me/train.py", "--seed", "two words"])
    genome.save(tmp_path / "genome.npz")
    made = provenance_of(tmp_path / "genome.npz")
    assert [made[name] for name in VERSIONS[:4]] == [
        ng.__version__, platform.python_version(), np.__version__, numba.__version__,
    ]  # fmt: skip
    assert made["gymnasium"] and made["processor"].startswith(platform.machine())
    assert made["command"] == "train.py --seed 'two words'"  # no path of this machine
    assert ng.load_genome(tmp_path / "genome.npz") == genome
    line = shown(made)
    assert line.startswith(f"neatgrow {ng.__version__}, python ") and line.endswith("two words'")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (
            ["/lib/neatgrow/__main__.py", "run", "xor"],
            "python -m neatgrow run xor",
        ),
        (["/home/me/my run.py"], "'my run.py'"),
        (["neatgrow"], "neatgrow"),
        ([""], None),
        ([], None),
        (["a.py", "\udc80"], "a.py '\\udc80'"),
        (["a.py", "x" * 5000], "a.py " + "x" * 995),
    ],
)
def test_the_command_line_is_told_without_the_folder_of_the_program(
    arguments, command, genome, tmp_path, monkeypatch, anew
):
    monkeypatch.setattr(sys, "argv", arguments)
    genome.save(tmp_path / "genome.npz")
    assert provenance_of(tmp_path / "genome.npz").get("command") == command


def test_a_file_of_before_says_nothing_and_loads(genome, tmp_path):
    path = tmp_path / "genome.npz"
    genome.save(path)
    metadata, arrays = read_archive(path, [FORMAT], VERSION)
    del metadata["provenance"]
    write_archive(path, metadata, arrays)
    assert provenance_of(path) == {} and ng.load_genome(path) == genome
    assert shown({}) == "versions not known"


@pytest.mark.parametrize(
    "nonsense",
    [None, 3, "text", ["a"], {"a": 1}, {"a": ["b"]}, {"a": "b" * 1001},
     {f"{k}": "" for k in range(21)}],
)  # fmt: skip
def test_what_is_no_provenance_is_refused_and_costs_no_genome(nonsense, genome, tmp_path):
    with pytest.raises(ValueError, match="provenance: expected texts by name, got"):
        checked_provenance(nonsense)
    path = tmp_path / "genome.npz"
    genome.save(path)
    metadata, arrays = read_archive(path, [FORMAT], VERSION)
    write_archive(path, {**metadata, "provenance": nonsense}, arrays)
    with pytest.raises(FileError, match="provenance: expected texts by name"):
        provenance_of(path)
    assert ng.load_genome(path) == genome


def test_differences_are_of_what_is_known_of_both():
    before = {"numpy": "1.26.0", "python": "3.11.1", "numba": "0.60", "command": "a"}
    now = {"numpy": "2.4.6", "python": "3.11.1", "gymnasium": "1.0", "command": "b"}
    assert differences(before, now) == ["numpy 2.4.6 instead of 1.26.0"]
