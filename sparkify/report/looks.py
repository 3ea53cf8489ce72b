"""What `sparkify watch` tells: a line for what was loaded, and for what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sparkify import runbook
from sparkify.pipeline import refusal

if TYPE_CHECKING:
    from sparkify.watch.watcher import Look


def show(look: Look, *, quiet: bool = False) -> None:
    """Print loads to stdout, warnings and errors to stderr; nothing of an idle look."""
    at = f"{look.began:%Y-%m-%dT%H:%M:%SZ}"
    result = look.result
    if result.loads and not quiet:
        print(
            f"{at} loaded {len(result.files):,} files: {result.records:,} records in "
            f"{result.seconds:.1f} s, {result.rejected:,} rejected.",
            flush=True,
        )
    for warning in result.warnings:
        print(f"{at} warning: {warning}", file=sys.stderr, flush=True)
    if result.refused:
        _fail(at, refusal(result.refused))
    if look.error:
        _fail(at, look.error)


def _fail(at: str, error: Exception) -> None:
    see = runbook.see(runbook.section_of(type(error)))
    print(f"{at} sparkify: {error} {see}", file=sys.stderr, flush=True)
