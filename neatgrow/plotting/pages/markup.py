"""HTML that reports are made of: text, tables, and pictures in both themes."""

import base64
import html
import io
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neatgrow.plotting.theme import Theme, ThemeName, chart

_SIZE = (5.6, 3.3)  # inches of a chart
_LARGEST_SVG = 100_000  # bytes; a picture of more becomes pixels
_LONGEST_TEXT = 400  # letters of a setting or a cause


class Parts(list[str]):
    """HTML that is gathered piece by piece; a piece that fails is said, and costs no other."""

    def add(self, what: str, make: Callable[[], str]) -> None:
        """Add what ``make`` gives."""
        try:
            self.append(make())
        except Exception as error:
            self.append(failed(what, error))

    def __str__(self) -> str:
        return "\n".join(self)


def failed(what: str, error: Exception) -> str:
    """A line that says what could not be made, and why."""
    return note(f"{what} could not be made: {type(error).__name__}: {error}", "failed")


def duration(seconds: float) -> str:
    """A time that people can read."""
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 100.0:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def escaped(value: object) -> str:
    """Any text, none of it markup."""
    return html.escape(str(value))


def note(text: str, kind: str = "note") -> str:
    """A line beside the pictures."""
    return f'<p class="{kind}">{escaped(text)}</p>'


def count(number: int, one: str, many: str = "") -> str:
    """A number and what is counted."""
    return f"{f'{number:,}' if number else 'no'} {one if number == 1 else many or one + 's'}"


def folded(title: str, content: str) -> str:
    """What is shown once its title is clicked."""
    return f"<details><summary>{escaped(title)}</summary>{content}</details>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table that scrolls by itself where it is too large."""
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(c)}</td>' for c in row)}</tr>" for row in rows)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escaped(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def plain(value: Any) -> str:
    """A setting as people write it."""
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


# ---------------------------------------------------------------------------------- pictures


class Chart(NamedTuple):
    """A picture on axes."""

    caption: str
    alternative: str  # for those who do not see it
    draw: Callable[[Axes, Theme], None]
    labels: tuple[str, str]  # of the axes

    def figure(self, theme: ThemeName) -> Figure:
        """The picture in a theme."""
        figure = chart(self.draw, self.labels, theme, None, _SIZE)
        figure.axes[0].set_title("", loc="right")  # the page says it, and the legend needs room
        return figure


def pictures(charts: Iterable[Chart]) -> str:
    """Charts side by side."""
    parts = Parts()
    for one in charts:
        make = partial(picture, one.figure, one.caption, one.alternative)
        parts.add(f"The chart of {one.caption.lower()}", make)
    return f'<div class="charts">{parts}</div>'


def picture(make: Callable[[ThemeName], Figure], caption: str, alternative: str) -> str:
    """A figure in both themes, of which the page shows one."""
    themes: tuple[ThemeName, ...] = ("light", "dark")
    images = "".join(
        f'<img class="{theme}" alt="{escaped(alternative)}" src="{_uri(make(theme))}">'
        for theme in themes
    )
    return f"<figure>{images}<figcaption>{escaped(caption)}</figcaption></figure>"


def _uri(figure: Figure) -> str:
    """A picture as a data URI: SVG, or PNG where that is smaller by far."""
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": "neatgrow"}):
        vectors = saved(figure, "svg", metadata=nothing)
    if len(vectors) <= _LARGEST_SVG:
        return data_uri("svg+xml", vectors)
    return data_uri("png", saved(figure, "png", dpi=150))


def saved(figure: Figure, kind: str, **options: Any) -> bytes:
    """What a file of the figure would hold."""
    file = io.BytesIO()
    figure.savefig(file, format=kind, **options)
    return file.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """An image as the address of itself."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
