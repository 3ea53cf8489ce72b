"""Runs the checks: each is a select of rows that must not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparkify.engines.base import Engine, Parameters, Row
from sparkify.errors import CheckFailed
from sparkify.models import Check, Models

SAMPLES = 100


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the offending rows, at most SAMPLES."""

    check: Check
    offenders: list[Row]


def run_checks(
    engine: Engine, models: Models, parameters: Parameters, *, whole: bool = False
) -> Iterator[CheckResult]:
    """Run the checks on what the loads of `parameters` touched.

    `whole` adds those that look at the whole warehouse.
    """
    for check in models.checks():
        if check.scope == "warehouse" and not whole:
            continue
        rows = engine.query(check.sql, parameters, limit=SAMPLES)
        yield CheckResult(check, rows)


def refuse(results: list[CheckResult]) -> None:
    """Raise CheckFailed for the first check of severity error that found rows."""
    for result in results:
        if result.offenders and result.check.severity == "error":
            raise CheckFailed(failure(result), _samples(result))


def record(
    engine: Engine, models: Models, load_id: int, results: list[CheckResult]
) -> None:
    """Write what the checks of a load found."""
    rows = [
        (load_id, result.check.name, result.check.severity, len(result.offenders))
        for result in results
    ]
    engine.append(models.table("control.check_results"), rows)


def failure(result: CheckResult) -> str:
    """One sentence: the check, what it proves, the first offender."""
    count = len(result.offenders)
    many = f"at least {count}" if count == SAMPLES else str(count)
    first = ", ".join(str(value) for value in result.offenders[0])
    return (
        f"Check {result.check.name} failed for {many} row(s), the first: {first}. "
        f"{result.check.what}"
    )


def _samples(result: CheckResult) -> list[list[str]]:
    return [[str(value) for value in row] for row in result.offenders]
