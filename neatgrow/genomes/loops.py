"""Whether genomes have loops."""

from collections.abc import Iterable

import numpy as np

from neatgrow.genomes.genomes import Genomes


def looped(batches: Iterable[Genomes]) -> bool:
    """Whether the connection genes of any of these genomes, enabled or not, form a loop."""
    return any(_has_loops(batch) for batch in batches)


def _has_loops(genomes: Genomes) -> bool:
    packed = genomes.packed
    ids, place = np.unique(np.concatenate([packed.source, packed.target]), return_inverse=True)
    genome = np.repeat(np.arange(len(genomes)), np.diff(packed.connection_ptr))
    own = np.tile(genome, 2) * ids.size + place  # a number for each node of each genome
    nodes, node = np.unique(own, return_inverse=True)
    source, target = node.reshape(2, -1)
    # A connection out of a node that none leads into is in no loop; without it, others are not.
    while source.size:
        entered = np.zeros(nodes.size, np.bool_)
        entered[target] = True
        kept = entered[source]
        if kept.all():
            return True
        source, target = source[kept], target[kept]
    return False
