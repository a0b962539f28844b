"""The field's tasks over many seeds, beside the published figures.

    python -m benchmarks.science [task …] [--way WAY] [--seeds N] [--processes N] [--table]
        [--out benchmarks]

Each task is run in some ways, over seeds of its own, a process with one thread for each core. A
row per seed goes to results/TASK.csv as soon as it is known, and is not run again as long as its
settings (:mod:`benchmarks.tasks`) stay as they are; so an interrupted run is resumed by the same
command. All tasks that have rows go into the table of RESULTS.md; ``--table`` runs nothing and
writes that anew. Where a default of the library changed, rows have to be deleted by hand.

Solved means, of samples and sequences, that all of the training set are right; of formulas, a
root mean squared error of 0.01 on the training points (“in training” stands beside both); of
poles, 100,000 actions and without velocities 200 of 625 other starts as well, for which every
network that lasts 1,000 actions is tried, or as in the papers only a generation's best, as the way
says. Where the first or second generation solves most seeds (†), its genomes are random or
children of random ones: that shows an easy task, or learning, and no evolution. Evaluations count
genomes judged, samples the samples (ticks of sequences) that went through gradients, seconds one
core, compilation left out. Seeds that fail stay in, with what they spent.
"""

import argparse
import csv
import os
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import networkx
import numpy as np

import neatgrow as ng
from benchmarks.protocols import problem_of
from benchmarks.tasks import SETTINGS, Setting
from benchmarks.timing import markdown
from neatgrow.automatic import resolved

HEADER = ("task", "way", "settings", "solved", "generations to solve, median (1 or 2 did)",
          "evaluations: mean (sd), median", "samples learned, median", "hidden", "connections",
          "score", "seconds, median", "published")  # fmt: skip
ANEW = 1_000_000  # seeds of generations that are drawn anew, out of the way of runs'

BEGIN, END = "<!-- table -->", "<!-- end of table -->"


class Ran(NamedTuple):
    """What one seed came to."""

    seed: int
    solved: bool
    generations: int
    evaluations: int
    samples: int
    hidden: int
    connections: int
    score: float  # what the task's score is: of the test set, generalisation; NaN if it has none
    fresh: float  # test accuracy on a freshly drawn set, where there is one
    seconds: float


def run(setting: Setting, seed: int) -> Ran:
    """One seed, from its start to its score."""
    problem = problem_of(setting, **dict.fromkeys(setting.seeded, seed))
    config, _ = resolved(setting.settings(), problem=problem)
    warm_up(setting, problem, config)
    start = time.perf_counter()
    generations = evaluations = samples = 0
    solved = False
    if setting.generations:
        results = runs(setting, problem, config, seed)
        best = max(results, key=lambda result: result.champion_fitness)
        genome, solved = best.champion, best.solved
        generations = sum(len(result.history) for result in results)
        evaluations = sum(int(result.history.total("evaluations")) for result in results)
        samples = sum(int(result.history.total("samples_learned")) for result in results)
    elif setting.loops:
        genome = graph_with_loops(problem, config, setting.loops, seed)
    else:
        genome = ng.Population(problem.inputs, problem.outputs, config, seed=seed).ask()[0]
    if setting.tune is not None and not (solved and setting.stop_when_solved):
        genome, losses = tuned(genome, problem, setting.tune, seed)
        lessons = problem.lessons()
        ticks = lessons.X.shape[0] if lessons.sequences else 1
        size = ticks * (setting.tune.get("batch") or lessons.X.shape[-2])
        samples += size * int(np.count_nonzero(~np.isnan(losses)))
    seconds = time.perf_counter() - start
    networks = genome.batch().compile()
    born = setting.learning is not None and setting.learning.inheritance == "baldwinian"
    if isinstance(problem, ng.Supervised) and not born:  # one as it was born has to learn again
        if problem.solved_at is None:
            solved = problem.accuracy(networks, problem.X, problem.Y, problem.weights)[0] == 1.0
        else:
            solved = problem.evaluate(networks).fitness[0] >= problem.solved_at
    score = fresh = float("nan")
    if setting.score == "test":
        score = float(problem.accuracy(networks, *problem.test)[0])
        if setting.fresh:
            other = problem_of(setting, **setting.fresh)
            fresh = float(problem.accuracy(networks, *other.test)[0])
    elif setting.score == "test error":
        X, Y = problem.test
        score = float(np.sqrt(((networks.predict(X)[0] - Y) ** 2).mean()))
    elif setting.score == "generalisation":
        score = float(problem.generalisation(networks)[0])
    return Ran(seed, bool(solved), generations, evaluations, samples, genome.n_hidden,
               genome.n_enabled, score, fresh, seconds)  # fmt: skip


def runs(setting: Setting, problem: Any, config: ng.Config, seed: int) -> list[ng.Result]:
    """The run, or as many of one generation each as it takes to solve the problem."""
    one = 1 if setting.random else setting.generations
    results: list[ng.Result] = []
    while not results or (
        setting.random and len(results) < setting.generations and not results[-1].solved
    ):
        own = ANEW + setting.generations * seed + len(results) if setting.random else seed
        results.append(
            ng.evolve(
                problem, config=config, generations=one, seed=own, learning=setting.learning,
                seconds=setting.seconds, progress=False,
            )
        )  # fmt: skip
    return results


def tuned(genome: ng.Genome, problem: Any, options: dict[str, Any], seed: int) -> Any:
    """The genome after fine-tuning, and its losses."""
    return ng.fine_tune(genome, problem.lessons(), seed=seed, progress=False, **options)


def warm_up(setting: Setting, problem: Any, config: ng.Config) -> None:
    """Compile or load what the run will call, so that its seconds are its own."""
    if setting.generations:
        ng.evolve(problem, config=config.override({"population_size": 20}), generations=2, seed=0,
                  learning=setting.learning, progress=False)  # fmt: skip
    if setting.tune is not None:
        genome = ng.Population(problem.inputs, problem.outputs, config, seed=0).ask()[0]
        tuned(genome, problem, setting.tune | {"steps": 1}, 0)


def graph_with_loops(problem: Any, config: ng.Config, count: int, seed: int) -> ng.Genome:
    """Hidden nodes all joined to inputs, outputs, each other and themselves; weights normal
    with deviation 1/√(connections into a node)."""
    rng = np.random.default_rng(seed)
    graph = networkx.DiGraph()
    inputs = [f"in{k}" for k in range(problem.inputs)]
    hidden = [f"hidden{k}" for k in range(count)]
    outputs = [f"out{k}" for k in range(problem.outputs)]
    for names, kind in ((inputs, "input"), (hidden, "hidden"), (outputs, "output")):
        graph.add_nodes_from(names, kind=kind)
    column = config.genes.activation
    for names, activation in ((hidden, column.start), (outputs, column.outputs or column.start)):
        for name in names:
            graph.nodes[name]["activation"] = activation
    for sources, targets in ((inputs + hidden, hidden), (hidden, outputs)):
        for target in targets:
            for source in sources:
                weight = rng.standard_normal() / np.sqrt(len(sources))
                graph.add_edge(source, target, weight=weight)
    return ng.Genome.from_networkx(graph)


# ------------------------------------------------------------------------------------ tables


def rows_of(path: Path, setting: Setting) -> dict[int, Ran]:
    """Rows by seed that were run with these very settings."""
    if not path.exists():
        return {}
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["way"] == setting.way and row["settings"] == setting.text():
                values = [kind(row[name]) for name, kind in _KINDS.items()]
                found[int(row["seed"])] = Ran(*values)
    return found


_KINDS: dict[str, Any] = {
    "seed": int, "solved": lambda text: text == "True", "generations": int, "evaluations": int,
    "samples": int, "hidden": int, "connections": int, "score": float, "fresh": float,
    "seconds": float,
}  # fmt: skip


def append(path: Path, setting: Setting, ran: Ran) -> None:
    """Add a row, on the disk before the next seed begins."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["way", *Ran._fields, "settings"])
        writer.writerow([setting.way, *ran, setting.text()])
        file.flush()
        os.fsync(file.fileno())


def table_row(setting: Setting, rows: Iterable[Ran]) -> tuple[str, ...]:
    """One line of the table."""
    columns = Ran(*(np.array(column) for column in zip(*rows, strict=True)))
    spent = columns.evaluations
    count = spent.size
    score = "–"
    if setting.score:
        low, high = columns.score.min(), columns.score.max()
        median, mean = np.median(columns.score), columns.score.mean()
        score = f"{setting.score}: median {median:.4g}, mean {mean:.4g} [{low:.4g}–{high:.4g}]"
    if setting.fresh:
        score += f"; fresh: mean {columns.fresh.mean():.4g}"
    deviation = f" ({spent.std(ddof=1):,.0f})" if count > 1 else ""
    evaluations = f"{spent.mean():,.0f}{deviation}, {np.median(spent):,.0f}" if spent.any() else "0"
    training = " in training" if setting.trains() else ""
    generations = "–"
    if setting.generations and setting.stop_when_solved:
        generations = generations_text(columns.generations[columns.solved], count)
    if setting.random:  # one after the other, none the child of another
        generations = generations.removesuffix(" †")
    return (
        setting.task, setting.way, settings_text(setting),
        f"{np.count_nonzero(columns.solved)} of {count}{training}",
        generations, evaluations,
        f"{np.median(columns.samples):,.0f}", f"{columns.hidden.mean():.1f}",
        f"{columns.connections.mean():.1f}", score, f"{np.median(columns.seconds):.2f}",
        setting.published,
    )  # fmt: skip


def settings_text(setting: Setting) -> str:
    """What a row was run with, and how that was chosen."""
    text = {"paper": "`Config.paper()`", "defaults": "defaults"}[setting.base]
    if setting.config:
        text = ", ".join(f"{name}={_shown(value)}" for name, value in setting.config.items())
    return f"{text}; {setting.chosen}" if setting.chosen else text


def _shown(value: Any) -> str:
    return "/".join(value) if isinstance(value, tuple) else f"{value}"


def generations_text(solving: Sequence[int], count: int) -> str:
    """Median generation in which seeds were solved, and how many were by the second.

    Args:
        solving: Generations of the seeds that were solved.
        count: Seeds in all.
    """
    if not len(solving):
        return "–"
    early = int(np.count_nonzero(np.asarray(solving) <= 2))
    return f"{np.median(solving):g} ({early})" + " †" * (2 * early > count)


def file_of(folder: Path, setting: Setting) -> Path:
    """Where a task's rows are."""
    name = re.sub("[^a-z0-9]+", "-", setting.task.lower()).strip("-")
    return folder / "results" / f"{name}.csv"


def write_table(folder: Path) -> str:
    """The table of all rows there are, in the order of the settings, put into RESULTS.md."""
    lines = []
    for setting in SETTINGS:
        rows = rows_of(file_of(folder, setting), setting)
        if rows:
            lines.append(table_row(setting, [rows[seed] for seed in sorted(rows)]))
    table = markdown(HEADER, lines)
    put_table(folder / "RESULTS.md", BEGIN, END, table)
    return table


def put_table(path: Path, begin: str, end: str, table: str) -> None:
    """Replace what is between two marks of a file, or add it at the end."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if begin not in text:
        text += f"\n{begin}\n{end}\n"
    before, after = text.split(begin)[0], text.split(end)[1]
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def begin(environment: dict[str, str]) -> None:
    """Make a process ready: one thread."""
    os.environ.update(environment)
    ng.set_threads(1)


def main() -> None:
    tasks = list(dict.fromkeys(setting.task for setting in SETTINGS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="*", choices=[[], *tasks], help=", ".join(tasks))
    parser.add_argument("--way", help="only this one of a task's ways")
    parser.add_argument("--seeds", type=int, help="instead of each task's own number")
    parser.add_argument("--processes", type=int, help="at a time, instead of one for each core")
    parser.add_argument("--table", action="store_true", help="of the rows there are, run nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    folder = options.out
    (folder / "results").mkdir(parents=True, exist_ok=True)
    if not options.table:
        run_missing(options, folder)
    print(write_table(folder))


def run_missing(options: argparse.Namespace, folder: Path) -> None:
    """Run the seeds asked for that have no row."""
    context = get_context("spawn")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    with ProcessPoolExecutor(options.processes or cores, context, begin, ({},)) as pool:
        waiting = {}
        for setting in SETTINGS:
            if (options.task and setting.task not in options.task) or options.way not in (
                None,
                setting.way,
            ):
                continue
            known = rows_of(file_of(folder, setting), setting)
            for seed in range(setting.first, setting.first + (options.seeds or setting.seeds)):
                if seed not in known:
                    waiting[pool.submit(run, setting, seed)] = setting
        for future in as_completed(waiting):
            setting, ran = waiting[future], future.result()
            append(file_of(folder, setting), setting, ran)
            print(f"{setting.task}, {setting.way}: {ran}", flush=True)


if __name__ == "__main__":
    main()
