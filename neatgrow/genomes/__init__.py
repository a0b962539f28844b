"""Genomes: packed arrays of genes, their checks, and how they are made."""
