"""One connection to the PostgreSQL behind the server."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from redshift_server import wire
from redshift_server.errors import RedshiftError
from redshift_server.messages import to_redshift_error


@dataclass
class Result:
    """The rows of an internal query, as text."""

    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    tag: str = ""
    columns: list[str] = field(default_factory=list)


class Backend:
    """A logged-in back end; `status` is PostgreSQL's own transaction status."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._messages = wire.MessageReader(reader)
        self._writer = writer
        self._again: wire.Message | None = None
        self.status = b"I"
        self.key = b""

    @classmethod
    async def connect(cls, socket: Path, user: str, database: str) -> Backend:
        """Log in; raise the server's own refusal as a fatal error."""
        reader, writer = await asyncio.open_unix_connection(str(socket))
        backend = cls(reader, writer)
        backend.send(wire.startup({"user": user, "database": database}))
        try:
            async for message in backend.until_ready():
                if message.kind == b"K":
                    backend.key = message.body
                if message.kind == b"E":
                    problem = to_redshift_error(message.body)
                    problem.fatal = True
                    raise problem
        except BaseException:
            backend.abort()
            raise
        return backend

    @property
    def pid(self) -> int:
        """The process id that clients see."""
        pid: int = struct.unpack("!I", self.key[:4])[0]
        return pid

    def send(self, data: bytes) -> None:
        """Queue bytes for PostgreSQL."""
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait while PostgreSQL is slower than we are."""
        await self._writer.drain()

    def unread(self, message: wire.Message) -> None:
        """Put a message back; the next read returns it."""
        self._again = message

    async def read(self) -> wire.Message:
        """Return the next message, keeping track of the status."""
        if self._again is not None:
            message, self._again = self._again, None
            return message
        message = await self._messages.read()
        if message.kind == b"Z":
            self.status = message.body
        return message

    async def until_ready(self) -> AsyncIterator[wire.Message]:
        """Yield messages up to ReadyForQuery."""
        while True:
            message = await self.read()
            if message.kind == b"Z":
                return
            yield message

    async def execute(self, sql: str) -> Result:
        """Run internal SQL to its end; raise its error."""
        self.send(wire.query(sql))
        return await self.collect()

    async def columns(self, sql: str) -> list[str]:
        """Return the names of a query's columns without running it."""
        self.send(
            wire.encode(b"P", wire.cstring("") + wire.cstring(sql) + b"\0\0")
            + wire.encode(b"D", b"S" + wire.cstring(""))
            + wire.encode(b"S")
        )
        return (await self.collect()).columns

    async def collect(self) -> Result:
        """Read an answer up to ReadyForQuery; raise its error."""
        result = Result()
        problem: RedshiftError | None = None
        async for message in self.until_ready():
            if message.kind == b"D":
                result.rows.append(_texts(message.body))
            elif message.kind == b"T":
                result.columns = [name for name, _ in wire.decode_columns(message.body)]
            elif message.kind == b"C":
                result.tag = wire.take_cstring(message.body)[0]
            elif message.kind == b"E" and problem is None:
                problem = to_redshift_error(message.body)
        if problem is not None:
            raise problem
        return result

    async def fail_block(self) -> None:
        """Bring an open block into the failed state, as a refused statement must."""
        if self.status != b"T":
            return
        self.send(wire.query("refused"))
        async for _ in self.until_ready():
            pass

    async def close(self) -> None:
        """Say goodbye and wait until PostgreSQL has heard it."""
        if not self._writer.is_closing():
            self.send(wire.encode(b"X"))
            self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Cut the socket; PostgreSQL rolls back."""
        self._writer.transport.abort()


async def cancel(socket: Path, packet: bytes) -> None:
    """Pass a CancelRequest on."""
    _, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(packet)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def _texts(body: bytes) -> tuple[str | None, ...]:
    (count,) = struct.unpack_from("!H", body)
    at, values = 2, list[str | None]()
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[at : at + length].decode())
            at += length
    return tuple(values)
