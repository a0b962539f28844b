"""What the README and the examples say is executed or looked up."""

import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import neatgrow as ng
from neatgrow._settings import KINDS
from neatgrow.cli import main
from neatgrow.kernels import dynamics, functions

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CASES, WANTED = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dynamics, "_registered", {})  # what a page registers is its own


def test_the_readmes_python_runs_as_written(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 5
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"README.md, block {number}", "exec"), names)
    assert isinstance(names["champion"], ng.Genome)
    assert (tmp_path / "champion.png").stat().st_size > 1000
    result, population = names["result"], names["population"]
    assert result.solved and result.champion_fitness >= 3.9
    assert population.generation == 100 and population.champion_fitness > -0.25


def test_the_readmes_fitness_function_solves_what_it_says_whatever_the_order_of_cases():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    block = next(block for block in blocks if "def fitness" in block)
    draw, solved = np.random.default_rng(0), 0
    for seed in range(40):
        names: dict[str, object] = {"ng": ng}
        exec(block.replace("seed=1", f"seed={seed}"), names)
        result = names["result"]
        solved += result.solved
        network = result.champion.compile()
        by_predict = network.predict(CASES)[:, 0]
        one_by_one = np.empty(4)
        for row in draw.permutation(4):  # state is kept from case to case
            one_by_one[row] = network.activate(CASES[row])[0]
        fresh = np.array([result.champion.compile().activate(x)[0] for x in CASES])
        for outputs in (by_predict, one_by_one, fresh):
            assert 4.0 - ((outputs - WANTED) ** 2).sum() > 3.899 or not result.solved, seed
    assert solved >= 38


def test_no_page_has_a_place_that_is_left_to_fill():
    pages = [ROOT / "README.md", ROOT / "benchmarks" / "RESULTS.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        assert not re.findall(r"(?<!`)\b[A-Z]{9,}\b", page.read_text("utf-8")), page.name


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "docs").glob("*.md")))
def test_the_python_of_the_pages_runs_as_written(name, monkeypatch):
    for family, kinds in KINDS.items():  # classes of a page are known while it runs
        own = {kind: home for kind, home in kinds.items() if isinstance(home, str)}
        monkeypatch.setitem(KINDS, family, own)
    page = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    names: dict[str, object] = {}
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL), 1):
        exec(compile(block, f"docs/{name}.md, block {number}", "exec"), names)
        for line in block.splitlines():
            if line.endswith("  # True"):
                assert eval(line, names), line
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page)
    assert all((ROOT / "docs" / path).is_file() for path in pictures)


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "examples").glob("*.py")))
def test_examples_run(name, capsys):
    for package in {"tensorboard": ["tensorboardX"]}.get(name, ()):
        pytest.importorskip(package)
    example = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))
    assert example["__doc__"] and capsys.readouterr().out == ""  # importing it does nothing
    example["main"]()
    output = capsys.readouterr().out
    said = {
        "xor": ["Result(solved=True", "wanted 1"],
        "cartpole": ["Result(solved=True", "mean return over 100 fresh episodes: "],
        "tensorboard": ["generations are in scalars/xor"],
        "own_loop": ["generation 150: error 0.0", "Genome("],
        "learn_later": ["evolved, 0.00"],
        "own_environment": ["Result(solved=True", "an action: ", "over 20 episodes"],
        "one_world": ["the best bird lived 600 frames"],
        "spikes": ["Result(solved=True", "96 of 96 phases right"],
        "staring": [" 20 ticks: 9"],
        "izhikevich_patterns": ["tonic bursting              28 spikes, the first at 25 ms"],
        "sequence_memory": ["recalled after 5 ticks: 100% of 64 bits"],
    }
    assert all(text in output for text in said.get(name, [])), output


def test_the_commands_of_the_own_environment_run(tmp_path, monkeypatch, capsys, unpainted):
    path = ROOT / "examples" / "own_environment.py"
    (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    typed = re.findall(r"^    (neatgrow .*)$", path.read_text("utf-8"), re.MULTILINE)
    assert [shlex.split(text)[1] for text in typed] == ["run", "resume", "watch"]
    try:
        for text in typed:
            words = re.sub(r"generations \d+", "generations 2", text)
            assert main(shlex.split(words)[1:]) == 0, capsys.readouterr().err
    finally:
        sys.modules.pop("own_environment", None)
    assert (tmp_path / "hover.gif").stat().st_size > 1000


def commands_of(readme):
    """Everything that the README tells people to type, one command each."""
    blocks = re.findall(r"^    (\S.*)$", readme, re.MULTILINE)
    spans = re.findall(r"`((?:neatgrow|python -m|pip) [^`]+)`", readme.replace("\n", " "))
    typed = [part.strip() for text in (*blocks, *spans) for part in text.split("&&")]
    return [text for text in typed if re.match(r"(neatgrow|python -m|pip|pytest)\b", text)]


def test_the_commands_of_readme_and_pages_exist(capsys):
    typed = commands_of(README)
    for page in (ROOT / "docs").glob("*.md"):
        typed += commands_of(page.read_text("utf-8"))
    assert any(text.startswith("neatgrow run") for text in typed) and "pytest" in typed
    assert PROJECT["scripts"] == {"neatgrow": "neatgrow.cli:main"}
    for text in typed:
        words = shlex.split(text)
        if words[0] == "neatgrow":
            with pytest.raises(SystemExit) as caught:
                main([words[1], "--help"])
            assert caught.value.code == 0
            offered = capsys.readouterr().out
            assert all(word in offered for word in words if word.startswith("--")), text
        elif words[:2] == ["python", "-m"] and words[2].startswith("benchmarks"):
            module = ROOT / Path(*words[2].split("."))
            assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file(), text


def test_the_extras_of_the_readme_exist():
    named = set(re.findall(r"\.\[(\w+)\]", README))
    assert {"test", "box2d"} <= named <= set(PROJECT["optional-dependencies"])
    from neatgrow.problems import catalogue

    needed = {entry.extra for entry in catalogue.ENTRIES.values() if entry.extra}
    assert needed <= set(PROJECT["optional-dependencies"])


def test_the_tour_of_the_code_names_every_folder_and_what_is_there():
    tour = (ROOT / "docs" / "architecture.md").read_text("utf-8").replace("\n", " ")
    package = Path(ng.__file__).parent
    named = re.findall(r"`([\w/]+\.pyi?)`(?: \(`(\w+)`\))?", tour)
    assert len(named) > 30
    for path, name in named:
        file = ROOT / path if path.startswith("tests/") else package / path
        assert re.search(rf"\b(def|class) {name}\b" if name else "", file.read_text("utf-8")), path
    folders = {path.parent.relative_to(package) for path in package.rglob("__init__.py")}
    told = set(re.findall(r"`([a-z/]+)/`", tour))
    for path in folders - {Path()}:
        assert path.as_posix() in told or path.name in told, path  # those of plotting/ by name


def test_every_activation_and_aggregation_is_listed():
    flat = (ROOT / "docs" / "networks.md").read_text("utf-8").replace("\n", " ")
    count, listed = re.search(r"(\d+) activations \(([^)]*)\)", flat).groups()
    assert tuple(re.findall(r"`(\w+)`", listed)) == functions.ACTIVATIONS
    assert int(count) == len(functions.ACTIVATIONS)
    count, listed = re.search(r"(\d+) aggregations \(([^)]*)\)", flat).groups()
    assert tuple(re.findall(r"`(\w+)`", listed)) == functions.AGGREGATIONS
    assert int(count) == len(functions.AGGREGATIONS)


def test_every_public_name_has_a_docstring_and_the_version_is_one():
    assert all(getattr(ng, name).__doc__ for name in ng.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", ng.__version__)
    with pytest.raises(AttributeError, match="module 'neatgrow' has no attribute 'evolv'"):
        _ = ng.evolv
    assert set(ng.__all__) <= set(dir(ng))
