"""Columns of genes in arrays: their names in order, and the options of choices by opcode."""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS as DECLARED
from neatgrow.columns import Choices, Genes, Table, Values, column_names
from neatgrow.kernels import dynamics, functions
from neatgrow.timing import Dynamics


class Names(NamedTuple):
    """Names of the columns of every array of genes, in the order of ``layout.BY_COLUMN``."""

    node_values: tuple[str, ...]
    node_choices: tuple[str, ...]
    connection_values: tuple[str, ...]
    connection_choices: tuple[str, ...]
    genome_values: tuple[str, ...]
    genome_choices: tuple[str, ...]


@cache
def names_of(columns: tuple[str, ...]) -> Names:
    """How columns lie in arrays.

    Args:
        columns: Names of all columns of a genome.

    Raises:
        ValueError: One of them is not registered.
    """
    for name in columns:
        if name not in DECLARED:
            remedy = "Register it in a module that is imported here too."
            raise ValueError(_checks.message("columns", "registered ones", repr(name), remedy))
    tables: tuple[Table, ...] = ("node", "connection", "genome")
    return Names(*(
        column_names(table, kind, columns) for table in tables for kind in (Values, Choices)
    ))  # fmt: skip


BASE = tuple(name for name, column in DECLARED.items() if not column.optional)
"""The columns that all genomes have."""


@cache
def places_of(columns: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    """Where each column lies: the array that it is in, and its place there."""
    return {
        name: (array, k)
        for array, names in names_of(columns)._asdict().items()
        for k, name in enumerate(names)
    }


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The columns that all genomes have and some optional ones, each once."""
    wanted = {*BASE, *names}
    return tuple(name for name in DECLARED if name in wanted)


def plain(column: str) -> float:
    """What a gene holds of which nothing is said: a value, or an opcode."""
    declared = DECLARED[column]
    settings = declared.settings
    if isinstance(settings, Values):
        return settings.start_mean if declared.plain is None else declared.plain
    return option_codes(column)[
        settings.options[0] if settings.start == "random" else settings.start
    ]


def option_codes(column: str) -> dict[str, int]:
    """Opcode of every option of a choice column by name.

    Raises:
        ValueError: It is a column of values.
    """
    if column == "activation":
        return functions.opcodes()
    if column == "aggregation":
        return {name: code for code, name in enumerate(functions.AGGREGATIONS)}
    if column == "dynamics":
        return dynamics.opcodes()
    options = DECLARED[column].settings
    if not isinstance(options, Choices):
        raise ValueError(_checks.message("column", "one of choices", f"{column!r}, of values"))
    return {name: code for code, name in enumerate(options.options)}


def offered_dynamics(genes: Genes) -> list[Dynamics]:
    """The dynamics that nodes of a run may have.

    Raises:
        ValueError: One does not exist.
    """
    settings: Choices | None = genes.dynamics
    codes, known = dynamics.opcodes(), dynamics.declarations()
    names = settings.options if settings else ()
    return [known[codes[_checks.one_of("genes.dynamics.options", name, codes)]] for name in names]


def option_names(column: str, codes: Array) -> list[str]:
    """Names of the options of a choice column."""
    names = {code: name for name, code in option_codes(column).items()}
    return [names[int(code)] for code in codes]
