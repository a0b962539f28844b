"""Gene columns as kernels treat them: settings in tables, copying, starting."""

from typing import NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.kernels.jit import at, helper
from neatgrow.kernels.random import draw_below, draw_noise

# columns of a value table: one row per value column
(MEAN, SPREAD, UNIFORM, MINIMUM, MAXIMUM, MUTATE_RATE, PERTURB_RATE, REPLACE_RATE, POWER) = range(9)
# columns of a choice table: one row per choice column
SWAP_RATE, START, OUTPUTS, OPTION_COUNT, FIRST_OPTION = range(5)
RANDOM_START = -1.0


class Rules(NamedTuple):
    """Settings of variation as kernels read them."""

    n_inputs: int
    n_outputs: int
    recurrent: bool
    node_values: Array  # (columns, 9) float64, a value table
    node_choices: Array  # (columns, 4 + options) float64, a choice table
    connection_values: Array
    connection_choices: Array
    genome_values: Array
    genome_choices: Array
    add_connection: float
    add_loop: float
    add_node: float
    delete_connection: float
    delete_node: float
    enable: float
    disable: float
    inherit_disabled: float


@helper
def copy_node(source, i, out, j):
    """Write node gene i of ``source`` to row j of ``out``."""
    i, j = at(i), at(j)
    out.node_id[j] = source.node_id[i]
    out.node_birth[j] = source.node_birth[i]
    for k in range(out.node_values.shape[1]):
        out.node_values[j, k] = source.node_values[i, k]
    for k in range(out.node_choices.shape[1]):
        out.node_choices[j, k] = source.node_choices[i, k]


@helper
def copy_connection(source, i, out, j):
    """Write connection gene i of ``source`` to row j of ``out``."""
    i, j = at(i), at(j)
    out.innovation[j] = source.innovation[i]
    out.source[j] = source.source[i]
    out.target[j] = source.target[i]
    out.connection_birth[j] = source.connection_birth[i]
    out.enabled[j] = source.enabled[i]
    for k in range(out.connection_values.shape[1]):
        out.connection_values[j, k] = source.connection_values[i, k]
    for k in range(out.connection_choices.shape[1]):
        out.connection_choices[j, k] = source.connection_choices[i, k]


@helper
def copy_own(source, n, out, m):
    """Write the genes of genome n of ``source`` itself to row m of ``out``."""
    for k in range(out.genome_values.shape[1]):
        out.genome_values[m, k] = source.genome_values[n, k]
    for k in range(out.genome_choices.shape[1]):
        out.genome_choices[m, k] = source.genome_choices[n, k]


@helper
def bounded(table, k, value):
    """``value`` clipped to the bounds of column k of a value table."""
    return min(max(value, table[k, MINIMUM]), table[k, MAXIMUM])


@helper
def start_value(table, k, stream):
    """A fresh value of column k of a value table."""
    value = table[k, MEAN]
    if table[k, SPREAD] > 0.0:
        value += table[k, SPREAD] * draw_noise(stream, table[k, UNIFORM] > 0.0)
    return bounded(table, k, value)


@helper
def start_choice(table, k, is_output, stream):
    """A fresh opcode of column k of a choice table; ``is_output`` of nodes alone."""
    if is_output and table[k, OUTPUTS] >= 0.0:
        return np.uint8(table[k, OUTPUTS])
    if table[k, START] != RANDOM_START:
        return np.uint8(table[k, START])
    return np.uint8(table[k, FIRST_OPTION + draw_below(stream, table[k, OPTION_COUNT])])
