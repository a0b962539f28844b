"""Runs that survive: cost of checkpoints, and memory over ten thousand generations.

    python -m benchmarks.bench_runs [--generations 10000]

Prints a table. Memory is the process's own, read after a collection of garbage.
"""

import argparse
import gc
import multiprocessing
import re
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown, measure
from neatgrow.runs.checkpoints import load_snapshot, save_snapshot
from neatgrow.runs.evolution import Evolution

SETTLED = 500  # generations after which memory is expected to stay level


def checkpoint() -> list[tuple[str, str, str]]:
    """A checkpoint of 1,000 genomes of 50 connections and more, on the disk under the system's
    folder for temporary files."""
    rng = np.random.default_rng(0)
    problem = ng.Supervised(rng.normal(size=(20, 10)), rng.normal(size=(20, 5)))
    run = Evolution(problem, ng.Config(population_size=1000), seed=1)
    for _ in range(20):
        run.step()
    assert run.snapshot is not None
    genomes = run.population.genomes
    work = f"1,000 genomes × {genomes.innovation.size / len(genomes):.0f} connections"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.npz"
        save = measure(lambda: save_snapshot(path, run.snapshot), most=50)
        load = measure(lambda: load_snapshot(path), most=50)
        size = path.stat().st_size / 1e6
    interval = ng.Checkpoints().seconds
    return [
        (f"checkpoint of {work}: save", str(save), "50 ms"),
        (f"checkpoint of {work}: load", str(load), "–"),
        (f"checkpoint of {work}: size", f"{size:.2f} MB", "2 MB"),
        (f"share of a run's time at the default {interval:g} s",
         f"{save.median / interval:.2%}", "2 %"),
    ]  # fmt: skip


# Genomes that keep their size: what grows then is the run itself.
FIXED = {
    f"mutation.{name}": 0.0
    for name in ("add_connection", "add_node", "add_loop", "delete_connection", "delete_node")
}


def memory(
    generations: int, settings: dict[str, float], what: str, bound: str
) -> list[tuple[str, str, str]]:
    """Growth of memory over a long run of XOR in a directory."""
    seen: dict[int, tuple[float, float]] = {}

    def look(run: Evolution) -> None:
        count = len(run.history)
        if count in (SETTLED, generations):
            gc.collect()
            seen[count] = (status("VmRSS"), status("VmHWM"))

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = ng.evolve(
            ng.XOR(), config=ng.Config().override(settings), generations=generations, seed=1,
            solved_at=99.0, callbacks=[look], directory=Path(folder) / "run",
        )  # fmt: skip
    seconds = time.perf_counter() - start
    (now, peak), (later, later_peak) = seen[SETTLED], seen[generations]
    connections = result.history["connections"]
    work = (
        f"XOR over {generations:,} generations, {what} ({seconds:.0f} s; "
        f"{connections[SETTLED - 1]:.0f} connections per genome at {SETTLED}, "
        f"{connections[-1]:.0f} at the end)"
    )
    return [
        (f"{work}: peak memory at {SETTLED}, at the end",
         f"{peak:.1f} MB, {later_peak:.1f} MB: {later_peak / peak - 1:+.1%}", bound),
        (f"{work}: memory in use", f"{now:.1f} MB, {later:.1f} MB: {later / now - 1:+.1%}", "–"),
    ]  # fmt: skip


def in_own_process(*arguments: Any) -> list[tuple[str, str, str]]:
    """:func:`memory` in a process of its own, so that peaks do not add up."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(memory, *arguments).result()


def status(name: str) -> float:
    """A figure of this process's memory as Linux counts it, in MB."""
    line = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    assert line is not None
    return int(line[1]) * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=10_000)
    options = parser.parse_args()
    rows = checkpoint()
    for settings, what, bound in (
        (FIXED, "genomes of fixed structure", "+2 %"),
        ({}, "the defaults, whose genomes grow", "–"),
    ):
        rows += in_own_process(options.generations, settings, what, bound)
    print(markdown(("work", "measured", "bound"), rows))


if __name__ == "__main__":
    main()
