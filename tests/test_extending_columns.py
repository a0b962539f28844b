"""Gene columns of a user's own, from outside the package, through everything that runs do."""

import subprocess
import sys

import numpy as np
import pytest
import workloads
from toys import ALL, NAMES, SOME

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.columns import COLUMNS

GIVEN = {"generations": 6, "solved_at": 99.0, "progress": False, "seed": 3}
CONFIG = ng.Config(population_size=30).override(ALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return ng.evolve(
        ng.XOR(), config=CONFIG, directory=tmp_path_factory.mktemp("columns") / "run", **GIVEN
    )


def test_they_evolve_and_are_in_what_comes_of_it(run):
    champion = run.champion
    assert set(NAMES) <= set(champion.columns)
    assert all(name in str(champion) for name in ("toy_gain", "toy_rate", "toy_power"))
    values = run.population.genomes.column("toy_gain")
    assert np.unique(values).size > 10 and np.abs(values).max() <= 3.0
    assert set(run.population.genomes.options("toy_rule")) == {"one", "two", "three"}


def test_columns_that_nothing_reads_change_no_network():
    """The same genes but for the toys compute the same."""
    genomes = ng.Population(2, 1, CONFIG, seed=1).ask()
    graph = genomes[0].to_networkx()
    plain = ng.Genome.from_edges(
        [(a, b, data["weight"]) for a, b, data in graph.edges(data=True)], inputs=2, outputs=1,
        nodes={2: {"bias": graph.nodes[2]["bias"]}},
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_array_equal(plain.compile().predict(x), genomes[0].compile().predict(x))


def test_workers_know_them_and_come_to_the_same(run):
    again = ng.evolve(ng.XOR(), config=CONFIG, processes=2, **GIVEN)
    assert again.fingerprint == run.fingerprint


def test_workers_that_are_sent_them_need_a_module_that_registers_them():
    config = ng.Config(population_size=6).override(SOME)
    given = {**GIVEN, "generations": 2, "inputs": 1, "outputs": 1, "config": config}
    here = ng.evolve(workloads.value_of, **given)
    assert ng.evolve(workloads.value_of, processes=1, **given).fingerprint == here.fingerprint


def test_a_resumed_run_is_the_one_that_was_not_interrupted(run, tmp_path):
    ng.evolve(ng.XOR(), config=CONFIG, directory=tmp_path / "a", **{**GIVEN, "generations": 3})
    again = ng.resume(tmp_path / "a", generations=6, progress=False)
    assert again.fingerprint == run.fingerprint and again.champion == run.champion
    with pytest.raises(ValueError, match=r"genes: expected .* as when the run began"):
        ng.resume(tmp_path / "a", changes={"genes.toy_gain": "none"}, generations=9)


@pytest.mark.parametrize("inheritance", ["lamarckian", "baldwinian"])
def test_genomes_with_them_learn_and_they_stay(inheritance):
    learning = ng.Learning(steps=3, inheritance=inheritance)
    result = ng.evolve(ng.XOR(), config=CONFIG, learning=learning, **GIVEN)
    for name in NAMES:
        born, judged = result.champion.column(name), result.learned.column(name)
        np.testing.assert_array_equal(born, judged)
    assert ng.check_gradients(result.champion, ng.XOR().X[None], ng.XOR().Y[None]) is not None


def test_they_are_drawn_reported_and_shown(run, capsys):
    ng.draw(run.champion)
    page = ng.report(run).read_text("utf-8")
    assert ("γ" in page or "\\u03b3" in page) and "toy_rule" in page
    assert main(["show", str(run.directory)]) == 0
    assert "toy_power" in capsys.readouterr().out


def test_a_program_that_has_not_registered_them_says_which(run, tmp_path, subprocess_environment):
    run.champion.save(tmp_path / "a.npz")
    program = (
        "import sys, neatgrow as ng\n"
        "for load in (ng.load_genome, ng.resume):\n"
        "    try:\n        load(sys.argv.pop(1))\n"
        "    except Exception as error:\n        print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.npz"), str(run.directory)],
        env=subprocess_environment, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("toy_" in line for line in lines), done
    assert "Register" in lines[0] and "Register" in lines[1]


def test_the_toys_are_no_part_of_the_package():
    assert all(COLUMNS[name].optional for name in NAMES)
    assert ng.Population(2, 1).ask().columns == ("weight", "bias", "activation", "aggregation")
