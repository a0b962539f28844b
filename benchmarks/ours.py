"""neatgrow's side of benchmarks: the peers' graphs and settings in its own form."""

from collections.abc import Callable
from functools import partial

import networkx

import neatgrow as ng
from benchmarks.peers import Graph

# Structural rates of neat-python's XOR example, so that genomes grow alike on both sides.
PEER_RATES = {
    "mutation.add_connection": 0.5,
    "mutation.delete_connection": 0.5,
    "mutation.add_node": 0.2,
    "mutation.delete_node": 0.2,
    "mutation.add_loop": 0.0,
    "recurrent": False,
}
_X, _Y = ng.XOR().X, ng.XOR().Y


def genome_of(graph: Graph) -> ng.Genome:
    """The genome of a peer's graph: all nodes tanh of a sum."""
    result = networkx.DiGraph()
    for node in range(graph.inputs + len(graph.biases)):
        if node < graph.inputs:
            result.add_node(node, kind="input")
        else:
            kind = "output" if node < graph.inputs + graph.outputs else "hidden"
            result.add_node(node, kind=kind, bias=graph.biases[node - graph.inputs])
    for source, target, weight in graph.connections:
        result.add_edge(source, target, weight=weight)
    return ng.Genome.from_networkx(result)


def copies(genome: ng.Genome, count: int) -> ng.Genomes:
    """A batch of the same genome."""
    return genome.batch()[[0] * count]


def xor_population(size: int, generations: int = 20) -> ng.Population:
    """A population some generations into XOR, its last fitness not told yet."""
    config = ng.Config(population_size=size).override(PEER_RATES)
    population = ng.Population(inputs=2, outputs=1, config=config, seed=1)
    for _ in range(generations):
        _generation(population)
    return population


def xor_generation(size: int) -> Callable[[], None]:
    """One whole generation on XOR per call: reproduce, compile, evaluate, tell."""
    return partial(_generation, xor_population(size))


def _generation(population: ng.Population) -> None:
    predictions = population.ask().compile().predict(_X)
    population.tell(4.0 - ((predictions - _Y) ** 2).sum(axis=(1, 2)))
