"""Small graph tools shared by compilation and variation, over local indices.

Within a genome of I inputs and m node genes, local index i < I is input i and I + k the k-th
node gene. Scratch arrays come from the caller; nothing is allocated.
"""

import numpy as np

from neatgrow.kernels.jit import at, helper, kernel


@helper
def find(ids, start, stop, wanted):
    """Row of ``wanted`` in sorted ``ids[start:stop]``, or ``-1 - row`` of its place."""
    # Halving without a branch on the comparison, which would be mispredicted half the time.
    low, count = start, stop - start
    while count > 1:
        half = count >> 1
        low += half * (ids[low + half - 1] < wanted)
        count -= half
    if count == 1:
        if ids[low] == wanted:
            return low
        low += ids[low] < wanted
    return -1 - low


@helper
def local_index(node_id, node_start, node_stop, n_inputs, node):
    """Local index of a node id that is known to be in the genome."""
    if node < n_inputs:
        return node
    return n_inputs + find(node_id, node_start, node_stop, node) - node_start


@helper
def _place(node, shift):
    """Where a hash table would have a node id: the first bits of a product (Knuth 1973)."""
    return np.int64((np.uint64(node) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift))


@helper
def index_into(table, ids, start, stop):
    """Make a hash table of sorted ``ids[start:stop]``, for :func:`indexed`.

    Args:
        table: int32, with room for four times as many; written.
        ids: Node ids.
        start: First row.
        stop: One past the last.

    Returns:
        What finds a place in it: the shift of a hash.
    """
    shift, size = 63, 2
    while size < 2 * (stop - start):  # at least half of the places stay empty
        size, shift = 2 * size, shift - 1
    for place in range(size):
        table[place] = -1
    for k in range(stop - start):
        place = _place(ids[start + k], shift)
        while table[at(place)] >= 0:  # taken: the next that is free
            place = (place + 1) & (size - 1)
        table[at(place)] = k
    return shift


@helper
def indexed(table, shift, ids, start, node):
    """Row of a node id that is known to be in ``ids``, counted from ``start``.

    As ``find(ids, start, stop, node) - start``, without halving. For an id that is not, as in
    arrays written by hand, some row.
    """
    last = (np.int64(1) << (64 - shift)) - 1
    place = _place(node, shift)
    while table[at(place)] >= 0 and ids[at(start + table[at(place)])] != node:
        place = (place + 1) & last
    return max(table[at(place)], np.int32(0))


@helper
def bucket(keys, n_items, n_keys, ptr, items):
    """Stable counting sort: item indices by key, those with key < 0 left out.

    Args:
        keys: (n_items,) in −1…n_keys−1.
        n_items: Items to sort.
        n_keys: Number of keys.
        ptr: (n_keys + 1,) written: items of key k stand at ``ptr[k]:ptr[k + 1]``.
        items: Written, as many as have a key.
    """
    for key in range(n_keys + 1):
        ptr[key] = 0
    for item in range(n_items):
        if keys[item] >= 0:
            ptr[keys[item]] += 1
    total = 0
    for key in range(n_keys):
        total += ptr[key]
        ptr[key] = total
    ptr[n_keys] = total
    for item in range(n_items - 1, -1, -1):  # backwards, so that ptr ends at each start
        if keys[item] >= 0:
            ptr[keys[item]] -= 1
            items[ptr[keys[item]]] = item


@kernel
def stray_end(packed, n_inputs):
    """First connection of which an end is neither an input nor a node of its genome, or −1.

    Args:
        packed: Genomes whose offsets and sorted ids have been checked, ends have not.
        n_inputs: I.
    """
    for n in range(packed.node_ptr.shape[0] - 1):
        start, stop = packed.node_ptr[n], packed.node_ptr[n + 1]
        for c in range(at(packed.connection_ptr[n]), at(packed.connection_ptr[n + 1])):
            for node in (packed.source[c], packed.target[c]):
                if node < 0 or (node >= n_inputs and find(packed.node_id, start, stop, node) < 0):
                    return np.int64(c)
    return np.int64(-1)
