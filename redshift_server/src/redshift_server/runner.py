"""Runs plans: records them, lets faults strike, checks the block, answers the client.

Both protocols end here; they differ in how a statement is passed to PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from redshift_server import actions, wire
from redshift_server.errors import RedshiftError, aborted, in_block
from redshift_server.faults import When
from redshift_server.plan import Begin, End, Plan, SetCase, Truncate
from redshift_server.recording import Statement

if TYPE_CHECKING:
    from redshift_server.session import Session


class ConnectionDroppedError(Exception):
    """A fault cuts the client's socket."""


class Runner:
    """Runs the plans of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._case_sensitive = False

    async def translate(self, text: str) -> tuple[Plan, ...]:
        """Return the plans of a text; a refused one is a statement all the same."""
        try:
            return self._session.context.translator.translate(
                text, case_sensitive=self._case_sensitive
            )
        except RedshiftError as problem:
            record = self._record(text)
            await self._strike("before", text)
            record.outcome = problem.sqlstate
            raise

    async def run(self, plan: Plan, passthrough: Callable[[], Awaitable[None]]) -> None:
        """Run one plan; `passthrough` sends its SQL to PostgreSQL."""
        record = self._record(plan.source)
        try:
            await self._strike("before", plan.source)
            await self._carry_out(plan, passthrough)
        except RedshiftError as problem:
            record.outcome = problem.sqlstate
            raise
        record.outcome = "ok"
        await self._strike("after", plan.source)

    async def _carry_out(
        self, plan: Plan, passthrough: Callable[[], Awaitable[None]]
    ) -> None:
        session, block = self._session, self._session.block
        if isinstance(plan.action, Begin):
            if not block.begin():
                session.warn("there is already a transaction in progress")
            session.emit(wire.complete("BEGIN"))
        elif isinstance(plan.action, End):
            await self._end(plan.action)
        elif block.failed:
            raise aborted()
        elif plan.barred and block.open:
            raise in_block(plan.barred)
        elif isinstance(plan.action, Truncate):
            await self._truncate(plan.action)
        elif isinstance(plan.action, SetCase):
            self._case_sensitive = plan.action.on
            session.emit(wire.complete("SET"))
        elif plan.action is not None:
            await actions.perform(session, plan)
        else:
            if not plan.tableless:
                await block.enter()
            await passthrough()

    async def _end(self, end: End) -> None:
        tag = "COMMIT" if end.commit else "ROLLBACK"
        outcome = await self._session.block.end(tag)
        if outcome is None:
            self._session.warn("there is no transaction in progress")
        self._session.emit(wire.complete(outcome or tag))

    async def _truncate(self, action: Truncate) -> None:
        block = self._session.block
        await block.enter()
        await self._session.backend.execute(action.sql)
        await block.commit()
        self._session.emit(wire.complete("TRUNCATE TABLE"))

    def _record(self, sql: str) -> Statement:
        session = self._session
        return session.context.statements.add(
            session.backend.pid, session.user, session.database, sql
        )

    async def _strike(self, when: When, sql: str) -> None:
        for fault in self._session.context.faults.striking(when, sql):
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
