"""An encoding of a user's own, from outside the package, through everything that runs do."""

import json
import subprocess
import sys

import numpy as np
import pytest
from painting import Narrow, Painted, Unsound, answer
from PIL import Image

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.evaluation.base import judged
from neatgrow.export.networkx import from_networkx
from neatgrow.files.archive import UnknownContentError, read_archive, write_archive
from neatgrow.genomes.genomes import Genomes
from neatgrow.problems.function import Function
from neatgrow.runs.evaluator import Evaluator

CONFIG = ng.Config(encoding=Painted(hidden=4), population_size=40)
GIVEN = {"config": CONFIG, "generations": 6, "solved_at": 99.0, "progress": False}
REFUSAL = "the graphs that genomes stand for.*of the encoding 'painted'.*Call phenotype"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("painted") / "run"
    return ng.evolve(ng.XOR(), seed=1, directory=directory, **GIVEN)


def same_graphs(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.packed, b.packed, strict=True))


# ------------------------------------------------------------------------- what is judged


def test_genomes_evolve_and_what_they_stand_for_is_judged(run):
    assert (run.champion.n_inputs, run.champion.n_outputs) == (4, 2)
    assert (run.phenotype.n_inputs, run.phenotype.n_outputs, run.phenotype.n_hidden) == (2, 1, 4)
    assert run.phenotype.interface.output_names == run.problem.output_names
    assert run.policy().genome == run.champion.policy(run.problem).genome == run.phenotype
    networks = run.phenotype.batch().compile()
    assert judged(ng.XOR(), networks, seed=0).fitness[0] == run.champion_fitness


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_what_is_painted_gets_better_than_the_first_generation_and_than_chance(seed):
    """Chance: as many genomes of the first generation as the run has evaluated."""
    result = ng.evolve(ng.XOR(), config=CONFIG, generations=60, seed=seed, progress=False)
    fresh = CONFIG.override({"population_size": int(result.history.total("evaluations"))})
    first = ng.evolve(ng.XOR(), config=fresh, generations=1, seed=seed, progress=False)
    assert result.solved
    assert result.champion_fitness > max(result.history["best"][0], first.champion_fitness) + 0.1


def test_copies_are_one_structure_with_genes_of_their_own():
    graph = ng.Genome.from_edges([(0, 2, 1.0), (1, 2, 2.0)], inputs=2, outputs=1)
    weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    on = np.array([[True, False]] * 3)
    copies = graph.copies(3, weight=weights, enabled=on, bias=[[0.5], [0.6], [0.7]])
    copies.check()
    assert copies.weight.reshape(3, 2).tolist() == weights.tolist()
    assert copies.enabled.reshape(3, 2).tolist() == on.tolist()
    assert copies.bias.tolist() == [0.5, 0.6, 0.7] and graph.bias.tolist() == [0.0]
    assert copies.source.tolist() == graph.source.tolist() * 3
    with pytest.raises(ValueError, match=r"weight: expected shape \(3, 2\)|\(3, 2\)"):
        graph.copies(3, weight=weights[:2])
    with pytest.raises(ValueError, match=r"copies, column: expected one of .*, got 'wait'"):
        graph.copies(3, wait=weights)


# ---------------------------------------------------------- processes, checkpoints, files


@pytest.mark.parametrize("options", [{"processes": 2}, {"executor": "threads"}])
def test_workers_decode_for_themselves_and_come_to_the_same(run, options, monkeypatch):
    if "executor" in options:
        from concurrent.futures import ThreadPoolExecutor

        options = {"executor": lambda: ThreadPoolExecutor(2)}
    again = ng.evolve(ng.XOR(), seed=1, **GIVEN, **options)
    assert again.fingerprint == run.fingerprint


def test_a_genome_that_cannot_be_decoded_is_named_and_costs_itself_alone():
    given = {**GIVEN, "config": CONFIG.override({"encoding": Narrow(hidden=4)}), "generations": 2}
    here = ng.evolve(ng.XOR(), seed=1, **given)
    assert 0 < here.history.total("failures") < 40
    assert "too heavy" in here.failures[0][2] and "decode" in here.traceback
    elsewhere = ng.evolve(ng.XOR(), seed=1, processes=2, **given)
    assert elsewhere.fingerprint == here.fingerprint and elsewhere.failures == here.failures
    with pytest.raises(ng.EvaluationError, match="too heavy"):
        ng.evolve(ng.XOR(), seed=1, on_error="raise", **given)


def test_with_workers_the_parent_compiles_no_generation(monkeypatch):
    compile_, sizes = Genomes.compile, []

    def noted(self, *dtype):
        sizes.append(len(self))
        return compile_(self, *dtype)

    monkeypatch.setattr(Genomes, "compile", noted)
    given = {**GIVEN, "generations": 2}
    result = ng.evolve(answer, inputs=2, outputs=1, processes=1, **given)
    assert len(result.history) == 2 and not sizes
    ng.evolve(answer, inputs=2, outputs=1, **given)
    assert sizes.count(40) == 4  # of both generations, the genomes to decode them and the graphs


def test_a_resumed_run_equals_one_that_was_not_interrupted(run, tmp_path):
    directory = tmp_path / "run"
    ng.evolve(ng.XOR(), seed=1, directory=directory, **{**GIVEN, "generations": 3})
    again = ng.resume(directory, generations=6, progress=False)
    assert again.fingerprint == run.fingerprint
    assert same_graphs(again.phenotype, run.phenotype)
    with pytest.raises(ValueError, match=r"encoding: expected Painted.* as when the run began"):
        ng.resume(directory, changes={"encoding.hidden": 5}, generations=9, progress=False)


def test_files_know_what_genomes_stand_for(run, tmp_path):
    run.champion.save(tmp_path / "a.npz")
    loaded = ng.load_genome(tmp_path / "a.npz")
    assert loaded == run.champion and loaded.interface.encoding == Painted(hidden=4)
    assert same_graphs(loaded.phenotype(), run.phenotype)
    face = ng.Interface(2, 1).encoded(Painted(hidden=5))
    assert ng.Genome(loaded.packed, face) != run.champion
    run.phenotype.save(tmp_path / "b.npz")
    assert ng.load_genome(tmp_path / "b.npz").phenotype() == run.phenotype
    graph = from_networkx(run.champion.to_networkx())
    assert graph == run.champion and same_graphs(graph.phenotype(), run.phenotype)
    json.dumps(run.champion.to_networkx().graph)
    population = run.population
    population.save(tmp_path / "c.npz")
    again = ng.Population.load(tmp_path / "c.npz")
    assert again.interface.encoding == Painted(hidden=4)


def test_a_program_without_the_encoding_is_told_so(run, tmp_path, subprocess_environment):
    run.champion.save(tmp_path / "a.npz")
    program = (
        "import sys, neatgrow as ng\n"
        "for load in (ng.load_genome, ng.Population.load, ng.resume):\n"
        "    try:\n        load(sys.argv.pop(1))\n"
        "    except Exception as error:\n        print(type(error).__name__, error)\n"
    )
    run.population.save(tmp_path / "c.npz")
    files = [tmp_path / "a.npz", tmp_path / "c.npz", run.directory]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, files)], env=subprocess_environment, text=True,
        capture_output=True, timeout=120,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 3, done
    for line in lines[:2]:
        assert line.startswith("UnknownContentError") and "got 'painted'" in line
        assert "Import the module that defines it" in line
    assert "'painted'" in lines[2] and "Import the module that defines it" in lines[2]


def test_statistics_of_what_is_observed_belong_to_the_graph(tmp_path):
    problem = ng.Gymnasium("Pendulum-v1", episodes=1, normalize=True)
    config = CONFIG.override({"population_size": 8})
    given = {"config": config, "seed": 1, "progress": False}
    result = ng.evolve(problem, generations=4, directory=tmp_path / "run", **given)
    assert result.champion.interface.input_mean is None
    assert result.phenotype.interface.input_mean.shape == (3,)
    ng.evolve(problem, generations=2, directory=tmp_path / "half", **given)
    again = ng.resume(tmp_path / "half", generations=4, progress=False)
    assert again.fingerprint == result.fingerprint
    loaded = ng.load_genome(tmp_path / "run" / "champion.npz").phenotype()
    np.testing.assert_array_equal(
        loaded.interface.input_mean, result.phenotype.interface.input_mean
    )


def test_a_champion_is_tested_again_with_the_statistics_that_it_was_judged_with(monkeypatch):
    seen = []
    test = Evaluator.test

    def noted(self, genomes, seed, episodes):
        mean = genomes.interface.graph.input_mean
        seen.append((len(genomes), None if mean is None else tuple(mean)))
        return test(self, genomes, seed, episodes)

    monkeypatch.setattr(Evaluator, "test", noted)
    config = CONFIG.override({"population_size": 8})
    problem = ng.Gymnasium("Pendulum-v1", episodes=1, max_steps=10, normalize=True)
    run = ng.evolve(problem, config=config, generations=3, seed=1, progress=False)
    own = tuple(run.phenotype.interface.input_mean)
    assert seen[-1] == (1, own)  # the final test
    before = [(count, mean) for count, mean in seen[:-1] if mean is not None]
    assert before and all(count == 1 for count, _ in before)


def test_files_whose_parts_are_of_different_encodings_are_refused(run, tmp_path):
    run.population.save(tmp_path / "c.npz")
    metadata, arrays = read_archive(tmp_path / "c.npz", ["neatgrow population"], 99)
    for part in ("genomes", "champion", "config"):
        changed = json.loads(json.dumps(metadata))
        own = changed[part]["encoding"]
        (own if part == "config" else own["settings"])["hidden"] = 5
        about = {"format": "neatgrow population", **changed}
        write_archive(tmp_path / "d.npz", about, arrays)
        with pytest.raises(ng.FileError, match="encoding"):
            ng.Population.load(tmp_path / "d.npz")


# --------------------------------------------------------------------- looked at and watched


def test_report_show_and_pictures_work_on_the_graph_and_say_so(run, capsys):
    page = ng.report(run)
    text = page.read_text("utf-8") if hasattr(page, "read_text") else str(page)
    assert "Genomes are of the encoding" in text and "4 hidden nodes" in text
    assert main(["show", str(run.directory)]) == 0
    shown = capsys.readouterr().out
    assert "pictures show the graph that it stands for: Genome(2 inputs, 1 outputs" in shown
    with Image.open(run.directory / "network.png") as picture:
        assert picture.size[0] > 100
    ng.draw(run.champion)
    ng.draw_decisions(run.champion)  # of the graph, which has the two inputs that it needs
    ng.draw_activity(run.champion, [[0.0, 1.0]])


def test_watch_plays_the_graph(tmp_path, capsys, monkeypatch):
    directory = tmp_path / "run"
    problem = ng.Gymnasium("CartPole-v1", episodes=1)
    config = CONFIG.override({"population_size": 10})
    ng.evolve(problem, config=config, generations=1, directory=directory, progress=False)
    played = []
    play = ng.Gymnasium.play

    def watched(self, network, **options):
        played.append(network.interface)
        return play(self, network, seed=options["seed"])

    monkeypatch.setattr(ng.Gymnasium, "play", watched)
    assert main(["watch", str(directory), "--episodes", "1"]) == 0
    assert "return" in capsys.readouterr().out
    assert played[0].inputs == 4 and played[0].phenotype is None


# --------------------------------------------------------------------------------- refusals


def test_a_genome_is_never_taken_for_the_graph_that_it_stands_for():
    problem = ng.Gymnasium("CartPole-v1", episodes=1)
    face = ng.Interface(4, 2).encoded(Painted(hidden=4))  # of as many inputs and outputs
    genome = ng.Genome(ng.Population(4, 2).ask()[0].packed, face)
    networks = genome.batch().compile()
    simulation = ng.Simulation(
        lambda s, o, p, x: None, lambda s, o, p, a: (0.0, True), inputs=4, outputs=2, state=1,
        steps=1,
    )  # fmt: skip
    table = ng.Supervised(np.zeros((3, 4)), np.zeros((3, 2)))
    for other in (problem, simulation, table, Function(answer, inputs=4, outputs=2)):
        for evaluate in (other.evaluate, lambda n, seed, p=other: judged(p, n, seed=seed)):
            with pytest.raises(ValueError, match=REFUSAL):
                evaluate(networks, seed=0)
    with pytest.raises(ValueError, match=REFUSAL):
        next(problem.play(genome.compile()))
    X, Y = np.zeros((3, 4)), np.zeros((3, 2))
    for call in (
        lambda: ng.fine_tune_policy(genome, problem),
        lambda: ng.fine_tune(genome, X, Y),
        lambda: table.accuracy(networks, X, Y),
        lambda: problem.practise(networks, lambda *_: None, seed=0, episodes=1),
    ):
        with pytest.raises(ValueError, match=REFUSAL):
            call()


def test_learning_within_evolution_is_refused_and_afterwards_works(run):
    with pytest.raises(ValueError, match=r"learning: expected genomes that stand for themselves"):
        ng.evolve(ng.XOR(), learning=ng.Learning(steps=2), **GIVEN)
    X, Y = ng.XOR().X, ng.XOR().Y
    tuned, losses = ng.fine_tune(run.phenotype, X, Y, steps=20)
    assert losses[-1] < losses[0] and tuned.n_inputs == 2


@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("one too few", ValueError, r"decode\(\): expected 150 genomes, got 149"),
        ("other inputs", ValueError, r"decode\(\): expected 2 inputs, got 1"),
        ("a network", TypeError, r"decode\(\): expected Genomes, got"),
        ("itself", ValueError, r"decode\(\): expected 2 inputs, got 4"),
        ("stray ends", ValueError, "source: expected a node of genome 0, got id 77"),
        ("no interface", TypeError, r"interface\(\): expected an Interface, got 3"),
    ],
)
def test_an_encoding_that_gives_something_else_is_told_so(what, kind, message):
    with pytest.raises(kind, match=message):
        ng.evolve(
            ng.XOR(), config=ng.Config(encoding=Unsound(what=what)), generations=1, progress=False
        )


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match=r"encoding.kind: expected one of .*, got 'paintet'"):
        ng.Config().override({"encoding.kind": "paintet"})
    changed = ng.Config().override({"encoding.kind": "painted", "encoding.hidden": 3})
    assert changed.encoding == Painted(hidden=3)
    assert ng.Config.from_toml(changed.to_toml()) == changed
    assert issubclass(UnknownContentError, Exception)
