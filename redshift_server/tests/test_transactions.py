"""Blocks, snapshots, locks, conflicts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
)
from support import Connections as Connect
from support import ConnectorClient, Failure, PsycopgClient, live

from redshift_server import RedshiftServer


@pytest.fixture
def table(connect: Connect, sql: PsycopgClient) -> Iterator[str]:
    sql.run("drop table if exists shared cascade")
    sql.run("create table shared (a int, b int)")
    sql.run("insert into shared values (1, 0), (2, 0)")
    yield "shared"
    connect.close()  # whoever still holds a lock on it
    connect().cursor().execute("drop table shared cascade")


def fails(cursor: Any, statement: str) -> psycopg2.Error:
    with pytest.raises(psycopg2.Error) as caught:
        cursor.execute(statement)
    return caught.value


def test_ddl_rolls_back(connect: Connect) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create table fleeting (a int) distkey(a)")
    connection.rollback()
    assert fails(cursor, "select a from fleeting").pgcode == "42P01"


def test_failed_block_refuses_everything_until_rollback(connect: Connect) -> None:
    connection = connect()
    cursor = connection.cursor()
    fails(cursor, "select nonsense from nowhere")
    assert fails(cursor, "select 1").pgcode == "25P02"
    assert connection.info.transaction_status == TRANSACTION_STATUS_INERROR
    connection.rollback()
    cursor.execute("select 1")
    assert cursor.fetchall() == [(1,)]


@pytest.mark.parametrize("first", ["select 1", "select count(*) from pg_class"])
def test_refused_statement_fails_the_block(connect: Connect, first: str) -> None:
    """A statement that never reached PostgreSQL fails the block all the same."""
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(first)
    assert fails(cursor, "create index i on pg_class (relname)").pgcode == "0A000"
    assert fails(cursor, "select 1").pgcode == "25P02"


def test_commit_of_a_failed_block_rolls_back(connect: Connect) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("create table fleeting (a int)")
    fails(cursor, "select nonsense")
    connection.commit()
    assert fails(cursor, "select a from fleeting").pgcode == "42P01"


def test_truncate_commits(connect: Connect, table: str) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(f"insert into {table} values (3, 0)")
    cursor.execute("create table kept (a int)")
    cursor.execute(f"truncate {table}")
    assert connection.info.transaction_status == TRANSACTION_STATUS_IDLE
    connection.rollback()
    cursor.execute(f"select count(*) from {table}")
    assert cursor.fetchall() == [(0,)]
    cursor.execute("drop table kept")
    connection.commit()


def test_delete_does_not_commit(connect: Connect, table: str) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(f"delete from {table}")
    assert connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
    connection.rollback()
    cursor.execute(f"select count(*) from {table}")
    assert cursor.fetchall() == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        "vacuum shared",
        "alter table shared append from shared",
        "alter table shared alter column a type varchar(10)",
        "create database barred",
        "drop database barred",
    ],
)
def test_barred_in_a_block(connect: Connect, table: str, statement: str) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("select 1")
    problem = fails(cursor, statement)
    assert problem.pgcode == "25001"
    assert "transaction block" in str(problem)


def test_barred_in_a_string_of_statements(sql: PsycopgClient, table: str) -> None:
    with pytest.raises(Failure) as caught:
        sql.run(f"select 1; vacuum {table}")
    assert caught.value.sqlstate == "25001"


@pytest.mark.parametrize(
    "statement", ["savepoint s", "rollback to savepoint s", "release savepoint s"]
)
def test_no_savepoints(connect: Connect, statement: str) -> None:
    assert fails(connect().cursor(), statement).pgcode == "0A000"


def test_isolation_levels_are_accepted(connect: Connect, sql: PsycopgClient) -> None:
    for level in ("serializable", "read committed", "repeatable read"):
        sql.run(f"begin isolation level {level}")
        sql.run("commit")
    connection = connect()
    connection.set_session(isolation_level="SERIALIZABLE")
    connection.cursor().execute("select 1")


def test_several_statements_are_one_transaction(sql: PsycopgClient, table: str) -> None:
    with pytest.raises(Failure):
        sql.run(f"insert into {table} values (9, 9); select nonsense from {table}")
    assert sql.run(f"select count(*) from {table}") == [[2]]
    sql.run(f"insert into {table} values (8, 8); insert into {table} values (9, 9)")
    assert sql.run(f"select count(*) from {table}") == [[4]]


def test_connector_blocks(dsn: str, table: str) -> None:
    client = ConnectorClient(dsn)
    client.connection.autocommit = False
    client.run(f"insert into {table} values (%s, %s)", (3, 3))
    client.connection.rollback()
    client.run(f"insert into {table} values (%s, %s)", (4, 4))
    client.connection.commit()
    assert client.run(f"select a from {table} where a > 2") == [[4]]
    with pytest.raises(Failure):
        client.run("select nonsense")
    with pytest.raises(Failure) as caught:
        client.run(f"select count(*) from {table}")
    assert caught.value.sqlstate == "25P02"
    client.connection.rollback()
    client.run(f"update {table} set b = %s where a = %s", (7, 4))
    client.run(f"truncate {table}")
    client.connection.rollback()
    assert client.run(f"select count(*) from {table}") == [[0]]
    client.connection.rollback()
    client.close()


# -- snapshots ---------------------------------------------------------------


def test_snapshot_is_taken_at_the_first_table(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    """BEGIN and a select without a table make no snapshot."""
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("select 1")
    cursor.execute("select getdate()")
    sql.run(f"insert into {table} values (3, 0)")
    cursor.execute(f"select count(*) from {table}")
    assert cursor.fetchall() == [(3,)]
    sql.run(f"insert into {table} values (4, 0)")
    cursor.execute(f"select count(*) from {table}")
    assert cursor.fetchall() == [(3,)]


def test_lock_makes_no_snapshot(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    sql.run("create table if not exists mutex (a int)")
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("lock mutex")
    sql.run(f"insert into {table} values (3, 0)")
    cursor.execute(f"select count(*) from {table}")
    assert cursor.fetchall() == [(3,)]


def test_lock_keeps_others_out_until_the_end(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    holder = connect()
    holder.cursor().execute(f"lock {table}")
    sql.run("set statement_timeout to 200")
    with pytest.raises(Failure) as caught:
        sql.run(f"select count(*) from {table}")
    assert caught.value.sqlstate == "57014"
    holder.rollback()
    assert sql.run(f"select count(*) from {table}") == [[2]]


def test_lock_needs_a_block(sql: PsycopgClient, table: str) -> None:
    with pytest.raises(Failure) as caught:
        sql.run(f"lock {table}")
    assert caught.value.sqlstate == "25P01"


def test_a_lost_client_frees_its_lock(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    holder = connect()
    holder.cursor().execute(f"lock {table}")
    holder.close()
    sql.run("set statement_timeout to 3000")
    assert sql.run(f"select count(*) from {table}") == [[2]]


def test_a_waiting_lock_can_be_cancelled(connect: Connect, table: str) -> None:
    """As a client does that waits for a lock for so long and no longer."""
    holder, waiter = connect(), connect()
    holder.cursor().execute(f"lock {table}")
    cursor = waiter.cursor()
    timer = threading.Timer(0.3, waiter.cancel)
    timer.start()
    assert fails(cursor, f"lock {table}").pgcode == "57014"
    timer.join()
    assert waiter.info.transaction_status == TRANSACTION_STATUS_INERROR
    waiter.rollback()
    cursor.execute("select 1")


@live
def test_a_killed_client_does_not_get_its_lock_later(
    connect: Connect, table: str, dsn: str
) -> None:
    holder = connect()
    holder.cursor().execute(f"lock {table}")
    script = (
        "import psycopg2; print('asking', flush=True); "
        f"psycopg2.connect({dsn!r}).cursor().execute('lock {table}')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.5)
        process.kill()
    time.sleep(0.8)  # the server looks for lost clients four times a second
    holder.rollback()
    other = connect(options="-c statement_timeout=1000").cursor()
    other.execute(f"lock {table}")
    assert other.statusmessage == "LOCK TABLE"


def test_writers_do_not_block_readers(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    writer = connect()
    writer.cursor().execute(f"update {table} set b = 1")
    sql.run("set statement_timeout to 1000")
    assert sql.run(f"select sum(b) from {table}") == [[0]]


def test_inserts_run_side_by_side_under_snapshot(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    other = connect()
    other.cursor().execute(f"insert into {table} values (3, 0)")
    sql.run("set statement_timeout to 1000")
    sql.run(f"insert into {table} values (4, 0)")
    other.commit()
    assert sql.run(f"select count(*) from {table}") == [[4]]


def test_delete_waits_for_another_writer(
    connect: Connect, sql: PsycopgClient, table: str
) -> None:
    other = connect()
    other.cursor().execute(f"insert into {table} values (3, 0)")
    sql.run("set statement_timeout to 200")
    with pytest.raises(Failure) as caught:
        sql.run(f"delete from {table} where a = 1")
    assert caught.value.sqlstate == "57014"


def test_conflict_is_1023(connect: Connect, table: str) -> None:
    """The second writer of a row has an old snapshot: XX000 with text 1023."""
    first, second = connect(), connect()
    mine, other = first.cursor(), second.cursor()
    other.execute(f"select count(*) from {table}")
    mine.execute(f"update {table} set b = 1 where a = 1")
    first.commit()
    problem = fails(other, f"update {table} set b = 2 where a = 1")
    assert problem.pgcode == "XX000"
    assert "1023" in str(problem)
    assert "Serializable isolation violation on table" in str(problem)
    assert fails(other, "select 1").pgcode == "25P02"


def test_first_statement_waits_and_sees_the_new_row(
    connect: Connect, table: str
) -> None:
    """As seen on Serverless: no 1023, but no row that matches either."""
    first, second = connect(), connect()
    first.cursor().execute(f"update {table} set b = 1 where a = 1")
    found: list[int] = []

    def compete() -> None:
        cursor = second.cursor()
        cursor.execute(f"update {table} set b = 2 where a = 1 and b = 0")
        found.append(cursor.rowcount)

    thread = threading.Thread(target=compete)
    thread.start()
    time.sleep(0.3)
    assert found == []
    first.commit()
    thread.join(5)
    assert found == [0]


def test_snapshot_allows_write_skew(connect: Connect, table: str) -> None:
    first, second = connect(), connect()
    mine, other = first.cursor(), second.cursor()
    for cursor, value in ((mine, 5), (other, 6)):
        cursor.execute(f"select sum(a) from {table}")
        cursor.execute(f"insert into {table} values ({value}, 0)")
    first.commit()
    second.commit()
    mine.execute(f"select count(*) from {table}")
    assert mine.fetchall() == [(4,)]


@live
def test_serializable_refuses_write_skew(
    connect: Connect, second_server: RedshiftServer
) -> None:
    first, second = connect(second_server.dsn), connect(second_server.dsn)
    mine, other = first.cursor(), second.cursor()
    mine.execute("create table one (a int)")
    mine.execute("create table two (a int)")
    first.commit()
    mine.execute("select count(*) from one")
    other.execute("select count(*) from two")
    mine.execute("insert into two values (1)")
    other.execute("insert into one values (1)")
    first.commit()
    with pytest.raises(psycopg2.Error) as caught:
        second.commit()
    assert caught.value.pgcode == "XX000"
    assert "1023" in str(caught.value)
    mine.execute("select isolation_level from stv_db_isolation_level")
    assert mine.fetchall()[0][0].strip() == "Serializable"


def test_deadlock_is_told(connect: Connect, table: str) -> None:
    """INSERT then DELETE by two at once: the trap of snapshot isolation."""
    first, second = connect(), connect()
    mine, other = first.cursor(), second.cursor()
    mine.execute(f"insert into {table} values (3, 0)")
    other.execute(f"insert into {table} values (4, 0)")
    problems: list[psycopg2.Error] = []

    def delete(cursor: Any) -> None:
        try:
            cursor.execute(f"delete from {table} where a = 1")
        except psycopg2.Error as problem:
            problems.append(problem)

    thread = threading.Thread(target=delete, args=(mine,))
    thread.start()
    time.sleep(0.1)
    delete(other)
    if problems:
        second.rollback()
    thread.join(5)
    first.rollback()
    assert len(problems) == 1
    assert "deadlock detected" in str(problems[0])


# -- cursors -----------------------------------------------------------------


def test_named_cursor(connect: Connect, table: str) -> None:
    connection = connect()
    cursor = connection.cursor("mine")
    cursor.execute(f"select a from {table} order by a")
    assert cursor.fetchmany(1) == [(1,)]
    assert cursor.fetchall() == [(2,)]
    cursor.close()


def test_cursor_is_forward_only(connect: Connect, table: str) -> None:
    connection = connect()
    cursor = connection.cursor()
    cursor.execute(f"declare c cursor for select a from {table} order by a")
    assert fails(cursor, "fetch backward 1 from c").pgcode == "0A000"


@live
def test_unordered_rows_come_shuffled(sql: PsycopgClient) -> None:
    sql.run("create temp table many (a int)")
    values = ", ".join(f"({number})" for number in range(50))
    sql.run(f"insert into many values {values}")
    orders = {str(sql.run("select a from many")) for _ in range(3)}
    assert len(orders) == 3
    limited = {str(sorted(sql.run("select a from many limit 5"))) for _ in range(3)}
    assert len(limited) > 1


@live
def test_ties_of_a_window_come_shuffled(sql: PsycopgClient) -> None:
    sql.run("create temp table many (a int)")
    values = ", ".join(f"({number})" for number in range(50))
    sql.run(f"insert into many values {values}")
    query = (
        "select a from (select a, row_number() over (order by 1 + 0 * a) as n from many)"
        " as ranked where n = 1"
    )
    assert len({str(sql.run(query)) for _ in range(5)}) > 1


@live
def test_broken_keys_can_be_asked_for(sql: PsycopgClient) -> None:
    """A cluster never looks at them, and its planner trusts them all the same."""
    sql.run("drop table if exists orders, customers")
    sql.run("create table customers (id int primary key, email varchar(20) unique)")
    sql.run(
        "create table orders (id int, customer int references customers, "
        "constraint orders_key primary key (id))"
    )
    query = 'select "table", kind, broken from redshift_server_keys order by 1, 2'
    sql.run("insert into customers values (1, null), (2, null)")
    sql.run("insert into orders values (1, 1), (2, null)")
    assert {row[2] for row in sql.run(query)} == {0}
    sql.run("insert into customers values (2, 'x'), (null, 'x')")
    sql.run("insert into orders values (1, 7), (1, 7), (3, 8)")
    assert sql.run(query) == [
        ["customers", "PRIMARY KEY", 2],
        ["customers", "UNIQUE", 1],
        ["orders", "FOREIGN KEY", 2],
        ["orders", "PRIMARY KEY", 1],
    ]
    sql.run("alter table orders drop constraint orders_key")
    assert ["orders", "PRIMARY KEY", 1] not in sql.run(query)
    sql.run("alter table orders add constraint again unique (id)")
    assert ["orders", "UNIQUE", 1] in sql.run(query)
    sql.run("drop table orders, customers")
