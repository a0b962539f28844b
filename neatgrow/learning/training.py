"""Gradients of genomes, and learning by descent along them."""

import sys
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks, _memory
from neatgrow._types import Array
from neatgrow.columns import COLUMNS, Values
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import parallel
from neatgrow.kernels import training as kernels
from neatgrow.kernels.backward import TILE, Data
from neatgrow.kernels.dynamics import KIND, custom_addresses
from neatgrow.kernels.layout import BIAS, WEIGHT
from neatgrow.kernels.losses import LOSSES
from neatgrow.kernels.plan import FIELDS, LEARNED, TICKS, Plan
from neatgrow.kernels.team import LATE, OVER, SIZE
from neatgrow.kernels.training import CONSTANT, Memory, Recipe, Team, rate_at
from neatgrow.learning.data import Lessons, checked_set, prepared
from neatgrow.learning.optimizers import Adam, Optimizer
from neatgrow.learning.targets import complaint_of_genomes
from neatgrow.networks.networks import Networks, compile_genomes
from neatgrow.networks.plan import parameter_columns, used_dynamics
from neatgrow.timing import Dynamics

_Tunable = TypeVar("_Tunable", Genome, Genomes)
Loss = Callable[[Array, Array], tuple[ArrayLike, ArrayLike]]

_CHUNK = 10  # steps between two looks at validation data
_STEP_NS, _SAMPLE_NS = 40.0, 1.5  # estimated work per gene: a step, and a sample of it
_SHARED_STEP_NS = 50_000.0  # work in a step of one network from which threads share it
_QUIET_SECONDS = 2.0  # of work before there is a progress line


class Trainer:
    """Networks of N genomes while they learn; each by itself, whatever the others do.

    Attributes:
        genomes: As they were.
        networks: As they have become.
        stopped: (N,) int64, step at which a network's loss was no longer finite, or −1.
    """

    def __init__(self, genomes: Genomes, recipe: Recipe, dtype: Any) -> None:
        self.genomes = genomes
        self.recipe = recipe
        check_learnable(genomes)
        self.networks: Networks = compile_genomes(genomes.packed, genomes.interface, dtype)
        self._columns = parameter_columns(genomes.packed, genomes.interface)
        values = flat(learned_of(self.networks.plan))
        self._before = self.parameters()
        self._memory = Memory(
            values,
            tuple(np.zeros((2, *each.shape), each.dtype) for each in values),
            flat(self.parameters()),
            _bounds(self.networks.plan, genomes).reshape(2, -1),
            np.full(len(genomes), -1, np.int64),
            np.ones(len(genomes), np.bool_),
            _team_of(values, 0),
        )
        self._done = 0
        self._late, self._alone = 0, 0  # calls in a row that waited for a thread; calls without

    @property
    def stopped(self) -> Array:
        """(N,) int64, step at which a network's loss was no longer finite, or −1."""
        return self._memory.stopped

    @property
    def active(self) -> Array:
        """(N,) bool, whether each still learns; may be written to."""
        return self._memory.active

    def learn(self, data: Data, steps: int) -> Array:
        """Some more steps; (N, steps) float64 losses before each."""
        plan = self.networks.plan
        losses = np.empty((len(self.genomes), steps))
        self._check_memory(data, min(self.recipe.window, data.inputs.shape[1]))
        batch = min(self.recipe.batch, data.inputs.shape[3])
        samples = batch * data.inputs.shape[1] * int(plan.staring[0, TICKS])
        args = plan, custom_addresses(), data, self.recipe
        helpers = self._helpers(batch, samples * _SAMPLE_NS)
        if helpers:
            team = _team_of(self._memory.values, batch)
            parallel.launch([
                partial(
                    kernels.train, *args, self._memory._replace(team=team._replace(rank=rank)),
                    (losses, self._done), 0, 1,
                ) for rank in range(1 + helpers)
            ])  # fmt: skip
            self._late = self._late + 1 if team.board[OVER] == LATE else 0
            self._alone = 2 ** min(self._late, 6) - 1  # until the machine may be less busy
        else:
            ranges = self._ranges(steps * (_STEP_NS + samples * _SAMPLE_NS))
            parallel.over_ranges(kernels.train, ranges, *args, self._memory, (losses, self._done))
        self._done += steps
        return losses

    def _helpers(self, batch: int, cost: float) -> int:
        """Threads that take blocks of samples beside this one, where one network has all the work.

        Args:
            batch: Samples of a step.
            cost: Of a step per gene, in nanoseconds.
        """
        genes = self.genomes.node_id.size + self.genomes.innovation.size
        if len(self.genomes) > 1 or genes * cost < _SHARED_STEP_NS:
            return 0
        if self._alone:
            self._alone -= 1
            return 0
        blocks: int = getattr(kernels.block_count, "py_func", kernels.block_count)(batch)
        return min(parallel.thread_count(), blocks) - 1

    def _check_memory(self, data: Data, window: int) -> None:
        """Raise ValueError where what the way back needs is more than the machine has.

        For each thread, and up to 64 samples at once, the value of every slot of a network and the
        z of every node, at every tick of a window of observations.
        """
        plan = self.networks.plan
        ticks, tile = int(plan.staring[0, TICKS]), min(TILE, data.inputs.shape[3])
        numbers = 2 * window * ticks * tile * int(plan.width.max(initial=1))
        there, needed = _memory.there_is(), numbers * plan.weight.itemsize
        if there is not None and needed * parallel.thread_count() > there:
            got = f"{_memory.shown(needed)} a thread for {window} observations of {ticks} ticks"
            rule, remedy = "gradients that fit into memory", "Set window to fewer observations."
            raise ValueError(_checks.message("window", rule, got, remedy))

    def loss(self, data: Data) -> Array:
        """(N,) float64 losses as the networks are."""
        return self.gradients(data)[0]

    def gradients(self, data: Data) -> tuple[Array, tuple[Array, ...]]:
        """Losses (N,), and gradients of the fields that learn, as :func:`learned_of` has them."""
        plan = self.networks.plan
        losses = np.empty(len(self.genomes))
        self._check_memory(data, data.inputs.shape[1])
        found = tuple(np.zeros_like(values) for values in learned_of(plan))
        samples = data.inputs.shape[1] * data.inputs.shape[3] * int(plan.staring[0, TICKS])
        parallel.over_ranges(
            kernels.gradients, self._ranges(samples * _SAMPLE_NS), plan, custom_addresses(), data,
            self.recipe.loss, losses, flat(found),
        )  # fmt: skip
        return losses, found

    def parameters(self) -> tuple[Array, ...]:
        """Copies of all fields that learn, as :func:`learned_of` has them."""
        return tuple(values.copy() for values in learned_of(self.networks.plan))

    def take_back(self, parameters: tuple[Array, ...], networks: Array) -> None:
        """Give some networks (K,) earlier parameters again."""
        copy_learned(parameters, learned_of(self.networks.plan), self.networks, networks)

    def tuned(self) -> Genomes:
        """The genomes with what was learned written into their genes; others as they were."""
        packed, plan = self.genomes.packed, self.networks.plan
        connection_values, node_values = packed.connection_values.copy(), packed.node_values.copy()
        moved = [now != before for now, before in zip(learned_of(plan), self._before, strict=True)]
        connections, nodes, _ = rows_of(self.networks, np.arange(len(self.genomes)))

        def write(own: Array, column: int, values: Array, moved: Array, rows: Array) -> None:
            """Values of the plan that have moved, some rows of it, into a column of genes."""
            own_ptr, genes = (
                (packed.node_ptr, plan.node_gene)
                if own is node_values
                else (packed.connection_ptr, plan.connection_gene)
            )
            rows = rows[moved[rows]]
            genome = np.searchsorted(own_ptr, rows, side="right") - 1
            own[own_ptr[genome] + genes[rows], column] = values[rows]

        write(connection_values, WEIGHT, plan.weight, moved[0], connections)
        write(node_values, BIAS, plan.bias, moved[1], nodes)
        for kind, columns in self._columns.items():
            rows = nodes[plan.dynamics[nodes, KIND] == kind]
            for p, column in enumerate(columns):
                if column >= 0:
                    write(node_values, column, plan.parameters[:, p], moved[2][:, p], rows)
        changed = packed._replace(connection_values=connection_values, node_values=node_values)
        return Genomes(changed, self.genomes.interface)

    def _ranges(self, cost: float) -> list[tuple[int, int]]:
        packed = self.genomes.packed
        return parallel.split(packed.node_ptr + packed.connection_ptr, cost)


def _team_of(values: tuple[Array, ...], batch: int) -> Team:
    """A team's leader for steps of so many samples; with 0, threads that work by themselves."""
    blocks = kernels.MOST_BLOCKS if batch else 1
    return Team(
        0, np.zeros(SIZE if batch else 0, np.int64), np.zeros(batch, np.int32), np.zeros(1),
        tuple(np.empty((blocks, each.size), each.dtype) for each in values), np.zeros(blocks),
    )  # fmt: skip


def check_learn(used: Iterable[Dynamics]) -> None:
    """Raise ValueError if one of some dynamics has no gradient."""
    for declared in used:
        if not declared.learns:
            rule, remedy = "dynamics that have a gradient, to learn", "Evolve without learning."
            raise ValueError(_checks.message("genes.dynamics", rule, repr(declared.name), remedy))


def check_learnable(genomes: Genomes) -> None:
    """Raise ValueError if a node has dynamics without a gradient."""
    check_learn(used_dynamics(genomes.packed, genomes.interface).values())


def learned_of(plan: Plan) -> tuple[Array, ...]:
    """The fields that learn: weights (C,), biases (V,), parameters of dynamics (V, P)."""
    return tuple(getattr(plan, name) for name in LEARNED)


def flat(fields: tuple[Array, ...]) -> tuple[Array, ...]:
    """Views of fields that learn as kernels take them, (K,) each."""
    return tuple(field.reshape(-1) for field in fields)


def copy_learned(
    source: tuple[Array, ...], target: tuple[Array, ...], networks: Networks, chosen: Array
) -> None:
    """Copy the parameters of some networks (K,)."""
    for own, other, rows in zip(source, target, rows_of(networks, chosen), strict=True):
        other[rows] = own[rows]


def _bounds(plan: Plan, genomes: Genomes) -> Array:
    """(2, V, P) least and most of the parameters of dynamics, as their columns declare them."""
    bounds = np.full((2, *plan.parameters.shape), np.inf)
    bounds[0] = -np.inf
    for kind, used in used_dynamics(genomes.packed, genomes.interface).items():
        rows = plan.dynamics[:, KIND] == kind
        for p, column in enumerate(used.reads):
            declared = COLUMNS[column].settings
            if column not in genomes.columns:  # what it is elsewhere is not learned
                bounds[:, rows, p] = dict(used.optional)[column]
            elif isinstance(declared, Values):
                bounds[0, rows, p], bounds[1, rows, p] = declared.minimum, declared.maximum
    return bounds


def rows_of(networks: Networks, chosen: Array) -> tuple[Array, ...]:
    """Rows that some networks (K,) use of each field that learns."""
    plan = networks.plan
    start, stop = plan.node_start[chosen], plan.node_stop[chosen]
    rows = {"connection": _spans(plan.incoming_start[start], plan.incoming_stop[stop - 1]),
            "node": _spans(start, stop)}  # fmt: skip
    return tuple(rows[FIELDS[name].axis] for name in LEARNED)


def _spans(start: Array, stop: Array) -> Array:
    """All numbers of ``start[k]:stop[k]``, one span after the other."""
    sizes = stop - start
    ends = np.cumsum(sizes)
    offsets: Array = np.repeat(start - (ends - sizes), sizes)
    return offsets + np.arange(offsets.size)


def fine_tune(
    genome: _Tunable,
    X: ArrayLike | Lessons,
    Y: ArrayLike | None = None,
    *,
    loss: str | Loss = "mse",
    optimizer: Optimizer | None = None,
    steps: int = 500,
    batch: int | None = None,
    weights: ArrayLike | None = None,
    sequences: bool = False,
    window: int | None = None,
    validation: tuple[ArrayLike, ...] | None = None,
    patience: int = 10,
    clip: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    seed: int = 0,
    dtype: Any = np.float32,
    progress: bool | None = None,
) -> tuple[_Tunable, Array]:
    """Tune weights, biases and parameters of dynamics by gradient descent; all other genes stay.

    Networks of different shapes learn side by side, each bit for bit as it would alone, for
    any number of threads. Loops are followed through time (:mod:`neatgrow.kernels.backward`).

    Args:
        genome: One genome or N.
        X: Lessons, which settle targets, loss, weights and ``sequences`` as well; or samples
            (B, I), or (N, B, I) with a set for each; with ``sequences`` (T, B, I) or
            (N, T, B, I), one observation per step from state 0.
        Y: Targets, likewise with O values; for ``"categorical"`` also class numbers (B,).
        loss: ``"mse"``, ``"mae"``, ``"huber"``, or ``"binary"`` and ``"categorical"``
            cross-entropy of outputs taken as logits, which suits outputs of activation
            ``identity``. Or a function of outputs and targets, shaped as ``Networks.predict``
            and ``run`` give them with a leading axis of N, that returns the losses (N,) and
            ∂loss/∂outputs; it is called in every step, with all samples, and ``weights`` scale
            what it returns.
        optimizer: ``Adam(0.01)`` by default.
        steps: How many.
        batch: Samples per step, drawn without repetition within an epoch and the same for
            every network; all by default.
        weights: Of each sample (B,) or each tick (T, B), 0 to leave one out; all 1 by default.
        sequences: Whether X has an axis of ticks.
        window: Observations over which gradients reach back; all by default. The memory needed
            grows with it: for each thread and up to 64 samples at once, some two numbers for every
            node, state and delayed value at each of its ticks.
        validation: (X, Y) or (X, Y, weights) that learning is stopped by: looked at every 10
            steps, the best parameters are kept. Where none is better than the start the genome
            is returned as it was, and a RuntimeWarning says so: as a rule where evolution has
            selected on these samples.
        patience: Looks without a better validation loss after which a network stops.
        clip: Largest norm of a network's gradient.
        l1: Weight of Σ|w| in the loss.
        l2: Weight of Σw² in the loss.
        seed: Keys the batches.
        dtype: float32, as networks compute, or float64 for more digits.
        progress: Show a line while it takes long; by default where standard error is a terminal.

    Returns:
        The tuned genome or genomes, and the loss before each step: (steps,) or (N, steps)
        float64, NaN after a network has stopped. A network whose loss becomes NaN or infinite
        keeps its last parameters of finite loss, and a RuntimeWarning says so. Another says
        where outputs of a genome cannot reach the targets.

    Raises:
        ValueError: A shape, a label, a setting or a value is not what it should be.
        TypeError: Something is not of the right type.
    """
    genomes = genome.batch() if isinstance(genome, Genome) else genome
    if not isinstance(genomes, Genomes):
        raise TypeError(_checks.message("genome", "a Genome or Genomes", genome))
    genomes.interface.check_graph("genome")
    _checks.integer("steps", steps, 1, "Ask for at least one.")
    _checks.integer("patience", patience, 1)
    sequences = _checks.flag("sequences", sequences)
    show = sys.stderr.isatty() if progress is None else _checks.flag("progress", progress)
    genomes.check()
    if isinstance(X, Lessons):
        if Y is not None or weights is not None or sequences or loss != "mse":
            raise ValueError(
                "X: expected lessons alone, got Y, loss, weights or sequences as well."
            )
        loss, Y, weights, sequences = X.loss, X.Y, X.weights, X.sequences
        X = X.X
    elif Y is None:
        raise TypeError("Y: expected targets, got none. Pass them, or Lessons as X.")
    own = loss if callable(loss) else None
    name = "given" if callable(loss) else _checks.one_of("loss", loss, LOSSES[:-1])
    face, count = genomes.interface, len(genomes)

    def data_of(X: ArrayLike, Y: ArrayLike, w: ArrayLike | None = None) -> Data:
        data = prepared(
            face, count, X, Y, w, sequences=sequences, labels=name == "categorical", dtype=dtype
        )
        low, high = data.targets.min(), data.targets.max()
        if (name == "binary" and not 0 <= low <= high <= 1) or (name == "categorical" and low < 0):
            rule = "targets from 0 to 1 for binary" if name == "binary" else "targets of at least 0"
            raise ValueError(_checks.message("Y", rule, f"{low:g} to {high:g}"))
        return data

    data = data_of(X, Y, weights)
    check = None if validation is None else data_of(*checked_set("validation", validation))
    if own is not None and (batch is not None or check is not None):
        raise ValueError("loss: expected no batch and no validation with a function of your own.")
    recipe = recipe_of(
        name, optimizer, steps, data, batch=batch, window=window, clip=clip, l1=l1, l2=l2, seed=seed
    )
    unreachable = own is None and complaint_of_genomes(
        genomes, name, np.swapaxes(data.targets, 2, 3), data.weight
    )
    if unreachable:
        warnings.warn(unreachable, RuntimeWarning, stacklevel=2)
    trainer = Trainer(genomes, recipe, dtype)
    line = ProgressLine(steps, show)
    if own is not None:
        losses = _with_own_loss(trainer, data, own, sequences, steps, line)
    elif check is not None:
        losses = _until_no_better(trainer, data, check, steps, patience, line)
    else:
        losses = _in_chunks(trainer, data, steps, line)
    line.close()
    _warn_of(trainer)
    tuned = trainer.tuned()
    return (tuned[0].copy(), losses[0]) if isinstance(genome, Genome) else (tuned, losses)


def held(recipe: Recipe, step: int) -> Recipe:
    """The recipe with the rate that its schedule gives at a step, whatever steps follow."""
    rate = getattr(rate_at, "py_func", rate_at)(recipe, step)
    return recipe._replace(rate=rate, schedule=CONSTANT)


def recipe_of(
    loss: str,
    optimizer: Optimizer | None,
    steps: int,
    data: Data,
    *,
    batch: int | None = None,
    window: int | None = None,
    clip: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    seed: int = 0,
) -> Recipe:
    """Settings as kernels read them, checked."""
    optimizer = Adam(0.01) if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise TypeError(_checks.message("optimizer", "one such as Adam(0.01)", optimizer))
    samples, ticks = data.inputs.shape[3], data.inputs.shape[1]
    for what, value in (("batch", batch), ("window", window)):
        if value is not None:
            _checks.integer(what, value, 1)
    for what, number in (("l1", l1), ("l2", l2)):
        _checks.number(what, number, least=0.0, finite=True)
    if clip is not None:
        _checks.number("clip", clip, above=0.0, finite=True)
    schedule = optimizer.schedule
    return Recipe(
        loss=LOSSES.index(loss),
        optimizer=optimizer.opcode,
        rate=float(optimizer.rate),
        momentum=float(getattr(optimizer, "momentum", 0.0)),
        smoothing=float(getattr(optimizer, "smoothing", 0.0)),
        epsilon=float(getattr(optimizer, "epsilon", 1e-8)),
        decay=float(getattr(optimizer, "decay", 0.0)),
        l1=float(l1),
        l2=float(l2),
        clip=np.inf if clip is None else float(clip),
        schedule=schedule.opcode,
        every=int(getattr(schedule, "every", 1)),
        factor=float(getattr(schedule, "factor", 1.0)),
        total_steps=steps,
        batch=samples if batch is None else min(batch, samples),
        window=ticks if window is None else window,
        seed=_checks.integer("seed", seed, 0),
    )


def _in_chunks(trainer: Trainer, data: Data, steps: int, line: "ProgressLine") -> Array:
    """All steps, in calls short enough to be interrupted."""
    parts, done, size = [], 0, 1
    while done < steps:
        start = time.perf_counter()
        parts.append(trainer.learn(data, min(size, steps - done)))
        done += parts[-1].shape[1]
        line.update(done, parts[-1][:, -1])
        spent = time.perf_counter() - start
        size = max(1, min(2 * size, int(size * 0.1 / max(spent, 1e-6))))
    return np.concatenate(parts, axis=1)


def _until_no_better(
    trainer: Trainer, data: Data, check: Data, steps: int, patience: int, line: "ProgressLine"
) -> Array:
    """Steps until the validation loss has not fallen for a while; the best parameters stay."""
    best, best_loss = trainer.parameters(), trainer.loss(check)
    best_loss[~np.isfinite(best_loss)] = np.inf
    improved = np.zeros(best_loss.size, np.bool_)
    waited = np.zeros(best_loss.size, np.int64)
    losses = np.full((best_loss.size, steps), np.nan)
    done = 0
    while done < steps and trainer.active.any():
        size = min(_CHUNK, steps - done)
        losses[:, done : done + size] = trainer.learn(data, size)
        done += size
        now = trainer.loss(check)
        better = np.flatnonzero(now < best_loss)
        copy_learned(learned_of(trainer.networks.plan), best, trainer.networks, better)
        best_loss[better], improved[better] = now[better], True
        waited += 1
        waited[better] = 0
        trainer.active[waited >= patience] = False
        line.update(done, best_loss)
    trainer.take_back(best, np.arange(best_loss.size))
    idle = np.count_nonzero(~improved & (trainer.stopped < 0))  # of the others _warn_of says why
    if idle:
        warnings.warn(
            f"validation: expected steps that are better than the start, got none for {idle} of "
            f"{best_loss.size} genomes, which stay as they were. Validate on samples that "
            "evolution has not selected on, lower the rate, or leave validation out.",
            RuntimeWarning,
            stacklevel=3,
        )
    return losses


def _with_own_loss(
    trainer: Trainer, data: Data, loss: Loss, sequences: bool, steps: int, line: "ProgressLine"
) -> Array:
    """Steps along gradients that the caller's function gives."""
    count, networks = len(trainer.genomes), trainer.networks
    x, y = np.swapaxes(data.inputs, 2, 3), np.swapaxes(data.targets, 2, 3)
    y = y if sequences else y[:, 0]
    # The inputs are prepared already, so the networks that see them here carry no statistics.
    face = Interface(networks.interface.inputs, networks.interface.outputs)
    plain = Networks(networks.plan, face, networks._genes)
    inputs, weight = (
        np.ascontiguousarray(np.broadcast_to(a, (count, *a.shape[1:])))
        for a in (data.inputs, data.weight)
    )
    losses = np.empty((count, steps))
    for step in range(steps):
        outputs = plain.run(x[0] if x.shape[0] == 1 else x)
        outputs = outputs if sequences else outputs[:, 0]
        value, slope = loss(outputs, y)
        value = _checks.array("loss", value, (count,))
        slope = _checks.array("loss: ∂loss/∂outputs", slope, outputs.shape)
        slope = slope if sequences else slope[:, None]
        targets = np.ascontiguousarray(np.swapaxes(slope, 2, 3), networks.dtype)
        trainer.learn(Data(inputs, targets, weight), 1)
        losses[:, step] = np.where(trainer.stopped < 0, value, np.nan)
        line.update(step + 1, value)
    return losses


def _warn_of(trainer: Trainer) -> None:
    lost = np.flatnonzero(trainer.stopped >= 0)
    if lost.size:
        first = lost[0]
        warnings.warn(
            f"fine_tune: the loss of {lost.size} of {len(trainer.genomes)} networks was no longer "
            f"finite, first that of network {first} in step {trainer.stopped[first]}. They keep "
            "their last parameters of finite loss; lower the rate, or set clip=1.0.",
            RuntimeWarning,
            stacklevel=3,
        )


class ProgressLine:
    """A line on a terminal for work that takes more than a moment."""

    def __init__(
        self, steps: int, shown: bool, words: tuple[str, str] = ("step", "median loss")
    ) -> None:
        self.steps, self.shown, self.words = steps, shown, words
        self._start = self._last = time.monotonic()
        self._open = False

    def update(self, done: int, losses: Array) -> None:
        """Say how far it has come, and the median of these (K,)."""
        now = time.monotonic()
        if not self.shown or now - self._start < _QUIET_SECONDS or now - self._last < 0.2:
            return
        self._last, self._open = now, True
        finite = losses[np.isfinite(losses)]
        text = f"{np.median(finite):.4g}" if finite.size else "none finite"
        what, measure = self.words
        sys.stderr.write(f"\r{what} {done}/{self.steps}  {measure} {text}   ")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        if self._open:
            sys.stderr.write("\n")
