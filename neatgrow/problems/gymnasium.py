"""Fitness from episodes in Gymnasium environments.

Gymnasium: Towers et al. (2024), https://gymnasium.farama.org.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from gymnasium import Env
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow.genomes import Interface
from neatgrow.kernels import random
from neatgrow.kernels.layout import Array
from neatgrow.learning.data import Lessons, padded
from neatgrow.networks import Network, Networks
from neatgrow.problems.base import Evaluation
from neatgrow.problems.environments import Maker, named_packages, quiet
from neatgrow.problems.rollouts import (
    FAILED,
    TERMINATED,
    TRUNCATED,
    Lockstep,
    Pace,
    Pilot,
    Rollout,
    Runner,
    Singles,
    VectorArena,
)
from neatgrow.problems.spaces import (
    Moments,
    Observations,
    Tally,
    actions_of,
    input_names,
    output_names,
)

_ENDS = {"terminated": TERMINATED, "truncated": TRUNCATED, "failed": FAILED}


class Step(NamedTuple):
    """One step of :meth:`Gymnasium.play`.

    Attributes:
        view: What was seen before it: a frame where the render mode gives frames, else the
            observation.
        action: What the network did.
        reward: What it earned.
    """

    view: Any
    action: Any
    reward: float


class Gymnasium:
    """Mean return over episodes of a Gymnasium environment.

    Every network meets the same episodes: episode k starts from ``reset(seed=s_k)``, s_k
    drawn from the seed of :meth:`evaluate` and k alone. So a network's fitness does not
    depend on which others are evaluated with it, nor on threads. A network starts each
    episode from state 0.

    Observations: a Box enters flattened, a Discrete one-hot, MultiDiscrete, MultiBinary,
    Tuple and Dict as ``gymnasium.spaces.flatten`` lays them out. Actions: Discrete and each
    part of a MultiDiscrete take the largest of one output per option; MultiBinary is on
    above 0; a Box stretches [−1, 1] over its range and cuts what lies beyond.

    Environments with a vector entry point of their own run all episodes side by side, if
    their state can be set: it must be an attribute ``state`` of shape (k, slots) whose
    transpose is the observation, because their ``reset`` would start every slot elsewhere.
    All others run in a pool of single environments that are made once and used again.

    An episode fails if the environment raises, or gives a reward or shows the network an
    observation that is not finite; its network's fitness is then NaN, the network's other
    episodes are played nevertheless, and ``Evaluation.failures`` says
    ``episode k, step t: why``, with k from 0, t from 1 and step 0 the reset.

    Args:
        environment: Registered id (``"module:Name-v0"`` imports the module first), or a
            function that makes an environment.
        episodes: Episodes per network.
        max_steps: Most steps per episode, instead of the environment's own limit; with a
            function, the smaller of the two counts.
        solved_at: Fitness from which it counts as solved; defaults to the environment's
            ``reward_threshold``.
        normalize: Standardise observations by their running mean and variance. A generation
            is judged with what was gathered before it, the first with mean 0 and scale 1.
            Calls of :meth:`evaluate` with ``episodes`` given gather nothing. Networks that
            carry ``input_mean`` and ``input_scale`` use their own.
        make_kwargs: Further arguments for ``gymnasium.make``.
        name: Short name; defaults to the id.
        slots: Single environments that run at a time.

    Attributes:
        backend: ``"vector"`` or ``"single"``, as described above.
        max_steps: Steps after which an episode is cut off.
        ended: How the episodes of the last evaluation ended: counts of ``"terminated"``,
            ``"truncated"`` and ``"failed"``.

    Raises:
        ValueError: Unknown id, a space that has no rule above, or no limit of steps.
        ImportError: The environment needs a package that is not installed.
    """

    noisy = True

    def __init__(
        self,
        environment: str | Callable[[], Env[Any, Any]],
        *,
        episodes: int = 1,
        max_steps: int | None = None,
        solved_at: float | None = None,
        normalize: bool = False,
        make_kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        slots: int = 64,
    ) -> None:
        self.episodes = _checks.integer("episodes", episodes, 1)
        self.slots = _checks.integer("slots", slots, 1)
        if max_steps is not None:
            _checks.integer("max_steps", max_steps, 1)
        self.normalize = bool(normalize)
        self._maker = Maker(environment, max_steps, dict(make_kwargs or {}))
        first = self._maker.make()
        spec = self._maker.spec or first.spec
        self.name = name or (spec.id if spec else type(first.unwrapped).__name__)
        self.max_steps = self._maker.limit(first)
        what = self._maker.what
        self._observations = Observations(first.observation_space, what)
        self._actions = actions_of(first.action_space, what)
        self.inputs, self.outputs = self._observations.size, self._actions.size
        known = spec.name if spec else ""
        self.input_names: tuple[str, ...] | None = input_names(known, self.inputs)
        self.output_names: tuple[str, ...] | None = output_names(
            known, first.action_space, self.outputs
        )
        threshold = spec.reward_threshold if spec and solved_at is None else solved_at
        self.solved_at = None if threshold is None else float(threshold)
        self._moments = Moments(self.inputs)
        self._runner: Runner
        single = self._maker.single_vector() if self._observations.direct else None
        self.backend: Literal["vector", "single"] = "single" if single is None else "vector"
        pace = Pace(self.max_steps)
        if single is not None:
            self._runner = Lockstep(VectorArena(self._maker, single), pace)
            first.close()
        else:
            self._runner = Singles(self._maker, first, self._observations, pace, self.slots)
        self.ended: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Gymnasium({self.name!r}, episodes={self.episodes}, backend={self.backend!r})"

    def evaluate(self, networks: Networks, *, seed: int, episodes: int | None = None) -> Evaluation:
        """Mean return of each network over the episodes of ``seed``.

        Args:
            networks: N networks of I inputs and O outputs; their own states are not touched.
            seed: The same seed gives the same episodes, the first ones also where
                ``episodes`` differs.
            episodes: Episodes per network instead of the problem's own number; statistics of
                observations are then left as they are.

        Returns:
            Fitness, NaN for a network of which an episode failed; steps in environments,
            resets not counted.
        """
        self._check_interface(networks.interface)
        count = self.episodes if episodes is None else _checks.integer("episodes", episodes, 1)
        seeds = self._seeds(seed, count)
        gathers = self.normalize and episodes is None
        if gathers:
            self._moments.merge()
        n_networks = len(networks)
        rollout = Rollout(seeds, n_networks)
        gathered: dict[str, Array] = {}
        if n_networks:
            lanes = networks.lanes(np.repeat(np.arange(n_networks), count))
            pilot = Pilot(lanes, self._preparation(networks.interface), self._actions)
            if gathers:
                pilot.tally = Tally(rollout.returns.size, self.inputs)
            self._runner.run(pilot, rollout)
            if pilot.tally is not None:
                gathered["observations"] = pilot.tally.by_network(n_networks)
        ended = rollout.ended.reshape(n_networks, count)
        gathered["ended"] = np.stack([(ended == how).sum(axis=1) for how in _ENDS.values()], axis=1)
        failures: dict[int, str] = {}
        for job in sorted(rollout.failures):  # of several failed episodes, tell the first
            failures.setdefault(job // count, rollout.failures[job])
        self.gather(gathered)
        returns = rollout.returns.reshape(n_networks, count)
        return Evaluation(returns.mean(axis=1), rollout.steps, failures, gathered)

    def gather(self, gathered: dict[str, Array]) -> None:
        """Take in what an evaluation gathered, of this problem or of a copy of it."""
        self.ended = dict(zip(_ENDS, gathered["ended"].sum(axis=0).tolist(), strict=True))
        if "observations" in gathered:
            self._moments.gather(gathered["observations"])

    def statistics(self) -> dict[str, Array] | None:
        """``input_mean`` and ``input_scale`` (I,) float64 as the last evaluation used them."""
        if not self.normalize:
            return None
        return {"input_mean": self._moments.mean.copy(), "input_scale": self._moments.scale}

    def state(self) -> dict[str, Array]:
        """Statistics of observations so far, where they are normalised."""
        return self._moments.state() if self.normalize else {}

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
            self._moments.restore(state)

    def describe(self) -> dict[str, Any]:
        """Enough to build it again; ``environment`` is ``None`` where a function makes it."""
        return {
            "problem": "gymnasium",
            "environment": self._maker.id,
            "episodes": self.episodes,
            "max_steps": self._maker.max_steps,
            "solved_at": self.solved_at,
            "normalize": self.normalize,
            "make_kwargs": self._maker.kwargs,
            "name": self.name,
            "slots": self.slots,
        }

    def play(
        self, network: Network, *, seed: int = 0, render_mode: str | None = None
    ) -> Iterator[Step]:
        """Play the first episode of ``evaluate(..., seed=seed)``, step by step.

        Args:
            network: What acts; its own state is not touched.
            seed: As for :meth:`evaluate`.
            render_mode: As for ``gymnasium.make``; ``"rgb_array"`` gives frames, ``"human"``
                opens a window. With a function as environment, it must make them so.

        Yields:
            A :class:`Step` per step.

        Raises:
            ValueError: The environment does not render in that mode.
            ImportError: Rendering needs a package that is not installed.
        """
        self._check_interface(network.interface)
        first = int(self._seeds(seed, 1)[0])
        env = self._maker.make(render_mode)
        pilot = Pilot(
            network.networks.lanes([0]), self._preparation(network.interface), self._actions
        )
        return self._steps(env, pilot, first)

    def _steps(self, env: Env[Any, Any], pilot: Pilot, seed: int) -> Iterator[Step]:
        frames = env.render_mode not in (None, "human")
        lane = np.zeros(1, np.int64)
        try:
            with named_packages(self._maker.what):
                with quiet():
                    observation, _ = env.reset(seed=seed)
                for _ in range(self.max_steps):
                    with quiet():
                        view = env.render() if frames else observation
                    x = self._observations.flat(observation)[None]
                    action = self._actions.each(pilot.outputs(x, lane))[0]
                    observation, reward, terminated, truncated, _ = env.step(action)
                    yield Step(view, action, float(reward))
                    if terminated or truncated:
                        return
        finally:
            env.close()

    def record(
        self, policy: Callable[[Any], Any], *, episodes: int = 10, seed: int = 0
    ) -> list[tuple[Array, Array]]:
        """Let any policy play, for :meth:`imitation`.

        Args:
            policy: Observation of the environment in, action of the environment out.
            episodes: How many; those of ``evaluate(..., seed=seed)``.
            seed: As for :meth:`evaluate`.

        Returns:
            Observations (T, I) and actions (T, …) of each episode.
        """
        env = self._maker.make()
        recorded = []
        try:
            for first in self._seeds(seed, _checks.integer("episodes", episodes, 1)).tolist():
                observation, _ = env.reset(seed=first)
                views, actions = [], []
                for _ in range(self.max_steps):
                    # Copies: environments and policies may use their arrays again.
                    views.append(np.array(self._observations.flat(observation), np.float64))
                    action = policy(observation)
                    actions.append(np.array(action))
                    observation, _, terminated, truncated, _ = env.step(action)
                    if terminated or truncated:
                        break
                recorded.append((np.array(views, np.float64), np.array(actions)))
        finally:
            env.close()
        return recorded

    def imitation(
        self, episodes: Iterable[tuple[ArrayLike, ArrayLike]], *, sequences: bool = True
    ) -> Lessons:
        """What there is to learn from recorded play: the same actions on the same observations.

        Args:
            episodes: Observations (T, I) and actions (T, …) of each, as of :meth:`record`.
            sequences: Whether networks see episodes from their beginning, as those with loops
                must; or all pairs by themselves, which is faster.

        With ``normalize=True`` a genome must carry the statistics that it will be judged with:
        ``genome.with_interface(**problem.statistics())`` before it is tuned.

        Returns:
            For :func:`neatgrow.fine_tune`. Discrete actions are learned as classes, MultiDiscrete
            and MultiBinary as switches, both with outputs as logits; Boxes by squared error.

        Raises:
            ValueError: There are no episodes, or shapes or actions are not the environment's.
        """
        pairs = [
            (
                _checks.array("observations", x, ("T", self.inputs), finite=True),
                self._actions.targets(np.asarray(y)),
            )
            for x, y in episodes
        ]
        return padded(pairs, self._actions.loss, sequences=sequences)

    def close(self) -> None:
        """Close the environments; they are made again when needed."""
        self._runner.close()

    def _seeds(self, seed: int, count: int) -> Array:
        seeds = np.empty(count, np.int64)
        random.derive_seeds(_checks.integer("seed", seed, 0), random.EPISODES, 0, seeds)
        return seeds

    def _check_interface(self, face: Interface) -> None:
        if (face.inputs, face.outputs) != (self.inputs, self.outputs):
            raise ValueError(
                _checks.message(
                    "networks", f"{self.inputs} inputs and {self.outputs} outputs",
                    f"{face.inputs} and {face.outputs}",
                )
            )  # fmt: skip

    def _preparation(self, face: Interface) -> Callable[[Array], Array] | None:
        """What standardises observations before networks see them, where they do not."""
        if not self.normalize or face.input_mean is not None:
            return None
        own = Interface(
            self.inputs, self.outputs,
            input_mean=self._moments.mean, input_scale=self._moments.scale,
        )  # fmt: skip
        return own.prepared
