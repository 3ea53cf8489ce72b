"""Starting is quick since little is imported. Times are measured in `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("duckdb", "_duckdb", "rich", "ftfy", "stamina", "asyncio", "ua_parser"),
    *("apprise", "openlineage", "prometheus_client", "pythonjsonlogger"),
}


def _imported(*arguments: str, code: int = 0) -> set[str]:
    """The modules that a command imports; it has to exit with `code`."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sparkify", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")},
    )
    assert ended.returncode == code, ended.stderr
    lines = [
        line for line in ended.stderr.splitlines() if line.startswith("import time:")
    ]
    modules = {line.rsplit("|", 1)[1].strip() for line in lines}
    assert "sparkify.cli" in modules
    return modules


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["run", "--help"], 0),
        (["--version"], 0),
        (["no-such-command"], 2),
        (["run", "--no-such-option"], 2),
        (["simulate"], 2),
        (["run", "--config", "no-such-file.cfg"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_and_usage_errors_import_little(arguments: list[str], code: int) -> None:
    """Help and a usage error import no engine, and nothing to draw tables with."""
    assert not _imported(*arguments, code=code) & HEAVY


def test_nothing_to_do_imports_little(warehouse: Warehouse) -> None:
    """A run that finds nothing imports neither what repairs text nor what retries."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    modules = _imported("run", "--config", str(warehouse.config))
    assert not modules & (HEAVY - {"duckdb", "_duckdb"})
