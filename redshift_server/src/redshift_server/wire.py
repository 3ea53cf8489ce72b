"""Messages of the PostgreSQL protocol: framing, reading, building."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from typing import NamedTuple

from redshift_server.errors import RedshiftError
from redshift_server.names import lengthen

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 196608

_LENGTH = struct.Struct("!I")
_CHUNK = 1 << 18


class Message(NamedTuple):
    """One message: its type byte and its body."""

    kind: bytes
    body: bytes

    def encode(self) -> bytes:
        """Return the message as it travels."""
        return encode(self.kind, self.body)


def encode(kind: bytes, body: bytes = b"") -> bytes:
    """Frame a message."""
    return kind + _LENGTH.pack(len(body) + 4) + body


class MessageReader:
    """Cuts a byte stream into messages, many per read."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._buffer = b""
        self._at = 0

    async def read(self) -> Message:
        """Return the next message; raise IncompleteReadError at the end."""
        await self._have(5)
        (length,) = _LENGTH.unpack_from(self._buffer, self._at + 1)
        await self._have(length + 1)
        start, self._at = self._at, self._at + length + 1
        return Message(
            self._buffer[start : start + 1], self._buffer[start + 5 : self._at]
        )

    async def _have(self, size: int) -> None:
        while len(self._buffer) - self._at < size:
            chunk = await self._stream.read(_CHUNK)
            if not chunk:
                raise asyncio.IncompleteReadError(self._buffer[self._at :], size)
            self._buffer = self._buffer[self._at :] + chunk
            self._at = 0


def cstring(text: str) -> bytes:
    """Encode a zero-terminated string."""
    return text.encode() + b"\0"


def take_cstring(body: bytes, at: int = 0) -> tuple[str, int]:
    """Return the zero-terminated string at a position and the position after it."""
    end = body.index(b"\0", at)
    return body[at:end].decode(), end + 1


def ready(status: bytes) -> bytes:
    """Build ReadyForQuery: b"I" idle, b"T" in a block, b"E" in a failed block."""
    return encode(b"Z", status)


def complete(tag: str) -> bytes:
    """Build CommandComplete."""
    return encode(b"C", cstring(tag))


def parameter_status(name: str, value: str) -> bytes:
    """Build ParameterStatus."""
    return encode(b"S", cstring(name) + cstring(value))


def query(sql: str) -> bytes:
    """Build a simple Query."""
    return encode(b"Q", cstring(sql))


def error(problem: RedshiftError) -> bytes:
    """Build ErrorResponse."""
    fields = {
        "S": "FATAL" if problem.fatal else "ERROR",
        "C": problem.sqlstate,
        "M": problem.message,
        "D": problem.detail,
        "H": problem.hint,
    }
    return encode(b"E", encode_fields(fields))


def notice(severity: str, message: str) -> bytes:
    """Build NoticeResponse."""
    return encode(b"N", encode_fields({"S": severity, "C": "00000", "M": message}))


def encode_fields(fields: Mapping[str, str]) -> bytes:
    """Encode the fields of an error or notice, leaving out empty ones."""
    return (
        b"".join(
            key.encode() + cstring(lengthen(text))
            for key, text in fields.items()
            if text
        )
        + b"\0"
    )


def decode_fields(body: bytes) -> dict[str, str]:
    """Decode the fields of an error or notice."""
    return {
        part[:1].decode(): part[1:].decode(errors="replace")
        for part in body.split(b"\0")
        if part
    }


def startup(parameters: Mapping[str, str]) -> bytes:
    """Build a StartupMessage."""
    body = _LENGTH.pack(PROTOCOL_3)
    for name, value in parameters.items():
        body += cstring(name) + cstring(value)
    body += b"\0"
    return _LENGTH.pack(len(body) + 4) + body


def decode_startup(body: bytes) -> dict[str, str]:
    """Decode the parameters of a StartupMessage (without its version)."""
    parts = [part.decode() for part in body.split(b"\0")]
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return {name: value for name, value in pairs if name}


def decode_columns(body: bytes) -> list[tuple[str, int]]:
    """Return name and type number of each column of a RowDescription."""
    (count,) = struct.unpack_from("!H", body)
    columns, at = [], 2
    for _ in range(count):
        name, at = take_cstring(body, at)
        columns.append((name, struct.unpack_from("!I", body, at + 6)[0]))
        at += 18
    return columns
