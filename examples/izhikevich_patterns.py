"""Seventeen of the twenty firing patterns of Izhikevich (2004), each by one node and one current.

The other three (class 1, integrator, accommodation) need equations of their own. Draws potentials
and currents to izhikevich_patterns.png. Spike counts depend on the step and on the order of the
updates; here, as in the paper's program, it is v, then u with the new v.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import neatgrow as ng


class Pattern(NamedTuple):
    """A cell, and the current that shows what it does."""

    name: str
    cell: tuple[float, float, float, float]  # a, b, c, d
    start: float  # mV
    step: float  # ms
    end: float  # ms
    current: Callable[[float], float]  # of the time in ms
    spikes: int


def within(t: float, *spans: tuple[float, float]) -> bool:
    """Whether t lies within one of some spans, their ends left out."""
    return any(first < t < last for first, last in spans)


PATTERNS = [
    Pattern("tonic spiking", (0.02, 0.2, -65, 6), -70, 0.25, 100, lambda t: 14.0 * (t > 10), 5),
    Pattern("phasic spiking", (0.02, 0.25, -65, 6), -64, 0.25, 200, lambda t: 0.5 * (t > 20), 1),
    Pattern("tonic bursting", (0.02, 0.2, -50, 2), -70, 0.25, 220, lambda t: 15.0 * (t > 22), 28),
    Pattern("phasic bursting", (0.02, 0.25, -55, 0.05), -64, 0.2, 200,
            lambda t: 0.6 * (t > 20), 6),
    Pattern("mixed mode", (0.02, 0.2, -55, 4), -70, 0.25, 160, lambda t: 10.0 * (t > 16), 6),
    Pattern("adaptation", (0.01, 0.2, -65, 8), -70, 0.25, 85, lambda t: 30.0 * (t > 8.5), 6),
    Pattern("class 2", (0.2, 0.26, -65, 0), -64, 0.25, 300,
            lambda t: -0.5 + 0.015 * (t - 30) * (t > 30), 14),
    Pattern("latency", (0.02, 0.2, -65, 6), -70, 0.2, 100,
            lambda t: 7.04 * within(t, (10, 13)), 1),
    Pattern("oscillation", (0.05, 0.26, -60, 0), -62, 0.25, 200,
            lambda t: 2.0 * within(t, (20, 25)), 1),
    Pattern("resonator", (0.1, 0.26, -60, -1), -62, 0.25, 400,
            lambda t: 0.65 * within(t, (40, 44), (60, 64), (280, 284), (320, 324)), 1),
    Pattern("rebound spike", (0.03, 0.25, -60, 4), -64, 0.2, 200,
            lambda t: -15.0 * within(t, (20, 25)), 1),
    Pattern("rebound burst", (0.03, 0.25, -52, 0), -64, 0.2, 200,
            lambda t: -15.0 * within(t, (20, 25)), 7),
    Pattern("threshold variability", (0.03, 0.25, -60, 4), -64, 0.25, 100,
            lambda t: 1.0 * within(t, (10, 15), (80, 85)) - 6.0 * within(t, (70, 75)), 1),
    Pattern("bistability", (0.1, 0.26, -60, 0), -61, 0.25, 300,
            lambda t: 0.24 + 1.0 * within(t, (37.5, 42.5), (216, 221)), 5),
    Pattern("after-potential", (1, 0.2, -60, -21), -70, 0.1, 50,
            lambda t: 20.0 * (abs(t - 10) < 1), 1),
    Pattern("inhibition-induced spiking", (-0.02, -1, -60, 8), -63.8, 0.5, 350,
            lambda t: 80.0 if t < 50 or t > 250 else 75.0, 3),
    Pattern("inhibition-induced bursting", (-0.026, -1, -45, -2), -63.8, 0.5, 350,
            lambda t: 80.0 if t < 50 or t > 250 else 75.0, 12),
]  # fmt: skip


def network_of(pattern: Pattern) -> ng.Network:
    """One node, into which the current enters."""
    cell = dict(zip(("a", "b", "c", "d"), pattern.cell, strict=True))
    node = {f"izhikevich_{name}": value for name, value in cell.items()}
    node |= {"dynamics": "izhikevich", "start_potential": pattern.start}
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: node})
    return genome.with_interface(tick=pattern.step, substeps=1).compile(np.float64)


def currents(pattern: Pattern) -> np.ndarray:
    """(T, 1), one for every step from time 0 to the end."""
    times = np.arange(0.0, pattern.end + pattern.step / 2, pattern.step)
    return np.array([[pattern.current(t)] for t in times])


def main() -> None:
    figure = Figure(figsize=(11, 13), layout="constrained")
    for axes, pattern in zip(figure.subplots(6, 3).flat, PATTERNS, strict=False):
        current = currents(pattern)
        seen = network_of(pattern).record(current)
        times, spikes = np.arange(len(seen)) * pattern.step, np.flatnonzero(seen.spikes[:, 0])
        print(f"{pattern.name:27} {len(spikes):2d} spikes, the first at {times[spikes[0]]:g} ms")
        assert len(spikes) == pattern.spikes
        shown = np.where(seen.spikes[:, 0], 30.0, seen.potentials[:, 0])
        axes.plot(times, shown, linewidth=0.8)
        height = max(np.ptp(current), 1e-9)
        axes.plot(times, -105 + 15 * (current[:, 0] - current.min()) / height, color="grey")
        axes.set_title(pattern.name, fontsize=9)
        axes.set_yticks([])
    figure.axes[-1].set_axis_off()
    figure.savefig("izhikevich_patterns.png", dpi=80)


if __name__ == "__main__":
    main()
