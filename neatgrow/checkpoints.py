"""Populations and runs as files: everything that later generations follow from, bit for bit."""

from dataclasses import dataclass, fields
from os import PathLike
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.files import DAMAGE, FileError, read_archive, write_archive
from neatgrow.history import History
from neatgrow.kernels.layout import Array
from neatgrow.learning.lifetime import Learning
from neatgrow.population import State
from neatgrow.species import SpeciesTable
from neatgrow.storage import pack_genomes, unpack_genomes

POPULATION, RUN, VERSION = "neatgrow population", "neatgrow run", 1
_TABLE = {f.name: f for f in fields(SpeciesTable) if f.name != "founded"}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two generations.

    Attributes:
        population: As the last ``tell`` left it.
        history: Table by generation.
        statistics: Input statistics that the champion was judged with, where there are any.
        solved: Whether it solves the problem.
        failures: First failures of the run: generation, genome, cause.
        problem: Its description.
        problem_state: What it keeps between generations, such as observation statistics.
        generations: Most generations that were asked for.
        solved_at: Fitness to stop at, as told; ``None`` for the problem's own.
        learning: How genomes learn, or ``None``.
        changes: Settings overridden on the way: generation, and values by dotted path.
    """

    population: State
    history: History
    statistics: dict[str, Array]
    solved: bool
    failures: list[tuple[int, int, str]]
    problem: dict[str, Any]
    problem_state: dict[str, Array]
    generations: int
    solved_at: float | None
    learning: Learning | None
    changes: list[tuple[int, dict[str, Any]]]


def save_population(path: str | PathLike[str], state: State) -> None:
    """Write a population; the work of ``Population.save``."""
    metadata, arrays = _pack_state(state)
    write_archive(path, {"format": POPULATION, "version": VERSION, **metadata}, arrays)


def load_population(path: str | PathLike[str]) -> State:
    """The population in a file of :func:`save_population`, or in a run's checkpoint.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another kind or of a newer format.
    """
    metadata, arrays = read_archive(path, [POPULATION, RUN], VERSION)
    try:
        return _unpack_state(metadata, arrays)
    except DAMAGE as error:
        raise _unsound(path, error) from error


def save_snapshot(path: str | PathLike[str], snapshot: Snapshot) -> None:
    """Write a run's checkpoint.

    Raises:
        OSError: The file cannot be written; an old one stays.
    """
    metadata, arrays = _pack_state(snapshot.population)
    metadata |= {
        "solved": snapshot.solved,
        "failures": snapshot.failures,
        "problem": snapshot.problem,
        "generations": snapshot.generations,
        "solved_at": snapshot.solved_at,
        "learning": None if snapshot.learning is None else snapshot.learning.to_dict(),
        "changes": snapshot.changes,
    }
    arrays |= _prefixed("history", snapshot.history.to_arrays(snapshot.population.generation))
    arrays |= _prefixed("statistics", snapshot.statistics)
    arrays |= _prefixed("problem", snapshot.problem_state)
    write_archive(path, {"format": RUN, "version": VERSION, **metadata}, arrays)


def load_snapshot(path: str | PathLike[str]) -> Snapshot:
    """The run in a checkpoint.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another kind or of a newer format.
    """
    metadata, arrays = read_archive(path, [RUN], VERSION)
    try:
        state = _unpack_state(metadata, arrays)
        history = History.from_arrays(_below("history", arrays))
        if len(history) != state.generation:
            raise ValueError(f"history: expected {state.generation} rows, got {len(history)}.")
        solved_at, learning = metadata["solved_at"], metadata.get("learning")
        return Snapshot(
            population=state,
            history=history,
            statistics=_statistics(_below("statistics", arrays), state),
            solved=bool(metadata["solved"]),
            failures=[(int(g), int(row), str(cause)) for g, row, cause in metadata["failures"]],
            problem=dict(metadata["problem"]),
            problem_state=_below("problem", arrays),
            generations=_checks.integer("generations", metadata["generations"], 1),
            solved_at=None if solved_at is None else float(solved_at),
            learning=None if learning is None else Learning.from_dict(learning),
            changes=[(int(g), dict(values)) for g, values in metadata["changes"]],
        )
    except DAMAGE as error:
        raise _unsound(path, error) from error


def _unsound(path: str | PathLike[str], error: Exception) -> FileError:
    return FileError(f"{path}: expected a sound population, got a damaged file: {error}")


def _pack_state(state: State) -> tuple[dict[str, Any], dict[str, Array]]:
    genomes, columns = pack_genomes(state.genomes)
    metadata: dict[str, Any] = {
        "config": state.config.to_toml(),
        "seed": state.seed,
        "minimize": state.minimize,
        "generation": state.generation,
        "threshold": state.threshold,
        "moved": state.moved,
        "deaths": state.deaths,
        "founded": state.table.founded,
        "genomes": genomes,
        "champion": None,
        "champion_fitness": None,
    }
    arrays = _prefixed("genomes", columns)
    arrays |= {"fitness": state.fitness, "species": state.species}
    arrays |= {f"table.{name}": getattr(state.table, name) for name in _TABLE}
    if state.champion is not None:
        metadata["champion"], columns = pack_genomes(state.champion.batch())
        metadata["champion_fitness"] = state.champion_fitness
        arrays |= _prefixed("champion", columns)
    return metadata, arrays


def _unpack_state(metadata: dict[str, Any], arrays: dict[str, Array]) -> State:
    genomes = unpack_genomes(metadata["genomes"], _below("genomes", arrays))
    generation = _checks.integer("generation", metadata["generation"], 1)
    fitness = _checks.array("fitness", arrays["fitness"], (len(genomes),))
    if np.isinf(fitness).any():
        raise ValueError("fitness: expected numbers or NaN, got infinity.")
    founded = _checks.integer("founded", metadata["founded"], 1)
    columns = {name: arrays[f"table.{name}"] for name in _TABLE}
    table = SpeciesTable(**columns, founded=founded)
    species = arrays["species"]
    _check_species(species, table, len(genomes), generation)
    threshold = float(metadata["threshold"])
    if not 0.0 < threshold < np.inf:
        raise ValueError(_checks.message("threshold", "a positive number", threshold))
    state = State(
        config=Config.from_toml(f"{metadata['config']}\n"),
        seed=_checks.integer("seed", metadata["seed"], 0),
        minimize=bool(metadata["minimize"]),
        generation=generation,
        genomes=genomes,
        fitness=fitness,
        species=species,
        table=table,
        threshold=threshold,
        champion=None,
        champion_fitness=-np.inf,
        moved=_checks.integer("moved", metadata["moved"], 0),
        deaths={int(id_): str(reason) for id_, reason in dict(metadata["deaths"]).items()},
    )
    if metadata["champion"] is None:
        return state
    champion = unpack_genomes(metadata["champion"], _below("champion", arrays))
    own, face = genomes.interface, champion.interface
    if len(champion) != 1 or (face.inputs, face.outputs) != (own.inputs, own.outputs):
        raise ValueError("champion: expected one genome of the population's inputs and outputs.")
    value = float(metadata["champion_fitness"])
    if not np.isfinite(value):
        raise ValueError(_checks.message("champion_fitness", "a finite number", value))
    return State(**{**vars(state), "champion": champion[0], "champion_fitness": value})


def _check_species(species: Array, table: SpeciesTable, count: int, generation: int) -> None:
    for name, kind in (("id", "i8"), ("born", "i8"), ("best", "f8"), ("improved", "i8")):
        column = getattr(table, name)
        if column.shape != table.id.shape or column.ndim != 1 or column.dtype != kind:
            raise ValueError(f"table.{name}: expected {table.id.size} values of type {kind}.")
    if (np.diff(table.id) <= 0).any() or not ((table.id > 0) & (table.id <= table.founded)).all():
        raise ValueError(f"table.id: expected rising numbers from 1 to {table.founded}.")
    if np.isnan(table.best).any() or not (table.improved <= generation).all():
        raise ValueError("table: expected numbers and generations that have been.")
    if species.dtype != np.int32 or species.shape != (count,):
        raise ValueError(f"species: expected {count} rows of type int32.")
    if ((species < 0) | (species >= len(table))).any() or np.unique(species).size != len(table):
        raise ValueError(f"species: expected rows of the table, each of {len(table)} in use.")


def _statistics(arrays: dict[str, Array], state: State) -> dict[str, Array]:
    size = state.genomes.interface.inputs
    return {
        name: _checks.array(name, arrays[name], (size,), finite=True)
        for name in ("input_mean", "input_scale")
        if name in arrays
    }


def _prefixed(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {f"{name}.{key}": array for key, array in arrays.items()}


def _below(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    start = f"{name}."
    return {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}
