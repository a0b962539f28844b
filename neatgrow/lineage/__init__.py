"""Lineage: who descends from whom, followed while a run goes on."""
