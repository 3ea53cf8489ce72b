"""PostgreSQL runs these statements; the server must refuse every one."""

from __future__ import annotations

import psycopg2
import pytest
from steps import Refusal, Step
from steps_refused import REFUSALS, TABLES
from support import Connections, Failure, PsycopgClient, live

from redshift_server import RedshiftServer

# Not for PostgreSQL: what makes it run there is not what the server is asked.
NEEDED_FIRST = {
    "nextval": "create sequence sq2",
    "reindex": "select 1",
}
IN_AUTOCOMMIT = {"cluster", "reindex"}


@pytest.mark.parametrize("step", REFUSALS, ids=lambda step: step.name)
def test_refused(sql: PsycopgClient, step: Step) -> None:
    for table in TABLES:
        sql.run(table.replace("create table", "create temp table"))
    assert isinstance(step.expected, Refusal)
    with pytest.raises(Failure) as caught:
        sql.run(step.sql)
    assert caught.value.sqlstate == step.expected.sqlstate
    assert step.expected.text.lower() in caught.value.message.lower()


@live
@pytest.mark.parametrize("step", REFUSALS, ids=lambda step: step.name)
def test_postgres_accepts(
    redshift_server: RedshiftServer, connect: Connections, step: Step
) -> None:
    """Without this the list could be padded with nonsense that anybody refuses."""
    connection = connect(redshift_server.backend_dsn("postgres"))
    connection.autocommit = step.name in IN_AUTOCOMMIT
    cursor = connection.cursor()
    for table in TABLES:
        cursor.execute(table)
    try:
        if step.name in NEEDED_FIRST:
            cursor.execute(NEEDED_FIRST[step.name])
        cursor.execute(step.sql)
    except psycopg2.Error as problem:
        pytest.fail(f"PostgreSQL refuses it too: {problem}")
    finally:
        if connection.autocommit:
            cursor.execute("drop table r, q")
        connection.rollback()


def test_the_list_is_long_enough() -> None:
    assert len(REFUSALS) >= 60
    assert len({step.sql for step in REFUSALS}) == len(REFUSALS)
