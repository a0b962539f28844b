"""Learning within a run: genomes learn before they are judged, and grow where gradients say."""

from functools import partial

from neatgrow._types import Array
from neatgrow.evaluation.base import Problem, Teaching
from neatgrow.genomes.genomes import Genomes
from neatgrow.kernels.genes import Rules
from neatgrow.learning.guided_growth import grown
from neatgrow.learning.lifetime import Learning, taught
from neatgrow.sections import Direct, Encoding
from neatgrow.selection.population import Population


class Learner:
    """Lets the genomes of a run learn, if that was asked for.

    Args:
        problem: What is evolved on.
        learning: How genomes learn, or ``None``.
        encoding: What graphs they stand for.

    Raises:
        ValueError: The problem has no lessons, or genomes do not stand for themselves.
    """

    def __init__(self, problem: Problem, learning: Learning | None, encoding: Encoding) -> None:
        if learning is not None and not isinstance(problem, Teaching):
            raise ValueError(
                f"learning: expected a problem that offers lessons, such as Supervised, got "
                f"{problem.name}. Give it a method lessons(), or leave learning out."
            )
        if learning is not None and not isinstance(encoding, Direct):
            raise ValueError(
                f"learning: expected genomes that stand for themselves, got the encoding "
                f"{encoding.kind!r}. Leave learning out, and let fine_tune(result.phenotype, …) "
                "learn afterwards."
            )
        self._problem, self._learning = problem, learning
        self._samples_grown = 0  # by which the generation to come was grown

    def guide_growth(self, population: Population) -> None:
        """Let children of a population grow where gradients say, if that was asked for."""
        learning = self._learning
        if learning is not None and learning.candidates and learning.inheritance != "none":
            population.guided_growth = partial(self._grown, population.seed)

    def _grown(
        self, seed: int, genomes: Genomes, wishes: Array, rules: Rules, generation: int
    ) -> Genomes:
        assert self._learning is not None and isinstance(self._problem, Teaching)
        genomes, self._samples_grown = grown(
            genomes, wishes, self._problem.lessons(), self._learning.candidates, rules,
            seed=seed, generation=generation,
        )  # fmt: skip
        return genomes

    def learn(self, population: Population, genomes: Genomes) -> tuple[Genomes, int]:
        """The genomes as they are to be judged, and samples that went through gradients for it.

        Args:
            population: That ``genomes`` were asked of; it inherits what they learn, if that was
                asked for.
            genomes: Not changed.
        """
        grown, self._samples_grown = self._samples_grown, 0
        if self._learning is None or not isinstance(self._problem, Teaching):
            return genomes, 0
        key = (population.seed, population.generation)
        tuned, samples = taught(
            genomes, self._problem.lessons(), self._learning, population.config, key
        )
        if self._learning.inheritance == "lamarckian":
            population.learned(tuned)
        return tuned, grown + samples
