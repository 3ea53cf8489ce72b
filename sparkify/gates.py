"""Quality gates: the user's own checks, and what checks are measured by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sparkify.config import Settings
from sparkify.engines.base import Parameters, parameters_of
from sparkify.errors import CheckBroken
from sparkify.models import Check, Models, read_checks


def thresholds(settings: Settings) -> Parameters:
    """What a check may ask of the configuration, by the name of the parameter."""
    return {
        "volume_factor": settings.volume_factor,
        "match_rate_drop": settings.match_rate_drop,
        "least_weeks": settings.least_weeks,
        "least_plays": settings.least_plays,
    }


def with_own_checks(models: Models, settings: Settings) -> Models:
    """`models` with the checks of the user's folder. Raises CheckBroken."""
    folder = settings.checks_folder
    if folder is None:
        return models
    if not folder.is_dir():
        raise CheckBroken(
            f"{folder}: no such folder; make it, or correct [CHECKS] FOLDER."
        )
    known = {"first_load_id", "last_load_id", *thresholds(settings)}
    own = tuple(
        check
        for file in sorted(folder.glob("*.sql"))
        for check in _read(file, models, known)
    )
    names = Counter(check.name for check in (*models.checks(), *own))
    for check in own:
        if names[check.name] > 1:
            raise CheckBroken(
                f"{check.file}: another check is named {check.name}, too; rename it."
            )
    return replace(models, own_checks=own)


def _read(file: Path, models: Models, known: set[str]) -> Iterator[Check]:
    try:
        checks = list(read_checks(models.in_schema(file.read_text("utf-8-sig"))))
    except (OSError, ValueError) as error:
        raise CheckBroken(f"{file}: {error}.") from None
    if not checks:
        raise CheckBroken(f"{file}: it has no `-- check: name`; give it one.")
    for check in checks:
        for name in sorted(parameters_of(check.sql) - known):
            raise CheckBroken(
                f"{file}: check {check.name}: the parameter :{name} is unknown; "
                f"known are {', '.join(sorted(known))}."
            )
        yield replace(check, file=str(file))
