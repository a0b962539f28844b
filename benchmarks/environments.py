"""Gymnasium's environments over many seeds, with the settings that ``neatgrow run`` takes.

    python -m benchmarks.environments [environment …] [--seeds N] [--out benchmarks]

One seed at a time, on one core (set NEATGROW_THREADS for more): evolution until it is solved or
its time is up, then, where it says so, learning by policy gradients. The champion's mean return
is over 100 fresh episodes of the backend that it was evolved on, and over 100 of Gymnasium's own
where that is another. A row per seed goes to results/ENVIRONMENT.csv as soon as it is known and
is not run again; all rows go into the table of RESULTS.md. Seconds are of the wall, compilation
left out. Seeds that fail stay in. Evaluations and steps are with those of retests, each over 20
episodes and more of one genome, whose episodes stand beside. Where the first or second generation
solves most seeds (†), it shows no evolution, but an easy task.
"""

import argparse
import csv
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.science import generations_text, put_table
from benchmarks.timing import markdown
from neatgrow.problems import catalogue

BEGIN, END = "<!-- environments -->", "<!-- end of environments -->"
HEADER = (
    "environment", "settings", "solved", "mean of 100 episodes: median [range]",
    "on Gymnasium's own", "generations to solve, median (1 or 2 did)",
    "steps with retests, median", "evaluations, median (and episodes of retests)", "hidden",
    "connections", "seconds: median, most", "after learning", "learning: steps, seconds",
)  # fmt: skip
FRESH = 1_000_000  # seeds of the episodes that champions are judged on, out of the way of runs'


@dataclass(frozen=True)
class Case:
    """An environment, and how long a seed may take.

    Attributes:
        environment: Name in the catalogue, whose options and settings are taken.
        seeds: How many, from 0 on.
        seconds: Of evolution.
        learns: Whether the champion goes on by policy gradients, with the catalogue's settings.
        way: What tells it from another case of the environment.
        settings: Instead of the catalogue's.
    """

    environment: str
    seeds: int
    seconds: float
    learns: bool = False
    way: str = ""
    settings: dict[str, Any] | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """Of the default settings, by dotted path."""
        entry = catalogue.ENTRIES[self.environment]
        return dict(entry.settings) if self.settings is None else self.settings

    @property
    def text(self) -> str:
        """What decides the result."""
        entry = catalogue.ENTRIES[self.environment]
        changes = {**entry.options, **self.changes}
        text = [f"{key}={value}" for key, value in changes.items()] + [f"{self.seconds:g} s"]
        if self.learns:
            learning = dict(entry.learning)
            ppo, default = vars(learning.pop("ppo", ng.PPO())), vars(ng.PPO())
            learning = {k: v for k, v in ppo.items() if v != default[k]} | learning
            text += [f"learning {key}={value}" for key, value in learning.items()]
        return ", ".join(text)


CASES = [
    Case("CartPole-v1", 10, 60),
    Case("Acrobot-v1", 10, 300),
    Case("MountainCarContinuous-v0", 10, 300),
    Case("InvertedDoublePendulum-v5", 10, 300),
    Case("LunarLander-v3", 10, 600),
    Case("Pendulum-v1", 3, 60, True, "a graph with 16 hidden nodes"),
    Case("Pendulum-v1", 3, 60, True, "a graph from nothing", {}),
    Case("HalfCheetah-v5", 3, 240, True, "a graph with 16 hidden nodes"),
    Case("Hopper-v5", 3, 300),
    Case("BipedalWalker-v3", 3, 3600),
]


@dataclass(frozen=True)
class Ran:
    """What one seed came to."""

    seed: int
    way: str
    settings: str
    backend: str
    solved: bool
    mean: float  # of 100 fresh episodes
    gymnasium: float  # the same on Gymnasium's own environments
    generations: int
    evaluations: int
    retest_episodes: float  # NaN in rows of before they were counted
    steps: int
    hidden: int
    connections: int
    seconds: float
    learned: float  # mean of 100 fresh episodes after learning; NaN without
    learned_gymnasium: float
    learning_steps: int
    learning_seconds: float


def judged(genome: ng.Genome, problem: ng.Gymnasium) -> float:
    """Mean return over 100 fresh episodes."""
    networks = genome.compile().networks
    return float(problem.evaluate(networks, seed=FRESH, episodes=100).fitness[0])


def run(case: Case, seed: int) -> Ran:
    """One seed."""
    name, entry = case.environment, catalogue.ENTRIES[case.environment]
    config = ng.Config().override(case.changes)
    problem = ng.Gymnasium(name, **entry.options)
    own = ng.Gymnasium(name, **{**entry.options, "backend": "gymnasium"})
    warm = ng.evolve(ng.Gymnasium(name, **entry.options), config=config, generations=1, seed=seed)
    if case.learns:
        ppo = replace(entry.learning.get("ppo", ng.PPO()), episodes=1, validation_episodes=1)
        ng.fine_tune_policy(
            warm.champion, problem, ppo=ppo, iterations=1, evaluation_episodes=1
        )  # fmt: skip
    start = time.perf_counter()
    result = ng.evolve(
        problem, config=config, generations=1_000_000, seed=seed, seconds=case.seconds,
        progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    champion, history = result.champion, result.history
    mean = judged(champion, problem)
    print(f"{name}, seed {seed}: {mean:.1f} after {seconds:.0f} s", flush=True)
    learned = learned_own = np.nan
    steps, spent = 0, 0.0
    if case.learns:
        tuned, report = ng.fine_tune_policy(
            champion, problem, seed=seed, progress=False, **entry.learning
        )
        spent, steps = report.seconds, report.steps + report.evaluation_steps
        learned, learned_own = judged(tuned, problem), judged(tuned, own)
        print(f"{name}, seed {seed}: {learned:.1f} after {spent:.0f} s more", flush=True)
    return Ran(
        seed, case.way, case.text, problem.backend, result.solved, mean, judged(champion, own),
        len(history), int(history.total("evaluations")), int(history.total("retest_episodes")),
        int(history.total("steps")),
        champion.n_hidden, champion.n_enabled, seconds, learned, learned_own, steps, spent,
    )  # fmt: skip


def rows_of(path: Path, case: Case) -> dict[int, Ran]:
    """Rows by seed that were run with these very settings."""
    if not path.exists():
        return {}
    kinds = {field.name: field.type for field in fields(Ran)}
    cast = {int: int, float: lambda text: float(text or "nan"), str: str,
            bool: lambda text: text == "True"}  # fmt: skip
    found = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["settings"] == case.text:
                ran = Ran(**{name: cast[kinds[name]](row.get(name) or "") for name in kinds})
                found[ran.seed] = ran
    return found


def append(path: Path, ran: Ran) -> None:
    """Add a row, on the disk before the next seed begins."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Ran)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(ran))
        file.flush()
        os.fsync(file.fileno())


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):,.1f} [{min(values):,.1f} – {max(values):,.1f}]"


def table_row(case: Case, rows: list[Ran]) -> tuple[str, ...]:
    """One line of the table."""
    seconds = [ran.seconds for ran in rows]
    limit = catalogue.ENTRIES[case.environment].solved_at
    solved = "–" if limit == "none" else f"{sum(ran.solved for ran in rows)} of {len(rows)}"
    other = any(ran.backend == "envpool" for ran in rows)
    after = learning = "–"
    if case.learns:
        after = spread([ran.learned for ran in rows])
        after += f"; {spread([ran.learned_gymnasium for ran in rows])}" if other else ""
        steps = np.median([ran.learning_steps for ran in rows])
        learning = f"{steps:,.0f}, {np.median([ran.learning_seconds for ran in rows]):.0f}"
    retests = np.median([ran.retest_episodes for ran in rows])
    backends = ", ".join(sorted({ran.backend for ran in rows}))
    name = f"{case.environment}, {case.way}" if case.way else case.environment
    return (
        f"{name} ({limit})", f"{rows[0].settings}; {backends}", solved,
        spread([ran.mean for ran in rows]),
        spread([ran.gymnasium for ran in rows]) if other else "–",
        generations_text([ran.generations for ran in rows if ran.solved], len(rows)),
        f"{np.median([ran.steps for ran in rows]):,.0f}",
        f"{np.median([ran.evaluations for ran in rows]):,.0f} "
        f"({'not counted' if np.isnan(retests) else f'{retests:,.0f}'})",
        f"{np.mean([ran.hidden for ran in rows]):.1f}",
        f"{np.mean([ran.connections for ran in rows]):.1f}",
        f"{np.median(seconds):.0f}, {max(seconds):.0f}", after, learning,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "environment", nargs="*", choices=[[], *dict.fromkeys(case.environment for case in CASES)]
    )
    parser.add_argument("--seeds", type=int, help="instead of each environment's own number")
    parser.add_argument("--table", action="store_true", help="of the rows there are, run nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    if "NEATGROW_THREADS" not in os.environ:
        ng.set_threads(1)
    (options.out / "results").mkdir(parents=True, exist_ok=True)
    lines = []
    for case in CASES:
        path = options.out / "results" / f"{case.environment}.csv"
        known = rows_of(path, case)
        asked = not options.environment or case.environment in options.environment
        if asked and not options.table:
            for seed in range(options.seeds or case.seeds):
                if seed not in known:
                    known[seed] = run(case, seed)
                    append(path, known[seed])
        if known:
            lines.append(table_row(case, [known[seed] for seed in sorted(known)]))
    table = markdown(HEADER, lines)
    put_table(options.out / "RESULTS.md", BEGIN, END, table)
    print(table)


if __name__ == "__main__":
    main()
