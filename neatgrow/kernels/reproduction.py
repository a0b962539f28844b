"""Children from parents: inherit, change structure or perturb values; a batch in one call.

A child is built in place at the end of the arrays written so far, its rows kept in ``span``:
node_start, node_stop, connection_start, connection_stop, and its own. All draws of a child come
from its own stream, so neither threads nor batches can change it.
"""

import numpy as np

from neatgrow.kernels.crossover import copy, mate
from neatgrow.kernels.genes import start_choice, start_value
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.offspring import COPY, MATE, MUTATE
from neatgrow.kernels.random import draw_uniform, seed_stream
from neatgrow.kernels.structural_mutation import delete, drop_unconnected, grow, is_acyclic
from neatgrow.kernels.value_mutation import mutate


@kernel
def make_children(parents, offspring, rules, key, children, wishes, start, stop):
    """Build children ``start:stop``, one after the other from the first rows on.

    Args:
        parents: Packed genomes.
        offspring: Parents and kind of every child.
        rules: Settings.
        key: (3,) int64: run seed, purpose, generation.
        children: Packed arrays with room for these children; ``ptr[1 + i]`` is written for
            the i-th child of the range.
        wishes: (N,) uint8, zeros: written instead of growing, bits SPLIT, CONNECT and LOOP; or
            (0,) to grow at random.
        start: First child.
        stop: One past the last.
    """
    stream = np.empty(1, np.uint64)
    span = np.zeros(5, np.int64)
    scratch = np.empty((8, 16), np.int32)
    children.node_ptr[0] = 0
    children.connection_ptr[0] = 0
    for child in range(start, stop):
        seed_stream(stream, key[0], key[1], key[2], child)
        span[0], span[2], span[4] = span[1], span[3], child - start
        first, second = offspring.first[child], offspring.second[child]
        kind = offspring.kind[child]
        equal = kind >= MATE and offspring.equal[child]
        room = 8 + rules.n_inputs + _genes(parents, first) + equal * _genes(parents, second)
        if room > scratch.shape[1]:
            scratch = np.empty((8, 2 * room), np.int32)
        if kind >= MATE:
            mate(parents, first, second, equal, kind, rules, children, span, stream)
            if equal and not rules.recurrent and not is_acyclic(children, span, rules, scratch):
                span[1], span[3] = span[0], span[2]
                kind, equal = MUTATE, False  # the first parent's graph has no loop
        if kind < MATE:
            copy(parents, first, children, span)
        if kind != COPY:
            shrunk = delete(children, span, rules, stream)
            if shrunk or equal:
                drop_unconnected(children, span, rules, scratch)
            grown = grow(children, span, rules, key[2], wishes, child, scratch, stream)
            if not shrunk and not grown:
                mutate(children, span, rules, stream)
        children.node_ptr[child - start + 1] = span[1]
        children.connection_ptr[child - start + 1] = span[3]


@helper
def _genes(packed, n):
    nodes = packed.node_ptr[n + 1] - packed.node_ptr[n]
    return nodes + packed.connection_ptr[n + 1] - packed.connection_ptr[n]


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
            for k in range(out.connection_choices.shape[1]):
                choice = start_choice(rules.connection_choices, k, False, stream)
                out.connection_choices[c, k] = choice
            c += 1
        for k in range(out.genome_values.shape[1]):
            out.genome_values[n - start, k] = start_value(rules.genome_values, k, stream)
        for k in range(out.genome_choices.shape[1]):
            choice = start_choice(rules.genome_choices, k, False, stream)
            out.genome_choices[n - start, k] = choice
        out.node_ptr[n - start + 1] = v
        out.connection_ptr[n - start + 1] = c
