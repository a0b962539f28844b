"""An encoding defined outside the package: a CPPN that paints the weights of a substrate."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import neatgrow as ng


@dataclass(frozen=True, kw_only=True)
class Paint(ng.Encoding):
    """Weights of a substrate of three layers, by the coordinates of their ends.

    Attributes:
        hidden: Nodes of the middle layer.
        strength: Weight where the CPPN answers 1.
        threshold: Answers closer to 0 make no connection.
    """

    kind: ClassVar[str] = "paint"

    hidden: int = 4
    strength: float = 3.0
    threshold: float = 0.1

    def interface(self, phenotype):
        """Coordinates of both ends in, a weight out."""
        return ng.Interface(4, 1, ("x1", "y1", "x2", "y2"), ("weight",))

    def decode(self, genomes):
        """The substrate with the weights of each genome."""
        face = genomes.interface.phenotype
        ends = face.inputs + face.outputs
        middle = range(ends, ends + self.hidden)
        edges = [(i, h) for i in range(face.inputs) for h in middle]
        edges += [(h, o) for h in middle for o in range(face.inputs, ends)]
        substrate = ng.Genome.from_edges(edges, inputs=face.inputs, outputs=face.outputs)
        place = np.concatenate(
            [
                [(x, y) for x in np.linspace(-1.0, 1.0, count)]
                for y, count in ((-1.0, face.inputs), (1.0, face.outputs), (0.0, self.hidden))
            ]
        )
        pairs = np.hstack([place[substrate.source], place[substrate.target]])
        painted = genomes.compile(np.float64).predict(pairs)[:, :, 0]
        return substrate.repeated(self.strength * painted, enabled=np.abs(painted) > self.threshold)


class Narrow(Paint):
    """One that fails for some genomes, by what they are."""

    kind: ClassVar[str] = "narrow"

    def decode(self, genomes):
        graphs = super().decode(genomes)
        if (graphs.weight > 2.5).any():
            raise ValueError("too heavy")
        return graphs


CONFIG = ng.Config(population_size=20, encoding=Paint()).override({
    "genes.activation.options": ["tanh", "sin", "gauss"], "genes.activation.start": "random",
    "mutation.add_node": 0.2,
})  # fmt: skip
