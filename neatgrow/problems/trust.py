"""What a problem's description may ask for where nobody vouches for the file it is from."""

import math
from collections.abc import Collection
from typing import Any

from neatgrow import _checks

Trust = bool | Collection[str]  # of all, of nothing, or of what comes from modules of these names

# Options of an environment that a description has, and others that nothing in a file decides.
_ENVIRONMENT = frozenset({
    "environment", "episodes", "max_steps", "solved_at", "normalize", "clip_observations",
    "clip_rewards", "frame_skip", "sample", "make_kwargs", "name", "slots", "backend", "factory",
    "input_names", "output_names",
})  # fmt: skip
# That memory grows with.
_SIZES = (
    "n", "samples", "length", "lag", "longest", "lead", "delay", "ticks", "draws", "episodes",
    "slots",
)  # fmt: skip
_MOST_TOGETHER = 10_000_000
_MOST_NUMBERS = 400  # of an argument of gymnasium.make
_REMEDY = (
    "If you trust where the file is from, pass trust=True, or in resume the problem itself; on "
    "the command line, {flag}--trust."
)


def checked_trust(trust: object) -> Trust:
    """``trust`` as an argument: a truth value, or names of modules.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(trust, bool):
        return trust
    if isinstance(trust, (list, tuple, set, frozenset)) and all(isinstance(t, str) for t in trust):
        return frozenset(trust)
    raise TypeError(
        _checks.message("trust", "True, False or names of modules", _checks.shown(trust))
    )


def allowed(options: dict[str, Any], environment: bool, trust: Trust) -> dict[str, Any]:
    """Options of a description, as far as they need no trust or have it.

    Nothing is imported here, nor is a module searched for: an id with a module's name in it is
    refused for its colon alone.

    Args:
        options: By name, as the file has them.
        environment: Whether they are of a Gymnasium environment.
        trust: What the caller vouches for.

    Raises:
        ValueError: An option asks for more.
    """
    if environment:
        unknown = sorted(map(str, options.keys() - _ENVIRONMENT))
        if unknown:
            rule = "options that a file may set"
            raise ValueError(_checks.message("description", rule, ", ".join(unknown)[:80]))
    if trust is True:
        return options
    for size in _SIZES:
        given = options.get(size)
        if given is not None and (type(given) is not int or given < 0):
            _refuse(size, "a whole number", given)
    most = math.prod(max(options.get(size) or 1, 1) for size in _SIZES)
    if most > _MOST_TOGETHER:
        _refuse("description", f"sizes of at most {_MOST_TOGETHER} values in all", options)
    return _known_environment(options, trust) if environment else options


def _known_environment(options: dict[str, Any], trust: Trust) -> dict[str, Any]:
    name, vouched = options.get("environment"), trust if not isinstance(trust, bool) else ()
    if options.get("factory") is not None:
        name = ""  # made by code, which evaluation.code finds only where the caller imported it
    if not isinstance(name, str):
        _refuse("environment", "an id that Gymnasium knows", name)
    module, colon, _ = str(name).rpartition(":")
    if colon and module not in vouched:
        _refuse("environment", "an id that needs no import", name, f"--import {module} or ")
    arguments = options.get("make_kwargs") or {}
    for key, value in arguments.items() if isinstance(arguments, dict) else [("", arguments)]:
        # Texts may be files, modes or names of further environments.
        if "render" in str(key) or not _only_numbers(value):
            _refuse(f"make_kwargs.{key}", "numbers and truth values alone", value)
    # Worker processes are the user's to start; the results are the same.
    own = {"backend": "gymnasium"} if options.get("backend") == "processes" else {}
    return options | own


def _only_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= _MOST_NUMBERS and all(
            isinstance(one, (bool, int, float)) for one in value
        )
    return value is None or isinstance(value, (bool, int, float))


def _refuse(what: str, rule: str, got: object, flag: str = "") -> None:
    remedy = _REMEDY.format(flag=_checks.printable(flag))
    raise ValueError(_checks.message(what, rule, _checks.shown(got), remedy))
