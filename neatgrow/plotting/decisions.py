"""Maps of what a network of two inputs answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.history import finish
from neatgrow.plotting.theme import (
    Theme,
    ThemeName,
    blend,
    chart_axes,
    new_figure,
    theme_of,
    value_map,
)
from neatgrow.plotting.values import drawable

_CELLS = 240  # along each side
_PANEL = 4.3, 3.9  # inches of a map
_MARKERS = "osD^vP*X"
# Okabe & Ito (2008), told apart by colour-blind people; beyond them colours repeat.
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8a96a3")


@dataclass(frozen=True)
class _Ground:
    """The plane that is mapped: its limits, and the samples that lie on it."""

    low: Array
    high: Array
    X: Array | None


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
    network = genome if isinstance(genome, Network) else drawable(genome).compile()
    shown = drawable(genome)
    if shown.n_inputs != 2:
        raise ValueError(
            _checks.message(
                "genome", "2 inputs, which span the map", f"{shown.n_inputs}",
                "Use draw_activity to see its values.",
            )
        )  # fmt: skip
    colors, n_outputs = theme_of(theme), shown.n_outputs
    ground = _ground(X, limits)
    targets = _targets(ground.X, Y, n_outputs)
    whole = targets is not None and targets.shape[1] == 1 and bool((targets % 1 == 0).all())
    as_classes = (n_outputs > 1 and whole) if classes is None else classes
    values = _answers(network, ground)
    panels = 1 if as_classes else n_outputs
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = new_figure(colors, figsize or (_PANEL[0] * columns + 0.4, _PANEL[1] * rows + 0.3))
    grid = figure.add_gridspec(rows, columns)
    labels = shown.labels()
    for k in range(panels):
        place = grid[k // columns, k % columns]
        axes = chart_axes(figure, colors, place, x=labels[0], y=labels[1])
        axes.xaxis.label.set_parse_math(False)
        axes.yaxis.label.set_parse_math(False)
        axes.grid(visible=False)
        if as_classes:
            _classes_into(
                axes, values, ground, targets, colors, [labels[2 + o] for o in range(n_outputs)]
            )
            continue
        own = None if targets is None else targets[:, k if targets.shape[1] > 1 else 0]
        at = _boundary(shown, k, own) if boundary is None else float(boundary)
        _output_into(axes, values[k], ground, own, colors, (k, labels[2 + k], at))
    finish(figure, title, colors.ink)
    return figure


def _ground(X: ArrayLike | None, limits: Sequence[Sequence[float]] | None) -> _Ground:
    samples = None
    if X is not None:
        samples = _checks.array("X", X, ("B", 2), finite=True, remedy="Pass one sample per row.")
    if limits is not None:
        low, high = _checks.array("limits", np.asarray(limits), (2, 2), finite=True).T
        if (low >= high).any():
            raise ValueError(_checks.message("limits", "the lowest value first", repr(limits)))
    elif samples is not None and len(samples):
        low, high = samples.min(axis=0), samples.max(axis=0)
        room = np.where(high > low, 0.15 * (high - low), 1.0)
        low, high = low - room, high + room
    else:
        low, high = np.full(2, -1.5), np.full(2, 1.5)
    return _Ground(low, high, samples)


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


def _answers(network: Network, ground: _Ground) -> Array:
    """(O, cells, cells) outputs, the second axis upwards, the third to the right."""
    steps = (np.arange(_CELLS) + 0.5) / _CELLS
    x, y = (ground.low[k] + steps * (ground.high[k] - ground.low[k]) for k in range(2))
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    values = network.predict(plane).astype(np.float64)
    return values.T.reshape(-1, _CELLS, _CELLS)


def _extent(ground: _Ground) -> tuple[float, float, float, float]:
    (left, bottom), (right, top) = ground.low.tolist(), ground.high.tolist()
    return left, right, bottom, top


def _output_into(
    axes: Axes,
    values: Array,
    ground: _Ground,
    targets: Array | None,
    colors: Theme,
    output: tuple[int, str, float],
) -> None:
    """One output: colours to both sides of the boundary."""
    index, name, boundary = output
    finite = values[np.isfinite(values)]
    spread = max(float(np.abs(finite - boundary).max(initial=0.0)), 1e-9)
    norm = Normalize(boundary - spread, boundary + spread)
    image = axes.imshow(
        values, origin="lower", extent=_extent(ground), aspect="auto", cmap=value_map(colors),
        norm=norm, gid=f"map-{index}", interpolation="bilinear",
    )  # fmt: skip
    if finite.size == values.size and finite.min() < boundary < finite.max():
        axes.contour(
            values, [boundary], origin="lower", extent=_extent(ground), colors=colors.ink,
            linewidths=1.3,
        )  # fmt: skip
    assert axes.figure is not None
    bar = Colorbar(axes.inset_axes((1.03, 0.0, 0.035, 1.0)), image)
    bar.ax.tick_params(colors=colors.quiet, labelcolor=colors.ink, labelsize=8.5, length=2)
    bar.outline.set_visible(False)
    axes.set_title(name, fontsize=10, color=colors.ink, pad=5, parse_math=False)
    if ground.X is not None:
        shade = "none" if targets is None else value_map(colors)(norm(targets))
        axes.scatter(
            ground.X[:, 0], ground.X[:, 1], s=26, c=shade, edgecolors=colors.ink, linewidths=1.0,
            gid=f"samples-{index}", zorder=3,
        )  # fmt: skip


def _classes_into(
    axes: Axes,
    values: Array,
    ground: _Ground,
    targets: Array | None,
    colors: Theme,
    names: list[str],
) -> None:
    """All outputs: the colour of the largest."""
    answer = values.argmax(axis=0)
    full = [_CLASSES[k % len(_CLASSES)] for k in range(len(names))]
    pale = ListedColormap([blend(color, colors.background, 0.55) for color in full])
    axes.imshow(
        answer, origin="lower", extent=_extent(ground), aspect="auto", cmap=pale, vmin=-0.5,
        vmax=len(names) - 0.5, gid="map-0", interpolation="nearest",
    )  # fmt: skip
    for k in range(len(names)):
        if (answer == k).any() and (answer != k).any():
            lead = values[k] - np.delete(values, k, axis=0).max(axis=0)
            axes.contour(
                np.nan_to_num(lead), [0.0], origin="lower", extent=_extent(ground),
                colors=colors.ink, linewidths=0.8,
            )  # fmt: skip
    of_class = None
    if targets is not None:
        of_class = targets[:, 0] if targets.shape[1] == 1 else targets.argmax(axis=1)
    for k, name in enumerate(names):
        points = np.empty((0, 2))
        if ground.X is not None and of_class is not None:
            points = ground.X[of_class == k]
        axes.scatter(
            points[:, 0], points[:, 1], s=28, c=full[k], edgecolors=colors.ink,
            marker=_MARKERS[k % len(_MARKERS)], linewidths=0.9, label=name, zorder=3,
            gid=f"samples-{k}",
        )  # fmt: skip
    if ground.X is not None and of_class is None:
        axes.scatter(
            ground.X[:, 0],
            ground.X[:, 1],
            s=26,
            c="none",
            edgecolors=colors.ink,
            gid="samples-all",
            zorder=3,
        )
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=min(len(names), 4), frameon=False,
        fontsize=8.5, labelcolor=colors.ink, borderaxespad=0.2, handletextpad=0.3,
    )  # fmt: skip
