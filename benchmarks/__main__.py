"""All speed benchmarks in one run: a Markdown table, and a plot of cost against size.

    python -m benchmarks [--out DIR]

Both sides run in this process, warm, in turns; a cell is the median of repetitions, in
brackets the least and the most. Peers that are not installed are said and left out.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import bench_cartpole, bench_learning, ours, scale
from benchmarks.hardware import bare_loop
from benchmarks.peers import (
    CARTPOLE_POLICY,
    Graph,
    MultiNEAT,
    NeatPython,
    neat_network,
    random_graph,
)
from benchmarks.timing import Timing, alternate, markdown, measure, seconds_text
from neatgrow.kernels import parallel

HEADER = ("work", "neatgrow", "neat-python", "MultiNEAT", "ratio to neat-python", "bound")


def row(
    work: str, mine: Callable[[], Any], peers: list[Callable[[], Any] | None], bound: str
) -> tuple[str, ...]:
    """One row: all sides timed in turns."""
    calls = [mine, *(call for call in peers if call is not None)]
    timings = alternate(calls, budget=1.0, most=20)
    cells = [str(timings[0])]
    rest = iter(timings[1:])
    theirs = [next(rest) if call is not None else None for call in peers]
    cells += ["–" if timing is None else str(timing) for timing in theirs]
    ratio = "–" if theirs[0] is None else f"{theirs[0].median / timings[0].median:.0f}×"
    return (work, *cells, ratio, bound)


def generations(neat: bool, multi: bool) -> list[tuple[str, ...]]:
    """Whole generations, and reproduction with speciation alone."""
    fixed, _ = ours.xor_generation(4)
    rows = [
        first_generations(neat),
        row("XOR, one generation of 4: what each costs, whatever its size", fixed, [None] * 2, "–"),
    ]
    for size, bound in ((150, "50×"), (1000, "–")):
        neat_python = NeatPython()
        peers = [
            neat_python.xor_generation(size) if neat else None,
            MultiNEAT().xor_generation(size) if multi else None,
        ]
        mine, genes = ours.xor_generation(size, _connections(neat_python, neat))
        work = f"XOR, one early generation of {size} again and again, with evaluation"
        cells = row(work, mine, peers, bound)  # neat-python's goes on: its sizes afterwards
        rows.append((f"{work} ({_sizes(genes, neat_python, neat)})", *cells[1:]))
    for size, bound in ((150, "–"), (1000, "100×"), (3000, "190×")):
        neat_python = NeatPython()
        peers = [
            neat_python.reproduction(size) if neat else None,
            MultiNEAT().reproduction(size) if multi and size < 3000 else None,
        ]
        mine, genes = ours.reproduction(size, _connections(neat_python, neat))
        work = f"reproduction and speciation, {size} ({_sizes(genes, neat_python, neat)})"
        rows.append(row(work, mine, peers, bound))
    return rows


def first_generations(neat: bool) -> tuple[str, ...]:
    """What a user meets: a new run with the defaults, evaluation included."""
    neat_python = NeatPython()
    mine, genes = ours.first_generations(150, 100)
    peers = [neat_python.first_generations(150, 100) if neat else None, None]
    work = f"XOR, the first 100 generations of a run of 150 ({_sizes(genes, neat_python, neat)})"
    return row(work, mine, peers, "–")


def _connections(peer: NeatPython, installed: bool) -> float:
    return peer.sizes().connections if installed else 0.0


def _sizes(genes: str, peer: NeatPython, installed: bool) -> str:
    if not installed:
        return genes
    theirs = peer.sizes()
    return (
        f"{genes}; neat-python {theirs.nodes:.1f} nodes, {theirs.connections:.1f} connections, "
        f"{theirs.species} species"
    )


def forward(neat: bool) -> list[tuple[str, ...]]:
    """1,000 networks of 8 inputs, 20 hidden nodes, 4 outputs, 96 connections, tanh."""
    count, samples = 1000, 64
    networks = ng.Genomes(*ours.different_graphs(count)).compile()
    rng = np.random.default_rng(0)
    one, many = rng.standard_normal((count, 8)), rng.standard_normal((samples, 8))
    peer = NeatPython().forward(0) if neat else None
    rows = []
    for work, call, passes, bound in (
        ("one sample each", lambda: networks.activate(one), count, "80×"),
        (f"{samples} samples each", lambda: networks.predict(many), count * samples, "2000×"),
    ):
        call()
        calls = [call, *([peer] if peer else [])]
        timings = alternate(calls, budget=1.0, most=2000)
        mine = timings[0]
        ratio = f"{timings[1].median * passes / mine.median:.0f}×" if peer else "–"
        each = seconds_text(mine.median / passes)
        rows.append(
            (
                f"forward, {count} networks, {work}",
                f"{mine}: {each} a pass",
                f"{seconds_text(timings[1].median)} a pass" if peer else "–",
                "–",
                ratio,
                bound,
            )
        )
    rows += [closed_loop(graph, what, neat) for graph, what in (
        (CARTPOLE_POLICY, "4 connections"), (random_graph(0), "96 connections"))]  # fmt: skip
    loop = bare_loop(count, samples)
    limit, mine = alternate([loop, lambda: networks.predict(many)], budget=1.0)
    rows.append(
        (
            f"the same {samples} samples beside a bare loop over as many numbers",
            str(mine),
            f"bare loop {limit}",
            "–",
            f"{mine.median / limit.median:.2f} of the loop",
            "2.5",
        )
    )
    return rows


def closed_loop(graph: Graph, what: str, neat: bool) -> tuple[str, ...]:
    """One network, asked again and again from Python, as in a user's own simulation."""
    network, asked = ours.genome_of(graph).compile(), 1000
    x = np.linspace(-0.9, 0.9, graph.inputs)
    calls: list[Callable[[], Any]] = [lambda: [network.activate(x) for _ in range(asked)]]
    if neat:
        theirs, row_of_inputs = neat_network(graph), x.tolist()
        calls.append(lambda: [theirs.activate(row_of_inputs) for _ in range(asked)])
    timings = alternate(calls, budget=0.3)
    cells = [f"{seconds_text(timing.median / asked)} a pass" for timing in timings]
    ratio = f"{timings[1].median / timings[0].median:.1f}×" if neat else "–"
    cells += ["–"] * (2 - len(cells))
    return (f"one network by itself, {what}, `activate` called in a loop", *cells, "–", ratio, "–")


def scaling() -> tuple[list[tuple[str, ...]], list[tuple[int, float]]]:
    """Reproduction's cost per genome as the population grows."""
    rows, curve = [], []
    for size in (100, 300, 1000, 3000, 10_000, 30_000, 100_000):
        call, _ = ours.reproduction(size)
        timing = measure(call, budget=2.0, most=50)
        curve.append((size, timing.median / size))
    base = dict(curve)[1000]
    for size, cost in curve:
        if size >= 1000:
            work = f"reproduction and speciation per genome, population {size}"
            cells = (work, seconds_text(cost), "–", "–", f"{cost / base:.2f} of that at 1,000")
            rows.append((*cells, "1.3" if size >= 10_000 else "–"))
    return rows, curve


def in_own_process() -> list[tuple[str, ...]]:
    """Figures of a whole process: memory, start-up."""
    rows = []
    for name, bound, repetitions in (
        ("memory", "1.5 GB", 1), ("start", "0.25 s", 5), ("xor", "0.7 s", 9), ("first", "15 s", 3),
    ):  # fmt: skip
        values = []
        for _ in range(repetitions):
            command = [sys.executable, "-m", "benchmarks.processes", name]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            values.append(json.loads(answer.stdout.splitlines()[-1]))
        work = values[0]["work"]
        amounts = [value["amount"] for value in values]
        unit = values[0]["unit"]
        spread = f" [{min(amounts):.3g}–{max(amounts):.3g}]" if repetitions > 1 else ""
        rows.append((work, f"{np.median(amounts):.3g} {unit}{spread}", "–", "–", "–", bound))
    return rows


def draw_curve(curve: list[tuple[int, float]], path: Path) -> None:
    """Cost per genome against the size of the population."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.add_subplot()
    sizes, costs = zip(*curve, strict=True)
    axes.semilogx(sizes, [cost * 1e6 for cost in costs], "o-")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("population")
    axes.set_ylabel("µs per genome")
    axes.set_title("reproduction and speciation")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    missing = [peer.missing() for peer in (NeatPython, MultiNEAT)]
    for reason in filter(None, missing):
        print(reason)
    neat, multi = missing[0] is None, missing[1] is None
    rows = generations(neat, multi)
    scale_rows, curve = scaling()
    rows += scale_rows + scale.single_genomes() + [scale.growing_run()] + forward(neat)
    if neat:
        for speed, bound in zip(
            (*bench_cartpole.real(), bench_cartpole.speed(1000)), ("–", "–", "40×")
        ):
            rows.append((*speed[:3], "–", speed[3], bound))
    rows += in_own_process()
    table = markdown(HEADER, rows)
    learning = markdown(bench_learning.HEADER, bench_learning.rows())
    told = (bench_learning.__doc__ or "").split("\n\n", 2)[2]
    threads = f"{parallel.thread_count()} threads, Python {platform.python_version()}"
    print(f"\n{threads}\n\n{table}\n\n{told}\n{learning}")
    (out / "SPEED.md").write_text(
        f"# Speed\n\nPrinted by `python -m benchmarks`: {threads}. {__doc__.split(chr(10) * 2)[2]}"
        f"\n\n{table}\n\n![cost against size](speed.png)\n"
        f"\n## Learning\n\n{told}\n{learning}\n",
        "utf-8",
    )
    draw_curve(curve, out / "speed.png")


__all__ = ["Timing", "main"]

if __name__ == "__main__":
    main()
