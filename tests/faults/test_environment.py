"""What the machine does to a run is one sentence, and damages nothing.

Each fault meets the command in a process of its own: it prints one line that names the
object, exits with the right code, leaves the warehouse as it was, and the next run
works.
"""

from __future__ import annotations

import os
import struct
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

from sparkify.cli import main
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
        assert "Error" not in told[1], told  # so drivers begin
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


def of_version(number: int) -> Callable[[bytes], bytes]:
    """A sound file, but for the version of its format."""

    def changed(file: bytes) -> bytes:
        header = file[8:12] + number.to_bytes(8, "little") + file[20:4096]
        checksum = 5381
        for (word,) in struct.iter_unpack("<Q", header):
            checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
        return struct.pack("<Q", checksum) + header + file[4096:]

    return changed


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "text": (lambda _: b"this is no database\n" * 1000, "damaged"),
    "noise within": (lambda file: file[:8192] + bytes(range(256)) * 1000, "damaged"),
    "a bit flipped": (lambda file: file[:52] + b"\xff" + file[53:], "damaged"),
    "cut in the header": (lambda file: file[:5000], "damaged"),
    "cut in half": (lambda file: file[: len(file) // 2], "damaged"),
    "cut at the end": (lambda file: file[:-4096], "damaged"),
    "of no bytes": (lambda _: b"", "damaged"),
    "newer": (of_version(5000), "upgrade the package duckdb"),
    "older": (of_version(1), "too old"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_warehouse(place: Place, damage: str) -> None:
    """A file that is no sound DuckDB database is named, and left as it is (I8)."""
    path = place.warehouse.settings.path
    sound = path.read_bytes()
    change, said = DAMAGES[damage]
    damaged = change(sound)
    path.write_bytes(damaged)
    told = place.run()
    place.expect(told, 2, path, said)
    assert path.read_bytes() == damaged
    path.write_bytes(sound)
    place.works()


def test_damaged_log_of_the_warehouse(place: Place) -> None:
    """What a killed process left is replayed; when it is damaged, that is told."""
    path = place.warehouse.settings.path
    log = Path(f"{path}.wal")
    sound = path.read_bytes()
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    left = log.read_bytes()
    log.write_bytes(left[:60] + bytes(byte ^ 255 for byte in left[60:80]) + left[80:])
    place.expect(place.run(), 2, path, "damaged")
    path.write_bytes(sound)
    log.write_bytes(left)
    place.works()
    assert place.warehouse.query("select note from analytics.notes") == [("kept",)]


KILLED = """
import duckdb, os, signal, sys
warehouse = duckdb.connect(sys.argv[1])
warehouse.execute("create table analytics.notes as select 'kept' as note")
os.kill(os.getpid(), signal.SIGKILL)
"""


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


@pytest.mark.parametrize("limit", [0, 1000])
def test_limit_on_the_size_of_temporary_files(place: Place, limit: int) -> None:
    """A spool that may not grow is told, and nothing is loaded (I8)."""
    before = place.warehouse.bags()
    place.expect(place.run(file_limit(limit)), 2, "SPOOL_FOLDER")
    assert place.warehouse.bags() == before
    place.works()


def test_limit_on_the_size_of_the_warehouse(place: Place) -> None:
    """A warehouse whose log may not grow is told, and nothing is loaded (I8)."""
    before = place.warehouse.bags()
    rows = [{"sessionId": 9, "itemInSession": n} for n in range(5000)]
    place.warehouse.write("events", "large.json", rows)  # read where it is
    path = place.warehouse.settings.path
    place.expect(place.run(file_limit(100_000)), 2, path, "ulimit -f")
    assert place.warehouse.bags() == before
    place.works(5400)


def test_limit_that_a_checkpoint_meets(place: Place) -> None:
    """A commit that cannot write the warehouse's file is told; it is whole (I8)."""
    path = place.warehouse.settings.path
    limit = file_limit(path.stat().st_size + 100_000)
    place.expect(place.run(CHECKPOINTS + limit), 2, path, "ulimit -f", "as a whole")
    assert place.warehouse.query("select count(*) from staging.events") in (
        [(200,)],
        [(400,)],
    )
    assert not place.warehouse.offenders()
    place.works()


def file_limit(size: int) -> str:
    """Let no file grow beyond a size."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size},) * 2)"


# As after so many changes that they are not written to the log first.
CHECKPOINTS = """
from sparkify.engines import duckdb as engine
limits = engine.limits
engine.limits = lambda settings: limits(settings) | {"checkpoint_threshold": "1KB"}
"""


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


@pytest.mark.parametrize("seconds", [-(10**12), 10**13])
def test_file_of_another_age(warehouse: Warehouse, seconds: int) -> None:
    """A modification time beyond what a warehouse can hold is as good as another."""
    path = warehouse.write("events", "a.json", [{}])
    os.utime(path, (seconds, seconds))
    warehouse.run()
    assert warehouse.query("select count(*) from staging.events") == [(1,)]
    assert not warehouse.run().loads


@pytest.mark.parametrize("given", [">/dev/full", ">&-", "2>&-"])
def test_output_that_nobody_takes(place: Place, given: str) -> None:
    """A full disk under the output is told; with the output closed, all works."""
    command = f"{sys.executable} -m sparkify ls --config {place.warehouse.config}"
    done = subprocess.run(
        ["sh", "-c", f"{command} {given}"], capture_output=True, check=False, text=True
    )
    if given == ">/dev/full":
        place.expect((done.returncode, done.stderr), 2, "output", "No space left")
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_terminal_without_the_letters(place: Place) -> None:
    """A text that the output's encoding lacks is shown as far as it goes."""
    place.warehouse.write("events", "a.json", [{"song": "Jóga", "artist": "Björk"}])
    done = subprocess.run(
        [sys.executable, "-m", "sparkify", "run", "--config", place.warehouse.config],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "100"},
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "J?ga" in done.stdout


def test_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run from a folder that was removed says so."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SystemExit) as ended:
        main(["run"])
    assert ended.value.code == 2
    assert "The current folder was removed" in capsys.readouterr().err


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
