"""Children from parents: inherit, perturb values, change structure; a batch in one call.

A child is built in place at the end of the arrays written so far, its rows kept in ``span``:
node_start, node_stop, connection_start, connection_stop. All draws of a child come from its
own stream, so neither threads nor batches can change it.
"""

from typing import NamedTuple

import numpy as np

from neatgrow.kernels.graphs import bucket, find, local_index
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.layout import WEIGHT, Array
from neatgrow.kernels.random import (
    draw_below,
    draw_noise,
    draw_uniform,
    identity,
    seed_stream,
)

COPY, MUTATE, MATE, MATE_AVERAGE = range(4)  # kinds of offspring

# columns of a value table: one row per value column
(MEAN, SPREAD, UNIFORM, MINIMUM, MAXIMUM, MUTATE_RATE, PERTURB_RATE, REPLACE_RATE, POWER) = range(9)
# columns of a choice table: one row per choice column
SWAP_RATE, START, OUTPUTS, OPTION_COUNT, FIRST_OPTION = range(5)
RANDOM_START = -1.0


class Rules(NamedTuple):
    """Settings of variation as kernels read them."""

    n_inputs: int
    n_outputs: int
    recurrent: bool
    node_values: Array  # (columns, 9) float64, a value table
    connection_values: Array  # (columns, 9) float64, a value table
    node_choices: Array  # (columns, 4 + options) float64, a choice table
    add_connection: float
    add_loop: float
    add_node: float
    delete_connection: float
    delete_node: float
    enable: float
    disable: float
    inherit_disabled: float


class Offspring(NamedTuple):
    """Who makes each of N children; the first parent is at least as fit as the second."""

    first: Array  # (N,) int32, row of a parent
    second: Array  # (N,) int32, unused unless mated
    kind: Array  # (N,) uint8: COPY, MUTATE, MATE, MATE_AVERAGE
    equal: Array  # (N,) bool, parents equally fit: genes of either may be inherited


@kernel
def measure_room(parents, offspring, room):
    """Most genes that each child can have: its parents', and what one mutation adds.

    Args:
        parents: Packed genomes.
        offspring: Plan.
        room: (2, N+1) int64, written: offsets of node and connection genes.

    Returns:
        All of them together.
    """
    room[0, 0], room[1, 0] = 0, 0
    for child in range(offspring.first.shape[0]):
        first, second = offspring.first[child], offspring.second[child]
        nodes = 1 + parents.node_ptr[first + 1] - parents.node_ptr[first]
        connections = 4 + parents.connection_ptr[first + 1] - parents.connection_ptr[first]
        if offspring.kind[child] >= MATE and offspring.equal[child]:
            nodes += parents.node_ptr[second + 1] - parents.node_ptr[second]
            connections += parents.connection_ptr[second + 1] - parents.connection_ptr[second]
        room[0, child + 1] = room[0, child] + nodes
        room[1, child + 1] = room[1, child] + connections
    return room[0, -1] + room[1, -1]


@kernel
def make_children(parents, offspring, rules, key, children, start, stop):
    """Build children ``start:stop``, one after the other from the first rows on.

    Args:
        parents: Packed genomes.
        offspring: Parents and kind of every child.
        rules: Settings.
        key: (3,) int64: run seed, purpose, generation.
        children: Packed arrays with room for these children; ``ptr[1 + i]`` is written for
            the i-th child of the range.
        start: First child.
        stop: One past the last.
    """
    stream = np.empty(1, np.uint64)
    span = np.zeros(4, np.int64)
    scratch = np.empty((8, 16), np.int32)
    children.node_ptr[0] = 0
    children.connection_ptr[0] = 0
    for child in range(start, stop):
        seed_stream(stream, key[0], key[1], key[2], child)
        span[0], span[2] = span[1], span[3]
        first, second = offspring.first[child], offspring.second[child]
        kind = offspring.kind[child]
        equal = kind >= MATE and offspring.equal[child]
        room = 8 + rules.n_inputs + _genes(parents, first) + equal * _genes(parents, second)
        if room > scratch.shape[1]:
            scratch = np.empty((8, 2 * room), np.int32)
        if kind >= MATE:
            _mate(parents, first, second, equal, kind, rules, children, span, stream)
            if equal and not rules.recurrent and not _is_acyclic(children, span, rules, scratch):
                span[1], span[3] = span[0], span[2]
                kind, equal = MUTATE, False  # the first parent's graph has no loop
        if kind < MATE:
            _copy(parents, first, children, span)
        if kind != COPY:
            shrunk = _delete(children, span, rules, stream)
            if shrunk or equal:
                _drop_unconnected(children, span, rules, scratch)
            grown = _grow(children, span, rules, key[2], scratch, stream)
            if not shrunk and not grown:
                _mutate(children, span, rules, stream)
        children.node_ptr[child - start + 1] = span[1]
        children.connection_ptr[child - start + 1] = span[3]


@helper
def _genes(packed, n):
    nodes = packed.node_ptr[n + 1] - packed.node_ptr[n]
    return nodes + packed.connection_ptr[n + 1] - packed.connection_ptr[n]


# ---------------------------------------------------------------------------- inheritance


@helper
def _copy_node(source, i, out, j):
    out.node_id[j] = source.node_id[i]
    out.node_birth[j] = source.node_birth[i]
    for k in range(out.node_values.shape[1]):
        out.node_values[j, k] = source.node_values[i, k]
    for k in range(out.node_choices.shape[1]):
        out.node_choices[j, k] = source.node_choices[i, k]


@helper
def _copy_connection(source, i, out, j):
    out.innovation[j] = source.innovation[i]
    out.source[j] = source.source[i]
    out.target[j] = source.target[i]
    out.connection_birth[j] = source.connection_birth[i]
    out.enabled[j] = source.enabled[i]
    for k in range(out.connection_values.shape[1]):
        out.connection_values[j, k] = source.connection_values[i, k]


@helper
def _copy(parents, first, out, span):
    for i in range(parents.node_ptr[first], parents.node_ptr[first + 1]):
        _copy_node(parents, i, out, span[1])
        span[1] += 1
    for i in range(parents.connection_ptr[first], parents.connection_ptr[first + 1]):
        _copy_connection(parents, i, out, span[3])
        span[3] += 1


@helper
def _mate(parents, first, second, equal, kind, rules, out, span, stream):
    """Align genes by identity; matching ones are drawn or averaged, others come from the
    first parent, or with ``equal`` each from whichever has it with chance one half.
    """
    i, i_stop = parents.node_ptr[first], parents.node_ptr[first + 1]
    j, j_stop = parents.node_ptr[second], parents.node_ptr[second + 1]
    while i < i_stop or (equal and j < j_stop):
        if j >= j_stop or (i < i_stop and parents.node_id[i] < parents.node_id[j]):
            _copy_node(parents, i, out, span[1])
            i += 1
        elif i >= i_stop or parents.node_id[j] < parents.node_id[i]:
            j += 1
            if not equal:
                continue
            _copy_node(parents, j - 1, out, span[1])
        else:
            _copy_node(parents, i if draw_uniform(stream) < 0.5 else j, out, span[1])
            if kind == MATE_AVERAGE:
                for k in range(out.node_values.shape[1]):
                    out.node_values[span[1], k] = 0.5 * (
                        parents.node_values[i, k] + parents.node_values[j, k]
                    )
            out.node_birth[span[1]] = min(parents.node_birth[i], parents.node_birth[j])
            i += 1
            j += 1
        span[1] += 1

    i, i_stop = parents.connection_ptr[first], parents.connection_ptr[first + 1]
    j, j_stop = parents.connection_ptr[second], parents.connection_ptr[second + 1]
    while i < i_stop or (equal and j < j_stop):
        at = span[3]
        if j >= j_stop or (i < i_stop and parents.innovation[i] < parents.innovation[j]):
            i += 1
            if equal and draw_uniform(stream) < 0.5:
                continue
            _copy_connection(parents, i - 1, out, at)
            disabled = not out.enabled[at]
        elif i >= i_stop or parents.innovation[j] < parents.innovation[i]:
            j += 1
            if not equal or draw_uniform(stream) < 0.5:
                continue
            _copy_connection(parents, j - 1, out, at)
            disabled = not out.enabled[at]
        else:
            _copy_connection(parents, i if draw_uniform(stream) < 0.5 else j, out, at)
            if kind == MATE_AVERAGE:
                for k in range(out.connection_values.shape[1]):
                    out.connection_values[at, k] = 0.5 * (
                        parents.connection_values[i, k] + parents.connection_values[j, k]
                    )
            out.connection_birth[at] = min(parents.connection_birth[i], parents.connection_birth[j])
            disabled = not (parents.enabled[i] and parents.enabled[j])
            i += 1
            j += 1
        out.enabled[at] = not (disabled and draw_uniform(stream) < rules.inherit_disabled)
        span[3] += 1


@helper
def _drop_unconnected(out, span, rules, scratch):
    """Remove hidden nodes that no connection gene, enabled or not, refers to."""
    used = scratch[0]
    for k in range(span[1] - span[0]):
        used[k] = k < rules.n_outputs
    for c in range(span[2], span[3]):
        for node in (out.source[c], out.target[c]):
            if node >= rules.n_inputs:
                used[find(out.node_id, span[0], span[1], node) - span[0]] = True
    kept = span[0]
    for i in range(span[0], span[1]):
        if used[i - span[0]]:
            if kept < i:
                _copy_node(out, i, out, kept)
            kept += 1
    span[1] = kept


# ----------------------------------------------------------------------------- values


@helper
def bounded(table, k, value):
    """``value`` clipped to the bounds of column k of a value table."""
    return min(max(value, table[k, MINIMUM]), table[k, MAXIMUM])


@helper
def start_value(table, k, stream):
    """A fresh value of column k of a value table."""
    value = table[k, MEAN]
    if table[k, SPREAD] > 0.0:
        value += table[k, SPREAD] * draw_noise(stream, table[k, UNIFORM] > 0.0)
    return bounded(table, k, value)


@helper
def start_choice(table, k, is_output, stream):
    """A fresh opcode of column k of a choice table."""
    if is_output and table[k, OUTPUTS] >= 0.0:
        return np.uint8(table[k, OUTPUTS])
    if table[k, START] != RANDOM_START:
        return np.uint8(table[k, START])
    return np.uint8(table[k, FIRST_OPTION + draw_below(stream, table[k, OPTION_COUNT])])


@helper
def _mutate_columns(table, values, start, stop, stream):
    """Replace or perturb rows ``start:stop`` of every value column."""
    for k in range(values.shape[1]):
        if table[k, MUTATE_RATE] < 1.0 and draw_uniform(stream) >= table[k, MUTATE_RATE]:
            continue
        replace = table[k, REPLACE_RATE]
        either = replace + (1.0 - replace) * table[k, PERTURB_RATE]
        uniform = table[k, UNIFORM] > 0.0
        for i in range(start, stop):
            u = draw_uniform(stream)
            if u < replace:
                values[i, k] = start_value(table, k, stream)
            elif u < either:
                value = values[i, k] + table[k, POWER] * draw_noise(stream, uniform)
                values[i, k] = bounded(table, k, value)


@helper
def _mutate(out, span, rules, stream):
    """Mutate values and choices.

    Only where the structure stayed as it was: a child that was just split or joined computes
    nearly what its parent did, and is first judged on that.
    """
    _mutate_columns(rules.node_values, out.node_values, span[0], span[1], stream)
    _mutate_columns(rules.connection_values, out.connection_values, span[2], span[3], stream)
    hidden = span[0] + rules.n_outputs
    _swap_choices(rules.node_choices, out.node_choices, span[0], hidden, span[1], stream)


@helper
def _swap_choices(table, choices, start, outputs, stop, stream):
    """Draw other options; rows ``start:outputs`` are outputs and may be fixed."""
    for k in range(choices.shape[1]):
        if table[k, SWAP_RATE] <= 0.0:
            continue
        for i in range(outputs if table[k, OUTPUTS] >= 0.0 else start, stop):
            if draw_uniform(stream) < table[k, SWAP_RATE]:
                option = draw_below(stream, table[k, OPTION_COUNT])
                choices[i, k] = np.uint8(table[k, FIRST_OPTION + option])


# ----------------------------------------------------------------------------- structure


@helper
def _delete(out, span, rules, stream):
    """Remove a node or a connection, each with its own chance; whether either was."""
    changed = False
    if draw_uniform(stream) < rules.delete_node:
        changed = _delete_node(out, span, rules, stream)
    if draw_uniform(stream) < rules.delete_connection and span[3] > span[2]:
        for c in range(span[2] + draw_below(stream, span[3] - span[2]), span[3] - 1):
            _copy_connection(out, c + 1, out, c)
        span[3] -= 1
        changed = True
    return changed


@helper
def _grow(out, span, rules, generation, scratch, stream):
    """Enable, disable, split and join, each with its own chance; whether anything changed."""
    changed = False
    for state in range(2):
        if draw_uniform(stream) < (rules.disable if state == 1 else rules.enable):
            c = _pick(out, span, state == 1, stream)
            if c >= 0:
                out.enabled[c] = not out.enabled[c]
                changed = True
    if draw_uniform(stream) < rules.add_node:
        changed |= _add_node(out, span, rules, generation, stream)
    for loop in range(2 if rules.recurrent else 1):
        if draw_uniform(stream) < (rules.add_loop if loop == 1 else rules.add_connection):
            changed |= _add_connection(out, span, rules, loop == 1, generation, scratch, stream)
    return changed


@helper
def _pick(out, span, enabled, stream):
    """Row of a random connection that is enabled, or that is not; −1 if there is none."""
    count = 0
    for c in range(span[2], span[3]):
        count += out.enabled[c] == enabled
    if count == 0:
        return np.int64(-1)
    wanted = draw_below(stream, count)
    for c in range(span[2], span[3]):
        if out.enabled[c] == enabled:
            if wanted == 0:
                return c
            wanted -= 1
    return np.int64(-1)


@helper
def _insert_connection(out, span, source, target, generation):
    """Make room for a connection at its place; returns its row, or −1 if it is there."""
    innovation = identity(source, target)
    place = find(out.innovation, span[2], span[3], innovation)
    if place >= 0:
        return np.int64(-1)
    place = -1 - place
    for c in range(span[3], place, -1):
        _copy_connection(out, c - 1, out, c)
    span[3] += 1
    out.innovation[place] = innovation
    out.source[place], out.target[place] = source, target
    out.connection_birth[place] = generation
    out.enabled[place] = True
    return place


@helper
def _delete_node(out, span, rules, stream):
    hidden = span[1] - span[0] - rules.n_outputs
    if hidden <= 0:
        return False
    row = span[0] + rules.n_outputs + draw_below(stream, hidden)
    node = out.node_id[row]
    for i in range(row, span[1] - 1):
        _copy_node(out, i + 1, out, i)
    span[1] -= 1
    kept = span[2]
    for c in range(span[2], span[3]):
        if out.source[c] != node and out.target[c] != node:
            if kept < c:
                _copy_connection(out, c, out, kept)
            kept += 1
    span[3] = kept
    return True


@helper
def _add_node(out, span, rules, generation, stream):
    """Split an enabled connection: weight 1 in, the old weight out, the old one disabled.

    Source: Stanley & Miikkulainen (2002), section 3.1.
    """
    row = _pick(out, span, True, stream)
    if row < 0:
        return False
    split, source, target = out.innovation[row], out.source[row], out.target[row]
    repeat = 0
    while True:
        node = identity(split, repeat)
        place = find(out.node_id, span[0], span[1], node)
        if place < 0:
            break
        repeat += 1
    place = -1 - place
    for i in range(span[1], place, -1):
        _copy_node(out, i - 1, out, i)
    span[1] += 1
    out.node_id[place] = node
    out.node_birth[place] = generation
    for k in range(out.node_values.shape[1]):
        out.node_values[place, k] = bounded(rules.node_values, k, rules.node_values[k, MEAN])
    for k in range(out.node_choices.shape[1]):
        out.node_choices[place, k] = start_choice(rules.node_choices, k, False, stream)

    out.enabled[row] = False
    inner = _insert_connection(out, span, source, node, generation)
    for k in range(out.connection_values.shape[1]):
        table = rules.connection_values
        value = bounded(table, k, 1.0) if k == WEIGHT else start_value(table, k, stream)
        out.connection_values[inner, k] = value
    outer = _insert_connection(out, span, node, target, generation)
    row = find(out.innovation, span[2], span[3], split)
    for k in range(out.connection_values.shape[1]):
        out.connection_values[outer, k] = out.connection_values[row, k]
    return True


@helper
def _sort_outgoing(out, span, rules, scratch):
    """Local indices of sources (row 0) and targets (1), outgoing CSR (rows 2 and 3)."""
    n_inputs, m = rules.n_inputs, span[1] - span[0]
    source, target = scratch[0], scratch[1]
    for c in range(span[2], span[3]):
        source[c - span[2]] = local_index(out.node_id, span[0], span[1], n_inputs, out.source[c])
        target[c - span[2]] = local_index(out.node_id, span[0], span[1], n_inputs, out.target[c])
    bucket(source, span[3] - span[2], n_inputs + m, scratch[2], scratch[3])


@helper
def _add_connection(out, span, rules, loop, generation, scratch, stream):
    """Join two nodes that are not joined, closing a loop or not as asked.

    A random target is taken and what it reaches is marked, over disabled connections too, so
    that enabling one later closes no loop; a source is then drawn among all that fit. Up to
    four targets are tried.
    """
    _sort_outgoing(out, span, rules, scratch)
    n_inputs, m, n_connections = rules.n_inputs, span[1] - span[0], span[3] - span[2]
    total = n_inputs + m
    source, target, ptr, items = scratch[0], scratch[1], scratch[2], scratch[3]
    reached, joined, queue = scratch[4], scratch[5], scratch[6]
    for _ in range(4):
        goal = n_inputs + draw_below(stream, m)
        for k in range(total):
            reached[k], joined[k] = False, False
        for c in range(n_connections):
            if target[c] == goal:
                joined[source[c]] = True
        reached[goal] = True
        queue[0] = goal
        head, tail = 0, 1
        while head < tail:
            node = queue[head]
            head += 1
            for e in range(ptr[node], ptr[node + 1]):
                follower = target[items[e]]
                if not reached[follower]:
                    reached[follower] = True
                    queue[tail] = follower
                    tail += 1
        count = 0
        for k in range(total):
            # Outputs feed others only through loops: they stay the graph's last layer.
            is_output = n_inputs <= k < n_inputs + rules.n_outputs
            fits = reached[k] == loop and not joined[k] and (loop or not is_output)
            if fits:
                queue[count] = k
                count += 1
        if count == 0:
            continue
        k = queue[draw_below(stream, count)]
        start = k if k < n_inputs else out.node_id[span[0] + k - n_inputs]
        row = _insert_connection(
            out, span, start, out.node_id[span[0] + goal - n_inputs], generation
        )
        for column in range(out.connection_values.shape[1]):
            value = start_value(rules.connection_values, column, stream)
            out.connection_values[row, column] = value
        return True
    return False


@helper
def _is_acyclic(out, span, rules, scratch):
    """Whether all connection genes together, enabled or not, are free of loops (Kahn 1962)."""
    _sort_outgoing(out, span, rules, scratch)
    total = rules.n_inputs + span[1] - span[0]
    target, ptr, items, waiting, queue = scratch[1], scratch[2], scratch[3], scratch[4], scratch[5]
    for k in range(total):
        waiting[k] = 0
    for c in range(span[3] - span[2]):
        waiting[target[c]] += 1
    tail = 0
    for k in range(total):
        if waiting[k] == 0:
            queue[tail] = k
            tail += 1
    head = 0
    while head < tail:
        node = queue[head]
        head += 1
        for e in range(ptr[node], ptr[node + 1]):
            waiting[target[items[e]]] -= 1
            if waiting[target[items[e]]] == 0:
                queue[tail] = target[items[e]]
                tail += 1
    return tail == total


# ----------------------------------------------------------------------------- beginnings


@kernel
def make_initial(rules, key, node_ids, pairs, share, out, start, stop):
    """Fill genomes ``start:stop`` of a first generation, written like children.

    Args:
        rules: Settings.
        key: (3,) int64: run seed, purpose, generation.
        node_ids: (m,) int64, sorted: the nodes of every genome.
        pairs: (3, K) int64: innovation, source and target of every possible connection,
            sorted by innovation.
        share: Chance of each of them.
        out: Packed arrays with room for these genomes.
        start: First genome.
        stop: One past the last.
    """
    stream = np.empty(1, np.uint64)
    v, c = 0, 0
    out.node_ptr[0] = 0
    out.connection_ptr[0] = 0
    for n in range(start, stop):
        seed_stream(stream, key[0], key[1], key[2], n)
        for node in node_ids:
            out.node_id[v], out.node_birth[v] = node, key[2]
            for k in range(out.node_values.shape[1]):
                out.node_values[v, k] = start_value(rules.node_values, k, stream)
            is_output = node < rules.n_inputs + rules.n_outputs
            for k in range(out.node_choices.shape[1]):
                out.node_choices[v, k] = start_choice(rules.node_choices, k, is_output, stream)
            v += 1
        for pair in range(pairs.shape[1]):
            if share < 1.0 and draw_uniform(stream) >= share:
                continue
            out.innovation[c] = pairs[0, pair]
            out.source[c], out.target[c] = pairs[1, pair], pairs[2, pair]
            out.connection_birth[c], out.enabled[c] = key[2], True
            for k in range(out.connection_values.shape[1]):
                out.connection_values[c, k] = start_value(rules.connection_values, k, stream)
            c += 1
        out.node_ptr[n - start + 1] = v
        out.connection_ptr[n - start + 1] = c
