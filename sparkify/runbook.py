"""Sections of docs/runbook.md, as messages name them.

An error has that of its class, a check of severity warn that of its name; what else
tells people to look is listed here.
"""

from __future__ import annotations

import re

FAILED_RUN = "failed-run"
SURGE_OF_REJECTS = "surge-of-rejects"
MISSED_SCHEDULE = "missed-schedule"  # whoever keeps the schedule tells of it
LITTLE_MEMORY = "little-memory"
LOCAL_FILE = "local-file"


def see(section: str) -> str:
    """What a message ends with."""
    return f"See the runbook: {section}."


def section_of(kind: type[Exception]) -> str:
    """The section of an error: warehouse-busy for WarehouseBusy."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def section_of_check(name: str) -> str:
    """The section of a check, of underlines made hyphens."""
    return name.replace("_", "-")
