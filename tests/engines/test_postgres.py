"""What is PostgreSQL's alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from conftest import make_warehouse, postgres

from sparkify.dashboard.page import METRICS
from sparkify.engines import make_engine
from sparkify.errors import WarehouseError
from sparkify.metrics import Filters
from sparkify.models import load_models
from sparkify.pipeline import Pipeline
from sparkify.report.document import collect


@pytest.mark.parametrize("named", ["role", "group", ""])
def test_readers_may_read_the_star_and_no_more(tmp_path: Path, named: str) -> None:
    """READERS is written as for Redshift, or as a name alone."""
    made = make_warehouse(tmp_path / "warehouse", "postgres")
    role = f"analysts_{named}"
    made.execute(f"create role {role} login")
    settings = replace(made.settings, readers=f"{named} {role}".strip())
    Pipeline(settings).create_tables()
    server = postgres()
    with psycopg2.connect(
        host=str(server.folder), port=server.port, dbname=settings.db_name, user=role
    ) as reader:
        cursor = reader.cursor()
        cursor.execute("select count(*) from analytics.songplays")
        assert cursor.fetchone() == (0,)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("select count(*) from staging.events")
    reader.close()
    document = collect(replace(settings, db_user=role), Filters(), METRICS)
    assert set(document.results) == set(METRICS)
    made.remove()


def test_indexes_come_with_the_first_rows(tmp_path: Path) -> None:
    """None is kept while a table is filled for the first time; then all are there."""
    made = make_warehouse(tmp_path / "warehouse", "postgres")
    found = (
        "select schemaname || '.' || tablename, count(*) from pg_indexes "
        "where schemaname in ('control', 'staging', 'analytics') group by 1"
    )
    assert made.query(found) == []
    made.write("songs", "a.json", [{}])
    made.run()
    assert ("analytics.songplays", 3) not in made.query(found)
    made.write("events", "a.json", [{}, {"page": "Home", "itemInSession": 1}])
    made.run()
    wanted = {
        table.full_name: len(table.physical.indexes)
        for table in load_models().tables
        if table.physical.indexes and table.name != "rejects"
    }
    assert sorted(made.query(found)) == sorted(wanted.items())
    made.remove()


def test_saving_tells_what_has_stopped_it(tmp_path: Path) -> None:
    """And not that nothing more can be said to the server afterwards."""
    made = make_warehouse(tmp_path / "warehouse", "postgres")
    engine = made.pipeline.engine
    select = "select 1 / (n - 50000) as part from generate_series(1, 60000) as n"
    stopped = pytest.raises(WarehouseError, match="division by zero")
    with engine.session(read_only=True), stopped:
        engine.save(select, tmp_path / "parts.csv", "csv")
    made.remove()


@pytest.mark.parametrize(
    ("limit", "held"), [(64 << 20, "64MB"), (1, "800kB"), (1 << 40, "1GB")]
)
def test_work_tables_stay_in_memory(tmp_path: Path, limit: int, held: str) -> None:
    """As far as MEMORY_LIMIT allows, the server, and reason."""
    made = make_warehouse(tmp_path / "warehouse", "postgres")
    engine = make_engine(replace(made.settings, memory_limit=limit))
    with engine.session():
        assert engine.query("show temp_buffers") == [(held,)]
    made.remove()
