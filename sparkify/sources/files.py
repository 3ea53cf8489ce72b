"""What a source file is, and the order in which files are loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

# Redshift refuses a longer record, so every engine does.
MAX_RECORD_BYTES = 4 * 1024 * 1024
# A number of lines that no engine finds, so that the strict reader has to look.
TOO_LONG = -1
# What is not known of a file that an engine reads where it lies in a store.
UNCOUNTED = -2

PLAIN = (".json", ".jsonl", ".ndjson")
SUFFIXES = (*PLAIN, *(a + b for a in PLAIN for b in (".gz", ".zst", ".bz2")))
HIDDEN = (".", "_")

_HIDDEN_PARTS = tuple(before + sign for before in "\n/" for sign in HIDDEN)
_DAY = 86_400 * 10**9
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})")
_NO_DATA = re.compile(r"(?:^|[._-])(?:json_?paths?|manifest)(?:[._-]|$)")


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
    """A file that an engine reads: a source file, or several joined.

    `path` is one of this machine, or an `s3://` address of what the engine reads there
    by itself; that is `compressed` as it says, and its records are counted by reading.
    `records` has the number of records of each file: its lines, while the files are
    taken to be clean. A `strict` input was split into records by the strict reader: a
    line of it holds a record, with where it was found. `sizes` has the bytes that each
    file takes in a plain input; without them it is as it is stored. `origin` is the
    plain input that a strict one was split from. `values` is the number of keys that
    have a value, as far as bytes can tell, and never too low.
    """

    dataset: str
    path: str
    files: tuple[SourceFile, ...]
    records: tuple[int, ...]
    strict: bool = False
    sizes: tuple[int, ...] = ()
    values: int = -1
    origin: Input | None = None
    compressed: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether it lies in a store, and no file of this machine has it."""
        return self.path.startswith("s3://")

    @property
    def lines(self) -> int:
        """Records in all."""
        return sum(self.records)


@dataclass(frozen=True)
class Selection:
    """Which files below a location are data.

    Hidden ones are not, nor those that name or describe data: JSONPaths, manifests.
    A pattern without `/` is held against the name, another against the path below the
    location; `*` matches any text.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    no_data: str = ""

    def takes(self, uri: str, path: str) -> bool:
        """Whether the file at `path` below a location is data."""
        name = path[path.rfind("/") + 1 :]
        return (
            name.endswith(SUFFIXES)
            and not _describes(name.lower())
            and (not self.include or _matches(path, name, self.include))
            and not (self.exclude and _matches(path, name, self.exclude))
            and uri != self.no_data
        )

    def surely_takes_all(self, paths: Sequence[str]) -> bool:
        """Whether one look at many paths tells that all are data, and none hidden.

        Where it does not, they may be all the same; a million are asked of one by one
        only where something is special.
        """
        if self.include or self.exclude or self.no_data:
            return False
        text = "\n".join(("", *paths, ""))
        lower = text.lower()
        return (
            text.count(".json\n") == len(paths) == text.count("\n") - 1
            and not any(parted in text for parted in _HIDDEN_PARTS)
            and "path" not in lower
            and "manifest" not in lower
        )


EVERYTHING = Selection()


def is_hidden(path: str) -> bool:
    """Whether a file or a folder of a path is a hidden one."""
    return path.startswith(HIDDEN) or "/." in path or "/_" in path


def _describes(name: str) -> bool:
    # The pattern alone would cost a sixth of the walk over 100,000 files.
    return ("path" in name or "manifest" in name) and bool(_NO_DATA.search(name))


def _matches(path: str, name: str, patterns: Iterable[str]) -> bool:
    return any(
        fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns
    )


@dataclass(frozen=True)
class Interval:
    """Days of files: from `since` on, to before `until`; None is no bound."""

    since: date | None = None
    until: date | None = None

    def of(self, files: list[SourceFile]) -> list[SourceFile]:
        """The files whose day lies in it."""
        if self == EVERY_DAY:
            return files
        first = self.since.isoformat() if self.since else ""
        end = self.until.isoformat() if self.until else "~"
        return [file for file in files if first <= date_of(file) < end]


EVERY_DAY = Interval()


def is_local(file: SourceFile) -> bool:
    """Whether an engine of this machine can open it."""
    return not file.uri.startswith("s3://")


def batches(
    files: Iterable[SourceFile], batch_bytes: int
) -> Iterator[list[SourceFile]]:
    """Group files into batches of one revision and at most `batch_bytes`.

    A batch has one file at least. Songs come before logs; then files go by the date in
    their name, else of their modification.
    """
    batch: list[SourceFile] = []
    size = 0
    for file in _in_order(files):
        if batch and (
            size + file.bytes > batch_bytes or file.revision != batch[0].revision
        ):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.bytes
    if batch:
        yield batch


def _in_order(files: Iterable[SourceFile]) -> list[SourceFile]:
    # One key after the other: to compare 100,000 tuples takes twice as long.
    ordered = sorted(files, key=attrgetter("uri"))
    ordered.sort(key=date_of)
    ordered.sort(key=lambda file: file.dataset != "songs")
    ordered.sort(key=attrgetter("revision"))
    return ordered


def date_of(file: SourceFile) -> str:
    """The day in the file's name, else that of its modification, as YYYY-MM-DD."""
    name = file.uri[file.uri.rfind("/") + 1 :]
    # Most names have no date: those of songs.
    found = _DATE.search(name) if "-" in name else None
    return found[1] if found else day_of(file.modified_at)


def day_of(modified_at: int) -> str:
    """The UTC day of a time in nanoseconds since 1970, as YYYY-MM-DD."""
    return _day(modified_at // _DAY)


# 100,000 files are of a few days.
@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()
