"""The report of a large champion: time to write it, its size, and how it feels in a browser.

    python -m benchmarks.bench_report [--hidden 300] [--connections 2000]

A page is open once its graph is drawn, counted from the start of the navigation. Frames are
counted while a node of many connections is dragged to and fro for three seconds, in a headless
browser without a graphics card.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx
import numpy as np

import neatgrow as ng
from benchmarks.browser import browser, missing
from benchmarks.timing import markdown
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.pages.record import record_of
from neatgrow.plotting.pages.report import page

OPENED = """
const done = arguments[0];
(function look() {
  const mark = performance.getEntriesByName("graph")[0];
  if (mark) done(mark.startTime); else requestAnimationFrame(look);
})();
"""
DRAG = """
const [done, graph] = [arguments[0], GRAPHS[0]];
const degrees = graph.incident.map((wires) => wires.length);
const node = degrees.indexOf(Math.max(...degrees));
const circle = graph.dots[node].group.querySelector("circle:nth-of-type(2)");
const box = circle.getBoundingClientRect();
const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
graph.canvas.setPointerCapture = () => {};
const send = (name, dx, dy) => circle.dispatchEvent(new PointerEvent(name, {
  bubbles: true, clientX: x + dx, clientY: y + dy, pointerId: 1, isPrimary: true, buttons: 1 }));
send("pointerdown", 0, 0);
const start = performance.now();
let frames = 0, last = start, longest = 0;
requestAnimationFrame(function step(now) {
  const spent = performance.now() - start;
  longest = Math.max(longest, frames ? now - last : 0);
  last = now;
  if (spent > 3000) {
    send("pointerup", 0, 0);
    done([degrees[node], (frames / spent) * 1000, longest]);
    return;
  }
  frames += 1;
  send("pointermove", 120 * Math.sin(spent / 300), 80 * Math.cos(spent / 200));
  requestAnimationFrame(step);
});
"""


def large_genome(hidden: int, connections: int, loops: int = 60) -> ng.Genome:
    """A random graph of 10 inputs and 5 outputs; a few nodes have many connections."""
    rng = np.random.default_rng(0)
    nodes = [*range(10), *range(15, 15 + hidden), *range(10, 15)]
    graph: networkx.DiGraph[Any] = networkx.DiGraph(inputs=10, outputs=5)
    for node in nodes:
        graph.add_node(node, kind="input" if node < 10 else "output" if node < 15 else "hidden")
    hub = nodes[10 + hidden // 2]
    for k in range(10, 10 + hidden):  # so that all reach an output
        graph.add_edge(nodes[k], nodes[int(rng.integers(k + 1, len(nodes)))], weight=0.3)
        if k % 3 == 0 and nodes[k] != hub and hub > nodes[k]:
            graph.add_edge(nodes[k], hub, weight=float(rng.normal(0.0, 0.5)))
    while graph.number_of_edges() < connections:
        a, b = sorted(rng.integers(0, len(nodes), 2).tolist())
        back = graph.number_of_edges() < hidden + loops and a >= 10 and b < len(nodes) - 5
        a, b = (b, a) if back else (a, b)
        if a < len(nodes) - 5 and b >= 10 and (back or a != b):
            graph.add_edge(nodes[a], nodes[b], weight=float(rng.normal(0.0, 0.5)))
    return ng.Genome.from_networkx(graph)


def line_to(genome: ng.Genome, stages: int) -> list[Ancestor]:
    """The genome with ever more of its connections, as if it had grown."""
    packed, found = genome.packed, []
    for k in range(1, stages):
        on = np.arange(genome.n_connections) % stages < k
        less = ng.Genome(packed._replace(enabled=on), genome.interface)
        found.append(Ancestor(k, less, float(k), -1))
    return [*found, Ancestor(stages, genome, float(stages), -1)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=300)
    parser.add_argument("--connections", type=int, default=2000)
    options = parser.parse_args()
    genome = large_genome(options.hidden, options.connections)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 10))
    problem = ng.Supervised(X, np.tanh(X[:, :5]))
    result = ng.evolve(problem, generations=30, seed=0)
    record = replace(record_of(result), champion=genome, line=[Ancestor(30, genome, 0.0, -1)])
    page(record)  # what is loaded and compiled once
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        driver = None if missing() else browser(Path(folder) / "profile")
        for name, stages in (("alone", 1), ("with 60 ancestors", 61)):
            record = replace(record, line=line_to(genome, stages))
            before = time.perf_counter()
            text = page(record)
            written = time.perf_counter() - before
            path = Path(folder) / f"{stages}.html"
            path.write_text(text, "utf-8")
            cells = [f"{written:.2f} s", f"{len(text.encode()) / 1e6:.2f} MB"]
            if driver is not None:
                driver.get(path.as_uri())
                opened = driver.execute_async_script(OPENED)
                wires, frames, longest = driver.execute_async_script(DRAG)
                cells += [f"{opened / 1e3:.2f} s", f"{frames:.0f} per second"]
                cells += [f"{longest:.0f} ms", f"{wires}"]
            rows.append((name, *cells))
        if driver is not None:
            driver.quit()
    header = ["a champion", "written in", "size"]
    if driver is not None:
        header += ["graph there after", "frames while dragging", "longest frame", "connections"]
    print(f"{options.hidden} hidden nodes, {options.connections} connections\n")
    print(markdown(header, rows))
    if driver is None:
        print(f"\nNot measured in a browser: {missing()}.")


if __name__ == "__main__":
    main()
