"""Evolve XOR from a fitness function of your own, and print the network that solves it."""

import neatgrow as ng

CASES = [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)]


def fitness(network: ng.Network) -> float:
    return 4.0 - sum((network.activate(x)[0] - y) ** 2 for x, y in CASES)


def main() -> None:
    result = ng.evolve(fitness, inputs=2, outputs=1, generations=300, seed=1, solved_at=3.9)
    print(result)
    print(result.champion)
    network = result.champion.compile()
    for x, y in CASES:
        print(f"{x} → {network.activate(x)[0]:+.3f}, wanted {y}")


if __name__ == "__main__":
    main()
