"""Who has offspring, and with whom: one call from fitness to the parents of all children."""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.graphs import bucket
from neatgrow.kernels.jit import helper, kernel
from neatgrow.kernels.offspring import COPY, MATE, MATE_AVERAGE, MUTATE, Offspring, measure_room
from neatgrow.kernels.random import REPRESENTATIVE, draw_below, draw_uniform, seed_stream
from neatgrow.kernels.speciation import merge

CHILDREN, ELITES, FATE = range(3)  # rows of a quota
ALIVE, STAGNANT, TOO_FEW = range(3)  # fates


class Standing(NamedTuple):
    """How a generation of N genomes in S species did."""

    fitness: Array  # (N,) float64, higher is better, NaN for failures
    order: Array  # (N,) int64, rows from best to worst, failures last
    species: Array  # (N,) int32
    improved: Array  # (S,) int64, generation in which each species last got better
    generation: int


class Policy(NamedTuple):
    """Who may have offspring, and how: ``config.selection``, ``species`` and ``crossover``."""

    size: int
    stagnation: int
    protected: int
    narrow: bool  # only the two best species may have offspring
    survival: float
    elites: int
    elite_species_size: int
    by_rank: bool
    floor: float
    mutation_only: float
    average: float
    interspecies: float
    parent_first: bool  # children try their parent's species first, and near species merge


class Generation(NamedTuple):
    """Who makes N children, and the S species that go on, written by :func:`share_offspring`."""

    offspring: Offspring  # species after species, elites first in each
    room: Array  # (2, N+1) int64, see ``offspring.measure_room``
    guess: Array  # (N,) int32, species to try first, as a place in ``kept``; −1 for none
    quota: Array  # (3, S) int64: children, elites among them, and fate of each species
    kept: Array  # (S,) int64, in its first entries: species that go on
    representatives: Array  # (S,) int64, a random member of each of these


@kernel
def credit(told, sign, fitness, species, best, improved, generation):
    """Take told fitnesses: record failures as NaN and what each species achieved.

    Args:
        told: (N,) float64.
        sign: −1 where lower is better.
        fitness: (N,) float64, written.
        species: (N,) int32.
        best: (S,) float64, updated: highest fitness of each species so far.
        improved: (S,) int64, updated: generation in which it rose.
        generation: Now.

    Returns:
        Row of the first best genome, or −1 if all failed.
    """
    top = -1
    for n in range(told.shape[0]):
        value = sign * told[n]
        if not np.isfinite(value):
            fitness[n] = np.nan
            continue
        fitness[n] = value
        if top < 0 or value > fitness[top]:
            top = n
        if value > best[species[n]]:
            best[species[n]] = value
            improved[species[n]] = generation
    return top


@kernel
def share_offspring(parents, standing, policy, measure, threshold, seed, new):
    """Decide on the next generation: who has offspring, with whom, and room for them.

    Args:
        parents: Packed genomes of the present generation.
        standing: How they did.
        policy: Settings.
        measure: Coefficients of the distance.
        threshold: Species whose representatives are nearer than this merge.
        seed: (2,) int64: run seed and purpose.
        new: Written; in ``kept`` species that have offspring and did not merge into others.

    Returns:
        How many species go on; 0 means extinction, and nothing but fates was settled.
    """
    n_species = standing.improved.shape[0]
    score = np.empty(standing.fitness.shape[0])
    share = np.zeros(n_species)
    ptr = np.empty(n_species + 1, np.int64)
    members = np.empty(standing.fitness.shape[0], np.int64)
    keys = np.empty(standing.fitness.shape[0], np.int64)
    stream = np.empty(1, np.uint64)
    scores(standing.fitness, standing.order, policy.by_rank, score)
    # Rows by species, best first in each: a stable sort of the order of all by species.
    for i in range(keys.shape[0]):
        keys[i] = standing.species[standing.order[i]]
    bucket(keys, keys.shape[0], n_species, ptr, members)
    for i in range(keys.shape[0]):
        members[i] = standing.order[members[i]]
    if _judge_species(standing, policy, ptr, score, share, new.quota) == 0:
        return 0
    allot(share, policy.size, new.quota)
    _allot_elites(standing, policy, ptr, new.quota)
    count = 0
    for s in range(n_species):
        if new.quota[CHILDREN, s] > 0:  # a stream for each: others' fates change no draw
            seed_stream(stream, seed[0], REPRESENTATIVE, standing.generation, s)
            row = ptr[s] + draw_below(stream, ptr[s + 1] - ptr[s])
            new.kept[count], new.representatives[count] = s, members[row]
            count += 1
    position = keys  # which are not needed any more
    for i in range(position.shape[0]):
        position[standing.order[i]] = i
    pool = Pool(members, ptr, position, count)
    _choose_parents(standing, policy, seed, pool, new.quota, new.offspring, new.guess, stream)
    measure_room(parents, new.offspring, new.room)
    if not policy.parent_first:
        new.guess[:] = -1
        return count
    # Children are compared with their parent's species first, so two species that drifted
    # together would live on side by side if they were not merged.
    into = np.empty(count, np.int32)
    merge(parents, new.representatives, count, measure, threshold, into)
    left = 0
    for s in range(count):  # ``into`` becomes the place among those left
        if into[s] == s:
            new.kept[left], new.representatives[left] = new.kept[s], new.representatives[s]
            into[s] = left
            left += 1
        else:
            into[s] = into[into[s]]
    for child in range(new.guess.shape[0]):
        new.guess[child] = into[new.guess[child]]
    return left


class Pool(NamedTuple):
    """Genomes as parents: rows by species, best first in each."""

    members: Array  # (N,) int64
    ptr: Array  # (S+1,) int64
    position: Array  # (N,) int64, place in the order of all
    breeding: int  # species that have offspring


@helper
def scores(fitness, order, by_rank, out):
    """Each genome's score in [0, 1], unchanged by shift and scale of fitness.

    By rank, the share of others that are worse, ties counting half; else the height above
    the worst on a scale to the best. Failures score as the lowest; all 1 if all are equal.
    """
    count = fitness.shape[0]
    finite = count
    while finite > 0 and np.isnan(fitness[order[finite - 1]]):
        finite -= 1
    if finite == 0 or (finite == count and fitness[order[0]] == fitness[order[count - 1]]):
        out[:] = 1.0
        return
    best, worst = fitness[order[0]], fitness[order[finite - 1]]
    reach = best / 2 - worst / 2  # halved: the range of two huge numbers may overflow
    i = 0
    while i < count:
        j = i + 1
        while j < count and (
            fitness[order[j]] == fitness[order[i]] or (i >= finite and j >= finite)
        ):
            j += 1
        if by_rank:
            value = (2 * count - i - j - 1) / (2.0 * (count - 1))
        elif i >= finite:
            value = 0.0
        else:
            value = (fitness[order[i]] / 2 - worst / 2) / reach if reach > 0.0 else 1.0
        for k in range(i, j):
            out[order[k]] = value
        i = j


@helper
def _judge_species(standing, policy, ptr, score, share, quota):
    """Mean score and fate of each species; how many may have offspring."""
    rank, alive = 0, 0
    quota[FATE, :] = -1
    for n in standing.order:  # species in the order of their best members
        s = standing.species[n]
        share[s] += score[n]
        if quota[FATE, s] >= 0:
            continue
        idle = standing.generation - standing.improved[s]
        stagnant = idle >= policy.stagnation and rank >= policy.protected
        if policy.narrow and rank >= 2:
            stagnant = True
        quota[FATE, s] = STAGNANT if stagnant else ALIVE
        alive += not stagnant
        rank += 1
    for s in range(share.shape[0]):
        size = ptr[s + 1] - ptr[s]
        mean = policy.floor + (1.0 - policy.floor) * share[s] / size
        share[s] = 0.0 if quota[FATE, s] == STAGNANT else mean
    total = 0.0
    for s in range(share.shape[0]):
        total += share[s]
    if total <= 0.0:
        for s in range(share.shape[0]):
            share[s] = 1.0 if quota[FATE, s] == ALIVE else 0.0
    return alive


@helper
def allot(share, size, quota):
    """Children in proportion to shares, exactly ``size`` of them, by largest remainder; at
    equal remainders the older species. Leaves remainders in ``share``.
    """
    total = 0.0
    for s in range(share.shape[0]):
        total += share[s]
    left = size
    for s in range(share.shape[0]):
        exact = share[s] / total * size
        quota[CHILDREN, s] = np.int64(exact)
        share[s] = exact - quota[CHILDREN, s]
        left -= quota[CHILDREN, s]
    while left > 0:  # no more than S times: what rounding down left over
        most = 0
        for s in range(1, share.shape[0]):
            if share[s] > share[most]:
                most = s
        quota[CHILDREN, most] += 1
        share[most] = -1.0  # below every remainder: no second one
        left -= 1


@helper
def _allot_elites(standing, policy, ptr, quota):
    """Elites of each species; the generation's best is one of them wherever there are any."""
    leader = standing.species[standing.order[0]]
    most = 0
    for s in range(quota.shape[1]):
        size = ptr[s + 1] - ptr[s]
        elites = policy.elites if size >= policy.elite_species_size else 0
        if s == leader and policy.elites > 0:
            elites = max(elites, 1)
        quota[ELITES, s] = min(elites, size)
        if quota[CHILDREN, s] > quota[CHILDREN, most]:
            most = s
    # A species too small for a child of its own may hold the best genome, which must not be lost.
    if policy.elites > 0 and quota[FATE, leader] == ALIVE and quota[CHILDREN, leader] == 0:
        quota[CHILDREN, most] -= 1
        quota[CHILDREN, leader] = 1
    for s in range(quota.shape[1]):
        quota[ELITES, s] = min(quota[ELITES, s], quota[CHILDREN, s])
        if quota[CHILDREN, s] == 0 and quota[FATE, s] == ALIVE:
            quota[FATE, s] = TOO_FEW


@helper
def _choose_parents(standing, policy, seed, pool, quota, offspring, guess, stream):
    """Fill in parents, species after species, elites first in each."""
    fitness = standing.fitness
    child, number = 0, -1  # number: place of the species among those that go on
    for s in range(quota.shape[1]):
        number += quota[CHILDREN, s] > 0
        for k in range(quota[CHILDREN, s]):
            seed_stream(stream, seed[0], seed[1], standing.generation, child)
            if k < quota[ELITES, s]:
                first, kind = pool.members[pool.ptr[s] + k], COPY
            else:
                first, kind = _survivor(policy, pool, s, stream), MUTATE
            second = first
            if kind != COPY and draw_uniform(stream) >= policy.mutation_only:
                other = s
                if pool.breeding > 1 and draw_uniform(stream) < policy.interspecies:
                    other = _another(quota, pool.breeding, s, stream)
                second = _survivor(policy, pool, other, stream)
                if second != first:
                    kind = MATE_AVERAGE if draw_uniform(stream) < policy.average else MATE
            if pool.position[second] < pool.position[first]:  # the fitter one gives the structure
                first, second = second, first
            offspring.first[child], offspring.second[child] = first, second
            offspring.kind[child] = kind
            equal = fitness[first] == fitness[second] or np.isnan(fitness[first])
            offspring.equal[child] = equal
            guess[child] = number
            child += 1


@helper
def _survivor(policy, pool, s, stream):
    """A random one of the share of a species that may have offspring."""
    size = pool.ptr[s + 1] - pool.ptr[s]
    survivors = max(1, np.int64(np.ceil(policy.survival * size)))
    return pool.members[pool.ptr[s] + draw_below(stream, survivors)]


@helper
def _another(quota, breeding, own, stream):
    """A random species with offspring, other than ``own``."""
    wanted = draw_below(stream, breeding - 1)
    for s in range(quota.shape[1]):
        if quota[CHILDREN, s] > 0 and s != own:
            if wanted == 0:
                return s
            wanted -= 1
    return own
