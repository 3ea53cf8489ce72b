"""`python -m bench [--rounds N] [NAME …]`: run the benchmarks, or those named."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.measure import Command, compare, cost, heading
from sparkify.simulate import simulate

ROUNDS = 3
PYTHON = sys.executable
CONFIG = """
[WAREHOUSE]
PATH = bench.duckdb
[S3]
LOG_DATA = {data}/log_data
SONG_DATA = {data}/song_data
"""
WALK = """
import os, sys

out = open(sys.argv[2], "wb")
def walk(folder):
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            walk(entry.path)
        else:
            file = os.open(entry.path, os.O_RDONLY)
            out.write(os.read(file, 1 << 20) + b"\\n")
            os.close(file)
walk(sys.argv[1])
"""
OPEN = """
import sys, duckdb
duckdb.connect(sys.argv[1]).execute("select max(load_id) from control.loads").fetchall()
"""


def start(_: Path, rounds: int) -> None:
    """Help and a usage error against a bare interpreter."""
    compare(
        {
            "python -c pass": [PYTHON, "-c", "pass"],
            "sparkify --help": [PYTHON, "-m", "sparkify", "--help"],
            "sparkify run --help": [PYTHON, "-m", "sparkify", "run", "--help"],
        },
        rounds=5 * rounds,
    )


def nothing(folder: Path, rounds: int) -> None:
    """A run with nothing to do against import duckdb, open, one query."""
    config = _configure(folder, folder / "small", users=47, songs=300)
    _ours(config)
    compare(
        {
            "import duckdb, open, one query": [
                PYTHON,
                "-c",
                OPEN,
                str(folder / "bench.duckdb"),
            ],
            "sparkify run, nothing to do": _run(config),
        },
        rounds=5 * rounds,
    )


def full(folder: Path, rounds: int) -> None:
    """One million events and 100,000 songs against the plain script."""
    config = _million(folder)
    compare(
        {
            "plain DuckDB script": [
                *(PYTHON, "-m", "bench.plain"),
                *_data(folder),
                str(folder / "plain.duckdb"),
            ],
            "sparkify run": _run(config),
        },
        rounds=rounds,
        before=_fresh(folder, config),
    )


def postgres(folder: Path, rounds: int) -> None:
    """The same on PostgreSQL; before that, the events into staging alone.

    CPU is that of client and server together, memory that of the client.
    """
    from bench import server as postgres_server

    with postgres_server.running() as server:
        config = _million(folder)
        where = f"ENGINE = postgres\n{postgres_server.section(server)}"
        ours = config.read_text().replace("PATH = bench.duckdb\n", where)
        config.write_text(ours)
        dsn = postgres_server.dsn(server)
        logs, songs = _data(folder)
        into_staging = [PYTHON, "-m", "bench.into_staging"]

        def fresh() -> None:
            postgres_server.renew(server)
            _create(config)

        def measure(commands: dict[str, Command], before: Callable[[], None]) -> None:
            served = lambda: postgres_server.cpu_seconds(server)  # noqa: E731
            compare(commands, rounds, before, served)

        measure(
            {
                "orjson, copy_expert": [*into_staging, "orjson", logs, dsn],
                "sparkify, into staging": [
                    *into_staging,
                    "sparkify",
                    logs,
                    str(config),
                ],
            },
            fresh,
        )
        floor = [PYTHON, "-m", "bench.plain_postgres", logs, songs, dsn]
        runs: dict[str, Command] = {
            "plain COPY and SQL": floor,
            "sparkify run": _run(config),
        }
        empty = iter([lambda: postgres_server.renew(server), fresh] * rounds)
        measure(runs, lambda: next(empty)())  # noqa: PLW0108  # a new one each time


def matching(folder: Path, rounds: int) -> None:
    """What folded names, repair, user agents, places and levels add to a load.

    A load of all, and one of a new day without new songs, against `bench/without.py`.
    """
    config = _million(folder)
    runs = {
        "equal names alone": [PYTHON, "-m", "bench.without", str(config)],
        "sparkify run": _run(config),
    }
    print("\na million events, 100,000 songs:")
    compare(runs, rounds=rounds, before=_fresh(folder, config))
    logs, _ = _data(folder)
    newest = max(Path(logs).rglob("*.json"))
    aside = newest.rename(folder / newest.name)
    _fresh(folder, config)()
    cost(_run(config))
    aside.rename(newest)
    history = (folder / "bench.duckdb").rename(folder / "history.duckdb")

    def restore() -> None:
        shutil.copy(history, folder / "bench.duckdb")

    print("\na new day, no new songs:")
    compare(runs, rounds=5 * rounds, before=restore)


def songs(folder: Path, rounds: int) -> None:
    """100,000 song files of one object against a bare walk, read and join."""
    data = folder / "songs"
    config = _configure(folder, data, users=1, songs=100_000)
    shutil.rmtree(data / "log_data")
    (data / "log_data").mkdir()
    compare(
        {
            "walk, read, join": [
                PYTHON,
                "-c",
                WALK,
                f"{data}/song_data",
                str(folder / "joined.json"),
            ],
            "sparkify run": _run(config),
        },
        rounds=rounds,
        before=_fresh(folder, config),
    )


def daily(folder: Path, rounds: int) -> None:
    """One new day onto 1 and onto 10 million events of history, all checks on."""
    runs = {}
    for name, days in (("1 million", 30), ("10 million", 300)):
        place = folder / str(days)
        place.mkdir()
        config = _configure(
            place, place, users=12000, days=days, songs=100_000, songs_per_file=1000
        )
        newest = max((place / "log_data").rglob("*.json"))
        aside = newest.rename(place / newest.name)
        _create(config)
        print("history:", cost(_run(config)))
        aside.rename(newest)
        (place / "bench.duckdb").rename(place / "history.duckdb")
        runs[f"a day onto {name}"] = _run(config)

    def restore() -> None:
        for history in folder.glob("*/history.duckdb"):
            shutil.copy(history, history.with_name("bench.duckdb"))

    compare(runs, rounds=rounds, before=restore)


def report(folder: Path, rounds: int) -> None:
    """The report over 10 million plays, on its screen and as JSON of all metrics."""
    config = _ten_million(folder)
    command = [PYTHON, "-m", "sparkify", "report", "--config", str(config)]
    count = "select count(*), count(distinct song_key) from analytics.songplays"
    bare = (
        f"import duckdb, sys; duckdb.connect(sys.argv[1]).execute('{count}').fetchall()"
    )
    compare(
        {
            "count plays and songs": [PYTHON, "-c", bare, str(folder / "bench.duckdb")],
            "sparkify report": command,
            "sparkify report --level paid": [*command, "--level", "paid"],
            "sparkify report --gender F": [*command, "--gender", "F"],
            "sparkify report --format json": [*command, "--format", "json"],
        },
        rounds=rounds,
    )


def pages(folder: Path, rounds: int) -> None:
    """Pages of the dashboard over 10 million plays; a new server each round."""
    from bench.pages import timings

    config = _ten_million(folder)
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for asked, one in timings(config):
            seconds.setdefault(asked, []).append(one)
    print(heading(rounds))
    print(f"\n| {'page':11} | s, median | least | most |\n|---|---|---|---|")
    for asked, each in seconds.items():
        print(
            f"| {asked:11} | {statistics.median(each):.2f} | {min(each):.2f} "
            f"| {max(each):.2f} |"
        )


def s3(_: Path, rounds: int) -> None:
    """10,000 objects of one song, list and read, from SeaweedFS on this machine."""
    from bench.bucket import BUCKET, fill, make_bucket
    from examples.seaweed import seaweed

    song = b'{"num_songs": 1, "artist_id": "AR%05d", "title": "%s", "year": 0}'
    with seaweed(BUCKET) as server:
        objects = (
            (f"song_data/{i % 26}/{i:05}.json", song % (i, b"x" * (150 + i % 100)))
            for i in range(10_000)
        )
        fill(make_bucket(server.url), objects)
        client = [PYTHON, "-m", "bench.clients"]
        compare(
            {
                name: [*client, name, server.url, "song_data"]
                for name in ("obstore", "sparkify", "boto3")
            },
            rounds=rounds,
        )


def poll(folder: Path, rounds: int) -> None:
    """Looks at a bucket of a million known objects; CPU seconds of one process."""
    from subprocess import PIPE, Popen, run

    from bench.poll import BUCKET

    script = [PYTHON, "-m", "bench.poll"]
    with Popen([*script, "serve"], stdout=PIPE, text=True) as server:
        try:
            assert server.stdout
            url = server.stdout.readline().strip()
            config = folder / "dwh.cfg"
            config.write_text(
                CONFIG.format(data=f"s3://{BUCKET}")
                + f"ENDPOINT_URL = {url}\nREGION = us-east-1\n"
                "[AWS]\nKEY = bench\nSECRET = bench\n"
            )
            run([*script, "fill", str(config)], check=True)
            costs: dict[str, list[float]] = {}
            for _ in range(rounds):
                for last in (["list", url], ["look", str(config)]):
                    done = run([*script, *last], check=True, stdout=PIPE)
                    for name, one in json.loads(done.stdout).items():
                        costs.setdefault(name, []).append(one)
            print(f"\n| {'what':30} | CPU s, median | least |\n|---|---|---|")
            for name, each in costs.items():
                print(
                    f"| {name:30} | {statistics.median(each):.2f} | {min(each):.2f} |"
                )
        finally:
            server.kill()


BENCHMARKS: dict[str, Callable[[Path, int], None]] = {
    "start": start,
    "nothing": nothing,
    "full": full,
    "postgres": postgres,
    "matching": matching,
    "songs": songs,
    "daily": daily,
    "report": report,
    "pages": pages,
    "s3": s3,
    "poll": poll,
}


def _ten_million(folder: Path) -> Path:
    """A warehouse of 10 million plays; its configuration.

    Filled by a process of its own: a child tells the memory of its parent as its own.
    """
    config = folder / "dwh.cfg"
    config.write_text(CONFIG.format(data=folder) + "[LOAD]\nMEMORY_LIMIT = 4GB\n")
    subprocess.run([PYTHON, "-m", "bench.star", str(config), "10000000"], check=True)
    return config


def _configure(
    folder: Path,
    data: Path,
    *,
    users: int,
    songs: int,
    days: int = 30,
    songs_per_file: int = 1,
) -> Path:
    simulate(
        data,
        users=users,
        days=days,
        songs=songs,
        seed=2018,
        songs_per_file=songs_per_file,
    )
    config = folder / "dwh.cfg"
    config.write_text(CONFIG.format(data=data))
    return config


def _million(folder: Path) -> Path:
    """A source of a million events and 100,000 songs, and its configuration."""
    data = folder / "million"
    return _configure(folder, data, users=12000, songs=100_000, songs_per_file=1000)


def _data(folder: Path) -> tuple[str, str]:
    """Where that has its logs and its songs."""
    return f"{folder}/million/log_data", f"{folder}/million/song_data"


def _fresh(folder: Path, config: Path) -> Callable[[], None]:
    """What makes the warehouse empty."""

    def fresh() -> None:
        for database in folder.glob("*.duckdb"):
            database.unlink()
        _create(config)

    return fresh


def _run(config: Path) -> list[str]:
    return [PYTHON, "-m", "sparkify", "run", "--quiet", "--config", str(config)]


def _create(config: Path) -> None:
    command = [PYTHON, "-m", "sparkify", "create-tables", "--config", str(config)]
    subprocess.run(command, check=True, capture_output=True)


def _ours(config: Path) -> None:
    _create(config)
    subprocess.run(_run(config), check=True, capture_output=True)


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: 3")
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        what, *_ = str(BENCHMARKS[name].__doc__).splitlines()
        print(f"\n## {name}: {what}")
        with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
            BENCHMARKS[name](Path(folder), options.rounds)


if __name__ == "__main__":
    main()
