"""What runs over many seeds came to: a row for each, figures with intervals, and comparisons."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.runs.history import History, csv_lines
from neatgrow.runs.statistics import (
    Interval,
    bootstrapped,
    fisher,
    mann_whitney,
    mean_of,
    median_of,
    share_difference,
    share_of,
)

Column = Literal[
    "solved", "fitness", "generations", "evaluations", "steps", "seconds", "hidden", "connections"
]
COLUMNS: dict[str, type] = {
    "seed": int, "solved": bool, "fitness": float, "generations": int, "evaluations": int,
    "steps": int, "seconds": float, "hidden": int, "connections": int,
}  # fmt: skip
COSTS = ("generations", "evaluations", "steps", "seconds")  # that solving takes
_TABLED = ("fitness", *COSTS, "hidden", "connections")


@dataclass(frozen=True, eq=False)
class Repeat:
    """What the run of one seed came to.

    Attributes:
        seed: Of the run.
        solved: As :attr:`neatgrow.Result.solved`.
        fitness: Of the champion; NaN where there is none.
        generations: How many there were.
        evaluations: Genomes judged, retests included.
        steps: Of environments.
        seconds: Of all generations, as their history has it.
        hidden: Hidden nodes of the champion.
        connections: Enabled ones of the champion.
        stopped: Why it ended, as :attr:`neatgrow.Result.stopped`; ``"error"`` where it could not
            go on.
        error: What it was, then; else empty.
        champion: As :attr:`neatgrow.Result.champion`, or ``None``.
        history: Table by generation.
    """

    seed: int
    solved: bool
    fitness: float
    generations: int
    evaluations: int
    steps: int
    seconds: float
    hidden: int
    connections: int
    stopped: str
    error: str
    champion: Genome | None
    history: History


@dataclass(frozen=True, eq=False)
class Repeats:
    """What :func:`neatgrow.repeat` found; printed, it is the table.

    ``repeats["evaluations"]`` is a column, and iterating gives a :class:`Repeat` for each seed.

    Attributes:
        name: Of the problem.
        runs: One for each seed, in order of the seeds.
        directory: Where the runs are, or ``None``.
    """

    name: str
    runs: tuple[Repeat, ...]
    directory: Path | None = None

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Repeat]:
        return iter(self.runs)

    def __getitem__(self, column: str) -> Array:
        """(S,) values of a column, by seed."""
        _checks.one_of("column", column, COLUMNS)
        return np.array([getattr(run, column) for run in self.runs], COLUMNS[column])

    @property
    def success(self) -> Interval:
        """The share of seeds that solve, with the interval of Wilson (1927)."""
        return share_of(*self._solved)

    @property
    def _solved(self) -> tuple[int, int]:
        return int(np.count_nonzero(self["solved"])), len(self)

    def median(self, column: Column) -> Interval:
        """The median of a column over all seeds, with an interval of 95% by the bootstrap."""
        return median_of(_known(self[column]))

    def mean(self, column: Column) -> Interval:
        """The mean of a column over all seeds, with an interval of 95% by the bootstrap."""
        return mean_of(_known(self[column]))

    def table(self) -> str:
        """Figures of all seeds with their intervals, as a Markdown table.

        Seeds that did not solve count with what they spent, so that what solving takes is more.
        """
        solved, count = self._solved
        lines = [
            f"| {self.name}, {count} seeds | median [95%] | mean [95%] |", "|---|---:|---:|",
            f"| solved, {solved} of {count} | | {_percent(self.success)} |",
        ]  # fmt: skip
        rows = [name for name in _TABLED if name != "steps" or self["steps"].any()]
        lines += [f"| {name} | {self.median(name)} | {self.mean(name)} |" for name in rows]  # type: ignore[arg-type]
        return "\n".join(lines)

    def to_csv(self) -> str:
        """A line for each seed."""
        names = [*COLUMNS, "stopped", "error"]
        rows = [[getattr(run, name) for name in names] for run in self.runs]
        return csv_lines(names) + "".join(map(csv_lines, rows))

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        solved, count = self._solved
        return f"Repeats({self.name}, solved {solved} of {count} seeds)"


@dataclass(frozen=True)
class Comparison:
    """Two settings over many seeds each; printed, it is a sentence.

    Attributes:
        column: What is compared.
        first: Median with its interval; of ``"solved"`` the share.
        second: …
        difference: The first less the second, with its interval: of medians by the bootstrap, of
            shares by Newcombe (1998).
        larger: The chance that a run of the first has more than one of the second, ties counted
            half (Vargha & Delaney 2000); 0.5 where there is no difference.
        p_value: Of there being no difference: Mann & Whitney (1947), for ``"solved"`` Fisher
            (1922), both two-sided.
    """

    column: str
    first: Interval
    second: Interval
    difference: Interval
    larger: float
    p_value: float

    def __str__(self) -> str:
        text = str if self.column != "solved" else _percent
        return (
            f"{self.column}: {text(self.first)} and {text(self.second)}, difference "
            f"{text(self.difference)}; larger with a chance of {self.larger:.0%}, "
            f"p = {self.p_value:.2g}"
        )


def compare(first: Repeats, second: Repeats, column: Column = "evaluations") -> Comparison:
    """Whether two settings differ in what their seeds came to.

    Of what solving takes (generations, evaluations, steps, seconds), seeds that did not solve are
    ranked behind all that did, as soon as some did; medians count them with what they spent.

    Args:
        first: Of :func:`neatgrow.repeat`.
        second: …
        column: What is compared.

    Raises:
        TypeError, ValueError: One is no such thing, or has no seeds; or there is no such column.
    """
    for what, given in (("first", first), ("second", second)):
        if not isinstance(given, Repeats):
            rule = "what repeat() returned"
            raise TypeError(_checks.message(what, rule, _checks.shown(given)))
        if not len(given):
            raise ValueError(_checks.message(what, "at least one seed", "none"))
    _checks.one_of("column", column, COLUMNS)
    if column == "solved":
        shares = [(int(np.count_nonzero(r["solved"])), len(r)) for r in (first, second)]
        gap = share_difference(*shares)
        p_value, larger = fisher(*shares), 0.5 + gap.value / 2.0
        return Comparison(column, first.success, second.success, gap, larger, p_value)
    values = [_known(repeats[column]) for repeats in (first, second)]
    ranked = values
    if column in COSTS and (first["solved"].any() or second["solved"].any()):
        ranked = [np.where(r["solved"], r[column], np.inf) for r in (first, second)]
    larger, p_value = mann_whitney(*ranked)
    medians = [median_of(v) for v in values]
    interval = bootstrapped(values, lambda s: np.median(s[0], axis=1) - np.median(s[1], axis=1))
    gap = Interval(medians[0].value - medians[1].value, *interval)
    return Comparison(column, medians[0], medians[1], gap, larger, p_value)


def _known(values: Array) -> Array:
    """Values as numbers, those of runs without a champion left out."""
    numbers = values.astype(np.float64)
    return numbers[~np.isnan(numbers)]


def _percent(interval: Interval) -> str:
    value, low, high = ("–" if math.isnan(x) else f"{x:.0%}" for x in interval)
    return f"{value} [{low}–{high}]"


def row_of(run: Repeat) -> dict[str, Any]:
    """What of a run is kept in a file beside its directory's, as plain values."""
    names = (*COLUMNS, "stopped", "error")
    return {name: getattr(run, name) for name in names}
