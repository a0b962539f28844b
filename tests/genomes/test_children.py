"""Mutation and crossover for those who select parents themselves."""

import numpy as np
import pytest
from conftest import VARIED, build, evolve_at_random, grown, same_genes, wild_config

import neatgrow as ng
from neatgrow.kernels.offspring import COPY, MATE, MUTATE, Offspring

H = 2**62
ONE = build(2, 1, {H: ("relu", "sum", 0.3)}, [(0, H, 1.5, True), (H, 2, -2.0, True)])
TWO = build(2, 1, {}, [(0, 2, 0.5, True), (1, 2, 4.0, True)])
LOOP = build(2, 1, {}, [(0, 2, 1.0, True), (2, 2, 0.5, False)])
STILL = ng.Config().override({
    "mutation.add_node": 0.0, "mutation.add_connection": 0.0, "mutation.delete_node": 0.0,
    "mutation.delete_connection": 0.0, "genes.weight.mutate_rate": 0.0,
    "genes.bias.mutate_rate": 0.0,
})  # fmt: skip


def test_children_are_those_that_a_population_makes_of_the_same_parents(threads):
    population = ng.Population(3, 2, wild_config(7), seed=11)
    for _ in evolve_at_random(population, 6):
        pass
    genomes = population.ask()
    fitness = np.random.default_rng(0).random(len(genomes))
    population.tell(fitness)
    children = population.ask()
    parents, rows = population.parents, population.pool.origin[:, 1]
    assert (rows == np.arange(rows.size)).all()
    # Equal fitnesses have not been told: so no mate is an equal.
    offspring = Offspring(
        parents.first[:, 1], parents.second[:, 1], parents.kind,
        np.zeros(parents.kind.size, np.bool_),
    )  # fmt: skip
    for count in (1, 3):
        threads(count)
        mine = genomes.children(
            offspring, population.config, seed=11, generation=population.generation
        )
        assert same_genes(mine, children)
    assert not same_genes(genomes.children(offspring, population.config, seed=12), children)


def test_a_selection_of_ones_own_solves_xor():
    problem, config = ng.XOR(), ng.Config(population_size=150).override(VARIED)
    genomes = ng.Population(2, 1, config, seed=2).ask()
    for generation in range(60):
        fitness = problem.evaluate(genomes.compile()).fitness
        if fitness.max() > 3.9:
            break
        best = np.argsort(-fitness)[:15]
        mates = best[np.random.default_rng(generation).integers(15, size=150)]
        offspring = ng.offspring_of(best.repeat(10), mates, copies=1)
        genomes = genomes.children(offspring, config, seed=2, generation=generation + 1)
    assert fitness.max() > 3.9
    genomes.check()


def test_mutants_and_children_of_two_follow_from_the_seed():
    genomes = grown(4)
    config = wild_config(4, recurrent=True)
    mutants = genomes.mutated(config, seed=5)
    assert same_genes(mutants, genomes.mutated(config, seed=5)) and len(mutants) == len(genomes)
    assert genomes[0].mutated(config, seed=5) == mutants[0]
    assert sum(a != b for a, b in zip(mutants, genomes, strict=True)) > len(genomes) / 2
    one, other = genomes[0], genomes[1]
    child = one.crossed(other, config, seed=3)
    assert child == one.crossed(other, config, seed=3)
    child.check()


def test_what_only_one_parent_has_comes_from_the_first_or_from_either():
    for seed in range(20):
        child = ONE.crossed(TWO, STILL, seed=seed)
        assert set(child.innovation) == set(ONE.innovation)
    found = {tuple(ONE.crossed(TWO, STILL, seed=s, equal=True).innovation) for s in range(60)}
    assert len(found) > 4  # of 16
    twin = TWO.copies(1, weight=[[1.5, 8.0]])[0]
    mean = 0.5 * (TWO.weight + twin.weight)
    assert np.array_equal(TWO.crossed(twin, STILL, seed=1, average=True).weight, mean)


def test_loops_are_allowed_where_there_are_some():
    assert LOOP.mutated(seed=1).n_connections >= 2
    with pytest.raises(ValueError, match="recurrent: expected True, as there are loops, got False"):
        LOOP.mutated(ng.Config(recurrent=False), seed=1)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda g: g.children([0, 1], seed=1), "offspring: expected an Offspring, got [0, 1]."),
        (lambda g: g.children(ng.offspring_of([5]), seed=1), "offspring.first: expected indices"),
        (lambda g: g.children(ng.offspring_of([0], [7]), seed=1), "offspring.second: expected"),
        (
            lambda g: g.children(
                Offspring(np.array([0]), np.array([0]), np.array([9], np.uint8), np.array([True])),
                seed=1,
            ),
            "offspring.kind: expected numbers from 0 to 3, got 9.",
        ),
        (lambda g: g.mutated(seed=-1), "seed: expected an integer of at least 0, got -1."),
        (lambda g: g.mutated("x", seed=1), "config: expected a Config, got 'x'."),
        (lambda g: g.mutated(seed=1, generation=1 << 31), "generation: expected an integer from 0"),
        (lambda g: g[0].crossed(g, seed=1), "crossed(other): expected a Genome, got"),
        (
            lambda g: g[0].crossed(build(3, 1, {}, []), seed=1),
            "crossed(other): expected a genome of the same inputs, outputs, columns, timing and",
        ),
        (
            lambda g: ng.Genome.from_edges(
                [(0, 1)], inputs=1, outputs=1, columns=["time_constant"]
            ).mutated(seed=1),
            "genes.time_constant: expected settings of the genomes' column 'time_constant', got",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(act, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        act(ONE.copies(3))
    assert str(caught.value).startswith(message)


def test_nobody_has_no_children():
    assert len(ONE.copies(0).mutated(seed=1)) == 0
    assert len(ONE.copies(2).children(ng.offspring_of([]), seed=1)) == 0
    kinds = np.array([COPY, MUTATE, MATE], np.uint8)
    rows = np.zeros(3, np.int32)
    copy = ONE.batch().children(Offspring(rows, rows, kinds, kinds > 9), seed=1)[0]
    assert copy == ONE
