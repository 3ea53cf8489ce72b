"""The real data, and what has to come of it."""
