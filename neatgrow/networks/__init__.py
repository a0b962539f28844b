"""Networks: genomes compiled to what a tick reads."""
