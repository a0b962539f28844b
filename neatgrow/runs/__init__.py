"""Runs: generations one after the other, what came of them, and what is kept of it."""
