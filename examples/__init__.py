"""Sparkify at work on servers of this machine."""
