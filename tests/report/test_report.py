"""What a report shows and writes: whole, stable, harmless whatever the data says."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from sparkify.metrics import REPORT, SECTIONS
from sparkify.report import export
from sparkify.report.text import glyphs, safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
DAY = 86_400_000
T = 1542000000000  # 2018-11-12 05:20:00 UTC, a Monday
HOSTILE = (
    "</script><svg onload=alert(1)>",
    "[/nope] [bold]markup[/bold]",
    "\x1b[2J\x1b]8;;http://example.com\x07click\x1b]8;;\x07",
    "=HYPERLINK('http://example.com')",
    "{{7*7}} {% raw %}",
    "a | b ` c * d _ e",
    "right\u202eto left\u2066",
    "一二三四五 😀",
    "delete\x7f and line\u2028end",
    '"quoted", and\r\nbroken',
)


def run(
    warehouse: Warehouse, *arguments: str, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a user does, its output into a pipe."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")}
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "sparkify",
            *arguments,
            "--config",
            str(warehouse.config),
        ],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=own | {"PYTHONUTF8": "1"} | environment,
    )
    assert ended.returncode == code, ended.stderr.decode()
    return ended


@pytest.fixture(scope="module")
def hostile(new_warehouse: Callable[[str], Warehouse]) -> Warehouse:
    """Six users and eight weeks of hostile titles, artists and places."""
    warehouse = new_warehouse("duckdb")
    warehouse.write(
        "events",
        "2018-12-31-events.json",
        [
            {
                "ts": T + (n % 56) * DAY + n * 1000,
                "sessionId": n,
                "userId": str(n % 6),
                "gender": "F",
                "level": "paid" if n % 2 else "free",
                "song": HOSTILE[n % len(HOSTILE)],
                "artist": HOSTILE[(n // 3) % len(HOSTILE)],
                "location": HOSTILE[n % 3],
                "userAgent": HOSTILE[n % 4],
            }
            for n in range(300)
        ],
    )
    warehouse.run()
    return warehouse


def test_screen_is_one_screen_and_plain_when_piped(hostile: Warehouse) -> None:
    """About 40 lines, no wider than 100, and nothing that a terminal acts on."""
    out = run(hostile, "report").stdout.decode()
    lines = out.splitlines()
    assert len(lines) <= 42
    assert max(map(len, lines)) <= 100
    assert not [c for c in out if ord(c) < 32 and c != "\n"]
    assert not set("\x7f\x9b\u202e\u2066\u2028") & set(out)
    for question in ("Which songs", "How does engagement", "Which demographics"):
        assert question in out
    assert "[/nope] [bold]markup[/bold]"[:20] in out
    assert "data through 2019-01-06" in out


def test_screen_has_the_sections_that_are_asked_for(hostile: Warehouse) -> None:
    """A section is drawn when it is named, and the figures always."""
    out = run(hostile, "report", "--section", "people").stdout.decode()
    assert "Which demographics" in out
    assert "Which songs" not in out
    assert "listeners" in out


def test_screen_is_ascii_where_the_stream_is(hostile: Warehouse) -> None:
    """A stream that is not UTF-8 gets signs that it has, and no traceback."""
    ended = run(hostile, "report", PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    out = ended.stdout.decode("ascii")
    assert "DAU " in out
    assert "#" in out


@pytest.mark.parametrize("width", [60, 80, 100])
def test_width_is_kept(hostile: Warehouse, width: int) -> None:
    """--width says how wide lines may be; texts are cut to it, figures never."""
    out = run(hostile, "report", "--width", str(width)).stdout.decode()
    assert max(map(len, out.splitlines())) <= width
    groups = _json(hostile, "--metric", "demographics")["metrics"]["demographics"]
    shown = out[out.index("Which demographics") :]
    for row in groups["rows"]:
        told = (row["gender"], row["level"], str(row["listeners"]), str(row["plays"]))
        assert any(line.split()[:4] == list(told) for line in shown.splitlines()), told


def test_width_of_a_pipe_is_that_of_its_variable(hostile: Warehouse) -> None:
    """As for any other program, COLUMNS says how wide what is no terminal is."""
    out = run(hostile, "report", COLUMNS="72").stdout.decode()
    assert 60 < max(map(len, out.splitlines())) <= 72


def test_a_metric_is_a_table(hostile: Warehouse) -> None:
    """Without another format; as many rows as are asked for."""
    out = run(hostile, "report", "--metric", "songs", "--top", "2").stdout.decode()
    assert "Which songs are listened to the most?" in out
    assert out.count("chart rank") == 2
    assert "more: see --top" in out
    narrow = run(hostile, "report", "--metric", "activity").stdout.decode()
    assert "days of data" in narrow.splitlines()[2]


def _json(warehouse: Warehouse, *arguments: str) -> dict[str, Any]:
    ended = run(warehouse, "report", "--format", "json", *arguments)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_json_has_the_documented_shape(hostile: Warehouse) -> None:
    """The keys of JSON are those of docs/metrics.md, in order; texts are lossless."""
    found = _json(hostile, "--all")
    assert list(found) == [
        *("schema", "period", "filters", "first_event_at", "data_through"),
        *("complete_through", "metrics"),
    ]
    assert found["schema"] == "sparkify.report/1"
    assert found["period"] == {
        "first_day": "2018-11-12",
        "last_day": "2019-01-06",
        "days": 56,
        "is_complete": False,
    }
    assert datetime.fromisoformat(found["data_through"]) > datetime(2019, 1, 6)  # noqa: DTZ001  # told as UTC, without a zone
    assert list(found["metrics"]) == [n for each in REPORT for n in SECTIONS[each]]
    for metric in found["metrics"].values():
        assert list(metric) == [
            *("question", "definition", "grain", "kind", "version", "columns", "rows")
        ]
        assert all(list(row) == metric["columns"] for row in metric["rows"])
    songs = {row["song"] for row in found["metrics"]["songs"]["rows"]}
    assert songs == set(HOSTILE)
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert all(f"`{key}`" in page for key in [*found, *found["filters"]])


def test_json_says_what_was_filtered(hostile: Warehouse) -> None:
    """Filters are told, and no filter is null."""
    found = _json(hostile, "--level", "paid", "--last", "2w", "--section", "activity")
    assert found["period"]["days"] == 14
    assert found["filters"]["level"] == "paid"
    assert found["filters"]["state"] is None


def test_json_lines(hostile: Warehouse) -> None:
    """A row a line, with its metric."""
    ended = run(hostile, "report", "--format", "jsonl", "--metric", "songs", "--all")
    rows = [json.loads(line) for line in ended.stdout.decode().splitlines()]
    assert len(rows) == 30
    assert {row["metric"] for row in rows} == {"songs"}


def _csv(warehouse: Warehouse, *arguments: str) -> list[dict[str, str]]:
    ended = run(
        warehouse,
        *("report", "--format", "csv", "--metric", "songs", "--all"),
        *arguments,
    )
    return list(csv.DictReader(io.StringIO(ended.stdout.decode(), newline="")))


def test_csv_is_lossless_or_safe_for_a_spreadsheet(hostile: Warehouse) -> None:
    """RFC 4180; with --excel-safe no cell begins as a formula does."""
    assert {row["song"] for row in _csv(hostile)} == set(HOSTILE)
    safe = [row["song"] for row in _csv(hostile, "--excel-safe")]
    assert not [song for song in safe if song.startswith(("=", "+", "-", "@"))]
    assert "'=HYPERLINK('http://example.com')" in safe
    numbers = [row["song_key"] for row in _csv(hostile, "--excel-safe")]
    assert all(int(number) for number in numbers)


def test_markdown_escapes_what_markdown_acts_on(hostile: Warehouse) -> None:
    """No text of the data ends a cell, begins markup, or is HTML."""
    out = run(hostile, "report", "--format", "markdown", "--all").stdout.decode()
    lines = out.splitlines()
    assert "<svg" not in out
    assert "\x1b" not in out
    table = [line for line in lines if line.startswith("| ")]
    songs = [line for line in table if "DWIGHT" in line or "HYPERLINK" in line]
    assert songs
    assert len({line.replace("\\|", "").count("|") for line in songs[:3]}) == 1


def test_parquet_holds_the_rows_of_csv(hostile: Warehouse, tmp_path: Path) -> None:
    """Parquet has the types of the columns, and the same rows."""
    target = tmp_path / "songs.parquet"
    run(
        hostile,
        *("report", "--metric", "songs", "--format", "parquet"),
        *("--all", "-o", str(target)),
    )
    rows = duckdb.execute(f"select song, plays, share from '{target}'").fetchall()
    assert [(song, str(plays)) for song, plays, _ in rows] == [
        (row["song"], row["plays"]) for row in _csv(hostile)
    ]
    assert all(isinstance(share, float) for _, _, share in rows)


def test_file_is_written_whole_or_not_at_all(
    hostile: Warehouse, tmp_path: Path
) -> None:
    """A report that fails leaves the file that was there, and nothing beside it."""
    target = tmp_path / "report.json"
    run(hostile, "report", "--format", "json", "-o", str(target))
    before = target.read_bytes()
    run(hostile, "report", "--format", "csv", "-o", str(target), code=2)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    target.chmod(0o600)
    link = tmp_path / "link.json"
    link.symlink_to(target)
    run(hostile, "report", "--format", "json", "--all", "-o", str(link))
    assert link.is_symlink()
    assert target.read_bytes() != before
    assert target.stat().st_mode & 0o777 == 0o600
    ended = run(hostile, "report", "-o", str(tmp_path / "no" / "folder"), code=2)
    assert b"cannot be written" in ended.stderr


def test_what_is_no_file_is_written_as_it_is(
    hostile: Warehouse, tmp_path: Path
) -> None:
    """A pipe stays a pipe, and whoever reads it gets the report."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as readers:
        read = readers.submit(pipe.read_text, "utf-8")
        run(hostile, "report", "--format", "json", "-o", str(pipe))
        assert json.loads(read.result(60))["schema"] == "sparkify.report/1"
    assert pipe.is_fifo()


def test_a_closed_output_is_told(hostile: Warehouse) -> None:
    """With nowhere to print to, that is said."""
    command = [sys.executable, "-m", "sparkify", "report", "--format", "json"]
    closed = 'exec "$@" >&-'
    ended = subprocess.run(
        ["sh", "-c", closed, "sh", *command, "--config", str(hostile.config)],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert ended.returncode == 2
    assert b"Standard output is closed" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--last", "28"], "such as 28d"),
        (["--last", "1d", "--all"], "one of --last"),
        (["--level", "gold"], "not one of free, paid"),
        (["--section", "nonsense"], "There is no section nonsense"),
        (["--metric", "nonsense"], "There is no metric nonsense"),
        (["--format", "csv"], "CSV holds one metric"),
        (["--format", "parquet", "--metric", "songs"], "name a file with -o"),
        (["--tz", "Mars"], "no time zone"),
        (["--from", "yesterday"], "does not match"),
        (["--platform", "a\tb"], "is no text"),
        (["--format", "html", "--section", "songs"], "takes no parts"),
        (["--format", "json", "--excel-safe"], "goes with --format csv"),
        (["--metric", "songs", "--section", "songs"], "one of --metric"),
    ],
)
def test_what_cannot_be_asked_exits_2(
    hostile: Warehouse, arguments: list[str], says: str
) -> None:
    """A wrong flag is a sentence and exit 2."""
    ended = run(hostile, "report", *arguments, code=2)
    assert says in ended.stderr.decode()
    assert not ended.stdout


def test_no_data_in_the_period_is_no_error(hostile: Warehouse) -> None:
    """A period without plays is told in all formats, with exit 0."""
    nothing = ("report", "--from", "2001-01-01", "--to", "2001-01-07")
    for format_ in ("table", "json", "jsonl", "markdown"):
        run(hostile, *nothing, "--format", format_)
    assert b"Nothing to show" in run(hostile, *nothing).stdout


def test_empty_warehouse(warehouse: Warehouse) -> None:
    """Before the first load a report says so, with exit 0."""
    assert b"No data yet" in run(warehouse, "report").stdout
    assert json.loads(run(warehouse, "report", "--format", "json").stdout)


def test_tables_that_are_not_ours_are_told(warehouse: Warehouse) -> None:
    """A column or table that a report misses is named, with what to do; exit 2."""
    warehouse.execute(
        "alter table analytics.songplays rename column start_time to started"
    )
    said = run(warehouse, "report", code=2).stderr.decode()
    assert "songplays is not ours: it lacks start_time; it has started" in said
    warehouse.execute("drop table analytics.songplays")
    said = run(warehouse, "report", code=2).stderr.decode()
    assert "analytics.songplays is missing; run `sparkify create-tables` first" in said
    assert said.count("\n") == 1


def test_metrics_are_listed_and_shown() -> None:
    """All metrics are listed; one is shown with definition, grain and statements."""
    listed = subprocess.run(
        [sys.executable, "-m", "sparkify", "metrics"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    for names in SECTIONS.values():
        assert all(f" {name} " in listed for name in names)
    shown = subprocess.run(
        [sys.executable, "-m", "sparkify", "metrics", "show", "activity"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    ).stdout  # fmt: skip
    assert "How does engagement change over time?" in shown
    assert "create temp table listening as" in shown
    assert "-- grain: one row per day" in shown


def test_export_writes_what_the_star_holds(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Each table is a file with its rows and types; the load it is of is told."""
    warehouse.write("events", "2018-11-12-events.json", [{"song": 'a "b", c', "ts": T}])
    warehouse.write("songs", "songs.json", [{}])
    warehouse.run()
    folder = tmp_path / "export"
    for format_ in ("parquet", "csv"):
        run(warehouse, "export", "--out", str(folder), "--format", format_)
        told = json.loads((folder / "export.json").read_text("utf-8"))
        assert told["load_id"] > 0
        for table, rows in told["rows"].items():
            [(count,)] = duckdb.execute(
                f"select count(*) from '{folder}/{table}.{format_}'"
            ).fetchall()
            [(want,)] = warehouse.query(f"select count(*) from analytics.{table}")
            assert count == want == rows, table
    [(song, start, length, song_id)] = duckdb.execute(
        f"select song, start_time, length_ms, song_id from '{folder}/songplays.parquet'"
    ).fetchall()
    assert (song, length, song_id) == ('a "b", c', 201795, None)
    assert start.replace(tzinfo=UTC) == datetime(2018, 11, 12, 5, 20, tzinfo=UTC)
    model = json.loads((folder / "sparkify.osi.json").read_text("utf-8"))
    assert model["version"] == "0.1.1"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_export_says_nothing_while_files_are_replaced(
    hostile: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who compares export.json before and after never reads files of two loads."""
    export.export(hostile.settings, tmp_path, "csv", ())
    seen: list[bool] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        if target.suffix == ".csv":
            seen.append((tmp_path / "export.json").exists())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    export.export(hostile.settings, tmp_path, "csv", ())
    assert seen
    assert not any(seen)
    assert (tmp_path / "export.json").exists()


def test_export_that_fails_leaves_the_last_one(
    hostile: Warehouse, tmp_path: Path
) -> None:
    """An unknown table is refused before anything is written."""
    ended = run(
        hostile, "export", "--out", str(tmp_path), "--table", "nonsense", code=2
    )
    assert b"There is no table nonsense" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_no_control_reaches_a_terminal() -> None:
    """C0, C1, directions, line ends and lone surrogates are replaced, no more."""
    assert safe("a\x1b[2J\x9b\u202e\u2028\ud800b 東京 😀") == (
        "a\ufffd[2J" + "\ufffd" * 4 + "b 東京 😀"
    )


def test_sparkline_and_shades() -> None:
    """The most has the highest sign; only 0 is empty in a grid."""
    signs = glyphs("utf-8")
    assert signs.sparkline([0, 1, 8]) == "▁▂█"
    assert signs.sparkline([0, 0]) == "▁▁"
    assert signs.sparkline([]) == ""
    assert [signs.shade(share) for share in (0, 0.001, 0.5, 1)] == [" ", "░", "▒", "█"]
    assert glyphs("ascii").sparkline([0, 1]).isascii()


def test_day_of_dates_is_a_date(hostile: Warehouse) -> None:
    """--from and --to are days, both ends counted."""
    found = _json(
        hostile, *("--from", "2018-11-12", "--to", "2018-11-18"), "--metric", "activity"
    )
    days = [date.fromisoformat(r["day"]) for r in found["metrics"]["activity"]["rows"]]
    assert (days[0], days[-1], len(days)) == (date(2018, 11, 12), date(2018, 11, 18), 7)
