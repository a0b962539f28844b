"""Learning: time per step, beside torch.

    python -m benchmarks.bench_learning

A step is forward, backward and Adam. torch, where it is installed, runs the same networks one
after another, node by node, which is what a graph of any shape comes to there; and dense
layers of as many parameters beside one large network.
"""

import argparse
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import ours, scale
from benchmarks.timing import alternate, markdown, measure
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    print(markdown(("one step of", "neatgrow", "torch", "ratio", "bound"), speed()))


if __name__ == "__main__":
    main()
