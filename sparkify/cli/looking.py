"""The commands that look after the warehouse: how it stands, and what went wrong."""

from __future__ import annotations

from pathlib import Path

import click

from sparkify.cli.common import FORMAT, cli, config_option, read_settings, read_time


@cli.command()
@config_option
@click.option("--pending", is_flag=True, help="List the sources: how many are to load.")
@click.option("--max-age", help="Exit 1 when the last load is older: 90m, 2h, 1d.")
@FORMAT
def status(
    config: Path | None, pending: bool, max_age: str | None, format_: str
) -> None:
    """Tell how the warehouse stands: fresh, refused, failed, who is at work.

    \b
    Examples:
      sparkify status                   also while a load runs
      sparkify status --pending         and how many files are to load
      sparkify status --max-age 26h     for a health check
    """
    from sparkify.report import status as report_status

    most = read_time("--max-age", max_age) if max_age else None
    found = report_status.ask(read_settings(config), pending=pending)
    report_status.show(found, format_)
    if most is not None:
        report_status.require_fresh(found, most)


@cli.command()
@config_option
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many loads.",
)
@click.option("--steps", is_flag=True, help="Also each step of the newest load.")
@FORMAT
def history(config: Path | None, limit: int, steps: bool, format_: str) -> None:
    """List the latest loads: what they brought, how long that took, what failed.

    trend is the speed as a share of the median of the 20 loads before.

    \b
    Examples:
      sparkify history --limit 5 --steps
      sparkify history --format json      each load with its steps
    """
    from sparkify.report import history as report_history

    report_history.show(
        report_history.ask(read_settings(config), limit), format_, steps=steps
    )


@cli.command()
@config_option
@click.option("--show", is_flag=True, help="Print the records, not their number.")
@FORMAT
def rejects(config: Path | None, show: bool, format_: str) -> None:
    """List the records that were kept aside, with the reason.

    \b
    Examples:
      sparkify rejects                        how many, by reason and file
      sparkify rejects --show                 each with place and text
      sparkify rejects --show --format json   for a program
    """
    from sparkify.report import quarantine

    quarantine.show(quarantine.ask(read_settings(config), records=show), format_)


@cli.command()
@config_option
@FORMAT
def check(config: Path | None, format_: str) -> None:
    """Run every check on the whole warehouse; exit 1 when one fails."""
    from sparkify import checks
    from sparkify.pipeline import Pipeline
    from sparkify.report import status as report_status

    results = Pipeline(read_settings(config)).check()

    report_status.show_checks(results, format_)
    checks.refuse(results)
