"""`python -m bench [NAME …]`: run the benchmarks, or those named."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import compare, cost
from sparkify.simulate import simulate

ROUNDS = 5
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


def start(_: Path) -> None:
    """Help and a usage error against a bare interpreter."""
    compare(
        {
            "python -c pass": [PYTHON, "-c", "pass"],
            "sparkify --help": [PYTHON, "-m", "sparkify", "--help"],
            "sparkify run --help": [PYTHON, "-m", "sparkify", "run", "--help"],
        },
        rounds=15,
    )


def nothing(folder: Path) -> None:
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
        rounds=15,
    )


def full(folder: Path) -> None:
    """One million events and 100,000 songs against the plain script."""
    data = folder / "million"
    config = _configure(folder, data, users=12000, songs=100_000, songs_per_file=1000)
    database = folder / "bench.duckdb"

    plain = folder / "plain.duckdb"

    def fresh() -> None:
        database.unlink(missing_ok=True)
        plain.unlink(missing_ok=True)
        _create(config)

    compare(
        {
            "plain DuckDB script": [
                PYTHON,
                "-m",
                "bench.plain",
                f"{data}/log_data",
                f"{data}/song_data",
                str(plain),
            ],
            "sparkify run": _run(config),
        },
        rounds=ROUNDS,
        before=fresh,
    )


def songs(folder: Path) -> None:
    """100,000 song files of one object against a bare walk, read and join."""
    data = folder / "songs"
    config = _configure(folder, data, users=1, songs=100_000)
    shutil.rmtree(data / "log_data")
    (data / "log_data").mkdir()
    database = folder / "bench.duckdb"

    def fresh() -> None:
        database.unlink(missing_ok=True)
        _create(config)

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
        rounds=ROUNDS,
        before=fresh,
    )


def daily(folder: Path) -> None:
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

    compare(runs, rounds=ROUNDS, before=restore)


def report(folder: Path) -> None:
    """The report over 10 million plays, on its screen and as JSON of all metrics."""
    from bench.star import fill

    config = folder / "dwh.cfg"
    config.write_text(CONFIG.format(data=folder) + "[LOAD]\nMEMORY_LIMIT = 4GB\n")
    fill(config, 10_000_000)
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
        rounds=ROUNDS,
    )


def s3(_: Path) -> None:
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
            rounds=ROUNDS,
        )


def poll(folder: Path) -> None:
    """Looks at a bucket of a million known objects; CPU seconds of one process."""
    import json
    import statistics
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
            for _ in range(ROUNDS):
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


BENCHMARKS = {
    "start": start,
    "nothing": nothing,
    "full": full,
    "songs": songs,
    "daily": daily,
    "report": report,
    "s3": s3,
    "poll": poll,
}


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


def _run(config: Path) -> list[str]:
    return [PYTHON, "-m", "sparkify", "run", "--quiet", "--config", str(config)]


def _create(config: Path) -> None:
    from subprocess import run

    command = [PYTHON, "-m", "sparkify", "create-tables", "--config", str(config)]
    run(command, check=True, capture_output=True)


def _ours(config: Path) -> None:
    from subprocess import run

    _create(config)
    run(_run(config), check=True, capture_output=True)


def main() -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME")
    for name in parser.parse_args().names or BENCHMARKS:
        print(f"\n## {name}: {BENCHMARKS[name].__doc__}")
        with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
            BENCHMARKS[name](Path(folder))


if __name__ == "__main__":
    main()
