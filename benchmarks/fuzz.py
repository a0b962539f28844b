"""Damaged files: each must load to something that works, or be refused with ``FileError``.

    python -m benchmarks.fuzz --seconds 60 [--seed 0] [--files 10000] [--keep DIR]
    python -m benchmarks.fuzz --seed 0 --number 1234

Genomes, populations and checkpoints of runs are damaged in many ways, loaded, and used where
they load: networks compiled and run, populations and runs taken a generation further, all of it
saved and loaded again. An exception other than ``FileError``, a warning, a load of over a
second or a second copy that differs is a finding: printed, kept under ``--keep``, and the exit
status is 1. Seconds are the processor's, so that a busy machine is no finding. Seed and number
determine a file. Each is ``current.npz`` in ``--keep`` (or in a temporary folder) while it is
tried, so that one that ends the process can be found.
"""

import argparse
import copy
import faulthandler
import io
import itertools
import json
import math
import os
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown
from neatgrow._types import Array
from neatgrow.evaluation.base import Stateful
from neatgrow.kernels import functions
from neatgrow.runs.checkpoints import (
    Snapshot,
    load_population,
    load_snapshot,
    save_population,
    save_snapshot,
)
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.options import Options
from neatgrow.selection.population import State

SLOW = 1.0  # seconds of a load that count as a finding
NUMBERS = (0, 1, -1, 2, 255, 2**31 - 1, 2**31, 2**53, 2**63 - 1, -(2**63), -(2**62))
FLOATS = (0.0, -1.0, math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 2.0**63)
DTYPES = ("f2", "f4", "f8", "i1", "i4", "i8", "u1", "u8", "?", ">i8", ">f8", "c16", "U3", "S5",
          "M8[s]", "V8", "O")  # fmt: skip
SHAPES = ("(99999999999,)", "(9223372036854775807,)", "(0, 99999999999999999999)", "(-1,)", "()",
          "(2, 2, 2)", "(1" + ", 1" * 40 + ")", "(4294967296, 4294967296)", "(0,)",
          "(0, 4611686018427387904)", "(True,)", "(1e3,)")  # fmt: skip
HEADERS = (
    (b"'descr': '", b"'descr': 'x"), (b"<", b">"), (b"False", b"True"), (b"True", b"False"),
    (b"'<i8'", b"'<f8'"), (b"'<f8'", b"'<i8'"), (b"'|b1'", b"'|u1'"), (b"'|u1'", b"'|b1'"),
    (b"'<i8'", b"'|O'"), (b"'<i8'", b"[('a', '<i8')]"), (b"False", b"print(1)"),
    (b"\x93NUMPY\x01", b"\x93NUMPY\x02"), (b"\n", b" "), (b"}", b"}" * 3),
)  # fmt: skip
NAMES = ("../../x.npy", "/x.npy", "metadata", "metadata.npy", "node_ptr", "", ".npy", "x" * 60_000,
         "genomes.node_ptr.npy", "\x00.npy", "größe.npy", "a/", "history.best.npy")  # fmt: skip

Arrays = dict[str, Array]
Draw = random.Random


class Bomb:
    """What a file must not be able to do: run code."""

    gone_off = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Bomb, "gone_off", True)


@dataclass(frozen=True)
class Source:
    """A sound file: its bytes, its arrays, and how it is read and used."""

    name: str
    data: bytes
    arrays: Arrays
    load: Callable[[Path], Any]
    save: Callable[[Path, Any], None]
    use: Callable[[Any, Draw], None]


@dataclass
class Tally:
    """What came of the files of one kind of damage, or of one kind of file."""

    loaded: int = 0
    refused: int = 0
    findings: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


# ------------------------------------------------------------------------------- sound files


def sources(folder: Path) -> list[Source]:
    """Small files of every kind, the same in every process."""
    xor = grown_run(ng.XOR(), 6)
    population = xor.population
    named = population.genomes.with_interface(
        input_names=("a", "ß"), input_mean=np.array([0.5, -1.0]), input_scale=np.array([2.0, 3.0])
    )
    made = [
        ("genome", population.champion, load_one, lambda path, g: g.save(path), use_genome),
        ("genomes", named, ng.load_genomes, lambda path, g: g.save(path), use_genomes),
        ("population", population.state(), load_population, save_population, use_state),
        ("run", untimed(xor), load_snapshot, save_snapshot, use_run(ng.XOR())),
    ]
    learning = untimed(grown_run(ng.XOR(), 3, learning=ng.Learning(steps=2)))
    made.append(("run that learns", learning, load_snapshot, save_snapshot, use_run(ng.XOR())))
    problem = cart_pole()
    if problem is not None:
        run = untimed(grown_run(problem, 3))
        made.append(("normalised run", run, load_snapshot, save_snapshot, use_run(problem)))
    return [source(folder / "sound.npz", *parts) for parts in made]


def source(path: Path, name: str, value: Any, load: Any, save: Any, use: Any) -> Source:
    save(path, value)
    with np.load(path) as archive:
        arrays = dict(archive)
    return Source(name, path.read_bytes(), arrays, load, save, use)


def load_one(path: Path) -> ng.Genome:
    return ng.load_genome(path)


def grown_run(problem: Any, generations: int, **options: Any) -> Evolution:
    config = ng.Config(population_size=10).override({
        "genes.activation.options": functions.ACTIVATIONS,
        "genes.activation.swap_rate": 0.2,
        "genes.bias.start_spread": 0.5,
        "mutation.add_node": 0.6,
        "mutation.add_loop": 0.4,
        "mutation.disable": 0.2,
    })  # fmt: skip
    run = Evolution(problem, config, Options(**options), seed=1)
    for _ in range(generations):
        run.step()
    return run


def untimed(run: Evolution) -> Snapshot:
    """A snapshot without the wall times, which would differ from process to process."""
    assert run.snapshot is not None
    arrays = run.history.to_arrays()
    arrays |= {name: np.zeros_like(arrays[name]) for name in TIMES}
    return replace(run.snapshot, history=History.from_arrays(arrays))


def cart_pole() -> Any:
    try:
        return ng.Gymnasium("CartPole-v1", normalize=True, max_steps=20)
    except ImportError:
        return None


# ------------------------------------------------------------------------------ use of files


def use_genome(genome: ng.Genome, draw: Draw) -> None:
    use_genomes(genome.batch(), draw)
    str(genome)


def use_genomes(genomes: ng.Genomes, draw: Draw) -> None:
    if is_small(genomes.interface) and len(genomes) <= 1000:
        x = np.random.default_rng(draw.randrange(99)).normal(size=(2, genomes.n_inputs))
        genomes.compile().predict(x)


def use_state(state: State, draw: Draw) -> None:
    """Another generation, and the children of that."""
    if not is_small(state.genomes.interface) or not is_modest(state.config):
        return
    population = ng.Population.from_state(state)
    for _ in range(2):
        genomes = population.ask()
        use_genomes(genomes, draw)
        fitness = np.random.default_rng(draw.randrange(99)).normal(size=len(genomes))
        fitness[:: draw.choice((1, 2, 3, 99))] = draw.choice((np.nan, 0.0))
        population.tell(fitness)


def use_run(problem: Any) -> Callable[[Snapshot, Draw], None]:
    def use(snapshot: Snapshot, draw: Draw) -> None:
        use_state(snapshot.population, draw)
        face = snapshot.population.genomes.interface
        if (face.inputs, face.outputs) != (problem.inputs, problem.outputs):
            return
        if not is_modest(snapshot.population.config):
            return
        learning = snapshot.options.learning
        if learning is not None and learning.steps > 100:
            return
        try:
            run = Evolution.from_snapshot(snapshot, problem)
        except ValueError:
            if refuses(problem, snapshot):
                return  # what a problem keeps is for it to judge
            raise
        run.step()
        run.history.to_csv()
        for lineage in (snapshot.lineage, run.snapshot.lineage if run.snapshot else None):
            if lineage is not None:
                lineage.to_networkx()
                for ancestor in lineage.line():
                    ancestor.genome.check()
        if snapshot.population.champion is not None:
            use_genome(run.champion, draw)

    return use


def refuses(problem: Any, snapshot: Snapshot) -> bool:
    """Whether a problem declines the state that a snapshot has for it, as it may."""
    try:
        if isinstance(problem, Stateful):
            problem.restore(snapshot.problem_state)
    except ValueError:
        return True
    return False


def is_small(face: Any) -> bool:
    return bool(face.inputs * face.outputs <= 1000)


def is_modest(config: ng.Config) -> bool:
    return config.population_size <= 1000 and config.start.hidden <= 20


# ----------------------------------------------------------------------------- damaged bytes


def damaged_bytes(draw: Draw, own: Source, other: Source) -> bytes:
    """Bits flipped and bytes changed in the raw file."""
    data = bytearray(own.data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        place = draw.randrange(len(data))
        if draw.random() < 0.5:
            data[place] ^= 1 << draw.randrange(8)
        else:
            data[place] = draw.choice((0, 255, draw.randrange(256)))
    return bytes(data)


def truncation(draw: Draw, own: Source, other: Source) -> bytes:
    return own.data[: draw.randrange(len(own.data))]


def splice_of_two(draw: Draw, own: Source, other: Source) -> bytes:
    head, tail = draw.randrange(len(own.data)), draw.randrange(len(other.data))
    return own.data[:head] + other.data[tail:]


def splice_within(draw: Draw, own: Source, other: Source) -> bytes:
    """A stretch of the file copied, moved or lost."""
    data = own.data
    start, stop = sorted((draw.randrange(len(data)), draw.randrange(len(data))))
    place = draw.randrange(len(data))
    piece = data[start:stop]
    return draw.choice((
        data[:place] + piece + data[place:],
        data[:place] + piece + data[place + len(piece) :],
        data[:start] + data[stop:],
        data[:start] + data[stop:] + piece,
    ))  # fmt: skip


# ---------------------------------------------------------------- lies with right checksums


def packed(arrays: Arrays, **raw: bytes) -> bytes:
    """An archive of arrays, and of members given as they are."""
    members = {name: npy(array) for name, array in arrays.items()} | raw
    return zipped([(f"{name}.npy", data) for name, data in members.items()])


def npy(array: Array) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=(1, 0), allow_pickle=array.dtype.hasobject)
    return out.getvalue()


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def repeatedly(
    lie: Callable[[Draw, Arrays, Source], None],
) -> Callable[[Draw, Source, Source], bytes]:
    """A kind of damage that tells one or a few lies about arrays."""

    def damage(draw: Draw, own: Source, other: Source) -> bytes:
        arrays = dict(own.arrays)
        for _ in range(draw.choice((1, 1, 1, 2, 4))):
            lie(draw, arrays, other)
        return packed(arrays)

    return damage


def lie_in_values(draw: Draw, arrays: Arrays, other: Source) -> None:
    """Some numbers of an array replaced by others, extremes above all."""
    names = [key for key in arrays if key != "metadata" and arrays[key].size]
    few = [key for key in names if key.partition(".")[0] not in ("genomes", "champion", "history")]
    name = draw.choice(few if few and draw.random() < 0.4 else names)
    array = arrays[name].copy()
    arrays[name] = array
    flat = array.reshape(-1)
    rows = [draw.randrange(flat.size) for _ in range(draw.choice((1, 1, 3, flat.size)))]
    way = draw.randrange(6)
    if way == 0:
        flat.view(np.uint8)[draw.randrange(array.nbytes)] = draw.randrange(256)
    elif way == 1:
        flat[:] = flat[draw.choice((slice(None, None, -1), np.argsort(flat)))]
    elif way == 2:
        flat[rows] = flat[draw.randrange(flat.size)]
    elif way == 3 and array.dtype != np.bool_:
        with np.errstate(all="ignore"):
            flat[rows] += draw.choice((array.dtype.type(1), array.dtype.type(3)))
    else:
        flat[rows] = extreme(draw, array.dtype)


def extreme(draw: Draw, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return draw.choice(FLOATS)
    bits = draw.choice(NUMBERS) % (1 << 64)
    return np.frombuffer(bits.to_bytes(8, "little"), dtype.newbyteorder("<"))[0]


def lie_in_shapes(draw: Draw, arrays: Arrays, other: Source) -> None:
    """An array gone, cut, prolonged, folded, or in another's place."""
    name, second = draw.choice(list(arrays)), draw.choice(list(arrays))
    array = arrays[name]
    ways: list[Callable[[], Any]] = [
        lambda: array[: draw.randrange(array.shape[0] + 1)],
        lambda: array[draw.randrange(array.shape[0] + 1) :],
        lambda: np.concatenate([array, array[: draw.randrange(1, array.shape[0] + 2)]]),
        lambda: array[:0],
        lambda: array[None],
        lambda: array[..., None],
        lambda: array.reshape(-1),
        lambda: np.array(array.reshape(-1)[0] if array.size else 0),
        lambda: np.asfortranarray(array.T),
        lambda: np.repeat(array, 2, axis=-1),
        lambda: np.zeros((0, 2**40), array.dtype),
        lambda: np.zeros(draw.choice((1000, 100_000)), array.dtype),
        lambda: other.arrays[draw.choice(list(other.arrays))],
        lambda: other.arrays.get(name, array),
    ]
    way = draw.randrange(len(ways) + 2)
    if way == len(ways):
        del arrays[name]
    elif way > len(ways) or array.ndim == 0:
        arrays[name], arrays[second] = arrays[second], array
    else:
        arrays[name] = ways[way]()


def lie_in_types(draw: Draw, arrays: Arrays, other: Source) -> None:
    """An array in another type, its values kept or its bytes reinterpreted."""
    name, dtype = draw.choice(list(arrays)), draw.choice(DTYPES)
    array = arrays[name]
    if dtype == "O":
        arrays[name] = np.array([Bomb()], dtype=object)
        return
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            arrays[name] = array.view(dtype) if draw.random() < 0.3 else array.astype(dtype)
        except (OverflowError, RuntimeError, TypeError, ValueError):
            arrays[name] = np.zeros(array.shape, dtype)


def lie_in_headers(draw: Draw, own: Source, other: Source) -> bytes:
    """The text before an array's bytes, or how many bytes follow it."""
    name = draw.choice(list(own.arrays))
    data = npy(own.arrays[name])
    way = draw.randrange(5)
    if way == 0:
        start, stop = data.index(b"("), data.index(b")") + 1
        data = data[:start] + draw.choice(SHAPES).encode() + data[stop:]
    elif way == 1:
        old, new = draw.choice(HEADERS)
        data = data.replace(old, new, 1)
    elif way == 2:
        data = data[: draw.randrange(len(data))]
    elif way == 3:
        data += bytes(draw.choice((1, 8, 1000)))
    else:
        place = draw.randrange(min(len(data), 128))
        data = data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]
    return packed(own.arrays, **{name: data})


def lie_in_directory(draw: Draw, own: Source, other: Source) -> bytes:
    """Names, methods, sizes and places in the archive's directory."""
    members = [(f"{name}.npy", npy(array)) for name, array in own.arrays.items()]
    row = draw.randrange(len(members))
    way = draw.randrange(8)
    if way == 0:
        members[row] = (draw.choice(NAMES), members[row][1])
    elif way == 1:
        members.append((members[row][0], draw.choice(members)[1]))
    elif way == 2:
        members += [(f"more{k}.npy", b"") for k in range(draw.choice((1, 300)))]
    elif way == 3:
        return zipped(members, draw.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
    data = bytearray(zipped(members, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))))
    if way > 3:
        for _ in range(draw.choice((1, 2, 5))):
            patch_directory(draw, data)
    return bytes(data)


def patch_directory(draw: Draw, data: bytearray) -> None:
    """Set a field of a directory entry, a local header or the end record."""
    layouts = {
        b"PK\x01\x02": (("<H", (4, 6, 8, 10, 12, 14, 28, 30, 32, 34, 36)),
                        ("<I", (16, 20, 24, 38, 42))),
        b"PK\x03\x04": (("<H", (4, 6, 8, 10, 12, 26, 28)), ("<I", (14, 18, 22))),
        b"PK\x05\x06": (("<H", (4, 6, 8, 10, 20)), ("<I", (12, 16))),
    }  # fmt: skip
    mark = draw.choice(list(layouts))
    starts, place = [], data.find(mark)
    while place >= 0:
        starts.append(place)
        place = data.find(mark, place + 1)
    if not starts:
        return
    form, fields = draw.choice(layouts[mark])
    place = draw.choice(starts) + draw.choice(fields)
    if place + 4 > len(data):
        return
    (old,) = struct.unpack_from(form, data, place)
    most = 0xFFFF if form == "<H" else 0xFFFFFFFF
    new = draw.choice((0, 1, 8, 12, 14, 99, old ^ 1, old + 1, old // 2, 1 << 15, most, most - 1))
    struct.pack_into(form, data, place, new & most)


# ------------------------------------------------------------------------- lies in metadata


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


JUNK = (
    None, True, False, 0, 1, -1, 2, 3, 2**31, 2**63 - 1, 2**63, -(2**63), 10**30, 10**4000, 0.5,
    -0.5, math.nan, math.inf, -math.inf, 1e308, 5e-324, "", "x", "1", "nan", "inf", "none",
    "random", "tanh", "uniform", "x" * 100_000, "\ud800", "\x00", "größe", "a.b.c", [], [[]], {},
    [1, 2, 3], ["a", "b"], {"a": 1}, {"": {}}, [[1, 2, 3]], [[1, {}]], [["1", "2", "3"]],
    nested(50), nested(400), ["x"] * 1000, list(range(1000)),
)  # fmt: skip


def lie_in_metadata(draw: Draw, own: Source, other: Source) -> bytes:
    """Values of the metadata replaced, removed or exchanged, wherever they are."""
    metadata = json.loads(own.arrays["metadata"].tobytes())
    spare = json.loads(other.arrays["metadata"].tobytes())
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        parts = [value for value in metadata.values() if isinstance(value, dict)]
        lie_in_tree(draw, draw.choice([metadata, *parts]), spare)
    return with_metadata(own, json.dumps(metadata).encode())


def lie_in_tree(draw: Draw, tree: Any, spare: Any) -> None:
    places = list(branches(tree))
    if not places:
        return
    parent, key = draw.choice(places)
    old = parent[key]
    way = draw.randrange(8)
    if way == 0:
        del parent[key]
    elif way == 1 and isinstance(parent, dict):
        parent[draw.choice(("more", "", "x" * 1000, str(key).upper()))] = parent.pop(key)
    elif way == 2:
        found = list(branches(spare))
        other, place = draw.choice(found)
        parent[key] = copy.deepcopy(other[place])
    elif way == 3 and isinstance(old, (int, float)) and not isinstance(old, bool):
        parent[key] = draw.choice((old + 1, old - 1, -old, old * 2, str(old)))
    elif way == 4 and isinstance(old, list):
        parent[key] = draw.choice((old[1:], old + old, old[::-1], dict.fromkeys(map(str, old))))
    elif way == 5 and isinstance(old, str):
        parent[key] = draw.choice((old[:-1], old + "x", old.upper(), [old], old * 3))
    else:
        parent[key] = copy.deepcopy(draw.choice(JUNK))


def branches(tree: Any, depth: int = 0) -> Iterable[tuple[Any, Any]]:
    """(parent, key) of every value in a tree."""
    if depth > 20 or not isinstance(tree, (dict, list)):
        return
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        yield from branches(tree[key], depth + 1)


def lie_in_text(draw: Draw, own: Source, other: Source) -> bytes:
    """The metadata's text rather than its values."""
    text = own.arrays["metadata"].tobytes()
    place = draw.randrange(len(text))
    deep = draw.choice((100, 900, 960, 980, 990, 1000, 100_000))
    version = b'"version": 1'
    return with_metadata(own, draw.choice((
        text[:place],
        text[:place] + bytes([draw.randrange(256)]) + text[place + 1 :],
        text[:place] + draw.choice((b"\xff", b"\\ud800", b"\xed\xa0\x80", b"\x00", b'"', b"}"))
        + text[place:],
        text.decode().encode(draw.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-le"))),
        text.replace(version, b'"version": ' + b"[" * deep + b"]" * deep),
        text.replace(b"{", b'{"a": ' * draw.choice((1, 50)), 1),
        text[:-1] + b', "more": ' + b"[" * deep + b"]" * deep + b"}",
        text[:-1] + b', "more": [' + b"[]," * 20_000 + b"0]}",
        text.replace(version, b'"version": ' + b"9" * draw.choice((20, 400, 5000))),
        text.replace(version, b'"version": 1, "version": 1'),
    )))  # fmt: skip


def with_metadata(own: Source, text: bytes) -> bytes:
    return packed({**own.arrays, "metadata": np.frombuffer(text, np.uint8)})


KINDS: dict[str, Callable[[Draw, Source, Source], bytes]] = {
    "bits and bytes": damaged_bytes,
    "truncation": truncation,
    "splice of two files": splice_of_two,
    "splice within a file": splice_within,
    "values of arrays": repeatedly(lie_in_values),
    "shapes of arrays": repeatedly(lie_in_shapes),
    "types of arrays": repeatedly(lie_in_types),
    "headers of arrays": lie_in_headers,
    "directory": lie_in_directory,
    "metadata": lie_in_metadata,
    "text of metadata": lie_in_text,
}


# ---------------------------------------------------------------------------------- the loop


class Fuzzer:
    """Damages, loads and uses files one by one.

    Attributes:
        tallies: What came of them, by kind of damage.
        loads: Seconds of each load, by kind of file.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.tallies = {kind: Tally() for kind in KINDS}
        self._sources = sources(folder)
        self.loads: dict[str, list[float]] = {sound.name: [] for sound in self._sources}
        for sound in self._sources:
            value = sound.load(written(folder / "current.npz", sound.data))
            sound.use(value, random.Random(0))  # so that no load waits for kernels

    def try_one(self, number: int) -> str | None:
        """Try the file of a number; the finding, if it is one."""
        draw = random.Random(f"{self.seed} {number}")
        kind = list(KINDS)[number % len(KINDS)]
        own, other = draw.choice(self._sources), draw.choice(self._sources)
        path = written(self.folder / "current.npz", KINDS[kind](draw, own, other))
        tally = self.tallies[kind]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                tally.loaded += self._works(own, path, draw, tally)
        except Exception:
            text = f"seed {self.seed}, number {number}: {own.name}, {kind}\n"
            text += traceback.format_exc(limit=-6)
            tally.findings.append(text)
            return text
        tally.refused = len(tally.seconds) - tally.loaded - len(tally.findings)
        return None

    def _works(self, own: Source, path: Path, draw: Draw, tally: Tally) -> bool:
        """Whether the file loads; raises where that or any use of it goes wrong."""
        start = time.process_time()
        try:
            value = own.load(path)
        except ng.FileError:
            return False
        finally:
            tally.seconds.append(time.process_time() - start)
            self.loads[own.name].append(tally.seconds[-1])
            assert tally.seconds[-1] < SLOW, f"loading took {tally.seconds[-1]:.3g} s"
            assert not Bomb.gone_off, "code in the file was run"
        own.use(value, draw)
        first, second = self.folder / "first.npz", self.folder / "second.npz"
        own.save(first, value)
        own.save(second, own.load(first))
        assert first.read_bytes() == second.read_bytes(), "what was saved differs"
        return True

    def times(self) -> str:
        """Mean time of a load, by what the file was before it was damaged."""
        means = ", ".join(
            f"{name} {np.mean(seconds) * 1e3:.2f}"
            for name, seconds in self.loads.items()
            if seconds
        )
        return f"Mean milliseconds of a load: {means}."

    def table(self) -> str:
        rows = []
        for kind, tally in self.tallies.items():
            times = np.array(tally.seconds or [np.nan]) * 1e3
            rows.append((
                kind, f"{len(tally.seconds)}", f"{tally.loaded}", f"{tally.refused}",
                f"{len(tally.findings)}", f"{np.median(times):.2f}", f"{times.max():.1f}",
            ))  # fmt: skip
        header = ("kind", "files", "loaded", "refused", "findings", "median ms", "most ms")
        return markdown(header, rows)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def working_folder() -> Path:
    """A temporary folder, in memory where the system has one there."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="neatgrow-fuzz-", dir=parent))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", type=int, default=None, help="most files")
    parser.add_argument("--number", type=int, default=None, help="this file only")
    parser.add_argument("--keep", type=Path, default=None, help="folder for findings")
    given = parser.parse_args()
    faulthandler.enable()
    folder = given.keep or working_folder()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"files are tried in {folder}", file=sys.stderr)
    fuzzer = Fuzzer(folder, given.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    numbers = itertools.count() if given.files is None else iter(range(given.files))
    start = time.perf_counter()
    for number in numbers if given.number is None else [given.number]:
        finding = fuzzer.try_one(number)
        if finding is not None:
            print(finding)
            shutil.copy(folder / "current.npz", folder / f"{given.seed}-{number}.npz")
        if time.perf_counter() - start > given.seconds:
            break
    seconds = time.perf_counter() - start
    count = sum(len(tally.seconds) for tally in fuzzer.tallies.values())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    print(fuzzer.table())
    print(f"\n{count} files in {seconds:.0f} s, {count / seconds:.0f} a second, "
          f"their use included; {grown:.0f} MB more memory at most.\n{fuzzer.times()}")  # fmt: skip
    findings = sum(len(tally.findings) for tally in fuzzer.tallies.values())
    if given.keep is None and not findings:
        shutil.rmtree(folder)
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
