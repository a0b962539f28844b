"""Evaluation: what a problem is, and the processes that its work is shared by."""
