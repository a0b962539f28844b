"""A run as one HTML page that needs nothing else: no server, no network, no other file."""

import base64
import hashlib
import html
import json
import re
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from neatgrow import _checks
from neatgrow.files.archive import write_text
from neatgrow.plotting.pages.record import Record, record_of
from neatgrow.plotting.pages.sections import headline, sections, verdict
from neatgrow.plotting.theme import THEMES, Theme, blend
from neatgrow.problems.trust import Trust, checked_trust
from neatgrow.runs.results import Result
from neatgrow.selection.population import Population

_HERE = Path(__file__).parent
_NAME = "report.html"


def report(
    run: Result | Population | str | PathLike[str],
    path: str | PathLike[str] | None = None,
    *,
    trust: Trust = False,
) -> Path:
    """Write what a run came to as one self-contained HTML page.

    On it: what was evolved and how, the champion as a graph to explore, how it grew where the
    run recorded its ancestors, what it does on its problem, charts of the evolution, settings,
    history and failures. What cannot be shown is said in a line, and costs nothing else.

    Args:
        run: A result, the directory of a run, or a population of a loop of your own, of which
            what the champion does is not known.
        path: Where to; by default ``report.html`` in the run's directory. An older one is
            replaced.
        trust: As for :func:`neatgrow.resume`; without it, the page of an untrusted problem lacks
            what the champion does, and says so.

    Returns:
        The path.

    Raises:
        TypeError: ``run`` is none of these.
        ValueError: The result has no directory and ``path`` is not given; or a file of the
            directory is damaged (:class:`neatgrow.FileError`).
        FileNotFoundError: It is no run directory.
        OSError: The page cannot be written.
    """
    if not isinstance(run, (Result, Population, str, PathLike)):
        rule = "a Result, a run's directory or a Population"
        raise TypeError(_checks.message("run", rule, run))
    record = record_of(run, checked_trust(trust))
    if path is None and record.directory is None:
        raise ValueError(
            _checks.message(
                "path", "a path, as there is no directory", "none",
                "Pass report(result, 'report.html').",
            )
        )  # fmt: skip
    target = Path(path) if path is not None else Path(str(record.directory)) / _NAME
    write_text(target, page(record))
    return target


def page(record: Record) -> str:
    """The report as text; what stands in it does not depend on when or where it is made."""
    parts = sections(record)
    script, style = f"{_file('report_graph.js')}\n{_file('report.js')}", _style()
    filled = {
        "policy": (
            "default-src 'none'; img-src data:; "
            f"script-src '{_hash(script)}'; style-src '{_hash(style)}'"
        ),
        "title": html.escape(f"{record.name} – neatgrow"),
        "name": html.escape(record.name),
        "verdict": verdict(record),
        "mood": {True: "good", False: "bad", None: "open"}[record.solved],
        "headline": headline(record),
        "links": "".join(f'<a href="#{p.key}">{html.escape(p.title)}</a>' for p in parts),
        "sections": "".join(
            f'<section id="{part.key}" aria-labelledby="{part.key}-title">'
            f'<h2 id="{part.key}-title">{html.escape(part.title)}</h2>{part.html}</section>'
            for part in parts
        ),
        "data": _json({part.key: part.data for part in parts if part.data is not None}),
        "script": script,
        "style": style,
    }
    # In one pass: what is filled in is not searched again.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match[1]], _file("report.html"))
    return text.encode("utf-8", "replace").decode("utf-8")  # names may hold half a letter


def _json(data: dict[str, Any]) -> str:
    """JSON in which no text can end the script that holds it."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _file(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _style() -> str:
    """The style sheet, with the colours of pictures as its variables."""
    light, dark = (_variables(theme) for theme in THEMES.values())
    return (
        f":root{{{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n{_file('report.css')}"
    )


def _variables(theme: Theme) -> str:
    colors = asdict(theme) | {
        "muted": blend(theme.ink, theme.background, 0.28),  # text that still has contrast
        "line": blend(theme.quiet, theme.background, 0.7),
        "wash": blend(theme.quiet, theme.background, 0.92),
        "middle": blend(theme.quiet, theme.background, 0.86),
    }
    return "".join(f"--{name}:{color};" for name, color in colors.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
