"""Gene columns of a user's own: declared once, and everything follows."""

import pickle
import subprocess
import sys

import numpy as np
import oracles
import pytest
from conftest import build, evolve_at_random, pack, same_genes, wild_config
from hypothesis import given, settings
from hypothesis import strategies as st
from test_variation import breed, quiet
from toys import ALL, NAMES, NUMBERS, OPTION_COLUMNS, OPTIONS, SOME, VALUES, toy_config

import neatgrow as ng
from neatgrow.columns import COLUMNS, Choices, Genes, Values
from neatgrow.files.archive import UnknownContentError
from neatgrow.genomes.columns import BASE, names_of, plain
from neatgrow.genomes.interface import Interface
from neatgrow.genomes.variation import initial_genomes
from neatgrow.kernels import layout
from neatgrow.kernels.offspring import COPY, MATE, MATE_AVERAGE, MUTATE
from neatgrow.selection.species import measure_of

STILL = Values(mutate_rate=0.0)


def grown_toys(seed, generations=8, **changes):
    population = ng.Population(2, 2, toy_config(seed, **changes), seed=seed)
    *_, last = evolve_at_random(population, generations)
    return last


@pytest.fixture(scope="module")
def batches():
    return [grown_toys(seed) for seed in range(6)]


def genes_of(genome, table):
    """{column: {identity: value}} of a table."""
    ids = {"node": genome.node_id, "connection": genome.innovation, "genome": np.zeros(1)}[table]
    return {
        name: dict(zip(ids.tolist(), genome.column(name).tolist(), strict=True))
        for name in genome.columns if COLUMNS[name].table == table
    }  # fmt: skip


# ------------------------------------------------------------------------------- declaration


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (("weight", "node", Values()), ValueError, "a name that no other column has"),
        (("toy_gain", "node", Values(power=9)), ValueError, "a name that no other column has"),
        (("toy_gain", "genome", NUMBERS), ValueError, "a name that no other column has"),
        (("two words", "node", Values()), ValueError, "an identifier that means nothing else"),
        (("_own", "node", Values()), ValueError, "an identifier that means nothing else"),
        (("source", "connection", Values()), ValueError, "an identifier that means nothing else"),
        (("inputs", "genome", Values()), ValueError, "an identifier that means nothing else"),
        (("override", "node", Values()), ValueError, "an identifier that means nothing else"),
        (("fresh", "edge", Values()), ValueError, "one of node, connection, genome, got 'edge'"),
        (("fresh", "node", 0.5), TypeError, "column 'fresh': expected Values(…) or Choices(…)"),
        (("fresh", "node", Choices(options=[f"o{k}" for k in range(257)])), ValueError,
         "column 'fresh': expected at most 256 options, got 257."),
        (("fresh", "genome", Choices(options=["a"], outputs="a")), ValueError,
         "column 'fresh', outputs: expected none, as only nodes are outputs"),
        (("fresh", "node", Choices(options=["a", "a"])), ValueError,
         "column 'fresh', options: expected names that differ"),
        ((3, "node", Values()), TypeError, "register_column: expected a name, got 3."),
    ],
)  # fmt: skip
def test_impossible_columns_are_refused(arguments, kind, text):
    before = dict(COLUMNS)
    with pytest.raises(kind) as caught:
        ng.register_column(*arguments)
    assert text in str(caught.value)
    assert before == COLUMNS


def test_registering_the_same_again_changes_nothing():
    column = ng.register_column("toy_gain", "node", NUMBERS, label="γ")
    assert column is COLUMNS["toy_gain"] or column == COLUMNS["toy_gain"]


def test_columns_lie_in_the_order_of_their_declaration():
    names = names_of((*BASE, *NAMES))
    assert names == (
        ("bias", "toy_gain"), ("activation", "aggregation", "toy_shape"), ("weight", "toy_rate"),
        ("toy_rule",), ("toy_power",), ("toy_mode",),
    )  # fmt: skip
    assert tuple(names._fields) == layout.BY_COLUMN
    with pytest.raises(ValueError, match=r"^columns: expected registered ones, got 'nobody'\."):
        names_of((*BASE, "nobody"))


def test_what_is_plain_is_what_new_genes_start_with():
    assert (plain("weight"), plain("bias"), plain("toy_drift")) == (1.0, 0.0, 0.25)
    assert plain("toy_rule") == 0  # the first where any may start


# ---------------------------------------------------------------------------------- settings


def test_absent_columns_read_as_none_and_are_in_no_text():
    config = ng.Config()
    assert config.genes.toy_gain is None and config.genes.columns == BASE
    assert "toy" not in config.to_toml() and "toy" not in repr(config)
    with pytest.raises(AttributeError, match="no attribute 'toy_gone'"):
        config.genes.toy_gone  # noqa: B018


@pytest.mark.parametrize(
    "changes",
    [
        {"genes.toy_gain": True},
        {"genes": {"toy_gain": True}},
        {"genes.toy_gain": {}},
        {"genes.toy_gain": NUMBERS},
        {"genes": Genes(toy_gain=NUMBERS)},
        {"genes": Genes(toy_gain=True)},
    ],
    ids=str,
)
def test_every_way_to_ask_for_a_column_is_the_same(changes):
    config = ng.Config().override(changes)
    assert config.genes.toy_gain == NUMBERS
    assert config.genes.columns == (*BASE, "toy_gain")
    assert config == ng.Config(genes=Genes(toy_gain=NUMBERS))
    assert hash(config) == hash(ng.Config(genes=Genes(toy_gain=NUMBERS)))


def test_settings_of_a_column_start_from_those_it_was_registered_with():
    config = ng.Config().override({"genes.toy_gain.power": 0.1})
    assert config.genes.toy_gain.power == 0.1 and config.genes.toy_gain.maximum == 3.0
    again = config.override({"genes.toy_gain.minimum": -1})
    assert (again.genes.toy_gain.power, again.genes.toy_gain.minimum) == (0.1, -1.0)


@pytest.mark.parametrize("gone", [False, None, "none"])
def test_a_column_can_be_left_out_again(gone):
    config = ng.Config().override(ALL)
    assert config.override({"genes.toy_gain": gone}).genes.columns == (*BASE, *NAMES[1:])
    assert config.override({f"genes.{name}": gone for name in NAMES}) == ng.Config()


@pytest.mark.parametrize("value", [False, None, "none", 0, 3.5, "tanh"])
def test_columns_that_all_genomes_have_cannot_be_left_out(value):
    with pytest.raises(TypeError, match=r"^genes\.weight: expected a value of type Values, got"):
        ng.Config().override({"genes.weight": value})
    with pytest.raises(TypeError, match=r"^Genes\.weight: expected a value of type Values, got"):
        Genes(weight=value)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"genes.toy_gian": True}, "genes.toy_gian: expected the name of a setting, got "
                                   "'toy_gian'. Did you mean 'toy_gain'?"),
        ({"genes.toy_gian.power": 1}, "genes.toy_gian: expected the name of a section"),
        ({"genes.toy_gain.pwer": 1}, "genes.toy_gain.pwer: expected the name of a setting, got "
                                     "'pwer'. Did you mean 'power'?"),
        ({"genes.toy_gain": 0}, "genes.toy_gain: expected a value of type Values, got 0."),
        ({"genes.toy_gain": Choices(options=["a"])}, "genes.toy_gain: expected a value of type"),
        ({"genes.toy_gain.power": "much"}, "genes.toy_gain.power: expected a value of type float"),
    ],
)  # fmt: skip
def test_wrong_settings_of_columns_are_named_by_path(changes, text):
    with pytest.raises(TypeError) as caught:
        ng.Config().override(changes)
    assert str(caught.value).startswith(text)


def test_impossible_settings_of_columns_are_named_by_path():
    with pytest.raises(ValueError, match=r"^genes\.toy_gain\.minimum: expected less than maximum"):
        ng.Config().override({"genes.toy_gain.minimum": 5.0})
    with pytest.raises(ValueError, match=r"^genes\.toy_rule\.outputs: expected none, as only"):
        ng.Config().override({"genes.toy_rule.outputs": "one"})
    config = ng.Config().override({"genes.toy_rule.options": ["one", "twoo"]})
    with pytest.raises(ValueError, match=r"^genes\.toy_rule\.options: .* Did you mean 'two'\?$"):
        ng.Population(2, 1, config)
    with pytest.raises(
        TypeError, match=r"Genes: .*'toy_gian'\. Did you mean 'toy_gain'\?|toy_gian"
    ):
        Genes(toy_gian=True)


def test_toml_holds_the_columns_that_are_there():
    config = ng.Config().override(ALL | {"genes.toy_gain.power": 0.125})
    assert ng.Config.from_toml(config.to_toml()) == config
    assert ng.Config().override(config.to_dict()) == config
    assert ng.Config.from_toml("[genes.toy_gain]\n").genes.toy_gain == NUMBERS
    assert ng.Config.from_toml("[genes]\ntoy_gain = true\n").genes.toy_gain == NUMBERS


def test_settings_of_columns_are_values():
    config = ng.Config().override(ALL)
    assert pickle.loads(pickle.dumps(config)) == config
    one, other = Genes(toy_gain=True, toy_rate=True), Genes(toy_rate=True, toy_gain=True)
    assert one == other and hash(one) == hash(other) and one.columns == other.columns
    assert one != Genes() and one != "genes"
    assert repr(one).startswith("Genes(weight=Values(") and "toy_rate=Values(" in repr(one)
    with pytest.raises(AttributeError):
        one.toy_gain = NUMBERS
    with pytest.raises(AttributeError):
        one.weight = NUMBERS


# ------------------------------------------------------------------------------------ arrays


def test_genomes_without_optional_columns_have_no_room_for_them():
    packed = ng.Population(2, 1, seed=1).ask().packed
    for name in layout.BY_COLUMN:
        assert getattr(packed, name).shape[1] == len(getattr(names_of(BASE), name))
    assert packed.genome_values.size == packed.genome_choices.size == 0
    assert packed.connection_choices.size == 0


def test_parts_of_batches_take_every_column_along(batches):
    for genomes in batches:
        rows = np.array([7, 3, 3, 59])
        part = genomes[rows]
        part.check()
        assert all(part[k] == genomes[int(row)] for k, row in enumerate(rows))
        assert same_genes(pack(list(genomes)), genomes)
        put = layout.put(genomes.packed, np.array([0, 1]), part.packed)
        again = ng.Genomes(layout.take(put, np.arange(60)), genomes.interface)
        assert again[0] == part[0] and again[1] == part[1] and again[2] == genomes[2]
        lost = genomes.column("toy_rate") > 0
        kept = ng.Genomes(layout.without(genomes.packed, lost), genomes.interface)
        kept.check()
        assert np.array_equal(kept.column("toy_rate"), genomes.column("toy_rate")[~lost])
        assert kept.options("toy_mode") == genomes.options("toy_mode")


def test_a_column_is_found_by_name(batches):
    genomes = batches[0]
    assert genomes.columns == genomes[0].columns == (*BASE, *NAMES)
    assert np.array_equal(genomes.column("weight"), genomes.weight)
    assert genomes.options("activation") == genomes.activation_names
    assert genomes.column("toy_power").shape == (60,)
    assert genomes[4].column("toy_power")[0] == genomes.column("toy_power")[4]
    genomes[4].copy().column("toy_gain")[0] = 1.5  # a view of the genome's own
    assert set(genomes.options("toy_rule")) <= set(OPTIONS)
    with pytest.raises(
        ValueError, match=r"^column: .*, got 'toy_gian'\. Did you mean 'toy_gain'\?"
    ):
        genomes.column("toy_gian")
    with pytest.raises(ValueError, match=r"^column: expected one of choices, got 'toy_gain', of v"):
        genomes.options("toy_gain")


def test_wrong_numbers_of_columns_are_refused(batches):
    genome = batches[0][0]
    for name in layout.BY_COLUMN:
        array = getattr(genome.packed, name)
        bad = ng.Genome(genome.packed._replace(**{name: array[:, 1:].copy()}), genome.interface)
        with pytest.raises(ValueError, match=f"^{name}: expected an array of shape"):
            bad.check()
        with pytest.raises(ValueError, match=f"^{name}: expected an array of shape"):
            bad.compile()


def test_bad_genes_are_named_by_their_column(batches):
    for name in NAMES:
        bad = batches[0][0].copy()
        bad.column(name)[-1] = np.nan if name in VALUES else 77
        rule = "finite numbers" if name in VALUES else "known opcodes"
        with pytest.raises(ValueError, match=f"^{name}: expected {rule}"):
            bad.check()


def test_interfaces_have_known_columns_the_usual_ones_first():
    with pytest.raises(ValueError, match=r"^columns: expected registered ones, got 'nobody'"):
        Interface(1, 1, columns=(*BASE, "nobody"))
    with pytest.raises(ValueError, match=r"^columns: expected weight, bias, activation, aggreg"):
        Interface(1, 1, columns=("toy_gain", *BASE))
    with pytest.raises(TypeError, match=r"^timing: expected a Timing, got 'late'"):
        Interface(1, 1, timing="late")


def test_pickled_genomes_declare_their_columns(tmp_path, batches, subprocess_environment):
    (tmp_path / "genomes").write_bytes(pickle.dumps(batches[0]))
    code = (
        "import pickle\n"
        "genomes = pickle.load(open('genomes', 'rb'))\n"
        "genomes.check()\n"
        "print(*genomes.columns, genomes.options('toy_mode')[3])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=subprocess_environment, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert answer.stdout.split() == [*BASE, *NAMES, batches[0].options("toy_mode")[3]]
    other = (
        "import pickle, neatgrow as ng\n"
        "ng.register_column('toy_gain', 'node', ng.Values())\n"
        "pickle.load(open('genomes', 'rb'))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", other], cwd=tmp_path, env=subprocess_environment, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert "expected a name that no other column has, got 'toy_gain'" in answer.stderr


# --------------------------------------------------------------------------------- variation


def test_first_genomes_start_as_the_settings_say():
    config = ng.Config(population_size=400).override(
        ALL | {"genes.toy_rule": {"start": "two"}, "genes.toy_power.start_mean": 1.0}
    )
    genomes = initial_genomes(config, Interface(3, 2, columns=config.genes.columns), seed=4)
    genomes.check()
    for name, centre in (("toy_gain", 0.0), ("toy_rate", 0.0), ("toy_power", 1.0)):
        values = genomes.column(name)
        assert abs(values.mean() - centre) < 0.1 and abs(values.std() - 0.5) < 0.1
    assert set(genomes.options("toy_rule")) == {"two"}
    for name in ("toy_shape", "toy_mode"):
        found = genomes.options(name)
        assert all(abs(found.count(option) / len(found) - 1 / 3) < 0.1 for option in OPTIONS)


def test_values_stay_within_bounds_and_options_among_those_allowed():
    changes = {"genes.toy_rule": {"options": ["one", "three"], "swap_rate": 0.5}}
    for seed in range(4):
        genomes = grown_toys(seed, 20, **changes)
        genomes.check()
        for name in VALUES:
            values = genomes.column(name)
            assert values.min() >= -2.0 and values.max() <= 3.0 and np.unique(values).size > 3
        assert set(genomes.options("toy_rule")) == {"one", "three"}
        assert set(genomes.options("toy_shape")) == set(OPTIONS)
        assert set(genomes.options("toy_mode")) <= set(OPTIONS)


def still(**changes):
    """Settings with every toy column, under which no value of any changes."""
    none = {f"genes.{name}.mutate_rate": 0.0 for name in (*VALUES, "weight", "bias")}
    none |= {f"genes.{name}.swap_rate": 0.0 for name in OPTION_COLUMNS}
    return quiet().override(ALL | none | changes)


@pytest.mark.parametrize("kind", [COPY, MUTATE])
def test_children_of_one_parent_have_its_genes(batches, kind):
    children = breed(batches[1], still(), kind, np.arange(60), count=60)
    assert same_genes(children, batches[1])


@settings(max_examples=40)
@given(st.integers(0, 5), st.integers(0, 59), st.integers(0, 59), st.booleans(), st.booleans())
def test_matching_genes_are_drawn_or_averaged(batches, which, first, second, average, equal):
    parents = batches[which]
    child = breed(
        parents, still(), MATE_AVERAGE if average else MATE, first, second, equal=equal, seed=which
    )[0]
    a, b = parents[first], parents[second]
    for table in ("node", "connection", "genome"):
        tables = [genes_of(genome, table) for genome in (child, a, b)]
        for name, genes in tables[0].items():
            mine, other = tables[1][name], tables[2][name]
            for id_, value in genes.items():
                either = {genome[id_] for genome in (mine, other) if id_ in genome}
                choices = (*OPTION_COLUMNS, "activation", "aggregation")
                if average and len(either) == 2 and name not in choices:
                    assert value == pytest.approx(sum(either) / 2, rel=1e-12)
                    continue
                assert value in either


def test_a_genes_columns_are_drawn_together(batches):
    """A gene is of one parent in all its columns; the genome's own is one gene."""
    parents = batches[2]
    children = breed(parents, still(), MATE, 0, 1, count=300, seed=5)
    pairs = {
        (value, option)
        for value, option in zip(
            children.column("toy_power").tolist(), children.options("toy_mode"), strict=True
        )
    }
    wanted = {
        (g.column("toy_power")[0], g.options("toy_mode")[0]) for g in (parents[0], parents[1])
    }
    assert pairs == wanted and len(wanted) == 2
    share = np.mean(children.column("toy_power") == parents[0].column("toy_power"))
    assert 0.4 < share < 0.6


def test_a_split_keeps_the_old_connections_genes_on_the_way_out():
    config = still(**{
        "mutation.add_node": 1.0, "genes.toy_rule.start": "three",
        "genes.toy_rate.start_mean": 2.5, "genes.toy_rate.start_spread": 0.0,
        "genes.toy_gain.start_mean": 0.75,
    })  # fmt: skip
    parent = ng.Genome.from_edges(
        [(0, 1, {"weight": 0.5, "toy_rate": -1.0, "toy_rule": "two"})], inputs=1, outputs=1,
        columns=NAMES,
    )  # fmt: skip
    child = breed(parent.batch(), config, MUTATE)[0]
    child.check()
    names = child.labels()
    genes = {
        (names[a], names[b]): (rate, rule, weight)
        for a, b, rate, rule, weight in zip(
            child.source.tolist(), child.target.tolist(), child.column("toy_rate").tolist(),
            child.options("toy_rule"), child.weight.tolist(), strict=True,
        )
    }  # fmt: skip
    assert genes == {
        ("in0", "out0"): (-1.0, "two", 0.5), ("in0", "h1"): (2.5, "three", 1.0),
        ("h1", "out0"): (-1.0, "two", 0.5),
    }  # fmt: skip
    assert child.column("toy_gain").tolist() == [0.0, 0.75]


def test_new_connections_start_as_the_settings_say():
    config = still(**{
        "mutation.add_connection": 1.0, "genes.toy_rule.start": "three",
        "genes.toy_rate.start_mean": 2.5, "genes.toy_rate.start_spread": 0.0,
    })  # fmt: skip
    parent = ng.Genome.from_edges([], inputs=1, outputs=1, columns=NAMES)
    child = breed(parent.batch(), config, MUTATE)[0]
    assert child.column("toy_rate").tolist() == [2.5] and child.options("toy_rule") == ["three"]


def test_guided_growth_gives_new_genes_every_column():
    problem = ng.XOR()
    config = ng.Config(population_size=40).override(ALL | {"mutation.add_node": 0.5})
    learning = ng.Learning(steps=2, candidates=3)
    result = ng.evolve(problem, config=config, learning=learning, generations=6, seed=2,
                       solved_at=9, progress=False)  # fmt: skip
    result.champion.check()
    assert result.champion.columns == (*BASE, *NAMES)
    for name in VALUES:
        assert (np.abs(result.champion.column(name)) <= 3.0).all()


@pytest.mark.parametrize("count", [1, 2])
def test_children_are_the_same_whatever_the_number_of_threads(threads, count):
    threads(count)
    assert same_genes(grown_toys(3, 6), EXPECTED.setdefault("genes", grown_toys(3, 6)))


EXPECTED = {}


# ---------------------------------------------------------------------------------- distance


@settings(max_examples=60)
@given(st.integers(0, 5), st.integers(0, 59), st.integers(0, 59))
def test_the_distance_counts_every_column(batches, which, a, b):
    config, genomes = toy_config(which), batches[which]
    found = ng.distance(genomes[a], genomes[b], config)
    assert found == pytest.approx(oracles.distance(genomes[a], genomes[b], config), rel=1e-12)
    assert found == pytest.approx(ng.distance(genomes[b], genomes[a], config), rel=1e-12)
    assert ng.distance(genomes[a], genomes[a], config) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_each_columns_part_in_the_distance_is_its_own(name):
    def genome(value):
        node = {name: value} if COLUMNS[name].table == "node" else {}
        wire = {name: value} if COLUMNS[name].table == "connection" else {}
        own = {name: value} if COLUMNS[name].table == "genome" else {}
        return ng.Genome.from_edges([(0, 1, wire)], inputs=1, outputs=1, nodes={1: node},
                                    genome=own, columns=[name])  # fmt: skip

    config = ng.Config().override({f"genes.{name}.difference": 0.5})
    a, b = (genome(v) for v in ((0.0, 1.5) if name in VALUES else ("one", "three")))
    assert ng.distance(a, b, config) == (0.75 if name in VALUES else 0.5)
    measure = measure_of(config)
    assert sum(array.sum() for array in measure[4:10]) == pytest.approx(0.8)  # with the weight's


def test_distances_are_of_genomes_with_the_settings_columns(batches):
    genome, plain_one = batches[0][0], build(2, 2, {}, [])
    with pytest.raises(ValueError, match=r"^a: expected the columns of config\.genes, weight, bia"):
        ng.distance(genome, genome, ng.Config())
    with pytest.raises(ValueError, match=r"^b: expected the columns of config\.genes"):
        ng.distance(genome, plain_one, toy_config(0))


# ------------------------------------------------------------------------- equality and text


def test_genomes_differ_if_a_column_or_its_name_does(batches):
    genome = batches[0][0]
    for name in NAMES:
        other = genome.copy()
        column = other.column(name)
        column[-1] = column[-1] + 1 if name in VALUES else (column[-1] + 1) % 3
        assert other != genome
    one, two = (
        ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: {name: 0.25}})
        for name in ("toy_gain", "toy_drift")
    )
    assert one != two and one != ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1)


def test_printing_names_optional_columns():
    genome = ng.Genome.from_edges(
        [(0, 1, {"toy_rate": 0.5, "toy_rule": "two"})], inputs=1, outputs=1,
        nodes={1: {"toy_gain": -1.25}}, genome={"toy_power": 2, "toy_mode": "three"},
    )  # fmt: skip
    assert str(genome).splitlines()[1:] == [
        "  genome: toy_mode three, toy_power 2",
        "  out0: tanh, sum, bias 0, toy_gain -1.25",
        "  in0 → out0: toy_rule two, weight 1, toy_rate 0.5",
    ]


# --------------------------------------------------------------------------- graphs and files


def test_graphs_carry_every_column_there_and_back(batches):
    for genomes in batches:
        for genome in (genomes[0], genomes[30]):
            graph = genome.to_networkx()
            assert graph.graph["columns"] == genome.columns
            assert graph.graph["toy_mode"] == genome.options("toy_mode")[0]
            assert ng.Genome.from_networkx(graph) == genome


def test_a_graph_without_edges_keeps_its_columns():
    genome = ng.Genome.from_edges([], inputs=1, outputs=1, columns=["toy_rate", "toy_rule"])
    assert ng.Genome.from_networkx(genome.to_networkx()) == genome


def test_attributes_of_a_plain_graph_that_are_columns_are_taken():
    graph = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1).to_networkx()
    graph.edges[0, 1].update(toy_rate=0.5, colour="red", toy_gain="of nodes, so not looked at")
    genome = ng.Genome.from_networkx(graph)
    assert genome.columns == (*BASE, "toy_rate") and genome.column("toy_rate")[0] == 0.5
    graph.edges[0, 1]["toy_rule"] = "four"
    with pytest.raises(ValueError, match=r"^edge 0 → 1, toy_rule: expected one of one, two, three"):
        ng.Genome.from_networkx(graph)
    graph.graph["columns"] = ["toy_gian"]
    with pytest.raises(ValueError, match=r"^graph, columns: .* Did you mean 'toy_gain'\?"):
        ng.Genome.from_networkx(graph)


def test_files_carry_every_column(tmp_path, batches):
    for genomes in batches:
        genomes.save(tmp_path / "g.npz")
        loaded = ng.load_genomes(tmp_path / "g.npz")
        assert loaded.columns == genomes.columns and same_genes(loaded, genomes)
        genomes[3].save(tmp_path / "one.npz")
        assert ng.load_genome(tmp_path / "one.npz") == genomes[3]


def test_files_remember_when_connections_hand_on(tmp_path):
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1)
    genome = genome.with_interface(update="synchronous")
    genome.save(tmp_path / "g.npz")
    assert ng.load_genome(tmp_path / "g.npz").interface.update == "synchronous"
    assert ng.Genome.from_networkx(genome.to_networkx()).interface.update == "synchronous"


FOREIGN = """
import sys
import neatgrow as ng
from neatgrow.genomes.columns import in_order
{}
ng.Genome.from_edges([(0, 1, {{"theirs": {}}})], inputs=1, outputs=1).save(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("declaration", "value", "text"),
    [
        ("ng.register_column('theirs', 'connection', ng.Values())", 0.5,
         "columns: expected registered gene columns, got 'theirs' in connection_values. Register "
         "it before loading; on the command line, --import MODULE does."),
        ("ng.register_column('theirs', 'connection', ng.Choices(options=['a', 'b']))", "'b'",
         "columns: expected registered gene columns, got 'theirs' in connection_choices. Register "
         "it before loading; on the command line, --import MODULE does."),
    ],
)  # fmt: skip
def test_unknown_columns_of_a_file_are_refused_by_name(
    tmp_path, subprocess_environment, declaration, value, text
):
    path = tmp_path / "theirs.npz"
    code = FOREIGN.format(declaration, value)
    subprocess.run([sys.executable, "-c", code, str(path)], env=subprocess_environment, check=True)
    with pytest.raises(UnknownContentError) as caught:
        ng.load_genome(path)
    assert str(caught.value) == f"{path}: {text}"


def test_a_column_of_another_kind_than_here_is_refused(tmp_path, subprocess_environment):
    path = tmp_path / "theirs.npz"
    code = FOREIGN.replace("theirs", "toy_gain").format(
        "ng.register_column('toy_gain', 'connection', ng.Values())", 0.5
    )
    subprocess.run([sys.executable, "-c", code, str(path)], env=subprocess_environment, check=True)
    with pytest.raises(UnknownContentError, match="'toy_gain' in connection_values"):
        ng.load_genome(path)


def test_a_file_may_have_been_written_with_columns_in_another_order(
    tmp_path, subprocess_environment
):
    code = (
        "import neatgrow as ng\n"
        "ng.register_column('toy_rate', 'connection', ng.Values())\n"
        "ng.register_column('toy_rule', 'connection', ng.Choices(options=['three', 'two']))\n"
        "ng.register_column('toy_drift', 'node', ng.Values())\n"
        "ng.register_column('toy_gain', 'node', ng.Values())\n"
        "ng.Genome.from_edges([(0, 1, {'toy_rate': 2.0, 'toy_rule': 'three'})], inputs=1,\n"
        "    outputs=1, nodes={1: {'toy_gain': 0.5, 'toy_drift': 0.75}}).save('g.npz')\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=subprocess_environment, check=True
    )
    genome = ng.load_genome(tmp_path / "g.npz")
    assert genome.columns == (*BASE, "toy_gain", "toy_rate", "toy_rule", "toy_drift")
    assert (genome.column("toy_gain")[0], genome.column("toy_drift")[0]) == (0.5, 0.75)
    assert genome.options("toy_rule") == ["three"] and genome.column("toy_rate")[0] == 2.0


# -------------------------------------------------------------------------------- population


def test_columns_that_are_not_asked_for_change_nothing():
    """They are registered here, and no draw is made for them."""
    population = ng.Population(2, 1, wild_config(1), seed=1)
    *_, last = evolve_at_random(population, 5)
    assert last.columns == BASE
    wide = ng.Population(2, 1, wild_config(1).override({"genes.toy_drift": True}), seed=1)
    assert same_without_columns(wide.ask(), ng.Population(2, 1, wild_config(1), seed=1).ask())


def same_without_columns(a, b):
    names = [n for n in layout.Packed._fields if n not in layout.BY_COLUMN]
    same = all(np.array_equal(getattr(a.packed, n), getattr(b.packed, n)) for n in names)
    return same and np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)


def test_a_population_goes_on_with_its_columns_only(tmp_path):
    population = ng.Population(2, 1, ng.Config(population_size=20).override(SOME), seed=3)
    for _ in range(3):
        genomes = population.ask()
        population.tell(genomes.column("toy_gain")[genomes.node_ptr[:-1]])
    population.save(tmp_path / "p.npz")
    again = ng.Population.load(tmp_path / "p.npz")
    assert same_genes(again.ask(), population.ask())
    state = ng.Population.load(tmp_path / "p.npz").state()
    for changes in ({"genes.toy_gain": False}, {"genes.toy_rate": True}):
        with pytest.raises(ValueError, match=r"^genes: expected weight, .* as when the run began"):
            ng.Population.from_state(state, state.config.override(changes))
    with pytest.raises(ValueError, match=r"^update: expected ordered as when the run began, got s"):
        ng.Population.from_state(state, state.config.override({"update": "synchronous"}))
    changed = state.config.override({"genes.toy_gain.power": 0.01})
    assert ng.Population.from_state(state, changed).ask().columns == genomes.columns


def test_selection_moves_a_column_that_counts():
    """The largest of a column of the genome, which no network reads."""
    config = ng.Config(population_size=60).override({"genes.toy_power": True})
    population = ng.Population(1, 1, config, seed=2)
    for _ in range(25):
        population.tell(population.ask().column("toy_power"))
    assert population.champion.column("toy_power")[0] > 2.5
