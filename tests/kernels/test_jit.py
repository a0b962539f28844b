"""The cache of compiled kernels: found again, never stale, never fatal."""

import gc
import os
import pickle
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numba
import oracles
import pytest

import neatgrow
from neatgrow.kernels import cache as kernel_cache
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
    program = PROGRAM + "from neatgrow.kernels import cache\ncache.cache_directory()\n"
    number, compiled, errors = run(blocked / "cache", subprocess_environment, program)
    assert (number, compiled) == (EXPECTED, 1)
    place = blocked / "cache" / "neatgrow"
    assert errors.count("Warning") == 1
    assert (
        "RuntimeWarning: kernel cache: expected a folder that this user owns and nobody else can "
        f"write to, got none of {place}. Kernels are compiled anew in every process; set "
        "NUMBA_CACHE_DIR to a folder of your own, or remove one that others may have written to."
    ) in errors
    assert blocked.read_text() == "not a folder"


def test_a_read_only_install_without_a_home_still_imports(tmp_path, subprocess_environment):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    program = (
        "from pathlib import Path\nfrom neatgrow.kernels import cache\n"
        f"cache.__file__ = {str(blocked / 'kernels' / 'cache.py')!r}\n" + PROGRAM
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


def test_of_processes_that_start_at_once_one_compiles(tmp_path, subprocess_environment):
    processes, compiled = [start(tmp_path, subprocess_environment) for _ in range(4)], 0
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        assert output.split()[0] == str(EXPECTED)
        compiled += int(output.split()[1]) > 0
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


# ------------------------------------------------------------------------- other users' files

SOMEBODY = 12345  # a user id


def planted(path, where):
    """A file that writes another when it is unpickled."""

    class Planted:
        def __reduce__(self):
            return Path.write_text, (where, "it ran")

    path.write_bytes(pickle.dumps(Planted()))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
@pytest.mark.parametrize("how", ["another owner", "anyone may write", "its group may", "a link"])
def test_a_file_that_another_could_have_written_is_not_read(
    filled, tmp_path, subprocess_environment, how
):  # fmt: skip
    (path,) = files(filled)
    planted(path, tmp_path / "ran")
    if how == "another owner":
        if os.geteuid():
            pytest.skip("only root may give files away")
        os.chown(path, SOMEBODY, SOMEBODY)
    elif how == "a link":
        path.rename(tmp_path / "planted")
        path.symlink_to(tmp_path / "planted")
    else:
        path.chmod(0o666 if how == "anyone may write" else 0o660)
    assert run(filled, subprocess_environment) == (EXPECTED, 1, "")
    assert not (tmp_path / "ran").exists()
    assert run(filled, subprocess_environment) == (EXPECTED, 0, "")  # replaced by its own


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(filled, subprocess_environment):
    (path,) = files(filled)
    path.unlink()
    os.mkfifo(path, 0o600)
    assert run(filled, subprocess_environment) == (EXPECTED, 1, "")
    assert path.is_file()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
@pytest.mark.parametrize("how", ["another owner", "anyone may write", "its group may", "a link"])
def test_a_folder_that_another_could_have_written_to_is_no_cache(
    filled, tmp_path, subprocess_environment, how
):
    """Though what lies in it seems to be this user's own: nothing is read, written or mended."""
    folder = filled / "neatgrow"
    (path,) = files(filled)
    planted(path, tmp_path / "ran")
    path.chmod(0o600)
    if how == "another owner":
        if os.geteuid():
            pytest.skip("only root may give folders away")
        os.chown(folder, SOMEBODY, SOMEBODY)
    elif how == "a link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.chmod(0o777 if how == "anyone may write" else 0o770)
    before = folder.lstat().st_mode
    number, compiled, errors = run(filled, subprocess_environment)
    assert (number, compiled) == (EXPECTED, 1) and files(filled) == [path]
    assert errors.count("kernel cache: expected a folder that this user owns and nobody else") == 1
    assert folder.lstat().st_mode == before and not (tmp_path / "ran").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
def test_folder_and_files_are_made_for_their_user_alone(tmp_path, subprocess_environment):
    run(tmp_path, subprocess_environment, "import os\nos.umask(0)\n" + PROGRAM)
    (path,) = files(tmp_path)
    assert stat.S_IMODE((tmp_path / "neatgrow").stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_temporary_files_are_opened_exclusively(filled, tmp_path, subprocess_environment):
    """A link under the name that a file is first written to is neither followed nor replaced."""
    program = (
        "import tempfile\ntempfile._get_candidate_names = lambda: iter(['known', 'other'])\n"
        + PROGRAM
    )
    (path,) = files(filled)
    path.unlink()
    link = filled / "neatgrow" / "neatgrow.kernels.random.identities-known.tmp"
    (tmp_path / "precious").write_text("as it was")
    link.symlink_to(tmp_path / "precious")
    assert run(filled, subprocess_environment, program) == (EXPECTED, 1, "")
    assert link.is_symlink() and (tmp_path / "precious").read_text() == "as it was"
    assert path.is_file()


def test_files_that_nothing_used_for_a_month_are_removed(tmp_path, subprocess_environment):
    (tmp_path / "neatgrow").mkdir(mode=0o700)
    for name, days in (("old.kernel", 40), ("recent.kernel", 20), ("of somebody.txt", 40)):
        file = tmp_path / "neatgrow" / name
        file.write_bytes(b"of another version")
        when = time.time() - days * 86400
        os.utime(file, (when, when))
    run(tmp_path, subprocess_environment)
    others = [path.name for path in files(tmp_path) if "random" not in path.name]
    assert others == ["of somebody.txt", "recent.kernel"]
    (kept,) = [p for p in files(tmp_path) if "random" in p.name]
    os.utime(kept, (when, when))
    assert run(tmp_path, subprocess_environment) == (EXPECTED, 0, "")
    assert time.time() - kept.stat().st_mtime < 3600  # it is in use


@pytest.mark.parametrize(
    "name",
    [
        "core.caching.CompileResultCacheImpl", "core.runtime.rtsys",
        "core.caching.Cache._load_overload", "core.caching.Cache._index_key",
    ],
)  # fmt: skip
def test_names_that_numba_lacks_cost_the_cache_and_not_the_import(
    name, tmp_path, subprocess_environment
):
    program = f"import numba.core.caching, numba.core.runtime\ndel numba.{name}\n" + PROGRAM
    number, compiled, errors = run(tmp_path, subprocess_environment, program)
    assert (number, compiled) == (EXPECTED, 1) and not files(tmp_path)
    assert errors.count("kernel cache: expected names of numba that it lacks") == 1


# -------------------------------------------------------------------------- edited sources


@pytest.fixture
def copied(tmp_path):
    """A copy of the package that may be edited."""
    shutil.copytree(PACKAGE, tmp_path / "neatgrow", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "neatgrow"


def test_the_stamp_changes_with_any_kernel_source(copied, monkeypatch):
    monkeypatch.setattr(kernel_cache, "__file__", str(copied / "kernels" / "cache.py"))
    stamp = kernel_cache.source_stamp.__wrapped__
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


def test_helpers_are_optimised_and_made_machine_code_in_their_kernels_alone(
    tmp_path, subprocess_environment
):
    program = (
        PROGRAM
        + """
from numba.core import codegen
helper = next(iter(random.identity.overloads.values())).library
kernel = next(iter(random.identities.overloads.values())).library
assert type(kernel) is codegen.JITCodeLibrary and "define" in kernel.get_llvm_str()
assert "call" in helper.get_llvm_str() and not helper.get_pointer_to_function("any")
"""
    )
    assert run(tmp_path, subprocess_environment, program)[:2] == (EXPECTED, 1)


def test_where_numba_has_other_names_helpers_are_compiled_as_numba_does(
    tmp_path, subprocess_environment
):
    program = "import sys\nsys.modules['neatgrow.kernels.ir_only'] = None\n" + PROGRAM
    assert run(tmp_path, subprocess_environment, program)[:2] == (EXPECTED, 1)


def test_of_the_fast_math_flags_only_the_harmless_one_is_on():
    assert set(jit._OPTIONS["fastmath"]) <= {"contract"}
