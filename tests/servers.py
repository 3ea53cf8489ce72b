"""Starts the server that an engine needs, and tells faults/driver.py of it."""

from __future__ import annotations

import json
from pathlib import Path

import redshift
from conftest import postgres

from examples.postgres import OWNER


def serve(engine: str, folder: Path) -> None:
    """Write where the engine's server is into the folder; DuckDB needs none."""
    if engine == "postgres":
        server = postgres()
        place = {"host": str(server.folder), "db_port": server.port, "db_user": OWNER}
    elif engine == "redshift":
        place = redshift.told()
    else:
        return
    (folder / "server.json").write_text(json.dumps(place))
