"""The cache of compiled kernels: found again, never stale, never fatal."""

import gc
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import oracles
import pytest

import neatgrow
from neatgrow.kernels import jit

PACKAGE = Path(neatgrow.__file__).parent

# The cheapest kernel there is; prints one number and how many kernels were compiled.
PROGRAM = """
import numpy as np
from neatgrow.kernels import jit, random
compiled = []
jit.on_compile.append(lambda: compiled.append(1))
one = np.ones(1, np.int64)
print(random.identities(one, one)[0], len(compiled))
"""
EXPECTED = oracles.identity(1, 1)


def start(cache, environment, program=PROGRAM, **variables):
    environment = environment | {"NUMBA_CACHE_DIR": str(cache)} | variables
    return subprocess.Popen(
        [sys.executable, "-W", "always", "-c", program], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(cache, environment, program=PROGRAM, **variables):
    process = start(cache, environment, program, **variables)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    number, compiled = map(int, output.split())
    return number, compiled, errors


def files(cache):
    return sorted((cache / "neatgrow").glob("*"))


@pytest.fixture
def filled(tmp_path, tmp_path_factory, subprocess_environment):
    """A cache that holds the kernel of PROGRAM, compiled once for all tests."""
    whole = tmp_path_factory.getbasetemp() / "whole"
    if not whole.exists():
        assert run(whole, subprocess_environment) == (EXPECTED, 1, "")
    return shutil.copytree(whole, tmp_path / "cache")


def test_a_kernel_is_compiled_once_and_then_found(filled, subprocess_environment):
    before = {path: path.stat().st_mtime_ns for path in files(filled)}
    assert run(filled, subprocess_environment) == (EXPECTED, 0, "")
    assert {path: path.stat().st_mtime_ns for path in files(filled)} == before


def test_a_found_kernel_loads_nothing_that_only_compilation_needs(tmp_path, subprocess_environment):
    program = (
        PROGRAM
        + """
import sys
assert ("numba.np.linalg" in sys.modules) == bool(compiled)
if not compiled:  # it still can
    import numba
    assert (numba.njit(lambda x: np.sort(x))(np.array([2, 1])) == [1, 2]).all()
"""
    )
    assert run(tmp_path, subprocess_environment, program)[1] == 1
    assert run(tmp_path, subprocess_environment, program) == (EXPECTED, 0, "")


def test_only_kernels_have_files_not_their_helpers(filled):
    (only,) = files(filled)
    assert re.fullmatch(r"neatgrow\.kernels\.random\.identities-[0-9a-f]{24}\.kernel", only.name)


def test_without_a_writable_directory_one_warning_is_given_and_kernels_work(
    tmp_path, subprocess_environment
):
    blocked = tmp_path / "a file"
    blocked.write_text("not a folder")
    program = PROGRAM + "jit.cache_directory()\n"
    number, compiled, errors = run(blocked / "cache", subprocess_environment, program)
    assert (number, compiled) == (EXPECTED, 1)
    place = blocked / "cache" / "neatgrow"
    assert errors.count("Warning") == 1
    assert (
        f"RuntimeWarning: kernel cache: expected a writable directory, got none of {place}. "
        "Kernels are compiled anew in every process; set NUMBA_CACHE_DIR to a writable directory."
    ) in errors
    assert blocked.read_text() == "not a folder"


def test_a_read_only_install_without_a_home_still_imports(tmp_path, subprocess_environment):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    program = (
        "from pathlib import Path\nfrom neatgrow.kernels import jit\n"
        f"jit.__file__ = {str(blocked / 'kernels' / 'jit.py')!r}\n" + PROGRAM
    )
    environment = {k: v for k, v in subprocess_environment.items() if k != "NUMBA_CACHE_DIR"}
    environment |= {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked / "home")}
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], env=environment, text=True,
        capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(EXPECTED), "1"]
    assert done.stderr.count("RuntimeWarning: kernel cache") == 1


def test_damaged_files_are_compiled_again(tmp_path, subprocess_environment):
    """Four files, as one kernel has one for each layout of its arrays."""
    program = PROGRAM.replace("np.ones(1, np.int64)", "np.ones(2, np.int64)").replace(
        "print(",
        "half = np.ones(4, np.int64)[::2]\nfor a in (one, half):\n    for b in (one, half):\n"
        "        random.identities(a, b)\nprint(",
    )
    assert run(tmp_path, subprocess_environment, program) == (EXPECTED, 4, "")
    whole = {path: path.read_bytes() for path in files(tmp_path)}
    empty, garbage, short, other = whole
    empty.write_bytes(b"")
    garbage.write_bytes(b"garbage" * 100)
    short.write_bytes(whole[short][: len(whole[short]) // 2])
    other.write_bytes(b"\x80\x04K\x01.")  # another pickle
    assert run(tmp_path, subprocess_environment, program) == (EXPECTED, 4, "")
    assert files(tmp_path) == [*whole]
    assert all(len(path.read_bytes()) > len(data) // 2 for path, data in whole.items())
    assert run(tmp_path, subprocess_environment, program) == (EXPECTED, 0, "")


def test_processes_that_compile_at_once_all_succeed(tmp_path, subprocess_environment):
    processes = [start(tmp_path, subprocess_environment) for _ in range(3)]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        assert output.split()[0] == str(EXPECTED)
    (only,) = files(tmp_path)
    assert only.suffix == ".kernel"  # no temporary file is left
    assert run(tmp_path, subprocess_environment) == (EXPECTED, 0, "")


def test_collections_wait_only_while_something_compiles():
    seen = []

    @numba.extending.overload(seen_while_typed := lambda x: x)
    def _(x):
        seen.append(gc.get_threshold())
        return lambda x: x

    usual = gc.get_threshold()
    inner = numba.njit(lambda x: seen_while_typed(x))
    assert numba.njit(lambda x: inner(x))(1) == 1
    assert seen and all(first >= 100_000 for first, *_ in seen)
    assert gc.get_threshold() == usual
    with pytest.raises(numba.TypingError):
        numba.njit(lambda x: x.nothing)(1)
    assert gc.get_threshold() == usual


# -------------------------------------------------------------------------- edited sources


@pytest.fixture
def copied(tmp_path):
    """A copy of the package that may be edited."""
    shutil.copytree(PACKAGE, tmp_path / "neatgrow", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "neatgrow"


def test_the_stamp_changes_with_any_kernel_source(copied, monkeypatch):
    monkeypatch.setattr(jit, "__file__", str(copied / "kernels" / "jit.py"))
    stamp = jit.source_stamp.__wrapped__
    first = stamp()
    assert first == stamp()
    stamps = {first}
    for name in ("functions.py", "random.py", "jit.py"):
        path = copied / "kernels" / name
        path.write_text(path.read_text("utf-8") + "\n# edited\n", "utf-8")
        stamps.add(stamp())
    assert len(stamps) == 4
    (copied / "selection" / "population.py").write_text("# not a kernel\n")
    assert stamp() in stamps


def test_an_edit_of_a_helper_in_another_file_is_seen(copied, subprocess_environment):
    """What numba's own cache misses."""
    (copied / "kernels" / "outer.py").write_text(
        "import numpy as np\n"
        "from neatgrow.kernels.jit import kernel\n"
        "from neatgrow.kernels.inner import plus\n"
        "@kernel\ndef outer(x):\n    return plus(x)\n"
    )
    inner = copied / "kernels" / "inner.py"
    source = (
        "from neatgrow.kernels.jit import helper\n@helper\ndef plus(x):\n    return x + {number}\n"
    )
    program = (
        "from neatgrow.kernels import jit\ncompiled = []\n"
        "jit.on_compile.append(lambda: compiled.append(1))\n"
        "from neatgrow.kernels.outer import outer\nprint(outer(1), len(compiled))"
    )
    environment = subprocess_environment | {"PYTHONPATH": str(copied.parent)}
    cache = copied.parent / "cache"
    results = []
    for number in (10, 10, 20, 10):
        inner.write_text(source.format(number=number))
        results.append(run(cache, environment, program, PYTHONSAFEPATH="1",
                           PYTHONDONTWRITEBYTECODE="1")[:2])  # fmt: skip
    assert results == [(11, 1), (11, 0), (21, 1), (11, 0)]


def test_the_cache_is_keyed_by_signature(filled, subprocess_environment):
    program = PROGRAM.replace("np.ones(1, np.int64)", "np.ones(4, np.int64)[::2]")
    assert run(filled, subprocess_environment, program)[:2] == (EXPECTED, 1)
    assert len(files(filled)) == 2


def test_on_compile_is_called_before_each_compilation_and_its_time_is_kept(
    tmp_path, subprocess_environment
):
    program = """
import numpy as np
from neatgrow.kernels import jit, random
calls = []
jit.on_compile.append(lambda: calls.append(1))
one = np.ones(1, np.int64)
random.identities(one, one)
random.derive_seeds(1, 2, 3, one)
print(len(calls), int(0.0 < jit.compile_seconds() < 60.0))
"""
    assert run(tmp_path, subprocess_environment, program)[:2] == (2, 1)
    assert run(tmp_path, subprocess_environment, program)[:2] == (0, 0)  # found, not compiled


def test_without_compilation_kernels_are_plain_functions(tmp_path, subprocess_environment):
    program = PROGRAM.replace("one = ", "np.seterr(all='ignore'); one = ")
    number, compiled, _ = run(
        tmp_path, subprocess_environment, program, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore"
    )
    assert (number, compiled) == (EXPECTED, 0)
    assert not files(tmp_path)


def test_of_the_fast_math_flags_only_the_harmless_one_is_on():
    assert set(jit._OPTIONS["fastmath"]) <= {"contract"}
