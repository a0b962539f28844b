"""Tasks by name against their definitions, written out again."""

import importlib.util
import json
import random
import re
from itertools import product
from math import cos, exp, log, pi, sin, sqrt

import networkx
import numpy as np
import pytest

import neatgrow as ng
from neatgrow.problems import catalogue, lorenz, memory, regression, sequences, tasks

needs_mnist1d = pytest.mark.skipif(
    importlib.util.find_spec("mnist1d") is None,
    reason='needs the package mnist1d: pip install "neatgrow[mnist1d]"',
)
SAMPLES = ("two-spirals", "two-spirals-classic", "parity", "retina", "mnist1d")
SEQUENCES = (
    "recall",
    "temporal-xor",
    "temporal-order",
    "delayed-recall",
    "delayed-match",
    "adding",
)
OWN = (*SAMPLES, *SEQUENCES, "lorenz", "lorenz-x", *regression.TARGETS)


def network_of(inputs, nodes, edges):
    """One network: nodes {name: (activation, bias)}, the output first, and weighted edges."""
    graph = networkx.DiGraph()
    for name in inputs:
        graph.add_node(name, kind="input")
    for k, (name, (activation, bias)) in enumerate(nodes.items()):
        kind = "hidden" if k else "output"
        graph.add_node(name, kind=kind, activation=activation, bias=bias)
    graph.add_weighted_edges_from(edges)
    return ng.Genome.from_networkx(graph).batch().compile(np.float64)


def accuracy(task, networks, held_out=False):
    data = task.test if held_out else (task.X, task.Y, task.weights)
    return float(task.accuracy(networks, *data)[0])


def feedforward(inputs, outputs, seed):
    """A population of networks without loops, grown a little."""
    config = ng.Config(population_size=40, recurrent=False).override({"mutation.add_node": 0.5})
    population = ng.Population(inputs, outputs, config, seed=seed)
    draw = np.random.default_rng(seed)
    for _ in range(8):
        population.ask()
        population.tell(draw.random(40))
    return population.ask().compile()


# ------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", OWN)
def test_every_task_is_made_again_from_its_description(name):
    if name == "mnist1d":
        pytest.importorskip("mnist1d", reason="needs the package mnist1d")
    task = catalogue.build(name)
    described = json.loads(json.dumps({"seed": 1, **task.describe(), "run": {}}))
    again = catalogue.rebuild(described)
    assert task.name == again.name == name and again.describe() == task.describe()
    assert isinstance(task, ng.Problem) and task.solved_at == again.solved_at is not None
    assert np.array_equal(task.X, again.X) and np.array_equal(task.Y, again.Y)
    if task.test is not None:
        assert all(np.array_equal(a, b) for a, b in zip(task.test, again.test, strict=True))
        assert task.test[0].shape[-1] == task.inputs
    assert len(task.input_names) == task.inputs and len(task.output_names) == task.outputs


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (tasks.two_spirals,
         {"n": 7, "noise": 0.1, "data_seed": 3, "scale": 0.5, "measure": "accuracy"}),
        (tasks.classic_spirals, {"scale": 2 / 13, "measure": "loss"}),
        (tasks.parity, {"n": 3, "inputs": "bits", "measure": "loss"}),
        (tasks.retina, {"goal": "or", "inputs": "signs", "measure": "accuracy"}),
        (sequences.recall,
         {"n": 4, "samples": 5, "noise": 0.1, "data_seed": 2, "measure": "loss"}),
        (sequences.temporal_xor,
         {"lag": 1, "length": 6, "samples": 5, "data_seed": 2, "measure": "loss"}),
        (sequences.temporal_order,
         {"length": 7, "samples": 8, "noise": 0.1, "data_seed": 2, "measure": "loss"}),
        (memory.delayed_recall,
         {"bits": 2, "shortest": 1, "longest": 3, "lead": 4, "samples": 2, "noise": 0.1,
          "data_seed": 2, "measure": "loss"}),
        (memory.DelayedMatch,
         {"delay": 4, "samples": 2, "noise": 0.2, "data_seed": 2, "measure": "accuracy"}),
    ],
)  # fmt: skip
def test_descriptions_keep_every_option(make, options):
    task = make(**options)
    described = json.loads(json.dumps(task.describe()))
    assert described == {"problem": task.name, **options}
    assert np.array_equal(catalogue.rebuild(described).X, task.X)
    assert task.measure == options["measure"]
    assert task.solved_at == (None if task.measure != "all_right" else 1.0)


@pytest.mark.parametrize(
    "make",
    [tasks.two_spirals, sequences.recall, sequences.temporal_xor, sequences.temporal_order,
     memory.delayed_recall, memory.DelayedMatch, memory.adding],
)  # fmt: skip
def test_samples_follow_from_the_data_seed_alone(make):
    state = np.random.get_state()[1].copy()
    one, same, other = make(data_seed=5), make(data_seed=5), make(data_seed=6)
    assert np.array_equal(one.X, same.X) and np.array_equal(one.test[0], same.test[0])
    assert not np.array_equal(one.X, other.X) and not np.array_equal(one.X, one.test[0])
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (memory.adding, {"length": 6, "samples": 3, "data_seed": 2, "measure": "loss"}),
        (lorenz.lorenz, {"inputs": "x", "outputs": "z", "products": False, "continued": True,
                         "measure": "loss"}),
        (lorenz.lorenz, {"inputs": "xyz", "outputs": "z", "products": True, "continued": False,
                         "measure": "loss"}),
    ],
)  # fmt: skip
def test_descriptions_of_numbers_keep_every_option(make, options):
    task = make(**options)
    described = json.loads(json.dumps(task.describe()))
    assert described == {"problem": task.name, **options}
    again = catalogue.rebuild(described)
    assert np.array_equal(again.Y, task.Y) and np.array_equal(again.test[0], task.test[0])


def test_a_run_on_a_task_is_resumed_from_its_directory(tmp_path):
    config = ng.Config(population_size=20)
    task = tasks.parity(3, inputs="bits")
    whole = ng.evolve(task, config=config, generations=4, seed=2)
    ng.evolve(task, config=config, generations=2, seed=2, directory=tmp_path / "run")
    assert ng.resume(tmp_path / "run", generations=4).fingerprint == whole.fingerprint


# ------------------------------------------------------------------------------- samples


def test_points_of_the_noisy_spirals():
    task = tasks.two_spirals(noise=0.0)
    assert task.X.shape == task.test[0].shape == (200, 2)
    assert task.Y[:100].all() and not task.Y[100:].any()
    angle = 1.75 * 2 * pi * 99 / 100
    assert task.X[0] == pytest.approx([0, 0]) and task.X[100] == pytest.approx([0, 0])
    assert task.X[99] == pytest.approx([5.94 * sin(angle), 5.94 * cos(angle)])
    # Half of the second arm's last angle away from the first's: φ + π.
    assert task.X[199] == pytest.approx([5.94 * sin(angle + pi), 5.94 * cos(angle + pi)])
    noisy = tasks.two_spirals()
    gaps = noisy.X - task.X
    assert 0.45 < np.abs(gaps).max() <= 0.5 and abs(gaps.mean()) < 0.06
    assert np.array_equal(tasks.two_spirals(scale=0.5).X, 0.5 * noisy.X)


def test_points_of_the_classic_spirals():
    task = tasks.classic_spirals()
    assert task.X.shape == (194, 2) and task.Y.sum() == 97 and task.test is None
    assert task.X[0] == pytest.approx([0.0, 6.5]) and task.X[97] == pytest.approx([0.0, -6.5])
    assert task.X[8] == pytest.approx([6.0, 0.0], abs=1e-12)  # a quarter turn, 6.5 · 96 / 104
    assert task.X[96] == pytest.approx([0.0, 0.5], abs=1e-12)  # after three turns
    assert np.array_equal(task.X[97:], -task.X[:97])
    assert np.abs(tasks.classic_spirals(scale=2 / 13).X).max() == pytest.approx(1.0)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_parity_counts_bits(n):
    bits = tasks.parity(n, inputs="bits")
    wanted = {pattern: sum(pattern) % 2 for pattern in product((0, 1), repeat=n)}
    assert {tuple(x): y[0] for x, y in zip(bits.X, bits.Y, strict=True)} == wanted
    assert bits.Y.sum() == 2 ** (n - 1)
    signs = tasks.parity(n)
    assert np.array_equal(signs.X, 2 * bits.X - 1) and np.array_equal(signs.Y, bits.Y)


def test_parity_is_solved_by_a_product_of_signs():
    graph = networkx.DiGraph()
    for k in range(5):
        graph.add_node(k, kind="input")
        graph.add_edge(k, "odd", weight=1.0)
    graph.add_node("odd", kind="output", activation="identity", aggregation="product")
    networks = ng.Genome.from_networkx(graph).batch().compile()
    task = tasks.parity(5)  # five signs multiply to 1 for an even number of −1
    assert task.evaluate(networks).fitness[0] >= task.solved_at


# Upper left, upper right, lower left, lower right.
LEFT = {"1111", "1110", "1101", "1011", "0111", "1000", "0010", "1010"}
RIGHT = {"1111", "1110", "1101", "1011", "0111", "0100", "0001", "0101"}


@pytest.mark.parametrize(("goal", "count"), [("and", 64), ("or", 192)])
def test_retina_knows_eight_objects_on_each_side(goal, count):
    task = tasks.retina(goal)
    assert task.X.shape == (256, 8) and len({tuple(x) for x in task.X}) == 256
    assert task.Y.sum() == count
    join = {"and": all, "or": any}[goal]
    for x, y in zip(task.X, task.Y, strict=True):
        text = "".join(str(int(pixel)) for pixel in x)
        assert y[0] == join([text[:4] in LEFT, text[4:] in RIGHT]), text
    assert set(np.unique(tasks.retina(inputs="signs").X)) == {-1.0, 1.0}


# ------------------------------------------------------------------------------- MNIST-1D


@needs_mnist1d
def test_mnist1d_is_the_frozen_set():
    task = tasks.mnist1d()
    assert task.X.shape == (4000, 40) and task.Y.shape == (4000, 10)
    assert task.test[0].shape == (1000, 40) and task.test[1].shape == (1000,)
    assert task.Y[:5].argmax(1).tolist() == [2, 6, 4, 5, 6]
    everything = np.concatenate([task.X, task.test[0]])
    assert everything.mean() == pytest.approx(0, abs=1e-9) and everything.std() == pytest.approx(1)
    assert np.bincount(np.r_[task.Y.argmax(1), task.test[1]]).tolist() == [500] * 10
    # The paper's linear classifier, trained on cross-entropy, is right for 32 %.
    design = np.column_stack([task.X, np.ones(4000)])
    solution = np.linalg.lstsq(design, task.Y, rcond=None)[0]
    guess = (np.column_stack([task.test[0], np.ones(1000)]) @ solution).argmax(1)
    assert 0.15 < (guess == task.test[1]).mean() < 0.36


@needs_mnist1d
def test_mnist1d_validates_on_training_samples_and_tests_on_fresh_ones():
    whole, split = tasks.mnist1d(), tasks.mnist1d(validation=0.2, data_seed=1)
    assert split.X.shape == (3200, 40) and split.validation[0].shape == (800, 40)
    rows = {row.tobytes() for row in whole.X}
    kept, held = ({row.tobytes() for row in part} for part in (split.X, split.validation[0]))
    assert kept | held == rows and not kept & held
    assert np.array_equal(split.test[0], whole.test[0])
    networks = ng.Population(40, 10, ng.Config(population_size=3)).ask().compile()
    assert split.evaluate(networks).steps == 3 * 800
    assert np.array_equal(split.lessons().X, split.X)
    fresh = tasks.mnist1d(fresh=43)
    assert np.array_equal(fresh.X, whole.X) and fresh.test[0].shape == (1000, 40)
    assert not rows & {row.tobytes() for row in fresh.test[0]}
    assert not np.array_equal(fresh.test[0], whole.test[0])


@needs_mnist1d
def test_mnist1d_is_also_shown_through_a_window():
    whole, task = tasks.mnist1d(), tasks.mnist1d(window=8, stride=3, validation=0.1)
    assert task.sequences and task.X.shape == (11, 3600, 8) and task.Y.shape == (11, 3600, 10)
    assert len(task.validation) == len(task.test) == 3 and task.test[0].shape == (11, 1000, 8)
    assert np.array_equal(task.test[0][4, 17], whole.test[0][17, 12:20])
    assert np.array_equal(task.test[1][10].argmax(1), whole.test[1])
    assert np.array_equal(task.test[2].sum(1), [0] * 10 + [1000])
    assert catalogue.rebuild(json.loads(json.dumps(task.describe()))).describe() == task.describe()
    networks = ng.Population(8, 10, ng.Config(population_size=2)).ask().compile()
    assert task.evaluate(networks).steps == 2 * 11 * 400


@needs_mnist1d
def test_mnist1d_leaves_global_random_numbers_alone():
    tasks._mnist1d.cache_clear()
    states = np.random.get_state()[1].copy(), random.getstate()
    tasks.mnist1d()
    assert np.array_equal(np.random.get_state()[1], states[0]) and random.getstate() == states[1]


def test_without_its_package_mnist1d_names_the_extra(monkeypatch):
    tasks._mnist1d.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "mnist1d.data", None)
    with pytest.raises(ValueError) as caught:
        tasks.mnist1d()
    assert str(caught.value) == (
        "mnist1d: expected the package mnist1d, got none. Install it with "
        'pip install "neatgrow[mnist1d]".'
    )


# ------------------------------------------------------------------------------- sequences


def test_recall_is_solved_by_a_loop():
    # memory(t) = tanh(2 memory(t − 1) + 3 signal): a distractor of 0.5 does not turn it over.
    loop = network_of(
        ["signal", "cue"],
        {"bit": ("identity", 0.0), "memory": ("tanh", 0.0)},
        [("signal", "memory", 2.0), ("memory", "memory", 3.0), ("memory", "bit", 5.0)],
    )
    for n in (1, 10, 30):
        task = sequences.recall(n)
        assert accuracy(task, loop) == accuracy(task, loop, held_out=True) == 1.0
        assert task.evaluate(loop).fitness[0] >= task.solved_at


def test_recall_shows_a_bit_and_asks_for_it_at_the_cue():
    task = sequences.recall(6, samples=10, noise=0.3)
    assert task.X.shape == (7, 20, 2) and task.Y.shape == (7, 20, 1)
    assert np.array_equal(task.X[0, :, 0], np.tile([1.0, -1.0], 10))
    assert np.array_equal(task.Y[6, :, 0], np.tile([1.0, 0.0], 10))
    assert np.abs(task.X[1:, :, 0]).max() <= 0.3
    assert np.array_equal(task.X[1:, ::2], task.X[1:, 1::2])  # twins but for the bit
    assert np.array_equal(task.X[:, :, 1].sum(1), [0] * 6 + [20])
    assert np.array_equal(task.weights.sum(1), [0] * 6 + [20])


@pytest.mark.parametrize("seed", [1, 2])
def test_no_feedforward_network_recalls_more_than_half(seed):
    for held_out in (False, True):
        task = sequences.recall(5)
        data = task.test if held_out else (task.X, task.Y, task.weights)
        assert (task.accuracy(feedforward(2, 1, seed), *data) == 0.5).all()


def stream_of(task):
    """Bits (T, B) and answers (T, B) of a stream."""
    return task.X[:, :, 0] > 0, task.Y[:, :, 0] > 0


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_temporal_xor_is_of_two_bits_in_a_row(lag):
    task = sequences.temporal_xor(lag=lag, length=9, samples=6)
    bits, answers = stream_of(task)
    for t in range(9):
        counted = t >= lag + 1
        assert (task.weights[t] == counted).all()
        if counted:
            assert np.array_equal(answers[t], bits[t - lag] != bits[t - lag - 1])


def test_temporal_xor_is_solved_by_a_delayed_connection():
    # "now" comes first in its loop, so that its way back from "copy" is the delayed one:
    # now(t) = x(t) + ½ copy(t − 1), which is x(t) and the bits before it as halves, quarters, …
    # |now| is above 1 where the last two bits agree, and below where they differ.
    loop = network_of(
        ["bit"],
        {"xor": ("identity", 1.0), "now": ("identity", 0.0), "copy": ("identity", 0.0),
         "size": ("abs", 0.0)},
        [("bit", "now", 1.0), ("now", "copy", 1.0), ("copy", "now", 0.5), ("now", "size", 1.0),
         ("size", "xor", -1.0)],
    )  # fmt: skip
    task = sequences.temporal_xor()
    assert np.array_equal(loop.run(task.X)[0, 1:, :, 0] > 0, stream_of(task)[1][1:])
    assert accuracy(task, loop) == accuracy(task, loop, held_out=True) == 1.0
    # The bit now says nothing about the one before.
    best = task.accuracy(feedforward(1, 1, 3), task.X, task.Y, task.weights).max()
    assert best < 0.6


def test_temporal_order_marks_two_signals_and_asks_at_the_end():
    task = sequences.temporal_order(length=12, samples=40, noise=0.2)
    assert task.X.shape == (12, 40, 2) and task.Y.shape == (12, 40, 4)
    for b in range(40):
        ticks, lines = np.nonzero(task.X[:, b] == 1.0)
        assert len(ticks) == 2 and ticks[0] < 4 <= ticks[1] < 8
        assert task.Y[11, b].argmax() == 2 * lines[0] + lines[1]
    assert np.array_equal(task.Y[11].sum(0), [10] * 4)
    assert np.array_equal(task.weights.sum(1), [0] * 11 + [40])
    assert np.abs(task.X[task.X != 1.0]).max() <= 0.2
    found = task.accuracy(feedforward(2, 4, 1), *task.test)
    assert found.mean() < 0.3 and found.max() < 0.45


# ------------------------------------------------------------------------------- regression

X, Y, Z = 0.7, 0.4, -0.3
VALUES = {  # at x = 0.7, y = 0.4, z = −0.3
    "nguyen-1": 0.343 + 0.49 + 0.7,
    "nguyen-2": 0.2401 + 0.343 + 0.49 + 0.7,
    "nguyen-3": 0.16807 + 0.2401 + 0.343 + 0.49 + 0.7,
    "nguyen-4": 0.117649 + 0.16807 + 0.2401 + 0.343 + 0.49 + 0.7,
    "nguyen-5": sin(0.49) * cos(0.7) - 1,
    "nguyen-6": sin(0.7) + sin(1.19),
    "nguyen-7": log(1.7) + log(1.49),
    "nguyen-8": sqrt(0.7),
    "nguyen-9": sin(0.7) + sin(0.16),
    "nguyen-10": 2 * sin(0.7) * cos(0.4),
    "nguyen-11": exp(0.4 * log(0.7)),
    "nguyen-12": 0.2401 - 0.343 + 0.08 - 0.4,
    "keijzer-1": 0.21 * sin(1.4 * pi),
    "keijzer-2": 0.21 * sin(1.4 * pi),
    "keijzer-3": 0.21 * sin(1.4 * pi),
    "keijzer-4": 0.343 * exp(-0.7) * cos(0.7) * sin(0.7) * (sin(0.7) ** 2 * cos(0.7) - 1),
    "keijzer-5": 30 * 0.7 * -0.3 / (-9.3 * 0.16),
    "keijzer-7": log(0.7),
    "keijzer-8": sqrt(0.7),
    "keijzer-9": log(0.7 + sqrt(1.49)),
    "keijzer-10": exp(0.4 * log(0.7)),
    "keijzer-11": 0.28 + sin(0.3 * 0.6),
    "keijzer-12": 0.2401 - 0.343 + 0.08 - 0.4,
    "keijzer-13": 6 * sin(0.7) * cos(0.4),
    "keijzer-14": 8 / (2 + 0.49 + 0.16),
    "keijzer-15": 0.343 / 5 + 0.064 / 2 - 0.4 - 0.7,
    "pagie-1": 1 / (1 + 0.7**-4) + 1 / (1 + 0.4**-4),
}


@pytest.mark.parametrize("name", VALUES)
def test_formulas_at_one_point(name):
    target = regression.TARGETS[name]
    point = [np.array([value]) for value in (X, Y, Z)[: target.variables]]
    assert target.formula(*point)[0] == pytest.approx(VALUES[name], rel=1e-12)


def test_harmonic_numbers():
    task = regression.regression("keijzer-6")
    assert np.array_equal(task.X[:, 0], np.arange(1, 51))
    assert task.Y[:4, 0] == pytest.approx([1, 1.5, 11 / 6, 25 / 12])
    assert np.array_equal(task.test[0][:, 0], np.arange(1, 121))
    assert task.test[1][-1, 0] == pytest.approx(sum(1 / k for k in range(1, 121)))
    assert set(regression.TARGETS) == set(VALUES) | {"keijzer-6"}


@pytest.mark.parametrize(
    ("name", "points", "low", "high", "held_out"),
    [
        ("nguyen-1", 20, -1, 1, 20),
        ("nguyen-8", 20, 0, 4, 20),
        ("nguyen-10", 100, -1, 1, 100),
        ("keijzer-1", 21, -1, 1, 2001),
        ("keijzer-3", 61, -3, 3, 6001),
        ("keijzer-4", 201, 0, 10, 201),
        ("keijzer-5", 1000, -1, 2, 10000),
        ("keijzer-9", 101, 0, 100, 1001),
        ("keijzer-10", 100, 0, 1, 101**2),
        ("keijzer-13", 20, -3, 3, 601**2),
        ("pagie-1", 26**2, -5, 5, None),
    ],
)
def test_points_are_as_published(name, points, low, high, held_out):
    task = regression.regression(name)
    assert task.X.shape == (points, task.inputs)
    assert low <= task.X.min() < low + 0.25 * (high - low)
    assert high - 0.25 * (high - low) < task.X.max() <= high
    assert (None if task.test is None else len(task.test[0])) == held_out
    if points in (21, 61, 201, 101, 26**2):
        line = np.unique(task.X[:, 0])
        assert line[0] == low and line[-1] == high and np.allclose(np.diff(line), line[1] - line[0])


def test_a_formula_is_solved_within_its_tolerance():
    line = network_of(["x"], {"f": ("identity", 0.5)}, [("x", "f", 2.0)])
    task = regression.regression("nguyen-1", tolerance=0.5)
    error = 2 * task.X + 0.5 - (task.X**3 + task.X**2 + task.X)
    assert task.evaluate(line).fitness[0] == pytest.approx(-(error**2).mean())
    assert task.solved_at == -0.25
    assert regression.regression("nguyen-1", data_seed=1).X[0] != task.X[0]


# ------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tasks.two_spirals(n=0), "n: expected an integer of at least 1, got 0."),
        (lambda: tasks.two_spirals(noise=-1),
         "noise: expected a number of at least 0, got -1."),
        (lambda: tasks.two_spirals(noise="much"),
         "noise: expected a number of at least 0, got 'much'."),
        (lambda: tasks.two_spirals(data_seed=-1),
         "data_seed: expected an integer of at least 0, got -1."),
        (lambda: tasks.classic_spirals(scale=float("nan")),
         "scale: expected a number of at least 0, got nan."),
        (lambda: tasks.parity(17), "n: expected at most 16 bits, got 17."),
        (lambda: tasks.parity(3, inputs="bit"),
         "inputs: expected one of signs, bits, got 'bit'. Did you mean 'bits'?"),
        (lambda: tasks.parity(3, measure="all"),
         "measure: expected one of loss, accuracy, all_right, got 'all'. "
         "Known: accuracy, all_right, loss."),
        (lambda: tasks.retina("xor"), "goal: expected one of and, or, got 'xor'. "
         "Did you mean 'or'?"),
        (lambda: tasks.mnist1d(validation=0.95),
         "validation: expected a share from 0 to 0.9, got 0.95."),
        (lambda: tasks.mnist1d(window=41), "window: expected at most 40 values, got 41."),
        (lambda: sequences.recall(0), "n: expected an integer of at least 1, got 0."),
        (lambda: sequences.temporal_xor(lag=3, length=4),
         "length: expected an integer of at least 5, got 4."),
        (lambda: sequences.temporal_order(samples=10),
         "samples: expected a multiple of 4, got 10."),
        (lambda: regression.regression("nguyen-13", tolerance=0.1),
         re.compile(r"target: expected one of nguyen-1, .* got 'nguyen-13'\. Did you mean '.*'\?")),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(make, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    text = str(caught.value)
    assert message.fullmatch(text) if isinstance(message, re.Pattern) else text == message
