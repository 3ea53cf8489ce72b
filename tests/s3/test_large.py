"""Much data: 5 GB of logs, one object of 5 GB, 100,000 objects. Takes minutes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
import pytest
from obstore.store import S3Store

from examples.seaweed import ADMIN
from s3.stores import BUCKET, settings_for
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from s3.stores import Store
    from sparkify.config import Settings

pytestmark = pytest.mark.long

MANY = 100_000
GIGABYTE_IN_KB = 1_000_000_000 // 1024


@dataclass(frozen=True)
class Run:
    """What a run of the command took."""

    peak_kb: int
    cpu: float
    output: str


def run(settings: Settings) -> Run:
    """`sparkify run` in a process of its own."""
    if not settings.path.exists():
        Pipeline(settings).create_tables()
    command = [sys.executable, "-m", "sparkify", "run", "--config", str(settings.file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0
    return Run(usage.ru_maxrss, usage.ru_utime + usage.ru_stime, output)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """30 log files of 5 GB in all, and some songs; the number of plays."""
    folder = tmp_path_factory.mktemp("big")
    # Not in this process: the peak of a child begins with that of its parent.
    size = "--users=127000 --days=30 --songs=20000 --songs-per-file=1000 --seed=3"
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "sparkify",
            "simulate",
            f"--out={folder}",
            *size.split(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"\(([0-9,]+) plays\).* ([0-9,]+) bytes", made.stdout)
    assert found
    assert _number(found[2]) > 5_000_000_000
    yield folder, _number(found[1])
    shutil.rmtree(folder)


@pytest.fixture
def bucket(seaweed_store: Store) -> Iterator[S3Store]:
    """An empty bucket, by a client that writes quickly."""
    seaweed_store.empty()
    yield S3Store(
        BUCKET,
        endpoint=seaweed_store.url,
        region="us-east-1",
        access_key_id=ADMIN.name,
        secret_access_key=ADMIN.secret,
        client_options={"allow_http": True, "timeout": timedelta(minutes=5)},
    )
    seaweed_store.empty()


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def chunks(paths: list[Path]) -> Iterator[bytes]:
    """The files, one after the other."""
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(8 * 1024 * 1024):
                yield chunk
        # The last line of a log is not ended.
        yield b"\n"


def plays(settings: Settings) -> int:
    """Rows of the fact."""
    pipeline = Pipeline(settings)
    with pipeline.engine.session(read_only=True):
        rows = pipeline.engine.query("select count(*) from analytics.songplays")
    return int(str(rows[0][0]))


@pytest.mark.parametrize("shape", ["30 objects", "one object"])
def test_5_gb_in_less_than_1_gb_of_memory(
    tmp_path: Path,
    seaweed_store: Store,
    bucket: S3Store,
    big: tuple[Path, int],
    shape: str,
    record_property: Callable[[str, object], None],
) -> None:
    """In many objects and in one."""
    folder, wanted = big
    for path in sorted((folder / "song_data").rglob("*.json")):
        obstore.put(bucket, path.relative_to(folder).as_posix(), path)
    days = sorted((folder / "log_data").rglob("*.json"))
    if shape == "one object":
        obstore.put(bucket, "log_data/all.json", chunks(days))
    else:
        for path in days:
            obstore.put(bucket, path.relative_to(folder).as_posix(), path)
    settings = settings_for(tmp_path, seaweed_store)
    done = run(settings)
    record_property("peak MiB", done.peak_kb // 1024)
    record_property("CPU s", round(done.cpu))
    assert plays(settings) == wanted
    assert done.peak_kb < GIGABYTE_IN_KB


def test_100_000_objects(
    tmp_path: Path,
    seaweed_store: Store,
    bucket: S3Store,
    record_property: Callable[[str, object], None],
) -> None:
    """Load them, and find that there is nothing more to do, in bounded memory."""
    from bench.bucket import fill

    song = b'{"num_songs": 1, "song_id": "S%05d", "title": "t", "artist_id": "A%05d"}'
    fill(
        bucket,
        (
            (f"song_data/{n % 26}/{n % 677}/{n:05}.json", song % (n, n % 999))
            for n in range(MANY)
        ),
    )
    seaweed_store.put("log_data/x.json", b'{"page": "Home", "ts": 1541031746980}')
    settings = settings_for(tmp_path, seaweed_store)
    first, again = run(settings), run(settings)
    for name, done in (("first", first), ("again", again)):
        record_property(f"{name}: peak MiB", done.peak_kb // 1024)
        record_property(f"{name}: CPU s", round(done.cpu, 1))
        assert done.peak_kb < GIGABYTE_IN_KB
    assert f"none of {MANY + 1:,} files" in again.output
    assert again.cpu < first.cpu / 2
