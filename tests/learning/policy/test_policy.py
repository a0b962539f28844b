"""Policy gradients against central differences and plain twins, and what is promised."""

import warnings
from itertools import pairwise

import gymnasium
import numpy as np
import oracles
import pytest
from conftest import build
from gymnasium import spaces
from scipy import special, stats

import neatgrow as ng
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import random
from neatgrow.kernels.training import CONSTANT
from neatgrow.learning.policy import ppo as policy
from neatgrow.learning.policy.actor import (
    Actor,
    Lesson,
    with_constants,
    without_constants,
)
from neatgrow.learning.policy.critic import Critic, dense
from neatgrow.learning.policy.distributions import Bernoulli, Categorical, Gaussian
from neatgrow.learning.policy.experience import Experience, advantages
from neatgrow.problems.gymnasium.problem import Gymnasium

KINDS = {
    "options": Categorical([4]), "blocks": Categorical([2, 2]), "switches": Bernoulli(4),
    "numbers": Gaussian(4), "options without a scale": Categorical([4], fixed=True),
    "switches without a scale": Bernoulli(4, fixed=True),
}  # fmt: skip


def settings(**changes):
    given = {"optimizer": ng.Adam(0.01), "n_epochs": 4, "batch_size": 32, "ent_coef": 0.05,
             "divergence": None}  # fmt: skip
    return ng.PPO(**given | changes)


def tune(
    genome, problem, *, iterations=12, evaluation_episodes=20, seed=0, seconds=None, **changes
):
    """A small run of learning, other settings than PPO's small ones changed."""
    small = {"episodes": 24, "batch_size": 30, "optimizer": ng.Adam(0.02), "critic": (8,),
             "gamma": 0.5, "validation_episodes": 10}  # fmt: skip
    return ng.fine_tune_policy(
        genome, problem, ppo=ng.PPO(**small | changes), iterations=iterations, seed=seed,
        evaluation_episodes=evaluation_episodes, seconds=seconds, progress=False,
    )  # fmt: skip


def looped(seed, inputs=3, outputs=4, hidden=4, activation="tanh"):
    """All nodes joined to all, loops included."""
    draw = np.random.default_rng(seed)
    nodes = [*range(inputs, inputs + outputs), *range(2**62, 2**62 + hidden)]
    genes = [(a, b, draw.normal(0, 0.6), True) for a in [*range(inputs), *nodes] for b in nodes]
    return build(inputs, outputs, {v: (activation, "sum", draw.normal(0, 0.3)) for v in nodes},
                 genes)  # fmt: skip


# ------------------------------------------------------------------------------ distributions


def test_likelihoods_are_scipys():
    draw = np.random.default_rng(0)
    y, ln_s = draw.normal(size=(7, 4)), np.full((7, 1), 0.3)
    outputs, logits = np.hstack([y, ln_s]), y * np.exp(0.3)
    two = np.hstack([y, ln_s, -ln_s])

    chosen = draw.integers(4, size=7)
    found = KINDS["options"].likelihood(outputs, np.eye(4)[chosen])
    log_p = special.log_softmax(logits, axis=1)
    np.testing.assert_allclose(found.log, log_p[np.arange(7), chosen], rtol=1e-12)
    np.testing.assert_allclose(found.entropy, stats.entropy(np.exp(log_p), axis=1), rtol=1e-12)

    found = KINDS["blocks"].likelihood(two, np.tile([1.0, 0.0, 0.0, 1.0], (7, 1)))
    scaled = ((slice(2), 0.3), (slice(2, 4), -0.3))
    parts = [special.log_softmax(y[:, half] * np.exp(ln_s), axis=1) for half, ln_s in scaled]
    np.testing.assert_allclose(found.log, parts[0][:, 0] + parts[1][:, 1], rtol=1e-12)
    both = sum(stats.entropy(np.exp(part), axis=1) for part in parts)
    np.testing.assert_allclose(found.entropy, both, rtol=1e-12)

    on = draw.integers(2, size=(7, 4))
    found = KINDS["switches"].likelihood(
        np.hstack([y, np.tile(ln_s, (1, 4))]), np.where(on, 1.0, -1.0)
    )
    law = stats.bernoulli(special.expit(logits))
    np.testing.assert_allclose(found.log, law.logpmf(on).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.entropy, law.entropy().sum(axis=1), rtol=1e-12)

    ln_sigma, a = draw.normal(size=(7, 4)), draw.normal(size=(7, 4))
    found = KINDS["numbers"].likelihood(np.hstack([y, ln_sigma]), a)
    law = stats.norm(y, np.exp(ln_sigma))
    np.testing.assert_allclose(found.log, law.logpdf(a).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.entropy, law.entropy().sum(axis=1), rtol=1e-12)

    plain = Categorical([4], fixed=True).likelihood(logits, np.eye(4)[chosen])
    np.testing.assert_allclose(plain.log, log_p[np.arange(7), chosen], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_slopes_of_likelihoods_are_central_differences(kind):
    draw = np.random.default_rng(1)
    outputs = draw.normal(0, 0.8, (5, kind.size + kind.extra))
    actions = kind.sample(outputs, draw.random((5, 2 * kind.size)))
    found, h = kind.likelihood(outputs, actions), 1e-6
    for column in range(outputs.shape[1]):
        side = np.zeros_like(outputs)
        side[:, column] = h
        up, down = (kind.likelihood(outputs + d, actions) for d in (side, -side))
        for name in ("log", "entropy"):
            slope = (getattr(up, name) - getattr(down, name)) / (2 * h)
            got = getattr(found, f"d_{name}")[:, column]
            np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-8)


def test_samples_come_as_often_as_their_likelihood_says():
    uniform = np.random.default_rng(2).random((40_000, 8))
    for name, kind in KINDS.items():
        y = np.array([0.5, -0.4, 0.1, 0.9])
        outputs = np.tile(np.append(y, np.full(kind.extra, -0.3)), (len(uniform), 1))
        actions = kind.sample(outputs, uniform)
        scale = np.exp(-0.3) if kind.extra else 1.0
        if name.startswith("options"):
            np.testing.assert_allclose(actions.mean(axis=0), special.softmax(scale * y), atol=0.01)
            assert (actions.sum(axis=1) == 1).all()
        elif name == "blocks":
            wanted = np.concatenate([special.softmax(scale * part) for part in (y[:2], y[2:])])
            np.testing.assert_allclose(actions.mean(axis=0), wanted, atol=0.01)
        elif name.startswith("switches"):
            wanted = special.expit(scale * y)
            np.testing.assert_allclose((actions > 0).mean(axis=0), wanted, atol=0.01)
        else:
            np.testing.assert_allclose(actions.mean(axis=0), y, atol=0.02)
            np.testing.assert_allclose(actions.std(axis=0), scale, rtol=0.02)
            assert abs(np.corrcoef(actions.T) - np.eye(4)).max() < 0.03


@pytest.mark.parametrize("spread", [1e-2, 1.0, 30.0])
def test_scales_start_where_the_entropy_is_the_share_asked_for(spread):
    y = np.random.default_rng(3).normal(0, spread, (300, 4))
    for name in ("options", "blocks", "switches"):
        kind = KINDS[name]
        ln_s = kind.start(y, 0.3)
        wide = np.hstack([y, np.tile(ln_s, (300, 1))])
        even = kind.likelihood(np.zeros_like(wide), y).entropy.mean()
        got = kind.likelihood(wide, y).entropy.mean() / even
        assert got == pytest.approx(0.3, abs=1e-3) or (spread < 0.1 and not ln_s.any())
        assert not kind.start(np.zeros((5, 4)), 0.3).any()
    assert KINDS["numbers"].start(y, 0.5) == pytest.approx(np.log([0.5] * 4))


def test_draws_by_rows_are_those_of_their_streams():
    ticks, episodes = np.array([0, 3, 3, 2**40]), np.array([5, 0, 1, 7])
    out = np.empty((4, 3))
    random.draw_rows(11, random.POLICY, ticks, episodes, out)
    for row in range(4):
        stream = oracles.Stream(11, random.POLICY, int(ticks[row]), int(episodes[row]))
        assert out[row].tolist() == [stream.uniform() for _ in range(3)]


# ------------------------------------------------------------------------ gradients and estimates


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("loops", [True, False])
def test_the_clipped_objectives_gradient_is_a_central_difference(kind, loops):
    """Through the graph, and time, to every weight and bias, scales and deviations included."""
    draw = np.random.default_rng(4)
    genome = looped(5) if loops else dense(Interface(3, 4), (5,), 0)
    start = np.full(kind.extra, -0.2)
    actor = Actor(genome, kind, start, settings(), 5, 0, np.float64)
    shape = (6, 5) if loops else (1, 30)
    inputs = draw.normal(size=(shape[0], 3, shape[1]))
    outputs = actor.networks.run(inputs.swapaxes(1, 2))[0].reshape(30, -1).astype(np.float64)
    actions = kind.sample(outputs, draw.random((30, 8)))
    old = kind.likelihood(outputs, actions).log + draw.choice([-0.5, -0.1, 0.0, 0.1, 0.5], 30)
    counts = draw.random(shape) < 0.8
    lesson = Lesson(inputs, actions.reshape(*shape, 4), draw.normal(size=shape), counts)
    old = old.reshape(shape)

    _, data, told = actor.objective(lesson, old)
    assert 0.1 < told.clipped < 0.9
    _, found = actor._trainer.gradients(data)
    plan, h, moved = actor.networks.plan, 1e-6, 0
    for column, gradient in zip((plan.weight, plan.bias), found[:2], strict=True):
        for row in range(column.size):
            value, sides = column[row], []
            for other in (value + h, value - h):
                column[row] = other
                sides.append(actor.objective(lesson, old)[0])
            column[row] = value
            slope = (sides[0] - sides[1]) / (2 * h)
            assert gradient[row] == pytest.approx(slope, rel=1e-5, abs=1e-7)
            moved += abs(slope) > 1e-4
    assert moved > 0.5 * (plan.weight.size + plan.bias.size)
    if kind.extra:
        assert np.abs(found[1][plan.output_slot[0, 4:] - 3]).min() > 1e-4


def slow_advantages(x, rewards, start, terminated, value_of, discount, trace):
    """From the definition: Σ (γλ)ᵏ δ_{t+k}, an episode and a decision at a time."""
    result, counts = [], []
    for e in range(len(terminated)):
        rows = range(start[e], start[e + 1])
        last = rows[-1] if terminated[e] else rows[-1] - 1
        deltas = {}
        for row in rows:
            if row <= last:
                after = 0.0 if row == rows[-1] else value_of[row + 1]
                deltas[row] = rewards[row] + discount * after - value_of[row]
        for row in rows:
            result.append(sum((discount * trace) ** (k - row) * d for k, d in deltas.items()
                              if k >= row))  # fmt: skip
            counts.append(row <= last)
    return np.array(result), np.array(counts)


def test_advantages_are_those_of_the_definition():
    draw = np.random.default_rng(6)
    lengths = [4, 1, 9, 1, 6]
    terminated = np.array([True, True, False, False, False])
    start = np.cumsum([0, *lengths])
    values, rewards = draw.normal(size=(2, start[-1]))
    met = Experience(values[:, None], values[:, None], rewards, start, terminated, 21)
    for discount, trace in ((0.9, 0.8), (1.0, 1.0), (0.7, 0.0), (0.0, 0.5)):
        found, returns = advantages(met, values, discount, trace)
        wanted, counts = slow_advantages(
            values, rewards, start, terminated, values, discount, trace
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(returns, wanted + values, rtol=1e-12, atol=1e-14)
        assert met.counts.tolist() == counts.tolist()
    assert met.returns == pytest.approx([rewards[a:b].sum() for a, b in
                                         pairwise(start)])  # fmt: skip
    # Without a trace's decay and a critic, an episode's returns are its discounted rewards.
    ended, _ = advantages(met, np.zeros_like(values), 0.9, 1.0)
    assert ended[0] == pytest.approx(sum(0.9**k * rewards[k] for k in range(4)))


def test_further_outputs_are_constants_and_leave_no_trace():
    for genome in (looped(1), build(2, 2, {4: ("tanh", "sum", 0.1), 5: ("relu", "max", 0.2)},
                                    [(0, 4, 1.0, True), (4, 5, 0.5, True), (5, 2, 2.0, True),
                                     (5, 4, 0.3, True), (1, 3, 1.0, False)])):  # fmt: skip
        wide = with_constants(genome, np.array([0.25, -3.0]))
        x = np.random.default_rng(0).normal(size=(5, 4, genome.n_inputs))
        y, wider = genome.compile().run(x), wide.compile().run(x)
        np.testing.assert_array_equal(wider[..., :-2], y)
        assert (wider[..., -2:] == [0.25, -3.0]).all()
        assert without_constants(wide, genome) == genome


# ------------------------------------------------------------------------------------ the critic


def test_the_critic_learns_and_its_values_survive_a_change_of_scale():
    draw = np.random.default_rng(7)
    x = draw.normal(3.0, 10.0, (800, 2))
    returns = 500.0 + 100.0 * np.sin(x[:, 0] / 10.0) - 3.0 * x[:, 1]
    face = Interface(2, 1, input_mean=x.mean(axis=0), input_scale=1 / x.std(axis=0))
    critic = Critic(face, (16, 16), ng.Adam(0.003), 8, 100, 0)
    assert (critic.values(x) == 0.0).all()
    losses = [critic.learn(x, returns, 10) for _ in range(8)]
    assert losses[-1] < 0.05 and losses[-1] < 0.5 * losses[0]
    before = critic.values(x)
    assert np.corrcoef(before, returns)[0, 1] > 0.97
    critic._keep_values(-40.0, 7.0)
    critic._mean, critic._deviation = -40.0, 7.0
    np.testing.assert_allclose(critic.values(x), before, rtol=1e-4, atol=0.1)


def test_a_schedule_of_the_critics_rate_counts_calls():
    x = np.random.default_rng(0).normal(size=(90, 2))
    critic = Critic(ng.Population(2, 1).ask().interface, (4,), ng.Adam(0.1, schedule=ng.Cosine()),
                    4, 30, 0)  # fmt: skip
    rates = []
    for _ in range(4):
        critic.learn(x, x[:, 0], 5)
        rates.append(critic._trainer.recipe.rate)
        assert critic._trainer.recipe.schedule == CONSTANT
    np.testing.assert_allclose(rates, 0.05 * (1.0 + np.cos(np.pi * np.arange(4) / 4)))


def test_dense_graphs_are_layers():
    genome = dense(Interface(3, 2), (4, 5), 1)
    genome.check()
    assert genome.n_hidden == 9 and genome.n_connections == 3 * 4 + 4 * 5 + 5 * 2
    assert not genome.compile().networks.plan.has_state[0]
    matrix = {}
    for s, t, w in zip(genome.source, genome.target, genome.weight, strict=True):
        matrix[int(s), int(t)] = w
    a, first = np.array([0.3, -1.0, 2.0]), 2**62
    layers = [range(3), range(first, first + 4), range(first + 4, first + 9), range(3, 5)]
    for before, after in pairwise(layers):
        a = np.array([sum(matrix[s, t] * a[k] for k, s in enumerate(before)) for t in after])
        a = a if after is layers[-1] else np.tanh(a)
    out = genome.compile(np.float64).networks.activate([[0.3, -1.0, 2.0]])[0]
    np.testing.assert_allclose(out, a, rtol=1e-12)


# ------------------------------------------------------------------------------- small worlds


class Aim(gymnasium.Env):
    """Do what the observation says; the best return is 0, or the number of steps."""

    def __init__(self, action_space=None, length=5, fault=None):
        self.action_space = action_space or spaces.Box(-2.0, 2.0, (1,), np.float64)
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float64)
        self.length, self.fault = length, fault

    def observe(self):
        self.seen = self.np_random.uniform(-1, 1)
        return np.array([self.seen])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.observe(), {}

    def reward(self, action):
        space = self.action_space
        if isinstance(space, spaces.Box):
            return -float(((action - self.seen) ** 2).sum())
        wanted = self.seen > 0
        if isinstance(space, spaces.Discrete):
            return float(action - space.start == wanted)
        return float(np.mean(np.asarray(action) == wanted))

    def step(self, action):
        assert self.action_space.contains(action), action
        self.steps += 1
        reward = self.reward(action)
        if self.fault is not None:
            reward = self.fault(self, reward)
        return self.observe(), reward, self.steps >= self.length, False, {}


class Recall(gymnasium.Env):
    """A sign is shown at first; afterwards the sign is wanted, and nothing is shown."""

    observation_space = spaces.Box(-1.0, 1.0, (1,), np.float64)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.sign, self.steps = self.np_random.choice([-1.0, 1.0]), 0
        return np.array([self.sign]), {}

    def step(self, action):
        self.steps += 1
        right = float(2 * action - 1 == self.sign) if self.steps > 2 else 0.0
        return np.zeros(1), right, self.steps >= 6, False, {}


LINE = build(1, 1, {1: ("identity", "sum", 0.3)}, [(0, 1, -0.5, True)])
TWO = build(1, 2, {}, [(0, 1, 0.7, True), (0, 2, 0.1, True)])


def aim(**options):
    return Gymnasium(lambda: Aim(**options), max_steps=20)


def test_numbers_are_learned():
    tuned, report = tune(LINE, aim(), iterations=25)
    assert report.kept and report.after > -0.1 > -1.0 > report.before
    assert tuned.weight[0] == pytest.approx(0.5, abs=0.15)  # [−1, 1] is stretched over [−2, 2]
    assert report.table["iteration"].tolist() == list(range(1, 26))
    assert report.table["steps"][-1] == report.steps == 26 * 24 * 5
    assert report.evaluation_steps == 5 * (6 * 10 + 2 * 20 + 2 * 20)
    assert report.table["entropy"][-1] < report.table["entropy"][0]
    assert np.isfinite(report.table["critic_loss"]).all()
    assert "→" in repr(report) and report.failures == []


@pytest.mark.parametrize(("space", "outputs"), [
    (spaces.Discrete(2, start=3), 2), (spaces.MultiDiscrete([2, 2]), 4),
    (spaces.MultiBinary(2), 2), (spaces.Box(-1.0, 1.0, (2, 2)), 4),
])  # fmt: skip
def test_actions_of_every_kind_are_learned(space, outputs):
    genome = build(1, outputs, {1 + o: ("identity", "sum", 0.1 * o) for o in range(outputs)},
                   [(0, 1 + o, (-1) ** o * 0.3, True) for o in range(outputs)])  # fmt: skip
    problem = Gymnasium(lambda: Aim(space), max_steps=20)
    _, report = tune(genome, problem, iterations=40)
    best = 0.0 if isinstance(space, spaces.Box) else 5.0
    assert report.kept and best - report.after < 0.35 * (best - report.before)


def test_memory_is_learned_through_time():
    problem = Gymnasium(Recall, max_steps=10)
    options = {"iterations": 40, "gamma": 0.9, "episodes": 48}
    _, report = tune(looped(2, 1, 2, 2), problem, **options)
    assert report.before < 2.0 and report.after > 3.9  # of 4
    _, cut = tune(looped(2, 1, 2, 2), problem, window=1, **options)
    assert not np.array_equal(report.table["entropy"], cut.table["entropy"])
    _, blind = tune(TWO, problem, **options)
    assert blind.after < 3.5


def test_an_untrained_cart_pole_is_held_up():
    genome = ng.Population(4, 2, seed=1).ask()[0]
    _, report = ng.fine_tune_policy(
        genome, Gymnasium("CartPole-v1"), iterations=40,
        ppo=ng.PPO(optimizer=ng.Adam(0.02)), evaluation_episodes=30,
    )  # fmt: skip
    assert report.before < 60 and report.after > 200


# ------------------------------------------------------------------------------ what is promised


def test_what_is_worse_is_not_returned():
    good = build(1, 1, {1: ("identity", "sum", 0.0)}, [(0, 1, 0.5, True)])
    for optimizer in (ng.Adam(3.0), ng.Adam(1e3), ng.SGD(1e300)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            tuned, report = tune(good, aim(), optimizer=optimizer)
        assert tuned is good and not report.kept and not report.learned >= report.before
        assert report.after == report.before == pytest.approx(0.0, abs=1e-9)


def test_a_gradient_that_is_not_finite_ends_learning_in_words():
    with pytest.warns(RuntimeWarning, match=r"^fine_tune_policy: a gradient of iteration \d+ was"):
        tuned, report = tune(LINE, aim(), optimizer=ng.SGD(1e300))
    tuned.check()
    assert len(report.table["steps"]) < 12 and report.after >= report.before


def test_the_figures_are_of_episodes_that_nothing_was_learned_or_chosen_by():
    problem, asked, practised = aim(), [], []
    evaluate, practise = problem.evaluate, problem.practise

    def evaluating(networks, *, seed, episodes=None):
        answer = evaluate(networks, seed=seed, episodes=episodes)
        asked.append((seed, episodes, answer.fitness.tolist()))
        return answer

    def practising(networks, act, *, seed, episodes):
        practised.append(seed)
        return practise(networks, act, seed=seed, episodes=episodes)

    problem.evaluate, problem.practise = evaluating, practising
    _, report = tune(LINE, problem)
    *watched, choice, last = asked
    assert [report.before, report.learned] == last[2] and last[1] == choice[1] == 20
    assert len({seed for seed, _, _ in watched}) == 1 and {e for _, e, _ in watched} == {10}
    seeds = [watched[0][0], choice[0], last[0], *practised]
    assert len(set(seeds)) == len(seeds) == 3 + 13
    starts = [s for seed in seeds for s in problem._seeds(seed, 24).tolist()]
    assert len(set(starts)) == len(starts)


def test_nothing_given_is_changed_and_structure_stays():
    genome, problem = looped(3, 1, 1), aim()
    before = genome.copy()
    tuned, report = tune(genome, problem)
    assert genome == before and report.kept
    tuned.check()
    for name in tuned.packed._fields:
        same = np.array_equal(getattr(tuned.packed, name), getattr(genome.packed, name))
        assert same == (name not in ("node_values", "connection_values"))
    assert not np.shares_memory(tuned.weight, genome.weight)


def same(a, b):
    (one, told), (other, retold) = a, b
    return one == other and all(
        np.array_equal(told.table[name], retold.table[name], equal_nan=True) for name in told.table
    ) and (told.before, told.learned) == (retold.before, retold.learned)  # fmt: skip


@pytest.mark.parametrize("genome", [TWO, looped(2, 1, 2)], ids=["no loops", "loops"])
def test_the_seed_alone_decides(threads, genome):
    def learn(slots=64, **changes):
        problem = Gymnasium(lambda: Aim(spaces.Discrete(2)), max_steps=20, slots=slots)
        return tune(genome, problem, iterations=4, **changes)

    threads(1)
    first = learn()
    assert same(first, learn()) and same(first, learn(slots=5))
    threads(3)
    assert same(first, learn())
    assert not same(first, learn(seed=1))


def test_practice_is_the_same_on_either_backend_and_starts_as_evaluation_does():
    network = looped(8, 4, 2).batch().compile()
    kind, met = Categorical([2], fixed=True), []

    def act(outputs, episodes, ticks):
        uniform = np.empty((len(outputs), 4))
        random.draw_rows(3, random.POLICY, ticks, episodes, uniform)
        return kind.sample(outputs, uniform)

    for backend in ("vector", "single"):
        problem = Gymnasium("CartPole-v1", max_steps=30, backend=backend, slots=3)
        met.append(problem.practise(network, act, seed=5, episodes=8))
        greedy = problem.practise(network, lambda outputs, *_: outputs, seed=5, episodes=8)
        evaluation = problem.evaluate(network, seed=5, episodes=8)
        assert greedy.returns.mean() == evaluation.fitness[0] and greedy.steps == evaluation.steps
    for name in ("actions", "rewards", "start", "terminated"):
        assert np.array_equal(*(getattr(one, name) for one in met)), name
    np.testing.assert_allclose(met[0].x, met[1].x, rtol=1e-5, atol=1e-6)
    assert met[0].steps == met[1].steps == met[0].rewards.size
    lengths = np.diff(met[0].start)
    assert (lengths[~met[0].terminated] == 30).all() and len(lengths) == 8


@pytest.mark.parametrize("backend", ["single", "envpool"])
def test_practice_sees_and_earns_what_evaluation_does(backend):
    if backend == "envpool":
        pytest.importorskip("envpool")
    problem = Gymnasium(
        "Pendulum-v1", max_steps=45, frame_skip=4, clip_rewards=(-9.0, -1.0), clip_observations=1.5,
        normalize=True, backend=backend,
    )  # fmt: skip
    networks = looped(2, 3, 1).batch().compile()
    for seed in range(2):
        problem.evaluate(networks, seed=seed)
    carrying = looped(2, 3, 1).with_interface(**problem.statistics()).batch().compile()
    met = problem.practise(carrying, lambda outputs, *_: outputs, seed=7, episodes=3)
    evaluation = problem.evaluate(carrying, seed=7, episodes=3)
    assert met.returns.mean() == pytest.approx(evaluation.fitness[0], rel=1e-12)
    assert met.steps == evaluation.steps == 3 * 45 and met.start.tolist() == [0, 12, 24, 36]
    assert met.rewards.min() >= -9.0 and met.rewards.max() <= -1.0 and not met.terminated.any()
    reach = np.abs(
        (met.x - problem.statistics()["input_mean"]) * problem.statistics()["input_scale"]
    )
    assert reach.max() == pytest.approx(1.5)


def test_practice_remembers_what_happened():
    problem = aim(length=4)
    seen = []

    def act(outputs, episodes, ticks):
        seen.append((outputs.copy(), episodes.copy(), ticks.copy()))
        return 0.1 * episodes[:, None] + ticks[:, None]

    met = problem.practise(LINE.batch().compile(), act, seed=1, episodes=3)
    assert met.start.tolist() == [0, 4, 8, 12] and met.terminated.all()
    assert met.actions[:, 0] == pytest.approx([0.1 * e + t for e in range(3) for t in range(4)])
    for k, seed in enumerate(problem._seeds(1, 3).tolist()):
        env = Aim(length=4)
        x, _ = env.reset(seed=seed)
        for row in range(4 * k, 4 * k + 4):
            assert met.x[row] == x
            x, reward, *_ = env.step(np.clip(2.0 * met.actions[row], -2.0, 2.0))
            assert met.rewards[row] == reward
    assert all((outputs.shape, ticks[0]) == ((3, 1), k) for k, (outputs, _, ticks)
               in enumerate(seen))  # fmt: skip


def test_statistics_of_observations_are_carried_and_stay():
    problem = Gymnasium(Aim, max_steps=20, normalize=True)
    problem.evaluate(LINE.batch().compile(), seed=0)
    problem.evaluate(LINE.batch().compile(), seed=1)
    wanted, state = problem.statistics(), problem.state()
    tuned, report = tune(LINE, problem)
    assert report.kept
    for name, value in wanted.items():
        np.testing.assert_array_equal(getattr(tuned.interface, name), value)
    for name, value in problem.state().items():
        np.testing.assert_array_equal(value, state[name])
    own = LINE.with_interface(input_mean=np.array([0.1]), input_scale=np.array([2.0]))
    tuned, _ = tune(own, problem, iterations=3)
    assert tuned.interface.input_scale == 2.0


def test_a_problem_that_draws_actions_itself_fixes_the_scale():
    problem = Gymnasium(lambda: Aim(spaces.Discrete(2)), max_steps=20, sample=True)
    assert problem.distribution().extra == 0
    _, report = tune(TWO, problem)
    assert report.kept and report.after > report.before


# ----------------------------------------------------------------------------------- faults


def test_episodes_that_fail_are_left_out():
    def fault(env, reward):
        if env.steps == 3 and env.seen > 0.8:
            raise OSError("a bad step")
        return np.nan if env.steps == 2 and env.seen < -0.9 else reward

    _, report = tune(LINE, aim(fault=fault))
    assert any("OSError: a bad step" in why for why in report.failures)
    assert any("finite reward" in why and why.startswith("iteration ") for why in report.failures)
    assert np.isfinite(report.table["mean_return"]).all() and not report.kept
    # Fitness is NaN where an episode fails: what cannot be compared is not returned.


def test_episodes_cut_off_after_one_decision_teach_nothing():
    class Short(Aim):
        def step(self, action):
            answer = super().step(action)
            return (*answer[:3], self.start > 0, {})

        def reset(self, **options):
            answer = super().reset(**options)
            self.start = self.seen
            return answer

    problem = Gymnasium(Short, max_steps=20)
    for genome in (LINE, looped(1, 1, 1)):
        _, report = tune(genome, problem, episodes=4, batch_size=2)
        assert np.isfinite(report.table["entropy"]).all()
    always = Gymnasium(Aim, max_steps=1)
    with pytest.raises(RuntimeError, match=r"expected a decision to learn from, got none\.$"):
        tune(LINE, always)


def test_an_environment_that_always_fails_is_told_at_once():
    def fault(env, reward):
        raise OSError("no such robot")

    with pytest.raises(RuntimeError, match=r"^fine_tune_policy: expected .*OSError: no such robot"):
        tune(LINE, aim(fault=fault))


def test_an_environment_that_fails_later_ends_learning():
    broken, calls = [False], []
    problem = aim(fault=lambda env, reward: np.nan if broken[0] else reward)
    practise = problem.practise

    def practising(*args, **options):
        calls.append(0)
        broken[0] = len(calls) == 5
        met = practise(*args, **options)
        broken[0] = False
        return met

    problem.practise = practising
    with pytest.warns(RuntimeWarning, match=r"^fine_tune_policy: expected .*Learning ends in iter"):
        _, report = tune(LINE, problem)
    assert len(report.table["steps"]) == 3 and len(report.failures) == 24 and report.kept


def test_seconds_bound_the_learning():
    _, report = tune(LINE, aim(), iterations=10_000, seconds=0.5, validation_every=1000)
    assert 0 < len(report.table["steps"]) < 10_000 and report.seconds < 30


@pytest.mark.parametrize(("changes", "message"), [
    ({"iterations": 0}, "^iterations: expected an integer of at least 1, got 0"),
    ({"episodes": 1.5}, r"^PPO\.episodes: expected an integer of at least 1"),
    ({"n_epochs": 0}, r"^PPO\.n_epochs: expected"), ({"batch_size": 0}, r"^PPO\.batch_size: exp"),
    ({"window": 0}, r"^PPO\.window: expected"), ({"evaluation_episodes": 0}, "^evaluation_episod"),
    ({"validation_every": 0}, r"^PPO\.validation_every: expected"),
    ({"clip_range": 0.0}, r"^PPO\.clip_range: expected a number above 0, got 0\.0\."),
    ({"clip_range": "0.2"}, r"^PPO\.clip_range: expected a number above 0"),
    ({"gamma": 1.5}, r"^PPO\.gamma: expected a number from 0 to 1, got 1\.5\."),
    ({"gae_lambda": -0.1}, r"^PPO\.gae_lambda: expected"),
    ({"ent_coef": -1.0}, r"^PPO\.ent_coef: expected a number of at"),
    ({"exploration": 0.0}, r"^PPO\.exploration: exp"), ({"divergence": 0}, r"^PPO\.divergence: "),
    ({"seconds": float("nan")}, "^seconds: expected"), ({"seed": -1}, "^seed: expected"),
    ({"critic": (8, 0)}, r"^PPO\.critic: expected an integer of at least 1, got 0"),
    ({"critic": 8}, r"^PPO\.critic: expected nodes of each layer"),
    ({"optimizer": "adam"}, r"^PPO\.optimizer: expected one such as Adam"),
    ({"critic_optimizer": "adam"}, r"^PPO\.critic_optimizer: expected one such as Adam"),
    ({"genome": looped(0)}, "^genome: expected 1 inputs and 1 outputs, .*, got 3 and 4"),
    ({"genome": LINE.batch()}, "^genome: expected a Genome"),
    ({"problem": ng.XOR()}, "^problem: expected one to practise in"),
])  # fmt: skip
def test_bad_arguments_are_refused_in_words(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tune(**{"genome": LINE, "problem": aim()} | changes)


def test_settings_that_are_no_settings_are_refused():
    with pytest.raises(TypeError, match=r"^ppo: expected PPO\(…\), got {}\."):
        ng.fine_tune_policy(LINE, aim(), ppo={})


def test_ctrl_c_ends_the_learning_with_what_there_is(monkeypatch):
    problem = Gymnasium("CartPole-v1")
    iterate, done = policy._ActorCritic.iterate, []

    def interrupted(self, k):
        if k == 4:
            raise KeyboardInterrupt
        done.append(k)
        return iterate(self, k)

    monkeypatch.setattr(policy._ActorCritic, "iterate", interrupted)
    genome = ng.Population(4, 2, ng.Config(population_size=1), seed=1).ask()[0]
    tuned, report = ng.fine_tune_policy(
        genome, problem, iterations=9, evaluation_episodes=5,
        ppo=ng.PPO(episodes=2, validation_every=1, validation_episodes=2),
    )  # fmt: skip
    assert done == [1, 2, 3] == report.table["iteration"].tolist()
    assert report.kept == (tuned != genome)
