"""Curves of learning."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.plotting.theme import Theme, ThemeName, blend, chart, legend_into, over_steps

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
    return chart(
        lambda axes, colors: _losses_into(axes, colors, table, known), ("step", "loss"),
        theme, title, figsize,
    )  # fmt: skip


def _losses_into(axes: Axes, colors: Theme, table: Array, known: Array) -> None:
    """Losses (N, steps), NaN where none is known; ``known`` (steps,) is where there is any."""
    step = np.arange(1, table.shape[1] + 1)
    marker = "o" if known.sum() == 1 else ""
    main: dict[str, Any] = {"color": colors.positive, "linewidth": 1.8, "marker": marker}
    if len(table) == 1:
        axes.plot(step, table[0], gid="loss", **main)
    else:
        lowest, low, middle, high = np.full((4, step.size), np.nan)
        lowest[known], low[known], middle[known], high[known] = np.nanquantile(
            table[:, known], (0.0, _BAND[0], 0.5, _BAND[1]), axis=0
        )
        axes.fill_between(
            step, low, high, color=blend(colors.positive, colors.background, 0.7), linewidth=0,
            label=f"{_BAND[0]:.0%} to {_BAND[1]:.0%}", gid="band",
        )  # fmt: skip
        axes.plot(step, middle, label=f"median of {len(table)}", gid="median", **main)
        axes.plot(step, lowest, color=colors.negative, linewidth=1.2, label="lowest", gid="lowest")
        legend_into(axes, colors)
    if (table[:, known] > 0.0).sum() == np.isfinite(table).sum():
        axes.set_yscale("log")
        few = bool(np.nanmax(table) < 20.0 * np.nanmin(table))  # ticks at powers of ten: 0 or 1
        axes.tick_params(
            axis="y", which="minor", left=few, labelleft=few, labelsize=8, colors=colors.quiet,
            labelcolor=colors.ink,
        )  # fmt: skip
    over_steps(axes)
