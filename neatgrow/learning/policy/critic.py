"""A dense network that learns what return to expect."""

from itertools import pairwise

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.build import assemble
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import functions
from neatgrow.learning.data import prepared
from neatgrow.learning.optimizers import Optimizer
from neatgrow.learning.training import Trainer, held, recipe_of

_FIRST_HIDDEN = 1 << 62  # where ids of hidden nodes begin


class Critic:
    """V(x): a dense network of tanh layers on standardised observations, linear at its end.

    It learns returns less their mean, over their deviation. When these two change, weights and
    bias of the output change with them so that V stays what it was (Pop-Art: van Hasselt et al.
    2016, section 2).

    Args:
        interface: I inputs, with the statistics that standardise them.
        hidden: Nodes of each layer.
        optimizer: Of the squared error; its schedule counts calls of :meth:`learn`.
        calls: How many there will be.
        batch: Samples per step.
        seed: Keys the first weights and the batches.
    """

    def __init__(
        self, interface: Interface, hidden: tuple[int, ...], optimizer: Optimizer, calls: int,
        batch: int, seed: int,
    ) -> None:  # fmt: skip
        self._genome = dense(interface, hidden, seed)
        self._optimizer, self._batch, self._seed = optimizer, batch, seed
        self._calls, self._call = calls, 0
        self._trainer: Trainer | None = None
        self._mean, self._deviation = 0.0, 1.0

    def values(self, x: Array) -> Array:
        """(S, I) → (S,) float64."""
        if self._trainer is None:
            return np.zeros(len(x))
        standard = self._trainer.networks.predict(x)[0, :, 0].astype(np.float64)
        return np.asarray(self._mean + self._deviation * standard)

    def learn(self, x: Array, returns: Array, epochs: int) -> float:
        """Take in returns (S,) of observations (S, I).

        Returns:
            Mean squared error over the returns' variance, as met on the way through the last
            epoch; NaN where the error was no longer finite.
        """
        face = self._genome.interface
        mean, deviation = float(returns.mean()), max(float(returns.std()), 1e-8)
        wanted = ((returns - mean) / deviation)[:, None]
        data = prepared(
            face, 1, x, wanted, None, sequences=False, labels=False, dtype=np.float32
        )  # fmt: skip
        recipe = recipe_of(
            "mse", self._optimizer, self._calls, data, batch=self._batch, clip=1.0, seed=self._seed
        )
        recipe = held(recipe, self._call)
        self._call += 1
        if self._trainer is None:
            self._trainer = Trainer(self._genome.batch(), recipe, np.float32)
        else:
            self._keep_values(mean, deviation)
        self._mean, self._deviation = mean, deviation
        self._trainer.recipe = recipe
        steps = max(len(x) // recipe.batch, 1)
        losses = [self._trainer.learn(data, steps)[0] for _ in range(epochs)]
        return float(losses[-1].mean())

    def _keep_values(self, mean: float, deviation: float) -> None:
        """σ′·v′ + μ′ = σ·v + μ."""
        assert self._trainer is not None
        plan = self._trainer.networks.plan
        node = int(plan.output_slot[0, 0]) - self._genome.n_inputs
        incoming = slice(plan.incoming_start[node], plan.incoming_stop[node])
        plan.weight[incoming] *= self._deviation / deviation
        shift = self._mean - mean
        plan.bias[node] = (self._deviation * plan.bias[node] + shift) / deviation


def dense(interface: Interface, hidden: tuple[int, ...], seed: int) -> Genome:
    """Layers of tanh nodes, each joined to all of the layer before, and linear outputs.

    Weights are normal with deviation 1/√(connections into a node), those of the outputs a
    tenth of that; biases are 0.

    Args:
        interface: Inputs and outputs.
        hidden: Nodes of each layer.
        seed: Of the weights.
    """
    rng = np.random.default_rng(seed)
    n_in, n_out = interface.inputs, interface.outputs
    outputs = np.arange(n_in, n_in + n_out)
    first = _FIRST_HIDDEN + np.cumsum([0, *hidden])
    layers = [np.arange(n_in)]
    layers += [np.arange(a, a + size) for a, size in zip(first.tolist(), hidden, strict=False)]
    layers.append(outputs)
    sources, targets, weights = [], [], []
    for before, after in pairwise(layers):
        sources.append(np.repeat(before, after.size))
        targets.append(np.tile(after, before.size))
        spread = (0.1 if after is outputs else 1.0) / np.sqrt(before.size)
        weights.append(rng.standard_normal(before.size * after.size) * spread)
    source, target, weight = (np.concatenate(part) for part in (sources, targets, weights))
    node_id = np.concatenate([outputs, *layers[1:-1]])
    activation = np.where(node_id < n_in + n_out, functions.IDENTITY, functions.TANH)
    genes = {"weight": weight, "activation": activation}
    return assemble(interface, node_id, source, target, genes)
