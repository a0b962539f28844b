"""A run's directory: what is written while it goes, and read when it is looked at."""

import json
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from neatgrow.config import Config
from neatgrow.files import FileError, write_text
from neatgrow.genomes import Genome
from neatgrow.history import COLUMNS, History, csv_lines
from neatgrow.problems.base import Problem
from neatgrow.storage import load_genome

CONFIG, PROBLEM, HISTORY, SPECIES, CHAMPION = (
    "config.toml",
    "problem.json",
    "history.csv",
    "species.csv",
    "champion.npz",
)


class RunDirectory:
    """Files of one run.

    ``config.toml`` all settings, ``problem.json`` the problem and the seed, ``history.csv``
    a line per generation, ``species.csv`` the size of every species in each, ``champion.npz``
    the best genome so far.

    Args:
        path: Made if absent; must not hold another run.
        config: Written as TOML.
        problem: Described in JSON.
        seed: Of the run.

    Raises:
        FileExistsError: The directory holds a run.
    """

    def __init__(
        self, path: str | PathLike[str], config: Config, problem: Problem, seed: int
    ) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        if (self.path / HISTORY).exists():
            raise FileExistsError(
                f"{self.path}: expected an empty directory, got one that holds a run. Choose "
                "another directory, or remove this one."
            )
        description = {"seed": int(seed), **problem.describe()}
        write_text(self.path / CONFIG, config.to_toml())
        write_text(self.path / PROBLEM, json.dumps(description, indent=2) + "\n")
        write_text(self.path / HISTORY, csv_lines(COLUMNS))
        write_text(self.path / SPECIES, "generation,species,size\n")
        self._champion: Genome | None = None

    def write_generation(self, history: History, champion: Genome | None) -> None:
        """Append the last generation, and save the champion if it is a new one."""
        with (self.path / HISTORY).open("a", encoding="utf-8") as file:
            file.write(csv_lines(history[-1].values()))
        with (self.path / SPECIES).open("a", encoding="utf-8") as file:
            generation = history[-1]["generation"]
            for species, size in history.species_sizes[-1].items():
                file.write(csv_lines((generation, species, size)))
        if champion is not None and champion is not self._champion:
            champion.save(self.path / CHAMPION)
            self._champion = champion


def read_history(path: Path) -> History:
    """The history that a run directory holds.

    Raises:
        FileError: A line of it is damaged; says which.
    """
    sizes: dict[int, dict[int, int]] = {}

    def take_sizes(line: str) -> None:
        generation, species, size = (int(part) for part in line.split(","))
        sizes.setdefault(generation, {})[species] = size

    def take_row(line: str) -> None:
        values = dict(zip(COLUMNS, line.split(","), strict=True))
        history.append(values, sizes.get(int(values["generation"]), {}))

    history = History()
    _each_line(path / SPECIES, take_sizes)
    _each_line(path / HISTORY, take_row)
    return history


def _each_line(path: Path, take: Callable[[str], None]) -> None:
    """Hand every line below the header to ``take``."""
    for number, line in enumerate(path.read_bytes().splitlines()[1:], 2):
        try:
            take(line.decode())
        except ValueError as error:
            raise FileError(
                f"{path}: expected a line of a run's table, got {line!r} in line {number}. Remove "
                "the line if a run was killed while writing it."
            ) from error


def read_run(directory: str | PathLike[str]) -> tuple[dict[str, Any], History, Genome]:
    """What a run directory holds: the problem's description, the history, the champion.

    Raises:
        FileNotFoundError: It is no run directory; says what is missing.
        FileError: A file in it is damaged; says which.
    """
    path = Path(directory)
    for name in (PROBLEM, HISTORY, SPECIES, CHAMPION):
        if not (path / name).is_file():
            raise FileNotFoundError(
                f"{path}: expected a run directory, got one without {name}. Pass a directory "
                "that 'neatgrow run' or evolve(directory=…) wrote."
            )
    try:
        description = dict(json.loads((path / PROBLEM).read_text("utf-8")))
    except (TypeError, ValueError) as error:
        raise FileError(
            f"{path / PROBLEM}: expected a problem's description in JSON, got an error: {error}."
        ) from error
    history = read_history(path)
    if not len(history):
        raise FileError(f"{path / HISTORY}: expected at least one generation, got none.")
    return description, history, load_genome(path / CHAMPION)
