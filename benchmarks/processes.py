"""Figures that take a process of their own; prints one line of JSON.

python -m benchmarks.processes memory|start|xor|first
"""

import json
import os
import subprocess
import sys
import tempfile
import time

XOR = "import neatgrow as ng; assert ng.evolve(ng.XOR(), seed=1).solved"


def memory() -> dict[str, object]:
    """Peak memory of a process that takes 100,000 genomes through one generation."""
    import resource

    import numpy as np

    import neatgrow as ng

    config = ng.Config(population_size=100_000)
    population = ng.Population(inputs=10, outputs=5, config=config, seed=1)  # 50 connections
    genomes = population.ask()
    X = np.random.default_rng(0).standard_normal((4, 10))
    population.tell(genomes.compile().predict(X).mean(axis=(1, 2)))
    genomes = population.ask()
    mean = genomes.innovation.size / len(genomes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    work = f"peak memory, 100,000 genomes of {mean:.0f} connections through one generation"
    return {"work": work, "amount": peak, "unit": "GB"}


def start() -> dict[str, object]:
    """Import time over that of numba."""
    begin = time.perf_counter()
    import numba  # noqa: F401

    middle = time.perf_counter()
    import neatgrow.runs.evolution
    import neatgrow.selection.population  # noqa: F401

    own = time.perf_counter() - middle
    work = f"import of all of neatgrow's core after numba's {middle - begin:.2f} s"
    return {"work": work, "amount": own, "unit": "s"}


def xor() -> dict[str, object]:
    """XOR solved as a whole process, warm."""
    spent_on_xor(dict(os.environ))
    spent = spent_on_xor(dict(os.environ))
    return {"work": "XOR solved, the whole process, warm", "amount": spent, "unit": "s"}


def first() -> dict[str, object]:
    """XOR solved as a whole process that has to compile, less what it takes warm."""
    with tempfile.TemporaryDirectory() as folder:
        cache = {**os.environ, "NUMBA_CACHE_DIR": folder}
        spent = spent_on_xor(cache) - spent_on_xor(cache)
    return {"work": "compilation, before XOR is solved for the first time ever",
            "amount": spent, "unit": "s"}  # fmt: skip


def spent_on_xor(environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", XOR], check=True, env=environment)
    return time.perf_counter() - begin


WORK = {"memory": memory, "start": start, "xor": xor, "first": first}

if __name__ == "__main__":
    print(json.dumps(WORK[sys.argv[1]]()))
