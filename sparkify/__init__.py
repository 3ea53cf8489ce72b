"""Sparkify ELT: activity logs and song metadata into a star schema, by SQL."""

__version__ = "0.1.0"
