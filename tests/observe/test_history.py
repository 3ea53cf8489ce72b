"""`sparkify history`: what loads did, how fast, and what failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from observe.tools import sparkify
from sparkify.errors import CheckFailed
from sparkify.report import history

if TYPE_CHECKING:
    from conftest import Warehouse


def test_history_tells_each_outcome(warehouse: Warehouse) -> None:
    """Loaded, refused and failed loads stand there, the newest first."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    warehouse.write_bytes("events", "2018-11-02-events.json", b"{no\n" * 200)
    warehouse.run()
    warehouse.execute("insert into analytics.users select * from analytics.users")
    older = {"ts": 1541030400000, "itemInSession": 9}
    warehouse.write("events", "2018-10-31-events.json", [older])
    with pytest.raises(CheckFailed):
        warehouse.run()
    failed, refused, loaded = history.ask(warehouse.settings, 10)
    assert (failed.outcome, failed.steps) == ("failed", [])
    assert (refused.outcome, refused.files, refused.refused_files) == ("refused", 0, 1)
    assert (loaded.outcome, loaded.records, loaded.message) == ("loaded", 1, None)
    assert str(failed.message).startswith("Check users_key_is_unique failed")
    assert "cannot be accepted" in str(refused.message)
    assert len({failed.run_id, refused.run_id, loaded.run_id}) == 3
    assert [each.load_id for each in history.ask(warehouse.settings, 2)] == [
        failed.load_id,
        refused.load_id,
    ]
    assert [each.outcome for each in history.ask(warehouse.settings, 1)] == ["failed"]


def test_steps_are_those_of_the_load(warehouse: Warehouse) -> None:
    """Each has its rows and its time; together they take as long as the load."""
    warehouse.write("events", "2018-11-01-events.json", [{}, {"itemInSession": 1}])
    warehouse.run()
    [load] = history.ask(warehouse.settings, 1)
    steps = {step.step: step for step in load.steps}
    prefix = warehouse.settings.schema_prefix
    assert steps[f"{prefix}staging.events"].changed == 2
    assert steps[f"{prefix}analytics.songplays"].changed == 2
    assert steps["work.settled_events"].changed is None
    names = [step.step for step in load.steps]
    assert (names[0], names[-1]) == ("read", "check")
    assert load.seconds
    assert load.seconds == pytest.approx(sum(step.seconds for step in load.steps))
    assert load.records_per_second == pytest.approx(2 / load.seconds)
    plays = steps[f"{prefix}analytics.songplays"]
    assert plays.rows_per_second == pytest.approx(2 / plays.seconds)


def test_a_load_in_two_attempts_counts_its_rows_once(warehouse: Warehouse) -> None:
    """A file with a bad record is read again, and each step is there once."""
    warehouse.write("events", "2018-11-01-events.json", [{}, {"ts": "noon"}])
    warehouse.run()
    [load] = history.ask(warehouse.settings, 1)
    names = [step.step for step in load.steps]
    assert len(names) == len(set(names))
    prefix = warehouse.settings.schema_prefix
    assert {s.step: s.changed for s in load.steps}[f"{prefix}staging.events"] == 1


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_trend_is_against_the_median_of_the_loads_before(warehouse: Warehouse) -> None:
    """With speeds of 10, 20, 30 and 60 records a second the last is 3 times as fast."""
    for day, seconds in enumerate((0.1, 0.05, 1 / 30, 1 / 60), start=1):
        warehouse.write(
            "events", f"2018-11-0{day}-events.json", [{"itemInSession": day}]
        )
        head = warehouse.run().head
        warehouse.execute(
            f"delete from control.load_steps where load_id = {head} and place > 1",
            f"update control.load_steps set seconds = {seconds} where load_id = {head}",
        )
    trends = [load.trend for load in history.ask(warehouse.settings, 4)]
    assert trends == [pytest.approx(3.0), None, None, None]
    assert history.ask(warehouse.settings, 1)[0].trend == pytest.approx(3.0)


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_history_for_people_and_programs(warehouse: Warehouse) -> None:
    """The table names the failure; the JSON has the steps; nothing yet is told too."""
    config = str(warehouse.config)
    assert "No loads yet." in sparkify("history", "--config", config).stdout
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    warehouse.pipeline.full_refresh()
    table = sparkify("history", "--config", config, "--steps").stdout
    assert "full refresh" in table
    assert "analytics.songplays" in table
    ended = sparkify("history", "--config", config, "--format", "json")
    refresh, load = json.loads(ended.stdout)
    assert (refresh["kind"], load["kind"]) == ("full refresh", "load")
    assert load["steps"][0]["step"] == "read"
