"""Symbolic regression: the formulas that genetic programming is compared on.

Formulas and points follow the table of McDermott et al. (2012), “Genetic programming needs better
benchmarks”, and White et al. (2013), “Better GP benchmarks”: E[a, b, c] are evenly spaced points
from a to b in steps of c, a full grid where there are several variables, and U[a, b, c] are c
points drawn uniformly. Where they name no test points for U, here they are a second draw like the
first; where they name none for E, there is no test set.

The originals are Keijzer (2003), “Improving symbolic regression with interval arithmetic and
linear scaling”, Uy et al. (2011), “Semantically-based crossover in genetic programming”, and
Pagie & Hogeweg (1997). The table has Nguyen-1 and 3–10; Nguyen-2 is from Uy et al., 11 and 12 are
from Petersen et al. (2021), “Deep symbolic regression”, whose range [0, 1] for 9 and 10 is not
used here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.tasks import Task

Bound = float | tuple[float, ...]


@dataclass(frozen=True)
class U:
    """Points drawn uniformly.

    Attributes:
        low: Lower bound, or one for each variable.
        high: Upper bound, likewise.
        count: Points.
    """

    low: Bound
    high: Bound
    count: int

    def points(self, variables: int, draw: np.random.Generator) -> Array:
        """Independent draws (count, variables)."""
        return draw.uniform(self.low, self.high, (self.count, variables))


@dataclass(frozen=True)
class E:
    """Evenly spaced points, both ends included.

    Attributes:
        low: First value of each variable.
        high: Last value.
        step: Between two values.
    """

    low: float
    high: float
    step: float

    def points(self, variables: int, draw: np.random.Generator) -> Array:
        """The grid (count ** variables, variables); the last variable runs fastest."""
        line = np.linspace(self.low, self.high, round((self.high - self.low) / self.step) + 1)
        return np.stack(np.meshgrid(*[line] * variables, indexing="ij"), axis=-1).reshape(
            -1, variables
        )


@dataclass(frozen=True)
class Target:
    """A formula with its points.

    Attributes:
        about: The formula as text.
        formula: Of one array (B,) for each variable.
        variables: How many.
        train: Points to learn from.
        test: Points to test on, or ``None``.
    """

    about: str
    formula: Callable[..., Array]
    variables: int
    train: U | E
    test: U | E | None


def _harmonic(x: Array) -> Array:
    """Σ 1/k for k = 1 … x, of whole numbers."""
    sums: Array = np.cumsum(1.0 / np.arange(1, int(x.max()) + 1))
    return sums[np.rint(x).astype(np.int64) - 1]


_ONE, _PAIR, _UNIT = U(-1, 1, 20), U(-1, 1, 100), U(0, 1, 20)
_FEW, _FINE = U(-3, 3, 20), E(-3, 3, 0.01)
_K5 = (-1.0, 1.0, -1.0), (1.0, 2.0, 1.0)

TARGETS: dict[str, Target] = {
    "nguyen-1": Target("x³ + x² + x", lambda x: x**3 + x**2 + x, 1, _ONE, _ONE),
    "nguyen-2": Target("x⁴ + x³ + x² + x", lambda x: x**4 + x**3 + x**2 + x, 1, _ONE, _ONE),
    "nguyen-3": Target(
        "x⁵ + x⁴ + x³ + x² + x", lambda x: x**5 + x**4 + x**3 + x**2 + x, 1, _ONE, _ONE
    ),
    "nguyen-4": Target(
        "x⁶ + x⁵ + x⁴ + x³ + x² + x", lambda x: x**6 + x**5 + x**4 + x**3 + x**2 + x, 1, _ONE, _ONE
    ),
    "nguyen-5": Target(
        "sin(x²) cos(x) − 1", lambda x: np.sin(x**2) * np.cos(x) - 1.0, 1, _ONE, _ONE
    ),
    "nguyen-6": Target(
        "sin(x) + sin(x + x²)", lambda x: np.sin(x) + np.sin(x + x**2), 1, _ONE, _ONE
    ),
    "nguyen-7": Target(
        "ln(x + 1) + ln(x² + 1)", lambda x: np.log(x + 1.0) + np.log(x**2 + 1.0), 1,
        U(0, 2, 20), U(0, 2, 20),
    ),
    "nguyen-8": Target("√x", np.sqrt, 1, U(0, 4, 20), U(0, 4, 20)),
    "nguyen-9": Target("sin(x) + sin(y²)", lambda x, y: np.sin(x) + np.sin(y**2), 2, _PAIR, _PAIR),
    "nguyen-10": Target("2 sin(x) cos(y)", lambda x, y: 2.0 * np.sin(x) * np.cos(y), 2, _PAIR,
                        _PAIR),
    "nguyen-11": Target("x^y", lambda x, y: x**y, 2, _UNIT, _UNIT),
    "nguyen-12": Target(
        "x⁴ − x³ + y²/2 − y", lambda x, y: x**4 - x**3 + y**2 / 2.0 - y, 2, _UNIT, _UNIT
    ),
    **{
        f"keijzer-{k}": Target(
            "0.3 x sin(2πx)", lambda x: 0.3 * x * np.sin(2.0 * np.pi * x), 1,
            E(-k, k, 0.1), E(-k, k, 0.001),
        )
        for k in (1, 2, 3)
    },
    "keijzer-4": Target(
        "x³ e⁻ˣ cos(x) sin(x) (sin²(x) cos(x) − 1)",
        lambda x: x**3 * np.exp(-x) * np.cos(x) * np.sin(x) * (np.sin(x) ** 2 * np.cos(x) - 1.0),
        1, E(0, 10, 0.05), E(0.05, 10.05, 0.05),
    ),
    "keijzer-5": Target(
        "30 x z / ((x − 10) y²)", lambda x, y, z: 30.0 * x * z / ((x - 10.0) * y**2), 3,
        U(*_K5, 1000), U(*_K5, 10_000),
    ),
    "keijzer-6": Target("Σ 1/k, k = 1 … x", _harmonic, 1, E(1, 50, 1), E(1, 120, 1)),
    "keijzer-7": Target("ln(x)", np.log, 1, E(1, 100, 1), E(1, 100, 0.1)),
    "keijzer-8": Target("√x", np.sqrt, 1, E(0, 100, 1), E(0, 100, 0.1)),
    "keijzer-9": Target("arsinh(x)", np.arcsinh, 1, E(0, 100, 1), E(0, 100, 0.1)),
    "keijzer-10": Target("x^y", lambda x, y: x**y, 2, U(0, 1, 100), E(0, 1, 0.01)),
    "keijzer-11": Target(
        "x y + sin((x − 1)(y − 1))", lambda x, y: x * y + np.sin((x - 1.0) * (y - 1.0)), 2,
        _FEW, _FINE,
    ),
    "keijzer-12": Target(
        "x⁴ − x³ + y²/2 − y", lambda x, y: x**4 - x**3 + y**2 / 2.0 - y, 2, _FEW, _FINE
    ),
    "keijzer-13": Target("6 sin(x) cos(y)", lambda x, y: 6.0 * np.sin(x) * np.cos(y), 2, _FEW,
                         _FINE),
    "keijzer-14": Target("8 / (2 + x² + y²)", lambda x, y: 8.0 / (2.0 + x**2 + y**2), 2, _FEW,
                         _FINE),
    "keijzer-15": Target(
        "x³/5 + y³/2 − y − x", lambda x, y: x**3 / 5.0 + y**3 / 2.0 - y - x, 2, _FEW, _FINE
    ),
    # x⁻⁴ without the pole at 0: 1 / (1 + x⁻⁴) = x⁴ / (x⁴ + 1).
    "pagie-1": Target(
        "1 / (1 + x⁻⁴) + 1 / (1 + y⁻⁴)", lambda x, y: x**4 / (x**4 + 1.0) + y**4 / (y**4 + 1.0), 2,
        E(-5, 5, 0.4), None,
    ),
}  # fmt: skip


def regression(target: str, *, data_seed: int = 0, tolerance: float = 0.01) -> Task:
    """Fit a formula of :data:`TARGETS` from its training points.

    Fitness is minus the mean squared error. Outputs are the formula's values as they are.

    Args:
        target: Name, such as ``"nguyen-7"``.
        data_seed: Of points that are drawn: those to learn from, then those to test on.
        tolerance: Root mean squared error on the training points up to which it counts as solved.
            The papers count a point as hit within 0.01.
    """
    known = TARGETS[_checks.one_of("target", target, TARGETS)]
    tolerance = _checks.number("tolerance", tolerance, least=0.0, finite=True)
    draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))

    def samples(points: U | E) -> tuple[Array, Array]:
        X = points.points(known.variables, draw)
        return X, known.formula(*X.T)[:, None]

    options: dict[str, Any] = {"data_seed": int(data_seed), "tolerance": tolerance}
    X, Y = samples(known.train)
    return Task(
        target, options, X, Y, test=None if known.test is None else samples(known.test),
        loss="mse", solved_at=-(tolerance**2),
        input_names=("x", "y", "z")[: known.variables], output_names=("f",),
    )  # fmt: skip
