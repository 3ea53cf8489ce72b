"""Names of up to 127 bytes in a PostgreSQL that cuts them at 63.

A longer name goes to PostgreSQL as its beginning and a hash of it, and comes back to
clients whole: in columns and messages by `lengthen`, in the views of the catalogue by
pg_catalog.redshift_long_names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from redshift_server.errors import RedshiftError

MAX_BYTES = 127
_POSTGRES_BYTES = 63
_HASH_DIGITS = 10

# A short name tells its long one in every session: it depends on nothing else.
_LONG: dict[str, str] = {}


def shorten(name: str) -> str:
    """Return the name that PostgreSQL is given."""
    data = name.encode()
    if len(data) > MAX_BYTES:
        raise RedshiftError("42622", f'identifier "{name}" is longer than 127 bytes')
    if len(data) <= _POSTGRES_BYTES:
        return name
    head = data[: _POSTGRES_BYTES - _HASH_DIGITS - 1].decode(errors="ignore")
    short = f"{head}~{hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]}"
    _LONG[short] = name
    return short


def lengthen(text: str) -> str:
    """Return a text with the names that clients know."""
    if "~" in text:
        for short, name in list(_LONG.items()):
            text = text.replace(short, name)
    return text


def shortened(names: Iterable[str]) -> dict[str, str]:
    """Return the long name of each short one."""
    return {name: _LONG[name] for name in names if name in _LONG}
