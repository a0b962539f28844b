"""Tasks of memory against their definitions, and against hand-made networks that solve them."""

from itertools import product

import numpy as np
import pytest
from test_tasks import accuracy, feedforward, network_of

import neatgrow as ng
from neatgrow.problems import memory


def latch():
    """Keeps a bit: memory ← record ? signal : sign(memory); answers with it.

    held = tanh(8 (signal + record) − 12) is near 1 for a recorded 1 alone, and so is the other for
    a recorded −1; memory = tanh(3 memory + 4 (held − other)) turns over for these alone.
    """
    return network_of(
        ["signal", "record", "play"],
        {"bit": ("identity", 0.0), "one": ("sigmoid", -60.0), "none": ("sigmoid", -60.0),
         "memory": ("tanh", 0.0)},
        [("signal", "one", 40.0), ("record", "one", 40.0), ("signal", "none", -40.0),
         ("record", "none", 40.0), ("one", "memory", 8.0), ("none", "memory", -8.0),
         ("memory", "memory", 3.0), ("memory", "bit", 1.0)],
    )  # fmt: skip


# ------------------------------------------------------------------------------- recall


def test_a_latch_recalls_a_bit_over_delays_of_any_length():
    task = memory.delayed_recall()
    network = latch()
    assert accuracy(task, network) == accuracy(task, network, held_out=True) == 1.0
    assert task.evaluate(network).fitness[0] >= task.solved_at
    for delay in (1, 100):
        one = memory.delayed_recall(shortest=delay, longest=delay)
        assert accuracy(one, network) == 1.0
    # Without the gate a distractor is taken for a bit.
    loop = network_of(
        ["signal", "record", "play"],
        {"bit": ("identity", 0.0), "memory": ("tanh", 0.0)},
        [("signal", "memory", 2.0), ("memory", "memory", 3.0), ("memory", "bit", 5.0)],
    )
    assert accuracy(task, loop) < 1.0


@pytest.mark.parametrize("bits", [1, 3])
def test_sequences_of_recall_tick_by_tick(bits):
    task = memory.delayed_recall(bits=bits, shortest=2, longest=4, lead=3, samples=9, noise=0.5)
    patterns = 2**bits
    for (X, Y, weights), delays in (
        ((task.X, task.Y, task.weights), (2, 3, 4)), (task.test, (8, 16)),
    ):  # fmt: skip
        count, leads = 9 * patterns, set()
        assert X.shape == (3 + 2 * bits + delays[-1], count * len(delays), 3)
        for b in range(X.shape[1]):
            delay = delays[b // count]
            signal, record, play = X[:, b].T
            first = int(record.argmax())
            leads.add(first)
            end = first + 2 * bits + delay
            assert np.flatnonzero(record).tolist() == list(range(first, first + bits))
            assert np.flatnonzero(play).tolist() == list(range(end - bits, end))
            assert np.array_equal(weights[:, b] > 0, play > 0)
            assert np.array_equal(Y[play > 0, b, 0], signal[record > 0] > 0)
            assert set(signal[record > 0]) <= {-1.0, 1.0} and not signal[end:].any()
            assert 0 < np.abs(signal[:end][record[:end] == 0]).max() <= 0.5
        assert leads == {0, 1, 2, 3}
        alike = X.reshape(len(X), -1, patterns, 3)
        rest = alike[..., 0] * (1 - alike[..., 1])
        assert (rest == rest[:, :, :1]).all()  # the same distractors for every pattern
        shown = alike[:, 0, :, 0][alike[:, 0, 0, 1] > 0]
        assert {tuple(signs) for signs in shown.T} == set(product((-1.0, 1.0), repeat=bits))
    assert len(memory.delayed_recall(lead=0).X) == 17


@pytest.mark.parametrize("seed", [1, 2])
def test_without_a_loop_half_of_the_bits_are_right(seed):
    task = memory.delayed_recall(samples=4)
    networks = feedforward(3, 1, seed)
    for data in ((task.X, task.Y, task.weights), task.test):
        assert (task.accuracy(networks, *data) == 0.5).all()


# ------------------------------------------------------------------------------- match


def answers_of(actions):
    """Outputs (1, T, B, 3) whose largest are actions (T, B)."""
    return np.eye(3)[np.asarray(actions)][None]


def test_trials_of_a_delayed_match_tick_by_tick():
    task = memory.DelayedMatch(delay=10, samples=5)
    assert task.X.shape == (32, 20, 3) and task.test[0].shape == (42, 20, 3)
    for (X, Y, *_), delay in (((task.X, task.Y), 10), (task.test, 20)):
        assert (X[:-9, :, 0] == 1).all() and not X[-9:].any()
        sample, test = X[3:8, :, 1:], X[8 + delay : 13 + delay, :, 1:]
        assert not X[:3, :, 1:].any() and not X[8 : 8 + delay, :, 1:].any()
        first, second = sample.mean(axis=0).argmax(axis=1), test.mean(axis=0).argmax(axis=1)
        wanted = np.where(first == second, 1, 2)
        assert np.array_equal(Y[-1].argmax(axis=1), wanted) and np.bincount(wanted)[1] == 10
        assert np.bincount(first).tolist() == [10, 10]
        assert (Y[:-9].argmax(axis=2) == 0).all() and (Y[-9:].argmax(axis=2) == wanted).all()
        gaps = sample - np.eye(2)[first]
        assert 0.07 < gaps.std() < 0.13
    clean = memory.DelayedMatch(noise=0.0)
    assert set(np.unique(clean.X)) == {0.0, 1.0}


def test_the_first_action_of_the_decision_counts():
    task = memory.DelayedMatch(delay=2, samples=1)
    X, Y, weights = task.X, task.Y, np.ones(task.Y.shape[:2])
    wanted = Y[-1].argmax(axis=1)

    def share(actions):
        return task._share_right(answers_of(actions), Y, weights)[0]

    waiting = np.zeros(Y.shape[:2], int)
    assert share(waiting) == 0.0 and share(Y.argmax(axis=2)) == 1.0
    late = waiting.copy()
    late[-1] = wanted
    assert share(late) == 1.0
    changed = late.copy()
    changed[-3] = 3 - wanted  # the other one first
    assert share(changed) == 0.0
    changed[-3, 0] = wanted[0]
    assert share(changed) == 0.25
    early = late.copy()
    early[: len(X) - 9] = 3 - wanted  # before the decision nothing counts
    assert share(early) == 1.0
    broken = answers_of(late)
    broken[0, 0, 1] = np.nan
    assert task._share_right(broken, Y, weights)[0] == 0.75


def test_reward_is_for_right_trials_less_actions_in_fixation():
    task = memory.DelayedMatch(delay=2, samples=1)
    hasty = ng.Genome.from_edges(
        [(0, 3)], inputs=3, outputs=3,
        nodes={4: {"bias": 2.0, "activation": "identity"}, 3: {"activation": "identity"}},
    ).batch().compile()  # fmt: skip
    patient = ng.Genome.from_edges(
        [(0, 3, 5.0)], inputs=3, outputs=3,
        nodes={4: {"bias": 2.0, "activation": "identity"}, 3: {"activation": "identity"}},
    ).batch().compile()  # fmt: skip
    assert task.reward(hasty, task.X, task.Y)[0] == pytest.approx(0.5 - 0.3)
    assert task.reward(patient, task.X, task.Y)[0] == pytest.approx(0.5)
    assert task.accuracy(patient, *task.test)[0] == 0.5


# ------------------------------------------------------------------------------- adding


@pytest.mark.parametrize("length", [2, 9, 50])
def test_two_marked_numbers_are_added(length):
    task = memory.adding(length, samples=300)
    for X, Y, weights in ((task.X, task.Y, task.weights), task.test):
        assert X.shape == (length, 300, 2) and 0 <= X[..., 0].min() <= X[..., 0].max() <= 1
        for b in range(300):
            first, second = np.flatnonzero(X[:, b, 1])
            assert first < length // 2 <= second
            assert Y[-1, b, 0] == pytest.approx(X[first, b, 0] + X[second, b, 0])
        assert np.array_equal(weights.sum(axis=1), [0] * (length - 1) + [300])
    if length > 2:
        assert not np.array_equal(task.X, task.test[0])


def test_one_as_the_answer_errs_by_the_variance_and_a_gate_that_adds_by_nothing():
    task = memory.adding(50, samples=40_000)
    one = network_of(["number", "marker"], {"sum": ("identity", 1.0)}, [])
    for data in ((task.X, task.Y, task.weights), task.test):
        assert task.losses(one, *data)[0] == pytest.approx(0.1667, abs=0.003)
    # gate = relu(number + marker − 1) is the marked number; sum(t) = sum(t − 1) + gate(t).
    adder = network_of(
        ["number", "marker"],
        {"sum": ("identity", 0.0), "gate": ("relu", -1.0)},
        [("number", "gate", 1.0), ("marker", "gate", 1.0), ("gate", "sum", 1.0),
         ("sum", "sum", 1.0)],
    )  # fmt: skip
    assert task.losses(adder, *task.test)[0] == pytest.approx(0.0, abs=1e-20)
    assert task.evaluate(adder).fitness[0] >= task.solved_at


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: memory.delayed_recall(bits=9), "bits: expected at most 8, got 9."),
        (lambda: memory.delayed_recall(shortest=20),
         "longest: expected an integer of at least 20, got 15. It is the longest of the delays."),
        (lambda: memory.DelayedMatch(delay=-1),
         "delay: expected an integer of at least 0, got -1."),
        (lambda: memory.DelayedMatch(noise=-1.0),
         "noise: expected a number of at least 0, got -1.0."),
        (lambda: memory.adding(1), "length: expected an integer of at least 2, got 1."),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
