"""Pictures: what is in them, where it stands, and that they can be saved."""

import io
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from conftest import DEGENERATE, any_genome, build, evolve_at_random, grown
from hypothesis import given, settings
from matplotlib.patches import Circle, PathPatch
from matplotlib.transforms import Affine2D
from PIL import Image

from neatgrow.config import Config
from neatgrow.genomes.innovations import innovation_numbers
from neatgrow.plotting.graph.layers import arrange
from neatgrow.plotting.graph.network import draw
from neatgrow.plotting.history import draw_fitness, draw_species, species_color
from neatgrow.runs.history import COLUMNS, History
from neatgrow.selection.population import Population

H = 2**62


def artists(figure, kind):
    """gid → artist, for artists of a kind such as "node" or "connection"."""
    axes = figure.axes[0]
    found = [a for a in axes.get_children() if str(a.get_gid()).startswith(f"{kind}-")]
    result = {a.get_gid().removeprefix(f"{kind}-"): a for a in found}
    assert len(result) == len(found)
    return result


def innovation(source, target):
    return str(int(innovation_numbers(np.array([source]), np.array([target]))[0]))


def kept_innovations(genome):
    """Innovations of the connections that the compiled network has."""
    plan = genome.compile().networks.plan
    genes = [
        plan.connection_gene[c]
        for v in range(plan.node_start[0], plan.node_stop[0])
        for c in range(plan.incoming_start[v], plan.incoming_stop[v])
    ]
    return {str(int(genome.innovation[c])) for c in genes}


def kept_ids(genome):
    plan = genome.compile().networks.plan
    rows = plan.node_gene[plan.node_start[0] : plan.node_stop[0]]
    return {*map(str, range(genome.n_inputs)), *(str(int(genome.node_id[v])) for v in rows)}


def large_genome(hidden=60, seed=3):
    """A genome of about that many hidden nodes, with loops."""
    growth = {"add_node": 0.5, "add_connection": 0.5, "add_loop": 0.2}
    rates = {f"mutation.{name}": chance for name, chance in growth.items()}
    config = Config(recurrent=True).override(rates)
    population = Population(6, 3, config, seed=seed)
    *_, last = evolve_at_random(population, 2 * hidden)
    return min(last, key=lambda genome: abs(genome.n_hidden - hidden))


def circles(figure):
    found = artists(figure, "node").values()
    assert all(isinstance(circle, Circle) for circle in found)
    return np.array([circle.center for circle in found]), next(iter(found)).radius


def assert_apart(figure):
    centres, radius = circles(figure)
    distance = np.hypot(*(centres[:, None] - centres[None]).T)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 2.2 * radius


# -------------------------------------------------------------------------------- a genome


@settings(max_examples=60)
@given(any_genome())
def test_every_kept_gene_has_an_artist_and_no_two_nodes_overlap(genome):
    figure = draw(genome)
    assert artists(figure, "connection").keys() == kept_innovations(genome)
    assert artists(figure, "node").keys() == kept_ids(genome)
    assert_apart(figure)


@settings(max_examples=30)
@given(any_genome())
def test_show_disabled_draws_every_gene(genome):
    figure = draw(genome, show_disabled=True)
    assert artists(figure, "connection").keys() == set(map(str, genome.innovation.tolist()))
    assert len(artists(figure, "node")) == genome.n_inputs + genome.node_id.size
    assert_apart(figure)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_genomes_are_drawn_and_saved(name, theme):
    figure = draw(DEGENERATE[name], theme=theme, show_disabled=theme == "dark")
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        file = io.BytesIO()
        figure.savefig(file, format=kind)
        assert file.getvalue().startswith(start)


@pytest.mark.parametrize("hidden", [5, 25, 60])
def test_connections_run_clear_of_nodes_that_they_do_not_touch(hidden):
    genome = large_genome(hidden)
    figure = draw(genome)
    radius = circles(figure)[1]
    nodes = {int(k): np.array(c.center) for k, c in artists(figure, "node").items()}
    wires = artists(figure, "connection")
    for c in range(genome.n_connections):
        wire = wires.get(str(int(genome.innovation[c])))
        if wire is None:
            continue
        path = wire.get_path().transformed(Affine2D().scale(500.0))  # curves in short steps
        line = np.concatenate(path.to_polygons(closed_only=False)) / 500.0
        fine = np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(line)])
        for node, centre in nodes.items():
            if node not in (genome.source[c], genome.target[c]):
                assert np.hypot(*(fine - centre).T).min() > 0.98 * radius
    assert_apart(figure)


def test_inputs_stand_left_and_outputs_right_in_order_from_the_top():
    figure = draw(large_genome(20))
    nodes = {int(k): c.center for k, c in artists(figure, "node").items()}
    inputs, outputs = [nodes[i] for i in range(6)], [nodes[6 + o] for o in range(3)]
    assert len({x for x, _ in inputs}) == len({x for x, _ in outputs}) == 1
    for column in (inputs, outputs):
        heights = [y for _, y in column]
        assert heights == sorted(heights, reverse=True)
    hidden = [x for node, (x, _) in nodes.items() if node > 8]
    assert inputs[0][0] < min(hidden) <= max(hidden) < outputs[0][0]


def test_forward_connections_lead_right_and_layers_are_longest_paths():
    chain = [(0, H, 1.0, True), (H, H + 1, 1.0, True), (H + 1, 1, 1.0, True), (0, 1, 1.0, True)]
    plain = {H: ("tanh", "sum", 0.0), H + 1: ("tanh", "sum", 0.0)}
    diagram = arrange(build(1, 1, plain, chain), show_disabled=False)
    assert diagram.layer[:4] == [0, 1, 2, 3]
    long = next(wire for wire in diagram.wires if len(wire.bends) == 2)
    assert (long.source, long.target) == (0, diagram.outputs[0])


def test_delayed_connections_never_lead_right_but_into_outputs():
    for genome in grown(1, generations=15):
        diagram = arrange(genome, show_disabled=False)
        for wire in diagram.wires:
            if wire.delayed and wire.target not in diagram.outputs:
                assert diagram.layer[wire.source] >= diagram.layer[wire.target]


def test_a_self_loop_stands_on_its_node_dashed():
    figure = draw(build(1, 1, {}, [(0, 1, 0.4, True), (1, 1, -0.9, True)]))
    loop = artists(figure, "connection")[innovation(1, 1)]
    node = artists(figure, "node")["1"]
    box = loop.get_path().get_extents()
    assert box.height > node.radius
    assert box.y0 > node.center[1]
    assert box.x0 < node.center[0] < box.x1
    assert loop.get_linestyle() != artists(figure, "connection")[innovation(0, 1)].get_linestyle()
    assert len(arrow_heads(figure)) == 1


def arrow_heads(figure):
    return [p for p in figure.axes[0].patches if not isinstance(p, (Circle, PathPatch))]


def test_a_delayed_connection_leads_back_with_an_arrow_head():
    nodes = {H: ("tanh", "sum", 0.0), H + 1: ("tanh", "sum", 0.0)}
    ends = [(0, H), (H, H + 1), (H + 1, 1), (H + 1, H)]
    figure = draw(build(1, 1, nodes, [(*pair, 1.0, True) for pair in ends]))
    back = artists(figure, "connection")[innovation(H + 1, H)].get_path()
    places = {int(k): c for k, c in artists(figure, "node").items()}
    assert back.vertices[0, 0] > places[H + 1].center[0] > places[H].center[0]
    assert back.vertices[-1, 0] < places[H].center[0]
    (head,) = arrow_heads(figure)
    distance = np.hypot(*(head.get_xy() - places[H].center).T).min()
    assert distance == pytest.approx(places[H].radius)


def test_sign_is_colour_and_strength_is_width():
    weights = [2.0, 0.5, -2.0, 0.0]
    genome = build(4, 1, {}, [(i, 4, w, True) for i, w in enumerate(weights)])
    wires = artists(draw(genome), "connection")
    strong, weak, negative, none = (wires[innovation(i, 4)] for i in range(4))
    assert strong.get_linewidth() == negative.get_linewidth()
    assert strong.get_linewidth() > weak.get_linewidth() > none.get_linewidth() > 0
    red, _, blue, _ = strong.get_edgecolor()
    assert blue > red
    red, _, blue, _ = negative.get_edgecolor()
    assert red > blue


def test_names_stand_outside_the_nodes_inside_the_figure_and_apart():
    names = tuple(f"a rather long name {i}" for i in range(6))
    genome = large_genome(25).with_interface(input_names=names, output_names=("x$1", "b_2", "ö"))
    figure = draw(genome)
    texts = artists(figure, "name")
    assert [texts[str(i)].get_text() for i in range(9)] == [*names, "x$1", "b_2", "ö"]
    boxes = [texts[str(i)].get_window_extent() for i in range(9)]
    for box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    for a, b in [*pairwise(boxes[:6]), *pairwise(boxes[6:])]:
        assert a.y0 >= b.y1 - 1.0
    to_pixels = figure.axes[0].transData.transform
    for i, node in enumerate(artists(figure, "node")[str(i)] for i in range(9)):
        edge = node.radius * (-1 if i < 6 else 1)
        x = to_pixels((node.center[0] + edge, node.center[1]))[0]
        assert boxes[i].x1 < x if i < 6 else boxes[i].x0 > x


def test_a_very_long_name_is_cut():
    genome = build(1, 1, {}, [(0, 1, 1.0, True)]).with_interface(input_names=("n" * 200,))
    assert artists(draw(genome), "name")["0"].get_text() == "n" * 27 + "…"


def test_hundreds_of_inputs_are_named_only_where_there_is_room():
    genome = build(300, 2, {}, [(i, 300 + i % 2, 1.0, True) for i in range(300)])
    names = artists(draw(genome), "name")
    boxes = [names[str(i)].get_window_extent() for i in range(300) if str(i) in names]
    assert 20 < len(boxes) < 300
    assert all(a.y0 >= b.y1 - 1.5 for a, b in pairwise(boxes))


def all_text(figure):
    texts = [t.get_text() for t in (*figure.texts, *figure.axes[0].texts)]
    legends = [a for a in figure.get_children() if a.get_gid() == "legend"]
    return texts, [t.get_text() for legend in legends for t in legend.get_texts()]


def test_activations_are_marked_only_where_they_differ():
    ends = [(0, H, 1.0, True), (H, 1, 1.0, True)]
    same = draw(build(1, 1, {H: ("tanh", "sum", 0.0)}, ends))
    mixed = draw(build(1, 1, {H: ("gauss", "product", 0.0)}, ends))
    assert "gauss" not in all_text(same)[1] and not same.axes[0].lines
    assert {"gauss", "tanh"} <= set(all_text(mixed)[1])
    assert len(mixed.axes[0].lines) == 2
    assert "h1" in all_text(same)[0]
    assert "h1 ×" in all_text(mixed)[0]


def test_the_legend_explains_what_is_there_and_no_more():
    plain = all_text(draw(build(1, 1, {}, [(0, 1, 2.0, True)])))[1]
    assert plain == ["+0.4", "+2"]
    genome = build(2, 1, {}, [(0, 2, -2.0, True), (1, 2, 1.0, False), (2, 2, 1.0, True)])
    assert "delayed by one tick" in all_text(draw(genome))[1]
    assert "disabled" not in all_text(draw(genome))[1]
    assert "disabled" in all_text(draw(genome, show_disabled=True))[1]


def test_title_and_size_are_taken_and_lanes_stay_inside():
    figure = draw(large_genome(20), title="price $5 and $6", figsize=(7.0, 4.5))
    assert tuple(figure.get_size_inches()) == (7.0, 4.5)
    assert "price $5 and $6" in all_text(figure)[0]
    for wire in artists(figure, "connection").values():
        box = wire.get_path().get_extents()
        assert box.x0 > 0 and box.x1 < 7.0
        assert box.y0 > 0 and box.y1 < 4.5


def test_drawing_is_deterministic_and_leaves_the_genome_alone():
    genome = large_genome(20)
    before = genome.copy()
    first, second = io.BytesIO(), io.BytesIO()
    draw(genome).savefig(first, format="png")
    draw(genome).savefig(second, format="png")
    assert first.getvalue() == second.getvalue()
    assert genome == before


def test_drawing_does_not_load_pyplot():
    code = (
        "import sys, neatgrow as ng\n"
        "ng.draw(ng.Population(2, 1).ask()[0])\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_an_unknown_theme_is_refused():
    with pytest.raises(ValueError) as error:
        draw(DEGENERATE["unused inputs"], theme="drak")
    message = "theme: expected one of light, dark, got 'drak'. Did you mean 'dark'?"
    assert str(error.value) == message


def test_what_is_not_a_genome_is_refused():
    with pytest.raises(TypeError) as error:
        draw(Population(2, 1).ask())
    assert str(error.value) == (
        "genome: expected a Genome or a Network, got Genomes. Draw result.champion or genomes[i]."
    )


# ------------------------------------------------------------------------------- a history


def history_of(generations, species):
    """A history whose species sizes are ``species(generation)``."""
    history = History()
    for g in range(1, generations + 1):
        row = dict.fromkeys(COLUMNS, 0)
        values = {"generation": g, "best": g % 7, "mean": g % 7 - 2.0, "champion": min(g, 6)}
        history.append(row | values | {"evaluations": 150}, species(g))
    return history


def many_species(g):
    """60 species over 300 generations: few live at a time, two for long."""
    young = {k: 5 for k in range(3, 61) if 5 * k <= g < 5 * k + 30}
    return {1: 60, 2: 90 - sum(young.values())} | young


def test_fitness_chart_shows_the_columns():
    history = history_of(50, many_species)
    figure = draw_fitness(history, title="A run")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    for column in ("best", "mean", "champion"):
        np.testing.assert_array_equal(lines[column].get_xdata(), history["generation"])
        np.testing.assert_array_equal(lines[column].get_ydata(), history[column])
    assert figure.axes[0].get_title(loc="right") == "7,500 evaluations"
    assert figure.get_suptitle() == "A run"


@pytest.mark.parametrize(
    ("first", "last", "scale"), [(1.0, 5e3, "log"), (1.0, 500.0, "linear"), (-1.0, 5e3, "linear")]
)
def test_a_fitness_that_grows_a_thousandfold_is_drawn_by_its_logarithm(first, last, scale):
    columns = ("best", "mean", "champion", "lower_quartile", "upper_quartile")
    history = History()
    for g, value in enumerate([first, 2.0, np.nan, last], 1):
        row = dict.fromkeys(COLUMNS, 0) | dict.fromkeys(columns, value)
        history.append(row | {"generation": g}, {1: 150})
    assert draw_fitness(history).axes[0].get_yscale() == scale


def test_fitness_chart_leaves_gaps_for_failed_generations():
    failed = dict.fromkeys(("best", "mean", "lower_quartile", "upper_quartile"), np.nan)
    history = History()
    for g in range(1, 8):
        row = dict.fromkeys(COLUMNS, 0) | {"generation": g, "upper_quartile": 1.0}
        history.append(row | (failed if g == 4 else {}), {1: 150})
    axes = draw_fitness(history).axes[0]
    lines = {line.get_gid(): line.get_xydata() for line in axes.lines}
    for column in ("best", "mean"):
        assert np.isnan(lines[column][:, 1]).tolist() == [g == 4 for g in range(1, 8)]
    assert np.isfinite(lines["champion"]).all()
    (middle,) = axes.collections
    spans = [path.get_extents().intervalx.tolist() for path in middle.get_paths()]
    assert spans == [[1, 3], [5, 7]]


def test_species_chart_stacks_to_the_population():
    figure = draw_species(history_of(300, many_species))
    areas = [a for a in figure.axes[0].collections if str(a.get_gid()).startswith("species-")]
    assert len(areas) == 60
    top = max(area.get_paths()[0].vertices[:, 1].max() for area in areas)
    assert top == 150 == figure.axes[0].get_ylim()[1]
    named = {t.get_text() for t in figure.axes[0].texts}
    assert {"1", "2"} <= named
    assert len(named) <= 14


def test_a_species_keeps_its_colour_as_the_run_goes_on():
    def color(generations):
        areas = draw_species(history_of(generations, many_species)).axes[0].collections
        return next(a.get_facecolor().tolist() for a in areas if a.get_gid() == "species-2")

    assert color(30) == color(300)
    shades = {species_color(id_, "#ffffff", muted=False) for id_ in range(1, 61)}
    assert len(shades) == 60


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("generations", [1, 2, 40])
@pytest.mark.parametrize("chart", [draw_fitness, draw_species])
def test_charts_are_saved(chart, generations, theme):
    figure = chart(history_of(generations, many_species), theme=theme)
    picture, text = io.BytesIO(), io.BytesIO()
    figure.savefig(picture, format="png")
    assert Image.open(picture).getcolors(20) is None  # of more colours than that
    figure.savefig(text, format="svg")
    assert text.getvalue().rstrip().endswith(b"</svg>")


@pytest.mark.parametrize("chart", [draw_fitness, draw_species])
def test_an_empty_history_is_refused(chart):
    with pytest.raises(ValueError) as error:
        chart(History())
    assert str(error.value) == (
        "history: expected at least one generation, got none. Draw it once the run has begun."
    )
