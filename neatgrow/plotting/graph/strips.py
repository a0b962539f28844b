"""All ticks of all nodes below a graph: a strip of colours, and a raster of spikes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from neatgrow.networks.recording import Recording
from neatgrow.plotting.theme import Theme, blend, shortened, value_map
from neatgrow.plotting.values import Levels

_LONGEST_NAME = 18  # letters
_CLOSEST = 4.0  # points between observations, if lines are to stand between them


@dataclass(frozen=True)
class Panel:
    """What strip and raster show; rows are vertices of a graph's diagram: inputs, then nodes."""

    theme: Theme
    recording: Recording
    levels: Levels
    labels: dict[int, str]
    n_inputs: int
    coded: bool  # whether inputs enter as spikes

    def names(self, rows: Iterable[int]) -> list[str]:
        """What stands beside rows."""
        return [shortened(self.labels[row], _LONGEST_NAME) for row in rows]

    def scale_words(self) -> list[str]:
        """What the colours at −1, 0 and 1 of nodes stand for."""
        fires = self.levels.fires[self.n_inputs :]
        if fires.all():
            return ["", "rest", "θ"]
        limit = short(self.levels.scale[self.n_inputs :][~fires][0])
        both = fires.any()
        return [f"−{limit}", "0, rest" if both else "0", f"{limit}, θ" if both else limit]

    def range_of(self, row: int) -> str:
        """What is written of a row's scale; nothing of nodes that share theirs."""
        scale, zero = self.levels.scale[row], self.levels.zero[row]
        if row < self.n_inputs:
            return f"±{short(scale)}"
        if not self.levels.fires[row]:
            return ""
        if zero == 0.0:
            return f"θ {short(scale)}"
        return f"{short(zero)}…{short(zero + scale)} mV".replace("-", "−")


def strip_into(
    axes: Axes, panel: Panel, rows: Sequence[int], n_outputs: int, *, last: bool
) -> AxesImage:
    """A strip of colours, a row for each of ``rows``, outputs the last of them.

    Args:
        axes: Of its size, in its place.
        panel: What there is to show.
        rows: Vertices from the top down.
        n_outputs: O.
        last: Whether there is nothing below it.
    """
    theme, count, ticks = panel.theme, len(rows), len(panel.recording)
    high = _prepare(axes, panel, last)[1] / 72.0
    image = axes.imshow(
        panel.levels.shares[:, rows].T, aspect="auto", cmap=value_map(theme), vmin=-1.0, vmax=1.0,
        gid="strip", extent=(0.5, ticks + 0.5, count - 0.5, -0.5),
        interpolation="nearest" if count <= 100 * high and ticks <= 500 else "antialiased",
    )  # fmt: skip
    n_inputs = sum(row < panel.n_inputs for row in rows)
    for edge in {n_inputs, count - n_outputs} - {0}:
        axes.axhline(edge - 0.5, color=theme.background, linewidth=2.5)
    apart = _points(axes)[0] * panel.recording.ticks / ticks
    for x in _between(axes, panel):
        width = min(0.12 * apart, 1.4)
        axes.axvline(x, color=theme.background, linewidth=width, gid=f"observation-{x:g}")
    size = _names_into(axes, panel, rows)
    every = _every(axes, count, size)
    for k, row in enumerate(rows):
        if k % every == 0 and panel.range_of(row):
            axes.text(
                ticks + 0.5, k, f"  {panel.range_of(row)}", size=0.9 * size, color=theme.quiet,
                va="center_baseline", clip_on=False, gid=f"range-{row}",
            )  # fmt: skip
    nodes = [row - panel.n_inputs for row in rows if row >= panel.n_inputs]
    has = ~np.isnan(panel.recording.rest[nodes])
    if has.any():
        words = "membrane potential" if has.all() else "membrane potential, else value"
        _caption(axes, panel, words)
    return image


def raster_into(axes: Axes, panel: Panel, rows: Sequence[int]) -> None:
    """When nodes fire, a row for each of ``rows``, inputs below them.

    Args:
        axes: Of its size, in its place.
        panel: What there is to show.
        rows: Vertices from the top down.
    """
    theme, n_inputs, recording = panel.theme, panel.n_inputs, panel.recording
    wide = _prepare(axes, panel, True)[0]
    shown = [*rows, *range(n_inputs)]
    ticks, count = len(recording), len(shown)
    axes.set_xlim(0.5, ticks + 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    faint = blend(theme.quiet, theme.background, 0.72)
    for k in range(count):
        axes.axhline(k, color=faint, linewidth=0.6, zorder=0.5)
    for x in _between(axes, panel):
        axes.axvline(x, color=faint, linewidth=0.9, zorder=0.6, gid=f"observation-{x:g}")
    width = min(max(0.55 * wide / ticks, 0.8), 2.2)
    nodes = [row - n_inputs for row in rows]
    at, t = np.nonzero(recording.spikes[:, nodes].T)
    axes.vlines(t + 1, at - 0.38, at + 0.38, colors=theme.ink, linewidth=width, gid="spikes")
    first = len(rows)
    if panel.coded:
        at, t = np.nonzero(recording.inputs.T)
        signs = recording.inputs.T[at, t]
        colors = [theme.positive if sign > 0.0 else theme.negative for sign in signs]
        axes.vlines(
            t + 1, first + at - 0.38, first + at + 0.38, colors=colors, linewidth=width,
            gid="input-spikes",
        )  # fmt: skip
    else:
        axes.imshow(
            panel.levels.shares[:, :n_inputs].T, aspect="auto", cmap=value_map(theme), vmin=-1.0,
            vmax=1.0, gid="inputs", extent=(0.5, ticks + 0.5, count - 0.5, first - 0.5),
            interpolation="nearest" if ticks <= 500 else "antialiased", zorder=1.0,
        )  # fmt: skip
        axes.set_ylim(count - 0.5, -0.5)
    axes.axhline(first - 0.5, color=theme.background, linewidth=2.5, zorder=1.5)
    size = _names_into(axes, panel, shown)
    every = _every(axes, count, size)
    for k in range(0, n_inputs, every):
        if not panel.coded:
            axes.text(
                ticks + 0.5, first + k, f"  {panel.range_of(k)}", size=0.9 * size,
                color=theme.quiet, va="center_baseline", clip_on=False, gid=f"range-{k}",
            )  # fmt: skip
    _caption(axes, panel, "spikes, and inputs" if n_inputs else "spikes")


def _prepare(axes: Axes, panel: Panel, last: bool) -> tuple[float, float]:
    """What both have in common; gives width and height in points."""
    theme, k = panel.theme, panel.recording.ticks
    axes.set_facecolor(theme.background)
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=theme.quiet, labelcolor=theme.ink, length=0)
    axes.tick_params(axis="x", length=3 * last, labelsize=8.5, labelbottom=last)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if last:
        words = "tick" if k == 1 else f"tick, {k} to an observation"
        axes.set_xlabel(words, color=theme.ink, fontsize=9.5)
    return _points(axes)


def _points(axes: Axes) -> tuple[float, float]:
    """Width and height."""
    figure, box = axes.get_figure(root=True), axes.get_position()
    assert figure is not None
    wide, high = map(float, figure.get_size_inches())
    return 72.0 * box.width * wide, 72.0 * box.height * high


def _between(axes: Axes, panel: Panel) -> list[float]:
    """Where observations meet, if they take several ticks and can be told apart."""
    k, ticks = panel.recording.ticks, len(panel.recording)
    if k == 1 or _points(axes)[0] * k / ticks < _CLOSEST:
        return []
    return [edge + 0.5 for edge in range(k, ticks, k)]


def _names_into(axes: Axes, panel: Panel, rows: Sequence[int]) -> float:
    """Names of rows, every n-th where they are too close; gives their size in points."""
    count = len(rows)
    size = min(8.5, max(0.72 * _points(axes)[1] / count, 5.0))
    every = _every(axes, count, size)
    names = panel.names(rows)[::every]
    axes.set_yticks(range(0, count, every), names, size=size, parse_math=False)
    return size


def _every(axes: Axes, count: int, size: float) -> int:
    """So many rows have one name."""
    return max(1, int(np.ceil(size * 1.1 / (_points(axes)[1] / count))))


def _caption(axes: Axes, panel: Panel, words: str) -> None:
    """What is shown, above it at the left."""
    axes.set_title(words, loc="left", size=8.5, color=panel.theme.quiet, pad=4.0)


def short(number: float) -> str:
    """Two digits, without an exponent where it can be read without."""
    return f"{float(f'{number:.2g}'):g}"
