"""Genomes to networks: drop what reaches no output, order the rest, gather connections.

One depth-first search from the outputs along incoming connections does most of it: it sees
just the nodes that reach an output, and Tarjan's algorithm (1972) emits a strongly connected
component after all components that feed it, which is the evaluation order. Inside a
component nodes are ordered by (fewest connections from an input, node id). Linear in
connections, but for the search of node ids.

Then every node's state and the delay lines get slots behind those of the nodes.
"""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.dynamics import FUNCTION, INSTANT, KIND, SIZE, STATE, TIMED
from neatgrow.kernels.functions import IDENTITY
from neatgrow.kernels.graphs import bucket, index_into, indexed
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.layout import ACTIVATION, AGGREGATION, BIAS, WEIGHT
from neatgrow.kernels.plan import is_delayed

ACTIVATES, STATES, PARAMETERS = 0, 1, 2  # columns of NodeTiming.kinds
OPTIONS = 1 << 16


class NodeTiming(NamedTuple):
    """What genomes say of time, as compilation reads it."""

    synchronous: bool
    delay: Array  # (C,) uint8 ticks that a connection adds, or (0,) for none
    dynamics: Array  # (V,) uint8 opcodes, or (0,) if all nodes are instant
    # (opcodes, 2 + P) int32 of each dynamics: whether the activation applies, states, and which
    # column of node values each parameter is, from OPTIONS on of node choices; −1 for none
    kinds: Array
    plain: Array  # (opcodes, P) float64 of each dynamics: the parameters that are no column


@kernel
def compile_genomes(packed, n_inputs, timing, plan, start, stop):
    """Write the networks of genomes ``start:stop`` into ``plan``.

    Args:
        packed: Genomes.
        n_inputs: I.
        timing: What they say of time.
        plan: Arrays of ``empty_plan``, written in these genomes' rows; its lines start and stop
            where there is room for these genomes'.
        start: First genome.
        stop: One past the last.
    """
    most_nodes, most_connections = 0, 0
    for n in range(start, stop):
        most_nodes = max(most_nodes, packed.node_ptr[n + 1] - packed.node_ptr[n])
        most_connections = max(
            most_connections, packed.connection_ptr[n + 1] - packed.connection_ptr[n]
        )
    by_node = np.empty((8, n_inputs + most_nodes + 3), np.int32)
    by_connection = np.empty((4, most_connections), np.int32)
    table = np.empty(4 * most_nodes + 2, np.int32)
    for n in range(start, stop):
        _compile_one(packed, n, n_inputs, timing, plan, by_node, by_connection, table)


@helper
def _compile_one(packed, n, n_inputs, timing, plan, by_node, by_connection, table):
    """Nodes that reach an output, in order, each with its connections."""
    n0, n1 = packed.node_ptr[n], packed.node_ptr[n + 1]
    c0, c1 = packed.connection_ptr[n], packed.connection_ptr[n + 1]
    m, n_connections = n1 - n0, c1 - c0
    source, target, incoming = by_connection[0], by_connection[1], by_connection[2]
    shift = index_into(table, packed.node_id, n0, n1)
    for c in range(n_connections):  # a disabled connection has no target to be listed under
        node = packed.source[c0 + c]
        source[c] = node
        if node >= n_inputs:
            source[c] = n_inputs + indexed(table, shift, packed.node_id, n0, node)
        target[c] = -1
        if packed.enabled[c0 + c]:
            node = packed.target[c0 + c]
            target[c] = n_inputs + indexed(table, shift, packed.node_id, n0, node)
    incoming_ptr, component = by_node[0], by_node[1]
    bucket(target, n_connections, n_inputs + m, incoming_ptr, incoming)
    n_outputs = plan.output_slot.shape[1]
    found = _components(n_inputs, m, n_outputs, source, incoming, by_node)
    order, kept = by_node[2], 0
    for k in range(m):
        kept += component[n_inputs + k] >= 0
    if found < kept:
        _order_within(n_inputs, m, found, source, target, n_connections, by_node, by_connection)
    slot = by_node[3]
    for i in range(n_inputs):
        slot[i] = i
    for k in range(kept):
        slot[order[k]] = n_inputs + k
    c, has_state, width = c0, False, n_inputs + kept
    for k in range(kept):
        node, v = order[k], n0 + k
        gene = n0 + node - n_inputs
        plan.bias[v] = packed.node_values[gene, BIAS]
        plan.activation[v] = packed.node_choices[gene, ACTIVATION]
        plan.aggregation[v] = packed.node_choices[gene, AGGREGATION]
        plan.node_gene[v] = node - n_inputs
        plan.incoming_start[v] = c
        for e in range(incoming_ptr[node], incoming_ptr[node + 1]):
            plan.source_slot[c] = slot[source[incoming[e]]]
            has_state |= is_delayed(plan.source_slot[c], n_inputs + k)
            plan.weight[c] = packed.connection_values[c0 + incoming[e], WEIGHT]
            plan.connection_gene[c] = incoming[e]
            c += 1
        plan.incoming_stop[v] = c
        if timing.dynamics.shape[0] > 0:
            width = _add_dynamics(packed, timing, plan, v, gene, width)
    plan.node_start[n], plan.node_stop[n] = n0, n0 + kept
    plan.width[n] = width
    if timing.synchronous or timing.delay.shape[0] > 0:
        _add_lines(n, n_inputs, c0, timing, plan, by_node[0], by_node[1])
    plan.has_state[n] = has_state or plan.width[n] > n_inputs + kept
    for o in range(n_outputs):
        plan.output_slot[n, o] = slot[n_inputs + o]


@helper
def _add_dynamics(packed, timing, plan, v, gene, slot):
    """How node v changes over time; the first slot behind its state, which begins at ``slot``."""
    kind = timing.dynamics[gene]
    activates, states = timing.kinds[kind, ACTIVATES] != 0, timing.kinds[kind, STATES]
    plan.dynamics[v, KIND], plan.dynamics[v, STATE], plan.dynamics[v, SIZE] = kind, slot, states
    plan.dynamics[v, FUNCTION] = plan.activation[v] if activates else IDENTITY
    if kind != INSTANT:
        plan.activation[v] = TIMED
    for p in range(plan.parameters.shape[1]):
        column = timing.kinds[kind, PARAMETERS + p]
        value = timing.plain[kind, p]
        if column >= OPTIONS:
            value = np.float64(packed.node_choices[gene, column - OPTIONS])
        elif column >= 0:
            value = packed.node_values[gene, column]
        plan.parameters[v, p] = value
    return slot + states


@helper
def _line_of(timing, c, source, slot, n_inputs):
    """Which delay line of its source connection gene c reads; 0 for none, the source itself.

    Args:
        timing: Of all genomes.
        c: Row of the gene.
        source: Slot of the source.
        slot: Slot of the target.
        n_inputs: I.
    """
    given = np.int64(is_delayed(source, slot))  # ticks that reading the source itself comes to
    wanted = np.int64(timing.synchronous and source >= n_inputs) | given
    if timing.delay.shape[0] > 0:
        wanted += timing.delay[c]
    return 0 if wanted == given else wanted


@helper
def _add_lines(n, n_inputs, c0, timing, plan, most, first):
    """Delay lines behind all other slots, as many of each source as its oldest reader needs.

    Args:
        n: Network, complete but for its lines.
        n_inputs: I.
        c0: First row of its connection genes.
        timing: Of all genomes.
        plan: Written: its lines, and the sources of connections that read them.
        most: Scratch of a number per slot: how many lines each has.
        first: Likewise: the slot of its first.
    """
    start, stop = plan.node_start[n], plan.node_stop[n]
    nodes = n_inputs + stop - start
    for slot in range(nodes):
        most[slot] = 0
    for v in range(start, stop):
        for c in range(plan.incoming_start[v], plan.incoming_stop[v]):
            source = plan.source_slot[c]
            line = _line_of(timing, c0 + plan.connection_gene[c], source, n_inputs + v - start,
                            n_inputs)  # fmt: skip
            most[source] = max(most[source], line)
    row, free = plan.lines[n, 0], plan.width[n]
    for slot in range(nodes):
        first[slot] = free
        for k in range(most[slot]):
            plan.line_source[row] = slot if k == 0 else free - 1
            row += 1
            free += 1
    plan.lines[n, 1], plan.width[n] = row, free
    for v in range(start, stop):
        for c in range(plan.incoming_start[v], plan.incoming_stop[v]):
            source = plan.source_slot[c]
            line = _line_of(timing, c0 + plan.connection_gene[c], source, n_inputs + v - start,
                            n_inputs)  # fmt: skip
            if line > 0:
                plan.source_slot[c] = first[source] + line - 1


@helper
def _components(n_inputs, m, n_outputs, source, incoming, by_node):
    """Tarjan's algorithm from the outputs, against the connections' direction.

    Fills ``by_node[1]`` with each node's component, numbered in evaluation order (−1 where no
    output is reached), and ``by_node[2]`` with the nodes as their components close.

    Returns:
        Number of components.
    """
    incoming_ptr, component, order = by_node[0], by_node[1], by_node[2]
    low, stack, path, cursor, index = by_node[3], by_node[4], by_node[5], by_node[6], by_node[7]
    for k in range(n_inputs + m):
        component[k], index[k] = -1, -1
    seen, found, emitted, height = 0, 0, 0, 0
    for root in range(n_inputs, n_inputs + n_outputs):
        if index[root] >= 0:
            continue
        depth = 0
        path[0] = root
        index[root], low[root], cursor[root] = seen, seen, incoming_ptr[root]
        seen += 1
        stack[height] = root
        height += 1
        while depth >= 0:
            node = path[depth]
            if cursor[node] < incoming_ptr[node + 1]:
                feeder = source[incoming[cursor[node]]]
                cursor[node] += 1
                if feeder < n_inputs:
                    continue
                if index[feeder] < 0:
                    depth += 1
                    path[depth] = feeder
                    index[feeder], low[feeder], cursor[feeder] = seen, seen, incoming_ptr[feeder]
                    seen += 1
                    stack[height] = feeder
                    height += 1
                elif component[feeder] < 0:  # still on the stack
                    low[node] = min(low[node], index[feeder])
                continue
            if low[node] == index[node]:
                while True:
                    height -= 1
                    member = stack[height]
                    component[member] = found
                    order[emitted] = member
                    emitted += 1
                    if member == node:
                        break
                found += 1
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[node])
    return found


@helper
def _order_within(n_inputs, m, found, source, target, n_connections, by_node, by_connection):
    """Rewrite the order for components of several nodes: two stable counting sorts, by
    distance from an input and then by component, of nodes that stand sorted by id.
    """
    # Plain form: sorted(order, key=lambda node: (component[node], distance[node], node)).
    component, order = by_node[1], by_node[2]
    distance, queue, ptr, key = by_node[3], by_node[4], by_node[5], by_node[6]
    outgoing, outgoing_of = by_connection[2], by_connection[3]
    # Outgoing connections take the place of the incoming ones, which are sorted again below.
    for c in range(n_connections):
        outgoing_of[c] = source[c] if target[c] >= 0 else -1
    bucket(outgoing_of, n_connections, n_inputs + m, ptr, outgoing)
    far, head, tail = m + 1, 0, n_inputs
    for i in range(n_inputs):
        distance[i], queue[i] = 0, i
    for k in range(n_inputs, n_inputs + m):
        distance[k] = far
    while head < tail:
        node = queue[head]
        head += 1
        for e in range(ptr[node], ptr[node + 1]):
            reached = target[outgoing[e]]
            if distance[reached] == far:
                distance[reached] = distance[node] + 1
                queue[tail] = reached
                tail += 1
    by_distance = by_node[7]
    bucket(distance[n_inputs:], m, far + 1, ptr, by_distance)
    for k in range(m):
        key[k] = component[n_inputs + by_distance[k]]
    bucket(key, m, found, ptr, order)
    for k in range(ptr[found]):
        order[k] = n_inputs + by_distance[order[k]]
    bucket(target, n_connections, n_inputs + m, by_node[0], by_connection[2])
