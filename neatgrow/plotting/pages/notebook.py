"""How genomes, networks and results show themselves in notebooks.

What calls these functions catches everything, so that a failing picture costs nothing but
itself; a notebook then shows the text instead.
"""

import html

from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.network import draw
from neatgrow.plotting.overview import draw_history
from neatgrow.plotting.pages.markup import data_uri, saved
from neatgrow.runs.results import Result


def svg(genome: Genome | Network) -> str:
    """The drawing of a genome or a network as SVG."""
    text = saved(draw(genome), "svg", metadata={"Date": None}).decode("utf-8")
    return text[text.index("<svg") :]


def page(result: Result) -> str:
    """What a run came to: a few facts, its champion and its history."""
    facts = {
        "solved": "yes" if result.solved else "no",
        "champion's fitness": f"{result.champion_fitness:.6g}",
        "verified": str(result.verified or "no"),
        "generations": f"{len(result.history):,}",
        "stopped by": result.stopped,
        "champion": repr(result.champion),
    }
    rows = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{html.escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    figures = {"champion": draw(result.champion), "history": draw_history(result.history)}
    pictures = "".join(
        f'<img alt="{name}" style="max-width:100%" src="{data_uri("png", saved(figure, "png"))}">'
        for name, figure in figures.items()
    )
    return f"<div><table>{rows}</table>{pictures}</div>"
