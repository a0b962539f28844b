"""The peers' side of the speed benchmarks: neat-python and MultiNEAT, ready to be timed.

Each workload method sets up and warms up, then returns a callable that does one repetition. Ask
`missing()` first; importing this file needs no peer. Both keep to the settings of their own XOR
example. neat-python draws from the global `random`, which setting up a population seeds.
"""

import copy
import importlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

WARM_UP = 20  # generations of XOR before anything is timed, so that genomes have realistic sizes
SEED = 2  # of every population; a run of both peers near the median of several seeds at 150
XOR = (((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0))
FORWARD_INPUTS = (-0.875, -0.625, -0.375, -0.125, 0.125, 0.375, 0.625, 0.875)


class Graph(NamedTuple):
    """A feed-forward network of tanh nodes: a_v = tanh(b_v + Σ w_uv a_u).

    Nodes are numbered inputs first, then outputs, then hidden ones.
    """

    inputs: int
    outputs: int
    connections: list[tuple[int, int, float]]  # (source, target, weight)
    biases: list[float]  # of the output and hidden nodes, in the order of their numbers


class Sizes(NamedTuple):
    """Mean genes per genome, and the number of species at the last speciation."""

    connections: float  # disabled ones included
    nodes: float  # outputs and hidden nodes, without inputs
    species: int


# CartPole-v1: the greater output follows the sign of θ + θ̇/2, and episodes last all 500 steps.
CARTPOLE_POLICY = Graph(4, 2, [(2, 4, -1.0), (3, 4, -0.5), (2, 5, 1.0), (3, 5, 0.5)], [0.0, 0.0])


def random_graph(seed: int) -> Graph:
    """Draw an acyclic graph of 8 inputs, 4 outputs, 20 hidden nodes and 96 connections.

    Between hidden nodes, connections go from the lower to the higher number. Every hidden node has
    an incoming and an outgoing connection. Weights and biases are standard normal.
    """
    rng = np.random.default_rng(seed)
    inputs, outputs, hidden = range(8), range(8, 12), range(12, 32)
    chosen = set()
    for node in hidden:
        chosen.add((int(rng.choice([*inputs, *range(12, node)])), node))
        chosen.add((node, int(rng.choice([*outputs, *range(node + 1, 32)]))))
    targets = [*outputs, *hidden]
    pairs = [(u, v) for u in (*inputs, *hidden) for v in targets if u < v or v in outputs]
    rest = [pair for pair in pairs if pair not in chosen]
    chosen.update(rest[i] for i in rng.choice(len(rest), 96 - len(chosen), replace=False))
    connections = [(u, v, float(rng.standard_normal())) for u, v in sorted(chosen)]
    return Graph(8, 4, connections, rng.standard_normal(24).tolist())


@final
class NeatPython:
    """neat-python: pure Python."""

    name = "neat-python"
    _population: Any = None

    @staticmethod
    def missing() -> str | None:
        """Say in one line why the peer cannot run here; None when it can."""
        return _missing("neat", "neat-python")

    def xor_generation(self, population: int) -> Callable[[], object]:
        """One generation on XOR per call, each continuing the run: evaluate, reproduce, speciate.

        It is `Population.run(evaluate, 1)`, which without reporters adds nothing to these steps
        but a loop over the genomes that finds the best.
        """
        evolved = self._evolve(population)
        return lambda: evolved.run(_evaluate_neat, 1)

    def first_generations(self, population: int, count: int) -> Callable[[], None]:
        """A run on XOR per call from its beginning, that goes on though it is solved."""
        neat, config = importlib.import_module("neat"), _neat_config(population, 2, 1, "sigmoid")

        def repetition() -> None:
            self._population = neat.Population(config, seed=SEED)
            self._population.run(_evaluate_neat, count)

        repetition()
        return repetition

    def reproduction(self, population: int) -> Callable[[], None]:
        """Reproduction and speciation per call, always of the same evaluated population.

        Reproduction overwrites species but not genomes, so shallow copies of the species suffice.
        """
        evolved = self._evolve(population)
        config, species, now = evolved.config, evolved.species, evolved.generation
        _evaluate_neat(list(evolved.population.items()), config)
        parents = dict(species.species)

        def repetition() -> None:
            species.species = {key: copy.copy(kept) for key, kept in parents.items()}
            for kept in species.species.values():
                kept.fitness_history = list(kept.fitness_history)
            children = evolved.reproduction.reproduce(config, species, population, now)
            species.speciate(config, children, now)

        return repetition

    def sizes(self) -> Sizes:
        """Sizes of the population that xor_generation or reproduction set up last, as it is now."""
        genomes = self._population.population.values()
        connections = np.mean([len(genome.connections) for genome in genomes])
        nodes = np.mean([len(genome.nodes) for genome in genomes])
        return Sizes(float(connections), float(nodes), len(self._population.species.species))

    def forward(self, seed: int) -> Callable[[], list[float]]:
        """One forward pass of `random_graph(seed)` on `FORWARD_INPUTS`, returning the outputs."""
        network = neat_network(random_graph(seed))
        network.activate(FORWARD_INPUTS)
        return lambda: network.activate(FORWARD_INPUTS)

    def cartpole_steps(self, n_episodes: int) -> Callable[[], int]:
        """Episodes of Gymnasium's CartPole-v1 under `CARTPOLE_POLICY`, returning the steps done.

        Observations are passed as lists, which neat-python handles faster than arrays.
        """
        environment = importlib.import_module("gymnasium").make("CartPole-v1")
        network = neat_network(CARTPOLE_POLICY)
        _cartpole(environment, network, n_episodes)
        return lambda: _cartpole(environment, network, n_episodes)

    def generation_steps(self, graphs: Sequence[Graph], n_episodes: int) -> Callable[[], int]:
        """Episodes of Gymnasium's CartPole-v1 of each network, returning the steps done."""
        environment = importlib.import_module("gymnasium").make("CartPole-v1")

        def repetition() -> int:
            return sum(_cartpole(environment, neat_network(graph), n_episodes) for graph in graphs)

        repetition()
        return repetition

    def _evolve(self, population: int) -> Any:
        config = _neat_config(population, 2, 1, "sigmoid")
        self._population = importlib.import_module("neat").Population(config, seed=SEED)
        self._population.run(_evaluate_neat, WARM_UP)
        return self._population


@final
class MultiNEAT:
    """MultiNEAT: C++ under Python bindings. Biases are connections from a third input.

    Its XOR test mutates without crossover, which makes generations shorter, and never removes
    connections, so that genomes grow without end: set up anew after some 30 repetitions. Times
    vary much from one repetition to the next: take a median.
    """

    name = "MultiNEAT"
    _population: Any = None

    @staticmethod
    def missing() -> str | None:
        """Say in one line why the peer cannot run here; None when it can."""
        return _missing("multineat", "multineat")

    def xor_generation(self, population: int) -> Callable[[], None]:
        """One generation on XOR per call, each continuing the run: evaluate, reproduce, speciate.

        Networks are built and fed from Python, as a user would.
        """
        module = importlib.import_module("multineat")
        evolved = self._population = _multineat_population(module, population)

        def repetition() -> None:
            for genome in module.GetGenomeList(evolved):
                genome.SetFitness(_multineat_fitness(module, genome))
            evolved.Epoch()

        for _ in range(WARM_UP):
            repetition()
        return repetition

    def reproduction(self, population: int) -> Callable[[], None]:
        """Reproduction and speciation per call, each continuing from the last.

        The library cannot go back to a population, so a call first writes made-up fitnesses, about
        1 % of its time, and genomes change in size from call to call, as `sizes` tells.
        """
        self.xor_generation(population)
        module, evolved = importlib.import_module("multineat"), self._population

        def repetition() -> None:
            for i, genome in enumerate(module.GetGenomeList(evolved)):
                genome.SetFitness(3.0 + (i * 37 % 101) / 101)
            evolved.Epoch()

        return repetition

    def sizes(self) -> Sizes:
        """Sizes of the population that xor_generation or reproduction set up last, as it is now."""
        genomes = importlib.import_module("multineat").GetGenomeList(self._population)
        connections = np.mean([genome.NumLinks() for genome in genomes])
        nodes = np.mean([genome.NumNeurons() - genome.NumInputs() for genome in genomes])
        return Sizes(float(connections), float(nodes), len(self._population.Species))


def _missing(module: str, package: str) -> str | None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        return f"{package} cannot be imported ({error}): pip install .[bench]"
    return None


_NEAT_CONFIG = """[NEAT]
pop_size={population} fitness_criterion=max fitness_threshold=4
no_fitness_termination=True reset_on_extinction=True
[DefaultGenome]
num_inputs={inputs} num_outputs={outputs} num_hidden=0 feed_forward=True initial_connection=full
activation_default={activation} activation_options={activation} activation_mutate_rate=0
aggregation_default=sum aggregation_options=sum aggregation_mutate_rate=0
bias_init_mean=0 bias_init_stdev=1 bias_min_value=-30 bias_max_value=30
bias_mutate_power=0.5 bias_mutate_rate=0.7 bias_replace_rate=0.1
response_init_mean=1 response_init_stdev=0 response_min_value=-30 response_max_value=30
response_mutate_power=0 response_mutate_rate=0 response_replace_rate=0
weight_init_mean=0 weight_init_stdev=1 weight_min_value=-30 weight_max_value=30
weight_mutate_power=0.5 weight_mutate_rate=0.8 weight_replace_rate=0.1
enabled_default=True enabled_mutate_rate=0.01
conn_add_prob=0.5 conn_delete_prob=0.5 node_add_prob=0.2 node_delete_prob=0.2
compatibility_disjoint_coefficient=1 compatibility_weight_coefficient=0.5
[DefaultSpeciesSet]
compatibility_threshold=3
[DefaultStagnation]
species_fitness_func=max max_stagnation=20 species_elitism=2
[DefaultReproduction]
elitism=2 survival_threshold=0.2 min_species_size=2
"""


def _neat_config(population: int, inputs: int, outputs: int, activation: str) -> Any:
    neat = importlib.import_module("neat")
    sizes = {"population": population, "inputs": inputs, "outputs": outputs}
    text = _NEAT_CONFIG.format(**sizes, activation=activation).replace(" ", "\n")
    kinds = (neat.DefaultReproduction, neat.DefaultSpeciesSet, neat.DefaultStagnation)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "neat.ini")
        path.write_text(text)
        return neat.Config(neat.DefaultGenome, *kinds, str(path))


def neat_network(graph: Graph) -> Any:
    """Build the network by way of a genome, as users of neat-python do."""
    neat = importlib.import_module("neat")
    config = _neat_config(1, graph.inputs, graph.outputs, "tanh")
    genome, genes = neat.DefaultGenome(0), config.genome_config
    # Keys are -1, -2, … for inputs and 0, 1, … for outputs and hidden nodes.
    keys = [*genes.input_keys, *range(len(graph.biases))]
    for node, bias in enumerate(graph.biases):
        gene = genome.nodes[node] = genome.create_node(genes, node)
        gene.bias, gene.response = bias / 2.5, 1 / 2.5  # its tanh: tanh(2.5 (bias + response · Σ))
    for innovation, (source, target, weight) in enumerate(graph.connections):
        pair = (keys[source], keys[target])
        link = genome.connections[pair] = genes.connection_gene_type(pair, innovation=innovation)
        link.weight, link.enabled = weight, True
    return neat.nn.FeedForwardNetwork.create(genome, config)


def _cartpole(environment: Any, network: Any, n_episodes: int) -> int:
    """Steps of CartPole-v1 under a network whose greater output is the action."""
    steps = 0
    for episode in range(n_episodes):
        observation, _ = environment.reset(seed=episode)
        done = False
        while not done:
            left, right = network.activate(observation.tolist())
            observation, _, fallen, out_of_time, _ = environment.step(int(right > left))
            done = fallen or out_of_time
            steps += 1
    return steps


def _evaluate_neat(genomes: Sequence[tuple[int, Any]], config: Any) -> None:
    create = importlib.import_module("neat").nn.FeedForwardNetwork.create
    for _, genome in genomes:
        network = create(genome, config)
        genome.fitness = 4.0 - sum((network.activate(x)[0] - y) ** 2 for x, y in XOR)


def _multineat_population(module: Any, population: int) -> Any:
    parameters = module.Parameters()
    parameters.PopulationSize = population
    parameters.WeightDiffCoeff, parameters.CompatTreshold, parameters.MinSpecies = 0.1, 2.0, 2
    parameters.YoungAgeTreshold, parameters.OldAgeTreshold = 15, 35
    parameters.SpeciesDropoffAge, parameters.SurvivalRate = 15, 0.2
    parameters.RecurrentProb, parameters.AllowLoops = 0.0, False  # a loop can crash activation
    parameters.OverallMutationRate, parameters.CrossoverRate = 1.0, 0.0
    parameters.MutateAddNeuronProb, parameters.MutateAddLinkProb = 0.001, 0.3
    parameters.MutateWeightsProb, parameters.MutateWeightsSevereProb = 0.05, 0.0
    parameters.WeightMutationRate, parameters.WeightMutationMaxPower = 0.25, 0.5
    parameters.WeightReplacementRate, parameters.WeightReplacementMaxPower = 0.9, 8.0
    parameters.MutateNeuronTraitsProb = parameters.MutateLinkTraitsProb = 0.0
    parameters.MinActivationA = parameters.MaxActivationA = 4.9
    sigmoid = module.ActivationFunction.UNSIGNED_SIGMOID
    # id, inputs, hidden, outputs, FS-NEAT, activations, seed type, parameters, hidden layers
    genome = module.Genome(0, 3, 0, 1, False, sigmoid, sigmoid, 0, parameters, 0)
    return module.Population(genome, parameters, True, 1.0, SEED)


def _multineat_fitness(module: Any, genome: Any) -> float:
    network = module.NeuralNetwork()
    genome.BuildPhenotype(network)
    error = 0.0
    for x, y in XOR:
        network.Flush()
        network.Input([*x, 1.0])
        network.ActivateAllLayers()
        error += (network.Output()[0] - y) ** 2
    return 4.0 - error
