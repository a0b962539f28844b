"""Counter-based random numbers: the same key gives the same draws anywhere.

A stream is a ``(1,) uint64`` array that :func:`seed_stream` sets from (run seed, purpose,
generation, index); no state outlives the item of work it was keyed for, so neither threads
nor order of work can change a draw. The generator is SplitMix64 (Steele, Lea & Flood 2014).
"""

import numpy as np

from neatgrow.kernels.jit import helper, kernel

(
    INITIAL, SELECTION, VARIATION, REPRESENTATIVE, EPISODES, RETEST, LEARNING, GROWTH, POLICY,
    VERIFICATION,
) = range(10)  # purposes of draws  # fmt: skip

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11, _S48 = (np.uint64(s) for s in (27, 30, 31, 11, 48))
_LOW16 = np.uint64(0xFFFF)
_S16, _S32 = np.uint64(16), np.uint64(32)
_HIGH_ID = np.uint64(1 << 62)
_ID_MASK = np.uint64((1 << 62) - 1)


@helper
def mix(bits):
    """SplitMix64's finaliser, a bijection of 64 bits."""
    bits = (bits ^ (bits >> _S30)) * _MULTIPLIER_1
    bits = (bits ^ (bits >> _S27)) * _MULTIPLIER_2
    return bits ^ (bits >> _S31)


@helper
def identity(first, second):
    """A 63-bit number for an ordered pair of int64, never below 2⁶²: out of the way of
    input and output ids. Innovation of a connection: (source, target). Node that splits
    connection c for the k-th time: (c, k).
    """
    bits = mix(mix(np.uint64(first) + _GAMMA) + np.uint64(second))
    return np.int64((bits & _ID_MASK) | _HIGH_ID)


@helper
def seed_stream(stream, seed, purpose, generation, index):
    """Start the stream of one item of work."""
    bits = mix(np.uint64(seed) + _GAMMA)
    bits = mix(bits + np.uint64(purpose))
    bits = mix(bits + np.uint64(generation))
    stream[0] = mix(bits + np.uint64(index))


@helper
def draw_bits(stream):
    """The next 64 bits."""
    stream[0] += _GAMMA
    return mix(stream[0])


@helper
def draw_uniform(stream):
    """Uniform in [0, 1), 53 bits."""
    return np.float64(draw_bits(stream) >> _S11) * 2.0**-53


@helper
def draw_below(stream, count):
    """Uniform integer in [0, count); the bias of at most count / 2⁵³ is accepted."""
    return np.int64(draw_uniform(stream) * count)


@helper
def draw_noise(stream, uniform):
    """Zero-mean noise: uniform in [−1, 1), or near-normal with variance 1.

    The near-normal is the sum of four uniform 16-bit parts of one draw (Irwin-Hall, n = 4):
    exact in integers, so equal on every machine, and bounded by ±2√3.
    """
    if uniform:
        return 2.0 * draw_uniform(stream) - 1.0
    bits = draw_bits(stream)
    total = (bits & _LOW16) + ((bits >> _S16) & _LOW16) + ((bits >> _S32) & _LOW16) + (bits >> _S48)
    return (np.float64(total) * 2.0**-16 - 2.0 + 2.0**-15) * 1.7320508075688772


@kernel
def derive_seeds(seed, purpose, generation, out):
    """Fill ``out`` (K,) int64 with non-negative 31-bit seeds, one per index."""
    stream = np.empty(1, np.uint64)
    for index in range(out.shape[0]):
        seed_stream(stream, seed, purpose, generation, index)
        out[index] = np.int64(draw_bits(stream) >> np.uint64(33))


@kernel
def draw_rows(seed, purpose, generation, index, out):
    """Fill row k of ``out`` (A, K) float64 with uniform numbers in [0, 1) of a stream of its own.

    Args:
        seed: Run seed.
        purpose: Of the draws.
        generation: (A,) int64, of each row.
        index: (A,) int64, of each row.
        out: Written.
    """
    stream = np.empty(1, np.uint64)
    for row in range(out.shape[0]):
        seed_stream(stream, seed, purpose, generation[row], index[row])
        for k in range(out.shape[1]):
            out[row, k] = draw_uniform(stream)


@kernel
def identities(first, second):
    """:func:`identity` of many pairs, (K,) int64 each."""
    out = np.empty(first.shape[0], np.int64)
    for k in range(first.shape[0]):
        out[k] = identity(first[k], second[k])
    return out
