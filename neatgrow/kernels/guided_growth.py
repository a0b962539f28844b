"""Where a graph should grow, by the gradients of connections that it does not have yet.

The gradient of an absent connection u→v at weight 0 is Σ δᵥ(t)·a_u(t − d) over samples and
ticks, so one pass forwards and backwards judges any number of them. A connection is worth
splitting where samples pull its weight both ways, Σ |δᵥ·a_u| − |Σ δᵥ·a_u|: no weight can follow
them, another function of the source can. Nodes that reach no output are not
evaluated, so nothing speaks for places at them, nor at nodes that take a product or an extreme.
A connection that closes a larger loop may change which connections of it are delayed; its
gradient is that in the order before, and that of a connection without a delay of its own.
"""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.backward import TILE, accumulate
from neatgrow.kernels.crossover import copy
from neatgrow.kernels.functions import MEAN, SUM
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.graphs import find
from neatgrow.kernels.jit import at, helper, kernel
from neatgrow.kernels.layout import WEIGHT
from neatgrow.kernels.losses import total_of
from neatgrow.kernels.plan import is_delayed
from neatgrow.kernels.random import GROWTH, draw_below, seed_stream
from neatgrow.kernels.structural_mutation import (
    CONNECT,
    LOOP,
    SPLIT,
    draw_absent,
    join,
    pick,
    sort_outgoing,
    split,
)
from neatgrow.kernels.training import rows_of, scratch_of, slopes_of

_SPLITS, _JOINS, _LOOPS = range(3)  # kinds of candidates


class Growth(NamedTuple):
    """What to grow, and by which settings."""

    rules: Rules
    wishes: Array  # (N,) uint8 bits SPLIT, CONNECT, LOOP
    child: Array  # (N,) int64, number of each genome in its generation, which keys its draws
    candidates: int  # K, drawn for each wish
    loss: int
    seed: int
    generation: int
    synchronous: bool  # of the networks


@kernel
def grow_where_wanted(parents, plan, custom, data, growth, children, start, stop):
    """Copies of genomes ``start:stop``, grown as they wish at the best of some random places.

    Args:
        parents: Packed genomes.
        plan: Their networks.
        custom: (2, K) int64 addresses of registered functions.
        data: Samples that gradients are taken over.
        growth: What to grow.
        children: Packed arrays with room for these genomes, written as by ``make_children``.
        start: First genome.
        stop: One past the last.
    """
    rules, count = growth.rules, growth.candidates
    stream = np.empty(1, np.uint64)
    span = np.zeros(5, np.int64)
    order = np.arange(data.inputs.shape[3]).astype(np.int32)
    gradient = slopes_of(plan)
    children.node_ptr[0], children.connection_ptr[0] = 0, 0
    for n in range(start, stop):
        seed_stream(stream, growth.seed, GROWTH, growth.generation, growth.child[n])
        span[0], span[2], span[4] = span[1], span[3], n - start
        copy(parents, n, children, span)
        genes = rules.n_inputs + span[1] - span[0] + span[3] - span[2]
        scratch = np.empty((8, genes + 8), np.int32)
        probes = np.full((3, count, 3), -1, np.int64)  # source, target or connection, delayed
        sums = np.zeros((3, count, 2))  # Σ δ·a and Σ |δ·a|
        rows = rows_of(plan, n)
        slots = np.full(rules.n_inputs + span[1] - span[0], -1, np.int64)
        _draw(children, span, growth, n, plan, rows, slots, probes, scratch, stream)
        room = scratch_of(plan, data, n, data.inputs.shape[1])
        which = n if data.inputs.shape[0] > 1 else 0
        total = total_of(growth.loss, data, which, order)
        for first in range(0, order.shape[0] if total > 0.0 else 0, TILE):
            tile = order[first : first + TILE]
            accumulate(plan, custom, n, data, growth.loss, tile, total, gradient, room)
            for kind in range(3):
                for k in range(count):
                    _measure(plan, growth, rows, slots, probes[kind, k], tile.shape[0], room,
                             sums[kind, k])  # fmt: skip
        _build(parents, children, span, growth, n, plan, probes, sums, stream)
        children.node_ptr[n - start + 1] = span[1]
        children.connection_ptr[n - start + 1] = span[3]


@helper
def _draw(out, span, growth, n, plan, rows, slots, probes, scratch, stream):
    """Candidates at random, and the slot of each node by local index, −1 if it is left out."""
    rules = growth.rules
    for k in range(rules.n_inputs):
        slots[k] = k
    for v in range(rows[2], rows[3]):
        slots[rules.n_inputs + plan.node_gene[v]] = rules.n_inputs + v - rows[2]
    wishes = growth.wishes[n]
    if wishes & SPLIT:
        for k in range(growth.candidates):
            if rows[0] < rows[1]:
                probes[_SPLITS, k, 1] = rows[0] + draw_below(stream, rows[1] - rows[0])
    if wishes & (CONNECT | LOOP):
        sort_outgoing(out, span, rules, scratch)
    for kind in (_JOINS, _LOOPS):
        loop = kind == _LOOPS
        if wishes & (LOOP if loop else CONNECT):
            for k in range(growth.candidates):
                start, goal = draw_absent(out, span, rules, loop, scratch, stream)
                probes[kind, k, 0], probes[kind, k, 1] = start, goal
                probes[kind, k, 2] = loop


@helper
def _measure(plan, growth, rows, slots, probe, size, room, sums):
    """Add one candidate's Σ δ·a and Σ |δ·a| over a tile."""
    n_inputs = growth.rules.n_inputs
    if probe[1] < 0:
        return
    if probe[0] < 0:  # a connection to split
        v = rows[2]
        while plan.incoming_stop[at(v)] <= probe[1]:
            v += 1
        target, source = n_inputs + v - rows[2], np.int64(plan.source_slot[at(probe[1])])
        delayed = is_delayed(source, target)
    else:
        source, target = slots[probe[0]], slots[probe[1]]
        delayed = probe[2] == 1 and is_delayed(source, target)
        delayed |= growth.synchronous and source >= n_inputs
        if source < 0 or target < 0:  # not on the way to an output
            return
    if plan.aggregation[at(rows[2] + target - n_inputs)] not in (SUM, MEAN):
        return
    n_rows = rows[3] - rows[2] + 1  # of z for a tick
    for t in range(1 if delayed else 0, room.a.shape[0] - 1):  # before the first all are 0
        values = room.a[t + (0 if delayed else 1), source]
        delta = room.z[t * n_rows + target - n_inputs]
        for j in range(size):
            pull = np.float64(delta[j]) * np.float64(values[j])
            sums[0] += pull
            sums[1] += abs(pull)


@helper
def _best(probes, sums, divided):
    """The candidate that promises most, the first of equals; −1 if there is none."""
    best, most = -1, -1.0
    for k in range(probes.shape[0]):
        value = sums[k, 1] - abs(sums[k, 0]) if divided else abs(sums[k, 0])
        if probes[k, 1] >= 0 and (best < 0 or value > most or most != most):
            best, most = k, value
    return best


@helper
def _build(parents, out, span, growth, n, plan, probes, sums, stream):
    """Grow at the best places; a split where no connection is of use, at a random one."""
    rules = growth.rules
    for kind in (_JOINS, _LOOPS):  # before the split, whose node would shift local indices
        k = _best(probes[kind], sums[kind], False)
        if k < 0:
            continue
        row = join(out, span, rules, probes[kind, k, 0], probes[kind, k, 1], growth.generation,
                   stream)  # fmt: skip
        if sums[kind, k, 0] != 0.0:  # downhill
            weight = abs(out.connection_values[row, WEIGHT])
            out.connection_values[row, WEIGHT] = -weight if sums[kind, k, 0] > 0.0 else weight
    if growth.wishes[n] & SPLIT:
        k = _best(probes[_SPLITS], sums[_SPLITS], True)
        if k < 0:
            row = pick(out, span, True, stream)
        else:
            gene = parents.connection_ptr[n] + plan.connection_gene[at(probes[_SPLITS, k, 1])]
            row = find(out.innovation, span[2], span[3], parents.innovation[gene])
        if row >= 0:
            split(out, span, rules, row, growth.generation, stream)
