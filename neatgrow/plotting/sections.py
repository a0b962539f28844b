"""The parts of a report: words and tables around the pictures, each made by itself."""

import base64
import html
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import neatgrow
from neatgrow.config import Config
from neatgrow.genomes import Genome
from neatgrow.history import COLUMNS, TIMES, History
from neatgrow.kernels.layout import Array
from neatgrow.plotting.activity import scales
from neatgrow.plotting.decisions import draw_decisions
from neatgrow.plotting.episodes import Episode, Work, work_of
from neatgrow.plotting.history import finish, fitness_into, species_into
from neatgrow.plotting.interactive import graph_data
from neatgrow.plotting.layers import read
from neatgrow.plotting.overview import complexity_into, time_into, work_into
from neatgrow.plotting.record import Record
from neatgrow.plotting.theme import Theme, ThemeName, chart_axes, new_figure, theme_of
from neatgrow.problems import catalogue
from neatgrow.problems.supervised import Supervised

_CHART = (5.6, 3.3)  # inches
_LARGEST_SVG = 100_000  # bytes; a picture of more becomes pixels
_MOST_ROWS = 300  # of the history's table
_MOST_FAILURES = 20
_MOST_LISTED = 16  # samples that are listed one by one
_MOST_POINTS = 2000  # of a scattered chart
_LONGEST_TEXT = 400  # letters of a setting or a cause


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        key: Its anchor, and the name of its data.
        title: Its heading.
        html: Its content.
        data: What the page's script makes of it, as values that JSON can hold; or ``None``.
    """

    key: str
    title: str
    html: str
    data: Any = None


@dataclass
class _Parts:
    """HTML that is gathered piece by piece; a piece that fails is said, and costs no other."""

    html: list[str] = field(default_factory=list)

    def add(self, what: str, make: Callable[[], str]) -> None:
        """Add what ``make`` gives."""
        try:
            self.html.append(make())
        except Exception as error:
            self.html.append(failed(what, error))

    def __str__(self) -> str:
        return "\n".join(self.html)


def failed(what: str, error: Exception) -> str:
    """A line that says what could not be made, and why."""
    return _note(f"{what} could not be made: {type(error).__name__}: {error}", "failed")


def sections(record: Record) -> list[Section]:
    """All parts in their order; one that fails says so in its place."""
    makers: list[tuple[str, str, Callable[[Record], tuple[str, Any]]]] = [
        ("network", "The champion", _network),
        ("work", "What it does", _work),
        ("evolution", "How it evolved", _evolution),
        ("time", "Where time went", _time),
        ("settings", "Settings", _settings),
        ("history", "History", _history),
        ("failures", "Failures", _failures),
    ]
    made = []
    for key, title, make in makers:
        try:
            made.append(Section(key, title, *make(record)))
        except Exception as error:
            made.append(Section(key, title, failed("This part", error)))
    return made


# -------------------------------------------------------------------------------- headline


def headline(record: Record) -> str:
    """What was evolved, how, and what came of it."""
    parts = _Parts()
    parts.add("The summary", lambda: _lead(record))
    parts.add("The facts", lambda: _facts(record))
    return str(parts)


def verdict(record: Record) -> str:
    """``"solved"``, ``"not solved"``, or that it is not known."""
    if record.solved is None:
        return "not known to be solved"
    return "solved" if record.solved else "not solved"


def _lead(record: Record) -> str:
    history, champion = record.history, record.champion
    about = catalogue.ENTRIES.get(str(record.description.get("problem"))) or (
        catalogue.ENTRIES.get(str(record.description.get("environment")))
    )
    task = f": {_text(about.about)}" if about is not None else ""
    back = sum(wire.delayed for wire in read(champion, False).wires)
    memory = (
        f"{_count(back, 'of them carries', 'of them carry')} the previous tick’s value, "
        "so it can remember"
        if back
        else "none of them leads back, so each answer follows from the present inputs alone"
    )
    size = f" of {record.config.population_size:,} genomes" if record.config else ""
    found = (
        f"The best network has {_count(champion.n_inputs, 'input')}, "
        f"{_count(champion.n_hidden, 'hidden node')} and {_count(champion.n_outputs, 'output')}, "
        f"joined by {_count(champion.n_enabled, 'connection')}; {memory}."
    )
    grown = (
        f"Networks were grown by evolution over {_count(len(history), 'generation')}{size}. "
        "Genomes of similar structure form species; each is tried on the problem, and the fitter "
        "have more offspring, with weights changed and now and then a node or a connection added."
    )
    if record.description.get("run", {}).get("learning"):
        grown += " Before it was judged, each network learned by gradient descent."
    return (
        f'<p class="lead">The problem is <b>{_text(record.name)}</b>{task}. '
        f"{_fitness_text(record)}</p><p>{found}</p><p>{grown}</p>"
    )


def _fitness_text(record: Record) -> str:
    threshold = record.description.get("run", {}).get("solved_at")
    if threshold is None and record.problem is not None:
        threshold = record.problem.solved_at
    best = f"{record.fitness:.6g}"
    if threshold is None:
        return f"The best fitness is <b>{best}</b>."
    limit = f"{float(threshold):.6g}"
    if record.solved is None:
        return f"The best fitness is <b>{best}</b>; it counts as solved from {limit}."
    word = "reached" if record.solved else "did not reach"
    return f"The champion {word} the goal of {limit}: its fitness is <b>{best}</b>."


def _facts(record: Record) -> str:
    history = record.history
    facts = [
        ("fitness", f"{record.fitness:.6g}"),
        ("generations", f"{len(history):,}"),
        ("evaluations", f"{history.total('evaluations'):,}"),
        ("steps", f"{history.total('steps'):,}"),
        ("time", duration(sum(history.total(name) for name in TIMES))),
        ("seed", "not known" if record.seed is None else str(record.seed)),
    ]
    more = [("version", f"neatgrow {neatgrow.__version__}")]
    if record.stopped:
        more.append(("stopped by", record.stopped))
    if record.fingerprint:
        more.append(("fingerprint", record.fingerprint[:16]))
    if record.directory is not None:
        more.append(("run", record.directory.name or str(record.directory)))
    tiles = "".join(f"<div><dt>{k}</dt><dd>{_text(v)}</dd></div>" for k, v in facts)
    small = "".join(f"<div><dt>{k}</dt><dd>{_text(v)}</dd></div>" for k, v in more)
    return f'<dl class="tiles">{tiles}</dl><dl class="small">{small}</dl>'


# ----------------------------------------------------------------------------- the champion


def _network(record: Record) -> tuple[str, Any]:
    data = graph_data(record.stages)
    champion = record.champion
    about = (
        "Signals run from the inputs at the left to the outputs at the right. Point at a node or "
        "a connection for its genes, click to keep them in view, drag nodes to move them."
    )
    alternative = (
        f"Graph of the champion: {_count(champion.n_inputs, 'input')}, "
        f"{_count(champion.n_hidden, 'hidden node')}, {_count(champion.n_outputs, 'output')}, "
        f"{_count(champion.n_enabled, 'enabled connection')}. "
        "The table below lists all of its genes."
    )
    growth = '<div class="growth" id="growth"></div>'
    if len(data["stages"]) < 2:
        why = record.missing.get("stages", "it has none")
        growth = _note(f"How the champion grew cannot be shown: {why}.")
    return (
        f'<p class="hint">{about}</p><div class="graph" id="graph" '
        f'data-label="{_text(alternative)}"></div>{growth}'
        '<details id="genes"><summary>All genes as a table</summary></details>'
    ), data


# ------------------------------------------------------------------------------ what it does


def _work(record: Record) -> tuple[str, Any]:
    parts = _Parts()
    data: Any = None
    problem, champion = record.problem, record.champion
    work: Work | None = None
    if problem is None:
        why = record.missing.get("problem", "the problem is not known")
        parts.html.append(_note(f"Its episodes cannot be shown: {why}"))
    else:
        try:
            work = work_of(problem, champion)
            data = _activity_data(work, champion)
            notes = "".join(_note(text) for text in work.missing)
            parts.html.append(
                f'<p class="hint">{_text(work.about)} Nodes are coloured by their values.</p>'
                f'<div class="activity" id="activity"></div>{notes}'
            )
        except Exception as error:
            parts.html.append(_note(f"Its episodes cannot be shown: {_reason(error)}."))
    if isinstance(problem, Supervised):
        parts.add("The table of answers", lambda: _answers(problem, champion))
    if champion.n_inputs == 2 and not (isinstance(problem, Supervised) and problem.sequences):
        parts.add("The decision map", lambda: _decisions(problem, champion, work))
    return str(parts), data


def _reason(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"


def _activity_data(work: Work, champion: Genome) -> dict[str, Any]:
    """Values and what came of them, tick by tick, rows in the order of the page's strip."""
    diagram = read(champion, False)
    n_inputs, outputs = champion.n_inputs, diagram.outputs
    hidden = [v for v in range(n_inputs, len(diagram.genes)) if v not in set(outputs)]
    rows = [*range(n_inputs), *hidden, *outputs]
    return {
        "samples": work.samples,
        "rows": [diagram.node_id(v) if v < n_inputs else diagram.genes[v] + n_inputs for v in rows],
        "names": [champion.labels()[diagram.node_id(v)] for v in rows],
        "outputs": champion.n_outputs,
        "inputs": n_inputs,
        "episodes": [_episode_data(episode, rows, n_inputs) for episode in work.episodes],
    }


def _episode_data(episode: Episode, rows: list[int], n_inputs: int) -> dict[str, Any]:
    scale = scales(episode.values, n_inputs)
    wanted = episode.targets
    return {
        "name": episode.name,
        "ticks": episode.ticks,
        "values": [_numbers(episode.values[:, v]) for v in rows],
        "scales": [float(f"{scale[v]:.3g}") for v in rows],
        "targets": [] if wanted is None else [_numbers(column) for column in wanted.T],
        "actions": episode.actions,
        "rewards": _numbers(np.array(episode.rewards)),
        "pictures": episode.pictures,
    }


def _numbers(values: Array) -> list[float | None]:
    """Three digits; ``None`` for what is not finite, which JSON does not know."""
    return [float(f"{x:.3g}") if np.isfinite(x) else None for x in values.tolist()]


def _answers(problem: Supervised, champion: Genome) -> str:
    """Wanted and given: a list, a table of classes, or a chart."""
    networks = champion.compile().networks
    whole = bool(np.isin(problem.Y, (-1.0, 0.0, 1.0)).all())
    parts = []
    if whole:
        share = float(problem.accuracy(networks, problem.X, problem.Y, problem.weights)[0])
        text = f"Right: {share:.1%} of {'ticks that count' if problem.sequences else 'samples'}"
        for name, word in (("validation", "for validation"), ("test", "held out for a test")):
            held = getattr(problem, name, None)
            if held is not None:
                text += f", {float(problem.accuracy(networks, *held)[0]):.1%} of those {word}"
        parts.append(f"<p>{text}.</p>")
    if problem.sequences:
        return "".join(parts)
    X, Y = problem.X, problem.Y
    outputs = networks.predict(X)[0].astype(np.float64)
    labels = list(champion.labels().values())
    names = labels[champion.n_inputs : champion.n_inputs + champion.n_outputs]
    if len(X) <= _MOST_LISTED and X.shape[1] <= 8:
        header = [*labels[: champion.n_inputs], *(f"wanted {n}" for n in names), *names]
        rows = [[f"{v:.4g}" for v in row] for row in np.column_stack([X, Y, outputs])]
        parts.append(_table(header, rows, "Wanted and given answers"))
    elif whole:
        parts.append(_classes(problem, outputs, names))
    else:
        alternative = f"Scatter of {len(X):,} answers over what was wanted."
        parts.append(_pictures([_Chart("Answers over targets", alternative, lambda axes, colors:
                                       _scatter(axes, colors, Y, outputs, names),
                                       ("wanted", "given"))]))  # fmt: skip
    return "".join(parts)


def _classes(problem: Supervised, outputs: Array, names: list[str]) -> str:
    """How often each class was taken for each."""
    if problem.outputs == 1:
        wanted = (problem._middle < problem.Y[:, 0]) if problem.loss != "binary" else (
            problem.Y[:, 0] > 0.5)  # fmt: skip
        wanted, given = wanted.astype(int), (outputs[:, 0] > problem._middle).astype(int)
        names = [f"not {names[0]}", names[0]]
    elif problem.loss == "binary":  # switches of their own, not classes
        return ""
    else:
        wanted, given = problem.Y.argmax(axis=1), outputs.argmax(axis=1)
    rows = [
        [names[w], *(f"{int(((wanted == w) & (given == g)).sum()):,}" for g in range(len(names)))]
        for w in range(len(names))
    ]
    header = ["wanted", *(f"taken for {name}" for name in names)]
    return _table(header, rows, "How often each class was taken for each")


def _scatter(axes: Axes, colors: Theme, wanted: Array, given: Array, names: list[str]) -> None:
    rows = np.unique(np.linspace(0, len(wanted) - 1, _MOST_POINTS).astype(int))
    shades = [colors.positive, colors.negative, "#8f6fc4", colors.quiet]
    low, high = float(wanted.min()), float(wanted.max())
    axes.plot([low, high], [low, high], color=colors.quiet, linewidth=1.0, zorder=1)
    for k, name in enumerate(names):
        axes.scatter(
            wanted[rows, k], given[rows, k], s=9, color=shades[k % len(shades)], linewidths=0,
            alpha=0.7, label=name,
        )  # fmt: skip
    if 1 < len(names) <= 8:
        axes.legend(frameon=False, fontsize=8.5, labelcolor=colors.ink)


def _decisions(problem: Any, champion: Genome, work: Work | None) -> str:
    X = Y = limits = None
    if isinstance(problem, Supervised):
        rows = np.unique(np.linspace(0, len(problem.X) - 1, _MOST_POINTS).astype(int))
        X, Y = problem.X[rows], problem.Y[rows]
    elif work is not None and champion.interface.input_mean is None:
        seen = np.concatenate([episode.values[:, :2] for episode in work.episodes])
        low, high = seen.min(axis=0), seen.max(axis=0)
        if (high > low).all():
            limits = np.stack([low, high], axis=1).tolist()

    def make(theme: ThemeName) -> Figure:
        return draw_decisions(champion, X, Y, limits=limits, theme=theme)

    names = list(champion.labels().values())
    alternative = (
        f"Map of the answers over {names[0]} and {names[1]}"
        + (f", with {len(X):,} samples on top." if X is not None else ".")
        + " Each point is one tick from state 0."
    )
    return f'<div class="charts">{picture(make, "What it answers", alternative)}</div>'


# --------------------------------------------------------------------------------- evolution


@dataclass(frozen=True)
class _Chart:
    """A picture on axes: its caption, its text alternative, what draws it, names of the axes."""

    caption: str
    alternative: str
    draw: Callable[[Axes, Theme], None]
    axes: tuple[str, str]

    def figure(self, theme: ThemeName) -> Figure:
        colors = theme_of(theme)
        figure = new_figure(colors, _CHART)
        axes = chart_axes(figure, colors, x=self.axes[0], y=self.axes[1])
        self.draw(axes, colors)
        axes.set_title("", loc="right")  # the page says it, and the legend needs the room
        finish(figure, None, colors.ink)
        return figure


def _evolution(record: Record) -> tuple[str, Any]:
    history = record.history
    best, sizes = history["champion"], history.species_sizes[-1]
    first, last = f"{best[0]:.4g}", f"{best[-1]:.4g}"
    end = f"{history[-1]['species']:,}"
    charts = [
        _Chart(
            "Fitness",
            f"Fitness by generation: the champion’s rises from {first} in the first to {last} in "
            f"generation {len(history):,}; in the last, the best has {history[-1]['best']:.4g}, "
            f"the mean is {history[-1]['mean']:.4g}.",
            lambda axes, colors: fitness_into(axes, history, colors),
            ("generation", "fitness"),
        ),
        _Chart(
            "Species",
            f"Members of each species by generation, stacked: {end} species in the last "
            f"generation, the largest of {max(sizes.values(), default=0):,} genomes.",
            lambda axes, colors: species_into(axes, history, colors, apart=0.06),
            ("generation", "genomes"),
        ),
        _Chart(
            "Complexity",
            f"Mean nodes and connections per genome by generation: from "
            f"{history['nodes'][0]:.3g} and {history['connections'][0]:.3g} to "
            f"{history['nodes'][-1]:.3g} and {history['connections'][-1]:.3g}.",
            lambda axes, colors: complexity_into(axes, history, colors),
            ("generation", "mean per genome"),
        ),
        _Chart(
            "Work",
            f"Work so far by generation, on a scale of powers: {history.total('evaluations'):,} "
            f"evaluations and {history.total('steps'):,} steps in all.",
            lambda axes, colors: work_into(axes, history, colors),
            ("generation", "in all, so far"),
        ),
    ]
    return _pictures(charts), None


def _time(record: Record) -> tuple[str, Any]:
    history = record.history
    spent = {name.removeprefix("seconds_"): history.total(name) for name in TIMES}
    total = sum(spent.values())
    rows = [
        [part, duration(s), f"{s / total:.0%}" if total else "–", _milliseconds(s, history)]
        for part, s in spent.items()
    ]
    rows.append(["in all", duration(total), "", _milliseconds(total, history)])
    share = ", ".join(f"{row[0]} {row[2]}" for row in rows[:-1])
    chart = _Chart(
        "Time so far by phase", f"Time so far by generation and phase, stacked: {share}.",
        lambda axes, colors: time_into(axes, history, colors), ("generation", ""),
    )  # fmt: skip
    table = _table(["part", "time", "share", "ms per generation"], rows, "Time by phase")
    return f'<div class="side">{_pictures([chart])}{table}</div>', None


def _milliseconds(seconds: float, history: History) -> str:
    """Per generation."""
    each = seconds / len(history) * 1e3
    return f"{each:,.0f}" if each >= 100.0 else f"{each:.3g}"


def _pictures(charts: Iterable[_Chart]) -> str:
    parts = _Parts()
    for chart in charts:
        parts.add(
            f"The chart of {chart.caption.lower()}",
            lambda chart=chart: picture(chart.figure, chart.caption, chart.alternative),  # type: ignore[misc]
        )
    return f'<div class="charts">{parts}</div>'


def picture(make: Callable[[ThemeName], Figure], caption: str, alternative: str) -> str:
    """A figure in both themes, of which the page shows one."""
    themes: tuple[ThemeName, ...] = ("light", "dark")
    images = "".join(
        f'<img class="{theme}" alt="{_text(alternative)}" src="{_uri(make(theme))}">'
        for theme in themes
    )
    return f"<figure>{images}<figcaption>{_text(caption)}</figcaption></figure>"


def _uri(figure: Figure) -> str:
    """A picture as a data URI: SVG, or PNG where that is smaller by far."""
    file = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": "neatgrow"}):
        figure.savefig(file, format="svg", metadata=nothing)
    kind = "svg+xml"
    if file.tell() > _LARGEST_SVG:
        file, kind = io.BytesIO(), "png"
        figure.savefig(file, format="png", dpi=150)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


# ----------------------------------------------------------------------------------- tables


def _settings(record: Record) -> tuple[str, Any]:
    parts = []
    if record.config is None:
        why = record.missing.get("config", "there are none")
        parts.append(_note(f"The settings cannot be shown: {why}"))
    else:
        mine, usual = flat(record.config.to_dict()), flat(Config().to_dict())
        rows = [[k, _plain(v), _plain(usual[k])] for k, v in mine.items() if v != usual[k]]
        if rows:
            header = ["setting", "here", "default"]
            parts.append(_table(header, rows, "Settings that differ from the defaults"))
        else:
            parts.append("<p>All settings are the defaults.</p>")
    for generation, changes in record.changes:
        text = ", ".join(f"{key} = {_plain(value)}" for key, value in flat(changes).items())
        parts.append(_note(f"Changed after generation {generation}: {text}"))
    described = flat({k: v for k, v in record.description.items() if k != "problem"})
    rows = [[key.removeprefix("run."), _plain(value)] for key, value in described.items()]
    if rows:
        table = _table(["of the problem and the run", "value"], rows, "The problem and the run")
        parts.append(_folded("The problem and the run", table))
    if record.config is not None:
        parts.append(_folded("All settings", f"<pre>{_text(record.config.to_toml())}</pre>"))
    return "".join(parts), None


def flat(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Leaves of nested dictionaries by dotted path."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            leaves |= flat(value, f"{before}{key}.")
        else:
            leaves[f"{before}{key}"] = value
    return leaves


def _plain(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _history(record: Record) -> tuple[str, Any]:
    history: History = record.history
    count = len(history)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_ROWS)).astype(int)).tolist()
    header = [name.replace("_", " ") for name in COLUMNS]
    rows = []
    for k in chosen:
        row = history[k]
        rows.append([f"{v:.4g}" if isinstance(v, float) else f"{v:,}" for v in row.values()])
    some = "" if len(chosen) == count else f", {len(chosen)} of {count:,} generations"
    title = f"Table by generation{some}"
    return _folded(title, _table(header, rows, title)), None


def _failures(record: Record) -> tuple[str, Any]:
    count = record.history.total("failures")
    if not count:
        return "<p>No evaluation failed.</p>", None
    named = record.failures[:_MOST_FAILURES]
    parts = [f"<p>{_count(count, 'evaluation')} failed.</p>"]
    if named:
        rows = [[str(g), str(row), _plain(cause)] for g, row, cause in named]
        parts.append(_table(["generation", "genome", "cause"], rows, "The first failures"))
    return "".join(parts), None


# ------------------------------------------------------------------------------------ markup


def duration(seconds: float) -> str:
    """A time that people can read."""
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 100.0:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _text(value: object) -> str:
    return html.escape(str(value))


def _note(text: str, kind: str = "note") -> str:
    return f'<p class="{kind}">{_text(text)}</p>'


def _count(number: int, one: str, many: str = "") -> str:
    return f"{f'{number:,}' if number else 'no'} {one if number == 1 else many or one + 's'}"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{_text(title)}</summary>{content}</details>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{_text(c)}</td>' for c in row)}</tr>" for row in rows)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{_text(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
