"""Clients and a bucket for the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest
import redshift_connector
import redshift_connector.error

DSN_VARIABLE = "REDSHIFT_DSN"
ROLE = os.environ.get("REDSHIFT_ROLE", "arn:aws:iam::123456789012:role/loader")
NARROW_ROLE = "arn:aws:iam::123456789012:role/narrow"
BUCKET = os.environ.get("REDSHIFT_BUCKET", "redshift-server-test")
REGION = "us-east-1"

live = pytest.mark.skipif(
    DSN_VARIABLE in os.environ, reason="needs the test server itself"
)


class Failure(Exception):
    """A driver's error: what matters of it, whichever driver it was."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(f"{sqlstate} {message}")
        self.sqlstate = sqlstate
        self.message = message


class Connections:
    """psycopg2 connections that are closed when the test ends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._opened: list[Any] = []

    def __call__(self, dsn: str | None = None, **options: Any) -> Any:
        """Open one more."""
        # A test that waits for a lock for ever should fail instead.
        options.setdefault("options", "-c statement_timeout=20000")
        connection = psycopg2.connect(dsn or self._dsn, **options)
        self._opened.append(connection)
        return connection

    def close(self) -> None:
        """Close all of them."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()


class PsycopgClient:
    """Statements by psycopg2: the simple protocol."""

    name = "psycopg2"

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[list[Any]]:
        """Run a statement; return its rows."""
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(sql, parameters or None)
            except psycopg2.Error as problem:
                raise Failure(problem.pgcode or "", str(problem)) from problem
            return [list(row) for row in cursor] if cursor.description else []

    def close(self) -> None:
        """Leave."""
        self.connection.close()


class ConnectorClient:
    """Statements by redshift_connector: the extended protocol."""

    name = "redshift_connector"

    def __init__(self, dsn: str) -> None:
        parts = psycopg2.extensions.parse_dsn(dsn)
        self.connection = redshift_connector.connect(
            host=parts["host"],
            port=int(parts["port"]),
            database=parts["dbname"],
            user=parts["user"],
            password=parts["password"],
            ssl=DSN_VARIABLE in os.environ,
        )
        self.connection.autocommit = True

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[list[Any]]:
        """Run a statement; return its rows."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, tuple(parameters))
        except redshift_connector.error.Error as problem:
            fields = problem.args[0]
            if not isinstance(fields, dict):
                raise
            raise Failure(
                fields["C"], f"{fields['M']} {fields.get('D', '')}"
            ) from problem
        return [list(row) for row in cursor.fetchall()] if cursor.description else []

    def close(self) -> None:
        """Leave."""
        self.connection.close()


Client = PsycopgClient | ConnectorClient


class Bucket:
    """The bucket of the tests."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name

    def put(self, key: str, content: bytes | str | list[Any] | dict[str, Any]) -> str:
        """Write an object (a list as one JSON document per line); return its URL."""
        if isinstance(content, list):
            content = "\n".join(json.dumps(item) for item in content)
        if isinstance(content, dict):
            content = json.dumps(content)
        data = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return f"s3://{self.name}/{key}"

    def get(self, key: str) -> bytes:
        """Read an object."""
        body: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        """List keys."""
        answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for item in answer.get("Contents", [])]
