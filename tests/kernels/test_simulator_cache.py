"""Users' simulators kept on disk: found again, and never when anything they are made of changed."""

import math
import subprocess
import sys

import numba
import numpy as np
import pytest

import neatgrow
from neatgrow.kernels.code_hash import code_hash

SCALE = 2.0
TABLE = np.array([1.0, 2.0])


def made(source, **values):
    """A function from source, with globals of its own."""
    names = {"math": math, "np": np, **values}
    exec(compile(source, "made", "exec"), names)
    return names["f"]


PLAIN = "def f(x):\n    return x * SCALE + helper(x) + TABLE[0]"


def plain(scale=2.0, helper="def f(x):\n    return x + 1.0", table=(1.0, 2.0), source=PLAIN):
    return made(source, SCALE=scale, helper=made(helper), TABLE=np.array(table))


def test_the_hash_is_of_what_the_code_is_made_of():
    first = code_hash(plain())
    assert first == code_hash(plain())
    changed = {
        "a global": plain(scale=3.0),
        "its type": plain(scale=2),
        "an array": plain(table=(1.5, 2.0)),
        "a helper's constant": plain(helper="def f(x):\n    return x + 2.0"),
        "a helper's operation": plain(helper="def f(x):\n    return x - 1.0"),
        "its own code": plain(source=PLAIN.replace("*", "/")),
        "a default": plain(source=PLAIN.replace("(x)", "(x, y=1)", 1)),
        "an attribute": plain(source=PLAIN.replace("helper(x)", "math.sin(x)")),
        "another attribute": plain(source=PLAIN.replace("helper(x)", "math.cos(x)")),
        "options": numba.njit(boundscheck=True)(plain()),
        "other options": numba.njit(fastmath=True)(plain()),
    }
    hashes = [first, *(code_hash(f) for f in changed.values())]
    assert None not in hashes and len(set(hashes)) == len(hashes)


def test_the_hash_sees_closures_and_modules_of_the_users_own():
    def closed(x, number):
        return lambda: x + number

    assert code_hash(closed(1, 2)) == code_hash(closed(1, 2)) != code_hash(closed(1, 3))
    module = type(math)("world")
    use = made("def f(x):\n    return x * world.GRAVITY", world=module)
    module.GRAVITY = 9.8
    before = code_hash(use)
    module.GRAVITY = 1.6
    assert None not in (before, code_hash(use)) and before != code_hash(use)


@pytest.mark.parametrize("value", [object(), [1], {"a": 1}, np.array([object()])])
def test_what_has_no_hash_is_not_guessed(value):
    assert code_hash(made("def f(x):\n    return VALUE", VALUE=value)) is None


def test_functions_that_call_each_other_have_a_hash():
    names = {}
    exec("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)", names)
    assert code_hash(names["f"]) == code_hash(names["f"]) is not None


# ------------------------------------------------------------------------------ in processes

PROGRAM = """
import numpy as np
import neatgrow as ng
from neatgrow.kernels import jit
import world
networks = ng.Population(1, 1, ng.Config(population_size=2)).ask().compile()
problem = ng.Simulation(
    world.reset, world.step, inputs=1, outputs=1, state=1, starts=[[1.0]], steps=3
)
before = jit.compile_seconds()
fitness = problem.evaluate(networks).fitness
print(fitness[0], jit.compile_seconds() > before)
"""
WORLD = """
PUSH = {push}
def reset(state, observation, parameters, start):
    state[0] = start[0]
def step(state, observation, parameters, action):
    return PUSH, False
"""


def play(folder, environment, push):
    (folder / "world.py").write_text(WORLD.format(push=push))
    environment = environment | {
        "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{folder}:{neatgrow.__path__[0]}/..",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, text=True, capture_output=True,
        timeout=240, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    fitness, compiled = done.stdout.split()
    return float(fitness), compiled == "True"


def test_a_simulator_is_compiled_once_and_again_when_a_constant_changed(
    tmp_path, subprocess_environment
):
    runs = [play(tmp_path, subprocess_environment, push) for push in (1.0, 1.0, 2.0, 1.0)]
    assert runs == [(3.0, True), (3.0, False), (6.0, True), (3.0, False)]
