"""Learning: gradients through any graph, and descent along them."""
