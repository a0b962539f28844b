"""Maps of what a network of two inputs answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.theme import (
    Theme,
    ThemeName,
    blend,
    chart_axes,
    color_bar,
    finish,
    legend_into,
    new_figure,
    theme_of,
    value_map,
)
from neatgrow.plotting.values import at_work

_CELLS = 240  # along each side
_PANEL = 4.3, 3.9  # inches of a map
_MARKERS = "osD^vP*X"
_Extent = tuple[float, float, float, float]  # left, right, bottom, top
# Okabe & Ito (2008), told apart by colour-blind people; beyond them colours repeat.
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8a96a3")


def draw_decisions(
    genome: Genome | Network,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    classes: bool | None = None,
    boundary: float | None = None,
    limits: Sequence[Sequence[float]] | None = None,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """What a network of two inputs answers all over the plane, with samples on top.

    One map per output, with a line at the boundary; or one map for all, coloured by the
    largest output, where outputs stand for classes. Every point is one tick from state 0.

    Args:
        genome: Of two inputs.
        X: (B, 2) samples.
        Y: Their targets (B,) or (B, O); class numbers where outputs stand for classes.
        classes: Whether the largest output is the answer; by default if there are several
            outputs and Y holds one whole number per sample.
        boundary: Where the line is drawn; by default midway between the lowest and the highest
            target, without targets at 0.5 for a sigmoid and else at 0.
        limits: ((lowest, highest), (lowest, highest)) of the inputs; by default the range of
            the samples and a little more, without samples −1.5 to 1.5.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure. Maps are images with ``gid`` ``map-0``, ``map-1`` …, samples collections
        with ``gid`` ``samples-…``.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: It has not two inputs, or X, Y or limits another shape.
    """
    network = genome if isinstance(genome, Network) else at_work(genome).compile()
    shown = at_work(genome)
    if shown.n_inputs != 2:
        raise ValueError(
            _checks.message(
                "genome", "2 inputs, which span the map", f"{shown.n_inputs}",
                "Use draw_activity to see its values.",
            )
        )  # fmt: skip
    colors, n_outputs = theme_of(theme), shown.n_outputs
    samples: Array | None = None
    if X is not None:
        samples = _checks.array("X", X, ("B", 2), finite=True, remedy="Pass one sample per row.")
    targets = _targets(samples, Y, n_outputs)
    if classes is None:
        whole = targets is not None and targets.shape[1] == 1 and bool((targets % 1 == 0).all())
        classes = n_outputs > 1 and whole
    low, high = _limits(samples, limits)
    values = _answers(network, low, high)
    panels = 1 if classes else n_outputs
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = new_figure(colors, figsize or (_PANEL[0] * columns + 0.4, _PANEL[1] * rows + 0.3))
    grid = figure.add_gridspec(rows, columns)
    labels = shown.labels()
    extent = low[0], high[0], low[1], high[1]
    for k in range(panels):
        axes = chart_axes(figure, colors, labels[0], labels[1], grid[k // columns, k % columns])
        axes.grid(visible=False)
        if classes:
            names = [labels[2 + o] for o in range(n_outputs)]
            _classes_into(axes, values, extent, samples, targets, names, colors)
            continue
        own = None if targets is None else targets[:, k if targets.shape[1] > 1 else 0]
        at = _boundary(shown, k, own) if boundary is None else float(boundary)
        _output_into(axes, k, values[k], at, extent, samples, own, colors)
        axes.set_title(labels[2 + k], fontsize=10, color=colors.ink, pad=5, parse_math=False)
    finish(figure, title, colors)
    return figure


def _limits(samples: Array | None, limits: Sequence[Sequence[float]] | None) -> tuple[Array, Array]:
    """Lowest and highest values of the two inputs that are mapped."""
    if limits is not None:
        low, high = _checks.array("limits", np.asarray(limits), (2, 2), finite=True).T
        if (low >= high).any():
            raise ValueError(_checks.message("limits", "the lowest value first", repr(limits)))
        return low, high
    if samples is None or not len(samples):
        return np.full(2, -1.5), np.full(2, 1.5)
    low, high = samples.min(axis=0), samples.max(axis=0)
    room = np.where(high > low, 0.15 * (high - low), 1.0)
    return low - room, high + room


def _targets(X: Array | None, Y: ArrayLike | None, n_outputs: int) -> Array | None:
    """(B, 1) or (B, O), if there are any."""
    if Y is None:
        return None
    if X is None:
        raise ValueError(_checks.message("Y", "X as well", "Y alone", "Pass the samples, too."))
    shape: tuple[int | str, ...] = (len(X),) if np.ndim(Y) == 1 else (len(X), n_outputs)
    targets = _checks.array("Y", Y, shape, finite=True)
    return targets.reshape(len(X), -1)


def _boundary(genome: Genome, output: int, targets: Array | None) -> float:
    if targets is not None and targets.size and targets.min() < targets.max():
        return float(targets.min() + targets.max()) / 2.0
    return 0.5 if "sigmoid" in genome.activation_names[output] else 0.0


def _answers(network: Network, low: Array, high: Array) -> Array:
    """(O, cells, cells) outputs, the second axis upwards, the third to the right."""
    steps = (np.arange(_CELLS)[:, None] + 0.5) / _CELLS
    plane = np.stack(np.meshgrid(*(low + steps * (high - low)).T), axis=-1).reshape(-1, 2)
    return network.predict(plane).astype(np.float64).T.reshape(-1, _CELLS, _CELLS)


def _output_into(
    axes: Axes,
    index: int,
    values: Array,
    boundary: float,
    extent: _Extent,
    samples: Array | None,
    targets: Array | None,
    colors: Theme,
) -> None:
    """One output: colours to both sides of the boundary."""
    finite = values[np.isfinite(values)]
    far = max(float(np.abs(finite - boundary).max(initial=0.0)), 1e-9)
    norm = Normalize(boundary - far, boundary + far)
    image = axes.imshow(
        values, origin="lower", extent=extent, aspect="auto", cmap=value_map(colors), norm=norm,
        gid=f"map-{index}", interpolation="bilinear",
    )  # fmt: skip
    if finite.size == values.size and finite.min() < boundary < finite.max():
        _line_into(axes, values, boundary, extent, colors, 1.3)
    color_bar(axes.inset_axes((1.03, 0.0, 0.035, 1.0)), image, colors)
    if samples is not None:
        shade = "none" if targets is None else value_map(colors)(norm(targets))
        _samples_into(axes, samples, shade, colors, gid=f"samples-{index}", linewidths=1.0)


def _classes_into(
    axes: Axes,
    values: Array,
    extent: _Extent,
    samples: Array | None,
    targets: Array | None,
    names: list[str],
    colors: Theme,
) -> None:
    """All outputs: the colour of the largest."""
    answer = values.argmax(axis=0)
    full = [_CLASSES[k % len(_CLASSES)] for k in range(len(names))]
    pale = ListedColormap([blend(color, colors.background, 0.55) for color in full])
    axes.imshow(
        answer, origin="lower", extent=extent, aspect="auto", cmap=pale, vmin=-0.5,
        vmax=len(names) - 0.5, gid="map-0", interpolation="nearest",
    )  # fmt: skip
    for k in range(len(names)):
        if (answer == k).any() and (answer != k).any():
            lead = values[k] - np.delete(values, k, axis=0).max(axis=0)
            _line_into(axes, np.nan_to_num(lead), 0.0, extent, colors, 0.8)
    of_class = None
    if targets is not None:
        of_class = targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1)
    for k, name in enumerate(names):  # without samples for the legend alone
        points = np.empty((0, 2))
        if samples is not None and of_class is not None:
            points = samples[of_class == k]
        _samples_into(
            axes, points, full[k], colors, s=28, marker=_MARKERS[k % len(_MARKERS)], label=name,
            linewidths=0.9, gid=f"samples-{k}",
        )  # fmt: skip
    if samples is not None and of_class is None:
        _samples_into(axes, samples, "none", colors, gid="samples-all")
    legend_into(
        axes, colors, ncols=min(len(names), 4), fontsize=8.5, borderpad=0.4, handletextpad=0.3
    )


def _line_into(
    axes: Axes, values: Array, at: float, extent: _Extent, colors: Theme, width: float
) -> None:
    """Where values cross a level."""
    axes.contour(
        values, [at], origin="lower", extent=extent, colors=colors.ink, linewidths=width
    )  # fmt: skip


def _samples_into(axes: Axes, points: Array, color: Any, colors: Theme, **options: Any) -> None:
    x, y = points.T
    axes.scatter(
        x, y, c=color, edgecolors=colors.ink, zorder=3, **{"s": 26, **options}
    )  # fmt: skip
