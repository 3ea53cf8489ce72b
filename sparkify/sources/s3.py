"""Source files in an S3 bucket, or in a store that speaks as S3 does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from sparkify.config import Settings
from sparkify.errors import ConfigError, SourceChanged, SourceError
from sparkify.sources.ahead import aside, in_order
from sparkify.sources.files import Selection, SourceFile, is_hidden
from sparkify.sources.join import JOIN_BELOW, Content
from sparkify.sources.s3_store import Bucket, Keep, Page

if TYPE_CHECKING:
    from obstore import ObjectMeta

_PART = 4 * 1024 * 1024


class Location(NamedTuple):
    """`s3://bucket/key`."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Raises ConfigError for what is none."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket:
            raise ConfigError(f"{uri}: is no S3 location such as s3://bucket/prefix.")
        return cls(bucket, key)


class _Slice(NamedTuple):
    file: SourceFile
    start: int
    end: int


class S3:
    """Finds and reads objects. Every method raises SparkifyError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buckets: dict[str, Bucket] = {}

    def discover(
        self, dataset: str, location: str, data: Selection, after: str = ""
    ) -> Iterator[SourceFile]:
        """The data objects below a prefix, in byte order of their keys, after a URI.

        The prefix is a folder: what only begins like it is another one. All are listed
        at once, since stores differ in how they order keys: SeaweedFS puts a/b before
        a-b.
        """
        bucket, prefix = self._folder(location)
        keep = _keeper(dataset, location, data)
        offset = Location.parse(after).key if after else ""
        count, found = aside(lambda: bucket.list(prefix, keep, offset))
        if not count and not after:
            if not prefix:
                raise _empty(location)
            found = [self._single(dataset, bucket, prefix)]
        if after:
            # A store may begin earlier, each in its own order.
            found = [file for file in found if file.uri > after]
        found.sort(key=attrgetter("uri"))
        return iter(found)

    def named(
        self, dataset: str, location: str, data: Selection, uris: Iterable[str]
    ) -> list[SourceFile]:
        """Those of the objects that are there and are data, in byte order."""
        bucket, _ = self._folder(location)
        keep = _keeper(dataset, location, data)
        keys = sorted(Location.parse(uri).key for uri in uris)
        heads = in_order(bucket.head, keys, self._settings.s3_connections)
        return [file for meta in heads if meta for file in keep(_page(meta))]

    def _folder(self, location: str) -> tuple[Bucket, str]:
        name, key = Location.parse(location)
        return self.bucket(name), key.strip("/")

    def read(self, files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, Content]]:
        """The objects as they are stored, in order, by several requests at a time.

        What is read is the version that was listed, or SourceChanged is raised.
        """
        slices = in_order(self._fetch, _tasks(files), self._settings.s3_connections)
        pieces = (piece for fetched in slices for piece in fetched)
        for file, parts in groupby(pieces, key=lambda piece: piece[0]):
            if file.bytes < JOIN_BELOW:
                yield file, next(parts)[1]
            else:
                yield file, (data for _, data in parts)

    def heads(self, files: Sequence[SourceFile], size: int) -> Iterator[bytes]:
        """The first bytes of each object."""
        slices = ([_Slice(each, 0, min(size, each.bytes))] for each in files)
        for fetched in in_order(self._fetch, slices, self._settings.s3_connections):
            yield fetched[0][1]

    def _fetch(self, slices: list[_Slice]) -> list[tuple[SourceFile, bytes]]:
        return [(each.file, self._slice(each)) for each in slices]

    def _slice(self, part: _Slice) -> bytes:
        file, start, end = part
        name, key = Location.parse(file.uri)
        whole = end - start == file.bytes
        data, meta = self.bucket(name).get(
            key, file.etag, None if whole else (start, end)
        )
        # Not every store heeds If-Match, or ranges.
        if meta["size"] != file.bytes or meta["e_tag"] != file.etag:
            raise SourceChanged(
                f"{file.uri}: was replaced while it was read; run again."
            )
        if len(data) != end - start:
            raise SourceError(
                f"{file.uri}: the store sent {len(data):,} bytes "
                f"where {end - start:,} were asked for."
            )
        return data

    def _single(self, dataset: str, bucket: Bucket, key: str) -> SourceFile:
        """The object of exactly this key."""
        uri = f"s3://{bucket.name}/{key}"
        meta = aside(lambda: bucket.head(key))
        if meta is None:
            raise _empty(uri)
        [size], [time], [etag] = _page(meta)[1:]
        return SourceFile(dataset, uri, size, time * 1000, etag)

    def bucket(self, name: str) -> Bucket:
        """A bucket by its name."""
        if name not in self._buckets:
            self._buckets[name] = Bucket(name, self._settings)
        return self._buckets[name]


def _tasks(files: Iterable[SourceFile]) -> Iterator[list[_Slice]]:
    """Requests that one thread makes, one after the other, for at most a part."""
    small: list[_Slice] = []
    room = JOIN_BELOW
    for file in files:
        if small and (len(small) == _TOGETHER or file.bytes > room):
            yield small
            small, room = [], JOIN_BELOW
        if file.bytes < JOIN_BELOW:
            small.append(_Slice(file, 0, file.bytes))
            room -= file.bytes
            continue
        for start in range(0, file.bytes, _PART):
            yield [_Slice(file, start, min(start + _PART, file.bytes))]
    if small:
        yield small


_TOGETHER = 16


def _keeper(dataset: str, location: str, data: Selection) -> Keep[SourceFile]:
    """Makes source files of the objects below a location that are data."""
    name, key = Location.parse(location)
    bucket, prefix = f"s3://{name}/", key.strip("/")
    start = len(prefix) + 1 if prefix else 0

    def keep(page: Page) -> Iterator[SourceFile]:
        uris = [bucket + key for key in page.keys]
        below = [key[start:] for key in page.keys] if start else page.keys
        times = [time * 1000 for time in page.times]
        files = map(SourceFile, repeat(dataset), uris, page.sizes, times, page.etags)
        if data.surely_takes_all(below) and all(page.sizes):
            return files
        return (
            file
            for file, path in zip(files, below, strict=True)
            if file.bytes and not is_hidden(path) and data.takes(file.uri, path)
        )

    return keep


def _page(meta: ObjectMeta) -> Page:
    """A page of one object."""
    # A float holds microseconds of this century exactly.
    time = round(meta["last_modified"].timestamp() * 1e6)
    return Page([meta["path"]], [meta["size"]], [time], [meta["e_tag"]])


def _empty(location: str) -> SourceError:
    hint = " A prefix is no pattern; use INCLUDE." if "*" in location else ""
    return SourceError(
        f"{location}: there are no objects; check LOG_DATA and SONG_DATA.{hint}"
    )
