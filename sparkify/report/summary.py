"""The closing table of a run."""

from __future__ import annotations

from sparkify.pipeline import RunResult
from sparkify.report.text import console, print_table, safe
from sparkify.steps import Changes


def show(result: RunResult) -> None:
    """Print what a run loaded: files, records, and rows by table."""
    totals: dict[str, Changes] = {}
    for loaded in result.loads:
        for name, changes in loaded.changes.items():
            total = totals.setdefault(name, Changes())
            total.inserted += changes.inserted
            total.updated += changes.updated
            total.deleted += changes.deleted
    rate = result.records / max(result.seconds, 1e-9)
    console().print(
        f"Loaded {len(result.files):,} of {result.discovered:,} files: "
        f"{result.records:,} records in {result.seconds:.1f} s "
        f"({rate:,.0f} records/s), {result.rejected:,} rejected."
    )
    _notices(result)
    print_table(
        "",
        ["table", "inserted", "updated", "deleted"],
        [(n, c.inserted, c.updated, c.deleted) for n, c in totals.items()],
    )


def _notices(result: RunResult) -> None:
    """What deserves a look."""
    out = console()
    loads = [loaded.load for loaded in result.loads]
    if repeats := sum(load.repeats for load in loads):
        out.print(f"{repeats:,} events were delivered before; they count once.")
    if conflicts := sum(load.conflicts for load in loads):
        out.print(f"{conflicts:,} events were delivered differently; one each won.")
    for key in {k.name: k for load in loads for k in load.unknown_keys}.values():
        out.print(
            f"Unknown key {safe(key.name)} in {key.dataset}, for example "
            f"{safe(key.example)}: it was not loaded.",
            markup=False,
        )
    for warning in result.warnings:
        out.print(safe(warning), markup=False)
    if result.shrunk:
        out.print(
            f"{result.shrunk:,} files have fewer records than the version before; "
            "what they no longer hold stays."
        )
    if result.outside:
        out.print(f"{result.outside:,} new files are of other days; they stay pending.")
    if result.vanished:
        out.print(
            f"{result.vanished:,} loaded files are no longer there; "
            "what they brought stays."
        )
