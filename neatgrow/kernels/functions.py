"""Activation and aggregation functions, each declared once by name and opcode.

A user's own activation is compiled to a C function; its address travels with the plan, so
no kernel is compiled again for it.
"""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from neatgrow.kernels.jit import helper
from neatgrow.kernels.layout import Array

ACTIVATIONS: tuple[str, ...] = (
    "identity",
    "sigmoid",
    "steep_sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "softplus",
    "sin",
    "gauss",
    "abs",
    "square",
    "step",
    "clamped",
    "inverse",
)
(
    IDENTITY,
    SIGMOID,
    STEEP_SIGMOID,
    TANH,
    RELU,
    LEAKY_RELU,
    ELU,
    GELU,
    SOFTPLUS,
    SIN,
    GAUSS,
    ABS,
    SQUARE,
    STEP,
    CLAMPED,
    INVERSE,
) = range(16)
FIRST_CUSTOM = 64

AGGREGATIONS: tuple[str, ...] = ("sum", "product", "mean", "max", "min")
SUM, PRODUCT, MEAN, MAX, MIN = range(5)

STEEP_SLOPE = 4.9
LEAK = 0.01


def like(z, value):
    """``value`` in the type of ``z``, so that float32 arithmetic stays float32."""
    return value


@overload(like)
def _like_overload(z, value):
    if z is types.float32:
        return lambda z, value: np.float32(value)
    return lambda z, value: value


def tanh(z):
    """Hyperbolic tangent; in float32 a rational function that compiles to vector code.

    tanh z = z P(z²) / Q(z²) for |z| ≤ 7.9, constant beyond: fitted for least relative error
    (2e-7 before rounding); with float32 rounding within 6e-7 of tanh and never above 1.
    """
    return math.tanh(z)


@overload(tanh)
def _tanh_overload(z):
    return _tanh_float32 if z is types.float32 else lambda z: math.tanh(z)


_TOP, _ONE = np.float32(7.9), np.float32(1.0)
_P0, _P1, _P2, _P3, _P4 = (
    np.float32(p)
    for p in (
        0.9999998065710147,
        0.12720920216270298,
        0.0027052034251685434,
        7.229072762893925e-06,
        -6.263246045965629e-09,
    )
)
_Q1, _Q2, _Q3 = (
    np.float32(q)
    for q in (
        0.4605409764714286,
        0.022887646588383666,
        0.00019787884075881426,
    )
)


def _tanh_float32(z):
    x = _TOP if z > _TOP else (-_TOP if z < -_TOP else z)
    t = x * x
    p = (((_P4 * t + _P3) * t + _P2) * t + _P1) * t + _P0
    return x * p / (((_Q3 * t + _Q2) * t + _Q1) * t + _ONE)


@intrinsic
def call_address(typing_context, address, z):
    """Call the C function ``double f(double)`` at an integer address."""
    signature = types.float64(types.int64, types.float64)

    def codegen(context, builder, signature, args):
        double = context.get_value_type(types.float64)
        kind = ir.FunctionType(double, [double])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1]])

    return signature, codegen


@helper
def sigmoid(z):
    """1 / (1 + e⁻ᶻ), computed as ½ + ½ tanh(z / 2)."""
    half = like(z, 0.5)
    return half + half * tanh(half * z)


@helper
def activate(opcode, z, address):
    """f(z) in the type of z.

    Args:
        opcode: An activation; ``FIRST_CUSTOM`` and above are registered ones.
        z: float32 or float64.
        address: Of the registered function's C code, int64; unused for the others.
    """
    if opcode == TANH:
        return tanh(z)
    if opcode == IDENTITY:
        return z
    if opcode == SIGMOID:
        return sigmoid(z)
    if opcode == STEEP_SIGMOID:
        return sigmoid(like(z, STEEP_SLOPE) * z)
    if opcode == RELU:
        return like(z, 0.0) if z < like(z, 0.0) else z
    if opcode == LEAKY_RELU:
        return like(z, LEAK) * z if z < like(z, 0.0) else z
    if opcode == ELU:
        return like(z, math.expm1(z)) if z < like(z, 0.0) else z
    if opcode == GELU:  # z Φ(z), exact
        return like(z, 0.5 * z * (1.0 + math.erf(z * 0.7071067811865476)))
    if opcode == SOFTPLUS:  # ln(1 + eᶻ) without overflow
        return like(z, max(z, 0.0) + math.log1p(math.exp(-abs(z))))
    if opcode == SIN:
        return like(z, math.sin(z))
    if opcode == GAUSS:
        return like(z, math.exp(-z * z))
    if opcode == ABS:
        return abs(z)
    if opcode == SQUARE:
        return z * z
    if opcode == STEP:
        if z != z:
            return z
        return like(z, 1.0) if z > like(z, 0.0) else like(z, 0.0)
    if opcode == CLAMPED:
        one = like(z, 1.0)
        return one if z > one else (-one if z < -one else z)
    if opcode == INVERSE:
        return z if z == like(z, 0.0) else like(z, 1.0) / z
    return like(z, call_address(address, np.float64(z)))


@helper
def address_of(opcode, custom):
    """Address of a registered activation, from the (K,) int64 table; 0 for the others."""
    return custom[opcode - FIRST_CUSTOM] if opcode >= FIRST_CUSTOM else np.int64(0)


_registered: dict[str, Any] = {}  # name → compiled C function, in order of opcode


def register_activation(name: str, function: Callable[[float], float]) -> None:
    """Let genomes use a function of your own under ``name``.

    Args:
        name: Any name not taken yet; it is what genomes are saved with, so register it again
            before loading them.
        function: float → float in the part of Python that numba compiles; compiled here, once
            (about 0.1 s). It runs as a call per value, not as vector code.

    Raises:
        ValueError: The name is taken.
        TypeError: The function cannot be compiled to float64 → float64.
    """
    if name in opcodes():
        raise ValueError(
            f"activation: expected a new name, got {name!r}, which is taken. Choose another."
        )
    try:
        compiled = numba.cfunc("float64(float64)", error_model="numpy")(function)
    except numba.core.errors.NumbaError as error:
        raise TypeError(
            f"activation {name!r}: expected a function float → float that numba compiles. "
            f"{str(error).splitlines()[0]}"
        ) from error
    _registered[name] = compiled


def opcodes() -> dict[str, int]:
    """Opcode of every activation by name, registered ones included."""
    return {name: code for code, name in enumerate(ACTIVATIONS)} | {
        name: FIRST_CUSTOM + k for k, name in enumerate(_registered)
    }


def custom_addresses() -> Array:
    """(K,) int64 addresses of the registered activations' C code."""
    return np.array([compiled.address for compiled in _registered.values()], np.int64)
