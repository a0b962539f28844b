"""What a network's nodes hold over time, and as shares of full colour; and genes for a network
that has none."""

from dataclasses import dataclass, replace

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
from neatgrow.networks.recording import Recording

_FIRST_HIDDEN = 1 << 62


def activity(genome: Genome | Network, inputs: ArrayLike) -> Array:
    """Values of all nodes at every observation, from state 0, as the network itself reads them.

    Args:
        genome: Whose network is run, in float64; or a network, in its own precision.
        inputs: (T, I), one row per observation.

    Returns:
        (T, I + nodes) float64: inputs as they enter, standardised where the genome carries
        statistics, then nodes in evaluation order; nodes that reach no output are left out.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: Inputs have another shape, or are not finite.
    """
    network = _network(genome)
    values: Array = _values(network, _observations(network, inputs)[:, None])[:, 0]
    return values


def recorded(genome: Genome | Network, inputs: ArrayLike) -> Recording:
    """As :func:`activity`, with every tick that an observation is held for, and potentials."""
    network = _network(genome)
    return network.record(_observations(network, inputs))


def _observations(network: Network, inputs: ArrayLike) -> Array:
    """(T, I), at least one."""
    x = _checks.array(
        "inputs", inputs, ("T", network.interface.inputs), finite=True,
        remedy="Pass one row per observation.",
    )  # fmt: skip
    if not len(x):
        raise ValueError(_checks.message("inputs", "at least one observation", "none"))
    return x


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


@dataclass(frozen=True)
class Levels:
    """What pictures show of a recording: of every input and node where it stands on its scale.

    Inputs, nodes in evaluation order. Nodes show their potential where they have one, else their
    value. Those that fire go from rest, 0, to their threshold, 1; the others share one scale.
    """

    shares: Array  # (T·k, I + V), full colour at −1 and 1
    scale: Array  # (I + V,) what 1 stands for, above zero
    zero: Array  # (I + V,) what 0 stands for
    fires: Array  # (I + V,) bool


def levels(recording: Recording) -> Levels:
    """Levels of a recording."""
    n_inputs = recording.inputs.shape[1]
    own = np.isnan(recording.rest)
    held = np.where(own, recording.values, recording.potentials)
    table = np.concatenate([recording.inputs, held], axis=1)
    fires = np.concatenate([np.zeros(n_inputs, np.bool_), ~np.isnan(recording.threshold)])
    scale, zero = np.ones(fires.size), np.zeros(fires.size)
    scale[~fires] = scales(table[:, ~fires], n_inputs)
    nodes = fires[n_inputs:]
    zero[fires] = recording.rest[nodes]
    span = recording.threshold[nodes] - recording.rest[nodes]
    scale[fires] = np.where(span > 0.0, span, 1.0)
    with np.errstate(all="ignore"):  # potentials that ran away
        return Levels((table - zero) / scale, scale, zero, fires)


def scales(values: Array, n_inputs: int) -> Array:
    """Value of full colour: of each input its largest, of all nodes together likewise.

    Of a few values that stand out far the scale takes no notice.
    """
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    scale = size.max(axis=0)
    nodes = size[:, n_inputs:]
    if nodes.size:
        usual = float(np.quantile(nodes, 0.98))
        scale[n_inputs:] = nodes.max() if nodes.max() <= 3.0 * usual else usual
    return np.where(scale > 0.0, scale, 1.0)


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
