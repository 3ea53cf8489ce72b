"""What each COPY reads: which objects, how they are named to it, what it is told.

With [S3] SPOOL, a manifest has exactly the planned objects. Without it, a COPY reads a
prefix when nothing else begins like it, and else one object each.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.models import Table
from sparkify.sources.files import UNCOUNTED, Input
from sparkify.sources.s3 import S3, Location
from sparkify.sources.s3_spool import S3Spool, Spooled

MOST_COPIES = 100

_PATH = re.compile(r"\$(?:\.([\w$-]+)|\[\s*'([^']+)'\s*\]|\[\s*\"([^\"]+)\"\s*\])")


@dataclass(frozen=True)
class Piece:
    """An object that a COPY is to read: the version it has, and what it holds."""

    uri: str
    etag: str | None
    source: Input

    @property
    def lines(self) -> int:
        """Its lines, or UNCOUNTED."""
        return UNCOUNTED if self.source.is_remote else self.source.lines


@dataclass(frozen=True)
class Copy:
    """One COPY: the address it is given, and the objects it has to read, by address."""

    address: str
    pieces: Mapping[str, Piece]
    compressed: str = ""
    is_manifest: bool = False


@dataclass(frozen=True)
class Mapped:
    """How values find columns: the option of COPY, and the JSON key of each column."""

    option: str
    keys: Sequence[str]


@dataclass
class Shelf:
    """The objects of one engine: its spool, and where its inputs lie in it."""

    settings: Settings
    _s3: S3 = field(init=False)
    _spool: S3Spool | None = field(init=False, default=None)
    _lying: dict[str, Spooled] = field(init=False, default_factory=dict)
    _mapped: dict[str, Mapped] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Connect to nothing yet."""
        self._s3 = S3(self.settings)
        if self.settings.spool:
            bucket = self._s3.bucket(Location.parse(self.settings.spool).bucket)
            self._spool = S3Spool(self.settings, bucket)

    @property
    def has_spool(self) -> bool:
        """Whether there is a place to write to."""
        return self._spool is not None

    def take_over(self) -> None:
        """The lock is ours: remove what others have left."""
        if self._spool:
            # Whoever had the lock before took ours for left.
            self._lying.clear()
            self._mapped.clear()
            self._spool.sweep()

    def clear(self) -> None:
        """Remove all that was put here."""
        self._lying.clear()
        self._mapped.clear()
        if self._spool:
            self._spool.clear()

    def put(self, name: str, content: bytes | Path) -> Spooled:
        """Write an object for COPY to read. Raises ConfigError without SPOOL."""
        if not self._spool:
            raise ConfigError(
                f"{self.settings.file}: [S3] SPOOL is not set; Redshift reads from S3 "
                "alone, so set it to a prefix where this run may write."
            )
        return self._spool.put(name, content)

    def plan(self, inputs: Sequence[Input]) -> Iterator[Copy]:
        """The COPYs that read the inputs."""
        pieces = sorted(map(self._piece, inputs), key=_compression)
        for compressed, group in groupby(pieces, key=_compression):
            found = {piece.uri: piece for piece in group}
            if self._spool:
                yield Copy(self._manifest(found), found, compressed, is_manifest=True)
            else:
                yield from self._without_manifest(found, compressed)

    def mapped(self, table: Table) -> Mapped:
        """How COPY finds the values of a staging table."""
        if table.full_name not in self._mapped:
            self._mapped[table.full_name] = self._map(table)
        return self._mapped[table.full_name]

    def region(self, copy: Copy) -> str:
        """Where all that a COPY reads has to be; empty when that is not known."""
        places = {
            Location.parse(uri).bucket: uri for uri in (copy.address, *copy.pieces)
        }
        regions = {
            self._s3.bucket(bucket).region: uri for bucket, uri in places.items()
        }
        if len(regions) > 1:
            raise ConfigError(
                f"{' and '.join(regions.values())} are in different regions, and one "
                "COPY reads from one; set [S3] SPOOL to a bucket beside the data."
            )
        return next(iter(regions))

    def _piece(self, each: Input) -> Piece:
        if each.is_remote:
            return Piece(each.path, each.files[0].etag, each)
        if each.path not in self._lying:
            name = f"{each.dataset}.json"
            self._lying[each.path] = self.put(name, Path(each.path))
        return Piece(*self._lying[each.path], each)

    def _manifest(self, pieces: Mapping[str, Piece]) -> str:
        entries = [{"url": uri, "mandatory": True} for uri in pieces]
        return self.put(
            "manifest", json.dumps({"entries": entries}, ensure_ascii=False).encode()
        ).uri

    def _without_manifest(
        self, pieces: Mapping[str, Piece], compressed: str
    ) -> Iterator[Copy]:
        # Of letters, not of folders: that is what COPY takes for a prefix.
        prefix = os.path.commonprefix(list(pieces))  # noqa: RUF071
        if len(Location.parse(prefix).key) and self._holds_alone(prefix, pieces):
            yield Copy(prefix, pieces, compressed)
            return
        if len(pieces) > MOST_COPIES:
            raise ConfigError(
                f"{self.settings.file}: {len(pieces):,} objects below {prefix} are to "
                "be copied and others there are not; set [S3] SPOOL, so that one COPY "
                f"can be told which, or load at most {MOST_COPIES} at a time."
            )
        for uri, piece in pieces.items():
            yield Copy(uri, {uri: piece}, compressed)

    def _holds_alone(self, prefix: str, pieces: Mapping[str, Piece]) -> bool:
        """Whether all objects that begin like this are these."""
        bucket, key = Location.parse(prefix)
        folder = key.rpartition("/")[0]
        _, found = self._s3.bucket(bucket).list(
            folder,
            lambda page: [
                f"s3://{bucket}/{key}"
                for key, size in zip(page.keys, page.sizes, strict=True)
                if size
            ],
        )
        return {uri for uri in found if uri.startswith(prefix)} == set(pieces)

    def _map(self, table: Table) -> Mapped:
        keys = table.json_keys
        theirs = self.settings.jsonpaths(table.name)
        if theirs.startswith("s3://"):
            return Mapped(theirs, self._keys_of(theirs, keys))
        if self._spool:
            paths = {"jsonpaths": [f"$['{key}']" for key in keys]}
            name = f"{table.name}-jsonpaths.json"
            return Mapped(
                self.put(name, json.dumps(paths, ensure_ascii=False).encode()).uri, keys
            )
        is_lower = all(key == key.lower() for key in keys)
        return Mapped("auto" if is_lower else "auto ignorecase", keys)

    def _keys_of(self, uri: str, keys: Sequence[str]) -> list[str]:
        """The keys that a JSONPaths file names, in its order; each of ours once."""
        bucket, key = Location.parse(uri)
        content, _ = self._s3.bucket(bucket).get(key, None, None)
        try:
            paths = json.loads(content)["jsonpaths"]
            found = [_key(path) for path in paths]
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f'{uri}: is no JSONPaths file, such as {{"jsonpaths": ["$.artist"]}}; '
                "correct [S3] LOG_JSONPATH, or leave it out."
            ) from None
        wrong = sorted(set(found) ^ set(keys))
        if wrong or len(found) != len(keys):
            name = wrong[0] if wrong else "a key, twice"
            raise ConfigError(
                f"{uri}: differs from the columns, first at {name}; it has to name "
                f"{', '.join(keys)}, each once. Correct it, or leave [S3] LOG_JSONPATH "
                "out."
            )
        return found


def counted(pieces: Mapping[str, Piece], lines: Mapping[str, int]) -> Iterator[Input]:
    """The inputs of pieces, with the lines that were found where they were unknown."""
    for uri, piece in pieces.items():
        if piece.source.is_remote:
            yield replace(piece.source, records=(lines[uri],))
        else:
            yield piece.source


def quoted(text: str) -> str:
    """A literal: Redshift takes a backslash for an escape."""
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _compression(piece: Piece) -> str:
    return piece.source.compressed


def _key(path: str) -> str:
    found = _PATH.fullmatch(path)
    if not found:
        raise ValueError(path)
    return found[1] or found[2] or found[3]
