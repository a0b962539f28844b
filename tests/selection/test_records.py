"""History, lineage, drawings and reports of loops of one's own."""

import numpy as np
import pytest
from conftest import VARIED

import neatgrow as ng
from neatgrow.files.archive import FileError
from neatgrow.runs.history import COLUMNS, TIMES

TOLD = [name for name in COLUMNS if name not in (*TIMES, "steps")]


def small():
    return ng.Config(population_size=20, recurrent=False).override(
        VARIED | {"genes.activation.outputs": "tanh", "mutation.add_node": 0.3}
    )


def looped(generations, population=None):
    problem = ng.XOR()
    if population is None:
        population = ng.Population(2, 1, small(), seed=4)
    for _ in range(generations):
        population.tell(problem.evaluate(population.ask().compile()).fitness)
    return population


def assert_same(ours, theirs):
    for name in TOLD:
        assert np.array_equal(ours.history[name], theirs.history[name], equal_nan=True), name
    assert ours.history.species_sizes == theirs.history.species_sizes
    assert [a.genome for a in ours.ancestors] == [a.genome for a in theirs.ancestors]
    assert set(ours.lineage.edges) == set(theirs.lineage.edges)


def test_a_loop_of_ones_own_is_recorded_as_a_run_is():
    result = ng.evolve(ng.XOR(), config=small(), seed=4, generations=25, solved_at=99.0)
    population = looped(25)
    assert population.champion == result.champion and len(population.ancestors) > 1
    assert_same(population, result)
    assert (population.history["seconds_evaluation"] > 0.0).all()
    assert (population.history["seconds_reproduction"][1:] > 0.0).all()


def test_what_is_recorded_goes_on_after_loading(tmp_path):
    looped(9).save(tmp_path / "p.npz")
    loaded = ng.Population.load(tmp_path / "p.npz")
    assert_same(loaded, looped(9))
    assert_same(looped(16, loaded), looped(25))
    run = ng.evolve(
        ng.XOR(), config=small(), seed=4, generations=9, solved_at=99.0, directory=tmp_path / "run"
    )
    loaded = ng.Population.load(tmp_path / "run" / "checkpoints" / "00000009.npz")
    assert_same(loaded, run)


def test_a_damaged_record_is_refused(tmp_path):
    from neatgrow.files.archive import read_archive, write_archive
    from neatgrow.runs.checkpoints import VERSION

    looped(3).save(tmp_path / "p.npz")
    metadata, arrays = read_archive(tmp_path / "p.npz", ["neatgrow population"], VERSION)
    arrays["history.generation"] = np.array([1, 2, 4])
    write_archive(tmp_path / "p.npz", metadata, arrays)
    with pytest.raises(FileError, match="expected a sound population"):
        ng.Population.load(tmp_path / "p.npz")


def test_a_champion_that_is_settled_later_is_in_the_history():
    population = looped(2)
    population.ask()
    population.tell(np.zeros(20))
    population.set_champion(7, 42.0)
    assert population.history["champion"].tolist()[-1] == 42.0 and len(population.history) == 3
    assert population.ancestors[-1].genome == population.champion
    looped(1, population)
    assert len(population.history) == 4


def test_a_population_of_a_state_records_from_there_on():
    population = ng.Population.from_state(looped(5).state())
    assert len(population.history) == 0
    looped(2, population)
    assert population.history["generation"].tolist() == [6, 7]
    assert population.ancestors[-1].genome == population.champion


def test_one_of_a_run_and_one_that_does_not_record_say_where_to_look():
    population = looped(1)
    population.recording = False
    looped(2, population)
    run = ng.evolve(ng.XOR(), config=small(), generations=1)
    for one in (population, run.population):
        with pytest.raises(RuntimeError, match=r"result\.history"):
            _ = one.history
    with pytest.raises(RuntimeError, match="expected a fitness told first"):
        _ = ng.Population(2, 1, small()).ancestors


def test_pictures_and_the_report_take_a_population(tmp_path, unpainted):
    population = looped(25)
    axes = {axes.get_label() for axes in ng.draw_history(population).axes}
    assert axes == {"fitness", "complexity", "species", "time", "work"}
    assert ng.draw_growth(population).axes[0].get_label() == "stage-0"
    page = ng.report(population, tmp_path / "report.html").read_text("utf-8")
    assert "a loop of one&#x27;s own" in page and "the loop that judged it is its user" in page
    assert "could not be" not in page.split("<script")[0]
    with pytest.raises(ValueError, match="path: expected a path, as there is no directory"):
        ng.report(population)
