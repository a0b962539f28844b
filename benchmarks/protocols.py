"""How solutions are looked for in the papers, where the library does it otherwise."""

from typing import Any

import numpy as np

import neatgrow as ng
from benchmarks.tasks import Setting
from neatgrow.networks.networks import Networks
from neatgrow.problems import catalogue
from neatgrow.problems.simulation.poles import SOLVED_BONUS, SOLVED_STARTS, SOLVED_STEPS
from neatgrow.problems.simulation.problem import evaluation_of


class BestTried(ng.PoleBalancing):
    """Pole balancing without velocities, of which only a generation's best is tried.

    As in Gruau, Whitley & Pyeatt (1996), Stanley & Miikkulainen (2002) and Gomez et al. (2008):
    the genome with the highest damped fitness of a generation is tried for 100,000 actions and
    then from 625 starts; the others are not, whatever they could do. So fitness depends on who
    else is in the generation.
    """

    def evaluate(
        self, networks: Networks, *, seed: int = 0, episodes: int | None = None
    ) -> ng.Evaluation:
        """Damped fitness of each network, and the bonus of a solution for the best of them."""
        told = evaluation_of(self._simulation.play(networks, [self.start]))
        row = int(np.nanargmax(told.fitness))
        best = networks[row : row + 1]
        lasts = self.survived(best, [self.start], steps=SOLVED_STEPS)[0, 0] == SOLVED_STEPS
        if lasts and self.generalisation(best)[0] >= SOLVED_STARTS:
            told.fitness[row] += SOLVED_BONUS
        return told


def problem_of(setting: Setting, **options: Any) -> Any:
    """The problem of a setting, with other options of it where given."""
    given = setting.options | options
    if setting.best_tried:
        return BestTried(velocities=False, **given)
    return catalogue.build(setting.problem, **given)
