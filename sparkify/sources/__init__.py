"""Source files: finding them, and making them readable for an engine.

Where a file lies is known here alone: a location, and with it the URI of a file, begins
with `s3://` or is a path of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import attrgetter
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


class Sources:
    """The source files of one configuration. Every method raises SparkifyError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._selection = Selection(
            settings.include, settings.exclude, settings.log_jsonpath
        )
        self._s3: S3 | None = None

    def discover(self) -> Iterator[SourceFile]:
        """All files of both datasets, by URI."""
        return merge(
            self.below("events", self._settings.log_data),
            self.below("songs", self._settings.song_data),
            key=attrgetter("uri"),
        )

    def below(self, dataset: str, location: str) -> Iterator[SourceFile]:
        """The files of a dataset in a folder or below a prefix, by URI."""
        if location.startswith("s3://"):
            return self._store().discover(dataset, location, self._selection)
        if "://" in location:
            raise ConfigError(
                f"{location}: is neither a folder nor s3://bucket/prefix."
            )
        return folder.discover(dataset, location, self._selection)

    def extract(
        self,
        files: Sequence[SourceFile],
        spool: Spool,
        in_place: Callable[[SourceFile], bool] = lambda _: False,
    ) -> join.Extracted:
        """Make the files readable for an engine; those of `in_place` are left."""
        left = [file for file in files if in_place(file)]
        taken = (file for file in files if not in_place(file)) if left else files
        found = join.extract(self._read(taken), spool)
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
