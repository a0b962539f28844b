"""A loop learns to remember: recall a bit five ticks after it was shown.

Gradients run back through time along the delayed connection. No population is needed: the graph
is written down with networkx and learns.
"""

import networkx
import numpy as np

import neatgrow as ng

DELAY = 5


def main() -> None:
    graph = networkx.DiGraph()
    graph.add_node("bit", kind="input")
    graph.add_node("memory", kind="hidden")
    graph.add_node("recalled", kind="output")
    graph.add_edge("bit", "memory", weight=1.0)
    graph.add_edge("memory", "memory", weight=0.5)  # a loop: delayed by one tick
    graph.add_edge("memory", "recalled", weight=0.5)
    genome = ng.Genome.from_networkx(graph)

    bits = np.random.default_rng(0).choice([-1.0, 1.0], (1, 64, 1))
    X = np.concatenate([bits, np.zeros((DELAY, 64, 1))])  # (T, B, I)
    Y = np.broadcast_to(bits, X.shape)  # (T, B, O)
    weights = np.zeros((DELAY + 1, 64))
    weights[-1] = 1.0  # only the last tick counts
    tuned, losses = ng.fine_tune(
        genome, X, Y, sequences=True, weights=weights, optimizer=ng.Adam(0.05), steps=400
    )
    recalled = np.sign(tuned.compile().run(X)[-1])
    print(f"loss {losses[0]:.3f} before, {losses[-1]:.6f} after {losses.size} steps")
    print(f"recalled after {DELAY} ticks: {(recalled == bits[0]).mean():.0%} of 64 bits")


if __name__ == "__main__":
    main()
