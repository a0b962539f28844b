"""Gradients of one network by reverse mode, through time where connections are delayed.

With zᵥ(t) = bᵥ + aggregate(w·a), aᵥ = f(zᵥ) and δᵥ = ∂L/∂zᵥ = f′(zᵥ)·∂L/∂aᵥ, a sum gives

    ∂L/∂w_uv = Σ δᵥ(t)·a_u(t − d),   ∂L/∂bᵥ = Σ δᵥ(t),   ∂L/∂a_u(t − d) += w_uv·δᵥ(t)

over samples and ticks, nodes taken against the order of evaluation (Werbos 1990). A mean
divides by the number of its connections; a product multiplies by the other factors; of a max
or min the connection that was taken, the first of equals, takes the whole gradient.

Delay lines are copies, which the way back reverses: ∂L/∂ of a line is added to its source's, of
the same tick where that is a node or an input, of the tick before where it is another line.
Through timed dynamics, δ comes from :func:`neatgrow.kernels.dynamics.retreat`, with the slopes of
states and parameters.

Samples lie innermost and are taken in tiles; sums over them are added up tile after tile, so
a gradient does not depend on threads.
"""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.dynamics import TIMED, retreat
from neatgrow.kernels.forward import tick_rows
from neatgrow.kernels.functions import (
    MAX,
    MEAN,
    PRODUCT,
    SUM,
    like,
)
from neatgrow.kernels.jit import at, helper, summing
from neatgrow.kernels.losses import loss_rows
from neatgrow.kernels.plan import is_delayed
from neatgrow.kernels.rows import slope_row

TILE = 64  # samples per pass


class Data(NamedTuple):
    """Samples, or sequences of T ticks; one set for all networks (N = 1) or one for each.

    Values are in the networks' dtype.
    """

    inputs: Array  # (N, T, I, B)
    targets: Array  # (N, T, O, B), or ∂L/∂output where the loss is the caller's
    weight: Array  # (N, T, B) of each sample and tick, 0 to leave one out


class Scratch(NamedTuple):
    """Room for one network and one tile; W ticks of a window, S slots and a row of zeros."""

    a: Array  # (W + 1, S + 1, tile): activations; tick 0 is the state before the window
    z: Array  # (W, nodes + 1, tile): z, and after the way back δ (of a mean, over its number)
    d: Array  # (2, S + 1, tile): ∂L/∂a of this tick and of the one before
    dz: Array  # (tile,): δ of a product, times the factors gone through
    factor: Array  # (connections into a node + 1, tile) products of the factors before each
    outputs: Array  # (2, O, tile): outputs, and ∂L/∂output
    work: Array  # (…, tile) float64: what the loss works on
    state: Array  # (dynamics.MOST,): a node's state, to be updated once more


@helper
def accumulate(plan, custom, n, data, loss, chosen, total, gradient, scratch):
    """Add the gradients of network n over some samples, and return their loss.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        n: Network.
        data: Samples.
        loss: Opcode.
        chosen: (K,) int32 samples to take.
        total: What the loss is divided by: the weights of all samples.
        gradient: Of ``plan.LEARNED``, (K,) each, added to in this network's rows.
        scratch: Room; its number of ticks is the window over which gradients reach back.
    """
    which = n if data.inputs.shape[0] > 1 else 0
    n_ticks, n_inputs = data.inputs.shape[1], data.inputs.shape[2]
    window = scratch.z.shape[0]
    result = 0.0
    for first in range(0, chosen.shape[0], TILE):
        size = min(TILE, chosen.shape[0] - first)
        scratch.a[:, :, :] = 0
        for begin in range(0, n_ticks, window):
            end = min(begin + window, n_ticks)
            if begin > 0:
                for slot in range(n_inputs, scratch.a.shape[1]):
                    for j in range(size):
                        scratch.a[0, slot, j] = scratch.a[window, slot, j]
            for t in range(begin, end):
                now = scratch.a[t - begin + 1]
                before = scratch.a[t - begin]
                for slot in range(n_inputs, now.shape[0]):
                    for j in range(size):
                        now[slot, j] = before[slot, j]
                for i in range(n_inputs):
                    for j in range(size):
                        now[i, j] = data.inputs[which, t, i, at(chosen[first + j])]
                tick_rows(plan, custom, n, n_inputs, size, now, scratch.z[t - begin], 1)
            scratch.d[:, :, :] = 0
            for t in range(end - 1, begin - 1, -1):
                swap = (end - 1 - t) & 1
                d, d_before = scratch.d[swap], scratch.d[1 - swap]
                now, before = scratch.a[t - begin + 1], scratch.a[t - begin]
                for o in range(plan.output_slot.shape[1]):
                    for j in range(size):
                        scratch.outputs[0, o, j] = now[at(plan.output_slot[n, o]), j]
                result += loss_rows(
                    loss,
                    data,
                    which,
                    t,
                    chosen,
                    first,
                    size,
                    total,
                    (scratch.outputs, scratch.work),
                )
                for o in range(plan.output_slot.shape[1]):
                    for j in range(size):
                        d[at(plan.output_slot[n, o]), j] += scratch.outputs[1, o, j]
                tick = (now, before, scratch.z[t - begin], d, d_before)
                _tick_back(plan, custom, n, n_inputs, size, tick, gradient, scratch)
                d[:, :] = 0
    return result


@helper
def _tick_back(plan, custom, n, n_inputs, size, tick, gradient, scratch):
    """Backwards through one tick: from ∂L/∂a of its nodes to parameters and sources."""
    now, before, z, d, d_before = tick
    d_weight, d_bias, d_parameters = gradient
    _lines_back(plan, n, size, d, d_before)
    start, stop = plan.node_start[n], plan.node_stop[n]
    for v in range(stop - 1, start - 1, -1):
        slot, row = n_inputs + v - start, v - start
        first, last = plan.incoming_start[at(v)], plan.incoming_stop[at(v)]
        dz = z[at(row)]
        if plan.activation[at(v)] == TIMED:
            p = plan.parameters.shape[1]
            own = d_parameters[at(v * p) : at(v * p + p)]
            for j in range(size):
                node = (dz[j], now[at(slot), j], d[at(slot), j])
                slots = (before[:, j], d[:, j], d_before[:, j])
                dz[j] = retreat(plan.dynamics[at(v)], plan.parameters[at(v)], custom, node, slots,
                                own, scratch.state)  # fmt: skip
        else:
            slope_row(plan.activation[at(v)], custom, d[at(slot)], now[at(slot)], dz, size)
        d_bias[at(v)] += _sum(dz, size)
        aggregation = plan.aggregation[at(v)]
        if aggregation in (SUM, MEAN):
            if aggregation == MEAN and first < last:
                for j in range(size):
                    dz[j] /= like(dz[j], last - first)
            for c in range(at(first), at(last)):
                source = np.int64(plan.source_slot[c])
                if is_delayed(source, slot):
                    values, back = before[at(source)], d_before[at(source)]
                else:
                    values, back = now[at(source)], d[at(source)]
                d_weight[c] += _dot(dz, values, size)
                if source >= n_inputs:
                    w = plan.weight[c]
                    for j in range(size):
                        back[j] += w * dz[j]
        elif aggregation == PRODUCT:
            for j in range(size):
                scratch.dz[j] = dz[j]
            _product_back(plan, first, last, slot, n_inputs, size, tick, d_weight, scratch)
        elif first < last:
            largest = aggregation == MAX
            _extreme_back(plan, first, last, slot, n_inputs, size, tick, d_weight, dz, largest)


@helper
def _lines_back(plan, n, size, d, d_before):
    """Reverse the copies at the end of a tick."""
    start, stop = plan.lines[n, 0], plan.lines[n, 1]
    first = plan.width[n] - (stop - start)
    for k in range(stop - start):
        source = np.int64(plan.line_source[at(start + k)])
        back = d_before[at(source)] if source >= first else d[at(source)]
        for j in range(size):
            back[j] += d[at(first + k), j]


@helper
def _product_back(plan, first, last, slot, n_inputs, size, tick, d_weight, scratch):
    """Each factor times the product of all others: those before it, kept, and those after."""
    now, before, _, d, d_before = tick
    dz, factor = scratch.dz, scratch.factor
    for j in range(size):
        factor[0, j] = 1.0
    for c in range(first, last):
        source = np.int64(plan.source_slot[c])
        values = before[at(source)] if is_delayed(source, slot) else now[at(source)]
        for j in range(size):
            factor[c - first + 1, j] = factor[c - first, j] * plan.weight[c] * values[j]
    for c in range(last - 1, first - 1, -1):  # dz becomes δ times the product of those after
        source = np.int64(plan.source_slot[c])
        if is_delayed(source, slot):
            values, back = before[at(source)], d_before[at(source)]
        else:
            values, back = now[at(source)], d[at(source)]
        w = plan.weight[c]
        for j in range(size):
            others = dz[j] * factor[c - first, j]
            d_weight[c] += others * values[j]
            if source >= n_inputs:
                back[j] += others * w
            dz[j] *= w * values[j]


@helper
def _extreme_back(plan, first, last, slot, n_inputs, size, tick, d_weight, dz, largest):
    """All to the connection that was the largest or smallest, the first of equals."""
    now, before, _, d, d_before = tick
    for j in range(size):
        taken, best = first, like(dz[j], 0.0)
        for c in range(first, last):
            source = np.int64(plan.source_slot[c])
            late = is_delayed(source, slot)
            x = plan.weight[c] * (before[at(source), j] if late else now[at(source), j])
            if c == first or (x > best if largest else x < best):
                taken, best = c, x
        source = np.int64(plan.source_slot[taken])
        late = is_delayed(source, slot)
        d_weight[taken] += dz[j] * (before[at(source), j] if late else now[at(source), j])
        if source >= n_inputs:
            if late:
                d_before[at(source), j] += dz[j] * plan.weight[taken]
            else:
                d[at(source), j] += dz[j] * plan.weight[taken]


@summing
def _sum(x, size):
    total = like(x[0], 0.0)
    for j in range(size):
        total += x[j]
    return total


@summing
def _dot(x, y, size):
    total = like(x[0], 0.0)
    for j in range(size):
        total += x[j] * y[j]
    return total
