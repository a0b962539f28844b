"""Fitness from compiled simulators: the user's own, poles, and a maze."""
