"""Equations of neurons that are built in, for one node and one sample, forwards and backwards.

Δ is the length of a tick, and e^(−Δ/τ) is what is left of a deviation after one. All states are 0
at the start. A spike is 1, else a node gives 0; where a potential is no longer finite it gives NaN.

    leaky       v ← v + (1 − e^(−Δ/τ))·(z − v)                       (CTRNN: Beer 1995)
    lif         s ← s + (1 − e^(−Δ/τₛ))·(z − s)                      (the synapse; s = z without τₛ)
                v ← v + (1 − e^(−Δ/τ))·(s − v), but at rest for some ticks after a spike
                spike if v ≥ θ + β·b; then v ← v − (θ + β·b), or v ← 0
                b ← b + (1 − e^(−Δ/τₐ))·(spike − b)                  (Bellec et al. 2018)
    izhikevich  s as above, in the units of the paper: mV and ms     (Izhikevich 2003)
                v ← v + h·(0.04 v² + 5 v + 140 − u + s), n times with h = Δ/n
                u ← u + Δ·a·(b·v − u), with the new v
                spike if v ≥ 30; then v ← c, u ← u + d

Izhikevich's potential begins at v₀ and u at b·v₀, so the states kept are the differences from
these. On the way back a spike's slope is that of a smooth function of what the potential is above
its threshold (:class:`neatgrow.timing.Timing`), and what a reset takes is no function of anything
(Zenke & Vogels 2021), but for θ and β·b, which it takes exactly.
"""

from typing import Any, NamedTuple

from neatgrow.kernels import elementary
from neatgrow.kernels.functions import like
from neatgrow.kernels.jit import helper
from neatgrow.kernels.plan import STEP, SURROGATE, WIDTH

THRESHOLD = 30.0  # mV, of Izhikevich's neurons
_SCALE = 100.0  # mV, unit of what their potential is above it
_ARCTAN = 0  # opcode of a surrogate


@helper
def share(step, time_constant):
    """1 − e^(−Δ/τ): 1 where τ is 0."""
    zero = like(step, 0.0)
    if time_constant <= zero:
        return like(step, 1.0)
    return -elementary.elu(-step / time_constant)


@helper
def share_slope(step, time_constant):
    """d share / dτ = −e^(−Δ/τ)·Δ/τ²."""
    zero = like(step, 0.0)
    if time_constant <= zero:
        return zero
    rate = step / time_constant
    return -elementary.exp(-rate) * rate / time_constant


@helper
def surrogate(kind, width, x):
    """Slope of a spike at x above the threshold."""
    one = like(x, 1.0)
    y = x / width
    if kind == _ARCTAN:
        return one / (one + y * y)
    return one / ((one + abs(y)) * (one + abs(y)))


@helper
def through_synapse(cell, z, s):
    """s after a tick: exactly z where its share is 1, that is without a synapse."""
    return z + (like(z, 1.0) - cell.synapse) * (s - z)


class Lif(NamedTuple):
    """What a lif node's parameters come to; the order of its parameters is that of
    ``timing.BUILT_IN``."""

    share: Any  # of the distance to its drive that the potential goes in a tick
    threshold: Any
    refractory: Any  # ticks
    to_rest: Any  # whether a spike resets to 0
    adaptation: Any
    adapting: Any  # share likewise
    synapse: Any  # share likewise


@helper
def lif_of(p, pace):
    """The cell of parameters (P,), and ``Plan.pace[0]``."""
    step = pace[STEP]
    return Lif(
        share(step, p[0]), p[1], p[2], p[3] > like(step, 0.0), p[4], share(step, p[5]),
        share(step, p[6]),
    )  # fmt: skip


@helper
def lif_forth(cell, z, v, b, rest, s):
    """Output and states after a tick: a, v, b, ticks of rest that are left, s."""
    zero, one = like(v, 0.0), like(v, 1.0)
    s = through_synapse(cell, z, s)
    awake = rest < one
    v = v + cell.share * (s - v) if awake else v
    threshold = cell.threshold + cell.adaptation * b
    fires = awake & (v >= threshold)
    spike = one if fires else zero
    a = spike + (v - v)
    left = rest - one if rest > one else zero
    v = v - spike * (v if cell.to_rest else threshold)
    b = b + cell.adapting * (spike - b)
    return a, v, b, cell.refractory if fires else left, s


@helper
def lif_back(cell, how, z, before, d_after):
    """Slopes of a tick.

    Args:
        cell: Lif.
        how: Opcode and width of the surrogate.
        z: What entered.
        before: v, b, rest, s before the tick.
        d_after: ∂L/∂ of a, v, b, s after it.

    Returns:
        ∂L/∂z; ∂L/∂ of v, b, s before; and of share, threshold, adaptation, adapting, synapse.
    """
    v0, b0, rest, s0 = before
    d_a, d_v, d_b, d_s = d_after
    zero, one = like(v0, 0.0), like(v0, 1.0)
    s = through_synapse(cell, z, s0)
    awake = rest < one
    v = v0 + cell.share * (s - v0) if awake else v0
    above = v - (cell.threshold + cell.adaptation * b0)
    fires = awake & (above >= zero)
    spike = one if fires else zero
    d_a = d_a + cell.adapting * d_b
    d_adapting = d_b * (spike - b0)
    steep = surrogate(how[0], how[1], above) if awake else zero
    d_threshold = -d_a * steep
    if cell.to_rest:
        d_v = d_v * (one - spike)
    else:
        d_threshold -= d_v * spike
    d_v = d_v + d_a * steep
    d_b = d_b * (one - cell.adapting) + d_threshold * cell.adaptation
    d_drive = d_v * cell.share if awake else zero
    d_share = d_v * (s - v0) if awake else zero
    d_s, d_v = d_s + d_drive, d_v - d_drive
    d_synapse = d_s * (z - s0)
    return (
        d_s * cell.synapse, d_v, d_b, d_s * (one - cell.synapse),
        d_share, d_threshold, d_threshold * b0, d_adapting, d_synapse,
    )  # fmt: skip


class Izhikevich(NamedTuple):
    """What an izhikevich node's parameters come to; their order is that of ``timing.BUILT_IN``."""

    a: Any
    b: Any
    c: Any
    d: Any
    start: Any  # v₀
    synapse: Any  # share of the distance to z that the synapse goes in a tick
    step: Any  # Δ
    substep: Any  # h


@helper
def izhikevich_of(p, pace, substeps):
    """The cell of parameters (P,), ``Plan.pace[0]`` and substeps of a tick."""
    step = pace[STEP]
    return Izhikevich(
        p[0], p[1], p[2], p[3], p[4], share(step, p[5]), step, step / like(step, substeps)
    )


@helper
def potential(cell, v, u, s):
    """v after a substep, as a difference from v₀; u likewise from b·v₀."""
    whole = v + cell.start
    slope = (like(v, 0.04) * whole + like(v, 5.0)) * whole + like(v, 140.0)
    return v + cell.substep * (slope - (u + cell.b * cell.start) + s)


@helper
def recovered(cell, v, u):
    """a, v and u at the end of a tick, from v after its substeps."""
    zero, one = like(v, 0.0), like(v, 1.0)
    u = u + cell.step * cell.a * (cell.b * v - u)
    fires = v + cell.start >= like(v, THRESHOLD)
    a = (one if fires else zero) + (v - v)
    return a, cell.c - cell.start if fires else v, u + cell.d if fires else u


@helper
def izhikevich_back(cell, how, substeps, z, before, d_after):
    """Slopes of a tick.

    Args:
        cell: Izhikevich.
        how: Opcode and width of the surrogate.
        substeps: n.
        z: What entered.
        before: v, u, s before the tick.
        d_after: ∂L/∂ of a, v, u, s after it.

    Returns:
        ∂L/∂z; ∂L/∂ of v, u, s before; and of a, b, c, d, v₀, synapse.
    """
    v0, u0, s0 = before
    d_a, d_v, d_u, d_s = d_after
    zero, one = like(v0, 0.0), like(v0, 1.0)
    s = through_synapse(cell, z, s0)
    v = v0
    for _ in range(substeps):
        v = potential(cell, v, u0, s)
    above = (v + cell.start - like(v, THRESHOLD)) / like(v, _SCALE)
    steep = surrogate(how[0], how[1], above) / like(v, _SCALE)
    d_start = d_a * steep
    fires = v + cell.start >= like(v, THRESHOLD)  # v after is c − v₀ then
    d_start, d_c = d_start - d_v if fires else d_start, d_v if fires else zero
    d_d, d_v = d_u if fires else zero, zero if fires else d_v
    rate = cell.step * cell.a
    d_v += d_a * steep + d_u * rate * cell.b
    d_rate, d_own = d_u * (cell.b * v - u0), d_u * rate * v
    d_u = d_u * (one - rate)
    for m in range(substeps):  # the potential before each, the last first
        v = v0
        for _ in range(substeps - 1 - m):
            v = potential(cell, v, u0, s)
        h = cell.substep * d_v
        curve = like(v, 0.08) * (v + cell.start) + like(v, 5.0)
        d_s += h
        d_u -= h
        d_own -= h * cell.start
        d_start += h * (curve - cell.b)
        d_v += h * curve
    return (
        d_s * cell.synapse, d_v, d_u, d_s * (one - cell.synapse),
        d_rate * cell.step, d_own, d_c, d_d, d_start, d_s * (z - s0),
    )  # fmt: skip


@helper
def how_of(plan):
    """Opcode and width of the surrogate of a plan."""
    return plan.staring[0, SURROGATE], plan.pace[0, WIDTH]
