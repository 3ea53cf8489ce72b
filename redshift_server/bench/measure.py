"""Measure the server: start, overhead of a statement, COPY of JSON.

Run `python bench/measure.py`. These are figures of this server on this machine, and
say nothing about Redshift.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import psycopg2
from moto.server import ThreadedMotoServer

from redshift_server import RedshiftServer

ROLE = "arn:aws:iam::123456789012:role/loader"
FILES, ROWS = 10, 10_000
EVENT = {
    "artist": "Héllo", "auth": "Logged In", "firstName": "A", "gender": "F",
    "itemInSession": 3, "lastName": "B", "length": 231.12, "level": "free",
    "location": "San Jose, CA", "method": "PUT", "page": "NextSong",
    "registration": 1540919166796.0, "sessionId": 1234, "song": "Song",
    "status": 200, "ts": 1541121934796, "userAgent": "Mozilla/5.0 " * 8, "userId": "8",
}  # fmt: skip
STATEMENT = (
    "select a, count(*) as n from (select 1 as a union all select 2) as x "
    "where a in (1, 2, 3) group by a order by a"
)


def timed(call: Callable[[], object]) -> float:
    """Return the seconds a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def per_statement(dsn: str, texts: list[str]) -> float:
    """Return milliseconds per statement."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()

    def run_all() -> None:
        for text in texts:
            cursor.execute(text)

    seconds = timed(run_all)
    connection.close()
    return seconds / len(texts) * 1000


def fill(endpoint: str) -> None:
    """Write the files that COPY reads."""
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    s3.create_bucket(Bucket="bench")
    for number in range(FILES):
        lines = (json.dumps({**EVENT, "itemInSession": row}) for row in range(ROWS))
        body = gzip.compress("\n".join(lines).encode(), 1)
        s3.put_object(Bucket="bench", Key=f"log/{number}.json.gz", Body=body)


def copy_rate(server: RedshiftServer, kinds: dict[str, str], options: str) -> float:
    """Return rows per second of one COPY."""
    columns = ", ".join(
        f"{name.lower()} {kinds.get(name, 'varchar(1024)')}" for name in EVENT
    )
    connection = psycopg2.connect(server.dsn)
    cursor = connection.cursor()
    cursor.execute(f"create temp table events ({columns})")
    statement = (
        f"copy events from 's3://bench/log/' iam_role '{ROLE}' "
        f"json 'auto ignorecase' gzip {options}"
    )
    seconds = timed(lambda: cursor.execute(statement))
    connection.close()
    return FILES * ROWS / seconds


def main() -> None:
    """Print all figures."""
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    fill(endpoint)
    server: Any = RedshiftServer(s3_endpoint=endpoint, roles={ROLE: None})
    print(f"start            {timed(server.start):8.2f} s")
    with_server = per_statement(server.dsn, [STATEMENT] * 500)
    bare = per_statement(server.backend_dsn(), [STATEMENT] * 500)
    texts = [STATEMENT.replace("3", str(number)) for number in range(4, 204)]
    print(f"known statement  {with_server:8.2f} ms (PostgreSQL alone {bare:.2f} ms)")
    print(f"new statement    {per_statement(server.dsn, texts):8.2f} ms")
    print(f"COPY to VARCHAR  {copy_rate(server, {}, ''):8.0f} rows/s")
    kinds = {
        "itemInSession": "int", "length": "double precision", "registration": "float",
        "sessionId": "bigint", "status": "int", "ts": "timestamp", "userId": "bigint",
    }  # fmt: skip
    rate = copy_rate(server, kinds, "timeformat 'epochmillisecs'")
    print(f"COPY to types    {rate:8.0f} rows/s")
    print(f"stop             {timed(server.stop):8.2f} s")
    s3.stop()


if __name__ == "__main__":
    main()
