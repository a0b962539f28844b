"""Settings of a run: a tree of frozen dataclasses, each setting declared once.

A field of :class:`Genes` is the declaration of a gene column: its storage, start, mutation,
crossover, part in the distance, saving and printing all follow from that one line.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from neatgrow import _checks
from neatgrow._settings import Settings, rate, setting

Noise = Literal["normal", "uniform"]
Sharing = Literal["fitness", "rank"]


@dataclass(frozen=True, kw_only=True)
class Values(Settings):
    """A continuous gene column: where it starts, how it mutates, what it weighs.

    A child's column mutates with chance ``mutate_rate``; then each gene is replaced by a
    fresh start value with chance ``replace_rate``, else perturbed by ``power`` times noise
    with chance ``perturb_rate``. Results are clipped to [minimum, maximum].

    Attributes:
        start_mean: Centre of the start values.
        start_spread: Standard deviation (normal) or half-width (uniform) of start values.
        noise: Shape of start values and perturbations.
        difference: Coefficient of the mean |a − b| over matching genes in the distance.
    """

    start_mean: float = 0.0
    start_spread: float = setting(1.0, 0.0)
    minimum: float = field(default=-30.0, metadata={"infinite": True})
    maximum: float = field(default=30.0, metadata={"infinite": True})
    mutate_rate: float = rate(0.8)
    perturb_rate: float = rate(0.9)
    replace_rate: float = rate(0.1)
    power: float = setting(0.5, 0.0)
    noise: Noise = "normal"
    difference: float = setting(0.3, 0.0)

    def _check(self, path: str) -> None:
        super()._check(path)
        if not self.minimum < self.maximum:
            rule = f"less than maximum {self.maximum}"
            raise ValueError(_checks.message(f"{path}.minimum", rule, self.minimum))
        if not self.minimum <= self.start_mean <= self.maximum:
            rule = f"a number from minimum {self.minimum} to maximum {self.maximum}"
            raise ValueError(_checks.message(f"{path}.start_mean", rule, self.start_mean))


@dataclass(frozen=True, kw_only=True)
class Choices(Settings):
    """A categorical gene column: one named option per node.

    Attributes:
        start: Option of a new node, or ``"random"`` for any of ``options``.
        outputs: Option that output nodes have and keep; ``None`` treats them like the others.
            ``"auto"``, the default of activations, is what the problem says
            (:class:`neatgrow.Problem`).
        options: What mutation may choose from.
        swap_rate: Chance per node and child to draw another option.
        difference: Coefficient of the share of matching nodes that differ in the distance.
    """

    start: str = "random"
    outputs: str | None = None
    options: tuple[str, ...] = ()
    swap_rate: float = rate(0.0)
    difference: float = setting(0.0, 0.0)

    def _check(self, path: str) -> None:
        super()._check(path)
        if not self.options:
            raise ValueError(_checks.message(f"{path}.options", "at least one name", "none"))
        if self.start != "random":
            _checks.one_of(f"{path}.start", self.start, ("random", *self.options))


def _column(table: str, default: Values | Choices) -> Any:
    return field(default=default, metadata={"table": table})


@dataclass(frozen=True, kw_only=True)
class Genes(Settings):
    """Every gene column, declared once; columns keep this order in memory and in files."""

    weight: Values = _column("connection", Values())
    bias: Values = _column(
        "node",
        Values(
            start_spread=0.0, mutate_rate=0.1, perturb_rate=0.5, replace_rate=0.05, difference=0.0
        ),
    )
    activation: Choices = _column("node", Choices(start="tanh", options=("tanh",), outputs="auto"))
    aggregation: Choices = _column("node", Choices(start="sum", options=("sum",)))


def column_names(table: str, kind: type[Settings]) -> tuple[str, ...]:
    """Names of the columns of a table (``"node"``, ``"connection"``) of one kind, in order."""
    return tuple(
        f.name
        for f in fields(Genes)
        if f.metadata["table"] == table and isinstance(f.default, kind)
    )


NODE_VALUES = column_names("node", Values)
NODE_CHOICES = column_names("node", Choices)
CONNECTION_VALUES = column_names("connection", Values)


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
class Selection(Settings):
    """Who has offspring, and how many.

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

    survival: float = setting(0.2, 0.0, 1.0)
    elites: int = setting(1, 0)
    elite_species_size: int = setting(5, 1)
    sharing: Sharing = "rank"
    floor: float = rate(0.0)


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """All settings of evolution.

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
            (:class:`neatgrow.Problem`).
    """

    population_size: int = setting(150, 1)
    recurrent: bool | Literal["auto"] = "auto"
    start: Start = Start()
    genes: Genes = Genes()
    mutation: Mutation = Mutation()
    crossover: Crossover = Crossover()
    distance: Distance = Distance()
    species: Species = Species()
    selection: Selection = Selection()

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
            selection=Selection(survival=0.4, elite_species_size=6, sharing="fitness", floor=0.7),
        )
