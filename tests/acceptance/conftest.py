"""A warehouse with the real data, for tests that only read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acceptance.data import deliver, deliver_songs, logs

if TYPE_CHECKING:
    from conftest import Warehouse


@pytest.fixture(scope="session")
def loaded(
    new_warehouse: Callable[[str], Warehouse], real_data: Path
) -> Callable[[str], Warehouse]:
    """A warehouse with the real data, loaded at once; made once for each engine."""
    made: dict[str, Warehouse] = {}

    def of(engine: str) -> Warehouse:
        if engine not in made:
            warehouse = made[engine] = new_warehouse(engine)
            deliver_songs(warehouse, real_data)
            for file in logs(real_data):
                deliver(warehouse, "events", file.name, file)
            [load] = warehouse.run().loads
            assert len(load.load.files) == 101
        return made[engine]

    return of
