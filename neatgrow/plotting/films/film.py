"""Moving pictures written to files: GIF, MP4 through ffmpeg, or a page that plays by itself.

A film is drawn by changing a few artists on a background that is drawn once.
"""

import base64
import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.files.archive import write_text, write_whole
from neatgrow.plotting.theme import ink_on, spread

ENDINGS = (".gif", ".mp4", ".html")
_PALETTE_FRAMES = 5  # from all over the film, which its colours are chosen for
_PATCH = 24  # rows of pixels that a colour is worth which must not be lost
_COLORS = 255  # one is left for what stays as it was

_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>neatgrow</title>
<style>body{margin:0;background:$background;color:$ink;font:14px sans-serif}
main{max-width:${width}px;margin:auto}img{width:100%;display:block}
div{display:flex;gap:12px;align-items:center;padding:8px 16px}input{flex:1}</style>
<main><img alt="a network, frame by frame"><div><button>Pause</button>
<input type="range" min="0" value="0" aria-label="frame"><output></output></div></main>
<script>
const frames=$frames,[img,button,bar,out]=["img","button","input","output"].map(
  s=>document.querySelector(s));
let playing=true;bar.max=frames.length-1;
function show(k){bar.value=k;img.src="data:image/png;base64,"+frames[k];
  out.value=(k+1)+" / "+frames.length}
button.onclick=()=>{playing=!playing;button.textContent=playing?"Pause":"Play"};
bar.oninput=()=>{playing=false;button.textContent="Play";show(+bar.value)};
setInterval(()=>{if(playing)show((+bar.value+1)%frames.length)},$period);show(0);
</script></html>
"""


class Film:
    """Frames of a figure in which only some artists change.

    Args:
        figure: What is shown.
        changing: The artists that change, in the order they are drawn.
        set_frame: Changes them to what frame k shows.
        count: How many frames there are.
        dpi: Dots per inch.
        colors: Some that must not be lost where there are few, as in a GIF.
    """

    def __init__(
        self,
        figure: Figure,
        changing: Sequence[Artist],
        set_frame: Callable[[int], None],
        count: int,
        dpi: float,
        colors: Sequence[str] = (),
    ) -> None:
        figure.set_dpi(dpi)
        self.figure = figure
        self.count = count
        self._changing = changing
        self._set_frame = set_frame
        self._colors = colors
        for artist in changing:
            artist.set_animated(True)
        self._canvas = FigureCanvasAgg(figure)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
        self._background_rgb = np.rint(255.0 * np.array(to_rgb(figure.get_facecolor())))

    def frame(self, k: int) -> Array:
        """Frame k, (height, width, 3) uint8, of even height and width as films need them."""
        self._canvas.restore_region(self._background)
        self._set_frame(k)
        renderer = self._canvas.get_renderer()
        for artist in self._changing:
            artist.draw(renderer)
        pixels = np.asarray(self._canvas.buffer_rgba())
        height, width = (size - size % 2 for size in pixels.shape[:2])
        return pixels[:height, :width, :3].copy()

    def write(self, path: Path, fps: float) -> None:
        """Write the film in the format that the name ends in, one of ``ENDINGS``.

        Raises:
            RuntimeError: ffmpeg fails.
        """
        {".gif": self._gif, ".mp4": self._mp4, ".html": self._html}[path.suffix.lower()](path, fps)

    def _reduced(self) -> Iterator[Image.Image]:
        """Frames in 255 colours, the same for all; the background's is exact."""
        parts = [self.frame(k)[::2, ::2] for k in spread(self.count, _PALETTE_FRAMES)]
        for color in self._colors:
            rgb = np.rint(255.0 * np.array(to_rgb(color))).astype(np.uint8)
            parts.append(np.broadcast_to(rgb, (_PATCH, *parts[0].shape[1:])))
        palette = Image.fromarray(np.concatenate(parts))
        palette = palette.quantize(_COLORS, Image.Quantize.MEDIANCUT)
        colors = np.array(palette.getpalette()).reshape(-1, 3)
        # Pillow looks colours up by their upper six bits, so all that are near it must be it.
        off = np.abs(colors - self._background_rgb).max(axis=1)
        colors[off <= max(8, off.min())] = self._background_rgb
        palette.putpalette(colors.ravel().tolist())
        for k in range(self.count):
            yield Image.fromarray(self.frame(k)).quantize(palette=palette, dither=Image.Dither.NONE)

    def _gif(self, path: Path, fps: float) -> None:
        frames = self._reduced()
        first = next(frames)
        duration = max(10 * round(100.0 / fps), 20)  # ms; viewers slow down what is faster
        options: dict[str, Any] = {
            "save_all": True, "append_images": frames, "duration": duration, "loop": 0,
            "disposal": 1, "optimize": True, "transparency": _COLORS,
        }  # fmt: skip
        write_whole(path, lambda file: first.save(file, "GIF", **options))

    def _html(self, path: Path, fps: float) -> None:
        encoded = []
        for image in self._reduced():
            file = io.BytesIO()
            image.save(file, "PNG", compress_level=4)
            encoded.append(base64.b64encode(file.getvalue()).decode("ascii"))
        background = to_hex(self.figure.get_facecolor())
        page = Template(_PAGE).substitute(
            background=background, ink=ink_on(background), width=self.frame(0).shape[1],
            period=round(1000.0 / fps), frames=json.dumps(encoded),
        )  # fmt: skip
        write_text(path, page)

    def _mp4(self, path: Path, fps: float) -> None:
        with TemporaryDirectory() as folder:  # ffmpeg writes to names alone
            made = Path(folder) / "film.mp4"
            self._encode(made, path, fps)
            with made.open("rb") as film:
                write_whole(path, lambda file: shutil.copyfileobj(film, file))

    def _encode(self, made: Path, path: Path, fps: float) -> None:
        height, width = self.frame(0).shape[:2]
        command = [
            "ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-", "-an",
            "-c:v", "libx264", "-pix_fmt", "yuv420p", str(made),
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            assert process.stdin is not None and process.stderr is not None
            try:
                for k in range(self.count):
                    process.stdin.write(self.frame(k).tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass  # what ffmpeg says is raised below
            said = process.stderr.read().decode(errors="replace").strip()
        if process.returncode:
            raise RuntimeError(f"path: expected ffmpeg to write {path}, got: {said[-300:]}.")


def film_path(path: object, fps: float = 20.0) -> Path:
    """``path`` if a film of so many frames per second can be written there.

    Raises:
        ValueError: Its name has another ending, or ``fps`` is out of range.
        RuntimeError: It ends in .mp4 and ffmpeg is not installed.
    """
    checked = Path(str(path))
    if checked.suffix.lower() not in ENDINGS:
        raise ValueError(
            _checks.message("path", f"a name that ends in {', '.join(ENDINGS)}", str(path))
        )
    if checked.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise RuntimeError(
            _checks.message(
                "path", "the program ffmpeg on the PATH to write .mp4", "none",
                "Install ffmpeg, or write a .gif or .html.",
            )
        )  # fmt: skip
    if not 0.1 <= fps <= 1000.0:
        raise ValueError(_checks.message("fps", "a number from 0.1 to 1000", fps))
    return checked
