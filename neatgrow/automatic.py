"""Settings that are ``"auto"``: what each becomes when a run begins, and why."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.sections import Direct

AUTO = "auto"


def sequential(problem: object) -> bool | None:
    """Whether a problem unfolds in time; ``None`` where it does not say."""
    value = getattr(problem, "sequential", None)
    return None if value is None else bool(value)


def output_activation(problem: object) -> str | None:
    """Activation that suits a problem's outputs; ``None`` for that of the other nodes."""
    value: str | None = getattr(problem, "output_activation", None)
    return value


# Every setting that may be "auto": what it becomes for a problem, or for none, by the settings.
# Genomes of another encoding are not what meets the problem: they become what they become without
# one.
_CHOICES: dict[str, Callable[[object, Config], Any]] = {
    "recurrent": lambda problem, config: bool(sequential(problem)) or config.ticks > 1,
    "genes.activation.outputs": lambda problem, config: output_activation(problem),
}


def resolved(
    config: Config,
    before: Mapping[str, Any] | None = None,
    *,
    problem: object = None,
    loops: bool = False,
) -> tuple[Config, dict[str, Any]]:
    """Settings of which none is ``"auto"``, and what those became by dotted path.

    Args:
        config: As asked for.
        before: What was chosen earlier in the same run, which stays.
        problem: What is evolved on, or ``None``: then there are no loops, and outputs are like
            the other nodes.
        loops: Whether the run starts from genomes that have loops: then they are allowed.
    """
    if not isinstance(config, Config):
        raise TypeError(_checks.message("config", "a Config", _checks.shown(config)))
    before = {} if before is None else before
    chosen = {}
    for path, choose in _CHOICES.items():
        value: Any = reduce(getattr, path.split("."), config)
        if value == AUTO:
            direct = isinstance(config.encoding, Direct)
            chosen[path] = (
                before[path] if path in before else choose(problem if direct else None, config)
            )
            if path == "recurrent" and loops and direct:
                chosen[path] = True
        elif path in before and value == before[path]:
            chosen[path] = value
    return (config.override(chosen) if chosen else config), chosen


def asked(config: Config, chosen: Mapping[str, Any]) -> Config:
    """The settings of which :func:`resolved` made ``config``."""
    return config.override(dict.fromkeys(chosen, AUTO)) if chosen else config


def check_chosen(config: Config, chosen: Mapping[str, Any]) -> None:
    """Raise ValueError where :func:`resolved` would not give these settings and choices."""
    if resolved(config, chosen) != (config, dict(chosen)):
        raise ValueError(f'chosen: expected settings that were "auto", got {dict(chosen)}.')


def said(config: Config, chosen: Mapping[str, Any], problem: object) -> str:
    """What was chosen, why, and how to choose otherwise, for people."""
    parts = ["loops allowed" if config.recurrent else "no loops"]
    if "recurrent" in chosen:
        unfolds = sequential(problem)
        reasons = {
            True: ", since the problem unfolds in time (recurrent=False forbids them)",
            False: ", since samples have no order (recurrent=True allows them)",
            None: ", since the problem says nothing of time (recurrent=True allows them)",
        }
        if config.recurrent is bool(unfolds):
            parts[0] += reasons[unfolds]
        elif config.ticks > 1:
            parts[0] += f", since observations last {config.ticks} ticks (recurrent=False forbids)"
        else:
            parts[0] += ", since there were some in the beginning"
    if not isinstance(config.encoding, Direct):
        loops = parts[0].partition(",")[0]
        parts = [f"genomes of the encoding {config.encoding.kind!r}, {loops} in themselves"]
    outputs = chosen.get("genes.activation.outputs")
    if outputs is not None:
        parts.append(f"{outputs} outputs, which suit the targets (genes.activation.outputs)")
    return "; ".join(parts)
