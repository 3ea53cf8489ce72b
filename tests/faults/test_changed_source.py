"""A large file that changes between its two readings is loaded as one version."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from conftest import DEFAULTS

from sparkify import pipeline
from sparkify.sources import strict

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Warehouse


def _log(first: int) -> bytes:
    """Events of 1 MiB and more, one of which is for the strict reader."""
    events = [DEFAULTS["events"] | {"itemInSession": first + i} for i in range(3000)]
    events.append(DEFAULTS["events"] | {"itemInSession": first, "ts": "never"})
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def _before_the_strict_reader(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> None:
    """Do something once, when a file is about to be read record by record."""
    rewrite = strict.rewrite

    def once(*arguments: object) -> object:
        monkeypatch.setattr(pipeline, "rewrite", rewrite)
        act()
        return rewrite(*arguments)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr(pipeline, "rewrite", once)


def _log_file(warehouse: Warehouse) -> Path:
    path: Path = warehouse.write_bytes("events", "a.json", _log(0))
    assert path.stat().st_size > 1024 * 1024
    return path


def test_replaced_file_is_loaded_in_its_new_version(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2, I7: what is staged is what the ledger says, and the old one may come back."""
    path = _log_file(warehouse)
    old = path.read_bytes()
    _before_the_strict_reader(
        monkeypatch,
        lambda: warehouse.write_bytes("events", "a.json", _log(50_000)),
    )
    warehouse.run()
    low = "select min(item_in_session) from staging.events"
    assert warehouse.query(low) == [(50_000,)]
    warehouse.write_bytes("events", "a.json", old)
    assert len(warehouse.run().loads) == 1
    assert warehouse.query(low) == [(0,)]


def test_a_version_with_fewer_records_is_told(warehouse: Warehouse) -> None:
    """What it no longer holds stays, so whoever runs it hears of it."""
    rows: list[dict[str, object]] = [{"itemInSession": n} for n in range(3)]
    for count, shrunk in ((3, 0), (2, 1), (2, 0), (3, 0)):
        rows[0]["length"] = 100 + 10 * count + shrunk
        warehouse.write("events", "2018-11-12-events.json", rows[:count])
        assert warehouse.run().shrunk == shrunk
    sql = "select count(*) from analytics.songplays"
    assert warehouse.query(sql) == [(3,)]


def test_vanished_file_is_no_file(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanishes is looked for again, and is then no file at all."""
    path = _log_file(warehouse)
    _before_the_strict_reader(monkeypatch, path.unlink)
    assert not warehouse.run().loads
    assert warehouse.query("select count(*) from staging.events") == [(0,)]
