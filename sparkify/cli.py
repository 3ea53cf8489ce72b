"""The command `sparkify`: parse, call one function, print, exit.

The only place that prints and that turns errors into exit codes. What a command needs
is imported inside of it, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparkify import __version__, runbook
from sparkify.errors import SparkifyError

if TYPE_CHECKING:
    from sparkify.config import Settings
    from sparkify.events import Event, Listener
    from sparkify.metrics import Filters
    from sparkify.pipeline import Pipeline, RunResult

INTERRUPTED = 130
CHART = 50

_FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the result.",
)


_DAY = click.DateTime(["%Y-%m-%d"])

_FORMAT_OF_PLAN = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the plan of --dry-run.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    # Each may be closed, and be None then.
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, TextIOWrapper)]
    for stream in streams:
        # A terminal that has no letter for a text gets a question mark.
        stream.reconfigure(errors="replace")
    try:
        code = cli.main(arguments, prog_name="sparkify", standalone_mode=False)
        for stream in streams:
            stream.flush()
        sys.exit(code or 0)
    except SparkifyError as error:
        _say(f"{error} {runbook.see(runbook.section_of(type(error)))}")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as error:
        # click makes an Abort of Ctrl-C too, with that as its cause.
        if isinstance(error, click.Abort) and error.__cause__ is None:
            click.echo(err=True)
            what = "not confirmed; nothing was changed."
        else:
            what = "interrupted; what was committed stays."
        _say(what)
        sys.exit(INTERRUPTED)
    except MemoryError:
        _say(
            "this machine has too little memory; lower [LOAD] BATCH_BYTES and "
            f"MEMORY_LIMIT. {runbook.see(runbook.LITTLE_MEMORY)}"
        )
        sys.exit(2)
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        what = error.filename or "output, or a file beside the warehouse"
        _say(
            f"{what}: {error.strerror or error}; correct that and run again. "
            f"What was committed stays. {runbook.see(runbook.LOCAL_FILE)}"
        )
        sys.exit(2)


def _say(text: str) -> None:
    """A message for people; a line of the log where there is one."""
    logs = sys.modules.get("sparkify.observe.logs")
    if not (logs and logs.say(text)):
        click.echo(f"sparkify: {text}", err=True)


def _drop_output() -> None:
    """Nobody takes our output any more; Python would complain at its own exit."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""
\b
Examples:
  sparkify create-tables              create what is missing
  sparkify run                        load what is new
  sparkify run --config prod.cfg      with another configuration
  sparkify run --dry-run              tell what would be done
  sparkify ls                         list what would be loaded
  sparkify status --max-age 26h       a health check
  sparkify simulate --out demo --users 100 --days 7 --songs 500 --seed 1

\b
Exit codes: 0 done; 1 data refused or stale; 2 usage or configuration; 3 try again;
130 interrupted.
""",
)
@click.version_option(__version__, prog_name="sparkify")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file; ./dwh.cfg when not given.",
)
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Activity logs and song metadata into a star schema, exactly once."""
    context.obj = config


def _config_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file; ./dwh.cfg when not given.",
    )(command)


def _settings(config: Path | None, **flags: object) -> Settings:
    """The settings; a flag that was not given is None. From here on there is a log."""
    from sparkify.config import load_settings

    given = {name: value for name, value in flags.items() if value is not None}
    settings = load_settings(config or click.get_current_context().obj, flags=given)
    if settings.log_format:
        from sparkify import observe

        observe.start_log(settings)
    for warning in settings.warnings:
        _say(f"warning: {warning}")
    return settings


@cli.command("create-tables")
@_config_option
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
    settings = _settings(config)
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
    new = Pipeline(settings).create_tables(reset=reset)
    known = f"{settings.warehouse}: "
    click.echo(known + (f"created {len(new)} tables." if new else "nothing to create."))


def _print_ddl(settings: Settings) -> None:
    from sparkify import schema
    from sparkify.engines import engine_class
    from sparkify.models import load_models

    models = load_models(settings.schema_prefix)
    ddl = engine_class(settings).ddl
    for statement in schema.statements(models, ddl, settings.grantee):
        click.echo(f"{statement};\n")


@cli.command()
@_config_option
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors and warnings alone.")
@_FORMAT_OF_PLAN
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
@click.option("--since", type=_DAY, help="Only files of this day or later.")
@click.option("--until", type=_DAY, help="Only files of days before this one.")
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
    r"""Load the files that are new or changed, and bring the star up to date.

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
    from sparkify.sources.files import Interval

    if since and until and since >= until:
        raise click.UsageError("--until has to be later than --since.")
    asked = Interval(since.date() if since else None, until.date() if until else None)
    settings = _settings(config, log_format=log_format, metrics_file=metrics_file)
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
            _say(f"warning: {warning}")
    else:
        _show_run(settings, result)
    if result.refused:
        raise refusal(result.refused)


def _show_run(settings: Settings, result: RunResult) -> None:
    if not result.loads:
        others = f", but {result.outside:,} of other days" if result.outside else ""
        click.echo(
            f"Nothing to do: none of {result.discovered:,} files is new to "
            f"{settings.warehouse}{others}."
        )
        if result.vanished:
            click.echo(f"{result.vanished:,} loaded files are no longer there.")
        return
    from sparkify.report import answers, summary

    summary.show(result)
    answers.show(settings)


@cli.command()
@_config_option
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
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
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
    r"""Load what is new, again and again, until SIGTERM or Ctrl-C.

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

    settings = _settings(config)
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
            _say(
                f"watching {settings.log_data} and {settings.song_data}; SIGTERM or "
                "Ctrl-C ends it after the load at hand."
            )
        with _telling(watcher.pipeline):
            watcher.watch()


@cli.group()
def schedule() -> None:
    r"""Run Sparkify by the clock of systemd, cron, Kubernetes or Airflow.

    \b
    Example:
      sparkify schedule print --for cron
    """


@schedule.command("print")
@_config_option
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
    r"""Print what has to be set up there for this installation.

    \b
    Examples:
      sparkify schedule print --for systemd
      sparkify schedule print --for k8s --cron '0 6 * * *' --tz Europe/Berlin
    """
    from sparkify.watch.units import units

    click.echo(units(_settings(config), kind, cron, tz), nl=False)


@cli.command("ls")
@_config_option
@click.option("--all", "every", is_flag=True, help="List the loaded files too.")
@_FORMAT
def list_files(config: Path | None, every: bool, format_: str) -> None:
    """List the files that would be loaded: state, data, date, bytes."""
    from sparkify import plan
    from sparkify.report import files

    files.show(plan.files(_settings(config)), every=every, format_=format_)


@contextmanager
def _telling(pipeline: Pipeline) -> Iterator[None]:
    """Tell on Ctrl-C what is committed."""
    try:
        yield
    except KeyboardInterrupt:
        done, waiting = len(pipeline.result.loads), pipeline.result.batches
        if not waiting:
            raise
        _say(
            f"interrupted: {done} of {waiting} batches are committed; "
            "the next run does the rest."
        )
        sys.exit(INTERRUPTED)


@cli.command()
@_config_option
@click.option("--show", is_flag=True, help="Print the records, not their number.")
@_FORMAT
def rejects(config: Path | None, show: bool, format_: str) -> None:
    r"""List the records that were kept aside, with the reason.

    \b
    Examples:
      sparkify rejects                        how many, by reason and file
      sparkify rejects --show                 each with place and text
      sparkify rejects --show --format json   for a program
    """
    from sparkify.report import quarantine

    quarantine.show(quarantine.ask(_settings(config), records=show), format_)


def _filter_options(command: click.decorators.FC) -> click.decorators.FC:
    """What restricts a report: the period, and whose plays."""
    options = (
        click.option("--last", help="Days or weeks: 28d if absent, 4w, …"),
        click.option("--from", "first_day", type=_DAY, help="First day of the period."),
        click.option("--to", "last_day", type=_DAY, help="Last day of the period."),
        click.option("--all", "whole", is_flag=True, help="All of the data."),
        click.option("--level", default="", help="free or paid, of the play."),
        click.option("--gender", default="", help="F, M or unknown."),
        click.option("--state", default="", help="State of the play, such as CA."),
        click.option("--platform", default="", help="Operating system, such as iOS."),
        click.option("--tz", default="UTC", help="Time zone of days and hours."),
        click.option("--week-start", default="mon", help="mon, fri, … begins a week."),
        click.option(
            "--complete-through", type=_DAY, help="Last day of which all data is there."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _filters(
    depth: int,
    *,
    last: str | None,
    first_day: datetime | None,
    last_day: datetime | None,
    whole: bool,
    level: str,
    gender: str,
    state: str,
    platform: str,
    tz: str,
    week_start: str,
    complete_through: datetime | None,
) -> Filters:
    from sparkify.metrics import Filters

    if (last is not None) + (first_day is not None) + whole > 1:
        raise click.UsageError("Give one of --last, --from and --all.")
    return Filters(
        first_day=first_day.date() if first_day else None,
        last_day=last_day.date() if last_day else None,
        days=None if whole else _days(last or "28d"),
        level=level,
        gender=gender,
        state=state,
        platform=platform,
        time_zone=tz,
        week_start=week_start,
        complete_through=complete_through.date() if complete_through else None,
        depth=depth,
    )


def _days(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in ("d", "w")):
        raise click.UsageError(f"--last {text}: give days or weeks, such as 28d or 4w.")
    return int(number) * {"d": 1, "w": 7}[unit]


@cli.command()
@_config_option
@_filter_options
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Songs of the table; other formats have the whole chart of 50, or more.",
)
@click.option("--section", help="Sections, apart by commas; all when absent.")
@click.option("--metric", "metrics", multiple=True, help="These metrics alone.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "jsonl", "csv", "markdown", "html", "parquet"]),
    default="table",
    show_default=True,
    help="How to print the report; csv and parquet hold one --metric.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write into this file, whole or not at all.",
)
@click.option(
    "--excel-safe", is_flag=True, help="CSV: no cell that a spreadsheet would run."
)
@click.option("--width", type=click.IntRange(40, 400), help="Columns of the table.")
def report(
    config: Path | None,
    top: int,
    section: str | None,
    metrics: tuple[str, ...],
    format_: str,
    output: Path | None,
    excel_safe: bool,
    width: int | None,
    **filters: Any,  # the options of _filter_options
) -> None:
    r"""Answer what is listened to, how that changes, and by whom.

    \b
    Examples:
      sparkify report                             the last 28 complete days
      sparkify report --from 2018-11-01 --to 2018-11-30 --level paid
      sparkify report --last 7d --section songs,activity
      sparkify report --metric songs --format csv --excel-safe -o songs.csv
      sparkify report --all --format json         for a program
      sparkify report --format html -o report.html
    """
    from sparkify.report import deliver

    asked = _filters(max(top, CHART), **filters)
    if format_ == "html":
        _require_dashboard()
        from sparkify.dashboard.static import as_html

        deliver.put(as_html(_settings(config), asked), output)
        return
    deliver.report(
        _settings(config),
        asked,
        sections=section.split(",") if section else None,
        metrics=metrics,
        format_=format_,
        output=output,
        excel_safe=excel_safe,
        width=width,
        top=top,
    )


@cli.command()
@click.argument("title")
@click.argument("artist")
@click.argument("duration", type=float, required=False)
@click.option(
    "--explain", is_flag=True, help="Tell what it was compared with, and why."
)
@_config_option
@_FORMAT
def match(
    title: str,
    artist: str,
    duration: float | None,
    explain: bool,
    config: Path | None,
    format_: str,
) -> None:
    r"""Tell which song of the catalogue a play of this title and artist finds.

    DURATION is the length of the play in seconds.

    \b
    Example:
      sparkify match --explain "Undo (Live)" "Bjork" 348.6
    """
    from sparkify.report import matches

    found = matches.find(_settings(config), title, artist, duration)
    matches.show_found(found, format_, explain=explain)


@cli.group(invoke_without_command=True)
@click.pass_context
def metrics(context: click.Context) -> None:
    r"""List the metrics; show what one means and its SQL.

    \b
    Examples:
      sparkify metrics                list them
      sparkify metrics show songs     definition, columns and SQL of one
      sparkify metrics model          the star for BI tools, as an OSI 0.1.1 file
    """
    if context.invoked_subcommand is None:
        from sparkify.report import definitions

        definitions.show_all()


@metrics.command("show")
@click.argument("name")
def metrics_show(name: str) -> None:
    """Print what a metric means, its columns, and the statements that find it."""
    from sparkify.report import definitions

    definitions.show(name)


@metrics.command("model")
@click.option("--schema-prefix", default="", help="As [WAREHOUSE] SCHEMA_PREFIX.")
def metrics_model(schema_prefix: str) -> None:
    """Print the star and its measures as a semantic model, OSI 0.1.1."""
    from sparkify.report import definitions

    definitions.show_model(schema_prefix)


@cli.command()
@_config_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files; made when it is not there.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="Format of the files.",
)
@click.option("--table", "tables", multiple=True, help="These tables alone.")
def export(
    config: Path | None, out: Path, format_: str, tables: tuple[str, ...]
) -> None:
    r"""Write the star and the marts as files, for tools that must not open it.

    \b
    Examples:
      sparkify export --out export                    a Parquet file a table
      sparkify export --out export --table songplays --format csv
    """
    from sparkify.report import export as report_export

    report_export.export(_settings(config), out, format_, tables)


@cli.command()
@_config_option
@click.option("--pending", is_flag=True, help="List the sources: how many are to load.")
@click.option("--max-age", help="Exit 1 when the last load is older: 90m, 2h, 1d.")
@_FORMAT
def status(
    config: Path | None, pending: bool, max_age: str | None, format_: str
) -> None:
    r"""Tell how the warehouse stands: fresh, refused, failed, who is at work.

    \b
    Examples:
      sparkify status                   also while a load runs
      sparkify status --pending         and how many files are to load
      sparkify status --max-age 26h     for a health check
    """
    from sparkify.report import status as report_status

    most = _time("--max-age", max_age) if max_age else None
    found = report_status.ask(_settings(config), pending=pending)
    report_status.show(found, format_)
    if most is not None:
        report_status.require_fresh(found, most)


def _time(option: str, text: str) -> float:
    from sparkify.config import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise click.UsageError(f"{option} {text}: '{text}' {error}.") from None


@cli.command()
@_config_option
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many loads.",
)
@click.option("--steps", is_flag=True, help="Also each step of the newest load.")
@_FORMAT
def history(config: Path | None, limit: int, steps: bool, format_: str) -> None:
    r"""List the latest loads: what they brought, how long that took, what failed.

    trend is the speed as a share of the median of the 20 loads before.

    \b
    Examples:
      sparkify history --limit 5 --steps
      sparkify history --format json      each load with its steps
    """
    from sparkify.report import history as report_history

    report_history.show(
        report_history.ask(_settings(config), limit), format_, steps=steps
    )


@cli.command()
@_config_option
@_FORMAT
def check(config: Path | None, format_: str) -> None:
    """Run every check on the whole warehouse; exit 1 when one fails."""
    from sparkify import checks
    from sparkify.pipeline import Pipeline
    from sparkify.report import status as report_status

    results = Pipeline(_settings(config)).check()

    report_status.show_checks(results, format_)
    checks.refuse(results)


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


@cli.command()
@_config_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to serve."
)
@click.option("--port", default=8710, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with a token that viewers have to bring.",
)
@click.option("--no-auth", is_flag=True, help="Serve other machines without a token.")
@click.option("--open", "open_", is_flag=True, help="Open a browser.")
def dashboard(
    config: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    no_auth: bool,
    open_: bool,
) -> None:
    r"""Serve the report as a page with charts and filters, until Ctrl-C.

    \b
    Examples:
      sparkify dashboard --open
      sparkify dashboard --host 0.0.0.0 --token-file token.txt
    """
    _require_dashboard()
    from sparkify.dashboard.server import serve

    def tell(address: str) -> None:
        click.echo(f"{address} shows the dashboard; Ctrl-C ends it.", err=True)
        if open_:
            click.launch(address)

    serve(_settings(config), host, port, token_file, no_auth=no_auth, tell=tell)


def _require_dashboard() -> None:
    from importlib.util import find_spec

    from sparkify.errors import ConfigError

    if any(find_spec(name) is None for name in ("jinja2", "plotly", "starlette")):
        raise ConfigError(
            "The page needs more packages; install them with "
            "`pip install 'sparkify-elt[dashboard]'`."
        )


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash: sparkify completion bash > ~/.local/share/bash-completion/completions/sparkify
    zsh:  sparkify completion zsh > "${fpath[1]}/_sparkify"
    fish: sparkify completion fish > ~/.config/fish/completions/sparkify.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    assert script
    click.echo(script(cli, {}, "sparkify", "_SPARKIFY_COMPLETE").source())


@contextmanager
def _progress(settings: Settings) -> Iterator[list[Listener]]:
    """A line on the terminal that tells the step; nothing where there is none."""
    if settings.log_format or not sys.stderr.isatty():
        yield []
        return
    from rich.console import Console

    from sparkify.events import StepStarted

    with Console(stderr=True).status("") as line:

        def show(event: Event) -> None:
            if isinstance(event, StepStarted):
                line.update(event.text)

        yield [show]
