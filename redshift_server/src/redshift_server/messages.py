"""PostgreSQL's messages turned into Redshift's: errors, types, parameters."""

from __future__ import annotations

import re
import struct

from redshift_server import wire
from redshift_server.errors import RedshiftError
from redshift_server.names import lengthen

# The parameters a Redshift cluster reports; all others of PostgreSQL stay inside.
REPORTED = {
    "DateStyle",
    "TimeZone",
    "client_encoding",
    "is_superuser",
    "session_authorization",
}
FIXED_PARAMETERS = {
    "server_version": "8.0.2",
    "server_encoding": "UNICODE",
    "client_encoding": "UNICODE",
    "padb_version": "1.0.90511",
    "padb_revision": "4e5f4fa",
    "max_numeric_precision": "38",
    "max_varchar_size": "65535",
}

# text has no meaning in Redshift but VARCHAR, nor bytea but VARBYTE; jsonb stands in
# for SUPER, and drivers know no HLLSKETCH.
_VARBYTE = 6551
_TYPES = {25: 1043, 17: _VARBYTE, 3802: 4000, 2935: 1043}

SERIALIZABLE_DETAIL = (
    "Serializable isolation violation on table - 100001, transactions forming the "
    "cycle are: 2001, 2002 (pid:{pid})"
)

_IDENTITY = re.compile(r'cannot insert a non-DEFAULT value into column "(.*)"')


def to_redshift_error(body: bytes) -> RedshiftError:
    """Translate an ErrorResponse of PostgreSQL."""
    fields = wire.decode_fields(body)
    sqlstate, message = fields.get("C", "XX000"), fields.get("M", "")
    detail, hint = fields.get("D", ""), fields.get("H", "")
    if sqlstate == "40001":
        # Redshift does not use 40001: clients must look at the text.
        return RedshiftError("XX000", "1023", detail=SERIALIZABLE_DETAIL.format(pid=0))
    if sqlstate == "21000" and "MERGE" in message:
        return RedshiftError(
            "XX000", "Found multiple matches to update the same tuple."
        )
    if sqlstate == "428C9" and (found := _IDENTITY.search(message)):
        return RedshiftError(
            "0A000", f"cannot set an identity column to a value: {found[1]}"
        )
    if sqlstate == "57014" and "user request" in message:
        message, detail = "Query canceled on user's request", ""
    if sqlstate == "57014" and "statement timeout" in message:
        message = "Query (0) cancelled on user's request"
    return RedshiftError(
        sqlstate, message, detail=detail, hint=hint, fatal=fields.get("S") == "FATAL"
    )


def to_redshift_notice(body: bytes) -> bytes:
    """Translate a NoticeResponse: what PostgreSQL notices, Redshift informs."""
    fields = wire.decode_fields(body)
    severity = "INFO" if fields.get("S") == "NOTICE" else fields.get("S", "INFO")
    return wire.notice(severity, fields.get("M", ""))


def to_redshift_columns(body: bytes) -> tuple[bytes, list[int]]:
    """Translate names and types of a RowDescription; say which columns are binary.

    Those are the ones of VARBYTE in text format.
    """
    (count,) = struct.unpack_from("!H", body)
    parts, at, binary = [body[:2]], 2, list[int]()
    for position in range(count):
        name, at = wire.take_cstring(body, at)
        field = bytearray(body[at : at + 18])
        (oid,) = struct.unpack_from("!I", field, 6)
        oid = _TYPES.get(oid, oid)
        struct.pack_into("!I", field, 6, oid)
        if oid == _VARBYTE and not any(field[16:18]):
            binary.append(position)
        parts += [wire.cstring(lengthen(name)), bytes(field)]
        at += 18
    return b"".join(parts), binary


def to_redshift_row(body: bytes, binary: list[int]) -> bytes:
    """Take PostgreSQL's mark off the hexadecimal digits of binary columns."""
    (count,) = struct.unpack_from("!H", body)
    parts, at = [body[:2]], 2
    for position in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        end = at + 4 + max(length, 0)
        if position in binary and length >= 0:
            digits = body[at + 4 : end].removeprefix(b"\\x")
            parts.append(struct.pack("!i", len(digits)) + digits)
        else:
            parts.append(body[at:end])
        at = end
    return b"".join(parts)


def to_redshift_parameter(body: bytes) -> bytes | None:
    """Translate a ParameterStatus; None if Redshift does not report it."""
    name, at = wire.take_cstring(body)
    value, _ = wire.take_cstring(body, at)
    if name not in REPORTED:
        return None
    return wire.parameter_status(name, FIXED_PARAMETERS.get(name, value))
