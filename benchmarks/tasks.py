"""What :mod:`benchmarks.science` runs: tasks, ways to solve them, and the published figures.

Ways: “evolve” is evolution alone. “learn” is gradient descent alone, on the first genome of a
population or on a graph that has all loops.
“both” is evolution in which genomes learn, and where there is a ``tune`` the champion is
tuned at the end. Ways that learn alone have steps for about the wall time of “both”, those that
evolve alone for more. “random genomes” is the control of a way that needs few generations: first
generations are drawn anew, and learn where that way learns, until one has a solution.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

import neatgrow as ng
from neatgrow.problems import regression


@dataclass(frozen=True)
class Setting:
    """One way to solve one task.

    Attributes:
        task: Name in the table.
        way: ``"evolve"``, ``"learn"`` or ``"both"``, with what tells it from others.
        problem: Name in the catalogue.
        options: Of the problem.
        base: The settings of a run: the ``"defaults"``, or the ``"paper"``'s, ``Config.paper()``.
        config: Changes of them, by dotted path.
        chosen: How these changes were chosen, and on which seeds.
        learning: In every generation, or ``None``.
        generations: At most; 0 for learning alone.
        random: Whether every generation is drawn anew, as a first one is.
        best_tried: Whether only a generation's best is tried for a solution, as in the papers
            (:class:`benchmarks.protocols.BestTried`).
        seconds: At most, or ``None``.
        loops: Hidden nodes of a fixed graph in which they are all joined to each other; 0 for
            the first genome of a population.
        tune: Arguments of ``fine_tune`` for the champion or the fixed graph, or ``None``.
        stop_when_solved: Whether a champion that solves the task is not tuned.
        seeded: Options of the problem that take the run's seed, such as the data's.
        fresh: Options that draw another test set.
        score: ``"test"`` accuracy, ``"test error"`` (root mean squared), ``"generalisation"`` of
            poles, or none.
        seeds: How many.
        first: The first of them; others follow.
        published: Figures of others, with their source.
    """

    task: str
    way: str
    problem: str
    options: dict[str, Any] = field(default_factory=dict)
    base: Literal["defaults", "paper"] = "defaults"
    config: dict[str, Any] = field(default_factory=dict)
    chosen: str = ""
    learning: ng.Learning | None = None
    generations: int = 0
    random: bool = False
    best_tried: bool = False
    seconds: float | None = None
    loops: int = 0
    tune: dict[str, Any] | None = None
    stop_when_solved: bool = True
    seeded: tuple[str, ...] = ()
    fresh: dict[str, Any] = field(default_factory=dict)
    score: str = ""
    seeds: int = 20
    first: int = 0
    published: str = "–"

    def text(self) -> str:
        """What decides the result, as text: rows of other settings do not count."""
        values = asdict(self)
        for name in ("task", "way", "chosen", "seeds", "first", "published"):
            del values[name]
        return repr(values)

    def trains(self) -> bool:
        """Whether “solved” is of a training set beside which there could be others."""
        return self.score.startswith("test") or self.problem in regression.TARGETS

    def settings(self) -> ng.Config:
        """Of the run."""
        base = ng.Config.paper() if self.base == "paper" else ng.Config()
        return base.override(self.config)


LOGITS = {"genes.activation.outputs": "identity"}  # outputs as logits
SINES = LOGITS | {"genes.activation.start": "sin", "genes.activation.options": ("sin",)}
# Hidden nodes that are alike would learn alike.
SINES |= {"genes.bias.start_spread": 0.5, "genes.bias.mutate_rate": 0.7}
ADAM, FASTER, FASTEST = ng.Adam(0.01), ng.Adam(0.02), ng.Adam(0.05)

XOR = [
    Setting("XOR", "evolve", "xor", options={"paper": True}, base="paper", generations=1000,
            seeds=100,
            published="NEAT 4,755 (sd 2,553), 2.35 hidden (Stanley & Miikkulainen 2002, 4.2)"),
    Setting("XOR", "evolve", "xor", generations=1000, seeds=100),
    Setting("XOR", "learn", "xor", config={"start.hidden": 3},
            tune={"steps": 5000, "optimizer": ADAM}),
    Setting("XOR", "both", "xor", generations=300, learning=ng.Learning(20)),
    Setting("XOR", "both, Baldwinian", "xor", generations=300,
            learning=ng.Learning(20, inheritance="baldwinian")),
]  # fmt: skip

_PARITY = {"task": "5-bit parity", "problem": "parity"}
_GROWN = LOGITS | {"population_size": 100, "mutation.add_node": 0.3,
                   "mutation.add_connection": 0.4}  # fmt: skip
_SIX = LOGITS | {"start.hidden": 6, "population_size": 50}
_BY_HAND = "by hand, seeds not recorded"
PARITY = [
    Setting(way="evolve", config=LOGITS, generations=2000, seconds=20, **_PARITY),
    Setting(way="learn, 6 hidden", config=LOGITS | {"start.hidden": 6},
            tune={"steps": 20_000, "optimizer": FASTEST}, **_PARITY),
    Setting(way="both, 6 hidden at first", config=_SIX, chosen=_BY_HAND,
            learning=ng.Learning(50, FASTEST), generations=60, **_PARITY),
    Setting(way="random genomes that learn, 6 hidden", config=_SIX, random=True,
            learning=ng.Learning(50, FASTEST), generations=60, **_PARITY),
    *(Setting(way=f"both, {name}", config=_GROWN, chosen=_BY_HAND, generations=60, seeds=60,
              learning=ng.Learning(50, FASTEST, candidates=candidates), **_PARITY)
      for candidates, name in ((0, "grown at random"), (4, "grown at the best of 4 places"),
                               (16, "grown at the best of 16 places"))),
]  # fmt: skip

_RECALL = {"task": "recall after 10 ticks", "problem": "recall", "score": "test"}
RECALL = [
    Setting(way="evolve", config={"mutation.add_loop": 0.3}, generations=1000, **_RECALL),
    Setting(way="learn, 4 hidden with loops", config=LOGITS, loops=4,
            tune={"steps": 2000, "optimizer": ADAM, "clip": 1.0}, **_RECALL),
    Setting(way="both", config=LOGITS | {"mutation.add_loop": 0.3}, generations=300,
            learning=ng.Learning(20, ng.Adam(0.03), clip=1.0), **_RECALL),
]  # fmt: skip

_DEMO = {
    "task": "two spirals, demo", "problem": "two-spirals", "options": {"measure": "loss"},
    "seeded": ("data_seed",), "score": "test", "stop_when_solved": False,
}  # fmt: skip
_FORTY = SINES | {"population_size": 30, "start.hidden": 40, "genes.weight.start_spread": 0.6,
                  "genes.bias.start_spread": 1.5}  # fmt: skip
_SETTLE = {"steps": 1500, "optimizer": ADAM, "l2": 3e-3, "dtype": np.float32}
SPIRALS = [
    Setting(way="evolve", config=SINES, generations=10_000, seconds=20, **_DEMO,
            published="one run of backprop-NEAT .895, 50 nodes (Ha 2016, demo)"),
    Setting(way="learn, 40 hidden", config=_FORTY, tune=_SETTLE | {"steps": 7000}, **_DEMO),
    Setting(way="both, 40 hidden at first", config=_FORTY, chosen=_BY_HAND, generations=3,
            tune=_SETTLE, learning=ng.Learning(50, FASTER), **_DEMO),
]  # fmt: skip

_CLASSIC = {"task": "two spirals, 194 points", "problem": "two-spirals-classic"}
_SIXTEEN = SINES | {"population_size": 30, "start.hidden": 16}
CLASSIC = [
    Setting(way="evolve", config=SINES, generations=10_000, seconds=20, **_CLASSIC),
    Setting(way="learn, 16 hidden", config=_SIXTEEN, tune={"steps": 10_000, "optimizer": FASTER},
            **_CLASSIC),
    Setting(way="both, 16 hidden at first", config=_SIXTEEN, chosen=_BY_HAND, generations=50,
            learning=ng.Learning(100, FASTER), **_CLASSIC),
    Setting(way="random genomes that learn, 16 hidden", config=_SIXTEEN, random=True,
            generations=50, learning=ng.Learning(100, FASTER), **_CLASSIC),
    Setting(way="both, grown from nothing", config=SINES, generations=300,
            learning=ng.Learning(20, FASTER), **_CLASSIC),
]  # fmt: skip

# Neither these seeds nor the draw of other test samples was looked at before.
_MNIST = {
    "task": "MNIST-1D", "problem": "mnist1d", "score": "test", "fresh": {"fresh": 7919},
    "options": {"window": 12, "validation": 0.1, "measure": "accuracy"}, "seeds": 10,
    "first": 6000, "stop_when_solved": False,
}  # fmt: skip
_RECTIFIED = LOGITS | {
    "genes.activation.start": "relu", "genes.activation.options": ("relu",),
    "population_size": 20, "start.hidden": 40, "genes.weight.start_spread": 0.4,
    "genes.weight.mutate_rate": 0.2, "genes.weight.power": 0.1, "genes.bias.mutate_rate": 0.2,
    "genes.bias.power": 0.1, "mutation.add_loop": 1.0, "mutation.add_connection": 0.5,
    "mutation.add_node": 0.0, "mutation.delete_node": 0.0, "mutation.delete_connection": 0.0,
    "mutation.disable": 0.0,
}  # fmt: skip
_CHOSEN = "the best of 8, by validation accuracy on seeds 5000 and 5001"


def _polish(rate: float, steps: int) -> dict[str, Any]:
    return {"steps": steps, "optimizer": ng.Adam(rate, schedule=ng.Cosine()), "batch": 100,
            "clip": 1.0, "dtype": np.float32}  # fmt: skip


MNIST = [
    Setting(way="evolve", config=LOGITS | {"start.hidden": 10}, generations=10_000, seconds=30,
            **_MNIST | {"stop_when_solved": True},
            published="logistic .32, MLP .68 of 15,210 parameters, CNN .94 of 5,210 (Greydanus & "
                      "Kobak 2020)"),
    Setting(way="learn, 40 hidden without loops", config=_RECTIFIED, tune=_polish(0.005, 6000),
            **_MNIST),
    Setting(way="learn, 40 hidden with all loops", config=_RECTIFIED, chosen=_CHOSEN, loops=40,
            tune=_polish(0.005, 30_000), **_MNIST),
    Setting(way="both, 40 hidden at first", config=_RECTIFIED, chosen=_CHOSEN, generations=50,
            tune=_polish(0.02, 10_000),
            learning=ng.Learning(50, ng.Adam(0.02), batch=100, clip=1.0), **_MNIST),
]  # fmt: skip

_FEW = {
    "population_size": 16, "species.target": 3, "selection.survival": 0.4,
    "genes.weight.power": 1.0, "genes.bias.mutate_rate": 0.0, "mutation.add_node": 0.02,
}  # fmt: skip
_TRIED = "the best of 45 random settings (10, 22, 13 for the three tasks) on seeds from 100 on"
_POLES = {"score": "generalisation", "seeds": 100, "generations": 10_000, "seconds": 60}
_TUNED = _POLES | {"config": _FEW, "chosen": _TRIED}
_ONE = {"task": "one pole", "problem": "pole"}
_TWO = {"task": "two poles", "problem": "double-pole"}
_MEMORY = {"task": "two poles, no velocities", "problem": "double-pole-no-velocities"}
_IGEL = _MEMORY | {"task": "two poles, no velocities, 4.5°", "options": {"start_angle": 4.5}}
_T1 = "CoSyNE 98, CMA-ES 283, NEAT 743, random 199 (Gomez et al. 2008, table 1)"
_T3 = "CoSyNE 954, CMA-ES 895, NEAT 3,600 (the same, table 3)"
_T4 = "CoSyNE 3,416, CMA-ES 6,061 (250), NEAT 6,929 (286) (the same, table 4)"
_BEST, _EVERY = "a generation's best tried", "every survivor tried"
POLES = [
    Setting(way="evolve", published=_T1, **_ONE, **_POLES),
    Setting(way="evolve, population 16", published=_T1, **_ONE, **_TUNED),
    Setting(way="random genomes", random=True, **_ONE, **_POLES | {"generations": 100}),
    Setting(way="evolve", published=_T3, **_TWO, **_POLES),
    Setting(way="evolve, population 16", published=_T3, **_TWO, **_TUNED),
    Setting(way="random genomes", random=True, **_TWO, **_POLES | {"generations": 100}),
    Setting(way=f"evolve, {_BEST}", best_tried=True, published=_T4, **_MEMORY,
            **_POLES | {"seeds": 20}),
    Setting(way=f"evolve, population 16, {_BEST}", best_tried=True, published=_T4, **_MEMORY,
            **_TUNED | {"seeds": 50}),
    Setting(way=f"evolve, {_EVERY}", **_MEMORY, **_POLES),
    Setting(way=f"evolve, population 16, {_EVERY}", **_MEMORY, **_TUNED),
    Setting(way=f"evolve, population 16, {_EVERY}", **_IGEL, **_TUNED),
]  # fmt: skip

_EIGHT = LOGITS | {"population_size": 50, "start.hidden": 8, "genes.bias.start_spread": 0.5}
_RETINA = {
    "task": "retina, left and right", "problem": "retina", "config": LOGITS | {"start.hidden": 6},
    "learning": ng.Learning(50, FASTEST),
}  # fmt: skip
_FORMULAS = ("nguyen-1", "nguyen-7", "nguyen-10", "nguyen-12", "keijzer-1", "keijzer-4", "pagie-1")


def _formula(name: str, way: str, **settings: Any) -> Setting:
    score = "" if regression.TARGETS[name].test is None else "test error"
    return Setting(name, way, name, config=_EIGHT, learning=ng.Learning(100, FASTER), seeds=10,
                   score=score, **settings)  # fmt: skip


OTHERS = [
    Setting("T-maze", "evolve", "t-maze", generations=10_000, seconds=10, seeds=10),
    Setting(way="both", chosen=_BY_HAND, generations=300, seconds=20, **_RETINA),
    Setting(way="random genomes that learn", random=True, generations=20, **_RETINA),
    Setting("temporal XOR", "evolve", "temporal-xor", generations=10_000, seconds=20),
    Setting("temporal XOR", "both", "temporal-xor", config=LOGITS, generations=10_000, seconds=20,
            learning=ng.Learning(20, FASTER, clip=1.0)),
    Setting("temporal order", "both", "temporal-order", config=LOGITS, generations=10_000,
            seconds=20, learning=ng.Learning(20, FASTER, clip=1.0), score="test"),
    *(
        setting
        for name in _FORMULAS
        for setting in (
            _formula(name, "both", chosen=_BY_HAND, generations=10_000, seconds=10),
            _formula(name, "random genomes that learn", random=True, generations=50),
        )
    ),
]  # fmt: skip

SETTINGS: list[Setting] = [
    *XOR, *POLES, *PARITY, *RECALL, *SPIRALS, *CLASSIC, *MNIST, *OTHERS
]  # fmt: skip
