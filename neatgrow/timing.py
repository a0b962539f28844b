"""Time in networks: how ticks, observations and nodes go together, as settings.

:class:`Timing` is what genomes carry of it, and :class:`neatgrow.Config` has the same settings.
What a node does with its input over time is a dynamics: :data:`BUILT_IN` declares each, with the
gene columns that it reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, get_args

from neatgrow import _checks
from neatgrow._settings import Settings, setting
from neatgrow.columns import COLUMNS, Choices, Values

Update = Literal["ordered", "synchronous"]
Readout = Literal["last", "mean"]
Coding = Literal["current", "rate", "latency"]
Surrogate = Literal["arctan", "fast_sigmoid"]
READOUTS, CODINGS, SURROGATES = (get_args(words) for words in (Readout, Coding, Surrogate))


@dataclass(frozen=True, kw_only=True)
class Timing(Settings):
    """How a network unfolds in time; part of every genome, saved with it.

    Attributes:
        update: When a connection hands on what its source computes: ``"ordered"`` within the
            tick where it goes forward in the order of evaluation, else a tick later;
            ``"synchronous"`` a tick later between any two nodes.
        ticks: Ticks that every observation is held for.
        readout: What an observation comes to: the outputs of the ``"last"`` of its ticks, or their
            ``"mean"``, which of spikes is a rate.
        input_coding: How an input x enters in the ticks of an observation: as it is
            (``"current"``); as spikes, a share |x| of the ticks, spread evenly (``"rate"``); or as
            one spike, the earlier the larger |x| is (``"latency"``). Spikes have the sign of x,
            and |x| is taken as at most 1.
        tick: Length of a tick, in the unit of time constants.
        substeps: Steps within a tick that the potential of an ``"izhikevich"`` node takes; those
            of other dynamics are exact for an input that stays.
        surrogate: Slope that learning puts in the place of a spike's, of x, by which the potential
            is above the threshold, and the width w: 1 / (1 + (x/w)²) for ``"arctan"`` (Fang et
            al. 2021), 1 / (1 + |x|/w)² for ``"fast_sigmoid"`` (Zenke & Ganguli 2018).
        surrogate_width: w, for ``"lif"`` in units of potential, for ``"izhikevich"`` of 100 mV.
    """

    update: Update = "ordered"
    ticks: int = setting(1, 1, 10_000)
    readout: Readout = "last"
    input_coding: Coding = "current"
    tick: float = setting(1.0, 1e-6, 1e6)
    substeps: int = setting(2, 1, 8)
    surrogate: Surrogate = "arctan"
    surrogate_width: float = setting(0.3, 1e-6, 1e6)

    def _check(self, path: str) -> None:
        super()._check(path)
        if self.input_coding != "current" and self.ticks == 1:
            what = f"{path}.input_coding" if path else "input_coding"
            rule, remedy = "'current' where ticks is 1", "Set ticks, over which spikes are spread."
            raise ValueError(_checks.message(what, rule, repr(self.input_coding), remedy))

    @property
    def timing(self) -> "Timing":
        """These settings alone."""
        return Timing(**{name: getattr(self, name) for name in TIMING})


TIMING = tuple(f.name for f in fields(Timing))
"""Names of the settings of :class:`Timing`."""


class Dynamics(NamedTuple):
    """The declaration of a dynamics."""

    name: str
    states: int = 0  # slots of its own that a node has
    columns: tuple[str, ...] = ()  # of nodes, that it reads, in order
    activates: bool = True  # whether the node's activation is applied to what it gives
    learns: bool = False  # whether it has a derivative
    # Columns that it reads behind those where genomes have them, and what they are elsewhere.
    optional: tuple[tuple[str, float], ...] = ()
    potential: bool = False  # whether its first state is a membrane potential
    spikes: bool = False  # whether it gives 1 for a spike, else 0

    @property
    def reads(self) -> tuple[str, ...]:
        """All columns that it reads: its parameters, in order."""
        return (*self.columns, *(name for name, _ in self.optional))


_SYNAPSE = ("synapse_time_constant", 0.0)
_CELL = tuple(f"izhikevich_{name}" for name in "abcd")
BUILT_IN = (
    Dynamics("instant", learns=True),
    Dynamics("leaky", 1, ("time_constant",), learns=True, potential=True),
    Dynamics(
        "lif", 4, ("time_constant",), activates=False, learns=True, potential=True, spikes=True,
        optional=(
            ("threshold", 1.0), ("refractory", 0.0), ("reset", 0.0), ("adaptation", 0.0),
            ("adaptation_time_constant", 1.0), _SYNAPSE,
        ),
    ),
    Dynamics(
        "izhikevich", 3, _CELL, activates=False, learns=True, potential=True, spikes=True,
        optional=(("start_potential", -65.0), _SYNAPSE),
    ),
)  # fmt: skip
"""The dynamics that are built in, in order of opcode."""

IZHIKEVICH_TYPES: dict[str, tuple[float, float, float, float]] = {
    "regular_spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically_bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast_spiking": (0.1, 0.2, -65.0, 2.0),
    "thalamo_cortical": (0.02, 0.25, -65.0, 0.05),
    "resonator": (0.1, 0.25, -65.0, 2.0),
    "low_threshold_spiking": (0.02, 0.25, -65.0, 2.0),
}
"""a, b, c, d of the named types of neurons (Izhikevich 2003, figure 2)."""

# What shorthands add besides the columns that a dynamics cannot do without.
_COLUMNS = {"lif": ("threshold", "refractory")}
_CURRENTS = Values(start_spread=10.0, minimum=-100.0, maximum=100.0, power=5.0)


def izhikevich_type(name: str) -> dict[str, Any]:
    """Values of a node of a named type, such as for ``Genome.from_edges(nodes={…})``.

    Raises:
        ValueError: There is no such type.
    """
    _checks.one_of("izhikevich_type", name, tuple(IZHIKEVICH_TYPES))
    return {"dynamics": "izhikevich", **dict(zip(_CELL, IZHIKEVICH_TYPES[name], strict=True))}


def dynamics_changes(words: object, usual: Mapping[str, Any]) -> dict[str, Any]:
    """What ``Config(dynamics=words)`` stands for, by dotted path.

    Args:
        words: A dynamics, or a type of :data:`IZHIKEVICH_TYPES`, or several, which mutation then
            swaps.
        usual: The settings of columns that are changed only where they are the usual ones.

    Raises:
        TypeError: They are no words.
    """
    names = (words,) if isinstance(words, str) else words
    if not isinstance(names, (list, tuple)) or not names or not all(map(_is_word, names)):
        rule = "the name of a dynamics, or several"
        raise TypeError(_checks.message("dynamics", rule, _checks.shown(words)))
    kinds = tuple(dict.fromkeys("izhikevich" if n in IZHIKEVICH_TYPES else n for n in names))
    if kinds == ("instant",):
        return {"genes.dynamics": None}
    changes: dict[str, Any] = {
        "genes.dynamics": Choices(
            start=kinds[0] if len(kinds) == 1 else "random", options=kinds,
            swap_rate=0.05 if len(kinds) > 1 else 0.0,
        )
    }  # fmt: skip
    known = {declared.name: declared for declared in BUILT_IN}
    for kind in kinds:
        needed = known[kind].columns if kind in known else ()
        changes |= {f"genes.{c}": True for c in (*needed, *_COLUMNS.get(kind, ()))}
    types = [IZHIKEVICH_TYPES[str(n)] for n in names if n in IZHIKEVICH_TYPES]
    for column, values in zip(_CELL, zip(*types, strict=True), strict=False):
        middle, spread = sum(values) / len(values), (max(values) - min(values)) / 2
        changes |= {f"genes.{column}.start_mean": middle, f"genes.{column}.start_spread": spread}
    if kinds == ("izhikevich",) and usual.get("weight") == COLUMNS["weight"].settings:
        changes["genes.weight"] = _CURRENTS
    return changes


def _is_word(value: object) -> bool:
    return isinstance(value, str)
