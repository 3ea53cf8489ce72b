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
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, NamedTuple, Protocol

from sparkify.errors import SourceChanged
from sparkify.sources.files import MAX_RECORD_BYTES, Input, SourceFile

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
    1; `reason` is why it is no record, else empty; `raw` its text, of which a reject
    keeps the beginning; `raw_bytes` its full length.
    """

    position: int
    line: int
    reason: str
    raw: str
    raw_bytes: int


def rewrite(
    source: Input,
    keys: frozenset[str],
    spool: Path,
    without: Collection[SourceFile] = (),
) -> Input:
    """Split the files of an input into a strict input: a record a line, in `spool`.

    What is split is what the engine's reader was given, not the source once more.
    Raises SourceChanged when that was a file in its place, and has vanished.
    """
    try:
        return _rewrite(source.origin or source, keys, spool, without)
    except FileNotFoundError as error:
        raise SourceChanged(
            f"{error.filename}: vanished while it was read; run again."
        ) from None


def _rewrite(
    plain: Input, keys: frozenset[str], spool: Path, without: Collection[SourceFile]
) -> Input:
    sizes = plain.sizes or tuple(file.bytes for file in plain.files)
    files: list[SourceFile] = []
    counts: list[int] = []
    at = 0
    with (
        # Not by the name of what is read: files of two folders may have the same.
        NamedTemporaryFile(
            "w", dir=spool, suffix=".json", encoding="utf-8", delete=False
        ) as out,
        Path(plain.path).open("rb") as stream,
    ):
        for file, size in zip(plain.files, sizes, strict=True):
            if file not in without:
                stream.seek(at)
                files.append(file)
                counts.append(0)
                for record in split(_Stretch(stream, size), keys):
                    out.write(_spooled(file.uri, record))
                    counts[-1] += 1
            at += size
    return Input(
        plain.dataset,
        out.name,
        tuple(files),
        tuple(counts),
        strict=True,
        origin=plain,
    )


def split(stream: _Readable, keys: frozenset[str]) -> Iterator[Record]:
    """The records of a file, in order; `keys` are those that may stand only once."""
    window = _Window(stream)
    while window.skip_blank():
        window.fill()
        end, reason = _next(window, keys)
        if end:
            yield window.take(end, reason)
        else:
            yield window.take_garbage()


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
        self._ended = False
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._position = 0
        self._line = 1
        self.fill()
        if self.text.startswith("\ufeff"):
            self._skip(1)

    def fill(self) -> None:
        """Have the longest possible record in sight, or the end of the file."""
        if self._ended or len(self.text) - self.at > MAX_RECORD_BYTES:
            return
        self.text, self.at = self.text[self.at :], 0
        while not self._ended and len(self.text) <= MAX_RECORD_BYTES:
            chunk = self._stream.read(MAX_RECORD_BYTES)
            self._ended = not chunk
            self.text += self._decoder.decode(chunk, final=self._ended)

    def skip_blank(self) -> bool:
        """Go to the next record; False at the end of the file."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            assert blank
            self._skip(blank.end())
            if self.at < len(self.text):
                return True
            if self._ended:
                return False
            self.fill()

    def take(self, end: int, reason: str) -> Record:
        """The text up to `end` as a record."""
        position, line = self._position, self._line
        raw = self.text[self.at : end]
        self._skip(end)
        return Record(position, line, reason, raw, self._position - position)

    def take_garbage(self) -> Record:
        """The text up to the next line that may begin a record, however far it is."""
        position, line = self._position, self._line
        raw, size = "", 0
        while True:
            resume = _RESUME.search(self.text, self.at)
            end = resume.end() if resume else len(self.text)
            part = self.text[self.at : end].rstrip() if resume or self._ended else ""
            part = part or self.text[self.at : end]
            raw += part[: RAW_CHARACTERS - len(raw)]
            size = self._position - position + _length(part)
            self._skip(end)
            if resume or self._ended:
                break
            self.fill()
        reason = "too large" if size > MAX_RECORD_BYTES else "not JSON"
        return Record(position, line, reason, raw, size)

    def _skip(self, end: int) -> None:
        skipped = self.text[self.at : end]
        self._position += _length(skipped)
        self._line += skipped.count("\n")
        self.at = end


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _next(window: _Window, keys: frozenset[str]) -> tuple[int, str]:
    """Where the record that begins here ends, and why it is none; 0 for garbage."""
    try:
        value, end = _DECODER.raw_decode(window.text, window.at)
    except (ValueError, RecursionError):
        return _line(window, keys)
    return end, _fault(value, window.text[window.at : end], keys)


def _line(window: _Window, keys: frozenset[str]) -> tuple[int, str]:
    """As `_next`, where strict JSON has failed: is the line what the engine accepts?"""
    newline = window.text.find("\n", window.at)
    end = len(window.text) if newline < 0 else newline
    line = window.text[window.at : end]
    try:
        plain = _NO_NUMBER.sub(_or("null"), _TRAILING_COMMA.sub(_or(""), line))
        value = _DECODER.decode(plain)
    except (ValueError, RecursionError):
        return 0, ""
    return window.at + len(line.rstrip()), _fault(value, line, keys)


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
    raw = record.raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    head = json.dumps(
        {
            "uri": uri,
            "position": record.position,
            "line": record.line,
            "reason": record.reason or None,
            "raw_record": raw.replace("\0", "\ufffd")[:RAW_CHARACTERS],
            "raw_bytes": record.raw_bytes,
        }
    )
    if record.reason:
        return head + "\n"
    flat = record.raw.replace("\n", " ").replace("\r", " ")
    return f'{head[:-1]}, "record": {flat}}}\n'


# Numbers stay text: Python refuses integers of more than 4,300 digits.
_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str)
