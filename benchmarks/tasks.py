"""What :mod:`benchmarks.science` runs: tasks, ways to solve them, and the published figures.

Ways: “evolve” is evolution alone. “learn” is gradient descent alone, on the first genome of a
population or on a graph that has all loops.
“both” is evolution in which genomes learn, and where there is a ``tune`` the champion is
tuned at the end. Ways that learn alone have steps for about the wall time of “both”, those that
evolve alone for more.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

import neatgrow as ng


@dataclass(frozen=True)
class Setting:
    """One way to solve one task.

    Attributes:
        task: Name in the table.
        way: ``"evolve"``, ``"learn"`` or ``"both"``, with what tells it from others.
        problem: Name in the catalogue.
        options: Of the problem.
        config: Changes of the default settings, by dotted path.
        learning: In every generation, or ``None``.
        generations: At most; 0 for learning alone.
        seconds: At most, or ``None``.
        loops: Hidden nodes of a fixed graph in which they are all joined to each other; 0 for
            the first genome of a population.
        tune: Arguments of ``fine_tune`` for the champion or the fixed graph, or ``None``.
        stop_when_solved: Whether a champion that solves the task is not tuned.
        seeded: Options of the problem that take the run's seed, such as the data's.
        fresh: Options that draw another test set.
        score: ``"test"`` accuracy, ``"generalisation"`` of poles, or none.
        seeds: How many, from 0 on.
        published: Figures of others, with their source.
    """

    task: str
    way: str
    problem: str
    options: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    learning: ng.Learning | None = None
    generations: int = 0
    seconds: float | None = None
    loops: int = 0
    tune: dict[str, Any] | None = None
    stop_when_solved: bool = True
    seeded: tuple[str, ...] = ()
    fresh: dict[str, Any] = field(default_factory=dict)
    score: str = ""
    seeds: int = 20
    published: str = "–"

    def text(self) -> str:
        """What decides the result, as text: rows of other settings do not count."""
        values = asdict(self)
        for name in ("task", "way", "seeds", "published"):
            del values[name]
        return repr(values)


LOGITS = {"genes.activation.outputs": "identity"}  # outputs as logits
SINES = LOGITS | {"genes.activation.start": "sin", "genes.activation.options": ("sin",)}
# Hidden nodes that are alike would learn alike.
SINES |= {"genes.bias.start_spread": 0.5, "genes.bias.mutate_rate": 0.7}
ADAM, FASTER, FASTEST = ng.Adam(0.01), ng.Adam(0.02), ng.Adam(0.05)

XOR = [
    Setting("XOR", "evolve", "xor", generations=1000, seeds=100,
            published="NEAT 4,755 (sd 2,553), 2.35 hidden (Stanley & Miikkulainen 2002, 4.1)"),
    Setting("XOR", "learn", "xor", config={"start.hidden": 3},
            tune={"steps": 5000, "optimizer": ADAM}),
    Setting("XOR", "both", "xor", generations=300, learning=ng.Learning(20)),
    Setting("XOR", "both, Baldwinian", "xor", generations=300,
            learning=ng.Learning(20, inheritance="baldwinian")),
]  # fmt: skip

_PARITY = {"task": "5-bit parity", "problem": "parity"}
_GROWN = LOGITS | {"population_size": 100, "mutation.add_node": 0.3,
                   "mutation.add_connection": 0.4}  # fmt: skip
PARITY = [
    Setting(way="evolve", config=LOGITS, generations=2000, seconds=20, **_PARITY),
    Setting(way="learn, 6 hidden", config=LOGITS | {"start.hidden": 6},
            tune={"steps": 20_000, "optimizer": FASTEST}, **_PARITY),
    Setting(way="both, 6 hidden at first",
            config=LOGITS | {"start.hidden": 6, "population_size": 50},
            learning=ng.Learning(50, FASTEST), generations=60, **_PARITY),
    *(Setting(way=f"both, {name}", config=_GROWN, generations=60, seeds=60,
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
    Setting(way="both, 40 hidden at first", config=_FORTY, generations=3, tune=_SETTLE,
            learning=ng.Learning(50, FASTER), **_DEMO),
]  # fmt: skip

_CLASSIC = {"task": "two spirals, 194 points", "problem": "two-spirals-classic"}
_SIXTEEN = SINES | {"population_size": 30, "start.hidden": 16}
CLASSIC = [
    Setting(way="evolve", config=SINES, generations=10_000, seconds=20, **_CLASSIC),
    Setting(way="learn, 16 hidden", config=_SIXTEEN, tune={"steps": 10_000, "optimizer": FASTER},
            **_CLASSIC),
    Setting(way="both, 16 hidden at first", config=_SIXTEEN, generations=50,
            learning=ng.Learning(100, FASTER), **_CLASSIC),
    Setting(way="both, grown from nothing", config=SINES, generations=300,
            learning=ng.Learning(20, FASTER), **_CLASSIC),
]  # fmt: skip

_MNIST = {
    "task": "MNIST-1D", "problem": "mnist1d", "score": "test", "fresh": {"fresh": 43}, "seeds": 5,
    "options": {"window": 12, "validation": 0.1, "measure": "accuracy"},
    "stop_when_solved": False,
}  # fmt: skip
_RECTIFIED = LOGITS | {
    "genes.activation.start": "relu", "genes.activation.options": ("relu",),
    "population_size": 20, "start.hidden": 40, "genes.weight.start_spread": 0.4,
    "genes.weight.mutate_rate": 0.2, "genes.weight.power": 0.1, "genes.bias.mutate_rate": 0.2,
    "genes.bias.power": 0.1, "mutation.add_loop": 1.0, "mutation.add_connection": 0.5,
    "mutation.add_node": 0.0, "mutation.delete_node": 0.0, "mutation.delete_connection": 0.0,
    "mutation.disable": 0.0,
}  # fmt: skip
_POLISH = {"steps": 6000, "optimizer": ng.Adam(0.005, schedule=ng.Cosine()), "batch": 100,
           "clip": 1.0, "dtype": np.float32}  # fmt: skip
MNIST = [
    Setting(way="evolve", config=LOGITS | {"start.hidden": 10}, generations=10_000, seconds=60,
            **_MNIST | {"stop_when_solved": True},
            published="logistic .32, MLP .68 of 15,210 parameters, CNN .94 of 5,210 (Greydanus & "
                      "Kobak 2020)"),
    Setting(way="learn, 40 hidden without loops", config=_RECTIFIED, tune=_POLISH, **_MNIST),
    Setting(way="learn, 25 hidden with all loops", config=_RECTIFIED, loops=25,
            tune=_POLISH | {"steps": 30_000},
            **_MNIST),
    Setting(way="both, 40 hidden at first", config=_RECTIFIED, generations=50, tune=_POLISH,
            learning=ng.Learning(50, ng.Adam(0.005), batch=100, clip=1.0), **_MNIST),
]  # fmt: skip

_FEW = {
    "population_size": 16, "species.target": 3, "selection.survival": 0.4,
    "genes.weight.power": 1.0, "genes.bias.mutate_rate": 0.0, "mutation.add_node": 0.02,
}  # fmt: skip
_POLES = {"score": "generalisation", "seeds": 100, "generations": 10_000, "seconds": 60}
_T1 = "CoSyNE 98, CMA-ES 283, NEAT 743, random 199 (Gomez et al. 2008, table 1)"
_T3 = "CoSyNE 954, CMA-ES 895, NEAT 3,600 (the same, table 3)"
_T4 = "CoSyNE 3,416, CMA-ES 6,061 (250), NEAT 6,929 (286) (the same, table 4)"
POLES = [
    Setting("one pole", "evolve", "pole", published=_T1, **_POLES),
    Setting("one pole", "evolve, population 16", "pole", config=_FEW, **_POLES),
    Setting("two poles", "evolve", "double-pole", published=_T3, **_POLES),
    Setting("two poles", "evolve, population 16", "double-pole", config=_FEW, **_POLES),
    Setting("two poles, no velocities", "evolve", "double-pole-no-velocities", published=_T4,
            **_POLES),
    Setting("two poles, no velocities", "evolve, population 16", "double-pole-no-velocities",
            config=_FEW, **_POLES),
    Setting("two poles, no velocities, 4.5°", "evolve, population 16",
            "double-pole-no-velocities", options={"start_angle": 4.5}, config=_FEW, **_POLES),
]  # fmt: skip

OTHERS = [
    Setting("T-maze", "evolve", "t-maze", generations=10_000, seconds=10, seeds=10),
    Setting("retina, left and right", "both", "retina", config=LOGITS | {"start.hidden": 6},
            generations=300, seconds=20, learning=ng.Learning(50, FASTEST)),
    Setting("temporal XOR", "evolve", "temporal-xor", generations=10_000, seconds=20),
    Setting("temporal XOR", "both", "temporal-xor", config=LOGITS, generations=10_000, seconds=20,
            learning=ng.Learning(20, FASTER, clip=1.0)),
    Setting("temporal order", "both", "temporal-order", config=LOGITS, generations=10_000,
            seconds=20, learning=ng.Learning(20, FASTER, clip=1.0), score="test"),
    *(Setting(name, "both", name, config=LOGITS | {"population_size": 50, "start.hidden": 8,
                                                   "genes.bias.start_spread": 0.5},
              generations=10_000, seconds=10, learning=ng.Learning(100, FASTER), seeds=10)
      for name in ("nguyen-1", "nguyen-7", "nguyen-10", "nguyen-12", "keijzer-1", "keijzer-4",
                   "pagie-1")),
]  # fmt: skip

SETTINGS: list[Setting] = [
    *XOR, *POLES, *PARITY, *RECALL, *SPIRALS, *CLASSIC, *MNIST, *OTHERS
]  # fmt: skip
