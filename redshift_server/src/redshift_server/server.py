"""The server: PostgreSQL behind it, sessions in front, one thread between."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket as sockets
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal, Self

import psycopg2
from psycopg2 import sql

from redshift_server.accounts import Accounts
from redshift_server.control_plane import ControlPlane
from redshift_server.errors import ServerStartError
from redshift_server.faults import Faults
from redshift_server.load_log import LoadLog
from redshift_server.options import Options
from redshift_server.postgres import Postgres, find_binaries
from redshift_server.recording import Statements
from redshift_server.session import Context, Session
from redshift_server.storage import Role, Storage
from redshift_server.tls import make_certificates
from redshift_server.translate import Translator

CATALOG = ("comparison.sql", "functions.sql", "hashes.sql", "views.sql")


class RedshiftServer:
    """A Redshift stand-in on 127.0.0.1.

    Use it as a context manager, or call start() and stop(). All arguments have
    defaults, so `RedshiftServer()` is a server without S3.
    """

    def __init__(
        self,
        *,
        s3_endpoint: str | None = None,
        roles: Mapping[str, Role | None] | None = None,
        default_role: str | None = None,
        bucket_regions: Mapping[str, str] | None = None,
        region: str = "us-east-1",
        database: str = "dev",
        user: str = "awsuser",
        password: str | None = None,
        port: int = 0,
        isolation: Literal["snapshot", "serializable"] = "snapshot",
        shuffle: bool = True,
        tls: bool = True,
        require_tls: bool = False,
        postgres: str | Path | None = None,
        cluster: str = "redshift-server",
        workgroup: str = "redshift-server",
        caller: str = "IAMR:redshift-server",
    ) -> None:
        self.database = database
        self.user = user
        self.password = password or "A1" + secrets.token_urlsafe(12)
        self.host = "127.0.0.1"
        self.port = port
        self.cluster = cluster
        self.workgroup = workgroup
        # The database user that the caller's IAM identity maps to.
        self.caller = caller
        self.secret_arn = (
            f"arn:aws:secretsmanager:{region}:123456789012:secret:redshift-server"
        )
        self.ca_file: Path | None = None
        self.options = Options(isolation == "serializable", shuffle)
        self.storage = Storage(
            s3_endpoint,
            region,
            {arn: role or Role() for arn, role in (roles or {}).items()},
            default_role,
            bucket_regions or {},
        )
        self._tls, self._require_tls = tls, require_tls
        self._postgres = Postgres(find_binaries(postgres))
        self._context: Context
        self._control: ControlPlane | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="redshift-server", daemon=True
        )
        self._sessions: set[asyncio.Task[None]] = set()
        self._adoptions: set[asyncio.Task[None]] = set()
        self._acceptor: subprocess.Popen[bytes] | None = None
        self._handover: sockets.socket | None = None

    # -- life ------------------------------------------------------------------

    def start(self) -> Self:
        """Start everything; ready when this returns."""
        self._postgres.start()
        try:
            self._install()
            self._open()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything and leave nothing behind."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        if not self._loop.is_closed():
            self._loop.close()
        if self._acceptor is not None:
            self._acceptor.wait(10)
            self._acceptor = None
        if self._control is not None:
            self._control.stop()
            self._control = None
        if hasattr(self, "_context"):
            self._context.accounts.close()
        self._postgres.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- what tests use -----------------------------------------------------------

    @property
    def dsn(self) -> str:
        """The address of the database for libpq, as the master user."""
        return self.dsn_for(self.user, self.password)

    def dsn_for(self, user: str, password: str, database: str | None = None) -> str:
        """Return the address for another user or database."""
        return (
            f"host={self.host} port={self.port} dbname={database or self.database} "
            f"user={user} password={password}"
        )

    def backend_dsn(self, database: str | None = None) -> str:
        """Return the address of the bare PostgreSQL behind, to compare with."""
        return self._postgres.dsn(database or self.database)

    @property
    def faults(self) -> Faults:
        """The faults to inject."""
        return self._context.faults

    @property
    def statements(self) -> Statements:
        """All statements received."""
        return self._context.statements

    @property
    def postgres_version(self) -> int:
        """The major version of the PostgreSQL behind."""
        return self._postgres.binaries.version

    @property
    def endpoint_url(self) -> str:
        """The address of the control plane, for boto3's endpoint_url."""
        if self._control is None:
            self._control = ControlPlane(self, self._context.accounts)
        return self._control.url

    def add_user(self, name: str, password: str) -> None:
        """Create a user with a password."""
        self._context.accounts.add(name, password)

    def temporary_credentials(
        self, user: str, seconds: int = 900, *, create: bool = False
    ) -> tuple[str, str]:
        """Return a login and password as GetClusterCredentials gives them."""
        login = f"{'IAMA' if create else 'IAM'}:{user}"
        password, _ = self._context.accounts.grant_temporary(
            login, seconds, create=create
        )
        return login, password

    def expire_credentials(self, login: str) -> None:
        """Let temporary credentials end now."""
        self._context.accounts.expire_temporary(login)

    # -- starting -----------------------------------------------------------------

    def _install(self) -> None:
        """Put Redshift's functions and views into the template of all databases."""
        self._postgres.make_folder("redshift_server")
        with contextlib.closing(
            psycopg2.connect(self._postgres.dsn("template1"))
        ) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            for name in CATALOG:
                text = resources.files("redshift_server").joinpath(f"catalog/{name}")
                cursor.execute(text.read_text())
            level = "serializable" if self.options.serializable else "repeatable read"
            cursor.execute(
                sql.SQL("alter system set default_transaction_isolation = {}").format(
                    sql.Literal(level)
                )
            )
            cursor.execute("select pg_reload_conf()")
        self._create_database()

    def _create_database(self) -> None:
        accounts = Accounts(self._postgres.dsn("postgres"))
        accounts.add(self.user, self.password, superuser=True)
        with contextlib.closing(
            psycopg2.connect(self._postgres.dsn("postgres"))
        ) as connection:
            connection.autocommit = True
            connection.cursor().execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(self.database), sql.Identifier(self.user)
                )
            )
        context = None
        if self._tls:
            self.ca_file, context = make_certificates(self._postgres.folder)
        self._context = Context(
            socket=self._postgres.socket,
            accounts=accounts,
            translator=Translator(self.options),
            storage=self.storage,
            log=LoadLog(self._postgres.data / "redshift_server"),
            tls=context,
            require_tls=self._require_tls,
        )

    def _open(self) -> None:
        try:
            listener = sockets.create_server((self.host, self.port), backlog=128)
        except OSError as problem:
            raise ServerStartError(f"cannot listen: {problem}") from problem
        with listener:
            # Inherited by the sessions; without it a TLS handshake waits for an ACK.
            listener.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
            self.port = listener.getsockname()[1]
            self._thread.start()
            self._start_acceptor(listener)

    def _start_acceptor(self, listener: sockets.socket) -> None:
        ours, theirs = sockets.socketpair(sockets.AF_UNIX, sockets.SOCK_SEQPACKET)
        handles = (listener.fileno(), theirs.fileno())
        with theirs:
            self._acceptor = subprocess.Popen(
                [
                    sys.executable,
                    "-IS",
                    str(resources.files("redshift_server") / "acceptor.py"),
                    *map(str, handles),
                    str(self._postgres.socket),
                ],
                pass_fds=handles,
                start_new_session=True,
            )
        ours.setblocking(False)
        self._handover = ours
        self._loop.call_soon_threadsafe(
            self._loop.add_reader, ours.fileno(), self._receive
        )

    def _receive(self) -> None:
        """Take over a connection that the acceptor has accepted."""
        assert self._handover is not None
        data, handles, _, _ = sockets.recv_fds(self._handover, 16, 8)
        if not data:
            self._loop.remove_reader(self._handover.fileno())
        for handle in handles:
            client = sockets.socket(fileno=handle)
            task = self._loop.create_task(self._adopt(client))
            self._adoptions.add(task)
            task.add_done_callback(self._adoptions.discard)

    async def _adopt(self, client: sockets.socket) -> None:
        reader = asyncio.StreamReader()
        await self._loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader, self._serve), client
        )

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        # Cancelled means that the server stops; asyncio would log it as a fault.
        with contextlib.suppress(asyncio.CancelledError):
            await Session(self._context, reader, writer).run()
        self._sessions.discard(task)

    async def _close(self) -> None:
        if self._handover is not None:
            self._loop.remove_reader(self._handover.fileno())
            self._handover.close()  # the acceptor leaves when it sees this
        for task in list(self._sessions):
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await asyncio.sleep(0.01)  # asyncio closes sockets one round later
        await self._loop.shutdown_default_executor()
