"""Who among past genomes matters: those with living descendants, and where structure changed."""

import numpy as np

from neatgrow.kernels.genes import copy_connection, copy_node, copy_own
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.random import mix

_NODE, _CONNECTION = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
_DISABLED = np.uint64(0x8EBC6AF09C88C6E3)


@kernel
def trace(parent, base, alive):
    """Mark the ancestors of what is marked.

    Args:
        parent: (R,) int32: number of each record's parent, which stands before it; below
            ``base`` for parents that are not among these R.
        base: Number of the first record.
        alive: (R,) bool, updated.
    """
    for i in range(parent.shape[0] - 1, -1, -1):
        if alive[i] and parent[i] >= base:
            alive[parent[i] - base] = True


@helper
def _structure(packed, n):
    """A number for the nodes and connections of a genome, and which are enabled."""
    bits = np.uint64(0)  # a sum, so that terms need not wait for one another
    for i in range(packed.node_ptr[n], packed.node_ptr[n + 1]):
        bits += mix(np.uint64(packed.node_id[i]) ^ _NODE)
    for i in range(packed.connection_ptr[n], packed.connection_ptr[n + 1]):
        salt = _CONNECTION if packed.enabled[i] else _DISABLED
        bits += mix(np.uint64(packed.innovation[i]) ^ salt)
    return np.int64(bits)


@kernel
def structures(packed, rows, out, sizes):
    """The structure of some genomes as a number each, and their sizes.

    Args:
        packed: Genomes.
        rows: (R,) int64, those wanted.
        out: (R,) int64, written: equal for equal node ids, innovations and enabled flags, and
            different for others but for a chance of 2⁻⁶⁴.
        sizes: (R, 2) int64, written: node and connection genes.
    """
    for k in range(rows.shape[0]):
        n = rows[k]
        out[k] = _structure(packed, n)
        sizes[k, 0] = packed.node_ptr[n + 1] - packed.node_ptr[n]
        sizes[k, 1] = packed.connection_ptr[n + 1] - packed.connection_ptr[n]


@kernel
def choose(parent, base, own, wanted, held, kept):
    """Which records keep their genome: first ones, and those whose structure is another than
    that kept last above them.

    Args:
        parent: (R,) int32, as for :func:`trace`; −1 for none.
        base: Number of the first record.
        own: (R,) int64, structure of each.
        wanted: (R,) int8: 1 to keep it whatever its structure, −1 not to, 0 to go by structure.
        held: (R,) int64, updated: structure that the nearest record above has kept, given for
            those whose parent is not among these R; on return that of each record.
        kept: (R,) bool, written.
    """
    for i in range(parent.shape[0]):
        if parent[i] >= base:
            held[i] = held[parent[i] - base]
        fresh = wanted[i] == 0 and own[i] != held[i]
        kept[i] = fresh or wanted[i] > 0 or parent[i] < 0
        if kept[i]:
            held[i] = own[i]


@kernel
def append(packed, rows, pool, start):
    """Copy some genomes behind those that a pool holds.

    Args:
        packed: Genomes.
        rows: (R,) int64, those wanted.
        pool: Packed arrays with room for them, written.
        start: Genomes that the pool holds already; its offsets say how many genes.
    """
    v, c = pool.node_ptr[start], pool.connection_ptr[start]
    for k in range(rows.shape[0]):
        i, j = packed.node_ptr[rows[k]], packed.connection_ptr[rows[k]]
        nodes = packed.node_ptr[rows[k] + 1] - i
        connections = packed.connection_ptr[rows[k] + 1] - j
        for gene in range(nodes):
            copy_node(packed, i + gene, pool, v + gene)
        for gene in range(connections):
            copy_connection(packed, j + gene, pool, c + gene)
        copy_own(packed, rows[k], pool, start + k)
        v, c = v + nodes, c + connections
        pool.node_ptr[start + k + 1], pool.connection_ptr[start + k + 1] = v, c
