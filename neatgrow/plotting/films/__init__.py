"""Moving pictures: a network at work, and how a champion grew."""
