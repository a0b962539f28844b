"""The hardware's own limit for the forward path."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from neatgrow.kernels import parallel

NODES, FAN_IN = 24, 4


@numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _loop(weight, slots, samples, start, stop):
    """96 multiply-adds and 24 rational tanh per sample, rows in order, nothing else."""
    row = np.empty(samples, np.float32)
    for n in range(start, stop):
        for v in range(NODES):
            w0, w1, w2, w3 = weight[n, v, 0], weight[n, v, 1], weight[n, v, 2], weight[n, v, 3]
            a0, a1, a2, a3 = slots[v], slots[v + 1], slots[v + 2], slots[v + 3]
            out = slots[v + 8]
            for i in range(samples):
                row[i] = w0 * a0[i] + w1 * a1[i] + w2 * a2[i] + w3 * a3[i]
            for i in range(samples):
                x = row[i]
                x = min(max(x, np.float32(-7.9)), np.float32(7.9))
                t = x * x
                p = np.float32(7.23e-6) * t + np.float32(2.705e-3)
                p = (p * t + np.float32(0.1272)) * t + np.float32(1.0)
                q = (np.float32(1.9788e-4) * t + np.float32(2.2888e-2)) * t
                out[i] = x * p / ((q + np.float32(0.46054)) * t + np.float32(1.0))


def bare_loop(count: int, samples: int) -> Callable[[], Any]:
    """As many multiply-adds and tanh as the networks', on as many threads, without a graph:
    rows follow each other, no indices, no bias, no outputs to write.
    """
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((count, NODES, FAN_IN)).astype(np.float32)
    threads = parallel.thread_count()
    cuts = np.linspace(0, count, threads + 1).astype(int)
    slots = [rng.standard_normal((NODES + 8, samples)).astype(np.float32) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)

    def call() -> None:
        jobs = [
            pool.submit(_loop, weight, slots[k], samples, cuts[k], cuts[k + 1])
            for k in range(threads)
        ]
        for job in jobs:
            job.result()

    call()
    return call
