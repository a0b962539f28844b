"""neatgrow's side of benchmarks: the defaults, and the peers' graphs in its own form."""

import copy
from collections.abc import Callable

import networkx
import numpy as np

import neatgrow as ng
from benchmarks.peers import Graph, random_graph
from neatgrow._types import Array
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout
from neatgrow.kernels.layout import Packed
from neatgrow.selection.species import SpeciesReproduction

# The paper's rates of growth: genomes grow about as slowly as neat-python's do in its XOR
# example; both sides are timed at like sizes, which are printed beside the times.
SMALL = {"mutation.add_connection": 0.05, "mutation.add_node": 0.03}

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


def graphs(genomes: ng.Genomes) -> list[Graph]:
    """The genomes as peers take them: no hidden nodes, all nodes tanh of a sum."""
    inputs, outputs = genomes.interface.inputs, genomes.interface.outputs
    found = []
    for genome in genomes:
        edges = genome.to_networkx().edges(data="weight")
        found.append(
            Graph(inputs, outputs, sorted(edges), genome.packed.node_values[:, 0].tolist())
        )
    return found


def copies(genome: ng.Genome, count: int) -> ng.Genomes:
    """A batch of the same genome."""
    return genome.batch()[[0] * count]


def xor_population(size: int, connections: float = 0.0) -> ng.Population:
    """A population of XOR whose generation has been asked for and not been told.

    Args:
        size: Of the population.
        connections: A peer's mean connections per genome: the population is taken when its own
            reach them, after five generations at least and 400 at most; else after 20.
    """
    config = ng.Config(population_size=size).override(SMALL)
    population = ng.Population(inputs=2, outputs=1, config=config, seed=1)
    for count in range(400):
        large = population.genomes.innovation.size >= connections * size
        if count >= (5 if connections else 20) and large:
            break
        generation(population)
    population.ask()
    return population


def generation(population: ng.Population) -> None:
    """Reproduce, compile, evaluate on XOR, tell."""
    population.tell(xor_fitness(population.ask()))


def xor_fitness(genomes: ng.Genomes) -> Array:
    """(N,) 4 less the squared errors."""
    errors: Array = ((genomes.compile().predict(_X) - _Y) ** 2).sum(axis=(1, 2))
    return 4.0 - errors


def first_generations(size: int, count: int) -> tuple[Callable[[], object], str]:
    """A run on XOR with the defaults from its beginning, as a user starts it, that goes on though
    it is solved; and a note of the genes of its last generation."""
    config = ng.Config(population_size=size)

    def repetition() -> ng.Population:
        result = ng.evolve(
            ng.XOR(), config=config, generations=count, seed=1, solved_at=9, progress=False
        )
        return result.population

    return repetition, sizes(repetition())


def xor_generation(size: int, connections: float = 0.0) -> tuple[Callable[[], object], str]:
    """Compile, evaluate on XOR, tell, reproduce: always the same generation, that of
    :func:`xor_population`, so that its genomes keep their size; and a note of its genes."""
    population = xor_population(size, connections)
    return _repeated(population, lambda: xor_fitness(population.genomes)), sizes(population)


def reproduction(size: int, connections: float = 0.0) -> tuple[Callable[[], object], str]:
    """Reproduction and speciation alone, as :func:`xor_generation`."""
    population = xor_population(size, connections)
    fitness = xor_fitness(population.genomes)
    return _repeated(population, lambda: fitness), sizes(population)


def _repeated(population: ng.Population, evaluate: Callable[[], Array]) -> Callable[[], object]:
    kept, species = copy.copy(population), species_of(population)
    everyone = np.arange(len(species.table))

    def restore() -> None:
        population.__dict__.update(kept.__dict__)
        population.reproduction = again = copy.copy(species)
        again.table = species.table.take(everyone)  # tell() writes into it

    def repetition() -> None:
        restore()
        population.tell(evaluate())
        population.ask()

    # A better champion is copied, but in few generations there is one: here it is known already.
    restore()
    population.tell(evaluate())
    kept._champion, kept._champion_fitness = population._champion, population._champion_fitness
    repetition()
    return repetition


def sizes(population: ng.Population) -> str:
    """Mean genes per genome of the present generation, inputs not counted; and its species."""
    genomes = population.genomes
    nodes = genomes.node_id.size / len(genomes)
    connections = genomes.innovation.size / len(genomes)
    count = len(species_of(population).table)
    return f"{nodes:.1f} nodes, {connections:.1f} connections, {count} species"


def species_of(population: ng.Population) -> SpeciesReproduction:
    """A population's species."""
    assert isinstance(population.reproduction, SpeciesReproduction)
    return population.reproduction


def different_graphs(count: int) -> tuple[Packed, Interface]:
    """Random graphs as the peers' forward benchmark has them, each with weights of its own."""
    parts = [genome_of(random_graph(seed)) for seed in range(50)]
    packed = [(parts[n % 50].packed, 1) for n in range(count)]
    batch = layout.concatenate(packed)
    rng = np.random.default_rng(0)
    weights = rng.standard_normal(batch.connection_values.shape)
    return batch._replace(connection_values=weights), parts[0].interface
