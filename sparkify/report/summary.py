"""The closing table of a run."""

from __future__ import annotations

from sparkify.pipeline import Changes, RunResult
from sparkify.report.text import console, print_table


def show(result: RunResult) -> None:
    """Print what a run loaded: files, records, and rows by table."""
    totals: dict[str, Changes] = {}
    for loaded in result.loads:
        for name, changes in loaded.changes.items():
            total = totals.setdefault(name, Changes())
            total.inserted += changes.inserted
            total.updated += changes.updated
            total.deleted += changes.deleted
    files = [file for loaded in result.loads for file in loaded.load.files]
    records = sum(file.records for file in files)
    rejected = sum(file.rejected for file in files)
    seconds = sum(loaded.seconds for loaded in result.loads)
    console().print(
        f"Loaded {len(files):,} of {result.discovered:,} files: {records:,} records in "
        f"{seconds:.1f} s ({records / max(seconds, 1e-9):,.0f} records/s), "
        f"{rejected:,} rejected."
    )
    print_table(
        "",
        ["table", "inserted", "updated", "deleted"],
        [(n, c.inserted, c.updated, c.deleted) for n, c in totals.items()],
    )
