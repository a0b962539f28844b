"""Gene columns: each declared once, and what becomes of it in evolution as settings.

A :class:`Column` is the declaration: its table, what it holds, how it starts, mutates and counts
in the distance. Storage, checks, crossover, files, networkx, printing and drawing follow from it.
Weight, bias, activation and aggregation are in every genome; all others are optional, and a run
carries those whose settings its :class:`Genes` have.
"""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, Literal

from neatgrow import _checks
from neatgrow._settings import Declared, Settings, rate, setting

Noise = Literal["normal", "uniform"]
Table = Literal["node", "connection", "genome"]


@dataclass(frozen=True, kw_only=True)
class Values(Settings):
    """A continuous gene column: where it starts, how it mutates, what it weighs.

    A child's column mutates with chance ``mutate_rate``; then each gene is replaced by a
    fresh start value with chance ``replace_rate``, else perturbed by ``power`` times noise
    with chance ``perturb_rate``. Results are clipped to [minimum, maximum].

    Attributes:
        start_mean: Centre of the start values.
        start_spread: Standard deviation (normal) or half-width (uniform) of start values.
        noise: Shape of start values and perturbations.
        difference: Coefficient of the mean |a − b| over matching genes in the distance.
    """

    start_mean: float = 0.0
    start_spread: float = setting(1.0, 0.0)
    minimum: float = field(default=-30.0, metadata={"infinite": True})
    maximum: float = field(default=30.0, metadata={"infinite": True})
    mutate_rate: float = rate(0.8)
    perturb_rate: float = rate(0.9)
    replace_rate: float = rate(0.1)
    power: float = setting(0.5, 0.0)
    noise: Noise = "normal"
    difference: float = setting(0.3, 0.0)

    def _check(self, path: str) -> None:
        super()._check(path)
        if not self.minimum < self.maximum:
            rule = f"less than maximum {self.maximum}"
            raise ValueError(_checks.message(f"{path}.minimum", rule, self.minimum))
        if not self.minimum <= self.start_mean <= self.maximum:
            rule = f"a number from minimum {self.minimum} to maximum {self.maximum}"
            raise ValueError(_checks.message(f"{path}.start_mean", rule, self.start_mean))


@dataclass(frozen=True, kw_only=True)
class Choices(Settings):
    """A categorical gene column: one named option per gene.

    Attributes:
        start: Option of a new gene, or ``"random"`` for any of ``options``.
        outputs: Option that output nodes have and keep, in a column of nodes; ``None`` treats them
            like the others.
            ``"auto"``, the default of activations, is what the problem says
            (:class:`neatgrow.Problem`).
        options: What mutation may choose from.
        swap_rate: Chance per gene and child to draw another option.
        difference: Coefficient of the share of matching genes that differ in the distance.
    """

    start: str = "random"
    outputs: str | None = None
    options: tuple[str, ...] = ()
    swap_rate: float = rate(0.0)
    difference: float = setting(0.0, 0.0)

    def _check(self, path: str) -> None:
        super()._check(path)
        if not self.options:
            raise ValueError(_checks.message(f"{path}.options", "at least one name", "none"))
        if self.start != "random":
            _checks.one_of(f"{path}.start", self.start, ("random", *self.options))


@dataclass(frozen=True, kw_only=True)
class Column:
    """The declaration of a gene column.

    Attributes:
        name: In ``Config.genes``, files and graphs.
        table: What has a gene of it: each node, each connection, or the genome itself.
        settings: What it holds, numbers or one of some options, and its settings by default.
        optional: Whether genomes may lack it.
        label: What drawings write before a value; ``""`` for the name.
        plain: The value in graphs that say none; by default the start of new genes.
        above: What all values are greater than; ``None`` for any.
    """

    name: str
    table: Table
    settings: Values | Choices
    optional: bool = True
    label: str = ""
    plain: float | None = None
    above: float | None = None


_BIAS = Values(
    start_spread=0.0, mutate_rate=0.1, perturb_rate=0.5, replace_rate=0.05, difference=0.0
)


def _cell(start: float, minimum: float, maximum: float, power: float) -> Values:
    """A parameter of Izhikevich's model."""
    return Values(
        start_mean=start, start_spread=0.0, minimum=minimum, maximum=maximum, mutate_rate=0.1,
        power=power, difference=0.0,
    )  # fmt: skip


_BASE = (
    Column(name="weight", table="connection", settings=Values(), optional=False, plain=1.0),
    Column(name="bias", table="node", settings=_BIAS, optional=False),
    Column(
        name="activation", table="node", optional=False,
        settings=Choices(start="tanh", options=("tanh",), outputs="auto"),
    ),
    Column(
        name="aggregation", table="node", optional=False,
        settings=Choices(start="sum", options=("sum",)),
    ),
    Column(
        name="dynamics", table="node",
        settings=Choices(start="instant", options=("instant", "leaky"), swap_rate=0.05),
    ),
    Column(
        name="time_constant", table="node", label="τ", above=0.0,
        settings=Values(start_mean=2.0, minimum=0.1, maximum=100.0, mutate_rate=0.1),
    ),
    Column(
        name="threshold", table="node", label="θ", above=0.0,
        settings=Values(
            start_mean=1.0, start_spread=0.0, minimum=0.01, maximum=100.0, mutate_rate=0.1,
            power=0.1,
        ),
    ),
    Column(
        name="refractory", table="node", label="rest",
        settings=Values(
            start_mean=1.0, start_spread=0.0, minimum=0.0, maximum=100.0, mutate_rate=0.05
        ),
    ),
    Column(
        name="reset", table="node",
        settings=Choices(start="subtract", options=("subtract", "rest"), swap_rate=0.02),
    ),
    Column(
        name="adaptation", table="node", label="β",
        settings=Values(
            start_mean=1.0, start_spread=0.0, minimum=0.0, maximum=100.0, mutate_rate=0.1
        ),
    ),
    Column(
        name="adaptation_time_constant", table="node", label="τₐ", above=0.0,
        settings=Values(
            start_mean=20.0, start_spread=5.0, minimum=0.1, maximum=10_000.0, mutate_rate=0.1,
            power=5.0,
        ),
    ),
    Column(
        name="synapse_time_constant", table="node", label="τₛ", plain=0.0,
        settings=Values(
            start_mean=2.0, start_spread=0.0, minimum=0.0, maximum=100.0, mutate_rate=0.1
        ),
    ),
    Column(name="izhikevich_a", table="node", label="a", settings=_cell(0.02, -0.1, 1.0, 0.01)),
    Column(name="izhikevich_b", table="node", label="b", settings=_cell(0.2, -1.0, 1.0, 0.02)),
    Column(name="izhikevich_c", table="node", label="c", settings=_cell(-65.0, -80.0, -40.0, 2.0)),
    Column(name="izhikevich_d", table="node", label="d", settings=_cell(8.0, -30.0, 20.0, 1.0)),
    Column(
        name="start_potential", table="node", label="v₀",
        settings=_cell(-65.0, -90.0, -50.0, 1.0),
    ),
    Column(
        name="delay", table="connection",
        settings=Choices(start="0", options=tuple("01234567"), swap_rate=0.05, difference=0.1),
    ),
)  # fmt: skip
COLUMNS: dict[str, Column] = {column.name: column for column in _BASE}
"""Every column by name; genomes keep this order in memory and in files."""

_TAKEN = {
    "id", "birth", "kind", "label", "innovation", "source", "target", "enabled", "columns",
    "inputs", "outputs", "input_names", "output_names", "input_mean", "input_scale", "timing",
    "update", "ticks", "readout", "input_coding", "tick", "substeps", "surrogate",
    "surrogate_width", "encoding", "phenotype",
}  # fmt: skip
_MOST_OPTIONS = 256


def register_column(
    name: str, table: Table, settings: Values | Choices, *, label: str = ""
) -> Column:
    """Declare a gene column of your own; ``Config(genes=Genes(name=settings))`` uses it.

    Programs that load such genomes from files must register it too, so do it at the top level of
    a module; worker processes are told. Registering the same again changes nothing.

    Args:
        name: An identifier that no other column has.
        table: ``"node"``, ``"connection"`` or ``"genome"``.
        settings: ``Values(…)`` for numbers, ``Choices(…)`` for one of up to 256 options.
        label: What drawings write before a value.

    Raises:
        ValueError: The name is taken or no identifier, or options are too many, alike, or of
            outputs that there are none of.
        TypeError: ``name`` is no text, or ``settings`` are neither.
    """
    if not isinstance(settings, (Values, Choices)):
        rule = "Values(…) or Choices(…)"
        raise TypeError(_checks.message(f"column {name!r}", rule, _checks.shown(settings)))
    if not isinstance(name, str):
        raise TypeError(_checks.message("register_column", "a name", _checks.shown(name)))
    _checks.one_of(f"column {name!r}, table", table, ("node", "connection", "genome"))
    if isinstance(settings, Choices):
        if table != "node" and settings.outputs is not None:
            what, rule = f"column {name!r}, outputs", "none, as only nodes are outputs"
            raise ValueError(_checks.message(what, rule, repr(settings.outputs)))
        if len(set(settings.options)) < len(settings.options):
            what, rule = f"column {name!r}, options", "names that differ"
            raise ValueError(_checks.message(what, rule, ", ".join(settings.options)))
    column = Column(name=name, table=table, settings=settings, label=label)
    if name in COLUMNS:
        return adopted(column)
    if not name.isidentifier() or name.startswith("_") or name in _TAKEN or hasattr(Genes, name):
        rule = "an identifier that means nothing else"
        raise ValueError(_checks.message("register_column", rule, repr(name), "Choose another."))
    if isinstance(settings, Choices) and len(settings.options) > _MOST_OPTIONS:
        rule, got = f"at most {_MOST_OPTIONS} options", len(settings.options)
        raise ValueError(_checks.message(f"column {name!r}", rule, got))
    return adopted(column)


def adopted(column: Column) -> Column:
    """The column, known by its name from now on.

    Raises:
        ValueError: Another one has the name.
    """
    if COLUMNS.setdefault(column.name, column) != column:
        rule, got = "a name that no other column has", repr(column.name)
        raise ValueError(_checks.message("register_column", rule, got, "Choose another."))
    return column


class Genes(Settings):
    """Settings of every gene column by name; those that a run does not use read as ``None``.

    ``Genes(weight=Values(power=1.0))`` changes one of those that all genomes have;
    ``Genes(gain=Values())`` adds one that is registered. By path, ``"genes.gain": True`` adds it
    with the settings that it was registered with, and ``"genes.gain.power": 0.1`` with others.

    Attributes:
        columns: Names of the columns of a run, in order.
    """

    weight: Values
    bias: Values
    activation: Choices
    aggregation: Choices

    def __init__(self, **settings: Values | Choices | None) -> None:
        given: dict[str, Any] = {n: not column.optional for n, column in COLUMNS.items()}
        vars(self).update(vars(self._with(given | settings)))
        self._check("Genes")

    def __getattr__(self, name: str) -> None:
        """``None`` for a column that these settings lack."""
        if name in COLUMNS and COLUMNS[name].optional:
            return
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a run, in order."""
        return tuple(vars(self))

    @classmethod
    def _declared(cls) -> dict[str, Declared]:
        return {
            name: Declared(
                type(column.settings) | None if column.optional else type(column.settings)
            )
            for name, column in COLUMNS.items()
        }

    def _section(self, name: str) -> Settings | None:
        present: Settings | None = getattr(self, name, None)
        return COLUMNS[name].settings if present is None and name in COLUMNS else present

    def _with(self, values: Mapping[str, Any]) -> "Genes":
        changed = object.__new__(Genes)
        for name, value in values.items():
            if value is True:
                value = COLUMNS[name].settings
            absent = value is None or value is False or (isinstance(value, str) and value == "none")
            if not (absent and COLUMNS[name].optional):
                vars(changed)[name] = value
        return changed

    def _check(self, path: str) -> None:
        super()._check(path)
        for name, section in vars(self).items():
            above = COLUMNS[name].above
            if above is not None and isinstance(section, Values) and section.minimum <= above:
                rule = f"more than {above:g}"
                raise ValueError(_checks.message(f"{path}.{name}.minimum", rule, section.minimum))
            if COLUMNS[name].table != "node" and getattr(section, "outputs", None) is not None:
                what, rule = f"{path}.{name}.outputs", "none, as only nodes are outputs"
                raise ValueError(_checks.message(what, rule, section.outputs))

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Genes) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(frozenset(vars(self).items()))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"Genes({inner})"


def column_names(table: Table, kind: type[Settings], names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some columns that are of a table and a kind, in order."""
    found = (COLUMNS[name] for name in names)
    return tuple(c.name for c in found if c.table == table and isinstance(c.settings, kind))
