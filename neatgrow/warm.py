"""Compilation of kernels ahead of their use: for images of machines, and for clusters.

Kernels are compiled when they are first called, so each part here is a small piece of work that
calls some. Parts run in processes of their own; where two want the same kernel, one compiles it and
the other waits (:mod:`neatgrow.kernels.cache`).
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import numpy as np

from neatgrow.config import Config
from neatgrow.evaluation.base import Problem
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels import parallel
from neatgrow.learning.lifetime import Learning
from neatgrow.learning.policy.ppo import fine_tune_policy
from neatgrow.learning.training import fine_tune
from neatgrow.problems.gymnasium.problem import Gymnasium
from neatgrow.problems.simulation.mazes import TMaze
from neatgrow.problems.simulation.poles import PoleBalancing
from neatgrow.problems.simulation.walker import Walker
from neatgrow.problems.supervised import XOR
from neatgrow.runs.evolve import evolve
from neatgrow.timing import izhikevich_type


def _genome() -> Genome:
    return Genome.from_edges([(0, "h"), (1, "h"), ("h", 2), ("h", "h")], inputs=2, outputs=1)


def _evolution() -> None:
    with tempfile.TemporaryDirectory() as folder:
        evolve(XOR(), config=Config(population_size=20), generations=3, directory=folder,
               progress=False)  # fmt: skip


def _learning() -> None:
    samples = np.zeros((2, 2)), np.ones((2, 1))
    fine_tune(_genome(), *samples, validation=samples, steps=1, progress=False)


def _guided_growth() -> None:
    learning = Learning(steps=1, candidates=4)
    evolve(XOR(), config=Config(population_size=20), generations=3, learning=learning,
           progress=False)  # fmt: skip


def _controllers() -> None:
    genome = _genome()
    for dtype in (np.float32, np.float64):
        genome.compile(dtype).activate(np.zeros(2))
    genome.copies(2).compile().lanes(np.arange(2)).activate(np.zeros((2, 2), np.float32))


def _float64() -> None:
    genome, X = _genome(), np.zeros((2, 2))
    genome.compile(np.float64).predict(X)
    fine_tune(genome, X, np.zeros((2, 1)), steps=1, dtype=np.float64, progress=False)


def _time() -> None:
    spiking = izhikevich_type("regular_spiking")
    genome = Genome.from_edges([(0, "h"), ("h", 1)], inputs=1, outputs=1, nodes={"h": spiking})
    genome.compile().activate(np.zeros(1))
    genome.copies(2).compile().activate(np.zeros((2, 1)))
    fine_tune(genome, np.zeros((2, 1)), np.zeros((2, 1)), steps=1, progress=False)


def _simulations() -> None:
    poles = [PoleBalancing(poles=k, velocities=seen) for k in (1, 2) for seen in (True, False)]
    problems: list[Problem] = [*poles, TMaze(), Walker(time=1.0)]
    for problem in problems:
        evolve(problem, config=Config(population_size=4), generations=1, progress=False)


def _policies() -> None:
    problem = Gymnasium("CartPole-v1", episodes=1)
    genome = Genome.from_edges([(0, 4), (1, 5)], inputs=4, outputs=2)
    fine_tune_policy(genome, problem, iterations=1, progress=False)


PARTS: dict[str, Callable[[], None]] = {
    "evolution": _evolution,
    "learning": _learning,
    "time": _time,
    "float64": _float64,
    "policies": _policies,
    "guided growth": _guided_growth,
    "simulations": _simulations,
    "controllers": _controllers,
}
"""What to call, by the name of what it serves; what takes longest first."""


def warm(processes: int | None = None) -> Iterator[tuple[str, float]]:
    """Compile what is not in the cache of kernels yet; each part's name and seconds as it ends.

    Args:
        processes: How many at once; by default one for each core that this process may use.
    """
    count = min(processes or parallel.core_count(), len(PARTS))
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_timed, name) for name in PARTS]):
            yield done.result()


def _timed(name: str) -> tuple[str, float]:
    start = time.monotonic()
    PARTS[name]()
    return name, time.monotonic() - start
