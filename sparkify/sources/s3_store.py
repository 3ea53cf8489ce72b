"""A bucket: requests that are repeated where that helps, with the right credentials."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from sparkify.config import Settings
from sparkify.errors import SourceChanged, SparkifyError, TransientError
from sparkify.sources.s3_credentials import find_provider
from sparkify.sources.s3_errors import Expired, translate

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Config

T = TypeVar("T")


class Page(NamedTuple):
    """A page of a listing, by column; `times` in microseconds since 1970."""

    keys: list[str]
    sizes: list[int]
    times: list[int]
    etags: list[str | None]


Keep = Callable[[Page], Iterable[T]]
"""What is kept of a page."""

# What obstore raises, also for a path that is none (ValueError), and where there is no
# object (FileNotFoundError).
_FAILURES = (BaseError, OSError, ValueError)
_PAGE = 1000
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0


class Bucket:
    """Lists and reads objects. Every method raises SparkifyError."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._lock = threading.Lock()
        self._region = ""
        self._store: S3Store | None = None

    def list(self, prefix: str, keep: Keep[T], after: str = "") -> tuple[int, list[T]]:
        """How many objects are below a folder, and what `keep` keeps of them.

        They come in the order of the store, those after a key.
        """
        # Imported here: it takes longer than a run that needs no S3.
        from arro3.core import DataType

        def request(store: S3Store) -> tuple[int, list[T]]:
            count = 0
            kept: list[T] = []
            # As columns, for a third less than as an object of Python each.
            pages = store.list(
                prefix or None,
                offset=after or None,
                chunk_size=_PAGE,
                return_arrow=True,
            )
            for page in pages:
                count += page.num_rows
                times = page["last_modified"].cast(DataType.int64())
                columns = page["path"], page["size"], times, page["e_tag"]
                kept += keep(Page(*(column.to_pylist() for column in columns)))
            return count, kept

        where = f"s3://{self.name}/{prefix}".rstrip("/")
        return self._calmly(request, where, "s3:ListBucket")

    def head(self, key: str) -> ObjectMeta | None:
        """What the store knows of an object; None when there is none."""
        try:
            return self._calmly(
                lambda store: obstore.head(store, key), self._uri(key), "s3:GetObject"
            )
        except TransientError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def get(
        self, key: str, etag: str | None, part: tuple[int, int] | None
    ) -> tuple[bytes, ObjectMeta]:
        """The bytes of an object, or a part of them, if it has this ETag still."""
        options: GetOptions = {}
        if etag:
            options["if_match"] = etag
        if part:
            options["range"] = part

        def request(store: S3Store) -> tuple[bytes, ObjectMeta]:
            result = obstore.get(store, key, options=options)
            return bytes(result.bytes()), result.meta

        return self._calmly(request, self._uri(key), "s3:GetObject")

    def put(self, key: str, content: bytes | Path) -> str | None:
        """Write an object, or a file of this machine as one; its ETag."""
        return self._calmly(
            lambda store: obstore.put(store, key, content)["e_tag"],
            self._uri(key),
            "s3:PutObject",
        )

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; it is no fault when one is not there."""
        self._calmly(
            lambda store: obstore.delete(store, keys),
            self._uri(keys[0]),
            "s3:DeleteObject",
        )

    @property
    def region(self) -> str:
        """Where the bucket is; empty when that is not known."""
        self._connect()
        return self._region

    def _uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    def _calmly(self, request: Callable[[S3Store], T], where: str, right: str) -> T:
        """Repeat a request where that may help; obstore has done so for most faults."""
        deadline = time.monotonic() + self._settings.s3_retry_for
        pause = _FIRST_PAUSE
        renewed = False
        while True:
            store = self._connect()
            try:
                return request(store)
            except _FAILURES as error:
                failure = translate(error, where, right)
                cause = error
            if isinstance(failure, Expired) and not renewed:
                renewed = True
                self._forget(store)
            elif not _helps(failure) or time.monotonic() + pause > deadline:
                raise failure from cause
            else:
                time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # a pause is no secret
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _connect(self) -> S3Store:
        with self._lock:
            if self._store is None:
                self._store = self._make()
            return self._store

    def _forget(self, store: S3Store) -> None:
        """Ask for credentials anew."""
        with self._lock:
            if self._store is store:
                self._store = None

    def _make(self) -> S3Store:
        settings = self._settings
        config: S3Config = {"skip_signature": settings.s3_anonymous}
        if settings.endpoint_url:
            config["endpoint"] = settings.endpoint_url
        if settings.requester_pays:
            config["request_payer"] = True
        self._region = self._region or settings.s3_region or self._find_region()
        if self._region:
            config["region"] = self._region
        return S3Store(
            self.name,
            config=config,
            client_options=_client_options(settings),
            retry_config=_retry_config(settings),
            credential_provider=find_provider(settings),
        )

    def _find_region(self) -> str:
        settings = self._settings
        # Imported here: it takes longer than to list a bucket.
        from sparkify.sources.s3_region import find_region

        return find_region(self.name, settings.endpoint_url) or settings.aws_region


def _client_options(settings: Settings) -> ClientConfig:
    # A part is small: `timeout` is for all of it, so that no trickle holds us.
    return {
        "timeout": timedelta(seconds=settings.s3_timeout),
        "read_timeout": timedelta(seconds=settings.s3_timeout / 4),
        "connect_timeout": timedelta(seconds=min(10.0, settings.s3_timeout)),
        "allow_http": settings.endpoint_url.startswith("http://"),
        "user_agent": "sparkify-elt",
    }


def _retry_config(settings: Settings) -> RetryConfig:
    return {
        "max_retries": 10,
        "retry_timeout": timedelta(seconds=settings.s3_retry_for),
        "backoff": {
            "init_backoff": timedelta(seconds=_FIRST_PAUSE),
            "max_backoff": timedelta(seconds=_LONGEST_PAUSE),
            "base": 2,
        },
    }


def _helps(failure: SparkifyError) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(failure, SourceChanged):
        return False
    return isinstance(failure, TransientError)
