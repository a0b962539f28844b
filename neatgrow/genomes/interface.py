"""What all genomes of a batch have in common."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.columns import COLUMNS, adopted
from neatgrow.genomes.columns import BASE, names_of
from neatgrow.sections import Direct, Encoding
from neatgrow.timing import TIMING, Timing, Update

MOST = 1 << 24  # inputs or outputs


@dataclass(frozen=True, eq=False)
class Interface:
    """What all genomes of a batch have in common, and networks made of them.

    Attributes:
        inputs: I; input ids are 0…I−1.
        outputs: O; output ids are I…I+O−1.
        input_names: I names for pictures and tables, or ``None``.
        output_names: O names, or ``None``.
        input_mean: (I,) float64 subtracted from inputs before they enter, or ``None``.
        input_scale: (I,) float64 that the difference is multiplied with, or ``None``. The
            result is clipped to ±10.
        columns: Names of the gene columns, in order; those that all genomes have are the first.
        timing: How a network unfolds in time: the settings of that name of ``Config``.
        encoding: What graphs the genomes stand for.
        phenotype: That of these graphs, where they are not the genomes themselves; else ``None``.
    """

    inputs: int
    outputs: int
    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None
    input_mean: Array | None = None
    input_scale: Array | None = None
    columns: tuple[str, ...] = BASE
    timing: Timing = Timing()
    encoding: Encoding = Direct()
    phenotype: "Interface | None" = None

    def __post_init__(self) -> None:
        for what, size in (("inputs", self.inputs), ("outputs", self.outputs)):
            if _checks.integer(what, size, 1) > MOST:
                remedy = "Give networks fewer numbers, such as smaller pictures."
                raise ValueError(
                    _checks.message(what, f"an integer from 1 to {MOST}", size, remedy)
                )
        for what, given, count in (
            ("input_names", self.input_names, self.inputs),
            ("output_names", self.output_names, self.outputs),
        ):
            names = _checks.names(what, given)
            if names is not None and len(names) != count:
                raise ValueError(_checks.message(what, f"{count} names", f"{len(names)}"))
        for what, statistic in (("input_mean", self.input_mean), ("input_scale", self.input_scale)):
            if statistic is not None:
                _checks.array(what, statistic, (self.inputs,), finite=True)
        if (self.input_mean is None) != (self.input_scale is None):
            raise ValueError("input_mean, input_scale: expected both or neither, got one.")
        if type(self.timing) is not Timing:
            raise TypeError(_checks.message("timing", "a Timing", _checks.shown(self.timing)))
        names_of(self.columns)  # raises for unknown ones
        if self.columns[: len(BASE)] != BASE:
            rule = f"{', '.join(BASE)} first"
            raise ValueError(_checks.message("columns", rule, f"{self.columns}"))

    def __getstate__(self) -> dict[str, Any]:
        """With the declarations of optional columns, for processes that have not got them."""
        declared = [COLUMNS[name] for name in self.columns if name not in BASE]
        return vars(self) | {"declared": declared}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for column in state.pop("declared"):
            adopted(column)
        vars(self).update(state)

    @property
    def update(self) -> Update:
        """When a connection hands on what its source computes."""
        return self.timing.update

    @property
    def labels(self) -> tuple[str, ...]:
        """(I + O) names of inputs and outputs: those given, else in0, in1, …, out0, out1, …."""
        inputs = self.input_names or tuple(f"in{i}" for i in range(self.inputs))
        return (*inputs, *(self.output_names or (f"out{o}" for o in range(self.outputs))))

    @property
    def graph(self) -> "Interface":
        """That of the graphs that the genomes stand for, which is what a problem sees."""
        return self if self.phenotype is None else self.phenotype

    def encoded(self, encoding: Encoding) -> "Interface":
        """That of the genomes whose graphs, by an encoding, have this interface.

        Raises:
            TypeError: The encoding answers with something else than an interface.
        """
        if isinstance(encoding, Direct):
            return self
        face = encoding.interface(self)
        if not isinstance(face, Interface):
            what = f"encoding {encoding.kind!r}, interface()"
            raise TypeError(_checks.message(what, "an Interface", _checks.shown(face)))
        return replace(
            face, columns=self.columns, timing=self.timing, encoding=encoding,
            phenotype=replace(self, columns=BASE, timing=Timing()),
        )  # fmt: skip

    def changed(self, **changes: Any) -> "Interface":
        """The same but for some attributes, or settings of its timing by their names."""
        timing = {name: changes.pop(name) for name in TIMING if name in changes}
        if timing:
            given = changes.get("timing", self.timing)
            changes["timing"] = given.override(timing)
        return replace(self, **changes)

    def with_statistics(self, **statistics: Array) -> "Interface":
        """The same with ``input_mean`` and ``input_scale`` of what a problem shows."""
        if self.phenotype is None:
            return replace(self, **statistics)  # type: ignore[arg-type]
        return replace(self, phenotype=self.phenotype.with_statistics(**statistics))

    def matches(self, other: "Interface") -> bool:
        """Whether genomes of both can be of one population: their sizes and encoding."""
        mine, theirs = ((f.inputs, f.outputs, f.encoding, f.graph.inputs, f.graph.outputs)
                        for f in (self, other))  # fmt: skip
        return mine == theirs

    def check_graph(self, what: str) -> None:
        """Raise ValueError, naming ``what``, if genomes only stand for the graphs that it takes."""
        if self.phenotype is not None:
            got = f"those of genomes of the encoding {self.encoding.kind!r}"
            rule = "the graphs that genomes stand for"
            raise ValueError(_checks.message(what, rule, got, "Call phenotype() of them first."))

    def prepared(self, x: Array) -> Array:
        """Inputs as they enter the network: standardised if the genome carries statistics."""
        if self.input_mean is None or self.input_scale is None:
            return x
        with np.errstate(over="ignore"):  # what overflows is clipped
            return np.asarray(np.clip((x - self.input_mean) * self.input_scale, -10.0, 10.0))
