"""Parents for every child of the next generation."""

import numpy as np

from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.random import draw_below, draw_uniform, seed_stream
from neatgrow.kernels.variation import COPY, MATE, MATE_AVERAGE, MUTATE


@kernel
def choose_parents(pool, quota, fitness, rates, key, offspring, guess):
    """Fill the offspring plan, species after species, elites first in each.

    Args:
        pool: (members, species_ptr, survivors): genome rows sorted by species and then from
            best to worst, their (S+1,) offsets, and how many of each species may be parents.
        quota: (2, S) int64: children of each species, and how many of them are elites.
        fitness: (N,) float64, no NaN.
        rates: (3,) float64: mutation only, averaging, between species.
        key: (3,) int64: run seed, purpose, generation.
        offspring: Plan of all children, written.
        guess: (children,) int32, written: species of each child's first parent.
    """
    members, species_ptr, survivors = pool
    stream = np.empty(1, np.uint64)
    n_species = survivors.shape[0]
    breeding = 0
    for s in range(n_species):
        breeding += quota[0, s] > 0
    child = 0
    for s in range(n_species):
        best = species_ptr[s]
        for k in range(quota[0, s]):
            seed_stream(stream, key[0], key[1], key[2], child)
            guess[child] = s
            if k < quota[1, s]:
                first, kind = members[best + k], COPY
            else:
                first, kind = members[best + draw_below(stream, survivors[s])], MUTATE
            second = first
            if kind != COPY and draw_uniform(stream) >= rates[0]:
                other = s
                if breeding > 1 and draw_uniform(stream) < rates[2]:
                    other = _another(quota, breeding, s, stream)
                row = species_ptr[other] + draw_below(stream, survivors[other])
                second = members[row]
                if second != first:
                    kind = MATE_AVERAGE if draw_uniform(stream) < rates[1] else MATE
            if fitness[second] > fitness[first]:
                first, second = second, first
            offspring.first[child], offspring.second[child] = first, second
            offspring.kind[child] = kind
            offspring.equal[child] = fitness[first] == fitness[second]
            child += 1


@helper
def _another(quota, breeding, own, stream):
    """A random species with offspring, other than ``own``."""
    wanted = draw_below(stream, breeding - 1)
    for s in range(quota.shape[1]):
        if quota[0, s] > 0 and s != own:
            if wanted == 0:
                return s
            wanted -= 1
    return own
