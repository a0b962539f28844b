"""What a run came to, and what its fingerprint covers."""

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.results import fingerprint_of


@pytest.fixture(scope="module")
def result():
    return ng.evolve(ng.XOR(), config=ng.Config(population_size=20), generations=3, seed=1)


def with_statistics(genome, mean, scale):
    return genome.with_interface(input_mean=np.array(mean), input_scale=np.array(scale))


@pytest.mark.parametrize("column", ["connection_values", "node_values", "enabled", "node_choices"])
def test_a_champion_of_other_genes_has_another_fingerprint(column, result):
    champion = result.champion.copy()
    assert fingerprint_of(result.history, champion, result.marks) == result.fingerprint
    genes = getattr(champion.packed, column).reshape(-1)
    genes[0] = np.nextafter(genes[0], np.inf) if genes.dtype == np.float64 else not genes[0]
    assert champion != result.champion
    assert fingerprint_of(result.history, champion, result.marks) != result.fingerprint


def test_statistics_of_inputs_are_in_the_fingerprint(result):
    pairs = [((0.0, 0.0), (1.0, 1.0)), ((0.0, 1e-9), (1.0, 1.0)), ((0.0, 0.0), (1.0, 0.5))]
    champions = [result.champion, *(with_statistics(result.champion, *pair) for pair in pairs)]
    assert (
        len({fingerprint_of(result.history, champion, result.marks) for champion in champions}) == 4
    )


@pytest.mark.parametrize("column", ["best", "champion", "species", "evaluations", *TIMES])
def test_all_of_the_history_but_its_times_is_in_the_fingerprint(column, result):
    arrays = result.history.to_arrays()
    changed = arrays[column].copy()
    changed[1] += 1
    other = History.from_arrays(arrays | {column: changed})
    same = fingerprint_of(other, result.champion, result.marks) == result.fingerprint
    assert same == (column in TIMES)
