"""Policies: what they see and do, alone and in batches, saved and loaded, judged."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import neatgrow as ng
from neatgrow.files.archive import read_archive, write_archive
from neatgrow.problems.gymnasium.space_files import described_space, space_of

SPACES = {
    "box": spaces.Box(-1.0, 1.0, (2, 3)),
    "image": spaces.Box(0, 255, (4, 2, 1), np.uint8),
    "discrete": spaces.Discrete(4, start=2),
    "multi": spaces.MultiDiscrete([2, 3], start=[1, 0]),
    "binary": spaces.MultiBinary((2, 2)),
    "dict": spaces.Dict(
        eye=spaces.Box(0, 255, (3, 3), np.uint8), arm=spaces.Dict(angle=spaces.Box(-1, 1, (1,))),
        gear=spaces.Discrete(3),
    ),
    "tuple": spaces.Tuple((spaces.Box(-1, np.inf, (2,)), spaces.Discrete(2))),
}  # fmt: skip


def face_of(observation, action):
    sizes = [int(spaces.flatdim(space)) for space in (observation, action)]
    if isinstance(action, spaces.Discrete):
        sizes[1] = int(action.n)
    return sizes


def policy_of(observation, action=SPACES["discrete"], **options):
    inputs, outputs = face_of(observation, action)
    config = ng.Config(population_size=12, recurrent=True).override(
        {"mutation.add_loop": 0.5, "mutation.add_node": 0.5}
    )
    population, draw = ng.Population(inputs, outputs, config, seed=3), np.random.default_rng(3)
    for _ in range(20):
        population.tell(draw.random(len(population.ask())))
    return ng.Policy(population.ask()[-1], observation, action, **options)


def stacked(space, rows):
    return gymnasium.vector.utils.concatenate(
        space, rows, gymnasium.vector.utils.create_empty_array(space, len(rows))
    )


@pytest.mark.parametrize("action", ["box", "discrete", "multi", "binary"])
@pytest.mark.parametrize("observation", list(SPACES))
def test_a_batch_does_what_its_rows_do_alone(observation, action):
    seen, done = SPACES[observation], SPACES[action]
    seen.seed(1)
    batch, alone = policy_of(seen, done), [policy_of(seen, done) for _ in range(3)]
    for _ in range(4):
        rows = [seen.sample() for _ in range(3)]
        actions = batch(stacked(seen, rows))
        assert len(actions) == 3
        for k, row in enumerate(rows):
            one = alone[k](row)
            assert done.contains(one) or done.contains(np.asarray(one))
            np.testing.assert_array_equal(actions[k], one)


@pytest.mark.parametrize("name", list(SPACES))
def test_spaces_come_back_from_plain_values(name):
    boxes = [np.empty((2, 0))]
    described = described_space(SPACES[name], boxes)
    assert space_of(described, np.concatenate(boxes, axis=1)) == SPACES[name]


@pytest.mark.parametrize("described", [
    {}, {"Box": [[2], "<f8"]}, {"Box": [[-1], "<f8"]}, {"Discrete": [0, 0]}, {"Text": [3]}, [],
    {"MultiDiscrete": [[0], [0], "<i8"]}, {"Tuple": [{"Tuple": 3}]}, {"MultiBinary": [1 << 40]},
    {"Box": [[1], "O"]},
])  # fmt: skip
def test_unsound_spaces_are_refused(described):
    with pytest.raises((ValueError, TypeError, LookupError)):
        space_of(described, np.zeros((2, 1)))


def test_a_saved_policy_acts_as_before(tmp_path):
    problem = ng.Gymnasium(
        "MountainCar-v0",
        normalize=True,
        clip_observations=2.0,
        frame_skip=3,
        episodes=2,
        backend="single",  # policies play on single environments too
    )
    result = ng.evolve(problem, generations=2, seed=2, progress=False)
    policy = result.policy()
    policy.save(tmp_path / "policy.npz")
    loaded = ng.Policy.load(tmp_path / "policy.npz")
    assert loaded.genome == policy.genome
    assert loaded.genome.interface.input_mean is not None
    assert loaded.observation_space == problem.observation_space
    scores = [ng.evaluate(one, problem, episodes=4) for one in (result.champion, policy, loaded)]
    for score in scores[1:]:
        np.testing.assert_array_equal(score.returns, scores[0].returns)
        np.testing.assert_array_equal(score.lengths, scores[0].lengths)


def test_a_damaged_policy_is_refused(tmp_path):
    policy = policy_of(SPACES["dict"])
    policy.save(tmp_path / "one.npz")
    metadata, arrays = read_archive(tmp_path / "one.npz", ["neatgrow policy"], 1)
    for change in (
        {"frame_skip": 0}, {"sample": 1}, {"genome": []}, {"action_space": {"Discrete": [9, 0]}},
        {"clip_observations": -1.0}, {"observation_space": {"Discrete": [3, 0]}},
    ):  # fmt: skip
        write_archive(tmp_path / "two.npz", metadata | change, arrays)
        with pytest.raises(ng.FileError, match="expected a sound policy"):
            ng.Policy.load(tmp_path / "two.npz")
    policy.genome.save(tmp_path / "genome.npz")
    with pytest.raises(ng.FileError, match="expected neatgrow policy"):
        ng.Policy.load(tmp_path / "genome.npz")


def test_reset_forgets_and_predict_keeps_to_the_state_that_it_is_given():
    space = SPACES["box"]
    space.seed(4)
    rows = [space.sample() for _ in range(6)]
    policy = policy_of(space, SPACES["box"])
    first = [policy(row) for row in rows]
    assert not all(np.array_equal(policy(row), one) for row, one in zip(rows, first, strict=True))
    policy.reset()
    state = None
    for row, one in zip(rows, first, strict=True):
        np.testing.assert_array_equal(policy(row), one)
        action, state = policy.predict(row, state, np.zeros(1, bool))
        np.testing.assert_array_equal(action, one)
    action, state = policy.predict(rows[0], state, np.ones(1, bool))
    np.testing.assert_array_equal(action, first[0])
    action, _ = policy.predict(rows[0])
    np.testing.assert_array_equal(action, first[0])
    with pytest.raises(TypeError, match=r"state: expected what the last call of predict returned"):
        policy.predict(rows[0], 3)


def evaluated_as_stable_baselines_does(model, env, episodes):
    """The protocol of its evaluate_policy over vector environments, in short."""
    observations, _ = env.reset(seed=[5, 6])
    states, starts = None, np.ones(2, bool)
    returns, current = [], np.zeros(2)
    while len(returns) < episodes:
        actions, states = model.predict(
            observations, state=states, episode_start=starts, deterministic=True
        )
        observations, rewards, terminated, truncated, _ = env.step(actions)
        current += rewards
        starts = terminated | truncated
        returns += current[starts].tolist()
        current[starts] = 0.0
    return returns


def test_predict_serves_an_evaluation_of_several_environments():
    problem = ng.Gymnasium("CartPole-v1", episodes=2)
    policy = ng.evolve(problem, generations=10, seed=1, progress=False).policy()
    env = gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.make("CartPole-v1")] * 2,
        autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP,
    )
    returns = evaluated_as_stable_baselines_does(policy, env, 4)
    env.close()
    assert np.mean(returns) > 100.0


def test_stable_baselines_evaluates_a_policy():
    evaluation = pytest.importorskip("stable_baselines3.common.evaluation")
    env_util = pytest.importorskip("stable_baselines3.common.env_util")
    problem = ng.Gymnasium("CartPole-v1", episodes=2)
    policy = ng.evolve(problem, generations=10, seed=1, progress=False).policy()
    env = env_util.make_vec_env("CartPole-v1", 2, seed=1)
    mean, _ = evaluation.evaluate_policy(policy, env, n_eval_episodes=4)
    assert mean > 100.0


def test_actions_are_drawn_where_the_problem_draws_them():
    policy = policy_of(SPACES["box"], sample=True)
    x = np.zeros((2, 3), np.float32)
    drawn = [policy.predict(x)[0] for _ in range(60)]
    assert len(set(drawn)) > 1
    assert len({policy.predict(x, deterministic=True)[0] for _ in range(20)}) == 1
    policy.reset(seed=9)
    again = [policy(x) for _ in range(20)]
    policy.reset(seed=9)
    assert [policy(x) for _ in range(20)] == again


def test_policies_of_problems_without_environments_give_outputs():
    xor = ng.XOR()
    genome = ng.evolve(xor, generations=3, seed=1, progress=False).champion
    policy, network = genome.policy(xor), genome.compile()
    assert policy([0.0, 1.0]) == pytest.approx(network.predict([[0.0, 1.0]])[0])
    both = policy(np.array([[0.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(both, network.predict([[0.0, 1.0], [1.0, 1.0]]))
    score = ng.evaluate(genome, xor)
    assert score.mean == xor.evaluate(genome.batch().compile()).fitness[0]
    assert np.isnan(score.standard_error) and score.lengths is None
    pole = ng.PoleBalancing(poles=1)
    genome = ng.Population(pole.inputs, pole.outputs, seed=1).ask()[0]
    for controller in (genome, genome.compile(), genome.policy(pole)):
        assert ng.evaluate(controller, pole, episodes=3).mean == ng.evaluate(genome, pole).mean


def test_an_evaluation_is_that_of_the_problem_with_its_error_and_lengths():
    problem = ng.Gymnasium("CartPole-v1", clip_rewards=0.5)
    genome = ng.Population(4, 2, seed=1).ask()[3]
    score = ng.evaluate(genome, problem, episodes=7, seed=3)
    told = problem.evaluate(genome.batch().compile(), seed=3, episodes=7)
    np.testing.assert_array_equal(score.returns, told.scores[0])
    np.testing.assert_array_equal(score.returns, 0.5 * score.lengths)
    assert score.lengths.sum() == told.steps
    assert score.standard_error == pytest.approx(score.returns.std(ddof=1) / np.sqrt(7))
    policy = ng.evaluate(genome.policy(problem), problem, episodes=7, seed=3)
    np.testing.assert_array_equal(policy.lengths, score.lengths)
    skips = ng.Gymnasium("CartPole-v1", frame_skip=3, clip_rewards=2.0)
    pair = [ng.evaluate(one, skips, episodes=3) for one in (genome, genome.policy(skips))]
    np.testing.assert_array_equal(pair[0].returns, pair[1].returns)
    assert (pair[0].returns < pair[0].lengths).all()
    still = ng.evaluate(lambda observation: 0, problem, episodes=5)
    assert still.lengths.max() < 12 and still.mean == still.returns.mean()


def test_what_cannot_be_evaluated_is_refused():
    problem = ng.Gymnasium("CartPole-v1")
    genome = ng.Population(3, 2, seed=1).ask()[0]
    with pytest.raises(ValueError, match="networks: expected 4 inputs and 2 outputs, got 3 and 2"):
        ng.evaluate(genome, problem)
    with pytest.raises(ValueError, match="expected 4 inputs and 2 outputs"):
        genome.policy(problem)
    with pytest.raises(TypeError, match="controller: expected a genome, a network or a policy"):
        ng.evaluate(3, ng.XOR())
    with pytest.raises(TypeError, match="problem: expected a problem, got 3"):
        genome.policy(3)
    with pytest.raises(ValueError, match=r"genome: expected 6 inputs and 4 outputs, as the spaces"):
        ng.Policy(genome, SPACES["box"], SPACES["discrete"])
    policy = policy_of(SPACES["dict"])
    with pytest.raises(ValueError, match="observation: expected an observation with a part"):
        policy(3)
    with pytest.raises(ValueError, match=r"observation: expected shape \(2, 3\), or a batch"):
        policy_of(SPACES["box"])(np.zeros(3))
