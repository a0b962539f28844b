"""Populations and runs as files: everything that later generations follow from, bit for bit."""

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np

from neatgrow import _checks, automatic
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.evaluation.tracebacks import printable
from neatgrow.files.archive import (
    DAMAGE,
    UnknownContentError,
    damaged,
    plain,
    read_archive,
    typed,
    whole,
    write_archive,
)
from neatgrow.files.genomes import input_statistics, pack_genomes, unpack_genomes
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.variation import rules_of
from neatgrow.lineage.files import pack_lineage, unpack_lineage
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.history import History
from neatgrow.runs.options import Options
from neatgrow.runs.retests import UNTESTED, checked_state
from neatgrow.selection.population import State
from neatgrow.selection.species import SpeciesTable

POPULATION, RUN, VERSION = "neatgrow population", "neatgrow run", 1
_TABLE = {"id": np.int64, "born": np.int64, "best": np.float64, "improved": np.int64}
_MOST = 1 << 30  # generations and species: births and ids of as many more fit into 32 bits
_LARGEST = (1 << 63) - 1
_SOUND = "a sound population"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two generations.

    Attributes:
        population: As the last ``tell`` left it.
        history: Table by generation.
        statistics: Input statistics that the champion was judged with, where there are any.
        solved: Whether it solves the problem.
        failures: First failures of the run: generation, genome, cause.
        traceback: Of the first evaluation that raised; ``None`` in files of before it was kept.
        problem: Its description.
        problem_state: What it keeps between generations, such as observation statistics.
        options: What was asked of the run.
        changes: Settings overridden on the way: generation, and values by dotted path.
        lineage: Who descends from whom; ``None`` in files of before it was kept.
        noisy: Whether fitness depends on luck, as the problem says or as was noticed.
        retests: The evidence for the champion, as :meth:`neatgrow.runs.retests.Retests.state`
            gives it.
        learned: The champion as it was judged, where that is not as it was born.
    """

    population: State
    history: History
    statistics: dict[str, Array]
    solved: bool
    failures: list[tuple[int, int, str]]
    traceback: str | None
    problem: dict[str, Any]
    problem_state: dict[str, Array]
    options: Options
    changes: list[tuple[int, dict[str, Any]]]
    lineage: Lineage | None
    noisy: bool
    retests: dict[str, Any]
    learned: Genome | None


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
        raise damaged(path, _SOUND, error) from error


def save_snapshot(path: str | PathLike[str], snapshot: Snapshot) -> None:
    """Write a run's checkpoint.

    Raises:
        OSError: The file cannot be written; an old one stays.
        TypeError, ValueError: The problem's description or its state are such that no file can
            hold them.
    """
    metadata, arrays = _pack_state(snapshot.population)
    plain({"problem": snapshot.problem}, "problem", dict)  # what could not be read again
    metadata |= {
        "solved": snapshot.solved,
        "failures": snapshot.failures,
        "traceback": snapshot.traceback,
        "problem": snapshot.problem,
        **snapshot.options.to_dict(),
        "changes": snapshot.changes,
        "noisy": snapshot.noisy,
        "retests": snapshot.retests,
        "learned": None,
    }
    arrays |= _prefixed("history", snapshot.history.to_arrays(snapshot.population.generation))
    arrays |= _prefixed("statistics", snapshot.statistics)
    arrays |= _prefixed("problem", snapshot.problem_state)
    if snapshot.lineage is not None:
        metadata["lineage"], columns = pack_lineage(snapshot.lineage)
        arrays |= _prefixed("lineage", columns)
    if snapshot.learned is not None:
        metadata["learned"], columns = pack_genomes(snapshot.learned.batch())
        arrays |= _prefixed("learned", columns)
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
        traceback = metadata.get("traceback")
        return Snapshot(
            population=state,
            history=history,
            statistics=input_statistics(
                _below("statistics", arrays), state.genomes.interface.inputs
            ),
            solved=plain(metadata, "solved", bool),
            failures=_rows(metadata, "failures", (int, int, str)),
            traceback=None if traceback is None else printable(plain(metadata, "traceback", str)),
            problem=plain(metadata, "problem", dict),
            problem_state=_below("problem", arrays),
            options=Options.from_dict(metadata),
            changes=_rows(metadata, "changes", (int, dict)),
            lineage=_lineage(metadata, arrays, state),
            noisy=plain({"noisy": False, **metadata}, "noisy", bool),
            retests=checked_state(plain({"retests": UNTESTED, **metadata}, "retests", dict)),
            learned=_one_genome("learned", metadata, arrays, state),
        )
    except DAMAGE as error:
        raise damaged(path, _SOUND, error) from error


def _pack_state(state: State) -> tuple[dict[str, Any], dict[str, Array]]:
    genomes, columns = pack_genomes(state.genomes)
    metadata: dict[str, Any] = {
        "config": state.config.to_dict(),
        "seed": state.seed,
        "minimize": state.minimize,
        "generation": state.generation,
        "threshold": state.threshold,
        "moved": state.moved,
        "deaths": state.deaths,
        "chosen": state.chosen,
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
    if not len(genomes):
        raise ValueError("genomes: expected at least one, got none.")
    config = Config().override(plain(metadata, "config", dict))
    try:
        rules_of(config, genomes.interface)  # which knows the options by name
    except ValueError as error:
        raise UnknownContentError(f"{error} Register it before loading.") from error
    generation = whole(metadata, "generation", 1, _MOST)
    chosen = plain({"chosen": {}, **metadata}, "chosen", dict)  # absent in older files
    automatic.check_chosen(config, chosen)
    fitness = typed(arrays, "fitness", np.float64, (len(genomes),))
    if np.isinf(fitness).any():
        raise ValueError("fitness: expected numbers or NaN, got infinity.")
    table = _unpack_table(metadata, arrays, generation)
    species = typed(arrays, "species", np.int32, (len(genomes),))
    if ((species < 0) | (species >= len(table))).any() or np.unique(species).size != len(table):
        raise ValueError(f"species: expected rows of the table, each of {len(table)} in use.")
    threshold = _number(metadata, "threshold")
    if not 0.0 <= threshold < np.inf:
        raise ValueError(_checks.message("threshold", "a number from 0", threshold))
    state = State(
        config=config,
        seed=whole(metadata, "seed", 0, _LARGEST),
        minimize=plain(metadata, "minimize", bool),
        generation=generation,
        genomes=genomes,
        fitness=fitness,
        species=species,
        table=table,
        threshold=threshold,
        champion=None,
        champion_fitness=-np.inf,
        moved=whole(metadata, "moved", 0, generation),
        deaths={int(id_): str(why) for id_, why in plain(metadata, "deaths", dict).items()},
        chosen=chosen,
    )
    return state if metadata["champion"] is None else _with_champion(state, metadata, arrays)


def _one_genome(
    name: str, metadata: dict[str, Any], arrays: dict[str, Array], state: State
) -> Genome | None:
    if metadata.get(name) is None:
        return None
    genomes = unpack_genomes(metadata[name], _below(name, arrays))
    own, face = state.genomes.interface, genomes.interface
    if len(genomes) != 1 or (face.inputs, face.outputs) != (own.inputs, own.outputs):
        raise ValueError(f"{name}: expected one genome of the population's inputs and outputs.")
    return genomes[0]


def _with_champion(state: State, metadata: dict[str, Any], arrays: dict[str, Array]) -> State:
    champion = _one_genome("champion", metadata, arrays, state)
    fitness = _number(metadata, "champion_fitness")
    if not np.isfinite(fitness):
        raise ValueError(_checks.message("champion_fitness", "a finite number", fitness))
    return replace(state, champion=champion, champion_fitness=fitness)


def _lineage(metadata: dict[str, Any], arrays: dict[str, Array], state: State) -> Lineage | None:
    if metadata.get("lineage") is None:
        return None
    facts = plain(metadata, "lineage", dict)
    return unpack_lineage(facts, _below("lineage", arrays), state)


def _unpack_table(
    metadata: dict[str, Any], arrays: dict[str, Array], generation: int
) -> SpeciesTable:
    founded = whole(metadata, "founded", 1, _MOST)
    size = arrays["table.id"].size
    columns = {name: typed(arrays, f"table.{name}", kind, (size,))
               for name, kind in _TABLE.items()}  # fmt: skip
    table = SpeciesTable(**columns, founded=founded)
    if (np.diff(table.id) <= 0).any() or not ((table.id > 0) & (table.id <= founded)).all():
        raise ValueError(f"table.id: expected rising numbers from 1 to {founded}.")
    if not (table.best < np.inf).all():
        raise ValueError("table.best: expected numbers or -inf, got NaN or infinity.")
    times = np.stack([np.zeros(size, np.int64), table.born, table.improved])
    if (times[1:] < times[:-1]).any() or (table.improved > generation).any():
        raise ValueError(f"table.born, table.improved: expected generations up to {generation}.")
    return table


def _number(metadata: dict[str, Any], name: str) -> float:
    value = metadata[name]
    if type(value) not in (int, float):
        raise ValueError(_checks.message(name, "a number", value))
    return float(value)


def _rows(metadata: dict[str, Any], name: str, kinds: tuple[type, ...]) -> list[Any]:
    """Lines of a list in the metadata, as tuples."""
    rows = [tuple(row) for row in plain(metadata, name, list)]
    if any(tuple(map(type, row)) != kinds for row in rows):
        raise ValueError(f"{name}: expected lines of {', '.join(kind.__name__ for kind in kinds)}.")
    return rows


def _prefixed(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {f"{name}.{key}": array for key, array in arrays.items()}


def _below(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    start = f"{name}."
    return {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}
