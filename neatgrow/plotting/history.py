"""A run's history as charts."""

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.plotting.theme import Theme, ThemeName, blend, chart, legend_into, over_steps
from neatgrow.runs.history import History

_GOLDEN = 0.61803398875  # share of the hue circle between species of consecutive ids
_MAJOR = 0.15  # share of a generation that a species must have reached for a full colour
_MOST_NAMED = 14
_NAMES_APART = 0.25  # inches
_DECADES = 1000.0  # a fitness that has grown so many times is drawn by its logarithm
_LASTING = 8  # species with most members over all generations, which have a full colour too


def draw_fitness(
    history: History,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (7.0, 4.0),
) -> Figure:
    """Fitness by generation: champion, best, mean and the middle half of all genomes.

    On a logarithmic axis where all of it is above 0 and the champion's has grown a thousandfold.

    Args:
        history: Of at least one generation. Generations without a fitness leave gaps.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.
    """
    check_history(history)
    return chart(
        lambda axes, colors: fitness_into(axes, history, colors), ("generation", "fitness"),
        theme, title, figsize,
    )  # fmt: skip


def fitness_into(axes: Axes, history: History, colors: Theme) -> None:
    """The chart of :func:`draw_fitness` on given axes."""
    low, high = history["lower_quartile"], history["upper_quartile"]
    if len(history) > 1 and np.isfinite(low).any():
        axes.fill_between(
            history["generation"], low, high, linewidth=0, label="middle half", gid="quartiles",
            facecolor=blend(colors.quiet, colors.background, 0.65), zorder=1,
        )  # fmt: skip
    champion = history["champion"]
    line_into(
        axes, history, "champion", champion, colors.positive, linewidth=2.2, zorder=4,
        drawstyle="steps-post",
    )  # fmt: skip
    line_into(axes, history, "best", history["best"], colors.negative, linewidth=1.2, zorder=3)
    line_into(axes, history, "mean", history["mean"], colors.quiet, linewidth=1.4, zorder=2)
    drawn = np.concatenate([low, champion, history["best"], history["mean"]])
    known = champion[np.isfinite(champion)]
    if known.size and np.nanmin(drawn) > 0.0 and known.max() >= _DECADES * known.min():
        axes.set_yscale("log")
    legend_into(axes, colors)
    over_steps(axes)
    _note_above(axes, f"{history.total('evaluations'):,} evaluations", colors)


def line_into(
    axes: Axes, history: History, gid: str, values: Array, color: str, **options: Any
) -> None:
    """Values by generation as a line, a single one as a dot."""
    options = {"linewidth": 1.8, "label": gid, **options}
    axes.plot(
        history["generation"], values, color=color, gid=gid, solid_joinstyle="round",
        marker="o" if len(values) == 1 else "", **options,
    )  # fmt: skip


def _note_above(axes: Axes, text: str, colors: Theme) -> None:
    axes.set_title(text, loc="right", fontsize=8.5, color=colors.quiet, pad=4)


def draw_species(
    history: History,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (8.0, 4.2),
) -> Figure:
    """Members of every species by generation, stacked with the oldest at the bottom.

    A species has the hue of its id in every picture. Those that ever held a fair share of a
    generation have it in full and carry their id; all others are muted.

    Args:
        history: Of at least one generation.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.
    """
    check_history(history)
    return chart(
        lambda axes, colors: species_into(axes, history, colors), ("generation", "genomes"),
        theme, title, figsize,
    )  # fmt: skip


def species_into(axes: Axes, history: History, colors: Theme) -> None:
    """The chart of :func:`draw_species` on given axes."""
    ids, sizes = _size_table(history.species_sizes)
    axes.grid(visible=False)
    generation = history["generation"].astype(np.float64)
    if generation.size == 1:  # an area needs a width
        generation, sizes = generation + np.array([-0.5, 0.0, 0.5]), np.repeat(sizes, 3, axis=1)
    share = sizes / np.maximum(sizes.sum(axis=0), 1)
    lasting = np.argsort(-sizes.sum(axis=1), kind="stable")
    major = share.max(axis=1) >= _MAJOR
    major[lasting[:_LASTING]] = True
    top = np.cumsum(sizes, axis=0)
    for row, id_ in enumerate(ids):
        color = species_color(id_, colors.background, muted=not major[row])
        alive = np.flatnonzero(sizes[row])
        # One generation more at each end, so that the area starts and ends in a point.
        span = slice(max(alive[0] - 1, 0), alive[-1] + 2)
        axes.fill_between(
            generation[span], (top[row] - sizes[row])[span], top[row][span], facecolor=color,
            edgecolor=colors.background, linewidth=0.4, gid=f"species-{id_}",
        )  # fmt: skip
    inches = axes.figure.dpi_scale_trans.inverted()
    apart = _NAMES_APART / axes.get_window_extent().transformed(inches).width
    for row, at in _name_places(lasting[major[lasting]], sizes, apart):
        axes.text(
            generation[at], top[row, at] - sizes[row, at] / 2.0, str(ids[row]), size=8.5,
            color=colors.ink, ha="center", va="center", gid=f"name-{ids[row]}",
            path_effects=[withStroke(linewidth=2.2, foreground=colors.background)],
        )  # fmt: skip
    over_steps(axes)
    axes.set_xlim(generation[0], generation[-1])
    axes.set_ylim(0, top[-1].max())
    _note_above(axes, f"{len(ids)} species", colors)


def _name_places(rows: Array, sizes: Array, apart: float) -> list[tuple[int, int]]:
    """(row, generation's index) of species names: where thickest, away from edge and others.

    Args:
        rows: Of species to name, the most important first.
        sizes: (species, generations) members.
        apart: Least distance between names, in widths of the chart.
    """
    count, total = sizes.shape[1], float(sizes.sum(axis=0).max())
    middle = np.cumsum(sizes, axis=0) - sizes / 2.0
    edge = min(max(1, count // 50), (count - 1) // 2)
    found: list[tuple[int, int]] = []
    for row in rows.tolist():
        at = min(max(int(np.argmax(sizes[row])), edge), count - 1 - edge)
        free = all(
            abs(at - b) > apart * count
            or abs(middle[row, at] - middle[a, b]) > (0.03 + 0.5 * apart) * total
            for a, b in found
        )
        if free and sizes[row, at] >= 0.05 * total and len(found) < _MOST_NAMED:
            found.append((row, at))
    return found


def species_color(id_: int, background: str, *, muted: bool) -> str:
    """Colour of a species, from its id alone but for ``muted``."""
    hue = (id_ * _GOLDEN) % 1.0
    lightness = (0.45, 0.61, 0.53)[id_ % 3]
    color = to_hex(colorsys.hls_to_rgb(hue, lightness, 0.48))
    if not muted:
        return color
    grey = to_hex(colorsys.hls_to_rgb(0.58, (0.62, 0.70, 0.66)[id_ % 3], 0.08))
    return blend(blend(color, grey, 0.8), background, 0.35)


def _size_table(species_sizes: Sequence[dict[int, int]]) -> tuple[list[int], Array]:
    """Ids in order, and (species, generations) members."""
    ids = sorted({id_ for sizes in species_sizes for id_, size in sizes.items() if size})
    table = np.array([[sizes.get(id_, 0) for sizes in species_sizes] for id_ in ids])
    return ids, table.reshape(len(ids), len(species_sizes))


def check_history(history: History) -> None:
    """Raise unless there is a generation to draw."""
    if not len(history.species_sizes):
        raise ValueError(
            _checks.message(
                "history", "at least one generation", "none", "Draw it once the run has begun."
            )
        )
