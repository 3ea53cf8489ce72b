"""Read all objects below a prefix, by one client or another.

`python -m bench.clients CLIENT URL PREFIX`: obstore and boto3 in the plainest way that
is fast, each with 16 threads; sparkify as a run does it, which also hashes, counts
lines, joins, and compares each object with what was listed.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from bench.bucket import BUCKET, obstore_store
from examples.seaweed import READER

THREADS = 16


def by_obstore(url: str, prefix: str) -> int:
    """List, then get each key in a thread pool."""
    import obstore

    store = obstore_store(url, READER)
    keys = [m["path"] for metas in store.list(prefix, chunk_size=1000) for m in metas]
    with ThreadPoolExecutor(THREADS) as pool:
        sizes = pool.map(lambda key: len(obstore.get(store, key).bytes()), keys)
        return sum(sizes)


def by_boto3(url: str, prefix: str) -> int:
    """The same with boto3."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=READER.name,
        aws_secret_access_key=READER.secret,
        config=Config(max_pool_connections=THREADS),
    )
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=prefix + "/"
    )
    keys = [each["Key"] for page in pages for each in page["Contents"]]

    def size(key: str) -> int:
        return len(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(size, keys))


def by_sparkify(url: str, prefix: str) -> int:
    """Discovery and extraction, as in a run."""
    from sparkify.config import Settings
    from sparkify.sources import Sources
    from sparkify.sources.spool import spool

    settings = Settings(
        song_data=f"s3://{BUCKET}/{prefix}",
        endpoint_url=url,
        s3_region="us-east-1",
        aws_key=READER.name,
        aws_secret=READER.secret,
        s3_connections=THREADS,
    )
    sources = Sources(settings)
    files = list(sources.below("songs", settings.song_data))
    with spool(None, settings.spool_bytes) as local:
        inputs = sources.extract(files, local).inputs
    return sum(sum(each.sizes) for each in inputs)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    clients = {"obstore": by_obstore, "boto3": by_boto3, "sparkify": by_sparkify}
    print(clients[name](*arguments))
