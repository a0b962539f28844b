"""What a report tells of, gathered from a result or from a run's directory."""

from collections.abc import Callable
from dataclasses import dataclass, field
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
from neatgrow.plotting.pages.interactive import Stage
from neatgrow.problems import catalogue
from neatgrow.runs.checkpoints import Snapshot, load_snapshot
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import History
from neatgrow.runs.reading import CHECKPOINTS, CONFIG, read_judged, read_run, read_verified
from neatgrow.runs.results import Result, fingerprint_of


@dataclass(frozen=True)
class Record:
    """A run as a report tells it.

    Attributes:
        name: Of the problem.
        description: Of the problem and the run, as ``problem.json`` has it.
        history: Table by generation.
        champion: Best genome ever.
        fitness: Its fitness.
        judged: The champion as it was judged: what it had become by learning that is not
            inherited, else the champion itself.
        verified: Its final test, where there was one.
        directory: Where the run was written, or ``None``.
        seed: Of the run, if it is known.
        solved: Whether the champion solves the problem; ``None`` where nothing says so.
        stopped: Why it ended, or ``""`` where that is not known.
        fingerprint: Of the result, or ``""`` where its exact history is not known.
        stages: The champion's ancestors, and itself last.
        failures: The first that failed: generation, genome, cause.
        config: Settings, if they can be read.
        problem: The problem, if it can be had.
        changes: Settings overridden on the way: generation, and values by dotted path.
        missing: By the name of a field above, why it is not there.
    """

    name: str
    description: dict[str, Any]
    history: History
    champion: Genome
    fitness: float
    judged: Genome
    verified: Verified | None
    directory: Path | None = None
    seed: int | None = None
    solved: bool | None = None
    stopped: str = ""
    fingerprint: str = ""
    stages: list[Stage] = field(default_factory=list)
    failures: list[tuple[int, int, str]] = field(default_factory=list)
    config: Config | None = None
    problem: Problem | None = None
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def record_of(run: Result | str | PathLike[str]) -> Record:
    """The record of a result, or of the run in a directory.

    Raises:
        FileNotFoundError: It is no run directory; says what is missing.
        FileError: A file that every run has is damaged; says which.
    """
    return _of_result(run) if isinstance(run, Result) else _of_directory(Path(run))


def _of_result(result: Result) -> Record:
    missing: dict[str, str] = {}
    population, problem = result.population, result.problem
    ancestors = _attempt(missing, "stages", lambda: result.ancestors)
    described = getattr(problem, "describe", dict)
    description = _attempt(missing, "description", lambda: dict(described())) or {}
    return Record(
        problem.name, description, result.history, result.champion, result.champion_fitness,
        result.learned, result.verified, directory=result.directory, seed=population.seed,
        solved=result.solved, stopped=result.stopped, fingerprint=result.fingerprint,
        stages=_stages(ancestors, result.champion, result.history, missing),
        failures=result.failures, config=asked(population.config, population.chosen),
        problem=problem, missing=missing,
    )  # fmt: skip


def _of_directory(path: Path) -> Record:
    description, history, champion = read_run(path)
    missing: dict[str, str] = {}
    verified = _attempt(missing, "verified", lambda: read_verified(path))
    learned = _attempt(missing, "judged", lambda: read_judged(path))
    snapshot = _newest(path)
    current = snapshot is not None and snapshot.population.generation == len(history)
    ancestors = _attempt(missing, "stages", lambda: _ancestors(snapshot))
    config = _attempt(missing, "config", lambda: Config.from_toml(path / CONFIG))
    problem = _attempt(missing, "problem", lambda: catalogue.rebuild(description))
    known = [description.get(key) for key in ("name", "environment", "problem")]
    solved, fingerprint, failures, changes = None, "", [], []
    if snapshot is not None:
        failures, changes = snapshot.failures, snapshot.changes
        if current:
            solved = snapshot.solved
            fingerprint = fingerprint_of(snapshot.history, champion)
    return Record(
        str(next(filter(None, known), path.name)), description, history, champion,
        history[-1]["champion"] if verified is None else verified.mean, learned or champion,
        verified, directory=path, seed=description.get("seed"), solved=solved,
        fingerprint=fingerprint, stages=_stages(ancestors, champion, history, missing),
        failures=failures, config=config, problem=problem, changes=changes, missing=missing,
    )  # fmt: skip


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
    if snapshot is None or snapshot.lineage is None:
        return []
    return snapshot.lineage.line()


def _stages(
    ancestors: list[Ancestor] | None, champion: Genome, history: History, missing: dict[str, str]
) -> list[Stage]:
    """Ancestors and the champion, which is the last whatever was recorded."""
    fitness = history["champion"]
    reached = np.flatnonzero(fitness == fitness[-1])
    last = int(history["generation"][reached[0]]) if reached.size else len(history)
    found = Stage(last, champion, float(fitness[-1]))
    stages: list[Stage] = []
    if ancestors and not _same_genes(ancestors[-1].genome, champion):
        missing["stages"] = (
            f"ancestors were saved last in generation {ancestors[-1].generation}, those of "
            "another champion"
        )
    elif ancestors:
        stages = [Stage(a.generation, a.genome, a.fitness, a.species) for a in ancestors[:-1]]
    if not stages:
        missing.setdefault("stages", "the run has no record of its champion's ancestors")
    return [*stages, found]


def _same_genes(one: Genome, other: Genome) -> bool:
    """Whether two genomes are the same but for statistics of inputs and names."""
    pairs = zip(one.packed, other.packed, strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
