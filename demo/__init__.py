"""Sparkify on an S3 server of this machine."""
