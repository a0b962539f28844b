"""Pole balancing: actions per second with a policy, the bare simulator's rate, and compilation.

    python -m benchmarks.bench_poles [--copies 64] [--steps 20000]

Workload: champions of short runs on one and on two poles, with velocities, copied; every copy
balances from the start angle until the limit, so that all actions are full ones. The simulator
alone is its C function in a loop on one thread with no network and gravity upwards, so that poles
stay near upright by themselves. Rates are per second of wall time.
"""

import argparse
import time

import numba
import numpy as np

import neatgrow as ng
from benchmarks.ours import copies
from benchmarks.timing import markdown, measure, seconds_text
from neatgrow.kernels import parallel, simulators
from neatgrow.kernels.simulators import Sizes, call_simulator
from neatgrow.problems.simulation import pole_physics as physics

CONFIG = {
    "population_size": 16, "recurrent": False, "species.target": 3, "selection.survival": 0.4,
    "genes.bias.start_spread": 0.0, "genes.bias.mutate_rate": 0.0,
}  # fmt: skip


@numba.njit(nogil=True)
def _bare(step, world, parameters, n_state, n_inputs, count):
    """``count`` actions of a compiled simulator, without a network; how many reported an end."""
    here, ends = np.int64(world.ctypes.data), 0
    act = here + 8 * (n_state + n_inputs)
    for _ in range(count):
        call_simulator(
            step, here, here + 8 * n_state, np.int64(parameters.ctypes.data), act, act + 8
        )
        ends += world[-1] != 0.0
    return ends, world[0], parameters[0]


def bare_rate(poles: int, count: int) -> float:
    """Actions per second of one thread's simulator alone."""
    problem = ng.PoleBalancing(poles=poles, gravity=-9.8, track=1e12)
    n_state = n_inputs = 2 + 2 * poles
    sizes = Sizes(n_state, n_inputs, 1, problem.parameters.size, n_state)
    _, c_step = simulators.compiled(physics.reset, physics.balance, sizes)
    world = np.zeros(n_state + n_inputs + 2)
    given = (c_step.address, world, problem.parameters, n_state, n_inputs)
    assert _bare(*given, 10)[0] == 0
    return count / measure(lambda: _bare(*given, count)).median


def row(poles: int, n_copies: int, steps: int) -> tuple[str, ...]:
    problem = ng.PoleBalancing(poles=poles)
    result = ng.evolve(problem, config=ng.Config().override(CONFIG), generations=300, seed=1)
    champion = result.champion
    assert result.solved
    networks = copies(champion, n_copies).compile()
    played = problem.survived(networks, [problem.start], steps=steps)
    assert (played == steps).all()
    taken = measure(lambda: problem.survived(networks, [problem.start], steps=steps))
    return (
        f"{poles} pole{'s' * (poles > 1)}, {champion.n_enabled} connections, "
        f"{champion.n_hidden} hidden",
        f"{n_copies * steps / taken.median / 1e6:.1f} M/s",
        f"{taken}",
        f"{bare_rate(poles, 200_000) / 1e6:.1f} M/s",
    )


def compile_seconds() -> float:
    """Compiling one simulator, once per process: to be called first."""
    problem = ng.PoleBalancing()
    sizes = Sizes(6, 6, 1, problem.parameters.size, 6)
    start = time.perf_counter()
    simulators.compiled(physics.reset, physics.balance, sizes)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--copies", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20_000)
    options = parser.parse_args()
    compiling = compile_seconds()
    rows = [row(poles, options.copies, options.steps) for poles in (1, 2)]
    threads = parallel.thread_count()
    header = (
        f"{options.copies} networks × {options.steps} actions",
        f"with policy, {threads} threads",
        "time",
        "simulator alone, 1 thread",
    )
    print(markdown(header, rows))
    print(f"\ncompiling the simulator of two poles: {seconds_text(compiling)}")


if __name__ == "__main__":
    main()
