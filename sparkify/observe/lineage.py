"""Tells OpenLineage of each load: its sources, its tables, and their columns."""

from __future__ import annotations

import json
import logging
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.resources import files
from urllib.parse import urlsplit

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    error_message_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
)
from openlineage.client.naming import dataset as naming
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import (
    ApiKeyTokenProvider,
    HttpConfig,
    HttpTransport,
)
from openlineage.client.transport.transport import Transport
from openlineage.client.uuid import generate_static_uuid

from sparkify import __version__
from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.events import Event, Listener, LoadCommitted, LoadFailed, LoadStarted
from sparkify.models import Table, load_models
from sparkify.observe.background import in_background

_TIMEOUT = 5.0
_STATES = {
    LoadStarted: RunState.START,
    LoadCommitted: RunState.COMPLETE,
    LoadFailed: RunState.FAIL,
}


class Lineage:
    """A listener that tells each load as a run of OpenLineage, part of our run."""

    def __init__(self, settings: Settings) -> None:
        set_producer(f"urn:sparkify-elt:{__version__}")
        # It logs addresses.
        logging.getLogger("openlineage").setLevel(logging.CRITICAL)
        self._settings = settings
        self._models = load_models(settings.schema_prefix)
        self._origins = _origins()
        self._client = OpenLineageClient(transport=_transport(settings))

    def sending(self) -> AbstractContextManager[Listener]:
        """The listener, off the path of the load, for a block."""
        return in_background(self)

    def __call__(self, event: Event) -> None:
        """Send what begins or ends a load."""
        if isinstance(event, LoadStarted | LoadCommitted | LoadFailed):
            self._client.emit(self._told(event))

    def _told(self, event: LoadStarted | LoadCommitted | LoadFailed) -> RunEvent:
        namespace = self._settings.lineage_namespace
        job = Job(namespace, f"sparkify.{event.kind.replace(' ', '_')}")
        run = Run(_uuid(event.load_id, self._settings))
        parent = _uuid(event.run_id, self._settings)
        run.facets = {
            "parent": parent_run.ParentRunFacet(
                parent_run.Run(parent), parent_run.Job(namespace, "sparkify.run")
            )
        }
        if isinstance(event, LoadFailed):
            run.facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                event.message or event.error, "PYTHON"
            )
        return RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            eventType=_STATES[type(event)],
            run=run,
            job=job,
            inputs=self._inputs(event.kind),
            outputs=self._outputs(event) if isinstance(event, LoadCommitted) else [],
        )

    def _inputs(self, kind: str) -> list[InputDataset]:
        staging = [t for t in self._models.tables if t.full_name in self._staging]
        if kind == "load":
            return [InputDataset(*self._source(t.name)) for t in staging]
        return [InputDataset(*self._name(t)) for t in staging]

    @property
    def _staging(self) -> set[str]:
        return {f"{self._models.prefix}staging.{name}" for name in ("events", "songs")}

    def _outputs(self, load: LoadCommitted) -> list[OutputDataset]:
        return [
            OutputDataset(
                *self._name(table),
                facets={
                    "schema": _schema(table),
                    "columnLineage": self._columns(table),
                },
                outputFacets={
                    "outputStatistics": _Statistics(rowCount=load.changed[name])
                },
            )
            for table in self._models.tables
            if (name := table.full_name) in load.changed
        ]

    def _columns(
        self, table: Table
    ) -> column_lineage_dataset.ColumnLineageDatasetFacet:
        if table.full_name in self._staging:
            keys = zip(table.columns, table.json_keys, strict=False)
            source = self._source(table.name)
            fields = {
                column.name: _Fields([_InputField(*source, key)])
                for column, key in keys
            }
        else:
            name = table.full_name.removeprefix(self._models.prefix)
            fields = {
                column: _Fields(
                    [
                        _InputField(*self._name(self._models.table(of)), origin)
                        for of, origin in origins
                    ]
                )
                for column, origins in self._origins[name].items()
            }
        return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)

    def _source(self, dataset: str) -> tuple[str, str]:
        """Namespace and name of the folder or prefix that a dataset lies in."""
        settings = self._settings
        place = settings.log_data if dataset == "events" else settings.song_data
        if place.startswith("s3://"):
            bucket, _, key = place.removeprefix("s3://").partition("/")
            return _named(naming.S3(bucket, key.rstrip("/") or "/"))
        return _named(naming.LocalFileSystem(place))

    def _name(self, table: Table) -> tuple[str, str]:
        """Namespace and name of a table, by the naming of OpenLineage."""
        settings, port = self._settings, str(self._settings.port)
        database, rest = settings.db_name, (table.schema, table.name)
        if settings.engine == "postgres":
            return _named(naming.Postgres(settings.host, port, database, *rest))
        if settings.engine == "redshift":
            cluster, region = _cluster(settings)
            return _named(naming.Redshift(cluster, region, port, database, *rest))
        # As the integrations of OpenLineage name it; the specification does not yet.
        return f"duckdb://{settings.path}", ".".join((settings.path.stem, *rest))


_Fields = column_lineage_dataset.Fields
_InputField = column_lineage_dataset.InputField
_Statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet


def _named(of: naming.DatasetNaming) -> tuple[str, str]:
    return of.get_namespace(), of.get_name()


def _cluster(settings: Settings) -> tuple[str, str]:
    """Name and region, as told or as in `name.id.region.redshift….amazonaws.com`."""
    first, _, rest = settings.host.partition(".")
    labels = rest.split(".")
    region = labels[1] if len(labels) > 2 and "amazonaws" in labels else ""
    return (
        settings.cluster_identifier or settings.workgroup or first,
        region or settings.aws_region or "unknown",
    )


def _uuid(number: int, settings: Settings) -> str:
    """The id of a load or run for OpenLineage: the same whenever it is told."""
    moment = datetime.fromtimestamp(number / 1e6, UTC)
    return str(generate_static_uuid(moment, f"{number} {settings.warehouse}".encode()))


def _schema(table: Table) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            schema_dataset.SchemaDatasetFacetFields(
                column.name, column.type, column.comment, place
            )
            for place, column in enumerate(table.columns, start=1)
        ]
    )


def _origins() -> dict[str, dict[str, list[list[str]]]]:
    """What docs/make_lineage.py has found in the SQL."""
    text = (files("sparkify") / "observe" / "columns.json").read_text("utf-8")
    found: dict[str, dict[str, list[list[str]]]] = json.loads(text)
    return found


def _transport(settings: Settings) -> Transport:
    if settings.lineage_file:
        try:
            return FileTransport(FileConfig(str(settings.lineage_file), append=True))
        except (OSError, RuntimeError, ValueError):
            raise ConfigError(
                f"{settings.file}: [OBSERVE] LINEAGE_FILE: {settings.lineage_file} "
                "cannot be written; make its folder, or set it to another file."
            ) from None
    address = urlsplit(settings.lineage_url)
    config = HttpConfig(
        url=f"{address.scheme}://{address.netloc}",
        timeout=_TIMEOUT,
        retry={"total": 1},
    )
    if address.path:
        config.endpoint = address.path.lstrip("/")
    if settings.lineage_key:
        config.auth = ApiKeyTokenProvider({"apiKey": settings.lineage_key})
    return HttpTransport(config)
