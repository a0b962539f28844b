"""Fitness from a simulator of the user's own, compiled: whole episodes without Python."""

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.kernels import parallel, simulation, simulators
from neatgrow.kernels.dynamics import custom_addresses
from neatgrow.kernels.simulation import Jobs, Played, Simulator
from neatgrow.networks.networks import Networks

_CALL_SECONDS = 0.02  # that a kernel call should take: numba holds Ctrl-C until it ends
_FIRST_BUDGET = 2000  # actions of a thread's first call, before their cost is known
_PIECES = 8  # per thread, so that one thread's long episodes do not leave others idle


class Simulation:
    """Mean return over episodes of a simulator that is written as two functions::

        def reset(state, observation, parameters, start):
            state[0] = start[0]
            observation[0] = state[0]

        def step(state, observation, parameters, action):
            state[0] += parameters[0] * action[0]
            observation[0] = state[0]
            return -abs(state[0]), False  # reward, and whether the episode is over

        problem = Simulation(
            reset, step, inputs=1, outputs=1, state=1, parameters=[0.1], starts=[[1.0], [-2.0]],
            steps=100,
        )

    All are float64 arrays. ``state`` is zeros at reset and then the simulator's own;
    ``observation`` (I,) is what the network sees next; ``action`` (O,) is its outputs as they
    are. ``parameters``, ``start`` and ``action`` are only to be read. A network's state starts at
    0 in each episode.

    The functions are compiled by numba at the first evaluation, once per process (about 1 s; the
    kernel around them comes from the disk), so they may use numbers, arrays, ``math``, ``numpy``
    and functions that are compiled themselves. They are tried once in Python before. What
    they raise later, an index outside an array included, becomes a reward of NaN. Functions that
    carry ``numba.njit`` already are taken as they are, untried and with their own options.

    An episode fails whose rewards do not have a finite sum, or in which an output of the network
    is not finite, and with it its network's evaluation: fitness NaN and a cause in
    ``Evaluation.failures``. Results do not depend on threads or on which networks are evaluated
    together. Ctrl-C waits for the episodes under way.

    Args:
        reset: Writes the first state and observation.
        step: Writes the next ones; returns the reward and whether the episode is over.
        inputs: I.
        outputs: O.
        state: Numbers in ``state``.
        parameters: Numbers that both functions read; change them without compiling again.
        starts: (E, D) fixed episodes, row e passed to reset as ``start``: fitness does not
            depend on the seed.
        draws: D, instead of ``starts``: each episode's ``start`` is D uniform numbers in [0, 1),
            the same for every network. With neither there is one episode and ``start`` is empty.
        episodes: Episodes per network with ``draws``.
        steps: Actions after which an episode is cut off.
        solved_at: Fitness from which it counts as solved.
        name: Short name; defaults to that of ``step``.
        input_names: I names for pictures.
        output_names: O names.

    Raises:
        TypeError, ValueError: An argument is not what it should be; for what numba or a trial
            call finds wrong with the functions, at the first evaluation.
    """

    sequential = True

    def __init__(
        self,
        reset: Callable[..., Any],
        step: Callable[..., Any],
        *,
        inputs: int,
        outputs: int,
        state: int,
        steps: int,
        parameters: ArrayLike = (),
        starts: ArrayLike | None = None,
        draws: int | None = None,
        episodes: int = 1,
        solved_at: float | None = None,
        name: str | None = None,
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
    ) -> None:
        for role, function in (("reset", reset), ("step", step)):
            if not callable(function):
                raise TypeError(_checks.message(role, "a function of four arrays", function))
        if starts is not None and draws is not None:
            raise ValueError("starts, draws: expected one of them, got both. Leave one out.")
        self.episodes = _checks.integer("episodes", episodes, 1)
        if draws is None and episodes != 1:
            raise ValueError(
                f"episodes: expected only with draws=, got {episodes}. Without it there is one "
                "episode for each row of starts."
            )
        self.reset, self.step = reset, step
        self.inputs = _checks.integer("inputs", inputs, 1)
        self.outputs = _checks.integer("outputs", outputs, 1)
        self.n_state = _checks.integer("state", state, 0)
        self.steps = _checks.integer("steps", steps, 1)
        self.parameters = _checks.array("parameters", parameters, ("P",), finite=True).copy()
        self.draws = None if draws is None else _checks.integer("draws", draws, 1)
        self.starts = None
        if draws is None:
            self.starts = _starts([[]] if starts is None else starts).copy()
            self.episodes = len(self.starts)
        self.noisy = draws is not None
        self.solved_at = None if solved_at is None else _checks.number("solved_at", solved_at)
        known = getattr(step, "__name__", type(step).__name__)
        self.name = known if name is None else name
        self.input_names, self.output_names = input_names, output_names

    def __repr__(self) -> str:
        return f"Simulation({self.name!r}, episodes={self.episodes}, steps={self.steps})"

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> Evaluation:
        """Mean return of each network over the fixed starts, or over those of ``seed``."""
        starts = self.starts
        if starts is None:
            count = self.episodes if episodes is None else _checks.integer("episodes", episodes, 1)
            starts = np.empty((count, self.draws or 0))
            simulation.draw_starts(_checks.integer("seed", seed, 0), starts)
        return evaluation_of(self.play(networks, starts))

    def play(
        self,
        networks: Networks,
        starts: ArrayLike,
        *,
        steps: int | None = None,
        rows: ArrayLike | None = None,
    ) -> Played:
        """Returns (A, E), lengths (A, E) in actions, and which were done before the limit.

        Args:
            networks: N networks.
            starts: (E, D) what reset is given, for each episode.
            steps: Most actions, instead of the problem's own.
            rows: (A,) networks that play; all N by default.
        """
        starts = _starts(starts)
        face = networks.interface
        face.check_graph("networks")
        if (face.inputs, face.outputs) != (self.inputs, self.outputs):
            raise ValueError(
                _checks.message(
                    "networks", f"{self.inputs} inputs and {self.outputs} outputs",
                    f"{face.inputs} and {face.outputs}",
                )
            )  # fmt: skip
        if self.starts is not None or self.draws is not None:
            width = self.draws if self.starts is None else self.starts.shape[1]
            if starts.shape[1] != width:
                raise ValueError(
                    _checks.message("starts", f"shape (E, {width})", f"{starts.shape}")
                )
        if rows is None:
            rows = np.arange(len(networks))
        rows = _checks.indices("rows", rows, len(networks))
        jobs = Jobs(
            rows,
            starts,
            np.empty(0) if face.input_mean is None else np.asarray(face.input_mean, np.float64),
            np.empty(0) if face.input_scale is None else np.asarray(face.input_scale, np.float64),
        )
        shape = (jobs.rows.size, len(starts))
        played = Played(np.empty(shape), np.empty(shape, np.int64), np.empty(shape, np.bool_))
        sizes = simulators.Sizes(
            self.n_state, self.inputs, self.outputs, self.parameters.size, starts.shape[1]
        )
        # Both are kept until all is played.
        c_reset, c_step = simulators.compiled(self.reset, self.step, sizes)
        limit = self.steps if steps is None else _checks.integer("steps", steps, 1)
        simulator = Simulator(
            c_reset.address, c_step.address, self.n_state, self.inputs, self.parameters, limit
        )
        _play(networks, simulator, jobs, played)
        return played

    def statistics(self) -> dict[str, Array] | None:
        """Nothing: observations enter as the simulator writes them."""
        return None

    def describe(self) -> dict[str, Any]:
        """The name; the functions are the caller's."""
        return {"problem": "simulation", "name": self.name}


def evaluation_of(played: Played) -> Evaluation:
    """Mean returns, NaN with a cause where an episode failed."""
    failures = {}
    for row in np.flatnonzero(~np.isfinite(played.returns).all(axis=1)).tolist():
        episode = int(np.flatnonzero(~np.isfinite(played.returns[row]))[0])
        value, step = played.returns[row, episode], played.lengths[row, episode]
        failures[row] = f"episode {episode}, step {step}: a reward or an output is {value}"
    fitness = played.returns.sum(axis=1) / played.returns.shape[1]
    fitness[list(failures)] = np.nan
    return Evaluation(fitness, int(played.lengths.sum()), failures, scores=played.returns)


def _starts(starts: ArrayLike) -> Array:
    array = _checks.array("starts", starts, ("E", "D"), finite=True)
    if not len(array):
        raise ValueError(_checks.message("starts", "at least one row, an episode each", "none"))
    return array


def _play(networks: Networks, simulator: Simulator, jobs: Jobs, played: Played) -> None:
    """All jobs, by as many threads as are useful, in kernel calls of about 20 ms.

    Threads take the next piece when they are done with one. Who plays a job, and when, changes
    nothing about what comes of it.
    """
    count = played.returns.size
    custom = custom_addresses()
    threads = min(parallel.thread_count(), count)
    cuts = np.linspace(0, count, min(count, _PIECES * threads) + 1).astype(np.int64).tolist()
    pieces = deque(pairwise(cuts))  # its popleft is atomic
    stopped = threading.Event()

    def work() -> None:
        budget = _FIRST_BUDGET
        while not stopped.is_set():
            try:
                job, stop = pieces.popleft()
            except IndexError:
                return
            while job < stop and not stopped.is_set():
                before = time.perf_counter()
                job, spent = simulation.play(
                    networks.plan, custom, simulator, jobs, played, budget, job, stop
                )
                rate = spent / (time.perf_counter() - before)
                budget = max(1, min(int(rate * _CALL_SECONDS), 8 * budget))

    def first() -> None:
        try:
            work()
        except BaseException:  # Ctrl-C: the other threads must not play on to the end
            stopped.set()
            raise

    if count:
        parallel.launch([first] + [work] * (threads - 1))
