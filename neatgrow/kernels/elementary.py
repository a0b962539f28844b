"""Elementary functions in arithmetic that compiles to vector code, in float32 and float64.

The C library's are calls, one for each value. These are additions, multiplications, divisions and
selections alone. Accuracy, in units of the last place of the type, over all inputs whose result is
a normal number (``tests/kernels/test_elementary.py`` has it):

    ==============================  =======  =======
    function                        float32  float64
    ==============================  =======  =======
    exp, gauss                      1.5      1.5
    elu                             1.5      1.5
    softplus                        3        3
    log                                      2
    normal                          4        6
    sin, cos for |z| ≤ 10⁶          1.5      2.5
    ==============================  =======  =======

NaN stays NaN.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from neatgrow.kernels.jit import helper


def _single(*coefficients: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(c) for c in coefficients)


def by_type(single: Callable[..., Any], double: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of z that is ``single`` in float32 and ``double`` elsewhere."""

    def function(z):
        return double(z)

    # The optimiser would leave the longer ones as calls, which no loop around them could vectorise.
    inlining = overload(function, jit_options={"forceinline": True})
    inlining(lambda z: single if z is types.float32 else double)
    return function


# --------------------------------------------------------------------------------- exponentials
# eˣ = 2ᵏ eʳ with x = k ln 2 + r, |r| ≤ ½ ln 2. k is the nearest integer: adding 1.5·2⁵² (2²³ in
# float32) leaves it in the last bits. 2ᵏ is made of its bits, in two factors, since either end of
# the range lies beyond the exponents of normal numbers.

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = np.float64(_SHIFT).view(np.int64)
_TAYLOR = tuple([1.0 / math.factorial(k) for k in range(14)])

_LOG2_E_32, _LN2_HIGH_32, _LN2_LOW_32 = _single(_LOG2_E, 0.693359375, -2.12194440e-4)
_SHIFT_32 = np.float32(1.5 * 2.0**23)
_SHIFT_BITS_32 = np.int32(_SHIFT_32.view(np.int32))
_ONE = np.float32(1.0)
_LOW_32, _HIGH_32 = _single(-104.0, 89.0)  # beyond, eˣ is 0 and infinite
# (eʳ − 1 − r) / r², fitted for least relative error, 3e-9
_E = _single(
    0.500000001346581,
    0.16666666681623232,
    0.041666464925285904,
    0.0083333109254809,
    0.0013933649996309251,
    0.00019890990824673654,
)


@helper
def _parts_64(x, rest):
    """k and eʳ − 1, with x + rest = k ln 2 + r; rest is small against x."""
    shifted = np.float64(x * _LOG2_E + _SHIFT)
    k = shifted - _SHIFT
    r = ((x - k * _LN2_HIGH) - k * _LN2_LOW) + rest
    p = _TAYLOR[13] * r + _TAYLOR[12]
    p = (p * r + _TAYLOR[11]) * r + _TAYLOR[10]
    p = (p * r + _TAYLOR[9]) * r + _TAYLOR[8]
    p = (p * r + _TAYLOR[7]) * r + _TAYLOR[6]
    p = (p * r + _TAYLOR[5]) * r + _TAYLOR[4]
    p = ((p * r + _TAYLOR[3]) * r + _TAYLOR[2]) * r * r + r
    return shifted.view(np.int64) - _SHIFT_BITS, p


@helper
def _power_64(k):
    """2ᵏ for −1023 < k < 1024."""
    return np.int64((k + 1023) << 52).view(np.float64)


@helper
def _exp_sum_64(x, rest):
    """e^(x + rest), x from −745.2 to 709.8 and anything below or above."""
    y = x if x > -746.0 else -746.0
    y = y if y < 710.0 else 710.0
    k, p = _parts_64(y, rest)
    half = k >> 1
    return (_power_64(half) * p + _power_64(half)) * _power_64(k - half)


@helper
def _parts_32(x, rest):
    shifted = np.float32(x * _LOG2_E_32 + _SHIFT_32)
    k = shifted - _SHIFT_32
    r = ((x - k * _LN2_HIGH_32) - k * _LN2_LOW_32) + rest
    p = ((((_E[5] * r + _E[4]) * r + _E[3]) * r + _E[2]) * r + _E[1]) * r + _E[0]
    return np.int32(shifted.view(np.int32) - _SHIFT_BITS_32), p * r * r + r


@helper
def _power_32(k):
    return np.int32((k + np.int32(127)) << np.int32(23)).view(np.float32)


@helper
def _exp_sum_32(x, rest):
    y = x if x > _LOW_32 else _LOW_32
    y = y if y < _HIGH_32 else _HIGH_32
    k, p = _parts_32(y, rest)
    half = np.int32(k >> np.int32(1))
    return (_power_32(half) * p + _power_32(half)) * _power_32(np.int32(k - half))


def _exp_64(z):
    return _exp_sum_64(z, 0.0) if z == z else z


def _exp_32(z):
    return _exp_sum_32(z, np.float32(0.0)) if z == z else z


exp = by_type(_exp_32, _exp_64)
"""eᶻ."""


def _elu_64(z):
    y = z if z > -40.0 else -40.0
    y = y if y < 0.0 else 0.0
    k, p = _parts_64(y, 0.0)
    power = _power_64(k)
    below = power * p + (power - 1.0)
    return below if z < 0.0 else z


def _elu_32(z):
    y = z if z > np.float32(-20.0) else np.float32(-20.0)
    y = y if y < np.float32(0.0) else np.float32(0.0)
    k, p = _parts_32(y, np.float32(0.0))
    power = _power_32(k)
    below = power * p + (power - _ONE)
    return below if z < np.float32(0.0) else z


elu = by_type(_elu_32, _elu_64)
"""eᶻ − 1 for z < 0, accurate near 0, and z above."""


# z² = high² + (z − high)(z + high) with half of z's digits in high, so that high² is exact: what
# rounding takes of z² would be multiplied by z² in its exponential.


def _minus_half_square_64(z, half):
    high = np.int64(np.float64(z).view(np.int64) & np.int64(-134217728)).view(np.float64)
    return -half * (high * high), -half * ((z - high) * (z + high))


def _minus_half_square_32(z, half):
    high = np.int32(np.float32(z).view(np.int32) & np.int32(-4096)).view(np.float32)
    return -half * (high * high), -half * ((z - high) * (z + high))


_square_64, _square_32 = helper(_minus_half_square_64), helper(_minus_half_square_32)


def _gauss_64(z):
    y = z if abs(z) < 40.0 else 40.0
    x, rest = _square_64(y, 1.0)
    return _exp_sum_64(x, rest) if z == z else z


def _gauss_32(z):
    y = z if abs(z) < np.float32(15.0) else np.float32(15.0)
    x, rest = _square_32(y, _ONE)
    return _exp_sum_32(x, rest) if z == z else z


gauss = by_type(_gauss_32, _gauss_64)
"""e^(−z²)."""


# ------------------------------------------------------------------------------------ softplus
# ln(1 + t) = 2 atanh(s), s = t / (2 + t); for t = e^(−|z|) ≤ 1 it is s² ≤ 1/9.
# (atanh(s) / s − 1) / s² in s², fitted for least relative error

_L = (
    0.3333333333333333,
    0.19999999999999762,
    0.1428571428580005,
    0.11111111099118386,
    0.09090909948981357,
    0.07692271982430275,
    0.06667589315724629,
    0.05867139530651599,
    0.05422589197440007,
    0.03746071897775383,
    0.07815288900461426,
)
_L32 = _single(
    0.3333333366026371,
    0.1999985316596486,
    0.14296178997151418,
    0.10853287900440187,
    0.11612164612011674,
)


def _softplus_64(z):
    t = _exp_sum_64(-abs(z), 0.0)
    s = t / (2.0 + t)
    y = s * s
    p = ((((_L[10] * y + _L[9]) * y + _L[8]) * y + _L[7]) * y + _L[6]) * y + _L[5]
    p = ((((p * y + _L[4]) * y + _L[3]) * y + _L[2]) * y + _L[1]) * y + _L[0]
    positive = z if z > 0.0 else 0.0
    return positive + 2.0 * (s * y * p + s) if z == z else z


def _softplus_32(z):
    two = np.float32(2.0)
    t = _exp_sum_32(-abs(z), np.float32(0.0))
    s = t / (two + t)
    y = s * s
    p = (((_L32[4] * y + _L32[3]) * y + _L32[2]) * y + _L32[1]) * y + _L32[0]
    positive = z if z > np.float32(0.0) else np.float32(0.0)
    return positive + two * (s * y * p + s) if z == z else z


softplus = by_type(_softplus_32, _softplus_64)
"""ln(1 + eᶻ)."""


# ----------------------------------------------------------------------------------- logarithm
# x = 2ᵏ m, m from √½ to √2: ln x = k ln 2 + 2 atanh(s), s = (m − 1) / (m + 1), s² ≤ 0.03.

_ROOT_BITS = np.float64(0.7071067811865476).view(np.int64)
_ATANH = tuple([1.0 / (2 * k + 1) for k in range(11)])


@helper
def log(x):
    """ln x of a normal float64 above 0."""
    bits = np.float64(x).view(np.int64)
    k = (bits - _ROOT_BITS) >> 52
    m = np.int64(bits - (k << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    y = s * s
    p = ((((_ATANH[10] * y + _ATANH[9]) * y + _ATANH[8]) * y + _ATANH[7]) * y + _ATANH[6]) * y
    p = ((((p + _ATANH[5]) * y + _ATANH[4]) * y + _ATANH[3]) * y + _ATANH[2]) * y + _ATANH[1]
    high = np.float64(k)
    found = (high * _LN2_LOW + 2.0 * (s * y * p + s)) + high * _LN2_HIGH
    return found if x == x else x


# ------------------------------------------------------------------- the normal distribution
# Φ(−a) = ½ e^(−a²/2) erfcx(x), x = a / √2 ≥ 0. (1 + 2x) erfcx(x) is smooth in
# q = (x − K) / (x + K), which maps [0, ∞) to [−1, 1) (Shepherd & Laframboise 1981); fitted up to
# where e^(−a²/2) is 0.

_HALF_ROOT = 0.7071067811865476
_K = 4.0
_Q = (
    1.2329951186255526,
    -0.13962111684056286,
    0.015379652102621091,
    0.0680970542547336,
    -0.10103906603637362,
    0.09373283499690535,
    -0.0663303658110103,
    0.03716751556105671,
    -0.016197734065502876,
    0.005031969765051122,
    -0.0007577732963739462,
    -0.00019925553476007838,
    0.0001506220523230599,
    -2.4403160497192634e-05,
    -1.1224293594679385e-05,
    5.718067004785881e-06,
    3.006053020270926e-07,
    -8.356886054802244e-07,
    6.326381936013846e-08,
    1.1597564919712835e-07,
    -7.796210935750394e-09,
    -1.3952812123042382e-08,
    -1.907388627007971e-09,
)
_K32, _HALF_ROOT_32 = _single(2.0, _HALF_ROOT)
_Q32 = _single(
    1.2769783772382342,
    -0.09276395615163709,
    -0.16603042661674952,
    0.16405505998931041,
    -0.0542140763830808,
    -0.008061450416373732,
    0.00866313715949238,
    0.0013282917414349008,
    -0.0012623772030692952,
    -0.00042332225749326576,
)


@helper
def _tail_64(a):
    """Φ(−a) for a ≥ 0."""
    a = a if a < 39.0 else 39.0
    x, rest = _square_64(a, 0.5)
    y = a * _HALF_ROOT
    q = (y - _K) / (y + _K)
    p = (((_Q[22] * q + _Q[21]) * q + _Q[20]) * q + _Q[19]) * q + _Q[18]
    p = ((((p * q + _Q[17]) * q + _Q[16]) * q + _Q[15]) * q + _Q[14]) * q + _Q[13]
    p = ((((p * q + _Q[12]) * q + _Q[11]) * q + _Q[10]) * q + _Q[9]) * q + _Q[8]
    p = ((((p * q + _Q[7]) * q + _Q[6]) * q + _Q[5]) * q + _Q[4]) * q + _Q[3]
    p = ((p * q + _Q[2]) * q + _Q[1]) * q + _Q[0]
    return 0.5 * _exp_sum_64(x, rest) * (p / (1.0 + (y + y)))


@helper
def _tail_32(a):
    a = a if a < np.float32(15.0) else np.float32(15.0)
    half = np.float32(0.5)
    x, rest = _square_32(a, half)
    y = a * _HALF_ROOT_32
    q = (y - _K32) / (y + _K32)
    p = (((_Q32[9] * q + _Q32[8]) * q + _Q32[7]) * q + _Q32[6]) * q + _Q32[5]
    p = ((((p * q + _Q32[4]) * q + _Q32[3]) * q + _Q32[2]) * q + _Q32[1]) * q + _Q32[0]
    return half * _exp_sum_32(x, rest) * (p / (_ONE + (y + y)))


def _normal_64(z):
    tail = _tail_64(abs(z))
    below = tail if z < 0.0 else 1.0 - tail
    return below if z == z else z


def _normal_32(z):
    tail = _tail_32(abs(z))
    below = tail if z < np.float32(0.0) else _ONE - tail
    return below if z == z else z


normal = by_type(_normal_32, _normal_64)
"""Φ(z), the share of a standard normal distribution below z."""


# ------------------------------------------------------------------------------- sine, cosine
# z = k π/2 + r, |r| ≤ π/4; k's last two bits say which of ±sin r, ±cos r it is. π/2 in three
# pieces (Cody & Waite 1980), of which k times the first two is exact for |z| ≤ 10⁶.

LARGEST_ANGLE = 1e6
_TWO_OVER_PI = 0.6366197723675814
_HALF_PI = (1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21)
_S = tuple([(-1) ** k / math.factorial(2 * k + 1) for k in range(9)])
_C = tuple([(-1) ** k / math.factorial(2 * k) for k in range(9)])
_S32, _C32 = _single(*_S[:5]), _single(*_C[:6])


@helper
def _quarter(z):
    """r and k, of float64."""
    shifted = np.float64(z * _TWO_OVER_PI + _SHIFT)
    k = shifted - _SHIFT
    r = ((z - k * _HALF_PI[0]) - k * _HALF_PI[1]) - k * _HALF_PI[2]
    return r, shifted.view(np.int64) - _SHIFT_BITS


@helper
def _turned_64(z, turns):
    r, k = _quarter(z)
    k += turns
    t = r * r
    s = (((_S[8] * t + _S[7]) * t + _S[6]) * t + _S[5]) * t + _S[4]
    s = (((s * t + _S[3]) * t + _S[2]) * t + _S[1]) * t * r + r
    c = (((_C[8] * t + _C[7]) * t + _C[6]) * t + _C[5]) * t + _C[4]
    c = (((c * t + _C[3]) * t + _C[2]) * t + _C[1]) * t + 1.0
    value = c if k & 1 else s
    return -value if k & 2 else value


@helper
def _turned_32(z, turns):
    r64, k = _quarter(np.float64(z))
    k += turns
    r = np.float32(r64)
    t = r * r
    s = (((_S32[4] * t + _S32[3]) * t + _S32[2]) * t + _S32[1]) * t * r + r
    c = ((((_C32[5] * t + _C32[4]) * t + _C32[3]) * t + _C32[2]) * t + _C32[1]) * t + _ONE
    value = c if k & 1 else s
    return -value if k & 2 else value


def _sin_64(z):
    return _turned_64(z, 0)


def _sin_32(z):
    return _turned_32(z, 0)


def _cos_64(z):
    return _turned_64(z, 1)


def _cos_32(z):
    return _turned_32(z, 1)


sin, cos = by_type(_sin_32, _sin_64), by_type(_cos_32, _cos_64)
"""Of angles up to :data:`LARGEST_ANGLE` either way."""
