"""What the machine does to a run is one sentence, and damages nothing.

Each fault meets the command in a process of its own: it prints one line that names the
object, exits with the right code, leaves the warehouse as it was, and the next run
works.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import make_warehouse

from sparkify.errors import SourceChanged
from sparkify.pipeline import LoadResult, Pipeline
from sparkify.sources.files import SourceFile

if TYPE_CHECKING:
    from conftest import Warehouse

NOBODY = 65534
# Runs once elsewhere, so that all is imported before rights or room are taken away.
COMMAND = """
import encodings.utf_8_sig, os, sys, tempfile
from sparkify.cli import main
try:
    main(["run", "--quiet", "--config", os.environ["ELSEWHERE"]])
except SystemExit:
    pass
os.environ |= {environment}
tempfile.tempdir = None
{fault}
main(["run", "--quiet", "--config", sys.argv[1]])
"""
NO_RIGHTS = f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give up rights")


@dataclass(frozen=True)
class Place:
    """A warehouse with a load, and files that wait; another one to warm up with."""

    warehouse: Warehouse
    elsewhere: Path

    def run(self, fault: str = "", **environment: str) -> tuple[int, str]:
        """Run under a fault: the exit code and what was told."""
        command = COMMAND.format(fault=fault, environment=environment)
        home = self.warehouse.folder.parent
        done = subprocess.run(
            [sys.executable, "-c", command, str(self.warehouse.config)],
            capture_output=True,
            check=False,
            env=os.environ | {"ELSEWHERE": str(self.elsewhere), "HOME": str(home)},
            text=True,
        )
        return done.returncode, done.stderr

    def expect(self, told: tuple[int, str], code: int, *names: object) -> None:
        """One sentence, with the right code, that names the object."""
        assert told[0] == code, told
        assert told[1].startswith("sparkify: "), told
        assert told[1].count("\n") == 1, told
        assert all(str(name) in told[1] for name in names), told

    def works(self, events: int = 400) -> None:
        """The next run works, and nothing was damaged, lost or doubled."""
        assert self.run() == (0, "")
        assert self.warehouse.query("select count(*) from staging.events") == [
            (events,)
        ]
        assert not self.warehouse.offenders()


@pytest.fixture
def place(new_warehouse: Callable[[str], Warehouse]) -> Iterator[Place]:
    """A place that any user can reach; pytest's own folders are for one alone.

    The warehouse is a file of DuckDB; faults of a server are in test_server.py.
    """
    elsewhere = new_warehouse("duckdb")
    elsewhere.write("events", "a.json", [{}, {"ts": "x"}])
    with tempfile.TemporaryDirectory(prefix="sparkify-test-") as name:
        Path(name).chmod(0o755)  # it is for other users
        warehouse = make_warehouse(Path(name, "warehouse"), "duckdb")
        for item in range(2):
            rows = [{"sessionId": item, "itemInSession": n} for n in range(100)]
            warehouse.write("events", f"{item}.json", rows)
        warehouse.write("songs", "a.json", [{}])
        warehouse.run()
        for item in range(2, 4):
            rows = [{"sessionId": item, "itemInSession": n} for n in range(100)]
            warehouse.write("events", f"{item}.json", rows)
        yield Place(warehouse, elsewhere.config)


@contextmanager
def changed_mode(path: Path, mode: int) -> Iterator[None]:
    """Other rights for the block."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of so many bytes."""
    with tempfile.TemporaryDirectory(prefix="sparkify-disk-") as disk:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a file system")
        try:
            yield Path(disk)
        finally:
            subprocess.run(["umount", "-l", disk], check=True)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"this is no database\n" * 1000,
    "noise within": lambda file: file[:8192] + bytes(range(256)) * 1000,
    "cut in half": lambda file: file[: len(file) // 2],
    "another version": lambda file: file[:12] + b"\xfa" + file[13:],
    "of no bytes": lambda _: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_warehouse(place: Place, damage: str) -> None:
    """A file that is no sound DuckDB database is named, and left as it is (I8)."""
    path = place.warehouse.settings.path
    sound = path.read_bytes()
    damaged = DAMAGES[damage](sound)
    path.write_bytes(damaged)
    place.expect(place.run(), 2, path)
    assert path.read_bytes() == damaged
    path.write_bytes(sound)
    place.works()


def test_warehouse_is_a_folder(place: Place) -> None:
    """A folder in place of the warehouse is named (I8)."""
    place.expect(
        place.run(SPARKIFY_WAREHOUSE_PATH=str(place.warehouse.folder)),
        2,
        place.warehouse.folder,
    )
    place.works()


@needs_root
def test_warehouse_that_may_not_be_written(place: Place) -> None:
    """A read-only folder and file are named (I8)."""
    path = place.warehouse.settings.path
    before = path.read_bytes()
    with changed_mode(path, 0o444), changed_mode(path.parent, 0o555):
        place.expect(place.run(NO_RIGHTS), 2, path)
    assert path.read_bytes() == before
    place.works()


@needs_root
@pytest.mark.parametrize("name", ["log_data", "log_data/2.json"])
def test_source_that_may_not_be_read(place: Place, name: str) -> None:
    """A folder or a file that this user may not read is named (I8)."""
    path = place.warehouse.folder / name
    with (
        changed_mode(place.warehouse.settings.path, 0o666),
        changed_mode(place.warehouse.folder, 0o777),
        changed_mode(path, 0),
    ):
        place.expect(place.run(NO_RIGHTS), 2, path)
    place.works()


@needs_root
def test_full_disk(place: Place) -> None:
    """A full disk is told, the warehouse on it is sound, and with room a run works."""
    path = place.warehouse.settings.path
    with small_disk("8m") as disk:
        moved = disk / path.name
        moved.write_bytes(path.read_bytes())
        (disk / "other").write_bytes(bytes(os.statvfs(disk).f_bavail * 4096 - 65_536))
        place.expect(place.run(SPARKIFY_WAREHOUSE_PATH=str(moved)), 2, moved)
        (disk / "other").unlink()
        grow = ["mount", "-o", "remount,size=99m", str(disk)]
        subprocess.run(grow, check=True)
        assert place.run(SPARKIFY_WAREHOUSE_PATH=str(moved)) == (0, "")
        path.write_bytes(moved.read_bytes())
        place.works()


@needs_root
def test_no_room_for_temporary_files(place: Place) -> None:
    """A full temporary folder is told, and nothing is loaded (I8)."""
    before = place.warehouse.bags()
    with small_disk("16k") as disk:
        place.expect(place.run(TMPDIR=str(disk)), 2, disk)
    assert place.warehouse.bags() == before
    place.works()


@pytest.mark.parametrize("limit", ["1KB", "2MB"])
def test_memory_limit_too_small(place: Place, limit: str) -> None:
    """The sentence names MEMORY_LIMIT, and nothing is loaded (I8)."""
    before = place.warehouse.bags()
    told = place.run(SPARKIFY_LOAD_MEMORY_LIMIT=limit)
    place.expect(told, 2, place.warehouse.settings.path, "MEMORY_LIMIT")
    assert place.warehouse.bags() == before
    place.works()


@pytest.mark.parametrize("rows", [1, 5000], ids=["joined", "read in place"])
@pytest.mark.parametrize("change", ["replaced", "gone"])
def test_file_that_changes_after_the_listing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, change: str, rows: int
) -> None:
    """It is noticed, and the run tries again with the file as it is then (I2)."""
    old = [{"itemInSession": n} for n in range(rows)]
    path = warehouse.write("events", "a.json", old)
    load = Pipeline.load
    noticed: list[str] = []

    def changing(self: Pipeline, batch: list[SourceFile], head: int) -> LoadResult:
        if not noticed and change == "gone":
            path.unlink()
        elif not noticed:
            warehouse.write("events", "a.json", [*old, {"itemInSession": rows}])
        try:
            return load(self, batch, head)
        except SourceChanged as error:
            noticed.append(str(error))
            raise

    monkeypatch.setattr(Pipeline, "load", changing)
    warehouse.run()
    assert len(noticed) == 1
    assert str(path) in noticed[0]
    staged = 0 if change == "gone" else rows + 1
    assert warehouse.query("select count(*) from staging.events") == [(staged,)]
    assert not warehouse.offenders()
