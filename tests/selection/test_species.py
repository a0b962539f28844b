"""Distance, speciation, scores and allotment against exact, obvious twins."""

import math

import numba
import numpy as np
import oracles
import pytest
from conftest import any_genome, build, grown, pack, wild_config
from hypothesis import given
from hypothesis import strategies as st

from neatgrow.columns import Choices, Genes, Values
from neatgrow.config import Config, Distance
from neatgrow.config import Species as SpeciesSettings
from neatgrow.genomes.variation import room_for
from neatgrow.kernels import random, selection, speciation
from neatgrow.kernels.offspring import COPY, MATE, MATE_AVERAGE, MUTATE, Offspring
from neatgrow.kernels.selection import (
    ALIVE,
    CHILDREN,
    ELITES,
    FATE,
    STAGNANT,
    TOO_FEW,
    Policy,
    Standing,
)
from neatgrow.selection.species import (
    SpeciesTable,
    _empty_generation,
    distance,
    measure_of,
    no_species,
    speciate,
    steered,
)

MEASURES = [
    Config(),
    Config.paper(),
    Config(distance=Distance(excess=0.5, disjoint=2.0, nodes=0.7, small=5)),
    Config(
        distance=Distance(excess=3.0, disjoint=0.0, small=1),
        genes=Genes(
            weight=Values(difference=0.0),
            bias=Values(difference=1.3),
            activation=Choices(start="tanh", options=("tanh",), difference=0.6),
            aggregation=Choices(start="sum", options=("sum",), difference=0.2),
        ),
    ),
    Config(
        distance=Distance(excess=0.0, disjoint=0.0, nodes=0.0), genes=Genes(weight=Values())
    ),
]  # fmt: skip


# --------------------------------------------------------------------------------- distance


@given(any_genome(2, 2), any_genome(2, 2), st.sampled_from(MEASURES))
def test_distance_of_any_two_genomes_equals_the_oracle_both_ways(a, b, config):
    expected = oracles.distance(a, b, config)
    assert distance(a, b, config) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert distance(b, a, config) == distance(a, b, config)


@given(any_genome(), st.sampled_from(MEASURES))
def test_distance_to_oneself_is_0(genome, config):
    assert distance(genome, genome.copy(), config) == 0.0


@pytest.mark.parametrize("config", MEASURES)
def test_distance_of_relatives_equals_the_oracle(config):
    for seed in (1, 2, 3):
        genomes = grown(seed, generations=25)
        for i in range(0, 59, 4):
            a, b = genomes[i], genomes[i + 1]
            expected = oracles.distance(a, b, config)
            assert distance(a, b, config) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def births(*rows):
    """A genome of connections from four inputs to one output, each (input, weight, birth)."""
    return build(4, 1, {}, [(i, 4, weight, True, birth) for i, weight, birth in rows])


def plain(**settings):
    """The paper's three terms alone: c₃ is 0.5, n is 1 below 20 genes."""
    columns = Genes(weight=Values(difference=0.5), bias=Values(difference=0.0))
    return Config(distance=Distance(**({"nodes": 0.0, "small": 20} | settings)), genes=columns)


def test_distance_by_hand():
    a = births((0, 1.0, 0), (1, 2.0, 3))
    b = births((0, 0.5, 0), (2, 1.0, 4), (3, 1.0, 2))
    # input 1 is born at 3, before b's last: disjoint; 2 is born at 4, after a's last: excess;
    # 3 is disjoint. Both are small, so n = 1.
    assert distance(a, b, plain(excess=10.0, disjoint=100.0)) == 10.0 + 200.0 + 0.5 * 0.5
    divided = plain(excess=10.0, disjoint=100.0, small=1)
    assert distance(a, b, divided) == pytest.approx((10.0 + 200.0) / 3 + 0.25, rel=1e-15)


def test_all_genes_are_excess_beside_a_genome_without_any():
    config = plain(excess=1.0, disjoint=100.0)
    a, b = births((0, 1.0, 0), (1, 2.0, 3)), births()
    assert distance(a, b, config) == distance(b, a, config) == 2.0
    assert distance(b, b, config) == 0.0


def test_n_counts_genes_from_the_stated_size_on():
    a, b = births((0, 1.0, 0), (1, 1.0, 0), (2, 1.0, 0)), births()
    for small, n in ((4, 1), (3, 3)):
        assert distance(a, b, plain(excess=1.0, disjoint=1.0, small=small)) == 3 / n


# ------------------------------------------------------------------------------- speciation


def table_of(count):
    """Species 10, 11, …, as if many had gone before."""
    return SpeciesTable(
        id=np.arange(10, 10 + count),
        born=np.zeros(count, np.int64),
        best=np.arange(count, dtype=float),
        improved=np.zeros(count, np.int64),
        founded=10 + count - 1,
    )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 1.5, 100.0])
@pytest.mark.parametrize("twins_first", [False, True])
def test_speciation_equals_the_oracle(seed, spread, twins_first):
    draw = np.random.default_rng(seed)
    config = wild_config(seed)
    genomes, elders = grown(seed, generations=15), grown(seed, generations=14)
    rows = draw.integers(0, 60, seed)
    pairs = draw.integers(0, 60, (30, 2))
    typical = np.median([distance(genomes[i], genomes[j], config) for i, j in pairs])
    threshold = float(typical * spread) + 1e-3
    guess = draw.integers(-1, max(seed, 1), 60).astype(np.int32) - np.int32(seed == 0)
    guess = np.maximum(guess, -1)
    species, table = speciate(
        genomes, table_of(seed), (elders, rows), guess, measure_of(config), threshold, 7,
        twins_first=twins_first,
    )  # fmt: skip
    expected, founders = oracles.speciate(
        genomes, [elders[row] for row in rows], guess, threshold, config, twins_first
    )
    alive = sorted(set(expected))
    assert species.tolist() == [alive.index(s) for s in expected]
    assert species.dtype == np.int32
    assert table.id.tolist() == [10 + s for s in alive]
    assert table.founded == 10 + seed + len(founders) - 1
    for row, s in enumerate(alive):
        old = s < seed
        assert table.best[row] == (s if old else -math.inf)
        assert table.born[row] == table.improved[row] == (0 if old else 7)


@pytest.mark.parametrize("twins_first", [False, True])
def test_a_genome_near_two_new_species_joins_its_twins_only_if_twins_go_first(twins_first):
    genomes = pack([build(1, 1, {}, [(0, 1, weight, True)]) for weight in (0.0, 10.0, 5.0)])
    species, _ = speciate(
        genomes, no_species(), (genomes, np.empty(0, np.int64)), np.full(3, -1, np.int32),
        measure_of(Config(genes=Genes(weight=Values(difference=1.0)))), 6.0, 1,
        twins_first=twins_first,
    )  # fmt: skip
    assert species.tolist() == [0, 1, int(twins_first)]


@given(any_genome(2, 2), any_genome(2, 2), st.sampled_from(MEASURES))
def test_leaving_early_never_changes_who_is_near(a, b, config):
    exact = distance(a, b, config)
    for threshold in (
        exact, math.nextafter(exact, math.inf), exact * (1 - 1e-9), exact * (1 + 1e-9),
        exact / 2, exact * 2, 0.0,
    ):  # fmt: skip
        for guess in (-1, 0):
            _, table = speciate(
                pack([a]), table_of(1), (pack([b]), np.zeros(1, np.int64)),
                np.array([guess], np.int32), measure_of(config), threshold, 1,
            )  # fmt: skip
            assert (table.id[0] == 10) == (exact < threshold)


def test_species_numbers_are_never_used_twice():
    genomes = grown(1, generations=15)
    measure, nobody = measure_of(wild_config(1)), np.full(60, -1, np.int32)
    none = (genomes, np.empty(0, np.int64))
    _, many = speciate(genomes, no_species(), none, nobody, measure, 1e-3, 0)
    assert many.id.tolist() == list(range(1, len(many) + 1)) and len(many) > 5
    kept = many.take(np.array([2]))
    species, again = speciate(
        genomes, kept, (genomes, np.zeros(1, np.int64)), nobody, measure, 1e-3, 1
    )
    assert set(species.tolist()) == set(range(len(again)))
    assert again.id[0] == 3 and again.id[1:].min() == len(many) + 1
    assert again.founded == again.id.max()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spread", [0.0, 0.5, 0.9, 1.1, 100.0])
def test_merging_equals_the_oracle(seed, spread):
    draw = np.random.default_rng(seed)
    config, genomes = wild_config(seed), grown(seed, generations=15)
    rows = draw.integers(0, 60, 12)
    gaps = [distance(genomes[int(a)], genomes[int(b)], config) for a in rows for b in rows]
    threshold = float(np.median(gaps) * spread) + 1e-3
    into = np.full(14, -7, np.int32)
    _merge(genomes.packed, rows, measure_of(config), threshold, into)
    expected = oracles.merged([genomes[int(row)] for row in rows], threshold, config)
    assert into.tolist() == [*expected, -7, -7]


@pytest.mark.parametrize("seed", range(12))
def test_species_that_merge_go_on_as_the_oldest_and_take_their_children_along(seed):
    """The plan of a generation is that of its offspring, with near species made one."""
    draw = np.random.default_rng(seed)
    config, genomes = wild_config(seed), grown(seed, generations=15)
    species = draw.integers(0, 9, len(genomes)).astype(np.int32)
    species[:9] = np.arange(9)
    fitness = draw.normal(size=len(genomes))
    order = np.argsort(-fitness, kind="stable")
    standing = Standing(fitness, order, species, np.full(9, 20), 20)
    policy = random_policy(draw)._replace(size=70, parent_first=True)
    alive, _, plan, guess, kept, rows = planned(standing, policy, seed)
    elders = [genomes[int(row)] for row in rows[:alive]]
    gaps = [distance(a, b, config) for a in elders for b in elders]
    for threshold in (1e-3, float(np.median(gaps)), max(gaps) + 1.0):
        into = oracles.merged(elders, threshold, config)
        left = sorted(set(into))
        merged = _empty_generation(policy.size, 9)
        count = selection.share_offspring(
            genomes.packed, standing, policy, measure_of(config), threshold,
            np.array([seed, random.SELECTION]), merged,
        )  # fmt: skip
        assert count == len(left)
        assert merged.kept[:count].tolist() == [kept[s] for s in left]
        assert merged.representatives[:count].tolist() == [rows[s] for s in left]
        assert merged.guess.tolist() == [left.index(into[g]) for g in guess]
        assert all(np.array_equal(a, b) for a, b in zip(merged.offspring, plan, strict=True))
        np.testing.assert_array_equal(merged.room, room_for(genomes, plan))
    apart = _empty_generation(policy.size, 9)
    count = selection.share_offspring(
        genomes.packed, standing, policy._replace(parent_first=False), measure_of(config), 1e9,
        np.array([seed, random.SELECTION]), apart,
    )  # fmt: skip
    assert count == alive and (apart.guess == -1).all()


def test_a_table_is_not_written_to_by_speciation():
    genomes, table = grown(2, generations=10), table_of(3)
    before = [np.copy(value) for value in vars(table).values()]
    speciate(genomes, table, (genomes, np.arange(3)), np.full(60, 0, np.int32),
             measure_of(wild_config(2)), 0.5, 3)  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(vars(table).values(), before, strict=True))


def test_threshold_moves_towards_the_wanted_number_of_species_by_a_tenth_at_most():
    config = Config(species=SpeciesSettings(target=10, gain=0.25))
    steps = [(10, 1.0), (12, 1.2**0.25), (9, 0.9**0.25), (150, 1.1), (1, 1 / 1.1)]
    for count, factor in steps:
        assert steered(3.0, count, config) == pytest.approx(3.0 * factor, rel=1e-12)
    assert steered(1e-3, 1, config) == 1e-3  # and never to 0
    fixed = Config(species=SpeciesSettings(target=None))
    assert [steered(3.0, count, fixed) for count in (1, 10, 150)] == [3.0] * 3


# ------------------------------------------------------------------------ scores and shares


@numba.njit
def _merge(packed, rows, measure, threshold, into):
    speciation.merge(packed, rows, rows.size, measure, threshold, into)


@numba.njit
def _scores(fitness, order, by_rank):
    out = np.empty(fitness.size)
    selection.scores(fitness, order, by_rank, out)
    return out


@numba.njit
def _allot(share, size):
    quota = np.empty((3, share.size), np.int64)
    selection.allot(share, size, quota)
    return quota[0]


def scores(fitness, sharing):
    fitness = np.array(fitness, float)
    return _scores(fitness, np.argsort(-fitness, kind="stable"), sharing == "rank")


def allot(shares, total):
    return _allot(np.array(shares, float), total)


fitnesses = st.lists(
    st.one_of(st.integers(-1000, 1000).map(float), st.floats(-1e6, 1e6), st.just(math.nan)),
    min_size=1, max_size=40,
)  # fmt: skip


@given(fitnesses, st.sampled_from(["fitness", "rank"]))
def test_scores_equal_the_oracle(fitness, sharing):
    result = scores(fitness, sharing)
    np.testing.assert_allclose(result, oracles.scores(fitness, sharing), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sharing", ["fitness", "rank"])
def test_failures_score_below_all_others(sharing):
    for failures in (1, 2, 5, 9):
        fitness = np.arange(10.0)
        fitness[:failures] = math.nan
        result = scores(fitness, sharing)
        assert len(set(result[:failures].tolist())) == 1
        assert result[:failures].max() < result[failures:].min() or failures < 9
        assert np.argmin(result[failures:]) == 0
        if sharing == "rank":
            assert result[0] < result[failures]
        else:
            assert result[0] == 0.0


@pytest.mark.parametrize("sharing", ["fitness", "rank"])
@pytest.mark.parametrize("scale", [1.0, 1e6, 2.0**-20, 2.0**40])
@pytest.mark.parametrize("shift", [0.0, 1e6, -1e6])
def test_scores_ignore_shift_and_scale(sharing, scale, shift):
    fitness = np.random.default_rng(0).integers(-500, 500, 60).astype(float)
    fitness[5] = math.nan
    expected = scores(fitness, sharing)
    np.testing.assert_array_equal(scores(fitness * scale + shift * scale, sharing), expected)
    assert expected.min() >= 0 and expected.max() <= 1
    assert np.argmax(expected) == np.nanargmax(fitness)


@pytest.mark.parametrize("sharing", ["fitness", "rank"])
@pytest.mark.parametrize("value", [0.0, 1.0, -5.0, 1e6, -1e6, math.nan, 1e308])
def test_equal_fitnesses_score_alike(sharing, value):
    assert scores(np.full(7, value), sharing).tolist() == [1.0] * 7
    assert scores([value], sharing).tolist() == [1.0]


@pytest.mark.parametrize("sharing", ["fitness", "rank"])
def test_scores_of_extreme_ranges_are_finite_and_ordered(sharing):
    for fitness in ([-1e308, 0.0, 1e308], [-1.7e308, -1.6e308, 1.7e308], [0.0, 1e-12, 1.0],
                    [-3.0, -2.0, -1.0], [1e-300, 2e-300, 4e-300]):  # fmt: skip
        result = scores(fitness, sharing)
        assert np.isfinite(result).all() and (np.diff(result) > 0).all()
        assert result[0] == 0 and result[-1] == 1


shares = st.lists(
    st.one_of(st.just(0.0), st.floats(1e-12, 1.0), st.integers(1, 9).map(float)),
    min_size=1, max_size=30,
).filter(any)  # fmt: skip


@given(shares, st.integers(1, 1000))
def test_allotment_is_exact_and_within_one_of_the_share(parts, total):
    quota = allot(parts, total)
    assert quota.sum() == total and quota.min() >= 0
    exact = np.array(parts) / sum(parts) * total
    assert (np.abs(quota - exact) < 1 + 1e-6).all()
    assert (quota[np.array(parts) == 0] == 0).all()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any), st.integers(1, 300))
def test_allotment_equals_the_oracle_and_ignores_scale(parts, total):
    # With the sum a power of two no remainder is decided by rounding.
    padded = [*parts, (1 << sum(parts).bit_length()) - sum(parts)]
    expected = oracles.allot(padded, total)
    for scale in (1.0, 2.0**30, 2.0**-40):
        assert allot(np.array(padded) * scale, total).tolist() == expected


def test_equal_remainders_go_to_the_older():
    assert allot([1.0] * 4, 6).tolist() == [2, 2, 1, 1]
    assert allot([0.0, 5.0], 3).tolist() == [0, 3]


# ---------------------------------------------------------------- the plan of all offspring


def random_standing(draw):
    """A generation of up to 60 genomes in up to 9 species, many of them tied or failed."""
    count = int(draw.integers(1, 61))
    n_species = int(draw.integers(1, min(count, 9) + 1))
    species = np.concatenate([np.arange(n_species), draw.integers(0, n_species, count - n_species)])
    draw.shuffle(species)
    fitness = (
        draw.integers(-5, 6, count).astype(float)
        if draw.random() < 0.5
        else draw.normal(0, 1e3, count)
    )
    fitness[draw.random(count) < draw.choice([0.0, 0.2, 1.0], p=[0.5, 0.4, 0.1])] = math.nan
    return Standing(
        fitness=fitness,
        order=np.argsort(-fitness, kind="stable"),
        species=species.astype(np.int32),
        improved=draw.integers(0, 20, n_species),
        generation=20,
    )


def random_policy(draw):
    return Policy(
        size=int(draw.integers(1, 80)),
        stagnation=int(draw.integers(1, 25)),
        protected=int(draw.integers(0, 4)),
        narrow=bool(draw.random() < 0.2),
        survival=float(draw.choice([0.0, 0.2, 0.5, 1.0])),
        elites=int(draw.integers(0, 4)),
        elite_species_size=int(draw.integers(1, 8)),
        by_rank=bool(draw.random() < 0.5),
        floor=float(draw.choice([0.0, 0.3, 1.0])),
        mutation_only=0.25,
        average=0.4,
        interspecies=float(draw.choice([0.0, 0.3])),
        parent_first=True,
    )


def planned(standing, policy, seed=1):
    """The plan of genomes without connections, whose species do not merge."""
    n_species, size, count = standing.improved.size, policy.size, standing.fitness.size
    offspring = Offspring(
        np.full(size, -1, np.int32), np.full(size, -1, np.int32), np.full(size, 99, np.uint8),
        np.zeros(size, np.bool_),
    )  # fmt: skip
    plan = selection.Generation(
        offspring=offspring,
        room=np.full((2, size + 1), -1, np.int64),
        guess=np.full(size, -1, np.int32),
        quota=np.full((3, n_species), -7, np.int64),
        kept=np.full(n_species, -1, np.int64),
        representatives=np.full(n_species, -1, np.int64),
    )
    parents = build(1, 1, {1: ("identity", "sum", 0.0)}, []).batch()[[0] * count].packed
    alive = selection.share_offspring(
        parents, standing, policy, measure_of(Config()), 0.0, np.array([seed, random.SELECTION]),
        plan,
    )  # fmt: skip
    return alive, plan.quota, offspring, plan.guess, plan.kept, plan.representatives


@pytest.mark.parametrize("seed", range(400))
def test_every_species_gets_its_share_and_the_right_parents(seed):
    draw = np.random.default_rng(seed)
    standing, policy = random_standing(draw), random_policy(draw)
    fitness, species = standing.fitness, standing.species
    idle = standing.generation - standing.improved
    alive, quota, plan, guess, kept, rows = planned(standing, policy, seed)
    share = oracles.judge(fitness.tolist(), species.tolist(), idle.tolist(), policy)
    stagnant = [mean is None for mean in share]
    if all(stagnant):
        assert alive == 0 and (quota[FATE] == STAGNANT).all()
        return
    shares = [mean or 0.0 for mean in share]
    if not any(shares):
        shares = [0.0 if ended else 1.0 for ended in stagnant]
    ranked = np.where(np.isnan(fitness), -math.inf, fitness)
    leader = species[np.argmax(ranked)]
    assert quota[CHILDREN].sum() == policy.size and quota[CHILDREN].min() >= 0
    exact = np.array(shares) / math.fsum(shares) * policy.size
    gap = quota[CHILDREN] - exact
    moved = policy.elites and quota[CHILDREN, leader] == 1
    assert (np.abs(gap) < (2 if moved else 1) + 1e-9).all()
    for s in range(len(shares)):
        fate = STAGNANT if stagnant[s] else ALIVE if quota[CHILDREN, s] else TOO_FEW
        assert quota[FATE, s] == fate
        if stagnant[s]:
            assert quota[CHILDREN, s] == 0
        members = np.flatnonzero(species == s)
        elites = policy.elites if members.size >= policy.elite_species_size else 0
        if s == leader and policy.elites:
            elites = max(elites, 1)
        assert quota[ELITES, s] == min(elites, members.size, quota[CHILDREN, s])
    if policy.elites and not stagnant[leader]:
        assert quota[ELITES, leader] >= 1

    breeding = np.flatnonzero(quota[CHILDREN])
    assert alive == breeding.size
    assert species[rows[:alive]].tolist() == breeding.tolist()
    starts = np.concatenate([[0], np.cumsum(quota[CHILDREN])])
    by_best = {
        s: sorted(np.flatnonzero(species == s), key=lambda n: (-ranked[n], n)) for s in breeding
    }
    survivors = {
        s: set(rows[: max(1, math.ceil(policy.survival * len(rows)))])
        for s, rows in by_best.items()
    }
    assert kept[:alive].tolist() == list(breeding)
    for number, s in enumerate(breeding):
        for k, child in enumerate(range(starts[s], starts[s + 1])):
            first, second, kind = plan.first[child], plan.second[child], plan.kind[child]
            assert guess[child] == number
            if k < quota[ELITES, s]:
                assert kind == COPY and first == by_best[s][k]
                continue
            assert kind in (MUTATE, MATE, MATE_AVERAGE)
            assert ranked[first] >= ranked[second]
            assert plan.equal[child] == (ranked[first] == ranked[second])
            assert (kind == MUTATE) == (first == second)
            own = {first, second} & survivors[s]
            others = set().union(*(survivors[b] for b in breeding))
            assert own and {first, second} <= (others if policy.interspecies else survivors[s])


def test_kinds_of_offspring_have_their_shares():
    draw = np.random.default_rng(0)
    count, size = 400, 20_000
    standing = Standing(
        fitness=draw.normal(size=count), order=np.empty(0), species=np.arange(count) % 4,
        improved=np.zeros(4, np.int64), generation=1,
    )  # fmt: skip
    standing = standing._replace(
        order=np.argsort(-standing.fitness, kind="stable"),
        species=standing.species.astype(np.int32),
    )
    policy = random_policy(draw)._replace(
        size=size, survival=1.0, elites=0, stagnation=50, narrow=False, mutation_only=0.3,
        average=0.4, interspecies=0.1,
    )  # fmt: skip
    _, quota, plan, *_ = planned(standing, policy)
    mated = plan.kind >= MATE
    mates = 0.7 * (1 - 1 / 100 * 0.9)  # a survivor that draws itself is mutated instead
    assert mated.mean() == pytest.approx(mates, abs=0.02)
    assert (plan.kind[mated] == MATE_AVERAGE).mean() == pytest.approx(0.4, abs=0.02)
    foreign = standing.species[plan.first] != standing.species[plan.second]
    assert foreign[mated].mean() == pytest.approx(0.1, abs=0.015)
    own = np.repeat(np.arange(4), quota[CHILDREN])
    first, second = standing.species[plan.first], standing.species[plan.second]
    for s in range(4):  # any other species is as likely as another
        mates = np.where(first == s, second, first)[foreign & (own == s)]
        seen = np.bincount(mates, minlength=4)
        assert seen[s] == 0 and seen.sum() > 200
        assert np.abs(np.delete(seen, s) - seen.sum() / 3).max() < 5 * math.sqrt(seen.sum() * 2 / 9)


def test_all_of_the_better_share_have_offspring_the_half_rounded_up():
    fitness = np.random.default_rng(0).permutation(7.0 * np.arange(7))
    standing = Standing(
        fitness, np.argsort(-fitness), np.zeros(7, np.int32), np.zeros(1, np.int64), generation=1
    )
    policy = random_policy(np.random.default_rng(0))._replace(
        size=4000, survival=0.5, elites=0, stagnation=50, narrow=False, mutation_only=1.0
    )
    seen = np.bincount(planned(standing, policy)[2].first, minlength=7)
    assert np.flatnonzero(seen).tolist() == sorted(standing.order[:4].tolist())
    assert np.abs(seen[standing.order[:4]] - 1000).max() < 5 * math.sqrt(4000 * 3 / 16)


def test_plans_follow_the_seed_and_the_generation():
    draw = np.random.default_rng(0)
    standing, policy = random_standing(draw), random_policy(draw)._replace(size=60, protected=9)
    first = planned(standing, policy, 1)[2].first.tolist()
    assert planned(standing, policy, 1)[2].first.tolist() == first
    assert planned(standing, policy, 2)[2].first.tolist() != first
    later = standing._replace(generation=21)
    assert planned(later, policy, 1)[2].first.tolist() != first
