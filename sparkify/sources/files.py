"""What a source file is, and the order in which files are loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

# Redshift refuses a longer record, so every engine does.
MAX_RECORD_BYTES = 4 * 1024 * 1024
# A number of lines that no engine finds, so that the strict reader has to look.
TOO_LONG = -1

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})[^/]*$")


class SourceFile(NamedTuple):
    """One version of a source file, as discovered.

    `modified_at` is in nanoseconds since 1970; `revision` is the number of versions of
    this file that were loaded before.
    """

    dataset: str
    uri: str
    bytes: int
    modified_at: int
    etag: str | None = None
    revision: int = 0


@dataclass(frozen=True)
class Input:
    """A local file that an engine reads: a source file, or several joined.

    `records` has the number of records of each file: its lines, while the files are
    taken to be clean. A `strict` input was split into records by the strict reader: a
    line of it holds a record, with where it was found.
    """

    dataset: str
    path: str
    files: tuple[SourceFile, ...]
    records: tuple[int, ...]
    strict: bool = False

    @property
    def lines(self) -> int:
        """Records in all."""
        return sum(self.records)


def batches(
    files: Iterable[SourceFile], batch_bytes: int
) -> Iterator[list[SourceFile]]:
    """Group files into batches of one revision and at most `batch_bytes`.

    A batch has one file at least. Songs come before logs; then files go by the date in
    their name, else of their modification.
    """
    batch: list[SourceFile] = []
    size = 0
    for file in sorted(files, key=_position):
        if batch and (
            size + file.bytes > batch_bytes or file.revision != batch[0].revision
        ):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.bytes
    if batch:
        yield batch


def _position(file: SourceFile) -> tuple[int, bool, str, str]:
    found = _DATE.search(file.uri)
    day = found[1] if found else day_of(file.modified_at)
    return file.revision, file.dataset != "songs", day, file.uri


def day_of(modified_at: int) -> str:
    """The UTC day of a time in nanoseconds since 1970, as YYYY-MM-DD."""
    return datetime.fromtimestamp(modified_at // 10**9, UTC).strftime("%Y-%m-%d")
