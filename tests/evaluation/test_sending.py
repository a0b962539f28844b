"""Functions of one's own in other processes, whatever the problem is and wherever they stand."""

import math
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.evaluation import sending
from neatgrow.kernels import dynamics, functions

X = np.linspace(-1.0, 1.0, 8)[:, None]


def own(z):
    return z / (1.0 + abs(z))


def held(z, state, parameters):
    state[0] = 0.5 * (state[0] + z)
    return state[0]


class Other(ng.Supervised):
    """Of a module that registers for itself, in another order, where workers import it."""

    def __init__(self):
        super().__init__(X, X**2, name="other")


if multiprocessing.parent_process() is not None:
    ng.register_activation("closure", math.cos)  # another than in the run, which counts
    ng.register_activation("named", own)
    ng.register_activation("unused", math.exp)


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(functions, "_registered", {})
    monkeypatch.setattr(dynamics, "_registered", {})


def registered():
    """By name, by value, of math and numpy."""
    scale = 1.5
    ng.register_activation("named", own)
    ng.register_activation("closure", lambda z: scale * math.sin(z))
    ng.register_activation("exp", math.exp)
    ng.register_activation("numpy", np.tanh)
    ng.register_dynamics("held", held)
    names = ["named", "closure", "exp", "numpy"]
    return ng.Config(population_size=16).override({
        "genes.activation": {"options": names, "start": "random", "swap_rate": 0.3},
        "genes.dynamics": {"options": ["instant", "held"], "start": "random"},
        "mutation.add_node": 0.5,
    })  # fmt: skip


def evolved(problem, config, **options):
    return ng.evolve(problem, config=config, seed=2, generations=3, progress=False, **options)


def test_workers_are_given_them_in_the_order_of_the_run():
    config = registered()
    alone = evolved(Other(), config)
    assert evolved(Other(), config, processes=1).fingerprint == alone.fingerprint


def test_an_executor_is_given_them_again_when_there_are_more():
    config = registered()
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as executor:
        first = evolved(Other(), config, executor=executor)
        assert first.fingerprint == evolved(Other(), config).fingerprint
        ng.register_activation("last", lambda z: z * z)
        ng.register_activation("exp", lambda z: 2.0**z, replace=True)
        more = config.override({"genes.activation.options": ["exp", "last"]})
        second = evolved(Other(), more, executor=executor)
        assert second.fingerprint == evolved(Other(), more).fingerprint


SCRIPT = """
import math
from dataclasses import dataclass
import neatgrow as ng

@dataclass(frozen=True, kw_only=True)
class Plain(ng.Encoding):
    kind = "plain"
    def interface(self, phenotype):
        return phenotype
    def decode(self, genomes):
        return ng.Genomes(genomes.packed, genomes.interface.phenotype)

if __name__ == "__main__":
    k = 2.0
    ng.register_activation("mine", lambda z: k * math.sin(z))
    config = ng.Config(population_size=12).override(
        {"genes.activation": {"options": ["mine"], "start": "mine"}}
    )
    def run(**options):
        return ng.evolve(ng.XOR(), seed=1, generations=2, progress=False, **options).fingerprint
    assert run(config=config) == run(config=config, processes=2)
    config = config.override({"encoding.kind": "plain"})
    assert run(config=config) == run(config=config, processes=2)
    print("equal")
"""


def test_a_lambda_and_an_encoding_of_a_script_reach_workers(tmp_path, subprocess_environment):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=subprocess_environment, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "equal\n", done.stderr


class Unsendable:
    def __reduce__(self):
        raise ValueError("not mine to give")


def test_one_that_cannot_be_sent_is_refused_before_a_worker_starts(monkeypatch):
    ng.register_activation("mine", own)
    entry = functions._registered["mine"]._replace(function=Unsendable())
    functions._registered["mine"] = entry
    with pytest.raises(TypeError, match=r"processes: expected activation 'mine' to be a function"):
        ng.evolve(ng.XOR(), processes=1, progress=False)


def taken_over(monkeypatch, sent, giver):
    """What a process of nobody's has registered afterwards."""
    monkeypatch.setattr(sending, "_here", lambda: ("here", 0))
    sending.take_over(sent.replace(b"away", giver))
    return list(functions.registered())


def test_a_process_that_serves_two_runs_refuses_to_mix_their_functions(monkeypatch):
    monkeypatch.setattr(sending, "_givers", set())
    monkeypatch.setattr(sending, "_here", lambda: ("away", 0))
    ng.register_activation("a", math.sin)
    ng.register_activation("b", math.cos)
    both = sending.sent_functions("executor")
    functions._registered.clear()
    ng.register_activation("b", math.cos)
    one = sending.sent_functions("executor")
    assert taken_over(monkeypatch, both, b"away") == ["a", "b"]
    assert taken_over(monkeypatch, both, b"also") == ["a", "b"]  # the same: no harm
    with pytest.raises(RuntimeError, match=r"functions a, b in a worker process.*got b\. Give"):
        taken_over(monkeypatch, one, b"else")
