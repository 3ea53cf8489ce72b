"""The commands that load: tables, runs by hand and by the clock, what is to load."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparkify.cli.common import (
    DAY,
    FORMAT,
    INTERRUPTED,
    cli,
    config_option,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from sparkify.config import Settings
    from sparkify.events import Event, Listener
    from sparkify.pipeline import Pipeline, RunResult
    from sparkify.sources.files import Interval

FORMAT_OF_PLAN = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the plan of --dry-run.",
)


@cli.command("create-tables")
@config_option
@click.option("--reset", is_flag=True, help="Drop all tables of Sparkify first.")
@click.option("--yes", is_flag=True, help="Do not ask before --reset.")
@click.option("--print", "print_", is_flag=True, help="Print the SQL; do nothing.")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "postgres", "redshift"]),
    help="Print for another engine than the configured one.",
)
def create_tables(
    config: Path | None, reset: bool, yes: bool, print_: bool, engine: str | None
) -> None:
    """Create the tables that are missing; never destroys, but for --reset."""
    settings = read_settings(config)
    if print_:
        _print_ddl(replace(settings, engine=engine) if engine else settings)
        return
    if engine:
        raise click.UsageError("--engine goes with --print.")
    from sparkify.pipeline import Pipeline

    if reset and not yes:
        click.confirm(
            f"Drop all Sparkify tables and their data in {settings.warehouse}?",
            abort=True,
            err=True,
        )
    pipeline = Pipeline(settings)
    new = pipeline.create_tables(reset=reset)
    tables = "1 table" if len(new) == 1 else f"{len(new)} tables"
    done = f"created {tables}." if new else "nothing to create."
    click.echo(f"{settings.warehouse}: {done}")
    if remedy := pipeline.remedy_of_new_tables(new):
        say(f"warning: {remedy}")


def _print_ddl(settings: Settings) -> None:
    from sparkify import schema
    from sparkify.engines import engine_class
    from sparkify.models import load_models

    models = load_models(settings.schema_prefix)
    ddl = engine_class(settings).ddl
    for statement in schema.statements(models, ddl, settings.grantee):
        click.echo(f"{statement};\n")


@cli.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors and warnings alone.")
@FORMAT_OF_PLAN
@click.option("--full-refresh", is_flag=True, help="Rebuild the star from staging.")
@click.option(
    "--retry-refused", is_flag=True, help="Try files again that were refused."
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="Log each step to standard error.",
)
@click.option(
    "--metrics-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write metrics for Prometheus into this file.",
)
@click.option("--since", type=DAY, help="Only files of this day or later.")
@click.option("--until", type=DAY, help="Only files of days before this one.")
def run(
    config: Path | None,
    dry_run: bool,
    quiet: bool,
    full_refresh: bool,
    retry_refused: bool,
    since: datetime | None,
    until: datetime | None,
    format_: str,
    log_format: str | None,
    metrics_file: Path | None,
) -> None:
    """Load the files that are new or changed, and bring the star up to date.

    The day of a file is the date in its name, else that of its modification (UTC).
    Files of other days than asked for stay pending.

    \b
    Examples:
      sparkify run                     load what is new
      sparkify run --quiet             for a schedule
      sparkify run --full-refresh      rebuild the star, then load what is new
      sparkify run --since 2018-11-01 --until 2018-11-02    the files of a day
    """
    from sparkify import observe
    from sparkify.pipeline import Pipeline, refusal

    if dry_run and full_refresh:
        raise click.UsageError(
            "--dry-run tells of new files; leave out --full-refresh."
        )
    if format_ != "table" and not dry_run:
        raise click.UsageError("--format is that of --dry-run; status tells the rest.")
    asked = _interval(since, until)
    settings = read_settings(config, log_format=log_format, metrics_file=metrics_file)
    if dry_run:
        from sparkify import plan
        from sparkify.report import files

        planned = plan.plan(settings, retry_refused=retry_refused, interval=asked)
        files.show_plan(planned, format_)
        return
    with observe.listeners(settings) as listeners, _progress(settings) as line:
        pipeline = Pipeline(settings, *listeners, *line)
        with _telling(pipeline):
            if full_refresh:
                done = pipeline.full_refresh()
                if not quiet:
                    click.echo(
                        f"Rebuilt the star from staging in {done.seconds:.1f} s."
                    )
            result = pipeline.run(retry_refused=retry_refused, interval=asked)
    if quiet:
        for warning in result.warnings:
            say(f"warning: {warning}")
    else:
        _show_run(settings, result)
    if result.refused:
        raise refusal(result.refused)


def _interval(since: datetime | None, until: datetime | None) -> Interval:
    from sparkify.sources.files import Interval

    if since and until and since >= until:
        raise click.UsageError("--until has to be later than --since.")
    return Interval(since.date() if since else None, until.date() if until else None)


def _show_run(settings: Settings, result: RunResult) -> None:
    if not result.loads:
        others = f", but {result.outside:,} of other days" if result.outside else ""
        click.echo(
            f"Nothing to do: none of {result.discovered:,} files is new to "
            f"{settings.warehouse}{others}."
        )
        if result.vanished and result.discovered:
            click.echo(f"{result.vanished:,} loaded files are no longer there.")
        for warning in result.warnings:
            say(f"warning: {warning}")
        return
    from sparkify.report import answers, summary

    summary.show(result)
    answers.show(settings)


@cli.command()
@config_option
@click.option("--every", help="Time between looks: 30s, 5m, 1h.  [default: 5m]")
@click.option("--cron", help="When to look, instead: '*/15 6-22 * * *', @daily.")
@click.option("--tz", default="UTC", show_default=True, help="Time zone of --cron.")
@click.option("--jitter", default="0s", help="Look up to so much later, by chance.")
@click.option(
    "--full-every",
    default="1h",
    show_default=True,
    help="Time between looks at all files, not at recent ones alone.",
)
@click.option("--sqs", help="Queue of S3's messages; [S3] EVENTS_QUEUE if absent.")
@click.option(
    "--quiet", "-q", is_flag=True, help="Print nothing but errors and warnings."
)
def watch(
    config: Path | None,
    every: str | None,
    cron: str | None,
    tz: str,
    jitter: str,
    full_every: str,
    sqs: str | None,
    quiet: bool,
) -> None:
    """Load what is new, again and again, until SIGTERM or Ctrl-C.

    The load at hand is ended first; the second signal interrupts it.

    \b
    Examples:
      sparkify watch                                   every five minutes
      sparkify watch --every 30s --full-every 15m
      sparkify watch --cron '0 6 * * mon-fri' --tz Europe/Berlin
      sparkify watch --sqs https://sqs.eu-west-1.amazonaws.com/123456789012/new-logs
    """
    from sparkify import observe
    from sparkify.report import looks
    from sparkify.watch import make_watcher

    settings = read_settings(config)
    with observe.listeners(settings, serve=True) as listeners:
        watcher = make_watcher(
            settings,
            *listeners,
            every=every,
            cron=cron,
            time_zone=tz,
            jitter=jitter,
            full_every=full_every,
            queue=sqs,
            tell=lambda look: looks.show(look, quiet=quiet),
        )
        if not quiet:
            say(
                f"watching {settings.log_data} and {settings.song_data}; SIGTERM or "
                "Ctrl-C ends it after the load at hand."
            )
        with _telling(watcher.pipeline):
            watcher.watch()


@cli.group()
def schedule() -> None:
    """Run Sparkify by the clock of systemd, cron, Kubernetes or Airflow.

    \b
    Example:
      sparkify schedule print --for cron
    """


@schedule.command("print")
@config_option
@click.option(
    "--for",
    "kind",
    type=click.Choice(["systemd", "cron", "k8s", "airflow"]),
    required=True,
    help="What is to run it.",
)
@click.option("--cron", default="*/5 * * * *", show_default=True, help="When to run.")
@click.option("--tz", default="UTC", show_default=True, help="Time zone of --cron.")
def schedule_print(config: Path | None, kind: str, cron: str, tz: str) -> None:
    """Print what has to be set up there for this installation.

    \b
    Examples:
      sparkify schedule print --for systemd
      sparkify schedule print --for k8s --cron '0 6 * * *' --tz Europe/Berlin
    """
    from sparkify.watch.units import units

    click.echo(units(read_settings(config), kind, cron, tz), nl=False)


@cli.command("ls")
@config_option
@click.option("--all", "every", is_flag=True, help="List the loaded files too.")
@FORMAT
def list_files(config: Path | None, every: bool, format_: str) -> None:
    """List the files that would be loaded: state, data, date, bytes."""
    from sparkify import plan
    from sparkify.report import files

    files.show(plan.files(read_settings(config)), every=every, format_=format_)


@cli.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--users", default=100, show_default=True, help="Registered users.")
@click.option("--days", default=30, show_default=True, help="Days of logs.")
@click.option("--songs", default=500, show_default=True, help="Songs of the catalogue.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same files.")
@click.option(
    "--songs-per-file",
    default=1,
    show_default=True,
    help="Records a song file; 1 as in the real data.",
)
@click.option(
    "--disturbed",
    default=0.0,
    show_default=True,
    help="Share of the songs played under another name; truth.jsonl tells which.",
)
def simulate(
    out: Path,
    users: int,
    days: int,
    songs: int,
    seed: int,
    songs_per_file: int,
    disturbed: float,
) -> None:
    """Write made-up logs and song files in the real layout and format."""
    from sparkify.simulate import simulate as write

    try:
        made = write(
            out,
            users=users,
            days=days,
            songs=songs,
            seed=seed,
            songs_per_file=songs_per_file,
            disturbed=disturbed,
        )
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(
        f"{out}: {made.events:,} events ({made.plays:,} plays) in {made.log_files} "
        f"log files, {made.songs:,} songs, {made.bytes:,} bytes."
    )


@contextmanager
def _telling(pipeline: Pipeline) -> Iterator[None]:
    """Tell on Ctrl-C what is committed; SIGTERM ends a run likewise."""
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        done, waiting = len(pipeline.result.loads), pipeline.result.batches
        if not waiting:
            raise
        say(
            f"interrupted: {done} of {waiting} batches are committed; "
            "the next run does the rest."
        )
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001  # as Python calls it
    """As Ctrl-C does; once, so that the end is not disturbed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _progress(settings: Settings) -> Iterator[list[Listener]]:
    """A line on the terminal that tells the step; nothing where there is none."""
    if settings.log_format or sys.stderr is None or not sys.stderr.isatty():
        yield []
        return
    from rich.console import Console

    from sparkify.events import StepStarted

    with Console(stderr=True).status("") as line:

        def show(event: Event) -> None:
            if isinstance(event, StepStarted):
                line.update(event.text)

        yield [show]
