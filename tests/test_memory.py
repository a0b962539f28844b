"""Populations that cannot fit are refused, with an estimate, before memory is asked for."""

import tracemalloc

import numpy as np
import pytest

import neatgrow as ng
from neatgrow import _memory


@pytest.fixture(autouse=True)
def a_small_machine(monkeypatch):
    monkeypatch.setattr(_memory, "there_is", lambda: 8_000_000_000)


@pytest.fixture
def little():
    """Fails where a test takes more than 5 MB."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


@pytest.mark.parametrize(("inputs", "outputs", "name"), [(10**9, 1, "in"), (1, 2**24 + 1, "out")])
def test_more_inputs_or_outputs_than_networks_can_have_are_refused(inputs, outputs, name, little):
    with pytest.raises(ValueError, match=rf"^{name}puts: expected an integer from 1 to 16777216"):
        ng.Population(inputs, outputs)
    with pytest.raises(ValueError, match=rf"^{name}puts: expected an integer from 1 to 16777216"):
        ng.evolve(lambda network: 1.0, inputs=inputs, outputs=outputs)


@pytest.mark.parametrize(
    ("inputs", "outputs", "settings", "said"),
    [
        (2, 1, {"population_size": 10**12},
         "1000000000000 with 2 inputs, 1 nodes and 2 connections each, which take about 224 TB"),
        (1000, 1000, {"population_size": 10_000},
         "1000 nodes and 1000000 connections each, which take about 741 GB"),
        (16_000_000, 1_000_000, {"population_size": 1}, "16000000000000 connections each"),
        (1_000_000, 1_000_000, {"start.hidden": 10_000},
         "1010000 nodes and 20000000000 connections each"),
    ],
)  # fmt: skip
def test_populations_beyond_memory_are_refused_with_an_estimate(
    inputs, outputs, settings, said, little
):
    with pytest.raises(
        ValueError, match=r"^population_size: expected genomes that fit into 8 GB of"
    ) as info:
        ng.Population(inputs, outputs, ng.Config().override(settings))
    assert said in str(info.value)
    assert str(info.value).endswith("Take fewer of them, or of start.hidden, inputs or outputs.")


def test_a_run_cannot_go_on_with_more_than_fit(tmp_path):
    ng.evolve(ng.XOR(), generations=2, seed=1, solved_at=9, directory=tmp_path)
    with pytest.raises(ValueError, match=r"^population_size: .* got 100000000000 with 2 inputs, 1"):
        ng.resume(tmp_path, generations=3, changes={"population_size": 10**11})
    assert len(ng.resume(tmp_path, generations=3).history) == 3


def test_what_fits_is_not_refused_for_genes_that_it_has_not():
    assert len(ng.Population(300, 300, ng.Config(population_size=20)).ask()) == 20


def test_the_estimate_is_what_two_generations_take():
    """The arrays of one generation, compared with what is said of it."""
    genomes = ng.Population(200, 100, ng.Config(population_size=50)).ask()
    size = sum(array.nbytes for array in genomes.packed)
    with pytest.raises(ValueError, match="take about") as info:
        ng.Population(200, 100, ng.Config(population_size=5_000_000))
    said = float(str(info.value).split("about ")[1].split(" TB")[0]) * 1e12
    assert said == pytest.approx(2 * size * 100_000, rel=0.02)


@pytest.mark.parametrize(
    ("size", "text"),
    [(5e6, "5 MB"), (1.5e9, "1.5 GB"), (2.24e14, "224 TB"), (1e18, "1e+03 PB")],
)
def test_sizes_are_said_in_units(size, text):
    assert _memory.shown(size) == text


def test_memory_is_that_of_the_machine_or_less(monkeypatch):
    monkeypatch.undo()
    found = _memory.there_is()
    assert found is None or 1 << 26 < found < 1 << 60


def test_history_and_quartiles_of_numbers_at_the_end_of_the_floats(tmp_path):
    result = ng.evolve(lambda n: 1e308, inputs=1, outputs=1, generations=3, directory=tmp_path)
    assert np.allclose(result.history["mean"], 1e308) and result.champion_fitness == 1e308
    spread = ng.evolve(
        lambda n: float(n.predict([[1.0]])[0, 0]) * 1.7e308, inputs=1, outputs=1, generations=4
    )
    for column in ("mean", "lower_quartile", "median", "upper_quartile", "best"):
        assert np.isfinite(spread.history[column]).all()
    assert (spread.history["lower_quartile"] <= spread.history["median"]).all()


def test_noise_beyond_the_floats_makes_nothing_certain(tmp_path):
    def drawn(network, seed):
        return 1.7e308 if seed % 2 else -1.7e308

    result = ng.evolve(drawn, inputs=1, outputs=1, generations=3, seed=1, directory=tmp_path)
    assert np.isfinite(result.verified.mean) and np.isinf(result.verified.standard_error)
    again = ng.resume(tmp_path, problem=drawn, generations=4)
    assert len(again.history) == 4
