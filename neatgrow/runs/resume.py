"""A run from where it stood: :func:`resume`."""

import json
from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal

from neatgrow import _checks
from neatgrow.automatic import asked as asked_of
from neatgrow.evaluation.base import Problem, held
from neatgrow.evaluation.executors import evaluator
from neatgrow.files.archive import FileError
from neatgrow.files.genomes import load_genomes
from neatgrow.problems import catalogue
from neatgrow.problems.function import Fitness, as_problem
from neatgrow.problems.trust import Trust
from neatgrow.runs.checkpoints import Snapshot
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.history import csv_lines
from neatgrow.runs.loop import carried_on
from neatgrow.runs.options import Callback, Checkpoints, Options, call_of
from neatgrow.runs.reading import (
    CHAMPION,
    CHECKPOINTS,
    CONFIG,
    HISTORY,
    START,
    read_description,
    read_history,
    read_settings,
)
from neatgrow.runs.results import Result
from neatgrow.runs.saving import asked_for, described, description_of


def resume(
    directory: str | PathLike[str],
    *,
    problem: Problem | Fitness | None = None,
    trust: Trust = False,
    changes: dict[str, Any] | None = None,
    generations: int | None = None,
    solved_at: float | None = None,
    seconds: float | None = None,
    processes: int = 0,
    time_limit: float | None = None,
    executor: Any = None,
    on_error: Literal["record", "raise"] = "record",
    failure_limit: float = 0.9,
    callbacks: Callback | Iterable[Callback] = (),
    progress: bool | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Go on with a run from its last checkpoint, as if it had not been interrupted.

    Without ``changes`` the history (times aside) and the champion are those of a run that was
    never interrupted, bit for bit. A run that was killed before its first checkpoint begins
    again. One that has reached its goal is returned as it is, with a warning that says how
    to go on.

    Settings that were edited in the run's ``config.toml`` hold from now on, as ``changes`` do, and
    are named in a warning; those that cannot change are refused.

    Args:
        directory: Of the run.
        problem: Needed where the run was on a Python function or on data of the caller's.
        trust: Whether you vouch for the run's files, so that the problem they describe may import
            the modules that it names; or the names of those modules. Problems of this package
            and environments that Gymnasium knows without an import need none.
        changes: Settings that differ from now on, by dotted path, such as
            ``{"population_size": 300, "mutation.add_node": 0.1}``; written to the run's files.
        generations: Most generations in all, those before included; as before by default.
        solved_at: Fitness to stop at from now on, so that a run that has reached its goal goes on
            towards another; as before by default.
        seconds: Most wall time from now on.
        processes, time_limit, executor: As for :func:`neatgrow.evolve`, as are all below.
        on_error, failure_limit, callbacks, progress, checkpoints: …

    Raises:
        FileNotFoundError: It is no run directory.
        BlockingIOError: Another process is at work on it.
        FileError: A file in it is damaged, and no checkpoint can be read; or the newest is of a
            newer format, or holds a function that is not registered: it is not passed over.
        ValueError: The problem is needed and was not given, or does not fit the genomes; or a
            change is impossible.
        TypeError: A change names no setting.
    """
    directory = _checks.path("directory", directory)
    if generations is not None:
        generations = _checks.integer("generations", generations, 1)
    saved = {"generations": generations, "solved_at": solved_at}
    options = Options(
        on_error=on_error, failure_limit=failure_limit, seconds=seconds, processes=processes,
        time_limit=time_limit, executor=executor, callbacks=callbacks, progress=progress,
        checkpoints=checkpoints,
    )  # fmt: skip

    def begin() -> Evolution:
        files = RunDirectory.open(directory, checkpoints)
        try:
            run = _resumed(files, problem, trust, changes, saved, options)
            run.evaluator.workers = evaluator(run.problem, processes, time_limit, executor)
        except BaseException:
            files.close()
            raise
        return run

    with held(problem):
        return carried_on(begin, options)


def _resumed(
    files: RunDirectory,
    problem: Problem | Fitness | None,
    trust: Trust,
    changes: dict[str, Any] | None,
    saved: dict[str, Any],
    options: Options,
) -> Evolution:
    """The run as its last checkpoint has it, or from its beginning; its files to match.

    Args:
        files: Of the run.
        problem, trust, changes: As for :func:`resume`.
        saved: Options that are saved with the run, ``None`` where they stay.
        options: As asked for now.
    """
    now = options
    description = read_description(files.path)
    about = description["run"]
    if problem is None:
        asked: Problem = catalogue.rebuild(description, trust=trust)
    elif isinstance(problem, Problem):
        asked = problem
    else:
        asked = as_problem(problem, about.get("inputs"), about.get("outputs"), about.get("noisy"))
    _check_interface(asked, about)
    snapshot = files.latest()
    edits: dict[str, Any] = {}
    if snapshot is not None:
        _check_belongs(files, description, snapshot)
        if snapshot.lineage is None:
            _checks.warn(
                f"{files.path}: generation {snapshot.population.generation} was saved without its "
                "ancestors; the line of descent begins there."
            )
        edits = _edits(files, snapshot)
        options = snapshot.options.resumed(options, **saved)
        every = edits | (changes or {})
        try:
            run = Evolution.from_snapshot(snapshot, asked, changes=every, options=options)
        except ValueError as error:
            if changes or not edits:
                raise
            raise ValueError(f"{files.path / CONFIG}: it was edited. {error}") from error
    else:
        config = read_settings(files.path).override(changes or {})
        options = Options.from_dict(about).resumed(options, **saved)
        start = load_genomes(files.path / START) if about.get("start") is not None else None
        run = Evolution(asked, config, options, seed=description.get("seed", 0), start=start)
    own = description
    if problem is not None:
        own = described(asked)
        if _warn_of_another(files, description, own) and snapshot is not None:
            run.go_on_with_another_problem()
    described_now = description_of(
        own, run.population, options, about.get("noisy"), about.get("start")
    )
    files.write_description(described_now)
    call = call_of("resume", run.problem.name, now, changes=changes, **saved)
    files.write_provenance(run.population.generation, call)
    files.write_verified(None)  # that of the champion so far
    files.write_settings(asked_for(run.population))
    named = files.failures_until(snapshot) if snapshot is not None else []
    files.write_tables(run.history, named, run.evaluator.traceback)
    asked_now = changes or edits or any(value is not None for value in saved.values())
    if run.snapshot is not None and asked_now:
        files.write_checkpoint(run.snapshot, again=True)  # so that they outlast a kill
    if snapshot is not None and snapshot.population.champion is not None:
        files.write_champion(run.champion, run.champions.learned)
    else:
        (files.path / CHAMPION).unlink(missing_ok=True)
    run.directory = files
    if run.solved:
        _warn_of_the_end(run, files)
    return run


def _check_interface(problem: Problem, about: dict[str, Any]) -> None:
    """Refuse a problem of other inputs or outputs than the run's before anything is written."""
    wanted = [about.get(name) for name in ("inputs", "outputs")]
    got = [problem.inputs, problem.outputs]
    if None not in wanted and wanted != got:
        rule = f"{wanted[0]} inputs and {wanted[1]} outputs as the genomes"
        remedy = "Pass the problem of the run."
        raise ValueError(_checks.message("problem", rule, f"{got[0]} and {got[1]}", remedy))


def _edits(files: RunDirectory, snapshot: Snapshot) -> dict[str, Any]:
    """Settings that were edited in ``config.toml`` since the checkpoint, by dotted path.

    Raises:
        FileError: The file cannot be read, and is not overwritten.
    """
    state = snapshot.population
    edits = asked_of(state.config, state.chosen).differences(read_settings(files.path))
    if edits:
        told = ", ".join(f"{path} = {_checks.shown(value)}" for path, value in edits.items())
        _checks.warn(f"{files.path / CONFIG}: it was edited; from now on {told}.")
    return edits


def _warn_of_the_end(run: Evolution, files: RunDirectory) -> None:
    """Say that there is nothing left to do, and what to pass for more."""
    goal, found = run.options.goal(run.problem), run.champions.fitness(run.population)
    _checks.warn(
        f"{files.path}: the run has reached its goal of {goal:g} already, with a fitness of "
        f"{found:.6g}. To go on, pass another: resume(…, solved_at=…), or --solved-at."
    )


def _check_belongs(files: RunDirectory, description: dict[str, Any], snapshot: Snapshot) -> None:
    """Refuse a checkpoint that is not of the run in whose directory it lies.

    Raises:
        FileError: Its seed, or what it says of the first generation, is another.
    """
    generation = snapshot.population.generation
    what = files.path / CHECKPOINTS / f"{generation:08}.npz"
    seed, own = snapshot.population.seed, description.get("seed", snapshot.population.seed)
    if seed != own:
        rule = f"a checkpoint of the run with seed {own}"
        remedy = "Put it back where it is from, or remove it."
        raise FileError(_checks.message(str(what), rule, f"one with seed {seed}", remedy))
    try:
        table = read_history(files.path)
    except (FileError, OSError):  # written anew from the checkpoint
        return
    if not len(table) or not len(snapshot.history):
        return
    told = ("best", "mean", "evaluations")
    here, there = (csv_lines(h[0][name] for name in told) for h in (table, snapshot.history))
    if here != there:  # as text, since tables keep nine digits
        rule = f"a checkpoint of the run that {HISTORY} tells of"
        got = "one whose first generation was another"
        remedy = f"Put it back where it is from; or remove {HISTORY}, if that is what is wrong."
        raise FileError(_checks.message(str(what), rule, got, remedy))


def _warn_of_another(files: RunDirectory, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Say where the problem that is passed is not the one that the run began with; if it is so."""
    # A description of an older release may lack some; a function may be mended and renamed.
    known = before.keys() - {"seed", "run", "name"}
    differences = [
        f"{name} {after.get(name)!r} instead of {before[name]!r}"
        for name in sorted(known)
        if json.dumps(after.get(name)) != json.dumps(before[name])  # NaN is NaN, tuples are lists
    ]
    if differences:
        _checks.warn(
            f"{files.path}: the run goes on with another problem than it began with: "
            f"{', '.join(differences)}. Its history holds fitnesses of both."
        )
    return bool(differences)
