"""Tasks of time, beside the published figures and beside what needs no time at all.

    python -m benchmarks.bench_time [ROW …] [--seeds N] [--first 1] [--picture FILE]

A row for each way to a task: of the seeds from ``--first`` on, how many reach the bar, their
scores, and the published figures or the fits to the same data that the bar comes from. Beside
networks of leaky nodes stand networks of instant ones, the control, evolved with the same settings
otherwise.
All scores but the walker's are of what evolution and learning did not see: the later part of the
Lorenz sequence from state 0, delays that are longer than any in training, fresh sums, images of
which a part is hidden. Settings were chosen on seeds from 1,000 on; a seed that fails stays in.
Seconds are of one core, with compilation where it was the first of its kind.

Walkers of three neurons are all joined to each other, as in the published runs; their biases are
minus half of the sum of the weights that come in (centre-crossing circuits, Mathayomchan & Beer
2002) where there is no sensor, since of other random circuits one in a thousand walks at all.
Digits are told after 10 ticks, by leaky nodes that learned at every tick, and beside them after
one, by a network of as many nodes and connections that learned to answer at once from as many looks
at the images; the score is the gain in accuracy, the mean over four visibilities. The picture is of
their accuracy by visibility and tick, mean over the seeds.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown
from neatgrow.problems import lorenz, memory
from neatgrow.problems.catalogue import ENTRIES
from neatgrow.problems.digits import Digits
from neatgrow.problems.tasks import Task

HEADER = ("task", "way", "nodes", "bar", "reached", "score: mean, median [range]", "hidden",
          "seconds, median", "published, and fits to the same data")  # fmt: skip
ADAM, STEADY = ng.Adam(0.01), ng.Adam(0.01, schedule=ng.Cosine())
LEAKY = {
    "genes.dynamics": True, "genes.time_constant": True, "genes.dynamics.start": "leaky",
    "genes.dynamics.options": ("leaky",),
}  # fmt: skip
LOOPS = {"mutation.add_loop": 0.3}
FRESH = 100_000  # seeds of data to test on, out of the way of those of runs
SURE = 1.98  # fitness of tasks that all is right in, with a loss of 0.02: not just about right
RELUS = {
    "genes.activation.start": "relu", "genes.activation.swap_rate": 0.05,
    "genes.activation.options": ("relu", "tanh", "identity"),
}  # fmt: skip


class Ran(NamedTuple):
    """What one seed came to."""

    score: float
    hidden: int
    seconds: float


class Row(NamedTuple):
    """One way to one task.

    Attributes:
        task: Name in the table.
        way: Likewise.
        nodes: ``"leaky"``, ``"instant"`` or ``"izhikevich"``.
        run: Seed → the champion's score and hidden nodes.
        bar: That the score is to reach.
        below: Whether it is to stay below it.
        beside: Published figures and fits.
    """

    task: str
    way: str
    nodes: str
    run: Callable[[int], tuple[float, int]]
    bar: float
    below: bool
    beside: str

    def reached(self, score: float) -> bool:
        return score < self.bar if self.below else score >= self.bar


def settings(nodes: str, changes: dict[str, Any]) -> ng.Config:
    own = LEAKY if nodes == "leaky" else {}
    return ng.Config(recurrent=True).override(own | changes)


def evolved(
    problem: Any,
    nodes: str,
    seed: int,
    generations: int,
    changes: dict[str, Any],
    learning: ng.Learning | None = None,
    solved_at: float | None = None,
) -> ng.Genome:
    result = ng.evolve(
        problem, config=settings(nodes, changes), generations=generations, seed=seed,
        learning=learning, solved_at=solved_at, progress=False,
    )  # fmt: skip
    return result.champion


def loss_of(task: Task, genome: ng.Genome) -> float:
    """On the test set."""
    assert task.test is not None
    return float(task.losses(genome.batch().compile(), *task.test)[0])


def accuracy_of(task: Task, genome: ng.Genome) -> float:
    assert task.test is not None
    return float(task.accuracy(genome.batch().compile(), *task.test)[0])


# ------------------------------------------------------------------------------- Lorenz


def lorenz_rows() -> Iterator[tuple[str, Row]]:
    beside = "neat-python's example .132–.136; linear {linear:.4f}, quadratic {quadratic:.4f}, "
    beside += "cubic {cubic:.4f}, persistence {persistence:.4f}"
    state, alone = lorenz.lorenz(), lorenz.lorenz(inputs="x")
    fits, fits_alone = lorenz.fits_of(state), lorenz.fits_of(alone)
    told = beside.format(**fits)
    told_alone = "8 lags {lags:.4f}, linear {linear:.4f}".format(**fits_alone)
    grown = {"population_size": 50, "start.hidden": 8}
    learning = ng.Learning(10, ADAM)

    def alone_evolved(task: Task, nodes: str) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            genome = evolved(task, nodes, seed, 300, {})
            return loss_of(task, genome), genome.n_hidden

        return run

    def both(task: Task, nodes: str, tune: bool) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            more = {} if tune else LOOPS
            weights = {"genes.weight.start_spread": 0.5} if tune else {}
            genome = evolved(task, nodes, seed, 40, grown | more | weights, learning)
            if tune:
                genome, _ = ng.fine_tune(
                    genome, task.lessons(), optimizer=STEADY, steps=3000, progress=False
                )
            return loss_of(task, genome), genome.n_hidden

        return run

    for nodes in ("leaky", "instant"):
        yield "lorenz", Row("Lorenz, state to next state", "evolve", nodes,
                            alone_evolved(state, nodes), fits["linear"], True, told)  # fmt: skip
    for nodes in ("leaky", "instant"):
        yield "lorenz-learned", Row(
            "Lorenz, state to next state", "evolve and learn", nodes, both(state, nodes, True),
            fits["quadratic"], True, told,
        )  # fmt: skip
    for nodes in ("leaky", "instant"):
        yield "lorenz-x", Row("Lorenz, x to next x", "evolve", nodes, alone_evolved(alone, nodes),
                              fits_alone["lags"], True, told_alone)  # fmt: skip
    for nodes in ("leaky", "instant"):
        yield "lorenz-x-learned", Row(
            "Lorenz, x to next x", "evolve and learn", nodes, both(alone, nodes, False),
            fits_alone["lags"], True, told_alone,
        )  # fmt: skip


# ------------------------------------------------------------------------------- memory


def memory_rows() -> Iterator[tuple[str, Row]]:
    def remembered(
        make: Callable[..., Task], nodes: str, learning: ng.Learning | None
    ) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            task, fresh = make(data_seed=seed, samples=24), make(data_seed=FRESH + seed)
            size, generations = (50, 100) if learning else (150, 300)
            changes = LOOPS | {"population_size": size}
            genome = evolved(task, nodes, seed, generations, changes, learning, SURE)
            return accuracy_of(fresh, genome), genome.n_hidden

        return run

    learning = ng.Learning(10, ADAM)
    for name, title, make in (
        ("recall", "recall, delays 5–15, tested on 30 and 60", memory.delayed_recall),
        ("match", "delayed match, delay 10, tested on 20", memory.DelayedMatch),
    ):
        for nodes in ("leaky", "instant"):
            for way, lessons in (("evolve and learn", learning), ("evolve", None)):
                yield (
                    name if lessons else f"{name}-evolved",
                    Row(title, way, nodes, remembered(make, nodes, lessons), 1.0, False,
                        "no memory .5"),
                )  # fmt: skip

    def added(nodes: str) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            task = memory.adding(50, data_seed=seed)
            changes = LOOPS | RELUS | {
                "population_size": 50, "start.hidden": 4, "mutation.add_node": 0.2,
                "mutation.add_connection": 0.3,
            }  # fmt: skip
            learning = ng.Learning(10, ADAM, batch=50, clip=1.0)
            genome = evolved(task, nodes, seed, 40, changes, learning)
            genome, _ = ng.fine_tune(
                genome, task.lessons(), optimizer=STEADY, steps=4000, batch=100, clip=1.0,
                progress=False,
            )  # fmt: skip
            return loss_of(task, genome), genome.n_hidden

        return run

    for nodes in ("leaky", "instant"):
        yield "adding", Row("adding, 50 ticks", "evolve and learn", nodes, added(nodes), 0.01,
                            True, "always 1: .1667")  # fmt: skip


# ------------------------------------------------------------------------------- the walker

WALKED = (  # generations, time, power of weights and biases, power of time constants
    (200, 440.0, 1.0, 5.0), (100, 1000.0, 0.3, 1.5), (40, 2200.0, 0.1, 0.5),
)  # fmt: skip
SENSED = ((100, 220.0, 1.0, 5.0), (60, 2200.0, 0.3, 1.5), (20, 2200.0, 0.1, 0.5))
NEURONS, POOL, MOST, SLOWEST = (1, 2, 3), 150, 16.0, 100.0


def circuits(sensor: bool, count: int, seed: int) -> ng.Genomes:
    """Three leaky nodes, all joined to each other and to themselves, with random values."""
    draw = np.random.default_rng(seed)
    edges = [(source, target) for source in NEURONS for target in NEURONS]
    edges += [(0, target) for target in NEURONS] if sensor else []
    node = {"activation": "sigmoid", "dynamics": "leaky", "time_constant": 5.0}
    genome = ng.Genome.from_edges(edges, inputs=1, outputs=3, nodes=dict.fromkeys(NEURONS, node))
    genome = genome.with_interface(update="synchronous")
    weight = draw.uniform(-MOST, MOST, (count, len(edges)))
    bias = draw.uniform(-MOST, MOST, (count, 3))
    if not sensor:
        into = [np.flatnonzero(genome.target == target) for target in NEURONS]
        bias = np.stack([-weight[:, rows].sum(axis=1) / 2.0 for rows in into], axis=1)
        bias = bias.clip(-MOST, MOST)
    tau = draw.uniform(5.0, SLOWEST, (count, 3))
    return genome.copies(count, weight=weight, bias=bias, time_constant=tau)


def walker_rows() -> Iterator[tuple[str, Row]]:
    still = dict.fromkeys(
        [f"mutation.{name}" for name in ("add_connection", "add_loop", "add_node",
         "delete_connection", "delete_node", "enable", "disable")], 0.0,
    )  # fmt: skip
    bounds = {
        "genes.weight.minimum": -MOST, "genes.weight.maximum": MOST, "genes.bias.minimum": -MOST,
        "genes.bias.maximum": MOST, "genes.time_constant.minimum": 5.0,
        "genes.time_constant.maximum": SLOWEST, "genes.time_constant.start_mean": 50.0,
        "genes.time_constant.start_spread": 30.0,
    }  # fmt: skip
    rates = {
        "genes.weight.perturb_rate": 0.5, "genes.weight.replace_rate": 0.02,
        "genes.bias.mutate_rate": 0.8, "genes.time_constant.mutate_rate": 0.8,
        "genes.time_constant.perturb_rate": 0.5, "population_size": POOL, "update": "synchronous",
    }  # fmt: skip

    def walked(sensor: bool, grows: bool) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            genomes = circuits(sensor, POOL, seed)
            for generations, duration, power, slow in SENSED if sensor else WALKED:
                powers = {
                    "genes.weight.power": power, "genes.bias.power": power,
                    "genes.time_constant.power": slow,
                }  # fmt: skip
                changes = bounds | rates | powers | ({} if grows else still)
                result = ng.evolve(
                    ng.Walker(sensor=sensor, time=duration), config=settings("leaky", changes),
                    generations=generations, seed=seed, start=genomes, progress=False,
                )  # fmt: skip
                genomes = result.population.genomes
            return result.champion_fitness, result.champion.n_hidden

        return run

    for sensor, name, bar, told in (
        (False, "walker", 0.60, ".5819 ± .0229, 21 of 100 reach .60"),
        (True, "walker-sensor", 0.6275, ".6275 ± .0004"),
    ):
        task = f"walker {'with' if sensor else 'without'} sensor, T = 2,200"
        for grows in (False, True):
            way = "evolve, structure too" if grows else "evolve, 3 neurons"
            yield (
                f"{name}-grown" if grows else name,
                Row(task, way, "leaky", walked(sensor, grows), bar, False, f"3 neurons: {told}"),
            )


# ------------------------------------------------------------------------------- spikes


def spiking_rows() -> Iterator[tuple[str, Row]]:
    told = (
        "neat-python's spike-timing in one order of phases: 7.9 of 8; silence 6, no hidden cell 8"
    )
    problem = ng.SpikingXOR()
    usual = ng.Config().override(dict(ENTRIES["spiking-xor"].settings))
    alone = usual.override({"start.hidden": 0, "mutation.add_node": 0.0})

    def fired(config: ng.Config) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            champion = ng.evolve(
                problem, config=config, generations=100, seed=seed, progress=False
            ).champion
            spikes = problem.spikes(champion.compile(np.float64).networks.run(problem.X))[0]
            return float(((spikes > 0) == problem.wanted).mean()), champion.n_hidden

        return run

    def drawn(seed: int) -> tuple[float, int]:
        genomes = ng.Population(2, 1, usual.override({"population_size": 15_000}), seed=seed).ask()
        found = 0.0
        for k in range(0, len(genomes), 150):
            spikes = problem.spikes(genomes[k : k + 150].compile().run(problem.X))
            right = ((spikes > 0) == problem.wanted).mean(axis=(1, 2))
            found = max(found, float(right.max()))
        return found, 3

    for way, run in (
        ("evolve", fired(usual)), ("evolve, without hidden cells", fired(alone)),
        ("the best of as many random ones", drawn),
    ):  # fmt: skip
        yield "spiking-xor", Row("exclusive or in spikes, 24 orders", way, "izhikevich", run, 1.0,
                                 False, told)  # fmt: skip


# ------------------------------------------------------------------------------- digits

VISIBILITIES = (0.15, 0.3, 0.5, 0.7)
HIDDEN = 40


def layered(seed: int, nodes: str) -> ng.Genome:
    """64 inputs, hidden nodes of tanh and ten outputs, weights normal as their number asks."""
    draw = np.random.default_rng(seed)
    hidden = [f"h{k}" for k in range(HIDDEN)]
    edges = [(i, h, draw.normal() / 8.0) for h in hidden for i in range(64)]
    edges += [(h, 64 + o, draw.normal() / HIDDEN**0.5) for o in range(10) for h in hidden]
    own = {"dynamics": "leaky", "time_constant": 5.0} if nodes == "leaky" else {}
    described: dict[Any, dict[str, Any]] = dict.fromkeys(hidden, own)
    described |= {64 + o: {"activation": "identity"} for o in range(10)}
    return ng.Genome.from_edges(edges, inputs=64, outputs=10, nodes=described)


def seen(ticks: int, nodes: str, noise: float, seed: int) -> Any:
    """Accuracy (K, T) by visibility and tick, after learning from whole images."""
    task = Digits(ticks=ticks, noise=noise, draws=40 // ticks, every=True, data_seed=seed)
    genome, _ = ng.fine_tune(
        layered(seed, nodes), task.lessons(), optimizer=ng.Adam(0.005, schedule=ng.Cosine()),
        steps=1500, batch=100, clip=1.0, seed=seed, progress=False,
    )  # fmt: skip
    return task.seen_in_part(genome.batch().compile(), VISIBILITIES, draws=2, seed=seed)[0]


CURVES: list[tuple[Any, Any]] = []  # accuracy (K, T) of each seed, and after one tick (K,)


def draw_curves(path: str) -> None:
    """Accuracy after each tick, a line per visibility; dashed, the network of one tick."""
    import matplotlib.pyplot as plt

    long, short = (np.mean(part, axis=0) for part in zip(*CURVES, strict=True))
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for share, row, other in zip(VISIBILITIES, long, short, strict=True):
        (drawn,) = axes.plot(np.arange(1, row.size + 1), row, label=f"{share:.0%} seen")
        axes.axhline(other, color=drawn.get_color(), linestyle="--", linewidth=1)
    axes.set(xlabel="ticks of looking", ylabel="accuracy", xticks=np.arange(1, long.shape[1] + 1))
    figure.legend(title="dashed: one tick", loc="outside right upper")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def digits_rows() -> Iterator[tuple[str, Row]]:
    def gained(noise: float) -> Callable[[int], tuple[float, int]]:
        def run(seed: int) -> tuple[float, int]:
            long, short = seen(10, "leaky", noise, seed), seen(1, "instant", noise, seed)
            if noise:
                CURVES.append((long, short[:, 0]))
            return float(long[:, -1].mean() - short[:, 0].mean()), HIDDEN

        return run

    for name, noise in (("digits", 0.3), ("digits-without-noise", 0.0)):
        yield name, Row(
            f"digits in part, noise {noise:g}", "learn, 10 ticks less 1", "leaky", gained(noise),
            0.03, False, "Tang et al. 2018, 5 classes: .460 at tick 0, .760 at tick 4",
        )  # fmt: skip


# ------------------------------------------------------------------------------- the table


def rows() -> list[tuple[str, Row]]:
    """All of them by the names that the command line takes; some names have several."""
    return [*lorenz_rows(), *memory_rows(), *walker_rows(), *spiking_rows(), *digits_rows()]


def line(row: Row, ran: list[Ran]) -> tuple[str, ...]:
    scores = np.array([one.score for one in ran])
    count = sum(row.reached(score) for score in scores)
    low, high = scores.min(), scores.max()
    return (
        row.task, row.way, row.nodes, f"{'<' if row.below else '≥'} {row.bar:.4g}",
        f"{count} of {len(ran)}",
        f"{scores.mean():.4f}, {np.median(scores):.4f} [{low:.4f}–{high:.4f}]",
        f"{np.mean([one.hidden for one in ran]):.1f}",
        f"{np.median([one.seconds for one in ran]):.0f}", row.beside,
    )  # fmt: skip


def main() -> None:
    known = rows()
    names = list(dict.fromkeys(name for name, _ in known))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", nargs="*", choices=[[], *names], help=", ".join(names))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--nodes", choices=("leaky", "instant", "izhikevich"), help="only these")
    parser.add_argument("--picture", metavar="FILE", help="of the digits that were run")
    options = parser.parse_args()
    ng.set_threads(1)
    lines = []
    for name, row in known:
        if (options.row and name not in options.row) or options.nodes not in (None, row.nodes):
            continue
        ran = []
        for seed in range(options.first, options.first + options.seeds):
            start = time.perf_counter()
            ran.append(Ran(*row.run(seed), time.perf_counter() - start))
            told = f"{row.task}, {row.way}, {row.nodes}, seed {seed}: {ran[-1]}"
            print(told, file=sys.stderr, flush=True)
        lines.append(line(row, ran))
    print(markdown(HEADER, lines))
    if options.picture:
        draw_curves(options.picture)


if __name__ == "__main__":
    main()
