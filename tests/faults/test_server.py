"""What a database server does to a run is one sentence, and damages nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from conftest import make_warehouse, postgres

from examples.postgres import OWNER, PASSWORD
from sparkify.errors import TransientError, WarehouseError
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Warehouse


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with a load, and a file that waits."""
    warehouse = make_warehouse(tmp_path / "warehouse", "postgres")
    warehouse.write("events", "1.json", [{"itemInSession": n} for n in range(10)])
    warehouse.run()
    warehouse.write("events", "2.json", [{"itemInSession": n} for n in range(10, 20)])
    yield warehouse
    warehouse.remove()


def start(warehouse: Warehouse, **options: object) -> subprocess.Popen[str]:
    """A run in a process of its own, with other options of [CLUSTER] and [LOAD]."""
    variables = {f"SPARKIFY_{name}": str(value) for name, value in options.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "sparkify", "run", "--config", str(warehouse.config)],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def expect(run: subprocess.Popen[str], code: int, *words: str) -> None:
    """The run ends with a code and one sentence, which has the words."""
    told = run.communicate()[1]
    assert run.returncode == code, told
    assert told.startswith("sparkify: "), told
    assert told.count("\n") == 1, told
    assert PASSWORD not in told
    for word in words:
        assert word in told


def works(warehouse: Warehouse) -> None:
    """The next run loads what waits, and nothing was damaged or doubled."""
    assert warehouse.query("select count(*) from staging.events") == [(10,)]
    warehouse.run()
    assert warehouse.query("select count(*) from staging.events") == [(20,)]
    assert not warehouse.offenders()


@contextmanager
def connection(warehouse: Warehouse) -> Iterator[Any]:
    """A session of somebody else; what it did is rolled back."""
    settings = warehouse.settings
    opened = psycopg2.connect(
        host=settings.host, port=settings.port, user=OWNER, dbname=settings.db_name
    )
    try:
        with opened.cursor() as cursor:
            yield cursor
    finally:
        opened.close()


TCP: dict[str, object] = {"CLUSTER_HOST": "127.0.0.1", "CLUSTER_DB_PASSWORD": PASSWORD}
REFUSALS: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "wrong password": (
        TCP | {"CLUSTER_DB_PASSWORD": "wrong"},
        ("the password was refused", "DB_PASSWORD"),
    ),
    "no password": (TCP | {"CLUSTER_DB_PASSWORD": ""}, ("set [CLUSTER] DB_PASSWORD",)),
    "unknown user": (
        {"CLUSTER_DB_USER": "nobody_at_all"},
        ("nobody_at_all", "DB_USER"),
    ),
    "unknown database": ({"CLUSTER_DB_NAME": "nowhere"}, ("nowhere", "DB_NAME")),
    "no TLS": (TCP | {"CLUSTER_SSLMODE": "require"}, ("has no TLS", "SSLMODE")),
    "unknown host": (
        {"CLUSTER_HOST": "no-such-host.invalid"},
        ("no-such-host.invalid",),
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_server_that_refuses(filled: Warehouse, what: str) -> None:
    """What is wrong with the login is named, and where it is set."""
    options, words = REFUSALS[what]
    run = start(filled, **options)
    if what == "unknown host":
        # Whether a name is unknown or nobody can be asked differs between machines.
        told = run.communicate()[1]
        assert run.returncode in (2, 3), told
        assert all(word in told for word in words)
        return
    expect(run, 2, *words)


def test_server_that_does_not_run(filled: Warehouse) -> None:
    """It is tried again, and then the exit code says that a later run may work."""
    with pytest.raises(TransientError, match="HOST and DB_PORT") as told:
        _once(filled, db_port=1)
    assert told.value.exit_code == 3


def _once(warehouse: Warehouse, **settings: Any) -> None:
    """Open a session, without another try."""
    pipeline = Pipeline(replace(warehouse.settings, **settings))
    with pipeline.engine.session():
        pass


def test_password_over_tcp_is_accepted(filled: Warehouse) -> None:
    """The control for the refusals: host, port, user and password are right."""
    _once(filled, host="127.0.0.1", db_password=PASSWORD)


def test_remote_server_has_to_prove_who_it_is(filled: Warehouse) -> None:
    """Where data leave the machine, TLS is not left out without being told to."""
    address = socket_address()
    if not address:
        pytest.skip("this machine has no address but its own")
    with pytest.raises((WarehouseError, TransientError)) as told:
        _once(filled, host=address, db_password=PASSWORD)
    assert "password" not in str(told.value)


def test_user_without_rights(filled: Warehouse) -> None:
    """The right that is missing is named, and whom to give it to; nothing is loaded."""
    reader = f"reader_{filled.settings.db_name}"
    with connection(filled) as cursor:
        cursor.execute(f"create role {reader} login")
        cursor.execute("grant usage on schema control, staging, analytics to " + reader)
        for schema in ("control", "staging", "analytics"):
            cursor.execute(f"grant select on all tables in schema {schema} to {reader}")
        cursor.connection.commit()
    expect(start(filled, CLUSTER_DB_USER=reader), 2, "permission denied", "DB_USER")
    works(filled)


def test_user_who_may_not_create(filled: Warehouse) -> None:
    """To create tables takes a right, which is named; what is there needs none."""
    maker = f"maker_{filled.settings.db_name}"
    with connection(filled) as cursor:
        cursor.execute(f"create role {maker} login")
        cursor.connection.commit()
    settings = replace(filled.settings, db_user=maker)
    assert not Pipeline(settings).create_tables()
    with pytest.raises(WarehouseError, match=r"permission denied.*DB_USER"):
        Pipeline(replace(settings, schema_prefix="new_")).create_tables()


def test_lock_is_waited_for_no_longer_than_told(filled: Warehouse) -> None:
    """While another run writes, a run gives up after LOCK_WAIT and exits 3 (I3)."""
    with connection(filled) as cursor:
        cursor.execute("lock table control.lock in exclusive mode")
        run = start(filled, LOAD_LOCK_WAIT="0")
        expect(run, 3, "another run holds control.lock", filled.settings.db_name)
    works(filled)


def test_table_that_somebody_holds(filled: Warehouse) -> None:
    """A session that is not ours and holds a table makes a run exit 3, not hang."""
    with connection(filled) as cursor:
        cursor.execute("lock table analytics.users")
        expect(start(filled, LOAD_LOCK_WAIT="1s"), 3, "LOCK_WAIT")
    works(filled)


def test_readers_and_a_dump_do_not_wait(filled: Warehouse) -> None:
    """Whoever only reads holds no load off, and is held off by none (I10)."""
    with connection(filled) as cursor:
        cursor.execute("lock table control.lock in access share mode")
        cursor.execute("select count(*) from analytics.songplays")
        works(filled)


def test_statement_that_takes_too_long(filled: Warehouse) -> None:
    """After STATEMENT_TIMEOUT it is cancelled; the option is named."""
    with connection(filled) as cursor:
        cursor.execute(
            "create function slow() returns trigger language plpgsql as "
            "'begin perform pg_sleep(60); return new; end'"
        )
        cursor.execute(
            "create trigger slow before insert on control.loads execute function slow()"
        )
        cursor.connection.commit()
        expect(start(filled, LOAD_STATEMENT_TIMEOUT="1s"), 2, "STATEMENT_TIMEOUT")
        cursor.execute("drop trigger slow on control.loads")
        cursor.connection.commit()
    works(filled)


def backends(cursor: Any) -> list[tuple[object, ...]]:
    """The sessions of a run in this database: what they wait for, their number."""
    cursor.execute(
        "select coalesce(wait_event_type, ''), pid from pg_stat_activity "
        "where datname = current_database() and application_name = 'sparkify'"
    )
    return list(cursor.fetchall())


def wait_until(cursor: Any, condition: Any) -> list[tuple[object, ...]]:
    """Look at the sessions until they are as they should be."""
    deadline = time.monotonic() + 60
    while True:
        cursor.connection.commit()
        found = backends(cursor)
        if condition(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


@contextmanager
def stuck(warehouse: Warehouse) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A run that is in the middle of its load, waiting for a table."""
    with connection(warehouse) as holder, connection(warehouse) as cursor:
        holder.execute("lock table analytics.users")
        run = start(warehouse)
        wait_until(cursor, lambda found: any(wait == "Lock" for wait, _ in found))
        yield run, cursor


def test_ctrl_c_cancels_the_statement(filled: Warehouse) -> None:
    """A run that waits on the server ends at once, and nothing of it stays (I2)."""
    with stuck(filled) as (run, cursor):
        run.send_signal(signal.SIGINT)
        expect(run, 130, "interrupted")
        wait_until(cursor, lambda found: not found)
    works(filled)


def test_killed_run_leaves_no_lock(filled: Warehouse) -> None:
    """The server notices that a run is gone, though it is waiting, and rolls back."""
    with stuck(filled) as (run, cursor):
        run.kill()
        run.communicate()
        wait_until(cursor, lambda found: not found)
    works(filled)


def test_session_that_is_ended_is_tried_again(filled: Warehouse) -> None:
    """Whoever ends the session of a run costs it time, and nothing else."""
    with stuck(filled) as (run, cursor):
        [(_, pid)] = backends(cursor)
        cursor.execute(f"select pg_terminate_backend({pid})")
        cursor.connection.commit()
        wait_until(cursor, lambda found: all(each[1] != pid for each in found))
    out, told = run.communicate()
    assert (run.returncode, told) == (0, "")
    assert "Loaded 1 of 2 files" in out
    assert filled.query("select count(*) from staging.events") == [(20,)]


def test_other_encoding_is_refused(tmp_path: Path) -> None:
    """A database that cannot hold all text is refused before anything is written."""
    warehouse = make_warehouse(tmp_path / "warehouse", "postgres")
    name = f"{warehouse.settings.db_name}_latin"
    postgres().sql(
        f"create database {name} template template0 encoding LATIN1 "
        "locale_provider libc locale 'C'"
    )
    with pytest.raises(WarehouseError, match="UTF8"):
        Pipeline(replace(warehouse.settings, db_name=name)).create_tables()
    postgres().drop(name)
    warehouse.remove()


def test_tables_are_created_once_by_many(tmp_path: Path) -> None:
    """Many that create at once all end well, and make each table once."""
    warehouse = make_warehouse(tmp_path / "warehouse", "postgres")
    name = postgres().database()
    command = [sys.executable, "-m", "sparkify", "create-tables", "--config"]
    runs = [
        subprocess.Popen(
            [*command, str(warehouse.config)],
            env=os.environ | {"SPARKIFY_CLUSTER_DB_NAME": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    told = [(run.communicate()[0], run.returncode) for run in runs]
    assert [code for _, code in told] == [0] * 4, told
    tables = postgres().sql(
        "select count(*) from pg_tables where schemaname in "
        "('control', 'staging', 'analytics')",
        database=name,
    )
    assert tables == [(len(warehouse.pipeline.models.tables),)]
    postgres().drop(name)
    warehouse.remove()


def socket_address() -> str:
    """An address of this machine that is not its own loop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return str(probe.getsockname()[0])
    return ""
