"""Benchmarks: `make bench`. Each compares ours with a floor, in turn, in one run."""
