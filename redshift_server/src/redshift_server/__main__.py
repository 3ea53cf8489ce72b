"""Command line: start a server, print its DSN, run until interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from redshift_server.errors import ServerStartError
from redshift_server.server import RedshiftServer


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    chosen = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server = RedshiftServer(
            s3_endpoint=chosen.s3_endpoint,
            roles=dict.fromkeys(chosen.role),
            default_role=chosen.role[0] if chosen.role else None,
            database=chosen.database,
            user=chosen.user,
            password=chosen.password,
            port=chosen.port,
            isolation=chosen.isolation,
            shuffle=not chosen.no_shuffle,
            postgres=chosen.postgres,
        )
        with server:
            print(server.dsn, flush=True)
            print(f"CA of the server: {server.ca_file}", file=sys.stderr)
            stopped.wait()
    except ServerStartError as problem:
        print(f"redshift_server: {problem}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m redshift_server",
        description="Start a Redshift test server and print its DSN on stdout.",
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--database", default="dev")
    parser.add_argument("--user", default="awsuser")
    parser.add_argument("--password", help="default: a random one")
    parser.add_argument("--s3-endpoint", help="address of the S3 that COPY reads")
    parser.add_argument(
        "--role", action="append", default=[], help="ARN of an IAM role; repeatable"
    )
    parser.add_argument(
        "--isolation", choices=("snapshot", "serializable"), default="snapshot"
    )
    parser.add_argument(
        "--no-shuffle", action="store_true", help="keep the order of unordered rows"
    )
    parser.add_argument("--postgres", help="folder with PostgreSQL's programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
