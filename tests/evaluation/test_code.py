"""Code of users: what is imported, by whose word, and where it is found again."""

import sys

import gymnasium
import pytest

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.evaluation import code
from neatgrow.problems import catalogue
from neatgrow.runs.reading import read_run

FILE = """
import gymnasium, numpy as np
import neatgrow as ng

class Walk(gymnasium.Env):
    observation_space = gymnasium.spaces.Dict(at=gymnasium.spaces.Box(-9, 9, (1,)))
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(-1, 1)
        return {"at": np.array([self.at], np.float32)}, {}

    def step(self, action):
        self.at = float(np.clip(self.at + 0.1 * (2 * action - 1), -9, 9))
        return {"at": np.array([self.at], np.float32)}, -abs(self.at), False, False, {}

    def render(self):
        return np.zeros((8, 8, 3), np.uint8)

def make_env():
    return Walk()

def make_problem():
    return ng.XOR()

problem = ng.XOR()
number = 3
gymnasium.register("NAME-v0", Walk, max_episode_steps=7)
"""


@pytest.fixture
def walk(tmp_path, monkeypatch, unpainted, request):
    """A file of a name of its own, which no other test has imported."""
    name = f"walk_{abs(hash(request.node.name))}"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / f"{name}.py").write_text(FILE.replace("NAME", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(code, "_imported", {})
    yield name
    sys.modules.pop(name, None)
    gymnasium.registry.pop(f"{name}-v0", None)


def forget(name, monkeypatch):
    """As in another process."""
    sys.modules.pop(name, None)
    gymnasium.registry.pop(f"{name}-v0", None)
    monkeypatch.setattr(code, "_imported", {})


BRIEF = ("--generations", "1", "--population", "6", "--episodes", "2")


def test_a_run_on_code_of_ones_own_is_found_again_when_told_where(
    walk, capsys, monkeypatch, tmp_path
):
    file = f"code/{walk}.py"
    assert main(["run", f"{file}:Walk", *BRIEF, "--max-steps", "9", "--out", "one"]) == 0
    description, _, champion = read_run("one")
    assert description["factory"] == {"module": walk, "name": "Walk"}
    assert description["max_steps"] == 9 and description["episodes"] == 2
    assert champion.interface.input_names == ("at",)
    assert str(tmp_path) not in (tmp_path / "one" / "problem.json").read_text()
    for command in (["resume", "one", "--generations", "2"], ["watch", "one", "--video", "a.gif"]):
        forget(walk, monkeypatch)
        capsys.readouterr()
        assert main(command) == 2
        said = capsys.readouterr().err
        assert f"made by 'Walk' in '{walk}'. Pass --import with that module or its file" in said
        assert walk not in sys.modules
        assert main([*command, "--import", file]) == 0
    assert (tmp_path / "a.gif").stat().st_size > 100
    assert len(read_run("one")[1]) == 2
    forget(walk, monkeypatch)
    assert main(["report", "one", "--import", file]) == 0
    assert main(["show", "one", "--import", file]) == 0


def test_ids_of_a_module_that_is_imported_and_functions_of_it_run(walk, capsys, monkeypatch):
    monkeypatch.chdir("code")
    assert main(["run", f"{walk}-v0", *BRIEF]) == 2
    assert main(["run", f"{walk}-v0", *BRIEF, "--import", walk, "--out", "one"]) == 0
    assert main(["run", f"{walk}:make_env", *BRIEF, "--out", "two", "--normalize"]) == 0
    assert "episodes end after 1000 steps, for want of a limit" in capsys.readouterr().out
    assert read_run("two")[0]["normalize"] is True
    assert main(["run", f"{walk}.py:make_env", *BRIEF, "--max-steps", "5"]) == 0
    assert (read_run(f"runs/{walk}-make_env-seed0")[0])["max_steps"] == 5


def test_a_problem_or_a_function_that_makes_one_runs(walk, capsys):
    for name in ("problem", "make_problem"):
        file = f"code/{walk}.py:{name}"
        assert main(["run", file, "--generations", "1", "--population", "6", "--out", name]) == 0
        assert read_run(name)[0]["problem"] == "xor"
        assert main(["run", file, *BRIEF]) == 2
        assert "expected no options, since it makes the problem itself, got" in (
            capsys.readouterr().err
        )


def test_what_cannot_be_found_is_said(walk, capsys, tmp_path):
    def said(*arguments):
        assert main(arguments) == 2
        return capsys.readouterr().err

    file = f"code/{walk}.py"
    assert "nowhere.py: expected a Python file, got none there." in said("run", "nowhere.py:make")
    assert "Did you mean 'make_env'?" in said("run", f"{file}:make_evn")
    assert "expected a problem, an environment, or a function" in said("run", f"{file}:number")
    assert "expected a module that can be imported" in said("run", "xor", "--import", "no_such_one")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    assert "SystemExit: 3" in said("run", "xor", "--import", "leaves.py")
    (tmp_path / "json.py").write_text("")
    assert "Rename the file" in said("run", "xor", "--import", "json.py")
    assert "--max-steps: expected only with an environment" in said(
        "run", "xor", "--max-steps", "3"
    )


@pytest.mark.parametrize("place", [
    None, 3, {}, {"module": "os", "name": "abort"}, {"module": "a", "name": "b.c"},
    {"module": ["os"], "name": "abort"},
])  # fmt: skip
def test_a_description_imports_and_calls_nothing_by_itself(place):
    with pytest.raises(ValueError, match="problem: expected one"):
        catalogue.rebuild({"problem": "gymnasium", "environment": None, "factory": place})


def test_what_has_no_name_in_a_module_has_no_place():
    assert code.place_of(lambda: None) is None
    assert code.place_of(ng.XOR) == {"module": "neatgrow.problems.supervised", "name": "XOR"}
    assert not code.is_named("ale_py:ALE/Pong-v5") and not code.is_named("CartPole-v1")
    assert code.is_named("drone.py:make_env") and code.is_named("pack.age:make")


def test_environments_without_a_limit_run_on_the_command_line(
    tmp_path, monkeypatch, capsys, unpainted
):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "Blackjack-v1", *BRIEF]) == 0
    assert "episodes end after 1000 steps" in capsys.readouterr().out
    assert main(["run", "CliffWalking-v1", *BRIEF, "--max-steps", "20"]) == 0
    assert "for want of a limit" not in capsys.readouterr().out
