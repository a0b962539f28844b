"""Dynamics of nodes: time of batches whose nodes store and fire, beside the same with none.

    python -m benchmarks.bench_dynamics [--rounds 7]

Workload: 1,000 networks that evolved at random from the usual settings (2 inputs, 2 outputs, loops
allowed), 64 samples, 20 ticks, one call of ``run`` on one thread. All nodes are instant (tanh),
then leaky (tanh), then spiking; graphs, weights and biases are the same, but that weights and
biases of izhikevich nodes are ten times larger, as their currents are. Genomes carry all optional
columns, so that synapses, refractory ticks and adaptation are computed. Figures are the least of
several rounds in turns, as other work on the machine only adds to them; ratios are of these.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown, seconds_text
from neatgrow.genomes.columns import names_of
from neatgrow.kernels import parallel
from neatgrow.timing import BUILT_IN

NETWORKS, SAMPLES, TICKS = 1000, 64, 20
INPUTS, OUTPUTS = 2, 2
GENERATIONS = 60
BOUNDS = {"leaky": 2.0, "lif": 2.5, "izhikevich": 4.0}  # of the time of instant nodes
CURRENTS = 10.0  # of izhikevich nodes' weights and biases, to those of others
NAMES = tuple(declared.name for declared in BUILT_IN)


def graphs() -> ng.Genomes:
    """Graphs with every column that a dynamics reads."""
    columns = {f"genes.{name}": True for declared in BUILT_IN for name in declared.reads}
    options = ng.Choices(start="instant", options=NAMES)
    config = ng.Config(population_size=NETWORKS, recurrent=True).override(
        columns | {"genes.dynamics": options, "genes.bias.mutate_rate": 0.7}
    )
    population = ng.Population(INPUTS, OUTPUTS, config, seed=1)
    draw = np.random.default_rng(1)
    for _ in range(GENERATIONS):
        population.ask()
        population.tell(draw.normal(size=NETWORKS))
    return population.ask()


def with_dynamics(genomes: ng.Genomes, name: str, **timing: Any) -> ng.Genomes:
    """The same graphs, all of whose nodes have one dynamics."""
    packed = genomes.packed
    choices = packed.node_choices.copy()
    place = names_of(genomes.interface.columns).node_choices.index("dynamics")
    choices[:, place] = NAMES.index(name)
    changed = packed._replace(node_choices=choices)
    if name == "izhikevich":
        biases = packed.node_values.copy()
        biases[:, 0] *= CURRENTS
        changed = changed._replace(
            node_values=biases, connection_values=packed.connection_values * CURRENTS
        )
    return ng.Genomes(changed, genomes.interface.changed(**timing))


def least(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Least seconds of each call, over rounds in which all take a turn."""
    best = [np.inf] * len(calls)
    for _ in range(rounds):
        for k, call in enumerate(calls):
            begin = time.perf_counter()
            call()
            best[k] = min(best[k], time.perf_counter() - begin)
    return best


def table(dtype: Any, rounds: int) -> str:
    genomes = graphs()
    X = np.random.default_rng(0).normal(size=(TICKS, SAMPLES, INPUTS)).astype(dtype)
    cases = {name: with_dynamics(genomes, name) for name in NAMES[:3]}
    for substeps in (1, 2):
        cases[f"izhikevich, {substeps} substep{'s' * (substeps > 1)}"] = with_dynamics(
            genomes, "izhikevich", substeps=substeps
        )
    networks = [case.compile(dtype) for case in cases.values()]
    answers = [own.run(X) for own in networks]
    taken = least([lambda own=own: own.run(X) for own in networks], rounds)  # type: ignore[misc]
    rows = []
    for name, seconds, answer in zip(cases, taken, answers, strict=True):
        spikes = name.startswith(("lif", "izhikevich"))
        bound = BOUNDS.get(name.split(",")[0])
        rows.append((
            name, seconds_text(seconds), f"{seconds / taken[0]:.2f}×",
            "–" if bound is None else f"≤ {bound}×", f"{answer.mean():.3f}" if spikes else "–",
        ))  # fmt: skip
    header = ("all nodes", f"time, {np.dtype(dtype)}", "to instant", "bound", "spikes a tick")
    plan = networks[0].plan
    nodes, edges = (plan.node_stop - plan.node_start).sum(), genomes.packed.enabled.sum()
    said = f"{nodes / NETWORKS:.1f} nodes and {edges / NETWORKS:.1f} connections a network"
    return f"{markdown(header, rows)}\n\n{said}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    parallel.set_threads(1)
    for dtype in (np.float32, np.float64):
        print(table(dtype, options.rounds), "\n")


if __name__ == "__main__":
    main()
