"""The networks that learning is timed beside, in torch and JAX: they learn what neatgrow does."""

import numpy as np
import pytest

import neatgrow as ng
from benchmarks import layered, scale
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of

STEPS, SAMPLES, ADAM = 5, 16, ng.Adam(0.01)
DENSE = layered.dense_genomes((8, 20, 4), 3)
GRAPH = scale.large(80)
FORMS = {
    "layers": (layered.by_layers, DENSE),
    "edges": (lambda genomes: layered.by_edges(genomes[0]), GRAPH.batch()),
    "matrices": (lambda genomes: layered.by_matrices(genomes[0]), GRAPH.batch()),
}


def peers():
    for name, make in (("torch", lambda *given: layered.Torch(*given, 1)), ("jax", layered.Jax)):
        reason = f"{name} is not installed: pip install '.[{name}]'"
        missing = not layered.installed(name)
        for form in FORMS:
            marks = pytest.mark.skipif(missing, reason=reason)
            yield pytest.param(make, form, marks=marks, id=f"{name}-{form}")


@pytest.mark.parametrize(("make", "form"), list(peers()))
def test_losses_of_steps_of_adam_are_equal(make, form):
    build, genomes = FORMS[form]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((SAMPLES, genomes.n_inputs))
    Y = rng.standard_normal((SAMPLES, genomes.n_outputs))
    data = prepared(
        genomes.interface, len(genomes), X, Y, None, sequences=False, labels=False, dtype=np.float32
    )
    trainer = Trainer(genomes, recipe_of("mse", ADAM, STEPS, data), np.float32)
    mine = trainer.learn(data, STEPS)
    theirs = make(build(genomes), X, Y, ADAM).learn(STEPS)
    np.testing.assert_allclose(mine.T, theirs, rtol=3e-5)
    assert (mine[:, -1] < 0.98 * mine[:, 0]).all()  # so that gradients and Adam were tried, too
