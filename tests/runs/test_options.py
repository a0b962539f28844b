"""Options of a run: declared once, checked, saved with a run and merged when it goes on."""

import inspect
from dataclasses import fields

import pytest

import neatgrow as ng
from neatgrow.runs.options import SAVED, Options


@pytest.mark.parametrize(("entry", "left_out"), [(ng.evolve, ()), (ng.resume, SAVED)])
def test_every_option_is_an_argument_with_the_same_default(entry, left_out):
    arguments = inspect.signature(entry).parameters
    for field in fields(Options):
        if field.name not in left_out:
            assert arguments[field.name].default == field.default, field.name


def test_what_is_saved_comes_back_and_the_rest_is_of_now():
    learning = ng.Learning(steps=3, optimizer=ng.Adam(0.05), share=0.5)
    first = Options(generations=7, solved_at=-1, minimize=True, learning=learning, seconds=5)
    saved = Options.from_dict(first.to_dict() | {"other": 1})
    assert saved == Options(generations=7, solved_at=-1.0, minimize=True, learning=learning)
    now = Options(processes=2, on_error="raise")
    again = saved.resumed(now, generations=None)
    assert [getattr(again, name) for name in SAVED] == [getattr(saved, name) for name in SAVED]
    assert (again.processes, again.on_error) == (2, "raise")
    assert saved.resumed(now, generations=9).generations == 9 and saved.generations == 7


@pytest.mark.parametrize(("option", "value", "message"), [
    ("generations", 0, "generations: expected an integer of at least 1, got 0."),
    ("solved_at", "x", "solved_at: expected a number, got 'x'."),
    ("minimize", "no", "minimize: expected True or False, got 'no'."),
    ("learning", 3, "learning: expected Learning(steps, …), got 3."),
    ("on_error", "stop", "on_error: expected one of record, raise, got 'stop'."),
    ("failure_limit", 2, "failure_limit: expected a number from 0 to 1, got 2."),
    ("seconds", -1, "seconds: expected a number of at least 0, got -1."),
    ("callbacks", [3], "callbacks: expected functions of the run, got [3]."),
    ("progress", "yes", "progress: expected True or False, got 'yes'."),
    ("checkpoints", 5, "checkpoints: expected Checkpoints(…), got 5."),
])  # fmt: skip
def test_an_option_that_cannot_be_is_refused_in_words(option, value, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        Options(**{option: value})
    assert str(caught.value).startswith(message)
