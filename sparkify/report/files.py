"""What lies at the source, and what a run would do with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sparkify.report.text import safe

if TYPE_CHECKING:
    from sparkify.plan import FileState, Plan

_ROW = "{:<8}{:<9}{:<12}{:>15}  {}"


def show(files: list[FileState], *, every: bool, format_: str) -> None:
    """Print the files that would be loaded, or all, as a table or as JSON."""
    pending = [file for file in files if file.state in {"new", "changed"}]
    size = sum(file.bytes for file in pending)
    listed = files if every else pending
    if format_ == "json":
        counts = {"files": len(files), "pending": len(pending), "pending_bytes": size}
        print(json.dumps(counts | {"listed": [asdict(f) for f in listed]}, indent=2))
        return
    # Lines instead of a drawn table: 100,000 of them take a moment, not a minute.
    if listed:
        print(_ROW.format("state", "data", "date", "bytes", "file"))
    for file in listed:
        print(
            _ROW.format(
                file.state, file.dataset, file.date, f"{file.bytes:,}", safe(file.uri)
            )
        )
    print(f"{len(pending):,} of {len(files):,} files would be loaded, {size:,} bytes.")


def show_plan(plan: Plan, format_: str) -> None:
    """Print the loads of a run and their statements."""
    if format_ == "json":
        print(json.dumps(asdict(plan), indent=2))
        return
    if not plan.loads:
        print(
            f"Nothing to do: none of {plan.discovered:,} files is new to "
            f"{plan.warehouse}."
        )
        return
    for number, load in enumerate(plan.loads, 1):
        days = load.first if load.first == load.last else f"{load.first} to {load.last}"
        version = f", version {load.revision + 1}" if load.revision else ""
        print(
            f"-- load {number} of {len(plan.loads)}: {load.files:,} files, "
            f"{load.bytes:,} bytes, {days}{version}"
        )
    print(f"-- each load is one transaction in {plan.warehouse}:")
    print(*plan.statements, sep="\n\n")
