"""Pole balancing: physics against independent integration, limits, and the damped fitness."""

import json
import math
import pickle

import numba
import numpy as np
import pytest
from conftest import build, grown
from scipy.integrate import solve_ivp

import neatgrow as ng
from neatgrow.problems import catalogue
from neatgrow.problems.simulation import pole_physics as physics
from neatgrow.problems.simulation.poles import generalisation_starts

NO_FRICTION = {"cart_friction": 0.0, "pole_friction": 0.0}
WEIGHTLESS = {"gravity": 0.0, "velocities": False, "least_force": 0.0, **NO_FRICTION}


@numba.njit
def driven(parameters, start, forces, two):
    """States after each step under given forces, (T + 1, S)."""
    states = np.empty((forces.size + 1, start.size))
    states[0] = start
    state = start.copy()
    for k in range(forces.size):
        physics.advance(parameters, state, forces[k], two)
        states[k + 1] = state
    return states


def motion(problem, start, forces):
    start = np.asarray(start, float)
    return driven(problem.parameters, start, np.asarray(forces, float), start.size == 6)


def slope(state, force, given):
    """ẏ from the Lagrangian: rods of length 2l hinged on a cart, M(q) q̈ = f, solved as it is."""
    v, angles, speeds = state[1], state[2::2], state[3::2]
    m, half = (np.array(given[name])[: angles.size] for name in ("masses", "half_lengths"))
    size = 1 + angles.size
    inertia, f = np.zeros((size, size)), np.zeros(size)
    inertia[0, 0] = given["cart_mass"] + m.sum()
    f[0] = (
        force - given["cart_friction"] * np.sign(v) + (m * half * speeds**2 * np.sin(angles)).sum()
    )
    for i in range(angles.size):
        inertia[0, i + 1] = inertia[i + 1, 0] = m[i] * half[i] * math.cos(angles[i])
        inertia[i + 1, i + 1] = m[i] * half[i] ** 2 + m[i] * (2 * half[i]) ** 2 / 12
        f[i + 1] = m[i] * given["gravity"] * half[i] * math.sin(angles[i])
        f[i + 1] -= given["pole_friction"] * speeds[i]
    q = np.linalg.solve(inertia, f)
    out = np.empty_like(state)
    out[0], out[1], out[2::2], out[3::2] = v, q[0], speeds, q[1:]
    return out


def integrated(problem, start, forces, dt, every):
    """States after each piece of ``every`` steps of constant force, by DOP853."""
    state, states = np.asarray(start, float), []
    for force in forces[::every]:
        solution = solve_ivp(
            lambda _, y, force=force: slope(y, force, problem.describe()), (0, dt * every), state,
            method="DOP853", rtol=1e-12, atol=1e-14,
        )  # fmt: skip
        state = solution.y[:, -1]
        states.append(state)
    return np.array(states)


@pytest.mark.parametrize(
    ("poles", "start", "forced", "friction"),
    [
        (1, [0.1, 0.2, 0.05, -0.1], False, False),
        (1, [0.0, 0.0, 3.0, 2.0], True, False),
        (2, [0.0, 0.0, 0.07, 0.0, 0.0, 0.0], False, False),
        (2, [0.3, -0.4, 3.3, 1.0, 2.9, -3.0], True, False),  # hanging: no growth of errors
        (2, [0.0, 1.0, 3.3, 1.0, 2.9, -3.0], True, True),
    ],
)
def test_motion_equals_an_independent_integration(poles, start, forced, friction):
    """Two seconds in steps of 1 ms: to 1e-6, which growth from an upright start allows.

    With friction the cart is pushed ever to the right, so that its sign does not change.
    """
    dt, steps, every = 1e-3, 2000, 100
    friction = {"cart_friction": 0.3, "pole_friction": 1e-4} if friction else NO_FRICTION
    problem = ng.PoleBalancing(poles=poles, time_step=dt, **friction)
    draw = np.random.default_rng(3)
    sign = 0.0 if not forced else (1.0 if friction["cart_friction"] else draw.choice([-1, 1], 20))
    forces = np.repeat(draw.uniform(2, 10, 20) * sign, every)
    states = motion(problem, start, forces)
    if friction["cart_friction"]:
        assert (states[:, 1] > 0).all()
    expected = integrated(problem, start, forces, dt, every)
    # The short pole alone grows by e^{12 t} from upright: half a second of it.
    upright = poles == 2 and not forced
    shown = slice(0, 5) if upright else slice(None)
    np.testing.assert_allclose(states[every::every][shown], expected[shown], rtol=1e-6, atol=1e-6)
    assert steps == forces.size


def test_steps_of_a_hundredth_second_are_as_good_as_the_order_says():
    """Halving the step divides the error by 2⁴, up to a factor of 2."""
    start, errors = [0.0, 0.3, 3.3, 1.0, 2.9, -3.0], []
    for dt in (0.01, 0.005):
        problem = ng.PoleBalancing(time_step=dt, **NO_FRICTION)
        n = round(1.0 / dt)
        expected = integrated(problem, start, np.full(n, 2.0), dt, n)[-1]
        errors.append(np.abs(motion(problem, start, np.full(n, 2.0))[-1] - expected).max())
    assert errors[0] < 1e-3 and 8 < errors[0] / errors[1] < 32


def energy(problem, states):
    given = problem.describe()
    m, half = np.array(given["masses"]), np.array(given["half_lengths"])
    v, angle, w = states[:, 1, None], states[:, 2::2], states[:, 3::2]
    vx, vy = v + half * w * np.cos(angle), -half * w * np.sin(angle)
    turning = 0.5 * m * (2 * half) ** 2 / 12 * w**2
    rods = 0.5 * m * (vx**2 + vy**2) + turning + m * given["gravity"] * half * np.cos(angle)
    return 0.5 * given["cart_mass"] * states[:, 1] ** 2 + rods.sum(axis=1)


def test_energy_is_kept_without_friction_and_force_and_lost_with_friction():
    start = [0.0, 0.5, 0.4, 0.0, -1.0, 2.0]  # the short pole falls and swings round
    free = ng.PoleBalancing(time_step=1e-3, **NO_FRICTION)
    energies = energy(free, motion(free, start, np.zeros(3000)))
    assert np.ptp(energies) < 1e-8 * energies[0]
    rubbing = ng.PoleBalancing(time_step=1e-3, cart_friction=0.01, pole_friction=1e-4)
    energies = energy(rubbing, motion(rubbing, start, np.zeros(3000)))
    assert (np.diff(energies) < 0).mean() > 0.99 and energies[-1] < energies[0] - 0.01


@numba.njit
def both(angles):
    out = np.empty((angles.size, 2))
    for k in range(angles.size):
        out[k] = physics.sine_cosine(angles[k])
    return out


def test_sine_and_cosine_are_as_accurate_as_stated():
    angles = np.linspace(-0.7854, 0.7854, 100_001)
    exact = np.column_stack([np.sin(angles), np.cos(angles)])
    assert np.abs(both(angles) - exact).max() < 3e-16
    wide = np.linspace(-50, 50, 10_001)
    assert np.abs(both(wide) - np.column_stack([np.sin(wide), np.cos(wide)])).max() < 3e-16
    assert np.isnan(both(np.array([math.nan]))).all()


# -------------------------------------------------------------------------------- force and limits


def constant(problem, output):
    face = problem.inputs
    return build(face, 1, {face: ("identity", "sum", output)}, []).batch().compile(np.float64)


@pytest.mark.parametrize(
    ("output", "force"),
    [(1.0, 10), (-1.0, -10), (7.0, 10), (-7.0, -10), (0.5, 5), (0.0, 10 / 256),
     (1e-3, 10 / 256), (-1e-3, -10 / 256)],
)  # fmt: skip
def test_outputs_become_forces_within_bounds(output, force):
    """A cart without poles worth mentioning: after 0.02 s it has moved ½ F t² / M."""
    problem = ng.PoleBalancing(poles=1, masses=[1e-12], gravity=0.0, **NO_FRICTION)
    reach = 0.5 * abs(force) * 0.02**2
    for distance, survives in ((reach * 0.99, 1), (reach * 1.01, 0)):
        start = [math.copysign(2.4 - distance, force), 0, 0, 0]
        lived = problem.survived(constant(problem, output), [start], steps=1)
        assert lived[0, 0] == 1 - survives


def test_an_output_range_from_0_to_1_is_the_same_force():
    wide, narrow = ng.PoleBalancing(), ng.PoleBalancing(output_range=(0, 1))
    for output in (-1.0, -0.3, 0.0, 0.25, 1.0):
        fitness = [
            problem.evaluate(constant(problem, value)).fitness[0]
            for problem, value in ((wide, output), (narrow, (output + 1) / 2))
        ]
        assert fitness[0] == fitness[1] > 0


def test_failure_is_beyond_the_track_and_beyond_each_angle():
    for poles, limit in ((1, 12.0), (2, 36.0)):
        problem = ng.PoleBalancing(poles=poles)
        network = constant(problem, 0.0)
        least = np.zeros(2 + 2 * poles)
        for place in range(0, 2 + 2 * poles, 2):
            inside = 2.39 if place == 0 else math.radians(limit - 2.0)
            for sign in (-1, 1):
                start = least.copy()
                start[place] = sign * inside
                assert problem.survived(network, [start], steps=1)[0, 0] == 1
                start[place + 1] = sign * 2.0  # on its way out
                assert problem.survived(network, [start], steps=1)[0, 0] == 0


def test_a_network_that_answers_nan_fails_at_once():
    problem = ng.PoleBalancing()
    nodes = {6: ("sin", "sum", 0.0), 2**62: ("square", "sum", 1e200)}  # the sine of infinity
    networks = build(6, 1, nodes, [(2**62, 6, 1.0, True)]).batch().compile(np.float64)
    evaluation = problem.evaluate(networks)
    assert np.isnan(evaluation.fitness[0]) and evaluation.steps == 1


def test_the_start_angle_is_heeded():
    fitness = [
        problem.evaluate(constant(problem, 0.0)).fitness[0]
        for problem in (
            ng.PoleBalancing(poles=1, start_angle=angle) for angle in (1, 4.0, 8, 11.5, 13)
        )
    ]
    assert fitness == sorted(fitness, reverse=True) and len(set(fitness)) == 5
    assert fitness[-1] == 0.0
    assert ng.PoleBalancing(start_angle=4.5).start.tolist() == [0, 0, math.radians(4.5), 0, 0, 0]


def test_what_a_network_sees():
    """Each input alone decides between enough force to leave and too little."""
    start = [1.2, -0.7, 0.1, 0.3, -0.2, 0.9]
    scales = [4.8, 2.0, 0.52, 2.0, 0.52, 2.0]
    for velocities, seen in ((True, range(6)), (False, (0, 2, 4))):
        problem = ng.PoleBalancing(velocities=velocities)
        values = [start[k] / scales[k] for k in seen]
        assert problem.inputs == len(values) == len(problem.input_names)
        observation, state = np.zeros(len(values)), np.zeros(200)
        observed(state, observation, problem.parameters, np.array(start))
        assert observation == pytest.approx(values, rel=1e-15)


@numba.njit
def observed(state, observation, parameters, start):
    physics.reset(state, observation, parameters, start)


# ------------------------------------------------------------------------- without velocities


@pytest.mark.parametrize("force", [0.5, 2.0, 10.0])
def test_the_damped_fitness_by_hand(force):
    """Without gravity a constant force drives the cart off the track after t actions."""
    problem = ng.PoleBalancing(force=force, failure_angle=1e6, start_angle=1.0, **WEIGHTLESS)
    states = motion(problem, problem.start, np.full(1000, force))[2::2]
    t = int((states[:, 0] <= 2.4).sum())
    sums = np.abs(states[:t, :4]).sum(axis=1)
    fitness = 0.1 * t / 1000 + (0.9 * 0.75 / sums[-100:].sum() if t >= 100 else 0.0)
    evaluation = problem.evaluate(constant(problem, 1.0))
    assert evaluation.fitness[0] == pytest.approx(fitness, rel=1e-12)
    assert evaluation.steps == t + 1
    assert (t >= 100) == (force < 1.0)


@pytest.mark.parametrize(("track", "general"), [(1e4, 625), (20.0, 375), (12.0, 175), (3.0, 45)])
def test_who_lasts_goes_on_to_the_long_test_and_to_the_other_starts(track, general):
    """Weightless poles never fall, the cart rolls on as it started and leaves a short track.

    20 s at 0, 0.675 and 1.215 m/s from 0, ±1.08 and ±1.944 m; on the shortest track a force
    drives it off in the long test.
    """
    force = 1e-3 if track == 3.0 else 1e-9
    problem = ng.PoleBalancing(force=force, failure_angle=1e9, track=track, **WEIGHTLESS)
    networks = constant(problem, 1.0)
    evaluation = problem.evaluate(networks)
    if track > 3.0:
        assert problem.generalisation(networks).tolist() == [general]
        assert evaluation.steps > 101_000 + general * 1000 - 1
    else:
        assert 1000 < evaluation.steps < 20_000
    solved = track > 3.0 and general >= 200
    assert (evaluation.fitness[0] >= problem.solved_at) == solved
    assert 0.1 < evaluation.fitness[0] - 100.0 * solved < 99.0


def test_generalisation_starts_are_the_published_grid():
    starts = generalisation_starts(2)
    assert starts.shape == (625, 6) and len(np.unique(starts, axis=0)) == 625
    assert not starts[:, 4:].any() and not starts[312].any()
    most = [2.16 * 0.9, 1.35 * 0.9, math.radians(3.6) * 0.9, math.radians(8.6) * 0.9, 0, 0]
    assert starts.max(axis=0) == pytest.approx(most)
    assert starts.min(axis=0) == pytest.approx([-value for value in most])


@pytest.mark.parametrize("velocities", [True, False])
def test_results_depend_neither_on_threads_nor_on_the_batch_nor_on_the_seed(velocities, threads):
    problem = ng.PoleBalancing(velocities=velocities, gravity=1.0)
    genomes = grown(4, inputs=problem.inputs, outputs=1)
    fitness = []
    for count in (1, 2, 4):
        threads(count)
        fitness.append(problem.evaluate(genomes.compile(), seed=count).fitness)
    parts = [genomes[a:b].compile() for a, b in ((0, 1), (1, 30), (30, len(genomes)))]
    fitness.append(np.concatenate([problem.evaluate(part).fitness for part in parts]))
    assert all(np.array_equal(other, fitness[0], equal_nan=True) for other in fitness)
    assert len(np.unique(fitness[0])) > 5


# --------------------------------------------------------------------------------- as a problem


def test_two_poles_with_velocities_are_balanced_by_evolution():
    problem = ng.PoleBalancing(start_angle=1.0)
    result = ng.evolve(problem, generations=80, seed=1)
    assert result.solved and result.champion_fitness == problem.solved_at == 100_000
    networks = result.champion.compile().networks
    assert problem.survived(networks, [problem.start], steps=2000)[0, 0] == 2000
    assert 0 <= problem.generalisation(networks)[0] <= 625


def test_they_are_built_by_name_and_rebuilt():
    names = ("pole", "pole-no-velocities", "double-pole", "double-pole-no-velocities")
    for name in names:
        problem = catalogue.build(name)
        assert problem.name == name and isinstance(problem, ng.Problem) and not problem.noisy
        assert catalogue.ENTRIES[name].solved_at == f"{problem.solved_at:.0f}"
    problem = ng.PoleBalancing(poles=1, velocities=False, start_angle=2, masses=np.array([0.2]))
    for again in (
        catalogue.rebuild({"seed": 1, **json.loads(json.dumps(problem.describe()))}),
        pickle.loads(pickle.dumps(problem)),
    ):
        assert again.describe() == problem.describe()
        assert np.array_equal(again.parameters, problem.parameters)
    assert repr(problem) == "PoleBalancing(poles=1, velocities=False)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poles": 3}, "poles: expected 1 or 2, got 3."),
        ({"poles": 0}, "poles: expected an integer of at least 1, got 0."),
        ({"track": 0.0}, "track: expected a number above 0, got 0.0."),
        ({"masses": [0.1]}, "masses: expected at least 2 numbers, got 1."),
        ({"half_lengths": [0.5, 0.0]}, "half_lengths: expected a number above 0, got 0.0."),
        ({"output_range": (1, 1)}, "output_range: expected two different numbers, got (1, 1)."),
        ({"start_angle": math.nan}, "start_angle: expected a number, got nan."),
        ({"substeps": 0}, "substeps: expected an integer of at least 1, got 0."),
    ],
)
def test_bad_settings_are_refused_in_words(options, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        ng.PoleBalancing(**options)
    assert str(caught.value) == message
