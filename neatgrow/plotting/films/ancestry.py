"""How a champion grew: its ancestors one after the other, every node in one place throughout."""

import math
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.films.film import Film, film_path
from neatgrow.plotting.films.stages import Source, ancestors_of, as_of, stage_of, union_of
from neatgrow.plotting.graph.legend import add_legend, dashes, line_entry, strokes_of
from neatgrow.plotting.graph.marks import node_dynamics
from neatgrow.plotting.graph.network import (
    Sketch,
    axes_in_inches,
    circle_into,
    line_into,
    paint,
    sketch,
    title_into,
)
from neatgrow.plotting.graph.routes import Route
from neatgrow.plotting.theme import VIOLET, Theme, ThemeName, blend, new_figure, theme_of

_TITLE, _CAPTION = 0.34, 0.3  # inches at the top
_WIDEST = 16.0  # inches that stages side by side take
_GLOW, _DENSE = 5.0, 1.5  # points beside what is new; in a dense graph
_FRAMES, _LAST = 4, 16  # that a stage is shown for, and the last


def animate_growth(
    source: Source,
    path: "str | PathLike[str]",
    fps: float = 10.0,
    *,
    stages: int = 60,
    theme: ThemeName = "light",
    title: str | None = None,
    dpi: float = 80.0,
) -> Path:
    """Write a film of how the champion grew, from its first ancestor on.

    Every node keeps its place throughout. What is new is highlighted, what has gone fades;
    lines, dashes and names are those of :func:`neatgrow.draw`, with one scale for the weights of
    all stages. Nodes of the champion have the names that a drawing of it has, those that are
    gone further numbers.

    Args:
        source: A result, a population of a loop of your own, ``ancestors``, a lineage, or the
            directory of a run.
        path: Where to: a name that ends in ``.gif``, ``.mp4`` (needs ffmpeg) or ``.html``
            (one page that plays by itself, without other files).
        fps: Frames per second; a stage takes four.
        stages: Most ancestors that are shown, the first and the last among them.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        dpi: Dots per inch.

    Returns:
        The path.

    Raises:
        TypeError: ``source`` is none of these.
        ValueError: There are no ancestors, or ``stages``, ``fps`` or the path's ending is not
            what it should be.
        FileNotFoundError, FileError: The directory holds no run, or a damaged one.
        RuntimeError: ffmpeg is needed and missing, or fails.
    """
    target = film_path(path, fps)
    ancestry = _Ancestry(ancestors_of(source, stages), theme_of(theme))
    drawn = ancestry.sketch(title=title, above=_CAPTION)
    last, painted = len(ancestry.stages) - 1, -1

    def set_frame(k: int) -> None:
        nonlocal painted
        stage, axes = min(k // _FRAMES, last), drawn.axes
        for artist in (*axes.patches, *axes.lines, *axes.collections, *axes.texts):
            if stage != painted or str(artist.get_gid()).startswith(("new-", "gone-")):
                artist.remove()
        if stage != painted:
            ancestry.paint(drawn, stage, _TITLE if title else 0.0)
            painted = stage
        ancestry.highlight(drawn, stage, max(1.0 - (k - _FRAMES * stage) / (_FRAMES - 1), 0.0))

    # A GIF has few colours: those of what is new are on few pixels and must be among them.
    colors = [ancestry.glow(1.0 - step / (_FRAMES - 1)) for step in range(_FRAMES - 1)]
    film = Film(drawn.figure, [drawn.axes], set_frame, _FRAMES * last + _LAST, dpi, colors)
    film.write(target, fps)
    return target


def draw_growth(
    source: Source,
    *,
    stages: int = 4,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """A few stages of how the champion grew, side by side, every node in one place.

    What is new since the stage before is highlighted; else as :func:`animate_growth`.

    Args:
        source: A result, a population of a loop of your own, ``ancestors``, a lineage, or the
            directory of a run.
        stages: Most ancestors that are shown, the first and the last among them.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches; by default what the picture needs.

    Returns:
        A figure whose axes have the labels ``stage-0``, ``stage-1`` and so on, with the artists
        of :func:`neatgrow.draw`.

    Raises:
        TypeError: ``source`` is none of these.
        ValueError: There are no ancestors, or ``stages`` is not a number from 1.
        FileNotFoundError, FileError: The directory holds no run, or a damaged one.
    """
    colors = theme_of(theme)
    ancestry = _Ancestry(ancestors_of(source, stages), colors)
    top = 0.42 if title else 0.0
    count = len(ancestry.stages)
    union = ancestry.sketch(legend=False)
    width, height = union.frame.size
    width, height = min(max(0.62 * width, 3.0), _WIDEST / 2.0), max(0.62 * height, 2.1)
    rows = math.ceil(count / max(min(int(_WIDEST / width), 4), 1))
    columns = math.ceil(count / rows)
    if figsize is None:
        figsize = width * columns, (height + 0.3) * rows + top + 0.5
    figure = new_figure(colors, figsize)
    notes = ancestry.notes()[:1]  # what has gone is not shown
    bottom = 0.05 + add_legend(figure, union.diagram, colors, union.curves, union.marks, notes)
    size = figsize[0] / columns, max((figsize[1] - top - bottom) / rows, 0.5)
    model = ancestry.sketch(figsize=size, above=0.45, legend=False)
    for k in range(count):
        row, column = divmod(k, columns)
        low = bottom + (rows - 1 - row) * size[1]
        place = column / columns, low / figsize[1], 1.0 / columns, size[1] / figsize[1]
        axes = axes_in_inches(figure, size, place)
        axes.set_label(f"stage-{k}")
        panel = replace(model, figure=figure, axes=axes)
        ancestry.highlight(panel, k, gone=False)
        ancestry.paint(panel, k, lines=2)
    if title:
        title_into(figure, title, colors)
    return figure


class _Ancestry:
    """Stages, and the drawing of all of them at once that says where everything stands."""

    def __init__(self, ancestors: list[Ancestor], theme: Theme) -> None:
        self.theme = theme
        self.stages = [stage_of(ancestor) for ancestor in ancestors]
        self.union = union_of(self.stages)
        rows = [(s.ancestor.genome, row) for s in self.stages for row in s.nodes.values()]
        self.activations = {genome.activation_names[row] for genome, row in rows}
        self.dynamics = {node_dynamics(genome)[row] for genome, row in rows}

    def sketch(self, *, legend: bool = True, **options: Any) -> Sketch:
        """All nodes and connections that ever were; options are those of ``sketch``."""
        return sketch(
            self.union, self.theme, legend=legend, notes=self.notes() if legend else (),
            activations=self.activations, dynamics=self.dynamics, **options,
        )  # fmt: skip

    def notes(self) -> list[Line2D]:
        """Entries of the legend: what is new, and what has gone."""
        if len(self.stages) < 2:
            return []
        return [line_entry(self.glow(1.0), 5.0, "new"), line_entry(self._ghost(1.0), 1.2, "gone")]

    def glow(self, fresh: float) -> str:
        """Colour beside what is new."""
        return blend(VIOLET, self.theme.background, 1.0 - 0.75 * fresh)

    def _ghost(self, fresh: float) -> str:
        return blend(self.theme.quiet, self.theme.background, 1.0 - 0.6 * fresh)

    def paint(self, drawn: Sketch, k: int, below: float = 0.0, lines: int = 1) -> None:
        """Draw what there is at a stage, and facts about it.

        Args:
            drawn: Where all nodes and connections that ever were stand.
            k: Which stage.
            below: Inches at the top that are taken by a title.
            lines: In how many lines facts are.
        """
        stage, everything = self.stages[k], drawn.diagram
        routes = [
            replace(route, wire=replace(route.wire, delayed=stage.wires[i][1]))
            for i, route in self._routes(drawn).items()
            if i in stage.wires
        ]
        ids = [everything.node_id(v) for v in range(len(everything.genes))]
        diagram = replace(
            everything, genome=as_of(self.union, stage), wires=[route.wire for route in routes],
            live=[i in stage.inputs or i in stage.nodes for i in ids],
        )  # fmt: skip
        frame = replace(drawn.frame, routes=routes)
        now = replace(
            drawn, diagram=diagram, frame=frame, nodes=[], labels={}, rings={}, captions={}
        )
        shown = {v for v, i in enumerate(ids) if i < self.union.n_inputs or i in stage.nodes}
        paint(now, strokes=strokes_of(everything), shown=shown, around=drawn.frame)
        hidden, count = len(stage.nodes) - self.union.n_outputs, len(stage.wires)
        facts = [
            f"generation {stage.ancestor.generation}",
            f"fitness {stage.ancestor.fitness:.4g}".replace("-", "−"),
            f"{hidden} hidden node{'' if hidden == 1 else 's'}",
            f"{count} connection{'' if count == 1 else 's'}",
        ]
        each = len(facts) // lines
        text = "\n".join(" · ".join(facts[i : i + each]) for i in range(0, len(facts), each))
        width, height = drawn.frame.size
        drawn.axes.text(
            width / 2, height - 0.12 - below, text, size=9.5, color=self.theme.ink, ha="center",
            va="top", parse_math=False, gid="caption", zorder=7,
        )  # fmt: skip

    def highlight(self, drawn: Sketch, k: int, fresh: float = 1.0, gone: bool = True) -> None:
        """Draw what is new at a stage, and what the stage before had, below the rest.

        Args:
            drawn: As for :meth:`paint`.
            k: Which stage.
            fresh: From 1, it has just come, to 0, when nothing is drawn.
            gone: Whether to draw what has gone.
        """
        if fresh == 0.0:
            return
        stage, before = self.stages[k], self.stages[max(k - 1, 0)]
        diagram, routes, background = drawn.diagram, self._routes(drawn), self.theme.background
        vertex = {diagram.node_id(v): v for v in range(len(diagram.genes))}
        glow, ghost = self.glow(fresh), self._ghost(fresh)
        if gone:
            for i in before.wires.keys() - stage.wires.keys():
                style = dashes(1.2) if before.wires[i][1] else "-"
                line_into(drawn, routes[i], ghost, 1.2, f"gone-{i}", 1.2, linestyle=style)
            for i in before.nodes.keys() - stage.nodes.keys():
                circle_into(drawn, vertex[i], 1.0, background, ghost, f"gone-node-{i}", 1.3)
        strokes = strokes_of(diagram)
        beside = (_DENSE if diagram.dense else _GLOW) * max(fresh, 0.4)
        for i in stage.wires.keys() - before.wires.keys():
            weight = float(stage.ancestor.genome.weight[stage.wires[i][0]])
            width = strokes.width(weight) + 1.4 + beside
            line_into(drawn, routes[i], glow, width, f"new-{i}", 1.5)
        for i in stage.nodes.keys() - before.nodes.keys():
            circle_into(drawn, vertex[i], 1.55, glow, glow, f"new-node-{i}", 1.6)

    def _routes(self, drawn: Sketch) -> dict[int, Route]:
        """By innovation."""
        innovation = self.union.innovation.tolist()
        return {innovation[route.wire.gene]: route for route in drawn.frame.routes}
