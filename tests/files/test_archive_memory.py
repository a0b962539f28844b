"""What a file may take of memory: 32 MB and 50 times its size, whatever it claims."""

import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.files.archive import FileError, read_archive
from neatgrow.runs.checkpoints import load_population, load_snapshot

FREE, RATIO = 32 << 20, 50
LARGE = 100 << 20  # bytes that would be seen


def npy(values, shape=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, values, version=(1, 0))
    if shape is None:
        return out.getvalue()
    return out.getvalue().replace(str(values.shape).encode(), shape.encode(), 1)


def zeros(archive, name, size, dtype="|u1"):
    """A member of many zeros, which shrink to a thousandth."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': "
    header += f"({size // np.dtype(dtype).itemsize},), }}"
    header = header.ljust(117) + "\n"
    with archive.open(f"{name}.npy", "w") as member:
        member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Members of a genome's, a population's and a run's file, and how each is read."""
    folder = tmp_path_factory.mktemp("sound")
    ng.evolve(ng.XOR(), generations=2, seed=1, directory=folder / "run", solved_at=9)
    population = ng.Population(2, 1, seed=1)
    population.ask().save(folder / "genomes.npz")
    population.tell(np.zeros(150))
    population.save(folder / "population.npz")
    (run,) = (folder / "run" / "checkpoints").glob("*2.npz")
    files = {
        "genomes": (folder / "genomes.npz", ng.load_genomes),
        "population": (folder / "population.npz", load_population),
        "run": (run, load_snapshot),
    }
    result = {}
    for name, (path, load) in files.items():
        load(path)  # compiles what that takes
        with zipfile.ZipFile(path) as archive:
            result[name] = ({m: archive.read(m) for m in archive.namelist()}, load)
    return result


def written(path, members, more=lambda archive: None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        more(archive)
    return path


def taken(path, load):
    """Whether a file loads; fails where that takes more memory than is promised."""
    tracemalloc.start()
    try:
        load(path)
        loads = True
    except FileError:
        loads = False
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak <= FREE + RATIO * path.stat().st_size
    return loads


@pytest.mark.parametrize("kind", ["genomes", "population", "run"])
@pytest.mark.parametrize("name", ["more", "genomes.more", "history.more", "lineage.genomes.more"])
def test_parts_that_nobody_knows_are_never_unpacked(kind, name, sound, tmp_path):
    members, load = sound[kind]
    path = written(tmp_path / "a.npz", members, lambda archive: zeros(archive, name, LARGE))
    assert taken(path, load)


@pytest.mark.parametrize(
    ("kind", "name", "dtype"),
    [
        ("genomes", "node_id", "<i8"),
        ("population", "genomes.innovation", "<i8"),
        ("population", "selection.more", "|u1"),
        ("run", "problem.more", "|u1"),
        ("run", "history.best", "<f8"),
        ("run", "metadata", "|u1"),
    ],
)
def test_parts_that_unpack_to_too_much_are_refused_before_they_are(
    kind, name, dtype, sound, tmp_path
):
    members, load = sound[kind]
    others = {key: data for key, data in members.items() if key != f"{name}.npy"}
    path = written(tmp_path / "a.npz", others, lambda archive: zeros(archive, name, LARGE, dtype))
    assert not taken(path, load)


@pytest.mark.parametrize("shape", ["(99999999999,)", "(40000000,)", "(4294967296, 4294967296)"])
def test_shapes_of_what_is_not_there_take_no_memory(shape, sound, tmp_path):
    members, load = sound["genomes"]
    lie = {**members, "node_id.npy": npy(np.zeros(3, np.int64), shape)}
    assert not taken(written(tmp_path / "a.npz", lie), load)


@pytest.mark.parametrize("claim", [100, 1 << 20, 7 << 20, 0xFFFFFFF0])
def test_sizes_in_the_directory_are_not_believed(claim, sound, tmp_path):
    """A member that says to be smaller or larger than it is, its header with it."""
    members, load = sound["genomes"]
    others = {key: data for key, data in members.items() if key != "node_id.npy"}
    path = written(tmp_path / "a.npz", others, lambda a: zeros(a, "node_id", 64 << 20, "<i8"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, claim)
    path.write_bytes(data)
    assert not taken(path, load)
    lie = {**others, "node_id.npy": npy(np.zeros(3, np.int64), f"({claim // 8 - 16},)")}
    path = written(path, lie)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, claim)
    path.write_bytes(data)
    assert not taken(path, load)


def test_members_that_share_their_bytes_count_each(sound, tmp_path):
    """A hundred names in the directory for one member of 7 MB."""
    members, load = sound["population"]
    path = written(tmp_path / "a.npz", members, lambda a: zeros(a, "selection.z00", 7 << 20))
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    entry = data[data.rindex(b"PK\x01\x02") : end]
    entries = b"".join(entry.replace(b"z00", b"z%02d" % k) for k in range(1, 100))
    tail = bytearray(data[end:])
    count, size = struct.unpack_from("<HI", tail, 10)
    struct.pack_into("<HHI", tail, 8, count + 99, count + 99, size + len(entries))
    path.write_bytes(data[:end] + entries + tail)
    assert not taken(path, load)


@pytest.mark.parametrize("length", [1, 60_000])
def test_directories_of_very_many_members_are_refused(length, sound, tmp_path):
    members, load = sound["genomes"]
    count = 20_000 if length == 1 else 100

    def more(archive):
        for k in range(count):
            archive.writestr(zipfile.ZipInfo(f"{k:0{length}}"), b"")

    assert taken(written(tmp_path / "a.npz", members, more), load) == (length > 1)


JUNK = {
    "lists": "[" + "[]," * 500_000 + "0]",
    "nested lists": "[" + ("[" * 90 + "]" * 90 + ",") * 5_000 + "0]",
    "tables": "[" + '[{"":0}],' * 150_000 + "0]",
    "names": "{" + "".join(f'"{k:x}":0,' for k in range(150_000)) + '"":0}',
    "wide letters": '["' + "a" * 1_500_000 + '😀"]',
    "numbers": "[" + "0.1," * 500_000 + "0]",
    "half letters": '["\\ud800",' + "[]," * 100_000 + "0]",
}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("junk", JUNK)
def test_metadata_take_no_more_than_is_promised(junk, compression, sound, tmp_path):
    members, load = sound["genomes"]
    text = bytes(np.frombuffer(members["metadata.npy"], np.uint8)[128:])
    longer = text.rstrip()[:-1] + b', "more": ' + JUNK[junk].encode() + b"}"
    assert json.loads(longer)["format"] == "neatgrow genomes" or junk == "half letters"
    lie = {**members, "metadata.npy": npy(np.frombuffer(longer, np.uint8))}
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in lie.items():
            archive.writestr(name, data)
    taken(path, load)


@pytest.mark.parametrize("count", [40_000, 400_000])
def test_sound_files_that_shrink_a_lot_take_no_more_than_is_promised(count, tmp_path):
    """Genomes that are all alike; the larger file shrinks so much that it is stored as it is."""
    one = ng.Population(1, 1, seed=1).ask()[:1]
    genomes = one[np.zeros(count, np.int64)]
    genomes.save(tmp_path / "a.npz")
    assert taken(tmp_path / "a.npz", ng.load_genomes)
    metadata, arrays = read_archive(tmp_path / "a.npz", ["neatgrow genomes"], 2)
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
        for name, array in {"metadata": text, **arrays}.items():
            archive.writestr(f"{name}.npy", npy(array))
    assert taken(tmp_path / "b.npz", ng.load_genomes) == (count == 40_000)
