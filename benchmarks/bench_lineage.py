"""The line of descent: what it takes on the disk, of a run's time, and of memory.

    python -m benchmarks.bench_lineage [--generations 1000] [--pairs 9]

Prints a table. Time is the process's own, of runs with and without a lineage in turns; a cell is
the median of their ratios, in brackets the least and the most.
"""

import argparse
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.evolution import Evolution

Row = tuple[str, str, str]


@contextmanager
def without_lineage() -> Iterator[None]:
    """Runs keep only their last generation."""
    after = Lineage.after
    Lineage.after = lambda lineage, *rest: lineage  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Lineage.after = after  # type: ignore[method-assign]


def run(generations: int, seed: int, folder: Path | None) -> float:
    """Seconds of processor time that XOR takes, never solved, with the default settings."""
    start = time.process_time()
    ng.evolve(
        ng.XOR(), generations=generations, seed=seed, solved_at=99.0, directory=folder,
        progress=False,
    )  # fmt: skip
    return time.process_time() - start


def size(generations: int) -> list[Row]:
    """Bytes in the run directory: those of the lineage's parts of all checkpoints."""
    rows = []
    for seed in (1, 2, 3):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run"
            result = ng.evolve(
                ng.XOR(), generations=generations, seed=seed, solved_at=99.0, directory=path,
                checkpoints=ng.Checkpoints(generations=generations // 10, seconds=None),
            )  # fmt: skip
            parts = 0
            for checkpoint in (path / "checkpoints").iterdir():
                with zipfile.ZipFile(checkpoint) as archive:
                    parts += sum(
                        member.compress_size
                        for member in archive.infolist()
                        if member.filename.startswith("lineage.")
                    )
        work = (
            f"{generations:,} generations × 150 of XOR, seed {seed} "
            f"({result.history['connections'][-1]:.0f} connections per genome at the end): "
            "in all three checkpoints"
        )
        rows.append((work, f"{parts / 1e6:.2f} MB", "5 MB"))
    return rows


def share(generations: int, pairs: int, in_directory: bool) -> Row:
    """How much longer runs take that keep a lineage."""
    run(generations, 1, None)
    ratios, seconds = [], []
    for pair in range(pairs):
        took = {}
        for kept in (pair % 2 == 0, pair % 2 == 1):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "run" if in_directory else None
                if kept:
                    took[kept] = run(generations, pair, path)
                else:
                    with without_lineage():
                        took[kept] = run(generations, pair, path)
        ratios.append(took[True] / took[False] - 1.0)
        seconds.append(took[False])
    where = "in a directory" if in_directory else "without a directory"
    return (
        f"share of the time of {generations:,} generations × 150 of XOR, {where} "
        f"({np.median(seconds) / generations * 1e6:.0f} µs a generation)",
        f"{np.median(ratios):.1%} [{min(ratios):.1%}–{max(ratios):.1%}]",
        "2 %",
    )


def inside(generations: int) -> Row:
    """The same from within: time spent in the lineage's own code."""
    after, spent = Lineage.after, 0.0

    def timed(lineage: Lineage, *rest: object) -> Lineage:
        nonlocal spent
        start = time.process_time()
        answer = after(lineage, *rest)  # type: ignore[arg-type]
        spent += time.process_time() - start
        return answer

    Lineage.after = timed  # type: ignore[method-assign, assignment]
    try:
        with tempfile.TemporaryDirectory() as folder:
            seconds = sum(run(generations, s, Path(folder) / str(s)) for s in range(1, 6))
    finally:
        Lineage.after = after  # type: ignore[method-assign]
    what = f"the same, in a directory, as time inside it ({spent / generations / 5e-6:.0f} µs each)"
    return what, f"{spent / seconds:.1%}", "2 %"


def memory(population: int, generations: int) -> Row:
    """Bytes that a run holds on to for its lineage."""
    rng = np.random.default_rng(0)
    problem = ng.Supervised(rng.normal(size=(4, 10)), rng.normal(size=(4, 5)))
    evolution = Evolution(problem, ng.Config(population_size=population), seed=1)
    evolution.step()
    tracemalloc.start()
    for _ in range(generations):
        evolution.step()
    after = tracemalloc.get_traced_memory()[0]
    evolution.snapshot = None
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    genomes = evolution.population.genomes
    work = (
        f"memory after {generations} generations × {population:,} "
        f"({genomes.innovation.size / len(genomes):.0f} connections)"
    )
    return work, f"{(after - before) / 1e6:.1f} MB", "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()
    rows = size(options.generations)
    rows += [share(options.generations, options.pairs, where) for where in (True, False)]
    rows.append(inside(options.generations))
    rows += [memory(150, 300), memory(10_000, 30)]
    print(markdown(("work", "measured", "bound"), rows))


if __name__ == "__main__":
    main()
