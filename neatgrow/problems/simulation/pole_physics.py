"""Poles on a cart: equations of motion, and the simulator's functions.

For poles i of mass mᵢ and half-length lᵢ, hinged on a cart of mass M that force F pushes (Wieland
1991; Gomez & Miikkulainen 1999), θ = 0 upright, g = 9.8 m/s² downwards:

    ẍ  = (F − μ_c sgn ẋ + Σ Fᵢ) / (M + Σ m̃ᵢ)
    θ̈ᵢ = 3 / (4 lᵢ) · (g sin θᵢ − ẍ cos θᵢ − μ_p θ̇ᵢ / (mᵢ lᵢ))
    Fᵢ = mᵢ lᵢ θ̇ᵢ² sin θᵢ − ¾ mᵢ cos θᵢ (g sin θᵢ − μ_p θ̇ᵢ / (mᵢ lᵢ))
    m̃ᵢ = mᵢ (1 − ¾ cos² θᵢ)

State: x (m), ẋ (m/s), then θ (rad), θ̇ (rad/s) of each of one or two poles; then what the damped
fitness remembers.
"""

import math

import numpy as np

from neatgrow.kernels.jit import helper

# Places in parameters; the last four are each pole's own.
(
    CART_MASS, CART_FRICTION, GRAVITY, TRACK, ANGLE, FORCE, LEAST_FORCE, LOW, HIGH, TIME, SUBSTEPS,
    VELOCITIES, SCALE_X, SCALE_V, SCALE_ANGLE, SCALE_W, LIMIT, POLES,
) = range(18)  # fmt: skip
MASS, LENGTH, FRICTION, LEVER = range(4)  # kg, m (half), μ_p / (m l) in m/s, 3 / (4 l) in 1/m
PER_POLE = 4

WINDOW = 100  # actions over which damping counts
MOST = 99.0  # damped fitness, which rises without bound where nothing moves

_QUARTER_PI = 0.7853981633974483
_S = tuple([(-1) ** k / math.factorial(2 * k + 1) for k in range(9)])
_C = tuple([(-1) ** k / math.factorial(2 * k) for k in range(9)])


@helper
def sine_cosine(angle):
    """sin and cos: within π/4 of upright by their Taylor series, absolute error below 2e-16."""
    if abs(angle) > _QUARTER_PI:
        return math.sin(angle), math.cos(angle)
    t = angle * angle
    u = t * t
    v = u * u
    # Estrin's scheme: pairs of terms do not wait for each other.
    s = ((_S[0] + t * _S[1]) + u * (_S[2] + t * _S[3])) + v * (
        ((_S[4] + t * _S[5]) + u * (_S[6] + t * _S[7])) + v * _S[8]
    )
    c = ((_C[0] + t * _C[1]) + u * (_C[2] + t * _C[3])) + v * (
        ((_C[4] + t * _C[5]) + u * (_C[6] + t * _C[7])) + v * _C[8]
    )
    return angle * s, c


@helper
def _pull(p, pole, angle, w):
    """Of one pole: Fᵢ, m̃ᵢ, g sin θᵢ − μ_p θ̇ᵢ / (mᵢ lᵢ), and cos θᵢ."""
    mass, length = p[pole + MASS], p[pole + LENGTH]
    s, c = sine_cosine(angle)
    torque = p[GRAVITY] * s - p[pole + FRICTION] * w
    force = mass * (length * w * w * s - 0.75 * c * torque)
    return force, mass * (1.0 - 0.75 * c * c), torque, c


@helper
def accelerations(p, force, v, a, wa, b, wb, two):
    """ẍ, θ̈₁ and θ̈₂ (0 without a second pole)."""
    friction = p[CART_FRICTION]
    total = force - (friction if v > 0.0 else (-friction if v < 0.0 else 0.0))
    mass = p[CART_MASS]
    pull_a, mass_a, torque_a, cos_a = _pull(p, POLES, a, wa)
    total += pull_a
    mass += mass_a
    torque_b, cos_b, lever_b = 0.0, 0.0, 0.0
    if two:
        pull_b, mass_b, torque_b, cos_b = _pull(p, POLES + PER_POLE, b, wb)
        total += pull_b
        mass += mass_b
        lever_b = p[POLES + PER_POLE + LEVER]
    dv = total / mass
    return dv, p[POLES + LEVER] * (torque_a - dv * cos_a), lever_b * (torque_b - dv * cos_b)


@helper
def advance(p, state, force, two):
    """One step of TIME by the classical Runge-Kutta method of the fourth order, in place."""
    h, half = p[TIME], 0.5 * p[TIME]
    v, a, wa = state[1], state[2], state[3]
    b, wb = (state[4], state[5]) if two else (0.0, 0.0)
    dv1, da1, db1 = accelerations(p, force, v, a, wa, b, wb, two)
    v2, wa2, wb2 = v + half * dv1, wa + half * da1, wb + half * db1
    dv2, da2, db2 = accelerations(p, force, v2, a + half * wa, wa2, b + half * wb, wb2, two)
    v3, wa3, wb3 = v + half * dv2, wa + half * da2, wb + half * db2
    dv3, da3, db3 = accelerations(p, force, v3, a + half * wa2, wa3, b + half * wb2, wb3, two)
    v4, wa4, wb4 = v + h * dv3, wa + h * da3, wb + h * db3
    dv4, da4, db4 = accelerations(p, force, v4, a + h * wa3, wa4, b + h * wb3, wb4, two)
    sixth = h / 6.0
    state[0] += sixth * (v + 2.0 * (v2 + v3) + v4)
    state[1] = v + sixth * (dv1 + 2.0 * (dv2 + dv3) + dv4)
    state[2] = a + sixth * (wa + 2.0 * (wa2 + wa3) + wa4)
    state[3] = wa + sixth * (da1 + 2.0 * (da2 + da3) + da4)
    if two:
        state[4] = b + sixth * (wb + 2.0 * (wb2 + wb3) + wb4)
        state[5] = wb + sixth * (db1 + 2.0 * (db2 + db3) + db4)


@helper
def _force(p, y):
    """Of an output: LOW…HIGH to −FORCE…FORCE, cut there, and LEAST_FORCE at least; NaN stays."""
    f = p[FORCE] * (2.0 * (y - p[LOW]) / (p[HIGH] - p[LOW]) - 1.0)
    f = -p[FORCE] if f < -p[FORCE] else (p[FORCE] if f > p[FORCE] else f)
    return math.copysign(p[LEAST_FORCE], f) if abs(f) < p[LEAST_FORCE] else f


@helper
def _act(state, observation, p, y):
    """Advance by one action; whether a limit was passed. A state of NaN has passed it."""
    two = p.size > POLES + PER_POLE
    force = _force(p, y)
    for _ in range(np.int64(p[SUBSTEPS])):
        advance(p, state, force, two)
    _observe(state, observation, p)
    upright = abs(state[2]) <= p[ANGLE] and (not two or abs(state[4]) <= p[ANGLE])
    return not (upright and abs(state[0]) <= p[TRACK])


@helper
def _observe(state, observation, p):
    if p[VELOCITIES] == 0.0:
        observation[0] = state[0] / p[SCALE_X]
        for k in range(1, observation.size):
            observation[k] = state[2 * k] / p[SCALE_ANGLE]
        return
    observation[0], observation[1] = state[0] / p[SCALE_X], state[1] / p[SCALE_V]
    for k in range(2, observation.size, 2):
        observation[k] = state[k] / p[SCALE_ANGLE]
        observation[k + 1] = state[k + 1] / p[SCALE_W]


@helper
def reset(state, observation, parameters, start):
    """Begin in the mechanical state ``start``: position, angles and their rates, in SI units."""
    for k in range(start.size):
        state[k] = start[k]
    _observe(state, observation, parameters)


@helper
def balance(state, observation, parameters, action):
    """Reward 1 for each action survived."""
    failed = _act(state, observation, parameters, action[0])
    return (0.0 if failed else 1.0), failed


@helper
def balance_calmly(state, observation, parameters, action):
    """Gruau's damped fitness, given with the last action: the LIMIT-th or the one that fails.

    0.1 t / LIMIT + 0.9 f, t actions survived; f = 0 if t < 100, else 0.75 / Σ of |x| + |ẋ| +
    |θ₁| + |θ̇₁| after each of the last 100 of them. Cut at MOST.
    """
    failed = _act(state, observation, parameters, action[0])
    memory = state.size - WINDOW  # the sums, in a ring; t stands before them
    t = state[memory - 1]
    if not failed:
        state[memory + np.int64(t) % WINDOW] = (
            abs(state[0]) + abs(state[1]) + abs(state[2]) + abs(state[3])
        )
        t += 1.0
        state[memory - 1] = t
    if not failed and t != parameters[LIMIT]:
        return 0.0, False
    fitness = 0.1 * t / parameters[LIMIT]
    if t >= WINDOW:
        total = 0.0
        for k in range(WINDOW):
            total += state[memory + k]
        fitness += 0.9 * 0.75 / total
    return min(fitness, MOST), failed
