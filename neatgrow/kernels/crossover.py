"""Crossover: what a child inherits of one parent, or of two aligned by innovation number.

Children stand where ``span`` says: see :mod:`neatgrow.kernels.reproduction`.
"""

from neatgrow.kernels.genes import copy_connection, copy_node, copy_own
from neatgrow.kernels.jit import helper
from neatgrow.kernels.offspring import MATE_AVERAGE
from neatgrow.kernels.random import draw_uniform


@helper
def copy(parents, first, out, span):
    """All genes of the first parent."""
    for i in range(parents.node_ptr[first], parents.node_ptr[first + 1]):
        copy_node(parents, i, out, span[1])
        span[1] += 1
    for i in range(parents.connection_ptr[first], parents.connection_ptr[first + 1]):
        copy_connection(parents, i, out, span[3])
        span[3] += 1
    copy_own(parents, first, out, span[4])


@helper
def mate(parents, first, second, equal, kind, rules, out, span, stream):
    """Align genes by identity; matching ones are drawn or averaged, others come from the
    first parent, or with ``equal`` each from whichever has it with chance one half. The genes of
    the genome itself match always.
    """
    i, i_stop = parents.node_ptr[first], parents.node_ptr[first + 1]
    j, j_stop = parents.node_ptr[second], parents.node_ptr[second + 1]
    while i < i_stop or (equal and j < j_stop):
        if j >= j_stop or (i < i_stop and parents.node_id[i] < parents.node_id[j]):
            copy_node(parents, i, out, span[1])
            i += 1
        elif i >= i_stop or parents.node_id[j] < parents.node_id[i]:
            j += 1
            if not equal:
                continue
            copy_node(parents, j - 1, out, span[1])
        else:
            copy_node(parents, i if draw_uniform(stream) < 0.5 else j, out, span[1])
            if kind == MATE_AVERAGE:
                for k in range(out.node_values.shape[1]):
                    out.node_values[span[1], k] = 0.5 * (
                        parents.node_values[i, k] + parents.node_values[j, k]
                    )
            out.node_birth[span[1]] = min(parents.node_birth[i], parents.node_birth[j])
            i += 1
            j += 1
        span[1] += 1

    i, i_stop = parents.connection_ptr[first], parents.connection_ptr[first + 1]
    j, j_stop = parents.connection_ptr[second], parents.connection_ptr[second + 1]
    while i < i_stop or (equal and j < j_stop):
        at = span[3]
        if j >= j_stop or (i < i_stop and parents.innovation[i] < parents.innovation[j]):
            i += 1
            if equal and draw_uniform(stream) < 0.5:
                continue
            copy_connection(parents, i - 1, out, at)
            disabled = not out.enabled[at]
        elif i >= i_stop or parents.innovation[j] < parents.innovation[i]:
            j += 1
            if not equal or draw_uniform(stream) < 0.5:
                continue
            copy_connection(parents, j - 1, out, at)
            disabled = not out.enabled[at]
        else:
            copy_connection(parents, i if draw_uniform(stream) < 0.5 else j, out, at)
            if kind == MATE_AVERAGE:
                for k in range(out.connection_values.shape[1]):
                    out.connection_values[at, k] = 0.5 * (
                        parents.connection_values[i, k] + parents.connection_values[j, k]
                    )
            out.connection_birth[at] = min(parents.connection_birth[i], parents.connection_birth[j])
            disabled = not (parents.enabled[i] and parents.enabled[j])
            i += 1
            j += 1
        out.enabled[at] = not (disabled and draw_uniform(stream) < rules.inherit_disabled)
        span[3] += 1

    if out.genome_values.shape[1] + out.genome_choices.shape[1] > 0:
        copy_own(parents, first if draw_uniform(stream) < 0.5 else second, out, span[4])
        if kind == MATE_AVERAGE:
            for k in range(out.genome_values.shape[1]):
                out.genome_values[span[4], k] = 0.5 * (
                    parents.genome_values[first, k] + parents.genome_values[second, k]
                )
