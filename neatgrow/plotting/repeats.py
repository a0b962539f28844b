"""Runs over many seeds, of one setting or several beside each other."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neatgrow import _checks
from neatgrow._types import Array
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
from neatgrow.runs.repeated import Repeats

_MOST = 6  # settings that colours tell apart


def draw_repeats(
    repeats: Repeats | Mapping[str, Repeats],
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (10.0, 4.0),
) -> Figure:
    """What many seeds came to: their champions by generation, and what each of them spent.

    On the left the median of the champions' fitnesses and the band between their quartiles; a run
    that has ended stays where it was. On the right the evaluations of each seed, filled where it
    solved, beside the median and its interval of 95%.

    Args:
        repeats: Of :func:`neatgrow.repeat`; or several by name, to compare.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure of two charts, whose axes have the labels ``fitness`` and ``evaluations``; artists
        have the ``gid`` ``median-0``, ``band-0``, ``seeds-0`` and so on.

    Raises:
        TypeError: It is neither.
        ValueError: There is nothing to draw, or there are more than six.
    """
    given = {repeats.name: repeats} if isinstance(repeats, Repeats) else repeats
    if not isinstance(given, Mapping) or not all(isinstance(r, Repeats) for r in given.values()):
        rule = "what repeat() returned, or several of it by name"
        raise TypeError(_checks.message("repeats", rule, _checks.shown(repeats)))
    named = {str(name): one for name, one in given.items()}
    if not 1 <= len(named) <= _MOST or not all(any(len(r.history) for r in one) for one in
                                               named.values()):  # fmt: skip
        rule = f"from 1 to {_MOST} settings with seeds that ran"
        raise ValueError(_checks.message("repeats", rule, "others"))
    colors = theme_of(theme)
    figure = new_figure(colors, figsize)
    grid = figure.add_gridspec(1, 2, width_ratios=(1.5, 1.0))
    axes = chart_axes(figure, colors, "generation", "champion’s fitness", grid[0, 0])
    axes.set_label("fitness")
    _curves_into(axes, named, colors)
    axes = chart_axes(figure, colors, "", "evaluations", grid[0, 1])
    axes.set_label("evaluations")
    _seeds_into(axes, named, colors)
    finish(figure, title, colors)
    return figure


def _palette(colors: Theme) -> list[str]:
    own = [colors.positive, colors.negative, VIOLET, colors.quiet, colors.ink]
    return [*own, blend(colors.positive, colors.negative, 0.5)]


def _curves_into(axes: Axes, named: Mapping[str, Repeats], colors: Theme) -> None:
    longest = max(len(run.history) for one in named.values() for run in one)
    generation = np.arange(1, longest + 1)
    for k, ((name, one), color) in enumerate(zip(named.items(), _palette(colors), strict=False)):
        curves = np.stack([_champions(run.history["champion"], longest) for run in one
                           if len(run.history)])  # fmt: skip
        known = ~np.isnan(curves).all(axis=0)
        low, middle, high = np.full((3, longest), np.nan)
        quartiles = np.nanquantile(curves[:, known], (0.25, 0.5, 0.75), axis=0)
        low[known], middle[known], high[known] = quartiles
        axes.fill_between(
            generation, low, high, linewidth=0, color=blend(color, colors.background, 0.75),
            gid=f"band-{k}", zorder=1,
        )  # fmt: skip
        solved = int(np.count_nonzero(one["solved"]))
        axes.plot(
            generation, middle, color=color, linewidth=1.8, gid=f"median-{k}", zorder=2,
            label=f"{name}: {solved} of {len(one)} solved", marker="o" if longest == 1 else "",
        )  # fmt: skip
    legend_into(axes, colors, ncols=2)
    over_steps(axes)


def _champions(fitness: Array, longest: int) -> Array:
    """A champion's fitness by generation, the last one repeated."""
    return np.concatenate([fitness, np.repeat(fitness[-1:], longest - fitness.size)])


def _seeds_into(axes: Axes, named: Mapping[str, Repeats], colors: Theme) -> None:
    for k, ((_, one), color) in enumerate(zip(named.items(), _palette(colors), strict=False)):
        spent, solved = one["evaluations"], one["solved"]
        # Side by side in the order of their seeds, so that none hides another.
        x = k + 0.5 * (np.linspace(-0.5, 0.5, len(one)) if len(one) > 1 else np.zeros(1))
        face = [color if done else colors.background for done in solved]
        axes.scatter(
            x, spent, s=22, facecolors=face, edgecolors=color, linewidths=1.2, gid=f"seeds-{k}",
            zorder=3,
        )  # fmt: skip
        median = one.median("evaluations")
        axes.plot([k - 0.36, k + 0.36], [median.value] * 2, color=colors.ink, linewidth=1.6)
        if np.isfinite(median.low):
            axes.plot([k + 0.33] * 2, [median.low, median.high], color=colors.ink, linewidth=1.6)
    axes.set_xticks(range(len(named)), list(named), parse_math=False)
    axes.set_xlim(-0.6, len(named) - 0.4)
    axes.set_ylim(bottom=0.0)
