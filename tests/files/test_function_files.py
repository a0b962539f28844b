"""Files of genomes that use registered functions: loaded with the same ones, or refused."""

import json
import math

import numpy as np
import pytest
from conftest import build

import neatgrow as ng
from neatgrow.files.archive import FileError, UnknownContentError, read_archive, write_archive
from neatgrow.files.genomes import FORMAT
from neatgrow.kernels import dynamics, functions

OPTIONS = {"genes.activation.options": ["tanh", "mine"], "genes.activation.swap_rate": 0.5}


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What is registered during a test is forgotten after it."""
    monkeypatch.setattr(functions, "_registered", {})
    monkeypatch.setattr(dynamics, "_registered", {})


@pytest.fixture
def file(tmp_path):
    """A genome with an activation of one's own, 3z."""
    ng.register_activation("mine", lambda z: 3.0 * z)
    build(1, 1, {1: ("mine", "sum", 0.0)}, [(0, 1, 1.0, True)]).save(tmp_path / "mine.npz")
    return tmp_path / "mine.npz"


def forget():
    functions._registered.clear()
    dynamics._registered.clear()


def test_the_same_function_written_otherwise_loads(file):
    forget()
    ng.register_activation("other", math.exp)  # so that its opcode is another
    ng.register_activation("mine", lambda value: value + value + value)
    assert ng.load_genome(file).compile().activate([0.5])[0] == 1.5


def test_another_function_of_the_name_is_refused(file):
    ng.register_activation("mine", lambda z: 3.0 * z if z < 30 else 91.0, replace=True)
    with pytest.raises(UnknownContentError) as caught:
        ng.load_genome(file)
    assert str(caught.value) == (
        f"{file}: activation: expected the function 'mine' that the file was written with, got "
        "another of that name (91 where the file has 90). Register that one before loading."
    )


def test_one_that_no_genome_of_the_file_uses_may_be_another(tmp_path):
    ng.register_activation("mine", math.exp)
    build(1, 1, {1: ("tanh", "sum", 0.0)}, [(0, 1, 1.0, True)]).save(tmp_path / "g.npz")
    ng.register_activation("mine", math.sin, replace=True)
    assert ng.load_genome(tmp_path / "g.npz").activation_names == ["tanh"]


@pytest.mark.parametrize("values", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_values_too(tmp_path, values):
    ng.register_activation("mine", lambda z: values)
    build(1, 1, {1: ("mine", "sum", 0.0)}, [(0, 1, 1.0, True)]).save(tmp_path / "g.npz")
    ng.load_genome(tmp_path / "g.npz")
    ng.register_activation("mine", lambda z: 0.0, replace=True)
    with pytest.raises(UnknownContentError, match="another of that name"):
        ng.load_genome(tmp_path / "g.npz")


def late(z, state, parameters):
    before = state[0]
    state[0] = z
    return before


def halved(z, state, parameters):
    before = state[0]
    state[0] = 0.5 * z
    return before


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (late, {"states": 2}),
        (late, {"activates": False}),
        (late, {"columns": ("bias",)}),
        (halved, {}),
    ],
)
def test_another_dynamics_of_the_name_is_refused(tmp_path, function, options):
    ng.register_dynamics("mine", late)
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {"dynamics": "mine"}})
    genome.save(tmp_path / "g.npz")
    assert ng.load_genome(tmp_path / "g.npz") == genome
    ng.register_dynamics("mine", function, replace=True, **options)
    with pytest.raises(UnknownContentError, match="dynamics: expected the function 'mine' that"):
        ng.load_genome(tmp_path / "g.npz")


def test_what_a_file_keeps_of_functions_may_be_missing_or_nonsense(file):
    metadata, arrays = read_archive(file, [FORMAT], 99)
    kept = metadata["functions"]
    for nonsense in (3, [], {"activation": 3}, {"activation": {"mine": 3}},
                     {"activation": {"mine": {}}}, {"activation": {"mine": {"values": "x"}}},
                     {"activation": {"mine": {"values": [[1], 2]}}},
                     {"activation": {"mine": {"values": []}}}):  # fmt: skip
        write_archive(file, json.loads(json.dumps(metadata | {"functions": nonsense})), arrays)
        with pytest.raises(FileError):
            ng.load_genome(file)
    assert list(kept["activation"]) == ["mine"]
    del metadata["functions"]  # as in files of before
    write_archive(file, metadata, arrays)
    ng.load_genome(file)


def run(directory, generations, **options):
    config = ng.Config(population_size=20).override(OPTIONS)
    options = {"config": config, "seed": 1, "progress": False} | options
    return ng.evolve(ng.XOR(), generations=generations, directory=directory, **options)


@pytest.mark.filterwarnings("ignore:.*reached its goal")
def test_a_run_is_shown_and_resumed_with_the_same_function_alone(tmp_path):
    """Also where no genome of the last generation has it: children may."""
    ng.register_activation("mine", math.sin)
    whole = run(None, 4)
    run(tmp_path / "run", 2)
    resumed = ng.resume(tmp_path / "run", generations=4, progress=False)
    assert resumed.fingerprint == whole.fingerprint
    ng.register_activation("mine", math.cos, replace=True)
    with pytest.raises(UnknownContentError, match="expected the function 'mine' that the file was"):
        ng.resume(tmp_path / "run", generations=6, progress=False)
    forget()
    with pytest.raises(UnknownContentError, match=r"'mine'.*Register it before.* --import MODULE"):
        ng.resume(tmp_path / "run", generations=6, progress=False)


MODULE = """
import neatgrow as ng
ng.register_activation("mine", lambda z: 3.0 * z)
"""


def test_a_module_that_registers_it_is_all_that_loading_needs(file, monkeypatch):
    """What an option of the command line imports."""
    forget()
    (file.parent / "my_functions.py").write_text(MODULE)
    monkeypatch.syspath_prepend(file.parent)
    with pytest.raises(UnknownContentError, match=r"got 'mine'\. Register it before loading; on"):
        ng.load_genome(file)
    __import__("my_functions")
    assert ng.load_genome(file).compile().activate([0.5])[0] == 1.5
