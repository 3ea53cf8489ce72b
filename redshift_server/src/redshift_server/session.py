"""One client's session: login, then one message after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import struct
from dataclasses import dataclass, field
from pathlib import Path

from redshift_server import settings, wire
from redshift_server.accounts import Accounts, database_user
from redshift_server.backend import Backend, cancel
from redshift_server.block import Block
from redshift_server.errors import RedshiftError
from redshift_server.extended import Extended
from redshift_server.faults import Faults
from redshift_server.load_log import LoadLog
from redshift_server.login import AUTH_OK, Conversation, authenticate
from redshift_server.messages import (
    FIXED_PARAMETERS,
    to_redshift_columns,
    to_redshift_notice,
    to_redshift_parameter,
)
from redshift_server.plan import Plan
from redshift_server.recording import Statements
from redshift_server.runner import ConnectionDroppedError, Runner
from redshift_server.simple import Simple
from redshift_server.storage import Storage
from redshift_server.translate import Translator

log = logging.getLogger(__name__)

_FLUSH_MESSAGES = 1024


@dataclass
class Context:
    """What all sessions of a server share."""

    socket: Path
    accounts: Accounts
    translator: Translator
    storage: Storage
    log: LoadLog
    tls: ssl.SSLContext | None
    require_tls: bool
    faults: Faults = field(default_factory=Faults)
    statements: Statements = field(default_factory=Statements)


class Session:
    """A client and its back end."""

    def __init__(
        self,
        context: Context,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.context = context
        self.user = ""
        self.database = ""
        self.backend: Backend
        # Set while a statement outlives its client, as a bare COPY does.
        self.survives_client = False
        self._reader = reader
        self._writer = writer
        self._out: list[bytes] = []
        self._inbox: asyncio.Queue[wire.Message | None] = asyncio.Queue()
        self.block: Block
        self.runner = Runner(self)
        self._simple = Simple(self)
        self._extended = Extended(self)

    # -- life ---------------------------------------------------------------

    async def run(self) -> None:
        """Serve the client until one side leaves."""
        try:
            parameters = await self._startup()
            if parameters is not None:
                await self._login(parameters)
                await self._serve()
        except RedshiftError as problem:
            self.emit(wire.error(problem))
            with contextlib.suppress(ConnectionError):
                await self.flush()
        except ConnectionDroppedError:
            self._writer.transport.abort()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            await self._leave()

    async def _leave(self) -> None:
        if hasattr(self, "backend"):
            self.context.log.forget_session(self.backend.pid)
            await self.backend.close()
        self._writer.close()
        # A client that is gone cannot say goodbye; TLS would wait for it.
        try:
            await asyncio.wait_for(self._writer.wait_closed(), 1)
        except (TimeoutError, OSError, ssl.SSLError):
            self._writer.transport.abort()

    async def _startup(self) -> dict[str, str] | None:
        while True:
            header = await self._reader.readexactly(8)
            length, code = struct.unpack("!II", header)
            body = await self._reader.readexactly(length - 8)
            if code == wire.CANCEL_REQUEST:
                await cancel(self.context.socket, header + body)
                return None
            if code == wire.SSL_REQUEST and self.context.tls is not None:
                self._writer.write(b"S")
                await self._writer.drain()
                await self._writer.start_tls(self.context.tls)
            elif code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                self._writer.write(b"N")
                await self._writer.drain()
            else:
                return wire.decode_startup(body)

    async def _login(self, parameters: dict[str, str]) -> None:
        encrypted = self._writer.get_extra_info("ssl_object") is not None
        login = parameters.get("user", "")
        if self.context.require_tls and not encrypted:
            raise RedshiftError("28000", "SSL is required", fatal=True)
        reader = wire.MessageReader(self._reader)
        talk = Conversation(self._send_now, reader.read)
        loop = asyncio.get_running_loop()
        verifier = await loop.run_in_executor(
            None, self.context.accounts.verifier, login
        )
        await authenticate(talk, login, verifier)
        self.user = database_user(login)
        self.database = parameters.get("database", login)
        wanted = settings.from_startup(parameters)
        self.backend = await Backend.connect(
            self.context.socket, self.user, self.database
        )
        self.block = Block(self.backend)
        for name, value in wanted.items():
            await self.backend.execute(settings.set_sql(name, value))
        self._greet(wanted)
        await self.flush()
        self._pump = asyncio.create_task(self._read_client(reader))

    def _greet(self, wanted: dict[str, str]) -> None:
        self.emit(AUTH_OK)
        reported = {
            **FIXED_PARAMETERS,
            "DateStyle": "ISO, MDY",
            "TimeZone": wanted.get("timezone", "UTC"),
            "session_authorization": self.user,
        }
        for name, value in reported.items():
            self.emit(wire.parameter_status(name, value))
        self.emit(wire.encode(b"K", self.backend.key))
        self.emit(wire.ready(b"I"))

    async def _read_client(self, reader: wire.MessageReader) -> None:
        """Keep reading while a statement runs, so that a client's death is seen."""
        try:
            while True:
                self._inbox.put_nowait(await reader.read())
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            self._inbox.put_nowait(None)
            if not self.survives_client:
                self.backend.abort()

    async def _serve(self) -> None:
        try:
            while True:
                message = await self._inbox.get()
                if message is None or message.kind == b"X":
                    return
                await self._handle(message)
        finally:
            self._pump.cancel()

    async def _handle(self, message: wire.Message) -> None:
        try:
            await self._answer(message)
        except (RedshiftError, ConnectionDroppedError, ConnectionError):
            raise
        except asyncio.IncompleteReadError as problem:
            raise RedshiftError(
                "57P01", "the connection to the back end is lost", fatal=True
            ) from problem
        except Exception as problem:
            # A fault of ours: say so, since a silent end would look like Redshift's.
            log.exception("cannot answer a message of kind %r", message.kind)
            raise RedshiftError(
                "XX000", f"redshift_server failed: {problem!r}", fatal=True
            ) from problem

    async def _answer(self, message: wire.Message) -> None:
        if message.kind == b"Q":
            await self._simple.query(wire.take_cstring(message.body)[0])
        elif message.kind == b"S":
            await self._extended.sync()
        elif message.kind == b"H":
            await self.flush()
        else:
            await self._extended.answer(message)

    # -- output -------------------------------------------------------------

    def emit(self, data: bytes) -> None:
        """Queue bytes for the client."""
        self._out.append(data)

    async def flush(self) -> None:
        """Send what is queued."""
        if self._out:
            self._writer.write(b"".join(self._out))
            self._out.clear()
            await self._writer.drain()

    async def _send_now(self, data: bytes) -> None:
        self.emit(data)
        await self.flush()

    async def ready(self) -> None:
        """Say that the next request may come."""
        self.emit(wire.ready(self.block.status))
        await self.flush()

    async def refuse(self, problem: RedshiftError) -> None:
        """Send an error and fail the client's transaction, if it has one."""
        if problem.fatal:
            raise problem
        await self.block.fail()
        self.emit(wire.error(problem))

    def warn(self, text: str) -> None:
        """Queue a warning."""
        self.emit(wire.notice("WARNING", text))

    def emit_complete(self, message: wire.Message, plan: Plan) -> None:
        """Tell the client that a statement is done, in Redshift's words."""
        self.emit(wire.complete(plan.tag) if plan.tag else message.encode())

    async def relay(self, message: wire.Message) -> None:
        """Translate one message of PostgreSQL for the client."""
        if message.kind == b"T":
            self.emit(wire.encode(b"T", to_redshift_columns(message.body)))
        elif message.kind == b"N":
            self.emit(to_redshift_notice(message.body))
        elif message.kind == b"S":
            parameter = to_redshift_parameter(message.body)
            if parameter is not None:
                self.emit(parameter)
        else:
            self.emit(message.encode())
        if message.kind == b"D" and len(self._out) > _FLUSH_MESSAGES:
            await self.flush()
