"""What `sparkify watch` tells: a line for what was loaded, and for what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sparkify import runbook
from sparkify.pipeline import refusal

if TYPE_CHECKING:
    from sparkify.watch.watcher import Look


def show(look: Look, *, quiet: bool = False) -> None:
    """Print loads to stdout and errors to stderr; nothing when nothing was found."""
    at = f"{look.began:%Y-%m-%dT%H:%M:%SZ}"
    loads = [loaded.load for loaded in look.result.loads]
    if loads and not quiet:
        files = [each for load in loads for each in load.files if not each.refused]
        records = sum(each.records for each in files)
        rejected = sum(each.rejected for each in files)
        seconds = sum(loaded.seconds for loaded in look.result.loads)
        print(
            f"{at} loaded {len(files):,} files: {records:,} records in "
            f"{seconds:.1f} s, {rejected:,} rejected.",
            flush=True,
        )
    if look.result.refused:
        _warn(at, refusal(look.result.refused))
    if look.error:
        _warn(at, look.error)


def _warn(at: str, error: Exception) -> None:
    see = runbook.see(runbook.section_of(type(error)))
    print(f"{at} sparkify: {error} {see}", file=sys.stderr, flush=True)
