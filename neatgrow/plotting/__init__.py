"""Pictures of genomes and runs, as matplotlib figures that touch no global state."""
