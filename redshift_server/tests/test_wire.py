"""Login, TLS, startup parameters, both protocols, cancel."""

from __future__ import annotations

import subprocess
import sys
import threading
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.extras
import pytest
import redshift_connector.error
from support import Connections, ConnectorClient, Failure, PsycopgClient, live

from redshift_server import RedshiftServer, dml
from redshift_server.dialect import parse

# Of the password: pencil.
SCRAM = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
ENDLESS = (
    "with recursive n (i) as (select 1 union all select i + 1 from n where "
    "i < 1000000000) select count(*) from n"
)


def test_redshift_introduces_itself(connect: Connections) -> None:
    connection = connect()
    status = connection.info.parameter_status
    assert connection.server_version == 80002
    assert status("server_version") == "8.0.2"
    assert status("client_encoding") == "UNICODE"
    assert status("server_encoding") == "UNICODE"
    assert status("padb_version")


@live
def test_standard_conforming_strings_is_not_reported(connect: Connections) -> None:
    assert connect().info.parameter_status("standard_conforming_strings") is None


def test_backslashes_and_quotes_travel(sql: PsycopgClient) -> None:
    text = "back\\slash 'quote' \"double\" \\' \\\\ end\\"
    assert sql.run("select %s", (text,)) == [[text]]


def test_long_names_are_told_whole(connect: Connections) -> None:
    cursor = connect().cursor()
    cursor.execute(f"select 1 as {'a' * 127}, 2 as {'a' * 126}b, 3 as {'é' * 40}")
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    assert names == ["a" * 127, "a" * 126 + "b", "é" * 40]


def test_varbyte_is_shown_in_hexadecimal(sql: PsycopgClient) -> None:
    """Also by a cursor, and beside text that looks like PostgreSQL's own digits."""
    query = r"select '\\x61', from_hex('ff00'), cast(null as varbyte)"
    assert sql.run(query) == [[r"\x61", "ff00", None]]
    sql.run("begin")
    sql.run(f"declare c cursor for {query}")
    assert sql.run("fetch 1 from c") == [[r"\x61", "ff00", None]]


def test_varbyte_of_a_prepared_statement(dsn: str) -> None:
    """redshift_connector describes a statement once and decodes the digits itself."""
    client = ConnectorClient(dsn)
    for _ in range(2):
        assert client.run("select to_varbyte(%s, 'utf8')", ("é",)) == [["é"]]
        assert client.run(r"select '\\x61'") == [[r"\x61"]]
    client.close()


def test_backslashes_travel_bound(dsn: str) -> None:
    client = ConnectorClient(dsn)
    text = "back\\slash 'quote' \\\\ end\\"
    client.run("create temp table t (a varchar(100))")
    client.run("insert into t values (%s)", (text,))
    assert client.run("select a from t where a = %s", (text,)) == [[text]]
    client.close()


@live
def test_wrong_password(redshift_server: RedshiftServer) -> None:
    for user in (redshift_server.user, "nobody-known"):
        with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
            psycopg2.connect(redshift_server.dsn_for(user, "wrong"))


@live
def test_unknown_database(redshift_server: RedshiftServer) -> None:
    server = redshift_server
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(server.dsn_for(server.user, server.password, "nowhere"))


@live
def test_scram_user(redshift_server: RedshiftServer, sql: PsycopgClient) -> None:
    sql.run("drop user if exists scrammer")
    sql.run(f"create user scrammer password '{SCRAM}'")
    psycopg2.connect(redshift_server.dsn_for("scrammer", "pencil")).close()
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(redshift_server.dsn_for("scrammer", "pen"))


@live
def test_created_user_logs_in(
    redshift_server: RedshiftServer, sql: PsycopgClient
) -> None:
    sql.run("drop user if exists reader")
    sql.run("create user reader password 'Passw0rd1'")
    connection = psycopg2.connect(redshift_server.dsn_for("reader", "Passw0rd1"))
    cursor = connection.cursor()
    cursor.execute("select current_user")
    assert cursor.fetchall() == [("reader",)]
    connection.close()
    sql.run("alter user reader password disable")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(redshift_server.dsn_for("reader", "Passw0rd1"))


@live
def test_added_user_logs_in(redshift_server: RedshiftServer) -> None:
    redshift_server.add_user("added", "Passw0rd1")
    psycopg2.connect(redshift_server.dsn_for("added", "Passw0rd1")).close()
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(redshift_server.dsn_for("added", "another"))


@live
def test_temporary_user(redshift_server: RedshiftServer) -> None:
    login, password = redshift_server.temporary_credentials("etl", create=True)
    assert login == "IAMA:etl"
    address = redshift_server.dsn_for(login, password)
    connection = psycopg2.connect(address)
    redshift_server.expire_credentials(login)
    cursor = connection.cursor()
    cursor.execute("select current_user")  # expiry matters at connect only
    assert cursor.fetchall() == [("etl",)]
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        psycopg2.connect(address)


@live
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_verify_full(redshift_server: RedshiftServer, host: str) -> None:
    address = redshift_server.dsn.replace("host=127.0.0.1", f"host={host}")
    connection = psycopg2.connect(
        f"{address} sslmode=verify-full sslrootcert={redshift_server.ca_file}"
    )
    assert connection.info.ssl_in_use
    connection.close()


@live
def test_tls_of_a_foreign_ca_fails(
    redshift_server: RedshiftServer, second_server: RedshiftServer
) -> None:
    """Two servers run at once, each with a CA of its own."""
    other = second_server.ca_file
    with pytest.raises(psycopg2.OperationalError, match="certificate"):
        psycopg2.connect(
            f"{redshift_server.dsn} sslmode=verify-full sslrootcert={other}"
        )
    psycopg2.connect(
        f"{second_server.dsn} sslmode=verify-full sslrootcert={other}"
    ).close()


@live
def test_tls_of_redshift_connector(redshift_server: RedshiftServer) -> None:
    """It trusts a private CA by SSL_CERT_FILE, which it reads at its start."""
    server = redshift_server
    script = (
        "import redshift_connector\n"
        f"c = redshift_connector.connect(host='localhost', port={server.port}, "
        f"database='{server.database}', user='{server.user}', "
        f"password='{server.password}', sslmode='verify-full')\n"
        "k = c.cursor(); k.execute('select 6 * 7'); print(k.fetchone()[0]); c.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"SSL_CERT_FILE": str(server.ca_file), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "42", done.stderr


@live
def test_required_tls(second_server: RedshiftServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="SSL"):
        psycopg2.connect(second_server.dsn + " sslmode=disable")
    psycopg2.connect(second_server.dsn + " sslmode=require").close()


def test_options_at_connect(connect: Connections) -> None:
    cursor = connect(options="-c statement_timeout=1234 -c query_group=elt").cursor()
    cursor.execute("show statement_timeout")
    assert cursor.fetchall()[0][0] in ("1234", "1234ms")
    cursor.execute("show query_group")
    assert cursor.fetchall() == [("elt",)]


def test_unknown_option_is_fatal(connect: Connections) -> None:
    with pytest.raises(psycopg2.OperationalError, match="unrecognized configuration"):
        connect(options="-c standard_conforming_strings=on")


def test_cancel(connect: Connections) -> None:
    connection = connect()
    cursor = connection.cursor()
    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled, match="user's request"):
        cursor.execute(ENDLESS)
    timer.join()


def test_cancel_by_pid(connect: Connections, sql: PsycopgClient) -> None:
    connection = connect()
    pid = connection.info.backend_pid
    timer = threading.Timer(0.3, lambda: sql.run(f"cancel {pid}"))
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        connection.cursor().execute(ENDLESS)
    timer.join()


def test_execute_values(connect: Connections) -> None:
    cursor = connect().cursor()
    cursor.execute("create temp table t (a int, b varchar(20), c timestamp)")
    rows = [(number, f"it's \\ {number}", None) for number in range(3000)]
    psycopg2.extras.execute_values(
        cursor, "insert into t values %s", rows, page_size=3000
    )
    cursor.execute("select a, b, c from t order by a")
    assert cursor.fetchall() == rows


@live
def test_a_row_of_literals_is_not_parsed(
    connect: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree of 100,000 rows would take a minute; only the first row becomes one."""
    parsed: list[int] = []

    def counted(text: str) -> Any:
        parsed.append(len(text))
        return parse(text)

    monkeypatch.setattr(dml, "parse", counted)
    cursor = connect().cursor()
    cursor.execute("create temp table t (a int, b varchar(20))")
    rows = [(number, f"row {number}") for number in range(2000)]
    psycopg2.extras.execute_values(
        cursor, "insert into t values %s", rows, page_size=2000
    )
    assert max(parsed) < 100
    cursor.execute("select count(*), sum(a) from t")
    assert cursor.fetchall() == [(2000, sum(range(2000)))]


def test_a_statement_has_at_most_16_mb(sql: PsycopgClient) -> None:
    with pytest.raises(Failure, match="too large") as caught:
        sql.run(f"select '{'x' * 16 * 1024 * 1024}'")
    assert caught.value.sqlstate == "54001"


def test_connector_types(dsn: str) -> None:
    client = ConnectorClient(dsn)
    client.run(
        "create temp table t (a int, b bigint, c double precision, d decimal(10, 2), "
        "e boolean, f varchar(10), g date, h timestamp)"
    )
    row = [1, 2**40, 1.5, Decimal("3.25"), True, "x", None, None]
    client.run("insert into t values (%s, %s, %s, %s, %s, %s, %s, %s)", row)
    assert client.run("select a, b, c, d, e, f, g, h from t") == [row]
    client.close()


def test_connector_many(dsn: str) -> None:
    client = ConnectorClient(dsn)
    cursor = client.connection.cursor()
    cursor.execute("create temp table t (a int)")
    cursor.executemany("insert into t values (%s)", [(1,), (2,), (3,)])
    assert client.run("select sum(a) from t") == [[6]]
    with pytest.raises(Failure):
        client.run("select nonsense from t")
    assert client.run("select count(*) from t where a > %s", (1,)) == [[2]]
    client.close()


def test_connector_error_has_a_code(dsn: str) -> None:
    client = ConnectorClient(dsn)
    with pytest.raises(redshift_connector.error.ProgrammingError) as caught:
        client.connection.cursor().execute("select a from nowhere_at_all")
    assert caught.value.args[0]["C"] == "42P01"
    client.close()


def test_multiple_commands_cannot_be_prepared(dsn: str) -> None:
    client = ConnectorClient(dsn)
    with pytest.raises(Failure) as caught:
        client.run("select 1; select 2")
    assert caught.value.sqlstate == "42601"
    client.close()


def test_users_see_only_their_loads(sql: PsycopgClient, connect: Connections) -> None:
    sql.run("drop user if exists curious")
    sql.run("create user curious password 'Passw0rd1'")
    cursor = connect().cursor()
    cursor.execute("set session authorization curious")
    cursor.execute("select count(*) from sys_load_history")
    assert cursor.fetchall() == [(0,)]


@live
def test_a_known_statement_is_not_parsed_again(
    connect: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its overhead is then far below a millisecond: see bench/measure.py."""
    parsed: list[str] = []

    def counted(text: str) -> Any:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(dml, "parse", counted)
    cursor = connect().cursor()
    for _ in range(3):
        cursor.execute("select 'parsed once' as a, count(*) as n group by a")
    assert len(parsed) == 1
