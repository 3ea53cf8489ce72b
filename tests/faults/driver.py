"""Breaks a run at one statement, and looks at what is left: a program of its own.

`python driver.py ENGINE FOLDER make` makes the scenario in FOLDER and prints, as JSON,
the statements of the undisturbed run. `python driver.py ENGINE FOLDER` reads lines of
POINT MODE, breaks that run once for each, and prints for each, as a line of JSON, what
the warehouse was like afterwards; `problem` is null where all is as it must be.

Points are the statements that the run itself makes, counted where every one of them
passes, so a new statement is a point by itself. A run to break begins with a copy of
the warehouse as it is before the load of its point. Each fault is a process, forked
from this one, which has imported everything and never opens a database.

Afterwards the warehouse is opened on a new worker: its state has to be that before or
after the load, and a run has to end as if nothing had happened. This is done for all
that a fault may leave: files that are byte for byte those of an earlier fault, mostly
those from before the load, meet the end that was seen then. Modes:

- before, during, after: the process is killed (SIGKILL) around the statement
- fail: the statement fails for good
- interrupt: Ctrl-C (SIGINT) while the statement runs
- cut: Ctrl-C before it, which takes the connection with it
- drop: the connection is gone before the statement, and lost: after it, its outcome
  unknown; the run tries again by itself
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

# What a run imports late is here already when a process is forked.
import ftfy  # noqa: F401
import psycopg2
import stamina  # noqa: F401

from sparkify.config import Settings
from sparkify.engines.duckdb import DuckDB
from sparkify.engines.postgres import Postgres
from sparkify.engines.redshift import Redshift
from sparkify.errors import TransientError, WarehouseError
from sparkify.pipeline import LoadResult, Pipeline
from sparkify.sources.files import SourceFile

KILLS = ("before", "during", "after")
RETRIED = ("drop", "lost")
MODES = (*KILLS, "fail", "interrupt", "cut", *RETRIED)

_Told = dict[str, object]
AnyEngine = DuckDB | Postgres | Redshift
_ENDS = {
    "fail": "WarehouseError",
    "interrupt": "KeyboardInterrupt",
    "cut": "KeyboardInterrupt",
}


@dataclass(frozen=True)
class Rig:
    """What is to be known of an engine to break its runs.

    Every statement passes `_run` of the class `engine`, which has a `_connection`.
    `warehouse` are the settings of one by its name, `new` makes one, `copy` makes a
    second one like a first, in place of what it was. `digest` tells whether two are
    alike in every byte; None when that cannot be known.
    """

    engine: type[AnyEngine]
    warehouse: Callable[[Path, str], Settings]
    new: Callable[[Settings], None]
    copy: Callable[[Settings, Settings], None]
    digest: Callable[[Settings], str | None]


def _files(settings: Settings) -> Iterator[Path]:
    """Those of a warehouse of DuckDB: the file, its log, what it writes beside it."""
    yield from settings.path.parent.glob(f"{settings.path.name}*")


def _copy_files(old: Settings, new: Settings) -> None:
    for path in _files(new):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert list(_files(old)) == [old.path]
    shutil.copy(old.path, new.path)


def _digest_files(settings: Settings) -> str | None:
    digest = sha256()
    for path in sorted(_files(settings)):
        digest.update(path.suffix.encode() + path.read_bytes())
    return digest.hexdigest()


def _database(folder: Path, name: str) -> Settings:
    """One of the server that `server.json` in the folder tells of."""
    return Settings(
        engine="postgres",
        db_name=f"{folder.name}_{name}".replace("-", "_"),
        **json.loads((folder / "server.json").read_text()),
    )


def _new_database(new: Settings, template: str = "template0") -> None:
    connection = psycopg2.connect(
        host=new.host, port=new.port, user=new.db_user, dbname="postgres"
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {new.db_name} with (force)")
        cursor.execute(
            f"create database {new.db_name} template {template} strategy file_copy"
        )
    connection.close()


def _copy_database(old: Settings, new: Settings) -> None:
    _new_database(new, old.db_name)


def _behind(folder: Path, name: str) -> Settings:
    """A database of the Redshift test server that `server.json` tells of."""
    told = json.loads((folder / "server.json").read_text())
    del told["behind"]
    name = f"{folder.name}_{name}".replace("-", "_")
    return Settings(engine="redshift", db_name=name, **told)


def _new_behind(new: Settings, template: str = "template1") -> None:
    told = json.loads((Path(new.log_data).parent / "server.json").read_text())
    connection = psycopg2.connect(told["behind"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {new.db_name} with (force)")
        cursor.execute(
            f"create database {new.db_name} template {template} "
            f"owner {new.db_user} strategy file_copy"
        )
    connection.close()


def _copy_behind(old: Settings, new: Settings) -> None:
    _new_behind(new, old.db_name)


RIGS: dict[str, Rig] = {
    "redshift": Rig(Redshift, _behind, _new_behind, _copy_behind, lambda _: None),
    "postgres": Rig(Postgres, _database, _new_database, _copy_database, lambda _: None),
    "duckdb": Rig(
        DuckDB,
        lambda folder, name: Settings(path=folder / f"{name}.duckdb"),
        lambda _: None,
        _copy_files,
        _digest_files,
    ),
}
"""The engines that can be tried; a later one joins by its name here."""


@dataclass(frozen=True)
class Point:
    """A statement of a run that begins with state `start`: its number, its time."""

    start: int
    number: int
    statement: str
    seconds: float
    commits: bool


@dataclass(frozen=True)
class Plan:
    """The points to break a run at, and the states that each load leads to."""

    points: list[Point]
    states: list[str]


@dataclass(frozen=True)
class Found:
    """What was left of a run that was broken at a point."""

    point: int
    mode: str
    statement: str
    ended: str
    state: int | None
    seen_before: bool
    problem: str | None


class Scenario:
    """A folder with sources, and the warehouse as it is after each load."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.rig = RIGS[engine]
        self.run_of_engine: Callable[..., object] = self.rig.engine._run
        self.folder = folder

    def settings(self, name: str) -> Settings:
        """Those of a warehouse; few bytes a batch, as the files are small."""
        return replace(
            self.rig.warehouse(self.folder, name),
            log_data=str(self.folder / "log_data"),
            song_data=str(self.folder / "song_data"),
            batch_bytes=40_000,
        )

    def copy(self, old: str, new: str) -> Settings:
        """A warehouse like another one."""
        settings = self.settings(new)
        self.rig.copy(self.settings(old), settings)
        return settings

    def make(self) -> Plan:
        """Write the sources, load the first ones, and the rest load by load."""
        for name in ("log_data", "song_data"):
            (self.folder / name).mkdir(parents=True)
        self._write("log_data/2018-11-01.json", map(_event, range(8)))
        self._write("log_data/2018-11-02.json", map(_event, range(8, 16)))
        self._write("song_data/a.json", [_song(0), _song(1)])
        self.rig.new(self.settings("state-0"))
        base = Pipeline(self.settings("state-0"))
        base.create_tables()
        base.run()
        first = (_event(n, level="paid", song=f"Song {n % 3}") for n in range(8))
        self._write("log_data/2018-11-01.json", first, later=True)
        self._write("log_data/2018-11-03.json", map(_event, range(12, 30)))
        bad = [_event(30), _event(31, ts="noon"), '{"cut": ', _event(32)]
        self._write("log_data/2018-11-04.json", bad)
        worse = (_event(n, level="x" if n % 9 else "paid") for n in range(40, 141))
        self._write("log_data/2018-11-05.json", worse)
        self._write("log_data/2018-10-31.json", map(_event, range(150, 155)))
        self._write("song_data/b.json", [_song(2), _song(1, duration=200.5), "rubbish"])
        plan = Plan([], [self._sound_state(base)])
        while self._load_one(plan):
            pass
        (self.folder / "plan.json").write_text(json.dumps(asdict(plan)))
        return plan

    def plan(self) -> Plan:
        """What `make` has found."""
        made = json.loads((self.folder / "plan.json").read_text())
        return Plan([Point(**each) for each in made["points"]], made["states"])

    def pass_statements(self, through: Callable[..., object]) -> None:
        """Let every statement of the engine pass a function."""
        self.rig.engine._run = through  # type: ignore[method-assign,assignment]  # takes its place

    def _write(self, name: str, records: Iterable[str], *, later: bool = False) -> None:
        path = self.folder / name
        path.write_text("".join(f"{record}\n" for record in records))
        moment = 1_600_000_000_000_000_000 + later
        os.utime(path, ns=(moment, moment))

    def _load_one(self, plan: Plan) -> bool:
        """Go from the latest state to the next; note each statement of the run."""
        start = len(plan.states) - 1
        noted: list[Point] = []

        def note(engine: AnyEngine, sql: str, *more: Any, **named: Any) -> object:
            began = time.monotonic()
            try:
                return self.run_of_engine(engine, sql, *more, **named)
            finally:
                seconds = time.monotonic() - began
                text = " ".join(sql.split())
                noted.append(Point(start, len(noted), text, seconds, commits=False))

        # First: parts of an engine keep the function that they are made with.
        self.pass_statements(note)
        pipeline = _OneLoad(self.copy(f"state-{start}", f"state-{start + 1}"))
        with suppress(_OneLoad.Done):
            pipeline.run()
        self.pass_statements(self.run_of_engine)
        if not pipeline.result.loads:
            return False
        assert noted[-1].statement == "commit"
        plan.points.extend([*noted[:-1], replace(noted[-1], commits=True)])
        plan.states.append(self._sound_state(pipeline))
        return True

    def _sound_state(self, pipeline: Pipeline) -> str:
        """The state; as it passes the checks, all warehouses of this state do."""
        assert not [each for each in pipeline.check() if each.offenders]
        return state(pipeline)


class _OneLoad(Pipeline):
    """A run that ends after its first load."""

    class Done(Exception):  # it is no error
        """It has ended."""

    def load(self, batch: Sequence[SourceFile], head: int) -> LoadResult:
        if self.result.loads:
            raise self.Done
        return super().load(batch, head)


def _event(number: int, **other: object) -> str:
    event: dict[str, object] = {
        "artist": f"Artist {number % 4}",
        "itemInSession": number,
        "length": 200.5,
        "level": "free",
        "page": "Home" if number % 7 == 6 else "NextSong",
        "sessionId": number % 3,
        "song": f"Song {number % 4}",
        "ts": 1541000000000 + number // 2 * 1000,
        "userId": str(number % 5),
    }
    return json.dumps(event | other)


def _song(number: int, **other: object) -> str:
    song: dict[str, object] = {
        "artist_id": f"AR{number}",
        "artist_name": f"Artist {number}",
        "duration": 100.0,
        "song_id": f"SO{number}",
        "title": f"Song {number}",
    }
    return json.dumps(song | other)


def state(pipeline: Pipeline) -> str:
    """A hash of every row of every table, but for the clock: loads are numbered."""
    digest = sha256()
    engine, models = pipeline.engine, pipeline.models
    with engine.session(read_only=True):
        ids = engine.query(
            models.in_schema("select load_id from control.loads order by load_id")
        )
        numbers = {load_id: number for number, (load_id,) in enumerate(ids)}
        for table in models.tables:
            names = [c.name for c in table.columns if c.name not in _CLOCK]
            is_load = [name == "load_id" for name in names]
            rows = engine.query(f"select {', '.join(names)} from {table.full_name}")
            texts = sorted(
                repr(
                    [numbers[v] if i else v for i, v in zip(is_load, row, strict=True)]
                )
                for row in rows
            )
            digest.update("\n".join([table.full_name, *texts]).encode())
    return digest.hexdigest()


_CLOCK = ("run_id", "started_at", "finished_at", "failed_at", "seconds")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _break_at(scenario: Scenario, point: Point, mode: str) -> None:
    """Make a statement of this process meet its fault, once."""
    real = scenario.run_of_engine
    passed = -1

    def run(engine: AnyEngine, sql: str, *more: Any, **named: Any) -> object:
        nonlocal passed
        passed += 1
        if passed != point.number:
            return real(engine, sql, *more, **named)
        if mode == "before":
            _die()
        if mode == "fail":
            raise WarehouseError("This statement was made to fail.")
        if mode == "cut":
            _close(engine)
            raise KeyboardInterrupt
        if mode == "drop":
            _drop(engine)
        # How much of it is done by then differs from fault to fault.
        strike = _die if mode == "during" else _interrupt
        timer = threading.Timer(random.random() * point.seconds, strike)  # noqa: S311  # no secret
        if mode in ("during", "interrupt"):
            timer.start()
        # Some statements fail in a sound run too, such as one that reads a bad file.
        with suppress(WarehouseError):
            real(engine, sql, *more, **named)
        if mode == "lost":
            _drop(engine)
        timer.cancel()
        strike = _interrupt if mode == "interrupt" else _die
        strike()
        time.sleep(60)  # another thread may be the one that the signal meets
        raise AssertionError(f"{mode} did not strike")

    scenario.pass_statements(run)


def _close(engine: AnyEngine) -> None:
    assert engine._connection
    engine._connection.close()


def _drop(engine: AnyEngine) -> None:
    _close(engine)
    raise TransientError("This connection was made to drop.")


def _in_a_process(work: Callable[[], Mapping[str, object]]) -> _Told:
    """What `work` returns in a process of its own; how that ended, if it did not."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            said: Mapping[str, object] = work()
        except BaseException as error:  # noqa: BLE001  # the process tells it and ends
            said = {"ended": type(error).__name__, "message": str(error)}
        with os.fdopen(writing, "w") as out:
            out.write(json.dumps(said))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return {"ended": signal.Signals(os.WTERMSIG(status)).name}
    return dict(json.loads(text))


def _on_a_new_worker(folder: Path) -> None:
    """An empty working directory and temporary folder; those before are wiped."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.chdir(folder)
    tempfile.tempdir = str(folder)


class Breaker:
    """Breaks runs, and remembers what came of what they left."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.plan = scenario.plan()
        self.name = f"broken-{os.getpid()}"
        self.worker = scenario.folder / self.name
        self.seen: dict[str, dict[str, object]] = {}

    def break_run(self, number: int, mode: str) -> Found:
        """Break a run at a point, look at the warehouse, then run as usual."""
        point = self.plan.points[number]
        settings = self.scenario.copy(f"state-{point.start}", self.name)

        def fault() -> Mapping[str, object]:
            _on_a_new_worker(self.worker)
            _break_at(self.scenario, point, mode)
            Pipeline(settings).run()
            return {"ended": "done"}

        ended = _in_a_process(fault)
        left = self.scenario.rig.digest(settings)
        seen = self.seen.get(left) if left else None
        seen_before = seen is not None
        if seen is None:
            seen = _in_a_process(lambda: self._look(settings))
            if left:
                self.seen[left] = seen
        states = self.plan.states
        state = (
            states.index(str(seen["found"])) if seen.get("found") in states else None
        )
        found = Found(
            number, mode, point.statement, str(ended["ended"]), state, seen_before, None
        )
        return replace(found, problem=self._problem(point, found, ended, seen))

    def _look(self, settings: Settings) -> Mapping[str, object]:
        """The state that was left, and that after the next run."""
        _on_a_new_worker(self.worker)
        pipeline = Pipeline(settings)
        found = state(pipeline)
        pipeline.run()
        return {"found": found, "after": state(pipeline)}

    def _problem(
        self, point: Point, found: Found, ended: _Told, seen: _Told
    ) -> str | None:
        """What is not as it must be after this fault."""
        wanted = "SIGKILL" if found.mode in KILLS else _ENDS.get(found.mode, "done")
        if found.ended != wanted:
            return f"the broken run ended with {ended}"
        if "found" not in seen:
            return f"the warehouse cannot be used: {seen}"
        if found.state not in (allowed := self._allowed(point, found.mode)):
            return f"state {found.state}, not one of {allowed}"
        if seen["after"] != self.plan.states[-1]:
            return "the next run did not end as the undisturbed run"
        return None

    def _allowed(self, point: Point, mode: str) -> list[int]:
        """The states that may be left: before or after a load, nothing between."""
        if mode in RETRIED:
            return [len(self.plan.states) - 1]
        before, after = point.start, point.start + point.commits
        if mode in ("during", "interrupt"):
            return [before, after]
        return [after if mode == "after" else before]


def main(engine: str, folder: str, *arguments: str) -> None:
    """See the module."""
    # A program that was started in the background has none.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scenario = Scenario(engine, Path(folder))
    if arguments == ("make",):
        # In a process of its own, so that none that forks has opened a database.
        made = _in_a_process(lambda: asdict(scenario.make()))
        assert "states" in made, made
        statements = [point.statement for point in scenario.plan().points]
        sys.stdout.write(json.dumps(statements) + "\n")
        return
    breaker = Breaker(scenario)
    for line in sys.stdin:
        number, mode = line.split()
        sys.stdout.write(
            json.dumps(asdict(breaker.break_run(int(number), mode))) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
