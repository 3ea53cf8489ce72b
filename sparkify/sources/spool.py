"""The folder where a run keeps what it read: private, bounded, gone afterwards.

A run that is killed cannot clean up after itself, so the next one does. Whose spool is
still in use, a lock tells that ends with its process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparkify.errors import SourceError

_PREFIX = "sparkify-spool-"
_LOCK = "lock"
_ABANDONED_AFTER = 3600.0


class Spool:
    """A folder that takes no more than `limit` bytes."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self._limit = limit
        self._used = 0

    def claim(self, size: int) -> None:
        """Count bytes before they are written. Raises SourceError over the limit."""
        self._used += size
        if self._used > self._limit:
            raise SourceError(
                f"{self.path.parent}: the files read at once take more than "
                f"{self._limit:,} bytes there; raise [LOAD] SPOOL_BYTES, "
                "or lower [LOAD] BATCH_BYTES."
            )


@contextmanager
def spool(folder: Path | None, limit: int) -> Iterator[Spool]:
    """A spool below `folder`, by default the system's temporary one.

    Raises SourceError when it cannot be made or is full.
    """
    try:
        parent = folder or Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise SourceError(
            "No temporary folder can be written to; name one in [LOAD] SPOOL_FOLDER."
        ) from None
    try:
        sweep(parent)
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        raise _unusable(parent, error) from None
    lock = os.open(path / "new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Under this name no other run ever sees it without its holder.
        (path / "new").rename(path / _LOCK)
        yield Spool(path, limit)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise _unusable(parent, error) from None
        raise
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep(folder: Path) -> None:
    """Remove the spools of runs that are no more."""
    with os.scandir(folder) as entries:
        found = [e for e in entries if e.name.startswith(_PREFIX)]
    for entry in found:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False) and _is_ours(entry):
                _remove_abandoned(Path(entry.path))


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return entry.stat(follow_symlinks=False).st_uid == os.getuid()


def _remove_abandoned(path: Path) -> None:
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        # Just being made; or its maker was killed between two of its first steps.
        if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
            shutil.rmtree(path, ignore_errors=True)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


def _unusable(folder: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{folder}: cannot hold the files that are read: {error.strerror}; "
        "name a folder with more room in [LOAD] SPOOL_FOLDER."
    )
