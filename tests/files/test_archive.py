"""Files are written whole or not at all."""

import gc
import io
import os
import re
import stat
import zipfile

import numpy as np
import pytest

from neatgrow.files.archive import FileError, read_archive, write_archive, write_text


@pytest.fixture
def full_disk(monkeypatch):
    """Every flush to disk fails as on a full one."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr(os, "fsync", full)


def test_text_is_replaced_whole_or_stays(tmp_path, full_disk):
    path = tmp_path / "text"
    write_text(path, "größe\n")
    assert path.read_text("utf-8") == "größe\n"
    full_disk()
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    assert path.read_text("utf-8") == "größe\n" and list(tmp_path.iterdir()) == [path]


def test_the_file_is_on_disk_before_its_name_and_the_name_before_the_return(tmp_path, monkeypatch):
    events, fsync, replace = [], os.fsync, type(tmp_path).replace

    def synced(descriptor):
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        events.append("directory" if is_directory else "file")
        fsync(descriptor)

    def renamed(self, target):
        events.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(type(tmp_path), "replace", renamed)
    write_text(tmp_path / "text", "x")
    assert events == ["file", "rename", "directory"]


def test_all_of_a_file_is_handed_to_the_system_before_it_is_flushed_to_disk(tmp_path, monkeypatch):
    sizes, fsync = [], os.fsync

    def synced(descriptor):
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            sizes.append(status.st_size)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    write_text(tmp_path / "text", "x" * 100)
    write_archive(tmp_path / "a.npz", {"format": "mine", "version": 1}, {"x": np.zeros(3)})
    assert sizes == [100, (tmp_path / "a.npz").stat().st_size]


def test_arrays_come_back_writable_contiguous_and_exact(tmp_path):
    path = tmp_path / "a.npz"
    arrays = {
        "floats": np.array([0.1, -0.0, np.nan, np.inf]),
        "columns": np.arange(12).reshape(3, 4)[:, ::-1],
        "flags": np.array([True, False]),
        "small": np.array([[1], [2]], np.int32),
        "nothing": np.empty((0, 3), np.uint8),
        "scalar": np.array(3),
    }
    write_archive(path, {"format": "mine", "version": 2, "ü": [1, None]}, arrays)
    metadata, loaded = read_archive(path, ["other", "mine"], 2)
    assert metadata == {"format": "mine", "version": 2, "ü": [1, None]}
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)
        assert loaded[name].shape == array.shape
        assert loaded[name].dtype == array.dtype and loaded[name].flags.writeable
        assert loaded[name].flags.c_contiguous and loaded[name].flags.aligned
    with np.load(path) as archive:  # it is an ordinary archive
        np.testing.assert_array_equal(archive["columns"], arrays["columns"])
    with pytest.raises(FileError, match="expected other, got 'mine'"):
        read_archive(path, ["other"], 2)
    with pytest.raises(FileError, match=r"expected format 1 or older, got 2\. Update neatgrow"):
        read_archive(path, ["mine"], 1)


def test_archives_written_by_numpy_in_other_orders_are_read(tmp_path):
    path = tmp_path / "a.npz"
    metadata = np.frombuffer(b'{"format": "mine", "version": 1}', np.uint8)
    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez(path, metadata=metadata, columns=columns)
    loaded = read_archive(path, ["mine"], 1)[1]["columns"]
    np.testing.assert_array_equal(loaded, columns)
    assert loaded.flags.c_contiguous


@pytest.mark.parametrize("claim", [b"99999999999", b"9" * 60])
def test_a_size_that_is_not_there_is_never_allocated(tmp_path, claim):
    path = tmp_path / "a.npz"
    write_archive(path, {"format": "mine", "version": 1}, {"x": np.zeros(3)})
    data = np.lib.format

    stream = io.BytesIO()
    data.write_array(stream, np.zeros(3), version=(1, 0))
    raw = stream.getvalue().replace(b"(3,), }" + b" " * (len(claim) - 1), b"(" + claim + b",), }")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y.npy", raw)
    with pytest.raises(FileError, match=r"expected 9+ values of <f8, got 24 bytes"):
        read_archive(path, ["mine"], 1)


def test_an_archive_that_claims_to_unpack_to_terabytes_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, {"format": "mine", "version": 1}, {"x": np.zeros(3)})
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"PK\x01\x02")  # the last member's entry in the directory
    raw[entry + 24 : entry + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(FileError, match=r"claims to unpack to 42949\d+ in 2 parts"):
        read_archive(path, ["mine"], 1)


def test_truth_values_are_0_or_1(tmp_path):
    path = tmp_path / "a.npz"
    flags = np.array([1, 2], np.uint8).view(np.bool_)
    write_archive(path, {"format": "mine", "version": 1}, {"flags": flags})
    with pytest.raises(FileError, match="expected truth values of 0 and 1"):
        read_archive(path, ["mine"], 1)


PLAIN = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")


def test_every_type_of_number_comes_back(tmp_path):
    arrays = {f"a{name}": np.array([0, 1, 1], name) for name in PLAIN}
    arrays |= {f"b{name}": np.array([0, 1, 200], name) for name in (">f8", ">i4", ">u2")}
    write_archive(tmp_path / "a.npz", {"format": "x", "version": 1}, arrays)
    _, read = read_archive(tmp_path / "a.npz", ["x"], 1)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype.newbyteorder("<")
        assert np.array_equal(read[name], array)


@pytest.mark.parametrize("value", [["text"], [None], [b"x"], np.zeros((1,) * 9)])
def test_what_no_file_can_hold_is_refused_by_name_when_it_is_written(value, tmp_path):
    with pytest.raises(TypeError, match="memory: expected an array of numbers or truth"):
        write_archive(tmp_path / "a.npz", {}, {"memory": np.array(value)})
    assert not any(tmp_path.iterdir())


def test_as_many_arrays_are_written_as_are_read(tmp_path):
    some = {f"a{k}": np.array([k]) for k in range(256)}
    with pytest.raises(ValueError, match="expected 255 arrays at most, got 256"):
        write_archive(tmp_path / "a.npz", {}, some)
    some.popitem()
    write_archive(tmp_path / "a.npz", {"format": "x", "version": 1}, some)
    assert len(read_archive(tmp_path / "a.npz", ["x"], 1)[1]) == 255


def test_what_shrinks_like_a_trap_is_stored_as_it_is(tmp_path, monkeypatch):
    about = {"format": "x", "version": 1, "text": "a" * 3_000_000}
    write_archive(tmp_path / "text.npz", about, {})
    assert read_archive(tmp_path / "text.npz", ["x"], 1)[0] == about
    monkeypatch.setattr("neatgrow.files.archive._FREE", 1000)
    zeros = np.zeros(1_000_000, np.uint8)
    write_archive(tmp_path / "zeros.npz", {"format": "x", "version": 1}, {"zeros": zeros})
    assert np.array_equal(read_archive(tmp_path / "zeros.npz", ["x"], 1)[1]["zeros"], zeros)


def test_arrays_beyond_two_gigabytes_are_announced(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)  # of which zip files must know beforehand
    monkeypatch.setattr("neatgrow.files.archive._LARGE", 5_000)
    large = np.arange(5_000)
    write_archive(tmp_path / "a.npz", {"format": "x", "version": 1}, {"large": large})
    assert np.array_equal(read_archive(tmp_path / "a.npz", ["x"], 1)[1]["large"], large)


# ------------------------------------------------------------------------- foreign archives


def member(array, version=(1, 0)):
    """Bytes of an ``.npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def archive_with(path, data, compression=zipfile.ZIP_DEFLATED):
    """An archive of ours with one more member ``y``."""
    write_archive(path, {"format": "mine", "version": 1}, {"x": np.zeros(3)})
    with zipfile.ZipFile(path, "a", compression) as archive:
        archive.writestr("y.npy", data)
    return path


def test_an_archive_of_very_many_parts_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    metadata = np.frombuffer(b'{"format": "mine", "version": 1}', np.uint8)
    np.savez(path, metadata=metadata, **{f"x{k}": np.zeros(1) for k in range(299)})
    with pytest.raises(FileError, match=r"claims to unpack to \d+ in 300 parts"):
        read_archive(path, ["mine"], 1)


@pytest.mark.parametrize("compression", ["ZIP_BZIP2", "ZIP_LZMA"])
def test_compression_of_other_programs_is_refused(tmp_path, compression):
    data = member(np.zeros(3))
    path = archive_with(tmp_path / "a.npz", data, getattr(zipfile, compression))
    with pytest.raises(FileError, match=r"'y\.npy': unknown compression"):
        read_archive(path, ["mine"], 1)
    assert read_archive(archive_with(path, data), ["mine"], 1)[1]["y"].size == 3


@pytest.mark.parametrize("descr", ["<m8", "<x8", "|f8", "<f1"])
def test_numbers_of_a_type_that_we_do_not_write_are_refused(tmp_path, descr):
    data = member(np.zeros(3)).replace(b"<f8", descr.encode())
    path = archive_with(tmp_path / "a.npz", data)
    with pytest.raises(FileError, match=rf"expected one of .*<f8.*, got {re.escape(descr)}\)"):
        read_archive(path, ["mine"], 1)


@pytest.mark.parametrize("dtype", ["|S3", ">f8", [("a", "<f8")]])
def test_what_is_no_column_of_plain_numbers_is_refused(tmp_path, dtype):
    path = archive_with(tmp_path / "a.npz", member(np.zeros(3, dtype)))
    with pytest.raises(FileError, match="expected an array of a plain type"):
        read_archive(path, ["mine"], 1)


@pytest.mark.parametrize(
    "data",
    [
        member(np.zeros(3), version=(2, 0)),
        member(np.zeros(3)).replace(b"NUMPY\x01\x00", b"NUMPY\x02\x00"),
        member(np.zeros(3)).replace(b"\x93NUMPY", b"\x93OTHER"),
    ],
    ids=["version 2", "version 2 in name alone", "another program"],
)
def test_arrays_of_another_format_are_refused(tmp_path, data):
    path = archive_with(tmp_path / "a.npz", data)
    with pytest.raises(FileError, match="expected an array of a plain type"):
        read_archive(path, ["mine"], 1)


def test_an_interrupt_at_any_moment_of_writing_is_what_the_caller_sees(tmp_path, monkeypatch):
    """Between a member's last byte and its end, zipfile itself can no longer close the archive."""
    path, real = tmp_path / "a.npz", zipfile.ZipFile.open
    write_archive(path, {}, {"a": np.zeros(3)})
    before = path.read_bytes()

    def interrupted():
        raise KeyboardInterrupt

    def opened(self, *args, **options):
        member = real(self, *args, **options)
        member.close = interrupted
        return member

    monkeypatch.setattr(zipfile.ZipFile, "open", opened)
    with pytest.raises(KeyboardInterrupt):
        write_archive(path, {}, {"a": np.ones(3)})
    monkeypatch.undo()
    gc.collect()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
