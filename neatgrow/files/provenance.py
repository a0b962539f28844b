"""What a file was made with: versions, processor, command line."""

import platform
import shlex
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import binding

import neatgrow
from neatgrow import _checks

# On which the last bits of a result may depend; gymnasium is left out where there is none.
VERSIONS = ("neatgrow", "python", "numpy", "numba", "gymnasium", "processor")
_MOST, _LENGTH = 20, 1000  # entries, and characters of each


@lru_cache(maxsize=1)
def made_with() -> dict[str, str]:
    """Versions and the processor by the names of VERSIONS, and ``command``.

    ``processor`` is the machine and what LLVM calls its processor, by which kernels are compiled.
    """
    found = {
        "neatgrow": neatgrow.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "gymnasium": _installed("gymnasium"),
        "processor": f"{platform.machine()} {binding.get_host_cpu_name()}",
        "command": _command(),
    }
    return {name: _plain(text) for name, text in found.items() if text}


def checked_provenance(values: Any) -> dict[str, str]:
    """What :func:`made_with` gave to a file, and what was added to it.

    Raises:
        ValueError: It is something else.
    """
    if (
        not isinstance(values, dict)
        or len(values) > _MOST
        or not all(type(text) is str and len(text) <= _LENGTH for pair in values.items()
                   for text in pair)
    ):  # fmt: skip
        raise ValueError(_checks.message("provenance", "texts by name", values))
    return values


def shown(made: dict[str, str]) -> str:
    """A line for people."""
    versions = [f"{name} {made[name]}" for name in VERSIONS if name in made]
    more = [made[name] for name in ("command", "call") if name in made]
    return "; ".join([", ".join(versions) or "versions not known", *more])


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What is known of both and differs, for people."""
    return [
        f"{name} {now[name]} instead of {before[name]}"
        for name in VERSIONS
        if name in before and name in now and before[name] != now[name]
    ]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _command() -> str:
    """The command line, of the program its name alone; empty in an interactive session."""
    program, *arguments = map(str, sys.argv or [""])
    path = Path(program)
    name = f"python -m {path.parent.name}" if path.name == "__main__.py" else shlex.quote(path.name)
    return f"{name} {shlex.join(arguments)}".strip() if program else ""


def _plain(text: str) -> str:
    """Text that any file can hold; half a surrogate pair, as in names of files, can be in none."""
    return text.encode("utf-8", "backslashreplace").decode()[:_LENGTH]
