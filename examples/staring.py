"""Look longer, see more: which of two lights is brighter, where light comes as single spikes.

A network evolves on looks of 20 ticks; the same champion then looks for shorter and for longer.
"""

import numpy as np

import neatgrow as ng


def lights(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of brightness from 0 to 1, (B, 2), and which of each is larger, (B,)."""
    X = np.random.default_rng(seed).uniform(0, 1, (count, 2))
    return X, X.argmax(axis=1)


def main() -> None:
    problem = ng.Supervised(*lights(300, seed=0), loss="categorical", measure="accuracy")
    config = ng.Config(
        dynamics=("leaky", "lif"), ticks=20, input_coding="rate", readout="mean",
        population_size=100,
    ).override({"genes.dynamics.outputs": "leaky"})  # fmt: skip
    result = ng.evolve(problem, config=config, generations=30, seed=1)
    print(result)
    X, wanted = lights(2000, seed=1)
    for ticks in (2, 5, 10, 20, 50, 100):
        champion = result.champion.with_interface(ticks=ticks)
        right = champion.compile().predict(X).argmax(axis=1) == wanted
        print(f"{ticks:3d} ticks: {right.mean():.1%} right")
    ng.draw_activity(result.champion, X[:5]).savefig("staring.png")


if __name__ == "__main__":
    main()
