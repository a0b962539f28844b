"""Activations and their slopes over rows of samples: which function it is, is settled outside the
loop, so that each loop is vector code.

Their plain form: ``for i in range(size): out[i] = activate(opcode, z[i], address)``, and with
``slope`` likewise. Rows of functions that users registered have that form.
"""

from neatgrow.kernels import elementary
from neatgrow.kernels.functions import (
    ABS,
    CLAMPED,
    ELU,
    GAUSS,
    GELU,
    IDENTITY,
    INVERSE,
    LEAK,
    LEAKY_RELU,
    RELU,
    SIGMOID,
    SIN,
    SOFTPLUS,
    SQUARE,
    STEEP_SIGMOID,
    STEEP_SLOPE,
    STEP,
    TANH,
    activate,
    address_of,
    gelu,
    is_small,
    like,
    sigmoid,
    slope,
    tanh,
)
from neatgrow.kernels.jit import helper


@helper
def activate_row(opcode, custom, z, out, size):
    """f(z) of ``size`` samples, of functions but the commonest, which have their loops in
    :func:`neatgrow.kernels.forward.tick_rows`.

    Args:
        opcode: An activation.
        custom: (2, K) int64 addresses of registered functions.
        z: (tile,).
        out: (tile,), written.
        size: Samples in use.
    """
    if opcode == IDENTITY:
        for i in range(size):
            out[i] = z[i]
    elif opcode == LEAKY_RELU:
        for i in range(size):
            out[i] = like(z[i], LEAK) * z[i] if z[i] < like(z[i], 0.0) else z[i]
    elif opcode == ELU:
        for i in range(size):
            out[i] = elementary.elu(z[i])
    elif opcode == GELU:
        for i in range(size):
            out[i] = gelu(z[i])
    elif opcode == SOFTPLUS:
        for i in range(size):
            out[i] = elementary.softplus(z[i])
    elif opcode == SIN and _all_small(z, size):
        for i in range(size):
            out[i] = elementary.sin(z[i])
    elif opcode == GAUSS:
        for i in range(size):
            out[i] = elementary.gauss(z[i])
    elif opcode == ABS:
        for i in range(size):
            out[i] = abs(z[i])
    elif opcode == SQUARE:
        for i in range(size):
            out[i] = z[i] * z[i]
    elif opcode == STEP:
        for i in range(size):
            up = like(z[i], 1.0) if z[i] > like(z[i], 0.0) else like(z[i], 0.0)
            out[i] = up if z[i] == z[i] else z[i]
    elif opcode == CLAMPED:
        for i in range(size):
            one = like(z[i], 1.0)
            out[i] = one if z[i] > one else (-one if z[i] < -one else z[i])
    elif opcode == INVERSE:
        for i in range(size):
            out[i] = z[i] if z[i] == like(z[i], 0.0) else like(z[i], 1.0) / z[i]
    else:
        address = address_of(opcode, custom)
        for i in range(size):
            out[i] = activate(opcode, z[i], address)


@helper
def any_row(opcode, custom, z, out, size):
    """f(z) of ``size`` samples, of any activation; as :func:`activate_row`."""
    if opcode == TANH:
        for i in range(size):
            out[i] = tanh(z[i])
    elif opcode == SIGMOID:
        for i in range(size):
            out[i] = sigmoid(z[i])
    elif opcode == STEEP_SIGMOID:
        for i in range(size):
            out[i] = sigmoid(like(z[i], STEEP_SLOPE) * z[i])
    elif opcode == RELU:
        for i in range(size):
            out[i] = like(z[i], 0.0) if z[i] < like(z[i], 0.0) else z[i]
    else:
        activate_row(opcode, custom, z, out, size)


@helper
def slope_row(opcode, custom, d, a, z, size):
    """f′(z)·d in the place of z.

    Args:
        opcode: An activation.
        custom: (2, K) int64 addresses of registered functions.
        d: (tile,) what is multiplied.
        a: (tile,) f(z).
        z: (tile,), overwritten.
        size: Samples in use.
    """
    one, zero = like(d[0], 1.0), like(d[0], 0.0)
    if opcode == TANH:
        for i in range(size):
            z[i] = d[i] * (one - a[i] * a[i])
    elif opcode == SIGMOID:
        for i in range(size):
            z[i] = d[i] * a[i] * (one - a[i])
    elif opcode == STEEP_SIGMOID:
        for i in range(size):
            z[i] = d[i] * (like(d[0], STEEP_SLOPE) * a[i] * (one - a[i]))
    elif opcode == IDENTITY:
        for i in range(size):
            z[i] = d[i]
    elif opcode == RELU:
        for i in range(size):
            z[i] = d[i] * (one if z[i] > zero else zero)
    elif opcode == LEAKY_RELU:
        for i in range(size):
            z[i] = d[i] * (one if z[i] > zero else like(d[0], LEAK))
    elif opcode == ELU:
        for i in range(size):
            z[i] = d[i] * (one if z[i] >= zero else a[i] + one)
    elif opcode == GELU:
        for i in range(size):
            z[i] = d[i] * slope(GELU, z[i], a[i], 0)
    elif opcode == SOFTPLUS:
        for i in range(size):
            z[i] = d[i] * sigmoid(z[i])
    elif opcode == SIN and _all_small(z, size):
        for i in range(size):
            z[i] = d[i] * elementary.cos(z[i])
    elif opcode == GAUSS:
        for i in range(size):
            z[i] = d[i] * (like(d[0], -2.0) * z[i] * a[i])
    elif opcode == ABS:
        for i in range(size):
            z[i] = d[i] * (one if z[i] > zero else -one)
    elif opcode == SQUARE:
        for i in range(size):
            z[i] = d[i] * (z[i] + z[i])
    else:
        address = address_of(opcode, custom)
        for i in range(size):
            z[i] = d[i] * slope(opcode, z[i], a[i], address)


@helper
def _all_small(z, size):
    """Whether all are angles that vector code takes."""
    most = like(z[0], 0.0)
    for i in range(size):
        most = abs(z[i]) if abs(z[i]) > most else most  # NaN leaves it, and stays NaN either way
    return is_small(most)
