"""Sections of the configuration of which there are several kinds: selection and encoding.

A kind is a frozen dataclass of settings with methods; users add their own by subclassing
:class:`Selection` or :class:`Encoding` and naming its ``kind``. Built-in kinds are listed in
``_settings.KINDS``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from neatgrow._settings import Settings, imported, rate, setting

if TYPE_CHECKING:
    from neatgrow.config import Config
    from neatgrow.genomes.genomes import Genomes
    from neatgrow.genomes.interface import Interface
    from neatgrow.selection.base import Reproduction, Score

Sharing = Literal["fitness", "rank"]


@dataclass(frozen=True, kw_only=True)
class Selection(Settings):
    """A way of selection: what counts, and who has children.

    A subclass names its ``kind``, declares its settings as fields, and implements :meth:`start`.
    """

    family: ClassVar[str] = "selection"

    def start(self, config: "Config", seed: int) -> "tuple[Score, Reproduction]":
        """What decides through one run.

        Args:
            config: All settings of the run.
            seed: Of the run; all draws must depend on it and the generation alone.
        """
        raise NotImplementedError(f"{type(self).__name__}.start")


@dataclass(frozen=True, kw_only=True)
class SpeciesSelection(Selection):
    """NEAT: who has offspring, and how many, by species (``Config.species``).


    Attributes:
        survival: Share of each species, best first, that may be parents.
        elites: Members of a species copied unchanged.
        elite_species_size: A species smaller than this has no elites; the generation's best
            genome is always copied when ``elites`` is at least 1.
        sharing: Offspring of a species in proportion to the mean score of its members: the
            fitness on a scale from the generation's worst, 0, to its best, 1
            (``"fitness"``), or the share of genomes that are worse (``"rank"``).
        floor: What the worst score is raised to, the others in proportion: at 0 selection
            between species is strongest, at 1 there is none.
    """

    kind: ClassVar[str] = "species"

    survival: float = setting(0.2, 0.0, 1.0)
    elites: int = setting(1, 0)
    elite_species_size: int = setting(5, 1)
    sharing: Sharing = "rank"
    floor: float = rate(0.0)

    def start(self, config: "Config", seed: int) -> "tuple[Score, Reproduction]":
        """Fitness counts; species have children."""
        both: tuple[Score, Reproduction] = imported("neatgrow.selection.species:start")(
            config, seed
        )
        return both


@dataclass(frozen=True, kw_only=True)
class Encoding(Settings):
    """What graphs genomes stand for.

    A subclass names its ``kind``, declares its settings as fields, and implements
    :meth:`interface` and :meth:`decode`.
    """

    family: ClassVar[str] = "encoding"

    def interface(self, phenotype: "Interface") -> "Interface":
        """Inputs and outputs of the genomes that evolve.

        Args:
            phenotype: Inputs and outputs that a problem asks for.
        """
        raise NotImplementedError(f"{type(self).__name__}.interface")

    def decode(self, genomes: "Genomes") -> "Genomes":
        """The graphs of N genomes, in order, with the inputs and outputs that the problem asks
        for (``genomes.interface.phenotype``); the same for the same genomes.
        """
        raise NotImplementedError(f"{type(self).__name__}.decode")


@dataclass(frozen=True, kw_only=True)
class Direct(Encoding):
    """Genomes stand for themselves."""

    kind: ClassVar[str] = "direct"

    def interface(self, phenotype: "Interface") -> "Interface":
        """That of the problem."""
        return phenotype

    def decode(self, genomes: "Genomes") -> "Genomes":
        """The genomes themselves."""
        return genomes
