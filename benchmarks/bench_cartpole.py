"""CartPole-v1 with the defaults: seeds solved, seconds, and speed against neat-python.

    python -m benchmarks.bench_cartpole [--seeds 20]

A seed counts if its champion's mean return over 100 fresh episodes is at least 475.
"""

import argparse
import time

import numpy as np

import neatgrow as ng
from benchmarks.ours import copies, genome_of
from benchmarks.peers import CARTPOLE_POLICY, NeatPython
from benchmarks.timing import alternate, markdown, seconds_text

EPISODES, STEPS = 5, 500


def solve(seeds: int) -> list[tuple[str, ...]]:
    """One row per seed: solved, test mean, generations, evaluations, steps, seconds."""
    rows = []
    for seed in range(seeds):
        problem = ng.Gymnasium("CartPole-v1", episodes=EPISODES)
        start = time.perf_counter()
        result = ng.evolve(problem, generations=100, seed=seed)
        seconds = time.perf_counter() - start
        network = result.champion.compile().networks
        test = problem.evaluate(network, seed=10_000 + seed, episodes=100).fitness[0]
        history = result.history
        rows.append(
            (
                f"{seed}",
                "yes" if result.solved and test >= 475 else "NO",
                f"{test:.1f}",
                f"{len(history)}",
                f"{history.total('evaluations')}",
                f"{history.total('steps')}",
                f"{seconds:.2f}",
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    ng.evolve(ng.Gymnasium("CartPole-v1"), generations=2, seed=0)  # kernels, environments
    header = ("seed", "solved", "mean of 100", "generations", "evaluations", "steps", "seconds")
    rows = solve(seeds)
    print(markdown(header, rows))
    seconds = np.array([float(row[-1]) for row in rows])
    solved = sum(row[1] == "yes" for row in rows)
    print(
        f"\nsolved {solved} of {seeds}; seconds: median {np.median(seconds):.2f}, "
        f"mean {seconds.mean():.2f}, most {seconds.max():.2f}\n"
    )
    reason = NeatPython.missing()
    if reason:
        print(reason)
        return
    print(markdown(("steps with policy", "neatgrow", "neat-python", "ratio"), [speed(1000)]))


def speed(population: int) -> tuple[str, ...]:
    """Steps per second, policy included, full episodes of 500 steps."""
    problem = ng.Gymnasium("CartPole-v1")
    compiled = copies(genome_of(CARTPOLE_POLICY), population).compile()
    steps = problem.evaluate(compiled, seed=1).steps
    theirs = NeatPython().cartpole_steps(4)
    mine, peer = alternate([lambda: problem.evaluate(compiled, seed=1), theirs], most=10)
    ours_rate, peer_rate = steps / mine.median, theirs() / peer.median
    return (
        f"CartPole-v1, population {population}, {steps / population:.0f} steps each",
        f"{ours_rate:,.0f}/s ({seconds_text(mine.median)})",
        f"{peer_rate:,.0f}/s",
        f"{ours_rate / peer_rate:.0f}×",
    )


if __name__ == "__main__":
    main()
