"""The password exchange with a client: md5 or SCRAM-SHA-256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redshift_server import wire
from redshift_server.accounts import md5_verifier
from redshift_server.errors import RedshiftError

AUTH_OK = wire.encode(b"R", struct.pack("!I", 0))
_MECHANISM = "SCRAM-SHA-256"


@dataclass(frozen=True)
class Conversation:
    """The two directions of a client that is logging in."""

    send: Callable[[bytes], Awaitable[None]]
    receive: Callable[[], Awaitable[wire.Message]]

    async def ask(self, code: int, data: bytes = b"") -> bytes:
        """Send an authentication request and return the client's answer."""
        await self.send(wire.encode(b"R", struct.pack("!I", code) + data))
        message = await self.receive()
        if message.kind != b"p":
            raise RedshiftError("08P01", "expected password response", fatal=True)
        return message.body


async def authenticate(talk: Conversation, user: str, verifier: str | None) -> None:
    """Check the client's password; raise 28000 if it is wrong.

    An unknown user is asked too, so that an answer does not tell who exists.
    """
    stored = verifier or md5_verifier(user, secrets.token_hex(16))
    if stored.startswith("md5"):
        passed = await _md5(talk, stored)
    else:
        passed = await _scram(talk, stored)
    if not passed:
        raise RedshiftError(
            "28000", f'password authentication failed for user "{user}"', fatal=True
        )


async def _md5(talk: Conversation, stored: str) -> bool:
    salt = secrets.token_bytes(4)
    answer, _ = wire.take_cstring(await talk.ask(5, salt))
    digest = hashlib.md5(stored[3:].encode() + salt, usedforsecurity=False)
    return hmac.compare_digest(answer, "md5" + digest.hexdigest())


async def _scram(talk: Conversation, stored: str) -> bool:
    parameters, keys = stored.removeprefix(_MECHANISM + "$").split("$")
    iterations, salt = parameters.split(":")
    stored_key, server_key = (base64.b64decode(key) for key in keys.split(":"))
    answer = await talk.ask(10, wire.cstring(_MECHANISM) + b"\0")
    mechanism, at = wire.take_cstring(answer)
    if mechanism != _MECHANISM:
        raise RedshiftError("28000", "unknown SASL mechanism", fatal=True)
    first = answer[at + 4 :].decode()
    header, bare = _split_header(first)
    nonce = _attributes(bare)["r"] + secrets.token_urlsafe(18)
    challenge = f"r={nonce},s={salt},i={iterations}"
    final = (await talk.ask(11, challenge.encode())).decode()
    unsigned, _, proof_text = final.rpartition(",p=")
    given = _attributes(unsigned)
    message = f"{bare},{challenge},{unsigned}".encode()
    signature = hmac.digest(stored_key, message, "sha256")
    proof = base64.b64decode(proof_text)
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    good = (
        given.get("r") == nonce
        and given.get("c") == base64.b64encode(header.encode()).decode()
        and hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
    )
    if good:
        seal = base64.b64encode(hmac.digest(server_key, message, "sha256"))
        await talk.send(wire.encode(b"R", struct.pack("!I", 12) + b"v=" + seal))
    return good


def _split_header(first: str) -> tuple[str, str]:
    flag, authorization, bare = first.split(",", 2)
    return f"{flag},{authorization},", bare


def _attributes(text: str) -> dict[str, str]:
    return {part[0]: part[2:] for part in text.split(",")}
