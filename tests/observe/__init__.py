"""Tests of what a run tells, and of those who listen."""
