"""Genomes without loops as arrays of torch and of JAX: the same structure, loss and optimiser.

Networks of dense layers are a product a layer, in one call for all networks of a population. A
graph of any shape is computed level by level, in two ways: by a product with a dense matrix whose
gaps are masked, or by its edges, gathered, multiplied and summed by target. All is float32; the
loss is the mean squared error of each network by itself.
"""

import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import neatgrow as ng
from neatgrow.kernels.functions import SUM, TANH


class Level(NamedTuple):
    """Nodes of the same depth, in an order of all nodes by depth that begins with the inputs."""

    source: Any  # (C,) places of what their connections read
    target: Any  # (C,) sorted: which of the level's nodes each enters
    weight: Any  # (C,) float32
    bias: Any  # (M,) float32


class Form(NamedTuple):
    """A network, or several, in a library's terms."""

    parameters: list[Any]  # NumPy arrays
    forward: Callable[["Ops", list[Any], Any], Any]  # of parameters and inputs (…, I, B)


class Ops(NamedTuple):
    """What a library calls the few functions that networks need."""

    array: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    affine: Callable[[Any, Any, Any], Any]  # W (…, M, K), x (…, K, B), b (…, M) → Wx + b
    join: Callable[[Sequence[Any]], Any]  # along the first axis
    take: Callable[[Any, Any], Any]
    sum_by_target: Callable[[Any, Any, int], Any]


def levels_of(genome: ng.Genome) -> tuple[list[Level], Any]:
    """Its levels, and the places of its outputs (O,)."""
    plan = genome.compile().networks.plan
    nodes = range(int(plan.node_start[0]), int(plan.node_stop[0]))
    for field, only in ((plan.activation, TANH), (plan.aggregation, SUM)):
        assert set(field[nodes.start : nodes.stop].tolist()) == {only}
    spans = [slice(plan.incoming_start[v], plan.incoming_stop[v]) for v in nodes]
    depth = [0] * genome.n_inputs
    for span in spans:
        depth.append(1 + max((depth[slot] for slot in plan.source_slot[span]), default=0))
    order = np.argsort(depth, kind="stable")
    place = np.empty(len(depth), np.int64)
    place[order] = np.arange(len(depth))
    levels = []
    for d in range(1, max(depth) + 1):
        members = [slot - genome.n_inputs for slot in order if depth[slot] == d]
        sizes = [spans[m].stop - spans[m].start for m in members]
        source = np.concatenate([plan.source_slot[spans[m]] for m in members])
        levels.append(Level(
            place[source], np.repeat(np.arange(len(members)), sizes),
            np.concatenate([plan.weight[spans[m]] for m in members]).astype(np.float32),
            plan.bias[[nodes.start + m for m in members]].astype(np.float32),
        ))  # fmt: skip
    return levels, place[plan.output_slot[0]]


def by_edges(genome: ng.Genome) -> Form:
    """A graph as lists of edges."""
    levels, outputs = levels_of(genome)

    def forward(ops: Ops, parameters: list[Any], x: Any) -> Any:
        values = x
        for level, weight, bias in zip(levels, parameters[::2], parameters[1::2], strict=True):
            terms = ops.take(values, level.source) * weight[:, None]
            z = ops.sum_by_target(terms, level.target, len(level.bias)) + bias[:, None]
            values = ops.join([values, ops.tanh(z)])
        return ops.take(values, outputs)

    return Form([a for level in levels for a in (level.weight, level.bias)], forward)


def by_matrices(genome: ng.Genome) -> Form:
    """A graph as dense matrices with masks."""
    levels, outputs = levels_of(genome)
    width, masks, parameters = genome.n_inputs, [], []
    for level in levels:
        dense = np.zeros((2, len(level.bias), width), np.float32)
        dense[:, level.target, level.source] = level.weight, np.ones(len(level.weight))
        masks.append(dense[1])
        parameters += [dense[0], level.bias]
        width += len(level.bias)

    def forward(ops: Ops, parameters: list[Any], x: Any) -> Any:
        values = x
        for mask, weight, bias in zip(masks, parameters[::2], parameters[1::2], strict=True):
            z = ops.affine(weight * ops.array(mask), values, bias)
            values = ops.join([values, ops.tanh(z)])
        return ops.take(values, outputs)

    return Form(parameters, forward)


def by_layers(genomes: ng.Genomes) -> Form:
    """Networks of the same dense layers, side by side."""
    layers: list[list[tuple[Any, Any]]] = []
    for genome in genomes:
        levels, outputs = levels_of(genome)
        width, start, own = genome.n_inputs, 0, []
        for level in levels:
            weight = np.full((len(level.bias), width), np.nan, np.float32)
            weight[level.target, level.source - start] = level.weight
            assert np.isfinite(weight).all()
            own.append((weight, level.bias))
            start, width = start + width, len(level.bias)
        assert (outputs == start + np.arange(width)).all()
        layers.append(own)
    parameters = [np.stack(part) for layer in zip(*layers, strict=True) for part in zip(*layer)]

    def forward(ops: Ops, parameters: list[Any], x: Any) -> Any:
        for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
            x = ops.tanh(ops.affine(weight, x, bias))
        return x

    return Form(parameters, forward)


def dense_genomes(sizes: Sequence[int], count: int) -> ng.Genomes:
    """Networks of dense layers with weights of their own; inputs, hidden layers, outputs."""
    inputs, *hidden, outputs = sizes
    ids = np.cumsum([0, inputs, outputs, *hidden])
    first, last, *between = (range(a, b) for a, b in pairwise(ids.tolist()))
    edges = [
        (a, b, len(below) ** -0.5)
        for below, above in pairwise([first, *between, last])
        for b in above
        for a in below
    ]
    one = ng.Genome.from_edges(edges, inputs=inputs, outputs=outputs)
    draws = np.random.default_rng(0).standard_normal((count, len(edges)))
    return one.copies(count, weight=draws * one.weight)


def installed(name: str) -> bool:
    """Whether torch or JAX can be imported."""
    return importlib.util.find_spec(name) is not None


class Torch:
    """Eager torch with its fused Adam, on some threads."""

    def __init__(self, form: Form, X: Any, Y: Any, optimizer: ng.Adam, threads: int) -> None:
        self.torch = torch = importlib.import_module("torch")
        torch.set_num_threads(threads)
        self._threads, self._forward = threads, form.forward
        self._tensors: dict[int, Any] = {}
        self._ops = Ops(
            array=self._kept,
            tanh=torch.tanh,
            affine=lambda w, x, b: (torch.baddbmm if w.ndim == 3 else torch.addmm)(
                b[..., None], w, x.expand(*w.shape[:-2], *x.shape[-2:])
            ),
            join=torch.cat,
            take=lambda values, rows: values.index_select(0, self._kept(rows)),
            sum_by_target=lambda terms, targets, count: terms.new_zeros(
                count, terms.shape[1]
            ).index_add(0, self._kept(targets), terms),
        )
        self._parameters = [torch.tensor(p, requires_grad=True) for p in form.parameters]
        self._x, self._y = (torch.tensor(np.float32(a).T.copy()) for a in (X, Y))
        self._optimizer = torch.optim.Adam(
            self._parameters, optimizer.rate, (optimizer.momentum, optimizer.smoothing),
            optimizer.epsilon, fused=True,
        )  # fmt: skip

    def _kept(self, array: Any) -> Any:
        """A constant as a tensor, made once."""
        return self._tensors.setdefault(id(array), self.torch.as_tensor(array))

    def learn(self, steps: int) -> Any:
        """(steps, N) losses before each step."""
        losses = []
        self.torch.set_num_threads(self._threads)
        for _ in range(steps):
            self._optimizer.zero_grad()
            error = self._forward(self._ops, self._parameters, self._x) - self._y
            loss = (error * error).mean((-2, -1))
            loss.sum().backward()
            self._optimizer.step()
            losses.append(loss.detach())
        return self.torch.stack(losses).numpy().reshape(steps, -1)


class Jax:
    """JAX on the CPU: value, gradients and Adam of a step are one compiled function.

    It takes as many threads as the process may use cores.

    Attributes:
        compile_seconds: That the compilation took.
    """

    def __init__(self, form: Form, X: Any, Y: Any, optimizer: ng.Adam) -> None:
        jax = importlib.import_module("jax")
        self._jax, np_ = jax, jax.numpy
        ops = Ops(
            array=np_.asarray,
            tanh=np_.tanh,
            affine=lambda w, x, b: w @ x + b[..., None],
            join=np_.concatenate,
            take=lambda values, rows: values[rows],
            sum_by_target=lambda terms, targets, count: jax.ops.segment_sum(
                terms, targets, count, indices_are_sorted=True
            ),
        )
        device = jax.devices("cpu")[0]
        x, y = (jax.device_put(np.float32(a).T.copy(), device) for a in (X, Y))

        def loss_of(parameters: list[Any], x: Any, y: Any) -> Any:
            losses = ((form.forward(ops, parameters, x) - y) ** 2).mean((-2, -1))
            return losses.sum(), losses

        def step(state: Any, x: Any, y: Any) -> Any:
            parameters, first, second, t = state
            (_, losses), slopes = jax.value_and_grad(loss_of, has_aux=True)(parameters, x, y)
            b1, b2, t = optimizer.momentum, optimizer.smoothing, t + 1
            first = [b1 * m + (1 - b1) * g for m, g in zip(first, slopes, strict=True)]
            second = [b2 * v + (1 - b2) * g * g for v, g in zip(second, slopes, strict=True)]
            parameters = [
                p - optimizer.rate * (m / (1 - b1**t)) / (np_.sqrt(v / (1 - b2**t))
                                                          + optimizer.epsilon)
                for p, m, v in zip(parameters, first, second, strict=True)
            ]  # fmt: skip
            return (parameters, first, second, t), losses

        parameters = [jax.device_put(p, device) for p in form.parameters]
        zeros = [[np_.zeros_like(p) for p in parameters] for _ in range(2)]
        self._state: Any = (parameters, *zeros, np_.float32(0.0))
        start = time.perf_counter()
        compiled = jax.jit(step, donate_argnums=0).lower(self._state, x, y).compile()
        self.compile_seconds = time.perf_counter() - start
        self._step = lambda state: compiled(state, x, y)

    def learn(self, steps: int) -> Any:
        """(steps, N) losses before each step."""
        losses = []
        for _ in range(steps):
            self._state, each = self._step(self._state)
            losses.append(each)
        self._jax.block_until_ready(self._state)
        return np.array(losses).reshape(steps, -1)
