"""Source files: finding them, and making them readable for an engine.

Where a file lies is known here alone: a location, and with it the URI of a file, begins
with `s3://` or is a path of this machine.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from itertools import chain, groupby
from typing import TYPE_CHECKING

from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.sources import folder, join
from sparkify.sources.files import (
    UNCOUNTED,
    Input,
    Selection,
    SourceFile,
    is_local,
)
from sparkify.sources.inflate import MAGIC_BYTES, compression
from sparkify.sources.spool import Spool

if TYPE_CHECKING:
    from sparkify.sources.s3 import S3


_ALL: Mapping[str, str] = {}


def _folder(location: str) -> str:
    return location.rstrip("/") + "/"


class Sources:
    """The source files of one configuration. Every method raises SparkifyError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._selection = Selection(
            settings.include, settings.exclude, settings.log_jsonpath
        )
        self._s3: S3 | None = None

    def discover(self, after: Mapping[str, str] = _ALL) -> Iterator[SourceFile]:
        """The files of both datasets by URI; those after a URI where one is given."""
        # S3 is listed here and now, not while the warehouse is open.
        found = [
            self.below(dataset, location, after.get(dataset, ""))
            for dataset, location in self.locations
        ]
        return chain.from_iterable(found)

    @property
    def locations(self) -> list[tuple[str, str]]:
        """Each dataset and where it is; all of one come before the other's, by URI."""
        named = {"events": self._settings.log_data, "songs": self._settings.song_data}
        found = [
            (dataset, location if "://" in location else folder.absolute(location))
            for dataset, location in named.items()
        ]
        return sorted(found, key=lambda each: _folder(each[1]))

    def below(
        self, dataset: str, location: str, after: str = ""
    ) -> Iterator[SourceFile]:
        """The files of a dataset in a folder or below a prefix, by URI."""
        if location.startswith("s3://"):
            return self._store().discover(dataset, location, self._selection, after)
        if "://" in location:
            raise ConfigError(
                f"{location}: is neither a folder nor s3://bucket/prefix."
            )
        return folder.discover(dataset, location, self._selection, after)

    def named(self, uris: Collection[str]) -> list[SourceFile]:
        """Those of some objects of S3 that are there, and are data of ours, by URI."""
        return [
            file
            for dataset, location in self.locations
            if location.startswith("s3://")
            and (ours := [uri for uri in uris if uri.startswith(_folder(location))])
            for file in self._store().named(dataset, location, self._selection, ours)
        ]

    def extract(
        self,
        files: Sequence[SourceFile],
        spool: Spool,
        in_place: Callable[[SourceFile], bool] = lambda _: False,
    ) -> join.Extracted:
        """Make the files readable for an engine; those of `in_place` are left."""
        left = [file for file in files if in_place(file)]
        taken = [file for file in files if not in_place(file)] if left else files
        found = join.extract(self._read(taken), spool, join.share_of(taken))
        if left:
            found = found._replace(inputs=[*found.inputs, *self._left(left)])
        return found

    def fetch(self, each: Input, spool: Spool) -> join.Extracted:
        """Make an input that was left where it is a file of this machine."""
        return join.extract(self._read(each.files), spool)

    def content_hash(self, file: SourceFile) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        ((_, content),) = self._read([file])
        return join.hash_of(content)

    def verify_unchanged(self, inputs: Sequence[Input]) -> None:
        """Raise SourceChanged when a file that an engine read in place is another."""
        folder.verify_unchanged(inputs)

    def _read(
        self, files: Iterable[SourceFile]
    ) -> Iterator[tuple[SourceFile, join.Content]]:
        if self._s3 is None:
            yield from folder.read(files)
            return
        for local, some in groupby(files, key=is_local):
            read = folder.read if local else self._store().read
            yield from read(some)

    def _left(self, files: list[SourceFile]) -> Iterator[Input]:
        heads = self._store().heads(files, MAGIC_BYTES)
        for file, head in zip(files, heads, strict=True):
            yield Input(
                file.dataset,
                file.uri,
                (file,),
                (UNCOUNTED,),
                compressed=compression(head),
            )

    def _store(self) -> S3:
        if self._s3 is None:
            # Imported here: a folder does not need it.
            from sparkify.sources.s3 import S3

            self._s3 = S3(self._settings)
        return self._s3
