"""Compilation ahead of use."""

import subprocess
import sys

import pytest

from neatgrow import warm

USES = """
import numpy as np
import neatgrow as ng
from neatgrow.kernels import jit
compiled = []
jit.on_compile.append(lambda: compiled.append(1))
result = ng.evolve(ng.XOR(), generations=5, seed=1, progress=False, directory="run")
ng.fine_tune(result.champion, np.zeros((4, 2)), np.zeros((4, 1)), steps=2, progress=False)
ng.evolve(ng.XOR(), generations=2, learning=ng.Learning(steps=2), progress=False)
ng.evolve(ng.PoleBalancing(), generations=2, progress=False)
ng.evolve(ng.Gymnasium("CartPole-v1", episodes=1), generations=2, progress=False)
print(len(compiled))
"""


@pytest.mark.slow
def test_after_warming_nothing_of_the_usual_is_compiled(tmp_path, subprocess_environment):
    warmed = subprocess.run(
        [sys.executable, "-m", "neatgrow", "warm", "--processes", "2"],
        env=subprocess_environment, cwd=tmp_path, text=True, capture_output=True, timeout=600,
    )  # fmt: skip
    assert warmed.returncode == 0, warmed.stderr
    assert [line.split(":")[0] for line in sorted(warmed.stdout.splitlines()[:-1])] == sorted(
        warm.PARTS
    )
    used = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", USES], env=subprocess_environment, cwd=tmp_path,
        text=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert used.returncode == 0, used.stderr
    assert used.stdout.split()[-1] == "0"


def test_impossible_numbers_of_processes_are_refused(capsys):
    from neatgrow.cli import main

    assert main(["warm", "--processes", "0"]) == 2
    assert "--processes: expected an integer of at least 1, got 0" in capsys.readouterr().err
