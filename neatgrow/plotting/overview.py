"""All of a run in one figure."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neatgrow import _checks
from neatgrow.plotting.history import check_history, fitness_into, line_into, species_into
from neatgrow.plotting.theme import (
    VIOLET,
    Theme,
    ThemeName,
    blend,
    chart_axes,
    finish,
    legend_into,
    new_figure,
    over_steps,
    theme_of,
)
from neatgrow.runs.history import TIMES, History
from neatgrow.runs.results import Result
from neatgrow.selection.population import Population

_UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def draw_history(
    result: Result | Population | History,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (10.5, 7.0),
) -> Figure:
    """A run in one figure: fitness, complexity, species, where time went, what was done.

    Times and work add up from the first generation on; phases that took no time and
    work that was not done are left out.

    Args:
        result: Of a run; a population of a loop of your own; or a history, of at least one
            generation.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure of five charts, whose axes have the labels ``fitness``, ``complexity``,
        ``species``, ``time`` and ``work``.

    Raises:
        TypeError: ``result`` is none of these.
        ValueError: There is no generation to draw.
    """
    history = result.history if isinstance(result, (Result, Population)) else result
    if not isinstance(history, History):
        raise TypeError(
            _checks.message(
                "result",
                "a Result, a Population or a History",
                type(result).__name__,
                "Pass result.history.",
            )
        )
    check_history(history)
    colors = theme_of(theme)
    figure = new_figure(colors, figsize)
    grid = figure.add_gridspec(2, 6, height_ratios=(1.1, 1.0))
    places = {
        "fitness": grid[0, :4], "complexity": grid[0, 4:], "species": grid[1, :2],
        "time": grid[1, 2:4], "work": grid[1, 4:],
    }  # fmt: skip
    for name, place in places.items():
        y, draw_into = CHARTS[name]
        axes = chart_axes(figure, colors, "generation", y, place)
        axes.set_label(name)
        draw_into(axes, history, colors)
        if name != "fitness":
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    finish(figure, title, colors)
    return figure


def complexity_into(axes: Axes, history: History, colors: Theme) -> None:
    """Mean nodes and enabled connections per genome."""
    line_into(axes, history, "connections", history["connections"], colors.positive)
    line_into(axes, history, "nodes", history["nodes"], colors.negative)
    axes.set_ylim(bottom=0.0)
    legend_into(axes, colors)
    over_steps(axes)


def time_into(axes: Axes, history: History, colors: Theme) -> None:
    """Wall time by phase, added up and stacked."""
    spent = {name.removeprefix("seconds_"): np.cumsum(history[name]) for name in TIMES}
    spent = {name: seconds for name, seconds in spent.items() if seconds[-1] > 0.0}
    total = float(sum(seconds[-1] for seconds in spent.values()))
    unit, word = next((u for u in _UNITS if total >= 2.0 * u[0]), _UNITS[-1])
    axes.set_ylabel(word, color=colors.ink, fontsize=10)
    generation = history["generation"]
    if generation.size == 1:  # an area needs a width
        generation = generation + np.array([-0.5, 0.5])
    fills = {
        "evaluation": colors.positive, "reproduction": colors.negative,
        "compilation": colors.quiet, "learning": VIOLET,
    }  # fmt: skip
    if spent:
        areas = axes.stackplot(
            generation, *(np.broadcast_to(s / unit, generation.shape) for s in spent.values()),
            colors=[blend(fills[name], colors.background, 0.25) for name in spent],
            labels=[f"{name} {seconds[-1] / total:.0%}" for name, seconds in spent.items()],
            edgecolor=colors.background, linewidth=0.6,
        )  # fmt: skip
        for name, area in zip(spent, areas, strict=True):
            area.set_gid(f"time-{name}")
        legend_into(
            axes, colors, loc="upper left", reverse=True, handlelength=1.0, handleheight=1.0
        )
    axes.set_xlim(generation[0], generation[-1])
    axes.set_ylim(0.0, (1.05 + 0.13 * len(spent)) * max(total / unit, 1e-9))  # room for the legend
    axes.grid(visible=False)


def work_into(axes: Axes, history: History, colors: Theme) -> None:
    """Evaluations, steps of simulation and samples learned, added up, on a scale of powers."""
    colors_of = {
        "evaluations": colors.ink, "steps": colors.positive, "samples_learned": VIOLET,
        "failures": colors.negative,
    }  # fmt: skip
    for name, color in colors_of.items():
        done = np.cumsum(history[name]).astype(np.float64)
        if done[-1] > 0.0:
            done[done == 0.0] = np.nan
            line_into(axes, history, name, done, color, label=name.replace("_", " "))
    if axes.lines:
        axes.set_yscale("log")
        legend_into(axes, colors, loc="lower right")
    axes.tick_params(axis="y", which="minor", left=False)
    over_steps(axes)


CHARTS: dict[str, tuple[str, Callable[[Axes, History, Theme], None]]] = {
    "fitness": ("fitness", fitness_into),
    "complexity": ("mean per genome", complexity_into),
    "species": ("genomes", species_into),
    "time": ("", time_into),
    "work": ("in all, so far", work_into),
}
"""Charts of a history by name: label of y, and what draws them."""
