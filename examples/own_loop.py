"""Own the loop: ask for genomes, evaluate them as you like, tell their fitness.

Here the whole population is judged at once on data: it fits y = sin(πx).
"""

import numpy as np

import neatgrow as ng


def main() -> None:
    X = np.linspace(-1, 1, 64)[:, None]  # (B, I)
    Y = np.sin(np.pi * X)  # (B, O)
    config = ng.Config(population_size=300)
    population = ng.Population(inputs=1, outputs=1, config=config, seed=1, minimize=True)
    for _ in range(150):
        genomes = population.ask()
        predictions = genomes.compile().predict(X)  # (N, B, O)
        population.tell(((predictions - Y) ** 2).mean(axis=(1, 2)))
        if population.generation % 50 == 0:
            print(f"generation {population.generation}: error {population.champion_fitness:.4f}")
    print(population.champion)


if __name__ == "__main__":
    main()
