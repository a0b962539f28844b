"""Pages: the report of a run, and how objects show themselves in notebooks."""
