"""Compatibility distance, and genomes to species by it."""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.jit import at, helper, kernel
from neatgrow.kernels.random import mix

UNSEEN = -2  # a genome that no species has been looked for yet


class Columns(NamedTuple):
    """S species, oldest first; see ``neatgrow.selection.species.SpeciesTable``."""

    id: Array  # (S,) int64
    born: Array  # (S,) int64
    best: Array  # (S,) float64
    improved: Array  # (S,) int64


class Tables(NamedTuple):
    """What :func:`settle` reads of the species that there are, and where it writes them anew."""

    old: Columns  # the present table
    new: Columns  # with room for S + N
    founded: int  # species so far
    generation: int
    twins_first: bool  # genomes try the new species of their twin in structure first


class Measure(NamedTuple):
    """Coefficients of the distance: c₁, c₂, and one for each column; see :func:`distance`."""

    excess: float
    disjoint: float
    nodes: float
    small: int
    node_values: Array  # (columns,) float64
    node_choices: Array
    connection_values: Array
    connection_choices: Array
    genome_values: Array
    genome_choices: Array
    compare_nodes: bool  # whether any node coefficient is above 0


@helper
def distance(a, i, b, j, measure, limit):
    """δ = c₁·E/n + c₂·D/n + Σₖ cₖ·mean|Δₖ| between genome i of ``a`` and j of ``b``.

    Connection genes are aligned by innovation. One that the other genome lacks is excess (E)
    if born after all of the other's, else disjoint (D). n is the larger number of connection
    genes, 1 below ``small``. Σ runs over connection columns (the paper's c₃·W̄), node columns and
    those of the genome itself, means over matching genes; for a choice |Δ| is 1 where options
    differ.
    Source: Stanley & Miikkulainen (2002), equation 1.

    Returns:
        The distance, or any number above ``limit`` once it is certain to exceed it.
    """
    p, p_stop = a.connection_ptr[at(i)], a.connection_ptr[at(i + 1)]
    q, q_stop = b.connection_ptr[at(j)], b.connection_ptr[at(j + 1)]
    size = max(p_stop - p, q_stop - q)
    n = 1.0 if size < measure.small else float(size)
    # At least so many genes have no match: most distances are settled before a gene is read.
    smaller = min(p_stop - p, q_stop - q)
    if min(measure.excess, measure.disjoint) * (size - smaller) > limit * n:
        return np.inf
    last_a, last_b = np.int32(-1), np.int32(-1)
    for row in range(at(p), at(p_stop)):
        last_a = max(last_a, a.connection_birth[row])
    for row in range(at(q), at(q_stop)):
        last_b = max(last_b, b.connection_birth[row])
    unmatched, difference, matching = 0.0, 0.0, 0
    most = limit * n
    # Both are sorted by innovation, so one walk over both finds every match.
    while p < p_stop or q < q_stop:
        if q >= q_stop or (p < p_stop and a.innovation[at(p)] < b.innovation[at(q)]):
            late = a.connection_birth[at(p)] > last_b
            unmatched += measure.excess if late else measure.disjoint
            p += 1
        elif p >= p_stop or b.innovation[at(q)] < a.innovation[at(p)]:
            late = b.connection_birth[at(q)] > last_a
            unmatched += measure.excess if late else measure.disjoint
            q += 1
        else:
            for k in range(a.connection_values.shape[1]):
                gap = abs(a.connection_values[at(p), k] - b.connection_values[at(q), k])
                difference += measure.connection_values[k] * gap
            for k in range(a.connection_choices.shape[1]):
                if a.connection_choices[at(p), k] != b.connection_choices[at(q), k]:
                    difference += measure.connection_choices[k]
            matching += 1
            p += 1
            q += 1
            continue
        if unmatched > most:
            return np.inf
    total = unmatched / n + (difference / matching if matching > 0 else 0.0)
    if measure.compare_nodes:
        total += _node_distance(a, i, b, j, measure, n)
    for k in range(a.genome_values.shape[1]):
        gap = abs(a.genome_values[at(i), k] - b.genome_values[at(j), k])
        total += measure.genome_values[k] * gap
    for k in range(a.genome_choices.shape[1]):
        if a.genome_choices[at(i), k] != b.genome_choices[at(j), k]:
            total += measure.genome_choices[k]
    return total


@helper
def _node_distance(a, i, b, j, measure, n):
    """The terms of node genes, which are aligned by id and are neither excess nor disjoint."""
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


@helper
def merge(packed, rows, count, measure, threshold, into):
    """Merge species into the oldest one whose representative is near enough.

    Args:
        packed: Genomes.
        rows: (S,) rows of the representatives, oldest species first.
        count: How many of ``rows`` are in use.
        measure: Coefficients.
        threshold: As in :func:`assign`.
        into: (S,) int32, written: the species that each becomes part of, or itself.
    """
    for s in range(count):
        into[s] = s
        for older in range(s):
            if into[older] == older:
                near = distance(packed, at(rows[older]), packed, at(rows[s]), measure, threshold)
                if near < threshold:
                    into[s] = older
                    break


@helper
def _nearest(packed, n, representatives, tried, measure, threshold):
    """First species whose representative is near enough to genome n, or −1; ``tried`` is
    compared first unless it is −1.
    """
    others, rows = representatives
    for attempt in range(-1, rows.shape[0]):
        s = np.int64(tried) if attempt < 0 else attempt
        if s < 0 or (attempt == tried and attempt >= 0):
            continue
        if distance(packed, at(n), others, at(rows[s]), measure, threshold) < threshold:
            return s
    return np.int64(-1)


@kernel
def assign(packed, representatives, guess, measure, threshold, species, start, stop):
    """Species of genomes ``start:stop``: the first whose representative is near enough.

    Args:
        packed: Genomes.
        representatives: (packed, rows): (S,) rows of another batch, one per species.
        guess: (N,) int32 species to try first, −1 for none.
        measure: Coefficients.
        threshold: A genome belongs where the distance is below it.
        species: (N,) int32 written; −1 where no representative is near enough.
        start: First genome.
        stop: One past the last.
    """
    for n in range(start, stop):
        species[n] = _nearest(packed, n, representatives, guess[n], measure, threshold)


@helper
def _structure(packed, n):
    """A number that genomes of the same connection genes share."""
    bits = np.uint64(0)
    for c in range(at(packed.connection_ptr[at(n)]), at(packed.connection_ptr[at(n + 1)])):
        bits = mix(bits + np.uint64(packed.innovation[c]))
    return bits


@kernel
def settle(packed, representatives, guess, measure, threshold, species, tables):
    """Give every genome a species, and write the table of those that have members.

    Genomes that :func:`assign` has not seen are assigned here; those near no representative
    are grouped around the first of them, in order, each group a new species. With
    ``tables.twins_first`` one compares itself first with the group that the last genome of
    the same connection genes joined, which spares large populations a search through all.

    Args:
        packed: Genomes.
        representatives: As in :func:`assign`.
        guess: As in :func:`assign`.
        measure: Coefficients.
        threshold: As in :func:`assign`.
        species: (N,) int32, ``UNSEEN`` or as :func:`assign` wrote it; replaced by rows of the
            new table.
        tables: The species as they are; the new table is written.

    Returns:
        Rows of the new table, and how many of them were founded now.
    """
    old, new = tables.old, tables.new
    n_old = old.id.shape[0]
    alone = 0  # genomes near no representative; each may found a species
    for n in range(species.shape[0]):
        if species[n] == UNSEEN:
            species[n] = _nearest(packed, n, representatives, guess[n], measure, threshold)
        alone += species[n] < 0
    founders = np.empty(alone, np.int64)
    # A hash table from structure to group with open addressing: a power of two, so that a place
    # is the lowest bits of a structure, and never more than half full, so that a search ends.
    room = 1
    while room < 2 * alone:
        room *= 2
    structures = np.empty(room, np.uint64)
    twin = np.full(room, -1, np.int64)  # by structure: the group last joined
    count = 0
    for n in range(species.shape[0]):
        if species[n] >= 0:
            continue
        structure = _structure(packed, n)
        place = np.int64(structure & np.uint64(room - 1))
        while twin[place] >= 0 and structures[place] != structure:
            place = (place + 1) & (room - 1)
        s = np.int64(-1)
        for attempt in range(-1, count):  # −1: the twin's group; then all in order
            k = twin[place] if attempt < 0 else attempt
            if k < 0 or (attempt < 0 and not tables.twins_first):
                continue
            if distance(packed, at(n), packed, at(founders[k]), measure, threshold) < threshold:
                s = k
                break
        if s < 0:
            founders[count] = n
            s = np.int64(count)
            count += 1
        structures[place], twin[place] = structure, s
        species[n] = n_old + s
    # Species without members are left out, so rows move up.
    number = np.zeros(n_old + count, np.int32)  # 1 + row in the new table; 0 without members
    for n in range(species.shape[0]):
        number[species[n]] = 1
    left = 0
    for s in range(n_old + count):
        if number[s] == 0:
            continue
        if s < n_old:
            new.id[left], new.born[left] = old.id[s], old.born[s]
            new.best[left], new.improved[left] = old.best[s], old.improved[s]
        else:
            new.id[left] = tables.founded + 1 + s - n_old
            new.born[left] = tables.generation
            new.best[left], new.improved[left] = -np.inf, tables.generation
        left += 1
        number[s] = left
    for n in range(species.shape[0]):
        species[n] = number[species[n]] - 1
    return left, count


@kernel
def one_distance(a, b, measure):
    """Distance between the first genomes of two batches."""
    return distance(a, at(0), b, at(0), measure, np.inf)
