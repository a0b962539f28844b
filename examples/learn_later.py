"""Evolve first, learn later: a graph evolved to fit a curve roughly is tuned by gradients.

Draws the curve before and after to learn_later.png.
"""

import numpy as np
from matplotlib.figure import Figure

import neatgrow as ng


def main() -> None:
    X = np.linspace(-1, 1, 64)[:, None]  # (B, I)
    Y = 0.8 * np.sin(np.pi * X) + 0.2 * np.sin(4 * np.pi * X)  # (B, O)
    problem = ng.Supervised(X, Y, name="two waves")
    evolved = ng.evolve(problem, generations=150, seed=2).champion
    tuned, losses = ng.fine_tune(evolved, X, Y, optimizer=ng.Adam(0.01), steps=3000)
    before = float(((evolved.compile().predict(X) - Y) ** 2).mean())
    after = float(((tuned.compile().predict(X) - Y) ** 2).mean())
    print(f"{evolved.n_hidden} hidden nodes, {evolved.n_enabled} connections")
    print(f"mean squared error: {before:.5f} evolved, {after:.5f} after learning")

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    curve, learning = figure.subplots(1, 2)
    for name, genome in (("evolved", evolved), ("after learning", tuned)):
        curve.plot(X[:, 0], genome.compile().predict(X)[:, 0], label=name)
    curve.plot(X[:, 0], Y[:, 0], "k:", label="wanted")
    curve.legend()
    learning.semilogy(losses)
    learning.set_xlabel("step")
    learning.set_title("mean squared error", fontsize=10)
    figure.savefig("learn_later.png", dpi=120)


if __name__ == "__main__":
    main()
