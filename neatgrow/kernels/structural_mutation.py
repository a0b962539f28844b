"""Structural mutations of one child, in place.

The child's rows are kept in ``span``: node_start, node_stop, connection_start,
connection_stop, and its own; it stands at the end of the arrays written so far, so it can grow.
"""

import numpy as np

from neatgrow.kernels.genes import (
    MEAN,
    bounded,
    copy_connection,
    copy_node,
    start_choice,
    start_value,
)
from neatgrow.kernels.graphs import bucket, find, local_index
from neatgrow.kernels.jit import helper
from neatgrow.kernels.layout import WEIGHT
from neatgrow.kernels.random import draw_below, draw_uniform, identity

SPLIT, CONNECT, LOOP = 1, 2, 4  # bits of what a child wishes to grow


@helper
def delete(out, span, rules, stream):
    """Remove a node or a connection, each with its own chance; whether either was."""
    changed = False
    if draw_uniform(stream) < rules.delete_node:
        changed = _delete_node(out, span, rules, stream)
    if draw_uniform(stream) < rules.delete_connection and span[3] > span[2]:
        # Those behind it move up: rows stay sorted by innovation.
        for c in range(span[2] + draw_below(stream, span[3] - span[2]), span[3] - 1):
            copy_connection(out, c + 1, out, c)
        span[3] -= 1
        changed = True
    return changed


@helper
def grow(out, span, rules, generation, wishes, child, scratch, stream):
    """Enable, disable, split and join, each with its own chance; whether anything changed.

    Where there are ``wishes`` to fill, the child's splits and joins are noted there, for
    whoever knows better than chance where to grow.
    """
    changed = False
    for state in range(2):
        if draw_uniform(stream) < (rules.disable if state == 1 else rules.enable):
            c = pick(out, span, state == 1, stream)
            if c >= 0:
                out.enabled[c] = not out.enabled[c]
                changed = True
    if draw_uniform(stream) < rules.add_node:
        if wishes.shape[0] > 0:
            wishes[child] |= SPLIT
            changed = True
        else:
            row = pick(out, span, True, stream)
            if row >= 0:
                split(out, span, rules, row, generation, stream)
                changed = True
    for loop in range(2 if rules.recurrent else 1):
        if draw_uniform(stream) < (rules.add_loop if loop == 1 else rules.add_connection):
            if wishes.shape[0] > 0:
                wishes[child] |= LOOP if loop == 1 else CONNECT
                changed = True
            else:
                sort_outgoing(out, span, rules, scratch)
                start, goal = draw_absent(out, span, rules, loop == 1, scratch, stream)
                if goal >= 0:
                    join(out, span, rules, start, goal, generation, stream)
                    changed = True
    return changed


@helper
def pick(out, span, enabled, stream):
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
        copy_connection(out, c - 1, out, c)
    span[3] += 1
    out.innovation[place] = innovation
    out.source[place], out.target[place] = source, target
    out.connection_birth[place] = generation
    out.enabled[place] = True
    return place


@helper
def _delete_node(out, span, rules, stream):
    """Remove a random hidden node and every connection from it or to it; whether there was one."""
    hidden = span[1] - span[0] - rules.n_outputs
    if hidden <= 0:
        return False
    row = span[0] + rules.n_outputs + draw_below(stream, hidden)
    node = out.node_id[row]
    for i in range(row, span[1] - 1):
        copy_node(out, i + 1, out, i)
    span[1] -= 1
    kept = span[2]
    for c in range(span[2], span[3]):
        if out.source[c] != node and out.target[c] != node:
            if kept < c:
                copy_connection(out, c, out, kept)
            kept += 1
    span[3] = kept
    return True


@helper
def split(out, span, rules, row, generation, stream):
    """Split the connection in a row: weight 1 in, the old weight out, the old one disabled.

    Source: Stanley & Miikkulainen (2002), section 3.1.
    """
    old, source, target = out.innovation[row], out.source[row], out.target[row]
    # The node of the k-th split is known by (connection, k), the same wherever it arises.
    repeat = 0
    while True:
        node = identity(old, repeat)
        place = find(out.node_id, span[0], span[1], node)
        if place < 0:
            break
        repeat += 1
    place = -1 - place
    for i in range(span[1], place, -1):
        copy_node(out, i - 1, out, i)
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
    for k in range(out.connection_choices.shape[1]):
        choice = start_choice(rules.connection_choices, k, False, stream)
        out.connection_choices[inner, k] = choice
    outer = _insert_connection(out, span, node, target, generation)
    row = find(out.innovation, span[2], span[3], old)  # it may have moved
    for k in range(out.connection_values.shape[1]):
        out.connection_values[outer, k] = out.connection_values[row, k]
    for k in range(out.connection_choices.shape[1]):
        out.connection_choices[outer, k] = out.connection_choices[row, k]


@helper
def sort_outgoing(out, span, rules, scratch):
    """Local indices of sources (row 0) and targets (1), outgoing CSR (rows 2 and 3)."""
    n_inputs, m = rules.n_inputs, span[1] - span[0]
    source, target = scratch[0], scratch[1]
    for c in range(span[2], span[3]):
        source[c - span[2]] = local_index(out.node_id, span[0], span[1], n_inputs, out.source[c])
        target[c - span[2]] = local_index(out.node_id, span[0], span[1], n_inputs, out.target[c])
    bucket(source, span[3] - span[2], n_inputs + m, scratch[2], scratch[3])


@helper
def draw_absent(out, span, rules, loop, scratch, stream):
    """Two nodes that are not joined, whose connection would close a loop or not as asked.

    After :func:`sort_outgoing`. A random target is taken and what it reaches is marked, over
    disabled connections too, so that enabling one later closes no loop; a source is then drawn
    among all that fit. Up to four targets are tried.

    Returns:
        Local indices of source and target, or −1 twice.
    """
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
        return np.int64(queue[draw_below(stream, count)]), np.int64(goal)
    return np.int64(-1), np.int64(-1)


@helper
def join(out, span, rules, start, goal, generation, stream):
    """Connect two nodes, given by local index, that are not joined; the new row."""
    source = start
    if start >= rules.n_inputs:
        source = out.node_id[span[0] + start - rules.n_inputs]
    target = out.node_id[span[0] + goal - rules.n_inputs]
    row = _insert_connection(out, span, source, target, generation)
    for column in range(out.connection_values.shape[1]):
        value = start_value(rules.connection_values, column, stream)
        out.connection_values[row, column] = value
    for column in range(out.connection_choices.shape[1]):
        choice = start_choice(rules.connection_choices, column, False, stream)
        out.connection_choices[row, column] = choice
    return row


@helper
def is_acyclic(out, span, rules, scratch):
    """Whether all connection genes together, enabled or not, are free of loops (Kahn 1962)."""
    sort_outgoing(out, span, rules, scratch)
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


@helper
def drop_unconnected(out, span, rules, scratch):
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
                copy_node(out, i, out, kept)
            kept += 1
    span[1] = kept
