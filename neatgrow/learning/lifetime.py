"""Learning within a generation: genomes are judged on what they have become."""

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.files.archive import UnknownContentError
from neatgrow.genomes.columns import names_of, offered_dynamics
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import layout, random
from neatgrow.kernels.layout import WEIGHT
from neatgrow.kernels.losses import LOSSES
from neatgrow.learning import optimizers
from neatgrow.learning.data import Lessons, prepared
from neatgrow.learning.optimizers import Adam, Optimizer
from neatgrow.learning.training import Trainer, check_learn, recipe_of


@dataclass(frozen=True)
class Learning:
    """How genomes learn before they are judged.

    Attributes:
        steps: Of gradient descent, for each genome that learns.
        optimizer: Its memory starts empty in every generation.
        inheritance: ``"lamarckian"``: what was learned is written into the genes, within their
            bounds, and inherited. ``"baldwinian"``: genes stay as they were born and only the
            fitness counts; the champion, too, is as it was born, and ``Result.learned`` is what it
            was judged as. ``"none"``: nobody learns.
        share: Share of the genomes that learn, drawn anew in every generation.
        batch: Samples per step; all by default.
        clip: Largest norm of a genome's gradient.
        candidates: Where genomes grow. 0: at random, as without learning. More: for each
            connection to add or to split, this many places are drawn and the one is taken whose
            gradient over all lessons promises most (:mod:`neatgrow.kernels.guided_growth`).
        prune: Connections whose weight is closer to 0 than this after learning are removed; the
            genes as well, where what was learned is inherited.

    Raises:
        ValueError, TypeError: A setting is not what it should be.
    """

    steps: int
    optimizer: Optimizer = Adam(0.01)
    inheritance: Literal["lamarckian", "baldwinian", "none"] = "lamarckian"
    share: float = 1.0
    batch: int | None = None
    clip: float | None = None
    candidates: int = 0
    prune: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("candidates", 0), ("batch", 1)):
            value = getattr(self, name)
            if value is not None or name != "batch":  # as plain numbers, which JSON holds
                number = _checks.integer(f"Learning.{name}", value, least)
                object.__setattr__(self, name, number)
        _checks.one_of(
            "Learning.inheritance", self.inheritance, ("lamarckian", "baldwinian", "none")
        )
        _checks.number("Learning.share", self.share, above=0.0, most=1.0)
        if self.clip is not None:
            _checks.number("Learning.clip", self.clip, above=0.0, finite=True)
        prune = _checks.number("Learning.prune", self.prune, least=0.0, finite=True)
        object.__setattr__(self, "prune", prune)
        if not isinstance(self.optimizer, Optimizer):
            raise TypeError(_checks.message("Learning.optimizer", "one such as Adam(0.01)",
                                            self.optimizer))  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain values; :meth:`from_dict` reads them."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "optimizer"}
        schedule = self.optimizer.schedule
        own = {k: v for k, v in vars(self.optimizer).items() if k != "schedule"}
        plain["optimizer"] = {
            "name": type(self.optimizer).__name__,
            **own,
            "schedule": {"name": type(schedule).__name__, **vars(schedule)},
        }
        return plain

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Learning":
        """What :meth:`to_dict` gave.

        Raises:
            ValueError, TypeError: A value is missing or not what it should be.
        """
        rest = dict(values)
        own = dict(_taken(rest, "optimizer"))
        schedule = _known(dict(_taken(own, "schedule")), optimizers.Schedule)
        return Learning(optimizer=_known(own | {"schedule": schedule}, Optimizer), **rest)


def _known(values: dict[str, Any], base: type[Any]) -> Any:
    """An optimiser or a schedule by name and settings."""
    kinds = _kinds_of(base)
    name = _taken(values, "name")
    if name not in kinds:
        raise UnknownContentError(
            _checks.message("Learning", f"one of {', '.join(kinds)}", name, "Import it first.")
        )
    return kinds[name](**values)


def _kinds_of(base: type[Any]) -> dict[str, Any]:
    """All subclasses by name, those of the caller's included."""
    found: dict[str, Any] = {}
    for kind in base.__subclasses__():
        found |= {kind.__name__: kind, **_kinds_of(kind)}
    return found


def _taken(values: dict[str, Any], name: str) -> Any:
    if name not in values:
        raise ValueError(_checks.message("Learning", f"a value of {name!r}", values))
    return values.pop(name)


def taught(
    genomes: Genomes, lessons: Lessons, learning: Learning, config: Config, key: tuple[int, int]
) -> tuple[Genomes, int]:
    """Genomes after their learning, and how many samples went through gradients for it.

    Args:
        genomes: N genomes; not changed.
        lessons: What there is to learn.
        learning: How.
        config: Whose bounds the learned values keep.
        key: Run seed and generation, which settle who learns and the order of samples.
    """
    if learning.inheritance == "none":
        return genomes, 0
    draws = np.empty(1 + len(genomes), np.int64)
    random.derive_seeds(key[0], random.LEARNING, key[1], draws)
    check_learn(offered_dynamics(config.genes))
    chosen = np.flatnonzero(draws[1:] < learning.share * (1 << 31))
    if not chosen.size:
        return genomes, 0
    everyone = chosen.size == len(genomes)
    pupils = genomes if everyone else genomes[chosen]
    data = prepared(
        genomes.interface, len(pupils), lessons.X, lessons.Y, lessons.weights,
        sequences=lessons.sequences, labels=lessons.loss == "categorical", dtype=np.float32,
    )  # fmt: skip
    _checks.one_of("lessons: loss", lessons.loss, LOSSES[:-1])
    recipe = recipe_of(
        lessons.loss, learning.optimizer, learning.steps, data, batch=learning.batch,
        clip=learning.clip, seed=int(draws[0]),
    )  # fmt: skip
    trainer = Trainer(pupils, recipe, np.float32)
    losses = trainer.learn(data, learning.steps)
    samples = recipe.batch * data.inputs.shape[1] * int(np.count_nonzero(~np.isnan(losses)))
    tuned = trainer.tuned()
    names = names_of(genomes.interface.columns)
    for columns, values in (
        (names.connection_values, tuned.packed.connection_values),
        (names.node_values, tuned.packed.node_values),
    ):
        for k, column in enumerate(columns):
            bounds = getattr(config.genes, column)
            np.clip(values[:, k], bounds.minimum, bounds.maximum, out=values[:, k])
    packed = tuned.packed
    if learning.prune > 0.0:
        packed = layout.without(
            packed, np.abs(packed.connection_values[:, WEIGHT]) < learning.prune
        )
    if not everyone:
        packed = layout.put(genomes.packed, chosen, packed)
    return Genomes(packed, genomes.interface), samples
