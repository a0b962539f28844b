"""The command line: ``neatgrow run``, ``resume``, ``show``, ``report``, ``watch``, ``problems``."""

import argparse
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, TextIO

import neatgrow
from neatgrow import _checks
from neatgrow._checks import printable
from neatgrow.config import Config
from neatgrow.evaluation import code
from neatgrow.evaluation.base import Problem
from neatgrow.evaluation.tracebacks import OriginalError
from neatgrow.files.archive import write_whole
from neatgrow.files.genomes import load_genome, provenance_of
from neatgrow.files.provenance import shown
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels.parallel import set_threads
from neatgrow.learning.policy.experience import Practice
from neatgrow.learning.policy.ppo import fine_tune_policy
from neatgrow.problems import catalogue
from neatgrow.problems.trust import Trust
from neatgrow.runs.evolve import evolve
from neatgrow.runs.history import History
from neatgrow.runs.options import Checkpoints
from neatgrow.runs.reading import (
    JUDGED,
    LEARNED,
    TRACEBACK,
    read_description,
    read_judged,
    read_provenance,
    read_run,
    read_verified,
)
from neatgrow.runs.results import Result
from neatgrow.runs.resume import resume

EXIT_BAD_INPUT, EXIT_INTERRUPTED = 2, 130
_OF_ENVIRONMENTS = ("episodes", "max_steps", "normalize", "clip_observations", "frame_skip")
_FILM_FRAMES, _FILM_FPS = 400, 30.0  # of an episode, most of the former


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors that a caller can act on are one line on standard error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    usual, warnings.formatwarning = warnings.formatwarning, _warned
    try:
        for source in getattr(options, "imports", ()):
            code.imported(source)
        return int(options.command(options))
    except (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError) as error:
        if isinstance(error.__cause__, OriginalError):  # of the problem's code
            _say(error.__cause__.text.removesuffix("\n"), file=sys.stderr)
        _say(f"neatgrow: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:  # before there was a result to return
        _say("neatgrow: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except SystemExit as error:  # of the problem's code, or for a signal
        for note in getattr(error, "__notes__", ()):
            _say(f"neatgrow: {note}", file=sys.stderr)
        raise
    finally:
        warnings.formatwarning = usual


def _warned(message: Warning | str, *_: Any, **__: Any) -> str:
    """A warning as a line, without the place in the code that it is from."""
    return f"neatgrow: {printable(str(message))}\n"


def _say(text: object, file: TextIO | None = None) -> None:
    """Print, by default to standard output; what a terminal would obey is shown as escapes."""
    print(printable(str(text)), file=file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neatgrow", description="Evolve neural networks of any shape."
    )
    parser.add_argument("--version", action="version", version=neatgrow.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="evolve a controller and write what came of it")
    run.add_argument(
        "problem",
        help="as 'neatgrow problems' lists, any Gymnasium id, or code of your own: file.py:name",
    )
    run.add_argument("--config", type=Path, metavar="FILE.toml", help="settings to start from")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument(
        "--start", type=Path, metavar="FILE", help="genomes to start from, such as a champion.npz"
    )
    run.add_argument("--generations", type=int, default=100, help="at most (default 100)")
    run.add_argument("--episodes", type=int, help="per genome and generation")
    run.add_argument("--max-steps", type=int, help="of an episode, instead of its own limit")
    run.add_argument(
        "--normalize", action=argparse.BooleanOptionalAction, default=None,
        help="standardise observations by their running mean and variance",
    )  # fmt: skip
    run.add_argument(
        "--clip-observations", type=float, metavar="SIZE", help="cut them beyond that size"
    )
    run.add_argument("--frame-skip", type=int, metavar="STEPS", help="that an action lasts")
    run.add_argument("--out", type=Path, metavar="DIR", help="default: runs/PROBLEM-seedN")
    run.add_argument("--overwrite", action="store_true", help="a run that is there already")
    _add_budget(run)
    _add_imports(run)
    run.set_defaults(command=_run)

    resume = commands.add_parser("resume", help="go on with a run from its last checkpoint")
    resume.add_argument("directory", type=Path)
    resume.add_argument("--generations", type=int, help="at most, those before included")
    _add_budget(resume)
    _add_trust(resume)
    resume.set_defaults(command=_resume)

    show = commands.add_parser("show", help="print a run and draw its pictures again")
    show.add_argument("directory", type=Path, help="of a run; or a genome's file, to print it")
    _add_imports(show)
    show.set_defaults(command=_show)

    report = commands.add_parser("report", help="write a run as one HTML page to explore")
    report.add_argument("directory", type=Path)
    report.add_argument("--out", type=Path, metavar="FILE", help="default: DIR/report.html")
    _add_trust(report)
    report.set_defaults(command=_report)

    watch = commands.add_parser("watch", help="render the champion at work")
    watch.add_argument("directory", type=Path)
    watch.add_argument("--seed", type=int, default=0, help="of the first episode")
    watch.add_argument("--episodes", type=int, default=3)
    watch.add_argument("--learned", action="store_true", help="what run --learn made of it")
    watch.add_argument(
        "--video", type=Path, metavar="FILE",
        help="write the first episode there (.gif, .html or .mp4) instead of opening a window",
    )  # fmt: skip
    _add_trust(watch)
    watch.set_defaults(command=_watch)

    problems = commands.add_parser("problems", help="list the problems known by name")
    problems.set_defaults(command=_problems)

    warm = commands.add_parser("warm", help="compile all kernels ahead, for images and clusters")
    warm.add_argument("--processes", type=int, help="at once (default: one for each core)")
    warm.set_defaults(command=_warm)
    return parser


def _add_imports(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--import", action="append", default=[], metavar="MODULE", dest="imports",
        help="a module, also of the current folder, or a file.py to import first; may be repeated",
    )  # fmt: skip


def _add_trust(command: argparse.ArgumentParser) -> None:
    """What commands share that make a run's problem again."""
    _add_imports(command)
    command.add_argument(
        "--trust", action="store_true",
        help="let the run's problem import what its files name; only if you know where it is from",
    )  # fmt: skip


def _trust(options: argparse.Namespace) -> Trust:
    """What the user vouches for: all, or the modules that were asked for by name."""
    return (
        True
        if options.trust
        else tuple(
            Path(source).stem if source.endswith(".py") else source for source in options.imports
        )
    )


def _add_budget(command: argparse.ArgumentParser) -> None:
    """What ``run`` and ``resume`` share."""
    command.add_argument("--population", type=int, help="genomes per generation")
    command.add_argument("--seconds", type=float, help="wall time at most")
    command.add_argument(
        "--solved-at", type=float, metavar="FITNESS", help="stop there, not at the problem's own"
    )
    command.add_argument("--threads", type=int, help="default: every core; the result is the same")
    command.add_argument("--processes", type=int, default=0, help="that evaluate (default: none)")
    command.add_argument(
        "--checkpoint", type=float, default=Checkpoints().seconds, metavar="SECONDS",
        help="time between two checkpoints (default %(default)g)",
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes",
        help="one setting, such as mutation.add_node=0.05; may be repeated",
    )  # fmt: skip
    command.add_argument("--profile", action="store_true", help="say where the time went")
    command.add_argument(
        "--learn", action="store_true",
        help="then let the champion go on by policy gradients, and judge both over 100 fresh "
        "episodes",
    )  # fmt: skip
    command.add_argument(
        "--learn-seconds", type=float, default=120.0, metavar="SECONDS",
        help="of that (default %(default)g)",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    entry = catalogue.ENTRIES.get(options.problem, catalogue.Entry("", ""))
    config = _config(options, entry.settings)
    given = dict(entry.options)
    if entry.build is None:
        given.setdefault("episodes", 5)
    asked = {name: getattr(options, name) for name in _OF_ENVIRONMENTS}
    asked = {name: value for name, value in asked.items() if value is not None}
    if entry.build is not None and asked:
        raise ValueError(
            f"{_option(next(iter(asked)))}: expected only with an environment, got it with "
            f"{options.problem}."
        )
    given |= asked
    if code.is_named(options.problem) and not asked:
        given = {}
    problem = catalogue.build(options.problem, **given)
    _check_learning(options, problem)
    name = options.problem.replace(".py:", "-")
    directory = options.out or _directory(f"{name}-seed{options.seed}", options.overwrite)
    said = _backend(problem)
    if said:
        _say(said)
    if getattr(problem, "unlimited", False):
        limit = getattr(problem, "max_steps", None)
        _say(f"episodes end after {limit} steps, for want of a limit: --max-steps")
    result = _finish(
        options,
        lambda: evolve(
            problem, config=config, generations=options.generations, seed=options.seed,
            start=options.start, solved_at=options.solved_at, seconds=options.seconds,
            processes=options.processes, progress=True, directory=directory,
            overwrite=options.overwrite, checkpoints=Checkpoints(seconds=options.checkpoint),
        ),
    )  # fmt: skip
    if _backend(problem) != said:
        _say(f"then {_backend(problem)}")
    _learn(options, result)
    return 0


def _check_learning(options: argparse.Namespace, problem: Problem) -> None:
    if options.learn and not options.learn_seconds > 0.0:
        raise ValueError(f"--learn-seconds: expected more than 0, got {options.learn_seconds:g}.")
    if options.learn and not isinstance(problem, Practice):
        raise ValueError(
            f"--learn: expected only with an environment, got it with {problem.name}. Learning "
            "from samples is part of evolution: ng.Learning."
        )


def _backend(problem: Problem) -> str:
    """What plays the episodes now, and why; empty where there are none."""
    backend = getattr(problem, "backend", None)
    return "" if backend is None else f"backend {backend}: {getattr(problem, 'reason', '')}"


def _learn(options: argparse.Namespace, result: Result) -> None:
    """Let the champion go on by policy gradients if asked to, and write what came of it."""
    if not options.learn or result.stopped == "interrupted":
        return
    problem, directory = result.problem, result.directory
    assert isinstance(problem, Practice) and directory is not None
    entry = catalogue.ENTRIES.get(result.problem.name, catalogue.Entry("", ""))
    budget = {"seconds": options.learn_seconds, "iterations": 1_000_000}
    learned, report = fine_tune_policy(
        result.champion,
        problem,
        progress=True,
        **{"seed": result.population.seed, **entry.learning, **budget},
    )
    learned.save(directory / LEARNED)
    _say(
        f"mean of {report.episodes} fresh episodes: {report.before:.6g} as evolved, "
        f"{report.learned:.6g} as learned from {report.steps} steps in {report.seconds:.1f} s"
    )
    if not report.kept:
        _say("learning did not make it better: what was evolved is kept")
    try:
        from neatgrow.plotting.graph.changes import draw_change

        _write_picture(draw_change(result.champion, learned), directory / "learned.png")
    except Exception as error:
        _say(f"learned.png was not drawn: {type(error).__name__}: {error}", file=sys.stderr)
    _say(f"written to {_short(directory)}: {LEARNED}, learned.png")


def _rebuilt(options: argparse.Namespace) -> Problem:
    """The problem of a run, as far as it needs no trust or has it."""
    return catalogue.rebuild(read_description(options.directory), trust=_trust(options))


def _resume(options: argparse.Namespace) -> int:
    if options.learn:
        _check_learning(options, _rebuilt(options))
    result = _finish(
        options,
        lambda: resume(
            options.directory, trust=_trust(options), changes=_changes(options),
            generations=options.generations, solved_at=options.solved_at,
            seconds=options.seconds, processes=options.processes, progress=True,
            checkpoints=Checkpoints(seconds=options.checkpoint),
        ),
    )  # fmt: skip
    _learn(options, result)
    return 0


def _finish(options: argparse.Namespace, go: Callable[[], Result]) -> Result:
    """Run, then say and draw what came of it."""
    if options.threads is not None:
        set_threads(options.threads)
    start = time.monotonic()
    result = go()
    seconds = time.monotonic() - start
    directory = result.directory
    assert directory is not None
    _say(_summary(result, seconds))
    if options.profile:
        _say(profile(result.history, seconds))
    _draw_all(directory, result.learned, result.history)
    names = ", ".join(sorted(path.name for path in directory.iterdir()))
    _say(f"written to {_short(directory)}: {names}")
    more = f"--generations {2 * len(result.history)}"
    if result.stopped == "solved":
        more = "--solved-at FITNESS, for another goal"
    _say(f"go on with: neatgrow resume {_short(directory)} {more}")
    return result


def _short(path: Path) -> Path:
    """A path as it is called from here, if it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _config(options: argparse.Namespace, tuned: Mapping[str, Any]) -> Config:
    """The file's settings, or those that suit the problem; and the changes to them."""
    config = Config.from_toml(options.config) if options.config else Config().override(dict(tuned))
    return config.override(_changes(options))


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    changes = dict(_assignment(text) for text in options.changes)
    if options.population is not None:
        changes["population_size"] = options.population
    return changes


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set: expected KEY=VALUE, got {text!r}. Write mutation.add_node=0.05.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:  # a bare word is text
        return key.strip(), value.strip()


def _directory(name: str, overwrite: bool) -> Path:
    """``runs/NAME``, or ``runs/NAME-2`` and so on where that is taken and is to stay."""
    base = Path("runs") / name.replace("/", "-")
    if overwrite:
        return base
    others = (base.with_name(f"{base.name}-{k}") for k in count(2))
    return next(path for path in chain([base], others) if not path.exists())


def _summary(result: Result, seconds: float) -> str:
    champion, history = result.champion, result.history
    verdict = "solved" if result.solved else f"not solved, stopped by {result.stopped}"
    failed = history.total("failures")
    failures = ""
    if failed:
        generation, row, cause = result.failures[0]
        failures = (
            f"\n{failed} evaluations failed, the first of genome {row} in generation "
            f"{generation}: {cause}{_where(result.directory)}"
        )
    retests = history.total("retest_episodes")
    tests = f" (and {retests} episodes of retests)" if retests else ""
    return (
        f"{verdict} in generation {len(history)}, {history.total('evaluations')} evaluations"
        f"{tests}, {history.total('steps')} steps, {seconds:.1f} s\n"
        f"champion: fitness {result.champion_fitness:.6g}, {_found(result)}, hidden nodes "
        f"{champion.n_hidden}, connections {champion.n_enabled}, fingerprint "
        f"{result.fingerprint[:16]}{failures}"
    )


def _found(result: Result) -> str:
    """What the final test said, or that there was none."""
    learned = " after its learning" if result.learned is not result.champion else ""
    if result.verified is not None:
        return f"verified{learned}: {result.verified}"
    failed = f", {result.retests_failed} retests failed" if result.retests_failed else ""
    return f"not verified{failed}"


def _where(directory: Path | None) -> str:
    """Where the traceback of the first evaluation that raised is to be read, if any did."""
    if directory is None or not (directory / TRACEBACK).is_file():
        return ""
    return f"\nthe first traceback is in {_short(directory / TRACEBACK)}"


def profile(history: History, seconds: float) -> str:
    """Where the time went, as a Markdown table."""
    lines = ["| part | seconds | share | per generation |", "|---|---:|---:|---:|"]
    parts = ("evaluation", "reproduction", "compilation", "learning")
    rows = [(part, history.total(f"seconds_{part}")) for part in parts]
    rows.append(("everything else", seconds - sum(spent for _, spent in rows)))
    for part, spent in rows:
        each = spent / len(history) * 1e3
        lines.append(f"| {part} | {spent:.3f} | {spent / seconds:.0%} | {each:.3f} ms |")
    return "\n".join(lines)


def _write_picture(figure: Any, path: Path) -> None:
    write_whole(path, lambda file: figure.savefig(file, format="png", dpi=150))


def _draw_all(directory: Path, champion: Genome, history: History) -> None:
    """Write the pictures; one that fails is said, and costs nothing else."""
    pictures: dict[str, Callable[[], Any]] = {
        "network.png": lambda: draw(champion.phenotype()),
        "fitness.png": lambda: draw_fitness(history),
        "species.png": lambda: draw_species(history),
        "history.png": lambda: draw_history(history),
    }
    for name, make in pictures.items():
        try:
            from neatgrow.plotting.graph.network import draw
            from neatgrow.plotting.history import draw_fitness, draw_species
            from neatgrow.plotting.overview import draw_history

            _write_picture(make(), directory / name)
        except Exception as error:
            _say(f"{name} was not drawn: {type(error).__name__}: {error}", file=sys.stderr)


def _show(options: argparse.Namespace) -> int:
    if options.directory.is_file():
        _say(load_genome(options.directory))
        _say(f"written with {shown(provenance_of(options.directory))}")
        return 0
    description, history, champion = read_run(options.directory)
    newest = history[-1]
    description.pop("run", None)
    _say(", ".join(f"{key} {value}" for key, value in description.items()))
    _say(
        f"{len(history)} generations, {history.total('evaluations')} evaluations, champion "
        f"fitness {newest['champion']:.6g}, {newest['species']} species"
    )
    verified, learned = read_verified(options.directory), read_judged(options.directory)
    _say("not verified by a final test" if verified is None else f"verified: {verified}")
    failed = history.total("failures")
    if failed:
        _say(f"{failed} evaluations failed{_where(options.directory)}")
    segments = read_provenance(options.directory)
    bounds = [*(int(one["after"]) for one in segments), len(history)]
    for one, first, last in zip(segments, bounds[:-1], bounds[1:], strict=True):
        if first < last:
            _say(f"generations {first + 1} to {last} made with {shown(one)}")
    _say(champion)
    if learned is not None:
        _say(f"pictures show it after its learning, as it was judged: {JUDGED}")
    if champion.interface.phenotype is not None:
        _say(f"pictures show the graph that it stands for: {champion.phenotype()!r}")
    _draw_all(options.directory, learned or champion, history)
    _say(f"drawn again: {', '.join(str(p) for p in sorted(options.directory.glob('*.png')))}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from neatgrow.plotting.pages.report import report

    _say(f"written: {report(options.directory, options.out, trust=_trust(options))}")
    return 0


def _watch(options: argparse.Namespace) -> int:
    from neatgrow.problems.gymnasium.problem import Gymnasium

    _, _, champion = read_run(options.directory)
    problem = _rebuilt(options)
    if not isinstance(problem, Gymnasium):
        raise ValueError(f"watch: expected a run on a Gymnasium environment, got {problem.name}.")
    if options.learned:
        champion = load_genome(options.directory / LEARNED)
    champion = champion.phenotype()
    network = champion.compile()
    if options.video is not None:
        return _film(options.video, problem, champion, options.seed)
    for episode in range(options.episodes):
        seed = options.seed + episode
        total = sum(step.reward for step in problem.play(network, seed=seed, render_mode="human"))
        _say(f"episode {episode + 1}: return {total:.6g}")
    return 0


def _film(path: Path, problem: Any, champion: Genome, seed: int) -> int:
    """Write an episode, the environment beside the network at work."""
    from neatgrow.plotting.films.animation import animate_activity
    from neatgrow.plotting.films.film import film_path

    film_path(path)  # what is wrong with it is said before the episode
    steps = list(problem.play(champion.compile(), seed=seed, render_mode="rgb_array"))
    decided = [step for step in steps if step.decided]
    ticks = champion.interface.timing.ticks  # of which each is a frame, if there are not too many
    every = -(-len(decided) * ticks // _FILM_FRAMES)
    every = every if every == 1 else ticks * -(-every // ticks)
    animate_activity(
        champion, [step.observation for step in decided], path, [step.view for step in decided],
        every=every, fps=_FILM_FPS, title=problem.name,
    )  # fmt: skip
    total = sum(step.reward for step in steps)
    _say(f"{path}: {len(steps)} steps, return {total:.6g}")
    return 0


def _problems(options: argparse.Namespace) -> int:
    rows = [("problem", "solved at", "needs", "what", "run with")]
    for name, entry in catalogue.ENTRIES.items():
        needs = f"neatgrow[{entry.extra}]" if entry.extra else ""
        own = [f"{_option(k)}{'' if v is True else f' {v}'}" for k, v in entry.options.items()]
        tuned = " ".join([*own, *(f"--set {k}={v}" for k, v in entry.settings.items())])
        rows.append((name, entry.solved_at, needs, entry.about, tuned))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        _say("  ".join(cells).rstrip())
    _say("Any other id registered with Gymnasium works too, and file.py:name of your own.")
    return 0


def _warm(options: argparse.Namespace) -> int:
    from neatgrow.kernels.cache import cache_directory
    from neatgrow.warm import warm

    if options.processes is not None:
        _checks.integer("--processes", options.processes, 1)
    for name, seconds in warm(options.processes):
        print(f"{name}: {seconds:.0f} s")
    print(f"Kernels are in {cache_directory()}.")
    return 0


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


if __name__ == "__main__":
    sys.exit(main())
