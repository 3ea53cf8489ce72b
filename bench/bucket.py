"""A bucket of SeaweedFS, filled quickly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from examples.seaweed import ADMIN, Key

BUCKET = "sparkify-bench"
_AT_ONCE = 64
_PATIENCE = 30.0


def obstore_store(url: str, key: Key, bucket: str = BUCKET) -> S3Store:
    """The bucket, by obstore."""
    return S3Store(
        bucket,
        endpoint=url,
        region="us-east-1",
        access_key_id=key.name,
        secret_access_key=key.secret,
        client_options={"allow_http": True, "timeout": timedelta(minutes=5)},
    )


def make_bucket(url: str) -> S3Store:
    """The bucket, made."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ADMIN.name,
        aws_secret_access_key=ADMIN.secret,
    ).create_bucket(Bucket=BUCKET)
    return obstore_store(url, ADMIN)


def fill(store: S3Store, objects: Iterable[tuple[str, bytes]]) -> None:
    """Put objects, many at a time."""
    asyncio.run(_fill(store, objects))


async def _fill(store: S3Store, objects: Iterable[tuple[str, bytes]]) -> None:
    waiting: set[asyncio.Task[None]] = set()
    for key, body in objects:
        waiting.add(asyncio.create_task(_put(store, key, body)))
        if len(waiting) >= _AT_ONCE:
            done, waiting = await asyncio.wait(
                waiting, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
    await asyncio.gather(*waiting)


async def _put(store: S3Store, key: str, body: bytes) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            await obstore.put_async(store, key, body)
        except BaseError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        else:
            return
