"""A world in which all genomes live at once: birds that flap through gaps, and die one by one.

The world is a function of its own, as of a game; draw its birds with pygame or whatever you like.
Each bird is a lane of the population's networks, with a state of its own; those who have died are
left out.
"""

import numpy as np

import neatgrow as ng

FRAMES, PIPE_EVERY, GAP = 600, 24, 0.14


def play(networks: ng.Networks, seed: int) -> np.ndarray:
    """How many frames each bird lives."""
    draw = np.random.default_rng(seed)
    gaps = draw.uniform(0.1, 0.9, FRAMES // PIPE_EVERY + 2)  # of each pipe in turn
    lanes = networks.lanes(np.arange(len(networks)))
    height, speed = np.full(len(networks), 0.5), np.zeros(len(networks))
    lived, alive = np.zeros(len(networks)), np.arange(len(networks))
    for frame in range(FRAMES):
        gap = gaps[frame // PIPE_EVERY]
        ahead = np.full(alive.size, 1.0 - frame % PIPE_EVERY / PIPE_EVERY)
        x = np.stack([height[alive] - gap, 20.0 * speed[alive], ahead], axis=1)
        flaps = lanes.activate(x, alive)[:, 0] > 0.0
        speed[alive] = np.where(flaps, 0.025, speed[alive] - 0.004)
        height[alive] += speed[alive]
        lived[alive] += 1
        hit = (height[alive] < 0.0) | (height[alive] > 1.0)
        if frame % PIPE_EVERY == PIPE_EVERY - 1:  # the pipe is here
            hit |= np.abs(height[alive] - gap) > GAP / 2
        alive = alive[~hit]
        if not alive.size:
            break
    return lived


def main() -> None:
    names = ("height over the gap", "speed", "distance")
    population = ng.Population(3, 1, seed=1, input_names=names, output_names=("flap",))
    for generation in range(30):
        networks = population.ask().compile()
        worlds = [play(networks, seed=3 * generation + k) for k in range(3)]  # against luck
        lived = np.mean(worlds, axis=0)
        population.tell(lived)
        print(f"generation {generation + 1}: the best bird lived {lived.max():.0f} frames")
        if lived.max() == FRAMES:
            break
    population.champion.save("bird.npz")


if __name__ == "__main__":
    main()
