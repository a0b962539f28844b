"""The same networks in torch, node by node: an independent reference for gradients.

Only the plan's arrays are shared with the library. Every activation, aggregation and loss is
written from its definition, in torch's own functions where they have the same one, and
differentiated by torch.

At kinks, where a slope is a matter of convention, it is written so that autograd takes the
one that the library documents: of equal terms of a max or min the first counts; abs has slope
−1 at 0, inverse value and slope 0. torch's relu, leaky_relu and clamp follow the library's
convention already: 0, 0.01, and 1 at both bounds.
"""

from collections.abc import Callable
from typing import Any

import mpmath  # comes with torch
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import neatgrow as ng
from neatgrow.kernels.functions import ACTIVATIONS, AGGREGATIONS

# One term (B,) per connection, at least one → (B,).
AGGREGATE: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "sum": lambda terms: torch.stack(terms).sum(0),
    "product": lambda terms: torch.stack(terms).prod(0),
    "mean": lambda terms: torch.stack(terms).mean(0),
    "max": lambda terms: _first_extreme(terms, torch.gt),
    "min": lambda terms: _first_extreme(terms, torch.lt),
}

ACTIVATE: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "steep_sigmoid": lambda z: torch.sigmoid(4.9 * z),
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "elu": functional.elu,
    "gelu": functional.gelu,  # exact, by erf
    # functional.softplus is z itself above 20, which is 2e-9 off.
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "sin": torch.sin,
    "gauss": lambda z: torch.exp(-(z**2)),
    "abs": lambda z: torch.where(z > 0, z, -z),
    "square": lambda z: z**2,
    "step": lambda z: torch.heaviside(z.detach(), torch.zeros_like(z)),
    "clamped": lambda z: torch.clamp(z, -1.0, 1.0),
    # The other branch of a where must be finite for its gradient to vanish.
    "inverse": lambda z: torch.where(z == 0, 0.0, torch.where(z == 0, 1.0, z).reciprocal()),
}

# The same for numbers of many digits.
EXACT_AGGREGATE: dict[str, Callable[[list[Any]], Any]] = {
    "sum": mpmath.fsum,
    "product": mpmath.fprod,
    "mean": lambda terms: mpmath.fsum(terms) / len(terms),
    "max": max,
    "min": min,
}
EXACT_ACTIVATE: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "steep_sigmoid": lambda z: 1 / (1 + mpmath.exp(-mpmath.mpf(4.9) * z)),
    "tanh": mpmath.tanh,
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(0.01) * z,
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "sin": mpmath.sin,
    "gauss": lambda z: mpmath.exp(-z * z),
    "abs": abs,
    "square": lambda z: z * z,
    "step": lambda z: mpmath.mpf(z > 0),
    "clamped": lambda z: min(max(z, mpmath.mpf(-1)), mpmath.mpf(1)),
    "inverse": lambda z: 1 / z if z else z,
}

# Outputs p and targets y (T, B, O) → terms (T, B, O), or (T, B) for categorical.
LOSS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": lambda p, y: (p - y) ** 2,
    "mae": lambda p, y: (p - y).abs(),
    "huber": lambda p, y: functional.huber_loss(p, y, reduction="none", delta=1.0),
    "binary": lambda p, y: functional.binary_cross_entropy_with_logits(p, y, reduction="none"),
    "categorical": lambda p, y: -(y * functional.log_softmax(p, -1)).sum(-1),
    "given": lambda p, y: p * y,
}


class Reference:
    """One network in float64.

    Attributes:
        weight: (C,) of the connections in use, in the plan's order.
        bias: (V,) of the nodes in use, in the plan's order.
    """

    def __init__(self, genome: ng.Genome) -> None:
        self.plan = plan = genome.compile(np.float64).networks.plan
        self.inputs = genome.n_inputs
        self.connections, self.nodes = rows(plan)
        self.weight = torch.tensor(plan.weight[self.connections], requires_grad=True)
        self.bias = torch.tensor(plan.bias[self.nodes], requires_grad=True)

    def run(self, X: Any, window: int | None = None) -> Tensor:
        """Outputs (T, B, O) for X (T, B, I) from state 0.

        Gradients reach back to the start, or to the last tick that is a multiple of ``window``.
        """
        X = torch.as_tensor(X, dtype=torch.float64)
        samples = X.shape[1]
        n_slots = self.inputs + self.bias.shape[0]
        before = [torch.zeros(samples, dtype=torch.float64)] * n_slots
        weight, bias = self.weight.unbind(), self.bias.unbind()
        ticks = []
        for t, x in enumerate(X):
            if window is not None and t % window == 0:
                before = [value.detach() for value in before]
            now = [x[:, i] for i in range(self.inputs)]
            for v in range(self.nodes.start, self.nodes.stop):
                terms = []
                for c in range(self.plan.incoming_start[v], self.plan.incoming_stop[v]):
                    source = int(self.plan.source_slot[c])
                    # A source that comes later, or the node itself, is read a tick late.
                    value = now[source] if source < len(now) else before[source]
                    terms.append(weight[c - self.connections.start] * value)
                z = bias[v - self.nodes.start].expand(samples)
                if terms:
                    z = z + AGGREGATE[AGGREGATIONS[self.plan.aggregation[v]]](terms)
                now.append(ACTIVATE[ACTIVATIONS[self.plan.activation[v]]](z))
            ticks.append(torch.stack([now[slot] for slot in self.plan.output_slot[0]], 1))
            before = now
        return torch.stack(ticks)

    def loss(
        self, X: Any, Y: Any, loss: str = "mse", weights: Any = None, window: int | None = None
    ) -> Tensor:
        """The loss of X (T, B, I) against Y (T, B, O), weighted by (T, B).

        A weighted mean over samples, ticks and outputs, with a single term for all outputs of
        categorical; a weighted sum of given.
        """
        outputs = self.run(X, window)
        terms = LOSS[loss](outputs, torch.as_tensor(Y, dtype=torch.float64))
        w = torch.ones(terms.shape[:2]) if weights is None else torch.as_tensor(weights)
        w = w.to(torch.float64).reshape(*terms.shape[:2], *(1,) * (terms.ndim - 2))
        total = (w * terms).sum()
        return total if loss == "given" else total / w.expand(terms.shape).sum()

    def gradients(self, X: Any, Y: Any, **options: Any) -> tuple[float, np.ndarray, np.ndarray]:
        """The loss, and its gradients of weights (C,) and biases (V,); see :meth:`loss`."""
        value = self.loss(X, Y, **options)
        parameters = (self.weight, self.bias)
        # Behind steps and clamps nothing may depend on any parameter.
        if not value.requires_grad:
            return value.item(), *(np.zeros(p.shape) for p in parameters)
        found = torch.autograd.grad(value, parameters, allow_unused=True)
        parts = [
            np.zeros(p.shape) if g is None else g.numpy()
            for p, g in zip(parameters, found, strict=True)
        ]
        return value.item(), parts[0], parts[1]

    def exact(self, X: Any, Y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Gradients of the mean squared error by central differences in 70 digits, slowly.

        They settle who is right where float64 loses digits, as in the slope a(1 − a) of a
        sigmoid near 1. Not for points on a kink.
        """
        mpmath.mp.dps = 70
        values = [mpmath.mpf(p) for p in [*self.weight.tolist(), *self.bias.tolist()]]
        h = mpmath.mpf(10) ** -25
        found = []
        for k, value in enumerate(values):
            sides = []
            for moved in (value + h, value - h):
                values[k] = moved
                sides.append(self._exact_loss(values, X, Y))
            values[k] = value
            found.append(float((sides[0] - sides[1]) / (2 * h)))
        return np.array(found[: len(self.weight)]), np.array(found[len(self.weight) :])

    def _exact_loss(self, values: list[Any], X: Any, Y: Any) -> Any:
        weight, bias = values[: len(self.weight)], values[len(self.weight) :]
        total = mpmath.mpf(0)
        for sample in range(X.shape[1]):
            before = [mpmath.mpf(0)] * (self.inputs + len(bias))
            for t in range(X.shape[0]):
                now = [mpmath.mpf(x) for x in X[t, sample].tolist()]
                for v, z in enumerate(bias, self.nodes.start):
                    terms = []
                    for c in range(self.plan.incoming_start[v], self.plan.incoming_stop[v]):
                        source = int(self.plan.source_slot[c])
                        value = now[source] if source < len(now) else before[source]
                        terms.append(weight[c - self.connections.start] * value)
                    if terms:
                        z += EXACT_AGGREGATE[AGGREGATIONS[self.plan.aggregation[v]]](terms)
                    now.append(EXACT_ACTIVATE[ACTIVATIONS[self.plan.activation[v]]](z))
                for slot, y in zip(self.plan.output_slot[0], Y[t, sample].tolist(), strict=True):
                    total += (now[slot] - y) ** 2
                before = now
        return total / Y.size


def rows(plan: Any) -> tuple[slice, slice]:
    """The plan's rows that its first network uses: of connections, of nodes."""
    start, stop = int(plan.node_start[0]), int(plan.node_stop[0])
    return slice(int(plan.incoming_start[start]), int(plan.incoming_stop[stop - 1])), slice(
        start, stop
    )


def relative_error(loss: float, mine: np.ndarray, theirs: np.ndarray) -> float:
    """Largest |g − r| / max(|g|, |r|, 1e-3·max(1, |loss|)), as ``ng.check_gradients`` has it.

    A number that is not finite on one side only counts as infinite.
    """
    if mine.size == 0:
        return 0.0
    both = ~np.isfinite(mine) & ~np.isfinite(theirs)
    if both.all():
        return 0.0
    mine, theirs = mine[~both], theirs[~both]
    size = np.maximum(np.maximum(abs(mine), abs(theirs)), 1e-3 * max(1.0, abs(loss)))
    with np.errstate(invalid="ignore"):
        error = abs(mine - theirs) / size
    return float(np.where(np.isnan(error), np.inf, error).max())


def _first_extreme(terms: list[Tensor], better: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    best = terms[0]
    for term in terms[1:]:
        best = torch.where(better(term, best), term, best)
    return best
