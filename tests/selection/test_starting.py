"""Populations and runs that start from given genomes."""

import shutil

import numpy as np
import pytest
from conftest import VARIED, build, grown, same_genes
from painting import Painted

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.genomes.loops import looped
from neatgrow.runs.reading import read_description
from neatgrow.selection.starting import batches_of

H = 2**62
PLAIN = build(2, 1, {H: ("relu", "sum", 0.3)}, [(0, H, 1.5, True), (H, 2, -2.0, True)])
LOOP = build(2, 1, {}, [(0, 2, 1.0, True), (2, 2, 0.5, False)])


def small(**changes):
    return ng.Config(population_size=12).override(VARIED | changes)


def test_copies_fill_the_population_the_first_exact_and_the_others_mutated():
    other = build(2, 1, {}, [(1, 2, 0.25, True)])
    population = ng.Population(config=small(), seed=3, start=[PLAIN, other])
    genomes = population.ask()
    assert len(genomes) == 12 and genomes[0] == PLAIN and genomes[1] == other
    genomes.check()
    origins = [(PLAIN, other)[row % 2] for row in range(12)]
    changed = [genome != origin for genome, origin in zip(genomes, origins, strict=True)]
    assert not any(changed[:2]) and sum(changed[2:]) >= 7
    for genome, origin in zip(genomes, origins, strict=True):  # a mutation is a small step
        assert len(np.setxor1d(genome.innovation, origin.innovation)) <= 3
    again = ng.Population(config=small(), seed=3, start=(PLAIN, other)).ask()
    assert same_genes(genomes, again)
    another = ng.Population(config=small(), seed=4, start=[PLAIN, other]).ask()
    assert not same_genes(genomes, another)


def test_what_to_start_from_is_a_genome_several_or_a_file(tmp_path):
    PLAIN.save(tmp_path / "one.npz")
    given = [PLAIN, PLAIN.batch(), [PLAIN], iter([PLAIN]), tmp_path / "one.npz",
             str(tmp_path / "one.npz"), ng.Genome.from_networkx(PLAIN.to_networkx())]  # fmt: skip
    firsts = [ng.Population(2, 1, small(), seed=1, start=start).ask() for start in given]
    assert all(same_genes(firsts[0], other) for other in firsts)


def test_a_population_as_large_as_what_it_starts_from_is_that():
    last = grown(5, inputs=2, outputs=1)
    config = ng.Config(population_size=len(last), recurrent=True)
    assert same_genes(ng.Population(config=config, start=last).ask(), last)


@pytest.mark.parametrize("seed", range(6))
def test_loops_are_found_as_the_plain_search_finds_them(seed):
    import networkx

    for genome in grown(seed, generations=6):
        graph = networkx.DiGraph(zip(genome.source.tolist(), genome.target.tolist(), strict=True))
        assert looped([genome.batch()]) != networkx.is_directed_acyclic_graph(graph)


def test_loops_turn_recurrent_on_where_it_is_automatic_and_are_refused_where_it_is_off():
    population = ng.Population(config=small(), start=LOOP)
    assert population.config.recurrent is True and population.chosen["recurrent"] is True
    assert ng.Population(config=small(), start=PLAIN).config.recurrent is False
    with pytest.raises(ValueError) as caught:
        ng.Population(config=small(recurrent=False), start=LOOP)
    assert str(caught.value) == (
        "start: expected genomes without loops, got some with. Set recurrent=True to let them have "
        "loops."
    )


def test_a_run_says_why_there_are_loops(capsys):
    def fitness(network):
        return 0.0

    ng.evolve(fitness, config=small(), start=LOOP, generations=1, progress=True, noisy=False)
    assert "loops allowed, since there were some in the beginning" in capsys.readouterr().err


def test_columns_that_genomes_lack_begin_with_the_start_of_the_settings():
    config = small(**{"genes.dynamics": {"start": "leaky"}, "genes.time_constant.start_mean": 3.0})
    first = ng.Population(config=config, start=PLAIN).ask()[0]
    assert first.column("time_constant").tolist() == [3.0, 3.0]
    assert set(first.options("dynamics")) == {"leaky"}
    assert first.weight.tolist() == PLAIN.weight.tolist()


@pytest.mark.parametrize(
    ("start", "config", "message"),
    [
        (3, {}, "start: expected a genome, several, or a file of them, got 3. Graphs become"),
        ([PLAIN, "x"], {}, "start: expected a genome, several, or a file of them, got 'x'."),
        ([], {}, "start: expected at least one genome, got none."),
        (build(3, 1, {}, []), {}, "start: expected genomes of 2 inputs and 1 outputs, got 3 and 1"),
        (PLAIN.copies(13), {}, "start: expected at most 12 genomes, the population's size, got 13"),
        (PLAIN, {"update": "synchronous"}, "start: expected genomes of update 'synchronous', "
         "got 'ordered'. Set update='ordered', which is part of them."),
        (
            ng.Genome.from_edges([(0, 2)], inputs=2, outputs=1, columns=["time_constant"]), {},
            "start: expected genomes of the columns weight, bias, activation, aggregation, got "
            "'time_constant' too. Let the settings have it: genes.time_constant.",
        ),
        (
            [PLAIN, PLAIN.with_statistics(input_mean=np.zeros(2), input_scale=np.ones(2))], {},
            "start: expected genomes of the same input statistics, got others.",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(start, config, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        ng.Population(2, 1, small(**config), start=start)
    assert str(caught.value).startswith(message)


def test_graphs_are_no_genomes_of_an_encoding_and_its_own_go_on():
    config = small(encoding=Painted())
    own = ng.Population(2, 1, config).ask()
    assert same_genes(ng.Population(config=config, start=own).ask(), own)
    with pytest.raises(ValueError, match="start: expected genomes of the encoding 'painted'"):
        ng.Population(config=config, start=PLAIN)


def test_without_a_start_both_sizes_are_needed():
    with pytest.raises(TypeError, match="inputs, outputs: expected both, or genomes to start from"):
        ng.Population(2)
    with pytest.raises(FileNotFoundError):
        batches_of("nowhere.npz")


def test_champions_go_on_where_they_were_in_another_run():
    first = ng.evolve(ng.XOR(), config=small(), generations=15, seed=1, solved_at=99.0)
    second = ng.evolve(
        ng.XOR(), config=small(), generations=3, seed=2, start=first.champion, solved_at=99.0
    )
    assert second.history["best"][0] >= first.champion_fitness - 1e-5
    assert first.champion_fitness > 4.0


def test_statistics_of_inputs_stay_those_that_the_genomes_were_judged_with(tmp_path):
    problem = ng.Gymnasium("CartPole-v1", normalize=True, max_steps=60)
    given = {"config": small(), "seed": 1, "solved_at": 999.0, "generations": 3}
    champion = ng.evolve(problem, **given).champion
    result = ng.evolve(problem, start=champion, directory=tmp_path / "a", **given)
    for name in ("input_mean", "input_scale"):
        mine, theirs = (getattr(g.interface, name) for g in (champion, result.champion))
        assert np.array_equal(mine, theirs)
    ng.evolve(problem, start=champion, directory=tmp_path / "b", **given | {"generations": 1})
    resumed = ng.resume(tmp_path / "b", generations=3)
    assert resumed.fingerprint == result.fingerprint


def fitness_of(network):
    return float(network.predict(np.eye(2)).sum())


def test_a_run_goes_on_bit_for_bit_from_any_moment(tmp_path):
    given = {"start": [PLAIN, LOOP], "config": small(), "generations": 6, "seed": 2}
    expected = ng.evolve(fitness_of, **given)
    stopped = ng.evolve(
        fitness_of, directory=tmp_path / "a", callbacks=lambda run: len(run.history) == 3, **given
    )
    assert stopped.stopped == "callback"
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.rmtree(tmp_path / "b" / "checkpoints")  # as if it was killed before the first
    for name in "ab":
        result = ng.resume(tmp_path / name, problem=fitness_of)
        assert result.fingerprint == expected.fingerprint
        assert read_description(tmp_path / name)["run"]["start"] == 2
    other = ng.evolve(fitness_of, **given | {"start": None, "inputs": 2, "outputs": 1})
    assert other.fingerprint != expected.fingerprint
    ng.evolve(fitness_of, directory=tmp_path / "a", overwrite=True, **given | {"start": PLAIN})
    ng.evolve(fitness_of, inputs=2, outputs=1, directory=tmp_path / "a", overwrite=True,
              generations=1)  # fmt: skip
    assert not (tmp_path / "a" / "start.npz").exists()


def test_the_command_line_starts_from_a_file(tmp_path, monkeypatch, unpainted):
    monkeypatch.chdir(tmp_path)
    PLAIN.save("one.npz")
    command = ["run", "xor", "--population", "9", "--generations", "2", "--out", "out"]
    assert main([*command, "--start", "one.npz"]) == 0
    assert ng.load_genome("out/start.npz") == PLAIN
