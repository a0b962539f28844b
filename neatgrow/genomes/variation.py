"""Genomes from nothing and from parents: settings in, packed batches out."""

from functools import partial
from itertools import pairwise

import numpy as np

from neatgrow import _checks, _memory, automatic
from neatgrow._types import Array
from neatgrow.columns import Choices, Values
from neatgrow.config import Config
from neatgrow.genomes.columns import names_of, offered_dynamics, option_codes
from neatgrow.genomes.genomes import Genomes
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import genes, layout, parallel, random
from neatgrow.kernels import reproduction as kernels
from neatgrow.kernels.dynamics import check_columns
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.offspring import Offspring, room_of

_COPIES = 2  # of a generation, at least: parents and their children
_DRAWING = 80  # bytes for each connection of a genome while they are numbered and put in order
_VARIATION_NS = 30.0  # estimated work per parental gene


def rules_of(config: Config, interface: Interface) -> Rules:
    """The settings as kernels read them; those that are ``"auto"`` as without a problem.

    Raises:
        ValueError: A choice column names an option that does not exist, or a dynamics a column.
    """
    config, _ = automatic.resolved(config)
    mutation = config.mutation
    tables = {
        array: (_choice_table if array.endswith("choices") else _value_table)(
            {name: getattr(config.genes, name) for name in names}
        )
        for array, names in names_of(interface.columns)._asdict().items()
    }
    for declared in offered_dynamics(config.genes):
        check_columns(declared, config.genes.columns)
    return Rules(
        n_inputs=interface.inputs,
        n_outputs=interface.outputs,
        recurrent=config.recurrent is True,
        **tables,
        add_connection=mutation.add_connection,
        add_loop=mutation.add_loop,
        add_node=mutation.add_node,
        delete_connection=mutation.delete_connection,
        delete_node=mutation.delete_node,
        enable=mutation.enable,
        disable=mutation.disable,
        inherit_disabled=config.crossover.disable,
    )


def _value_table(columns: dict[str, Values]) -> Array:
    return np.array([
        [
            c.start_mean, c.start_spread, c.noise == "uniform", c.minimum, c.maximum,
            c.mutate_rate, c.perturb_rate, c.replace_rate, c.power,
        ]
        for c in columns.values()
    ]).reshape(-1, genes.POWER + 1)  # fmt: skip


def _choice_table(columns: dict[str, Choices]) -> Array:
    width = genes.FIRST_OPTION + max((len(c.options) for c in columns.values()), default=0)
    table = np.zeros((len(columns), width))
    for row, (name, column) in zip(table, columns.items(), strict=True):
        codes = option_codes(name)
        for option in column.options:
            _checks.one_of(f"genes.{name}.options", option, codes)
        random_start = column.start == "random"
        row[genes.SWAP_RATE] = column.swap_rate
        row[genes.START] = genes.RANDOM_START if random_start else codes[column.start]
        row[genes.OUTPUTS] = -1.0
        if column.outputs is not None:
            _checks.one_of(f"genes.{name}.outputs", column.outputs, codes)
            row[genes.OUTPUTS] = codes[column.outputs]
        row[genes.OPTION_COUNT] = len(column.options)
        row[genes.FIRST_OPTION :][: len(column.options)] = [codes[o] for o in column.options]
    return table


def initial_genomes(
    config: Config,
    interface: Interface,
    *,
    seed: int,
    generation: int = 0,
    count: int | None = None,
) -> Genomes:
    """A first generation as ``config.start`` says.

    Args:
        config: Settings.
        interface: Inputs and outputs.
        seed: Run seed.
        generation: Birth of all genes; also keys the draws.
        count: How many, ``config.population_size`` by default.

    Raises:
        ValueError: They would not fit into memory.
    """
    count = config.population_size if count is None else count
    widths = [interface.inputs, config.start.hidden, interface.outputs]
    sizes = [size for size in widths if size]  # of the layers
    check_memory(interface, count, sum(sizes[1:]), sum(a * b for a, b in pairwise(sizes)))
    outputs = np.arange(interface.inputs, interface.inputs + interface.outputs)
    ranks = np.arange(config.start.hidden)
    hidden = innovation_numbers(np.full(ranks.size, -1), ranks)
    inputs = np.arange(interface.inputs)
    layers = [inputs, hidden, outputs] if hidden.size else [inputs, outputs]
    pairs = np.concatenate(
        [np.stack([np.repeat(a, b.size), np.tile(b, a.size)]) for a, b in pairwise(layers)],
        axis=1,
    )
    innovation = innovation_numbers(*pairs)
    order = np.argsort(innovation)
    pairs = np.ascontiguousarray(np.stack([innovation, *pairs])[:, order])
    node_ids = np.sort(np.concatenate([outputs, hidden]))
    names = names_of(interface.columns)
    out = layout.empty_packed(names, count, count * node_ids.size, count * order.size)
    key = np.array([seed, random.INITIAL, generation])
    rules = rules_of(config, interface)
    kernels.make_initial(rules, key, node_ids, pairs, config.start.connections, out, 0, count)
    return Genomes(layout.concatenate([(out, count)]), interface)


def check_memory(interface: Interface, count: int, nodes: int, connections: int) -> None:
    """Raise ValueError if ``count`` genomes of so many genes would not fit into memory."""
    bytes_of = {"offsets": 16, "genome": 0, "node": 0, "connection": 0}
    names = names_of(interface.columns)
    for array, stored in layout.STORED.items():
        if stored.table != "offsets":
            wide = len(getattr(names, array)) if stored.by_column else 1
            bytes_of[stored.table] += wide * np.dtype(stored.dtype).itemsize
    each = (
        bytes_of["offsets"] + bytes_of["genome"]
        + nodes * bytes_of["node"] + connections * bytes_of["connection"]
    )  # fmt: skip
    needed, there = _COPIES * count * each + _DRAWING * connections, _memory.there_is()
    if there is not None and needed > there:
        raise ValueError(
            f"population_size: expected genomes that fit into {_memory.shown(there)} of memory, "
            f"got {count} with {interface.inputs} inputs, {nodes} nodes and {connections} "
            f"connections each, which take about {_memory.shown(needed)}. Take fewer of them, or "
            "of start.hidden, inputs or outputs."
        )


def room_for(parents: Genomes, offspring: Offspring) -> Array:
    """(2, N+1) int64 offsets of the most genes that each child can have."""
    room = np.empty((2, offspring.first.size + 1), np.int64)
    room_of(parents.packed, offspring, room)
    return room


def make_children(
    parents: Genomes,
    offspring: Offspring,
    room: Array,
    rules: Rules,
    *,
    seed: int,
    generation: int,
    wishes: Array | None = None,
) -> Genomes:
    """Children of a generation, in the order of ``offspring``, whatever the number of threads.

    Args:
        parents: N genomes.
        offspring: Who makes each child.
        room: Of :func:`room_for`, or of the kernel that chose the parents.
        rules: Settings.
        seed: Run seed.
        generation: Birth of new genes; also keys the draws.
        wishes: (N,) uint8, zeros: instead of growing at random, children write here what they
            would grow, for :class:`neatgrow.Learning` to choose where.
    """
    packed = parents.packed
    count, names = offspring.first.size, names_of(parents.columns)
    key = np.array([seed, random.VARIATION, generation])

    asked = np.zeros(0, np.uint8) if wishes is None else wishes

    def build(start: int, stop: int) -> tuple[Packed, int]:
        nodes, connections = (room[:, stop] - room[:, start]).tolist()
        children = layout.empty_packed(names, stop - start, nodes, connections)
        kernels.make_children(packed, offspring, rules, key, children, asked, start, stop)
        return children, stop - start

    most = int(room[0, -1] + room[1, -1])
    if parallel.is_small(most * _VARIATION_NS):
        return Genomes(layout.concatenate([build(0, count)]), parents.interface)
    ranges = parallel.split(room[0] + room[1], _VARIATION_NS)
    parts = parallel.launch([partial(build, *r) for r in ranges])
    return Genomes(layout.concatenate(parts), parents.interface)
