"""Columns of genes in arrays: their names in order, and the options of choices by opcode."""

from functools import cache
from typing import NamedTuple

from neatgrow._types import Array
from neatgrow.columns import COLUMNS as DECLARED
from neatgrow.columns import Choices, Table, Values, column_names
from neatgrow.kernels import dynamics, functions


class Names(NamedTuple):
    """Names of the columns of every array of genes, in order."""

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
    """
    tables: tuple[Table, ...] = ("node", "connection", "genome")
    return Names(*(
        column_names(table, kind, columns) for table in tables for kind in (Values, Choices)
    ))  # fmt: skip


BASE = tuple(name for name, column in DECLARED.items() if not column.optional)
"""The columns that all genomes have."""

NODE_VALUES = names_of(BASE).node_values
NODE_CHOICES = names_of(BASE).node_choices
CONNECTION_VALUES = names_of(BASE).connection_values
COLUMNS = (len(NODE_VALUES), len(NODE_CHOICES), len(CONNECTION_VALUES))
"""How many node value, node choice and connection value columns there are."""


def option_codes(column: str) -> dict[str, int]:
    """Opcode of every option of a choice column by name."""
    if column == "activation":
        return functions.opcodes()
    if column == "aggregation":
        return {name: code for code, name in enumerate(functions.AGGREGATIONS)}
    if column == "dynamics":
        return dynamics.opcodes()
    options = DECLARED[column].settings
    assert isinstance(options, Choices)
    return {name: code for code, name in enumerate(options.options)}


def option_names(column: str, codes: Array) -> list[str]:
    """Names of the options of a choice column."""
    names = {code: name for name, code in option_codes(column).items()}
    return [names[int(code)] for code in codes]
