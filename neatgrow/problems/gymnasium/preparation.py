"""What observations go through before networks see them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.interface import Interface
from neatgrow.problems.gymnasium.moments import Moments


class Preparation:
    """Clips observations (…, I), then standardises them by running statistics.

    Networks that carry ``input_mean`` and ``input_scale`` standardise by these themselves, and
    are clipped around them.

    Args:
        inputs: I.
        normalize: Whether statistics are kept and used.
        clip: Standard deviations from the mean beyond which observations are cut, or their
            greatest magnitude where there are no statistics; ``None`` to leave them whole.

    Attributes:
        normalize: As given.
        moments: The statistics; they stay empty without ``normalize``.
    """

    def __init__(self, inputs: int, normalize: bool, clip: float | None) -> None:
        self.normalize = normalize
        self.moments = Moments(inputs)
        self._inputs, self._clip = inputs, clip

    def of(self, face: Interface) -> Callable[[Array], Array] | None:
        """All that is done for networks with this interface; ``None`` for nothing."""
        clipped = self.clipping(face)
        if not self.normalize or face.input_mean is not None:
            return None if self._clip is None else clipped
        own = self._standard()
        return lambda x: own.prepared(clipped(x))

    def clipping(self, face: Interface | None = None) -> Callable[[Array], Array]:
        """The clipping alone, by the statistics of ``face`` or else by those kept here."""
        if self._clip is None:
            return lambda x: x
        if (face is None or face.input_mean is None) and self.normalize:
            face = self._standard()
        low: Any = -self._clip
        high: Any = self._clip
        if face is not None and face.input_mean is not None and face.input_scale is not None:
            reach = self._clip / face.input_scale
            low, high = face.input_mean - reach, face.input_mean + reach
        return lambda x: np.clip(x, low, high)

    def statistics(self) -> dict[str, Array] | None:
        """``input_mean`` and ``input_scale`` (I,) float64, where they are kept."""
        if not self.normalize:
            return None
        return {"input_mean": self.moments.mean.copy(), "input_scale": self.moments.scale}

    def clear(self) -> None:
        """Begin again without observations, as for a new run."""
        self.moments = Moments(self._inputs)

    def state(self) -> dict[str, Array]:
        """What :meth:`restore` goes on from; nothing without ``normalize``."""
        return self.moments.state() if self.normalize else {}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError: It is of a problem with other observations, or not normalised.
        """
        if bool(state) != self.normalize:
            raise ValueError(
                f"problem: expected normalize={bool(state)} as when the run began, got "
                f"normalize={self.normalize}."
            )
        if self.normalize:
            self.moments.restore(state)

    def _standard(self) -> Interface:
        """An interface with the statistics gathered so far."""
        mean, scale = self.moments.mean, self.moments.scale
        return Interface(self._inputs, 1, input_mean=mean, input_scale=scale)
