"""A server that takes what is sent to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from observe.tools import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of the test's own."""
    with receiving() as found:
        yield found
