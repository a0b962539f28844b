"""Frozen dataclasses that check their fields, take overrides by path, and speak TOML."""

import dataclasses
import math
import tomllib
from collections.abc import Iterable
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
                raise _unknown(cls.__name__, name, "setting", known)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        self._check(type(self).__name__)

    def _check(self, path: str) -> None:
        """Convert and check every setting; messages name each by its place below ``path``."""
        hints = get_type_hints(type(self))
        for f in fields(self):  # type: ignore[arg-type]
            what = _below(path, f.name)
            value = _converted(what, getattr(self, f.name), hints[f.name])
            _check_bounds(what, value, f.metadata)
            object.__setattr__(self, f.name, value)

    def override(self, changes: dict[str, Any]) -> Self:
        """A copy with settings changed, named by dotted path: ``{"mutation.add_node": 0.1}``.

        Raises:
            TypeError: A name is unknown (the nearest known one is said) or a type is wrong.
            ValueError: A value lies outside its bounds.
        """
        return self._overridden(changes, "")

    def _overridden(self, changes: dict[str, Any], path: str) -> Self:
        """As :meth:`override`, for the section at ``path`` of a tree."""
        if not isinstance(changes, dict) or not all(isinstance(name, str) for name in changes):
            rule = "values by dotted path such as {'mutation.add_node': 0.1}"
            raise TypeError(_checks.message(path or "changes", rule, _checks.shown(changes)))
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        nested: dict[str, dict[str, Any]] = {}
        for name, value in changes.items():
            head, _, rest = name.partition(".")
            if rest:
                nested.setdefault(head, {})[rest] = value
            elif isinstance(values.get(head), Settings) and isinstance(value, dict):
                nested.setdefault(head, {}).update(value)
            elif head in values:
                values[head] = value
            else:
                raise _unknown(path, head, "setting", values)
        for head, inner in nested.items():
            child = values.get(head)
            if not isinstance(child, Settings):
                sections = [name for name, v in vars(self).items() if isinstance(v, Settings)]
                raise _unknown(path, head, "section", sections)
            values[head] = child._overridden(inner, _below(path, head))
        changed = object.__new__(type(self))
        for name, value in values.items():
            object.__setattr__(changed, name, value)
        changed._check(path)
        return changed

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


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown(path: str, name: str, kind: str, known: Iterable[str]) -> TypeError:
    rule = f"the name of a {kind}"
    hint = _checks.nearest(name, known)
    return TypeError(_checks.message(_below(path, name), rule, repr(name), hint))


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
        raise TypeError(_checks.message(what, "a list of names", _checks.shown(value)))
    accepted: Any = {bool: (bool, np.bool_), float: (int, float, np.integer, np.floating)}.get(
        hint, (int, np.integer) if hint is int else hint
    )
    is_flag = isinstance(value, (bool, np.bool_))
    # What a subclass of a section adds would be read by nobody.
    foreign = issubclass(hint, Settings) and type(value) is not hint
    if not isinstance(value, accepted) or (is_flag and hint is not bool) or foreign:
        known = " or ".join([hint.__name__, *map(repr, words)])
        raise TypeError(_checks.message(what, f"a value of type {known}", _checks.shown(value)))
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
