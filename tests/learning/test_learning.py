"""Gradients against central differences, optimisers against plain twins, and what is promised."""

import json
import math
import warnings
from itertools import product

import numpy as np
import pytest
from conftest import build, grown

import neatgrow as ng
from neatgrow.kernels import functions
from neatgrow.kernels.functions import ACTIVATIONS, AGGREGATIONS
from neatgrow.learning import training
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, learned_of, recipe_of

KINKED = ("relu", "leaky_relu", "elu", "abs", "step", "clamped", "inverse")
SMOOTH = [k for k, name in enumerate(ACTIVATIONS) if name not in KINKED]
X2 = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[0.0], [1.0], [1.0], [0.0]])

# For random graphs, whose outputs can reach few targets.
of_any_outputs = pytest.mark.filterwarnings("ignore:fine_tune. expected outputs")


def random_graphs(seed, activations, aggregations):
    """Grown graphs, loops included, with continuous values and the given functions."""
    genomes = grown(seed, generations=12)
    draw, packed = np.random.default_rng(seed), genomes.packed
    choices = np.empty_like(packed.node_choices)
    choices[:, 0] = draw.choice(activations, len(choices))
    choices[:, 1] = draw.choice(aggregations, len(choices))
    return ng.Genomes(
        packed._replace(
            node_choices=choices,
            node_values=draw.normal(0, 0.5, packed.node_values.shape),
            connection_values=draw.normal(0, 0.7, packed.connection_values.shape),
        ),
        genomes.interface,
    )


def lesson(genomes, seed, shape=(4, 3), loss="mse", dtype=np.float64, **options):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(*shape, genomes.n_inputs))
    Y = draw.normal(size=(*shape, genomes.n_outputs))
    data = prepared(
        genomes.interface, len(genomes), X, Y, None, sequences=len(shape) == 2, labels=False,
        dtype=dtype,
    )  # fmt: skip
    return Trainer(genomes, recipe_of(loss, None, 1, data, **options), dtype), data


def worst_error(trainer, data, network):
    """Largest relative error of one network's gradient where differences of two widths agree."""
    plan = trainer.networks.plan
    losses, found = trainer.gradients(data)
    start, stop = plan.node_start[network], plan.node_stop[network]
    spans = (range(plan.incoming_start[start], plan.incoming_stop[stop - 1]), range(start, stop))
    worst, compared, kinks = 0.0, 0, 0
    for column, gradient, rows in zip(learned_of(plan), found, (*spans, spans[1]), strict=True):
        for row in product(rows, *map(range, column.shape[1:])):
            value, slopes = column[row], []
            for width in (1e-5, 4e-6):
                sides = []
                for moved in (value + width, value - width):
                    column[row] = moved
                    sides.append(trainer.loss(data)[network])
                slopes.append((sides[0] - sides[1]) / (2 * width))
            column[row] = value
            scale = max(1.0, abs(losses[network]))
            if not abs(slopes[0] - slopes[1]) <= 1e-6 * max(abs(slopes[0]), scale):
                kinks += 1
                continue
            size = max(abs(gradient[row]), abs(slopes[1]), 1e-3 * scale)
            worst = max(worst, abs(gradient[row] - slopes[1]) / size)
            compared += 1
    return worst, compared, kinks


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "binary", "categorical"])
@pytest.mark.parametrize("seed", range(3))
def test_gradients_of_smooth_graphs_with_loops_equal_central_differences(seed, loss):
    genomes = random_graphs(seed, SMOOTH, [functions.SUM, functions.MEAN, functions.PRODUCT])
    trainer, data = lesson(genomes[::9], seed, loss=loss)
    for network in range(len(trainer.genomes)):
        worst, compared, kinks = worst_error(trainer, data, network)
        assert worst < 1e-5 and kinks <= 0.1 * compared


@pytest.mark.parametrize("seed", range(4))
def test_gradients_of_all_functions_equal_central_differences_away_from_kinks(seed):
    genomes = random_graphs(seed, range(len(ACTIVATIONS)), range(len(AGGREGATIONS)))
    trainer, data = lesson(genomes[::7], seed)
    total = [worst_error(trainer, data, network) for network in range(len(trainer.genomes))]
    assert max(worst for worst, _, _ in total) < 1e-5
    assert sum(k for _, _, k in total) <= 0.25 * sum(c for _, c, _ in total)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_equal_central_differences(name):
    genome = build(1, 1, {1: (name, "sum", 0.0)}, [(0, 1, 1.0, True)])
    for x in (-7.3, -1.7, -0.6, -0.05, 0.04, 0.7, 1.9, 6.1):
        error = ng.check_gradients(genome, [[x]], [[0.3]], sequences=False)
        assert error < 1e-6, (name, x)


def test_a_registered_activation_learns_by_differences(monkeypatch):
    monkeypatch.setattr(functions, "_registered", dict(functions._registered))
    functions.register_activation("wavy", lambda z: math.sin(z) * z)
    genome = build(1, 1, {1: ("wavy", "sum", 0.1)}, [(0, 1, 0.7, True)])
    assert ng.check_gradients(genome, [[0.5], [-1.2]], [[1.0], [0.0]], sequences=False) < 1e-6


def test_slopes_at_kinks_are_those_documented():
    for name, slope in (("relu", 0.0), ("leaky_relu", 0.01), ("abs", -1.0), ("elu", 1.0),
                        ("step", 0.0), ("inverse", 0.0)):  # fmt: skip
        genome = build(1, 1, {1: (name, "sum", 0.0)}, [(0, 1, 0.0, True)])
        trainer, _ = lesson(genome.batch(), 0, shape=(1,), loss="given")
        data = prepared(genome.interface, 1, [[1.0]], [[1.0]], None, sequences=False,
                        labels=False, dtype=np.float64)  # fmt: skip
        assert trainer.gradients(data)[1][0].tolist() == [slope], name


def test_of_equal_terms_the_first_takes_the_gradient_of_a_maximum():
    genome = build(2, 1, {2: ("identity", "max", 0.0)}, [(0, 2, 1.0, True), (1, 2, 1.0, True)])
    trainer, _ = lesson(genome.batch(), 0, shape=(1,), loss="given")
    data = prepared(genome.interface, 1, [[3.0, 3.0]], [[1.0]], None, sequences=False,
                    labels=False, dtype=np.float64)  # fmt: skip
    assert sorted(trainer.gradients(data)[1][0].tolist()) == [0.0, 3.0]


def test_float32_gradients_lie_near_those_in_float64():
    bounded = [k for k, name in enumerate(ACTIVATIONS) if name in ("tanh", "sigmoid", "gauss")]
    genomes = random_graphs(5, bounded, [functions.SUM])
    exact, data = lesson(genomes, 5)
    rough, data32 = lesson(genomes, 5, dtype=np.float32)
    for a, b in zip(exact.gradients(data)[1][:2], rough.gradients(data32)[1], strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4 * np.abs(a).max())


def test_a_window_cuts_gradients_but_not_the_state():
    """A loop of one node over two ticks: with a window of 1 the second tick's gradient treats
    the state before it as given."""
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 0.5, True), (1, 1, 0.8, True)])
    X, Y = np.array([[[1.0]], [[2.0]]]), np.array([[[0.0]], [[1.0]]])
    data = prepared(genome.interface, 1, X, Y, None, sequences=True, labels=False,
                    dtype=np.float64)  # fmt: skip

    def after_one_step(window):
        recipe = recipe_of("given", ng.SGD(1.0), 1, data, window=window)
        trainer = Trainer(genome.batch(), recipe, np.float64)
        trainer.learn(data, 1)
        return dict(zip(genome.source.tolist(), genome.weight - trainer.tuned()[0].weight,
                        strict=True))  # fmt: skip

    # a1 = .5, a2 = .5·2 + .8·.5; dL/da2 = 1: dL/dw = a1, dL/du = 2 + .8·1 through time.
    assert after_one_step(None) == pytest.approx({0: 2.8, 1: 0.5})
    assert after_one_step(1) == pytest.approx({0: 2.0, 1: 0.5})


# ------------------------------------------------------------------------------- optimisers


def twin(optimizer, rate_of, steps, w, b, x, y, *, l1=0.0, l2=0.0, clip=math.inf):
    """Plain descent of one linear neuron on the mean squared error of samples x (B,), y (B,)."""
    name = type(optimizer).__name__
    m, v = [0.0, 0.0], [0.0, 0.0]
    for step in range(steps):
        error = w * x + b - y
        g = [2 * np.mean(error * x) + l1 * np.sign(w) + 2 * l2 * w, 2 * np.mean(error)]
        norm = math.hypot(*g)
        if norm > clip:
            g = [clip / norm * part for part in g]
        rate, p = rate_of(step), [w, b]
        for k in range(2):
            if name == "SGD":
                p[k] -= rate * g[k]
            elif name == "Momentum":
                m[k] = optimizer.momentum * m[k] + g[k]
                p[k] -= rate * m[k]
            elif name == "RMSProp":
                v[k] = optimizer.smoothing * v[k] + (1 - optimizer.smoothing) * g[k] ** 2
                p[k] -= rate * g[k] / (math.sqrt(v[k]) + optimizer.epsilon)
            else:
                m[k] = optimizer.momentum * m[k] + (1 - optimizer.momentum) * g[k]
                v[k] = optimizer.smoothing * v[k] + (1 - optimizer.smoothing) * g[k] ** 2
                if name == "AdamW" and k == 0:
                    p[k] -= rate * optimizer.decay * p[k]
                up = m[k] / (1 - optimizer.momentum ** (step + 1))
                down = math.sqrt(v[k] / (1 - optimizer.smoothing ** (step + 1)))
                p[k] -= rate * up / (down + optimizer.epsilon)
        w, b = p
    return w, b


LINE = build(1, 1, {1: ("identity", "sum", 0.4)}, [(0, 1, -0.7, True)])
SAMPLES = np.linspace(-1, 2, 7), np.linspace(0, 1, 7) ** 2


@pytest.mark.parametrize("optimizer", [
    ng.SGD(0.1), ng.Momentum(0.05, momentum=0.8), ng.RMSProp(0.02), ng.Adam(0.05),
    ng.AdamW(0.05, decay=0.3),
])  # fmt: skip
@pytest.mark.parametrize("schedule", [ng.Constant(), ng.Cosine(), ng.Steps(5, 0.5)])
@pytest.mark.parametrize("extra", [{}, {"l1": 0.05, "l2": 0.1}, {"clip": 0.2}])
def test_optimisers_equal_their_plain_twins(optimizer, schedule, extra):
    optimizer = type(optimizer)(**{**vars(optimizer), "schedule": schedule})
    rates = {
        ng.Constant: lambda step: optimizer.rate,
        ng.Cosine: lambda step: optimizer.rate * (1 + math.cos(math.pi * step / 23)) / 2,
        ng.Steps: lambda step: optimizer.rate * 0.5 ** (step // 5),
    }
    x, y = SAMPLES
    tuned, losses = ng.fine_tune(LINE, x[:, None], y[:, None], optimizer=optimizer, steps=23,
                                 dtype=np.float64, **extra)  # fmt: skip
    expected = twin(optimizer, rates[type(schedule)], 23, -0.7, 0.4, x, y, **extra)
    assert (tuned.weight[0], tuned.bias[0]) == pytest.approx(expected, rel=1e-9)
    first = np.mean((-0.7 * x + 0.4 - y) ** 2) + sum(
        part for part in (extra.get("l1", 0) * 0.7, extra.get("l2", 0) * 0.49)
    )
    assert losses[0] == pytest.approx(first) and losses.shape == (23,)


def test_batches_take_every_sample_once_an_epoch():
    """With rate 0-like steps the losses of an epoch's batches average to the whole's."""
    x, y = np.arange(12.0)[:, None], np.zeros((12, 1))
    _, losses = ng.fine_tune(LINE, x, y, optimizer=ng.SGD(1e-300), steps=8, batch=3)
    whole = np.mean((-0.7 * x + 0.4) ** 2)
    assert losses[:4].mean() == pytest.approx(whole) == pytest.approx(losses[4:].mean())
    assert sorted(losses[:4]) != pytest.approx(sorted(losses[4:]))
    again = ng.fine_tune(LINE, x, y, optimizer=ng.SGD(1e-300), steps=8, batch=3)[1]
    other = ng.fine_tune(LINE, x, y, optimizer=ng.SGD(1e-300), steps=8, batch=3, seed=1)[1]
    assert again.tolist() == losses.tolist() != other.tolist()


# ------------------------------------------------------------------------------ what is promised


@of_any_outputs
@pytest.mark.parametrize("batch", [30, None])  # None: several blocks of samples
def test_each_network_learns_as_it_would_alone_for_any_number_of_threads(
    threads, batch, monkeypatch
):
    monkeypatch.setattr(training, "_SHARED_STEP_NS", 0.0)  # one network alone uses all threads
    genomes = random_graphs(2, SMOOTH, [functions.SUM, functions.MEAN])
    draw = np.random.default_rng(0)
    X, Y = (
        draw.normal(size=(10, 200, genomes.n_inputs)),
        draw.normal(size=(10, 200, genomes.n_outputs)),
    )
    options = {"sequences": True, "steps": 9, "batch": batch, "optimizer": ng.Adam(0.02)}
    threads(1)
    tuned, losses = ng.fine_tune(genomes, X, Y, **options)
    threads(4)
    again, more = ng.fine_tune(genomes, X, Y, **options)
    np.testing.assert_array_equal(losses, more)
    assert all(np.array_equal(a, b) for a, b in zip(tuned.packed, again.packed, strict=True))
    for row in (0, 7, len(genomes) - 1):
        alone, curve = ng.fine_tune(genomes[row], X, Y, **options)
        assert alone == tuned[row] and curve.tolist() == losses[row].tolist()
    tuned.check()


@of_any_outputs
@pytest.mark.parametrize("samples", [64, 65, 1100])  # one block, two, and sixteen of two tiles
def test_a_step_goes_down_the_gradient_of_all_samples(samples, threads, monkeypatch):
    monkeypatch.setattr(training, "_SHARED_STEP_NS", 0.0)
    threads(3)
    genome = random_graphs(3, SMOOTH, [functions.SUM, functions.MEAN])[5]
    draw = np.random.default_rng(0)
    X, Y = (
        draw.normal(size=(samples, genome.n_inputs)),
        draw.normal(size=(samples, genome.n_outputs)),
    )
    weights = draw.uniform(size=samples)
    data = prepared(genome.interface, 1, X, Y, weights, sequences=False, labels=False,
                    dtype=np.float64)  # fmt: skip
    trainer = Trainer(genome.batch(), recipe_of("mse", ng.SGD(0.1), 1, data), np.float64)
    before, (loss, found) = trainer.parameters(), trainer.gradients(data)
    assert trainer.learn(data, 1)[0, 0] == pytest.approx(loss[0], rel=1e-12)
    for old, new, slope in zip(before, trainer.parameters(), found, strict=True):
        np.testing.assert_allclose(new, old - 0.1 * slope, rtol=1e-10, atol=1e-13)


def test_the_number_of_calls_does_not_change_what_is_learned():
    genomes = random_graphs(3, SMOOTH, [functions.SUM])
    whole, data = lesson(genomes, 1, batch=2)
    parts, _ = lesson(genomes, 1, batch=2)
    losses = whole.learn(data, 20)
    pieces = [parts.learn(data, steps) for steps in (1, 7, 12)]
    np.testing.assert_array_equal(losses, np.concatenate(pieces, axis=1))
    for a, b in zip(whole.tuned().packed, parts.tuned().packed, strict=True):
        np.testing.assert_array_equal(a, b)


@of_any_outputs
def test_sets_of_their_own_and_shared_ones_agree():
    genomes = random_graphs(4, SMOOTH, [functions.SUM])[:5]
    draw = np.random.default_rng(0)
    X, Y = draw.normal(size=(6, genomes.n_inputs)), draw.normal(size=(6, genomes.n_outputs))
    shared, losses = ng.fine_tune(genomes, X, Y, steps=5)
    own, same = ng.fine_tune(genomes, np.stack([X] * 5), np.stack([Y] * 5), steps=5)
    assert losses.tolist() == same.tolist() and list(shared) == list(own)


@of_any_outputs
def test_weights_leave_samples_out():
    genomes = random_graphs(6, SMOOTH, [functions.SUM])[:5]
    draw = np.random.default_rng(0)
    X, Y = draw.normal(size=(6, genomes.n_inputs)), draw.normal(size=(6, genomes.n_outputs))
    part, losses = ng.fine_tune(genomes, X[:4], Y[:4], steps=5)
    masked, same = ng.fine_tune(genomes, X, Y, weights=[1, 1, 1, 1, 0, 0], steps=5)
    np.testing.assert_allclose(losses, same, rtol=1e-12)
    np.testing.assert_allclose(part.weight, masked.weight, rtol=1e-9, atol=1e-12)


@of_any_outputs
def test_structure_other_genes_and_the_argument_stay_as_they_were():
    genomes = random_graphs(7, SMOOTH, [functions.SUM])
    before = [column.copy() for column in genomes.packed]
    draw = np.random.default_rng(0)
    X, Y = draw.normal(size=(5, genomes.n_inputs)), draw.normal(size=(5, genomes.n_outputs))
    tuned, _ = ng.fine_tune(genomes, X, Y, steps=3, dtype=np.float32)
    for name, old, now, kept in zip(genomes.packed._fields, before, tuned.packed, genomes.packed,
                                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(old, kept)
        if name not in ("node_values", "connection_values"):
            np.testing.assert_array_equal(old, now)
    off = ~genomes.enabled
    np.testing.assert_array_equal(tuned.weight[off], genomes.weight[off])
    assert (tuned.weight[~off] != genomes.weight[~off]).any()


def test_a_network_that_diverges_keeps_its_last_finite_parameters():
    square = build(1, 1, {1: ("square", "sum", 0.1)}, [(0, 1, 1.0, True)])
    calm = build(1, 1, {1: ("tanh", "sum", 0.1)}, [(0, 1, 1.0, True)])
    with pytest.warns(
        RuntimeWarning, match=r"the loss of 1 of 2 networks .* network 0 in step \d+"
    ):
        from conftest import pack

        tuned, losses = ng.fine_tune(pack([square, calm]), [[1.0], [2.0]], [[0.0], [1.0]],
                                     optimizer=ng.SGD(10.0), steps=60)  # fmt: skip
    tuned.check()
    last = np.flatnonzero(~np.isnan(losses[0]))[-1]
    assert last < 59 and not np.isnan(losses[1]).any()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        _, again = ng.fine_tune(tuned[0], [[1.0], [2.0]], [[0.0], [1.0]],
                                optimizer=ng.SGD(1e-300), steps=1)  # fmt: skip
    assert again[0] == losses[0, last]


def test_learning_stops_where_validation_gets_no_better():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(8, 1))
    noise, truth = draw.normal(size=(8, 1)), 0 * x
    genome = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 0.0, True)])
    with pytest.warns(RuntimeWarning, match="^validation: expected steps .* none for 1 of 1 "):
        tuned, losses = ng.fine_tune(genome, x, noise, validation=(x, truth), patience=2, steps=500)
    assert tuned == genome and np.isnan(losses).sum() == 480  # the start was best
    tuned, losses = ng.fine_tune(genome, x, noise, validation=(x, noise), patience=2, steps=100)
    assert losses[-1] < losses[0] and not np.isnan(losses).any()


@of_any_outputs
def test_one_hot_integers_are_not_taken_for_class_numbers():
    genomes = ng.Population(2, 3, seed=1).ask()[:3]  # as many as samples and classes
    X, Y = np.random.default_rng(0).normal(size=(3, 2)), np.eye(3, dtype=int)
    whole = ng.fine_tune(genomes, X, Y, loss="categorical", steps=1)[1]
    assert np.array_equal(whole, ng.fine_tune(genomes, X, Y * 1.0, loss="categorical", steps=1)[1])


def test_cross_entropies_take_no_targets_out_of_range():
    genome, X = ng.Population(2, 1, seed=1).ask()[0], np.ones((2, 2))
    for loss, rule in (("binary", "from 0 to 1"), ("categorical", "of at least 0")):
        with pytest.raises(ValueError, match=rf"^Y: expected targets {rule}.*, got -1 to 1\."):
            ng.fine_tune(genome, X, [[-1.0], [1.0]], loss=loss)


def test_numbers_of_numpy_are_settings_too():
    learning = ng.Learning(np.int64(3), candidates=np.int64(4), prune=np.float32(0.5))
    assert json.loads(json.dumps(learning.to_dict()))["candidates"] == 4


def test_validation_may_leave_ticks_out():
    genome = ng.Population(1, 1, seed=1).ask()[0]
    X, wrong = np.ones((3, 4, 1)), np.full((3, 4, 1), 9.0)
    Y, weights = wrong.copy(), np.zeros((3, 4))
    Y[-1], weights[-1] = 0.5, 1.0
    options = {"sequences": True, "steps": 200, "patience": 3, "optimizer": ng.Adam(0.05)}
    tuned, losses = ng.fine_tune(
        genome, X, Y, weights=weights, validation=(X, Y, weights), **options
    )
    assert abs(tuned.compile().run(X)[-1] - 0.5).max() < 0.05
    assert losses.size == 200


@of_any_outputs
def test_ones_own_loss_equals_the_named_one():
    genomes = random_graphs(8, SMOOTH, [functions.SUM])[:6]
    draw = np.random.default_rng(0)
    X, Y = draw.normal(size=(5, genomes.n_inputs)), draw.normal(size=(5, genomes.n_outputs))

    def mse(outputs, targets):
        gap = outputs - targets
        return (gap**2).mean(axis=(1, 2)), 2 * gap / gap[0].size

    named, losses = ng.fine_tune(genomes, X, Y, steps=10, dtype=np.float64)
    own, same = ng.fine_tune(genomes, X, Y, steps=10, loss=mse, dtype=np.float64)
    np.testing.assert_allclose(losses, same, rtol=1e-10)
    np.testing.assert_allclose(named.weight, own.weight, rtol=1e-8, atol=1e-12)


@of_any_outputs
def test_class_numbers_equal_one_column_per_class():
    genomes = random_graphs(9, SMOOTH, [functions.SUM])[:4]
    classes = np.arange(7) % genomes.n_outputs
    X = np.random.default_rng(0).normal(size=(7, genomes.n_inputs))
    _, losses = ng.fine_tune(genomes, X, classes, loss="categorical", steps=4)
    _, same = ng.fine_tune(
        genomes, X, np.eye(genomes.n_outputs)[classes], loss="categorical", steps=4
    )
    assert losses.tolist() == same.tolist()


def test_xor_is_learned_by_a_fitting_graph_and_a_bit_is_recalled_by_a_loop():
    config = ng.Config().override({"start.hidden": 4})
    genome = ng.Population(2, 1, config, seed=1).ask()[0]
    tuned, losses = ng.fine_tune(genome, X2, XOR, optimizer=ng.Adam(0.05), steps=600)
    assert losses[-1] < 0.01 < losses[0]
    assert ((tuned.compile().predict(X2) > 0.5) == XOR).all()
    draw = np.random.default_rng(0)
    bits = draw.choice([-1.0, 1.0], (1, 32, 1))
    X = np.concatenate([bits, np.zeros((4, 32, 1))])
    weights = np.zeros((5, 32))
    weights[-1] = 1.0
    loop = build(1, 1, {1: ("tanh", "sum", 0.0)}, [(0, 1, 0.3, True), (1, 1, 0.3, True)])
    tuned, losses = ng.fine_tune(loop, X, np.broadcast_to(bits, (5, 32, 1)), sequences=True,
                                 weights=weights, optimizer=ng.Adam(0.05), steps=400)  # fmt: skip
    assert losses[-1] < 0.02 < losses[0]
    assert (np.sign(tuned.compile().run(X)[-1]) == bits[0]).all()


@pytest.mark.parametrize(("changes", "message"), [
    ({"X": X2[:3]}, r"^Y: expected shape \(3, 1\), got \(4, 1\)\."),
    ({"X": X2[:, :1]}, r"^X: expected shape \(B, 2\), got \(4, 1\)\."),
    ({"X": X2[:0], "Y": XOR[:0]}, r"^X: expected at least one sample, got shape \(0, 2\)\."),
    ({"X": X2 * np.nan}, "^X: expected .*finite"),
    ({"Y": XOR + np.inf}, "^Y: expected .*finite"),
    ({"weights": [1, 1, 1, -1]}, "^weights: expected numbers of at least 0, got -1"),
    ({"steps": 0}, "^steps: expected an integer of at least 1, got 0"),
    ({"batch": 0}, "^batch: expected"), ({"window": 0}, "^window: expected"),
    ({"loss": "msee"}, "^loss: .*'mse'"), ({"l2": -1.0}, "^l2: expected"),
    ({"clip": 0.0}, "^clip: expected"), ({"dtype": np.int32}, "^dtype: expected float32 or"),
    ({"Y": [0, 1, 1, 7], "loss": "categorical"}, "^Y: expected class numbers from 0 to 0, got 7"),
    ({"patience": 0, "validation": (X2, XOR)}, "^patience: expected"),
])  # fmt: skip
def test_bad_input_is_refused_in_words(changes, message):
    genome = ng.Population(2, 1, seed=1).ask()[0]
    options = {"X": X2, "Y": XOR, "steps": 3} | changes
    with pytest.raises((ValueError, TypeError), match=message):
        ng.fine_tune(genome, options.pop("X"), options.pop("Y"), **options)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ng.Adam(0.0), r"^Adam\.rate: expected a positive number, got 0\.0\."),
    (lambda: ng.Adam(0.1, momentum=1.0), r"^Adam\.momentum: expected a number from 0 to below 1"),
    (lambda: ng.AdamW(decay=-1.0), r"^AdamW\.decay: expected a positive number"),
    (lambda: ng.Adam(epsilon=10**400), r"^Adam\.epsilon: expected a positive number, got 1000"),
    (lambda: ng.Learning(5, clip=10**400), r"^Learning\.clip: expected a number that a float"),
    (lambda: ng.Steps(0), r"^Steps\.every: expected"),
    (lambda: ng.Adam(schedule="cosine"), r"^schedule: expected Constant\(\), Cosine\(\) or"),
])  # fmt: skip
def test_bad_settings_of_optimisers_are_refused_in_words(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


# --------------------------------------------------------------------- learning in evolution

LEARNING = ng.Learning(6, ng.AdamW(0.02, schedule=ng.Steps(3, 0.5)), share=0.5, batch=2)


def small_run(**changes):
    options = {"config": ng.Config(population_size=40), "generations": 12, "solved_at": 99.0}
    return ng.evolve(ng.XOR(), **(options | {"seed": 3, "learning": LEARNING} | changes))


def test_runs_that_learn_are_the_same_for_any_threads_and_after_a_break(threads, tmp_path):
    whole = small_run()
    threads(3)
    assert small_run().fingerprint == whole.fingerprint
    small_run(generations=5, directory=tmp_path / "run")
    assert ng.resume(tmp_path / "run", generations=12).fingerprint == whole.fingerprint
    (tmp_path / "run" / "checkpoints").rename(tmp_path / "gone")  # as if killed before the first
    assert ng.resume(tmp_path / "run", generations=12).fingerprint == whole.fingerprint
    assert small_run(learning=None).fingerprint != whole.fingerprint


def test_what_is_learned_is_inherited_or_only_counts():
    def first_generation(inheritance):
        seen = []
        learning = ng.Learning(30, ng.Adam(0.05), inheritance=inheritance)
        result = small_run(generations=1, learning=learning, callbacks=[
            lambda run: seen.append(run.population.genomes)])  # fmt: skip
        return seen[0], result

    born, plain = first_generation("none")
    changed, lamarck = first_generation("lamarckian")
    kept, baldwin = first_generation("baldwinian")
    assert plain.history["samples_learned"].tolist() == [0]
    assert lamarck.history["samples_learned"].tolist() == [40 * 30 * 4]
    assert np.array_equal(born.weight, kept.weight) and not np.array_equal(
        born.weight, changed.weight
    )
    assert lamarck.champion_fitness == baldwin.champion_fitness > plain.champion_fitness
    judged = 4 - ((lamarck.champion.compile().predict(X2) - XOR) ** 2).sum()
    assert judged == pytest.approx(lamarck.champion_fitness, abs=1e-6)
    assert ng.evolve(ng.XOR(), seed=1, learning=ng.Learning(20)).solved


def test_the_share_that_learns_changes_and_all_values_stay_within_their_bounds():
    config = ng.Config(population_size=40).override({"genes.weight": {"minimum": -1, "maximum": 1}})
    learned = []

    def look(run):
        learned.append(run.history[-1]["samples_learned"] // (6 * 2))
        assert np.abs(run.population.genomes.weight).max() <= 1.0

    small_run(config=config, callbacks=[look], learning=ng.Learning(6, share=0.5, batch=2))
    assert len(set(learned)) > 3 and 15 < np.mean(learned) < 25


def test_learning_needs_a_problem_that_teaches():
    with pytest.raises(ValueError, match=r"^learning: expected a problem that offers lessons.*XX"):

        def XX(network):  # noqa: N802
            return 1.0

        ng.evolve(XX, inputs=1, outputs=1, learning=LEARNING)
    with pytest.raises(TypeError, match=r"^learning: expected Learning\(steps, …\), got 20"):
        ng.evolve(ng.XOR(), learning=20)


@pytest.mark.parametrize("values", [
    {"steps": 0}, {"steps": 5, "share": 0.0}, {"steps": 5, "inheritance": "lamarkian"},
    {"steps": 5, "optimizer": "adam"},
])  # fmt: skip
def test_impossible_learning_is_refused(values):
    with pytest.raises((ValueError, TypeError), match=r"^Learning\.\w+: expected"):
        ng.Learning(**values)


def test_learning_is_written_as_plain_values_and_read_back():
    assert ng.Learning.from_dict(LEARNING.to_dict()) == LEARNING


def test_only_the_genomes_asked_for_can_have_learned():
    population = ng.Population(2, 1, seed=1)
    with pytest.raises(RuntimeError, match=r"^learned: expected a call of ask\(\) first"):
        population.learned(population.genomes)
    genomes = population.ask()
    with pytest.raises(ValueError, match=r"^learned: expected the genomes of ask\(\)"):
        population.learned(genomes[::2])
