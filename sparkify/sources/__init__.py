"""Source files: finding them, and making them readable for an engine."""
