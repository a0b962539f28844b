"""What a problem is: N networks and a seed in, N fitnesses out."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genomes
from neatgrow.learning.data import Lessons
from neatgrow.networks.networks import Networks

T = TypeVar("T")

# What code that others wrote may raise, as environments are made and played: sys.exit() there is a
# fault like any other. In a fitness function, or in a problem of one's own, it leaves the program.
FAULTS = (Exception, SystemExit)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a problem answers.

    Attributes:
        fitness: (N,) float64, higher is better; NaN where the evaluation failed.
        steps: Environment steps or samples spent.
        failures: Row of each failed network and why.
        gathered: What a :class:`Gathering` problem learned from it, by name: arrays of a row
            per network.
        errors: What was raised, by row of the failed network; that of the first row is enough.
        scores: (N, E) float64, the fitness over each episode by itself, their mean being
            ``fitness``; of noisy problems, so that one call says how certain it is.
        behaviour: (N, K) float64, numbers that describe what each network did, for ways of
            selection that read them.
        objectives: (N, M) float64, what else it is to be judged by, for ways of selection that
            weigh several. As the problem has them; once judged, higher is better in all.
    """

    fitness: Array
    steps: int
    failures: dict[int, str] = field(default_factory=dict)
    gathered: dict[str, Array] = field(default_factory=dict)
    errors: dict[int, BaseException] = field(default_factory=dict)
    scores: Array | None = None
    behaviour: Array | None = None
    objectives: Array | None = None


_TABLES = {"scores": "E", "behaviour": "K", "objectives": "M"}  # of which there may be none


class EvaluatorError(RuntimeError):
    """What should evaluate, worker processes or an executor, cannot go on."""


class Collection:
    """The evaluation of N genomes, put together from those of shares of them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._fitness, self._steps = np.full(count, np.nan), 0
        self._failures: dict[int, str] = {}
        self._gathered: dict[str, Array] = {}
        self._tables: dict[str, Array] = {}
        # By row, of the lowest row alone: what was raised at all, and for a whole share.
        self._errors: dict[int, BaseException] = {}
        self._raised: dict[int, Exception] = {}

    def add(self, rows: list[int], share: Evaluation) -> None:
        """Take in what came of ``rows``."""
        self._fitness[rows] = share.fitness
        self._steps += share.steps
        self._failures |= {rows[row]: cause for row, cause in share.failures.items()}
        for name, part in share.gathered.items():
            if name not in self._gathered:
                self._gathered[name] = np.zeros((self._count, part.shape[1]), part.dtype)
            self._gathered[name][rows] = part
        for name in _TABLES:
            part = getattr(share, name)
            if part is not None:
                empty = np.full((self._count, part.shape[1]), np.nan)
                known = self._tables.setdefault(name, empty)
                if known.shape[1] != part.shape[1]:
                    rule = f"{known.shape[1]} numbers of every network"
                    raise ValueError(_checks.message(f"evaluate: {name}", rule, part.shape[1]))
                known[rows] = part
        for row, error in share.errors.items():
            self._errors = _lowest(self._errors, {rows[row]: error})

    def fail(self, rows: list[int], cause: str | Exception) -> None:
        """Give up ``rows``, for a reason or for what the problem raised."""
        if isinstance(cause, Exception):
            self._raised = _lowest(self._raised, {rows[0]: cause})
            self._errors = _lowest(self._errors, {rows[0]: cause})
            cause = cause_of(cause)
        self._failures |= dict.fromkeys(rows, cause)

    def evaluation(self) -> Evaluation:
        """All of it.

        Raises:
            Exception: What the problem raised, where nothing but failures came of it.
        """
        if self._raised and len(self._failures) == self._count and np.isnan(self._fitness).all():
            self._errors = {}  # this frame is not to hold what it raises
            raise self._raised.popitem()[1]
        return Evaluation(
            self._fitness, self._steps, self._failures, self._gathered, self._errors,
            **self._tables,
        )  # fmt: skip


def _lowest(kept: dict[int, T], found: dict[int, T]) -> dict[int, T]:
    """Of two that name a row at most, the one that names the lower."""
    return min(kept or found, found, key=min)


def state_of(problem: "Problem") -> dict[str, Array]:
    """What copies of a problem need to evaluate as it would."""
    return problem.state() if isinstance(problem, Stateful) else {}


def take_in(problem: "Problem", evaluation: Evaluation) -> Evaluation:
    """Let a problem gather from what its copies evaluated; the same evaluation."""
    if isinstance(problem, Gathering) and evaluation.gathered:
        problem.gather(evaluation.gathered)
    return evaluation


@runtime_checkable
class Problem(Protocol):
    """A task that evolution can be run on; anything with these members is one.

    Attributes:
        name: Short name for tables and file names.
        inputs: I.
        outputs: O.
        input_names: I names for pictures, or ``None``.
        output_names: O names, or ``None``.
        solved_at: Fitness from which the problem counts as solved, or ``None``.
        noisy: Whether fitness depends on the seed: then a genome is champion only by the
            evidence of fresh seeds (:mod:`neatgrow.runs.retests`).

    It may also have:

    - ``sequential``: whether it unfolds in time, so that a state kept from tick to tick means
      something. ``Config(recurrent="auto")`` allows loops only there; without the attribute
      there are none.
    - ``output_activation``: name of the activation that suits its outputs, which
      ``genes.activation.outputs = "auto"`` becomes; ``None``, as without the attribute, for that
      of the other nodes.
    - ``scores``: whether its outputs are read as scores, of which the largest counts.
    - ``episodes``: of one evaluation, where it is noisy; a champion is tested over at least as
      many.
    - ``objectives``: names of the columns of ``Evaluation.objectives``, in order; one that begins
      with a minus, as in ``("distance", "-energy")``, is the better the lower.
    """

    name: str
    inputs: int
    outputs: int
    input_names: tuple[str, ...] | None
    output_names: tuple[str, ...] | None
    solved_at: float | None
    noisy: bool

    def evaluate(self, networks: Networks, *, seed: int, episodes: int | None = None) -> Evaluation:
        """Fitness of each network.

        Args:
            networks: N networks; their states are reset by whoever uses them.
            seed: Keys every random draw: the same seed gives every network the same episodes.
            episodes: Episodes per network instead of the problem's own number; problems that
                are not noisy ignore it.
        """
        ...

    def statistics(self) -> dict[str, Array] | None:
        """What a genome needs to be used outside this problem: ``input_mean`` and
        ``input_scale`` where observations are normalised, else ``None``."""
        ...

    def describe(self) -> dict[str, Any]:
        """Plain values from which :func:`neatgrow.problems.catalogue.rebuild` makes it again."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A problem that keeps something between generations, which checkpoints then hold.

    While :meth:`state` is not empty, it serves one run at a time.

    One that also has ``clear()`` forgets it when a run begins, so that the same seed gives the
    same run.
    """

    def state(self) -> dict[str, Array]:
        """Copies of all that later evaluations depend on."""
        ...

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from :meth:`state`.

        Raises:
            ValueError: An array is missing or has the wrong shape.
        """
        ...


@runtime_checkable
class Gathering(Protocol):
    """A problem that learns from its evaluations, also from those that copies of it made."""

    def gather(self, gathered: dict[str, Array]) -> None:
        """Take in ``Evaluation.gathered``, of all networks of one evaluation."""
        ...


@runtime_checkable
class Staffed(Protocol):
    """A problem that may have started worker processes."""

    def release(self) -> None:
        """End them; they are started again when needed."""
        ...


@runtime_checkable
class Teaching(Protocol):
    """A problem that knows what is right, so that networks can learn it by gradients."""

    def lessons(self) -> Lessons:
        """What there is to learn."""
        ...


_in_runs: dict[int, int] = {}  # how many runs are on a problem, by its id
_in_runs_lock = threading.Lock()


@contextmanager
def held(problem: object) -> Iterator[None]:
    """Hold a problem for one run, if it keeps something that later evaluations depend on.

    Whatever it is asked meanwhile, in a callback too, it answers; only other runs must wait, as
    each would go on from what the other left.

    Raises:
        RuntimeError: Another run is on it.
    """
    if not isinstance(problem, Stateful) or not isinstance(problem, Problem):
        yield
        return
    with _in_runs_lock:
        if _in_runs.get(id(problem)) and problem.state():
            raise RuntimeError(
                f"problem: expected one run at a time on {problem.name!r}, which keeps something "
                "between generations, got a second one. Make a problem for each run, or wait "
                "for the first to end."
            )
        _in_runs[id(problem)] = _in_runs.get(id(problem), 0) + 1
    try:
        yield
    finally:
        with _in_runs_lock:
            _in_runs[id(problem)] -= 1
            if not _in_runs[id(problem)]:
                del _in_runs[id(problem)]


def compiled(batch: Genomes | Networks) -> Networks:
    """What a problem sees: networks of the graphs that genomes stand for.

    Args:
        batch: N genomes, or their networks where they have been compiled already.
    """
    if isinstance(batch, Genomes):
        return batch.phenotype().compile()
    batch.interface.check_graph("networks")
    return batch


def judged(
    problem: Problem, batch: Genomes | Networks, *, seed: int, episodes: int | None = None
) -> Evaluation:
    """The problem's answer, its shape checked; where it raises, that of each network by itself.

    So an error costs the network that it is about, and names it, one of an encoding likewise. An
    error that every network meets is raised.

    Args:
        problem: …
        batch: As for :func:`compiled`.
        seed: As for the problem.
        episodes: As for the problem.
    """
    count = len(batch)
    try:
        return _answer(problem, batch, seed, episodes)
    except EvaluatorError:
        raise
    except Exception as error:
        if count == 1:
            raise
        error_of_all = error
    collection, raised = Collection(count), 0
    try:  # no longer while that error is handled, which is not what led to others
        for row in range(count):
            try:
                one = batch[row].batch() if isinstance(batch, Genomes) else batch[row].networks
                answer = _answer(problem, one, seed, episodes)
            except Exception as error:
                raised += 1
                collection.add([row], failed(1, error))
                continue
            collection.add([row], answer)
        if raised == count:
            raise error_of_all
        return collection.evaluation()
    finally:
        del error_of_all, collection  # the frames of errors hold this one


def failed(count: int, error: BaseException, cause: str = "") -> Evaluation:
    """What comes of ``count`` networks, at least one, that what was raised costs."""
    causes = dict.fromkeys(range(count), cause or cause_of(error))
    return Evaluation(np.full(count, np.nan), 0, causes, errors={0: error})


def cause_of(error: BaseException) -> str:
    """Kind and message of an error, as failures are told; an error that has none is no other."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its __str__ is the user's
        return f"{type(error).__name__}, whose message cannot be read"


def _answer(
    problem: Problem, batch: Genomes | Networks, seed: int, episodes: int | None
) -> Evaluation:
    """The problem's answer, its shape checked."""
    evaluation = problem.evaluate(compiled(batch), seed=seed, episodes=episodes)
    return _checked(evaluation, len(batch), getattr(problem, "objectives", None))


def _checked(evaluation: Evaluation, count: int, objectives: Sequence[str] | None) -> Evaluation:
    if not isinstance(evaluation, Evaluation):
        raise TypeError(_checks.message("evaluate", "an Evaluation", evaluation))
    fitness = _checks.array("evaluate: fitness", evaluation.fitness, (count,))
    steps = _checks.integer("evaluate: steps", evaluation.steps, 0)
    if not isinstance(evaluation.failures, dict):
        raise TypeError(_checks.message("evaluate: failures", "causes by row", evaluation.failures))
    causes = {int(row): str(cause) for row, cause in evaluation.failures.items()}
    gathered = {
        name: _checks.array(f"evaluate: gathered {name}", rows, (count, "K"))
        for name, rows in evaluation.gathered.items()
    }
    errors = evaluation.errors
    if not (
        isinstance(errors, dict) and all(isinstance(e, BaseException) for e in errors.values())
    ):
        raise TypeError(_checks.message("evaluate: errors", "exceptions by row", errors))
    raised = {int(row): error for row, error in errors.items()}
    tables = {
        name: _checks.array(f"evaluate: {name}", given, (count, axis))
        for name, axis in _TABLES.items() if (given := getattr(evaluation, name)) is not None
    }  # fmt: skip
    if objectives is not None and "objectives" in tables:
        signs = [-1.0 if name.startswith("-") else 1.0 for name in objectives]
        if len(signs) != tables["objectives"].shape[1]:
            rule = f"{len(signs)} columns: {', '.join(objectives)}"
            got = f"{tables['objectives'].shape[1]}"
            raise ValueError(_checks.message("evaluate: objectives", rule, got))
        tables["objectives"] = tables["objectives"] * signs
    return Evaluation(fitness, steps, causes, gathered, raised, **tables)
