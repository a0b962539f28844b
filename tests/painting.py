"""Encodings defined outside the package: that of the documentation's page, and unsound ones."""

import re
from dataclasses import dataclass
from pathlib import Path

import neatgrow as ng

PAGE = (Path(__file__).parent.parent / "docs" / "encodings.md").read_text("utf-8")
_names: dict[str, object] = {"__name__": __name__}
exec(
    compile(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "docs/encodings.md", "exec"),
    _names,
)
Painted = _names["Painted"]


def answer(network):
    """A fitness function that worker processes can import."""
    return float(network.predict([[0.3, -0.7]])[0, 0])


@dataclass(frozen=True, kw_only=True)
class Unsound(ng.Encoding):
    """Gives something else than it should."""

    kind = "unsound"
    what: str = "one too few"

    def interface(self, phenotype):
        return 3 if self.what == "no interface" else ng.Interface(4, 1)

    def decode(self, genomes):
        graph = ng.Genome.from_edges([(0, 2), (1, 2)], inputs=2, outputs=1)
        graphs = graph.copies(len(genomes))
        if self.what == "one too few":
            return graphs[:-1]
        if self.what == "other inputs":
            return ng.Genome.from_edges([(0, 1)], inputs=1, outputs=1).copies(len(genomes))
        if self.what == "a network":
            return graphs.compile()
        if self.what == "itself":
            return genomes
        graphs.packed.source[:] = 77
        return graphs
