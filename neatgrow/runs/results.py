"""What a run came to."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neatgrow._types import Array
from neatgrow.evaluation.base import Problem
from neatgrow.genomes.genomes import Genome
from neatgrow.lineage.lineage import Ancestor, Lineage
from neatgrow.runs.evidence import Verified
from neatgrow.runs.history import TIMES, History
from neatgrow.selection.population import Population

if TYPE_CHECKING:
    import networkx

    from neatgrow.problems.gymnasium.policy import Policy


@dataclass(frozen=True, eq=False)
class Result:
    """What a run came to.

    Attributes:
        solved: Whether the champion reached the problem's threshold, and did again from a fresh
            state; on a noisy problem over at least 100 fresh episodes, by a margin that grows
            with every try (:meth:`neatgrow.runs.retests.Retests.solves`).
        champion: Best genome ever, carrying input statistics where the problem keeps any. With
            Baldwinian learning as it was born.
        champion_fitness: Its fitness; on a noisy problem the mean of the final test, or of all
            evidence there was where there was no such test.
        learned: The champion as it was judged: after its learning, where genomes learn and what
            they learn is not inherited; else the champion.
        verified: The final test, after the run and outside its time: mean, standard error and
            number of episodes that no selection has seen. ``None`` if the run was interrupted, had
            no workers left, or most episodes of the test failed.
        retests_failed: Tests of champions and would-be champions in which an episode failed. Where
            most episodes of every test did, the champion is provisional: the best as told,
            without evidence, and not verified.
    """

    solved: bool
    champion: Genome
    champion_fitness: float
    history: History
    population: Population
    problem: Problem
    stopped: str
    directory: Path | None
    failures: list[tuple[int, int, str]]
    traceback: str | None
    descent: Lineage
    marks: dict[str, Array]
    learned: Genome
    verified: Verified | None
    retests_failed: int

    @cached_property
    def lineage(self) -> "networkx.DiGraph[Any]":
        """The last generation, the champion and their ancestors as a directed graph.

        Nodes are (generation, row); see :meth:`neatgrow.lineage.lineage.Lineage.to_networkx`.
        """
        return self.descent.to_networkx()

    @cached_property
    def ancestors(self) -> list[Ancestor]:
        """The champion's line of first parents from first to last: those who differ in structure
        from the one before, and the champion."""
        return self.descent.line()

    @cached_property
    def phenotype(self) -> Genome:
        """The graph that :attr:`learned` stands for, which is what was judged; itself where
        genomes are encoded directly."""
        return self.learned.phenotype()

    def policy(self) -> "Policy":
        """:attr:`phenotype` as a policy: observations of the environment in, actions of the
        environment out; as :meth:`neatgrow.Genome.policy` of the run's problem."""
        return self.phenotype.policy(self.problem)

    @property
    def fingerprint(self) -> str:
        """Hash of the champion and of the history but for its times, and of what the way of
        selection keeps where that is not by species; as 64 hexadecimal digits.

        Equal for equal seeds on one machine, whatever the number of threads or processes, and
        whether or not the run was interrupted and resumed.
        """
        return fingerprint_of(self.history, self.champion, self.marks)

    def __repr__(self) -> str:
        failed = f", retests_failed={self.retests_failed}" if self.retests_failed else ""
        return (
            f"Result(solved={self.solved}, champion_fitness={self.champion_fitness:.6g}, "
            f"verified={self.verified or 'no'}, generations={len(self.history)}, "
            f"stopped={self.stopped!r}{failed})"
        )

    def _repr_html_(self) -> str | None:
        """Facts and pictures for notebooks; ``None`` where drawing fails."""
        try:
            from neatgrow.plotting.pages.notebook import page

            return page(self)
        except Exception:
            return None


def fingerprint_of(history: History, champion: Genome, marks: dict[str, Array]) -> str:
    """:attr:`Result.fingerprint` of a run's history, its champion, and what
    :meth:`neatgrow.selection.population.State.marks` gives."""
    digest = hashlib.sha256()
    columns = {k: v for k, v in history.to_arrays().items() if k not in TIMES}
    face = champion.interface.graph
    statistics = {"input_mean": face.input_mean, "input_scale": face.input_scale}
    arrays = {**columns, **champion.packed._asdict(), **statistics}
    for name, array in (*arrays.items(), *marks.items()):
        if array is not None and 0 not in array.shape[1:]:  # of no column
            digest.update(f"{name} {array.shape} {array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
