"""Losses and their gradients with respect to outputs, row by row of samples."""

import numpy as np

from neatgrow.kernels import elementary
from neatgrow.kernels.functions import like, tanh
from neatgrow.kernels.jit import at, helper, kernel, summing

LOSSES: tuple[str, ...] = ("mse", "mae", "huber", "binary", "categorical", "given")
MSE, MAE, HUBER, BINARY, CATEGORICAL, GIVEN = range(6)


@helper
def loss_rows(loss, data, which, t, chosen, first, size, total, room):
    """Loss of one tick over ``size`` samples, and its gradient in ``outputs[1]``.

    With p an output and y its target, each term weighted, summed and divided by ``total`` (the
    weights, times O but for categorical; 1 for given): mse (p − y)²; mae |p − y|; huber
    ½(p − y)² within 1 of the target and |p − y| − ½ beyond; binary ln(1 + eᵖ) − y·p;
    categorical ln Σ eᵖ − Σ y·p over a sample's outputs; given: the targets are the gradient,
    and the loss counts as Σ y·p. At its kink mae's slope is 0. A sample of weight 0 may hold
    anything.

    In float64, row after row of an output's samples, so that all loops are vector code.

    Args:
        loss: Opcode.
        data: Samples.
        which: Set of samples.
        t: Tick.
        chosen: (K,) samples.
        first: The tile's first of them.
        size: Samples in the tile.
        total: What everything is divided by.
        room: (2, O, tile) outputs and their gradients, written; (:func:`work_rows`, tile) float64.
    """
    outputs, work = room
    weight, term, y = work[0], work[1], work[2]
    for j in range(size):
        weight[j] = np.float64(data.weight[which, t, at(chosen[first + j])]) / total
        term[j] = 0.0
    if loss == CATEGORICAL:
        _softmax(data, which, t, chosen, first, size, outputs, work)
    else:
        for o in range(outputs.shape[1]):
            for j in range(size):
                y[j] = data.targets[which, t, o, at(chosen[first + j])]
            _one_output(loss, outputs[0, o], y, weight, term, outputs[1, o], size)
    return _weighted(weight, term, size)


@helper
def _one_output(loss, p, y, weight, term, gradient, size):
    """Add terms of one output's samples, and write their gradients."""
    if loss == MSE:
        for j in range(size):
            gap = np.float64(p[j]) - y[j] if weight[j] != 0.0 else 0.0
            term[j] += gap * gap
            gradient[j] = like(gradient[j], 2.0 * weight[j] * gap)
    elif loss == MAE:
        for j in range(size):
            gap = np.float64(p[j]) - y[j] if weight[j] != 0.0 else 0.0
            term[j] += abs(gap)
            sign = 1.0 if gap > 0.0 else (-1.0 if gap < 0.0 else gap)
            gradient[j] = like(gradient[j], weight[j] * sign)
    elif loss == HUBER:
        for j in range(size):
            gap = np.float64(p[j]) - y[j] if weight[j] != 0.0 else 0.0
            near = gap if abs(gap) <= 1.0 else (1.0 if gap > 1.0 else (-1.0 if gap < -1.0 else gap))
            term[j] += near * (gap - 0.5 * near)
            gradient[j] = like(gradient[j], weight[j] * near)
    elif loss == BINARY:
        for j in range(size):
            q = np.float64(p[j]) if weight[j] != 0.0 else 0.0
            # What p and y·p have in common goes first, so that what is left is not rounded away.
            common = q - y[j] * q if q > 0.0 else -y[j] * q
            term[j] += common + elementary.softplus(-abs(q))
            gradient[j] = like(gradient[j], weight[j] * (0.5 + 0.5 * tanh(0.5 * q) - y[j]))
    else:
        for j in range(size):
            q = np.float64(p[j]) if weight[j] != 0.0 else 0.0
            term[j] += y[j] * q
            gradient[j] = like(gradient[j], weight[j] * y[j])


@helper
def _softmax(data, which, t, chosen, first, size, outputs, work):
    """Terms ln Σ e^(p − top) + Σ y·(top − p), the y of a sample having the sum ``wanted``."""
    weight, term, y, wanted, top, mass = work[0], work[1], work[2], work[3], work[4], work[5]
    for j in range(size):
        wanted[j], mass[j] = 0.0, 0.0
        top[j] = outputs[0, 0, j]
    for o in range(outputs.shape[1]):
        for j in range(size):
            q = np.float64(outputs[0, o, j])
            top[j] = q if q > top[j] else top[j]
    for o in range(outputs.shape[1]):
        for j in range(size):
            y[j] = data.targets[which, t, o, at(chosen[first + j])]
        share = work[6 + o]
        for j in range(size):
            gap = np.float64(outputs[0, o, j]) - top[j] if weight[j] != 0.0 else 0.0
            share[j] = elementary.exp(gap)
            mass[j] += share[j]
            wanted[j] += y[j]
            term[j] -= y[j] * gap
    for j in range(size):
        term[j] += wanted[j] * elementary.log(mass[j])
    for o in range(outputs.shape[1]):
        for j in range(size):
            y[j] = data.targets[which, t, o, at(chosen[first + j])]
        share = work[6 + o]
        for j in range(size):
            slope = weight[j] * (wanted[j] * share[j] / mass[j] - y[j])
            outputs[1, o, j] = like(outputs[1, o, j], slope)


@summing
def _weighted(weight, term, size):
    result = 0.0
    for j in range(size):
        result += weight[j] * (term[j] if weight[j] != 0.0 else 0.0)
    return result


@helper
def work_rows(n_outputs):
    """Rows of float64 that :func:`loss_rows` works on."""
    return 6 + n_outputs


@helper
def total_of(loss, data, which, chosen):
    """What the loss of some samples is divided by: their weights, and the number of outputs
    where each output has a term of its own.
    """
    total = 0.0
    for t in range(data.weight.shape[1]):
        for b in chosen:
            total += data.weight[which, t, at(b)]
    if loss == GIVEN:
        return 1.0 if total > 0.0 else 0.0
    return total if loss == CATEGORICAL else total * data.targets.shape[2]


@kernel
def judge(outputs, loss, data, losses, start, stop):
    """Losses of networks ``start:stop`` by what they answered.

    Args:
        outputs: (N, T, O, B) of the networks.
        loss: Opcode.
        data: Samples, whose inputs are not looked at.
        losses: (N,) float64, written.
        start: First network.
        stop: One past the last.
    """
    n_outputs, n_samples = outputs.shape[2], outputs.shape[3]
    everything = np.arange(n_samples).astype(np.int32)
    rows = np.empty((2, n_outputs, n_samples), outputs.dtype)
    work = np.empty((work_rows(n_outputs), n_samples))
    for n in range(start, stop):
        which = n if data.weight.shape[0] > 1 else 0
        total = total_of(loss, data, which, everything)
        losses[n] = 0.0
        for t in range(outputs.shape[1]):
            for o in range(n_outputs):
                for b in range(n_samples):
                    rows[0, o, b] = outputs[n, t, o, b]
            losses[n] += loss_rows(
                loss, data, which, t, everything, 0, n_samples, total, (rows, work)
            )
