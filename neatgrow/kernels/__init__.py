"""Kernels: all that loops over genes, nodes, samples or ticks, compiled by numba."""
