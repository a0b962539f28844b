"""Medians over repetitions, and tables of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds per call over repetitions."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{seconds_text(self.median)} [{seconds_text(self.least)}–{seconds_text(self.most)}]"


def measure(call: Callable[[], Any], *, budget: float = 2.0, most: int = 200) -> Timing:
    """Time single calls until ``budget`` seconds or ``most`` calls are spent, at least five.

    The caller warms up; nothing is left out of the median.
    """
    times: list[float] = []
    stop = time.perf_counter() + budget
    while len(times) < 5 or (len(times) < most and time.perf_counter() < stop):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return Timing(float(np.median(times)), min(times), max(times))


def alternate(calls: Sequence[Callable[[], Any]], **options: Any) -> list[Timing]:
    """Time several calls in three turns each, so that a drift of the machine hits all."""
    turns = [[measure(call, **options) for call in calls] for _ in range(3)]
    return [
        Timing(
            float(np.median([turn[k].median for turn in turns])),
            min(turn[k].least for turn in turns),
            max(turn[k].most for turn in turns),
        )
        for k in range(len(calls))
    ]


def seconds_text(value: float) -> str:
    """Seconds with a fitting unit."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
