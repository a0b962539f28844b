"""The policy while it learns: an evolved graph, and its clipped policy gradient."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from neatgrow._types import Array
from neatgrow.genomes.columns import names_of, plain
from neatgrow.genomes.genomes import Genome
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import functions, random
from neatgrow.kernels.backward import Data
from neatgrow.kernels.layout import ACTIVATION, BIAS
from neatgrow.learning.policy.distributions import Distribution
from neatgrow.learning.policy.experience import Act, Experience
from neatgrow.learning.policy.settings import PPO
from neatgrow.learning.training import Trainer, held, recipe_of
from neatgrow.networks.networks import Networks

_EVERYTHING = 1 << 40  # samples per step, where a call's own number is meant


class Lesson(NamedTuple):
    """Decisions as the graph takes them: T = 1 of B samples, or T ticks of B episodes."""

    inputs: Array  # (T, I, B) as they enter the network
    actions: Array  # (T, B, O)
    advantage: Array  # (T, B)
    counts: Array  # (T, B) bool

    def part(self, rows: Array) -> "Lesson":
        """Some of the B."""
        return Lesson(self.inputs[..., rows], *(column[:, rows] for column in self[1:]))


class Progress(NamedTuple):
    """What an update came to, means over its steps but for ``divergence``, its last epoch's."""

    entropy: float
    clipped: float  # share of decisions beyond the clip
    divergence: float  # of the policy from what it was, in nats


def surrogate(
    distribution: Distribution,
    outputs: Array,
    actions: Array,
    old: Array,
    advantage: Array,
    ppo: PPO,
) -> tuple[float, Array, Progress]:
    """L = −mean(min(ρ Â, clip(ρ, 1 − ε, 1 + ε) Â)) − c·mean(H) with ρ = p(a)/p_old(a).

    The slope of a decision's first term is −ρ Â ∂ln p(a), or 0 beyond the clip. Divergence is
    estimated as mean(ρ − 1 − ln ρ). Source: Schulman et al. (2017), equations 7 and 9, with a
    critic of its own in the place of its second term.

    Args:
        distribution: How actions were drawn.
        outputs: (B, O + K).
        actions: (B, O).
        old: (B,) ln p_old(a).
        advantage: (B,) Â.
        ppo: With ε ``clip_range`` and c ``ent_coef``.

    Returns:
        L, ∂L/∂outputs (B, O + K) float64, and what it came to.
    """
    found = distribution.likelihood(outputs, actions)
    gap = found.log - old
    ratio = np.exp(gap)
    kept = np.clip(ratio, 1.0 - ppo.clip_range, 1.0 + ppo.clip_range)
    worth = np.minimum(ratio * advantage, kept * advantage)
    moves = np.where(advantage >= 0.0, ratio < 1.0 + ppo.clip_range, ratio > 1.0 - ppo.clip_range)
    slopes = -(moves * ratio * advantage)[:, None] * found.d_log
    slopes -= ppo.ent_coef * found.d_entropy
    loss = -worth.mean() - ppo.ent_coef * found.entropy.mean()
    told = Progress(
        float(found.entropy.mean()),
        float((np.abs(ratio - 1.0) > ppo.clip_range).mean()),
        float((ratio - 1.0 - gap).mean()),
    )
    return float(loss), slopes / len(outputs), told


class Actor:
    """A genome that learns to act.

    Graphs without state learn from single decisions, those with loops, delays or dynamics from
    whole episodes from state 0, by gradients through time.

    Args:
        genome: Carries the statistics of observations, where they are standardised.
        distribution: Of its actions.
        start: (K,) further outputs to begin with.
        ppo: How it learns.
        iterations: How many updates there will be, at most.
        seed: Keys batches.
        dtype: float32 or float64.
    """

    def __init__(
        self, genome: Genome, distribution: Distribution, start: Array, ppo: PPO,
        iterations: int, seed: int, dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        self._genome, self._distribution, self._ppo = genome, distribution, ppo
        self._seed, self._updates, self._dtype = seed, 0, dtype
        # A recipe for no data: what depends on data is set with each call.
        nothing = np.zeros((1, 1, 1, 1))
        recipe = recipe_of(
            "given", ppo.optimizer, iterations, Data(nothing, nothing, nothing),
            clip=1.0, window=ppo.window,
        )  # fmt: skip
        self._recipe = recipe._replace(batch=_EVERYTHING)
        working = with_constants(genome, start)
        self._trainer = Trainer(working.batch(), self._recipe, dtype)
        plan = self._trainer.networks.plan
        self._has_state = bool(plan.has_state[0])
        # On inputs that are standardised already.
        face = Interface(genome.n_inputs, genome.n_outputs + start.size)
        self._plain = Networks(plan, face, self._trainer.networks._genes)

    @property
    def networks(self) -> Networks:
        """One network of O + K outputs, as it is now."""
        return self._trainer.networks

    @property
    def lost(self) -> bool:
        """Whether a gradient was no longer finite, which ends learning."""
        return bool(self._trainer.stopped[0] >= 0)

    def genome(self) -> Genome:
        """The genome as it has become."""
        return without_constants(self._trainer.tuned()[0], self._genome)

    def act(self, seed: int) -> Act:
        """What draws actions, keyed by this seed, episode and tick."""

        def draw(outputs: Array, episodes: Array, ticks: Array) -> Array:
            uniform = np.empty((len(outputs), 2 * self._distribution.size))
            random.draw_rows(seed, random.POLICY, ticks, episodes, uniform)
            with np.errstate(all="ignore"):  # a policy that has run away fails elsewhere
                return self._distribution.sample(outputs, uniform)

        return draw

    def update(self, experience: Experience, advantage: Array) -> Progress:
        """Some epochs over what was met, in batches, until the policy has changed enough.

        Args:
            experience: S decisions of this very policy.
            advantage: (S,) Â; standardised here.
        """
        ppo, lesson = self._ppo, self._lesson(experience, advantage)
        window = ppo.window or lesson.inputs.shape[0]
        self._trainer.recipe = held(self._recipe._replace(window=window), self._updates)
        rng = np.random.default_rng((self._seed, self._updates))
        self._updates += 1
        n_ticks, n_rows = lesson.counts.shape
        n_batches = max(1, min(n_rows, round(lesson.counts.sum() / ppo.batch_size)))
        everything: list[Progress] = []
        with np.errstate(all="ignore"):  # what is not finite stops the trainer
            old = np.zeros((n_ticks, n_rows))
            found = self._distribution.likelihood(
                self._outputs(lesson), lesson.actions[lesson.counts]
            )
            old[lesson.counts] = found.log
            for _ in range(ppo.n_epochs):
                told = []
                for rows in np.array_split(rng.permutation(n_rows), n_batches):
                    if lesson.counts[:, rows].any():  # else all were cut off after one decision
                        told.append(self._step(lesson.part(rows), old[:, rows]))
                everything += told
                diverged = float(np.mean([each.divergence for each in told]))
                if self.lost or diverged > (ppo.divergence or np.inf):
                    break
        entropy, clipped, _ = np.mean(everything, axis=0).tolist()
        return Progress(entropy, clipped, diverged)

    def _lesson(self, experience: Experience, advantage: Array) -> Lesson:
        """Decisions that count, laid out for the graph."""
        counts = experience.counts
        usable = advantage[counts]
        standard = (advantage - usable.mean()) / max(float(usable.std()), 1e-8)
        inputs = self.networks.interface.prepared(experience.x)
        columns = (inputs, experience.actions, standard, counts)
        if not self._has_state:
            x, actions, worth, chosen = (column[counts][None] for column in columns)
        else:
            lengths = np.diff(experience.start)
            episode = np.repeat(np.arange(lengths.size), lengths)
            tick = np.arange(counts.size) - experience.start[episode]
            tables = []
            for column in columns:
                shape = (int(lengths.max()), lengths.size, *column.shape[1:])
                tables.append(np.zeros(shape, column.dtype))
                tables[-1][tick, episode] = column
            x, actions, worth, chosen = tables
        x = np.ascontiguousarray(np.swapaxes(x, 1, 2), self._dtype)
        return Lesson(x, actions, worth, chosen)

    def _outputs(self, lesson: Lesson) -> Array:
        """(B′, O + K) float64 of the decisions that count."""
        outputs = self._plain.run(np.swapaxes(lesson.inputs, 1, 2))[0]
        return np.asarray(outputs[lesson.counts], np.float64)

    def _step(self, lesson: Lesson, old: Array) -> Progress:
        """One step along the gradient of a batch."""
        _, data, told = self.objective(lesson, old)
        self._trainer.learn(data, 1)
        return told

    def objective(self, lesson: Lesson, old: Array) -> tuple[float, Data, Progress]:
        """:func:`surrogate` of the decisions that count, its slopes as the kernels take them.

        Args:
            lesson: Of T ticks and B rows.
            old: (T, B) ln p_old(a).
        """
        counts = lesson.counts
        loss, slopes, told = surrogate(
            self._distribution, self._outputs(lesson), lesson.actions[counts], old[counts],
            lesson.advantage[counts], self._ppo,
        )  # fmt: skip
        targets = np.zeros((*counts.shape, slopes.shape[1]), self._dtype)
        targets[counts] = slopes
        data = Data(
            np.ascontiguousarray(lesson.inputs)[None],
            np.ascontiguousarray(np.swapaxes(targets, 1, 2))[None],
            np.ascontiguousarray(counts, self._dtype)[None],
        )
        return loss, data, told


def with_constants(genome: Genome, values: Array) -> Genome:
    """The genome with K more outputs, linear nodes of these biases (K,) without connections.

    Only for learning: where hidden nodes have ids that the new outputs take, those move up, and
    innovation numbers stay as they were.
    """
    packed, face = genome.packed, genome.interface
    n_out, count = face.outputs, values.size
    first = face.inputs + n_out
    ids = [packed.node_id, packed.source, packed.target]
    if (packed.node_id[n_out:] < first + count).any():
        ids = [np.where(column >= first, column + count, column) for column in ids]

    def widened(column: Array, rows: Array) -> Array:
        return np.concatenate([column[:n_out], rows, column[n_out:]])

    names = names_of(face.columns)
    node_values = np.tile([plain(name) for name in names.node_values], (count, 1))
    node_choices = np.tile(
        np.array([plain(name) for name in names.node_choices], np.uint8), (count, 1)
    )
    node_values[:, BIAS], node_choices[:, ACTIVATION] = values, functions.IDENTITY
    wide = packed._replace(
        node_ptr=np.array([0, packed.node_id.size + count]),
        node_id=widened(ids[0], np.arange(first, first + count)),
        node_birth=widened(packed.node_birth, np.full(count, packed.node_birth[0])),
        node_values=widened(packed.node_values, node_values),
        node_choices=widened(packed.node_choices, node_choices),
        source=ids[1], target=ids[2],
    )  # fmt: skip
    return Genome(wide, replace(face, outputs=n_out + count, output_names=None))


def without_constants(wide: Genome, genome: Genome) -> Genome:
    """``genome`` with the values that its wider twin has learned, in arrays of its own."""
    n_out, count = genome.n_outputs, wide.n_outputs - genome.n_outputs
    values = np.delete(wide.packed.node_values, np.s_[n_out : n_out + count], axis=0)
    learned = genome.packed._replace(
        node_values=values, connection_values=wide.packed.connection_values
    )
    return Genome(learned, genome.interface).copy()
