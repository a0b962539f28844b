"""The promises of ask and tell, over many generations."""

import math

import numpy as np
import oracles
import pytest
from conftest import evolve_at_random, same_genes, wild_config

from neatgrow.config import Config, Mutation, Species
from neatgrow.sections import SpeciesSelection
from neatgrow.selection.population import Population

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def xor_fitness(genomes):
    """A deterministic task: 4 less the squared error on XOR, rounded to whole thousandths."""
    with np.errstate(over="ignore", invalid="ignore"):
        error = ((genomes.compile(np.float64).predict(X) - Y) ** 2).sum(axis=(1, 2))
    return np.round(1000 * (4 - np.clip(np.nan_to_num(error, nan=1e3), 0, 1e3)))


def evolve(population, generations, transform=lambda fitness: fitness):
    """Yield (genomes, fitness) of each generation, told ``transform`` of the fitness."""
    for _ in range(generations):
        genomes = population.ask()
        fitness = xor_fitness(genomes)
        population.tell(transform(fitness))
        yield genomes, fitness


def small(seed=1, **changes):
    return Population(2, 1, Config(population_size=50).override(changes), seed=seed)


def contains(genomes, wanted):
    return any(genome == wanted for genome in genomes)


# ------------------------------------------------------------------------------ exact sizes


@pytest.mark.parametrize("size", [1, 2, 3, 10, 51, 150])
@pytest.mark.parametrize("sharing", ["fitness", "rank"])
def test_the_size_is_exact_in_every_generation(size, sharing):
    config = wild_config(1, population_size=size).override({"selection.sharing": sharing})
    population = Population(2, 1, config, seed=size)
    for genomes in evolve_at_random(population, 30):
        assert len(genomes) == len(population.reproduction.species) == size
        assert np.bincount(population.reproduction.species).min() >= 1


@pytest.mark.parametrize(
    "told",
    {
        "all equal": lambda n: np.ones(n),
        "all zero": lambda n: np.zeros(n),
        "all failed": lambda n: np.full(n, math.nan),
        "all infinite": lambda n: np.full(n, math.inf),
        "all minus infinite": lambda n: np.full(n, -math.inf),
        "one worked": lambda n: np.where(np.arange(n) == n // 2, 1.0, math.nan),
        "all negative": lambda n: -1.0 - np.arange(n),
        "huge": lambda n: np.linspace(-1.7, 1.7, n) * 1e308,
        "tiny": lambda n: np.arange(n) * 1e-300,
        "a cliff": lambda n: np.where(np.arange(n) == 0, 1e6, -1e6),
    }.items(),
    ids=lambda item: item[0],
)
@pytest.mark.parametrize("sharing", ["fitness", "rank"])
def test_any_fitnesses_lead_to_a_full_next_generation(told, sharing):
    population = Population(2, 1, wild_config(2).override({"selection.sharing": sharing}), seed=5)
    for _ in range(12):
        genomes = population.ask()
        population.tell(told[1](len(genomes)))
        assert len(genomes) == 60
    assert len(population.ask()) == 60


# ------------------------------------------------------------------- champion, best, elites


def test_champion_is_the_best_ever_told_and_its_fitness_never_falls():
    population = Population(2, 1, wild_config(4), seed=4)
    draw, best_ever, champion = np.random.default_rng(0), -math.inf, None
    for _ in range(40):
        genomes = population.ask()
        fitness = draw.normal(size=60)
        fitness[draw.random(60) < 0.2] = math.nan
        population.tell(fitness)
        if np.nanmax(fitness) > best_ever:
            best_ever = np.nanmax(fitness)
            champion = genomes[int(np.nanargmax(fitness))].copy()
        assert population.champion_fitness == best_ever
        assert population.champion == champion
        assert population.best == genomes[int(np.nanargmax(fitness))]
        assert population.best_fitness == np.nanmax(fitness)


def test_with_a_deterministic_fitness_the_best_never_falls():
    for seed in range(6):
        population = small(seed, **{"species.stagnation": 4, "species.protected": 1})
        bests = [fitness.max() for _, fitness in evolve(population, 40)]
        assert (np.diff(bests) >= 0).all()
        assert population.champion_fitness == bests[-1]
        assert xor_fitness(population.champion.batch())[0] == bests[-1]


@pytest.mark.parametrize("seed", range(4))
def test_the_best_genome_is_in_the_next_generation_unchanged(seed):
    population = Population(2, 1, wild_config(seed), seed=seed)
    previous = None
    for genomes, fitness in evolve(population, 25):
        if previous is not None:
            assert contains(genomes, previous)
        previous = genomes[int(np.argmax(fitness))].copy()


def test_each_large_species_keeps_its_best_unchanged():
    config = wild_config(5).override(
        {"selection": {"elites": 2, "elite_species_size": 3}, "species.protected": 100}
    )
    population = Population(2, 1, config, seed=5)
    kept = 0
    previous = []
    for genomes, fitness in evolve(population, 20):
        found = sum(contains(genomes, genome) for genome, _ in previous)
        sure = sum(score > 0.5 for _, score in previous)  # surely enough children for two
        assert found >= sure
        kept += found
        score = oracles.scores(fitness.tolist(), "rank")
        previous = []
        for s in range(len(population.reproduction.table)):
            rows = np.flatnonzero(population.reproduction.species == s)
            if rows.size >= 3:
                mean = float(np.mean([score[row] for row in rows]))
                best = rows[np.lexsort((rows, -fitness[rows]))[:2]]
                previous += [(genomes[int(row)].copy(), mean) for row in best]
    assert kept > 20


def test_without_elites_the_champion_is_still_kept_apart():
    population = small(3, **{"selection.elites": 0})
    best_ever = max(fitness.max() for _, fitness in evolve(population, 25))
    assert xor_fitness(population.champion.batch())[0] == population.champion_fitness == best_ever


def test_the_champion_has_arrays_of_its_own():
    population = small()
    list(evolve(population, 3))
    champion = population.champion
    weights = champion.weight.copy()
    population.genomes.packed.connection_values[:] = 0
    assert np.array_equal(champion.weight, weights)


def test_only_the_best_of_a_species_are_parents():
    """Without mutation and mating, children are copies of survivors."""
    none = dict.fromkeys(("add_connection", "add_loop", "add_node", "delete_connection",
                          "delete_node", "enable", "disable"), 0.0)  # fmt: skip
    config = Config(
        population_size=100,
        mutation=Mutation(**none),
        selection=SpeciesSelection(survival=0.1, elites=0),
        species=Species(threshold=1e6, target=None),
    ).override(
        {"genes.weight.mutate_rate": 0.0, "genes.bias.mutate_rate": 0.0,
         "crossover.mutation_only": 1.0}
    )  # fmt: skip
    population = Population(2, 1, config, seed=1)
    genomes = population.ask()
    fitness = np.random.default_rng(1).permutation(100).astype(float)
    population.tell(fitness)
    survivors = {genomes[int(row)].weight.tobytes() for row in np.argsort(-fitness)[:10]}
    children = {child.weight.tobytes() for child in population.ask()}
    assert children <= survivors and len(children) >= 9


# ------------------------------------------------------------- invariance of selection


RUNS = {
    "shifted up": lambda f: f + 1e6,
    "shifted down": lambda f: f - 1e6,
    "scaled up": lambda f: f * 1e6,
    "scaled down": lambda f: f * 2.0**-40,
    "all negative": lambda f: f - 1e9,
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("config", [Config(), Config.paper()], ids=["default", "paper"])
def test_a_run_ignores_shift_and_scale_of_fitness(name, config):
    config = config.override({"population_size": 60, "species.stagnation": 5})
    plain, changed = (Population(2, 1, config, seed=2) for _ in range(2))
    for (a, _), (b, _) in zip(evolve(plain, 25), evolve(changed, 25, RUNS[name]), strict=True):
        assert same_genes(a, b)
    assert plain.champion == changed.champion


def test_minimising_is_maximising_the_negative():
    up, down = Population(2, 1, seed=3), Population(2, 1, seed=3, minimize=True)
    for (a, _), (b, fitness) in zip(evolve(up, 15), evolve(down, 15, np.negative), strict=True):
        assert same_genes(a, b)
        assert down.best_fitness == (-fitness).min()
    assert down.champion == up.champion
    assert down.champion_fitness == -up.champion_fitness


def test_minimising_takes_failures_for_the_worst():
    population = Population(2, 1, seed=3, minimize=True)
    genomes = population.ask()
    fitness = np.arange(150.0)
    fitness[7], fitness[0] = -math.inf, math.nan
    population.tell(fitness)
    assert population.champion_fitness == population.best_fitness == 1.0
    assert population.champion == genomes[1]


def test_infinite_fitness_is_a_failure():
    population = Population(2, 1, seed=3)
    population.ask()
    fitness = np.arange(150.0)
    fitness[7], fitness[8] = math.inf, -math.inf
    population.tell(fitness)
    assert population.champion_fitness == 149.0
    assert np.isnan(population.fitness[[7, 8]]).all()


# ------------------------------------------------------------------- stagnation, extinction


def test_stagnant_species_end_but_the_best_are_protected():
    config = wild_config(7).override(
        {"species": {"stagnation": 3, "protected": 2}, "selection.elites": 1}
    )
    population = Population(2, 1, config, seed=7)
    ended = 0
    for _ in range(30):
        genomes = population.ask()
        fitness = xor_fitness(genomes)
        population.tell(fitness)
        table, species = population.reproduction.table, population.reproduction.species
        ranking = np.argsort(np.argsort(-fitness, kind="stable"))  # earlier rows win ties
        order = np.argsort([ranking[species == s].min() for s in range(len(table))])
        idle = population.generation - table.improved
        spared = set(table.id[order[:2]].tolist())
        expected = {int(i) for i in table.id[idle >= 3]} - spared
        population.ask()
        died = {i for i, why in population.reproduction.deaths.items() if "too long" in why}
        assert died == expected
        ended += len(died)
        assert not died & set(population.reproduction.table.id.tolist())
    assert ended > 5


def test_every_species_that_ends_has_its_reason_told():
    population = Population(2, 1, wild_config(7), seed=7)
    for _ in range(30):
        before = set(population.reproduction.table.id.tolist())
        genomes = population.ask()
        gone = before - set(population.reproduction.table.id.tolist())
        assert gone <= population.reproduction.deaths.keys()
        assert all(reason for reason in population.reproduction.deaths.values())
        population.tell(xor_fitness(genomes))


@pytest.mark.parametrize("size", [2, 3, 50])
def test_extinction_starts_again_from_the_champion(size):
    config = wild_config(8, population_size=size).override(
        {"species": {"protected": 0, "stagnation": 1, "threshold": 1e6, "target": None}}
    )
    population = Population(2, 1, config, seed=8)
    draw, restarts = np.random.default_rng(8), 0
    for _ in range(40):
        (only,) = population.reproduction.table.id.tolist()
        genomes = population.ask()
        genomes.check()
        assert len(genomes) == size
        if only in population.reproduction.deaths:
            restarts += 1
            assert contains(genomes, population.champion)
            assert population.reproduction.table.id.tolist() == [only + 1]
            if size == 50:  # half are new, the rest are mutants of the champion
                assert (
                    20
                    <= np.sum(genomes.node_birth == population.generation)
                    / (genomes.n_outputs + config.start.hidden)
                    <= 40
                )
        population.tell(np.round(draw.normal(size=size)))
    assert restarts >= 10


def test_extinction_before_any_success_starts_afresh():
    config = Config(population_size=20, species=Species(protected=0, stagnation=1))
    population = Population(2, 1, config, seed=1)
    for _ in range(5):
        assert len(population.ask()) == 20
        population.tell([math.nan] * 20)
    with pytest.raises(RuntimeError, match="champion"):
        _ = population.champion


def test_refocus_leaves_two_species():
    config = wild_config(1).override(
        {"species": {"refocus": 4, "stagnation": 1000, "parent_first": True}}
    )
    population = Population(2, 1, config, seed=1)
    refocused = 0
    for _ in range(20):
        genomes = population.ask()
        before = population.reproduction.table
        population.tell(np.zeros(60))
        if population.generation >= 5 and (population.generation - 1) % 4 == 0:
            population.ask()
            survivors = set(population.reproduction.table.id.tolist()) & set(before.id.tolist())
            assert len(survivors) <= 2 and len(before) > 2
            refocused += 1
        assert len(genomes) == 60
    assert refocused >= 3


def test_the_number_of_species_is_steered_to_its_target():
    for target in (4, 12):
        config = Config(population_size=120).override({"species.target": target})
        population = Population(2, 1, config, seed=2)
        counts = [len(population.reproduction.table) for _ in evolve(population, 60)][30:]
        assert abs(np.mean(counts) - target) < 0.5 * target


# ------------------------------------------------------------------------------ determinism


def test_runs_of_a_seed_are_equal_and_of_others_differ():
    first, again, other = (
        [genomes for genomes, _ in evolve(small(seed), 20)] for seed in (1, 1, 2)
    )
    assert all(same_genes(a, b) for a, b in zip(first, again, strict=True))
    assert not any(same_genes(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("seed", [0, 2**31, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**80])
def test_any_non_negative_seed_works_or_is_refused_by_name(seed):
    try:
        population = small(seed)
    except ValueError as error:
        assert seed >= 2**63 and str(error).startswith("seed: expected ")
        return
    assert [len(genomes) for genomes, _ in evolve(population, 3)] == [50] * 3


# ------------------------------------------------------------------------- order and refusals


def test_asking_again_gives_the_same_genomes():
    population = small()
    first = population.ask()
    assert population.ask() is first
    population.tell(np.zeros(50))
    assert population.generation == 1
    second = population.ask()
    assert not same_genes(first, second)
    assert population.ask() is second


def raised(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


ORDER = (
    "tell: expected a call of ask() first, got none since the last tell(). "
    "Evaluate the genomes that ask() returns."
)


def test_telling_needs_asking_first():
    population = small()
    assert raised(RuntimeError, lambda: population.tell(np.zeros(50))) == ORDER
    population.ask()
    population.tell(np.zeros(50))
    assert raised(RuntimeError, lambda: population.tell(np.zeros(50))) == ORDER
    assert population.generation == 1


def test_champion_and_best_need_telling_first():
    population = small()
    population.ask()
    assert raised(RuntimeError, lambda: population.champion) == (
        "champion: expected a fitness told first. Call ask() and tell()."
    )
    assert raised(RuntimeError, lambda: population.best) == (
        "best: expected a fitness told first. Call ask() and tell()."
    )
    assert math.isnan(population.champion_fitness) and math.isnan(population.best_fitness)


REMEDY = "Pass one value per genome from ask(), NaN for an evaluation that failed."
REFUSED = {
    "too few": (
        np.zeros(49), ValueError, f"fitness: expected shape (50,), got (49,). {REMEDY}"),
    "a column": (
        np.zeros((50, 1)), ValueError, f"fitness: expected shape (50,), got (50, 1). {REMEDY}"),
    "a number": (1.0, ValueError, f"fitness: expected shape (50,), got (). {REMEDY}"),
    "text": ("abc", TypeError, f"fitness: expected numbers of shape (50,), got 'abc'. {REMEDY}"),
    "words": (
        ["a"] * 50, TypeError,
        f"fitness: expected numbers of shape (50,), got {repr(['a'] * 50)[:77]}.... {REMEDY}"),
    "a missing value": (
        [0.0] * 3 + [None] + [0.0] * 46, ValueError,
        "fitness: expected a number for genome 3, got None. Return a number from the fitness "
        "function; pass NaN for an evaluation that failed."),
    "a missing value in an array": (
        np.array([0.0] * 49 + [None], object), ValueError,
        "fitness: expected a number for genome 49, got None. Return a number from the fitness "
        "function; pass NaN for an evaluation that failed."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_fitness_is_refused_and_may_be_told_again(name):
    fitness, kind, text = REFUSED[name]
    population = small()
    population.ask()
    assert raised(kind, lambda: population.tell(fitness)) == text
    assert population.generation == 0 and population.fitness is None
    population.tell(np.arange(50.0))
    assert population.champion_fitness == 49


@pytest.mark.parametrize(
    "fitness", [["1.5"] * 50, np.array(["1.5"] * 50), np.zeros(50, complex)],
    ids=["strings", "array of strings", "complex"],
)  # fmt: skip
def test_fitness_of_another_kind_is_refused_not_converted(fitness):
    population = small()
    population.ask()
    assert raised(TypeError, lambda: population.tell(fitness)).startswith("fitness: expected ")


def test_the_fitness_told_is_not_kept_by_reference():
    population = small()
    population.ask()
    fitness = np.arange(50.0)
    population.tell(fitness)
    fitness[:] = 0
    assert population.best_fitness == 49 and population.fitness[49] == 49


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"inputs": 0}, ValueError, "inputs: expected an integer of at least 1, got 0."),
        ({"outputs": -1}, ValueError, "outputs: expected an integer of at least 1, got -1."),
        ({"inputs": 2.0}, TypeError, "inputs: expected an integer of at least 1, got 2.0."),
        ({"inputs": True}, TypeError, "inputs: expected an integer of at least 1, got True."),
        ({"seed": -1}, ValueError, "seed: expected "),
        ({"seed": 1.5}, TypeError, "seed: expected "),
        ({"seed": None}, TypeError, "seed: expected "),
        ({"input_names": ["a"]}, ValueError, "input_names: expected 2 names, got 1."),
        ({"output_names": ["a", "b"]}, ValueError, "output_names: expected 1 names, got 2."),
    ],
)
def test_impossible_arguments_are_refused(arguments, kind, text):
    assert raised(kind, lambda: Population(**({"inputs": 2, "outputs": 1} | arguments))).startswith(
        text
    )


def test_xor_is_solved():
    """Not a benchmark: that all of it together learns at all."""
    solved = 0
    for seed in range(3):
        population = Population(2, 1, seed=seed)
        solved += any(fitness.max() > 3900 for _, fitness in evolve(population, 150))
    assert solved == 3
