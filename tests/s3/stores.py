"""S3 servers for tests, and buckets filled from folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from examples.seaweed import Key
from sparkify.config import Settings, load_settings
from sparkify.pipeline import Pipeline

BUCKET = "sparkify-test"
SAMPLE = Path(__file__).parents[2] / "sample"
_EMPTY: list[bytes] = []
Star = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class Store:
    """A server, the key that reads it, and a client that writes to it."""

    url: str
    key: Key
    client: Any

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def delete(self, *keys: str) -> None:
        """Remove objects."""
        for key in keys:
            self.client.delete_object(Bucket=BUCKET, Key=key)

    def upload(self, folder: Path, prefix: str = "") -> None:
        """Write the files below a folder as objects."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = prefix + path.relative_to(folder).as_posix()
                self.put(key, path.read_bytes())

    def empty(self) -> None:
        """Remove all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        for page in pages:
            self.delete(*(each["Key"] for each in page.get("Contents", [])))

    def through(self, url: str) -> Store:
        """The same store at another address."""
        return replace(self, url=url)


def store_at(url: str, writer: Key, reader: Key) -> Store:
    """A store with its bucket made."""
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=writer.name,
        aws_secret_access_key=writer.secret,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 10}),
    )
    client.create_bucket(Bucket=BUCKET)
    return Store(url, reader, client)


def settings_for(
    folder: Path,
    store: Store | None,
    *,
    logs: str = f"s3://{BUCKET}/log_data",
    songs: str = f"s3://{BUCKET}/song_data",
    s3: Iterable[str] = (),
    load: Iterable[str] = (),
    aws: Iterable[str] | None = None,
    environment: dict[str, str] | None = None,
) -> Settings:
    """Settings from a file in `folder`, no store is a folder."""
    lines = ["[WAREHOUSE]", "PATH=warehouse.duckdb", "[S3]"]
    lines += [f"LOG_DATA={logs}", f"SONG_DATA={songs}"]
    if store:
        lines += [f"ENDPOINT_URL={store.url}", "REGION=us-east-1"]
    lines += [*s3, "[LOAD]", f"SPOOL_FOLDER={folder}", *load]
    if store and aws is None:
        aws = [f"KEY={store.key.name}", f"SECRET={store.key.secret}"]
    lines += ["[AWS]", *(aws or ())]
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dwh.cfg"
    config.write_text("\n".join(lines) + "\n", "utf-8")
    return load_settings(
        config, environment={"HOME": str(folder)} | (environment or {})
    )


def load(settings: Settings) -> Pipeline:
    """Create the tables if need be, and run."""
    pipeline = Pipeline(settings)
    if not settings.path.exists():
        if not _EMPTY:
            pipeline.create_tables()
            _EMPTY.append(settings.path.read_bytes())
        # A copy is ten times faster than a new one.
        settings.path.write_bytes(_EMPTY[0])
    pipeline.run()
    return pipeline


def star_of(settings: Settings) -> Star:
    """All rows of staging and star, but for the load they came with."""
    pipeline = Pipeline(settings)
    rows: Star = {}
    with pipeline.engine.session(read_only=True):
        for table in pipeline.models.tables:
            if table.schema in {"staging", "analytics"}:
                names = [c.name for c in table.columns if c.name != "load_id"]
                found = pipeline.engine.query(
                    f"select {', '.join(names)} from {table.full_name}"
                )
                rows[table.full_name] = sorted(found, key=repr)
    return rows


def ledger_of(settings: Settings) -> list[tuple[object, ...]]:
    """The file versions in the ledger: name below the location, and what it held."""
    pipeline = Pipeline(settings)
    with pipeline.engine.session(read_only=True):
        found = pipeline.engine.query(
            "select uri, revision, content_hash, records, staged "
            "from control.load_files"
        )
    return sorted((_below(str(uri)), *rest) for uri, *rest in found)


def _below(uri: str) -> str:
    """A name that is the same in a bucket and in a folder."""
    found = re.search(r"(log|song)_data/.*", uri)
    assert found
    return found[0]
