"""What people do by mistake is told, and made good by doing it right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify.config import load_settings
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Warehouse


def test_swapped_folders_are_made_good(warehouse: Warehouse) -> None:
    """Read as what they are not, files are told of; read rightly, they are loaded."""
    warehouse.write("songs", "songs.json", [{}])
    warehouse.write("events", "2018-11-12-events.json", [{}, {"itemInSession": 1}])
    right = warehouse.settings
    swapped = replace(right, log_data=right.song_data, song_data=right.log_data)
    warehouse.pipeline = Pipeline(swapped)
    told = warehouse.run().warnings
    assert any("no record can be accepted" in text for text in told)
    warehouse.pipeline = Pipeline(right)
    assert not warehouse.run().warnings
    assert warehouse.query("select count(*) from analytics.songplays") == [(2,)]
    assert warehouse.query("select count(*) from analytics.songs") == [(1,)]
    assert not warehouse.offenders()
    assert not warehouse.run().loads


def test_folders_that_are_empty_all_at_once_are_told_of(
    new_warehouse: Callable[[str], Warehouse],
) -> None:
    """As when a disk is not mounted: nothing is lost, and it is said."""
    warehouse = new_warehouse("duckdb")
    path = warehouse.write("events", "2018-11-12-events.json", [{}])
    assert not warehouse.run().warnings
    path.unlink()
    [warning] = warehouse.run().warnings
    assert "none of 1 loaded files is there any more" in warning
    for quiet in ([], ["--quiet"]):
        said = subprocess.run(
            _sparkify(warehouse, "run", *quiet),
            capture_output=True,
            check=True,
            text=True,
        )
        assert "warning: none of 1 loaded files" in said.stderr
    warehouse.write("events", "2018-11-13-events.json", [{"itemInSession": 1}])
    assert not warehouse.run().warnings


@pytest.mark.parametrize(
    ("lost", "remedy"),
    [("analytics.users", "--full-refresh"), ("staging.songs", "create-tables --reset")],
)
def test_a_table_that_was_made_anew_is_told_of(
    warehouse: Warehouse, lost: str, remedy: str
) -> None:
    """It is empty, though files were loaded: the remedy is named."""
    warehouse.write("songs", "songs.json", [{}])
    warehouse.write("events", "2018-11-12-events.json", [{}])
    pipeline = warehouse.pipeline
    assert not pipeline.remedy_of_new_tables(pipeline.create_tables())
    warehouse.run()
    assert not pipeline.remedy_of_new_tables(pipeline.create_tables())
    warehouse.execute(f"drop table {lost}")
    told = pipeline.remedy_of_new_tables(pipeline.create_tables())
    assert told.startswith(f"{lost} is new and empty")
    assert remedy in told
    if remedy == "--full-refresh":
        pipeline.full_refresh()
        assert warehouse.query("select count(*) from analytics.users") == [(1,)]
        assert not warehouse.offenders()


def test_a_mistyped_variable_is_told_of(tmp_path: Path) -> None:
    """A variable of a section that is no option was meant to be one."""
    config = tmp_path / "dwh.cfg"
    config.write_text("[WAREHOUSE]\nENGINE=duckdb\n", "utf-8")
    given = {"SPARKIFY_WAREHOUSE_PATHH": "x", "SPARKIFY_TEST_DATA": "y"}
    [warning] = load_settings(config, environment=given).warnings
    assert "is SPARKIFY_WAREHOUSE_PATH meant?" in warning


def _sparkify(warehouse: Warehouse, *words: str) -> list[str]:
    config = ["--config", str(warehouse.config)]
    return [sys.executable, "-m", "sparkify", *words, *config]


def test_sigterm_is_as_ctrl_c(new_warehouse: Callable[[str], Warehouse]) -> None:
    """What stops containers ends a run in order: what is committed is told."""
    warehouse = new_warehouse("duckdb")
    for day in range(1, 29):
        rows = [{"itemInSession": n, "sessionId": day} for n in range(200)]
        warehouse.write("events", f"2018-11-{day:02}-events.json", rows)
    limit = {"SPARKIFY_LOAD_BATCH_BYTES": "100", "SPARKIFY_OBSERVE_LOG_FORMAT": "text"}
    with subprocess.Popen(
        _sparkify(warehouse, "run"),
        env=os.environ | limit,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as run:
        assert run.stderr
        for line in run.stderr:
            if "committed" in line:
                break
        run.send_signal(signal.SIGTERM)
        told = run.stderr.read()
        assert run.wait(60) == 130
    assert "batches are committed; the next run does the rest" in told
    warehouse.run()
    assert warehouse.query("select count(*) from analytics.songplays") == [(5600,)]


def test_a_run_needs_no_stderr(new_warehouse: Callable[[str], Warehouse]) -> None:
    """With nowhere to show how far it is, it works all the same."""
    warehouse = new_warehouse("duckdb")
    warehouse.write("events", "2018-11-12-events.json", [{}])
    closed = ["sh", "-c", 'exec "$@" 2>&-', "sh"]
    subprocess.run([*closed, *_sparkify(warehouse, "run")], check=True)
    assert warehouse.query("select count(*) from analytics.songplays") == [(1,)]
