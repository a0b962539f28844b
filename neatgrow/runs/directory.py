"""A run's directory: what is written while the run goes, and what it goes on from."""

import csv
import io
import json
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Self

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.files.archive import (
    FileError,
    UnknownContentError,
    append_to,
    check_no_link,
    open_file,
    write_text,
)
from neatgrow.files.genomes import load_genome
from neatgrow.files.locks import locked
from neatgrow.files.provenance import differences, made_with
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.runs.checkpoints import Snapshot, load_snapshot, save_snapshot
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import History, csv_lines
from neatgrow.runs.options import Checkpoints
from neatgrow.runs.overwriting import check_is_run, emptied, holds_run
from neatgrow.runs.reading import (
    CHAMPION,
    CHECKPOINTS,
    CONFIG,
    FAILURES,
    HISTORY,
    JUDGED,
    LEARNED,
    LOCK,
    PROBLEM,
    PROVENANCE,
    SPECIES,
    START,
    TRACEBACK,
    VERIFIED,
    check_files,
    checkpoint_paths,
    read_provenance,
)

_MOST_FAILURES = 10_000  # lines of failures.csv
_FAILURES_HEADER = "generation,genome,cause\n"


class RunDirectory:
    """Files of one run, held by one process at a time.

    ``config.toml`` all settings, ``problem.json`` the problem, the seed and the budget,
    ``history.csv`` a line per generation, ``species.csv`` the size of every species in each,
    ``failures.csv`` which genome failed when and why, ``failure.txt`` the traceback of the first
    that raised, if any did, ``champion.npz`` the best genome so far, ``judged.npz`` the same as
    it was judged where what it learned is not inherited, ``verified.json`` its final test once
    there was one, ``provenance.json`` what each segment of the run was made with,
    ``start.npz`` the genomes that it started from, where they were given,
    ``checkpoints/`` the last few states to resume from, ``run.lock`` held while the run goes.

    A write that fails, as on a full disk, is said in a warning and made up for once it is
    possible again; what was written before stays good. A directory that is removed is made again.
    No symbolic link below the directory is followed where something is written or removed.

    Use :meth:`create` for a new run and :meth:`open` for one to go on with.
    """

    def __init__(self, path: Path, checkpoints: Checkpoints | None) -> None:
        self.path = path.absolute()  # users' code may change the working directory
        self.checkpoints = Checkpoints() if checkpoints is None else checkpoints
        check_no_link(path / CHECKPOINTS)
        self._lock = locked(path / LOCK)
        self._texts: dict[str, str] = {}  # what resume needs and is not in checkpoints, by file
        self._champion: Genome | None = None
        self._traceback: str | None = None
        self._saved = 0  # generation of the last checkpoint
        self._tried_at = time.monotonic()
        self._failure_lines = 0
        self._unwritten: list[str] = []  # lines of failures.csv that did not get there yet
        self._tabled = -1  # generations that the tables hold; −1 where that is unsure
        self._remove_leftovers()

    @classmethod
    def create(
        cls,
        path: str | PathLike[str],
        config: Config,
        description: dict[str, Any],
        checkpoints: Checkpoints | None = None,
        *,
        overwrite: bool = False,
        start: Genomes | None = None,
    ) -> Self:
        """The directory of a new run.

        Args:
            path: Made if absent; must not hold another run, unless that is to be overwritten.
            config: Written as TOML.
            description: Of the problem and the run, written as JSON.
            checkpoints: When to save; ``Checkpoints()`` by default.
            overwrite: Whether to remove the files of a run that is there.
            start: Genomes that the run starts from, where they were given.

        Raises:
            FileExistsError: The directory holds a run; or to overwrite, something else of a run's
                names.
            BlockingIOError: Another process is about to begin one there.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise FileExistsError(
                f"{path}: expected a directory or nothing yet, got a file. Choose another name."
            ) from error
        if overwrite:
            check_is_run(path)
        else:
            _check_free(path)
        run = cls(path, checkpoints)
        try:
            if overwrite:
                emptied(path)
            _check_free(path)  # now that no other process can begin one
            run.write_settings(config)
            run.write_tables(History(), [])
            if start is not None:
                start.save(run.path / START)
            run.write_description(description)  # last, since by it the directory holds a run
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def open(cls, path: str | PathLike[str], checkpoints: Checkpoints | None = None) -> Self:
        """The directory of a run to go on with.

        Raises:
            FileNotFoundError: It is no run directory.
            BlockingIOError: Another process is at work on it.
        """
        path = Path(path)
        check_files(path, (CONFIG, PROBLEM))
        return cls(path, checkpoints)

    def close(self) -> None:
        """Unlock the directory; nothing is written to it afterwards."""
        self._lock.close()

    def write_generation(
        self,
        history: History,
        champion: Genome | None,
        learned: Genome | None,
        failures: dict[int, str],
        traceback: str | None,
    ) -> None:
        """Append the last generation and its failures, and save the champion if it is new."""
        generation = history[-1]["generation"]
        room = max(_MOST_FAILURES - self._failure_lines, 0)
        lines = [csv_lines((generation, *named)) for named in islice(failures.items(), room)]
        self._failure_lines += len(lines)
        self._unwritten += lines
        self.catch_up(history, champion, learned, traceback)

    def write_champion(self, champion: Genome, learned: Genome | None) -> None:
        """Replace ``champion.npz``, and ``judged.npz`` where it was judged as something else."""

        def save() -> None:
            if learned is not None:
                learned.save(self.path / JUDGED)
            champion.save(self.path / CHAMPION)

        if self._trying("the champion", save):
            self._champion = champion

    def write_verified(self, verified: Verified | None) -> None:
        """Replace ``verified.json``; without a test there is none."""

        def save() -> None:
            if verified is None:
                (self.path / VERIFIED).unlink(missing_ok=True)
            else:
                write_text(self.path / VERIFIED, json.dumps(asdict(verified)) + "\n")

        if self._is_ours():
            self._trying("the final test", save)

    def write_tables(
        self,
        history: History,
        failures: Iterable[tuple[int, int, str]],
        traceback: str | None = None,
    ) -> None:
        """Write all tables and the traceback anew.

        Raises:
            OSError: They cannot be written.
        """
        self._write_history(history)
        lines = [csv_lines(line) for line in failures]
        write_text(self.path / FAILURES, _FAILURES_HEADER + "".join(lines))
        self._failure_lines = len(lines)
        self._unwritten = []
        if traceback is None:
            (self.path / TRACEBACK).unlink(missing_ok=True)
        else:
            write_text(self.path / TRACEBACK, traceback)
        self._traceback = traceback

    def write_settings(self, config: Config) -> None:
        """Replace ``config.toml``.

        Raises:
            OSError: It cannot be written.
        """
        self._write_kept(CONFIG, config.to_toml())

    def write_description(self, description: dict[str, Any]) -> None:
        """Replace ``problem.json``.

        Raises:
            OSError: It cannot be written.
        """
        self._write_kept(PROBLEM, json.dumps(description, indent=2) + "\n")

    def _write_kept(self, name: str, text: str) -> None:
        write_text(self.path / name, text)
        self._texts[name] = text

    def _is_ours(self) -> bool:
        """Whether the directory is still this run's; it is made again where it was removed."""
        try:
            found = (self.path / LOCK).lstat()
            if os.path.samestat(found, os.fstat(self._lock.fileno())):
                return True
        except FileNotFoundError:
            pass
        return self._trying("the directory, removed during the run,", self._make_again)

    def _make_again(self) -> None:
        there = self.path / PROBLEM
        if there.exists() and there.read_text("utf-8") != self._texts.get(PROBLEM):
            raise FileExistsError("another run has begun there")
        self.path.mkdir(parents=True, exist_ok=True)
        before, self._lock = self._lock, locked(self.path / LOCK)
        before.close()
        if there.exists():  # only the lock was removed
            return
        self._tabled, self._saved, self._champion, self._traceback = -1, 0, None, None
        write_text(self.path / FAILURES, _FAILURES_HEADER)
        for name, text in self._texts.items():
            if name != PROBLEM:
                write_text(self.path / name, text)
        write_text(there, self._texts[PROBLEM])  # last, since by it the directory holds a run
        _checks.warn(f"{self.path}: it was removed during the run, and has been made again.")

    def write_provenance(self, after: int, call: str) -> None:
        """Add what the run is made with from now on to ``provenance.json``; say if that is new.

        Args:
            after: Generations before; segments that began no earlier have been lost.
            call: As :func:`neatgrow.runs.options.call_of` gives it.
        """
        try:
            before = [one for one in read_provenance(self.path) if int(one["after"]) < after]
        except FileError as error:
            _checks.warn(f"{error} It is begun anew.")
            before = []
        now = {**made_with(), "call": call}
        new = differences(before[-1], now) if before else []
        if new:
            _checks.warn(
                f"{self.path}: the run goes on with {', '.join(new)}. Its last bits may not be "
                "those of a run that was never interrupted."
            )
        text = json.dumps([*before, {"after": str(after), **now}], indent=2) + "\n"
        write = partial(self._write_kept, PROVENANCE, text)
        self._trying("the provenance", write)

    def catch_up(
        self,
        history: History,
        champion: Genome | None,
        learned: Genome | None,
        traceback: str | None,
    ) -> None:
        """Write what the files lack, if anything could not be written or is new."""
        if not self._is_ours():
            return
        if self._tabled != len(history) or self._unwritten:
            self._trying("the tables", lambda: self._append(history))
        if traceback is not None and traceback != self._traceback:
            write = partial(write_text, self.path / TRACEBACK, traceback)
            if self._trying("the traceback", write):
                self._traceback = traceback
        if champion is not None and champion is not self._champion:
            self.write_champion(champion, learned)
            with suppress(OSError):  # what was learned of another champion afterwards
                (self.path / LEARNED).unlink(missing_ok=True)

    def is_due(self, generation: int) -> bool:
        """Whether a checkpoint is to be written after this generation."""
        rule = self.checkpoints
        return (
            self._saved == 0
            or (rule.generations is not None and generation - self._saved >= rule.generations)
            or (rule.seconds is not None and time.monotonic() - self._tried_at >= rule.seconds)
        )

    def write_checkpoint(self, snapshot: Snapshot, *, again: bool = False) -> None:
        """Save a state to resume from, and drop the oldest beyond those to keep.

        Args:
            snapshot: The state.
            again: Whether to replace a checkpoint of the same generation.
        """
        generation = snapshot.population.generation
        if not self._is_ours() or (generation == self._saved and not again):
            return
        path = self.path / CHECKPOINTS / f"{generation:08}.npz"

        def save() -> None:
            check_no_link(path.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_snapshot(path, snapshot)
            older = [p for p in checkpoint_paths(self.path) if p.name <= path.name]
            for old in older[self.checkpoints.keep :]:
                old.unlink()

        if self._trying(f"checkpoint {generation}", save):
            self._saved = generation
        self._tried_at = time.monotonic()

    def latest(self) -> Snapshot | None:
        """The newest state that can be read; ``None`` where none was saved yet.

        Later checkpoints, damaged ones, are said in a warning and put aside.

        Raises:
            FileError: There are checkpoints, and none can be read; or the newest is of a newer
                format or needs what is not registered here, and is too good to be passed over.
            OSError, MemoryError: The newest cannot be read now.
        """
        damaged: list[tuple[Path, FileError]] = []
        for path in checkpoint_paths(self.path):
            try:
                snapshot = load_snapshot(path)
            except UnknownContentError:
                raise
            except FileError as error:
                damaged.append((path, error))
                continue
            for bad, why in damaged:
                aside = bad.with_name(f"{bad.name}.damaged")
                with suppress(OSError):
                    bad = bad.replace(aside)
                _checks.warn(f"{why} It is kept as {bad.name}. Going on from {path.name}.")
            self._saved = snapshot.population.generation
            return snapshot
        if damaged:
            raise FileError(
                f"{damaged[0][1]} None of the {len(damaged)} checkpoints in {self.path} can be "
                f"read, so the run cannot go on. {self._what_is_left()}"
            ) from damaged[0][1]
        return None

    def _what_is_left(self) -> str:
        """What there is to do with a run whose checkpoints are lost."""
        others = [n for n in (CONFIG, HISTORY, SPECIES, FAILURES) if (self.path / n).is_file()]
        champion = self.path / CHAMPION
        try:
            load_genome(champion)
        except (FileError, OSError):
            return f"What is left: {', '.join(others)}. Begin a new run in another directory."
        return (
            f"What is left: {', '.join((CHAMPION, *others))}; 'neatgrow show {self.path}' shows "
            f"it. Begin again from the champion, in another directory: evolve(…, "
            f"start={str(champion)!r}), with the settings of {CONFIG}."
        )

    def failures_until(self, snapshot: Snapshot) -> list[tuple[int, int, str]]:
        """The lines of ``failures.csv`` up to a checkpoint, which itself names only the first."""
        last, named = snapshot.population.generation, []
        try:
            with open_file(self.path / FAILURES) as file:
                lines = io.TextIOWrapper(file, "utf-8", newline="")
                for row in islice(csv.reader(lines), 1, None):
                    if len(row) == 3 and int(row[0]) <= last:  # a kill cuts short later ones only
                        named.append((int(row[0]), int(row[1]), row[2]))
        except (OSError, ValueError, csv.Error):  # damaged: what the checkpoint names is left
            return snapshot.failures
        return max(named, snapshot.failures, key=len)

    def _write_history(self, history: History) -> None:
        sizes = zip(history["generation"].tolist(), history.species_sizes, strict=True)
        write_text(self.path / SPECIES, _species_lines(sizes, header=True))
        write_text(self.path / HISTORY, history.to_csv())
        self._tabled = len(history)

    def _append(self, history: History) -> None:
        """Write what the tables lack; the last generation is appended to what is whole."""
        if self._unwritten:
            text = "".join(self._unwritten)
            if not self._append_text(FAILURES, text):
                write_text(self.path / FAILURES, _FAILURES_HEADER + text)
            self._unwritten = []
        if self._tabled == len(history):
            return
        follows, self._tabled = self._tabled == len(history) - 1, -1  # until all is written
        # History last: a generation that is there has its species there.
        sizes = [(history[-1]["generation"], history.species_sizes[-1])]
        if not (
            follows
            and self._append_text(SPECIES, _species_lines(sizes))
            and self._append_text(HISTORY, csv_lines(history[-1].values()))
        ):
            self._write_history(history)
        self._tabled = len(history)

    def _append_text(self, name: str, text: str) -> bool:
        """Append all of it, or nothing where only a part fits on the disk; whether there was a
        table to append to."""
        if (self.path / name).is_symlink():
            return False  # so that it is replaced
        with append_to(self.path / name) as file:
            end, rest = file.tell(), memoryview(text.encode())
            try:
                while end and rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(end)
                raise
            return end > 0

    def _remove_leftovers(self) -> None:
        """Remove what a process that was killed had not finished writing."""
        for name in (
            CONFIG, PROBLEM, HISTORY, SPECIES, FAILURES, TRACEBACK, CHAMPION, JUDGED, VERIFIED,
            PROVENANCE, START,
        ):  # fmt: skip
            for path in self.path.glob(f".{name}.*.tmp"):
                path.unlink()
        for path in (self.path / CHECKPOINTS).glob(".*.npz.*.tmp"):
            path.unlink()

    def _trying(self, what: str, write: Callable[[], object]) -> bool:
        """Whether a write succeeded; a run does not end for want of a disk."""
        try:
            write()
        except OSError as error:
            there = any(checkpoint_paths(self.path))
            good = f"checkpoint {self._saved} stays good" if there else "there is no checkpoint"
            _checks.warn(
                f"{self.path}: {what} could not be written ({error}); {good}, and the run goes on."
            )
            return False
        return True


def _species_lines(sizes: Iterable[tuple[int, dict[int, int]]], header: bool = False) -> str:
    lines = ["generation,species,size\n"] if header else []
    for generation, members in sizes:
        lines += [csv_lines((generation, species, size)) for species, size in members.items()]
    return "".join(lines)


def _check_free(path: Path) -> None:
    if holds_run(path):
        raise FileExistsError(
            f"{path}: expected an empty directory, got one that holds a run. Choose another "
            f"directory, go on with 'neatgrow resume {path}', or begin anew there with "
            "overwrite=True, or --overwrite."
        )
