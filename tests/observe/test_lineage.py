"""OpenLineage: events keep to its schemas, and name what there is."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from observe.tools import Receiver, sparkify
from sparkify.config import Settings
from sparkify.errors import CheckFailed
from sparkify.events import LoadCommitted, LoadFailed, LoadStarted
from sparkify.models import load_models
from sparkify.observe import listeners
from sparkify.observe.lineage import Lineage
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    schema["$id"]: schema
    for path in (Path(__file__).parent / "openlineage").glob("*.json")
    for schema in [json.loads(path.read_text("utf-8"))]
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
ON_DUCKDB = pytest.mark.parametrize("engine_name", ["duckdb"])

Told = dict[str, Any]


def _validate(event: Told) -> None:
    """The event keeps to the schema it names, and so does each of its facets."""
    _keeps_to(event["schemaURL"], event)
    for facet in _facets(event):
        _keeps_to(facet["_schemaURL"], None, facet)


def _keeps_to(schema: str, event: Told | None, facet: Told | None = None) -> None:
    assert schema.partition("#")[0] in SCHEMAS, f"vendor {schema}"
    validator = Draft202012Validator(
        {"$ref": schema},
        registry=REGISTRY,
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
    errors = list(validator.iter_errors(event if facet is None else facet))
    assert not errors, errors[0]


def _facets(value: object) -> Iterator[Told]:
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for each in value.values():
            yield from _facets(each)
    if isinstance(value, list):
        for each in value:
            yield from _facets(each)


def _events(file: Path) -> list[Told]:
    events: list[Told] = [json.loads(line) for line in file.read_text().splitlines()]
    for event in events:
        _validate(event)
    return events


@ON_DUCKDB
def test_a_load_is_told(warehouse: Warehouse) -> None:
    """It starts and completes under one id, with sources, tables, rows and columns."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    file = warehouse.folder / "lineage.jsonl"
    config = str(warehouse.config)
    assert sparkify("run", "--config", config, LINEAGE_FILE=str(file)).returncode == 0
    start, complete = _events(file)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    parent = complete["run"]["facets"]["parent"]["run"]["runId"]
    assert UUID(parent) != UUID(complete["run"]["runId"])
    logs = {"namespace": "file", "name": str(warehouse.folder / "log_data")}
    source = start["inputs"][0]
    assert (source["namespace"], source["name"]) == tuple(logs.values())
    outputs = {output["name"]: output for output in complete["outputs"]}
    plays = outputs["warehouse.analytics.songplays"]
    assert plays["namespace"] == f"duckdb://{warehouse.settings.path}"
    assert plays["outputFacets"]["outputStatistics"]["rowCount"] == 1
    columns = plays["facets"]["columnLineage"]["fields"]
    assert columns["start_time"]["inputFields"] == [
        {
            "namespace": plays["namespace"],
            "name": "warehouse.staging.events",
            "field": "ts",
            "transformations": [],
        }
    ]
    staging = outputs["warehouse.staging.events"]["facets"]["columnLineage"]["fields"]
    [key] = staging["first_name"]["inputFields"]
    assert (key["name"], key["field"]) == (logs["name"], "firstName")


@ON_DUCKDB
def test_a_failed_load_and_a_full_refresh_are_told(warehouse: Warehouse) -> None:
    """The failure has its message; the refresh reads staging."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    file = warehouse.folder / "lineage.jsonl"
    config = str(warehouse.config)
    refresh = ("run", "--full-refresh", "--config", config)
    assert sparkify(*refresh, LINEAGE_FILE=str(file)).returncode == 0
    start, complete = _events(file)
    assert start["job"]["name"] == complete["job"]["name"] == "sparkify.full_refresh"
    assert start["inputs"][0]["name"] == "warehouse.staging.events"
    warehouse.execute("insert into analytics.users select * from analytics.users")
    older = {"ts": 1541030400000, "itemInSession": 9}
    warehouse.write("events", "2018-10-31-events.json", [older])
    file.unlink()
    ended = sparkify("run", "--config", config, LINEAGE_FILE=str(file))
    assert ended.returncode == CheckFailed.exit_code
    start, fail = _events(file)
    assert fail["eventType"] == "FAIL"
    message = fail["run"]["facets"]["errorMessage"]["message"]
    assert message.startswith("Check users_key_is_unique failed")


@ON_DUCKDB
def test_events_are_posted_with_the_key(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    """To the usual place below the address, with the key as a bearer."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    options = {
        "LINEAGE_URL": f"http://127.0.0.1:{receiver.port}",
        "LINEAGE_KEY": "s3cr3t",
        "LINEAGE_NAMESPACE": "music",
    }
    config = str(warehouse.config)
    assert sparkify("run", "--config", config, **options).returncode == 0
    assert receiver.paths == ["/api/v1/lineage"] * 2
    assert {each["Authorization"] for each in receiver.headers} == {"Bearer s3cr3t"}
    for event in receiver.bodies:
        _validate(event)
        assert event["job"]["namespace"] == "music"


@ON_DUCKDB
def test_an_idle_run_tells_nothing(warehouse: Warehouse) -> None:
    """There is no load, so there is no run of OpenLineage."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    file = warehouse.folder / "lineage.jsonl"
    config = str(warehouse.config)
    assert sparkify("run", "--config", config, LINEAGE_FILE=str(file)).returncode == 0
    assert not file.exists() or not file.read_text()


SERVER = {"db_name": "music", "log_data": "s3://logs/2018/", "song_data": "s3://songs"}
CLUSTER = "shop.abc123.eu-west-1.redshift.amazonaws.com"


@pytest.mark.parametrize(
    ("options", "namespace"),
    [
        ({"engine": "postgres", "host": "db.example"}, "postgres://db.example:5432"),
        ({"engine": "redshift", "host": CLUSTER}, "redshift://shop.eu-west-1:5439"),
        (
            {"engine": "redshift", "workgroup": "wg", "aws_region": "us-east-1"},
            "redshift://wg.us-east-1:5439",
        ),
    ],
    ids=str,
)
def test_names_are_those_of_the_specification(
    options: dict[str, str], namespace: str, tmp_path: Path
) -> None:
    """Tables of a server and objects of S3 are named as its naming rules say."""
    file = tmp_path / "lineage.jsonl"
    common = Settings(schema_prefix="dev_", lineage_file=file)
    settings = replace(common, **SERVER, **options)  # type: ignore[arg-type]  # texts
    tell = Lineage(settings)
    tell(LoadStarted(1, 2, "load"))
    tell(LoadFailed(1, 2, "load", 0.1, "KeyboardInterrupt", ""))
    tell(LoadCommitted(1, 2, "load", 0.1, changed={"dev_analytics.songplays": 1}))
    _, failed, done = _events(file)
    assert failed["run"]["facets"]["errorMessage"]["message"] == "KeyboardInterrupt"
    logs, songs = done["inputs"]
    assert (logs["namespace"], logs["name"]) == ("s3://logs", "2018")
    assert (songs["namespace"], songs["name"]) == ("s3://songs", "/")
    [plays] = done["outputs"]
    assert plays["namespace"] == namespace
    assert plays["name"] == "music.dev_analytics.songplays"
    assert plays["facets"]["columnLineage"]["fields"]["start_time"]["inputFields"]


@ON_DUCKDB
def test_a_listener_of_the_library_is_enough(warehouse: Warehouse) -> None:
    """Who calls the pipeline from Python gets the same by `listeners`."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    file = warehouse.folder / "lineage.jsonl"
    settings = replace(warehouse.settings, lineage_file=file)
    with listeners(settings) as found:
        Pipeline(settings, *found).run()
    assert len(_events(file)) == 2


def test_columns_are_those_that_the_sql_says() -> None:
    """columns.json is current, and names columns that there are."""
    make = runpy.run_path(str(ROOT / "docs" / "make_lineage.py"))
    found = make["find_origins"](load_models())
    current = make["TARGET"].read_text("utf-8") == make["written"](found)
    assert current, "columns.json is not current: run `make docs`"
    known = {
        (table.full_name, column.name)
        for table in load_models().tables
        for column in table.columns
    }
    for table, columns in found.items():
        for column, origins in columns.items():
            assert {(table, column), *origins} <= known
    assert found["analytics.songs"]["title"] == [("staging.songs", "title")]
    assert found["analytics.songplays"]["song_id"] == [("staging.songs", "song_id")]
    assert found["analytics.users"]["level"] == [("staging.events", "level")]
