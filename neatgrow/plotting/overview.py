"""All of a run in one figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.plotting.history import (
    check_history,
    finish,
    fitness_into,
    legend_above,
    over_generations,
    species_into,
)
from neatgrow.plotting.theme import Theme, ThemeName, blend, chart_axes, new_figure, theme_of
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.results import Result

_UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def draw_history(
    result: Result | History,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (10.5, 7.0),
) -> Figure:
    """A run in one figure: fitness, complexity, species, where time went, what was done.

    Times and work add up from the first generation on; phases that took no time and
    work that was not done are left out.

    Args:
        result: Of a run, or its history, of at least one generation.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure of five charts, whose axes have the labels ``fitness``, ``complexity``,
        ``species``, ``time`` and ``work``.

    Raises:
        TypeError: ``result`` is neither a result nor a history.
        ValueError: There is no generation to draw.
    """
    history = result.history if isinstance(result, Result) else result
    if not isinstance(history, History):
        raise TypeError(
            _checks.message(
                "result", "a Result or a History", type(result).__name__, "Pass result.history."
            )
        )
    check_history(history)
    colors = theme_of(theme)
    figure = new_figure(colors, figsize)
    grid = figure.add_gridspec(2, 6, height_ratios=(1.1, 1.0))
    places = {
        "fitness": (grid[0, :4], "fitness"),
        "complexity": (grid[0, 4:], "mean per genome"),
        "species": (grid[1, :2], "genomes"),
        "time": (grid[1, 2:4], ""),
        "work": (grid[1, 4:], "in all, so far"),
    }
    axes: dict[str, Axes] = {}
    for name, (place, y) in places.items():
        axes[name] = chart_axes(figure, colors, place, x="generation", y=y)
        axes[name].set_label(name)
    fitness_into(axes["fitness"], history, colors)
    complexity_into(axes["complexity"], history, colors)
    species_into(axes["species"], history, colors, apart=0.1)
    time_into(axes["time"], history, colors)
    work_into(axes["work"], history, colors)
    for name in ("complexity", "species", "time", "work"):
        axes[name].xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    finish(figure, title, colors.ink)
    return figure


def complexity_into(axes: Axes, history: History, colors: Theme) -> None:
    """Mean nodes and enabled connections per genome."""
    lines = (("connections", colors.positive), ("nodes", colors.negative))
    for name, color in lines:
        _line(axes, history, history[name], color, name)
    axes.set_ylim(bottom=0.0)
    legend_above(axes, colors)
    over_generations(axes)


def time_into(axes: Axes, history: History, colors: Theme) -> None:
    """Wall time by phase, added up and stacked."""
    spent = {name.removeprefix("seconds_"): np.cumsum(history[name]) for name in TIMES}
    spent = {name: seconds for name, seconds in spent.items() if seconds[-1] > 0.0}
    total = float(sum(seconds[-1] for seconds in spent.values()))
    unit, word = next((u for u in _UNITS if total >= 2.0 * u[0]), _UNITS[-1])
    axes.set_ylabel(word, color=colors.ink, fontsize=10)
    generation = history["generation"].astype(np.float64)
    if generation.size == 1:  # an area needs a width
        generation = generation + np.array([-0.5, 0.5])
    below: Array = np.zeros(generation.size)
    fills = _phase_colors(colors)
    for name, seconds in spent.items():
        top = below + np.broadcast_to(seconds / unit, generation.shape)
        share = f"{name} {seconds[-1] / total:.0%}"
        axes.fill_between(
            generation, below, top, facecolor=fills[name], edgecolor=colors.background,
            linewidth=0.6, label=share, gid=f"time-{name}",
        )  # fmt: skip
        below = top
    if spent:
        axes.legend(
            loc="upper left", frameon=False, fontsize=8.5, labelcolor=colors.ink, reverse=True,
            handlelength=1.0, handleheight=1.0,
        )  # fmt: skip
    axes.set_xlim(generation[0], generation[-1])
    axes.set_ylim(0.0, (1.05 + 0.13 * len(spent)) * max(total / unit, 1e-9))  # room for the legend
    axes.grid(visible=False)


def _phase_colors(colors: Theme) -> dict[str, str]:
    shades = {
        "evaluation": colors.positive,
        "reproduction": colors.negative,
        "compilation": colors.quiet,
        "learning": "#8f6fc4",
    }
    return {name: blend(color, colors.background, 0.25) for name, color in shades.items()}


def work_into(axes: Axes, history: History, colors: Theme) -> None:
    """Evaluations, steps of simulation and samples learned, added up, on a scale of powers."""
    lines = (
        ("evaluations", "evaluations", colors.ink),
        ("steps", "steps", colors.positive),
        ("samples_learned", "samples learned", "#8f6fc4"),
        ("failures", "failures", colors.negative),
    )
    shown = False
    for name, label, color in lines:
        done = np.cumsum(history[name]).astype(np.float64)
        if done[-1] > 0.0:
            shown = True
            _line(axes, history, np.where(done > 0.0, done, np.nan), color, name, label)
    if shown:
        axes.set_yscale("log")
        axes.legend(loc="lower right", frameon=False, fontsize=8.5, labelcolor=colors.ink)
    axes.tick_params(axis="y", which="minor", left=False)
    over_generations(axes)


def _line(
    axes: Axes, history: History, values: Array, color: str, gid: str, label: str | None = None
) -> None:
    axes.plot(
        history["generation"], values, color=color, linewidth=1.8, label=label or gid, gid=gid,
        solid_joinstyle="round", marker="o" if len(values) == 1 else "",
    )  # fmt: skip
