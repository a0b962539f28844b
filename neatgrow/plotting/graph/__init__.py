"""Pictures of a genome's graph: where nodes stand, how connections run, what marks mean."""
