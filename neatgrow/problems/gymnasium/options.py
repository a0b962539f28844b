"""What a Gymnasium problem is told about its environment, checked."""

from collections.abc import Sequence
from typing import Any

from neatgrow import _checks

MANY_INPUTS = 4096  # beyond which a population of dense networks is large and learns little


def checked(
    *,
    max_steps: int | None,
    normalize: bool,
    clip_observations: float | None,
    clip_rewards: float | tuple[float, float] | None,
    frame_skip: int,
    sample: bool,
    make_kwargs: dict[str, Any] | None,
    slots: int,
    input_names: Sequence[str] | None,
    output_names: Sequence[str] | None,
) -> dict[str, Any]:
    """The arguments of :class:`neatgrow.Gymnasium` of these names, as plain values."""
    if max_steps is not None:
        max_steps = _checks.integer("max_steps", max_steps, 1)
    if clip_observations is not None:
        clip_observations = _checks.number("clip_observations", clip_observations, above=0.0)
    if make_kwargs is not None and not isinstance(make_kwargs, dict):
        rule = "arguments of gymnasium.make by name"
        raise TypeError(_checks.message("make_kwargs", rule, _checks.shown(make_kwargs)))
    return {
        "max_steps": max_steps,
        "normalize": _checks.flag("normalize", normalize),
        "clip_observations": clip_observations,
        "clip_rewards": _bounds(clip_rewards),
        "frame_skip": _checks.integer("frame_skip", frame_skip, 1),
        "sample": _checks.flag("sample", sample),
        "make_kwargs": dict(make_kwargs or {}),
        "slots": _checks.integer("slots", slots, 1),
        "input_names": _checks.names("input_names", input_names),
        "output_names": _checks.names("output_names", output_names),
    }


def named(what: str, given: tuple[str, ...] | None, own: tuple[str, ...]) -> tuple[str, ...]:
    """The names given, if they are as many as those that the spaces have by themselves."""
    if given is not None and len(given) != len(own):
        remedy = f"They stand for {', '.join(own[:8])}{', …' if len(own) > 8 else ''}."
        raise ValueError(_checks.message(what, f"{len(own)} names", len(given), remedy))
    return own if given is None else given


def warn_of_many(inputs: int, what: str) -> None:
    """Say what to do about an observation of thousands of numbers."""
    if inputs > MANY_INPUTS:
        _checks.warn(
            f"{what}: each genome has a connection from each of {inputs} inputs to begin with, "
            "which takes much memory and saturates the outputs. Make images smaller with "
            "wrappers=[gymnasium.wrappers.GrayscaleObservation, lambda env: "
            "gymnasium.wrappers.ResizeObservation(env, (16, 16))], or show the network features "
            "with gymnasium.wrappers.TransformObservation."
        )


def _bounds(clip: float | tuple[float, float] | None) -> tuple[float, float] | None:
    """Least and most that a reward counts for; a single number is both, but for its sign."""
    if clip is None:
        return None
    if isinstance(clip, (int, float)) or getattr(clip, "ndim", 1) == 0:
        most = _checks.number("clip_rewards", clip, above=0.0)
        return -most, most
    low, high = _checks.array("clip_rewards", clip, (2,)).tolist()
    if not low < high:
        raise ValueError(_checks.message("clip_rewards", "(least, most), least below most", clip))
    return low, high
