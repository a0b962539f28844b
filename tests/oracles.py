"""Slow, obvious twins of the kernels, in plain Python, written from the design's text.

Nothing here imports a kernel's code: ints are Python ints, graphs are dictionaries and networkx
graphs, floats go through :mod:`math`. Only data is read from the package's genomes and columns.
"""

import math
import random as python_random
from fractions import Fraction

import networkx as nx

from neatgrow.columns import COLUMNS, Choices

# ------------------------------------------------------------------- random numbers and identity

WORD = 1 << 64
GAMMA = 0x9E3779B97F4A7C15


def splitmix_finaliser(bits):
    """SplitMix64's output function (Steele, Lea & Flood 2014; Stafford's variant 13)."""
    bits %= WORD
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) % WORD
    return bits ^ (bits >> 31)


def identity(first, second):
    """The 63-bit number, at least 2**62, of an ordered pair of integers."""
    inner = splitmix_finaliser(first + GAMMA)
    return splitmix_finaliser(inner + second) % 2**62 + 2**62


class Stream:
    """SplitMix64 keyed by (seed, purpose, generation, index)."""

    def __init__(self, seed, purpose, generation, index):
        state = splitmix_finaliser(seed + GAMMA)
        for part in (purpose, generation, index):
            state = splitmix_finaliser(state + part)
        self.state = state

    def bits(self):
        self.state = (self.state + GAMMA) % WORD
        return splitmix_finaliser(self.state)

    def uniform(self):
        return (self.bits() >> 11) / 2**53

    def below(self, count):
        return math.floor(self.uniform() * count)

    def noise(self, uniform):
        """Uniform in [-1, 1), or four uniform 16-bit parts summed: variance 1 after scaling."""
        if uniform:
            return 2 * self.uniform() - 1
        bits = self.bits()
        parts = [(bits >> shift) % 2**16 for shift in (0, 16, 32, 48)]
        middle = 4 * (2**16 - 1) / 2
        return (sum(parts) - middle) / 2**16 * math.sqrt(3)


# ---------------------------------------------------------------------------------- functions


def _exp(z):
    try:
        return math.exp(z)
    except OverflowError:
        return math.inf


def _sigmoid(z):
    return 0.5 + 0.5 * math.tanh(z / 2)  # 1 / (1 + e^-z), exactly 0 far below 0 as documented


def _gelu(z):
    if z == -math.inf:
        return -0.0
    return z * (0.5 * (1 + math.erf(z / math.sqrt(2))))


def _softplus(z):
    return z if z > 40 else math.log1p(_exp(z))


ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": _sigmoid,
    "steep_sigmoid": lambda z: _sigmoid(4.9 * z),
    "tanh": math.tanh,
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "gelu": _gelu,
    "softplus": _softplus,
    "sin": lambda z: math.sin(z) if math.isfinite(z) else math.nan,
    "gauss": lambda z: _exp(-z * z),
    "abs": abs,
    "square": lambda z: z * z,
    "step": lambda z: 1.0 if z > 0 else 0.0,
    "clamped": lambda z: max(-1.0, min(1.0, z)),
    "inverse": lambda z: 1 / z if z != 0 else 0.0,
}
SATURATING = {"sigmoid", "steep_sigmoid"}  # exact to a rounding of 1, not of their own value


def activation(name, z):
    """f(z); NaN stays NaN."""
    return math.nan if math.isnan(z) else ACTIVATIONS[name](z)


def aggregation(name, terms):
    """Aggregate of the terms w·a; 0 of none; NaN if any is."""
    if not terms:
        return 0.0
    if any(math.isnan(term) for term in terms):
        return math.nan
    if name == "sum":
        total = 0.0
        for term in terms:
            total += term
        return total
    if name == "product":
        product = 1.0
        for term in terms:
            product *= term
        return product
    if name == "mean":
        return aggregation("sum", [term / len(terms) for term in terms])
    return {"max": max, "min": min}[name](terms)


# ----------------------------------------------------------------------------------- networks


# update(z, state, node) → what the activation is applied to, by name; tests add their own. The
# state is a dictionary, empty at the start; the node has its columns as attributes.
def leaky(z, state, node):
    """dv/dt = (z − v) / τ over one tick, z held."""
    state["v"] = _towards(state.get("v", 0.0), z, node, node.time_constant)
    return state["v"]


def _towards(value, goal, node, time_constant):
    return goal + (value - goal) * math.exp(-node.timing.tick / time_constant)


def _through_synapse(z, state, node):
    constant = getattr(node, "synapse_time_constant", 0.0)
    state["s"] = _towards(state.get("s", 0.0), z, node, constant) if constant > 0.0 else z
    return state["s"]


def lif(z, state, node):
    """A leaky potential that fires at a threshold, is reset, and rests for some ticks."""
    node.activation = "identity"
    current = _through_synapse(z, state, node)
    v, rest, b = (state.get(name, 0.0) for name in ("v", "rest", "b"))
    threshold = getattr(node, "threshold", 1.0) + getattr(node, "adaptation", 0.0) * b
    if rest >= 1.0:
        spike, state["rest"] = 0.0, rest - 1.0
    else:
        v = _towards(v, current, node, node.time_constant)
        spike = float(v >= threshold)
        state["rest"] = 0.0
    if not math.isfinite(v):
        state["v"] = v
        return math.nan
    if spike:
        state["rest"] = getattr(node, "refractory", 0.0)
        v = 0.0 if getattr(node, "reset", "subtract") == "rest" else v - threshold
    state["v"] = v
    state["b"] = _towards(b, spike, node, getattr(node, "adaptation_time_constant", 1.0))
    return spike


def izhikevich(z, state, node):
    """Izhikevich (2003): v in some substeps, then u, then reset."""
    node.activation = "identity"
    current = _through_synapse(z, state, node)
    a, b, c, d = (getattr(node, f"izhikevich_{name}") for name in "abcd")
    start = getattr(node, "start_potential", -65.0)
    v, u = state.get("v", start), state.get("u", b * start)
    for _ in range(node.timing.substeps):
        slope = 0.04 * v * v + 5.0 * v + 140.0 - u + current
        v += node.timing.tick / node.timing.substeps * slope
    u += node.timing.tick * a * (b * v - u)
    spike = float(v >= 30.0)
    state["v"], state["u"] = (c, u + d) if spike else (v, u)
    return spike + (v - v)  # NaN where v has run away


DYNAMICS = {
    "instant": lambda z, state, node: z, "leaky": leaky, "lif": lif, "izhikevich": izhikevich
}  # fmt: skip


def coded(coding, x, i, t, ticks):
    """What enters for the value x of input i at tick t of so many."""
    if coding == "current":
        return x
    size, sign = min(abs(x), 1.0), math.copysign(1.0, x)
    if coding == "rate":
        phase = (i * 0.6180339887498949) % 1.0
        return sign if int((t + 1) * size + phase) != int(t * size + phase) else 0.0
    return sign if size > 0.0 and t == math.floor((1.0 - size) * (ticks - 1) + 0.5) else 0.0


class Node:
    """One node gene as plain values."""

    def __init__(self, columns):
        self.dynamics = "instant"
        vars(self).update(columns)


def values_of(genome, name):
    """A column as a list of floats or of names."""
    chosen = isinstance(COLUMNS[name].settings, Choices)
    return genome.options(name) if chosen else genome.column(name).tolist()


class SlowNetwork:
    """The design's section 4 for one genome: a_v(t) = f(b + Σ w·a_u(t − d)), t and d explicit.

    Args:
        genome: A ``neatgrow`` genome.
        noise: Relative size of random errors put on every term w·a and every activation:
            what rounding could do. Shows which outputs are too ill-conditioned to compare.
        seed: Of the noise.
    """

    def __init__(self, genome, noise=0.0, seed=0):
        self.n_inputs, self.n_outputs = genome.n_inputs, genome.n_outputs
        self.outputs = range(self.n_inputs, self.n_inputs + self.n_outputs)
        own = {name: values_of(genome, name) for name in genome.columns}
        self.nodes = {
            int(node): Node({name: own[name][k] for name in own if COLUMNS[name].table == "node"})
            for k, node in enumerate(genome.node_id)
        }
        self.timing = genome.interface.timing
        for node in self.nodes.values():
            node.timing = self.timing
        self.synchronous = self.timing.update == "synchronous"
        self.edges = [
            (int(genome.source[c]), int(genome.target[c]), float(genome.weight[c]))
            for c in range(genome.innovation.size) if genome.enabled[c]
        ]  # fmt: skip
        self.added = {
            (int(genome.source[c]), int(genome.target[c])): int(own["delay"][c])
            for c in range(genome.innovation.size) if "delay" in own
        }  # fmt: skip
        self.order = self._order()
        self.delayed = self._delayed()
        self._noise, self._random = noise, python_random.Random(seed)
        self.reset()

    def _graph(self):
        graph = nx.DiGraph()
        graph.add_nodes_from(range(self.n_inputs))
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((source, target) for source, target, _ in self.edges)
        return graph

    def _order(self):
        graph = self._graph()
        reaching = set(self.outputs)
        for output in self.outputs:
            reaching |= nx.ancestors(graph, output)
        kept = graph.subgraph(reaching - set(range(self.n_inputs)))
        self.steps_from_input = dict.fromkeys(graph, math.inf)
        for i in range(self.n_inputs):
            for node, steps in nx.single_source_shortest_path_length(graph, i).items():
                self.steps_from_input[node] = min(self.steps_from_input[node], steps)
        components = nx.condensation(kept)
        self.component_of = components.graph["mapping"]
        order = []
        for component in nx.topological_sort(components):
            members = components.nodes[component]["members"]
            order += sorted(members, key=lambda node: (self.steps_from_input[node], node))
        return order

    def _delayed(self):
        place = {node: k for k, node in enumerate(self.order)}
        return {
            (source, target)
            for source, target, _ in self.edges
            if source in place and target in place and place[source] >= place[target]
        }

    def reset(self):
        self.past = []  # values of inputs and nodes, one dictionary a tick
        self.states = {node: {} for node in self.nodes}

    def _ticks(self, source, target):
        """d of a connection."""
        late = (source, target) in self.delayed
        late |= self.synchronous and source >= self.n_inputs
        return int(late) + self.added.get((source, target), 0)

    def _rough(self, value):
        if self._noise == 0.0 or not math.isfinite(value):
            return value
        return value * (1 + self._noise * self._random.uniform(-1, 1))

    def tick(self, x):
        """Outputs (a list) for one observation (a sequence of I numbers); the state advances."""
        ticks, coding = self.timing.ticks, self.timing.input_coding
        found = [
            self._tick([coded(coding, float(v), i, t, ticks) for i, v in enumerate(x)])
            for t in range(ticks)
        ]
        if self.timing.readout == "last":
            return found[-1]
        return [sum(values) / ticks for values in zip(*found, strict=True)]

    def _tick(self, x):
        now = {i: float(x[i]) for i in range(self.n_inputs)}
        self.past.append(now)
        t = len(self.past) - 1
        for v in self.order:
            node = self.nodes[v]
            terms = []
            for source, target, weight in self.edges:
                if target == v:
                    then = t - self._ticks(source, target)
                    value = self.past[then][source] if then >= 0 else 0.0
                    terms.append(self._rough(weight * value))
            z = self._rough(node.bias + self._rough(aggregation(node.aggregation, terms)))
            drive = DYNAMICS[node.dynamics](z, self.states[v], node)
            a = self._rough(activation(node.activation, drive))
            if node.activation in SATURATING and self._noise:
                a += self._noise * self._random.uniform(-1, 1)
            now[v] = a
        return [now[o] for o in self.outputs]

    def run(self, sequence):
        self.reset()
        return [self.tick(x) for x in sequence]


# ------------------------------------------------------------------------------------ graphs


def gene_graph(genome):
    """All connection genes, enabled or not, as a directed graph of node ids."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(genome.n_inputs))
    graph.add_nodes_from(int(node) for node in genome.node_id)
    graph.add_edges_from(zip(genome.source.tolist(), genome.target.tolist(), strict=True))
    return graph


def has_loop(genome):
    return not nx.is_directed_acyclic_graph(gene_graph(genome))


def broken_invariant(genome):
    """What is wrong with a genome's data, or ``None``: a second opinion to ``check()``."""
    nodes, innovations = genome.node_id.tolist(), genome.innovation.tolist()
    face = range(genome.n_inputs + genome.n_outputs)
    if nodes[: genome.n_outputs] != list(face)[genome.n_inputs :]:
        return "outputs"
    if sorted(set(nodes)) != nodes or sorted(set(innovations)) != innovations:
        return "order"
    if any(node < 2**62 for node in nodes[genome.n_outputs :]):
        return "hidden ids"
    ends = list(zip(genome.source.tolist(), genome.target.tolist(), strict=True))
    if len(set(ends)) != len(ends):
        return "double connection"
    known = set(nodes)
    for innovation, (source, target) in zip(innovations, ends, strict=True):
        if source not in known and not 0 <= source < genome.n_inputs:
            return "source"
        if target not in known:
            return "target"
        if innovation != identity(source, target):
            return "innovation"
    numbers = [*genome.weight.tolist(), *genome.bias.tolist()]
    return None if all(math.isfinite(number) for number in numbers) else "values"


# ----------------------------------------------------------------------- distance and species


def distance(a, b, config):
    """Compatibility distance (2002 paper, equation 1, with node terms), from dictionaries."""

    def rows(genome, table, ids):
        """{column: value or name of the option} of every row, by identity."""
        columns = {}
        for name in genome.columns:
            if COLUMNS[name].table == table:
                choice = isinstance(COLUMNS[name].settings, Choices)
                columns[name] = genome.options(name) if choice else genome.column(name).tolist()
        return {int(i): {n: c[k] for n, c in columns.items()} for k, i in enumerate(ids)}

    def differences(mine, other):
        """Of matching rows, each column's mean times its coefficient."""
        both = mine.keys() & other.keys()
        for name in next(iter(mine.values()), {}) if both else ():
            pairs = [(mine[i][name], other[i][name]) for i in both]
            gaps = [x != y if isinstance(x, str) else abs(x - y) for x, y in pairs]
            yield getattr(genes, name).difference * math.fsum(gaps) / len(both)

    genes, d = config.genes, config.distance
    ca, cb = (rows(g, "connection", g.innovation) for g in (a, b))
    births = [dict(zip(g.innovation.tolist(), g.connection_birth.tolist(), strict=True))
              for g in (a, b)]  # fmt: skip
    larger = max(len(ca), len(cb))
    n = larger if larger >= d.small else 1
    excess = disjoint = 0
    for mine, other in (births, births[::-1]):
        last = max(other.values(), default=-1)
        for innovation, birth in mine.items():
            if innovation not in other:
                excess += birth > last
                disjoint += birth <= last
    total = d.excess * excess / n + d.disjoint * disjoint / n
    total += sum(differences(ca, cb))
    na, nb = (rows(g, "node", g.node_id) for g in (a, b))
    total += d.nodes * len(na.keys() ^ nb.keys()) / n
    for part in (*differences(na, nb), *differences(*(rows(g, "genome", [0]) for g in (a, b)))):
        total += part
    return total


def speciate(genomes, representatives, guess, threshold, config, twins_first=True):
    """Lists of each genome's species and of the founders' rows, by the distance above.

    A genome goes to its guessed species if near enough, else to the first that is, else to
    the first newly founded one that is, else it founds one. With ``twins_first`` the new
    species that the last genome of the same connections joined comes before the others.
    Species are numbered with the given representatives first, and none is dropped.
    """
    representatives = list(representatives)
    old, founders, result, joined = len(representatives), [], [], {}
    species = []
    for genome, first in zip(genomes, guess, strict=True):
        tried = ([first] if first >= 0 else []) + [s for s in range(old) if s != first]
        near = [s for s in tried if distance(genome, representatives[s], config) < threshold]
        species.append(near[0] if near else None)
    for row, (genome, known) in enumerate(zip(genomes, species, strict=True)):
        if known is None:
            structure = tuple(genome.innovation.tolist())
            tried = list(range(len(founders)))
            if twins_first and structure in joined:
                tried.insert(0, joined[structure])
            near = [k for k in tried if distance(genome, genomes[founders[k]], config) < threshold]
            if not near:
                near = [len(founders)]
                founders.append(row)
            joined[structure] = near[0]
            known = old + near[0]
        result.append(known)
    return result, founders


def merged(representatives, threshold, config):
    """Which species each of S is part of once near ones are one: the oldest that is near."""
    into = []
    for s, genome in enumerate(representatives):
        near = [
            k
            for k in range(s)
            if into[k] == k and distance(genome, representatives[k], config) < threshold
        ]
        into.append(near[0] if near else s)
    return into


def scores(fitness, sharing):
    """Scores in [0, 1], exact: height above the worst over the range, or share of ranks.

    NaN is a failure: worst of all in rank, 0 in height.
    """
    told = [Fraction(f) for f in fitness if not math.isnan(f)]
    if not told or (len(set(told)) == 1 and len(told) == len(fitness)):
        return [1.0] * len(fitness)
    ranked = [-math.inf if math.isnan(f) else f for f in fitness]
    result = []
    for f in ranked:
        if sharing == "rank":
            worse = sum(1 for other in ranked if other < f)
            tied = sum(1 for other in ranked if other == f) - 1
            result.append(float(Fraction(2 * worse + tied, 2 * (len(fitness) - 1))))
        elif f == -math.inf:
            result.append(0.0)
        else:
            reach = max(told) - min(told)
            result.append(float((Fraction(f) - min(told)) / reach) if reach else 1.0)
    return result


def allot(shares, total):
    """Largest remainders (Hamilton), in exact fractions; ties to the earlier."""
    shares = [Fraction(share) for share in shares]
    if sum(shares) == 0:
        shares = [Fraction(1)] * len(shares)
    exact = [share / sum(shares) * total for share in shares]
    quota = [math.floor(e) for e in exact]
    by_remainder = sorted(range(len(shares)), key=lambda s: (quota[s] - exact[s], s))
    for s in by_remainder[: total - sum(quota)]:
        quota[s] += 1
    return quota


def judge(fitness, species, idle, policy):
    """What the settings say of each species: (its mean score, or ``None`` if stagnant).

    Args:
        fitness: N floats, NaN for failures.
        species: N ints below S.
        idle: S generations without a better fitness.
        policy: ``neatgrow.kernels.selection.Policy``.
    """
    count = len(idle)
    ranked = [-math.inf if math.isnan(f) else f for f in fitness]
    members = [[n for n, s in enumerate(species) if s == k] for k in range(count)]
    best = [max(ranked[n] for n in rows) for rows in members]
    first = [min(n for n in rows if ranked[n] == best[k]) for k, rows in enumerate(members)]
    by_best = sorted(range(count), key=lambda k: (-best[k], first[k]))
    score = scores(fitness, "rank" if policy.by_rank else "fitness")
    result = []
    for k in range(count):
        place = by_best.index(k)
        ends = (idle[k] >= policy.stagnation and place >= policy.protected) or (
            policy.narrow and place >= 2
        )
        mean = math.fsum(score[n] for n in members[k]) / len(members[k])
        result.append(None if ends else policy.floor + (1 - policy.floor) * mean)
    return result
