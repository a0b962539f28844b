"""Growth guided by gradients: children grow where the data say that it helps."""

from functools import partial

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.columns import names_of
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import guided_growth as kernels
from neatgrow.kernels import layout, parallel
from neatgrow.kernels.dynamics import custom_addresses
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.guided_growth import Growth
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.losses import LOSSES
from neatgrow.learning.data import Lessons, prepared
from neatgrow.learning.training import check_learnable
from neatgrow.networks.networks import compile_genomes

_SAMPLE_NS = 1.5  # estimated work per gene and sample


def grown(
    genomes: Genomes, wishes: Array, lessons: Lessons, candidates: int, rules: Rules, *,
    seed: int, generation: int,
) -> tuple[Genomes, int]:  # fmt: skip
    """Genomes after their growth, and how many samples went through gradients for it.

    Args:
        genomes: N genomes; not changed.
        wishes: (N,) uint8, what each is to grow, as ``make_children`` writes it.
        lessons: What there is to learn.
        candidates: Places that are drawn for each wish, of which the best is taken.
        rules: Settings of variation.
        seed: Run seed.
        generation: Birth of new genes; also keys the draws.
    """
    rows = np.flatnonzero(wishes)
    if not rows.size:
        return genomes, 0
    data = prepared(
        genomes.interface, rows.size, lessons.X, lessons.Y, lessons.weights,
        sequences=lessons.sequences, labels=lessons.loss == "categorical", dtype=np.float32,
    )  # fmt: skip
    some = genomes[rows]
    packed = some.packed
    check_learnable(some)
    plan = compile_genomes(packed, genomes.interface, np.float32).plan
    growth = Growth(rules, wishes[rows], rows, candidates, LOSSES.index(lessons.loss), seed,
                    generation, genomes.interface.update == "synchronous")  # fmt: skip
    nodes, connections = packed.node_ptr, packed.connection_ptr

    def build(start: int, stop: int) -> tuple[Packed, int]:
        count = stop - start
        out = layout.empty_packed(
            names_of(genomes.columns), count, nodes[stop] - nodes[start] + count,
            connections[stop] - connections[start] + 4 * count,
        )  # fmt: skip
        custom = custom_addresses()
        kernels.grow_where_wanted(packed, plan, custom, data, growth, out, start, stop)
        return out, count

    samples = data.inputs.shape[1] * data.inputs.shape[3]
    ranges = parallel.split(nodes + connections, samples * _SAMPLE_NS)
    parts = parallel.launch([partial(build, *r) for r in ranges])
    after = layout.put(genomes.packed, rows, layout.concatenate(parts))
    return Genomes(after, genomes.interface), samples * rows.size
