"""The parts of a report: words and tables around the pictures, each made by itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import neatgrow
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome
from neatgrow.plotting.graph.layers import wired
from neatgrow.plotting.overview import CHARTS
from neatgrow.plotting.pages.answers import answers_of, decision_map
from neatgrow.plotting.pages.episodes import Episode, Work, work_of
from neatgrow.plotting.pages.interactive import graph_data
from neatgrow.plotting.pages.markup import (
    Chart,
    Parts,
    count,
    duration,
    escaped,
    failed,
    folded,
    note,
    pictures,
    plain,
    table,
)
from neatgrow.plotting.pages.record import Record
from neatgrow.plotting.pages.timed import is_timed, time_course
from neatgrow.plotting.theme import spread
from neatgrow.plotting.values import scales
from neatgrow.problems import catalogue
from neatgrow.problems.supervised import Supervised
from neatgrow.runs.history import COLUMNS, TIMES, History

_MOST_ROWS = 300  # of the history's table
_MOST_FAILURES = 20


class Section(NamedTuple):
    """A part of the page."""

    key: str  # its anchor, and the name of its data
    title: str
    html: str
    data: Any = None  # what the page's script reads, as values that JSON can hold


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
    parts = Parts()
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
    names = (str(record.description.get(key)) for key in ("problem", "environment"))
    entry = next(filter(None, map(catalogue.ENTRIES.get, names)), None)
    task = f": {escaped(entry.about)}" if entry is not None else ""
    memory = "none of them leads back, so each answer follows from the present inputs alone"
    back = sum(wire.delayed for wire in wired(champion, False).wires)
    if back:
        memory = (
            f"{count(back, 'of them carries', 'of them carry')} the previous tick’s value, "
            "so it can remember"
        )
    size = f" of {record.config.population_size:,} genomes" if record.config else ""
    inputs, hidden, outputs = _sizes(champion)
    found = (
        f"The best network has {inputs}, {hidden} and {outputs}, joined by "
        f"{count(champion.n_enabled, 'connection')}; {memory}."
    )
    way = "Genomes of similar structure form species; each is tried on the problem, and the fitter"
    if not _by_species(record):
        assert record.config is not None
        kind = escaped(record.config.selection.kind)
        way = f"Each is tried on the problem, and those that selection by “{kind}” prefers"
    grown = (
        f"Networks were grown by evolution over {count(len(history), 'generation')}{size}. {way} "
        "have more offspring, with weights changed and now and then a node or a connection added."
    )
    if record.description.get("run", {}).get("learning"):
        grown += " Before it was judged, each network learned by gradient descent."
    return (
        f'<p class="lead">The problem is <b>{escaped(record.name)}</b>{task}. '
        f"{_fitness_text(record)}</p><p>{found}</p><p>{grown}</p>"
    )


def _sizes(genome: Genome) -> list[str]:
    """How many inputs, hidden nodes and outputs it has."""
    sizes = {"input": genome.n_inputs, "hidden node": genome.n_hidden, "output": genome.n_outputs}
    return [count(size, what) for what, size in sizes.items()]


def _by_species(record: Record) -> bool:
    """Whether species shared the offspring, as they do unless something else is known."""
    return record.config is None or record.config.selection.kind == "species"


def _fitness_text(record: Record) -> str:
    threshold = record.description.get("run", {}).get("solved_at")
    if threshold is None and record.problem is not None:
        threshold = record.problem.solved_at
    best = f"{record.fitness:.6g}"
    if record.verified is not None and record.verified.episodes > 1:
        best = str(record.verified)
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
    if record.verified is None:
        more.append(("verified", "no: there was no final test, or it failed"))
    if record.stopped:
        more.append(("stopped by", record.stopped))
    if record.fingerprint:
        more.append(("fingerprint", record.fingerprint[:16]))
    if record.directory is not None:
        more.append(("run", record.directory.name or str(record.directory)))
    lists = []
    for kind, pairs in (("tiles", facts), ("small", more)):
        cells = "".join(f"<div><dt>{k}</dt><dd>{escaped(v)}</dd></div>" for k, v in pairs)
        lists.append(f'<dl class="{kind}">{cells}</dl>')
    return "".join(lists)


# ----------------------------------------------------------------------------- the champion


def _network(record: Record) -> tuple[str, Any]:
    data = graph_data(record.line)
    champion = record.champion
    about = (
        "Signals run from the inputs at the left to the outputs at the right. Point at a node or "
        "a connection for its genes, click to keep them in view, drag nodes to move them."
    )
    alternative = (
        f"Graph of the champion: {', '.join(_sizes(champion))}, "
        f"{count(champion.n_enabled, 'enabled connection')}. "
        "The table below lists all of its genes."
    )
    growth = '<div class="growth" id="growth"></div>'
    if len(data["stages"]) < 2:
        why = record.missing.get("line", "it has none")
        growth = note(f"How the champion grew cannot be shown: {why}.")
    return (
        f'<p class="hint">{about}</p><div class="graph" id="graph" '
        f'data-label="{escaped(alternative)}"></div>{growth}'
        '<details id="genes"><summary>All genes as a table</summary></details>'
    ), data


# ------------------------------------------------------------------------------ what it does


def _work(record: Record) -> tuple[str, Any]:
    parts = Parts()
    data = work = None
    problem, champion = record.problem, record.judged.phenotype()
    encoding = record.champion.interface.encoding
    if champion is not record.judged:
        text = (
            f"Genomes are of the encoding {encoding.kind!r}. Above is the champion's own; here is "
            f"the graph that it stands for: {', '.join(_sizes(champion))}."
        )
        parts.append(note(escaped(text)))
    elif champion is not record.champion:
        text = (
            "Here the champion is as it was judged, after its learning; above it is as it was born."
        )
        parts.append(note(text))
    try:
        if problem is None:
            raise ValueError(record.missing.get("problem", "the problem is not known"))
        work = work_of(problem, champion)
        data = _activity_data(work, champion)
        parts.append(
            f'<p class="hint">{escaped(work.about)} Nodes are coloured by their values.</p>'
            f'<div class="activity" id="activity"></div>{"".join(map(note, work.missing))}'
        )
    except Exception as error:
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        parts.append(note(f"Its episodes cannot be shown: {why.rstrip('.')}."))
    if work is not None and is_timed(champion):
        shown = work
        parts.add("The picture of potentials", lambda: time_course(shown, champion))
    if isinstance(problem, Supervised):
        parts.add("The table of answers", lambda: answers_of(problem, champion))
    if champion.n_inputs == 2 and not (isinstance(problem, Supervised) and problem.sequences):
        parts.add("The decision map", lambda: decision_map(problem, champion, work))
    return str(parts), data


def _activity_data(work: Work, champion: Genome) -> dict[str, Any]:
    """Values and what came of them, tick by tick, rows in the order of the page's strip."""
    diagram = wired(champion, False)
    n_inputs, rows = champion.n_inputs, diagram.rows
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


# --------------------------------------------------------------------------------- evolution


def _evolution(record: Record) -> tuple[str, Any]:
    history = record.history
    first, last, sizes = history[0], history[-1], history.species_sizes[-1]
    told = {
        "fitness": "Fitness by generation: the champion’s goes from "
        f"{first['champion']:.4g} in the first to {last['champion']:.4g} in generation "
        f"{len(history):,}; in the last, the best has {last['best']:.4g}, the mean is "
        f"{last['mean']:.4g}.",
        "species": f"Members of each species by generation, stacked: {last['species']:,} species "
        f"in the last generation, the largest of {max(sizes.values(), default=0):,} genomes.",
        "complexity": "Mean nodes and connections per genome by generation: from "
        f"{first['nodes']:.3g} and {first['connections']:.3g} to {last['nodes']:.3g} and "
        f"{last['connections']:.3g}.",
        "work": f"Work so far by generation, on a scale of powers: "
        f"{history.total('evaluations'):,} evaluations and {history.total('steps'):,} steps in "
        "all.",
    }
    if not _by_species(record) and history["species"].max() <= 1:
        del told["species"]
    charts = [_chart(history, name, name.capitalize(), text) for name, text in told.items()]
    return pictures(charts), None


def _chart(history: History, name: str, caption: str, alternative: str) -> Chart:
    y, draw_into = CHARTS[name]
    return Chart(
        caption, alternative, lambda axes, colors: draw_into(axes, history, colors),
        ("generation", y),
    )  # fmt: skip


def _time(record: Record) -> tuple[str, Any]:
    history = record.history
    spent = {name.removeprefix("seconds_"): history.total(name) for name in TIMES}
    total = sum(spent.values())
    rows = []
    for part, seconds in {**spent, "in all": total}.items():
        each = seconds / len(history) * 1e3
        milliseconds = f"{each:,.0f}" if each >= 100.0 else f"{each:.3g}"
        part_of = f"{seconds / total:.0%}" if total else "–"
        rows.append([part, duration(seconds), part_of, milliseconds])
    rows[-1][2] = ""
    share = ", ".join(f"{row[0]} {row[2]}" for row in rows[:-1])
    alternative = f"Time so far by generation and phase, stacked: {share}."
    chart = _chart(history, "time", "Time so far by phase", alternative)
    times = table(["part", "time", "share", "ms per generation"], rows, "Time by phase")
    return f'<div class="side">{pictures([chart])}{times}</div>', None


# ----------------------------------------------------------------------------------- tables


def _settings(record: Record) -> tuple[str, Any]:
    parts = []
    if record.config is None:
        why = record.missing.get("config", "there are none")
        parts.append(note(f"The settings cannot be shown: {why}"))
    else:
        mine, usual = flat(record.config.to_dict()), flat(Config().to_dict())
        # A setting of another kind than the default's has no default.
        rows = [
            [k, plain(v), plain(usual.get(k, "–"))]
            for k, v in mine.items()
            if k not in usual or v != usual[k]
        ]
        if rows:
            header = ["setting", "here", "default"]
            parts.append(table(header, rows, "Settings that differ from the defaults"))
        else:
            parts.append("<p>All settings are the defaults.</p>")
    for generation, changes in record.changes:
        text = ", ".join(f"{key} = {plain(value)}" for key, value in flat(changes).items())
        parts.append(note(f"Changed after generation {generation}: {text}"))
    described = flat({k: v for k, v in record.description.items() if k != "problem"})
    rows = [[key.removeprefix("run."), plain(value)] for key, value in described.items()]
    if rows:
        told = table(["of the problem and the run", "value"], rows, "The problem and the run")
        parts.append(folded("The problem and the run", told))
    if record.config is not None:
        parts.append(folded("All settings", f"<pre>{escaped(record.config.to_toml())}</pre>"))
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


def _history(record: Record) -> tuple[str, Any]:
    history = record.history
    total = len(history)
    chosen = spread(total, _MOST_ROWS)
    header = [name.replace("_", " ") for name in COLUMNS]
    rows = [
        [f"{v:.4g}" if isinstance(v, float) else f"{v:,}" for v in history[k].values()]
        for k in chosen
    ]
    some = "" if len(chosen) == total else f", {len(chosen)} of {total:,} generations"
    title = f"Table by generation{some}"
    return folded(title, table(header, rows, title)), None


def _failures(record: Record) -> tuple[str, Any]:
    many = record.history.total("failures")
    if not many:
        return "<p>No evaluation failed.</p>", None
    named = record.failures[:_MOST_FAILURES]
    parts = [f"<p>{count(many, 'evaluation')} failed.</p>"]
    if named:
        rows = [[str(g), str(row), plain(cause)] for g, row, cause in named]
        parts.append(table(["generation", "genome", "cause"], rows, "The first failures"))
    return "".join(parts), None
