"""Neuroevolution: evolve free-form neuron graphs, then let them learn.

The public names are listed once, in ``__init__.pyi``. They load on first use, so that
``import neatgrow`` loads neither gymnasium nor matplotlib nor networkx.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Lines of the list: from neatgrow.module import Name as Name. Loading pathlib would take longer
# than all the rest.
with open(f"{__path__[0]}/__init__.pyi", encoding="utf-8") as _file:  # noqa: PTH123
    _HOME = {words[-1]: words[1] for words in map(str.split, _file) if words[:1] == ["from"]}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neatgrow' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
