"""Phase portraits: two nodes against each other over time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.networks.recording import Recording
from neatgrow.plotting.theme import (
    VIOLET,
    Theme,
    ThemeName,
    blend,
    chart_axes,
    color_bar,
    finish,
    legend_into,
    new_figure,
    theme_of,
)
from neatgrow.plotting.values import at_work, recorded


def draw_phase(
    genome: Genome | Network,
    inputs: ArrayLike,
    nodes: Sequence[str | int],
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] = (5.6, 4.6),
) -> Figure:
    """A phase portrait: the course of two nodes over all ticks, coloured by time.

    Nodes with a membrane potential show that, at the end of each tick, others their value. Ticks
    in which one of the two fires lead there by a pale line; dashed is the threshold.

    Args:
        genome: What is at work, from state 0.
        inputs: (T, I), one row per observation.
        nodes: Two inputs or nodes, by label as drawings have it or by id: what goes to the
            right, and what goes up.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches.

    Returns:
        A figure. The course is a collection of lines with ``gid`` ``course``, one from each tick
        to the next; markers have ``gid`` ``start`` and ``end``.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network, or ``nodes`` are no two names.
        ValueError: Inputs have another shape or are not finite, or there is no such node.
    """
    recording, shown, colors = recorded(genome, inputs), at_work(genome), theme_of(theme)
    slots = _slots(shown, recording, nodes)
    columns = [_column(recording, slot) for slot in slots]
    names = [shown.labels()[_ids(shown)[slot]] for slot in slots]
    labels = [f"{name}{_unit(recording, slot)}" for name, slot in zip(names, slots, strict=True)]
    figure = new_figure(colors, figsize)
    axes = chart_axes(figure, colors, labels[0], labels[1])
    axes.grid(visible=True, axis="x", color=blend(colors.quiet, colors.background, 0.75))
    _thresholds_into(axes, recording, slots, colors)
    _course_into(axes, np.stack(columns, axis=1), _resets(recording, slots), colors)
    legend_into(axes, colors, ncols=3)
    finish(figure, title, colors)
    return figure


def _ids(genome: Genome) -> list[int]:
    """Id of every input and node, in the order of a recording."""
    plan = genome.compile().networks.plan
    rows = plan.node_gene[plan.node_start[0] : plan.node_stop[0]]
    return [*range(genome.n_inputs), *genome.node_id[rows].tolist()]


def _slots(genome: Genome, recording: Recording, nodes: Sequence[str | int]) -> list[int]:
    """Where two nodes are among inputs and nodes of a recording."""
    if isinstance(nodes, str) or not isinstance(nodes, Sequence) or len(nodes) != 2:
        rule, remedy = "two nodes", 'Pass labels such as ("h1", "out0"), or ids.'
        raise TypeError(_checks.message("nodes", rule, _checks.shown(nodes), remedy))
    ids, labels = _ids(genome), genome.labels()
    slots = []
    for node in nodes:
        if isinstance(node, str):
            known = {labels[k]: slot for slot, k in enumerate(ids)}
            slots.append(known[_checks.one_of("nodes", node, known)])
        elif _checks.integer("nodes", node, 0) in ids:
            slots.append(ids.index(int(node)))
        else:
            rule = "the id of an input, or of a node that reaches an output"
            remedy = f"Known: {', '.join(labels[k] for k in ids)}."
            raise ValueError(_checks.message("nodes", rule, node, remedy))
    return slots


def _column(recording: Recording, slot: int) -> Array:
    """(T·k,) potential, or value where there is none."""
    node = slot - recording.inputs.shape[1]
    if node < 0:
        return recording.inputs[:, slot]
    held = recording.values if np.isnan(recording.rest[node]) else recording.potentials
    column: Array = held[:, node]
    return column


def _unit(recording: Recording, slot: int) -> str:
    """What an axis says behind the name."""
    node = slot - recording.inputs.shape[1]
    if node < 0 or np.isnan(recording.rest[node]):
        return ""
    return ", potential in mV" if recording.rest[node] != 0.0 else ", potential"


def _resets(recording: Recording, slots: list[int]) -> Array:
    """(T·k,) whether one of the two fires at a tick."""
    rows = [slot - recording.inputs.shape[1] for slot in slots]
    fired: Array = np.any(recording.spikes[:, [row for row in rows if row >= 0]], axis=1)
    return fired


def _thresholds_into(axes: Axes, recording: Recording, slots: list[int], colors: Theme) -> None:
    """Where nodes fire, as far as the picture goes that way."""
    for slot, line in zip(slots, (axes.axvline, axes.axhline), strict=True):
        node = slot - recording.inputs.shape[1]
        if node >= 0 and recording.spikes[:, node].any():
            at = float(recording.threshold[node])
            style = {"color": colors.quiet, "linewidth": 1.0, "linestyle": (0.0, (4.0, 3.0))}
            line(at, gid=f"threshold-{slot}", zorder=1.0, **style)


def _course_into(axes: Axes, points: Array, resets: Array, colors: Theme) -> None:
    """Lines from tick to tick, coloured by time, and where they start and end."""
    count, shades, (x, y) = len(points), _time_map(colors), points.T
    norm = Normalize(1, max(count, 2))
    segments = np.stack([points[:-1], points[1:]], axis=1)
    late = resets[1:]
    shade = shades(norm(np.arange(2, count + 1)))
    shade[late, 3] = 0.45
    course = LineCollection(
        list(segments), colors=shade, linewidths=np.where(late, 1.0, 1.7), zorder=2.0,
        capstyle="round", gid="course",
    )  # fmt: skip
    axes.add_collection(course)
    axes.autoscale_view()
    if count <= 400:
        shade = shades(norm(np.arange(1, count + 1)))
        axes.scatter(x, y, s=9.0, c=shade, linewidths=0, zorder=2.5, gid="ticks")
    for name, at, marker in (("start", 0, "o"), ("end", -1, "s")):
        axes.plot(
            x[at], y[at], marker=marker, markersize=9.0, linestyle="", color=colors.background,
            markeredgecolor=colors.ink, markeredgewidth=1.6, zorder=4.0, label=name, gid=name,
        )  # fmt: skip
    if resets.any():
        axes.plot([], [], color=shades(0.6), alpha=0.5, linewidth=1.2, label="reset by a spike")
    bar = color_bar(axes.inset_axes((1.03, 0.0, 0.03, 1.0)), ScalarMappable(norm, shades), colors)
    bar.set_label("tick", color=colors.ink, size=9.5)


def _time_map(colors: Theme) -> Colormap:
    """From early to late: three colours of rising contrast to the background."""
    early = blend(colors.quiet, colors.background, 0.45)
    return LinearSegmentedColormap.from_list("time", [early, VIOLET, colors.positive])
