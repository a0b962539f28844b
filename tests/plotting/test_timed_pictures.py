"""Pictures of networks that store and fire: marks, potentials, spikes, phase portraits, films."""

import io
import json
import re

import numpy as np
import pytest
from conftest import grown
from matplotlib.colors import to_hex
from PIL import Image
from test_pictures import axes_of, by_gid, decoded, legend_texts, saved

import neatgrow as ng
from neatgrow.kernels import dynamics
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.graph.activity import ActivityFigure
from neatgrow.plotting.graph.layers import arrange
from neatgrow.plotting.graph.marks import dynamics_marks
from neatgrow.plotting.pages.interactive import graph_data
from neatgrow.plotting.theme import THEMES, ink_on, value_map
from neatgrow.plotting.values import levels
from neatgrow.timing import izhikevich_type

THEME_NAMES = ("light", "dark")
TIMED = {
    "genes.dynamics": ng.Choices(
        start="random", options=("instant", "leaky", "lif", "izhikevich"), swap_rate=0.2
    ),
    **{f"genes.{name}": True for name in (
        "time_constant", "izhikevich_a", "izhikevich_b", "izhikevich_c", "izhikevich_d"
    )},
    "genes.time_constant.mutate_rate": 0.8, "genes.weight.start_spread": 8.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def mixed():
    """A node of every kind: lif h1, izhikevich h2, leaky h3, an instant output."""
    nodes = {
        "a": {"dynamics": "lif", "time_constant": 4.0, "threshold": 0.8},
        "b": izhikevich_type("chattering"),
        "c": {"dynamics": "leaky", "time_constant": 6.0},
        3: {"dynamics": "instant"},
    }
    edges = [
        (0, "a", {"weight": 2.0}), (1, "b", {"weight": 14.0}), ("a", "c", {"weight": 1.5}),
        ("b", "c", {"weight": -2.0}), ("c", 3), (2, "c", {"weight": 0.5}), ("a", 3),
    ]  # fmt: skip
    return ng.Genome.from_edges(edges, inputs=3, outputs=1, nodes=nodes)


@pytest.fixture(scope="module", name="X")
def observations():
    return np.abs(np.random.default_rng(0).normal(size=(8, 3)))


def spikes_of(figure, gid="spikes"):
    """(tick, row) of every line of a raster."""
    (lines,) = by_gid(figure["raster"] if isinstance(figure, dict) else figure, gid).values()
    return {(round(s[0][0]), round(s[:, 1].mean())) for s in lines.get_segments()}


# ---------------------------------------------------------------------------------- marks


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_every_dynamics_has_a_mark_and_a_word_and_instant_nodes_have_none(mixed, theme):
    figure = ng.draw(mixed, theme=theme)
    labels = {node: label for label, node in _ids(mixed).items()}
    marks = by_gid(figure, "dynamics-")
    assert {labels[int(gid.split("-")[1])] for gid in marks} == {"h1", "h2", "h3"}
    assert {"leaky", "lif, spiking", "izhikevich, spiking"} <= set(legend_texts(figure))
    found = dynamics_marks(("leaky", "lif", "izhikevich", "instant"))
    assert list(found) == ["leaky", "lif", "izhikevich"]
    lines = [len(mark.lines) for mark in found.values()]
    assert lines == [1, 1, 2] and [mark.inner for mark in found.values()] == [True, False, False]
    saved(figure)


def _ids(genome):
    return {label: node for node, label in genome.labels().items()}


def test_time_constants_are_written_of_the_nodes_that_have_one_and_nothing_else_is(mixed):
    figure = ng.draw(mixed)
    texts = [t.get_text() for axes in figure.axes for t in axes.texts]
    assert "τ 4" in texts and "τ 6" in texts
    assert not [t for t in texts if re.search("θ|lif|leaky|izh|-65|0.02", t)]
    assert len([t for t in texts if "τ" in t]) == 2


def test_a_dynamics_of_ones_own_has_a_broken_ring_its_name_and_its_column(monkeypatch):
    monkeypatch.setattr(dynamics, "_registered", {})

    def held(z, state, parameters):
        state[0] += parameters[0] * (z - state[0])
        return state[0]

    ng.register_column("hold_of_marks", "node", ng.Values(start_mean=0.5), label="hold")
    ng.register_dynamics("held", held, columns=("hold_of_marks",))
    node = {"dynamics": "held", "hold_of_marks": 0.25}
    genome = ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1, nodes={1: node})
    figure = ng.draw(genome)
    assert "held" in legend_texts(figure) and len(dynamics_marks(["held"])["held"].lines) == 8
    assert "hold 0.25" in [t.get_text() for t in figure.axes[0].texts]
    saved(ng.draw_activity(genome, np.ones((4, 1))))


def test_marks_names_and_captions_do_not_touch_other_nodes():
    genomes = grown(4, inputs=3, outputs=2, generations=12, **TIMED)
    figures = [ng.draw(genomes[k]) for k in range(12)]
    figure = max(figures, key=lambda figure: len(by_gid(figure, "dynamics-")))
    figure.canvas.draw()
    marks = {k.split("-")[1]: a for k, a in by_gid(figure, "dynamics-").items()}
    nodes = {k.split("-")[1]: a for k, a in by_gid(figure, "node-").items()}
    assert len(marks) > 3
    for of, mark in marks.items():
        box = mark.get_window_extent()
        assert not [k for k, n in nodes.items() if k != of and box.overlaps(n.get_window_extent())]


def test_the_page_has_the_same_marks(mixed):
    data = graph_data([Ancestor(1, mixed, 1.0, -1)])
    assert set(data["dynamics"]) == {"leaky", "lif", "izhikevich"}
    assert data["dynamics"]["lif"]["told"] == ["τ"] == data["dynamics"]["leaky"]["told"]
    assert data["dynamics"]["izhikevich"]["told"] == []
    want = dynamics_marks(["leaky"])["leaky"].lines
    np.testing.assert_allclose(data["dynamics"]["leaky"]["lines"], want, atol=0.005)
    assert "τ" in data["node_genes"] and "dynamics" in data["node_genes"]
    json.dumps(data)
    plain = graph_data([Ancestor(1, ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1), 1.0, -1)])
    assert plain["dynamics"] == {}


# -------------------------------------------------------------------------------- activity


@pytest.mark.parametrize("theme", THEME_NAMES)
@pytest.mark.parametrize("coding", ["current", "rate"])
def test_strip_and_raster_hold_what_the_recording_holds(mixed, X, theme, coding):
    genome = mixed.with_interface(ticks=6, input_coding=coding)
    recording = genome.compile(np.float64).record(X)
    figure = ng.draw_activity(genome, X, theme=theme, title="At work")
    (strip,) = by_gid(figure, "strip").values()
    diagram = arrange(genome, False)
    rows = diagram.rows[3:]
    names = [genome.labels()[diagram.node_id(v)] for v in rows]
    assert [t.get_text() for t in axes_of(figure)["strip"].get_yticklabels()] == names
    shown = dict(zip(names, np.asarray(strip.get_array()), strict=True))
    held = dict(zip(names, [v - 3 for v in rows], strict=True))
    v = recording.potentials
    np.testing.assert_allclose(shown["h1"], v[:, held["h1"]] / 0.8)
    np.testing.assert_allclose(shown["h2"], (v[:, held["h2"]] + 65.0) / 95.0)
    # Leaky and instant nodes share one scale.
    out, leaky = recording.values[:, held["out0"]], v[:, held["h3"]]
    limit = np.abs(np.stack([out, leaky])).max()
    np.testing.assert_allclose(shown["h3"], leaky / limit)
    np.testing.assert_allclose(shown["out0"], out / limit)
    ranges = {t.get_text().strip() for t in by_gid(figure, "range-").values()}
    assert {"θ 0.8", "−65…30 mV"} <= ranges
    # The raster: nodes that may fire, then inputs.
    fired = [name for name in names if name in ("h1", "h2")]
    labels = [t.get_text() for t in axes_of(figure)["raster"].get_yticklabels()]
    assert labels == [*fired, "in0", "in1", "in2"]
    want = {
        (t + 1, k) for k, name in enumerate(fired)
        for t in np.flatnonzero(recording.spikes[:, held[name]])
    }  # fmt: skip
    assert spikes_of(figure) == want and len(want) > 5
    if coding == "rate":
        t, i = np.nonzero(recording.inputs)
        assert spikes_of(figure, "input-spikes") == set(zip(t + 1, i + 2, strict=True))
        assert "±" not in " ".join(ranges)
    else:
        (image,) = by_gid(figure, "inputs").values()
        np.testing.assert_allclose(image.get_array(), (recording.inputs / X.max(axis=0)).T)
    for name in ("strip", "raster"):
        lines = [a for a in axes_of(figure)[name].lines if "observation" in str(a.get_gid())]
        assert [line.get_xdata()[0] for line in lines] == [6 * k + 0.5 for k in range(1, 8)]
    assert axes_of(figure)["raster"].get_xlim() == axes_of(figure)["strip"].get_xlim()
    saved(figure)


def test_nodes_are_filled_by_their_potential_and_ringed_when_they_fire(mixed, X):
    genome = mixed.with_interface(ticks=6)
    recording, colors = genome.compile(np.float64).record(X), value_map(THEMES["light"])
    shares = levels(recording).shares
    diagram = arrange(genome, False)
    for tick in (*np.flatnonzero(recording.spikes.any(axis=1))[:3], 0, len(recording) - 1):
        figure = ng.draw_activity(genome, X, tick=int(tick))
        flashes = by_gid(figure, "spike-")
        for vertex in range(len(diagram.genes)):
            circle = by_gid(figure, "node-")[f"node-{diagram.node_id(vertex)}"]
            want = colors(np.clip(shares[tick, vertex], -1, 1) / 2 + 0.5)
            assert to_hex(circle.get_facecolor()) == to_hex(want)
            flash = flashes.get(f"spike-{diagram.node_id(vertex)}")
            fires = vertex >= 3 and recording.spikes[tick, vertex - 3]
            assert (flash is not None and flash.get_visible()) == fires
        ring = by_gid(figure, f"dynamics-{_ids(genome)['h3']}")
        under = by_gid(figure, "node-")[f"node-{_ids(genome)['h3']}"].get_facecolor()
        (ink,) = (to_hex(a.get_edgecolor()) for a in ring.values())
        assert ink == ink_on(under)
        for cursor in by_gid(figure, "cursor").values():
            assert cursor.get_xdata()[0] == tick + 1
    assert "fires" in legend_texts(figure)


def test_leaky_networks_have_potentials_in_the_strip_and_no_raster():
    nodes = {1: {"dynamics": "leaky", "time_constant": 5.0}}
    genome = ng.Genome.from_edges([(0, 1, {"weight": 3.0})], inputs=1, outputs=1, nodes=nodes)
    figure = ng.draw_activity(genome, np.ones((9, 1)))
    (strip,) = by_gid(figure, "strip").values()
    v = genome.compile(np.float64).record(np.ones((9, 1))).potentials[:, 0]
    assert v.max() > 1.0  # it is not the value
    np.testing.assert_allclose(np.asarray(strip.get_array()), [np.ones(9), v / v.max()])
    assert "raster" not in axes_of(figure) and "fires" not in legend_texts(figure)
    assert axes_of(figure)["strip"].get_title(loc="left") == "membrane potential"


def test_instant_networks_that_stare_show_every_tick():
    genome = ng.Genome.from_edges([(0, 1), (1, 1)], inputs=1, outputs=1).with_interface(ticks=3)
    figure = ng.draw_activity(genome, np.ones((4, 1)))
    (strip,) = by_gid(figure, "strip").values()
    assert np.asarray(strip.get_array()).shape == (2, 12)
    assert axes_of(figure)["strip"].get_xlabel() == "tick, 3 to an observation"
    assert axes_of(figure)["strip"].get_title(loc="left") == ""
    with pytest.raises(ValueError, match="tick: expected a tick of the 12 given, got 12"):
        ng.draw_activity(genome, np.ones((4, 1)), tick=12)


def test_nothing_overlaps_in_a_picture_of_spikes(mixed, X):
    figure = ng.draw_activity(mixed.with_interface(ticks=6), X)
    figure.canvas.draw()
    strip, raster, bar = (axes_of(figure)[n].get_tightbbox() for n in ("strip", "raster", "bar"))
    legends = [a.get_window_extent() for a in by_gid(figure, "legend").values()]
    assert raster.y0 >= 0 and raster.y1 <= strip.y0 and raster.x0 >= 0
    assert all(box.y0 > strip.y1 for box in legends)
    ranges = [t.get_window_extent() for t in by_gid(figure, "range-").values()]
    assert max(box.x1 for box in ranges) < bar.x0 and bar.x1 <= figure.bbox.width


def test_a_title_does_not_lie_on_the_picture_of_an_environment(mixed, X):
    recording, picture = mixed.compile().record(X), np.zeros((400, 600, 3), np.uint8)
    figure = ActivityFigure(mixed, recording, THEMES["dark"], "At work", picture).figure
    figure.canvas.draw()
    (title,) = by_gid(figure, "title").values()
    environment = axes_of(figure)["environment"].get_window_extent()
    assert title.get_window_extent().y0 >= environment.y1
    assert environment.y0 > axes_of(figure)["strip"].get_tightbbox().y1


def test_wild_timed_genomes_are_drawn():
    genomes = grown(6, inputs=2, outputs=1, generations=8, **TIMED)
    X = np.random.default_rng(3).normal(size=(5, 2)) * 30.0
    for k in range(4):
        saved(ng.draw_activity(genomes[k].with_interface(ticks=4), X, theme="dark"))
    saved(ng.draw_activity(genomes[0].compile(), X))


# ----------------------------------------------------------------------------------- films


def test_a_film_shows_every_tick_of_an_observation_or_its_last(mixed, X, tmp_path):
    genome = mixed.with_interface(ticks=5)
    ng.animate_activity(genome, X[:3], tmp_path / "all.gif", dpi=50)
    ng.animate_activity(genome, X[:3], tmp_path / "last.gif", dpi=50, every=5)
    (every, _), (last, _) = (decoded(tmp_path / f"{name}.gif") for name in ("all", "last"))
    assert len(every) == 15 and len(last) == 3
    drawn = np.asarray(_pixels(ng.draw_activity(genome, X[:3], tick=4), 50))
    other = np.asarray(_pixels(ng.draw_activity(genome, X[:3], tick=0), 50))
    assert _far(every[4], drawn) < 0.5 * _far(every[4], other)
    assert _far(last[0], drawn) < 0.5 * _far(last[0], other)


def test_a_frame_of_a_film_that_leaves_ticks_out_has_their_spikes(mixed, X):
    genome = mixed.with_interface(ticks=5)
    recording = genome.compile(np.float64).record(X)
    drawn = ActivityFigure(genome, recording, THEMES["dark"])
    flashes = by_gid(drawn.figure, "spike-")
    ids = genome.node_id[recording.node_gene].tolist()
    quiet = 0
    for tick in range(4, len(recording), 5):
        drawn.show(tick, since=5)
        fired = recording.spikes[tick - 4 : tick + 1].any(axis=0)
        quiet += bool(fired.any() and not recording.spikes[tick].any())
        for gid, flash in flashes.items():
            assert flash.get_visible() == fired[ids.index(int(gid.split("-")[1]))]
    assert quiet  # some spikes were in ticks left out alone


def _pixels(figure, dpi):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return Image.open(file).convert("RGB")


def _far(frame, picture):
    high, wide = min(frame.shape[0], picture.shape[0]), min(frame.shape[1], picture.shape[1])
    a, b = frame[:high, :wide].astype(float), picture[:high, :wide].astype(float)
    return np.abs(a - b).mean()


def test_a_spiking_controller_of_a_pole_is_filmed(tmp_path):
    config = ng.Config(population_size=12, dynamics="lif", ticks=4, readout="mean")
    problem = ng.Gymnasium("CartPole-v1", max_steps=12)
    champion = ng.evolve(problem, config=config, generations=1, seed=1).champion
    steps = list(problem.play(champion.compile(), render_mode="rgb_array"))
    inputs, frames = [s.observation for s in steps], [s.view for s in steps]
    ng.animate_activity(champion, inputs, tmp_path / "pole.gif", frames, dpi=40)
    with Image.open(tmp_path / "pole.gif") as film:
        assert film.n_frames > 2 * len(steps)  # frames that look alike are one in a GIF
    with pytest.raises(ValueError, match=f"frames: expected {len(steps)}, one per row of inputs"):
        ng.animate_activity(champion, inputs, tmp_path / "pole.gif", frames[1:])


# ------------------------------------------------------------------------------------ phase


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_a_phase_portrait_is_the_course_of_two_nodes(mixed, X, theme):
    genome = mixed.with_interface(ticks=6)
    recording = genome.compile(np.float64).record(X)
    ids = genome.node_id[recording.node_gene].tolist()
    a, b, out = (ids.index(_ids(genome)[name]) for name in ("h1", "h2", "out0"))
    figure = ng.draw_phase(genome, X, ("h1", "h2"), theme=theme, title="Phase")
    (course,) = by_gid(figure, "course").values()
    points = recording.potentials[:, [a, b]]
    want = np.stack([points[:-1], points[1:]], axis=1)
    np.testing.assert_allclose(np.array(course.get_segments()), want)
    pale = course.get_colors()[:, 3] < 1.0
    np.testing.assert_array_equal(pale, recording.spikes[1:, [a, b]].any(axis=1))
    for name, at in (("start", 0), ("end", -1)):
        (marker,) = by_gid(figure, name).values()
        np.testing.assert_allclose(np.ravel(marker.get_xydata()), points[at])
    (axes,) = (axes for axes in figure.axes if axes.get_xlabel())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("h1, potential", "h2, potential in mV")
    assert len(by_gid(figure, "threshold-")) == 2
    saved(figure)
    # By id; values where there is no potential; an input.
    figure = ng.draw_phase(genome, X, (_ids(genome)["out0"], "in1"), theme=theme)
    (course,) = by_gid(figure, "course").values()
    ends = np.array(course.get_segments())[:, 1]
    np.testing.assert_allclose(ends[:, 0], recording.values[1:, out])
    np.testing.assert_allclose(ends[:, 1], recording.inputs[1:, 1])
    assert figure.axes[0].get_xlabel() == "out0" and figure.axes[0].get_ylabel() == "in1"


def test_phase_portraits_of_networks_and_of_one_tick_are_drawn(mixed, X):
    saved(ng.draw_phase(mixed.compile(), X, ("h1", "h3")))
    saved(ng.draw_phase(mixed, X[:1], ["h1", "h3"]))


def test_phase_portraits_refuse_what_they_do_not_know(mixed, X):
    with pytest.raises(ValueError) as error:
        ng.draw_phase(mixed, X, ("out1", "h1"))
    assert str(error.value).startswith("nodes: expected one of in0, in1, in2, ")
    assert str(error.value).endswith("got 'out1'. Did you mean 'out0'?")
    with pytest.raises(ValueError, match="nodes: expected the id of an input, or of a node that"):
        ng.draw_phase(mixed, X, (0, 77))
    for nodes in ("h1", ("h1",), ("h1", "h2", "h3"), 3):
        with pytest.raises(TypeError, match=r"nodes: expected two nodes, got .* Pass labels such"):
            ng.draw_phase(mixed, X, nodes)
    with pytest.raises(ValueError, match="inputs: expected at least one observation, got none"):
        ng.draw_phase(mixed, X[:0], ("h1", "h2"))
