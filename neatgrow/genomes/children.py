"""Children of given genomes, for those who select parents themselves."""

import numpy as np

from neatgrow import _checks, automatic
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.loops import looped
from neatgrow.genomes.variation import make_children, room_for, rules_of
from neatgrow.kernels import layout
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.offspring import MATE, MATE_AVERAGE, MUTATE, Offspring

_MOST_BIRTH = (1 << 31) - 1


def children_of(
    parents: Genomes, offspring: Offspring, config: Config | None, seed: int, generation: int
) -> Genomes:
    """See :meth:`neatgrow.Genomes.children`."""
    rules = _rules(parents, Config() if config is None else config)
    checked = _checked(offspring, len(parents))
    seed = _checks.integer("seed", seed, 0)
    generation = _checks.integer("generation", generation, 0)
    if generation > _MOST_BIRTH:
        rule = f"an integer from 0 to {_MOST_BIRTH}"
        raise ValueError(_checks.message("generation", rule, generation))
    return make_children(
        parents, checked, room_for(parents, checked), rules, seed=seed, generation=generation
    )


def mutants_of(parents: Genomes, config: Config | None, seed: int, generation: int) -> Genomes:
    """See :meth:`neatgrow.Genomes.mutated`."""
    rows = np.arange(len(parents), dtype=np.int32)
    kind = np.full(rows.size, MUTATE, np.uint8)
    offspring = Offspring(rows, rows, kind, np.zeros(rows.size, np.bool_))
    return children_of(parents, offspring, config, seed, generation)


def cross(
    first: Genome, second: Genome, config: Config | None, seed: int, equal: bool, average: bool
) -> Genome:
    """See :meth:`neatgrow.Genome.crossed`."""
    if not isinstance(second, Genome):
        raise TypeError(_checks.message("crossed(other)", "a Genome", _checks.shown(second)))
    mine, theirs = first.interface, second.interface
    if not mine.matches(theirs) or mine.columns != theirs.columns or mine.timing != theirs.timing:
        rule = "a genome of the same inputs, outputs, columns, timing and encoding"
        raise ValueError(_checks.message("crossed(other)", rule, "another"))
    parents = Genomes(layout.concatenate([(first.packed, 1), (second.packed, 1)]), mine)
    kind = np.array([MATE_AVERAGE if _checks.flag("average", average) else MATE], np.uint8)
    rows = np.arange(2, dtype=np.int32)
    either = np.array([_checks.flag("equal", equal)])
    return children_of(parents, Offspring(rows[:1], rows[1:], kind, either), config, seed, 0)[0]


def _rules(parents: Genomes, config: Config) -> Rules:
    """The settings for these genomes; with ``recurrent="auto"`` loops are allowed if they have
    any."""
    if not isinstance(config, Config):
        raise TypeError(_checks.message("config", "a Config", _checks.shown(config)))
    loops = config.recurrent is not True and looped([parents])
    if loops and config.recurrent is False:
        remedy = "Set recurrent=True to let them have loops."
        raise ValueError(_checks.message("recurrent", "True, as there are loops", False, remedy))
    missing = [name for name in parents.columns if name not in config.genes.columns]
    if missing:
        rule = f"settings of the genomes' column {missing[0]!r}"
        raise ValueError(_checks.message(f"genes.{missing[0]}", rule, "none"))
    resolved, _ = automatic.resolved(config, loops=loops)
    return rules_of(resolved, parents.interface)


def _checked(offspring: Offspring, count: int) -> Offspring:
    if not isinstance(offspring, Offspring):
        remedy = "Make one with neatgrow.offspring_of(rows)."
        got = _checks.shown(offspring)
        raise TypeError(_checks.message("offspring", "an Offspring", got, remedy))
    first = _checks.indices("offspring.first", offspring.first, count)
    size = (first.size,)
    kind = _checks.array("offspring.kind", offspring.kind, size, np.uint8)
    if kind.size and kind.max() > MATE_AVERAGE:
        rule = f"numbers from 0 to {MATE_AVERAGE}"
        raise ValueError(_checks.message("offspring.kind", rule, f"{kind.max()}"))
    given = _checks.array("offspring.second", offspring.second, size, np.int64)
    second = np.where(kind >= MATE, given, first)
    _checks.indices("offspring.second", second, count)
    equal = np.ascontiguousarray(_checks.array("offspring.equal", offspring.equal, size, np.bool_))
    return Offspring(first.astype(np.int32), second.astype(np.int32), kind, equal)
