"""The transaction block as a client sees it; PostgreSQL may see it later, or longer."""

from __future__ import annotations

from redshift_server.backend import Backend


class Block:
    """One session's block.

    BEGIN is held back until a statement touches a table, since that is when Redshift
    takes its snapshot and PostgreSQL takes it at once. A block that the server opens
    for itself is closed by the server, and the client never hears of it.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._held = False  # BEGIN was received, PostgreSQL has not heard of it
        self._own = False  # we opened the block; the client knows nothing of it

    @property
    def open(self) -> bool:
        """Say whether a block is open, told to PostgreSQL or not."""
        return self._held or self._backend.status != b"I"

    @property
    def failed(self) -> bool:
        """Say whether the block waits for its ROLLBACK."""
        return self._backend.status == b"E"

    @property
    def clients(self) -> bool:
        """Say whether the client itself has opened a block."""
        return self.open and not self._own

    @property
    def status(self) -> bytes:
        """What ReadyForQuery tells the client."""
        return b"T" if self._held else self._backend.status

    def begin(self) -> bool:
        """Open the client's block; False if it has one already."""
        if self.clients:
            return False
        if not self._own:
            self._held = True
        self._own = False
        return True

    async def end(self, tag: str) -> str | None:
        """Close the client's block; return what became of it, None if there is none."""
        self._own = False
        if self._held:
            self._held = False
            return tag
        if not self.open:
            return None
        return (await self._backend.execute(tag)).tag

    async def enter(self) -> None:
        """Tell PostgreSQL of a BEGIN that was held back."""
        if self._held:
            self._held = False
            await self._backend.execute("begin")

    def hold_own(self) -> None:
        """Open a block of our own at the next statement that needs one."""
        if not self.open:
            self._held = self._own = True

    async def enter_own(self) -> None:
        """Make sure that a block is open, the client's or our own."""
        self.hold_own()
        await self.enter()

    async def close_own(self) -> None:
        """End the block that the client does not know of."""
        if not self._own:
            return
        self._own = False
        if self._held:
            self._held = False
        elif self.open:
            await self._backend.execute("rollback" if self.failed else "commit")

    async def commit(self) -> None:
        """Commit whatever is open, as TRUNCATE does."""
        if self.open and not self.failed:
            await self._backend.execute("commit")
            self._own = False

    async def fail(self) -> None:
        """Fail the block, as a statement that never reached PostgreSQL must."""
        await self.enter()
        await self._backend.fail_block()
