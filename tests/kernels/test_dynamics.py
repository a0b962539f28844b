"""What can be registered as a dynamics, and how it is refused."""

import math

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.kernels import dynamics


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(dynamics, "_registered", {})


def held(z, state, parameters):
    return z + state[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "instant"}, r"dynamics 'instant': expected a new name"),
        ({"states": 9}, "dynamics 'mine', states: expected at most 8, got 9"),
        ({"states": -1}, "dynamics 'mine', states: expected an integer of at least 0"),
        ({"columns": ("weight",)}, "dynamics 'mine', columns"),
        ({"columns": ("bias",) * 9}, "dynamics 'mine', columns: expected at most 8, got 9"),
        ({"states": 0}, r"no error when tried on z, 0 states and 0 parameters, got IndexError"),
        ({"function": lambda z, state: z}, "got TypeError"),
    ],
)
def test_what_cannot_be_one_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ng.register_dynamics(**{"name": "mine", "function": held} | options)
    assert list(dynamics.opcodes())[-1] != "mine"


def test_another_may_take_its_place_if_told_so():
    ng.register_dynamics("mine", held)
    ng.register_dynamics("mine", held)
    with pytest.raises(ValueError, match=r"one that is taken\..* replace=True"):
        ng.register_dynamics("mine", held, states=2)
    ng.register_dynamics("mine", held, states=2, replace=True)
    (code,) = (c for c, declared in dynamics.declarations().items() if declared.name == "mine")
    assert code == dynamics.opcodes()["mine"] and dynamics.declarations()[code].states == 2
    with pytest.raises(ValueError, match="dynamics 'leaky': expected a new name"):
        ng.register_dynamics("leaky", held, replace=True)


def test_what_numba_cannot_compile_is_refused():
    with pytest.raises(TypeError, match="'mine': expected a function of z, state and parameters"):
        ng.register_dynamics("mine", lambda z, state, parameters: max([z], key=repr))


def network_of(name, dtype=np.float64, **node):
    genome = ng.Genome.from_edges(
        [(0, 1)], inputs=1, outputs=1,
        nodes={1: {"dynamics": name, "activation": "identity"} | node},
    )  # fmt: skip
    return genome.compile(dtype)


def test_it_may_have_no_state_and_its_errors_are_nan():
    ng.register_dynamics("root", lambda z, state, parameters: math.sqrt(z), states=0)
    ng.register_dynamics("strict", lambda z, state, parameters: 1.0 / state[int(z)])
    assert network_of("root").activate([9.0])[0] == 3.0
    network = network_of("strict")
    assert np.isnan(network.activate([5.0])[0])  # an index outside of the state


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_its_activation_is_applied_unless_it_says_otherwise(dtype):
    def count(z, state, parameters):
        state[0] += 1.0
        return state[0] + parameters[0] * z

    ng.register_dynamics("counted", count, columns=("bias",))
    ng.register_dynamics("bare", count, columns=("bias",), activates=False)
    for name, wanted in (("counted", -1.0), ("bare", 1.0)):
        network = network_of(name, dtype, activation="relu", bias=-2.0)
        values = [float(network.activate([3.0])[0]) for _ in range(2)]
        assert values == ([0.0, 0.0] if wanted < 0 else [1.0 - 2.0, 2.0 - 2.0])
