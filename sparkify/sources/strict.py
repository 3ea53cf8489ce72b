"""The strict reader: splits a file into records where a reader by lines cannot.

Only files that the engine's own reader refuses come here. A record is one JSON value:
several may stand on a line, one may go over several lines. Where none parses, reading
resumes at the next line whose first non-blank is `{`; the text between is one reject.
What the engine's reader accepts on a line is accepted here too, so that a record meets
the same end whichever of the two reads it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from sparkify.sources.files import Input

MAX_RECORD_BYTES = 4 * 1024 * 1024
RAW_CHARACTERS = 4096

_BLANK = re.compile(r"[ \t\r\n\f\v]*")
_RESUME = re.compile(r"\n[ \t\r]*(?=\{)")
# Both match strings too, so that what stands inside one is left alone.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_NO_NUMBER = re.compile(
    r'("(?:[^"\\]|\\.)*")|-?\b(?:nan|inf|infinity)\b', re.IGNORECASE
)


class Record(NamedTuple):
    """A record, or what stood where one should be.

    `position` is its first byte in the file's text, from 0; `line` its first line, from
    1; `reason` is why it is no record, else empty; `raw` its text.
    """

    position: int
    line: int
    reason: str
    raw: str


def rewrite(source: Input, keys: frozenset[str], spool: Path) -> Input:
    """Split the files of an input into a strict input: a record a line, in `spool`.

    What is split is what the engine's reader was given, not the source once more.
    """
    path = Path(spool, f"strict-{Path(source.path).name}")
    counts: list[int] = []
    sizes = source.sizes or tuple(file.bytes for file in source.files)
    with (
        path.open("w", encoding="utf-8") as out,
        Path(source.path).open("rb") as stream,
    ):
        for file, size in zip(source.files, sizes, strict=True):
            counts.append(0)
            for record in split(_Stretch(stream, size), keys):
                out.write(_spooled(file.uri, record))
                counts[-1] += 1
    return Input(source.dataset, str(path), source.files, tuple(counts), strict=True)


def split(stream: _Readable, keys: frozenset[str]) -> Iterator[Record]:
    """The records of a file, in order; `keys` are those that may stand only once."""
    window = _Window(stream)
    while window.skip_blank():
        end, reason = _next(window, keys)
        yield window.take(end, reason)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Stretch:
    """The next bytes of a stream, as if they were all of it."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data


class _Window:
    """The part of a file's text that is being read, and where it stands in the file."""

    def __init__(self, stream: _Readable) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._position = 0
        self._line = 1
        self.fill()
        if self.text.startswith("\ufeff"):
            self._skip(1)

    def fill(self) -> None:
        """Read on until the longest possible record is in sight, or the file ends."""
        self.text, self.at = self.text[self.at :], 0
        while not self.ended and len(self.text) < 2 * MAX_RECORD_BYTES:
            chunk = self._stream.read(MAX_RECORD_BYTES)
            self.ended = not chunk
            self.text += self._decoder.decode(chunk, final=self.ended)

    def enough(self) -> bool:
        """Whether more text could not change how the next record is read."""
        return self.ended or len(self.text) - self.at > MAX_RECORD_BYTES

    def skip_blank(self) -> bool:
        """Go to the next record; False at the end of the file."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            assert blank
            self._skip(blank.end())
            if self.at < len(self.text):
                return True
            if self.ended:
                return False
            self.fill()

    def take(self, end: int, reason: str) -> Record:
        """The text up to `end` as a record."""
        record = Record(
            self._position, self._line, reason, self.text[self.at : end].rstrip()
        )
        self._skip(end)
        return record

    def _skip(self, end: int) -> None:
        skipped = self.text[self.at : end]
        self._position += len(skipped.encode("utf-8", "surrogateescape"))
        self._line += skipped.count("\n")
        self.at = end


def _next(window: _Window, keys: frozenset[str]) -> tuple[int, str]:
    """Where the record that begins here ends, and why it is no record."""
    try:
        value, end = _DECODER.raw_decode(window.text, window.at)
    except (ValueError, RecursionError):
        if not window.enough():
            window.fill()
            return _next(window, keys)
        return _by_line(window, keys)
    if end == len(window.text) and not window.ended:
        window.fill()
        return _next(window, keys)
    return end, _fault(value, window.text[window.at : end], keys)


def _by_line(window: _Window, keys: frozenset[str]) -> tuple[int, str]:
    """As `_next`, where strict JSON has failed: is the line what the engine accepts?"""
    newline = window.text.find("\n", window.at)
    end = len(window.text) if newline < 0 else newline
    line = window.text[window.at : end]
    try:
        plain = _NO_NUMBER.sub(_or("null"), _TRAILING_COMMA.sub(_or(""), line))
        value = json.loads(plain, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        resume = _RESUME.search(window.text, window.at)
        return (resume.end() if resume else len(window.text)), "not JSON"
    return end, _fault(value, line, keys)


def _or(text: str) -> Callable[[re.Match[str]], str]:
    """For re.sub: a string stays, what stands outside of strings becomes `text`."""
    return lambda found: found[1] or text


def _fault(value: object, raw: str, keys: frozenset[str]) -> str:
    if not isinstance(value, tuple):
        return "not an object"
    names = [name for name, _ in value]
    for name in names:
        if name in keys and names.count(name) > 1:
            return f"repeated key: {name}"
    try:
        if len(raw.encode()) > MAX_RECORD_BYTES:
            return "too large"
        if "\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "not UTF-8"
    return ""


def _spooled(uri: str, record: Record) -> str:
    """A line of a strict input. A record has no line ends but between its tokens."""
    raw = record.raw.encode("utf-8", "surrogateescape")
    head = json.dumps(
        {
            "uri": uri,
            "position": record.position,
            "line": record.line,
            "reason": record.reason or None,
            "raw": raw.decode("utf-8", "replace").replace("\0", "\ufffd")[
                :RAW_CHARACTERS
            ],
            "raw_bytes": len(raw),
        }
    )
    if record.reason:
        return head + "\n"
    flat = record.raw.replace("\n", " ").replace("\r", " ")
    return f'{head[:-1]}, "record": {flat}}}\n'


_DECODER = json.JSONDecoder(object_pairs_hook=tuple)
