"""Statements that the server carries out itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redshift_server import wire
from redshift_server.copy_options import CopyCommand
from redshift_server.loader import Loader
from redshift_server.plan import Cancel, Plan
from redshift_server.unload import Unloader

if TYPE_CHECKING:
    from redshift_server.session import Session


async def perform(session: Session, plan: Plan) -> None:
    """Carry out a plan's action and tell the client."""
    action = plan.action
    if isinstance(action, Cancel):
        await session.backend.execute(f"select pg_cancel_backend({action.pid})")
        session.emit(wire.complete("CANCEL"))
        return
    # A bare load goes on when its client leaves; inside a block it is rolled back.
    session.survives_client = not session.block.open
    try:
        await session.block.enter_own()
        if isinstance(action, CopyCommand):
            await Loader(session, action).run()
            session.emit(wire.complete("COPY"))
        else:
            assert action is not None
            await Unloader(session, action).run()  # type: ignore[arg-type]  # one of three
            session.emit(wire.complete("UNLOAD"))
    finally:
        session.survives_client = False
