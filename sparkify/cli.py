"""The command `sparkify`: parse, call one function, print, exit.

The only place that prints and that turns errors into exit codes. What a command needs
is imported inside of it, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparkify import __version__
from sparkify.errors import SparkifyError

if TYPE_CHECKING:
    from sparkify.config import Settings
    from sparkify.pipeline import Notify, Pipeline, RunResult

INTERRUPTED = 130

_FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the result.",
)


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
    try:
        sys.exit(cli.main(arguments, prog_name="sparkify", standalone_mode=False) or 0)
    except SparkifyError as error:
        click.echo(f"sparkify: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("sparkify: interrupted; what was committed stays.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has left; Python would complain at its own exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


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
  sparkify status --format json       for machines
  sparkify simulate --out demo --users 100 --days 7 --songs 500 --seed 1

\b
Exit codes: 0 done; 1 data refused; 2 usage or configuration; 3 try again;
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


def _settings(config: Path | None) -> Settings:
    from sparkify.config import load_settings

    settings = load_settings(config or click.get_current_context().obj)
    for warning in settings.warnings:
        click.echo(f"sparkify: warning: {warning}", err=True)
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
    for statement in schema.statements(models, ddl, settings.readers):
        click.echo(f"{statement};\n")


@cli.command()
@_config_option
@click.option("--dry-run", is_flag=True, help="Tell what would be done; write nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@_FORMAT_OF_PLAN
@click.option("--full-refresh", is_flag=True, help="Rebuild the star from staging.")
@click.option(
    "--retry-refused", is_flag=True, help="Try files again that were refused."
)
def run(
    config: Path | None,
    dry_run: bool,
    quiet: bool,
    full_refresh: bool,
    retry_refused: bool,
    format_: str,
) -> None:
    r"""Load the files that are new or changed, and bring the star up to date.

    \b
    Examples:
      sparkify run                     load what is new
      sparkify run --quiet             for a schedule
      sparkify run --full-refresh      rebuild the star, then load what is new
    """
    from sparkify.pipeline import Pipeline, refusal

    settings = _settings(config)
    if dry_run:
        from sparkify import plan
        from sparkify.report import files

        files.show_plan(plan.plan(settings, retry_refused=retry_refused), format_)
        return
    with _progress() as notify:
        pipeline = Pipeline(settings, notify)
        with _telling(pipeline):
            if full_refresh:
                done = pipeline.full_refresh()
                if not quiet:
                    click.echo(
                        f"Rebuilt the star from staging in {done.seconds:.1f} s."
                    )
            result = pipeline.run(retry_refused=retry_refused)
    if not quiet:
        _show_run(settings, result)
    if result.refused:
        raise refusal(result.refused)


def _show_run(settings: Settings, result: RunResult) -> None:
    if not result.loads:
        click.echo(
            f"Nothing to do: none of {result.discovered:,} files is new to "
            f"{settings.warehouse}."
        )
        if result.vanished:
            click.echo(f"{len(result.vanished):,} loaded files are no longer there.")
        return
    from sparkify.report import answers, summary

    summary.show(result)
    answers.show(answers.ask(settings))


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
        click.echo(
            f"sparkify: interrupted: {done} of {waiting} batches are committed; "
            "the next run does the rest.",
            err=True,
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


@cli.command()
@_config_option
def report(config: Path | None) -> None:
    """Answer the three questions: songs, activity over time, people."""
    from sparkify.report import answers

    answers.show(answers.ask(_settings(config)))


@cli.command()
@_config_option
@_FORMAT
def status(config: Path | None, format_: str) -> None:
    """Tell what is in the warehouse: tables, loads, the latest load."""
    from sparkify.report import status as report_status

    settings = _settings(config)
    report_status.show(report_status.ask(settings), format_)


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
def simulate(
    out: Path, users: int, days: int, songs: int, seed: int, songs_per_file: int
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
        )
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(
        f"{out}: {made.events:,} events ({made.plays:,} plays) in {made.log_files} "
        f"log files, {made.songs:,} songs, {made.bytes:,} bytes."
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
def _progress() -> Iterator[Notify | None]:
    """A line on the terminal that tells the step; nothing where there is none."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as line:
        yield line.update
