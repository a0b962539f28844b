"""A directory that holds a run, emptied for another one: of its own files, and of nothing else."""

from itertools import chain
from pathlib import Path

from neatgrow.files.archive import FileError, check_no_link
from neatgrow.runs.reading import (
    CHAMPION,
    CHECKPOINTS,
    CONFIG,
    FAILURES,
    HISTORY,
    JUDGED,
    LEARNED,
    PAGES,
    PROBLEM,
    PROVENANCE,
    SPECIES,
    START,
    TRACEBACK,
    VERIFIED,
    checkpoint_paths,
    read_description,
)

# The description last: while it is there, the directory holds a run.
_OWN = (
    HISTORY, SPECIES, FAILURES, TRACEBACK, CHAMPION, JUDGED, LEARNED, VERIFIED, PROVENANCE, START,
    *PAGES, CONFIG, PROBLEM,
)  # fmt: skip


def holds_run(path: Path) -> bool:
    """Whether there is a run in a directory, or what is left of one."""
    return (path / PROBLEM).exists() or bool(checkpoint_paths(path))


def check_is_run(path: Path) -> None:
    """Refuse a directory that holds something else than a whole run.

    Raises:
        FileExistsError: There are files of a run's names, and they are not a run's.
    """
    if not holds_run(path):
        return
    try:
        check_no_link(path / CHECKPOINTS)
        read_description(path)
        found = all((path / name).is_file() for name in (CONFIG, PROBLEM))
        links = any((path / name).is_symlink() for name in (CONFIG, PROBLEM))
    except (FileError, OSError):
        found = links = False
    if links or not found:
        raise FileExistsError(
            f"{path}: expected a run to overwrite, or an empty directory, got files of a run's "
            "names that are no whole run. Look at them, and remove what you do not need yourself."
        )


def emptied(path: Path) -> None:
    """Remove the files of the run in a directory that this process holds.

    Files that are not a run's stay. Of a link the link is removed, and what it leads to stays.

    Raises:
        FileExistsError: As :func:`check_is_run`.
        OSError: One of them cannot be removed.
    """
    check_is_run(path)
    if not holds_run(path):
        return
    saved = (path / CHECKPOINTS).glob("[0-9]*.npz")
    aside = (path / CHECKPOINTS).glob("[0-9]*.npz.damaged")
    for file in chain(list(saved), list(aside), (path / name for name in _OWN)):
        file.unlink(missing_ok=True)
