"""Curves of learning."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow.plotting.history import finish, legend_above
from neatgrow.plotting.theme import ThemeName, blend, chart_axes, new_figure, theme_of

_BAND = (0.1, 0.9)  # quantiles


def draw_losses(
    losses: ArrayLike,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (7.0, 4.0),
) -> Figure:
    """The loss before each step of learning, as :func:`neatgrow.fine_tune` returns it.

    Of many networks the median, the band between their 10% and 90% quantiles, and the lowest.
    The scale is logarithmic where all losses are above 0. Networks that have stopped, whose
    loss is then NaN, are left out from there on.

    Args:
        losses: (steps,) or (N, steps).
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure; the artists' ``gid`` are ``loss``, or ``median``, ``band`` and ``lowest``.

    Raises:
        ValueError: Another shape, or no finite loss.
    """
    shape: tuple[int | str, ...] = ("N", "steps") if np.ndim(losses) == 2 else ("steps",)
    table = np.atleast_2d(
        _checks.array("losses", losses, shape, remedy="Pass what fine_tune returns.")
    )
    table = np.where(np.isfinite(table), table, np.nan)
    known = ~np.isnan(table).all(axis=0) if table.size else np.zeros(0, np.bool_)
    if not known.any():
        raise ValueError(_checks.message("losses", "at least one finite loss", "none"))
    colors = theme_of(theme)
    figure = new_figure(colors, figsize)
    axes = chart_axes(figure, colors, x="step", y="loss")
    step = np.arange(1, table.shape[1] + 1)
    marker = "o" if known.sum() == 1 else ""
    if len(table) == 1:
        axes.plot(step, table[0], color=colors.positive, linewidth=1.8, marker=marker, gid="loss")
    else:
        low, middle, high = np.full((3, step.size), np.nan)
        low[known], middle[known], high[known] = np.nanquantile(
            table[:, known], (_BAND[0], 0.5, _BAND[1]), axis=0
        )
        lowest = np.full(step.size, np.nan)
        lowest[known] = np.nanmin(table[:, known], axis=0)
        axes.fill_between(
            step, low, high, color=blend(colors.positive, colors.background, 0.7), linewidth=0,
            label=f"{_BAND[0]:.0%} to {_BAND[1]:.0%}", gid="band",
        )  # fmt: skip
        axes.plot(
            step, middle, color=colors.positive, linewidth=1.8, marker=marker,
            label=f"median of {len(table)}", gid="median",
        )  # fmt: skip
        axes.plot(step, lowest, color=colors.negative, linewidth=1.2, label="lowest", gid="lowest")
        legend_above(axes, colors)
    if (table[:, known] > 0.0).sum() == np.isfinite(table).sum():
        axes.set_yscale("log")
        axes.tick_params(axis="y", which="minor", left=False, labelleft=False)
        if np.nanmax(table) < 20.0 * np.nanmin(table):  # else there may be one tick or none
            axes.tick_params(
                axis="y", which="minor", left=True, labelleft=True, labelsize=8,
                colors=colors.quiet, labelcolor=colors.ink,
            )  # fmt: skip
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    finish(figure, title, colors.ink)
    return figure
