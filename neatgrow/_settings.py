"""Frozen dataclasses that check their fields, take overrides by path, and speak TOML."""

import dataclasses
import math
import tomllib
from dataclasses import field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

from neatgrow import _checks


def setting(default: Any, low: float | None = None, high: float | None = None) -> Any:
    """A number field with its default and inclusive bounds."""
    return field(default=default, metadata={"low": low, "high": high})


def rate(default: float) -> Any:
    """A field that is a probability."""
    return setting(default, 0.0, 1.0)


class Settings:
    """Base of every node of the tree: checks, overrides and TOML."""

    def __new__(cls, *args: object, **values: object) -> Self:
        if args:
            raise TypeError(
                f"{cls.__name__}: expected keyword arguments only, got {len(args)} positional. "
                "Name each setting."
            )
        known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            if name not in known:
                raise TypeError(
                    f"{cls.__name__}: unknown setting {name!r}. {_checks.nearest(name, known)}"
                )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for f in fields(self):  # type: ignore[arg-type]
            what = f"{type(self).__name__}.{f.name}"
            value = _converted(what, getattr(self, f.name), hints[f.name])
            _check_bounds(what, value, f.metadata)
            object.__setattr__(self, f.name, value)

    def override(self, changes: dict[str, Any]) -> Self:
        """A copy with settings changed, named by dotted path: ``{"mutation.add_node": 0.1}``.

        Raises:
            TypeError: A name is unknown (the nearest known one is said) or a type is wrong.
            ValueError: A value lies outside its bounds.
        """
        direct: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        for path, value in changes.items():
            head, _, rest = path.partition(".")
            if rest:
                nested.setdefault(head, {})[rest] = value
            elif isinstance(getattr(self, head, None), Settings) and isinstance(value, dict):
                nested.setdefault(head, {}).update(value)
            else:
                direct[head] = value
        for head, inner in nested.items():
            child = getattr(self, head, None)
            if not isinstance(child, Settings):
                sections = [name for name, v in vars(self).items() if isinstance(v, Settings)]
                raise TypeError(
                    f"{type(self).__name__}: unknown section {head!r}. "
                    f"{_checks.nearest(head, sections)}"
                )
            direct[head] = child.override(inner)
        current = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{**current, **direct})

    def to_dict(self) -> dict[str, Any]:
        """The tree as nested dictionaries of plain values."""
        return dataclasses.asdict(self)  # type: ignore[call-overload, no-any-return]

    def to_toml(self) -> str:
        """The tree as TOML text; :meth:`from_toml` reads it back unchanged."""
        return "\n".join(_toml_lines(self.to_dict(), "")) + "\n"

    @classmethod
    def from_toml(cls, source: str | Path) -> Self:
        """Settings from a TOML file (a path) or from TOML text; absent ones keep defaults.

        Raises:
            FileNotFoundError: The path names no file.
            ValueError: The text is not TOML, or a value is impossible.
            TypeError: A setting is unknown or has the wrong type.
        """
        try:
            text = Path(source).read_text("utf-8") if _is_path(source) else str(source)
            changes = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            where = str(source) if _is_path(source) else "TOML text"
            raise ValueError(f"{where}: expected TOML, got an error: {error}.") from error
        return cls().override(changes)


def _is_path(source: str | Path) -> bool:
    return isinstance(source, Path) or (source.endswith(".toml") and "\n" not in source)


def _converted(what: str, value: Any, hint: Any) -> Any:
    """``value`` as its annotated type: ints become floats, lists tuples; else TypeError.

    Of a union it is ``None``, one of the words of a ``Literal``, or of the type beside them.
    """
    words: tuple[Any, ...] = ()
    if get_origin(hint) in (Union, UnionType):
        kinds = get_args(hint)
        if NoneType in kinds and (value is None or value == "none"):  # TOML has no null
            return None
        words = tuple(w for kind in kinds if get_origin(kind) is Literal for w in get_args(kind))
        if isinstance(value, str) and value in words:
            return value
        hint = next(k for k in kinds if k is not NoneType and get_origin(k) is not Literal)
    if get_origin(hint) is Literal:
        return _checks.one_of(what, value, get_args(hint))
    if get_origin(hint) is tuple:
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise TypeError(_checks.message(what, "a list of names", value))
    accepted: Any = {bool: (bool, np.bool_), float: (int, float, np.integer, np.floating)}.get(
        hint, (int, np.integer) if hint is int else hint
    )
    is_flag = isinstance(value, (bool, np.bool_))
    if not isinstance(value, accepted) or (is_flag and hint is not bool):
        known = " or ".join([hint.__name__, *map(repr, words)])
        raise TypeError(_checks.message(what, f"a value of type {known}", value))
    if isinstance(value, (int, np.integer)) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(_checks.message(what, "a number that fits into 64 bits", value))
    return hint(value) if hint in (bool, int, float) else value


def _check_bounds(what: str, value: Any, metadata: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    low, high = metadata.get("low"), metadata.get("high")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        rule = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        raise ValueError(_checks.message(what, rule, value))
    if math.isnan(value):
        raise ValueError(_checks.message(what, "a number", value))
    if math.isinf(value) and not metadata.get("infinite"):
        raise ValueError(_checks.message(what, "a finite number", value))


def _toml_lines(tree: dict[str, Any], prefix: str) -> list[str]:
    plain = {k: v for k, v in tree.items() if not isinstance(v, dict)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in tree.items():
        if isinstance(value, dict):
            path = f"{prefix}{key}"
            lines += ["", f"[{path}]", *_toml_lines(value, f"{path}.")]
    return lines


def _toml_value(value: object) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
