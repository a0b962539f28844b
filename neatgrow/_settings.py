"""Frozen dataclasses that check their fields, take overrides by path, and speak TOML."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, field, fields
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from neatgrow import _checks


def setting(default: Any, low: float | None = None, high: float | None = None) -> Any:
    """A number field with its default and inclusive bounds."""
    return field(default=default, metadata={"low": low, "high": high})


def rate(default: float) -> Any:
    """A field that is a probability."""
    return setting(default, 0.0, 1.0)


class Declared(NamedTuple):
    """A setting: its type, and bounds in ``metadata``."""

    hint: Any
    metadata: Mapping[str, Any] = MappingProxyType({})


class Settings:
    """Base of every node of the tree: checks, overrides and TOML.

    Of some sections there are several kinds, such as ways of selection: their classes have one
    ``family`` and each a ``kind``, which TOML and files name. A class that gives itself a kind is
    known by it from then on; built-in ones are found by the strings of :data:`KINDS`.
    """

    family: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if cls.family and "kind" in vars(cls):
            known = KINDS.setdefault(cls.family, {})
            before, name = known.get(cls.kind), f"{cls.__module__}:{cls.__qualname__}"
            if before not in (None, name) and _home(before) != name:
                rule = "a kind that no other class has"
                raise ValueError(_checks.message(f"{name}.kind", rule, repr(cls.kind)))
            if not isinstance(before, str):
                known[cls.kind] = cls

    def __new__(cls, *args: object, **values: object) -> Self:
        if args:
            raise TypeError(
                f"{cls.__name__}: expected keyword arguments only, got {len(args)} positional. "
                "Name each setting."
            )
        known = [*cls._declared(), *cls._shorthands()]
        for name in values:
            if name not in known:
                raise _unknown(cls.__name__, name, "setting", known)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        self._check(type(self).__name__)

    @classmethod
    def _shorthands(cls) -> tuple[str, ...]:
        """Names that stand for several changes."""
        return ()

    def _spelt_out(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Changes by path, with shorthands in full."""
        return changes

    @classmethod
    def _declared(cls) -> dict[str, Declared]:
        """Every setting by name."""
        hints = get_type_hints(cls)
        return {f.name: Declared(hints[f.name], f.metadata) for f in fields(cls)}  # type: ignore[arg-type]

    def _section(self, name: str) -> "Settings | None":
        """What changes below ``name`` apply to; ``None`` if that is no section."""
        found = getattr(self, name, None)
        return found if isinstance(found, Settings) else None

    def _with(self, values: Mapping[str, Any]) -> Self:
        """Settings of this class with these values, not checked."""
        changed = object.__new__(type(self))
        vars(changed).update(values)
        return changed

    def _check(self, path: str) -> None:
        """Convert and check every setting; messages name each by its place below ``path``."""
        for name, (hint, metadata) in self._declared().items():
            what = _below(path, name)
            value = _converted(what, getattr(self, name), hint)
            _check_bounds(what, value, metadata)
            if name in vars(self):
                vars(self)[name] = value

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
        values = {name: getattr(self, name, None) for name in self._declared()}
        nested: dict[str, dict[str, Any]] = {}
        for name, value in self._spelt_out(changes).items():
            head, _, rest = name.partition(".")
            if rest:
                nested.setdefault(head, {})[rest] = value
            elif head in values and self._section(head) is not None and isinstance(value, dict):
                nested.setdefault(head, {}).update(value)
            elif head in values:
                values[head] = value
            else:
                raise _unknown(path, head, "setting", [*values, *self._shorthands()])
        for head, inner in nested.items():
            given = values.get(head)  # whole, in the same changes, or as it was
            section = given if isinstance(given, Settings) else self._section(head)
            if section is None:
                raise _unknown(path, head, "section", filter(self._section, values))
            what = _below(path, head)
            values[head] = _of_kind(section, inner, what)._overridden(
                {name: value for name, value in inner.items() if name != "kind"}
                if section.family else inner, what,
            )  # fmt: skip
        changed = self._with(values)
        changed._check(path)
        return changed

    def differences(self, other: Self) -> dict[str, Any]:
        """Changes by dotted path with which :meth:`override` makes ``other`` of this one; a
        section of another kind as a whole."""
        changes: dict[str, Any] = {}
        for name in self._declared():
            mine, theirs = getattr(self, name, None), getattr(other, name, None)
            if isinstance(mine, Settings) and isinstance(theirs, type(mine)):
                inner = mine.differences(theirs)
                changes |= {f"{name}.{path}": value for path, value in inner.items()}
            elif mine != theirs:
                changes[name] = theirs
        return changes

    def to_dict(self) -> dict[str, Any]:
        """The tree as nested dictionaries of plain values."""
        tree: dict[str, Any] = {}
        if self.family and self.kind != next(iter(KINDS[self.family])):
            tree["kind"] = self.kind  # the first is meant where none is named
        for name in self._declared():
            value = getattr(self, name)
            if isinstance(value, Settings):
                tree[name] = value.to_dict()
            elif name in vars(self):
                tree[name] = value
        return tree

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


KINDS: dict[str, dict[str, str | type[Settings]]] = {
    "encoding": {"direct": "neatgrow.sections:Direct"},
    "selection": {"species": "neatgrow.sections:SpeciesSelection"},
}
"""Kinds of sections by family and name: a class, or where it is. The first is the default."""


def imported(where: str) -> Any:
    """What a string ``"module:name"`` means."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


class UnknownKindError(ValueError):
    """No class is known by a kind, as the module that defines it has not been imported."""


def kind_of(family: str, kind: object, what: str) -> type[Settings]:
    """The class of a kind.

    Raises:
        UnknownKindError: No class is known by it; ``what`` names the setting.
    """
    known = KINDS[family]
    if kind not in known:
        near = _checks.nearest(str(kind), known)
        remedy = "Import the module that defines it; on the command line, --import MODULE does."
        hint = near if near.startswith("Did") else remedy
        raise UnknownKindError(
            _checks.message(what, f"one of {', '.join(known)}", _checks.shown(kind), hint)
        )
    found = known[str(kind)]
    return imported(found) if isinstance(found, str) else found


def made(family: str, values: dict[str, Any], what: str) -> Settings:
    """A section from what its :meth:`Settings.to_dict` gave.

    Raises:
        UnknownKindError: No class is known by its kind.
        ValueError, TypeError: A value is impossible.
    """
    first = kind_of(family, next(iter(KINDS[family])), what)()
    rest = {name: value for name, value in values.items() if name != "kind"}
    return _of_kind(first, values, what)._overridden(rest, what)


def _home(known: "str | type[Settings] | None") -> str | None:
    if known is None or isinstance(known, str):
        return known
    return f"{known.__module__}:{known.__qualname__}"


def _of_kind(section: Settings, inner: dict[str, Any], path: str) -> Settings:
    """The section that changes apply to: itself, or one of the kind that they name."""
    if not section.family or "kind" not in inner:
        return section
    cls = kind_of(section.family, inner["kind"], f"{path}.kind")
    if type(section) is cls:
        return section
    values = {}
    for f in fields(cls):  # type: ignore[arg-type]
        if f.default is MISSING and f.default_factory is MISSING and f.name not in inner:
            raise ValueError(_checks.message(f"{path}.{f.name}", "a value", "none", "Give it one."))
        values[f.name] = f.default if f.default_factory is MISSING else f.default_factory()
    return object.__new__(cls)._with(values)


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
        return _tuple(what, value, get_args(hint))
    accepted: Any = {bool: (bool, np.bool_), float: (int, float, np.integer, np.floating)}.get(
        hint, (int, np.integer) if hint is int else hint
    )
    is_flag = isinstance(value, (bool, np.bool_))
    # What a subclass of a section adds would be read by nobody, unless it is a kind of its own.
    foreign = issubclass(hint, Settings) and not (
        isinstance(value, hint) and "kind" in vars(type(value))
        if hint.family
        else type(value) is hint
    )
    if not isinstance(value, accepted) or (is_flag and hint is not bool) or foreign:
        known = " or ".join([hint.__name__, *map(repr, words)])
        raise TypeError(_checks.message(what, f"a value of type {known}", _checks.shown(value)))
    if isinstance(value, (int, np.integer)) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(_checks.message(what, "a number that fits into 64 bits", value))
    return hint(value) if hint in (bool, int, float) else value


def _tuple(what: str, value: Any, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    """A tuple of names or numbers: of any length where the second hint is ``...``."""
    repeats = len(hints) == 2 and hints[1] is Ellipsis
    rule = "a list of names" if hints[0] is str else "a list"
    if not isinstance(value, (list, tuple)) or (hints[0] is str and not _are_names(value)):
        raise TypeError(_checks.message(what, rule, _checks.shown(value)))
    if not repeats and len(value) != len(hints):
        raise ValueError(_checks.message(what, f"a list of {len(hints)}", _checks.shown(value)))
    each = [hints[0]] * len(value) if repeats else hints
    return tuple(
        _converted(f"{what}[{k}]", item, hint)
        for k, (item, hint) in enumerate(zip(value, each, strict=True))
    )


def _are_names(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


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
