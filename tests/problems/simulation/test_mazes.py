"""The T-maze: its rules step by step, and the best that can be had."""

import json
import pickle

import numpy as np
import pytest
from conftest import build

import neatgrow as ng
from neatgrow.problems import catalogue
from neatgrow.problems.simulation import mazes

H = 2**62


def rememberer():
    """Goes to the side that it remembers, left at first; small reward: to the other one.

    s ← s xor (end and reward < ½), turn = junction · (2 s − 1).
    """
    step, product = ("step", "sum", -0.5), ("identity", "product", 0.0)
    nodes = {5: ("identity", "sum", 0.0), H: product, H + 1: step, H + 2: step, H + 3: product}
    connections = [
        (2, H + 2, 1.0, True), (4, H + 2, -1.0, True),  # poor = end − reward > ½
        (H + 2, H, 1.0, True), (H + 1, H, 1.0, True),  # both = poor · s, s as it was
        (H + 1, H + 1, 1.0, True), (H + 2, H + 1, 1.0, True), (H, H + 1, -2.0, True),
        (1, H + 3, 1.0, True), (H + 1, H + 3, 1.0, True),
        (H + 3, 5, 2.0, True), (1, 5, -1.0, True),
    ]  # fmt: skip
    return build(5, 1, nodes, connections)


def answering(junction, elsewhere=0.0):
    """Without memory: one output at the junction, another elsewhere."""
    return build(5, 1, {5: ("identity", "sum", elsewhere)}, [(1, 5, junction - elsewhere, True)])


def played_by_hand(problem, policy):
    """Mean return of a Python policy: observation, memory → output, memory."""
    returns = []
    for start in problem.starts:
        state, observation, total, done, memory = np.zeros(9), np.zeros(5), 0.0, False, None
        state = np.zeros(problem.n_state)
        mazes._reset(state, observation, problem.parameters, start)
        for _ in range(problem.steps):
            output, memory = policy(observation, memory)
            reward, done = mazes._step(state, observation, problem.parameters, np.array([output]))
            total += reward
            if done:
                break
        assert done
        returns.append(total)
    return np.mean(returns)


def win_stay_lose_switch(observation, memory):
    side = -1.0 if memory is None else memory
    if observation[2] and observation[4] < 0.5:
        side = -side
    return side * observation[1], side


@pytest.mark.parametrize("options", [{}, {"hall": 0, "flips": 3}, {"hall": 4, "trials": 9}])
def test_memory_reaches_the_best_and_no_more(options):
    problem = ng.TMaze(**options)
    flips, trials = options.get("flips", 1), options.get("trials", 20)
    assert problem.best == pytest.approx(1.0 - (flips + 0.5) * 0.8 / trials)
    assert played_by_hand(problem, win_stay_lose_switch) == pytest.approx(problem.best)
    evaluation = problem.evaluate(rememberer().batch().compile())
    assert evaluation.fitness[0] == pytest.approx(problem.best, rel=1e-12)
    assert evaluation.fitness[0] >= problem.solved_at
    assert evaluation.steps == 8 * problem.steps  # it never runs into a wall


def test_without_memory_no_side_is_better_than_the_other():
    problem = ng.TMaze()
    for turn in (-1.0, 1.0):
        fitness = problem.evaluate(answering(turn).batch().compile()).fitness[0]
        assert fitness == pytest.approx(0.6) and fitness < problem.solved_at
    for crash in (answering(0.0), answering(0.3), answering(1.0, 0.5), answering(-1.0, -0.4)):
        assert problem.evaluate(crash.batch().compile()).fitness[0] == pytest.approx(-0.4)


def test_what_is_seen_and_earned_step_by_step():
    problem = ng.TMaze(hall=2, trials=4)
    state, observation = np.zeros(problem.n_state), np.zeros(5)
    mazes._reset(state, observation, problem.parameters, np.array([1.0, 1.0]))
    seen = [observation.argmax()]
    earned = []
    for output in (0.3, -0.3, 0.0, 0.4, 0.9, 0.0, -1.0):
        reward, done = mazes._step(state, observation, problem.parameters, np.array([output]))
        seen.append(observation.argmax())
        earned.append(reward)
    # Home, corridor twice, junction, end (large), home (any action), corridor, crash: home.
    assert seen == [3, 0, 0, 1, 2, 3, 0, 3] and not done
    assert earned == pytest.approx([0, 0, 0, 1 / 4, 0, 0, -0.4 / 4])
    assert observation.tolist() == [0, 0, 0, 1, -0.4]
    assert state[1] == 2 and state[2] == -1.0  # third trial; sides changed after the first


def test_flips_come_at_different_times_and_sides():
    starts = ng.TMaze(trials=20, flips=2).starts
    assert starts.tolist()[:4] == [[-1, 3, 13], [-1, 5, 15], [-1, 6, 16], [-1, 8, 18]]
    assert starts[4:, 0].tolist() == [1] * 4 and np.array_equal(starts[:4, 1:], starts[4:, 1:])
    for trials in range(4, 60):
        for flips in range(1, trials // 4 + 1):
            times = ng.TMaze(trials=trials, flips=flips).starts[:, 1:]
            assert (times >= 1).all() and (times < trials).all()
            assert (np.diff(times, axis=1) > 1).all()


def test_it_is_built_by_name_and_rebuilt():
    problem = ng.TMaze(hall=3, trials=8, flips=2, small=0.1)
    for again in (
        catalogue.rebuild({"seed": 1, **json.loads(json.dumps(problem.describe()))}),
        pickle.loads(pickle.dumps(problem)),
    ):
        assert again.describe() == problem.describe()
        assert again.evaluate(rememberer().batch().compile()).fitness[0] >= again.solved_at
    assert catalogue.build("t-maze").name == "t-maze"
    assert catalogue.ENTRIES["t-maze"].solved_at == f"{ng.TMaze().best:g}"
    assert repr(ng.TMaze()).startswith("TMaze(hall=1, trials=20, flips=1, large=1.0")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hall": -1}, "hall: expected an integer of at least 0, got -1."),
        ({"trials": 7, "flips": 2},
         "trials: expected an integer of at least 8, got 7. Each flip takes four trials."),
        ({"small": 1.0}, "large, small, crash: expected rewards that fall, got 1.0, 1.0, -0.4."),
    ],
)  # fmt: skip
def test_bad_mazes_are_refused_in_words(options, message):
    with pytest.raises(ValueError) as caught:
        ng.TMaze(**options)
    assert str(caught.value) == message
