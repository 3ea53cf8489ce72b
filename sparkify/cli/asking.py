"""The commands that answer: report, page, export, metrics, matches."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sparkify.cli.common import DAY, FORMAT, cli, config_option, read_settings

if TYPE_CHECKING:
    from sparkify.metrics import Filters

CHART = 50
_PACKAGES = ("jinja2", "plotly", "starlette", "uvicorn")  # of the dashboard


def _filter_options(command: click.decorators.FC) -> click.decorators.FC:
    """What restricts a report: the period, and whose plays."""
    options = (
        click.option("--last", help="Days or weeks: 28d if absent, 4w, …"),
        click.option("--from", "first_day", type=DAY, help="First day of the period."),
        click.option("--to", "last_day", type=DAY, help="Last day of the period."),
        click.option("--all", "whole", is_flag=True, help="All of the data."),
        click.option("--level", default="", help="free or paid, of the play."),
        click.option("--gender", default="", help="F, M or unknown."),
        click.option("--state", default="", help="State of the play, such as CA."),
        click.option("--platform", default="", help="Operating system, such as iOS."),
        click.option("--tz", default="UTC", help="Time zone of days and hours."),
        click.option("--week-start", default="mon", help="mon, fri, … begins a week."),
        click.option(
            "--complete-through", type=DAY, help="Last day of which all data is there."
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
@config_option
@_filter_options
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Rows of a table; other formats have the whole chart of 50, or more.",
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
@click.option("--width", type=click.IntRange(60, 400), help="Columns of the table.")
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
    """Answer what is listened to, how that changes, and by whom.

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
    if metrics and section:
        raise click.UsageError("Give one of --metric and --section.")
    if excel_safe and format_ != "csv":
        raise click.UsageError("--excel-safe goes with --format csv.")
    if format_ == "html":
        if metrics or section:
            raise click.UsageError("The page is whole: --format html takes no parts.")
        _require_dashboard()
        from sparkify.dashboard.static import as_html

        deliver.put(as_html(read_settings(config), asked), output)
        return
    deliver.report(
        read_settings(config),
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
@config_option
@FORMAT
def match(
    title: str,
    artist: str,
    duration: float | None,
    explain: bool,
    config: Path | None,
    format_: str,
) -> None:
    """Tell which song of the catalogue a play of this title and artist finds.

    DURATION is the length of the play in seconds.

    \b
    Example:
      sparkify match --explain "Undo (Live)" "Bjork" 348.6
    """
    from sparkify.report import matches

    found = matches.find(read_settings(config), title, artist, duration)
    matches.show_found(found, format_, explain=explain)


@cli.group(invoke_without_command=True)
@click.pass_context
def metrics(context: click.Context) -> None:
    """List the metrics; show what one means and its SQL.

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
@config_option
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
    """Write the star and the marts as files, for tools that must not open it.

    \b
    Examples:
      sparkify export --out export                    a Parquet file a table
      sparkify export --out export --table songplays --format csv
    """
    from sparkify.report import export as report_export

    report_export.export(read_settings(config), out, format_, tables)


@cli.command()
@config_option
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
@click.option(
    "--allowed-host",
    "names",
    multiple=True,
    help="Name that others ask for it by, such as that of a proxy.",
)
@click.option("--open", "open_", is_flag=True, help="Open a browser.")
def dashboard(
    config: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    no_auth: bool,
    names: tuple[str, ...],
    open_: bool,
) -> None:
    """Serve the report as a page with charts and filters, until Ctrl-C.

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

    serve(
        read_settings(config),
        host,
        port,
        token_file,
        names,
        no_auth=no_auth,
        tell=tell,
    )


def _require_dashboard() -> None:
    from importlib.util import find_spec

    from sparkify.errors import ConfigError

    if any(find_spec(name) is None for name in _PACKAGES):
        raise ConfigError(
            "The page needs more packages; install them with "
            "`pip install 'sparkify-elt[dashboard]'`."
        )
