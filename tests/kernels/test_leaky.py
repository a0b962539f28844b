"""Leaky nodes: the solution of their equation, gradients of time constants, bounds."""

import math

import numpy as np
import pytest

import neatgrow as ng


def leaky(*time_constants, columns=(), **node):
    """One input into leaky outputs, linear unless it is said otherwise."""
    nodes = {
        k: {"dynamics": "leaky", "time_constant": tau, "activation": "identity"} | node
        for k, tau in enumerate(time_constants, 1)
    }
    edges = [(0, k) for k in nodes]
    return ng.Genome.from_edges(edges, inputs=1, outputs=len(nodes), nodes=nodes, columns=columns)


@pytest.mark.parametrize("tau", [0.1, 0.7, 3.0, 50.0])
def test_a_step_is_answered_by_the_solution_of_the_equation(tau):
    """dv/dt = (z − v) / τ with z = 2 from v = 0: v(t) = 2·(1 − e^(−t/τ))."""
    found = leaky(tau).compile(np.float64).run(np.full((20, 1, 1), 2.0)).ravel()
    np.testing.assert_allclose(found, 2.0 * -np.expm1(-np.arange(1, 21) / tau), rtol=1e-12)


@pytest.mark.parametrize("ticks", [1, 4])
@pytest.mark.parametrize("step", [0.01, 0.5, 7.0])
def test_whatever_the_tick_the_answer_is_the_solution(step, ticks):
    """From v(t₀): v(t) = z + (v(t₀) − z)·e^(−(t − t₀)/τ), of a z that changes now and then, and
    of one that is held until v has come to it."""
    tau = np.geomspace(0.1, 100.0, 7)
    network = leaky(*tau).with_interface(tick=step, ticks=ticks).compile(np.float64)
    levels, wanted, v = np.repeat([2.0, -0.7, 0.0, 5.0], 5), [], np.zeros(7)
    for k in range(0, 20, 5):
        times = step * ticks * np.arange(1, 6)[:, None]
        wanted.append(levels[k] + (v - levels[k]) * np.exp(-times / tau))
        v = wanted[-1][-1]
    found = network.run(levels[:, None, None])[:, 0]
    np.testing.assert_allclose(found, np.concatenate(wanted), rtol=1e-12, atol=1e-12)
    long = network.run(np.full((math.ceil(40 * 100 / step / ticks), 1, 1), 0.3))[-1, 0]
    np.testing.assert_allclose(long, 0.3, rtol=1e-12)


def test_the_activation_is_of_the_state():
    network = leaky(2.0, activation="relu", bias=-1.0).compile(np.float64)
    assert network.run(np.array([[[0.0]], [[3.0]]])).ravel() == pytest.approx(
        [0.0, np.expm1(-0.5) * np.exp(-0.5) - 2.0 * np.expm1(-0.5)]
    )


def test_gradients_of_time_constants_equal_torchs():
    torch = pytest.importorskip("torch")
    genome = ng.Genome.from_edges(
        [(0, "h", 0.8), ("h", 1, 1.3), (1, "h", -0.7)], inputs=1, outputs=1,
        nodes={"h": {"dynamics": "leaky", "time_constant": 1.5, "bias": 0.2},
               1: {"dynamics": "leaky", "time_constant": 4.0}},
    )  # fmt: skip
    X, Y = (np.random.default_rng(k).uniform(-0.9, 0.9, (12, 1, 1)) for k in (0, 1))
    tau = torch.tensor(genome.column("time_constant"), requires_grad=True)  # output, h
    kept, v, h, y, loss = torch.exp(-1.0 / tau), [0.0, 0.0], 0.0, 0.0, 0.0
    for x, wanted in zip(X.ravel(), Y.ravel(), strict=True):
        z = 0.8 * x - 0.7 * y + 0.2
        v[1] = kept[1] * v[1] + (1 - kept[1]) * z
        h = torch.tanh(v[1])
        v[0] = kept[0] * v[0] + (1 - kept[0]) * 1.3 * h
        y = torch.tanh(v[0])
        loss = loss + (y - wanted) ** 2 / 12
    loss.backward()
    step = 1e-6
    tuned, losses = ng.fine_tune(
        genome, X, Y, sequences=True, steps=1, optimizer=ng.SGD(step), dtype=np.float64
    )
    slopes = (genome.column("time_constant") - tuned.column("time_constant")) / step
    assert losses[0] == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(slopes, tau.grad.numpy(), rtol=1e-6)


def test_time_constants_are_learned_and_only_those_of_leaky_nodes():
    X = np.random.default_rng(0).normal(size=(40, 8, 1))
    wanted = leaky(3.0, 0.6).compile(np.float64).run(X)
    genome = leaky(1.0, 2.0)
    tuned, losses = ng.fine_tune(
        genome, X, wanted, sequences=True, steps=800, optimizer=ng.Adam(0.05)
    )
    np.testing.assert_allclose(tuned.column("time_constant"), [3.0, 0.6], rtol=1e-2)
    assert losses[-1] < 1e-5 and genome.column("time_constant").tolist() == [1.0, 2.0]
    instant = leaky(1.0, 2.0, dynamics="instant")
    tuned, _ = ng.fine_tune(instant, X, wanted, sequences=True, steps=5)
    assert tuned.column("time_constant").tolist() == [1.0, 2.0]


def test_learned_time_constants_keep_their_bounds():
    X = np.random.default_rng(0).normal(size=(20, 8, 1))
    tuned, _ = ng.fine_tune(
        leaky(0.3), X, 2.0 * X, sequences=True, steps=200, optimizer=ng.Adam(0.1)
    )
    assert tuned.column("time_constant")[0] == pytest.approx(0.1)  # what its column declares


def test_a_run_whose_genes_lack_time_constants_is_refused():
    config = ng.Config().override({"genes.dynamics": True})
    with pytest.raises(ValueError, match=r'Set "genes\.time_constant": True'):
        ng.Population(1, 1, config)


def test_leaky_nodes_evolve_and_learn_within_the_runs_bounds():
    X = np.random.default_rng(0).normal(size=(20, 8, 1))
    problem = ng.Supervised(X, leaky(3.0).compile(np.float64).run(X)[..., :1], sequences=True)
    config = ng.Config(population_size=30).override({
        "genes.dynamics.swap_rate": 0.2, "genes.time_constant.maximum": 2.5,
        "genes.time_constant.start_mean": 2.0,
    })  # fmt: skip
    result = ng.evolve(
        problem, config=config, learning=ng.Learning(steps=20, optimizer=ng.Adam(0.05)),
        generations=8, seed=1, progress=False,
    )  # fmt: skip
    champion = result.champion
    assert "leaky" in champion.options("dynamics")
    assert champion.column("time_constant").max() <= 2.5
    assert result.champion_fitness > -0.05
