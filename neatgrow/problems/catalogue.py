"""Problems by name, for the command line and for run directories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from neatgrow import _checks
from neatgrow.evaluation import code
from neatgrow.evaluation.base import Problem
from neatgrow.learning.policy.settings import PPO
from neatgrow.problems import digits, lorenz, memory, regression, sequences, tasks
from neatgrow.problems.simulation.mazes import TMaze
from neatgrow.problems.simulation.poles import PoleBalancing
from neatgrow.problems.simulation.walker import Walker
from neatgrow.problems.spikes import SpikingXOR
from neatgrow.problems.supervised import XOR
from neatgrow.problems.trust import Trust, allowed, checked_trust


@dataclass(frozen=True)
class Entry:
    """A problem that the command line offers by name.

    Attributes:
        about: One line of what it is.
        solved_at: Fitness from which it counts as solved, as text.
        extra: What has to be installed for it, as ``pip install "neatgrow[extra]"``.
        build: Makes it from keyword options; of Gymnasium's environments the id does.
        options: Those that it is best evolved with.
        settings: Of the run, by dotted path, where others than the defaults are better.
        learning: Arguments of :func:`neatgrow.fine_tune_policy` that suit it, by name.
    """

    about: str
    solved_at: str
    extra: str = ""
    build: Callable[..., Problem] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    learning: Mapping[str, Any] = field(default_factory=dict)


# Where a controller begins with a hundred weights, children that change most of them are lost.
_MANY_WEIGHTS = {
    "genes.weight.start_spread": 0.3,
    "genes.weight.perturb_rate": 0.2,
    "genes.weight.replace_rate": 0.0,
    "genes.weight.power": 0.4,
    "species.target": 5,
}

# Cells and steps of the published task (neat-python's spike-timing), and currents that move them.
_SPIKING = {
    "dynamics": "regular_spiking",
    "tick": 0.05,
    "substeps": 1,
    "update": "synchronous",
    "recurrent": False,
    "start.hidden": 3,
    "genes.weight.start_spread": 20.0,
    "genes.weight.power": 10.0,
    "genes.weight.perturb_rate": 0.4,
    "genes.bias.start_spread": 5.0,
    "genes.bias.power": 5.0,
    "genes.bias.mutate_rate": 0.5,
}

ENTRIES: dict[str, Entry] = {
    "xor": Entry("exclusive or of two inputs", "all four right", build=XOR),
    "two-spirals": Entry("tell two noisy spirals apart", "all right", build=tasks.two_spirals),
    "two-spirals-classic": Entry(
        "the same, 194 points without noise", "all right", build=tasks.classic_spirals
    ),
    "parity": Entry("whether an odd number of 5 bits is set", "all right", build=tasks.parity),
    "retina": Entry("objects left and right on 8 pixels", "all right", build=tasks.retina),
    "mnist1d": Entry(
        "ten shapes of 40 values, ten classes", "all right", "mnist1d", build=tasks.mnist1d
    ),
    "digits": Entry(
        "handwritten digits, looked at for 10 ticks", "all right", "sklearn", build=digits.Digits
    ),
    "recall": Entry("recall a bit after 10 ticks", "all right", build=sequences.recall),
    "temporal-xor": Entry(
        "exclusive or of two bits in a row", "all right", build=sequences.temporal_xor
    ),
    "temporal-order": Entry(
        "in which order two signals came", "all right", build=sequences.temporal_order
    ),
    "spiking-xor": Entry(
        "exclusive or of two currents, in spikes", "all right", build=SpikingXOR, settings=_SPIKING
    ),
    "delayed-recall": Entry(
        "recall a bit after delays of 5 to 15 ticks", "all right", build=memory.delayed_recall
    ),
    "delayed-match": Entry(
        "is it the stimulus that was shown before a delay", "all right", build=memory.DelayedMatch
    ),
    "adding": Entry("add two marked numbers of 50", "-0.01", build=memory.adding),
    "lorenz": Entry("predict the Lorenz system", f"{lorenz.SOLVED:g}", build=lorenz.lorenz),
    "lorenz-x": Entry(
        "the same, from x alone", f"{lorenz.SOLVED:g}", build=partial(lorenz.lorenz, inputs="x")
    ),
    **{
        name: Entry(f"fit {target.about}", "-0.0001", build=partial(regression.regression, name))
        for name, target in regression.TARGETS.items()
    },
    "pole": Entry("balance a pole, compiled", "100000", build=partial(PoleBalancing, poles=1)),
    "pole-no-velocities": Entry(
        "the same without velocities",
        "100",
        build=partial(PoleBalancing, poles=1, velocities=False),
    ),
    "double-pole": Entry("balance two poles on a cart", "100000", build=PoleBalancing),
    "double-pole-no-velocities": Entry(
        "the same without velocities", "100", build=partial(PoleBalancing, velocities=False)
    ),
    "t-maze": Entry("find the reward again when it changes sides", "0.94", build=TMaze),
    "walker": Entry("walk on one leg", "none", build=Walker),
    "walker-no-sensor": Entry(
        "the same without a sense of the leg", "none", build=partial(Walker, sensor=False)
    ),
    "CartPole-v1": Entry("balance a pole on a cart", "475", options={"episodes": 5}),
    "Acrobot-v1": Entry("swing a two-link arm up", "-100", options={"episodes": 3}),
    "MountainCar-v0": Entry(
        "drive a weak car up a hill, three actions", "-110", options={"episodes": 5}
    ),
    "MountainCarContinuous-v0": Entry("the same, continuous force", "90", options={"episodes": 3}),
    "Pendulum-v1": Entry(
        "swing up and hold a pendulum",
        "none",
        options={"episodes": 5},
        settings={"start.hidden": 16},
        learning={"ppo": PPO(gamma=0.95)},
    ),
    "LunarLander-v3": Entry("land between the flags", "200", "box2d", options={"episodes": 5}),
    "BipedalWalker-v3": Entry(
        "walk on two legs",
        "300",
        "box2d",
        options={"episodes": 1, "normalize": True, "clip_observations": 5.0},
        settings=_MANY_WEIGHTS,
    ),
    "HalfCheetah-v5": Entry(
        "run, a planar robot",
        "4800",
        "mujoco",
        options={"episodes": 1, "normalize": True},
        settings={**_MANY_WEIGHTS, "genes.weight.perturb_rate": 0.1, "start.hidden": 16},
        learning={
            "ppo": PPO(episodes=8, validation_episodes=5, validation_every=10),
            "iterations": 150,
        },
    ),
    "Hopper-v5": Entry(
        "hop, a planar robot", "3800", "mujoco", options={"episodes": 3, "normalize": True}
    ),
    "InvertedDoublePendulum-v5": Entry(
        "balance two poles on a cart", "9100", "mujoco", options={"episodes": 3}
    ),
}


def build(name: str, **options: Any) -> Problem:
    """A problem by name: one of ``ENTRIES``, or any id registered with Gymnasium.

    Args:
        name: As ``neatgrow problems`` lists it; or code of the caller's own, ``file.py:name`` or
            ``module:name``, which is imported (:func:`neatgrow.evaluation.code.named`).
        options: Passed on, such as ``episodes`` for environments.

    Raises:
        ValueError: The name is unknown (the nearest is said), or an extra is missing.
    """
    entry = ENTRIES.get(name)
    if entry is not None and entry.build is not None:
        return entry.build(**options)
    if code.is_named(name):
        return _of_code(name, options)
    own = [key for key, known in ENTRIES.items() if known.build is not None]
    hint = _checks.nearest(name.lower(), own)
    if hint.startswith("Did") and "-v" not in name:  # ids of environments end in a version
        raise ValueError(_checks.message("problem", "a known name", _checks.shown(name), hint))
    from neatgrow.problems.gymnasium.problem import Gymnasium

    return Gymnasium(name, **options)


def _of_code(name: str, options: dict[str, Any]) -> Problem:
    """What the caller's own code has under a name: a problem, or an environment or a function that
    makes one of these.
    """
    from neatgrow.problems.gymnasium.problem import Gymnasium

    found = code.named(name)
    if not callable(found) and not isinstance(found, Problem):
        rule = "a problem, an environment, or a function without arguments that makes one"
        raise TypeError(_checks.message(f"problem {name!r}", rule, _checks.shown(found)))
    made = found if isinstance(found, Problem) else found()
    if isinstance(made, Problem):
        if options:
            got = ", ".join(options)
            rule = "no options, since it makes the problem itself"
            raise ValueError(_checks.message(f"problem {name!r}", rule, got))
        return made
    if hasattr(made, "close"):
        made.close()
    return Gymnasium(found, **options)


def rebuild(description: dict[str, Any], *, trust: Trust = False) -> Problem:
    """The problem that ``describe()`` described.

    Args:
        description: As a file has it; nothing named in it is imported.
        trust: ``True`` if the caller vouches for it, so that modules it names may be imported
            and its sizes are its own; or the names of the modules that may be.

    Raises:
        TypeError: ``trust`` is neither.
        ValueError: It asks for what needs trust; it was made from a Python function or from data,
            which only the caller has; or the problem of that name takes no such options.
    """
    trust = checked_trust(trust)
    options = {k: v for k, v in description.items() if k not in ("problem", "seed", "run")}
    kind = description.get("problem")
    entry = ENTRIES.get(str(kind))
    make: Callable[..., Problem] | None = None if entry is None else entry.build
    of_code = kind == "gymnasium" and description.get("factory") is not None
    of_environment = kind == "gymnasium" and bool(of_code or description.get("environment"))
    if make is not None or of_environment:
        options = allowed(options, of_environment, trust)
    if of_code:
        from neatgrow.problems.gymnasium.problem import Gymnasium

        options.pop("environment", None)
        make = partial(Gymnasium, code.found(options.pop("factory"), trust is True))
    elif of_environment:
        from neatgrow.problems.gymnasium.problem import Gymnasium

        # Descriptions that name none are of runs before there was a choice.
        make = partial(Gymnasium, options.pop("environment"))
        options = {"backend": "gymnasium", **options}
    if make is None:
        name = f", {description['name']!r}" if "name" in description else ""
        raise ValueError(
            f"problem: expected one that can be built from its description, got {kind!r}{name}. "
            "It was made from a Python function or from data: in Python, pass it to "
            "neatgrow.resume(directory, problem=…)."
        )
    try:
        return make(**options)
    except TypeError as error:
        raise ValueError(f"problem: expected a description of {kind!r}, got {error}.") from error
