"""Reports of champions that store and fire: the picture of potentials, marks in the graph."""

from dataclasses import replace

import numpy as np
import pytest
from test_report import Page

import neatgrow as ng
from benchmarks.browser import browser, missing
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.pages.episodes import Work, work_of
from neatgrow.plotting.pages.record import record_of
from neatgrow.plotting.pages.report import page
from neatgrow.plotting.pages.timed import is_timed, time_course
from neatgrow.plotting.values import activity, answers
from neatgrow.problems import catalogue

WORDS = "Potentials and spikes over the first"


def spiking(inputs, outputs, **timing):
    """A lif node between inputs and outputs, which are leaky."""
    edges = [(i, "h", {"weight": 2.0}) for i in range(inputs)]
    edges += [("h", inputs + o, {"weight": 1.0 - o}) for o in range(outputs)]
    nodes = {inputs + o: {"dynamics": "leaky", "time_constant": 4.5} for o in range(outputs)}
    nodes["h"] = {"dynamics": "lif", "time_constant": 3.0, "threshold": 0.2}
    genome = ng.Genome.from_edges(edges, inputs=inputs, outputs=outputs, nodes=nodes)
    return genome.with_interface(**timing)


def problems():
    X = np.random.default_rng(0).normal(size=(30, 2))

    def wave(network):
        network.reset()
        return -sum(abs(network.activate([t / 5.0])[0]) for t in range(20))

    def asked(network):
        return float(network.predict(np.arange(6.0)[:, None]).sum())

    return {
        "supervised": ng.Supervised(X, X[:, :1]), "recall": catalogue.build("recall"),
        "pole": catalogue.build("pole"), "cartpole": ng.Gymnasium("CartPole-v1", max_steps=15),
        "activate": ng.evolve(wave, inputs=1, outputs=1, generations=1, seed=1).problem,
        "predict": ng.evolve(asked, inputs=1, outputs=1, generations=1, seed=1).problem,
    }  # fmt: skip


@pytest.mark.parametrize("name", [
    "supervised", "cartpole", "activate", "predict", pytest.param("recall", marks=pytest.mark.slow),
    pytest.param("pole", marks=pytest.mark.slow),
])  # fmt: skip
def test_the_inputs_of_an_episode_are_those_that_its_values_follow_from(name):
    problem = problems()[name]
    champion = spiking(problem.inputs, problem.outputs, ticks=3, readout="mean")
    work, network = work_of(problem, champion), champion.compile()
    for episode in work.episodes:
        again = (answers if work.samples else activity)(network, episode.inputs)
        np.testing.assert_allclose(again, episode.values, rtol=1e-6)
    assert WORDS in time_course(work, champion)
    alone = champion.with_interface(ticks=1, readout="last")
    assert (WORDS in time_course(work, alone)) == (not work.samples)


def test_a_picture_of_potentials_is_of_the_first_ticks_alone(monkeypatch):
    seen = {}

    def draw(champion, inputs, *, theme):
        seen[theme] = inputs
        return ng.draw_activity(champion, inputs, theme=theme)

    monkeypatch.setattr("neatgrow.plotting.pages.timed.draw_activity", draw)
    champion, X = spiking(1, 1, ticks=10), np.linspace(0, 1, 100)[:, None]
    work = work_of(problems()["activate"], champion)
    longer = Work("", False, [replace(work.episodes[0], inputs=X)])
    text = time_course(longer, champion)
    np.testing.assert_array_equal(seen["light"], X[:16])
    assert sorted(seen) == ["dark", "light"] and f"{WORDS} 16 observations, of 10 ticks" in text
    assert f"{WORDS} sample, of 10 ticks each" in time_course(
        replace(longer, samples=True), champion
    )


@pytest.fixture(scope="module")
def record():
    return record_of(ng.evolve(problems()["supervised"], generations=1, seed=1))


@pytest.fixture(scope="module")
def timed_page(record):
    """Of a champion made by hand."""
    genome = spiking(2, 1, ticks=4)
    line = [Ancestor(1, genome, 0.0, -1)]
    return page(replace(record, champion=genome, judged=genome, line=line))


def test_only_champions_of_which_a_node_is_not_instant_have_one(record, timed_page):
    timed, plain = spiking(2, 1), ng.Genome.from_edges([(0, 2), (1, 2)], inputs=2, outputs=1)
    loose = ng.Genome.from_edges(  # of which only a node without an answer stores anything
        [(0, 2), (1, "h")], inputs=2, outputs=1,
        nodes={"h": {"dynamics": "leaky", "time_constant": 2.0}},
    )  # fmt: skip
    assert [is_timed(genome) for genome in (timed, plain, loose)] == [True, False, False]
    assert WORDS not in page(record)
    made = Page(timed_page)
    assert WORDS in made.text and 'class="failed"' not in timed_page
    assert any("membrane potentials" in image["alt"] for image in made.images)


def test_the_browser_shows_marks_and_time_constants(timed_page, tmp_path):
    if missing():
        pytest.skip(f"no browser: {missing()}")
    path = tmp_path / "report.html"
    path.write_text(timed_page, "utf-8")
    driver = browser(tmp_path / "profile")
    try:
        driver.get(path.as_uri())
        said = driver.execute_script(
            "return [...document.querySelectorAll('#graph .node')].map((n) => "
            "[n.getAttribute('aria-label').split(',')[0], "
            "n.querySelector('.dynamics')?.getAttribute('class') ?? '', "
            "(n.querySelector('.dynamics')?.getAttribute('d') ?? '').split('M').length - 1, "
            "[...n.querySelectorAll('text')].map((t) => t.textContent).join(' ')])"
        )
        key = driver.execute_script("return document.querySelector('#graph .key').textContent")
        logged = [entry for entry in driver.get_log("browser") if entry["level"] != "INFO"]
    finally:
        driver.quit()
    nodes = {name: rest for name, *rest in said}
    assert nodes["in0"][:2] == ["", 0]
    assert nodes["h1"][:2] == ["dynamics", 1] and "τ 3" in nodes["h1"][2]
    assert nodes["out0"][:2] == ["dynamics inner", 1] and "τ 4.5" in nodes["out0"][2]
    assert "leaky" in key and "lif, spiking" in key and "izhikevich" not in key
    assert logged == []
