"""What is handed out: a source distribution that passes its tests, a wheel of Python alone."""

import email
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import neatgrow as ng

ROOT = Path(__file__).parents[1]
FOLDERS = ["neatgrow", "tests", "docs", "examples", "benchmarks", ".ci"]
pytestmark = [
    pytest.mark.skipif(not (ROOT / "neatgrow").is_dir(), reason="the sources are not here"),
    pytest.mark.skipif(
        importlib.util.find_spec("setuptools") is None
        or int(version("setuptools").partition(".")[0]) < 77,
        reason="needs setuptools 77",
    ),
]


def files_of(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(what, folder):
    """What setuptools makes of a folder of sources."""
    code = f"from setuptools import build_meta; build_meta.build_{what}('dist')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)
    (made,) = (folder / "dist").iterdir()
    return made


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of this project's files, to build in."""
    copy = tmp_path_factory.mktemp("sources")
    junk = shutil.ignore_patterns("__pycache__", "*.egg-info", ".hypothesis")
    for name in FOLDERS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=junk)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy(path, copy / path.name)
    return copy


@pytest.fixture(scope="module")
def unpacked(sources, tmp_path_factory):
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    archive = build("sdist", sources)
    assert archive.name == f"neatgrow-{ng.__version__}.tar.gz"
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(unpacked, tmp_path_factory):
    """A wheel, made of the source distribution."""
    copy = tmp_path_factory.mktemp("wheel") / "sources"
    shutil.copytree(unpacked, copy)
    return build("wheel", copy)


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as file:
        text = file.read(f"neatgrow-{ng.__version__}.dist-info/METADATA").decode()
    return email.message_from_string(text)


def test_the_source_distribution_holds_every_file_of_the_project(sources, unpacked):
    there = files_of(unpacked)
    for name in FOLDERS:
        if (sources / name).is_dir():
            assert {f"{name}/{path}" for path in files_of(sources / name)} <= there
    top = {"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "pyproject.toml", "MANIFEST.in"}
    assert top <= there
    assert not [path for path in there if path.endswith((".pyc", ".nbi", ".nbc"))]


def test_the_source_distribution_passes_its_tests(unpacked, subprocess_environment):
    """Those that compile nothing; the gate runs them all in an unpacked one."""
    environment = {k: v for k, v in subprocess_environment.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider",
         "tests/test_config.py"],
        cwd=unpacked, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_is_of_python_alone_and_holds_the_package_and_no_more(sources, wheel):
    assert wheel.name == f"neatgrow-{ng.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        told = file.read(f"neatgrow-{ng.__version__}.dist-info/WHEEL").decode()
    assert "Root-Is-Purelib: true" in told
    package = {name for name in names if ".dist-info/" not in name}
    assert package == {f"neatgrow/{path}" for path in files_of(sources / "neatgrow")}
    assert {"neatgrow/py.typed", "neatgrow/__init__.pyi"} <= package
    assert any(name.endswith(".js") for name in package)
    assert f"neatgrow-{ng.__version__}.dist-info/licenses/LICENSE" in names


def test_the_metadata_declares_what_pyproject_says(metadata):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["Requires-Python"] == project["requires-python"]
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    plain = {re.sub(r"[\s'\"]", "", line) for line in needed}
    assert plain == {re.sub(r"[\s'\"]", "", line) for line in project["dependencies"]}
    for name in ("numpy", "numba", "networkx", "matplotlib", "gymnasium"):
        assert any(line.startswith(f"{name}>=") for line in plain)


def test_pictures_and_links_lead_somewhere_on_a_package_index(metadata):
    text = metadata.get_payload()
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    assert text.lstrip().startswith("# neatgrow") and "ng.evolve(" in text
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert all(re.match(r"https://|#", link) for link in links)


def test_links_become_names_of_files_or_lead_to_the_sources():
    spec = importlib.util.spec_from_file_location("setup_of_neatgrow", ROOT / "setup.py")
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    text = "![A net](docs/net.png) and [noise](docs/noise.md), [web](https://a.b/c), [up](#top)"
    assert setup.for_an_index(text, None) == (
        "*A net* (`docs/net.png` of the source distribution) and `docs/noise.md`, "
        "[web](https://a.b/c), [up](#top)"
    )
    assert setup.for_an_index(text, "https://x.y/z") == (
        "![A net](https://x.y/z/raw/HEAD/docs/net.png) and "
        "[noise](https://x.y/z/blob/HEAD/docs/noise.md), [web](https://a.b/c), [up](#top)"
    )


def test_every_file_that_the_readme_names_is_there():
    named = re.findall(r"\]\((?!\w+:|#)([^)]*)\)", (ROOT / "README.md").read_text("utf-8"))
    assert named and all((ROOT / os.fspath(path)).is_file() for path in named)
