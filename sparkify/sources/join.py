"""Makes source files readable for an engine, wherever they come from.

Small ones are joined line by line, since engines are slow at many tiny files; what is
compressed, or lies in a store, is written to the spool; a large plain file of this
machine is read where it lies.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from sparkify.sources.files import (
    MAX_RECORD_BYTES,
    PLAIN,
    TOO_LONG,
    Input,
    SourceFile,
    is_local,
)
from sparkify.sources.inflate import MAGIC, MAGIC_BYTES, DamagedError, inflate
from sparkify.sources.spool import Spool

if TYPE_CHECKING:
    from hashlib import _Hash

JOIN_BELOW = 1024 * 1024
_JOINED_BYTES = 64 * 1024 * 1024
_FLUSH_BYTES = 4 * 1024 * 1024

_LONGEST = len(b'": nul')
_NEWLINE = ord("\n")
_PATTERN = re.compile(r"[*?\[]")

Content = bytes | Iterator[bytes]
"""A small file whole, a large one in chunks; as stored."""


class Extracted(NamedTuple):
    """The inputs for an engine, and by URI the SHA-256 of each file in hexadecimal.

    `damaged` says what is wrong with files that are in no input.
    """

    inputs: list[Input]
    hashes: dict[str, str]
    damaged: dict[SourceFile, str]


class _Part(NamedTuple):
    """A file within an input: its lines, and its bytes there."""

    file: SourceFile
    lines: int
    size: int


def share_of(files: Iterable[SourceFile]) -> int:
    """Bytes of a joined input, so that all are about equal: each keeps a slice busy."""
    total = sum(file.bytes for file in files if file.bytes < JOIN_BELOW)
    return -(-total // max(1, total // _JOINED_BYTES))


def extract(
    contents: Iterable[tuple[SourceFile, Content]],
    spool: Spool,
    share: int = _JOINED_BYTES,
) -> Extracted:
    """Make the files readable, small ones joined to inputs of `share` bytes.

    Raises SourceChanged, SourceError.
    """
    inputs, hashes, damaged = done = Extracted([], {}, {})
    joined: _Joined | None = None
    numbers = count()
    for file, content in contents:
        try:
            if isinstance(content, bytes):
                if joined is None or not joined.takes(file, share):
                    inputs += _closed(joined)
                    joined = _Joined(file.dataset, next(numbers), spool)
                joined.add(file, content, hashes)
            else:
                inputs += _closed(joined)
                joined = None
                inputs.append(_large(file, content, hashes, spool, next(numbers)))
        except DamagedError as error:
            damaged[file] = str(error)
    inputs += _closed(joined)
    return done


def hash_of(content: Content) -> str:
    """SHA-256 in hexadecimal."""
    digest = sha256()
    for chunk in (content,) if isinstance(content, bytes) else content:
        digest.update(chunk)
    return digest.hexdigest()


class _Joined:
    """Small files of a dataset, one after the other in a file of the spool."""

    def __init__(self, dataset: str, number: int, spool: Spool) -> None:
        self._path = spool.path / f"{number}-{dataset}.json"
        self._dataset = dataset
        self._spool = spool
        self._parts: list[_Part] = []
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._size = 0
        self._last = b""
        self._values = 0
        self._flushed = b""

    def takes(self, file: SourceFile, share: int) -> bool:
        """Whether the file may be joined to those that are here."""
        return file.dataset == self._dataset and self._size < share

    def add(self, file: SourceFile, data: bytes, hashes: dict[str, str]) -> None:
        """Join a file, ending its last line."""
        hashes[file.uri] = sha256(data).hexdigest()
        if data.startswith(MAGIC):
            self._add_pieces(file, inflate([data]))
            return
        lines, size = data.count(b"\n"), len(data)
        self._buffer.append(data)
        if size and data[-1] != _NEWLINE:
            self._buffer.append(b"\n")
            lines += 1
            size += 1
        self._parts.append(_Part(file, lines, size))
        self._count(size)

    def _add_pieces(self, file: SourceFile, pieces: Iterator[bytes]) -> None:
        start = self._size
        try:
            part, _ = _measured(file, _each(self._write, pieces))
        except DamagedError:
            self._cut(start)
            raise
        if part.size and self._last[-1] != _NEWLINE:
            self._write(b"\n")
            part = part._replace(size=part.size + 1)
        self._parts.append(part)

    def close(self) -> list[Input]:
        """What was joined, if anything was."""
        if not self._parts:
            return []
        self._flush()
        return [_input(self._dataset, str(self._path), self._parts, self._values)]

    def _cut(self, size: int) -> None:
        """Take back what was written after the first `size` bytes."""
        self._flush()
        os.truncate(self._path, size)
        self._size = size

    def _write(self, data: bytes) -> None:
        self._buffer.append(data)
        self._last = data
        self._count(len(data))

    def _count(self, size: int) -> None:
        self._size += size
        self._buffered += size
        if self._buffered >= _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        joined = b"".join(self._buffer)
        with self._path.open("ab", buffering=0) as stream:
            _write(stream, joined, self._spool)
        # Of many files at once. What is cut off later counts too: that does no harm.
        self._values += _values(joined) + _values_across(self._flushed, joined)
        self._flushed = (self._flushed + joined[-_LONGEST:])[-_LONGEST:]
        self._buffer.clear()
        self._buffered = 0


def _closed(joined: _Joined | None) -> list[Input]:
    return joined.close() if joined else []


def _large(
    file: SourceFile,
    chunks: Iterator[bytes],
    hashes: dict[str, str],
    spool: Spool,
    number: int,
) -> Input:
    """A large file: left where it is if an engine can read it there, else spooled.

    Raises DamagedError, having read it to its end all the same.
    """
    digest = sha256()
    head = next(chunks, b"")
    while len(head) < MAGIC_BYTES and (more := next(chunks, b"")):
        head += more
    stored = _digested(head, chunks, digest)
    damage: DamagedError | None = None
    if _is_readable_in_place(file) and not head.startswith(MAGIC):
        path = file.uri
        part, values = _measured(file, stored)
    else:
        target = spool.path / f"{number}-{file.dataset}.json"
        path = str(target)
        try:
            with target.open("xb", buffering=0) as stream:
                write = partial(_write, stream, spool=spool)
                part, values = _measured(file, _each(write, inflate(stored)))
        except DamagedError as error:
            damage = error
    # What is left counts: for the hash, and for whether the file is what was listed.
    deque(stored, maxlen=0)
    hashes[file.uri] = digest.hexdigest()
    if damage:
        raise damage
    return _input(file.dataset, path, [part], values)


def _is_readable_in_place(file: SourceFile) -> bool:
    # Engines go by names: for compression, and for patterns in them.
    return is_local(file) and file.uri.endswith(PLAIN) and not _PATTERN.search(file.uri)


def _digested(head: bytes, chunks: Iterator[bytes], digest: _Hash) -> Iterator[bytes]:
    digest.update(head)
    yield head
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _each(act: Callable[[bytes], None], pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        act(piece)
        yield piece


def _write(stream: BinaryIO, data: bytes, spool: Spool) -> None:
    spool.claim(len(data))
    # An unbuffered stream may take less than it is given.
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _measured(file: SourceFile, pieces: Iterable[bytes]) -> tuple[_Part, int]:
    """The file's part, and its values; TOO_LONG lines where a record is too long."""
    lines = size = unended = longest = values = 0
    before = b""
    for piece in pieces:
        values += _values(piece) + _values_across(before, piece)
        before = piece
        lines += piece.count(b"\n")
        size += len(piece)
        first = piece.find(b"\n")
        unended += first if first >= 0 else len(piece)
        longest = max(longest, unended)
        if first >= 0:
            unended = len(piece) - piece.rfind(b"\n") - 1
    lines = TOO_LONG if longest > MAX_RECORD_BYTES else lines + (unended > 0)
    return _Part(file, lines, size), values


def _values(data: bytes) -> int:
    """How many keys have a value that is not null, as far as bytes can tell.

    What looks like a key inside of a text counts too, so that the number is never too
    low in JSON without blanks before its colons.
    """
    nulls = data.count(b'":null')
    # Nulls after a blank are looked for where there are such blanks at the beginning;
    # elsewhere they make the number too high, which does no harm.
    if b'": ' in data[:1024]:
        nulls += data.count(b'": null')
    return data.count(b'":') - nulls


def _values_across(before: bytes, piece: bytes) -> int:
    """As `_values`, of what is cut in two between pieces."""
    end, begin = before[-_LONGEST:], piece[:_LONGEST]
    return _values(end + begin) - _values(end) - _values(begin)


def _input(dataset: str, path: str, parts: list[_Part], values: int) -> Input:
    files, records, sizes = zip(*parts, strict=True)
    return Input(dataset, path, files, records, sizes=sizes, values=values)
