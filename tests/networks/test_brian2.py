"""Spiking and leaky nodes against brian2, at equal step and order of updates.

brian2 has its own clock, threshold, reset and refractoriness; it solves leaky equations exactly,
and takes Izhikevich's steps as written here. Its release for Python 3.11 needs numpy below 2.4, so
`.ci/minimums` runs this file in an environment of its own.
"""

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

import neatgrow as ng
from neatgrow.timing import IZHIKEVICH_TYPES

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[2] / "examples" / "izhikevich_patterns.py"


@pytest.fixture(scope="module")
def brian2():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import brian2
        except (ImportError, AttributeError) as error:  # the latter with a numpy that is too new
            pytest.skip(f"brian2 cannot be imported here: {error}")
    brian2.prefs.codegen.target = "numpy"
    return brian2


@pytest.fixture(autouse=True)
def its_own_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def simulated(brian2, current, step, model, *, every="", names=None, start=None, **options):
    """Ticks at which each of N cells fired, and v (T, N), for currents (T, N)."""
    brian2.start_scope()
    clock = step * brian2.ms
    names = {"I": brian2.TimedArray(current, dt=clock)} | (names or {})
    cells = brian2.NeuronGroup(current.shape[1], model, dt=clock, namespace=names, **options)
    for name, value in (start or {}).items():
        setattr(cells, name, value)
    if every:
        cells.run_regularly(every, dt=clock, when="groups")
    spikes = brian2.SpikeMonitor(cells)
    seen = brian2.StateMonitor(cells, "v", record=True, when="end")
    network = brian2.Network(cells, spikes, seen)
    network.run(len(current) * clock)
    ticks = np.round(np.asarray(spikes.t / clock)).astype(int)
    return [np.sort(ticks[spikes.i == n]) for n in range(current.shape[1])], np.asarray(seen.v).T


def currents(cells, ticks=400, seed=0):
    """(T, N) noise around a level for each cell, none of it between ticks 150 and 200."""
    rng = np.random.default_rng(seed)
    current = rng.uniform(0.5, 4.0, cells) + rng.normal(size=(ticks, cells))
    current[150:200] = 0.0
    return current


def nodes_of(values, current, **timing):
    """Outputs (T, N) of nodes with these values by column, an input for each."""
    count = current.shape[1]
    nodes = {
        count + n: {
            name: each[n] if isinstance(each, np.ndarray) else each for name, each in values.items()
        } for n in range(count)
    }  # fmt: skip
    genome = ng.Genome.from_edges(
        [(n, count + n) for n in range(count)], inputs=count, outputs=count, nodes=nodes
    ).with_interface(**timing)
    return genome.compile(np.float64).run(current[:, None])[:, 0]


def test_leaky_nodes(brian2):
    current, tau = currents(8), np.geomspace(0.3, 60.0, 8)
    values = {"dynamics": "leaky", "time_constant": tau, "activation": "identity"}
    found = nodes_of(values, current, tick=0.5)
    _, wanted = simulated(
        brian2, current, 0.5, "dv/dt = (I(t, i) - v) / (tau * ms) : 1\ntau : 1", method="exact",
        threshold="v > 1e9", reset="", start={"tau": tau},
    )  # fmt: skip
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reset", ["subtract", "rest"])
@pytest.mark.parametrize("refractory", [0, 3])
@pytest.mark.parametrize("adaptation", [0.0, 2.5])
def test_integrate_and_fire(brian2, reset, refractory, adaptation):
    current, tau, step, slow = currents(8), np.geomspace(1.0, 30.0, 8), 0.5, 40.0
    found = nodes_of(
        {"dynamics": "lif", "time_constant": tau, "threshold": 1.2, "reset": reset,
         "refractory": float(refractory), "adaptation": adaptation,
         "adaptation_time_constant": slow}, current, tick=step,
    )  # fmt: skip
    # b is kept as it will be at the next threshold, where a tick has passed: so a spike adds more.
    kept = np.exp(-step / slow)
    subtracts = "v = 0" if reset == "rest" else "v -= theta + beta * b"
    wanted, _ = simulated(
        brian2, current, step,
        "dv/dt = (I(t, i) - v) / (tau * ms) : 1 (unless refractory)\n"
        "db/dt = -b / (slow * ms) : 1\ntau : 1",
        threshold="v >= theta + beta * b", reset=f"{subtracts}\nb += gain",
        refractory=(refractory + 1) * step * brian2.ms if refractory else False, method="exact",
        names={"theta": 1.2, "beta": adaptation, "slow": slow, "gain": (1.0 - kept) / kept},
        start={"tau": tau},
    )  # fmt: skip
    compare(found, wanted, least=20)


def test_izhikevich_cells(brian2):
    cells = np.array(list(IZHIKEVICH_TYPES.values())).T
    current = 6.0 * currents(7, 600)
    for substeps in (1, 2):
        found = nodes_of(
            {"dynamics": "izhikevich"}
            | dict(zip((f"izhikevich_{n}" for n in "abcd"), cells, strict=True)),
            current, tick=0.5, substeps=substeps,
        )  # fmt: skip
        compare(found, stepped(brian2, current, 0.5, cells, -65.0, substeps), least=40)


def stepped(brian2, current, step, cells, start, substeps):
    a, b, c, d = cells
    slope = "v += h * (0.04 * v * v + 5 * v + 140 - u + I(t, i))\n"
    spikes, _ = simulated(
        brian2, current, step, "v : 1\nu : 1\na : 1\nb : 1\nc : 1\nd : 1", threshold="v >= 30",
        reset="v = c\nu += d", every=slope * substeps + "u += step * a * (b * v - u)",
        names={"h": step / substeps, "step": step},
        start={"a": a, "b": b, "c": c, "d": d, "v": start, "u": b * start},
    )  # fmt: skip
    return spikes


def test_firing_patterns(brian2):
    example = runpy.run_path(str(EXAMPLE))
    for pattern in example["PATTERNS"]:
        current = example["currents"](pattern)
        found = example["network_of"](pattern).run(current[:, None])[:, 0]
        cells = np.array([pattern.cell], float).T
        spikes = stepped(brian2, current, pattern.step, cells, pattern.start, 1)
        assert len(spikes[0]) == pattern.spikes, pattern.name
        compare(found, spikes, least=pattern.spikes)


def compare(found, wanted, least):
    """As many spikes of each cell, the first at the same tick."""
    count = 0
    for n, ticks in enumerate(wanted):
        own = np.flatnonzero(found[:, n])
        assert len(own) == len(ticks)
        np.testing.assert_array_equal(own[:1], ticks[:1])
        count += len(own)
    assert count >= least
