"""A first generation made of given genomes: read, checked, given the run's columns, and varied."""

from collections.abc import Iterable
from os import PathLike
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import Choices
from neatgrow.config import Config
from neatgrow.files.genomes import load_genomes
from neatgrow.genomes.columns import names_of, option_codes
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.genomes.loops import looped
from neatgrow.genomes.variation import check_memory, make_children, room_for, rules_of
from neatgrow.kernels import layout
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.offspring import COPY, MUTATE, Offspring
from neatgrow.timing import TIMING

Start = Genome | Genomes | Iterable[Genome | Genomes] | str | PathLike[str]
_STATISTICS = ("input_mean", "input_scale")


def batches_of(start: Start) -> tuple[Genomes, ...]:
    """The genomes to start from, checked: a genome, several, or a file of them.

    Raises:
        TypeError: It is something else.
        ValueError: There are none, or one of them is unsound.
        FileNotFoundError, FileError: It is the path of no file of genomes.
    """
    given: list[Any]
    if isinstance(start, (str, PathLike)):
        given = [load_genomes(_checks.path("start", start))]
    elif isinstance(start, (Genome, Genomes)) or not isinstance(start, Iterable):
        given = [start]
    else:
        given = list(start)
    for one in given:
        if not isinstance(one, (Genome, Genomes)):
            rule = "a genome, several, or a file of them"
            remedy = "Graphs become genomes by Genome.from_networkx(graph)."
            raise TypeError(_checks.message("start", rule, _checks.shown(one), remedy))
    batches = tuple(one.batch() if isinstance(one, Genome) else one for one in given)
    if not sum(map(len, batches)):
        raise ValueError(_checks.message("start", "at least one genome", "none"))
    for batch in batches:
        batch.check()
    return batches


def adopted(batches: tuple[Genomes, ...], config: Config, interface: Interface) -> Genomes:
    """Genomes as a population of these settings may have them.

    Columns that they lack get their start value. What they were judged with, statistics of
    inputs, they keep.

    Args:
        batches: Of :func:`batches_of`.
        config: Settings, none of them ``"auto"``.
        interface: Of the population.

    Raises:
        ValueError: Their inputs, outputs, encoding, timing, columns or statistics do not fit, there
            are loops where ``config.recurrent`` forbids them, or more genomes than the population
            has.
    """
    for batch in batches:
        _check_interface(batch.interface, interface)
    count = sum(map(len, batches))
    if count > config.population_size:
        rule, remedy = f"at most {config.population_size} genomes", "Pass the best of them."
        raise ValueError(_checks.message("start", f"{rule}, the population's size", count, remedy))
    if not config.recurrent and looped(batches):
        remedy = "Set recurrent=True to let them have loops."
        raise ValueError(_checks.message("start", "genomes without loops", "some with", remedy))
    face = interface.with_statistics(**_statistics(batches))
    parts = [(_widened(batch, config, interface), len(batch)) for batch in batches]
    return Genomes(layout.concatenate(parts), face)


def _check_interface(own: Interface, wanted: Interface) -> None:
    mine, theirs = own.graph, wanted.graph
    if (mine.inputs, mine.outputs) != (theirs.inputs, theirs.outputs):
        rule = f"genomes of {theirs.inputs} inputs and {theirs.outputs} outputs"
        raise ValueError(_checks.message("start", rule, f"{mine.inputs} and {mine.outputs}"))
    if not own.matches(wanted):
        rule = f"genomes of the encoding {wanted.encoding.kind!r} and its settings"
        got = f"those of {own.encoding.kind!r} or of other settings"
        remedy = "Set encoding as it was when they evolved."
        raise ValueError(_checks.message("start", rule, got, remedy))
    for name in TIMING:
        asked, has = getattr(wanted.timing, name), getattr(own.timing, name)
        if asked != has:
            remedy = f"Set {name}={has!r}, which is part of them."
            rule = f"genomes of {name} {asked!r}"
            raise ValueError(_checks.message("start", rule, repr(has), remedy))
    unknown = [name for name in own.columns if name not in wanted.columns]
    if unknown:
        rule, got = f"genomes of the columns {', '.join(wanted.columns)}", f"{unknown[0]!r} too"
        remedy = f"Let the settings have it: genes.{unknown[0]}."
        raise ValueError(_checks.message("start", rule, got, remedy))


def _statistics(batches: tuple[Genomes, ...]) -> dict[str, Any]:
    """The input statistics that all of them carry, if any do."""
    faces = [batch.interface.graph for batch in batches]
    first = {name: getattr(faces[0], name) for name in _STATISTICS}
    for face in faces[1:]:
        for name, values in first.items():
            other = getattr(face, name)
            if (values is None) != (other is None) or not np.array_equal(values, other):
                rule, remedy = "genomes of the same input statistics", "Pass those of one run."
                raise ValueError(_checks.message("start", rule, "others", remedy))
    return first if first["input_mean"] is not None else {}


def _widened(genomes: Genomes, config: Config, interface: Interface) -> Packed:
    """Their arrays with all columns of an interface."""
    before, after = (names_of(face.columns)._asdict() for face in (genomes.interface, interface))
    arrays = genomes.packed._asdict()
    for array, names in after.items():
        if names != before[array]:
            own = arrays[array]
            wide = np.empty((len(own), len(names)), own.dtype)
            for k, name in enumerate(names):
                old = before[array]
                wide[:, k] = (
                    own[:, old.index(name)] if name in old else _start(name, config, genomes)
                )
            arrays[array] = wide
    return Packed(**arrays)


def _start(name: str, config: Config, genomes: Genomes) -> Any:
    """What genes of a column begin with: a value, or opcodes."""
    settings = getattr(config.genes, name)
    if not isinstance(settings, Choices):
        return settings.start_mean
    codes = option_codes(name)
    start = codes[settings.options[0] if settings.start == "random" else settings.start]
    if settings.outputs is None:
        return start
    is_output: Array = genomes.node_id < genomes.n_inputs + genomes.n_outputs
    return np.where(is_output, codes[settings.outputs], start)


def first_generation(start: Genomes, config: Config, *, seed: int) -> Genomes:
    """Copies of genomes in turn: each of them unchanged once, all other copies mutated once.

    Args:
        start: Of :func:`adopted`.
        config: Settings.
        seed: Run seed.
    """
    size, count, packed = config.population_size, len(start), start.packed
    most = (int(np.diff(ptr).max()) for ptr in (packed.node_ptr, packed.connection_ptr))
    check_memory(start.interface, size, *most)
    rows = (np.arange(size) % count).astype(np.int32)
    kind = np.where(np.arange(size) < count, COPY, MUTATE).astype(np.uint8)
    offspring = Offspring(rows, rows, kind, np.zeros(size, np.bool_))
    rules = rules_of(config, start.interface)
    room = room_for(start, offspring)
    return make_children(start, offspring, room, rules, seed=seed, generation=0)
