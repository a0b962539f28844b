"""Making Gymnasium environments, and saying why one cannot be made."""

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import DependencyNotInstalled
from gymnasium.vector import VectorEnv
from gymnasium.wrappers import OrderEnforcing, TimeLimit

from neatgrow import _checks

DEFAULT_STEPS = 1000  # of an episode, where nothing else limits it
_EXTRAS = {"box2d": "box2d", "mujoco": "mujoco", "pygame": "render"}


class Maker:
    """Makes environments, and says in this package's words why one cannot be made."""

    def __init__(
        self,
        environment: str | Callable[[], Env[Any, Any]] | Env[Any, Any],
        max_steps: int | None,
        kwargs: dict[str, Any],
        wrappers: Sequence[Callable[[Env[Any, Any]], Env[Any, Any]]] = (),
    ) -> None:
        self.max_steps, self.kwargs = max_steps, kwargs
        if not isinstance(wrappers, Sequence) or not all(callable(one) for one in wrappers):
            rule = "a sequence of functions that take an environment and return one"
            raise TypeError(_checks.message("wrappers", rule, wrappers))
        self.wrappers = tuple(wrappers)
        self.id = environment if isinstance(environment, str) else None
        self.source = environment
        self.alone = isinstance(environment, Env)  # there is this one, and no other can be made
        self._made: Env[Any, Any] | None = None
        self._factory: Callable[..., Env[Any, Any]] | None = None
        if isinstance(environment, Env):
            self._factory = lambda: environment
        elif not isinstance(environment, str):
            self._factory = environment
        self.what = "environment" if self.id is None else f"environment {self.id!r}"
        self.spec: EnvSpec | None = None
        self.unlimited = False  # whether the environment has no limit of steps
        if self.id is not None:
            self.spec = _spec(self.id)
        elif not callable(self._factory):
            rule = "an id, a function that makes an environment, or an environment"
            raise TypeError(_checks.message("environment", rule, environment))
        elif kwargs:
            rule = "none beside a function that makes the environment"
            if self.alone:
                rule = "none beside an environment that is made"
            raise ValueError(_checks.message("make_kwargs", rule, kwargs))
        if "max_episode_steps" in kwargs:
            rule = "no max_episode_steps"
            raise ValueError(_checks.message("make_kwargs", rule, kwargs, "Pass max_steps."))

    def make(self, render_mode: str | None = None) -> Env[Any, Any]:
        """A single environment with its wrappers, rendered in a mode or not at all; always the
        same one where an environment was given.
        """
        if self._made is not None:
            return self._rendered(self._made, render_mode)
        kwargs = self.kwargs if render_mode is None else self.kwargs | {"render_mode": render_mode}
        with quiet(), named_packages(self.what):
            if self._factory is None:
                assert self.id is not None
                env = gymnasium.make(
                    self.id,
                    max_episode_steps=self.max_steps,
                    **{"disable_env_checker": True, **kwargs},
                )
            else:
                env = self._factory(**self._rendering(render_mode))
        if not isinstance(env, Env):
            rule = "a function that returns a gymnasium.Env"
            raise TypeError(_checks.message("environment", rule, f"one that returned {env!r}"))
        for wrapper in self.wrappers:
            with named_packages(self.what):
                env = wrapper(env)
            if not isinstance(env, Env):
                rule = "functions that take an environment and return one"
                got = f"{_checks.shown(wrapper)}, which returned {env!r}"
                raise TypeError(_checks.message("wrappers", rule, got))
        if self.alone:
            self._made = env
        return self._rendered(env, render_mode)

    def _rendering(self, render_mode: str | None) -> dict[str, Any]:
        """``render_mode``, for a function that takes one."""
        assert self._factory is not None
        try:
            takes = "render_mode" in inspect.signature(self._factory).parameters
        except (TypeError, ValueError):  # of builtins
            takes = False
        return {"render_mode": render_mode} if takes and render_mode is not None else {}

    def _rendered(self, env: Env[Any, Any], render_mode: str | None) -> Env[Any, Any]:
        """An environment, if it renders as asked."""
        if render_mode is not None and env.render_mode != render_mode:
            self.part_with(env)
            remedy = "Change the function that makes it."
            if self.alone:
                remedy = "Make it with that render_mode."
            rule = f"{env.render_mode!r} as the environment is made"
            raise ValueError(_checks.message("render_mode", rule, repr(render_mode), remedy))
        return env

    def part_with(self, env: Env[Any, Any]) -> None:
        """Close an environment that :meth:`make` made; one that was given is its owner's."""
        if not self.alone:
            env.close()

    def start(self, env: Env[Any, Any], seed: int) -> Any:
        """Reset to the episode of a seed; its first observation.

        BipedalWalker keeps its physics' world, and with it what happened there, from episode to
        episode, so it gets a new one, as LunarLander makes by itself.
        """
        bare = env.unwrapped
        if type(bare).__name__ == "BipedalWalker" and getattr(bare, "terrain", None):
            bare._destroy()  # type: ignore[attr-defined]
            bare.world = type(bare.world)()  # type: ignore[attr-defined]
        try:
            answer = env.reset(seed=seed)
        except TypeError as error:
            if "unexpected keyword argument" not in str(error):
                raise
            rule = "reset(self, *, seed=None, options=None), as Gymnasium's environments have it"
            raise TypeError(_checks.message(f"reset of {self.what}", rule, str(error))) from error
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], dict)):
            rule = "an observation and a dict, as Gymnasium's reset returns them"
            got = _checks.shown(answer)
            remedy = "Write: return observation, {}."
            raise TypeError(_checks.message(f"reset of {self.what}", rule, got, remedy))
        return answer[0]

    def ignores_seeds(self, env: Env[Any, Any], flat: Callable[[Any], Any]) -> bool:
        """Whether two resets with the same seed begin with different observations."""
        try:
            first = np.array(flat(self.start(env, 1)))
            return not np.array_equal(first, flat(self.start(env, 1)), equal_nan=True)
        except Exception:  # which the episodes themselves will meet and tell
            return False

    def bare(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """Without the wrappers that ``gymnasium.make`` adds and that this module replaces:
        steps are counted here, and reset always comes first."""
        plain = self._factory is None and not self.wrappers
        while plain and type(env) in (TimeLimit, OrderEnforcing):
            env = env.env  # type: ignore[attr-defined]
        return env

    def limit(self, env: Env[Any, Any]) -> int:
        """Most steps of an episode: the least of all limits that are known of, or the default."""
        limits = [self.max_steps] if self.max_steps else []
        if not limits or self._factory is not None or self.wrappers:
            layer = env
            while isinstance(layer, gymnasium.Wrapper):
                if isinstance(layer, TimeLimit):
                    limits.append(layer._max_episode_steps)
                layer = layer.env
            if env.spec is not None and env.spec.max_episode_steps:
                limits.append(env.spec.max_episode_steps)
        self.unlimited = not limits
        return min(limits, default=DEFAULT_STEPS)

    def vector(self, count: int) -> VectorEnv[Any, Any, Any]:
        """A vector environment of ``count`` slots, by its own vector entry point."""
        kwargs = dict(self.kwargs)
        if self.max_steps is not None:
            kwargs["max_episode_steps"] = self.max_steps
        assert self.id is not None
        with quiet():
            return gymnasium.make_vec(
                self.id, count, vectorization_mode="vector_entry_point", **kwargs
            )

    def single_vector(self) -> VectorEnv[Any, Any, Any] | None:
        """A vector environment of one slot if its starts can be set, else ``None``."""
        if self.spec is None or self.spec.vector_entry_point is None or self.wrappers:
            return None
        env = None
        try:
            env = self.vector(1)
            observation, _ = env.reset(seed=0)
        except Exception:  # of many kinds: what it takes differs
            if env is not None:
                env.close()
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


def contract(error: BaseException) -> BaseException:
    """An error of a step; said in Gymnasium's terms where it returned another number of values."""
    if not (isinstance(error, ValueError) and "values to unpack (expected" in str(error)):
        return error
    rule = "observation, reward, terminated, truncated, info, as Gymnasium's step returns them"
    remedy = "Gym before 0.26 had one done in place of terminated and truncated."
    told = TypeError(_checks.message("step of the environment", rule, str(error), remedy))
    told.__cause__ = error
    return told


def _spec(name: str) -> EnvSpec:
    """The registered environment of that id.

    Raises:
        ValueError: There is none.
        ImportError: The module that registers it cannot be imported.
    """
    module, _, plain = name.rpartition(":")
    if module:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            rule = f"a module {module!r} that registers it"
            raise ImportError(_checks.message(f"environment {name!r}", rule, str(error))) from error
        except (SystemExit, GeneratorExit) as error:  # which must not end the caller
            rule = f"a module {module!r} that can be imported"
            got = f"one that raised {type(error).__name__}: {error}"
            raise ImportError(_checks.message(f"environment {name!r}", rule, got)) from error
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
def named_packages(what: str) -> Iterator[None]:
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
def quiet() -> Iterator[None]:
    """Without warnings that no user of this package can act on."""
    with warnings.catch_warnings():
        # Box2D's and pygame's imports; autoreset modes do not matter here.
        warnings.filterwarnings("ignore", "builtin type [sS]wig", DeprecationWarning)
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        warnings.filterwarnings("ignore", ".*pkg_resources", DeprecationWarning)
        warnings.filterwarnings("ignore", ".*autoreset_?mode", UserWarning)
        warnings.filterwarnings("ignore", ".*precision lowered by casting", UserWarning)
        yield
