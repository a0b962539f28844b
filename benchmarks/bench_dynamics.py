"""What the dynamics of nodes cost, beside the same graphs of instant nodes.

    python -m benchmarks.bench_dynamics

On one thread, in turns; the least of all turns, and how many times that of instant nodes it is. All
nodes of a row's networks are of one kind, the graphs the same: 1,000 networks × 64 samples × 20
ticks in batches, which the bounds are for; a tick of 1,000 lanes; and a step of learning (mean
squared error, Adam) of the first 150 networks on 8 ticks of 64 samples.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import alternate, markdown
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of

_KINDS = {
    "instant (tanh)": ("instant", 1, ""),
    "leaky": ("leaky", 1, "2"),
    "lif": ("lif", 1, "2.5"),
    "izhikevich, one substep": ("izhikevich", 1, "4"),
    "izhikevich, two substeps": ("izhikevich", 2, "4"),
}


def genomes_of(kind: str, substeps: int, size: int = 1000) -> ng.Genomes:
    """The same graphs, of nodes of one kind."""
    columns: tuple[str, ...] = ("dynamics", "time_constant", "threshold", "refractory")
    columns += tuple(f"izhikevich_{name}" for name in "abcd")
    config = ng.Config(population_size=size, substeps=substeps, recurrent=True).override(
        {"start.hidden": 8, **{f"genes.{name}": True for name in columns}}
        | {"genes.dynamics.options": (kind,), "genes.dynamics.start": kind}
    )
    return ng.Population(8, 4, config, seed=1).ask()


def calls_of(kind: str, substeps: int) -> list[Callable[[], Any]]:
    """A batch, 20 ticks of lanes, a step of learning."""
    rng = np.random.default_rng(0)
    genomes = genomes_of(kind, substeps)
    networks = genomes.compile()
    lanes, x = networks.lanes(np.arange(1000)), rng.normal(size=(1000, 8)).astype(np.float32)
    few = genomes[:150]
    X, Y = rng.normal(size=(8, 64, 8)), rng.normal(size=(8, 64, 4))
    data = prepared(few.interface, 150, X, Y, None, sequences=True, labels=False, dtype=np.float32)
    trainer = Trainer(few, recipe_of("mse", ng.Adam(1e-4), 10**6, data), np.float32)
    samples = rng.normal(size=(20, 64, 8)).astype(np.float32)

    def ticks() -> None:
        for _ in range(20):
            lanes.activate(x)

    return [partial(networks.run, samples), ticks, partial(trainer.learn, data, 1)]


def main() -> None:
    """Print the table."""
    ng.set_threads(1)
    calls = {name: calls_of(kind, substeps) for name, (kind, substeps, _) in _KINDS.items()}
    for each in calls.values():
        for call in each:  # whatever has to be compiled
            call()
    columns = []
    for k, ticks in enumerate((1, 20, 1)):
        timings = alternate([each[k] for each in calls.values()], budget=1.0)
        columns.append([timing.least / ticks for timing in timings])
    rows = [
        (name, *(f"{own[r] * 1e3:.2f} ms, {own[r] / own[0]:.2f}×" for own in columns), bound)
        for r, (name, (_, _, bound)) in enumerate(_KINDS.items())
    ]
    header = ("nodes", "batches", "a tick of lanes", "a step of learning", "batches at most")
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
