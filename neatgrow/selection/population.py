"""The population: ask for genomes, tell their fitness, and the next generation follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks, automatic
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.genomes.loops import looped
from neatgrow.genomes.variation import (
    check_memory,
    initial_genomes,
    make_children,
    room_for,
    rules_of,
)
from neatgrow.kernels import layout
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.offspring import MATE, Offspring
from neatgrow.selection.base import (
    FROM_CHAMPION,
    FROM_NOBODY,
    Groups,
    Pool,
    Reproduction,
    Score,
    Standing,
    checked_offspring,
    checked_pool,
)
from neatgrow.selection.starting import Start, adopted, batches_of, first_generation
from neatgrow.timing import TIMING

if TYPE_CHECKING:
    import networkx

    from neatgrow.lineage.lineage import Ancestor, Lineage
    from neatgrow.runs.history import History
    from neatgrow.runs.records import Records

GuidedGrowth = Callable[[Genomes, Array, Rules, int], Genomes]


class Parents(NamedTuple):
    """Who made each of N genomes.

    Attributes:
        first: (N, 2) int64: generation and row of the first parent, the fitter one; twice
            ``FROM_NOBODY`` or ``FROM_CHAMPION`` instead.
        second: (N, 2) int64: of its mate; twice −1 where there is none.
        kind: (N,) uint8: COPY, MUTATE, MATE, MATE_AVERAGE.
    """

    first: Array
    second: Array
    kind: Array

    @classmethod
    def of(cls, origin: Array, offspring: Offspring) -> Self:
        """Those of offspring, given where those in the pool come from."""
        rows = offspring.first
        if rows.min() < 0:  # where −1 and −2 are rows, too, of these two
            origin = np.concatenate([origin, [[FROM_CHAMPION] * 2, [FROM_NOBODY] * 2]])
        first, second = origin[rows], origin[offspring.second]
        second[offspring.kind < MATE] = -1
        return cls(first, second, offspring.kind)


@dataclass(frozen=True, eq=False)
class State:
    """A population right after :meth:`Population.tell`: all that later generations follow from.

    Nothing in it is written to again, so taking one costs nothing.

    Attributes:
        config: Settings, none of them ``"auto"``.
        seed: Run seed.
        minimize: Whether lower fitness is better.
        generation: Generations told.
        genomes: N genomes of the last one.
        fitness: (N,) float64, higher is better, NaN for failures.
        behaviour: (N, K) float64, or ``None``.
        objectives: (N, M) float64, higher is better, or ``None``.
        score: (N,) float64, what counts; the fitness itself where that does.
        pool: Who may have children.
        groups: What the genomes are grouped by, such as species.
        champion: Best genome ever told, or ``None``.
        champion_fitness: Its fitness, higher is better; −inf before the first.
        champion_since: Generation in which it became that; 0 before the first.
        kept: What the way of selection keeps, by names that begin with ``score.`` or
            ``selection.``.
        chosen: What settings that were ``"auto"`` have become, by dotted path.
    """

    config: Config
    seed: int
    minimize: bool
    generation: int
    genomes: Genomes
    fitness: Array
    behaviour: Array | None
    objectives: Array | None
    score: Array
    pool: Pool
    groups: Groups
    champion: Genome | None
    champion_fitness: float
    champion_since: int
    kept: dict[str, Array]
    chosen: dict[str, Any]

    def marks(self) -> dict[str, Array]:
        """Arrays that a run's fingerprint depends on besides its history and champion; none where
        species are selected."""
        if self.config.selection.kind == "species":
            return {}
        return {**self.kept, "origin": self.pool.origin, **self.pool.genomes.packed._asdict()}


class Population:
    """A population of genomes evolved by NEAT, in the ask/tell manner.

    Example:
        population = Population(inputs=2, outputs=1, seed=1)
        for _ in range(100):
            genomes = population.ask()
            population.tell(my_fitness(genomes.compile()))
        population.champion

    Args:
        inputs: I; those of ``start`` by default.
        outputs: O; likewise.
        config: Settings; ``Config()`` by default.
        seed: The same seed, told the same fitnesses, gives the same generations.
        minimize: Whether lower fitness is better.
        input_names: I names for pictures and tables; those of ``start`` by default.
        output_names: O names; likewise.
        start: Genomes that the first generation is made of instead of ``config.start``: one,
            several, or a file of them. It is filled with copies in turn: each genome is there
            once as it is, first and in order, and all other copies are mutated once. They have to
            be of these inputs and outputs, and of the encoding and the update of the
            settings. Gene columns that they lack begin with the start value of the settings;
            columns that the settings lack are refused. Where they have loops, ``recurrent="auto"``
            allows them. Input statistics that they carry are kept, and are those of the run.

    Attributes:
        config: Settings, none of them ``"auto"``: here there are no loops then, and outputs have
            the activation of the other nodes.
        chosen: What settings that were ``"auto"`` have become, by dotted path.
        seed: Run seed; with the fitnesses told it determines everything.
        interface: Inputs and outputs of the genomes; with an encoding those that it asks for.
        generation: Generations told so far.
        genomes: The current generation.
        start: What the first generation was made of, where genomes were given; ``None`` after
            :meth:`from_state`.
        fitness: (N,) float64 last told, higher is better, NaN for failures; or ``None``.
        scoring: What counts, as ``config.selection`` says.
        reproduction: Who has children, as ``config.selection`` says; species by default.
        pool: Whom the present generation descends from; once it is told, who may have children.
        parents: Who made each of the current generation. ``None`` in the first generation and
            after :meth:`from_state`.
        champion_row: Row of the champion among the genomes told last; −1 if it is older.
        guided_growth: Where children grow, instead of at random: called with the children, what
            each is to grow (N,) uint8, the rules of variation and the generation, it returns
            them grown. ``None`` by default; not part of :meth:`state`.
        recording: Whether it keeps a history and a lineage, which takes a tenth of a millisecond
            in each generation. A run keeps its own instead.
    """

    def __init__(
        self,
        inputs: int | None = None,
        outputs: int | None = None,
        config: Config | None = None,
        *,
        seed: int = 0,
        minimize: bool = False,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        start: Start | None = None,
    ) -> None:
        batches = () if start is None else batches_of(start)
        if batches:
            face = batches[0].interface.graph
            inputs = face.inputs if inputs is None else inputs
            outputs = face.outputs if outputs is None else outputs
            if (inputs, outputs) == (face.inputs, face.outputs):
                input_names = face.input_names if input_names is None else input_names
                output_names = face.output_names if output_names is None else output_names
        if inputs is None or outputs is None:
            rule = "both, or genomes to start from"
            raise TypeError(_checks.message("inputs, outputs", rule, "neither"))
        resolved, self.chosen = automatic.resolved(
            Config() if config is None else config, loops=looped(batches)
        )
        interface = Interface(
            inputs,
            outputs,
            _checks.names("input_names", input_names),
            _checks.names("output_names", output_names),
            columns=resolved.genes.columns, timing=resolved.timing,
        )  # fmt: skip
        interface = interface.encoded(resolved.encoding)
        self.start = adopted(batches, resolved, interface) if batches else None
        if self.start is not None:
            interface = self.start.interface
        self._settle(resolved, interface, seed, minimize)
        self.generation = 0
        self.fitness: Array | None = None
        self._behaviour: Array | None = None
        self._objectives: Array | None = None
        self._top = -1  # row of the best genome told last
        self._champion: Genome | None = None
        self._champion_fitness = -np.inf
        self._champion_since = 0
        if self.start is None:
            self.genomes = initial_genomes(self.config, self.interface, seed=self.seed)
        else:
            self.genomes = first_generation(self.start, self.config, seed=self.seed)
        self.pool = Pool(self.genomes[:0], np.empty((0, 2), np.int64))
        self.reproduction.settle(self.genomes, 0)

    def _settle(self, config: Config, interface: Interface, seed: int, minimize: bool) -> None:
        """What stays as it is from the first generation to the last."""
        if not isinstance(config, Config):
            raise TypeError(_checks.message("config", "a Config", _checks.shown(config)))
        self.config = config
        self.interface = interface
        self.seed = _checks.integer("seed", seed, 0, "Pass a non-negative number.")
        self._sign = -1.0 if _checks.flag("minimize", minimize) else 1.0
        self._rules = rules_of(config, interface)
        self.scoring, self.reproduction = config.selection.start(config, self.seed)
        self._asked = False
        self.parents: Parents | None = None
        self.champion_row = -1
        self.guided_growth: GuidedGrowth | None = None
        self.recording = True
        self._records: Records | None = None
        self._unrecorded = False
        self._seconds, self._marked_at = [0.0, 0.0], perf_counter()

    @classmethod
    def from_state(cls, state: State, config: Config | None = None) -> Self:
        """The population that :meth:`state` was taken of; it goes on as that one would.

        Args:
            state: Of any population.
            config: Settings from now on, instead of its own; the next generation follows them.
                A way of selection of another kind begins with the last generation.

        Raises:
            ValueError: ``config.recurrent`` differs: genomes may hold loops already; or
                its timing or the gene columns do. Or the selection needs what the last
                generation does not have.
        """
        config, chosen = automatic.resolved(
            state.config if config is None else config, state.chosen
        )
        if config.recurrent != state.config.recurrent:
            raise ValueError(
                f"recurrent: expected {state.config.recurrent} as when the run began, got "
                f"{config.recurrent}. Leave it; genomes were grown by it."
            )
        timing = state.genomes.interface.timing
        for what, given, own in (
            ("genes", config.genes.columns, state.genomes.columns),
            *((n, [str(getattr(config, n))], [str(getattr(timing, n))]) for n in TIMING),
        ):
            if set(given) != set(own):
                rule, got = f"{', '.join(own)} as when the run began", ", ".join(given)
                remedy = "Leave it; it is part of the genomes."
                raise ValueError(_checks.message(what, rule, got, remedy))
        if config.encoding != state.config.encoding:
            raise ValueError(
                f"encoding: expected {state.config.encoding} as when the run began, got "
                f"{config.encoding}. Leave it; genomes were grown for it."
            )
        size = len(state.genomes)
        if config.population_size > size:
            packed, more = state.genomes.packed, config.population_size
            check_memory(
                state.genomes.interface, more, packed.node_id.size // size,
                packed.innovation.size // size,
            )  # fmt: skip
        population = cls.__new__(cls)
        population._settle(config, state.genomes.interface, state.seed, state.minimize)
        population.generation, population.genomes = state.generation, state.genomes
        population.fitness, population.pool = state.fitness, state.pool
        population._behaviour, population._objectives = state.behaviour, state.objectives
        population.chosen, population.start = chosen, None
        population._top = _best(state.fitness)
        population._champion = state.champion
        population._champion_fitness = state.champion_fitness
        population._champion_since = state.champion_since
        if type(config.selection) is type(state.config.selection):
            population._score = state.score
            for name, part in population._kept_by().items():
                below = {key.removeprefix(name): array for key, array in state.kept.items()
                         if key.startswith(name)}  # fmt: skip
                part.restore(below, population._standing())
        else:
            population.pool = Pool(state.genomes[:0], np.empty((0, 2), np.int64))
            population.reproduction.settle(state.genomes, state.generation)
            population._select()
        return population

    def _kept_by(self) -> dict[str, Score | Reproduction]:
        """What keeps something from generation to generation, by the start of its name."""
        return {"score.": self.scoring, "selection.": self.reproduction}

    def state(self) -> State:
        """All that the next generations follow from.

        Raises:
            RuntimeError: Between :meth:`ask` and :meth:`tell`, and before the first.
        """
        if self.fitness is None:
            raise RuntimeError(
                "state: expected a call of tell() since the last ask(), got none. Take it after "
                "tell()."
            )
        kept = {name + key: array for name, part in self._kept_by().items()
                for key, array in part.state().items()}  # fmt: skip
        return State(
            self.config, self.seed, self._sign < 0, self.generation, self.genomes, self.fitness,
            self._behaviour, self._objectives, self._score, self.pool,
            self.reproduction.groups(len(self.genomes)), self._champion, self._champion_fitness,
            self._champion_since, kept, self.chosen,
        )  # fmt: skip

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to a file; :meth:`load` goes on from it, bit for bit.

        Raises:
            RuntimeError: As :meth:`state`.
            OSError: The file cannot be written; an old one stays.
        """
        from neatgrow.runs.checkpoints import save_population

        save_population(path, self.state(), self._recorded() if self.recording else None)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The population that :meth:`save` wrote.

        Raises:
            FileNotFoundError: There is no such file.
            FileError: The file is damaged, of another kind or of a newer format.
        """
        from neatgrow.runs.checkpoints import load_population, load_records

        population = cls.from_state(load_population(path))
        population._records = load_records(path)
        return population

    def _recorded(self) -> "Records":
        """What is remembered, the generation told last included."""
        from neatgrow.runs.records import Records

        if not self.recording:
            raise RuntimeError(
                "history: expected a population of a loop of your own that records, got one of a "
                "run or with recording=False. A run's are result.history and result.ancestors."
            )
        if self._records is None:
            self._records = Records()
        if self._unrecorded:
            self._unrecorded = False
            self._records.add(self, *self._seconds)
        return self._records

    @property
    def history(self) -> "History":
        """Table by generation, as of a run, up to the one told last.

        Raises:
            RuntimeError: It does not record.
        """
        return self._recorded().history

    @property
    def descent(self) -> "Lineage":
        """The line of descent up to the generation told last.

        Raises:
            RuntimeError: It does not record, or nothing has been told.
        """
        lineage = self._recorded().lineage
        if lineage is None:
            raise RuntimeError("lineage: expected a fitness told first. Call ask() and tell().")
        return lineage

    @property
    def lineage(self) -> "networkx.DiGraph[Any]":
        """The generation told last, the champion and their ancestors, as
        :attr:`neatgrow.Result.lineage`."""
        return self.descent.to_networkx()

    @property
    def ancestors(self) -> "list[Ancestor]":
        """The champion's line of first parents, as :attr:`neatgrow.Result.ancestors`."""
        return self.descent.line()

    def __repr__(self) -> str:
        return (
            f"Population({len(self.genomes)} genomes, {type(self.config.selection).__name__}, "
            f"generation {self.generation})"
        )

    @property
    def champion(self) -> Genome:
        """The best genome ever told; its arrays are its own.

        Raises:
            RuntimeError: Nothing but failures has been told.
        """
        if self._champion is None:
            raise RuntimeError("champion: expected a fitness told first. Call ask() and tell().")
        return self._champion

    @property
    def champion_fitness(self) -> float:
        """Fitness of the champion as told; NaN before the first."""
        return self._sign * self._champion_fitness if self._champion is not None else np.nan

    @property
    def best(self) -> Genome:
        """The best genome of the generation told last.

        Raises:
            RuntimeError: Nothing was told since the last :meth:`ask`, or nothing but failures.
        """
        if self.fitness is None or self._top < 0:
            raise RuntimeError("best: expected a fitness told first. Call ask() and tell().")
        return self.genomes[self._top].copy()

    @property
    def best_fitness(self) -> float:
        """Fitness of :attr:`best`, as told; NaN if every evaluation failed."""
        if self.fitness is None or self._top < 0:
            return np.nan
        return self._sign * float(self.fitness[self._top])

    def ask(self) -> Genomes:
        """The genomes to evaluate, ``config.population_size`` of them, in order.

        After :meth:`tell` this is the next generation; before it, the same again.
        """
        if self.fitness is not None:
            if self.recording:
                self._recorded()
            start = perf_counter()
            self._reproduce()
            self._seconds[0] = perf_counter() - start
            self.fitness = None
        self._asked, self._marked_at = True, perf_counter()
        return self.genomes

    def learned(self, genomes: Genomes) -> None:
        """Replace the genomes of :meth:`ask` by what they have become by learning.

        Args:
            genomes: The same genes in the same order with other values; connections may be
                missing.

        Raises:
            RuntimeError: There is nothing asked for that has not been told.
            ValueError: The genomes are not those of :meth:`ask`.
        """
        if not self._asked:
            raise RuntimeError("learned: expected a call of ask() first, got none. Call ask().")
        before, after = self.genomes.packed, genomes.packed
        if after.innovation.size < before.innovation.size:
            before = layout.without(before, ~_found(before, after))
        for name in ("node_ptr", "node_id", "connection_ptr", "innovation", "enabled"):
            if not np.array_equal(getattr(before, name), getattr(after, name)):
                raise ValueError(
                    f"learned: expected the genomes of ask() with other values, got another {name}."
                )
        self.genomes = genomes

    def tell(
        self,
        fitness: ArrayLike,
        *,
        behaviour: ArrayLike | None = None,
        objectives: ArrayLike | None = None,
        trusted: ArrayLike | None = None,
    ) -> None:
        """Take the fitness of every genome from :meth:`ask`.

        Args:
            fitness: (N,) numbers, higher is better (lower with ``minimize=True``). NaN marks
                an evaluation that failed; it ranks below all others, as do infinities.
            behaviour: (N, K) numbers that describe what each did, for ways of selection that
                read them.
            objectives: (N, M) numbers, higher is better, likewise.
            trusted: Rows of the genomes that may become champion; all by default, none where
                :meth:`set_champion` says who is. Selection does not depend on it.

        Raises:
            RuntimeError: :meth:`ask` has not been called since the last tell.
            ValueError: A shape is wrong, a value is ``None`` or masked, a row of ``trusted`` does
                not exist, or the selection needs what is not told.
            TypeError: The values are not numbers.
        """
        if not self._asked:
            raise RuntimeError(
                "tell: expected a call of ask() first, got none since the last tell(). "
                "Evaluate the genomes that ask() returns."
            )
        evaluation = perf_counter() - self._marked_at
        told = self._sign * checked_fitness(fitness, len(self.genomes))
        told[~np.isfinite(told)] = np.nan
        rows = None if trusted is None else _checks.indices("trusted", trusted, told.size).tolist()
        self._behaviour = _rows("behaviour", behaviour, told)
        self._objectives = _rows("objectives", objectives, told)
        self._check_needs()
        self.fitness = told
        self._asked, self._unrecorded, self._seconds[1] = False, True, evaluation
        self.champion_row = -1
        self.generation += 1
        self._top = _best(told)
        for row in [self._top] if rows is None else rows:
            if row >= 0 and told[row] > self._champion_fitness:
                self._champion = self.genomes[row].copy()
                self.champion_row = int(row)
                self._champion_fitness = float(told[row])
                self._champion_since = self.generation
        self._select()

    def set_champion(self, row: int | None, fitness: float) -> None:
        """Settle who is champion by more than the fitness told, such as retests.

        Args:
            row: Of a genome told last that is champion from now on; ``None`` for the old one.
            fitness: What is known of it now, in the direction of :meth:`tell`.

        Raises:
            RuntimeError: Nothing was told since the last :meth:`ask`.
        """
        if self.fitness is None:
            raise RuntimeError("set_champion: expected a call of tell() first, got none.")
        if row is not None:
            self._champion, self.champion_row = self.genomes[row].copy(), int(row)
            self._champion_since = self.generation
        self._champion_fitness = self._sign * float(fitness)

    # ------------------------------------------------------------------ the next generation

    def _check_needs(self) -> None:
        """Raise ValueError if the selection needs what this generation does not have."""
        for part in self._kept_by().values():
            for name in part.needs:
                if getattr(self, f"_{name}") is None:
                    kind = self.config.selection.kind
                    raise ValueError(_checks.message(
                        name, f"it to be told, as selection {kind!r} goes by it", "none",
                        f"Let the problem give Evaluation({name}=…), or pass "
                        f"tell(fitness, {name}=…).",
                    ))  # fmt: skip

    def _standing(self) -> Standing:
        """How the generation told last did."""
        assert self.fitness is not None
        return Standing(
            self.generation, self.genomes, self.fitness, self._behaviour, self._objectives,
            self.pool, self._champion, self._champion_since,
        )  # fmt: skip

    def _select(self) -> None:
        """Settle what the generation told last has come to, and who may have children."""
        self._check_needs()
        standing = self._standing()
        score = self.scoring.score(standing)
        if score is not standing.fitness:
            given = _checks.array("score", score, standing.fitness.shape)
            score = np.where(np.isfinite(given), given, np.nan)
        for part in self._kept_by().values():
            for name in part.needs:  # who has none has failed, as far as selection goes
                score = np.where(np.isnan(getattr(self, f"_{name}")).any(axis=1), np.nan, score)
        self._score = score
        pool = self.reproduction.select(standing, score)
        self.pool = pool if self.reproduction._sound else checked_pool(pool, self.generation)

    def _reproduce(self) -> None:
        offspring, pool = self.reproduction.reproduce(self._standing(), self._score), self.pool
        if not self.reproduction._sound:
            size = self.config.population_size
            offspring = checked_offspring(offspring, size, len(pool.genomes))
        self.parents = Parents.of(pool.origin, offspring)
        self.genomes = self._born(offspring)
        self.reproduction.settle(self.genomes, self.generation)

    def _born(self, offspring: Offspring) -> Genomes:
        """The children."""
        first = offspring.first
        if first.min() >= 0:
            return self._children(self.pool.genomes, offspring, self.guided_growth)
        of_champion, pool = first == FROM_CHAMPION, self.pool
        if of_champion.any():
            if self._champion is None:
                rule = "no children of a champion before there is one"
                raise ValueError(_checks.message("reproduce: first", rule, f"{FROM_CHAMPION}"))
            first = np.where(of_champion, len(pool.genomes), first).astype(np.int32)
            pool = pool.join(Pool(self._champion.batch(), np.zeros((1, 2), np.int64)))
        order = np.argsort(first == FROM_NOBODY, kind="stable")
        bred = int(np.count_nonzero(first != FROM_NOBODY))
        fresh = initial_genomes(
            self.config, self.interface, seed=self.seed, generation=self.generation,
            count=first.size - bred,
        )  # fmt: skip
        if not bred:
            return fresh
        some = offspring._replace(first=first, second=np.maximum(offspring.second, 0))
        children = self._children(pool.genomes, Offspring(*(c[order[:bred]] for c in some)))
        parts = [(children.packed, bred), (fresh.packed, len(fresh))]
        return Genomes(layout.concatenate(parts), self.interface)[np.argsort(order)]

    def _children(
        self, parents: Genomes, offspring: Offspring, guided_growth: GuidedGrowth | None = None
    ) -> Genomes:
        """Children of some genomes, which grow at random or as they are guided."""
        wishes = None if guided_growth is None else np.zeros(offspring.first.size, np.uint8)
        children = make_children(
            parents, offspring, room_for(parents, offspring), self._rules, seed=self.seed,
            generation=self.generation, wishes=wishes,
        )  # fmt: skip
        if guided_growth is None or wishes is None:
            return children
        return guided_growth(children, wishes, self._rules, self.generation)


def _found(packed: Packed, others: Packed) -> Array:
    """(C,) bool, whether the same genome of ``others`` has each connection gene."""
    keys = []
    for genes in (packed, others):
        key = np.empty(genes.innovation.size, [("genome", np.int64), ("innovation", np.int64)])
        key["genome"] = np.repeat(np.arange(genes.node_ptr.size - 1), np.diff(genes.connection_ptr))
        key["innovation"] = genes.innovation
        keys.append(key)
    return np.isin(keys[0], keys[1])


def _best(fitness: Array) -> int:
    """Row of the first best; −1 where all failed."""
    row = int(np.where(np.isnan(fitness), -np.inf, fitness).argmax())
    return -1 if np.isnan(fitness[row]) else row


def _rows(what: str, values: ArrayLike | None, fitness: Array) -> Array | None:
    """(N, K) numbers, NaN rows for failures and where one is not finite."""
    if values is None:
        return None
    rows = _checks.array(what, values, (fitness.size, "K"), remedy="Pass a row per genome.").copy()
    rows[np.isnan(fitness) | ~np.isfinite(rows).all(axis=1)] = np.nan
    return rows


def checked_fitness(fitness: ArrayLike, count: int) -> Array:
    """``fitness`` as (count,) float64 of its own, or an error that names the genome."""
    if isinstance(fitness, (list, tuple)) or getattr(fitness, "dtype", None) == np.dtype(object):
        for index, value in enumerate(np.asarray(fitness, dtype=object).ravel()):
            if value is None:
                raise ValueError(
                    f"fitness: expected a number for genome {index}, got None. Return a number "
                    "from the fitness function; pass NaN for an evaluation that failed."
                )
    return _checks.array(
        "fitness",
        fitness,
        (count,),
        remedy="Pass one value per genome from ask(), NaN for an evaluation that failed.",
    ).copy()
