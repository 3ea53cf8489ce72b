"""What all tests share: a warehouse of their own, and source files made from rows."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import hypothesis
import pytest
import redshift

from examples.postgres import OWNER, Server
from sparkify.config import Settings, load_settings
from sparkify.pipeline import Pipeline, RunResult

ENGINES = ["duckdb", "postgres", "redshift"]
"""The engines every test of a warehouse runs on; a later one joins by its name here."""

# What some runners set for output of their own; ours is as wide as it says itself.
os.environ.pop("COLUMNS", None)

# Machines may be busy: no test fails for the time that it takes.
hypothesis.settings.register_profile("unhurried", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("unhurried")

FOLDERS = {"events": "log_data", "songs": "song_data"}
DEFAULTS: dict[str, dict[str, object]] = json.loads(
    (Path(__file__).parent / "star" / "defaults.json").read_text("utf-8")
)

Cells = tuple[object, ...]


@dataclass
class Warehouse:
    """A warehouse of a test, with its pipeline and its folders of source files."""

    folder: Path
    settings: Settings
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        """Create the folders."""
        for name in FOLDERS.values():
            (self.folder / name).mkdir(exist_ok=True)
        self.pipeline = Pipeline(self.settings)

    @property
    def config(self) -> Path:
        """The configuration file, for commands."""
        assert self.settings.file
        return self.settings.file

    def write(
        self, dataset: str, name: str, rows: Iterable[Mapping[str, object]]
    ) -> Path:
        """Write a source file, a row a line; keys left out have default values."""
        lines = (json.dumps(DEFAULTS[dataset] | dict(row)) + "\n" for row in rows)
        return self.write_bytes(dataset, name, "".join(lines).encode())

    def write_bytes(self, dataset: str, name: str, content: bytes) -> Path:
        """Write a source file, new or again; it is newer than it was."""
        path = self.folder / FOLDERS[dataset] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_bytes(content)
        if path.stat().st_mtime_ns <= before:
            os.utime(path, ns=(before + 1, before + 1))
        return path

    def remove(self) -> None:
        """Delete it, and give back its room."""
        shutil.rmtree(self.folder)
        if self.settings.engine == "postgres":
            postgres().drop(self.settings.db_name)
        elif self.settings.engine == "redshift":
            self._remove_from_redshift()

    def _remove_from_redshift(self) -> None:
        if not redshift.DSN:
            redshift.drop(self.settings.db_name)
            return
        schemas = self.pipeline.models.schemas
        self.execute(*(f"drop schema if exists {each} cascade" for each in schemas))

    def run(self) -> RunResult:
        """Load what is pending."""
        return self.pipeline.run()

    def query(self, sql: str) -> list[Cells]:
        """The rows of a select."""
        with self.pipeline.engine.session(read_only=True):
            return self.pipeline.engine.query(self.pipeline.models.in_schema(sql))

    def execute(self, *statements: str) -> None:
        """Change the warehouse behind the pipeline's back."""
        with self.pipeline.engine.session():
            for statement in statements:
                self.pipeline.engine.execute(self.pipeline.models.in_schema(statement))

    def bag(self, table: str, columns: Iterable[str] | None = None) -> Counter[Cells]:
        """The rows of a table in no order: times are texts, to the millisecond."""
        names = columns or [
            column.name for column in self.pipeline.models.table(table).columns
        ]
        rows = self.query(f"select {', '.join(names)} from {table}")
        return Counter(tuple(map(_plain, row)) for row in rows)

    def bags(self, *schemas: str) -> dict[str, Counter[Cells]]:
        """All tables, or those of some schemas."""
        return {
            f"{table.schema}.{table.name}": self.bag(f"{table.schema}.{table.name}")
            for table in self.pipeline.models.tables
            if not schemas or table.schema in schemas
        }

    def offenders(self) -> dict[str, list[Cells]]:
        """What each failing check finds in the whole warehouse."""
        results = self.pipeline.check()
        return {r.check.name: r.offenders for r in results if r.offenders}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        whole = value.microsecond % 1000 == 0
        return value.isoformat(" ", "milliseconds" if whole else "microseconds")
    return value.isoformat() if isinstance(value, date) else value


@cache
def postgres() -> Server:
    """The server of these tests, started when it is first asked for."""
    server = Server()
    atexit.register(server.stop)
    return server


def _duckdb(folder: Path) -> str:
    """A warehouse with tables: a copy is ten times faster than a new one."""
    (folder / "warehouse.duckdb").write_bytes(_empty_file())
    return "PATH=warehouse.duckdb\n"


def _postgres(_: Path) -> str:
    return in_database(postgres().database(_empty_database()))


def in_database(name: str) -> str:
    """The part of a configuration that names a database of the tests' server."""
    server = postgres()
    return (
        f"[CLUSTER]\nHOST={server.folder}\nDB_PORT={server.port}\n"
        f"DB_NAME={name}\nDB_USER={OWNER}\n"
    )


def _redshift(_: Path) -> str:
    """A warehouse with tables: a copy of a database, or on a cluster new schemas."""
    if redshift.DSN:
        prefix = redshift.new_prefix()
        _create_tables(f"SCHEMA_PREFIX={prefix}", *redshift.options(""))
        return "\n".join([f"SCHEMA_PREFIX={prefix}", *redshift.options("")]) + "\n"
    name = redshift.database(_empty_redshift())
    return "\n".join(redshift.options(name)) + "\n"


def _create_tables(*lines: str) -> None:
    with TemporaryDirectory() as folder:
        config = Path(folder, "dwh.cfg")
        config.write_text("\n".join(["[WAREHOUSE]", "ENGINE=redshift", *lines]))
        Pipeline(load_settings(config, environment={})).create_tables()


@cache
def _empty_redshift() -> str:
    name = redshift.database()
    _create_tables(*redshift.options(name))
    return name


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as folder:
        settings = Settings(path=Path(folder, "empty.duckdb"))
        Pipeline(settings).create_tables()
        return settings.path.read_bytes()


@cache
def _empty_database() -> str:
    with TemporaryDirectory() as folder:
        name = postgres().database()
        config = Path(folder, "dwh.cfg")
        config.write_text(f"[WAREHOUSE]\nENGINE=postgres\n{in_database(name)}", "utf-8")
        Pipeline(load_settings(config, environment={})).create_tables()
        return name


_MAKERS = {"duckdb": _duckdb, "postgres": _postgres, "redshift": _redshift}


def make_warehouse(folder: Path, engine: str) -> Warehouse:
    """A warehouse with tables below `folder`, with its configuration file."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dwh.cfg"
    config.write_text(
        f"[WAREHOUSE]\nENGINE={engine}\n{_MAKERS[engine](folder)}"
        f"{'' if engine == 'redshift' else '[S3]'}\n"
        "LOG_DATA=log_data\nSONG_DATA=song_data\n",
        "utf-8",
    )
    return Warehouse(folder, load_settings(config, environment={}))


SAMPLED = {
    "redshift": {
        **dict.fromkeys(("star", "bad_input", "checks"), 24),
        **dict.fromkeys(("acceptance", "matching", "metrics", "report", "unit"), 3),
    },
    "postgres": {
        **dict.fromkeys(("star", "bad_input", "checks"), 9),
        **dict.fromkeys(("acceptance", "matching", "metrics", "report"), 2),
    },
}
"""By engine, folders of which one test of so many is quick: a server takes longer."""

SLOW = re.compile(
    r"test_files_(one_by_one|in_reverse|twice)|any_order_makes_the_same_star\["
)


def pytest_itemcollected(item: pytest.Item) -> None:
    """One process has all tests on Redshift: the last looks at what they have sent."""
    if "redshift" in item.nodeid:
        item.add_marker(pytest.mark.xdist_group("redshift"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On a server most tests of a warehouse wait for the long form."""
    for item in items:
        for engine, shares in SAMPLED.items():
            if f"[{engine}" in item.name:
                share = shares.get(item.path.parent.name, 1)
                is_slow = engine == "redshift" and SLOW.search(item.name)
                if crc32(item.nodeid.encode()) % share or is_slow:
                    item.add_marker("long")
    # It looks at the statements that all others have sent.
    items.sort(key=lambda item: item.path.name == "test_redshift_statements.py")


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture
def warehouse(tmp_path: Path, engine_name: str) -> Iterator[Warehouse]:
    """An empty warehouse with tables."""
    made = make_warehouse(tmp_path / "warehouse", engine_name)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def new_warehouse(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Warehouse]:
    """Makes an empty warehouse of an engine, for tests that share one."""
    return lambda engine: make_warehouse(tmp_path_factory.mktemp("shared"), engine)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real data: 30 log files and 71 song files."""
    folder = os.environ.get("SPARKIFY_TEST_DATA")
    if folder:
        return Path(folder)
    reason = "SPARKIFY_TEST_DATA does not name the folder of the real data"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must not skip")
    pytest.skip(reason)
