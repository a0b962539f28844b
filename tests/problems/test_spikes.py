"""Tasks whose answers are spikes."""

from itertools import permutations

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.problems.catalogue import ENTRIES, build

CONFIG = ng.Config().override({**ENTRIES["spiking-xor"].settings, "population_size": 60})


def test_all_orders_of_the_phases_are_played_and_judged():
    problem = ng.SpikingXOR(phase=3, current=2.0)
    orders = list(permutations([(0, 0), (1, 0), (0, 1), (1, 1)]))
    assert problem.X.shape == (12, 24, 2)
    rng = np.random.default_rng(0)
    outputs = (rng.random((2, 12, 24, 1)) < 0.2).astype(np.float32)
    outputs[1] = problem.Y  # a network that is right at every tick
    fitness = problem._fitness(outputs)
    wanted = 0.0
    for b, order in enumerate(orders):
        for phase, flows in enumerate(order):
            ticks = range(3 * phase, 3 * phase + 3)
            assert all(problem.X[t, b].tolist() == [2.0 * f for f in flows] for t in ticks)
            spikes = sum(outputs[0, t, b, 0] for t in ticks)
            wanted += float(spikes > 0) if sum(flows) == 1 else 1.0 / (1.0 + spikes)
    assert fitness[0] == pytest.approx(wanted / 96) and fitness[1] == 1.0
    outputs[0, 5, 7] = np.nan
    assert np.isnan(problem._fitness(outputs)).tolist() == [True, False]


def test_it_is_solved_by_hidden_cells_and_not_without():
    problem = build("spiking-xor")
    result = ng.evolve(problem, config=CONFIG, generations=120, seed=1, progress=False)
    assert result.solved
    outputs = result.champion.compile(np.float64).networks.run(problem.X)
    assert (problem.spikes(outputs)[0] > 0).tolist() == problem.wanted.tolist()
    alone = CONFIG.override({"start.hidden": 0, "mutation.add_node": 0.0})
    assert not ng.evolve(problem, config=alone, generations=20, seed=1, progress=False).solved
