"""What happened, generation by generation."""

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from neatgrow import _checks
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


TIMES = tuple(name for name in COLUMNS if name.startswith("seconds_"))  # differ between runs
_TYPES = {int: "q", float: "d"}


class SpeciesSizes(Sequence[dict[int, int]]):
    """Members by species id, one dictionary per generation, made when asked for.

    Attributes:
        start: Entries before each generation and in all, (G+1,) int64.
        id: Species id of each entry, int64.
        size: Its members, int64.
    """

    def __init__(self) -> None:
        self.start = array("q", [0])
        self.id = array("q")
        self.size = array("q")

    def append(self, sizes: dict[int, int]) -> None:
        """Add a generation."""
        self.id.extend(sizes.keys())
        self.size.extend(sizes.values())
        self.start.append(len(self.id))

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        entries = slice(self.start[row], self.start[row + 1])
        return dict(zip(self.id[entries], self.size[entries], strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # grows

    def __repr__(self) -> str:
        return f"SpeciesSizes({len(self)} generations)"


class History:
    """One row per generation; ``history["best"]`` is a column, ``history[-1]`` a row.

    Columns: ``generation`` (from 1); ``best`` and ``mean`` fitness of the generation, failures
    left out, and ``champion``, the best ever; ``species``; mean ``nodes`` and enabled
    ``connections`` per genome, hidden nodes and outputs counted; ``evaluations``, ``steps``
    and ``failures`` of the generation, retests included; wall time in seconds for evaluation,
    reproduction and compilation of genomes to networks.

    A generation takes about 110 bytes and 16 for each of its species, so a run of a million
    generations keeps its history in memory.

    Attributes:
        species_sizes: Per generation, members by species id.
    """

    def __init__(self) -> None:
        self._columns = {name: array(_TYPES[kind]) for name, kind in COLUMNS.items()}
        self.species_sizes = SpeciesSizes()

    def append(self, row: dict[str, Any], species_sizes: dict[int, int]) -> None:
        """Add a generation; ``row`` has exactly the columns of ``COLUMNS``."""
        if row.keys() != COLUMNS.keys():
            raise ValueError(f"history: expected columns {', '.join(COLUMNS)}, got {list(row)}.")
        values = [kind(row[name]) for name, kind in COLUMNS.items()]
        self.species_sizes.append(species_sizes)
        for column, value in zip(self._columns.values(), values, strict=True):
            column.append(value)

    def __len__(self) -> int:
        return len(self._columns["seconds_compilation"])  # the last to be written

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, (int, np.integer)):
            row = range(len(self))[int(key)]
            return {name: column[row] for name, column in self._columns.items()}
        if key not in COLUMNS:
            raise KeyError(f"history: expected one of {', '.join(COLUMNS)}, got {key!r}.")
        return np.array(self._columns[key][: len(self)], COLUMNS[key])

    def total(self, column: str) -> Any:
        """Sum of a column over all generations."""
        values: Array = self[column]
        return values.sum().item()

    def to_csv(self) -> str:
        """The table as text: a header and a line per generation."""
        return csv_lines(COLUMNS) + "".join(csv_lines(row.values()) for row in self)

    def to_arrays(self, generations: int | None = None) -> dict[str, Array]:
        """All columns, (G,) each, and the species' sizes as ``species_start`` (G+1,),
        ``species_id`` and ``species_size``; :meth:`from_arrays` reads them back exactly.

        Args:
            generations: How many from the first on; all by default.
        """
        count = len(self) if generations is None else generations
        arrays = {name: self[name][:count] for name in COLUMNS}
        sizes = self.species_sizes
        arrays["species_start"] = np.array(sizes.start[: count + 1], np.int64)
        entries = int(arrays["species_start"][-1])
        arrays["species_id"] = np.array(sizes.id[:entries], np.int64)
        arrays["species_size"] = np.array(sizes.size[:entries], np.int64)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """The history that :meth:`to_arrays` gave.

        Raises:
            ValueError: A column is missing or has the wrong shape or type.
        """
        history = cls()
        count = arrays["generation"].size
        for name, kind in COLUMNS.items():
            column = _checks.array(f"history.{name}", arrays[name], (count,), kind)
            history._columns[name] = array(_TYPES[kind], column.tobytes())
        if (np.diff(arrays["generation"], prepend=0) != 1).any():
            raise ValueError("history.generation: expected 1, 2, 3 and so on.")
        start = _checks.array("species_start", arrays["species_start"], (count + 1,), np.int64)
        ids = _checks.array("species_id", arrays["species_id"], ("entries",), np.int64)
        size = _checks.array("species_size", arrays["species_size"], (ids.size,), np.int64)
        if start[0] != 0 or start[-1] != ids.size or any(a > b for a, b in pairwise(start)):
            raise ValueError(f"species_start: expected offsets rising from 0 to {ids.size}.")
        sizes = history.species_sizes
        sizes.start, sizes.id, sizes.size = (
            array("q", column.tobytes()) for column in (start, ids, size)
        )
        return history

    def __repr__(self) -> str:
        return f"History({len(self)} generations)"


def csv_lines(values: Any) -> str:
    """One line of CSV; floats to nine significant digits, which is what files keep."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{v:.9g}" if isinstance(v, float) else v for v in values])
    return out.getvalue()
