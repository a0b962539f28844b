"""What happened, generation by generation."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from neatgrow.kernels.layout import Array

COLUMNS: dict[str, type] = {
    "generation": int,
    "best": float,
    "mean": float,
    "champion": float,
    "species": int,
    "nodes": float,
    "connections": float,
    "evaluations": int,
    "steps": int,
    "failures": int,
    "seconds_evaluation": float,
    "seconds_reproduction": float,
    "seconds_compilation": float,
}


class History:
    """One row per generation; ``history["best"]`` is a column, ``history[-1]`` a row.

    Columns: ``generation`` (from 1); ``best`` and ``mean`` fitness of the generation, failures
    left out, and ``champion``, the best ever; ``species``; mean ``nodes`` and enabled
    ``connections`` per genome, hidden nodes and outputs counted; ``evaluations``, ``steps``
    and ``failures`` of the generation, retests included; wall time in seconds for evaluation,
    reproduction and compilation of genomes to networks.

    Attributes:
        species_sizes: Per generation, members by species id.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.species_sizes: list[dict[int, int]] = []

    def append(self, row: dict[str, Any], species_sizes: dict[int, int]) -> None:
        """Add a generation; ``row`` has exactly the columns of ``COLUMNS``."""
        if row.keys() != COLUMNS.keys():
            raise ValueError(f"history: expected columns {', '.join(COLUMNS)}, got {list(row)}.")
        self._rows.append({name: kind(row[name]) for name, kind in COLUMNS.items()})
        self.species_sizes.append(species_sizes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, int):
            return self._rows[key]
        if key not in COLUMNS:
            raise KeyError(f"history: expected one of {', '.join(COLUMNS)}, got {key!r}.")
        return np.array([row[key] for row in self._rows], COLUMNS[key])

    def total(self, column: str) -> Any:
        """Sum of a column over all generations."""
        values: Array = self[column]
        return values.sum().item()

    def to_csv(self) -> str:
        """The table as text: a header and a line per generation."""
        return csv_lines(COLUMNS) + "".join(csv_lines(row.values()) for row in self._rows)

    def __repr__(self) -> str:
        return f"History({len(self)} generations)"


def csv_lines(values: Any) -> str:
    """One line of CSV; floats to nine significant digits, which is what files keep."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{v:.9g}" if isinstance(v, float) else v for v in values])
    return out.getvalue()
