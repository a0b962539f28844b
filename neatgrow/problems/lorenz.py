"""Prediction of the Lorenz system, and what straight lines and polynomials reach on the same data.

The system is chaotic: another order of the same sums gives other data after some 4,000 steps. So
it is integrated in plain floats, one operation after the other, and compared with fits to the very
same data.
"""

from functools import lru_cache
from itertools import combinations, combinations_with_replacement
from typing import Literal

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.problems.tasks import Measure, Task

SIGMA, RHO, BETA = 10.0, 28.0, 8.0 / 3.0
STEP = 0.01  # of the integration
STEPS = 11_000
TRAIN, TEST = slice(1_000, 9_000, 10), slice(9_000, 11_000, 10)

SOLVED = -0.001
_TERMS = ("linear", "products", "quadratic", "cubic")


def lorenz(
    *,
    inputs: Literal["xyz", "x"] = "xyz",
    outputs: Literal["xyz", "x", "z"] | None = None,
    products: bool = False,
    continued: bool = False,
    measure: Measure = "loss",
) -> Task:
    """Predict the Lorenz system 0.1 time units ahead, from its state or from x alone.

    ẋ = 10 (y − x), ẏ = x (28 − z) − y, ż = x y − 8/3 z, from (1, 1, 1) by the classical
    Runge-Kutta method of fourth order with steps of 0.01. Every tenth state of steps 1,000 to
    9,000 is the training sequence, 800 of them; every tenth of the 2,000 after it the test
    sequence, 200. All are scaled so that the training sequence spans −1 to 1. At each tick the
    network sees a state, and wanted is the next one. Both sequences are run from state 0, and
    every tick counts. Fitness is minus the mean squared error.

    The test's mean squared error of least-squares fits from xyz to xyz, which
    :func:`fits_of` computes: persistence 0.082, straight line 0.0553, with products 0.0115, all
    quadratic terms 0.0071, all cubic ones 0.0007. With x alone: 8 lags 0.019.

    Source: Lorenz (1963), “Deterministic nonperiodic flow”; the protocol is that of neat-python's
    example ``lorenz-ctrnn``, whose networks reach 0.13.

    Args:
        inputs: What is seen; without y and z a network has to remember.
        outputs: What is predicted; as ``inputs`` by default.
        products: Whether xy, xz and yz, of the scaled values, are seen too.
        continued: Whether the test goes on from the state in which the training sequence leaves
            the network, instead of from state 0.
        measure: What fitness is; see :class:`Supervised`. ``"loss"`` is what suits numbers.
    """
    _checks.one_of("inputs", inputs, ("xyz", "x"))
    outputs = inputs if outputs is None else outputs
    _checks.one_of("outputs", outputs, ("xyz", "x", "z"))
    if _checks.flag("products", products) and inputs != "xyz":
        raise ValueError(_checks.message("products", "False where x alone is seen", products))
    _checks.flag("continued", continued)
    seen, wanted = (["xyz".index(name) for name in names] for names in (inputs, outputs))

    def pairs(states: Array) -> tuple[Array, Array]:
        X, Y = states[:-1, seen], states[1:, wanted]
        if products:
            X = np.column_stack([X, _products(X)])
        return X[:, None], Y[:, None]

    train, held = scaled_states()
    X, Y = pairs(train)
    if continued:
        test = pairs(np.concatenate([train, held]))
        fresh = np.zeros((len(train) + len(held) - 1, 1))
        fresh[len(train) :] = 1.0
        tested: tuple[Array, ...] = (*test, fresh)
    else:
        tested = pairs(held)
    options = {
        "outputs": outputs, "products": bool(products), "continued": bool(continued),
        "measure": measure,
    }  # fmt: skip
    names = (*inputs, *(("xy", "xz", "yz") if products else ()))
    return Task(
        "lorenz" if inputs == "xyz" else "lorenz-x", {"inputs": inputs, **options}, X, Y,
        test=tested, sequences=True, measure=measure, solved_at=SOLVED, input_names=names,
        output_names=tuple(f"next {name}" for name in outputs),
    )  # fmt: skip


def fits_of(task: Task, *, lags: int = 8) -> dict[str, float]:
    """Mean squared error, on the test sequence, of what needs no network.

    ``"mean"`` and ``"persistence"``, and least-squares fits to the training sequence:
    ``"linear"``, ``"products"`` (of two inputs), ``"quadratic"`` and ``"cubic"`` terms of what is
    seen now, and ``"lags"``, linear in the last ones. All begin with the first tick for which
    their terms are known, in the test as in training.

    Args:
        task: Of :func:`lorenz`, with ``continued=False`` and ``products=False``.
        lags: How many of the last inputs, the one now included.
    """
    _checks.integer("lags", lags, 1)
    if task.options["continued"] or task.options["products"]:
        rule = "one of separate sequences, without products among the inputs"
        raise ValueError(_checks.message("task", rule, task.options))
    assert task.test is not None
    x, y = task.X[:, 0], task.Y[:, 0]
    test_x, test_y = (part[:, 0] for part in task.test)
    own = ["xyz".index(name) for name in task.options["outputs"]]
    held = test_x[:, own] if task.inputs == 3 else test_x
    errors = {"mean": y.mean(axis=0) - test_y, "persistence": held - test_y}
    for terms in _TERMS:
        errors[terms] = _fitted(_terms(x, terms), y, _terms(test_x, terms)) - test_y
    late = lags - 1
    errors["lags"] = _fitted(_lagged(x, lags), y[late:], _lagged(test_x, lags)) - test_y[late:]
    return {name: float((error**2).mean()) for name, error in errors.items()}


def _fitted(design: Array, targets: Array, test: Array) -> Array:
    solution = np.linalg.lstsq(design, targets, rcond=None)[0]
    guess: Array = test @ solution
    return guess


def _terms(x: Array, terms: str) -> Array:
    """(T, K) monomials of inputs (T, I), the constant first."""
    columns = [np.ones((len(x), 1)), x]
    if terms == "products":
        columns.append(_products(x))
    elif terms != "linear":
        for degree in (2, 3)[: _TERMS.index(terms) - 1]:
            chosen = combinations_with_replacement(range(x.shape[1]), degree)
            columns += [x[:, list(factors)].prod(axis=1, keepdims=True) for factors in chosen]
    return np.concatenate(columns, axis=1)


def _products(x: Array) -> Array:
    """(T, K) products of any two different inputs (T, I)."""
    pairs = list(combinations(range(x.shape[1]), 2))
    return np.stack([x[:, a] * x[:, b] for a, b in pairs], axis=1) if pairs else x[:, :0]


def _lagged(x: Array, lags: int) -> Array:
    """(T − lags + 1, 1 + lags · I): a constant and the last inputs, from the oldest on."""
    rows = len(x) - lags + 1
    return np.concatenate([np.ones((rows, 1)), *(x[k : k + rows] for k in range(lags))], axis=1)


@lru_cache(maxsize=1)
def scaled_states() -> tuple[Array, Array]:
    """Training states (800, 3) and test states (200, 3), −1 to 1 being what training spans."""
    states = np.array(_states())
    train, test = states[TRAIN], states[TEST]
    low, high = train.min(axis=0), train.max(axis=0)
    made = tuple(2.0 * (part - low) / (high - low) - 1.0 for part in (train, test))
    for part in made:
        part.flags.writeable = False  # one copy serves every task
    return made[0], made[1]


def _states() -> list[tuple[float, float, float]]:
    """The state after each step."""

    def slope(x: float, y: float, z: float) -> tuple[float, float, float]:
        return SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z

    half, sixth = STEP / 2, STEP / 6
    x = y = z = 1.0
    states = []
    for _ in range(STEPS):
        a, b, c = slope(x, y, z)
        d, e, f = slope(x + half * a, y + half * b, z + half * c)
        g, h, i = slope(x + half * d, y + half * e, z + half * f)
        j, k, m = slope(x + STEP * g, y + STEP * h, z + STEP * i)
        x += sixth * (a + 2 * d + 2 * g + j)
        y += sixth * (b + 2 * e + 2 * h + k)
        z += sixth * (c + 2 * f + 2 * i + m)
        states.append((x, y, z))
    return states
