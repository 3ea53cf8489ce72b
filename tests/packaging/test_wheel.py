"""A built wheel works on its own, outside the clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from sparkify import __version__

ROOT = Path(__file__).parents[2]
SOURCES = ("sparkify", "pyproject.toml", "README.md", "LICENSE", "docs")
CONFIG = """[WAREHOUSE]
PATH = own.duckdb
[S3]
LOG_DATA = made/log_data
SONG_DATA = made/song_data
"""


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    hidden = ("SPARKIFY_", "PYTHON", "PIP_")
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith(hidden)},
    )


def _pip(*arguments: str, folder: Path) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    ended = _run([sys.executable, "-m", "pip", *arguments, *quiet], folder)
    assert ended.returncode == 0, ended.stderr


@dataclass
class Installed:
    """An environment with the wheel, and a folder of somebody's own."""

    scripts: Path
    folder: Path

    def sparkify(self, *arguments: str) -> str:
        """What the command prints; it has to exit 0 and to say nothing else."""
        ended = _run([str(self.scripts / "sparkify"), *arguments], self.folder)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    def python(self, program: str) -> str:
        """What a program prints that has the wheel at hand."""
        ended = _run([str(self.scripts / "python"), "-c", program], self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment that finds its dependencies where ours are."""
    base = tmp_path_factory.mktemp("wheel")
    source, own = base / "source", base / "own"
    source.mkdir()
    own.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignore)
        else:
            shutil.copy(path, source)
    _pip("wheel", str(source), "--no-build-isolation", "-w", str(base), folder=base)
    [wheel] = base.glob("*.whl")
    environment = base / "environment"
    created = _run([sys.executable, "-m", "venv", "--without-pip", "environment"], base)
    assert created.returncode == 0, created.stderr
    _pip("--python", str(environment), "install", str(wheel), folder=base)
    [packages] = environment.glob("lib/python*/site-packages")
    # Our dependencies, but not the clone: the .pth files of that folder are not read.
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (own / "dwh.cfg").write_text(CONFIG)
    return Installed(environment / "bin", own)


def test_package_is_the_wheels(installed: Installed) -> None:
    """What is tested here is the wheel, not the clone."""
    where = installed.python("import sparkify; print(sparkify.__file__)")
    assert str(installed.scripts.parent) in where
    assert str(ROOT) not in where
    assert installed.sparkify("--version").strip().endswith(__version__)


def test_sql_is_in_the_wheel(installed: Installed) -> None:
    """The wheel has every file of sparkify/sql/."""
    [packages] = installed.scripts.parent.glob("lib/python*/site-packages")
    ours = {p.relative_to(ROOT) for p in ROOT.glob("sparkify/sql/**/*") if p.is_file()}
    assert ours
    assert all((packages / path).is_file() for path in ours)


def test_runbook_comes_with_the_wheel(installed: Installed) -> None:
    """Who has no clone finds there what messages name."""
    runbook = installed.scripts.parent / "share/doc/sparkify-elt/runbook.md"
    assert "### Warehouse busy" in runbook.read_text("utf-8")


def test_commands_work_from_another_folder(installed: Installed) -> None:
    """Simulate, create, run, run again, check: with a configuration of one's own."""
    made = installed.sparkify(
        *("simulate", "--out", "made", "--users", "5", "--days", "3"),
        *("--songs", "20", "--seed", "7"),
    )
    assert made.startswith("made: ")
    assert " 20 songs" in made
    created = installed.sparkify("create-tables")
    assert created.startswith(f"{installed.folder / 'own.duckdb'}: created ")
    first = installed.sparkify("run")
    assert first.startswith("Loaded 23 of 23 files: ")
    assert "analytics.songplays" in first
    assert installed.sparkify("run").startswith("Nothing to do: none of 23 files ")
    checked = installed.sparkify("check", "--format", "json")
    assert '"offenders": 0' in checked
    assert checked.count('"offenders": 0') == checked.count('"check"')
    assert (installed.folder / "own.duckdb").is_file()
