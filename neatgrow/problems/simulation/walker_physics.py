"""A body on one leg: the simulator's functions.

The hip moves along a line; from it hangs a leg at an angle θ, positive where the foot is ahead. The
leg pushes with f = F (o₁ − o₂), o₁ and o₂ being the outputs that swing it backward and forward.

Foot down (o₀ > ½): the foot stands still, and f moves the body, v += Δ f, where θ is within ±π/6 or
f would bring it back there; then x += Δ v, and θ follows from hip and foot.
Foot up: the body stands still, v = 0, and the leg swings, ω += Δ G F (o₂ − o₁), θ += Δ ω, stopped
at ±π/6.
A foot that is too far behind stops the body: v = 0 where x − foot > 20.

Source: the leg of Beer's evolved walkers (Beer & Gallagher 1992, “Evolving dynamical neural
networks for adaptive behavior”), with the constants of his later programs.
"""

import math

from neatgrow.kernels.jit import helper

TIME, TOTAL, SENSOR = range(3)  # places in parameters: Δ, T, whether the angle is seen
POSITION, VELOCITY, ANGLE, RATE, FOOT, HEIGHT = range(6)  # in state; the foot's below the hip

_LENGTH = 15.0
_LIMIT = math.pi / 6.0
_FORCE = 0.05  # F
_TORQUE = 0.5  # G
_FASTEST = 6.0  # |v|
_FASTEST_SWING = 1.0  # |ω|
_REACH = 20.0


@helper
def reset(state, observation, parameters, start):
    """Begin at rest, the foot up and ahead."""
    state[ANGLE] = _LIMIT
    _place_foot(state)
    _observe(state, observation, parameters)


@helper
def step(state, observation, parameters, action):
    """Advance by Δ; the reward is the part of x / T."""
    dt, before = parameters[TIME], state[POSITION]
    if action[0] > 0.5:
        _stand(state, dt, _FORCE * (action[1] - action[2]))
    else:
        _swing(state, dt, _TORQUE * _FORCE * (action[2] - action[1]))
    if state[POSITION] - state[FOOT] > _REACH:
        state[VELOCITY] = 0.0
    _observe(state, observation, parameters)
    return (state[POSITION] - before) / parameters[TOTAL], False


@helper
def _stand(state, dt, force):
    angle = state[ANGLE]
    # Beyond its limits the leg pushes only towards them.
    if (angle < -_LIMIT and force > 0.0) or (angle > _LIMIT and force < 0.0):
        force = 0.0
    speed = min(max(state[VELOCITY] + dt * force, -_FASTEST), _FASTEST)
    state[VELOCITY] = speed
    state[POSITION] += dt * speed
    state[RATE] = 0.0
    state[ANGLE] = math.atan2(state[FOOT] - state[POSITION], state[HEIGHT])


@helper
def _swing(state, dt, push):
    state[VELOCITY] = 0.0
    rate = min(max(state[RATE] + dt * push, -_FASTEST_SWING), _FASTEST_SWING)
    angle = state[ANGLE] + dt * rate
    if angle < -_LIMIT or angle > _LIMIT:
        angle = -_LIMIT if angle < 0.0 else _LIMIT
        rate = 0.0
    state[ANGLE], state[RATE] = angle, rate
    _place_foot(state)


@helper
def _place_foot(state):
    state[FOOT] = state[POSITION] + _LENGTH * math.sin(state[ANGLE])
    state[HEIGHT] = _LENGTH * math.cos(state[ANGLE])


@helper
def _observe(state, observation, parameters):
    observation[0] = state[ANGLE] if parameters[SENSOR] else 1.0
