"""What a network holds at every tick: values, membrane potentials, spikes."""

from dataclasses import dataclass

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import recording
from neatgrow.kernels.dynamics import KIND, STATE, custom_addresses, declarations
from neatgrow.kernels.neurons import THRESHOLD
from neatgrow.kernels.plan import TICKS, Plan


@dataclass(frozen=True, eq=False)
class Recording:
    """A network at work, tick by tick, over T observations of k ticks each.

    Nodes are in evaluation order; those that reach no output are not among them.

    Attributes:
        inputs: (T·k, I) what entered: standardised where the genome carries statistics, and as
            spikes where inputs are coded so.
        values: (T·k, V) what each node gave.
        potentials: (T·k, V) membrane potential at the end of a tick, after what a spike resets;
            of ``"izhikevich"`` nodes in mV; NaN of nodes that have none.
        spikes: (T·k, V) bool, whether a node fired.
        rest: (V,) potential at the start; NaN of nodes that have none.
        threshold: (V,) potential at which a node fires, without its adaptation; NaN of nodes that
            do not fire.
        labels: (I + V) names of inputs and nodes; hidden ones are h1, h2, … in evaluation order,
            as a network knows no births.
        node_gene: (V,) int32 row of each node's gene in the genome that was compiled, so
            ``genome.node_id[recording.node_gene]`` are their ids.
        ticks: k.
    """

    inputs: Array
    values: Array
    potentials: Array
    spikes: Array
    rest: Array
    threshold: Array
    labels: tuple[str, ...]
    node_gene: Array
    ticks: int

    def __len__(self) -> int:
        """T·k."""
        return len(self.values)

    def __repr__(self) -> str:
        t, v = self.values.shape
        fired = f"{int(self.spikes.sum()):,} spikes"
        return f"Recording({t} ticks, {self.inputs.shape[1]} inputs, {v} nodes, {fired})"


def recorded(plan: Plan, interface: Interface, x: Array) -> Recording:
    """The recording of network 0 of a plan, from state 0; ``x`` (T, I) as its weights."""
    ticks, n_inputs = int(plan.staring[0, TICKS]), interface.inputs
    seen = np.empty((len(x) * ticks, int(plan.width[0])), plan.weight.dtype)
    inputs = np.ascontiguousarray(interface.prepared(x), seen.dtype)
    recording.record(plan, custom_addresses(), inputs, seen)
    rows = slice(int(plan.node_start[0]), int(plan.node_stop[0]))
    n_nodes = rows.stop - rows.start
    values = np.ascontiguousarray(seen[:, n_inputs : n_inputs + n_nodes], np.float64)
    potentials = np.full(values.shape, np.nan)
    rest, threshold = np.full(n_nodes, np.nan), np.full(n_nodes, np.nan)
    kinds = plan.dynamics[rows, KIND] if plan.dynamics.size else np.zeros(n_nodes, np.int32)
    for code, declared in declarations().items():
        own = np.flatnonzero(kinds == code)
        if not declared.potential or not own.size:
            continue
        parameters = dict(zip(declared.reads, plan.parameters[rows][own].T, strict=False))
        # Some dynamics keep the difference from where the potential begins.
        rest[own] = parameters.get("start_potential", 0.0)
        potentials[:, own] = rest[own] + seen[:, plan.dynamics[rows][own, STATE]]
        if declared.spikes:
            threshold[own] = parameters.get("threshold", THRESHOLD)
    return Recording(
        np.ascontiguousarray(seen[:, :n_inputs], np.float64), values, potentials,
        ~np.isnan(threshold) & (values == 1.0), rest, threshold,
        _labels(interface, plan.output_slot[0], n_nodes), plan.node_gene[rows].copy(), ticks,
    )  # fmt: skip


def _labels(interface: Interface, output_slot: Array, n_nodes: int) -> tuple[str, ...]:
    """Names of inputs and nodes."""
    names = interface.labels
    outputs = dict(zip(output_slot.tolist(), names[interface.inputs :], strict=True))
    hidden = iter(range(1, n_nodes + 1))
    slots = range(interface.inputs, interface.inputs + n_nodes)
    nodes = (outputs[slot] if slot in outputs else f"h{next(hidden)}" for slot in slots)
    return *names[: interface.inputs], *nodes
