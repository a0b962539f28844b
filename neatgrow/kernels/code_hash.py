"""A hash of all that the compiled code of a user's function depends on."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_LIBRARIES = ("builtins", "math", "cmath", "operator", "numpy", "numba")
_LARGEST = 1 << 20  # bytes of an array that is part of the code


class _UntoldError(Exception):
    """Something may change the code without changing the hash."""


def code_hash(*functions: Callable[..., Any]) -> str | None:
    """Changes with the functions' code, constants, defaults and options, with the globals and
    modules' attributes that they name, and with those of the functions that they call.

    Returns:
        A hash, the same in every process; ``None`` where a function uses what has none, such as
        an object of a class of the user's.
    """
    digest = hashlib.sha256(f"{sys.version_info[:2]} {np.__version__}".encode())
    seen: dict[int, int] = {}
    try:
        for function in functions:
            for part in _parts(function, seen):
                digest.update(b"\0%d " % len(part) + part)
    except _UntoldError:
        return None
    return digest.hexdigest()


def _parts(value: Any, seen: dict[int, int]) -> Iterator[bytes]:
    """What a value is, as bytes; of functions and modules, each once."""
    kind = type(value)
    if kind in (type(None), bool, int, float, complex, str, bytes, type(...)):
        yield f"{kind.__name__} {value!r}".encode("utf-8", "backslashreplace")
    elif isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        if value.nbytes > _LARGEST:
            raise _UntoldError
        yield f"array {value.dtype} {value.shape}".encode() + value.tobytes()
    elif kind in (tuple, frozenset):
        items = value if kind is tuple else sorted(value, key=repr)
        yield b"%d of" % len(items)
        for item in items:
            yield from _parts(item, seen)
    elif id(value) in seen:
        yield b"again %d" % seen[id(value)]
    elif hasattr(value, "py_func") and hasattr(value, "targetoptions"):
        seen[id(value)] = len(seen)
        yield f"compiled {sorted(value.targetoptions.items())!r}".encode()
        yield from _parts(value.py_func, seen)
    elif kind is FunctionType:
        seen[id(value)] = len(seen)
        yield from _of_function(value, seen)
    elif isinstance(value, ModuleType):
        yield f"module {value.__name__}".encode()
    elif (kind in (BuiltinFunctionType, np.ufunc, type) or callable(value)) and _is_known(value):
        yield f"{getattr(value, '__module__', '')} {value.__name__}".encode()
    else:
        raise _UntoldError


def _is_known(value: Any) -> bool:
    """Whether a callable is a library's, which its version stands for."""
    home = str(getattr(value, "__module__", None) or "numpy")  # that of old ufuncs is not said
    return hasattr(value, "__name__") and home.partition(".")[0] in _LIBRARIES


def _of_function(function: FunctionType, seen: dict[int, int]) -> Iterator[bytes]:
    yield from _of_code(function.__code__, seen)
    yield from _parts(function.__defaults__, seen)
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, seen)
    names = sorted(_names(function.__code__))
    reached = [function.__globals__[name] for name in names if name in function.__globals__]
    for value in reached:
        yield from _parts(value, seen)
    for module in _own_modules([*reached, *(c.cell_contents for c in function.__closure__ or ())]):
        for name in names:
            if name in vars(module):
                yield name.encode()
                yield from _parts(vars(module)[name], seen)


def _own_modules(values: list[Any]) -> Iterator[ModuleType]:
    for value in values:
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] not in _LIBRARIES:
            yield value


def _of_code(code: CodeType, seen: dict[int, int]) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant, seen)
        else:
            yield from _parts(constant, seen)


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))
