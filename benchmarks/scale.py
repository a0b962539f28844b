"""Large genomes: cost per connection, of single ones and over a run that grows."""

import time
from collections.abc import Callable

import networkx
import numpy as np

import neatgrow as ng
from benchmarks.ours import copies
from benchmarks.timing import measure, seconds_text

SIZES = (100, 1000, 10_000)
MARKS = (10, 100, 1000, 5000)  # connections per genome at which the growing run is timed


def large(connections: int) -> ng.Genome:
    """A random feedforward graph: 10 inputs, 5 outputs, a hidden node per eight connections."""
    rng = np.random.default_rng(0)
    hidden = connections // 8
    nodes = [*range(10), *range(15, 15 + hidden), *range(10, 15)]  # in evaluation order
    graph = networkx.DiGraph()
    for node in nodes:
        kind = "input" if node < 10 else "output" if node < 15 else "hidden"
        graph.add_node(node, kind=kind)
    while graph.number_of_edges() < connections:
        first, second = sorted(rng.integers(0, len(nodes), 2).tolist())
        if first < len(nodes) - 5 and second >= 10 and first != second:
            graph.add_edge(nodes[first], nodes[second], weight=float(rng.normal(0.0, 0.3)))
    return ng.Genome.from_networkx(graph)


def single_genomes() -> list[tuple[str, ...]]:
    """Work on 16 copies of one large genome, per connection."""
    rows = []
    for size in SIZES:
        genome = large(size)
        batch = copies(genome, 16)
        genes = batch.innovation.size
        networks = batch.compile()
        X = np.random.default_rng(0).standard_normal((64, 10))
        work: dict[str, Callable[[], object]] = {
            "to networks": batch.compile,
            "one sample": lambda networks=networks, X=X: networks.activate(X[:16]),
            "a sample of 64": lambda networks=networks, X=X: networks.predict(X),
        }
        parts = []
        for name, call in work.items():
            call()
            spent = measure(call, budget=0.5).median / genes / (64 if name.endswith("64") else 1)
            parts.append(f"{name} {seconds_text(spent)}")
        work_text = f"genomes of {size:,} connections, per connection"
        rows.append((work_text, ", ".join(parts), "–", "–", "–", "–"))
    return rows


def growing_run() -> tuple[str, ...]:
    """Time per connection and generation while 20 genomes grow from 10 to 5,000 connections."""
    config = ng.Config(population_size=20, recurrent=True).override({
        "mutation.add_connection": 1.0,
        "mutation.add_loop": 1.0,
        "mutation.add_node": 0.2,
        "mutation.delete_connection": 0.0,
        "mutation.delete_node": 0.0,
    })  # fmt: skip
    population = ng.Population(inputs=5, outputs=2, config=config, seed=1)
    x = np.random.default_rng(0).standard_normal((4, 5))
    parts: list[str] = []
    recent: list[float] = []
    while len(parts) < len(MARKS):
        start = time.perf_counter()
        genomes = population.ask()
        outputs = genomes.compile().predict(x)
        # Larger genomes are fitter, so that the run grows as fast as it can.
        sizes = np.diff(genomes.connection_ptr)
        population.tell(sizes + 0.0 * outputs.sum(axis=(1, 2)))
        recent = [*recent[-19:], (time.perf_counter() - start) / genomes.innovation.size]
        if sizes.mean() >= MARKS[len(parts)]:
            parts.append(f"{seconds_text(float(np.median(recent)))} at {MARKS[len(parts)]:,}")
    work = "a run of 20 genomes that grow, per connection and generation"
    return (work, ", ".join(parts), "–", "–", "–", "–")
