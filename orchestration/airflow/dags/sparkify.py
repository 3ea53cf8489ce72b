"""Loads Sparkify's warehouse once a day, and the days that a backfill names.

Sparkify runs as a command in a virtual environment of its own. What is new its ledger
decides: a task may be tried again, cleared or late, and nothing is loaded twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, Asset, BaseOperator, Context, CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowException, AirflowFailException

COMMAND = os.environ.get("SPARKIFY_COMMAND", "sparkify")
CONFIG = os.environ.get("SPARKIFY_CONFIG", "/etc/sparkify/dwh.cfg")
TRY_AGAIN = 3
STAR = Asset("sparkify://analytics/star")


class Sparkify(BaseOperator):
    """A command of Sparkify; it is tried again only where its exit says: try again."""

    def __init__(
        self, *, arguments: Callable[[Context], list[str]], **options: object
    ) -> None:
        super().__init__(**options)
        self.arguments = arguments
        self._process = SubprocessHook()

    def execute(self, context: Context) -> None:
        """Run the command; its last line says what went wrong."""
        words = [COMMAND, "--config", CONFIG, *self.arguments(context)]
        ended = self._process.run_command(words)
        if ended.exit_code == TRY_AGAIN:
            raise AirflowException(ended.output)
        if ended.exit_code:
            raise AirflowFailException(ended.output)

    def on_kill(self) -> None:
        """End the command, too; what it has not committed is undone."""
        self._process.send_sigterm()


def days(context: Context) -> list[str]:
    """Which days of files a run loads.

    Up to the end of its interval, from whichever day on: files that came late, or that
    a missed run has left, are loaded by the next one. A backfill keeps to its interval.
    """
    start, end = context.get("data_interval_start"), context.get("data_interval_end")
    if start is None or end is None:
        return []
    since = f"--since={start:%Y-%m-%d}"
    until = f"--until={end:%Y-%m-%d}"
    return [since, until] if context["dag_run"].run_type == "backfill" else [until]


with DAG(
    "sparkify",
    description="Logs and songs into the star, once a day.",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2018, 11, 1, tzinfo=UTC),
    catchup=False,  # the next run loads what missed ones have left
    max_active_runs=1,
    default_args={
        "max_active_tis_per_dag": 1,  # a backfill has many runs at once
        "retries": 5,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
    },
    tags=["sparkify"],
):
    create_tables = Sparkify(
        task_id="create_tables", arguments=lambda _: ["create-tables"]
    )
    load = Sparkify(
        task_id="load",
        arguments=lambda context: ["run", *days(context)],
        outlets=[STAR],
    )
    create_tables.as_setup() >> load
