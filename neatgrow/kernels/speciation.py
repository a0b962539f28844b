"""Compatibility distance, and genomes to species by it."""

from typing import NamedTuple

import numpy as np

from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.layout import Array


class Measure(NamedTuple):
    """Coefficients of the distance."""

    excess: float
    disjoint: float
    nodes: float
    small: int
    connection_values: Array  # (columns,) float64
    node_values: Array  # (columns,) float64
    node_choices: Array  # (columns,) float64
    compare_nodes: bool  # whether any node coefficient is above 0


@helper
def distance(a, i, b, j, measure, limit):
    """δ = c₁·E/n + c₂·D/n + Σₖ cₖ·mean|Δₖ| between genome i of ``a`` and j of ``b``.

    Connection genes are aligned by innovation. One that the other genome lacks is excess (E)
    if born after all of the other's, else disjoint (D). n is the larger number of connection
    genes, 1 below ``small``. Σ runs over connection columns (the paper's c₃·W̄) and node
    columns, means over matching genes; for a choice |Δ| is 1 where options differ.
    Source: Stanley & Miikkulainen (2002), equation 1.

    Returns:
        The distance, or any number above ``limit`` once it is certain to exceed it.
    """
    p, p_stop = a.connection_ptr[i], a.connection_ptr[i + 1]
    q, q_stop = b.connection_ptr[j], b.connection_ptr[j + 1]
    size = max(p_stop - p, q_stop - q)
    n = 1.0 if size < measure.small else float(size)
    smaller = min(p_stop - p, q_stop - q)
    if min(measure.excess, measure.disjoint) * (size - smaller) > limit * n:
        return np.inf
    last_a, last_b = np.int32(-1), np.int32(-1)
    for row in range(p, p_stop):
        last_a = max(last_a, a.connection_birth[row])
    for row in range(q, q_stop):
        last_b = max(last_b, b.connection_birth[row])
    unmatched, difference, matching = 0.0, 0.0, 0
    most = limit * n
    while p < p_stop or q < q_stop:
        if q >= q_stop or (p < p_stop and a.innovation[p] < b.innovation[q]):
            late = a.connection_birth[p] > last_b
            unmatched += measure.excess if late else measure.disjoint
            p += 1
        elif p >= p_stop or b.innovation[q] < a.innovation[p]:
            late = b.connection_birth[q] > last_a
            unmatched += measure.excess if late else measure.disjoint
            q += 1
        else:
            for k in range(a.connection_values.shape[1]):
                gap = abs(a.connection_values[p, k] - b.connection_values[q, k])
                difference += measure.connection_values[k] * gap
            matching += 1
            p += 1
            q += 1
            continue
        if unmatched > most:
            return np.inf
    total = unmatched / n + (difference / matching if matching > 0 else 0.0)
    if measure.compare_nodes:
        total += _node_distance(a, i, b, j, measure, n)
    return total


@helper
def _node_distance(a, i, b, j, measure, n):
    p, p_stop = a.node_ptr[i], a.node_ptr[i + 1]
    q, q_stop = b.node_ptr[j], b.node_ptr[j + 1]
    unmatched, difference, matching = 0, 0.0, 0
    while p < p_stop or q < q_stop:
        if q >= q_stop or (p < p_stop and a.node_id[p] < b.node_id[q]):
            unmatched += 1
            p += 1
        elif p >= p_stop or b.node_id[q] < a.node_id[p]:
            unmatched += 1
            q += 1
        else:
            for k in range(a.node_values.shape[1]):
                gap = abs(a.node_values[p, k] - b.node_values[q, k])
                difference += measure.node_values[k] * gap
            for k in range(a.node_choices.shape[1]):
                if a.node_choices[p, k] != b.node_choices[q, k]:
                    difference += measure.node_choices[k]
            matching += 1
            p += 1
            q += 1
    return measure.nodes * unmatched / n + (difference / matching if matching > 0 else 0.0)


@kernel
def merge(packed, rows, measure, threshold, into):
    """Merge species into the oldest one whose representative is near enough.

    Args:
        packed: Genomes.
        rows: (S,) rows of the representatives, oldest species first.
        measure: Coefficients.
        threshold: As in :func:`assign`.
        into: (S,) int32, written: the species that each becomes part of, or itself.

    Returns:
        How many are left.
    """
    left = 0
    for s in range(rows.shape[0]):
        into[s] = s
        for older in range(s):
            if into[older] == older:
                near = distance(packed, rows[older], packed, rows[s], measure, threshold)
                if near < threshold:
                    into[s] = older
                    break
        left += into[s] == s
    return left


@kernel
def assign(packed, representatives, guess, measure, threshold, species, start, stop):
    """Species of genomes ``start:stop``: the first whose representative is near enough.

    Args:
        packed: Genomes.
        representatives: (packed, rows): (S,) rows of another batch, one per species.
        guess: (N,) species to try first, −1 for none.
        measure: Coefficients.
        threshold: A genome belongs where the distance is below it.
        species: (N,) written; −1 where no representative is near enough.
        start: First genome.
        stop: One past the last.
    """
    others, rows = representatives
    for n in range(start, stop):
        species[n] = -1
        tried = guess[n]
        for attempt in range(-1, rows.shape[0]):
            s = tried if attempt < 0 else attempt
            if s < 0 or (attempt == tried and attempt >= 0):
                continue
            if distance(packed, n, others, rows[s], measure, threshold) < threshold:
                species[n] = s
                break


@kernel
def found(packed, measure, threshold, species, founders, first):
    """Group the genomes left without a species around the first of them, in order.

    Args:
        packed: Genomes.
        measure: Coefficients.
        threshold: As in :func:`assign`.
        species: (N,) int32, −1 entries replaced by ``first`` and above.
        founders: (N,) int32, written: row of each new species' founder.
        first: Number of the first new species.

    Returns:
        How many species were founded.
    """
    count = 0
    for n in range(species.shape[0]):
        if species[n] >= 0:
            continue
        for s in range(count):
            if distance(packed, n, packed, founders[s], measure, threshold) < threshold:
                species[n] = first + s
                break
        if species[n] < 0:
            founders[count] = n
            species[n] = first + count
            count += 1
    return count


@kernel
def one_distance(a, b, measure):
    """Distance between the first genomes of two batches."""
    return distance(a, 0, b, 0, measure, np.inf)
