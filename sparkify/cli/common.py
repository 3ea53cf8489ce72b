"""What all commands share: the group, the configuration, and words for people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparkify import __version__

if TYPE_CHECKING:
    from sparkify.config import Settings

INTERRUPTED = 130

DAY = click.DateTime(["%Y-%m-%d"])

FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the result.",
)


def config_option(command: click.decorators.FC) -> click.decorators.FC:
    """A command that may be told its configuration, as the group may."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file; ./dwh.cfg when not given.",
    )(command)


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
@config_option
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Activity logs and song metadata into a star schema, exactly once."""
    context.obj = config


def read_settings(config: Path | None, **flags: object) -> Settings:
    """The settings; a flag that was not given is None. From here on there is a log."""
    from sparkify.config import load_settings

    given = {name: value for name, value in flags.items() if value is not None}
    settings = load_settings(config or click.get_current_context().obj, flags=given)
    if settings.log_format:
        from sparkify import observe

        observe.start_log(settings)
    for warning in settings.warnings:
        say(f"warning: {warning}")
    return settings


def read_time(option: str, text: str) -> float:
    """A time such as 90m, as seconds. Raises UsageError."""
    from sparkify.config import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise click.UsageError(f"{option} {text}: '{text}' {error}.") from None


def say(text: str) -> None:
    """A message for people; a line of the log where there is one."""
    logs = sys.modules.get("sparkify.observe.logs")
    if not (logs and logs.say(text)):
        click.echo(f"sparkify: {text}", err=True)
