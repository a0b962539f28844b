"""What happened, generation by generation."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from neatgrow._types import Array
from neatgrow.files.archive import typed

COLUMNS: dict[str, type] = {
    "generation": int,
    "best": float,
    "mean": float,
    "lower_quartile": float,
    "median": float,
    "upper_quartile": float,
    "champion": float,
    "species": int,
    "nodes": float,
    "connections": float,
    "evaluations": int,
    "retest_episodes": int,
    "steps": int,
    "samples_learned": int,
    "failures": int,
    "seconds_evaluation": float,
    "seconds_reproduction": float,
    "seconds_compilation": float,
    "seconds_learning": float,
}


COUNTS = tuple(name for name, kind in COLUMNS.items() if kind is int and name != "generation")
MOST_COUNTED = 1 << 53  # in a generation; sums over a run stay below 2**63
PARTS = frozenset((*COLUMNS, "species_start", "species_id", "species_size"))  # arrays in files
TIMES = tuple(name for name in COLUMNS if name.startswith("seconds_"))  # differ between runs
MISSING: dict[type, float] = {int: 0, float: np.nan}  # of a column younger than a file
_BLOCK = 4096  # values
_TYPES: dict[type, DTypeLike] = {int: np.int64, float: np.float64}


class _Column:
    """Numbers that are only ever added, in blocks: growing neither copies nor leaves holes."""

    def __init__(self, dtype: DTypeLike, values: Array | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self._blocks: list[Array] = []
        self._count = 0
        for start in range(0, 0 if values is None else values.size, _BLOCK):
            assert values is not None
            block = np.empty(_BLOCK, self.dtype)
            part = values[start : start + _BLOCK]
            block[: part.size] = part
            self._blocks.append(block)
            self._count += part.size

    def append(self, value: float) -> None:
        place = self._count % _BLOCK
        if place == 0:
            self._blocks.append(np.empty(_BLOCK, self.dtype))
        self._blocks[-1][place] = value
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> Any:
        return self._blocks[row // _BLOCK][row % _BLOCK].item()

    def values(self, count: int) -> Array:
        """The first ``count``, as an array of its own."""
        blocks = self._blocks[: -(-count // _BLOCK)]
        whole = np.concatenate(blocks) if blocks else np.empty(0, self.dtype)
        return whole[:count].copy()


class SpeciesSizes(Sequence[dict[int, int]]):
    """Members by species id, one dictionary per generation, made when asked for.

    Attributes:
        start: Entries before each generation and in all, (G+1,) int64.
        id: Species id of each entry, int32.
        size: Its members, int32.
    """

    def __init__(self) -> None:
        self.start = _Column(np.int64, np.zeros(1))
        self.id = _Column(np.int32)
        self.size = _Column(np.int32)

    def append(self, sizes: dict[int, int]) -> None:
        """Add a generation's members by species id."""
        for id_, size in sizes.items():
            self.id.append(id_)
            self.size.append(size)
        self.start.append(len(self.id))

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        return {self.id[k]: self.size[k] for k in range(self.start[row], self.start[row + 1])}

    def members(self, count: int) -> int:
        """Members of all species in the last generations together."""
        first = self.start[max(len(self) - count, 0)]
        return sum(self.size[k] for k in range(first, len(self.size)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # grows

    def __repr__(self) -> str:
        return f"SpeciesSizes({len(self)} generations)"


class History:
    """One row per generation; ``history["best"]`` is a column, ``history[-1]`` a row.

    Columns: ``generation`` (from 1); ``best`` and ``mean`` fitness of the generation, failures
    left out, the ``lower_quartile`` and the ``upper_quartile``, between which the middle half
    lies, and the ``median``; ``champion``, the best ever, on a noisy problem by the evidence of
    that time, which may fall; ``species``; mean ``nodes`` and enabled
    ``connections`` per genome, hidden nodes and outputs counted; ``evaluations``, ``steps``
    and ``failures`` of the generation, evaluations and steps of retests included, and
    ``retest_episodes``, how many episodes these played; ``samples_learned``, how many went
    through gradients; wall time in seconds for evaluation, reproduction, compilation of genomes
    to networks, and learning.

    A generation takes about 140 bytes and 8 for each of its species: a million generations of
    ten species fit into 200 MB.

    Attributes:
        species_sizes: Per generation, members by species id.
    """

    def __init__(self) -> None:
        self._columns = {name: _Column(_TYPES[kind]) for name, kind in COLUMNS.items()}
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
        return len(self._columns["seconds_learning"])  # the last to be written

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, (int, np.integer)):
            row = range(len(self))[int(key)]
            return {name: column[row] for name, column in self._columns.items()}
        if key not in COLUMNS:
            raise KeyError(f"history: expected one of {', '.join(COLUMNS)}, got {key!r}.")
        return self._columns[key].values(len(self))

    def last(self, column: str, count: int) -> list[Any]:
        """A column in the last generations, oldest first; quicker than all of it."""
        values = self._columns[column]
        return [values[row] for row in range(max(len(self) - count, 0), len(self))]

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
        arrays["species_start"] = sizes.start.values(count + 1)
        entries = int(arrays["species_start"][-1])
        arrays["species_id"] = sizes.id.values(entries)
        arrays["species_size"] = sizes.size.values(entries)
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
            values = arrays.get(name, np.full(count, MISSING[kind], kind))
            typed({name: values}, name, _TYPES[kind], (count,))
            if name in COUNTS and ((values < 0) | (values > MOST_COUNTED)).any():
                raise ValueError(f"{name}: expected numbers from 0 to {MOST_COUNTED}.")
            history._columns[name] = _Column(_TYPES[kind], values)
        if (arrays["generation"] != np.arange(1, count + 1)).any():
            raise ValueError("generation: expected 1, 2, 3 and so on.")
        start = typed(arrays, "species_start", np.int64, (count + 1,))
        ids = typed(arrays, "species_id", np.int32, ("entries",))
        size = typed(arrays, "species_size", np.int32, (ids.size,))
        if start[0] != 0 or start[-1] != ids.size or (start[1:] < start[:-1]).any():
            raise ValueError(f"species_start: expected offsets rising from 0 to {ids.size}.")
        if (ids < 1).any() or (size < 1).any():
            raise ValueError("species_id, species_size: expected numbers from 1.")
        sizes = history.species_sizes
        sizes.start = _Column(np.int64, start)
        sizes.id, sizes.size = _Column(np.int32, ids), _Column(np.int32, size)
        return history

    def __repr__(self) -> str:
        return f"History({len(self)} generations)"


def csv_lines(values: Any) -> str:
    """One line of CSV; floats to nine significant digits, which is what files keep."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{v:.9g}" if isinstance(v, float) else v for v in values])
    return out.getvalue()
