"""Ways of selection defined outside the package: the page's, and some for tests alone."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import neatgrow as ng

PAGE = (Path(__file__).parent.parent / "docs" / "selection.md").read_text("utf-8")
_names: dict[str, object] = {}  # as in test_documentation.py: one kind is one class of one module
for _block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[:2]:
    exec(compile(_block, "docs/selection.md", "exec"), _names)
Cells, Elites, walk = (_names[name] for name in ("Cells", "Elites", "walk"))
walk.__module__ = __name__  # so that worker processes can import it


class Uniform(ng.Reproduction):
    """Everybody of the last generation is as likely to have children: drift."""

    def __init__(self, config, seed):
        self.config, self.seed = config, seed

    def reproduce(self, standing, score):
        random = np.random.default_rng([self.seed, standing.generation])
        size = self.config.population_size
        return ng.offspring_of(random.integers(len(standing.pool.genomes), size=size))


@dataclass(frozen=True, kw_only=True)
class Drift(ng.Selection):
    kind = "drift"

    def start(self, config, seed):
        return ng.FitnessScore(), Uniform(config, seed)


class Anybody(Uniform):
    """Parents of any generation, mates of another, fresh genomes and children of the champion, in
    any order; in two groups."""

    def select(self, standing, score):
        everybody = standing.pool.join(standing.as_pool())
        random = np.random.default_rng([self.seed, 1, standing.generation])
        return everybody.take(random.permutation(len(everybody.genomes))[:25])

    def reproduce(self, standing, score):
        random = np.random.default_rng([self.seed, standing.generation])
        size = self.config.population_size
        first, second = random.integers(len(standing.pool.genomes), size=(2, size))
        if standing.champion is not None:
            first[random.random(size) < 0.2] = -2
        first[random.random(size) < 0.1] = -1
        return ng.offspring_of(first, np.where(random.random(size) < 0.5, first, second), copies=3)

    def groups(self, count):
        return ng.Groups((np.arange(count) % 3).astype(np.int32), np.array([4, 7, 9]))


@dataclass(frozen=True, kw_only=True)
class Scattered(ng.Selection):
    kind = "scattered"

    def start(self, config, seed):
        return ng.FitnessScore(), Anybody(config, seed)


class Distances(ng.Score):
    """How far a behaviour is from all before it: novelty, of the simplest kind."""

    needs = ("behaviour",)
    kept = ("seen",)

    def __init__(self):
        self.seen = np.empty((0, 2))

    def score(self, standing):
        self.seen = np.concatenate([self.seen, standing.behaviour])[-500:]
        gaps = np.linalg.norm(standing.behaviour[:, None] - self.seen, axis=2)
        return np.sort(gaps, axis=1)[:, :10].mean(axis=1)


@dataclass(frozen=True, kw_only=True)
class Novel(ng.Selection):
    kind = "novel"

    def start(self, config, seed):
        return Distances(), ng.SpeciesReproduction(config, seed)
