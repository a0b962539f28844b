"""Runs of genomes that store, fire and stare: workers, resuming, learning, policies, settings."""

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.runs.reading import read_settings

X = np.random.default_rng(0).normal(size=(6, 5, 2))
Y = np.cumsum(X[..., :1], axis=0)
MIXED = ng.Config(
    population_size=30, dynamics=("instant", "leaky", "lif", "izhikevich"), ticks=3,
    readout="mean", tick=0.5, substeps=3,
)  # fmt: skip


def error(network):
    """At the top level, so that workers know it."""
    return -float(((network.run(X) - Y) ** 2).mean())


def problem():
    return ng.Supervised(X, Y, sequences=True)


def test_workers_and_resuming_give_the_same_run(tmp_path):
    given = {"inputs": 2, "outputs": 1, "config": MIXED, "seed": 3, "progress": False}
    whole = ng.evolve(error, generations=6, **given)
    assert ng.evolve(error, generations=6, processes=2, **given).fingerprint == whole.fingerprint
    ng.evolve(error, generations=3, directory=tmp_path / "run", **given)
    again = ng.resume(tmp_path / "run", problem=error, generations=6, progress=False)
    assert again.fingerprint == whole.fingerprint
    assert again.champion.interface.timing == MIXED.timing
    assert read_settings(tmp_path / "run").timing == MIXED.timing
    kinds = {name for genome in whole.population.genomes for name in genome.options("dynamics")}
    assert len(kinds) == 4


@pytest.mark.parametrize("inheritance", ["lamarckian", "baldwinian"])
def test_mixed_networks_learn_within_a_run(inheritance):
    learning = ng.Learning(steps=10, inheritance=inheritance)
    result = ng.evolve(
        problem(), config=MIXED, learning=learning, generations=4, seed=1, progress=False
    )
    alone = ng.evolve(problem(), config=MIXED, generations=4, seed=1, progress=False)
    assert result.champion_fitness > alone.champion_fitness
    tuned, losses = ng.fine_tune(result.learned, problem().lessons(), steps=50)
    assert losses[-1] < losses[0] and tuned.interface.timing == MIXED.timing


def test_spiking_policies_are_tuned(tmp_path):
    pole = ng.Gymnasium("CartPole-v1", episodes=2)
    config = ng.Config(population_size=20, dynamics="lif", ticks=8, readout="mean")
    result = ng.evolve(pole, config=config, generations=2, seed=1, progress=False)
    tuned, report = ng.fine_tune_policy(result.champion, pole, iterations=2, seed=1, progress=False)
    assert np.isfinite(report.after) and tuned.interface.timing == config.timing
    policy = result.policy()
    policy.save(tmp_path / "policy.npz")
    observation = np.array([0.01, -0.02, 0.03, 0.01], np.float32)
    first = [policy(observation) for _ in range(5)]
    policy.reset()
    assert [policy(observation) for _ in range(5)] == first


def test_the_command_line_sets_it_in_a_word(tmp_path):
    out = tmp_path / "run"
    typed = ["run", "xor", "--generations", "2", "--out", str(out), "--set", "dynamics=leaky"]
    main([*typed, "--set", "ticks=4"])
    settings = read_settings(out)
    assert settings.genes.dynamics.options == ("leaky",) and settings.ticks == 4
    assert settings.recurrent  # as observations last several ticks
    with pytest.raises(ValueError, match="ticks: expected 4 as when the run began, got 5"):
        ng.resume(out, generations=3, changes={"ticks": 5})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"dynamics": "lif"},
            r"readout: expected 'mean' where spiking.*CartPole.*got 'last'\. Set",
        ),
        ({"dynamics": "leeky"}, "genes.dynamics.options: expected one of .* Did you mean 'leaky'"),
        ({"ticks": 0}, "ticks: expected between 1 and 10000, got 0"),
        ({"input_coding": "rate"}, "input_coding: expected 'current' where ticks is 1"),
        ({"genes.time_constant.minimum": 0.0}, "genes.time_constant.minimum: expected more than 0"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(changes, message):
    with pytest.raises(ValueError, match=message):
        ng.evolve(
            ng.Gymnasium("CartPole-v1"), config=ng.Config().override(changes), generations=1,
            progress=False,
        )  # fmt: skip


def test_spiking_outputs_that_cannot_reach_their_targets_are_told():
    config = ng.Config(population_size=10, dynamics="lif", ticks=5, readout="mean")
    with pytest.warns(RuntimeWarning, match=r"dynamics\.outputs: expected outputs that can reach"):
        ng.evolve(problem(), config=config, generations=1, progress=False)


def test_gradients_that_need_more_memory_than_there_is_are_refused(monkeypatch):
    monkeypatch.setattr("neatgrow._memory.there_is", lambda: 1_000_000)
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1).with_interface(ticks=50)
    with pytest.raises(ValueError, match="window: expected gradients that fit into memory, got"):
        ng.fine_tune(genome, np.zeros((40, 64, 1)), np.zeros((40, 64, 1)), sequences=True)
    ng.fine_tune(
        genome, np.zeros((40, 64, 1)), np.zeros((40, 64, 1)), sequences=True, window=1, steps=1
    )
