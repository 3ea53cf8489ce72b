"""What a run writes to S3 for the warehouse to read, below [S3] SPOOL.

A run that is killed cannot clean up after itself, so the next one does, while it holds
the warehouse's lock: whatever else lies there then belongs to nobody.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sparkify.config import Settings
from sparkify.sources.s3 import Location
from sparkify.sources.s3_store import Bucket

_PREFIX = "sparkify-spool-"


class Spooled(NamedTuple):
    """An object of the spool; the ETag is the store's name of what is in it."""

    uri: str
    etag: str | None


class S3Spool:
    """A folder of this run. Every method raises SparkifyError."""

    def __init__(self, settings: Settings, bucket: Bucket) -> None:
        self._bucket = bucket
        self._below = Location.parse(settings.spool).key.strip("/")
        # Another warehouse has another lock, so what it spools is left alone.
        owner = f"{settings.warehouse}/{settings.schema_prefix}".encode()
        self._ours = f"{_PREFIX}{sha256(owner).hexdigest()[:12]}-"
        self._run = f"{self._ours}{uuid4().hex}"
        self._numbers = count()
        self._written: list[str] = []

    def put(self, name: str, content: bytes | Path) -> Spooled:
        """Write an object of a new name that ends in `name`."""
        parts = (self._below, self._run, f"{next(self._numbers)}-{name}")
        key = "/".join(filter(None, parts))
        self._written.append(key)
        return Spooled(
            f"s3://{self._bucket.name}/{key}", self._bucket.put(key, content)
        )

    def clear(self) -> None:
        """Remove what this run has written."""
        if self._written:
            self._bucket.delete(self._written)
            self._written = []

    def sweep(self) -> None:
        """Remove what runs that are no more have written."""
        _, keys = self._bucket.list(self._below, lambda page: page.keys)
        start = len(self._below) + 1 if self._below else 0
        ours = (key for key in keys if key.startswith(self._ours, start))
        left = [key for key in ours if not key.startswith(self._run, start)]
        if left:
            self._bucket.delete(left)
