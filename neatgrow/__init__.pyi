"""The public names, once: type checkers read this list, and ``__init__.py`` loads from it."""

from neatgrow.config import Config as Config
from neatgrow.evaluation.base import Evaluation as Evaluation
from neatgrow.evaluation.base import Problem as Problem
from neatgrow.evaluation.executors import RayExecutor as RayExecutor
from neatgrow.files.archive import FileError as FileError
from neatgrow.files.genomes import load_genome as load_genome
from neatgrow.files.genomes import load_genomes as load_genomes
from neatgrow.genomes.genomes import Genome as Genome
from neatgrow.genomes.genomes import Genomes as Genomes
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
from neatgrow.learning.policy.ppo import PolicyReport as PolicyReport
from neatgrow.learning.policy.ppo import fine_tune_policy as fine_tune_policy
from neatgrow.learning.training import fine_tune as fine_tune
from neatgrow.networks.networks import Network as Network
from neatgrow.networks.networks import Networks as Networks
from neatgrow.plotting.decisions import draw_decisions as draw_decisions
from neatgrow.plotting.films.ancestry import animate_growth as animate_growth
from neatgrow.plotting.films.ancestry import draw_growth as draw_growth
from neatgrow.plotting.films.animation import animate_activity as animate_activity
from neatgrow.plotting.graph.activity import draw_activity as draw_activity
from neatgrow.plotting.graph.changes import draw_change as draw_change
from neatgrow.plotting.graph.network import draw as draw
from neatgrow.plotting.history import draw_fitness as draw_fitness
from neatgrow.plotting.history import draw_species as draw_species
from neatgrow.plotting.losses import draw_losses as draw_losses
from neatgrow.plotting.overview import draw_history as draw_history
from neatgrow.plotting.pages.report import report as report
from neatgrow.problems.gymnasium.problem import Gymnasium as Gymnasium
from neatgrow.problems.simulation.mazes import TMaze as TMaze
from neatgrow.problems.simulation.poles import PoleBalancing as PoleBalancing
from neatgrow.problems.simulation.problem import Simulation as Simulation
from neatgrow.problems.supervised import XOR as XOR
from neatgrow.problems.supervised import Supervised as Supervised
from neatgrow.runs.directory import Checkpoints as Checkpoints
from neatgrow.runs.evolution import EvaluationError as EvaluationError
from neatgrow.runs.evolve import evolve as evolve
from neatgrow.runs.evolve import resume as resume
from neatgrow.runs.history import History as History
from neatgrow.runs.results import Result as Result
from neatgrow.selection.population import Population as Population
from neatgrow.selection.species import distance as distance

__version__: str
__all__: list[str]
