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

from bench import plain, plain_postgres, without
from examples.postgres import OWNER
from sparkify.config import Settings, load_settings
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


@pytest.fixture(scope="module")
def on_equal_names(source: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of a run that matches by equal names alone."""
    path, config = source / "without.duckdb", source / "dwh.cfg"
    logs, songs = source / "log_data", source / "song_data"
    config.write_text(
        f"[WAREHOUSE]\nPATH = {path}\n[S3]\nLOG_DATA = {logs}\nSONG_DATA = {songs}\n"
    )
    Pipeline(load_settings(config)).create_tables()
    with pytest.raises(SystemExit, match="0"):
        without.main(str(config))
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


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


def test_equal_names_alone_find_what_ours_finds_too(
    ours: duckdb.DuckDBPyConnection, on_equal_names: duckdb.DuckDBPyConnection
) -> None:
    """Ours finds more of them, as it repairs texts, and others by folded names."""

    def plays(warehouse: duckdb.DuckDBPyConnection, method: str) -> set[object]:
        return set(
            warehouse.execute(
                "select songplay_id, song_id, artist_id, song_key, match_method "
                "from analytics.songplays where match_method = $1",
                [method],
            ).fetchall()
        )

    exact = plays(on_equal_names, "exact")
    assert plays(on_equal_names, "title")
    assert exact
    assert exact < plays(ours, "exact")
    methods = "select distinct match_method from analytics.songplays"
    found = set(on_equal_names.execute(methods).fetchall())
    assert found == {("exact",), ("title",), (None,)}
    assert found < set(ours.execute(methods).fetchall())


def _rows(warehouse: Any, table: Table) -> Counter[tuple[object, ...]]:
    names = ", ".join(each.name for each in table.columns if each.name != "load_id")
    warehouse.execute(f"select {names} from {table.full_name}")
    return Counter(warehouse.fetchall())
