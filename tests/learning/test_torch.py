"""Gradients and optimisers beside torch, an independent reference, in float64."""

import math
from itertools import islice

import numpy as np
import pytest
from conftest import build

import neatgrow as ng
from benchmarks.bench_learning import random_graphs
from neatgrow.kernels.functions import ACTIVATIONS, AGGREGATIONS
from neatgrow.kernels.losses import LOSSES
from neatgrow.learning.data import prepared
from neatgrow.learning.training import Trainer, recipe_of

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[torch]'")

from benchmarks.torch_reference import (  # noqa: E402 - imports torch
    ACTIVATE,
    AGGREGATE,
    LOSS,
    Reference,
    relative_error,
)

AGREE = 1e-10
GRAPHS = 240
TICKS, SAMPLES, INPUTS, OUTPUTS = 4, 3, 3, 2


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Values of three samples each are no work to share."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def graphs():
    return list(islice(random_graphs(GRAPHS), GRAPHS))


@pytest.fixture(scope="module")
def calm(graphs):
    """Networks that learn and do not run away within a few steps, half of them with loops."""
    names = ("identity", "sigmoid", "tanh", "softplus", "sin", "gauss", "gelu", "elu")
    allowed = [ACTIVATIONS.index(name) for name in names]
    chosen = []
    for k, genome in enumerate(graphs[100:112]):
        draw, packed = np.random.default_rng(k), genome.packed
        choices = packed.node_choices.copy()
        choices[:, 0] = draw.choice(allowed, len(choices))
        choices[:, 1] = draw.choice([AGGREGATIONS.index("sum"), AGGREGATIONS.index("mean")],
                                    len(choices))  # fmt: skip
        chosen.append(ng.Genome(packed._replace(node_choices=choices), genome.interface))
    return chosen


def samples(seed, ticks=TICKS):
    draw = np.random.default_rng(seed)
    return (
        draw.standard_normal((ticks, SAMPLES, INPUTS)),
        draw.standard_normal((ticks, SAMPLES, OUTPUTS)),
    )


def lesson(genome, X, Y, weights=None, loss="mse", optimizer=None, steps=1, **options):
    data = prepared(
        genome.interface, 1, X, Y, weights, sequences=True, labels=False, dtype=np.float64
    )
    recipe = recipe_of(loss, optimizer, steps, data, **options)
    return Trainer(genome.batch(), recipe, np.float64), data


def disagreement(genome, X, Y, loss="mse", weights=None):
    """Largest relative error of any gradient, or of the loss."""
    trainer, data = lesson(genome, X, Y, weights, loss)
    losses, found = trainer.gradients(data)
    reference = Reference(genome)
    value, *expected = reference.gradients(X, Y, loss=loss, weights=weights)
    spans = (reference.connections, reference.nodes)
    return max(
        relative_error(value, np.array(losses), np.array([value])),
        *(relative_error(value, g[rows], r)
          for g, rows, r in zip(found[:2], spans, expected, strict=True)),
    )  # fmt: skip


def test_the_reference_has_every_function_and_loss():
    assert set(ACTIVATE) == set(ACTIVATIONS)
    assert set(AGGREGATE) == set(AGGREGATIONS)
    assert set(LOSS) == set(LOSSES)


def test_gradients_of_every_function_in_graphs_with_loops_equal_torchs(graphs):
    """No parameter is left out: kinks and ties follow the documented convention on both sides."""
    X, Y = samples(0)
    loops, seen = 0, set()
    for k, genome in enumerate(graphs):
        plan = genome.compile(np.float64).networks.plan
        nodes = slice(plan.node_start[0], plan.node_stop[0])
        seen |= {ACTIVATIONS[code] for code in plan.activation[nodes]}
        seen |= {AGGREGATIONS[code] for code in plan.aggregation[nodes]}
        loops += bool(plan.has_state[0])
        assert disagreement(genome, X, Y) < AGREE, k
    assert seen == set(ACTIVATIONS) | set(AGGREGATIONS)
    assert loops > GRAPHS // 4


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_equal_torchs_on_both_sides_of_kinks_and_on_them(name):
    genome = build(2, 2, {2: (name, "sum", 0.0)}, [(0, 2, 1.0, True)])
    x = np.array([-30.0, -7.3, -1.0, -0.6, -1e-3, 0.0, 1e-3, 0.7, 1.0, 1.9, 30.0])
    for value in x:  # one by one: in a sum a large gradient would hide another's error
        at, along = np.full((1, 2, 2), value), np.ones((1, 2, 2))
        assert disagreement(genome, at, along, "given") < AGREE, value


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_aggregations_of_equal_terms_zeros_and_nothing_equal_torchs(name):
    nodes = {3: ("identity", name, 0.3), 4: ("identity", name, 0.2)}
    edges = [(0, 3, 0.5, True), (1, 3, 0.5, True), (2, 3, 0.5, True), (3, 3, 0.5, True)]
    genome = build(3, 2, nodes, edges)  # node 4 has nothing coming in
    _, Y = samples(0)
    for X in (np.ones((TICKS, SAMPLES, INPUTS)), np.zeros((TICKS, SAMPLES, INPUTS))):
        assert disagreement(genome, X, Y) < AGREE


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_with_weights_of_samples_and_ticks_equal_torchs(graphs, loss):
    weights = np.random.default_rng(1).uniform(0.0, 2.0, (TICKS, SAMPLES))
    weights[1] = 0.0  # a tick left out
    weights[3, 2] = 0.0
    X, Y = samples(1)
    for k, genome in enumerate(graphs[::8]):
        assert disagreement(genome, X, Y, loss, weights) < AGREE, k
        assert disagreement(genome, X, np.abs(Y), loss) < AGREE, k


@pytest.mark.parametrize("window", [1, 2, 3])
def test_a_window_over_time_equals_torch_with_the_state_detached(graphs, window):
    """A step of SGD at rate 1 is the gradient."""
    X, Y = samples(2, ticks=7)
    matters = 0
    for k, genome in enumerate(graphs[1::6]):
        trainer, data = lesson(genome, X, Y, optimizer=ng.SGD(1.0), window=window)
        before = trainer.parameters()
        trainer.learn(data, 1)
        if trainer.stopped[0] >= 0:  # the loss was not finite
            continue
        moved = [a - b for a, b in zip(before[:2], trainer.parameters()[:2], strict=True)]
        reference = Reference(genome)
        value, *expected = reference.gradients(X, Y, window=window)
        _, *whole = reference.gradients(X, Y)
        spans = (reference.connections, reference.nodes)
        for g, rows, r, w in zip(moved, spans, expected, whole, strict=True):
            assert relative_error(value, g[rows], r) < AGREE, k
            matters += relative_error(value, r, w) > 1e-3
    assert matters > 10


OPTIMIZERS = {
    "SGD": (ng.SGD(0.02), lambda p, o: torch.optim.SGD(p, o.rate)),
    "Momentum": (
        ng.Momentum(0.01, momentum=0.8),
        lambda p, o: torch.optim.SGD(p, o.rate, momentum=o.momentum),
    ),
    "RMSProp": (
        ng.RMSProp(0.003, smoothing=0.95),
        lambda p, o: torch.optim.RMSprop(p, o.rate, alpha=o.smoothing, eps=o.epsilon),
    ),
    "Adam": (
        ng.Adam(0.02),
        lambda p, o: torch.optim.Adam(p, o.rate, (o.momentum, o.smoothing), eps=o.epsilon),
    ),
    "AdamW": (  # decay of weights alone
        ng.AdamW(0.02, decay=0.2),
        lambda p, o: torch.optim.AdamW(
            [{"params": p[:1]}, {"params": p[1:], "weight_decay": 0.0}],
            o.rate, (o.momentum, o.smoothing), eps=o.epsilon, weight_decay=o.decay,
        ),
    ),
}  # fmt: skip
STEPS = 50


def clip_exactly(parameters, largest):
    """Scale to ``largest`` where the norm is above; torch's own divides by the norm + 1e-6."""
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in parameters))
    for p in parameters:
        p.grad *= min(1.0, largest / norm)
    return norm > largest


@pytest.mark.parametrize(
    "extra",
    ["plain", "clipped cosine", "steps"]
    + [pytest.param(extra, marks=pytest.mark.slow) for extra in ("clipped", "cosine")],
)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_of_an_optimiser_lead_where_torchs_do(calm, name, extra):
    optimizer, make = OPTIMIZERS[name]
    schedule = ng.Constant()
    if "cosine" in extra:
        schedule = ng.Cosine()
    elif extra == "steps":
        schedule = ng.Steps(7, 0.8)
    optimizer = type(optimizer)(**{**vars(optimizer), "schedule": schedule})
    clip = 0.3 if "clipped" in extra else None
    X, Y = samples(3)
    clipped = 0
    for k, genome in enumerate(calm[:4]):
        trainer, data = lesson(genome, X, Y, optimizer=optimizer, steps=STEPS, clip=clip)
        losses = trainer.learn(data, STEPS)[0]
        reference = Reference(genome)
        parameters = [reference.weight, reference.bias]
        theirs = make(parameters, optimizer)
        rates = torch.optim.lr_scheduler
        if "cosine" in extra:
            scheduler = rates.CosineAnnealingLR(theirs, STEPS)
        elif extra == "steps":
            scheduler = rates.StepLR(theirs, 7, 0.8)
        else:
            scheduler = rates.ConstantLR(theirs, 1.0)
        for step in range(STEPS):
            theirs.zero_grad()
            loss = reference.loss(X, Y)
            loss.backward()
            assert losses[step] == pytest.approx(loss.item(), rel=1e-9)
            clipped += clip is not None and clip_exactly(parameters, clip)
            theirs.step()
            scheduler.step()
        spans = (reference.connections, reference.nodes)
        for mine, rows, p in zip(trainer.parameters()[:2], spans, parameters, strict=True):
            np.testing.assert_allclose(mine[rows], p.detach(), rtol=1e-9, atol=1e-9, err_msg=str(k))
    assert clip is None or clipped > 10


def test_clipping_is_torchs_but_for_the_millionth_that_it_adds_to_the_norm(calm):
    X, Y = samples(4)
    trainer, data = lesson(calm[0], X, Y, optimizer=ng.SGD(1.0), clip=0.01)
    before = trainer.parameters()
    trainer.learn(data, 1)
    reference = Reference(calm[0])
    parameters = [reference.weight, reference.bias]
    reference.loss(X, Y).backward()
    assert torch.nn.utils.clip_grad_norm_(parameters, 0.01) > 0.01
    spans = (reference.connections, reference.nodes)
    for old, new, rows, p in zip(
        before[:2], trainer.parameters()[:2], spans, parameters, strict=True
    ):
        np.testing.assert_allclose((old - new)[rows], p.grad, rtol=1e-4, atol=1e-12)
