"""LunarLander-v3 with policy, population 150 × 5 episodes: steps per second of each backend,
beside the environments alone and neat-python in two processes.

    python -m benchmarks.bench_environments

The policies are those of a first generation, 32 connections each, the same on all sides.
Environments alone are stepped with random actions, EnvPool also with those that the policies chose;
resets count on all sides.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import gymnasium
import numpy as np

import neatgrow as ng
from benchmarks.ours import graphs
from benchmarks.peers import Graph, NeatPython, neat_network
from benchmarks.timing import alternate, markdown
from neatgrow.problems.gymnasium.environments import quiet
from neatgrow.problems.gymnasium.envpools import PoolArena

NAME, POPULATION, EPISODES, INPUTS, OUTPUTS = "LunarLander-v3", 150, 5, 8, 4


def alone(seconds: float) -> float:
    """Steps per second of one Gymnasium environment in this process."""
    with quiet():
        env = gymnasium.make(NAME)
        env.reset(seed=1)
    actions = np.random.default_rng(1).integers(0, OUTPUTS, 10_000).tolist()
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        steps += len(actions)
    return steps / (time.perf_counter() - start)


def neat_share(share: list[Graph]) -> int:
    """Steps that neat-python's networks take in their episodes."""
    with quiet():
        env = gymnasium.make(NAME)
    steps = 0
    for graph in share:
        network = neat_network(graph)
        for episode in range(EPISODES):
            observation, _ = env.reset(seed=episode)
            done = False
            while not done:
                outputs = network.activate(observation.tolist())
                observation, _, terminated, truncated, _ = env.step(int(np.argmax(outputs)))
                done = terminated or truncated
                steps += 1
    return steps


def envpool_alone(count: int, steps: int):
    """A call that takes ``steps`` steps of ``count`` environments in EnvPool."""
    import envpool

    with quiet():
        env = envpool.make(NAME, env_type="gymnasium", num_envs=count, seed=1)
        env.reset()
    actions = np.random.default_rng(1).integers(0, OUTPUTS, (steps, count)).astype(np.int32)

    def repetition() -> None:
        for chosen in actions:
            env.step(chosen)

    return repetition


def envpool_again(problem: ng.Gymnasium, networks: ng.Networks):
    """A call that takes the very steps of an evaluation in EnvPool, without the networks."""
    started, stepped = [], []
    start, step = PoolArena.start, PoolArena.step

    def noted_start(arena, seeds):
        started.append(seeds)
        return start(arena, seeds)

    def noted_step(arena, actions, active):
        stepped.append((actions.copy(), active.copy()))
        return step(arena, actions, active)

    PoolArena.start, PoolArena.step = noted_start, noted_step
    try:
        problem.evaluate(networks, seed=1)
    finally:
        PoolArena.start, PoolArena.step = start, step
    (seeds,), arena = started, PoolArena(NAME, problem.max_steps)

    def repetition() -> None:
        arena.start(seeds)
        for actions, active in stepped:
            arena.step(actions, active)

    return repetition


def main() -> None:
    genomes = ng.Population(INPUTS, OUTPUTS, ng.Config(population_size=POPULATION), seed=1).ask()
    networks = genomes.compile()
    rows = []

    def row(what: str, steps: float, timing, beside: str) -> float:
        rate = steps / timing.median
        rows.append(
            (
                what,
                f"{rate:,.0f}",
                f"{steps / timing.most:,.0f}–{steps / timing.least:,.0f}",
                beside,
            )
        )
        return rate

    pool = ng.Gymnasium(NAME, episodes=EPISODES, backend="envpool")
    spread = ng.Gymnasium(NAME, episodes=EPISODES, backend="processes", processes=2)
    single = ng.Gymnasium(NAME, episodes=EPISODES, backend="single")
    ours = (pool, spread, single)
    steps = [problem.evaluate(networks, seed=1).steps for problem in ours]
    count, length = POPULATION * EPISODES, 100
    calls = [lambda problem=problem: problem.evaluate(networks, seed=1) for problem in ours]
    calls.append(envpool_alone(count, length))
    calls.append(envpool_again(pool, networks))
    with ProcessPoolExecutor(2, get_context("spawn")) as workers:
        list(workers.map(alone, [0.5, 0.5]))
        one, calls_most = [], 6
        missing = NeatPython.missing()
        if not missing:
            shares = graphs(genomes)
            half = [shares[::2], shares[1::2]]
            neat_steps = sum(workers.map(neat_share, half))
            calls.append(lambda: list(workers.map(neat_share, half)))
        timings = alternate(calls, most=calls_most, budget=4.0)
        two = []
        for _ in range(3):
            one.append(workers.submit(alone, 3.0).result())
            two.append(sum(workers.map(alone, [3.0, 3.0])))
    spread.close()
    theirs = row(
        f"EnvPool alone, {count} environments, random actions", count * length, timings[3], ""
    )
    lone, both = float(np.median(one)), float(np.median(two))
    rows.append(
        ("Gymnasium alone, one process", f"{lone:,.0f}", f"{min(one):,.0f}–{max(one):,.0f}", "")
    )
    rows.append(
        (
            "Gymnasium alone, two processes",
            f"{both:,.0f}",
            f"{min(two):,.0f}–{max(two):,.0f}",
            f"{both / lone:.2f} of one",
        )
    )
    same = row("EnvPool alone, the same steps as neatgrow's", steps[0], timings[4], "")
    peer = 0.0
    if missing:
        print(missing)
    else:
        peer = row("neat-python, two processes", neat_steps, timings[5], "")
    against = f", {steps[0] / timings[0].median / peer:.1f}× neat-python" if peer else ""
    mine = steps[0] / timings[0].median
    row(
        "neatgrow, EnvPool",
        steps[0],
        timings[0],
        f"{mine / same:.2f} of the same steps, {mine / theirs:.2f} of random ones{against}",
    )
    mine = steps[1] / timings[1].median
    beside = f"{mine / both:.2f} of two processes alone, {mine / lone / 2:.2f} of twice one alone"
    row("neatgrow, two processes", steps[1], timings[1], beside)
    mine = steps[2] / timings[2].median
    row("neatgrow, this process", steps[2], timings[2], f"{mine / lone:.2f} of one alone")
    print(markdown((f"{NAME}, {POPULATION} × {EPISODES} episodes", "steps/s", "range", ""), rows))


if __name__ == "__main__":
    main()
