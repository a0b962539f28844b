"""Evolve a controller for CartPole-v1, test it on fresh episodes, and draw it."""

import neatgrow as ng


def main() -> None:
    problem = ng.Gymnasium("CartPole-v1", episodes=5)
    result = ng.evolve(problem, generations=50, seed=1, progress=True)
    network = result.champion.compile()
    test = problem.evaluate(network.networks, seed=12345, episodes=100)
    print(result)
    print(f"mean return over 100 fresh episodes: {test.fitness[0]:.1f}")
    ng.draw(result.champion).savefig("cartpole.png")
    result.champion.save("cartpole.npz")


if __name__ == "__main__":
    main()
