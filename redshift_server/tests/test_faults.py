"""What goes wrong on request, and what is recorded."""

from __future__ import annotations

import threading
import time
from typing import Literal

import psycopg2
import pytest
from support import Connections, Failure, PsycopgClient, live

from redshift_server import RedshiftServer

pytestmark = live


@pytest.fixture
def ledger(connect: Connections, sql: PsycopgClient) -> str:
    sql.run("drop table if exists ledger")
    sql.run("create table ledger (a int)")
    return "ledger"


def count(sql: PsycopgClient) -> int:
    return int(sql.run("select count(*) from ledger")[0][0])


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_connection_lost_at_commit(
    redshift_server: RedshiftServer,
    connect: Connections,
    sql: PsycopgClient,
    ledger: str,
    when: Literal["before", "after"],
    kept: int,
) -> None:
    """The client sees the same; only the ledger tells the two apart."""
    redshift_server.faults.drop_connection(when, "^commit")
    connection = connect()
    connection.cursor().execute(f"insert into {ledger} values (1)")
    with pytest.raises(psycopg2.OperationalError):
        connection.commit()
    assert connection.closed
    assert count(sql) == kept


def test_connection_lost_in_a_block_rolls_back(
    redshift_server: RedshiftServer,
    connect: Connections,
    sql: PsycopgClient,
    ledger: str,
) -> None:
    redshift_server.faults.drop_connection("after", "insert", nth=2)
    cursor = connect().cursor()
    cursor.execute(f"insert into {ledger} values (1)")
    with pytest.raises(psycopg2.OperationalError):
        cursor.execute(f"insert into {ledger} values (2)")
    assert count(sql) == 0


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_drop_before_statement_n(
    redshift_server: RedshiftServer, connect: Connections, nth: int
) -> None:
    cursor = connect().cursor()
    redshift_server.statements.clear()
    redshift_server.faults.drop_connection("before", nth=nth)
    done = 0
    with pytest.raises(psycopg2.OperationalError):
        for number in range(5):
            cursor.execute(f"select {number}")
            done += 1
    # BEGIN, which psycopg2 sends by itself, is a statement too.
    assert done == max(0, nth - 2)
    assert len(redshift_server.statements) == nth


def test_fail_with_an_error(
    redshift_server: RedshiftServer, connect: Connections, ledger: str
) -> None:
    redshift_server.faults.serialization_failure("insert into ledger")
    connection = connect()
    cursor = connection.cursor()
    with pytest.raises(psycopg2.InternalError) as caught:
        cursor.execute(f"insert into {ledger} values (1)")
    assert caught.value.pgcode == "XX000"
    assert "1023" in str(caught.value)
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("select 1")
    connection.rollback()
    cursor.execute(f"insert into {ledger} values (1)")
    connection.commit()


def test_fail_twice(redshift_server: RedshiftServer, sql: PsycopgClient) -> None:
    redshift_server.faults.fail("57014", "made to fail", "select 5", times=2)
    for _ in range(2):
        with pytest.raises(Failure, match="made to fail") as caught:
            sql.run("select 5")
        assert caught.value.sqlstate == "57014"
    assert sql.run("select 5") == [[5]]


def test_delay(redshift_server: RedshiftServer, sql: PsycopgClient) -> None:
    redshift_server.faults.delay(0.5, "select 5")
    other = PsycopgClient(redshift_server.dsn)
    delayed = threading.Thread(target=sql.run, args=("select 5",))
    delayed.start()
    while not redshift_server.statements:
        time.sleep(0.01)
    other.run("select 6")  # the second is not delayed and ends first
    outcomes = [item.outcome for item in redshift_server.statements]
    assert outcomes == ["running", "ok"]
    delayed.join()
    assert redshift_server.statements[0].ok
    other.close()


def test_expired_session(
    redshift_server: RedshiftServer,
    connect: Connections,
    sql: PsycopgClient,
    ledger: str,
) -> None:
    redshift_server.faults.expire_session("select 5")
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(f"insert into {ledger} values (1)")
    with pytest.raises(psycopg2.OperationalError):
        cursor.execute("select 5")
    assert connection.closed
    assert count(sql) == 0
    assert redshift_server.statements.matching("select 5")[0].outcome == "57P01"


def test_cleared_faults_do_nothing(
    redshift_server: RedshiftServer, sql: PsycopgClient
) -> None:
    redshift_server.faults.fail("XX000", "armed")
    redshift_server.faults.clear()
    assert sql.run("select 5") == [[5]]


def test_statements_are_recorded(
    redshift_server: RedshiftServer, connect: Connections
) -> None:
    connection = connect()
    redshift_server.statements.clear()
    cursor = connection.cursor()
    cursor.execute("select  'as sent'  -- with its comment")
    connection.commit()
    with pytest.raises(psycopg2.Error):
        cursor.execute("select nonsense")
    seen = [(item.sql, item.outcome) for item in redshift_server.statements]
    assert seen == [
        ("BEGIN", "ok"),
        ("select  'as sent'  -- with its comment", "ok"),
        ("COMMIT", "ok"),
        ("BEGIN", "ok"),
        ("select nonsense", "42703"),
    ]
    first = redshift_server.statements[0]
    assert first.user == redshift_server.user
    assert first.pid == connection.info.backend_pid


def test_a_refused_statement_is_recorded(
    redshift_server: RedshiftServer, sql: PsycopgClient
) -> None:
    redshift_server.statements.clear()
    with pytest.raises(Failure, match="SAVEPOINT"):
        sql.run("savepoint s")
    assert [item.outcome for item in redshift_server.statements] == ["0A000"]


def load(dsn: str, ledger: str) -> None:
    """A small load that may be run again and again; it is done once."""
    connection = psycopg2.connect(dsn)
    try:
        cursor = connection.cursor()
        cursor.execute(f"lock {ledger}")
        cursor.execute(f"select count(*) from {ledger} where a = 1")
        if cursor.fetchone() == (0,):
            cursor.execute("create temp table stage (a int)")
            cursor.execute("insert into stage values (1)")
            cursor.execute(f"insert into {ledger} select a from stage")
        connection.commit()
    finally:
        connection.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_points_of_a_run_come_from_the_run(
    redshift_server: RedshiftServer,
    sql: PsycopgClient,
    ledger: str,
    when: Literal["before", "after"],
) -> None:
    """Break it at each statement that it sends; run it again; it is done once."""
    server = redshift_server
    server.statements.clear()
    load(server.dsn, ledger)
    points = [statement.number for statement in server.statements]
    assert len(points) == 7
    for number in points:
        sql.run(f"delete from {ledger}")
        server.statements.clear()
        server.faults.drop_connection(when, nth=number)
        with pytest.raises(psycopg2.OperationalError):
            load(server.dsn, ledger)
        assert len(server.statements) == number
        load(server.dsn, ledger)
        assert count(sql) == 1


def test_a_refused_statement_is_a_point_too(
    redshift_server: RedshiftServer, connect: Connections
) -> None:
    redshift_server.faults.drop_connection("before", nth=2)
    cursor = connect().cursor()
    with pytest.raises(psycopg2.OperationalError):
        cursor.execute("savepoint s")
