"""Gradient descent of many networks, each by itself, many steps in one call."""

import math
from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.backward import TILE, Scratch, accumulate
from neatgrow.kernels.functions import like
from neatgrow.kernels.jit import at, helper, kernel
from neatgrow.kernels.losses import total_of, work_rows
from neatgrow.kernels.random import LEARNING, draw_below, seed_stream

OPTIMIZERS: tuple[str, ...] = ("sgd", "momentum", "rmsprop", "adam", "adamw")
SGD, MOMENTUM, RMSPROP, ADAM, ADAMW = range(5)
SCHEDULES: tuple[str, ...] = ("constant", "cosine", "step")
CONSTANT, COSINE, STEPPED = range(3)


class Recipe(NamedTuple):
    """How to learn, as kernels read it."""

    loss: int
    optimizer: int
    rate: float
    momentum: float  # β of momentum, β₁ of Adam
    smoothing: float  # decay of squared gradients, β₂ of Adam
    epsilon: float
    decay: float  # of weights, decoupled, AdamW alone
    l1: float
    l2: float
    clip: float  # largest norm of a network's gradient; infinity for none
    schedule: int
    every: int  # steps between two falls of the rate
    factor: float  # of each fall
    total_steps: int  # of the whole schedule
    batch: int  # samples per step
    window: int  # ticks over which gradients reach back
    seed: int


class Memory(NamedTuple):
    """What optimisers remember, in rows of the plan; and how each network stands."""

    weight: Array  # (2, C) first and second moment
    bias: Array  # (2, V)
    last_weight: Array  # (C,) before the last step
    last_bias: Array  # (V,)
    stopped: Array  # (N,) int64, step at which learning stopped for want of finite numbers; −1
    active: Array  # (N,) bool, whether a network still learns


@helper
def rate_at(recipe, step):
    """The learning rate of a step: constant, half a cosine to 0, or falling in steps."""
    if recipe.schedule == COSINE:
        return recipe.rate * 0.5 * (1.0 + math.cos(math.pi * step / recipe.total_steps))
    if recipe.schedule == STEPPED:
        return recipe.rate * recipe.factor ** (step // recipe.every)
    return recipe.rate


@helper
def _shuffle(order, seed, epoch, stream):
    """All samples in an order that depends on seed and epoch alone (Fisher & Yates)."""
    seed_stream(stream, seed, LEARNING, epoch, 0)
    for b in range(order.shape[0]):
        order[b] = b
    for b in range(order.shape[0] - 1, 0, -1):
        other = draw_below(stream, b + 1)
        order[b], order[other] = order[other], order[b]


@helper
def _move(recipe, step, values, slopes, moments, first, last, penalise):
    """One step of the optimiser on rows ``first:last`` of a column.

    Sources: Polyak (1964); Tieleman & Hinton (2012); Kingma & Ba (2015), algorithm 1;
    Loshchilov & Hutter (2019), algorithm 2.
    """
    rate = rate_at(recipe, step)
    beta, smoothing = recipe.momentum, recipe.smoothing
    unbias_1 = 1.0 - beta ** (step + 1)
    unbias_2 = 1.0 - smoothing ** (step + 1)
    for row in range(at(first), at(last)):
        value, g = np.float64(values[row]), np.float64(slopes[row])
        if recipe.optimizer == SGD:
            value -= rate * g
        elif recipe.optimizer == MOMENTUM:
            m = beta * moments[0, row] + g
            moments[0, row] = like(moments[0, row], m)
            value -= rate * m
        elif recipe.optimizer == RMSPROP:
            v = smoothing * moments[1, row] + (1.0 - smoothing) * g * g
            moments[1, row] = like(moments[1, row], v)
            value -= rate * g / (math.sqrt(v) + recipe.epsilon)
        else:
            m = beta * moments[0, row] + (1.0 - beta) * g
            v = smoothing * moments[1, row] + (1.0 - smoothing) * g * g
            moments[0, row], moments[1, row] = like(moments[0, row], m), like(moments[1, row], v)
            if recipe.optimizer == ADAMW and penalise:
                value -= rate * recipe.decay * value
            value -= rate * (m / unbias_1) / (math.sqrt(v / unbias_2) + recipe.epsilon)
        values[row] = like(values[row], value)


@helper
def _penalise(recipe, plan, d_weight, first, last):
    """Add the slopes of l1·Σ|w| + l2·Σw² and return that sum."""
    if recipe.l1 == 0.0 and recipe.l2 == 0.0:
        return 0.0
    cost = 0.0
    for c in range(first, last):
        w = np.float64(plan.weight[c])
        sign = 0.0 if w == 0.0 else math.copysign(1.0, w)
        cost += recipe.l1 * abs(w) + recipe.l2 * w * w
        d_weight[c] += like(d_weight[c], recipe.l1 * sign + 2.0 * recipe.l2 * w)
    return cost


@helper
def _norm(gradient, rows):
    """Length of a network's gradient."""
    squares = 0.0
    for c in range(rows[0], rows[1]):
        squares += np.float64(gradient[0][c]) ** 2
    for v in range(rows[2], rows[3]):
        squares += np.float64(gradient[1][v]) ** 2
    return math.sqrt(squares)


@helper
def rows_of(plan, n):
    """Connection and node rows of network n: first and one past the last of each."""
    start, stop = plan.node_start[n], plan.node_stop[n]
    if start == stop:
        return np.int64(0), np.int64(0), start, stop
    return plan.incoming_start[start], plan.incoming_stop[stop - 1], start, stop


@helper
def _one_step(plan, custom, n, data, recipe, step, memory, chosen, rows, gradient, scratch):
    """One step of one network; the loss before it. Not finite: nothing has been changed."""
    which = n if data.inputs.shape[0] > 1 else 0
    d_weight, d_bias = gradient
    for c in range(rows[0], rows[1]):
        d_weight[c] = 0.0
    for v in range(rows[2], rows[3]):
        d_bias[v] = 0.0
    total = total_of(recipe.loss, data, which, chosen)
    if total == 0.0:  # nothing but samples to leave out
        return 0.0
    loss = accumulate(plan, custom, n, data, recipe.loss, chosen, total, gradient, scratch)
    loss += _penalise(recipe, plan, d_weight, rows[0], rows[1])
    norm = _norm(gradient, rows)
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return np.nan
    if norm > recipe.clip:
        for c in range(rows[0], rows[1]):
            d_weight[c] = like(d_weight[c], d_weight[c] * (recipe.clip / norm))
        for v in range(rows[2], rows[3]):
            d_bias[v] = like(d_bias[v], d_bias[v] * (recipe.clip / norm))
    for c in range(rows[0], rows[1]):
        memory.last_weight[c] = plan.weight[c]
    for v in range(rows[2], rows[3]):
        memory.last_bias[v] = plan.bias[v]
    _move(recipe, step, plan.weight, d_weight, memory.weight, rows[0], rows[1], True)
    _move(recipe, step, plan.bias, d_bias, memory.bias, rows[2], rows[3], False)
    return loss


@kernel
def train(plan, custom, data, recipe, memory, losses, start, stop):
    """Let networks ``start:stop`` learn for as many steps as ``losses`` has columns.

    Args:
        plan: Networks, whose weights and biases are updated.
        custom: (K,) int64 addresses of registered activations.
        data: Samples.
        recipe: Settings.
        memory: Of the optimiser, updated.
        losses: ((N, steps) float64, step): written, the loss before each step, NaN where a
            network does not learn; and the number of steps done before.
        start: First network.
        stop: One past the last.
    """
    record, done = losses
    n_ticks, n_samples = data.inputs.shape[1], data.inputs.shape[3]
    gradient = (np.empty_like(plan.weight), np.empty_like(plan.bias))
    order = np.empty(n_samples, np.int32)
    stream = np.empty(1, np.uint64)
    per_epoch = max(n_samples // recipe.batch, 1)
    for n in range(start, stop):
        rows = rows_of(plan, n)
        most = 0
        for v in range(rows[2], rows[3]):
            most = max(most, plan.incoming_stop[v] - plan.incoming_start[v])
        scratch = scratch_of(plan, data, rows, min(recipe.window, n_ticks), most)
        epoch = -1
        for k in range(record.shape[1]):
            step = done + k
            record[n, k] = np.nan
            if not memory.active[n]:
                continue
            if step // per_epoch != epoch:
                epoch = step // per_epoch
                if recipe.batch < n_samples:
                    _shuffle(order, recipe.seed, epoch, stream)
                elif k == 0:
                    for b in range(n_samples):
                        order[b] = b
            begin = step % per_epoch * recipe.batch
            chosen = order[begin : begin + min(recipe.batch, n_samples)]
            record[n, k] = _one_step(
                plan, custom, n, data, recipe, step, memory, chosen, rows, gradient, scratch
            )
            if np.isnan(record[n, k]):  # back to the last parameters with a finite loss
                for c in range(rows[0], rows[1] if step > 0 else 0):
                    plan.weight[c] = memory.last_weight[c]
                for v in range(rows[2], rows[3] if step > 0 else 0):
                    plan.bias[v] = memory.last_bias[v]
                memory.stopped[n] = step
                memory.active[n] = False


@kernel
def gradients(plan, custom, data, loss, losses, gradient, start, stop):
    """Loss and gradients of networks ``start:stop`` over all samples and ticks.

    Args:
        plan: Networks.
        custom: (K,) int64 addresses of registered activations.
        data: Samples.
        loss: Opcode.
        losses: (N,) float64, written.
        gradient: (of weights (C,), of biases (V,)), written.
        start: First network.
        stop: One past the last.
    """
    order = np.arange(data.inputs.shape[3]).astype(np.int32)
    for n in range(start, stop):
        rows = rows_of(plan, n)
        most = 0
        for v in range(rows[2], rows[3]):
            most = max(most, plan.incoming_stop[v] - plan.incoming_start[v])
        for c in range(rows[0], rows[1]):
            gradient[0][c] = 0.0
        for v in range(rows[2], rows[3]):
            gradient[1][v] = 0.0
        scratch = scratch_of(plan, data, rows, data.inputs.shape[1], most)
        total = total_of(loss, data, n if data.inputs.shape[0] > 1 else 0, order)
        losses[n] = 0.0
        if total > 0.0:
            losses[n] = accumulate(plan, custom, n, data, loss, order, total, gradient, scratch)


@kernel
def scratch_of(plan, data, rows, window, most):
    """Room for a network whose nodes have up to ``most`` connections each."""
    nodes, kind = rows[3] - rows[2], plan.bias.dtype
    slots = data.inputs.shape[2] + nodes + 1
    tile = min(TILE, data.inputs.shape[3])
    return Scratch(
        a=np.zeros((window + 1, slots, tile), kind),
        z=np.empty((window, nodes + 1, tile), kind),
        d=np.zeros((2, slots, tile), kind),
        dz=np.empty(tile, kind),
        factor=np.empty((most + 1, tile), kind),
        outputs=np.empty((2, plan.output_slot.shape[1], tile), kind),
        work=np.empty((work_rows(plan.output_slot.shape[1]), tile)),
    )
