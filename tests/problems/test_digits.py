"""Digits of scikit-learn: shown whole, hidden in part, read tick by tick."""

import importlib.util
import json
import sys

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.problems import catalogue, digits

needs_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None,
    reason='needs the package scikit-learn: pip install "neatgrow[sklearn]"',
)


def test_what_is_seen_is_a_part_of_the_size_asked_for():
    for share, pixels in ((0.0, 0), (0.1, 6), (0.5, 32), (1.0, 64)):
        mask = digits.visible(50, share, seed=1)
        assert mask.shape == (50, 64) and (mask.sum(axis=1) == pixels).all()
        assert set(np.unique(mask)) <= {0.0, 1.0}
    mask = digits.visible(50, 0.3, seed=1)
    assert np.array_equal(mask, digits.visible(50, 0.3, seed=1))
    assert not np.array_equal(mask, digits.visible(50, 0.3, seed=2))
    assert len({row.tobytes() for row in mask}) == 50
    # Windows: what more light shows holds what less light shows, and neighbours are seen together.
    assert (digits.visible(50, 0.5, seed=1) >= mask).all()
    board = mask.reshape(50, 8, 8)
    assert (board[:, :, 1:] == board[:, :, :-1]).mean() > 0.75


def test_windows_are_where_their_formula_has_them():
    draw = np.random.default_rng(3)
    middles = draw.uniform(-0.5, 7.5, (2, 4, 1, 2))
    light = np.zeros(64)
    for pixel in range(64):
        for middle in middles[1, :, 0]:
            far = (middle[0] - pixel // 8) ** 2 + (middle[1] - pixel % 8) ** 2
            light[pixel] += np.exp(-far / (2 * 1.2**2))
    seen = np.flatnonzero(digits.visible(2, 0.25, seed=3)[1])
    assert set(seen) == set(np.argsort(-light)[:16])


@needs_sklearn
def test_digits_are_split_and_held_before_the_network():
    task = digits.Digits(ticks=3, noise=0.0, validation=0.25)
    assert task.X.shape == (3, 900, 64) and task.Y.shape == (3, 900, 10)
    assert task.validation[0].shape == (3, 300, 64) and task.test[0].shape == (3, 597, 64)
    assert (task.images == task.X).all() and 0 == task.X.min() < task.X.max() == 1
    assert np.array_equal(task.Y[2].argmax(axis=1), task.digits)
    assert task.weights.sum(axis=1).tolist() == [0, 0, 900]
    assert digits.Digits(ticks=3, every=True).weights.all()
    noisy = digits.Digits(ticks=3, noise=0.2, draws=2, validation=0.25)
    gaps = noisy.X - np.repeat(noisy.images, 2, axis=0)
    assert noisy.X.shape == (3, 1800, 64) and np.array_equal(noisy.images, task.images)
    assert gaps.std() == pytest.approx(0.2, rel=0.01) and abs(gaps.mean()) < 0.005
    assert abs(np.corrcoef(gaps[0].ravel(), gaps[1].ravel())[0, 1]) < 0.02
    whole = digits.Digits(ticks=1)
    rows = [row.tobytes() for row in np.concatenate([whole.images, whole.test_images])]
    known = {row.tobytes() for row in digits._images()[0]}
    assert len(rows) == 1797 and set(rows) == known
    assert not np.array_equal(digits.Digits(ticks=1, data_seed=1).images, whole.images)


@needs_sklearn
def test_accuracy_is_told_by_visibility_and_tick():
    """Ten templates, means of the digits, read at once; and the same with a tick of delay."""
    task = digits.Digits(ticks=3, noise=0.0)
    means = np.stack([task.images[task.digits == k].mean(axis=0) for k in range(10)])
    edges = [(i, 64 + k, means[k, i]) for k in range(10) for i in range(64)]
    nodes = {
        64 + k: {"activation": "identity", "bias": -0.5 * (means[k] ** 2).sum()} for k in range(10)
    }
    genome = ng.Genome.from_edges(edges, inputs=64, outputs=10, nodes=nodes)
    networks = genome.batch().compile(np.float64)
    found = task.seen_in_part(networks, [1.0, 0.3, 0.0], ticks=4, draws=2, seed=5)
    assert found.shape == (1, 3, 4) and (found == found[:, :, :1]).all()  # it has no memory
    distance = ((task.test_images[:, None] - means) ** 2).sum(axis=2)
    assert found[0, 0, 0] == pytest.approx((distance.argmin(axis=1) == task.test_digits).mean())
    assert found[0, 0, 0] == task.accuracy(networks, *task.test)[0] > 0.85
    part = digits.hidden(np.repeat(task.test_images, 2, axis=0), 0.3, seed=5)
    distance = ((part[:, None] - means) ** 2).sum(axis=2)
    right = distance.argmin(axis=1) == np.repeat(task.test_digits, 2)
    assert found[0, 1, 0] == pytest.approx(right.mean())
    nothing = np.bincount(task.test_digits)[int(np.argmin((means**2).sum(axis=1)))]
    assert found[0, 2, 0] == pytest.approx(nothing / 597)
    assert task.seen_in_part(networks, [0.5]).shape == (1, 1, 3)


@needs_sklearn
def test_a_longer_look_averages_noise_away():
    task = digits.Digits(ticks=1, noise=0.8)
    means = np.stack([task.images[task.digits == k].mean(axis=0) for k in range(10)])
    edges = [(i, 64 + k, means[k, i]) for k in range(10) for i in range(64)]
    nodes = {
        64 + k: {
            "activation": "identity", "bias": -0.5 * (means[k] ** 2).sum(), "dynamics": "leaky",
            "time_constant": 10.0,
        }
        for k in range(10)
    }  # fmt: skip
    genome = ng.Genome.from_edges(edges, inputs=64, outputs=10, nodes=nodes)
    found = task.seen_in_part(genome.batch().compile(), [1.0, 0.5], ticks=20, seed=1)[0]
    assert (found[:, -1] > found[:, 0] + 0.08).all()
    again = task.seen_in_part(genome.batch().compile(), [1.0, 0.5], ticks=20, seed=1)[0]
    assert np.array_equal(found, again)


@needs_sklearn
def test_it_is_built_by_name_and_rebuilt_with_every_option():
    options = {
        "ticks": 2, "noise": 0.1, "draws": 2, "every": True, "validation": 0.1, "data_seed": 3,
        "measure": "accuracy",
    }  # fmt: skip
    task = digits.Digits(**options)
    described = json.loads(json.dumps(task.describe()))
    assert described == {"problem": "digits", **options}
    again = catalogue.rebuild(described)
    assert np.array_equal(again.X, task.X) and np.array_equal(again.test[0], task.test[0])
    lessons = task.lessons()
    assert lessons.sequences and lessons.loss == "categorical"


def test_without_its_package_the_extra_is_named(monkeypatch):
    digits._images.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ValueError) as caught:
        digits.Digits()
    assert str(caught.value) == (
        "digits: expected the package scikit-learn, got none. Install it with "
        'pip install "neatgrow[sklearn]".'
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: digits.Digits(ticks=0), "ticks: expected an integer of at least 1, got 0."),
        (lambda: digits.Digits(validation=0.95),
         "validation: expected a share from 0 to 0.9, got 0.95."),
        (lambda: digits.visible(2, 1.5, seed=0),
         "visibility: expected a number from 0 to 1, got 1.5."),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
