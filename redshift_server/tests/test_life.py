"""Start, stop, versions, the command, the fixture."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from support import live

from redshift_server import RedshiftServer, ServerStartError
from redshift_server.postgres import FOLDER_PREFIX, find_binaries, wheel_binaries

pytestmark = live


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Other servers on this machine must not be seen; PostgreSQL's user must enter."""
    folder = Path(tempfile.mkdtemp(prefix="life-"))
    folder.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"))


def other_binaries() -> list[Path]:
    """Return what is installed besides the version that the whole suite runs on."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    wheel = wheel_binaries()
    chosen = find_binaries().version
    return [
        folder
        for folder in [*found, *([wheel] if wheel else [])]
        if find_binaries(folder).version != chosen
    ]


@pytest.mark.parametrize("folder", other_binaries(), ids=lambda path: path.parent.name)
def test_every_other_postgres(folder: Path) -> None:
    """Redshift's rules on each of them, and nothing left behind."""
    with RedshiftServer(postgres=folder) as server:
        assert server.postgres_version == find_binaries(folder).version
        connection = psycopg2.connect(server.dsn)
        cursor = connection.cursor()
        cursor.execute("create temp table t (a varchar(3), b int) distkey(b)")
        cursor.execute("insert into t values ('a ', 1), ('a', 2)")
        cursor.execute("select a = 'a', avg(b), count(*) from t group by 1")
        assert cursor.fetchall() == [(True, 1, 2)]
        with pytest.raises(psycopg2.errors.StringDataRightTruncation):
            cursor.execute("insert into t values ('éé', 1)")
        connection.close()
        dsn = server.dsn
    assert folders() == []
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(dsn)


def test_no_postgres_says_what_to_do(temporary: Path) -> None:
    with pytest.raises(ServerStartError, match="REDSHIFT_SERVER_POSTGRES"):
        RedshiftServer(postgres=temporary)


def test_a_relative_folder_of_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = find_binaries().folder
    monkeypatch.chdir(folder.parent)
    assert find_binaries(folder.name).folder == folder.resolve()


def test_stop_without_start_deletes_nothing(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary / "precious").touch()
    monkeypatch.chdir(temporary)
    RedshiftServer().stop()
    assert (temporary / "precious").exists()


def run_command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "redshift_server", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_a_dsn_and_stops(number: int) -> None:
    with run_command("--user", "admin", "--password", "Passw0rd1") as process:
        assert process.stdout is not None
        dsn = process.stdout.readline().strip()
        assert "user=admin" in dsn
        psycopg2.connect(dsn).close()
        process.send_signal(number)
        assert process.wait(10) == 0
    assert folders() == []


def test_a_killed_command_leaves_nothing() -> None:
    """Not even SIGKILL of the parent leaves a PostgreSQL or its folder."""
    with run_command() as process:
        assert process.stdout is not None
        psycopg2.connect(process.stdout.readline().strip()).close()
        assert len(folders()) == 1
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while folders() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert folders() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_not_as_root() -> None:
    """The same package, run by a user without rights."""
    script = (
        "import psycopg2\n"
        "from redshift_server import RedshiftServer\n"
        "with RedshiftServer() as server:\n"
        "    connection = psycopg2.connect(server.dsn)\n"
        "    cursor = connection.cursor()\n"
        "    cursor.execute('select 40 + 2')\n"
        "    print(cursor.fetchone()[0])\n"
        "    connection.close()\n"
    )
    # The interpreter of this run may lie where only root can read.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}"):
        try:
            done = subprocess.run(
                [python, "-c", script],
                user="nobody",
                group="nogroup",
                extra_groups=[],
                cwd="/",
                env={"PYTHONPATH": os.pathsep.join(sys.path), "HOME": "/"},
                capture_output=True,
                text=True,
                check=False,
            )
        except (PermissionError, FileNotFoundError):
            continue
        assert done.stdout.strip() == "42", done.stderr
        return
    pytest.skip("no interpreter that another user may run")


def test_the_package_is_its_own() -> None:
    """It imports nothing of the repository around it."""
    sources = list((Path(__file__).parents[1] / "src").rglob("*.py"))
    assert sources
    for path in sources:
        assert "sparkify" not in path.read_text().lower(), path
