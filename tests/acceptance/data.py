"""Delivers the real data to a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Warehouse


def logs(real_data: Path) -> list[Path]:
    """The log files, oldest first."""
    found = sorted((real_data / "log_data").rglob("*.json"))
    assert len(found) == 30
    return found


def deliver(warehouse: Warehouse, dataset: str, name: str, file: Path) -> None:
    """Copy a file of the real data to where the warehouse looks for it."""
    warehouse.write_bytes(dataset, name, file.read_bytes())


def deliver_songs(warehouse: Warehouse, real_data: Path, prefix: str = "") -> None:
    """Copy all song files."""
    for file in (real_data / "song_data").rglob("*.json"):
        deliver(warehouse, "songs", prefix + file.name, file)
