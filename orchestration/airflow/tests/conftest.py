"""An Airflow of its own for these tests, and a warehouse that its DAG loads."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
ROOT = HERE.parents[1]
SPARKIFY = os.environ.get("SPARKIFY_COMMAND", str(ROOT / ".venv" / "bin" / "sparkify"))
START = "    start_date=datetime(2018, 11, 1, tzinfo=UTC),\n"
END = START.replace("start", "end").replace("11, 1", "11, 16")
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
# Before Airflow is imported: it writes into its home.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")


class Warehouse:
    """A DuckDB of a test, and the folders that it is loaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("log_data", "song_data"):
            (folder / name).mkdir(parents=True)
        self.config = folder / "dwh.cfg"
        self.config.write_text("[S3]\nLOG_DATA=log_data\nSONG_DATA=song_data\n")

    def deliver(self, days: range) -> None:
        """Put the sample's logs of these days of November there, and all its songs.

        The songs are of the first of the days.
        """
        for day in days:
            name = f"2018-11-{day:02}-events.json"
            [log] = (ROOT / "sample" / "log_data").rglob(name)
            shutil.copy(log, self.folder / "log_data")
        for song in (ROOT / "sample" / "song_data").rglob("*.json"):
            copy = shutil.copy(song, self.folder / "song_data")
            os.utime(copy, (1541030400, 1541030400))  # 2018-11-01 00:00:00 UTC

    def sparkify(self, *words: str) -> str:
        """What a command prints."""
        return subprocess.run(
            [SPARKIFY, "--config", str(self.config), *words],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def star(self) -> dict[str, Counter[tuple[str, ...]]]:
        """The rows of each table of the star, in no order."""
        out = self.folder / "export"
        self.sparkify("export", "--out", str(out), "--format", "csv")
        tables = {}
        for file in out.rglob("*.csv"):
            with file.open(newline="") as rows:
                tables[file.stem] = Counter(map(tuple, csv.reader(rows)))
        return tables


class Airflow:
    """An Airflow with our DAG, which has an end here: no run of today loads all."""

    def __init__(self, home: Path) -> None:
        self.home = home
        dags = home / "dags"
        dags.mkdir()
        text = (HERE / "dags" / "sparkify.py").read_text()
        assert START in text
        (dags / "sparkify.py").write_text(text.replace(START, START + END))
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        api = f"http://127.0.0.1:{self.port}/execution/"
        self.environment = {
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": api,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "of these tests alone" * 4,
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "SPARKIFY_COMMAND": SPARKIFY,
        }

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A part of Airflow that goes on until it is ended."""
        with (self.home / f"{words[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [AIRFLOW, *words],
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )

    def __call__(self, *words: str) -> str:
        """What a command prints."""
        ended = subprocess.run(
            [AIRFLOW, *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """An Airflow with its database, which knows our DAG."""
    made = Airflow(tmp_path_factory.mktemp("airflow"))
    made("db", "migrate")
    made("dags", "reserialize")
    return made


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse that is not there yet."""
    return Warehouse(tmp_path / "warehouse")


@pytest.fixture
def airflow(installed: Airflow, warehouse: Warehouse) -> Airflow:
    """An Airflow that loads this warehouse."""
    installed.environment["SPARKIFY_CONFIG"] = str(warehouse.config)
    return installed
