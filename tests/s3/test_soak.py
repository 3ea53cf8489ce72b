"""Hours of a watcher, made short: files come and change while all around it breaks."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.seaweed import ADMIN, READER, Server, seaweed
from s3.stores import BUCKET, Store, settings_for, store_at
from sparkify.pipeline import Pipeline
from sparkify.simulate import simulate

if TYPE_CHECKING:
    from sparkify.config import Settings

EVERY, FULL_EVERY = 1, 5
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Traffic:
    """Puts files into a bucket: new, changed, repeated, broken and mended ones.

    What a file held stays in its later versions, so that the star is that of the last
    ones; a file that is repeated elsewhere does not change, or the two would differ.
    """

    store: Store
    chance: random.Random
    logs: list[tuple[str, bytes]]
    songs: list[tuple[str, bytes]]
    held: dict[str, bytes] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    broken: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        """Write an object, however long the store is away."""
        for _ in range(240):
            try:
                self.store.put(key, body)
            except Exception:  # noqa: BLE001  # the store was killed
                time.sleep(0.25)
            else:
                self.held[key] = body
                return
        raise TimeoutError(key)

    def act(self) -> str:
        """Do something; its name."""
        acts = [self.new] * 4 + [self.song, self.change, self.repeat, self.damage]
        acts += [self.spoil, self.mend]
        act = self.chance.choice(acts)
        act()
        return act.__name__

    def new(self) -> None:
        """A file of some day, plain or compressed."""
        if self.logs:
            key, body = self.logs.pop(self.chance.randrange(len(self.logs)))
            if self.chance.random() < 0.3:
                key, body = f"{key}.gz", gzip.compress(body)
            self.put(key, body)

    def song(self) -> None:
        """A file of a song."""
        if self.songs:
            self.put(*self.songs.pop())

    def change(self) -> None:
        """A version of a file that corrects an event of it."""
        if key := self._any(lambda key: key.endswith(".json") and "log" in key):
            first, *rest = self.held[key].splitlines()
            event: dict[str, Any] = json.loads(first)
            event["level"] = "paid" if event["level"] == "free" else "free"
            self.put(key, b"\n".join([json.dumps(event).encode(), *rest]))

    def repeat(self) -> None:
        """The same file under another name."""
        if key := self._any(lambda key: "log" in key and "again" not in key):
            copy = key.replace("events", "again")
            self.put(copy, self.held[key])
            self.fixed |= {key, copy}

    def damage(self) -> None:
        """A compressed file that is cut."""
        if self.logs:
            key, body = self.logs.pop()
            whole = gzip.compress(body)
            self.put(f"{key}.gz", whole[: len(whole) // 2])
            self.broken[f"{key}.gz"] = whole

    def spoil(self) -> None:
        """A file with so many bad records that it is refused, or with a few."""
        if self.logs:
            key, body = self.logs.pop()
            bad = b'\n{"page": "NextSong", "ts": "when"}' * self.chance.choice([1, 150])
            self.put(key, body + bad)
            self.broken[key] = body

    def mend(self) -> None:
        """A whole version of a broken file."""
        if self.broken:
            key = self.chance.choice(sorted(self.broken))
            self.put(key, self.broken.pop(key))

    def _any(self, fits: Callable[[str], bool]) -> str | None:
        out = self.fixed | self.broken.keys()
        keys = [key for key in sorted(self.held) if key not in out and fits(key)]
        return self.chance.choice(keys) if keys else None


class Loader:
    """A watcher's process: started, killed, measured."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.log = folder / "watch.log"
        (folder / "tmp").mkdir()
        self._command = [
            sys.executable,
            "-m",
            "sparkify",
            "watch",
            "--config",
            str(config),
        ]
        self._command += ["--every", f"{EVERY}s", "--full-every", f"{FULL_EVERY}s"]
        self.memory: list[int] = []
        self.opened: list[int] = []
        self.start()

    def start(self) -> None:
        """Start it, with a folder of its own for temporary files."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"TMPDIR": str(self.folder / "tmp")},
            )
        self.memory.clear()
        self.opened.clear()

    def measure(self) -> None:
        """Note how much memory it has, and how many files are open."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        proc = Path("/proc", str(self.process.pid))
        self.memory.append(int((proc / "statm").read_text().split()[1]) * PAGE)
        self.opened.append(len(list((proc / "fd").iterdir())))

    def restart(self) -> None:
        """Kill it without a warning, and start it again."""
        self.kill()
        self.start()

    def kill(self) -> None:
        """Leave nothing behind, however the test ends."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own: it is killed."""
    with seaweed(BUCKET) as made:
        yield made


@pytest.fixture
def loader_of(tmp_path: Path) -> Iterator[Callable[[Settings], Loader]]:
    """Starts the watcher of some settings."""
    started: list[Loader] = []

    def start(settings: Settings) -> Loader:
        assert settings.file
        started.append(Loader(tmp_path / "soak", settings.file))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def traffic(server: Server, tmp_path: Path) -> Traffic:
    """Days of logs in small files, and songs; a few of each are there."""
    folder = tmp_path / "made"
    simulate(folder, users=60, days=60, songs=300, seed=7)
    logs = []
    for path in sorted((folder / "log_data").rglob("*.json")):
        lines = path.read_bytes().splitlines()
        for number, first in enumerate(range(0, len(lines), 25)):
            key = path.relative_to(folder).with_suffix("").as_posix()
            logs.append(
                (f"{key}-{number:02}.json", b"\n".join(lines[first : first + 25]))
            )
    songs = [
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted((folder / "song_data").rglob("*.json"))
    ]
    chance = random.Random(7)  # noqa: S311  # chance of a test
    chance.shuffle(songs)
    made = Traffic(store_at(server.url, ADMIN, READER), chance, logs, songs)
    for _ in range(5):
        made.new()
        made.song()
    return made


def star(settings: Settings) -> dict[str, list[str]]:
    """All rows of the star."""
    pipeline = Pipeline(settings)
    rows = {}
    with pipeline.engine.session(read_only=True):
        for table in pipeline.models.tables:
            if table.schema == "analytics":
                names = ", ".join(column.name for column in table.columns)
                found = pipeline.engine.query(f"select {names} from {table.full_name}")
                rows[table.full_name] = sorted(map(repr, found))
    return rows


@pytest.mark.parametrize(
    ("seconds", "between_kills"),
    [(45, (3, 9)), pytest.param(1800, (5, 30), marks=pytest.mark.long)],
    ids=["short", "long"],
)
def test_watcher_outlasts_what_breaks(
    server: Server,
    traffic: Traffic,
    loader_of: Callable[[Settings], Loader],
    tmp_path: Path,
    seconds: int,
    between_kills: tuple[int, int],
) -> None:
    """The star is that of one load of all, and nothing is left behind.

    The loader is killed in the first half, the store in both; the second half tells
    whether memory grows.
    """
    limits = ["RETRY_FOR=1s", "TIMEOUT=10s"]
    settings = settings_for(tmp_path / "soak", traffic.store, s3=limits)
    Pipeline(settings).create_tables()
    loader = loader_of(settings)
    began = time.monotonic()
    next_kill, next_outage = 7.0, 12.0
    kills = outages = 0
    acts: dict[str, int] = {}
    while (now := time.monotonic() - began) < seconds:
        name = traffic.act()
        acts[name] = acts.get(name, 0) + 1
        if now > next_kill and now < seconds / 2:
            loader.restart()
            kills += 1
            next_kill = now + traffic.chance.uniform(*between_kills)
        if now > next_outage:
            server.kill()
            time.sleep(traffic.chance.uniform(0, 4))
            server.start()
            outages += 1
            next_outage = now + traffic.chance.uniform(15, 60)
        loader.measure()
        time.sleep(traffic.chance.uniform(0, 1.0))
    _settle(loader)
    memory, opened = list(loader.memory), list(loader.opened)
    assert loader.end() == 0
    told = loader.log.read_text()
    loads = told.count(" loaded ")
    _tell(f"{acts}, {kills} kills, {outages} outages, {loads} loads")
    quarter = len(memory) // 4
    first, last = (
        statistics.median(part) / 2**20
        for part in (memory[:quarter], memory[-quarter:])
    )
    _tell(f"memory {first:.0f} to {last:.0f} MiB, at most {max(opened)} files open")
    assert kills
    assert outages
    assert "Traceback" not in told
    # Nothing was left to find, and nothing is left behind.
    pipeline = Pipeline(settings)
    assert pipeline.run().loads == []
    # Days of chance are no usual days: what warns of them may.
    wrong = [each for each in pipeline.check() if each.check.severity == "error"]
    assert not [each for each in wrong if each.offenders]
    left = [path.name for path in (tmp_path / "soak").rglob("*")]
    assert sorted(left) == ["dwh.cfg", "tmp", "warehouse.duckdb", "watch.log"]
    # The same bucket, loaded once into a new warehouse.
    again = settings_for(tmp_path / "again", traffic.store)
    Pipeline(again).create_tables()
    Pipeline(again).run()
    ours, theirs = star(settings), star(again)
    assert {name: len(rows) for name, rows in ours.items()} == {
        name: len(rows) for name, rows in theirs.items()
    }
    assert ours == theirs
    assert last < 1.25 * first + 32
    assert max(opened[-quarter:]) <= max(opened[:quarter]) + 8


def _tell(text: str) -> None:
    """For who runs it with `-s`."""
    sys.stdout.write(f"\n{text}\n")


def _settle(loader: Loader) -> None:
    """Until full looks have found nothing for a while."""
    size, since = -1, time.monotonic()
    deadline = time.monotonic() + 300
    while time.monotonic() - since < 4 * FULL_EVERY:
        assert time.monotonic() < deadline, "it loads for ever"
        loader.measure()
        if loader.log.stat().st_size != size:
            size, since = loader.log.stat().st_size, time.monotonic()
        time.sleep(0.5)
