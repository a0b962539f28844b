"""A run's directory: what is written while it goes, and read when it is looked at."""

import json
import os
from os import PathLike
from pathlib import Path
from typing import Any

from neatgrow.config import Config
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
        description = {"seed": seed, **problem.describe()}
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
    """The history that a run directory holds."""
    sizes: dict[int, dict[int, int]] = {}
    lines = (path / SPECIES).read_text("utf-8").splitlines()[1:]
    for line in lines:
        generation, species, size = (int(part) for part in line.split(","))
        sizes.setdefault(generation, {})[species] = size
    history = History()
    names = list(COLUMNS)
    for line in (path / HISTORY).read_text("utf-8").splitlines()[1:]:
        values = dict(zip(names, line.split(","), strict=True))
        history.append(values, sizes.get(int(values["generation"]), {}))
    return history


def read_run(directory: str | PathLike[str]) -> tuple[dict[str, Any], History, Genome]:
    """What a run directory holds: the problem's description, the history, the champion.

    Raises:
        FileNotFoundError: It is no run directory; says what is missing.
    """
    path = Path(directory)
    for name in (PROBLEM, HISTORY, SPECIES, CHAMPION):
        if not (path / name).is_file():
            raise FileNotFoundError(
                f"{path}: expected a run directory, got one without {name}. Pass a directory "
                "that 'neatgrow run' or evolve(directory=…) wrote."
            )
    description = json.loads((path / PROBLEM).read_text("utf-8"))
    return description, read_history(path), load_genome(path / CHAMPION)


def write_text(path: Path, text: str) -> None:
    """Write a file whole: to a temporary beside it, then renamed into place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
