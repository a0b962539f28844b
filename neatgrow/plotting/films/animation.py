"""A network at work as a film, tick by tick."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.genomes.genomes import Genome
from neatgrow.networks.networks import Network
from neatgrow.plotting.films.film import Film, film_path
from neatgrow.plotting.graph.activity import ActivityFigure
from neatgrow.plotting.theme import ThemeName, theme_of
from neatgrow.plotting.values import at_work, recorded


def animate_activity(
    genome: Genome | Network,
    inputs: ArrayLike,
    path: "str | PathLike[str]",
    frames: Sequence[ArrayLike] | None = None,
    fps: float = 20.0,
    *,
    theme: ThemeName = "light",
    title: str | None = None,
    dpi: float = 80.0,
    every: int = 1,
) -> Path:
    """Write what :func:`draw_activity` shows as a film, one frame per tick.

    Nodes with a membrane potential are filled by it, and a ring flashes around those that fire.
    Of an observation that is held for some ticks each tick is a frame, unless ``every`` says
    otherwise.

    With a Gymnasium environment, an episode gives both::

        steps = list(problem.play(network, render_mode="rgb_array"))
        inputs, frames = [s.observation for s in steps], [s.view for s in steps]
        ng.animate_activity(genome, inputs, "episode.gif", frames)

    Args:
        genome: What is at work, from state 0.
        inputs: (T, I), one row per observation.
        path: Where to: a name that ends in ``.gif``, ``.mp4`` (needs ffmpeg) or ``.html``
            (one page that plays by itself, without other files).
        frames: T pictures of the environment, (H, W, 3) each, 0 to 255; shown beside the graph.
        fps: Frames per second; a GIF knows steps of 10 ms and at most 50 per second.
        theme: ``"light"`` or ``"dark"``.
        title: Text at the top.
        dpi: Dots per inch.
        every: Show only each so many-th tick, with the spikes since the one shown before. If it
            is a multiple of the ticks of an observation, the last of them is shown.

    Returns:
        The path.

    Raises:
        TypeError: ``genome`` is neither a genome nor a network.
        ValueError: Inputs or frames have another shape or number, or the path another ending.
        RuntimeError: ffmpeg is needed and missing, or fails.
    """
    target = film_path(path, fps)
    _checks.integer("every", every, 1)
    recording = recorded(genome, inputs)
    k, count = recording.ticks, len(recording)
    pictures = [None] * (count // k) if frames is None else _pictures(frames, count // k)
    drawn = ActivityFigure(at_work(genome), recording, theme_of(theme), title, pictures[0])
    shown = range(0 if every % k else k - 1, count, every)

    def set_frame(frame: int) -> None:
        tick = shown[frame]
        drawn.show(tick, pictures[tick // k], every)

    colors = [drawn.flash_color] if recording.spikes.any() else []
    Film(drawn.figure, drawn.changing, set_frame, len(shown), dpi, colors).write(target, fps)
    return target


def _pictures(frames: Sequence[ArrayLike], count: int) -> list[Array]:
    """(H, W, 3) uint8 of every tick, all of one size."""
    if len(frames) != count:
        raise ValueError(
            _checks.message("frames", f"{count}, one per row of inputs", f"{len(frames)}")
        )
    pictures = []
    for frame in frames:
        picture = _checks.array("frames", frame, ("H", "W", 3), np.asarray(frame).dtype)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
        if picture.shape != pictures[0].shape:
            rule = f"shape {pictures[0].shape} as the first"
            raise ValueError(_checks.message("frames", rule, picture))
    return pictures
