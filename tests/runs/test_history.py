"""The table of a run: columns, rows, text."""

import csv
import io

import numpy as np
import pytest

from neatgrow.runs.history import COLUMNS, History, csv_lines


def row(generation, **changes):
    plain = {name: kind(generation) for name, kind in COLUMNS.items()}
    return plain | changes


def filled(*rows):
    history = History()
    for k, values in enumerate(rows):
        history.append(values, {k: k + 1})
    return history


def test_columns_and_rows_hold_what_was_appended():
    history = filled(row(1, best=0.5), row(2, best=-1.25))
    assert len(history) == 2 and repr(history) == "History(2 generations)"
    assert history["best"].tolist() == [0.5, -1.25] and history["best"].dtype == np.float64
    assert history["generation"].tolist() == [1, 2] and history["generation"].dtype == np.int64
    assert history[-1]["best"] == -1.25 and history[0]["generation"] == 1
    assert [r["generation"] for r in history] == [1, 2]
    assert history.species_sizes == [{0: 1}, {1: 2}]


def test_values_become_plain_python_of_the_columns_kind():
    kept = filled(row(1, best=np.float32(0.5), species=np.int64(3), mean=2))[0]
    assert all(type(kept[name]) is kind for name, kind in COLUMNS.items())


def test_totals_are_plain_numbers():
    history = filled(row(1, steps=4, seconds_evaluation=0.5), row(2, steps=5))
    assert history.total("steps") == 9 and type(history.total("steps")) is int
    assert history.total("seconds_evaluation") == 2.5
    assert History().total("steps") == 0


def test_the_text_reads_back_to_nine_digits():
    values = [1 / 3, -1e-30, 123456789.25, 1e300, float("nan"), float("inf")]
    history = filled(*(row(k, best=value) for k, value in enumerate(values, 1)))
    header, *lines = csv.reader(io.StringIO(history.to_csv()))
    assert header == list(COLUMNS)
    best = [float(line[header.index("best")]) for line in lines]
    assert best == pytest.approx(values, rel=1e-8, abs=0, nan_ok=True)
    assert [line[0] for line in lines] == ["1", "2", "3", "4", "5", "6"]  # not 1.0
    assert csv_lines(["a,b", 1, 0.1]) == '"a,b",1,0.1\n'


def test_unknown_and_missing_columns_are_refused_in_words():
    history = filled(row(1))
    with pytest.raises(KeyError, match=r"expected one of generation, best, .*, got 'bset'"):
        history["bset"]
    with pytest.raises(ValueError, match=r"history: expected columns generation, .*, got \['best'"):
        history.append({"best": 1.0}, {})
    with pytest.raises(ValueError, match="expected columns"):
        history.append(row(2) | {"extra": 1}, {})
    assert len(history) == len(history.species_sizes) == 1
