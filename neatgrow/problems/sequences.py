"""Tasks of sequences, which no network without a loop can solve.

A graph without loops answers each tick from that tick's inputs alone. In each of these tasks what
is asked for at a marked tick depends on earlier ticks, and nothing in its own inputs tells it.
"""

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.tasks import Measure, Task, marked


def recall(
    n: int = 10,
    *,
    samples: int = 32,
    noise: float = 0.5,
    data_seed: int = 0,
    measure: Measure = "all_right",
) -> Task:
    """Recall a bit n ticks after it was shown, with distractors in between.

    At tick 0 the input ``signal`` is the bit, −1 or 1; from then on, tick n included, it is
    a distractor from U(−noise, noise). The input ``cue`` is 1 at tick n and 0 before. Only
    the answer at tick n counts: whether the bit was 1. Each draw of distractors comes with both
    bits, so whoever sees only tick n is right for exactly half of the sequences.

    Args:
        n: Ticks from the bit to its recall.
        samples: Draws of distractors; there are twice as many sequences, and as many again to
            test.
        noise: Half-width of the distractors; below 1 a bit stands out by its size.
        data_seed: Of the distractors.
        measure: What fitness is; see :class:`Supervised`.
    """
    _checks.integer("n", n, 1)
    _checks.integer("samples", samples, 1)
    noise = _checks.number("noise", noise, least=0.0, finite=True)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
    bits = np.tile([1.0, 0.0], samples)  # (B,)

    def sequences() -> tuple[Array, Array, Array]:
        X = np.zeros((n + 1, bits.size, 2))
        X[:, :, 0] = np.repeat(draw.uniform(-noise, noise, (n + 1, samples)), 2, axis=1)
        X[0, :, 0] = 2.0 * bits - 1.0
        X[n, :, 1] = 1.0
        return X, *marked(bits[:, None], n)

    options = {
        "n": int(n), "samples": int(samples), "noise": noise, "data_seed": int(data_seed),
        "measure": measure,
    }  # fmt: skip
    X, Y, weights = sequences()
    return Task(
        "recall", options, X, Y, weights=weights, test=sequences(), sequences=True, loss="binary",
        measure=measure, input_names=("signal", "cue"), output_names=("bit",),
    )  # fmt: skip


def temporal_xor(
    *,
    lag: int = 0,
    length: int = 12,
    samples: int = 32,
    data_seed: int = 0,
    measure: Measure = "all_right",
) -> Task:
    """Exclusive or of two bits in a row, at every tick.

    The input is a stream of random bits x(t), as −1 and 1; wanted is x(t − lag) xor
    x(t − lag − 1), at all ticks where both exist. Lag 0 is what Elman's network has to find at
    the ticks that can be predicted at all; in his stream every third bit is the exclusive or of
    the two before, the others are random.

    Source: Elman (1990), “Finding structure in time”, section on temporal exclusive or.

    Args:
        lag: Ticks by which the answer is late; 1 asks for x(t − 1) xor x(t − 2).
        length: Ticks.
        samples: Streams, and as many again to test.
        data_seed: Of the bits.
        measure: What fitness is; see :class:`Supervised`.
    """
    _checks.integer("lag", lag, 0)
    _checks.integer("length", length, lag + 2)
    _checks.integer("samples", samples, 1)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))

    def streams() -> tuple[Array, Array, Array]:
        bits = draw.integers(0, 2, (length, samples))
        Y = np.zeros((length, samples, 1))
        Y[lag + 1 :, :, 0] = bits[1 : length - lag] ^ bits[: length - lag - 1]
        weights = np.zeros((length, samples))
        weights[lag + 1 :] = 1.0
        return (2.0 * bits - 1.0)[:, :, None], Y, weights

    options = {
        "lag": int(lag), "length": int(length), "samples": int(samples),
        "data_seed": int(data_seed), "measure": measure,
    }  # fmt: skip
    X, Y, weights = streams()
    return Task(
        "temporal-xor", options, X, Y, weights=weights, test=streams(), sequences=True,
        loss="binary", measure=measure, input_names=("bit",), output_names=("xor",),
    )  # fmt: skip


def temporal_order(
    *,
    length: int = 12,
    samples: int = 80,
    noise: float = 0.2,
    data_seed: int = 0,
    measure: Measure = "all_right",
) -> Task:
    """In which order two signals came: x x, x y, y x or y y, told at the last tick.

    There are two inputs, x and y. At one tick of the first third, and at one of the second third,
    one of them is 1; everything else is a distractor from U(−noise, noise). At the last tick one
    of four outputs is to be the largest, the number of the order as above; the four come
    equally often.

    Source: a short form of experiment 6a of Hochreiter & Schmidhuber (1997), “Long short-term
    memory”, which has sequences of 100 to 110 symbols.

    Args:
        length: Ticks, from 3.
        samples: Sequences, a multiple of 4, and as many again to test.
        noise: Half-width of the distractors.
        data_seed: Of distractors and times.
        measure: What fitness is; see :class:`Supervised`.
    """
    _checks.integer("length", length, 3)
    if _checks.integer("samples", samples, 4) % 4:
        raise ValueError(_checks.message("samples", "a multiple of 4", samples))
    noise = _checks.number("noise", noise, least=0.0, finite=True)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
    order = np.arange(samples) % 4
    third, everyone = length // 3, np.arange(samples)

    def sequences() -> tuple[Array, Array, Array]:
        X = draw.uniform(-noise, noise, (length, samples, 2))
        X[draw.integers(0, third, samples), everyone, order // 2] = 1.0
        X[draw.integers(third, 2 * third, samples), everyone, order % 2] = 1.0
        return X, *marked(np.eye(4)[order], length - 1)

    options = {
        "length": int(length), "samples": int(samples), "noise": noise,
        "data_seed": int(data_seed), "measure": measure,
    }  # fmt: skip
    X, Y, weights = sequences()
    return Task(
        "temporal-order", options, X, Y, weights=weights, test=sequences(), sequences=True,
        loss="categorical", measure=measure, input_names=("x", "y"),
        output_names=("x x", "x y", "y x", "y y"),
    )  # fmt: skip
