"""The population: ask for genomes, tell their fitness, and the next generation follows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow.config import Config
from neatgrow.genomes import Genome, Genomes, Interface
from neatgrow.kernels import layout, random, selection
from neatgrow.kernels.layout import Array
from neatgrow.kernels.variation import COPY, MUTATE, Offspring
from neatgrow.species import (
    allot,
    measure_of,
    no_species,
    scores,
    speciate,
    steered,
)
from neatgrow.variation import initial_genomes, make_children, rules_of


class Population:
    """A population of genomes evolved by NEAT, in the ask/tell manner.

    Example:
        population = Population(inputs=2, outputs=1, seed=1)
        for _ in range(100):
            genomes = population.ask()
            population.tell(my_fitness(genomes.compile()))
        population.champion

    Attributes:
        config: Settings.
        seed: Run seed; with the fitnesses told it determines everything.
        interface: Inputs and outputs.
        generation: Generations told so far.
        genomes: The current generation.
        species: (N,) int32, row of each genome's species in ``table``.
        table: The species.
        threshold: Distance threshold in force.
        fitness: (N,) float64 last told, higher is better, NaN for failures; or ``None``.
        deaths: Why species ended at the last reproduction, by species id.
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
        self.config = config if config is not None else Config()
        self.seed = _checks.integer("seed", seed, 0, "Pass a non-negative number.")
        self.interface = Interface(
            inputs,
            outputs,
            tuple(input_names) if input_names is not None else None,
            tuple(output_names) if output_names is not None else None,
        )
        self.generation = 0
        self.fitness: Array | None = None
        self.deaths: dict[int, str] = {}
        self.threshold = self.config.species.threshold
        self._sign = -1.0 if minimize else 1.0
        self._rules = rules_of(self.config, self.interface)
        self._measure = measure_of(self.config)
        self._asked = False
        self._champion: Genome | None = None
        self._champion_fitness = -np.inf
        self._moved = 0  # generation of the last better champion, or of the last refocus
        self.genomes = initial_genomes(self.config, self.interface, seed=self.seed)
        self.table = no_species(self.genomes)
        self._speciate(np.full(len(self.genomes), -1, np.int32))

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
        """The best genome of the generation told last."""
        return self.genomes[self._best_row()].copy()

    @property
    def best_fitness(self) -> float:
        """Fitness of :attr:`best`, as told; NaN if every evaluation failed."""
        row = self._best_row()
        return self._sign * float(self.fitness[row]) if self.fitness is not None else np.nan

    def _best_row(self) -> int:
        if self.fitness is None:
            raise RuntimeError("best: expected a fitness told first. Call ask() and tell().")
        return int(np.argmax(np.nan_to_num(self.fitness, nan=-np.inf, neginf=-np.inf)))

    def ask(self) -> Genomes:
        """The genomes to evaluate, ``config.population_size`` of them, in order.

        After :meth:`tell` this is the next generation; before it, the same again.
        """
        if self.fitness is not None:
            self._reproduce()
            self.fitness = None
        self._asked = True
        return self.genomes

    def tell(self, fitness: ArrayLike) -> None:
        """Take the fitness of every genome from :meth:`ask`.

        Args:
            fitness: (N,) numbers, higher is better (lower with ``minimize=True``). NaN marks
                an evaluation that failed; it ranks below all others, as do infinities.

        Raises:
            RuntimeError: :meth:`ask` has not been called since the last tell.
            ValueError: The shape is wrong, or a value is ``None``.
            TypeError: The values are not numbers.
        """
        if not self._asked:
            raise RuntimeError(
                "tell: expected a call of ask() first, got none since the last tell(). "
                "Evaluate the genomes that ask() returns."
            )
        values = self._sign * checked_fitness(fitness, len(self.genomes))
        values = np.where(np.isfinite(values), values, np.nan)
        self.fitness = values
        self._asked = False
        self.generation += 1
        ranked = np.where(np.isnan(values), -np.inf, values)
        best = np.full(len(self.table), -np.inf)
        np.maximum.at(best, self.species, ranked)
        rose = best > self.table.best
        self.table.best[rose] = best[rose]
        self.table.improved[rose] = self.generation
        row = int(np.argmax(ranked))
        if ranked[row] > self._champion_fitness:
            self._champion = self.genomes[row].copy()
            self._champion_fitness = float(ranked[row])
            self._moved = self.generation

    # ------------------------------------------------------------------ the next generation

    def _reproduce(self) -> None:
        assert self.fitness is not None
        fitness = np.where(np.isnan(self.fitness), -np.inf, self.fitness)
        quota = self._quota(fitness)
        if quota is None:
            self._restart()
            return
        size = self.config.population_size
        best_first = np.lexsort((-fitness, self.species))
        sizes = np.bincount(self.species, minlength=len(self.table))
        species_ptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        pool = (
            best_first,
            species_ptr,
            np.maximum(1, np.ceil(self.config.selection.survival * sizes)).astype(np.int64),
        )
        c = self.config.crossover
        offspring = Offspring(
            np.empty(size, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.uint8),
            np.empty(size, np.bool_),
        )
        guess = np.empty(size, np.int32)
        selection.choose_parents(
            pool,
            quota,
            fitness,
            np.array([c.mutation_only, c.average, c.interspecies]),
            np.array([self.seed, random.SELECTION, self.generation]),
            offspring,
            guess,
        )
        alive = np.flatnonzero(quota[0])
        draws = np.empty(len(self.table), np.int64)
        random.derive_seeds(self.seed, random.REPRESENTATIVE, self.generation, draws)
        rows = best_first[(species_ptr[:-1] + draws % sizes)[alive]]
        self.table = self.table.take(alive, self.genomes[rows])
        self.genomes = make_children(
            self.genomes, offspring, self._rules, seed=self.seed, generation=self.generation
        )
        if self.config.species.parent_first:
            guess = (np.cumsum(quota[0] > 0, dtype=np.int32) - np.int32(1))[guess]
        else:
            guess[:] = -1
        self._speciate(guess)

    def _speciate(self, guess: Array) -> None:
        self.species, self.table = speciate(
            self.genomes, self.table, guess, self._measure, self.threshold, self.generation
        )
        self.threshold = steered(self.threshold, len(self.table), self.config)

    def _quota(self, fitness: Array) -> Array | None:
        """(2, S) int64: children and elites of each species; ``None`` if none may have any."""
        settings, table = self.config.species, self.table
        best = np.full(len(table), -np.inf)
        np.maximum.at(best, self.species, fitness)
        ranking = np.lexsort((table.id, -best))  # best species first, the older at a tie
        idle = self.generation - table.improved
        stagnant = idle >= settings.stagnation
        stagnant[ranking[: settings.protected]] = False
        if settings.protected:
            stagnant[self.species[np.argmax(fitness)]] = False
        refocus = settings.refocus
        if refocus is not None and self.generation - self._moved >= refocus:
            stagnant[ranking[2:]] = True
            self._moved = self.generation
        sizes = np.bincount(self.species, minlength=len(table))
        select = self.config.selection
        score = select.floor + (1.0 - select.floor) * scores(fitness, select.sharing)
        total = np.bincount(self.species, score, len(table))
        shares = np.where(stagnant, 0.0, total / sizes)
        self.deaths = {
            int(table.id[s]): f"no better fitness for {idle[s]} generations"
            for s in np.flatnonzero(stagnant)
        }
        if stagnant.all():
            return None
        if not shares.any():
            shares = np.where(stagnant, 0.0, 1.0)
        quota = allot(shares, self.config.population_size)
        elites = np.where(sizes >= select.elite_species_size, select.elites, 0)
        leader = self.species[np.argmax(fitness)]
        if select.elites and not stagnant[leader]:
            elites[leader] = max(1, elites[leader])
            if quota[leader] == 0:
                quota[np.argmax(quota)] -= 1
                quota[leader] = 1
        for s in np.flatnonzero((quota == 0) & ~stagnant):
            self.deaths[int(table.id[s])] = "too low a share of the fitness for one child"
        return np.stack([quota, np.minimum(np.minimum(elites, sizes), quota)])

    def _restart(self) -> None:
        """All species ended: go on from the champion and its mutants beside fresh genomes."""
        size = self.config.population_size
        mutants = size // 2 if self._champion is not None else 0
        fresh = initial_genomes(
            self.config, self.interface, seed=self.seed, generation=self.generation,
            count=size - mutants,
        )  # fmt: skip
        self.genomes = self._with_mutants(fresh, mutants) if mutants else fresh
        self.table = self.table.take(np.empty(0, np.int64), self.genomes[:0])
        self._speciate(np.full(size, -1, np.int32))

    def _with_mutants(self, fresh: Genomes, count: int) -> Genomes:
        kind = np.full(count, MUTATE, np.uint8)
        kind[:1] = COPY
        rows = np.zeros(count, np.int32)
        offspring = Offspring(rows, rows, kind, np.zeros(count, np.bool_))
        mutants = make_children(
            self.champion.batch(), offspring, self._rules, seed=self.seed,
            generation=self.generation,
        )  # fmt: skip
        parts = [(mutants.packed, count), (fresh.packed, len(fresh))]
        return Genomes(layout.concatenate(parts), self.interface)


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
