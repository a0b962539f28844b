"""How genomes, networks and results show themselves in notebooks.

What calls these functions catches everything, so that a failing picture costs nothing but
itself; a notebook then shows the text instead.
"""

import base64
import html
import io

from matplotlib.figure import Figure

from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.graph.network import draw
from neatgrow.plotting.overview import draw_history
from neatgrow.runs.results import Result


def svg(genome: Genome | Network) -> str:
    """The drawing of a genome or a network as SVG."""
    return _svg(draw(genome))


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
    pictures = "".join(
        f'<img alt="{name}" style="max-width:100%" src="data:image/png;base64,{_png(figure)}">'
        for name, figure in (
            ("champion", draw(result.champion)), ("history", draw_history(result.history)),
        )
    )  # fmt: skip
    return f"<div><table>{rows}</table>{pictures}</div>"


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _png(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return base64.b64encode(file.getvalue()).decode("ascii")
