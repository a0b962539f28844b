"""Policy gradients: learning from rewards where nobody says what the outputs should be."""
