"""Learning: time per step, beside torch; gradients beside central differences and torch's.

    python -m benchmarks.bench_learning [--graphs 10000]

A step is forward, backward and Adam; all of it in float32 where nothing else is said. Of 1,000
different networks torch, where it is installed, runs ten one after another, in two ways: node by
node, which is what a graph of any shape comes to there, and level by level with masked dense
weights, which takes more thought and fewer calls. The ratio is to the faster one; torch has one
thread there and neatgrow all of its own, so core against core it is smaller, and a machine that is
not idle lowers it.

Networks of one structure stand beside torch and JAX with the same structure, loss and optimiser
(``benchmarks/layered.py``): dense layers as products, a graph of any shape level by level, by its
edges or by masked matrices. torch is eager, on one thread and on as many as neatgrow's; JAX
compiles a step with ``jit`` and takes the machine's cores. Of ways and threads the fastest counts.
Figures are the best of three rounds in turns; what JAX compiles beforehand is said and not counted,
nor are neatgrow's kernels, which serve all networks and lie on disk.
"""

import argparse
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks import layered, ours, scale
from benchmarks.timing import alternate, markdown, measure
from neatgrow.kernels import functions, parallel
from neatgrow.kernels.backward import Data
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of

STEPS = 20  # in one call
PEER_STEPS = 5  # of a peer that learns the same networks, in one call
HEADER = ("one step of", "neatgrow", "torch", "JAX", "ratio to torch", "ratio to JAX", "bound")
TORCH_NETWORKS = 10  # that torch is timed on
TORCH_BOUND = 1e-10  # of the relative error against torch's gradients


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


def torch_module() -> Any:
    """torch, or None where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def torch_step(genomes: ng.Genomes, samples: int, way: Callable[..., Any]) -> Callable[[], Any]:
    """One step of Adam on each of the first TORCH_NETWORKS networks, one after another.

    On one thread: with several, torch splits products that are too small for it and takes
    longer, many times longer on a machine that is not idle.

    Args:
        genomes: Without loops, all nodes tanh of a sum.
        samples: B.
        way: Builds the network: :func:`by_nodes` or :func:`by_levels`.
    """
    torch = torch_module()
    X, Y = torch.randn(samples, genomes.n_inputs), torch.randn(samples, genomes.n_outputs)
    work = []
    for n in range(TORCH_NETWORKS):
        forward, parameters = way(torch, genomes[n])
        expected = genomes[n].compile().predict(X.numpy())
        np.testing.assert_allclose(forward(X).detach().numpy(), expected, rtol=1e-3, atol=1e-4)
        work.append((forward, torch.optim.Adam(parameters, 0.001, fused=True)))

    def step() -> None:
        torch.set_num_threads(1)
        for forward, optimizer in work:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(forward(X), Y).backward()
            optimizer.step()

    step()
    return step


def wiring(genome: ng.Genome) -> tuple[Any, list[Any], Any]:
    """A network's weights and biases in float32, the slots that each node reads, and outputs'."""
    plan = genome.compile().networks.plan
    nodes = range(int(plan.node_start[0]), int(plan.node_stop[0]))
    spans = [slice(plan.incoming_start[v], plan.incoming_stop[v]) for v in nodes]
    weights = [plan.weight[span] for span in spans]
    biases = plan.bias[nodes.start : nodes.stop]
    return (weights, biases), [plan.source_slot[span] for span in spans], plan.output_slot[0]


def by_nodes(torch: Any, genome: ng.Genome) -> tuple[Callable[[Any], Any], list[Any]]:
    """For each node one product of what it reads and its weights."""
    (weights, biases), sources, outputs = wiring(genome)
    weight = torch.tensor(np.concatenate(weights), requires_grad=True)
    bias = torch.tensor(biases, requires_grad=True)
    reads, sizes, outs = [s.tolist() for s in sources], [s.size for s in sources], outputs.tolist()

    def forward(X: Any) -> Any:
        values = list(X.unbind(1))
        for read, w, b in zip(reads, weight.split(sizes), bias.unbind(), strict=True):
            if read:
                z = torch.addmv(b, torch.stack([values[slot] for slot in read], 1), w)
            else:
                z = b.expand(X.shape[0])
            values.append(torch.tanh(z))
        return torch.stack([values[slot] for slot in outs], 1)

    return forward, [weight, bias]


def by_levels(torch: Any, genome: ng.Genome) -> tuple[Callable[[Any], Any], list[Any]]:
    """For all nodes of the same depth one product with a dense matrix whose gaps are masked."""
    (weights, biases), sources, outputs = wiring(genome)
    level = [0] * genome.n_inputs
    for read in sources:
        level.append(1 + max((level[slot] for slot in read), default=0))
    order = sorted(range(len(level)), key=level.__getitem__)
    place = {slot: column for column, slot in enumerate(order)}
    layers, parameters, width = [], [], genome.n_inputs
    for depth in range(1, max(level) + 1):
        members = [slot - genome.n_inputs for slot in order if level[slot] == depth]
        dense = np.zeros((2, width, len(members)), np.float32)
        for column, node in enumerate(members):
            columns = [place[slot] for slot in sources[node]]
            dense[:, columns, column] = weights[node], np.ones(len(columns))
        weight = torch.tensor(dense[0], requires_grad=True)
        bias = torch.tensor(biases[members], requires_grad=True)
        layers.append((weight, torch.tensor(dense[1]), bias))
        parameters += [weight, bias]
        width += len(members)
    outs = [place[slot] for slot in outputs]

    def forward(X: Any) -> Any:
        values = X
        for weight, mask, bias in layers:
            new = torch.tanh(torch.addmm(bias, values, weight * mask))
            values = torch.cat([values, new], 1)
        return values[:, outs]

    return forward, parameters


def rows() -> list[tuple[str, ...]]:
    """All rows of time per step, of the columns of HEADER."""
    return [(*row[:3], "–", row[3], "–", row[4]) for row in speed()] + of_one_structure()


def speed() -> list[tuple[str, ...]]:
    """Rows of time per step without JAX, which would compile every network for itself."""
    rows = []
    large = ng.Genomes(*ours.different_graphs(1000))
    ways = (by_nodes, by_levels) if torch_module() else ()
    peers = [torch_step(large, 64, way) for way in ways]
    for dtype, bound in ((np.float32, "4 ms; 200×"), (np.float64, "8 ms")):
        call = trainer_of(large, 64, dtype)
        single = dtype == np.float32
        mine, *theirs = alternate([call, *(peers if single else [])])
        own = mine.median / STEPS / 1000
        each = [timing.median / TORCH_NETWORKS for timing in theirs]
        other = " / ".join(f"{spent * 1e3:.2f} ms" for spent in each) or "–"
        other += " a network, by nodes / by levels" if each else ""
        ratio = f"{min(each) / own:.0f}×" if each else "–"
        what = f"1,000 networks of 96 connections × 64 samples, {np.dtype(dtype)}"
        rows.append((what, f"{mine.median / STEPS * 1e3:.2f} ms", other, ratio, bound))
    population = ours.xor_population(1000, 30.0)
    call = trainer_of(population.genomes, 8, np.float32)
    what = f"1,000 networks × 8 samples ({ours.sizes(population)})"
    rows.append((what, f"{measure(call).median / STEPS * 1e3:.2f} ms", "–", "–", "1 ms"))
    base = 0.0
    for samples, ticks in ((64, 1), (128, 1), (256, 1), (64, 4), (64, 16)):
        spent = measure(trainer_of(large[:200], samples, np.float32, ticks), budget=1.0).median
        base = base or spent
        what = f"200 networks of 96 connections, {samples} samples × {ticks} ticks"
        times = f"{spent / base:.1f} of the first for {samples * ticks // 64} times the work"
        rows.append((what, f"{spent / STEPS * 1e3:.2f} ms", "–", times, "linear"))
    return rows


def beside_peers(
    what: str, genomes: ng.Genomes, samples: int, forms: dict[str, layered.Form], bound: str
) -> tuple[str, ...]:
    """A row of one structure, beside torch and JAX where they are installed.

    Args:
        what: The networks.
        genomes: N of one structure.
        samples: B.
        forms: The same networks as the peers compute them, by name.
        bound: The row's last cell.
    """
    rng = np.random.default_rng(0)
    X = rng.standard_normal((samples, genomes.n_inputs))
    Y = rng.standard_normal((samples, genomes.n_outputs))
    optimizer, threads = ng.Adam(0.001), sorted({1, parallel.thread_count()})
    peers: dict[str, Any] = {}
    for name, form in forms.items():
        if layered.installed("torch"):
            for count in threads:
                peer = layered.Torch(form, X, Y, optimizer, count)
                peers[f"torch {name}, {count} thread{'s' * (count > 1)}"] = peer
        if layered.installed("jax"):
            jax = layered.Jax(form, X, Y, optimizer)
            peers[f"JAX {name}, compiled in {jax.compile_seconds:.1f} s"] = jax
    calls = [trainer_of(genomes, samples, np.float32)]
    for peer in peers.values():
        peer.learn(PEER_STEPS)
        calls.append(partial(peer.learn, PEER_STEPS))
    mine, *theirs = (timing.least for timing in alternate(calls, budget=0.5, most=50))
    mine /= STEPS
    cells, ratios = [], []
    for library in ("torch", "JAX"):
        spent = {
            name.removeprefix(library).strip(): seconds / PEER_STEPS
            for name, seconds in zip(peers, theirs, strict=True) if name.startswith(library)
        }  # fmt: skip
        cells.append("; ".join(f"{t * 1e3:.2f} ms ({name})" for name, t in spent.items()) or "–")
        ratios.append(f"{min(spent.values()) / mine:.2f}×" if spent else "–")
    what = f"{what}, {samples} samples, {threads[-1]} threads"
    return (what, f"{mine * 1e3:.2f} ms", *cells, *ratios, bound)


def of_one_structure() -> list[tuple[str, ...]]:
    """Rows of networks that torch and JAX compute as they are meant to be used."""
    many = layered.dense_genomes((8, 20, 4), 150)
    forms = {"layers": layered.by_layers(many)}
    rows = [beside_peers("150 networks of dense layers 8-20-4", many, 64, forms, "1.2× JAX")]
    for connections, width in ((10_000, 93), (100_000, 309)):
        sizes = (10, width, width, 5)
        dense = layered.dense_genomes(sizes, 1)
        what = f"one network of dense layers {'-'.join(map(str, sizes))}"
        rows.append(beside_peers(what, dense, 256, {"layers": layered.by_layers(dense)}, "–"))
        graph = scale.large(connections)
        forms = {"edges": layered.by_edges(graph)}
        if connections <= 10_000:  # beyond, masked matrices take gigabytes
            forms["matrices"] = layered.by_matrices(graph)
        what = f"one graph of {connections:,} connections, {len(layered.levels_of(graph)[0])} deep"
        rows.append(beside_peers(what, graph.batch(), 256, forms, "2× torch, 1.5× JAX"))
    return rows


def random_graphs(count: int) -> Iterator[ng.Genome]:
    """Graphs with loops, grown by random selection, of every activation and aggregation."""
    columns = ("activation", "aggregation")
    options = {"activation": functions.ACTIVATIONS, "aggregation": functions.AGGREGATIONS}
    changes = {f"genes.{name}.{key}": value for name in columns
               for key, value in (("options", options[name]), ("start", "random"))}  # fmt: skip
    rates = {"mutation.add_node": 0.5, "mutation.add_connection": 0.5, "mutation.add_loop": 0.3}
    config = ng.Config(population_size=100, recurrent=True).override(changes | rates)
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

    Against torch, where it is installed, no parameter is left out. Where the two disagree by more
    than the bound, arithmetic of 70 digits tells how far each is off.
    """
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 3, 3)), rng.standard_normal((4, 3, 2))
    errors, kinks, loops = [], 0, 0
    reference = importlib.import_module("benchmarks.torch_reference") if torch_module() else None
    beside_torch: list[float] = []
    above: list[str] = []
    parameters = 0
    for k, genome in zip(range(count), random_graphs(count), strict=False):
        data = prepared(genome.interface, 1, X, Y, None, sequences=True, labels=False,
                        dtype=np.float64)  # fmt: skip
        trainer = Trainer(genome.batch(), recipe_of("mse", None, 1, data), np.float64)
        plan = trainer.networks.plan
        loops += bool(plan.has_state[0])
        losses, found = trainer.gradients(data)
        scale = max(1.0, abs(losses[0]))
        start, stop = int(plan.node_start[0]), int(plan.node_stop[0])
        spans = (range(plan.incoming_start[start], plan.incoming_stop[stop - 1]),
                 range(start, stop))  # fmt: skip
        parameters += sum(map(len, spans))
        if reference is not None:
            mine = [g[span.start : span.stop] for g, span in zip(found[:2], spans, strict=True)]
            error, note = torch_error(reference, genome, mine, X, Y)
            beside_torch.append(error)
            above += [f"graph {k}: {note}"] if note else []
        for column, gradient, rows in zip((plan.weight, plan.bias), found[:2], spans, strict=True):
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
    text = (
        f"{count:,} random graphs, {loops:,} of them with loops, {len(errors):,} parameters: worst "
        f"relative error {max(errors):.1e}, median {np.median(errors):.1e}; {share:.1%} of the "
        "parameters left out, near a kink or curved too much for differences (bound 1e-6)"
    )
    if reference is None:
        return f"{text}\ntorch is not installed: its gradients are not compared"
    within = [error for error in beside_torch if error <= TORCH_BOUND]
    return (
        f"{text}\nthe same graphs beside torch, all {parameters:,} parameters: worst relative "
        f"error {max(beside_torch):.1e}, median of graphs {np.median(beside_torch):.1e}; above the "
        f"bound {len(above)} of the graphs{''.join(f' ({line})' for line in above)}, "
        f"worst of the others {max(within):.1e} (bound {TORCH_BOUND:.0e})"
    )


def torch_error(
    reference: Any, genome: ng.Genome, mine: list[Any], X: Any, Y: Any
) -> tuple[float, str]:
    """Largest relative error of gradients (C,) and (V,) beside torch's; above the bound also a
    note of how far both are from the exact ones.
    """
    network = reference.Reference(genome)
    loss, *theirs = network.gradients(X, Y)

    def between(a: Any, b: Any) -> float:
        return max(reference.relative_error(loss, g, r) for g, r in zip(a, b, strict=True))

    error = between(mine, theirs)
    if error <= TORCH_BOUND:
        return error, ""
    exact = network.exact(X, Y)
    off = f"against 70 digits {between(mine, exact):.1e}, torch {between(theirs, exact):.1e}"
    return error, f"{error:.1e}; {off}"


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
    print(markdown(HEADER, rows()))


if __name__ == "__main__":
    main()
