"""What is asked of a run beside its settings: when it ends, how it evaluates, when it is saved."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from neatgrow import _checks
from neatgrow._settings import Settings, setting
from neatgrow.evaluation.base import Problem
from neatgrow.files.archive import plain
from neatgrow.learning.lifetime import Learning

if TYPE_CHECKING:
    from neatgrow.runs.evolution import Evolution

Callback = Callable[["Evolution"], object]

# Those that hold for the whole run, so that they are saved with it. A function's inputs, outputs
# and noise are its problem's, and stand beside them in the run's description.
SAVED = ("generations", "solved_at", "minimize", "learning")

_ASIDE = ("callbacks", "progress", "checkpoints")  # of a call, which nothing follows from


@dataclass(frozen=True, kw_only=True)
class Checkpoints(Settings):
    """When a run is saved, besides after its first generation and at its end.

    Attributes:
        seconds: Between two checkpoints; ``None`` for no such rule.
        generations: Between two checkpoints; ``None`` for no such rule.
        keep: Newest checkpoints that are kept.
    """

    seconds: float | None = setting(30.0, 0.0)
    generations: int | None = setting(None, 1)
    keep: int = setting(3, 1)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of a run; each is described at :func:`neatgrow.evolve`.

    ``processes``, ``time_limit`` and ``executor`` are checked where workers begin, since each
    depends on the others (:func:`neatgrow.evaluation.executors.evaluator`).

    Raises:
        ValueError, TypeError: An option is not what it should be.
    """

    generations: int = 100
    solved_at: float | None = None
    minimize: bool = False
    learning: Learning | None = None
    on_error: Literal["record", "raise"] = "record"
    failure_limit: float = 0.9
    seconds: float | None = None
    processes: int = 0
    time_limit: float | None = None
    executor: Any = None
    callbacks: Any = ()  # a Callback or several; a tuple, once checked
    progress: bool | None = None
    checkpoints: Checkpoints | None = None

    def __post_init__(self) -> None:
        checked: dict[str, object] = {
            "generations": _checks.integer("generations", self.generations, 1),
            "minimize": _checks.flag("minimize", self.minimize),
            "failure_limit": _checks.number(
                "failure_limit", self.failure_limit, least=0.0, most=1.0
            ),
            "callbacks": _called(self.callbacks),
        }
        _checks.one_of("on_error", self.on_error, ("record", "raise"))
        if self.solved_at is not None:
            checked["solved_at"] = _checks.number("solved_at", self.solved_at)
        if self.seconds is not None:
            checked["seconds"] = _checks.number("seconds", self.seconds, least=0.0)
        if self.progress is not None:
            checked["progress"] = _checks.flag("progress", self.progress)
        for name, kind, rule in (
            ("learning", Learning, "Learning(steps, …)"),
            ("checkpoints", Checkpoints, "Checkpoints(…)"),
        ):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise TypeError(_checks.message(name, rule, _checks.shown(value)))
        vars(self).update(checked)

    def goal(self, problem: Problem) -> float | None:
        """Fitness from which the problem counts as solved; ``None`` where there is no such."""
        return problem.solved_at if self.solved_at is None else self.solved_at

    def to_dict(self) -> dict[str, Any]:
        """What is saved with a run, as plain values."""
        values = {name: getattr(self, name) for name in SAVED}
        return {**values, "learning": None if self.learning is None else self.learning.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What :meth:`to_dict` gave, or a release in which nobody learned; the rest is passed over.

        Raises:
            LookupError: A value is missing.
            ValueError, TypeError: A value is not what it should be.
            UnknownContentError: An optimiser or a schedule is not known here.
        """
        known = {name: {"learning": None, **values}[name] for name in SAVED}
        if known.get("learning") is not None:
            known["learning"] = Learning.from_dict(plain(known, "learning", dict))
        return cls(**known)

    def resumed(self, now: "Options", **changed: Any) -> "Options":
        """Those with which a run goes on: what was saved of these, the rest as asked for now.

        Args:
            now: As asked for.
            changed: Of what was saved, what is another from now on; ``None`` for what is not.
        """
        saved = {name: getattr(self, name) for name in SAVED}
        given = {name: value for name, value in changed.items() if value is not None}
        return replace(now, **saved | given)


def call_of(function: str, problem: str, options: Options, **more: Any) -> str:
    """A call as text, for people: the arguments that are not the defaults, settings left out.

    Args:
        function: ``"evolve"`` or ``"resume"``.
        problem: Its name.
        options: As asked for.
        more: Other arguments, those that are ``None`` left out.
    """
    usual = Options()
    given = {name: value for name, value in more.items() if value is not None}
    for field in fields(Options):
        value = getattr(options, field.name)
        if field.name not in (*more, *_ASIDE) and value != getattr(usual, field.name):
            given[field.name] = value
    plain_kinds = (bool, int, float, str, dict, Settings)
    texts = [
        f"{name}={_checks.shown(value) if isinstance(value, plain_kinds) else '…'}"
        for name, value in given.items()
    ]
    return f"{function}({', '.join([problem, *texts])})"


def _called(callbacks: object) -> tuple[Callback, ...]:
    one = callable(callbacks) or not isinstance(callbacks, Iterable)
    calls: tuple[Any, ...] = (callbacks,) if one else tuple(callbacks)  # type: ignore[arg-type]
    if not all(callable(call) for call in calls):
        rule = "functions of the run"
        raise TypeError(_checks.message("callbacks", rule, _checks.shown(callbacks)))
    return calls
