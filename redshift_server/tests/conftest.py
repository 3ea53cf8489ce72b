"""Fixtures: an S3 server, the Redshift server, connections by two drivers."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from support import (
    BUCKET,
    DSN_VARIABLE,
    NARROW_ROLE,
    REGION,
    ROLE,
    Bucket,
    Client,
    Connections,
    ConnectorClient,
    PsycopgClient,
)

from redshift_server import RedshiftServer, Role


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str | None]:
    if DSN_VARIABLE in os.environ:
        yield None
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture(scope="session")
def bucket(s3_endpoint: str | None) -> Bucket:
    if s3_endpoint is None:
        return Bucket(boto3.client("s3"), BUCKET)
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=REGION,
    )
    client.create_bucket(Bucket=BUCKET)
    return Bucket(client, BUCKET)


@pytest.fixture(scope="session")
def redshift_server_options(s3_endpoint: str | None) -> dict[str, Any]:
    return {
        "s3_endpoint": s3_endpoint,
        "roles": {
            ROLE: None,
            NARROW_ROLE: Role(read=(f"{BUCKET}/allowed/*",), write=()),
        },
        "default_role": ROLE,
        "bucket_regions": {"far-away": "eu-west-1", BUCKET: REGION},
    }


@pytest.fixture(scope="session")
def second_server() -> Iterator[RedshiftServer]:
    """A server beside the session's, with what differs from the defaults."""
    with RedshiftServer(isolation="serializable", require_tls=True) as server:
        yield server


@pytest.fixture
def dsn(request: pytest.FixtureRequest) -> str:
    """The cluster of REDSHIFT_DSN, else the test server."""
    if DSN_VARIABLE in os.environ:
        return os.environ[DSN_VARIABLE]
    server: RedshiftServer = request.getfixturevalue("redshift_server")
    return server.dsn


@pytest.fixture(params=[PsycopgClient, ConnectorClient], ids=lambda kind: kind.name)
def client(request: pytest.FixtureRequest, dsn: str) -> Iterator[Client]:
    """A connection in autocommit, once by each driver."""
    connected: Client = request.param(dsn)
    yield connected
    connected.close()


@pytest.fixture
def connect(dsn: str) -> Iterator[Connections]:
    """Open psycopg2 connections that are closed when the test ends."""
    connections = Connections(dsn)
    yield connections
    connections.close()


@pytest.fixture
def sql(connect: Connections) -> PsycopgClient:
    """A psycopg2 connection in autocommit."""
    made = PsycopgClient.__new__(PsycopgClient)
    made.connection = connect()
    made.connection.autocommit = True
    return made
