"""Optimisers and schedules of the learning rate, as settings."""

from dataclasses import dataclass, fields
from sys import float_info
from typing import ClassVar, final

from neatgrow import _checks
from neatgrow.kernels import training


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes over the steps of one call."""

    opcode: ClassVar[int] = training.CONSTANT


@final
@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate throughout."""


@final
@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from the full rate down to 0 (Loshchilov & Hutter 2017, without restarts)."""

    opcode: ClassVar[int] = training.COSINE


@final
@dataclass(frozen=True)
class Steps(Schedule):
    """The rate times ``factor`` after every ``every`` steps.

    Attributes:
        every: Steps between two falls.
        factor: Of each.
    """

    every: int
    factor: float = 0.1
    opcode: ClassVar[int] = training.STEPPED

    def __post_init__(self) -> None:
        _checks.integer("Steps.every", self.every, 1)
        _positive("Steps", self, "factor")


@dataclass(frozen=True)
class Optimizer:
    """What every optimiser has.

    Attributes:
        rate: Learning rate.
        schedule: How it changes.
    """

    rate: float = 0.01
    schedule: Schedule = Constant()

    opcode: ClassVar[int]

    def __post_init__(self) -> None:
        if not isinstance(self.schedule, Schedule):
            raise TypeError(
                _checks.message("schedule", "Constant(), Cosine() or Steps(…)", self.schedule)
            )
        for field in fields(self):
            if field.name in ("momentum", "smoothing"):
                what = f"{type(self).__name__}.{field.name}"
                value = _checks.number(what, getattr(self, field.name))
                if not 0.0 <= value < 1.0:
                    rule = "a number from 0 to below 1"
                    raise ValueError(_checks.message(what, rule, value))
            elif field.name != "schedule":
                _positive(type(self).__name__, self, field.name)


@final
@dataclass(frozen=True)
class SGD(Optimizer):
    """Against the gradient: p ← p − rate·g."""

    opcode: ClassVar[int] = training.SGD


@final
@dataclass(frozen=True)
class Momentum(Optimizer):
    """m ← momentum·m + g, p ← p − rate·m (Polyak 1964)."""

    momentum: float = 0.9
    opcode: ClassVar[int] = training.MOMENTUM


@final
@dataclass(frozen=True)
class RMSProp(Optimizer):
    """v ← smoothing·v + (1 − smoothing)·g², p ← p − rate·g/(√v + epsilon).

    Source: Tieleman & Hinton (2012).
    """

    smoothing: float = 0.99
    epsilon: float = 1e-8
    opcode: ClassVar[int] = training.RMSPROP


@final
@dataclass(frozen=True)
class Adam(Optimizer):
    """Kingma & Ba (2015), algorithm 1; ``momentum`` is β₁ and ``smoothing`` β₂."""

    momentum: float = 0.9
    smoothing: float = 0.999
    epsilon: float = 1e-8
    opcode: ClassVar[int] = training.ADAM


@final
@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam whose weights, not biases, also shrink by rate·decay·w (Loshchilov & Hutter 2019)."""

    momentum: float = 0.9
    smoothing: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.01
    opcode: ClassVar[int] = training.ADAMW


def _positive(owner: str, settings: object, name: str) -> None:
    value = getattr(settings, name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0.0 < value <= float_info.max:
        raise ValueError(_checks.message(f"{owner}.{name}", "a positive number", value))
