"""A PostgreSQL of the tests' own: private, in a temporary folder, gone with them.

Its order of text is that of a language, so that what depends on the order of bytes has
to ask for it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg2

OWNER = "owner"
PASSWORD = "secret"  # noqa: S105  # of a server that lives as long as the tests
START_SECONDS = 30

SETTINGS = """
unix_socket_directories = '{folder}'
listen_addresses = '127.0.0.1'
port = {port}
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 100
shared_buffers = 128MB
max_wal_size = 4GB
autovacuum = off
timezone = 'Asia/Tokyo'
"""
# The shell outlives a killed parent: its end of the pipe then closes, and it takes
# the server and the folder with it.
WATCHER = """
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
server=$!
read -r _
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$2"
"""


def binaries() -> Path:
    """The programs of the newest PostgreSQL of this machine."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        on_path = shutil.which("initdb")
        assert on_path, "install PostgreSQL: these tests need its programs"
        return Path(on_path).parent
    return newest.parent


class Server:
    """A running server. Databases are made from one another."""

    def __init__(self) -> None:
        self._as = _other_user()
        self.folder = Path(tempfile.mkdtemp(prefix="sparkify-postgres-"))
        self.port = _free_port()
        self._made = 0
        if self._as:
            shutil.chown(self.folder, self._as["user"], self._as["group"])
        self.folder.chmod(0o755)
        self._initialise()
        self._process = self._start()

    def stop(self) -> None:
        """Stop at once, and delete everything."""
        self._process.communicate()

    def sql(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements as the owner; the rows of the last."""
        connection = psycopg2.connect(
            host=str(self.folder), port=self.port, user=OWNER, dbname=database
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def database(self, template: str = "template0") -> str:
        """A new database, its name; a copy of `template`."""
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        self.sql(f"create database {name} template {template} strategy file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is in it."""
        self.sql(f"drop database if exists {name} with (force)")

    def _initialise(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        subprocess.run(
            [
                binaries() / "initdb",
                f"--pgdata={self.folder / 'data'}",
                f"--username={OWNER}",
                f"--pwfile={password}",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--locale-provider=icu",
                "--icu-locale=en-US",
                "--no-sync",
                "--no-instructions",
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._as,
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as config:
            config.write(SETTINGS.format(folder=self.folder, port=self.port))

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["/bin/sh", "-c", WATCHER, "postgres", binaries(), self.folder],
            stdin=subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,
            **self._as,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql()
            except psycopg2.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return process


def _other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return {}
    names = ("postgres", "nobody")
    user = next(each for each in pwd.getpwall() if each.pw_name in names)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
