"""Fitness from episodes in Gymnasium environments."""
