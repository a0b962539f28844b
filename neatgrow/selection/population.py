"""The population: ask for genomes, tell their fitness, and the next generation follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks, automatic
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.interface import Interface
from neatgrow.genomes.variation import initial_genomes, make_children, room_for, rules_of
from neatgrow.kernels import layout, random, selection
from neatgrow.kernels.genes import Rules
from neatgrow.kernels.layout import Packed
from neatgrow.kernels.offspring import COPY, MUTATE, Offspring
from neatgrow.kernels.selection import Generation, Policy, Standing
from neatgrow.sections import SpeciesSelection
from neatgrow.selection.species import SpeciesTable, measure_of, no_species, speciate, steered

Growth = Callable[[Genomes, Array, Rules, int], Genomes]
FROM_NOBODY, FROM_CHAMPION = -1, -2  # first parents after a restart

_FATES = {
    selection.STAGNANT: "no better fitness for too long",
    selection.TOO_FEW: "too low a share of the fitness for one child",
}


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
        species: (N,) int32, row in ``table``.
        table: The species.
        threshold: Distance threshold in force.
        champion: Best genome ever told, or ``None``.
        champion_fitness: Its fitness, higher is better; −inf before the first.
        moved: Generation of the last better champion, or of the last refocus.
        deaths: Why species ended at the last reproduction, by species id.
        chosen: What settings that were ``"auto"`` have become, by dotted path.
    """

    config: Config
    seed: int
    minimize: bool
    generation: int
    genomes: Genomes
    fitness: Array
    species: Array
    table: SpeciesTable
    threshold: float
    champion: Genome | None
    champion_fitness: float
    moved: int
    deaths: dict[int, str]
    chosen: dict[str, Any]


class Population:
    """A population of genomes evolved by NEAT, in the ask/tell manner.

    Example:
        population = Population(inputs=2, outputs=1, seed=1)
        for _ in range(100):
            genomes = population.ask()
            population.tell(my_fitness(genomes.compile()))
        population.champion

    Attributes:
        config: Settings, none of them ``"auto"``: here there are no loops then, and outputs have
            the activation of the other nodes.
        chosen: What settings that were ``"auto"`` have become, by dotted path.
        seed: Run seed; with the fitnesses told it determines everything.
        interface: Inputs and outputs.
        generation: Generations told so far.
        genomes: The current generation.
        species: (N,) int32, row of each genome's species in ``table``.
        table: The species.
        threshold: Distance threshold in force.
        fitness: (N,) float64 last told, higher is better, NaN for failures; or ``None``.
        deaths: Why species ended at the last reproduction, by species id.
        parents: Who made each of the current generation, by rows of the one before; after all
            species ended −2 for the champion and −1 for nobody. ``None`` in the first
            generation and after :meth:`from_state`.
        champion_row: Row of the champion among the genomes told last; −1 if it is older.
        growth: Where children grow, instead of at random: called with the children, what each is
            to grow (N,) uint8, the rules of variation and the generation, it returns them grown.
            ``None`` by default; not part of :meth:`state`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        config: Config | None = None,
        *,
        seed: int = 0,
        minimize: bool = False,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        resolved, self.chosen = automatic.resolved(Config() if config is None else config)
        interface = Interface(
            inputs,
            outputs,
            _checks.names("input_names", input_names),
            _checks.names("output_names", output_names),
            columns=resolved.genes.columns, update=resolved.update,
        )  # fmt: skip
        self._settle(resolved, interface, seed, minimize)
        self.generation = 0
        self.fitness: Array | None = None
        self.deaths: dict[int, str] = {}
        self.threshold = self.config.species.threshold
        self._top = -1  # row of the best genome told last
        self._champion: Genome | None = None
        self._champion_fitness = -np.inf
        self._moved = 0
        self.genomes = initial_genomes(self.config, self.interface, seed=self.seed)
        self.table = no_species()
        self._speciate_anew()

    def _settle(self, config: Config, interface: Interface, seed: int, minimize: bool) -> None:
        """What stays as it is from the first generation to the last."""
        if not isinstance(config, Config):
            raise TypeError(_checks.message("config", "a Config", _checks.shown(config)))
        self.config = config
        self.interface = interface
        self.seed = _checks.integer("seed", seed, 0, "Pass a non-negative number.")
        self._sign = -1.0 if _checks.flag("minimize", minimize) else 1.0
        self._rules = rules_of(config, interface)
        self._measure = measure_of(config)
        self._settled = _policy_of(config)
        self._seeds = np.array([self.seed, random.SELECTION])
        self._asked = False
        self.parents: Offspring | None = None
        self.champion_row = -1
        self.growth: Growth | None = None

    @classmethod
    def from_state(cls, state: State, config: Config | None = None) -> Self:
        """The population that :meth:`state` was taken of; it goes on as that one would.

        Args:
            state: Of any population.
            config: Settings from now on, instead of its own; the next generation follows them.

        Raises:
            ValueError: ``config.recurrent`` differs: genomes may hold loops already; or
                ``config.update`` or the gene columns do.
        """
        config, chosen = automatic.resolved(
            state.config if config is None else config, state.chosen
        )
        if config.recurrent != state.config.recurrent:
            raise ValueError(
                f"recurrent: expected {state.config.recurrent} as when the run began, got "
                f"{config.recurrent}. Leave it; genomes were grown by it."
            )
        for what, given, own in (
            ("genes", config.genes.columns, state.genomes.columns),
            ("update", [config.update], [state.genomes.interface.update]),
        ):
            if set(given) != set(own):
                rule, got = f"{', '.join(own)} as when the run began", ", ".join(given)
                remedy = "Leave it; it is part of the genomes."
                raise ValueError(_checks.message(what, rule, got, remedy))
        population = cls.__new__(cls)
        population._settle(config, state.genomes.interface, state.seed, state.minimize)
        population.generation, population.genomes = state.generation, state.genomes
        population.fitness, population.species = state.fitness, state.species
        population.table, population.threshold = state.table, state.threshold
        population.deaths, population._moved = dict(state.deaths), state.moved
        population.chosen = chosen
        failed = np.isnan(state.fitness)
        population._top = -1 if failed.all() else int(np.nanargmax(state.fitness))
        population._champion = state.champion
        population._champion_fitness = state.champion_fitness
        return population

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
        return State(
            self.config, self.seed, self._sign < 0, self.generation, self.genomes, self.fitness,
            self.species, self.table, self.threshold, self._champion, self._champion_fitness,
            self._moved, self.deaths, self.chosen,
        )  # fmt: skip

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to a file; :meth:`load` goes on from it, bit for bit.

        Raises:
            RuntimeError: As :meth:`state`.
            OSError: The file cannot be written; an old one stays.
        """
        from neatgrow.runs.checkpoints import save_population

        save_population(path, self.state())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The population that :meth:`save` wrote.

        Raises:
            FileNotFoundError: There is no such file.
            FileError: The file is damaged, of another kind or of a newer format.
        """
        from neatgrow.runs.checkpoints import load_population

        return cls.from_state(load_population(path))

    def __repr__(self) -> str:
        return (
            f"Population({len(self.genomes)} genomes in {len(self.table)} species, "
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
            self._reproduce()
            self.fitness = None
        self._asked = True
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

    def tell(self, fitness: ArrayLike, *, trusted: ArrayLike | None = None) -> None:
        """Take the fitness of every genome from :meth:`ask`.

        Args:
            fitness: (N,) numbers, higher is better (lower with ``minimize=True``). NaN marks
                an evaluation that failed; it ranks below all others, as do infinities.
            trusted: Rows of the genomes that may become champion; all by default, none where
                :meth:`set_champion` says who is. Selection goes by ``fitness`` alone.

        Raises:
            RuntimeError: :meth:`ask` has not been called since the last tell.
            ValueError: The shape is wrong, a value is ``None`` or masked, or a row of ``trusted``
                does not exist.
            TypeError: The values are not numbers.
        """
        if not self._asked:
            raise RuntimeError(
                "tell: expected a call of ask() first, got none since the last tell(). "
                "Evaluate the genomes that ask() returns."
            )
        told = checked_fitness(fitness, len(self.genomes))
        rows = None if trusted is None else _checks.indices("trusted", trusted, told.size).tolist()
        self.fitness = np.empty(told.size)
        self._asked = False
        self.champion_row = -1
        self.generation += 1
        table = self.table
        self._top = selection.credit(
            told, self._sign, self.fitness, self.species, table.best, table.improved,
            self.generation,
        )  # fmt: skip
        for row in [self._top] if rows is None else rows:
            if row >= 0 and self.fitness[row] > self._champion_fitness:
                self._champion = self.genomes[row].copy()
                self.champion_row = int(row)
                self._champion_fitness = float(self.fitness[row])
                self._moved = self.generation

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
            self._moved = self.generation
        self._champion_fitness = self._sign * float(fitness)

    # ------------------------------------------------------------------ the next generation

    def _reproduce(self) -> None:
        assert self.fitness is not None
        standing = Standing(
            self.fitness,
            np.argsort(-self.fitness, kind="stable"),
            self.species,
            self.table.improved,
            self.generation,
        )
        plan = _empty_plan(self.config.population_size, len(self.table))
        parents, before = self.genomes, self.table
        kept = selection.plan_generation(
            parents.packed, standing, self._policy(), self._measure, self.threshold, self._seeds,
            plan,
        )  # fmt: skip
        self._note_deaths(plan.quota)
        if kept == 0:
            self._restart()
            return
        if kept < len(before):
            self.table = before.take(plan.kept[:kept])
        self.parents = plan.offspring
        wishes = None if self.growth is None else np.zeros(self.config.population_size, np.uint8)
        self.genomes = make_children(
            parents, plan.offspring, plan.room, self._rules, seed=self.seed,
            generation=self.generation, wishes=wishes,
        )  # fmt: skip
        if self.growth is not None and wishes is not None:
            self.genomes = self.growth(self.genomes, wishes, self._rules, self.generation)
        self._speciate((parents, plan.representatives[:kept]), plan.guess)
        gone = set(before.id.tolist()).difference(self.table.id.tolist())
        self.deaths = dict.fromkeys(gone, "its kind has joined another species") | self.deaths

    def _speciate(self, representatives: tuple[Genomes, Array], guess: Array) -> None:
        self.species, self.table = speciate(
            self.genomes, self.table, representatives, guess, self._measure, self.threshold,
            self.generation, twins_first=self.config.species.parent_first,
        )  # fmt: skip
        self.threshold = steered(self.threshold, len(self.table), self.config)

    def _speciate_anew(self) -> None:
        """Found all species afresh."""
        self.table = self.table.take(np.empty(0, np.int64))
        nobody = (self.genomes, np.empty(0, np.int64))
        self._speciate(nobody, np.full(len(self.genomes), -1, np.int32))

    def _policy(self) -> Policy:
        """Selection's settings, and whether the run has been idle long enough to narrow it."""
        refocus = self.config.species.refocus
        narrow = refocus is not None and self.generation - self._moved >= refocus
        if not narrow:
            return self._settled
        self._moved = self.generation
        return self._settled._replace(narrow=True)

    def _note_deaths(self, quota: Array) -> None:
        fates = zip(self.table.id.tolist(), quota[selection.FATE].tolist(), strict=True)
        self.deaths = {id_: _FATES[fate] for id_, fate in fates if fate != selection.ALIVE}

    def _restart(self) -> None:
        """All species ended: go on from the champion and its mutants beside fresh genomes."""
        size = self.config.population_size
        mutants = size // 2 if self._champion is not None else 0
        fresh = initial_genomes(
            self.config, self.interface, seed=self.seed, generation=self.generation,
            count=size - mutants,
        )  # fmt: skip
        self.genomes = self._with_mutants(fresh, mutants) if mutants else fresh
        first = np.full(size, FROM_NOBODY, np.int32)
        first[:mutants] = FROM_CHAMPION
        self.parents = Offspring(first, first, np.zeros(size, np.uint8), np.zeros(size, np.bool_))
        self._speciate_anew()

    def _with_mutants(self, fresh: Genomes, count: int) -> Genomes:
        kind = np.full(count, MUTATE, np.uint8)
        kind[:1] = COPY
        rows = np.zeros(count, np.int32)
        offspring = Offspring(rows, rows, kind, np.zeros(count, np.bool_))
        champion = self.champion.batch()
        mutants = make_children(
            champion, offspring, room_for(champion, offspring), self._rules, seed=self.seed,
            generation=self.generation,
        )  # fmt: skip
        parts = [(mutants.packed, count), (fresh.packed, len(fresh))]
        return Genomes(layout.concatenate(parts), self.interface)


def _found(packed: Packed, others: Packed) -> Array:
    """(C,) bool, whether the same genome of ``others`` has each connection gene."""
    keys = []
    for genes in (packed, others):
        key = np.empty(genes.innovation.size, [("genome", np.int64), ("innovation", np.int64)])
        key["genome"] = np.repeat(np.arange(genes.node_ptr.size - 1), np.diff(genes.connection_ptr))
        key["innovation"] = genes.innovation
        keys.append(key)
    return np.isin(keys[0], keys[1])


def _policy_of(config: Config) -> Policy:
    select, species, crossover = config.selection, config.species, config.crossover
    assert isinstance(select, SpeciesSelection)
    return Policy(
        size=config.population_size,
        stagnation=species.stagnation,
        protected=species.protected,
        narrow=False,
        survival=select.survival,
        elites=select.elites,
        elite_species_size=select.elite_species_size,
        by_rank=select.sharing == "rank",
        floor=select.floor,
        mutation_only=crossover.mutation_only,
        average=crossover.average,
        interspecies=crossover.interspecies,
        parent_first=species.parent_first,
    )


def _empty_plan(size: int, n_species: int) -> Generation:
    return Generation(
        offspring=Offspring(
            np.empty(size, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.bool_),
        ),
        room=np.empty((2, size + 1), np.int64),
        guess=np.empty(size, np.int32),
        quota=np.empty((3, n_species), np.int64),
        kept=np.empty(n_species, np.int64),
        representatives=np.empty(n_species, np.int64),
    )


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
