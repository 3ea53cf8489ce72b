"""`make demo-s3`: the sample from an S3 server that checks keys, to the star.

Starts SeaweedFS on this machine, writes the sample there with one key, loads it with
another one that may only read, and stops the server.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from examples.seaweed import ADMIN, READER, Server, seaweed

BUCKET = "sparkify-demo"
SAMPLE = Path(__file__).parents[1] / "sample"
CONFIG = """\
[WAREHOUSE]
PATH = sparkify.duckdb
[AWS]
KEY = {key.name}
SECRET = {key.secret}
[S3]
ENDPOINT_URL = {url}
REGION = us-east-1
LOG_DATA = s3://{bucket}/log_data
SONG_DATA = s3://{bucket}/song_data
"""
_PATIENCE = 30.0


def main() -> int:
    """Run the demo; the exit code of the first step that fails, or 0."""
    with (
        tempfile.TemporaryDirectory(prefix="sparkify-demo-") as name,
        seaweed(BUCKET) as server,
    ):
        tell(f"SeaweedFS is at {server.url}; bucket {BUCKET}.")
        tell(f"{upload(server)} files of the sample written.")
        config = Path(name, "dwh.cfg")
        config.write_text(CONFIG.format(key=READER, url=server.url, bucket=BUCKET))
        steps = (["create-tables"], ["ls"], ["run"], ["run"])
        return next(filter(None, (step(each, config) for each in steps)), 0)


def step(arguments: list[str], config: Path) -> int:
    """Run a command of sparkify; long output is cut."""
    tell(f"\n$ sparkify {' '.join(arguments)}")
    done = subprocess.run(
        [sys.executable, "-m", "sparkify", *arguments, "--config", str(config)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    cut = lines if len(lines) <= 60 else [*lines[:5], "...", *lines[-3:]]
    tell("\n".join(cut))
    return done.returncode


def upload(server: Server) -> int:
    """Write the sample; the number of files. The first one makes the bucket."""
    store = S3Store(
        BUCKET,
        endpoint=server.url,
        region="us-east-1",
        access_key_id=ADMIN.name,
        secret_access_key=ADMIN.secret,
        client_options={"allow_http": True},
    )
    paths = [path for path in sorted(SAMPLE.rglob("*")) if path.is_file()]
    for path in paths:
        put(store, path)
    return len(paths)


def put(store: S3Store, path: Path) -> None:
    """Write a file; a server that has just started may refuse at first."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            obstore.put(store, path.relative_to(SAMPLE).as_posix(), path)
        except BaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


def tell(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
