"""The extended protocol: Parse, Bind, Describe, Execute, Close, then Sync."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from redshift_server import wire
from redshift_server.errors import RedshiftError, aborted
from redshift_server.messages import to_redshift_error
from redshift_server.plan import Plan

if TYPE_CHECKING:
    from redshift_server.session import Session

# PostgreSQL forgets its unnamed statement at every simple query; ours must survive.
_UNNAMED = "redshift_server_unnamed"


class Extended:
    """Answers these messages for one session.

    PostgreSQL holds the prepared statements and portals of the plans that it runs;
    a plan with an action of the server's own is only remembered here.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._skipping = False  # after an error everything up to Sync is ignored
        self._prepared: dict[str, Plan] = {}
        self._portals: dict[str, Plan] = {}
        self._handlers: dict[bytes, Callable[[bytes], Awaitable[None]]] = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
        }

    async def answer(self, message: wire.Message) -> None:
        """Answer one message other than Sync."""
        if self._skipping:
            return
        try:
            handler = self._handlers.get(message.kind)
            if handler is None:
                raise RedshiftError("08P01", "unexpected protocol message", fatal=True)
            await handler(message.body)
        except RedshiftError as problem:
            await self._session.refuse(problem)
            self._skipping = True

    async def sync(self) -> None:
        """End a series of messages."""
        session = self._session
        self._skipping = False
        session.backend.send(wire.encode(b"S"))
        try:
            await session.backend.collect()
            await session.block.close_own()
        except RedshiftError as problem:
            session.emit(wire.error(problem))
        await session.ready()

    async def _parse(self, body: bytes) -> None:
        session = self._session
        name, at = wire.take_cstring(body)
        text, rest = wire.take_cstring(body, at)
        plans = await session.runner.translate(text)
        if len(plans) > 1:
            raise RedshiftError(
                "42601", "cannot insert multiple commands into a prepared statement"
            )
        plan = plans[0] if plans else Plan(source=text)
        inner = name or _UNNAMED
        if plan.action is None:
            session.backend.send(
                wire.encode(b"C", b"S" + wire.cstring(inner))
                + wire.encode(
                    b"P", wire.cstring(inner) + wire.cstring(plan.sql) + body[rest:]
                )
                + wire.encode(b"S")
            )
            await session.backend.collect()
        self._prepared[inner] = plan
        session.emit(wire.encode(b"1"))

    async def _bind(self, body: bytes) -> None:
        session = self._session
        portal, at = wire.take_cstring(body)
        name, rest = wire.take_cstring(body, at)
        inner = name or _UNNAMED
        plan = self._statement(inner)
        if plan.action is None:
            await self._prepare_block(plan)
            await self._ask(
                b"B", wire.cstring(portal) + wire.cstring(inner) + body[rest:], b"2"
            )
        else:
            session.emit(wire.encode(b"2"))
        self._portals[portal] = plan

    async def _prepare_block(self, plan: Plan) -> None:
        """Bring PostgreSQL where the plan's statement can be bound."""
        session = self._session
        if not plan.tableless:
            await session.block.enter()
        if session.block.failed:
            raise aborted()
        if plan.prelude or plan.followups:
            await session.block.enter_own()
        if plan.prelude:
            await session.backend.execute(";".join(plan.prelude))

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
            self._session.emit(wire.encode(b"t", b"\0\0"))
        self._session.emit(wire.encode(b"n"))

    async def _execute(self, body: bytes) -> None:
        name, _ = wire.take_cstring(body)
        plan = self._portal(name)
        await self._session.runner.run(
            plan, functools.partial(self._execute_portal, plan, body)
        )

    async def _execute_portal(self, plan: Plan, body: bytes) -> None:
        await self._ask(b"E", body, b"CIs", plan)
        if plan.followups:
            await self._session.backend.execute(";".join(plan.followups))

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
        session = self._session
        session.backend.send(wire.encode(kind, body) + wire.encode(b"H"))
        while True:
            message = await session.backend.read()
            if message.kind == b"E":
                await self._resynchronise()
                raise to_redshift_error(message.body)
            if message.kind == b"C" and plan is not None:
                session.emit_complete(message, plan)
            else:
                await session.relay(message)
            if message.kind in last:
                return

    async def _resynchronise(self) -> None:
        """Bring PostgreSQL out of its wait for Sync after an error."""
        self._session.backend.send(wire.encode(b"S"))
        async for _ in self._session.backend.until_ready():
            pass

    def _statement(self, name: str) -> Plan:
        if name not in self._prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return self._prepared[name]

    def _portal(self, name: str) -> Plan:
        if name not in self._portals:
            raise RedshiftError("34000", f'portal "{name}" does not exist')
        return self._portals[name]
