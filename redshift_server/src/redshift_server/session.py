"""One client's session: login, then statements by both protocols."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from redshift_server import actions, settings, wire
from redshift_server.accounts import Accounts, database_user
from redshift_server.backend import Backend, cancel
from redshift_server.errors import RedshiftError, aborted, in_block
from redshift_server.faults import Faults, When
from redshift_server.load_log import LoadLog
from redshift_server.login import AUTH_OK, Conversation, authenticate
from redshift_server.messages import (
    FIXED_PARAMETERS,
    to_redshift_columns,
    to_redshift_error,
    to_redshift_notice,
    to_redshift_parameter,
)
from redshift_server.plan import Begin, End, Plan, SetCase, Truncate
from redshift_server.recording import Statement, Statements
from redshift_server.storage import Storage
from redshift_server.translate import Translator

log = logging.getLogger(__name__)

_FLUSH_MESSAGES = 1024
# PostgreSQL forgets its unnamed statement at every simple query; ours must survive.
_UNNAMED = "redshift_server_unnamed"


class ConnectionDroppedError(Exception):
    """A fault cuts the client's socket."""


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
        self._pending = False  # BEGIN was received, PostgreSQL has not heard of it
        self._own_block = False  # we opened the block; the client knows nothing of it
        self._case_sensitive = False
        self._skipping = False
        self._prepared: dict[str, Plan] = {}
        self._portals: dict[str, Plan] = {}

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
            self._skipping = False
            await self._simple(wire.take_cstring(message.body)[0])
        elif message.kind == b"S":
            await self._sync()
        elif message.kind == b"H":
            await self.flush()
        elif not self._skipping:
            handler = self._extended.get(message.kind)
            try:
                if handler is None:
                    raise RedshiftError(
                        "08P01", "unexpected protocol message", fatal=True
                    )
                await handler(self, message.body)
            except RedshiftError as problem:
                await self._refuse(problem)
                self._skipping = True

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

    async def _ready(self) -> None:
        self.emit(wire.ready(self._status()))
        await self.flush()

    def _status(self) -> bytes:
        return b"T" if self._pending else self.backend.status

    async def _refuse(self, problem: RedshiftError) -> None:
        """Send an error and fail the client's transaction, if it has one."""
        if problem.fatal:
            raise problem
        if self._pending:
            await self._open_block()
        await self.backend.fail_block()
        self.emit(wire.error(problem))

    # -- blocks -------------------------------------------------------------

    @property
    def in_block(self) -> bool:
        """Say whether a transaction block is open, sent to PostgreSQL or not."""
        return self._pending or self.backend.status != b"I"

    async def _open_block(self) -> None:
        if self._pending:
            self._pending = False
            await self.backend.execute("begin")

    async def own_block(self) -> None:
        """Make sure that a block is open; one we open, we close."""
        await self._open_block()
        if self.backend.status == b"I":
            await self.backend.execute("begin")
            self._own_block = True

    async def _close_own_block(self) -> None:
        """End the block that the client does not know of."""
        if not self._own_block:
            return
        self._own_block = False
        if self._pending:
            self._pending = False
            return
        if self.backend.status == b"I":
            return
        await self.backend.execute(
            "rollback" if self.backend.status == b"E" else "commit"
        )

    # -- simple protocol ----------------------------------------------------

    async def _simple(self, text: str) -> None:
        try:
            plans = self._translated(text)
            if len(plans) > 1 and not self.in_block:
                # Several statements in one request are one transaction.
                self._pending = self._own_block = True
            if not plans:
                self.emit(wire.encode(b"I"))
            for plan in plans:
                await self._run_simple(plan, alone=len(plans) == 1)
        except RedshiftError as problem:
            await self._refuse(problem)
        try:
            await self._close_own_block()
        except RedshiftError as problem:
            self.emit(wire.error(problem))
        await self._ready()

    async def _run_simple(self, plan: Plan, *, alone: bool) -> None:
        record = self._record(plan.source)
        try:
            await self._strike("before", plan.source)
            if plan.barred and not alone:
                raise RedshiftError(
                    "25001",
                    f"{plan.barred} cannot be executed from a function or "
                    "multi-command string",
                )
            await self._run(plan, lambda: self._relay_query(plan))
        except RedshiftError as problem:
            record.outcome = problem.sqlstate
            raise
        record.outcome = "ok"
        await self._strike("after", plan.source)

    async def _run(
        self, plan: Plan, passthrough: Callable[[], Awaitable[None]]
    ) -> None:
        """Check what the block allows, then act or pass the statement through."""
        if isinstance(plan.action, Begin):
            await self._begin()
        elif isinstance(plan.action, End):
            await self._end(plan.action)
        elif self.backend.status == b"E" and not self._pending:
            raise aborted()
        elif plan.barred and self.in_block and not self._own_block:
            raise in_block(plan.barred)
        elif plan.action is not None:
            await self._act(plan)
        else:
            if not plan.tableless:
                await self._open_block()
            await passthrough()

    async def _begin(self) -> None:
        if self._own_block:
            self._own_block = False
        elif self.in_block:
            self.emit(
                wire.notice("WARNING", "there is already a transaction in progress")
            )
        else:
            self._pending = True
        self.emit(wire.complete("BEGIN"))

    async def _end(self, end: End) -> None:
        tag = "COMMIT" if end.commit else "ROLLBACK"
        self._own_block = False
        if self._pending:
            self._pending = False
        elif self.backend.status == b"I":
            self.emit(wire.notice("WARNING", "there is no transaction in progress"))
        else:
            tag = (await self.backend.execute(tag)).tag
        self.emit(wire.complete(tag))

    async def _act(self, plan: Plan) -> None:
        if isinstance(plan.action, Truncate):
            await self._truncate(plan.action)
        elif isinstance(plan.action, SetCase):
            self._case_sensitive = plan.action.on
            self.emit(wire.complete("SET"))
        else:
            await actions.perform(self, plan)

    async def _truncate(self, action: Truncate) -> None:
        await self._open_block()
        await self.backend.execute(action.sql)
        if self.backend.status == b"T":
            await self.backend.execute("commit")
            self._own_block = False
        self.emit(wire.complete("TRUNCATE TABLE"))

    async def _relay_query(self, plan: Plan) -> None:
        """Run a plan's statements in one request; the client sees the main one."""
        texts = [*plan.prelude, plan.sql, *plan.followups]
        self.backend.send(wire.query(";\n".join(texts)))
        position, main = 0, len(plan.prelude)
        problem: RedshiftError | None = None
        async for message in self.backend.until_ready():
            if message.kind == b"E":
                problem = problem or to_redshift_error(message.body)
            elif message.kind in b"CI":
                if position == main:
                    self._emit_complete(message, plan)
                position += 1
            elif position == main or message.kind in b"NS":
                await self._relay(message)
        if problem is not None:
            raise problem

    def _emit_complete(self, message: wire.Message, plan: Plan) -> None:
        self.emit(wire.complete(plan.tag) if plan.tag else message.encode())

    async def _relay(self, message: wire.Message) -> None:
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

    # -- extended protocol --------------------------------------------------

    async def _parse(self, body: bytes) -> None:
        name, at = wire.take_cstring(body)
        text, rest = wire.take_cstring(body, at)
        plans = self._translated(text)
        if len(plans) > 1:
            raise RedshiftError(
                "42601", "cannot insert multiple commands into a prepared statement"
            )
        plan = plans[0] if plans else Plan(source=text)
        inner = name or _UNNAMED
        if plan.action is None:
            self.backend.send(
                wire.encode(b"C", b"S" + wire.cstring(inner))
                + wire.encode(
                    b"P", wire.cstring(inner) + wire.cstring(plan.sql) + body[rest:]
                )
                + wire.encode(b"S")
            )
            await self.backend.collect()
        self._prepared[inner] = plan
        self.emit(wire.encode(b"1"))

    async def _bind(self, body: bytes) -> None:
        portal, at = wire.take_cstring(body)
        name, rest = wire.take_cstring(body, at)
        inner = name or _UNNAMED
        plan = self._statement(inner)
        if plan.action is None:
            if not plan.tableless:
                await self._open_block()
            if self.backend.status == b"E":
                raise aborted()
            if plan.prelude or plan.followups:
                await self.own_block()
            if plan.prelude:
                await self.backend.execute(";".join(plan.prelude))
            await self._ask(
                b"B", wire.cstring(portal) + wire.cstring(inner) + body[rest:], b"2"
            )
        else:
            self.emit(wire.encode(b"2"))
        self._portals[portal] = plan

    async def _describe(self, body: bytes) -> None:
        name, _ = wire.take_cstring(body, 1)
        if body[:1] == b"S":
            inner = name or _UNNAMED
            plan = self._statement(inner)
            target = b"S" + wire.cstring(inner)
        else:
            plan, target = self._portal(name), body
        if plan.action is None:
            await self._ask(b"D", target, b"Tn")
            return
        if body[:1] == b"S":
            self.emit(wire.encode(b"t", b"\0\0"))
        self.emit(wire.encode(b"n"))

    async def _execute(self, body: bytes) -> None:
        name, _ = wire.take_cstring(body)
        plan = self._portal(name)
        record = self._record(plan.source)
        try:
            await self._strike("before", plan.source)
            await self._run(plan, lambda: self._execute_portal(plan, body))
        except RedshiftError as problem:
            record.outcome = problem.sqlstate
            raise
        record.outcome = "ok"
        await self._strike("after", plan.source)

    async def _execute_portal(self, plan: Plan, body: bytes) -> None:
        await self._ask(b"E", body, b"CIs", plan)
        if plan.followups:
            await self.backend.execute(";".join(plan.followups))

    async def _close(self, body: bytes) -> None:
        name, _ = wire.take_cstring(body, 1)
        if body[:1] == b"S":
            self._prepared.pop(name or _UNNAMED, None)
            await self._ask(b"C", b"S" + wire.cstring(name or _UNNAMED), b"3")
        else:
            self._portals.pop(name, None)
            await self._ask(b"C", body, b"3")

    async def _ask(
        self, kind: bytes, body: bytes, last: bytes, plan: Plan | None = None
    ) -> None:
        """Pass one message on and relay its answer, which ends with `last`."""
        self.backend.send(wire.encode(kind, body) + wire.encode(b"H"))
        while True:
            message = await self.backend.read()
            if message.kind == b"E":
                await self._resynchronise()
                raise to_redshift_error(message.body)
            if message.kind == b"C" and plan is not None:
                self._emit_complete(message, plan)
            else:
                await self._relay(message)
            if message.kind in last:
                return

    async def _resynchronise(self) -> None:
        """Bring PostgreSQL out of its wait for Sync after an error."""
        self.backend.send(wire.encode(b"S"))
        async for _ in self.backend.until_ready():
            pass

    async def _sync(self) -> None:
        self._skipping = False
        self.backend.send(wire.encode(b"S"))
        try:
            await self.backend.collect()
            await self._close_own_block()
        except RedshiftError as problem:
            self.emit(wire.error(problem))
        await self._ready()

    def _statement(self, name: str) -> Plan:
        if name not in self._prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return self._prepared[name]

    def _portal(self, name: str) -> Plan:
        if name not in self._portals:
            raise RedshiftError("34000", f'portal "{name}" does not exist')
        return self._portals[name]

    _extended = {  # noqa: RUF012 - a table of methods, never changed
        b"P": _parse,
        b"B": _bind,
        b"D": _describe,
        b"E": _execute,
        b"C": _close,
    }

    # -- helpers ------------------------------------------------------------

    def _translated(self, text: str) -> tuple[Plan, ...]:
        try:
            return self.context.translator.translate(
                text, case_sensitive=self._case_sensitive
            )
        except RedshiftError as problem:
            self._record(text).outcome = problem.sqlstate
            raise

    def _record(self, sql: str) -> Statement:
        return self.context.statements.add(
            self.backend.pid, self.user, self.database, sql
        )

    async def _strike(self, when: When, sql: str) -> None:
        for fault in self.context.faults.striking(when, sql):
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "drop":
                raise ConnectionDroppedError
            elif fault.kind == "expire":
                raise RedshiftError(
                    "57P01",
                    "terminating connection due to administrator command",
                    fatal=True,
                )
            else:
                raise RedshiftError(fault.sqlstate, fault.message, detail=fault.detail)
