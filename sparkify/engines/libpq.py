"""What PostgreSQL and Redshift share: a server that is spoken to through libpq."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, Protocol

import psycopg2
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import connection, cursor, new_type, register_type

from sparkify.config import Settings, require
from sparkify.engines.base import Parameters, Row, bind, committing
from sparkify.engines.files import write_rows
from sparkify.errors import (
    SparkifyError,
    TransientError,
    WarehouseBusy,
    WarehouseError,
)
from sparkify.models import Table

Meaning = tuple[type[SparkifyError], str]
"""A kind of error, and what to say; `{said}` stands for the server's own words."""

# A long statement is silent, and what stands between forgets silent connections.
_CONNECT: Mapping[str, Any] = {
    "application_name": "sparkify",
    "client_encoding": "UTF8",
    "connect_timeout": 15,
    "gssencmode": "disable",
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 6,
}
# To the server and back takes a moment, even when nobody has to wait.
_LEAST_PATIENCE = 1.0
_CANCEL_SECONDS = 15.0
_COPY_BYTES = 256 * 1024
# By the number that PostgreSQL gives a type; others are written as text.
_TYPES = {
    16: "boolean",
    20: "bigint",
    23: "integer",
    701: "double",
    1082: "date",
    1114: "timestamp",
    1700: "double",
}

_LOST: Meaning = (TransientError, "the connection was lost; run again. {said}")
_CHANGED: Meaning = (TransientError, "another process was at the same; run again.")
# By SQLSTATE, or by its first two characters.
STATES: Mapping[str, Meaning] = {
    "08": _LOST,
    "23505": _CHANGED,  # in the server's own catalogue: no table of ours has a key
    "25006": (WarehouseError, "is a replica; set [CLUSTER] HOST to the primary."),
    "40": (TransientError, "another transaction was in the way; run again. {said}"),
    "42501": (
        WarehouseError,
        "{said}; ask the owner to grant that to the user of [CLUSTER] DB_USER.",
    ),
    "42P06": _CHANGED,
    "42P07": _CHANGED,
    "42710": _CHANGED,
    "53100": (
        WarehouseError,
        "the disk of the server is full; free some room and run again. "
        "The warehouse is as it was.",
    ),
    "53300": (TransientError, "the server has too many connections; try again later."),
    "55P03": (
        WarehouseBusy,
        "another session holds a table for longer than [LOAD] LOCK_WAIT; try again "
        "when it has ended.",
    ),
    "57014": (
        WarehouseError,
        "a statement was cancelled on the server, by hand or after [LOAD] "
        "STATEMENT_TIMEOUT. {said}.",
    ),
    "57P": _LOST,
}
# Before there is a session, libpq has only words. The first that fits counts.
SIGNS: Mapping[str, Meaning] = {
    "password authentication failed": (
        WarehouseError,
        "the password was refused; correct [CLUSTER] DB_USER or DB_PASSWORD.",
    ),
    "no password supplied": (
        WarehouseError,
        "a password is asked for; set [CLUSTER] DB_PASSWORD.",
    ),
    "no pg_hba.conf entry": (
        WarehouseError,
        "the server lets nobody in like this: {said}; correct [CLUSTER] DB_USER or "
        "SSLMODE, or ask whoever runs it.",
    ),
    "authentication failed": (
        WarehouseError,
        "{said}; correct [CLUSTER] DB_USER.",
    ),
    "does not support SSL": (
        WarehouseError,
        "the server has no TLS; turn it on there, or set [CLUSTER] SSLMODE=disable "
        "and send everything in the clear.",
    ),
    "certificate": (
        WarehouseError,
        "the server's certificate is not trusted: {said}; set [CLUSTER] SSLROOTCERT "
        "to the file of its authority.",
    ),
    "Name or service not known": (
        WarehouseError,
        "there is no such host; correct [CLUSTER] HOST.",
    ),
    "sorry, too many clients": STATES["53300"],
    "remaining connection slots": STATES["53300"],
    "exceeded for non-bootstrap users": STATES["53300"],
    "the database system is": (TransientError, "{said}; try again later."),
    "does not exist": (
        WarehouseError,
        "{said}; create it, or correct [CLUSTER] DB_NAME and DB_USER or "
        "[WAREHOUSE] READERS.",
    ),
    "permission denied for database": STATES["42501"],
    "tuple concurrently updated": _CHANGED,
    "FATAL: ": (WarehouseError, "{said}."),
    "could not translate host name": (
        TransientError,
        "the host's address cannot be found now; try again later.",
    ),
    "failed: ": (
        TransientError,
        "the server does not answer: {said}; see that it runs, and that [CLUSTER] "
        "HOST and DB_PORT are right.",
    ),
}


class Source(Protocol):
    """What COPY reads. `abort` makes it fail, even while it is read."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102

    def abort(self) -> None: ...  # noqa: D102


class Libpq(ABC):
    """The engine contract, as far as two products fulfil it alike.

    `lock_mode` is what follows the name in a statement that locks a table;
    `fetched_rows` are taken from a cursor at a time.
    """

    lock_mode = ""
    fetched_rows = 10_000

    required: tuple[str, ...] = ("host", "db_name", "db_user")

    def __init__(self, settings: Settings) -> None:
        require(settings, *self.required)
        self._settings = settings
        self._connection: connection | None = None

    @staticmethod
    @abstractmethod
    def ddl(table: Table) -> Iterator[str]:
        """The statements that create a table with its physical attributes."""

    @abstractmethod
    def _set_up(self) -> None:
        """Set up the session: what the product is asked for, and told."""

    def _login(self) -> dict[str, Any]:
        """The user and the password."""
        return {"user": self._settings.db_user, "password": self._settings.db_password}

    @contextmanager
    def session(
        self,
        *,
        read_only: bool = False,
        sealed: bool = False,  # noqa: ARG002  # a server's files are for its superuser
    ) -> Iterator[None]:
        """See Engine."""
        self._connect()
        try:
            self._set_up()
            if read_only:
                # All of its statements see one moment; at its end nothing is written.
                self.execute("begin transaction isolation level repeatable read")
            yield
        finally:
            open_, self._connection = self._connection, None
            if open_:
                open_.close()

    def transaction(self) -> AbstractContextManager[None]:
        """See Engine."""
        return committing(self.execute)

    def lock(self, table: Table) -> None:
        """See Engine."""
        patience = max(self._settings.lock_wait, _LEAST_PATIENCE)
        try:
            self._run(
                f"lock table {table.full_name}{self.lock_mode}", patience=patience
            )
        except (TimeoutError, WarehouseBusy):
            raise WarehouseBusy(
                f"{self._settings.warehouse}: another run holds {table.full_name}; "
                "try again when it has ended."
            ) from None

    @abstractmethod
    def _lockers(self, relation: int) -> list[Row]:
        """Process, user and begin of the transactions that have locked a relation."""

    def holders(self, table: Table) -> list[str]:
        """See Engine."""
        [(relation,)] = self.query(
            """
            select pg_class.oid
            from pg_class
            inner join pg_namespace
                on pg_class.relnamespace = pg_namespace.oid
            where
                pg_namespace.nspname = :schema
                and pg_class.relname = :name
            """,
            {"schema": table.schema, "name": table.name},
        )
        return [
            f"session {pid} of {user}, since {began:%Y-%m-%d %H:%M:%S} UTC"
            for pid, user, began in self._lockers(int(str(relation)))
        ]

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """See Engine."""
        return max(self._run(sql, parameters).rowcount, 0)

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        limit: int | None = None,
    ) -> list[Row]:
        """See Engine."""
        if limit is not None:
            sql = self._limited(sql, limit)
        return self._run(sql, parameters).fetchall()

    @staticmethod
    def _limited(sql: str, limit: int) -> str:
        """A select of no more than `limit` rows of another."""
        return f"{sql}\nlimit {limit:d}"

    def columns(self, schemas: Sequence[str]) -> dict[str, list[str]]:
        """See Engine."""
        # Not from information_schema: that hides what this user has no rights to.
        rows = self.query(
            """
            select
                pg_namespace.nspname || '.' || pg_class.relname,
                pg_attribute.attname
            from pg_attribute
            inner join pg_class
                on pg_attribute.attrelid = pg_class.oid
            inner join pg_namespace
                on pg_class.relnamespace = pg_namespace.oid
            where
                pg_namespace.nspname in :schemas
                and pg_class.relkind in ('r', 'v', 'p', 'm', 'f')
                and pg_attribute.attnum > 0
                and not pg_attribute.attisdropped
            order by pg_attribute.attnum
            """,
            {"schemas": tuple(schemas)},
        )
        found: dict[str, list[str]] = {}
        for table, column in rows:
            found.setdefault(str(table), []).append(str(column))
        return found

    def create_table(self, table: Table) -> None:
        """See Engine."""
        # Asked for first, since to create needs a right that need not be there.
        if not self.query(
            "select 1 from pg_namespace where nspname = :name", {"name": table.schema}
        ):
            self.execute(f"create schema {table.schema}")
        for statement in self.ddl(table):
            self.execute(statement)

    def save(self, select: str, path: Path, format_: str) -> int:
        """See Engine."""
        self.execute(f"declare saved cursor for {select}")
        fetch = f"fetch forward {self.fetched_rows} from saved"
        first = self._run(fetch)
        columns = [
            (column.name, _TYPES.get(column.type_code, "varchar"))
            for column in first.description or ()
        ]

        def rows() -> Iterator[Row]:
            batch = first.fetchall()
            while batch:
                yield from batch
                batch = self._run(fetch).fetchall()

        written = write_rows(path, format_, columns, rows())
        self.execute("close saved")
        return written

    def _run(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        source: Source | None = None,
        patience: float | None = None,
    ) -> cursor:
        """Run one statement; every one passes here.

        `source` is what a COPY FROM STDIN reads. After `patience` the statement is
        cancelled, and TimeoutError raised.
        """
        connection = self._connection
        if connection is None or connection.closed:
            raise self._error(_LOST, "")
        if sql.startswith("begin ") and connection.info.transaction_status:
            raise self._error((WarehouseError, "a transaction did not end."), "")
        found = connection.cursor()
        # Without parameters nothing is one: rows that stand in a statement hold colons.
        text, used = sql, dict[str, object]()
        if parameters:
            text, used = bind(sql.replace("%", "%%"), parameters, "%(%s)s")

        def work() -> None:
            if source:
                with _unheard():
                    found.copy_expert(sql, source, _COPY_BYTES)  # type: ignore[arg-type]  # it only reads
            elif used:
                found.execute(text, used)
            else:
                found.execute(sql)

        try:
            self._call(work, patience, source)
        except psycopg2.Error as error:
            raise self._explain(error) from error
        if sql == "commit" and found.statusmessage != "COMMIT":
            # The server's answer to the commit of what has failed is no error.
            raise self._error((WarehouseError, "nothing was committed."), "")
        return found

    def _connect(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            **_CONNECT,
            "host": settings.host,
            "port": settings.port,
            "dbname": settings.db_name,
            **_tls(settings),
        }

        def work() -> None:
            self._connection = psycopg2.connect(**options | self._login())
            # Transactions are begun by statements of ours, and by nothing else.
            self._connection.autocommit = True

        try:
            self._call(work)
        except psycopg2.Error as error:
            raise self._explain(error) from error
        register_type(_NUMERIC, self._connection)

    def _call(
        self,
        work: Callable[[], None],
        patience: float | None = None,
        source: Source | None = None,
    ) -> None:
        """Do `work` in a thread, since the driver waits in C and is deaf to Ctrl-C."""
        ended: SimpleQueue[BaseException | None] = SimpleQueue()
        turn = Lock()

        def do() -> None:
            if turn.acquire(blocking=False):
                ended.put(_failure(work))

        try:
            Thread(target=do, daemon=True).start()
            error = ended.get(timeout=patience)
        except Empty:
            try:
                error = self._cancel(ended)
            except TransientError:
                # It does not heed it, so it still waits: with its connection it ends.
                raise TimeoutError from None
            if isinstance(error, QueryCanceled):
                raise TimeoutError from None
        except BaseException:
            # Not begun, it never shall: after the rollback it would be on its own.
            if turn.acquire(blocking=False):
                raise
            if source:
                source.abort()
            # What is told is what came first, such as Ctrl-C.
            with suppress(SparkifyError):
                self._cancel(ended)
            raise
        if error:
            raise error

    def _cancel(self, ended: SimpleQueue[BaseException | None]) -> BaseException | None:
        """Cancel the statement that is waited for; how it ended.

        A connection on which it does not end is given up: the server then rolls back.
        """
        current, self._connection = self._connection, None
        if current is None:
            return None
        with suppress(psycopg2.Error):
            current.cancel()
        try:
            error = ended.get(timeout=_CANCEL_SECONDS)
        except Empty:
            raise self._error(_LOST, "") from None
        self._connection = current
        return error

    def _explain(self, error: psycopg2.Error) -> SparkifyError:
        """The error as one of ours."""
        said = error.diag.message_primary or _last_words(str(error))
        state = error.pgcode or ""
        for meaning in (STATES.get(state[:size]) for size in (5, 3, 2)):
            if meaning:
                return self._error(meaning, said)
        for sign, meaning in SIGNS.items():
            if sign in str(error):
                return self._error(meaning, said)
        if not state and (self._connection is None or self._connection.closed):
            return self._error(_LOST, said)
        return self._error((WarehouseError, "{said}."), said)

    def _error(self, meaning: Meaning, said: str) -> SparkifyError:
        kind, text = meaning
        text = text.format(said=said.rstrip(".")).strip()
        end = "" if text.endswith(".") else "."
        return kind(f"{self._settings.warehouse}: {text}{end}")


@contextmanager
def _unheard() -> Iterator[None]:
    """Of a COPY that is cut off the driver prints the line, with what it holds.

    It is raised as well, and told without.
    """
    before, sys.excepthook = sys.excepthook, lambda *_: None
    try:
        yield
    finally:
        sys.excepthook = before


def _failure(work: Callable[[], None]) -> BaseException | None:
    """What `work` raises, if it does."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001  # told to the one who waits
        return error
    return None


def _last_words(message: str) -> str:
    """What is said last: of several addresses, and after all that leads to it."""
    line = next(
        (line for line in reversed(message.splitlines()) if "failed: " in line),
        message.strip().partition("\n")[0],
    )
    return line.rpartition("failed: ")[2].removeprefix("FATAL:").strip()


def _tls(settings: Settings) -> dict[str, str]:
    """The server is to prove who it is, unless nothing leaves this machine."""
    mode = settings.sslmode or ("prefer" if _is_here(settings.host) else "verify-full")
    if not mode.startswith("verify"):
        return {"sslmode": mode}
    if settings.sslrootcert:
        return {"sslmode": mode, "sslrootcert": str(settings.sslrootcert)}
    # Imported here: few need it. The driver's own idea of the system's place is wrong.
    from ssl import get_default_verify_paths

    return {
        "sslmode": mode,
        "sslrootcert": get_default_verify_paths().cafile or "system",
    }


def _is_here(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return False


def _number(value: str | bytes | None, _: cursor) -> int | float | None:
    if value is None:
        return None
    text = str(value)
    return int(text) if text.lstrip("-").isdigit() else float(text)


# Sums of integers are integers, as on DuckDB.
_NUMERIC = new_type((1700,), "NUMERIC", _number)
