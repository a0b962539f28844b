"""What a run's directory holds, read by whoever looks at it or goes on with it."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from neatgrow import _checks
from neatgrow._settings import UnknownKindError
from neatgrow.config import Config
from neatgrow.files.archive import (
    DAMAGE,
    FileError,
    UnknownContentError,
    open_file,
    parsed_json,
    read_json,
    whole,
)
from neatgrow.files.genomes import load_genome
from neatgrow.files.provenance import checked_provenance
from neatgrow.genomes.genomes import Genome
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.checkpoints import load_snapshot
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import COLUMNS, COUNTS, MISSING, MOST_COUNTED, History
from neatgrow.runs.options import Options

CONFIG, PROBLEM = "config.toml", "problem.json"
HISTORY, SPECIES = "history.csv", "species.csv"
FAILURES, TRACEBACK = "failures.csv", "failure.txt"
CHAMPION, JUDGED, LEARNED = "champion.npz", "judged.npz", "learned.npz"
START = "start.npz"
VERIFIED, PROVENANCE = "verified.json", "provenance.json"
LOCK, CHECKPOINTS = "run.lock", "checkpoints"
PAGES = (  # what the command line draws beside them
    "network.png", "fitness.png", "species.png", "history.png", "learned.png", "report.html",
)  # fmt: skip
_MOST = (1 << 63) - 1
_MOST_ID = (1 << 31) - 1  # species and generations are numbers of 32 bits
_MOST_SETTINGS = 4 << 20  # bytes


def checkpoint_paths(path: Path) -> list[Path]:
    """Files of a run's checkpoints, newest first."""
    return sorted((path / CHECKPOINTS).glob("[0-9]*.npz"), reverse=True)


def check_files(path: Path, names: Iterable[str]) -> None:
    """Raise FileNotFoundError, saying which, if a file is missing."""
    for name in names:
        if not (path / name).is_file():
            raise FileNotFoundError(
                f"{path}: expected a run directory, got one without {name}. Pass a directory "
                "that 'neatgrow run' or evolve(directory=…) wrote."
            )


def read_history(path: Path) -> History:
    """The history that a run directory holds.

    Raises:
        FileError: A line of it is damaged; says which.
    """
    sizes: dict[int, dict[int, int]] = {}

    def take_sizes(line: str) -> None:
        generation, species, size = (int(part) for part in line.split(","))
        for name, value in (("generation", generation), ("species", species), ("size", size)):
            whole({name: value}, name, 1, _MOST_ID)
        sizes.setdefault(generation, {})[species] = size

    header: list[str] = []

    def take_row(line: str) -> None:
        if not header:
            header.extend(line.split(","))
            if len({*header}) < len(header):
                raise ValueError("expected every column once")
            return
        missing = {name: MISSING[kind] for name, kind in COLUMNS.items() if name not in header}
        given = dict(zip(header, line.split(","), strict=True))
        row = missing | {name: COLUMNS[name](value) for name, value in given.items()}
        for name in COUNTS:
            whole(row, name, 0, MOST_COUNTED)
        whole(row, "generation", len(history) + 1, len(history) + 1)
        history.append(row, sizes.get(len(history) + 1, {}))

    history = History()
    _each_line(path / SPECIES, take_sizes, 2)
    _each_line(path / HISTORY, take_row, 1)
    return history


def _each_line(path: Path, take: Callable[[str], None], first: int) -> None:
    """Hand every line from ``first`` on to ``take``, but for one that a kill cut short."""
    with open_file(path) as file:
        for number, line in enumerate(file, 1):
            if number < first or not line.endswith(b"\n"):
                continue
            try:
                take(line[:-1].decode())
            except DAMAGE as error:
                raise FileError(
                    f"{path}: expected a line of a run's table, got {_checks.shown(line[:-1])} in "
                    f"line {number} ({error}). 'neatgrow resume' writes the tables anew from the "
                    "last checkpoint."
                ) from error


def read_settings(directory: Path) -> Config:
    """The settings of a run, as its ``config.toml`` has them.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: It is damaged.
    """
    path = directory / CONFIG
    check_files(directory, (CONFIG,))
    try:
        if path.stat().st_size > _MOST_SETTINGS:
            raise ValueError(f"{path.stat().st_size} bytes of settings")
        return Config.from_toml(path)
    except UnknownKindError as error:
        raise UnknownContentError(f"{path}: {error}") from error
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected a run's settings in TOML, got an error: {error}"
        ) from error


def read_run(directory: str | PathLike[str]) -> tuple[dict[str, Any], History, Genome]:
    """What a run directory holds: the problem's description, the history, the champion.

    Raises:
        FileNotFoundError: It is no run directory; says what is missing.
        FileError: A file in it is damaged; says which.
    """
    path = Path(directory)
    check_files(path, (PROBLEM, HISTORY, SPECIES, CHAMPION))
    description = read_description(path)
    history = read_history(path)
    if not len(history):
        raise FileError(f"{path / HISTORY}: expected at least one generation, got none.")
    return description, history, load_genome(path / CHAMPION)


def read_judged(directory: str | PathLike[str]) -> Genome | None:
    """The champion as it was judged, where that is not as it was born.

    Raises:
        FileError: The file is damaged.
    """
    path = Path(directory) / JUDGED
    return load_genome(path) if path.exists() else None


def read_verified(directory: str | PathLike[str]) -> Verified | None:
    """The final test of the champion, where there was one.

    Raises:
        FileError: The file is damaged.
    """
    path = Path(directory) / VERIFIED
    if not path.exists():
        return None
    try:
        values = read_json(path)
        mean, error = (_checks.number(name, values[name]) for name in ("mean", "standard_error"))
        episodes, failed = (whole(values, name, 0, _MOST) for name in ("episodes", "failed"))
        return Verified(mean, error, episodes, failed)
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected the champion's final test in JSON, got an error: {error}"
        ) from error


def read_provenance(directory: str | PathLike[str]) -> list[dict[str, str]]:
    """What each segment of a run was made with, first to last: the versions, the processor, the
    command line and the call, and under ``"after"`` the generations before it.

    Returns:
        Nothing where the run is of before this was kept.

    Raises:
        FileError: The file is damaged.
    """
    path = Path(directory) / PROVENANCE
    if not path.exists():
        return []
    try:
        segments = [checked_provenance(one) for one in list(parsed_json(path))]
        for one in segments:
            whole({"after": int(one["after"])}, "after", 0, _MOST)
        return segments
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected what the run was made with in JSON, got an error: {error} "
            "Remove the file: nothing depends on it."
        ) from error


def read_description(directory: str | PathLike[str]) -> dict[str, Any]:
    """What ``problem.json`` says: the problem, the seed, and under ``"run"`` the budget.

    Args:
        directory: Of the run.

    Raises:
        FileNotFoundError: It is no run directory.
        FileError: It is damaged.
    """
    check_files(Path(directory), (PROBLEM,))
    path = Path(directory) / PROBLEM
    try:
        description = read_json(path)
        whole({"seed": 0, **description}, "seed", 0, _MOST)
        about = {**Options().to_dict(), **dict(description.get("run", {}))}
        _check_run(about)
    except DAMAGE as error:
        raise FileError(
            f"{path}: expected a problem's description in JSON, got an error: {error}"
        ) from error
    return {**description, "run": about}


def _check_run(about: dict[str, Any]) -> None:
    for name in ("inputs", "outputs"):
        whole({name: 1, **about}, name, 1, _MOST)
    with suppress(UnknownContentError):  # which those say who need it
        Options.from_dict(about)


def read_lineage(directory: str | PathLike[str]) -> Lineage | None:
    """The lineage of a run, up to its newest checkpoint that can be read.

    A run that goes on is left in peace.

    Returns:
        ``None`` where there is no checkpoint yet, or one of before lineages were kept.

    Raises:
        FileNotFoundError: There is no such directory.
        FileError: There are checkpoints, and none can be read.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise FileNotFoundError(
            _checks.message(str(folder), "a run directory", "none",
                            "Pass a directory that evolve(directory=…) wrote.")
        )  # fmt: skip
    damaged: FileError | None = None
    for path in checkpoint_paths(folder):
        try:
            return load_snapshot(path).lineage
        except FileNotFoundError:  # the run has just replaced it by a newer one
            continue
        except FileError as error:
            damaged = damaged or error
    if damaged is not None:
        raise damaged
    return None
