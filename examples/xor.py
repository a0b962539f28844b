"""Evolve XOR from a fitness function of your own, and print the network that solves it."""

import numpy as np

import neatgrow as ng

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])  # (B, I)
Y = np.array([[0], [1], [1], [0]])  # (B, O)


def fitness(network: ng.Network) -> float:
    return 4.0 - float(((network.predict(X) - Y) ** 2).sum())


def main() -> None:
    result = ng.evolve(fitness, inputs=2, outputs=1, generations=300, seed=1, solved_at=3.9)
    print(result)
    print(result.champion)
    for x, output, y in zip(X, result.champion.compile().predict(X), Y, strict=True):
        print(f"{x} → {output[0]:+.3f}, wanted {y[0]}")


if __name__ == "__main__":
    main()
