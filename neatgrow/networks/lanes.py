"""Closed loops over any choice of networks, which step many environments at once."""

from typing import TYPE_CHECKING

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import forward, parallel
from neatgrow.kernels.dynamics import custom_addresses
from neatgrow.kernels.plan import TICKS

if TYPE_CHECKING:
    from neatgrow.networks.networks import Networks

_STEP_NS = 2.3  # estimated work per gene: decides only how many threads share it


class Lanes:
    """L closed loops: lane l runs one network on a state of its own.

    What steps many environments at once, each for some (genome, episode); lanes whose
    episode has ended are left out of ``active``.
    """

    def __init__(self, networks: "Networks", network: Array) -> None:
        self._networks = networks
        self._offset = _offsets(networks.plan.width[network])
        self._state = forward.LaneState(
            network, self._offset[:-1], np.zeros(int(self._offset[-1]), networks.dtype)
        )
        self._everyone = np.arange(network.size)
        genes = networks._genes
        self._work = _offsets(genes[network + 1] - genes[network])
        self._cost = _STEP_NS * int(networks.plan.staring[0, TICKS])
        self._ranges = parallel.split(self._work, self._cost)

    def __len__(self) -> int:
        return int(self._everyone.size)

    @property
    def interface(self) -> Interface:
        """Inputs and outputs."""
        return self._networks.interface

    def activate(self, x: Array, active: Array | None = None) -> Array:
        """One observation of the active lanes, for as many ticks as it is held.

        Args:
            x: (A, I), one row per active lane.
            active: (A,) int64 lanes, each at most once; all L by default.

        Returns:
            (A, O).

        Raises:
            ValueError: ``x`` has another shape, or there is no such lane.
            TypeError: ``active`` are no indices; of truth values, pass ``np.flatnonzero``.
        """
        lanes = self._everyone if active is None else self._checked("activate(active)", active)
        face = self._networks.interface
        inputs = np.ascontiguousarray(face.prepared(x), self._networks.dtype)
        if inputs.shape != (lanes.size, face.inputs):
            raise ValueError(
                _checks.message("activate(x)", f"shape {(lanes.size, face.inputs)}", inputs)
            )
        outputs = np.empty((lanes.size, face.outputs), self._networks.dtype)
        ranges = self._ranges
        if active is not None:
            ranges = [(0, lanes.size)]
            if len(self._ranges) > 1:  # all lanes together are worth threads
                ranges = parallel.split(_offsets(np.diff(self._work)[active]), self._cost)
        custom = custom_addresses()
        parallel.over_ranges(
            forward.step, ranges, self._networks.plan, custom, self._state, lanes, inputs, outputs
        )
        return outputs

    def reset(self, lanes: Array | None = None) -> None:
        """Set the states of some lanes, or all, to 0."""
        if lanes is None:
            self._state.state[:] = 0
            return
        for lane in self._checked("reset(lanes)", lanes):
            self._state.state[self._offset[lane] : self._offset[lane + 1]] = 0

    def _checked(self, what: str, lanes: Array) -> Array:
        """Lanes that there are, as kernels know nothing of an array's end."""
        usual = type(lanes) is np.ndarray and lanes.dtype == np.int64 and lanes.ndim == 1
        if usual and (not lanes.size or (lanes.min() >= 0 and lanes.max() < len(self))):
            return lanes
        return _checks.indices(what, lanes, len(self))


def _offsets(sizes: Array) -> Array:
    """(K+1,) int64 offsets of K pieces laid end to end."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
