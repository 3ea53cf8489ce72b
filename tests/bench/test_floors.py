"""The plain scripts that loads are measured against write the same tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from conftest import postgres

from bench import plain, plain_postgres
from examples.postgres import OWNER
from sparkify.config import Settings
from sparkify.models import Table, load_models
from sparkify.pipeline import Pipeline
from sparkify.simulate import simulate

TABLES = [
    pytest.param(table, id=table.full_name)
    for table in load_models().tables
    if table.schema != "control"
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of plays, half of its songs under other names, a day told in two ways."""
    folder = tmp_path_factory.mktemp("floors")
    simulate(folder, users=300, days=30, songs=2000, seed=7, disturbed=0.5)
    day = min((folder / "log_data").rglob("*.json"))
    again = day.read_text("utf-8").replace('"free"', '"paid"')
    day.with_name("again.json").write_text(again, "utf-8")
    return folder


@pytest.fixture(scope="module")
def ours(source: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Our warehouse of the source."""
    path = source / "ours.duckdb"
    logs, songs = str(source / "log_data"), str(source / "song_data")
    pipeline = Pipeline(Settings(path=path, log_data=logs, song_data=songs))
    pipeline.create_tables()
    pipeline.run()
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def on_duckdb(source: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """That of the plain script."""
    path = str(source / "plain.duckdb")
    plain.main(str(source / "log_data"), str(source / "song_data"), path)
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def on_postgres(source: Path) -> Iterator[Any]:
    """That of the plain script for PostgreSQL."""
    server = postgres()
    name = server.database()
    dsn = f"host={server.folder} port={server.port} user={OWNER} dbname={name}"
    plain_postgres.main(str(source / "log_data"), str(source / "song_data"), dsn)
    connection = psycopg2.connect(dsn)
    with connection.cursor() as cursor:
        yield cursor
    connection.close()
    server.drop(name)


@pytest.mark.parametrize("table", TABLES)
def test_the_plain_script_writes_the_same(
    table: Table,
    ours: duckdb.DuckDBPyConnection,
    on_duckdb: duckdb.DuckDBPyConnection,
) -> None:
    """Row for row; only the numbers of loads are others."""
    assert _rows(ours, table)
    assert _rows(ours, table) == _rows(on_duckdb, table)


@pytest.mark.parametrize("table", TABLES)
def test_the_plain_script_for_postgres_writes_the_same(
    table: Table, ours: duckdb.DuckDBPyConnection, on_postgres: Any
) -> None:
    """As on DuckDB."""
    assert _rows(ours, table) == _rows(on_postgres, table)


def _rows(warehouse: Any, table: Table) -> Counter[tuple[object, ...]]:
    names = ", ".join(each.name for each in table.columns if each.name != "load_id")
    warehouse.execute(f"select {names} from {table.full_name}")
    return Counter(warehouse.fetchall())
