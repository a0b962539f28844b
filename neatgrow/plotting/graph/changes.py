"""What learning changed, on one drawing."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.plotting.graph.legend import line_entry
from neatgrow.plotting.graph.network import sketch
from neatgrow.plotting.theme import Theme, ThemeName, blend, ink_on, theme_of


def draw_change(
    before: Genome,
    after: Genome,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """The difference between two genomes of one structure, such as before and after learning.

    Lines are changes of weights: colour is the sign of the change, width its size; grey lines
    did not change. The fill of hidden nodes and outputs is the change of the bias, with the
    largest such change in full colour.

    Args:
        before: A genome.
        after: The same with other weights and biases, as of :func:`neatgrow.fine_tune`.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        figsize: Width and height in inches; by default what the picture needs.

    Returns:
        A figure with the artists of :func:`neatgrow.draw`.

    Raises:
        TypeError: One of the two is not a genome.
        ValueError: Their structures differ.
    """
    for what, genome in (("before", before), ("after", after)):
        if not isinstance(genome, Genome):
            raise TypeError(_checks.message(what, "a Genome", type(genome).__name__))
    _check_structure(before, after)
    colors = theme_of(theme)
    change = before.copy()
    change.weight[:] = after.weight - before.weight
    shift = after.bias - before.bias
    drawn = sketch(
        change, colors, title=title, figsize=figsize, change=True,
        notes=_notes(change, shift, colors),
    )  # fmt: skip
    largest, labels = float(np.abs(shift).max(initial=0.0)), drawn.labels
    for vertex, (circle, gene) in enumerate(zip(drawn.nodes, drawn.diagram.genes, strict=True)):
        if gene >= 0:
            fill = _fill(float(shift[gene]), largest, colors)
            circle.set_facecolor(fill)
            if vertex in labels:
                labels[vertex].set_color(ink_on(fill))
            if vertex in drawn.rings:
                drawn.rings[vertex].set_edgecolor(ink_on(fill))
    return drawn.figure


def _fill(shift: float, largest: float, colors: Theme) -> str:
    """Colour of a node whose bias changed."""
    full = colors.positive if shift >= 0 else colors.negative
    share = abs(shift) / largest if largest else 0.0
    return blend(full, colors.surface, 1.0 - share**0.5)


def _notes(change: Genome, shift: Array, colors: Theme) -> list[Line2D]:
    """Entries of the legend beside the changes of weights."""
    notes = []
    if (change.weight[change.enabled] == 0.0).any():
        notes.append(line_entry(blend(colors.quiet, colors.background, 0.35), 0.9, "unchanged"))
    largest = float(np.abs(shift).max(initial=0.0))
    for sign in (-1, 1):
        most = float((sign * shift).max(initial=0.0))
        if most > 0.0:
            notes.append(
                Line2D(
                    [], [], linestyle="", marker="o", markersize=9.0, markeredgecolor=colors.ink,
                    markerfacecolor=_fill(sign * most, largest, colors),
                    label=f"Δ bias {'−' if sign < 0 else '+'}{most:.2g}",
                )
            )  # fmt: skip
    return notes


def _check_structure(before: Genome, after: Genome) -> None:
    """Raise unless both have the same nodes and connections."""
    a, b = before.packed, after.packed
    sizes = (before.n_inputs, before.n_outputs) == (after.n_inputs, after.n_outputs)
    columns = ("node_id", "source", "target", "enabled", "node_choices")
    if not sizes or not all(np.array_equal(getattr(a, name), getattr(b, name)) for name in columns):
        raise ValueError(
            _checks.message(
                "after", f"the nodes, functions and connections of before, {before!r}", repr(after),
                "Pass what fine_tune made of it.",
            )
        )  # fmt: skip
