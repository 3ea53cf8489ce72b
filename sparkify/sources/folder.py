"""Source files in a folder of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from operator import itemgetter

from sparkify.errors import SourceChanged, SourceError
from sparkify.sources.files import (
    EVERYTHING,
    HIDDEN,
    Input,
    Selection,
    SourceFile,
    is_local,
)
from sparkify.sources.join import JOIN_BELOW, Content

_LIMIT = 2**63
_CHUNK = 256 * 1024  # small enough to be hashed and counted in the cache


def discover(
    dataset: str, folder: str, data: Selection = EVERYTHING, after: str = ""
) -> Iterator[SourceFile]:
    """The data files below `folder`, in byte order of their paths, from `after` on.

    Raises SourceError when a folder cannot be read.
    """
    root = absolute(folder)
    if os.path.isfile(root):
        status = os.stat(root)
        yield SourceFile(dataset, root, status.st_size, _modified_at(status))
        return
    start = len(root.rstrip("/")) + 1
    for entry in _walk(root, after):
        path = entry.path
        if data.takes(path, path[start:]) and (file := _file(dataset, entry)):
            yield file


def absolute(folder: str) -> str:
    """A folder as the URIs of its files begin."""
    return os.path.abspath(folder)


def _walk(root: str, after: str) -> Iterator[os.DirEntry[str]]:
    """The files below `root`, in byte order of their paths, from `after` on."""
    waiting = [_children(root, frozenset())]
    while waiting:
        for entry, above in waiting[-1]:
            if above is None:
                if entry.path > after:
                    yield entry
            elif entry.path + "0" > after:  # `0` is the sign after `/`
                waiting.append(_children(entry.path, above))
                break
        else:
            waiting.pop()


def _children(
    folder: str, above: frozenset[str]
) -> Iterator[tuple[os.DirEntry[str], frozenset[str] | None]]:
    """What is in a folder, in order; a folder comes with the folders it is in."""
    real = os.path.realpath(folder)
    if real in above:
        raise SourceError(f"{folder}: is a link to a folder above it; remove the link.")
    here = above | {real}
    for name, entry in _entries(folder):
        yield entry, here if name.endswith("/") else None


def _file(dataset: str, entry: os.DirEntry[str]) -> SourceFile | None:
    """The entry as a source file; None when it has vanished or is none."""
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
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return SourceFile(dataset, entry.path, status.st_size, _modified_at(status))


def _entries(folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Entries by name; a folder's ends in `/`, so that whole paths are in order."""
    try:
        with os.scandir(folder) as entries:
            named = [
                (entry.name + "/" if entry.is_dir() else entry.name, entry)
                for entry in entries
                if not entry.name.startswith(HIDDEN)
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
    return sorted(named, key=itemgetter(0))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, Content]]:
    """The files as they are stored, in order. Raises SourceChanged, SourceError."""
    for file in files:
        if file.bytes < JOIN_BELOW:
            yield file, _whole(file)
        else:
            yield file, _chunks(file)


def verify_unchanged(inputs: Iterable[Input]) -> None:
    """Raise SourceChanged when a file that was read in place is another now."""
    for each in inputs:
        read = each.origin or each
        for file in each.files:
            if read.path == file.uri and is_local(file):
                try:
                    _verify(file, os.stat(file.uri))
                except OSError as error:
                    raise _unreadable(file, error) from None


def _whole(file: SourceFile) -> bytes:
    try:
        descriptor = os.open(file.uri, os.O_RDONLY)
        try:
            data = os.read(descriptor, file.bytes + 1)
            while len(data) < file.bytes and (more := os.read(descriptor, _CHUNK)):
                data += more
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(file, error) from None
    # As _verify, which is another call for each of 100,000 files.
    if (
        len(data) != file.bytes
        or status.st_size != file.bytes
        or _modified_at(status) != file.modified_at
    ):
        raise _changed(file)
    return data


def _chunks(file: SourceFile) -> Iterator[bytes]:
    try:
        with open(file.uri, "rb", buffering=0) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
            _verify(file, os.fstat(stream.fileno()))
    except OSError as error:
        raise _unreadable(file, error) from None


def _verify(file: SourceFile, status: os.stat_result) -> None:
    if status.st_size != file.bytes or _modified_at(status) != file.modified_at:
        raise _changed(file)


def _changed(file: SourceFile) -> SourceChanged:
    return SourceChanged(f"{file.uri}: changed while it was read; run again.")


def _modified_at(status: os.stat_result) -> int:
    """Nanoseconds since 1970, as far as a BIGINT goes: to the year 2262."""
    time = status.st_mtime_ns
    return time if -_LIMIT <= time < _LIMIT else min(max(time, -_LIMIT), _LIMIT - 1)


def _unreadable(file: SourceFile, error: OSError) -> SourceError | SourceChanged:
    if isinstance(error, FileNotFoundError):
        return SourceChanged(f"{file.uri}: vanished before it was read; run again.")
    return SourceError(f"{file.uri}: cannot be read: {error.strerror}.")
