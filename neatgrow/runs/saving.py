"""What of a run is saved beside its population: its problem, its options and its lineage."""

import json
from functools import reduce
from typing import Any

import numpy as np

from neatgrow import _checks, automatic
from neatgrow._settings import Settings
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.evaluation.base import Problem, cause_of
from neatgrow.genomes.genomes import Genome
from neatgrow.lineage.lineage import Lineage
from neatgrow.runs.history import History
from neatgrow.runs.options import Options
from neatgrow.selection.population import Population, State


def described(problem: Problem) -> dict[str, Any]:
    """The problem's description, or its name alone where JSON cannot hold it."""
    description = problem.describe()
    try:
        json.dumps(description)
    except (TypeError, ValueError):
        return {"problem": "other", "name": problem.name}
    return description


def description_of(
    problem: dict[str, Any],
    population: Population,
    options: Options,
    noisy: bool | None,
    start: int | None,
) -> dict[str, Any]:
    """What ``problem.json`` says of a run.

    Args:
        problem: As :func:`described`.
        population: Of the run.
        options: Of the run.
        noisy: What was said of a fitness function, which cannot say so itself.
        start: How many genomes it started from, where they were given.
    """
    seed, face = {"seed": population.seed}, population.interface.graph
    about = {
        **options.to_dict(), "inputs": face.inputs, "outputs": face.outputs, "noisy": noisy,
        "chosen": population.chosen,
    }  # fmt: skip
    about |= {} if start is None else {"start": start}
    # The seed is at the head, and not the problem's to say.
    return {**seed, **problem, **seed, "run": about}


def asked_for(population: Population) -> Config:
    """Settings as they were asked for, ``"auto"`` where they were that."""
    return automatic.asked(population.config, population.chosen)


def settled(config: Config, changes: dict[str, Any]) -> dict[str, Any]:
    """Changed settings as plain values, however they were passed."""
    values = {path: reduce(getattr, path.split("."), config) for path in changes}
    return {k: v.to_dict() if isinstance(v, Settings) else v for k, v in values.items()}


def statistics_of(genome: Genome | None) -> dict[str, Array]:
    """Input statistics that a genome carries, by name."""
    if genome is None:
        return {}
    face = genome.interface.graph
    pair = {"input_mean": face.input_mean, "input_scale": face.input_scale}
    return {name: values for name, values in pair.items() if values is not None}


def lineage_after(
    before: Lineage | None, population: Population, state: State, history: History
) -> Lineage:
    """The lineage with the generation told last; begun anew should that fail.

    Args:
        before: Up to the generation before, or ``None`` in the first.
        population: As it was told.
        state: Of it.
        history: Up to it.
    """
    if before is not None:
        try:
            assert population.parents is not None
            return before.after(state, population.parents, population.champion_row)
        except Exception as error:  # a run is not to end for want of its ancestors
            _checks.warn(
                f"lineage: expected the ancestors of generation {state.generation}, got "
                f"{cause_of(error)}. The run goes on, and its lineage begins here."
            )
    return lineage_from(state, population.champion_row, history)


def lineage_from(state: State, row: int, history: History) -> Lineage:
    """A lineage that begins with the generation told last.

    Args:
        state: The population after it.
        row: Of the champion; −1 where it is older, or not known.
        history: From which the generation is taken that the champion was born in.
    """
    best = history["champion"][: state.generation]
    first = int(np.argmax(best == best[-1])) if best.size else 0
    born = int(history["generation"][first]) if best.size else state.generation
    if state.champion is not None and row < 0:  # it may live on
        twins = np.flatnonzero(state.fitness == state.champion_fitness)
        row = next((n for n in twins.tolist() if state.genomes[n] == state.champion), -1)
    return Lineage.begin(state, row, born)
