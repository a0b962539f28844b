import re
import runpy
from pathlib import Path

import pytest

import neatgrow as ng

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_readmes_python_runs_as_written(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert isinstance(names["champion"], ng.Genome)
    assert (tmp_path / "champion.png").stat().st_size > 1000


@pytest.mark.parametrize("name", ["xor", "cartpole", "own_loop"])
def test_examples_run(name, capsys):
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert "Genome(" in capsys.readouterr().out or name == "cartpole"


def test_the_settings_said_equal_in_the_readme_are():
    config = ng.Config(population_size=300, recurrent=False).override(
        {"mutation.add_node": 0.03, "genes.activation.options": ["tanh", "relu"]}
    )
    assert config == ng.Config.from_toml(config.to_toml())
