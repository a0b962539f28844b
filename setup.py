"""The long description for package indexes, where the README's relative links lead nowhere.

All else stands in pyproject.toml.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
# A picture or a link whose target is a file of this project.
RELATIVE = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)]*)\)")


def for_an_index(readme: str, home: str | None) -> str:
    """The README with links and pictures that lead somewhere.

    Args:
        readme: Markdown.
        home: Address of the sources, below which hosts of git show files; where there is none,
            links become the name of a file of the source distribution.
    """

    def link(found: re.Match[str]) -> str:
        picture, text, path = found.groups()
        if home is not None:
            return f"{picture}[{text}]({home}/{'raw' if picture else 'blob'}/HEAD/{path})"
        return f"*{text}* (`{path}` of the source distribution)" if picture else f"`{path}`"

    return RELATIVE.sub(link, readme)


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    setup(
        long_description=for_an_index(
            (ROOT / "README.md").read_text("utf-8"), project.get("urls", {}).get("Source")
        ),
        long_description_content_type="text/markdown",
    )
