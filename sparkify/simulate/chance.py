"""Chance that comes out the same on every machine and Python version.

Only Random.random() and exactly rounded arithmetic: logarithms and powers may differ in
the last bit between C libraries, and sum() of floats differs between Python versions.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import sqrt
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Items with weights; one random number picks one of them."""

    __slots__ = ("_bounds", "_items")

    def __init__(self, items: Sequence[T], weights: Iterable[float]) -> None:
        totals = list(accumulate(weights))
        self._items = items
        self._bounds = [total / totals[-1] for total in totals]

    def pick(self, share: float) -> T:
        """Return the item at a share in [0, 1) of the whole weight."""
        return self._items[bisect(self._bounds, share)]


class Chance:
    """A stream of random choices, fixed by its seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each as likely as the others."""
        return items[int(self.random() * len(items))]

    def pick_early(self, items: Sequence[T]) -> T:
        """Return one of the items, the early ones more often."""
        share = self.random()
        return items[int(share * share * len(items))]

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.random()

    def wait(self, mean: float) -> float:
        """Return a waiting time: mostly short, sometimes very long."""
        return mean * long_tail(self.random())


def long_tail(share: float) -> float:
    """Return the amount of which a share in [0, 1) of a crowd has less; its mean is 1.

    A Lomax distribution: most have little, a few have twenty times the mean.
    """
    return 3 * (1 / sqrt(sqrt(1 - share)) - 1)


def spread(number: int, stride: float, offset: float = 0.0) -> float:
    """Return a share in [0, 1), evenly spread over a run when the stride is irrational.

    Steadier than chance: one heavy listener more or less changes a small simulation.
    """
    return (offset + number * stride) % 1.0
