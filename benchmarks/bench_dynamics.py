"""What the dynamics of nodes cost, beside the same graphs of instant nodes.

    python -m benchmarks.bench_dynamics

1,000 networks × 64 samples × 20 ticks on one thread, in turns; the least of all turns. All nodes of
a row's networks are of one kind.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import alternate, markdown

_KINDS = {
    "instant (tanh)": ("instant", 1, ""),
    "leaky": ("leaky", 1, "2"),
    "lif": ("lif", 1, "2.5"),
    "izhikevich, one substep": ("izhikevich", 1, "4"),
    "izhikevich, two substeps": ("izhikevich", 2, "4"),
}


def genomes_of(kind: str, substeps: int, size: int = 1000) -> ng.Genomes:
    """The same graphs, of nodes of one kind."""
    columns = ("dynamics", "time_constant", "threshold", "refractory")
    columns += tuple(f"izhikevich_{name}" for name in "abcd")
    config = ng.Config(population_size=size, substeps=substeps, recurrent=True).override(
        {"start.hidden": 8, **{f"genes.{name}": True for name in columns}}
        | {"genes.dynamics.options": (kind,), "genes.dynamics.start": kind}
    )
    return ng.Population(8, 4, config, seed=1).ask()


def main() -> None:
    """Print the table."""
    X = np.random.default_rng(0).normal(size=(20, 64, 8)).astype(np.float32)
    calls: dict[str, Callable[[], Any]] = {}
    for name, (kind, substeps, _) in _KINDS.items():
        genomes = genomes_of(kind, substeps)
        calls[name] = partial(genomes.compile().run, X)
    ng.set_threads(1)
    timings = dict(zip(calls, alternate(list(calls.values()), budget=2.0), strict=True))
    instant = next(iter(timings.values())).least
    rows = [
        (name, f"{timing.least * 1e3:.1f} ms", f"{timing.least / instant:.2f}", _KINDS[name][2])
        for name, timing in timings.items()
    ]
    print(markdown(("nodes", "least", "of instant", "at most"), rows))


if __name__ == "__main__":
    main()
