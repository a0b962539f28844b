"""Networks: genomes compiled to evaluation order, and the ways to run them.

A tick computes, for every node v in evaluation order,

    z_v(t) = b_v + aggregate over enabled u→v of ( w_uv · a_u(t − d_uv) )
    a_v(t) = f_v( z_v(t) )

with d = 1 on delayed connections (those that do not go forward in the order, self-loops
included) and d = 0 on all others. With ``Config.update`` ``"synchronous"``, d = 1 on all between
nodes; a ``delay`` column adds to d. With ``Config.ticks`` k, an observation is held for k ticks and
answered once. Where a node's dynamics is not instant, it stands between z
and f (:mod:`neatgrow.kernels.dynamics`). States start at 0; an empty aggregate is 0.
"""

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.checks import check_arrays
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import forward, parallel
from neatgrow.kernels.dynamics import custom_addresses
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.plan import TICKS, Plan, flattened, one, part
from neatgrow.networks.lanes import Lanes
from neatgrow.networks.plan import compiled, work_of
from neatgrow.networks.recording import Recording, recorded

_FLOAT64 = np.dtype(np.float64)
# Estimated work, ns: decides only how many threads share it.
_SAMPLE_NS, _PASS_NS = 0.03, 5.0


def compile_genomes(packed: Packed, interface: Interface, dtype: Any = np.float32) -> "Networks":
    """Networks of all genomes; the work of ``Genomes.compile``.

    Raises:
        ValueError: ``dtype`` is neither float32 nor float64, arrays are not laid out as genomes
            are, or hold values that are not finite, or a column is missing that the dynamics of a
            node reads.
    """
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(_checks.message("dtype", "float32 or float64", str(kind)))
    check_arrays(packed, interface.columns)
    return Networks(compiled(packed, interface, kind), interface, work_of(packed))


class Networks:
    """N networks that run side by side; results do not depend on the number of threads.

    :meth:`activate` keeps states, so these belong to one thread of the caller's at a time;
    :meth:`copy` gives each thread states of its own. :meth:`predict` and :meth:`run` keep none,
    and :meth:`lanes` makes them. Pickled and deep copies begin with states of 0.

    In float32 (the default) outputs lie within about 1e-5 of float64's for graphs of ordinary
    weights; use ``compile(np.float64)`` where more is needed.

    Attributes:
        plan: The arrays, as kernels take them.
        interface: Inputs and outputs, the same for all.
    """

    def __init__(self, plan: Plan, interface: Interface, genes: Array) -> None:
        self.plan = plan
        self.interface = interface
        self._genes = genes  # (N+1,) offsets of each network's share of work
        self._lanes: Lanes | None = None
        self._per_network = 0

    def __len__(self) -> int:
        return int(self.plan.node_start.size)

    @overload
    def __getitem__(self, index: int) -> "Network": ...

    @overload
    def __getitem__(self, index: slice) -> "Networks": ...

    def __getitem__(self, index: int | slice) -> "Network | Networks":
        """Network ``index``, or those of a slice of step 1; with states of their own."""
        if isinstance(index, slice):
            return self._part(*index.indices(len(self)))
        if not -len(self) <= index < len(self):
            raise IndexError(f"network {index}: expected an index below {len(self)}.")
        row = index % len(self)
        networks = Networks(one(self.plan, row), self.interface, self._genes[row : row + 2])
        return Network(networks)

    def _part(self, start: int, stop: int, step: int) -> "Networks":
        """Networks of a range, on arrays that hold no others."""
        if step != 1:
            raise ValueError(_checks.message("networks[…]", "a slice of step 1", step))
        genes = self._genes[start : max(start, stop) + 1]
        return Networks(part(self.plan, start, stop), self.interface, genes - genes[0])

    def __getstate__(self) -> dict[str, Any]:
        """Without the state of :meth:`activate`."""
        return self.__dict__ | {"_lanes": None}

    def copy(self) -> "Networks":
        """The same networks on the same arrays, with states of their own, which begin at 0."""
        return Networks(self.plan, self.interface, self._genes)

    def __repr__(self) -> str:
        nodes = int((self.plan.node_stop - self.plan.node_start).sum())
        face = self.interface
        return f"Networks({len(self)}, {face.inputs} → {face.outputs}, {nodes} nodes, {self.dtype})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.plan.weight.dtype

    def activate(self, x: ArrayLike) -> Array:
        """One observation per network, for as many ticks as it is held (one, unless their timing
        says otherwise); the state is kept for the next.

        Args:
            x: (N, I), or (N, E, I) for E independent episodes per network.

        Returns:
            (N, O) or (N, E, O).
        """
        shape: tuple[int | str, ...] = (len(self), self.interface.inputs)
        if np.ndim(x) == 3:
            shape = (len(self), "E", self.interface.inputs)
        x = _checks.array("activate(x)", x, shape, self.dtype)
        episodes = x.shape[1] if x.ndim == 3 else 1
        if self._lanes is None or self._per_network != episodes:
            self._lanes = self.lanes(np.repeat(np.arange(len(self)), episodes))
            self._per_network = episodes
        y = self._lanes.activate(x.reshape(-1, self.interface.inputs))
        return y.reshape(*x.shape[:-1], self.interface.outputs)

    def reset(self) -> None:
        """Set all states to 0."""
        if self._lanes is not None:
            self._lanes.reset()

    def lanes(self, network: ArrayLike) -> "Lanes":
        """Closed loops over any choice of networks, each with a state of its own.

        Args:
            network: (L,) index of the network that each lane runs; may repeat.
        """
        return Lanes(self, _checks.indices("lanes(network)", network, len(self)))

    def predict(self, X: ArrayLike) -> Array:
        """Many independent samples, one observation each from state 0.

        Args:
            X: (B, I) shared by all networks, or (N, B, I).

        Returns:
            (N, B, O).
        """
        shape: tuple[int | str, ...] = ("B", self.interface.inputs)
        if np.ndim(X) == 3:
            shape = (len(self), "B", self.interface.inputs)
        X = _checks.array("predict(X)", X, shape, self.dtype)
        return self._run(X[:, None] if X.ndim == 3 else X[None, None])[:, 0]

    def run(self, X: ArrayLike) -> Array:
        """Sequences, one observation per time step, from state 0.

        Args:
            X: (T, B, I) shared by all networks, or (N, T, B, I).

        Returns:
            (N, T, B, O).
        """
        shape: tuple[int | str, ...] = ("T", "B", self.interface.inputs)
        if np.ndim(X) == 4:
            shape = (len(self), "T", "B", self.interface.inputs)
        X = _checks.array("run(X)", X, shape, self.dtype)
        return self._run(X if X.ndim == 4 else X[None])

    def _run(self, x: Array) -> Array:
        """x (N or 1, T, B, I) → (N, T, B, O), a view of arrays with samples innermost."""
        prepared = self.interface.prepared(x)
        inputs = np.ascontiguousarray(prepared.swapaxes(2, 3), self.dtype)
        _, n_ticks, _, n_samples = inputs.shape
        outputs = np.empty((len(self), n_ticks, self.interface.outputs, n_samples), self.dtype)
        n_ticks *= int(self.plan.staring[0, TICKS])
        cost = n_ticks * (n_samples * _SAMPLE_NS + _PASS_NS)
        ranges = parallel.split(self._genes, cost)
        custom = custom_addresses()
        parallel.over_ranges(forward.run, ranges, self.plan, custom, inputs, outputs)
        return outputs.swapaxes(2, 3)


class Network:
    """One network; its state is kept between calls of :meth:`activate` until ``reset``.

    So it belongs to one thread at a time, where two would read and write one state;
    :meth:`copy` gives each thread one of its own. :meth:`predict` and :meth:`run` keep no state.
    Pickled and deep copies begin at state 0.

    Attributes:
        networks: The same as a batch of one, with a state of its own. :meth:`activate` reads its
            arrays once, at the first call.
    """

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self._shape = (networks.interface.inputs,)
        self._loop: tuple[Any, Array, Array, Array, Array] | None = None

    @property
    def interface(self) -> Interface:
        """Inputs and outputs."""
        return self.networks.interface

    def activate(self, x: ArrayLike) -> Array:
        """One observation: x (I,) → (O,).

        A microsecond for a small network, if x is an array of float64; more for a list.
        """
        if not (
            type(x) is np.ndarray
            and x.dtype is _FLOAT64
            and x.shape == self._shape
            and x.flags.carray
        ):
            x = np.array(_checks.array("activate(x)", x, self._shape, np.float64))
        face = self.networks.interface
        if face.input_mean is not None:
            x = face.prepared(x.astype(self.networks.dtype))
        if self._loop is None:
            self._loop = self._closed_loop()
        step, integers, reals, custom, slots = self._loop
        y = np.empty(face.outputs, reals.dtype)
        step(integers, reals, custom, slots, x, y)
        return y

    def _closed_loop(self) -> tuple[Any, Array, Array, Array, Array]:
        """What every tick reads, gathered once, and slots at 0."""
        plan = part(self.networks.plan, 0, 1)
        slots = np.zeros(int(plan.width[0]), self.networks.dtype)
        step = forward.step_alone_timed if plan.dynamics.size else forward.step_alone
        return step, *flattened(plan), custom_addresses(), slots

    def __getstate__(self) -> dict[str, Any]:
        """Without the state of :meth:`activate`."""
        return self.__dict__ | {"_loop": None}

    def copy(self) -> "Network":
        """The same network on the same arrays, with a state of its own, which begins at 0."""
        return Network(self.networks.copy())

    def predict(self, X: ArrayLike) -> Array:
        """Independent samples, one observation each from state 0: X (B, I) → (B, O)."""
        X = _checks.array("predict(X)", X, ("B", self.interface.inputs), np.float64)
        y: Array = self.networks.predict(X)[0]
        return y

    def run(self, X: ArrayLike) -> Array:
        """Sequences from state 0: X (T, B, I) → (T, B, O)."""
        X = _checks.array("run(X)", X, ("T", "B", self.interface.inputs), np.float64)
        y: Array = self.networks.run(X)[0]
        return y

    def record(self, X: ArrayLike) -> Recording:
        """What every node holds at every tick of one sequence X (T, I), from state 0.

        Each of the ticks that an observation is held for is in it. The state that
        :meth:`activate` keeps stays as it is.
        """
        remedy = "Pass one row per observation."
        shape = ("T", self.interface.inputs)
        x = _checks.array("record(X)", X, shape, self.networks.dtype, remedy=remedy)
        return recorded(self.networks.plan, self.interface, x)

    def reset(self) -> None:
        """Set the state to 0."""
        if self._loop is not None:
            self._loop[-1][:] = 0

    def __repr__(self) -> str:
        plan, face = self.networks.plan, self.interface
        nodes = int(plan.node_stop[0] - plan.node_start[0])
        return f"Network({face.inputs} → {face.outputs}, {nodes} nodes, {self.networks.dtype})"

    def _repr_svg_(self) -> str | None:
        """The drawing for notebooks; ``None`` where drawing fails, so that the text is shown."""
        try:
            from neatgrow.plotting.pages.notebook import svg

            return svg(self)
        except Exception:
            return None
