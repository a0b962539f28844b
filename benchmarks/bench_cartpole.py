"""CartPole-v1 with the defaults: seeds solved, seconds, and speed against neat-python.

    python -m benchmarks.bench_cartpole [--seeds 20]

A seed counts if its champion's mean return over 100 fresh episodes is at least 475; seconds are
those of all generations, without the final test.
"""

import argparse

import numpy as np

import neatgrow as ng
from benchmarks.ours import copies, genome_of, graphs
from benchmarks.peers import CARTPOLE_POLICY, NeatPython
from benchmarks.timing import alternate, markdown, seconds_text
from neatgrow.runs.history import TIMES

EPISODES, REAL = 5, 20


def solve(seeds: int) -> list[tuple[str, ...]]:
    """One row per seed: solved, test mean, generations, evaluations, steps, seconds."""
    rows = []
    problem = ng.Gymnasium("CartPole-v1", episodes=EPISODES)
    for run in ng.repeat(problem, seeds=seeds, generations=100, processes=0):
        assert run.champion is not None
        networks = run.champion.batch().compile()
        test = problem.evaluate(networks, seed=10_000 + run.seed, episodes=100).fitness[0]
        rows.append(
            (
                f"{run.seed}",
                "yes" if run.solved and test >= 475 else "NO",
                f"{test:.1f}",
                f"{run.generations}",
                f"{run.evaluations}",
                f"{run.steps}",
                f"{run.seconds:.2f}",
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
    rows = [*real(), speed(1000)]
    print(markdown(("steps with policy", "neatgrow", "neat-python", "ratio"), rows))


def real() -> list[tuple[str, ...]]:
    """Steps per second of the generations that a run has, whose episodes end when poles fall."""
    problem = ng.Gymnasium("CartPole-v1", episodes=EPISODES)
    genomes = ng.Population(problem.inputs, problem.outputs, seed=1).ask()
    steps = problem.evaluate(genomes.compile(), seed=1).steps
    theirs = NeatPython().generation_steps(graphs(genomes), EPISODES)
    mine, peer = alternate([lambda: problem.evaluate(genomes.compile(), seed=1), theirs], most=10)
    rate, peer_rate = steps / mine.median, theirs() / peer.median
    size = f"{len(genomes)} genomes × {EPISODES} episodes"
    first = (
        f"CartPole-v1, a first generation: {size} of {steps / len(genomes) / EPISODES:.0f} steps",
        f"{rate:,.0f}/s ({seconds_text(mine.median)})",
        f"{peer_rate:,.0f}/s",
        f"{rate / peer_rate:.0f}×",
    )
    rates, sizes = [], []
    for seed in range(5):
        history = ng.evolve(
            problem, generations=REAL, seed=seed, solved_at=501, progress=False
        ).history
        seconds = sum(history[name] for name in TIMES)
        rates += list((history["steps"] / seconds)[1:])
        sizes += list(history["steps"][1:])
    return [
        first,
        (
            f"CartPole-v1, generations 2 to {REAL} of five runs with the defaults, with all their "
            f"work: {np.median(sizes):,.0f} steps in the median",
            f"{np.median(rates):,.0f}/s [{min(rates):,.0f}–{max(rates):,.0f}]",
            "–",
            "–",
        ),
    ]


def speed(population: int) -> tuple[str, ...]:
    """Steps per second, policy included, full episodes of 500 steps: the most there is."""
    problem = ng.Gymnasium("CartPole-v1")
    compiled = copies(genome_of(CARTPOLE_POLICY), population).compile()
    steps = problem.evaluate(compiled, seed=1).steps
    theirs = NeatPython().cartpole_steps(4)
    mine, peer = alternate([lambda: problem.evaluate(compiled, seed=1), theirs], most=10)
    ours_rate, peer_rate = steps / mine.median, theirs() / peer.median
    return (
        f"CartPole-v1, {population} copies of a network that balances, one episode of "
        f"{steps / population:.0f} steps each",
        f"{ours_rate:,.0f}/s ({seconds_text(mine.median)})",
        f"{peer_rate:,.0f}/s",
        f"{ours_rate / peer_rate:.0f}×",
    )


if __name__ == "__main__":
    main()
