"""Which objects a COPY reads, and their content."""

from __future__ import annotations

import bz2
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any

import zstandard

from redshift_server.copy_options import CopyCommand
from redshift_server.errors import RedshiftError, not_emulated
from redshift_server.storage import (
    Bucket,
    Role,
    S3Object,
    Storage,
    error_block,
    split_url,
)


@dataclass
class Source:
    """Where a COPY reads: buckets opened with one role in one Region."""

    storage: Storage
    role: Role
    region: str

    def bucket(self, name: str) -> Bucket:
        """Open a bucket."""
        return self.storage.bucket(self.role, name, self.region)

    def read(self, url: str) -> bytes:
        """Return one object's content as it is stored."""
        name, key = split_url(url)
        return self.bucket(name).get(key)


def find_objects(source: Source, command: CopyCommand) -> list[S3Object]:
    """Return the objects to load, one entry per time they are loaded."""
    if command.manifest:
        objects = _from_manifest(source, command.source)
    else:
        name, prefix = split_url(command.source)
        objects = source.bucket(name).list(prefix)
    if not objects:
        raise _nothing_found(command.source)
    return objects


def _from_manifest(source: Source, url: str) -> list[S3Object]:
    objects = []
    for entry in _entries(source.read(url)):
        target = entry["url"]
        name, key = split_url(target)
        found = source.bucket(name).head(key)
        if found is not None:
            objects.append(found)
        elif entry.get("mandatory", False):
            raise _problem(f"File {target} in the manifest was not found", target)
    return objects


def _entries(data: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(data)
        entries = document["entries"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as problem:
        raise _problem("Manifest file is not in correct json format", "") from problem
    if not isinstance(entries, list):
        raise _problem("Manifest file is not in correct json format", "")
    for entry in entries:
        url = entry.get("url") if isinstance(entry, dict) else None
        if not isinstance(url, str) or not url.startswith("s3://") or url.endswith("/"):
            raise _problem(
                "COPY with MANIFEST parameter requires full path of an S3 object.",
                str(url),
            )
    return entries


def _nothing_found(url: str) -> RedshiftError:
    _, key = split_url(url)
    return _problem(f"The specified S3 prefix '{key}' does not exist", url)


def _problem(text: str, context: str) -> RedshiftError:
    return RedshiftError("XX000", text, detail=error_block(text, 8001, context))


def decompress(data: bytes, compression: str) -> bytes:
    """Undo the compression that the statement names; nothing is guessed."""
    try:
        if compression == "GZIP":
            return gzip.decompress(data)
        if compression == "BZIP2":
            return bz2.decompress(data)
        if compression == "ZSTD":
            return zstandard.ZstdDecompressor().stream_reader(data).read()
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, ValueError) as problem:
        raise _problem(
            f"Error occurred while trying to decompress: {problem}", ""
        ) from problem
    if compression == "LZOP":
        raise not_emulated("COPY LZOP")
    return data
