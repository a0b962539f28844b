"""Elementary functions against references of more digits, in units of the last place."""

import functools
import re

import numba
import numpy as np
import pytest
from scipy import special

from neatgrow.kernels import elementary

WIDE = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
LIMITS = {  # units of the last place in float32 and float64, and where results are normal numbers
    "exp": (1.5, 1.5, (-87, 88), (-708, 709)),
    "elu": (1.5, 1.5, (-87, 88), (-708, 709)),
    "gauss": (1.5, 1.5, (-9.3, 9.3), (-26.6, 26.6)),
    "softplus": (3, 3, (-87, 100), (-708, 800)),
    "sin": (1.5, 2.5, (-1e6, 1e6), (-1e6, 1e6)),
    "cos": (1.5, 2.5, (-1e6, 1e6), (-1e6, 1e6)),
    "normal": (4, 6, (-4, 6), (-2.5, 6)),
}


def reference(name, z):
    """Of long doubles."""
    if name == "elu":
        return np.where(z < 0, np.expm1(np.minimum(z, 0)), z)
    if name == "gauss":
        return np.exp(-z * z)
    if name == "softplus":
        return np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))
    if name == "normal":
        return normal(z)
    return getattr(np, name)(z)


def normal(z):
    """Φ(z) = ½ + φ(z) Σ z²ᵏ⁺¹ / (1·3·…·(2k + 1)), all terms of one sign."""
    term = total = z
    for k in range(1, 120):
        term = term * z * z / (2 * k + 1)
        total = total + term
    root = np.sqrt(8 * np.arctan(np.longdouble(1.0)))
    return 0.5 + np.exp(-z * z / 2) / root * total


@functools.cache
def looped(name):
    function = getattr(elementary, name)

    @numba.njit(fastmath={"contract"}, error_model="numpy")
    def loop(z, out):
        for i in range(z.size):
            out[i] = function(z[i])

    return loop


def applied(name, z):
    out = np.empty_like(z)
    looped(name)(z, out)
    return out


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_error_is_within_the_stated_units_of_the_last_place(name, dtype):
    single, double, *ranges = LIMITS[name]
    low, high = ranges[dtype is np.float64]
    limit = double if dtype is np.float64 else single
    rng = np.random.default_rng(1)
    scales = [rng.normal(size=20_000) * 10.0**k for k in range(-8, 4)]
    z = np.concatenate([rng.uniform(low, high, 100_000), *scales]).astype(dtype)
    z = z[(z >= low) & (z <= high)]
    wanted = reference(name, z.astype(np.longdouble))
    units = np.spacing(np.abs(wanted).astype(dtype)).astype(np.longdouble)
    error = np.abs(applied(name, z).astype(np.longdouble) - wanted) / units
    if name in ("sin", "cos"):  # near their zeros: absolutely
        error = error[np.abs(wanted) > 1e-3]
        assert np.abs(applied(name, z) - wanted.astype(dtype)).max() < 2 * np.finfo(dtype).eps
    assert error.max() <= limit, z[error.argmax()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "wanted"),
    {
        "exp": (np.nan, np.inf, 0.0, 1.0, 1.0, 0.0),
        "elu": (np.nan, np.inf, -1.0, 0.0, 0.0, -1.0),
        "gauss": (np.nan, 0.0, 0.0, 1.0, 1.0, 0.0),
        "softplus": (np.nan, np.inf, 0.0, np.log(2.0), np.log(2.0), 0.0),
        "normal": (np.nan, 1.0, 0.0, 0.5, 0.5, 0.0),
    }.items(),
)
def test_ends_of_the_range(name, wanted, dtype):
    z = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1e30], dtype)
    np.testing.assert_allclose(applied(name, z), np.array(wanted, dtype), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tail_of_the_normal_distribution_is_that_of_scipys_erfcx(dtype):
    z = np.linspace(-12.5 if dtype is np.float32 else -37.0, 0.0, 20_001).astype(dtype)
    a = -z.astype(np.longdouble)  # ndtr itself loses digits to the rounding of its square
    wanted = 0.5 * np.exp(-a * a / 2) * special.erfcx(a.astype(np.float64) / np.sqrt(2))
    np.testing.assert_allclose(applied("normal", z), wanted, rtol=16 * np.finfo(dtype).eps)


def test_the_logarithm_is_within_its_units_of_the_last_place():
    rng = np.random.default_rng(1)
    x = np.concatenate([1 + rng.exponential(size=50_000), 10.0 ** rng.uniform(-300, 300, 50_000)])
    wanted = np.log(x.astype(np.longdouble))
    units = np.spacing(np.abs(wanted).astype(np.float64))
    assert (np.abs(applied("log", x) - wanted) / units).max() <= 2
    assert applied("log", np.ones(1))[0] == 0.0 and np.isnan(applied("log", np.full(1, np.nan)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LIMITS)
def test_loops_over_them_are_vector_code(name, dtype):
    loop = looped(name)
    applied(name, np.ones(4, dtype))
    code = loop.inspect_asm(
        next(s for s in loop.signatures if s[0].dtype == numba.from_dtype(dtype))
    )
    suffix = "ps" if dtype is np.float32 else "pd"
    if not re.search(r"%xmm|%ymm", code):
        pytest.skip("read from the code of x86 processors")
    assert re.search(rf"v?(mul|fmadd\d+){suffix}\s", code)
