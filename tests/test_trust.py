"""A run's files name modules, and nothing of it is imported unless the caller says so."""

import json
import os
import subprocess
import sys

import pytest

import neatgrow as ng
from neatgrow.cli import main
from neatgrow.problems import catalogue

PLANTED = """
import os, pathlib
pathlib.Path(os.environ["MARK"]).write_text("ran")
import gymnasium
if "Planted-v0" not in gymnasium.registry:
    gymnasium.register("Planted-v0", "gymnasium.envs.classic_control:CartPoleEnv",
                       max_episode_steps=30)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    ng.evolve(
        ng.Gymnasium("CartPole-v1", max_steps=30, backend="single"),
        config=ng.Config(population_size=10), generations=1, solved_at=1e9, directory=path,
    )  # fmt: skip
    return path


@pytest.fixture
def stranger(run, tmp_path, monkeypatch):
    """A run of a stranger's, in the current folder; what describes it, and where the mark is."""
    path = tmp_path / "place" / "run"
    path.parent.mkdir()
    subprocess.run(["cp", "-r", run, path], check=True)
    mark = tmp_path / "mark"
    monkeypatch.setenv("MARK", str(mark))
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(sys, "path", ["", str(path), str(path.parent), *sys.path])

    def described(**changes):
        file = path / "problem.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    yield path, described, mark
    for name in ("planted", "planted.inner", "run", "leaver"):
        sys.modules.pop(name, None)
    import gymnasium

    gymnasium.registry.pop("Planted-v0", None)


PLACES = {
    "in the directory": ("run/planted.py", "planted:Planted-v0"),
    "beside it": ("planted.py", "planted:Planted-v0"),
    "two colons": ("planted.py", "planted:inner:Planted-v0"),
    "leading colon": ("planted.py", ":planted:Planted-v0"),
    "a package's inner module": ("planted/__init__.py", "planted.inner:Planted-v0"),
    "the directory as a package": ("run/__init__.py", "run:Planted-v0"),
    "a test discoverer": ("run/test_planted.py", "unittest.__main__:Planted-v0"),
    "another test discoverer": ("run/conftest.py", "pytest.__main__:Planted-v0"),
}

ATTEMPTS = {
    "resume": lambda path: ng.resume(path, generations=2),
    "report": ng.report,
    "resume command": lambda path: main(["resume", str(path), "--generations", "2"]),
    "resume and learn": lambda path: main(["resume", str(path), "--learn"]),
    "report command": lambda path: main(["report", str(path)]),
    "watch": lambda path: main(["watch", str(path)]),
    "show": lambda path: main(["show", str(path)]),
}


SLOW_TO_DRAW = {"report", "report command", "show"}  # from one place each, and one discoverer
TRIED = [
    (place, attempt)
    for place in PLACES
    for attempt in ATTEMPTS
    if attempt not in SLOW_TO_DRAW or place in ("in the directory", "a test discoverer")
]


@pytest.mark.parametrize(("place", "attempt"), TRIED)
def test_nothing_that_a_file_names_is_imported(place, attempt, stranger, capsys):
    path, described, mark = stranger
    where, environment = PLACES[place]
    file = path.parent / where
    file.parent.mkdir(exist_ok=True)
    file.write_text(PLANTED)
    described(environment=environment)
    before = set(sys.modules)
    if attempt == "resume":
        with pytest.raises(ValueError, match="trust=True"):
            ATTEMPTS[attempt](path)
    else:
        answer = ATTEMPTS[attempt](path)
        if attempt not in SLOW_TO_DRAW:
            assert answer == 2
            assert "--trust" in capsys.readouterr().err
    assert not mark.exists()
    assert not {"planted", "run", "unittest.__main__", "pytest.__main__"} & (
        set(sys.modules) - before
    )


def test_the_page_of_an_untrusted_run_says_what_it_lacks(stranger):
    path, described, _ = stranger
    described(environment="planted:Planted-v0")
    page = ng.report(path).read_text("utf-8")
    assert "--import planted or --trust" in page and "connections" in page


@pytest.mark.parametrize("trust", [True, ["planted"]])
def test_what_the_caller_vouches_for_is_imported(trust, stranger):
    path, described, mark = stranger
    (path.parent / "planted.py").write_text(PLANTED)
    described(environment="planted:Planted-v0")
    with pytest.raises(ValueError, match="needs no import"):
        ng.resume(path, generations=2, trust=["another"])
    assert not mark.exists()
    assert len(ng.resume(path, generations=2, trust=trust).history) == 2
    assert mark.exists()


@pytest.mark.parametrize("flags", [["--trust"], ["--import", "planted"]])
def test_the_command_line_imports_what_its_user_names(flags, stranger, capsys):
    path, described, mark = stranger
    (path.parent / "planted.py").write_text(PLANTED)
    described(environment="planted:Planted-v0")
    assert main(["resume", str(path), "--generations", "2", *flags]) == 0
    assert mark.exists()


def test_a_module_that_leaves_the_program_is_an_error(stranger, capsys):
    path, described, _ = stranger
    (path.parent / "leaver.py").write_text("raise SystemExit(0)")
    described(environment="leaver:Any-v0")
    with pytest.raises(ImportError, match="SystemExit"):
        ng.resume(path, generations=2, trust=True)
    assert main(["resume", str(path), "--trust"]) == 2
    assert main(["show", str(path), "--import", "leaver"]) == 2
    assert "leaver: expected a module" in capsys.readouterr().err


GYMNASIUM = {"problem": "gymnasium", "environment": "CartPole-v1"}


@pytest.mark.parametrize(
    "description",
    [
        GYMNASIUM | {"processes": 64},
        GYMNASIUM | {"wrappers": ["x"]},
        GYMNASIUM | {"make_kwargs": {"render_mode": "human"}},
        GYMNASIUM | {"make_kwargs": {"xml_file": "/etc/passwd"}},
        GYMNASIUM | {"make_kwargs": {"env_id": "planted:Planted-v0"}},
        GYMNASIUM | {"make_kwargs": {"a": {"b": "c"}}},
        GYMNASIUM | {"make_kwargs": "text"},
        GYMNASIUM | {"slots": 10**9},
        GYMNASIUM | {"episodes": 10**9},
        GYMNASIUM | {"episodes": "many"},
        {"problem": "gymnasium", "environment": ["CartPole-v1"]},
        {"problem": "recall", "n": 10**5, "samples": 10**5},
    ],
)
def test_a_description_cannot_choose_workers_windows_files_or_sizes(description):
    with pytest.raises(ValueError, match="expected"):
        catalogue.rebuild(description)


def test_a_run_in_worker_processes_goes_on_without_them(run):
    problem = catalogue.rebuild(GYMNASIUM | {"backend": "processes", "make_kwargs": {}})
    assert problem.backend != "processes"


def test_trust_is_a_truth_value_or_names(run):
    for wrong in ("planted", 1, [1], None):
        with pytest.raises(TypeError, match="trust: expected"):
            ng.resume(run, trust=wrong)
    with pytest.raises(TypeError) as caught:
        ng.resume(run, trust=[1] * 5000)
    assert len(str(caught.value)) < 300


def test_a_fresh_interpreter_in_the_directory_leaves_no_mark(stranger, subprocess_environment):
    path, described, mark = stranger
    (path / "planted.py").write_text(PLANTED)
    described(environment="planted:Planted-v0")
    environment = {**os.environ, **subprocess_environment, "MARK": str(mark)}
    code = "import sys; from neatgrow.cli import main; sys.exit(main(['resume', '.']))"
    end = subprocess.run(
        [sys.executable, "-c", code], cwd=path, env=environment, capture_output=True, text=True
    )
    assert end.returncode == 2 and "planted" in end.stderr and not mark.exists()
