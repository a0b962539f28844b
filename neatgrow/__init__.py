"""Neuroevolution: evolve free-form neuron graphs, then let them learn.

The names below load on first use, so that ``import neatgrow`` loads neither gymnasium nor
matplotlib nor networkx.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from neatgrow.config import Config as Config
    from neatgrow.evolution import EvaluationError as EvaluationError
    from neatgrow.files import FileError as FileError
    from neatgrow.genomes import Genome as Genome
    from neatgrow.genomes import Genomes as Genomes
    from neatgrow.history import History as History
    from neatgrow.kernels.functions import register_activation as register_activation
    from neatgrow.kernels.parallel import set_threads as set_threads
    from neatgrow.learning.checking import check_gradients as check_gradients
    from neatgrow.learning.data import Lessons as Lessons
    from neatgrow.learning.lifetime import Learning as Learning
    from neatgrow.learning.optimizers import SGD as SGD
    from neatgrow.learning.optimizers import Adam as Adam
    from neatgrow.learning.optimizers import AdamW as AdamW
    from neatgrow.learning.optimizers import Constant as Constant
    from neatgrow.learning.optimizers import Cosine as Cosine
    from neatgrow.learning.optimizers import Momentum as Momentum
    from neatgrow.learning.optimizers import RMSProp as RMSProp
    from neatgrow.learning.optimizers import Steps as Steps
    from neatgrow.learning.policy import PolicyReport as PolicyReport
    from neatgrow.learning.policy import fine_tune_policy as fine_tune_policy
    from neatgrow.learning.training import fine_tune as fine_tune
    from neatgrow.loop import evolve as evolve
    from neatgrow.loop import resume as resume
    from neatgrow.networks import Network as Network
    from neatgrow.networks import Networks as Networks
    from neatgrow.plotting.activity import draw_activity as draw_activity
    from neatgrow.plotting.animation import animate_activity as animate_activity
    from neatgrow.plotting.changes import draw_change as draw_change
    from neatgrow.plotting.decisions import draw_decisions as draw_decisions
    from neatgrow.plotting.growth import animate_growth as animate_growth
    from neatgrow.plotting.growth import draw_growth as draw_growth
    from neatgrow.plotting.history import draw_fitness as draw_fitness
    from neatgrow.plotting.history import draw_species as draw_species
    from neatgrow.plotting.losses import draw_losses as draw_losses
    from neatgrow.plotting.network import draw as draw
    from neatgrow.plotting.overview import draw_history as draw_history
    from neatgrow.plotting.report import report as report
    from neatgrow.population import Population as Population
    from neatgrow.problems.base import Evaluation as Evaluation
    from neatgrow.problems.base import Problem as Problem
    from neatgrow.problems.gymnasium import Gymnasium as Gymnasium
    from neatgrow.problems.mazes import TMaze as TMaze
    from neatgrow.problems.poles import PoleBalancing as PoleBalancing
    from neatgrow.problems.simulation import Simulation as Simulation
    from neatgrow.problems.supervised import XOR as XOR
    from neatgrow.problems.supervised import Supervised as Supervised
    from neatgrow.results import Result as Result
    from neatgrow.runs import Checkpoints as Checkpoints
    from neatgrow.species import distance as distance
    from neatgrow.storage import load_genome as load_genome
    from neatgrow.storage import load_genomes as load_genomes

_HOME = {
    "Config": "config",
    "EvaluationError": "evolution",
    "Result": "results",
    "FileError": "files",
    "Genome": "genomes",
    "Genomes": "genomes",
    "History": "history",
    "register_activation": "kernels.functions",
    "set_threads": "kernels.parallel",
    "check_gradients": "learning.checking",
    "Lessons": "learning.data",
    "Learning": "learning.lifetime",
    **dict.fromkeys(
        ("SGD", "Momentum", "RMSProp", "Adam", "AdamW", "Constant", "Cosine", "Steps"),
        "learning.optimizers",
    ),
    "PolicyReport": "learning.policy",
    "fine_tune_policy": "learning.policy",
    "fine_tune": "learning.training",
    "evolve": "loop",
    "resume": "loop",
    "Network": "networks",
    "Networks": "networks",
    "draw_activity": "plotting.activity",
    "animate_activity": "plotting.animation",
    "draw_change": "plotting.changes",
    "draw_decisions": "plotting.decisions",
    "animate_growth": "plotting.growth",
    "draw_growth": "plotting.growth",
    "draw_fitness": "plotting.history",
    "draw_species": "plotting.history",
    "draw_losses": "plotting.losses",
    "draw": "plotting.network",
    "draw_history": "plotting.overview",
    "report": "plotting.report",
    "Population": "population",
    "Evaluation": "problems.base",
    "Problem": "problems.base",
    "RayExecutor": "problems.executors",
    "Gymnasium": "problems.gymnasium",
    "TMaze": "problems.mazes",
    "PoleBalancing": "problems.poles",
    "Simulation": "problems.simulation",
    "XOR": "problems.supervised",
    "Supervised": "problems.supervised",
    "Checkpoints": "runs",
    "distance": "species",
    "load_genome": "storage",
    "load_genomes": "storage",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neatgrow' has no attribute {name!r}")
    value = getattr(import_module(f"neatgrow.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
