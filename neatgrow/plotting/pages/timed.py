"""Reports of nodes that store and fire: their potentials and spikes on what a problem shows."""

from matplotlib.figure import Figure

from neatgrow.genomes.genomes import Genome
from neatgrow.plotting.graph.activity import draw_activity
from neatgrow.plotting.graph.layers import wired
from neatgrow.plotting.graph.marks import node_dynamics
from neatgrow.plotting.pages.episodes import Work
from neatgrow.plotting.pages.markup import picture
from neatgrow.plotting.theme import ThemeName

_MOST_TICKS = 160  # that can be told apart on a page


def is_timed(genome: Genome) -> bool:
    """Whether a node that takes part is not instant."""
    kinds = node_dynamics(genome)
    return any(kinds[gene] != "instant" for gene in wired(genome, False).genes if gene >= 0)


def time_course(work: Work, champion: Genome) -> str:
    """Potentials and spikes over the first ticks of what a problem shows.

    Of independent samples the first alone, as each begins at state 0; nothing where that takes
    only one tick.
    """
    k = champion.interface.timing.ticks
    episode = work.episodes[0]
    inputs = episode.inputs[: 1 if work.samples else max(_MOST_TICKS // k, 1)]
    if len(inputs) * k == 1:
        return ""
    unit = "sample" if work.samples else "observation"
    what = unit if len(inputs) == 1 else f"{len(inputs):,} {unit}s"
    told = f"{what}, of {k} ticks each" if k > 1 else what
    alternative = (
        f"The graph of the champion above a strip of its membrane potentials, and of its spikes "
        f"where nodes fire: {told}."
    )

    def make(theme: ThemeName) -> Figure:
        return draw_activity(champion, inputs, theme=theme)

    caption = f"Potentials and spikes over the first {told}"
    return f'<div class="wide">{picture(make, caption, alternative)}</div>'
