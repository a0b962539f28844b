"""What a champion does: the inputs that it meets on its problem, and what came of them.

Below, a tick is an observation, however long it is held.
"""

import ctypes
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, features

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.kernels import simulators
from neatgrow.networks.networks import Network, Networks
from neatgrow.plotting.pages.markup import data_uri
from neatgrow.plotting.theme import spread
from neatgrow.plotting.values import activity, answers
from neatgrow.problems.function import Function
from neatgrow.problems.simulation.poles import PoleBalancing
from neatgrow.problems.simulation.problem import Simulation
from neatgrow.problems.supervised import Supervised

_MOST_TICKS = 1000  # that are shown
_MOST_VALUES = 100_000  # of all nodes over all ticks
_MOST_PLAYED = 20_000  # steps after which an episode is no longer followed
_MOST_RENDERED = 2000  # steps of an episode that is worth rendering
_MOST_SAMPLES = 200
_SEQUENCES = 4
_PICTURES, _PICTURE = 80, (300, 220)  # how many, and their largest width and height
_PICTURE_BYTES = 700_000  # in all
_POINTER = ctypes.POINTER(ctypes.c_double)


@dataclass(frozen=True)
class Episode:
    """A network at work."""

    name: str  # what tells it from the others, or ""
    values: Array  # (T, I + nodes) as neatgrow.plotting.values.activity gives them
    inputs: Array  # (T, I) what was observed
    ticks: int  # how many there were; values may hold only the first ones
    targets: Array | None = None  # (T, O) what was wanted, NaN where nothing was
    actions: list[str] = field(default_factory=list)  # of each tick, if they are known
    rewards: list[float] = field(default_factory=list)  # likewise
    pictures: list[tuple[int, str]] = field(default_factory=list)  # tick from 0, data URI


@dataclass(frozen=True)
class Work:
    """What can be shown of a champion at its problem."""

    about: str  # a sentence
    samples: bool  # whether ticks are independent samples
    episodes: list[Episode]  # at least one
    missing: list[str] = field(default_factory=list)  # sentences: what is not shown, and why


def work_of(problem: Any, champion: Genome) -> Work:
    """The champion at its problem.

    Raises:
        ValueError: This kind of problem cannot be watched.
    """
    network = champion.compile()
    if isinstance(problem, Supervised):
        return _taught(problem, network)
    if isinstance(problem, Simulation):
        return _simulated(problem, network)
    if isinstance(problem, PoleBalancing):
        return _simulated(problem._simulation, network)
    if isinstance(problem, Function):
        return _asked(problem, network)
    if hasattr(problem, "play"):
        return _played(problem, network)
    raise ValueError(f"{problem.name} has no episode that can be followed")


def ticks_for(network: Network, episodes: int = 1) -> int:
    """How many ticks can be shown of each of a few episodes."""
    plan = network.networks.plan
    slots = network.interface.inputs + int(plan.node_stop[0] - plan.node_start[0])
    return max(min(_MOST_TICKS, _MOST_VALUES // (slots * episodes)), 2)


# -------------------------------------------------------------------------------- supervised


def _taught(problem: Supervised, network: Network) -> Work:
    if not problem.sequences:
        rows = spread(len(problem.X), min(_MOST_SAMPLES, ticks_for(network)))
        values = answers(network, problem.X[rows])
        about = f"Its answers to {_share(len(rows), len(problem.X))} samples, each from state 0."
        return Work(about, True, [Episode("", values, problem.X[rows], len(rows), problem.Y[rows])])
    count = min(problem.X.shape[1], _SEQUENCES)
    ticks = min(len(problem.X), ticks_for(network, count))
    episodes = []
    for b in range(count):
        wanted = np.array(problem.Y[:ticks, b], np.float64)
        if problem.weights is not None:
            wanted[problem.weights[:ticks, b] == 0] = np.nan
        inputs = problem.X[:ticks, b]
        values = activity(network, inputs)
        episodes.append(Episode(f"sequence {b + 1}", values, inputs, len(problem.X), wanted))
    about = f"{_share(len(episodes), problem.X.shape[1])} sequences, each from state 0."
    return Work(about[0].upper() + about[1:], False, episodes)


def _share(shown: int, of: int) -> str:
    if shown == of:
        return f"all {of:,}" if of > 1 else "the one"
    return f"{shown:,} of {of:,}"


# ------------------------------------------------------------------------------- simulations


def _simulated(problem: Simulation, network: Network) -> Work:
    """Episodes of a simulator."""
    starts = problem.starts
    if starts is None:  # drawn anew in each generation; these are as good as any
        starts = np.random.default_rng(0).random((1, problem.draws or 0))
    limit = ticks_for(network, min(len(starts), _SEQUENCES))
    episodes = []
    for number, start in enumerate(starts[:_SEQUENCES], 1):
        steps = list(islice(_steps(problem, network, start), limit))
        inputs = np.array([x for x, _, _ in steps])
        episodes.append(
            Episode(
                f"episode {number}" if len(starts) > 1 else "", activity(network, inputs), inputs,
                len(steps),
                actions=[_text(action) for _, action, _ in steps],
                rewards=[reward for _, _, reward in steps],
            )
        )  # fmt: skip
    cut = f"; at most the first {limit:,} ticks" if problem.steps > limit else ""
    what = "episode" if problem.episodes == 1 else "episodes"
    about = f"{_share(len(episodes), problem.episodes)} {what} of the simulation{cut}."
    return Work(about[0].upper() + about[1:], False, episodes)


def _steps(
    problem: Simulation, network: Network, start: Array
) -> Iterator[tuple[Array, Array, float]]:
    """What is seen, done and earned at each tick, by the simulator's compiled functions."""
    sizes = simulators.Sizes(
        problem.n_state, problem.inputs, problem.outputs, problem.parameters.size, start.size
    )
    # Both are kept until all is played.
    reset, step = simulators.compiled(problem.reset, problem.step, sizes)
    state, seen = np.zeros(problem.n_state), np.zeros(problem.inputs)
    parameters, done = problem.parameters.copy(), np.zeros(1)

    def call(function: Any, last: Array) -> float:
        arrays = (state, seen, parameters, last, done)
        return float(function.ctypes(*(a.ctypes.data_as(_POINTER) for a in arrays)))

    call(reset, np.array(start, np.float64))
    network.reset()
    for _ in range(problem.steps):
        x = seen.copy()
        action = network.activate(x).astype(np.float64)
        reward = call(step, action)
        yield x, action, reward
        if done[0]:
            return


# ------------------------------------------------------------- what asks the network by itself


class _AskedBatch(Networks):
    """One network, as a batch, that keeps what it is asked."""

    def __init__(self, networks: Networks) -> None:
        super().__init__(networks.plan, networks.interface, networks._genes)
        self.inputs: list[Array] = []  # tick by tick, up to the first reset after them
        self.samples: Array | None = None  # (T, B, I) of the first predict (T = 1) or run
        self._over = False

    def note(self, x: ArrayLike) -> None:
        """What is asked for a tick, of several episodes the first."""
        if not self._over and len(self.inputs) < _MOST_PLAYED:
            self.inputs.append(np.reshape(x, (-1, self.interface.inputs))[0].astype(np.float64))

    def activate(self, x: ArrayLike) -> Array:
        y = super().activate(x)
        self.note(x)
        return y

    def reset(self) -> None:
        self._over = bool(self.inputs)
        super().reset()

    def _run(self, x: Array) -> Array:
        if self.samples is None:
            self.samples = np.array(x[0], np.float64)
        return super()._run(x)


class _Asked(Network):
    """A network that notes what it is asked."""

    def __init__(self, batch: _AskedBatch) -> None:
        super().__init__(batch)
        self._batch = batch

    def activate(self, x: ArrayLike) -> Array:
        y = super().activate(x)
        self._batch.note(x)
        return y

    def reset(self) -> None:
        self._batch.reset()
        super().reset()


def _asked(problem: Function, network: Network) -> Work:
    """What a fitness function asks the network."""
    asked = _AskedBatch(network.networks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.function(_Asked(asked))
    limit = ticks_for(network)
    if asked.inputs:
        inputs = np.array(asked.inputs[:limit])
        about = "What the fitness function asks until it resets the network."
        episode = Episode("", activity(network, inputs), inputs, len(asked.inputs))
        return Work(about, False, [episode])
    X = asked.samples
    if X is None:
        raise ValueError("the fitness function asked the network nothing")
    if len(X) == 1:
        inputs = X[0][: min(limit, _MOST_SAMPLES)]
        about = "What the fitness function asks, each sample from state 0."
        episode = Episode("", answers(network, inputs), inputs, len(inputs))
        return Work(about, True, [episode])
    about = "The first of the sequences that the fitness function asks."
    inputs = X[:limit, 0]
    return Work(about, False, [Episode("", activity(network, inputs), inputs, len(X))])


def _played(problem: Any, network: Network) -> Work:
    """An episode of an environment, and pictures of it where it can be rendered."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        steps = list(islice(problem.play(network, seed=0), _MOST_PLAYED))
    # A tick is a decision, which holds for some steps where frames are skipped.
    decisions = [k for k, step in enumerate(steps) if getattr(step, "decided", True)]
    rewards = np.add.reduceat([float(step.reward) for step in steps], decisions).tolist()
    limit = min(ticks_for(network), len(decisions))
    shown = decisions[:limit]
    pictures, missing = [], []
    try:
        pictures = _pictures(problem, network, shown)
    except Exception as error:
        missing.append(f"There are no pictures of the environment: {error}")
    inputs = np.array([steps[k].observation for k in shown])
    episode = Episode(
        "", activity(network, inputs), inputs, len(decisions),
        actions=[_text(steps[k].action) for k in shown], rewards=rewards[:limit],
        pictures=pictures,
    )  # fmt: skip
    about = f"One episode of {len(steps):,} steps, with a return of {sum(rewards):.6g}."
    if len(decisions) < len(steps):
        about += f" The network decides {len(decisions):,} times; each is a tick."
    if limit < len(decisions):
        about += f" The first {limit:,} ticks are shown."
    return Work(about, False, [episode], missing)


def _pictures(problem: Any, network: Network, decisions: list[int]) -> list[tuple[int, str]]:
    """The same episode again, rendered at some of the steps at which the network decides."""
    if decisions[-1] >= _MOST_RENDERED:
        raise ValueError(f"{decisions[-1] + 1:,} steps are too many to render.")
    wanted = {decisions[tick]: tick for tick in spread(len(decisions), _PICTURES)}
    found: list[tuple[int, str]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        played = problem.play(network, seed=0, render_mode="rgb_array")
        for k, step in enumerate(islice(played, decisions[-1] + 1)):
            if k in wanted:
                found.append((wanted[k], _encoded(np.asarray(step.view))))
        played.close()
    size = sum(len(uri) for _, uri in found)
    every = -(-size // _PICTURE_BYTES)
    return found[::every]


def _encoded(frame: Array) -> str:
    image = Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8)).convert("RGB")
    image.thumbnail(_PICTURE, Image.Resampling.LANCZOS)
    file, kind = io.BytesIO(), "webp" if features.check("webp") else "png"
    image.save(file, kind, quality=60)
    return data_uri(kind, file.getvalue())


def _text(action: Any) -> str:
    """A few digits of each number of an action."""
    numbers: Sequence[Any] = np.ravel(action).tolist()
    parts = [f"{x:.3g}" if isinstance(x, float) else str(x) for x in numbers[:8]]
    return ", ".join(parts) + (", …" if len(numbers) > 8 else "")
