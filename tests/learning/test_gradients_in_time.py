"""Gradients through delays, synchronous updates and dynamics."""

import numpy as np
import pytest
from conftest import grown
from test_learning import SMOOTH, lesson, worst_error

import neatgrow as ng
from neatgrow.genomes.variation import rules_of
from neatgrow.kernels import dynamics
from neatgrow.kernels.functions import ACTIVATIONS
from neatgrow.kernels.structural_mutation import CONNECT
from neatgrow.learning.guided_growth import grown as grown_by_gradient

SMOOTH_NAMES = tuple(ACTIVATIONS[k] for k in SMOOTH if ACTIVATIONS[k] not in ("square", "inverse"))
PLAIN = {
    "genes.activation.options": SMOOTH_NAMES, "genes.weight.maximum": 1.0,
    "genes.weight.minimum": -1.0, "genes.aggregation.options": ("sum", "mean", "product"),
}  # fmt: skip
LEAKY = {
    "genes.dynamics": ng.Choices(start="random", options=("instant", "leaky")),
    "genes.time_constant.start_spread": 1.0, "genes.time_constant.minimum": 0.5,
}  # fmt: skip
KINDS = {
    "leaky": LEAKY, "leaky, synchronous, delays": LEAKY
    | {"update": "synchronous", "genes.delay.swap_rate": 0.4},
    "leaky, staring": LEAKY | {"ticks": 3, "readout": "mean", "tick": 0.5},
    "synchronous": {"update": "synchronous"}, "delays": {"genes.delay.swap_rate": 0.4},
    "both": {"update": "synchronous", "genes.delay.swap_rate": 0.4},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_gradients_equal_central_differences(kind, seed):
    genomes = grown(seed, inputs=2, outputs=2, **PLAIN, **KINDS[kind])[::9]
    trainer, data = lesson(genomes, seed, shape=(7, 3))
    compared = 0
    for network in range(len(genomes)):
        worst, count, _ = worst_error(trainer, data, network)
        assert worst < 1e-5, genomes[network]
        compared += count
    assert compared > 20


@pytest.mark.parametrize("aggregation", ["sum", "product", "max"])
def test_gradients_through_lines_of_every_aggregation(aggregation):
    edges = [(0, "h", 0.7), ("h", 2, {"weight": 0.5, "delay": "2"}), (1, 2, {"delay": "3"}),
             (2, "h", {"weight": -0.4, "delay": "1"})]  # fmt: skip
    nodes = {2: {"aggregation": aggregation}, "h": {"bias": 0.3}}
    genome = ng.Genome.from_edges(edges, inputs=2, outputs=1, nodes=nodes)
    X, Y = (np.random.default_rng(k).normal(size=(9, 4, 3 - k)) for k in (1, 2))
    assert ng.check_gradients(genome, X, Y) < 1e-6
    assert ng.check_gradients(genome.with_interface(update="synchronous"), X, Y) < 1e-6


def test_a_delay_is_learned_through_whatever_the_window():
    """Steps along a window's gradient lead on where the delay lies within it."""
    edges = [(0, 1, {"weight": 0.1, "delay": "3"})]
    genome = ng.Genome.from_edges(edges, inputs=1, outputs=1, nodes={1: {"activation": "identity"}})
    X = np.random.default_rng(0).normal(size=(30, 8, 1))
    Y = 2.0 * np.concatenate([np.zeros((3, 8, 1)), X[:-3]])
    for window in (None, 4):
        tuned, losses = ng.fine_tune(
            genome, X, Y, sequences=True, steps=300, window=window, optimizer=ng.Adam(0.05)
        )
        assert tuned.weight[0] == pytest.approx(2.0, abs=1e-3) and losses[-1] < 1e-5
        assert tuned.options("delay") == ["3"]


def test_guided_growth_reads_a_tick_before_in_synchronous_networks():
    """y(t) = x(t − 1) asks for the connection from the node that holds x, and for no other."""
    edges = [(0, "x"), (1, "noise"), ("x", 3), ("noise", 3)]
    nodes = {label: {"activation": "identity"} for label in ("x", "noise", 2, 3)}
    genome = ng.Genome.from_edges(edges, inputs=2, outputs=2, nodes=nodes)
    genome = genome.with_interface(update="synchronous")
    X = np.random.default_rng(0).normal(size=(200, 4, 2))
    Y = np.zeros_like(X)
    Y[1:, :, 0] = X[:-1, :, 0]
    rules = rules_of(ng.Config(recurrent=True), genome.interface)
    after, _ = grown_by_gradient(
        genome.batch(), np.full(1, CONNECT, np.uint8), ng.Lessons(X, Y, sequences=True), 40, rules,
        seed=1, generation=1,
    )  # fmt: skip
    new = ~np.isin(after.innovation, genome.innovation)
    ends = [(s, t) for s, t in zip(genome.source, genome.target, strict=True) if s == 0]
    assert list(zip(after.source[new], after.target[new], strict=True)) == [(ends[0][1], 2)]


def test_dynamics_without_a_gradient_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(dynamics, "_registered", {})
    ng.register_dynamics("held", lambda z, state, parameters: z + state[0])
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {"dynamics": "held"}})
    X = np.zeros((4, 1))
    with pytest.raises(ValueError, match=r"genes\.dynamics: expected dynamics that have.*'held'"):
        ng.fine_tune(genome, X, X)
    with pytest.raises(ValueError, match="'held'"):
        ng.check_gradients(genome)
    options = ng.Choices(start="instant", options=("instant", "held"))
    config = ng.Config(population_size=10, genes=ng.Genes(dynamics=options))
    for learning in (ng.Learning(steps=1), ng.Learning(steps=1, candidates=2)):
        with pytest.raises(ValueError, match="'held'"):
            ng.evolve(ng.XOR(), config=config, learning=learning, generations=1, progress=False)
