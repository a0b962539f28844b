"""Offspring: who makes each child of a generation, and how much room its genes may need."""

from typing import NamedTuple

from neatgrow._types import Array
from neatgrow.kernels.jit import helper, kernel

COPY, MUTATE, MATE, MATE_AVERAGE = range(4)  # kinds of offspring


class Offspring(NamedTuple):
    """Who makes each of N children; the first parent is at least as fit as the second."""

    first: Array  # (N,) int32, row of a parent
    second: Array  # (N,) int32, unused unless mated
    kind: Array  # (N,) uint8: COPY, MUTATE, MATE, MATE_AVERAGE
    equal: Array  # (N,) bool, parents equally fit: genes of either may be inherited


@helper
def measure_room(parents, offspring, room):
    """Most genes that each child can have: its parents', and what one mutation adds.

    Args:
        parents: Packed genomes.
        offspring: Plan.
        room: (2, N+1) int64, written: offsets of node and connection genes.
    """
    room[0, 0], room[1, 0] = 0, 0
    for child in range(offspring.first.shape[0]):
        first, second = offspring.first[child], offspring.second[child]
        nodes = 1 + parents.node_ptr[first + 1] - parents.node_ptr[first]
        connections = 4 + parents.connection_ptr[first + 1] - parents.connection_ptr[first]
        if offspring.kind[child] >= MATE and offspring.equal[child]:
            nodes += parents.node_ptr[second + 1] - parents.node_ptr[second]
            connections += parents.connection_ptr[second + 1] - parents.connection_ptr[second]
        room[0, child + 1] = room[0, child] + nodes
        room[1, child + 1] = room[1, child] + connections


@kernel
def room_of(parents, offspring, room):
    """:func:`measure_room` for offspring that no kernel of selection has chosen."""
    measure_room(parents, offspring, room)
