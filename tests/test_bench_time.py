"""What the benchmark of time counts, and what it starts from."""

import numpy as np
import pytest

import neatgrow as ng
from benchmarks import bench_time as bench


def test_rows_count_what_reaches_their_bar():
    ran = [bench.Ran(0.5, 3, 1.0), bench.Ran(0.25, 5, 2.0), bench.Ran(1.0, 4, 9.0)]
    row = bench.Row("task", "evolve", "leaky", lambda seed: (0.0, 0), 0.5, True, "published")
    assert bench.line(row, ran) == (
        "task", "evolve", "leaky", "< 0.5", "1 of 3", "0.5833, 0.5000 [0.2500–1.0000]", "4.0", "2",
        "published",
    )  # fmt: skip
    assert bench.line(row._replace(below=False), ran)[3:5] == ("≥ 0.5", "2 of 3")


def test_every_leaky_row_of_a_task_that_others_can_do_has_its_control():
    rows = bench.rows()
    for name in ("lorenz", "lorenz-learned", "lorenz-x", "lorenz-x-learned", "recall", "adding"):
        assert [row.nodes for known, row in rows if known == name] == ["leaky", "instant"]
    state = next(row for name, row in rows if name == "lorenz")
    assert state.bar == pytest.approx(0.0553, abs=1e-4) and "quadratic 0.0071" in state.beside


@pytest.mark.parametrize("sensor", [True, False])
def test_circuits_are_three_leaky_nodes_all_joined(sensor):
    genomes = bench.circuits(sensor, 5, seed=1)
    for genome in genomes:
        assert genome.n_hidden == 0 and genome.n_enabled == 9 + 3 * sensor
        assert set(genome.options("dynamics")) == {"leaky"}
        tau = genome.column("time_constant")
        assert 5 <= tau.min() <= tau.max() <= 100 and abs(genome.weight).max() <= 16
        if not sensor:  # centre-crossing: half on, half off, z is 0
            into = [genome.weight[genome.target == k].sum() for k in (1, 2, 3)]
            assert genome.bias == pytest.approx(np.clip(-np.array(into) / 2, -16, 16))
    fitness = ng.Walker(sensor=sensor, time=10.0).evaluate(genomes.compile()).fitness
    assert np.isfinite(fitness).all()


def test_layers_are_of_the_size_that_is_said():
    for nodes in ("leaky", "instant"):
        genome = bench.layered(3, nodes)
        assert genome.n_hidden == 40 and genome.n_enabled == 64 * 40 + 40 * 10
