"""Actions drawn around a network's outputs, and how likely they were.

A distribution reads O outputs and K more that are the same whatever the network sees: the
logarithms of scales, which learning changes and genomes do not carry. The most likely action
is the one that the outputs stand for without any draw.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, NamedTuple, final

import numpy as np

from neatgrow._types import Array

_TINY = 1e-300
_REACH = math.log(100.0)  # of the logarithm of a logit's scale at the start, to either side


class Likelihood(NamedTuple):
    """Of B actions, with slopes with respect to the O + K outputs."""

    log: Array  # (B,) ln of the probability or density
    entropy: Array  # (B,)
    d_log: Array  # (B, O + K)
    d_entropy: Array  # (B, O + K)


class Distribution(ABC):
    """How actions are drawn.

    Attributes:
        size: O.
        extra: K.
        exploration: To start with, where nothing else is asked for; see :meth:`start`.
    """

    size: int
    extra: int
    exploration: float

    @abstractmethod
    def start(self, outputs: Array, exploration: float) -> Array:
        """The K further outputs to begin with, from outputs (B, O) that were met.

        What ``exploration`` means is the distribution's own.
        """

    @abstractmethod
    def sample(self, outputs: Array, uniform: Array) -> Array:
        """Outputs (A, O + K) and uniform numbers of [0, 1) (A, 2·O) → actions (A, O).

        Actions are given as outputs that stand for them.
        """

    @abstractmethod
    def likelihood(self, outputs: Array, actions: Array) -> Likelihood:
        """Of actions (B, O) as :meth:`sample` gives them, at outputs (B, O + K)."""


class _Logits(Distribution):
    """Outputs times a scale s of their block are logits; the further outputs are ln s.

    Scales let learning choose how sure the policy is, whatever the range of the outputs; the
    largest logit of a block, and the side of 0, do not depend on them. Where they are fixed,
    s = 1 and there are no further outputs.

    Args:
        sizes: Outputs of each block.
        fixed: Whether scales are.
    """

    exploration = 0.5

    def __init__(self, sizes: list[int], fixed: bool) -> None:
        self.size, self.extra = sum(sizes), 0 if fixed else len(sizes)
        self._block = np.repeat(np.arange(len(sizes)), sizes)  # of each output
        self._first = np.cumsum([0, *sizes[:-1]])

    def start(self, outputs: Array, exploration: float) -> Array:
        """One ln s for all at which the mean entropy is this share of the greatest, within
        ln 100 of 0; 0 where outputs are so alike that no such scale makes it."""
        if not self.extra:
            return np.empty(0)
        wide = np.zeros((len(outputs), self.size + self.extra))
        nothing = np.zeros((len(outputs), self.size))
        wanted = exploration * self.likelihood(wide, nothing).entropy.mean()
        wide[:, : self.size] = outputs
        low, high = -_REACH, _REACH
        for _ in range(40):
            wide[:, self.size :] = (low + high) / 2
            if self.likelihood(wide, nothing).entropy.mean() > wanted:
                low = (low + high) / 2
            else:
                high = (low + high) / 2
        return np.full(self.extra, low if low < 0.999 * _REACH else 0.0)

    def _logits(self, outputs: Array) -> Array:
        return np.asarray(outputs[:, : self.size] * self._scale(outputs), np.float64)

    def _scale(self, outputs: Array) -> Any:
        return np.exp(outputs[:, self.size :])[:, self._block] if self.extra else 1.0

    def _through_scale(self, outputs: Array, logits: Array, slopes: Array) -> Array:
        """Slopes (B, O) by logits → by the O outputs and each ln s."""
        if not self.extra:
            return slopes
        last = np.add.reduceat(slopes * logits, self._first, axis=1)
        return np.concatenate([slopes * self._scale(outputs), last], axis=1)


@final
class Categorical(_Logits):
    """One of several options for each block of outputs: p = softmax(s·y), s of the block.

    Args:
        sizes: Outputs of each block, one per option.
        fixed: Whether outputs themselves are logits.
    """

    def __init__(self, sizes: list[int], fixed: bool = False) -> None:
        super().__init__(sizes, fixed)
        stops = np.cumsum(sizes).tolist()
        self._blocks = [slice(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]

    def sample(self, outputs: Array, uniform: Array) -> Array:
        """One-hot in each block: the largest of logits and Gumbel noise is a draw of softmax."""
        noise = -np.log(np.maximum(-np.log1p(-uniform[:, : self.size]), _TINY))
        scores = self._logits(outputs) + noise
        actions = np.zeros_like(scores)
        rows = np.arange(len(scores))
        for block in self._blocks:
            actions[rows, block.start + scores[:, block].argmax(axis=1)] = 1.0
        return actions

    def likelihood(self, outputs: Array, actions: Array) -> Likelihood:
        """ln p(a), −Σ p ln p; ∂ln p(a)/∂l = a − p, ∂H/∂l = −p (ln p + H); summed over blocks."""
        logits = self._logits(outputs)
        log, entropy = np.zeros(len(logits)), np.zeros(len(logits))
        d_log, d_entropy = np.empty_like(logits), np.empty_like(logits)
        for block in self._blocks:
            z = logits[:, block] - logits[:, block].max(axis=1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            p = np.exp(log_p)
            own = -(p * log_p).sum(axis=1)
            log += (actions[:, block] * log_p).sum(axis=1)
            entropy += own
            d_log[:, block] = actions[:, block] - p
            d_entropy[:, block] = -p * (log_p + own[:, None])
        return Likelihood(
            log, entropy, self._through_scale(outputs, logits, d_log),
            self._through_scale(outputs, logits, d_entropy),
        )  # fmt: skip


@final
class Bernoulli(_Logits):
    """Switches, each on with probability σ(s·y), s of its own.

    Args:
        size: How many.
        fixed: Whether outputs themselves are logits.
    """

    def __init__(self, size: int, fixed: bool = False) -> None:
        super().__init__([1] * size, fixed)

    def sample(self, outputs: Array, uniform: Array) -> Array:
        """1 where on, −1 where off."""
        on = uniform[:, : self.size] < _sigmoid(self._logits(outputs))
        return np.where(on, 1.0, -1.0)

    def likelihood(self, outputs: Array, actions: Array) -> Likelihood:
        """ln p = a·l − ln(1 + eˡ) with a 0 or 1, H = ln(1 + eˡ) − l σ(l);
        ∂ln p/∂l = a − σ(l), ∂H/∂l = −l σ(l) (1 − σ(l))."""
        logits = self._logits(outputs)
        on, p = actions > 0.0, _sigmoid(logits)
        mass = np.maximum(logits, 0.0) + np.log1p(np.exp(-np.abs(logits)))
        return Likelihood(
            (on * logits - mass).sum(axis=1),
            (mass - logits * p).sum(axis=1),
            self._through_scale(outputs, logits, on - p),
            self._through_scale(outputs, logits, -logits * p * (1.0 - p)),
        )


@final
class Gaussian(Distribution):
    """Numbers, each normal around its output; the further outputs are ln of their deviations.

    Args:
        size: How many.
    """

    exploration = 0.3

    def __init__(self, size: int) -> None:
        self.size = self.extra = size

    def start(self, outputs: Array, exploration: float) -> Array:
        """``exploration`` as the standard deviation of each."""
        return np.full(self.size, math.log(exploration))

    def sample(self, outputs: Array, uniform: Array) -> Array:
        """Box & Muller (1958): √(−2 ln u) cos(2πv)."""
        u, v = uniform[:, : self.size], uniform[:, self.size :]
        normal = np.sqrt(-2.0 * np.log1p(-u)) * np.cos(2.0 * np.pi * v)
        mean, log_deviation = np.split(np.asarray(outputs, np.float64), 2, axis=1)
        return np.asarray(mean + np.exp(log_deviation) * normal)

    def likelihood(self, outputs: Array, actions: Array) -> Likelihood:
        """With d = (a − y)/σ: ln p = −Σ d²/2 + ln σ + ½ ln 2π, H = Σ ln σ + ½ ln 2πe;
        ∂ln p/∂y = d/σ, ∂ln p/∂ln σ = d² − 1, ∂H/∂ln σ = 1."""
        mean, log_deviation = np.split(np.asarray(outputs, np.float64), 2, axis=1)
        inverse = np.exp(-log_deviation)
        d = (actions - mean) * inverse
        turn = 0.5 * math.log(2.0 * math.pi)
        slopes = np.zeros((len(mean), 2 * self.size))
        slopes[:, self.size :] = 1.0
        return Likelihood(
            -(0.5 * d * d + log_deviation + turn).sum(axis=1),
            (log_deviation + turn + 0.5).sum(axis=1),
            np.concatenate([d * inverse, d * d - 1.0], axis=1),
            slopes,
        )


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * z))
