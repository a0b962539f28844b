"""Pictures of activity, runs, decisions and learning: what is in them, and that files decode."""

import base64
import io
import json
import re
import stat
import subprocess
import sys
import time
import warnings
from itertools import pairwise

import numpy as np
import oracles
import pytest
from conftest import DEGENERATE, any_genome, build, grown
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image

import neatgrow as ng
from benchmarks.bench_report import large_genome
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.films.film import Film
from neatgrow.plotting.graph.layers import arrange
from neatgrow.plotting.theme import THEMES, ink_on
from neatgrow.plotting.values import activity, genome_of
from neatgrow.runs.history import COLUMNS, TIMES, History

H = 2**62
THEME_NAMES = ("light", "dark")


def by_gid(figure, start):
    """gid → artist of the whole figure."""
    found = figure.findobj(lambda artist: str(artist.get_gid()).startswith(start))
    return {artist.get_gid(): artist for artist in found}


def axes_of(figure):
    return {axes.get_label(): axes for axes in figure.axes}


def saved(figure):
    """The pixels of a PNG, which must differ from one another."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=60)
    image = Image.open(file).convert("RGB")
    assert len(image.getcolors(image.width * image.height)) > 10
    return np.asarray(image)


def legend_texts(figure):
    legends = figure.findobj(lambda artist: artist.get_gid() == "legend")
    return [text.get_text() for legend in legends for text in legend.get_texts()]


@pytest.fixture(scope="module")
def large():
    return large_genome(300, 2000)


@pytest.fixture(scope="module")
def small():
    """2 inputs, a self-loop, mixed functions, 2 outputs."""
    nodes = {H: ("gauss", "product", 0.5), H + 1: ("tanh", "sum", 0.0)}
    ends = [(0, H), (1, H), (H, H + 1), (H + 1, H + 1), (H + 1, 2), (1, 3)]
    weights = [1.0, -2.0, 0.5, 0.9, -1.0, 0.7]
    return build(2, 2, nodes, [(*e, w, True) for e, w in zip(ends, weights, strict=True)])


# ---------------------------------------------------------------------------- large graphs


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_2000_connections_are_drawn_in_3_seconds(large, theme):
    ng.draw(large_genome(5, 20, 0)).savefig(io.BytesIO())  # what is loaded and compiled once
    start = time.process_time()
    figure = ng.draw(large, theme=theme)
    figure.savefig(io.BytesIO(), format="png")
    assert time.process_time() - start < 3.0
    assert max(figure.get_size_inches()) <= 15.0


def test_connections_of_a_dense_graph_are_one_artist_of_all_of_them_the_strongest_on_top(large):
    figure = ng.draw(large)
    (wires,) = by_gid(figure, "connections").values()
    kept = arrange(large, False).wires
    halos = [to_hex(color) == "#ffffff" for color in wires.get_edgecolors()]
    assert len(wires.get_paths()) - sum(halos) == len(kept) > 1900
    widths = np.array(wires.get_linewidths())[~np.array(halos)]
    assert (np.diff(widths) >= 0).all() and widths[-1] > 4 * widths[0]
    assert len(by_gid(figure, "node-")) == 315
    assert not [t for t in figure.axes[0].texts if t.get_text().startswith("h")]


def test_nodes_of_a_dense_graph_stand_apart_inside_the_figure_between_inputs_and_outputs(large):
    figure = ng.draw(large)
    nodes = {int(k[5:]): c for k, c in by_gid(figure, "node-").items()}
    centres = np.array([c.center for c in nodes.values()])
    radius = nodes[0].radius
    distance = np.hypot(*(centres[:, None] - centres[None]).T)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 2.2 * radius
    assert (centres > radius).all() and (centres < figure.get_size_inches() - radius).all()
    assert max(nodes[i].center[0] for i in range(10)) == centres[:, 0].min()
    assert min(nodes[o].center[0] for o in range(10, 15)) == centres[:, 0].max()
    heights = [nodes[i].center[1] for i in range(10)]
    assert heights == sorted(heights, reverse=True)


def test_a_dense_graph_of_many_functions_and_disabled_genes_is_drawn():
    genome = large_genome(60, 420, 30)
    packed = genome.packed
    choices, enabled = packed.node_choices.copy(), packed.enabled.copy()
    choices[:, 0] = np.arange(len(choices)) % 5
    enabled[::7] = False
    mixed = ng.Genome(packed._replace(node_choices=choices, enabled=enabled), genome.interface)
    for theme in THEME_NAMES:
        figure = ng.draw(mixed, theme=theme, show_disabled=True)
        saved(figure)
        assert "disabled" in legend_texts(figure)


# -------------------------------------------------------------------------------- networks


@settings(max_examples=60)
@given(any_genome())
def test_a_network_gives_back_a_genome_that_computes_the_same(genome):
    network = genome.compile(np.float64)
    again = genome_of(network)
    again.check()
    x = np.random.default_rng(0).normal(size=(6, 3, genome.n_inputs))
    np.testing.assert_allclose(
        again.compile(np.float64).run(x), network.run(x), rtol=1e-9, atol=1e-9
    )
    assert again.n_connections == len(arrange(genome, False).wires)


def test_a_network_is_drawn_as_its_genome_is(small):
    names = [len(by_gid(ng.draw(what), "node-")) for what in (small, small.compile())]
    assert names == [6, 6]
    assert len(by_gid(ng.draw(small.compile()), "connection-")) == 6


# -------------------------------------------------------------------------------- activity


def slow_activity(genome, inputs, noise=0.0):
    """Values of a network's nodes by id, tick by tick, from the slow twin."""
    slow = oracles.SlowNetwork(genome, noise)
    table = []
    for x in inputs:
        slow.tick(x)
        table.append({v: a for v, a in slow.past[-1].items() if v in slow.order})
    return table


@settings(max_examples=60)
@given(any_genome(), st.integers(1, 5))
def test_node_values_are_those_of_the_slow_twin(genome, ticks):
    inputs = np.random.default_rng(ticks).normal(size=(ticks, genome.n_inputs))
    values = activity(genome, inputs)
    diagram = arrange(genome, False)
    assert values.shape == (ticks, len(diagram.genes))
    np.testing.assert_array_equal(values[:, : genome.n_inputs], inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        slow, rough = slow_activity(genome, inputs), slow_activity(genome, inputs, 1e-12)
    for t in range(ticks):
        for vertex in range(genome.n_inputs, len(diagram.genes)):
            want, other = (table[t][diagram.node_id(vertex)] for table in (slow, rough))
            if not np.isclose(want, other, equal_nan=True):
                return  # rounding decides from here on, as of a step at its edge
            np.testing.assert_allclose(values[t, vertex], want, rtol=1e-6, atol=1e-6)


def test_outputs_among_the_values_are_what_the_network_answers(small):
    x = np.random.default_rng(1).normal(size=(7, 2))
    at = arrange(small, False).outputs
    want = small.compile(np.float64).run(x[:, None])[:, 0]
    np.testing.assert_array_equal(activity(small, x)[:, at], want)


def test_statistics_of_inputs_are_applied(small):
    carrying = small.with_interface(input_mean=np.array([1.0, 2.0]), input_scale=np.ones(2) / 2)
    np.testing.assert_allclose(activity(carrying, [[3.0, 2.0]])[0, :2], [1.0, 0.0])


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_the_strip_holds_all_values_by_the_scale_of_their_row(small, theme):
    x = np.stack([np.linspace(-3, 3, 20), np.full(20, 0.1)], axis=1)
    figure = ng.draw_activity(small, x, theme=theme, title="At work")
    (strip,) = by_gid(figure, "strip").values()
    shown = np.asarray(strip.get_array())
    assert shown.shape == (6, 20)
    np.testing.assert_allclose(shown[0], x[:, 0] / 3.0)
    np.testing.assert_allclose(shown[1], 1.0)
    values = activity(small, x)
    diagram = arrange(small, False)
    hidden = [v for v in range(2, 6) if v not in diagram.outputs]
    order = [*hidden, *diagram.outputs]
    limit = np.abs(values[:, 2:]).max()
    np.testing.assert_allclose(shown[2:], values[:, order].T / limit)
    axes = axes_of(figure)["strip"]
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        "in0", "in1", "h1", "h2", "out0", "out1",
    ]  # fmt: skip
    assert [t.get_text().strip() for t in by_gid(figure, "range-").values()] == ["±3", "±0.1"]
    bar = [t.get_text() for t in axes_of(figure)["bar"].get_yticklabels()]
    assert bar[1] == "0" and float(bar[2]) == pytest.approx(limit, rel=0.05)
    assert "At work" in [t.get_text() for t in figure.texts]
    saved(figure)


def test_nodes_have_the_colour_of_their_value_at_the_tick(small):
    x = np.array([[1.0, 0.0], [-1.0, 0.5]])
    first = by_gid(ng.draw_activity(small, x, tick=0), "node-")["node-0"]
    last = by_gid(ng.draw_activity(small, x), "node-")["node-0"]
    assert to_hex(first.get_facecolor()) == THEMES["light"].positive
    assert to_hex(last.get_facecolor()) == THEMES["light"].negative
    for tick, place in ((0, 1), (-1, 2)):
        (cursor,) = by_gid(ng.draw_activity(small, x, tick=tick), "cursor").values()
        assert cursor.get_xdata()[0] == place


def test_graph_strip_and_legend_do_not_overlap(small):
    figure = ng.draw_activity(small, np.ones((5, 2)))
    figure.canvas.draw()
    strip = axes_of(figure)["strip"].get_tightbbox()
    legends = [a.get_window_extent() for a in by_gid(figure, "legend").values()]
    nodes = [c.get_window_extent() for c in by_gid(figure, "node-").values()]
    assert all(box.y0 > strip.y1 for box in (*legends, *nodes))
    assert min(n.y0 for n in nodes) > max(box.y1 for box in legends)
    assert strip.y0 >= 0 and strip.x0 >= 0 and strip.x1 <= figure.bbox.width


@pytest.mark.parametrize("name", DEGENERATE)
def test_activity_of_degenerate_genomes_is_drawn(name):
    genome = DEGENERATE[name]
    figure = ng.draw_activity(genome, np.zeros(genome.n_inputs), theme="dark")
    saved(figure)


def test_activity_that_overflows_is_drawn():
    genome = build(1, 1, {1: ("square", "sum", 0.0)}, [(0, 1, 1e6, True), (1, 1, 2.0, True)])
    assert not np.isnan(saved(ng.draw_activity(genome, [[1e6], [-1e6], [1e300]]))).any()


def test_activity_of_300_hidden_nodes_has_only_names_that_can_be_read(large):
    figure = ng.draw_activity(large, np.random.default_rng(0).normal(size=(50, 10)))
    labels = axes_of(figure)["strip"].get_yticklabels()
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in labels]
    assert 20 < len(boxes) < 315
    assert all(a.y0 >= b.y1 - 2.0 for a, b in pairwise(boxes))


def test_activity_refuses_what_it_cannot_draw(small):
    for inputs, message in (
        (np.ones((3, 5)), "inputs: expected shape (T, 2), got (3, 5). "
         "Pass one row per observation."),
        (np.full((3, 2), np.nan), "inputs: expected finite numbers, got nan at index (0, 0). "
         "Pass one row per observation."),
        (np.ones((0, 2)), "inputs: expected at least one observation, got none."),
    ):  # fmt: skip
        with pytest.raises(ValueError) as error:
            ng.draw_activity(small, inputs)
        assert str(error.value) == message
    with pytest.raises(ValueError, match="tick: expected a tick of the 3 given, got 3"):
        ng.draw_activity(small, np.ones((3, 2)), tick=3)
    with pytest.raises(TypeError, match="genome: expected a Genome or a Network, got int"):
        ng.draw_activity(3, np.ones((3, 2)))


def test_ink_can_be_read_on_any_colour():
    assert ink_on("#ffffff") == ink_on("#58b4f0") == THEMES["light"].ink
    assert ink_on("#000000") == ink_on("#1769aa") == THEMES["dark"].ink


# ----------------------------------------------------------------------------------- films


def decoded(path):
    """All frames of a GIF as RGB arrays, and how long each is shown, ms."""
    with Image.open(path) as film:
        frames, durations = [], []
        for k in range(film.n_frames):
            film.seek(k)
            frames.append(np.asarray(film.convert("RGB")).astype(int))
            durations.append(film.info["duration"])
    return frames, durations


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_a_gif_shows_what_the_figure_of_each_tick_shows(small, tmp_path, theme):
    x = np.stack([np.sin(np.arange(12.0)), np.cos(np.arange(12.0))], axis=1)
    path = ng.animate_activity(small, x, tmp_path / "a.gif", fps=10, theme=theme)
    frames, durations = decoded(path)
    assert len(frames) == 12 and set(durations) == {100}
    assert to_hex(frames[5][0, 0] / 255.0) == THEMES[theme].background
    for k in (0, 5, 11):
        figure = ng.draw_activity(small, x, tick=k, theme=theme)
        file = io.BytesIO()
        figure.savefig(file, dpi=80)
        want = np.asarray(Image.open(file).convert("RGB")).astype(int)
        want = want[: frames[k].shape[0], : frames[k].shape[1]]
        assert np.abs(frames[k] - want).mean() < 1.5
        assert (np.abs(frames[k] - want).max(axis=2) > 60).mean() < 0.002


def test_200_ticks_of_a_small_network_take_a_few_seconds(small, tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 2))
    start = time.process_time()
    path = ng.animate_activity(small, x, tmp_path / "a.gif")
    assert time.process_time() - start < 6.0
    assert len(decoded(path)[0]) == 200
    assert path.stat().st_size < 3e6


def test_rendered_frames_stand_beside_the_graph(small, tmp_path):
    frames = [np.full((40, 60, 3), 25 * k, np.uint8) for k in range(4)]
    with_frames = ng.animate_activity(small, np.eye(4, 2), tmp_path / "a.gif", frames)
    without = ng.animate_activity(small, np.eye(4, 2), tmp_path / "b.gif")
    films = decoded(with_frames)[0], decoded(without)[0]
    assert films[0][0].shape[1] > films[1][0].shape[1] + 100
    added = films[1][0].shape[1] + 60
    for k in range(4):
        assert np.abs(films[0][k][100:150, added] - 25 * k).max() < 8


def test_a_page_holds_all_frames_and_needs_nothing_else(small, tmp_path):
    path = ng.animate_activity(small, np.eye(7, 2), tmp_path / "a.html", fps=5, theme="dark")
    page = path.read_text("utf-8")
    frames = json.loads(re.search(r"frames=(\[.*?\])", page, re.DOTALL).group(1))
    assert len(frames) == 7
    for frame in frames:
        image = Image.open(io.BytesIO(base64.b64decode(frame)))
        image.load()
        assert image.format == "PNG"
    assert not re.findall(r"https?:|src=\"[^d]|<link", page)
    assert THEMES["dark"].background in page and ",200)" in page
    assert "$" not in page


def test_mp4_without_ffmpeg_is_refused_by_name(small, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError) as error:
        ng.animate_activity(small, np.eye(3, 2), tmp_path / "a.mp4")
    assert str(error.value) == (
        "path: expected the program ffmpeg on the PATH to write .mp4, got none. "
        "Install ffmpeg, or write a .gif or .html."
    )


def fake_ffmpeg(folder, body):
    program = folder / "ffmpeg"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for the program")
def test_ffmpeg_gets_all_frames_raw_at_the_size_it_is_told(small, tmp_path, monkeypatch):
    fake_ffmpeg(
        tmp_path,
        "data = sys.stdin.buffer.read()\n"
        "size = sys.argv[sys.argv.index('-s') + 1]\n"
        "open(sys.argv[-1], 'w').write(f'{size} {len(data)}')",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    path = ng.animate_activity(small, np.eye(5, 2), tmp_path / "a.mp4")
    size, count = path.read_text().split()
    width, height = map(int, size.split("x"))
    assert width % 2 == height % 2 == 0
    assert int(count) == 5 * width * height * 3


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for the program")
def test_what_ffmpeg_complains_about_is_passed_on(small, tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, "sys.stderr.write('no such codec'); sys.exit(3)")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="no such codec"):
        ng.animate_activity(small, np.eye(5, 2), tmp_path / "a.mp4")


def test_films_refuse_what_they_cannot_show(small, tmp_path):
    x = np.eye(3, 2)
    with pytest.raises(
        ValueError, match=r"path: expected a name that ends in \.gif, \.mp4, \.html"
    ):
        ng.animate_activity(small, x, tmp_path / "a.webm")
    frames = [np.zeros((4, 4, 3))] * 2
    with pytest.raises(ValueError, match="frames: expected 3, one per row of inputs, got 2"):
        ng.animate_activity(small, x, tmp_path / "a.gif", frames)
    frames = [np.zeros((4, 4, 3)), np.zeros((4, 4, 3)), np.zeros((5, 4, 3))]
    with pytest.raises(ValueError, match=r"frames: expected shape \(4, 4, 3\) as the first"):
        ng.animate_activity(small, x, tmp_path / "a.gif", frames)
    with pytest.raises(ValueError, match=r"frames: expected shape \(H, W, 3\)"):
        ng.animate_activity(small, x, tmp_path / "a.gif", [np.zeros((4, 4))] * 3)
    with pytest.raises(ValueError, match="fps: expected a number from"):
        ng.animate_activity(small, x, tmp_path / "a.gif", fps=0)
    with pytest.raises(TypeError, match="genome: expected a Genome or a Network, got list"):
        ng.animate_activity([], x, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------- history


def history_of(generations, learning=True):
    history = History()
    for g in range(1, generations + 1):
        row = dict.fromkeys(COLUMNS, 0) | dict.fromkeys(TIMES, 0.0)
        row |= {
            "generation": g, "best": g % 7, "mean": g % 7 - 2.0, "champion": min(g, 6),
            "nodes": 1.0 + g / 10, "connections": 2.0 + g / 5, "evaluations": 150, "steps": 600,
            "seconds_evaluation": 60.0, "seconds_reproduction": 20.0,
        }  # fmt: skip
        if learning:
            row |= {"samples_learned": 1000 * (g > 3), "seconds_learning": 120.0}
        history.append(row, {1: 100, 2 + g // 10: 50})
    return history


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_the_history_is_one_figure_of_five_charts(theme):
    history = history_of(40)
    figure = ng.draw_history(history, theme=theme, title="A run")
    assert list(axes_of(figure)) == ["fitness", "complexity", "species", "time", "work"]
    for column in ("champion", "best", "mean", "nodes", "connections"):
        (line,) = by_gid(figure, column).values()
        np.testing.assert_array_equal(line.get_ydata(), history[column])
    assert len(by_gid(figure, "species-")) == 6
    work = axes_of(figure)["work"]
    lines = {line.get_gid(): line.get_ydata() for line in work.lines}
    assert lines.keys() == {"evaluations", "steps", "samples_learned"}
    assert lines["evaluations"][-1] == 6000
    assert np.isnan(lines["samples_learned"][:3]).all() and lines["samples_learned"][-1] == 37000
    assert work.get_yscale() == "log"
    assert figure.get_suptitle() == "A run"
    saved(figure)


def test_time_is_stacked_by_phase_to_the_whole():
    figure = ng.draw_history(history_of(40))
    areas = by_gid(figure, "time-")
    assert areas.keys() == {"time-evaluation", "time-reproduction", "time-learning"}
    top = max(area.get_paths()[0].vertices[:, 1].max() for area in areas.values())
    axes = axes_of(figure)["time"]
    assert axes.get_ylabel() == "hours"
    assert top == pytest.approx(40 * 200.0 / 3600.0)
    shares = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(shares) == ["evaluation 30%", "learning 60%", "reproduction 10%"]


@pytest.mark.parametrize("generations", [1, 2])
def test_short_runs_have_pictures_too(generations):
    saved(ng.draw_history(history_of(generations, learning=False)))
    blank = History()
    blank.append(dict.fromkeys(COLUMNS, 0) | {"best": np.nan, "mean": np.nan}, {1: 5})
    saved(ng.draw_history(blank))


def test_a_history_that_is_none_is_refused():
    with pytest.raises(TypeError) as error:
        ng.draw_history([1.0, 2.0])
    assert str(error.value) == (
        "result: expected a Result, a Population or a History, got list. Pass result.history."
    )
    with pytest.raises(ValueError, match="history: expected at least one generation"):
        ng.draw_history(History())


# ------------------------------------------------------------------------------- decisions


def linear(weights, biases, activation="identity"):
    """Outputs that are sums of two inputs."""
    n = len(weights)
    nodes = {2 + o: (activation, "sum", float(b)) for o, b in enumerate(biases)}
    ends = [(i, 2 + o, float(weights[o][i]), True) for o in range(n) for i in range(2)]
    return build(2, n, nodes, ends)


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_the_map_is_the_networks_answer_over_the_plane(theme):
    genome = linear([[2.0, -1.0]], [0.5]).with_interface(input_names=("$x", "y"))
    limits = ((-1.0, 3.0), (0.0, 2.0))
    figure = ng.draw_decisions(genome, limits=limits, theme=theme)
    (image,) = by_gid(figure, "map-").values()
    shown = np.asarray(image.get_array())
    size = shown.shape[0]
    for row, column in ((0, 0), (size - 1, 0), (17, 200)):
        x = -1.0 + 4.0 * (column + 0.5) / size
        y = 2.0 * (row + 0.5) / size
        assert shown[row, column] == pytest.approx(2.0 * x - y + 0.5, abs=1e-5)
    assert image.get_extent() == [-1.0, 3.0, 0.0, 2.0]
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("$x", "y")
    (line,) = [c for c in axes.collections if not c.get_gid()]
    points = line.get_paths()[0].vertices
    np.testing.assert_allclose(2.0 * points[:, 0] - points[:, 1] + 0.5, 0.0, atol=1e-4)
    saved(figure)


def test_samples_lie_on_top_in_the_colour_of_their_target():
    X, Y = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, -1.0]]), [0.0, 1.0, 1.0]
    figure = ng.draw_decisions(linear([[1.0, 0.0]], [0.0]), X, Y)
    (samples,) = by_gid(figure, "samples-").values()
    np.testing.assert_array_equal(samples.get_offsets(), X)
    red, _, blue, _ = samples.get_facecolors().T
    assert red[0] > blue[0] and red[1] < blue[1]
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert left < 0.0 and right > 3.0 and bottom < -1.0 and top > 2.0
    norm = figure.axes[0].images[0].norm
    assert (norm.vmin + norm.vmax) / 2.0 == pytest.approx(0.5)


def test_the_boundary_of_a_sigmoid_is_one_half_and_may_be_given():
    middle = [
        by_gid(ng.draw_decisions(linear([[1.0, 1.0]], [0.0], f), **given), "map-0")["map-0"].norm
        for f, given in (("sigmoid", {}), ("tanh", {}), ("tanh", {"boundary": 0.25}))
    ]
    assert [(n.vmin + n.vmax) / 2.0 for n in middle] == pytest.approx([0.5, 0.0, 0.25])


def test_outputs_have_a_map_each_or_one_for_all_classes():
    genome = linear([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0]], [0.0, 0.0, -1.0])
    X = np.random.default_rng(0).normal(size=(30, 2))
    figure = ng.draw_decisions(genome, X)
    assert by_gid(figure, "map-").keys() == {"map-0", "map-1", "map-2"}
    labels = np.argmax(genome.compile().predict(X), axis=1)
    for figure in (
        ng.draw_decisions(genome, X, labels),
        ng.draw_decisions(genome, X, np.eye(3)[labels], classes=True),
    ):
        (image,) = by_gid(figure, "map-").values()
        shown = np.asarray(image.get_array())
        assert set(np.unique(shown)) == {0, 1, 2}
        counts = [len(s.get_offsets()) for s in by_gid(figure, "samples-").values()]
        assert counts == np.bincount(labels).tolist()
        saved(figure)
    colors = [s.get_facecolor().tolist() for s in by_gid(figure, "samples-").values()]
    assert len({str(c) for c in colors}) == 3


def test_maps_of_wild_genomes_are_drawn():
    for k, genome in enumerate(list(grown(3, inputs=2))[:3]):
        saved(ng.draw_decisions(genome, classes=k % 2 > 0, theme="dark"))


def test_decisions_refuse_what_they_cannot_map():
    with pytest.raises(ValueError) as error:
        ng.draw_decisions(build(3, 1, {}, [(0, 3, 1.0, True)]))
    assert str(error.value) == (
        "genome: expected 2 inputs, which span the map, got 3. Use draw_activity to see its values."
    )
    genome = linear([[1.0, 0.0]], [0.0])
    with pytest.raises(ValueError, match=r"X: expected shape \(B, 2\), got \(4,\)"):
        ng.draw_decisions(genome, np.zeros(4))
    with pytest.raises(ValueError, match=r"Y: expected shape \(4,\), got \(3,\)"):
        ng.draw_decisions(genome, np.zeros((4, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="Y: expected X as well, got Y alone"):
        ng.draw_decisions(genome, None, np.zeros(3))
    with pytest.raises(ValueError, match="limits: expected the lowest value first"):
        ng.draw_decisions(genome, limits=((1.0, 0.0), (0.0, 1.0)))


# -------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_losses_of_one_network_are_a_line_on_a_scale_of_powers(theme):
    losses = 10.0 ** -np.linspace(0, 4, 50)
    figure = ng.draw_losses(losses, theme=theme, title="Learning")
    (line,) = by_gid(figure, "loss").values()
    np.testing.assert_array_equal(line.get_ydata(), losses)
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 51))
    assert figure.axes[0].get_yscale() == "log"
    saved(figure)


def test_losses_of_many_are_median_band_and_lowest_without_those_that_stopped():
    losses = np.random.default_rng(0).uniform(0.1, 1.0, size=(9, 30))
    losses[2, 10:] = np.nan
    losses[:, 29] = np.nan
    figure = ng.draw_losses(losses)
    median, lowest = (by_gid(figure, name)[name].get_ydata() for name in ("median", "lowest"))
    np.testing.assert_array_equal(median[:29], np.nanmedian(losses[:, :29], axis=0))
    np.testing.assert_array_equal(lowest[:29], np.nanmin(losses[:, :29], axis=0))
    assert np.isnan(median[29])
    (band,) = by_gid(figure, "band").values()
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(np.nanquantile(losses[:, :29], 0.9, axis=0).max())
    saved(figure)


def test_losses_at_or_below_zero_are_drawn_on_a_plain_scale():
    assert ng.draw_losses([1.0, 0.0, -1.0]).axes[0].get_yscale() == "linear"
    saved(ng.draw_losses([0.5]))


@pytest.mark.parametrize(
    "losses", [[], [np.nan, np.nan], np.zeros((0, 5)), np.full((2, 2), np.inf)]
)
def test_no_losses_are_refused(losses):
    with pytest.raises(ValueError) as error:
        ng.draw_losses(losses)
    assert str(error.value) == "losses: expected at least one finite loss, got none."


def changed(genome, weights, biases):
    packed = genome.packed
    values, nodes = packed.connection_values.copy(), packed.node_values.copy()
    values[:, 0] += weights
    nodes[:, 0] += biases
    new = packed._replace(connection_values=values, node_values=nodes)
    return ng.Genome(new, genome.interface)


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_a_change_is_drawn_with_its_own_sign_and_size(theme):
    before = build(3, 1, {}, [(i, 3, 5.0, True) for i in range(3)])
    shift = np.zeros(3)
    shift[before.source == 0], shift[before.source == 1] = 0.4, -0.1
    figure = ng.draw_change(before, changed(before, shift, [-0.2]), theme=theme)
    wires = by_gid(figure, "connection-")
    by_source = {
        int(source): wires[f"connection-{innovation}"]
        for source, innovation in zip(before.source, before.innovation, strict=True)
    }
    more, less, same = (by_source[k] for k in range(3))
    red, _, blue, _ = more.get_edgecolor()
    assert blue > red
    red, _, blue, _ = less.get_edgecolor()
    assert red > blue
    assert more.get_linewidth() > less.get_linewidth() > same.get_linewidth()
    red, green, blue, _ = same.get_edgecolor()
    assert max(red, green, blue) - min(red, green, blue) < 0.1
    assert to_hex(by_gid(figure, "node-")["node-3"].get_facecolor()) == THEMES[theme].negative
    texts = legend_texts(figure)
    for label in ("Δ weight −0.08", "Δ weight +0.4", "unchanged", "Δ bias −0.2"):
        assert label in texts
    saved(figure)


def test_no_change_at_all_and_a_change_in_a_dense_graph_are_drawn(small, large):
    figure = ng.draw_change(small, small)
    assert "unchanged" in legend_texts(figure)
    saved(figure)
    rng = np.random.default_rng(0)
    shift = rng.normal(size=large.n_connections) * (rng.random(large.n_connections) < 0.5)
    figure = ng.draw_change(large, changed(large, shift, 0.0), theme="dark")
    assert "unchanged" in legend_texts(figure)
    saved(figure)


def test_what_fine_tune_made_is_compared_with_what_it_was_given(small):
    X = np.random.default_rng(0).normal(size=(8, 2))
    tuned, losses = ng.fine_tune(small, X, np.zeros((8, 2)), steps=5, progress=False)
    saved(ng.draw_change(small, tuned))
    saved(ng.draw_losses(losses))


def test_genomes_of_other_structure_are_not_compared(small):
    other = build(2, 2, {}, [(0, 2, 1.0, True)])
    with pytest.raises(ValueError) as error:
        ng.draw_change(small, other)
    assert str(error.value) == (
        f"after: expected the nodes, functions and connections of before, {small!r}, "
        f"got {other!r}. Pass what fine_tune made of it."
    )
    with pytest.raises(TypeError, match="after: expected a Genome, got Network"):
        ng.draw_change(small, small.compile())


# ------------------------------------------------------------------------------- notebooks


@pytest.fixture(scope="module")
def result():
    return ng.evolve(ng.XOR(), generations=3, seed=1)


def test_genomes_networks_and_results_show_themselves(small, result):
    for what in (small, small.compile()):
        drawing = what._repr_svg_()
        assert drawing.startswith("<svg") and drawing.rstrip().endswith("</svg>")
        assert 'id="node-0"' in drawing
    page = result._repr_html_()
    assert f"{result.champion_fitness:.6g}" in page and "generations" in page
    pictures = re.findall(r"base64,([^\"]+)", page)
    assert len(pictures) == 2
    for picture in pictures:
        Image.open(io.BytesIO(base64.b64decode(picture))).load()


def test_a_failing_picture_leaves_the_text(small, result, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no picture today")

    monkeypatch.setattr("neatgrow.plotting.pages.notebook.draw", broken)
    assert small._repr_svg_() is None
    assert small.compile()._repr_svg_() is None
    assert result._repr_html_() is None
    assert repr(result).startswith("Result(")


def test_a_missing_matplotlib_leaves_the_text(subprocess_environment):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import neatgrow as ng\n"
        "genome = ng.Population(2, 1).ask()[0]\n"
        "assert genome._repr_svg_() is None and genome.compile()._repr_svg_() is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=subprocess_environment)


def test_no_picture_loads_pyplot(subprocess_environment):
    code = (
        "import sys, numpy as np, neatgrow as ng\n"
        "genome = ng.Population(2, 1).ask()[0]\n"
        "ng.draw_activity(genome, np.ones((3, 2))); ng.draw_decisions(genome)\n"
        "ng.draw_losses([1.0, 0.5]); ng.draw_change(genome, genome); genome._repr_svg_()\n"
        "import neatgrow.plotting.films.animation, neatgrow.plotting.overview\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=subprocess_environment)


# ---------------------------------------------------------------------------------- growth


@pytest.fixture(scope="module")
def line():
    """Ancestors of a champion that grew, lost and regained genes, loops among them."""
    config = ng.Config(population_size=40, recurrent=True).override(
        {"mutation.add_node": 0.3, "mutation.add_loop": 0.2, "mutation.delete_connection": 0.2}
    )
    with pytest.warns(RuntimeWarning, match="^recurrent: "):
        run = ng.evolve(ng.XOR(), config=config, generations=60, solved_at=99.0, seed=2)
    found = run.ancestors
    assert len(found) > 8 and found[-1].genome.n_hidden > 2
    return found


def drawn_in(axes):
    """gid → artist of a stage, and where its nodes stand."""
    found = {str(a.get_gid()): a for a in axes.get_children() if a.get_gid()}
    return found, {k: a.center for k, a in found.items() if k.startswith("node-")}


def live(genome):
    diagram = arrange(genome, False)
    nodes = {diagram.node_id(v) for v in range(len(diagram.genes))}
    return nodes, {int(genome.innovation[w.gene]) for w in diagram.wires}


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_every_node_keeps_its_place_from_stage_to_stage(line, theme):
    figure = ng.draw_growth(line, stages=6, theme=theme, title="Growing")
    saved(figure)
    panels = [axes for name, axes in axes_of(figure).items() if name.startswith("stage-")]
    rows = np.linspace(0, len(line) - 1, 6).round().astype(int)
    assert len(panels) == 6
    places, names = {}, {}
    before = None
    for axes, row in zip(panels, rows, strict=True):
        found, nodes = drawn_in(axes)
        genome = line[row].genome
        ids, innovations = live(genome)
        assert {int(k[5:]) for k in nodes} == ids
        assert {int(k[11:]) for k in found if k.startswith("connection-")} == innovations
        for name, place in nodes.items():
            assert places.setdefault(name, place) == place
        for name, text in found.items():
            if name.startswith(("name-", "label-")):
                where = names.setdefault(name, (text.get_text(), text.get_position()))
                assert where == (text.get_text(), text.get_position())
        new = {k for k in found if k.startswith("new-")}
        nodes_born = set() if before is None else ids - before[0]
        wires_born = set() if before is None else innovations - before[1]
        assert new == {f"new-node-{i}" for i in nodes_born} | {f"new-{i}" for i in wires_born}
        facts = [f"generation {line[row].generation}", f"{len(innovations)} connection"]
        assert all(fact in found["caption"].get_text() for fact in facts)
        before = ids, innovations
    champion = line[-1].genome.labels()
    for name, (text, _) in names.items():
        node = int(name.split("-")[1])
        if name.startswith("label-") and node in champion:
            assert text == champion[node]
    assert {"new", "delayed by one tick"} <= set(legend_texts(figure))


def test_stages_do_not_overlap_one_another_the_title_or_the_legend(line):
    figure = ng.draw_growth(line, stages=5, title="Growing")
    figure.canvas.draw()
    panels = [axes for name, axes in axes_of(figure).items() if name.startswith("stage-")]
    boxes = [axes.get_window_extent() for axes in panels]
    for k, a in enumerate(boxes):
        for b in boxes[k + 1 :]:
            apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
            assert apart
    legend = max(a.get_window_extent().y1 for a in by_gid(figure, "legend").values())
    (title,) = by_gid(figure, "title").values()
    assert legend <= min(box.y0 for box in boxes)
    assert title.get_window_extent().y0 >= max(box.y1 for box in boxes) - 1
    for axes in panels:
        captions = [t.get_window_extent() for t in axes.texts if t.get_gid() == "caption"]
        nodes = [c.get_window_extent() for c in axes.patches if str(c.get_gid())[:5] == "node-"]
        assert captions[0].y0 > max(box.y1 for box in nodes)


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_a_film_of_growth_shows_every_stage_from_first_to_last(line, tmp_path, theme, monkeypatch):
    films = []
    write = Film.write
    monkeypatch.setattr(Film, "write", lambda film, *a: films.append(film) or write(film, *a))
    path = ng.animate_growth(line, tmp_path / "a.gif", theme=theme, stages=5, title="Growing")
    frames, durations = decoded(path)
    (film,) = films
    assert film.count == 4 * 4 + 16 and sum(durations) == film.count * 100
    assert 5 <= len(frames) <= film.count
    assert to_hex(frames[0][0, 0] / 255.0) == THEMES[theme].background
    axes = film.figure.axes[0]
    rows = np.linspace(0, len(line) - 1, 5).round().astype(int)
    places, seen = {}, []
    for k in range(film.count):
        film.frame(k)
        found, nodes = drawn_in(axes)
        for name, place in nodes.items():
            assert places.setdefault(name, place) == place
        stage = min(k // 4, 4)
        ids, innovations = live(line[rows[stage]].genome)
        assert {int(name[5:]) for name in nodes} == ids
        gone = {name for name in found if name.startswith("gone-")}
        new = {name for name in found if name.startswith("new-")}
        if stage == 0 or k % 4 == 3 or k > 19:
            assert not gone and not new
        else:
            old_ids, old = live(line[rows[stage - 1]].genome)
            expected = {f"gone-{i}" for i in old - innovations}
            assert gone == expected | {f"gone-node-{i}" for i in old_ids - ids if i > 2}
            assert {name for name in new if "node" not in name} == {
                f"new-{i}" for i in innovations - old
            }
        seen.append(found["caption"].get_text())
    assert seen[0].startswith("generation 1 ") and len(set(seen)) == 5
    assert seen[-1].startswith(f"generation {line[-1].generation} · fitness ")


def test_growth_is_drawn_of_results_lineages_and_directories(tmp_path):
    result = ng.evolve(ng.XOR(), generations=4, seed=1, directory=tmp_path / "run", solved_at=99.0)
    sizes = set()
    sources = (result, result.ancestors, result.descent, tmp_path / "run", str(tmp_path / "run"))
    for k, source in enumerate(sources):
        path = ng.animate_growth(source, tmp_path / f"{k}.gif", stages=2)
        sizes.add(path.read_bytes())
        assert len(ng.draw_growth(source).axes) == min(len(result.ancestors), 4)
    assert len(sizes) == 1
    page = ng.animate_growth(result, tmp_path / "a.html", stages=2).read_text("utf-8")
    assert "data:image/png" in page


def test_a_single_ancestor_and_degenerate_ones_are_drawn(tmp_path):
    for k, genome in enumerate(DEGENERATE.values()):
        alone = [Ancestor(1, genome, float("nan"), 1)]
        saved(ng.draw_growth(alone, theme="dark"))
        if k < 3:
            assert decoded(ng.animate_growth(alone, tmp_path / "a.gif"))[0]
    genomes = [DEGENERATE[name] for name in ("input and output alone", "self-loop only")]
    assert genomes[0].n_inputs == genomes[1].n_inputs
    ends = [Ancestor(k, genome, -1.0, 1) for k, genome in enumerate(genomes, 1)]
    figure = ng.draw_growth(ends)
    saved(figure)
    captions = [t.get_text() for t in by_gid(figure, "caption").values()]
    assert captions == ["generation 2 · fitness −1\n0 hidden nodes · 1 connection"]


@pytest.mark.slow
def test_growth_to_a_dense_graph_of_mixed_functions_is_drawn(large, tmp_path):
    small = large_genome(20, 60, 5)
    small_choices = small.packed.node_choices.copy()
    small_choices[::3, 0] = 4
    mixed = ng.Genome(small.packed._replace(node_choices=small_choices), small.interface)
    line = [Ancestor(k, genome, k / 3, 1) for k, genome in enumerate((mixed, small, large))]
    for theme in THEME_NAMES:
        saved(ng.draw_growth(line, theme=theme))
    assert decoded(ng.animate_growth(line, tmp_path / "a.gif"))[0]


def test_growth_refuses_what_it_cannot_show(line, tmp_path):
    path = tmp_path / "a.gif"
    for source, error, message in (
        (3, TypeError, "source: expected a Result, a Population, ancestors, or a run's directory, "
         "got int. Pass what evolve() returned."),
        ([3], TypeError, "source: expected ancestors, got int. Pass result.ancestors."),
        ([], ValueError, "source: expected at least one ancestor, got none. Of a run in progress, "
         "wait for its first checkpoint."),
        (tmp_path, ValueError, "source: expected at least one ancestor, got none. Of a run in "
         "progress, wait for its first checkpoint."),
    ):  # fmt: skip
        for act in (lambda s: ng.animate_growth(s, path), ng.draw_growth):
            with pytest.raises(error) as caught:
                act(source)
            assert str(caught.value) == message
    with pytest.raises(FileNotFoundError, match="expected a run directory, got none"):
        ng.draw_growth(tmp_path / "nowhere")
    other = Ancestor(1, DEGENERATE["unused inputs"], 0.0, 1)
    with pytest.raises(ValueError, match="source: expected ancestors of as many inputs"):
        ng.draw_growth([*line, other])
    with pytest.raises(ValueError, match="stages: expected an integer of at least 1, got 0"):
        ng.draw_growth(line, stages=0)
    with pytest.raises(ValueError, match="theme: expected"):
        ng.draw_growth(line, theme="blue")
    with pytest.raises(ValueError, match=r"fps: expected a number from 0\.1 to 1000"):
        ng.animate_growth(line, path, fps=0.0)
    with pytest.raises(ValueError, match="path: expected a name that ends in"):
        ng.animate_growth(line, tmp_path / "a.png")
    assert not path.exists()
