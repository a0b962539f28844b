"""Counter-based draws and identities against SplitMix64 in Python integers."""

import math

import numba
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neatgrow.kernels import random

int64 = st.integers(-(2**63), 2**63 - 1)


@numba.njit
def _draw(seed, purpose, generation, index, count, below):
    stream = np.empty(1, np.uint64)
    random.seed_stream(stream, seed, purpose, generation, index)
    bits = np.empty(count, np.uint64)
    floats = np.empty((3, count))
    integers = np.empty(count, np.int64)
    for k in range(count):
        bits[k] = random.draw_bits(stream)
    for k in range(count):
        floats[0, k] = random.draw_uniform(stream)
    for k in range(count):
        floats[1, k] = random.draw_noise(stream, False)
    for k in range(count):
        floats[2, k] = random.draw_noise(stream, True)
    for k in range(count):
        integers[k] = random.draw_below(stream, below)
    return bits, floats, integers


def identities(pairs):
    first, second = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    return random.identities(first, second).tolist()


def test_the_oracle_is_splitmix64_as_published():
    stream = oracles.Stream(0, 0, 0, 0)
    stream.state = 1234567
    assert [stream.bits() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.lists(st.tuples(int64, int64), min_size=1, max_size=20))
def test_identities_are_those_of_python_integers(pairs):
    assert identities(pairs) == [oracles.identity(*pair) for pair in pairs]


@given(int64, int64)
def test_identities_are_63_bit_and_clear_of_input_and_output_ids(first, second):
    (number,) = identities([(first, second)])
    assert 2**62 <= number < 2**63


def test_identities_depend_on_the_order_of_the_pair():
    pairs = [(a, b) for a in range(40) for b in range(40) if a != b]
    assert not set(identities(pairs)) & set(identities([(a, a) for a in range(40)]))
    forth, back = identities(pairs), identities([(b, a) for a, b in pairs])
    assert all(x != y for x, y in zip(forth, back, strict=True))


def test_identities_of_many_pairs_never_collide():
    side = np.concatenate([np.arange(-2, 300), 2**62 + np.arange(300)])
    first, second = (grid.ravel() for grid in np.meshgrid(side, side))
    numbers = random.identities(np.ascontiguousarray(first), np.ascontiguousarray(second))
    assert np.unique(numbers).size == numbers.size > 300_000


@pytest.mark.parametrize("key", [(0, 0, 0, 0), (1, 2, 3, 4), (2**62, 5, 10_000, 149), (7, 0, 0, 1)])
def test_streams_equal_the_oracle_draw_by_draw(key):
    bits, floats, integers = _draw(*key, 50, 7)
    slow = oracles.Stream(*key)
    assert bits.tolist() == [slow.bits() for _ in range(50)]
    assert floats[0].tolist() == [slow.uniform() for _ in range(50)]
    normal = [slow.noise(False) for _ in range(50)]
    np.testing.assert_allclose(floats[1], normal, rtol=1e-12, atol=1e-12)
    assert floats[2].tolist() == [slow.noise(True) for _ in range(50)]
    assert integers.tolist() == [slow.below(7) for _ in range(50)]


def test_every_part_of_the_key_starts_another_stream():
    base = (3, 1, 4, 1)
    starts = {int(_draw(*base, 1, 2)[0][0])}
    for part in range(4):
        changed = list(base)
        changed[part] += 1
        starts.add(int(_draw(*changed, 1, 2)[0][0]))
    swapped = {int(_draw(3, 1, 1, 4, 1, 2)[0][0]), int(_draw(1, 3, 4, 1, 1, 2)[0][0])}
    assert len(starts | swapped) == 7


def test_uniform_draws_are_uniform():
    count, cells = 200_000, 50
    _, floats, integers = _draw(11, 0, 0, 0, count, cells)
    uniform = floats[0]
    assert uniform.min() >= 0 and uniform.max() < 1
    for sample in (np.floor(uniform * cells).astype(int), integers):
        seen = np.bincount(sample, minlength=cells)
        assert seen.size == cells
        chi_square = ((seen - count / cells) ** 2 / (count / cells)).sum()
        assert chi_square < 49 + 5 * math.sqrt(2 * 49)


def test_noise_has_mean_0_and_its_stated_spread_and_bounds():
    _, floats, _ = _draw(12, 0, 0, 0, 200_000, 2)
    normal, uniform = floats[1], floats[2]
    assert abs(normal.mean()) < 0.012 and abs(normal.var() - 1) < 0.02
    assert np.abs(normal).max() <= 2 * math.sqrt(3)
    assert 0.6 < (np.abs(normal) < 1).mean() < 0.72
    assert uniform.min() >= -1 and uniform.max() < 1
    assert abs(uniform.mean()) < 0.01 and abs(uniform.var() - 1 / 3) < 0.01


def test_neighbouring_streams_are_not_correlated():
    first = np.array([_draw(1, 2, 3, index, 1, 2)[1][0, 0] for index in range(5000)])
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.06
    assert abs(first.mean() - 0.5) < 0.02


@pytest.mark.parametrize("key", [(0, 0, 0), (5, random.EPISODES, 17), (2**40, random.RETEST, 3)])
def test_derived_seeds_equal_the_oracle(key):
    out = np.empty(40, np.int64)
    random.derive_seeds(*key, out)
    assert out.tolist() == [oracles.Stream(*key, index).bits() >> 33 for index in range(40)]
    assert out.min() >= 0 and out.max() < 2**31


def test_purposes_are_distinct():
    names = ("INITIAL", "SELECTION", "VARIATION", "REPRESENTATIVE", "EPISODES", "RETEST")
    assert len({getattr(random, name) for name in names}) == len(names)
