"""Populations and runs as files: bit for bit, and no lie in a file gets further than loading.

The files in ``tests/data`` hold format 1 and must stay readable for good. They were made once, by
``write_examples(Path("tests/data"))`` below; what is expected of them was noted then.
"""

import dataclasses
import hashlib
import io
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import VARIED, same_genes, wild_config

import neatgrow as ng
from benchmarks.fuzz import KINDS, Fuzzer
from neatgrow.files.archive import FileError
from neatgrow.files.genomes import pack_genomes
from neatgrow.runs.checkpoints import (
    load_population,
    load_snapshot,
    save_population,
    save_snapshot,
)
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.options import Options

DATA = Path(__file__).parents[1] / "data"
GROWING = VARIED | {
    "population_size": 10, "mutation.add_node": 0.5, "mutation.add_loop": 0.5,
    "mutation.disable": 0.3,
}  # fmt: skip


def xor_run(generations=5, **options):
    run = Evolution(ng.XOR(), ng.Config().override(GROWING), Options(**options), seed=1)
    for _ in range(generations):
        run.step()
    return run


def cart_pole_run():
    problem = ng.Gymnasium("CartPole-v1", normalize=True, max_steps=20)
    run = Evolution(problem, ng.Config().override(GROWING), seed=2)
    for _ in range(3):
        run.step()
    return run


def write_examples(folder):
    run = xor_run(8)
    run.population.genomes.save(folder / "genomes-1.npz")
    run.population.save(folder / "population-1.npz")
    save_snapshot(folder / "run-1.npz", run.snapshot)


def parts(path):
    """Metadata and arrays of a file."""
    with np.load(path) as archive:
        arrays = dict(archive)
    return json.loads(arrays.pop("metadata").tobytes()), arrays


def write(path, metadata, arrays):
    """A file with these parts and right checksums."""
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    np.savez(path, metadata=np.frombuffer(text, np.uint8), **arrays)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run's file that holds everything there can be."""
    path = tmp_path_factory.mktemp("sound") / "run.npz"
    run = cart_pole_run()
    failures = [(2, 3, "ValueError: größe")]
    changes = [(1, {"mutation.add_node": 0.5})]
    known = {"failures": failures, "changes": changes, "options": Options(solved_at=9)}
    save_snapshot(path, dataclasses.replace(run.snapshot, **known))
    load_snapshot(path)
    return parts(path)


# --------------------------------------------------------------------------- round trips


def arrays_of(parts):
    """Of a named tuple of arrays and genomes."""
    genomes = {} if not hasattr(parts, "genomes") else parts.genomes.packed._asdict()
    return genomes | {k: v for k, v in parts._asdict().items() if k != "genomes"}


def assert_same_state(a, b):
    for field in dataclasses.fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if field.name == "genomes":
            assert same_genes(x, y) and x.n_inputs == y.n_inputs
        elif field.name in ("pool", "groups"):
            assert_same_arrays(arrays_of(x), arrays_of(y))
        elif field.name == "kept":
            assert_same_arrays(x, y)
        elif isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y, strict=True)
        else:
            assert x == y and type(x) is type(y), field.name


def assert_same_arrays(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], strict=True)


@pytest.mark.parametrize("make", [xor_run, cart_pole_run])
def test_a_run_comes_back_bit_for_bit(make, tmp_path):
    kept = make().snapshot
    save_snapshot(tmp_path / "a.npz", kept)
    loaded = load_snapshot(tmp_path / "a.npz")
    assert_same_state(kept.population, loaded.population)
    assert_same_arrays(kept.history.to_arrays(), loaded.history.to_arrays())
    assert kept.history.species_sizes == loaded.history.species_sizes
    assert_same_arrays(kept.statistics, loaded.statistics)
    assert_same_arrays(kept.problem_state, loaded.problem_state)
    for name in ("solved", "failures", "problem", "options", "changes"):
        assert getattr(kept, name) == getattr(loaded, name), name
    save_snapshot(tmp_path / "b.npz", loaded)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_snapshot_is_saved_as_it_was_though_the_run_went_on(tmp_path):
    run = xor_run(3)
    kept, history = run.snapshot, run.history.to_arrays()
    run.step()
    save_snapshot(tmp_path / "run.npz", kept)
    loaded = load_snapshot(tmp_path / "run.npz")
    assert loaded.population.generation == len(loaded.history) == 3
    assert_same_arrays(loaded.history.to_arrays(), history)


def test_a_population_comes_back_bit_for_bit_out_of_either_file(tmp_path):
    run = xor_run()
    run.population.save(tmp_path / "population.npz")
    save_snapshot(tmp_path / "run.npz", run.snapshot)
    for name in ("population.npz", "run.npz"):
        assert_same_state(run.population.state(), load_population(tmp_path / name))


def told(population):
    genomes = population.ask()
    fitness = genomes.compile().predict(np.eye(population.interface.inputs))[:, 0, 0].astype(float)
    fitness[::7] = np.nan
    population.tell(fitness)


@pytest.mark.parametrize("seed", range(6))
def test_a_population_goes_on_as_if_it_had_not_been_saved(seed, tmp_path):
    whole = ng.Population(3, 2, wild_config(seed), seed=seed, minimize=bool(seed % 2))
    for _ in range(4):
        told(whole)
    whole.save(tmp_path / "p.npz")
    again = ng.Population.load(tmp_path / "p.npz")
    assert again.config == whole.config and again.seed == seed
    for _ in range(5):
        told(whole)
        told(again)
        assert_same_state(whole.state(), again.state())


def test_any_threshold_that_settings_allow_comes_back(tmp_path):
    config = ng.Config(population_size=5).override(
        {"species.target": None, "species.threshold": 0.0}
    )
    population = ng.Population(2, 1, config)
    population.ask()
    population.tell(np.arange(5))
    population.save(tmp_path / "p.npz")
    assert ng.Population.load(tmp_path / "p.npz").reproduction.threshold == 0.0


def test_a_population_without_a_champion_comes_back(tmp_path):
    population = ng.Population(2, 1, ng.Config(population_size=5))
    population.ask()
    population.tell(np.full(5, np.nan))
    population.save(tmp_path / "p.npz")
    again = ng.Population.load(tmp_path / "p.npz")
    assert np.isnan(again.champion_fitness) and len(again.ask()) == 5


# ------------------------------------------------------------------- other files and formats


def test_another_kind_of_file_is_said(tmp_path):
    run = xor_run(1)
    paths = [tmp_path / name for name in ("genomes.npz", "population.npz", "run.npz")]
    run.population.genomes.save(paths[0])
    save_population(paths[1], run.population.state())
    save_snapshot(paths[2], run.snapshot)
    for load, path, message in (
        (load_population, paths[0], "neatgrow population or neatgrow run, got 'neatgrow genomes'"),
        (load_snapshot, paths[1], "neatgrow run, got 'neatgrow population'"),
        (ng.load_genomes, paths[2], "neatgrow genomes, got 'neatgrow run'"),
    ):
        with pytest.raises(FileError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: expected {message}."


def test_a_newer_format_is_said(sound, tmp_path):
    metadata, arrays = sound
    path = write(tmp_path / "new.npz", {**metadata, "version": 3}, arrays)
    for load in (load_snapshot, load_population):
        with pytest.raises(FileError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: expected format 2 or older, got 3. Update neatgrow."


def test_what_is_no_archive_of_ours_is_said(tmp_path):
    path = tmp_path / "f.npz"
    np.savez(path, x=np.arange(3))
    with pytest.raises(FileError) as caught:
        ng.Population.load(path)
    assert str(caught.value) == (
        f"{path}: expected a file written by neatgrow, got an archive of another program."
    )


# ---------------------------------------------------------------------------------- lies


def with_first(value):
    def lie(a):
        a = a.copy()
        a.reshape(-1)[0] = value
        return a

    return lie


KINDS_OF_LIES = {
    "shorter": lambda a: a[:-1],
    "longer": lambda a: np.concatenate([a, a[:1]]),
    "folded": lambda a: a[None],
    "single": lambda a: a.reshape(-1)[0],
    "as float32": lambda a: a.astype(np.float32),
    "as text": lambda a: a.astype(str),
    "as truth": lambda a: a.astype(bool),
}
COLUMNS = (
    "fitness", "selection.species", "selection.id", "selection.born", "selection.best",
    "selection.improved",
    "statistics.input_mean", "statistics.input_scale", "history.generation", "history.best",
    "history.evaluations", "history.species_start", "history.species_id", "history.species_size",
    "genomes.node_ptr", "genomes.node_id", "genomes.innovation", "champion.source",
    "champion.connection_values",
)  # fmt: skip


@pytest.mark.parametrize("lie", KINDS_OF_LIES)
@pytest.mark.parametrize("name", COLUMNS)
def test_an_array_of_another_shape_or_type_is_refused(name, lie, sound, tmp_path):
    metadata, arrays = sound
    changed = {**arrays, name: KINDS_OF_LIES[lie](arrays[name])}
    with pytest.raises(FileError, match=r"run\.npz: expected (a sound population|a file written)"):
        load_snapshot(write(tmp_path / "run.npz", metadata, changed))


@pytest.mark.parametrize(
    "name", [name for name in COLUMNS if name not in ("history.best", "history.evaluations")]
)
def test_an_array_that_is_missing_is_refused(name, sound, tmp_path):
    metadata, arrays = sound
    rest = {key: array for key, array in arrays.items() if key != name}
    with pytest.raises(FileError):
        load_snapshot(write(tmp_path / "run.npz", metadata, rest))


VALUES = {
    "fitness": [np.inf, -np.inf],
    "selection.species": [-1, 2**31 - 1, -(2**31)],
    "selection.id": [0, -1, 2**63 - 1, -(2**63)],
    "selection.born": [-1, 2**63 - 1, -(2**63)],
    "selection.best": [np.nan, np.inf],
    "selection.improved": [-1, 2**63 - 1, -(2**63)],
    "selection.founded": [0, -1, 2**31],
    "selection.threshold": [-1.0, np.nan, np.inf],
    "selection.refocused": [-1, 4],
    "statistics.input_mean": [np.nan, np.inf],
    "statistics.input_scale": [np.nan, -np.inf],
    "history.generation": [0, 2, -(2**63), 2**63 - 1],
    "history.species_start": [1, -1, -(2**63), 2**63 - 1],
    "history.species_id": [0, -1, -(2**31)],
    "history.species_size": [0, -1],
    "genomes.node_ptr": [1, -1, 2**63 - 1, -(2**63)],
    "genomes.node_id": [0, -1, 2**63 - 1],
    "genomes.source": [-1, 2**62, -(2**63)],
    "genomes.innovation": [0, -1, 2**63 - 1],
    "genomes.node_choices": [255],
    "champion.node_values": [np.nan, np.inf],
    "champion.target": [0, -1, 2**63 - 1],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in VALUES.items() for value in values]
)
def test_a_value_that_cannot_be_is_refused(name, value, sound, tmp_path):
    metadata, arrays = sound
    changed = {**arrays, name: with_first(value)(arrays[name])}
    with pytest.raises(FileError, match=r"run\.npz: expected a sound population, got a damaged"):
        load_snapshot(write(tmp_path / "run.npz", metadata, changed))


GONE = object()
NUMBERS = [GONE, None, "1", [1], {}, True, 0.5, 10**400, -(10**30)]
METADATA = {
    "config": [GONE, None, 3, "population_size = 5", [], {"population_size": 0},
               {"population_size": 2**63}, {"population_size": 10**400}, {"nonsense": 1},
               {"mutation.add_node": 2.0}, {"mutation": 3}, {"a." * 10_000 + "a": 1},
               {"genes": {"weight": {"power": 10**400}}},
               {"genes": {"weight": {"power": float("nan")}}},
               {"genes": {"activation": {"options": ["nonsense"], "start": "random"}}},
               {"genes": {"activation": {"options": [[]], "start": "random"}}}],
    "seed": [*NUMBERS, 2**63, -1],
    "generation": [*NUMBERS, 0, 4, 2**31, 2**63 - 1],
    "generations": [*NUMBERS, 0, 2**63],
    "champion_since": [*NUMBERS, -1, 4],
    "minimize": [GONE, None, 0, 1, "false", []],
    "solved": [GONE, None, 0, 1, "false", []],
    "champion_fitness": [GONE, None, "1.0", [], True, float("nan"), float("inf"), 10**400],
    "champion": [GONE, 3, "", [], {}],
    "genomes": [GONE, None, 3, "", [], {}],
    "solved_at": [GONE, "1.0", [], True, {}, 10**400],
    "pool": [GONE, 3, "", [], {}],
    "failures": [GONE, None, 3, "abc", {"123": 1}, [3], [[1, 2]], ["123"], [["1", 2, "x"]],
                 [[1, 2, 3]], [[1.0, 2, "x"]], [[True, 2, "x"]]],
    "problem": [GONE, None, 3, "xor", ["xor"], {"deep": json.loads("[" * 30 + "]" * 30)}],
    "changes": [GONE, None, 3, "ab", {}, [3], [[1]], [[1, 2]], [["1", {}]]],
    "learning": [3, "x", [], {}, {"steps": 3}],
    "version": [GONE, None, 0, -1, 3, "1", 1.0, True, [[[[]]]], 10**400],
    "format": [GONE, None, 1, "", "neatgrow", ["neatgrow run"], {"neatgrow run": 1}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, value, id=f"{name}-{k}") for name, values in METADATA.items()
     for k, value in enumerate(values)],
)  # fmt: skip
def test_metadata_that_lies_is_refused(name, value, sound, tmp_path):
    metadata, arrays = sound
    changed = {**metadata, name: value}
    if value is GONE:
        del changed[name]
    with pytest.raises(FileError, match=r"run\.npz: (\S+: )?expected "):
        load_snapshot(write(tmp_path / "run.npz", changed, arrays))


FORMAT_1 = {
    "founded": [*NUMBERS, 0, 2**31],
    "moved": [*NUMBERS, -1, 9],
    "threshold": [GONE, None, "1.0", [], True, -1, float("nan"), float("inf"), 10**400],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, value, id=f"{name}-{k}") for name, values in FORMAT_1.items()
     for k, value in enumerate(values)],
)  # fmt: skip
def test_metadata_of_format_1_that_lies_is_refused(name, value, tmp_path):
    metadata, arrays = parts(DATA / "population-1.npz")
    changed = {**metadata, name: value}
    if value is GONE:
        del changed[name]
    with pytest.raises(FileError, match=r"p\.npz: expected a sound population"):
        load_population(write(tmp_path / "p.npz", changed, arrays))


def test_populations_of_nobody_are_refused(sound, tmp_path):
    metadata, arrays = sound
    empty = {
        name: np.zeros_like(array[: int(name.endswith("_ptr"))])
        if array.ndim and (name.startswith(("genomes.", "selection.")) or name == "fitness")
        else array
        for name, array in arrays.items()
    }
    with pytest.raises(FileError, match="genomes: expected at least one, got none"):
        load_population(write(tmp_path / "p.npz", metadata, empty))


@pytest.mark.parametrize(
    ("inputs", "outputs", "count"), [(5, 2, 1), (4, 1, 1), (4, 2, 2), (4, 2, 0)]
)
def test_a_champion_of_another_kind_and_more_than_one_are_refused(
    inputs, outputs, count, sound, tmp_path
):
    metadata, arrays = sound
    others = ng.Population(inputs, outputs, ng.Config(population_size=5), seed=1).ask()
    facts, columns = pack_genomes(others[:count])
    changed = {**arrays, **{f"champion.{name}": column for name, column in columns.items()}}
    path = write(tmp_path / "run.npz", {**metadata, "champion": facts}, changed)
    for load in (load_snapshot, load_population):
        with pytest.raises(FileError, match=r"champion: expected (one genome|genomes of the)"):
            load(path)


@pytest.mark.parametrize("ids", [[2, 1], [1, 1]])
def test_species_whose_ids_do_not_rise_are_refused(ids, tmp_path):
    metadata, arrays = parts(DATA / "run-1.npz")
    assert arrays["table.id"].size == 2
    path = write(tmp_path / "run.npz", metadata, {**arrays, "table.id": np.array(ids, np.int64)})
    for load in (load_snapshot, load_population):
        with pytest.raises(FileError, match="id: expected rising numbers from 1 to 10"):
            load(path)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\uDfff x"', b'"\xed\xa0\x80"', b'"\xff"'])
def test_text_that_no_file_can_hold_is_refused(text, sound, tmp_path):
    metadata, arrays = sound
    data = json.dumps({**metadata, "failures": [[1, 2, "HERE"]]}).encode()
    changed = data.replace(b'"HERE"', text)
    with pytest.raises(FileError):
        load_snapshot(write(tmp_path / "run.npz", changed, arrays))
    paired = data.replace(b'"HERE"', rb'"\ud83d\ude00"')
    loaded = load_snapshot(write(tmp_path / "run.npz", paired, arrays))
    assert loaded.failures == [(1, 2, "\N{GRINNING FACE}")]


@pytest.mark.parametrize("depth", [*range(940, 1000, 4), 100_000])
def test_metadata_nested_as_deep_as_can_be_read_is_refused(depth, sound, tmp_path):
    """Where a value can just be read, but no longer be shown."""
    metadata, arrays = sound
    text = json.dumps(metadata).replace('"version": 2', f'"version": {"[" * depth}{"]" * depth}')
    with pytest.raises(FileError):
        load_snapshot(write(tmp_path / "run.npz", text.encode(), arrays))


def test_a_part_that_is_there_twice_is_refused(sound, tmp_path):
    path = write(tmp_path / "run.npz", *sound)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("fitness.npy", archive.read("fitness.npy"))
    with pytest.raises(FileError, match="'fitness': there twice"):
        load_snapshot(path)


def needed(path):
    """Most bytes that a file which is refused takes while it is read."""
    tracemalloc.start()
    try:
        with pytest.raises(FileError):
            load_population(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_part_that_unpacks_to_more_than_it_claims_is_cut(tmp_path):
    path, block = tmp_path / "bomb.npz", bytes(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("metadata.npy", "w") as member,
    ):
        for _ in range(64):
            member.write(block)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 100)
    path.write_bytes(data)
    assert needed(path) < 2 << 20


def test_metadata_that_would_become_very_many_objects_is_refused(tmp_path):
    text, out = b"[" + b"[]," * 3_000_000 + b"0]", io.BytesIO()
    np.lib.format.write_array(out, np.frombuffer(text, np.uint8), version=(1, 0))
    with zipfile.ZipFile(tmp_path / "p.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.npy", out.getvalue())
    assert needed(tmp_path / "p.npz") < 5 * len(text)  # 70 times as much if it were parsed


# --------------------------------------------------------------------------- files for good


def digest(arrays):
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return total.hexdigest()[:16]


def genes(genomes):
    """Columns by the names that they have had since format 1."""
    assert {*genomes.activation_names} == {"tanh"} and {*genomes.aggregation_names} == {"sum"}
    names = (
        "node_ptr", "connection_ptr", "node_id", "node_birth", "bias", "innovation", "source",
        "target", "connection_birth", "weight", "enabled",
    )  # fmt: skip
    return {name: getattr(genomes, name) for name in names}


EXAMPLE = {
    "sizes": (46, 144, 36),
    "genomes": "e717168e8bdc839b",
    "population": "814621f18edf68c9",
    "champion": "044a37e41bd12e99",
    "champion_fitness": 2.8903737476742535,
    "founded": 10,
    "threshold": 0.4665073802097333,
    "history": "939a9d0122594005",
}


def test_genomes_of_format_1_stay_readable():
    genomes = ng.load_genomes(DATA / "genomes-1.npz")
    packed = genomes.packed
    assert (len(genomes), genomes.n_inputs, genomes.n_outputs) == (10, 2, 1)
    facts = (packed.node_id.size, packed.innovation.size, np.count_nonzero(~packed.enabled))
    assert facts == EXAMPLE["sizes"]
    assert genomes.interface.input_names == ("a", "b")
    assert genomes.compile().plan.has_state.any()
    assert digest(genes(genomes)) == EXAMPLE["genomes"]


def test_populations_of_format_1_stay_readable():
    state = load_population(DATA / "population-1.npz")
    assert (state.generation, state.seed, state.minimize) == (8, 1, False)
    assert state.chosen == {}  # when there was nothing to choose
    assert state.config == ng.Config().override(
        {**GROWING, "recurrent": True, "genes.activation.outputs": None}
    )
    assert digest(genes(state.genomes)) == EXAMPLE["genomes"]
    names = ("id", "born", "best", "improved", "species")
    columns = {name: state.kept[f"selection.{name}"] for name in names}
    assert digest(columns | {"fitness": state.fitness}) == EXAMPLE["population"]
    assert state.champion_fitness == EXAMPLE["champion_fitness"]
    for name in ("founded", "threshold"):
        assert state.kept[f"selection.{name}"] == EXAMPLE[name]
    population = ng.Population.load(DATA / "population-1.npz")
    assert len(population.ask()) == 10 and population.champion == state.champion


def test_runs_of_format_1_stay_readable():
    snapshot = load_snapshot(DATA / "run-1.npz")
    assert_same_state(snapshot.population, load_population(DATA / "population-1.npz"))
    assert digest(genes(snapshot.population.champion.batch())) == EXAMPLE["champion"]
    history = snapshot.history
    kept = {name: history[name] for name in ("generation", "best", "species", "evaluations")}
    assert digest(kept) == EXAMPLE["history"] and len(history) == 8
    assert history["champion"][-1] == EXAMPLE["champion_fitness"]
    assert sum(history.species_sizes[-1].values()) == 10
    assert snapshot.options == Options() and not snapshot.solved
    assert snapshot.problem == {"problem": "xor", "paper": False}
    assert snapshot.failures == [] and snapshot.changes == []
    run = Evolution.from_snapshot(snapshot, ng.XOR())
    run.step()
    assert len(run.history) == 9


# ---------------------------------------------------------------------------------- fuzzing


@pytest.mark.parametrize("files", [80, pytest.param(800, marks=pytest.mark.slow)])
def test_damaged_files_load_to_something_sound_or_are_refused(files, tmp_path):
    """See ``benchmarks/fuzz.py``, which goes on for as long as one likes."""
    fuzzer = Fuzzer(tmp_path, seed=0)
    findings = [finding for number in range(files * len(KINDS))
                if (finding := fuzzer.try_one(number))]  # fmt: skip
    assert not findings, "\n".join(findings[:3])
    assert all(tally.refused > files / 10 for tally in fuzzer.tallies.values())
    assert sum(tally.loaded for tally in fuzzer.tallies.values()) > files * 1.25
