"""Activation and aggregation functions, each declared once by name and opcode.

A user's own activation is compiled to a C function; its address travels with the plan, so
no kernel is compiled again for it.
"""

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from neatgrow import _checks
from neatgrow.kernels import elementary
from neatgrow.kernels.code_hash import code_hash
from neatgrow.kernels.jit import helper, merged

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
    """Hyperbolic tangent, in arithmetic that compiles to vector code.

    In float32 tanh z = z P(z²) / Q(z²) for |z| ≤ 7.9, constant beyond: fitted for least relative
    error (2e-7 before rounding); with float32 rounding within 6e-7 of tanh and never above 1.

    In float64 tanh z = e / (e + 2), e = exp(2z) − 1 = 2ᵏ·(exp(r) − 1) + (2ᵏ − 1) with
    2z = k ln 2 + r, |r| ≤ ½ ln 2, and exp(r) by its Taylor series to r¹³: relative error below
    1e-15.
    """
    return math.tanh(z)


@overload(tanh)
def _tanh_overload(z):
    return _tanh_float32 if z is types.float32 else _tanh_float64


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


_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SHIFT = 1.5 * 2.0**52  # added to a small number, leaves its nearest integer in the last bits
_TAYLOR = tuple([1.0 / math.factorial(k) for k in range(14)])


def _tanh_float64(z):
    y = abs(z + z)
    y = y if y < 44.0 else 44.0  # from there on tanh is 1
    shifted = np.float64(y * _LOG2_E + _SHIFT)
    k = shifted - _SHIFT
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    p = _TAYLOR[13] * r + _TAYLOR[12]
    p = (p * r + _TAYLOR[11]) * r + _TAYLOR[10]
    p = (p * r + _TAYLOR[9]) * r + _TAYLOR[8]
    p = (p * r + _TAYLOR[7]) * r + _TAYLOR[6]
    p = (p * r + _TAYLOR[5]) * r + _TAYLOR[4]
    p = ((p * r + _TAYLOR[3]) * r + _TAYLOR[2]) * r * r + r
    power = np.int64((shifted.view(np.int64) + 1023) << 52).view(np.float64)  # 2ᵏ
    e = power * p + (power - 1.0)
    return math.copysign(e / (e + 2.0), z) if z == z else z


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


@merged
def gelu(z):
    """z Φ(z); 0 at −∞."""
    value = z * elementary.normal(z)  # NaN at −∞
    return like(z, -0.0) if z < like(z, -1e30) else value


@helper
def is_small(z):
    """Whether an angle is within what :mod:`neatgrow.kernels.elementary` takes."""
    return abs(z) <= like(z, elementary.LARGEST_ANGLE)


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
        return elementary.elu(z)
    if opcode == GELU:  # z Φ(z)
        return gelu(z)
    if opcode == SOFTPLUS:  # ln(1 + eᶻ)
        return elementary.softplus(z)
    if opcode == SIN:
        return elementary.sin(z) if is_small(z) else like(z, math.sin(z))
    if opcode == GAUSS:
        return elementary.gauss(z)
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
def slope(opcode, z, a, address):
    """f′(z) in the type of z, where f(z) = a.

    At a kink it is the slope to the left (relu, leaky_relu, abs: as for z < 0; clamped: 0
    outside and 1 at ±1), 0 everywhere for step and at 0 for inverse. A registered
    activation's is a central difference over 1e-5·max(1, |z|).
    """
    one, zero = like(z, 1.0), like(z, 0.0)
    if opcode == IDENTITY:
        return one
    if opcode == SIGMOID:
        return a * (one - a)
    if opcode == STEEP_SIGMOID:
        return like(z, STEEP_SLOPE) * a * (one - a)
    if opcode == TANH:
        return one - a * a
    if opcode == RELU:
        return one if z > zero else zero
    if opcode == LEAKY_RELU:
        return one if z > zero else like(z, LEAK)
    if opcode == ELU:
        return one if z >= zero else a + one
    if opcode == GELU:  # Φ(z) + z φ(z)
        density = like(z, 0.3989422804014327) * elementary.gauss(like(z, 0.7071067811865476) * z)
        return elementary.normal(z) + z * density
    if opcode == SOFTPLUS:
        return sigmoid(z)
    if opcode == SIN:
        return elementary.cos(z) if is_small(z) else like(z, math.cos(z))
    if opcode == GAUSS:
        return like(z, -2.0) * z * a
    if opcode == ABS:
        return one if z > zero else -one
    if opcode == SQUARE:
        return z + z
    if opcode == STEP:
        return zero
    if opcode == CLAMPED:
        return one if -one <= z <= one else zero
    if opcode == INVERSE:
        return zero if z == zero else -a * a
    h = 1e-5 * max(1.0, abs(np.float64(z)))
    above, below = np.float64(z) + h, np.float64(z) - h
    rise = call_address(address, above) - call_address(address, below)
    return like(z, rise / (above - below))


@helper
def address_of(opcode, custom):
    """Address of a registered activation, from the (2, K) int64 table; 0 for the others."""
    return custom[0, opcode - FIRST_CUSTOM] if opcode >= FIRST_CUSTOM else np.int64(0)


class Registered(NamedTuple):
    """A user's function, and what became of it."""

    function: Callable[..., Any]  # as it was given
    compiled: Any  # the C function
    code: str | None  # hash of all that it is made of, if it has one


_registered: dict[str, Registered] = {}  # by name, in order of opcode
_WORDS = ("auto", "none", "random")  # where settings take the name of a function


def register_activation(
    name: str, function: Callable[[float], float], *, replace: bool = False
) -> None:
    """Let genomes use a function of your own under ``name``.

    Registering the same function again changes nothing, as when a cell of a notebook runs twice.
    Worker processes are given it. Files keep its values at some points: register it before loading
    them; another function of that name is refused there.

    Args:
        name: Any name not taken yet; it is what genomes are saved with.
        function: float → float in the part of Python that numba compiles, or one of ``math`` or
            ``numpy``; compiled here, once (about 0.1 s). It runs as a call per value, not as
            vector code; where it raises, its value is NaN.
        replace: Whether the function may take the place of another of the same name, also in
            genomes that use it.

    Raises:
        ValueError: The name is taken, or settings mean something else by it.
        TypeError: The name is no text, or the function cannot be compiled to float64 → float64.
    """
    checked_name("activation", name)
    code = code_hash(function)
    if code is not None and name in _registered and _registered[name].code == code:
        return
    if name in ACTIVATIONS or (name in _registered and not replace):
        raise ValueError(
            f"activation: expected a new name, got {name!r}, which is taken by another function. "
            "Choose another, or pass replace=True for one of your own."
        )
    _registered[name] = Registered(function, compiled_activation(name, function), code)


def checked_name(what: str, name: object) -> None:
    """Raise TypeError or ValueError if a function of a user's cannot have that name."""
    if not isinstance(name, str):
        raise TypeError(_checks.message(what, "a name", _checks.shown(name)))
    if not name.strip() or name in _WORDS:
        rule = "a name that settings mean nothing else by"
        raise ValueError(_checks.message(what, rule, repr(name), "Choose another."))


def compiled_activation(name: str, function: Callable[..., Any]) -> Any:
    """The C function of an activation; it gives NaN where the user's raises.

    Raises:
        TypeError: It cannot be compiled.
    """
    own: Any = function
    if isinstance(function, FunctionType):  # those of math and numpy are known to numba by name
        own = numba.njit(error_model="numpy", nogil=True)(function)

    def c_function(z):
        try:
            return own(z) * 1.0  # of a truth value or a whole number, too
        except Exception:
            return np.nan

    try:
        return numba.cfunc("float64(float64)", error_model="numpy")(c_function)
    except Exception as error:  # numba's own, and others from within it
        raise TypeError(
            f"activation {name!r}: expected a function float → float that numba compiles. "
            f"{reason(error)}"
        ) from error


def reason(error: Exception) -> str:
    """The first line of numba's that says what it cannot compile."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("Failed in")]
    return told[0] if told else type(error).__name__


def opcodes() -> dict[str, int]:
    """Opcode of every activation by name, registered ones included."""
    return {name: code for code, name in enumerate(ACTIVATIONS)} | {
        name: FIRST_CUSTOM + k for k, name in enumerate(_registered)
    }


def registered() -> dict[str, Registered]:
    """The registered activations by name, in order of opcode."""
    return _registered


def registered_addresses() -> list[int]:
    """Addresses of the registered activations' C code."""
    return [own.compiled.address for own in _registered.values()]
