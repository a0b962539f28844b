"""Episodes of compiled simulators: network and simulator in one loop, nothing of Python inside."""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.forward import stare
from neatgrow.kernels.jit import at, helper, kernel
from neatgrow.kernels.random import EPISODES, draw_uniform, seed_stream
from neatgrow.kernels.simulators import call_simulator


class Simulator(NamedTuple):
    """What is played."""

    reset: int  # address of its C code
    step: int
    n_state: int
    n_inputs: int
    parameters: Array  # (P,) float64
    limit: int  # actions of an episode


class Jobs(NamedTuple):
    """Who plays from where: job k is network ``rows[k // E]`` from ``starts[k % E]``."""

    rows: Array  # (A,) int64 networks
    starts: Array  # (E, D) float64
    mean: Array  # (I,) float64 that is subtracted from observations; (0,) for nothing
    scale: Array  # (I,) or (0,) that the difference is multiplied with


class Played(NamedTuple):
    """What came of A·E episodes.

    A return that is not finite is that of an episode that failed at action ``lengths``, counted
    from 1, or 0 where its reset did: its reward was not, or an output of the network.
    """

    returns: Array  # (A, E) float64, sums of rewards
    lengths: Array  # (A, E) int64, actions
    done: Array  # (A, E) bool, whether the simulator ended it, and not the limit


class _Scratch(NamedTuple):
    """What one thread works on."""

    slots: Array  # (slots,) of the network, float32 or float64
    seen: Array  # (I,) as slots
    given: Array  # (O,)
    world: Array  # (state + I + O + 1,) float64: state, observation, action, done
    here: int  # address of world
    parameters: int  # addresses of what the simulator reads
    starts: int


@kernel
def play(plan, custom, simulator, jobs, played, budget, start, stop):
    """Play jobs from ``start`` on until ``budget`` actions are spent or ``stop`` is reached.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        simulator: Simulator.
        jobs: Jobs.
        played: Played, written.
        budget: Actions after which no other episode is begun.
        start: First job.
        stop: One past the last.

    Returns:
        The first job that was not played, and how many actions were spent.
    """
    width = 0
    for job in range(start, stop):
        row = jobs.rows[job // jobs.starts.shape[0]]
        width = max(width, plan.width[row])
    n_inputs, n_outputs = simulator.n_inputs, plan.output_slot.shape[1]
    world = np.empty(simulator.n_state + n_inputs + n_outputs + 1)
    scratch = _Scratch(
        np.empty(width, plan.bias.dtype), np.empty(n_inputs, plan.bias.dtype),
        np.empty(n_outputs, plan.bias.dtype), world, np.int64(world.ctypes.data),
        np.int64(simulator.parameters.ctypes.data), np.int64(jobs.starts.ctypes.data),
    )  # fmt: skip
    spent, job = 0, start
    while job < stop and spent < budget:
        spent += _play_job(plan, custom, simulator, jobs, played, scratch, job)
        job += 1
    return job, spent


@helper
def _play_job(plan, custom, simulator, jobs, played, scratch, job):
    """One episode; how many actions it was, and one for its reset."""
    slots, world, here = scratch.slots, scratch.world, scratch.here
    n_inputs, n_outputs = simulator.n_inputs, plan.output_slot.shape[1]
    see = simulator.n_state
    act, done = see + n_inputs, see + n_inputs + n_outputs
    place, episode = job // jobs.starts.shape[0], job % jobs.starts.shape[0]
    row = jobs.rows[place]
    slots[:] = 0
    world[:] = 0.0
    total = call_simulator(
        simulator.reset, here, here + 8 * see, scratch.parameters,
        scratch.starts + 8 * jobs.starts.shape[1] * episode, here + 8 * done,
    )  # fmt: skip
    t = 0
    while t < simulator.limit and world[at(done)] == 0.0 and total - total == 0.0:
        for i in range(n_inputs):
            x = world[at(see + i)]
            if jobs.mean.shape[0] > 0:
                x = (x - jobs.mean[i]) * jobs.scale[i]
                x = -10.0 if x < -10.0 else (10.0 if x > 10.0 else x)
            scratch.seen[i] = x
        stare(plan, custom, row, scratch.seen, slots, scratch.given)
        for o in range(n_outputs):
            y = np.float64(scratch.given[o])
            world[at(act + o)] = y
            total += y - y  # NaN from here on if the output is not finite
        if total - total != 0.0:
            t += 1
            break
        total += call_simulator(
            simulator.step, here, here + 8 * see, scratch.parameters, here + 8 * act,
            here + 8 * done,
        )  # fmt: skip
        t += 1
    played.returns[place, episode] = total
    played.lengths[place, episode] = t
    played.done[place, episode] = world[at(done)] != 0.0
    return t + 1


@kernel
def draw_starts(seed, out):
    """Fill ``out`` (E, D) with uniform numbers in [0, 1), row e keyed by (seed, e) alone."""
    stream = np.empty(1, np.uint64)
    for episode in range(out.shape[0]):
        seed_stream(stream, seed, EPISODES, 0, episode)
        for d in range(out.shape[1]):
            out[episode, d] = draw_uniform(stream)
