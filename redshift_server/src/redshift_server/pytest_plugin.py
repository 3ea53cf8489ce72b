"""The pytest fixture `redshift_server`.

Override `redshift_server_options` in a conftest to pass arguments such as
`s3_endpoint` and `roles`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from redshift_server.server import RedshiftServer


@pytest.fixture(scope="session")
def redshift_server_options() -> dict[str, Any]:
    """Arguments of RedshiftServer for the whole session."""
    return {}


@pytest.fixture(scope="session")
def redshift_server_process(
    redshift_server_options: dict[str, Any],
) -> Iterator[RedshiftServer]:
    """One server for the session."""
    with RedshiftServer(**redshift_server_options) as server:
        yield server


@pytest.fixture
def redshift_server(redshift_server_process: RedshiftServer) -> RedshiftServer:
    """The session's server, with no faults armed and no statements recorded."""
    redshift_server_process.faults.clear()
    redshift_server_process.statements.clear()
    return redshift_server_process
