"""A network seen at every tick: the slots that ticks leave behind, row by row."""

import numpy as np

from neatgrow.kernels.forward import coded, tick
from neatgrow.kernels.jit import kernel
from neatgrow.kernels.plan import CODING, TICKS


@kernel
def record(plan, custom, inputs, seen):
    """Run network 0 from state 0 over T observations, each held for k ticks.

    Args:
        plan: Networks.
        custom: (2, K) int64 addresses of registered functions.
        inputs: (T, I), as the plan's weights.
        seen: (T·k, slots), written: all slots after each tick, the inputs as they entered it.
    """
    ticks, code = plan.staring[0, TICKS], plan.staring[0, CODING]
    n_steps, n_inputs = inputs.shape
    slots = np.zeros(seen.shape[1], seen.dtype)
    for k in range(n_steps * ticks):
        step, t = k // ticks, k % ticks
        for i in range(n_inputs):
            slots[i] = coded(code, inputs[step, i], i, t, ticks)
        tick(plan, custom, 0, n_inputs, slots)
        seen[k] = slots
