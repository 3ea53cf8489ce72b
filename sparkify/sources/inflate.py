"""Compressed source files, known by their first bytes: names are often wrong."""

from __future__ import annotations

import bz2
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

PIECE = 1024 * 1024
GZIP, BZIP2, ZSTD = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"
MAGIC = (GZIP, BZIP2, ZSTD)
MAGIC_BYTES = max(map(len, MAGIC))


class DamagedError(Exception):
    """The compressed bytes are broken, or end too early."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def compression(head: bytes) -> str:
    """The name of the compression that content begins with; empty for none."""
    for magic, (name, _) in _FORMATS.items():
        if head.startswith(magic):
            return name
    return ""


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The plain bytes, in pieces; those of no known compression as they come.

    No piece is large, whatever a few bytes may expand to. Raises DamagedError.
    """
    rest = iter(chunks)
    head = b""
    while len(head) < MAGIC_BYTES and (chunk := next(rest, b"")):
        head += chunk
    for magic, (name, make) in _FORMATS.items():
        if head.startswith(magic):
            yield from _inflated(name, make, head, rest)
            return
    if head:
        yield head
    yield from rest


def _inflated(
    name: str, make: Callable[[], _Decoder], data: bytes, rest: Iterator[bytes]
) -> Iterator[bytes]:
    decoder = make()
    try:
        while True:
            if piece := decoder.decompress(data, PIECE):
                yield piece
            data = b""
            if decoder.eof:
                # Several compressed streams may follow each other.
                data = decoder.unused_data or next(rest, b"")
                if not data.strip(b"\0"):
                    return
                decoder = make()
            elif decoder.needs_input and not (data := next(rest, b"")):
                raise DamagedError(f"its {name} data ends too early")
    except (OSError, zlib.error, _zstd_error()):
        raise DamagedError(f"its {name} data is broken") from None


class _Gzip:
    """zlib's decompressor in the shape of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._more = False

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._more

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        plain = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        # All input may be taken while some of the output is still inside.
        self._more = bool(self._zlib.unconsumed_tail) or len(plain) == max_length
        return plain


def _zstd() -> _Decoder:
    # Imported here: few files are compressed so.
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor()


def _zstd_error() -> type[Exception]:
    """The library's error, where it was in use at all."""
    for module in ("compression.zstd", "backports.zstd"):
        if module in sys.modules:
            error: type[Exception] = sys.modules[module].ZstdError
            return error
    return zlib.error


_FORMATS: dict[bytes, tuple[str, Callable[[], _Decoder]]] = {
    GZIP: ("gzip", _Gzip),
    BZIP2: ("bzip2", bz2.BZ2Decompressor),
    ZSTD: ("zstd", _zstd),
}
