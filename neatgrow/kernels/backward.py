"""Gradients of one network by reverse mode, through time where connections are delayed.

With zᵥ(t) = bᵥ + aggregate(w·a), aᵥ = f(zᵥ) and δᵥ = ∂L/∂zᵥ = f′(zᵥ)·∂L/∂aᵥ, a sum gives

    ∂L/∂w_uv = Σ δᵥ(t)·a_u(t − d),   ∂L/∂bᵥ = Σ δᵥ(t),   ∂L/∂a_u(t − d) += w_uv·δᵥ(t)

over samples and ticks, nodes taken against the order of evaluation (Werbos 1990). A mean
divides by the number of its connections; a product multiplies by the other factors; of a max
or min the connection that was taken, the first of equals, takes the whole gradient.

What sums and means pass back is collected by the node that it goes to, over its outgoing
connections, four at a time as on the way forward; products and extremes hand it to their sources
one by one, before those are reached.

Delay lines are copies, which the way back reverses: ∂L/∂ of a line is added to its source's, of
the same tick where that is a node or an input, of the tick before where it is another line.
Through timed dynamics, δ comes from :func:`neatgrow.kernels.dynamics.retreat_row`, with the slopes
of states and parameters. An observation that is held for several ticks has its loss at the last of
them, of its outputs there or of their mean.

Samples lie innermost and are taken in tiles; sums over them are added up tile after tile, so
a gradient does not depend on threads.
"""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.dynamics import TIMED, retreat_row
from neatgrow.kernels.forward import CURRENT, MEAN_OF_TICKS, coded, tick_rows
from neatgrow.kernels.functions import (
    MAX,
    MEAN,
    PRODUCT,
    SUM,
    like,
)
from neatgrow.kernels.jit import at, helper, summing
from neatgrow.kernels.losses import loss_rows
from neatgrow.kernels.plan import CODING, READOUT, TICKS, is_delayed
from neatgrow.kernels.rows import slope_row

TILE = 64  # samples per pass


class Data(NamedTuple):
    """Samples, or sequences of T ticks; one set for all networks (N = 1) or one for each.

    Values are in the networks' dtype.
    """

    inputs: Array  # (N, T, I, B)
    targets: Array  # (N, T, O, B), or ∂L/∂output where the loss is the caller's
    weight: Array  # (N, T, B) of each sample and tick, 0 to leave one out


class Outgoing(NamedTuple):
    """Connections of one network into sums and means, by their sources, in order of targets."""

    start: Array  # (S + 1,) int32, of each slot's
    connection: Array  # (K,) int32 rows
    target: Array  # (K,) int32 target nodes, counted from the network's first


class Scratch(NamedTuple):
    """Room for one network and one tile; W ticks of a window, S slots and a row of zeros."""

    a: Array  # (W + 1, S + 1, tile): activations; tick 0 is the state before the window
    # (W·(nodes + 1), tile), tick after tick: z, and after the way back δ (of a mean, over its
    # number)
    z: Array
    d: Array  # (2, S + 1, tile): ∂L/∂a of this tick and of the one before
    dz: Array  # (tile,): δ of a product, times the factors gone through
    factor: Array  # (connections into a node + 1, tile) products of the factors before each
    outputs: Array  # (2, O, tile): outputs, and ∂L/∂output
    work: Array  # (…, tile) float64: what the loss works on
    room: Array  # (tile,)
    outgoing: Outgoing


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
    ticks, code = plan.staring[0, TICKS], plan.staring[0, CODING]
    adds = plan.staring[0, READOUT] == MEAN_OF_TICKS
    n_ticks, n_inputs = data.inputs.shape[1] * ticks, data.inputs.shape[2]
    window = scratch.a.shape[0] - 1
    rows = plan.node_stop[n] - plan.node_start[n] + 1  # of z for a tick
    carries = plan.has_state[n]  # from tick to tick
    result = 0.0
    for first in range(0, chosen.shape[0], TILE):
        size = min(TILE, chosen.shape[0] - first)
        in_order = _is_run(chosen, first, size)
        if carries:
            scratch.a[:, :, :] = 0
        else:  # every slot is written before it is read, but for the row of zeros
            scratch.a[:, scratch.a.shape[1] - 1, :] = 0
        for begin in range(0, n_ticks, window):
            end = min(begin + window, n_ticks)
            if begin > 0 and carries:
                for slot in range(n_inputs, scratch.a.shape[1]):
                    for j in range(size):
                        scratch.a[0, slot, j] = scratch.a[window, slot, j]
            for t in range(begin, end):
                now = scratch.a[t - begin + 1]
                before = scratch.a[t - begin]
                if carries:
                    for slot in range(n_inputs, now.shape[0]):
                        for j in range(size):
                            now[slot, j] = before[slot, j]
                for i in range(n_inputs):
                    given, own = data.inputs[which, t // ticks, i], now[i]
                    if in_order:
                        for j in range(size):
                            own[j] = given[at(chosen[first]) + at(j)]
                    else:
                        for j in range(size):
                            own[j] = given[at(chosen[first + j])]
                    if code != CURRENT:
                        for j in range(size):
                            own[j] = coded(code, own[j], i, t % ticks, ticks)
                z = scratch.z[(t - begin) * rows : (t - begin + 1) * rows]
                tick_rows(plan, custom, n, n_inputs, size, now, z, 1)
            scratch.d[0, :, :] = 0
            for t in range(end - 1, begin - 1, -1):
                swap = (end - 1 - t) & 1
                d, d_before = scratch.d[swap], scratch.d[1 - swap]
                if carries or t > begin:
                    d_before[:, :] = 0
                now = scratch.a[t - begin + 1]
                if t % ticks == ticks - 1:  # the last tick of an observation
                    _read_out(plan, n, t - begin, ticks if adds else 1, size, scratch)
                    result += loss_rows(
                        loss, data, which, t // ticks, chosen, first, size, total,
                        (scratch.outputs, scratch.work),
                    )  # fmt: skip
                if adds or t % ticks == ticks - 1:
                    for o in range(plan.output_slot.shape[1]):
                        for j in range(size):
                            d_out = scratch.outputs[1, o, j]
                            d_out = d_out / like(d_out, ticks) if adds else d_out
                            d[at(plan.output_slot[n, o]), j] += d_out
                # Rows of z from this tick's on, and whether those of another tick follow.
                z, follows = scratch.z[(t - begin) * rows :], t < end - 1
                tick = (scratch.a[t - begin : t - begin + 2], z, follows, d, d_before)
                _tick_back(plan, custom, n, n_inputs, size, tick, gradient, scratch)
    return result


@helper
def _read_out(plan, n, t, ticks, size, scratch):
    """Outputs of the observation whose last tick in the window is t: their mean over its ticks."""
    for o in range(plan.output_slot.shape[1]):
        slot, out = at(plan.output_slot[n, o]), scratch.outputs[0, o]
        for k in range(ticks):
            own = scratch.a[at(t - k + 1), slot]
            for j in range(size):
                out[j] = own[j] if k == 0 else out[j] + own[j]
        if ticks > 1:
            for j in range(size):
                out[j] /= like(out[j], ticks)


@helper
def _is_run(chosen, first, size):
    """Whether a tile's samples stand one behind the other."""
    begin, gaps = chosen[first], 0
    for j in range(size):
        gaps += chosen[first + j] != begin + j
    return gaps == 0


@helper
def _tick_back(plan, custom, n, n_inputs, size, tick, gradient, scratch):
    """Backwards through one tick: from ∂L/∂a of its nodes to parameters and sources."""
    a, z, _, d, d_before = tick
    before, now = a[0], a[1]
    d_weight, d_bias, d_parameters = gradient
    start, stop = plan.node_start[n], plan.node_stop[n]
    for slot in range(n_inputs + stop - start, plan.width[n]):  # delay lines, and states
        _collect(plan, n, n_inputs, slot, size, tick, scratch.outgoing)
    _lines_back(plan, n, size, d, d_before)
    for v in range(stop - 1, start - 1, -1):
        slot, row = n_inputs + v - start, v - start
        first, last = plan.incoming_start[at(v)], plan.incoming_stop[at(v)]
        dz = z[at(row)]
        _collect(plan, n, n_inputs, slot, size, tick, scratch.outgoing)
        if plan.activation[at(v)] == TIMED:
            p = plan.parameters.shape[1]
            own = d_parameters[at(v * p) : at(v * p + p)]
            node, states = (dz, now[at(slot)], d[at(slot)]), (before, now, d, d_before)
            retreat_row(plan, custom, at(v), node, states, own, scratch.room, size)
        else:
            slope_row(plan.activation[at(v)], custom, d[at(slot)], now[at(slot)], dz, size)
        d_bias[at(v)] += _sum(dz, size)
        aggregation = plan.aggregation[at(v)]
        if aggregation in (SUM, MEAN):
            if aggregation == MEAN and first < last:
                for j in range(size):
                    dz[j] /= like(dz[j], last - first)
            # for c: d_weight[c] += Σ dz·a[source_slot[c]]; four sums at a time.
            c = at(first)
            while c + at(4) <= at(last):
                t0, r0 = _read(plan, c, slot)
                t1, r1 = _read(plan, c + at(1), slot)
                t2, r2 = _read(plan, c + at(2), slot)
                t3, r3 = _read(plan, c + at(3), slot)
                s0, s1, s2, s3 = _dots(dz, a[t0, r0], a[t1, r1], a[t2, r2], a[t3, r3], size)
                d_weight[c] += s0
                d_weight[c + at(1)] += s1
                d_weight[c + at(2)] += s2
                d_weight[c + at(3)] += s3
                c += at(4)
            while c < at(last):
                t0, r0 = _read(plan, c, slot)
                d_weight[c] += _dot(dz, a[t0, r0], size)
                c += at(1)
        elif aggregation == PRODUCT:
            for j in range(size):
                scratch.dz[j] = dz[j]
            _product_back(plan, first, last, slot, n_inputs, size, tick, d_weight, scratch)
        elif first < last:
            largest = aggregation == MAX
            _extreme_back(plan, first, last, slot, n_inputs, size, tick, d_weight, dz, largest)


@helper
def _read(plan, c, slot):
    """Where connection c read: 0 for the tick before or 1 for this one, and the source's slot."""
    source = at(plan.source_slot[c])
    return at(not is_delayed(np.int64(source), slot)), source


@helper
def _collect(plan, n, n_inputs, slot, size, tick, outgoing):
    """Add to ∂L/∂a of a slot what the sums and means that read it pass back.

    Delayed connections read it a tick later, so theirs is the δ of the tick that follows. They
    come first, as their targets stand before it.
    """
    z, follows, d = tick[1], tick[2], tick[3][at(slot)]
    later = plan.node_stop[n] - plan.node_start[n] + 1
    e, last = at(outgoing.start[at(slot)]), at(outgoing.start[at(slot + 1)])
    if not follows:
        while e < last and is_delayed(slot, n_inputs + np.int64(outgoing.target[e])):
            e += at(1)
    # for e: d += weight[e] * δ[e]; four at a time to spare traffic on d.
    while e + at(4) <= last:
        w0, r0 = _passed(plan, outgoing, e, slot, n_inputs, later)
        w1, r1 = _passed(plan, outgoing, e + at(1), slot, n_inputs, later)
        w2, r2 = _passed(plan, outgoing, e + at(2), slot, n_inputs, later)
        w3, r3 = _passed(plan, outgoing, e + at(3), slot, n_inputs, later)
        for j in range(size):
            d[j] = (((d[j] + w0 * z[r0, j]) + w1 * z[r1, j]) + w2 * z[r2, j]) + w3 * z[r3, j]
        e += at(4)
    while e < last:
        w0, r0 = _passed(plan, outgoing, e, slot, n_inputs, later)
        for j in range(size):
            d[j] += w0 * z[r0, j]
        e += at(1)


@helper
def _passed(plan, outgoing, e, slot, n_inputs, later):
    """Weight of an outgoing connection, and the row of its target's δ."""
    row = np.int64(outgoing.target[e])
    if is_delayed(slot, n_inputs + row):
        row += later
    return plan.weight[at(outgoing.connection[e])], at(row)


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
    a, _, _, d, d_before = tick
    before, now = a[0], a[1]
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
    a, _, _, d, d_before = tick
    before, now = a[0], a[1]
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


@summing
def _dots(x, y0, y1, y2, y3, size):
    s0 = s1 = s2 = s3 = like(x[0], 0.0)
    for j in range(size):
        s0 += x[j] * y0[j]
        s1 += x[j] * y1[j]
        s2 += x[j] * y2[j]
        s3 += x[j] * y3[j]
    return s0, s1, s2, s3


@helper
def fill_outgoing(plan, n, n_inputs, outgoing):
    """Sort network n's connections by source: count, add up, place."""
    counts = outgoing.start
    counts[:] = 0
    start, stop = plan.node_start[n], plan.node_stop[n]
    for placing in range(2):
        for v in range(start, stop):
            if plan.aggregation[at(v)] in (SUM, MEAN):
                for c in range(at(plan.incoming_start[at(v)]), at(plan.incoming_stop[at(v)])):
                    source = at(plan.source_slot[c])
                    if placing:
                        place = at(counts[source])
                        outgoing.connection[place], outgoing.target[place] = c, v - start
                        counts[source] += 1
                    else:
                        counts[source + at(1)] += 1
        if placing:  # each start has moved to its stop
            for slot in range(counts.shape[0] - 1, 0, -1):
                counts[slot] = counts[slot - 1]
            counts[0] = 0
        else:
            for slot in range(1, counts.shape[0]):
                counts[slot] += counts[slot - 1]
