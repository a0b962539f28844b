"""Who descends from whom: compared with a pedigree of everybody, kept naively."""

import json
import shutil
import zipfile
from pathlib import Path

import kills
import numpy as np
import pytest
import ways
from conftest import VARIED, wild_config

import neatgrow as ng
from neatgrow.files.archive import FileError, read_archive, write_archive
from neatgrow.files.genomes import pack_genomes, unpack_genomes
from neatgrow.lineage import lineage as module
from neatgrow.lineage.files import pack_lineage
from neatgrow.lineage.lineage import Ancestor, Lineage
from neatgrow.lineage.records import genes_of
from neatgrow.runs.checkpoints import load_snapshot, save_snapshot
from neatgrow.runs.evolution import Evolution
from neatgrow.runs.options import Options
from neatgrow.runs.reading import read_lineage

DATA = Path(__file__).parents[1] / "data"
THICK = {
    "mutation.add_node": 0.2, "mutation.add_loop": 0.2, "mutation.delete_connection": 0.1,
    "recurrent": True,
}  # fmt: skip
# Loops in XOR mean nothing but to its lineage.
pytestmark = pytest.mark.filterwarnings("ignore:recurrent. expected False with xor")


def small(**changes):
    return ng.Config(population_size=20).override(VARIED | changes)


# ---------------------------------------------------------------------------------- the twin


class Pedigree:
    """Everybody who ever lived, with parents: a callback of ``evolve``."""

    def __init__(self):
        self.people = {}  # (generation, row) → what is known
        self.champion = None
        self.last = 0

    def __call__(self, run):
        population = run.population
        generation, parents = population.generation, population.parents
        groups = population.reproduction.groups(len(population.genomes))
        ids = groups.id[groups.row]
        told_champion = population.champion_row
        for row in range(len(population.genomes)):
            first = (-1, -1) if parents is None else tuple(parents.first[row].tolist())
            mate = None
            if parents is not None and parents.kind[row] >= 2 and first[0] > 0:
                mate = tuple(parents.second[row].tolist())
            parent = first if first[0] > 0 else None
            if first == (-2, -2):
                parent = self.champion
            self.people[generation, row] = {
                "parent": parent, "mate": mate, "species": int(ids[row]),
                "fitness": float(population.fitness[row] * population._sign),
                "genome": population.genomes[row].copy(), "champion": row == told_champion,
            }  # fmt: skip
        if told_champion >= 0:
            self.champion = (generation, told_champion)
        self.last = generation
        self.pool = set(map(tuple, population.pool.origin.tolist()))

    def ancestry(self, name):
        found = []
        while name is not None:
            found.append(name)
            name = self.people[name]["parent"]
        return found[::-1]

    def known(self):
        """Living genomes, those that may have children, the champion, and their ancestors."""
        names = {name for name in self.people if name[0] == self.last} | {self.champion}
        names |= self.pool
        return {a for name in names if name for a in self.ancestry(name)}

    def line(self):
        names, held = [], None
        for name in self.ancestry(self.champion):
            person, step = self.people[name], 1
            while name[0] >= 64 * step:
                step *= 2
            wanted = person["champion"] or person["parent"] is None or name[0] % step == 0
            if wanted and (structure(person["genome"]) != held or name == self.champion):
                names.append(name)
            if wanted:
                held = structure(person["genome"])
        return names


def structure(genome):
    return tuple(tuple(a.tolist()) for a in (genome.node_id, genome.innovation, genome.enabled))


def assert_as_the_pedigree(pedigree, result):
    line, names = result.ancestors, pedigree.line()
    assert [a.generation for a in line] == [generation for generation, _ in names]
    for ancestor, name in zip(line, names, strict=True):
        person = pedigree.people[name]
        assert isinstance(ancestor, Ancestor) and ancestor.genome == person["genome"]
        assert ancestor.species == person["species"]
        np.testing.assert_equal(ancestor.fitness, person["fitness"])
    assert line[-1].genome == result.champion
    assert line[-1].fitness == result.champion_fitness
    graph, known = result.lineage, pedigree.known()
    edges = {}
    for name in known:
        for kind in ("parent", "mate"):
            other = pedigree.people[name][kind]
            if other is not None:
                edges[other, name] = kind
    assert {(a, b): kind for a, b, kind in graph.edges(data="kind")} == edges
    assert set(graph.nodes) == known | {a for a, _ in edges}
    for name, data in graph.nodes(data=True):
        assert (data["generation"], data["row"]) == name
        assert ("fitness" in data) == (name in known)
        if name in known:
            person = pedigree.people[name]
            np.testing.assert_equal(data["fitness"], person["fitness"])
            assert data["species"] == person["species"]
            assert data["champion"] == (name == pedigree.champion)


KINDS = {
    "defaults": (ng.XOR, {}),
    "loops": (ng.XOR, {"config": small(**THICK)}),
    "no loops": (ng.XOR, {"config": small(**THICK | {"recurrent": False})}),
    "no elites": (ng.XOR, {"config": small(**{"selection.elites": 0})}),
    "everybody mates": (ng.XOR, {"config": small(**{"crossover.mutation_only": 0.0})}),
    "lamarckian, pruned": (
        ng.XOR, {"config": small(**THICK), "learning": ng.Learning(3, prune=0.2, share=0.7)},
    ),
    "guided growth": (
        ng.XOR, {"config": small(**THICK), "learning": ng.Learning(2, candidates=4)},
    ),
    "baldwinian": (
        ng.XOR, {"config": small(), "learning": ng.Learning(3, inheritance="baldwinian")},
    ),
    "minimize": (
        lambda: kills.bumps,
        {"inputs": 1, "outputs": 1, "minimize": True, "solved_at": -1.0},
    ),
    "noisy": (
        lambda: ng.Gymnasium("CartPole-v1", max_steps=40), {"solved_at": 1e9, "generations": 12},
    ),
    "parents of any generation": (
        ng.XOR, {"config": small(**THICK, selection=ways.Scattered())},
    ),
    "all species end": (
        ng.XOR,
        {"config": small(**{"species.stagnation": 2, "species.protected": 0, "species.target": 2})},
    ),
}  # fmt: skip


def evolved(kind, generations=40, **changes):
    make, given = KINDS[kind]
    pedigree = Pedigree()
    given = {"config": small(), "generations": generations, "solved_at": 99.0, "seed": 4} | given
    callbacks = [pedigree, *changes.pop("callbacks", ())]
    return pedigree, ng.evolve(make(), callbacks=callbacks, **given | changes)


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_and_the_graph_are_those_of_the_whole_pedigree(kind):
    pedigree, result = evolved(kind)
    assert_as_the_pedigree(pedigree, result)
    if kind == "parents of any generation":
        ages = [n[0] - p["parent"][0] for n, p in pedigree.people.items() if p["parent"]]
        assert max(ages) > 3 and len({a.generation for a in result.ancestors}) > 3
    if kind == "all species end":
        restarts = [n for n, p in pedigree.people.items() if n[0] > 1 and p["parent"] is None]
        assert restarts


@pytest.mark.parametrize("window", [(3, 10**9), (128, 1)])
@pytest.mark.parametrize(
    "kind", ["loops", "all species end", "defaults", "parents of any generation"]
)
def test_when_generations_are_looked_through_does_not_matter(kind, window, monkeypatch):
    monkeypatch.setattr(module, "_WINDOW", window[0])
    monkeypatch.setattr(module, "_WINDOW_ROOM", window[1])
    monkeypatch.setattr(module, "REVIEW", 700)
    assert_as_the_pedigree(*evolved(kind))


@pytest.mark.parametrize("seed", range(6))
def test_wild_settings_and_fitnesses_that_mean_nothing(seed):
    points = np.random.default_rng(seed).normal(size=(5, 3))

    def nonsense(network):
        outputs = network.predict(points)
        value = np.random.default_rng((seed, *outputs.tobytes())).normal()
        return float("nan") if value < -1.5 else round(value, 1)

    pedigree = Pedigree()
    config = wild_config(seed, population_size=30)
    result = ng.evolve(
        nonsense, inputs=3, outputs=2, config=config, generations=25, callbacks=[pedigree], seed=1
    )
    assert_as_the_pedigree(pedigree, result)


def test_of_long_runs_fewer_generations_are_kept():
    pedigree, result = evolved("loops", 600)
    assert_as_the_pedigree(pedigree, result)
    late = [a.generation for a in result.ancestors if a.generation >= 256]
    assert late and len(late) < 70


def test_copies_link_to_themselves():
    pedigree, _ = evolved("loops")
    champion = max(pedigree.people.values(), key=lambda person: person["fitness"])["genome"]
    copies = [p for p in pedigree.people.values() if p["genome"] == champion]
    assert len(copies) > 3
    parents = [pedigree.people[p["parent"]]["genome"] for p in copies[1:]]
    assert parents == [champion] * len(parents)


def test_a_population_tells_who_made_its_genomes():
    population = ng.Population(2, 1, small(), seed=1)
    population.ask()
    population.tell(np.arange(20.0))
    assert population.parents is None and population.champion_row == 19
    genomes = population.ask()
    assert population.parents.first.shape == (20, 2)
    population.tell(np.zeros(20))
    assert population.champion_row == -1
    assert len(genomes) == 20


# -------------------------------------------------------------------------- memory and threads


def connections_of(lineage):
    return sum(block.genomes.innovation.size for block in lineage.settled().blocks)


def test_what_is_kept_has_a_limit(monkeypatch):
    monkeypatch.setattr(module, "_ROOM", 2000)
    monkeypatch.setattr(module, "REVIEW", 5000)
    config = small(**THICK, population_size=40)
    result = ng.evolve(ng.XOR(), config=config, generations=120, solved_at=99.0, seed=1)
    lineage = result.descent
    assert lineage.stride > 1 and lineage.work < 5000
    room = max(2000, genes_of(result.population.genomes.packed))
    assert connections_of(lineage) < 2 * room
    line = result.ancestors
    assert line[-1].genome == result.champion and line[0].generation == 1
    monkeypatch.undo()
    everything = ng.evolve(ng.XOR(), config=config, generations=120, solved_at=99.0, seed=1)
    generations = {a.generation: a.genome for a in everything.ancestors}
    assert 3 < len(line) < len(generations)
    assert sum(generations.get(a.generation) == a.genome for a in line) > len(line) // 2


def test_long_runs_of_fixed_structure_hardly_grow():
    fixed = {f"mutation.{name}": 0.0 for name in (
        "add_connection", "add_node", "add_loop", "delete_connection", "delete_node",
    )}  # fmt: skip
    config = ng.Config(population_size=30).override(fixed)
    run = Evolution(ng.XOR(), config, Options(solved_at=99.0), seed=1)
    bytes_at = {}
    for _ in range(2000):
        run.step()
        if run.population.generation in (1000, 2000):
            (records,) = run.snapshot.lineage.settled().blocks
            arrays = [*records[:-1], *records.genomes]
            bytes_at[run.population.generation] = sum(array.nbytes for array in arrays)
    assert bytes_at[2000] - bytes_at[1000] < 100_000
    assert len(run.snapshot.lineage.recent) <= module._WINDOW


def packed_equal(one, other):
    (facts, arrays), (others, theirs) = pack_lineage(one), pack_lineage(other)
    return (
        facts == others
        and arrays.keys() == theirs.keys()
        and all(np.array_equal(arrays[k], theirs[k], equal_nan=True) for k in arrays
                if arrays[k].dtype.kind == "f")
        and all(np.array_equal(arrays[k], theirs[k]) for k in arrays
                if arrays[k].dtype.kind != "f")
    )  # fmt: skip


def test_the_number_of_threads_does_not_matter(threads):
    threads(1)
    one = evolved("loops")[1]
    threads(3)
    assert packed_equal(one.descent, evolved("loops")[1].descent)


# ---------------------------------------------------------------------------- resumed, killed


def stop_at(generation):
    return lambda run: len(run.history) == generation


@pytest.mark.parametrize("last", [1, 9, 23])
@pytest.mark.parametrize(
    "kind",
    ["loops", "lamarckian, pruned", "guided growth", "all species end",
     "parents of any generation"],
)  # fmt: skip
def test_a_resumed_lineage_is_that_of_the_run_that_went_through(kind, last, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REVIEW", 4000)
    monkeypatch.setattr(module, "_ROOM", 1500)
    expected = evolved(kind)[1]
    evolved(kind, directory=tmp_path, callbacks=[stop_at(last)])
    result = ng.resume(tmp_path)
    assert packed_equal(result.descent, expected.descent)
    read = read_lineage(tmp_path)
    assert packed_equal(read, expected.descent)
    for one, other in zip(read.line(), expected.ancestors, strict=True):
        assert one.genome == other.genome and one.generation == other.generation


def test_a_resumed_lineage_with_other_settings_goes_on(tmp_path):
    evolved("loops", directory=tmp_path, callbacks=[stop_at(9)])
    pedigree, _ = evolved("loops", callbacks=[stop_at(9)])
    result = ng.resume(tmp_path, changes={"population_size": 33}, callbacks=[pedigree])
    assert_as_the_pedigree(pedigree, result)


def test_a_killed_run_keeps_its_lineage(tmp_path, subprocess_environment):
    expected = kills.begin("recurrent", tmp_path / "whole").descent
    for checkpoints in (2, 3):
        directory = tmp_path / f"killed-{checkpoints}"
        process = kills.start("recurrent", directory, subprocess_environment)
        try:
            while len(list(directory.glob("checkpoints/*.npz"))) < checkpoints:
                assert process.poll() is None
        finally:
            process.kill()
            process.communicate()
        read_lineage(directory).line()
        assert packed_equal(kills.go_on("recurrent", directory).descent, expected)
        assert packed_equal(read_lineage(directory), expected)


def test_an_interrupted_generation_leaves_no_trace():
    expected = evolved("loops")[1]

    def press(run):
        if len(run.history) == 17:
            raise KeyboardInterrupt

    _, part = evolved("loops", callbacks=[press])
    pedigree, shorter = evolved("loops", 17)
    assert part.stopped == "interrupted" and packed_equal(part.descent, shorter.descent)
    assert_as_the_pedigree(pedigree, part)
    assert not packed_equal(part.descent, expected.descent)


def test_a_lineage_of_before_stays_as_it_was_while_the_run_goes_on():
    run = Evolution(ng.XOR(), small(**THICK), Options(solved_at=99.0), seed=2)
    seen = []
    for _ in range(30):
        run.step()
        seen.append((run.snapshot.lineage, pack_lineage(run.snapshot.lineage)))
    again = Evolution.from_snapshot(seen_snapshot := run.snapshot, ng.XOR())
    for _ in range(10):
        run.step()
        again.step()
    assert packed_equal(run.snapshot.lineage, again.snapshot.lineage)
    assert seen_snapshot.lineage is not run.snapshot.lineage
    for lineage, (facts, arrays) in seen:
        now, columns = pack_lineage(lineage)
        assert now == facts
        assert all(np.array_equal(columns[k], arrays[k]) for k in arrays)


# ------------------------------------------------------------------------------ older, failing


def test_a_checkpoint_of_before_lineages_begins_one(tmp_path):
    snapshot = load_snapshot(DATA / "run-1.npz")
    assert snapshot.lineage is None
    run = Evolution.from_snapshot(snapshot, ng.XOR())
    pedigree = Pedigree()
    for _ in range(20):
        run.step()
        pedigree(run)
    line = run.result("generations").ancestors
    assert line[0].generation <= 8 and line[-1].genome == run.champion
    assert run.result("generations").lineage.number_of_nodes() > 30
    save_snapshot(tmp_path / "again.npz", run.snapshot)
    assert packed_equal(load_snapshot(tmp_path / "again.npz").lineage, run.snapshot.lineage)


def without_lineage(directory):
    """Make the checkpoints of a run those of a time before lineages."""
    for path in (directory / "checkpoints").iterdir():
        metadata, arrays = read_archive(path, ["neatgrow run"], 2)
        del metadata["lineage"]
        rest = {name: a for name, a in arrays.items() if not name.startswith("lineage.")}
        write_archive(path, metadata, rest)


def test_that_a_lineage_begins_late_is_said(tmp_path):
    evolved("loops", directory=tmp_path, callbacks=[stop_at(12)])
    without_lineage(tmp_path)
    assert read_lineage(tmp_path) is None
    with pytest.warns(RuntimeWarning) as caught:
        result = ng.resume(tmp_path)
    assert [str(w.message) for w in caught] == [
        f"{tmp_path}: generation 12 was saved without its ancestors; the line of descent begins "
        "there."
    ]
    line = result.ancestors
    assert line[-1].genome == result.champion and len(read_lineage(tmp_path).line()) == len(line)


def test_a_champion_of_before_the_lineage_is_its_only_ancestor(tmp_path):
    def worse(network):  # all but the very first, whenever it comes
        output = float(network.predict([[1.0]])[0, 0])
        first.append(output)
        return 1.0 if output == first[0] else 0.5

    first = []
    config = small(**{"selection.elites": 0})
    given = {"inputs": 1, "outputs": 1, "config": config}
    ng.evolve(worse, generations=6, directory=tmp_path, **given)
    without_lineage(tmp_path)
    with pytest.warns(RuntimeWarning, match="without its ancestors"):
        result = ng.resume(tmp_path, problem=worse, generations=12)
    (only,) = result.ancestors
    assert (only.generation, only.fitness, only.species) == (1, 1.0, -1)
    assert only.genome == result.champion and result.lineage.nodes[1, -1]["champion"]
    assert len(ng.resume(tmp_path, problem=worse, generations=14).ancestors) == 1


def test_a_lineage_that_fails_costs_no_result(monkeypatch):
    after = Lineage.after

    def broken(lineage, state, *rest):
        if state.generation == 7:
            raise IndexError("nobody")
        return after(lineage, state, *rest)

    monkeypatch.setattr(Lineage, "after", broken)
    with pytest.warns(RuntimeWarning) as caught:
        _, result = evolved("loops")
    (said,) = (w for w in caught if not str(w.message).startswith("recurrent"))
    assert str(said.message) == (
        "lineage: expected the ancestors of generation 7, got IndexError: nobody. The run goes "
        "on, and its lineage begins here."
    )
    monkeypatch.undo()
    assert result.fingerprint == evolved("loops")[1].fingerprint
    assert result.ancestors[-1].genome == result.champion


def test_a_run_in_which_nothing_succeeds_has_nobody(tmp_path):
    run = Evolution(kills_everybody(), small(), seed=1)
    run.step()
    run.step()
    assert run.snapshot.lineage.line() == []
    save_snapshot(tmp_path / "run.npz", run.snapshot)
    assert load_snapshot(tmp_path / "run.npz").lineage.line() == []


def kills_everybody():
    class Nothing(ng.XOR):
        def evaluate(self, networks, *, seed, episodes=None):
            return ng.Evaluation(np.full(len(networks), np.nan), 0)

    return Nothing()


def test_the_fingerprint_knows_nothing_of_it(monkeypatch):
    expected = evolved("loops")[1].fingerprint
    monkeypatch.setattr(module, "_DENSE", 4)
    assert evolved("loops")[1].fingerprint == expected


# ------------------------------------------------------------------------------ damaged files


def test_directories_without_a_lineage(tmp_path):
    assert read_lineage(tmp_path) is None
    with pytest.raises(FileNotFoundError, match="expected a run directory, got none"):
        read_lineage(tmp_path / "nowhere")
    evolved("loops", 8, directory=tmp_path, checkpoints=ng.Checkpoints(generations=2))
    before = read_lineage(tmp_path)
    paths = sorted((tmp_path / "checkpoints").iterdir())
    paths[-1].write_bytes(b"no archive")
    older = read_lineage(tmp_path)
    assert older.recent[-1].generation < before.recent[-1].generation
    for path in paths:
        path.write_bytes(b"no archive")
    with pytest.raises(FileError, match="00000008"):
        read_lineage(tmp_path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Metadata and arrays of a checkpoint."""
    folder = tmp_path_factory.mktemp("sound")
    evolved("loops", 15, directory=folder)
    path = sorted((folder / "checkpoints").iterdir())[-1]
    with zipfile.ZipFile(path) as archive:
        assert "lineage.parent.npy" in archive.namelist()
    return read_archive(path, ["neatgrow run"], 2)


def refused(tmp_path, metadata, arrays):
    path = tmp_path / "run.npz"
    write_archive(path, metadata, arrays)
    with pytest.raises(FileError, match=r"run\.npz: (version: )?expected a "):
        load_snapshot(path)


VALUES = {
    "generation": [0, -1, 16, 2**31 - 1],
    "row": [-2, 2**31 - 1, -(2**31)],
    "parent": [-2, 0, 5, 2**31 - 1, -(2**31)],
    "mate": [-2, 2**31 - 1],
    "species": [-2, 2**31 - 1],
    "fitness": [np.inf, -np.inf],
    "kept": [False],
    "parents": [-2, 2**31 - 1, 10**6],
    "mates": [-2, 2**31 - 1],
    "genomes.node_ptr": [1, -1, 2**63 - 1],
    "genomes.source": [-1, 2**62],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in VALUES.items() for value in values]
)
def test_a_number_that_cannot_be_is_refused(name, value, sound, tmp_path):
    metadata, arrays = sound
    changed = arrays[f"lineage.{name}"].copy()
    changed[0] = value
    refused(tmp_path, metadata, arrays | {f"lineage.{name}": changed})


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize(
    "lie", [lambda a: a[:-1], lambda a: a[None], lambda a: a.astype(np.uint8), None]
)
def test_an_array_of_another_shape_or_type_is_refused(name, lie, sound, tmp_path):
    metadata, arrays = sound
    name = f"lineage.{name}"
    if lie is None:
        rest = {key: array for key, array in arrays.items() if key != name}
        refused(tmp_path, metadata, rest)
        return
    refused(tmp_path, metadata, arrays | {name: lie(arrays[name])})


LIES = {
    "version": [0, 3, None, "1", True],
    "champion": [-2, 10**6, None, 0.5],
    "champion_row": [-2, 20, "x"],
    "told_champion": [-2, 20],
    "stride": [0, -1, 2**40, None],
    "work": [-1, 2**40, None],
    "genomes": [None, 3, {}, []],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in LIES.items() for value in values]
)
def test_metadata_that_lies_is_refused(name, value, sound, tmp_path):
    metadata, arrays = sound
    changed = json.loads(json.dumps(metadata))
    changed["lineage"][name] = value
    refused(tmp_path, changed, arrays)
    del changed["lineage"][name]
    refused(tmp_path, changed, arrays)


def test_parents_later_than_children_and_champions_in_two_places_are_refused(sound, tmp_path):
    metadata, arrays = sound
    when = arrays["lineage.generation"]
    refused(tmp_path, metadata, arrays | {"lineage.generation": np.full_like(when, 3)})
    facts = metadata["lineage"]
    both = {"champion": 0, "champion_row": 0, "told_champion": 0}
    refused(tmp_path, metadata | {"lineage": facts | both}, arrays)
    neither = {"champion": -1, "champion_row": -1}
    refused(tmp_path, metadata | {"lineage": facts | neither}, arrays)
    unkept = int(np.flatnonzero(~arrays["lineage.kept"])[0])
    lost = {"champion": unkept, "champion_row": -1}
    refused(tmp_path, metadata | {"lineage": facts | lost}, arrays)


def kept_genomes(facts, columns, change):
    """Replace the genomes of a lineage's records."""
    below = {k.removeprefix("genomes."): v for k, v in columns.items() if k.startswith("genomes.")}
    facts["genomes"], changed = pack_genomes(change(unpack_genomes(facts["genomes"], below)))
    columns |= {f"genomes.{name}": column for name, column in changed.items()}


def later_parent(facts, columns):
    """The first record that has a parent changes places with it."""
    parent = columns["parent"]
    child = int(np.flatnonzero(parent >= 0)[0])
    order = np.arange(parent.size)
    order[[child, parent[child]]] = parent[child], child
    for name in ("generation", "row", "mate", "species", "fitness", "kept"):
        columns[name] = columns[name][order]
    columns["parent"] = np.append(order, -1)[parent[order]].astype(np.int32)


def generation_to_come(facts, columns):
    columns["generation"][-1] = 16  # of one who has no children among the records


def parent_born_with_its_child(facts, columns):
    columns["generation"][-1] = columns["generation"][columns["parent"][-1]]


def parent_among_the_living(facts, columns):
    columns["generation"][columns["parents"].max()] = 15


def first_one_not_kept(facts, columns):
    kept = columns["kept"]
    kept[[0, np.flatnonzero(~kept)[0]]] = [False, True]


def one_genome_for_all(facts, columns):
    kept_genomes(facts, columns, lambda genomes: genomes[:1])


def genomes_of_other_inputs(facts, columns):
    kept_genomes(facts, columns, lambda genomes: unrelated(3, 1, len(genomes)))


def genomes_of_other_outputs(facts, columns):
    kept_genomes(facts, columns, lambda genomes: unrelated(2, 2, len(genomes)))


def unrelated(inputs, outputs, count):
    return ng.Population(inputs, outputs, ng.Config(population_size=count), seed=1).ask()


def champion_told_elsewhere(facts, columns):
    assert facts["champion"] >= 0 and facts["champion_row"] == -1
    facts["told_champion"] = 0


LIES_THAT_FIT = {
    later_parent: "parent, fitness: expected earlier records",
    generation_to_come: "generation: expected parents before children, none to come",
    parent_born_with_its_child: "generation: expected parents before children, none to come",
    parent_among_the_living: "parents: expected records of before the last generation",
    first_one_not_kept: "kept: expected as many genomes, and those of all first ancestors",
    one_genome_for_all: "kept: expected as many genomes, and those of all first ancestors",
    genomes_of_other_inputs: "genomes: expected the population's inputs and outputs",
    genomes_of_other_outputs: "genomes: expected the population's inputs and outputs",
    champion_told_elsewhere: "champion: expected one place of it",
}


@pytest.mark.parametrize("lie", LIES_THAT_FIT, ids=lambda lie: lie.__name__)
def test_a_lie_that_fits_everything_else_is_refused(lie, sound, tmp_path):
    metadata, arrays = sound
    facts = json.loads(json.dumps(metadata["lineage"]))
    start = "lineage."
    columns = {k.removeprefix(start): a.copy() for k, a in arrays.items() if k.startswith(start)}
    lie(facts, columns)
    changed = arrays | {start + name: column for name, column in columns.items()}
    write_archive(tmp_path / "run.npz", metadata | {"lineage": facts}, changed)
    with pytest.raises(FileError, match=LIES_THAT_FIT[lie]):
        load_snapshot(tmp_path / "run.npz")


def test_a_damaged_lineage_costs_the_generations_since_the_checkpoint_before(sound, tmp_path):
    expected = evolved("loops", 15)[1]
    evolved("loops", 15, directory=tmp_path, callbacks=[stop_at(9)],
            checkpoints=ng.Checkpoints(generations=3))  # fmt: skip
    path = sorted((tmp_path / "checkpoints").iterdir())[-1]
    metadata, arrays = read_archive(path, ["neatgrow run"], 2)
    arrays["lineage.parent"][:] = 10**6
    write_archive(path, metadata, arrays)
    with pytest.warns(RuntimeWarning, match="expected a sound population, got a damaged file"):
        result = ng.resume(tmp_path)
    assert packed_equal(result.descent, expected.descent)
    shutil.rmtree(tmp_path)
