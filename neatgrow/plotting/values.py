"""What a network's nodes hold, tick by tick; and genes for a network that has none."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.build import assemble
from neatgrow.genomes.columns import in_order
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels.plan import part
from neatgrow.networks.networks import Network, Networks
from neatgrow.networks.plan import computed_genes

_FIRST_HIDDEN = 1 << 62


def activity(genome: Genome | Network, inputs: ArrayLike) -> Array:
    """Values of all nodes at every tick, from state 0, as the network itself computes them.

    Args:
        genome: Whose network is run, in float64; or a network, in its own precision.
        inputs: (T, I), one row per tick.

    Returns:
        (T, I + nodes) float64: inputs as they enter, standardised where the genome carries
        statistics, then nodes in evaluation order; nodes that reach no output are left out.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: Inputs have another shape, or are not finite.
    """
    network = _network(genome)
    x = _checks.array(
        "inputs", inputs, ("T", network.interface.inputs), finite=True,
        remedy="Pass one row per tick.",
    )  # fmt: skip
    if not len(x):
        raise ValueError(_checks.message("inputs", "at least one tick", "none"))
    values: Array = _values(network, x[:, None])[:, 0]
    return values


def answers(genome: Genome | Network, samples: ArrayLike) -> Array:
    """As :func:`activity`, of independent samples (B, I), each one tick from state 0."""
    network = _network(genome)
    x = _checks.array("samples", samples, ("B", network.interface.inputs), finite=True)
    values: Array = _values(network, x[None])[0]
    return values


def _network(genome: Genome | Network) -> Network:
    return genome if isinstance(genome, Network) else at_work(genome).compile(np.float64)


def _values(network: Network, x: Array) -> Array:
    """Inputs (T, B, I) → values of all slots (T, B, I + nodes), from state 0."""
    plan, face = network.networks.plan, network.interface
    # A network whose outputs are all of its slots.
    slots = np.arange(face.inputs + plan.node_stop[0] - plan.node_start[0])
    every = Interface(
        face.inputs, slots.size, input_mean=face.input_mean, input_scale=face.input_scale
    )
    seen = plan._replace(output_slot=slots[None].astype(np.int32))
    values = Networks(seen, every, np.array([0, plan.weight.size])).run(x)
    return np.ascontiguousarray(values[0], np.float64)


def genome_of(network: Network) -> Genome:
    """A genome of what a network computes.

    A network keeps neither ids nor births of its nodes, so hidden ones are numbered in
    evaluation order; and no gene columns but those that it computes with.
    """
    plan, face = part(network.networks.plan, 0, 1), network.interface
    hidden = np.ones(plan.bias.size, np.bool_)
    hidden[plan.output_slot[0] - face.inputs] = False
    id_ = np.empty(face.inputs + hidden.size, np.int64)  # of every slot
    id_[: face.inputs] = np.arange(face.inputs)
    id_[plan.output_slot[0]] = face.inputs + np.arange(face.outputs)
    id_[face.inputs :][hidden] = _FIRST_HIDDEN + np.arange(int(hidden.sum()))
    target = np.repeat(id_[face.inputs :], plan.incoming_stop - plan.incoming_start)
    source, genes = computed_genes(plan, face)
    face = replace(face, columns=in_order(genes))
    return assemble(face, id_[face.inputs :], id_[source], target, genes)


def at_work(genome: Genome | Network) -> Genome:
    """As :func:`drawable`, of what a genome stands for: that is what meets inputs."""
    shown = drawable(genome)
    return shown if isinstance(genome, Network) else shown.phenotype()


def drawable(genome: Genome | Network) -> Genome:
    """What pictures are made from.

    Raises:
        TypeError: It is neither a genome nor a network.
    """
    if isinstance(genome, Network):
        return genome_of(genome)
    if not isinstance(genome, Genome):
        raise TypeError(
            _checks.message(
                "genome", "a Genome or a Network", type(genome).__name__,
                "Draw result.champion or genomes[i].",
            )
        )  # fmt: skip
    return genome
