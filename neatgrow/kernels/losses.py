"""Losses and their gradients with respect to outputs, row by row of samples."""

import math

import numpy as np

from neatgrow.kernels.functions import like
from neatgrow.kernels.jit import at, helper, kernel

LOSSES: tuple[str, ...] = ("mse", "mae", "huber", "binary", "categorical", "given")
MSE, MAE, HUBER, BINARY, CATEGORICAL, GIVEN = range(6)


@helper
def loss_rows(loss, data, which, t, chosen, first, size, total, outputs):
    """Loss of one tick over ``size`` samples, and its gradient in ``outputs[1]``.

    With p an output and y its target, each term weighted, summed and divided by ``total`` (the
    weights, times O but for categorical; 1 for given): mse (p − y)²; mae |p − y|; huber
    ½(p − y)² within 1 of the target and |p − y| − ½ beyond; binary ln(1 + eᵖ) − y·p;
    categorical ln Σ eᵖ − Σ y·p over a sample's outputs; given: the targets are the gradient,
    and the loss counts as Σ y·p. At its kink mae's slope is 0.

    Args:
        loss: Opcode.
        data: Samples.
        which: Set of samples.
        t: Tick.
        chosen: (K,) samples.
        first: The tile's first of them.
        size: Samples in the tile.
        total: What everything is divided by.
        outputs: (2, O, tile): outputs, and their gradients, written.
    """
    scale = 1.0 / total
    result = 0.0
    n_outputs = outputs.shape[1]
    if loss == MSE:
        return _squares(data, which, t, chosen, first, size, scale, outputs)
    for j in range(size):
        b = at(chosen[first + j])
        weight = np.float64(data.weight[which, t, b]) * scale
        if weight == 0.0:  # a sample left out may hold anything
            for o in range(n_outputs):
                outputs[1, o, j] = 0.0
            continue
        if loss == CATEGORICAL:
            top = -np.inf  # subtracted from every exponent: the largest of them cannot overflow
            for o in range(n_outputs):
                top = max(top, np.float64(outputs[0, o, j]))
            mass = 0.0
            for o in range(n_outputs):
                mass += math.exp(np.float64(outputs[0, o, j]) - top)
            wanted = 0.0
            for o in range(n_outputs):
                wanted += np.float64(data.targets[which, t, o, b])
            result += weight * wanted * (top + math.log(mass))
            for o in range(n_outputs):
                p, y = np.float64(outputs[0, o, j]), np.float64(data.targets[which, t, o, b])
                result -= weight * y * p
                share = math.exp(p - top) / mass
                outputs[1, o, j] = like(outputs[1, o, j], weight * (wanted * share - y))
            continue
        for o in range(n_outputs):
            p, y = np.float64(outputs[0, o, j]), np.float64(data.targets[which, t, o, b])
            gap = p - y
            if loss == MAE:
                term = abs(gap)
                gradient = 0.0 if gap == 0.0 else math.copysign(1.0, gap)
            elif loss == HUBER:
                far = abs(gap) > 1.0
                term = abs(gap) - 0.5 if far else 0.5 * gap * gap
                gradient = math.copysign(1.0, gap) if far else gap
            elif loss == BINARY:
                term = max(p, 0.0) + math.log1p(math.exp(-abs(p))) - y * p  # exp never overflows
                gradient = 0.5 + 0.5 * math.tanh(0.5 * p) - y
            else:
                term, gradient = y * p, y
            result += weight * term
            outputs[1, o, j] = like(outputs[1, o, j], weight * gradient)
    return result


@helper
def _squares(data, which, t, chosen, first, size, scale, outputs):
    """The mean squared error by itself, being the commonest: (p − y)² and 2(p − y)."""
    result = 0.0
    for o in range(outputs.shape[1]):
        for j in range(size):
            b = at(chosen[first + j])
            weight = np.float64(data.weight[which, t, b]) * scale
            gap = np.float64(outputs[0, o, j]) - np.float64(data.targets[which, t, o, b])
            if weight == 0.0:  # a sample left out may hold anything
                gap = 0.0
            result += weight * gap * gap
            outputs[1, o, j] = like(outputs[1, o, j], 2.0 * weight * gap)
    return result


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
    for n in range(start, stop):
        which = n if data.weight.shape[0] > 1 else 0
        total = total_of(loss, data, which, everything)
        losses[n] = 0.0
        for t in range(outputs.shape[1]):
            for o in range(n_outputs):
                for b in range(n_samples):
                    rows[0, o, b] = outputs[n, t, o, b]
            losses[n] += loss_rows(loss, data, which, t, everything, 0, n_samples, total, rows)
