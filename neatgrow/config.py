"""Settings of a run: a tree of frozen dataclasses, each setting declared once.

Gene columns are declared in :mod:`neatgrow.columns`, encodings and ways of selection in
:mod:`neatgrow.sections`.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any, Literal

from neatgrow._settings import Settings, rate, setting
from neatgrow.columns import Choices, Genes, Values
from neatgrow.sections import Direct, Encoding, Selection, SpeciesSelection
from neatgrow.timing import Timing, dynamics_changes


@dataclass(frozen=True, kw_only=True)
class Start(Settings):
    """The first generation's graphs.

    Attributes:
        connections: Share of the possible connections that each genome starts with: 1 joins
            all inputs to all outputs, 0 none, anything between a random share of them.
        hidden: Hidden nodes that stand between inputs and outputs; with any, inputs connect
            to hidden nodes and hidden nodes to outputs, none past them.
    """

    connections: float = rate(1.0)
    hidden: int = setting(0, 0, 10_000)


@dataclass(frozen=True, kw_only=True)
class Mutation(Settings):
    """Chances per child of each structural mutation.

    Attributes:
        add_connection: A connection that closes no loop.
        add_loop: A connection that closes one, self-loops included; delayed by one tick.
        add_node: Split a connection: weight 1 into the new node, the old weight out of it.
        delete_connection: Remove a connection gene.
        delete_node: Remove a hidden node with its connections.
        enable: Enable one disabled connection.
        disable: Disable one enabled connection.
    """

    add_connection: float = rate(0.15)
    add_loop: float = rate(0.02)
    add_node: float = rate(0.07)
    delete_connection: float = rate(0.05)
    delete_node: float = rate(0.02)
    enable: float = rate(0.02)
    disable: float = rate(0.01)


@dataclass(frozen=True, kw_only=True)
class Crossover(Settings):
    """How children are made of their parents.

    Attributes:
        mutation_only: Share of offspring that have one parent.
        average: Share of mated offspring whose matching genes are averaged, not drawn.
        disable: Chance that a gene disabled in either parent is disabled in the child.
        interspecies: Share of mated offspring whose second parent is of another species.
    """

    mutation_only: float = rate(0.25)
    average: float = rate(0.4)
    disable: float = rate(0.75)
    interspecies: float = rate(0.001)


@dataclass(frozen=True, kw_only=True)
class Distance(Settings):
    """Coefficients of the compatibility distance; those of columns are in :class:`Genes`.

    Attributes:
        excess: c₁, per connection gene born after all of the other genome's.
        disjoint: c₂, per other unmatched connection gene.
        nodes: Per unmatched node gene.
        small: Counts are divided by the genome's size only from this many genes on. The
            paper's 20 makes distances jump where genomes grow past it, which no steering of
            the threshold can follow.
    """

    excess: float = setting(1.0, 0.0)
    disjoint: float = setting(1.0, 0.0)
    nodes: float = setting(0.0, 0.0)
    small: int = setting(1, 1)


@dataclass(frozen=True, kw_only=True)
class Species(Settings):
    """Speciation and stagnation.

    Attributes:
        threshold: Distance below which a genome belongs to a representative's species.
        target: Number of species that the threshold is steered to; ``None`` fixes it.
        gain: How fast a steered threshold moves: by the factor (count / target)^gain.
        stagnation: Generations without a better fitness after which a species gets no
            offspring.
        protected: Number of best species that stagnation spares.
        refocus: Generations without a better best fitness after which only the two best
            species get offspring; ``None`` for never.
        parent_first: Compare a genome with its first parent's species before the others, and
            one near no species with the new species of its twin in structure first.
    """

    threshold: float = setting(1.0, 0.0)
    target: int | None = setting(10, 1)
    gain: float = setting(0.2, 0.0, 1.0)
    stagnation: int = setting(15, 1)
    protected: int = setting(2, 0)
    refocus: int | None = setting(None, 1)
    parent_first: bool = True


@dataclass(frozen=True, kw_only=True)
class Config(Timing):
    """All settings of evolution; those of :class:`neatgrow.timing.Timing` are among them.

    The defaults depart from :meth:`paper` where that helped or users expect it: nodes have
    a bias of their own and tanh, output nodes what suits the problem; perturbations are normal;
    structure grows faster and can shrink; loops may arise where a problem unfolds in time;
    distances are divided by the genome's size throughout, so that a threshold can be steered to
    a number of species; offspring follow ranks, so that the scale of a fitness does not matter;
    biases start at 0. On XOR they need a third of its evaluations in the median
    (``benchmarks/bench_xor.py``).

    Attributes:
        population_size: Genomes per generation, exact in every generation.
        recurrent: Whether loops may arise; if not, ``mutation.add_loop`` has no effect.
            ``"auto"``: where the problem says that it unfolds in time
            (:class:`neatgrow.Problem`), or an observation is held for several ticks.
        dynamics: What nodes do with their input over time, in a word: ``"instant"``, ``"leaky"``,
            ``"lif"``, ``"izhikevich"`` or a type of such neurons as ``"fast_spiking"``, one of
            your own, or several that mutation swaps. Short for ``genes.dynamics`` and the columns
            that it reads; ``None`` leaves these as they are.
        selection: Who has children; species by default.
        encoding: What graphs genomes stand for; themselves by default.
    """

    population_size: int = setting(150, 1)
    recurrent: bool | Literal["auto"] = "auto"
    dynamics: InitVar[str | tuple[str, ...] | None] = None
    start: Start = Start()
    genes: Genes = Genes()
    mutation: Mutation = Mutation()
    crossover: Crossover = Crossover()
    distance: Distance = Distance()
    species: Species = Species()
    selection: Selection = SpeciesSelection()
    encoding: Encoding = Direct()

    def __post_init__(self, dynamics: str | tuple[str, ...] | None) -> None:
        super().__post_init__()
        if dynamics is not None:
            vars(self).update(vars(self.override({"dynamics": dynamics})))

    @classmethod
    def _shorthands(cls) -> tuple[str, ...]:
        return ("dynamics",)

    def _spelt_out(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        words = changes.get("dynamics")
        rest = {name: value for name, value in changes.items() if name != "dynamics"}
        return rest if words is None else dynamics_changes(words, vars(self.genes)) | rest

    @classmethod
    def paper(cls) -> "Config":
        """The settings of Stanley & Miikkulainen (2002), as its text has them.

        Source: “Evolving Neural Networks through Augmenting Topologies”, Evolutionary
        Computation 10(2), 99–127. Section 4.1, for populations of 150: c₁ = c₂ = 1, c₃ = 0.4,
        δₜ = 3; weights of a child mutate with chance 0.8, then each is perturbed (0.9) or
        replaced (0.1); 0.03 of a node, 0.05 of a connection; 0.25 by mutation alone; 0.75 for
        staying disabled; 0.001 between species; champions of species of more than five copied;
        15 generations to a species' stagnation; φ(4.9 z). Section 3: matching genes drawn from
        either parent, never averaged; a genome belongs to the first species that is near
        enough; a distance is divided by a genome's size from 20 genes on; after more than 20
        generations without a better fitness only the two best species have offspring.

        Not printed, and chosen here for XOR on seeds of their own: perturbation power and
        start range 2.5 (uniform), survival 0.4.

        Departures. Offspring shares count from the generation's worst fitness, so that a shift
        of fitness changes nothing, and are softened (``selection.floor``, chosen likewise). The
        generation's best is copied even if its species is small (``selection.elites`` 0 copies
        none). A child whose structure changed keeps its weights; this has no switch. Loops are
        off, as XOR needs none (``recurrent`` with ``mutation.add_loop``). The bias of the paper
        is an input that is always 1: give the problem one, as :class:`neatgrow.XOR` has it with
        ``paper=True``. For two poles without velocities the paper has other numbers
        (population 1,000, c₃ = 3, δₜ = 4, 0.3 of a connection).
        """
        return cls(
            recurrent=False,
            genes=Genes(
                weight=Values(
                    start_spread=2.5, power=2.5, noise="uniform", perturb_rate=1.0, difference=0.4
                ),
                bias=Values(start_spread=0.0, mutate_rate=0.0, difference=0.0),
                activation=Choices(start="steep_sigmoid", options=("steep_sigmoid",)),
            ),
            mutation=Mutation(
                add_connection=0.05,
                add_loop=0.0,
                add_node=0.03,
                delete_connection=0.0,
                delete_node=0.0,
                enable=0.0,
                disable=0.0,
            ),
            crossover=Crossover(average=0.0),
            distance=Distance(small=20),
            species=Species(
                threshold=3.0,
                target=None,
                stagnation=15,
                protected=0,
                refocus=21,
                parent_first=False,
            ),
            selection=SpeciesSelection(
                survival=0.4, elite_species_size=6, sharing="fitness", floor=0.7
            ),
        )


def _words(config: Config) -> tuple[str, ...]:
    """The dynamics that nodes may have, in a run of these settings."""
    offered: Choices | None = config.genes.dynamics
    return ("instant",) if offered is None else offered.options


Config.dynamics = property(_words)  # type: ignore[attr-defined]  # else the default of the argument
