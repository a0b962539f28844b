"""Code of the user's own, found by the names that they give it.

Only what the user names is imported, never what a file names: a run's description says where its
environment was made, and it is found again in modules that :func:`imported` has imported.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from neatgrow import _checks

_imported: dict[str, ModuleType] = {}  # by the user's wish


def imported(source: str) -> ModuleType:
    """Import a module by its name, with the current folder among the places, or a ``file.py``.

    A file is imported under its own name, with its folder among the places, as if it were run
    there; so worker processes find it too.

    Raises:
        ImportError: There is none, it cannot be imported, or a file's name is already that of
            another module.
        FileNotFoundError: There is no such file.
    """
    name, folder = source, Path.cwd()
    path = Path(source)
    if source.endswith(".py"):
        if not path.is_file():
            rule, got = "a Python file", "none there"
            raise FileNotFoundError(_checks.message(source, rule, got))
        name, folder = path.stem, path.resolve().parent
    if str(folder) not in sys.path:
        sys.path.append(
            str(folder)
        )  # last, so that nothing that lies around hides what is installed
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        rule, got = "a module that can be imported", f"{type(error).__name__}: {error}"
        raise ImportError(_checks.message(source, rule, got)) from error
    origin = getattr(module, "__file__", None)
    if source.endswith(".py") and (origin is None or Path(origin).resolve() != path.resolve()):
        remedy = "Rename the file."
        raise ImportError(
            _checks.message(source, "a name that no other module has", repr(name), remedy)
        )
    _imported[name] = module
    return module


def is_named(text: str) -> bool:
    """Whether it is ``file.py:name`` or ``module:name``, not an id of an environment."""
    source, colon, name = text.rpartition(":")
    return bool(colon and source) and name.isidentifier()


def named(text: str) -> Any:
    """What a module of the user's, which is imported, has under a name.

    Raises:
        ImportError, FileNotFoundError: As :func:`imported`.
        ValueError: It has nothing of that name.
    """
    source, _, name = text.rpartition(":")
    return _attribute(imported(source), name, source)


def place_of(factory: Any) -> dict[str, str] | None:
    """Where a function or class stands, for :func:`found`; ``None`` for one that has no name of
    its own in a module.
    """
    name, module = getattr(factory, "__qualname__", ""), getattr(factory, "__module__", "")
    if module == "__main__":  # the script, which is imported by its file's name
        module = Path(getattr(sys.modules["__main__"], "__file__", None) or "").stem
    if not (str(name).isidentifier() and all(p.isidentifier() for p in str(module).split("."))):
        return None
    return {"module": str(module), "name": str(name)}


def found(place: Any, trusted: bool = False) -> Any:
    """What :func:`place_of` named, in a module that the user had imported.

    Args:
        place: Module and name.
        trusted: Whether the user vouches for whoever named them, so that the module is imported.

    Raises:
        ValueError: Its module was not imported by the user's wish, or has nothing of that name.
    """
    given = place if isinstance(place, dict) else {}
    module, name = str(given.get("module", "")), str(given.get("name", ""))
    if trusted and module not in _imported:
        imported(module)
    if module not in _imported or not name.isidentifier():
        raise ValueError(
            _checks.message(
                "problem", "one whose code you have imported",
                f"an environment made by {_checks.shown(name)} in {_checks.shown(module)}",
                "Pass --import with that module or its file, if you trust it; in Python pass "
                "problem=.",
            )
        )  # fmt: skip
    return _attribute(_imported[module], name, module)


def _attribute(module: ModuleType, name: str, source: str) -> Any:
    if not hasattr(module, name):
        public = [known for known in vars(module) if not known.startswith("_")]
        rule, got = "a name in it", repr(name)
        raise ValueError(_checks.message(source, rule, got, _checks.nearest(name, public)))
    return getattr(module, name)
