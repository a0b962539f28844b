"""Sections of settings of which there are several kinds."""

import pickle
from dataclasses import dataclass
from typing import ClassVar

import pytest

import neatgrow as ng
from neatgrow._settings import KINDS
from neatgrow.sections import Direct, Encoding, Selection, SpeciesSelection


@dataclass(frozen=True, kw_only=True)
class Cells(Selection):
    """A kind with a setting that has no default."""

    kind: ClassVar[str] = "test_cells"

    cells: tuple[int, ...]
    bounds: tuple[tuple[float, float], ...] = ((-1.0, 1.0),)
    corner: tuple[float, float] = (0.0, 0.5)


CELLS = Cells(cells=[5, 4], bounds=[(-1, 1), [0, 2]])
GIVEN = {"kind": "test_cells", "cells": [5, 4], "bounds": [[-1, 1], [0, 2]]}


@pytest.mark.parametrize("name", ["selection", "encoding"])
def test_the_usual_kind_is_not_named_in_text(name):
    assert "kind" not in ng.Config().to_dict()[name]
    assert ng.Config().override({f"{name}.kind": next(iter(KINDS[name]))}) == ng.Config()


@pytest.mark.parametrize(
    "changes",
    [
        {"selection": CELLS},
        {"selection": GIVEN},
        {f"selection.{name}": value for name, value in GIVEN.items()},
        {f"selection.{name}": value for name, value in reversed(GIVEN.items())},
    ],
    ids=["whole", "as a table", "by path", "the kind last"],
)
def test_every_way_to_ask_for_a_kind_is_the_same(changes):
    config = ng.Config().override(changes)
    assert config == ng.Config(selection=CELLS) and config.selection.cells == (5, 4)
    assert hash(config) == hash(ng.Config(selection=CELLS))
    assert all(type(number) is float for pair in config.selection.bounds for number in pair)


def test_a_kind_goes_through_text_and_pickles():
    config = ng.Config(selection=CELLS)
    assert ng.Config.from_toml(config.to_toml()) == config
    assert ng.Config().override(config.to_dict()) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert '[selection]\nkind = "test_cells"\ncells = [5, 4]' in config.to_toml()


def test_settings_of_the_same_kind_stay_and_those_of_another_begin_anew():
    config = ng.Config(selection=CELLS).override({"selection.corner": [1, 2]})
    assert config.override({"selection.kind": "test_cells"}) == config
    assert config.override({"selection.kind": "species"}) == ng.Config()
    ranked = ng.Config().override({"selection.survival": 0.5})
    other = ranked.override({"selection.kind": "test_cells", "selection.cells": [2]})
    assert other.selection == Cells(cells=(2,))


WRONG = {
    "selection.cells: expected a value, got none. Give it one.": (
        ValueError, {"selection.kind": "test_cells"}),
    "selection.cells: expected a list, got 3.": (TypeError, GIVEN | {"cells": 3}),
    "selection.cells[1]: expected a value of type int, got 1.5.": (
        TypeError, GIVEN | {"cells": [2, 1.5]}),
    "selection.bounds[0]: expected a list of 2, got [1, 2, 3].": (
        ValueError, GIVEN | {"bounds": [[1, 2, 3]]}),
    "selection.bounds[1][0]: expected a value of type float, got 'low'.": (
        TypeError, GIVEN | {"bounds": [[1, 2], ["low", 1]]}),
    "selection.corner: expected a list of 2, got [1].": (ValueError, GIVEN | {"corner": [1]}),
    "selection.kind: expected one of species, test_cells, got 'speceis'. Did you mean 'species'?": (
        ValueError, {"selection.kind": "speceis"}),
    "encoding.kind: expected one of direct, got 'cppn'. Import the module that defines it;": (
        ValueError, {"encoding.kind": "cppn"}),
    "selection.cels: expected the name of a setting, got 'cels'. Did you mean 'cells'?": (
        TypeError, GIVEN | {"cels": [1]}),
    "selection: expected a value of type Selection, got Direct()": (
        TypeError, {"selection": Direct()}),
}  # fmt: skip


@pytest.fixture
def built_in(monkeypatch):
    """The kinds of the library and of this file, whatever other tests have declared."""
    for family, own in (("selection", ("species", "test_cells")), ("encoding", ("direct",))):
        kept = {kind: KINDS[family][kind] for kind in own}
        monkeypatch.setitem(KINDS, family, kept)


@pytest.mark.parametrize("text", WRONG)
def test_wrong_settings_of_a_kind_are_named_by_path(text, built_in):
    kind, changes = WRONG[text]
    with pytest.raises(kind) as caught:
        ng.Config().override({"selection": changes} if "kind" in changes else changes)
    assert str(caught.value).startswith(text)


def test_a_kind_that_is_no_name_is_refused():
    with pytest.raises(ValueError, match=r"^selection\.kind: expected one of species, .*, got 3\."):
        ng.Config().override({"selection.kind": 3})


def test_two_classes_cannot_have_one_kind(monkeypatch):
    monkeypatch.setitem(KINDS, "selection", dict(KINDS["selection"]))
    for taken in ("species", "test_cells"):
        with pytest.raises(ValueError, match=f"a kind that no other class has, got '{taken}'"):

            class Again(Selection):
                kind: ClassVar[str] = taken

    assert KINDS["selection"]["test_cells"] is Cells


def test_what_a_class_without_a_kind_adds_is_refused():
    @dataclass(frozen=True, kw_only=True)
    class More(SpeciesSelection):
        extra: float = 1.0

    with pytest.raises(TypeError, match=r"^Config\.selection: expected a value of type Selection"):
        ng.Config(selection=More())


def test_a_way_that_says_nothing_of_what_it_does_says_so():
    with pytest.raises(NotImplementedError, match=r"^Cells\.start$"):
        CELLS.start(ng.Config(), 1)
    with pytest.raises(NotImplementedError, match=r"^Encoding\.interface$"):
        Encoding().interface(None)
