"""What DuckDB's engine alone does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify.errors import WarehouseError

if TYPE_CHECKING:
    from conftest import Warehouse


def test_rows_of_the_client_leave_no_file(
    new_warehouse: Callable[[str], Warehouse],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever the run is killed: what it writes for DuckDB has no name."""
    warehouse = new_warehouse("duckdb")
    pipeline = warehouse.pipeline
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[Path]] = []

    def rows() -> Iterator[tuple[object, ...]]:
        for load in range(3):
            yield load, load, "2018-11-01 00:00:00", "Error", "message", None
            seen.append(list(tmp_path.iterdir()))

    with pipeline.engine.session():
        table = pipeline.models.table("control.attempts")
        assert pipeline.engine.append(table, rows()) == 3
    assert seen == [[], [], []]
    warehouse.remove()


@pytest.mark.parametrize(
    "reaches",
    [
        "select * from read_text('/etc/hostname')",
        "copy (select 1) to 'taken.csv'",
        "attach 'other.duckdb' as other",
        "set enable_external_access = true",
    ],
)
def test_metrics_reach_no_file(
    new_warehouse: Callable[[str], Warehouse], reaches: str
) -> None:
    """Whatever a statement says: it sees the warehouse and nothing else."""
    warehouse = new_warehouse("duckdb")
    engine = warehouse.pipeline.engine
    with (
        engine.session(read_only=True, sealed=True),
        pytest.raises(WarehouseError, match=r"disabled|locked|Cannot"),
    ):
        engine.query(reaches)
    warehouse.remove()
