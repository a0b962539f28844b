"""Reports: complete in themselves, for every kind of run, and alive in a real browser."""

import base64
import json
import re
import shutil
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import DEGENERATE, any_genome, evolve_at_random
from hypothesis import given, settings

import neatgrow as ng
from benchmarks.bench_report import DRAG, OPENED, large_genome
from benchmarks.browser import browser, missing
from neatgrow.cli import main
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.graph.layers import wired
from neatgrow.plotting.pages import sections
from neatgrow.plotting.pages.answers import answers_of, decision_map
from neatgrow.plotting.pages.episodes import work_of
from neatgrow.plotting.pages.interactive import DELAYED, ENABLED, LIVE, graph_data, thinned
from neatgrow.plotting.pages.record import record_of
from neatgrow.plotting.pages.report import page, report
from neatgrow.plotting.theme import THEMES
from neatgrow.plotting.values import activity, answers
from neatgrow.problems import catalogue
from neatgrow.problems.function import Function
from neatgrow.runs.reading import read_lineage, read_run

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'"
GROWTH = {
    "mutation.add_node": 0.5, "mutation.add_connection": 0.5, "mutation.delete_node": 0.1,
    "mutation.add_loop": 0.2, "selection.elites": 0,
}  # fmt: skip


class Page(HTMLParser):
    """What a page would load, its scripts, its images and its text."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.scripts, self.images, self.texts, self.tags = [], [], [], [], []
        self.policy, self._inside = "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self._inside.append(tag)
        if tag == "script":
            self.scripts.append("")
        if tag == "img":
            self.images.append(given)
        if given.get("http-equiv"):
            self.policy = given["content"]
        for name in ("src", "href", "srcset", "poster", "data", "action", "xlink:href"):
            if name in given:
                self.loads.append(given[name])

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if self._inside and self._inside[-1] == "script":
            self.scripts[-1] += data
        elif not self._inside or self._inside[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def data(self):
        return json.loads(self.scripts[0])


def assert_complete(text):
    """A whole page that loads nothing, in which all parts were made."""
    made = Page(text)
    assert all(load.startswith(("#", "data:")) for load in made.loads)
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text).replace("http-equiv", "")
    assert "@import" not in text and len(text.encode()) < 5_000_000
    assert "default-src 'none'" in made.policy
    assert len(made.scripts) == 2 and all(image["alt"] for image in made.images)
    assert 'class="failed"' not in text, re.findall(r'class="failed">[^<]*', text)
    for title in ("The champion", "What it does", "How it evolved", "Where time went", "Settings"):
        assert title in made.text
    return made


def grown_line(inputs=3, outputs=2, generations=30, seed=1):
    """Ancestors by hand: a genome of each generation of a small population, with names."""
    config = ng.Config(population_size=4, recurrent=True).override(GROWTH)
    population = ng.Population(inputs, outputs, config, seed=seed)
    return [
        Ancestor(generation, genomes[0].copy(), generation / 2.0, 3)
        for generation, genomes in enumerate(evolve_at_random(population, generations), 1)
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Directories of runs of every kind."""
    root = tmp_path_factory.mktemp("runs")
    X = np.random.default_rng(0).normal(size=(40, 4))
    problems = {
        "xor": ng.XOR(),
        "cartpole": ng.Gymnasium("CartPole-v1", episodes=2, max_steps=60),
        "mountain": ng.Gymnasium("MountainCar-v0", max_steps=40),
        "supervised": ng.Supervised(X, X[:, :2] ** 2, name="squares"),
        "classes": ng.Supervised(X, np.arange(40) % 3, loss="categorical", measure="accuracy"),
    }
    for name, problem in problems.items():
        ng.evolve(problem, generations=4, seed=1, directory=root / name)
    small = ng.Config(population_size=20)
    for name in ("recall", "t-maze", "pole", "parity", "nguyen-1"):
        problem = catalogue.build(name)
        ng.evolve(problem, config=small, generations=3, seed=1, directory=root / name)

    def wave(network):
        network.reset()
        return -sum(abs(network.activate([t / 5.0])[0] - np.sin(t / 5.0)) for t in range(20))

    ng.evolve(wave, inputs=1, outputs=1, generations=3, seed=1, directory=root / "function")
    return root


KINDS = {
    "xor": "all 4 samples", "cartpole": "One episode", "mountain": "One episode of 40 steps",
    "recall": "4 of 64 sequences", "t-maze": "4 of 8 episodes", "pole": "The one episode",
    "parity": "all 32 samples", "nguyen-1": "all 20 samples",
}  # fmt: skip
BARE = ("supervised", "classes", "function")  # whose problem only the caller has


# ------------------------------------------------------------------------------- the page


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_has_a_complete_report(runs, kind, capsys):
    assert main(["report", str(runs / kind)]) == 0
    path = runs / kind / "report.html"
    assert capsys.readouterr().out == f"written: {path}\n"
    made = assert_complete(path.read_text("utf-8"))
    assert KINDS[kind] in made.text
    work = made.data["work"]
    episode = work["episodes"][0]
    assert len(work["rows"]) == len(work["names"]) == len(episode["values"])
    assert len({len(values) for values in episode["values"]}) == 1


@pytest.mark.parametrize("kind", BARE)
def test_a_run_whose_problem_is_not_at_hand_is_reported_without_its_episodes(runs, kind):
    made = assert_complete(report(runs / kind).read_text("utf-8"))
    assert "Its episodes cannot be shown" in made.text and "work" not in made.data
    assert made.data["network"]["stages"]


@pytest.mark.usefixtures("unpainted")
def test_a_result_in_memory_has_its_problem_with_it(tmp_path):
    def follow(network):
        return -sum(abs(network.activate([x])[0] - x) for x in (0.1, 0.2, 0.3))

    def judge(network):
        return -float(np.abs(network.predict([[0.0], [1.0]])).sum())

    X = np.random.default_rng(0).normal(size=(40, 4))
    cases = {
        "follow": (follow, {"inputs": 1, "outputs": 1}, "asks until it resets"),
        "judge": (judge, {"inputs": 1, "outputs": 1}, "each sample from state 0"),
        "squares": (ng.Supervised(X, X[:, :2] ** 2), {}, "all 40 samples"),
        "classes": (
            ng.Supervised(X, np.arange(40) % 3, loss="categorical"), {}, "taken for",
        ),
    }  # fmt: skip
    for name, (problem, sizes, said) in cases.items():
        result = ng.evolve(problem, generations=2, seed=1, **sizes)
        with pytest.raises(ValueError, match=r"report\(result, 'report.html'\)"):
            report(result)
        path = report(result, tmp_path / f"{name}.html")
        text = path.read_text("utf-8")
        assert said in assert_complete(text).text and result.fingerprint[:16] in text


@pytest.mark.usefixtures("unpainted")
def test_the_facts_are_those_of_the_run(runs):
    _, history, champion = read_run(runs / "xor")
    made = Page(report(runs / "xor").read_text("utf-8"))
    text = made.text
    assert f"{history[-1]['champion']:.6g}" in text and "exclusive or of two inputs" in text
    assert f"{history.total('evaluations'):,}" in text and ng.__version__ in text
    result = ng.resume(runs / "xor")
    assert result.fingerprint[:16] in text and ("solved" in text) and "seed 1" in text
    rows = made.data["network"]["stages"][-1]
    assert len(rows["nodes"]) == champion.node_id.size
    assert len(rows["wires"]) == champion.n_connections
    assert "Table by generation" in text and "No evaluation failed" in text


@pytest.mark.usefixtures("unpainted")
def test_settings_that_differ_are_listed(tmp_path):
    main(["run", "xor", "--generations", "2", "--set", "mutation.add_node=0.25", "--out",
          str(tmp_path / "out")])  # fmt: skip
    text = Page(report(tmp_path / "out").read_text("utf-8")).text
    assert re.search(r"mutation.add_node 0.25 0\.\d+", text)


def test_settings_that_the_defaults_do_not_have_are_listed(runs, monkeypatch):
    monkeypatch.setattr(sections, "Config", lambda: SimpleNamespace(to_dict=dict))
    text = Page(report(runs / "xor").read_text("utf-8")).text
    assert re.search(r"mutation.add_node 0\.\d+ –", text)


def test_the_report_goes_where_it_is_asked_to_and_replaces_an_older_one(runs, tmp_path, capsys):
    target = tmp_path / "page.html"
    target.write_text("old")
    assert main(["report", str(runs / "xor"), "--out", str(target)]) == 0
    first = target.read_bytes()
    assert first.startswith(b"<!DOCTYPE html>") and str(target) in capsys.readouterr().out
    report(runs / "xor", target)
    assert target.read_bytes() == first  # nothing depends on when it is made


def test_what_is_no_run_is_refused_as_by_other_commands(runs, tmp_path, capsys):
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "expected a run directory, got one without problem.json" in capsys.readouterr().err
    for file in ("champion.npz", "history.csv", "problem.json"):
        damaged = tmp_path / file.partition(".")[0]
        shutil.copytree(runs / "xor", damaged)
        (damaged / file).write_bytes(b"no\x00such\n")
        assert main(["report", str(damaged)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("neatgrow: ") and file in error and error.count("\n") == 1
    with pytest.raises(
        TypeError, match="run: expected a Result, a run's directory or a Population"
    ):
        report(3)


@pytest.mark.usefixtures("unpainted")
def test_files_that_a_report_can_do_without_cost_only_their_part(runs, tmp_path):
    shutil.copytree(runs / "xor", tmp_path / "out")
    (tmp_path / "out" / "config.toml").write_text("mutation = 3")
    for file in (tmp_path / "out" / "checkpoints").iterdir():
        file.write_bytes(b"broken")
    made = assert_complete(report(tmp_path / "out").read_text("utf-8"))
    assert "The settings cannot be shown: " in made.text
    assert "not known to be solved" in made.text and "fingerprint" not in made.text


# ---------------------------------------------------------------------- what may go wrong


@pytest.mark.usefixtures("unpainted")
def test_names_from_files_stay_text(runs, tmp_path):
    shutil.copytree(runs / "cartpole", tmp_path / HOSTILE.replace("/", ""))
    directory = next(tmp_path.iterdir())
    description = json.loads((directory / "problem.json").read_text())
    (directory / "problem.json").write_text(json.dumps(description | {"name": HOSTILE + "\ud800"}))
    genome = ng.load_genome(directory / "champion.npz")
    named = genome.with_interface(
        input_names=(HOSTILE, "b", "{{data}}", "$&"), output_names=(HOSTILE, "<!--")
    )
    named.save(directory / "champion.npz")
    (directory / "failures.csv").write_text(f"generation,genome,cause\n1,2,{HOSTILE}\n")
    text = report(directory).read_text("utf-8")
    made = assert_complete(text)
    assert not [1 for tag, given in made.tags if tag == "img" and given.get("onerror")]
    assert "<img src=x" not in text and "<!--" not in text
    labels = [node["label"] for node in made.data["network"]["nodes"]]
    assert labels[:6] == [HOSTILE, "b", "{{data}}", "$&", HOSTILE, "<!--"]


@pytest.mark.usefixtures("unpainted")
def test_causes_of_failures_are_listed_as_text(tmp_path):
    def fails(network):
        raise ValueError(HOSTILE)

    def judge(network, calls=[]):  # noqa: B006  # counts over all calls
        calls.append(1)
        return fails(network) if len(calls) % 40 == 3 else 1.0

    result = ng.evolve(judge, inputs=1, outputs=1, generations=2, seed=1)
    text = page(record_of(result))
    assert "evaluations failed" in text and HOSTILE not in text
    assert f"ValueError: {HOSTILE}" in Page(text).text


@pytest.fixture(scope="module")
def whole(runs):
    return Page(report(runs / "xor").read_text("utf-8"))


@pytest.mark.parametrize(
    "part", ["graph_data", "work_of", "decision_map", "fitness", "time", "_facts",
             "_lead", "_settings", "flat", "answers_of"],
)  # fmt: skip
@pytest.mark.usefixtures("unpainted")
def test_a_part_that_fails_is_said_and_costs_no_other(runs, whole, monkeypatch, part):
    def broken(*arguments, **options):
        raise MemoryError(f"no room <for> {part}")

    if part in sections.CHARTS:
        monkeypatch.setitem(sections.CHARTS, part, ("", broken))
    else:
        monkeypatch.setattr(sections, part, broken)
    made = Page(report(runs / "xor").read_text("utf-8"))
    assert f"MemoryError: no room <for> {part}" in made.text
    lost = set(whole.data) - set(made.data)
    assert lost == {"graph_data": {"network"}, "work_of": {"work"}}.get(part, set())
    assert len(made.images) >= len(whole.images) - 2
    assert "No evaluation failed" in made.text


@pytest.mark.usefixtures("unpainted")
def test_an_environment_that_cannot_be_rendered_costs_its_pictures_alone(runs, monkeypatch):
    play = ng.Gymnasium.play

    def blind(self, network, *, seed=0, render_mode=None):
        if render_mode is not None:
            raise ImportError("no pygame")
        return play(self, network, seed=seed)

    monkeypatch.setattr(ng.Gymnasium, "play", blind)
    made = assert_complete(report(runs / "cartpole").read_text("utf-8"))
    assert "There are no pictures of the environment: no pygame" in made.text
    assert made.data["work"]["episodes"][0]["pictures"] == []


@pytest.mark.usefixtures("unpainted")
def test_the_policy_allows_the_pages_own_script_alone(runs):
    text = report(runs / "xor").read_text("utf-8")
    made = Page(text)
    from neatgrow.plotting.pages.report import _hash

    assert f"script-src '{_hash(made.scripts[1])}'" in made.policy
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert f"style-src '{_hash(style)}'" in made.policy
    assert not [given for _, given in made.tags if "style" in given]
    assert not [name for _, given in made.tags for name in given if name.startswith("on")]


def test_colours_of_text_have_contrast_in_both_themes():
    def light(color):
        parts = [int(color[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
        r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    from neatgrow.plotting.pages.report import _variables

    for theme in THEMES.values():
        colors = dict(re.findall(r"--(\w+):(#\w+);", _variables(theme)))
        for name in ("ink", "muted", "positive"):
            a, b = sorted((light(colors[name]), light(colors["background"])))
            assert (b + 0.05) / (a + 0.05) >= 4.5, (name, theme)


# ------------------------------------------------------------------------------- the graph


@settings(max_examples=60)
@given(any_genome())
def test_the_graph_has_every_gene_and_says_which_take_part(genome):
    data = graph_data([Ancestor(4, genome, 1.0, -1)])
    (stage,) = data["stages"]
    diagram = wired(genome, False)
    delayed = {wire.gene: wire.delayed for wire in diagram.wires}
    assert len(stage["wires"]) == genome.n_connections == len(data["wires"])
    by_innovation = {data["wires"][row[0]]["innovation"]: row for row in stage["wires"]}
    for c in range(genome.n_connections):
        _, flags, born, weight = by_innovation[str(int(genome.innovation[c]))]
        assert weight == pytest.approx(genome.weight[c], rel=1e-4)
        assert bool(flags & ENABLED) == genome.enabled[c] and bool(flags & LIVE) == (c in delayed)
        assert bool(flags & DELAYED) == delayed.get(c, False)
        assert born == genome.connection_birth[c]
    labels = genome.labels()
    ids = [*range(genome.n_inputs), *genome.node_id.tolist()]
    assert [node["label"] for node in data["nodes"]] == [labels[id_] for id_ in ids]
    for wire in data["wires"]:
        assert 0 <= wire["from"] < len(ids) and genome.n_inputs <= wire["to"] < len(ids)
    for layout in data["layouts"]:
        places = np.array(layout["places"])
        assert (places >= 0).all()
        assert (places <= [layout["width"], layout["height"]]).all()
        for wire, route in zip(data["wires"], layout["routes"], strict=True):
            line = np.reshape(route["line"], (-1, 2))
            assert len(line) % 3 == 1 and np.isfinite(line).all()
            ends = places[[wire["from"], wire["to"]]]
            away = np.hypot(*(line[[0, -1]] - ends).T)
            assert (away < layout["radius"] * 2.3 + 1.0).all()
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.usefixtures("unpainted")
def test_degenerate_genomes_are_reported(runs, name):
    record = record_of(runs / "xor")
    genome = DEGENERATE[name]
    made = replace(record, champion=genome, problem=None, line=[Ancestor(1, genome, np.nan, -1)])
    assert Page(page(made)).data["network"]["stages"][0]["fitness"] is None


def test_nodes_keep_their_place_from_ancestor_to_champion():
    stages = grown_line()
    data = graph_data(stages)
    assert len(data["stages"]) == len(stages) and data["left_out"] == 0
    ids = {id_ for stage in stages for id_ in stage.genome.node_id.tolist()}
    assert len(data["nodes"]) == 3 + len(ids)
    assert all(len(layout["places"]) == len(data["nodes"]) for layout in data["layouts"])
    labels = [node["label"] for node in data["nodes"]]
    assert len(set(labels)) == len(labels)
    champion = stages[-1].genome
    kept = set(champion.labels().values())
    lost = [label for label in labels if label not in kept]
    assert lost and all(re.fullmatch(r"g\d+", label) for label in lost)
    for stage, rows in zip(stages, data["stages"], strict=True):
        assert rows["generation"] == stage.generation and rows["fitness"] == stage.fitness
        assert len(rows["nodes"]) == stage.genome.node_id.size
        weights = {data["wires"][row[0]]["innovation"]: row[3] for row in rows["wires"]}
        for innovation, weight in zip(
            stage.genome.innovation.tolist(), stage.genome.weight.tolist(), strict=True
        ):
            assert weights[str(innovation)] == pytest.approx(weight, rel=1e-4)


def test_a_long_line_is_thinned_to_what_a_page_can_hold(runs):
    large = large_genome(300, 2000)
    stages = [Ancestor(k, large, float(k), -1) for k in range(1, 501)]
    kept = thinned(stages)
    assert kept[0].generation == 1 and kept[-1].generation == 500 and 10 < len(kept) < 40
    record = replace(record_of(runs / "xor"), champion=large, problem=None, line=stages)
    text = page(record)
    assert len(text.encode()) < 5_000_000
    small = [Ancestor(k, DEGENERATE["input and output alone"], float(k), -1) for k in range(1, 501)]
    assert len(thinned(small)) == 100


@pytest.mark.usefixtures("unpainted")
def test_ancestors_of_the_newest_checkpoint_become_stages(runs, monkeypatch):
    record = record_of(runs / "xor")
    line = read_lineage(runs / "xor").line()
    assert len(line) > 1 and line[-1].genome == record.champion
    assert [stage.genome for stage in record.line] == [one.genome for one in line]
    assert 'id="growth"' in report(runs / "xor").read_text("utf-8")

    monkeypatch.setattr("neatgrow.plotting.pages.record._ancestors", lambda snapshot: line[:-1])
    behind = record_of(runs / "xor")  # a checkpoint from before the champion
    assert [stage.genome for stage in behind.line] == [behind.champion]
    assert "those of another champion" in behind.missing["line"]


@pytest.mark.usefixtures("unpainted")
def test_a_run_without_a_record_of_ancestors_says_so(runs, monkeypatch):
    monkeypatch.setattr("neatgrow.plotting.pages.record._ancestors", lambda snapshot: [])
    record = record_of(runs / "xor")
    assert len(record.line) == 1 and "no record" in record.missing["line"]

    def damaged(snapshot):
        raise ValueError("lineage: damaged")

    monkeypatch.setattr("neatgrow.plotting.pages.record._ancestors", damaged)
    text = Page(report(runs / "xor").read_text("utf-8")).text
    assert "How the champion grew cannot be shown: ValueError: lineage: damaged" in text


# ----------------------------------------------------------------------------- what it does


def test_an_episode_is_the_one_that_the_problem_plays(runs):
    record = record_of(runs / "cartpole")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (episode,) = work_of(record.problem, record.champion).episodes
        steps = list(record.problem.play(record.champion.compile(), seed=0))
    assert episode.ticks == len(steps) == len(episode.values)
    np.testing.assert_allclose(episode.values[:, :4], [s.view for s in steps], rtol=1e-6)
    assert episode.rewards == [s.reward for s in steps]
    assert episode.actions == [str(s.action) for s in steps]


def test_what_a_fitness_function_asks_the_batch_is_shown_too():
    champion = ng.Population(2, 1, ng.Config(population_size=1), seed=1).ask()[0]

    def of(function):
        problem = Function(function, inputs=2, outputs=1)
        return work_of(problem, champion).episodes[0].values[:, :2].tolist()

    def steps(network):
        network.networks.activate([[1.0, 2.0]])
        network.activate([3.0, 4.0])
        network.networks.reset()
        network.activate([5.0, 6.0])
        return 0.0

    X = [[0.0, 1.0], [1.0, 0.0]]
    assert of(steps) == [[1.0, 2.0], [3.0, 4.0]]
    assert of(lambda network: float(network.networks.predict(X).sum())) == X
    assert of(lambda network: float(network.predict(X).sum())) == X
    with pytest.raises(ValueError, match="asked the network nothing"):
        of(lambda network: 0.0)


def test_bits_are_no_classes_and_many_outputs_have_no_maps():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 2, (20, 2)).astype(float)
    bits = rng.integers(0, 2, (20, 3)).astype(float)
    champion = ng.Population(2, 3, ng.Config(population_size=1), seed=1).ask()[0]
    text = answers_of(ng.Supervised(X, bits), champion)
    assert "Right:" not in text and "taken for" not in text
    classes = np.eye(3)[rng.integers(0, 3, 20)]
    text = answers_of(ng.Supervised(X, classes), champion)
    assert "Right:" in text and "taken for" in text
    wide = ng.Population(2, 40, ng.Config(population_size=1), seed=1).ask()[0]
    problem = ng.Supervised(X, np.eye(40)[rng.integers(0, 40, 20)])
    assert "40 classes are too many for a table" in answers_of(problem, wide)
    with pytest.raises(ValueError, match="40 outputs are too many for a map of each"):
        decision_map(problem, wide, None)


def test_ticks_are_decisions_where_frames_are_skipped():
    problem = ng.Gymnasium("CartPole-v1", frame_skip=4)
    champion = ng.Population(4, 2, ng.Config(population_size=1), seed=1).ask()[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (episode,) = work_of(problem, champion).episodes
        steps = list(problem.play(champion.compile(), seed=0))
    assert episode.ticks == -(-len(steps) // 4) == len(episode.values)
    assert len(episode.actions) == len(episode.rewards) == episode.ticks
    assert sum(episode.rewards) == len(steps)
    seen = [step.observation for step in steps if step.decided]
    np.testing.assert_allclose(episode.values[:, :4], seen, rtol=1e-6)
    assert all(tick < episode.ticks for tick, _ in episode.pictures)


@pytest.mark.parametrize("kind", ["t-maze", "pole"])
def test_a_simulation_in_python_gives_what_the_kernels_give(runs, kind):
    record = record_of(runs / kind)
    work = work_of(record.problem, record.champion)
    simulation = getattr(record.problem, "_simulation", record.problem)
    steps = len(work.episodes[0].values)
    played = simulation.play(record.champion.compile().networks, simulation.starts, steps=steps)
    for e, episode in enumerate(work.episodes):
        assert played.lengths[0, e] == len(episode.values)
        assert played.returns[0, e] == pytest.approx(sum(episode.rewards))


def test_samples_each_start_from_state_0():
    loop = DEGENERATE["self-loop beside an input"]
    X = [[1.0], [0.5], [-2.0]]
    by_sample = answers(loop, X)
    np.testing.assert_allclose(by_sample, [activity(loop, [x])[0] for x in X])
    assert not np.allclose(by_sample, activity(loop, X))


def test_pictures_of_an_environment_are_small(runs):
    record = record_of(runs / "cartpole")
    pictures = work_of(record.problem, record.champion).episodes[0].pictures
    if not pictures:
        pytest.skip("the environment cannot be rendered here")
    assert 1 < len(pictures) <= 80 and pictures[0][0] == 0
    sizes = [len(base64.b64decode(uri.partition(",")[2])) for _, uri in pictures]
    assert max(sizes) < 20_000


# ------------------------------------------------------------------------------ the browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if missing():
        pytest.skip(f"no browser: {missing()}")
    driver = browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def lively(runs, tmp_path_factory):
    """A page with ancestors, an episode and disabled genes."""
    stages = grown_line(4, 2, 40)
    record = replace(record_of(runs / "cartpole"), champion=stages[-1].genome, line=stages)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(record), "utf-8")
    return path


@pytest.fixture
def opened(chromium, lively):
    chromium.get(lively.as_uri())
    chromium.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    yield chromium
    assert [entry for entry in chromium.get_log("browser") if entry["level"] != "INFO"] == []


def find(driver, selector):
    return driver.find_element("css selector", selector)


def wait_for(driver, script):
    """The script's answer once it is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, 10, 0.05).until(lambda d: d.execute_script(f"return {script}"))


def point_at(driver, target, dx=0, dy=0):
    from selenium.webdriver import ActionChains

    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
    ActionChains(driver).move_to_element_with_offset(target, dx, dy).perform()


def keys(driver, *pressed):
    from selenium.webdriver import ActionChains

    chain = ActionChains(driver)
    for key in pressed:
        chain = chain.send_keys(key)
    chain.perform()


VISIBLE = "[...document.querySelectorAll('#graph .node:not(.gone)')].length"


def test_the_slider_shows_ancestors_and_nodes_stay_where_they_are(opened):
    from selenium.webdriver.common.keys import Keys

    places = "[...document.querySelectorAll('#graph .node')].map(n => n.getAttribute('transform'))"
    before, count = opened.execute_script(f"return {places}"), opened.execute_script(
        f"return {VISIBLE}"
    )  # fmt: skip
    assert find(opened, "#growth .told").text.startswith("The champion:")
    slider = find(opened, "#growth input")
    slider.send_keys(Keys.HOME)
    assert find(opened, "#growth output").text == "generation 1"
    assert find(opened, "#growth .told").text.startswith("Ancestor 1 of ")
    assert opened.execute_script(f"return {VISIBLE}") < count
    slider.send_keys(Keys.ARROW_RIGHT)
    assert find(opened, "#growth .told").text.startswith("Ancestor 2 of ")
    slider.send_keys(Keys.END)
    assert opened.execute_script(f"return {VISIBLE}") == count
    assert opened.execute_script(f"return {places}") == before
    find(opened, "#growth button").click()  # plays from the beginning
    wait_for(opened, "document.querySelector('#growth output').textContent !== 'generation 40'")
    find(opened, "#growth button").click()


def test_hovering_a_node_tells_its_genes_and_a_click_keeps_them(opened):
    node = find(opened, "#graph .node.hidden:not(.gone):not(.loose)")
    point_at(opened, node.find_element("css selector", "circle:nth-of-type(2)"))
    panel = find(opened, "#graph .genes")
    assert panel.get_attribute("aria-live") == "polite"
    assert re.match(r"h\d+ – hidden node", panel.text)
    assert "activation\ntanh" in panel.text and "bias" in panel.text
    assert "born in generation" in panel.text
    node.click()
    told = panel.text
    assert "Kept in view" in told
    point_at(opened, find(opened, "h1"))
    assert panel.text == told
    keys(opened, "\ue00c")  # Escape
    assert panel.text.startswith("Point at")


def test_hovering_a_connection_tells_its_genes(opened):
    spot = opened.execute_script("""
        const graph = GRAPHS[0];
        const w = graph.data.wires.findIndex((wire, w) => graph.isVisible(w)
          && wire.from < graph.data.inputs);
        const points = graph.points(w), p = points[points.length >> 1];
        graph.canvas.scrollIntoView({block: "center"});
        const {x, y, k: scale} = graph.view;
        return [x + p.x * scale - graph.wide / 2, y + p.y * scale - graph.tall / 2];
    """)
    point_at(opened, find(opened, "#graph .canvas"), *(round(x) for x in spot))
    text = find(opened, "#graph .genes").text
    assert re.match(r"\S+ → \S+\n", text.replace("cart ", "").replace("pole ", ""))
    assert all(word in text for word in ("weight", "enabled", "delayed", "innovation"))


def test_the_keyboard_reaches_nodes_connections_and_zoom(opened):
    from selenium.webdriver.common.keys import Keys

    opened.execute_script("document.querySelector('#off').focus()")
    keys(opened, Keys.TAB)
    focused = opened.switch_to.active_element
    assert focused.get_attribute("role") == "button"
    assert "input" in focused.get_attribute("aria-label")
    panel = find(opened, "#graph .genes")
    first = panel.text
    assert "– input" in first
    keys(opened, Keys.ARROW_RIGHT)
    assert "–" in panel.text and panel.text != first
    keys(opened, "n")
    assert "→" in panel.text and "innovation" in panel.text
    view = "GRAPHS[0].view.k"
    before = opened.execute_script(f"return {view}")
    keys(opened, "+")
    assert opened.execute_script(f"return {view}") > before
    keys(opened, "0")
    assert opened.execute_script(f"return {view}") == before


def test_a_wheel_zooms_a_graph_that_was_clicked_and_two_fingers_zoom_it_too(opened):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    canvas = find(opened, "#graph .canvas")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    view, place = "GRAPHS[0].view.k", "scrollY"
    origin = ScrollOrigin.from_element(canvas)
    before, scrolled = opened.execute_script(f"return [{view}, {place}]")
    ActionChains(opened).scroll_from_origin(origin, 0, -60).perform()
    assert opened.execute_script(f"return {view}") == before  # the page scrolled instead
    wait_for(opened, f"{place} !== {scrolled}")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(opened).move_to_element_with_offset(canvas, 0, -90).click().perform()
    ActionChains(opened).scroll_from_origin(origin, 0, -60).perform()
    wait_for(opened, f"{view} > {before}")
    find(opened, "#graph .bar button:nth-of-type(3)").click()
    zoomed = opened.execute_script("""
        const canvas = GRAPHS[0].canvas, box = canvas.getBoundingClientRect();
        canvas.setPointerCapture = () => {};
        const send = (name, id, x) => canvas.dispatchEvent(new PointerEvent(name, {
          bubbles: true, pointerId: id, clientX: box.left + x, clientY: box.top + 50 }));
        send("pointerdown", 5, 100);
        send("pointerdown", 6, 200);
        send("pointermove", 6, 300);
        send("pointerup", 5, 100);
        send("pointerup", 6, 300);
        return GRAPHS[0].view.k / GRAPHS[0].home.k;
    """)
    assert zoomed == pytest.approx(2.0)


def test_nodes_are_dragged_and_reset_puts_them_back(opened):
    from selenium.webdriver import ActionChains

    node = find(opened, "#graph .node.hidden:not(.gone):not(.loose)")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", node)
    place = node.get_attribute("transform")
    lines = "[...document.querySelectorAll('#graph .line')].map(p => p.getAttribute('d')).join()"
    before = opened.execute_script(f"return {lines}")
    circle = node.find_element("css selector", "circle:nth-of-type(2)")
    ActionChains(opened).drag_and_drop_by_offset(circle, 40, 25).perform()
    assert node.get_attribute("transform") != place
    assert opened.execute_script(f"return {lines}") != before
    wires = find(opened, "#graph .wires")
    assert not wires.find_elements("css selector", "g[style*=hidden]")
    find(opened, "#graph .bar button:nth-of-type(3)").click()
    assert node.get_attribute("transform") == place
    assert opened.execute_script(f"return {lines}") == before


def test_disabled_connections_and_the_table_of_genes_can_be_shown(opened):
    shown = "document.querySelectorAll('#graph .wire:not(.gone)').length"
    before = opened.execute_script(f"return {shown}")
    find(opened, "#off").click()
    after = opened.execute_script(f"return {shown}")
    assert after > before
    find(opened, "#genes summary").click()
    rows = "document.querySelectorAll('#genes .table:last-child tbody tr').length"
    assert wait_for(opened, rows) == after


def test_the_episode_plays_and_can_be_scrubbed(opened):
    opened.execute_script("document.querySelector('#work').scrollIntoView()")
    wait_for(opened, "document.querySelector('#activity canvas') !== null")
    colors = ("[...document.querySelectorAll('#activity .node circle:nth-of-type(2)')]"
              ".map(c => c.style.fill).join('|')")  # fmt: skip
    first = opened.execute_script(f"return {colors}")
    assert "rgb" in first and find(opened, "#activity output").text == "tick 1"
    find(opened, "#activity .play").click()
    assert find(opened, "#activity .play").text == "Pause"
    wait_for(opened, "document.querySelector('#activity output').textContent > 'tick 1'")
    find(opened, "#activity .play").click()
    assert opened.execute_script(f"return {colors}") != first
    box = find(opened, "#activity .field")
    width = box.size["width"]
    from selenium.webdriver import ActionChains

    ActionChains(opened).move_to_element_with_offset(box, width // 2 - 3, 0).click().perform()
    total = opened.execute_script("return DATA.work.episodes[0].values[0].length")
    assert find(opened, "#activity output").text == f"tick {total}"
    assert "return so far" in find(opened, "#activity .genes").text


def test_the_theme_can_be_changed(opened):
    background = "getComputedStyle(document.body).backgroundColor"
    stroke = "document.querySelector('#graph .wire:not(.gone) .line').getAttribute('stroke')"
    seen = [opened.execute_script(f"return [{background}, {stroke}]")]
    for _ in range(2):
        find(opened, "#theme").click()
        seen.append(opened.execute_script(f"return [{background}, {stroke}]"))
    assert seen[0] == seen[2] != seen[1] and seen[0][1] != seen[1][1]
    shown = "[...document.querySelectorAll('figure img')].filter(i => i.offsetParent).length"
    images = opened.execute_script("return document.querySelectorAll('figure img').length")
    assert opened.execute_script(f"return {shown}") == images / 2


@pytest.mark.usefixtures("unpainted")
def test_nothing_is_loaded_and_hostile_names_do_nothing(chromium, runs, tmp_path):
    record = record_of(runs / "xor")
    named = record.champion.with_interface(input_names=(HOSTILE, "b"), output_names=("<b>",))
    record = replace(record, name=HOSTILE, champion=named, line=[Ancestor(1, named, 1.0, -1)])
    path = tmp_path / "hostile.html"
    path.write_text(page(record), "utf-8")
    chromium.get(path.as_uri())
    loaded = "performance.getEntriesByType('resource').map(e => e.name.slice(0, 5))"
    assert set(chromium.execute_script(f"return {loaded}")) <= {"data:"}
    assert find(chromium, "h1").text.startswith(HOSTILE)
    assert HOSTILE[:11] in find(chromium, "#graph .names").get_attribute("textContent")
    assert [e for e in chromium.get_log("browser") if e["level"] != "INFO"] == []


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_sticks_out_of_the_page(chromium, lively, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        chromium.get(lively.as_uri())
        chromium.execute_script("document.querySelector('#work').scrollIntoView()")
        wait_for(chromium, "document.querySelector('#activity canvas') !== null")
        wide = chromium.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_graph_of_2000_connections_opens_in_2_seconds_and_can_be_dragged(
    chromium, runs, tmp_path
):
    large = large_genome(300, 2000)
    record = replace(
        record_of(runs / "xor"), champion=large, problem=None, line=[Ancestor(1, large, 1.0, -1)]
    )
    path = tmp_path / "large.html"
    path.write_text(page(record), "utf-8")

    opened, frames = [], []
    for _ in range(3):  # others may be at work on the machine
        chromium.get(path.as_uri())
        opened.append(chromium.execute_async_script(OPENED))
        frames.append(chromium.execute_async_script(DRAG)[1])
        if opened[-1] < 2000.0 and frames[-1] >= 30.0:
            break
    assert min(opened) < 2000.0 and max(frames) >= 30.0
