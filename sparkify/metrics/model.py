"""The star and its measures for BI tools: a semantic model, OSI 0.1.1.

OSI tells tables, keys and aggregates. What takes more than an aggregate, such as
charts, windows and cohorts, stays in `sql/metrics/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparkify.models import Models, Table

VERSION = "0.1.1"
_TIMES = ("timestamp", "date")


@dataclass(frozen=True)
class Measure:
    """An aggregate over a table, as `metric` has it in its column `column`."""

    name: str
    expression: str
    what: str
    metric: str
    column: str


MEASURES = (
    Measure("plays", "COUNT(songplays.songplay_id)", "Plays.", "summary", "plays"),
    Measure(
        "listeners",
        "COUNT(DISTINCT songplays.user_id)",
        "Users with a play; not to be added up.",
        "summary",
        "listeners",
    ),
    Measure(
        "plays_per_listener",
        "CAST(COUNT(songplays.songplay_id) AS DOUBLE PRECISION)"
        " / COUNT(DISTINCT songplays.user_id)",
        "Plays by listener.",
        "summary",
        "plays_per_listener",
    ),
    Measure(
        "hours",
        "SUM(songplays.length_ms) / 3600000.0",
        "Hours of the songs played, at their full length.",
        "summary",
        "hours",
    ),
    Measure(
        "sessions",
        "COUNT(sessions.session_id)",
        "Sessions, by the day they start on.",
        "summary",
        "sessions",
    ),
    Measure(
        "listening_sessions",
        "SUM(CASE WHEN sessions.plays > 0 THEN 1 ELSE 0 END)",
        "Sessions with a play.",
        "summary",
        "listening_sessions",
    ),
    Measure(
        "heard_hours",
        "SUM(sessions.heard_ms) / 3600000.0",
        "Hours listened, estimated.",
        "summary",
        "heard_hours",
    ),
    Measure(
        "qualified_plays",
        "SUM(sessions.qualified_plays)",
        "Plays that lasted 30 seconds or more.",
        "sessions",
        "qualified_plays",
    ),
)


def semantic_model(models: Models) -> dict[str, object]:
    """The model as an object of OSI, to be written as JSON."""
    tables = [t for t in models.tables if t.schema == f"{models.prefix}analytics"]
    return {
        "version": VERSION,
        "semantic_model": [
            {
                "name": "sparkify",
                "description": "What users of a music app play.",
                "datasets": [_dataset(table) for table in tables],
                "relationships": [
                    {
                        "name": f"{table.name}_{column.name}",
                        "from": table.name,
                        "to": to.name,
                        "from_columns": [column.name],
                        "to_columns": [column.name],
                    }
                    for table, column, to in models.foreign_keys()
                ],
                "metrics": [
                    {
                        "name": measure.name,
                        "expression": _expression(measure.expression),
                        "description": measure.what,
                    }
                    for measure in MEASURES
                ],
            }
        ],
    }


def _dataset(table: Table) -> dict[str, object]:
    return {
        "name": table.name,
        "source": table.full_name,
        "primary_key": [name.strip() for name in table.key.split(",")],
        "description": f"{table.comment} {table.grain.capitalize()}.",
        "fields": [
            {
                "name": column.name,
                "expression": _expression(column.name),
                "dimension": {"is_time": column.type in _TIMES},
                "description": column.comment,
            }
            for column in table.columns
        ],
    }


def _expression(sql: str) -> dict[str, object]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}
