"""Kernels: what compiling costs, activations beside tanh, and threads on a busy machine.

    python -m benchmarks.bench_kernels

Compilation is processor time from an empty cache, all in one process, so that each line is what
comes on top of those above. Activations are of 300 networks × 256 samples on one thread, all nodes
alike, or each one of eight. Threads run beside programs that keep a core busy each; the ratio is
one thread's mean time to two threads', the better of two turns of each.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import scale
from benchmarks.bench_learning import trainer_of
from benchmarks.timing import alternate, markdown
from neatgrow.kernels import functions

_COMPILING = """
import time
start = time.process_time()
import numpy as np
import neatgrow as ng
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
for call in (
    lambda: ng.evolve(ng.XOR(), seed=1, progress=False),
    lambda: ng.fine_tune(ng.Population(2, 1).ask()[0], X, X[:, :1], steps=5, progress=False),
    lambda: ng.evolve(ng.XOR(), generations=3, learning=ng.Learning(steps=5), progress=False),
    lambda: ng.evolve(ng.PoleBalancing(), generations=2, progress=False),
):
    call()
    print(time.process_time() - start)
    start = time.process_time()
"""
_COMPILED = ("XOR", "then a first fine_tune", "then a first Learning", "then double poles")
_BOUNDS = ("12 s", "8 s", "2 s", "0 s in a second process")
_EIGHT = ("tanh", "sigmoid", "relu", "identity", "leaky_relu", "elu", "gelu", "softplus")


def compiling() -> list[tuple[str, ...]]:
    """Rows of processor seconds, in a first process and in a second one."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        cold, warm = (
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _COMPILING], env=environment, text=True,
                capture_output=True, check=True,
            ).stdout.split() for _ in range(2)
        )  # fmt: skip
    return [
        (what, f"{float(first):.1f} s", f"{float(again):.1f} s", bound)
        for what, first, again, bound in zip(_COMPILED, cold, warm, _BOUNDS, strict=True)
    ]


def activations() -> list[tuple[str, ...]]:
    """Rows of each activation's time and its ratio to that of tanh."""
    config = ng.Config(population_size=300).override({"start.hidden": 20})
    rng = np.random.default_rng(0)
    genomes = ng.Population(8, 4, config, seed=1).ask()
    X, codes = rng.normal(size=(256, 8)).astype(np.float32), functions.opcodes()

    def call(chosen: Any) -> Callable[[], Any]:
        choices = genomes.packed.node_choices.copy()
        choices[:, 0] = chosen
        changed = genomes.packed._replace(node_choices=choices)
        networks = ng.Genomes(changed, genomes.interface).compile()
        return lambda: networks.predict(X)

    drawn = rng.choice([codes[name] for name in _EIGHT], len(genomes.packed.node_choices))
    calls = {name: call(codes[name]) for name in functions.ACTIVATIONS}
    calls["one of eight, " + ", ".join(_EIGHT)] = call(drawn)
    ng.set_threads(1)
    timings = dict(zip(calls, alternate(list(calls.values()), budget=0.3), strict=True))
    tanh = timings["tanh"].least
    return [
        (name, f"{timing.least * 1e3:.2f} ms", f"{timing.least / tanh:.2f}",
         "2" if name.startswith("one") else "1.5")
        for name, timing in timings.items()
    ]  # fmt: skip


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """That many programs beside this one, each with a core to itself if it can."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)]
    try:
        time.sleep(0.3)
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def threads() -> list[tuple[str, ...]]:
    """Rows of two threads beside one, with no, one and two programs beside them."""
    config = ng.Config(population_size=1000).override({"start.hidden": 12})
    genomes = ng.Population(8, 4, config, seed=1).ask()
    networks = genomes.compile()
    X = np.random.default_rng(0).normal(size=(256, 8)).astype(np.float32)
    one = scale.large(10_000).batch()
    work: dict[str, Callable[[], Any]] = {
        "1,000 networks × 256 samples": lambda: networks.predict(X),
        "1,000 genomes compiled": genomes.compile,
        "20 steps of 150 networks, 64 samples": trainer_of(genomes[:150], 64, np.float32),
        "20 steps of one network of 10,000 connections": trainer_of(one, 256, np.float32),
    }
    rows = []
    for what, call in work.items():
        ratios = []
        for programs in (0, 1, 2):
            with busy(programs):
                spent = {1: np.inf, 2: np.inf}
                for count in (1, 2, 1, 2):
                    ng.set_threads(count)
                    spent[count] = min(spent[count], _mean(call))
            ratios.append(f"{spent[1] / spent[2]:.2f}")
        rows.append((what, *ratios, "0.9"))
    return rows


def _mean(call: Callable[[], Any], seconds: float = 1.5) -> float:
    call()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls


def main() -> None:
    """Print the tables."""
    print(markdown(("compiling before", "empty cache", "second process", "at most"), compiling()))
    print()
    print(markdown(("activation", "least", "of tanh", "at most"), activations()))
    print()
    header = ("two threads against one", "nothing beside", "one program", "two", "at least")
    print(markdown(header, threads()))


if __name__ == "__main__":
    main()
