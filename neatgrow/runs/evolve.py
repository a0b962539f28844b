"""A run from its beginning: :func:`evolve`."""

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, held
from neatgrow.evaluation.executors import evaluator
from neatgrow.learning.lifetime import Learning
from neatgrow.problems.function import Fitness, as_problem
from neatgrow.runs.directory import RunDirectory
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.loop import carried_on
from neatgrow.runs.options import Callback, Checkpoints, Options, call_of
from neatgrow.runs.results import Result
from neatgrow.runs.saving import asked_for, described, description_of
from neatgrow.selection.starting import Start, batches_of


def evolve(
    problem: Problem | Fitness,
    *,
    inputs: int | None = None,
    outputs: int | None = None,
    config: Config | None = None,
    generations: int = 100,
    seed: int = 0,
    start: Start | None = None,
    solved_at: float | None = None,
    minimize: bool = False,
    noisy: bool | None = None,
    learning: Learning | None = None,
    seconds: float | None = None,
    processes: int = 0,
    time_limit: float | None = None,
    executor: Any = None,
    on_error: Literal["record", "raise"] = "record",
    failure_limit: float = 0.9,
    callbacks: Callback | Iterable[Callback] = (),
    progress: bool | None = None,
    directory: str | PathLike[str] | None = None,
    overwrite: bool = False,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Evolve networks until the problem is solved or the budget is spent.

    Ctrl-C ends the run and returns the result so far. ``sys.exit()`` in a fitness function, a
    problem or a callback ends it and leaves the program; where there is a directory, so do SIGTERM
    and SIGHUP, with exit code 128 + their number. All of them save what there is first.

    Args:
        problem: A problem, or a function of one network that returns its fitness; or of a network
            and a seed, if it draws random numbers.
        inputs: I, for a function; those of ``start`` by default.
        outputs: O, for a function; likewise.
        config: Settings; defaults to ``Config()``.
        generations: Most generations.
        seed: The same seed gives the same run.
        start: Genomes to start from instead of ``config.start``, such as the champion of another
            run: one, several, or a file of them; what becomes of them is told at
            :class:`neatgrow.Population`.
        solved_at: Fitness to stop at, instead of the problem's own.
        minimize: Whether lower fitness is better.
        noisy: Whether a function gives the same network another fitness when it is called again;
            by default if it takes a seed. Champions are then settled by retests, as on noisy
            problems (:mod:`neatgrow.runs.retests`). One that turns out to do so is treated as noisy
            from then on, with a warning.
        learning: Let genomes learn by gradient descent before they are judged, on problems that
            offer lessons, as supervised ones do.
        seconds: Most wall time; the generation under way is finished. The final test of the
            champion is not counted, nor is the first compilation of kernels where the budget is
            less than a minute.
        processes: Worker processes that evaluate; 0 for this process, which is faster unless
            one evaluation takes milliseconds. The result is the same.
        time_limit: Seconds that one genome's evaluation may take before its worker is ended
            and it counts as failed; needs ``processes``.
        executor: Evaluate on this instead: anything with ``submit`` as ``concurrent.futures``
            have it, so a process pool, ``dask.distributed.Client(…).get_executor()``, an MPI
            pool or ``ng.RayExecutor()``; or a function without arguments that makes one, which
            is called again if it breaks. The result is the same. It is shut down only if it was
            made so.
        on_error: What a genome's failed evaluation does: count as a failure, or raise.
        failure_limit: Share of failed evaluations over three generations beyond which the run
            stops, its results intact.
        callbacks: A function or several, called after each generation with the
            :class:`neatgrow.Evolution`; an answer that is true ends the run.
        progress: Show a progress line; by default where standard error is a terminal, and
            elsewhere only what a wait for compilation is for.
        directory: Write configuration, history, champion and checkpoints there as the run
            goes; :func:`resume` goes on from it.
        overwrite: Whether a run that the directory holds is removed first, its own files and no
            others; not while a process is at work on it.
        checkpoints: How often to save a checkpoint, and how many to keep.

    Raises:
        TypeError, ValueError: An argument is not what it should be.
        FileExistsError: The directory holds a run already; or, with ``overwrite``, files of a
            run's names that are no run.
        BlockingIOError: Another process is using the directory.
        EvaluationError: With ``on_error="raise"``, at the first failure.
        RuntimeError: Every evaluation of the whole run failed; says how the first one did.
        SystemExit: Users' code or a signal asked to leave the program.
    """
    batches = None if start is None else batches_of(start)
    if batches is not None and not isinstance(problem, Problem):
        face = batches[0].interface.graph
        inputs = face.inputs if inputs is None else inputs
        outputs = face.outputs if outputs is None else outputs
    asked = as_problem(problem, inputs, outputs, noisy)
    overwrite = _checks.flag("overwrite", overwrite)
    options = Options(
        generations=generations, solved_at=solved_at, minimize=minimize, learning=learning,
        on_error=on_error, failure_limit=failure_limit, seconds=seconds, processes=processes,
        time_limit=time_limit, executor=executor, callbacks=callbacks, progress=progress,
        checkpoints=checkpoints,
    )  # fmt: skip
    if directory is not None:
        directory = _checks.path("directory", directory)
    else:
        for name, given in (("checkpoints", checkpoints is not None), ("overwrite", overwrite)):
            if given:
                rule = "it with directory= only"
                raise ValueError(_checks.message(name, rule, "no directory", "Pass one."))

    def begin() -> Evolution:
        run = Evolution(asked, config, options, seed=seed, start=batches)
        run.evaluator.workers = evaluator(asked, processes, time_limit, executor)
        if directory is not None:
            own = run.population.start
            count = None if own is None else len(own)
            description = description_of(described(asked), run.population, options, noisy, count)
            run.directory = RunDirectory.create(
                directory, asked_for(run.population), description, checkpoints,
                overwrite=overwrite, start=own,
            )  # fmt: skip
            run.directory.write_provenance(
                0, call_of("evolve", asked.name, options, seed=seed, start=start)
            )
        return run

    with held(asked):
        return carried_on(begin, options)
