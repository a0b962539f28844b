"""Whether outputs of an activation can reach targets, and what to do where they cannot."""

import math

import numpy as np

from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels import functions
from neatgrow.learning.data import Lessons
from neatgrow.timing import BUILT_IN

LOGITS = ("binary", "categorical")  # losses that take outputs as logits

# Least and greatest value of each activation; of registered ones nothing is known.
RANGES: dict[str, tuple[float, float]] = {
    "identity": (-math.inf, math.inf),
    "sigmoid": (0.0, 1.0),
    "steep_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "leaky_relu": (-math.inf, math.inf),
    "elu": (-1.0, math.inf),
    "gelu": (-0.16997120747990369, math.inf),
    "softplus": (0.0, math.inf),
    "sin": (-1.0, 1.0),
    "gauss": (0.0, 1.0),
    "abs": (0.0, math.inf),
    "square": (0.0, math.inf),
    "step": (0.0, 1.0),
    "clamped": (-1.0, 1.0),
    "inverse": (-math.inf, math.inf),
}
_UNKNOWN = (-math.inf, math.inf)
SPIKES = (0.0, 1.0)  # of nodes that give them, and of their rates
_ROUNDING = 1e-6  # relative, by which a target may lie outside


def needed(loss: str, Y: Array, weights: Array) -> tuple[Array, Array]:
    """Least and greatest value that each output must reach: (O,) float64 each.

    For cross-entropy these are logits. Those of ``categorical`` count by their differences: what
    is needed there is a width, returned as from 0 to the width.

    Args:
        loss: Name.
        Y: (…, O) targets.
        weights: (…) of them; those of weight 0 do not count.
    """
    wanted = Y[weights > 0.0].reshape(-1, Y.shape[-1])
    if not len(wanted):
        return np.zeros(Y.shape[-1]), np.zeros(Y.shape[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        if loss == "binary":
            wanted = np.log(wanted) - np.log1p(-wanted)
        elif loss == "categorical":
            logs = np.log(wanted)
            gaps = logs.max(axis=1, keepdims=True) - logs  # NaN of a sample without a class
            return np.zeros(Y.shape[-1]), np.where(np.isnan(gaps), 0.0, gaps).max(axis=0)
    return wanted.min(axis=0), wanted.max(axis=0)


def reaches(ranges: Array, loss: str, low: Array, high: Array) -> Array:
    """(…, O) bool, whether each range (…, O, 2) holds what :func:`needed` found, (…, O)."""
    least, most = ranges[..., 0], ranges[..., 1]
    if loss == "categorical":
        return np.asarray(high <= most - least)
    # An infinite logit has no rounding.
    below, above = (
        _ROUNDING * np.maximum(1.0, np.abs(np.where(np.isfinite(x), x, 0.0))) for x in (low, high)
    )
    return np.asarray((least <= low + below) & (high - above <= most))


def outputs_spike(config: Config) -> bool:
    """Whether all outputs that evolve under these settings are of nodes that give spikes."""
    column = config.genes.dynamics
    if column is None:
        return False
    possible = column.options if column.outputs is None else (column.outputs,)
    spiking = {declared.name for declared in BUILT_IN if declared.spikes}
    return spiking.issuperset(possible)


def complaint_of_settings(config: Config, lessons: Lessons) -> str | None:
    """What is wrong where outputs that evolve under these settings cannot reach the targets, or
    only by parameters beyond their bounds."""
    column = config.genes.activation
    if column.outputs is not None:
        possible: tuple[str, ...] = (column.outputs,)
    elif column.start == "random":
        possible = column.options
    else:
        mutated = column.options if column.swap_rate > 0.0 else ()
        possible = tuple(dict.fromkeys((column.start, *mutated)))
    if np.ndim(lessons.Y) < np.ndim(lessons.X):  # class numbers: certain targets, as these are
        Y, weights = np.eye(2), np.ones(2)
    else:
        Y = np.asarray(lessons.Y, np.float64)
        own = 1.0 if lessons.weights is None else lessons.weights
        weights = np.broadcast_to(own, Y.shape[:-1])
    low, high = needed(lessons.loss, Y, weights)
    ranges = np.array([[RANGES.get(name, _UNKNOWN)] for name in possible])  # (K, 1, 2)
    if outputs_spike(config):
        if reaches(np.array([SPIKES]), lessons.loss, low, high).all():
            return None
        remedy = 'Set "genes.dynamics.outputs" to "leaky"'
        got = "spikes (0 to 1)"
        return _complaint("genes.dynamics.outputs", got, lessons.loss, low, high, remedy)
    if not reaches(ranges, lessons.loss, low, high).any(axis=0).all():
        return _complaint(
            "genes.activation.outputs", " and ".join(map(_described, possible)), lessons.loss,
            low, high, 'Set "genes.activation.outputs" to "identity"',
        )  # fmt: skip
    if lessons.loss in LOGITS or not weights.any():
        return None
    wanted = Y[weights > 0.0]
    mean, spread = wanted.mean(axis=0), wanted.std(axis=0)
    bias, weight = config.genes.bias, config.genes.weight
    X = np.asarray(lessons.X, np.float64)
    most = weight.maximum * max(1.0, float(X.std(axis=tuple(range(X.ndim - 1))).max()))
    far = (mean < bias.minimum) | (mean > bias.maximum) | (spread > most)
    if not far.any():
        return None
    worst = int(np.argmax(far))
    return (
        f"Y: expected targets within what one bias ({bias.minimum:g} to {bias.maximum:g}) and one "
        f"weight (up to {weight.maximum:g}) of an input make, got a mean of {mean[worst]:.4g} and "
        f"a standard deviation of {spread[worst]:.4g}, which is learned slowly, if at all. "
        "Standardise them: (Y - Y.mean(axis=0)) / Y.std(axis=0)."
    )


def complaint_of_genomes(genomes: Genomes, loss: str, Y: Array, weights: Array) -> str | None:
    """What is wrong where outputs of some genomes cannot reach the targets.

    Args:
        genomes: N genomes.
        loss: Name.
        Y: (1 or N, …, O) targets.
        weights: (1 or N, …).
    """
    starts = genomes.packed.node_ptr[:-1, None]
    codes = genomes.activation[starts + np.arange(genomes.n_outputs)]  # (N, O): outputs come first
    names = {code: name for name, code in functions.opcodes().items()}
    table = np.full((max(names) + 1, 2), _UNKNOWN)
    for code, name in names.items():
        table[code] = RANGES.get(name, _UNKNOWN)
    ranges = table[codes]
    if "dynamics" in genomes.columns:
        kinds = genomes.column("dynamics")[starts + np.arange(genomes.n_outputs)]
        spikes = [code for code, declared in enumerate(BUILT_IN) if declared.spikes]
        ranges[np.isin(kinds, spikes)] = SPIKES
    sets = [needed(loss, y, w) for y, w in zip(Y, weights, strict=True)]
    low, high = (np.stack(side) for side in zip(*sets, strict=True))  # (1 or N, O)
    short = ~reaches(ranges, loss, low, high)
    if not short.any():
        return None
    n, o = (int(index[0]) for index in np.nonzero(short))
    count = np.count_nonzero(short.any(axis=1))
    some = "" if len(genomes) == 1 else f" in {count} of {len(genomes)} genomes"
    spiking = tuple(ranges[n, o]) == SPIKES and "dynamics" in genomes.columns
    if spiking and kinds[n, o] in spikes:
        remedy = 'Evolve with "genes.dynamics.outputs" set to "leaky"'
        got = "spikes (0 to 1)" + some
        return _complaint("fine_tune", got, loss, low[n % len(low)], high[n % len(high)], remedy)
    return _complaint(
        "fine_tune", _described(names[int(codes[n, o])]) + some, loss, low[n % len(low)],
        high[n % len(low)], 'Evolve with "genes.activation.outputs" set to "identity"',
    )  # fmt: skip


def _complaint(what: str, got: str, loss: str, low: Array, high: Array, remedy: str) -> str:
    if loss in LOGITS:
        return (
            f"{what}: expected outputs without bounds, which the loss {loss} takes as logits, got "
            f"{got}, so that no answer can become certain. {remedy}."
        )
    return (
        f"{what}: expected outputs that can reach targets from {low.min():.6g} to "
        f"{high.max():.6g}, got {got}. {remedy}, or scale the targets."
    )


def _described(name: str) -> str:
    low, high = RANGES.get(name, _UNKNOWN)
    return f"{name} ({low:g} to {high:g})"
