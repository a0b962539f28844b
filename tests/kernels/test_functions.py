"""Activations and aggregations through both evaluation paths against the math module."""

import math

import numpy as np
import oracles
import pytest
from conftest import ACTIVATIONS, AGGREGATIONS, build

from neatgrow.columns import Choices, Genes
from neatgrow.config import Config
from neatgrow.genomes.columns import option_codes
from neatgrow.kernels import dynamics, functions
from neatgrow.selection.population import Population

EDGES = [0.0, -0.0, 1e-300, -1e-300, 1e-8, -1e-8, 0.5, -0.5, 1.0, -1.0, 1.5, 7.9, -7.9, 8.0, -8.0,
         40.0, -40.0, 710.0, -710.0, 1e30, -1e30]  # fmt: skip
GRID = np.array([*EDGES, *np.linspace(-12, 12, 997)])
FLOAT32_EXACT = {"identity", "relu", "abs", "step", "clamped"}


def through(name, z, dtype):
    """f(z) as computed by predict, which is vector code, and by activate."""
    network = build(1, 1, {1: (name, "sum", 0.0)}, [(0, 1, 1.0, True)]).compile(dtype)
    by_samples = network.predict(np.asarray(z, float)[:, None])[:, 0]
    by_ticks = np.array([network.activate([value])[0] for value in z])
    return by_samples, by_ticks


def test_every_activation_and_aggregation_has_a_twin():
    assert set(ACTIVATIONS) == set(oracles.ACTIVATIONS)
    assert set(AGGREGATIONS) == {"sum", "product", "mean", "max", "min"}


def test_opcodes_are_distinct_and_match_the_names():
    codes = functions.opcodes()
    assert len(set(codes.values())) == len(codes)
    for name in ACTIVATIONS:
        assert codes[name] == getattr(functions, name.upper())
    for code, name in enumerate(AGGREGATIONS):
        assert code == getattr(functions, name.upper()) == option_codes("aggregation")[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_the_formula_in_float64(name):
    expected = [oracles.activation(name, z) for z in GRID]
    for result in through(name, GRID, np.float64):
        assert result.dtype == np.float64
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_the_formula_in_float32(name):
    z = np.concatenate([EDGES[6:-2], np.linspace(-12, 12, 997)]).astype(np.float32)
    expected = np.array([oracles.activation(name, float(value)) for value in z])
    for result in through(name, z, np.float32):
        assert result.dtype == np.float32
        if name in FLOAT32_EXACT:
            assert result.tolist() == expected.astype(np.float32).tolist()
        else:
            np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_of_nan_is_nan_and_of_infinity_its_limit(name, dtype):
    for result in through(name, [math.nan] * 9, dtype):
        assert np.isnan(result).all()
    for z in (math.inf, -math.inf):
        expected = oracles.activation(name, z)
        for result in through(name, [z] * 9, dtype):
            np.testing.assert_allclose(result, np.full(9, expected), rtol=0, atol=6e-7)


def test_tanh_and_sigmoid_in_float32_are_within_the_stated_error_and_bounds():
    z = np.unique(np.concatenate([np.linspace(-10, 10, 400_001), np.logspace(-30, 30, 5001)]))
    z = z.astype(np.float32)
    for name, low, error in (("tanh", -1, 6e-7), ("sigmoid", 0, 6e-7), ("steep_sigmoid", 0, 6e-7)):
        network = build(1, 1, {1: (name, "sum", 0.0)}, [(0, 1, 1.0, True)]).compile(np.float32)
        result = network.predict(z[:, None])[:, 0].astype(float)
        exact = z.astype(float) * (4.9 if name == "steep_sigmoid" else 1)
        with np.errstate(over="ignore"):
            exact = np.tanh(exact) if name == "tanh" else 1 / (1 + np.exp(-exact))
        assert np.abs(result - exact).max() < error
        assert result.max() <= 1 and result.min() >= low


@pytest.mark.parametrize("name", AGGREGATIONS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 8, 9, 17])
def test_aggregation_equals_the_oracle_and_bias_is_added_after_it(name, count):
    draw = np.random.default_rng(count)
    weights = draw.normal(size=count)
    inputs = max(count, 1)
    genome = build(
        inputs, 1, {inputs: ("identity", name, 0.75)},
        [(i, inputs, float(w), True) for i, w in enumerate(weights)],
    )  # fmt: skip
    samples = draw.normal(size=(150, inputs))
    expected = [
        0.75 + oracles.aggregation(name, [w * x for w, x in zip(weights, sample, strict=False)])
        for sample in samples
    ]
    network = genome.compile(np.float64)
    np.testing.assert_allclose(network.predict(samples)[:, 0], expected, rtol=1e-12, atol=1e-14)
    ticks = [network.activate(sample)[0] for sample in samples]
    np.testing.assert_allclose(ticks, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("bad", range(4))
@pytest.mark.parametrize("name", AGGREGATIONS)
def test_aggregation_keeps_nan_from_any_place(name, bad):
    connections = [(i, 4, 1.0, True) for i in range(4)]
    network = build(4, 1, {4: ("identity", name, 0.0)}, connections).compile(np.float64)
    for sample in ([1.0, 2.0, 3.0, 4.0], [-4.0, -3.0, -2.0, -1.0], [math.inf] * 4):
        sample[bad] = math.nan
        assert np.isnan(network.activate(sample)).all()
        assert np.isnan(network.predict([sample] * 9)).all()


def test_mean_of_huge_terms_does_not_overflow():
    connections = [(i, 4, 1.0, True) for i in range(4)]
    network = build(4, 1, {4: ("identity", "mean", 0.0)}, connections).compile(np.float64)
    assert network.activate([1e308] * 4) == pytest.approx(1e308)
    assert network.predict([[1e308] * 4] * 5) == pytest.approx(1e308)


# ----------------------------------------------------------------------- registered activations


@pytest.fixture
def registry(monkeypatch):
    """What is registered during a test is forgotten after it."""
    monkeypatch.setattr(functions, "_registered", {})


def test_the_same_function_may_be_registered_again_and_another_in_its_place(registry):
    def bump(scale):
        return lambda z: scale * z

    functions.register_activation("mine", bump(2.0))
    functions.register_activation("mine", bump(2.0))  # as in a cell that runs twice
    with pytest.raises(ValueError, match=r"taken by another function.* replace=True"):
        functions.register_activation("mine", bump(3.0))
    before = functions.opcodes()["mine"]
    functions.register_activation("mine", bump(3.0), replace=True)
    assert functions.opcodes()["mine"] == before
    assert len(functions.registered_addresses()) == 1
    with pytest.raises(ValueError, match="'tanh', which is taken"):
        functions.register_activation("tanh", bump(3.0), replace=True)


def test_registered_activation_runs_on_both_paths_and_evolves(registry):
    functions.register_activation("bump", lambda z: math.exp(-abs(z)) * 3.0)
    functions.register_activation("cube", lambda z: z * z * z)
    z = np.linspace(-3, 3, 301)
    for result in through("bump", z, np.float64):
        np.testing.assert_allclose(result, 3 * np.exp(-np.abs(z)), rtol=1e-12)
    for result in through("cube", z, np.float32):
        np.testing.assert_allclose(result, z**3, rtol=1e-6, atol=1e-12)
    for result in through("cube", [math.nan] * 3, np.float64):
        assert np.isnan(result).all()
    options = Choices(start="random", swap_rate=0.5, options=("cube", "tanh"))
    population = Population(1, 1, Config(genes=Genes(activation=options)))
    assert set(population.ask().activation_names) == {"cube", "tanh"}


def curve(a, b=0.5):
    return lambda z: a * z / (b + abs(z))


@pytest.mark.parametrize(
    "function",
    [
        math.exp, math.erf, math.log, math.sqrt, math.floor, np.tanh, np.exp, np.sign, np.sinc,
        np.isnan, abs,
        curve(2.0), lambda z: z, lambda z, k=3.0: k * z, lambda z: 1, lambda z: z > 0.0,
        lambda z: max(0.0, min(1.0, 0.2 * z + 0.5)), lambda z: z**3 - z // 2 + z % 0.7,
        lambda z: 1.0 if z > 0 else -1.0 if z < 0 else 0.0, lambda z: np.maximum(z, 0.1 * z),
        lambda z: z * np.tanh(np.log1p(np.exp(z))), lambda z: int(z) + round(z),
    ],
)  # fmt: skip
def test_functions_of_math_and_numpy_and_plain_python_are_taken(registry, function):
    functions.register_activation("mine", function)
    z = [-2.25, -1.0, -0.3, 0.0, 0.4, 1.75]
    expected = []
    for value in z:
        try:
            with np.errstate(invalid="ignore"):
                expected.append(float(function(value)))
        except ValueError:  # as math.log raises and compiled code does not
            expected.append(-np.inf if value == 0.0 else np.nan)
    for result in through("mine", z, np.float64):
        np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_where_an_activation_raises_its_value_is_nan(registry):
    def strict(z):
        if z < 0.0:
            raise ValueError
        return z

    functions.register_activation("strict", strict)
    for result in through("strict", [-1.0, 2.0], np.float64):
        np.testing.assert_array_equal(result, [np.nan, 2.0])


@pytest.mark.parametrize("function", [None, 3.0, "tanh", [].append, lambda z: "z", lambda z: None])
def test_what_is_no_function_of_numbers_is_no_activation(registry, function):
    with pytest.raises(TypeError, match="activation 'mine': expected a function float → float"):
        functions.register_activation("mine", function)
    assert "mine" not in functions.opcodes()


@pytest.mark.parametrize("name", ["auto", "none", "random", "", " "])
def test_words_that_settings_mean_something_by_are_no_names(registry, name):
    with pytest.raises(ValueError, match=r"^activation: expected a name that settings mean noth"):
        functions.register_activation(name, math.exp)
    with pytest.raises(ValueError, match=r"^dynamics: expected a name that settings mean nothing"):
        dynamics.register_dynamics(name, lambda z, state, parameters: z)
    with pytest.raises(TypeError, match="activation: expected a name, got 3"):
        functions.register_activation(3, math.exp)


def test_a_taken_activation_name_is_refused(registry):
    functions.register_activation("bump", lambda z: z)
    for name in ("tanh", "bump"):
        with pytest.raises(ValueError, match=f"activation: expected a new name, got '{name}'"):
            functions.register_activation(name, lambda z: z + z)


def test_an_activation_that_does_not_compile_is_refused_and_forgotten(registry):
    with pytest.raises(TypeError, match="activation 'odd': expected a function float → float"):
        functions.register_activation("odd", lambda z: {"z": z}["q"].upper())
    assert "odd" not in functions.opcodes()


def test_an_unknown_option_names_the_nearest():
    config = Config(genes=Genes(activation=Choices(start="tahn", options=("tahn",))))
    with pytest.raises(ValueError) as caught:
        Population(1, 1, config)
    known = ", ".join(ACTIVATIONS)
    assert str(caught.value) == (
        f"genes.activation.options: expected one of {known}, got 'tahn'. Did you mean 'tanh'?"
    )
