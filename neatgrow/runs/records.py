"""What a population remembers of a loop of one's own: its history, and who descends from whom."""

from neatgrow.evaluation.base import Evaluation
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.recording import recorded
from neatgrow.runs.saving import lineage_after
from neatgrow.selection.population import Population


class Records:
    """The history and the lineage of a population, generation by generation.

    Attributes:
        history: Table by generation, as of a run. The time from ``ask`` to ``tell`` is that of
            evaluation, compilation included; steps, retests and learning are not known.
        lineage: The line of descent; ``None`` before the first generation.
    """

    def __init__(self, history: History | None = None, lineage: Lineage | None = None) -> None:
        self.history = History() if history is None else history
        self.lineage = lineage

    def add(self, population: Population, reproduction: float, evaluation: float) -> None:
        """Take note of the generation that was told last.

        Args:
            population: Of the loop.
            reproduction: Seconds that its children took.
            evaluation: Seconds that its user took.
        """
        state = population.state()
        sign = -1.0 if state.minimize else 1.0
        told = [Evaluation(state.fitness, 0)]
        row, sizes = recorded(population, population.genomes, told, sign)
        seconds = {"seconds_evaluation": evaluation, "seconds_reproduction": reproduction}
        row |= {"retest_episodes": 0, "samples_learned": 0, **dict.fromkeys(TIMES, 0.0), **seconds}
        self.history.append(row, sizes)
        self.lineage = lineage_after(self.lineage, population, state, self.history)
