"""Genomes to networks: drop what reaches no output, order the rest, gather connections.

One depth-first search from the outputs along incoming connections does most of it: it sees
just the nodes that reach an output, and Tarjan's algorithm (1972) emits a strongly connected
component after all components that feed it, which is the evaluation order. Inside a
component nodes are ordered by (fewest connections from an input, node id). Linear in
connections, but for the search of node ids.
"""

import numpy as np

from neatgrow.kernels.graphs import bucket, local_index
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.layout import ACTIVATION, AGGREGATION, BIAS, WEIGHT


@kernel
def compile_genomes(packed, n_inputs, plan, start, stop):
    """Write the networks of genomes ``start:stop`` into ``plan``.

    Args:
        packed: Genomes.
        n_inputs: I.
        plan: Arrays of ``empty_plan``, written in these genomes' rows.
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
    for n in range(start, stop):
        _compile_one(packed, n, n_inputs, plan, by_node, by_connection)


@helper
def _compile_one(packed, n, n_inputs, plan, by_node, by_connection):
    n0, n1 = packed.node_ptr[n], packed.node_ptr[n + 1]
    c0, c1 = packed.connection_ptr[n], packed.connection_ptr[n + 1]
    m, n_connections = n1 - n0, c1 - c0
    source, target, incoming = by_connection[0], by_connection[1], by_connection[2]
    for c in range(n_connections):  # a disabled connection has no target to be listed under
        source[c] = local_index(packed.node_id, n0, n1, n_inputs, packed.source[c0 + c])
        target[c] = -1
        if packed.enabled[c0 + c]:
            target[c] = local_index(packed.node_id, n0, n1, n_inputs, packed.target[c0 + c])
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
    c, has_loops = c0, False
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
            has_loops |= plan.source_slot[c] >= n_inputs + k
            plan.weight[c] = packed.connection_values[c0 + incoming[e], WEIGHT]
            plan.connection_gene[c] = incoming[e]
            c += 1
        plan.incoming_stop[v] = c
    plan.node_start[n], plan.node_stop[n] = n0, n0 + kept
    plan.has_loops[n] = has_loops
    for o in range(n_outputs):
        plan.output_slot[n, o] = slot[n_inputs + o]


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
