"""The parts of a report: words and tables around the pictures, each made by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import neatgrow
from neatgrow._types import Array
from neatgrow.config import Config
from neatgrow.genomes.genomes import Genome
from neatgrow.plotting.graph.activity import scales
from neatgrow.plotting.graph.layers import wired
from neatgrow.plotting.history import fitness_into, species_into
from neatgrow.plotting.overview import complexity_into, time_into, work_into
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
from neatgrow.problems import catalogue
from neatgrow.problems.supervised import Supervised
from neatgrow.runs.history import COLUMNS, TIMES, History

_MOST_ROWS = 300  # of the history's table
_MOST_FAILURES = 20


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
    about = catalogue.ENTRIES.get(str(record.description.get("problem"))) or (
        catalogue.ENTRIES.get(str(record.description.get("environment")))
    )
    task = f": {escaped(about.about)}" if about is not None else ""
    back = sum(wire.delayed for wire in wired(champion, False).wires)
    memory = (
        f"{count(back, 'of them carries', 'of them carry')} the previous tick’s value, "
        "so it can remember"
        if back
        else "none of them leads back, so each answer follows from the present inputs alone"
    )
    size = f" of {record.config.population_size:,} genomes" if record.config else ""
    found = (
        f"The best network has {count(champion.n_inputs, 'input')}, "
        f"{count(champion.n_hidden, 'hidden node')} and {count(champion.n_outputs, 'output')}, "
        f"joined by {count(champion.n_enabled, 'connection')}; {memory}."
    )
    grown = (
        f"Networks were grown by evolution over {count(len(history), 'generation')}{size}. "
        "Genomes of similar structure form species; each is tried on the problem, and the fitter "
        "have more offspring, with weights changed and now and then a node or a connection added."
    )
    if record.description.get("run", {}).get("learning"):
        grown += " Before it was judged, each network learned by gradient descent."
    return (
        f'<p class="lead">The problem is <b>{escaped(record.name)}</b>{task}. '
        f"{_fitness_text(record)}</p><p>{found}</p><p>{grown}</p>"
    )


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
    tiles = "".join(f"<div><dt>{k}</dt><dd>{escaped(v)}</dd></div>" for k, v in facts)
    small = "".join(f"<div><dt>{k}</dt><dd>{escaped(v)}</dd></div>" for k, v in more)
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
        f"Graph of the champion: {count(champion.n_inputs, 'input')}, "
        f"{count(champion.n_hidden, 'hidden node')}, {count(champion.n_outputs, 'output')}, "
        f"{count(champion.n_enabled, 'enabled connection')}. "
        "The table below lists all of its genes."
    )
    growth = '<div class="growth" id="growth"></div>'
    if len(data["stages"]) < 2:
        why = record.missing.get("stages", "it has none")
        growth = note(f"How the champion grew cannot be shown: {why}.")
    return (
        f'<p class="hint">{about}</p><div class="graph" id="graph" '
        f'data-label="{escaped(alternative)}"></div>{growth}'
        '<details id="genes"><summary>All genes as a table</summary></details>'
    ), data


# ------------------------------------------------------------------------------ what it does


def _work(record: Record) -> tuple[str, Any]:
    parts = Parts()
    data: Any = None
    problem, champion = record.problem, record.judged
    if champion is not record.champion:
        text = (
            "Here the champion is as it was judged, after its learning; above it is as it was born."
        )
        parts.html.append(note(text))
    work: Work | None = None
    if problem is None:
        why = record.missing.get("problem", "the problem is not known")
        parts.html.append(note(f"Its episodes cannot be shown: {why}"))
    else:
        try:
            work = work_of(problem, champion)
            data = _activity_data(work, champion)
            notes = "".join(note(text) for text in work.missing)
            parts.html.append(
                f'<p class="hint">{escaped(work.about)} Nodes are coloured by their values.</p>'
                f'<div class="activity" id="activity"></div>{notes}'
            )
        except Exception as error:
            parts.html.append(note(f"Its episodes cannot be shown: {_reason(error)}."))
    if isinstance(problem, Supervised):
        parts.add("The table of answers", lambda: answers_of(problem, champion))
    if champion.n_inputs == 2 and not (isinstance(problem, Supervised) and problem.sequences):
        parts.add("The decision map", lambda: decision_map(problem, champion, work))
    return str(parts), data


def _reason(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"


def _activity_data(work: Work, champion: Genome) -> dict[str, Any]:
    """Values and what came of them, tick by tick, rows in the order of the page's strip."""
    diagram = wired(champion, False)
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


# --------------------------------------------------------------------------------- evolution


def _evolution(record: Record) -> tuple[str, Any]:
    history = record.history
    best, sizes = history["champion"], history.species_sizes[-1]
    first, last = f"{best[0]:.4g}", f"{best[-1]:.4g}"
    end = f"{history[-1]['species']:,}"
    charts = [
        Chart(
            "Fitness",
            f"Fitness by generation: the champion’s goes from {first} in the first to {last} in "
            f"generation {len(history):,}; in the last, the best has {history[-1]['best']:.4g}, "
            f"the mean is {history[-1]['mean']:.4g}.",
            lambda axes, colors: fitness_into(axes, history, colors),
            ("generation", "fitness"),
        ),
        Chart(
            "Species",
            f"Members of each species by generation, stacked: {end} species in the last "
            f"generation, the largest of {max(sizes.values(), default=0):,} genomes.",
            lambda axes, colors: species_into(axes, history, colors, apart=0.06),
            ("generation", "genomes"),
        ),
        Chart(
            "Complexity",
            f"Mean nodes and connections per genome by generation: from "
            f"{history['nodes'][0]:.3g} and {history['connections'][0]:.3g} to "
            f"{history['nodes'][-1]:.3g} and {history['connections'][-1]:.3g}.",
            lambda axes, colors: complexity_into(axes, history, colors),
            ("generation", "mean per genome"),
        ),
        Chart(
            "Work",
            f"Work so far by generation, on a scale of powers: {history.total('evaluations'):,} "
            f"evaluations and {history.total('steps'):,} steps in all.",
            lambda axes, colors: work_into(axes, history, colors),
            ("generation", "in all, so far"),
        ),
    ]
    return pictures(charts), None


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
    chart = Chart(
        "Time so far by phase", f"Time so far by generation and phase, stacked: {share}.",
        lambda axes, colors: time_into(axes, history, colors), ("generation", ""),
    )  # fmt: skip
    times = table(["part", "time", "share", "ms per generation"], rows, "Time by phase")
    return f'<div class="side">{pictures([chart])}{times}</div>', None


def _milliseconds(seconds: float, history: History) -> str:
    """Per generation."""
    each = seconds / len(history) * 1e3
    return f"{each:,.0f}" if each >= 100.0 else f"{each:.3g}"


# ----------------------------------------------------------------------------------- tables


def _settings(record: Record) -> tuple[str, Any]:
    parts = []
    if record.config is None:
        why = record.missing.get("config", "there are none")
        parts.append(note(f"The settings cannot be shown: {why}"))
    else:
        mine, usual = flat(record.config.to_dict()), flat(Config().to_dict())
        rows = [[k, plain(v), plain(usual.get(k))] for k, v in mine.items() if v != usual.get(k)]
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
    history: History = record.history
    total = len(history)
    chosen = np.unique(np.linspace(0, total - 1, min(total, _MOST_ROWS)).astype(int)).tolist()
    header = [name.replace("_", " ") for name in COLUMNS]
    rows = []
    for k in chosen:
        row = history[k]
        rows.append([f"{v:.4g}" if isinstance(v, float) else f"{v:,}" for v in row.values()])
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
