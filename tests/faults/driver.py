"""Breaks a run at one statement, and looks at what is left: a program of its own.

`python driver.py FOLDER list` makes the scenario in FOLDER and prints, as JSON, the
statements of the undisturbed run. `python driver.py FOLDER POINT MODE [POINT MODE ...]`
breaks that run once for each pair, and prints for each, as a line of JSON, what the
warehouse was like afterwards; `problem` is null where all is as it must be.

Points are the statements that the run itself makes, counted where every one of them
passes, so a new statement is a point by itself. Each fault is a process, forked from
this one before anything has opened a database. Modes:

- before, during, after: the process is killed (SIGKILL) around the statement
- fail: the statement fails for good
- interrupt: Ctrl-C
- drop: the connection is gone before the statement, and lost: after it, its outcome
  unknown; the run tries again by itself
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from sparkify.config import Settings
from sparkify.engines.base import Parameters
from sparkify.engines.duckdb import DuckDB
from sparkify.errors import TransientError, WarehouseError
from sparkify.pipeline import LoadResult, Pipeline

KILLS = ("before", "during", "after")
RETRIED = ("drop", "lost")
MODES = (*KILLS, "fail", "interrupt", *RETRIED)

_ENDS = {"fail": "WarehouseError", "interrupt": "KeyboardInterrupt"}
_RUN = DuckDB._run


@dataclass(frozen=True)
class Undisturbed:
    """The run without a fault: its statements, and the states it goes through.

    `commits` are the statements that commit a load: the first makes state 1 of state 0.
    """

    statements: list[str]
    commits: list[int]
    states: list[str]


@dataclass(frozen=True)
class Found:
    """What was left of a run that was broken at a point."""

    point: int
    mode: str
    statement: str
    ended: str
    state: int | None
    problem: str | None


class Scenario:
    """A folder with sources, a warehouse that has one load, and the run to break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = folder / "base.duckdb"

    def settings(self, warehouse: Path) -> Settings:
        """Several batches, as the files are small."""
        return Settings(
            path=warehouse,
            log_data=str(self.folder / "log_data"),
            song_data=str(self.folder / "song_data"),
            batch_bytes=9_000,
        )

    def make(self) -> Undisturbed:
        """Write the sources, load the first ones, and run the rest undisturbed."""
        for name in ("log_data", "song_data"):
            (self.folder / name).mkdir(parents=True)
        self._write("log_data/2018-11-01.json", map(_event, range(8)))
        self._write("log_data/2018-11-02.json", map(_event, range(8, 16)))
        self._write("song_data/a.json", [_song(0), _song(1)])
        base = Pipeline(self.settings(self.base))
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
        made = self._run_undisturbed()
        (self.folder / "undisturbed.json").write_text(json.dumps(asdict(made)))
        return made

    def undisturbed(self) -> Undisturbed:
        """What `make` has found."""
        text = (self.folder / "undisturbed.json").read_text()
        return Undisturbed(**json.loads(text))

    def _write(
        self, name: str, records: Iterator[str] | list[str], *, later: bool = False
    ) -> None:
        path = self.folder / name
        path.write_text("".join(f"{record}\n" for record in records))
        time = 1_600_000_000_000_000_000 + later
        os.utime(path, ns=(time, time))

    def _run_undisturbed(self) -> Undisturbed:
        warehouse = self.folder / "undisturbed.duckdb"
        shutil.copy(self.base, warehouse)
        made = Undisturbed([], [], [])

        class Watched(Pipeline):
            def load(self, *arguments: object, **named: object) -> LoadResult:
                done = super().load(*arguments, **named)  # type: ignore[arg-type]  # passed on
                with _undisturbed():
                    made.states.append(state(self))
                return done

        is_load = False

        def note(engine: DuckDB, sql: str, parameters: Parameters | None) -> object:
            nonlocal is_load
            text = " ".join(sql.split())
            is_load = is_load or text.startswith("insert into control.loads ")
            if text == "begin transaction":
                is_load = False
            elif text == "commit" and is_load:
                made.commits.append(len(made.statements))
            made.statements.append(text)
            return _RUN(engine, sql, parameters)

        _pass_statements(note)
        pipeline = Watched(self.settings(warehouse))
        with _undisturbed():
            made.states.append(state(pipeline))
        pipeline.run()
        _pass_statements(_RUN)
        assert len(made.states) == len(made.commits) + 1
        assert len(set(made.states)) == len(made.states)
        return made


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
    """A hash of all that a load changes, but for the ids and times of loads."""
    digest = sha256()
    with pipeline.engine.session(read_only=True):
        for table in pipeline.models.tables:
            names = [c.name for c in table.columns if c.name not in _OF_A_LOAD]
            if table.name in _SKIPPED:
                continue
            rows = pipeline.engine.query(
                f"select {', '.join(names)} from {table.full_name}"
            )
            digest.update("\n".join([table.name, *sorted(map(repr, rows))]).encode())
    return digest.hexdigest()


_OF_A_LOAD = ("load_id", "modified_at", "started_at", "finished_at", "failed_at")
# What a failed attempt was is written after it, in a transaction of its own.
_SKIPPED = ("attempts",)


class _undisturbed:  # noqa: N801  # reads as a with statement
    """Statements of the block are not counted."""

    def __enter__(self) -> None:
        self._before = DuckDB._run
        _pass_statements(_RUN)

    def __exit__(self, *_: object) -> None:
        _pass_statements(self._before)


def _pass_statements(through: Callable[..., object]) -> None:
    DuckDB._run = through  # type: ignore[method-assign,assignment]  # every statement passes it


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _break_at(point: int, mode: str) -> None:
    """Make statement number `point` of this process meet its fault, once."""
    passed = -1

    def run(engine: DuckDB, sql: str, parameters: Parameters | None) -> object:
        nonlocal passed
        passed += 1
        if passed != point:
            return _RUN(engine, sql, parameters)
        match mode:
            case "before":
                _die()
            case "fail":
                raise WarehouseError("This statement was made to fail.")
            case "interrupt":
                raise KeyboardInterrupt
            case "drop":
                assert engine._connection
                engine._connection.close()
                raise TransientError("This connection was made to drop.")
            case "during":
                # Some of it is done by then: how much, differs from fault to fault.
                threading.Timer(point % 16 / 4000, _die).start()
        # Some statements fail in a sound run too, such as one that reads a bad file.
        with suppress(WarehouseError):
            _RUN(engine, sql, parameters)
        if mode in KILLS:
            _die()
        assert engine._connection
        engine._connection.close()
        raise TransientError("The outcome of this statement was lost.")

    _pass_statements(run)


def _in_a_process(work: Callable[[], Mapping[str, object]]) -> dict[str, object]:
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


def _on_a_new_worker(settings: Settings) -> None:
    """An empty working directory and temporary folder; those before are wiped."""
    worker = settings.path.parent / "worker"
    shutil.rmtree(worker, ignore_errors=True)
    worker.mkdir()
    os.chdir(worker)
    tempfile.tempdir = str(worker)


def break_run(scenario: Scenario, point: int, mode: str) -> Found:
    """Break the run at a point, look at the warehouse, then run as usual."""
    plan = scenario.undisturbed()
    with tempfile.TemporaryDirectory(dir=scenario.folder) as name:
        settings = scenario.settings(Path(name, "warehouse.duckdb"))
        shutil.copy(scenario.base, settings.path)

        def fault() -> Mapping[str, object]:
            _on_a_new_worker(settings)
            _break_at(point, mode)
            Pipeline(settings).run()
            return {"ended": "done"}

        def look() -> Mapping[str, object]:
            _on_a_new_worker(settings)
            pipeline = Pipeline(settings)
            found = state(pipeline)
            failing = [r.check.name for r in pipeline.check() if r.offenders]
            pipeline.run()
            return {"found": found, "failing": failing, "after": state(pipeline)}

        ended = _in_a_process(fault)
        seen = _in_a_process(look)
    known = seen.get("found") in plan.states
    left = plan.states.index(str(seen["found"])) if known else None
    found = Found(point, mode, plan.statements[point], str(ended["ended"]), left, None)
    return replace(found, problem=_problem(plan, found, ended, seen))


def _problem(
    plan: Undisturbed, found: Found, ended: dict[str, object], seen: dict[str, object]
) -> str | None:
    """What is not as it must be after this fault."""
    wanted = "SIGKILL" if found.mode in KILLS else _ENDS.get(found.mode, "done")
    if found.statement == "rollback" and found.mode in RETRIED:
        # What made the run roll back is not known any more; it ends.
        wanted = "WarehouseError"
    if found.ended != wanted:
        return f"the broken run ended with {ended}"
    if "found" not in seen:
        return f"the warehouse cannot be used: {seen}"
    if found.state not in _allowed(plan, found):
        return f"state {found.state}, not one of {_allowed(plan, found)}"
    if seen["failing"]:
        return f"checks failed: {seen['failing']}"
    if seen["after"] != plan.states[-1]:
        return "the next run did not end as the undisturbed run"
    return None


def _allowed(plan: Undisturbed, found: Found) -> list[int]:
    """The states that the fault may leave: before or after a load, nothing between."""
    if found.mode in RETRIED and found.statement != "rollback":
        return [len(plan.commits)]
    before = sum(commit < found.point for commit in plan.commits)
    after = sum(commit <= found.point for commit in plan.commits)
    return {"after": [after], "during": [before, after]}.get(found.mode, [before])


def main(folder: str, *arguments: str) -> None:
    """See the module."""
    scenario = Scenario(Path(folder))
    if arguments == ("list",):
        # In a process of its own, so that none that forks has opened a database.
        _in_a_process(lambda: asdict(scenario.make()))
        sys.stdout.write(json.dumps(asdict(scenario.undisturbed())) + "\n")
        return
    for point, mode in zip(arguments[::2], arguments[1::2], strict=True):
        found = break_run(scenario, int(point), mode)
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
