"""A way of selection of a user's own, from outside the package, through everything that runs do."""

import dataclasses
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import ways
from conftest import VARIED
from lineage.test_lineage import packed_equal
from runs.test_checkpoints import assert_same_state, parts, write
from ways import Cells, Drift, Novel, Scattered, walk

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.evaluation.base import Collection, Evaluation, judged
from neatgrow.files.archive import FileError, UnknownContentError
from neatgrow.kernels.offspring import COPY, MUTATE
from neatgrow.problems.function import Function
from neatgrow.runs.checkpoints import load_population, load_snapshot
from neatgrow.runs.results import fingerprint_of

CONFIG = ng.Config(population_size=30, selection=Cells(side=8)).override(
    VARIED | {"mutation.add_node": 0.3}
)
GIVEN = {"inputs": 2, "outputs": 2, "config": CONFIG, "generations": 12, "seed": 3}


def walked(**changes):
    return ng.evolve(walk, **GIVEN | changes)


@pytest.fixture(scope="module")
def whole():
    return walked()


def elites(run):
    return run.population.reproduction


def stop_at(generation):
    return lambda run: len(run.history) == generation


# ---------------------------------------------------------------------------- what it is good for


SLOW = {f"genes.{column}.{name}": value for column in ("weight", "bias")
        for name, value in (("power", 0.1), ("replace_rate", 0.0))}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_cells_are_filled_with_better_genomes_than_by_drift_or_species(seed):
    """What counts of a control, too, is the best of all genomes that it ever had in each cell."""

    def filled(selection):
        best, counts = {}, []

        def note(run):
            state = run.population.state()
            place = np.clip((state.behaviour + 1) / 2 * 16, 0, 15).astype(int)
            for cell, fitness in zip(map(tuple, place.tolist()), state.fitness, strict=True):
                best[cell] = max(best.get(cell, -3.0), fitness)
            counts.append((len(best), sum(best.values()) + 3.0 * len(best)))

        config = ng.Config(population_size=30, selection=selection).override(SLOW)
        walked(config=config, generations=120, seed=seed, callbacks=[note])
        return np.array(counts)

    cells, drift, species = (filled(s) for s in (Cells(side=16), Drift(), ng.Config().selection))
    assert (cells[119] > 1.5 * cells[39]).all() and (cells[39] > 1.5 * cells[9]).all()
    assert cells[-1, 1] > 1.05 * drift[-1, 1] and cells[-1, 1] > 1.5 * species[-1, 1]
    assert cells[-1, 0] > 1.5 * species[-1, 0]


def test_the_pool_holds_the_best_of_every_cell_of_any_generation(whole):
    pool, kept = whole.population.pool, elites(whole)
    assert len(pool.genomes) == kept.cell.size == np.unique(kept.cell).size > 20
    assert len(np.unique(pool.origin[:, 0])) > 3  # generations
    for genome, fitness in zip(pool.genomes, kept.best, strict=True):
        assert walk(genome.compile())[0] == fitness
    assert kept.best.max() == whole.champion_fitness


# ------------------------------------------------------------------------------- all that runs do


@pytest.mark.parametrize("options", [{"processes": 2}, {"executor": ThreadPoolExecutor(2)}])
def test_behaviour_travels_from_wherever_it_is_evaluated(options, whole):
    assert walked(**options).fingerprint == whole.fingerprint


@pytest.mark.parametrize("selection", [Cells(side=8), Scattered(), Novel(), Drift()])
def test_a_resumed_run_is_the_one_that_was_not_interrupted(selection, tmp_path):
    config = CONFIG.override({"selection": selection})
    expected = walked(config=config)
    walked(config=config, directory=tmp_path, callbacks=[stop_at(5)])
    result = ng.resume(tmp_path, problem=walk)
    assert result.fingerprint == expected.fingerprint
    assert result.champion == expected.champion
    assert_same_state(result.population.state(), expected.population.state())
    assert packed_equal(result.descent, expected.descent)
    again = ng.Population.load(sorted((tmp_path / "checkpoints").iterdir())[-1])
    assert_same_state(again.state(), expected.population.state())


def test_the_state_is_part_of_the_fingerprint_but_for_species(whole):
    assert whole.fingerprint != fingerprint_of(whole.history, whole.champion, {})
    changed = {**whole.marks, "selection.best": whole.marks["selection.best"] + 1}
    assert whole.fingerprint != fingerprint_of(whole.history, whole.champion, changed)
    assert walked(config=ng.Config(population_size=30)).marks == {}


def test_a_run_is_shown_reported_and_drawn(tmp_path, capsys):
    result = walked(directory=tmp_path / "run", generations=40)
    assert result.history["species"].tolist() == [1] * 40
    assert result.history.species_sizes[-1] == {1: 30}
    line = result.ancestors
    assert len(line) > 2 and line[-1].genome == result.champion
    steps = np.diff([a.generation for a in line])
    parents = {b: a for a, b, kind in result.lineage.edges(data="kind") if kind == "parent"}
    assert (steps > 0).all() and max(b[0] - a[0] for b, a in parents.items()) > 3
    assert ng.draw_growth(result).savefig(tmp_path / "growth.png") is None
    assert main(["show", str(tmp_path / "run")]) == 0
    assert main(["report", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert "fitness" in out
    (page,) = (tmp_path / "run").glob("*.html")
    text = page.read_text("utf-8")
    assert "cells" in text and "form species" not in text and result.fingerprint[:16] in text


def test_the_settings_are_written_and_read_like_all_others(tmp_path, capsys):
    text = CONFIG.to_toml()
    assert '[selection]\nkind = "cells"\nside = 8' in text
    assert ng.Config.from_toml(text) == CONFIG
    arguments = ["run", "xor", "--generations", "3", "--set", "selection.kind=drift",
                 "--out", str(tmp_path / "run")]  # fmt: skip
    assert main(arguments) == 0 and "generation 3/3" in capsys.readouterr().err
    assert 'kind = "drift"' in (tmp_path / "run" / "config.toml").read_text("utf-8")
    assert load_snapshot(tmp_path / "run/checkpoints/00000003.npz").population.config.selection == (
        Drift()
    )


def test_a_run_goes_on_with_another_kind(tmp_path, whole):
    plain = CONFIG.override({"selection.kind": "species"})
    walked(config=plain, directory=tmp_path, generations=4)
    result = ng.resume(tmp_path, problem=walk, changes={"selection.kind": "cells"}, generations=8)
    assert elites(result).cell.size > 5
    assert result.population.pool.origin[:, 0].min() >= 4
    back = ng.resume(tmp_path, problem=walk, changes={"selection.kind": "species"}, generations=10)
    assert len(back.population.reproduction.table) >= 1 and len(back.history) == 10
    assert back.ancestors[-1].genome == back.champion


def test_a_file_of_a_kind_that_is_not_known_is_no_damaged_one(tmp_path, subprocess_environment):
    walked(directory=tmp_path, generations=2)
    code = f"import neatgrow as ng\nng.resume({str(tmp_path)!r}, problem=lambda network: 0.0)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=subprocess_environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert "UnknownContentError" in done.stderr and "selection.kind: expected" in done.stderr
    assert "Import the module that defines it;" in done.stderr


# ----------------------------------------------------------------------------------- other scores


def test_species_go_by_the_score_and_champions_by_fitness():
    result = walked(config=CONFIG.override({"selection": Novel()}), generations=20)
    population = result.population
    state, table = population.state(), population.reproduction.table
    assert (state.score >= 0).all() and (state.fitness <= 0).all()
    assert (table.best[np.isfinite(table.best)] >= 0).all()  # no fitness is
    assert result.champion_fitness == result.history["best"].max()
    plain = walked(config=ng.Config(population_size=30), generations=20)

    def reach(run):
        return np.ptp(run.population.state().behaviour, axis=0).mean()

    assert reach(result) > 2 * reach(plain)


def test_a_genome_without_a_behaviour_has_no_score_where_one_is_needed():
    population = ng.Population(2, 2, CONFIG, seed=1)
    population.ask()
    behaviour = np.linspace([-1, -1], [1, 1], 30)
    behaviour[4], fitness = np.nan, np.zeros(30)
    fitness[5] = np.nan
    population.tell(fitness, behaviour=behaviour)
    assert np.isnan(population.state().score).nonzero()[0].tolist() == [4, 5]
    assert np.isnan(population.state().behaviour[5]).all() and np.isfinite(population.fitness[4])
    assert not {4, 5} & set(population.pool.origin[:, 1].tolist())


def test_nobody_who_succeeds_means_fresh_genomes():
    population = ng.Population(2, 2, CONFIG, seed=1)
    for _ in range(3):
        genomes = population.ask()
        assert len(genomes) == 30
        population.tell(np.full(30, np.nan), behaviour=np.zeros((30, 2)))
    assert (population.parents.first == -1).all() and len(population.pool.genomes) == 0
    assert (population.ask().node_birth == 3).all()


# ------------------------------------------------------------------------ children of a population


def test_children_are_made_of_those_who_are_named():
    population = ng.Population(2, 2, CONFIG.override({"selection": Scattered()}), seed=5)
    kinds, everybody = set(), {}
    for generation in range(1, 9):
        genomes = population.ask()
        parents = population.parents
        if parents is not None:
            kinds |= set(parents.kind.tolist())
            fresh = parents.first[:, 0] == -1
            births = [genome.connection_birth for genome in genomes]
            assert all((births[row] == generation - 1).all() for row in np.flatnonzero(fresh))
            copies = np.flatnonzero((parents.kind == COPY) & (parents.first[:, 0] > 0))
            for row in copies:
                assert genomes[int(row)] == everybody[tuple(parents.first[row])]
            old = parents.first[:, 0] > 0
            assert (parents.first[old, 0] < generation).all()
            mated = parents.second[:, 0] > 0
            assert (mated <= (parents.kind > MUTATE)).all()
        everybody |= {(generation, row): genome for row, genome in enumerate(genomes)}
        population.tell(np.random.default_rng(generation).normal(size=30))
    assert len(kinds) == 3


class Wrong(ways.Uniform):
    """Answers as ``answer`` says."""

    def reproduce(self, standing, score):
        return self.answer(standing)

    def select(self, standing, score):
        return self.pool(standing)

    answer = staticmethod(lambda standing: ng.offspring_of(np.zeros(30)))
    pool = staticmethod(lambda standing: standing.as_pool())


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("answer", lambda _: None, r"reproduce: expected an Offspring, got None\. Make one with"),
        ("answer", lambda _: ng.offspring_of(np.zeros(7)),
         r"reproduce: first: expected shape \(30,\), got \(7,\)"),
        ("answer", lambda _: ng.offspring_of(np.full(30, 30)),
         r"reproduce: first: expected rows of the pool's 30 genomes, got 30 to 30\."),
        ("answer", lambda _: ng.offspring_of(np.full(30, -3)), "reproduce: first: expected rows"),
        ("answer", lambda _: ng.offspring_of(np.zeros(30), np.full(30, 99)),
         "reproduce: second: expected rows of the pool's 30 genomes, got 99 to 99"),
        ("pool", lambda _: None, "select: expected a Pool, such as standing.as_pool"),
        ("pool", lambda s: s.as_pool()._replace(origin=np.zeros((30, 2), np.int64)),
         "select: origin: expected generations from 1 to 1, and rows"),
        ("pool", lambda s: s.as_pool()._replace(origin=np.ones((3, 2), np.int64)),
         r"select: origin: expected shape \(30, 2\)"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_followed_are_refused(name, answer, message, monkeypatch):
    population = ng.Population(2, 2, ng.Config(population_size=30), seed=1)
    population.reproduction = Wrong(population.config, 1)
    monkeypatch.setattr(Wrong, name, staticmethod(answer))
    population.ask()
    with pytest.raises((TypeError, ValueError), match=message):
        population.tell(np.zeros(30))
        population.ask()


def test_children_of_a_champion_that_there_is_not_are_refused(monkeypatch):
    population = ng.Population(2, 2, ng.Config(population_size=30), seed=1)
    population.reproduction = Wrong(population.config, 1)
    monkeypatch.setattr(Wrong, "answer", staticmethod(lambda _: ng.offspring_of(np.full(30, -2))))
    population.ask()
    population.tell(np.full(30, np.nan))
    with pytest.raises(ValueError, match="reproduce: first: expected no children of a champion"):
        population.ask()


# ------------------------------------------------------------------------------- files that lie

LIES = {
    "origin": [lambda a: a[:-1], lambda a: a * 0, lambda a: a + 99, None],
    "behaviour": [lambda a: a[:-1], lambda a: a + np.inf, lambda a: a[:, 0]],
    "score": [lambda a: a[:-1], lambda a: a + np.inf, lambda a: a.astype(np.float32)],
    "pool.node_ptr": [lambda a: a[:-1], None],
    "selection.cell": [lambda a: a[None], lambda a: a.astype(float), None],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "lie"), [(name, lie) for name, lies in LIES.items() for lie in lies]
)
def test_files_that_lie_are_refused(name, lie, whole, tmp_path):
    whole.population.save(tmp_path / "p.npz")
    metadata, arrays = parts(tmp_path / "p.npz")
    arrays.setdefault("score", arrays["fitness"])
    assert load_population(write(tmp_path / "p.npz", metadata, arrays)) is not None
    changed = {**arrays, name: None if lie is None else lie(arrays[name])}
    changed = {key: array for key, array in changed.items() if array is not None}
    with pytest.raises(FileError, match="expected a sound population, got a damaged file"):
        load_population(write(tmp_path / "p.npz", metadata, changed))


def test_a_kind_that_is_not_known_is_said_where_a_file_is_read(whole, tmp_path):
    whole.population.save(tmp_path / "p.npz")
    metadata, arrays = parts(tmp_path / "p.npz")
    changed = json.loads(json.dumps(metadata))
    changed["config"]["selection"]["kind"] = "unheard-of"
    with pytest.raises(UnknownContentError, match=r"selection\.kind: expected one of species"):
        load_population(write(tmp_path / "p.npz", changed, arrays))


# ---------------------------------------------------------------- behaviour and objectives


def test_a_problem_that_gives_no_behaviour_is_refused_at_the_first_tell():
    message = (
        r"^behaviour: expected it to be told, as selection 'cells' goes by it, got none\. Let the "
        r"problem give Evaluation\(behaviour=…\), or pass tell\(fitness, behaviour=…\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        ng.evolve(ng.XOR(), config=CONFIG, generations=3)
    population = ng.Population(2, 2, CONFIG)
    population.ask()
    with pytest.raises(ValueError, match=message):
        population.tell(np.zeros(30))
    population.tell(np.zeros(30), behaviour=np.zeros((30, 2)))  # which goes on
    assert population.generation == 1


@pytest.mark.parametrize("name", ["behaviour", "objectives"])
def test_rows_of_another_number_than_genomes_are_refused(name):
    population = ng.Population(2, 2, ng.Config(population_size=5))
    population.ask()
    with pytest.raises(ValueError, match=rf"^{name}: expected shape \(5, K\), got \(4, 2\)"):
        population.tell(np.zeros(5), **{name: np.zeros((4, 2))})


class Weighed:
    """A problem of two objectives, the second of which is the better the lower."""

    name, inputs, outputs, solved_at, noisy = "weighed", 2, 1, None, False
    input_names = output_names = None
    objectives = ("speed", "-cost")

    def __init__(self, columns=2):
        self.columns = columns

    def evaluate(self, networks, *, seed, episodes=None):
        rows = np.arange(len(networks) * self.columns, dtype=float).reshape(-1, self.columns)
        return Evaluation(np.zeros(len(networks)), 1, objectives=rows, behaviour=rows[:, :1])

    def statistics(self):
        return None

    def describe(self):
        return {"name": self.name}


def test_objectives_are_turned_once_so_that_more_is_better():
    networks = ng.Population(2, 1, ng.Config(population_size=3)).ask().compile()
    answer = judged(Weighed(), networks, seed=0)
    assert answer.objectives.tolist() == [[0.0, -1.0], [2.0, -3.0], [4.0, -5.0]]
    assert answer.behaviour.tolist() == [[0.0], [2.0], [4.0]]
    result = ng.evolve(Weighed(), config=ng.Config(population_size=3), generations=2)
    assert result.population.state().objectives[:, 1].tolist() == [-1.0, -3.0, -5.0]
    with pytest.raises(ValueError, match=r"objectives: expected 2 columns: speed, -cost, got 3"):
        judged(Weighed(3), networks, seed=0)


def test_shares_of_an_evaluation_are_put_together_and_gaps_stay_gaps():
    collection = Collection(4)
    nothing = Evaluation(np.zeros(1), 1)
    collection.add([2], nothing)
    part = dataclasses.replace(nothing, behaviour=np.ones((1, 2)), objectives=np.ones((1, 3)))
    collection.add([0], part)
    found = collection.evaluation()
    assert found.behaviour[0].tolist() == [1.0, 1.0] and np.isnan(found.behaviour[1:]).all()
    assert found.objectives.shape == (4, 3) and found.scores is None
    with pytest.raises(ValueError, match="behaviour: expected 2 numbers of every network, got 5"):
        collection.add([1], dataclasses.replace(nothing, behaviour=np.ones((1, 5))))


def answers(returned, count=3, **options):
    networks = ng.Population(1, 1, ng.Config(population_size=count)).ask().compile()
    each = iter(returned)
    return Function(lambda _: next(each), inputs=1, outputs=1).evaluate(networks, **options)


def test_a_function_may_return_behaviour_and_objectives_beside_the_fitness():
    found = answers([(1.0, [1, 2]), (2.0, np.array([3.0, 4.0])), (3.0, (5, 6))])
    assert found.fitness.tolist() == [1.0, 2.0, 3.0]
    assert found.behaviour.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert found.objectives is None
    found = answers([(1.0, None, [7]), (2.0, None, [8]), (np.nan, None, [9])])
    assert found.behaviour is None and found.objectives[:2].tolist() == [[7.0], [8.0]]
    assert np.isnan(found.objectives[2]).all()
    twice = answers([(1.0, [2.0]), (3.0, [4.0])], count=1, episodes=2)
    assert twice.fitness.tolist() == [2.0] and twice.behaviour.tolist() == [[3.0]]
    assert answers([1.0, 2.0, 3.0]).behaviour is None


def test_what_a_function_returns_beside_the_fitness_is_checked_by_genome():
    found = answers([(1.0, [1, 2]), (2.0, [1]), (3.0, "here")])
    assert np.isnan(found.fitness).tolist() == [False, True, True]
    assert "behaviour: expected shape (2,), got (1,)" in found.failures[1]
    assert "behaviour: expected numbers" in found.failures[2]
    with pytest.raises(ValueError, match=r"fitness: expected a number, \(fitness, behaviour\)"):
        answers([(1, 2, 3, 4)] * 3)
