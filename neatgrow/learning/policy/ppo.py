"""Policy gradients through an evolved graph: proximal policy optimisation, with a critic.

Sources: Schulman et al. (2017), proximal policy optimisation; Schulman et al. (2016),
generalised advantage estimation.
"""

import math
import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout, random
from neatgrow.learning.policy.actor import Actor
from neatgrow.learning.policy.critic import Critic
from neatgrow.learning.policy.experience import Act, Experience, Practice, advantages
from neatgrow.learning.policy.settings import PPO
from neatgrow.learning.training import ProgressLine
from neatgrow.networks.networks import Networks

_STAGES = 8  # seeds kept for other things than iterations
_WATCH, _CHOOSE, _REPORT, _FIRST, _ACTOR, _CRITIC = range(6)
_SAMPLE = 4000  # outputs looked at for the scale to start with
_COLUMNS = ("iteration", "mean_return", "entropy", "clipped", "divergence", "critic_loss", "steps",
            "validation")  # fmt: skip


@dataclass(frozen=True, eq=False)
class PolicyReport:
    """What learning a policy came to.

    Attributes:
        before: Mean return of the genome given, over ``episodes`` fresh ones.
        learned: The same of the best policy learned, on the same episodes; NaN if nothing was
            learned.
        kept: Whether that policy was returned.
        episodes: How many both figures are means of.
        table: A row per iteration, by name: its number from 1; ``mean_return`` of the episodes
            practised, actions drawn; ``entropy`` of the policy in nats; ``clipped`` share of
            decisions beyond the clip; ``divergence`` from the policy before, in nats;
            ``critic_loss``, squared error over the variance of returns; ``steps`` of the
            environment so far; ``validation``, mean return without draws, NaN where not looked
            at.
        steps: Of the environment, in all episodes that were learned from.
        evaluation_steps: In all others: validation, choice and these figures.
        seconds: Wall time of it all.
        failures: Why episodes that were practised failed; iteration 0 is that before learning.
    """

    before: float
    learned: float
    kept: bool
    episodes: int
    table: dict[str, Array]
    steps: int
    evaluation_steps: int
    seconds: float
    failures: list[str]

    @property
    def after(self) -> float:
        """Mean return of the genome returned, on the same episodes."""
        return self.learned if self.kept else self.before

    def __repr__(self) -> str:
        what = "kept" if self.kept else f"not kept, it earns {self.learned:.6g}"
        return (
            f"PolicyReport({self.before:.6g} → {self.after:.6g} over {self.episodes} episodes, "
            f"what was learned {what}; {len(self.table['steps'])} iterations, {self.steps} steps, "
            f"{self.seconds:.1f} s)"
        )


def fine_tune_policy(
    genome: Genome,
    problem: Practice,
    *,
    ppo: PPO | None = None,
    iterations: int = 100,
    evaluation_episodes: int = 100,
    seconds: float | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> tuple[Genome, PolicyReport]:
    """Let a genome go on learning by trial, along policy gradients through its graph.

    Weights and biases change; structure and all other genes stay. Each iteration plays episodes
    with actions drawn around the outputs, estimates by a critic how much better than expected
    each action was, and takes some steps along the gradient of the clipped objective
    (:func:`neatgrow.learning.policy.actor.surrogate`). Loops are followed through time, over whole
    episodes from state 0; the critic is a dense network and sees observations alone.

    Outputs are logits of options (Discrete, MultiDiscrete) or switches (MultiBinary), times a
    scale for each choice, or means of normal distributions (Box) in the coordinates of outputs.
    Scales and deviations are learned as well and not written into the genome: the policy that is
    judged and returned takes the likeliest action, or draws where the problem does
    (``sample=True``), as in evolution.

    Statistics that standardise observations stay as the genome carries them; one that carries
    none while the problem has some carries those afterwards. What follows the last decision of
    an episode that was cut off is not seen, so that decision is left out and the critic's value
    of the last observation stands for the rest. Episodes that fail are left out.

    What is promised: the genome returned is the one given unless learning made it better twice
    over, on ``evaluation_episodes`` fresh episodes that choose between it, the policy that did
    best in validation and the last one, and on as many others that the report's figures are
    from. Those figures come from episodes that nothing was chosen by, but for that last
    condition, and ``PolicyReport.learned`` is told whether it is met or not. A policy in
    truth worse than the genome by one standard error of such a comparison gets through about
    once in forty times. Where an episode that is to judge fails, nothing can be compared.

    Ctrl-C ends the learning, and the policy that did best in validation so far is judged. The
    result depends on the seed alone, not on threads. Nothing given is changed.

    Args:
        genome: Any, of the problem's inputs and outputs.
        problem: Such as :class:`neatgrow.Gymnasium`, whose episodes are played in this process
            for practice, and by any backend for evaluation.
        ppo: How it learns; ``PPO()`` by default.
        iterations: How many at most; schedules of learning rates run over them.
        evaluation_episodes: For the choice, and as many more for the figures.
        seconds: Wall time after which no more iterations begin; the evaluation comes on top.
        seed: Keys everything.
        progress: Show a line while it takes long; by default where standard error is a terminal.

    Returns:
        The genome with what was learned, or the one given; and a report.

    Raises:
        ValueError: A setting is not what it should be, or the genome does not fit the problem.
        TypeError: Something is not of the right type.
        RuntimeError: There is nothing to learn from, as when all of the first episodes fail.
    """
    begin = time.monotonic()
    ppo = PPO() if ppo is None else ppo
    if not isinstance(ppo, PPO):
        raise TypeError(_checks.message("ppo", "PPO(…)", _checks.shown(ppo)))
    _checks.integer("iterations", iterations, 1)
    _checks.integer("evaluation_episodes", evaluation_episodes, 1)
    if seconds is not None:
        _checks.number("seconds", seconds, above=0.0, finite=True)
    show = sys.stderr.isatty() if progress is None else _checks.flag("progress", progress)
    worker = _checked(genome, problem)
    seeds = np.empty(_STAGES + iterations, np.int64)
    random.derive_seeds(_checks.integer("seed", seed, 0), random.POLICY, 0, seeds)
    learner = _ActorCritic(problem, ppo, iterations, seeds)
    learner.begin(worker)
    returns = _MeanReturns(problem, seeds)
    best, best_return = worker, returns.of([worker], _WATCH, ppo.validation_episodes)[0]
    line = ProgressLine(iterations, show, ("iteration", "mean return"))
    rows: list[tuple[float, ...]] = []
    interrupted = False
    try:
        for k in range(1, iterations + 1):
            if seconds is not None and time.monotonic() - begin >= seconds:
                break
            row = learner.iterate(k)
            if row is None:
                break
            watched = math.nan
            if k % ppo.validation_every == 0:
                now = learner.actor.genome()
                watched = returns.of([now], _WATCH, ppo.validation_episodes)[0]
                if watched > best_return or math.isnan(best_return):
                    best, best_return = now, watched
            rows.append((k, *row, watched))
            line.update(k, np.array(row[:1]))
            if learner.actor.lost:
                _warn(f"a gradient of iteration {k} was not finite. Learning ends; lower the rate.")
                break
    except KeyboardInterrupt:  # what it knows by now is judged; a step half done is not
        interrupted = True
    line.close()
    last = [] if interrupted else [learner.actor.genome()]
    learned = [best, *last] if rows else []
    one, before, after, kept = _chosen(returns, worker, learned, evaluation_episodes)
    columns = np.array(rows, np.float64).reshape(-1, len(_COLUMNS)).T
    report = PolicyReport(
        before, after, kept, evaluation_episodes, dict(zip(_COLUMNS, columns, strict=True)),
        learner.steps, returns.steps, time.monotonic() - begin, learner.failures,
    )  # fmt: skip
    return (one if kept else genome), report


class _ActorCritic:
    """Where a genome practises, and a critic watches.

    Attributes:
        actor: The genome as it is now.
        steps: Of the environment so far.
        failures: Of episodes so far.
    """

    actor: Actor
    _critic: Critic

    def __init__(self, problem: Practice, ppo: PPO, iterations: int, seeds: Array) -> None:
        self._problem, self._ppo, self._iterations = problem, ppo, iterations
        self._seeds = seeds
        self.steps = 0
        self.failures: list[str] = []

    def begin(self, genome: Genome) -> None:
        """Episodes as the genome plays them, from which scales start and the critic learns."""
        ppo, distribution = self._ppo, self._problem.distribution()
        met = self._meet(genome.batch().compile(), lambda outputs, *_: outputs, _FIRST, 0)
        if not met.counts.any():
            raise RuntimeError(f"fine_tune_policy: {_nothing_met(met)}")
        some = met.actions[:: -(-len(met.actions) // _SAMPLE)]  # these are the outputs here
        start = distribution.start(some, ppo.exploration or distribution.exploration)
        self.actor = Actor(
            genome, distribution, start, ppo, self._iterations, int(self._seeds[_ACTOR])
        )
        traces = (1.0, ppo.gae_lambda, ppo.gae_lambda)  # at first there is no V to lead to
        self._critic = Critic(
            _face(genome, met), ppo.critic, ppo.critic_optimizer, len(traces) + self._iterations,
            ppo.batch_size, int(self._seeds[_CRITIC]),
        )  # fmt: skip
        for trace in traces:
            values = self._critic.values(met.x)
            self._teach(met, advantages(met, values, ppo.gamma, trace)[1])

    def iterate(self, number: int) -> tuple[float, ...] | None:
        """One iteration, from 1; its row of the table up to ``steps``. ``None``: nothing met."""
        stage = _STAGES + number - 1
        act = self.actor.act(int(self._seeds[stage]))
        met = self._meet(self.actor.networks, act, stage, number)
        if not met.counts.any():
            _warn(f"{_nothing_met(met)} Learning ends in iteration {number}.")
            return None
        values = self._critic.values(met.x)
        advantage, returns = advantages(met, values, self._ppo.gamma, self._ppo.gae_lambda)
        told = self.actor.update(met, advantage)
        return (float(met.returns.mean()), *told, self._teach(met, returns), self.steps)

    def _meet(self, networks: Networks, act: Act, stage: int, number: int) -> Experience:
        met = self._problem.practise(
            networks, act, seed=int(self._seeds[stage]), episodes=self._ppo.episodes
        )
        self.steps += met.steps
        self.failures += [f"iteration {number}, {why}" for why in met.failures]
        return met

    def _teach(self, met: Experience, returns: Array) -> float:
        """The critic's loss over the decisions that count."""
        counts = met.counts
        return self._critic.learn(met.x[counts], returns[counts], self._ppo.n_epochs)


class _MeanReturns:
    """Mean returns of genomes as they play without draws, and the steps that took."""

    def __init__(self, problem: Practice, seeds: Array) -> None:
        self._problem, self._seeds = problem, seeds
        self.steps = 0

    def of(self, genomes: list[Genome], stage: int, episodes: int) -> list[float]:
        """Of each over the same episodes, those of a stage; NaN where one fails."""
        packed = layout.concatenate([(genome.packed, 1) for genome in genomes])
        networks = Genomes(packed, genomes[0].interface).compile()
        answer = self._problem.evaluate(networks, seed=int(self._seeds[stage]), episodes=episodes)
        self.steps += int(answer.steps)
        return [float(fitness) for fitness in answer.fitness]


def _chosen(
    returns: _MeanReturns, genome: Genome, learned: list[Genome], episodes: int
) -> tuple[Genome, float, float, bool]:
    """The best that was learned, what the genome and it earn, and whether it is better."""
    candidates = [one for k, one in enumerate(learned) if one not in [genome, *learned[:k]]]
    if not candidates:
        return genome, returns.of([genome], _REPORT, episodes)[0], math.nan, False
    least, *earned = returns.of([genome, *candidates], _CHOOSE, episodes)
    row = int(np.argmax([-math.inf if math.isnan(each) else each for each in earned]))
    before, after = returns.of([genome, candidates[row]], _REPORT, episodes)
    return candidates[row], before, after, earned[row] > least and after > before


def _face(genome: Genome, met: Experience) -> Interface:
    """The critic's inputs, standardised as the genome's or, if those are not, as what was met."""
    face = genome.interface
    if face.input_mean is not None:
        return Interface(
            face.inputs, 1, input_mean=face.input_mean, input_scale=face.input_scale
        )  # fmt: skip
    mean, deviation = met.x.mean(axis=0), met.x.std(axis=0)
    fixed = deviation < 1e-8 * np.maximum(1.0, np.abs(mean))
    return Interface(
        face.inputs, 1, input_mean=mean, input_scale=1.0 / np.where(fixed, 1.0, deviation)
    )


def _checked(genome: Genome, problem: Practice) -> Genome:
    """The genome with the statistics that the problem would use for it."""
    if not isinstance(genome, Genome):
        raise TypeError(_checks.message("genome", "a Genome", genome, "Tune one at a time."))
    if not isinstance(problem, Practice):
        raise TypeError(
            _checks.message("problem", "one to practise in, such as Gymnasium(…)", problem)
        )
    genome.interface.check_graph("genome")
    wanted, given = (problem.inputs, problem.outputs), (genome.n_inputs, genome.n_outputs)
    if wanted != given:
        rule = f"{wanted[0]} inputs and {wanted[1]} outputs, as the problem has"
        raise ValueError(_checks.message("genome", rule, f"{given[0]} and {given[1]}"))
    statistics = problem.statistics()
    if statistics is None or genome.interface.input_mean is not None:
        return genome
    return genome.with_interface(**statistics)


def _nothing_met(met: Experience) -> str:
    why = f", the first of {len(met.failures)}: {met.failures[0]}" if met.failures else ""
    return f"expected a decision to learn from, got none{why}."


def _warn(what: str) -> None:
    warnings.warn(f"fine_tune_policy: {what}", RuntimeWarning, stacklevel=3)
