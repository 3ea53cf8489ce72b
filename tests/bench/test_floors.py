"""The plain scripts that loads are measured against write the same tables."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from bench import plain
from sparkify.config import Settings
from sparkify.models import load_models
from sparkify.pipeline import Pipeline
from sparkify.simulate import simulate

TABLES = [
    table
    for table in load_models().tables
    if table.schema in {"staging", "analytics"}
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Our warehouse as `ours`, that of the plain script as `plain`, of one source."""
    folder = tmp_path_factory.mktemp("floors")
    simulate(folder, users=300, days=30, songs=2000, seed=7, disturbed=0.5)
    _repeat(folder / "log_data")
    logs, songs = folder / "log_data", folder / "song_data"
    ours, floor = folder / "ours.duckdb", folder / "plain.duckdb"
    pipeline = Pipeline(
        Settings(path=ours, log_data=str(logs), song_data=str(songs))
    )
    pipeline.create_tables()
    pipeline.run()
    plain.main(str(logs), str(songs), str(floor))
    connection = duckdb.connect()
    connection.execute(f"attach '{ours}' (read_only)")
    connection.execute(f"attach '{floor}' (read_only)")
    return connection


def _repeat(folder: Path) -> None:
    """Deliver a day again, with other levels: events that contradict each other."""
    day = min(folder.rglob("*.json"))
    text = day.read_text("utf-8")
    day.with_name("again.json").write_text(text.replace('"free"', '"paid"'), "utf-8")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_the_plain_script_writes_the_same(
    table: object, both: duckdb.DuckDBPyConnection
) -> None:
    """Row for row; only the numbers of loads are others."""
    names = ", ".join(c.name for c in table.columns if c.name != "load_id")  # type: ignore[attr-defined]
    ours, floor = (f"select {names} from {side}.{table.full_name}" for side in ("ours", "plain"))  # type: ignore[attr-defined]
    assert both.execute(f"select count(*) from ({ours})").fetchall() != [(0,)]
    assert both.execute(f"from ({ours} except all {floor}) limit 3").fetchall() == []
    assert both.execute(f"from ({floor} except all {ours}) limit 3").fetchall() == []
