"""Source files in a folder of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sparkify.errors import SourceChanged, SourceError
from sparkify.sources.files import (
    MAX_RECORD_BYTES,
    TOO_LONG,
    Input,
    SourceFile,
    batches,
)

SUFFIXES = (".json", ".jsonl", ".ndjson")
_JOIN_BELOW = 1024 * 1024
_JOINED_BYTES = 64 * 1024 * 1024
_CHUNK = 256 * 1024  # small enough to be hashed and counted in the cache


def discover(dataset: str, folder: str) -> Iterator[SourceFile]:
    """The data files below `folder`, in byte order of their paths.

    Hidden files, and names that do not end like JSON, are no data files.
    Raises SourceError when a folder cannot be read.
    """
    root = os.path.abspath(folder)
    if os.path.isfile(root):
        status = os.stat(root)
        yield SourceFile(dataset, root, status.st_size, status.st_mtime_ns)
        return
    yield from _walk(dataset, root, frozenset())


def _walk(dataset: str, folder: str, above: frozenset[str]) -> Iterator[SourceFile]:
    real = os.path.realpath(folder)
    if real in above:
        raise SourceError(f"{folder}: is a link to a folder above it; remove the link.")
    for name, entry in _entries(folder):
        if name.endswith("/"):
            yield from _walk(dataset, entry.path, above | {real})
        elif name.endswith(SUFFIXES):
            yield from _file(dataset, entry)


def _file(dataset: str, entry: os.DirEntry[str]) -> Iterator[SourceFile]:
    """The entry as a source file; nothing when it has vanished or is none."""
    try:
        status = entry.stat()
    except OSError as error:
        if entry.is_symlink():
            raise SourceError(
                f"{entry.path}: is a link to a file that cannot be read; remove it."
            ) from None
        if not isinstance(error, FileNotFoundError):
            raise SourceError(
                f"{entry.path}: cannot be read: {error.strerror}."
            ) from None
        return
    if stat.S_ISREG(status.st_mode):
        yield SourceFile(dataset, entry.path, status.st_size, status.st_mtime_ns)


def _entries(folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Entries by name; a folder's ends in `/`, so that whole paths are in order."""
    try:
        with os.scandir(folder) as entries:
            named = [
                (entry.name + "/" if entry.is_dir() else entry.name, entry)
                for entry in entries
                if not entry.name.startswith(".")
            ]
    except OSError as error:
        raise SourceError(
            f"{folder}: cannot be read: {error.strerror}; check LOG_DATA and SONG_DATA."
        ) from None
    for name, _ in named:
        if not name.isprintable() and not _is_text(name):
            raise SourceError(
                f"{folder}: the name {name!r} is not valid UTF-8; rename the file."
            )
    return sorted(named, key=lambda pair: pair[0])


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def extract(files: list[SourceFile], spool: Path) -> tuple[list[Input], dict[str, str]]:
    """Make files readable for an engine: small ones joined in `spool`.

    Returns the inputs, and by URI the SHA-256 of each file in hexadecimal.
    Raises SourceChanged, SourceError.
    """
    hashes: dict[str, str] = {}
    inputs: list[Input] = []
    for dataset in ("songs", "events"):
        small = [f for f in files if f.dataset == dataset and f.bytes < _JOIN_BELOW]
        inputs += _join(dataset, small, spool, hashes)
        for file in files:
            if file.dataset == dataset and file.bytes >= _JOIN_BELOW:
                hashes[file.uri], lines = _scan(file)
                inputs.append(Input(dataset, file.uri, (file,), (lines,)))
    return inputs, hashes


def content_hash(file: SourceFile) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    return _scan(file)[0]


def verify_unchanged(inputs: list[Input]) -> None:
    """Raise SourceChanged when a file that an engine read in place is another now."""
    for each in inputs:
        for file in each.files:
            if each.path == file.uri:
                _verify(file, os.stat(file.uri))


def read_bytes(file: SourceFile) -> bytes:
    """The whole of a file. Raises SourceChanged, SourceError."""
    try:
        descriptor = os.open(file.uri, os.O_RDONLY)
        try:
            data = os.read(descriptor, file.bytes + 1)
            while len(data) <= file.bytes and (more := os.read(descriptor, _CHUNK)):
                data += more
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(file, error) from None
    if len(data) != file.bytes:
        raise SourceChanged(f"{file.uri}: changed while it was read; run again.")
    return data


def _join(
    dataset: str, files: list[SourceFile], spool: Path, hashes: dict[str, str]
) -> Iterator[Input]:
    """Join small files line by line: engines are slow at many tiny ones."""
    for number, group in enumerate(batches(files, _JOINED_BYTES)):
        records: list[int] = []
        path = spool / f"{dataset}-{number}.json"
        with open(path, "wb") as joined:
            for file in group:
                data = read_bytes(file)
                hashes[file.uri] = sha256(data).hexdigest()
                if data and not data.endswith(b"\n"):
                    data += b"\n"
                records.append(data.count(b"\n"))
                joined.write(data)
        yield Input(dataset, str(path), tuple(group), tuple(records))


def _scan(file: SourceFile) -> tuple[str, int]:
    """SHA-256 and number of lines, or TOO_LONG where one is too long for a record."""
    digest = sha256()
    lines = since_newline = longest = 0
    try:
        with open(file.uri, "rb", buffering=0) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                lines += chunk.count(b"\n")
                first = chunk.find(b"\n")
                since_newline += first if first >= 0 else len(chunk)
                longest = max(longest, since_newline)
                if first >= 0:
                    since_newline = len(chunk) - chunk.rfind(b"\n") - 1
            _verify(file, os.fstat(stream.fileno()))
    except OSError as error:
        raise _unreadable(file, error) from None
    if longest > MAX_RECORD_BYTES:
        return digest.hexdigest(), TOO_LONG
    return digest.hexdigest(), lines + (since_newline > 0)


def _verify(file: SourceFile, status: os.stat_result) -> None:
    if (status.st_size, status.st_mtime_ns) != (file.bytes, file.modified_at):
        raise SourceChanged(f"{file.uri}: changed while it was read; run again.")


def _unreadable(file: SourceFile, error: OSError) -> SourceError | SourceChanged:
    if isinstance(error, FileNotFoundError):
        return SourceChanged(f"{file.uri}: vanished before it was read; run again.")
    return SourceError(f"{file.uri}: cannot be read: {error.strerror}.")
