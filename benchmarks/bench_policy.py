"""Mean return over 100 fresh episodes before and after learning by policy gradients.

    python -m benchmarks.bench_policy [task …] [--seeds 3] [--out benchmarks]

Each seed evolves for a bounded time, on all cores, and then learns for a number of iterations
with one process. A row goes to results/policy.csv as soon as it is known and is not run again as
long as its settings stay as they are. Both means are of the same episodes, which were used for
nothing before; deviations are over seeds. Graphs that start with hidden nodes evolve more slowly
and have more to learn with.
"""

import argparse
import csv
import os
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown

HEADER = ("task", "way", "seeds", "before: mean (sd)", "after: mean (sd)", "learned, kept",
          "connections", "loops", "steps evolving", "steps learning", "steps judging",
          "seconds evolving", "seconds learning")  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What is evolved and learned.

    Attributes:
        problem: Of ``ng.Gymnasium``.
        seconds: Of evolution.
        config: Changes of the settings, by dotted path.
        learning: Of ``ng.fine_tune_policy``.
    """

    environment: str
    way: str
    seconds: float
    problem: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    learning: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """What one seed came to."""

    environment: str
    way: str
    seed: int
    before: float
    after: float
    kept: bool
    connections: int
    loops: bool
    evolving_steps: int
    learning_steps: int
    judging_steps: int
    evolving_seconds: float
    learning_seconds: float
    settings: str


_HIDDEN = {"start.hidden": 16}
_PENDULUM = {"discount": 0.95, "iterations": 100}
_CHEETAH = {"episodes": 8, "iterations": 150, "validation_every": 10, "validation_episodes": 5}
TASKS = [
    Task("Pendulum-v1", "default graph", 30, {"episodes": 5}, learning=_PENDULUM),
    Task("Pendulum-v1", "16 hidden at first", 30, {"episodes": 5}, _HIDDEN, _PENDULUM),
    Task("HalfCheetah-v5", "default graph", 240, {"normalize": True}, learning=_CHEETAH),
    Task("HalfCheetah-v5", "16 hidden at first", 240, {"normalize": True}, _HIDDEN, _CHEETAH),
]


def run(task: Task, seed: int) -> Ran:
    """One seed."""
    # One backend for both, and practice on it: EnvPool's physics may differ in the last bits.
    problem = ng.Gymnasium(task.environment, backend="gymnasium", **task.problem)
    config = ng.Config().override(task.config)
    start = time.perf_counter()
    result = ng.evolve(
        problem, config=config, generations=1_000_000, seconds=task.seconds, seed=seed,
        progress=False,
    )  # fmt: skip
    evolving = time.perf_counter() - start
    champion = result.champion
    _, report = ng.fine_tune_policy(champion, problem, seed=seed, progress=False, **task.learning)
    problem.close()
    return Ran(
        task.environment, task.way, seed, report.before, report.after, report.kept,
        champion.n_enabled, bool(champion.compile().networks.plan.has_loops[0]),
        int(result.history.total("steps")), report.steps, report.evaluation_steps, evolving,
        report.seconds, repr(task),
    )  # fmt: skip


def rows_of(path: Path, task: Task) -> dict[int, Ran]:
    """Rows by seed that were run with these settings."""
    if not path.exists():
        return {}
    kinds: dict[Any, Any] = {bool: lambda text: text == "True"}
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["settings"] == repr(task):
                values = {f.name: kinds.get(f.type, f.type)(row[f.name]) for f in fields(Ran)}
                found[int(row["seed"])] = Ran(**values)
    return found


def append(path: Path, ran: Ran) -> None:
    """Add a row, on the disk before the next seed begins."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Ran)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(ran))
        file.flush()
        os.fsync(file.fileno())


def table_row(task: Task, rows: list[Ran]) -> tuple[str, ...]:
    """One line of the table; means over seeds."""

    def mean(name: str, text: str = ",.0f") -> str:
        return format(np.mean([getattr(row, name) for row in rows]), text)

    def spread(name: str) -> str:
        values = [getattr(row, name) for row in rows]
        return f"{np.mean(values):,.0f}" + (f" ({np.std(values, ddof=1):,.0f})" if rows[1:] else "")

    return (
        task.environment, task.way, f"{len(rows)}", spread("before"), spread("after"),
        f"{sum(row.kept for row in rows)}", mean("connections"),
        f"{sum(row.loops for row in rows)} of {len(rows)}", mean("evolving_steps"),
        mean("learning_steps"), mean("judging_steps"), mean("evolving_seconds"),
        mean("learning_seconds"),
    )  # fmt: skip


def main() -> None:
    names = list(dict.fromkeys(task.environment for task in TASKS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="*", choices=[[], *names], help=", ".join(names))
    parser.add_argument("--way", help="only this one of a task's ways")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    (options.out / "results").mkdir(parents=True, exist_ok=True)
    path = options.out / "results" / "policy.csv"
    for task in TASKS:
        if options.task and task.environment not in options.task:
            continue
        if options.way in (None, task.way):
            for seed in range(options.seeds):
                if seed not in rows_of(path, task):
                    ran = run(task, seed)
                    append(path, ran)
                    print(f"{task.environment}, {task.way}, seed {seed}: {ran.before:.0f} → "
                          f"{ran.after:.0f}", flush=True)  # fmt: skip
    found = [(task, rows_of(path, task)) for task in TASKS]
    lines = [table_row(task, [rows[seed] for seed in sorted(rows)]) for task, rows in found if rows]
    print(markdown(HEADER, lines))


if __name__ == "__main__":
    main()
