"""How a champion grew: its ancestors one after the other, every node in one place throughout."""

import math
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, PathPatch
from matplotlib.text import Text

from neatgrow import _checks
from neatgrow.lineage.lineage import Ancestor
from neatgrow.plotting.films.film import Film, film_path
from neatgrow.plotting.films.stages import Source, ancestors_of, as_of, stage_of, union_of
from neatgrow.plotting.graph.legend import add_legend, dashes, strokes_of
from neatgrow.plotting.graph.network import Sketch, axes_in_inches, paint, sketch
from neatgrow.plotting.graph.routes import Route
from neatgrow.plotting.theme import Theme, ThemeName, blend, new_figure, theme_of

_CAPTION = 0.3  # inches at the top
_WIDEST = 16.0  # inches that stages side by side take
_GLOW, _CROWDED = 5.0, 1.5  # points beside what is new; where there are hundreds of lines
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
        source: A result, its ``ancestors``, a lineage, or the directory of a run.
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
    target = film_path(path)
    if not 0.1 <= fps <= 1000.0:
        raise ValueError(_checks.message("fps", "a number from 0.1 to 1000", fps))
    growth = _Growth(ancestors_of(source, stages), theme_of(theme))
    drawn = growth.sketch(title=title, above=_CAPTION)
    for artist in (*drawn.axes.patches, *drawn.axes.lines, *drawn.axes.collections):
        artist.remove()
    for text in list(drawn.axes.texts):
        if text.get_gid() != "title":
            text.remove()
    scene = _Scene(growth, drawn, list(drawn.axes.texts))
    drawn.axes.add_artist(scene)
    count = _FRAMES * (len(growth.stages) - 1) + _LAST

    def set_frame(k: int) -> None:
        stage = min(k // _FRAMES, len(growth.stages) - 1)
        scene.show(stage, max(1.0 - (k - _FRAMES * stage) / (_FRAMES - 1), 0.0))

    colors = [growth.glow(1.0 - step / (_FRAMES - 1)) for step in range(_FRAMES - 1)]
    Film(drawn.figure, [scene], set_frame, count, dpi, colors).write(target, float(fps))
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
        source: A result, its ``ancestors``, a lineage, or the directory of a run.
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
    growth = _Growth(ancestors_of(source, stages), colors)
    top = 0.42 if title else 0.0
    count = len(growth.stages)
    union = growth.sketch(legend=False)
    width, height = union.frame.size
    width, height = min(max(0.62 * width, 3.0), _WIDEST / 2.0), max(0.62 * height, 2.1)
    rows = math.ceil(count / max(min(int(_WIDEST / width), 4), 1))
    columns = math.ceil(count / rows)
    if figsize is None:
        figsize = width * columns, (height + 0.3) * rows + top + 0.5
    figure = new_figure(colors, figsize)
    notes = growth.notes(gone=False)
    bottom = 0.05 + add_legend(figure, union.diagram, colors, union.curves, notes)
    size = figsize[0] / columns, max((figsize[1] - top - bottom) / rows, 0.5)
    model = growth.sketch(figsize=size, above=0.45, legend=False)
    for k in range(count):
        row, column = divmod(k, columns)
        low = bottom + (rows - 1 - row) * size[1]
        place = column / columns, low / figsize[1], 1.0 / columns, size[1] / figsize[1]
        axes = axes_in_inches(figure, size, place)
        axes.set_label(f"stage-{k}")
        panel = replace(model, figure=figure, axes=axes)
        growth.highlight(panel, k, 1.0, gone=False)
        growth.paint(panel, k)
        growth.caption(panel, k, 0.0, lines=2)
    if title:
        figure.text(
            0.5, 1.0 - 0.16 / figsize[1], title, size=13, color=colors.ink, ha="center", va="top",
            parse_math=False, gid="title",
        )  # fmt: skip
    return figure


class _Scene(Artist):
    """All that changes from frame to frame.

    A stage is drawn once, and only what is new or gone once for each of its frames.
    """

    def __init__(self, growth: "_Growth", drawn: Sketch, title: list[Text]) -> None:
        super().__init__()
        self._growth, self._drawn, self._title = growth, drawn, title
        self._stage = -1
        self._stays: list[Artist] = []
        self._changes: list[Artist] = []

    def show(self, stage: int, fresh: float) -> None:
        """Go to a stage, from 1, it has just come, to 0, it has been there for a while."""
        for artist in self._changes:
            artist.remove()
        if stage != self._stage:
            for artist in self._stays:
                artist.remove()
            self._growth.paint(self._drawn, stage)
            self._growth.caption(self._drawn, stage, 0.34 if self._title else 0.0)
            self._stage, self._stays = stage, self._there(self._title)
        self._growth.highlight(self._drawn, stage, fresh)
        self._changes = self._there([*self._title, *self._stays])

    def _there(self, others: Sequence[Artist]) -> list[Artist]:
        """What is drawn besides others."""
        known = {id(artist) for artist in others}
        axes = self._drawn.axes
        artists = (*axes.patches, *axes.lines, *axes.collections, *axes.texts)
        return [artist for artist in artists if id(artist) not in known]

    def draw(self, renderer: RendererBase) -> None:
        """Draw what is there now."""
        for artist in sorted([*self._changes, *self._stays], key=lambda a: a.get_zorder()):
            artist.draw(renderer)


class _Growth:
    """Stages, and the drawing of all of them at once that says where everything stands."""

    def __init__(self, ancestors: list[Ancestor], theme: Theme) -> None:
        self.theme = theme
        self.accent = "#8f6fc4"
        self.stages = [stage_of(ancestor) for ancestor in ancestors]
        self.union = union_of(self.stages)
        names = (stage.ancestor.genome.activation_names for stage in self.stages)
        shown = zip(self.stages, names, strict=True)
        self.activations = {every[row] for stage, every in shown for row in stage.nodes.values()}

    def sketch(
        self,
        *,
        title: str | None = None,
        figsize: tuple[float, float] | None = None,
        above: float = 0.0,
        legend: bool = True,
    ) -> Sketch:
        """All nodes and connections that ever were."""
        return sketch(
            self.union, self.theme, title=title, figsize=figsize, above=above, legend=legend,
            notes=self.notes() if legend else (), activations=self.activations,
        )  # fmt: skip

    def notes(self, gone: bool = True) -> list[Line2D]:
        """Entries of the legend."""
        if len(self.stages) < 2:
            return []
        entries = [("new", self.glow(1.0), 5.0)]
        if gone:
            entries.append(("gone", self._ghost(1.0), 1.2))
        return [Line2D([], [], color=c, linewidth=w, label=name) for name, c, w in entries]

    def caption(self, drawn: Sketch, k: int, below: float, lines: int = 1) -> None:
        """Write facts about a stage at the top.

        Args:
            drawn: Where.
            k: Which.
            below: Inches that are taken by a title.
            lines: In how many lines.
        """
        stage = self.stages[k]
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

    def paint(self, drawn: Sketch, k: int) -> None:
        """Draw what there is at a stage where all of them stand."""
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
        now = replace(drawn, diagram=diagram, frame=replace(drawn.frame, routes=routes))
        shown = {v for v, i in enumerate(ids) if i < self.union.n_inputs or i in stage.nodes}
        paint(now, strokes=strokes_of(everything), shown=shown, around=drawn.frame)

    def highlight(self, drawn: Sketch, k: int, fresh: float, gone: bool = True) -> None:
        """Draw what is new at a stage, and what the stage before had, below the rest.

        Args:
            drawn: Where all of them stand.
            k: Which.
            fresh: From 1, it has just come, to 0, when nothing is drawn.
            gone: Whether to draw what has gone.
        """
        stage, before = self.stages[k], self.stages[max(k - 1, 0)]
        if fresh == 0.0:
            return
        routes = self._routes(drawn)
        vertex = {drawn.diagram.node_id(v): v for v in range(len(drawn.diagram.genes))}
        glow, ghost = self.glow(fresh), self._ghost(fresh)
        if gone:
            for i in before.wires.keys() - stage.wires.keys():
                self._line(drawn, routes[i], ghost, 1.2, f"gone-{i}", before.wires[i][1])
            for i in before.nodes.keys() - stage.nodes.keys():
                self._circle(drawn, vertex[i], ghost, 1.0, f"gone-node-{i}")
        strokes = strokes_of(drawn.diagram)
        for i in stage.wires.keys() - before.wires.keys():
            weight = stage.ancestor.genome.weight[stage.wires[i][0]]
            beside = _CROWDED if drawn.diagram.crowded else _GLOW
            width = strokes.width(float(weight)) + 1.4 + beside * max(fresh, 0.4)
            self._line(drawn, routes[i], glow, width, f"new-{i}")
        for i in stage.nodes.keys() - before.nodes.keys():
            self._circle(drawn, vertex[i], glow, 1.55, f"new-node-{i}")

    def _routes(self, drawn: Sketch) -> dict[int, Route]:
        """By innovation."""
        innovation = self.union.innovation.tolist()
        return {innovation[route.wire.gene]: route for route in drawn.frame.routes}

    def glow(self, fresh: float) -> str:
        """Colour beside what is new."""
        return blend(self.accent, self.theme.background, 1.0 - 0.75 * fresh)

    def _ghost(self, fresh: float) -> str:
        return blend(self.theme.quiet, self.theme.background, 1.0 - 0.6 * fresh)

    def _line(
        self, drawn: Sketch, route: Route, color: str, width: float, gid: str, dashed: bool = False
    ) -> None:
        drawn.axes.add_artist(
            PathPatch(
                route.path, fill=False, edgecolor=color, linewidth=width, gid=gid,
                linestyle=dashes(width) if dashed else "-", capstyle="butt", joinstyle="round",
                zorder=1.2 if gid.startswith("gone") else 1.5,
            )
        )  # fmt: skip

    def _circle(self, drawn: Sketch, vertex: int, color: str, size: float, gid: str) -> None:
        places, new = drawn.frame.places, gid.startswith("new")
        drawn.axes.add_artist(
            Circle(
                (places.x[vertex], places.y[vertex]), size * places.radius, edgecolor=color,
                facecolor=color if new else self.theme.background, linewidth=1.2,
                zorder=1.6 if new else 1.3, gid=gid,
            )
        )  # fmt: skip
