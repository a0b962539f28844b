"""Damaged run directories: each must be read as a run, or be refused in the library's own words.

    python -m benchmarks.fuzz_runs --seconds 60 [--seed 0] [--directories 10000] [--keep DIR]
    python -m benchmarks.fuzz_runs --seed 0 --number 1234

Runs of several kinds are damaged in one or a few files: bytes of any, values of ``problem.json``
and ``config.toml``, cells of the tables, archives as :mod:`benchmarks.fuzz` damages them, files
missing, exchanged, prolonged, or of another kind. Each directory is read as ``show``, ``watch`` and
``report`` do; some are reported and resumed. Any other exception than a refusal, any other
warning than one about the directory, a module that is loaded, a file outside that changes, or more
memory than ``PROMISED`` is a finding, printed and kept under ``--keep``; the exit status is then 1.
Seed and number determine a directory.
"""

import argparse
import codecs
import io
import itertools
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import fuzz
from benchmarks.timing import markdown
from neatgrow.plotting.pages.record import record_of
from neatgrow.plotting.pages.report import page
from neatgrow.runs.reading import (
    read_description,
    read_judged,
    read_lineage,
    read_run,
    read_settings,
    read_verified,
)

Draw = random.Random
Files = dict[str, bytes]
PROMISED = 32 << 20, 50  # bytes of memory, and as many times the directory's size
TABLES = ("history.csv", "species.csv", "failures.csv")
TEXTS = (*TABLES, "config.toml", "problem.json", "verified.json", "failure.txt")
REPORTED, RESUMED, MEASURED = 499, 41, 23  # one of how many directories

CELLS = (
    "", "-1", "0", "1", "nan", "inf", "-inf", "1e308", "-1e308", "5e-324", "9" * 19, "9" * 5000,
    str(2**53 + 1), str(2**31), "x", "1_0", " 1", "١", "1.5", "-0", "0x10", '"', '"1,2"', "\x00",
    "\x1b[2J", "1,2", "\r", "None", "True", "ü" * 1000,
)  # fmt: skip
VALUES = (
    "0", "-1", "1", "1.5", "nan", "inf", "1e308", str(2**63), "9" * 5000, '""', '"x"', '"auto"',
    '"random"', '"\\u0000"', "true", "[]", "[1, 2]", '["a"]', "{}", "{a = 1}", "1979-05-27",
    "[" * 400, "[" * 90 + "]" * 90, "=", "'", '"""', "1e400", "0x1F",
)  # fmt: skip
MODULES = (
    "planted:Env-v0", "planted:make", "planted::make", "planted.inner:Env-v0", "run:planted",
    "antigravity:fly", "this:s", "unittest.__main__:main", "pytest:main", "__main__:main",
    "os:system", "planted", "../planted.py:make", "/tmp/planted.py:make", ":planted", "planted:",
)  # fmt: skip
CHECKPOINTS = ("99999999.npz", "0.npz", "3.npz.damaged", "9\x1b[2J.npz", ".npz", "1" * 200)
PLANTED = b"import pathlib\npathlib.Path(__file__).with_name('it-ran').write_text('it ran')\n"


@dataclass(frozen=True)
class Run:
    """A sound run directory: what is in it, and what it was on."""

    name: str
    files: Files
    problem: Any  # to go on with; None where the directory says enough
    archives: dict[str, fuzz.Source]


def runs(folder: Path) -> list[Run]:
    """Small runs of several kinds."""
    config = ng.Config(population_size=10)
    made: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("XOR", ng.XOR(), None, {"solved_at": 9.0}),
        ("learning", ng.XOR(), None, {"learning": ng.Learning(steps=2, inheritance="baldwinian")}),
        ("a function that fails", failing, failing, {"inputs": 2, "outputs": 1}),
    ]
    environment = fuzz.cart_pole()
    if environment is not None:
        made.append(("CartPole", environment, environment, {}))
    rules = ng.Checkpoints(generations=1)
    found = []
    for name, problem, again, options in made:
        path = folder / "sound"
        ng.evolve(problem, config=config, generations=4, seed=1, directory=path, checkpoints=rules,
                  progress=False, **options)  # fmt: skip
        files = {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
        files = {name: data for name, data in files.items() if name != "run.lock"}
        archives = {name: archive(name, data) for name, data in files.items() if "npz" in name}
        found.append(Run(name, files, again, archives))
        shutil.rmtree(path)
    return found


def failing(network: Any) -> float:
    value = float(network.predict([[0.5, 1.0]])[0, 0])
    if value > 0.5:
        raise ValueError("too much\nof it")
    return value


def archive(name: str, data: bytes) -> fuzz.Source:
    with np.load(io.BytesIO(data)) as found:
        return fuzz.Source(name, data, dict(found), len, setattr, setattr)


# ----------------------------------------------------------------------------------- damage


def bytes_of_a_file(draw: Draw, files: Files, own: Run, other: Run) -> None:
    name = draw.choice([n for n in TEXTS if files.get(n)] if draw.random() < 0.7 else list(files))
    if not files[name]:
        return
    sound = fuzz.Source(name, files[name], {}, len, setattr, setattr)
    spare = fuzz.Source(name, other.files.get(name) or b" ", {}, len, setattr, setattr)
    way = draw.choice((fuzz.damaged_bytes, fuzz.truncation, fuzz.splice_of_two, fuzz.splice_within))
    files[name] = way(draw, sound, spare)


def values_of_json(draw: Draw, files: Files, own: Run, other: Run) -> None:
    name = draw.choice([n for n in ("problem.json", "verified.json") if n in files])
    if not files[name]:
        return
    tree, spare = json.loads(own.files[name]), json.loads(other.files["problem.json"])
    for _ in range(draw.choice((1, 1, 2, 5))):
        fuzz.lie_in_tree(draw, tree, spare)
    files[name] = json.dumps(tree).encode()
    if draw.random() < 0.1:
        more = draw.choice((b"[" * 100_000, b'{"a":' * 5000, b"[" + b"[]," * 20_000 + b"0]"))
        files[name] = files[name][:-1] + b', "more": ' + more


def names_of_modules(draw: Draw, files: Files, own: Run, other: Run) -> None:
    """A module in the directory, beside it, and in everything that could name one."""
    files["planted.py"] = PLANTED
    if draw.random() < 0.5:
        files["__init__.py"] = PLANTED
    about = json.loads(own.files["problem.json"])
    named = draw.choice(MODULES)
    about |= draw.choice((
        {"problem": "gymnasium", "environment": named}, {"problem": named}, {"name": named},
        {"problem": "function", "name": named}, {"problem": "gymnasium", "wrappers": [named],
         "environment": "CartPole-v1"}, {"module": named}, {"environment": named},
    ))  # fmt: skip
    files["problem.json"] = json.dumps(about).encode()
    if draw.random() < 0.3:
        kinds = (f'[encoding]\nkind = "{named}"\n', f'[selection]\nkind = "{named}"\n')
        files["config.toml"] = draw.choice(kinds).encode()


def lines_of_settings(draw: Draw, files: Files, own: Run, other: Run) -> None:
    lines = own.files["config.toml"].decode().split("\n")
    for _ in range(draw.choice((1, 1, 3))):
        place, second = draw.randrange(len(lines)), draw.randrange(len(lines))
        key, _, value = lines[place].partition(" = ")
        lines[place] = draw.choice((
            f"{key} = {draw.choice(VALUES)}", f"{key} = {draw.choice(VALUES)}",
            f"{key} = {draw.choice(VALUES)}", f"{key}x = {value}", f"{value} = {key}", "",
            lines[place] + "\n" + lines[place], lines[second], f"[{key}]", f"[[{key}]]",
            f"a.b.c = {value}", f"{key}.{key} = 1", f"[{key}.x]", "\x00", "[selection]",
        ))  # fmt: skip
    files["config.toml"] = "\n".join(lines).encode("utf-8", "replace")


def cells_of_tables(draw: Draw, files: Files, own: Run, other: Run) -> None:
    name = draw.choice(TABLES)
    rows = [line.split(",") for line in own.files[name].decode().split("\n")]
    for _ in range(draw.choice((1, 1, 2, 5))):
        place, second = draw.randrange(len(rows)), draw.randrange(len(rows))
        row, way = rows[place], draw.randrange(12)
        if way < 5 and row:
            row[draw.randrange(len(row))] = draw.choice(CELLS)
        elif way == 5:
            rows[place], rows[second] = rows[second], row
        elif way == 6:
            rows.insert(second, list(row))
        elif way == 7 and len(rows) > 1:
            del rows[place]
        elif way == 8:
            row.insert(draw.randrange(len(row) + 1), draw.choice(CELLS))
        elif way == 9 and row:
            del row[draw.randrange(len(row)) :]
        elif way == 10:
            column = draw.randrange(1 + len(rows[0]))
            for line in rows:
                del line[column : column + 1]
        else:
            rows[place:place] = [list(row) for _ in range(draw.choice((2, 2000)))]
    text = "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
    files[name] = draw.choice((text,) * 6 + (text.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + text))


def archives(draw: Draw, files: Files, own: Run, other: Run) -> None:
    name = draw.choice(list(own.archives))
    spare = draw.choice(list(other.archives.values()))
    files[name] = fuzz.KINDS[draw.choice(list(fuzz.KINDS))](draw, own.archives[name], spare)
    if draw.random() < 0.2:  # and all other checkpoints
        files |= {n: b"damaged" for n in files if n.startswith("checkpoints/") and n != name}


def files_as_wholes(draw: Draw, files: Files, own: Run, other: Run) -> None:
    """Missing, empty, exchanged, another run's, prolonged, or more of them."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        if len(files) < 2:
            return
        one, two = draw.sample(sorted(files), 2)
        way = draw.randrange(8)
        if way == 0:
            del files[one]
        elif way == 1:
            files[one] = b""
        elif way == 2:
            files[one], files[two] = files[two], files[one]
        elif way == 3:
            files[one] = other.files.get(one, b"\n")
        elif way == 4:
            files[one] += draw.choice((files[one], bytes(99_999), b"\n" * 9999, b"1,1,1\n" * 9999))
        elif way == 5:
            name = f"checkpoints/{draw.choice(CHECKPOINTS)}"
            files[name] = draw.choice((files[one], b"", own.files.get(one, b"\n")))
        elif way == 6:
            files |= {n: data for n, data in other.files.items() if n.startswith("checkpoints/")}
        else:
            files[f".{one.rpartition('/')[2]}.123.tmp"] = files[one]


def zeros(draw: Draw, files: Files, own: Run, other: Run) -> None:
    """An archive with a part that unpacks to a thousand times its size."""
    name = draw.choice(list(own.archives))
    out = io.BytesIO(own.files[name])
    part = draw.choice(("more", "problem.more", "genomes.more", "selection.more", "history.more"))
    data = np.zeros(draw.choice((1 << 16, 1 << 20, 1 << 24)), np.uint8)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{part}.npy", fuzz.npy(data))
    files[name] = out.getvalue()


def kinds_of_files(draw: Draw, files: Files, own: Run, other: Run) -> None:
    """Marked for :func:`laid_out`: a directory or a pipe in place of a file."""
    mark = draw.choice((b"<directory>", b"<pipe>"))
    files[draw.choice((*sorted(files), "run.lock", "checkpoints/00000009.npz"))] = mark


def links(draw: Draw, files: Files, own: Run, other: Run) -> None:
    """Marked for :func:`laid_out`: a link in place of a file."""
    for name in draw.sample((*sorted(files), "run.lock"), draw.choice((1, 2))):
        files[name] = b"<link>" + draw.choice((b"../precious/text", b"../precious", b"/dev/zero",
                                               b"problem.json", b"x", b"."))  # fmt: skip


KINDS: dict[str, Callable[[Draw, Files, Run, Run], None]] = {
    "bytes of a file": bytes_of_a_file,
    "values of JSON": values_of_json,
    "names of modules": names_of_modules,
    "lines of settings": lines_of_settings,
    "cells of tables": cells_of_tables,
    "archives": archives,
    "files as wholes": files_as_wholes,
    "zeros": zeros,
    "kinds of files": kinds_of_files,
    "links": links,
}


def laid_out(path: Path, files: Files) -> int:
    """Write a directory; its size in bytes."""
    shutil.rmtree(path, ignore_errors=True)
    (path / "checkpoints").mkdir(parents=True)
    for name, data in files.items():
        place = path / name
        if data == b"<directory>":
            place.mkdir()
        elif data == b"<pipe>":
            os.mkfifo(place)
        elif data.startswith(b"<link>"):
            place.symlink_to(data[6:].decode())
        else:
            place.write_bytes(data)
    return sum(map(len, files.values()))


# ---------------------------------------------------------------------------------- the loop


# What is read, and in which files it is.
READERS: dict[Callable[[Path], Any], tuple[str, ...]] = {
    read_run: ("problem.json", "history.csv", "species.csv", "champion.npz"),
    read_description: ("problem.json",),
    read_judged: ("judged.npz",),
    read_verified: ("verified.json",),
    read_lineage: ("checkpoints/",),
    read_settings: ("config.toml",),
}


def read(path: Path, changed: Sequence[str] = ("",)) -> bool:
    """Read what a directory holds in files that changed; whether all of it could be."""
    refused = 0
    for reader, names in READERS.items():
        if not any(a.startswith(b) or b.startswith(a) for a in changed for b in names):
            continue
        try:
            reader(path)
        except FileNotFoundError as error:
            refused += 1
            assert "expected a run directory" in str(error), error
        except ng.FileError:
            refused += 1
    return refused == 0


def reported(path: Path, run: Run) -> None:
    page(record_of(path))


def resumed(path: Path, run: Run) -> None:
    result = ng.resume(path, problem=run.problem, generations=5, seconds=2.0, progress=False)
    assert result.directory is not None
    read_run(path)  # it is whole again


class Fuzzer:
    """Damages, reads and goes on with run directories one by one.

    Attributes:
        tallies: What came of them, by kind of damage.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.tallies = {kind: fuzz.Tally() for kind in KINDS}
        self._runs = runs(folder)
        (folder / "precious").mkdir()
        (folder / "precious" / "text").write_text("as it was")
        (folder / "planted.py").write_bytes(PLANTED)
        codecs.lookup("unicode_escape")  # of messages
        for run in self._runs:  # so that nothing is loaded later that a sound run needs
            uses = (reported, resumed) if run in (self._runs[0], self._runs[-1]) else (resumed,)
            for use in uses:
                laid_out(folder / "run", run.files)
                read(folder / "run")
                use(folder / "run", run)
        self._outside = self._others()

    def try_one(self, number: int) -> str | None:
        """Try the directory of a number; the finding, if it is one."""
        draw = random.Random(f"{self.seed} {number}")
        kind = list(KINDS)[number % len(KINDS)]
        own, other = draw.choice(self._runs), draw.choice(self._runs)
        files = dict(own.files)
        for _ in range(draw.choice((1, 1, 1, 2))):
            KINDS[kind](draw, files, own, other)
        tally, start = self.tallies[kind], time.process_time()
        try:
            loaded = self._works(number, kind, own, files)
        except Exception:
            text = f"seed {self.seed}, number {number}: {own.name}, {kind}\n"
            text += traceback.format_exc(limit=-6)
            tally.findings.append(text)
            return text
        finally:
            tally.seconds.append(time.process_time() - start)
        tally.loaded += loaded
        tally.refused += not loaded
        return None

    def _works(self, number: int, kind: str, run: Run, files: Files) -> bool:
        size = laid_out(self.folder / "run", files)
        changed = [n for n in {**run.files, **files} if run.files.get(n) != files.get(n)]
        path, modules = self.folder / "run", set(sys.modules)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if number % MEASURED == 0:
                tracemalloc.start()
            try:
                whole = read(path, changed)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak <= PROMISED[0] + PROMISED[1] * size, f"{peak} bytes for a directory of {size}"
        for use, often in ((reported, REPORTED), (resumed, RESUMED)):
            if number % often == 0:
                self._refused_or_done(use, path, run)
        loaded = {name for name in set(sys.modules) - modules if not name.startswith("neatgrow")}
        assert not loaded, f"modules were loaded: {loaded}"
        assert self._others() == self._outside, "files outside the directory changed"
        assert not (path / "it-ran").exists(), "code in the directory was run"
        return whole

    def _refused_or_done(self, use: Callable[[Path, Run], None], path: Path, run: Run) -> None:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                use(path, run)
            except (ValueError, TypeError, OSError) as error:
                # In words of the library, or of the system about one of the files.
                assert "expected" in str(error) or str(path) in str(error), repr(error)
        for warning in said:
            assert str(warning.message).startswith(str(path)), warning

    def _others(self) -> dict[str, tuple[int, bytes]]:
        """What lies outside of the directory."""
        places = (p for p in self.folder.rglob("*") if self.folder / "run" not in (p, *p.parents))
        return {
            str(place): (place.stat().st_mtime_ns, place.read_bytes() if place.is_file() else b"")
            for place in places
        }

    def table(self) -> str:
        rows = [
            (
                kind, f"{len(tally.seconds)}", f"{tally.loaded}", f"{tally.refused}",
                f"{len(tally.findings)}", f"{np.median(tally.seconds or [np.nan]) * 1e3:.2f}",
                f"{max(tally.seconds, default=np.nan) * 1e3:.0f}",
            )
            for kind, tally in self.tallies.items()
        ]  # fmt: skip
        header = ("kind", "directories", "whole", "refused", "findings", "median ms", "most ms")
        return markdown(header, rows)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--directories", type=int, default=None, help="most directories")
    parser.add_argument("--number", type=int, default=None, help="this directory only")
    parser.add_argument("--keep", type=Path, default=None, help="folder for findings")
    given = parser.parse_args()
    folder = fuzz.working_folder()
    fuzzer = Fuzzer(folder, given.seed)
    numbers = itertools.count() if given.directories is None else iter(range(given.directories))
    start, findings = time.perf_counter(), 0
    for number in numbers if given.number is None else [given.number]:
        finding = fuzzer.try_one(number)
        if finding is not None:
            findings += 1
            print(finding, flush=True)
            if given.keep is not None:
                shutil.copytree(
                    folder / "run", given.keep / f"{given.seed}-{number}", symlinks=True
                )
        if time.perf_counter() - start > given.seconds:
            break
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(fuzzer.table())
    print(f"\n{time.perf_counter() - start:.0f} s, {most:.0f} MB of memory at most.")
    shutil.rmtree(folder)
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
