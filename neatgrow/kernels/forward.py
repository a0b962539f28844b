"""What a tick computes: zᵥ = bᵥ + aggregate(w·a), aᵥ = f(zᵥ), in evaluation order.

Where a node's dynamics is not instant, aᵥ is what :mod:`neatgrow.kernels.dynamics` makes of zᵥ.
At the end of a tick, delay lines move on (:class:`neatgrow.kernels.plan.Plan`).

An observation is held for some ticks (``Plan.staring``), and answered by the outputs of the last of
them or their mean. Below, a step is an observation.

Two paths over the same plan. :func:`step` advances lanes by one sample each (closed-loop
control; :func:`step_alone` is the same for one network); :func:`run` takes many samples per
network, which lie innermost in memory so that the inner loops are vector code. Both update slots
in place, so that some connections read the previous tick (:func:`plan.is_delayed`).
"""

import math
from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.dynamics import TIMED, advance, advance_row
from neatgrow.kernels.functions import (
    MAX,
    MEAN,
    MIN,
    PRODUCT,
    RELU,
    SIGMOID,
    STEEP_SIGMOID,
    STEEP_SLOPE,
    SUM,
    TANH,
    activate,
    address_of,
    like,
    sigmoid,
    tanh,
)
from neatgrow.kernels.jit import at, helper, inlined, kernel
from neatgrow.kernels.plan import (
    CODING,
    READOUT,
    TICKS,
    flat_instant,
    flat_timed,
    unflattened,
)
from neatgrow.kernels.rows import activate_row

CURRENT, RATE, LATENCY = range(3)  # of Plan.staring: how inputs enter,
LAST, MEAN_OF_TICKS = range(2)  # and what outputs come to
_GOLDEN = 0.6180339887498949
TILE = 128  # samples per pass: the slots of a small network stay in the first-level cache


class LaneState(NamedTuple):
    """L independent closed loops; lane l runs a network on slots of its own."""

    network: Array  # (L,) int64
    offset: Array  # (L,) int64, first slot in state
    state: Array  # (slots,) float32 or float64


@helper
def _combine(opcode, total, x, is_first):
    """Fold one w·a into any aggregation but sum and mean; NaN is taken and kept."""
    if is_first:
        return x
    if opcode == PRODUCT:
        return total * x
    if x != x or (opcode == MAX and x > total) or (opcode == MIN and x < total):
        return x
    return total


@inlined
def tick(plan, custom, n, n_inputs, slots):
    """One tick of network n on its slots, the inputs among them."""
    slot = at(n_inputs)
    for v in range(at(plan.node_start[n]), at(plan.node_stop[n])):
        first, last = plan.incoming_start[v], plan.incoming_stop[v]
        z = plan.bias[v]
        aggregation = plan.aggregation[v]
        if aggregation == SUM:
            for c in range(at(first), at(last)):
                z += plan.weight[c] * slots[at(plan.source_slot[c])]
        elif first < last:
            total = like(z, 0.0)
            for c in range(at(first), at(last)):
                x = plan.weight[c] * slots[at(plan.source_slot[c])]
                if aggregation == MEAN:
                    total += x / like(z, last - first)
                else:
                    total = _combine(aggregation, total, x, c == at(first))
            z += total
        opcode = plan.activation[v]
        if opcode == TANH:  # inlined; the others' calls would cost it registers
            slots[slot] = tanh(z)
        elif opcode == TIMED:
            slots[slot] = advance(plan, custom, v, z, slots)
        else:
            slots[slot] = activate(opcode, z, address_of(opcode, custom))
        slot += at(1)
    first, last = plan.lines[n, 0], plan.lines[n, 1]
    for k in range(last - first):  # a line takes its source's value before that changes
        slots[at(plan.width[n] - 1 - k)] = slots[at(plan.line_source[at(last - 1 - k)])]


@helper
def coded(code, x, i, t, ticks):
    """What enters for the value x of input i at tick t of an observation.

    As spikes, |x| of the ticks, evenly: one wherever (t + 1)·|x| + φ passes a whole number, with a
    phase φ of each input's own. Or one spike, at tick (1 − |x|)·(ticks − 1), rounded; none for 0.
    """
    if code == CURRENT or x != x:
        return x
    zero, one = like(x, 0.0), like(x, 1.0)
    size, sign = np.float64(abs(x)), one if x > zero else -one
    size = 1.0 if size > 1.0 else size
    if code == RATE:
        phase = i * _GOLDEN
        phase -= math.floor(phase)
        return sign if math.floor((t + 1) * size + phase) > math.floor(t * size + phase) else zero
    when = math.floor((1.0 - size) * (ticks - 1) + 0.5)
    return sign if t == when and size > 0.0 else zero


@helper
def enter(code, given, i, t, ticks, own, size):
    """:func:`coded` for a row of samples."""
    if code == CURRENT:
        for j in range(size):
            own[j] = given[j]
    else:
        for j in range(size):
            own[j] = coded(code, given[j], i, t, ticks)


@inlined
def stare(plan, custom, n, x, slots, y):
    """One observation x (I,) of network n on its slots, answered in y (O,)."""
    if plan.staring[0, TICKS] == 1:  # by itself, as a loop around it would cost it registers
        for i in range(at(x.shape[0])):
            slots[i] = x[i]
        tick(plan, custom, n, x.shape[0], slots)
        for o in range(at(y.shape[0])):
            y[o] = slots[at(plan.output_slot[at(n), o])]
    else:
        _hold(plan, custom, n, x, slots, y)


@helper
def _hold(plan, custom, n, x, slots, y):
    """:func:`stare` for several ticks."""
    ticks, adds = plan.staring[0, TICKS], plan.staring[0, READOUT] == MEAN_OF_TICKS
    for t in range(ticks):
        for i in range(x.shape[0]):
            slots[i] = coded(plan.staring[0, CODING], x[i], i, t, ticks)
        tick(plan, custom, n, x.shape[0], slots)
        for o in range(y.shape[0]):
            value = slots[plan.output_slot[n, o]]
            y[o] = y[o] + value if adds and t > 0 else value
    if adds:
        for o in range(y.shape[0]):
            y[o] /= like(y[o], ticks)


@kernel
def step(plan, custom, lanes, active, inputs, outputs, start, stop):
    """Advance lanes ``active[start:stop]`` by one step.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        lanes: Their networks and state, which is updated.
        active: (A,) int64 lanes to run, each at most once.
        inputs: (A, I) values, as the plan's weights.
        outputs: (A, O), written.
        start: First row of ``active``.
        stop: One past its last row.
    """
    _step_range(plan, custom, lanes, active, inputs, outputs, start, stop)


@helper
def _step_range(plan, custom, lanes, active, inputs, outputs, start, stop):
    for k in range(start, stop):
        lane = active[k]
        slots = lanes.state[lanes.offset[lane] :]
        stare(plan, custom, lanes.network[lane], inputs[at(k)], slots, outputs[at(k)])


@kernel
def step_alone(integers, reals, custom, slots, x, y):
    """One step of one network of instant nodes, called from Python at every step of an episode.

    Two arrays hold all of it, since handing over those of a plan takes longer than a small
    network's tick.

    Args:
        integers: Of ``plan.flattened``.
        reals: Likewise.
        custom: (2, K) int64 addresses of registered functions.
        slots: (slots,) as ``reals``, its state, updated.
        x: (I,) float64.
        y: (O,) as ``reals``, written.
    """
    _step_alone(integers, reals, custom, slots, x, y, flat_instant(integers, reals))


@kernel
def step_alone_timed(integers, reals, custom, slots, x, y):
    """:func:`step_alone` of a network with nodes that are not instant."""
    _step_alone(integers, reals, custom, slots, x, y, flat_timed(integers, reals, y.shape[0]))


@helper
def _step_alone(integers, reals, custom, slots, x, y, timed):
    plan = unflattened(integers, reals, y.shape[0], timed)
    stare(plan, custom, 0, x, slots, y)


@helper
def tick_rows(plan, custom, n, n_inputs, n_samples, slots, z, keep):
    """One tick of network n for a tile of samples.

    All loops over samples stand in this one function: a call per node would cost more than
    the node's arithmetic.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        n: Network.
        n_inputs: I.
        n_samples: Columns in use.
        slots: (slots + 1 or more, tile), updated; the last row holds zeros.
        z: (2, tile) scratch; with ``keep`` (nodes + 1, tile), written: every node's z.
        keep: 1 to keep z, which learning needs, else 0.
    """
    zeros = at(slots.shape[0] - 1)
    slot, total = at(n_inputs), at(z.shape[0] - 1)
    for v in range(at(plan.node_start[n]), at(plan.node_stop[n])):
        first, last = at(plan.incoming_start[v]), at(plan.incoming_stop[v])
        aggregation = plan.aggregation[v]
        bias = plan.bias[v]
        row = at(keep * (np.int64(slot) - n_inputs))
        if aggregation == SUM:
            # z = bias; for c: z += weight[c] * slots[source_slot[c]]; four at a time to spare
            # traffic on z. What is missing to four is weight 0 on the row of zeros.
            nothing = like(bias, 0.0)
            c = first
            while c < last or c == first:
                w0, s0 = nothing, zeros
                w1, s1 = nothing, zeros
                w2, s2 = nothing, zeros
                w3, s3 = nothing, zeros
                if c < last:
                    w0, s0 = plan.weight[c], at(plan.source_slot[c])
                if c + 1 < last:
                    w1, s1 = plan.weight[at(c + 1)], at(plan.source_slot[at(c + 1)])
                if c + 2 < last:
                    w2, s2 = plan.weight[at(c + 2)], at(plan.source_slot[at(c + 2)])
                if c + 3 < last:
                    w3, s3 = plan.weight[at(c + 3)], at(plan.source_slot[at(c + 3)])
                if c == first:
                    for i in range(n_samples):
                        z[row, i] = (
                            ((bias + w0 * slots[s0, i]) + w1 * slots[s1, i]) + w2 * slots[s2, i]
                        ) + w3 * slots[s3, i]
                else:
                    for i in range(n_samples):
                        z[row, i] = (
                            ((z[row, i] + w0 * slots[s0, i]) + w1 * slots[s1, i])
                            + w2 * slots[s2, i]
                        ) + w3 * slots[s3, i]
                c += at(4)
        else:
            for i in range(n_samples):
                z[row, i] = bias
            for c in range(first, last):
                w0, s0 = plan.weight[c], at(plan.source_slot[c])
                for i in range(n_samples):
                    if aggregation == MEAN:
                        z[row, i] += w0 * slots[s0, i] / like(w0, last - first)
                    else:
                        z[total, i] = _combine(
                            aggregation, z[total, i], w0 * slots[s0, i], c == first
                        )
            if aggregation != MEAN and first < last:
                for i in range(n_samples):
                    z[row, i] += z[total, i]
        opcode = plan.activation[v]
        if opcode == TANH:
            for i in range(n_samples):
                slots[slot, i] = tanh(z[row, i])
        elif opcode == SIGMOID:
            for i in range(n_samples):
                slots[slot, i] = sigmoid(z[row, i])
        elif opcode == STEEP_SIGMOID:
            for i in range(n_samples):
                slots[slot, i] = sigmoid(like(z[row, i], STEEP_SLOPE) * z[row, i])
        elif opcode == RELU:
            for i in range(n_samples):
                slots[slot, i] = (
                    like(z[row, i], 0.0) if z[row, i] < like(z[row, i], 0.0) else z[row, i]
                )
        elif opcode == TIMED:
            advance_row(plan, custom, v, z[row], slots, slot, n_samples)
        else:
            activate_row(opcode, custom, z[row], slots[slot], n_samples)
        slot += at(1)
    first_line, last_line = plan.lines[n, 0], plan.lines[n, 1]
    for k in range(last_line - first_line):  # a line takes its source's value before that changes
        line, source = at(plan.width[n] - 1 - k), at(plan.line_source[at(last_line - 1 - k)])
        for i in range(n_samples):
            slots[line, i] = slots[source, i]


@kernel
def run(plan, custom, inputs, outputs, start, stop):
    """Run networks ``start:stop`` from state 0 over T steps of B samples each.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        inputs: (N, T, I, B), or (1, T, I, B) shared by all networks.
        outputs: (N, T, O, B), written.
        start: First network.
        stop: One past the last.
    """
    n_samples, width = inputs.shape[3], 0
    for n in range(start, stop):
        width = max(width, plan.width[n])
    tile = min(TILE, n_samples)
    slots = np.empty((width + 1, tile), plan.bias.dtype)
    z = np.empty((2, tile), plan.bias.dtype)
    _run_range(plan, custom, inputs, outputs, slots, z, start, stop)


@helper
def _run_range(plan, custom, inputs, outputs, slots, z, start, stop):
    _, n_steps, n_inputs, n_samples = inputs.shape
    shared = inputs.shape[0] == 1
    ticks, code = plan.staring[0, TICKS], plan.staring[0, CODING]
    adds = plan.staring[0, READOUT] == MEAN_OF_TICKS
    stands = n_steps == 1 and code == CURRENT  # what has entered, as long as it is shared
    for b in range(0, n_samples, TILE):
        size = min(TILE, n_samples - b)
        slots[:, :] = 0
        for n in range(start, stop):
            if plan.has_state[n]:  # else every slot is written before it is read
                slots[n_inputs:, :] = 0
            for k in range(n_steps * ticks):
                step, t = k // ticks, k % ticks
                if n == start or not (shared and stands):
                    for i in range(n_inputs):
                        given = inputs[0 if shared else n, step, i, b : b + size]
                        enter(code, given, i, t, ticks, slots[i], size)
                tick_rows(plan, custom, n, n_inputs, size, slots, z, 0)
                if not adds and t < ticks - 1:
                    continue
                for o in range(plan.output_slot.shape[1]):
                    own, out = slots[plan.output_slot[n, o]], outputs[n, step, o, b : b + size]
                    for j in range(size):
                        out[j] = out[j] + own[j] if adds and t > 0 else own[j]
                    if adds and 0 < t == ticks - 1:
                        for j in range(size):
                            out[j] /= like(out[j], ticks)
