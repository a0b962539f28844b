"""Exclusive or in spikes: fire while one of two currents flows, be silent while none or both do."""

import numpy as np

import neatgrow as ng
from neatgrow.problems.catalogue import ENTRIES


def main() -> None:
    problem = ng.SpikingXOR()
    config = ng.Config().override(dict(ENTRIES["spiking-xor"].settings))
    result = ng.evolve(problem, config=config, generations=100, seed=1)
    print(result)
    network = result.champion.compile(np.float64)
    spikes = problem.spikes(network.networks.run(problem.X))[0]  # (4 phases, 24 orders)
    right = (spikes > 0) == problem.wanted
    print(f"{right.sum()} of {right.size} phases right in all 24 orders of them")
    print("spikes in the first order, by phase:", spikes[:, 0].tolist())
    ng.draw_activity(result.champion, problem.X[:, 0]).savefig("spikes.png")


if __name__ == "__main__":
    main()
