"""Gradients through time against torch's, whose graph is built node by node and tick by tick.

Spikes have the slope of a surrogate there too, by a function of its own.
"""

import numpy as np
import oracles
import pytest
from conftest import grown

import neatgrow as ng
from neatgrow.kernels.dynamics import KIND
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of
from neatgrow.timing import BUILT_IN

torch = pytest.importorskip("torch")

FUNCTIONS = {
    "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sin": torch.sin, "identity": lambda z: z,
    "gauss": lambda z: torch.exp(-z * z),
}  # fmt: skip


class Spike(torch.autograd.Function):
    """1 where x ≥ 0; on the way back the slope of the surrogate."""

    @staticmethod
    def forward(ctx, x, timing):
        ctx.save_for_backward(x)
        ctx.timing = timing
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, d):
        (x,), width = ctx.saved_tensors, ctx.timing.surrogate_width
        if ctx.timing.surrogate == "arctan":
            return d / (1 + (x / width) ** 2), None
        return d / (1 + x.abs() / width) ** 2, None


class TorchNetwork:
    """A genome's nodes and connections as tensors; the order is that of the slow twin."""

    def __init__(self, genome):
        self.slow = oracles.SlowNetwork(genome)
        self.timing = genome.interface.timing

        def leaf(value):
            return torch.tensor(float(value), dtype=torch.float64, requires_grad=True)

        self.weights = {(s, t): leaf(w) for s, t, w in self.slow.edges}
        self.values = {
            v: {name: leaf(value) for name, value in vars(node).items() if type(value) is float}
            for v, node in self.slow.nodes.items()
        }

    def run(self, X):
        """(T, B, I) → (T, B, O)."""
        self.past, self.states = [], {v: {} for v in self.slow.order}
        answers = []
        timing = self.timing
        for x in X:
            ticks = [
                self._tick(torch.tensor([
                    [oracles.coded(timing.input_coding, value, i, t, timing.ticks)
                     for i, value in enumerate(sample)] for sample in x.tolist()
                ], dtype=torch.float64)) for t in range(timing.ticks)
            ]  # fmt: skip
            answers.append(ticks[-1] if timing.readout == "last" else sum(ticks) / len(ticks))
        return torch.stack(answers)

    def _tick(self, x):
        now = {i: x[:, i] for i in range(x.shape[1])}
        self.past.append(now)
        t = len(self.past) - 1
        for v in self.slow.order:
            node, terms = self.slow.nodes[v], []
            for (source, target), weight in self.weights.items():
                if target == v:
                    then = t - self.slow._ticks(source, target)
                    terms.append(weight * (self.past[then][source] if then >= 0 else 0.0 * x[:, 0]))
            z = self.values[v]["bias"] + 0.0 * x[:, 0]
            if terms:
                z = z + (sum(terms) / (len(terms) if node.aggregation == "mean" else 1))
            now[v] = self._moved(node, self.values[v], self.states[v], z)
        return torch.stack([now[o] for o in self.slow.outputs], dim=1)

    def _moved(self, node, p, state, z):
        zero, step = 0.0 * z, self.timing.tick

        def share(name):
            constant = p.get(name)
            if constant is None or constant.item() <= 0:
                return 1.0 if constant is None else 1.0 + 0.0 * constant
            return 1 - torch.exp(-step / constant)

        if node.dynamics == "instant":
            return FUNCTIONS[node.activation](z)
        if node.dynamics == "leaky":
            v = state.get("v", zero)
            state["v"] = v + share("time_constant") * (z - v)
            return FUNCTIONS[node.activation](state["v"])
        s = state.get("s", zero)
        state["s"] = s = s + share("synapse_time_constant") * (z - s)
        if node.dynamics == "lif":
            v, b, rest = (state.get(name, zero) for name in ("v", "b", "rest"))
            awake = rest < 1
            v = torch.where(awake, v + share("time_constant") * (s - v), v)
            threshold = p["threshold"] + p["adaptation"] * b
            spike = torch.where(awake, Spike.apply(v - threshold, self.timing), zero)
            fixed = spike.detach()
            state["v"] = v * (1 - fixed) if node.reset == "rest" else v - fixed * threshold
            state["b"] = b + share("adaptation_time_constant") * (spike - b)
            state["rest"] = torch.where(fixed > 0, node.refractory + zero, (rest - 1).clamp(min=0))
            return spike
        a, b, c, d = (p[f"izhikevich_{name}"] for name in "abcd")
        v = state.get("v", p["start_potential"] + zero)
        u = state.get("u", b * p["start_potential"] + zero)
        for _ in range(self.timing.substeps):
            v = v + step / self.timing.substeps * (0.04 * v * v + 5 * v + 140 - u + s)
        u = u + step * a * (b * v - u)
        spike = Spike.apply((v - 30) / 100, self.timing)
        fixed = spike.detach() > 0
        state["v"], state["u"] = torch.where(fixed, c + zero, v), torch.where(fixed, u + d, u)
        return spike


def compared(genome, seed, ticks=6):
    """Largest relative error of a genome's gradient against torch's, and how many slopes there
    were that are not 0."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (ticks, 3, genome.n_inputs))
    Y = rng.uniform(-1, 1, (ticks, 3, genome.n_outputs))
    data = prepared(genome.interface, 1, X, Y, None, sequences=True, labels=False, dtype=np.float64)
    trainer = Trainer(genome.batch(), recipe_of("mse", None, 1, data), np.float64)
    plan = trainer.networks.plan
    losses, (d_weight, d_bias, d_parameters) = trainer.gradients(data)
    network = TorchNetwork(genome)
    loss = ((network.run(X) - torch.tensor(Y)) ** 2).mean()
    loss.backward()
    assert losses[0] == pytest.approx(loss.item(), rel=1e-12)
    pairs = []
    for v in range(plan.node_stop[0]):
        node = int(genome.node_id[plan.node_gene[v]])
        own = network.values[node]
        pairs.append((d_bias[v], own["bias"].grad))
        for c in range(plan.incoming_start[v], plan.incoming_stop[v]):
            gene = plan.connection_gene[c]
            ends = int(genome.source[gene]), int(genome.target[gene])
            pairs.append((d_weight[c], network.weights[ends].grad))
        if plan.dynamics.size:
            for p, name in enumerate(BUILT_IN[plan.dynamics[v, KIND]].reads):
                if name not in ("refractory", "reset"):
                    pairs.append((d_parameters[v, p], own[name].grad))
    found = np.array([[mine, 0.0 if its is None else its.item()] for mine, its in pairs])
    scale = max(np.abs(found).max(), 1e-3)
    return np.abs(found[:, 0] - found[:, 1]).max() / scale, np.count_nonzero(found[:, 1])


PLAIN = {
    "genes.activation.options": tuple(FUNCTIONS), "genes.aggregation.options": ("sum", "mean"),
    "recurrent": True,
}  # fmt: skip
LEAKY = {
    "genes.dynamics": ng.Choices(start="random", options=("instant", "leaky"), swap_rate=0.2),
    "genes.time_constant.start_spread": 1.0, "genes.weight.maximum": 1.5,
    "genes.weight.minimum": -1.5,
}  # fmt: skip
SPIKES = {
    "genes.time_constant.start_spread": 1.0, "genes.threshold.start_spread": 0.3,
    "genes.refractory.start_spread": 1.0, "genes.reset.swap_rate": 0.3,
    "genes.adaptation.start_spread": 0.5, "genes.adaptation_time_constant": True,
    "genes.synapse_time_constant.start_spread": 1.0, "genes.start_potential.start_spread": 5.0,
    **{f"genes.izhikevich_{name}.mutate_rate": 0.5 for name in "abcd"},
}  # fmt: skip
KINDS = {
    "leaky": LEAKY,
    "leaky, synchronous, delays": LEAKY | {"update": "synchronous", "genes.delay.swap_rate": 0.4},
    "leaky, staring": LEAKY | {"ticks": 4, "tick": 0.5, "readout": "mean"},
    "leaky, rates": LEAKY | {"update": "synchronous", "genes.delay.swap_rate": 0.4, "tick": 2.5,
                             "ticks": 3, "input_coding": "rate"},
    "lif": SPIKES | {"genes.dynamics": ng.Choices(options=("lif", "instant"), swap_rate=0.2),
                     "genes.weight.start_spread": 2.0},
    "izhikevich": SPIKES | {"genes.dynamics": ng.Choices(options=("izhikevich",)),
                            "genes.weight.start_spread": 30.0, "genes.weight.maximum": 100.0,
                            "genes.bias.start_spread": 10.0},
    "all, staring": SPIKES
    | {"genes.dynamics": ng.Choices(options=("instant", "leaky", "lif", "izhikevich"),
                                    swap_rate=0.3),
       "genes.weight.start_spread": 5.0, "genes.bias.start_spread": 5.0, "ticks": 3,
       "readout": "mean", "tick": 0.8, "substeps": 3, "surrogate": "fast_sigmoid",
       "surrogate_width": 0.5},
}  # fmt: skip
KINDS["all, latencies"] = KINDS["all, staring"] | {
    "update": "synchronous", "genes.delay.swap_rate": 0.4, "input_coding": "latency",
    "substeps": 2, "surrogate": "arctan",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_equal_torchs(kind):
    slopes = 0
    for k, genome in enumerate(grown(1, inputs=2, outputs=2, **PLAIN, **KINDS[kind])[::3]):
        error, count = compared(genome, k)
        assert error < 1e-10, genome
        slopes += count
    assert slopes > 200


@pytest.mark.parametrize("kind", ["leaky, staring", "all, staring"])
def test_one_thread_finds_the_gradients_of_many(threads, kind):
    genomes = grown(1, inputs=2, outputs=2, **PLAIN, **KINDS[kind])
    X, Y = (np.random.default_rng(k).uniform(-1, 1, (3, 300, 2)) for k in (0, 1))
    found = []
    for count in (1, 4):
        threads(count)
        data = prepared(
            genomes.interface, len(genomes), X, Y, None, sequences=True, labels=False,
            dtype=np.float32,
        )  # fmt: skip
        losses, slopes = Trainer(genomes, recipe_of("mse", None, 1, data), np.float32).gradients(
            data
        )
        found.append((losses, *slopes))
    for one, many in zip(*found, strict=True):
        np.testing.assert_array_equal(one, many)


def graphs_with_loops(word, count, **changes):
    """That many, of all kinds whose name begins with a word in turn."""
    kinds = [kind for kind in KINDS if kind.startswith(word)]
    left, seed = count, 0
    while left > 0:
        kind, seed = kinds[seed % len(kinds)], seed + 1
        genomes = grown(seed, inputs=2, outputs=2, **(PLAIN | KINDS[kind] | changes))
        for genome in [genome for genome in genomes if oracles.has_loop(genome)][:left]:
            left -= 1
            yield left, genome


@pytest.mark.slow
def test_gradients_of_two_thousand_leaky_graphs_with_loops_equal_torchs_and_differences():
    for k, genome in graphs_with_loops("leaky", 2000):
        assert compared(genome, k)[0] < 1e-10, genome
        assert ng.check_gradients(genome, seed=k) < 1e-6, genome


@pytest.mark.slow
def test_surrogate_gradients_of_a_thousand_mixed_graphs_with_loops_equal_torchs():
    # With large weights sines multiply rounding: a change of 1e-15 is one of 1e-9 to 1e-4 then.
    calm = {"genes.activation.options": ("tanh", "sigmoid")}
    for k, genome in graphs_with_loops("all", 1000, **calm):
        assert compared(genome, k)[0] < 1e-10, genome
