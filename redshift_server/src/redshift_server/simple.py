"""The simple protocol: one message holds a text of any number of statements."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from redshift_server import wire
from redshift_server.errors import RedshiftError
from redshift_server.messages import to_redshift_error
from redshift_server.plan import Plan

if TYPE_CHECKING:
    from redshift_server.session import Session


class Simple:
    """Answers the Query messages of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def query(self, text: str) -> None:
        """Run a text; ReadyForQuery ends the answer, whatever happens."""
        session = self._session
        try:
            await self._run_all(await session.runner.translate(text))
        except RedshiftError as problem:
            await session.refuse(problem)
        try:
            await session.block.close_own()
        except RedshiftError as problem:
            session.emit(wire.error(problem))
        await session.ready()

    async def _run_all(self, plans: tuple[Plan, ...]) -> None:
        session = self._session
        if not plans:
            session.emit(wire.encode(b"I"))
        if len(plans) > 1:
            # Several statements in one request are one transaction.
            session.block.hold_own()
        for plan in plans:
            await session.runner.run(plan, functools.partial(self._relay, plan))

    async def _relay(self, plan: Plan) -> None:
        """Run a plan's statements in one request; the client sees the main one."""
        session = self._session
        texts = [*plan.prelude, plan.sql, *plan.followups]
        session.backend.send(wire.query(";\n".join(texts)))
        position, main = 0, len(plan.prelude)
        problem: RedshiftError | None = None
        async for message in session.backend.until_ready():
            if message.kind == b"E":
                problem = problem or to_redshift_error(message.body)
            elif message.kind in b"CI":
                if position == main:
                    session.emit_complete(message, plan)
                position += 1
            elif position == main or message.kind in b"NS":
                await session.relay(message)
        if problem is not None:
            raise problem
