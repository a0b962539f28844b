"""Tasks of memory that is needed for longer than evolution saw: recall, delayed match, adding."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.networks.networks import Networks
from neatgrow.problems.tasks import Measure, Task, marked

_MOST_BITS = 8  # 256 patterns

# Ticks of the parts of a delayed match, of 100 ms each; between sample and test lies the delay.
_FIXATION, _SAMPLE, _TEST, _DECISION = 3, 5, 5, 9
_ABORT = -0.1


def delayed_recall(
    *,
    bits: int = 1,
    shortest: int = 5,
    longest: int = 15,
    lead: int = 5,
    samples: int = 8,
    noise: float = 1.0,
    data_seed: int = 0,
    measure: Measure = "all_right",
) -> Task:
    """Keep some bits over a delay whose length is not known, and over longer ones than trained.

    The inputs are ``signal``, ``record`` and ``play``. While ``record`` is 1, for as many ticks as
    there are bits, the signal is a bit, −1 or 1, per tick. Before and after, it is a distractor
    from U(−noise, noise), with noise 1 as large as a bit, so that only ``record`` tells one from
    the other. After the delay ``play`` is 1 for as many ticks as there are bits, and the answers
    there are to be the bits in their order. Nothing else counts. Each draw of distractors comes
    with all patterns of bits, so whoever remembers nothing is right for half of the bits.

    There are as many sequences of each delay from ``shortest`` to ``longest``. The test has
    delays of two and of four times the longest, 30 and 60 ticks by default, and leads like those
    of training.

    Source: our own; the inputs are those of neat-python's example ``memory-variable``.

    Args:
        bits: Bits to keep, from 1 to 8; in order, so that several need a memory of each.
        shortest: Ticks between the last bit and the first answer.
        longest: Likewise.
        lead: Most ticks before the first bit; each draw has any number from 0 on. With none, a
            memory that is empty at first can keep the first signal that comes.
        samples: Draws of distractors for each delay; there are 2^bits times as many sequences.
        noise: Half-width of the distractors.
        data_seed: Of the distractors.
        measure: What fitness is; see :class:`Supervised`.
    """
    if _checks.integer("bits", bits, 1) > _MOST_BITS:
        raise ValueError(_checks.message("bits", f"at most {_MOST_BITS}", bits))
    _checks.integer("shortest", shortest, 0)
    _checks.integer("longest", longest, max(1, shortest), "It is the longest of the delays.")
    _checks.integer("lead", lead, 0)
    _checks.integer("samples", samples, 1)
    noise = _checks.number("noise", noise, least=0.0, finite=True)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
    patterns = ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1).astype(np.float64)

    def sequences(delays: list[int]) -> tuple[Array, Array, Array]:
        ticks, draws = lead + 2 * bits + max(delays), np.repeat(delays, samples)
        X = np.zeros((ticks, draws.size, len(patterns), 3))
        Y = np.zeros((*X.shape[:-1], 1))
        weights = np.zeros(X.shape[:-1])
        for k, delay in enumerate(draws):
            record = int(draw.integers(lead + 1))
            play = record + bits + delay
            end = play + bits
            X[:end, k, :, 0] = draw.uniform(-noise, noise, (end, 1))
            X[record : record + bits, k, :, 0] = 2.0 * patterns.T - 1.0
            X[record : record + bits, k, :, 1] = 1.0
            X[play:end, k, :, 2] = 1.0
            Y[play:end, k, :, 0] = patterns.T
            weights[play:end, k] = 1.0
        flat = (ticks, draws.size * len(patterns))
        return X.reshape(*flat, 3), Y.reshape(*flat, 1), weights.reshape(flat)

    options = {
        "bits": int(bits), "shortest": int(shortest), "longest": int(longest), "lead": int(lead),
        "samples": int(samples), "noise": noise, "data_seed": int(data_seed), "measure": measure,
    }  # fmt: skip
    X, Y, weights = sequences(list(range(shortest, longest + 1)))
    test = sequences([2 * longest, 4 * longest])
    return Task(
        "delayed-recall", options, X, Y, weights=weights, test=test, sequences=True,
        loss="binary", measure=measure, input_names=("signal", "record", "play"),
        output_names=("bit",),
    )  # fmt: skip


class DelayedMatch(Task):
    """Say whether a test stimulus is the sample that was shown before a delay.

    A trial has, in ticks of 100 ms, fixation (3), sample (5), delay (10), test (5) and decision
    (9). The input ``fixation`` is 1 until the decision begins. The sample is θ = 0 or π, the test
    the same or the opposite one, and two channels are 0.5 + 0.5 cos(θₖ − θ) for θₖ = 0 and π while
    either is shown, with noise from N(0, noise²), and 0 at other times. The largest of three
    outputs is the action: 0 to wait, 1 for a match, 2 for another. Of a trial the first action
    other than 0 in the decision counts: it is right or not; a trial without one is wrong.

    Networks learn to wait until the decision and to act in it, by cross-entropy at every tick.
    The test has a delay of twice the length.

    Source: the protocol of ``DelayMatchSample`` of the package neurogym, after Miller, Erickson &
    Desimone (1996).

    Args:
        delay: Ticks.
        samples: Draws of noise; there are four times as many trials, and as many again to test.
        noise: Standard deviation in the channels.
        data_seed: Of the noise.
        measure: What fitness is; see :class:`Supervised`. Accuracy is the share of right trials.
    """

    def __init__(
        self,
        *,
        delay: int = 10,
        samples: int = 16,
        noise: float = 0.1,
        data_seed: int = 0,
        measure: Measure = "all_right",
    ) -> None:
        _checks.integer("delay", delay, 0)
        _checks.integer("samples", samples, 1)
        noise = _checks.number("noise", noise, least=0.0, finite=True)
        draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
        sets = [_trials(ticks, samples, noise, draw) for ticks in (delay, 2 * delay)]
        options: dict[str, Any] = {
            "delay": int(delay), "samples": int(samples), "noise": noise,
            "data_seed": int(data_seed), "measure": measure,
        }  # fmt: skip
        super().__init__(
            "delayed-match", options, *sets[0], test=sets[1], sequences=True, loss="categorical",
            measure=measure, input_names=("fixation", "channel 0", "channel π"),
            output_names=("wait", "match", "other"),
        )  # fmt: skip

    def _share_right(self, outputs: Array, Y: Array, weights: Array) -> Array:
        """Outputs (N, T, B, 3) → (N,) share of trials whose first action is right."""
        wanted = Y.argmax(axis=-1)  # (T, B)
        acted = outputs.argmax(axis=-1)[:, wanted[:, 0] > 0]  # (N, ticks of the decision, B)
        first = (acted > 0).argmax(axis=1)[:, None]
        action = np.take_along_axis(acted, first, axis=1)[:, 0]
        right = (action == wanted[-1]) & ~np.isnan(outputs).any(axis=(1, 3))
        return np.asarray(right.mean(axis=1))

    def reward(self, networks: Networks, X: ArrayLike, Y: ArrayLike) -> Array:
        """(N,) mean reward of a trial: 1 if it is right, and −0.1 for each action in fixation.

        Args:
            networks: N networks.
            X: (T, B, 3) trials, such as those of ``test``.
            Y: (T, B, 3) what is wanted.
        """
        networks.interface.check_graph("networks")
        x, y, w = self._set(X, Y)
        outputs = networks.run(x)
        hasty = (outputs[:, :_FIXATION].argmax(axis=-1) > 0).sum(axis=1).mean(axis=1)
        return np.asarray(self._share_right(outputs, y, w) + _ABORT * hasty)


def _trials(delay: int, samples: int, noise: float, draw: np.random.Generator) -> tuple[Array, ...]:
    """Inputs (T, 4 · samples, 3) and wanted actions (T, 4 · samples, 3)."""
    begin, test = _FIXATION, _FIXATION + _SAMPLE + delay
    decision = test + _TEST
    trial = np.arange(4 * samples)
    stimulus, match = trial % 2, trial // 2 % 2
    X = np.zeros((decision + _DECISION, trial.size, 3))
    X[:decision, :, 0] = 1.0
    for start, ticks, shown in (
        (begin, _SAMPLE, stimulus), (test, _TEST, np.where(match == 1, stimulus, 1 - stimulus)),
    ):  # fmt: skip
        X[start : start + ticks, :, 1:] = np.eye(2)[shown]
        X[start : start + ticks, :, 1:] += draw.normal(0.0, noise, (ticks, trial.size, 2))
    action = np.zeros(X.shape[:2], np.int64)
    action[decision:] = 2 - match
    return X, np.eye(3)[action]


def adding(
    length: int = 50, *, samples: int = 1000, data_seed: int = 0, measure: Measure = "loss"
) -> Task:
    """Add the two marked numbers of a sequence.

    The inputs at each tick are a number from U(0, 1) and a marker, which is 1 at one tick of the
    first half and at one of the second and 0 elsewhere. Wanted at the last tick, which alone
    counts, is the sum of the two marked numbers. Always to answer 1 has a mean squared error of
    1/6 = 0.167, the variance of the sum; below 0.01 the task counts as solved. Test sequences are
    as many, drawn afresh.

    Source: Hochreiter & Schmidhuber (1997), “Long short-term memory”, experiment 4, in the form
    of Le, Jaitly & Hinton (2015).

    Args:
        length: Ticks, from 2.
        samples: Sequences.
        data_seed: Of numbers and markers.
        measure: What fitness is; see :class:`Supervised`. ``"loss"`` is what suits numbers.
    """
    _checks.integer("length", length, 2)
    _checks.integer("samples", samples, 1)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
    half, everyone = length // 2, np.arange(samples)

    def sequences() -> tuple[Array, Array, Array]:
        X = np.zeros((length, samples, 2))
        X[:, :, 0] = draw.uniform(0.0, 1.0, (length, samples))
        for low, high in ((0, half), (half, length)):
            X[draw.integers(low, high, samples), everyone, 1] = 1.0
        return X, *marked(X.prod(axis=2).sum(axis=0)[:, None], length - 1)

    options = {
        "length": int(length), "samples": int(samples), "data_seed": int(data_seed),
        "measure": measure,
    }  # fmt: skip
    X, Y, weights = sequences()
    return Task(
        "adding", options, X, Y, weights=weights, test=sequences(), sequences=True,
        measure=measure, solved_at=-0.01, input_names=("number", "marker"), output_names=("sum",),
    )  # fmt: skip
