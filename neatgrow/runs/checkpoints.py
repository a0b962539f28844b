"""Populations and runs as files: everything that later generations follow from, bit for bit."""

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, TypeVar

import numpy as np

from neatgrow import _checks, automatic
from neatgrow._checks import printable
from neatgrow._settings import UnknownKindError
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.files.archive import (
    DAMAGE,
    REGISTER,
    UnknownContentError,
    damaged,
    plain,
    read_archive,
    typed,
    whole,
    write_archive,
)
from neatgrow.files.functions import check_functions
from neatgrow.files.genomes import PARTS as GENOME_PARTS
from neatgrow.files.genomes import input_statistics, pack_genomes, unpack_genomes
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.variation import rules_of
from neatgrow.lineage.files import PARTS as LINEAGE_PARTS
from neatgrow.lineage.files import pack_lineage, unpack_lineage
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.history import PARTS as HISTORY_PARTS
from neatgrow.runs.history import History
from neatgrow.runs.options import Options
from neatgrow.runs.records import Records
from neatgrow.runs.retests import UNTESTED, checked_state
from neatgrow.selection.base import Groups, Pool, checked_pool
from neatgrow.selection.population import Population, State

T = TypeVar("T")
POPULATION, RUN, VERSION = "neatgrow population", "neatgrow run", 2
_MOST = 1 << 30  # generations: births of as many more fit into 32 bits
_LARGEST = (1 << 63) - 1
_SOUND = "a sound population"
_TOLD = ("fitness", "behaviour", "objectives", "score", "origin")
# Arrays that a file may have below each name; None where a selection or a problem chooses.
_POPULATION_PARTS: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("genomes", "pool", "champion"), GENOME_PARTS),
    **dict.fromkeys(("score", "selection", "table")),  # the last in files of format 1
    "history": HISTORY_PARTS,
    "lineage": LINEAGE_PARTS,
}
_RUN_PARTS: dict[str, frozenset[str] | None] = {
    **_POPULATION_PARTS,
    "statistics": GENOME_PARTS,
    "problem": None,
    "learned": GENOME_PARTS,
}


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


def save_population(
    path: str | PathLike[str], state: State, records: Records | None = None
) -> None:
    """Write a population; the work of ``Population.save``.

    Args:
        path: Where to.
        state: Of the population.
        records: What it remembers, where it does and from the first generation on.
    """
    metadata, arrays = _pack_state(state)
    if records is not None and len(records.history) == state.generation:
        arrays |= _prefixed("history", records.history.to_arrays())
        if records.lineage is not None:
            metadata["lineage"], columns = pack_lineage(records.lineage)
            arrays |= _prefixed("lineage", columns)
    write_archive(path, {"format": POPULATION, "version": VERSION, **metadata}, arrays)


def load_population(path: str | PathLike[str]) -> State:
    """The population in a file of :func:`save_population`, or in a run's checkpoint.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: The file is damaged, of another kind or of a newer format.
    """
    metadata, arrays = read_archive(path, [POPULATION, RUN], VERSION, _is_of_population)
    try:
        return _unpack_state(metadata, arrays)
    except DAMAGE as error:
        raise damaged(path, _SOUND, error) from error


def load_records(path: str | PathLike[str]) -> Records | None:
    """What a population remembers, in a file that :func:`load_population` has read; ``None``
    where it holds nothing of it.

    Raises:
        FileError: That part of the file is damaged.
    """
    metadata, arrays = read_archive(path, [POPULATION, RUN], VERSION, _is_of_population)
    try:
        if "history.generation" not in arrays:
            return None
        state = _unpack_state(metadata, arrays)
        history = _history(arrays, state)
        return Records(history, _lineage(metadata, arrays, state))
    except DAMAGE as error:
        raise damaged(path, _SOUND, error) from error


def _history(arrays: dict[str, Array], state: State) -> History:
    history = History.from_arrays(_below("history", arrays))
    if len(history) != state.generation:
        raise ValueError(f"history: expected {state.generation} rows, got {len(history)}.")
    return history


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
    metadata, arrays = read_archive(path, [RUN], VERSION, _is_of_run)
    try:
        state = _unpack_state(metadata, arrays)
        history = _history(arrays, state)
        traceback = metadata.get("traceback")
        return Snapshot(
            population=state,
            history=history,
            statistics=input_statistics(
                _below("statistics", arrays), state.genomes.interface.graph.inputs
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


def _is_of_population(name: str) -> bool:
    return _is_part(name, _POPULATION_PARTS)


def _is_of_run(name: str) -> bool:
    return _is_part(name, _RUN_PARTS)


def _is_part(name: str, parts: dict[str, frozenset[str] | None]) -> bool:
    section, dot, rest = name.partition(".")
    if not dot:
        return name in _TOLD or name == "species"  # that in files of format 1
    known = parts.get(section, frozenset())
    return known is None or rest in known


def _pack_state(state: State) -> tuple[dict[str, Any], dict[str, Array]]:
    genomes, columns = pack_genomes(state.genomes)
    metadata: dict[str, Any] = {
        "config": state.config.to_dict(),
        "seed": state.seed,
        "minimize": state.minimize,
        "generation": state.generation,
        "champion_since": state.champion_since,
        "chosen": state.chosen,
        "genomes": genomes,
        "pool": None,
        "champion": None,
        "champion_fitness": None,
    }
    arrays = _prefixed("genomes", columns) | {"fitness": state.fitness} | state.kept
    others = {"behaviour": state.behaviour, "objectives": state.objectives}
    arrays |= {name: values for name, values in others.items() if values is not None}
    if state.score is not state.fitness:
        arrays["score"] = state.score
    if state.pool.genomes is not state.genomes:
        metadata["pool"], columns = pack_genomes(state.pool.genomes)
        arrays |= _prefixed("pool", columns) | {"origin": state.pool.origin}
    if state.champion is not None:
        metadata["champion"], columns = pack_genomes(state.champion.batch())
        metadata["champion_fitness"] = state.champion_fitness
        arrays |= _prefixed("champion", columns)
    return metadata, arrays


def _from_format_1(
    metadata: dict[str, Any], arrays: dict[str, Array]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """What this format has instead of what format 1 had: species as a part of every population."""
    if metadata["version"] > 1:
        return metadata, arrays
    kept = {name.removeprefix("table."): column for name, column in arrays.items()
            if name.startswith("table.") or name == "species"}  # fmt: skip
    kept |= {
        "founded": np.array(whole(metadata, "founded", 1, _MOST)),
        "threshold": np.array(_number(metadata, "threshold")),
        "refocused": np.array(0),
    }
    metadata = {**metadata, "champion_since": metadata["moved"], "pool": None}
    return metadata, arrays | _prefixed("selection", kept)


def _unpack_state(metadata: dict[str, Any], arrays: dict[str, Array]) -> State:
    genomes = unpack_genomes(metadata["genomes"], _below("genomes", arrays))
    if not len(genomes):
        raise ValueError("genomes: expected at least one, got none.")
    try:
        config = Config().override(plain(metadata, "config", dict))
    except UnknownKindError as error:
        raise UnknownContentError(str(error)) from error
    try:
        rules_of(config, genomes.interface)  # which knows the options by name
    except ValueError as error:
        raise UnknownContentError(f"{error} {REGISTER}") from error
    for column in ("activation", "dynamics"):  # also those that no genome has at present
        offered = getattr(config.genes, column)
        names = [*offered.options, offered.outputs] if offered else []
        check_functions(column, names, metadata["genomes"])
    if config.encoding != genomes.interface.encoding:
        raise ValueError("encoding: expected that of the genomes in the configuration as well.")
    metadata, arrays = _from_format_1(metadata, arrays)
    generation = whole(metadata, "generation", 1, _MOST)
    chosen = plain({"chosen": {}, **metadata}, "chosen", dict)  # absent in older files
    automatic.check_chosen(config, chosen)
    fitness = _told("fitness", arrays, (len(genomes),), arrays["fitness"])
    everybody = np.stack([np.full(len(genomes), generation), np.arange(len(genomes))], axis=1)
    state = State(
        config=config,
        seed=whole(metadata, "seed", 0, _LARGEST),
        minimize=plain(metadata, "minimize", bool),
        generation=generation,
        genomes=genomes,
        fitness=fitness,
        behaviour=_told("behaviour", arrays, (len(genomes), "K"), None),
        objectives=_told("objectives", arrays, (len(genomes), "M"), None),
        score=_told("score", arrays, (len(genomes),), fitness),
        pool=Pool(genomes, everybody),
        groups=Groups(np.empty(0, np.int32), np.empty(0, np.int64)),  # of what is restored below
        champion=None,
        champion_fitness=-np.inf,
        champion_since=whole(metadata, "champion_since", 0, generation),
        kept=_prefixed("score", _below("score", arrays))
        | _prefixed("selection", _below("selection", arrays)),
        chosen=chosen,
    )
    if metadata["pool"] is not None:
        pool = Pool(_others("pool", metadata, arrays, state), arrays["origin"])
        state = replace(state, pool=checked_pool(pool, generation))
    if metadata["champion"] is not None:
        state = _with_champion(state, metadata, arrays)
    return Population.from_state(state).state()


def _told(
    name: str, arrays: dict[str, Array], shape: tuple[int | str, ...], absent: T
) -> Array | T:
    """Numbers of each genome, NaN where there are none."""
    if name not in arrays:
        return absent
    values = typed(arrays, name, np.float64, shape)
    if np.isinf(values).any():
        raise ValueError(f"{name}: expected numbers or NaN, got infinity.")
    return values


def _others(name: str, metadata: dict[str, Any], arrays: dict[str, Array], state: State) -> Genomes:
    """Other genomes than those of the last generation."""
    genomes = unpack_genomes(metadata[name], _below(name, arrays))
    if not genomes.interface.matches(state.genomes.interface):
        raise ValueError(
            f"{name}: expected genomes of the population's inputs and outputs, and of its encoding."
        )
    return genomes


def _one_genome(
    name: str, metadata: dict[str, Any], arrays: dict[str, Array], state: State
) -> Genome | None:
    if metadata.get(name) is None:
        return None
    genomes = _others(name, metadata, arrays, state)
    if len(genomes) != 1:
        raise ValueError(f"{name}: expected one genome, got {len(genomes)}.")
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
