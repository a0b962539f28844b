"""What a report tells of, gathered from a result or from a run's directory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neatgrow.automatic import asked
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem
from neatgrow.files.archive import FileError
from neatgrow.genomes.genomes import Genome
from neatgrow.lineage.lineage import Ancestor
from neatgrow.problems import catalogue
from neatgrow.problems.trust import Trust
from neatgrow.runs.checkpoints import Snapshot, load_snapshot
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import History
from neatgrow.runs.reading import (
    CHECKPOINTS,
    read_judged,
    read_run,
    read_settings,
    read_verified,
)
from neatgrow.runs.results import Result, fingerprint_of
from neatgrow.selection.population import Population


@dataclass(frozen=True)
class Record:
    """A run as a report tells it."""

    name: str  # of the problem
    description: dict[str, Any]  # of the problem and the run, as problem.json has it
    history: History
    champion: Genome  # best ever
    fitness: float  # its fitness
    judged: Genome  # the champion with what it learned, where that is not inherited
    verified: Verified | None  # its final test, where there was one
    directory: Path | None = None
    seed: int | None = None
    solved: bool | None = None  # ``None`` where nothing says so
    stopped: str = ""  # why it ended, where that is known
    fingerprint: str = ""  # of the result, where its exact history is known
    line: list[Ancestor] = field(default_factory=list)  # the champion's ancestors, itself last
    failures: list[tuple[int, int, str]] = field(default_factory=list)  # generation, genome, cause
    config: Config | None = None
    problem: Problem | None = None
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # generation, settings
    missing: dict[str, str] = field(default_factory=dict)  # by field, why it is not there


def record_of(run: Result | Population | str | PathLike[str], trust: Trust = False) -> Record:
    """The record of a result, of the run in a directory, or of a population.

    Raises:
        FileNotFoundError: It is no run directory; says what is missing.
        FileError: A file that every run has is damaged; says which.
    """
    if isinstance(run, Population):
        return _of_population(run)
    return _of_result(run) if isinstance(run, Result) else _of_directory(Path(run), trust)


def _of_population(population: Population) -> Record:
    missing = {"problem": "the loop that judged it is its user's"}
    champion, history = population.champion, population.history
    ancestors = _attempt(missing, "line", lambda: population.ancestors)
    return Record(
        "a loop of one's own", {}, history, champion, population.champion_fitness, champion, None,
        seed=population.seed, line=_line(ancestors, champion, history, missing),
        config=asked(population.config, population.chosen), missing=missing,
    )  # fmt: skip


def _of_result(result: Result) -> Record:
    missing: dict[str, str] = {}
    population, problem = result.population, result.problem
    ancestors = _attempt(missing, "line", lambda: result.ancestors)
    described = getattr(problem, "describe", dict)
    description = _attempt(missing, "description", lambda: dict(described())) or {}
    return Record(
        problem.name, description, result.history, result.champion, result.champion_fitness,
        result.learned, result.verified, directory=result.directory, seed=population.seed,
        solved=result.solved, stopped=result.stopped, fingerprint=result.fingerprint,
        line=_line(ancestors, result.champion, result.history, missing),
        failures=result.failures, config=asked(population.config, population.chosen),
        problem=problem, missing=missing,
    )  # fmt: skip


def _of_directory(path: Path, trust: Trust) -> Record:
    description, history, champion = read_run(path)
    missing: dict[str, str] = {}
    verified = _attempt(missing, "verified", lambda: read_verified(path))
    learned = _attempt(missing, "judged", lambda: read_judged(path))
    snapshot = _newest(path)
    ancestors = _attempt(missing, "line", lambda: _ancestors(snapshot))
    config = _attempt(missing, "config", lambda: read_settings(path))
    problem = _attempt(missing, "problem", lambda: catalogue.rebuild(description, trust=trust))
    known = [description.get(key) for key in ("name", "environment", "problem")]
    record = Record(
        str(next(filter(None, known), path.name)), description, history, champion,
        history[-1]["champion"] if verified is None else verified.mean, learned or champion,
        verified, directory=path, seed=description.get("seed"), config=config, problem=problem,
        line=_line(ancestors, champion, history, missing), missing=missing,
    )  # fmt: skip
    if snapshot is None:
        return record
    record = replace(record, failures=snapshot.failures, changes=snapshot.changes)
    if snapshot.population.generation != len(history):  # the run went on after it
        return record
    marks = snapshot.population.marks()
    fingerprint = fingerprint_of(snapshot.history, champion, marks)
    return replace(record, solved=snapshot.solved, fingerprint=fingerprint)


def _attempt(missing: dict[str, str], name: str, get: Callable[[], Any]) -> Any:
    """What ``get`` gives, or ``None``, and then why."""
    try:
        return get()
    except Exception as error:
        missing[name] = f"{type(error).__name__}: {error}"
        return None


def _newest(path: Path) -> Snapshot | None:
    """The newest checkpoint that can be read, without taking hold of the directory."""
    for file in sorted((path / CHECKPOINTS).glob("[0-9]*.npz"), reverse=True):
        try:
            return load_snapshot(file)
        except (FileError, OSError, MemoryError):
            continue
    return None


def _ancestors(snapshot: Snapshot | None) -> list[Ancestor]:
    """The champion's line, as far as it was saved."""
    return snapshot.lineage.line() if snapshot is not None and snapshot.lineage is not None else []


def _line(
    ancestors: list[Ancestor] | None, champion: Genome, history: History, missing: dict[str, str]
) -> list[Ancestor]:
    """Ancestors and the champion, which is the last whatever was recorded."""
    fitness = history["champion"]
    reached = np.flatnonzero(fitness == fitness[-1])
    born = int(history["generation"][reached[0]]) if reached.size else len(history)
    before = ancestors[:-1] if ancestors else []
    if ancestors and not _same_genes(ancestors[-1].genome, champion):
        before = []
        missing["line"] = (
            f"ancestors were saved last in generation {ancestors[-1].generation}, those of "
            "another champion"
        )
    if not before:
        missing.setdefault("line", "the run has no record of its champion's ancestors")
    return [*before, Ancestor(born, champion, float(fitness[-1]), -1)]


def _same_genes(one: Genome, other: Genome) -> bool:
    """Whether two genomes are the same but for statistics of inputs and names."""
    pairs = zip(one.packed, other.packed, strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
