"""Fitness from episodes in Gymnasium environments.

Gymnasium: Towers et al. (2024), https://gymnasium.farama.org.
"""

import importlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, NamedTuple, Protocol

import gymnasium
import numpy as np
from gymnasium import Env
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import DependencyNotInstalled
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from neatgrow import _checks
from neatgrow.genomes import Interface
from neatgrow.kernels import random
from neatgrow.kernels.layout import Array
from neatgrow.networks import Lanes, Network, Networks
from neatgrow.problems.base import Evaluation
from neatgrow.problems.spaces import (
    Actions,
    Moments,
    Observations,
    actions_of,
    input_names,
    output_names,
)

_EXTRAS = {"box2d": "box2d", "mujoco": "mujoco", "pygame": "render"}
_VECTOR_ENVIRONMENTS = 4  # sizes kept between calls


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
        backend: ``"vector"`` or ``"batched"``, as described above.
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
        self._maker = _Maker(environment, max_steps, dict(make_kwargs or {}))
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
        self._runner: _Runner
        single = self._maker.single_vector() if self._observations.direct else None
        self.backend: Literal["vector", "batched"] = "batched" if single is None else "vector"
        if single is not None:
            self._runner = _Vector(self._maker, single, self.max_steps)
            first.close()
        else:
            self._runner = _Batched(
                self._maker, first, self._observations, self.max_steps, self.slots
            )
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
        rollout = _Rollout(seeds, n_networks)
        if n_networks:
            lanes = networks.lanes(np.repeat(np.arange(n_networks), count))
            pilot = _Pilot(lanes, self._preparation(networks.interface), self._actions)
            pilot.moments = self._moments if gathers else None
            self._runner.run(pilot, rollout)
        self.ended = {
            "terminated": rollout.terminated,
            "truncated": rollout.truncated,
            "failed": len(rollout.failures),
        }
        failures: dict[int, str] = {}
        for job in sorted(rollout.failures):  # of several failed episodes, tell the first
            failures.setdefault(job // count, rollout.failures[job])
        returns = rollout.returns.reshape(n_networks, count)
        return Evaluation(returns.mean(axis=1), rollout.steps, failures)

    def statistics(self) -> dict[str, Array] | None:
        """``input_mean`` and ``input_scale`` (I,) float64 as the last evaluation used them."""
        if not self.normalize:
            return None
        return {"input_mean": self._moments.mean.copy(), "input_scale": self._moments.scale}

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
        pilot = _Pilot(
            network.networks.lanes([0]), self._preparation(network.interface), self._actions
        )
        return self._steps(env, pilot, first)

    def _steps(self, env: Env[Any, Any], pilot: "_Pilot", seed: int) -> Iterator[Step]:
        frames = env.render_mode not in (None, "human")
        lane = np.zeros(1, np.int64)
        try:
            with _named_packages(self._maker.what):
                with _quiet():
                    observation, _ = env.reset(seed=seed)
                for _ in range(self.max_steps):
                    with _quiet():
                        view = env.render() if frames else observation
                    x = self._observations.flat(observation)[None]
                    action = self._actions.each(pilot.outputs(x, lane))[0]
                    observation, reward, terminated, truncated, _ = env.step(action)
                    yield Step(view, action, float(reward))
                    if terminated or truncated:
                        return
        finally:
            env.close()

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


class _Maker:
    """Makes environments, and says in this package's words why one cannot be made."""

    def __init__(
        self,
        environment: str | Callable[[], Env[Any, Any]],
        max_steps: int | None,
        kwargs: dict[str, Any],
    ) -> None:
        self.max_steps, self.kwargs = max_steps, kwargs
        self.id = environment if isinstance(environment, str) else None
        self._factory = None if isinstance(environment, str) else environment
        self.what = "environment" if self.id is None else f"environment {self.id!r}"
        self.spec: EnvSpec | None = None
        if self.id is not None:
            self.spec = _spec(self.id)
        elif not callable(environment):
            rule = "an id or a function that makes an environment"
            raise TypeError(_checks.message("environment", rule, environment))
        elif kwargs:
            rule = "none beside a function that makes the environment"
            raise ValueError(_checks.message("make_kwargs", rule, kwargs))
        if "max_episode_steps" in kwargs:
            rule = "no max_episode_steps"
            raise ValueError(_checks.message("make_kwargs", rule, kwargs, "Pass max_steps."))

    def make(self, render_mode: str | None = None) -> Env[Any, Any]:
        """A single environment with its wrappers."""
        kwargs = self.kwargs if render_mode is None else self.kwargs | {"render_mode": render_mode}
        with _quiet(), _named_packages(self.what):
            if self._factory is None:
                assert self.id is not None
                env = gymnasium.make(
                    self.id,
                    max_episode_steps=self.max_steps,
                    **{"disable_env_checker": True, **kwargs},
                )
            else:
                env = self._factory()
        if not isinstance(env, Env):
            rule = "a function that returns a gymnasium.Env"
            raise TypeError(_checks.message("environment", rule, f"one that returned {env!r}"))
        if render_mode is not None and env.render_mode != render_mode:
            env.close()
            raise ValueError(
                _checks.message(
                    "render_mode", f"{env.render_mode!r} as the environment is made",
                    repr(render_mode),
                    "Change the function that makes it.",
                )
            )  # fmt: skip
        return env

    def bare(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """Without the wrappers that ``gymnasium.make`` adds and that this module replaces:
        steps are counted here, and reset always comes first."""
        while self._factory is None and type(env) in (TimeLimit, OrderEnforcing):
            env = env.env  # type: ignore[attr-defined]
        return env

    def limit(self, env: Env[Any, Any]) -> int:
        """Most steps of an episode."""
        limits = [self.max_steps] if self.max_steps else []
        if not limits or self._factory is not None:
            layer = env
            while isinstance(layer, gymnasium.Wrapper):
                if isinstance(layer, TimeLimit):
                    limits.append(layer._max_episode_steps)
                layer = layer.env
            if env.spec is not None and env.spec.max_episode_steps:
                limits.append(env.spec.max_episode_steps)
        if not limits:
            got = "one whose episodes may never end"
            raise ValueError(_checks.message(self.what, "a limit of steps", got, "Pass max_steps."))
        return min(limits)

    def vector(self, count: int) -> VectorEnv[Any, Any, Any]:
        """A vector environment of ``count`` slots, by its own vector entry point."""
        kwargs = dict(self.kwargs)
        if self.max_steps is not None:
            kwargs["max_episode_steps"] = self.max_steps
        assert self.id is not None
        with _quiet():
            return gymnasium.make_vec(
                self.id, count, vectorization_mode="vector_entry_point", **kwargs
            )

    def single_vector(self) -> VectorEnv[Any, Any, Any] | None:
        """A vector environment of one slot if its starts can be set, else ``None``."""
        if self.spec is None or self.spec.vector_entry_point is None:
            return None
        try:
            env = self.vector(1)
            observation, _ = env.reset(seed=0)
        except (TypeError, ImportError, gymnasium.error.Error):  # what it takes differs
            return None
        state = getattr(env.unwrapped, "state", None)
        if (
            isinstance(state, np.ndarray)
            and isinstance(observation, np.ndarray)
            and state.shape == observation.shape[::-1]
            and np.array_equal(state.T.astype(observation.dtype), observation)
        ):
            return env
        env.close()
        return None


class _Pilot:
    """The networks of a rollout, a lane per episode."""

    moments: Moments | None = None

    def __init__(
        self, lanes: Lanes, prepare: Callable[[Array], Array] | None, actions: Actions
    ) -> None:
        self._lanes, self._prepare, self.actions = lanes, prepare, actions

    def outputs(self, x: Array, active: Array) -> Array:
        """Observations (A, I) of the episodes ``active`` (A,) → (A, O)."""
        if self.moments is not None:
            self.moments.gather(x)
        if self._prepare is not None:
            x = self._prepare(x)
        return self._lanes.activate(x, active)


class _Rollout:
    """N·E episodes; number n·E + k is the k-th of network n.

    Attributes:
        seeds: (E,) int64.
        returns: (N·E,) float64.
        steps: Steps taken, of all episodes.
        terminated: Episodes that ended in the environment.
        truncated: Episodes that were cut off.
        failures: Why, by number of episode.
    """

    def __init__(self, seeds: Array, n_networks: int) -> None:
        self.seeds = seeds
        self.n_networks = n_networks
        self.returns = np.zeros(seeds.size * n_networks)
        self.steps = self.terminated = self.truncated = 0
        self.failures: dict[int, str] = {}

    def fail(self, job: int, step: int, why: str | Exception) -> None:
        """Note that episode ``job`` failed."""
        if isinstance(why, Exception):
            why = f"{type(why).__name__}: {why}"
        self.failures[job] = f"episode {job % self.seeds.size}, step {step}: {why}"
        self.returns[job] = np.nan


class _Runner(Protocol):
    def run(self, pilot: _Pilot, rollout: _Rollout) -> None: ...

    def close(self) -> None: ...


class _Vector:
    """All episodes side by side in one vector environment, a slot each.

    A slot is masked after its first end, so it does not matter whether and when the
    environment resets it (Gymnasium's next-step and same-step modes); where it never does
    (disabled), ended slots are reset here, only to keep them steppable.
    """

    def __init__(self, maker: _Maker, single: VectorEnv[Any, Any, Any], max_steps: int) -> None:
        self._maker, self._max_steps = maker, max_steps
        self._envs: dict[int, VectorEnv[Any, Any, Any]] = {1: single}

    def close(self) -> None:
        while self._envs:
            self._envs.popitem()[1].close()

    def _env(self, count: int) -> VectorEnv[Any, Any, Any]:
        """The environment of ``count`` slots, kept between calls."""
        env = self._envs.pop(count, None) or self._maker.vector(count)
        self._envs[count] = env
        if len(self._envs) > _VECTOR_ENVIRONMENTS:
            self._envs.pop(next(iter(self._envs))).close()
        return env

    def _start(self, env: VectorEnv[Any, Any, Any], rollout: _Rollout) -> Array:
        """Give every network the same E starts, those of one slot reset with each seed.

        Returns:
            (N·E, I) first observations.
        """
        single = self._env(1)
        starts = []
        for seed in rollout.seeds.tolist():
            single.reset(seed=seed)
            starts.append(_state(single)[:, 0].copy())
        observation, _ = env.reset(seed=0)
        _state(env)[:] = np.tile(np.stack(starts, axis=1), rollout.n_networks)
        return np.ascontiguousarray(_state(env).T, observation.dtype)

    def run(self, pilot: _Pilot, rollout: _Rollout) -> None:
        """Play all episodes to their end."""
        count = rollout.returns.size
        active = np.arange(count)
        step = 0
        try:
            env = self._env(count)
            x = self._start(env, rollout)
        except Exception as error:
            self._give_up(rollout, active, step, error)
            return
        never_resets = "DISABLED" in str(env.metadata.get("autoreset_mode"))
        actions: Any = None
        while True:
            fine = np.isfinite(x)
            if not fine.all():
                bad = ~fine.all(axis=1)
                for job, seen in zip(active[bad].tolist(), x[bad], strict=True):
                    rollout.fail(job, step, _bad_observation(seen))
                active, x = active[~bad], x[~bad]
            if active.size == 0:
                return
            chosen = pilot.actions.batch(pilot.outputs(x, active))
            if active.size == count:
                actions = chosen
            else:
                if actions is None:  # masked slots need an action too, any will do
                    actions = np.repeat(chosen[:1], count, axis=0)
                actions[active] = chosen
            step += 1
            try:
                observation, *answer, _ = env.step(actions)
                if never_resets and (answer[1] | answer[2]).any():
                    env.reset(options={"reset_mask": answer[1] | answer[2]})
            except Exception as error:
                self._give_up(rollout, active, step, error)
                return
            over = self._take(rollout, active, step, answer)
            if over is not None:
                active = active[~over]
            x = observation if active.size == count else observation.take(active, axis=0)

    def _take(self, rollout: _Rollout, active: Array, step: int, answer: list[Array]) -> Any:
        """Add up one step's (reward, terminated, truncated), each (slots,).

        Returns:
            (A,) bool, which episodes of ``active`` are over, or ``None`` for none.
        """
        rollout.steps += active.size
        if active.size < answer[0].size:
            answer = [part[active] for part in answer]
            rollout.returns[active] += answer[0]
        else:
            rollout.returns += answer[0]
        reward, terminated, truncated = answer
        if step >= self._max_steps:
            truncated = np.ones_like(truncated)
        over = terminated | truncated
        finite = np.isfinite(reward)
        if finite.all():
            if not over.any():
                return None
        else:
            over = over | ~finite
            for row in np.flatnonzero(~finite).tolist():
                rollout.fail(int(active[row]), step, _bad_reward(reward[row]))
        rollout.terminated += int(np.count_nonzero(terminated & finite))
        rollout.truncated += int(np.count_nonzero(truncated & ~terminated & finite))
        return over

    def _give_up(self, rollout: _Rollout, active: Array, step: int, error: Exception) -> None:
        """All running episodes fail: of which slot it was, only the environment knows."""
        for job in active.tolist():
            rollout.fail(job, step, error)
        self._envs.pop(rollout.returns.size, None)


class _Rows(NamedTuple):
    """Running episodes; row r is played in the pool's environment r."""

    x: Array  # (slots, I) float64, what the network sees next
    job: Array  # (slots,) int64, number of the episode
    started: list[int]  # tick before its first


class _Batched:
    """A pool of single environments; one whose episode is over takes the next.

    All running episodes, in rows 0…A−1, share one call of the networks per tick.
    """

    def __init__(
        self,
        maker: _Maker,
        first: Env[Any, Any],
        observations: Observations,
        max_steps: int,
        slots: int,
    ) -> None:
        self._maker, self._observations = maker, observations
        self._max_steps, self._slots = max_steps, slots
        self._pool = [maker.bare(first)]

    def close(self) -> None:
        while self._pool:
            self._pool.pop().close()

    def run(self, pilot: _Pilot, rollout: _Rollout) -> None:
        """Play all episodes to their end."""
        count = rollout.returns.size
        slots = min(self._slots, count)
        while len(self._pool) < slots:
            self._pool.append(self._maker.bare(self._maker.make()))
        x = np.empty((slots, self._observations.size))
        rows = _Rows(x, np.zeros(slots, np.int64), [0] * slots)
        waiting = iter(range(count))
        tick = 0
        running = self._fill(rollout, rows, waiting, range(slots), tick)
        while running:
            job = rows.job[:running]
            fine = np.isfinite(x[:running])
            if not fine.all():
                over = np.flatnonzero(~fine.all(axis=1)).tolist()
                for row in over:
                    why = _bad_observation(x[row])
                    rollout.fail(int(job[row]), tick - rows.started[row], why)
            else:
                tick += 1
                actions = pilot.actions.each(pilot.outputs(x[:running], job))
                over = self._step(rollout, rows, actions, tick)
            if over:
                filled = self._fill(rollout, rows, waiting, over, tick)
                running = self._compact(rows, running, over[filled:])

    def _step(self, rollout: _Rollout, rows: _Rows, actions: Any, tick: int) -> list[int]:
        """Step the running environments; which rows' episodes are over."""
        x, job, started = rows
        pool, flat = self._pool, None if self._observations.direct else self._observations.flat
        infinity, last_start = np.inf, tick - self._max_steps
        rewards = [0.0] * len(actions)
        over, raised = [], 0
        for row, action in enumerate(actions):
            try:
                observation, reward, terminated, truncated, _ = pool[row].step(action)
                x[row] = observation if flat is None else flat(observation)
                rewards[row] = reward = float(reward)
            except Exception as error:
                rollout.fail(int(job[row]), tick - started[row], error)
                self._rebuild(row)
                over.append(row)
                raised += 1
                continue
            if not -infinity < reward < infinity:
                rollout.fail(int(job[row]), tick - started[row], _bad_reward(reward))
                over.append(row)
            elif terminated:
                rollout.terminated += 1
                over.append(row)
            elif truncated or started[row] <= last_start:
                rollout.truncated += 1
                over.append(row)
        rollout.steps += len(rewards) - raised
        rollout.returns[job[: len(rewards)]] += rewards
        return over

    def _fill(
        self,
        rollout: _Rollout,
        rows: _Rows,
        waiting: Iterator[int],
        free: Iterable[int],
        tick: int,
    ) -> int:
        """Start waiting episodes in free rows; how many of these got one, from the first on."""
        filled = 0
        for row in free:
            for job in waiting:
                try:
                    seed = int(rollout.seeds[job % rollout.seeds.size])
                    observation, _ = self._pool[row].reset(seed=seed)
                    rows.x[row] = self._observations.flat(observation)
                except Exception as error:
                    rollout.fail(job, 0, error)
                    self._rebuild(row)
                    continue
                rows.job[row], rows.started[row] = job, tick
                filled += 1
                break
            else:
                break
        return filled

    def _compact(self, rows: _Rows, running: int, free: list[int]) -> int:
        """Move the last rows into free ones; how many rows are left."""
        for row in reversed(free):
            running -= 1
            if row < running:
                for column in rows:
                    column[row] = column[running]
                self._pool[row], self._pool[running] = self._pool[running], self._pool[row]
        return running

    def _rebuild(self, row: int) -> None:
        """Replace an environment that raised."""
        with suppress(Exception):
            self._pool[row].close()
        self._pool[row] = self._maker.bare(self._maker.make())


def _state(env: VectorEnv[Any, Any, Any]) -> Array:
    """(k, slots)."""
    state: Array = env.unwrapped.state  # type: ignore[attr-defined]
    return state


def _bad_observation(x: Array) -> str:
    return f"expected finite observations, got {float(x[~np.isfinite(x)][0])}"


def _bad_reward(reward: float) -> str:
    return f"expected a finite reward, got {float(reward)}"


def _spec(name: str) -> EnvSpec:
    """The registered environment of that id.

    Raises:
        ValueError: There is none.
    """
    module, _, plain = name.rpartition(":")
    if module:
        importlib.import_module(module)
    if plain not in gymnasium.registry:
        hint = _checks.nearest(plain, gymnasium.registry)
        if not hint.startswith("Did"):
            hint = "gymnasium.pprint_registry() lists them."
        raise ValueError(
            _checks.message(
                f"environment {name!r}", "a registered Gymnasium id", "an unknown one", hint
            )
        )
    return gymnasium.registry[plain]


@contextmanager
def _named_packages(what: str) -> Iterator[None]:
    """Say which of this package's extras brings what an environment lacks."""
    try:
        yield
    except DependencyNotInstalled as error:
        extras = [extra for word, extra in _EXTRAS.items() if word in str(error).lower()]
        remedy = f'Run pip install "neatgrow[{extras[0]}]".' if extras else str(error)
        raise ImportError(
            _checks.message(what, "the packages it needs", "not all of them", remedy)
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings that no user of this package can act on."""
    with warnings.catch_warnings():
        # Box2D's and pygame's imports; autoreset modes do not matter here.
        warnings.filterwarnings("ignore", "builtin type [sS]wig", DeprecationWarning)
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        warnings.filterwarnings("ignore", ".*pkg_resources", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*autoreset_?mode", UserWarning)
        yield
