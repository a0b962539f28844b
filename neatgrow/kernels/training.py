"""Gradient descent of many networks, each by itself, many steps in one call.

What learns are the fields ``plan.LEARNED``, each laid out as one row of numbers.
"""

import math
from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.backward import TILE, Outgoing, Scratch, accumulate, fill_outgoing
from neatgrow.kernels.functions import like
from neatgrow.kernels.jit import at, helper, kernel, summing
from neatgrow.kernels.losses import total_of, work_rows
from neatgrow.kernels.plan import TICKS
from neatgrow.kernels.random import LEARNING, draw_below, seed_stream
from neatgrow.kernels.team import (
    ENDED,
    OVER,
    finish,
    open_round,
    read,
    take,
    wait_for_others,
    wait_for_piece,
    write,
)

OPTIMIZERS: tuple[str, ...] = ("sgd", "momentum", "rmsprop", "adam", "adamw")
SGD, MOMENTUM, RMSPROP, ADAM, ADAMW = range(5)
SCHEDULES: tuple[str, ...] = ("constant", "cosine", "step")
CONSTANT, COSINE, STEPPED = range(3)
MOST_BLOCKS = 16  # of a step's samples


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
    window: int  # observations over which gradients reach back
    seed: int


class Team(NamedTuple):
    """Threads that learn one network together, each some blocks of a step's samples; or one thread
    that takes all blocks of its networks by itself.
    """

    rank: int  # 0 leads; the others take blocks for as long as there are any
    board: Array  # (team.SIZE,) int64 that they share, or (0,) for a thread by itself
    chosen: Array  # (batch,) int32 samples of the step
    total: Array  # (1,) what its loss is divided by
    parts: tuple[Array, ...]  # (blocks, K) each, gradients of ``plan.LEARNED``; (1, K) by itself
    losses: Array  # (blocks,) float64


class Memory(NamedTuple):
    """What optimisers remember, in rows of the plan; and how each network stands."""

    values: tuple[Array, ...]  # (K,) each: the plan's fields that learn
    moments: tuple[Array, ...]  # (2, K) each: first and second
    last: tuple[Array, ...]  # (K,) each: values before the last step
    bounds: Array  # (2, V·P) least and most of the parameters of dynamics
    stopped: Array  # (N,) int64, step at which learning stopped for want of finite numbers; −1
    active: Array  # (N,) bool, whether a network still learns
    team: Team


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
def _move(recipe, step, values, slopes, moments, span, penalise):
    """One step of the optimiser on numbers ``span`` of a field.

    Sources: Polyak (1964); Tieleman & Hinton (2012); Kingma & Ba (2015), algorithm 1;
    Loshchilov & Hutter (2019), algorithm 2.
    """
    if span[0] == span[1]:
        return
    # Which optimiser it is, is settled outside the loops, so that each is vector code.
    rate = rate_at(recipe, step)
    beta, smoothing, epsilon = recipe.momentum, recipe.smoothing, recipe.epsilon
    first, second = moments[0], moments[1]
    if recipe.optimizer == SGD:
        for k in range(at(span[0]), at(span[1])):
            values[k] = like(values[k], np.float64(values[k]) - rate * np.float64(slopes[k]))
    elif recipe.optimizer == MOMENTUM:
        for k in range(at(span[0]), at(span[1])):
            m = beta * np.float64(first[k]) + np.float64(slopes[k])
            first[k] = like(first[k], m)
            values[k] = like(values[k], np.float64(values[k]) - rate * m)
    elif recipe.optimizer == RMSPROP:
        for k in range(at(span[0]), at(span[1])):
            g = np.float64(slopes[k])
            v = smoothing * np.float64(second[k]) + (1.0 - smoothing) * g * g
            second[k] = like(second[k], v)
            move = rate * g / (math.sqrt(v) + epsilon)
            values[k] = like(values[k], np.float64(values[k]) - move)
    else:
        unbias_1 = 1.0 - beta ** (step + 1)
        unbias_2 = 1.0 - smoothing ** (step + 1)
        decay = rate * recipe.decay if recipe.optimizer == ADAMW and penalise else 0.0
        for k in range(at(span[0]), at(span[1])):
            g = np.float64(slopes[k])
            m = beta * np.float64(first[k]) + (1.0 - beta) * g
            v = smoothing * np.float64(second[k]) + (1.0 - smoothing) * g * g
            first[k], second[k] = like(first[k], m), like(second[k], v)
            value = np.float64(values[k])
            value -= decay * value
            value -= rate * (m / unbias_1) / (math.sqrt(v / unbias_2) + epsilon)
            values[k] = like(values[k], value)


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
def _norm(gradient, spans):
    """Length of a network's gradient."""
    squares = 0.0
    for field in range(len(gradient)):
        squares += _squares(gradient[field], spans[field])
    return math.sqrt(squares)


@summing
def _squares(slopes, span):
    total = 0.0
    for k in range(at(span[0]), at(span[1])):
        total += np.float64(slopes[k]) * np.float64(slopes[k])
    return total


@helper
def _scale(factor, gradient, spans):
    """Multiply a network's gradient; by 0 whatever it was."""
    for field in range(len(gradient)):
        slopes = gradient[field]
        for k in range(at(spans[field][0]), at(spans[field][1])):
            slopes[k] = like(slopes[k], slopes[k] * factor if factor != 0.0 else 0.0)


@helper
def _copy(source, target, spans):
    """Copy a network's values."""
    for field in range(len(source)):
        given, own = source[field], target[field]
        for k in range(at(spans[field][0]), at(spans[field][1])):
            own[k] = given[k]


@helper
def _keep_bounds(memory, span):
    """Clip a network's parameters of dynamics."""
    values, bounds = memory.values[2], memory.bounds
    for k in range(span[0], span[1]):
        values[k] = min(max(values[k], bounds[0, k]), bounds[1, k])


@helper
def rows_of(plan, n):
    """Connection and node rows of network n: first and one past the last of each."""
    start, stop = plan.node_start[n], plan.node_stop[n]
    if start == stop:
        return np.int64(0), np.int64(0), start, stop
    return plan.incoming_start[start], plan.incoming_stop[stop - 1], start, stop


@helper
def spans_of(plan, n):
    """First and one past the last number of network n in each of ``plan.LEARNED``."""
    rows, p = rows_of(plan, n), plan.parameters.shape[1]
    return (rows[0], rows[1]), (rows[2], rows[3]), (rows[2] * p, rows[3] * p)


@helper
def block_count(samples):
    """Blocks of a step's samples, whose gradients are summed one after the other: so many whatever
    the threads, so that results are the same for any number of them.
    """
    return min(MOST_BLOCKS, -(-samples // TILE))


@helper
def _sum_of_blocks(plan, custom, n, data, work, team, gradient, scratch):
    """Write the gradient of a step's samples, summed block after block; the step's loss.

    A leader opens the step's blocks to all and takes part; what is not the leader takes blocks, of
    this step and those that follow, until it is over. There is one call of ``accumulate`` for all
    of them, so that the compiler makes it part of this.
    """
    loss, chosen, total = work
    count, spans = block_count(chosen.shape[0]), spans_of(plan, n)
    together = team.board.shape[0] > 0
    if together and team.rank == 0:
        for k in range(chosen.shape[0]):
            team.chosen[k] = chosen[k]
        team.total[0] = total
        open_round(team.board, count)
    if together:
        chosen = team.chosen
    tiles, result = -(-chosen.shape[0] // TILE), 0.0
    b = _next(team, -1, count)
    while b >= 0:
        row = b if together else 0
        part = (team.parts[0][row], team.parts[1][row], team.parts[2][row])
        if count == 1:
            part = gradient
        _scale(0.0, part, spans)
        if together:
            total = team.total[0]
        share = chosen[tiles * b // count * TILE : tiles * (b + 1) // count * TILE]
        cost = accumulate(plan, custom, n, data, loss, share, total, part, scratch)
        if together:
            team.losses[b] = cost
            finish(team.board)
        else:
            result += cost
            if count > 1:
                _add(part, gradient, b == 0, spans)
        b = _next(team, b, count)
    if together and team.rank == 0:
        wait_for_others(team.board, count)
        for b in range(count):
            result += team.losses[b]
            part = (team.parts[0][b], team.parts[1][b], team.parts[2][b])
            _add(part, gradient, b == 0, spans)
    return result


@helper
def _next(team, b, count):
    """The block after b, or −1: any that is left, where there is a team."""
    if team.board.shape[0] == 0:
        return b + 1 if b + 1 < count else -1
    return take(team.board) if team.rank == 0 else wait_for_piece(team.board)


@helper
def _add(part, gradient, first, spans):
    """Add a block's gradient to those before it."""
    for field in range(len(gradient)):
        own, other = gradient[field], part[field]
        for k in range(at(spans[field][0]), at(spans[field][1])):
            own[k] = (like(own[k], 0.0) if first else own[k]) + other[k]


@helper
def _one_step(plan, custom, n, data, how, memory, chosen, room):
    """One step of one network; the loss before it. Not finite: nothing has been changed."""
    recipe, step = how
    spans, gradient, scratch = room
    which = n if data.inputs.shape[0] > 1 else 0
    total = total_of(recipe.loss, data, which, chosen)
    if total == 0.0:  # nothing but samples to leave out
        return 0.0
    work = (recipe.loss, chosen, total)
    loss = _sum_of_blocks(plan, custom, n, data, work, memory.team, gradient, scratch)
    if memory.team.rank > 0:
        return np.nan
    loss += _penalise(recipe, plan, gradient[0], spans[0][0], spans[0][1])
    norm = _norm(gradient, spans)
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return np.nan
    if norm > recipe.clip:
        _scale(recipe.clip / norm, gradient, spans)
    _copy(memory.values, memory.last, spans)
    for field in range(len(gradient)):
        _move(recipe, step, memory.values[field], gradient[field], memory.moments[field],
              spans[field], field == 0)  # fmt: skip
    _keep_bounds(memory, spans[2])
    return loss


@kernel
def train(plan, custom, data, recipe, memory, losses, start, stop):
    """Let networks ``start:stop`` learn for as many steps as ``losses`` has columns.

    Args:
        plan: Networks, whose fields that learn are updated.
        custom: (2, K) int64 addresses of registered functions.
        data: Samples.
        recipe: Settings.
        memory: Of the optimiser, updated; and the team, whose members other than the leader do
            no more than blocks of network 0.
        losses: ((N, steps) float64, step): written, the loss before each step, NaN where a
            network does not learn; and the number of steps done before.
        start: First network.
        stop: One past the last.
    """
    record, done = losses
    team = memory.team
    if team.rank > 0 and read(team.board, OVER) != 0:  # too late to help
        return
    n_ticks, n_samples = data.inputs.shape[1], data.inputs.shape[3]
    gradient = slopes_of(plan)
    order = np.empty(n_samples, np.int32)
    stream = np.empty(1, np.uint64)
    per_epoch = max(n_samples // recipe.batch, 1)
    for n in range(start, stop):
        spans = spans_of(plan, n)
        scratch = scratch_of(plan, data, n, min(recipe.window, n_ticks))
        epoch = -1
        for k in range(record.shape[1]):
            step = done + k
            if not memory.active[n]:
                record[n, k] = np.nan
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
            loss = _one_step(
                plan, custom, n, data, (recipe, step), memory, chosen, (spans, gradient, scratch)
            )
            if team.rank > 0:
                break
            record[n, k] = loss
            if np.isnan(loss):  # back to the last parameters with a finite loss
                if step > 0:
                    _copy(memory.last, memory.values, spans)
                memory.stopped[n] = step
                memory.active[n] = False
    if team.board.shape[0] > 0 and team.rank == 0 and read(team.board, OVER) == 0:
        write(team.board, OVER, ENDED)


@kernel
def gradients(plan, custom, data, loss, losses, gradient, start, stop):
    """Loss and gradients of networks ``start:stop`` over all samples and ticks.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        data: Samples.
        loss: Opcode.
        losses: (N,) float64, written.
        gradient: Of ``plan.LEARNED``, (K,) each, zeros; written.
        start: First network.
        stop: One past the last.
    """
    order = np.arange(data.inputs.shape[3]).astype(np.int32)
    for n in range(start, stop):
        scratch = scratch_of(plan, data, n, data.inputs.shape[1])
        total = total_of(loss, data, n if data.inputs.shape[0] > 1 else 0, order)
        losses[n] = 0.0
        if total > 0.0:
            losses[n] = accumulate(plan, custom, n, data, loss, order, total, gradient, scratch)


@kernel
def slopes_of(plan):
    """Zeros for the gradients of ``plan.LEARNED``, (K,) each."""
    return (
        np.zeros_like(plan.weight), np.zeros_like(plan.bias),
        np.zeros(plan.parameters.size, plan.weight.dtype),
    )  # fmt: skip


@kernel
def scratch_of(plan, data, n, window):
    """Room for network n and a number of observations."""
    window *= plan.staring[0, TICKS]
    most, start, stop = 0, plan.node_start[n], plan.node_stop[n]
    for v in range(start, stop):
        most = max(most, plan.incoming_stop[v] - plan.incoming_start[v])
    slots, kind = plan.width[n] + 1, plan.bias.dtype
    tile = min(TILE, data.inputs.shape[3])
    rows = rows_of(plan, n)
    outgoing = Outgoing(
        np.empty(slots + 1, np.int32), np.empty(rows[1] - rows[0], np.int32),
        np.empty(rows[1] - rows[0], np.int32),
    )  # fmt: skip
    fill_outgoing(plan, n, data.inputs.shape[2], outgoing)
    return Scratch(
        a=np.empty((window + 1, slots, tile), kind),
        z=np.empty((window * (stop - start + 1), tile), kind),
        d=np.empty((2, slots, tile), kind),
        dz=np.empty(tile, kind),
        factor=np.empty((most + 1, tile), kind),
        outputs=np.empty((2, plan.output_slot.shape[1], tile), kind),
        work=np.empty((work_rows(plan.output_slot.shape[1]), tile)),
        room=np.empty(tile, kind),
        outgoing=outgoing,
    )
