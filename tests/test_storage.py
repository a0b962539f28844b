import io
import json
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import neatgrow as ng
from neatgrow import storage
from neatgrow.storage import FileError


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
    assert str(caught.value) == f"{path}: expected format 1 or older, got 99. Update neatgrow."
    with pytest.raises(FileError, match="expected genomes, got 'other'"):
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

    monkeypatch.setattr(storage.np, "savez_compressed", full)
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
