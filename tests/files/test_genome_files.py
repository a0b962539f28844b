"""Files: what is saved comes back, and no file can do harm."""

import io
import json
import pickle
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ACTIVATIONS, AGGREGATIONS, DEGENERATE, any_genome, build
from hypothesis import given, settings
from hypothesis import strategies as st

import neatgrow as ng
from neatgrow.files import archive as files
from neatgrow.files.genomes import FileError
from neatgrow.kernels.layout import Packed


def saved(tmp_path, genomes):
    path = tmp_path / "genomes.npz"
    genomes.save(path)
    return path


def rewritten(path, **changes):
    """The file with some arrays replaced (or left out, for None)."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, value in changes.items():
        if value is None:
            del arrays[name]
        else:
            arrays[name] = value(arrays[name]) if callable(value) else value
    np.savez(path, **arrays)
    return path


def metadata_with(path, **changes):
    def change(array):
        data = json.loads(array.tobytes())
        return np.frombuffer(json.dumps({**data, **changes}).encode(), np.uint8)

    return rewritten(path, metadata=change)


def test_grown_genomes_come_back_equal(tmp_path, wild_batches):
    for genomes in wild_batches:
        loaded = ng.load_genomes(saved(tmp_path, genomes))
        assert all(np.array_equal(a, b) for a, b in zip(genomes.packed, loaded.packed, strict=True))


def test_names_and_statistics_come_back(tmp_path):
    genome = ng.Population(2, 1, seed=1, input_names=("größe", "δ"), output_names=("→",)).ask()[3]
    genome = genome.with_interface(input_mean=np.array([1.0, 2.0]), input_scale=np.ones(2))
    genome.save(tmp_path / "g.npz")
    loaded = ng.load_genome(tmp_path / "g.npz")
    assert loaded == genome
    assert loaded.interface.input_names == ("größe", "δ")
    assert np.array_equal(loaded.interface.input_mean, [1.0, 2.0])


def test_the_wrong_number_of_genomes_is_said(tmp_path):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:2])
    with pytest.raises(FileError) as caught:
        ng.load_genome(path)
    assert str(caught.value) == f"{path}: expected one genome, got 2. Use load_genomes()."


def test_foreign_files_are_refused_in_words(tmp_path):
    path = tmp_path / "f.npz"
    with pytest.raises(FileNotFoundError):
        ng.load_genome(path)
    path.write_text("hello")
    with pytest.raises(FileError, match=r"f\.npz: expected a file written by neatgrow, got one"):
        ng.load_genome(path)
    np.savez(path, x=np.arange(3))
    with pytest.raises(FileError, match="got an archive of another program"):
        ng.load_genome(path)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of the file was run')",)


def test_pickles_in_an_archive_do_not_run(tmp_path):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:1])
    data = io.BytesIO()
    np.lib.format.write_array(data, np.array([0], object), allow_pickle=True)
    header = data.getvalue()[: data.getvalue().index(b"\n") + 1]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.npy", header + pickle.dumps(Bomb()))
    with pytest.raises(FileError):
        ng.load_genome(path)


def test_a_newer_format_and_another_kind_are_said(tmp_path):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:1])
    with pytest.raises(FileError) as caught:
        ng.load_genome(metadata_with(path, version=99))
    assert str(caught.value) == f"{path}: expected format 2 or older, got 99. Update neatgrow."
    with pytest.raises(FileError, match="expected neatgrow genomes, got 'other'"):
        ng.load_genome(metadata_with(path, version=1, format="other"))


LIES = {
    "node_ptr": [lambda a: a[:-1], lambda a: a + 1, lambda a: a.astype(float), lambda a: -a],
    "connection_ptr": [lambda a: a[::-1].copy(), lambda a: a * 2],
    "node_id": [lambda a: a + 1, lambda a: a[::-1].copy(), lambda a: a[:-1]],
    "node_values": [lambda a: a * np.nan, lambda a: a[:, :0], lambda a: a[0]],
    "node_choices": [lambda a: a + np.uint8(200), lambda a: a[:-1]],
    "innovation": [lambda a: a + 1, lambda a: a[::-1].copy()],
    "source": [lambda a: a + 5, lambda a: -a - 1, lambda a: a[1:]],
    "target": [lambda a: a * 0, lambda a: a + 1],
    "connection_values": [lambda a: a + np.inf, lambda a: a[1:]],
    "enabled": [lambda a: a.astype(int), lambda a: a[1:]],
    "connection_birth": [lambda a: a[1:], None],
    "metadata": [None, lambda a: a[:-4]],
}


@pytest.mark.parametrize(
    ("name", "lie"), [(name, lie) for name, lies in LIES.items() for lie in lies]
)
def test_every_lie_is_answered_with_the_librarys_own_error(tmp_path, name, lie):
    config = ng.Config().override({"mutation.add_node": 1.0})
    population = ng.Population(2, 1, config, seed=1)
    for _ in range(4):
        population.ask()
        population.tell(np.random.default_rng(0).random(150))
    path = saved(tmp_path, population.ask()[:5])
    with pytest.raises(FileError):
        ng.load_genomes(rewritten(path, **{name: lie}))


def test_truncated_files_are_refused(tmp_path):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:3])
    whole = path.read_bytes()
    for cut in range(0, len(whole), 97):
        path.write_bytes(whole[:cut])
        with pytest.raises(FileError):
            ng.load_genomes(path)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    genomes = ng.Population(2, 1, seed=1).ask()
    path = saved(tmp_path, genomes[:1])
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(files.np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space"):
        genomes[:2].save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_an_unregistered_activation_is_named(tmp_path, subprocess_environment):
    code = (
        "import neatgrow as ng\n"
        "ng.register_activation('mine', lambda z: z * 3)\n"
        "genes = ng.Config().override({'genes.activation': {'start': 'mine', "
        "'options': ['mine']}})\n"
        "genome = ng.Population(1, 1, genes, seed=1).ask()[0]\n"
        "genome.save('mine.npz')\n"
        "assert abs(genome.compile().activate([0.5])[0] - 3 * (genome.bias[0] "
        "+ genome.weight[0] / 2)) < 1e-5\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=tmp_path, env=subprocess_environment
    )
    with pytest.raises(FileError, match=r"expected a known option, got 'mine'\. Register it bef"):
        ng.load_genome(tmp_path / "mine.npz")


# --------------------------------------------------------------------------- round trips


@settings(max_examples=60)
@given(genome=any_genome())
def test_any_genome_at_all_comes_back_equal(genome, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "g.npz"
    genome.save(path)
    loaded = ng.load_genome(path)
    assert loaded == genome
    for a, b in zip(genome.packed, loaded.packed, strict=True):
        assert a.dtype == b.dtype and b.flags.c_contiguous
    x = np.linspace(-1, 1, genome.n_inputs)
    with np.errstate(all="ignore"):
        expected = genome.compile(np.float64).activate(x)
        assert np.array_equal(loaded.compile(np.float64).activate(x), expected, equal_nan=True)


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_genomes_come_back_equal(case, tmp_path):
    DEGENERATE[case].save(tmp_path / "g.npz")
    assert ng.load_genome(tmp_path / "g.npz") == DEGENERATE[case]


def test_every_activation_and_aggregation_comes_back_by_name(tmp_path):
    nodes = {
        2 + k: (ACTIVATIONS[k], AGGREGATIONS[k % len(AGGREGATIONS)], k / 7)
        for k in range(len(ACTIVATIONS))
    }
    genome = build(2, len(ACTIVATIONS), nodes, [(0, 2 + k, 0.5, True) for k in range(16)])
    genome.save(tmp_path / "g.npz")
    loaded = ng.load_genome(tmp_path / "g.npz")
    assert loaded.activation_names == list(ACTIVATIONS)
    assert loaded.aggregation_names == genome.aggregation_names


def test_opcodes_are_read_by_their_names_in_the_file(tmp_path):
    """So files outlive a new order of the options."""
    build(1, 2, {1: ("sin", "max", 0.0), 2: ("relu", "sum", 0.0)}, []).save(tmp_path / "g.npz")
    path = rewritten(tmp_path / "g.npz", node_choices=np.array([[7, 3], [9, 1]], np.uint8))
    options = {"activation": {"relu": 9, "sin": 7}, "aggregation": {"sum": 1, "max": 3}}
    loaded = ng.load_genome(metadata_with(path, options=options))
    assert loaded.activation_names == ["sin", "relu"]
    assert loaded.aggregation_names == ["max", "sum"]


def test_columns_that_a_file_lacks_are_plain(tmp_path):
    build(1, 1, {1: ("sin", "max", 0.75)}, [(0, 1, 0.5, True)]).save(tmp_path / "g.npz")
    path = rewritten(tmp_path / "g.npz", node_values=np.empty((1, 0)),
                     connection_values=np.empty((1, 0)))  # fmt: skip
    columns = {"node_values": [], "connection_values": [],
               "node_choices": ["activation", "aggregation"]}  # fmt: skip
    loaded = ng.load_genome(metadata_with(path, columns=columns))
    assert loaded.bias.tolist() == [0.0] and loaded.weight.tolist() == [1.0]
    assert loaded.activation_names == ["sin"]


def test_no_genomes_at_all_are_a_file_too(tmp_path):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:0])
    assert len(ng.load_genomes(path)) == 0
    with pytest.raises(FileError, match=r"expected one genome, got 0\. Use load_genomes"):
        ng.load_genome(path)


def test_paths_are_taken_as_text_and_keep_their_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    genome = ng.Population(2, 1, seed=1).ask()[0]
    for name in ("genome.npz", "größe", "with space.dat"):
        genome.save(name)
        assert (tmp_path / name).is_file() and ng.load_genome(name) == genome
    assert len(list(tmp_path.iterdir())) == 3


# --------------------------------------------------------------------------- files that lie


@pytest.fixture
def file(tmp_path):
    config = ng.Config(population_size=30).override({"mutation.add_node": 1.0})
    population = ng.Population(2, 1, config, seed=1)
    for _ in range(4):
        population.ask()
        population.tell(np.random.default_rng(0).random(30))
    genomes = population.ask()[:5].with_interface(input_mean=np.zeros(2), input_scale=np.ones(2))
    return saved(tmp_path, genomes)


COLUMN_NAMES = (*Packed._fields, "input_mean", "input_scale")
SHAPES = {
    "gone": None,
    "big-endian": lambda a: a.astype(">i4" if a.dtype.itemsize == 1 else a.dtype.newbyteorder(">")),
    "one scalar": lambda a: np.array(3),
    "one axis more": lambda a: a[None],
    "text": lambda a: a.astype(str),
    "records": lambda a: np.zeros(len(a), [("a", "i8")]),
    "complex": lambda a: a.astype(complex),
    "twice as long": lambda a: np.concatenate([a, a]),
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", COLUMN_NAMES)
def test_columns_of_a_wrong_kind_or_shape_are_refused(file, name, shape):
    with pytest.raises(
        FileError, match=r"genomes\.npz: expected (sound genomes, got a damaged|a )"
    ):
        ng.load_genomes(rewritten(file, **{name: SHAPES[shape]}))


METADATA_LIES = [
    ("inputs", [0, -1, 3, 10**9, 2**62, 10**30, "2", None, [2], True, 2.0]),
    ("outputs", [0, -1, 2, 10**15, 2**62, 10**30, "1", None, [1], True, 1.0]),
    ("input_names", [3, ["a"], ["a", "b", "c"], True]),
    ("output_names", [3, [], ["a", "b"]]),
    ("columns", [None, 3, [], {}, {"node_values": 3}, {"node_values": ["bias"] * 9},
                 {"node_values": ["weight"]}, {"node_values": [["bias"]]}]),
    ("options", [None, 3, {}, {"activation": [1], "aggregation": {}},
                 {"activation": {"tanh": [3]}, "aggregation": {"sum": 0}},
                 {"activation": {"nonsense": 3}, "aggregation": {"sum": 0}}]),
    ("version", [None, "1", [1], 1.5, 3, 10**30]),
    ("update", [None, 3, "late", ["ordered"]]),
    ("format", [None, 3, ["neatgrow genomes"], "neatgrow run"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in METADATA_LIES for value in values]
)
def test_metadata_that_lies_is_refused(file, name, value):
    with pytest.raises(FileError):
        ng.load_genomes(metadata_with(file, **{name: value}))


def test_outputs_that_no_genome_has_take_no_memory(tmp_path):
    genomes = ng.Population(1, 1, ng.Config(population_size=3000), seed=1).ask()
    path = metadata_with(saved(tmp_path, genomes), outputs=3000)  # as many as nodes in all
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="expected each genome to start with outputs 1 to 3000"):
            ng.load_genomes(path)
        assert tracemalloc.get_traced_memory()[1] < 3000 * 3000  # a byte for each
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("inputs", [2**24 + 1, 2**40])
def test_more_inputs_than_networks_could_be_given_are_refused(tmp_path, inputs):
    build(2, 1, {}, [(1, 2, 0.5, True)]).save(tmp_path / "g.npz")
    metadata_with(tmp_path / "g.npz", inputs=inputs)
    with pytest.raises(FileError, match=r"inputs: expected a whole number from 1 to 16777216, got"):
        ng.load_genomes(tmp_path / "g.npz")


@pytest.mark.parametrize("name", ["inputs", "outputs"])
def test_no_genomes_at_all_have_no_more_inputs_and_outputs_than_others(tmp_path, name):
    path = saved(tmp_path, ng.Population(2, 1, seed=1).ask()[:0])
    with pytest.raises(FileError, match=f"{name}: expected a whole number from 1 to 16777216, got"):
        ng.load_genomes(metadata_with(path, **{name: 2**40}))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"3", b"null", b"{}", b"\xff\xfe", b"[" * 200_000, b'{"format": "x"']
)
def test_metadata_that_is_no_table_is_another_programs(file, text):
    with pytest.raises(FileError) as caught:
        ng.load_genomes(rewritten(file, metadata=np.frombuffer(text, np.uint8)))
    assert str(caught.value) == (
        f"{file}: expected a file written by neatgrow, got an archive of another program."
    )


@pytest.mark.parametrize("name", [*COLUMN_NAMES, "metadata"])
def test_members_that_are_no_arrays_are_refused(file, name):
    with np.load(file) as archive:
        arrays = {key: archive[key] for key in archive.files}
    with zipfile.ZipFile(file, "w") as archive:
        for key, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array)
            archive.writestr(key if key == name else f"{key}.npy",
                             b"plain text" if key == name else data.getvalue())  # fmt: skip
    with pytest.raises(FileError):
        ng.load_genomes(file)


OFFSETS_THAT_WRAP = """
import sys
import numpy as np
import neatgrow as ng
arrays = dict(np.load(sys.argv[1]))
for name in ("node_ptr", "connection_ptr"):
    last = int(arrays[name][-1])
    wrapped = np.array([0, 2**62, -(2**63), -(2**62), last - 1, last])  # each step looks like ≥ 0
    assert (np.diff(wrapped) >= 0).all() and wrapped.size == arrays[name].size
    np.savez(sys.argv[2], **{**arrays, name: wrapped})
    try:
        ng.load_genomes(sys.argv[2])
    except ng.FileError as error:
        print(error)
"""


def test_offsets_that_wrap_around_do_not_reach_memory(file, tmp_path, subprocess_environment):
    answer = subprocess.run(
        [sys.executable, "-c", OFFSETS_THAT_WRAP, file, tmp_path / "wrapped.npz"],
        capture_output=True, text=True, env=subprocess_environment,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert len(lines) == 2 and all("_ptr: expected offsets rising from 0 to " in t for t in lines)


@settings(max_examples=150)
@given(data=st.data())
def test_flipped_bytes_are_refused_or_harmless(data):
    """A checksum that is right all the same: the arrays themselves are damaged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "g.npz"
        ng.Population(2, 1, seed=1).ask()[:3].save(path)
        with np.load(path) as archive:
            arrays = {key: archive[key].copy() for key in archive.files}
        name = data.draw(st.sampled_from(sorted(key for key in arrays if arrays[key].size)))
        raw = arrays[name].view(np.uint8).reshape(-1)
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, raw.size - 1))] = data.draw(st.integers(0, 255))
        np.savez(path, **arrays)
        try:
            genomes = ng.load_genomes(path)
        except FileError:
            return
        genomes.check()
        assert genomes.compile().predict(np.zeros((2, genomes.n_inputs))).shape[1] == 2


def test_damaged_bytes_of_the_archive_are_refused(file):
    whole = bytearray(file.read_bytes())
    draw = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        where = int(draw.integers(len(whole)))
        damaged[where] ^= int(draw.integers(1, 256))
        file.write_bytes(damaged)
        try:
            ng.load_genomes(file)  # bytes that nobody reads, such as dates, may be anything
        except FileError as error:
            assert str(error).startswith(f"{file}: expected ")


def test_an_archive_that_would_unpack_to_too_much_is_refused_before_it_is(file, monkeypatch):
    monkeypatch.setattr(files, "_FREE", 0)
    monkeypatch.setattr(files, "_RATIO", 0.1)
    with pytest.raises(FileError, match=r"got one of \d+ bytes that claims to unpack to \d+ in 1"):
        ng.load_genomes(file)


def test_what_is_no_file_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ng.load_genomes(tmp_path / "nowhere.npz")
    with pytest.raises(FileError, match="expected a file, got a directory, a pipe or a device"):
        ng.load_genomes(tmp_path)
    (tmp_path / "empty.npz").touch()
    with pytest.raises(FileError, match=r"empty\.npz: expected a file written by neatgrow"):
        ng.load_genomes(tmp_path / "empty.npz")
    with pytest.raises(FileNotFoundError):
        ng.Population(2, 1, seed=1).ask()[0].save(tmp_path / "no folder" / "g.npz")


def test_pickled_objects_in_a_column_do_not_run(file):
    whole = file.read_bytes()
    for name in ("metadata", "node_id"):
        file.write_bytes(whole)
        path = rewritten(file, **{name: np.array([Bomb()], dtype=object)})
        with pytest.raises(FileError, match="expected an array of a plain type"):
            ng.load_genomes(path)


def test_a_file_written_with_ones_own_activation_loads_once_it_is_registered(
    tmp_path, subprocess_environment
):
    """And under another opcode, if others were registered before it."""

    def run(code):
        return subprocess.run(
            [sys.executable, "-c", f"import neatgrow as ng\n{code}"], cwd=tmp_path, text=True,
            env=subprocess_environment, capture_output=True, check=True,
        ).stdout  # fmt: skip

    mine = "ng.register_activation('mine', lambda z: z * 3)\n"
    other = "ng.register_activation('other', lambda z: z * 5)\n"
    settings = "ng.Config().override({'genes.activation': {'start': 'mine', 'options': ['mine']}})"
    answer = "print(genome.compile().activate([0.5])[0])\n"
    first = run(
        f"{mine}genome = ng.Population(1, 1, {settings}, seed=1).ask()[0]\n"
        f"genome.save('mine.npz')\n{answer}"
    )
    again = run(f"{other}{mine}genome = ng.load_genome('mine.npz')\n{answer}")
    assert first == again
    with pytest.raises(FileError) as caught:
        ng.load_genome(tmp_path / "mine.npz")
    assert str(caught.value) == (
        f"{tmp_path / 'mine.npz'}: activation: "
        "expected a known option, got 'mine'. Register it before loading; on the command line, "
        "--import MODULE does."
    )
