"""A dynamics of one's own, with a column of its own, from outside the package."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.kernels import dynamics

SIGNAL = np.random.default_rng(0).choice([-1.0, 1.0], (30, 6, 1))
PAST = np.concatenate([np.zeros((2, 6, 1)), SIGNAL[:-2]])  # what was two ticks ago


def held(z, state, parameters):
    """A share of what comes, of the column ``grip``, and two ticks late."""
    late = state[1]
    state[1] = state[0]
    state[0] = parameters[0] * z
    return late


def register():
    ng.register_column("grip", "node", ng.Values(start_mean=0.5, minimum=0.0, maximum=1.0))
    ng.register_dynamics("held", held, states=2, columns=("grip",))


if multiprocessing.parent_process() is not None:  # as a module of one's own would at once
    register()


class Echo(ng.Supervised):
    """Answer with the signal of two ticks ago."""

    def __init__(self):
        super().__init__(SIGNAL, PAST, sequences=True, name="echo")


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(dynamics, "_registered", {})
    register()


def config(**settings):
    kind = ng.Choices(start="instant", options=("instant", "held"), swap_rate=0.2)
    genes = ng.Genes(dynamics=kind, grip=ng.Values(start_mean=0.5, minimum=0.0, maximum=1.0))
    return ng.Config(population_size=40, genes=genes, recurrent=False, **settings)


def evolve(**options):
    return ng.evolve(Echo(), config=config(), seed=1, progress=False, **options)


def test_it_evolves_with_workers_is_drawn_saved_loaded_and_resumed(tmp_path):
    run = tmp_path / "run"
    result = evolve(generations=6, processes=2, directory=run)
    champion = result.champion
    assert result.champion_fitness > -0.75  # without memory it is -1 or worse
    assert "held" in champion.options("dynamics") and "dynamics held" in str(champion)
    assert evolve(generations=6).fingerprint == result.fingerprint
    champion.save(tmp_path / "champion.npz")
    loaded = ng.load_genome(tmp_path / "champion.npz")
    assert loaded == champion
    np.testing.assert_array_equal(loaded.compile().run(SIGNAL), champion.compile().run(SIGNAL))
    ng.draw(champion).savefig(tmp_path / "champion.png")
    assert Path(tmp_path / "champion.png").stat().st_size > 1000
    resumed = ng.resume(run, problem=Echo(), generations=9, processes=2, progress=False)
    assert resumed.fingerprint == evolve(generations=9).fingerprint


def test_a_network_computes_what_the_function_says():
    genome = ng.Genome.from_edges(
        [(0, 1)], inputs=1, outputs=1,
        nodes={1: {"dynamics": "held", "grip": 0.25, "activation": "identity"}},
    )  # fmt: skip
    network = genome.compile(np.float64)
    assert [network.activate([x])[0] for x in (4.0, 8.0, 0.0, 0.0, 0.0)] == [0, 0, 1.0, 2.0, 0]


def test_learning_is_refused_by_name():
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {"dynamics": "held"}},
                                  columns=("grip",))  # fmt: skip
    with pytest.raises(ValueError, match=r"genes\.dynamics: expected .* gradient.*'held'"):
        ng.fine_tune(genome, SIGNAL, PAST, sequences=True)


def test_a_column_that_it_reads_must_be_there():
    alone = ng.Genes(dynamics=ng.Choices(start="held", options=("held",)))
    with pytest.raises(ValueError, match="the column 'grip', which dynamics 'held' reads"):
        ng.Population(1, 1, ng.Config(genes=alone)).ask()
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {"dynamics": "held"}})
    with pytest.raises(ValueError, match=r"the column 'grip'.* Set \"genes\.grip\": True"):
        genome.compile()


def test_genes_of_a_dynamics_that_is_not_registered_are_refused(tmp_path):
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {"dynamics": "held"}},
                                  columns=("grip",))  # fmt: skip
    genome.save(tmp_path / "genome.npz")
    dynamics._registered.clear()
    with pytest.raises(ng.FileError, match="held"):
        ng.load_genome(tmp_path / "genome.npz")
    options = ng.Choices(start="held", options=("held",))
    with pytest.raises(ValueError, match=r"genes\.dynamics\.options"):
        ng.Population(1, 1, ng.Config(genes=ng.Genes(dynamics=options))).ask()
