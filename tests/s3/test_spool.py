"""The spool: private, bounded, gone afterwards, also after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3.stores import load, settings_for
from sparkify.errors import SourceChanged, SourceError
from sparkify.sources import Sources, ahead, folder
from sparkify.sources.inflate import inflate
from sparkify.sources.spool import spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparkify.config import Settings

HOLD = """
import sys, time
from pathlib import Path
from sparkify.sources.spool import spool
with spool(Path(sys.argv[1]), 10) as mine:
    (mine.path / "data").write_text("x")
    print(mine.path, flush=True)
    time.sleep(60)
"""


def local(tmp_path: Path, tree: Path, *options: str) -> Settings:
    """Settings of a folder."""
    logs, songs = str(tree / "log_data"), str(tree / "song_data")
    return settings_for(tmp_path / "w", None, logs=logs, songs=songs, load=options)


def test_it_is_private_and_goes(tmp_path: Path) -> None:
    """Nobody else may read what a run reads."""
    with spool(tmp_path, 10) as mine:
        assert mine.path.stat().st_mode & 0o777 == 0o700
        assert mine.path.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_spool_of_a_killed_run_is_swept(tmp_path: Path) -> None:
    """By the next run; that of a living one stays."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    paths = [Path(run.stdout.readline().strip()) for run in runs if run.stdout]
    try:
        runs[0].kill()
        runs[0].wait()
        assert paths[0].exists()
        with spool(tmp_path, 10):
            assert not paths[0].exists()
            assert (paths[1] / "data").exists()
    finally:
        for run in runs:
            run.kill()
            run.communicate()


def test_one_that_was_never_finished_is_swept_later(tmp_path: Path) -> None:
    """Its maker may be about to lock it."""
    young, old = tmp_path / "sparkify-spool-a", tmp_path / "sparkify-spool-b"
    young.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    with spool(tmp_path, 10):
        assert young.exists()
        assert not old.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Somebody may put one there."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "lock").write_text("")
    (tmp_path / "sparkify-spool-x").symlink_to(tmp_path / "target")
    with spool(tmp_path, 10):
        pass
    assert (tmp_path / "target" / "lock").exists()


def test_it_is_bounded(tmp_path: Path, tree: Path) -> None:
    """Whatever few bytes may expand to."""
    import gzip

    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    assert len(bomb) < 100_000
    (tree / "log_data" / "bomb.json").write_bytes(bomb)
    settings = local(tmp_path, tree, "SPOOL_BYTES=8MB")
    with pytest.raises(SourceError, match=r"more than 8,388,608 bytes"):
        load(settings)
    assert not list((tmp_path / "w").glob("sparkify-spool-*"))


def test_what_expands_comes_in_pieces() -> None:
    """Memory is bounded as well."""
    import bz2
    import gzip

    from backports import zstd

    plain = bytes(20 * 1024 * 1024)
    for compress in (gzip.compress, bz2.compress, zstd.compress):
        pieces = list(inflate([compress(plain)]))
        assert max(map(len, pieces)) <= 1024 * 1024
        assert b"".join(pieces) == plain
        single = [bytes([byte]) for byte in compress(plain[:1000])]
        assert b"".join(inflate(single)) == plain[:1000]


def test_a_folder_that_cannot_hold_it(tmp_path: Path, tree: Path) -> None:
    """The option to set is told."""
    settings = local(tmp_path, tree)
    settings = replace(settings, spool_folder=Path("/proc/nothing"))
    with pytest.raises(SourceError, match=r"\[LOAD\] SPOOL_FOLDER"):
        load(settings)


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, tree: Path, size: str
) -> None:
    """Noticed, though it has as many bytes as before."""
    path = tree / "log_data" / "x.json"
    path.write_bytes(b'{"ts": 1}\n' * (1 if size == "small" else 200_000))
    sources = Sources(local(tmp_path, tree))
    files = list(sources.discover())
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    with spool(tmp_path, 10**9) as mine, pytest.raises(SourceChanged, match=r"x\.json"):
        sources.extract(files, mine)


def test_a_large_file_that_changes_before_it_is_committed(
    tmp_path: Path, tree: Path
) -> None:
    """It was read in place."""
    path = tree / "log_data" / "x.json"
    path.write_bytes(b'{"ts": 1}\n' * 200_000)
    sources = Sources(local(tmp_path, tree))
    with spool(tmp_path, 10**9) as mine:
        inputs = sources.extract(list(sources.discover()), mine).inputs
        folder.verify_unchanged(inputs)
        path.unlink()
        with pytest.raises(SourceChanged, match="vanished"):
            folder.verify_unchanged(inputs)


def test_nothing_of_s3_is_imported_for_a_folder(tmp_path: Path, tree: Path) -> None:
    """Nor of compression."""
    settings = local(tmp_path, tree)
    load(settings)
    code = (
        "import sys, sparkify.cli\n"
        "try: sparkify.cli.main(['ls', '--config', sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('obstore', 'botocore', 'boto3', 'backports', 'urllib3')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(settings.file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_work_ahead_is_bounded_and_in_order() -> None:
    """Twice the threads, and no more."""
    given: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            given.append(number)
            yield number

    results = ahead.in_order(lambda n: n * n, tasks(), 4)
    got = []
    for result in results:
        got.append(result)
        assert len(given) - len(got) < 8
    assert got == [n * n for n in range(100)]


def test_an_error_ahead_is_raised_in_its_place() -> None:
    """What came before it is had; the rest is left."""

    def work(number: int) -> int:
        return 10 // (5 - number)

    results = ahead.in_order(work, range(1000), 3)
    assert [next(results) for _ in range(5)] == [2, 2, 3, 5, 10]
    with pytest.raises(ZeroDivisionError):
        next(results)
