"""Reports of what a champion answers: lists, classes, charts and maps."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.plotting.decisions import draw_decisions
from neatgrow.plotting.pages.episodes import Work
from neatgrow.plotting.pages.markup import Chart, picture, pictures, table
from neatgrow.plotting.theme import VIOLET, Theme, ThemeName, legend_into, spread
from neatgrow.problems.supervised import Supervised

_MOST_LISTED = 16  # samples that are listed one by one
_MOST_CLASSES = 30  # that a table shows
_MOST_MAPS = 9  # of outputs over a plane
_MOST_POINTS = 2000  # of a scattered chart


def answers_of(problem: Supervised, champion: Genome) -> str:
    """Wanted and given: a list, a table of classes, or a chart."""
    networks = champion.compile().networks
    whole = _tells_apart(problem)
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
        parts.append(table(header, rows, "Wanted and given answers"))
    elif whole:
        parts.append(_classes(problem, outputs, names))
    else:
        alternative = f"Scatter of {len(X):,} answers over what was wanted."
        chart = Chart(
            "Answers over targets", alternative,
            lambda axes, colors: _scatter(axes, colors, Y, outputs, names), ("wanted", "given"),
        )  # fmt: skip
        parts.append(pictures([chart]))
    return "".join(parts)


def _tells_apart(problem: Supervised) -> bool:
    """Whether answers are classes or switches, which are right or wrong, and not amounts."""
    Y = problem.Y
    if not np.isin(Y, (-1.0, 0.0, 1.0)).all():
        return False
    if problem.outputs == 1 or problem.loss == "binary":
        return True
    return bool(((Y.max(axis=-1, keepdims=True) == Y).sum(axis=-1) == 1).all())


def _classes(problem: Supervised, outputs: Array, names: list[str]) -> str:
    """How often each class was taken for each."""
    if problem.outputs == 1:
        middle = 0.5 if problem.loss == "binary" else problem._middle
        wanted = (problem.Y[:, 0] > middle).astype(int)
        given = (outputs[:, 0] > problem._middle).astype(int)
        names = [f"not {names[0]}", names[0]]
    elif problem.loss == "binary":  # switches of their own, not classes
        return ""
    elif problem.outputs > _MOST_CLASSES:
        return f"<p>{problem.outputs} classes are too many for a table.</p>"
    else:
        wanted, given = problem.Y.argmax(axis=1), outputs.argmax(axis=1)
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (wanted, given), 1)
    rows = [[name, *(f"{n:,}" for n in row)] for name, row in zip(names, counts, strict=True)]
    header = ["wanted", *(f"taken for {name}" for name in names)]
    return table(header, rows, "How often each class was taken for each")


def _scatter(axes: Axes, colors: Theme, wanted: Array, given: Array, names: list[str]) -> None:
    rows = spread(len(wanted), _MOST_POINTS)
    shades = [colors.positive, colors.negative, VIOLET, colors.quiet]
    low, high = float(wanted.min()), float(wanted.max())
    axes.plot([low, high], [low, high], color=colors.quiet, linewidth=1.0, zorder=1)
    for k, name in enumerate(names):
        axes.scatter(
            wanted[rows, k], given[rows, k], s=9, color=shades[k % len(shades)], linewidths=0,
            alpha=0.7, label=name,
        )  # fmt: skip
    if 1 < len(names) <= 8:
        legend_into(axes, colors, loc="best")


def decision_map(problem: Any, champion: Genome, work: Work | None) -> str:
    """What the champion answers all over the plane of its two inputs."""
    if champion.n_outputs > _MOST_MAPS:
        raise ValueError(f"{champion.n_outputs} outputs are too many for a map of each")
    X = Y = limits = None
    if isinstance(problem, Supervised):
        rows = spread(len(problem.X), _MOST_POINTS)
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
