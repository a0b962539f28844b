"""Who is the champion of a noisy problem: decided by fresh episodes, pooled over time.

A fitness that depends on luck picks the lucky. So the best of a generation has to hold over
episodes that nobody was selected by before it is champion, and the champion plays the same ones;
what fresh episodes say of the champion is pooled for as long as it is one, and one that does not
hold is replaced.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.evaluation.base import Evaluation
from neatgrow.files.archive import plain, whole
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.kernels import layout, random
from neatgrow.runs.evidence import Evidence, Verified, student_quantile

RETEST_EPISODES = 20  # at least, of one comparison of a would-be champion with the champion
SOLVED_EPISODES = 100  # at least, of a test whether it solves the problem, and of the final one
_CANDIDATES = 3  # per generation
_ROUNDS = 6  # of fresh episodes in one comparison
_LOOKS = (1, 1, 2, 4, 8)  # multiples of SOLVED_EPISODES by which one test for solving grows
_BLOCKS = 10  # evaluations that a test is split into where a problem does not tell single episodes
_DOUBT = 0.05  # that a run is called solved whose champion lies a standard error below
_MOST = (1 << 62) - 1
_CERTAIN = 2.0  # standard errors by which a challenger must be better

# A run's state before its first test, and that of checkpoints of before there were any.
UNTESTED: dict[str, Any] = {
    "evidence": None, "tries": 0, "tried": 0, "failed": 0, "tells": True
}  # fmt: skip
CHAMPION = -1  # in place of a row, where the champion's test failed

Evaluate = Callable[[Genomes, int, int | None], Evaluation]
Failure = tuple[int, str, BaseException | None]
"""A test with an episode that failed: row, cause, and what was raised."""


class _Tested(NamedTuple):
    """What a test came to: scores (K,), NaN where an episode failed, and why the first did."""

    scores: Array
    cause: str | None = None
    error: BaseException | None = None

    @property
    def counts(self) -> bool:
        """Whether most of its episodes came to an end."""
        return bool(2 * np.count_nonzero(np.isfinite(self.scores)) > self.scores.size)


@dataclass
class Retests:
    """The evidence for a run's champion, and the tests that it comes from.

    Attributes:
        evaluate: Evaluates genomes: of a seed, over so many episodes.
        seed_of: A seed for the k-th test of a generation.
        sign: 1 where higher fitness is better, −1 where lower is.
        threshold: ``sign`` times the fitness from which the problem counts as solved.
        episodes: Of one comparison.
        evidence: For the champion; ``None`` while no genome has passed a test.
        tries: Tests for solving so far, in the whole run.
        tried: Scores in the evidence when the champion was last tested for solving.
        failed: Tests in which an episode failed, in the whole run.
        tells: Whether the problem tells the score of each episode.
        declared: Whether the problem says of itself that it is noisy, and so heeds ``episodes``.
        spent: Evaluations of the generation's tests.
        played: Episodes of them.
        causes: Row, cause and what was raised of each test with an episode that failed; row −1
            is the champion.
        confirmed: Genomes of the generation that were better than the champion.
    """

    evaluate: Evaluate
    seed_of: Callable[[int], int]
    sign: float
    threshold: float
    episodes: int = RETEST_EPISODES
    evidence: Evidence | None = None
    tries: int = 0
    tried: int = 0
    failed: int = 0
    tells: bool = True
    declared: bool = True
    spent: list[Evaluation] = field(default_factory=list)
    played: int = 0
    causes: list[Failure] = field(default_factory=list)
    confirmed: int = 0

    def consider(
        self, genomes: Genomes, evaluation: Evaluation, fitness: Array, champion: Genome | None
    ) -> int | None:
        """Let the best of a generation challenge the champion.

        Up to three genomes whose fitness is better than the champion's evidence are compared with
        it, the best first, on common fresh episodes; their fitness becomes what these say. The
        champion's own copies in the generation add to its evidence, good or bad.

        Args:
            genomes: N genomes as they were judged.
            evaluation: What the problem answered.
            fitness: (N,) of it, NaN for failures; written to.
            champion: As it is judged; ``None`` before the first.

        Returns:
            Row of a new champion, or ``None`` where the old one stays.
        """
        self.spent, self.played, self.causes, self.confirmed = [], 0, [], 0
        self.tells = evaluation.scores is not None
        copies = np.empty(0, np.int64)
        if self.evidence is not None and champion is not None:
            copies = copies_of(champion, genomes)
            # With statistics of its own it was judged on other inputs.
            plain = champion.interface.graph.input_mean is None
            if copies.size and plain and evaluation.scores is not None:
                scores = evaluation.scores[copies[0]]
                if np.isfinite(scores).all():
                    self.evidence = self.evidence.with_scores(scores)
        ranked = np.argsort(
            -np.where(np.isnan(fitness), -np.inf, self.sign * fitness), kind="stable"
        )
        ranked = ranked[~np.isin(ranked, copies)]
        common: list[_Tested] = []  # what the champion scored, round by round
        row = None
        for candidate in ranked[:_CANDIDATES].tolist():
            bar = -np.inf if self.evidence is None else self.sign * self.evidence.mean
            if not self.sign * fitness[candidate] > bar:  # NaN is not
                break
            genome = genomes[candidate]
            better, own = self._compared(genome, candidate, champion, common)
            if own:
                fitness[candidate] = _pooled(own).mean
            if better and self._begins(genome, candidate, own):
                row, champion, common = candidate, genome, own
        return row

    def _compared(
        self, genome: Genome, row: int, champion: Genome | None, common: list[_Tested]
    ) -> tuple[bool, list[_Tested]]:
        """Whether a genome is better than the champion, and its tests; none if one does not count.

        Both play the same episodes. The difference is that of the pairs, or of the means, whichever
        is more certain: pairs where luck is in the episodes, means where the champion is well
        known. While it is positive and not yet certain there are more episodes.
        """
        own: list[_Tested] = []
        difference = Evidence()
        for k in range(_ROUNDS):
            rivals = [genome]
            if self.evidence is not None and champion is not None and k == len(common):
                rivals.append(champion)
            test, *others = self._tests(rivals, k)
            self._note(row, test)
            if not test.counts:
                return False, []
            own.append(test)
            if self.evidence is None:
                return True, own
            for other in others:
                self._note(CHAMPION, other)
                common.append(other)
                self.evidence = self.evidence.with_scores(other.scores)
            pairs = self.sign * (test.scores - common[k].scores)  # NaN where either failed
            difference, mine = difference.with_scores(pairs), _pooled(own)
            ahead, doubt = difference.mean, difference.standard_error
            apart = float(np.hypot(mine.standard_error, self.evidence.standard_error))
            if apart < doubt:
                ahead, doubt = self.sign * (mine.mean - self.evidence.mean), apart
            if ahead <= 0.0:
                return False, own
            if ahead > _CERTAIN * doubt:
                return True, own
        return False, own

    def _begins(self, genome: Genome, row: int, own: list[_Tested]) -> bool:
        """Let the evidence begin anew, with episodes that the genome did not win by.

        The first champion won none: it was chosen by its fitness as told.
        """
        test = own[0]
        if self.evidence is not None:
            (test,) = self._tests([genome], _ROUNDS + len(_LOOKS) + self.confirmed)
            self.confirmed += 1
            self._note(row, test)
            if not test.counts:
                return False
        self.evidence, self.tried = _pooled([test]), 0
        return True

    def begin_anew(self, champion: Genome) -> None:
        """Forget what was known of the champion: the run goes on with another problem."""
        (test,) = self._tests([champion], _ROUNDS + len(_LOOKS) + _CANDIDATES)
        self._note(CHAMPION, test)
        self.evidence, self.tried = (_pooled([test]) if test.counts else None), 0

    def _note(self, row: int, test: _Tested) -> None:
        if test.cause is not None:
            self.failed += 1
            self.causes.append((row, test.cause, test.error))

    def solves(self, champion: Genome) -> bool:
        """Whether the champion solves the problem, by episodes that are fresh for each try.

        The k-th look asks for c_k standard errors above the threshold, with
        F(−1 − c_k) = 0.05 / (k (k + 1)), F Student's distribution. So for scores that are about
        normal the chance is at most Σ 0.05 / (k (k + 1)) = 0.05 that any of a run's looks passes
        a champion whose fitness lies more than a standard error below. Their deviation is that of
        the look or of all evidence, whichever is larger, since rare failures may be missing in
        one. A champion that fails is tried again once there is twice as much evidence.
        """
        evidence = self.evidence
        if evidence is None or not self.sign * evidence.mean >= self.threshold:
            return False
        if evidence.count < 2 * self.tried:
            return False
        found, solved = Evidence(), False
        for look, times in enumerate(_LOOKS):
            (test,) = self._tests([champion], _ROUNDS + look, times * self.many)
            self._note(CHAMPION, test)
            if not test.counts:
                break
            self.tries += 1
            found = found.with_scores(test.scores)
            evidence = evidence.with_scores(test.scores)
            doubt = _DOUBT / (self.tries * (self.tries + 1))
            margin = student_quantile(1.0 - doubt, found.count - 1) - 1.0
            deviation = max(found.deviation, evidence.deviation)
            above = self.sign * found.mean - self.threshold
            solved = above >= margin * deviation / np.sqrt(found.count)
            if solved or above < 0.0:
                break
        self.evidence, self.tried = evidence, evidence.count
        return bool(solved)

    def verified(self, champion: Genome, seed: int) -> Verified | None:
        """The champion over fresh episodes of a seed; ``None`` where most of them failed."""
        self.played = 0
        (test,) = self._answers(champion.batch(), seed, self.many)
        self._note(CHAMPION, test)
        if not test.counts:
            return None
        found = _pooled([test])
        share = found.count / test.scores.size
        episodes = round(self.played * share)
        return Verified(found.mean, found.standard_error, episodes, self.played - episodes)

    @property
    def many(self) -> int:
        """Episodes of a test for solving, and of the final one."""
        return max(SOLVED_EPISODES, self.episodes)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds, as plain values."""
        known = None if self.evidence is None else asdict(self.evidence)
        return {
            "evidence": known, "tries": self.tries, "tried": self.tried, "failed": self.failed,
            "tells": self.tells,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`, as checked by :func:`checked_state`."""
        known = state["evidence"]
        self.evidence = None if known is None else Evidence(**known)
        self.tries, self.tried, self.failed = state["tries"], state["tried"], state["failed"]
        self.tells = state["tells"]

    def _tests(
        self, genomes: Sequence[Genome], index: int, episodes: int | None = None
    ) -> list[_Tested]:
        """Each genome on the same fresh episodes: those of the generation's test ``index``."""
        seed, count = self.seed_of(index), self.episodes if episodes is None else episodes
        faces = [genome.interface for genome in genomes]
        if all(
            face.graph.input_mean is None for face in faces
        ):  # else each has statistics of its own
            parts = [(genome.packed, 1) for genome in genomes]
            return self._answers(Genomes(layout.concatenate(parts), faces[0]), seed, count)
        return [self._answers(genome.batch(), seed, count)[0] for genome in genomes]

    def _answers(self, genomes: Genomes, seed: int, episodes: int) -> list[_Tested]:
        answers: list[Evaluation] = []
        scores: Array | None = None
        size = episodes
        if self.tells:
            answers = [self.evaluate(genomes, seed, episodes)]
            scores = answers[0].scores
            # Without scores it failed as a whole, or the problem tells none after all.
            self.tells = scores is not None or not np.isfinite(answers[0].fitness).any()
            if self.tells and scores is None:
                scores = answers[0].fitness[:, None]
        if scores is None:  # the spread has to come of several answers
            seeds = np.empty(_BLOCKS, np.int64)
            random.derive_seeds(seed, random.RETEST, 0, seeds)
            size = -(-episodes // _BLOCKS) if self.declared else 1
            answers = []
            for own in seeds.tolist():
                answers.append(self.evaluate(genomes, own, size))
                if not np.isfinite(answers[-1].fitness).any():
                    break
            size *= len(answers)
            scores = np.stack([answer.fitness for answer in answers], axis=1)
        self.spent += answers
        self.played += size * len(genomes)
        causes = {k: why for answer in reversed(answers) for k, why in answer.failures.items()}
        errors = {k: what for answer in reversed(answers) for k, what in answer.errors.items()}
        tests = []
        for k, own_scores in enumerate(scores):
            bad = own_scores[~np.isfinite(own_scores)]
            if bad.size:
                told = np.where(np.isfinite(own_scores), own_scores, np.nan)
                cause = causes.get(k, f"fitness is {bad[0]}")
                tests.append(_Tested(told, cause, errors.get(k)))
            else:
                tests.append(_Tested(own_scores))
        return tests


def _pooled(tests: Sequence[_Tested]) -> Evidence:
    """The evidence of all scores of some tests, those of failed episodes left out."""
    evidence = Evidence()
    for test in tests:
        evidence = evidence.with_scores(test.scores)
    return evidence


def copies_of(genome: Genome, genomes: Genomes) -> Array:
    """Rows of a batch that hold exactly this genome's genes."""
    one, many = genome.packed, genomes.packed
    rows = np.flatnonzero(
        (np.diff(many.node_ptr) == one.node_id.size)
        & (np.diff(many.connection_ptr) == one.innovation.size)
    )
    if one.innovation.size:  # most differ in the first weight already
        first = many.connection_values[many.connection_ptr[rows], 0]
        rows = rows[first == one.connection_values[0, 0]]
    same = [row for row in rows.tolist() if genomes[row] == genome]
    return np.array(same, np.int64)


def checked_state(values: dict[str, Any]) -> dict[str, Any]:
    """What :meth:`Retests.state` gave, read from a file.

    Raises:
        LookupError, ValueError, TypeError: A value is missing or not what it should be.
    """
    known = values["evidence"]
    if known is not None:
        numbers = {name: _checks.number(f"evidence.{name}", known[name])
                   for name in ("mean", "squares")}  # fmt: skip
        if not np.isfinite(numbers["mean"]) or numbers["squares"] < 0.0:
            raise ValueError(f"evidence: expected a finite mean and squares from 0, got {numbers}.")
        known = {"count": whole(known, "count", 1, _MOST), **numbers}
    counts = {name: whole(values, name, 0, _MOST) for name in ("tries", "tried", "failed")}
    return {"evidence": known, **counts, "tells": plain(values, "tells", bool)}
