"""Learning: time per step, beside torch; gradients beside central differences.

    python -m benchmarks.bench_learning [--graphs 10000]

A step is forward, backward and Adam. torch, where it is installed, runs the same networks one
after another, node by node, which is what a graph of any shape comes to there; and dense
layers of as many parameters beside one large network.
"""

import argparse
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import ours, scale
from benchmarks.timing import alternate, markdown, measure
from neatgrow.kernels import functions
from neatgrow.kernels.backward import Data
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of

STEPS = 20  # in one call


def trainer_of(genomes: ng.Genomes, samples: int, dtype: Any, ticks: int = 0) -> Callable[[], Any]:
    """A call that takes STEPS steps of Adam."""
    rng = np.random.default_rng(0)
    shape = (ticks, samples) if ticks else (samples,)
    X = rng.standard_normal((*shape, genomes.n_inputs))
    Y = rng.standard_normal((*shape, genomes.n_outputs))
    data = prepared(
        genomes.interface, len(genomes), X, Y, None, sequences=ticks > 0, labels=False, dtype=dtype
    )
    trainer = Trainer(genomes, recipe_of("mse", ng.Adam(0.001), 10**6, data), dtype)
    trainer.learn(data, 1)
    return lambda: trainer.learn(data, STEPS)


def torch_step(genomes: ng.Genomes, samples: int) -> Callable[[], Any] | None:
    """One step of Adam on the first network, node by node in torch; None without torch."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        return None
    torch.set_num_threads(2)
    networks = genomes[0].compile().networks
    plan, face = networks.plan, genomes.interface
    weight = torch.tensor(plan.weight, requires_grad=True)
    bias = torch.tensor(plan.bias, requires_grad=True)
    X, Y = torch.randn(samples, face.inputs), torch.randn(samples, face.outputs)
    optimizer = torch.optim.Adam([weight, bias], 0.001)

    def step() -> None:
        values = [X[:, i] for i in range(face.inputs)]
        for v in range(int(plan.node_start[0]), int(plan.node_stop[0])):
            z = bias[v]
            for c in range(int(plan.incoming_start[v]), int(plan.incoming_stop[v])):
                z = z + weight[c] * values[plan.source_slot[c]]
            values.append(torch.tanh(z).expand(samples))
        outputs = torch.stack([values[slot] for slot in plan.output_slot[0]], 1)
        optimizer.zero_grad()
        ((outputs - Y) ** 2).mean().backward()
        optimizer.step()

    step()
    return step


def torch_dense(parameters: int, samples: int) -> Callable[[], Any] | None:
    """One step of Adam on dense layers 10 → h → h → 5 of about as many parameters."""
    try:
        torch: Any = importlib.import_module("torch")
    except ImportError:
        return None
    h = int(np.sqrt(parameters)) - 8
    layers = torch.nn
    model = layers.Sequential(
        layers.Linear(10, h), layers.Tanh(), layers.Linear(h, h), layers.Tanh(), layers.Linear(h, 5)
    )
    X, Y = torch.randn(samples, 10), torch.randn(samples, 5)
    optimizer = torch.optim.Adam(model.parameters(), 0.001)

    def step() -> None:
        optimizer.zero_grad()
        ((model(X) - Y) ** 2).mean().backward()
        optimizer.step()

    step()
    return step


def speed() -> list[tuple[str, ...]]:
    """Rows of time per step."""
    rows = []
    large = ng.Genomes(*ours.different_graphs(1000))
    peer = torch_step(large, 64)
    for dtype, bound in ((np.float32, "4 ms; 200×"), (np.float64, "8 ms")):
        call = trainer_of(large, 64, dtype)
        mine, *theirs = alternate([call, *([peer] if peer and dtype == np.float32 else [])])
        ratio = f"{theirs[0].median * 1000 * STEPS / mine.median:.0f}×" if theirs else "–"
        other = f"{theirs[0].median * 1e3:.2f} ms a network" if theirs else "–"
        what = f"1,000 networks of 96 connections × 64 samples, {np.dtype(dtype)}"
        rows.append((what, f"{mine.median / STEPS * 1e3:.2f} ms", other, ratio, bound))
    population = ours.xor_population(1000, 30.0)
    call = trainer_of(population.genomes, 8, np.float32)
    what = f"1,000 networks × 8 samples ({ours.sizes(population)})"
    rows.append((what, f"{measure(call).median / STEPS * 1e3:.2f} ms", "–", "–", "1 ms"))
    one = scale.large(10_000).batch()
    call, dense = trainer_of(one, 256, np.float32), torch_dense(10_000, 256)
    mine, *theirs = alternate([call, *([dense] if dense else [])])
    ratio = f"{mine.median / STEPS / theirs[0].median:.1f} of dense" if theirs else "–"
    other = f"{theirs[0].median * 1e3:.2f} ms" if theirs else "–"
    what = "one network of 10,000 connections × 256 samples"
    rows.append((what, f"{mine.median / STEPS * 1e3:.2f} ms", other, ratio, "3 of dense"))
    base = 0.0
    for samples, ticks in ((64, 1), (128, 1), (256, 1), (64, 4), (64, 16)):
        spent = measure(trainer_of(large[:200], samples, np.float32, ticks), budget=1.0).median
        base = base or spent
        what = f"200 networks of 96 connections, {samples} samples × {ticks} ticks"
        times = f"{spent / base:.1f} of the first for {samples * ticks // 64} times the work"
        rows.append((what, f"{spent / STEPS * 1e3:.2f} ms", "–", times, "linear"))
    return rows


def random_graphs(count: int) -> Iterator[ng.Genome]:
    """Graphs with loops, grown by random selection, of every activation and aggregation."""
    columns = ("activation", "aggregation")
    options = {"activation": functions.ACTIVATIONS, "aggregation": functions.AGGREGATIONS}
    changes = {f"genes.{name}.{key}": value for name in columns
               for key, value in (("options", options[name]), ("start", "random"))}  # fmt: skip
    rates = {"mutation.add_node": 0.5, "mutation.add_connection": 0.5, "mutation.add_loop": 0.3}
    config = ng.Config(population_size=100).override(changes | rates)
    for seed in range(-(-count // 100)):
        population = ng.Population(3, 2, config, seed=seed)
        rng = np.random.default_rng(seed)
        for _ in range(8):
            population.ask()
            population.tell(rng.random(100))
        genomes = population.ask()
        packed = genomes.packed
        values = rng.normal(0.0, 0.7, packed.connection_values.shape)
        biases = rng.normal(0.0, 0.5, packed.node_values.shape)
        packed = packed._replace(connection_values=values, node_values=biases)
        yield from ng.Genomes(packed, genomes.interface)


def agreement(count: int) -> str:
    """Worst relative error against central differences in float64, extrapolated from two widths,
    over four ticks of three samples. Where the two disagree by more than 2e-6, or forward and
    backward differences by more than 1e-2, there is a kink, or a curvature that differences
    cannot follow.
    """
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 3, 3)), rng.standard_normal((4, 3, 2))
    errors, kinks, loops = [], 0, 0
    for _, genome in zip(range(count), random_graphs(count), strict=False):
        data = prepared(genome.interface, 1, X, Y, None, sequences=True, labels=False,
                        dtype=np.float64)  # fmt: skip
        trainer = Trainer(genome.batch(), recipe_of("mse", None, 1, data), np.float64)
        plan = trainer.networks.plan
        loops += bool(plan.has_loops[0])
        losses, found = trainer.gradients(data)
        scale = max(1.0, abs(losses[0]))
        start, stop = int(plan.node_start[0]), int(plan.node_stop[0])
        spans = (range(plan.incoming_start[start], plan.incoming_stop[stop - 1]),
                 range(start, stop))  # fmt: skip
        for column, gradient, rows in zip((plan.weight, plan.bias), found, spans, strict=True):
            for row in rows:
                wide, narrow = (sides(trainer, data, column, row, h) for h in (4e-5, 2e-5))
                # Richardson: the error of order h² cancels.
                exact = (4.0 * sum(narrow) - sum(wide)) / 6.0
                size = max(abs(exact), 1e-3 * scale)
                if not (
                    abs(sum(wide) - sum(narrow)) <= 4e-6 * size
                    and abs(narrow[0] - narrow[1]) <= 1e-2 * size
                ):
                    kinks += 1
                    continue
                size = max(size, abs(gradient[row]))
                errors.append(abs(gradient[row] - exact) / size)
    share = kinks / (kinks + len(errors))
    return (
        f"{count:,} random graphs, {loops:,} of them with loops, {len(errors):,} parameters: worst "
        f"relative error {max(errors):.1e}, median {np.median(errors):.1e}; {share:.1%} of the "
        "parameters left out, near a kink or curved too much for differences (bound 1e-6)"
    )


def sides(trainer: Trainer, data: Data, column: Any, row: int, h: float) -> tuple[float, float]:
    """Differences of the loss along one parameter, forwards and backwards."""
    value, losses = column[row], []
    for moved in (value, value + h, value - h):
        column[row] = moved
        losses.append(float(trainer.loss(data)[0]))
    column[row] = value
    return (losses[1] - losses[0]) / h, (losses[0] - losses[2]) / h


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=10_000)
    print(agreement(parser.parse_args().graphs))
    print()
    print(markdown(("one step of", "neatgrow", "torch", "ratio", "bound"), speed()))


if __name__ == "__main__":
    main()
