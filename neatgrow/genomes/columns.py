"""Columns of genes: how many there are, and the options of choices by name and opcode."""

from neatgrow._types import Array
from neatgrow.config import CONNECTION_VALUES, NODE_CHOICES, NODE_VALUES
from neatgrow.kernels import functions

COLUMNS = (len(NODE_VALUES), len(NODE_CHOICES), len(CONNECTION_VALUES))
"""How many node value, node choice and connection value columns there are."""


def option_codes(column: str) -> dict[str, int]:
    """Opcode of every option of a choice column by name."""
    if column == "activation":
        return functions.opcodes()
    return {name: code for code, name in enumerate(functions.AGGREGATIONS)}


def option_names(column: str, codes: Array) -> list[str]:
    """Names of the options of a choice column."""
    names = {code: name for name, code in option_codes(column).items()}
    return [names[int(code)] for code in codes]
