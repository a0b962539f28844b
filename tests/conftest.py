"""Genomes for tests: built by hand, drawn by hypothesis, or grown under wild settings."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from oracles import identity

import neatgrow
from neatgrow.columns import Choices, Genes, Values
from neatgrow.config import Config, Crossover, Distance, Mutation, Species, Start
from neatgrow.genomes.columns import option_codes
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import functions, layout, parallel
from neatgrow.kernels.layout import Packed
from neatgrow.selection.population import Population

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of what a shell starts with &
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "neatgrow",
    deadline=None,
    derandomize="NEATGROW_EXAMPLES" not in os.environ,  # the same tests in every run
    max_examples=int(os.environ.get("NEATGROW_EXAMPLES", 100)),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("neatgrow")

# Biases of all genomes differ from the first generation on.
VARIED = {"genes.bias.start_spread": 0.5, "genes.bias.mutate_rate": 0.7}
ACTIVATIONS, AGGREGATIONS = functions.ACTIVATIONS, functions.AGGREGATIONS


def build(inputs, outputs, nodes, connections):
    """A genome from plain values.

    Args:
        inputs: I.
        outputs: O.
        nodes: {id: (activation, aggregation, bias)}; outputs that are absent are plain tanh.
        connections: [(source, target, weight, enabled)], with a birth as an optional fifth.
    """
    plain = {inputs + o: ("tanh", "sum", 0.0) for o in range(outputs)}
    nodes = dict(sorted((plain | nodes).items()))
    rows = sorted(
        (identity(source, target), source, target, weight, enabled, *(rest or [0]))
        for source, target, weight, enabled, *rest in connections
    )
    column = list(zip(*rows, strict=True)) or [()] * 6
    codes = [option_codes(name) for name in ("activation", "aggregation")]
    packed = Packed(
        node_ptr=np.array([0, len(nodes)], np.int64),
        connection_ptr=np.array([0, len(rows)], np.int64),
        node_id=np.array(list(nodes), np.int64),
        node_birth=np.zeros(len(nodes), np.int32),
        node_values=np.array([[bias] for _, _, bias in nodes.values()], np.float64),
        node_choices=np.array([[codes[0][f], codes[1][g]] for f, g, _ in nodes.values()], np.uint8),
        innovation=np.array(column[0], np.int64),
        source=np.array(column[1], np.int64),
        target=np.array(column[2], np.int64),
        connection_birth=np.array(column[5], np.int32),
        connection_values=np.array(column[3], np.float64).reshape(-1, 1),
        enabled=np.array(column[4], np.bool_),
        connection_choices=np.empty((len(rows), 0), np.uint8),
        genome_values=np.empty((1, 0)),
        genome_choices=np.empty((1, 0), np.uint8),
    )
    genome = Genome(packed, Interface(inputs, outputs))
    genome.check()
    return genome


def pack(genomes):
    """Genomes of one interface as a batch."""
    parts = [(genome.packed, 1) for genome in genomes]
    return Genomes(layout.concatenate(parts), genomes[0].interface)


def same_genes(a, b):
    """Whether two batches hold exactly the same genes."""
    return all(np.array_equal(x, y) for x, y in zip(a.packed, b.packed, strict=True))


# ------------------------------------------------------------------------------- hypothesis

numbers = st.floats(-4, 4).map(lambda x: round(x, 3))


@st.composite
def any_genome(draw, inputs=None, outputs=None, functions_too=True):
    """Any legal genome at all: loops, loose ends, disabled genes, unused inputs."""
    inputs = draw(st.integers(1, 4)) if inputs is None else inputs
    outputs = draw(st.integers(1, 4)) if outputs is None else outputs
    hidden = draw(st.lists(st.integers(2**62, 2**62 + 30), max_size=7, unique=True))
    ids = [*range(inputs, inputs + outputs), *hidden]
    activations = ACTIVATIONS if functions_too else ("tanh",)
    aggregations = AGGREGATIONS if functions_too else ("sum",)
    kind = st.tuples(st.sampled_from(activations), st.sampled_from(aggregations), numbers)
    nodes = {node: draw(kind) for node in ids}
    ends = st.tuples(st.sampled_from([*range(inputs), *ids]), st.sampled_from(ids))
    pairs = draw(st.lists(ends, max_size=24, unique=True))
    connections = [
        (*pair, draw(numbers), draw(st.sampled_from([True, True, True, False])),
         draw(st.integers(0, 9)))
        for pair in pairs
    ]  # fmt: skip
    return build(inputs, outputs, nodes, connections)


DEGENERATE = {
    "no connections": build(2, 2, {2: ("sigmoid", "sum", 1.5)}, []),
    "everything disabled": build(2, 1, {}, [(0, 2, 1.0, False), (1, 2, -1.0, False)]),
    "self-loop only": build(1, 1, {1: ("tanh", "sum", 0.5)}, [(1, 1, 0.9, True)]),
    "self-loop beside an input": build(1, 1, {}, [(0, 1, 0.4, True), (1, 1, 0.9, True)]),
    "hidden chain to nowhere": build(
        1, 1, {2**62: ("relu", "sum", 0.0), 2**62 + 1: ("relu", "sum", 0.1)},
        [(0, 1, 1.0, True), (0, 2**62, 1.0, True), (2**62, 2**62 + 1, 1.0, True)],
    ),
    "hidden chain from nowhere": build(
        1, 1, {2**62: ("relu", "max", 0.3), 2**62 + 1: ("sin", "product", 0.1)},
        [(2**62, 2**62 + 1, 2.0, True), (2**62 + 1, 1, -1.0, True)],
    ),
    "loop that no input reaches": build(
        1, 1, {2**62: ("tanh", "sum", 0.3), 2**62 + 1: ("tanh", "sum", 0.1)},
        [(2**62, 2**62 + 1, 2.0, True), (2**62 + 1, 2**62, -1.0, True), (2**62, 1, 1.0, True)],
    ),
    "unused inputs": build(5, 1, {}, [(3, 5, 1.25, True)]),
    "many outputs": build(1, 40, {}, [(0, 1 + o, o / 10, o % 3 > 0) for o in range(40)]),
    "outputs in a ring": build(
        1, 3, {}, [(0, 1, 1.0, True), (1, 2, 1.0, True), (2, 3, 1.0, True), (3, 1, 0.5, True)]
    ),
    "outputs in a chain": build(
        1, 3, {}, [(0, 3, 1.0, True), (3, 2, 1.0, True), (2, 1, 1.0, True)]
    ),
    "empty product beside a bias": build(1, 1, {1: ("identity", "product", 2.0)}, []),
    "input and output alone": build(1, 1, {}, [(0, 1, 1.0, True)]),
    "split whose first half is disabled": build(
        1, 1, {2**62: ("sigmoid", "sum", 0.25)},
        [(0, 1, 1.0, False), (0, 2**62, 1.0, False), (2**62, 1, 1.0, True)],
    ),
}  # fmt: skip


# ------------------------------------------------------------------------------ grown genomes


def wild_config(seed, **changes):
    """Settings far from ordinary, different for each seed: every function, much structure."""
    draw = np.random.default_rng(seed)
    functions_mutate = {"start": "random", "swap_rate": 0.2}
    config = Config(
        population_size=60,
        recurrent=bool(seed % 3),
        start=Start(connections=float(draw.choice([0.0, 0.5, 1.0])), hidden=int(draw.integers(4))),
        genes=Genes(
            weight=Values(noise=("normal", "uniform")[seed % 2], minimum=-4.0, maximum=4.0),
            bias=Values(minimum=-2.0, maximum=3.0, difference=0.3),
            activation=Choices(
                options=ACTIVATIONS, outputs=("identity", None)[seed % 2], difference=0.2,
                **functions_mutate,
            ),
            aggregation=Choices(options=AGGREGATIONS, difference=0.1, **functions_mutate),
        ),
        mutation=Mutation(
            add_connection=float(draw.uniform(0.3, 0.9)),
            add_loop=float(draw.uniform(0.1, 0.5)),
            add_node=float(draw.uniform(0.2, 0.6)),
            delete_connection=float(draw.uniform(0.0, 0.4)),
            delete_node=float(draw.uniform(0.0, 0.3)),
            enable=float(draw.uniform(0.0, 0.5)),
            disable=float(draw.uniform(0.0, 0.3)),
        ),
        crossover=Crossover(mutation_only=0.3, interspecies=0.2, average=0.3),
        distance=Distance(nodes=0.2),
        species=Species(target=6, stagnation=5),
    )  # fmt: skip
    return config.override(changes)


def evolve_at_random(population, generations, tied=0.5):
    """Yield each generation, told fitnesses that mean nothing; about ``tied`` of them equal."""
    draw = np.random.default_rng(population.seed + 1000)
    for _ in range(generations):
        genomes = population.ask()
        yield genomes
        fitness = draw.normal(size=len(genomes))
        fitness[draw.random(len(genomes)) < tied] = 0.0
        fitness[draw.random(len(genomes)) < 0.05] = np.nan
        population.tell(fitness)


def grown(seed, generations=12, inputs=None, outputs=None, **changes):
    """The last generation of a population that evolved at random under wild settings."""
    draw = np.random.default_rng(seed)
    inputs = int(draw.integers(1, 5)) if inputs is None else inputs
    outputs = int(draw.integers(1, 4)) if outputs is None else outputs
    population = Population(inputs, outputs, wild_config(seed, **changes), seed=seed)
    *_, last = evolve_at_random(population, generations)
    return last


@pytest.fixture(scope="session")
def wild_batches():
    """Thousands of mutated genomes: batches of 60 under 36 different settings."""
    return [grown(seed, generations=4 + 4 * (seed % 8)) for seed in range(36)]


@pytest.fixture
def threads(monkeypatch):
    """Set the number of threads, with work split however small it is."""
    monkeypatch.setattr(parallel, "WAKE_NS", 1e-9)
    before = parallel.thread_count()
    yield parallel.set_threads
    parallel.set_threads(before)


@pytest.fixture
def unpainted(monkeypatch):
    """Figures are made as ever, but saved empty: painting them takes most of the time."""

    def save(figure, file, **options):
        file.write(b"") if hasattr(file, "write") else Path(file).write_bytes(b"")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", save)


@pytest.fixture
def subprocess_environment():
    """Environment in which a new interpreter finds this package."""
    root = str(Path(neatgrow.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path}
