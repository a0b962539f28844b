"""An evolved controller to be used: observations as the environment gives them in, actions out."""

from os import PathLike
from typing import Any

import numpy as np
from gymnasium.spaces import Space

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.files.archive import DAMAGE, damaged, plain, read_archive, whole, write_archive
from neatgrow.files.genomes import pack_genomes, unpack_genomes
from neatgrow.genomes.genomes import Genome
from neatgrow.problems.gymnasium.preparation import Preparation
from neatgrow.problems.gymnasium.space_files import described_space, space_of
from neatgrow.problems.gymnasium.spaces import Observations, actions_of

FORMAT, VERSION = "neatgrow policy", 1
_MOST_SKIPPED = 1 << 20


class _Memory:
    """What B episodes that go on side by side remember."""

    def __init__(self, policy: "Policy", count: int) -> None:
        self.lanes = policy._networks.lanes(np.zeros(count, np.int64))
        self.step = np.zeros(count, np.int64)  # of each episode
        self.outputs = np.zeros((count, policy._actions.size), policy._networks.dtype)

    def reset(self, episodes: Array) -> None:
        """Begin again where ``episodes`` (B,) is true."""
        self.lanes.reset(np.flatnonzero(episodes))
        self.step[episodes] = 0


class Policy:
    """A network with all that stands between it and an environment.

    ``policy(observation)`` gives the action that ``env.step`` takes, as the problem judged it:
    observations are scaled, clipped and standardised, actions held for ``frame_skip`` steps, and
    drawn where the problem draws them. The network's state is kept from step to step until
    :meth:`reset`, which belongs at the beginning of each episode; where the problem shows samples
    without an order, each begins at state 0. Both take batches as well, of as many episodes side
    by side, and then give an array of actions, as vector environments do.

    :meth:`predict` is what Stable-Baselines3 calls a policy's: its ``evaluate_policy`` takes one.

    Made by ``result.policy()``, ``genome.policy(problem)`` or :meth:`load`.

    Args:
        genome: A graph, with statistics of inputs where it needs any.
        observation_space: Of the environment.
        action_space: …
        clip_observations: As for :class:`neatgrow.Gymnasium`, as are the next two.
        frame_skip: …
        sample: …
        sequential: Whether the network's state is kept from one observation to the next.

    Raises:
        ValueError: The genome has other inputs and outputs than the spaces ask for, or is one of
            an encoding; or a space has no rule.
    """

    def __init__(
        self,
        genome: Genome,
        observation_space: Space[Any],
        action_space: Space[Any],
        *,
        clip_observations: float | None = None,
        frame_skip: int = 1,
        sample: bool = False,
        sequential: bool = True,
    ) -> None:
        face = genome.interface
        face.check_graph("genome")
        self._observations = Observations(observation_space, "the policy")
        self._actions = actions_of(action_space, "the policy")
        wanted = (self._observations.size, self._actions.size)
        if (face.inputs, face.outputs) != wanted:
            rule = f"{wanted[0]} inputs and {wanted[1]} outputs, as the spaces have"
            raise ValueError(_checks.message("genome", rule, f"{face.inputs} and {face.outputs}"))
        self.genome = genome
        self.observation_space, self.action_space = observation_space, action_space
        self._clip, self._skip = clip_observations, frame_skip
        self._sample, self._sequential = sample, sequential
        self._prepare = Preparation(face.inputs, False, clip_observations).of(face)
        self._networks = genome.compile().networks
        self.reset()

    def reset(self, seed: int = 0) -> None:
        """Begin an episode: forget what was seen.

        Args:
            seed: Of the draws, where actions are drawn; the same seed gives the same.
        """
        self._memory: _Memory | None = None
        self._random = np.random.default_rng(seed)

    def __call__(self, observation: Any) -> Any:
        """The action for an observation, or an array of B actions for a batch of B.

        Args:
            observation: As the environment gives it.

        Raises:
            ValueError: It is none of the observation space.
        """
        count = self._observations.count(observation)
        lanes = 1 if count is None else count
        if self._memory is None or len(self._memory.lanes) != lanes:
            self._memory = _Memory(self, lanes)
        return self._act(observation, count, self._memory, self._sample)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """As policies of Stable-Baselines3 answer; apart from what calls of the policy remember.

        Args:
            observation: One, or a batch of B.
            state: What the last call returned, which is written to; ``None`` to begin.
            episode_start: (B,) which of them are the first of an episode.
            deterministic: Whether to take the likeliest action where the problem draws them.

        Returns:
            The action or the array of B actions, and the state for the next call.
        """
        count = self._observations.count(observation)
        lanes = 1 if count is None else count
        if state is not None and not isinstance(state, _Memory):
            rule = "what the last call of predict returned, or None"
            raise TypeError(_checks.message("state", rule, _checks.shown(state)))
        if state is None or len(state.lanes) != lanes:
            state = _Memory(self, lanes)
        elif episode_start is not None:
            state.reset(np.broadcast_to(np.asarray(episode_start, np.bool_), (lanes,)))
        sample = self._sample and not deterministic
        return self._act(observation, count, state, sample), state

    def _act(self, observation: Any, count: int | None, memory: _Memory, sample: bool) -> Any:
        decides = memory.step % self._skip == 0
        memory.step += 1
        if decides.any():
            x = self._observations.rows(observation, count) if count is not None else None
            if x is None:
                x = self._observations.flat(observation)[None]
            active = np.flatnonzero(decides)
            x = x[active] if self._prepare is None else self._prepare(x[active])
            if not self._sequential:
                memory.lanes.reset()
            y = memory.lanes.activate(x, active)
            if sample:
                y = y + self._actions.noise(1.0 - self._random.random(y.shape))
            memory.outputs[active] = y
        if count is None:
            return self._actions.each(memory.outputs)[0]
        return self._actions.batch(memory.outputs)

    def save(self, path: str | PathLike[str]) -> None:
        """Write network, statistics, preparation and spaces to one file without pickles.

        Raises:
            ValueError: The genome is none that could be loaded again.
            OSError: The file cannot be written.
        """
        path = _checks.path("path", path)
        self.genome.check()
        genome, arrays = pack_genomes(self.genome.batch())
        spaces, bounds = {}, {}
        for name in ("observation_space", "action_space"):
            boxes: list[Array] = []
            spaces[name] = described_space(getattr(self, name), boxes)
            bounds[name] = np.concatenate([np.empty((2, 0)), *boxes], axis=1)
        metadata = {
            "format": FORMAT, "version": VERSION, "genome": genome, **spaces,
            "clip_observations": self._clip, "frame_skip": self._skip, "sample": self._sample,
            "sequential": self._sequential,
        }  # fmt: skip
        write_archive(path, metadata, {**arrays, **bounds})

    @staticmethod
    def load(path: str | PathLike[str]) -> "Policy":
        """The policy that :meth:`save` wrote; no code in the file can run.

        Raises:
            FileNotFoundError: There is no such file.
            FileError: The file is damaged, of another program, or of a newer format.
        """
        metadata, arrays = read_archive(path, [FORMAT], VERSION)
        try:
            spaces = {}
            for name in ("observation_space", "action_space"):
                bounds = arrays.pop(name)
                if bounds.dtype != np.float64 or bounds.ndim != 2 or len(bounds) != 2:
                    raise ValueError(f"{name}: expected bounds (2, K)")
                spaces[name] = space_of(plain(metadata, name, dict), bounds)
            (genome,) = unpack_genomes(plain(metadata, "genome", dict), arrays)
            clip = metadata["clip_observations"]
            if clip is not None:
                clip = _checks.number("clip_observations", clip, above=0.0)
            return Policy(
                genome, **spaces, clip_observations=clip,
                frame_skip=whole(metadata, "frame_skip", 1, _MOST_SKIPPED),
                sample=_checks.flag("sample", metadata["sample"]),
                sequential=_checks.flag("sequential", metadata["sequential"]),
            )  # fmt: skip
        except DAMAGE as error:
            raise damaged(path, "a sound policy", error) from error

    def __repr__(self) -> str:
        face = self.genome.interface
        return f"Policy({face.inputs} → {face.outputs}, {self.action_space})"
