"""A Redshift for tests: the test server with S3 beside it, or a cluster.

With REDSHIFT_DSN set to the address of a cluster, and REDSHIFT_BUCKET and REDSHIFT_ROLE
to what it may read, the same tests run there, each warehouse in schemas of its own.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.extensions import parse_dsn

from redshift_server import RedshiftServer

if TYPE_CHECKING:
    from s3.stores import Store

DSN = os.environ.get("REDSHIFT_DSN", "")
ROLE = os.environ.get("REDSHIFT_ROLE", "arn:aws:iam::123456789012:role/loader")

_numbers = count(1)


@cache
def store() -> Store:
    """An S3 server in this process, with a bucket."""
    from moto.server import ThreadedMotoServer
    from s3.stores import store_at

    from examples.seaweed import Key

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    atexit.register(moto.stop)
    host, port = moto.get_host_and_port()
    key = Key("testing", "testing-secret")
    return store_at(f"http://{host}:{port}", key, key)


@cache
def server() -> RedshiftServer:
    """The test server, started when it is first asked for."""
    started = RedshiftServer(s3_endpoint=store().url, roles={ROLE: None}).start()
    atexit.register(started.stop)
    return started


def bucket() -> str:
    """Where a test may write."""
    from s3.stores import BUCKET

    return os.environ["REDSHIFT_BUCKET"] if DSN else BUCKET


def database(template: str = "template1") -> str:
    """A new database of the test server, its name; a copy of `template`."""
    name = f"test_{next(_numbers)}"
    _behind(
        f"create database {name} template {template} owner {server().user} "
        "strategy file_copy"
    )
    return name


def drop(name: str) -> None:
    """Drop a database of the test server, whoever is in it."""
    _behind(f"drop database if exists {name} with (force)")


def options(name: str) -> Iterator[str]:
    """The lines of a configuration for a database of the test server, but for [S3]."""
    yield "[CLUSTER]"
    if DSN:
        parts = parse_dsn(DSN)
        yield f"HOST={parts['host']}"
        yield f"DB_PORT={parts.get('port', 5439)}"
        yield f"DB_NAME={parts['dbname']}"
        yield f"DB_USER={parts['user']}"
        yield f"DB_PASSWORD={parts['password']}"
        yield f"SSLMODE={parts.get('sslmode', 'verify-full')}"
    else:
        yield f"HOST={server().host}"
        yield f"DB_PORT={server().port}"
        yield f"DB_NAME={name}"
        yield f"DB_USER={server().user}"
        yield f"DB_PASSWORD={server().password}"
        yield "[AWS]"
        yield f"KEY={store().key.name}"
        yield f"SECRET={store().key.secret}"
    yield "[IAM_ROLE]"
    yield f"ARN={ROLE}"
    yield "[S3]"
    yield f"SPOOL=s3://{bucket()}/spool"
    if not DSN:
        yield "REGION=us-east-1"
        yield f"ENDPOINT_URL={store().url}"


def told() -> dict[str, object]:
    """The settings that reach the test server, and the way to what is behind it."""
    return {
        "host": server().host,
        "db_port": server().port,
        "db_user": server().user,
        "db_password": server().password,
        "role_arn": ROLE,
        "aws_key": store().key.name,
        "aws_secret": store().key.secret,
        "s3_region": "us-east-1",
        "endpoint_url": store().url,
        "spool": f"s3://{bucket()}/spool",
        "behind": server().backend_dsn("postgres"),
    }


def new_prefix() -> str:
    """A name for the schemas of one warehouse, where several share a database."""
    return f"test_{os.getpid()}_{next(_numbers)}_"


def _behind(statement: str) -> None:
    """Run a statement of PostgreSQL behind the test server."""
    with closing(psycopg2.connect(server().backend_dsn("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
