"""Problems that worker processes can import, with genomes that raise, hang or kill."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import neatgrow as ng
from neatgrow.evaluation.base import Evaluation


def value_of(network):
    return float(network.activate([0.5])[0])


# Not from conftest, which takes as long to import as all else that a worker needs.
CONFIG = ng.Config(population_size=12).override(
    {"genes.bias.start_spread": 0.5, "genes.bias.mutate_rate": 0.7}
)
GIVEN = {"inputs": 1, "outputs": 1, "config": CONFIG, "seed": 4}


def first_generation():
    """Of a run with GIVEN; and what :func:`value_of` says of each genome, all different."""
    genomes = ng.Population(1, 1, CONFIG, seed=4).ask()
    networks = genomes.compile()
    values = [value_of(networks[row]) for row in range(len(networks))]
    assert len(set(values)) == 12
    return genomes, values


def partly(network):
    """Raises for some genomes and answers nonsense for others, by what they are."""
    value = value_of(network)
    if value < -0.8:
        raise ValueError(f"too low: {value:.3f}")
    if value < -0.6:
        return "low"
    return float("nan") if value < -0.4 else value


def picky(network):
    """Raises for some genomes, by what they are."""
    value = value_of(network)
    if value < 0.0:
        raise ValueError(f"below 0: {value:.3f}")
    return value


def fail_all(network):
    return {}["missing"]


class HardError(Exception):
    """Does not survive a pickle."""

    def __init__(self, one, two):
        super().__init__(one)


def _raise():
    raise HardError("one", "two")


def die_with_a_child():
    """Killed, while a forked child sleeps on."""
    if os.fork() == 0:
        os.closerange(0, 3)  # which the tests' output may be waiting for
        time.sleep(120)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)


FAULTS = {
    "die with a child": die_with_a_child,
    "raise": _raise,
    "hang": lambda: time.sleep(600),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(3),
    "sys.exit": lambda: sys.exit(4),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
}


class Trap:
    """A fitness function that has a fault at the genomes of some values.

    Args:
        faults: Names of faults by the value of the genome.
        once: A file that says that the fault has been; then it is not again.
    """

    __name__ = "trap"

    def __init__(self, faults, once=None):
        self.faults, self.once = faults, once

    def __call__(self, network):
        value = value_of(network)
        if value in self.faults and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            FAULTS[self.faults[value]]()
        return value


class Noisy:
    """Fitness of its own; the retest of the genomes of some values has a fault."""

    name, inputs, outputs = "noisy", 1, 1
    input_names = output_names = solved_at = None
    noisy = True

    def __init__(self, faults):
        self.faults = faults

    def evaluate(self, networks, *, seed, episodes=None):
        values = [value_of(networks[row]) for row in range(len(networks))]
        for value in values:
            if episodes is not None and value in self.faults:
                FAULTS[self.faults[value]]()
        scores = np.repeat(np.array(values)[:, None], episodes or 1, axis=1)
        return Evaluation(np.array(values), scores.size, scores=scores)

    def statistics(self):
        return None

    def describe(self):
        return {"problem": "noisy"}


class Homesick:
    """A fitness function that can be made in the first process alone."""

    __name__ = "homesick"

    def __init__(self, fault):
        self.fault = fault

    def __call__(self, network):
        return 1.0

    def __setstate__(self, state):
        if multiprocessing.parent_process() is not None:
            FAULTS[state["fault"]]()
        self.__dict__.update(state)


def slow(network):
    time.sleep(0.1)
    return value_of(network)


def nonsense(network):
    return "low"
