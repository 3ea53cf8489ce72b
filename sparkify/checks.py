"""Runs the checks: each is a select of rows that must not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sparkify import runbook
from sparkify.engines.base import Engine, Parameters, Row
from sparkify.errors import CheckBroken, CheckFailed, WarehouseError
from sparkify.models import Check, Models

SAMPLES = 100


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the offending rows, at most SAMPLES."""

    check: Check
    offenders: list[Row]


def run_checks(
    engine: Engine, models: Models, parameters: Parameters, *scopes: str
) -> Iterator[CheckResult]:
    """Run the checks of these scopes on what the loads of `parameters` touched."""
    for check in models.checks():
        if check.scope in scopes:
            yield CheckResult(check, _offenders(engine, check, parameters))


def _offenders(engine: Engine, check: Check, parameters: Parameters) -> list[Row]:
    if not check.file:
        return engine.query(check.sql, parameters, limit=SAMPLES)
    # As a table it cannot change anything, and may have a limit of its own.
    sql = f"select * from (\n{check.sql}\n) as offenders"
    try:
        return engine.query(sql, parameters, limit=SAMPLES)
    except WarehouseError as error:
        raise CheckBroken(
            f"{check.file}: check {check.name} cannot be run; correct it, or take the "
            f"file away. {error}"
        ) from error


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
    """In a sentence or two: the check, the first offender, what it proves."""
    count = len(result.offenders)
    many = f"at least {count}" if count == SAMPLES else str(count)
    first = ", ".join(str(value) for value in result.offenders[0])
    verb = "failed for" if result.check.severity == "error" else "warns of"
    return (
        f"Check {result.check.name} {verb} {many} row(s), the first: {first}. "
        f"{result.check.what}"
    )


def warnings(results: Iterable[CheckResult]) -> dict[str, str]:
    """What checks of severity warn found, by their name; ours tell their section."""
    return {
        result.check.name: failure(result)
        + ("" if result.check.file else _see(result.check))
        for result in results
        if result.offenders and result.check.severity == "warn"
    }


def _see(check: Check) -> str:
    return " " + runbook.see(runbook.section_of_check(check.name))


def _samples(result: CheckResult) -> list[list[str]]:
    return [[str(value) for value in row] for row in result.offenders]
