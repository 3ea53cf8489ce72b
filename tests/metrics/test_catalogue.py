"""The registry of metrics and their files agree, and every metric can be asked."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from jsonschema import Draft202012Validator
from sqlglot import exp

from sparkify.errors import BadQuestion
from sparkify.metrics import (
    SECTIONS,
    Filters,
    Metric,
    Result,
    all_metrics,
    find_metric,
    open_metrics,
)
from sparkify.metrics.catalogue import SCOPE
from sparkify.metrics.model import semantic_model
from sparkify.models import load_models

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
FILES = ROOT / "sparkify" / "sql" / "metrics"
SCHEMA = Path(__file__).parent / "osi" / "osi-schema-0.1.1.json"
METRICS = all_metrics()
TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": float,
    "text": str,
    "date": date,
    "timestamp": datetime,
    "boolean": bool,
}


def _name(metric: Metric) -> str:
    return metric.name


def test_every_file_is_a_metric_and_every_metric_has_a_file() -> None:
    """A metric is one file and one line: neither is there without the other."""
    names = [name for names in SECTIONS.values() for name in names]
    assert sorted(path.stem for path in FILES.glob("*.sql")) == sorted(names)
    assert max(Counter(names).values()) == 1
    shared = [path.stem for path in (FILES / "scope").glob("*.sql")]
    assert sorted(shared) == sorted(SCOPE)


def test_every_shared_table_is_read() -> None:
    """What metrics share is read by one of them."""
    assert {name for metric in METRICS for name in metric.scope} == set(SCOPE)


@pytest.mark.parametrize("metric", METRICS, ids=_name)
def test_columns_are_those_of_the_select(metric: Metric) -> None:
    """The head of a file tells the columns of its select, in order, in sentences."""
    tree = sqlglot.parse_one(metric.sql, read="postgres")
    assert isinstance(tree, exp.Query)
    assert [column.name for column in metric.columns] == tree.named_selects
    texts = [metric.question, metric.what, *(column.what for column in metric.columns)]
    assert all(text.strip()[-1] in ".?" for text in texts)
    assert metric.grain.startswith("one row ")
    assert metric.kind in ("exact", "approximate")
    assert "order by" in metric.sql.lower() or metric.grain.startswith("one row for")


def _check(result: Result) -> None:
    """Values have the types that the columns tell, and names come back once."""
    for row in result.rows:
        for column, value in zip(result.metric.columns, row, strict=True):
            assert value is None or isinstance(value, TYPES[column.type]), column
            assert type(value) is not bool or column.type == "boolean"


def _ask_all(warehouse: Warehouse, filters: Filters) -> dict[str, Result]:
    with open_metrics(warehouse.settings, filters) as metrics:
        answers = {metric.name: metrics.ask(metric.name) for metric in METRICS}
    for result in answers.values():
        _check(result)
    return answers


def test_empty_warehouse(warehouse: Warehouse) -> None:
    """Without any data every metric answers: no rows, or nothing counted."""
    for filters in (Filters(), Filters(days=None), Filters(level="paid", state="CA")):
        answers = _ask_all(warehouse, filters)
        assert not answers["songs"].rows
        assert not answers["activity"].rows
        assert [row["plays"] for row in answers["summary"].records] == [0, 0]
        assert answers["span"].rows == [(None, None)]


def test_one_day(warehouse: Warehouse) -> None:
    """Of one day alone, that day is asked though it is not complete."""
    warehouse.write("events", "2018-11-12-events.json", [{}])
    warehouse.run()
    answers = _ask_all(warehouse, Filters())
    assert answers["activity"].rows[-1][:2] == (date(2018, 11, 12), False)
    assert answers["summary"].records[0]["plays"] == 1
    assert not answers["summary"].records[0]["is_covered"]
    assert answers["growth"].records[-1]["new_listeners"] == 1
    assert [row["retention"] for row in answers["retention"].records] == [1.0]
    assert answers["day_retention"].records[0]["eligible"] == 0


def test_one_user(warehouse: Warehouse) -> None:
    """One user is in every total, and in no group."""
    day = 86_400_000
    plays = [
        {"ts": 1542000000000 + n * day, "itemInSession": n, "sessionId": n}
        for n in range(3)
    ]
    warehouse.write("events", "2018-11-14-events.json", plays)
    warehouse.run()
    answers = _ask_all(warehouse, Filters(days=None))
    assert answers["summary"].records[0]["listeners"] == 1
    assert answers["songs"].records[0]["plays"] == 3
    assert answers["songs"].records[0]["share"] == 1.0
    for name in ("demographics", "states", "metros", "platforms", "browsers"):
        assert not answers[name].rows
    assert [row["returned"] for row in answers["day_retention"].records] == [1, 0, 0]


def test_nobody_comes_back(warehouse: Warehouse) -> None:
    """A retention of 0 is known; one of nobody is not."""
    day = 86_400_000
    plays = [
        {"ts": 1542000000000 + day * n, "userId": str(n + 1), "sessionId": n}
        for n in (0, 3)
    ]
    warehouse.write("events", "2018-11-15-events.json", plays)
    warehouse.run()
    answers = _ask_all(warehouse, Filters(days=None))
    next_day, *later = answers["day_retention"].rows
    assert next_day == (1, 1, 0, 0.0, 0)
    assert later == [(7, 0, 0, None, 0), (28, 0, 0, None, 0)]


def test_plays_without_user_song_or_length(warehouse: Warehouse) -> None:
    """Plays that lack what they can lack count as plays, and break nothing."""
    bare = {"song": None, "artist": None, "length": None, "level": None}
    nowhere = {"location": "", "userAgent": "", "gender": None, "auth": "Logged Out"}
    warehouse.write(
        "events", "2018-11-12-events.json", [{"userId": ""} | bare | nowhere]
    )
    warehouse.run()
    answers = _ask_all(warehouse, Filters(days=None))
    assert answers["summary"].records[0]["plays"] == 1
    assert answers["summary"].records[0]["listeners"] == 0
    assert not answers["songs"].rows
    assert answers["match_rate"].select("method", "plays") == [("none", 1)]
    for chosen in (
        Filters(days=None, state="unknown"),
        Filters(days=None, platform="unknown"),
    ):
        assert _ask_all(warehouse, chosen)["summary"].records[0]["plays"] == 1


def test_a_week_may_begin_on_any_day(warehouse: Warehouse) -> None:
    """With --week-start fri, 12 November 2018, a Monday, is in the week of the 9th."""
    warehouse.write("events", "2018-11-12-events.json", [{}])
    warehouse.run()
    starts = {"mon": 12, "tue": 6, "thu": 8, "fri": 9, "sun": 11}
    for week_start, day in starts.items():
        filters = Filters(days=None, week_start=week_start)
        with open_metrics(warehouse.settings, filters) as metrics:
            assert metrics.ask("growth").rows[0][0] == date(2018, 11, day)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"level": "gold"}, "level 'gold' is not one of free, paid"),
        ({"gender": "X"}, "gender"),
        ({"state": "ca"}, "two capital letters"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"time_zone": "../etc/passwd"}, "no time zone"),
        ({"week_start": "today"}, "week start"),
        ({"days": 0}, "no period"),
        ({"first_day": date(1999, 12, 31)}, "not a day from 2000-01-01"),
        (
            {"first_day": date(2018, 11, 2), "last_day": date(2018, 11, 1)},
            "begins on 2018-11-02, after its end",
        ),
    ],
)
def test_filters_that_cannot_be_meant(wrong: dict[str, object], says: str) -> None:
    """A filter is refused with a sentence before anything is asked."""
    with pytest.raises(BadQuestion, match=says):
        Filters(**wrong)  # type: ignore[arg-type]  # they are wrong on purpose


def test_half_an_hour_is_no_zone(warehouse: Warehouse) -> None:
    """Plays are counted by the hour, so a zone of half hours is refused."""
    warehouse.write("events", "2018-11-12-events.json", [{}])
    warehouse.run()
    with (
        open_metrics(warehouse.settings, Filters(time_zone="Asia/Kolkata")) as metrics,
        pytest.raises(BadQuestion, match="not whole hours"),
    ):
        metrics.ask("summary")


def test_unknown_metric() -> None:
    """The nearest name is told."""
    with pytest.raises(BadQuestion, match="no metric sogns; the nearest is songs"):
        find_metric("sogns")


@pytest.mark.parametrize("prefix", ["", "dev_"])
def test_semantic_model_is_valid(prefix: str) -> None:
    """The model keeps to the schema of OSI 0.1.1, and names tables that there are."""
    models = load_models(prefix)
    model: Any = semantic_model(models)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert not list(Draft202012Validator(schema).iter_errors(model))
    [only] = model["semantic_model"]
    sources = [dataset["source"] for dataset in only["datasets"]]
    assert f"{prefix}analytics.songplays" in sources
    assert set(sources) <= {table.full_name for table in models.tables}
    ends = {f"{each['from']} {each['to']}" for each in only["relationships"]}
    of_users = {"users", "places", "user_agents"}
    assert ends == {
        "user_levels users",
        "songs artists",
        *(f"songplays {to}" for to in of_users | {"time", "songs", "artists"}),
        *(f"page_views {to}" for to in of_users),
        *(f"sessions {to}" for to in of_users),
        *(f"user_hours {to}" for to in of_users),
    }
