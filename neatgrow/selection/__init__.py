"""Selection: who has children, and the population that they replace."""
