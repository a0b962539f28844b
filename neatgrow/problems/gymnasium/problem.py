"""Fitness from episodes in Gymnasium environments.

Gymnasium: Towers et al. (2024), https://gymnasium.farama.org.
"""

import multiprocessing
import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from gymnasium import Env
from gymnasium.spaces import Discrete, MultiDiscrete
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._means import mean_of
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.evaluation.code import place_of
from neatgrow.evaluation.workers import Workers
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import parallel, random
from neatgrow.learning.data import Lessons, padded
from neatgrow.learning.policy.distributions import Distribution
from neatgrow.learning.policy.experience import Act, Experience
from neatgrow.networks.networks import Network, Networks
from neatgrow.problems.gymnasium.backends import BACKENDS, Backend, choose
from neatgrow.problems.gymnasium.environments import Maker
from neatgrow.problems.gymnasium.moments import Tally
from neatgrow.problems.gymnasium.names import input_names as input_names_of
from neatgrow.problems.gymnasium.names import output_names as output_names_of
from neatgrow.problems.gymnasium.options import checked, named, warn_of_many
from neatgrow.problems.gymnasium.play import SingleEpisodes, Step
from neatgrow.problems.gymnasium.policy import Policy
from neatgrow.problems.gymnasium.practice import PaidRollout, Recorder
from neatgrow.problems.gymnasium.preparation import Preparation
from neatgrow.problems.gymnasium.rollouts import (
    FAILED,
    TERMINATED,
    TRUNCATED,
    Controllers,
    Pace,
    Rollout,
)
from neatgrow.problems.gymnasium.singles import Singles
from neatgrow.problems.gymnasium.spaces import Noise, Observations, actions_of

_START_SECONDS = 2.0  # spent in single environments before worker processes are worth a start
_ENDS = {"terminated": TERMINATED, "truncated": TRUNCATED, "failed": FAILED}

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _alone(
    method: Callable[Concatenate["Gymnasium", _P], _R],
) -> Callable[Concatenate["Gymnasium", _P], _R]:
    """Let one thread at a time use what a problem has: environments, workers, statistics."""

    @wraps(method)
    def locked(self: "Gymnasium", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


class Gymnasium:
    """Mean return over episodes of a Gymnasium environment.

    Every network meets the same episodes: episode k starts from ``reset(seed=s_k)``, s_k
    drawn from the seed of :meth:`evaluate` and k alone. So a network's fitness does not
    depend on which others are evaluated with it, nor on threads. A network starts each
    episode from state 0.

    Observations: a Box enters flattened, a Discrete one-hot, MultiDiscrete, MultiBinary,
    Tuple and Dict as ``gymnasium.spaces.flatten`` lays them out; a Box of uint8 from 0 to 255, as
    images are, is scaled to 0–1. Actions: Discrete and each
    part of a MultiDiscrete take the largest of one output per option; MultiBinary is on
    above 0; a Box stretches [−1, 1] over its range and cuts what lies beyond.

    Backends, of which ``"auto"`` takes the first that fits, and ``"gymnasium"`` the same without
    EnvPool, so that what is installed cannot change a run:

    - ``"vector"``: the environment's own vector entry point steps all episodes side by side.
      Its state must be an attribute ``state`` of shape (k, slots) whose transpose is the
      observation, because its ``reset`` would start every slot elsewhere.
    - ``"envpool"``: EnvPool (``pip install "neatgrow[envpool]"``) steps all episodes in C++.
      Its random numbers, and for some environments the last bits of its physics, are not
      Gymnasium's: the same seed starts other episodes, as different as another seed's.
    - ``"single"``: single environments of this process, made once and used again; one whose
      episode is over takes the next.
    - ``"processes"``: the same in worker processes, with the same results, bit for bit.
      ``"auto"`` goes over to them once two seconds went into single environments, where there
      are several cores; to start them takes about one.

    Threads may share a problem: one plays at a time, and each gets what it would get alone. With
    ``normalize`` it serves one run at a time, and a second is refused.

    An episode fails if the environment raises, or gives a reward or shows the network an
    observation that is not finite; its network's fitness is then NaN, the network's other
    episodes are played nevertheless, and ``Evaluation.failures`` says
    ``episode k, step t: why``, with k from 0, t from 1 and step 0 the reset. Where environments
    step as one (``"vector"``, ``"envpool"``) and raise, all episodes under way fail.

    Args:
        environment: Registered id (``"module:Name-v0"`` imports the module first), a function
            that makes an environment, or an environment, which then plays one episode at a time
            in this process and is left open.
        episodes: Episodes per network.
        max_steps: Most steps per episode, instead of the environment's own limit; with a
            function, the smaller of the two counts. Without either it is 1,000.
        solved_at: Fitness from which it counts as solved; defaults to the environment's
            ``reward_threshold``.
        normalize: Standardise observations by their running mean and variance. A generation
            is judged with what was gathered before it, the first with mean 0 and scale 1.
            Calls of :meth:`evaluate` with ``episodes`` given gather nothing, nor do episodes
            that fail. Networks that carry ``input_mean`` and ``input_scale`` use their own.
            What is standardised is cut at ±10.
        clip_observations: Standard deviations from the running mean beyond which observations
            are cut; without ``normalize``, their greatest magnitude. A champion that is used
            outside this problem is not clipped.
        clip_rewards: Greatest magnitude of the rewards that count, or (least, most). Fitness
            is then of clipped rewards, and so is what ``solved_at`` is compared with.
        frame_skip: Steps that each action is taken for; the rewards are summed.
        sample: Draw actions, with outputs as logits, instead of taking the largest; for
            Discrete, MultiDiscrete and MultiBinary. Draws depend on seed, episode and step.
        wrappers: Functions that take an environment and return it wrapped, applied in order.
        make_kwargs: Further arguments for ``gymnasium.make``.
        name: Short name; defaults to the id.
        input_names: I names; by default what well-known environments call them, keys of a Dict
            and indices in their parts (``arm.angle[2]``), or ``obs0``, ``obs1``, …
        output_names: O names.
        slots: Single environments that run at a time in a process.
        backend: As above.
        processes: Worker processes; defaults to one per core, but no more than there are threads
            (:func:`neatgrow.set_threads`).

    Attributes:
        backend: What plays the episodes now: ``"vector"``, ``"envpool"``, ``"single"`` or
            ``"processes"``.
        reason: Why, for people.
        max_steps: Steps after which an episode is cut off.
        unlimited: Whether that is the default, for want of any limit.
        observation_space, action_space: The environment's.
        ended: How the episodes of the last evaluation ended: counts of ``"terminated"``,
            ``"truncated"`` and ``"failed"``.

    Raises:
        ValueError: Unknown id, a space that has no rule above, or a backend that cannot play it.
        TypeError: Worker processes were asked for and pickle cannot send the problem there.
        ImportError: The environment needs a package that is not installed.
    """

    noisy = True
    sequential = True

    def __init__(
        self,
        environment: str | Callable[[], Env[Any, Any]] | Env[Any, Any],
        *,
        episodes: int = 1,
        max_steps: int | None = None,
        solved_at: float | None = None,
        normalize: bool = False,
        clip_observations: float | None = None,
        clip_rewards: float | tuple[float, float] | None = None,
        frame_skip: int = 1,
        sample: bool = False,
        wrappers: Sequence[Callable[[Env[Any, Any]], Env[Any, Any]]] = (),
        make_kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        slots: int = 64,
        backend: Backend = "auto",
        processes: int | None = None,
    ) -> None:
        self.episodes = _checks.integer("episodes", episodes, 1)
        _checks.one_of("backend", backend, BACKENDS)
        if processes is not None:
            processes = _checks.integer("processes", processes, 1)
        self._processes = processes
        self._options = checked(
            max_steps=max_steps, normalize=normalize, clip_observations=clip_observations,
            clip_rewards=clip_rewards, frame_skip=frame_skip, sample=sample,
            make_kwargs=make_kwargs, slots=slots, input_names=input_names,
            output_names=output_names,
        )  # fmt: skip
        self.normalize: bool = self._options["normalize"]
        self._lock = RLock()
        options = self._options
        self._maker = Maker(environment, options["max_steps"], options["make_kwargs"], wrappers)
        first = self._maker.make()
        spec = self._maker.spec or first.spec
        self.name = name or (spec.id if spec else type(first.unwrapped).__name__)
        self.max_steps = self._maker.limit(first)
        self.unlimited = self._maker.unlimited
        what = self._maker.what
        self._observations = Observations(first.observation_space, what)
        self._actions = actions_of(first.action_space, what)
        self._sample: bool = self._options["sample"]
        if sample:  # says so where actions of this kind are not drawn
            self._actions.noise(np.full((1, self._actions.size), 0.5))
        self.observation_space, self.action_space = first.observation_space, first.action_space
        self.inputs, self.outputs = self._observations.size, self._actions.size
        self.scores = isinstance(first.action_space, (Discrete, MultiDiscrete))
        warn_of_many(self.inputs, what)
        known = spec.name if spec else ""
        own_outputs = output_names_of(known, first.action_space, self.outputs)
        self.input_names: tuple[str, ...] | None = named(
            "input_names", options["input_names"], input_names_of(known, first.observation_space)
        )
        self.output_names: tuple[str, ...] | None = named(
            "output_names", options["output_names"], own_outputs
        )
        if solved_at is not None:
            solved_at = _checks.number("solved_at", solved_at)
        threshold = spec.reward_threshold if spec and solved_at is None else solved_at
        self.solved_at = None if threshold is None else float(threshold)
        clip = options["clip_observations"]
        self._preparation = Preparation(self.inputs, self.normalize, clip)
        self._pace = Pace(self.max_steps, options["frame_skip"], options["clip_rewards"])
        if self._maker.alone and backend != "single":
            rule = "'auto' for an environment that is made"
            if backend not in ("auto", "gymnasium"):
                remedy = "Pass a function that makes environments."
                raise ValueError(_checks.message("backend", rule, repr(backend), remedy))
        self._episodes = SingleEpisodes(self._maker, self._observations, self._pace)
        choice = choose(
            "single" if self._maker.alone else backend, self._maker, first, self._observations,
            self._pace, options["slots"],
        )  # fmt: skip
        self.backend, self.reason, self._runner = choice
        if self._maker.alone:
            self.reason = "there is one environment, so one episode at a time: pass a function "
            self.reason += "that makes it for more"
        self._local = self.backend
        # What is installed later must not change a run that goes on.
        own = "envpool" if self.backend == "envpool" else "gymnasium"
        self._asked = own if backend == "auto" else backend
        self._workers: Workers | None = None
        self._may_spread = backend in ("auto", "gymnasium") and self.backend == "single"
        self._may_spread = self._may_spread and not self._maker.alone
        self._seeds_checked = False
        self._spent, self._by_itself = -np.inf, False
        if backend == "processes":
            self._spread("as asked for")
        self.ended: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Gymnasium({self.name!r}, episodes={self.episodes}, backend={self.backend!r})"

    @_alone
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
        if self._workers is not None and len(networks):
            try:
                return self._workers.evaluate(networks, seed, episodes)
            except RuntimeError as error:  # workers cannot be started, or cannot rebuild it
                if not self._by_itself:
                    raise
                self._workers = None
                self.backend, self.reason = self._local, str(error)
        self._check_seeds()
        start = time.perf_counter()
        gathers = self.normalize and episodes is None
        if gathers:
            self._preparation.moments.merge()
        n_networks = len(networks)
        rollout = Rollout(seeds, n_networks)
        gathered: dict[str, Array] = {}
        if n_networks:
            policy = self._controllers(networks, np.repeat(np.arange(n_networks), count), seeds)
            if gathers:
                policy.tally = Tally(rollout.returns.size, self.inputs)
            self._runner.run(policy, rollout)
            if policy.tally is not None:
                policy.tally.forget(rollout.ended == FAILED)
                gathered["observations"] = policy.tally.by_network(n_networks)
        ended = rollout.ended.reshape(n_networks, count)
        gathered["ended"] = np.stack([(ended == how).sum(axis=1) for how in _ENDS.values()], axis=1)
        failures: dict[int, str] = {}
        for job in sorted(rollout.failures):  # of several failed episodes, tell the first
            failures.setdefault(job // count, rollout.failures[job])
        errors = {job // count: error for job, error in rollout.errors.items()}
        self.gather(gathered)
        returns = rollout.returns.reshape(n_networks, count)
        self._consider_processes(time.perf_counter() - start)
        return Evaluation(mean_of(returns), rollout.steps, failures, gathered, errors, returns)

    def _check_seeds(self) -> None:
        """Say once if the same seed begins different episodes."""
        if self._seeds_checked:
            return
        self._seeds_checked = True
        if isinstance(self._runner, Singles) and self._runner.ignores_seeds():
            _checks.warn(
                f"reset of {self._maker.what}: two resets with the same seed begin differently, so "
                "no run can be repeated and networks do not meet the same episodes. Call "
                "super().reset(seed=seed) in it, and draw from self.np_random alone."
            )

    def policy(self, genome: Genome) -> Policy:
        """What acts in this environment as a genome does here (:class:`neatgrow.Policy`).

        Args:
            genome: Of I inputs and O outputs; one of an encoding stands for its graph. Without
                statistics of its own it gets those that are kept here.
        """
        genome = genome.phenotype()
        self._check_interface(genome.interface)
        statistics = self.statistics()
        if statistics is not None and genome.interface.input_mean is None:
            genome = genome.with_statistics(**statistics)
        options = self._options
        return Policy(
            genome, self.observation_space, self.action_space,
            clip_observations=options["clip_observations"], frame_skip=options["frame_skip"],
            sample=self._sample,
        )  # fmt: skip

    @_alone
    def returns(
        self, controller: Network | Callable[[Any], Any], *, seed: int, episodes: int
    ) -> tuple[Array, Array]:
        """Return and length of each episode of ``evaluate(..., seed=seed)``.

        Args:
            controller: A network; or any policy, observation of the environment in, action of the
                environment out, whose ``reset()``, if it has one, is called before each episode.
            seed: As for :meth:`evaluate`.
            episodes: How many.

        Returns:
            (E,) float64 and (E,) int64 steps.

        Raises:
            RuntimeError: An episode of a network failed. What a policy raises is raised.
        """
        self._check_seeds()
        seeds = self._seeds(seed, _checks.integer("episodes", episodes, 1))
        if isinstance(controller, Network):
            self._check_interface(controller.interface)
            rollout = Rollout(seeds, 1)
            lanes = np.zeros(seeds.size, np.int64)
            self._runner.run(self._controllers(controller.networks, lanes, seeds), rollout)
            if rollout.failures:
                job = min(rollout.failures)
                raise RuntimeError(rollout.failures[job]) from rollout.errors.pop(job, None)
            return rollout.returns, rollout.lengths
        return self._episodes.returns(controller, seeds)

    def _controllers(self, networks: Networks, lanes: Array, seeds: Array) -> Controllers:
        """What plays episode k, of ``seeds`` (E,) in turn, with network ``lanes[k]``."""
        networks.interface.check_graph("networks")
        prepare = self._preparation.of(networks.interface)
        policy = Controllers(networks.lanes(lanes), prepare, self._actions)
        if self._sample:
            policy.noise = Noise(self._actions, np.resize(seeds, lanes.size))
        return policy

    def distribution(self) -> Distribution:
        """How a policy that learns draws actions around outputs."""
        return self._actions.distribution(self._sample)

    @_alone
    def practise(self, networks: Networks, act: Act, *, seed: int, episodes: int) -> Experience:
        """Episodes of one network whose outputs ``act`` turns into what is done.

        They start as those of ``evaluate(..., seed=seed)`` and are played in this process,
        whatever the backend. Statistics of observations are left as they are.

        Args:
            networks: One, of I inputs and any number of outputs.
            act: Outputs, episodes and ticks of these in; (A, O) out, taken as outputs are.
            seed: As for :meth:`evaluate`.
            episodes: How many.
        """
        networks.interface.check_graph("networks")
        recorder = Recorder(networks, episodes, act)
        rollout = PaidRollout(self._seeds(seed, episodes), recorder)
        policy = Controllers(recorder, self._preparation.of(networks.interface), self._actions)
        self._runner.run(policy, rollout)
        rollout.errors.clear()  # whose frames hold the rollout
        return recorder.experience(rollout)

    def _consider_processes(self, seconds: float) -> None:
        """Go over to worker processes once they would have paid."""
        self._spent = max(self._spent + seconds, 0.0)  # the first time compiles and is left out
        if self._may_spread and self._spent > _START_SECONDS and self._worker_count() > 1:
            self._may_spread = False
            if multiprocessing.current_process().daemon:  # which may have no children
                return
            self._by_itself = True
            try:
                # Starting processes would import the script that runs, which may not expect it.
                if b"__main__" in pickle.dumps(self):
                    self.reason = 'part of it is defined in the script; pass backend="processes"'
                else:
                    self._spread(f"single environments took {self._spent:.1f} s")
            except Exception as error:  # of many kinds, where pickle cannot send it
                self.reason = f"it cannot be sent to another process: {error}"

    def _worker_count(self) -> int:
        return self._processes or min(parallel.core_count(), parallel.thread_count())

    def _spread(self, reason: str) -> None:
        self._workers = Workers(self, self._worker_count())
        self.backend, self.reason = "processes", reason

    def __reduce__(self) -> tuple[Any, ...]:
        """As a copy for another process, which plays in that process."""
        if self._maker.alone:
            rule = "one that other processes can make"
            remedy = "Pass a function that makes it."
            got = _checks.shown(self._maker.source)
            raise TypeError(_checks.message("environment", rule, got, remedy))
        given = {
            **self._options, "episodes": self.episodes, "solved_at": self.solved_at,
            "name": self.name, "wrappers": self._maker.wrappers, "backend": self._local,
        }  # fmt: skip
        return _rebuilt, (self._maker.source, given, self.state())

    @_alone
    def gather(self, gathered: dict[str, Array]) -> None:
        """Take in what an evaluation gathered, of this problem or of a copy of it."""
        self.ended = dict(
            zip(_ENDS, gathered["ended"].sum(axis=0).astype(int).tolist(), strict=True)
        )
        if "observations" in gathered:
            self._preparation.moments.gather(gathered["observations"])

    @_alone
    def statistics(self) -> dict[str, Array] | None:
        """``input_mean`` and ``input_scale`` (I,) float64 as the last evaluation used them."""
        return self._preparation.statistics()

    @_alone
    def state(self) -> dict[str, Array]:
        """Statistics of observations so far, where they are normalised."""
        return self._preparation.state()

    @_alone
    def clear(self) -> None:
        """Forget what was gathered, as a run does that begins."""
        self._preparation.clear()

    @_alone
    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError: It is of a problem with other observations, or not normalised.
        """
        self._preparation.restore(state)

    def describe(self) -> dict[str, Any]:
        """Enough to build it again; ``environment`` is ``None`` where a function makes it."""
        return {
            "problem": "gymnasium",
            "environment": None if self._maker.wrappers else self._maker.id,
            "episodes": self.episodes,
            "solved_at": self.solved_at,
            "name": self.name,
            "backend": self._asked,
            **self._own_place(),
            **self._options,
        }

    def _own_place(self) -> dict[str, Any]:
        """Where the function that makes the environment is found again, if it can be."""
        maker = self._maker
        named = None if maker.id or maker.alone or maker.wrappers else place_of(maker.source)
        return {} if named is None else {"factory": named}

    @_alone
    def play(
        self, network: Network, *, seed: int = 0, render_mode: str | None = None
    ) -> Iterator[Step]:
        """Play the first episode of ``evaluate(..., seed=seed)``, step by step.

        It is played on Gymnasium's environment, so where EnvPool evaluates it is another one.

        Args:
            network: What acts; its own state is not touched.
            seed: As for :meth:`evaluate`.
            render_mode: As for ``gymnasium.make``; ``"rgb_array"`` gives frames, ``"human"``
                opens a window. A function as environment is called with it if it takes one; if
                not, it must make them so by itself.

        Yields:
            A :class:`Step` per step.

        Raises:
            ValueError: The environment does not render in that mode.
            ImportError: Rendering needs a package that is not installed.
        """
        self._check_interface(network.interface)
        first = int(self._seeds(seed, 1)[0])
        policy = self._controllers(network.networks, np.zeros(1, np.int64), np.array([first]))
        env = self._maker.make(render_mode)
        lane, seen = np.zeros(1, np.int64), self._preparation.clipping(policy.interface)

        def act(_: Any, x: Array) -> Any:
            return self._actions.each(policy.outputs(x[None], lane))[0]

        frames = env.render_mode not in (None, "human")
        return self._episodes.steps(env, first, act, seen, frames)

    def record(
        self, policy: Callable[[Any], Any], *, episodes: int = 10, seed: int = 0
    ) -> list[tuple[Array, Array]]:
        """Let any policy play, for :meth:`imitation`.

        Args:
            policy: Observation of the environment in, action of the environment out.
            episodes: How many; those of ``evaluate(..., seed=seed)``.
            seed: As for :meth:`evaluate`.

        Returns:
            Observations (T, I), not clipped, and actions (T, …) of each episode, a row per
            decision.
        """
        seeds = self._seeds(seed, _checks.integer("episodes", episodes, 1))
        return self._episodes.recorded(policy, seeds)

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
        seen = self._preparation.clipping()
        pairs = [
            (
                seen(_checks.array("observations", x, ("T", self.inputs), finite=True)),
                self._actions.targets(y),
            )
            for x, y in episodes
        ]
        return padded(pairs, self._actions.loss, sequences=sequences)

    @_alone
    def release(self) -> None:
        """End worker processes; they are started again when needed."""
        if self._workers is not None:
            self._workers.close()

    @_alone
    def close(self) -> None:
        """Close the environments and end worker processes; both are made again when needed."""
        self._runner.close()
        self.release()

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


def _rebuilt(
    environment: str | Callable[[], Env[Any, Any]], options: dict[str, Any], state: dict[str, Array]
) -> Gymnasium:
    """What pickle calls in another process: environments themselves cannot be sent."""
    with warnings.catch_warnings():  # said by the problem that this is a copy of
        warnings.simplefilter("ignore", RuntimeWarning)
        problem = Gymnasium(environment, **options)
    problem._seeds_checked = True
    if state:
        problem.restore(state)
    return problem
