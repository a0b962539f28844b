"""Mutation of one child's values and choices, in place; its structure stays."""

import numpy as np

from neatgrow.kernels.genes import (
    FIRST_OPTION,
    MUTATE_RATE,
    OPTION_COUNT,
    OUTPUTS,
    PERTURB_RATE,
    POWER,
    REPLACE_RATE,
    SWAP_RATE,
    UNIFORM,
    bounded,
    start_value,
)
from neatgrow.kernels.jit import at, helper
from neatgrow.kernels.random import draw_below, draw_noise, draw_uniform


@helper
def _mutate_columns(table, values, start, stop, stream):
    """Replace or perturb rows ``start:stop`` of every value column."""
    for k in range(values.shape[1]):
        if table[k, MUTATE_RATE] < 1.0 and draw_uniform(stream) >= table[k, MUTATE_RATE]:
            continue
        replace = table[k, REPLACE_RATE]
        either = replace + (1.0 - replace) * table[k, PERTURB_RATE]
        uniform = table[k, UNIFORM] > 0.0
        for i in range(at(start), at(stop)):
            u = draw_uniform(stream)
            if u < replace:
                values[i, k] = start_value(table, k, stream)
            elif u < either:
                value = values[i, k] + table[k, POWER] * draw_noise(stream, uniform)
                values[i, k] = bounded(table, k, value)


@helper
def mutate(out, span, rules, stream):
    """Mutate values and choices.

    Only where the structure stayed as it was: a child that was just split or joined computes
    nearly what its parent did, and is first judged on that.
    """
    _mutate_columns(rules.node_values, out.node_values, span[0], span[1], stream)
    _mutate_columns(rules.connection_values, out.connection_values, span[2], span[3], stream)
    _mutate_columns(rules.genome_values, out.genome_values, span[4], span[4] + 1, stream)
    hidden = span[0] + rules.n_outputs
    _swap_choices(rules.node_choices, out.node_choices, span[0], hidden, span[1], stream)
    a, b = span[2], span[3]
    _swap_choices(rules.connection_choices, out.connection_choices, a, a, b, stream)
    own = span[4]
    _swap_choices(rules.genome_choices, out.genome_choices, own, own, own + 1, stream)


@helper
def _swap_choices(table, choices, start, outputs, stop, stream):
    """Draw other options; rows ``start:outputs`` are outputs and may be fixed."""
    for k in range(choices.shape[1]):
        if table[k, SWAP_RATE] <= 0.0:
            continue
        for i in range(outputs if table[k, OUTPUTS] >= 0.0 else start, stop):
            if draw_uniform(stream) < table[k, SWAP_RATE]:
                option = draw_below(stream, table[k, OPTION_COUNT])
                choices[i, k] = np.uint8(table[k, FIRST_OPTION + option])
