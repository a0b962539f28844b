"""Genomes as data: views, subsets, labels, and the check of every invariant."""

import numpy as np
import oracles
import pytest
from conftest import DEGENERATE, any_genome, build, grown, pack, same_genes
from hypothesis import given
from hypothesis import strategies as st

from neatgrow.genomes.genomes import Genome, Genomes
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.genomes.interface import Interface
from neatgrow.kernels import layout
from neatgrow.learning.training import fine_tune

FIRST, SECOND = 2**62 + 5, 2**62 + 1


@pytest.fixture(scope="module")
def genomes():
    return grown(5, generations=20)


@pytest.fixture
def genome():
    return build(
        2, 1, {FIRST: ("relu", "max", 0.5), SECOND: ("sin", "sum", -1.0)},
        [(0, FIRST, 1.0, True, 1), (1, 2, 2.0, False), (FIRST, 2, 3.0, True, 2),
         (SECOND, 2, 4.0, True), (0, SECOND, -0.5, True)],
    )  # fmt: skip


# ------------------------------------------------------------------------------ taking parts


def test_iterating_and_indexing_give_the_same_genomes(genomes):
    rows = list(genomes)
    assert len(rows) == len(genomes) == 60
    for n, genome in enumerate(rows):
        assert genome == genomes[n] == genomes[n - 60] == genomes[np.int64(n)]
    assert same_genes(pack(rows), genomes)


def test_a_genome_is_a_view_and_a_copy_is_not(genomes):
    batch = Genomes(layout.take(genomes.packed, np.arange(60)), genomes.interface)
    genome = batch[7]
    own = genome.copy()
    assert own == genome
    batch.packed.connection_values[:] += 1
    assert not np.array_equal(own.weight, genome.weight)
    assert np.array_equal(own.weight + 1, genome.weight)


@pytest.mark.parametrize(
    "index",
    [slice(3, 9), slice(None, None, -7), [5, 5, 0], np.array([59, 1]), np.arange(60) % 3 == 0, [],
     slice(4, 4)],
    ids=str,
)  # fmt: skip
def test_parts_are_the_genomes_they_name(genomes, index):
    part = genomes[index]
    expected = np.arange(60)[index].tolist()
    assert isinstance(part, Genomes) and len(part) == len(expected)
    for genome, n in zip(part, expected, strict=True):
        assert genome == genomes[n]
    part.check()


def test_parts_do_not_share_arrays(genomes):
    part = genomes[:5]
    before = genomes[0].copy()
    part.packed.connection_values[:] = 99
    assert genomes[0] == before


@pytest.mark.parametrize("index", [60, -61, 1000])
def test_an_index_that_is_not_there_is_refused(genomes, index):
    with pytest.raises(IndexError) as caught:
        genomes[index]
    assert str(caught.value) == f"genome {index}: expected an index below 60."


def test_genomes_are_equal_only_if_every_gene_is(genome):
    assert genome == genome.copy() and genome != "genome"
    for name, column in genome.packed._asdict().items():
        if name.endswith("_ptr") or not column.size:
            continue
        other = genome.copy()
        first = column.flat[0]
        getattr(other.packed, name).flat[0] = not first if column.dtype == bool else first + 1
        assert other != genome, name
    assert build(1, 2, {}, []) != build(2, 1, {}, [])
    with pytest.raises(TypeError):
        hash(genome)


def test_batches_may_be_joined_and_taken_apart(genomes):
    again = layout.concatenate([(genomes[:20].packed, 20), (genomes[20:].packed, 40)])
    assert same_genes(Genomes(again, genomes.interface), genomes)


# --------------------------------------------------------------------------------- describing


def test_columns_are_those_of_the_genes(genome):
    assert genome.node_id.tolist() == [2, SECOND, FIRST]
    assert genome.bias.tolist() == [0.0, -1.0, 0.5]
    assert genome.activation_names == ["tanh", "sin", "relu"]
    assert genome.aggregation_names == ["sum", "sum", "max"]
    assert sorted(genome.weight.tolist()) == [-0.5, 1.0, 2.0, 3.0, 4.0]
    assert (genome.n_inputs, genome.n_outputs, genome.n_hidden) == (2, 1, 2)
    assert (genome.n_connections, genome.n_enabled) == (5, 4)
    dtypes = {name: column.dtype.name for name, column in genome.packed._asdict().items()}
    assert dtypes == {
        "node_ptr": "int64", "connection_ptr": "int64", "node_id": "int64", "node_birth": "int32",
        "node_values": "float64", "node_choices": "uint8", "innovation": "int64",
        "source": "int64", "target": "int64", "connection_birth": "int32",
        "connection_values": "float64", "enabled": "bool", "connection_choices": "uint8",
        "genome_values": "float64", "genome_choices": "uint8",
    }  # fmt: skip


def test_labels_number_hidden_nodes_by_birth_and_then_id(genome):
    assert genome.labels() == {0: "in0", 1: "in1", 2: "out0", SECOND: "h1", FIRST: "h2"}
    later = genome.copy()
    later.packed.node_birth[later.node_id == SECOND] = 9
    assert later.labels()[FIRST] == "h1" and later.labels()[SECOND] == "h2"
    named = genome.with_interface(input_names=("speed", "angle"), output_names=("push",))
    assert [named.labels()[k] for k in range(3)] == ["speed", "angle", "push"]


@given(any_genome())
def test_labels_are_short_and_distinct_for_every_node(genome):
    labels = genome.labels()
    assert set(labels) == set(range(genome.n_inputs)) | set(genome.node_id.tolist())
    assert len(set(labels.values())) == len(labels)


def test_printing_shows_every_gene_without_long_numbers(genome):
    assert repr(genome) == "Genome(2 inputs, 1 outputs, 2 hidden, 4 of 5 connections enabled)"
    lines = str(genome).splitlines()
    assert lines[0] == repr(genome) and len(lines) == 1 + 3 + 5
    assert "  h2: relu, max, bias 0.5" in lines and "  in1 → out0: weight 2, disabled" in lines
    assert str(FIRST) not in str(genome)
    assert repr(pack([genome, genome])) == (
        "Genomes(2 of 2 inputs, 1 outputs; 6 nodes, 10 connections)"
    )
    for degenerate in DEGENERATE.values():
        assert str(degenerate).startswith(repr(degenerate))


# -------------------------------------------------------------------------------- invariants


@given(any_genome())
def test_legal_genomes_pass(genome):
    genome.check()
    assert oracles.broken_invariant(genome) is None


def spoilt(genome, **changes):
    """The genome with parts of columns overwritten: {column: (index, value)}."""
    own = genome.copy()
    for name, (index, value) in changes.items():
        getattr(own.packed, name)[index] = value
    return own


SPOILT = {
    "nodes out of order": ({"node_id": (slice(1, 3), [FIRST, SECOND])}, "node_id"),
    "a node twice": ({"node_id": (1, FIRST)}, "node_id"),
    "an output missing": ({"node_id": (0, 3)}, "node_id"),
    "innovations out of order": ({"innovation": (slice(0, 2), [2**62 + 2, 2**62])}, "innovation"),
    "an innovation of other ends": ({"innovation": (0, 2**62)}, "innovation"),
    "a source that is not there": ({"source": (0, 2**62 + 77)}, "source"),
    "a negative source": ({"source": (0, -1)}, "source"),
    "a target that is not there": ({"target": (0, 2**62 + 77)}, "target"),
    "an input as a target": ({"target": (0, 1)}, "target"),
    "an unknown activation": ({"node_choices": ((0, 0), 63)}, "activation"),
    "an unknown aggregation": ({"node_choices": ((0, 1), 5)}, "aggregation"),
    "a weight that is nan": ({"connection_values": ((0, 0), np.nan)}, "weight"),
    "an infinite bias": ({"node_values": ((0, 0), np.inf)}, "bias"),
    "offsets that do not end": ({"node_ptr": (1, 2)}, "node_ptr"),
    "offsets that overrun": ({"connection_ptr": (1, 9)}, "connection_ptr"),
    "offsets that do not start at 0": ({"connection_ptr": (0, 1)}, "connection_ptr"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_every_broken_invariant_is_named(genome, name):
    changes, what = SPOILT[name]
    bad = spoilt(genome, **changes)
    with pytest.raises(ValueError, match=f"^{what}: expected"):
        bad.check()


@pytest.mark.parametrize("order", [lambda c: [0, *range(c)], lambda c: [1, 0, *range(2, c)]])
def test_whole_connections_twice_or_out_of_order_are_named(genome, order):
    rows = order(genome.n_connections)
    columns = {name: getattr(genome.packed, name)[rows] for name in layout.TABLES["connection"]}
    columns["connection_ptr"] = np.array([0, len(rows)])
    bad = Genome(genome.packed._replace(**columns), genome.interface)
    with pytest.raises(ValueError, match=r"^innovation: expected sorted, unique numbers"):
        bad.check()


@pytest.mark.parametrize("seed", range(3))
def test_check_finds_the_one_bad_genome_of_a_batch(seed):
    batch = grown(5, generations=8)
    row = int(batch.packed.connection_ptr[20 + seed])
    batch.packed.source[row] = 2**62 + 77
    with pytest.raises(ValueError, match=f"source: expected a node of genome {20 + seed}, got id"):
        batch.check()


def test_ends_must_be_nodes_of_the_same_genome(genome):
    bare = build(2, 1, {}, [(0, 2, 1.0, True)])
    batch = pack([genome, bare])
    c = int(batch.packed.connection_ptr[1])
    batch.packed.source[c] = FIRST  # a node of the other genome
    batch.packed.innovation[c] = oracles.identity(FIRST, 2)
    with pytest.raises(ValueError, match="source: expected a node of genome 1"):
        batch.check()


MISSHAPEN = {
    "fewer values than nodes": lambda p: {"node_values": p.node_values[:1].copy()},
    "no values": lambda p: {"connection_values": np.zeros((0, 1))},
    "a column too many": lambda p: {"connection_values": np.zeros((len(p.innovation), 2))},
    "a column too few": lambda p: {"node_choices": p.node_choices[:, :1].copy()},
    "values without columns": lambda p: {"node_values": p.node_values[:, 0].copy()},
    "births missing": lambda p: {"node_birth": p.node_birth[:1].copy()},
    "ends missing": lambda p: {"target": p.target[:1].copy()},
    "flags missing": lambda p: {"enabled": p.enabled[:1].copy()},
    "ids in a column": lambda p: {"node_id": p.node_id[:, None].copy()},
    "ids without an axis": lambda p: {"node_id": np.array(2)},
    "offsets without an axis": lambda p: {"node_ptr": np.array(2)},
    "no offsets": lambda p: {"node_ptr": np.zeros(0, np.int64)},
    "narrow ids": lambda p: {"node_id": p.node_id.astype(np.int32)},
    "values in float32": lambda p: {"node_values": p.node_values.astype(np.float32)},
    "numbers for flags": lambda p: {"enabled": p.enabled.astype(np.uint8)},
    "swapped bytes": lambda p: {"source": p.source.astype(">i8")},
    "a list": lambda p: {"source": p.source.tolist()},
    "nothing": lambda p: {"connection_birth": None},
    "offsets beyond the rows": lambda p: {"connection_ptr": p.connection_ptr * 1000},
}  # fmt: skip


@pytest.mark.parametrize("name", MISSHAPEN)
def test_arrays_of_another_layout_are_neither_checked_nor_compiled(genome, name):
    """Kernels know nothing of an array's end, and would read beyond it."""
    changes = MISSHAPEN[name](genome.packed)
    packed = genome.packed._replace(**changes)
    for made in (Genome(packed, genome.interface), Genomes(packed, genome.interface)):
        for call in (made.check, made.compile):
            with pytest.raises(ValueError, match=r": expected (an array|offsets)"):
                call()


@pytest.mark.parametrize(
    "another", [lambda a: np.repeat(a, 2)[::2], np.ma.masked_array], ids=["strided", "masked"]
)
def test_arrays_that_kernels_are_not_compiled_for_are_named(genome, another):
    packed = genome.packed._replace(source=another(genome.packed.source))
    with pytest.raises(ValueError, match=r"^source: expected a plain, contiguous array"):
        Genome(packed, genome.interface).check()


def test_the_array_of_another_layout_is_named(genome):
    packed = genome.packed._replace(node_values=np.zeros((1, 1), np.float32))
    with pytest.raises(ValueError) as caught:
        Genome(packed, genome.interface).check()
    count = len(genome.node_id)
    assert str(caught.value) == (
        f"node_values: expected an array of shape ({count}, 1) and dtype float64, got an array of "
        "shape (1, 1) and dtype float32."
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["weight", "bias"])
def test_values_that_are_not_finite_are_not_compiled_learned_or_saved(
    genome, name, value, tmp_path
):
    getattr(genome, name)[1] = value
    text = f"^{name}: expected finite numbers, got {value} in row 1\\.$"
    X, Y = np.zeros((1, genome.n_inputs)), np.zeros((1, genome.n_outputs))
    for call in (
        genome.compile,
        genome.batch().compile,
        lambda: genome.compile(np.float64),
        lambda: fine_tune(genome, X, Y, steps=1),
        lambda: genome.save(tmp_path / "genome.npz"),
    ):
        with pytest.raises(ValueError, match=text):
            call()
    assert not (tmp_path / "genome.npz").exists()


def test_large_values_are_finite(genome):
    genome.weight[:] = 1e300
    assert 1e300 in genome.compile(np.float64).networks.plan.weight


def test_a_genome_is_one(genome):
    with pytest.raises(ValueError, match=r"^genome: expected one, got 2\. Make Genomes of them\.$"):
        Genome(pack([genome, genome]).packed, genome.interface).check()


def test_genomes_and_connections_must_be_as_many(genome):
    packed = genome.packed._replace(connection_ptr=np.array([0, 2, 5]))
    with pytest.raises(ValueError, match=r"^connection_ptr: expected an array of shape \(2,\)"):
        Genome(packed, genome.interface).check()


@given(st.lists(st.tuples(st.integers(-5, 2**62), st.integers(0, 2**62)), min_size=1, max_size=9))
def test_innovation_numbers_are_identities(pairs):
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    assert innovation_numbers(first, second).tolist() == [oracles.identity(*p) for p in pairs]


# --------------------------------------------------------------------------------- interface


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ((0, 1), ValueError, "inputs: expected an integer of at least 1, got 0."),
        ((1, 0), ValueError, "outputs: expected an integer of at least 1, got 0."),
        (("2", 1), TypeError, "inputs: expected an integer of at least 1, got '2'."),
        ((2, 1, ("a",)), ValueError, "input_names: expected 2 names, got 1."),
        ((2, 1, None, ("a", "b")), ValueError, "output_names: expected 1 names, got 2."),
        ((1, 1, None, None, np.zeros(1)), ValueError,
         "input_mean, input_scale: expected both or neither, got one."),
    ],
)  # fmt: skip
def test_impossible_interfaces_are_refused(arguments, kind, text):
    with pytest.raises(kind) as caught:
        Interface(*arguments)
    assert str(caught.value) == text


def test_statistics_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="input_mean"):
        Interface(3, 1, input_mean=np.zeros(2), input_scale=np.ones(2))


def test_changing_the_interface_leaves_the_genome_as_it_was(genome):
    named = genome.with_interface(input_names=("a", "b"))
    assert named.interface.input_names == ("a", "b") and genome.interface.input_names is None
    assert named == genome  # names are not genes
    batch = pack([genome]).with_interface(output_names=("y",))
    assert batch[0].interface.output_names == ("y",)
